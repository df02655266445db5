#include "dns/pair_filter.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* 4 bits in one word for each: with a word for 2, one in some 1 000 others is taken for it;
     * with as many bits set as there may be, one in 100. */
    PAIRS_A_WORD = 2,
    WORDS_MIN = 16,
    WORDS_MAX = 32768, /* 256 KiB */
};

uint32_t pair_filter_key_hash(const struct hash_key *key, struct text label)
{
    return (uint32_t)hash_bytes(key, label.s, label.n);
}

uint32_t pair_filter_hash(const struct hash_key *key, const struct pair *pair)
{
    char both[63 + 1 + 63];
    if (pair->key.n > 63 || pair->value.n > 63)
        return 0;
    memcpy(both, pair->key.s, pair->key.n);
    both[pair->key.n] = '\0';
    memcpy(both + pair->key.n + 1, pair->value.s, pair->value.n);
    return (uint32_t)hash_bytes(key, both, pair->key.n + 1 + pair->value.n);
}

/* The bits of a hash, all in one word: which one is said by its upper half. */
static uint64_t spread(uint32_t hash)
{
    return hash * UINT64_C(0x9E3779B97F4A7C15); /* 2^64 / golden ratio */
}
static uint64_t bits_of(uint64_t x)
{
    return UINT64_C(1) << (x >> 8 & 63) | UINT64_C(1) << (x >> 14 & 63) |
           UINT64_C(1) << (x >> 20 & 63) | UINT64_C(1) << (x >> 26 & 63);
}
static uint32_t word_of(const struct pair_filter *f, uint64_t x)
{
    return (uint32_t)(x >> 40) & f->mask;
}

bool pair_filter_has(const struct pair_filter *f, uint32_t hash)
{
    uint64_t x = spread(hash), bits = bits_of(x);
    return (f->words[word_of(f, x)] & bits) == bits;
}

static void add(struct pair_filter *f, uint32_t hash)
{
    uint64_t x = spread(hash), *word = &f->words[word_of(f, x)], fresh = bits_of(x) & ~*word;
    if (fresh) {
        f->set += (uint32_t)__builtin_popcountll(fresh);
        *word |= fresh;
    }
}

/* Does the selector begin those of its key? */
static bool is_first(const struct slice *s, unsigned n)
{
    return n == 0 || !text_is(slice_selectors(s)[n].key, slice_selectors(s)[n - 1].key);
}

static void add_slice(struct pair_filter *f, const struct hash_key *key, const struct slice *s)
{
    for (unsigned n = 0; n < s->selector_count; n++) {
        add(f, slice_selectors(s)[n].hash);
        if (is_first(s, n))
            add(f, pair_filter_key_hash(key, slice_selectors(s)[n].key));
    }
}

static bool has_slice(const struct pair_filter *f, const struct hash_key *key,
                      const struct slice *s)
{
    for (unsigned n = 0; n < s->selector_count; n++)
        if (!pair_filter_has(f, slice_selectors(s)[n].hash) ||
            (is_first(s, n) &&
             !pair_filter_has(f, pair_filter_key_hash(key, slice_selectors(s)[n].key))))
            return false;
    return true;
}

enum err pair_filter_new(const struct hash_key *key, const struct slice *const *slices,
                         uint32_t count, struct pair_filter **out)
{
    size_t pairs = 0;
    uint32_t words = WORDS_MIN;
    for (uint32_t n = 0; n < count; n++)
        pairs += slices[n]->selector_count;
    while (words < WORDS_MAX && (size_t)words * PAIRS_A_WORD < pairs)
        words *= 2;
    size_t size = words * sizeof(uint64_t);
    struct pair_filter *f = block_new(sizeof(*f) + size);
    if (!f)
        return ERR_MEMORY;
    f->mask = words - 1;
    f->set = 0;
    memset(f->words, 0, size);
    for (uint32_t n = 0; n < count; n++)
        add_slice(f, key, slices[n]);
    /* A quarter of them; of one that cannot be larger a quarter more than there are. */
    f->most = f->set + f->set / 4;
    if (f->most < words * 64 / 4)
        f->most = words * 64 / 4;
    *out = f;
    return ERR_OK;
}

enum err pair_filter_next(const struct hash_key *key, struct pair_filter *old,
                          const struct slice *const *changed, uint32_t count,
                          struct pair_filter **out)
{
    uint32_t same = 0;
    while (same < count && has_slice(old, key, changed[same]))
        same++;
    if (same == count) {
        block_ref(&old->block);
        *out = old;
        return ERR_OK;
    }
    struct pair_filter *f = block_new(old->block.size);
    if (!f)
        return ERR_MEMORY;
    memcpy((char *)f + sizeof(f->block), (char *)old + sizeof(old->block),
           old->block.size - sizeof(old->block));
    for (; same < count; same++)
        add_slice(f, key, changed[same]);
    if (f->set > f->most) {
        block_unref(&f->block);
        return ERR_SPACE;
    }
    *out = f;
    return ERR_OK;
}

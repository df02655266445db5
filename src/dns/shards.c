#include "dns/shards.h"

#include <assert.h>
#include <stdlib.h>

/* What readers do not need of an array stands in front of its entries. */
struct array {
    struct rcu_late late;
    void (*free_node)(void *context, struct node *);
    void *context;
    size_t size;
    _Alignas(SHARD_LOG_MASK + 1) shard_entry entries[];
};

enum { LOG_MIN = 3 };

static uint64_t entry_of(uint64_t tag, const struct node *n)
{
    assert(shard_fits(n));
    return tag << SHARD_TAG_SHIFT | (uint64_t)(uintptr_t)n >> SHARD_UNUSED_BITS;
}

static uint64_t tag_of(uint64_t entry)
{
    return entry >> SHARD_TAG_SHIFT; /* 0 = it is dead, or there is none */
}

static size_t shard_of(uint64_t hash)
{
    return hash >> (64 - SHARD_BITS);
}

static struct array *array_of(const struct shards *s, size_t shard)
{
    uintptr_t word = RCU_READ(s->arrays[shard]) & ~(uintptr_t)SHARD_LOG_MASK;
    return word ? (struct array *)(word - offsetof(struct array, entries)) : NULL;
}

static struct array *array_new(const struct shards *s, unsigned log)
{
    size_t size = (size_t)1 << log;
    if (log > SHARD_TAG_BITS) /* then tags are too short to say where entries belong */
        return NULL;
    struct array *a =
        aligned_alloc(_Alignof(struct array), sizeof(*a) + size * sizeof(*a->entries));
    if (!a)
        return NULL;
    a->free_node = s->free_node;
    a->context = s->context;
    a->size = size;
    for (size_t i = 0; i < size; i++)
        atomic_init(&a->entries[i], 0);
    return a;
}

/* With the dead, or with all. */
static void array_free(struct array *a, bool all)
{
    for (size_t i = 0; i < a->size; i++) {
        uint64_t entry = RCU_READ(a->entries[i]);
        if (entry && (all || !tag_of(entry)))
            a->free_node(a->context, shard_node(entry));
    }
    free(a);
}

static void array_reclaim(struct rcu_late *late)
{
    array_free((struct array *)((char *)late - offsetof(struct array, late)), false);
}

void shards_init(struct shards *s, void (*free_node)(void *context, struct node *), void *context)
{
    *s = (struct shards){.free_node = free_node, .context = context};
}

void shards_free(struct shards *s)
{
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        struct array *a = array_of(s, i);
        if (a)
            array_free(a, true);
    }
}

/* Where the live node stands. */
static shard_entry *place_of(const struct shards *s, uint64_t hash, const struct node *n)
{
    struct array *a = array_of(s, shard_of(hash));
    uint64_t tag = shard_tag(hash), entry = entry_of(tag, n);
    size_t at = tag & (a->size - 1);
    while (RCU_READ(a->entries[at]) != entry)
        at = (at + 1) & (a->size - 1);
    return &a->entries[at];
}

/* At the first free place from there on. */
static void array_add(struct array *a, uint64_t from, uint64_t entry)
{
    size_t at = from & (a->size - 1);
    while (RCU_READ(a->entries[at]))
        at = (at + 1) & (a->size - 1);
    RCU_PUBLISH(a->entries[at], entry);
}

/* The dead are not to outnumber the living by more than a few. */
static bool is_worn(const struct shard *s)
{
    return s->dead > s->live + ((size_t)1 << LOG_MIN);
}

/* The living into a new array, at most half full with `more`; the old one goes with the dead. */
static enum err rebuild(struct shards *s, size_t shard, size_t more)
{
    struct shard *count = &s->shards[shard];
    struct array *old = array_of(s, shard);
    unsigned log = LOG_MIN;
    while ((count->live + more) * 2 > (size_t)1 << log)
        log++;
    struct array *fresh = array_new(s, log);
    if (!fresh)
        return ERR_MEMORY;
    for (size_t i = 0; old && i < old->size; i++) {
        uint64_t entry = RCU_READ(old->entries[i]);
        if (tag_of(entry))
            array_add(fresh, tag_of(entry), entry);
    }
    count->dead = 0;
    RCU_PUBLISH(s->arrays[shard], (uintptr_t)fresh->entries | log);
    if (old)
        rcu_defer(&old->late, array_reclaim);
    return ERR_OK;
}

enum err shards_reserve(struct shards *s, uint64_t hash, size_t more)
{
    size_t shard = shard_of(hash);
    const struct array *a = array_of(s, shard);
    size_t used = s->shards[shard].live + s->shards[shard].dead + more;
    bool has_room = a && used * 3 <= a->size * 2; /* longer chains cost more than memory */
    enum err err = ERR_OK;
    if (!has_room || is_worn(&s->shards[shard]))
        err = rebuild(s, shard, more);
    return has_room ? ERR_OK : err;
}

void shards_add(struct shards *s, uint64_t hash, struct node *n)
{
    array_add(array_of(s, shard_of(hash)), shard_tag(hash), entry_of(shard_tag(hash), n));
    s->shards[shard_of(hash)].live++;
}

void shards_replace(struct shards *s, uint64_t hash, struct node *old, struct node *n)
{
    RCU_PUBLISH(*place_of(s, hash, old), entry_of(shard_tag(hash), n));
    array_add(array_of(s, shard_of(hash)), shard_tag(hash), entry_of(0, old));
    s->shards[shard_of(hash)].dead++;
}

void shards_remove(struct shards *s, uint64_t hash, struct node *n)
{
    struct shard *count = &s->shards[shard_of(hash)];
    atomic_store_explicit(place_of(s, hash, n), entry_of(0, n), memory_order_relaxed);
    count->live--;
    count->dead++;
    if (is_worn(count))
        (void)rebuild(s, shard_of(hash), 0); /* without memory they stay a little longer */
}

struct node *shards_walk(const struct shards *s, uint64_t *cursor)
{
    size_t shard = *cursor >> 32;
    uint32_t at = (uint32_t)*cursor;
    for (; shard < SHARD_COUNT; shard++, at = 0) {
        const struct array *a = array_of(s, shard);
        for (; a && at < a->size; at++) {
            uint64_t entry = RCU_READ(a->entries[at]);
            if (!tag_of(entry))
                continue;
            *cursor = (uint64_t)shard << 32 | (at + 1);
            return shard_node(entry);
        }
    }
    return NULL;
}

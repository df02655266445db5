#include "dns/hash_parts.h"

#include <stdlib.h>

#include "dns/view.h"

static const void *item_at(const struct hash_parts *p, size_t n)
{
    return (const char *)p->items + n * p->size;
}

static uint32_t number_of(const struct hash_parts *p, uint32_t parts, size_t n)
{
    return slice_of_hash(parts, p->hash(item_at(p, n)));
}

/* Items from `at` on that are of the same part. */
static size_t run_length(const struct hash_parts *p, size_t at, uint32_t parts)
{
    uint32_t number = number_of(p, parts, at);
    size_t end = at + 1;
    while (end < p->count && number_of(p, parts, end) == number)
        end++;
    return end - at;
}

static bool all_fit(const struct hash_parts *p, uint32_t parts,
                    bool (*fit)(const void *first, size_t length))
{
    size_t length;
    for (size_t at = 0; at < p->count; at += length) {
        length = run_length(p, at, parts);
        if (!fit(item_at(p, at), length))
            return false;
    }
    return true;
}

uint32_t hash_parts_fitting(const struct hash_parts *p, uint32_t count,
                            bool (*fit)(const void *first, size_t length))
{
    while (!all_fit(p, count, fit))
        count *= 2;
    return count;
}

static enum err make_all(const struct hash_parts *p, uint32_t count, struct block **blocks,
                         uint32_t *made)
{
    size_t at = 0;
    for (*made = 0; *made < count; ++*made) {
        size_t length = 0;
        if (at < p->count && number_of(p, count, at) == *made)
            length = run_length(p, at, count);
        enum err err = p->make(p->context, NULL, at, length, &blocks[*made]);
        if (err)
            return err;
        at += length;
    }
    return ERR_OK;
}

enum err hash_parts_new(const struct hash_parts *p, uint32_t count, struct block_list **out)
{
    struct block **blocks = malloc(count * sizeof(*blocks));
    uint32_t made = 0;
    enum err err = blocks ? make_all(p, count, blocks, &made) : ERR_MEMORY;
    if (!err)
        err = block_list_new(blocks, count, out);
    else
        while (made)
            block_unref(blocks[--made]);
    free(blocks);
    return err;
}

static enum err make_changes(const struct hash_parts *p, const struct block_list *old,
                             struct block_change *changes, uint32_t *count)
{
    size_t length;
    for (size_t at = 0; at < p->count; at += length) {
        struct block_change *change = &changes[*count];
        length = run_length(p, at, old->count);
        change->number = number_of(p, old->count, at);
        enum err err =
            p->make(p->context, block_at(old, change->number), at, length, &change->block);
        if (err)
            return err;
        ++*count;
    }
    return ERR_OK;
}

enum err hash_parts_next(const struct hash_parts *p, const struct block_list *old,
                         struct block_list **out)
{
    struct block_change *changes = malloc((p->count + 1) * sizeof(*changes));
    uint32_t count = 0;
    enum err err = changes ? make_changes(p, old, changes, &count) : ERR_MEMORY;
    if (!err)
        err = block_list_next(old, changes, count, out);
    else
        while (count)
            block_unref(changes[--count].block);
    free(changes);
    return err;
}

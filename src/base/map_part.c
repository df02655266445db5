#include "base/map_part.h"

#include <stdlib.h>

enum { SIZE_LEAST = 8 };

struct map_part *part_new(const struct pool *pool, size_t size, unsigned depth)
{
    size_t width = PART_HASH + (pool ? sizeof(pool_ref) : sizeof(void *));
    struct map_part *p = calloc(1, sizeof(*p) + size * width);
    if (!p)
        return NULL;
    p->pool = pool;
    p->size = (uint32_t)size;
    p->depth = depth;
    return p;
}

uint32_t part_limit(size_t size)
{
    return (uint32_t)(size * 4 / 5);
}

uint32_t part_size_for(size_t count)
{
    size_t size = count + count / 4 + 2;
    return size > SIZE_LEAST ? (uint32_t)size : SIZE_LEAST;
}

/* ---- slots ------------------------------------------------------------------------------ */

static void set(struct map_part *p, uint32_t at, uint32_t hash, void *entry)
{
    unsigned char *slot = p->slots + (part_slot(p, at) - p->slots);
    memcpy(slot, &hash, sizeof(hash));
    if (!p->pool) {
        memcpy(slot + PART_HASH, &entry, sizeof(entry));
        return;
    }
    pool_ref ref = pool_ref_of(p->pool, entry);
    memcpy(slot + PART_HASH, &ref, sizeof(ref));
}

static uint32_t distance(const struct map_part *p, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + p->size - from;
}

/* ---- changing ------------------------------------------------------------------------------ */

void part_put(struct map_part *p, uint32_t hash, void *entry)
{
    uint32_t at = part_home(p, hash);
    while (part_entry(p, at))
        at = part_after(p, at);
    set(p, at, hash, entry);
    p->count++;
}

void part_copy(const struct map_part *from, struct map_part *to)
{
    for (uint32_t at = 0; at < from->size; at++)
        if (part_entry(from, at))
            part_put(to, part_hash(from, at), part_entry(from, at));
}

void part_replace(struct map_part *p, uint32_t at, void *entry)
{
    set(p, at, part_hash(p, at), entry);
}

void part_take_out(struct map_part *p, uint32_t hole)
{
    for (uint32_t at = part_after(p, hole); part_entry(p, at); at = part_after(p, at)) {
        uint32_t from_home = distance(p, part_home(p, part_hash(p, at)), at);
        if (from_home < distance(p, hole, at))
            continue; /* its home lies behind the hole: there it could not be found */
        set(p, hole, part_hash(p, at), part_entry(p, at));
        hole = at;
    }
    set(p, hole, 0, NULL);
    p->count--;
}

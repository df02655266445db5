#include "base/map_part.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE_LEAST = 8, HASH = sizeof(uint32_t) /* bytes of a slot, in front of the entry */ };

struct map_part *part_new(const struct pool *pool, size_t size, unsigned depth)
{
    size_t width = HASH + (pool ? sizeof(pool_ref) : sizeof(void *));
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

static const unsigned char *slot_at(const struct map_part *p, uint32_t at)
{
    return p->slots + (size_t)at * (HASH + (p->pool ? sizeof(pool_ref) : sizeof(void *)));
}

uint32_t part_hash(const struct map_part *p, uint32_t at)
{
    uint32_t hash;
    memcpy(&hash, slot_at(p, at), sizeof(hash));
    return hash;
}

void *part_entry(const struct map_part *p, uint32_t at)
{
    const unsigned char *bytes = slot_at(p, at) + HASH;
    pool_ref ref;
    void *entry;
    if (!p->pool) {
        memcpy(&entry, bytes, sizeof(entry));
        return entry;
    }
    memcpy(&ref, bytes, sizeof(ref));
    return pool_at(p->pool, ref);
}

static void set(struct map_part *p, uint32_t at, uint32_t hash, void *entry)
{
    unsigned char *slot = p->slots + (slot_at(p, at) - p->slots);
    memcpy(slot, &hash, sizeof(hash));
    if (!p->pool) {
        memcpy(slot + HASH, &entry, sizeof(entry));
        return;
    }
    pool_ref ref = pool_ref_of(p->pool, entry);
    memcpy(slot + HASH, &ref, sizeof(ref));
}

static uint32_t home_of(const struct map_part *p, uint32_t hash)
{
    return (uint32_t)((uint64_t)(uint32_t)(hash << p->depth) * p->size >> 32);
}

static uint32_t after(const struct map_part *p, uint32_t at)
{
    return at + 1 < p->size ? at + 1 : 0;
}

static uint32_t distance(const struct map_part *p, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + p->size - from;
}

/* ---- looking ------------------------------------------------------------------------------ */

void part_prefetch(const struct map_part *p, uint32_t hash)
{
    __builtin_prefetch(slot_at(p, home_of(p, hash)));
}

void *part_find(const struct map_part *p, uint32_t hash, map_equal *equal, const void *key)
{
    uint32_t at = home_of(p, hash);
    for (void *e; (e = part_entry(p, at)); at = after(p, at))
        if (part_hash(p, at) == hash && (!equal || equal(e, key)))
            return e;
    return NULL;
}

uint32_t part_slot_of(const struct map_part *p, uint32_t hash, const void *entry)
{
    if (!p)
        return PART_NONE;
    uint32_t at = home_of(p, hash);
    for (const void *e; (e = part_entry(p, at)); at = after(p, at))
        if (e == entry)
            return at;
    return PART_NONE;
}

/* ---- changing ------------------------------------------------------------------------------ */

void part_put(struct map_part *p, uint32_t hash, void *entry)
{
    uint32_t at = home_of(p, hash);
    while (part_entry(p, at))
        at = after(p, at);
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
    for (uint32_t at = after(p, hole); part_entry(p, at); at = after(p, at)) {
        uint32_t from_home = distance(p, home_of(p, part_hash(p, at)), at);
        if (from_home < distance(p, hole, at))
            continue; /* its home lies behind the hole: there it could not be found */
        set(p, hole, part_hash(p, at), part_entry(p, at));
        hole = at;
    }
    set(p, hole, 0, NULL);
    p->count--;
}

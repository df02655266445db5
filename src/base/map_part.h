/* One part of a map: a table by itself, at most 4/5 full, linear probing, removal by backward
 * shift (no tombstones). Hash and entry lie together, so that looking is one access to memory:
 * 12 bytes, or 8 where the entries lie in a pool.
 *
 * Used by map.c only. `hash` is what map.c made of the caller's. */
#ifndef DISC_BASE_MAP_PART_H
#define DISC_BASE_MAP_PART_H

#include <string.h>

#include "base/map.h"

struct map_part {
    const struct pool *pool; /* where the entries lie; NULL = anywhere */
    uint32_t size, count;
    unsigned depth; /* first bits that the hashes in it have in common */
    unsigned char slots[];
};

#define PART_NONE UINT32_MAX /* no slot */

enum { PART_HASH = sizeof(uint32_t) }; /* bytes of a slot, in front of the entry */

/* NULL when memory lacks. */
struct map_part *part_new(const struct pool *pool, size_t size, unsigned depth);

/* So many entries it takes, of so many slots; and how many slots for so many. */
uint32_t part_limit(size_t size);
uint32_t part_size_for(size_t count);

/* ---- slots ------------------------------------------------------------------------------- */

static inline const unsigned char *part_slot(const struct map_part *p, uint32_t at)
{
    return p->slots + (size_t)at * (PART_HASH + (p->pool ? sizeof(pool_ref) : sizeof(void *)));
}

static inline uint32_t part_hash(const struct map_part *p, uint32_t at)
{
    uint32_t hash;
    memcpy(&hash, part_slot(p, at), sizeof(hash));
    return hash;
}

/* NULL where nothing is. */
static inline void *part_entry(const struct map_part *p, uint32_t at)
{
    const unsigned char *bytes = part_slot(p, at) + PART_HASH;
    pool_ref ref;
    void *entry;
    if (!p->pool) {
        memcpy(&entry, bytes, sizeof(entry));
        return entry;
    }
    memcpy(&ref, bytes, sizeof(ref));
    return pool_at(p->pool, ref);
}

static inline uint32_t part_home(const struct map_part *p, uint32_t hash)
{
    return (uint32_t)((uint64_t)(uint32_t)(hash << p->depth) * p->size >> 32);
}

static inline uint32_t part_after(const struct map_part *p, uint32_t at)
{
    return at + 1 < p->size ? at + 1 : 0;
}

static inline void part_prefetch(const struct map_part *p, uint32_t hash)
{
    __builtin_prefetch(part_slot(p, part_home(p, hash)));
}

static inline void *part_find(const struct map_part *p, uint32_t hash, map_equal *equal,
                              const void *key)
{
    uint32_t at = part_home(p, hash);
    for (void *e; (e = part_entry(p, at)); at = part_after(p, at))
        if (part_hash(p, at) == hash && (!equal || equal(e, key)))
            return e;
    return NULL;
}

/* The slot of this very entry, or PART_NONE; also where `p` is NULL. */
static inline uint32_t part_slot_of(const struct map_part *p, uint32_t hash, const void *entry)
{
    if (!p)
        return PART_NONE;
    uint32_t at = part_home(p, hash);
    for (const void *e; (e = part_entry(p, at)); at = part_after(p, at))
        if (e == entry)
            return at;
    return PART_NONE;
}

/* ---- changing ---------------------------------------------------------------------------- */

/* There is room. */
void part_put(struct map_part *p, uint32_t hash, void *entry);
void part_copy(const struct map_part *from, struct map_part *to);
void part_replace(struct map_part *p, uint32_t at, void *entry);
/* Another may come to that slot. */
void part_take_out(struct map_part *p, uint32_t at);

#endif

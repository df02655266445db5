/* One part of a map: a table by itself, at most 4/5 full, linear probing, removal by backward
 * shift (no tombstones). Hash and entry lie together, so that looking is one access to memory:
 * 12 bytes, or 8 where the entries lie in a pool.
 *
 * Used by map.c only. `hash` is what map.c made of the caller's. */
#ifndef DISC_BASE_MAP_PART_H
#define DISC_BASE_MAP_PART_H

#include "base/map.h"

struct map_part {
    const struct pool *pool; /* where the entries lie; NULL = anywhere */
    uint32_t size, count;
    unsigned depth; /* first bits that the hashes in it have in common */
    unsigned char slots[];
};

enum { PART_NONE = UINT32_MAX }; /* no slot */

/* NULL when memory lacks. */
struct map_part *part_new(const struct pool *pool, size_t size, unsigned depth);

/* So many entries it takes, of so many slots; and how many slots for so many. */
uint32_t part_limit(size_t size);
uint32_t part_size_for(size_t count);

/* NULL where nothing is. */
void *part_entry(const struct map_part *p, uint32_t at);
uint32_t part_hash(const struct map_part *p, uint32_t at);

void part_prefetch(const struct map_part *p, uint32_t hash);
void *part_find(const struct map_part *p, uint32_t hash, map_equal *equal, const void *key);
/* The slot of this very entry, or PART_NONE; also where `p` is NULL. */
uint32_t part_slot_of(const struct map_part *p, uint32_t hash, const void *entry);

/* There is room. */
void part_put(struct map_part *p, uint32_t hash, void *entry);
void part_copy(const struct map_part *from, struct map_part *to);
void part_replace(struct map_part *p, uint32_t at, void *entry);
/* Another may come to that slot. */
void part_take_out(struct map_part *p, uint32_t at);

#endif

/* Open-addressing hash table of pointers; the key is inside the entry. The table
 * owns only its slots. Not for entries that other threads read.
 * Load <= 3/4, linear probing, removal by backward shift (no tombstones). */
#ifndef DISC_BASE_MAP_H
#define DISC_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct map {
    void **entries;   /* NULL = empty slot */
    uint32_t *hashes; /* low half of each entry's hash */
    size_t mask;      /* slots - 1; 0 before the first insertion */
    size_t count;
};

/* Does this entry have this key? Asked only when the hashes are equal. */
typedef bool map_equal(const void *entry, const void *key);

void map_deinit(struct map *m); /* a zeroed struct map is an empty map */

/* NULL when there is none. */
void *map_find(const struct map *m, uint64_t hash, map_equal *equal, const void *key);

/* For lookups that are known of beforehand: asks for the memory that map_find() will read ... */
void map_prefetch(const struct map *m, uint64_t hash);
/* ... and then says which entry it will ask `equal` about first; NULL = none. */
const void *map_guess(const struct map *m, uint64_t hash);

/* The caller knows that the key is absent. ERR_MEMORY leaves the map as it was. */
MUST_CHECK enum err map_insert(struct map *m, uint64_t hash, void *entry);

/* Makes room for `count` more entries, so that as many insertions cannot fail. */
MUST_CHECK enum err map_reserve(struct map *m, size_t count);

/* Takes out this very pointer (which must be in the map under this hash). */
void map_remove(struct map *m, uint64_t hash, const void *entry);

/* Puts `entry` where `old` is: same key, same hash. */
void map_replace(struct map *m, uint64_t hash, const void *old, void *entry);

/* Walks all entries in no order; start with *cursor = 0; NULL at the end. The
 * map must not change on the way. */
void *map_next(const struct map *m, size_t *cursor);

#endif

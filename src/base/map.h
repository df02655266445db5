/* Open-addressing hash table of pointers; the key is inside the entry. The table
 * owns only its slots. Not for entries that other threads read.
 *
 *     parts, by the first bits of the hash:   00.  00.  010  011  1..  1..  1..  1..
 *                                              └─┬──┘    │    │   └───┬──────────┘
 *                                               part   part part     part
 *
 * A part is a table by itself, at most 4/5 full. It grows by a quarter; one that is large is
 * split in two, so that no call moves more than a part, and a table of millions grows without
 * a stall. Where few entries are left parts shrink, and become one again. */
#ifndef DISC_BASE_MAP_H
#define DISC_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"

struct map {
    /* All entries lie in it, which makes the table smaller by a third; NULL = anywhere. To be
     * set before the first entry. */
    const struct pool *pool;
    struct map_part **parts; /* 2^depth, neighbours may be the same one; NULL = no entry yet */
    struct map_part *spare;  /* for what was promised when a part cannot grow; or NULL */
    unsigned depth;
    size_t reserved; /* insertions that cannot fail */
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
/* None of them comes any more: until then, no room is given back. */
void map_release(struct map *m);

/* Takes out this very pointer (which must be in the map under this hash). */
void map_remove(struct map *m, uint64_t hash, const void *entry);

/* Puts `entry` where `old` is: same key, same hash. */
void map_replace(struct map *m, uint64_t hash, const void *old, void *entry);

/* Walks all entries in no order; start with *cursor = 0; NULL at the end. The
 * map must not change on the way. */
void *map_next(const struct map *m, size_t *cursor);

#endif

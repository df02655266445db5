/* Things in parts by their keyed hash, each part a block: what one of them changes makes one part
 * anew, and the next list shares all others (bundle.h). Which part a hash belongs to says
 * slice_of_hash.
 *
 * Made by compile_bag.c and compile_ports.c. Knows nothing of what is in a part. */
#ifndef DISC_DNS_HASH_PARTS_H
#define DISC_DNS_HASH_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "dns/bundle.h"

struct hash_parts {
    const void *items; /* by hash, ascending: things, or changes to them */
    size_t count, size;
    uint32_t (*hash)(const void *item);
    /* The part of items [at, at + length), which may be none, that follows `old` (NULL: there was
     * none); with one reference. Any error ends the making. */
    enum err (*make)(void *context, const struct block *old, size_t at, size_t length,
                     struct block **out);
    void *context;
};

/* `count`, or the least of its doubles where each part's items fit. */
uint32_t hash_parts_fitting(const struct hash_parts *p, uint32_t count,
                            bool (*fit)(const void *first, size_t length));

/* A list of `count` parts, all made anew. ERR_MEMORY or what `make` says. */
MUST_CHECK enum err hash_parts_new(const struct hash_parts *p, uint32_t count,
                                   struct block_list **out);

/* The list that follows `old`: made anew are the parts that items belong to. As above. */
MUST_CHECK enum err hash_parts_next(const struct hash_parts *p, const struct block_list *old,
                                    struct block_list **out);

#endif

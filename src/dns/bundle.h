/* Immutable blocks that successive views of a service share: slices, parts of distinct addresses
 * and TXT data. Each counts who holds it. Lest a view of many blocks counts each of them, they
 * are held in bundles, which are such blocks themselves: what one change makes anew is a block
 * and its bundle.
 *
 *   view ──> block_list ──> bundles of BUNDLE_MAX ──> blocks
 *
 * Made by compile*.c on the control thread; any thread may let go of the last reference.
 */
#ifndef DISC_DNS_BUNDLE_H
#define DISC_DNS_BUNDLE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { BUNDLE_MAX = 32 };

/* What a block begins with; it comes from malloc. */
struct block {
    _Atomic uint32_t refs;
    uint32_t size; /* bytes of it all */
};

struct bundle {
    struct block block;
    size_t bytes; /* of the blocks and of itself */
    uint32_t count;
    struct block *blocks[];
};

/* A list of blocks by number, a view's own; all bundles but the last are full. */
struct block_list {
    uint32_t count, bundle_count;
    struct bundle *bundles[];
};

static inline uint32_t bundle_count_of(uint32_t blocks)
{
    return (blocks + BUNDLE_MAX - 1) / BUNDLE_MAX;
}

static inline struct block *block_at(const struct block_list *l, uint32_t n)
{
    return l->bundles[n / BUNDLE_MAX]->blocks[n % BUNDLE_MAX];
}

/* A block with one reference, less its contents; NULL when memory lacks. */
void *block_new(size_t size);
void block_ref(struct block *b);
void block_unref(struct block *b); /* accepts NULL */

/* A list of `count` blocks, with one reference; the blocks' references are given to it, also
 * where it fails: then they are gone. ERR_MEMORY. */
MUST_CHECK enum err block_list_new(struct block *const *blocks, uint32_t count,
                                   struct block_list **out);

struct block_change {
    uint32_t number;
    struct block *block; /* takes the place of that of this number */
};
/* The list that follows `old`: `changes` in ascending order; otherwise as above. */
MUST_CHECK enum err block_list_next(const struct block_list *old,
                                    const struct block_change *changes, uint32_t count,
                                    struct block_list **out);

void block_list_free(struct block_list *l); /* the bundles' references, too; accepts NULL */
/* Of list, bundles and blocks; accepts NULL. */
size_t block_list_bytes(const struct block_list *l);

#endif

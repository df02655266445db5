/* Binary min-heap of nodes embedded in the caller's structs, ordered by (key,
 * order): equal keys leave in the order in which they were added, when no more than 2^31
 * were added meanwhile. */
#ifndef DISC_BASE_HEAP_H
#define DISC_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HEAP_ABSENT UINT32_MAX

struct heap_node {
    uint64_t key;   /* read it freely; change it only by heap_move */
    uint32_t order; /* tie breaker, set by heap_add */
    uint32_t at;    /* place in the array; HEAP_ABSENT when not in a heap */
};

struct heap {
    struct heap_node **nodes;
    uint32_t count, capacity;
    uint32_t next_order; /* begins again at 0 */
};

void heap_deinit(struct heap *h); /* a zeroed struct heap is an empty heap */

/* `node->at` must be HEAP_ABSENT (heap_node_init). */
MUST_CHECK enum err heap_add(struct heap *h, struct heap_node *node, uint64_t key);
void heap_move(struct heap *h, struct heap_node *node, uint64_t key); /* O(log n) */
void heap_remove(struct heap *h, struct heap_node *node);

static inline void heap_node_init(struct heap_node *node)
{
    node->at = HEAP_ABSENT;
}

/* The node with the smallest key; NULL when empty. */
static inline struct heap_node *heap_first(const struct heap *h)
{
    return h->count ? h->nodes[0] : NULL;
}

#endif

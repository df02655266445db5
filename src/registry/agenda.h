/* When to look at which lease: a ring of slots for what is far, a heap for what is near.
 *
 *     near (heap) | slot | slot | slot | ...      128 ms each, 4096 of them
 *          until ─┘
 *
 * Millions are moved ahead each few seconds, before their time has come, and that must
 * cost no sorting: a slot is a list. When its time comes, what is in it is pulled out one
 * by one; most of it is put back far ahead, and only the rest gets into the heap. What
 * lies beyond the last slot waits there and is put on again.
 *
 * Nothing here can fail: where the heap cannot grow, a node comes a slot too late.
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_AGENDA_H
#define DISC_REGISTRY_AGENDA_H

#include <stdbool.h>

#include "base/heap.h"
#include "base/pool.h"

#define AGENDA_NEVER UINT64_MAX

enum { AGENDA_SLOTS = 4096, AGENDA_SLOT_MS = 128 };

struct agenda_node {
    union {
        uint64_t key; /* when; AGENDA_NEVER = in no list. Read it freely */
        struct heap_node near;
        struct {
            uint64_t key;
            pool_ref next, previous; /* the latter, with the bit above set: the slot's number */
        } far;
    };
};

/* The nodes lie in a pool. */
struct agenda {
    const struct pool *pool;
    struct heap near;
    uint64_t until_ms; /* where the slots begin */
    bool opening;      /* the first slot is being emptied: its time is near */
    uint32_t far;      /* nodes in slots */
    pool_ref slots[AGENDA_SLOTS];
    uint64_t filled[AGENDA_SLOTS / 64]; /* a bit for each slot in which something is */
};                                      /* zeroed but for the pool = empty */

void agenda_deinit(struct agenda *a);
/* A node that is in no agenda. */
void agenda_add(struct agenda *a, struct agenda_node *node, uint64_t key);
void agenda_move(struct agenda *a, struct agenda_node *node, uint64_t key);
void agenda_remove(struct agenda *a, struct agenda_node *node);

/* Takes out one of a slot whose time has come, in no order; to be added again for when it
 * is really due (`*key` has been its time). NULL when there is none (any more). */
struct agenda_node *agenda_pull(struct agenda *a, uint64_t now_ms, uint64_t *key);
/* Once nothing is left to pull: the first one due by now, else NULL. It stays. */
struct agenda_node *agenda_first(const struct agenda *a, uint64_t now_ms);
/* When there is something to pull or due, or before; AGENDA_NEVER when there is nothing. */
uint64_t agenda_next(const struct agenda *a);

#endif

/* The array under the table of names: hash -> node, open addressing, cut into shards by the
 * upper bits of the hash, so that no growth moves more than a shard. One writer (control),
 * any number of readers without locks (RCU). It knows nodes by their hash and name only;
 * what they mean is table.c's.
 *
 * An entry is one word, a pointer and in the bits that it does not need a tag, the lower bits
 * of the hash: they say where in the array it belongs, and by the rest of them a reader passes
 * over all but some of the other nodes. An array is rebuilt without looking into any.
 *
 *    63      45 44                                 0
 *   [   tag    |   address of the node / 8         ]
 */
#ifndef DISC_DNS_SHARDS_H
#define DISC_DNS_SHARDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rcu.h"

struct node;

enum {
    SHARD_BITS = 8,
    SHARD_COUNT = 1 << SHARD_BITS,
    SHARD_TAG_BITS = 19,
    SHARD_TAG_SHIFT = 64 - SHARD_TAG_BITS,
    SHARD_UNUSED_BITS = 3, /* at the end of a node's address, which has 48 in all */
};

_Static_assert(sizeof(void *) == 8, "addresses of 64 bits");

/* 0 = free. A node that left stays where it is, with tag 0, until its array goes: that is its
 * grace period, and nodes need no room for one of their own. What else a dead node holds is not to
 * wait for that. */
typedef _Atomic uint64_t shard_entry;

struct shard {
    size_t live, dead; /* writer only; dead <= live + 9, unless memory lacks */
};

struct shards {
    /* Of entries, aligned to 64 bytes; the low bits hold the binary logarithm of how many. */
    _Atomic(uintptr_t) arrays[SHARD_COUNT];
    struct shard shards[SHARD_COUNT];
    void (*free_node)(void *context, struct node *); /* any thread */
    void *context;
};

void shards_init(struct shards *s, void (*free_node)(void *context, struct node *), void *context);
void shards_free(struct shards *s); /* nodes too; no reader may be left */

static inline uint64_t shard_tag(uint64_t hash)
{
    uint64_t tag = hash & ((1 << SHARD_TAG_BITS) - 1);
    return tag ? tag : 1;
}

static inline struct node *shard_node(uint64_t entry)
{
    return (struct node *)(uintptr_t)(entry << SHARD_TAG_BITS >>
                                      (SHARD_TAG_BITS - SHARD_UNUSED_BITS));
}

/* ---- reading: any thread ----------------------------------------------------------------- */

enum { SHARD_LOG_MASK = 63 };

struct shard_view {
    const shard_entry *at;
    size_t mask;
};

static inline struct shard_view shards_view(const struct shards *s, uint64_t hash)
{
    uintptr_t word = RCU_READ(s->arrays[hash >> (64 - SHARD_BITS)]);
    return (struct shard_view){
        (const shard_entry *)(word & ~(uintptr_t)SHARD_LOG_MASK),
        ((size_t)1 << (word & SHARD_LOG_MASK)) - 1,
    };
}

/* Fetches ahead what shards_view will look at. */
static inline void shards_prefetch_view(const struct shards *s, uint64_t hash)
{
    __builtin_prefetch(&s->arrays[hash >> (64 - SHARD_BITS)]);
}

/* And then what shard_next will look at first. */
static inline void shards_prefetch(const struct shards *s, uint64_t hash)
{
    struct shard_view v = shards_view(s, hash);
    if (v.at)
        __builtin_prefetch(&v.at[shard_tag(hash) & v.mask]);
}

/* The next live node that may have this hash, NULL = there is none. `*place`: 0 at first. */
static inline struct node *shard_next(const struct shard_view *v, uint64_t hash, size_t *place)
{
    uint64_t tag = shard_tag(hash);
    while (v->at) {
        uint64_t entry = RCU_READ(v->at[(tag + *place) & v->mask]);
        if (!entry)
            return NULL;
        ++*place;
        if (entry >> SHARD_TAG_SHIFT == tag)
            return shard_node(entry);
    }
    return NULL;
}

/* ---- writing: control only ------------------------------------------------------------- */

/* Has an entry room for its address? Else it must not be added. */
static inline bool shard_fits(const struct node *n)
{
    uint64_t address = (uintptr_t)n;
    return address % (1 << SHARD_UNUSED_BITS) == 0 &&
           address >> (SHARD_TAG_SHIFT + SHARD_UNUSED_BITS) == 0;
}

/* Makes room for `more` entries in the shard of `hash`. ERR_MEMORY: nothing changed. */
MUST_CHECK enum err shards_reserve(struct shards *s, uint64_t hash, size_t more);
/* These take one entry that was reserved; the node is not there yet. */
void shards_add(struct shards *s, uint64_t hash, struct node *n);
/* `n` in place of `old`, which dies. */
void shards_replace(struct shards *s, uint64_t hash, struct node *old, struct node *n);
/* Takes no entry. */
void shards_remove(struct shards *s, uint64_t hash, struct node *n);

/* All live nodes, in no order; nothing may change in between. Start with *cursor = 0; NULL at
 * the end. */
struct node *shards_walk(const struct shards *s, uint64_t *cursor);

#endif

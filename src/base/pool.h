/* Memory for millions of small records that live long: without a head before each, given
 * back when many of them have gone, and with a name of 32 bits for each address in it.
 *
 *     one stretch of addresses:   │ ─ │ 24 24 24 .. │ 120 120 .. │ (empty) │ 24 24 .. │ not yet
 *                                     └── chunk ────┘
 *
 * A chunk holds records of one size, in steps of 8 bytes; its free ones are a list inside it.
 * A chunk without records goes back to the system and serves any size later. A `pool_ref` is
 * how far from the start something lies, so that records can point to each other, and to what
 * is inside of others, with half of the bytes: 16 GiB in all, of which only what is in use
 * takes memory.
 *
 * Called by registry. One thread only. Nothing here moves. */
#ifndef DISC_BASE_POOL_H
#define DISC_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t pool_ref; /* 0 = nothing */

enum {
    POOL_STEP = 8,          /* all records begin at, and take, a multiple of it */
    POOL_RECORD_MAX = 1024, /* bytes */
    POOL_REF_BITS = 31,     /* the bit above is the user's */
    POOL_CHUNK = 64 * 1024, /* bytes */
    POOL_SIZES = POOL_RECORD_MAX / POOL_STEP,
};

struct pool {
    char *base; /* NULL = no record yet */
    struct pool_chunk *chunks;
    uint32_t begun, room;               /* chunks that were ever used; that `chunks` has room for */
    uint32_t empty;                     /* the first of those without records; 0 = none */
    uint32_t with_room[POOL_SIZES + 1]; /* the first of each size; 0 = none */
    size_t records;
}; /* zeroed = empty */

/* All at once; no record may be left. */
void pool_deinit(struct pool *p);

/* A zeroed record of so many bytes (1 to POOL_RECORD_MAX); NULL when memory lacks. */
void *pool_new(struct pool *p, size_t size);
void pool_free(struct pool *p, void *record); /* NULL: does nothing */

/* What a record of that size takes. */
static inline size_t pool_taken(size_t size)
{
    return (size + POOL_STEP - 1) / POOL_STEP * POOL_STEP;
}

/* The name of an address inside a record, which must be a multiple of POOL_STEP from its start;
 * NULL = 0. */
static inline pool_ref pool_ref_of(const struct pool *p, const void *at)
{
    return at ? (pool_ref)((size_t)((const char *)at - p->base) / POOL_STEP) : 0;
}

static inline void *pool_at(const struct pool *p, pool_ref ref)
{
    return ref ? p->base + (size_t)ref * POOL_STEP : NULL;
}

#endif

/* Memory for millions of small records that live long: without a head before each, given
 * back when many of them have gone, and with a name of 32 bits for each address in it.
 *
 *     one stretch of addresses:   │ ─ │ 24 24 24 .. │ 120 120 .. │ (empty) │ 24 24 .. │ not yet
 *                                     └── chunk ────┘
 *
 * A chunk is a page of the system. It holds records of one size; its free ones are a list inside
 * it. A chunk without records goes back to the system and serves any size later. So the memory
 * of a pool is never more than a page for each record in it, nor more than what the records of
 * each size took together when they were most; and of the sizes there are few, the larger ones
 * further apart.
 *
 * A `pool_ref` is how far from the start something lies, so that records can point to each other,
 * and to what is inside of others, with half of the bytes: 16 GiB in all, of which only what is
 * in use takes memory. Where the addresses of a process are limited it is less, and a line in the
 * log says so. No address is beyond POOL_ADDRESS_BITS bits, so that users may keep something
 * else in the upper ones: systems give no higher ones to who does not ask for them, and where one
 * does there is a line in the log and no pool.
 *
 * Called by registry. One thread only. Nothing here moves. */
#ifndef DISC_BASE_POOL_H
#define DISC_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

typedef uint32_t pool_ref; /* 0 = nothing */

enum {
    POOL_STEP = 8,          /* all records begin at, and take, a multiple of it */
    POOL_RECORD_MAX = 512,  /* bytes */
    POOL_REF_BITS = 31,     /* the bit above is the user's */
    POOL_ADDRESS_BITS = 48, /* with processors of 64 bits */
    POOL_PAGE_LEAST = 4096, /* bytes of a chunk: the system's page, which may be larger */
    POOL_SIZES = POOL_RECORD_MAX / POOL_STEP,
    POOL_WARM_MAX = 32, /* chunks without records that keep their memory */
};

_Static_assert(sizeof(void *) == 8, "addresses of 64 bits");

#define POOL_RESERVED ((size_t)POOL_STEP << POOL_REF_BITS) /* bytes of addresses */

/* Are that many addresses from here on such as records may have? */
static inline bool pool_may_begin(uintptr_t base)
{
    return base <= ((uintptr_t)1 << POOL_ADDRESS_BITS) - POOL_RESERVED;
}

struct pool {
    char *base;      /* NULL = nothing reserved yet */
    size_t reserved; /* bytes of addresses */
    struct pool_chunk *chunks;
    unsigned chunk_bits;  /* a chunk has 2^chunk_bits bytes */
    uint32_t begun, room; /* chunks that may be used, or are; that `chunks` has room for */
    uint32_t empty;       /* the first of those without records and memory; 0 = none */
    uint32_t warm;        /* the first of those without records that have memory; 0 = none */
    uint32_t warm_count;
    uint32_t with_room[POOL_SIZES + 1]; /* the first of each size; 0 = none */
    size_t records;
}; /* zeroed = empty */

/* All at once; no record may be left. */
void pool_deinit(struct pool *p);

/* Reserves the addresses, as the first pool_new does otherwise, and writes to the log where they
 * are fewer than POOL_RESERVED, or none: then false. `what` the pool is for, in the plural. */
MUST_CHECK bool pool_reserve(struct pool *p, const char *what);

/* A zeroed record of so many bytes (1 to POOL_RECORD_MAX); NULL when memory lacks. */
void *pool_new(struct pool *p, size_t size);
void pool_free(struct pool *p, void *record); /* NULL: does nothing */

/* What a record of that size takes: as much as it can with no fewer of them in a page. */
static inline size_t pool_taken(size_t size)
{
    uint32_t least = ((uint32_t)size + POOL_STEP - 1) / POOL_STEP * POOL_STEP;
    return POOL_PAGE_LEAST / (POOL_PAGE_LEAST / least) / POOL_STEP * POOL_STEP;
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

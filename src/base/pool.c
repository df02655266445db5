#include "base/pool.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define RESERVED ((size_t)POOL_STEP << POOL_REF_BITS) /* bytes of addresses */

enum { CHUNKS_LEAST = 64, CHUNKS_MAX = RESERVED / POOL_CHUNK, NO_RECORD = UINT16_MAX };

_Static_assert(POOL_CHUNK / POOL_STEP < NO_RECORD, "a record's number in its chunk has 16 bits");

struct pool_chunk {
    uint32_t next, previous; /* of its size with room, or of the empty ones; 0 = none */
    uint16_t steps;          /* size of a record */
    uint16_t used;           /* records in use */
    uint16_t fresh;          /* from here on none has ever been used */
    uint16_t free;           /* the first of those free again; NO_RECORD = none */
};

static char *chunk_at(const struct pool *p, uint32_t number)
{
    return p->base + (size_t)number * POOL_CHUNK;
}

static char *record_at(const struct pool *p, uint32_t number, uint32_t record)
{
    return chunk_at(p, number) + (size_t)record * p->chunks[number].steps * POOL_STEP;
}

static uint16_t capacity_of(const struct pool_chunk *c)
{
    return (uint16_t)(POOL_CHUNK / POOL_STEP / c->steps);
}

/* ---- lists of chunks ------------------------------------------------------------------ */

static void list(struct pool *p, uint32_t *first, uint32_t number)
{
    struct pool_chunk *c = &p->chunks[number];
    c->previous = 0;
    c->next = *first;
    if (c->next)
        p->chunks[c->next].previous = number;
    *first = number;
}

static void unlist(struct pool *p, uint32_t *first, uint32_t number)
{
    struct pool_chunk *c = &p->chunks[number];
    if (c->previous)
        p->chunks[c->previous].next = c->next;
    else
        *first = c->next;
    if (c->next)
        p->chunks[c->next].previous = c->previous;
}

/* ---- chunks -------------------------------------------------------------------------------- */

/* Addresses only: no memory is behind them yet. */
static bool begin(struct pool *p)
{
    if (p->base)
        return true;
    void *base =
        mmap(NULL, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return false;
    p->base = base;
    p->begun = 1; /* the first is left out, so that no record's name is 0 */
    return true;
}

static bool make_room(struct pool *p)
{
    if (p->begun < p->room)
        return true;
    uint32_t room = p->room ? p->room * 2 : CHUNKS_LEAST;
    struct pool_chunk *chunks = reallocarray(p->chunks, room, sizeof(*chunks));
    if (!chunks)
        return false;
    p->chunks = chunks;
    p->room = room;
    return true;
}

/* One that was never used: 0 when memory lacks. */
static uint32_t extend(struct pool *p)
{
    if (!begin(p) || p->begun >= CHUNKS_MAX || !make_room(p) ||
        mprotect(chunk_at(p, p->begun), POOL_CHUNK, PROT_READ | PROT_WRITE) != 0)
        return 0;
    ASAN_POISON_MEMORY_REGION(chunk_at(p, p->begun), POOL_CHUNK);
    return p->begun++;
}

static uint32_t chunk_new(struct pool *p, uint16_t steps)
{
    uint32_t number = p->empty;
    if (number)
        unlist(p, &p->empty, number);
    else if (!(number = extend(p)))
        return 0;
    p->chunks[number] = (struct pool_chunk){.steps = steps, .free = NO_RECORD};
    list(p, &p->with_room[steps], number);
    return number;
}

/* Its pages read as zeros from now on. */
static void chunk_empty(struct pool *p, uint32_t number)
{
    unlist(p, &p->with_room[p->chunks[number].steps], number);
    list(p, &p->empty, number);
    madvise(chunk_at(p, number), POOL_CHUNK, MADV_DONTNEED);
}

void pool_deinit(struct pool *p)
{
    assert(p->records == 0);
    if (p->base) {
        ASAN_UNPOISON_MEMORY_REGION(p->base, (size_t)p->begun * POOL_CHUNK);
        munmap(p->base, RESERVED);
    }
    free(p->chunks);
    *p = (struct pool){0};
}

/* ---- records --------------------------------------------------------------------------------- */

/* The number of the one behind it in the list, which a free record begins with. */
static uint16_t next_free(const char *record)
{
    uint16_t next;
    memcpy(&next, record, sizeof(next));
    return next;
}

static char *take(struct pool *p, uint32_t number)
{
    struct pool_chunk *c = &p->chunks[number];
    uint16_t n = c->free;
    char *record = record_at(p, number, n == NO_RECORD ? c->fresh : n);
    ASAN_UNPOISON_MEMORY_REGION(record, (size_t)c->steps * POOL_STEP);
    if (n == NO_RECORD)
        c->fresh++;
    else
        c->free = next_free(record);
    c->used++;
    if (c->used == capacity_of(c))
        unlist(p, &p->with_room[c->steps], number);
    return record;
}

void *pool_new(struct pool *p, size_t size)
{
    assert(size > 0 && size <= POOL_RECORD_MAX);
    uint16_t steps = (uint16_t)(pool_taken(size) / POOL_STEP);
    uint32_t number = p->with_room[steps];
    if (!number && !(number = chunk_new(p, steps)))
        return NULL;
    p->records++;
    return memset(take(p, number), 0, (size_t)steps * POOL_STEP);
}

/* One chunk of each size stays where it is, so that a record that comes and goes costs no
 * call of the system. */
static bool is_only_one(const struct pool_chunk *c)
{
    return !c->next && !c->previous;
}

void pool_free(struct pool *p, void *record)
{
    if (!record)
        return;
    uint32_t number = (uint32_t)((size_t)((char *)record - p->base) / POOL_CHUNK);
    struct pool_chunk *c = &p->chunks[number];
    size_t size = (size_t)c->steps * POOL_STEP;
    if (c->used == capacity_of(c))
        list(p, &p->with_room[c->steps], number);
    memcpy(record, &c->free, sizeof(c->free));
    c->free = (uint16_t)((size_t)((char *)record - chunk_at(p, number)) / size);
    ASAN_POISON_MEMORY_REGION(record, size);
    c->used--;
    p->records--;
    if (c->used == 0 && !is_only_one(c))
        chunk_empty(p, number);
}

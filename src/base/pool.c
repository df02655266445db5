#include "base/pool.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

#if ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define __lsan_register_root_region(at, size) ((void)(at), (void)(size))
#define __lsan_unregister_root_region(at, size) ((void)(at), (void)(size))
#endif

enum {
    MIB = 1024 * 1024,
    RESERVED_LEAST = 16 * MIB, /* bytes of addresses */
    ROOM_LEAST = 256,          /* chunks */
    PAGE_MAX = 256 * 1024,     /* bytes */
    GROWTH = 64 * 1024,        /* bytes that the system is asked for at a time, or a page */
    NO_RECORD = UINT16_MAX,
};

_Static_assert(PAGE_MAX / POOL_STEP < NO_RECORD, "a record's number in its chunk has 16 bits");
_Static_assert(ROOM_LEAST > GROWTH / POOL_PAGE_LEAST, "there is room for what is new");

struct pool_chunk {
    uint32_t next, previous; /* of its size with room, or of the empty ones; 0 = none */
    uint16_t steps;          /* size of a record */
    uint16_t used;           /* records in use */
    uint16_t fresh;          /* from here on none has ever been used */
    uint16_t free;           /* the first of those free again; NO_RECORD = none */
};

static char *chunk_at(const struct pool *p, uint32_t number)
{
    return p->base + ((size_t)number << p->chunk_bits);
}

static size_t chunk_size(const struct pool *p)
{
    return (size_t)1 << p->chunk_bits;
}

static char *record_at(const struct pool *p, uint32_t number, uint32_t record)
{
    return chunk_at(p, number) + (size_t)record * p->chunks[number].steps * POOL_STEP;
}

static uint16_t capacity_of(const struct pool *p, const struct pool_chunk *c)
{
    return (uint16_t)(((uint32_t)1 << p->chunk_bits) / POOL_STEP / c->steps);
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
static char *map_addresses(size_t size)
{
    void *base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return base == MAP_FAILED ? NULL : base;
}

/* Where not all can be had others need some, too: it takes a quarter of the most that can. */
static char *find_addresses(size_t *size)
{
    char *base = map_addresses(*size = POOL_RESERVED);
    if (base)
        return base;
    while (!base && *size > RESERVED_LEAST)
        base = map_addresses(*size /= 2);
    if (!base || *size < 4 * (size_t)RESERVED_LEAST)
        return base;
    munmap(base, *size);
    return map_addresses(*size /= 4);
}

static unsigned page_bits(void)
{
    long page = sysconf(_SC_PAGESIZE);
    unsigned bits = 0;
    while (POOL_PAGE_LEAST << bits < page && POOL_PAGE_LEAST << bits < PAGE_MAX)
        bits++;
    return bits + (unsigned)__builtin_ctz(POOL_PAGE_LEAST);
}

static bool begin(struct pool *p)
{
    size_t size;
    char *base = p->base ? NULL : find_addresses(&size);
    if (!base)
        return p->base;
    if (!pool_may_begin((uintptr_t)base)) {
        log_error("the system gives addresses of more than %d bits, which this program cannot use",
                  POOL_ADDRESS_BITS);
        munmap(base, size);
        return false;
    }
    __lsan_register_root_region(base, size); /* records point to what malloc() gave */
    p->base = base;
    p->reserved = size;
    p->chunk_bits = page_bits();
    p->begun = 1; /* the first is left out, so that no record's name is 0 */
    return true;
}

bool pool_reserve(struct pool *p, const char *what)
{
    if (!begin(p)) {
        log_error("%s need at least %d MiB of addresses, which cannot be had: is there a limit "
                  "(ulimit -v)?",
                  what, RESERVED_LEAST / MIB);
        return false;
    }
    if (p->reserved < POOL_RESERVED)
        log_warn("%s have %zu MiB of addresses, and should have %zu: is there a limit (ulimit -v)?",
                 what, p->reserved / MIB, POOL_RESERVED / MIB);
    return true;
}

static bool make_room(struct pool *p, uint32_t count)
{
    if (p->begun + count <= p->room)
        return true;
    uint32_t room = p->room ? p->room * 2 : ROOM_LEAST;
    struct pool_chunk *chunks = reallocarray(p->chunks, room, sizeof(*chunks));
    if (!chunks)
        return false;
    p->chunks = chunks;
    p->room = room;
    return true;
}

/* Some that were never used become empty ones, of which the first is the first. */
static bool extend(struct pool *p)
{
    uint32_t count = chunk_size(p) < GROWTH ? (uint32_t)(GROWTH >> p->chunk_bits) : 1;
    if (p->begun + count > p->reserved >> p->chunk_bits || !make_room(p, count))
        return false;
    char *at = chunk_at(p, p->begun);
    size_t size = (size_t)count << p->chunk_bits;
    if (mprotect(at, size, PROT_READ | PROT_WRITE) != 0)
        return false;
    ASAN_POISON_MEMORY_REGION(at, size);
    for (uint32_t n = count; n--;)
        list(p, &p->empty, p->begun + n);
    p->begun += count;
    return true;
}

/* 0 when memory lacks. */
static uint32_t chunk_new(struct pool *p, uint16_t steps)
{
    if (!begin(p) || (!p->warm && !p->empty && !extend(p)))
        return 0;
    uint32_t *from = p->warm ? &p->warm : &p->empty;
    uint32_t number = *from;
    p->warm_count -= from == &p->warm;
    unlist(p, from, number);
    p->chunks[number] = (struct pool_chunk){.steps = steps, .free = NO_RECORD};
    list(p, &p->with_room[steps], number);
    return number;
}

/* A few keep their memory, so that records that come and go cost no calls of the system; the
 * pages of all others read as zeros from now on. */
static void chunk_empty(struct pool *p, uint32_t number)
{
    struct pool_chunk *c = &p->chunks[number];
    unlist(p, &p->with_room[c->steps], number);
    if (p->warm_count < POOL_WARM_MAX) {
        list(p, &p->warm, number);
        p->warm_count++;
        return;
    }
    list(p, &p->empty, number);
    madvise(chunk_at(p, number), chunk_size(p), MADV_DONTNEED);
}

void pool_deinit(struct pool *p)
{
    assert(p->records == 0);
    if (p->base) {
        ASAN_UNPOISON_MEMORY_REGION(p->base, (size_t)p->begun << p->chunk_bits);
        __lsan_unregister_root_region(p->base, p->reserved);
        munmap(p->base, p->reserved);
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
    if (c->used == capacity_of(p, c))
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

void pool_free(struct pool *p, void *record)
{
    if (!record)
        return;
    size_t offset = (size_t)((char *)record - p->base);
    uint32_t number = (uint32_t)(offset >> p->chunk_bits);
    uint32_t in_chunk = (uint32_t)(offset & (chunk_size(p) - 1));
    assert(number > 0 && number < p->begun);
    struct pool_chunk *c = &p->chunks[number];
    uint32_t size = (uint32_t)c->steps * POOL_STEP;
    assert(c->used > 0 && in_chunk % size == 0 && in_chunk / size < c->fresh);
    if (c->used == capacity_of(p, c))
        list(p, &p->with_room[c->steps], number);
    memcpy(record, &c->free, sizeof(c->free));
    c->free = (uint16_t)(in_chunk / size);
    ASAN_POISON_MEMORY_REGION(record, size);
    c->used--;
    p->records--;
    if (c->used == 0)
        chunk_empty(p, number);
}

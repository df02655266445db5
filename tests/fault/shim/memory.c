/* The allocator's functions. */
#include "fault/shim/shim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* dlsym allocates while the real functions are not known yet: a few bytes from here, never
 * given back. */
static _Alignas(16) char early[16384];
static size_t early_used;

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    bool resolving;
} heap;

static bool is_early(const void *p)
{
    return (const char *)p >= early && (const char *)p < early + sizeof early;
}

static void *early_take(size_t n)
{
    n = (n + 15) & ~(size_t)15;
    if (n > sizeof early - early_used)
        return NULL;
    early_used += n;
    return early + early_used - n;
}

/* False: called from inside the resolving itself. */
static bool resolve(void)
{
    if (heap.posix_memalign)
        return true;
    if (heap.resolving)
        return false;
    heap.resolving = true;
    heap.free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    heap.malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    heap.calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    heap.realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    heap.posix_memalign = (int (*)(void **, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
    heap.resolving = false;
    return true;
}

EXPORT void *malloc(size_t n)
{
    if (!resolve())
        return early_take(n);
    return judge_caller(FAULT_MALLOC, CALLER) == FAIL ? NULL : heap.malloc(n);
}

EXPORT void *calloc(size_t n, size_t size)
{
    if (!resolve())
        return early_take(n * size);
    return judge_caller(FAULT_MALLOC, CALLER) == FAIL ? NULL : heap.calloc(n, size);
}

static void *resize(void *p, size_t n)
{
    if (!is_early(p))
        return heap.realloc(p, n);
    void *moved = heap.malloc(n);
    size_t left = (size_t)(early + sizeof early - (char *)p);
    if (moved)
        memcpy(moved, p, n < left ? n : left);
    return moved;
}

EXPORT void *realloc(void *p, size_t n)
{
    if (!resolve())
        return p ? NULL : early_take(n);
    return judge_caller(FAULT_MALLOC, CALLER) == FAIL ? NULL : resize(p, n);
}

EXPORT void free(void *p)
{
    if (!is_early(p) && resolve())
        heap.free(p);
}

EXPORT void *reallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    resolve();
    return judge_caller(FAULT_MALLOC, CALLER) == FAIL ? NULL : resize(p, bytes);
}

static char *copy_of(const char *s, size_t n, const void *caller)
{
    resolve();
    char *copy = judge_caller(FAULT_MALLOC, caller) == FAIL ? NULL : heap.malloc(n + 1);
    if (!copy)
        return NULL;
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

EXPORT char *strndup(const char *s, size_t max)
{
    return copy_of(s, strnlen(s, max), CALLER);
}

EXPORT char *strdup(const char *s)
{
    return copy_of(s, strlen(s), CALLER);
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t n)
{
    resolve();
    return judge_caller(FAULT_MALLOC, CALLER) == FAIL ? ENOMEM
                                                      : heap.posix_memalign(out, alignment, n);
}

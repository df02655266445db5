/* For tests in which memory lacks: malloc and its like that fail on
 * command. Include once in a program. */
#ifndef DISC_TESTS_SUPPORT_FAILING_H
#define DISC_TESTS_SUPPORT_FAILING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"

UNUSED static long until_failure =
    -1; /* allocations that still succeed before one fails; < 0 = all */

/* The thread sanitizer's runtime cannot bear another malloc in front of its own, and one
 * thread has no races to find: such tests are skipped there. */
#ifdef __SANITIZE_THREAD__
#define SKIP_WITHOUT_FAILURES() skip()
#else
#define SKIP_WITHOUT_FAILURES() (void)0

#if ADDRESS_SANITIZER
#define REAL(function) __interceptor_##function
#else
#define REAL(function) __libc_##function
#endif

void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *old, size_t size);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);
void *reallocarray(void *old, size_t count, size_t size);

/* Where base/rcu.h is part of the program, its thread is made while there is memory, as in the
 * server. */
void rcu_start(void) __attribute__((weak));
__attribute__((constructor)) static void start_reclaiming(void)
{
    if (rcu_start)
        rcu_start();
}

static bool fails(void)
{
    return until_failure >= 0 && until_failure-- == 0;
}

void *malloc(size_t size)
{
    return fails() ? NULL : REAL(malloc)(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : REAL(calloc)(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : REAL(realloc)(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    return fails() || (size && count > (size_t)-1 / size) ? NULL : REAL(realloc)(old, count * size);
}

/* How base/pool.h gets memory. */
int mprotect(void *at, size_t size, int access)
{
    return fails() ? -1 : (int)syscall(SYS_mprotect, at, size, access);
}
#endif

#endif

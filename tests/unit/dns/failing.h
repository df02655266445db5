/* For tests in which memory lacks: malloc, calloc and realloc of the program that fail on
 * command. Include once in a program. */
#ifndef DISC_TESTS_DNS_FAILING_H
#define DISC_TESTS_DNS_FAILING_H

#include <stdbool.h>
#include <stddef.h>

static long until_failure = -1; /* allocations that still succeed before one fails; < 0 = all */

/* The thread sanitizer's runtime cannot bear another malloc in front of its own, and one
 * thread has no races to find: such tests are skipped there. */
#ifdef __SANITIZE_THREAD__
#define SKIP_WITHOUT_FAILURES() skip()
#else
#define SKIP_WITHOUT_FAILURES() (void)0

#ifdef __SANITIZE_ADDRESS__
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
#endif

#endif

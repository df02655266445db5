/* Inside libfault.so: what the replaced functions ask and tell. Included by the files of
 * this folder only. */
#ifndef DISC_TESTS_FAULT_SHIM_SHIM_H
#define DISC_TESTS_FAULT_SHIM_SHIM_H

#include <dlfcn.h>
#include <stddef.h>

#include "fault/fault.h"

#define EXPORT __attribute__((visibility("default")))

/* The function of this name that would have been called without us. */
#define NEXT(name)                                                                                 \
    static __typeof__(name) *next;                                                                 \
    if (!next)                                                                                     \
    next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

enum verdict { PASS, FAIL, HIDE };

/* Counts a call, waits where the rule says so. FAIL: errno is set. */
enum verdict judge(enum fault_family family);

/* As judge, but what the library named by $FAULT_SPARE calls itself is let through. */
enum verdict judge_caller(enum fault_family family, const void *caller);
/* True: this thread's calls are let through, whatever they are, until false. */
void judge_nothing(bool now);
#define CALLER __builtin_return_address(0)

/* Writes an event down; `text` may be NULL with size 0. */
void record(enum fault_event_kind kind, int fd, bool durable, int64_t result, const char *text,
            size_t size);

#endif

/* The processor time of another process of this machine, by thread: user and system time from
 * /proc/PID/task/TID/stat, which count in ticks of 10 ms, and both together in nanoseconds from
 * its CPU clock and schedstat. Taken before and after a phase. Called by modes.c, printed by
 * report.c. */
#ifndef DISCBENCH_USAGE_H
#define DISCBENCH_USAGE_H

#include <stdbool.h>
#include <stdint.h>

enum { USAGE_THREADS = 80 };

struct cost {
    uint64_t user_ticks, system_ticks, all_ns;
};

struct usage_thread {
    int id;
    char name[16]; /* as the kernel knows it */
    struct cost cost;
};

struct usage {
    struct cost all; /* of the process, ended threads as well */
    unsigned count;
    struct usage_thread threads[USAGE_THREADS]; /* further ones are only in the sums */
};

/* False: there is no such process, or it is not ours to look at. */
bool usage_take(int pid, struct usage *out);

/* What was used between the two, threads of one name added up; those that did nothing are left
 * out. */
void usage_between(const struct usage *before, const struct usage *after, struct usage *out);

double usage_us(uint64_t ticks);

#endif

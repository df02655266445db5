/* What became of the requests of one phase. Filled by flow.c and by whoever reads the replies,
 * printed by report.c. */
#ifndef DISCBENCH_TALLY_H
#define DISCBENCH_TALLY_H

#include <stdbool.h>

#include "histogram.h"

enum { CODES = 600 };

struct tally {
    uint64_t sent, ok, errors, lost;
    uint64_t unsent;       /* were due, but the window was full until the end */
    uint64_t challenges;   /* answered with a cookie */
    uint64_t forged;       /* replies without the right signature */
    uint64_t renewed;      /* instances: a batch or group counts with all its members */
    uint64_t truncated;    /* DNS answers that say so */
    uint64_t codes[CODES]; /* errors by code */
    uint64_t elapsed_ns;
    bool paced; /* then `late` is meant */
    struct histogram latency;
    struct histogram late; /* due -> sent: how exact this program was; part of the latency */
};

void tally_error(struct tally *tally, unsigned long code);

#endif

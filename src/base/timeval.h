/* A span of time as event loops want it. Header only; called by server/ and http/. */
#ifndef DISC_BASE_TIMEVAL_H
#define DISC_BASE_TIMEVAL_H

#include <stdint.h>
#include <sys/time.h>

static inline struct timeval timeval_of(uint64_t ms)
{
    return (struct timeval){.tv_sec = (time_t)(ms / 1000),
                            .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

#endif

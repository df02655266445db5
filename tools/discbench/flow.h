/* Requests and replies: a window of requests without an answer, sent as fast as answers come
 * (closed loop) or when they are due by a rate (open loop); what was lost; latencies. What is asked
 * and what an answer means is the caller's. Called by load.c and mode_query.c. */
#ifndef DISCBENCH_FLOW_H
#define DISCBENCH_FLOW_H

#include <stddef.h>

#include "tally.h"

enum {
    FLOW_RING = 1 << 16, /* requests that are remembered: no more than ids of DNS; a power of two */
    WINDOW_MAX = 16384,
};

/* Instead of a size. */
#define FLOW_END ((size_t)0)    /* there are no more requests */
#define FLOW_LATER ((size_t)-1) /* none just now; it stays due */
#define FLOW_NOBODYS UINT64_MAX /* a datagram that answers nothing */

struct flow_calls {
    /* The next request into `out` (DATAGRAM bytes); its size. */
    size_t (*write)(void *context, uint64_t sequence, char *out);
    /* The sequence number of the request that this answers; `next`: of the next to be sent. */
    uint64_t (*match)(void *context, const char *in, size_t size, uint64_t next);
    /* False: it is no answer to count with a latency. */
    bool (*read)(void *context, uint64_t sequence, const char *in, size_t size, uint64_t now_ns);
    /* After every turn of the loop; may be NULL. True: something was done. */
    bool (*turn)(void *context, uint64_t now_ns);
};

struct flow_limits {
    uint32_t window;
    double rate;       /* per second; 0 = as fast as the window allows */
    uint64_t limit_ns; /* 0 = until there are no more */
    uint64_t most;     /* requests */
    bool relaxed;      /* sleep until one is due, and send it as late as timers are */
};

struct flow;

/* `fd` connected and non-blocking, the caller's; `beside_fd`: another one whose input wakes the
 * loop, for `turn`; -1 = none. NULL when memory lacks. */
struct flow *flow_new(const struct flow_calls *calls, void *context, int fd, int beside_fd);
void flow_free(struct flow *flow);

/* Until a limit is reached, and then until the last answer came or is lost. Where nobody answers
 * for 3 seconds, it ends as well. The time that is counted ends with the last request or the last
 * answer, so without the wait for what is lost. A signal ends it like a limit; from then on nothing
 * is sent, in further calls as well. */
void flow_run(struct flow *flow, const struct flow_limits *limits, struct tally *tally);

/* The signal that ended it; 0 = none. */
int flow_stopped(const struct flow *flow);
/* After a signal: to clean up. */
void flow_go_on(struct flow *flow);

#endif

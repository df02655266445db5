/* How long a worker answers the queries of one socket before it looks at what else there is: its
 * other sockets, TCP, tasks, the word to stop; meanwhile no grace period ends (rcu.h). Called by
 * worker.c after each batch. It reads no clock. */
#ifndef DISC_SERVER_TURN_H
#define DISC_SERVER_TURN_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TURN_BATCHES = 16, /* at most */
    TURN_MS = 2,       /* a batch that ends later is the last one: some answers are expensive */
};

struct turn {
    uint64_t began_ms;
    unsigned batches; /* answered */
};

static inline struct turn turn_begin(uint64_t now_ms)
{
    return (struct turn){now_ms, 0};
}

/* After a batch: may there be another one? `now_ms`: of a clock that does not go back; its steps
 * may be longer than TURN_MS. */
static inline bool turn_goes_on(struct turn *t, uint64_t now_ms)
{
    return ++t->batches < TURN_BATCHES && now_ms - t->began_ms <= TURN_MS;
}

#endif

/* The store thread: takes batches of changes, commits them in groups, and tells the
 * control thread how far it has come.
 *
 *   control ── committer_push ──> queue ──> commit() on the store thread
 *   control <── done() <── eventfd <── committed, or failed
 *
 * What fails stays first in the queue and is tried again every second. Called by
 * durable.c. Knows of batches only how many changes they hold; how they are written is the
 * function it is given.
 */
#ifndef DISC_SERVER_COMMITTER_H
#define DISC_SERVER_COMMITTER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counter.h"
#include "base/err.h"
#include "store/store.h"

enum {
    COMMITTER_GROUP = 256,      /* changes in one transaction, unless a batch has more */
    COMMITTER_QUEUE_MAX = 4096, /* batches */
    COMMITTER_GATHER_US = 1000, /* how long a change waits for others on a busy disk */
    COMMITTER_BUCKETS = 12,
};

/* Writes the batches as one transaction; returns when it is on disk. On the store thread. */
typedef enum err committer_commit(void *context, struct store_batch *const *batches, size_t count,
                                  char fault[static STORE_FAULT_TEXT]);

/* Why nothing can be stored. */
struct committer_fault {
    enum err err; /* ERR_OK: the last commit was good */
    char text[STORE_FAULT_TEXT];
};

struct committer_options {
    struct event_base *base; /* of the control thread */
    committer_commit *commit;
    void *commit_context;
    void (*done)(void *context); /* on the control thread: committer_state has news */
    void *done_context;
    unsigned retry_ms;            /* after a failure; 0 = 1000 */
    struct committer_fault fault; /* already known before the first commit */
};

/* All written by the store thread. */
struct committer_counters {
    struct counter commits, changes, failures;
    struct counter latency_us, latency_max_us; /* of good commits; sum, largest */
    struct counter latency[COMMITTER_BUCKETS]; /* commits by committer_bucket_us */
};

struct committer_state {
    uint64_t committed; /* the newest change that is on disk; 0 = none yet */
    uint64_t queued;    /* changes that are not */
    struct committer_fault fault;
    uint64_t failed_us; /* monotonic time of the latest failure; 0 = none */
};

struct committer;

/* Starts the thread, which has all signals blocked. NULL when something lacks (logged). */
struct committer *committer_start(const struct committer_options *options);

/* Takes the batch over. False (it stays the caller's): the queue is full, or the thread was
 * stopped. Batches come in the order of their changes. */
bool committer_push(struct committer *c, struct store_batch *batch);
bool committer_has_room(struct committer *c);

/* As of now. */
void committer_state(struct committer *c, struct committer_state *out);
uint64_t committer_cpu_us(const struct committer *c); /* of its thread; 0 = it has ended */
const struct committer_counters *committer_counters(const struct committer *c);

/* The upper bound of a latency bucket in microseconds; UINT64_MAX for the last. */
uint64_t committer_bucket_us(unsigned bucket);

/* Lets the thread commit what is queued, each group tried once more, and waits for its end.
 * The state can be read afterwards; done() is not called any more. */
void committer_stop(struct committer *c);
void committer_free(struct committer *c); /* stops first; accepts NULL */

#endif

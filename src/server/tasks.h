/* The way of requests that a worker cannot answer by itself: to the control thread and
 * back.
 *
 *   worker   tasks_submit  ──> one bounded queue  ──> tasks_next    control
 *   worker   tasks_collect <── a queue per worker <── tasks_return  control
 *
 * A task is with one thread at a time; the queues (a mutex, an eventfd each) hand it over.
 * Called by worker.c and control_tasks.c; knows nothing of what a task does.
 */
#ifndef DISC_SERVER_TASKS_H
#define DISC_SERVER_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "server/udp.h"

enum {
    TASKS_UNDER_WAY_MAX = 1024, /* handed over and not back yet */
    TASKS_LINE = 2048,          /* of the log, about one */
    TASKS_TRANSFERS_MAX = 32,   /* from then on until the last message is written */
};

struct dns_task;
struct tcp_later;
struct tasks;

struct task_job {
    STAILQ_ENTRY(task_job) next;
    struct dns_task *task;
    unsigned worker;
    bool transfer; /* counts to the limit of transfers until tasks_done */
    struct endpoint from;
    int fd;                     /* UDP: where it came in */
    struct udp_destination udp; /* and from whom */
    struct tcp_later *later;    /* TCP; NULL = UDP */
    uint64_t change;            /* control thread: what must be on disk before it goes back */
};

STAILQ_HEAD(task_list, task_job);

struct tasks_options {
    unsigned workers;
    unsigned under_way_max;
    unsigned transfers_max;
    void (*free_task)(struct dns_task *task);
};

struct tasks *tasks_new(const struct tasks_options *options); /* NULL when something lacks */
void tasks_free(struct tasks *t); /* with all that is under way; no thread uses it any more */

/* ---- workers ------------------------------------------------------------------------- */

enum tasks_verdict { TASKS_TAKEN, TASKS_FULL, TASKS_TOO_MANY_TRANSFERS };

/* Takes the task over, unless it is refused. `*job` says whose it is; it is copied. */
enum tasks_verdict tasks_submit(struct tasks *t, const struct task_job *job);
/* Readable while something can be collected by this worker. */
int tasks_worker_fd(const struct tasks *t, unsigned worker);
/* The next that came back; the caller's until tasks_done. NULL = none is left. */
struct task_job *tasks_collect(struct tasks *t, unsigned worker);
void tasks_done(struct tasks *t, struct task_job *job); /* frees it with its task */

/* ---- the control thread ---------------------------------------------------------------- */

int tasks_control_fd(const struct tasks *t); /* readable while something waits */
struct task_job *tasks_next(struct tasks *t);
void tasks_return(struct tasks *t, struct task_job *job);

/* ---- for status ------------------------------------------------------------------------ */

struct tasks_report {
    uint64_t submitted, refused_full, refused_transfers;
    unsigned under_way, transfers_now;
};
struct tasks_report tasks_report(struct tasks *t);

#endif

/* What a struct control consists of, and what its two files need of one another: control.c
 * publishes and keeps the time, control_sources.c serves the registration sockets. Included by
 * these only.
 */
#ifndef DISC_SERVER_CONTROL_STATE_H
#define DISC_SERVER_CONTROL_STATE_H

#include "base/latency.h"
#include "server/control.h"
#include "server/control_tasks.h"
#include "server/events.h"
#include "server/replies.h"

enum {
    CONTROL_BATCH = 256, /* datagrams per system call and per publication */
    CONTROL_ROUNDS = 16, /* batches per wake-up, so that HTTP has its turn */
};

struct control {
    struct control_options options;
    struct lease_clock clock;
    struct event *tick;
    uint64_t tick_ms; /* monotonic: when it comes; UINT64_MAX = it is not set */
    struct udp_batch *batch;
    struct replies *replies;
    struct control_tasks *tasks;
    struct event *task_event;
    struct loop_share *share; /* of the sources and of task_event */
    struct source *sources;   /* control_sources.c */
    size_t source_count;
    uint64_t publish_due_ms; /* lease time; UINT64_MAX = nothing waits */
    struct latency publish_latency;
    bool published;      /* all that changed: else nothing is acknowledged */
    uint64_t index;      /* the registry's at the last publication */
    uint64_t horizon_ms; /* lease time up to which leases may have run out */
    struct events_log events;
    struct log_limit memory_limit;
    bool stopped;
};

/* ---- control.c ------------------------------------------------------------------------- */

/* Publishes what changed, and hands it to the disk. True when replies waited for this publication
 * that are not of the batch at hand. */
bool control_put_in_force(struct control *c);
/* Has nothing changed since the last publication? */
bool control_is_in_force(const struct control *c);
/* Sends the replies that what is on disk by now lets go; `refuse_rest`: to the others that they
 * are not stored. */
void control_send_late(struct control *c, bool refuse_rest);
void control_tell_published(struct control *c, struct moment now);
void control_set_tick(struct control *c);

/* ---- control_sources.c ----------------------------------------------------------------- */

/* One for each set of listeners; ERR_MEMORY, and what was made is for control_sources_free. */
MUST_CHECK enum err control_sources_add(struct control *c, const struct listeners *l);
MUST_CHECK enum err control_sources_start(struct control *c); /* ERR_MEMORY */
/* Takes in and answers what waits in all of them, within a bound; returns how many ms ago the
 * kernel took in the newest request handled of the socket that is furthest behind; 0 = nothing
 * is left. */
uint64_t control_sources_receive(struct control *c);
void control_sources_stop(struct control *c);
void control_sources_free(struct control *c);

#endif

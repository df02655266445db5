/* The control thread's part of tasks: runs what the workers handed over, and gives it back
 * once that is published and what it acknowledges is on disk. Called by control.c, which
 * publishes in between.
 */
#ifndef DISC_SERVER_CONTROL_TASKS_H
#define DISC_SERVER_CONTROL_TASKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/lease_clock.h"
#include "dns/dns.h"
#include "server/durable.h"
#include "server/tasks.h"

struct control_tasks;

struct control_tasks_options {
    struct tasks *tasks; /* must outlive it */
    struct registry *registry;
    struct durable *durable;
};

struct control_tasks *control_tasks_new(const struct control_tasks_options *options);
void control_tasks_free(struct control_tasks *t); /* with all that waits; accepts NULL */

/* Runs at most `max` of what waits; returns how many. To be followed by a publication. */
unsigned control_tasks_run(struct control_tasks *t, struct dns *dns, struct moment now,
                           unsigned max);

/* All that was run is published: gives back what waits for `committed` or an earlier
 * change. */
void control_tasks_release(struct control_tasks *t, uint64_t committed);
/* What still waits will not be stored: gives all back with a refusal. */
void control_tasks_refuse(struct control_tasks *t);

size_t control_tasks_waiting(const struct control_tasks *t); /* for the disk */

#endif

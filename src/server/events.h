/* What time did to the registry, in the log: evictions in one line for each turn, guards
 * and brownouts as they come and go. Called by control.c and wherever else
 * registry_expire or registry_evict are called.
 */
#ifndef DISC_SERVER_EVENTS_H
#define DISC_SERVER_EVENTS_H

#include "base/log.h"
#include "registry/registry.h"

struct events_log {
    uint64_t now_ms;         /* monotonic, kept right by who has the events */
    unsigned evicted, stale; /* since the last events_summary */
    struct log_limit limit, names;
};

/* One event; `log` is a struct events_log: a registry_visit. */
void events_note(void *log, const struct registry_event *event);

/* "evicted N instances", when there were several. */
void events_summary(struct events_log *log);

#endif

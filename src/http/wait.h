/* Long polls: a request is held until one of several services changed, or its time is up.
 * Used inside http/ only. */
#ifndef DISC_HTTP_WAIT_H
#define DISC_HTTP_WAIT_H

#include "http/state.h"

enum {
    WAIT_SERVICES_MAX = 64,
    WAIT_MAX_MS = 600000,
    WATCHERS_MAX = 50000, /* requests that wait, and event streams, together */
};

struct wait_for {
    struct text ns, service; /* copied; `service` empty: all services (of the namespace; `ns`
                                empty too: of all) */
};

struct wait_action {
    /* Reply to call->request now: something changed (`changed`), or the time is up. The call
     * is a new one with the old request and an empty query. Owns `context`. */
    void (*wake)(struct call *call, bool changed, void *context);
    void (*lost)(void *context); /* the client is gone: free `context` */
};

/* Holds call->request until one of `services` has an index above `since` (at once, in the
 * next turn, when it has one already; also when `since` is above the registry's index: the
 * asker knows another run of the server), at most `wait_ms` <= WAIT_MAX_MS. False when memory
 * lacks, or too many wait: the request and `context` are still the caller's. */
MUST_CHECK bool wait_open(struct call *call, const struct wait_for *services, size_t count,
                          uint64_t since, uint32_t wait_ms, const struct wait_action *action,
                          void *context);

struct waits;

struct waits *waits_new(struct http *http); /* NULL when memory lacks */
void waits_free(struct waits *waits);       /* none waits any more: held_close_all */

#endif

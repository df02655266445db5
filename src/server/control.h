/* The control thread's turn: the one place where the registry changes.
 *
 *   datagrams in ─> reg ─> registry ─> publish views ─> journal to the store thread ─> replies
 *   tasks in     ─> dns ─> registry ─> publish views ─> journal to the store thread ─> tasks back
 *   clock        ─> expire ──────────> publish views ─> journal to the store thread
 *
 * A reply leaves only after what it acknowledges is published and, with a store, on disk:
 * until then it is held, while heartbeats and everything else go on. Leases run out only
 * as far as the heartbeats that were already received reach: after the sockets are
 * drained, or up to the arrival of the newest datagram that was handled.
 */
#ifndef DISC_SERVER_CONTROL_H
#define DISC_SERVER_CONTROL_H

#include <event2/event.h>
#include <stdatomic.h>

#include "base/latency.h"
#include "base/lease_clock.h"
#include "dns/dns.h"
#include "reg/reg.h"
#include "registry/registry.h"
#include "server/durable.h"
#include "server/sockets.h"
#include "server/udp.h"

struct control;

struct control_options {
    struct event_base *base;
    struct registry *registry;
    struct dns_records *records;
    struct reg *reg;
    _Atomic(struct dns *) *dns;
    struct durable *durable;
    struct tasks *tasks;                  /* of the DNS workers */
    struct notify_out *notify;            /* told of publications */
    const struct listeners *registration; /* stays the caller's */
    registry_visit *event;                /* told of what time does; may be NULL */
    /* After each publication, before the registry forgets what all have seen; and when what
     * is on disk may be more (`failing`: the rest may never be). May be NULL. */
    void (*published)(void *context, struct moment now);
    void (*committed)(void *context, uint64_t committed, bool failing);
    void *context; /* of these three */
};

/* NULL when memory lacks. Only its clock runs yet. */
struct control *control_new(const struct control_options *options);
void control_free(struct control *c); /* accepts NULL */

/* Publishes everything that the registry knows, starts the store thread and takes
 * datagrams from the next turn of the loop on. ERR_MEMORY. */
MUST_CHECK enum err control_start(struct control *c);

/* Takes no more datagrams; what changed is stored as far as that can be, and the replies
 * that waited are sent. */
void control_stop(struct control *c);

/* Brings the lease clock up to date and returns the time for registry calls. */
struct moment control_now(struct control *c);

/* Compiles and swaps in what changed and hands it to the store thread; to be called after
 * any change of the registry. */
void control_changed(struct control *c);

/* Publishes everything known into a state that is not in force yet (reload). */
MUST_CHECK enum err control_publish_into(struct control *c, struct dns *dns);

/* Time that leases did not see because the process was held up, ms. */
uint64_t control_held_back_ms(const struct control *c);
uint64_t control_held_tasks(const struct control *c);   /* likewise */
uint64_t control_held_replies(const struct control *c); /* that wait for the disk */
const struct udp_counters *control_udp_counters(const struct control *c);
/* How long publications took that changed something. */
const struct latency *control_publish_latency(const struct control *c);

#endif

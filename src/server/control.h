/* The control thread's turn: the one place where the registry changes.
 *
 *   datagrams in ─> reg ─> registry ─> publish views ─> replies out
 *   clock        ─> expire ──────────> publish views
 *
 * A reply leaves only after what it acknowledges is published. Leases run out only
 * as far as the heartbeats that were already received reach: after the sockets are
 * drained, or up to the arrival of the newest datagram that was handled.
 */
#ifndef DISC_SERVER_CONTROL_H
#define DISC_SERVER_CONTROL_H

#include <event2/event.h>
#include <stdatomic.h>

#include "base/lease_clock.h"
#include "dns/dns.h"
#include "reg/reg.h"
#include "registry/registry.h"
#include "server/sockets.h"
#include "server/state_file.h"
#include "server/udp.h"

struct control;

struct control_options {
    struct event_base *base;
    struct registry *registry;
    struct reg *reg;
    _Atomic(struct dns *) *dns;
    struct state_file *state;
    uint32_t serial_ceiling;              /* as stored */
    const struct listeners *registration; /* stays the caller's */
};

/* NULL when memory lacks. */
struct control *control_new(const struct control_options *options);
void control_free(struct control *c); /* accepts NULL */

/* Brings the lease clock up to date and returns the time for registry calls. */
struct moment control_now(struct control *c);

/* Compiles and swaps in what changed; to be called after any change of the registry. */
void control_publish(struct control *c);

/* Publishes everything known into a state that is not in force yet (reload). */
MUST_CHECK enum err control_publish_into(struct control *c, struct dns *dns);

/* Time that leases did not see because the process was held up, ms. */
uint64_t control_held_back_ms(const struct control *c);
const struct udp_counters *control_udp_counters(const struct control *c);

#endif

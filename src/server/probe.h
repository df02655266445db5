/* The active look at instances that fell silent: one TCP connection to each, opened and
 * dropped again. Somebody takes it: it lives. It is refused: nothing serves there any
 * more. Anything else (no answer in time, no route, no descriptor) says nothing.
 *
 *   REGISTRY_LATE ──prober_look_at──> connect ──result──> registry_probed, publish
 *
 * Runs on the event loop of the thread that owns the registry, never blocks it, and
 * never reports from within a call: prober_look may be called while the registry must not
 * be changed. Only addresses within configured networks are connected to, as anybody who
 * may register could else have any host knocked at. Knows the registry's names of things,
 * not the registry.
 */
#ifndef DISC_SERVER_PROBE_H
#define DISC_SERVER_PROBE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "registry/registry.h"

struct prober_config {
    const struct network *networks; /* none = nobody is looked at; copied */
    size_t network_count;
    uint32_t timeout_ms; /* above 0 */
    uint32_t max;        /* looks under way at a time */
};

/* started = alive + refused + unknown + those under way */
struct prober_counters {
    uint64_t started, alive, refused, unknown;
    uint64_t skipped; /* no TCP port, outside the networks, or too many under way */
};

/* The instance may be gone by now. `key` is valid during the call, which may change the
 * registry, look at others, and even free the prober. */
typedef void prober_result(void *context, struct instance_key key, bool alive);

struct prober;

/* NULL when memory lacks. */
struct prober *prober_new(struct event_base *base, const struct prober_config *config,
                          prober_result *result, void *context);
/* Ends what is under way, without a result; accepts NULL. */
void prober_free(struct prober *p);

/* From the next look on; ERR_MEMORY leaves everything as it was. */
MUST_CHECK enum err prober_configure(struct prober *p, const struct prober_config *config);

/* Looks at addr:port; the result comes later, where there is one. An instance that is
 * being looked at already is left alone. The key is copied. */
void prober_look(struct prober *p, struct instance_key key, const struct addr *addr, uint16_t port);
/* The same at the instance's first address and first TCP port. */
void prober_look_at(struct prober *p, const struct instance *instance);

const struct prober_counters *prober_counters(const struct prober *p);
size_t prober_under_way(const struct prober *p);

#endif

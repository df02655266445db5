/* A discd without its sockets: registry, reg and dns as src/server/control.c drives them,
 * on a clock that moves only when it is told to. */
#ifndef DISC_TESTS_SCENARIO_WORLD_H
#define DISC_TESTS_SCENARIO_WORLD_H

#include "base/lease_clock.h"
#include "dns/dns.h"
#include "reg/reg.h"
#include "registry/registry.h"
#include "scenario/setup.h"

#define WORLD_WALL_START 1795245098534ull

struct world {
    struct setup setup;
    struct registry *registry;
    struct reg *reg;
    struct dns *dns;
    struct dns_worker *worker;
    struct lease_clock clock;
    uint64_t monotonic_ms, publish_due_ms;
    uint32_t boots, udp_max_size;
    char *permanent_service;
};

/* From the setup as it stands; ends the program on a fault of the configuration. */
void world_start(struct world *w);
void world_stop(struct world *w);
/* The setup as it stands now, as on SIGHUP. */
void world_reload(struct world *w);

struct moment world_now(const struct world *w);

/* Time passes in the server's turns: each at most 500 ms, earlier where a lease runs out
 * or something is left to be published. */
void world_pass(struct world *w, uint64_t ms);
/* The server was held up and takes one turn after it. */
void world_stall(struct world *w, uint64_t ms);

/* Handles one datagram and publishes before the reply counts as sent. */
size_t world_send(struct world *w, const void *bytes, size_t size, const struct endpoint *from,
                  uint8_t out[static REG_DATAGRAM_MAX]);
/* The next push that is due; 0 = none. `*to` is who asked for it. */
size_t world_push(struct world *w, uint8_t out[static REG_DATAGRAM_MAX], struct endpoint *to);
size_t world_ask(struct world *w, const struct dns_request *request, uint8_t *out, size_t size);

void world_publish(struct world *w);

#endif

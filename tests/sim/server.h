/* discd as the world sees it: the turns of src/server/control.c over the production
 * registry, reg and journal, on the simulated disk. Called by world.c. */
#ifndef DISC_TESTS_SIM_SERVER_H
#define DISC_TESTS_SIM_SERVER_H

#include "sim/check.h"
#include "sim/disk.h"
#include "sim/net.h"
#include "sim/probe.h"

struct held;

struct server {
    struct engine *engine;
    struct net *net;
    const struct sim_options *options;
    struct check *check;
    struct rand rand;
    struct disk disk;
    struct probes probes;

    bool up;
    struct registry *registry;
    struct reg *reg;
    struct store_journal *journal;
    struct store_meta meta;
    struct lease_clock clock;
    int64_t wall_offset_ms;
    uint64_t asleep_until_us;
    uint64_t asleep_us; /* time that the monotonic clock did not see */
    uint64_t alive_due_ms;

    struct datagram *first, **end; /* in the socket */
    uint32_t queued;
    bool drained;
    uint64_t behind_ms;
    uint64_t horizon_ms; /* leases may run out up to then; never goes back */
    struct event turn, tick, news, start;
    uint64_t blocked_until_us; /* the control thread does nothing, or is at work */
    uint64_t slow_until_us, slow_us;
    uint64_t committed; /* as the control thread knows */
    bool failing;       /* likewise */

    struct held *held, **held_end;
    uint64_t handled, replies, held_count, refused, overflowed, boots;
};

void server_init(struct server *s, struct engine *engine, struct net *net,
                 const struct sim_options *options, struct clients *clients, struct check *check,
                 uint64_t seed);
void server_deinit(struct server *s);

/* For the network: takes the datagram over. */
void server_receive(void *server, struct datagram *d);

/* Verbs from SIM_STALL to SIM_DISK_FAIL. */
void server_act(struct server *s, const struct sim_action *action);
/* The operator. */
void server_evict(struct server *s, uint32_t service);
void server_drain(struct server *s, struct instance_key key, bool drain);

/* server_turns.c */
void server_wake(struct server *s);
void server_on_turn(void *server, struct event *event);
void server_on_tick(void *server, struct event *event);
void server_on_news(void *server, struct event *event);
void server_forget_held(struct server *s);
uint64_t server_monotonic_ms(const struct server *s);
struct moment server_now(struct server *s);
void server_flush(struct server *s);

#endif

/* The network between many hosts and the one server: each datagram is lost, copied and
 * delayed as the link and the faults of the moment have it. Called by sockets.c and
 * server.c; knows nothing of what the bytes mean, nor of who receives them. */
#ifndef DISC_TESTS_SIM_NET_H
#define DISC_TESTS_SIM_NET_H

#include "base/addr.h"
#include "sim/engine.h"
#include "sim/sim.h"

struct net;

struct datagram {
    struct event event;
    struct datagram *next, *previous; /* of those on their way; free for the receiver */
    struct net *net;
    bool to_server;
    uint32_t host;
    uint16_t port; /* the host's */
    uint64_t arrived_us;
    uint64_t arrived_lease_ms; /* the server's clock when it arrived */
    size_t size;
    uint8_t bytes[];
};

/* Where it is delivered to: takes it over. */
typedef void net_receive(void *context, struct datagram *d);

struct net {
    struct engine *engine;
    struct sim_link link;
    uint32_t hosts;
    struct rand *links; /* one generator for each host */
    struct sim_action *faults;
    size_t fault_count;
    struct datagram *flying;
    net_receive *receive[2]; /* by to_server */
    void *contexts[2];
    uint64_t sent, lost;
};

void net_init(struct net *n, struct engine *engine, const struct sim_options *options,
              uint64_t seed);
void net_deinit(struct net *n);

/* SIM_CUT, SIM_LOSS, SIM_DELAY or SIM_COPIES, from now on. */
void net_fault(struct net *n, const struct sim_action *fault);
/* Does a packet get there and back? */
bool net_reaches(const struct net *n, uint32_t host);
bool hosts_have(struct sim_hosts set, uint32_t all, uint32_t host);

void net_send(struct net *n, bool to_server, uint32_t host, uint16_t port, const void *bytes,
              size_t size);

#endif

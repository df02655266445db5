/* Sends subscribers what the registration protocol has for them: through the socket, and
 * from the local address, by which their request came. In bursts, a bounded number of
 * datagrams in one turn of the loop, never before the replies to requests; where the
 * kernel's buffer is full it goes on a moment later.
 *
 *   publication ─> push_wake ─┐
 *   reg_next_push ─> timer ───┴─> reg_push, reg_push, ... ─> one sendmmsg for a burst
 */
#ifndef DISC_SERVER_PUSH_H
#define DISC_SERVER_PUSH_H

#include <assert.h>
#include <event2/event.h>

#include "base/counter.h"
#include "base/lease_clock.h"
#include "reg/reg.h"
#include "server/sockets.h"
#include "server/udp.h"

/* The way back to who sent a request: reg_datagram.route. */
struct push_route {
    struct udp_destination to;
    unsigned socket; /* by its place among the registration's listeners */
};
static_assert(sizeof(struct push_route) <= REG_ROUTE_SIZE, "reg copies so much");

/* What reg_datagram.route points to. */
union push_way {
    struct push_route route;
    uint8_t bytes[REG_ROUTE_SIZE];
};

struct push;

struct push_options {
    struct event_base *base;
    struct reg *reg;
    const struct listeners *sockets;     /* of the registration; stays the caller's */
    struct moment (*now)(void *context); /* when something is sent */
    void *context;
};

struct push_counters {
    struct counter held_up; /* turns that ended at a full buffer */
};

/* NULL when memory lacks. */
struct push *push_new(const struct push_options *options);
void push_free(struct push *p); /* accepts NULL */

/* There may be something to send: if there is, it is sent behind what the present turn has
 * still to do, else when it is due. */
void push_wake(struct push *p, struct moment now);

const struct udp_counters *push_udp_counters(const struct push *p);
const struct push_counters *push_counters(const struct push *p);

#endif

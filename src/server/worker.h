/* A DNS worker: one thread with an event loop and sockets of its own, answering from
 * the published state. It shares with the control thread only the RCU pointer to that
 * state, the counters that it alone adds to, and the queues of tasks: requests that only
 * the control thread can serve (tasks.h).
 */
#ifndef DISC_SERVER_WORKER_H
#define DISC_SERVER_WORKER_H

#include <stdatomic.h>
#include <stdint.h>

#include "dns/dns.h"
#include "server/dnstap.h"
#include "server/tasks.h"
#include "server/tcp.h"
#include "server/udp.h"

struct worker;

struct worker_options {
    _Atomic(struct dns *) *dns; /* the state in force */
    const int *udp_fds, *tcp_fds;
    size_t udp_count, tcp_count; /* the descriptors stay the caller's */
    struct tcp_limits tcp;
    struct tcp_quota *quota;
    struct dns_shared *shared; /* of all workers */
    struct tasks *tasks;
    struct dnstap_tap *tap; /* NULL = none */
    unsigned number;        /* of this worker, as the tasks count them */
    uint64_t seed;
};

/* Starts the thread. NULL (logged) when memory or a thread lacks. */
struct worker *worker_start(const struct worker_options *options);
/* Ends the loop, joins the thread, frees. Accepts NULL. */
void worker_stop(struct worker *w);

uint64_t worker_cpu_us(const struct worker *w); /* of its thread */
const struct dns_counters *worker_dns_counters(const struct worker *w);
const struct udp_counters *worker_udp_counters(const struct worker *w);
const struct tcp_counters *worker_tcp_counters(const struct worker *w);

#endif

/* DNS over TCP (RFC 7766): pipelining, bounded in every direction. One tcp_server per
 * worker, on the worker's event loop; the quota of connections is shared.
 *
 * A connection ends when it is idle too long, when it does not finish a message that it
 * began, when it does not take its answers, or on a length below 12 bytes. A message that
 * makes no sense gets FORMERR and the connection goes on.
 */
#ifndef DISC_SERVER_TCP_H
#define DISC_SERVER_TCP_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/counter.h"
#include "server/tcp_quota.h"

struct tcp_limits {
    uint32_t idle_ms;      /* since the last complete message */
    uint32_t message_ms;   /* to finish a started message, and to take an answer */
    uint32_t pipeline_max; /* answers that wait to be taken before reading stops */
    size_t output_max;     /* bytes that wait to be taken before reading stops */
};

/* Answers one message; 0 = none, the connection is closed. */
typedef size_t tcp_answer(void *context, const uint8_t *message, size_t size,
                          const struct endpoint *from, uint8_t *out, size_t out_size);

struct tcp_counters {
    struct counter accepted, refused, timed_out, closed_for_others;
};

struct tcp_server;

/* Serves the bound, listening, non-blocking `fds` (which stay the caller's, to be closed
 * after tcp_server_free). NULL when memory lacks. */
struct tcp_server *tcp_server_new(struct event_base *base, const int *fds, size_t fd_count,
                                  const struct tcp_limits *limits, struct tcp_quota *quota,
                                  tcp_answer *answer, void *context);
void tcp_server_free(struct tcp_server *s); /* closes its connections; accepts NULL */
const struct tcp_counters *tcp_counters(const struct tcp_server *s);

#endif

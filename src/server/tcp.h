/* DNS over TCP (RFC 7766): pipelining, bounded in every direction. One tcp_server per
 * worker, on the worker's event loop; the quota of connections is shared.
 *
 * A connection ends when it is idle too long, when it does not finish a message that it
 * began, when it does not take its answers, or on a length below 12 bytes. A message that
 * makes no sense gets FORMERR and the connection goes on. An answer may come later and in
 * many messages (zone transfers); whoever does not take those in time is closed too.
 */
#ifndef DISC_SERVER_TCP_H
#define DISC_SERVER_TCP_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/counter.h"
#include "server/tcp_quota.h"

struct tcp_server;

struct tcp_limits {
    uint32_t idle_ms;      /* since the last complete message */
    uint32_t message_ms;   /* to finish a started message, and to take an answer */
    uint32_t pipeline_max; /* queries under way before reading stops */
    size_t output_max;     /* bytes that wait to be taken before reading stops */
};

/* A message whose answer comes later: from where it is asked until tcp_later_answer. */
struct tcp_later;

#define TCP_LATER SIZE_MAX

/* How messages are answered. `context` is the caller's of all three. */
struct tcp_answering {
    void *context;
    /* Writes the answer to one message and returns its size; 0 = none, the connection is
     * closed; TCP_LATER after it has called tcp_later. */
    size_t (*answer)(void *context, struct tcp_server *s, const uint8_t *message, size_t size,
                     const struct endpoint *from, uint8_t *out, size_t out_size);
    /* Writes the next message of a later answer; 0 = that was all. */
    size_t (*next)(void *context, void *stream, uint8_t *out, size_t out_size);
    void (*end)(void *context, void *stream); /* it is not asked again */
};

struct tcp_counters {
    struct counter accepted, refused, timed_out, closed_for_others;
};

/* Serves the bound, listening, non-blocking `fds` (which stay the caller's, to be closed
 * after tcp_server_free). NULL when memory lacks. */
struct tcp_server *tcp_server_new(struct event_base *base, const int *fds, size_t fd_count,
                                  const struct tcp_limits *limits, struct tcp_quota *quota,
                                  const struct tcp_answering *answering);
/* Closes its connections and ends their streams; what is still to come later is forgotten.
 * Accepts NULL. */
void tcp_server_free(struct tcp_server *s);

/* From within `answer`: its message will be answered later. NULL when memory lacks. Until
 * then other messages of the connection are answered, and it counts as busy. */
struct tcp_later *tcp_later(struct tcp_server *s);
/* Still within `answer`: it was not needed. */
void tcp_later_cancel(struct tcp_later *later);
/* The answer is `stream`: its messages are taken one by one as the peer takes them, so that
 * a long one needs no memory, and between the answers to other messages. Takes both over;
 * where the connection is gone, `end` is called at once. Not from within `answer`. */
void tcp_later_answer(struct tcp_later *later, void *stream);

const struct tcp_counters *tcp_counters(const struct tcp_server *s);

#endif

/* The HTTP listener: accepts connections for evhttp, stands guard over each, and hands
 * requests to http/. Knows nothing of what is asked.
 *
 * The guard is what evhttp lacks: a request (header and body) must be complete within
 * a time that no trickle of bytes prolongs; a connection without a request, and a
 * client that does not take its reply, are closed; connections are counted, all of
 * them and by address (loopback excepted); when descriptors run out, accepting pauses.
 * Handshakes of TLS take a bounded share of the time (http_handshakes.h). When there are too
 * many, the one that is idle longest makes room; else what is over a limit is closed without a
 * word.
 *
 * Control thread only. The process must ignore SIGPIPE.
 */
#ifndef DISC_SERVER_HTTP_LISTENER_H
#define DISC_SERVER_HTTP_LISTENER_H

#include <event2/event.h>
#include <openssl/ssl.h>

#include "http/http.h"

struct http_listener;

/* Serves `http` on `n` bound, listening, non-blocking sockets, which stay the caller's
 * to close, after http_listener_free. `connections_max` in all, `per_ip` from one
 * address. NULL when memory lacks. */
struct http_listener *http_listener_new(struct event_base *base, struct http *http, const int *fds,
                                        size_t n, uint32_t connections_max, uint32_t per_ip);
/* No more connections; those there are stay. */
void http_listener_stop(struct http_listener *l);
/* Runs the loop until what was replied is sent, at most so long. */
void http_listener_flush(struct http_listener *l, uint32_t ms);
/* Once: further sockets likewise, on which TLS is spoken. The handshake counts as a part of the
 * first request. Takes a reference of `tls`. ERR_MEMORY: the listener is to be freed. */
MUST_CHECK enum err http_listener_add_secure(struct http_listener *l, const int *fds, size_t n,
                                             SSL_CTX *tls);
/* Another certificate, for connections from now on; takes a reference. */
void http_listener_set_tls(struct http_listener *l, SSL_CTX *tls);

/* Closes all connections. Before http_free. */
void http_listener_free(struct http_listener *l);

/* For connections from now on; those there are stay. */
void http_listener_configure(struct http_listener *l, uint32_t connections_max, uint32_t per_ip);

struct http_deadlines {
    uint32_t request_ms; /* from the first byte (at first: from accept) to the last: 10 000 */
    uint32_t idle_ms;    /* between two requests: 15 000 */
    uint32_t stall_ms;   /* without progress in sending: 15 000 */
};

/* For tests; what is under way keeps its deadline. */
void http_listener_set_deadlines(struct http_listener *l, const struct http_deadlines *deadlines);

/* Open connections, and how many were closed for being over a limit. */
uint32_t http_listener_connections(const struct http_listener *l);
uint64_t http_listener_refused(const struct http_listener *l);

#endif

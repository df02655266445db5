/* Listening sockets of one kind, plain or TLS, and the evhttp that accepts on them. Used by the
 * HTTP listener, which sets the evhttp's callbacks. Control thread only.
 */
#ifndef DISC_SERVER_HTTP_DOOR_H
#define DISC_SERVER_HTTP_DOOR_H

#include <event2/event.h>
#include <event2/http.h>
#include <stdbool.h>

#include "base/err.h"

struct evconnlistener;

struct http_door {
    struct evhttp *evhttp;
    struct evconnlistener **sockets; /* freed by evhttp */
    size_t count;
};

/* On `n` bound, listening sockets, which stay the caller's. A socket on which accepting fails
 * is closed until http_door_set. ERR_MEMORY: to be closed all the same. */
MUST_CHECK enum err http_door_open(struct http_door *door, struct event_base *base, const int *fds,
                                   size_t n);
/* Whether connections are accepted, or wait in the kernel. */
void http_door_set(const struct http_door *door, bool open);
/* Closes its connections, too. One that was never opened is accepted. */
void http_door_close(struct http_door *door);

#endif

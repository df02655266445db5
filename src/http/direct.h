/* Sending a piece of a long reply straight into the socket. The usual way asks the kernel to
 * tell when there is room, is told, writes, and takes the question back: four system calls for
 * each of a thousand watchers where one does.
 * Used inside http/ only. */
#ifndef DISC_HTTP_DIRECT_H
#define DISC_HTTP_DIRECT_H

#include "http/rendering.h"
#include "http/state.h"

enum direct {
    DIRECT_SENT,   /* or what did not fit waits in the connection's output */
    DIRECT_NOT,    /* nothing was sent: the usual way is the one (TLS, output waits already) */
    DIRECT_FAILED, /* memory lacked in the middle: the connection is of no use any more */
};

/* `r` as one chunk of the reply, whose header has left by evhttp. */
enum direct direct_send(struct http *http, struct evhttp_request *request, struct rendering *r);

#endif

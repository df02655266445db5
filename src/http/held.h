/* A request whose reply comes later: it waits for the disk, or for a change. Its connection
 * may go before; then whoever holds the request is told.
 *
 * The end of what a client sends may be the end of the connection, or only of that half of it:
 * nothing tells them apart before something is sent. Who waits for a change is taken to be gone
 * then, or the waits of all who left would pile up; a write is made and has its reply at once,
 * so that is still sent, and only an error ends it before. Over TLS the end of input is always
 * the end: libevent stops the stream then, and no reply is sent.
 * Used inside http/ only. */
#ifndef DISC_HTTP_HELD_H
#define DISC_HTTP_HELD_H

#include "http/state.h"

struct held;

/* What the end of input means. */
enum held_end { HELD_ENDS_ALL, HELD_ENDS_SENDING };

/* Holds call->request from now on; the call itself ends. `lost` (never called from inside
 * this, or after held_release): the client is gone, `context` is to be freed, `h` is freed
 * already. NULL when memory lacks, or one who waits for a change has sent a lot behind the
 * request already: it is still to be replied to. */
struct held *held_open(struct call *call, enum held_end end, void (*lost)(void *context),
                       void *context);

/* Frees `h`. The request is the caller's to reply to, now. */
struct evhttp_request *held_release(struct held *h);

/* The connection is going down: frees what is held on it and calls `lost`. */
void held_closed(struct http *http, const struct evhttp_connection *connection);

/* Ends all by closing their connections; calls `lost` of each. */
void held_close_all(struct http *http);

#endif

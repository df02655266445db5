/* Long replies: produced piece by piece, a slice of them in each turn of the loop,
 * and only as fast as the client reads. What fits the first slice is sent as one
 * reply with its length.
 *
 *     open -> ready -> a slice -> waits until the client took it -> ready ...
 *                            \-> the last one: done
 *
 * Used inside http/ only. */
#ifndef DISC_HTTP_STREAM_H
#define DISC_HTTP_STREAM_H

#include "http/state.h"

enum piece {
    PIECE_MORE, /* call again; perhaps nothing was added */
    PIECE_END,
    PIECE_FAILED, /* memory lacked */
    PIECE_HANDED, /* the source's `reply` is to reply; only while nothing was added */
};

struct stream_source {
    /* Appends the next piece, a few kB at most. */
    enum piece (*next)(void *state, struct evbuffer *out);
    void (*free)(void *state);
    void (*reply)(void *state, struct call *call); /* NULL: never PIECE_HANDED */
    size_t (*size)(const void *state); /* bytes it holds by now; NULL: as stream_open was told */
};

/* Replies to the request from now on; header fields set before stay. Takes `state`,
 * a block of `size` bytes, in every case (freed when it ends). When all unfinished replies hold
 * too much the one that wants more is refused, or cut off if it has begun. */
void stream_open(struct call *call, const struct stream_source *source, void *state, size_t size);

/* The event behind struct http's turn; NULL when memory lacks. */
struct event *stream_turn_new(struct http *http);

/* The connection is going down. */
void stream_closed(struct http *http, const struct evhttp_connection *connection);
/* Ends all that are unfinished by closing their connections. */
void stream_close_all(struct http *http);

#endif

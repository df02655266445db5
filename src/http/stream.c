#include "http/stream.h"

#include <event2/buffer.h>
#include <event2/http_struct.h>
#include <stdlib.h>

#include "http/reply.h"

enum {
    SLICE_BYTES = 65536,          /* of output that wait for the client, per reply */
    HELD_MAX = 128 * 1024 * 1024, /* of all unfinished replies */
};

struct stream {
    TAILQ_ENTRY(stream) link, turn; /* in http->streams; in http->ready when `ready` */
    struct http *http;
    struct evhttp_request *request;
    const struct evhttp_connection *connection;
    const struct stream_source *source;
    void *state;
    size_t size, held;
    bool ready, started;
};

/* Through the timers, so that sockets are looked at before the next slice. */
static void wake(struct http *http)
{
    static const struct timeval at_once = {0, 0};
    event_add(http->turn, &at_once);
}

static void make_ready(struct stream *s)
{
    if (s->ready)
        return;
    s->ready = true;
    TAILQ_INSERT_TAIL(&s->http->ready, s, turn);
    wake(s->http);
}

static void make_unready(struct stream *s)
{
    if (s->ready)
        TAILQ_REMOVE(&s->http->ready, s, turn);
    s->ready = false;
}

/* The stream is one no more. Leaves its request and its state alone. */
static void leave(struct stream *s)
{
    make_unready(s);
    TAILQ_REMOVE(&s->http->streams, s, link);
    s->http->held -= s->held;
}

/* Leaves the request alone. */
static void stream_free(struct stream *s)
{
    leave(s);
    s->source->free(s->state);
    free(s);
}

static void hand_over(struct stream *s)
{
    struct call call = {.http = s->http, .request = s->request};

    leave(s);
    s->source->reply(s->state, &call);
    s->source->free(s->state);
    free(s);
}

/* Too late for another status: the missing end tells the client. */
static void abort_reply(struct stream *s)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(s->request);

    stream_free(s);
    evhttp_connection_free(connection);
}

static void refuse(struct stream *s, const char *why)
{
    struct http *http = s->http;
    struct evhttp_request *request = s->request;

    stream_free(s);
    reply_header(request, "Retry-After", "1");
    reply_problem(http, request, 503, "%s; try again later", why);
}

/* The client took all that was sent. */
static void flushed(struct evhttp_connection *connection, void *context)
{
    (void)connection;
    make_ready(context);
}

static void send_whole(struct stream *s, struct evbuffer *body)
{
    struct http *http = s->http;
    struct evhttp_request *request = s->request;

    stream_free(s);
    reply_send(http, request, 200, body);
}

static void send_last(struct stream *s, struct evbuffer *out)
{
    struct evhttp_request *request = s->request;

    stream_free(s);
    evhttp_send_reply_chunk(request, out);
    evhttp_send_reply_end(request);
}

/* Counts what it holds now. False: with that, all together hold too much. */
static bool account(struct stream *s)
{
    size_t size = s->source->size ? s->source->size(s->state) : s->size;

    if (s->started)
        size += SLICE_BYTES;
    s->http->held += size - s->held;
    bool grew = size > s->held;
    s->held = size;
    return !grew || s->http->held <= HELD_MAX;
}

static bool start(struct stream *s)
{
    struct http *http = s->http;

    s->started = true;
    if (!account(s)) {
        s->started = false;
        return false;
    }
    /* Before HTTP/1.1 only the connection's end ends a body of unknown length; evhttp
     * would keep the connection and write Content-Length: 0. */
    if (s->request->major == 1 && s->request->minor == 0)
        evhttp_remove_header(evhttp_request_get_input_headers(s->request), "Connection");
    reply_begin(http, s->request, 200);
    evhttp_send_reply_start(s->request, 200, reply_reason(200));
    return true;
}

static void end_for_room(struct stream *s)
{
    if (s->started)
        abort_reply(s);
    else
        refuse(s, "too many long replies are under way");
}

static void deliver(struct stream *s, enum piece piece, struct evbuffer *out)
{
    if (piece == PIECE_HANDED)
        hand_over(s);
    else if (piece == PIECE_FAILED && s->started)
        abort_reply(s);
    else if (piece == PIECE_FAILED)
        refuse(s, "out of memory");
    else if (piece == PIECE_END && s->started)
        send_last(s, out);
    else if (piece == PIECE_END)
        send_whole(s, out);
    else if (!account(s) || (evbuffer_get_length(out) && !s->started && !start(s)))
        end_for_room(s);
    else if (evbuffer_get_length(out) == 0)
        make_ready(s);
    else
        evhttp_send_reply_chunk_with_cb(s->request, out, flushed, s);
}

static void run(struct stream *s, uint64_t began_us)
{
    const struct http_backend *backend = &s->http->backend;
    struct evbuffer *out = evbuffer_new();
    enum piece piece = PIECE_FAILED;

    if (out) {
        do
            piece = s->source->next(s->state, out);
        while (piece == PIECE_MORE && evbuffer_get_length(out) < SLICE_BYTES &&
               backend->stopwatch_us(backend->context) - began_us < HTTP_SLICE_MS * 1000);
        deliver(s, piece, out);
        evbuffer_free(out);
    } else {
        deliver(s, piece, NULL);
    }
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    struct http *http = context;
    const struct http_backend *backend = &http->backend;
    uint64_t began_us = backend->stopwatch_us(backend->context);
    struct stream *s;

    (void)fd;
    (void)what;
    while ((s = TAILQ_FIRST(&http->ready))) {
        make_unready(s);
        run(s, began_us);
        if (backend->stopwatch_us(backend->context) - began_us >= HTTP_SLICE_MS * 1000)
            break;
    }
    if (!TAILQ_EMPTY(&http->ready))
        wake(http);
}

struct event *stream_turn_new(struct http *http)
{
    return evtimer_new(http->backend.base, on_turn, http);
}

/* The length of what GET would get is not known without producing it, so none is told. */
static void answer_head(struct call *call)
{
    reply_begin(call->http, call->request, 200);
    evhttp_send_reply(call->request, 200, reply_reason(200), NULL);
}

void stream_open(struct call *call, const struct stream_source *source, void *state, size_t size)
{
    struct http *http = call->http;

    if (evhttp_request_get_command(call->request) == EVHTTP_REQ_HEAD) {
        source->free(state);
        answer_head(call);
        return;
    }
    struct stream *s = calloc(1, sizeof(*s));

    if (!s || http->held + size > HELD_MAX) {
        free(s);
        source->free(state);
        reply_problem(http, call->request, 503,
                      "no memory for another long reply; try again later");
        return;
    }
    *s = (struct stream){
        .http = http,
        .request = call->request,
        .connection = evhttp_request_get_connection(call->request),
        .source = source,
        .state = state,
        .size = size,
        .held = size,
    };
    http->held += size;
    TAILQ_INSERT_TAIL(&http->streams, s, link);
    make_ready(s);
}

void stream_closed(struct http *http, const struct evhttp_connection *connection)
{
    struct stream *s;

    TAILQ_FOREACH(s, &http->streams, link)
    if (s->connection == connection)
        break;
    if (!s)
        return;
    struct evhttp_request *request = s->request;
    stream_free(s);
    reply_lost(request);
}

void stream_close_all(struct http *http)
{
    struct stream *s;

    while ((s = TAILQ_FIRST(&http->streams)))
        abort_reply(s);
}

#include "http/event_stream.h"

#include <event2/bufferevent.h>
#include <event2/http_struct.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/timeval.h"
#include "http/direct.h"
#include "http/reply.h"
#include "http/wait.h"

/* Bytes of further requests, which are never answered. Beyond that nothing is read, and so
 * nothing tells that the client went: the stream ends. */
enum { AHEAD_MAX = 4096 };

struct event_stream {
    struct subscription subscription;
    TAILQ_ENTRY(event_stream) link; /* by the time of the next beat */
    struct http *http;
    struct evhttp_request *request;
    struct evhttp_connection *connection;
    const struct event_source *source;
    struct position position;
    uint64_t beat_ms; /* lease ms */
    bool started;     /* something was sent by evhttp */
    bool sent_too_far;
    bool lagging; /* told on once it has taken what it was sent */
};
TAILQ_HEAD(event_stream_list, event_stream);

struct event_streams {
    struct http *http;
    struct map by_connection;
    struct event_stream_list list;
    struct event *beat;
    struct evbuffer *out; /* empty between two sends */
    struct rendering *hello, *comment;
};

static bool stream_is(const void *entry, const void *key)
{
    const struct event_stream *s = entry;
    return s->connection == key;
}

/* ---- the end of a stream ------------------------------------------------------------- */

static struct evbuffer *input_of(const struct event_stream *s)
{
    return bufferevent_get_input(evhttp_connection_get_bufferevent(s->connection));
}

/* evhttp has the callbacks of the connection. Called from amid its reading, so that it can
 * only be ended in a later turn. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *context)
{
    struct event_stream *s = context;

    (void)info;
    if (evbuffer_get_length(input) < AHEAD_MAX)
        return;
    s->sent_too_far = true;
    topics_poke(s->http->topics, &s->subscription);
}

/* Leaves the request alone. */
static void stream_free(struct event_stream *s)
{
    struct event_streams *all = s->http->event_streams;

    evbuffer_remove_cb(input_of(s), on_input, s);
    topics_unsubscribe(s->http->topics, &s->subscription);
    map_remove(&all->by_connection, hash_pointer(s->connection), s);
    TAILQ_REMOVE(&all->list, s, link);
    s->source->leave(s->http, &s->position);
    free(s);
}

static void abort_stream(struct event_stream *s)
{
    struct evhttp_connection *connection = s->connection;

    stream_free(s);
    evhttp_connection_free(connection);
}

void event_stream_closed(struct http *http, const struct evhttp_connection *connection)
{
    struct event_stream *s = map_find(&http->event_streams->by_connection, hash_pointer(connection),
                                      stream_is, connection);

    if (!s)
        return;
    struct evhttp_request *request = s->request;
    stream_free(s);
    reply_lost(request);
}

/* ---- sending -------------------------------------------------------------------------- */

static size_t unsent(const struct event_stream *s)
{
    struct bufferevent *stream = evhttp_connection_get_bufferevent(s->connection);
    return evbuffer_get_length(bufferevent_get_output(stream));
}

static void arm(struct event_streams *all)
{
    const struct event_stream *next = TAILQ_FIRST(&all->list);

    if (!next || evtimer_pending(all->beat, NULL))
        return;
    uint64_t now = http_now(all->http).lease_ms,
             after = next->beat_ms > now ? next->beat_ms - now : 0;
    struct timeval then = timeval_of(after);
    event_add(all->beat, &then);
}

static void put_off_beat(struct event_stream *s)
{
    struct event_streams *all = s->http->event_streams;

    s->beat_ms = http_now(s->http).lease_ms + EVENTS_BEAT_MS;
    TAILQ_REMOVE(&all->list, s, link);
    TAILQ_INSERT_TAIL(&all->list, s, link);
}

/* The client took all that was sent. */
static void flushed(struct evhttp_connection *connection, void *context)
{
    struct event_stream *s = context;

    (void)connection;
    if (!s->lagging)
        return;
    s->lagging = false;
    topics_poke(s->http->topics, &s->subscription);
}

/* The first one sets who is told that the client took all. */
static enum err send_usual(struct event_stream *s, struct rendering *r)
{
    struct evbuffer *out = s->http->event_streams->out;
    enum err err = rendering_add(r, out);

    if (err)
        return err;
    evhttp_send_reply_chunk_with_cb(s->request, out, flushed, s);
    s->started = true;
    return ERR_OK;
}

/* When it fails the stream is of no use any more. */
static enum err send_to(struct event_stream *s, struct rendering *r)
{
    enum direct direct = s->started ? direct_send(s->http, s->request, r) : DIRECT_NOT;
    enum err err = direct == DIRECT_FAILED ? ERR_MEMORY : ERR_OK;

    if (direct == DIRECT_NOT)
        err = send_usual(s, r);
    put_off_beat(s);
    return err;
}

/* A state in parts goes on when the client has taken the part before: it is told as fast as
 * it reads. */
static void tell(struct event_stream *s)
{
    struct rendering *out = NULL;
    enum news news = s->source->next(s->http, s->subscription.topic, &s->position, &out);

    if ((news == NEWS_LAST || news == NEWS_MORE) && send_to(s, out) != ERR_OK)
        news = NEWS_FAILED;
    rendering_drop(out);
    if (news == NEWS_FAILED)
        abort_stream(s);
    else if (news == NEWS_MORE && s->position.walk && unsent(s))
        s->lagging = true;
    else if (news == NEWS_MORE || news == NEWS_LATER)
        topics_poke(s->http->topics, &s->subscription);
}

static void run(struct subscription *subscription)
{
    struct event_stream *s = (struct event_stream *)subscription; /* its first member */

    if (s->sent_too_far) {
        abort_stream(s);
        return;
    }
    if (s->lagging)
        return;
    if (unsent(s) > EVENTS_UNSENT_MAX)
        s->lagging = true;
    else
        tell(s);
}

/* Tells proxies on the way, and the client, that the server is there; tells the server of a
 * client that is not. One that has not taken what it was sent has no use for more. */
static void on_beat(evutil_socket_t fd, short what, void *context)
{
    struct event_streams *all = context;
    const struct http_backend *backend = &all->http->backend;
    uint64_t began_us = backend->stopwatch_us(backend->context), now = http_now(all->http).lease_ms;
    struct event_stream *s;

    (void)fd;
    (void)what;
    while ((s = TAILQ_FIRST(&all->list)) && s->beat_ms <= now) {
        if (unsent(s))
            put_off_beat(s);
        else if (send_to(s, all->comment) != ERR_OK)
            abort_stream(s);
        if (backend->stopwatch_us(backend->context) - began_us >= HTTP_SLICE_MS * UINT64_C(1000))
            break;
    }
    arm(all);
}

void event_streams_look(struct event_streams *all, uint64_t now_ms)
{
    static const struct timeval at_once = {0, 0};
    const struct event_stream *next = TAILQ_FIRST(&all->list);

    if (next && next->beat_ms <= now_ms)
        event_add(all->beat, &at_once);
}

/* ---- opening -------------------------------------------------------------------------- */

static struct event_stream *stream_new(struct call *call, const struct event_source *source,
                                       const struct position *from)
{
    struct event_streams *all = call->http->event_streams;
    struct event_stream *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    *s = (struct event_stream){
        .subscription.run = run,
        .http = call->http,
        .request = call->request,
        .connection = evhttp_request_get_connection(call->request),
        .source = source,
        .position = *from,
    };
    if (map_insert(&all->by_connection, hash_pointer(s->connection), s) != ERR_OK) {
        free(s);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&all->list, s, link);
    return s;
}

static void start(struct event_stream *s)
{
    struct evhttp_request *request = s->request;
    struct bufferevent *stream = evhttp_connection_get_bufferevent(s->connection);

    bufferevent_setwatermark(stream, EV_READ, 0, AHEAD_MAX);
    s->sent_too_far =
        evbuffer_get_length(input_of(s)) >= AHEAD_MAX || !evbuffer_add_cb(input_of(s), on_input, s);
    /* As a long reply: before HTTP/1.1 it ends with the connection. */
    if (request->major == 1 && request->minor == 0)
        evhttp_remove_header(evhttp_request_get_input_headers(request), "Connection");
    reply_header(request, "Content-Type", "text/event-stream");
    reply_header(request, "X-Accel-Buffering", "no");
    reply_begin(s->http, request, 200);
    evhttp_send_reply_start(request, 200, reply_reason(200));
    (void)send_to(s, s->http->event_streams->hello); /* it does without */
    topics_poke(s->http->topics, &s->subscription);
}

static void refuse(struct call *call, const char *why)
{
    reply_header(call->request, "Retry-After", "1");
    reply_problem(call->http, call->request, 503, "%s; try again later", why);
}

void event_stream_open(struct call *call, const struct event_source *source, struct text ns,
                       struct text service, const struct position *from)
{
    struct http *http = call->http;

    if (http_watchers(http) >= WATCHERS_MAX) {
        refuse(call, "too many clients are watching");
        return;
    }
    struct event_stream *s = stream_new(call, source, from);
    if (!s) {
        refuse(call, "out of memory");
    } else if (topics_subscribe(http->topics, ns, service, &s->subscription) != ERR_OK) {
        stream_free(s);
        refuse(call, "out of memory");
    } else {
        start(s);
        arm(http->event_streams);
    }
}

uint32_t event_streams_count(const struct event_streams *all)
{
    return (uint32_t)all->by_connection.count;
}

/* ---- life ------------------------------------------------------------------------------ */

static struct rendering *constant(struct evbuffer *out, const char *text)
{
    return evbuffer_add_printf(out, "%s", text) < 0 ? NULL : rendering_of(out);
}

struct event_streams *event_streams_new(struct http *http)
{
    struct event_streams *all = calloc(1, sizeof(*all));

    if (!all)
        return NULL;
    all->http = http;
    TAILQ_INIT(&all->list);
    all->beat = evtimer_new(http->backend.base, on_beat, all);
    all->out = evbuffer_new();
    all->hello = all->out ? constant(all->out, "retry: 1000\n\n") : NULL;
    all->comment = all->out ? constant(all->out, ":\n\n") : NULL;
    if (all->beat && all->hello && all->comment)
        return all;
    event_streams_free(all);
    return NULL;
}

void event_streams_free(struct event_streams *all)
{
    struct event_stream *s;

    if (!all)
        return;
    while ((s = TAILQ_FIRST(&all->list)))
        abort_stream(s);
    map_deinit(&all->by_connection);
    if (all->beat)
        event_free(all->beat);
    if (all->out)
        evbuffer_free(all->out);
    rendering_drop(all->hello);
    rendering_drop(all->comment);
    free(all);
}

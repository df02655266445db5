#include "http/held.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http_struct.h>
#include <stdlib.h>

#include "base/hash.h"
#include "http/reply.h"

/* What a client may send ahead while its request is held stays in memory up to here, and the
 * rest in the kernel. While that is full, nothing tells that the client went: a wait, which may
 * be long, ends there. */
enum { AHEAD_MAX = 4096 };

struct held {
    LIST_ENTRY(held) link;
    struct http *http;
    struct evhttp_request *request;
    struct evhttp_connection *connection;
    enum held_end end;
    void (*lost)(void *context);
    void *context;
    /* evhttp's own, which the reply is given back to. */
    bufferevent_data_cb readable, writable;
    bufferevent_event_cb happened;
    void *argument;
    size_t input_max;
};

static bool held_is(const void *entry, const void *key)
{
    const struct held *h = entry;
    return h->connection == key;
}

/* ---- noticing that the client went ------------------------------------------------ */

/* The end of the stream, an error, or a deadline of the listener's. Freeing the connection
 * calls its close callback, and that held_closed. */
static void on_event(struct bufferevent *stream, short what, void *context)
{
    const struct held *h = context;
    short fatal = BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT;

    (void)stream;
    if (h->end == HELD_ENDS_ALL)
        fatal |= BEV_EVENT_EOF;
    if (what & fatal)
        evhttp_connection_free(h->connection);
}

static void on_input(struct bufferevent *stream, void *context)
{
    const struct held *h = context;

    if (evbuffer_get_length(bufferevent_get_input(stream)) >= AHEAD_MAX)
        evhttp_connection_free(h->connection);
}

/* evhttp stops reading once it has a request and so never learns that the client went. Its
 * read callback must not see what arrives meanwhile: it ends the process for a state that it
 * does not expect. The bytes stay for the next request. */
static void listen_in(struct held *h)
{
    struct bufferevent *stream = evhttp_connection_get_bufferevent(h->connection);

    bufferevent_getcb(stream, &h->readable, &h->writable, &h->happened, &h->argument);
    bufferevent_getwatermark(stream, EV_READ, NULL, &h->input_max);
    bufferevent_setwatermark(stream, EV_READ, 0, AHEAD_MAX);
    bufferevent_setcb(stream, h->end == HELD_ENDS_ALL ? on_input : NULL, NULL, on_event, h);
    bufferevent_enable(stream, EV_READ);
}

static void give_back(const struct held *h)
{
    struct bufferevent *stream = evhttp_connection_get_bufferevent(h->connection);

    bufferevent_disable(stream, EV_READ);
    bufferevent_setcb(stream, h->readable, h->writable, h->happened, h->argument);
    bufferevent_setwatermark(stream, EV_READ, 0, h->input_max);
}

/* ---- holding ------------------------------------------------------------------------ */

static bool sent_too_far(struct evhttp_connection *connection, enum held_end end)
{
    struct bufferevent *stream = evhttp_connection_get_bufferevent(connection);

    return end == HELD_ENDS_ALL && evbuffer_get_length(bufferevent_get_input(stream)) >= AHEAD_MAX;
}

struct held *held_open(struct call *call, enum held_end end, void (*lost)(void *context),
                       void *context)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(call->request);
    struct held *h = sent_too_far(connection, end) ? NULL : calloc(1, sizeof(*h));

    if (!h)
        return NULL;
    *h = (struct held){
        .http = call->http,
        .request = call->request,
        .connection = connection,
        .end = end,
        .lost = lost,
        .context = context,
    };
    if (map_insert(&call->http->holds, hash_pointer(connection), h) != ERR_OK) {
        free(h);
        return NULL;
    }
    LIST_INSERT_HEAD(&call->http->hold_list, h, link);
    listen_in(h);
    return h;
}

static void forget(struct held *h)
{
    map_remove(&h->http->holds, hash_pointer(h->connection), h);
    LIST_REMOVE(h, link);
    free(h);
}

struct evhttp_request *held_release(struct held *h)
{
    struct evhttp_request *request = h->request;

    give_back(h);
    forget(h);
    return request;
}

void held_closed(struct http *http, const struct evhttp_connection *connection)
{
    struct held *h = map_find(&http->holds, hash_pointer(connection), held_is, connection);

    if (!h)
        return;
    void (*lost)(void *context) = h->lost;
    void *context = h->context;
    struct evhttp_request *request = h->request;
    forget(h);
    reply_lost(request);
    lost(context);
}

void held_close_all(struct http *http)
{
    struct held *h;

    while ((h = LIST_FIRST(&http->hold_list))) {
        struct evhttp_connection *connection = h->connection;
        void (*lost)(void *context) = h->lost;
        void *context = h->context;
        forget(h);
        evhttp_connection_free(connection);
        lost(context);
    }
    map_deinit(&http->holds);
}

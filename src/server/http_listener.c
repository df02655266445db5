#include "server/http_listener.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/counter.h"
#include "base/hash.h"
#include "base/map.h"
#include "server/http_stream.h"
#include "server/tcp_quota.h"

enum {
    PAUSE_MS = 100, /* at most, when descriptors or memory have run out, or too many come */
    /* A client may send on while it is answered; more than the largest request is left
     * in the kernel. */
    INPUT_MAX = HTTP_HEADER_MAX + HTTP_BODY_MAX + 4096,
    /* A handshake is a millisecond of arithmetic, and anybody may ask for one. */
    HANDSHAKES_PER_PAUSE = 20,
};

enum phase {
    PHASE_NEW,       /* evhttp is still setting it up */
    PHASE_READING,   /* some of a request is there, or the first one is awaited */
    PHASE_ANSWERING, /* http/ has it */
    PHASE_IDLE,      /* between two requests */
};

struct guard {
    TAILQ_ENTRY(guard) link; /* in `fresh` or `idle` */
    struct http_listener *listener;
    struct bufferevent *stream;           /* counted reference while PHASE_NEW */
    struct evhttp_connection *connection; /* NULL while PHASE_NEW */
    struct addr from;
    struct event *timer;
    enum phase phase;
};
TAILQ_HEAD(guards, guard);

/* Sockets of one kind. */
struct door {
    struct evhttp *evhttp;
    struct evconnlistener **sockets; /* freed by evhttp */
    size_t count;
};

struct http_listener {
    struct event_base *base;
    struct http *http;
    struct door plain, secure;
    SSL_CTX *tls;        /* of the secure; NULL = there are none */
    unsigned handshakes; /* begun since `resume` was last run */
    struct tcp_quota *quota;
    struct http_deadlines deadlines;
    struct guards fresh;  /* PHASE_NEW */
    struct guards idle;   /* PHASE_IDLE, the longest first */
    struct map guards;    /* all but the fresh, by connection */
    struct event *look;   /* a connection is set up */
    struct event *resume; /* every PAUSE_MS */
    struct counter refused;
};

/* ---- one connection ------------------------------------------------------------- */

static uint64_t connection_hash(const struct evhttp_connection *connection)
{
    return (uint64_t)((uintptr_t)connection >> 4) * 0x9e3779b97f4a7c15u >> 32;
}

static bool guard_is(const void *entry, const void *key)
{
    const struct guard *g = entry;
    return g->connection == key;
}

static struct guard *guard_find(const struct http_listener *l,
                                const struct evhttp_connection *connection)
{
    return map_find(&l->guards, connection_hash(connection), guard_is, connection);
}

static struct timeval timeval_of(uint32_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

static void enter(struct guard *g, enum phase phase)
{
    struct http_listener *l = g->listener;
    struct timeval reading = timeval_of(l->deadlines.request_ms),
                   idle = timeval_of(l->deadlines.idle_ms);

    if (g->phase == PHASE_IDLE)
        TAILQ_REMOVE(&l->idle, g, link);
    g->phase = phase;
    if (phase == PHASE_IDLE)
        TAILQ_INSERT_TAIL(&l->idle, g, link);
    if (phase == PHASE_READING)
        event_add(g->timer, &reading);
    else if (phase == PHASE_IDLE)
        event_add(g->timer, &idle);
    else
        event_del(g->timer);
}

static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *context)
{
    struct guard *g = context;

    (void)input;
    if (info->n_added && g->phase == PHASE_IDLE)
        enter(g, PHASE_READING);
}

/* evhttp closes the connection as on a time-out of its own; the guard is gone then. */
static void give_up(struct guard *g)
{
    bufferevent_trigger_event(g->stream, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    give_up(context);
}

static void guard_free(struct guard *g)
{
    event_free(g->timer);
    free(g);
}

static void on_close(struct evhttp_connection *connection, void *context)
{
    struct guard *g = context;
    struct http_listener *l = g->listener;

    http_closed(l->http, connection);
    if (g->phase == PHASE_IDLE)
        TAILQ_REMOVE(&l->idle, g, link);
    evbuffer_remove_cb(bufferevent_get_input(g->stream), on_input, g);
    map_remove(&l->guards, connection_hash(connection), g);
    tcp_quota_leave(l->quota, &g->from);
    guard_free(g);
}

static void on_answered(struct evhttp_request *request, void *context)
{
    struct guard *g = context;

    (void)request;
    bool more = evbuffer_get_length(bufferevent_get_input(g->stream)) > 0;
    enter(g, more ? PHASE_READING : PHASE_IDLE);
}

static void on_request(struct evhttp_request *request, void *context)
{
    struct http_listener *l = context;
    struct guard *g = guard_find(l, evhttp_request_get_connection(request));

    if (!g) { /* memory lacked when it was accepted; this closes it, too */
        evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
        return;
    }
    enter(g, PHASE_ANSWERING);
    evhttp_request_set_on_complete_cb(request, on_answered, g);
    http_handle(l->http, request);
}

/* ---- accepting ------------------------------------------------------------------ */

static struct guard *guard_new(struct http_listener *l, struct bufferevent *stream)
{
    struct guard *g = calloc(1, sizeof(*g));

    if (!g)
        return NULL;
    *g = (struct guard){.listener = l, .stream = stream, .phase = PHASE_NEW};
    g->timer = evtimer_new(l->base, on_deadline, g);
    if (g->timer)
        return g;
    free(g);
    return NULL;
}

/* Whose stream it is shows when evhttp is done with it: then `look` runs, before anything is
 * read. NULL stays NULL. */
static struct bufferevent *stand_guard(struct http_listener *l, struct bufferevent *stream)
{
    struct timeval stall = timeval_of(l->deadlines.stall_ms);

    if (!stream)
        return NULL;
    bufferevent_setwatermark(stream, EV_READ, 0, INPUT_MAX);
    struct guard *g = guard_new(l, stream);
    if (!g) {
        bufferevent_set_timeouts(stream, &stall, &stall);
        return stream;
    }
    bufferevent_set_timeouts(stream, NULL, &stall);
    bufferevent_incref(stream);
    TAILQ_INSERT_TAIL(&l->fresh, g, link);
    event_active(l->look, EV_TIMEOUT, 0);
    return stream;
}

static void set_open(const struct door *door, bool open)
{
    for (size_t n = 0; n < door->count; n++)
        if (open)
            evconnlistener_enable(door->sockets[n]);
        else
            evconnlistener_disable(door->sockets[n]);
}

/* evhttp asks for the stream of a connection that it accepted. */
static struct bufferevent *on_accept(struct event_base *base, void *context)
{
    return stand_guard(context, http_stream_plain(base));
}

static struct bufferevent *on_accept_secure(struct event_base *base, void *context)
{
    struct http_listener *l = context;

    if (++l->handshakes >= HANDSHAKES_PER_PAUSE)
        set_open(&l->secure, false); /* the others wait in the kernel */
    return stand_guard(l, http_stream_tls(base, l->tls));
}

/* Makes room by closing whoever waits longest without a request. */
static bool enter_quota(struct http_listener *l, const struct addr *from)
{
    enum tcp_admission admission = tcp_quota_enter(l->quota, from);

    if (admission == TCP_FULL && !TAILQ_EMPTY(&l->idle)) {
        give_up(TAILQ_FIRST(&l->idle));
        admission = tcp_quota_enter(l->quota, from);
    }
    return admission == TCP_ADMITTED;
}

static enum err admit(struct guard *g)
{
    struct http_listener *l = g->listener;
    struct evbuffer *input = bufferevent_get_input(g->stream);
    const struct sockaddr *sa = evhttp_connection_get_addr(g->connection);
    struct endpoint from;

    if (!sa || endpoint_from_sockaddr(sa, &from) != ERR_OK)
        return ERR_VALUE;
    g->from = from.addr;
    if (!enter_quota(l, &g->from))
        return ERR_FULL;
    if (map_insert(&l->guards, connection_hash(g->connection), g) != ERR_OK)
        goto leave;
    if (evbuffer_add_cb(input, on_input, g))
        return ERR_OK;
    map_remove(&l->guards, connection_hash(g->connection), g);
leave:
    tcp_quota_leave(l->quota, &g->from);
    return ERR_MEMORY;
}

static void look_at(struct guard *g)
{
    struct bufferevent *stream = g->stream;
    void *connection = NULL;

    /* evhttp's connection is the argument of the callbacks that it set, NULL when it
     * gave the connection up. There is no other way to ask for it before a request. */
    bufferevent_getcb(stream, NULL, NULL, NULL, &connection);
    g->connection = connection;
    if (connection && admit(g) == ERR_OK) {
        evhttp_connection_set_closecb(g->connection, on_close, g);
        enter(g, PHASE_READING);
    } else {
        if (connection) {
            counter_up(&g->listener->refused);
            evhttp_connection_free(connection);
        }
        guard_free(g);
    }
    bufferevent_decref(stream);
}

static void on_look(evutil_socket_t fd, short what, void *context)
{
    struct http_listener *l = context;
    struct guard *g;

    (void)fd;
    (void)what;
    while ((g = TAILQ_FIRST(&l->fresh))) {
        TAILQ_REMOVE(&l->fresh, g, link);
        look_at(g);
    }
}

/* Accepting failed: no descriptor, or no memory. The socket stays readable, so going on
 * would spin. evhttp is the argument here and leads to nothing of ours: `resume` wakes
 * the socket up. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
    (void)context;
    evconnlistener_disable(listener);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    struct http_listener *l = context;

    (void)fd;
    (void)what;
    l->handshakes = 0;
    set_open(&l->plain, true);
    set_open(&l->secure, true);
}

/* ---- the listener --------------------------------------------------------------- */

static enum err take_socket(struct http_listener *l, struct door *door, int fd)
{
    struct evconnlistener *listener;

    http_stream_tune(fd);
    listener = evconnlistener_new(l->base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!listener)
        return ERR_MEMORY;
    if (!evhttp_bind_listener(door->evhttp, listener)) {
        evconnlistener_free(listener);
        return ERR_MEMORY;
    }
    evconnlistener_set_error_cb(listener, on_accept_error);
    door->sockets[door->count++] = listener;
    return ERR_OK;
}

static enum err open_door(struct http_listener *l, struct door *door,
                          struct bufferevent *(*accept)(struct event_base *base, void *context),
                          const int *fds, size_t n)
{
    door->evhttp = evhttp_new(l->base);
    door->sockets = calloc(n ? n : 1, sizeof(*door->sockets));
    if (!door->evhttp || !door->sockets)
        return ERR_MEMORY;
    evhttp_set_max_headers_size(door->evhttp, HTTP_HEADER_MAX);
    evhttp_set_max_body_size(door->evhttp, HTTP_BODY_MAX);
    evhttp_set_allowed_methods(door->evhttp, UINT16_MAX); /* http/ says 405 itself */
    evhttp_set_bevcb(door->evhttp, accept, l);
    evhttp_set_gencb(door->evhttp, on_request, l);
    for (size_t i = 0; i < n; i++)
        if (take_socket(l, door, fds[i]) != ERR_OK)
            return ERR_MEMORY;
    return ERR_OK;
}

static bool make_parts(struct http_listener *l)
{
    l->look = event_new(l->base, -1, 0, on_look, l);
    l->resume = event_new(l->base, -1, EV_PERSIST, on_resume, l);
    return l->quota && l->look && l->resume;
}

struct http_listener *http_listener_new(struct event_base *base, struct http *http, const int *fds,
                                        size_t n, uint32_t connections_max, uint32_t per_ip)
{
    static const struct timeval pause = {.tv_usec = PAUSE_MS * 1000};
    struct http_listener *l = calloc(1, sizeof(*l));
    struct hash_key key;

    if (!l)
        return NULL;
    *l = (struct http_listener){
        .base = base,
        .http = http,
        .deadlines = {.request_ms = 10000, .idle_ms = 15000, .stall_ms = 15000},
    };
    TAILQ_INIT(&l->fresh);
    TAILQ_INIT(&l->idle);
    randombytes_buf(&key, sizeof(key));
    l->quota = tcp_quota_new(connections_max, per_ip, &key);
    if (make_parts(l) && open_door(l, &l->plain, on_accept, fds, n) == ERR_OK &&
        event_add(l->resume, &pause) == 0)
        return l;
    http_listener_free(l);
    return NULL;
}

enum err http_listener_add_secure(struct http_listener *l, const int *fds, size_t n, SSL_CTX *tls)
{
    http_listener_set_tls(l, tls);
    return open_door(l, &l->secure, on_accept_secure, fds, n);
}

void http_listener_set_tls(struct http_listener *l, SSL_CTX *tls)
{
    SSL_CTX_up_ref(tls);
    SSL_CTX_free(l->tls);
    l->tls = tls;
}

void http_listener_free(struct http_listener *l)
{
    struct guard *g;

    if (!l)
        return;
    if (l->plain.evhttp)
        evhttp_free(l->plain.evhttp);
    if (l->secure.evhttp)
        evhttp_free(l->secure.evhttp);
    while ((g = TAILQ_FIRST(&l->fresh))) {
        TAILQ_REMOVE(&l->fresh, g, link);
        bufferevent_decref(g->stream);
        guard_free(g);
    }
    if (l->look)
        event_free(l->look);
    if (l->resume)
        event_free(l->resume);
    map_deinit(&l->guards);
    tcp_quota_free(l->quota);
    free(l->plain.sockets);
    free(l->secure.sockets);
    SSL_CTX_free(l->tls);
    free(l);
}

/* ---- stopping ------------------------------------------------------------------- */

void http_listener_stop(struct http_listener *l)
{
    event_del(l->resume);
    set_open(&l->plain, false);
    set_open(&l->secure, false);
}

static bool is_sending(const struct http_listener *l)
{
    const struct guard *g;
    size_t cursor = 0;

    while ((g = map_next(&l->guards, &cursor)))
        if (evbuffer_get_length(bufferevent_get_output(g->stream)))
            return true;
    return false;
}

static void on_time_up(evutil_socket_t fd, short what, void *context)
{
    bool *is_up = context;

    (void)fd;
    (void)what;
    *is_up = true;
}

void http_listener_flush(struct http_listener *l, uint32_t ms)
{
    bool is_up = false;
    struct timeval after = timeval_of(ms);
    struct event *timer = evtimer_new(l->base, on_time_up, &is_up);

    if (!timer || event_add(timer, &after) != 0)
        is_up = true;
    while (!is_up && is_sending(l))
        event_base_loop(l->base, EVLOOP_ONCE);
    if (timer)
        event_free(timer);
}

void http_listener_configure(struct http_listener *l, uint32_t connections_max, uint32_t per_ip)
{
    tcp_quota_configure(l->quota, connections_max, per_ip);
}

void http_listener_set_deadlines(struct http_listener *l, const struct http_deadlines *deadlines)
{
    l->deadlines = *deadlines;
}

uint32_t http_listener_connections(const struct http_listener *l)
{
    return (uint32_t)l->guards.count;
}

uint64_t http_listener_refused(const struct http_listener *l)
{
    return counter_get(&l->refused);
}

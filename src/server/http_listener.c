#include "server/http_listener.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/counter.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/timeval.h"
#include "server/clock.h"
#include "server/http_door.h"
#include "server/http_handshakes.h"
#include "server/http_stream.h"
#include "server/tcp_quota.h"

enum {
    PAUSE_MS = 100, /* at most, when descriptors or memory have run out, or too many come */
    /* A client may send on while it is answered; more than the largest request is left
     * in the kernel. */
    INPUT_MAX = HTTP_HEADER_MAX + HTTP_BODY_MAX + 4096,
    ACCEPTS_PER_TURN = 64, /* of the loop; the others wait in the kernel */
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
    struct handshake *handshake; /* NULL when over, or without TLS */
    enum phase phase;
    bool is_secure;
    bool ends; /* evhttp itself refused a request; the connection goes with its reply */
};
TAILQ_HEAD(guards, guard);

struct http_listener {
    struct event_base *base;
    struct http *http;
    struct http_door plain, secure;
    SSL_CTX *tls;      /* of the secure; NULL = there are none */
    unsigned accepted; /* since `look` was last run */
    struct handshakes *handshakes;
    struct tcp_quota *quota;
    struct http_deadlines deadlines;
    struct guards fresh;  /* PHASE_NEW */
    struct guards idle;   /* PHASE_IDLE, the longest first */
    struct map guards;    /* all but the fresh, by connection */
    struct event *look;   /* a connection is set up */
    struct event *resume; /* every PAUSE_MS */
    struct counter refused;
    bool stopped;
};

/* ---- one connection ------------------------------------------------------------- */

static bool guard_is(const void *entry, const void *key)
{
    const struct guard *g = entry;
    return g->connection == key;
}

static struct guard *guard_find(const struct http_listener *l,
                                const struct evhttp_connection *connection)
{
    return map_find(&l->guards, hash_pointer(connection), guard_is, connection);
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

/* What evhttp says while it reads is a refusal of its own, or 100 (Continue). It keeps a
 * connection open after one of CONNECT, and would go on in the middle of what it refused. */
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *context)
{
    static const char interim[] = "HTTP/1.1 1";
    struct guard *g = context;
    char front[sizeof(interim)] = "";

    if (g->phase != PHASE_READING)
        return;
    if (info->n_added && info->orig_size == 0)
        g->ends = evbuffer_copyout(output, front, sizeof(interim) - 1) < 0 ||
                  memcmp(front, interim, sizeof(interim) - 1) != 0;
    if (g->ends && info->n_deleted && evbuffer_get_length(output) == 0)
        event_active(g->timer, EV_TIMEOUT, 0);
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
    handshake_end(g->handshake);
    if (g->phase == PHASE_IDLE)
        TAILQ_REMOVE(&l->idle, g, link);
    evbuffer_remove_cb(bufferevent_get_input(g->stream), on_input, g);
    evbuffer_remove_cb(bufferevent_get_output(g->stream), on_output, g);
    map_remove(&l->guards, hash_pointer(connection), g);
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

static void set_all_open(struct http_listener *l, bool open)
{
    http_door_set(&l->plain, open);
    http_door_set(&l->secure, open);
}

/* Whose stream it is shows when evhttp is done with it: then `look` runs, before anything is
 * read. NULL stays NULL. */
static struct bufferevent *stand_guard(struct http_listener *l, struct bufferevent *stream,
                                       bool is_secure)
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
    g->is_secure = is_secure;
    bufferevent_incref(stream);
    TAILQ_INSERT_TAIL(&l->fresh, g, link);
    event_active(l->look, EV_TIMEOUT, 0);
    if (++l->accepted == ACCEPTS_PER_TURN)
        set_all_open(l, false);
    return stream;
}

/* evhttp asks for the stream of a connection that it accepted. */
static struct bufferevent *on_accept(struct event_base *base, void *context)
{
    return stand_guard(context, http_stream_plain(base), false);
}

static struct bufferevent *on_accept_secure(struct event_base *base, void *context)
{
    struct http_listener *l = context;

    return stand_guard(l, http_stream_tls(base, l->tls), true);
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
    struct evbuffer *input = bufferevent_get_input(g->stream),
                    *output = bufferevent_get_output(g->stream);
    const struct sockaddr *sa = evhttp_connection_get_addr(g->connection);
    struct endpoint from;

    if (!sa || endpoint_from_sockaddr(sa, &from) != ERR_OK)
        return ERR_VALUE;
    g->from = from.addr;
    if (!enter_quota(l, &g->from))
        return ERR_FULL;
    if (map_insert(&l->guards, hash_pointer(g->connection), g) != ERR_OK)
        goto leave;
    if (evbuffer_add_cb(input, on_input, g) && evbuffer_add_cb(output, on_output, g))
        return ERR_OK;
    (void)evbuffer_remove_cb(input, on_input, g);
    map_remove(&l->guards, hash_pointer(g->connection), g);
leave:
    tcp_quota_leave(l->quota, &g->from);
    return ERR_MEMORY;
}

static void on_handshake(void *context, bool good)
{
    struct guard *g = context;

    g->handshake = NULL;
    if (!good)
        give_up(g);
}

/* The request's deadline is the handshake's, too. */
static void watch(struct guard *g)
{
    struct http_listener *l = g->listener;

    evhttp_connection_set_closecb(g->connection, on_close, g);
    enter(g, PHASE_READING);
    if (!g->is_secure)
        return;
    g->handshake = handshake_begin(l->handshakes, g->stream, &g->from, on_handshake, g);
    if (!g->handshake)
        give_up(g);
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
        watch(g);
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
    if (l->accepted >= ACCEPTS_PER_TURN && !l->stopped)
        set_all_open(l, true);
    l->accepted = 0;
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    struct http_listener *l = context;

    (void)fd;
    (void)what;
    set_all_open(l, true);
}

/* ---- the listener --------------------------------------------------------------- */

static enum err open_door(struct http_listener *l, struct http_door *door,
                          struct bufferevent *(*accept)(struct event_base *base, void *context),
                          const int *fds, size_t n)
{
    enum err err = http_door_open(door, l->base, fds, n);

    if (door->evhttp) {
        evhttp_set_bevcb(door->evhttp, accept, l);
        evhttp_set_gencb(door->evhttp, on_request, l);
    }
    return err;
}

static bool make_parts(struct http_listener *l, const struct hash_key *key)
{
    l->handshakes = handshakes_new(l->base, key, clock_monotonic_us);
    l->look = event_new(l->base, -1, 0, on_look, l);
    l->resume = event_new(l->base, -1, EV_PERSIST, on_resume, l);
    return l->quota && l->look && l->resume && l->handshakes;
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
    if (make_parts(l, &key) && open_door(l, &l->plain, on_accept, fds, n) == ERR_OK &&
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
    http_door_close(&l->plain);
    http_door_close(&l->secure);
    while ((g = TAILQ_FIRST(&l->fresh))) {
        TAILQ_REMOVE(&l->fresh, g, link);
        bufferevent_decref(g->stream);
        guard_free(g);
    }
    if (l->look)
        event_free(l->look);
    if (l->resume)
        event_free(l->resume);
    handshakes_free(l->handshakes);
    map_deinit(&l->guards);
    tcp_quota_free(l->quota);
    SSL_CTX_free(l->tls);
    free(l);
}

/* ---- stopping ------------------------------------------------------------------- */

void http_listener_stop(struct http_listener *l)
{
    event_del(l->resume);
    l->stopped = true;
    set_all_open(l, false);
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

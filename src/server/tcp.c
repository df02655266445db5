#include "server/tcp.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"

#define HEADER_SIZE 12 /* no DNS message is shorter (RFC 1035 section 4.1.1) */
#define MESSAGE_MAX 65535
#define SCAN_MAX 64         /* busy connections that are passed over for an idle one */
#define ACCEPT_PAUSE_MS 100 /* when descriptors ran out; without it the loop would spin */

struct connection {
    TAILQ_ENTRY(connection) by_age; /* the longest idle first */
    struct tcp_server *server;
    struct bufferevent *stream;
    struct event *deadline;
    struct endpoint from;
    uint32_t waiting; /* answers in the output buffer */
    bool started;     /* a part of a message has arrived */
    bool paused;      /* not reading until the output is taken */
    bool finished;    /* the peer sends no more: close once the output is taken */
};

TAILQ_HEAD(connections, connection);

struct tcp_server {
    struct event_base *base;
    struct evconnlistener **listeners;
    size_t listener_count;
    struct event *resume;
    struct tcp_limits limits;
    struct tcp_quota *quota;
    tcp_answer *answer;
    void *context;
    struct connections open;
    struct tcp_counters counters;
    uint8_t out[2 + MESSAGE_MAX];
};

static void arm(struct connection *c, uint32_t ms)
{
    struct timeval after = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    evtimer_add(c->deadline, &after);
}

static void connection_close(struct connection *c)
{
    TAILQ_REMOVE(&c->server->open, c, by_age);
    tcp_quota_leave(c->server->quota, &c->from.addr);
    if (c->deadline)
        event_free(c->deadline);
    bufferevent_free(c->stream);
    free(c);
}

/* A complete message or a taken answer: the connection is the youngest again. */
static void touch(struct connection *c)
{
    TAILQ_REMOVE(&c->server->open, c, by_age);
    TAILQ_INSERT_TAIL(&c->server->open, c, by_age);
}

static bool overfull(const struct connection *c)
{
    const struct tcp_limits *limits = &c->server->limits;
    return c->waiting >= limits->pipeline_max ||
           evbuffer_get_length(bufferevent_get_output(c->stream)) >= limits->output_max;
}

/* Answers the message of `size` bytes that stands in `input`. False: close. */
static bool answer_one(struct connection *c, struct evbuffer *input, size_t size)
{
    struct tcp_server *s = c->server;
    const uint8_t *bytes = evbuffer_pullup(input, (ev_ssize_t)(2 + size));
    if (!bytes)
        return false;
    size_t n = s->answer(s->context, bytes + 2, size, &c->from, s->out + 2, MESSAGE_MAX);
    evbuffer_drain(input, 2 + size);
    if (!n)
        return false;
    put_u16(s->out, (uint16_t)n);
    c->waiting++;
    return bufferevent_write(c->stream, s->out, 2 + n) == 0;
}

/* Takes all complete messages; false: close. */
static bool consume(struct connection *c)
{
    struct evbuffer *input = bufferevent_get_input(c->stream);
    while (!overfull(c)) {
        uint8_t prefix[2];
        if (evbuffer_copyout(input, prefix, 2) < 2)
            break;
        size_t size = get_u16(prefix);
        if (size < HEADER_SIZE)
            return false;
        if (evbuffer_get_length(input) < 2 + size)
            break;
        if (!answer_one(c, input, size))
            return false;
        c->started = false;
        touch(c);
        arm(c, c->server->limits.idle_ms);
    }
    return true;
}

static void proceed(struct connection *c)
{
    struct evbuffer *input = bufferevent_get_input(c->stream);
    struct evbuffer *output = bufferevent_get_output(c->stream);
    if (!consume(c)) { /* nothing more is read, but what was asked before is answered */
        if (!evbuffer_get_length(output)) {
            connection_close(c);
            return;
        }
        bufferevent_disable(c->stream, EV_READ);
        arm(c, c->server->limits.message_ms);
        return;
    }
    if (c->finished && !overfull(c)) {
        if (!evbuffer_get_length(output))
            connection_close(c);
        else
            arm(c, c->server->limits.message_ms);
        return;
    }
    if (overfull(c) && !c->paused) { /* the peer must take its answers now */
        c->paused = true;
        bufferevent_disable(c->stream, EV_READ);
        arm(c, c->server->limits.message_ms);
    } else if (!overfull(c) && c->paused) {
        c->paused = false;
        bufferevent_enable(c->stream, EV_READ);
        arm(c, c->server->limits.idle_ms);
    }
    if (!c->paused && !c->started && evbuffer_get_length(input)) {
        c->started = true;
        arm(c, c->server->limits.message_ms);
    }
}

static void on_read(struct bufferevent *stream UNUSED, void *context)
{
    proceed(context);
}

static void on_written(struct bufferevent *stream UNUSED, void *context)
{
    struct connection *c = context;
    c->waiting = 0; /* called when the output is empty */
    proceed(c);
}

static void on_event(struct bufferevent *stream UNUSED, short what, void *context)
{
    struct connection *c = context;
    if (what & BEV_EVENT_EOF) { /* perhaps only half closed: what was asked is answered */
        c->finished = true;
        proceed(c);
    } else if (what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) {
        connection_close(c);
    }
}

static void on_deadline(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct connection *c = context;
    counter_up(&c->server->counters.timed_out);
    connection_close(c);
}

/* Makes room by closing the longest idle connection of this worker, if that is idle. */
static bool close_idlest(struct tcp_server *s)
{
    struct connection *c = TAILQ_FIRST(&s->open);
    for (unsigned n = 0; c && (c->started || c->waiting) && n < SCAN_MAX; n++)
        c = TAILQ_NEXT(c, by_age);
    if (!c || c->started || c->waiting)
        return false;
    counter_up(&s->counters.closed_for_others);
    connection_close(c);
    return true;
}

static bool admit(struct tcp_server *s, const struct endpoint *from)
{
    enum tcp_admission admission = tcp_quota_enter(s->quota, &from->addr);
    if (admission == TCP_FULL && close_idlest(s))
        admission = tcp_quota_enter(s->quota, &from->addr);
    return admission == TCP_ADMITTED;
}

static void connection_open(struct tcp_server *s, evutil_socket_t fd, const struct endpoint *from)
{
    int one = 1;
    struct connection *c = calloc(1, sizeof *c);
    struct bufferevent *stream =
        c ? bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
    if (!stream) {
        free(c);
        close(fd);
        tcp_quota_leave(s->quota, &from->addr);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->server = s;
    c->stream = stream;
    c->from = *from;
    TAILQ_INSERT_TAIL(&s->open, c, by_age);
    c->deadline = evtimer_new(s->base, on_deadline, c);
    if (!c->deadline) {
        connection_close(c);
        return;
    }
    bufferevent_setcb(stream, on_read, on_written, on_event, c);
    bufferevent_setwatermark(stream, EV_READ, 0, 2 + MESSAGE_MAX);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
    arm(c, s->limits.idle_ms);
}

static void on_accept(struct evconnlistener *listener UNUSED, evutil_socket_t fd,
                      struct sockaddr *sa, int size UNUSED, void *context)
{
    struct tcp_server *s = context;
    struct endpoint from;
    if (endpoint_from_sockaddr(sa, &from) || !admit(s, &from)) {
        counter_up(&s->counters.refused);
        close(fd);
        return;
    }
    counter_up(&s->counters.accepted);
    connection_open(s, fd, &from);
}

static void on_resume(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct tcp_server *s = context;
    for (size_t i = 0; i < s->listener_count; i++)
        evconnlistener_enable(s->listeners[i]);
}

/* accept failed: descriptors or memory ran out. Level-triggered polling would spin. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
    struct tcp_server *s = context;
    struct timeval after = {0, ACCEPT_PAUSE_MS * 1000};
    evconnlistener_disable(listener);
    evtimer_add(s->resume, &after);
}

struct tcp_server *tcp_server_new(struct event_base *base, const int *fds, size_t fd_count,
                                  const struct tcp_limits *limits, struct tcp_quota *quota,
                                  tcp_answer *answer, void *context)
{
    struct tcp_server *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->base = base;
    s->limits = *limits;
    s->quota = quota;
    s->answer = answer;
    s->context = context;
    TAILQ_INIT(&s->open);
    s->listeners = calloc(fd_count + 1, sizeof *s->listeners);
    s->resume = evtimer_new(base, on_resume, s);
    bool bad = !s->listeners || !s->resume;
    for (size_t i = 0; i < fd_count && !bad; i++) {
        struct evconnlistener *l =
            evconnlistener_new(base, on_accept, s, LEV_OPT_CLOSE_ON_EXEC, 0, fds[i]);
        if (l) {
            evconnlistener_set_error_cb(l, on_accept_error);
            s->listeners[s->listener_count++] = l;
        }
        bad = !l;
    }
    if (bad) {
        tcp_server_free(s);
        return NULL;
    }
    return s;
}

void tcp_server_free(struct tcp_server *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->listener_count; i++)
        evconnlistener_free(s->listeners[i]);
    while (!TAILQ_EMPTY(&s->open))
        connection_close(TAILQ_FIRST(&s->open));
    if (s->resume)
        event_free(s->resume);
    free(s->listeners);
    free(s);
}

const struct tcp_counters *tcp_counters(const struct tcp_server *s)
{
    return &s->counters;
}

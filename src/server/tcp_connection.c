#include "server/tcp_connection.h"

#include <event2/buffer.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/timeval.h"

#define HEADER_SIZE 12    /* no DNS message is shorter (RFC 1035 section 4.1.1) */
#define UNSENT_MAX 131072 /* bytes that the kernel holds back for a slow peer */

static void arm(struct connection *c, uint32_t ms)
{
    struct timeval after = timeval_of(ms);
    evtimer_add(c->deadline, &after);
}

void connection_close(struct connection *c)
{
    later_abandon(c);
    TAILQ_REMOVE(&c->server->open, c, by_age);
    tcp_quota_leave(c->server->quota, &c->from.addr);
    if (c->deadline)
        event_free(c->deadline);
    if (c->stall)
        event_free(c->stall);
    bufferevent_free(c->stream);
    free(c);
}

static size_t output_size(const struct connection *c)
{
    return evbuffer_get_length(bufferevent_get_output(c->stream));
}

void connection_time_out(struct connection *c)
{
    struct linger at_once = {1, 0};
    counter_up(&c->server->counters.timed_out);
    if (output_size(c)) /* else the kernel would keep what the peer does not take */
        (void)setsockopt(bufferevent_getfd(c->stream), SOL_SOCKET, SO_LINGER, &at_once,
                         sizeof at_once);
    connection_close(c);
}

bool connection_is_idle(const struct connection *c)
{
    return !c->started && !c->later && !output_size(c);
}

/* ---- messages ------------------------------------------------------------------------ */

/* A complete message or a taken answer: the connection is the youngest again. */
static void touch(struct connection *c)
{
    TAILQ_REMOVE(&c->server->open, c, by_age);
    TAILQ_INSERT_TAIL(&c->server->open, c, by_age);
}

void connection_rest(struct connection *c)
{
    touch(c);
    arm(c, c->server->limits.idle_ms);
}

static bool overfull(const struct connection *c)
{
    const struct tcp_limits *limits = &c->server->limits;
    return c->waiting + c->later >= limits->pipeline_max || output_size(c) >= limits->output_max;
}

/* Length and message in one piece (RFC 7766 section 8). */
bool connection_write(struct connection *c, size_t n)
{
    struct tcp_server *s = c->server;
    put_u16(s->out, (uint16_t)n);
    return bufferevent_write(c->stream, s->out, 2 + n) == 0;
}

/* Answers the message of `size` bytes that stands in `input`. False: close. */
static bool answer_one(struct connection *c, struct evbuffer *input, size_t size)
{
    struct tcp_server *s = c->server;
    const uint8_t *bytes = evbuffer_pullup(input, (ev_ssize_t)(2 + size));
    if (!bytes)
        return false;
    s->asking = c;
    size_t n = s->answering.answer(s->answering.context, s, bytes + 2, size, &c->from, s->out + 2,
                                   TCP_MESSAGE_MAX);
    s->asking = NULL;
    evbuffer_drain(input, 2 + size);
    if (n == TCP_LATER)
        return true;
    c->waiting++;
    return n && connection_write(c, n);
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
        connection_rest(c);
    }
    return true;
}

/* Nothing more is read, but what was asked before is answered. */
static void finish(struct connection *c)
{
    struct evbuffer *input = bufferevent_get_input(c->stream);
    bufferevent_disable(c->stream, EV_READ);
    evbuffer_drain(input, evbuffer_get_length(input));
    c->finished = true;
    c->started = false;
}

/* The peer must take its answers before it is read again. */
static void set_pause(struct connection *c)
{
    if (overfull(c) && !c->paused) {
        c->paused = true;
        bufferevent_disable(c->stream, EV_READ);
        arm(c, c->server->limits.message_ms);
    } else if (!overfull(c) && c->paused) {
        c->paused = false;
        bufferevent_enable(c->stream, EV_READ);
        arm(c, c->server->limits.idle_ms);
    }
}

/* Answers and streams, as far as there is room. False: close. */
static bool advance(struct connection *c)
{
    for (;;) {
        if (!consume(c))
            finish(c);
        bool stuck = overfull(c);
        if (!later_pull(c))
            return false;
        if (!stuck || overfull(c))
            return true;
    }
}

void connection_proceed(struct connection *c)
{
    struct evbuffer *input = bufferevent_get_input(c->stream);
    if (!advance(c)) {
        connection_close(c);
        return;
    }
    if (c->finished && !overfull(c)) {
        if (!output_size(c) && !c->later)
            connection_close(c);
        else
            arm(c, c->server->limits.message_ms);
        return;
    }
    set_pause(c);
    if (!c->paused && !c->started && evbuffer_get_length(input)) {
        c->started = true;
        arm(c, c->server->limits.message_ms);
    }
}

/* ---- events -------------------------------------------------------------------------- */

static void on_read(struct bufferevent *stream UNUSED, void *context)
{
    connection_proceed(context);
}

/* The output is empty, or small while streams go out: what was answered is as good as taken. */
static void on_written(struct bufferevent *stream UNUSED, void *context)
{
    struct connection *c = context;
    c->waiting = 0;
    connection_proceed(c);
}

static void on_event(struct bufferevent *stream UNUSED, short what, void *context)
{
    struct connection *c = context;
    if (what & BEV_EVENT_EOF) { /* perhaps only half closed: what was asked is answered */
        c->finished = true;
        connection_proceed(c);
    } else if (what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) {
        connection_close(c);
    }
}

/* Somebody else's work is awaited, or streams go out: those have a timer of their own. */
static bool is_excused(const struct connection *c)
{
    return c->later && !c->started && (!output_size(c) || !TAILQ_EMPTY(&c->outgoing));
}

static void on_deadline(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct connection *c = context;
    if (is_excused(c)) {
        arm(c, c->server->limits.idle_ms);
        return;
    }
    connection_time_out(c);
}

/* ---- opening ------------------------------------------------------------------------- */

static void tune(evutil_socket_t fd)
{
    int one = 1, unsent = UNSENT_MAX;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

void connection_open(struct tcp_server *s, evutil_socket_t fd, const struct endpoint *from)
{
    struct connection *c = calloc(1, sizeof *c);
    struct bufferevent *stream =
        c ? bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
    if (!stream) {
        free(c);
        close(fd);
        tcp_quota_leave(s->quota, &from->addr);
        return;
    }
    tune(fd);
    c->server = s;
    c->stream = stream;
    c->from = *from;
    LIST_INIT(&c->awaited);
    TAILQ_INIT(&c->outgoing);
    TAILQ_INSERT_TAIL(&s->open, c, by_age);
    c->deadline = evtimer_new(s->base, on_deadline, c);
    c->stall = evtimer_new(s->base, later_on_stall, c);
    if (!c->deadline || !c->stall) {
        connection_close(c);
        return;
    }
    bufferevent_setcb(stream, on_read, on_written, on_event, c);
    bufferevent_setwatermark(stream, EV_READ, 0, 2 + TCP_MESSAGE_MAX);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
    arm(c, s->limits.idle_ms);
}

/* Answers that come later than their question, and in many messages. */
#include <event2/buffer.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/timeval.h"
#include "server/tcp_connection.h"

#define FILL_MAX 65536    /* bytes in the output up to which a stream gives more */
#define FILL_LOW 32768    /* asked again from here on */
#define PROGRESS_MIN 4096 /* bytes that a peer takes in limits.message_ms at least */

struct tcp_later {
    LIST_ENTRY(tcp_later) awaiting;
    TAILQ_ENTRY(tcp_later) going_out;
    struct connection *connection; /* NULL = gone */
    struct tcp_server *server;
    void *stream;
};

/* ---- asking and bringing ----------------------------------------------------------------- */

struct tcp_later *tcp_later(struct tcp_server *s)
{
    struct tcp_later *later = calloc(1, sizeof *later);
    if (!later)
        return NULL;
    later->server = s;
    later->connection = s->asking;
    LIST_INSERT_HEAD(&s->asking->awaited, later, awaiting);
    s->asking->later++;
    return later;
}

void tcp_later_cancel(struct tcp_later *later)
{
    LIST_REMOVE(later, awaiting);
    later->connection->later--;
    free(later);
}

/* What the peer has acknowledged since the connection began. */
static uint64_t bytes_taken(const struct connection *c)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (getsockopt(bufferevent_getfd(c->stream), IPPROTO_TCP, TCP_INFO, &info, &size))
        return 0;
    return info.tcpi_bytes_acked;
}

static void watch_stall(struct connection *c)
{
    struct timeval after = timeval_of(c->server->limits.message_ms);
    c->taken = bytes_taken(c);
    evtimer_add(c->stall, &after);
}

void tcp_later_answer(struct tcp_later *later, void *stream)
{
    struct connection *c = later->connection;
    LIST_REMOVE(later, awaiting);
    later->stream = stream;
    if (!c) {
        later->server->answering.end(later->server->answering.context, stream);
        free(later);
        return;
    }
    if (TAILQ_EMPTY(&c->outgoing)) {
        bufferevent_setwatermark(c->stream, EV_WRITE, FILL_LOW, 0);
        watch_stall(c);
    }
    TAILQ_INSERT_TAIL(&c->outgoing, later, going_out);
    connection_proceed(c);
}

/* ---- going out --------------------------------------------------------------------------- */

static void end_stream(struct connection *c, struct tcp_later *later)
{
    struct tcp_answering *a = &c->server->answering;
    TAILQ_REMOVE(&c->outgoing, later, going_out);
    c->later--;
    a->end(a->context, later->stream);
    free(later);
    if (!TAILQ_EMPTY(&c->outgoing))
        return;
    evtimer_del(c->stall);
    bufferevent_setwatermark(c->stream, EV_WRITE, 0, 0);
    connection_rest(c);
}

/* Streams take turns, message by message. */
bool later_pull(struct connection *c)
{
    struct tcp_server *s = c->server;
    struct evbuffer *output = bufferevent_get_output(c->stream);
    struct tcp_later *later;
    while ((later = TAILQ_FIRST(&c->outgoing)) && evbuffer_get_length(output) < FILL_MAX) {
        size_t n =
            s->answering.next(s->answering.context, later->stream, s->out + 2, TCP_MESSAGE_MAX);
        if (!n) {
            end_stream(c, later);
            continue;
        }
        if (!connection_write(c, n))
            return false;
        TAILQ_REMOVE(&c->outgoing, later, going_out);
        TAILQ_INSERT_TAIL(&c->outgoing, later, going_out);
    }
    return true;
}

void later_on_stall(evutil_socket_t fd UNUSED, short what UNUSED, void *connection)
{
    struct connection *c = connection;
    if (bytes_taken(c) >= c->taken + PROGRESS_MIN) {
        watch_stall(c);
        return;
    }
    connection_time_out(c);
}

/* ---- the end ----------------------------------------------------------------------------- */

void later_abandon(struct connection *c)
{
    struct tcp_later *later;
    while ((later = TAILQ_FIRST(&c->outgoing)))
        end_stream(c, later);
    while ((later = LIST_FIRST(&c->awaited))) {
        LIST_REMOVE(later, awaiting);
        later->connection = NULL;
        LIST_INSERT_HEAD(&c->server->orphans, later, awaiting);
    }
}

void later_forget(struct tcp_server *s)
{
    struct tcp_later *later;
    while ((later = LIST_FIRST(&s->orphans))) {
        LIST_REMOVE(later, awaiting);
        free(later);
    }
}

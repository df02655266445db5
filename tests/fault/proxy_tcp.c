/* Connections: pieces pass one after the other, each after its delay and at the rate;
 * a loss ends the connection, as a lost path does. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "fault/proxy.h"

enum { PIECE_MAX = 4096, WAITING_MAX = 65536, CUT_CHECK_MS = 20 };

struct link;

struct side {
    struct link *link;
    struct bufferevent *stream;
    struct event *timer; /* the piece at the head of its input passes then */
    bool pending, finished;
};

struct link { /* a client's connection and ours to the server */
    LIST_ENTRY(link) next;
    struct proxy *proxy;
    struct side sides[2]; /* by the way that what is read from it goes: client, server */
};

struct proxy_tcp {
    struct evconnlistener *listener;
    struct event *cut;
    LIST_HEAD(, link) links;
};

static void link_end(struct link *l)
{
    LIST_REMOVE(l, next);
    for (int i = 0; i < 2; i++) {
        if (l->sides[i].timer)
            event_free(l->sides[i].timer);
        if (l->sides[i].stream)
            bufferevent_free(l->sides[i].stream);
    }
    free(l);
}

static enum proxy_way way_of(const struct side *s)
{
    return s == &s->link->sides[TO_SERVER] ? TO_SERVER : TO_CLIENT;
}

static size_t piece_size(const struct proxy *p, size_t waiting)
{
    size_t max = p->rate && p->rate < PIECE_MAX ? (size_t)p->rate : PIECE_MAX;
    return waiting < max ? waiting : max;
}

/* Decides when the next piece passes; false: the connection ended. */
static bool schedule(struct side *s)
{
    struct proxy *p = s->link->proxy;
    size_t waiting = evbuffer_get_length(bufferevent_get_input(s->stream));
    if (s->pending || !waiting)
        return true;
    struct fate fate = proxy_decide(p, way_of(s));
    p->counters[way_of(s)].came++;
    if (fate.lost) {
        p->counters[way_of(s)].lost++;
        p->ended++;
        link_end(s->link);
        return false;
    }
    uint64_t ms = fate.delay_ms;
    if (p->rate)
        ms += piece_size(p, waiting) * 1000 / p->rate;
    struct timeval after = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000};
    s->pending = true;
    evtimer_add(s->timer, &after);
    return true;
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
    struct side *s = context;
    struct link *l = s->link;
    struct side *other = &l->sides[!way_of(s)];
    struct evbuffer *input = bufferevent_get_input(s->stream);
    (void)fd;
    (void)what;
    s->pending = false;
    l->proxy->counters[way_of(s)].passed++;
    evbuffer_remove_buffer(input, bufferevent_get_output(other->stream),
                           piece_size(l->proxy, evbuffer_get_length(input)));
    if (schedule(s) && s->finished && !evbuffer_get_length(input))
        shutdown(bufferevent_getfd(other->stream), SHUT_WR);
}

static void on_read(struct bufferevent *stream, void *context)
{
    (void)stream;
    (void)schedule(context);
}

/* The end of what one side says is passed on after all that it has said. */
static void on_event(struct bufferevent *stream, short what, void *context)
{
    struct side *s = context;
    struct side *other = &s->link->sides[!way_of(s)];
    if (what & BEV_EVENT_CONNECTED)
        return;
    if (!(what & BEV_EVENT_EOF) || other->finished) {
        link_end(s->link);
        return;
    }
    s->finished = true;
    if (!s->pending && !evbuffer_get_length(bufferevent_get_input(stream)))
        shutdown(bufferevent_getfd(other->stream), SHUT_WR);
}

static void side_init(struct link *l, enum proxy_way way, evutil_socket_t fd)
{
    struct side *s = &l->sides[way];
    s->link = l;
    s->stream = bufferevent_socket_new(l->proxy->base, fd, BEV_OPT_CLOSE_ON_FREE);
    s->timer = evtimer_new(l->proxy->base, on_time, s);
    if (!s->stream || !s->timer)
        abort();
    bufferevent_setcb(s->stream, on_read, NULL, on_event, s);
    bufferevent_setwatermark(s->stream, EV_READ, 0, WAITING_MAX);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
                      int size, void *context)
{
    struct proxy *p = context;
    (void)listener;
    (void)from;
    (void)size;
    p->connections++;
    if (proxy_is_cut(p)) {
        p->refused++;
        close(fd);
        return;
    }
    struct link *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    l->proxy = p;
    LIST_INSERT_HEAD(&p->stream->links, l, next);
    side_init(l, TO_SERVER, fd);
    side_init(l, TO_CLIENT, -1);
    if (bufferevent_socket_connect(l->sides[TO_CLIENT].stream, (struct sockaddr *)&p->to,
                                   (int)p->to_size)) {
        link_end(l);
        return;
    }
    bufferevent_enable(l->sides[TO_SERVER].stream, EV_READ | EV_WRITE);
    bufferevent_enable(l->sides[TO_CLIENT].stream, EV_READ | EV_WRITE);
}

static void on_cut_check(evutil_socket_t fd, short what, void *context)
{
    struct proxy *p = context;
    (void)fd;
    (void)what;
    if (!proxy_is_cut(p))
        return;
    for (struct link *l; (l = LIST_FIRST(&p->stream->links)) != NULL; p->ended++)
        link_end(l);
}

int proxy_tcp_start(struct proxy *p)
{
    struct timeval every = {0, CUT_CHECK_MS * 1000};
    p->stream = calloc(1, sizeof *p->stream);
    if (!p->stream)
        return -1;
    p->stream->listener = evconnlistener_new_bind(
        p->base, on_accept, p, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC,
        -1, (struct sockaddr *)&p->listen, (int)p->listen_size);
    if (!p->stream->listener)
        return -1;
    p->stream->cut = event_new(p->base, -1, EV_PERSIST, on_cut_check, p);
    event_add(p->stream->cut, &every);
    return evconnlistener_get_fd(p->stream->listener);
}

void proxy_tcp_stop(struct proxy *p)
{
    while (!LIST_EMPTY(&p->stream->links))
        link_end(LIST_FIRST(&p->stream->links));
    evconnlistener_free(p->stream->listener);
    event_free(p->stream->cut);
    free(p->stream);
}

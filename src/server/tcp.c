#include "server/tcp.h"

#include <event2/listener.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/tcp_connection.h"

#define SCAN_MAX 64         /* busy connections that are passed over for an idle one */
#define ACCEPT_PAUSE_MS 100 /* when descriptors ran out; without it the loop would spin */

/* Makes room by closing the longest idle connection of this worker, if that is idle. */
static bool close_idlest(struct tcp_server *s)
{
    struct connection *c = TAILQ_FIRST(&s->open);
    for (unsigned n = 0; c && !connection_is_idle(c) && n < SCAN_MAX; n++)
        c = TAILQ_NEXT(c, by_age);
    if (!c || !connection_is_idle(c))
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
                                  const struct tcp_answering *answering)
{
    struct tcp_server *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->base = base;
    s->limits = *limits;
    s->quota = quota;
    s->answering = *answering;
    TAILQ_INIT(&s->open);
    LIST_INIT(&s->orphans);
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
    later_forget(s);
    if (s->resume)
        event_free(s->resume);
    free(s->listeners);
    free(s);
}

const struct tcp_counters *tcp_counters(const struct tcp_server *s)
{
    return &s->counters;
}

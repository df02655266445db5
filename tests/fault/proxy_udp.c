/* Datagrams. Each client address has a socket of its own towards the server, so that
 * replies find their way back. */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "fault/proxy.h"

enum { DATAGRAM_MAX = 65535 };

struct client {
    SLIST_ENTRY(client) next;
    struct proxy *proxy;
    struct sockaddr_storage address;
    socklen_t size;
    int fd; /* connected to the server */
    struct event *event;
};

/* One datagram that is on its way, or held back. */
struct parcel {
    LIST_ENTRY(parcel) next;
    struct client *client;
    enum proxy_way way;
    struct event *timer;
    size_t size;
    uint8_t bytes[];
};

struct lane { /* one direction */
    struct parcel *held_back;
    uint64_t second; /* of the rate */
    uint64_t passed; /* in that second */
};

struct proxy_udp {
    int fd;
    struct event *event;
    SLIST_HEAD(, client) clients;
    LIST_HEAD(, parcel) parcels;
    struct lane lanes[2];
};

static void deliver(const struct parcel *parcel)
{
    struct client *c = parcel->client;
    struct proxy *p = c->proxy;
    ssize_t n = parcel->way == TO_SERVER
                    ? send(c->fd, parcel->bytes, parcel->size, MSG_NOSIGNAL | MSG_DONTWAIT)
                    : sendto(p->udp->fd, parcel->bytes, parcel->size, MSG_NOSIGNAL | MSG_DONTWAIT,
                             (struct sockaddr *)&c->address, c->size);
    p->counters[parcel->way].passed += n >= 0;
}

static void parcel_free(struct parcel *parcel)
{
    LIST_REMOVE(parcel, next);
    if (parcel->timer)
        event_free(parcel->timer);
    free(parcel);
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    deliver(context);
    parcel_free(context);
}

static struct parcel *pack(struct client *c, enum proxy_way way, const uint8_t *bytes, size_t n)
{
    struct parcel *parcel = malloc(sizeof *parcel + n);
    if (!parcel)
        abort();
    *parcel = (struct parcel){.client = c, .way = way, .size = n};
    memcpy(parcel->bytes, bytes, n);
    LIST_INSERT_HEAD(&c->proxy->udp->parcels, parcel, next);
    return parcel;
}

static void send_later(struct parcel *parcel, uint32_t ms)
{
    struct timeval after = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    if (ms == 0) {
        deliver(parcel);
        parcel_free(parcel);
        return;
    }
    parcel->timer = evtimer_new(parcel->client->proxy->base, on_time, parcel);
    evtimer_add(parcel->timer, &after);
}

static bool over_rate(const struct proxy *p, struct lane *lane)
{
    uint64_t second = proxy_now_ms(p) / 1000;
    if (second != lane->second)
        lane->passed = 0;
    lane->second = second;
    return p->rate && ++lane->passed > p->rate;
}

static void carry(struct client *c, enum proxy_way way, const uint8_t *bytes, size_t n)
{
    struct proxy *p = c->proxy;
    struct lane *lane = &p->udp->lanes[way];
    struct proxy_counters *count = &p->counters[way];
    struct fate fate = proxy_decide(p, way);
    count->came++;
    if (proxy_is_cut(p)) {
        count->cut++;
        return;
    }
    if (fate.lost || over_rate(p, lane)) {
        count->lost += fate.lost;
        count->over += !fate.lost;
        return;
    }
    struct parcel *before = lane->held_back, *parcel = pack(c, way, bytes, n);
    if (fate.held_back && !before) {
        count->held_back++;
        lane->held_back = parcel;
        return;
    }
    if (fate.doubled) {
        count->doubled++;
        send_later(pack(c, way, bytes, n), fate.second_delay_ms);
    }
    send_later(parcel, fate.delay_ms);
    lane->held_back = NULL;
    if (before)
        send_later(before, fate.delay_ms);
}

static void on_reply(evutil_socket_t fd, short what, void *context)
{
    static uint8_t bytes[DATAGRAM_MAX];
    struct client *c = context;
    (void)what;
    for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0;)
        carry(c, TO_CLIENT, bytes, (size_t)n);
}

static struct client *client_new(struct proxy *p, const struct sockaddr_storage *from,
                                 socklen_t size)
{
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->proxy = p;
    c->address = *from;
    c->size = size;
    c->fd = socket(p->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&p->to, p->to_size)) {
        if (c->fd >= 0)
            close(c->fd);
        free(c);
        return NULL;
    }
    c->event = event_new(p->base, c->fd, EV_READ | EV_PERSIST, on_reply, c);
    event_add(c->event, NULL);
    SLIST_INSERT_HEAD(&p->udp->clients, c, next);
    return c;
}

static struct client *client_of(struct proxy *p, const struct sockaddr_storage *from,
                                socklen_t size)
{
    struct client *c;
    SLIST_FOREACH(c, &p->udp->clients, next)
    if (c->size == size && memcmp(&c->address, from, size) == 0)
        return c;
    return client_new(p, from, size);
}

static void on_request(evutil_socket_t fd, short what, void *context)
{
    static uint8_t bytes[DATAGRAM_MAX];
    struct proxy *p = context;
    struct sockaddr_storage from = {0};
    socklen_t size = sizeof from;
    (void)what;
    for (ssize_t n; (n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from,
                                  &size)) >= 0;
         size = sizeof from) {
        struct client *c = client_of(p, &from, size);
        if (c)
            carry(c, TO_SERVER, bytes, (size_t)n);
    }
}

int proxy_udp_start(struct proxy *p)
{
    struct proxy_udp *u = p->udp = calloc(1, sizeof *u);
    if (!u)
        return -1;
    u->fd = socket(p->listen.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (u->fd < 0 || bind(u->fd, (struct sockaddr *)&p->listen, p->listen_size))
        return -1;
    u->event = event_new(p->base, u->fd, EV_READ | EV_PERSIST, on_request, p);
    event_add(u->event, NULL);
    return u->fd;
}

void proxy_udp_drain(struct proxy *p)
{
    on_request(p->udp->fd, EV_READ, p);
}

void proxy_udp_stop(struct proxy *p)
{
    struct proxy_udp *u = p->udp;
    struct parcel *parcel;
    struct client *c;
    while ((parcel = LIST_FIRST(&u->parcels)) != NULL)
        parcel_free(parcel);
    while ((c = SLIST_FIRST(&u->clients)) != NULL) {
        SLIST_REMOVE_HEAD(&u->clients, next);
        event_free(c->event);
        close(c->fd);
        free(c);
    }
    event_free(u->event);
    close(u->fd);
    free(u);
}

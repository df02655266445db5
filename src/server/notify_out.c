#include "server/notify_out.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timeval.h"
#include "dns/dns.h"
#include "server/clock.h"

#define MESSAGE_MAX 2048 /* a question, a SOA, a signature */
#define DRAIN_MAX 64     /* datagrams read in one turn */

const struct notify_times notify_times_default = {200, 1000, 1000, 5};

enum target_state {
    TARGET_QUIET,   /* it knows the newest serial, or was given up */
    TARGET_DUE,     /* will be told of a new serial */
    TARGET_WAITING, /* was told; its answer is awaited */
};

struct target {
    struct notify_out *owner;
    struct event *timer;
    size_t zone, number; /* places in the configuration */
    struct endpoint to;
    enum target_state state;
    uint32_t serial; /* the newest that is known here */
    uint16_t id;
    unsigned tries;   /* with this serial */
    uint64_t told_ms; /* monotonic, when it was last told of a new serial */
    bool told;
};

struct family_socket {
    int fd;
    struct event *event;
};

struct notify_out {
    struct event_base *base;
    struct notify_times times;
    const struct dns *dns;
    struct target *targets;
    size_t count;
    struct family_socket v4, v6;
    struct notify_counters counters;
    struct log_limit given_up_limit;
};

/* ---- sending ----------------------------------------------------------------------------- */

static void arm(struct target *t, uint64_t ms)
{
    struct timeval after = timeval_of(ms);
    evtimer_add(t->timer, &after);
}

static bool send_message(struct target *t)
{
    struct notify_out *n = t->owner;
    uint8_t bytes[MESSAGE_MAX];
    struct sockaddr_storage sa;
    socklen_t sa_size = endpoint_to_sockaddr(&t->to, &sa);
    int fd = sa.ss_family == AF_INET ? n->v4.fd : n->v6.fd;
    size_t size = dns_notify_message(n->dns, t->zone, t->number, t->id, clock_wall_ms() / 1000,
                                     bytes, sizeof bytes);
    return size && fd >= 0 &&
           sendto(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sa, sa_size) ==
               (ssize_t)size;
}

static void give_up(struct target *t)
{
    char to[ENDPOINT_TEXT];
    t->state = TARGET_QUIET;
    t->owner->counters.given_up++;
    log_limited(&t->owner->given_up_limit, clock_monotonic_ms(), LOG_LEVEL_WARN,
                "notify of %s: no answer from %s; it will see the changes when it asks by itself",
                dns_zone_name(t->owner->dns, t->zone), endpoint_format(&t->to, to));
}

/* For the first time, or once more. */
static void tell(struct target *t)
{
    struct notify_counters *n = &t->owner->counters;
    if (t->state == TARGET_DUE) {
        t->id = (uint16_t)randombytes_uniform(65536);
        t->tries = 0;
        t->told = true;
        t->told_ms = clock_monotonic_ms();
    } else if (t->tries > t->owner->times.retries) {
        give_up(t);
        return;
    }
    t->state = TARGET_WAITING;
    if (!send_message(t)) /* as lost as a datagram can be: told again later */
        n->send_failed++;
    else if (t->tries)
        n->retried++;
    else
        n->sent++;
    arm(t, (uint64_t)t->owner->times.retry << t->tries);
    t->tries++;
}

static void on_timer(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    tell(context);
}

static void schedule(struct target *t)
{
    const struct notify_times *times = &t->owner->times;
    uint64_t now = clock_monotonic_ms(), due = now + times->first;
    if (t->told && due < t->told_ms + times->gap)
        due = t->told_ms + times->gap;
    t->state = TARGET_DUE;
    arm(t, due - now);
}

void notify_out_look(struct notify_out *n)
{
    for (size_t i = 0; i < n->count; i++) {
        struct target *t = &n->targets[i];
        uint32_t serial = dns_zone_serial(n->dns, t->zone);
        if (serial == t->serial)
            continue;
        t->serial = serial;
        if (t->state != TARGET_DUE)
            schedule(t);
    }
}

/* ---- answers ----------------------------------------------------------------------------- */

static void take_answer(struct notify_out *n, const struct endpoint *from, const uint8_t *bytes,
                        size_t size)
{
    for (size_t i = 0; i < n->count; i++) {
        struct target *t = &n->targets[i];
        if (t->state != TARGET_WAITING || t->to.port != from->port ||
            !addr_is(&t->to.addr, &from->addr) || !dns_notify_answered(bytes, size, t->id))
            continue;
        t->state = TARGET_QUIET;
        evtimer_del(t->timer);
        n->counters.answered++;
    }
}

static void on_answer(evutil_socket_t fd, short what UNUSED, void *context)
{
    uint8_t bytes[MESSAGE_MAX];
    for (unsigned i = 0; i < DRAIN_MAX; i++) {
        struct sockaddr_storage sa;
        struct endpoint from;
        socklen_t sa_size = sizeof sa;
        ssize_t size =
            recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&sa, &sa_size);
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (size > 0 && !endpoint_from_sockaddr((struct sockaddr *)&sa, &from))
            take_answer(context, &from, bytes, (size_t)size);
    }
}

/* ---- secondaries ------------------------------------------------------------------------- */

/* A family that the kernel lacks: its targets cannot be told, which is counted. */
static enum err open_socket(struct notify_out *n, struct family_socket *s, int family)
{
    if (s->fd >= 0)
        return ERR_OK;
    s->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return ERR_OK;
    s->event = event_new(n->base, s->fd, EV_READ | EV_PERSIST, on_answer, n);
    return s->event && !event_add(s->event, NULL) ? ERR_OK : ERR_MEMORY;
}

static void forget_targets(struct notify_out *n)
{
    for (size_t i = 0; i < n->count; i++)
        event_free(n->targets[i].timer);
    free(n->targets);
    n->targets = NULL;
    n->count = 0;
}

static enum err add_target(struct notify_out *n, size_t zone, size_t number)
{
    struct target *t = &n->targets[n->count];
    *t = (struct target){
        .owner = n,
        .zone = zone,
        .number = number,
        .to = dns_zone_notify(n->dns, zone, number)->to,
        .serial = dns_zone_serial(n->dns, zone),
        .timer = evtimer_new(n->base, on_timer, t),
    };
    if (!t->timer)
        return ERR_MEMORY;
    n->count++;
    schedule(t);
    return t->to.addr.family == FAMILY_V4 ? open_socket(n, &n->v4, AF_INET)
                                          : open_socket(n, &n->v6, AF_INET6);
}

enum err notify_out_configure(struct notify_out *n, const struct dns *dns, size_t zones)
{
    size_t count = 0;
    enum err err = ERR_OK;
    forget_targets(n);
    n->dns = dns;
    for (size_t i = 0; i < zones; i++)
        count += dns_zone_notify_count(dns, i);
    n->targets = calloc(count + 1, sizeof *n->targets);
    if (!n->targets)
        return ERR_MEMORY;
    for (size_t i = 0; i < zones && !err; i++)
        for (size_t j = 0; j < dns_zone_notify_count(dns, i) && !err; j++)
            err = add_target(n, i, j);
    if (err)
        forget_targets(n);
    return err;
}

/* ---- life -------------------------------------------------------------------------------- */

struct notify_out *notify_out_new(struct event_base *base, const struct notify_times *times)
{
    struct notify_out *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->base = base;
    n->times = *times;
    n->v4.fd = n->v6.fd = -1;
    return n;
}

static void close_socket(struct family_socket *s)
{
    if (s->event)
        event_free(s->event);
    if (s->fd >= 0)
        close(s->fd);
}

void notify_out_free(struct notify_out *n)
{
    if (!n)
        return;
    forget_targets(n);
    close_socket(&n->v4);
    close_socket(&n->v6);
    free(n);
}

const struct notify_counters *notify_out_counters(const struct notify_out *n)
{
    return &n->counters;
}

size_t notify_out_waiting(const struct notify_out *n)
{
    size_t count = 0;
    for (size_t i = 0; i < n->count; i++)
        count += n->targets[i].state != TARGET_QUIET;
    return count;
}

#include "server/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/timeval.h"

struct look {
    struct prober *prober;
    struct look *next, **from; /* what points here */
    struct event *event;
    int fd;
    int problem; /* errno of a connect that ended at once; EINPROGRESS = not yet */
    struct instance_key key;
    char names[]; /* the key's */
};

struct prober {
    struct event_base *base;
    struct network *networks;
    size_t network_count, under_way;
    uint32_t max;
    struct timeval timeout;
    prober_result *result;
    void *context;
    struct look *looks;
    struct prober_counters counters;
};

/* ---- one look ---------------------------------------------------------------------------- */

static struct text keep(char **to, struct text t)
{
    struct text copy = {*to, t.n};
    if (t.n)
        memcpy(*to, t.s, t.n);
    *to += t.n;
    return copy;
}

static struct look *look_new(struct prober *p, struct instance_key key)
{
    struct look *l = malloc(sizeof *l + key.ns.n + key.service.n + key.id.n);
    if (!l)
        return NULL;
    char *to = l->names;
    *l = (struct look){.prober = p, .next = p->looks, .from = &p->looks, .fd = -1};
    l->key.ns = keep(&to, key.ns);
    l->key.service = keep(&to, key.service);
    l->key.id = keep(&to, key.id);
    if (l->next)
        l->next->from = &l->next;
    p->looks = l;
    p->under_way++;
    return l;
}

/* Closes it and takes it off the list; the memory with the key stays. */
static void look_end(struct look *l)
{
    /* With RST, as nothing was said: no thousands of connections in TIME_WAIT. */
    static const struct linger at_once = {.l_onoff = 1};
    if (l->event)
        event_free(l->event);
    if (l->fd >= 0) {
        (void)setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(l->fd);
    }
    *l->from = l->next;
    if (l->next)
        l->next->from = l->from;
    l->prober->under_way--;
}

static bool is_same(struct instance_key a, struct instance_key b)
{
    return text_is(a.id, b.id) && text_is(a.service, b.service) && text_is(a.ns, b.ns);
}

/* A port of the kernel's own choice, on this very host, may connect to itself. */
static bool met_itself(int fd)
{
    struct sockaddr_storage sa;
    struct endpoint here, there;
    socklen_t size = sizeof sa;
    if (getsockname(fd, (struct sockaddr *)&sa, &size) ||
        endpoint_from_sockaddr((struct sockaddr *)&sa, &here))
        return false;
    size = sizeof sa;
    if (getpeername(fd, (struct sockaddr *)&sa, &size) ||
        endpoint_from_sockaddr((struct sockaddr *)&sa, &there))
        return false;
    return here.port == there.port && addr_is(&here.addr, &there.addr);
}

/* 0 = connected, else an errno. */
static int outcome(const struct look *l, short what)
{
    int problem = l->problem;
    socklen_t size = sizeof problem;
    if (problem == EINPROGRESS) {
        if (what & EV_TIMEOUT)
            return ETIMEDOUT;
        if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &problem, &size))
            return errno;
    }
    return problem == 0 && met_itself(l->fd) ? EADDRINUSE : problem;
}

static void on_outcome(evutil_socket_t fd, short what, void *context)
{
    struct look *l = context;
    struct prober *p = l->prober;
    int problem = outcome(l, what);
    (void)fd;
    look_end(l);
    if (problem == 0)
        p->counters.alive++;
    else if (problem == ECONNREFUSED)
        p->counters.refused++;
    else
        p->counters.unknown++;
    if (problem == 0 || problem == ECONNREFUSED)
        p->result(p->context, l->key, problem == 0);
    free(l);
}

/* False where there is nothing to wait for. */
static bool look_begin(struct look *l, const struct endpoint *to)
{
    struct prober *p = l->prober;
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(to, &sa);
    l->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return false;
    l->event = event_new(p->base, l->fd, EV_WRITE, on_outcome, l);
    if (!l->event || event_add(l->event, &p->timeout))
        return false;
    l->problem = connect(l->fd, (struct sockaddr *)&sa, size) ? errno : 0;
    if (l->problem != EINPROGRESS)
        event_active(l->event, EV_WRITE, 0);
    return true;
}

/* ---- whom to look at --------------------------------------------------------------------- */

static bool is_allowed(const struct prober *p, const struct addr *addr)
{
    for (size_t i = 0; i < p->network_count; i++)
        if (network_has(&p->networks[i], addr))
            return true;
    return false;
}

static bool is_under_way(const struct prober *p, struct instance_key key)
{
    for (const struct look *l = p->looks; l; l = l->next)
        if (is_same(l->key, key))
            return true;
    return false;
}

void prober_look(struct prober *p, struct instance_key key, const struct addr *addr, uint16_t port)
{
    struct endpoint to = {*addr, port};
    bool room = port && p->under_way < p->max && is_allowed(p, addr);
    if (room && is_under_way(p, key)) /* no search when thousands come at once */
        return;
    struct look *l = room ? look_new(p, key) : NULL;
    if (!l) {
        p->counters.skipped++;
        return;
    }
    p->counters.started++;
    if (look_begin(l, &to))
        return;
    p->counters.unknown++;
    look_end(l);
    free(l);
}

void prober_look_at(struct prober *p, const struct instance *instance)
{
    struct record r;
    unsigned n = 0;
    instance_read(instance, &r);
    while (n < r.port_count && r.ports[n].protocol != PROTOCOL_TCP)
        n++;
    if (n < r.port_count && r.address_count)
        prober_look(p, instance_key(instance), &r.addresses[0], r.ports[n].number);
    else
        p->counters.skipped++;
}

const struct prober_counters *prober_counters(const struct prober *p)
{
    return &p->counters;
}

size_t prober_under_way(const struct prober *p)
{
    return p->under_way;
}

/* ---- life -------------------------------------------------------------------------------- */

enum err prober_configure(struct prober *p, const struct prober_config *config)
{
    size_t size = config->network_count * sizeof *p->networks;
    struct network *networks = malloc(size + !size);
    if (!networks)
        return ERR_MEMORY;
    if (size)
        memcpy(networks, config->networks, size);
    free(p->networks);
    p->networks = networks;
    p->network_count = config->network_count;
    p->max = config->max;
    p->timeout = timeval_of(config->timeout_ms);
    return ERR_OK;
}

struct prober *prober_new(struct event_base *base, const struct prober_config *config,
                          prober_result *result, void *context)
{
    struct prober *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->base = base;
    p->result = result;
    p->context = context;
    if (!prober_configure(p, config))
        return p;
    prober_free(p);
    return NULL;
}

void prober_free(struct prober *p)
{
    if (!p)
        return;
    for (struct look *l; (l = p->looks);) {
        look_end(l);
        free(l);
    }
    free(p->networks);
    free(p);
}

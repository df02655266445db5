#include "sim/net.h"

#include <stdlib.h>
#include <string.h>

void net_init(struct net *n, struct engine *engine, const struct sim_options *options,
              uint64_t seed)
{
    *n = (struct net){.engine = engine, .link = options->link, .hosts = options->hosts};
    n->links = sim_alloc(options->hosts * sizeof(*n->links));
    for (uint32_t h = 0; h < options->hosts; h++)
        rand_for(&n->links[h], seed, 'n', h);
}

static void unlink_flying(struct net *n, struct datagram *d)
{
    if (d->previous)
        d->previous->next = d->next;
    else
        n->flying = d->next;
    if (d->next)
        d->next->previous = d->previous;
    d->next = d->previous = NULL;
}

void net_deinit(struct net *n)
{
    while (n->flying) {
        struct datagram *d = n->flying;
        event_cancel(n->engine, &d->event);
        unlink_flying(n, d);
        free(d);
    }
    free(n->links);
    free(n->faults);
}

void net_fault(struct net *n, const struct sim_action *fault)
{
    uint64_t now_ms = n->engine->now_us / 1000;
    size_t kept = 0;
    for (size_t i = 0; i < n->fault_count; i++)
        if (n->faults[i].at_ms + n->faults[i].for_ms > now_ms)
            n->faults[kept++] = n->faults[i];
    n->faults = sim_grow(n->faults, (kept + 1) * sizeof(*n->faults));
    n->faults[kept] = *fault;
    n->fault_count = kept + 1;
}

bool hosts_have(struct sim_hosts set, uint32_t all, uint32_t host)
{
    return all && (host + all - set.first % all) % all < set.count;
}

/* What the link and the faults of the moment do to one datagram. */
struct fate {
    uint32_t loss_ppm, copies_ppm;
    uint64_t delay_us, copy_late_us;
};

static bool concerns(const struct net *n, const struct sim_action *f, bool to_server, uint32_t host)
{
    uint64_t now_us = n->engine->now_us;
    if (now_us >= (f->at_ms + f->for_ms) * 1000 || !hosts_have(f->hosts, n->hosts, host))
        return false;
    return f->direction == SIM_BOTH_WAYS || (f->direction == SIM_REQUESTS) == to_server;
}

bool net_reaches(const struct net *n, uint32_t host)
{
    for (size_t i = 0; i < n->fault_count; i++)
        if (n->faults[i].verb == SIM_CUT &&
            (concerns(n, &n->faults[i], true, host) || concerns(n, &n->faults[i], false, host)))
            return false;
    return true;
}

static void suffer(struct fate *fate, const struct sim_action *f, struct rand *r)
{
    uint32_t value = (uint32_t)f->value;
    if (f->verb == SIM_CUT)
        fate->loss_ppm = 1000000;
    else if (f->verb == SIM_LOSS && value > fate->loss_ppm)
        fate->loss_ppm = value;
    else if (f->verb == SIM_DELAY)
        fate->delay_us += value + between(r, 0, value);
    else if (f->verb == SIM_COPIES) {
        fate->copies_ppm = value;
        fate->copy_late_us = f->for_ms * 1000;
    }
}

static struct fate fate_of(struct net *n, bool to_server, uint32_t host)
{
    struct rand *r = &n->links[host];
    struct fate fate = {.loss_ppm = n->link.loss_ppm,
                        .copies_ppm = n->link.copies_ppm,
                        .delay_us = n->link.delay_us + between(r, 0, n->link.spread_us),
                        .copy_late_us = 100000};
    if (n->link.tail_us && chance(r, 20000))
        fate.delay_us += between(r, 0, n->link.tail_us);
    for (size_t i = 0; i < n->fault_count; i++)
        if (concerns(n, &n->faults[i], to_server, host))
            suffer(&fate, &n->faults[i], r);
    return fate;
}

static void arrive(void *context, struct event *event)
{
    struct net *n = context;
    struct datagram *d = (struct datagram *)event; /* its first member */
    unlink_flying(n, d);
    d->arrived_us = n->engine->now_us;
    n->receive[d->to_server](n->contexts[d->to_server], d);
}

static void launch(struct net *n, const struct datagram *form, const void *bytes, uint64_t at_us)
{
    struct datagram *d = sim_alloc(sizeof(*d) + form->size);
    *d = *form;
    memcpy(d->bytes, bytes, form->size);
    d->next = n->flying;
    if (n->flying)
        n->flying->previous = d;
    n->flying = d;
    event_init(&d->event, arrive, n);
    event_set(n->engine, &d->event, at_us);
}

void net_send(struct net *n, bool to_server, uint32_t host, uint16_t port, const void *bytes,
              size_t size)
{
    struct rand *r = &n->links[host];
    struct fate fate = fate_of(n, to_server, host);
    uint64_t now_us = n->engine->now_us;
    struct datagram form = {
        .net = n, .to_server = to_server, .host = host, .port = port, .size = size};
    n->sent++;
    if (chance(r, fate.copies_ppm))
        launch(n, &form, bytes, now_us + fate.delay_us + between(r, 0, fate.copy_late_us));
    if (chance(r, fate.loss_ppm))
        n->lost++;
    else
        launch(n, &form, bytes, now_us + fate.delay_us);
}

#include "sim/probe.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_US = 2000, SILENCE_US = 1000000 };

struct probe {
    struct event event;
    struct probes *all;
    struct probe *next, *previous;
    struct instance_key key;
    char bytes[];
};

static void drop(struct probe *p)
{
    if (p->previous)
        p->previous->next = p->next;
    else
        p->all->first = p->next;
    if (p->next)
        p->next->previous = p->previous;
    event_cancel(p->all->engine, &p->event);
    free(p);
}

static enum probe_result result_of(const struct probes *all, struct instance_key key)
{
    uint32_t number = client_of_name(key.id);
    if (number >= all->clients->count)
        return PROBE_SILENCE;
    const struct client *c = all->clients->list[number];
    if (!net_reaches(all->net, c->spec.host))
        return PROBE_SILENCE;
    return client_keeps(c, key.id) ? PROBE_CONNECTED : PROBE_REFUSED;
}

static void on_time(void *context, struct event *event)
{
    struct probe *p = (struct probe *)event; /* its first member */
    struct probes *all = context;
    all->done(all->context, p->key, result_of(all, p->key));
    drop(p);
}

static struct text keep(char **at, struct text t)
{
    struct text copy = {*at, t.n};
    memcpy(*at, t.s, t.n);
    *at += t.n;
    return copy;
}

void probe_begin(struct probes *all, struct instance_key key)
{
    struct probe *p = sim_alloc(sizeof(*p) + key.ns.n + key.service.n + key.id.n);
    char *at = p->bytes;
    p->all = all;
    p->key.ns = keep(&at, key.ns);
    p->key.service = keep(&at, key.service);
    p->key.id = keep(&at, key.id);
    p->next = all->first;
    if (all->first)
        all->first->previous = p;
    all->first = p;
    event_init(&p->event, on_time, all);
    bool silent = result_of(all, key) == PROBE_SILENCE;
    event_set(all->engine, &p->event, all->engine->now_us + (silent ? SILENCE_US : ANSWER_US));
}

void probes_forget(struct probes *all)
{
    while (all->first)
        drop(all->first);
}

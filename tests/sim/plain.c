/* Clients of a few lines, as people write them in a shell: see enum sim_kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/client.h"

enum { REPEATS = 2, COOKIE = 32 };

struct plain {
    int fd;
    char cookie[COOKIE];
    bool registered, renewal; /* the last request was a `ren` */
    unsigned repeats;         /* answers to challenges since the timer */
    uint64_t due_us;
    uint32_t lease_s;
    uint64_t requests;
    bool done;
};

struct plain *plain_client_new(struct client *c)
{
    struct plain *p = sim_alloc(sizeof(*p));
    p->fd = sockets_open();
    p->lease_s = c->spec.lease_s ? c->spec.lease_s : c->all->options->lease_s;
    return p;
}

void plain_client_free(struct plain *p)
{
    if (!p)
        return;
    sockets_close(p->fd);
    free(p);
}

static void request(struct client *c, const char *verb)
{
    struct plain *p = c->plain;
    char text[256], name[CLIENT_NAME];
    bool is_reg = strcmp(verb, "reg") == 0;
    const struct sim_options *o = c->all->options;
    snprintf(name, sizeof(name), c->names ? "c%ug%u" : "c%u", c->number, c->names);
    int n = snprintf(text, sizeof(text), "disc/1 %s id=%ux%llu svc=s%u inst=%s", verb, c->number,
                     (unsigned long long)++p->requests % 1000, c->spec.service, name);
    if (is_reg)
        n += snprintf(text + n, sizeof(text) - (size_t)n, " port=80 lease=%u", p->lease_s);
    if (is_reg && o->zones)
        n += snprintf(text + n, sizeof(text) - (size_t)n, " zone=z%u", c->spec.host % o->zones);
    if (*p->cookie)
        n += snprintf(text + n, sizeof(text) - (size_t)n, " ck=%s", p->cookie);
    text[n++] = '\n';
    p->renewal = !is_reg;
    sockets_send(p->fd, text, (size_t)n);
}

/* What follows " key=" in a reply; false when it is not there. */
static bool param(const char *reply, const char *key, char *out, size_t size)
{
    char wanted[16];
    snprintf(wanted, sizeof(wanted), " %s=", key);
    const char *at = strstr(reply, wanted);
    if (!at)
        return false;
    at += strlen(wanted);
    size_t n = strcspn(at, " \n");
    if (n >= size)
        return false;
    memcpy(out, at, n);
    out[n] = 0;
    return true;
}

static void on_reply(struct client *c, const char *reply)
{
    struct plain *p = c->plain;
    char text[COOKIE];
    if (param(reply, "ck", text, sizeof(text)))
        memcpy(p->cookie, text, sizeof(text));
    if (strncmp(reply, "disc/1 chal", 11) == 0 && p->repeats++ < REPEATS)
        request(c, p->renewal ? "ren" : "reg");
    if (strncmp(reply, "disc/1 ok", 9) == 0) {
        p->registered = true;
        if (param(reply, "lease", text, sizeof(text)) && atoi(text) > 0)
            p->lease_s = (uint32_t)atoi(text);
    }
    if (p->renewal && strstr(reply, " c=404")) {
        p->registered = false;
        request(c, "reg");
    }
}

static uint64_t period_us(const struct client *c)
{
    uint64_t lease_us = (uint64_t)c->plain->lease_s * 1000000;
    return c->spec.kind == SIM_HALF ? lease_us / 2 : lease_us / 6;
}

static void on_due(struct client *c)
{
    struct plain *p = c->plain;
    uint64_t now_us = c->all->engine->now_us;
    p->repeats = 0;
    if (c->spec.kind == SIM_ONCE && p->done)
        return;
    p->done = true;
    request(c, c->spec.kind == SIM_HALF && p->registered ? "ren" : "reg");
    p->due_us = c->spec.kind == SIM_ONCE ? UINT64_MAX : now_us + period_us(c);
}

void plain_run(struct client *c)
{
    struct plain *p = c->plain;
    char reply[REG_DATAGRAM_MAX + 1];
    for (size_t n; (n = sockets_recv(p->fd, reply, sizeof(reply) - 1));) {
        reply[n] = 0;
        on_reply(c, reply);
    }
    if (p->due_us <= c->all->engine->now_us)
        on_due(c);
    if (p->due_us != UINT64_MAX)
        event_set(c->all->engine, &c->timer, p->due_us);
}

void plain_leave(struct client *c)
{
    request(c, "del");
    request(c, "del");
}

#include "sim/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/disc.h"

const char client_key_id[] = "fleet";
const char client_secret[] = "four-and-twenty octets!!";

/* ---- hosts ---------------------------------------------------------------------------- */

enum reg_auth host_auth(const struct sim_options *options, uint32_t host)
{
    uint32_t lot = (host * 37 + 11) % 100;
    if (lot < options->cookie_percent)
        return REG_AUTH_COOKIE;
    return lot < options->cookie_percent + options->key_percent ? REG_AUTH_KEY : REG_AUTH_OPEN;
}

/* Many networks of /24 with a few hosts each: what a server says to strangers is limited by
 * network. */
struct addr host_addr(const struct sim_options *options, uint32_t host)
{
    uint8_t auth = (uint8_t)host_auth(options, host);
    return (struct addr){FAMILY_V4, {10, auth, (uint8_t)host, (uint8_t)(1 + (host >> 8))}};
}

/* ---- names ---------------------------------------------------------------------------- */

static void name_of(const struct client *c, char out[CLIENT_NAME])
{
    if (c->names)
        snprintf(out, CLIENT_NAME, "c%ug%u", c->number, c->names);
    else
        snprintf(out, CLIENT_NAME, "c%u", c->number);
}

uint32_t client_of_name(struct text instance)
{
    uint32_t number = 0;
    if (instance.n < 2 || instance.s[0] != 'c')
        return UINT32_MAX;
    for (size_t i = 1; i < instance.n && instance.s[i] >= '0' && instance.s[i] <= '9'; i++)
        number = number * 10 + (uint32_t)(instance.s[i] - '0');
    return number;
}

bool client_keeps(const struct client *c, struct text instance)
{
    char name[CLIENT_NAME];
    name_of(c, name);
    size_t n = strlen(name);
    return c->running && !c->leaving && instance.n >= n && memcmp(instance.s, name, n) == 0 &&
           (instance.n == n || instance.s[n] == '-');
}

/* ---- libdisc -------------------------------------------------------------------------- */

static struct disc *library_new(const struct client *c)
{
    const struct sim_options *o = c->all->options;
    struct rand r;
    rand_for(&r, c->all->seed, 'c', (uint64_t)c->number << 32 | c->starts);
    struct disc_options options = DISC_OPTIONS_INIT;
    options.seed = rand_next(&r) | 1;
    options.drain_ms = chance(&r, 200000) ? 1000 : 0;
    if (host_auth(o, c->spec.host) == REG_AUTH_KEY) {
        options.key_id = client_key_id;
        options.secret = client_secret;
        options.secret_size = CLIENT_SECRET_SIZE;
    }
    struct disc *d = disc_new(&options);
    if (!d || disc_add_server(d, "discd"))
        abort();
    return d;
}

static void library_register(struct client *c, uint32_t n)
{
    const struct sim_options *o = c->all->options;
    char name[CLIENT_NAME], instance[2 * CLIENT_NAME], service[16], zone[16], port[16];
    name_of(c, name);
    bool agent = c->spec.kind == SIM_AGENT;
    snprintf(instance, sizeof(instance), agent ? "%s-%u" : "%s", name, n);
    snprintf(service, sizeof(service), "s%u", (c->spec.service + n) % o->services);
    snprintf(port, sizeof(port), "%u", 1024 + n);
    snprintf(zone, sizeof(zone), "z%u", o->zones ? c->spec.host % o->zones : 0);
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = service;
    spec.instance = instance;
    spec.ports = port;
    spec.zone = o->zones ? zone : NULL;
    spec.group = agent ? name : NULL;
    spec.lease_s = (int)c->spec.lease_s;
    spec.weight = (int)(1 + c->number % 7);
    if (c->spec.counts_revs)
        spec.rev = 1000000 + c->all->engine->now_us / 1000;
    if (disc_register(c->disc, &spec) <= 0)
        abort();
}

static void library_start(struct client *c)
{
    uint32_t count = c->spec.kind == SIM_AGENT ? c->spec.instances : 1;
    c->disc = library_new(c);
    for (uint32_t n = 0; n < count; n++)
        library_register(c, n);
}

static void ended(struct client *c)
{
    struct clients *all = c->all;
    struct addr own = host_addr(all->options, c->spec.host);
    sockets_enter(all->sockets, c->number, c->spec.host, &own);
    disc_free(c->disc);
    plain_client_free(c->plain);
    c->disc = NULL;
    c->plain = NULL;
    c->running = c->leaving = false;
    c->ended_ms = all->engine->now_us / 1000;
    event_cancel(all->engine, &c->timer);
}

static void library_run(struct client *c)
{
    uint64_t now_ms = c->all->engine->now_us / 1000;
    disc_process(c->disc, now_ms);
    if (c->leaving && disc_count(c->disc) == 0) {
        ended(c);
        return;
    }
    int wait = disc_timeout_ms(c->disc, now_ms);
    if (wait >= 0)
        event_set(c->all->engine, &c->timer, (now_ms + (uint64_t)wait) * 1000);
}

/* Handles are given out from 1 on. */
static void library_leave(struct client *c)
{
    uint32_t count = c->spec.kind == SIM_AGENT ? c->spec.instances : 1;
    for (uint32_t n = 1; n <= count; n++)
        (void)disc_deregister(c->disc, (int)n);
}

/* ---- processes -------------------------------------------------------------------------- */

static void run(struct client *c)
{
    struct clients *all = c->all;
    struct addr own = host_addr(all->options, c->spec.host);
    if (!c->running)
        return;
    if (all->frozen_us[c->spec.host] > all->engine->now_us) {
        event_set(all->engine, &c->timer, all->frozen_us[c->spec.host]);
        return;
    }
    sockets_enter(all->sockets, c->number, c->spec.host, &own);
    if (c->disc)
        library_run(c);
    else
        plain_run(c);
}

static void on_timer(void *context, struct event *event)
{
    (void)event;
    run(context);
}

static void on_ready(void *context, uint32_t owner)
{
    struct clients *all = context;
    run(all->list[owner]);
}

static void start(struct client *c)
{
    struct clients *all = c->all;
    struct addr own = host_addr(all->options, c->spec.host);
    if (c->running)
        return;
    sockets_enter(all->sockets, c->number, c->spec.host, &own);
    c->running = true;
    c->leaving = false;
    c->starts++;
    c->begun_ms = all->engine->now_us / 1000;
    if (c->spec.kind == SIM_LIBRARY || c->spec.kind == SIM_AGENT)
        library_start(c);
    else
        c->plain = plain_client_new(c);
    event_set(all->engine, &c->timer, all->engine->now_us);
}

static void leave(struct client *c)
{
    struct addr own = host_addr(c->all->options, c->spec.host);
    if (!c->running || c->leaving)
        return;
    sockets_enter(c->all->sockets, c->number, c->spec.host, &own);
    c->leaving = true;
    if (c->disc) {
        library_leave(c);
        event_set(c->all->engine, &c->timer, c->all->engine->now_us);
    } else {
        plain_leave(c);
        ended(c);
    }
}

static void act_on(struct client *c, enum sim_verb verb)
{
    if (verb == SIM_START)
        start(c);
    if (verb == SIM_LEAVE)
        leave(c);
    if (verb != SIM_KILL && verb != SIM_RESTART && verb != SIM_REPLACE)
        return;
    bool was = c->running;
    if (was)
        ended(c);
    if (verb == SIM_REPLACE)
        c->names++;
    if (verb != SIM_KILL && c->starts)
        start(c);
}

void clients_act(struct clients *all, const struct sim_action *action)
{
    if (action->verb < SIM_CRASH_HOSTS) {
        if (action->client < all->count)
            act_on(all->list[action->client], action->verb);
        return;
    }
    uint32_t hosts = all->options->hosts;
    for (uint32_t h = 0; action->verb == SIM_FREEZE_HOSTS && h < hosts; h++)
        if (hosts_have(action->hosts, hosts, h))
            all->frozen_us[h] = all->engine->now_us + action->for_ms * 1000;
    for (uint32_t i = 0; action->verb == SIM_CRASH_HOSTS && i < all->count; i++)
        if (hosts_have(action->hosts, hosts, all->list[i]->spec.host))
            act_on(all->list[i], SIM_KILL);
}

struct client *client_add(struct clients *all, const struct sim_client *spec)
{
    struct client *c = sim_alloc(sizeof(*c));
    *c = (struct client){.number = all->count, .spec = *spec, .all = all};
    c->spec.host %= all->options->hosts;
    c->spec.service %= all->options->services;
    if (!c->spec.instances)
        c->spec.instances = spec->kind == SIM_AGENT ? CLIENT_AGENT_INSTANCES : 1;
    event_init(&c->timer, on_timer, c);
    if ((all->count & (all->count - 1)) == 0) {
        size_t room = all->count ? 2 * (size_t)all->count : 1;
        all->list = sim_grow(all->list, room * sizeof(struct client *));
    }
    all->list[all->count++] = c;
    return c;
}

void clients_init(struct clients *all, struct engine *engine, struct net *net,
                  const struct sim_options *options, uint64_t seed)
{
    *all = (struct clients){.engine = engine, .options = options, .seed = seed};
    all->sockets = sockets_new(net, options->hosts, on_ready, all);
    all->frozen_us = sim_alloc(options->hosts * sizeof(*all->frozen_us));
}

void clients_deinit(struct clients *all)
{
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->list[i]->running)
            ended(all->list[i]);
        free(all->list[i]);
    }
    free(all->list);
    free(all->frozen_us);
    sockets_free(all->sockets);
}

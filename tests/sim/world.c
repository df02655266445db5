#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/check.h"
#include "sim/net.h"
#include "sim/server.h"

struct act {
    struct event event;
    struct world *world;
    struct sim_action action;
    bool lifting; /* the second half of SIM_DRAIN */
};

struct world {
    struct sim_options options;
    struct engine engine;
    struct net net;
    struct clients clients;
    struct check *check;
    struct server server;
    bool server_made;
    uint64_t seed;
    struct act **acts;
    size_t act_count, act_room;
};

struct sim_options sim_options_default(void)
{
    return (struct sim_options){
        .hosts = 20,
        .services = 4,
        .lease_s = 30,
        .guard = registry_config_default().guard,
        .tombstone_s = 300,
        .link = {.delay_us = 100, .spread_us = 400, .tail_us = 20000},
        .disk = {.commit_us = 300, .spread_us = 2000},
        .queue_max = 4096,
        .turn_max = 1024,
        .cost_us = 5,
        .dns = true,
        .check = true,
    };
}

struct world *world_new(uint64_t seed, const struct sim_options *options)
{
    struct world *w = sim_alloc(sizeof(*w));
    w->seed = seed;
    w->options = *options;
    if (!w->options.hosts)
        w->options.hosts = 1;
    if (!w->options.services)
        w->options.services = 1;
    net_init(&w->net, &w->engine, &w->options, seed);
    clients_init(&w->clients, &w->engine, &w->net, &w->options, seed);
    w->check = check_new(&w->options, &w->engine, &w->clients);
    w->net.receive[true] = server_receive;
    w->net.contexts[true] = &w->server;
    w->net.receive[false] = sockets_receive;
    w->net.contexts[false] = w->clients.sockets;
    return w;
}

void world_free(struct world *w)
{
    if (!w)
        return;
    if (w->server_made)
        server_deinit(&w->server);
    for (size_t i = 0; i < w->act_count; i++) {
        event_cancel(&w->engine, &w->acts[i]->event);
        free(w->acts[i]);
    }
    free(w->acts);
    net_deinit(&w->net);
    clients_deinit(&w->clients);
    check_free(w->check);
    engine_deinit(&w->engine);
    free(w);
}

/* ---- actions ----------------------------------------------------------------------------- */

static void drain(struct world *w, const struct act *act)
{
    char id[CLIENT_NAME + 4], service[16];
    uint32_t number = act->action.client;
    if (number >= w->clients.count)
        return;
    const struct client *c = w->clients.list[number];
    snprintf(service, sizeof(service), "s%u", c->spec.service);
    snprintf(id, sizeof(id), c->spec.kind == SIM_AGENT ? "c%u-0" : "c%u", number);
    struct instance_key key = {TEXT("default"), text_of(service), text_of(id)};
    server_drain(&w->server, key, !act->lifting);
}

static void on_act(void *context, struct event *event)
{
    struct act *act = (struct act *)event; /* its first member */
    struct world *w = context;
    struct sim_action *a = &act->action;
    char text[128];
    if (w->options.trace) {
        sim_action_text(a, text, sizeof(text));
        fprintf(stderr, "%10.3f * %s\n", (double)w->engine.now_us / 1e6, text);
    }
    check_action(w->check, a);
    if (a->verb <= SIM_FREEZE_HOSTS)
        clients_act(&w->clients, a);
    else if (a->verb <= SIM_COPIES)
        net_fault(&w->net, a);
    else if (a->verb <= SIM_DISK_FAIL)
        server_act(&w->server, a);
    else if (a->verb == SIM_EVICT)
        server_evict(&w->server, (uint32_t)a->value % w->options.services);
    else
        drain(w, act);
    if (a->verb == SIM_DRAIN && !act->lifting) {
        act->lifting = true;
        event_set(&w->engine, event, (a->at_ms + a->for_ms) * 1000);
    }
}

void world_act(struct world *w, const struct sim_action *action)
{
    struct act *act = sim_alloc(sizeof(*act));
    *act = (struct act){.world = w, .action = *action};
    if (w->act_count == w->act_room) {
        w->act_room = w->act_room ? 2 * w->act_room : 64;
        w->acts = sim_grow(w->acts, w->act_room * sizeof(struct act *));
    }
    w->acts[w->act_count++] = act;
    event_init(&act->event, on_act, w);
    event_set(&w->engine, &act->event, action->at_ms * 1000);
}

uint32_t world_add_client(struct world *w, const struct sim_client *client, uint64_t start_ms)
{
    const struct client *c = client_add(&w->clients, client);
    if (start_ms != UINT64_MAX)
        world_client(w, SIM_START, c->number, start_ms);
    return c->number;
}

void world_cut(struct world *w, struct sim_hosts hosts, enum sim_direction direction,
               uint64_t from_ms, uint64_t to_ms)
{
    world_act(w, &(struct sim_action){.verb = SIM_CUT,
                                      .at_ms = from_ms,
                                      .for_ms = to_ms - from_ms,
                                      .hosts = hosts,
                                      .direction = direction});
}

void world_loss(struct world *w, struct sim_hosts hosts, uint32_t ppm, uint64_t from_ms,
                uint64_t to_ms)
{
    world_act(w, &(struct sim_action){.verb = SIM_LOSS,
                                      .at_ms = from_ms,
                                      .for_ms = to_ms - from_ms,
                                      .hosts = hosts,
                                      .value = ppm});
}

void world_crash_hosts(struct world *w, struct sim_hosts hosts, uint64_t at_ms)
{
    world_act(w, &(struct sim_action){.verb = SIM_CRASH_HOSTS, .at_ms = at_ms, .hosts = hosts});
}

void world_crash_server(struct world *w, uint64_t at_ms, uint64_t down_ms)
{
    world_act(w, &(struct sim_action){.verb = SIM_CRASH, .at_ms = at_ms, .for_ms = down_ms});
}

void world_client(struct world *w, enum sim_verb verb, uint32_t client, uint64_t at_ms)
{
    world_act(w, &(struct sim_action){.verb = verb, .at_ms = at_ms, .client = client});
}

/* ---- running ------------------------------------------------------------------------------- */

bool world_run(struct world *w, uint64_t until_ms)
{
    if (!w->server_made) {
        w->server_made = true;
        server_init(&w->server, &w->engine, &w->net, &w->options, &w->clients, w->check, w->seed);
    }
    while (!check_failure(w->check) && engine_step(&w->engine, until_ms * 1000))
        check_look(w->check);
    return !check_failure(w->check);
}

const struct sim_failure *world_failure(const struct world *w)
{
    return check_failure(w->check);
}

void world_observe(struct world *w, const struct sim_observer *observer)
{
    check_observe(w->check, observer);
}

const struct registry *world_registry(const struct world *w)
{
    return w->server.registry;
}

uint64_t world_now_ms(const struct world *w)
{
    return w->engine.now_us / 1000;
}

bool world_client_alive(const struct world *w, uint32_t client)
{
    return client < w->clients.count && w->clients.list[client]->running;
}

struct sim_stats world_stats(const struct world *w)
{
    struct sim_stats s = {.events = w->engine.happened,
                          .datagrams = w->net.sent,
                          .lost = w->net.lost,
                          .overflowed = w->server.overflowed,
                          .handled = w->server.handled,
                          .replies = w->server.replies,
                          .held = w->server.held_count,
                          .refused = w->server.refused,
                          .commits = w->server.disk.commits,
                          .failed_commits = w->server.disk.failures,
                          .boots = w->server.boots};
    check_count(w->check, &s);
    return s;
}

uint64_t world_fingerprint(const struct world *w)
{
    return check_fingerprint(w->check);
}

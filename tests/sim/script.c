#include "sim/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/client.h"
#include "sim/engine.h"

enum { CALM_MS = 20000 }; /* at the beginning, so that there is something to trouble */

void script_deinit(struct script *s)
{
    free(s->clients);
    free(s->actions);
    free(s->left_out);
    *s = (struct script){0};
}

static void add_client(struct script *s, struct sim_client client, uint64_t start_ms)
{
    s->clients = sim_grow(s->clients, (s->client_count + 1) * sizeof(*s->clients));
    s->clients[s->client_count++] = (struct script_client){client, start_ms};
}

static void add_action(struct script *s, struct sim_action action)
{
    s->actions = sim_grow(s->actions, (s->action_count + 1) * sizeof(*s->actions));
    s->actions[s->action_count++] = action;
}

/* ---- made from a seed -------------------------------------------------------------------- */

static uint32_t pick(struct rand *r, const uint32_t *of, size_t count)
{
    return of[rand_below(r, (uint32_t)count)];
}

#define PICK(r, ...)                                                                               \
    pick(r, (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void make_options(struct script *s, struct rand *r)
{
    struct sim_options *o = &s->options;
    *o = sim_options_default();
    o->hosts = (uint32_t)between(r, 5, chance(r, 300000) ? 60 : 25);
    o->services = (uint32_t)between(r, 1, 6);
    o->zones = chance(r, 400000) ? (uint32_t)between(r, 2, 4) : 0;
    o->guard.zones = chance(r, 500000);
    o->cookie_percent = PICK(r, 0, 30, 60);
    o->key_percent = PICK(r, 0, 0, 20);
    o->lease_s = PICK(r, 5, 10, 30, 30, 30, 60);
    o->guard.hold_s = PICK(r, 20, 60, 120, 300);
    o->tombstone_s = PICK(r, 30, 120, 300);
    o->policy.floor = PICK(r, 0, 0, 0, 0, 1, 3);
    o->policy.probe = chance(r, 200000);
    o->link.delay_us = PICK(r, 50, 200, 2000, 20000);
    o->link.spread_us = o->link.delay_us * PICK(r, 1, 2, 4);
    o->link.tail_us = PICK(r, 0, 20000, 200000);
    o->link.loss_ppm = PICK(r, 0, 0, 1000, 10000);
    o->link.copies_ppm = PICK(r, 0, 1000, 20000);
    o->disk.commit_us = PICK(r, 200, 1000, 8000);
    o->disk.spread_us = PICK(r, 500, 4000, 30000);
    o->queue_max = PICK(r, 64, 256, 4096);
    o->turn_max = PICK(r, 4, 32, 1024);
    o->cost_us = PICK(r, 5, 50, 500);
    s->until_ms = between(r, 200, 500) * 1000 + (uint64_t)o->lease_s * 8000;
}

static enum sim_kind kind_for(struct rand *r, const struct sim_options *o, uint32_t host)
{
    uint32_t lot = rand_below(r, 100);
    if (lot < 8)
        return SIM_AGENT;
    if (lot < 68 || host_auth(o, host) == REG_AUTH_KEY)
        return SIM_LIBRARY;
    return lot < 80 ? SIM_HALF : lot < 92 ? SIM_LOOP : SIM_ONCE;
}

static void make_clients(struct script *s, struct rand *r)
{
    const struct sim_options *o = &s->options;
    uint64_t spread_ms = PICK(r, 0, 3000, 15000);
    bool mixed = chance(r, 200000);
    uint32_t crowd = PICK(r, 0, 0, 0, 0, 0, 0, 4);
    for (uint32_t host = 0; host < o->hosts; host++) {
        for (uint32_t n = 1 + crowd + (rand_below(r, 4) == 0); n > 0; n--) {
            struct sim_client client = {.kind = kind_for(r, o, host), .host = host};
            client.service = rand_below(r, o->services);
            client.lease_s = mixed ? PICK(r, 5, 30, 60) : 0;
            client.instances = (uint32_t)between(r, 2, 30);
            client.counts_revs = chance(r, 300000);
            add_client(s, client, between(r, 0, spread_ms));
        }
    }
}

static struct sim_hosts some_hosts(struct rand *r, uint32_t all)
{
    uint32_t percent = PICK(r, 5, 20, 30, 60, 100);
    uint32_t count = all * percent / 100;
    return (struct sim_hosts){rand_below(r, all), count ? count : 1};
}

/* Somewhat less, or more, than what all clients together ask for. */
static int64_t slowness(const struct script *s, struct rand *r)
{
    uint64_t between_us = (uint64_t)s->options.lease_s * 300000 / (s->client_count + 1);
    return (int64_t)(between_us * PICK(r, 5, 11, 15, 40) / 10);
}

static int64_t value_for(const struct script *s, struct rand *r, enum sim_verb verb)
{
    if (verb == SIM_LOSS)
        return PICK(r, 10000, 50000, 100000, 300000, 600000);
    if (verb == SIM_DELAY)
        return PICK(r, 5000, 100000, 1500000);
    if (verb == SIM_COPIES)
        return PICK(r, 50000, 300000);
    if (verb == SIM_SLOW)
        return slowness(s, r);
    if (verb == SIM_WALL_STEP)
        return (int64_t)between(r, 0, 6 * 3600000) - 3 * 3600000;
    if (verb == SIM_DISK_SLOW)
        return PICK(r, 50000, 500000, 2000000);
    return verb == SIM_EVICT ? rand_below(r, s->options.services) : 0;
}

static struct sim_action make_action(struct script *s, struct rand *r)
{
    static const uint8_t lots[] = {
        SIM_KILL,      SIM_KILL,        SIM_LEAVE,        SIM_LEAVE,  SIM_LEAVE,     SIM_RESTART,
        SIM_REPLACE,   SIM_CRASH_HOSTS, SIM_FREEZE_HOSTS, SIM_CUT,    SIM_CUT,       SIM_CUT,
        SIM_LOSS,      SIM_LOSS,        SIM_DELAY,        SIM_COPIES, SIM_STALL,     SIM_PAUSE,
        SIM_SUSPEND,   SIM_SLOW,        SIM_CRASH,        SIM_CRASH,  SIM_WALL_STEP, SIM_DISK_SLOW,
        SIM_DISK_FAIL, SIM_EVICT,       SIM_DRAIN,        SIM_SLOW,
    };
    struct sim_action a = {.verb = (enum sim_verb)lots[rand_below(r, sizeof(lots))]};
    a.at_ms = between(r, CALM_MS, s->until_ms);
    a.for_ms = between(r, 100, PICK(r, 2000, 20000, 150000));
    a.client = rand_below(r, (uint32_t)s->client_count);
    a.hosts = some_hosts(r, s->options.hosts);
    a.direction = (enum sim_direction)rand_below(r, 3);
    a.value = value_for(s, r, a.verb);
    if (a.verb == SIM_SLOW)
        a.for_ms = between(r, 10000, 150000);
    if (a.verb >= SIM_STALL && a.verb <= SIM_CRASH && a.verb != SIM_SLOW)
        a.for_ms = between(r, 100, PICK(r, 3000, 30000, 90000));
    return a;
}

/* What a redeployment does: everybody goes and comes, one after the other. */
static void make_rollout(struct script *s, struct rand *r)
{
    static const uint8_t ways[] = {SIM_RESTART, SIM_REPLACE, SIM_LEAVE};
    enum sim_verb verb = (enum sim_verb)ways[rand_below(r, sizeof(ways))];
    uint64_t at_ms = between(r, CALM_MS, s->until_ms / 2), step_ms = between(r, 50, 5000);
    for (uint32_t i = 0; i < s->client_count; i++, at_ms += step_ms) {
        add_action(s, (struct sim_action){.verb = verb, .at_ms = at_ms, .client = i});
        if (verb == SIM_LEAVE)
            add_action(s, (struct sim_action){
                              .verb = SIM_START, .at_ms = at_ms + step_ms / 2, .client = i});
    }
}

void script_random(struct script *s, uint64_t seed)
{
    struct rand r;
    *s = (struct script){.seed = seed};
    rand_for(&r, seed, 'm', 0);
    make_options(s, &r);
    make_clients(s, &r);
    for (uint64_t n = between(&r, 3, 25); n > 0; n--)
        add_action(s, make_action(s, &r));
    if (chance(&r, 200000))
        make_rollout(s, &r);
    s->left_out = sim_alloc(s->client_count + s->action_count);
}

void script_large(struct script *s, uint64_t seed, uint32_t clients, uint32_t minutes)
{
    struct rand r;
    *s = (struct script){.seed = seed, .until_ms = (uint64_t)minutes * 60000};
    rand_for(&r, seed, 'l', 0);
    s->options = sim_options_default();
    s->options.hosts = clients / 8 < 10 ? 10 : clients / 8 > 60000 ? 60000 : clients / 8;
    s->options.services = 20 + clients / 200;
    s->options.cookie_percent = 40;
    s->options.dns = false;
    s->options.queue_max = 65536;
    s->options.guard.hold_s = 60;
    for (uint32_t i = 0; i < clients; i++) {
        struct sim_client client = {.host = rand_below(&r, s->options.hosts)};
        client.kind = rand_below(&r, 100) < 90 ? SIM_LIBRARY : SIM_HALF;
        client.service = rand_below(&r, s->options.services);
        add_client(s, client, between(&r, 0, 20000));
    }
    uint64_t third = s->until_ms / 3;
    struct sim_hosts dead = {rand_below(&r, s->options.hosts), s->options.hosts / 4};
    struct sim_hosts part = {rand_below(&r, s->options.hosts), s->options.hosts * 3 / 10};
    struct sim_hosts all = {0, s->options.hosts};
    add_action(
        s, (struct sim_action){
               .verb = SIM_LOSS, .at_ms = 30000, .for_ms = third, .hosts = all, .value = 50000});
    add_action(s, (struct sim_action){
                      .verb = SIM_CUT, .at_ms = third, .for_ms = third / 2, .hosts = part});
    add_action(s, (struct sim_action){.verb = SIM_CRASH_HOSTS, .at_ms = 50000, .hosts = dead});
    add_action(s, (struct sim_action){.verb = SIM_CRASH, .at_ms = 2 * third, .for_ms = 2000});
    for (uint32_t i = 0; i < clients / 50; i++)
        add_action(s, (struct sim_action){.verb = i % 2 ? SIM_LEAVE : SIM_KILL,
                                          .at_ms = between(&r, 30000, s->until_ms),
                                          .client = rand_below(&r, clients)});
    s->left_out = sim_alloc(s->client_count + s->action_count);
}

/* ---- running --------------------------------------------------------------------------------- */

struct outcome script_run(const struct script *s)
{
    struct world *w = world_new(s->seed, &s->options);
    struct outcome out = {0};
    for (size_t i = 0; i < s->client_count; i++)
        world_add_client(w, &s->clients[i].client,
                         s->left_out[i] ? UINT64_MAX : s->clients[i].start_ms);
    for (size_t i = 0; i < s->action_count; i++)
        if (!s->left_out[s->client_count + i])
            world_act(w, &s->actions[i]);
    out.failed = !world_run(w, s->until_ms);
    if (out.failed)
        out.failure = *world_failure(w);
    out.stats = world_stats(w);
    out.fingerprint = world_fingerprint(w);
    world_free(w);
    return out;
}

/* Tries without items `from` to `to`; keeps them out when the failure is the same. */
static bool try_without(struct script *s, struct outcome *outcome, size_t from, size_t to)
{
    size_t all = s->client_count + s->action_count, gone = 0;
    bool *before = sim_alloc(all);
    memcpy(before, s->left_out, all);
    for (size_t i = from; i < to; i++) {
        gone += !s->left_out[i];
        s->left_out[i] = true;
    }
    bool same = false;
    if (gone) {
        struct outcome now = script_run(s);
        same = now.failed && strcmp(now.failure.name, outcome->failure.name) == 0;
        if (same) {
            *outcome = now;
            s->until_ms = now.failure.at_ms + 1;
        } else {
            memcpy(s->left_out, before, all);
        }
    }
    free(before);
    return same;
}

void script_shrink(struct script *s, struct outcome *outcome, unsigned runs)
{
    size_t all = s->client_count + s->action_count;
    s->until_ms = outcome->failure.at_ms + 1;
    for (size_t i = 0; i < s->action_count; i++)
        if (s->actions[i].at_ms > s->until_ms)
            s->left_out[s->client_count + i] = true;
    for (size_t piece = (all + 1) / 2; piece && runs; piece /= 2) {
        bool again = true;
        while (again && runs) {
            again = false;
            for (size_t from = 0; from < all && runs; from += piece, runs--)
                again |= try_without(s, outcome, from, from + piece < all ? from + piece : all) &&
                         piece == 1;
        }
    }
}

/* ---- printing -------------------------------------------------------------------------- */

static int compare_actions(const void *a, const void *b)
{
    const struct sim_action *x = a, *y = b;
    return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms;
}

void script_print(const struct script *s)
{
    const struct sim_options *o = &s->options;
    struct sim_action *left = sim_alloc(s->action_count * sizeof(*left));
    size_t count = 0;
    char text[160];
    fprintf(stderr,
            "  lease %u s, hold %u s, floor %u%s, graves %u s, %u hosts, %u zones%s, %u services; "
            "queue %u, "
            "turn %u, %u us each; loss %u ppm, copies %u ppm, delay %u+%u us\n",
            o->lease_s, o->guard.hold_s, o->policy.floor, o->policy.probe ? ", probed" : "",
            o->tombstone_s, o->hosts, o->zones, o->guard.zones ? " with guards" : "", o->services,
            o->queue_max, o->turn_max, o->cost_us, o->link.loss_ppm, o->link.copies_ppm,
            o->link.delay_us, o->link.spread_us);
    for (size_t i = 0; i < s->client_count; i++) {
        const struct sim_client *c = &s->clients[i].client;
        if (!s->left_out[i])
            fprintf(stderr, "  %.3f start client %zu: %s on host %u, s%u, lease %u%s\n",
                    (double)s->clients[i].start_ms / 1000, i, sim_kind_text(c->kind), c->host,
                    c->service, c->lease_s ? c->lease_s : o->lease_s,
                    c->counts_revs ? ", counts" : "");
    }
    for (size_t i = 0; i < s->action_count; i++)
        if (!s->left_out[s->client_count + i])
            left[count++] = s->actions[i];
    qsort(left, count, sizeof(*left), compare_actions);
    for (size_t i = 0; i < count; i++) {
        sim_action_text(&left[i], text, sizeof(text));
        fprintf(stderr, "  %s\n", text);
    }
    free(left);
}

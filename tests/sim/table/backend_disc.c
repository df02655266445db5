/* disc's column: the simulator's world, with the production server and libdisc. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "sim/table/backend.h"

struct name {
    char ns[NAMESPACE_MAX + 1], service[SERVICE_MAX + 1], id[INSTANCE_ID_MAX + 1];
};

struct disc {
    struct fleet *fleet;
    struct world *world;
    struct name *names; /* [plan.capacity] of the (first) instance; empty = not heard of yet */
};

static struct disc *disc_of(const struct fleet *f)
{
    return f->state;
}

/* ---- what the world tells ----------------------------------------------------------- */

static void keep_name(struct name *name, struct instance_key key)
{
    if (*name->id)
        return;
    if (text_copy(key.ns, name->ns, sizeof name->ns) ||
        text_copy(key.service, name->service, sizeof name->service) ||
        text_copy(key.id, name->id, sizeof name->id))
        abort();
}

static void note_guard(struct guard_story *story, enum sim_news_kind kind)
{
    story->closed += kind == SIM_NEWS_GUARD_ON;
    story->opened += kind == SIM_NEWS_GUARD_OFF;
    story->brownouts += kind == SIM_NEWS_BROWNOUT_ON;
}

static void note_instance(struct disc *d, const struct sim_news *news)
{
    struct fleet *f = d->fleet;
    unsigned id = news->client;
    if (news->kind == SIM_NEWS_UP)
        keep_name(&d->names[id], news->key);
    else if (news->kind == SIM_NEWS_LEFT)
        f->peers[id].withdrawn_ms = f->now_ms;
    else
        fleet_lost(f, id, news->kind == SIM_NEWS_STALE ? SERVED_LAST : SERVED_NOT);
}

static void on_news(void *context, const struct sim_news *news)
{
    struct disc *d = context;
    d->fleet->now_ms = news->at_ms;
    if (news->kind >= SIM_NEWS_GUARD_ON)
        note_guard(&d->fleet->story, news->kind);
    else if (news->client < d->fleet->count)
        note_instance(d, news);
}

/* ---- life --------------------------------------------------------------------------- */

static void start(struct fleet *f)
{
    struct disc *d = fleet_memory(1, sizeof *d);
    struct sim_options options = sim_options_default();
    options.hosts = f->plan.hosts;
    options.zones = f->plan.zones;
    options.services = 1;
    options.lease_s = f->plan.lease_s;
    options.check = false;
    options.dns = false;
    d->fleet = f;
    d->world = world_new(f->plan.seed, &options);
    if (!d->world)
        abort();
    d->names = fleet_memory(f->plan.capacity, sizeof *d->names);
    world_observe(d->world, &(struct sim_observer){on_news, d});
    f->state = d;
}

static void stop(struct fleet *f)
{
    struct disc *d = disc_of(f);
    world_free(d->world);
    free(d->names);
    free(d);
}

static void join(struct fleet *f, unsigned id, uint64_t at_ms)
{
    static const enum sim_kind kinds[] = {[CLIENT_PLAIN] = SIM_LIBRARY,
                                          [CLIENT_AGENT] = SIM_AGENT,
                                          [CLIENT_LOOP] = SIM_LOOP,
                                          [CLIENT_HALF] = SIM_HALF,
                                          [CLIENT_ONCE] = SIM_ONCE};
    const struct peer *peer = &f->peers[id];
    struct sim_client client = {.kind = kinds[peer->client],
                                .host = peer->host,
                                .lease_s = f->plan.lease_s,
                                .instances = AGENT_INSTANCES};
    if (world_add_client(disc_of(f)->world, &client, at_ms) != id)
        abort();
}

static void run(struct fleet *f, uint64_t until_ms)
{
    struct world *w = disc_of(f)->world;
    if (world_run(w, until_ms))
        return;
    fprintf(stderr, "sim_table: seed %" PRIu64 ": %s\n", f->plan.seed, world_failure(w)->text);
    exit(3);
}

/* ---- what happens ------------------------------------------------------------------- */

static void crash(struct fleet *f, unsigned id)
{
    world_client(disc_of(f)->world, SIM_KILL, id, f->now_ms);
}

static void leave(struct fleet *f, unsigned id)
{
    world_client(disc_of(f)->world, SIM_LEAVE, id, f->now_ms);
}

static void cut(struct fleet *f, unsigned host, uint64_t until_ms)
{
    world_cut(disc_of(f)->world, (struct sim_hosts){host, 1}, SIM_BOTH_WAYS, f->now_ms, until_ms);
}

static void loss(struct fleet *f, unsigned percent)
{
    world_loss(disc_of(f)->world, (struct sim_hosts){0, f->plan.hosts}, percent * 10000, f->now_ms,
               f->now_ms + 1000ull * 3600 * 1000);
}

static void restart(struct fleet *f, uint64_t down_ms)
{
    world_crash_server(disc_of(f)->world, f->now_ms, down_ms);
}

static enum served served(const struct fleet *f, unsigned id)
{
    const struct disc *d = disc_of(f);
    const struct name *name = &d->names[id];
    const struct registry *registry = world_registry(d->world);
    if (!registry || !*name->id)
        return SERVED_NOT;
    const struct instance *i =
        registry_instance(registry, (struct instance_key){text_of(name->ns), text_of(name->service),
                                                          text_of(name->id)});
    if (!i)
        return SERVED_NOT;
    struct instance_state state;
    instance_state(i, &state);
    if (state.status != STATUS_UP)
        return SERVED_NOT;
    return state.stale ? SERVED_LAST : SERVED_YES;
}

const struct backend backend_disc = {
    .name = "disc",
    .settle_ms = 100 * 1000,
    .start = start,
    .stop = stop,
    .join = join,
    .run = run,
    .crash = crash,
    .leave = leave,
    .cut = cut,
    .loss = loss,
    .restart = restart,
    .served = served,
};

#include "sim/server.h"

#include <stdlib.h>
#include <string.h>

#include "registry/registry.h"

enum { STALE_AFTER_MS = 3600000, EVICT_BUDGET = 500 };

/* ---- start and end of a boot ---------------------------------------------------------------- */

static struct reg_config reg_config_new(void)
{
    struct reg_config c = {.source_quota = 1000000,
                           .rate_per_s = 1000,
                           .rate_burst = 4000,
                           .replay_entries_max = 65536,
                           .source_count = 3,
                           .key_count = 1};
    c.sources = sim_alloc(c.source_count * sizeof(*c.sources));
    for (unsigned i = 0; i < 3; i++) {
        enum reg_auth auth = (enum reg_auth)(REG_AUTH_OPEN + i);
        c.sources[i].auth = auth;
        c.sources[i].from = (struct network){{FAMILY_V4, {10, (uint8_t)auth}}, 16};
    }
    c.keys = sim_alloc(sizeof(*c.keys));
    strcpy(c.keys[0].id, client_key_id);
    memcpy(c.keys[0].secret, client_secret, CLIENT_SECRET_SIZE);
    c.keys[0].secret_size = CLIENT_SECRET_SIZE;
    c.keys[0].grants = sim_alloc(sizeof(*c.keys[0].grants));
    c.keys[0].grant_count = 1;
    c.keys[0].grants[0].verbs = UINT32_MAX;
    c.keys[0].grants[0].services = sim_alloc(2 * sizeof(char *));
    c.keys[0].grants[0].services[0] = strdup("*");
    return c;
}

static void random_bytes(struct rand *r, uint8_t out[16])
{
    for (int i = 0; i < 16; i++)
        out[i] = (uint8_t)rand_below(r, 256);
}

static struct service_policy policy_of(void *context, struct text ns, struct text service)
{
    const struct server *s = context;
    (void)ns, (void)service;
    return s->options->policy;
}

static void make_parts(struct server *s)
{
    struct registry_config limits = registry_config_default();
    struct hash_key key;
    struct reg_identity identity = {.durability = "disk"};
    struct reg_config config = reg_config_new();
    limits.lease_default_s = s->options->lease_s;
    limits.lease_min_s = 1;
    limits.tombstone_s = s->options->tombstone_s;
    limits.guard = s->options->guard;
    limits.service_policy = policy_of;
    limits.context = s;
    random_bytes(&s->rand, key.bytes);
    random_bytes(&s->rand, identity.cookie_secret);
    identity.epoch = (uint32_t)rand_next(&s->rand);
    identity.seed = rand_next(&s->rand);
    s->registry = registry_new(&limits, &key);
    s->journal = store_journal_new();
    s->reg = s->registry ? reg_new(&config, &identity, s->registry) : NULL;
    if (!s->registry || !s->journal || !s->reg)
        abort();
}

struct restoring {
    struct server *server;
    struct moment now;
    struct store_meta meta;
    struct store_report report;
    bool stale;
};

static void find_meta(void *context, enum store_table table, struct text key, struct text value)
{
    struct restoring *r = context;
    if (table == STORE_META &&
        store_restore(r->server->registry, table, key, value, false, r->now, &r->meta, &r->report))
        abort();
}

static void restore_one(void *context, enum store_table table, struct text key, struct text value)
{
    struct restoring *r = context;
    if (table != STORE_META &&
        store_restore(r->server->registry, table, key, value, r->stale, r->now, NULL, &r->report))
        abort();
}

static void note_alive(struct server *s, struct moment now)
{
    s->meta.alive_ms = now.wall_ms;
    s->alive_due_ms = s->engine->now_us / 1000 + 60000;
    if (store_journal_meta(s->journal, &s->meta))
        abort();
}

static void boot(struct server *s)
{
    make_parts(s);
    lease_clock_init(&s->clock, server_monotonic_ms(s));
    struct restoring r = {.server = s, .now = server_now(s)};
    disk_read(&s->disk, find_meta, &r);
    r.stale = r.meta.alive_ms && r.now.wall_ms > r.meta.alive_ms + STALE_AFTER_MS;
    disk_read(&s->disk, restore_one, &r);
    s->meta = r.meta;
    s->meta.boots++;
    s->boots++;
    struct registry_journal hooks = check_boot(s->check, s->registry, s->journal, &r.report, r.now);
    registry_set_journal(s->registry, &hooks);
    if (registry_totals(s->registry).instances)
        reg_expect_return(s->reg,
                          r.now.lease_ms + registry_config_of(s->registry)->lease_max_s * 1000ull);
    if (s->options->mutant == SIM_GUARD_OFF)
        registry_guard_mode(s->registry, GUARD_ALWAYS_OFF, r.now);
    note_alive(s, r.now);
    disk_push_now(&s->disk, store_journal_take(s->journal));
    s->committed = s->disk.committed;
    store_journal_committed(s->journal, s->committed);
    s->failing = false;
    s->up = s->drained = true;
    s->behind_ms = s->horizon_ms = 0;
    s->blocked_until_us = 0;
    event_set(s->engine, &s->tick, s->engine->now_us + 1000);
}

static void empty_socket(struct server *s)
{
    while (s->first) {
        struct datagram *d = s->first;
        s->first = d->next;
        free(d);
    }
    s->end = &s->first;
    s->queued = 0;
}

static void halt(struct server *s)
{
    if (!s->up)
        return;
    s->up = false;
    check_crash(s->check);
    server_forget_held(s);
    probes_forget(&s->probes);
    empty_socket(s);
    event_cancel(s->engine, &s->turn);
    event_cancel(s->engine, &s->tick);
    event_cancel(s->engine, &s->news);
    reg_free(s->reg);
    registry_free(s->registry);
    store_journal_free(s->journal);
    s->reg = NULL;
    s->registry = NULL;
    s->journal = NULL;
    s->disk.committed = s->committed = 0; /* changes count from 1 in each boot */
}

/* What the crash left of the running commit is known before the checker looks. */
static void crash(struct server *s)
{
    if (!s->up)
        return;
    disk_crash(&s->disk);
    check_committed(s->check, s->disk.committed);
    halt(s);
}

static void on_start(void *context, struct event *event)
{
    (void)event;
    struct server *s = context;
    if (!s->up)
        boot(s);
}

static void on_probed(void *context, struct instance_key key, enum probe_result result)
{
    struct server *s = context;
    if (result == PROBE_SILENCE || s->blocked_until_us > s->engine->now_us)
        return;
    struct moment now = server_now(s);
    check_begin(s->check, CHECK_PROBE, NULL, now);
    if (!registry_probed(s->registry, key, result == PROBE_CONNECTED, now) &&
        result == PROBE_CONNECTED)
        check_probed(s->check, key);
    check_end(s->check);
    server_flush(s);
}

static void on_disk(void *context)
{
    struct server *s = context;
    check_committed(s->check, s->disk.committed);
    event_set(s->engine, &s->news, s->engine->now_us);
}

void server_init(struct server *s, struct engine *engine, struct net *net,
                 const struct sim_options *options, struct clients *clients, struct check *check,
                 uint64_t seed)
{
    *s = (struct server){.engine = engine, .net = net, .options = options, .check = check};
    s->probes = (struct probes){
        .engine = engine, .net = net, .clients = clients, .done = on_probed, .context = s};
    rand_for(&s->rand, seed, 's', 0);
    disk_init(&s->disk, engine, options, seed);
    s->disk.news = on_disk;
    s->disk.context = s;
    s->end = &s->first;
    s->held_end = &s->held;
    event_init(&s->turn, server_on_turn, s);
    event_init(&s->tick, server_on_tick, s);
    event_init(&s->news, server_on_news, s);
    event_init(&s->start, on_start, s);
    boot(s);
}

void server_deinit(struct server *s)
{
    halt(s);
    event_cancel(s->engine, &s->start);
    disk_deinit(&s->disk);
}

/* ---- faults ------------------------------------------------------------------------------- */

static void block(struct server *s, uint64_t until_us)
{
    if (until_us > s->blocked_until_us)
        s->blocked_until_us = until_us;
}

void server_act(struct server *s, const struct sim_action *a)
{
    uint64_t now_us = s->engine->now_us, until_us = now_us + a->for_ms * 1000;
    enum sim_verb verb = a->verb;
    if (verb == SIM_WALL_STEP)
        s->wall_offset_ms += a->value;
    if (verb == SIM_DISK_SLOW) {
        s->disk.slow_until_us = until_us;
        s->disk.slow_us = (uint64_t)a->value;
    }
    if (verb == SIM_DISK_FAIL)
        s->disk.fail_until_us = until_us;
    if (!s->up)
        return;
    if (verb == SIM_STALL || verb == SIM_PAUSE || verb == SIM_SUSPEND)
        block(s, until_us);
    if (verb == SIM_PAUSE || verb == SIM_SUSPEND)
        s->disk.frozen_until_us = until_us;
    if (verb == SIM_SUSPEND && until_us > s->asleep_until_us) {
        uint64_t from_us = now_us > s->asleep_until_us ? now_us : s->asleep_until_us;
        s->asleep_us += until_us - from_us;
        s->asleep_until_us = until_us;
    }
    if (verb == SIM_SLOW) {
        s->slow_until_us = until_us;
        s->slow_us = (uint64_t)a->value;
    }
    if (verb == SIM_CRASH) {
        crash(s);
        event_set(s->engine, &s->start, until_us);
    }
}

/* ---- the operator --------------------------------------------------------------------------- */

void server_evict(struct server *s, uint32_t service)
{
    char name[] = "s0000000000";
    unsigned count;
    if (!s->up || s->blocked_until_us > s->engine->now_us)
        return;
    int digits = 1;
    for (uint32_t n = service; n >= 10; n /= 10)
        digits++;
    for (int i = digits; i > 0; i--, service /= 10)
        name[i] = (char)('0' + service % 10);
    struct instance_key key = {TEXT("default"), {name, (size_t)digits + 1}, {NULL, 0}};
    struct moment now = server_now(s);
    check_begin(s->check, CHECK_OPERATOR, NULL, now);
    (void)!registry_evict(s->registry, key, EVICT_BUDGET, now, check_visit, s->check, &count);
    check_end(s->check);
    server_flush(s);
}

void server_drain(struct server *s, struct instance_key key, bool drain)
{
    struct override override = {.drain = drain};
    if (!s->up || s->blocked_until_us > s->engine->now_us)
        return;
    struct moment now = server_now(s);
    check_begin(s->check, CHECK_OPERATOR, NULL, now);
    (void)!registry_override(s->registry, key, &override, now);
    check_end(s->check);
    server_flush(s);
}

#include "registry/guard.h"

#include "registry/state.h"

enum {
    ZONE_HOSTS_MIN = 4,    /* a smaller zone says nothing by itself */
    INTERVAL_PERCENT = 30, /* of a lease: how often is renewed */
    PARTIAL_MIN = 5,       /* so many late leases are no brownout */
    PARTIAL_ON = 15,       /* percent of the counted leases */
    PARTIAL_OFF = 10,
    PARTIAL_ON_FOR = 36, /* percent of a lease: 1.2 intervals */
    PARTIAL_OFF_FOR = 100,
};

void guards_init(struct guards *g)
{
    *g = (struct guards){.all = {.calm_ms = LEASE_NEVER}, .partial_ms = LEASE_NEVER};
    TAILQ_INIT(&g->queued);
    TAILQ_INIT(&g->closed);
}

void guards_deinit(struct guards *g, struct pool *pool)
{
    size_t cursor = 0;
    struct scope *s;
    while ((s = map_next(&g->zones, &cursor)))
        pool_free(pool, s);
    map_deinit(&g->zones);
}

/* ---- scopes --------------------------------------------------------------------- */

struct text scope_name(const struct scope *s)
{
    return (struct text){s->name, s->name_size};
}

static bool entry_is(const void *entry, const void *key)
{
    const struct text *name = key;
    return text_is(scope_name(entry), *name);
}

struct scope *scope_get(struct registry *r, struct text zone)
{
    uint64_t hash = hash_bytes(&r->key, zone.s, zone.n);
    struct scope *s = map_find(&r->guards.zones, hash, entry_is, &zone);
    if (s)
        return s;
    if (!(s = pool_new(&r->pool, sizeof(*s))))
        return NULL;
    s->hash = hash;
    s->calm_ms = LEASE_NEVER;
    s->name_size = (uint8_t)zone.n;
    memcpy(s->name, zone.s, zone.n);
    if (map_insert(&r->guards.zones, hash, s) != ERR_OK) {
        pool_free(&r->pool, s);
        return NULL;
    }
    return s;
}

void scope_release(struct registry *r, struct scope *s)
{
    if (s->hosts_named || s->on)
        return;
    if (s->queued)
        TAILQ_REMOVE(&r->guards.queued, s, link);
    map_remove(&r->guards.zones, s->hash, s);
    pool_free(&r->pool, s);
}

/* ---- the rules ------------------------------------------------------------------ */

static uint64_t mean_ms(const struct registry *r, const struct tally *t)
{
    return t->counted ? t->seconds * 1000 / t->counted : (uint64_t)r->config.lease_default_s * 1000;
}

uint64_t guards_mean_ms(const struct registry *r)
{
    uint64_t ms = mean_ms(r, &r->guards.all.tally);
    return ms ? ms : 1;
}

static uint32_t late_max(const struct registry *r, const struct tally *t)
{
    const struct guard_config *c = &r->config.guard;
    uint32_t percent = c->threshold_percent < 100 ? 100 - c->threshold_percent : 0;
    uint32_t share = (uint32_t)((uint64_t)t->hosts * percent / 100);
    return share > c->hosts_min ? share : c->hosts_min;
}

static bool is_judged(const struct registry *r, const struct scope *s)
{
    return s->name_size == 0 || (r->config.guard.zones && s->tally.hosts >= ZONE_HOSTS_MIN);
}

static bool are_all_late(const struct tally *t)
{
    return t->hosts >= 2 && t->late_hosts == t->hosts;
}

static bool should_close(const struct registry *r, const struct scope *s)
{
    const struct tally *t = &s->tally;
    return is_judged(r, s) && (t->late_hosts > late_max(r, t) || are_all_late(t));
}

static bool is_calm(const struct registry *r, const struct scope *s)
{
    const struct tally *t = &s->tally;
    return !is_judged(r, s) ||
           ((uint64_t)t->late_hosts * 3 <= (uint64_t)late_max(r, t) * 2 && !are_all_late(t));
}

static bool is_brownout_wrong(const struct guards *g)
{
    const struct tally *t = &g->all.tally;
    uint64_t partial = t->late - t->wholly_late;
    if (!g->brownout)
        return partial > PARTIAL_MIN && partial * 100 > t->counted * PARTIAL_ON;
    return partial * 100 < t->counted * PARTIAL_OFF || partial == 0;
}

static void since(uint64_t *ms, bool is, struct moment now)
{
    if (!is)
        *ms = LEASE_NEVER;
    else if (*ms == LEASE_NEVER)
        *ms = now.lease_ms;
}

/* Something about this scope has changed. */
static void watch(struct registry *r, struct scope *s, struct moment now)
{
    struct guards *g = &r->guards;
    if (s->on) {
        since(&s->calm_ms, is_calm(r, s), now);
    } else if (g->mode == GUARD_AUTO && !s->queued && should_close(r, s)) {
        s->queued = true;
        TAILQ_INSERT_TAIL(&g->queued, s, link);
    }
    if (s == &g->all)
        since(&g->partial_ms, is_brownout_wrong(g), now);
}

void scope_shift(struct registry *r, struct scope *s, struct tally before, struct tally after,
                 struct moment now)
{
    struct tally *t = &s->tally;
    t->hosts += after.hosts - before.hosts;
    t->late_hosts += after.late_hosts - before.late_hosts;
    t->counted += after.counted - before.counted;
    t->late += after.late - before.late;
    t->wholly_late += after.wholly_late - before.wholly_late;
    t->seconds += after.seconds - before.seconds;
    watch(r, s, now);
}

/* ---- turns ---------------------------------------------------------------------- */

struct turn {
    struct registry *r;
    struct moment now;
    registry_visit *visit;
    void *context;
    bool opened;
};

static struct guard_state state_of(const struct registry *r, const struct scope *s)
{
    const struct guards *g = &r->guards;
    const struct tally *t = &s->tally;
    return (struct guard_state){
        .zone = scope_name(s),
        .mode = g->mode,
        .on = s->on,
        .brownout = s->name_size == 0 && g->brownout,
        .since_ms = s->since_ms,
        .hosts = t->hosts,
        .late_hosts = t->late_hosts,
        .late_hosts_max = late_max(r, t),
        .late = t->late,
        .counted = t->counted,
    };
}

static void tell(const struct turn *turn, const struct scope *s, enum registry_event_kind kind)
{
    struct guard_state state = state_of(turn->r, s);
    if (turn->visit)
        turn->visit(turn->context, &(struct registry_event){.kind = kind, .guard = &state});
}

static void close_guard(struct turn *turn, struct scope *s)
{
    struct guards *g = &turn->r->guards;
    s->on = true;
    s->since_ms = turn->now.wall_ms;
    s->calm_ms = LEASE_NEVER;
    since(&s->calm_ms, is_calm(turn->r, s), turn->now);
    TAILQ_INSERT_TAIL(&g->closed, s, link);
    g->closings++;
    tell(turn, s, REGISTRY_GUARD_ON);
}

/* Frees a zone that has no hosts any more. */
static void open_guard(struct turn *turn, struct scope *s)
{
    s->on = false;
    s->since_ms = turn->now.wall_ms;
    s->calm_ms = LEASE_NEVER;
    TAILQ_REMOVE(&turn->r->guards.closed, s, link);
    turn->opened = true;
    tell(turn, s, REGISTRY_GUARD_OFF);
    if (s->name_size)
        scope_release(turn->r, s);
}

/* When calm for one interval; at once when there is nothing to judge. */
static uint64_t opens_at(const struct registry *r, const struct scope *s)
{
    if (r->guards.mode != GUARD_AUTO)
        return LEASE_NEVER;
    if (!is_judged(r, s))
        return 0;
    if (s->calm_ms == LEASE_NEVER)
        return LEASE_NEVER;
    return s->calm_ms + mean_ms(r, &s->tally) * INTERVAL_PERCENT / 100;
}

static void unqueue(struct turn *turn)
{
    struct guards *g = &turn->r->guards;
    struct scope *s;
    while ((s = TAILQ_FIRST(&g->queued))) {
        TAILQ_REMOVE(&g->queued, s, link);
        s->queued = false;
        if (g->mode == GUARD_AUTO && should_close(turn->r, s))
            close_guard(turn, s);
    }
}

static void open_those_due(struct turn *turn)
{
    struct guards *g = &turn->r->guards;
    struct scope *next;
    for (struct scope *s = TAILQ_FIRST(&g->closed); s; s = next) {
        next = TAILQ_NEXT(s, link);
        if (g->mode == GUARD_ALWAYS_OFF || opens_at(turn->r, s) <= turn->now.lease_ms)
            open_guard(turn, s);
    }
}

/* The mode or the configuration is another one. */
static void judge_anew(struct turn *turn)
{
    struct guards *g = &turn->r->guards;
    struct scope *s;
    size_t cursor = 0;
    g->changed = false;
    turn->opened = true; /* what is held may be held by other rules */
    watch(turn->r, &g->all, turn->now);
    while ((s = map_next(&g->zones, &cursor)))
        watch(turn->r, s, turn->now);
    if (g->mode == GUARD_ALWAYS_ON && !g->all.on) {
        if (g->all.queued)
            TAILQ_REMOVE(&g->queued, &g->all, link);
        g->all.queued = false;
        close_guard(turn, &g->all);
    }
}

static uint64_t brownout_turns_at(const struct registry *r)
{
    const struct guards *g = &r->guards;
    unsigned percent = g->brownout ? PARTIAL_OFF_FOR : PARTIAL_ON_FOR;
    return g->partial_ms == LEASE_NEVER ? LEASE_NEVER
                                        : g->partial_ms + guards_mean_ms(r) * percent / 100;
}

static void turn_brownout(struct turn *turn)
{
    struct guards *g = &turn->r->guards;
    if (brownout_turns_at(turn->r) > turn->now.lease_ms)
        return;
    g->brownout = !g->brownout;
    g->brownouts += g->brownout;
    g->partial_ms = LEASE_NEVER;
    since(&g->partial_ms, is_brownout_wrong(g), turn->now);
    tell(turn, &g->all, g->brownout ? REGISTRY_BROWNOUT_ON : REGISTRY_BROWNOUT_OFF);
}

bool guards_turn(struct registry *r, struct moment now, registry_visit *visit, void *context)
{
    struct turn turn = {r, now, visit, context, false};
    if (r->guards.changed)
        judge_anew(&turn);
    unqueue(&turn);
    open_those_due(&turn);
    turn_brownout(&turn);
    return turn.opened;
}

uint64_t guards_next(const struct registry *r)
{
    const struct guards *g = &r->guards;
    const struct scope *s;
    if (g->changed || !TAILQ_EMPTY(&g->queued))
        return 0;
    uint64_t next = brownout_turns_at(r);
    TAILQ_FOREACH(s, &g->closed, link)
    {
        uint64_t at = opens_at(r, s);
        if (at < next)
            next = at;
    }
    return next;
}

bool guards_hold(const struct registry *r, const struct scope *zone)
{
    return r->guards.all.on || (zone && zone->on);
}

/* ---- asked and steered from outside ----------------------------------------------- */

struct guard_state registry_guard(const struct registry *r)
{
    return state_of(r, &r->guards.all);
}

size_t registry_guard_zones(const struct registry *r, struct text after, struct guard_state *out,
                            size_t max)
{
    size_t count = 0, cursor = 0;
    const struct scope *s;
    while (max && (s = map_next(&r->guards.zones, &cursor))) {
        struct text name = scope_name(s);
        if (text_compare(name, after) <= 0 || (!is_judged(r, s) && !s->on))
            continue;
        if (count == max && text_compare(name, out[max - 1].zone) > 0)
            continue;
        size_t at = count < max ? count++ : max - 1;
        for (; at && text_compare(out[at - 1].zone, name) > 0; at--)
            out[at] = out[at - 1];
        out[at] = state_of(r, s);
    }
    return count;
}

const char *guard_mode_text(enum guard_mode mode)
{
    static const char *const texts[GUARD_MODE_COUNT] = {"auto", "on", "off"};
    return texts[mode];
}

void registry_guard_mode(struct registry *r, enum guard_mode mode, struct moment now)
{
    (void)now;
    if (r->guards.mode == mode)
        return;
    r->guards.mode = mode;
    r->guards.changed = true;
}

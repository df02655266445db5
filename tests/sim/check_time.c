/* What time does: expiry, guards, the bucket, and what must be gone at last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/checker.h"

enum {
    BUCKET_MIN = 100,
    BUCKET_PERCENT = 15,
    RECOUNT_MAX = 3000, /* instances; above it the guards' own word is taken; also with a
                           floor, as what it keeps counts for no host */
    FLAP_MS = 60000,
    FLAPS = 2,
    PROMPT_MS = 3000,
    BROWNOUT = 3, /* leases that a term has then */
};

/* ---- the bucket (I3) ------------------------------------------------------------------------- */

static double bucket_size(const struct check *c)
{
    double share = (double)c->most_present * BUCKET_PERCENT / 100;
    return 1 + (share > BUCKET_MIN ? share : BUCKET_MIN);
}

void time_boot(struct check *c)
{
    c->tokens = bucket_size(c);
    c->tokens_ms = c->expired_ms = c->window_ms = c->unsettled_ms = c->now.lease_ms;
    c->jumped_ms = 0;
    c->in_windows[0] = c->in_windows[1] = 0;
}

/* Counts by windows of the longest lease: two of them hold all that a bucket can miss. */
static void move_window(struct check *c)
{
    uint64_t length = (uint64_t)c->lease_max_s * 1000;
    while (c->now.lease_ms >= c->window_ms + length) {
        c->window_ms += length;
        c->in_windows[0] = c->in_windows[1];
        c->in_windows[1] = 0;
    }
}

static void take_token(struct check *c)
{
    double size = bucket_size(c);
    move_window(c);
    c->in_windows[1]++;
    if (c->now.lease_ms > c->tokens_ms) {
        double passed = (double)(c->now.lease_ms - c->tokens_ms) / (c->lease_min_s * 1000.0);
        c->tokens += passed * size;
        c->tokens_ms = c->now.lease_ms;
    }
    if (c->tokens > size)
        c->tokens = size;
    c->tokens -= 1;
    if (c->tokens < -0.5)
        check_fail(c, "I3", "more evictions than the bucket of %.0f a lease allows", size);
}

/* ---- the guards (I2) ------------------------------------------------------------------- */

static uint64_t lease_ms(const struct entry *e)
{
    return (uint64_t)e->lease_s * 1000;
}

/* What comes again at once, or after the lease is over, says nothing of a rhythm. */
void time_beat(struct check *c, struct heard *h, uint32_t lease_s)
{
    uint64_t gap = c->now.lease_ms - h->at_ms, lease = (uint64_t)lease_s * 1000;
    if (!h->unmeasured && gap < lease && gap >= lease / 16)
        h->gap_ms = gap;
    h->at_ms = c->now.lease_ms;
    h->renewed = true;
    h->unmeasured = false;
}

/* Who has not shown a rhythm yet may be one that renews each half lease. */
static bool is_late(const struct check *c, struct entry *e)
{
    const struct heard *h = ledger_heard(e);
    uint64_t age = c->now.lease_ms > h->at_ms ? c->now.lease_ms - h->at_ms : 0;
    uint64_t interval = lease_ms(e) * 3 / 10, gap = h->gap_ms ? h->gap_ms : lease_ms(e) / 2;
    if (gap > interval)
        interval = gap;
    return age > interval * 3 / 2 || age > lease_ms(e);
}

/* A host of the guards: an address or a lease group, with its counted and late ones. */
struct host_count {
    const void *group;
    uint32_t host, counted, late;
};

static int compare_hosts(const void *a, const void *b)
{
    const struct host_count *x = a, *y = b;
    if (x->group != y->group)
        return (uintptr_t)x->group < (uintptr_t)y->group ? -1 : 1;
    return x->host < y->host ? -1 : x->host > y->host;
}

/* Should the guard over these hosts be closed, whoever asks? `zone` UINT32_MAX = all. */
static bool must_be_closed(const struct check *c, const struct host_count *hosts, size_t count,
                           uint32_t zone)
{
    uint32_t all = 0, late = 0;
    for (size_t i = 0; i < count;) {
        struct host_count sum = hosts[i++];
        for (; i < count && compare_hosts(&hosts[i], &sum) == 0; i++) {
            sum.counted += hosts[i].counted;
            sum.late += hosts[i].late;
        }
        if (zone != UINT32_MAX && sum.host % c->options->zones != zone)
            continue;
        all += sum.counted > 0;
        late += sum.counted && sum.late == sum.counted;
    }
    uint32_t most = all * (100 - c->options->guard.threshold_percent) / 100 + 1;
    if (most < c->options->guard.hosts_min)
        most = c->options->guard.hosts_min;
    if (zone != UINT32_MAX && all < 4)
        return false;
    return late > most || (all >= 2 && late == all);
}

static bool guards_must_be_closed(const struct check *c, const struct entry *of)
{
    struct host_count *hosts = sim_alloc(c->present * sizeof(*hosts));
    size_t count = 0, at = 0;
    for (struct entry *e; (e = map_next(&c->entries, &at));) {
        if (!e->now.present)
            continue;
        bool counted = ledger_heard(e)->renewed;
        hosts[count++] = (struct host_count){e->group, e->host, counted, counted && is_late(c, e)};
    }
    qsort(hosts, count, sizeof(*hosts), compare_hosts);
    bool closed = must_be_closed(c, hosts, count, UINT32_MAX);
    if (!closed && c->options->zones && c->options->guard.zones)
        closed = must_be_closed(c, hosts, count, of->host % c->options->zones);
    free(hosts);
    return closed;
}

static bool is_covered(const struct check *c, const struct entry *e)
{
    struct guard_state zones[64];
    char name[16];
    if (registry_guard(c->registry).on)
        return true;
    if (!c->options->zones)
        return false;
    size_t count = registry_guard_zones(c->registry, TEXT(""), zones, ARRAY_COUNT(zones));
    snprintf(name, sizeof(name), "z%u", e->host % c->options->zones);
    for (size_t i = 0; i < count; i++)
        if (zones[i].on && text_is(zones[i].zone, text_of(name)))
            return true;
    return false;
}

/* The hold counts from the end of the lease, which a busy server may notice late. */
static void check_guards(struct check *c, struct entry *e)
{
    uint64_t hold_ms = (uint64_t)c->options->guard.hold_s * 1000;
    if (c->now.lease_ms >= ledger_heard(e)->at_ms + lease_ms(e) + hold_ms)
        return;
    if (is_covered(c, e))
        check_fail(c, "I2", "%.*s evicted %llu ms after it expired, under a closed guard",
                   (int)e->size, e->path,
                   (unsigned long long)(e->stale_ms ? c->now.lease_ms - e->stale_ms : 0));
    else if (c->now.lease_ms >= c->jumped_ms + lease_ms(e) && c->present <= RECOUNT_MAX &&
             !c->options->policy.floor && guards_must_be_closed(c, e))
        check_fail(c, "I2", "%.*s evicted under an open guard that should be closed", (int)e->size,
                   e->path);
}

/* ---- expiry ---------------------------------------------------------------------------- */

/* Would the server take this datagram as a sign of life of that instance? */
static bool is_sign_of_life(const struct check *c, const struct datagram *d, const struct entry *e)
{
    char wanted[INSTANCE_ID_MAX + 8];
    enum reg_auth auth = host_auth(c->options, d->host);
    const char *bytes = (const char *)d->bytes, *id = memrchr(e->path, '/', e->size);
    if (d->host != e->host || auth == REG_AUTH_KEY || !id)
        return false;
    if (auth == REG_AUTH_COOKIE &&
        (c->cookie_boots[d->host] != c->boots || !memmem(bytes, d->size, " ck=", 4)))
        return false;
    if (!memmem(bytes, d->size, "disc/1 ren ", 11))
        return false;
    int n =
        snprintf(wanted, sizeof(wanted), " inst=%.*s", (int)(e->path + e->size - id - 1), id + 1);
    const char *at = memmem(bytes, d->size, wanted, (size_t)n);
    return at && (at[n] == ' ' || at[n] == '\n');
}

static void check_age(struct check *c, struct entry *e)
{
    const struct heard *h = ledger_heard(e);
    uint64_t deadline = h->at_ms + lease_ms(e);
    if (c->now.lease_ms < deadline) {
        check_fail(c, "early", "%.*s expired %llu ms before its lease", (int)e->size, e->path,
                   (unsigned long long)(deadline - c->now.lease_ms));
        return;
    }
    uint64_t age = c->now.lease_ms - h->at_ms;
    if (!e->stale_ms && registry_guard(c->registry).brownout && age < BROWNOUT * lease_ms(e))
        check_fail(c, "early", "%.*s expired after %llu ms in a brownout", (int)e->size, e->path,
                   (unsigned long long)age);
    for (const struct datagram *d = c->queue; d; d = d->next)
        if (d->arrived_lease_ms < deadline && is_sign_of_life(c, d, e))
            check_fail(c, "early", "%.*s expired while its renewal lies in the socket",
                       (int)e->size, e->path);
}

/* What the server has not heard this process of yet is its predecessor's. */
static bool is_excused(const struct check *c, const struct client *client, const struct entry *e)
{
    uint64_t now_ms = c->engine->now_us / 1000, lease = (uint64_t)c->lease_max_s * 1000;
    if (client->spec.kind != SIM_LIBRARY && client->spec.kind != SIM_AGENT)
        return true;
    if (c->excused_ms[client->spec.host] > now_ms || e->greeted != client->starts)
        return true;
    return now_ms < c->disk_bad_until_ms + 4 * lease &&
           client->begun_ms + 2 * lease > c->disk_bad_from_ms;
}

static void check_truth(struct check *c, const struct entry *e)
{
    const char *id = memrchr(e->path, '/', e->size);
    if (e->client >= c->clients->count || !id)
        return;
    const struct client *client = c->clients->list[e->client];
    struct text instance = {id + 1, (size_t)(e->path + e->size - id - 1)};
    if (!client_keeps(client, instance))
        return;
    c->stats.false_withdrawals++;
    if (!is_excused(c, client, e))
        check_fail(c, "false-withdrawal", "%.*s evicted, but its process is alive and well",
                   (int)e->size, e->path);
}

/* So many of a service are not let go below. */
static void check_floor(struct check *c, const struct instance *i)
{
    struct instance_key key = instance_key(i);
    const struct service *s = registry_service(c->registry, key.ns, key.service);
    const struct service_policy *p = &c->options->policy;
    if (s && !p->floor_percent && service_count(s) <= p->floor)
        check_fail(c, "I2", "%.*s evicted, though its service has only %u", TEXT_ARG(key.id),
                   service_count(s));
}

static void on_evicted(struct check *c, struct entry *e)
{
    c->stats.evictions++;
    ledger_tell(c, SIM_NEWS_EVICTED, e);
    if (c->cause != CHECK_TIME)
        return;
    check_age(c, e);
    check_guards(c, e);
    check_floor(c, c->visited);
    take_token(c);
    check_truth(c, e);
}

static void on_stale(struct check *c, struct entry *e)
{
    c->stats.stale++;
    check_age(c, e);
    e->stale_ms = c->now.lease_ms;
    ledger_tell(c, SIM_NEWS_STALE, e);
}

/* ---- guards changing their minds ------------------------------------------------------- */

static void on_guard(struct check *c, const struct guard_state *g, bool on)
{
    uint64_t now_ms = c->engine->now_us / 1000;
    c->stats.guard_changes++;
    c->unsettled_ms = c->now.lease_ms;
    if (c->options->trace)
        fprintf(stderr, "%10.3f guard '%.*s' %s: %u of %u hosts late\n", (double)now_ms / 1e3,
                TEXT_ARG(g->zone), on ? "closed" : "open", g->late_hosts, g->hosts);
    if (g->zone.n)
        return;
    ledger_tell(c, on ? SIM_NEWS_GUARD_ON : SIM_NEWS_GUARD_OFF, NULL);
    c->guard_changes_ms[c->guard_change_count++ % CHANGES_KEPT] = now_ms;
    if (c->guard_change_count <= FLAPS)
        return;
    uint64_t first_ms = c->guard_changes_ms[(c->guard_change_count - FLAPS - 1) % CHANGES_KEPT];
    if (first_ms + FLAP_MS > now_ms && first_ms > c->disturbed_ms)
        check_fail(c, "flapping", "the guard changed %d times in %llu ms", FLAPS + 1,
                   (unsigned long long)(now_ms - first_ms));
}

static void on_brownout(struct check *c, bool on)
{
    c->stats.brownout_changes++;
    c->unsettled_ms = c->now.lease_ms;
    ledger_tell(c, on ? SIM_NEWS_BROWNOUT_ON : SIM_NEWS_BROWNOUT_OFF, NULL);
}

void check_visit(void *context, const struct registry_event *event)
{
    struct check *c = context;
    char buffer[PATH_SIZE];
    struct entry *e = NULL;
    if (event->instance) {
        struct text path = path_join(instance_key(event->instance), buffer);
        e = ledger_find(c, path);
        if (!e || !e->now.present) {
            check_fail(c, "I1", "%.*s is said to expire, but ought not to be there",
                       TEXT_ARG(path));
            return;
        }
    }
    switch (event->kind) {
    case REGISTRY_EVICTED:
        c->visited = event->instance;
        on_evicted(c, e);
        break;
    case REGISTRY_STALE: on_stale(c, e); break;
    case REGISTRY_LATE: break;
    case REGISTRY_GUARD_ON: on_guard(c, event->guard, true); break;
    case REGISTRY_GUARD_OFF: on_guard(c, event->guard, false); break;
    case REGISTRY_BROWNOUT_ON: on_brownout(c, true); break;
    case REGISTRY_BROWNOUT_OFF: on_brownout(c, false); break;
    }
}

void check_probed(struct check *c, struct instance_key key)
{
    char buffer[PATH_SIZE];
    struct entry *e = ledger_find(c, path_join(key, buffer));
    if (!e || !e->now.present)
        return;
    ledger_heard(e)->at_ms = c->now.lease_ms;
    ledger_heard(e)->unmeasured = true;
    ledger_heard(e)->renewed = false; /* it says nothing until it renews by itself */
    e->stale_ms = 0;
}

/* ---- what must be gone (I4) ------------------------------------------------------------ */

/* By the floor of its service. */
static bool is_kept(const struct check *c, const struct entry *e)
{
    const struct service_policy *p = &c->options->policy;
    struct text rest = {e->path, e->size};
    struct text ns = text_cut(&rest, '/'), name = text_cut(&rest, '/');
    if (!p->floor || p->floor_percent)
        return p->floor > 0;
    const struct service *s = registry_service(c->registry, ns, name);
    return s && service_count(s) <= p->floor;
}

/* Nothing keeps it, and the bucket cannot be empty: then it goes at its lease's end. */
static bool is_overdue(const struct check *c, struct entry *e)
{
    uint64_t since = ledger_heard(e)->at_ms + lease_ms(e);
    if (c->unsettled_ms > since)
        since = c->unsettled_ms;
    if (c->jumped_ms > since)
        since = c->jumped_ms;
    uint64_t grace_ms = PROMPT_MS; /* what a brownout kept is asked once a lease */
    if (c->stats.brownout_changes)
        grace_ms += (uint64_t)c->lease_max_s * 1000;
    if (c->options->policy.floor)
        return false;
    if (c->expired_ms <= since + grace_ms || c->in_windows[0] + c->in_windows[1] > BUCKET_MIN / 2)
        return false;
    return !is_covered(c, e) && !registry_guard(c->registry).brownout;
}

void time_look(struct check *c)
{
    uint64_t leases = 3 + 2 + (uint64_t)((double)c->most_present / bucket_size(c));
    uint64_t bound = (uint64_t)c->options->guard.hold_s * 1000 + GRACE_MS;
    size_t at = 0;
    move_window(c);
    for (struct entry *e; (e = map_next(&c->entries, &at));) {
        const struct heard *h = ledger_heard(e);
        if (!e->now.present)
            continue;
        if (is_kept(c, e))
            e->kept_ms = c->expired_ms;
        uint64_t since = e->kept_ms > h->at_ms ? e->kept_ms : h->at_ms;
        if (c->jumped_ms > since)
            since = c->jumped_ms;
        uint64_t most = bound + leases * (uint64_t)c->lease_max_s * 1000;
        if (is_overdue(c, e))
            check_fail(c, "I4",
                       "%.*s is still there, %llu ms after its lease, though the guard is "
                       "open",
                       (int)e->size, e->path,
                       (unsigned long long)(c->expired_ms - h->at_ms - lease_ms(e)));
        if (c->expired_ms > since + most)
            check_fail(c, "I4", "%.*s is still there, %llu s after it was last heard of",
                       (int)e->size, e->path,
                       (unsigned long long)((c->expired_ms - h->at_ms) / 1000));
    }
}

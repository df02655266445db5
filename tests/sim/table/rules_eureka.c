/* The rules of Netflix Eureka's server at its defaults, one server without peers.
 *
 * A lease is 90 s, but a renewal writes "now + 90 s" as the time of the last one, to which
 * 90 s are added again: 180 s. A sweep each 60 s, with the sweep's own delay added to all
 * leases. No sweep removes anything unless more renewals came in the last full minute than
 * 85 % of those expected. Expected are two a minute of each client; clients are counted up
 * at registration, down at cancellation and eviction, and all anew each 15 minutes, but
 * only when they are more than 85 % of those expected before. (Older releases do not
 * count down at eviction; no row of the table comes out differently.) It registers with
 * itself. Nothing outlives its end; it then refuses to answer for five minutes. */
#include <stdlib.h>

#include "sim/table/crowd.h"
#include "sim/table/sweep.h"

enum {
    LEASE_MS = 90 * 1000,
    SWEEP_MS = 60 * 1000,
    RECOUNT_MS = 15 * 60 * 1000,
    SILENT_START_MS = 5 * 60 * 1000,
    RENEWALS_A_MINUTE = 2,
};

struct lease {
    bool held;
    uint64_t updated_ms; /* up to LEASE_MS in the future */
};

struct rules {
    struct fleet *fleet;
    struct rand rand;
    struct lease *leases;
    unsigned *expired;   /* scratch */
    unsigned registered; /* with itself */
    unsigned expected_clients, threshold;
    unsigned renewals, renewals_last_minute;
    uint64_t started_ms, swept_ms, recounted_ms;
    bool restarted, closed;
};

static void set_threshold(struct rules *r)
{
    r->threshold = (unsigned)(r->expected_clients * RENEWALS_A_MINUTE * 0.85);
}

static void begin(struct rules *r, uint64_t now_ms)
{
    for (unsigned id = 0; id < r->fleet->plan.capacity; id++)
        r->leases[id].held = false;
    r->registered = 1;
    r->expected_clients = 0;
    r->renewals = r->renewals_last_minute = 0;
    r->started_ms = r->swept_ms = r->recounted_ms = now_ms;
    r->closed = false;
    set_threshold(r);
}

static struct rules *start(struct fleet *f)
{
    struct rules *r = fleet_memory(1, sizeof *r);
    r->fleet = f;
    rand_seed(&r->rand, rand_next(&f->rand));
    r->leases = fleet_memory(f->plan.capacity, sizeof *r->leases);
    r->expired = fleet_memory(f->plan.capacity, sizeof *r->expired);
    begin(r, 0);
    return r;
}

static void stop(struct rules *r)
{
    free(r->leases);
    free(r->expired);
    free(r);
}

static void enter(struct rules *r, unsigned id, uint64_t now_ms)
{
    struct lease *lease = &r->leases[id];
    if (!lease->held) {
        r->registered++;
        if (r->expected_clients > 0)
            r->expected_clients++;
        set_threshold(r);
    }
    *lease = (struct lease){true, now_ms};
}

static bool renew(struct rules *r, unsigned id, uint64_t now_ms)
{
    struct lease *lease = &r->leases[id];
    if (!lease->held)
        return false;
    r->renewals++;
    lease->updated_ms = now_ms + LEASE_MS;
    return true;
}

static void cancel(struct rules *r, unsigned id)
{
    if (!r->leases[id].held)
        return;
    r->leases[id].held = false;
    r->registered--;
    if (r->expected_clients > 0)
        r->expected_clients--;
    set_threshold(r);
}

static bool eviction_enabled(const struct rules *r)
{
    return r->threshold > 0 && r->renewals_last_minute > r->threshold;
}

static void evict(struct rules *r, uint64_t now_ms, uint64_t compensation_ms)
{
    unsigned count = 0;
    for (unsigned id = 0; id < r->fleet->plan.capacity; id++)
        if (r->leases[id].held && now_ms > r->leases[id].updated_ms + LEASE_MS + compensation_ms)
            r->expired[count++] = id;
    unsigned going = sweep_draw(&r->rand, r->expired, count, r->registered);
    for (unsigned i = 0; i < going; i++) {
        cancel(r, r->expired[i]);
        fleet_lost(r->fleet, r->expired[i], SERVED_NOT);
    }
}

static void sweep(struct rules *r, uint64_t now_ms)
{
    uint64_t passed = now_ms - r->swept_ms;
    r->swept_ms = now_ms;
    r->renewals_last_minute = r->renewals + RENEWALS_A_MINUTE; /* its own */
    r->renewals = 0;
    sweep_note(&r->fleet->story, &r->closed, !eviction_enabled(r));
    if (eviction_enabled(r))
        evict(r, now_ms, passed - SWEEP_MS);
}

static void recount(struct rules *r, uint64_t now_ms)
{
    r->recounted_ms = now_ms;
    if (r->registered > 0.85 * r->expected_clients)
        r->expected_clients = r->registered;
    set_threshold(r);
}

static uint64_t tick(struct rules *r, uint64_t now_ms)
{
    if (now_ms - r->swept_ms >= SWEEP_MS)
        sweep(r, now_ms);
    if (now_ms - r->recounted_ms >= RECOUNT_MS)
        recount(r, now_ms);
    return r->swept_ms + SWEEP_MS; /* recounts fall on sweeps */
}

static void restart(struct rules *r, uint64_t now_ms)
{
    r->restarted = true;
    begin(r, now_ms);
}

static bool is_served(const struct rules *r, unsigned id, uint64_t now_ms)
{
    bool silent = r->restarted && now_ms < r->started_ms + SILENT_START_MS;
    return r->leases[id].held && !silent;
}

/* Beats go over HTTP: TCP sends again after 0.2, 0.4, 0.8 ... s, the client gives up after
 * 8 s; the next beat is due 30 s after the answer. */
static const uint16_t tcp_patience_ms[] = {200, 400, 800, 1600, 3200, 1800};

static const struct rules_kind kind = {
    .habit = {.interval_ms = 30000, .patience_ms = tcp_patience_ms, .tries = 6},
    .start = start,
    .stop = stop,
    .enter = enter,
    .renew = renew,
    .cancel = cancel,
    .tick = tick,
    .restart = restart,
    .is_served = is_served,
};

const struct backend backend_eureka = {
    .name = "Eureka",
    .settle_ms = 1000 * 1000, /* one recount */
    CROWD_BACKEND(kind),
};

/* The rules of the Go registry (bilibili's discovery) at its defaults, one node.
 *
 * Renewals are due each 30 s; a sweep each 60 s removes what was silent for more than 90 s.
 * Fewer renewals in the last full minute than 85 % of those expected: then only what was
 * silent for more than 3600 s. Expected are two a minute of each instance, counted up at
 * registration, down at cancellation but not at eviction, and anew each 15 minutes. It
 * registers with itself. Nothing outlives its end. */
#include <stdlib.h>

#include "sim/table/crowd.h"
#include "sim/table/sweep.h"

enum {
    EXPIRE_MS = 90 * 1000,
    CEILING_MS = 3600 * 1000,
    SWEEP_MS = 60 * 1000,
    RECOUNT_MS = 15 * 60 * 1000,
    RENEWALS_A_MINUTE = 2,
};

struct entry {
    bool held;
    uint64_t renewed_ms;
};

struct rules {
    struct fleet *fleet;
    struct rand rand;
    struct entry *entries;
    unsigned *expired;   /* scratch */
    unsigned registered; /* with itself */
    unsigned expected, renewals, renewals_last_minute;
    uint64_t swept_ms, recounted_ms;
    bool closed;
};

static void begin(struct rules *r, uint64_t now_ms)
{
    for (unsigned id = 0; id < r->fleet->plan.capacity; id++)
        r->entries[id].held = false;
    r->registered = 1;
    r->expected = RENEWALS_A_MINUTE;
    r->renewals = r->renewals_last_minute = 0;
    r->swept_ms = r->recounted_ms = now_ms;
    r->closed = false;
}

static struct rules *start(struct fleet *f)
{
    struct rules *r = fleet_memory(1, sizeof *r);
    r->fleet = f;
    rand_seed(&r->rand, rand_next(&f->rand));
    r->entries = fleet_memory(f->plan.capacity, sizeof *r->entries);
    r->expired = fleet_memory(f->plan.capacity, sizeof *r->expired);
    begin(r, 0);
    return r;
}

static void stop(struct rules *r)
{
    free(r->entries);
    free(r->expired);
    free(r);
}

static void enter(struct rules *r, unsigned id, uint64_t now_ms)
{
    if (!r->entries[id].held) {
        r->registered++;
        r->expected += RENEWALS_A_MINUTE;
    }
    r->entries[id] = (struct entry){true, now_ms};
}

static bool renew(struct rules *r, unsigned id, uint64_t now_ms)
{
    if (!r->entries[id].held)
        return false;
    r->renewals++;
    r->entries[id].renewed_ms = now_ms;
    return true;
}

static void drop(struct rules *r, unsigned id)
{
    r->entries[id].held = false;
    r->registered--;
}

static void cancel(struct rules *r, unsigned id)
{
    if (!r->entries[id].held)
        return;
    drop(r, id);
    if (r->expected >= RENEWALS_A_MINUTE)
        r->expected -= RENEWALS_A_MINUTE;
}

static void evict(struct rules *r, uint64_t now_ms)
{
    uint64_t patience = r->closed ? CEILING_MS : EXPIRE_MS;
    unsigned count = 0;
    for (unsigned id = 0; id < r->fleet->plan.capacity; id++)
        if (r->entries[id].held && now_ms - r->entries[id].renewed_ms > patience)
            r->expired[count++] = id;
    unsigned going = sweep_draw(&r->rand, r->expired, count, r->registered);
    for (unsigned i = 0; i < going; i++) {
        drop(r, r->expired[i]);
        fleet_lost(r->fleet, r->expired[i], SERVED_NOT);
    }
}

static uint64_t tick(struct rules *r, uint64_t now_ms)
{
    if (now_ms - r->swept_ms >= SWEEP_MS) {
        r->swept_ms = now_ms;
        r->renewals_last_minute = r->renewals + RENEWALS_A_MINUTE; /* its own */
        r->renewals = 0;
        sweep_note(&r->fleet->story, &r->closed,
                   r->renewals_last_minute < (unsigned)(r->expected * 0.85));
        evict(r, now_ms);
    }
    if (now_ms - r->recounted_ms >= RECOUNT_MS) {
        r->recounted_ms = now_ms;
        r->expected = r->registered * RENEWALS_A_MINUTE;
    }
    return r->swept_ms + SWEEP_MS; /* recounts fall on sweeps */
}

static void restart(struct rules *r, uint64_t now_ms)
{
    begin(r, now_ms);
}

static bool is_served(const struct rules *r, unsigned id, uint64_t now_ms)
{
    (void)now_ms;
    return r->entries[id].held;
}

/* Beats go over HTTP each 30 s by a ticker. */
static const uint16_t tcp_patience_ms[] = {200, 400, 800, 1600};

static const struct rules_kind kind = {
    .habit = {.interval_ms = 30000, .patience_ms = tcp_patience_ms, .tries = 4, .metronome = true},
    .start = start,
    .stop = stop,
    .enter = enter,
    .renew = renew,
    .cancel = cancel,
    .tick = tick,
    .restart = restart,
    .is_served = is_served,
};

const struct backend backend_go = {
    .name = "Go registry",
    .settle_ms = 1000 * 1000, /* one recount */
    CROWD_BACKEND(kind),
};

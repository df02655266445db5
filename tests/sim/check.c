#include "sim/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    JUMP_MS = 5000,
    LOOK_SMALL = 24,
    SMALL = 200,
    LOSS_EXCUSED_PPM = 100000,
    DELAY_EXCUSED_US = 500000
};

void check_fail(struct check *c, const char *name, const char *format, ...)
{
    va_list args;
    if (c->failed || !c->options->check)
        return;
    c->failed = true;
    c->failure.at_ms = c->engine->now_us / 1000;
    snprintf(c->failure.name, sizeof(c->failure.name), "%s", name);
    va_start(args, format);
    vsnprintf(c->failure.text, sizeof(c->failure.text), format, args);
    va_end(args);
}

struct check *check_new(const struct sim_options *options, struct engine *engine,
                        struct clients *clients)
{
    struct check *c = sim_alloc(sizeof(*c));
    c->options = options;
    c->engine = engine;
    c->clients = clients;
    c->lease_min_s = c->lease_max_s = options->lease_s;
    c->cookie_boots = sim_alloc(options->hosts * sizeof(*c->cookie_boots));
    c->excused_ms = sim_alloc(options->hosts * sizeof(*c->excused_ms));
    c->watcher = watcher_new();
    c->answers = options->dns ? answers_new(options) : NULL;
    return c;
}

void check_free(struct check *c)
{
    ledger_free(c);
    watcher_free(c->watcher);
    answers_free(c->answers);
    free(c->cookie_boots);
    free(c->excused_ms);
    free(c);
}

const struct sim_failure *check_failure(const struct check *c)
{
    return c->failed ? &c->failure : NULL;
}

void check_observe(struct check *c, const struct sim_observer *observer)
{
    c->observer = *observer;
}

uint64_t check_fingerprint(const struct check *c)
{
    return c->fingerprint;
}

void check_count(const struct check *c, struct sim_stats *stats)
{
    stats->evictions = c->stats.evictions;
    stats->false_withdrawals = c->stats.false_withdrawals;
    stats->stale = c->stats.stale;
    stats->guard_changes = c->stats.guard_changes;
    stats->brownout_changes = c->stats.brownout_changes;
    stats->looks = c->stats.looks;
    stats->answers_compared = c->stats.answers_compared;
    stats->registrations = c->stats.registrations;
    stats->renewals = c->stats.renewals;
    stats->goodbyes = c->stats.goodbyes;
    stats->instances = c->present;
}

/* ---- life --------------------------------------------------------------------------------- */

struct registry_journal check_boot(struct check *c, struct registry *r, struct store_journal *j,
                                   const struct store_report *report, struct moment now)
{
    c->registry = r;
    c->journal = j;
    c->now = now;
    c->newest_ms = now.lease_ms;
    c->boots++;
    for (uint32_t i = 0; i < c->clients->count; i++) {
        uint32_t lease_s = c->clients->list[i]->spec.lease_s;
        if (lease_s && lease_s < c->lease_min_s)
            c->lease_min_s = lease_s;
        if (lease_s > c->lease_max_s)
            c->lease_max_s = lease_s;
    }
    ledger_boot(c, report);
    ledger_compare(c, true);
    time_boot(c);
    watcher_reset(c->watcher);
    if (c->answers)
        answers_reset(c->answers);
    c->seen_index = 0;
    return ledger_hooks(c);
}

void check_crash(struct check *c)
{
    ledger_crash(c);
    c->registry = NULL;
    c->journal = NULL;
}

void check_committed(struct check *c, uint64_t change)
{
    ledger_committed(c, change);
}

void check_begin(struct check *c, enum check_cause cause, const struct datagram *queue,
                 struct moment now)
{
    if (c->newest_ms && now.lease_ms > c->newest_ms + 2 * LEASE_CLOCK_STEP_MAX)
        check_fail(c, "clock", "leases aged by %llu ms in one turn",
                   (unsigned long long)(now.lease_ms - c->newest_ms));
    if (now.lease_ms > c->newest_ms)
        c->newest_ms = now.lease_ms;
    c->cause = cause;
    c->queue = queue;
    c->now = now;
    c->visited = NULL;
    if (cause == CHECK_TIME && now.lease_ms > c->expired_ms + JUMP_MS)
        c->jumped_ms = now.lease_ms;
    if (cause == CHECK_TIME)
        c->expired_ms = now.lease_ms;
}

void check_end(struct check *c)
{
    c->cause = CHECK_NOTHING;
    c->queue = NULL;
    c->visited = NULL;
}

/* ---- what the world does --------------------------------------------------------------------- */

void check_disturbed(struct check *c, struct sim_hosts hosts, uint64_t until_ms, bool excuses)
{
    uint64_t calm_ms = until_ms + 3 * (uint64_t)c->lease_max_s * 1000 + GRACE_MS;
    if (calm_ms > c->disturbed_ms)
        c->disturbed_ms = calm_ms;
    for (uint32_t i = 0; excuses && i < hosts.count && i < c->options->hosts; i++) {
        uint32_t h = (hosts.first + i) % c->options->hosts;
        if (calm_ms > c->excused_ms[h])
            c->excused_ms[h] = calm_ms;
    }
}

void check_action(struct check *c, const struct sim_action *a)
{
    uint64_t end_ms = a->at_ms + a->for_ms;
    struct sim_hosts all = {0, c->options->hosts};
    switch (a->verb) {
    case SIM_CUT: check_disturbed(c, a->hosts, end_ms, true); break;
    case SIM_FREEZE_HOSTS: check_disturbed(c, a->hosts, end_ms, true); break;
    case SIM_CRASH_HOSTS: check_disturbed(c, a->hosts, end_ms, false); break;
    case SIM_LOSS: check_disturbed(c, a->hosts, end_ms, a->value > LOSS_EXCUSED_PPM); break;
    case SIM_DELAY: check_disturbed(c, a->hosts, end_ms, a->value > DELAY_EXCUSED_US); break;
    case SIM_DISK_FAIL:
    case SIM_DISK_SLOW:
        c->disk_bad_from_ms = a->at_ms;
        c->disk_bad_until_ms = end_ms;
        break;
    case SIM_SLOW: check_disturbed(c, all, end_ms, true); break;
    case SIM_STALL:
    case SIM_PAUSE:
    case SIM_SUSPEND:
    case SIM_CRASH:
    case SIM_KILL:
    case SIM_LEAVE:
    case SIM_START:
    case SIM_RESTART:
    case SIM_REPLACE:
    case SIM_EVICT:
    case SIM_DRAIN: check_disturbed(c, all, end_ms, false); break;
    case SIM_COPIES:
    case SIM_WALL_STEP:
    case SIM_VERBS: break;
    }
}

/* ---- looking --------------------------------------------------------------------------- */

static void look_at_index(struct check *c)
{
    uint64_t index = registry_index(c->registry);
    if (index < c->seen_index)
        check_fail(c, "I7", "the change index went from %llu to %llu",
                   (unsigned long long)c->seen_index, (unsigned long long)index);
    c->seen_index = index;
}

static void look_at_all(struct check *c)
{
    c->stats.looks++;
    ledger_compare(c, c->present <= SMALL);
    time_look(c);
    watcher_fold(c);
    watcher_compare(c);
    if (c->answers && c->stats.looks % 8 == 0)
        answers_compare(c);
}

void check_look(struct check *c)
{
    uint64_t every = c->options->check_every;
    if (!c->registry || !c->options->check)
        return;
    look_at_index(c);
    if (!every)
        every = LOOK_SMALL + c->present * 2;
    if (++c->unseen < every)
        return;
    c->unseen = 0;
    look_at_all(c);
}

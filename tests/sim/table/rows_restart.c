/* The registry itself is down for a while, and some hosts die meanwhile. */
#include <stdio.h>

#include "sim/table/rows.h"

enum { HOSTS = 100, WATCH_MS = 1500 * 1000, LOOK_MS = 200 };

struct outage {
    uint32_t down_s;
    unsigned dead; /* hosts that die meanwhile */
};

struct restart_result {
    struct samples missing; /* s after the start, per living instance, not served */
    struct samples removal; /* s after the start until the last dead one is gone */
    struct samples false_withdrawals;
};

static void go_down(struct fleet *f, struct outage outage)
{
    uint64_t begin_ms = f->now_ms, down_ms = outage.down_s * 1000ull;
    fleet_restart(f, down_ms);
    for (unsigned i = 0; i < outage.dead; i++) {
        fleet_run(f, begin_ms + (i + 1) * down_ms / (outage.dead + 1));
        fleet_crash(f, i);
    }
    fleet_run(f, begin_ms + down_ms);
}

static void watch(struct fleet *f, struct outage outage, struct restart_result *result)
{
    uint64_t begin_ms = f->now_ms, removed_ms = begin_ms;
    unsigned missing[HOSTS] = {0};
    while (f->now_ms < begin_ms + WATCH_MS) {
        for (unsigned i = 0; i < outage.dead; i++)
            if (fleet_served(f, i) != SERVED_NOT)
                removed_ms = f->now_ms;
        for (unsigned i = outage.dead; i < HOSTS; i++)
            missing[i] += fleet_served(f, i) == SERVED_NOT;
        fleet_run(f, f->now_ms + LOOK_MS);
    }
    for (unsigned i = outage.dead; i < HOSTS; i++)
        samples_add(&result->missing, missing[i] * (LOOK_MS / 1000.0));
    samples_add(&result->removal, (double)(removed_ms - begin_ms) / 1000);
    samples_add(&result->false_withdrawals, (double)f->false_withdrawals);
}

static void restart_column(struct sheet *s, struct outage outage, const char *name,
                           enum column column, struct line lines[3])
{
    struct restart_result r = {{0}, {0}, {0}};
    for (unsigned run = 0; run <= s->seeds / 50; run++) {
        struct fleet f;
        sheet_begin(&f, column, (struct fleet_plan){.hosts = HOSTS}, run);
        fleet_populate(&f, 0, HOSTS, 1);
        fleet_settle(&f);
        go_down(&f, outage);
        watch(&f, outage, &r);
        sheet_end(s, &f);
    }
    line_cell(&lines[0], column, "%.1f/%.1f", samples_mean(&r.missing), samples_max(&r.missing));
    line_cell(&lines[1], column, "%.3g", samples_mean(&r.false_withdrawals));
    if (outage.dead)
        line_cell(&lines[2], column, "%.1f", samples_max(&r.removal));
    sheet_set(s, column, samples_max(&r.missing), "restart.%s.missing", name);
    sheet_set(s, column, samples_max(&r.false_withdrawals), "restart.%s.false", name);
    sheet_set(s, column, samples_max(&r.removal), "restart.%s.removal", name);
    samples_deinit(&r.missing);
    samples_deinit(&r.removal);
    samples_deinit(&r.false_withdrawals);
}

void row_restart(struct sheet *s)
{
    static const struct outage outages[] = {{5, 0},   {60, 0},   {600, 0}, {5, 10},
                                            {60, 10}, {600, 10}, {60, 60}, {600, 60}};
    sheet_title("The registry of 100 hosts is down for a while, some of them die meanwhile",
                "mean/max; max, after its return");
    for (unsigned i = 0; i < sizeof outages / sizeof *outages; i++) {
        struct outage outage = outages[i];
        struct line lines[3];
        char name[24];
        snprintf(name, sizeof name, "%u.%u", outage.down_s, outage.dead);
        line_init(&lines[0], "%3u s, %2u dead: s the living are missing", outage.down_s,
                  outage.dead);
        line_init(&lines[1], "                living ones withdrawn");
        line_init(&lines[2], "                s until the dead are gone");
        for (enum column column = 0; column < COLUMN_COUNT; column++)
            restart_column(s, outage, name, column, lines);
        for (unsigned n = 0; n < (outage.dead ? 3 : 2); n++)
            line_print(&lines[n]);
    }
}

/* One host of a fleet crashes: how long is it still served? */
#include "sim/table/rows.h"

#include <stdio.h>

enum { GIVE_UP_MS = 1800 * 1000 };

struct crash {
    unsigned hosts, per_host;
    uint32_t lease_s; /* 0 = as the rules have it */
};

static bool all_gone(const struct fleet *f, unsigned from, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (f->peers[from + i].withdrawn_ms == FLEET_NEVER)
            return false;
    return true;
}

static void crash_once(struct sheet *s, const struct crash *crash, enum column column, unsigned run,
                       struct samples *delays, struct samples *never)
{
    struct fleet f;
    sheet_begin(&f, column,
                (struct fleet_plan){.hosts = crash->hosts,
                                    .capacity = crash->hosts * crash->per_host,
                                    .lease_s = crash->lease_s},
                run);
    fleet_populate(&f, 0, crash->hosts, crash->per_host);
    fleet_settle(&f);
    unsigned first = rand_below(&f.rand, crash->hosts) * crash->per_host;
    for (unsigned i = 0; i < crash->per_host; i++)
        fleet_crash(&f, first + i);
    uint64_t end = f.now_ms + GIVE_UP_MS;
    while (f.now_ms < end && !all_gone(&f, first, crash->per_host))
        fleet_run(&f, f.now_ms + 1000);
    for (unsigned i = 0; i < crash->per_host; i++) {
        const struct peer *peer = &f.peers[first + i];
        bool gone = peer->withdrawn_ms != FLEET_NEVER;
        if (gone)
            samples_add(delays, (double)(peer->withdrawn_ms - peer->died_ms) / 1000);
        samples_add(never, gone ? 0 : 100);
    }
    sheet_end(s, &f);
}

static void crash_cell(struct line *line, enum column column, struct samples *delays,
                       struct samples *never)
{
    double share = samples_mean(never);
    if (!delays->count)
        line_cell(line, column, "never");
    else if (share > 0)
        line_cell(line, column, "%.0f/%.0f/%.0f, %.0f %% never", samples_percentile(delays, 50),
                  samples_percentile(delays, 99), samples_max(delays), share);
    else
        line_cell(line, column, "%.1f/%.1f/%.1f", samples_percentile(delays, 50),
                  samples_percentile(delays, 99), samples_max(delays));
}

static void crash_column(struct sheet *s, const struct crash *crash, const char *name,
                         enum column column, struct line *line)
{
    struct samples delays = {0}, never = {0};
    for (unsigned run = 0; run < s->seeds; run++)
        crash_once(s, crash, column, run, &delays, &never);
    crash_cell(line, column, &delays, &never);
    sheet_set(s, column, samples_percentile(&delays, 50), "crash.%s.p50", name);
    sheet_set(s, column, samples_percentile(&delays, 99), "crash.%s.p99", name);
    sheet_set(s, column, samples_max(&delays), "crash.%s.max", name);
    sheet_set(s, column, samples_mean(&never), "crash.%s.never", name);
    samples_deinit(&delays);
    samples_deinit(&never);
}

void row_crash(struct sheet *s)
{
    static const unsigned sizes[] = {1, 2, 3, 5, 10, 50};
    struct line line;
    char name[16];
    sheet_title("One of H hosts crashes: s until it is served no more",
                "p50/p99/max; never = not in 1800 s");
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct crash crash = {sizes[i], 1, 0};
        snprintf(name, sizeof name, "h%u", sizes[i]);
        line_init(&line, "H = %u", sizes[i]);
        for (enum column column = 0; column < COLUMN_COUNT; column++)
            crash_column(s, &crash, name, column, &line);
        line_print(&line);
    }
    struct crash dense = {3, 50, 0};
    line_init(&line, "H = 3 with 50 instances each");
    for (enum column column = 0; column < COLUMN_COUNT; column++)
        crash_column(s, &dense, "dense", column, &line);
    line_print(&line);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct crash crash = {sizes[i], 1, 5};
        snprintf(name, sizeof name, "short%u", sizes[i]);
        line_init(&line, "H = %u, lease 5 s", sizes[i]);
        crash_column(s, &crash, name, COLUMN_DISC, &line);
        line_print(&line);
    }
}

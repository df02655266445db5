/* The network to some hosts is cut for two minutes; they live on. Who is withdrawn? */
#include "sim/table/rows.h"

#include <stdio.h>

enum {
    HOSTS = 100,
    RACKS = 10,
    RACK = HOSTS / RACKS, /* hosts in one */
    CUT_MS = 120 * 1000,
    AFTER_MS = 1320 * 1000, /* from its begin; longer than anything that follows from it */
};

struct cut {
    unsigned hosts;
    bool racks; /* the fleet is in racks, each a locality zone; a whole one is cut */
};

struct cut_result {
    struct samples withdrawn, demoted, closed;
};

static void cut_once(struct sheet *s, struct cut cut, enum column column, unsigned run,
                     struct cut_result *result)
{
    struct fleet f;
    sheet_begin(&f, column, (struct fleet_plan){.hosts = HOSTS, .zones = cut.racks ? RACKS : 0},
                run);
    fleet_populate(&f, 0, HOSTS, 1);
    fleet_settle(&f);
    for (unsigned i = 0; i < cut.hosts; i++)
        fleet_cut(&f, cut.racks ? i * RACKS : i, CUT_MS);
    fleet_run(&f, f.now_ms + AFTER_MS);
    samples_add(&result->withdrawn, (double)f.false_withdrawals);
    samples_add(&result->demoted, (double)f.false_demotions);
    samples_add(&result->closed, f.story.closed);
    sheet_end(s, &f);
}

static void cut_column(struct sheet *s, struct cut cut, const char *name, enum column column,
                       struct line *line)
{
    struct cut_result result = {0};
    for (unsigned run = 0; run <= s->seeds / 20; run++)
        cut_once(s, cut, column, run, &result);
    double mean = samples_mean(&result.withdrawn), demoted = samples_mean(&result.demoted);
    if (demoted > 0)
        line_cell(line, column, "%.3g (%.3g put last)", mean, demoted);
    else
        line_cell(line, column, "%.3g", mean);
    sheet_set(s, column, mean, "cut.%s.mean", name);
    sheet_set(s, column, samples_max(&result.withdrawn), "cut.%s.max", name);
    sheet_set(s, column, samples_max(&result.closed), "cut.%s.closed", name);
    samples_deinit(&result.withdrawn);
    samples_deinit(&result.demoted);
    samples_deinit(&result.closed);
}

void row_cut(struct sheet *s)
{
    static const unsigned shares[] = {10, 20, 30, 60, 100};
    struct line line;
    char name[16];
    sheet_title("Link cut of 120 s to part of 100 hosts, all alive: instances withdrawn",
                "mean of all runs");
    for (unsigned i = 0; i < sizeof shares / sizeof *shares; i++) {
        snprintf(name, sizeof name, "%u", shares[i]);
        line_init(&line, "%u of 100 hosts", shares[i]);
        for (enum column column = 0; column < COLUMN_COUNT; column++)
            cut_column(s, (struct cut){shares[i], false}, name, column, &line);
        line_print(&line);
    }
    line_init(&line, "%u of 100 hosts, a locality zone", RACK);
    cut_column(s, (struct cut){RACK, true}, "rack", COLUMN_DISC, &line);
    line_print(&line);
}

/* Habits of clients that are no trouble and must not look like one: how often does the
 * guard move? And the goodbye, which waits for nothing. */
#include <stdio.h>

#include "sim/table/rows.h"

enum {
    CALM_MS = 3600 * 1000,
    GOODBYE_MS = 60 * 1000, /* a goodbye that takes so long is none */
};

struct calm_result {
    struct samples moves, brownouts, withdrawn;
};

static void calm_end(struct sheet *s, struct fleet *f, struct calm_result *r)
{
    samples_add(&r->moves, f->story.closed + f->story.opened);
    samples_add(&r->brownouts, f->story.brownouts);
    samples_add(&r->withdrawn, (double)f->false_withdrawals);
    sheet_end(s, f);
}

/* Some of 100 hosts have this habit. */
static void habit_once(struct sheet *s, enum client client, unsigned such, unsigned run,
                       struct calm_result *r)
{
    struct fleet f;
    sheet_begin(&f, COLUMN_DISC, (struct fleet_plan){.hosts = 100}, run);
    fleet_populate(&f, such, 100 - such, 1);
    for (unsigned host = 0; host < such; host++)
        fleet_join(&f, host, client,
                   client == CLIENT_ONCE ? 120000 + rand_below(&f.rand, 3000000)
                                         : rand_below(&f.rand, 30000));
    fleet_settle(&f);
    fleet_run(&f, f.now_ms + CALM_MS);
    calm_end(s, &f, r);
}

/* One of `nodes` nodes dies with all its pods; each pod has an address of its own, or the
 * node's agent keeps them in one lease group. */
static void pods_once(struct sheet *s, unsigned nodes, bool agent, unsigned run,
                      struct calm_result *r)
{
    struct fleet f;
    unsigned pods = agent ? 1 : AGENT_INSTANCES, hosts = nodes * pods;
    sheet_begin(&f, COLUMN_DISC, (struct fleet_plan){.hosts = hosts}, run);
    for (unsigned host = 0; host < hosts; host++)
        fleet_join(&f, host, agent ? CLIENT_AGENT : CLIENT_PLAIN, rand_below(&f.rand, 30000));
    fleet_settle(&f);
    for (unsigned pod = 0; pod < pods; pod++)
        fleet_crash(&f, pod);
    fleet_run(&f, f.now_ms + CALM_MS);
    calm_end(s, &f, r);
}

static void calm_line(struct sheet *s, const char *name, const char *label, struct calm_result *r)
{
    struct line line;
    line_init(&line, "%s", label);
    line_cell(&line, COLUMN_DISC, "%.3g (brownouts %.3g)", samples_max(&r->moves),
              samples_max(&r->brownouts));
    line_print(&line);
    sheet_set(s, COLUMN_DISC, samples_max(&r->moves), "calm.%s.moves", name);
    sheet_set(s, COLUMN_DISC, samples_max(&r->brownouts), "calm.%s.brownouts", name);
    sheet_set(s, COLUMN_DISC, samples_max(&r->withdrawn), "calm.%s.withdrawn", name);
    samples_deinit(&r->moves);
    samples_deinit(&r->brownouts);
    samples_deinit(&r->withdrawn);
}

static void habit_line(struct sheet *s, const char *name, enum client client, unsigned such,
                       const char *label)
{
    struct calm_result r = {{0}, {0}, {0}};
    for (unsigned run = 0; run <= s->seeds / 50; run++)
        habit_once(s, client, such, run, &r);
    calm_line(s, name, label, &r);
}

static void pods_line(struct sheet *s, const char *name, unsigned nodes, bool agent,
                      const char *label)
{
    struct calm_result r = {{0}, {0}, {0}};
    for (unsigned run = 0; run <= s->seeds / 50; run++)
        pods_once(s, nodes, agent, run, &r);
    calm_line(s, name, label, &r);
}

void row_calm(struct sheet *s)
{
    sheet_title("An hour of habits that are no trouble: how often the guard moved",
                "closing or opening; max of all runs");
    habit_line(s, "plain", CLIENT_PLAIN, 100, "100 hosts, none of the below");
    habit_line(s, "half", CLIENT_HALF, 100, "all renew each half lease");
    habit_line(s, "halves", CLIENT_HALF, 50, "half of them renew each half lease");
    habit_line(s, "loop", CLIENT_LOOP, 50, "half of them register anew each 5 s");
    habit_line(s, "once", CLIENT_ONCE, 50, "50 register once and never renew");
    pods_line(s, "agent4", 4, true, "1 of 4 nodes with 30 pods dies, agents");
    pods_line(s, "pods10", 10, false, "1 of 10 nodes with 30 pods dies");
    pods_line(s, "pods4", 4, false, "1 of 4 nodes with 30 pods dies");
}

/* ---- goodbye ------------------------------------------------------------------------- */

static double goodbye_once(struct sheet *s, enum column column, unsigned run)
{
    struct fleet f;
    sheet_begin(&f, column, (struct fleet_plan){.hosts = 10}, run);
    fleet_populate(&f, 0, 10, 1);
    fleet_run(&f, 60000 + rand_below(&f.rand, 9000));
    uint64_t begin_ms = f.now_ms;
    fleet_leave(&f, 0);
    while (fleet_served(&f, 0) != SERVED_NOT && f.now_ms < begin_ms + GOODBYE_MS)
        fleet_run(&f, f.now_ms + 1);
    double delay_ms = (double)(f.now_ms - begin_ms);
    sheet_end(s, &f);
    return delay_ms;
}

void row_goodbye(struct sheet *s)
{
    struct line line;
    sheet_title("A goodbye: ms until no answer holds the instance", "from the request on, max");
    line_init(&line, "one of 10 hosts");
    for (enum column column = 0; column < COLUMN_COUNT; column++) {
        struct samples delay = {0};
        for (unsigned run = 0; run < s->seeds; run++)
            samples_add(&delay, goodbye_once(s, column, run));
        line_cell(&line, column, "%.0f", samples_max(&delay));
        sheet_set(s, column, samples_max(&delay), "goodbye.max");
        samples_deinit(&delay);
    }
    line_print(&line);
}

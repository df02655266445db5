/* Many go: half of the fleet dies at once, half of it says goodbye, all of it is replaced
 * one by one by kill -9. */
#include <stdio.h>

#include "sim/table/rows.h"

enum {
    HOSTS = 100,
    HALF = HOSTS / 2,
    DEATH_MS = 7200 * 1000, /* how long the dead are waited for */
    ROLLED_HOSTS = 30,
    ROLL_MS = 20 * 1000, /* from one host to the next */
};

static double seconds_after(uint64_t then_ms, uint64_t begin_ms)
{
    return (double)(then_ms - begin_ms) / 1000;
}

/* ---- half dies ---------------------------------------------------------------------- */

struct half_result {
    struct samples demoted, removed, never;
};

static bool half_is_gone(const struct fleet *f)
{
    for (unsigned i = 0; i < HALF; i++)
        if (f->peers[i].withdrawn_ms == FLEET_NEVER)
            return false;
    return true;
}

static void half_once(struct sheet *s, enum column column, unsigned run, struct half_result *result)
{
    struct fleet f;
    sheet_begin(&f, column, (struct fleet_plan){.hosts = HOSTS}, run);
    fleet_populate(&f, 0, HOSTS, 1);
    fleet_settle(&f);
    uint64_t death_ms = f.now_ms;
    for (unsigned i = 0; i < HALF; i++)
        fleet_crash(&f, i);
    while (f.now_ms < death_ms + DEATH_MS && !half_is_gone(&f))
        fleet_run(&f, f.now_ms + 5000);
    for (unsigned i = 0; i < HALF; i++) {
        const struct peer *peer = &f.peers[i];
        samples_add(&result->never, peer->withdrawn_ms == FLEET_NEVER ? 100 : 0);
        if (peer->withdrawn_ms != FLEET_NEVER)
            samples_add(&result->removed, seconds_after(peer->withdrawn_ms, death_ms));
        if (peer->demoted_ms != FLEET_NEVER)
            samples_add(&result->demoted, seconds_after(peer->demoted_ms, death_ms));
    }
    sheet_end(s, &f);
}

static void half_column(struct sheet *s, enum column column, struct line *last, struct line *gone)
{
    struct half_result r = {0};
    for (unsigned run = 0; run <= s->seeds / 20; run++)
        half_once(s, column, run, &r);
    if (r.demoted.count)
        line_cell(last, column, "%.1f to %.1f", samples_min(&r.demoted), samples_max(&r.demoted));
    if (!r.removed.count)
        line_cell(gone, column, "never (not in 7200 s)");
    else
        line_cell(gone, column, "%.0f to %.0f", samples_min(&r.removed), samples_max(&r.removed));
    sheet_set(s, column, (double)r.demoted.count / (double)r.never.count, "half.demoted.share");
    sheet_set(s, column, samples_max(&r.demoted), "half.demoted.max");
    sheet_set(s, column, samples_min(&r.removed), "half.removed.min");
    sheet_set(s, column, samples_max(&r.removed), "half.removed.max");
    sheet_set(s, column, samples_mean(&r.never), "half.never");
    samples_deinit(&r.demoted);
    samples_deinit(&r.removed);
    samples_deinit(&r.never);
}

void row_half(struct sheet *s)
{
    struct line last, gone;
    sheet_title("Half of 100 hosts really die at once: s until they are", "first to last");
    line_init(&last, "put last, behind all that live");
    line_init(&gone, "removed");
    for (enum column column = 0; column < COLUMN_COUNT; column++)
        half_column(s, column, &last, &gone);
    line_print(&last);
    line_print(&gone);
}

/* ---- half says goodbye --------------------------------------------------------------- */

struct scale_result {
    struct samples closed, delay, never;
};

static void scale_once(struct sheet *s, enum column column, unsigned run,
                       struct scale_result *result)
{
    struct fleet f;
    sheet_begin(&f, column, (struct fleet_plan){.hosts = HOSTS}, run);
    fleet_populate(&f, 0, HOSTS, 1);
    fleet_settle(&f);
    for (unsigned i = 0; i < HALF; i++) {
        fleet_leave(&f, i);
        fleet_run(&f, f.now_ms + 1000);
    }
    fleet_run(&f, f.now_ms + rand_below(&f.rand, 60000));
    samples_add(&result->closed, f.story.closed);
    fleet_crash(&f, HALF);
    uint64_t end = f.now_ms + 1800 * 1000;
    while (f.now_ms < end && f.peers[HALF].withdrawn_ms == FLEET_NEVER)
        fleet_run(&f, f.now_ms + 1000);
    bool never = f.peers[HALF].withdrawn_ms == FLEET_NEVER;
    samples_add(&result->never, never ? 100 : 0);
    if (!never)
        samples_add(&result->delay,
                    seconds_after(f.peers[HALF].withdrawn_ms, f.peers[HALF].died_ms));
    sheet_end(s, &f);
}

void row_scale(struct sheet *s)
{
    struct line closed, crash;
    sheet_title("50 of 100 hosts say goodbye within 50 s, then one of the rest crashes", "");
    line_init(&closed, "how often the guard closed");
    line_init(&crash, "s until the crashed one is gone, max");
    for (enum column column = 0; column < COLUMN_COUNT; column++) {
        struct scale_result r = {0};
        for (unsigned run = 0; run <= s->seeds / 10; run++)
            scale_once(s, column, run, &r);
        line_cell(&closed, column, "%.2g", samples_mean(&r.closed));
        if (samples_mean(&r.never) > 0)
            line_cell(&crash, column, "%.0f %% never", samples_mean(&r.never));
        else
            line_cell(&crash, column, "%.1f", samples_max(&r.delay));
        sheet_set(s, column, samples_max(&r.closed), "scale.closed");
        sheet_set(s, column, samples_max(&r.delay), "scale.delay.max");
        sheet_set(s, column, samples_mean(&r.never), "scale.never");
        samples_deinit(&r.closed);
        samples_deinit(&r.delay);
        samples_deinit(&r.never);
    }
    line_print(&closed);
    line_print(&crash);
}

/* ---- all are replaced ------------------------------------------------------------------ */

struct rolling_result {
    struct samples dead, clean, never, closed;
};

static unsigned dead_served(const struct fleet *f, enum served at_least)
{
    unsigned dead = 0;
    for (unsigned i = 0; i < f->count; i++)
        dead += !f->peers[i].alive && fleet_served(f, i) >= at_least;
    return dead;
}

static void rolling_once(struct sheet *s, enum column column, unsigned run,
                         struct rolling_result *result)
{
    struct fleet f;
    sheet_begin(&f, column,
                (struct fleet_plan){.hosts = ROLLED_HOSTS, .capacity = 2 * ROLLED_HOSTS}, run);
    fleet_populate(&f, 0, ROLLED_HOSTS, 1);
    fleet_settle(&f);
    for (unsigned host = 0; host < ROLLED_HOSTS; host++) {
        fleet_crash(&f, host);
        fleet_join(&f, host, CLIENT_PLAIN, f.now_ms + 2000);
        for (unsigned second = 0; second < ROLL_MS / 1000; second++) {
            fleet_run(&f, f.now_ms + 1000);
            samples_add(&result->dead, dead_served(&f, SERVED_YES));
        }
    }
    uint64_t last_ms = f.peers[ROLLED_HOSTS - 1].died_ms;
    while (dead_served(&f, SERVED_LAST) && f.now_ms < last_ms + DEATH_MS)
        fleet_run(&f, f.now_ms + 1000);
    bool never = dead_served(&f, SERVED_LAST) > 0;
    samples_add(&result->never, never ? 100 : 0);
    if (!never)
        samples_add(&result->clean, seconds_after(f.now_ms, last_ms));
    samples_add(&result->closed, f.story.closed);
    sheet_end(s, &f);
}

void row_rolling(struct sheet *s)
{
    struct line dead, clean;
    sheet_title("Deployment by kill -9: 30 hosts, one each 20 s, under new names", "");
    line_init(&dead, "dead ones served meanwhile, mean/max");
    line_init(&clean, "s from the last kill until none is left");
    for (enum column column = 0; column < COLUMN_COUNT; column++) {
        struct rolling_result r = {0};
        for (unsigned run = 0; run <= s->seeds / 20; run++)
            rolling_once(s, column, run, &r);
        line_cell(&dead, column, "%.1f/%.0f", samples_mean(&r.dead), samples_max(&r.dead));
        if (samples_mean(&r.never) > 0)
            line_cell(&clean, column, "never (not in 7200 s)");
        else
            line_cell(&clean, column, "%.0f", samples_max(&r.clean));
        sheet_set(s, column, samples_mean(&r.dead), "rolling.dead.mean");
        sheet_set(s, column, samples_max(&r.dead), "rolling.dead.max");
        sheet_set(s, column, samples_max(&r.clean), "rolling.clean.max");
        sheet_set(s, column, samples_mean(&r.never), "rolling.never");
        sheet_set(s, column, samples_max(&r.closed), "rolling.closed");
        samples_deinit(&r.dead);
        samples_deinit(&r.clean);
        samples_deinit(&r.never);
        samples_deinit(&r.closed);
    }
    line_print(&dead);
    line_print(&clean);
}

/* Datagrams are lost at random, each way; everybody lives. Who is withdrawn? */
#include "sim/table/rows.h"

#include <stdio.h>

enum { HOSTS = 100, HOURS = 2 };

struct loss {
    unsigned percent;
    enum client client;
    uint32_t lease_s;
};

static void loss_once(struct sheet *s, const struct loss *loss, enum column column, unsigned run,
                      struct samples *rates, struct samples *brownouts)
{
    struct fleet f;
    sheet_begin(&f, column, (struct fleet_plan){.hosts = HOSTS, .lease_s = loss->lease_s}, run);
    for (unsigned host = 0; host < HOSTS; host++)
        fleet_join(&f, host, loss->client, rand_below(&f.rand, 30000));
    fleet_settle(&f);
    fleet_loss(&f, loss->percent);
    fleet_run(&f, f.now_ms + HOURS * 3600000ull);
    samples_add(rates, (double)f.false_withdrawals / (HOSTS * HOURS));
    samples_add(brownouts, f.story.brownouts);
    sheet_end(s, &f);
}

static void loss_column(struct sheet *s, const struct loss *loss, const char *name,
                        enum column column, struct line *line)
{
    struct samples rates = {0}, brownouts = {0};
    for (unsigned run = 0; run <= s->seeds / 50; run++)
        loss_once(s, loss, column, run, &rates, &brownouts);
    double rate = samples_mean(&rates);
    line_cell(line, column, rate > 0 ? "%.4f" : "0", rate);
    sheet_set(s, column, rate, "loss.%s.rate", name);
    sheet_set(s, column, samples_max(&brownouts), "loss.%s.brownouts", name);
    samples_deinit(&rates);
    samples_deinit(&brownouts);
}

void row_loss(struct sheet *s)
{
    static const unsigned percents[] = {5, 10, 30, 50};
    static const uint32_t leases[] = {30, 60};
    struct line line;
    char name[24];
    sheet_title("Random loss each way, all alive: withdrawals per instance and hour",
                "renewals acknowledged and repeated");
    for (unsigned i = 0; i < sizeof percents / sizeof *percents; i++) {
        struct loss loss = {percents[i], CLIENT_PLAIN, 30};
        snprintf(name, sizeof name, "%u", percents[i]);
        line_init(&line, "%u %%", percents[i]);
        for (enum column column = 0; column < COLUMN_COUNT; column++)
            loss_column(s, &loss, name, column, &line);
        line_print(&line);
    }
    for (unsigned n = 0; n < sizeof leases / sizeof *leases; n++) {
        for (unsigned i = 0; i < sizeof percents / sizeof *percents; i++) {
            struct loss loss = {percents[i], CLIENT_LOOP, leases[n]};
            snprintf(name, sizeof name, "loop%u.%u", leases[n], percents[i]);
            line_init(&line, "%u %%, a deaf loop: each %u s, lease %u s", percents[i],
                      leases[n] / 6, leases[n]);
            loss_column(s, &loss, name, COLUMN_DISC, &line);
            line_print(&line);
        }
    }
}

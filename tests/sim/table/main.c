/* Prints the table: what registries do with the dead and with the living, under the rules
 * of Eureka, of the Go registry and of disc. See usage() and rows.h. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/table/promises.h"
#include "sim/table/rows.h"

enum { SEEDS_DEFAULT = 200, SEEDS_MAX = 100000 };

static const struct row {
    const char *name;
    void (*run)(struct sheet *s);
} rows[] = {
    {"crash", row_crash},     {"cut", row_cut},     {"loss", row_loss},
    {"half", row_half},       {"scale", row_scale}, {"rolling", row_rolling},
    {"restart", row_restart}, {"calm", row_calm},   {"goodbye", row_goodbye},
};

enum { ROW_COUNT = sizeof rows / sizeof *rows };

static void usage(FILE *out)
{
    fprintf(out,
            "usage: sim_table [--seeds N] [--row NAME] [--check]\n"
            "  --seeds N   as many runs of the crash rows, fewer of the longer ones; %d\n"
            "  --row NAME  only these:",
            SEEDS_DEFAULT);
    for (unsigned i = 0; i < ROW_COUNT; i++)
        fprintf(out, " %s", rows[i].name);
    fprintf(out, "\n  --check     exit 1 when a figure is not as it must be\n");
}

static void legend(const struct sheet *s)
{
    printf(
        "\n"
        "Eureka, Go registry: their rules at their defaults (renewals each 30 s, sweeps each\n"
        "60 s), one server that counts itself as one more client. Times are those of their own\n"
        "tables: Eureka's answers lag by up to 30 s more, its clients by another 30 s. After a\n"
        "start Eureka finds no peer to learn from and answers nobody for 300 s.\n"
        "disc: its own server and client library; lease 30 s and a renewal each 9 s unless said\n"
        "otherwise. Put last: served only behind what lives (SRV priority, not in A/AAAA).\n"
        "%u runs, %.0f hours of virtual time, seeds 1 to %u.\n",
        s->runs, s->hours, s->seeds);
}

struct arguments {
    unsigned seeds;
    const char *row;
    bool check;
};

static bool row_exists(const char *name)
{
    for (unsigned i = 0; i < ROW_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return true;
    return false;
}

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {{"seeds", required_argument, NULL, 's'},
                                            {"row", required_argument, NULL, 'r'},
                                            {"check", no_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    *a = (struct arguments){.seeds = SEEDS_DEFAULT};
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (option) {
        case 's': a->seeds = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'r': a->row = optarg; break;
        case 'c': a->check = true; break;
        case 'h': usage(stdout); exit(0);
        default: return false;
        }
    }
    return optind == argc && a->seeds >= 1 && a->seeds <= SEEDS_MAX &&
           (!a->row || row_exists(a->row));
}

int main(int argc, char **argv)
{
    struct arguments a;
    if (!read_arguments(argc, argv, &a)) {
        usage(stderr);
        return 2;
    }
    struct sheet s = {.seeds = a.seeds};
    for (unsigned i = 0; i < ROW_COUNT; i++)
        if (!a.row || strcmp(rows[i].name, a.row) == 0)
            rows[i].run(&s);
    legend(&s);
    bool fine = !a.check || promises_hold(&s, a.row);
    sheet_deinit(&s);
    return fine ? 0 : 1;
}

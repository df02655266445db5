/* Kills discd at random moments under a load of registrations, changes and goodbyes, starts
 * it again, and counts what is not as it was acknowledged:
 *
 *     fault_kill9 --discd D --dir DIR [--rounds N] [--instances K] [--seed S]
 *                 [--tamper wipe|old]
 *
 * --tamper spoils the stored data behind discd's back (all of it gone; an older copy in its
 * place), to show that it would be noticed. Exit status: 0 nothing is missing or back. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/load.h"

enum { LOAD_MAX_MS = 150, LOAD_MIN = 20, AGAIN_MAX = 100, PER_SERVICE = 20, WINDOW = 64 };

struct run {
    struct drive drive;
    struct model model;
    struct load load;
    unsigned long rounds, lost, resurrected;
    uint64_t start_ms, start_max_ms; /* sum and largest: until ready */
    const char *tamper;
    char first[200];
};

static void start(struct run *r)
{
    uint64_t before = now_ms();
    if (!drive_start(&r->drive, false))
        die("after %lu rounds it does not start: %s", r->rounds, drive_status_text(&r->drive));
    uint64_t took = now_ms() - before;
    r->start_ms += took;
    if (took > r->start_max_ms)
        r->start_max_ms = took;
}

/* Everything is asked of DNS; what is seen is the truth from here on. */
static unsigned check(struct run *r)
{
    struct model_verdict verdict;
    model_check(&r->model, &r->drive, &verdict);
    if (!r->first[0])
        snprintf(r->first, sizeof r->first, "%s", verdict.first);
    r->lost += verdict.lost;
    r->resurrected += verdict.resurrected;
    return verdict.present;
}

static void shell(const struct run *r, const char *format)
{
    char command[3 * DRIVE_PATH];
    snprintf(command, sizeof command, format, r->drive.dir, r->drive.dir, r->drive.dir);
    if (system(command))
        die("%s failed", command);
}

static void tamper(struct run *r)
{
    if (!r->tamper)
        return;
    if (strcmp(r->tamper, "wipe") == 0)
        shell(r, "rm -rf '%s/data'");
    else if (r->rounds == 1)
        shell(r, "cp -a --sparse=always '%s/data' '%s/older'");
    else
        shell(r, "rm -rf '%s/data' && cp -a --sparse=always '%s/older' '%s/data'");
}

static unsigned one_round(struct run *r)
{
    unsigned long before = r->load.acknowledged;
    unsigned again = 0;
    do /* at a slow disk longer: what was never acknowledged shows nothing */
        load_run(&r->load, 1 + (int)load_random(&r->load, LOAD_MAX_MS));
    while (r->load.acknowledged < before + LOAD_MIN && ++again < AGAIN_MAX);
    drive_end(&r->drive, SIGKILL);
    load_drain(&r->load);
    r->rounds++;
    tamper(r);
    start(r);
    return check(r);
}

static int report(const struct run *r, unsigned present, unsigned long seed)
{
    printf("%lu x kill -9 (seed %lu): %lu acknowledged changes, %u instances at the end; "
           "%lu lost, %lu back; ready after %.1f ms, at most %llu ms\n",
           r->rounds, seed, r->load.acknowledged, present, r->lost, r->resurrected,
           (double)r->start_ms / (double)(r->rounds + 1), (unsigned long long)r->start_max_ms);
    if (!r->load.acknowledged)
        puts("nothing was acknowledged: this shows nothing");
    if (r->first[0])
        printf("the first: %s\n", r->first);
    return r->lost || r->resurrected || !r->load.acknowledged;
}

static _Noreturn void usage(void)
{
    fputs("usage: fault_kill9 --discd D --dir DIR [--rounds N] [--instances K] [--seed S]\n"
          "                   [--tamper wipe|old]\n",
          stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"discd", 1, NULL, 'd'},  {"dir", 1, NULL, 'w'},
                                            {"rounds", 1, NULL, 'n'}, {"instances", 1, NULL, 'k'},
                                            {"seed", 1, NULL, 's'},   {"tamper", 1, NULL, 't'},
                                            {NULL, 0, NULL, 0}};
    static struct run r;
    const char *discd = NULL, *dir = NULL;
    unsigned long rounds = 20, instances = 200, seed = 1;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'd': discd = optarg; break;
        case 'w': dir = optarg; break;
        case 'n': rounds = strtoul(optarg, NULL, 10); break;
        case 'k': instances = strtoul(optarg, NULL, 10); break;
        case 's': seed = strtoul(optarg, NULL, 10); break;
        case 't': r.tamper = optarg; break;
        default: usage();
        }
    }
    if (!discd || !dir || !rounds || !instances)
        usage();
    drive_init(&r.drive, discd, NULL, dir, "");
    drive_at_exit(&r.drive);
    model_init(&r.model, (unsigned)instances, 1 + (unsigned)instances / PER_SERVICE);
    load_init(&r.load, &r.drive, &r.model, seed, WINDOW);
    start(&r);
    unsigned present = 0;
    while (r.rounds < rounds)
        present = one_round(&r);
    drive_end(&r.drive, SIGTERM);
    if (!drive_ended_well(&r.drive))
        die("SIGTERM: %s", drive_status_text(&r.drive));
    start(&r);
    present = check(&r);
    int status = report(&r, present, seed);
    drive_deinit(&r.drive);
    load_deinit(&r.load);
    model_deinit(&r.model);
    return status;
}

/* Runs simulated worlds and says where an invariant broke.
 *
 *   sim_run --seed N             one random world, from its seed
 *   sim_run --seeds FROM..TO     many; --jobs N at a time
 *   sim_run --clients N          one large world instead; --minutes M
 *   sim_run --mutants            shows that each built-in fault is found; --seeds as bounds
 *   sim_run --mutant NAME        a world with that fault
 *           --verbose            numbers of each run     --trace  each event
 *           --twice              each run again: must be the same
 *
 * Exit: 0 all is well, 1 an invariant broke, 2 usage. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "sim/script.h"

enum { SHRINK_RUNS = 400, JOBS_MAX = 64 };

struct arguments {
    uint64_t from, to;
    uint32_t clients, minutes, jobs;
    enum sim_mutant mutant;
    bool mutants, verbose, trace, twice;
};

struct sums {
    uint64_t runs, failures, virtual_ms;
};

static void make(struct script *s, const struct arguments *a, uint64_t seed)
{
    if (a->clients)
        script_large(s, seed, a->clients, a->minutes);
    else
        script_random(s, seed);
    s->options.mutant = a->mutant;
    s->options.trace = a->trace;
}

static void print_stats(uint64_t seed, const struct outcome *o)
{
    const struct sim_stats *s = &o->stats;
    printf("seed %" PRIu64 ": %" PRIu64 " events, %" PRIu64 " datagrams (%" PRIu64 " lost, %" PRIu64
           " overflowed), %" PRIu64 " handled, %" PRIu64 " replies (%" PRIu64 " held, %" PRIu64
           " refused), %" PRIu64 " commits, %" PRIu64 " boots\n",
           seed, s->events, s->datagrams, s->lost, s->overflowed, s->handled, s->replies, s->held,
           s->refused, s->commits, s->boots);
    printf("  %" PRIu64 " registrations, %" PRIu64 " renewals, %" PRIu64 " goodbyes, %" PRIu64
           " stale, %" PRIu64 " evictions (%" PRIu64 " of the living), guards changed %" PRIu64
           " times, brownout %" PRIu64 "; %" PRIu64 " instances, %" PRIu64 " looks, %" PRIu64
           " answers\n",
           s->registrations, s->renewals, s->goodbyes, s->stale, s->evictions, s->false_withdrawals,
           s->guard_changes, s->brownout_changes, s->instances, s->looks, s->answers_compared);
}

static void report(struct script *s, struct outcome *o, bool trace)
{
    fprintf(stderr, "seed %" PRIu64 ": %s at %.3f s: %s\n", s->seed, o->failure.name,
            (double)o->failure.at_ms / 1000, o->failure.text);
    if (trace)
        return;
    script_shrink(s, o, SHRINK_RUNS);
    fprintf(stderr, " the least that does it: %s at %.3f s: %s\n", o->failure.name,
            (double)o->failure.at_ms / 1000, o->failure.text);
    script_print(s);
}

static void run_one(const struct arguments *a, uint64_t seed, struct sums *sums)
{
    struct script s;
    make(&s, a, seed);
    struct outcome o = script_run(&s);
    sums->runs++;
    sums->virtual_ms += s.until_ms;
    if (a->verbose)
        print_stats(seed, &o);
    if (o.failed) {
        sums->failures++;
        report(&s, &o, a->trace);
    } else if (a->twice && script_run(&s).fingerprint != o.fingerprint) {
        sums->failures++;
        fprintf(stderr, "seed %" PRIu64 ": the second run was another one\n", seed);
    }
    script_deinit(&s);
}

/* ---- several at a time ------------------------------------------------------------------- */

static void run_share(const struct arguments *a, uint32_t job, struct sums *sums)
{
    for (uint64_t seed = a->from + job; seed <= a->to; seed += a->jobs)
        run_one(a, seed, sums);
}

static bool read_sums(int fd, struct sums *sums)
{
    struct sums one;
    if (read(fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
        return false;
    sums->runs += one.runs;
    sums->failures += one.failures;
    sums->virtual_ms += one.virtual_ms;
    return true;
}

/* Each job is a process: the library's RCU thread does not go along with a fork. */
static bool run_all(const struct arguments *a, struct sums *sums)
{
    int ends[JOBS_MAX][2];
    bool fine = true;
    fflush(stdout);
    for (uint32_t job = 0; job < a->jobs; job++) {
        if (pipe(ends[job]))
            return false;
        pid_t pid = fork();
        if (pid < 0)
            return false;
        if (pid == 0) {
            struct sums own = {0};
            run_share(a, job, &own);
            fflush(stdout);
            exit(write(ends[job][1], &own, sizeof(own)) == (ssize_t)sizeof(own) ? 0 : 3);
        }
        close(ends[job][1]);
    }
    for (uint32_t job = 0; job < a->jobs; job++) {
        int status = 0;
        fine &= read_sums(ends[job][0], sums);
        close(ends[job][0]);
        fine &= wait(&status) > 0 && status == 0;
    }
    return fine;
}

/* ---- faults on purpose -------------------------------------------------------------------- */

/* A world in which only the fault fails: sound, it goes well. */
static bool shows(const struct arguments *a, uint64_t seed, struct outcome *out)
{
    struct script s;
    make(&s, a, seed);
    *out = script_run(&s);
    s.options.mutant = SIM_SOUND;
    bool shown = out->failed && !script_run(&s).failed;
    script_deinit(&s);
    return shown;
}

/* Is it found, and within how many worlds? */
static bool hunt(const struct arguments *a, enum sim_mutant mutant)
{
    struct arguments with = *a;
    struct outcome o;
    with.mutant = mutant;
    for (uint64_t seed = a->from; seed <= a->to; seed++) {
        if (!shows(&with, seed, &o))
            continue;
        printf("%-14s found in world %" PRIu64 ": %s: %s\n", sim_mutant_text(mutant),
               seed - a->from + 1, o.failure.name, o.failure.text);
        return true;
    }
    printf("%-14s not found in %" PRIu64 " worlds\n", sim_mutant_text(mutant), a->to - a->from + 1);
    return false;
}

static int hunt_all(const struct arguments *a)
{
    bool all = true;
    for (unsigned m = SIM_SOUND + 1; m < SIM_MUTANTS; m++)
        all &= hunt(a, (enum sim_mutant)m);
    return all ? 0 : 1;
}

/* ---- the command line ----------------------------------------------------------------------- */

static int usage(void)
{
    fprintf(stderr, "usage: sim_run [--seed N | --seeds FROM..TO] [--clients N] [--minutes M]\n"
                    "               [--mutants | --mutant NAME] [--jobs N] [--twice] [--verbose] "
                    "[--trace]\n");
    return 2;
}

static bool read_range(const char *text, struct arguments *a)
{
    char *end;
    a->from = strtoull(text, &end, 10);
    if (end == text || strncmp(end, "..", 2) != 0)
        return false;
    text = end + 2;
    a->to = strtoull(text, &end, 10);
    return end != text && !*end && a->to >= a->from;
}

static bool read_mutant(const char *text, struct arguments *a)
{
    for (unsigned m = 0; m < SIM_MUTANTS; m++) {
        if (strcmp(text, sim_mutant_text((enum sim_mutant)m)) == 0) {
            a->mutant = (enum sim_mutant)m;
            return true;
        }
    }
    return false;
}

static bool read_switch(const char *word, struct arguments *a)
{
    const struct {
        const char *word;
        bool *value;
    } switches[] = {{"--mutants", &a->mutants},
                    {"--verbose", &a->verbose},
                    {"--trace", &a->trace},
                    {"--twice", &a->twice}};
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (strcmp(word, switches[i].word) == 0) {
            *switches[i].value = true;
            return true;
        }
    }
    return false;
}

static bool read_value(const char *word, const char *value, struct arguments *a)
{
    if (strcmp(word, "--seeds") == 0)
        return read_range(value, a);
    if (strcmp(word, "--mutant") == 0)
        return read_mutant(value, a);
    char *end;
    uint64_t number = strtoull(value, &end, 10);
    if (end == value || *end)
        return false;
    if (strcmp(word, "--seed") == 0)
        a->from = a->to = number;
    else if (strcmp(word, "--clients") == 0 && number <= 1000000)
        a->clients = (uint32_t)number;
    else if (strcmp(word, "--minutes") == 0 && number && number <= 100000)
        a->minutes = (uint32_t)number;
    else if (strcmp(word, "--jobs") == 0 && number && number <= JOBS_MAX)
        a->jobs = (uint32_t)number;
    else
        return false;
    return true;
}

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
    *a = (struct arguments){.from = 1, .to = 1, .minutes = 5, .jobs = 1};
    for (int i = 1; i < argc; i++) {
        if (read_switch(argv[i], a))
            continue;
        if (i + 1 == argc || !read_value(argv[i], argv[i + 1], a))
            return false;
        i++;
    }
    return true;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct arguments a;
    struct sums sums = {0};
    double begun = seconds();
    if (!read_arguments(argc, argv, &a))
        return usage();
    log_init(LOG_LEVEL_ERROR, NULL);
    if (a.mutants)
        return hunt_all(&a);
    bool fine = true;
    if (a.jobs > 1)
        fine = run_all(&a, &sums);
    else
        run_share(&a, 0, &sums);
    double took = seconds() - begun;
    printf("%" PRIu64 " worlds, %.1f virtual hours, %" PRIu64 " failed; %.1f s, %.1f worlds/s, "
           "%.1f virtual hours/s\n",
           sums.runs, (double)sums.virtual_ms / 3.6e6, sums.failures, took,
           (double)sums.runs / took, (double)sums.virtual_ms / 3.6e6 / took);
    return fine && !sums.failures ? 0 : 1;
}

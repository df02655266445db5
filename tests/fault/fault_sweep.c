/* Lets the n-th call of one kind fail, for every n over a scripted run of discd, and looks
 * at what became of it:
 *
 *     fault_sweep --discd D --shim LIB --dir DIR --family F --error E
 *                 [--phase start|serve] [--tries N] [--from] [--at N]
 *                 [--memory] [--forget]
 *
 * start: calls from the program's beginning until it is ready, on a folder with stored
 * instances; serve: calls from then on until the end. --tries: spread so many over the
 * range [all]; --from: the n-th and all later ones fail until the run is over; --at: only
 * this one; --memory: without data_dir, so nothing is asked after the run; --forget: the data
 * are removed before the restart, to show that it would be noticed. The folder must be
 * empty. What must hold each time:
 *
 *  - it refuses to start with words and exit status 71 or 78, or it serves;
 *  - no signal ends it, and SIGTERM ends it with status 0 (a leak would be another one
 *    under the address sanitizer);
 *  - when the failing is over it takes registrations again;
 *  - started again without the shim it has all that was acknowledged, and nothing
 *    that was acknowledged as gone. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "fault/play.h"

enum { EXIT_RESOURCE = 71, EXIT_CONFIG = 78 };

/* How a try ends that is a process of its own, so that one that fails is not the last. */
enum outcome {
    OUTCOME_FINE,
    OUTCOME_FAILED,
    OUTCOME_NOT_REACHED,
    OUTCOME_REFUSED,
    OUTCOME_ABORTED
};

struct sweep {
    struct drive drive;
    struct model stored; /* of the folder "template": what a start finds */
    enum fault_family family;
    const char *error_name;
    int error;
    bool start_phase, from, memory, forget;
    unsigned long tries, at;
    unsigned long calls, tried, reached, refused, aborted, failed;
    char what[100]; /* about the try at hand */
};

static void shell(const struct sweep *s, const char *format)
{
    char command[4 * DRIVE_PATH];
    snprintf(command, sizeof command, format, s->drive.dir, s->drive.dir, s->drive.dir,
             s->drive.dir);
    if (system(command))
        die("%s failed", command);
}

static void copy_model(struct model *to, const struct model *from)
{
    model_init(to, from->count, from->services);
    memcpy(to->instances, from->instances, from->count * sizeof *to->instances);
}

static void must_end_well(struct sweep *s, const char *when)
{
    drive_end(&s->drive, SIGTERM);
    if (!drive_ended_well(&s->drive))
        die("%s: %s, it ended with %s", s->what, when, drive_status_text(&s->drive));
}

static void must_be_all_there(struct sweep *s, struct model *m, const char *when)
{
    struct model_verdict verdict;
    model_check(m, &s->drive, &verdict);
    if (verdict.lost || verdict.resurrected)
        die("%s: %s, %u lost and %u back; %s", s->what, when, verdict.lost, verdict.resurrected,
            verdict.first);
}

static void check_restart(struct sweep *s, struct model *m)
{
    if (s->memory)
        return;
    if (s->forget)
        shell(s, "rm -rf '%s/data'");
    if (!drive_start(&s->drive, false))
        die("%s: afterwards it does not start, without the shim: %s", s->what,
            drive_status_text(&s->drive));
    must_be_all_there(s, m, "after a restart");
    must_end_well(s, "after the restart");
}

/* ---- one try --------------------------------------------------------------------------- */

static void arm(struct sweep *s, unsigned long n)
{
    struct fault_page *page = s->drive.page;
    fault_reset(page);
    if (n)
        fault_set(page, s->family, FAULT_FAIL, s->error, n, s->from ? UINT64_MAX : n);
    atomic_store(&page->armed, true);
}

static unsigned long calls(const struct sweep *s)
{
    return (unsigned long)atomic_load(&s->drive.page->calls[s->family]);
}

/* n = 0: nothing fails, the calls are counted. */
static void try_serving(struct sweep *s, unsigned long n)
{
    struct model m;
    model_init(&m, PLAY_INSTANCES, PLAY_SERVICES);
    shell(s, "rm -rf '%s/data'");
    fault_reset(s->drive.page);
    if (!drive_start(&s->drive, true))
        die("it does not start, with nothing failing: %s", drive_status_text(&s->drive));
    arm(s, n);
    s->drive.patient = n == 0;
    unsigned good = play(&s->drive, &m);
    s->drive.patient = false;
    if (n == 0 && good < PLAY_INSTANCES)
        die("only %u changes were acknowledged, with nothing failing", good);
    if (s->from)
        fault_set(s->drive.page, s->family, FAULT_NONE, 0, 0, 0);
    play_recovered(&s->drive, &m, s->what);
    must_end_well(s, "stopped");
    check_restart(s, &m);
    model_deinit(&m);
}

/* Libraries that know no other answer to a lack of memory or threads abort; that is
 * allowed as long as nobody is served yet, and with words. */
static enum outcome must_be_a_refusal(struct sweep *s)
{
    int status = s->drive.status;
    bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    bool refused = WIFEXITED(status) &&
                   (WEXITSTATUS(status) == EXIT_RESOURCE || WEXITSTATUS(status) == EXIT_CONFIG);
    if (!refused && !aborted)
        die("%s: the start failed with %s", s->what, drive_status_text(&s->drive));
    if (!strpbrk(drive_log(&s->drive), "abcdefghijklmnopqrstuvwxyz"))
        die("%s: it refuses to start without a word", s->what);
    return aborted ? OUTCOME_ABORTED : OUTCOME_REFUSED;
}

static enum outcome try_starting(struct sweep *s, unsigned long n)
{
    enum outcome outcome = OUTCOME_FINE;
    struct model m;
    copy_model(&m, &s->stored);
    shell(s, "rm -rf '%s/data'; test ! -e '%s/template' || cp -a --sparse=always '%s/template' "
             "'%s/data'");
    arm(s, n);
    bool ready = drive_start(&s->drive, true);
    s->calls = calls(s);
    if (!ready && n == 0)
        die("it does not start, with nothing failing: %s", drive_status_text(&s->drive));
    if (ready) {
        fault_set(s->drive.page, s->family, FAULT_NONE, 0, 0, 0);
        if (!s->memory)
            must_be_all_there(s, &m, "started");
        play_recovered(&s->drive, &m, s->what);
        must_end_well(s, "stopped");
    } else {
        outcome = must_be_a_refusal(s);
    }
    check_restart(s, &m);
    model_deinit(&m);
    return outcome;
}

static void make_template(struct sweep *s)
{
    model_init(&s->stored, PLAY_INSTANCES, PLAY_SERVICES);
    fault_reset(s->drive.page);
    if (!drive_start(&s->drive, false))
        die("it does not start: %s", drive_status_text(&s->drive));
    s->drive.patient = true;
    play(&s->drive, &s->stored);
    s->drive.patient = false;
    must_end_well(s, "with nothing failing");
    if (!s->memory)
        shell(s, "mv '%s/data' '%s/template'");
}

/* ---- all of them -------------------------------------------------------------------------- */

static enum outcome try_one(struct sweep *s, unsigned long n)
{
    enum outcome outcome = OUTCOME_FINE;
    snprintf(s->what, sizeof s->what, "%s: %s %s %lu%s", s->start_phase ? "start" : "serve",
             fault_family_name(s->family), s->error_name, n, s->from ? " and later" : "");
    if (s->start_phase)
        outcome = try_starting(s, n);
    else
        try_serving(s, n);
    bool reached = atomic_load(&s->drive.page->injected[s->family]) > 0;
    return outcome == OUTCOME_FINE && !reached ? OUTCOME_NOT_REACHED : outcome;
}

static void try_apart(struct sweep *s, unsigned long n)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        exit((int)try_one(s, n));
    if (child < 0 || waitpid(child, &status, 0) != child)
        die("fork: a try cannot be made");
    enum outcome outcome = WIFEXITED(status) ? (enum outcome)WEXITSTATUS(status) : OUTCOME_FAILED;
    s->tried++;
    s->reached += outcome != OUTCOME_NOT_REACHED;
    s->refused += outcome == OUTCOME_REFUSED;
    s->aborted += outcome == OUTCOME_ABORTED;
    s->failed += outcome == OUTCOME_FAILED;
}

static void sweep(struct sweep *s)
{
    if (s->start_phase)
        make_template(s);
    try_one(s, 0);
    if (!s->start_phase)
        s->calls = calls(s);
    unsigned long step = s->tries && s->calls > s->tries ? (s->calls + s->tries - 1) / s->tries : 1;
    if (s->at)
        try_apart(s, s->at);
    else
        for (unsigned long n = 1; n <= s->calls; n += step)
            try_apart(s, n);
    printf("%s %-8s %-12s %6lu calls: %5lu tried%s, %lu reached, %lu refused to start, "
           "%lu aborted before ready: %lu wrong\n",
           s->start_phase ? "start" : "serve", fault_family_name(s->family), s->error_name,
           s->calls, s->tried, s->from ? " with all later" : "", s->reached, s->refused, s->aborted,
           s->failed);
}

static _Noreturn void usage(void)
{
    fputs("usage: fault_sweep --discd D --shim LIB --dir DIR --family F --error E\n"
          "                   [--phase start|serve] [--tries N] [--from] [--at N] [--memory] "
          "[--forget]\n",
          stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"discd", 1, NULL, 'd'},  {"shim", 1, NULL, 's'},   {"dir", 1, NULL, 'w'},
        {"family", 1, NULL, 'f'}, {"error", 1, NULL, 'e'},  {"phase", 1, NULL, 'p'},
        {"tries", 1, NULL, 't'},  {"from", 0, NULL, 'l'},   {"at", 1, NULL, 'a'},
        {"memory", 0, NULL, 'm'}, {"forget", 0, NULL, 'g'}, {NULL, 0, NULL, 0}};
    static struct sweep s;
    const char *discd = NULL, *shim = NULL, *dir = NULL;
    s.family = FAULT_FAMILIES;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'd': discd = optarg; break;
        case 's': shim = optarg; break;
        case 'w': dir = optarg; break;
        case 'f': s.family = fault_family_of(optarg); break;
        case 'e': s.error = fault_error_of(s.error_name = optarg); break;
        case 'p': s.start_phase = strcmp(optarg, "start") == 0; break;
        case 't': s.tries = strtoul(optarg, NULL, 10); break;
        case 'l': s.from = true; break;
        case 'a': s.at = strtoul(optarg, NULL, 10); break;
        case 'g': s.forget = true; break;
        case 'm': s.memory = true; break;
        default: usage();
        }
    }
    if (!discd || !shim || !dir || s.family == FAULT_FAMILIES || !s.error || optind < argc)
        usage();
    drive_init(&s.drive, discd, shim, dir, "");
    if (s.memory)
        drive_configure(&s.drive, "", 0, "");
    drive_at_exit(&s.drive);
    sweep(&s);
    drive_deinit(&s.drive);
    model_deinit(&s.stored);
    return s.failed ? 1 : 0;
}

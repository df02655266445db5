/* discbench: load against a running discd, and what it costs. Registers its instances (services
 * bench-N), runs one mode, prints counts, latencies and the server's processor time, and takes the
 * instances away again. Only against loopback, unless told otherwise. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "modes.h"
#include "question.h"
#include "report.h"
#include "watch.h"

/* What went wrong in what was measured, in words. True: something did. */
static bool say_faults(const struct options *o, const struct results *r)
{
    const struct visible_counts *v = &r->visible;
    const struct {
        bool is;
        const char *what;
    } faults[] = {
        {!r->ready && !r->stopped, "not all instances could be registered"},
        {r->run.lost, "some requests had no answer within a second"},
        {r->run.unsent,
         "not all that was due could be sent: the server, or this program, was too slow"},
        {v->withdrawn || v->untrue, "DNS answers showed what was not true"},
        {v->never, "not all changes were shown within a second"},
        {o->mode == &mode_query && r->run.errors && !r->run.ok,
         "nothing of what was asked for is there: discbench reg --keep registers it"},
    };
    bool any = r->setup.errors || r->run.errors;
    for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (!faults[i].is)
            continue;
        fprintf(stderr, "discbench: %s\n", faults[i].what);
        any = true;
    }
    return any;
}

/* True: instances stayed that should not have. */
static bool say_left(const struct options *o, const struct results *r)
{
    if (r->left && (!o->keep || r->stopped))
        fprintf(stderr,
                "discbench: %" PRIu32 " instances stay registered until their lease of %" PRIu32
                " s ends\n",
                r->left, o->lease_s);
    return r->left && !o->keep;
}

static int code_of(const struct options *o, const struct results *r)
{
    const struct tally *setup = &r->setup, *run = &r->run;
    bool answered = setup->ok + setup->errors + run->ok + run->errors + r->asked.ok > 0;
    if (!answered && !r->stopped) {
        fprintf(stderr, "discbench: no answer from %s: does discd run there?\n",
                o->mode->heeds & HEEDS_REG ? o->server : o->dns);
        return EXIT_NO_ANSWER;
    }
    bool faulty = say_faults(o, r);
    faulty = say_left(o, r) || faulty;
    if (r->stopped)
        return EXIT_SIGNAL + r->stopped;
    return faulty ? EXIT_REFUSED : EXIT_DONE;
}

static int run(const struct options *o, struct results *r)
{
    if (o->server_pid && !usage_take((int)o->server_pid, &r->server)) {
        fprintf(stderr, "discbench: --server-pid: there is no process %u here\n", o->server_pid);
        return EXIT_USAGE;
    }
    if (!o->mode->run(o, r))
        return EXIT_USAGE;
    report_print(o, r);
    return code_of(o, r);
}

int main(int argc, char **argv)
{
    struct options o = {
        .mode = &mode_ren,
        .server = "127.0.0.1:5310",
        .dns = "127.0.0.1:5300",
        .zone = "disc.local",
        .prefix = "bench",
        .instances = 10000,
        .lease_s = 300,
        .batch = ITEMS_MAX,
        .type = TYPE_SRV,
        .edns = 1232,
        .duration_s = -1,
        .rate = -1,
    };
    interrupt_hold();
    if (argc > 1 && strcmp(argv[1], "watch") == 0)
        return watch_main(argc - 1, argv + 1);
    int code = options_read(&o, argc, argv);
    if (code >= 0)
        return code;
    struct results *results = calloc(1, sizeof(*results));
    if (results)
        code = run(&o, results);
    else
        fprintf(stderr, "discbench: out of memory\n");
    free(results);
    explicit_bzero(o.secret, sizeof(o.secret));
    return code < 0 ? EXIT_REFUSED : code;
}

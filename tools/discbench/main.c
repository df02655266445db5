/* discbench: load against a running discd, and what it costs. Registers its instances (services
 * bench-N), runs one mode, prints counts, latencies and the server's processor time, and takes the
 * instances away again. Only against loopback, unless told otherwise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modes.h"
#include "question.h"
#include "report.h"
#include "watch.h"

static int code_of(const struct options *o, const struct results *r)
{
    const struct tally *setup = &r->setup, *run = &r->run;
    if (setup->ok + setup->errors + run->ok + run->errors == 0) {
        fprintf(stderr, "discbench: no answer from %s: does discd run there?\n",
                o->mode->heeds & HEEDS_REG ? o->server : o->dns);
        return EXIT_NO_ANSWER;
    }
    if (!r->ready)
        fprintf(stderr, "discbench: not all instances could be registered\n");
    if (r->visible.withdrawn || r->visible.untrue)
        fprintf(stderr, "discbench: DNS answers showed what was not true\n");
    if (r->visible.never)
        fprintf(stderr, "discbench: not all changes were shown within a second\n");
    return !r->ready || setup->errors || run->errors || r->visible.withdrawn || r->visible.untrue ||
                   r->visible.never
               ? EXIT_REFUSED
               : EXIT_DONE;
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

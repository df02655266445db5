/* Carries out text scenarios: registrations, time, questions, expectations, over the same
 * registry, protocol and DNS code that discd runs, with a manual clock and fixed seeds.
 *
 *   run_scenario FILE.scn...
 *
 * A line is a step; '#' begins a comment line. $name is replaced by a variable; each
 * key=value of the last reply sets $key.
 *
 *   config KIND ...                 see setup.c; before the first other step, or later
 *   config clear KIND               together with `reload`
 *   zone-file NAME / ... / end      for `config zone ... file=NAME`
 *   reload | restart                SIGHUP | a new process with an empty registry
 *   from ADDRESS[:PORT]             who sends from here on
 *   send TEXT                       a datagram; LF is added, \n is one inside
 *   send-signed KEY[/next] TEXT     the same with mac=; the reply's MAC is checked, cut off
 *   push                            the next datagram that a subscriber of the last `from` is
 *                                   due; `expect-reply` asks for it
 *   expect-reply PATTERN | none     '*' is any text
 *   keep NAME KEY                   $NAME becomes what $KEY is
 *   pass DURATION | stall DURATION  in turns | the process was held up, one turn
 *   override NS SVC INST drain|weight N|status S|lift [unknown]
 *   query NAME TYPE [tcp] [noedns] [bufsize N] [from A]
 *   expect rcode R | flag F | noflag F | ttl N | negative_ttl N | minimum N | ede N
 *   expect none | nodata | nxdomain | count SECTION N[-M]
 *   expect SECTION NAME TYPE RDATA  once a record of a section is named, all must be
 *   shares N NAME TYPE ...          asks N times; then
 *   expect share LOW% HIGH% RDATA   how often this record came first
 *   serial ZONE note|same|grew|N    the SOA's, against the one before
 *   totals KEY N ... | outcome NAME N
 *   repeat N / ... / end            $i counts from 1
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "scenario/run.h"

static void ensure_started(struct run *r)
{
    if (!r->started)
        world_start(&r->world);
    r->started = true;
}

static void config(struct run *r, const struct words *w, const char *line)
{
    if (w->count == 3 && strcmp(w->word[1], "clear") == 0)
        setup_clear(&r->world.setup, w->word[2]);
    else
        setup_add(&r->world.setup, script_rest(line, 1));
}

static void restart(struct run *r)
{
    world_stop(&r->world);
    world_start(&r->world);
}

/* Steps that speak to the server. False: no such command. */
static bool talk(struct run *r, const struct words *w, const char *line)
{
    const char *command = w->word[0];
    if (strcmp(command, "send") == 0)
        run_send(r, script_rest(line, 1));
    else if (strcmp(command, "send-signed") == 0 && w->count > 2)
        run_send_signed(r, w->word[1], script_rest(line, 2));
    else if (strcmp(command, "expect-reply") == 0)
        run_expect_reply(r, script_rest(line, 1));
    else if (strcmp(command, "expect") == 0)
        run_expect(r, w, line);
    else if (strcmp(command, "pass") == 0 && w->count == 2)
        world_pass(&r->world, script_duration(&r->script, w->word[1]));
    else if (strcmp(command, "stall") == 0 && w->count == 2)
        world_stall(&r->world, script_duration(&r->script, w->word[1]));
    else if (strcmp(command, "push") == 0)
        run_push(r);
    else if (strcmp(command, "reload") == 0)
        world_reload(&r->world);
    else if (strcmp(command, "restart") == 0)
        restart(r);
    else
        return false;
    return true;
}

static void step(struct run *r, const char *line)
{
    static const struct {
        const char *name;
        void (*run)(struct run *r, const struct words *w);
    } commands[] = {{"from", run_from},         {"keep", run_keep},      {"query", run_query},
                    {"shares", run_shares},     {"serial", run_serial},  {"totals", run_totals},
                    {"override", run_override}, {"outcome", run_outcome}};
    char expanded[LINE_MAX_BYTES];
    struct words w;
    script_expand(&r->script, line, expanded);
    script_words(&r->script, expanded, &w);
    if (strcmp(w.word[0], "config") == 0) {
        config(r, &w, expanded);
        return;
    }
    if (strcmp(w.word[0], "zone-file") == 0 && w.count == 2) {
        setup_zone_file(&r->world.setup, w.word[1]);
        return;
    }
    ensure_started(r);
    if (strcmp(w.word[0], "expect") != 0)
        run_close_answer(r);
    for (unsigned i = 0; i < ARRAY_COUNT(commands); i++) {
        if (strcmp(w.word[0], commands[i].name) == 0) {
            commands[i].run(r, &w);
            return;
        }
    }
    if (!talk(r, &w, expanded))
        script_fail(&r->script, "no command of this form");
}

static bool is_empty(const char *line)
{
    return line[0] == '\0' || line[0] == '#';
}

static void repeat(struct run *r)
{
    struct script *s = &r->script;
    unsigned first = s->at + 1, end = first;
    uint64_t times = script_number(s, script_rest(s->lines[s->at], 1), 100000);
    while (end < s->count && strcmp(s->lines[end], "end") != 0)
        end++;
    if (end == s->count)
        script_fail(s, "repeat has no end");
    for (uint64_t i = 1; i <= times; i++) {
        char number[24];
        int n = snprintf(number, sizeof(number), "%llu", (unsigned long long)i);
        script_set(s, "i", number, (size_t)n);
        for (s->at = first; s->at < end; s->at++)
            if (!is_empty(s->lines[s->at]))
                step(r, s->lines[s->at]);
    }
    s->at = end;
}

static void finish(struct run *r)
{
    if (r->started) {
        run_close_answer(r);
        world_stop(&r->world);
    }
    for (unsigned i = 0; i < r->share_count; i++)
        free(r->shares[i].rdata);
    for (unsigned i = 0; i < ARRAY_COUNT(r->serials); i++)
        free(r->serials[i].value);
    setup_free(&r->world.setup);
    script_free(&r->script);
}

static void run_file(const char *path)
{
    static struct run r;
    memset(&r, 0, sizeof(r));
    script_read(&r.script, path);
    r.world.setup.script = &r.script;
    r.world.setup.wall_start_ms = WORLD_WALL_START;
    r.from = (struct endpoint){.port = 40000, .addr = {FAMILY_V4, {127, 0, 0, 1}}};
    for (r.script.at = 0; r.script.at < r.script.count; r.script.at++) {
        const char *line = r.script.lines[r.script.at];
        if (strncmp(line, "repeat ", 7) == 0)
            repeat(&r);
        else if (!is_empty(line))
            step(&r, line);
    }
    if (!r.started)
        script_fail(&r.script, "the scenario does nothing");
    finish(&r);
}

int main(int argc, char **argv)
{
    log_init(LOG_LEVEL_ERROR, NULL);
    if (argc < 2) {
        fprintf(stderr, "usage: run_scenario FILE.scn...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++)
        run_file(argv[i]);
    return 0;
}

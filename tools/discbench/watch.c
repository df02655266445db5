#include "watch.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "crowd.h"
#include "value.h"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_NO_ANSWER = 3, EXIT_SIGNAL = 128 };

static void help(FILE *out)
{
    fputs("Usage: discbench watch [OPTIONS]\n\n"
          "Subscribes to services bench-watch-N, registers instances of them at a rate, and\n"
          "prints how long each took to reach every subscriber.\n\n"
          "  --server HOST:PORT  registration server [127.0.0.1:5310]\n"
          "  --subscribers N     each with a socket of its own [1000]\n"
          "  --services M        over which they are spread [1]\n"
          "  --rate R            registrations per second, of all services together; the\n"
          "                      server pushes a service's changes once in 100 ms [5]\n"
          "  --duration SECONDS  of the registrations, up to 120 [10]\n"
          "  --remote            allow a server that is not on loopback\n"
          "  --json              print JSON\n"
          "  --help\n\n"
          "Ctrl-C ends it; what was registered is taken away.\n\n"
          "Exit status: 0 done, 1 a change was lost or refused, 2 usage, 3 no answer,\n"
          "128 + N stopped by signal N.\n",
          out);
}

static bool take(struct crowd_config *c, bool *json, int letter, const char *value)
{
    switch (letter) {
    case 's': c->server = value; return true;
    case 'n': return value_count("subscribers", value, CROWD_SUBSCRIBERS_MAX, &c->subscribers);
    case 'M': return value_count("services", value, CROWD_SERVICES_MAX, &c->services);
    case 'r': return value_number("rate", value, 0.1, 10000, &c->rate);
    case 'd': return value_number("duration", value, 0.1, 120, &c->seconds);
    case 'R': return c->remote = true;
    case 'j': return *json = true;
    default: return false; /* getopt said so */
    }
}

/* -1: go on; else exit with this. */
static int read_options(struct crowd_config *c, bool *json, int argc, char **argv)
{
    static const struct option names[] = {
        {"server", 1, NULL, 's'}, {"subscribers", 1, NULL, 'n'}, {"services", 1, NULL, 'M'},
        {"rate", 1, NULL, 'r'},   {"duration", 1, NULL, 'd'},    {"remote", 0, NULL, 'R'},
        {"json", 0, NULL, 'j'},   {"help", 0, NULL, 'h'},        {NULL, 0, NULL, 0},
    };
    for (int letter; (letter = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        if (letter == 'h') {
            help(stdout);
            return EXIT_DONE;
        }
        if (!take(c, json, letter, optarg))
            return EXIT_USAGE;
    }
    if (optind < argc)
        fprintf(stderr, "discbench: '%s' is one word too many\n", argv[optind]);
    else if (c->rate * c->seconds > CROWD_CHANGES_MAX)
        fprintf(stderr, "discbench: at most %d registrations\n", CROWD_CHANGES_MAX);
    else
        return -1;
    return EXIT_USAGE;
}

/* ---- results -------------------------------------------------------------------------------- */

static const double shares[] = {0.5, 0.9, 0.99};
static const char *const share_names[] = {"p50_us", "p90_us", "p99_us"};
enum { SHARES = sizeof(shares) / sizeof(shares[0]) };

static json_t *histogram_json(const struct histogram *h)
{
    json_t *o = json_pack("{s:I}", "count", (json_int_t)h->total);
    for (unsigned i = 0; i < SHARES; i++)
        json_object_set_new(o, share_names[i], json_real((double)histogram_at(h, shares[i]) / 1e3));
    json_object_set_new(o, "max_us", json_real((double)h->max / 1e3));
    return o;
}

static void print_json(const struct crowd_config *c, const struct crowd_result *r)
{
    json_t *o =
        json_pack("{s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:I, s:I}", "subscribers",
                  (json_int_t)c->subscribers, "services", (json_int_t)c->services, "subscribed",
                  (json_int_t)r->subscribed, "subscribed_ms", (double)r->subscribed_ns / 1e6,
                  "changes", (json_int_t)r->changes, "refused", (json_int_t)r->refused, "expected",
                  (json_int_t)r->expected, "seen", (json_int_t)r->seen, "pushes",
                  (json_int_t)r->pushes, "repeated", (json_int_t)r->repeated);
    json_object_set_new(o, "push", histogram_json(&r->push));
    json_object_set_new(o, "last", histogram_json(&r->last));
    json_object_set_new(o, "reply", histogram_json(&r->reply));
    json_object_set_new(o, "visible", histogram_json(&r->visible));
    json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(o);
}

static void print_line(const char *title, const struct histogram *h)
{
    printf("       %-28s us:", title);
    for (unsigned i = 0; i < SHARES; i++)
        printf(" p%g %.0f", shares[i] * 100, (double)histogram_at(h, shares[i]) / 1e3);
    printf(" max %.0f\n", (double)h->max / 1e3);
}

static void print_text(const struct crowd_config *c, const struct crowd_result *r)
{
    printf("watch  %u subscribers of %u services, all with their list after %.1f ms\n",
           r->subscribed, c->services, (double)r->subscribed_ns / 1e6);
    printf("       %u registrations, %u refused; %llu of %llu arrivals, %llu lost; %llu pushes, "
           "%llu repeated\n",
           r->changes, r->refused, (unsigned long long)r->seen, (unsigned long long)r->expected,
           (unsigned long long)(r->expected - r->seen), (unsigned long long)r->pushes,
           (unsigned long long)r->repeated);
    print_line("register -> push", &r->push);
    print_line("register -> last subscriber", &r->last);
    print_line("register -> reply", &r->reply);
    print_line("register -> shown by libdisc", &r->visible);
}

int watch_main(int argc, char **argv)
{
    struct crowd_config config = {
        .server = "127.0.0.1:5310", .subscribers = 1000, .services = 1, .rate = 5, .seconds = 10};
    bool json = false;
    int code = read_options(&config, &json, argc, argv);
    if (code >= 0)
        return code;
    struct crowd_result *r = malloc(sizeof(*r));
    code = EXIT_NO_ANSWER;
    if (r && crowd_run(&config, r)) {
        if (json)
            print_json(&config, r);
        else
            print_text(&config, r);
        bool complete = r->subscribed == config.subscribers && r->seen == r->expected;
        code = r->stopped                ? EXIT_SIGNAL + r->stopped
               : complete && !r->refused ? EXIT_DONE
                                         : EXIT_REFUSED;
    }
    free(r);
    return code;
}

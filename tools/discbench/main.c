/* discbench: registration and heartbeat load against a running discd. Registers its
 * instances (services bench-N), runs one mode, prints counts and latencies, and takes
 * the instances away again. Only against loopback, unless told otherwise. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "place.h"
#include "value.h"
#include "watch.h"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_NO_ANSWER = 3 };

struct options {
    const char *server;
    struct load_config load;
    double duration_s; /* < 0 = not given */
    bool remote, keep, json;
};

static void help(FILE *out)
{
    fprintf(out,
            "Usage: discbench [OPTIONS]\n"
            "       discbench watch [OPTIONS]    (subscriptions; see discbench watch --help)\n\n"
            "  --server HOST:PORT  registration server [127.0.0.1:5310]\n"
            "  --mode MODE         reg    register (each once, or for --duration)\n"
            "                      ren    renew one instance per datagram (default)\n"
            "                      batch  renew as many as fit in one datagram\n"
            "                      group  renew lease groups of %d\n"
            "                      churn  deregister and register in turn\n"
            "                      mixed  nine renewals in ten; updates, churn\n"
            "  --instances N       [10000]\n"
            "  --services M        over which they are spread [100]\n"
            "  --duration SECONDS  of the measured part [5]\n"
            "  --rate R            requests per second; 0 = as fast as it goes [0]\n"
            "  --window W          requests without an answer yet [64]\n"
            "  --lease SECONDS     [300]\n"
            "  --keep              leave the instances registered\n"
            "  --remote            allow a server that is not on loopback\n"
            "  --json              print JSON\n"
            "  --help, --version\n\n"
            "Exit status: 0 done, 1 the server refused something, 2 usage, 3 no answer.\n",
            GROUP_SIZE);
}

/* ---- options -------------------------------------------------------------------- */

static bool read_mode(const char *text, enum mode *out)
{
    for (unsigned i = 0; i < MODES; i++) {
        if (strcmp(text, mode_text((enum mode)i)) == 0) {
            *out = (enum mode)i;
            return true;
        }
    }
    fprintf(stderr, "discbench: --mode wants reg, ren, batch, group, churn or mixed, not '%s'\n",
            text);
    return false;
}

static bool take(struct options *o, int letter, const char *value)
{
    switch (letter) {
    case 's': o->server = value; return true;
    case 'm': return read_mode(value, &o->load.mode);
    case 'n': return value_count("instances", value, INSTANCES_MAX, &o->load.instances);
    case 'M': return value_count("services", value, INSTANCES_MAX, &o->load.services);
    case 'w': return value_count("window", value, WINDOW_MAX, &o->load.window);
    case 'l': return value_count("lease", value, 86400, &o->load.lease_s);
    case 'd': return value_number("duration", value, 0.1, 86400, &o->duration_s);
    case 'r': return value_number("rate", value, 0, 1e8, &o->load.rate);
    case 'k': return o->keep = true;
    case 'R': return o->remote = true;
    case 'j': return o->json = true;
    default: return false; /* getopt said so */
    }
}

/* -1: go on; else exit with this. */
static int read_options(struct options *o, int argc, char **argv)
{
    static const struct option names[] = {
        {"server", 1, NULL, 's'},   {"mode", 1, NULL, 'm'},   {"instances", 1, NULL, 'n'},
        {"services", 1, NULL, 'M'}, {"window", 1, NULL, 'w'}, {"lease", 1, NULL, 'l'},
        {"duration", 1, NULL, 'd'}, {"rate", 1, NULL, 'r'},   {"keep", 0, NULL, 'k'},
        {"remote", 0, NULL, 'R'},   {"json", 0, NULL, 'j'},   {"help", 0, NULL, 'h'},
        {"version", 0, NULL, 'V'},  {NULL, 0, NULL, 0},
    };
    for (int letter; (letter = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        if (letter == 'h') {
            help(stdout);
            return EXIT_DONE;
        }
        if (letter == 'V') {
            printf("discbench %s\n", DISC_VERSION);
            return EXIT_DONE;
        }
        if (!take(o, letter, optarg))
            return EXIT_USAGE;
    }
    if (optind == argc)
        return -1;
    fprintf(stderr, "discbench: '%s' is one word too many\n", argv[optind]);
    return EXIT_USAGE;
}

/* ---- results ---------------------------------------------------------------------- */

static const double shares[] = {0.5, 0.9, 0.99, 0.999};
static const char *const share_names[] = {"p50_us", "p90_us", "p99_us", "p999_us"};
enum { SHARES = sizeof(shares) / sizeof(shares[0]) };

static json_t *tally_json(const struct tally *t)
{
    double seconds = (double)t->elapsed_ns / 1e9;
    json_t *o =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "sent", (json_int_t)t->sent, "ok",
                  (json_int_t)t->ok, "errors", (json_int_t)t->errors, "lost", (json_int_t)t->lost,
                  "challenges", (json_int_t)t->challenges, "renewed", (json_int_t)t->renewed,
                  "seconds", seconds, "ok_per_s", seconds > 0 ? (double)t->ok / seconds : 0.0);
    for (unsigned i = 0; i < SHARES; i++) {
        double us = (double)histogram_at(&t->latency, shares[i]) / 1000;
        json_object_set_new(o, share_names[i], json_real(us));
    }
    json_object_set_new(o, "max_us", json_real((double)t->latency.max / 1000));
    json_t *codes = json_object();
    for (unsigned i = 0; i < CODES; i++) {
        char code[8];
        snprintf(code, sizeof(code), "%u", i);
        if (t->codes[i])
            json_object_set_new(codes, code, json_integer((json_int_t)t->codes[i]));
    }
    json_object_set_new(o, "codes", codes);
    return o;
}

static void print_tally(const char *title, const struct tally *t)
{
    double seconds = (double)t->elapsed_ns / 1e9;
    printf("%-6s %llu sent in %.2f s: %llu ok (%.0f/s), %llu errors, %llu lost", title,
           (unsigned long long)t->sent, seconds, (unsigned long long)t->ok,
           seconds > 0 ? (double)t->ok / seconds : 0.0, (unsigned long long)t->errors,
           (unsigned long long)t->lost);
    if (t->renewed && seconds > 0)
        printf(", %.0f instances renewed/s", (double)t->renewed / seconds);
    printf("\n       latency us:");
    for (unsigned i = 0; i < SHARES; i++)
        printf(" p%g %.1f", shares[i] * 100, (double)histogram_at(&t->latency, shares[i]) / 1000);
    printf(" max %.1f\n", (double)t->latency.max / 1000);
    for (unsigned i = 0; i < CODES; i++) {
        if (t->codes[i])
            printf("       error %u: %llu\n", i, (unsigned long long)t->codes[i]);
    }
}

/* ---- run ------------------------------------------------------------------------- */

struct results {
    struct tally setup, run, clean;
};

static int code_of(const struct options *o, const struct results *r, bool ready)
{
    if (r->setup.ok + r->setup.errors + r->run.ok + r->run.errors == 0) {
        fprintf(stderr, "discbench: no answer from %s: does discd run there?\n", o->server);
        return EXIT_NO_ANSWER;
    }
    if (!ready)
        fprintf(stderr, "discbench: not all instances could be registered\n");
    return !ready || r->setup.errors || r->run.errors ? EXIT_REFUSED : EXIT_DONE;
}

static void print(const struct options *o, const struct results *r)
{
    if (o->json) {
        json_t *all =
            json_pack("{s:s, s:I, s:I, s:o, s:o}", "mode", mode_text(o->load.mode), "instances",
                      (json_int_t)o->load.instances, "services", (json_int_t)o->load.services,
                      "setup", tally_json(&r->setup), "run", tally_json(&r->run));
        json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        putchar('\n');
        json_decref(all);
        return;
    }
    if (r->setup.sent)
        print_tally("setup", &r->setup);
    print_tally(mode_text(o->load.mode), &r->run);
}

static int run(const struct options *o, struct load *load, struct results *r)
{
    bool reg = o->load.mode == MODE_REG, ready = reg || load_setup(load, &r->setup);
    double seconds = o->duration_s > 0 ? o->duration_s : reg ? 0 : 5;
    if (ready)
        load_run(load, seconds, &r->run);
    if (!o->keep)
        load_clean(load, &r->clean);
    print(o, r);
    return code_of(o, r, ready);
}

int main(int argc, char **argv)
{
    struct options o = {
        .server = "127.0.0.1:5310",
        .load =
            {.mode = MODE_REN, .instances = 10000, .services = 100, .window = 64, .lease_s = 300},
        .duration_s = -1,
    };
    if (argc > 1 && strcmp(argv[1], "watch") == 0)
        return watch_main(argc - 1, argv + 1);
    int code = read_options(&o, argc, argv);
    if (code >= 0)
        return code;
    o.load.own_address = o.remote;
    o.load.fd = place_open(o.server, o.remote);
    if (o.load.fd < 0)
        return EXIT_USAGE;
    struct results *results = calloc(1, sizeof(*results));
    struct load *load = load_new(&o.load);
    if (load && results)
        code = run(&o, load, results);
    else
        fprintf(stderr, "discbench: out of memory\n");
    load_free(load);
    free(results);
    close(o.load.fd);
    return code < 0 ? EXIT_REFUSED : code;
}

#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "modes.h"
#include "question.h"
#include "value.h"

enum { COUNT, NUMBER, TEXT, FLAG, WORD };

/* One line of the help, and how the value is read. */
struct known {
    const char *name, *value, *what;
    uint32_t heeds; /* only modes that heed this take it; 0 = all */
    uint8_t kind;
    size_t at; /* in struct options */
    double low, high;
    bool (*word)(struct options *o, const char *text);
};

#define AT(member) offsetof(struct options, member)

static bool word_mode(struct options *o, const char *text)
{
    o->mode = mode_named(text);
    return o->mode != NULL;
}

static bool word_of(const char *const *words, unsigned count, const char *text, unsigned *out)
{
    for (*out = 0; *out < count; (*out)++) {
        if (words[*out] && strcmp(words[*out], text) == 0)
            return true;
    }
    return false;
}

static bool word_kind(struct options *o, const char *text)
{
    static const char *const words[KINDS] = {"weight", "churn"};
    unsigned kind;
    bool known = word_of(words, KINDS, text, &kind);
    o->kind = (enum kind)kind;
    return known;
}

static bool word_ask(struct options *o, const char *text)
{
    static const char *const words[ASKS] = {NULL, "service", "instance", "missing"};
    unsigned ask;
    bool known = word_of(words, ASKS, text, &ask);
    o->ask = (enum ask)ask;
    return known;
}

static bool word_type(struct options *o, const char *text)
{
    return question_type(text, &o->type);
}

static bool word_zone(struct options *o, const char *text)
{
    o->zone = text;
    return question_is_name(text);
}

/* As a label's beginning: it stands in service names, too. */
static bool word_prefix(struct options *o, const char *text)
{
    size_t n = strlen(text);
    o->prefix = text;
    return n && n <= PREFIX_MAX && *text != '-' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static const struct known table[] = {
    {"mode", "MODE", "one of those above [ren]", 0, WORD, 0, 0, 0, word_mode},
    {"server", "HOST:PORT", "registration server [127.0.0.1:5310]", HEEDS_REG, TEXT, AT(server), 0,
     0, NULL},
    {"dns", "HOST:PORT", "DNS server [127.0.0.1:5300]", HEEDS_DNS, TEXT, AT(dns), 0, 0, NULL},
    {"zone", "NAME", "[disc.local]", HEEDS_DNS, WORD, 0, 0, 0, word_zone},
    {"prefix", "WORD", "services are called WORD-0, WORD-1, ... [bench]", 0, WORD, 0, 0, 0,
     word_prefix},
    {"instances", "N", "[10000]", 0, COUNT, AT(instances), 1, INSTANCES_MAX, NULL},
    {"services", "M", "over which they are spread [100; change: 1]", 0, COUNT, AT(services), 1,
     INSTANCES_MAX, NULL},
    {"group-size", "N", "instances of one lease group, up to all [group: 256; reg: none]",
     HEEDS_GROUP_SIZE, COUNT, AT(group_size), 1, INSTANCES_MAX, NULL},
    {"batch", "N", "instances of one datagram [as many as fit]", HEEDS_BATCH, COUNT, AT(batch), 1,
     ITEMS_MAX, NULL},
    {"kind", "KIND", "weight: updates of weights; churn: deregister and register [weight]",
     HEEDS_KIND, WORD, 0, 0, 0, word_kind},
    {"withdraw", NULL, "every second change is a deregistration", HEEDS_WITHDRAW, FLAG,
     AT(withdraw), 0, 0, NULL},
    {"ask", "NAME",
     "service, instance or missing [service; visible: instance where not all of a service fit in "
     "an answer]",
     HEEDS_DNS, WORD, 0, 0, 0, word_ask},
    {"type", "TYPE", "A, AAAA, SRV or TXT [SRV]", HEEDS_QUESTION, WORD, 0, 0, 0, word_type},
    {"edns", "SIZE", "of answers that questions allow; 0 = no EDNS [1232]", HEEDS_QUESTION, NUMBER,
     AT(edns), 0, 4096, NULL},
    {"duration", "SECONDS", "of the measured part [5; reg: until each is registered once]", 0,
     NUMBER, AT(duration_s), 0.1, 86400, NULL},
    {"rate", "R",
     "requests per second, each sent when it is due and its latency counted from then; 0 = as fast "
     "as answers come [0; visible, change: 1000]",
     0, NUMBER, AT(rate), 0, 1e8, NULL},
    {"relaxed", NULL,
     "leave the core to others between requests that have a rate; they go out up to 0.1 ms late", 0,
     FLAG, AT(relaxed), 0, 0, NULL},
    {"window", "W", "requests without an answer yet [64; with a rate 16384]", 0, COUNT, AT(window),
     1, WINDOW_MAX, NULL},
    {"lease", "SECONDS", "[300]", HEEDS_REG, COUNT, AT(lease_s), 1, 86400, NULL},
    {"key", "ID", "sign with this key, and check the replies' signatures", HEEDS_REG, TEXT,
     AT(key_id), 0, 0, NULL},
    {"secret-file", "FILE", "the key's secret, base64; mode 0600", HEEDS_REG, TEXT, AT(secret_file),
     0, 0, NULL},
    {"server-pid", "PID", "discd's, on this machine: prints its CPU time per request", 0, COUNT,
     AT(server_pid), 1, 4194304, NULL},
    {"no-setup", NULL, "all is registered already", HEEDS_REG, FLAG, AT(no_setup), 0, 0, NULL},
    {"keep", NULL, "leave the instances registered", HEEDS_REG, FLAG, AT(keep), 0, 0, NULL},
    {"remote", NULL, "allow a server that is not on loopback", 0, FLAG, AT(remote), 0, 0, NULL},
    {"json", NULL, "print JSON", 0, FLAG, AT(json), 0, 0, NULL},
};

enum { KNOWN = sizeof(table) / sizeof(table[0]) };

_Static_assert(KNOWN <= 32, "`given` has a bit for each option");

/* ---- help -------------------------------------------------------------------------------- */

enum { COLUMN = 25, WIDTH = 92 };

/* Breaks `text` into lines behind the column. */
static void print_what(FILE *out, const char *text)
{
    size_t n;
    for (; strlen(text) > WIDTH - COLUMN; text += n + 1) {
        for (n = WIDTH - COLUMN; n && text[n] != ' ';)
            n--;
        fprintf(out, "%.*s\n%*s", (int)n, text, COLUMN, "");
    }
    fprintf(out, "%s\n", text);
}

static void help(FILE *out)
{
    char left[64];
    fputs("Usage: discbench [MODE] [OPTIONS]\n"
          "       discbench watch [OPTIONS]    (subscriptions; see discbench "
          "watch --help)\n\n"
          "Registers instances with a running discd, sends requests of one mode, "
          "prints counts,\n"
          "latencies and what they cost the server, and takes the instances away "
          "again.\n\n"
          "Modes:\n",
          out);
    for (unsigned i = 0; i < MODES; i++)
        fprintf(out, "  %-*s%s\n", COLUMN - 2, modes[i]->name, modes[i]->what);
    fputs("\nOptions:\n", out);
    for (unsigned i = 0; i < KNOWN; i++) {
        const struct known *k = &table[i];
        snprintf(left, sizeof(left), "--%s %s", k->name, k->value ? k->value : "");
        fprintf(out, "  %-*s", COLUMN - 2, left);
        print_what(out, k->what);
    }
    fputs("  --help, --version\n\n"
          "Ctrl-C ends the measurement: what was found so far is printed, and the "
          "instances are\n"
          "taken away (again Ctrl-C: they stay until their lease ends).\n\n"
          "Exit status: 0 done, 1 the server refused something, an answer was lost, not "
          "all could be\n"
          "sent that was due, instances could not be taken away again, or DNS was wrong; "
          "2 usage; 3 no\n"
          "answer; 128 + N stopped by signal N.\n",
          out);
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool take(struct options *o, const struct known *k, const char *value)
{
    char *member = (char *)o + k->at;
    double number;
    switch (k->kind) {
    case FLAG: *(bool *)member = true; return true;
    case TEXT: *(const char **)member = value; return true;
    case COUNT: return value_count(k->name, value, (uint32_t)k->high, (uint32_t *)member);
    case NUMBER:
        if (!value_number(k->name, value, k->low, k->high, &number))
            return false;
        if (k->at == AT(edns))
            o->edns = (uint32_t)number;
        else
            *(double *)member = number;
        return true;
    default: break;
    }
    if (k->word(o, value))
        return true;
    fprintf(stderr, "discbench: --%s does not take '%s': %s\n", k->name, value, k->what);
    return false;
}

static bool set_mode(struct options *o, const char *name)
{
    if (word_mode(o, name))
        return true;
    fprintf(stderr, "discbench: there is no mode '%s': see discbench --help\n", name);
    return false;
}

/* Each option that is given makes sense in this mode. */
static bool all_are_heeded(const struct options *o)
{
    for (unsigned i = 0; i < KNOWN; i++) {
        if (!(o->given & 1u << i) || !table[i].heeds || table[i].heeds & o->mode->heeds)
            continue;
        fprintf(stderr, "discbench: mode %s has no use for --%s\n", o->mode->name, table[i].name);
        return false;
    }
    return true;
}

static const char *fault_of(const struct options *o)
{
    if (!o->key_id != !o->secret_file)
        return "--key and --secret-file belong together";
    if (o->key_id && strlen(o->key_id) > 32)
        return "--key: an id has at most 32 characters";
    if (o->group_size > o->instances)
        return "--group-size: there are not so many --instances";
    if (o->mode == &mode_visible && o->ask == ASK_MISSING)
        return "--ask missing: what is missing never becomes visible";
    if (o->mode == &mode_visible && o->rate <= 0)
        return "mode visible wants a --rate above 0";
    return NULL;
}

/* What was not given. */
static void complete(struct options *o)
{
    const struct mode *mode = o->mode;
    if (o->rate < 0)
        o->rate = mode->rate;
    if (!o->services)
        o->services = mode->services ? mode->services : 100;
    if (o->services > o->instances) /* else some would be empty */
        o->services = o->instances;
    if (!o->window)
        o->window = o->rate > 0 ? WINDOW_MAX : 64;
    if (!o->group_size && mode == &mode_group)
        o->group_size = o->instances < 256 ? o->instances : 256;
    if (o->ask == ASK_FITTING) /* 16 bytes each */
        o->ask =
            mode == &mode_query || o->instances / o->services <= 50 ? ASK_SERVICE : ASK_INSTANCE;
}

static bool read_words(struct options *o, int argc, char **argv)
{
    if (optind < argc && !(o->given & 1))
        if (!set_mode(o, argv[optind++]))
            return false;
    if (optind == argc)
        return true;
    fprintf(stderr, "discbench: '%s' is one word too many\n", argv[optind]);
    return false;
}

static bool check(struct options *o)
{
    const char *fault;
    if (!all_are_heeded(o))
        return false;
    complete(o);
    if ((fault = fault_of(o))) {
        fprintf(stderr, "discbench: %s\n", fault);
        return false;
    }
    return !o->secret_file ||
           secret_file_read(o->secret_file, "discbench", o->secret, &o->secret_size);
}

int options_read(struct options *o, int argc, char **argv)
{
    struct option names[KNOWN + 3] = {{"help", 0, NULL, 'h'}, {"version", 0, NULL, 'V'}};
    for (int i = 0; i < KNOWN; i++)
        names[i + 2] = (struct option){table[i].name, table[i].value != NULL, NULL, 256 + i};
    for (int letter; (letter = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        if (letter == 'h') {
            help(stdout);
            return EXIT_DONE;
        }
        if (letter == 'V') {
            printf("discbench %s\n", DISC_VERSION);
            return EXIT_DONE;
        }
        if (letter < 256 || !take(o, &table[letter - 256], optarg))
            return EXIT_USAGE;
        o->given |= 1u << (letter - 256);
    }
    return read_words(o, argc, argv) && check(o) ? -1 : EXIT_USAGE;
}

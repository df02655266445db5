#include "discctl.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, LIST, NUMBER, SECONDS, LEASE, PAIR, FLAG, WHERE, WAIT };

struct option {
    const char *name;
    enum kind kind;
    unsigned verbs;
    size_t offset; /* in struct arguments */
    double low, high;
    const char *value, *help;
};

#define AT(field) offsetof(struct arguments, field)

enum {
    REG = VERB_REGISTER | VERB_AGENT,
    NAMESPACED = VERBS_NAMING | VERB_LIST | VERB_SHOW | VERB_EVICT | VERB_WATCH | VERBS_STEERING |
                 VERB_EXPORT | VERB_OVERRIDES,
};

static const struct option options[] = {
    {"port", LIST, VERBS_NAMING, AT(ports), 0, 0, "PORT",
     "[NAME:]NUMBER[/tcp|/udp|/sctp], or - for none; may be repeated, the first is the default"},
    {"addr", LIST, VERBS_NAMING, AT(addresses), 0, 0, "ADDRESS",
     "address to register; may be repeated [found out: --subnet, $POD_IP, the route]"},
    {"subnet", TEXT, REG, AT(subnet), 0, 0, "CIDR", "register this host's address inside it"},
    {"instance", TEXT, VERBS_NAMING, AT(instance), 0, 0, "ID",
     "name of the instance [address and port]"},
    {"ns", TEXT, NAMESPACED, AT(ns), 0, 0, "NS", "namespace [default; lists: all]"},
    {"weight", NUMBER, REG, AT(weight), 0, 65535, "N", "share of the traffic [100]"},
    {"priority", NUMBER, REG, AT(priority), 0, 32767, "N", "lower ones are used first [0]"},
    {"status", TEXT, REG, AT(status), 0, 0, "S", "up, starting, draining or down [up]"},
    {"version", TEXT, REG, AT(version), 0, 0, "V", "version of the program"},
    {"zone", TEXT, REG, AT(zone), 0, 0, "ZONE", "where it runs"},
    {"region", TEXT, REG, AT(region), 0, 0, "REGION", "where that is"},
    {"cluster", TEXT, REG, AT(cluster), 0, 0, "CLUSTER", "what it belongs to"},
    {"tag", LIST, REG, AT(tags), 0, 0, "TAG", "may be repeated"},
    {"meta", PAIR, REG, AT(metadata), 0, 0, "KEY=VALUE", "metadata; may be repeated"},
    {"lease", LEASE, REG, AT(lease), 1, 86400, "SECONDS",
     "how long without renewal, or `static` [30]"},
    {"group", TEXT, VERBS_NAMING, AT(group), 0, 0, "GROUP", "lease group"},
    {"ttl", NUMBER, REG, AT(ttl), 0, 300, "SECONDS", "wish for the DNS TTL"},
    {"wait", WAIT, VERB_REGISTER, AT(wait_s), 0.1, 3600, "[SECONDS]",
     "return when the server's DNS shows it [10]"},
    {"match", TEXT, VERB_LIST, AT(match), 0, 0, "TEXT", "only services whose names have TEXT"},
    {"where", WHERE, VERB_SHOW, 0, 0, 0, "KEY:VALUE",
     "only instances with this version, zone, region, cluster, tag or metadata; up to 4 times"},
    {"status", TEXT, VERB_SHOW, AT(status), 0, 0, "S", "only those: up, starting, draining, down"},
    {"live", FLAG, VERB_SHOW, AT(live), 0, 0, NULL, "only those that are in the answers"},
    {"once", FLAG, VERB_WATCH, AT(once), 0, 0, NULL, "print what there is, and end"},
    {"force", FLAG, VERB_DRAIN | VERB_WEIGHT, AT(force), 0, 0, NULL,
     "also an instance that is not registered now: it will be so when it comes"},
    {"clear", FLAG, VERB_WEIGHT, AT(clear), 0, 0, NULL, "the weight that it says itself again"},
    {"dry-run", FLAG, VERB_IMPORT, AT(dry_run), 0, 0, NULL, "only look what would be done"},
    {"file", TEXT, VERB_AGENT, AT(file), 0, 0, "FILE", "register what its lines say"},
    {"check", TEXT, VERB_AGENT, AT(check), 0, 0, "COMMAND",
     "shell command; exit status 0 = healthy, else it is registered as down"},
    {"interval", SECONDS, VERB_AGENT, AT(interval_s), 0.1, 86400, "SECONDS",
     "from one check to the next [5]"},
    {"fall", NUMBER, VERB_AGENT, AT(fall), 1, 1000, "N", "failed checks in a row for down [3]"},
    {"rise", NUMBER, VERB_AGENT, AT(rise), 1, 1000, "N", "passed checks in a row for up [1]"},
    {"drain", SECONDS, VERB_AGENT, AT(drain_s), 0, 3600, "SECONDS",
     "be `draining` so long before deregistering [0]"},
    {"client", TEXT, VERB_EXPLAIN, AT(client), 0, 0, "IP", "as if this address had asked"},
    {"server", LIST, VERBS_NAMING, AT(servers), 0, 0, "HOST:PORT",
     "registration server; may be repeated: register at all [$DISC_SERVER, 127.0.0.1:5310]"},
    {"key", TEXT, VERBS_NAMING, AT(key_id), 0, 0, "ID", "sign with this key"},
    {"secret-file", TEXT, VERBS_NAMING, AT(secret_file), 0, 0, "FILE",
     "the key's secret, base64; mode 0600"},
    {"force", FLAG, VERB_EVICT, AT(force), 0, 0, NULL,
     "also while a guard is on; also an instance that is alive"},
    {"for", TEXT, VERB_DOCTOR, AT(peer), 0, 0, "RESOLVER",
     "print the lines for resolved, unbound, bind, dnsmasq, knot-resolver, coredns or glibc"},
    {"root", TEXT, VERB_DOCTOR, AT(root), 0, 0, "DIR", "look at the files below DIR [/]"},
    {"http", TEXT, VERBS_HTTP, AT(http), 0, 0, "URL",
     "the server's HTTP API [$DISC_HTTP, http://127.0.0.1:5380]"},
    {"token-file", TEXT, VERBS_HTTP, AT(token_file), 0, 0, "FILE", "token for the HTTP API"},
    {"ca", TEXT, VERBS_HTTP, AT(ca_file), 0, 0, "FILE",
     "whom to trust with https://, PEM [the system's certificates]"},
    {"timeout", SECONDS, VERBS_ALL, AT(timeout_s), 0.01, 3600, "SECONDS",
     "how long to wait for an answer (agent: for a check) [3; doctor: 2; writing: 10; evict: 30]"},
    {"json", FLAG, VERBS_ALL, AT(json), 0, 0, NULL, "print JSON"},
};

enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

void arguments_init(struct arguments *a)
{
    *a = (struct arguments){
        .weight = -1, .priority = -1, .ttl = -1, .lease = 0, .interval_s = 5, .fall = 3, .rise = 1};
}

void arguments_help(FILE *out, enum verb_bit verb)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        char left[40];
        if (!(options[i].verbs & (unsigned)verb))
            continue;
        snprintf(left, sizeof(left), "--%s%s%s", options[i].name, options[i].value ? " " : "",
                 options[i].value ? options[i].value : "");
        fprintf(out, "  %-22s %s\n", left, options[i].help);
    }
}

static const struct option *find_option(const char *name, size_t size, enum verb_bit verb)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strlen(options[i].name) == size && memcmp(options[i].name, name, size) == 0 &&
            (options[i].verbs & (unsigned)verb))
            return &options[i];
    }
    return NULL;
}

bool option_takes_value(const char *word)
{
    const struct option *o = find_option(word + 2, strlen(word + 2), VERBS_ALL);
    return o && o->kind != FLAG && o->kind != WAIT;
}

static bool add_to_list(struct list *list, const char *value)
{
    size_t used = strlen(list->text), n = strlen(value);
    if (used + n + 2 > sizeof(list->text))
        return false;
    if (list->count++)
        list->text[used++] = ',';
    memcpy(list->text + used, value, n + 1);
    return true;
}

/* Cuts "key=value" in place. */
static bool add_pair(struct arguments *a, char *value)
{
    char *equals = strchr(value, '=');
    if (!equals || equals == value || a->metadata_count == DISC_METADATA_MAX)
        return false;
    *equals = 0;
    a->metadata[a->metadata_count++] = (struct disc_pair){value, equals + 1};
    return true;
}

static bool add_where(struct arguments *a, const char *value)
{
    const char *colon = strchr(value, ':');
    if (!colon || colon == value || a->where_count == WHERE_MAX)
        return false;
    a->where[a->where_count++] = value;
    return true;
}

static bool read_number(const struct option *o, const char *text, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    if (errno || end == text || *end || !isfinite(*out) || *out < o->low || *out > o->high)
        return false;
    return o->kind == SECONDS || o->kind == WAIT || *out == floor(*out);
}

static bool take_value(struct arguments *a, const struct option *o, char *value)
{
    char *field = (char *)a + o->offset;
    double number;
    switch (o->kind) {
    case TEXT: *(const char **)(void *)field = value; return true;
    case LIST: return *value && add_to_list((struct list *)(void *)field, value);
    case PAIR: return add_pair(a, value);
    case FLAG: *(bool *)(void *)field = true; return true;
    case WHERE: return add_where(a, value);
    case LEASE:
        if (strcmp(value, "static") == 0) {
            *(int *)(void *)field = DISC_LEASE_STATIC;
            return true;
        }
        /* fall through */
    case NUMBER:
        if (!read_number(o, value, &number))
            return false;
        *(int *)(void *)field = (int)number;
        return true;
    case SECONDS:
    case WAIT:
        if (!read_number(o, value, &number))
            return false;
        *(double *)(void *)field = number;
        return true;
    }
    return false;
}

static void complain(const char *where, const struct option *o, const char *value)
{
    switch (o->kind) {
    case WHERE:
        fprintf(stderr, "%s: --where wants KEY:VALUE (at most %d times), not '%s'\n", where,
                WHERE_MAX, value);
        break;
    case NUMBER:
    case SECONDS:
    case WAIT:
        fprintf(stderr, "%s: --%s wants a number from %g to %g, not '%s'\n", where, o->name, o->low,
                o->high, value);
        break;
    case LEASE:
        fprintf(stderr, "%s: --lease wants seconds, or static, not '%s'\n", where, value);
        break;
    case PAIR:
        fprintf(stderr, "%s: --%s wants KEY=VALUE (at most %d times), not '%s'\n", where, o->name,
                DISC_METADATA_MAX, value);
        break;
    case TEXT:
    case LIST:
    case FLAG:
        fprintf(stderr, "%s: --%s '%s' is empty or too much\n", where, o->name, value);
        break;
    }
}

/* Of an option that does without a value: the next word, when it is a number (perhaps not one
 * that it takes). */
static char *number_behind(int count, char **words, int *at)
{
    static char otherwise[] = "10";
    char *end = NULL;
    if (*at + 1 < count)
        (void)strtod(words[*at + 1], &end);
    return end && end != words[*at + 1] && !*end ? words[++*at] : otherwise;
}

/* Takes the option in words[*at], and its value. */
static bool take_option(struct arguments *a, enum verb_bit verb, const char *where, int count,
                        char **words, int *at)
{
    char *name = words[*at] + 2;
    size_t size = strcspn(name, "=");
    const struct option *o = find_option(name, size, verb);
    if (!o) {
        fprintf(stderr, "%s: there is no option --%.*s here\n", where, (int)size, name);
        return false;
    }
    char *value = name[size] ? name + size + 1 : NULL;
    if (o->kind == WAIT && !value)
        value = number_behind(count, words, at);
    if (o->kind == FLAG ? value != NULL : !value && *at + 1 == count) {
        fprintf(stderr, "%s: --%s wants %s\n", where, o->name, o->value ? o->value : "no value");
        return false;
    }
    if (o->kind != FLAG && !value)
        value = words[++*at];
    if (take_value(a, o, value))
        return true;
    complain(where, o, value);
    return false;
}

/* The number of `weight`. */
static bool take_weight(struct arguments *a, const char *word)
{
    static const struct option number = {"weight", NUMBER, 0, 0, 0, 65535, NULL, NULL};
    double n;
    if (a->weight >= 0 || !read_number(&number, word, &n))
        return false;
    a->weight = (int)n;
    return true;
}

/* Where this word belongs; NULL = nowhere. */
static const char **positional(struct arguments *a, enum verb_bit verb)
{
    if (verb & (VERB_EVICT | VERBS_STEERING))
        return a->service ? &a->instance : &a->service;
    switch ((int)verb) {
    case VERB_EXPLAIN: return a->name ? &a->type : &a->name;
    case VERB_GUARD: return &a->mode;
    case VERB_EXPORT:
    case VERB_IMPORT: return &a->file;
    case VERB_LIST:
    case VERB_STATUS:
    case VERB_OVERRIDES:
    case VERB_RECORDS: return NULL;
    default: return &a->service;
    }
}

static bool take_positional(struct arguments *a, enum verb_bit verb, char *word)
{
    const char **field = positional(a, verb);
    if (verb == VERB_WEIGHT && a->instance)
        return take_weight(a, word);
    if (!field || *field)
        return false;
    *field = word;
    return true;
}

/* Why a word has no place: what it was meant for, as far as that can be seen. */
static void refuse_word(const struct arguments *a, enum verb_bit verb, const char *where,
                        char **words, int at)
{
    if (verb == VERB_WEIGHT && a->instance && a->weight < 0)
        fprintf(stderr, "%s: a weight is a whole number from 0 to 65535, not '%s'\n", where,
                words[at]);
    else if (at && strcmp(words[at - 1], "--wait") == 0)
        fprintf(stderr, "%s: --wait wants a number of seconds, or nothing, not '%s'\n", where,
                words[at]);
    else
        fprintf(stderr, "%s: '%s' is one word too many\n", where, words[at]);
}

static bool is_mode(const char *word)
{
    return strcmp(word, "on") == 0 || strcmp(word, "off") == 0 || strcmp(word, "auto") == 0;
}

/* Is everything there that the verb cannot do without? */
static const char *what_is_missing(const struct arguments *a, enum verb_bit verb)
{
    bool named = a->service || (verb & (VERB_RENEW | VERB_DEREGISTER) && a->group) || a->file;
    if (verb & (VERBS_NAMING | VERB_SHOW) && !named)
        return "which SERVICE?";
    if (verb & REG && a->service && !a->ports.count)
        return "give --port PORT (or --port - for an address without a port)";
    if (verb & (VERB_RENEW | VERB_DEREGISTER) && a->service && !a->instance && !a->ports.count)
        return "give --instance ID, or --port and --addr as they were registered";
    if (verb == VERB_AGENT && a->file && a->service)
        return "give either SERVICE or --file, not both";
    if (verb == VERB_EXPLAIN && !a->type)
        return "give a NAME and a TYPE, as in: discctl explain hello-svc.disc.local SRV";
    if (verb & VERBS_STEERING && !a->instance)
        return "which SERVICE and which INSTANCE?";
    if (verb == VERB_WEIGHT && (a->weight < 0) != a->clear)
        return "give a weight from 0 to 65535, or --clear";
    if (verb == VERB_EVICT && a->ns && !a->service)
        return "--ns goes with a SERVICE";
    if (a->mode && !is_mode(a->mode))
        return "the guard can be set to on, off or auto";
    if (!a->key_id != !a->secret_file)
        return "--key and --secret-file belong together";
    return NULL;
}

bool arguments_read(struct arguments *a, enum verb_bit verb, const char *where, int count,
                    char **words, bool *help)
{
    for (int i = 0; i < count; i++) {
        if (help && (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)) {
            *help = true;
            return true;
        }
        if (strcmp(words[i], "--") == 0 && verb == VERB_AGENT && i + 1 < count) {
            a->command = words + i + 1;
            break;
        }
        bool is_option = words[i][0] == '-' && words[i][1] == '-' && words[i][2];
        if (is_option && !take_option(a, verb, where, count, words, &i))
            return false;
        if (!is_option && !take_positional(a, verb, words[i])) {
            refuse_word(a, verb, where, words, i);
            return false;
        }
    }
    const char *missing = what_is_missing(a, verb);
    if (missing)
        fprintf(stderr, "%s: %s\n", where, missing);
    return !missing;
}

void arguments_spec(const struct arguments *a, struct disc_spec *spec)
{
    static const struct disc_spec empty = DISC_SPEC_INIT;
    *spec = empty;
    spec->ns = a->ns;
    spec->service = a->service;
    spec->instance = a->instance;
    spec->addrs = a->addresses.count ? a->addresses.text : NULL;
    spec->ports = a->ports.count ? a->ports.text : NULL;
    spec->status = a->status;
    spec->version = a->version;
    spec->zone = a->zone;
    spec->region = a->region;
    spec->cluster = a->cluster;
    spec->tags = a->tags.count ? a->tags.text : NULL;
    spec->group = a->group;
    memcpy(spec->metadata, a->metadata, sizeof(spec->metadata));
    spec->metadata_count = a->metadata_count;
    spec->weight = a->weight;
    spec->priority = a->priority;
    spec->lease_s = a->lease;
    spec->ttl_s = a->ttl;
}

void arguments_options(const struct arguments *a, struct disc_options *o)
{
    static const struct disc_options empty = DISC_OPTIONS_INIT;
    *o = empty;
    o->subnet = a->subnet;
    o->drain_ms = (uint32_t)(a->drain_s * 1000);
    if (a->key_id) {
        o->key_id = a->key_id;
        o->secret = a->secret;
        o->secret_size = a->secret_size;
    }
}

void arguments_servers(const struct arguments *a, void (*visit)(void *context, const char *server),
                       void *context)
{
    char text[sizeof(a->servers.text)], *save = NULL;
    memcpy(text, a->servers.text, sizeof(text));
    for (char *s = strtok_r(text, ", ", &save); s; s = strtok_r(NULL, ", ", &save))
        visit(context, s);
}

int arguments_timeout(const struct arguments *a, double otherwise)
{
    double seconds = a->timeout_s > 0 ? a->timeout_s : otherwise;
    return (int)(seconds * 1000);
}

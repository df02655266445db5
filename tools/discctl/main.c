#include "discctl.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct verb {
    const char *name;
    enum verb_bit bit;
    int (*run)(struct arguments *a);
    const char *arguments, *help;
};

static const struct verb verbs[] = {
    {"register", VERB_REGISTER, verb_register, "SERVICE --port PORT",
     "Registers an instance once. It stays until its lease ends: renew it, or use agent.\n"
     "With --wait: returns when the server's DNS shows it; exit status 3: not in time. Which DNS\n"
     "to ask is read from its HTTP API: with a --server elsewhere, give --http, too."},
    {"renew", VERB_RENEW, verb_renew, "SERVICE --instance ID",
     "Renews the lease of an instance (or of --group, without a service)."},
    {"deregister", VERB_DEREGISTER, verb_deregister, "SERVICE --instance ID",
     "Takes an instance (or --group, without a service) out of the registry at once."},
    {"agent", VERB_AGENT, verb_agent, "SERVICE --port PORT | --file FILE [-- COMMAND ...]",
     "Registers, and keeps registered until SIGTERM or SIGINT; then deregisters. With a\n"
     "COMMAND: while it runs, and ends with its exit status. With --check: as up only\n"
     "while the check passes. Each line of FILE holds the words of one `register`."},
    {"list", VERB_LIST, verb_list, "", "Lists the services."},
    {"show", VERB_SHOW, verb_show, "SERVICE", "Shows a service and its instances."},
    {"watch", VERB_WATCH, verb_watch, "[SERVICE]",
     "Prints the instances of a service (or all services), then each change as it happens:\n"
     "= there at first, + new, ~ changed, - gone. Connects again by itself."},
    {"drain", VERB_DRAIN, verb_drain, "SERVICE INSTANCE",
     "Takes an instance out of all answers, whatever it says itself, until undrain. It stays\n"
     "registered and may finish what it is doing."},
    {"undrain", VERB_UNDRAIN, verb_undrain, "SERVICE INSTANCE",
     "Puts a drained instance back, as it says itself. Exit status 1: there is none of that name\n"
     "and nothing was set for it (see overrides)."},
    {"weight", VERB_WEIGHT, verb_weight, "SERVICE INSTANCE N|--clear",
     "Sets the weight of an instance (0-65535), whatever it says itself, until --clear."},
    {"overrides", VERB_OVERRIDES, verb_overrides, "",
     "Lists what drain and weight (and others) set and nobody lifted yet; also of instances that\n"
     "are not registered now: it holds when they come again."},
    {"records", VERB_RECORDS, verb_records, "",
     "Lists the plain records that DNS UPDATE made: whose key, and what is left of the lease."},
    {"explain", VERB_EXPLAIN, verb_explain, "NAME TYPE",
     "Explains how the DNS answer to a question comes about."},
    {"status", VERB_STATUS, verb_status, "", "Shows the state of the server."},
    {"guard", VERB_GUARD, verb_guard, "[on|off|auto]",
     "Shows the guard against mass eviction, or sets it. It closes by itself (auto) when so\n"
     "many hosts fall silent at once that it is rather the network: then their instances are\n"
     "kept as stale, behind the live ones. on: keep whatever falls silent; off: evict it."},
    {"evict", VERB_EVICT, verb_evict, "[SERVICE [INSTANCE]]",
     "Evicts stale instances at once: of all services, or of one; or one instance."},
    {"export", VERB_EXPORT, verb_export, "[FILE]",
     "Writes all instances as JSON lines to FILE [stdout]; with what overrules them, and the\n"
     "overrides of instances that are not registered now."},
    {"import", VERB_IMPORT, verb_import, "[FILE]",
     "Registers what export wrote, from FILE [stdin], as fast as the server takes it. What is\n"
     "there already just so is left alone, and not renewed; what is newer on the server stays.\n"
     "What is imported belongs to whom it belonged before: it lives for its lease, unless he\n"
     "renews it. Exit status 1: some lines were refused, which are named on stderr."},
    {"doctor", VERB_DOCTOR, verb_doctor, "[ZONE]",
     "Looks at this machine for what keeps the names of ZONE [all zones of the server] from\n"
     "being found, and prints the lines to add. Exit status 1: there are problems."},
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

enum { SENTENCE_MAX = 160 };

/* What a verb does, without the details; on one line. */
static const char *first_sentence(const char *text, char out[static SENTENCE_MAX])
{
    size_t n = 0;
    while (text[n] && !strchr(".;:", text[n]) && n + 1 < SENTENCE_MAX) {
        out[n] = text[n];
        if (out[n] == '\n')
            out[n] = ' ';
        n++;
    }
    out[n] = 0;
    return out;
}

static void help(FILE *out)
{
    char sentence[SENTENCE_MAX];
    fprintf(out, "Usage: discctl VERB [OPTIONS]\n\n");
    for (size_t i = 0; i < VERBS; i++)
        fprintf(out, "  %-11s %s\n", verbs[i].name, first_sentence(verbs[i].help, sentence));
    fprintf(out, "\n`discctl VERB --help` says more; `discctl --version` the version.\n"
                 "Exit status: 0 done, 1 refused by the server, 2 usage, 3 no answer.\n");
}

static void help_verb(const struct verb *verb)
{
    printf("Usage: discctl %s%s%s [OPTIONS]\n\n%s\n\n", verb->name, *verb->arguments ? " " : "",
           verb->arguments, verb->help);
    arguments_help(stdout, verb->bit);
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(name, verbs[i].name) == 0)
            return &verbs[i];
    }
    return NULL;
}

/* The verb is the first word that is no option and no option's value. Moves it to the
 * front. */
static const struct verb *take_verb(int count, char **words)
{
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (words[i][0] == '-') {
            i += strncmp(words[i], "--", 2) == 0 && option_takes_value(words[i]);
            continue;
        }
        char *word = words[i];
        memmove(words + 1, words, (size_t)i * sizeof(*words));
        words[0] = word;
        return find_verb(word);
    }
    return NULL;
}

static int run(const struct verb *verb, int count, char **words)
{
    char where[32];
    bool wants_help = false;
    struct arguments a;
    arguments_init(&a);
    snprintf(where, sizeof(where), "discctl %s", verb->name);
    bool ok = arguments_read(&a, verb->bit, where, count, words, &wants_help);
    if (wants_help) {
        help_verb(verb);
        return EXIT_DONE;
    }
    if (!ok || !arguments_complete(&a, where)) {
        fprintf(stderr, "`%s --help` lists the options.\n", where);
        return EXIT_USAGE;
    }
    int code = verb->run(&a);
    explicit_bzero(a.secret, sizeof(a.secret));
    return code;
}

int main(int count, char **words)
{
    signal(SIGPIPE, SIG_IGN);
    setlocale(LC_CTYPE, ""); /* what the terminal shows */
    if (count > 1 && (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0)) {
        help(stdout);
        return EXIT_DONE;
    }
    if (count > 1 && (strcmp(words[1], "--version") == 0 || strcmp(words[1], "-V") == 0)) {
        printf("discctl %s\n", DISC_VERSION);
        return EXIT_DONE;
    }
    const struct verb *verb = take_verb(count - 1, words + 1);
    if (!verb) {
        if (count > 1 && words[1][0] != '-')
            fprintf(stderr, "discctl: there is no verb '%s'\n\n", words[1]);
        else if (count > 1)
            fprintf(stderr, "discctl: the verb is missing\n\n");
        help(stderr);
        return EXIT_USAGE;
    }
    return run(verb, count - 2, words + 2);
}

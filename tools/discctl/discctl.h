/* discctl, the operator's and the script's tool: what its files share.
 *
 * main.c has the table of verbs, options.c the table of options (from which --help is
 * made, too). Verbs that register speak disc/1 through libdisc; those that read, or steer
 * the server, ask the HTTP API. Uses libdisc, jansson, smartcols and libevent; nothing of
 * the server.
 */
#ifndef DISCCTL_H
#define DISCCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "client/disc.h"

/* What a script learns from us. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1,   /* the server said no; its words are on stderr */
    EXIT_USAGE = 2,     /* the command line makes no sense */
    EXIT_NO_ANSWER = 3, /* nobody answered */
};

/* Bits: which verbs take an option. */
enum verb_bit {
    VERB_REGISTER = 1,
    VERB_RENEW = 2,
    VERB_DEREGISTER = 4,
    VERB_AGENT = 8,
    VERB_LIST = 16,
    VERB_SHOW = 32,
    VERB_EXPLAIN = 64,
    VERB_STATUS = 128,
    VERB_GUARD = 256,
    VERB_EVICT = 512,
    VERB_DOCTOR = 1024,
    VERBS_NAMING = 15, /* an instance is named */
    VERB_RECORDS = 2048,
    VERB_WATCH = 4096,
    VERB_DRAIN = 8192,
    VERB_UNDRAIN = 16384,
    VERB_WEIGHT = 32768,
    VERB_EXPORT = 65536,
    VERB_IMPORT = 131072,
    VERBS_STEERING = 8192 + 16384 + 32768, /* one instance, by its id */
    VERB_OVERRIDES = 262144,
    VERBS_ALL = 524287,
    VERBS_HTTP = (VERBS_ALL & ~VERBS_NAMING) | VERB_REGISTER, /* that one for its --wait */
};

enum { WHERE_MAX = 4 }; /* conditions in one question */

struct list { /* of repeated options, joined by commas */
    char text[1024];
    unsigned count;
};

/* A command line, or a line of agent's --file. Strings point into argv or the line. */
struct arguments {
    /* where to, and how */
    struct list servers;
    const char *http, *token_file, *ca_file, *key_id, *secret_file;
    bool json;
    double timeout_s; /* 0 = not given */
    /* what is registered */
    const char *service;
    const char *ns, *instance, *status, *version, *zone, *region, *cluster, *group, *subnet;
    struct list ports, addresses, tags;
    struct disc_pair metadata[DISC_METADATA_MAX];
    size_t metadata_count;
    int weight, priority, ttl, lease; /* -1 = not given */
    double wait_s;                    /* register: until DNS shows it; 0 = not at all */
    /* what is read */
    const char *match, *where[WHERE_MAX];
    unsigned where_count;
    bool live, once;
    /* weight, import */
    bool clear, dry_run;
    /* agent; export and import have their FILE in `file`, too */
    const char *file, *check;
    double interval_s, drain_s;
    int fall, rise;
    char **command; /* NULL-terminated; NULL = none */
    /* guard, evict */
    const char *mode;
    bool force;
    /* explain */
    const char *name, *type, *client;
    /* doctor; its ZONE is in `service` */
    const char *root, *peer;
    /* secret_file and key_id, loaded */
    unsigned char secret[64];
    size_t secret_size;
};

void arguments_init(struct arguments *a);

/* Takes words into `a`; `where` begins the messages ("discctl register"). `help` (may be
 * NULL: not offered) is set when --help was among them. False: said so on stderr. */
bool arguments_read(struct arguments *a, enum verb_bit verb, const char *where, int count,
                    char **words, bool *help);

/* Is this word ("--name") an option whose value is the next word? */
bool option_takes_value(const char *word);

/* What the environment and the defaults give, and the secret. False: said so. */
bool arguments_complete(struct arguments *a, const char *where);

/* The options of a verb, one a line. */
void arguments_help(FILE *out, enum verb_bit verb);

/* Points into `a`. */
void arguments_spec(const struct arguments *a, struct disc_spec *spec);
void arguments_options(const struct arguments *a, struct disc_options *options);

/* Calls `visit` with each server in turn. */
void arguments_servers(const struct arguments *a, void (*visit)(void *context, const char *server),
                       void *context);

/* Timeout in ms; `otherwise` (seconds) where none was given. */
int arguments_timeout(const struct arguments *a, double otherwise);

/* The verbs; each returns the program's exit code. */
int verb_register(struct arguments *a);
int verb_renew(struct arguments *a);
int verb_deregister(struct arguments *a);
int verb_agent(struct arguments *a);
int verb_list(struct arguments *a);
int verb_show(struct arguments *a);
int verb_records(struct arguments *a);
int verb_explain(struct arguments *a);
int verb_status(struct arguments *a);
int verb_guard(struct arguments *a);
int verb_evict(struct arguments *a);
int verb_doctor(struct arguments *a);
int verb_watch(struct arguments *a);
int verb_drain(struct arguments *a);
int verb_undrain(struct arguments *a);
int verb_weight(struct arguments *a);
int verb_overrides(struct arguments *a);
int verb_export(struct arguments *a);
int verb_import(struct arguments *a);

#endif

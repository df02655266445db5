/* Which keys are in force, and what a reload changed: ids, and whether what belongs to an id
 * is the same, but no secrets. Used by server.c and reload.c. */
#ifndef DISC_SERVER_AUDIT_KEYS_H
#define DISC_SERVER_AUDIT_KEYS_H

#include "server/config.h"

enum key_kind { KEYS_DISC, KEYS_TSIG, KEYS_TOKEN, KEY_KINDS };

struct key_print {
    char *id;
    uint64_t print; /* of all that the configuration says of it, by a key of the process */
};

struct key_set {
    char *file; /* NULL = none is configured */
    struct key_print *keys;
    size_t count; /* by id */
};

struct key_sets {
    struct key_set sets[KEY_KINDS];
};

/* Of a configuration whose parts were not yet taken over. ERR_MEMORY. */
MUST_CHECK enum err key_sets_of(const struct config *config, const struct hash_key *key,
                                struct key_sets *out);
void key_sets_deinit(struct key_sets *sets);

/* What became of one kind of them. Lists of ids with commas, as many as fit: "a,b,+3". */
struct keys_change {
    const char *kind; /* "disc", "tsig", "token" */
    const char *file; /* NULL = none any more */
    size_t count;
    char added[512], removed[512], changed[512];
};

/* False: there are no such keys, before or after. */
bool key_sets_change(const struct key_sets *before, const struct key_sets *after,
                     enum key_kind kind, struct keys_change *out);

#endif

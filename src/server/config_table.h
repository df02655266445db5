/* The one table of keys: parser, checker and --help-config read the same rows, and the
 * defaults are YAML that goes the same way as the file.
 *
 * A path names a key from the outside in:
 *
 *     dns.tcp.idle               in a map in a map
 *     zones[].ttl                in each map of a list
 *     zones[].services.GLOB.ttl  in each map of a map, whatever it is called there
 *     KEYS:keys[].id             in the file that registration.keys names
 *     TSIG:keys[].name           in the file that dns.keys names
 *     COOKIES:secrets            in the file that dns.cookie_secrets names
 *
 * Keys up to the next [] or GLOB or : fill the same struct, their base.
 */
#ifndef DISC_SERVER_CONFIG_TABLE_H
#define DISC_SERVER_CONFIG_TABLE_H

#include <stdio.h>

#include "server/config.h"
#include "server/yaml_tree.h"

struct config_key;
struct key_refs;

/* What every reader of values knows of the file it reads. */
struct config_parse {
    const char *file;   /* for faults */
    const char *folder; /* what relative paths begin with: "" or "dir/" */
    bool secret;        /* faults do not repeat values */
    struct config_fault *fault;
    struct key_refs *refs; /* keys of another file that this one names */
};

/* Reads `node` into base + key->offset. Err with the fault written. */
typedef enum err key_take(struct config_parse *p, const struct config_key *key,
                          const struct yaml_node *node, void *base);

struct config_key {
    const char *path;
    key_take *take;
    size_t offset, size;      /* of the member in the base; size for numbers */
    uint64_t min, max;        /* numbers, in the file's unit; lists: entries */
    uint32_t scale;           /* the member's unit is so many times smaller; 0 = 1 */
    const char *const *words; /* the values there are, NULL-terminated; stored is the index */
    bool required;
    const char *what;     /* "a UDP size": what a bad value is not */
    const char *form;     /* what is expected, where min, max and words do not say it */
    const char *entry;    /* likewise of one entry of a list */
    const char *fallback; /* YAML; NULL = the member stays as it is */
    const char *help;
};

#define CONFIG_KEYS_MAX 192 /* as many as there may be */

size_t config_key_count(void);
const struct config_key *config_key_at(size_t n); /* n < config_key_count() */
size_t config_key_index(const struct config_key *key);

/* NULL when there is no such key. */
const struct config_key *config_key_find(const char *path);

/* "a number from 512 to 8192", "open, cookie, key or deny"; returns `out`. */
const char *config_key_form(const struct config_key *key, char *out, size_t size);

#endif

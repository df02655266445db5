/* Reading single values and plain lists of them: what a scalar may look like and mean.
 * The readers here fit the table of keys (config_table.h) and know no key by name. */
#ifndef DISC_SERVER_CONFIG_VALUES_H
#define DISC_SERVER_CONFIG_VALUES_H

#include "server/config_table.h"

/* ---- faults at a node (NULL = the whole file); both return ERR_VALUE --------------- */

enum err fault_at(const struct config_parse *p, const struct yaml_node *node, const char *format,
                  ...) PRINTF(3, 4);
/* `"70000" is not a UDP size, expected a number from 512 to 8192` */
enum err fault_value(const struct config_parse *p, const struct yaml_node *node, const char *what,
                     const char *expected);
/* Of a secret that is not what its key says: is the base64 itself wrong, or is it too long
 * (`max` bytes)? */
enum err fault_base64(const struct config_parse *p, const struct config_key *key,
                      const struct yaml_node *node, size_t max);
enum err fault_key(const struct config_parse *p, const struct yaml_node *node,
                   const struct config_key *key);
enum err fault_memory(const struct config_parse *p);

/* ---- readers for rows -------------------------------------------------------------- */

key_take take_section;      /* a map of further keys of the same base; never called */
key_take take_number;       /* unsigned of 2, 4 or 8 bytes */
key_take take_seconds;      /* the same, for lengths of time */
key_take take_bool;         /* true, false; bool */
key_take take_choice;       /* the same, uint32_t 0 or 1: another value can mean "not said" */
key_take take_word;         /* one of key->words: its index, in an enum */
key_take take_flag;         /* one of two key->words: is it the second? bool */
key_take take_string;       /* char *; "" is a value */
key_take take_path;         /* char *, relative to the file's folder; "" stays "" */
key_take take_log_target;   /* char *: "stderr", "off", else as take_path, not "" */
key_take take_endpoints;    /* struct endpoint_list, at least key->min */
key_take take_network;      /* struct network */
key_take take_names;        /* NULL-terminated char **: metadata keys, as selectors */
key_take take_hosts;        /* NULL-terminated char **: host names, with or without port */
key_take take_globs;        /* NULL-terminated char **: "namespace/service", * ? [] */
key_take take_metadata_key; /* char *; "" = none */

/* ---- their parts --------------------------------------------------------------------- */

/* `file` of the table's folder, or as it is when absolute; NULL when memory lacks. */
char *path_resolve(const char *folder, struct text file);
/* Lower-cases. Is it `namespace/service` (slash) or `service` made of glob characters? */
bool text_is_glob(struct text t, bool slash);
/* In lower case, to be freed; NULL when memory lacks. */
char *text_lower_copy(struct text t);
/* A list of networks, to be freed. Err with the fault written; what was read stays. */
MUST_CHECK enum err take_networks(struct config_parse *p, const struct config_key *key,
                                  const struct yaml_node *node, struct network **out,
                                  size_t *count);
/* A list of strings that all pass `fits`, NULL-terminated char **; kept in lower case where
 * `lower`. */
MUST_CHECK enum err take_strings(struct config_parse *p, const struct config_key *key,
                                 const struct yaml_node *node, void *base,
                                 bool (*fits)(struct text), bool lower);
/* A list (key->min entries at least): else the fault is written. */
MUST_CHECK enum err expect_list(const struct config_parse *p, const struct config_key *key,
                                const struct yaml_node *node);

static inline void *member_of(const struct config_key *key, void *base)
{
    return (char *)base + key->offset;
}

#endif

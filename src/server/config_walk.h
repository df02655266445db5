/* Walks a tree along the table of keys: finds each key's row, lets the row's reader
 * take the value, and fills in the defaults of what the file does not say. */
#ifndef DISC_SERVER_CONFIG_WALK_H
#define DISC_SERVER_CONFIG_WALK_H

#include "server/config_table.h"

#define CONFIG_PATH_MAX 64

/* Where the file mentions each key of a base, by place in the table. */
struct config_seen {
    const struct yaml_node *nodes[CONFIG_KEYS_MAX];
};

/* Reads the map `node` (NULL = nothing is said) into `base`. `prefix` is the path of
 * its keys with the final separator ("zones[]."). `seen` may be NULL. */
MUST_CHECK enum err config_walk(struct config_parse *p, const char *prefix,
                                const struct yaml_node *node, void *base, struct config_seen *seen);

/* NULL when the file does not mention it. */
const struct yaml_node *config_seen_at(const struct config_seen *seen, const char *path);

#endif

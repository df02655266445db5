/* YAML text to a tree of nodes that know where they stand. A strict subset: one
 * document, no anchors, aliases or tags, no key twice in a map, no NUL in a value;
 * limits on size, depth and nodes. Scalars stay text: what they mean is decided by who
 * asks (config_values.h), so that no `yes` becomes true and no `017` becomes 15.
 *
 * Called by config.c and config_keys.c; knows nothing of any key.
 */
#ifndef DISC_SERVER_YAML_TREE_H
#define DISC_SERVER_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text.h"
#include "server/config.h"

enum {
    YAML_BYTES_MAX = 1 << 20,
    YAML_DEPTH_MAX = 16,
    YAML_NODES_MAX = 100000,
};

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    bool quoted;           /* YAML_TEXT: in quotes, or a block */
    unsigned line, column; /* of the first character, from 1 */
    char *text;            /* YAML_TEXT: terminated, size bytes */
    size_t size;
    struct yaml_node *key;   /* what this node's parent map calls it, else NULL */
    struct yaml_node *first; /* YAML_LIST, YAML_MAP: the entries as they stand in the file */
    struct yaml_node *next;
    size_t count; /* entries */
};

struct yaml_source {
    const char *file; /* for faults */
    const void *bytes;
    size_t size;
    bool secret; /* faults must not repeat what the file says */
};

/* Reads the whole text; `*out` is NULL for a document that says nothing (empty, or only
 * comments). ERR_SYNTAX (also: over a limit) or ERR_MEMORY with *fault filled. */
MUST_CHECK enum err yaml_tree_read(const struct yaml_source *source, struct yaml_node **out,
                                   struct config_fault *fault);

/* Wipes all texts: they may be secrets. Accepts NULL. */
void yaml_tree_free(struct yaml_node *root);

/* Nothing written, `~` or `null`. */
bool yaml_is_null(const struct yaml_node *node);
struct text yaml_text(const struct yaml_node *node);
/* The entry of a map; NULL when there is none. */
const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key);

#endif

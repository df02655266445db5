#include "server/config_walk.h"

#include <stdio.h>

#include "server/config_fault.h"
#include "server/config_values.h"

#define KNOWN_MAX 330 /* bytes of a list of keys, so that it fits a fault */
#define NAME_SHOWN 40 /* no key is longer */
#define LIKE_SHARE 3  /* at most a third of the letters of the key that was meant differ */

/* ---- unknown keys ---------------------------------------------------------------- */

/* What remains of the path behind the prefix; NULL when it lies elsewhere. */
static const char *below(const struct config_key *key, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(key->path, prefix, n) == 0 ? key->path + n : NULL;
}

static bool is_direct(const char *rest)
{
    return rest && !strpbrk(rest, ".[:");
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance, one row at a time. */
static unsigned distance(struct text a, const char *b)
{
    unsigned row[NAME_SHOWN + 1];
    size_t n = strlen(b);
    if (a.n > NAME_SHOWN || n > NAME_SHOWN)
        return UINT32_MAX;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned above = row[j];
            bool same = ascii_lower(a.s[i - 1]) == b[j - 1];
            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + !same);
            diagonal = above;
        }
    }
    return row[n];
}

static const char *nearest(struct text name, const char *prefix)
{
    unsigned best = UINT32_MAX;
    const char *like = NULL;
    for (size_t i = 0; i < config_key_count(); i++) {
        const char *rest = below(config_key_at(i), prefix);
        unsigned d = is_direct(rest) ? distance(name, rest) : UINT32_MAX;
        if (d < best && d <= strlen(rest) / LIKE_SHARE) {
            best = d;
            like = rest;
        }
    }
    return like;
}

static void list_known(const char *prefix, char out[static KNOWN_MAX])
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < config_key_count(); i++) {
        const char *rest = below(config_key_at(i), prefix);
        if (is_direct(rest) && at < KNOWN_MAX)
            at += (size_t)snprintf(out + at, KNOWN_MAX - at, "%s%s", at ? ", " : "", rest);
    }
}

/* In a file of secrets a name that is like no key may be a secret in the wrong place. */
static enum err refuse_unknown(const struct config_parse *p, const char *prefix,
                               const struct yaml_node *key)
{
    char known[KNOWN_MAX];
    struct text name = yaml_text(key);
    const char *like = nearest(name, prefix);
    list_known(prefix, known);
    if (p->secret && !like)
        return fault_at(p, key, "unknown key; known here: %s", known);
    if (!like)
        return fault_at(p, key, "unknown key '%.*s'; known here: %s",
                        (int)(name.n < NAME_SHOWN ? name.n : NAME_SHOWN), name.s, known);
    return fault_at(p, key, "unknown key '%.*s', did you mean '%s'? known here: %s", TEXT_ARG(name),
                    like, known);
}

/* ---- walking --------------------------------------------------------------------- */

static enum err walk_map(struct config_parse *p, const char *prefix, const struct yaml_node *node,
                         void *base, struct config_seen *seen);

static bool is_section(const struct config_key *key)
{
    return key->take == take_section;
}

static enum err walk_entry(struct config_parse *p, const char *prefix,
                           const struct yaml_node *entry, void *base, struct config_seen *seen)
{
    char path[CONFIG_PATH_MAX];
    struct text name = yaml_text(entry->key);
    int n = snprintf(path, sizeof path, "%s%.*s", prefix, TEXT_ARG(name));
    const struct config_key *key = NULL;
    if (n < (int)sizeof path && !memchr(name.s ? name.s : "", '.', name.n) &&
        !memchr(name.s ? name.s : "", '[', name.n) && !memchr(name.s ? name.s : "", ':', name.n))
        key = config_key_find(path);
    if (!key)
        return refuse_unknown(p, prefix, entry->key);
    seen->nodes[config_key_index(key)] = entry;
    if (!is_section(key))
        return key->take(p, key, entry, base);
    if (n + 1 >= (int)sizeof path)
        return refuse_unknown(p, prefix, entry->key);
    memcpy(path + n, ".", 2);
    return walk_map(p, path, entry, base, seen);
}

static enum err walk_map(struct config_parse *p, const char *prefix, const struct yaml_node *node,
                         void *base, struct config_seen *seen)
{
    enum err err = ERR_OK;
    if (yaml_is_null(node)) /* a section whose keys are all commented out */
        return ERR_OK;
    if (node->kind != YAML_MAP)
        return fault_value(p, node, "a section", "keys and values (name: value)");
    for (const struct yaml_node *entry = node->first; entry && !err; entry = entry->next)
        err = walk_entry(p, prefix, entry, base, seen);
    return err;
}

/* A default is read like a file of its own. */
static enum err take_fallback(struct config_parse *p, const struct config_key *key, void *base)
{
    struct yaml_node *node = NULL;
    struct yaml_source source = {
        .file = "built-in default", .bytes = key->fallback, .size = strlen(key->fallback)};
    struct config_parse own = *p;
    own.file = source.file;
    enum err err = yaml_tree_read(&source, &node, p->fault);
    if (!err && node)
        err = key->take(&own, key, node, base);
    yaml_tree_free(node);
    return err;
}

static enum err fill_defaults(struct config_parse *p, const char *prefix,
                              const struct yaml_node *node, void *base,
                              const struct config_seen *seen)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < config_key_count() && !err; i++) {
        const struct config_key *key = config_key_at(i);
        const char *rest = below(key, prefix);
        if (!rest || strpbrk(rest, "[:") || strstr(rest, "GLOB") || seen->nodes[i])
            continue;
        if (key->required)
            err = fault_at(p, node, "'%s' is missing, expected %s", rest, key->what);
        else if (key->fallback)
            err = take_fallback(p, key, base);
    }
    return err;
}

enum err config_walk(struct config_parse *p, const char *prefix, const struct yaml_node *node,
                     void *base, struct config_seen *seen)
{
    struct config_seen own = {{0}};
    struct config_seen *here = seen ? seen : &own;
    enum err err = node ? walk_map(p, prefix, node, base, here) : ERR_OK;
    return err ? err : fill_defaults(p, prefix, node, base, here);
}

const struct yaml_node *config_seen_at(const struct config_seen *seen, const char *path)
{
    const struct config_key *key = config_key_find(path);
    return key ? seen->nodes[config_key_index(key)] : NULL;
}

#include "server/config_values.h"

#include <stdarg.h>
#include <stdlib.h>

#include "server/config_fault.h"

#define GLOB_MAX 200 /* bytes: a name with some brackets */
#define LIST_MAX 1000

/* ---- faults ------------------------------------------------------------------------ */

enum err fault_at(const struct config_parse *p, const struct yaml_node *node, const char *format,
                  ...)
{
    char text[sizeof p->fault->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fault_write(p->fault, ERR_VALUE, p->file, node ? node->line : 0, node ? node->column : 0,
                       "%s", text);
}

enum err fault_value(const struct config_parse *p, const struct yaml_node *node, const char *what,
                     const char *expected)
{
    char shown[QUOTED_TEXT];
    const char *found = node->kind == YAML_LIST  ? "a list"
                        : node->kind == YAML_MAP ? "a map"
                        : p->secret              ? "this value"
                                                 : quote_text(yaml_text(node), shown);
    if (yaml_is_null(node))
        return fault_at(p, node, "no value, expected %s", expected);
    return fault_at(p, node, "%s is not %s, expected %s", found, what, expected);
}

enum err fault_key(const struct config_parse *p, const struct yaml_node *node,
                   const struct config_key *key)
{
    char form[240];
    bool bare = key->take == take_number || key->take == take_seconds || key->take == take_bool ||
                key->take == take_choice;
    config_key_form(key, form, sizeof form - 20);
    if (bare && node->quoted)
        strcat(form, ", without quotes");
    return fault_value(p, node, key->what, form);
}

enum err fault_base64(const struct config_parse *p, const struct config_key *key,
                      const struct yaml_node *node, size_t max)
{
    bool text = node->kind == YAML_TEXT && !yaml_is_null(node);
    size_t end = text ? node->size : 0, size = end / 4 * 3;
    for (; size && end && node->text[end - 1] == '='; end--)
        size--;
    if (!text || size > max)
        return fault_key(p, node, key);
    return fault_at(p, node, "this value is no whole base64 (cut off, or changed?), expected %s",
                    key->form);
}

static enum err fault_entry(const struct config_parse *p, const struct yaml_node *item,
                            const struct config_key *key)
{
    return fault_value(p, item, key->what, key->entry);
}

enum err fault_memory(const struct config_parse *p)
{
    return fault_write(p->fault, ERR_MEMORY, p->file, 0, 0, "out of memory");
}

/* ---- numbers and words ------------------------------------------------------------- */

enum err take_section(struct config_parse *p, const struct config_key *key,
                      const struct yaml_node *node, void *base UNUSED)
{
    return fault_key(p, node, key);
}

/* 0-9 without leading zeros, unquoted. */
static bool node_number(const struct yaml_node *node, uint64_t min, uint64_t max, uint64_t *out)
{
    struct text t = yaml_text(node);
    if (node->kind != YAML_TEXT || node->quoted || (t.n > 1 && t.s[0] == '0'))
        return false;
    return text_number(t, max, out) == ERR_OK && *out >= min;
}

enum err take_number(struct config_parse *p, const struct config_key *key,
                     const struct yaml_node *node, void *base)
{
    uint64_t n;
    void *member = member_of(key, base);
    if (!node_number(node, key->min, key->max, &n))
        return fault_key(p, node, key);
    if (key->scale)
        n *= key->scale;
    if (key->size == sizeof(uint16_t))
        *(uint16_t *)member = (uint16_t)n;
    else if (key->size == sizeof(uint32_t))
        *(uint32_t *)member = (uint32_t)n;
    else
        *(uint64_t *)member = n;
    return ERR_OK;
}

enum err take_seconds(struct config_parse *p, const struct config_key *key,
                      const struct yaml_node *node, void *base)
{
    return take_number(p, key, node, base);
}

static int word_index(const struct config_key *key, const struct yaml_node *node)
{
    for (int i = 0; node->kind == YAML_TEXT && key->words[i]; i++)
        if (text_is(yaml_text(node), text_of(key->words[i])))
            return i;
    return -1;
}

enum err take_word(struct config_parse *p, const struct config_key *key,
                   const struct yaml_node *node, void *base)
{
    int index = word_index(key, node);
    if (index < 0)
        return fault_key(p, node, key);
    *(int *)member_of(key, base) = index;
    return ERR_OK;
}

enum err take_flag(struct config_parse *p, const struct config_key *key,
                   const struct yaml_node *node, void *base)
{
    int index = word_index(key, node);
    if (index < 0)
        return fault_key(p, node, key);
    *(bool *)member_of(key, base) = index == 1;
    return ERR_OK;
}

enum err take_bool(struct config_parse *p, const struct config_key *key,
                   const struct yaml_node *node, void *base)
{
    return node->quoted ? fault_key(p, node, key) : take_flag(p, key, node, base);
}

enum err take_choice(struct config_parse *p, const struct config_key *key,
                     const struct yaml_node *node, void *base)
{
    return node->quoted ? fault_key(p, node, key) : take_word(p, key, node, base);
}

/* ---- text -------------------------------------------------------------------------- */

static enum err store(struct config_parse *p, const struct config_key *key, void *base, char *text)
{
    char **member = member_of(key, base);
    if (!text)
        return fault_memory(p);
    free(*member);
    *member = text;
    return ERR_OK;
}

enum err take_string(struct config_parse *p, const struct config_key *key,
                     const struct yaml_node *node, void *base)
{
    if (node->kind != YAML_TEXT || yaml_is_null(node))
        return fault_key(p, node, key);
    return store(p, key, base, strndup(node->text, node->size));
}

char *path_resolve(const char *folder, struct text file)
{
    char *path;
    bool bare = !file.n || file.s[0] == '/';
    if (asprintf(&path, "%s%.*s", bare ? "" : folder, TEXT_ARG(file)) < 0)
        return NULL;
    return path;
}

enum err take_path(struct config_parse *p, const struct config_key *key,
                   const struct yaml_node *node, void *base)
{
    if (node->kind != YAML_TEXT || yaml_is_null(node))
        return fault_key(p, node, key);
    return store(p, key, base, path_resolve(p->folder, yaml_text(node)));
}

static bool is_bare_word(const struct yaml_node *node, const char *word)
{
    return node->kind == YAML_TEXT && text_is_nocase(yaml_text(node), text_of(word));
}

enum err take_log_target(struct config_parse *p, const struct config_key *key,
                         const struct yaml_node *node, void *base)
{
    static const char *const no[] = {"off", "false", "no", "none"};
    static const char *const slips[] = {"true", "yes", "on", "stdout"};
    if (is_bare_word(node, "stderr"))
        return store(p, key, base, strdup("stderr"));
    for (size_t i = 0; i < ARRAY_COUNT(no); i++)
        if (is_bare_word(node, no[i]))
            return store(p, key, base, strdup("off"));
    /* No file is called so by intent; ./stdout is. */
    for (size_t i = 0; i < ARRAY_COUNT(slips); i++)
        if (is_bare_word(node, slips[i]))
            return fault_value(p, node, key->what, key->form);
    return node->size ? take_path(p, key, node, base) : fault_key(p, node, key);
}

char *text_lower_copy(struct text t)
{
    char *copy = strndup(t.n ? t.s : "", t.n);
    for (char *c = copy; c && *c; c++)
        *c = ascii_lower(*c);
    return copy;
}

/* 1-32 of A-Za-z0-9._- */
static bool text_is_metadata_key(struct text t)
{
    for (size_t i = 0; i < t.n; i++) {
        char c = ascii_lower(t.s[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr("._-", c))
            return false;
    }
    return t.n && t.n <= METADATA_KEY_MAX;
}

enum err take_metadata_key(struct config_parse *p, const struct config_key *key,
                           const struct yaml_node *node, void *base)
{
    bool none = node->quoted && !node->size;
    if (node->kind != YAML_TEXT || (!none && !text_is_metadata_key(yaml_text(node))))
        return fault_key(p, node, key);
    return take_string(p, key, node, base);
}

/* ---- lists ------------------------------------------------------------------------- */

enum err expect_list(const struct config_parse *p, const struct config_key *key,
                     const struct yaml_node *node)
{
    char form[200];
    if (node->kind != YAML_LIST)
        return fault_value(p, node, "a list", config_key_form(key, form, sizeof form));
    if (node->count < key->min)
        return fault_at(p, node, "an empty list, expected at least one entry");
    if (node->count > LIST_MAX)
        return fault_at(p, node, "%zu entries, expected at most %d", node->count, LIST_MAX);
    return ERR_OK;
}

static bool is_listed(const struct endpoint_list *list, const struct endpoint *e)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].port == e->port && addr_is(&list->items[i].addr, &e->addr))
            return true;
    return false;
}

static enum err add_endpoint(struct config_parse *p, const struct config_key *key,
                             const struct yaml_node *item, struct endpoint_list *list)
{
    struct endpoint e;
    if (item->kind != YAML_TEXT || endpoint_parse(yaml_text(item), &e) ||
        addr_is_multicast(&e.addr))
        return fault_entry(p, item, key);
    if (e.port && is_listed(list, &e))
        return fault_at(p, item, "\"%.*s\" is there twice", TEXT_ARG(yaml_text(item)));
    list->items[list->count++] = e;
    return ERR_OK;
}

enum err take_endpoints(struct config_parse *p, const struct config_key *key,
                        const struct yaml_node *node, void *base)
{
    struct endpoint_list *list = member_of(key, base);
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    if (node->count > key->max)
        return fault_at(p, node, "%zu addresses, expected at most %d", node->count, (int)key->max);
    list->items = calloc(node->count + 1, sizeof(*list->items));
    if (!list->items)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next)
        err = add_endpoint(p, key, item, list);
    return err;
}

enum err take_network(struct config_parse *p, const struct config_key *key,
                      const struct yaml_node *node, void *base)
{
    enum err err = ERR_SYNTAX;
    if (node->kind == YAML_TEXT)
        err = network_parse(yaml_text(node), member_of(key, base));
    if (err == ERR_VALUE && strchr(node->text, '/') && !p->secret)
        return fault_value(p, node, key->what,
                           "a prefix of at most 32 or 128 bits and only zeros behind it");
    return err ? fault_key(p, node, key) : ERR_OK;
}

enum err take_networks(struct config_parse *p, const struct config_key *key,
                       const struct yaml_node *node, struct network **out, size_t *count)
{
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    *out = calloc(node->count + 1, sizeof(**out));
    if (!*out)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item; item = item->next)
        if (item->kind != YAML_TEXT || network_parse(yaml_text(item), &(*out)[(*count)++]))
            return fault_entry(p, item, key);
    return ERR_OK;
}

enum err take_strings(struct config_parse *p, const struct config_key *key,
                      const struct yaml_node *node, void *base, bool (*fits)(struct text),
                      bool lower)
{
    char **list = NULL, ***member = member_of(key, base);
    size_t n = 0;
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    *member = list = calloc(node->count + 1, sizeof(*list));
    if (!list)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item; item = item->next) {
        if (item->kind != YAML_TEXT || !fits(yaml_text(item)))
            return fault_entry(p, item, key);
        list[n] = lower ? text_lower_copy(yaml_text(item)) : strndup(item->text, item->size);
        if (!list[n++])
            return fault_memory(p);
    }
    return ERR_OK;
}

enum err take_names(struct config_parse *p, const struct config_key *key,
                    const struct yaml_node *node, void *base)
{
    return take_strings(p, key, node, base, text_is_metadata_key, false);
}

/* What a Host header may hold (RFC 9110 section 7.2), without a user's white space. */
static bool is_host(struct text t)
{
    for (size_t i = 0; i < t.n; i++)
        if (t.s[i] <= 0x20 || t.s[i] == 0x7f || strchr("/@?#\\*,", t.s[i]))
            return false;
    return t.n && t.n <= 255;
}

enum err take_hosts(struct config_parse *p, const struct config_key *key,
                    const struct yaml_node *node, void *base)
{
    return take_strings(p, key, node, base, is_host, true);
}

bool text_is_glob(struct text t, bool slash)
{
    size_t slashes = 0;
    for (size_t i = 0; i < t.n; i++) {
        char c = ascii_lower(t.s[i]);
        slashes += c == '/';
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr("-_.*?[]!^/", c))
            return false;
    }
    return t.n && t.n <= GLOB_MAX && slashes == slash &&
           (!slash || (t.s[0] != '/' && t.s[t.n - 1] != '/'));
}

static bool is_full_glob(struct text t)
{
    return text_is_glob(t, true);
}

enum err take_globs(struct config_parse *p, const struct config_key *key,
                    const struct yaml_node *node, void *base)
{
    return take_strings(p, key, node, base, is_full_glob, true);
}

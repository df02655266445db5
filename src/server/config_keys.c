/* keys.yaml: who may do what over disc/1, with which secret. Nothing that this file
 * holds is repeated in a fault, but for key ids. */
#include <sodium.h>
#include <stdlib.h>

#include "server/config_fault.h"
#include "server/config_file.h"
#include "server/config_values.h"
#include "server/config_walk.h"

/* ---- scalars of a key ------------------------------------------------------------------ */

static bool is_key_id(struct text t)
{
    for (size_t i = 0; i < t.n; i++) {
        char c = t.s[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr("._-", c))
            return false;
    }
    return t.n && t.n <= REG_KEY_ID_MAX;
}

enum err take_key_id(struct config_parse *p, const struct config_key *key,
                     const struct yaml_node *node, void *base)
{
    struct reg_key *k = base;
    if (node->kind != YAML_TEXT || !is_key_id(yaml_text(node)) ||
        text_copy(yaml_text(node), k->id, sizeof k->id))
        return fault_key(p, node, key);
    return ERR_OK;
}

/* Standard base64 (RFC 4648 section 4), as base64(1) and openssl write it. */
static enum err decode(struct config_parse *p, const struct config_key *key,
                       const struct yaml_node *node, uint8_t *out, size_t *size)
{
    if (node->kind != YAML_TEXT || yaml_is_null(node))
        return fault_key(p, node, key);
    if (sodium_base642bin(out, REG_SECRET_MAX, node->text, node->size, NULL, size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0) {
        sodium_memzero(out, REG_SECRET_MAX);
        return fault_base64(p, key, node, REG_SECRET_MAX);
    }
    if (*size < REG_SECRET_MIN)
        return fault_at(p, node, "a secret of %zu bytes, expected at least %d, better 32", *size,
                        REG_SECRET_MIN);
    return ERR_OK;
}

enum err take_secret(struct config_parse *p, const struct config_key *key,
                     const struct yaml_node *node, void *base)
{
    struct reg_key *k = base;
    return decode(p, key, node, k->secret, &k->secret_size);
}

enum err take_next_secret(struct config_parse *p, const struct config_key *key,
                          const struct yaml_node *node, void *base)
{
    struct reg_key *k = base;
    return decode(p, key, node, k->next, &k->next_size);
}

enum err take_date(struct config_parse *p, const struct config_key *key,
                   const struct yaml_node *node, void *base)
{
    if (node->kind != YAML_TEXT || !config_date_parse(yaml_text(node), member_of(key, base)))
        return fault_key(p, node, key);
    return ERR_OK;
}

/* ---- grants ---------------------------------------------------------------------------- */

static bool verb_parse(struct text t, uint32_t *bits)
{
    for (int verb = REG_REG; verb < REG_VERB_COUNT; verb++)
        if (text_is(t, text_of(reg_verb_text((enum reg_verb)verb)))) {
            *bits |= 1u << verb;
            return true;
        }
    return false;
}

enum err take_verbs(struct config_parse *p, const struct config_key *key,
                    const struct yaml_node *node, void *base)
{
    struct reg_grant *grant = base;
    enum err err = expect_list(p, key, node);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next)
        if (item->kind != YAML_TEXT || !verb_parse(yaml_text(item), &grant->verbs))
            err = fault_value(p, item, key->what, key->entry);
    return err;
}

enum err take_service_globs(struct config_parse *p, const struct config_key *key,
                            const struct yaml_node *node, void *base)
{
    return take_globs(p, key, node, base);
}

enum err take_advertise(struct config_parse *p, const struct config_key *key,
                        const struct yaml_node *node, void *base)
{
    struct reg_grant *grant = base;
    return take_networks(p, key, node, &grant->advertise, &grant->advertise_count);
}

enum err take_grants(struct config_parse *p, const struct config_key *key,
                     const struct yaml_node *node, void *base)
{
    struct reg_key *k = base;
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    k->grants = calloc(node->count + 1, sizeof(*k->grants));
    if (!k->grants)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next)
        err = config_walk(p, "KEYS:keys[].grants[].", item, &k->grants[k->grant_count++], NULL);
    return err;
}

/* ---- keys ------------------------------------------------------------------------------ */

static enum err check_key(struct config_parse *p, const struct yaml_node *item,
                          const struct keyring_draft *ring)
{
    const struct reg_key *k = &ring->keys[ring->count - 1];
    if (k->not_before_ms && k->not_after_ms && k->not_after_ms <= k->not_before_ms)
        return fault_at(p, yaml_find(item, "not_after"),
                        "not_after is not behind not_before, expected a later time");
    for (const struct reg_key *other = ring->keys; other < k; other++)
        if (strcmp(other->id, k->id) == 0)
            return fault_at(p, yaml_find(item, "id"), "key \"%s\" is there twice", k->id);
    return ERR_OK;
}

enum err take_keys(struct config_parse *p, const struct config_key *key,
                   const struct yaml_node *node, void *base)
{
    struct keyring_draft *ring = base;
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    /* Once and in full: growing would leave copies of secrets behind. */
    ring->keys = calloc(node->count + 1, sizeof(*ring->keys));
    if (!ring->keys)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next) {
        err = config_walk(p, "KEYS:keys[].", item, &ring->keys[ring->count++], NULL);
        if (!err)
            err = check_key(p, item, ring);
    }
    return err;
}

enum err config_parse_keys(const char *file, const void *bytes, size_t size, struct reg_config *out,
                           struct config_fault *fault)
{
    struct yaml_source source = {.file = file, .bytes = bytes, .size = size, .secret = true};
    struct config_parse p = {.file = file, .folder = "", .secret = true, .fault = fault};
    struct keyring_draft ring = {NULL, 0};
    struct yaml_node *root;
    enum err err = yaml_tree_read(&source, &root, fault);
    if (err)
        return err;
    err = config_walk(&p, "KEYS:", root, &ring, NULL);
    yaml_tree_free(root);
    out->keys = ring.keys;
    out->key_count = ring.count;
    return err;
}

enum err config_read_keys(struct config_draft *draft, uid_t also, struct config_fault *fault)
{
    struct file_bytes file;
    if (!draft->keys_file.path)
        return ERR_OK;
    enum err err = file_read_secret(&draft->keys_file, draft->config.path, also, &file, fault);
    if (err)
        return err;
    err = config_parse_keys(draft->keys_file.path, file.bytes, file.size,
                            &draft->config.registration, fault);
    file_bytes_wipe(&file);
    return err;
}

/* The DNS server's files of secrets: TSIG keys and the secrets of cookies. Nothing that
 * they hold is repeated in a fault, but for names of keys. */
#include <sodium.h>
#include <stdlib.h>

#include "server/config_fault.h"
#include "server/config_file.h"
#include "server/config_values.h"
#include "server/config_walk.h"

#define SECRET_MIN 16 /* bytes: 128 bits */
#define SECRET_MAX 512

/* ---- TSIG -------------------------------------------------------------------------------- */

enum err take_key_name(struct config_parse *p, const struct config_key *key,
                       const struct yaml_node *node, void *base)
{
    char **member = member_of(key, base);
    if (node->kind != YAML_TEXT || yaml_is_null(node) || !text_is_domain(yaml_text(node)))
        return fault_key(p, node, key);
    *member = domain_copy(yaml_text(node));
    return *member ? ERR_OK : fault_memory(p);
}

/* Standard base64 (RFC 4648 section 4), as tsig-keygen and openssl write it. */
static enum err keep_secret(struct config_parse *p, const struct config_key *row,
                            const struct yaml_node *node, const uint8_t bytes[static SECRET_MAX],
                            struct dns_key *key)
{
    if (key->secret_size < SECRET_MIN)
        return fault_at(p, node, "a secret of %zu bytes, expected %s", key->secret_size, row->form);
    key->secret = malloc(key->secret_size);
    if (!key->secret)
        return fault_memory(p);
    memcpy(key->secret, bytes, key->secret_size);
    return ERR_OK;
}

enum err take_tsig_secret(struct config_parse *p, const struct config_key *row,
                          const struct yaml_node *node, void *base)
{
    struct dns_key *key = base;
    uint8_t bytes[SECRET_MAX];
    enum err err;
    if (node->kind == YAML_TEXT && !yaml_is_null(node) &&
        sodium_base642bin(bytes, sizeof bytes, node->text, node->size, NULL, &key->secret_size,
                          NULL, sodium_base64_VARIANT_ORIGINAL) == 0)
        err = keep_secret(p, row, node, bytes, key);
    else
        err = fault_base64(p, row, node, SECRET_MAX);
    sodium_memzero(bytes, sizeof bytes);
    return err;
}

static enum err check_key(struct config_parse *p, const struct yaml_node *item,
                          const struct dns_config *dns)
{
    const struct dns_key *key = &dns->keys[dns->key_count - 1];
    for (const struct dns_key *other = dns->keys; other < key; other++)
        if (strcmp(other->name, key->name) == 0)
            return fault_at(p, yaml_find(item, "name"), "key \"%s\" is there twice", key->name);
    return ERR_OK;
}

enum err take_tsig_keys(struct config_parse *p, const struct config_key *row,
                        const struct yaml_node *node, void *base)
{
    struct dns_config *dns = base;
    enum err err = expect_list(p, row, node);
    if (err)
        return err;
    dns->keys = calloc(node->count + 1, sizeof(*dns->keys));
    if (!dns->keys)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next) {
        err = config_walk(p, "TSIG:keys[].", item, &dns->keys[dns->key_count++], NULL);
        if (!err)
            err = check_key(p, item, dns);
    }
    return err;
}

/* ---- cookies ----------------------------------------------------------------------------- */

enum err take_cookie_secrets(struct config_parse *p, const struct config_key *row,
                             const struct yaml_node *node, void *base)
{
    struct dns_config *dns = base;
    enum err err = expect_list(p, row, node);
    if (!err && node->count > DNS_COOKIE_SECRETS)
        err =
            fault_at(p, node, "%zu secrets, expected at most %d", node->count, DNS_COOKIE_SECRETS);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next) {
        size_t size = 0;
        if (item->kind != YAML_TEXT || item->size != 2 * DNS_COOKIE_SECRET ||
            sodium_hex2bin(dns->cookie_secrets[dns->cookie_secret_count++], DNS_COOKIE_SECRET,
                           item->text, item->size, NULL, &size, NULL) ||
            size != DNS_COOKIE_SECRET)
            err = fault_value(p, item, row->what, row->entry);
    }
    return err;
}

/* ---- the files --------------------------------------------------------------------------- */

static enum err parse_secrets(const char *file, const char *prefix, const void *bytes, size_t size,
                              struct dns_config *out, struct config_fault *fault)
{
    struct yaml_source source = {.file = file, .bytes = bytes, .size = size, .secret = true};
    struct config_parse p = {.file = file, .folder = "", .secret = true, .fault = fault};
    struct yaml_node *root;
    enum err err = yaml_tree_read(&source, &root, fault);
    if (err)
        return err;
    err = config_walk(&p, prefix, root, out, NULL);
    yaml_tree_free(root);
    return err;
}

enum err config_parse_tsig(const char *file, const void *bytes, size_t size, struct dns_config *out,
                           struct config_fault *fault)
{
    return parse_secrets(file, "TSIG:", bytes, size, out, fault);
}

enum err config_parse_cookies(const char *file, const void *bytes, size_t size,
                              struct dns_config *out, struct config_fault *fault)
{
    return parse_secrets(file, "COOKIES:", bytes, size, out, fault);
}

static bool is_known(const struct dns_config *dns, const char *name)
{
    for (size_t i = 0; i < dns->key_count; i++)
        if (strcmp(dns->keys[i].name, name) == 0)
            return true;
    return false;
}

static enum err check_refs(const struct config_draft *draft, struct config_fault *fault)
{
    for (size_t i = 0; i < draft->tsig_refs.count; i++) {
        const struct key_ref *ref = &draft->tsig_refs.items[i];
        char shown[QUOTED_TEXT];
        if (is_known(&draft->config.dns, ref->name))
            continue;
        quote_text(text_of(ref->name), shown);
        if (!draft->tsig_file.path)
            return fault_write(fault, ERR_VALUE, draft->config.path, ref->line, ref->column,
                               "key %s without any key, expected dns.keys to be set then", shown);
        return fault_write(fault, ERR_VALUE, draft->config.path, ref->line, ref->column,
                           "unknown key %s, expected one that stands in %.200s", shown,
                           draft->tsig_file.path);
    }
    return ERR_OK;
}

enum err config_read_tsig(struct config_draft *draft, uid_t also, struct config_fault *fault)
{
    struct file_bytes file;
    if (!draft->tsig_file.path)
        return check_refs(draft, fault);
    enum err err = file_read_secret(&draft->tsig_file, draft->config.path, also, &file, fault);
    if (err)
        return err;
    err =
        config_parse_tsig(draft->tsig_file.path, file.bytes, file.size, &draft->config.dns, fault);
    file_bytes_wipe(&file);
    return err ? err : check_refs(draft, fault);
}

enum err config_read_cookies(struct config_draft *draft, uid_t also, struct config_fault *fault)
{
    struct file_bytes file;
    if (!draft->cookie_file.path)
        return ERR_OK;
    enum err err = file_read_secret(&draft->cookie_file, draft->config.path, also, &file, fault);
    if (err)
        return err;
    err = config_parse_cookies(draft->cookie_file.path, file.bytes, file.size, &draft->config.dns,
                               fault);
    file_bytes_wipe(&file);
    return err;
}

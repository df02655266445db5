/* Any bytes as a configuration and as a file of keys: they are read or refused with a
 * place and a reason; what was read keeps the promises of config.h and reg.h. Files that
 * the bytes name are not opened. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "server/config_draft.h"
#include "server/config_file.h"
#include "server/yaml_tree.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    log_init(LOG_LEVEL_ERROR, NULL);
    return 0;
}

/* One line of text, safe for a terminal; only what was left out has no line. */
static void check_fault(const struct config_fault *fault, enum err err)
{
    assert(err == ERR_SYNTAX || err == ERR_VALUE);
    assert(fault->text[0] && fault->file[0]);
    assert(!fault->line == !fault->column);
    for (const char *c = fault->text; *c; c++)
        assert((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static size_t check_tree(const struct yaml_node *node, unsigned depth)
{
    size_t count = 1, entries = 0;
    assert(depth <= YAML_DEPTH_MAX + 1);
    assert(node->line && node->column);
    assert(node->kind == YAML_TEXT || !node->text);
    assert(node->kind != YAML_TEXT || (strlen(node->text) == node->size && !node->first));
    for (const struct yaml_node *e = node->first; e; e = e->next, entries++) {
        assert((e->key != NULL) == (node->kind == YAML_MAP));
        count += check_tree(e, depth + 1) + (e->key != NULL);
    }
    assert(entries == node->count);
    return count;
}

static void fuzz_tree(const uint8_t *bytes, size_t size)
{
    struct yaml_source source = {.file = "fuzz", .bytes = bytes, .size = size};
    struct yaml_node *root = NULL;
    struct config_fault fault = {0};
    enum err err = yaml_tree_read(&source, &root, &fault);
    if (err) {
        assert(!root);
        check_fault(&fault, err);
    } else if (root) {
        assert(check_tree(root, 1) <= YAML_NODES_MAX);
    }
    yaml_tree_free(root);
}

static void check_zone(const struct dns_zone_config *zone)
{
    assert(zone->name && zone->name[0]);
    assert(!zone->rule_count || zone->ns);
    bool is_static = !zone->ns && !zone->reverse && zone->file;
    assert(zone->ttl <= 86400 || (is_static && zone->ttl == DNS_UNSET));
    assert(zone->negative_ttl <= 86400 || (is_static && zone->negative_ttl == DNS_UNSET));
    assert(zone->srv_weight_scale >= 1 && zone->srv_weight_scale <= 65535);
    for (size_t i = 0; i < zone->rule_count; i++)
        assert(zone->rules[i].glob && zone->rules[i].glob[0]);
}

static void check_config(const struct config_draft *draft)
{
    const struct config *c = &draft->config;
    assert(c->dns_listen.count > 0 && c->dns.zone_count > 0);
    assert(c->dns.udp_max_size >= DNS_UDP_MIN && c->dns.udp_max_size <= DNS_UDP_LIMIT);
    assert(c->registry.lease_min_s >= 1);
    assert(c->registry.lease_min_s <= c->registry.lease_default_s);
    assert(c->registry.lease_default_s <= c->registry.lease_max_s);
    assert(c->registration.rate_per_s && c->registration.rate_burst);
    assert(c->data_dir && c->user && c->log_level <= LOG_LEVEL_DEBUG);
    assert(c->http.listen_count == c->http_listen.count);
    for (size_t i = 0; i < c->http_listen.count; i++)
        assert(draft->token_file.path || addr_is_loopback(&c->http_listen.items[i].addr));
    for (size_t i = 0; i < c->dns.zone_count; i++)
        check_zone(&c->dns.zones[i]);
    for (size_t i = 0; i < c->registration.source_count; i++)
        assert(c->registration.sources[i].auth != REG_AUTH_KEY || draft->keys_file.path);
}

static void fuzz_config(const uint8_t *bytes, size_t size)
{
    struct config_draft draft;
    struct config_fault fault = {0};
    enum err err = config_parse("etc/discd.yaml", bytes, size, &draft, &fault);
    if (err) {
        check_fault(&fault, err);
        return;
    }
    check_config(&draft);
    config_is_permanent(&draft.config, TEXT("default"), TEXT("web"));
    config_draft_deinit(&draft);
}

static void check_key(const struct reg_key *key)
{
    assert(key->id[0]);
    assert(key->secret_size >= REG_SECRET_MIN && key->secret_size <= REG_SECRET_MAX);
    assert(!key->next_size ||
           (key->next_size >= REG_SECRET_MIN && key->next_size <= REG_SECRET_MAX));
    assert(!key->not_after_ms || key->not_before_ms < key->not_after_ms);
    for (size_t i = 0; i < key->grant_count; i++)
        assert(key->grants[i].verbs && key->grants[i].services && key->grants[i].services[0]);
}

static void fuzz_keys(const uint8_t *bytes, size_t size)
{
    struct reg_config reg = {0};
    struct config_fault fault = {0};
    enum err err = config_parse_keys("keys.yaml", bytes, size, &reg, &fault);
    if (err)
        check_fault(&fault, err);
    for (size_t i = 0; i < reg.key_count && !err; i++)
        check_key(&reg.keys[i]);
    reg_config_deinit(&reg);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_tree(bytes, size);
    fuzz_config(bytes, size);
    fuzz_keys(bytes, size);
    return 0;
}

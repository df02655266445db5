/* The DNS server's own part of discd.yaml: places, networks, identities, dnstap. */
#include <sodium.h>
#include <stdlib.h>

#include "server/config_draft.h"
#include "server/config_values.h"
#include "server/config_walk.h"

#define PLACE_MAX 63

static struct dns_config *dns_of(void *base)
{
    return &((struct config_draft *)base)->config.dns;
}

/* ---- places ------------------------------------------------------------------------------ */

enum err take_place_word(struct config_parse *p, const struct config_key *key,
                         const struct yaml_node *node, void *base)
{
    struct text t = yaml_text(node);
    if (node->kind != YAML_TEXT || yaml_is_null(node) || !t.n || t.n > PLACE_MAX)
        return fault_key(p, node, key);
    for (size_t i = 0; i < t.n; i++)
        if (t.s[i] <= 0x20 || t.s[i] == 0x7f)
            return fault_key(p, node, key);
    return take_string(p, key, node, base);
}

static enum err take_place(struct config_parse *p, const struct yaml_node *item,
                           struct dns_place *place)
{
    enum err err = config_walk(p, "dns.places[].", item, place, NULL);
    if (!err && !place->zone && !place->region)
        err = fault_at(p, item, "a place that is none, expected `zone:`, `region:` or both");
    return err;
}

enum err take_places(struct config_parse *p, const struct config_key *key,
                     const struct yaml_node *node, void *base)
{
    struct dns_config *dns = dns_of(base);
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    dns->places = calloc(node->count + 1, sizeof(*dns->places));
    if (!dns->places)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next)
        err = take_place(p, item, &dns->places[dns->place_count++]);
    return err;
}

/* ---- networks ---------------------------------------------------------------------------- */

enum err take_ecs_from(struct config_parse *p, const struct config_key *key,
                       const struct yaml_node *node, void *base)
{
    struct dns_config *dns = dns_of(base);
    return take_networks(p, key, node, &dns->ecs_from, &dns->ecs_from_count);
}

enum err take_rrl_exempt(struct config_parse *p, const struct config_key *key,
                         const struct yaml_node *node, void *base)
{
    struct dns_rrl_config *rrl = &dns_of(base)->rrl;
    return take_networks(p, key, node, &rrl->exempt, &rrl->exempt_count);
}

enum err take_rrl_watched(struct config_parse *p, const struct config_key *key,
                          const struct yaml_node *node, void *base)
{
    struct dns_rrl_config *rrl = &dns_of(base)->rrl;
    return take_networks(p, key, node, &rrl->watched, &rrl->watched_count);
}

/* ---- identities -------------------------------------------------------------------------- */

static bool is_identity(const struct yaml_node *node)
{
    return node->kind == YAML_TEXT && !yaml_is_null(node) && node->size <= DNS_TEXT_MAX &&
           !memchr(node->text, '\0', node->size);
}

enum err take_identity(struct config_parse *p, const struct config_key *key,
                       const struct yaml_node *node, void *base)
{
    if (!(node->kind == YAML_TEXT && !node->size) && !is_identity(node))
        return fault_key(p, node, key);
    return node->size ? take_string(p, key, node, base) : ERR_OK;
}

enum err take_nsid(struct config_parse *p, const struct config_key *key,
                   const struct yaml_node *node, void *base)
{
    struct dns_config *dns = dns_of(base);
    struct text t = yaml_text(node);
    bool hex = t.n >= 2 && !node->quoted && t.s[0] == '0' && ascii_lower(t.s[1]) == 'x';
    if (node->kind == YAML_TEXT && !node->size)
        return ERR_OK;
    if (!hex && !is_identity(node))
        return fault_key(p, node, key);
    dns->nsid = malloc(DNS_TEXT_MAX);
    if (!dns->nsid)
        return fault_memory(p);
    if (!hex) {
        memcpy(dns->nsid, t.s, t.n);
        dns->nsid_size = t.n;
    } else if (sodium_hex2bin(dns->nsid, DNS_TEXT_MAX, t.s + 2, t.n - 2, NULL, &dns->nsid_size,
                              NULL) ||
               !dns->nsid_size) {
        return fault_key(p, node, key);
    }
    return ERR_OK;
}

/* ---- dnstap ------------------------------------------------------------------------------ */

enum err take_dnstap_messages(struct config_parse *p, const struct config_key *key,
                              const struct yaml_node *node, void *base)
{
    struct config_dnstap *dnstap = &((struct config_draft *)base)->config.dnstap;
    enum err err = expect_list(p, key, node);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next) {
        struct text word = item->kind == YAML_TEXT ? yaml_text(item) : TEXT("");
        if (text_is(word, TEXT("query")))
            dnstap->queries = true;
        else if (text_is(word, TEXT("response")))
            dnstap->responses = true;
        else
            err = fault_value(p, item, key->what, key->entry);
    }
    return err;
}

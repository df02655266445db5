/* The larger parts of discd.yaml: zones, sources, networks. */
#include <stdlib.h>

#include "server/config_draft.h"
#include "server/config_fault.h"
#include "server/config_values.h"
#include "server/config_walk.h"

#define DNS_NAME_TEXT 253 /* longest name in text, RFC 1035 section 2.3.4 */
#define DNS_LABEL 63

/* ---- zones ------------------------------------------------------------------------- */

/* Which octets make a good name is for the DNS to say; here only its frame. */
bool text_is_domain(struct text t)
{
    if (t.n > 1 && t.s[t.n - 1] == '.')
        t.n--;
    if (!t.n || t.n > DNS_NAME_TEXT)
        return false;
    if (t.n == 1 && t.s[0] == '.')
        return true;
    for (struct text rest = t; rest.s;) {
        struct text label = text_cut(&rest, '.');
        if (!label.n || label.n > DNS_LABEL)
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (label.s[i] <= 0x20 || label.s[i] >= 0x7f || strchr("\\\"();@$", label.s[i]))
                return false;
    }
    return true;
}

char *domain_copy(struct text t)
{
    if (t.n > 1 && t.s[t.n - 1] == '.')
        t.n--;
    return text_lower_copy(t);
}

enum err take_zone_name(struct config_parse *p, const struct config_key *key,
                        const struct yaml_node *node, void *base)
{
    if (node->kind != YAML_TEXT || !text_is_domain(yaml_text(node)))
        return fault_key(p, node, key);
    return take_string(p, key, node, base);
}

enum err take_namespace(struct config_parse *p, const struct config_key *key,
                        const struct yaml_node *node, void *base)
{
    struct zone_draft *draft = base;
    bool none = yaml_is_null(node) || (node->kind == YAML_TEXT && node->size == 0);
    if (none)
        return ERR_OK;
    if (node->kind != YAML_TEXT || !text_is_label(yaml_text(node), NAMESPACE_MAX))
        return fault_key(p, node, key);
    draft->zone.ns = text_lower_copy(yaml_text(node));
    return draft->zone.ns ? ERR_OK : fault_memory(p);
}

static bool same_zone(struct text a, struct text b)
{
    if (a.n > 1 && a.s[a.n - 1] == '.')
        a.n--;
    if (b.n > 1 && b.s[b.n - 1] == '.')
        b.n--;
    return text_is_nocase(a, b);
}

static enum err check_zone_names(struct config_parse *p, const struct yaml_node *zones)
{
    for (const struct yaml_node *b = zones->first; b; b = b->next) {
        const struct yaml_node *name = yaml_find(b, "name");
        for (const struct yaml_node *a = zones->first; a != b; a = a->next) {
            const struct yaml_node *earlier = yaml_find(a, "name");
            if (same_zone(yaml_text(earlier), yaml_text(name)))
                return fault_at(p, name, "zone \"%.*s\" is there twice, first at %u:%u",
                                TEXT_ARG(yaml_text(name)), earlier->line, earlier->column);
        }
    }
    return ERR_OK;
}

/* Services of a namespace have no place among addresses. */
static enum err settle_reverse(struct config_parse *p, const struct yaml_node *item,
                               struct dns_zone_config *zone)
{
    const struct yaml_node *ns = yaml_find(item, "namespace");
    if (!zone->reverse)
        return ERR_OK;
    if (ns && zone->ns)
        return fault_at(p, ns, "a reverse zone with a namespace, expected only one of the two");
    free(zone->ns); /* the default */
    zone->ns = NULL;
    return ERR_OK;
}

static enum err check_update_lease(struct config_parse *p, const struct yaml_node *item,
                                   const struct dns_zone_config *zone)
{
    if (zone->update_lease_min_s <= zone->update_lease_max_s)
        return ERR_OK;
    return fault_at(p, yaml_find(item, "update_lease"),
                    "update_lease.min %u is above update_lease.max %u, expected min <= max",
                    zone->update_lease_min_s, zone->update_lease_max_s);
}

/* A purely static zone has a file that says both, in its SOA. */
static void settle_ttls(const struct yaml_node *item, struct dns_zone_config *zone)
{
    if (zone->ns || zone->reverse || !zone->file)
        return;
    if (!yaml_find(item, "ttl"))
        zone->ttl = DNS_UNSET;
    if (!yaml_find(item, "negative_ttl"))
        zone->negative_ttl = DNS_UNSET;
}

static enum err take_zone(struct config_parse *p, const struct yaml_node *item,
                          struct config_draft *draft)
{
    struct zone_draft zone = {{0}, NULL, 0};
    enum err err = config_walk(p, "zones[].", item, &zone, NULL);
    if (!err)
        err = settle_reverse(p, item, &zone.zone);
    if (!err)
        settle_ttls(item, &zone.zone);
    if (!err)
        err = check_update_lease(p, item, &zone.zone);
    if (!err && config_services_add(&draft->config, &zone))
        err = fault_memory(p);
    if (!err && zone.zone.rule_count && !zone.zone.ns)
        err = fault_at(p, yaml_find(item, "services"),
                       "services of a zone without a namespace, expected `namespace:` in it");
    config_services_free(zone.services, zone.service_count);
    draft->config.dns.zones[draft->config.dns.zone_count++] = zone.zone;
    return err;
}

enum err take_zones(struct config_parse *p, const struct config_key *key,
                    const struct yaml_node *node, void *base)
{
    struct config_draft *draft = base;
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    draft->config.dns.zones = calloc(node->count, sizeof(*draft->config.dns.zones));
    if (!draft->config.dns.zones)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next)
        err = take_zone(p, item, draft);
    if (!err)
        err = check_zone_names(p, node);
    return err ? err : config_check_reverse(p, node, &draft->config.dns);
}

/* ---- lists by source network ------------------------------------------------------- */

enum err take_udp_sizes(struct config_parse *p, const struct config_key *key,
                        const struct yaml_node *node, void *base)
{
    struct dns_config *dns = &((struct config_draft *)base)->config.dns;
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    dns->udp_sizes = calloc(node->count + 1, sizeof(*dns->udp_sizes));
    if (!dns->udp_sizes)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next)
        err =
            config_walk(p, "dns.udp_sizes[].", item, &dns->udp_sizes[dns->udp_size_count++], NULL);
    return err;
}

enum err take_sources(struct config_parse *p, const struct config_key *key,
                      const struct yaml_node *node, void *base)
{
    struct reg_config *reg = &((struct config_draft *)base)->config.registration;
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    reg->sources = calloc(node->count + 1, sizeof(*reg->sources));
    if (!reg->sources)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next)
        err = config_walk(p, "registration.sources[].", item, &reg->sources[reg->source_count++],
                          NULL);
    return err;
}

enum err take_probe_networks(struct config_parse *p, const struct config_key *key,
                             const struct yaml_node *node, void *base)
{
    struct config *config = &((struct config_draft *)base)->config;
    return take_networks(p, key, node, &config->probe_networks, &config->probe_network_count);
}

/* ---- the rest ------------------------------------------------------------------------ */

static enum err take_local(struct config_parse *p, const struct config_key *key,
                           const struct yaml_node *node, struct reg_config *reg)
{
    struct addr a;
    if (node->kind != YAML_TEXT || addr_parse(yaml_text(node), &a) || addr_is_unspecified(&a) ||
        addr_is_multicast(&a) || addr_is_link_local(&a))
        return fault_key(p, node, key);
    struct addr *local = a.family == FAMILY_V4 ? &reg->local_v4 : &reg->local_v6;
    if (local->family)
        return fault_at(p, node, "a second IPv%d address, expected at most one", (int)a.family);
    *local = a;
    return ERR_OK;
}

enum err take_advertise_local(struct config_parse *p, const struct config_key *key,
                              const struct yaml_node *node, void *base)
{
    struct config *config = &((struct config_draft *)base)->config;
    struct text t = yaml_text(node);
    enum err err = ERR_OK;
    config->advertise_local_auto = text_is(t, TEXT("auto"));
    if (config->advertise_local_auto || text_is(t, TEXT("loopback")))
        return ERR_OK;
    if (node->kind != YAML_LIST)
        return take_local(p, key, node, &config->registration);
    if (!node->count)
        return fault_key(p, node, key);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next)
        err = take_local(p, key, item, &config->registration);
    return err;
}

enum err take_file(struct config_parse *p, const struct config_key *key,
                   const struct yaml_node *node, void *base)
{
    struct file_ref *ref = member_of(key, base);
    if (node->kind != YAML_TEXT)
        return fault_key(p, node, key);
    if (yaml_is_null(node) || !node->size)
        return ERR_OK;
    ref->line = node->line;
    ref->column = node->column;
    ref->path = path_resolve(p->folder, yaml_text(node));
    return ref->path ? ERR_OK : fault_memory(p);
}

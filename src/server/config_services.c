/* Services by pattern: what the zones of discd.yaml say of them, and what that means for
 * one service. */
#include <stdlib.h>

#include "server/config_draft.h"
#include "server/config_fault.h"
#include "server/config_values.h"
#include "server/config_walk.h"

#define FLOOR_MAX 1000000 /* instances: what a service may have at most */

/* ---- reading ------------------------------------------------------------------------- */

/* "50%" or 3, quoted or not. */
enum err take_floor(struct config_parse *p, const struct config_key *key,
                    const struct yaml_node *node, void *base)
{
    struct config_service *service = &((struct service_draft *)base)->service;
    struct text t = yaml_text(node);
    bool percent = node->kind == YAML_TEXT && t.n && t.s[t.n - 1] == '%';
    uint64_t floor;
    t.n -= percent;
    if (node->kind != YAML_TEXT || (t.n > 1 && t.s[0] == '0') ||
        text_number(t, percent ? 100 : FLOOR_MAX, &floor))
        return fault_key(p, node, key);
    service->floor = (uint32_t)floor;
    service->floor_percent = percent;
    return ERR_OK;
}

enum err take_percent(struct config_parse *p, const struct config_key *key,
                      const struct yaml_node *node, void *base)
{
    struct text t = yaml_text(node);
    uint64_t percent;
    if (node->kind != YAML_TEXT || !t.n || t.s[t.n - 1] != '%')
        return fault_key(p, node, key);
    t.n--;
    if (!t.n || (t.n > 1 && t.s[0] == '0') || text_number(t, 100, &percent))
        return fault_key(p, node, key);
    *(uint32_t *)member_of(key, base) = (uint32_t)percent;
    return ERR_OK;
}

/* Keeps the DNS's part and the rest in the zone; the globs are the zone's to free. */
static enum err keep(struct zone_draft *zone, const struct service_draft *service, struct text name)
{
    struct dns_rule *rule = &zone->zone.rules[zone->zone.rule_count++];
    struct config_service *s = &zone->services[zone->service_count++];
    *rule = service->rule;
    *s = service->service;
    rule->glob = text_lower_copy(name);
    s->glob = text_lower_copy(name);
    return rule->glob && s->glob ? ERR_OK : ERR_MEMORY;
}

static enum err take_service(struct config_parse *p, const struct yaml_node *entry,
                             struct zone_draft *zone)
{
    struct service_draft service = {
        .rule = {NULL, DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_UNSET},
        .service = {NULL, DNS_UNSET, DNS_UNSET, DNS_UNSET, false},
    };
    if (!text_is_glob(yaml_text(entry->key), false))
        return fault_value(p, entry->key, "a pattern of service names",
                           "letters, digits, - _ . and * ? [...]");
    enum err err = config_walk(p, "zones[].services.GLOB.", entry, &service, NULL);
    if (err)
        return err;
    return keep(zone, &service, yaml_text(entry->key)) ? fault_memory(p) : ERR_OK;
}

enum err take_services(struct config_parse *p, const struct config_key *key,
                       const struct yaml_node *node, void *base)
{
    struct zone_draft *zone = base;
    enum err err = ERR_OK;
    if (yaml_is_null(node))
        return ERR_OK;
    if (node->kind != YAML_MAP)
        return fault_key(p, node, key);
    zone->zone.rules = calloc(node->count + 1, sizeof(*zone->zone.rules));
    zone->services = calloc(node->count + 1, sizeof(*zone->services));
    if (!zone->zone.rules || !zone->services)
        return fault_memory(p);
    for (const struct yaml_node *entry = node->first; entry && !err; entry = entry->next)
        err = take_service(p, entry, zone);
    return err;
}

/* ---- keeping ------------------------------------------------------------------------- */

void config_services_free(struct config_service *services, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(services[i].glob);
    free(services);
}

static bool says_something(const struct config_service *s)
{
    return s->permanent != DNS_UNSET || s->probe != DNS_UNSET || s->floor != DNS_UNSET;
}

enum err config_services_add(struct config *config, const struct zone_draft *zone)
{
    size_t count = config->service_count + zone->service_count;
    if (!zone->service_count || !zone->zone.ns)
        return ERR_OK;
    struct config_service *all = realloc(config->services, count * sizeof(*all));
    if (!all)
        return ERR_MEMORY;
    config->services = all;
    for (size_t i = 0; i < zone->service_count; i++) {
        struct config_service s = zone->services[i];
        if (!says_something(&s))
            continue;
        if (asprintf(&s.glob, "%s/%s", zone->zone.ns, zone->services[i].glob) < 0)
            return ERR_MEMORY;
        all[config->service_count++] = s;
    }
    return ERR_OK;
}

/* ---- asking -------------------------------------------------------------------------- */

/* What the entries that match say together; permanent and probe as 0 or 1. */
static struct config_service find(const struct config *config, struct text ns, struct text service)
{
    char name[NAMESPACE_MAX + SERVICE_MAX + 2];
    struct config_service all = {0};
    int n = snprintf(name, sizeof name, "%.*s/%.*s", TEXT_ARG(ns), TEXT_ARG(service));
    if (n < 0 || (size_t)n >= sizeof name)
        return all;
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *s = &config->services[i];
        if (!text_matches((struct text){name, (size_t)n}, s->glob))
            continue;
        if (s->permanent != DNS_UNSET)
            all.permanent = s->permanent;
        if (s->probe != DNS_UNSET)
            all.probe = s->probe;
        if (s->floor != DNS_UNSET) {
            all.floor = s->floor;
            all.floor_percent = s->floor_percent;
        }
    }
    return all;
}

bool config_is_permanent(const struct config *config, struct text ns, struct text service)
{
    return find(config, ns, service).permanent == 1;
}

struct service_policy config_service_policy(const struct config *config, struct text ns,
                                            struct text service)
{
    struct config_service s = find(config, ns, service);
    return (struct service_policy){
        .floor = s.floor,
        .floor_percent = s.floor && s.floor_percent,
        .probe = s.probe == 1,
    };
}

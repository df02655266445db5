/* Who else has to do with a zone: secondaries, senders of UPDATE, the zone that a reverse
 * zone belongs to. */
#include <ldns/ldns.h>
#include <stdlib.h>

#include "server/config_draft.h"
#include "server/config_values.h"
#include "server/config_walk.h"

#define DNS_PORT 53

/* ---- names of keys ------------------------------------------------------------------- */

static enum err note_ref(struct config_parse *p, const struct yaml_node *node, const char *name)
{
    struct key_refs *refs = p->refs;
    if (refs->count == refs->room) {
        size_t room = refs->room ? refs->room * 2 : 16;
        struct key_ref *items = realloc(refs->items, room * sizeof(*items));
        if (!items)
            return fault_memory(p);
        refs->items = items;
        refs->room = room;
    }
    struct key_ref *ref = &refs->items[refs->count];
    *ref = (struct key_ref){strdup(name), node->line, node->column};
    if (!ref->name)
        return fault_memory(p);
    refs->count++;
    return ERR_OK;
}

enum err take_key_ref(struct config_parse *p, const struct config_key *key,
                      const struct yaml_node *node, void *base)
{
    char **member = member_of(key, base);
    if (node->kind != YAML_TEXT || yaml_is_null(node) || !text_is_domain(yaml_text(node)))
        return fault_key(p, node, key);
    *member = domain_copy(yaml_text(node));
    return *member ? note_ref(p, node, *member) : fault_memory(p);
}

/* ---- transfers ------------------------------------------------------------------------- */

enum err take_access_network(struct config_parse *p, const struct config_key *key,
                             const struct yaml_node *node, void *base)
{
    struct dns_access *access = base;
    struct config_key row = *key;
    row.offset = offsetof(struct dns_access, from);
    access->anywhere = false;
    return take_network(p, &row, node, base);
}

static enum err take_access(struct config_parse *p, const struct yaml_node *item,
                            struct dns_access *access)
{
    access->anywhere = true;
    enum err err = config_walk(p, "zones[].transfer[].", item, access, NULL);
    if (!err && access->anywhere && !access->key)
        err = fault_at(p, item,
                       "an access rule that names nobody, expected `from:` (a network), "
                       "`key:` or both");
    return err;
}

enum err take_transfers(struct config_parse *p, const struct config_key *key,
                        const struct yaml_node *node, void *base)
{
    struct dns_zone_config *zone = &((struct zone_draft *)base)->zone;
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    zone->transfers = calloc(node->count + 1, sizeof(*zone->transfers));
    if (!zone->transfers)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next)
        err = take_access(p, item, &zone->transfers[zone->transfer_count++]);
    return err;
}

/* ---- NOTIFY ---------------------------------------------------------------------------- */

enum err take_notify_address(struct config_parse *p, const struct config_key *key,
                             const struct yaml_node *node, void *base)
{
    struct endpoint *to = &((struct dns_notify_target *)base)->to;
    if (node->kind != YAML_TEXT)
        return fault_key(p, node, key);
    if (endpoint_parse(yaml_text(node), to)) {
        if (addr_parse(yaml_text(node), &to->addr))
            return fault_key(p, node, key);
        to->port = DNS_PORT;
    }
    if (!to->port || addr_is_unspecified(&to->addr) || addr_is_multicast(&to->addr))
        return fault_key(p, node, key);
    return ERR_OK;
}

enum err take_notify(struct config_parse *p, const struct config_key *key,
                     const struct yaml_node *node, void *base)
{
    struct dns_zone_config *zone = &((struct zone_draft *)base)->zone;
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    zone->notify = calloc(node->count + 1, sizeof(*zone->notify));
    if (!zone->notify)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next)
        err = config_walk(p, "zones[].notify[].", item, &zone->notify[zone->notify_count++], NULL);
    return err;
}

/* ---- UPDATE ---------------------------------------------------------------------------- */

static bool is_name_glob(struct text t)
{
    return text_is_glob(t, false);
}

enum err take_name_globs(struct config_parse *p, const struct config_key *key,
                         const struct yaml_node *node, void *base)
{
    enum err err = take_strings(p, key, node, base, is_name_glob, true);
    char ***names = member_of(key, base);
    for (char **name = *names; !err && *name; name++) {
        size_t n = strlen(*name);
        if (n > 1 && (*name)[n - 1] == '.')
            (*name)[n - 1] = '\0';
    }
    return err;
}

/* Types that are no data (RFC 6895 section 3.1) cannot be changed. */
static bool type_parse(const char *text, uint16_t *out)
{
    ldns_rr_type type = ldns_get_rr_type_by_name(text);
    *out = (uint16_t)type;
    return type && (uint32_t)type <= UINT16_MAX && type != LDNS_RR_TYPE_OPT &&
           !((uint32_t)type >= 128 && (uint32_t)type <= 255);
}

enum err take_types(struct config_parse *p, const struct config_key *key,
                    const struct yaml_node *node, void *base)
{
    struct dns_grant *grant = base;
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    grant->types = calloc(node->count + 1, sizeof(*grant->types));
    if (!grant->types)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item; item = item->next)
        if (item->kind != YAML_TEXT || !type_parse(item->text, &grant->types[grant->type_count++]))
            return fault_value(p, item, key->what, key->entry);
    return ERR_OK;
}

enum err take_updates(struct config_parse *p, const struct config_key *key,
                      const struct yaml_node *node, void *base)
{
    struct dns_zone_config *zone = &((struct zone_draft *)base)->zone;
    enum err err = expect_list(p, key, node);
    if (err)
        return err;
    zone->grants = calloc(node->count + 1, sizeof(*zone->grants));
    if (!zone->grants)
        return fault_memory(p);
    for (const struct yaml_node *item = node->first; item && !err; item = item->next)
        err = config_walk(p, "zones[].update[].", item, &zone->grants[zone->grant_count++], NULL);
    return err;
}

/* ---- reverse zones ----------------------------------------------------------------------- */

static struct text bare(const char *name)
{
    struct text t = text_of(name);
    if (t.n > 1 && t.s[t.n - 1] == '.')
        t.n--;
    return t;
}

/* Is `name` the apex itself or a name below it? */
static bool is_within(const char *name, const char *apex)
{
    struct text n = bare(name), a = bare(apex);
    if (n.n < a.n || !text_is_nocase((struct text){n.s + n.n - a.n, a.n}, a))
        return false;
    return n.n == a.n || n.s[n.n - a.n - 1] == '.';
}

static const struct dns_zone_config *zone_named(const struct dns_config *dns, const char *name)
{
    for (size_t i = 0; i < dns->zone_count; i++)
        if (text_is_nocase(bare(dns->zones[i].name), bare(name)))
            return &dns->zones[i];
    return NULL;
}

static enum err check_reverse(const struct config_parse *p, const struct yaml_node *item,
                              const struct dns_config *dns, const struct dns_zone_config *zone)
{
    const struct yaml_node *node = yaml_find(item, "reverse");
    const struct dns_zone_config *of = zone_named(dns, zone->reverse);
    if (zone->grant_count)
        return fault_at(p, yaml_find(item, "update"),
                        "updates of a reverse zone, expected none: it follows its instances");
    if (!is_within(zone->name, "in-addr.arpa") && !is_within(zone->name, "ip6.arpa"))
        return fault_at(p, yaml_find(item, "name"),
                        "a reverse zone outside of in-addr.arpa and ip6.arpa, expected e.g. "
                        "10.in-addr.arpa");
    if (!of || !of->ns)
        return fault_at(p, node, "\"%s\" is no zone with a namespace in this file, expected one",
                        zone->reverse);
    for (const struct dns_zone_config *other = dns->zones; other < zone; other++)
        if (other->reverse &&
            (is_within(zone->name, other->name) || is_within(other->name, zone->name)))
            return fault_at(p, yaml_find(item, "name"),
                            "reverse zone \"%s\" overlaps with \"%s\", expected each address in "
                            "one of them",
                            zone->name, other->name);
    return ERR_OK;
}

enum err config_check_reverse(const struct config_parse *p, const struct yaml_node *zones,
                              const struct dns_config *dns)
{
    const struct yaml_node *item = zones->first;
    enum err err = ERR_OK;
    for (size_t i = 0; i < dns->zone_count && !err; i++, item = item->next)
        if (dns->zones[i].reverse)
            err = check_reverse(p, item, dns, &dns->zones[i]);
    return err;
}

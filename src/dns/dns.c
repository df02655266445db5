#include "dns/dns.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/log.h"
#include "dns/grant_check.h"
#include "dns/leaf_publish.h"
#include "dns/records_change.h"
#include "dns/state.h"
#include "dns/wire.h"

/* ---- configuration ------------------------------------------------------------------- */

static void names_free(char **names)
{
    for (char **name = names; name && *name; name++)
        free(*name);
    free(names);
}

static void grants_free(struct dns_grant *grants, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(grants[i].key);
        names_free(grants[i].names);
        free(grants[i].types);
    }
    free(grants);
}

static void zone_config_deinit(struct dns_zone_config *zone)
{
    free(zone->name);
    free(zone->ns);
    free(zone->file);
    free(zone->reverse);
    for (size_t i = 0; i < zone->rule_count; i++)
        free(zone->rules[i].glob);
    free(zone->rules);
    for (size_t i = 0; i < zone->transfer_count; i++)
        free(zone->transfers[i].key);
    free(zone->transfers);
    for (size_t i = 0; i < zone->notify_count; i++)
        free(zone->notify[i].key);
    free(zone->notify);
    grants_free(zone->grants, zone->grant_count);
}

static void keys_free(struct dns_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].secret)
            explicit_bzero(keys[i].secret, keys[i].secret_size);
        free(keys[i].secret);
        free(keys[i].name);
    }
    free(keys);
}

static void places_free(struct dns_place *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(places[i].zone);
        free(places[i].region);
    }
    free(places);
}

void dns_config_deinit(struct dns_config *config)
{
    for (size_t i = 0; i < config->zone_count; i++)
        zone_config_deinit(&config->zones[i]);
    free(config->zones);
    names_free(config->selectors);
    free(config->udp_sizes);
    keys_free(config->keys, config->key_count);
    places_free(config->places, config->place_count);
    free(config->ecs_from);
    free(config->rrl.exempt);
    free(config->rrl.watched);
    free(config->nsid);
    free(config->version);
    free(config->server_id);
    explicit_bzero(config->cookie_secrets, sizeof(config->cookie_secrets));
    *config = (struct dns_config){0};
}

/* ---- zones ------------------------------------------------------------------------------ */

struct zone *dns_zone_at(const struct dns *dns, const struct name *apex)
{
    for (size_t i = 0; i < dns->zone_count; i++)
        if (name_is(&dns->zones[i]->apex, apex))
            return dns->zones[i];
    return NULL;
}

struct zone *dns_zone_of(const struct dns *dns, const struct name *name)
{
    struct zone *best = NULL;
    for (size_t i = 0; i < dns->zone_count; i++) {
        struct zone *zone = dns->zones[i];
        if (name_is_below(name, &zone->apex) && (!best || zone->apex.labels > best->apex.labels))
            best = zone;
    }
    return best;
}

static enum err refuse(struct dns_fault *fault, enum err err, const char *text, const char *name)
{
    *fault = (struct dns_fault){0};
    strncat(fault->text, text, sizeof(fault->text) - 1);
    strncat(fault->text, name, sizeof(fault->text) - 1 - strlen(fault->text));
    return err;
}

/* The zone that a reverse zone belongs to, if it is loaded. */
static const struct zone *forward_of(const struct dns *dns, const struct dns_zone_config *config)
{
    struct name apex;
    if (!config->reverse || name_parse(text_of(config->reverse), &apex))
        return NULL;
    for (size_t i = 0; i < dns->zone_count; i++)
        if (dns->zones[i] && name_is(&dns->zones[i]->apex, &apex))
            return dns->zones[i];
    return NULL;
}

/* Reverse zones after the others: they have the servers of their forward zones. */
static enum err load_those(struct dns *dns, bool reverse, struct dns_fault *fault)
{
    for (size_t i = 0; i < dns->zone_count; i++) {
        const struct dns_zone_config *config = &dns->config.zones[i];
        if ((config->reverse != NULL) != reverse)
            continue;
        enum err err = zone_load_like(config, forward_of(dns, config), &dns->zones[i], fault);
        if (err)
            return err;
        dns->zones[i]->index = (unsigned)i;
        grant_warn(config);
    }
    return ERR_OK;
}

static enum err load_zones(struct dns *dns, struct dns_fault *fault)
{
    dns->zones = calloc(dns->config.zone_count + 1, sizeof(struct zone *));
    if (!dns->zones)
        return refuse(fault, ERR_MEMORY, "out of memory", "");
    dns->zone_count = dns->config.zone_count;
    enum err err = load_those(dns, false, fault);
    if (!err)
        err = load_those(dns, true, fault);
    for (size_t i = 0; i < dns->zone_count && !err; i++)
        for (size_t n = 0; n < i; n++)
            if (name_is(&dns->zones[n]->apex, &dns->zones[i]->apex))
                return refuse(fault, ERR_VALUE, "found a zone twice: ", dns->zones[i]->name);
    return err;
}

static bool add_inner(struct zone *zone, const struct name *apex)
{
    struct name *grown = realloc(zone->inner, (zone->inner_count + 1) * sizeof(*grown));
    if (!grown)
        return false;
    zone->inner = grown;
    zone->inner[zone->inner_count++] = *apex;
    return true;
}

static enum err note_inner_zones(struct dns *dns, struct dns_fault *fault)
{
    for (size_t i = 0; i < dns->zone_count; i++)
        for (size_t n = 0; n < dns->zone_count; n++)
            if (n != i && name_is_below(&dns->zones[n]->apex, &dns->zones[i]->apex) &&
                !add_inner(dns->zones[i], &dns->zones[n]->apex))
                return refuse(fault, ERR_MEMORY, "out of memory", "");
    return ERR_OK;
}

static enum err start_reverse(struct dns *dns, struct dns_fault *fault)
{
    const char *wrong = "";
    enum err err = reverse_new(dns, &dns->reverse, &wrong);
    if (err == ERR_MEMORY)
        return refuse(fault, err, "out of memory", "");
    return err ? refuse(fault, err,
                        "expected `reverse` to name a zone with a namespace, in one "
                        "without: ",
                        wrong)
               : ERR_OK;
}

static enum err load_keys(struct dns *dns, struct dns_fault *fault)
{
    const char *why = "";
    enum err err = tsig_keyring_new(dns->config.keys, dns->config.key_count, &dns->keyring, &why);
    if (!err)
        return ERR_OK;
    return refuse(fault, err,
                  err == ERR_MEMORY ? "out of memory" : "keys: ", err == ERR_MEMORY ? "" : why);
}

/* Has the name nothing but what a zone has of another below it: the delegation and glue? */
static bool is_beside(const struct static_name *n, const struct zone *below)
{
    bool apex = name_is(&n->name, &below->apex);
    for (uint32_t i = 0; i < n->rrset_count; i++) {
        uint16_t type = n->rrsets[i].type;
        if (type != TYPE_A && type != TYPE_AAAA && !(apex && (type == TYPE_NS || type == TYPE_DS)))
            return false;
    }
    return true;
}

static enum err put_static_names(struct dns *dns, struct zone *zone)
{
    for (size_t i = 0; i < zone->name_count; i++) {
        struct static_name *n = &zone->names[i];
        char text[NAME_TEXT];
        const struct zone *in = dns_zone_of(dns, &n->name);
        if (in != zone) {
            if (!is_beside(n, in))
                log_warn("static name %s of zone %s lies in another zone and is not served",
                         name_format(n->name.wire, text), zone->name);
            continue;
        }
        enum err err =
            table_put(dns->table, &n->name, zone, NODE_STATIC, NULL, n->rrsets, n->rrset_count);
        if (err)
            return err;
    }
    return ERR_OK;
}

/* What is above the apex of a zone exists in the zone around it, if there is one. */
static enum err hold_above(struct dns *dns, const struct zone *zone)
{
    struct name above;
    uint8_t size;
    if (zone->apex.labels == 0)
        return ERR_OK;
    name_from_wire(name_tail(&zone->apex, 1, &size), &above);
    const struct zone *around = dns_zone_of(dns, &above);
    return around ? table_hold(dns->table, &above, around) : ERR_OK;
}

/* A zone whose file has nothing but an SOA at its own name has that name all the same. */
static enum err put_apex(struct dns *dns, struct zone *zone)
{
    const struct node *there = table_find(dns->table, zone->apex.wire, zone->apex.size);
    if (there && there->kind == NODE_STATIC)
        return ERR_OK;
    return table_put(dns->table, &zone->apex, zone, NODE_STATIC, NULL, NULL, 0);
}

static enum err fill_table(struct dns *dns, struct dns_fault *fault)
{
    dns->table = table_new(&dns->key);
    enum err err = dns->table ? ERR_OK : ERR_MEMORY;
    for (size_t i = 0; i < dns->zone_count && !err; i++) {
        err = put_static_names(dns, dns->zones[i]);
        if (!err)
            err = put_apex(dns, dns->zones[i]);
    }
    for (size_t i = 0; i < dns->zone_count && !err; i++)
        err = hold_above(dns, dns->zones[i]);
    for (size_t i = 0; i < dns->zone_count && !err; i++)
        err = browse_put(dns, dns->zones[i]);
    return err ? refuse(fault, err, "out of memory", "") : ERR_OK;
}

static enum err start_publishing(struct dns *dns, struct dns_fault *fault)
{
    dns->cells = cells_new("publications");
    return dns->cells ? ERR_OK : refuse(fault, ERR_MEMORY, "out of memory", "");
}

/* ---- life ------------------------------------------------------------------------------- */

struct dns *dns_new(struct dns_config *config, const struct hash_key *key, struct dns_fault *fault)
{
    struct dns *dns = calloc(1, sizeof(*dns));
    *fault = (struct dns_fault){0};
    if (!dns) {
        dns_config_deinit(config);
        refuse(fault, ERR_MEMORY, "out of memory", "");
        return NULL;
    }
    TAILQ_INIT(&dns->waiting_leaves);
    dns->config = *config;
    *config = (struct dns_config){0};
    dns->key = *key;
    if (start_publishing(dns, fault) || load_keys(dns, fault) || load_zones(dns, fault) ||
        note_inner_zones(dns, fault) || fill_table(dns, fault) || start_reverse(dns, fault)) {
        dns_free(dns);
        return NULL;
    }
    dns_start_serials(dns);
    return dns;
}

void dns_free(struct dns *dns)
{
    if (!dns)
        return;
    dns_unpublish(dns);
    cells_release(dns->cells);
    leaves_free(dns);
    reverse_free(dns->reverse);
    table_free(dns->table);
    for (size_t i = 0; i < dns->zone_count; i++)
        zone_free(dns->zones[i]);
    free(dns->zones);
    tsig_keyring_free(dns->keyring);
    dns_config_deinit(&dns->config);
    free(dns);
}

static void reclaim(struct rcu_late *late)
{
    dns_free((struct dns *)((char *)late - offsetof(struct dns, late)));
}

void dns_retire(struct dns *dns)
{
    if (dns)
        rcu_defer(&dns->late, reclaim);
}

/* ---- questions of the registry and of operators ------------------------------------------ */

static bool serves(const struct zone *zone, struct text ns)
{
    return zone->ns && text_is(text_of(zone->ns), ns);
}

bool dns_serves_namespace(const struct dns *dns, struct text ns)
{
    for (size_t i = 0; i < dns->zone_count; i++)
        if (serves(dns->zones[i], ns))
            return true;
    return false;
}

static bool is_taken(const struct dns *dns, const struct zone *zone, struct text service,
                     struct text id)
{
    struct name at_service, at_instance;
    const struct name *name = &at_service;
    if (name_join(service, &zone->apex, &at_service))
        return false;
    if (id.n) {
        if (name_join(id, &at_service, &at_instance))
            return false;
        name = &at_instance;
    }
    const struct node *node = table_find(dns->table, name->wire, name->size);
    return (node && node->kind == NODE_STATIC) || table_occluded(dns->table, name, zone) ||
           (dns->records && records_has(dns->records, &zone->apex, name));
}

bool dns_name_taken(const struct dns *dns, struct text ns, struct text service, struct text id)
{
    for (size_t i = 0; i < dns->zone_count; i++)
        if (serves(dns->zones[i], ns) && is_taken(dns, dns->zones[i], service, id))
            return true;
    return false;
}

struct dns_totals dns_totals(const struct dns *dns)
{
    struct dns_totals totals = dns->totals;
    totals.zones = dns->zone_count;
    totals.names = table_count(dns->table);
    totals.views = dns->published.count;
    return totals;
}

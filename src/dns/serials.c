/* SOA serials: where they begin, what makes them grow, how they go on in a struct dns that
 * takes another's place. */
#include "dns/dns.h"

#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "dns/state.h"
#include "dns/zone_log.h"
#include "dns/zone_pin.h"

enum { SOA_NUMBERS = 20 }; /* bytes at the end of its RDATA, the serial first */

static void set_serial(struct zone *zone, uint32_t serial)
{
    atomic_store_explicit(&zone->serial, serial, memory_order_release);
}

/* After 2^32 - 1 they go on with 1. */
static uint32_t after(uint32_t serial)
{
    return serial + 1 ? serial + 1 : 1;
}

void dns_start_serials(struct dns *dns)
{
    dns->serial = dns->config.serial ? dns->config.serial : 1;
    for (size_t i = 0; i < dns->zone_count; i++)
        if (!dns->zones[i]->fixed && zone_serial(dns->zones[i]) > dns->serial)
            dns->serial = zone_serial(dns->zones[i]);
    for (size_t i = 0; i < dns->zone_count; i++)
        if (!dns->zones[i]->fixed)
            set_serial(dns->zones[i], dns->serial);
}

/* The next serial of a zone that changed: one step of the number that all have in common
 * for all in one turn, but a zone that nothing changes at run time counts for itself. */
static uint32_t next_serial(struct dns *dns, const struct zone *zone, bool *stepped)
{
    if (zone->fixed)
        return after(zone_serial(zone));
    if (!*stepped)
        dns->serial = after(dns->serial);
    *stepped = true;
    return dns->serial;
}

void dns_step_serials(struct dns *dns)
{
    bool stepped = false;
    for (size_t i = 0; i < dns->zone_count; i++) {
        struct zone *zone = dns->zones[i];
        zone->dirty &= !zone->shown;
        zone->shown = false;
        if (!zone->dirty) {
            zone_log_begin(zone, zone_serial(zone));
            continue;
        }
        uint32_t serial = next_serial(dns, zone, &stepped);
        zone->dirty = false;
        zone_log_step(zone, serial);
        zone_pin_unref(zone->pin); /* it holds what was */
        zone->pin = NULL;
        set_serial(zone, serial); /* after the views: who sees it sees what it stands for */
    }
}

uint32_t dns_serial(const struct dns *dns)
{
    return dns->serial;
}

/* ---- a reload ---------------------------------------------------------------------------- */

struct digest {
    const struct hash_key *key;
    uint64_t value;
};

static void add(struct digest *d, const void *bytes, size_t size)
{
    uint64_t both[2] = {d->value, hash_bytes(d->key, bytes, size)};
    d->value = hash_bytes(d->key, both, sizeof(both));
}

static void add_number(struct digest *d, uint64_t number)
{
    add(d, &number, sizeof(number));
}

static void add_name(struct digest *d, const struct static_name *n)
{
    add(d, n->name.wire, n->name.size);
    for (uint32_t i = 0; i < n->rrset_count; i++) {
        const struct rrset *set = &n->rrsets[i];
        add_number(d, (uint64_t)set->type << 48 | (uint64_t)set->count << 32 | set->ttl);
        for (uint32_t at = 0; at < set->count; at++)
            add(d, set->rdata[at], set->sizes[at]);
    }
}

static void add_rule(struct digest *d, const struct dns_rule *rule)
{
    const uint32_t numbers[] = {rule->ttl, rule->negative_ttl, rule->srv_weight_scale, rule->stale};
    add(d, rule->glob, strlen(rule->glob));
    add(d, numbers, sizeof(numbers));
}

static uint32_t file_serial(const struct zone *zone)
{
    return get_u32(zone->soa + zone->soa_size - SOA_NUMBERS);
}

/* Of all that the configuration and the zone file say of a zone's contents, but the serial. */
static uint64_t digest_of(const struct zone *zone, const struct hash_key *key)
{
    struct digest d = {.key = key};
    const uint32_t numbers[] = {zone->ttl, zone->soa_ttl, zone->negative_ttl,
                                zone->srv_weight_scale};
    const uint8_t *soa = zone->soa + zone->soa_size - SOA_NUMBERS;
    const char *ns = zone->ns ? zone->ns : "";
    add(&d, numbers, sizeof(numbers));
    add(&d, ns, strlen(ns));
    add(&d, zone->soa, zone->soa_size - SOA_NUMBERS);
    add(&d, soa + 4, SOA_NUMBERS - 4);
    for (size_t i = 0; i < zone->name_count; i++)
        add_name(&d, &zone->names[i]);
    for (size_t i = 0; i < zone->rule_count; i++)
        add_rule(&d, &zone->rules[i]);
    return d.value;
}

static void follow(struct zone *zone, const struct zone *old, bool settled,
                   const struct hash_key *key)
{
    uint32_t before = zone_serial(old);
    bool changed = digest_of(zone, key) != digest_of(old, key);
    zone->dirty |= changed;
    if (serial_is_after(file_serial(zone), before)) { /* the operator counts */
        zone->dirty &= !zone->fixed;
        return;
    }
    set_serial(zone, before);
    zone->shown = settled && !changed;
    if (zone->fixed && changed)
        log_warn("zone %s: its file changed and its serial did not grow: it goes on with %u; write "
                 "a higher one into the file, or a restart would bring an old one back",
                 zone->name, after(before));
}

void dns_follow(struct dns *dns, const struct dns *old, const struct registry *registry)
{
    bool settled = old->published_index == registry_index(registry) && !heap_first(&old->waiting);
    for (size_t i = 0; i < dns->zone_count; i++) {
        const struct zone *before = dns_zone_at(old, &dns->zones[i]->apex);
        if (before)
            follow(dns->zones[i], before, settled && !before->dirty, &dns->key);
    }
}

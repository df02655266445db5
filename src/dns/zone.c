#include "dns/zone.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "dns/zone_check.h"
#include "dns/zone_file.h"
#include "dns/zone_log.h"
#include "dns/zone_pin.h"
#include "dns/zone_scan.h"

enum { SPILL_OVER_DEFAULT = 50 }; /* percent */
enum { SOA_NUMBERS = 20, REFRESH_DEFAULT = 60, RETRY_DEFAULT = 10, EXPIRE_DEFAULT = 86400 };

/* ---- from records to RRsets ------------------------------------------------------------ */

/* How much of each kind the zone's store has to hold. */
struct store_size {
    size_t names, rrsets, records, bytes;
};

static struct store_size measure(const struct zone_records *records)
{
    struct store_size s = {0};
    for (size_t i = 0; i < records->count; i++) {
        const struct zone_record *r = &records->items[i], *before = r - 1;
        if (i == 0 || !name_is(&r->owner, &before->owner))
            s.names++;
        if (i == 0 || !zone_same_set(r, before))
            s.rrsets++;
        s.records++;
        s.bytes += r->size;
    }
    return s;
}

/* Where the next of each kind goes. */
struct store {
    struct rrset *rrset;
    const uint8_t **rdata;
    uint16_t *size;
    uint8_t *byte;
};

static void place_record(struct zone *zone, struct store *to, const struct zone_record *r,
                         bool new_name, bool new_set)
{
    if (new_name) {
        zone->names[zone->name_count].name = r->owner;
        zone->names[zone->name_count++].rrsets = to->rrset;
    }
    if (new_set) {
        *to->rrset++ =
            (struct rrset){.type = r->type, .ttl = r->ttl, .rdata = to->rdata, .sizes = to->size};
        zone->names[zone->name_count - 1].rrset_count++;
    }
    struct rrset *set = to->rrset - 1;
    if (r->ttl < set->ttl) /* one TTL for all of a set (RFC 2181 section 5.2) */
        set->ttl = r->ttl;
    set->count++;
    *to->rdata++ = to->byte;
    *to->size++ = r->size;
    memcpy(to->byte, r->rdata, r->size);
    to->byte += r->size;
}

/* Sorted records into names, RRsets and bytes, all in one block. */
static enum err place_all(struct zone *zone, const struct zone_records *records)
{
    struct store_size s = measure(records);
    zone->names = calloc(s.names + 1, sizeof(*zone->names));
    zone->store = calloc(1, s.rrsets * sizeof(struct rrset) + s.records * sizeof(uint8_t *) +
                                s.records * sizeof(uint16_t) + s.bytes + 1);
    if (!zone->names || !zone->store)
        return ERR_MEMORY;
    struct store to = {.rrset = zone->store};
    to.rdata = (const uint8_t **)(to.rrset + s.rrsets);
    to.size = (uint16_t *)(to.rdata + s.records);
    to.byte = (uint8_t *)(to.size + s.records);
    for (size_t i = 0; i < records->count; i++) {
        const struct zone_record *r = &records->items[i], *before = r - 1;
        if (i == 0 || !zone_same_data(r, before))
            place_record(zone, &to, r, i == 0 || !name_is(&r->owner, &before->owner),
                         i == 0 || !zone_same_set(r, before));
        else if (r->ttl < to.rrset[-1].ttl)
            to.rrset[-1].ttl = r->ttl;
    }
    return ERR_OK;
}

/* The file's own TTL and MINIMUM hold where the configuration says nothing; a denial is never
 * remembered for longer than the SOA (RFC 2308 section 5). */
static void settle_ttls(struct zone *zone, const struct zone_record *soa, uint32_t minimum)
{
    if (zone->ttl == DNS_UNSET)
        zone->ttl = soa->ttl;
    zone->soa_ttl = zone->ttl;
    zone->minimum = zone->negative_ttl;
    if (zone->negative_ttl == DNS_UNSET) {
        zone->minimum = minimum;
        zone->negative_ttl = minimum < zone->soa_ttl ? minimum : zone->soa_ttl;
    } else if (zone->negative_ttl > zone->soa_ttl) {
        zone->soa_ttl = zone->negative_ttl;
    }
}

/* Takes the SOA out of the records and into the zone. */
static void take_soa(struct zone *zone, struct zone_records *records)
{
    size_t at = 0;
    while (records->items[at].type != TYPE_SOA)
        at++;
    struct zone_record *soa = &records->items[at];
    zone->soa = soa->rdata;
    zone->soa_size = soa->size;
    uint8_t *numbers = zone->soa + zone->soa_size - SOA_NUMBERS;
    atomic_store_explicit(&zone->serial, get_u32(numbers), memory_order_relaxed);
    settle_ttls(zone, soa, get_u32(numbers + 16));
    put_u32(numbers + 16, zone->minimum);
    memmove(soa, soa + 1, (records->count - at - 1) * sizeof(*soa));
    records->count--;
}

/* ---- a zone without file ---------------------------------------------------------------- */

/* MNAME and RNAME: ns.<zone> and hostmaster.<zone>, which say who answers and name no host;
 * or whom another zone names. */
static enum err make_up_names(const struct zone *zone, const struct zone *like, struct writer *w,
                              struct dns_fault *fault)
{
    struct name mname, rname;
    if (like) {
        write_bytes(w, like->soa, like->soa_size - SOA_NUMBERS);
        return ERR_OK;
    }
    if (name_join(TEXT("ns"), &zone->apex, &mname) ||
        name_join(TEXT("hostmaster"), &zone->apex, &rname)) {
        fault_set(fault, "", 0, 0, "zone name '%.150s' is too long", zone->name);
        return ERR_SYNTAX;
    }
    write_bytes(w, mname.wire, mname.size);
    write_bytes(w, rname.wire, rname.size);
    return ERR_OK;
}

static const struct rrset *apex_servers(const struct zone *zone)
{
    const struct static_name *n = zone_find(zone, &zone->apex);
    for (uint32_t i = 0; n && i < n->rrset_count; i++)
        if (n->rrsets[i].type == TYPE_NS)
            return &n->rrsets[i];
    return NULL;
}

/* The NS records: those servers, or MNAME, with which the SOA in `r` begins. */
static enum err make_up_servers(struct zone_records *records, struct zone_record *r,
                                const struct rrset *servers)
{
    const uint8_t *mname = r->rdata;
    enum err err = ERR_OK;
    r->type = TYPE_NS;
    for (uint32_t i = 0; i < (servers ? servers->count : 1) && !err; i++) {
        struct name server;
        name_from_wire(servers ? servers->rdata[i] : mname, &server);
        r->rdata = server.wire;
        r->size = server.size;
        err = zone_records_add(records, r);
    }
    return err;
}

static enum err make_up(struct zone *zone, const struct zone *like, struct zone_records *records,
                        struct dns_fault *fault)
{
    uint8_t soa[2 * NAME_MAX_WIRE + SOA_NUMBERS];
    struct writer w = writer_of(soa, sizeof(soa));
    const struct rrset *servers = like ? apex_servers(like) : NULL;
    enum err err = make_up_names(zone, servers ? like : NULL, &w, fault);
    if (err)
        return err;
    const uint32_t numbers[] = {1, REFRESH_DEFAULT, RETRY_DEFAULT, EXPIRE_DEFAULT, 0};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
        write_u32(&w, numbers[i]);
    struct zone_record r = {.owner = zone->apex, .ttl = zone->ttl, .type = TYPE_SOA, .file = ""};
    r.rdata = soa;
    r.size = (uint16_t)writer_used(&w);
    err = zone_records_add(records, &r);
    if (!err)
        err = make_up_servers(records, &r, servers);
    if (err)
        fault_set(fault, "", 0, 0, "out of memory");
    return err;
}

/* ---- life ------------------------------------------------------------------------------- */

static enum err copy_rules(struct zone *zone, const struct dns_zone_config *config)
{
    zone->rules = calloc(config->rule_count + 1, sizeof(*zone->rules));
    if (!zone->rules)
        return ERR_MEMORY;
    for (; zone->rule_count < config->rule_count; zone->rule_count++) {
        struct dns_rule *rule = &zone->rules[zone->rule_count];
        *rule = config->rules[zone->rule_count];
        rule->glob = strdup(rule->glob);
        if (!rule->glob)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

static char *denial_of(const struct name *apex)
{
    char shown[NAME_TEXT], *words;
    return asprintf(&words, "%s%s", ZONE_DENIAL, name_format(apex->wire, shown)) < 0 ? NULL : words;
}

static enum err copy_config(struct zone *zone, const struct dns_zone_config *config,
                            struct dns_fault *fault)
{
    struct text name = text_of(config->name);
    if (name_parse(name, &zone->apex)) {
        fault_set(fault, "", 0, 0, "found zone name '%.150s', expected a domain name",
                  config->name);
        return ERR_SYNTAX;
    }
    if (name.n > 1 && name.s[name.n - 1] == '.')
        name.n--;
    zone->name = strndup(name.s, name.n);
    zone->denial = denial_of(&zone->apex);
    zone->denial_size = zone->denial ? strlen(zone->denial) : 0;
    zone->ns = config->ns ? strdup(config->ns) : NULL;
    zone->fixed = !config->ns && !config->reverse && !config->grant_count;
    zone->ttl = config->ttl;
    zone->negative_ttl = config->negative_ttl;
    if (!config->file && zone->ttl == DNS_UNSET)
        zone->ttl = ZONE_TTL_DEFAULT;
    if (!config->file && zone->negative_ttl == DNS_UNSET)
        zone->negative_ttl = ZONE_NEGATIVE_DEFAULT;
    zone->srv_weight_scale = config->srv_weight_scale ? config->srv_weight_scale : 1;
    bool logs = config->journal_max && config->transfer_count; /* else nobody would read it */
    zone->log = logs ? zone_log_new(config->journal_max) : NULL;
    if (!zone->name || !zone->denial || (config->ns && !zone->ns) || (logs && !zone->log) ||
        copy_rules(zone, config)) {
        fault_set(fault, "", 0, 0, "out of memory");
        return ERR_MEMORY;
    }
    return ERR_OK;
}

static void warn_without_ns(const struct zone *zone)
{
    if (!apex_servers(zone))
        log_warn("zone %s has no NS record: no server can be found for it", zone->name);
}

static enum err load(struct zone *zone, const struct dns_zone_config *config,
                     const struct zone *like, struct zone_records *records, struct dns_fault *fault)
{
    enum err err = copy_config(zone, config, fault);
    if (!err)
        err = config->file ? zone_file_read(config, &zone->apex, records, fault)
                           : make_up(zone, like, records, fault);
    if (err)
        return err;
    if (browse_domains(zone, records)) {
        fault_set(fault, "", 0, 0, "out of memory");
        return ERR_MEMORY;
    }
    err = zone_check(records, &zone->apex, fault);
    if (err)
        return err;
    take_soa(zone, records);
    if (place_all(zone, records)) {
        fault_set(fault, "", 0, 0, "out of memory");
        return ERR_MEMORY;
    }
    warn_without_ns(zone);
    return ERR_OK;
}

enum err zone_load(const struct dns_zone_config *config, struct zone **out, struct dns_fault *fault)
{
    return zone_load_like(config, NULL, out, fault);
}

enum err zone_load_like(const struct dns_zone_config *config, const struct zone *like,
                        struct zone **out, struct dns_fault *fault)
{
    struct zone_records records = {0};
    struct zone *zone = calloc(1, sizeof(*zone));
    if (!zone) {
        fault_set(fault, "", 0, 0, "out of memory");
        return ERR_MEMORY;
    }
    enum err err = load(zone, config, like, &records, fault);
    zone_records_deinit(&records);
    if (err)
        zone_free(zone);
    else
        *out = zone;
    return err;
}

static void destroy(struct zone *zone)
{
    for (size_t i = 0; i < zone->rule_count; i++)
        free(zone->rules[i].glob);
    free(zone->rules);
    free(zone->name);
    free(zone->denial);
    free(zone->ns);
    free(zone->soa);
    free(zone->names);
    free(zone->store);
    free(zone->inner);
    free(zone);
}

struct zone *zone_ref(struct zone *zone)
{
    atomic_fetch_add_explicit(&zone->refs, 1, memory_order_relaxed);
    return zone;
}

void zone_unref(struct zone *zone)
{
    if (atomic_fetch_sub_explicit(&zone->refs, 1, memory_order_acq_rel) == 0)
        destroy(zone);
}

void zone_free(struct zone *zone)
{
    if (!zone)
        return;
    zone_log_free(zone->log);
    zone->log = NULL;
    zone_pin_unref(zone->pin);
    zone->pin = NULL;
    zone_unref(zone);
}

const struct static_name *zone_find(const struct zone *zone, const struct name *name)
{
    size_t low = 0, high = zone->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = name_order(name, &zone->names[middle].name);
        if (order == 0)
            return &zone->names[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static void overlay(uint32_t *value, uint32_t rule)
{
    if (rule != DNS_UNSET)
        *value = rule;
}

struct zone_attributes zone_attributes(const struct zone *zone, struct text service)
{
    struct zone_attributes a = {
        .ttl = zone->ttl,
        .negative_ttl = zone->negative_ttl,
        .srv_weight_scale = zone->srv_weight_scale,
        .spill_over = SPILL_OVER_DEFAULT,
    };
    for (size_t i = 0; i < zone->rule_count; i++) {
        const struct dns_rule *rule = &zone->rules[i];
        if (!text_matches(service, rule->glob))
            continue;
        overlay(&a.ttl, rule->ttl);
        overlay(&a.negative_ttl, rule->negative_ttl);
        overlay(&a.max_answers, rule->max_answers);
        overlay(&a.srv_weight_scale, rule->srv_weight_scale);
        overlay(&a.stale, rule->stale);
        overlay(&a.locality, rule->locality);
        overlay(&a.spill_over, rule->spill_over);
    }
    return a;
}

/* One zone: apex, SOA, static records; loaded once from its file by ldns and then
 * read-only, but for the serial. Loading happens before serving or aside of it
 * (reload); ldns never sees bytes from the network.
 */
#ifndef DISC_DNS_ZONE_H
#define DISC_DNS_ZONE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/dns.h"
#include "dns/name.h"
#include "dns/table.h"

struct static_name {
    struct name name;
    struct rrset *rrsets; /* by type */
    uint32_t rrset_count;
};

struct zone {
    struct name apex;
    char *name; /* text, no final dot */
    char *ns;   /* NULL = purely static */
    uint32_t ttl, negative_ttl, srv_weight_scale;
    struct dns_rule *rules;
    size_t rule_count;
    _Atomic uint32_t serial;
    uint8_t *soa; /* RDATA; the last 20 bytes are serial, refresh, retry, expire,
                     minimum (RFC 1035 section 3.3.13) */
    uint16_t soa_size;
    struct static_name *names; /* sorted by name; the apex among them, its SOA not */
    size_t name_count;
    void *store;    /* the names' RRsets and all that these point to */
    bool dirty;     /* changed since its serial moved; control thread only */
    unsigned index; /* place in the dns' list */
};

/* Loads `config->file` (or makes SOA and NS up). Fills *fault and returns ERR_SYNTAX
 * (what is in the file), ERR_SYSTEM (cannot be read) or ERR_MEMORY. Refused: no SOA, a
 * second SOA, out-of-zone names, CNAME beside other data, classes other than IN,
 * $INCLUDE, $GENERATE, lines longer than ldns reads. */
MUST_CHECK enum err zone_load(const struct dns_zone_config *config, struct zone **out,
                              struct dns_fault *fault);
void zone_free(struct zone *zone);

/* The attributes of a service by the zone's rules. */
struct zone_attributes {
    uint32_t ttl, negative_ttl, max_answers, srv_weight_scale;
    uint32_t stale; /* enum dns_stale */
};
struct zone_attributes zone_attributes(const struct zone *zone, struct text service);

#endif

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
#include "dns/browse.h"
#include "dns/dns.h"
#include "dns/name.h"
#include "dns/table.h"

struct static_name {
    struct name name;
    struct rrset *rrsets; /* by type */
    uint32_t rrset_count;
};

struct zone_log;
struct zone_pin;

/* Said of a name that does not exist, in front of the one above it that does. */
#define ZONE_DENIAL "no such name; what exists of it is "

struct zone {
    _Atomic uint32_t refs; /* of pins, beyond its struct dns' own */
    struct name apex;
    char *name;   /* text, no final dot */
    char *denial; /* said of names directly below the apex that do not exist */
    size_t denial_size;
    char *ns;   /* NULL = purely static */
    bool fixed; /* nothing but a reload changes it: its serial is its file's */
    uint32_t ttl, srv_weight_scale;
    uint32_t soa_ttl, minimum; /* of the SOA */
    uint32_t negative_ttl;     /* of denials */
    struct dns_rule *rules;
    size_t rule_count;
    _Atomic uint32_t serial;
    uint8_t *soa; /* RDATA; the last 20 bytes are serial, refresh, retry, expire,
                     minimum (RFC 1035 section 3.3.13) */
    uint16_t soa_size;
    struct static_name *names; /* in canonical order; the apex among them, its SOA not */
    size_t name_count;
    void *store;          /* the names' RRsets and all that these point to */
    struct zone_log *log; /* for IXFR; NULL = none is kept; control thread only */
    struct zone_pin *pin; /* the last one made, see zone_pin.h; control thread only */
    struct name *inner;   /* apexes of other zones of ours below this one: what is at or below
                             them is not this zone's; dns.c sets them */
    size_t inner_count;
    bool dirty;     /* changed since its serial moved */
    bool shown;     /* the first publication shows what was published before (reload) */
    unsigned index; /* place in the dns' list */
    struct browse_list browsed;
};

/* Loads `config->file` and what it includes (or makes SOA and NS up). Fills *fault and
 * returns ERR_SYNTAX (what is in the file), ERR_SYSTEM (cannot be read) or ERR_MEMORY.
 * Refused: no SOA, a second SOA, out-of-zone names, classes other than IN, signed zones,
 * lines longer than ldns reads, and what zone_check refuses. */
MUST_CHECK enum err zone_load(const struct dns_zone_config *config, struct zone **out,
                              struct dns_fault *fault);
/* The same; what is made up names the servers of the zone `like`, where it has some (NULL =
 * none). */
MUST_CHECK enum err zone_load_like(const struct dns_zone_config *config, const struct zone *like,
                                   struct zone **out, struct dns_fault *fault);
/* Gives the owner's reference back, and the log and the pin; accepts NULL. */
void zone_free(struct zone *zone);
/* One reference more, for who reads what does not change beyond the life of its struct dns. */
struct zone *zone_ref(struct zone *zone);
void zone_unref(struct zone *zone);

static inline uint32_t zone_serial(const struct zone *zone)
{
    return atomic_load_explicit(&zone->serial, memory_order_acquire);
}

/* Does a come after b? (RFC 1982 section 3.2) */
static inline bool serial_is_after(uint32_t a, uint32_t b)
{
    return a != b && a - b < UINT32_C(0x80000000);
}

/* The zone file's records at a name, be they served or occluded; NULL = none. */
const struct static_name *zone_find(const struct zone *zone, const struct name *name);

/* The attributes of a service by the zone's rules. */
struct zone_attributes {
    uint32_t ttl, negative_ttl, max_answers, srv_weight_scale;
    uint32_t stale;      /* enum dns_stale */
    uint32_t locality;   /* enum dns_locality */
    uint32_t spill_over; /* percent */
};
struct zone_attributes zone_attributes(const struct zone *zone, struct text service);

#endif

/* DNS-based service discovery (RFC 6763): what can be browsed of a zone. A list of the
 * services that have live instances, changed by one writer (publish.c) in constant time and
 * walked by any worker (respond_browse.c); and the names under which all this is found.
 * Zone transfers call the helpers. */
#ifndef DISC_DNS_BROWSE_H
#define DISC_DNS_BROWSE_H

#include <stdint.h>

#include "base/err.h"
#include "base/rcu.h"
#include "dns/name.h"
#include "dns/view.h"

struct dns;
struct slot;
struct zone;
struct zone_records;

/* A service in the list. */
struct browse_entry {
    _Atomic(struct browse_entry *) next;
    struct browse_entry *previous; /* the writer's */
    const struct slot *slot;       /* leads to the view, which has the service's name */
    _Atomic uint8_t protocols;     /* bits 1 << PROTOCOL_TCP, 1 << PROTOCOL_UDP */
};

/* A service's place in the list. An entry that left is not listed again, so that who stands on it
 * goes on to the end and meets none twice: `first` serves for the first time, and later ones are
 * made for each. Begins as zeros. */
struct browse_place {
    struct browse_entry *entry; /* NULL = not listed */
    struct browse_entry first;
};

struct browse_list {
    _Atomic(struct browse_entry *) first;
};

/* The protocols by which a live instance of the service can be reached, as such bits. */
uint8_t browse_protocols(const struct view *v);

/* Control thread: lists the service with these protocols, or not at all (0). ERR_MEMORY: nothing
 * changed. Place and slot must outlive, by a grace period, that they are listed. */
MUST_CHECK enum err browse_list_set(struct browse_list *list, struct browse_place *place,
                                    const struct slot *slot, uint8_t protocols);
void browse_list_clear(struct browse_list *list, struct browse_place *place);
/* Frees what the place holds; no reader may be left. */
void browse_place_deinit(struct browse_place *place);

/* How many of a protocol's instances can be browsed: of those that are not heard from only
 * where there are no others, as PTR has no field that tells. They stand first in the set. */
uint32_t browse_count(const struct srv_set *set);
uint32_t browse_parts(const struct srv_set *set); /* the parts in which these stand */

/* `_services._dns-sd._udp` below the apex; false: the name would be too long. */
bool browse_types_name(const struct zone *zone, struct name *out);
/* `_S._tcp`, with the underscore before the service's first label. */
bool browse_service_name(struct text service, enum protocol protocol, const struct zone *zone,
                         struct name *out);

/* Adds what says that the zone is to be browsed (section 11): b, db, r, dr and lb below
 * `_dns-sd._udp`, each where the zone's file has nothing of its own. ERR_MEMORY. */
MUST_CHECK enum err browse_domains(const struct zone *zone, struct zone_records *records);

/* Puts the name of the list into the table, where nothing of the zone file is or hides it. */
MUST_CHECK enum err browse_put(struct dns *dns, struct zone *zone);

#endif

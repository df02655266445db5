/* The records of a zone file and of those it includes, checked one by one; what they are
 * together is the matter of zone_check.c and zone.c, which use this. */
#ifndef DISC_DNS_ZONE_FILE_H
#define DISC_DNS_ZONE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/dns.h"
#include "dns/name.h"
#include "dns/wire.h"

enum { ZONE_TTL_DEFAULT = 5, ZONE_NEGATIVE_DEFAULT = 2 }; /* seconds, where nobody says it */

struct zone_record {
    struct name owner;
    uint32_t ttl;
    uint16_t type, size;
    unsigned line, column;
    bool address;     /* a name in its data is written like an address */
    const char *file; /* of the list it is in */
    uint8_t *rdata;   /* uncompressed wire form */
};

struct zone_records {
    struct zone_record *items;
    size_t count, capacity;
    char **files; /* the zone file and those it includes */
    size_t file_count;
};

/* Reads `config->file`. ERR_SYNTAX · ERR_SYSTEM · ERR_MEMORY with *fault; whatever was
 * read before stays in `out`, which the caller frees. */
MUST_CHECK enum err zone_file_read(const struct dns_zone_config *config, const struct name *apex,
                                   struct zone_records *out, struct dns_fault *fault);
/* Adds one; copies `rdata`, not `file`. ERR_MEMORY. */
MUST_CHECK enum err zone_records_add(struct zone_records *r, const struct zone_record *record);
void zone_records_deinit(struct zone_records *r);

#endif

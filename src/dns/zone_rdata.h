/* Types and RDATA of zone files, by ldns. The only place that calls it; it gets one
 * record at a time, scanned before, and what it returns is checked again, since it
 * takes more than the RFCs allow. Used by zone_file.c only. */
#ifndef DISC_DNS_ZONE_RDATA_H
#define DISC_DNS_ZONE_RDATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"
#include "dns/zone_fields.h"

/* "SRV", "TYPE65280" (RFC 3597). */
bool zone_type_parse(const char *text, uint16_t *out);
enum { ZONE_TYPE_TEXT = 24 };
/* The other way round; returns `out`. */
const char *zone_type_format(uint16_t type, char out[static ZONE_TYPE_TEXT]);
/* Types of questions and of signalling, which no zone holds (RFC 6895 section 3.1). */
bool zone_type_is_meta(uint16_t type);
/* Signatures, keys and proofs of absence (RFC 4034, RFC 5155): what only a signed zone has. */
bool zone_type_is_dnssec(uint16_t type);

/* "300", "1h30m": seconds, at most 2^31 - 1 (RFC 2181 section 8). ERR_SYNTAX · ERR_VALUE
 * when it is more. */
MUST_CHECK enum err zone_ttl_parse(const char *text, uint32_t *out);

/* The data of one record from its text; `*rdata` belongs to the caller. ERR_SYNTAX, with
 * *wrong filled · ERR_MEMORY. */
MUST_CHECK enum err zone_rdata_parse(const char *type_text, uint16_t type, const char *text,
                                     const struct name *origin, uint8_t **rdata, uint16_t *size,
                                     struct zone_wrong *wrong);

#endif

/* What the records of a zone file are together: rules that no single line can break. Used by
 * zone.c only. */
#ifndef DISC_DNS_ZONE_CHECK_H
#define DISC_DNS_ZONE_CHECK_H

#include "base/err.h"
#include "dns/dns.h"
#include "dns/name.h"
#include "dns/zone_file.h"

/* Sorts the records by owner (in canonical order), type and data. ERR_SYNTAX with *fault: a
 * CNAME or DNAME beside what it may not stand beside, anything below a DNAME, a DS without
 * delegation, a delegation to a server below it whose address is missing. What can be
 * served, but is most likely a mistake, is logged as a warning. */
MUST_CHECK enum err zone_check(struct zone_records *records, const struct name *apex,
                               struct dns_fault *fault);

bool zone_same_set(const struct zone_record *a, const struct zone_record *b);
bool zone_same_data(const struct zone_record *a, const struct zone_record *b);

#endif

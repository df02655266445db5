/* What changed in a zone from serial to serial, for IXFR (RFC 1995): a bounded list of
 * counted deltas, oldest dropped first. Filled by publish.c and leaf.c as they swap what is
 * published; read by transfers, which pin what they need. Control thread only. */
#ifndef DISC_DNS_ZONE_LOG_H
#define DISC_DNS_ZONE_LOG_H

#include <stdint.h>

#include "dns/leaf.h"
#include "dns/view.h"
#include "dns/zone.h"

/* Notes the difference between what was and what is, record by record; either may be
 * NULL. Does nothing where the zone keeps no log. When memory lacks the log begins anew
 * (secondaries then get the whole zone). */
void zone_log_view(struct zone *zone, const struct view *old, const struct view *new);
void zone_log_leaf(struct zone *zone, const struct leaf *old, const struct leaf *new);
/* All that was noted since the last step is what leads to `serial`. */
void zone_log_step(struct zone *zone, uint32_t serial);

#endif

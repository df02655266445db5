/* The record-by-record difference of what is published at a name or for a service. For
 * zone_log.c. */
#ifndef DISC_DNS_ZONE_LOG_DIFFERENCE_H
#define DISC_DNS_ZONE_LOG_DIFFERENCE_H

#include "dns/view_records.h"
#include "dns/zone_log.h"

/* Each tells zone_log_note what went and what came; either side may be NULL. */
void zone_log_leaf_difference(struct zone_log *log, const struct leaf *old, const struct leaf *new);
/* Costs what changed: slices and parts that both views have are passed over. `key`: of the
 * slices. False: memory lacks. */
MUST_CHECK bool zone_log_view_difference(struct zone *zone, const struct hash_key *key,
                                         const struct view *old, unsigned old_places,
                                         const struct view *new, unsigned new_places);
/* A part of that: of one kind, VIEW_A to VIEW_TYPE_UDP, whose TTLs are equal. */
MUST_CHECK bool zone_log_whole_difference(struct zone_log *log, const struct view_source *old,
                                          const struct view_source *new, unsigned kind);

#endif

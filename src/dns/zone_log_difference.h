/* The record-by-record difference of what is published at a name or for a service. For
 * zone_log.c. */
#ifndef DISC_DNS_ZONE_LOG_DIFFERENCE_H
#define DISC_DNS_ZONE_LOG_DIFFERENCE_H

#include "dns/zone_log.h"

/* Each tells zone_log_note what went and what came; either side may be NULL. */
void zone_log_leaf_difference(struct zone_log *log, const struct leaf *old, const struct leaf *new);
/* One instance changed out of many costs little more than looking at all of them. False:
 * memory lacks. */
MUST_CHECK bool zone_log_view_difference(struct zone *zone, const struct view *old,
                                         unsigned old_places, const struct view *new,
                                         unsigned new_places);

#endif

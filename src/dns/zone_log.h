/* What changed in a zone from serial to serial, for IXFR (RFC 1995): a bounded list of
 * counted deltas, oldest dropped first. Filled by publish.c and leaf_publish.c as they swap
 * what is published; read by transfers, which pin what they need. Control thread only, but
 * for deltas that are pinned. */
#ifndef DISC_DNS_ZONE_LOG_H
#define DISC_DNS_ZONE_LOG_H

#include <stdint.h>

#include "dns/leaf.h"
#include "dns/rr.h"
#include "dns/view.h"
#include "dns/zone.h"

/* One step of the serial: records in wire form, uncompressed, first those that went, then
 * those that came. Immutable and counted. */
struct delta {
    _Atomic uint32_t refs;
    uint32_t from, to; /* serials */
    uint64_t end;      /* bytes of this one and all before it, as they go out */
    size_t removed_size, added_size;
    uint8_t bytes[];
};

struct zone_log *zone_log_new(size_t max); /* bytes of deltas; NULL when memory lacks */
void zone_log_free(struct zone_log *log);  /* accepts NULL */

/* Notes the difference between what was and what is, record by record; either may be
 * NULL. `places`: the names under which it can be found (enum view_place), as bits; `key`: of
 * the views' slices. Does
 * nothing where the zone keeps no log. When memory lacks the log begins anew (secondaries
 * then get the whole zone). */
void zone_log_view(struct zone *zone, const struct hash_key *key, const struct view *old,
                   unsigned old_places, const struct view *new, unsigned new_places);
void zone_log_leaf(struct zone *zone, const struct leaf *old, const struct leaf *new);
/* All that was noted since the last step is what leads to `serial`. */
void zone_log_step(struct zone *zone, uint32_t serial);
/* The zone is published for the first time: only now the log begins, since nobody has seen
 * what was before. Does nothing later. */
void zone_log_begin(struct zone *zone, uint32_t serial);

/* For those who find the differences: what went, or came. */
void zone_log_note(struct zone_log *log, bool added, const struct rr *rr);

/* The deltas that lead from a serial to the zone's current one, oldest first, each counted
 * once more, in a list that is the caller's. ERR_NOT_FOUND: they are not all there, or
 * larger than the zone itself · ERR_MEMORY. */
MUST_CHECK enum err zone_log_since(const struct zone_log *log, uint32_t from, struct delta ***out,
                                   size_t *count);
void delta_unref(struct delta *delta);

#endif

/* The records of a transfer, in their order: of the zone as it is pinned, or of the
 * differences that lead to it. */
#ifndef DISC_DNS_TRANSFER_WALK_H
#define DISC_DNS_TRANSFER_WALK_H

#include "dns/rr.h"
#include "dns/view_records.h"
#include "dns/zone_log.h"
#include "dns/zone_pin.h"

enum walk_shape {
    WALK_SOA,         /* the SOA alone: nothing new, or no room for more */
    WALK_WHOLE,       /* SOA, everything else, SOA (RFC 5936 section 2.2) */
    WALK_DIFFERENCES, /* SOA, for each step old SOA, what went, new SOA, what came, SOA
                         (RFC 1995 section 4) */
};

struct walk {
    enum walk_shape shape;
    struct zone *zone;     /* counted */
    uint32_t serial;       /* to which it leads */
    struct zone_pin *pin;  /* WHOLE: counted */
    struct delta **deltas; /* DIFFERENCES: each counted */
    size_t delta_count;
    /* Where it stands. */
    unsigned phase;
    size_t item, sub, place; /* what these count depends on the phase */
    struct view_source source;
    struct view_scratch scratch;
    uint8_t *soa; /* RDATA, with the serial of the SOA met last */
};

/* Takes over `pin` and `deltas` (also on failure), whichever the shape needs; counts the zone.
 * ERR_MEMORY. */
MUST_CHECK enum err walk_init(struct walk *w, enum walk_shape shape, struct zone *zone,
                              struct zone_pin *pin, struct delta **deltas, size_t delta_count);
void walk_deinit(struct walk *w);

/* The next record, good until the next call; false: that was all. */
bool walk_next(struct walk *w, struct rr *out);
/* The SOA to which it leads, good until the next call. */
void walk_soa(struct walk *w, struct rr *out);

#endif

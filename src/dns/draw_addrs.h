/* What the files that draw addresses one by one have in common (draw_addrs*.c): whose addresses
 * count, and the passes over a long selection that a client's own ones take. */
#ifndef DISC_DNS_DRAW_ADDRS_H
#define DISC_DNS_DRAW_ADDRS_H

#include "dns/distinct.h"
#include "dns/draw.h"

/* Whose addresses count: those of the best priority, and of weight 0 only when nobody
 * there has more, since A and AAAA have no field that tells clients so. */
struct survey {
    uint16_t priority;
    uint16_t weight_max; /* at least the largest that there is; where a few are drawn of many */
    bool weighted;
    uint32_t zeros; /* addresses of weight 0 */
    uint32_t addresses;
};

static inline bool survey_counts(const struct survey *s, const struct view_instance *i)
{
    return i->priority == s->priority && (i->weight || !s->weighted);
}

static inline struct draw draw_only(const struct draw *d, enum tier tier)
{
    struct draw part = *d;
    part.tiered = true;
    part.tier = tier;
    return part;
}

static inline uint16_t draw_address_size(const struct draw_addrs *a)
{
    return a->family == FAMILY_V4 ? 4 : 16;
}

/* An instance's addresses of the family. */
static inline const uint8_t *draw_addresses(const struct view_instance *i, enum family family,
                                            unsigned *count)
{
    *count = family == FAMILY_V4 ? i->v4_count : i->v6_count;
    return family == FAMILY_V4 ? instance_v4(i) : instance_v6(i);
}

/* Adds to worker->seen what may come to be among those that it keeps, of all that are selected,
 * or are in the tier. `s`: where it says that nobody has a weight, that may show here. */
void draw_add_stable(const struct draw *d, const struct draw_addrs *a, struct survey *s,
                     enum tier tier);

/* Sums up for the addresses that were drawn, and are in worker->picker, the weights of all that
 * have them: of who is selected in the nearest `tiers`. */
void draw_weigh(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                enum tier tiers);

#endif

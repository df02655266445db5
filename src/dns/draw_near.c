/* How near instances are to the asker. */
#include "dns/draw.h"

_Static_assert(ARRAY_COUNT(((struct near_masks *)0)->of) == TIER_FAR, "one for each near tier");

static struct near_masks masks_of(const struct view *v, const struct near *near, uint32_t slice)
{
    struct near_masks masks = {{0}};
    if (near->masks)
        return near->masks[slice];
    for (enum tier tier = TIER_ZONE; tier < TIER_FAR; tier++)
        if (near->of[tier])
            masks.of[tier] = slice_selected(v->slices[slice], near->of[tier], NULL, 1);
    return masks;
}

static enum tier tier_in(const struct near_masks *masks, uint32_t place)
{
    for (enum tier tier = TIER_ZONE; tier < TIER_FAR; tier++)
        if (masks->of[tier] >> place % SLICE_MAX & 1)
            return tier;
    return TIER_FAR;
}

enum tier draw_tier(const struct view *v, const struct near *near, uint32_t place)
{
    if (!near->known)
        return TIER_FAR;
    struct near_masks masks = masks_of(v, near, place / SLICE_MAX);
    return tier_in(&masks, place);
}

uint64_t draw_tier_mask(const struct view *v, const struct near *near, uint32_t slice,
                        enum tier tier)
{
    struct near_masks masks = masks_of(v, near, slice);
    uint64_t mask = tier < TIER_FAR ? masks.of[tier] : v->slices[slice]->live;
    for (enum tier nearer = TIER_ZONE; nearer < tier; nearer++)
        mask &= ~masks.of[nearer];
    return mask;
}

enum tier draw_next_tier(const struct view *v, const struct near *near, struct near_cursor *c,
                         uint32_t place)
{
    uint32_t slice = place / SLICE_MAX;
    if (c->slice != slice + 1) {
        c->slice = slice + 1;
        c->masks = masks_of(v, near, slice);
    }
    return tier_in(&c->masks, place);
}

uint16_t draw_priority(const struct view *v, const struct near *near, uint16_t registered,
                       enum tier tier)
{
    enum { HIGHEST = (STALE_PRIORITY - TIERS) / TIERS };
    if (!near->known || registered >= STALE_PRIORITY || v->priority_max > HIGHEST)
        return registered;
    return (uint16_t)(registered * TIERS + tier);
}

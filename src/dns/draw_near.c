/* How near instances are to the asker. */
#include "dns/draw.h"

/* The first place in the list that is not before the instance. */
static uint32_t place_of(const struct selector *s, uint32_t instance)
{
    uint32_t low = 0, high = s->live_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->live[middle] < instance)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum tier draw_tier(const struct near *near, uint32_t instance)
{
    struct near_cursor c = {{UINT32_MAX, UINT32_MAX}};
    return near->known ? draw_next_tier(near, &c, instance) : TIER_FAR;
}

/* Steps by one where that is enough, as it is when all are walked. */
static bool has_next(const struct selector *s, uint32_t *at, uint32_t instance)
{
    if (*at < s->live_count && s->live[*at] < instance)
        ++*at;
    bool placed = *at <= s->live_count && (*at == s->live_count || s->live[*at] >= instance) &&
                  (*at == 0 || s->live[*at - 1] < instance);
    if (!placed)
        *at = place_of(s, instance);
    return *at < s->live_count && s->live[*at] == instance;
}

enum tier draw_next_tier(const struct near *near, struct near_cursor *c, uint32_t instance)
{
    for (enum tier tier = TIER_ZONE; tier < TIER_FAR; tier++)
        if (near->of[tier] && has_next(near->of[tier], &c->at[tier], instance))
            return tier;
    return TIER_FAR;
}

uint16_t draw_priority(const struct view *v, const struct near *near, uint16_t registered,
                       enum tier tier)
{
    enum { HIGHEST = (STALE_PRIORITY - TIERS) / TIERS };
    if (!near->known || registered >= STALE_PRIORITY || v->priority_max > HIGHEST)
        return registered;
    return (uint16_t)(registered * TIERS + tier);
}

#include "dns/zone_pin.h"

#include <stdlib.h>

#include "base/attr.h"
#include "dns/leaf_publish.h"

enum { AHEAD = 16 }; /* of views to be let go, so that each is not waited for */

static size_t leaf_count(const struct dns *dns, const struct zone *zone)
{
    size_t count = 0;
    for (size_t cursor = 0; leaf_next(dns, zone, &cursor);)
        count++;
    return count;
}

/* There is room for all that is published. */
static void pin_views(struct zone_pin *pin, const struct dns *dns)
{
    struct published some[PUBLISHED_AT_ONCE];
    size_t cursor = 0, count;
    while ((count = dns_published_some(dns, &cursor, some, ARRAY_COUNT(some))))
        for (size_t i = 0; i < count; i++)
            if (some[i].zone == pin->zone)
                pin->views[pin->view_count++] =
                    (struct pinned_view){view_ref(some[i].view), some[i].places};
}

static void pin_leaves(struct zone_pin *pin, const struct dns *dns)
{
    struct leaf *leaf;
    for (size_t cursor = 0; (leaf = leaf_next(dns, pin->zone, &cursor));)
        pin->leaves[pin->leaf_count++] = leaf_ref(leaf);
}

static struct zone_pin *pin_new(const struct dns *dns, struct zone *zone)
{
    struct zone_pin *pin = calloc(1, sizeof(*pin));
    if (!pin)
        return NULL;
    atomic_init(&pin->refs, 1);
    pin->zone = zone_ref(zone);
    pin->serial = zone_serial(zone);
    pin->views = malloc((dns->published.count + 1) * sizeof(*pin->views));
    pin->leaves = malloc((leaf_count(dns, zone) + 1) * sizeof(struct leaf *));
    if (!pin->views || !pin->leaves) {
        zone_pin_unref(pin);
        return NULL;
    }
    pin_views(pin, dns);
    pin_leaves(pin, dns);
    return pin;
}

struct zone_pin *zone_pin(const struct dns *dns, struct zone *zone)
{
    if (!zone->pin)
        zone->pin = pin_new(dns, zone);
    if (zone->pin)
        atomic_fetch_add_explicit(&zone->pin->refs, 1, memory_order_relaxed);
    return zone->pin;
}

void zone_pin_unref(struct zone_pin *pin)
{
    if (!pin || atomic_fetch_sub_explicit(&pin->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < pin->view_count; i++) {
        if (pin->view_count - i > AHEAD)
            __builtin_prefetch(pin->views[i + AHEAD].view, 1);
        view_unref(pin->views[i].view);
    }
    for (size_t i = 0; i < pin->leaf_count; i++)
        leaf_unref(pin->leaves[i]);
    zone_unref(pin->zone);
    free(pin->views);
    free(pin->leaves);
    free(pin);
}

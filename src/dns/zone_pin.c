#include "dns/zone_pin.h"

#include <stdlib.h>

#include "dns/leaf_publish.h"

static void count(const struct dns *dns, const struct zone *zone, size_t *views, size_t *leaves)
{
    struct published p;
    *views = *leaves = 0;
    for (size_t cursor = 0; dns_published_next(dns, &cursor, &p);)
        *views += p.zone == zone;
    for (size_t cursor = 0; leaf_next(dns, zone, &cursor);)
        ++*leaves;
}

static void fill(struct zone_pin *pin, const struct dns *dns)
{
    struct published p;
    struct leaf *leaf;
    for (size_t cursor = 0; dns_published_next(dns, &cursor, &p);)
        if (p.zone == pin->zone)
            pin->views[pin->view_count++] = (struct pinned_view){view_ref(p.view), p.places};
    for (size_t cursor = 0; (leaf = leaf_next(dns, pin->zone, &cursor));)
        pin->leaves[pin->leaf_count++] = leaf_ref(leaf);
}

static struct zone_pin *pin_new(const struct dns *dns, struct zone *zone)
{
    size_t views, leaves;
    struct zone_pin *pin = calloc(1, sizeof(*pin));
    if (!pin)
        return NULL;
    count(dns, zone, &views, &leaves);
    atomic_init(&pin->refs, 1);
    pin->zone = zone_ref(zone);
    pin->serial = zone_serial(zone);
    pin->views = malloc((views + 1) * sizeof(*pin->views));
    pin->leaves = malloc((leaves + 1) * sizeof(struct leaf *));
    if (!pin->views || !pin->leaves) {
        zone_pin_unref(pin);
        return NULL;
    }
    fill(pin, dns);
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
    for (size_t i = 0; i < pin->view_count; i++)
        view_unref(pin->views[i].view);
    for (size_t i = 0; i < pin->leaf_count; i++)
        leaf_unref(pin->leaves[i]);
    zone_unref(pin->zone);
    free(pin->views);
    free(pin->leaves);
    free(pin);
}

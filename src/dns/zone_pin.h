/* One version of a zone, held in memory while it is transferred: the zone's static data, the
 * views and the leaves that were published when its serial was this. Made by the control
 * thread; immutable and counted, so that a transfer may read it in any thread and for as long
 * as it takes, while publishing goes on. */
#ifndef DISC_DNS_ZONE_PIN_H
#define DISC_DNS_ZONE_PIN_H

#include "dns/leaf.h"
#include "dns/state.h"
#include "dns/view.h"
#include "dns/zone.h"

struct pinned_view {
    struct view *view;
    unsigned places; /* enum view_place */
};

struct zone_pin {
    _Atomic uint32_t refs;
    struct zone *zone;
    uint32_t serial;
    struct pinned_view *views;
    struct leaf **leaves;
    size_t view_count, leaf_count;
};

/* Control thread: the zone as it is published now; the same one again while its serial
 * stands, if nothing changed since (publishing and the step of the serial are one turn). The
 * caller's reference. NULL when memory lacks. */
struct zone_pin *zone_pin(const struct dns *dns, struct zone *zone);
void zone_pin_unref(struct zone_pin *pin); /* accepts NULL; any thread */

#endif

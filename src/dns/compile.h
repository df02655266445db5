/* Compiles a registered service into a view. Called by publish.c, on the control thread. */
#ifndef DISC_DNS_COMPILE_H
#define DISC_DNS_COMPILE_H

#include "base/err.h"
#include "base/hash.h"
#include "dns/view.h"
#include "dns/zone.h"
#include "registry/registry.h"

struct compile_context {
    const struct registry *registry;
    const struct zone *zone;
    char *const *selectors;     /* metadata keys that are selectors; ends with NULL; may be NULL */
    const struct hash_key *key; /* of slice_number */
};

/* The whole service anew. The view is the caller's, with one reference. Instances whose names
 * would be too long are left out. ERR_MEMORY. */
MUST_CHECK enum err compile_view(const struct compile_context *c, const struct service *service,
                                 struct view **out);

/* The view that follows `old`, made anew only in what the registry says has changed since
 * old->index; at a cost of the slices touched, of who else has their port names, and of listing
 * what all slices have: a few numbers for each, and for each of its priorities (struct
 * view_shared: listed).
 * Falls back on compile_view where that cannot be said, or where it costs less (a service of one
 * slice, many changes, other bounds for its slices). ERR_MEMORY: `old` is as it was. */
MUST_CHECK enum err compile_next(const struct compile_context *c, const struct service *service,
                                 const struct view *old, struct view **out);

/* Instances that a service of so many slices may have before compile_next makes more of them:
 * for tests. */
enum { SLICE_FILL = 32 };

#endif

/* A place in the list of services, by names, so that it outlives the services around it, and
 * the walk from there.
 * Used inside http/ only. */
#ifndef DISC_HTTP_SERVICE_PLACE_H
#define DISC_HTTP_SERVICE_PLACE_H

#include "registry/registry.h"

struct service_place {
    bool set; /* else in front of the first */
    char ns[NAMESPACE_MAX + 1], name[SERVICE_MAX + 1];
};

bool service_is_behind(const struct service *s, const struct service_place *p);

/* The next one of `ns` (empty: of all), where *p is then; NULL, and *p stays: there is none.
 * When the service at *p was forgotten the walk begins anew: who uses this passes over what is
 * not behind the last one that he told of. */
const struct service *service_step(const struct registry *r, struct text ns,
                                   struct service_place *p);

uint32_t service_live(const struct service *s, struct moment now);

#endif

/* Where the asker is, and what that made of the answer, as JSON. Part of explain.c. */
#ifndef DISC_DNS_EXPLAIN_PLACE_H
#define DISC_DNS_EXPLAIN_PLACE_H

#include <jansson.h>

#include "dns/respond.h"

/* "zone", "region", "far" */
const char *explain_tier_text(enum tier tier);

/* Adds `place` (the network that matched, its zone and region; null where none did) and
 * `near` (of the service: who is preferred, and why not); 0 = done, else memory lacks. */
int explain_place(const struct respond *r, const struct near *near, json_t *out);

#endif

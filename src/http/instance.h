/* One instance as JSON. Used inside http/ only. */
#ifndef DISC_HTTP_INSTANCE_H
#define DISC_HTTP_INSTANCE_H

#include <jansson.h>

#include "registry/registry.h"

/* Among its service's answers: up, not stale, and its lease runs. */
bool instance_is_live(const struct instance_state *state, struct moment now);

/* A new reference; NULL when memory lacks. */
json_t *instance_json(const struct instance *instance, struct moment now);

/* What it sets, {} for nothing. */
json_t *instance_override_json(const struct override *o);
/* JSON's own integers end at 2^63 here; what is larger (a `rev` may be) is a text. */
json_t *instance_number(uint64_t n);

#endif

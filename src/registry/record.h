/* Questions about a record beside record_fault(): its key, the weight it asks for,
 * and whether one is weaker than another. Used inside registry/ only. */
#ifndef DISC_REGISTRY_RECORD_H
#define DISC_REGISTRY_RECORD_H

#include "registry/registry.h"

struct instance_key record_key(const struct record *record);

/* `weight` when set, else the metadata value under `weight_key` when that is a
 * number from 0 to 65535, else WEIGHT_DEFAULT. `weight_key` may be NULL. */
uint16_t record_weight(const struct record *record, const char *weight_key);

/* Would answers made from `now` lack something that those made from `before` had:
 * an address or a port is gone, or the priority is worse. Status and weight are
 * not looked at: overrides decide about them too. */
bool record_is_weaker(const struct record *now, const struct record *before);

/* Are they at the same addresses, in whatever order? */
bool record_is_at(const struct record *a, const struct record *b);

#endif

/* Registering what is not there yet. Everything that can fail, for lack of memory or
 * by the rules, is done before the first visible step.
 *
 * Used by register.c only. */
#ifndef DISC_REGISTRY_CREATE_H
#define DISC_REGISTRY_CREATE_H

#include "registry/state.h"

/* `displaced`, when not NULL, is another owner's instance of this very name whose
 * lease has run out: it is evicted when nothing else stands in the way.
 * ERR_STALE · ERR_EXISTS · ERR_FULL · ERR_MEMORY, as registry_register. */
MUST_CHECK enum err create(struct registry *r, const struct record *record, const struct path *path,
                           const struct principal *who, struct instance *displaced,
                           struct moment now, struct granted *out);

/* Seconds granted to this record; 0 = permanent. */
uint32_t lease_granted(const struct registry_config *config, const struct record *record);

#endif

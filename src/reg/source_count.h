/* How many subscriptions each address holds. Called by subscription.c. */
#ifndef DISC_REG_SOURCE_COUNT_H
#define DISC_REG_SOURCE_COUNT_H

#include "base/addr.h"
#include "base/hash.h"
#include "base/map.h"

/* One more. ERR_FULL: it has `max` (never for loopback) · ERR_MEMORY. */
MUST_CHECK enum err source_count_up(struct map *sources, const struct hash_key *key,
                                    const struct addr *addr, uint32_t max);
/* One less; it was counted up. */
void source_count_down(struct map *sources, const struct hash_key *key, const struct addr *addr);

#endif

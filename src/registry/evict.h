/* The end of what expired: which instances go now, which are kept as stale.
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_EVICT_H
#define DISC_REGISTRY_EVICT_H

#include "registry/state.h"

/* Everybody's guard was judged anew: what is held may be free. */
void evict_release(struct registry *r);
/* At most `budget` instances go or become stale; true when some are left that could. */
bool evict_turn(struct registry *r, struct moment now, unsigned budget, registry_visit *visit,
                void *context);
/* When evict_turn has something to do: lease ms, 0 = now. */
uint64_t evict_next(const struct registry *r);

#endif

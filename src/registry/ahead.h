/* Heartbeats that arrive many at a time: what each of them will read is far apart in
 * memory and none of it is in the cache, so it is asked for while others are worked on.
 *
 *     for each n:  registry_ahead(r, key[n], &sight[n]);
 *     for each n:  registry_ahead_closer(r, &sight[n]);   once or twice
 *     for each n:  registry_renew_seen(r, key[n], &sight[n], ...);
 *
 * Only speed depends on it. Part of the front header registry/registry.h. */
#ifndef DISC_REGISTRY_AHEAD_H
#define DISC_REGISTRY_AHEAD_H

#include "registry/registry.h"

/* Holds good for one key and one registry, whatever happens in between. */
struct sight {
    uint64_t hash;                   /* of the full name; 0 = no name that can be stored */
    const struct instance *instance; /* what the last step came to; may be gone by now */
};

/* Hashes the name, and asks for the place in the table. */
void registry_ahead(const struct registry *r, struct instance_key key, struct sight *out);
/* One step further: first for the instance, then for its service and its host. Between
 * registry_ahead() and here nothing may have changed the registry. */
void registry_ahead_closer(const struct registry *r, struct sight *sight);

/* registry_renew() of the key that `sight` was made of, which spares the hashing. */
MUST_CHECK enum err registry_renew_seen(struct registry *r, struct instance_key key,
                                        const struct sight *sight, const struct principal *who,
                                        struct moment now, struct granted *out);

#endif

/* Owners: each principal that holds something is kept once, with the number of
 * its instances for the quota. It exists while it holds an instance.
 *
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_OWNER_H
#define DISC_REGISTRY_OWNER_H

#include "base/map.h"
#include "registry/registry.h"

struct owner {
    struct principal principal;
    uint64_t hash;
    uint32_t instances;
};

bool principal_is(const struct principal *a, const struct principal *b);
bool owner_is(const struct owner *owner, const struct principal *who);

/* NULL when this principal holds nothing. */
struct owner *owner_find(const struct map *owners, const struct hash_key *key,
                         const struct principal *who);
/* The owner, made when there is none; NULL when memory lacks. Give it back with
 * owner_release when it gets no instance. */
struct owner *owner_get(struct pool *pool, struct map *owners, const struct hash_key *key,
                        const struct principal *who);
/* Frees it when it holds no instance. */
void owner_release(struct pool *pool, struct map *owners, struct owner *owner);

#endif

/* The full name of a service ("ns/svc/") or an instance ("ns/svc/inst") as one run
 * of bytes: what the tables hash, what tombstones keep and what group digests
 * cover. No name holds a '/', so two different keys never give the same path.
 *
 * Used inside registry/ only. Knows nothing of what is stored under a name. */
#ifndef DISC_REGISTRY_PATH_H
#define DISC_REGISTRY_PATH_H

#include "base/hash.h"
#include "registry/registry.h"

enum { PATH_BYTES_MAX = NAMESPACE_MAX + 1 + SERVICE_MAX + 1 + INSTANCE_ID_MAX };

struct path {
    uint64_t hash; /* keyed */
    size_t size;
    char bytes[PATH_BYTES_MAX];
};

/* False when a part is longer than any stored one can be: then nothing is there.
 * The parts are taken as they are, valid names or not. */
bool path_of_service(const struct hash_key *key, struct text ns, struct text service,
                     struct path *out);
bool path_of_instance(const struct hash_key *key, struct instance_key name, struct path *out);

/* The parts of "ns/svc/inst", as slices of it. */
struct instance_key path_key(struct text path);

static inline struct text path_text(const struct path *path)
{
    return (struct text){path->bytes, path->size};
}

#endif

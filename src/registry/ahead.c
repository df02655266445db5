#include "registry/ahead.h"

#include "registry/state.h"

void registry_ahead(const struct registry *r, struct instance_key key, struct sight *out)
{
    struct path path;
    *out = (struct sight){0};
    if (!path_of_instance(&r->key, key, &path))
        return;
    out->hash = path.hash;
    map_prefetch(&r->instances, path.hash);
}

void registry_ahead_closer(const struct registry *r, struct sight *sight)
{
    if (!sight->hash)
        return;
    if (!sight->instance) {
        sight->instance = map_guess(&r->instances, sight->hash);
        if (sight->instance)
            instance_prefetch(sight->instance);
        return;
    }
    service_prefetch(sight->instance->service);
}

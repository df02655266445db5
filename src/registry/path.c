#include "registry/path.h"

static void append(struct path *path, struct text t)
{
    if (t.n)
        memcpy(path->bytes + path->size, t.s, t.n);
    path->size += t.n;
}

static bool append_service(struct path *path, struct text ns, struct text service)
{
    if (ns.n > NAMESPACE_MAX || service.n > SERVICE_MAX)
        return false;
    path->size = 0;
    append(path, ns);
    append(path, TEXT("/"));
    append(path, service);
    append(path, TEXT("/"));
    return true;
}

bool path_of_service(const struct hash_key *key, struct text ns, struct text service,
                     struct path *out)
{
    if (!append_service(out, ns, service))
        return false;
    out->hash = hash_bytes(key, out->bytes, out->size);
    return true;
}

bool path_of_instance(const struct hash_key *key, struct instance_key name, struct path *out)
{
    if (name.id.n > INSTANCE_ID_MAX || !append_service(out, name.ns, name.service))
        return false;
    append(out, name.id);
    out->hash = hash_bytes(key, out->bytes, out->size);
    return true;
}

struct instance_key path_key(struct text path)
{
    struct instance_key key;
    key.ns = text_cut(&path, '/');
    key.service = text_cut(&path, '/');
    key.id = path;
    return key;
}

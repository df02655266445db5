#include "store/key.h"

static size_t append(char *out, size_t at, struct text t)
{
    if (t.n)
        memcpy(out + at, t.s, t.n);
    return at + t.n;
}

struct text key_join(struct instance_key key, char out[static KEY_MAX])
{
    if (key.ns.n > NAMESPACE_MAX || key.service.n > SERVICE_MAX || key.id.n > INSTANCE_ID_MAX)
        return (struct text){NULL, 0};
    size_t n = append(out, 0, key.ns);
    out[n++] = '/';
    n = append(out, n, key.service);
    if (key.id.n) {
        out[n++] = '/';
        n = append(out, n, key.id);
    }
    return (struct text){out, n};
}

bool key_split(struct text key, bool has_id, struct instance_key *out)
{
    out->ns = text_cut(&key, '/');
    out->service = has_id ? text_cut(&key, '/') : key;
    out->id = has_id ? key : (struct text){NULL, 0};
    if (has_id && !text_is_label(out->id, INSTANCE_ID_MAX))
        return false;
    return text_is_label(out->ns, NAMESPACE_MAX) && service_name_is_valid(out->service);
}

#include "http/namespaces.h"

#include "http/reply.h"

void namespaces_get(struct call *call)
{
    const struct http_backend *backend = &call->http->backend;
    json_t *list = backend->namespaces(backend->context);

    reply_json(call, list ? json_pack("{s:o}", "namespaces", list) : NULL);
}

bool namespace_is_served(const struct http *http, struct text ns)
{
    const struct http_backend *backend = &http->backend;
    json_t *list, *one;
    size_t n;
    bool found = false;

    if (registry_service_next(backend->registry, ns, NULL))
        return true;
    list = backend->namespaces(backend->context);
    json_array_foreach(list, n, one) found =
        found || text_is(ns, text_of(json_string_value(json_object_get(one, "name"))));
    found = found || !list; /* memory lacks */
    json_decref(list);
    return found;
}

/* GET /v1/namespaces: what is served, from the configuration. */
#include "http/reply.h"

void namespaces_get(struct call *call)
{
    const struct http_backend *backend = &call->http->backend;
    json_t *list = backend->namespaces(backend->context);

    reply_json(call, list ? json_pack("{s:o}", "namespaces", list) : NULL);
}

/* GET /v1/explain: how the answer to a DNS question comes about. */
#include "http/reply.h"

enum {
    EXPLAIN_NAME_MAX = 1004, /* 253 bytes, each perhaps written as \DDD */
    EXPLAIN_TYPE_MAX = 16,
    EXPLAIN_BYTES_MAX = 1024 * 1024,
};

static bool is_type(struct text t)
{
    if (t.n == 0 || t.n > EXPLAIN_TYPE_MAX)
        return false;
    for (size_t n = 0; n < t.n; n++) {
        char c = ascii_lower(t.s[n]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return false;
    }
    return true;
}

struct question {
    struct text name, type;
    struct addr client;
    bool client_given;
};

/* What is wrong with it, or NULL. */
static const char *read_question(const struct uri_query *query, struct question *out)
{
    struct text client = uri_query_get(query, "client");

    *out = (struct question){
        .name = uri_query_get(query, "name"),
        .type = uri_query_get(query, "type"),
        .client_given = client.n > 0,
    };
    if (!out->name.n)
        return "give the name to look up: ?name=hello-svc.disc.local&type=SRV";
    if (out->name.n > EXPLAIN_NAME_MAX)
        return "name is longer than any name of the DNS";
    if (!out->type.n)
        return "give the type of record: &type=SRV (or A, AAAA, TXT ...)";
    if (!is_type(out->type))
        return "type is a word such as SRV, A, AAAA or TYPE65";
    if (client.s && addr_parse(client, &out->client) != ERR_OK)
        return "client is an IP address, such as 10.0.0.7 or 2001:db8::7";
    return NULL;
}

static int count(const char *bytes, size_t n, void *context)
{
    size_t *total = context;

    (void)bytes;
    *total += n;
    return *total > EXPLAIN_BYTES_MAX ? -1 : 0;
}

static bool is_too_long(const json_t *json)
{
    size_t total = 0;

    return json_dump_callback(json, count, &total, JSON_COMPACT) != 0 && total > EXPLAIN_BYTES_MAX;
}

void explain_get(struct call *call)
{
    const struct http_backend *backend = &call->http->backend;
    struct question q;
    const char *fault = read_question(&call->query, &q);

    if (fault) {
        reply_problem(call->http, call->request, 400, "%s", fault);
        return;
    }
    json_t *json =
        backend->explain(backend->context, q.name.s, q.type.s, q.client_given ? &q.client : NULL);
    const char *refused = json_string_value(json_object_get(json, "error"));
    if (refused) {
        reply_problem(call->http, call->request, 400, "%s", refused);
        json_decref(json);
    } else if (json && is_too_long(json)) {
        reply_problem(call->http, call->request, 503,
                      "the explanation is longer than 1 MiB: ask for one instance's name instead");
        json_decref(json);
    } else {
        reply_json(call, json);
    }
}

/* GET /v1/records: a page of the plain records, which UPDATE made. */
#include "http/reply.h"

enum { LIMIT_DEFAULT = 1000, LIMIT_MAX = 10000 };

void records_get(struct call *call)
{
    const struct http_backend *backend = &call->http->backend;
    struct text after = uri_query_get(&call->query, "after"),
                limit = uri_query_get(&call->query, "limit");
    uint64_t place = 0, number = LIMIT_DEFAULT;

    if (after.n && text_number(after, INT64_MAX, &place) != ERR_OK)
        reply_problem(call->http, call->request, 400,
                      "after is what \"next\" said in the page before, a number");
    else if (limit.s && (text_number(limit, LIMIT_MAX, &number) != ERR_OK || number == 0))
        reply_problem(call->http, call->request, 400, "limit is a number from 1 to 10000");
    else
        reply_json(call, backend->records(backend->context, place, (size_t)number));
}

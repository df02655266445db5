#include "http/route.h"

static const struct route routes[] = {
    {EVHTTP_REQ_GET, "/v1/status", false, status_get},
    {EVHTTP_REQ_GET, "/v1/services", false, services_get},
    {EVHTTP_REQ_GET, "/v1/services/*", false, service_get_one},
    {EVHTTP_REQ_GET, "/v1/explain", false, explain_get},
    {EVHTTP_REQ_GET, "/v1/records", false, records_get},
    {EVHTTP_REQ_GET, "/v1/guard", false, guard_get},
    {EVHTTP_REQ_POST, "/v1/guard", true, guard_post},
    {EVHTTP_REQ_POST, "/v1/evict", true, evict_post},
};

/* Segments are split before they are decoded: an escaped '/' is a byte like others. */
static enum route_result match(const char *pattern, const char *path,
                               char captured[static SEGMENT_MAX + 1])
{
    struct text want = text_of(pattern), have = text_of(path);

    captured[0] = '\0';
    while (want.s && have.s) {
        struct text wanted = text_cut(&want, '/'), raw = text_cut(&have, '/');
        char segment[SEGMENT_MAX + 1];
        enum err err = uri_decode(raw, false, segment, sizeof(segment));
        if (err == ERR_SYNTAX)
            return ROUTE_BAD_PATH;
        if (err)
            return ROUTE_NO_PATH;
        if (text_is(wanted, TEXT("*")) && *segment)
            memcpy(captured, segment, sizeof(segment));
        else if (!text_is(wanted, text_of(segment)))
            return ROUTE_NO_PATH;
    }
    return want.s || have.s ? ROUTE_NO_PATH : ROUTE_FOUND;
}

static bool method_is(const struct route *route, enum evhttp_cmd_type method)
{
    return route->method == method ||
           (route->method == EVHTTP_REQ_GET && method == EVHTTP_REQ_HEAD);
}

enum route_result route_find(enum evhttp_cmd_type method, const char *path,
                             const struct route **route, char captured[static SEGMENT_MAX + 1])
{
    enum route_result result = ROUTE_NO_PATH;

    for (size_t n = 0; n < ARRAY_COUNT(routes); n++) {
        enum route_result matched = match(routes[n].pattern, path, captured);
        if (matched == ROUTE_BAD_PATH)
            return matched;
        if (matched != ROUTE_FOUND)
            continue;
        if (method_is(&routes[n], method)) {
            *route = &routes[n];
            return ROUTE_FOUND;
        }
        result = ROUTE_NO_METHOD;
    }
    return result;
}

static const char *method_text(enum evhttp_cmd_type method)
{
    switch ((int)method) {
    case EVHTTP_REQ_GET: return "GET, HEAD";
    case EVHTTP_REQ_POST: return "POST";
    case EVHTTP_REQ_PUT: return "PUT";
    case EVHTTP_REQ_PATCH: return "PATCH";
    case EVHTTP_REQ_DELETE: return "DELETE";
    default: return "";
    }
}

void route_allowed(const char *path, char out[static ROUTE_ALLOW_MAX])
{
    char captured[SEGMENT_MAX + 1];
    size_t used = 0;

    out[0] = '\0';
    for (size_t n = 0; n < ARRAY_COUNT(routes); n++) {
        struct text method = text_of(method_text(routes[n].method));
        if (match(routes[n].pattern, path, captured) != ROUTE_FOUND ||
            used + method.n + 3 > ROUTE_ALLOW_MAX)
            continue;
        if (used) {
            memcpy(out + used, ", ", 2);
            used += 2;
        }
        memcpy(out + used, method.s, method.n + 1);
        used += method.n;
    }
}

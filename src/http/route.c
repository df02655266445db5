#include "http/route.h"

#include <stdio.h>

static const struct route routes[] = {
    {EVHTTP_REQ_GET, "/v1/status", ROUTE_READS, status_get, NULL},
    {EVHTTP_REQ_GET, "/v1/namespaces", ROUTE_READS, namespaces_get, NULL},
    {EVHTTP_REQ_GET, "/v1/services", ROUTE_READS, services_get, NULL},
    {EVHTTP_REQ_GET, "/v1/services/*", ROUTE_READS, service_get_one, "where"},
    {EVHTTP_REQ_POST, "/v1/services/*/instances", ROUTE_WRITES, instance_post, NULL},
    {EVHTTP_REQ_GET, "/v1/services/*/instances/*", ROUTE_READS, instance_get, NULL},
    {EVHTTP_REQ_PUT, "/v1/services/*/instances/*", ROUTE_WRITES, instance_put, NULL},
    {EVHTTP_REQ_PATCH, "/v1/services/*/instances/*", ROUTE_WRITES, instance_patch, NULL},
    {EVHTTP_REQ_DELETE, "/v1/services/*/instances/*", ROUTE_WRITES, instance_delete, NULL},
    {EVHTTP_REQ_POST, "/v1/services/*/instances/*/renew", ROUTE_WRITES, instance_renew, NULL},
    {EVHTTP_REQ_GET, "/v1/services/*/instances/*/override", ROUTE_READS, overrides_get, NULL},
    {EVHTTP_REQ_PUT, "/v1/services/*/instances/*/override", ROUTE_WRITES, overrides_put, NULL},
    {EVHTTP_REQ_PATCH, "/v1/services/*/instances/*/override", ROUTE_WRITES, overrides_patch, NULL},
    {EVHTTP_REQ_DELETE, "/v1/services/*/instances/*/override", ROUTE_WRITES, overrides_delete,
     NULL},
    {EVHTTP_REQ_GET, "/v1/explain", ROUTE_READS, explain_get, NULL},
    {EVHTTP_REQ_GET, "/v1/records", ROUTE_READS, records_get, NULL},
    {EVHTTP_REQ_GET, "/metrics", ROUTE_READS, metrics_get, NULL},
    {EVHTTP_REQ_GET, "/v1/guard", ROUTE_READS, guard_get, NULL},
    {EVHTTP_REQ_POST, "/v1/guard", ROUTE_WRITES, guard_post, NULL},
    {EVHTTP_REQ_POST, "/v1/evict", ROUTE_WRITES, evict_post, NULL},
    {EVHTTP_REQ_POST, "/api/register", ROUTE_CLIENTS, goapi_register, "*"},
    {EVHTTP_REQ_POST, "/api/renew", ROUTE_CLIENTS, goapi_renew, "*"},
    {EVHTTP_REQ_POST, "/api/cancel", ROUTE_CLIENTS, goapi_cancel, "*"},
    {EVHTTP_REQ_POST, "/api/fetch", ROUTE_READS, goapi_fetch, "*"},
    {EVHTTP_REQ_POST, "/api/fetchall", ROUTE_READS, goapi_fetchall, "*"},
    {EVHTTP_REQ_POST, "/api/nodes", ROUTE_READS, goapi_nodes, "*"},
    {EVHTTP_REQ_POST, "/discovery/register", ROUTE_CLIENTS, bili_register, "*"},
    {EVHTTP_REQ_POST, "/discovery/renew", ROUTE_CLIENTS, bili_renew, "*"},
    {EVHTTP_REQ_POST, "/discovery/cancel", ROUTE_CLIENTS, bili_cancel, "*"},
    {EVHTTP_REQ_POST, "/discovery/set", ROUTE_CLIENTS, bili_set, "*"},
    {EVHTTP_REQ_GET, "/discovery/fetch", ROUTE_READS, bili_fetch, "*"},
    {EVHTTP_REQ_GET, "/discovery/fetchs", ROUTE_READS, bili_fetchs, "*"},
    {EVHTTP_REQ_GET, "/discovery/fetch/all", ROUTE_READS, bili_fetch_all, "*"},
    {EVHTTP_REQ_GET, "/discovery/poll", ROUTE_READS, bili_poll, "*"},
    {EVHTTP_REQ_GET, "/discovery/polls", ROUTE_READS, bili_polls, "*"},
    {EVHTTP_REQ_GET, "/discovery/nodes", ROUTE_READS, bili_nodes, "*"},
};

/* Segments are split before they are decoded: an escaped '/' is a byte like others. */
static enum route_result match(const char *pattern, const char *path,
                               char captured[static CAPTURES_MAX][SEGMENT_MAX + 1])
{
    struct text want = text_of(pattern), have = text_of(path);
    unsigned count = 0;

    for (unsigned n = 0; n < CAPTURES_MAX; n++)
        captured[n][0] = '\0';
    while (want.s && have.s) {
        struct text wanted = text_cut(&want, '/'), raw = text_cut(&have, '/');
        char segment[SEGMENT_MAX + 1];
        enum err err = uri_decode(raw, false, segment, sizeof(segment));
        if (err == ERR_SYNTAX)
            return ROUTE_BAD_PATH;
        if (err)
            return ROUTE_NO_PATH;
        if (text_is(wanted, TEXT("*")) && *segment)
            memcpy(captured[count++], segment, sizeof(segment));
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
                             const struct route **route,
                             char captured[static CAPTURES_MAX][SEGMENT_MAX + 1])
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
    char captured[CAPTURES_MAX][SEGMENT_MAX + 1];
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

/* Each pattern stands in consecutive rows. What does not fit is left out. */
const char *route_list(char out[static ROUTE_LIST_MAX])
{
    const char *before = "";
    size_t used = 0;

    out[0] = '\0';
    for (size_t n = 0; n < ARRAY_COUNT(routes); n++) {
        const char *pattern = routes[n].pattern;
        size_t size = strlen(pattern);
        if (strncmp(pattern, "/v1/", 4) != 0 || strcmp(pattern, before) == 0 ||
            used + size + 3 > ROUTE_LIST_MAX)
            continue;
        if (used)
            used += (size_t)snprintf(out + used, ROUTE_LIST_MAX - used, ", ");
        memcpy(out + used, pattern, size + 1);
        used += size;
        before = pattern;
    }
    return out;
}

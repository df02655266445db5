#include "http/route.h"

#include <stdio.h>

static const struct route routes[] = {
    {EVHTTP_REQ_GET, "/v1/status", ROUTE_READS, status_get, NULL, ""},
    {EVHTTP_REQ_GET, "/v1/namespaces", ROUTE_READS, namespaces_get, NULL, ""},
    {EVHTTP_REQ_GET, "/v1/services", ROUTE_READS, services_get, NULL,
     "ns q after limit index wait stream"},
    {EVHTTP_REQ_GET, "/v1/services/*", ROUTE_READS, service_get_one, "where",
     "ns status live where after limit index wait stream"},
    {EVHTTP_REQ_POST, "/v1/services/*/instances", ROUTE_WRITES, instance_post, NULL, "ns"},
    {EVHTTP_REQ_GET, "/v1/services/*/instances/*", ROUTE_READS, instance_get, NULL, "ns"},
    {EVHTTP_REQ_PUT, "/v1/services/*/instances/*", ROUTE_WRITES, instance_put, NULL, "ns"},
    {EVHTTP_REQ_PATCH, "/v1/services/*/instances/*", ROUTE_WRITES, instance_patch, NULL, "ns"},
    {EVHTTP_REQ_DELETE, "/v1/services/*/instances/*", ROUTE_WRITES, instance_delete, NULL,
     "ns rev"},
    {EVHTTP_REQ_POST, "/v1/services/*/instances/*/renew", ROUTE_WRITES, instance_renew, NULL, "ns"},
    {EVHTTP_REQ_GET, "/v1/services/*/instances/*/override", ROUTE_READS, overrides_get, NULL, "ns"},
    {EVHTTP_REQ_PUT, "/v1/services/*/instances/*/override", ROUTE_WRITES, overrides_put, NULL,
     "ns"},
    {EVHTTP_REQ_PATCH, "/v1/services/*/instances/*/override", ROUTE_WRITES, overrides_patch, NULL,
     "ns"},
    {EVHTTP_REQ_DELETE, "/v1/services/*/instances/*/override", ROUTE_WRITES, overrides_delete, NULL,
     "ns"},
    {EVHTTP_REQ_GET, "/v1/overrides", ROUTE_READS, overrides_get_all, NULL, "ns after limit"},
    {EVHTTP_REQ_GET, "/v1/explain", ROUTE_READS, explain_get, NULL, "name type client"},
    {EVHTTP_REQ_GET, "/v1/records", ROUTE_READS, records_get, NULL, "after limit"},
    {EVHTTP_REQ_GET, "/metrics", ROUTE_READS, metrics_get, NULL, NULL},
    {EVHTTP_REQ_GET, "/v1/guard", ROUTE_READS, guard_get, NULL, "after"},
    {EVHTTP_REQ_POST, "/v1/guard", ROUTE_WRITES, guard_post, NULL, ""},
    {EVHTTP_REQ_POST, "/v1/evict", ROUTE_WRITES, evict_post, NULL, ""},
    {EVHTTP_REQ_POST, "/api/register", ROUTE_CLIENTS, goapi_register, "*", NULL},
    {EVHTTP_REQ_POST, "/api/renew", ROUTE_CLIENTS, goapi_renew, "*", NULL},
    {EVHTTP_REQ_POST, "/api/cancel", ROUTE_CLIENTS, goapi_cancel, "*", NULL},
    {EVHTTP_REQ_POST, "/api/fetch", ROUTE_READS, goapi_fetch, "*", NULL},
    {EVHTTP_REQ_POST, "/api/fetchall", ROUTE_READS, goapi_fetchall, "*", NULL},
    {EVHTTP_REQ_POST, "/api/nodes", ROUTE_READS, goapi_nodes, "*", NULL},
    {EVHTTP_REQ_POST, "/discovery/register", ROUTE_CLIENTS, bili_register, "*", NULL},
    {EVHTTP_REQ_POST, "/discovery/renew", ROUTE_CLIENTS, bili_renew, "*", NULL},
    {EVHTTP_REQ_POST, "/discovery/cancel", ROUTE_CLIENTS, bili_cancel, "*", NULL},
    {EVHTTP_REQ_POST, "/discovery/set", ROUTE_CLIENTS, bili_set, "*", NULL},
    {EVHTTP_REQ_GET, "/discovery/fetch", ROUTE_READS, bili_fetch, "*", NULL},
    {EVHTTP_REQ_GET, "/discovery/fetchs", ROUTE_READS, bili_fetchs, "*", NULL},
    {EVHTTP_REQ_GET, "/discovery/fetch/all", ROUTE_READS, bili_fetch_all, "*", NULL},
    {EVHTTP_REQ_GET, "/discovery/poll", ROUTE_READS, bili_poll, "*", NULL},
    {EVHTTP_REQ_GET, "/discovery/polls", ROUTE_READS, bili_polls, "*", NULL},
    {EVHTTP_REQ_GET, "/discovery/nodes", ROUTE_READS, bili_nodes, "*", NULL},
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

bool route_takes(const struct route *route, struct text name)
{
    struct text rest = text_of(route->parameters);

    while (rest.n)
        if (text_is(name, text_cut(&rest, ' ')))
            return true;
    return !route->parameters;
}

/* How much of a pattern is listed: of those for clients of other registries, who know them, the
 * front. */
static struct text listed(const char *pattern)
{
    struct text rest = text_of(pattern), whole = rest;

    (void)text_cut(&rest, '/');
    struct text front = text_cut(&rest, '/');
    bool ours = text_is(front, TEXT("v1")) || !rest.n;
    return ours ? whole : (struct text){whole.s, front.n + 2};
}

/* What is listed alike stands in consecutive rows. What does not fit is left out. */
const char *route_list(char out[static ROUTE_LIST_MAX])
{
    struct text before = {NULL, 0};
    size_t used = 0;

    out[0] = '\0';
    for (size_t n = 0; n < ARRAY_COUNT(routes); n++) {
        struct text one = listed(routes[n].pattern);
        bool whole = one.s[one.n - 1] != '/';
        if (text_is(before, one) || used + one.n + 4 > ROUTE_LIST_MAX)
            continue;
        used += (size_t)snprintf(out + used, ROUTE_LIST_MAX - used, "%s%.*s%s", used ? ", " : "",
                                 TEXT_ARG(one), whole ? "" : "*");
        before = one;
    }
    return out;
}

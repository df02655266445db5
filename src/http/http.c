#include "http/http.h"

#include <event2/buffer.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <sodium.h>
#include <stdlib.h>

#include "http/host.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/stream.h"

void http_config_deinit(struct http_config *config)
{
    for (char **host = config->hosts; host && *host; host++)
        free(*host);
    free(config->hosts);
    free(config->listen);
    if (config->token)
        sodium_memzero(config->token, strlen(config->token));
    free(config->token);
    *config = (struct http_config){0};
}

void http_configure(struct http *http, struct http_config *config)
{
    http_config_deinit(&http->config);
    http->config = *config;
    *config = (struct http_config){0};
    http->access = access_of(&http->config);
}

struct http *http_new(struct http_config *config, const struct http_backend *backend)
{
    struct http *http = calloc(1, sizeof(*http));

    if (!http)
        return NULL;
    http->backend = *backend;
    TAILQ_INIT(&http->streams);
    TAILQ_INIT(&http->ready);
    http->turn = stream_turn_new(http);
    if (!http->turn) {
        free(http);
        return NULL;
    }
    http->started_ms = backend->now(backend->context).wall_ms;
    http_configure(http, config);
    return http;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    stream_close_all(http);
    event_free(http->turn);
    http_config_deinit(&http->config);
    sodium_memzero(&http->access, sizeof(http->access));
    free(http);
}

void http_closed(struct http *http, struct evhttp_connection *connection)
{
    stream_closed(http, connection);
}

const struct http_counters *http_counters(const struct http *http)
{
    return &http->counters;
}

/* RFC 9112 section 3.2: exactly one Host since HTTP/1.1; the host of an absolute
 * target goes before it, so both must be ours. */
static struct refusal check_host(const struct http_config *config, struct evhttp_request *request)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *target = evhttp_uri_get_host(uri);
    struct text host = {NULL, 0};

    for (const struct evkeyval *h = headers->tqh_first; h; h = h->next.tqe_next) {
        if (!text_is_nocase(text_of(h->key), TEXT("host")))
            continue;
        if (host.s)
            return (struct refusal){400, "send one Host header, not several"};
        host = text_of(h->value);
    }
    if (!host.s && (request->major > 1 || request->minor >= 1))
        return (struct refusal){400, "send a Host header"};
    if ((host.s && !host_is_allowed(config, host)) ||
        (target && !host_is_allowed(config, text_of(target))))
        return (struct refusal){421, "this server does not answer to that host: use its address, "
                                     "or add the name to http.hosts"};
    return (struct refusal){0};
}

static struct addr sender(struct evhttp_request *request)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    const struct sockaddr *sa = connection ? evhttp_connection_get_addr(connection) : NULL;
    struct endpoint from;

    if (!sa || endpoint_from_sockaddr(sa, &from) != ERR_OK)
        return (struct addr){.family = FAMILY_NONE};
    return from.addr;
}

static struct refusal check_access(const struct http *http, struct evhttp_request *request,
                                   bool writes)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    struct asker asker = {
        .from = sender(request),
        .headers = evhttp_request_get_input_headers(request),
        .writes = writes,
        .has_body = evhttp_request_get_command(request) != EVHTTP_REQ_DELETE ||
                    evbuffer_get_length(body) > 0,
    };
    return access_check(&http->access, &http->config, &asker);
}

static void refuse(struct http *http, struct evhttp_request *request, struct refusal refusal)
{
    if (refusal.status == 401)
        reply_header(request, "WWW-Authenticate", "Bearer realm=\"disc\"");
    reply_problem(http, request, refusal.status, "%s", refusal.detail);
}

static void refuse_route(struct http *http, struct evhttp_request *request,
                         enum route_result result, const char *path)
{
    if (result == ROUTE_NO_METHOD) {
        char allow[ROUTE_ALLOW_MAX];
        route_allowed(path, allow);
        reply_header(request, "Allow", allow);
        reply_problem(http, request, 405, "use one of: %s", allow);
    } else if (result == ROUTE_BAD_PATH) {
        reply_problem(http, request, 400,
                      "the path is not well encoded: write %%XX with two hexadecimal digits, "
                      "and no %%00");
    } else {
        reply_problem(http, request, 404,
                      "no such path; there are /v1/status, /v1/services, /v1/services/NAME, "
                      "/v1/explain, /v1/guard and /v1/evict");
    }
}

static void call_route(struct call *call, const struct route *route)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(call->request);
    enum err err = uri_query_parse(evhttp_uri_get_query(uri), &call->query);

    if (err == ERR_OK)
        route->handle(call);
    else if (err == ERR_MEMORY)
        reply_problem(call->http, call->request, 503, "out of memory; try again later");
    else
        reply_problem(call->http, call->request, 400,
                      "the query is not well formed: name=value pairs, each name once, at most "
                      "%d, %%XX with two hexadecimal digits, no %%00",
                      QUERY_MAX);
    uri_query_deinit(&call->query);
}

void http_handle(struct http *http, struct evhttp_request *request)
{
    struct call call = {.http = http, .request = request};
    const struct route *route = NULL;

    counter_up(&http->counters.requests);
    struct refusal refusal = check_host(&http->config, request);
    if (refusal.status) {
        refuse(http, request, refusal);
        return;
    }
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    enum route_result found =
        route_find(evhttp_request_get_command(request), path ? path : "", &route, call.captured);
    if (found != ROUTE_FOUND) {
        refuse_route(http, request, found, path ? path : "");
        return;
    }
    refusal = check_access(http, request, route->writes);
    if (refusal.status) {
        refuse(http, request, refusal);
        return;
    }
    call_route(&call, route);
}

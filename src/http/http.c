#include "http/http.h"

#include <event2/buffer.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/body.h"
#include "http/event_stream.h"
#include "http/file.h"
#include "http/framing.h"
#include "http/held.h"
#include "http/host.h"
#include "http/later.h"
#include "http/name.h"
#include "http/namespaces.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/stream.h"
#include "http/wait.h"

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
    TAILQ_INIT(&http->laters);
    http->turn = stream_turn_new(http);
    http->later_turn = later_turn_new(http);
    http->topics = topics_new(http);
    http->waits = waits_new(http);
    http->event_streams = event_streams_new(http);
    enum err err = rates_init(&http->rates, &backend->key);
    if (err || !http->turn || !http->later_turn || !http->topics || !http->waits ||
        !http->event_streams) {
        http_free(http);
        return NULL;
    }
    http->started_ms = backend->now(backend->context).wall_ms;
    http_configure(http, config);
    return http;
}

void http_stop(struct http *http)
{
    http->stopping = true;
    stream_close_all(http);
}

void http_free(struct http *http)
{
    if (!http)
        return;
    stream_close_all(http);
    held_close_all(http);
    event_streams_free(http->event_streams);
    waits_free(http->waits);
    topics_free(http->topics);
    if (http->turn)
        event_free(http->turn);
    if (http->later_turn)
        event_free(http->later_turn);
    rates_deinit(&http->rates);
    http_config_deinit(&http->config);
    sodium_memzero(&http->access, sizeof(http->access));
    free(http);
}

void http_closed(struct http *http, struct evhttp_connection *connection)
{
    stream_closed(http, connection);
    held_closed(http, connection);
    event_stream_closed(http, connection);
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
            return (struct refusal){400, "send one Host header, not several", NULL};
        host = text_of(h->value);
    }
    if (!host.s && (request->major > 1 || request->minor >= 1))
        return (struct refusal){400, "send a Host header", NULL};
    if ((host.s && !host_is_allowed(config, host)) ||
        (target && !host_is_allowed(config, text_of(target))))
        return (struct refusal){421,
                                "this server does not answer to that host: use its address, "
                                "or add the name to http.hosts",
                                NULL};
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

static struct asker asker_of(const struct call *call, enum route_access wanted)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(call->request);

    return (struct asker){
        .from = call->from,
        .headers = evhttp_request_get_input_headers(call->request),
        .wants = wanted == ROUTE_WRITES    ? ACCESS_WRITES
                 : wanted == ROUTE_CLIENTS ? ACCESS_CLIENTS
                                           : ACCESS_READS,
        .has_body = evbuffer_get_length(body) > 0,
    };
}

static void refuse(struct http *http, struct evhttp_request *request, struct refusal refusal)
{
    if (refusal.status == 401)
        reply_header(request, "WWW-Authenticate", "Bearer realm=\"disc\"");
    reply_problem(http, request, refusal.status, "%s", refusal.detail);
}

static void refuse_too_many(struct call *call, uint32_t wait_ms, const char *what, int per_second)
{
    char seconds[16];

    snprintf(seconds, sizeof(seconds), "%u", wait_ms / 1000 + 1);
    reply_header(call->request, "Retry-After", seconds);
    reply_problem(call->http, call->request, 429,
                  "too many %s from this address: at most %d a second", what, per_second);
}

/* These return false when they have sent the reply. */

static bool check_rate(struct call *call)
{
    const struct http_backend *backend = &call->http->backend;
    uint64_t now_ms = backend->now(backend->context).lease_ms;
    uint32_t wait_ms;

    if (rates_write(&call->http->rates, &call->from, now_ms, &wait_ms))
        return true;
    refuse_too_many(call, wait_ms, "writes", RATES_WRITES_PER_S);
    return false;
}

/* The right one is always good: whoever shares an address with one who guesses (behind a proxy,
 * say) is not shut out. */
static bool check_token(struct call *call, const struct asker *asker)
{
    const struct http_backend *backend = &call->http->backend;
    uint64_t now_ms = backend->now(backend->context).lease_ms;
    uint32_t wait_ms;

    call->has_token = access_has_token(&call->http->access, asker);
    if (call->has_token || !access_presents_token(&call->http->access, asker) ||
        rates_guess(&call->http->rates, &call->from, now_ms, &wait_ms))
        return true;
    refuse_too_many(call, wait_ms, "wrong tokens", RATES_GUESSES_PER_S);
    return false;
}

/* For the audit log: somebody wanted to change something and may not. */
static void tell_denied(const struct call *call, struct refusal refusal, const char *path)
{
    const struct http_backend *backend = &call->http->backend;
    char words[200];
    struct http_deed deed = {
        .kind = HTTP_DEED_DENIED,
        .who = {.kind = call->is_local ? PRINCIPAL_LOCAL : PRINCIPAL_ADDRESS, .addr = call->from},
        .from = call->from,
        .what = words,
    };

    if (!backend->audit || (refusal.status != 401 && refusal.status != 403))
        return;
    snprintf(words, sizeof(words), "%d %s, for %s", refusal.status, refusal.why, path);
    backend->audit(backend->context, &deed);
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
        char known[ROUTE_LIST_MAX];
        reply_problem(http, request, 404,
                      "no such path; there are %s; all is described in /v1/openapi.json",
                      route_list(known));
    }
}

static void refuse_query(struct call *call, enum err err)
{
    if (err == ERR_MEMORY)
        reply_problem(call->http, call->request, 503, "out of memory; try again later");
    else
        reply_problem(call->http, call->request, 400,
                      "the query is not well formed: name=value pairs, each name once, at most "
                      "%d, %%XX with two hexadecimal digits, no %%00",
                      QUERY_MAX);
}

/* A name with a typo would be a filter that does not filter. False: the reply was sent. */
static bool check_parameters(struct call *call, const struct route *route)
{
    char unknown[BODY_LIST_MAX] = "";

    for (unsigned n = 0; n < call->query.count; n++)
        if (!route_takes(route, call->query.items[n].name))
            body_list_add(unknown, call->query.items[n].name.s);
    if (!*unknown)
        return true;
    reply_problem(call->http, call->request, 400, "unknown query parameters: %s; known here: %s",
                  unknown, *route->parameters ? route->parameters : "none");
    return false;
}

/* Reads of a namespace that nobody serves; the others find out themselves. False: the reply was
 * sent. */
static bool check_namespace(struct call *call, const struct route *route)
{
    struct text asked = uri_query_get(&call->query, "ns");
    char name[NAMESPACE_MAX + 1];

    if (route->method != EVHTTP_REQ_GET || !route->parameters || !route_takes(route, TEXT("ns")))
        return true;
    if (!asked.n && call->captured[0][0])
        asked = TEXT("default");
    if (!text_is_label(asked, NAMESPACE_MAX) ||
        namespace_is_served(call->http, name_lower(asked, name, sizeof(name))))
        return true;
    reply_problem(call->http, call->request, 404,
                  "there is no such namespace here: see /v1/namespaces");
    return false;
}

static void call_route(struct call *call, const struct route *route)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(call->request);
    enum err err = uri_query_parse(evhttp_uri_get_query(uri), route->repeats, &call->query);

    if (err)
        refuse_query(call, err);
    else if (check_parameters(call, route) && check_namespace(call, route))
        route->handle(call);
    uri_query_deinit(&call->query);
}

void http_handle(struct http *http, struct evhttp_request *request)
{
    struct call call = {.http = http, .request = request, .from = sender(request)};
    const struct route *route = NULL;

    counter_up(&http->counters.requests);
    const char *fault = framing_fault(request);
    if (http->stopping || fault) {
        framing_close(request);
        reply_problem(http, request, http->stopping ? 503 : 400, "%s",
                      http->stopping ? "the server is stopping" : fault);
        return;
    }
    struct refusal refusal = check_host(&http->config, request);
    if (refusal.status) {
        refuse(http, request, refusal);
        return;
    }
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    const struct file *file = file_find(path ? path : "");
    if (file) {
        file_reply(http, request, file);
        return;
    }
    enum route_result found =
        route_find(evhttp_request_get_command(request), path ? path : "", &route, call.captured);
    if (found != ROUTE_FOUND) {
        refuse_route(http, request, found, path ? path : "");
        return;
    }
    struct asker asker = asker_of(&call, route->access);
    call.is_local = access_is_local(&asker);
    /* Clients of other registries are counted where it is said what they may. */
    bool writes = route->access == ROUTE_WRITES ||
                  (route->access == ROUTE_CLIENTS && access_presents_token(&http->access, &asker));
    if (!check_token(&call, &asker) || (writes && !check_rate(&call)))
        return;
    refusal = access_check(&http->access, &http->config, &asker);
    if (refusal.status) {
        if (route->access != ROUTE_READS)
            tell_denied(&call, refusal, path ? path : "");
        refuse(http, request, refusal);
        return;
    }
    call_route(&call, route);
}

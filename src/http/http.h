/* The HTTP API: handlers over libevent's evhttp requests. Reads the registry, asks
 * the rest of the server through the functions of struct http_backend. The sockets,
 * TLS and connection limits are server/'s; so are the clock and the answers of DNS.
 * Control thread only.
 *
 *   GET /v1/status              state of the server
 *   GET /v1/services            services (?ns= ?after= ?limit=)
 *   GET /v1/services/S          one service with its instances (?ns=)
 *   GET /v1/explain             ?name= &type= [&client=]: how an answer comes about
 *   GET /v1/records             plain records, which DNS UPDATE made (?after= ?limit=)
 *   GET /v1/guard               the guards against mass eviction (?after= a zone)
 *   POST /v1/guard              {"mode": "auto" | "on" | "off"}
 *   POST /v1/evict              {"ns", "service", "instance", "force"}: what is stale goes,
 *                               of all, of a service, or one instance; force: also
 *                               while a guard is on, and the one in any state
 *
 * Errors are RFC 9457 problem documents. Long lists are produced in pieces, so that
 * all of them together hold the control thread for about HTTP_SLICE_MS in a turn of
 * its loop. "live" in a reply means: among the service's answers, that is up, not
 * stale, and its lease runs.
 */
#ifndef DISC_HTTP_HTTP_H
#define DISC_HTTP_HTTP_H

#include <event2/event.h>
#include <event2/http.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/addr.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/lease_clock.h"
#include "registry/registry.h"

enum {
    HTTP_HEADER_MAX = 8192, /* bytes */
    HTTP_BODY_MAX = 65536,
    HTTP_SLICE_MS = 2,
};

/* What the handlers need of the rest; all called on the control thread. */
struct http_backend {
    struct registry *registry;
    struct event_base *base; /* for the next piece of a long reply */
    struct moment (*now)(void *context);
    /* Monotonic microseconds, to bound a slice. */
    uint64_t (*stopwatch_us)(void *context);
    /* The registry was changed: make it visible in DNS, write it down. */
    void (*changed)(void *context);
    /* Adds what only the server knows to the status object (version, uptime, listen
     * addresses, counters, store). */
    void (*status)(void *context, json_t *status);
    /* dns_explain; a new reference, NULL when memory lacks. */
    json_t *(*explain)(void *context, const char *name, const char *type,
                       const struct addr *client);
    /* dns_records_list; a new reference, NULL when memory lacks. */
    json_t *(*records)(void *context, uint64_t after, size_t limit);
    void *context;
};

struct http_config {
    char **hosts;            /* names that Host may carry beside loopback names and the listen
                                addresses; NULL-terminated, may be NULL */
    struct endpoint *listen; /* where we listen; port 0 = any (tests) */
    size_t listen_count;
    char *token;          /* admin token, or NULL: none. Wiped when freed */
    bool writes_loopback; /* writes from loopback need no token */
    bool reads_token;     /* reads from other than loopback need the token */
};

void http_config_deinit(struct http_config *config);

struct http;

/* Takes the contents of `config` over and leaves it zeroed. NULL when memory lacks:
 * `config` is then as it was. */
struct http *http_new(struct http_config *config, const struct http_backend *backend);
/* Ends unfinished long replies by closing their connections. To be called after the
 * listener is gone, or with no request handled any more. */
void http_free(struct http *http);
void http_configure(struct http *http, struct http_config *config);

/* Handles one request and owns its reply from here on. The evhttp must let all
 * methods through (evhttp_set_allowed_methods). */
void http_handle(struct http *http, struct evhttp_request *request);

/* The connection is going down: to be called from its close callback, of which there
 * is only one and which belongs to the listener. Ends the reply under way on it. */
void http_closed(struct http *http, struct evhttp_connection *connection);

struct http_counters {
    struct counter requests;
    struct counter statuses[6]; /* by first digit */
};
const struct http_counters *http_counters(const struct http *http);

#endif

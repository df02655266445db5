/* The HTTP API: handlers over libevent's evhttp requests. Reads the registry, asks
 * the rest of the server through the functions of struct http_backend. The sockets,
 * TLS and connection limits are server/'s; so are the clock and the answers of DNS.
 * Control thread only.
 *
 *   GET /v1/status              state of the server
 *   GET /v1/namespaces          what is served, and by which zones
 *   GET /v1/services            services (?ns= ?after= ?limit= ?q=)
 *   GET /v1/services/S          one service with its instances
 *                               (?ns= ?status= ?live= ?where=KEY:VALUE ?after= ?limit=)
 *                               either with ?index=N&wait=30s waits for a change, and with
 *                               Accept: text/event-stream (or ?stream=1) goes on telling
 *   POST /v1/services/S/instances       registers (?ns=); the id is given or derived
 *   GET PUT PATCH DELETE .../instances/I   one instance: read, register, change, deregister
 *   POST .../instances/I/renew
 *   GET PUT PATCH DELETE .../instances/I/override   {"drain", "weight", "status"}
 *   GET /v1/overrides           all of them (?ns= ?after= ?limit=)
 *   GET /v1/explain             ?name= &type= [&client=]: how an answer comes about
 *   GET /v1/records             plain records, which DNS UPDATE made (?after= ?limit=)
 *   GET /v1/guard               the guards against mass eviction (?after= a zone)
 *   POST /v1/guard              {"mode": "auto" | "on" | "off"}
 *   POST /v1/evict              {"ns", "service", "instance", "force"}: what is stale goes,
 *                               of all, of a service, or one instance; force: also
 *                               while a guard is on, and the one in any state
 *   GET /v1/openapi.json        all of it, described for programs
 *   GET / and its files         the console, for people (src/http/console, in the binary)
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
#include <sys/uio.h>

#include "base/addr.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/lease_clock.h"
#include "registry/registry.h"

enum {
    HTTP_HEADER_MAX = 8192, /* bytes */
    HTTP_BODY_MAX = 65536,
    HTTP_SLICE_MS = 2,
};

/* Somebody who registers through one of the APIs for clients (/api, /discovery), which have
 * no token of ours: registration.sources decides by the sender's address. */
enum http_admission {
    HTTP_ADMITTED,
    HTTP_DENIED,    /* by registration.sources, or a key would be needed: words say */
    HTTP_PROTECTED, /* this service may only be touched with a key */
    HTTP_TOO_FAST,  /* `wait_ms` */
};

struct http_registrant {
    struct principal who;
    bool advertises;  /* may name addresses beside its own */
    struct addr addr; /* what it is registered as where it names none */
    uint32_t wait_ms;
    const char *words; /* why not, for people; static storage */
};

/* What operators and clients did through here that the registry cannot know, for the audit
 * log. Texts are valid during the call. */
enum http_deed_kind { HTTP_DEED_OVERRIDE, HTTP_DEED_EVICT, HTTP_DEED_GUARD, HTTP_DEED_DENIED };

struct http_deed {
    enum http_deed_kind kind;
    struct principal who;
    struct addr from;
    struct instance_key key; /* parts may be empty */
    const char *what;        /* "drain", "weight=10", "mode=on", "evicted 12, force" */
};

/* `wait` of struct http_backend: it cannot be stored now. */
#define HTTP_NEVER UINT64_MAX

/* What the handlers need of the rest; all called on the control thread. */
struct http_backend {
    struct registry *registry;
    struct event_base *base; /* for the next piece of a long reply */
    struct moment (*now)(void *context);
    /* Monotonic microseconds, to bound a slice. */
    uint64_t (*stopwatch_us)(void *context);
    /* A change: `begin`, the registry's calls, `wait`, `changed`. `changed` makes it visible
     * in DNS and hands it to the store; `wait` says which change must be on disk before this
     * one may be acknowledged: 0 = none, HTTP_NEVER, else see http_committed. */
    void (*begin)(void *context);
    uint64_t (*wait)(void *context);
    void (*changed)(void *context);
    const char *durability; /* "disk" or "mem"; static storage */
    /* May this sender register, renew and deregister that service? (`service` empty: any.)
     * Counts against its rate. *out is filled when HTTP_ADMITTED. */
    enum http_admission (*admit)(void *context, const struct addr *from, struct text ns,
                                 struct text service, struct http_registrant *out);
    /* Only who has a key may touch this service; over HTTP that is who has the admin token. */
    bool (*is_protected)(void *context, struct text ns, struct text service);
    /* Another than loopback's, for what registers from loopback without an address. */
    struct addr (*local_addr)(void *context, enum family family);
    /* Each namespace that is served, in order: [{"name", "zones": [...]}]; NULL when memory
     * lacks. */
    json_t *(*namespaces)(void *context);
    /* Appends the n-th part of the metrics in Prometheus' text format (`open_metrics`: in
     * that of OpenMetrics, less its end mark), a few kB. ERR_NOT_FOUND there is no such part
     * · ERR_MEMORY. */
    enum err (*metrics)(void *context, unsigned part, bool open_metrics, struct evbuffer *out);
    void (*audit)(void *context, const struct http_deed *deed);
    /* Adds what only the server knows to the status object (version, uptime, listen
     * addresses, counters, store). */
    void (*status)(void *context, json_t *status);
    /* dns_explain; a new reference, NULL when memory lacks. */
    json_t *(*explain)(void *context, const char *name, const char *type,
                       const struct addr *client);
    /* dns_records_list; a new reference, NULL when memory lacks. */
    json_t *(*records)(void *context, uint64_t after, size_t limit);
    /* Writes what a connection's socket takes right now, as sendmsg does without waiting; -1 when
     * that is nothing. NULL: all goes the way of libevent. */
    ssize_t (*send)(int fd, struct iovec *parts, size_t count);
    struct hash_key key; /* of tables whose names come from clients; a secret */
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
/* No more requests: each is refused from now on, and long replies under way end with their
 * connections. Replies that wait for the disk still come (http_committed). */
void http_stop(struct http *http);
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

/* After each publication: whoever waits for a change is told. */
void http_published(struct http *http, struct moment now);

/* On disk is everything up to `committed`: replies that waited for that leave. `failing`: the
 * rest may never be, those that wait for it are told so (503). They leave in slices, the first
 * now; all at once after http_stop. */
void http_committed(struct http *http, uint64_t committed, bool failing);

/* Requests that wait for a change, and event streams. */
uint32_t http_watchers(const struct http *http);

struct http_counters {
    struct counter requests;
    struct counter statuses[6]; /* by first digit */
};
const struct http_counters *http_counters(const struct http *http);

#endif

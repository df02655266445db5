/* A registry behind the handlers behind a real evhttp on a loopback socket, and a
 * client on the same event loop. Nothing waits for a clock; the watchdog only ends a
 * test that hangs. */
#ifndef DISC_TESTS_HTTP_RIG_H
#define DISC_TESTS_HTTP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "http/http.h"
#include "http/state.h"

#define WALL 1700000000000u
#define TOKEN "correct horse battery staple"

struct rig {
    struct event_base *base;
    struct event *watchdog;
    struct registry *registry;
    struct http *http;
    struct evhttp *evhttp;
    struct evhttp_connection *last; /* of the last request */
    struct sockaddr_in where;
    uint64_t lease_ms;
    uint64_t stopwatch_us, stopwatch_step_us; /* step: added at each look */
    char asked[64];                           /* of explain, "name type client" */
    size_t explain_bytes;                     /* how much explain says */
    unsigned changes;                         /* how often we were told of one */
    uint64_t wait;                            /* what `wait` says */
    unsigned begun;                           /* how often we were told of a change to be */
    struct http_registrant registrant;        /* what `admit` gives */
    enum http_admission admission;            /* what it says */
    char deeds[1024];                         /* what was audited, a line each */
    bool is_protected;                        /* the service db */
};

struct client {
    struct rig *rig;
    struct bufferevent *stream;
    struct evbuffer *got;
    bool closed;
};

UNUSED static struct moment rig_now(void *context)
{
    struct rig *rig = context;
    return (struct moment){.lease_ms = rig->lease_ms, .wall_ms = WALL + rig->lease_ms};
}

static uint64_t rig_stopwatch(void *context)
{
    struct rig *rig = context;
    return rig->stopwatch_us += rig->stopwatch_step_us;
}

static void rig_changed(void *context)
{
    struct rig *rig = context;
    rig->changes++;
}

static void rig_begin(void *context)
{
    struct rig *rig = context;
    rig->begun++;
}

static uint64_t rig_wait(void *context)
{
    struct rig *rig = context;
    return rig->wait;
}

static enum http_admission rig_admit(void *context, const struct addr *from, struct text ns,
                                     struct text service, struct http_registrant *out)
{
    struct rig *rig = context;
    (void)from;
    (void)ns;
    (void)service;
    *out = rig->registrant;
    return rig->admission;
}

static bool rig_is_protected(void *context, struct text ns, struct text service)
{
    struct rig *rig = context;
    return rig->is_protected && text_is(ns, TEXT("default")) && text_is(service, TEXT("db"));
}

static struct addr rig_local_addr(void *context, enum family family)
{
    struct addr addr;
    (void)context;
    assert_int_equal(
        addr_parse(family == FAMILY_V6 ? TEXT("2001:db8::5") : TEXT("192.0.2.5"), &addr), ERR_OK);
    return addr;
}

static json_t *rig_namespaces(void *context)
{
    (void)context;
    return json_pack("[{s:s, s:[s]}]", "name", "default", "zones", "disc.local");
}

static enum err rig_metrics(void *context, unsigned part, bool open_metrics, struct evbuffer *out)
{
    (void)context;
    if (part == 2)
        return ERR_NOT_FOUND;
    return evbuffer_add_printf(out, "part_%u{open=\"%d\"} 1\n", part, open_metrics) > 0
               ? ERR_OK
               : ERR_MEMORY;
}

static void rig_audit(void *context, const struct http_deed *deed)
{
    struct rig *rig = context;
    size_t used = strlen(rig->deeds);
    char who[PRINCIPAL_TEXT];

    snprintf(rig->deeds + used, sizeof(rig->deeds) - used, "%d %s %.*s/%.*s/%.*s %s\n", deed->kind,
             principal_format(&deed->who, who), TEXT_ARG(deed->key.ns), TEXT_ARG(deed->key.service),
             TEXT_ARG(deed->key.id), deed->what ? deed->what : "");
}

static ssize_t rig_send(int fd, struct iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void rig_status(void *context, json_t *status)
{
    (void)context;
    json_object_set_new(status, "version", json_string("9.9"));
}

static json_t *rig_explain(void *context, const char *name, const char *type,
                           const struct addr *client)
{
    struct rig *rig = context;
    char text[ADDR_TEXT];

    snprintf(rig->asked, sizeof(rig->asked), "%s %s %s", name, type,
             client ? addr_format(client, text) : "none");
    if (strcmp(name, "bad..name") == 0)
        return json_pack("{s:s}", "error", "a label is empty");
    if (strcmp(name, "no.memory") == 0)
        return NULL;
    char *filler = calloc(1, rig->explain_bytes + 1);
    memset(filler, 'x', rig->explain_bytes);
    json_t *json = json_pack("{s:s, s:s}", "zone", "disc.local", "filler", filler);
    free(filler);
    return json;
}

static json_t *rig_records(void *context, uint64_t after, size_t limit)
{
    struct rig *rig = context;
    snprintf(rig->asked, sizeof(rig->asked), "records %ju %zu", (uintmax_t)after, limit);
    return after == 13 ? NULL : json_pack("{s:[], s:n}", "records", "next");
}

static void rig_closed(struct evhttp_connection *connection, void *context)
{
    struct rig *rig = context;
    if (rig->http)
        http_closed(rig->http, connection);
    if (rig->last == connection)
        rig->last = NULL;
}

static void rig_request(struct evhttp_request *request, void *context)
{
    struct rig *rig = context;
    rig->last = evhttp_request_get_connection(request);
    evhttp_connection_set_closecb(rig->last, rig_closed, rig);
    http_handle(rig->http, request);
}

static void rig_hangs(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
    fail_msg("the test hangs");
}

/* Small socket buffers, so that little is enough to make a client a slow one. */
static int rig_socket(struct sockaddr_in *where)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), small = 8192;
    socklen_t size = sizeof(*where);

    *where = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)where, sizeof(*where)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)where, &size), 0);
    return fd;
}

UNUSED static void rig_loop(struct rig *rig)
{
    assert_int_equal(event_base_loop(rig->base, EVLOOP_ONCE), 0);
}

/* Everything that can happen now has happened. */
UNUSED static void rig_settle(struct rig *rig)
{
    for (int n = 0; n < 1000; n++)
        assert_int_equal(event_base_loop(rig->base, EVLOOP_NONBLOCK), 0);
}

static struct http_config rig_config(void)
{
    struct http_config config = {
        .hosts = calloc(2, sizeof(char *)),
        .token = strdup(TOKEN),
        .writes_loopback = true,
    };
    config.hosts[0] = strdup("disc.example");
    return config;
}

UNUSED static void rig_start(struct rig *rig)
{
    struct registry_config limits = registry_config_default();
    static const struct hash_key key = {"0123456789abcdef"};
    struct timeval long_enough = {.tv_sec = 60};
    struct http_config config = rig_config();

    signal(SIGPIPE, SIG_IGN);
    *rig = (struct rig){.lease_ms = 1000};
    rig->base = event_base_new();
    rig->registry = registry_new(&limits, &key);
    struct http_backend backend = {
        .registry = rig->registry,
        .base = rig->base,
        .now = rig_now,
        .stopwatch_us = rig_stopwatch,
        .begin = rig_begin,
        .wait = rig_wait,
        .changed = rig_changed,
        .durability = "disk",
        .admit = rig_admit,
        .is_protected = rig_is_protected,
        .local_addr = rig_local_addr,
        .namespaces = rig_namespaces,
        .metrics = rig_metrics,
        .audit = rig_audit,
        .status = rig_status,
        .explain = rig_explain,
        .records = rig_records,
        .send = rig_send,
        .key = key,
        .context = rig,
    };
    rig->http = http_new(&config, &backend);
    rig->evhttp = evhttp_new(rig->base);
    rig->watchdog = evtimer_new(rig->base, rig_hangs, NULL);
    assert_non_null(rig->http);
    assert_null(config.token);
    event_add(rig->watchdog, &long_enough);
    evhttp_set_allowed_methods(rig->evhttp, UINT16_MAX);
    evhttp_set_gencb(rig->evhttp, rig_request, rig);
    assert_int_equal(evhttp_accept_socket(rig->evhttp, rig_socket(&rig->where)), 0);
}

UNUSED static void rig_stop(struct rig *rig)
{
    if (rig->evhttp)
        evhttp_free(rig->evhttp);
    http_free(rig->http);
    registry_free(rig->registry);
    event_free(rig->watchdog);
    event_base_free(rig->base);
}

UNUSED static int rig_set_up(void **state)
{
    *state = calloc(1, sizeof(struct rig));
    rig_start(*state);
    return 0;
}

UNUSED static int rig_tear_down(void **state)
{
    rig_stop(*state);
    free(*state);
    return 0;
}

/* A test with a rig of its own as its state. */
#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

/* ---- filling the registry ------------------------------------------------------- */

static const struct principal rig_owner = {.kind = PRINCIPAL_LOCAL};

/* At 10.0.0.7, unless it names an address. */
UNUSED static void rig_add(struct rig *rig, struct record record)
{
    struct granted granted;
    record.ttl = TTL_UNSET;
    if (!record.address_count)
        assert_int_equal(addr_parse(TEXT("10.0.0.7"), &record.addresses[0]), ERR_OK);
    record.address_count = 1;
    record.port_count = 1;
    record.ports[0] = (struct port){.name = TEXT("web"), .number = 8080};
    assert_int_equal(registry_register(rig->registry, &record, &rig_owner, rig_now(rig), &granted),
                     ERR_OK);
}

/* Instances n000000 ... with `padding` bytes of metadata. */
UNUSED static void rig_add_many(struct rig *rig, const char *service, unsigned count,
                                unsigned padding)
{
    char id[16], value[METADATA_VALUE_MAX];

    memset(value, 'v', sizeof(value));
    for (unsigned n = 0; n < count; n++) {
        snprintf(id, sizeof(id), "n%06u", (n * 7919u) % count); /* in no order */
        rig_add(rig, (struct record){
                         .ns = TEXT("default"),
                         .service = text_of(service),
                         .id = text_of(id),
                         .metadata = {{TEXT("pad"), {value, padding}}},
                         .metadata_count = padding ? 1 : 0,
                     });
    }
}

UNUSED static void rig_add_named(struct rig *rig, const char *ns, const char *service,
                                 const char *id)
{
    rig_add(rig,
            (struct record){.ns = text_of(ns), .service = text_of(service), .id = text_of(id)});
}

UNUSED static void rig_remove(struct rig *rig, const char *service, const char *id)
{
    struct instance_key key = {TEXT("default"), text_of(service), text_of(id)};
    uint64_t rev;
    assert_int_equal(registry_deregister(rig->registry, key, 0, &rig_owner, rig_now(rig), &rev),
                     ERR_OK);
}

/* What changed up to now may be shown. */
UNUSED static void rig_publish(struct rig *rig)
{
    http_published(rig->http, rig_now(rig));
}

UNUSED static uint64_t rig_index(struct rig *rig, const char *service)
{
    return service_index(registry_service(rig->registry, TEXT("default"), text_of(service)));
}

/* ---- the client ----------------------------------------------------------------- */

static void client_read(struct bufferevent *stream, void *context)
{
    struct client *c = context;
    bufferevent_read_buffer(stream, c->got);
}

static void client_event(struct bufferevent *stream, short what, void *context)
{
    struct client *c = context;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
        bufferevent_read_buffer(stream, c->got);
        c->closed = true;
    }
}

UNUSED static void client_open(struct client *c, struct rig *rig, const char *bytes)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), small = 8192;

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    *c = (struct client){.rig = rig, .got = evbuffer_new()};
    c->stream = bufferevent_socket_new(rig->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(c->stream, client_read, NULL, client_event, c);
    bufferevent_enable(c->stream, EV_READ | EV_WRITE);
    assert_int_equal(
        bufferevent_socket_connect(c->stream, (struct sockaddr *)&rig->where, sizeof(rig->where)),
        0);
    bufferevent_write(c->stream, bytes, strlen(bytes));
}

UNUSED static void client_free(struct client *c)
{
    bufferevent_free(c->stream);
    evbuffer_free(c->got);
}

/* All that the server said until it closed; to be freed. */
UNUSED static char *client_rest(struct client *c)
{
    while (!c->closed)
        rig_loop(c->rig);
    size_t n = evbuffer_get_length(c->got);
    char *text = calloc(1, n + 1);
    evbuffer_remove(c->got, text, n);
    return text;
}

UNUSED static char *ask(struct rig *rig, const char *request)
{
    struct client c;
    client_open(&c, rig, request);
    char *reply = client_rest(&c);
    client_free(&c);
    return reply;
}

/* A request that the server is to close after, with whatever header lines (each with \r\n); to
 * be freed. */
UNUSED static char *request_of(const char *method, const char *target, const char *headers,
                               const char *body)
{
    char *request = NULL;
    assert_true(asprintf(&request,
                         "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s"
                         "Content-Length: %zu\r\n\r\n%s",
                         method, target, headers, strlen(body), body) > 0);
    return request;
}

UNUSED static char *send_with(struct rig *rig, const char *method, const char *target,
                              const char *headers, const char *body)
{
    char *request = request_of(method, target, headers, body), *reply = ask(rig, request);
    free(request);
    return reply;
}

#define JSON_TYPE "Content-Type: application/json\r\n"

/* With a JSON body. */
UNUSED static char *send_json_to(struct rig *rig, const char *method, const char *target,
                                 const char *body)
{
    return send_with(rig, method, target, JSON_TYPE, body);
}

/* GET with a Host and whatever header lines (each with \r\n). */
UNUSED static char *get_with(struct rig *rig, const char *target, const char *headers)
{
    char request[8192];
    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n", target, headers);
    return ask(rig, request);
}

UNUSED static char *get(struct rig *rig, const char *target)
{
    return get_with(rig, target, "");
}

/* With whatever header lines. */
UNUSED static char *post_with(struct rig *rig, const char *target, const char *headers,
                              const char *body)
{
    return send_with(rig, "POST", target, headers, body);
}

UNUSED static char *post(struct rig *rig, const char *target, const char *body)
{
    return send_json_to(rig, "POST", target, body);
}

UNUSED static int status_of(const char *reply)
{
    int status = 0;
    return sscanf(reply, "HTTP/1.%*d %d", &status) == 1 ? status : 0;
}

/* Sends a JSON body and looks for `part` in the reply. */
UNUSED static void expect_reply(struct rig *rig, const char *method, const char *target,
                                const char *body, int status, const char *part)
{
    char *reply = send_json_to(rig, method, target, body);
    if (status_of(reply) != status || !strstr(reply, part))
        fail_msg("%s %s %s\n-> %s", method, target, body, reply);
    free(reply);
}

/* In place; RFC 9112 section 7.1. The last chunk must be there. */
static void dechunk(char *body)
{
    char *to = body;
    for (;;) {
        char *end;
        size_t n = strtoul(body, &end, 16);
        assert_memory_equal(end, "\r\n", 2);
        if (n == 0)
            break;
        memmove(to, end + 2, n);
        to += n;
        body = end + 2 + n;
        assert_memory_equal(body, "\r\n", 2);
        body += 2;
    }
    *to = '\0';
}

/* The body, decoded; frees the reply. */
UNUSED static json_t *json_of(char *reply)
{
    char *body = strstr(reply, "\r\n\r\n");
    assert_non_null(body);
    *body = '\0';
    body += 4;
    if (strstr(reply, "Transfer-Encoding: chunked"))
        dechunk(body);
    json_error_t error;
    json_t *json = json_loads(body, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        print_error("%s in: %.200s\n", error.text, body);
    assert_non_null(json);
    free(reply);
    return json;
}

UNUSED static const char *text_at(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    assert_non_null(text);
    return text;
}

UNUSED static json_int_t number_at(const json_t *json, const char *key)
{
    const json_t *number = json_object_get(json, key);
    assert_true(json_is_integer(number));
    return json_integer_value(number);
}

/* The value of a header field, to be freed; NULL when it is missing. */
UNUSED static char *header_of(const char *reply, const char *name)
{
    char line[64];
    snprintf(line, sizeof(line), "\r\n%s: ", name);
    const char *at = strstr(reply, line);
    const char *end = strstr(reply, "\r\n\r\n");
    if (!at || at > end)
        return NULL;
    at += strlen(line);
    return strndup(at, strcspn(at, "\r"));
}

#endif

/* Event streams: what is, then each change once, resumable; a client that does not read is
 * passed over and told all at once later. */
#include "rig.h"

#include "http/topic.h"

/* One event as a client takes it apart. */
struct event {
    char name[16];
    uint64_t id; /* 0 = none */
    json_t *data;
};

/* HTTP/1.0, so that nothing is in chunks. `headers` each with \r\n. */
static void stream_open_with(struct client *c, struct rig *rig, const char *target,
                             const char *headers)
{
    char request[1024];
    uint32_t before = http_watchers(rig->http);

    snprintf(request, sizeof(request),
             "GET %s HTTP/1.0\r\nHost: localhost\r\nAccept: text/html, Text/Event-Stream;q=1\r\n"
             "%s\r\n",
             target, headers);
    client_open(c, rig, request);
    while (http_watchers(rig->http) == before)
        rig_loop(rig);
}

static void leave(struct client *c)
{
    struct rig *rig = c->rig;
    uint32_t before = http_watchers(rig->http);

    client_free(c);
    while (http_watchers(rig->http) == before)
        rig_loop(rig);
}

static void open_events(struct client *c, struct rig *rig, const char *target)
{
    stream_open_with(c, rig, target, "");
}

static char *line_of(struct client *c)
{
    char *line;

    while (!(line = evbuffer_readln(c->got, NULL, EVBUFFER_EOL_CRLF))) {
        assert_false(c->closed);
        rig_loop(c->rig);
    }
    return line;
}

/* The next event; header fields, comments and what else is no event are passed over. */
static struct event event_of(struct client *c)
{
    struct event e = {.id = 0};

    for (;;) {
        char *line = line_of(c);
        if (strncmp(line, "event: ", 7) == 0)
            snprintf(e.name, sizeof(e.name), "%s", line + 7);
        else if (strncmp(line, "id: ", 4) == 0)
            e.id = strtoull(line + 4, NULL, 10);
        else if (strncmp(line, "data: ", 6) == 0)
            assert_non_null(e.data = json_loads(line + 6, JSON_REJECT_DUPLICATES, NULL));
        bool end = !*line && e.data;
        free(line);
        if (end)
            return e;
    }
}

static void assert_event(struct client *c, const char *name, uint64_t id, const char *expected)
{
    struct event e = event_of(c);
    char *got = json_dumps(e.data, JSON_COMPACT | JSON_SORT_KEYS);

    assert_string_equal(e.name, name);
    if (!strstr(got, expected))
        fail_msg("no '%s' in %s", expected, got);
    assert_int_equal(e.id, id);
    free(got);
    json_decref(e.data);
}

static void assert_quiet(struct client *c)
{
    rig_settle(c->rig);
    size_t n = evbuffer_get_length(c->got);
    char *text = calloc(1, n + 1);
    evbuffer_copyout(c->got, text, n);
    assert_null(strstr(text, "data:"));
    free(text);
}

static size_t size_at(const json_t *json, const char *key)
{
    const json_t *array = json_object_get(json, key);
    assert_true(json_is_array(array));
    return json_array_size(array);
}

/* ---- one service --------------------------------------------------------------------- */

static void test_state_and_changes(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    open_events(&c, rig, "/v1/services/web");
    struct event e = event_of(&c);
    assert_string_equal(e.name, "state");
    assert_int_equal(e.id, rig_index(rig, "web"));
    assert_int_equal(number_at(e.data, "index"), e.id);
    assert_string_equal(text_at(e.data, "namespace"), "default");
    assert_string_equal(text_at(e.data, "name"), "web");
    assert_true(json_is_true(json_object_get(e.data, "known")));
    assert_true(json_is_true(json_object_get(e.data, "last")));
    assert_int_equal(number_at(e.data, "part"), 1);
    assert_int_equal(number_at(e.data, "stale"), 0);
    assert_int_equal(size_at(e.data, "instances"), 1);
    json_decref(e.data);

    uint64_t before = rig_index(rig, "web");
    rig_add_named(rig, "default", "web", "web-2");
    rig_remove(rig, "web", "web-1");
    rig_publish(rig);
    e = event_of(&c);
    assert_string_equal(e.name, "change");
    assert_int_equal(e.id, rig_index(rig, "web"));
    assert_int_equal(number_at(e.data, "index"), e.id);
    assert_int_equal(number_at(e.data, "previous"), before);
    assert_int_equal(size_at(e.data, "instances"), 1);
    assert_string_equal(text_at(json_array_get(json_object_get(e.data, "instances"), 0), "id"),
                        "web-2");
    assert_int_equal(size_at(e.data, "gone"), 1);
    json_t *gone = json_array_get(json_object_get(e.data, "gone"), 0);
    assert_string_equal(text_at(gone, "id"), "web-1");
    assert_string_equal(text_at(gone, "why"), "deregistered");
    json_decref(e.data);

    rig_add_named(rig, "default", "other", "o");
    rig_publish(rig);
    assert_quiet(&c);
    client_free(&c);
}

/* As others than this test's client see it: chunks, and what the fields say. */
static void test_header(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_named(rig, "default", "web", "web-1");
    client_open(&c, rig, "GET /v1/services/web?stream=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (evbuffer_search(c.got, "}\n\n\r\n", 5, NULL).pos < 0)
        rig_loop(rig);
    char text[4096] = "";
    evbuffer_remove(c.got, text, sizeof(text) - 1);
    assert_int_equal(status_of(text), 200);
    assert_non_null(strstr(text, "\r\nContent-Type: text/event-stream\r\n"));
    assert_non_null(strstr(text, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(text, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(text, "\r\n\r\nd\r\nretry: 1000\n\n\r\n"));
    /* More requests on this connection are not answered. */
    char ahead[4000];
    memset(ahead, 'x', sizeof(ahead));
    bufferevent_write(c.stream, ahead, sizeof(ahead));
    rig_settle(rig);
    assert_int_equal(http_watchers(rig->http), 1);
    assert_false(c.closed);
    /* Nor kept in mass; and one behind them who went would not be noticed. */
    bufferevent_write(c.stream, ahead, sizeof(ahead));
    while (!c.closed)
        rig_loop(rig);
    assert_int_equal(http_watchers(rig->http), 0);
    client_free(&c);
}

static void test_resumes(void **state)
{
    struct rig *rig = *state;
    struct client c;
    char header[64], target[64];

    rig_add_named(rig, "default", "web", "web-1");
    uint64_t first = rig_index(rig, "web");
    rig_add_named(rig, "default", "web", "web-2");
    uint64_t second = rig_index(rig, "web");
    rig_publish(rig);

    snprintf(header, sizeof(header), "Last-Event-ID: %ju\r\n", (uintmax_t)first);
    stream_open_with(&c, rig, "/v1/services/web?index=0", header);
    assert_event(&c, "change", second, "\"web-2\"");
    leave(&c);

    snprintf(target, sizeof(target), "/v1/services/web?index=%ju", (uintmax_t)second);
    stream_open_with(&c, rig, target, "");
    assert_quiet(&c);
    rig_add_named(rig, "default", "web", "web-3");
    rig_publish(rig);
    assert_event(&c, "change", rig_index(rig, "web"), "\"web-3\"");
    leave(&c);

    stream_open_with(&c, rig, target, "Last-Event-ID: what?\r\n");
    assert_event(&c, "state", rig_index(rig, "web"), "\"web-1\"");
    leave(&c);

    stream_open_with(&c, rig, "/v1/services/web", "Last-Event-ID: 99999999999\r\n");
    assert_event(&c, "state", rig_index(rig, "web"), "\"web-1\"");
    client_free(&c);
}

static void nothing(void *context, const struct registry_event *event)
{
    (void)context;
    (void)event;
}

static void forget_services(struct rig *rig)
{
    rig->lease_ms += UINT64_C(48) * 3600 * 1000;
    registry_expire(rig->registry, rig_now(rig), 1000, nothing, NULL);
    registry_expire(rig->registry, rig_now(rig), 1000, nothing, NULL);
    rig_publish(rig);
    registry_changes_trim(rig->registry, registry_index(rig->registry));
}

static void test_unknown_known_unknown(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_named(rig, "default", "other", "o");
    open_events(&c, rig, "/v1/services/web");
    assert_event(&c, "state", registry_index(rig->registry), "\"known\":false");
    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    assert_event(&c, "state", rig_index(rig, "web"), "\"known\":true");
    rig_remove(rig, "web", "web-1");
    rig_publish(rig);
    assert_event(&c, "change", rig_index(rig, "web"), "\"gone\":[{\"id\":\"web-1\"");
    forget_services(rig);
    assert_event(&c, "state", registry_index(rig->registry), "\"known\":false");
    assert_quiet(&c);
    client_free(&c);
}

static void test_no_name(void **state)
{
    struct rig *rig = *state;

    char *reply = get(rig, "/v1/services/a%22b?stream=1");
    assert_int_equal(status_of(reply), 404);
    free(reply);
}

/* In parts, and something changes on the way: after the last part comes that. */
static void test_large_state(void **state)
{
    enum { INSTANCES = 300 };
    struct rig *rig = *state;
    struct client c;
    bool seen[INSTANCES] = {false};
    unsigned count = 0, part = 0, number;

    rig_add_many(rig, "web", INSTANCES, 200);
    rig_publish(rig);
    uint64_t index = rig_index(rig, "web");
    open_events(&c, rig, "/v1/services/web");
    bool last = false;
    while (!last) {
        struct event e = event_of(&c);
        assert_string_equal(e.name, "state");
        assert_int_equal(number_at(e.data, "part"), ++part);
        assert_int_equal(number_at(e.data, "index"), index);
        last = json_is_true(json_object_get(e.data, "last"));
        assert_int_equal(e.id, last ? index : 0);
        size_t n;
        json_t *instance;
        json_array_foreach(json_object_get(e.data, "instances"), n, instance)
        {
            assert_int_equal(sscanf(text_at(instance, "id"), "n%u", &number), 1);
            count += !seen[number];
            seen[number] = true;
        }
        json_decref(e.data);
        if (part == 1) {
            rig_remove(rig, "web", "n000007");
            rig_remove(rig, "web", "n000011");
            rig_add_named(rig, "default", "web", "new");
            rig_publish(rig);
        }
    }
    assert_in_range(part, 3, INSTANCES);
    assert_in_range(count, INSTANCES - 2, INSTANCES);
    assert_event(&c, "change", rig_index(rig, "web"), "\"n000007\"");
    assert_quiet(&c);
    assert_true(LIST_EMPTY(&rig->http->noted));
    assert_int_equal(rig->http->noted_bytes, 0);
    client_free(&c);
}

/* More has changed than is told one by one. */
static void test_much_changed(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_named(rig, "default", "web", "first");
    rig_publish(rig);
    open_events(&c, rig, "/v1/services/web");
    assert_event(&c, "state", rig_index(rig, "web"), "\"first\"");
    rig_add_many(rig, "web", DELTA_MAX + 1, 0);
    rig_publish(rig);
    struct event e = event_of(&c);
    assert_string_equal(e.name, "state");
    assert_int_equal(number_at(e.data, "part"), 1);
    json_decref(e.data);
    client_free(&c);
}

/* Two who are at the same place of a long state: the parts are made once, and each gets all. */
static void test_large_state_shared(void **state)
{
    enum { CLIENTS = 3, INSTANCES = 300 };
    struct client c[CLIENTS];
    struct rig *rig = *state;

    rig_add_many(rig, "web", INSTANCES, 100);
    rig_publish(rig);
    for (unsigned n = 0; n < CLIENTS; n++)
        client_open(&c[n], rig,
                    "GET /v1/services/web?stream=1 HTTP/1.0\r\nHost: localhost\r\n\r\n");
    rig_settle(rig);
    for (unsigned n = 0; n < CLIENTS; n++) {
        bool seen[INSTANCES] = {false}, last = false;
        unsigned count = 0, number;
        while (!last) {
            struct event e = event_of(&c[n]);
            size_t i;
            json_t *instance;
            json_array_foreach(json_object_get(e.data, "instances"), i, instance)
            {
                assert_int_equal(sscanf(text_at(instance, "id"), "n%u", &number), 1);
                assert_false(seen[number]);
                seen[number] = true;
                count++;
            }
            last = json_is_true(json_object_get(e.data, "last"));
            json_decref(e.data);
        }
        assert_int_equal(count, INSTANCES);
        assert_quiet(&c[n]);
        client_free(&c[n]);
    }
}

/* Few instances, but long ones: told as a whole state in parts, for all who follow. */
static void test_long_change(void **state)
{
    enum { INSTANCES = 200 };
    struct rig *rig = *state;
    struct client c[2];

    rig_add_named(rig, "default", "web", "first");
    rig_publish(rig);
    for (unsigned n = 0; n < 2; n++) {
        open_events(&c[n], rig, "/v1/services/web");
        assert_event(&c[n], "state", rig_index(rig, "web"), "\"first\"");
    }
    rig_add_many(rig, "web", INSTANCES, METADATA_VALUE_MAX);
    rig_publish(rig);
    for (unsigned n = 0; n < 2; n++) {
        unsigned count = 0;
        for (bool last = false; !last;) {
            struct event e = event_of(&c[n]);
            assert_string_equal(e.name, "state");
            char *text = json_dumps(e.data, 0);
            assert_in_range(strlen(text), 1, 100000);
            free(text);
            count += (unsigned)size_at(e.data, "instances");
            last = json_is_true(json_object_get(e.data, "last"));
            json_decref(e.data);
        }
        assert_int_equal(count, INSTANCES + 1);
        assert_quiet(&c[n]);
        client_free(&c[n]);
    }
}

/* A part of the whole cannot be followed: a balancer must not take it for what it asked. */
static void test_refused(void **state)
{
    static const char *const bad[] = {
        "/v1/services/web?stream=1&where=zone:a", "/v1/services/web?stream=1&status=up",
        "/v1/services/web?stream=1&live=true",    "/v1/services/web?stream=1&limit=0",
        "/v1/services/web?stream=1&after=x",      "/v1/services?stream=1&q=we",
        "/v1/services?stream=1&limit=10",         "/v1/services?stream=1&after=default/a"};
    struct rig *rig = *state;

    rig_add_named(rig, "default", "web", "web-1");
    for (size_t n = 0; n < ARRAY_COUNT(bad); n++) {
        char *reply = get(rig, bad[n]);
        assert_int_equal(status_of(reply), 400);
        assert_non_null(strstr(reply, "leave where, status, live, limit, after and q out"));
        free(reply);
    }
    char *reply = get(rig, "/v1/services/web?stream=1&ns=nope");
    assert_int_equal(status_of(reply), 404);
    assert_non_null(strstr(reply, "no such namespace"));
    free(reply);
}

/* ---- clients that do not read ---------------------------------------------------------- */

static size_t unsent(struct evhttp_connection *connection)
{
    struct bufferevent *stream = evhttp_connection_get_bufferevent(connection);
    return evbuffer_get_length(bufferevent_get_output(stream));
}

static void change(struct rig *rig, unsigned n)
{
    char value[METADATA_VALUE_MAX];

    memset(value, 'a' + (int)(n % 26), sizeof(value));
    rig_add(rig, (struct record){
                     .ns = TEXT("default"),
                     .service = TEXT("web"),
                     .id = TEXT("web-1"),
                     .weight = n,
                     .weight_set = true,
                     .metadata = {{TEXT("pad"), {value, sizeof(value)}}},
                     .metadata_count = 1,
                 });
    rig_publish(rig);
}

static void test_slow_reader(void **state)
{
    enum { CHANGES = 2000 };
    struct rig *rig = *state;
    struct client slow, quick;
    uint64_t previous = 0;

    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    open_events(&slow, rig, "/v1/services/web");
    struct evhttp_connection *connection = rig->last;
    open_events(&quick, rig, "/v1/services/web");
    assert_event(&slow, "state", rig_index(rig, "web"), "web-1");
    assert_event(&quick, "state", rig_index(rig, "web"), "web-1");
    bufferevent_disable(slow.stream, EV_READ);
    for (unsigned n = 1; n <= CHANGES; n++) {
        previous = rig_index(rig, "web");
        change(rig, n);
        struct event e = event_of(&quick);
        assert_string_equal(e.name, "change");
        assert_int_equal(e.id, rig_index(rig, "web"));
        assert_int_equal(number_at(e.data, "previous"), previous);
        json_decref(e.data);
        assert_in_range(unsent(connection), 0, 65536 + 2 * METADATA_VALUE_MAX + 2000);
    }
    assert_in_range(unsent(connection), 1, 65536 + 2 * METADATA_VALUE_MAX + 2000);
    bufferevent_enable(slow.stream, EV_READ);
    uint64_t seen = 0;
    unsigned events = 0;
    while (seen != rig_index(rig, "web")) {
        struct event e = event_of(&slow);
        assert_string_equal(e.name, "change");
        if (seen)
            assert_int_equal(number_at(e.data, "previous"), seen);
        seen = e.id;
        events++;
        json_decref(e.data);
    }
    assert_in_range(events, 2, CHANGES / 2);
    assert_quiet(&slow);
    client_free(&slow);
    client_free(&quick);
}

/* Takes the framing of RFC 9112 section 7.1 off what has come; each chunk must be whole. */
static void take_chunks(struct evbuffer *from, struct evbuffer *to)
{
    while (evbuffer_get_length(from)) {
        char *line = evbuffer_readln(from, NULL, EVBUFFER_EOL_CRLF_STRICT), *end, tail[2];
        assert_non_null(line);
        size_t size = strtoul(line, &end, 16);
        assert_true(end != line && !*end);
        free(line);
        assert_int_equal(evbuffer_remove_buffer(from, to, size), size);
        assert_int_equal(evbuffer_remove(from, tail, 2), 2);
        assert_memory_equal(tail, "\r\n", 2);
    }
}

/* What fits the socket is sent at once, and the rest of that chunk in the usual way. */
static void test_slow_reader_in_chunks(void **state)
{
    struct rig *rig = *state;
    struct client c;
    char last[48];

    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    client_open(&c, rig, "GET /v1/services/web?stream=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (evbuffer_search(c.got, "}\n\n\r\n", 5, NULL).pos < 0)
        rig_loop(rig);
    evbuffer_drain(c.got, evbuffer_get_length(c.got));
    uint64_t seen = rig_index(rig, "web");
    bufferevent_disable(c.stream, EV_READ);
    for (unsigned n = 1; n <= 500; n++) {
        change(rig, n);
        rig_settle(rig);
    }
    bufferevent_enable(c.stream, EV_READ);
    snprintf(last, sizeof(last), "id: %ju\n", (uintmax_t)rig_index(rig, "web"));
    while (evbuffer_search(c.got, last, strlen(last), NULL).pos < 0)
        rig_loop(rig);
    rig_settle(rig);
    struct client plain = {.rig = rig, .got = evbuffer_new()};
    take_chunks(c.got, plain.got);
    while (seen != rig_index(rig, "web")) {
        struct event e = event_of(&plain);
        assert_int_equal(number_at(e.data, "previous"), seen);
        seen = e.id;
        json_decref(e.data);
    }
    assert_int_equal(evbuffer_get_length(plain.got), 0);
    evbuffer_free(plain.got);
    client_free(&c);
}

static void test_client_goes(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_many(rig, "web", 300, 200);
    open_events(&c, rig, "/v1/services/web"); /* in the middle of its state */
    client_free(&c);
    while (http_watchers(rig->http))
        rig_loop(rig);
    assert_true(LIST_EMPTY(&rig->http->noted));
    open_events(&c, rig, "/v1/services");
    client_free(&c);
    while (http_watchers(rig->http))
        rig_loop(rig);
    rig_add_named(rig, "default", "web", "new");
    rig_publish(rig);
    rig_settle(rig);
}

static void test_server_stops(void **state)
{
    struct rig *rig = *state;
    struct client c, list;

    rig_add_many(rig, "web", 300, 200);
    open_events(&c, rig, "/v1/services/web");
    open_events(&list, rig, "/v1/services");
    http_free(rig->http);
    rig->http = NULL;
    while (!c.closed || !list.closed)
        rig_loop(rig);
    client_free(&c);
    client_free(&list);
}

static void test_beat(void **state)
{
    struct rig *rig = *state;
    struct client c;

    open_events(&c, rig, "/v1/services/web");
    assert_event(&c, "state", registry_index(rig->registry), "\"known\":false");
    rig_settle(rig);
    evbuffer_drain(c.got, evbuffer_get_length(c.got));
    rig->lease_ms += 14999;
    rig_publish(rig);
    rig_settle(rig);
    assert_int_equal(evbuffer_get_length(c.got), 0);
    rig->lease_ms += 1;
    rig_publish(rig);
    char *line = line_of(&c);
    assert_string_equal(line, ":");
    free(line);
    client_free(&c);
}

/* A slice in each turn, all the same bytes. */
static void test_many(void **state)
{
    enum { CLIENTS = 60 };
    struct client c[CLIENTS];
    struct rig *rig = *state;

    rig_add_many(rig, "web", 10, 50);
    rig_publish(rig);
    for (unsigned n = 0; n < CLIENTS; n++) {
        open_events(&c[n], rig, "/v1/services/web");
        assert_event(&c[n], "state", rig_index(rig, "web"), "n000009");
    }
    assert_int_equal(http_watchers(rig->http), CLIENTS);
    rig->stopwatch_step_us = 700;
    for (unsigned round = 0; round < 5; round++) {
        change(rig, round);
        for (unsigned n = 0; n < CLIENTS; n++)
            assert_event(&c[n], "change", rig_index(rig, "web"), "\"web-1\"");
    }
    for (unsigned n = 0; n < CLIENTS; n++) {
        assert_quiet(&c[n]);
        client_free(&c[n]);
    }
}

/* ---- the list ---------------------------------------------------------------------------- */

static void test_list(void **state)
{
    struct rig *rig = *state;
    struct client all, prod;

    rig_add_named(rig, "default", "web", "web-1");
    rig_add_named(rig, "prod", "api", "api-1");
    rig_publish(rig);
    open_events(&all, rig, "/v1/services");
    open_events(&prod, rig, "/v1/services?ns=PROD");
    uint64_t before = registry_index(rig->registry);
    assert_event(&all, "state", before,
                 "\"last\":true,\"part\":1,\"services\":[{\"index\":1,\"instances\":1,\"live\":1,"
                 "\"name\":\"web\",\"namespace\":\"default\",\"stale\":0},{\"index\":2,");
    assert_event(&prod, "state", before,
                 "\"services\":[{\"index\":2,\"instances\":1,\"live\":1,\"name\":\"api\"");

    rig_add_named(rig, "default", "web", "web-2");
    rig_publish(rig);
    struct event e = event_of(&all);
    assert_string_equal(e.name, "change");
    assert_int_equal(e.id, registry_index(rig->registry));
    assert_int_equal(number_at(e.data, "previous"), before);
    assert_int_equal(size_at(e.data, "services"), 1);
    assert_int_equal(size_at(e.data, "gone"), 0);
    json_decref(e.data);
    assert_quiet(&prod);

    rig_add_named(rig, "prod", "db", "db-1");
    rig_publish(rig);
    assert_event(&all, "change", registry_index(rig->registry), "\"db\"");
    assert_event(&prod, "change", registry_index(rig->registry), "\"db\"");
    client_free(&all);
    client_free(&prod);
}

static void test_list_gone(void **state)
{
    struct rig *rig = *state;
    struct client c;
    char header[64];

    rig_add_named(rig, "default", "web", "web-1");
    rig_add_named(rig, "default", "api", "api-1");
    rig_remove(rig, "web", "web-1");
    rig_remove(rig, "api", "api-1");
    rig_publish(rig);
    uint64_t before = registry_index(rig->registry);
    open_events(&c, rig, "/v1/services");
    assert_event(&c, "state", before, "\"web\"");
    forget_services(rig);
    struct event e = event_of(&c);
    assert_string_equal(e.name, "change");
    assert_int_equal(size_at(e.data, "gone"), 2);
    assert_int_equal(size_at(e.data, "services"), 0);
    json_decref(e.data);
    leave(&c);

    /* Who comes back later hears of it, too; of one that came again, as of a change. */
    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    snprintf(header, sizeof(header), "Last-Event-ID: %ju\r\n", (uintmax_t)before);
    stream_open_with(&c, rig, "/v1/services", header);
    e = event_of(&c);
    assert_string_equal(e.name, "change");
    assert_int_equal(size_at(e.data, "gone"), 1);
    assert_int_equal(size_at(e.data, "services"), 1);
    json_decref(e.data);
    client_free(&c);
}

static void test_list_resumes(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_named(rig, "default", "web", "web-1");
    rig_add_named(rig, "default", "api", "api-1");
    rig_publish(rig);
    stream_open_with(&c, rig, "/v1/services?index=1", "");
    assert_event(&c, "change", 2, "\"services\":[{\"index\":2,");
    leave(&c);
    stream_open_with(&c, rig, "/v1/services", "Last-Event-ID: 3\r\n"); /* of another run */
    assert_event(&c, "state", 2, "\"web\"");
    client_free(&c);
}

/* More services were forgotten since than are remembered: it cannot be told which are gone. */
static void test_list_long_ago(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_named(rig, "default", "web", "web-1");
    uint64_t before = registry_index(rig->registry);
    rig_add_named(rig, "default", "api", "api-1");
    rig_publish(rig);
    char header[64];
    snprintf(header, sizeof(header), "Last-Event-ID: %ju\r\n", (uintmax_t)before);
    stream_open_with(&c, rig, "/v1/services", header);
    assert_event(&c, "change", registry_index(rig->registry), "\"api\"");
    leave(&c);
    struct gone *gone = (struct gone *)(uintptr_t)topics_gone(rig->http->topics);
    gone->floor = registry_index(rig->registry);
    stream_open_with(&c, rig, "/v1/services", header);
    assert_event(&c, "state", registry_index(rig->registry), "\"web\"");
    client_free(&c);
}

static void test_long_list(void **state)
{
    enum { SERVICES = 1000 };
    struct rig *rig = *state;
    struct client c;
    char name[16];
    unsigned count = 0, part = 0;
    bool last = false;

    for (unsigned n = 0; n < SERVICES; n++) {
        snprintf(name, sizeof(name), "s%04u", n);
        rig_add_named(rig, "default", name, "one");
    }
    rig_publish(rig);
    uint64_t index = registry_index(rig->registry);
    open_events(&c, rig, "/v1/services");
    while (!last) {
        struct event e = event_of(&c);
        assert_string_equal(e.name, "state");
        assert_int_equal(number_at(e.data, "part"), ++part);
        last = json_is_true(json_object_get(e.data, "last"));
        assert_int_equal(e.id, last ? index : 0);
        count += (unsigned)size_at(e.data, "services");
        json_decref(e.data);
    }
    assert_int_equal(count, SERVICES);
    assert_in_range(part, 2, SERVICES);

    /* As many changes: told in several events, each once. */
    for (unsigned n = 0; n < 200; n++) {
        snprintf(name, sizeof(name), "s%04u", n);
        rig_add_named(rig, "default", name, "two");
    }
    rig_publish(rig);
    for (count = 0; count < 200;) {
        struct event e = event_of(&c);
        assert_string_equal(e.name, "change");
        assert_int_equal(number_at(e.data, "previous"), index);
        index = e.id;
        count += (unsigned)size_at(e.data, "services");
        json_decref(e.data);
    }
    assert_int_equal(count, 200);
    assert_int_equal(index, registry_index(rig->registry));
    assert_quiet(&c);
    client_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_state_and_changes),
        WITH_RIG(test_header),
        WITH_RIG(test_resumes),
        WITH_RIG(test_unknown_known_unknown),
        WITH_RIG(test_no_name),
        WITH_RIG(test_large_state),
        WITH_RIG(test_much_changed),
        WITH_RIG(test_large_state_shared),
        WITH_RIG(test_long_change),
        WITH_RIG(test_refused),
        WITH_RIG(test_slow_reader),
        WITH_RIG(test_slow_reader_in_chunks),
        WITH_RIG(test_client_goes),
        WITH_RIG(test_server_stops),
        WITH_RIG(test_beat),
        WITH_RIG(test_many),
        WITH_RIG(test_list),
        WITH_RIG(test_list_gone),
        WITH_RIG(test_list_resumes),
        WITH_RIG(test_list_long_ago),
        WITH_RIG(test_long_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

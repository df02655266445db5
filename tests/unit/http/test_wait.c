/* Long polls: held until there is news or the time is up, each reply what a GET would say. */
#include "rig.h"

#include "http/wait.h"

/* The request is held when this returns; `target` has one %ju for the index. */
static void poll_open(struct client *c, struct rig *rig, const char *target, uint64_t index)
{
    char path[256], request[512];
    uint32_t before = http_watchers(rig->http);

    snprintf(path, sizeof(path), target, (uintmax_t)index);
    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    client_open(c, rig, request);
    while (http_watchers(rig->http) == before)
        rig_loop(rig);
    rig_settle(rig);
}

/* Frees `c`. */
static char *poll_reply(struct client *c)
{
    char *reply = client_rest(c);
    client_free(c);
    return reply;
}

static void assert_reply(char *reply, int status, const char *text)
{
    assert_non_null(reply);
    assert_int_equal(status_of(reply), status);
    if (!strstr(reply, text))
        fail_msg("no '%s' in: %s", text, reply ? reply : "");
    free(reply);
}

/* ---- one service ------------------------------------------------------------------- */

static void test_change(void **state)
{
    struct rig *rig = *state;
    struct client c;
    char expected[64];

    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    poll_open(&c, rig, "/v1/services/web?index=%ju&wait=30s", rig_index(rig, "web"));
    rig_add_named(rig, "default", "other", "o"); /* no news of this one */
    rig_publish(rig);
    rig_settle(rig);
    assert_int_equal(http_watchers(rig->http), 1);
    assert_int_equal(evbuffer_get_length(c.got), 0);

    rig_add_named(rig, "default", "web", "web-2");
    rig_publish(rig);
    char *reply = poll_reply(&c);
    snprintf(expected, sizeof(expected), "X-Disc-Index: %ju\r\n", (uintmax_t)rig_index(rig, "web"));
    assert_non_null(strstr(reply, expected));
    assert_non_null(strstr(reply, "web-1"));
    assert_reply(reply, 200, "web-2");
    assert_int_equal(http_watchers(rig->http), 0);
}

static void test_news_are_there(void **state)
{
    struct rig *rig = *state;
    char target[128];

    rig_add_named(rig, "default", "web", "web-1");
    uint64_t before = rig_index(rig, "web");
    rig_add_named(rig, "default", "web", "web-2");
    rig_publish(rig);
    snprintf(target, sizeof(target), "/v1/services/web?index=%ju", (uintmax_t)before);
    assert_reply(get(rig, target), 200, "web-2");
    assert_reply(get(rig, "/v1/services/web?wait=5m"), 200, "web-2"); /* index 0 */
    /* Another run of the server counted so far. */
    snprintf(target, sizeof(target), "/v1/services/web?index=%ju&wait=30s",
             (uintmax_t)registry_index(rig->registry) + 1);
    assert_reply(get(rig, target), 200, "web-2");
}

static void test_time_is_up(void **state)
{
    struct rig *rig = *state;
    struct client c;
    char expected[64];

    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    poll_open(&c, rig, "/v1/services/web?index=%ju&wait=30s", rig_index(rig, "web"));
    rig->lease_ms += 29999;
    rig_publish(rig);
    rig_settle(rig);
    assert_int_equal(http_watchers(rig->http), 1);
    rig->lease_ms += 1;
    rig_publish(rig);
    char *reply = poll_reply(&c);
    snprintf(expected, sizeof(expected), "ETag: W/\"%ju\"\r\n", (uintmax_t)rig_index(rig, "web"));
    assert_non_null(strstr(reply, expected));
    assert_reply(reply, 304, "X-Disc-Index: ");
}

/* What changed just before and was not told yet is not passed over: whoever goes on from the
 * index of a 304 would never see it. */
static void test_time_is_up_before_told(void **state)
{
    static const char *const targets[] = {"/v1/services/web?index=%ju&wait=1ms",
                                          "/v1/services?index=%ju&wait=1ms",
                                          "/v1/services?ns=default&index=%ju&wait=1ms"};
    (void)state;

    for (size_t n = 0; n < ARRAY_COUNT(targets); n++) {
        struct rig rig;
        struct client c;
        rig_start(&rig);
        rig_add_named(&rig, "default", "web", "web-1");
        rig_publish(&rig);
        poll_open(&c, &rig, targets[n], registry_index(rig.registry));
        rig.lease_ms += 1;
        rig_add_named(&rig, "default", "web", "web-2");
        assert_reply(poll_reply(&c), 200, "\"web\"");
        rig_stop(&rig);
    }
}

static void test_default_wait(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    poll_open(&c, rig, "/v1/services/web?index=%ju", rig_index(rig, "web"));
    rig->lease_ms += 30000;
    rig_publish(rig);
    assert_reply(poll_reply(&c), 304, "X-Disc-Index: ");
}

static void test_unknown(void **state)
{
    struct rig *rig = *state;
    struct client waits, gives_up;

    poll_open(&waits, rig, "/v1/services/Web?ns=Default&index=%ju&wait=60s", 0);
    poll_open(&gives_up, rig, "/v1/services/web?index=%ju&wait=500ms", 0);
    rig->lease_ms += 500;
    rig_publish(rig);
    assert_reply(poll_reply(&gives_up), 404, "no such service");
    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    assert_reply(poll_reply(&waits), 200, "web-1");
    assert_reply(get(rig, "/v1/services/no%20name?wait=30s"), 404, "no such service");
}

static void nothing(void *context, const struct registry_event *event)
{
    (void)context;
    (void)event;
}

/* As if two days had passed; the waits' own time stands still. */
static void forget_services(struct rig *rig)
{
    struct moment later = {.lease_ms = rig->lease_ms + UINT64_C(48) * 3600 * 1000};

    registry_expire(rig->registry, later, 1000, nothing, NULL);
}

/* The last instance goes, and when it was long enough ago the service, too. */
static void test_forgotten(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_named(rig, "default", "web", "web-1");
    rig_remove(rig, "web", "web-1");
    rig_publish(rig);
    poll_open(&c, rig, "/v1/services/web?index=%ju&wait=10m", rig_index(rig, "web"));
    forget_services(rig); /* well within the wait */
    assert_null(registry_service(rig->registry, TEXT("default"), TEXT("web")));
    rig_publish(rig);
    rig_settle(rig);
    assert_int_equal(http_watchers(rig->http), 0);
    assert_reply(poll_reply(&c), 404, "no such service");
}

static void test_client_goes(void **state)
{
    struct rig *rig = *state;
    struct client c;

    poll_open(&c, rig, "/v1/services/web?index=%ju&wait=60s", 0);
    client_free(&c);
    while (http_watchers(rig->http))
        rig_loop(rig);
    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    rig_settle(rig);
}

static void test_server_stops(void **state)
{
    struct rig *rig = *state;
    struct client c;

    poll_open(&c, rig, "/v1/services/web?index=%ju&wait=60s", 0);
    http_free(rig->http);
    rig->http = NULL;
    assert_reply(poll_reply(&c), 0, "");
}

/* All at once: a slice of them in each turn, the same bytes for all. */
static void test_many(void **state)
{
    enum { CLIENTS = 100 };
    struct client c[CLIENTS];
    struct rig *rig = *state;
    char *first = NULL;

    rig_add_many(rig, "web", 10, 50);
    rig_publish(rig);
    for (unsigned n = 0; n < CLIENTS; n++)
        poll_open(&c[n], rig, "/v1/services/web?index=%ju", rig_index(rig, "web"));
    assert_int_equal(http_watchers(rig->http), CLIENTS);
    rig->stopwatch_step_us = 700; /* three in a slice */
    rig_add_named(rig, "default", "web", "new");
    rig_publish(rig);
    rig_loop(rig);
    assert_in_range(http_watchers(rig->http), CLIENTS - 4, CLIENTS);
    for (unsigned n = 0; n < CLIENTS; n++) {
        char *reply = poll_reply(&c[n]), *body = strstr(reply, "\r\n\r\n");
        assert_int_equal(status_of(reply), 200);
        assert_non_null(strstr(body, "\"new\""));
        if (first)
            assert_string_equal(body, strstr(first, "\r\n\r\n"));
        if (!first)
            first = reply;
        else
            free(reply);
    }
    free(first);
}

/* What else the question says holds when it is answered late. */
static void test_filtered(void **state)
{
    struct rig *rig = *state;
    struct client filtered, plain;

    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    uint64_t index = rig_index(rig, "web");
    poll_open(&plain, rig, "/v1/services/web?index=%ju", index);
    poll_open(&filtered, rig, "/v1/services/web?index=%ju&status=draining", index);
    rig_add_named(rig, "default", "web", "web-2");
    rig_publish(rig);
    assert_reply(poll_reply(&plain), 200, "web-2");
    char *reply = poll_reply(&filtered);
    assert_null(strstr(reply, "web-2"));
    assert_reply(reply, 200, "\"instances\":[]");
}

static void test_bad_questions(void **state)
{
    static const char *const bad[] = {
        "index=x",     "index=-1",      "index=1&wait=", "wait=30",    "wait=s",
        "wait=11m",    "wait=600001ms", "wait=1h",       "wait=-1s",   "wait=1.5s",
        "wait=30%20s", "index=",        "wait=601s",     "wait=30sec", "wait=99999999999m"};
    struct rig *rig = *state;
    char target[128];

    for (size_t n = 0; n < ARRAY_COUNT(bad); n++) {
        snprintf(target, sizeof(target), "/v1/services/web?%s", bad[n]);
        assert_reply(get(rig, target), 400, strstr(bad[n], "wait") ? "10m" : "X-Disc-Index");
        snprintf(target, sizeof(target), "/v1/services?%s", bad[n]);
        assert_reply(get(rig, target), 400, strstr(bad[n], "wait") ? "10m" : "X-Disc-Index");
    }
}

/* What is asked for beside the wait is looked at before it. */
static void test_bad_filters(void **state)
{
    static const char *const bad[] = {"/v1/services/web?index=1&wait=1m&status=nonsense",
                                      "/v1/services/web?index=1&limit=0",
                                      "/v1/services/web?wait=1m&where=x",
                                      "/v1/services?index=1&wait=1m&limit=0",
                                      "/v1/services?index=1&after=x",
                                      "/v1/services/web?stream=yes"};
    struct rig *rig = *state;

    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    for (size_t n = 0; n < ARRAY_COUNT(bad); n++)
        assert_reply(get(rig, bad[n]), 400, "\"detail\"");
}

/* More than is rendered in one piece: each gets it in pieces, and all of it. */
static void test_large_body(void **state)
{
    enum { CLIENTS = 5, INSTANCES = 250 };
    struct client c[CLIENTS];
    struct rig *rig = *state;

    rig_add_many(rig, "web", INSTANCES, METADATA_VALUE_MAX);
    rig_publish(rig);
    for (unsigned n = 0; n < CLIENTS; n++)
        poll_open(&c[n], rig, "/v1/services/web?index=%ju", rig_index(rig, "web"));
    rig_add_named(rig, "default", "web", "new");
    rig_publish(rig);
    for (unsigned n = 0; n < CLIENTS; n++) {
        char *reply = poll_reply(&c[n]);
        assert_non_null(strstr(reply, "\r\nTransfer-Encoding: chunked\r\n"));
        json_t *body = json_of(reply);
        assert_int_equal(json_array_size(json_object_get(body, "instances")), INSTANCES + 1);
        json_decref(body);
    }
}

/* ---- the list ------------------------------------------------------------------------ */

static void test_list(void **state)
{
    struct rig *rig = *state;
    struct client all, of_default, of_prod;

    rig_add_named(rig, "default", "web", "web-1");
    rig_add_named(rig, "prod", "db", "db-1");
    rig_publish(rig);
    uint64_t index = registry_index(rig->registry);
    poll_open(&all, rig, "/v1/services?index=%ju&wait=60s", index);
    poll_open(&of_default, rig, "/v1/services?ns=default&index=%ju&wait=60s", index);
    poll_open(&of_prod, rig, "/v1/services?ns=prod&index=%ju&wait=60s", index);
    rig_add_named(rig, "prod", "api", "api-1");
    rig_publish(rig);
    assert_reply(poll_reply(&all), 200, "\"api\"");
    assert_reply(poll_reply(&of_prod), 200, "\"api\"");
    rig_settle(rig);
    assert_int_equal(http_watchers(rig->http), 1);
    /* What was before in another namespace is no news for this one, either. */
    poll_open(&all, rig, "/v1/services?ns=default&index=%ju&wait=60s", index);
    rig->lease_ms += 60000;
    rig_publish(rig);
    assert_reply(poll_reply(&of_default), 304, "X-Disc-Index: ");
    assert_reply(poll_reply(&all), 304, "X-Disc-Index: ");
}

static void test_list_news_are_there(void **state)
{
    struct rig *rig = *state;

    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    assert_reply(get(rig, "/v1/services?index=0&wait=60s"), 200, "\"web\"");
    assert_reply(get(rig, "/v1/services?ns=default&index=0"), 200, "\"web\"");
}

/* A service that is forgotten is no part of the list any more; the registry's feed has dropped
 * it by the time that those who wait are told. */
static void test_list_forgotten(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_named(rig, "default", "web", "web-1");
    rig_remove(rig, "web", "web-1");
    rig_publish(rig);
    uint64_t index = registry_index(rig->registry);
    poll_open(&c, rig, "/v1/services?ns=default&index=%ju&wait=60s", index);
    forget_services(rig);
    assert_null(registry_service(rig->registry, TEXT("default"), TEXT("web")));
    rig_publish(rig);
    registry_changes_trim(rig->registry, registry_index(rig->registry));
    assert_reply(poll_reply(&c), 200, "{\"services\":[]");
}

/* More changed than is looked through: it is taken for one of theirs. */
static void test_list_much_changed(void **state)
{
    struct rig *rig = *state;
    struct client c;
    char name[16];

    rig_add_named(rig, "default", "web", "web-1");
    rig_publish(rig);
    poll_open(&c, rig, "/v1/services?ns=default&index=%ju&wait=60s", registry_index(rig->registry));
    for (unsigned n = 0; n < 1100; n++) {
        snprintf(name, sizeof(name), "s%u", n);
        rig_add_named(rig, "prod", name, "one");
    }
    rig_add_named(rig, "default", "late", "late-1");
    rig_publish(rig);
    assert_reply(poll_reply(&c), 200, "late");
}

/* ---- several services: what the APIs of other registries ask for --------------------- */

struct several {
    struct rig rig;
    unsigned woken, changed, lost;
};

static void woken(struct call *call, bool changed, void *context)
{
    struct several *s = context;
    s->woken++;
    s->changed += changed;
    evhttp_send_reply(call->request, 200, "OK", NULL);
}

static void lost(void *context)
{
    struct several *s = context;
    s->lost++;
}

static void open_several(struct evhttp_request *request, void *context)
{
    static const struct wait_for services[] = {
        {{"default", 7}, {"a", 1}}, {{"default", 7}, {"b", 1}}, {{"default", 7}, {"a", 1}}};
    static const struct wait_action action = {woken, lost};
    struct several *s = context;
    struct call call = {.http = s->rig.http, .request = request};

    evhttp_connection_set_closecb(evhttp_request_get_connection(request), rig_closed, &s->rig);
    assert_false(wait_open(&call, services, 0, 0, 1000, &action, s));
    assert_false(wait_open(&call, services, WAIT_SERVICES_MAX + 1, 0, 1000, &action, s));
    assert_true(wait_open(&call, services, ARRAY_COUNT(services), registry_index(s->rig.registry),
                          1000, &action, s));
}

static void start_several(struct several *s, struct client *c)
{
    *s = (struct several){.woken = 0};
    rig_start(&s->rig);
    evhttp_set_gencb(s->rig.evhttp, open_several, s);
    poll_open(c, &s->rig, "/%ju", 0);
}

static void test_several(void **state)
{
    struct several s;
    struct client c;
    (void)state;

    start_several(&s, &c);
    rig_add_named(&s.rig, "default", "b", "b-1");
    rig_add_named(&s.rig, "default", "a", "a-1");
    rig_publish(&s.rig);
    assert_reply(poll_reply(&c), 200, "");
    rig_settle(&s.rig);
    assert_int_equal(s.woken, 1);
    assert_int_equal(s.changed, 1);
    assert_int_equal(s.lost, 0);
    rig_stop(&s.rig);
}

static void test_several_lost(void **state)
{
    struct several s;
    struct client c;
    (void)state;

    start_several(&s, &c);
    client_free(&c);
    while (!s.lost)
        rig_loop(&s.rig);
    s.rig.lease_ms += 5000;
    rig_publish(&s.rig);
    rig_settle(&s.rig);
    assert_int_equal(s.woken, 0);
    assert_int_equal(s.lost, 1);
    rig_stop(&s.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_change),
        WITH_RIG(test_news_are_there),
        WITH_RIG(test_time_is_up),
        cmocka_unit_test(test_time_is_up_before_told),
        WITH_RIG(test_default_wait),
        WITH_RIG(test_unknown),
        WITH_RIG(test_forgotten),
        WITH_RIG(test_client_goes),
        WITH_RIG(test_server_stops),
        WITH_RIG(test_many),
        WITH_RIG(test_filtered),
        WITH_RIG(test_bad_questions),
        WITH_RIG(test_bad_filters),
        WITH_RIG(test_large_body),
        WITH_RIG(test_list),
        WITH_RIG(test_list_news_are_there),
        WITH_RIG(test_list_forgotten),
        WITH_RIG(test_list_much_changed),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_several_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

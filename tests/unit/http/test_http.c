/* Requests over a real connection: status, headers, bodies. */
#include "rig.h"

static int set_up(void **state)
{
    rig_set_up(state);
    struct rig *rig = *state;
    rig_add(rig, (struct record){
                     .ns = TEXT("default"),
                     .service = TEXT("hello-svc"),
                     .id = TEXT("b"),
                     .weight_set = true,
                     .weight = 30,
                     .version = TEXT("1.4"),
                     .tags = {TEXT("blue")},
                     .tag_count = 1,
                     .metadata = {{TEXT("note"), TEXT("\"><img onerror> \xc3\xa9")}},
                     .metadata_count = 1,
                     .lease_s = 60,
                 });
    rig_add(rig, (struct record){.ns = TEXT("default"),
                                 .service = TEXT("hello-svc"),
                                 .id = TEXT("a"),
                                 .status = STATUS_STARTING});
    rig_add(rig,
            (struct record){.ns = TEXT("default"), .service = TEXT("user.rpc"), .id = TEXT("u1")});
    rig_add(rig,
            (struct record){.ns = TEXT("test"), .service = TEXT("hello-svc"), .id = TEXT("t1")});
    return 0;
}

#define HEAD_LINES "Host: localhost:1\r\nConnection: close\r\n\r\n"

static void test_statuses(void **state)
{
    static const struct {
        const char *request;
        int status;
        const char *part; /* of the reply */
    } cases[] = {
        {"GET /v1/status HTTP/1.1\r\n" HEAD_LINES, 200, "\"status\":\"ok\""},
        {"GET /v1/status HTTP/1.0\r\n\r\n", 200, "\"version\":\"9.9\""},
        {"GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "send a Host header"},
        {"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n"
         "Connection: close\r\n\r\n",
         400, "not several"},
        {"GET /v1/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421,
         "http.hosts"},
        {"GET /v1/status HTTP/1.0\r\nHost: evil.example\r\n\r\n", 421, "http.hosts"},
        {"GET http://evil.example/v1/status HTTP/1.1\r\n" HEAD_LINES, 421, "http.hosts"},
        {"GET http://localhost/v1/status HTTP/1.1\r\n" HEAD_LINES, 200, "\"ok\""},
        {"GET //evil.example/v1/status HTTP/1.1\r\n" HEAD_LINES, 421, "http.hosts"},
        {"GET /v1/status HTTP/1.1\r\nHost: DISC.example:99\r\nConnection: close\r\n\r\n", 200,
         "\"ok\""},
        {"POST /v1/status HTTP/1.1\r\n" HEAD_LINES, 405, "\r\nAllow: GET, HEAD\r\n"},
        {"BREW /v1/status HTTP/1.1\r\n" HEAD_LINES, 405, "\r\nAllow: GET, HEAD\r\n"},
        {"POST /v1/explain HTTP/1.1\r\n" HEAD_LINES, 405, "\r\nAllow: GET, HEAD\r\n"},
        {"PUT /v1/guard HTTP/1.1\r\n" HEAD_LINES, 405, "\r\nAllow: GET, HEAD, POST\r\n"},
        {"GET /v1/evict HTTP/1.1\r\n" HEAD_LINES, 405, "\r\nAllow: POST\r\n"},
        {"OPTIONS /v1/services/x HTTP/1.1\r\n" HEAD_LINES, 405, "\r\nAllow: GET, HEAD\r\n"},
        {"GET /v1/nothing HTTP/1.1\r\n" HEAD_LINES, 404, "no such path"},
        {"GET /v1/nothing HTTP/1.1\r\n" HEAD_LINES, 404,
         "/v1/evict, /api/*, /discovery/*; all is described"},
        {"GET /v1/nothing HTTP/1.1\r\n" HEAD_LINES, 404, "/v1/records, /metrics, /v1/guard,"},
        {"GET /v1/status/ HTTP/1.1\r\n" HEAD_LINES, 404, "no such path"},
        {"GET /v1/services/ HTTP/1.1\r\n" HEAD_LINES, 404, "no such path"},
        {"GET /none HTTP/1.1\r\n" HEAD_LINES, 404, "no such path"},
        {"OPTIONS * HTTP/1.1\r\n" HEAD_LINES, 404, "no such path"},
        {"GET /v1/services/none HTTP/1.1\r\n" HEAD_LINES, 404, "no such service"},
        {"GET /v1/services/hello-svc?ns=none HTTP/1.1\r\n" HEAD_LINES, 404, "no such namespace"},
        {"GET /v1/services/x?ns=none&index=0 HTTP/1.1\r\n" HEAD_LINES, 404, "no such namespace"},
        {"GET /v1/services/x?ns=none&wait=9m HTTP/1.1\r\n" HEAD_LINES, 404, "no such namespace"},
        {"GET /v1/services?ns=none HTTP/1.1\r\n" HEAD_LINES, 404, "no such namespace"},
        {"GET /v1/services?ns=none&stream=1 HTTP/1.1\r\n" HEAD_LINES, 404, "no such namespace"},
        {"HEAD /v1/services?ns=none HTTP/1.1\r\n" HEAD_LINES, 404, ""},
        {"GET /v1/services/hello-svc/instances/i1?ns=none HTTP/1.1\r\n" HEAD_LINES, 404,
         "no such namespace"},
        {"GET /v1/services/x/instances/y/override?ns=none HTTP/1.1\r\n" HEAD_LINES, 404,
         "no such namespace"},
        {"GET /v1/services/none?ns=test HTTP/1.1\r\n" HEAD_LINES, 404, "no such service"},
        {"GET /v1/services/a%00b HTTP/1.1\r\n" HEAD_LINES, 400, "%00"},
        {"GET /v1/services/a%2 HTTP/1.1\r\n" HEAD_LINES, 400, "hexadecimal"},
        {"GET /v1/services/%68ello%2Dsvc HTTP/1.1\r\n" HEAD_LINES, 200, "\"hello-svc\""},
        {"GET /v1/services/HELLO-svc?ns=DEFAULT HTTP/1.1\r\n" HEAD_LINES, 200, "\"hello-svc\""},
        {"GET /v1/services/user.rpc HTTP/1.1\r\n" HEAD_LINES, 200, "\"u1\""},
        {"GET /v1/services/a%2Fb HTTP/1.1\r\n" HEAD_LINES, 404, "no such service"},
        {"GET /v1/services/hello-svc?wher=zone:a&live=true&Where=x HTTP/1.1\r\n" HEAD_LINES, 400,
         "unknown query parameters: \\\"wher\\\", \\\"Where\\\"; known here: ns status live where"},
        {"GET /v1/status?ns=default HTTP/1.1\r\n" HEAD_LINES, 400,
         "parameters: \\\"ns\\\"; known here: none"},
        {"GET /v1/services?=x HTTP/1.1\r\n" HEAD_LINES, 400,
         "parameters: \\\"\\\"; known here: ns q"},
        {"GET /v1/services?n HTTP/1.1\r\n" HEAD_LINES, 400, "parameters: \\\"n\\\""},
        {"GET /v1/services?a%0ab%ff=1 HTTP/1.1\r\n" HEAD_LINES, 400, "Bad Request"},
        {"GET /v1/services?& HTTP/1.1\r\n" HEAD_LINES, 200, "hello-svc"},
        {"GET /metrics?x=1 HTTP/1.1\r\n" HEAD_LINES, 200, "part_0"},
        {"GET /v1/services?limit=0 HTTP/1.1\r\n" HEAD_LINES, 400, "1 to 10000"},
        {"GET /v1/services?limit=10001 HTTP/1.1\r\n" HEAD_LINES, 400, "1 to 10000"},
        {"GET /v1/services?limit=x HTTP/1.1\r\n" HEAD_LINES, 400, "1 to 10000"},
        {"GET /v1/services?limit= HTTP/1.1\r\n" HEAD_LINES, 400, "1 to 10000"},
        {"GET /v1/services?limit=1&limit=2 HTTP/1.1\r\n" HEAD_LINES, 400, "each name once"},
        {"GET /v1/services?ns=a.b HTTP/1.1\r\n" HEAD_LINES, 400, "namespace"},
        {"GET /v1/services?ns=%00 HTTP/1.1\r\n" HEAD_LINES, 400, "no %00"},
        {"GET /v1/services?after=x HTTP/1.1\r\n" HEAD_LINES, 400, "next"},
        {"GET /v1/services?after=test/x&ns=default HTTP/1.1\r\n" HEAD_LINES, 400, "another"},
        {"GET /v1/records?after=x HTTP/1.1\r\n" HEAD_LINES, 400, "after is what"},
        {"GET /v1/records?limit=0 HTTP/1.1\r\n" HEAD_LINES, 400, "from 1 to 10000"},
        {"GET /v1/records?limit=10001 HTTP/1.1\r\n" HEAD_LINES, 400, "from 1 to 10000"},
        {"GET /v1/records?after=13 HTTP/1.1\r\n" HEAD_LINES, 503, "try again"},
        {"GET /v1/records HTTP/1.1\r\n" HEAD_LINES, 200, "\"next\":null"},
        {"POST /v1/records HTTP/1.1\r\n" HEAD_LINES, 405, "\r\nAllow: GET, HEAD\r\n"},
        {"GET /v1/explain HTTP/1.1\r\n" HEAD_LINES, 400, "give the name"},
        {"GET /v1/explain?name=x HTTP/1.1\r\n" HEAD_LINES, 400, "give the type"},
        {"GET /v1/explain?name=x&type=A%20B HTTP/1.1\r\n" HEAD_LINES, 400, "type is a word"},
        {"GET /v1/explain?name=x&type=A&client=y HTTP/1.1\r\n" HEAD_LINES, 400, "IP address"},
        {"GET /v1/explain?name=x&type=A&client= HTTP/1.1\r\n" HEAD_LINES, 400, "IP address"},
        {"GET /v1/explain?name=bad..name&type=A HTTP/1.1\r\n" HEAD_LINES, 400, "a label is empty"},
        {"GET /v1/explain?name=no.memory&type=A HTTP/1.1\r\n" HEAD_LINES, 503, "try again"},
        {"GET /v1/explain?name=x&type=A HTTP/1.1\r\n" HEAD_LINES, 200, "\"disc.local\""},
        {"nonsense\r\n\r\n", 400, ""},
    };
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        char *reply = ask(*state, cases[n].request);
        if (status_of(reply) != cases[n].status || !strstr(reply, cases[n].part))
            fail_msg("%s\n-> %s", cases[n].request, reply);
        free(reply);
    }
}

static void test_headers(void **state)
{
    static const char *const targets[] = {"/v1/status", "/v1/services", "/none", "/v1/explain"};
    for (size_t n = 0; n < ARRAY_COUNT(targets); n++) {
        char *reply = get(*state, targets[n]);
        assert_non_null(strstr(reply, "\r\nX-Content-Type-Options: nosniff\r\n"));
        /* What has a version may be kept and asked for again. */
        assert_non_null(strstr(reply, strstr(reply, "\r\nETag: ")
                                          ? "\r\nCache-Control: no-cache\r\n"
                                          : "\r\nCache-Control: no-store\r\n"));
        assert_non_null(strstr(reply, "\r\nContent-Security-Policy: default-src 'none'\r\n"));
        assert_non_null(strstr(reply, status_of(reply) == 200
                                          ? "\r\nContent-Type: application/json\r\n"
                                          : "\r\nContent-Type: application/problem+json\r\n"));
        assert_null(strstr(reply, "Access-Control"));
        free(reply);
    }
}

static void test_problem(void **state)
{
    json_t *json = json_of(get(*state, "/v1/explain"));
    assert_string_equal(text_at(json, "type"), "about:blank");
    assert_string_equal(text_at(json, "title"), "Bad Request");
    assert_int_equal(number_at(json, "status"), 400);
    assert_true(strlen(text_at(json, "detail")) > 0);
    json_decref(json);
}

static void test_head(void **state)
{
    static const char *const targets[] = {"/v1/status", "/v1/services", "/v1/services/hello-svc",
                                          "/none"};
    for (size_t n = 0; n < ARRAY_COUNT(targets); n++) {
        char request[256];
        snprintf(request, sizeof(request), "HEAD %s HTTP/1.1\r\n" HEAD_LINES, targets[n]);
        char *reply = ask(*state, request), *whole = get(*state, targets[n]);
        assert_int_equal(status_of(reply), status_of(whole));
        assert_string_equal(strstr(reply, "\r\n\r\n"), "\r\n\r\n");
        char *told = header_of(reply, "Content-Length");
        if (told)
            assert_int_equal(atoi(told), strlen(strstr(whole, "\r\n\r\n") + 4));
        free(told);
        free(reply);
        free(whole);
    }
}

static void test_status(void **state)
{
    json_t *json = json_of(get(*state, "/v1/status"));
    assert_int_equal(number_at(json, "services"), 3);
    assert_int_equal(number_at(json, "instances"), 4);
    assert_int_equal(number_at(json, "live_up"), 3);
    assert_int_equal(number_at(json, "registrations"), 4);
    assert_int_equal(number_at(json, "evictions"), 0);
    assert_int_equal(number_at(json, "stale"), 0);
    assert_int_equal(number_at(json, "guards_closed"), 0);
    assert_int_equal(number_at(json, "brownouts"), 0);
    json_t *guard = json_object_get(json, "guard");
    assert_string_equal(text_at(guard, "mode"), "auto");
    assert_true(json_is_false(json_object_get(guard, "on")));
    assert_true(json_is_false(json_object_get(guard, "brownout")));
    assert_true(json_is_null(json_object_get(guard, "since")));
    assert_int_equal(number_at(guard, "late_hosts"), 0);
    assert_int_equal(number_at(guard, "zones_on"), 0);
    json_decref(json);
}

static void test_counters(void **state)
{
    struct rig *rig = *state;
    free(get(rig, "/v1/status"));
    free(get(rig, "/v1/services"));
    free(get(rig, "/none"));
    const struct http_counters *c = http_counters(rig->http);
    assert_int_equal(counter_get(&c->requests), 3);
    assert_int_equal(counter_get(&c->statuses[2]), 2);
    assert_int_equal(counter_get(&c->statuses[4]), 1);
}

static void test_service(void **state)
{
    struct rig *rig = *state;
    struct instance_key key = {TEXT("default"), TEXT("hello-svc"), TEXT("b")};
    struct override drained = {.drain = true, .weight_set = true, .weight = 5};
    assert_int_equal(registry_override(rig->registry, key, &drained, rig_now(rig)), ERR_OK);
    rig->lease_ms += 10000;

    json_t *json = json_of(get(rig, "/v1/services/hello-svc"));
    assert_string_equal(text_at(json, "namespace"), "default");
    assert_string_equal(text_at(json, "name"), "hello-svc");
    json_t *all = json_object_get(json, "instances");
    assert_int_equal(json_array_size(all), 2);
    json_t *a = json_array_get(all, 0), *b = json_array_get(all, 1); /* sorted */
    assert_string_equal(text_at(a, "id"), "a");
    assert_string_equal(text_at(a, "status"), "starting");
    assert_true(json_is_false(json_object_get(a, "live")));
    assert_true(json_is_false(json_object_get(a, "stale")));
    assert_null(json_object_get(a, "override"));
    assert_int_equal(number_at(a, "expires_in_ms"), 20000);
    assert_int_equal(number_at(a, "weight"), WEIGHT_DEFAULT);
    assert_true(json_is_null(json_object_get(a, "ttl")));

    assert_string_equal(text_at(b, "status"), "draining");
    assert_int_equal(number_at(b, "weight"), 5);
    json_t *override = json_object_get(b, "override");
    assert_true(json_is_true(json_object_get(override, "drain")));
    assert_int_equal(number_at(override, "weight"), 5);
    assert_null(json_object_get(override, "status"));
    assert_int_equal(number_at(b, "expires_in_ms"), 50000);
    assert_int_equal(number_at(b, "lease"), 60);
    assert_string_equal(text_at(b, "owner"), "local");
    assert_string_equal(text_at(b, "version"), "1.4");
    assert_string_equal(json_string_value(json_array_get(json_object_get(b, "tags"), 0)), "blue");
    assert_string_equal(text_at(json_object_get(b, "metadata"), "note"),
                        "\"><img onerror> \xc3\xa9");
    assert_string_equal(json_string_value(json_array_get(json_object_get(b, "addresses"), 0)),
                        "10.0.0.7");
    json_t *port = json_array_get(json_object_get(b, "ports"), 0);
    assert_string_equal(text_at(port, "name"), "web");
    assert_int_equal(number_at(port, "number"), 8080);
    assert_string_equal(text_at(port, "protocol"), "tcp");
    assert_int_equal(number_at(b, "registered_ms"), WALL + 1000);
    json_decref(json);
}

static void test_permanent(void **state)
{
    struct rig *rig = *state;
    rig_add(rig, (struct record){.ns = TEXT("default"),
                                 .service = TEXT("fixed"),
                                 .id = TEXT("f"),
                                 .rev = UINT64_MAX,
                                 .permanent = true});
    json_t *json = json_of(get(rig, "/v1/services/fixed"));
    json_t *i = json_array_get(json_object_get(json, "instances"), 0);
    assert_true(json_is_null(json_object_get(i, "expires_in_ms")));
    assert_true(json_is_null(json_object_get(i, "lease")));
    assert_true(json_is_true(json_object_get(i, "live")));
    assert_string_equal(text_at(i, "rev"), "18446744073709551615");
    json_decref(json);
}

static void test_overdue(void **state)
{
    struct rig *rig = *state;
    rig->lease_ms += 30001;
    json_t *json = json_of(get(rig, "/v1/services/user.rpc"));
    json_t *i = json_array_get(json_object_get(json, "instances"), 0);
    assert_string_equal(text_at(i, "status"), "up");
    assert_true(json_is_false(json_object_get(i, "live")));
    assert_int_equal(number_at(i, "expires_in_ms"), 0);
    json_decref(json);
}

static void test_known_but_empty(void **state)
{
    struct rig *rig = *state;
    rig_remove(rig, "user.rpc", "u1");
    json_t *json = json_of(get(rig, "/v1/services/user.rpc"));
    assert_int_equal(json_array_size(json_object_get(json, "instances")), 0);
    json_decref(json);
}

static void test_etag(void **state)
{
    struct rig *rig = *state;
    static const char *const forms[] = {"If-None-Match: %s\r\n", "If-None-Match: \"x\", %s\r\n",
                                        "If-None-Match:  %s ,W/\"y\"\r\n"};
    char *reply = get(rig, "/v1/services/hello-svc");
    char *tag = header_of(reply, "ETag"), *index = header_of(reply, "X-Disc-Index");
    assert_non_null(tag);
    assert_memory_equal(tag, "W/\"", 3);
    assert_non_null(index);
    json_t *json = json_of(reply);
    assert_int_equal(number_at(json, "index"), atoi(index));
    json_decref(json);

    char condition[256];
    for (size_t n = 0; n < ARRAY_COUNT(forms); n++) {
        snprintf(condition, sizeof(condition), forms[n], tag);
        reply = get_with(rig, "/v1/services/hello-svc", condition);
        assert_int_equal(status_of(reply), 304);
        assert_string_equal(strstr(reply, "\r\n\r\n"), "\r\n\r\n");
        free(reply);
    }
    snprintf(condition, sizeof(condition), forms[0], "\"other\"");
    reply = get_with(rig, "/v1/services/hello-svc", condition);
    assert_int_equal(status_of(reply), 200);
    free(reply);
    rig_remove(rig, "hello-svc", "a");
    snprintf(condition, sizeof(condition), forms[0], tag);
    reply = get_with(rig, "/v1/services/hello-svc", condition);
    assert_int_equal(status_of(reply), 200);
    free(reply);
    free(tag);
    free(index);
}

static void test_list(void **state)
{
    json_t *json = json_of(get(*state, "/v1/services"));
    json_t *all = json_object_get(json, "services");
    assert_int_equal(json_array_size(all), 3);
    json_t *first = json_array_get(all, 0), *last = json_array_get(all, 2);
    assert_string_equal(text_at(first, "name"), "hello-svc");
    assert_string_equal(text_at(first, "namespace"), "default");
    assert_int_equal(number_at(first, "instances"), 2);
    assert_int_equal(number_at(first, "live"), 1);
    assert_int_equal(number_at(first, "stale"), 0);
    assert_true(number_at(first, "index") > 0);
    assert_string_equal(text_at(json_array_get(all, 1), "name"), "user.rpc");
    assert_string_equal(text_at(last, "namespace"), "test");
    assert_true(json_is_null(json_object_get(json, "next")));
    json_decref(json);
}

static void test_namespace(void **state)
{
    json_t *json = json_of(get(*state, "/v1/services?ns=test"));
    json_t *all = json_object_get(json, "services");
    assert_int_equal(json_array_size(all), 1);
    assert_string_equal(text_at(json_array_get(all, 0), "namespace"), "test");
    json_decref(json);
}

static void test_pages(void **state)
{
    static const char *const expected[] = {"default/hello-svc", "default/user.rpc",
                                           "test/hello-svc"};
    char target[256] = "/v1/services?limit=1";
    for (size_t n = 0; n < ARRAY_COUNT(expected); n++) {
        json_t *json = json_of(get(*state, target)), *all = json_object_get(json, "services");
        assert_int_equal(json_array_size(all), 1);
        json_t *s = json_array_get(all, 0);
        char name[200];
        snprintf(name, sizeof(name), "%s/%s", text_at(s, "namespace"), text_at(s, "name"));
        assert_string_equal(name, expected[n]);
        json_t *next = json_object_get(json, "next");
        assert_int_equal(json_is_null(next), n + 1 == ARRAY_COUNT(expected));
        if (json_is_string(next)) {
            assert_string_equal(json_string_value(next), name);
            snprintf(target, sizeof(target), "/v1/services?limit=1&after=%s", name);
        }
        json_decref(json);
    }
    /* A name that is not there is a place all the same. */
    json_t *json = json_of(get(*state, "/v1/services?after=default/i"));
    assert_int_equal(json_array_size(json_object_get(json, "services")), 2);
    json_decref(json);
}

static void test_records(void **state)
{
    struct rig *rig = *state;
    free(get(rig, "/v1/records"));
    assert_string_equal(rig->asked, "records 0 1000");
    free(get(rig, "/v1/records?after=77&limit=5"));
    assert_string_equal(rig->asked, "records 77 5");
}

static void test_explain(void **state)
{
    struct rig *rig = *state;
    free(get(rig, "/v1/explain?name=hello-svc.disc.local&type=SRV&client=10.0.0.9"));
    assert_string_equal(rig->asked, "hello-svc.disc.local SRV 10.0.0.9");
    free(get(rig, "/v1/explain?type=a&name=%5fx+y"));
    assert_string_equal(rig->asked, "_x y a none");
    rig->explain_bytes = 2 * 1024 * 1024;
    char *reply = get(rig, "/v1/explain?name=x&type=A");
    assert_int_equal(status_of(reply), 503);
    assert_non_null(strstr(reply, "longer than 1 MiB"));
    free(reply);
}

static void test_token(void **state)
{
    struct rig *rig = *state;
    struct http_config config = {.token = strdup(TOKEN), .reads_token = true};
    http_configure(rig->http, &config);
    char *reply = get(rig, "/v1/status");
    assert_int_equal(status_of(reply), 200); /* loopback */
    free(reply);
    reply = get_with(rig, "/v1/status", "X-Forwarded-For: 192.0.2.1\r\n");
    assert_int_equal(status_of(reply), 401);
    assert_non_null(strstr(reply, "\r\nWWW-Authenticate: Bearer realm=\"disc\"\r\n"));
    free(reply);
    reply = get_with(rig, "/v1/status",
                     "X-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer " TOKEN "\r\n");
    assert_int_equal(status_of(reply), 200);
    free(reply);
}

/* Three requests on one connection, all sent at once. */
static void test_pipeline(void **state)
{
    char *reply = ask(*state, "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
                              "GET /v1/services/hello-svc HTTP/1.1\r\nHost: localhost\r\n\r\n"
                              "GET /none HTTP/1.1\r\n" HEAD_LINES);
    const char *second = strstr(reply + 1, "HTTP/1.1 200 OK");
    assert_non_null(second);
    const char *third = strstr(second, "HTTP/1.1 404 Not Found");
    assert_non_null(third);
    free(reply);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_statuses),  TEST(test_headers),  TEST(test_problem),         TEST(test_head),
        TEST(test_status),    TEST(test_counters), TEST(test_service),         TEST(test_permanent),
        TEST(test_overdue),   TEST(test_etag),     TEST(test_known_but_empty), TEST(test_list),
        TEST(test_namespace), TEST(test_pages),    TEST(test_explain),         TEST(test_records),
        TEST(test_token),     TEST(test_pipeline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

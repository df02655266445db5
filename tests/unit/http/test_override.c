/* The operator's word over HTTP. */
#include "rig.h"

#define ONE "/v1/services/web/instances/one"
#define ITS ONE "/override"

static int set_up(void **state)
{
    rig_set_up(state);
    struct rig *rig = *state;
    rig_add(rig, (struct record){.ns = TEXT("default"),
                                 .service = TEXT("web"),
                                 .id = TEXT("one"),
                                 .weight_set = true,
                                 .weight = 30});
    return 0;
}

static void expect_instance(struct rig *rig, const char *status, int weight)
{
    json_t *json = json_of(get(rig, ONE));
    assert_string_equal(text_at(json, "status"), status);
    assert_int_equal(number_at(json, "weight"), weight);
    json_decref(json);
}

static void test_life(void **state)
{
    struct rig *rig = *state;

    expect_reply(rig, "GET", ITS, "", 200, "\r\n\r\n{}");
    expect_reply(rig, "PUT", ITS, "{\"drain\": true}", 200, "{\"drain\":true}");
    expect_instance(rig, "draining", 30);
    expect_reply(rig, "PATCH", ITS, "{\"weight\": 10}", 200, "{\"drain\":true,\"weight\":10}");
    expect_instance(rig, "draining", 10);
    expect_reply(rig, "PATCH", ITS, "{\"drain\": false, \"status\": \"down\"}", 200,
                 "{\"weight\":10,\"status\":\"down\"}");
    expect_instance(rig, "down", 10);
    expect_reply(rig, "PATCH", ITS, "{\"weight\": null}", 200, "{\"status\":\"down\"}");
    expect_instance(rig, "down", 30);
    expect_reply(rig, "GET", ITS, "", 200, "{\"status\":\"down\"}");
    expect_reply(rig, "PUT", ITS, "{\"weight\": 0}", 200, "{\"weight\":0}");
    expect_instance(rig, "up", 0);
    expect_reply(rig, "DELETE", ITS, "", 204, "");
    expect_instance(rig, "up", 30);
    expect_reply(rig, "GET", ITS, "", 200, "\r\n\r\n{}");
    assert_string_equal(rig->deeds, "0 local default/web/one drain\n"
                                    "0 local default/web/one drain weight=10\n"
                                    "0 local default/web/one weight=10 status=down\n"
                                    "0 local default/web/one status=down\n"
                                    "0 local default/web/one weight=0\n"
                                    "0 local default/web/one lifted\n");
}

/* What the instance says of itself stands beside it. */
static void test_said(void **state)
{
    struct rig *rig = *state;

    expect_reply(rig, "PUT", ITS, "{\"drain\": true, \"weight\": 1}", 200, "");
    json_t *json = json_of(get(rig, ONE)), *said = json_object_get(json, "said");
    assert_string_equal(text_at(said, "status"), "up");
    assert_int_equal(number_at(said, "weight"), 30);
    assert_true(json_is_true(json_object_get(json_object_get(json, "override"), "drain")));
    json_decref(json);
}

/* It outlives the instance, and may come before it. */
static void test_absent(void **state)
{
    struct rig *rig = *state;

    expect_reply(rig, "PUT", ITS, "{\"weight\": 5}", 200, "");
    expect_reply(rig, "DELETE", ONE, "", 204, "");
    expect_reply(rig, "GET", ITS, "", 200, "{\"weight\":5}");
    expect_reply(rig, "PATCH", ITS, "{\"drain\": true}", 200, "{\"drain\":true,\"weight\":5}");
    rig->lease_ms += 400000; /* the deletion is no longer remembered */
    expect_reply(rig, "PUT", ONE, "{\"ports\": [], \"weight\": 70}", 201, "\"weight\":5,");
    expect_reply(rig, "PUT", "/v1/services/web/instances/two/override", "{\"drain\": true}", 200,
                 "");
    expect_reply(rig, "PUT", "/v1/services/web/instances/two",
                 "{\"ports\": [], \"addresses\": [\"10.0.0.2\"]}", 201, "\"status\":\"draining\"");
}

static void test_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *part;
    } cases[] = {
        {"", 400, "the body is empty"},
        {"[]", 400, "not a JSON object"},
        {"{\"drain\": 1}", 422, "\\\"drain\\\": expected true or false"},
        {"{\"weight\": -1}", 422, "\\\"weight\\\": expected a whole number"},
        {"{\"weight\": 65536}", 422, "65535"},
        {"{\"weight\": \"1\"}", 422, "\\\"weight\\\""},
        {"{\"status\": \"gone\"}", 422, "\\\"status\\\": expected"},
        {"{\"status\": 1}", 422, "\\\"status\\\": expected"},
        {"{\"priority\": 1, \"drain\": true}", 422,
         "unknown members: \\\"priority\\\"; known here: \\\"drain\\\", \\\"weight\\\""},
    };
    static const char *const methods[] = {"PUT", "PATCH"};
    struct rig *rig = *state;

    for (size_t n = 0; n < ARRAY_COUNT(cases); n++)
        for (size_t m = 0; m < ARRAY_COUNT(methods); m++)
            expect_reply(rig, methods[m], ITS, cases[n].body, cases[n].status, cases[n].part);
    expect_reply(rig, "PUT", "/v1/services/none/instances/one/override", "{}", 404,
                 "no such service");
    expect_reply(rig, "GET", "/v1/services/none/instances/one/override", "", 404,
                 "no such service");
    expect_reply(rig, "DELETE", "/v1/services/none/instances/one/override", "", 404,
                 "no such service");
    expect_reply(rig, "PUT", "/v1/services/web/instances/a_b/override", "{}", 404,
                 "no such instance");
    expect_reply(rig, "POST", ITS, "{}", 405, "\r\nAllow: GET, HEAD, PUT, PATCH, DELETE\r\n");
    assert_int_equal(rig->changes, 0);
    assert_string_equal(rig->deeds, "");
}

static void expect_page(struct rig *rig, const char *query, const char *rows, const char *next)
{
    char target[512];
    snprintf(target, sizeof(target), "/v1/overrides%s", query);
    json_t *json = json_of(get(rig, target)), *row, *wanted = json_loads(rows, 0, NULL);
    size_t n;

    json_array_foreach(json_object_get(json, "overrides"), n, row)
    {
        assert_string_equal(text_at(row, "namespace"),
                            n < json_array_size(wanted) ? "default" : "");
        json_object_del(row, "namespace");
    }
    if (!json_equal(json_object_get(json, "overrides"), wanted))
        fail_msg("%s: %s", query, json_dumps(json, 0));
    if (*next)
        assert_string_equal(text_at(json, "next"), next);
    else
        assert_true(json_is_null(json_object_get(json, "next")));
    json_decref(wanted);
    json_decref(json);
}

#define ROW_ONE                                                                                    \
    "{\"service\":\"web\",\"instance\":\"one\",\"registered\":true,\"override\":{\"drain\":true}}"
#define ROW_GHOST                                                                                  \
    "{\"service\":\"web\",\"instance\":\"ghost\",\"registered\":false,\"override\":{\"weight\":0}" \
    "}"
#define ROW_API                                                                                    \
    "{\"service\":\"api\",\"instance\":\"x\",\"registered\":false,\"override\":{\"status\":"       \
    "\"down\"}}"

static void test_list(void **state)
{
    struct rig *rig = *state;

    expect_page(rig, "", "[]", "");
    rig_add(rig, (struct record){.ns = TEXT("default"), .service = TEXT("api"), .id = TEXT("a")});
    rig_add(rig, (struct record){.ns = TEXT("default"), .service = TEXT("many"), .id = TEXT("a")});
    expect_reply(rig, "PUT", ITS, "{\"drain\": true}", 200, "");
    expect_reply(rig, "PUT", "/v1/services/web/instances/ghost/override", "{\"weight\": 0}", 200,
                 "");
    expect_reply(rig, "PUT", "/v1/services/api/instances/x/override", "{\"status\": \"down\"}", 200,
                 "");
    expect_page(rig, "", "[" ROW_API "," ROW_GHOST "," ROW_ONE "]", "");
    expect_page(rig, "?ns=Default", "[" ROW_API "," ROW_GHOST "," ROW_ONE "]", "");
    expect_page(rig, "?limit=1", "[" ROW_API "]", "default/api/x");
    expect_page(rig, "?limit=1&after=default/api/x", "[" ROW_GHOST "]", "default/web/ghost");
    expect_page(rig, "?limit=1&after=default/web/ghost", "[" ROW_ONE "]", "");
    expect_page(rig, "?after=Default/Web/GHOST", "[" ROW_ONE "]", "");
    expect_page(rig, "?after=default/web/h", "[" ROW_ONE "]", "");
    expect_page(rig, "?after=default/b/z", "[" ROW_GHOST "," ROW_ONE "]", "");
    expect_page(rig, "?after=default/web/one", "[]", "");
    expect_page(rig, "?after=zzz/web/one", "[]", "");
    static const char *const wrong[] = {"limit=0",
                                        "limit=10001",
                                        "limit=x",
                                        "after=default",
                                        "after=a/b",
                                        "after=a/b/",
                                        "after=/b/c",
                                        "after=a//c",
                                        "ns=a_b",
                                        "unknown=1",
                                        "after=n/s/i&ns=default"};
    for (size_t n = 0; n < ARRAY_COUNT(wrong); n++) {
        char target[64];
        snprintf(target, sizeof(target), "/v1/overrides?%s", wrong[n]);
        expect_reply(rig, "GET", target, "", 400, "");
    }
}

/* More than a slice holds, and the service goes before the reply is whole. */
static void test_list_slices(void **state)
{
    enum { MANY = 100 };
    struct rig *rig = *state;
    struct client c;
    struct override drain = {.drain = true};

    for (int n = 0; n < MANY; n++) {
        char id[16];
        snprintf(id, sizeof(id), "n%03d", n * 37 % MANY);
        struct instance_key key = {TEXT("default"), TEXT("web"), text_of(id)};
        assert_int_equal(registry_override(rig->registry, key, &drain, rig_now(rig)), ERR_OK);
    }
    rig->stopwatch_step_us = HTTP_SLICE_MS * 1000;
    json_t *json = json_of(get(rig, "/v1/overrides")), *rows = json_object_get(json, "overrides");
    assert_int_equal(json_array_size(rows), MANY);
    for (size_t n = 0; n < MANY; n++) {
        char id[16];
        snprintf(id, sizeof(id), "n%03zu", n);
        assert_string_equal(text_at(json_array_get(rows, n), "instance"), id);
    }
    json_decref(json);
    client_open(&c, rig,
                "GET /v1/overrides HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    while (!evbuffer_get_length(c.got))
        rig_loop(rig);
    rig_remove(rig, "web", "one");
    rig->lease_ms += 100000000; /* the service is forgotten */
    while (registry_expire(rig->registry, rig_now(rig), 100, NULL, NULL))
        ;
    assert_null(registry_service(rig->registry, TEXT("default"), TEXT("web")));
    json = json_of(client_rest(&c));
    client_free(&c);
    rows = json_object_get(json, "overrides");
    assert_in_range(json_array_size(rows), 1, MANY - 1);
    assert_true(json_is_null(json_object_get(json, "next")));
    json_decref(json);
}

/* There is nothing to lift of what is not there; where it is, that is no deed. */
static void test_lifts_nothing(void **state)
{
    static const char *const bodies[] = {"{}", "{\"drain\": null}", "{\"drain\": false}",
                                         "{\"weight\": null, \"status\": null}"};
    struct rig *rig = *state;

    for (size_t n = 0; n < ARRAY_COUNT(bodies); n++) {
        expect_reply(rig, "PATCH", "/v1/services/web/instances/ghost/override", bodies[n], 404,
                     "nothing to lift");
        expect_reply(rig, "PATCH", ITS, bodies[n], 200, "\r\n\r\n{}");
    }
    expect_reply(rig, "DELETE", "/v1/services/web/instances/ghost/override", "", 404,
                 "nothing to lift");
    expect_reply(rig, "DELETE", ITS, "", 204, "");
    assert_string_equal(rig->deeds, "");
    expect_reply(rig, "PATCH", "/v1/services/web/instances/ghost/override", "{\"drain\": true}",
                 200, "");
    expect_reply(rig, "DELETE", "/v1/services/web/instances/ghost/override", "", 204, "");
    expect_reply(rig, "DELETE", "/v1/services/web/instances/ghost/override", "", 404,
                 "nothing to lift");
    assert_string_equal(rig->deeds, "0 local default/web/ghost drain\n"
                                    "0 local default/web/ghost lifted\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_life), TEST(test_said),        TEST(test_absent),        TEST(test_refused),
        TEST(test_list), TEST(test_list_slices), TEST(test_lifts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

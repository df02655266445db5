/* The Go registry's API as its clients use it: what reads. */
#include "goapi_rig.h"

static bool only_default(void *context, struct text ns)
{
    (void)context;
    return text_is(ns, TEXT("default"));
}

static void an_env_that_nobody_serves(void **state)
{
    struct rig *rig = *state;
    struct registry_config config = *registry_config_of(rig->registry);

    config.namespace_known = only_default;
    assert_int_equal(registry_configure(rig->registry, &config), ERR_OK);
    says(rig, "/api/register",
         "{\"env\":\"Prod\",\"appid\":\"web\",\"hostname\":\"a\",\"status\":1}",
         "{\"code\":400,\"message\":\"code: 400, error info: request param error: no zone serves "
         "env "
         "\\\"Prod\\\"\"}");
    json_t *json =
        json_call(rig, "/api/fetch", "{\"env\":\"prod\",\"appid\":\"web\",\"status\":1}");
    assert_int_equal(number_at(json, "code"), 400);
    assert_string_equal(text_at(json, "data"), "");
    json_decref(json);
}

static void status_is_a_bit_mask(void **state)
{
    struct rig *rig = *state;
    json_t *reply;

    says(rig, "/api/register",
         "{\"appid\":\"web\",\"hostname\":\"a\",\"addrs\":[\"http://10.0.0.1:80\"],\"status\":2}",
         OK_REGISTERED);
    says(rig, "/api/fetch", "{\"appid\":\"web\",\"status\":1}",
         "{\"code\":404,\"message\":\"code: 404, error info: not found\",\"data\":\"\"}");
    says(rig, "/api/fetch", "{\"appid\":\"web\",\"status\":0}",
         "{\"code\":404,\"message\":\"code: 404, error info: not found\",\"data\":\"\"}");
    assert_int_equal(
        number_at(fetch_first(rig, "{\"appid\":\"web\",\"status\":2}", &reply), "status"), 2);
    json_decref(reply);
    says(rig, "/api/register",
         "{\"appid\":\"web\",\"hostname\":\"b\",\"addrs\":[\"http://10.0.0.2:80\"],\"status\":1}",
         OK_REGISTERED);
    fetch_first(rig, "{\"appid\":\"web\",\"status\":3}", &reply);
    assert_int_equal(json_array_size(json_object_get(json_object_get(reply, "data"), "instances")),
                     2);
    json_decref(reply);
    assert_string_equal(text_at(fetch_first(rig, "{\"appid\":\"web\"}", &reply), "hostname"), "b");
    json_decref(reply);
}

/* The operator's word goes before the instance's. */
static void a_drained_one_does_not_receive(void **state)
{
    struct rig *rig = *state;
    struct instance_key key = {TEXT("default"), TEXT("web"), TEXT("web-1")};

    says(rig, "/api/register", web_1, OK_REGISTERED);
    assert_int_equal(
        registry_override(rig->registry, key, &(struct override){.drain = true}, rig_now(rig)),
        ERR_OK);
    assert_int_equal(code_of(rig, "/api/fetch", "{\"appid\":\"web\",\"status\":1}"), 404);
    assert_int_equal(code_of(rig, "/api/fetch", "{\"appid\":\"web\",\"status\":2}"), 200);
    says(rig, "/api/register", web_1, OK_REGISTERED);
    assert_int_equal(code_of(rig, "/api/fetch", "{\"appid\":\"web\",\"status\":1}"), 404);
}

static void nothing_changed(void **state)
{
    struct rig *rig = *state;
    char body[128];

    says(rig, "/api/register", web_1, OK_REGISTERED);
    json_t *json = json_call(rig, "/api/fetch", "{\"appid\":\"web\",\"status\":1}");
    json_int_t latest = number_at(json_object_get(json, "data"), "latest_timestamp");
    json_decref(json);
    snprintf(body, sizeof(body), "{\"appid\":\"web\",\"status\":1,\"latest_timestamp\":\"%jd\"}",
             (intmax_t)latest);
    says(rig, "/api/fetch", body,
         "{\"code\":304,\"message\":\"code: 304, error info: app not modified\",\"data\":\"\"}");
    /* a renewal is none, another address is one, also within the same ms */
    says(rig, "/api/renew", "{\"appid\":\"web\",\"hostname\":\"web-1\"}", "{\"code\":200}");
    assert_int_equal(code_of(rig, "/api/fetch", body), 304);
    says(rig, "/api/register",
         "{\"appid\":\"web\",\"hostname\":\"web-1\",\"addrs\":[\"http://"
         "10.0.0.8:80\"],\"status\":1}",
         OK_REGISTERED);
    json = json_call(rig, "/api/fetch", body);
    assert_int_equal(number_at(json, "code"), 200);
    assert_true(number_at(json_object_get(json, "data"), "latest_timestamp") > latest);
    json_decref(json);
}

static void everything_of_every_env(void **state)
{
    struct rig *rig = *state;

    says(rig, "/api/fetchall", "whatever", "{\"code\":200,\"message\":\"\",\"data\":{}}");
    says(rig, "/api/register", web_1, OK_REGISTERED);
    says(rig, "/api/register", "{\"appid\":\"Api\",\"hostname\":\"a\",\"status\":2}",
         OK_REGISTERED);
    rig_add(rig, (struct record){.ns = TEXT("default"), .service = TEXT("udp"), .id = TEXT("u1")});
    json_t *json = json_call(rig, "/api/fetchall", "");
    json_t *data = json_object_get(json, "data");
    assert_int_equal(number_at(json, "code"), 200);
    assert_int_equal(json_object_size(data), 3);
    assert_int_equal(json_array_size(json_object_get(data, "Api")), 1);
    assert_string_equal(text_at(json_array_get(json_object_get(data, "web"), 0), "hostname"),
                        "web-1");
    json_t *udp = json_array_get(json_object_get(data, "udp"), 0);
    assert_string_equal(text_at(udp, "hostname"), "u1");
    assert_string_equal(json_string_value(json_array_get(json_object_get(udp, "addrs"), 0)),
                        "web://10.0.0.7:8080");
    json_decref(json);
}

static json_t *three_namespaces(void *context)
{
    (void)context;
    return json_pack("[{s:s}, {s:s}, {s:s}]", "name", "a", "name", "b", "name", "c");
}

/* A service of several envs is one list. */
static void envs_are_merged(void **state)
{
    struct rig *rig = *state;
    static const char *const there[][2] = {
        {"a", "web"}, {"c", "web"}, {"b", "api"}, {"b", "zoo"},
        {"a", "aaa"}, {"c", "aaa"}, {"b", "web"},
    };

    rig->http->backend.namespaces = three_namespaces;
    for (size_t n = 0; n < ARRAY_COUNT(there); n++)
        rig_add(rig, (struct record){.ns = text_of(there[n][0]),
                                     .service = text_of(there[n][1]),
                                     .id = TEXT("one")});
    json_t *json = json_call(rig, "/api/fetchall", ""), *data = json_object_get(json, "data");
    assert_int_equal(json_object_size(data), 4);
    assert_int_equal(json_array_size(json_object_get(data, "aaa")), 2);
    assert_int_equal(json_array_size(json_object_get(data, "api")), 1);
    assert_int_equal(json_array_size(json_object_get(data, "zoo")), 1);
    json_t *web = json_object_get(data, "web");
    assert_int_equal(json_array_size(web), 3);
    for (size_t n = 0; n < 3; n++) {
        char env[] = {(char)('a' + n), '\0'};
        assert_string_equal(text_at(json_array_get(web, n), "env"), env);
    }
    json_decref(json);
}

/* A long list comes in pieces while services come and go. */
static void long_lists(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_many(rig, "aaa", 2000, 100);
    rig_add_many(rig, "mmm", 10, 0);
    rig_add_many(rig, "zzz", 2000, 0);
    rig->stopwatch_step_us = 100;
    client_open(&c, rig,
                "POST /api/fetchall HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                "Content-Length: 0\r\n\r\n");
    while (evbuffer_get_length(c.got) < 1000)
        rig_loop(rig);
    for (int n = 0; n < 10; n++) {
        char id[16];
        snprintf(id, sizeof(id), "n%06u", n);
        rig_remove(rig, "mmm", id);
    }
    rig_add_many(rig, "nnn", 10, 0);
    json_t *json = json_of(client_rest(&c)), *data = json_object_get(json, "data");
    client_free(&c);
    assert_int_equal(json_array_size(json_object_get(data, "aaa")), 2000);
    assert_int_equal(json_array_size(json_object_get(data, "nnn")), 10);
    assert_int_equal(json_array_size(json_object_get(data, "zzz")), 2000);
    assert_null(json_object_get(data, "mmm"));
    json_decref(json);

    json = json_call(rig, "/api/fetch", "{\"appid\":\"zzz\",\"status\":1}");
    data = json_object_get(json, "data");
    assert_int_equal(json_array_size(json_object_get(data, "instances")), 2000);
    assert_true(number_at(data, "latest_timestamp") > 0);
    json_decref(json);
}

static void nodes_are_ourselves(void **state)
{
    struct rig *rig = *state;
    json_t *reply = json_call(rig, "/api/nodes", "{\"env\":\"default\"}");
    json_t *i = json_array_get(json_object_get(json_object_get(reply, "data"), "instances"), 0);

    assert_int_equal(number_at(reply, "code"), 200);
    assert_string_equal(text_at(i, "appid"), "Kavin.discovery");
    assert_string_equal(json_string_value(json_array_get(json_object_get(i, "addrs"), 0)),
                        "http://localhost");
    assert_int_equal(number_at(i, "status"), 1);
    json_decref(reply);
    assert_int_equal(code_of(rig, "/api/fetch", "{\"appid\":\"Kavin.discovery\",\"status\":1}"),
                     200);
    assert_int_equal(code_of(rig, "/api/fetch", "{\"appid\":\"Kavin.discovery\",\"status\":2}"),
                     404);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_env_that_nobody_serves),
        TEST(status_is_a_bit_mask),
        TEST(a_drained_one_does_not_receive),
        TEST(nothing_changed),
        TEST(everything_of_every_env),
        TEST(envs_are_merged),
        TEST(long_lists),
        TEST(nodes_are_ourselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The guards over HTTP: what they show, the switch, and eviction by hand. */
#include "rig.h"

#define LEASE_MS 30000

static struct record instance(const char *service, const char *id, const char *zone,
                              const char *address)
{
    struct record r = {.ns = TEXT("default"),
                       .service = text_of(service),
                       .id = text_of(id),
                       .zone = text_of(zone),
                       .address_count = 1};
    assert_int_equal(addr_parse(text_of(address), &r.addresses[0]), ERR_OK);
    return r;
}

/* web: four hosts in zone eu1, all heard of twice; api: one in us1. */
static int set_up(void **state)
{
    rig_set_up(state);
    struct rig *rig = *state;
    rig_add(rig, instance("web", "a", "eu1", "10.1.0.1"));
    rig_add(rig, instance("web", "b", "eu1", "10.1.0.2"));
    rig_add(rig, instance("web", "c", "eu1", "10.1.0.3"));
    rig_add(rig, instance("web", "d", "eu1", "10.1.0.4"));
    rig_add(rig, instance("api", "x", "us1", "10.2.0.1"));
    return 0;
}

static struct instance_key key(const char *service, const char *id)
{
    return (struct instance_key){TEXT("default"), text_of(service), text_of(id)};
}

static void renew(struct rig *rig, const char *service, const char *id)
{
    struct granted granted;
    assert_int_equal(
        registry_renew(rig->registry, key(service, id), &rig_owner, rig_now(rig), &granted),
        ERR_OK);
}

/* Time in steps, as the server's loop has it. */
static void pass(struct rig *rig, uint64_t ms)
{
    for (uint64_t end = rig->lease_ms + ms; rig->lease_ms < end;) {
        rig->lease_ms += 500;
        while (registry_expire(rig->registry, rig_now(rig), 1000, NULL, NULL))
            ;
    }
}

static bool is_there(struct rig *rig, const char *service, const char *id)
{
    return registry_instance(rig->registry, key(service, id)) != NULL;
}

static void assert_status(char *reply, int status, const char *part)
{
    if (status_of(reply) != status || !strstr(reply, part))
        fail_msg("expected %d with %s, got %s", status, part, reply);
    free(reply);
}

static void set_mode(struct rig *rig, enum guard_mode mode)
{
    registry_guard_mode(rig->registry, mode, rig_now(rig));
}

/* All are stale then. */
static void let_all_go_stale(struct rig *rig)
{
    set_mode(rig, GUARD_ALWAYS_ON);
    pass(rig, LEASE_MS + 1000);
    assert_int_equal(registry_totals(rig->registry).stale,
                     registry_totals(rig->registry).instances);
}

/* ---- looking -------------------------------------------------------------------- */

static void test_open(void **state)
{
    struct rig *rig = *state;
    renew(rig, "web", "a"); /* only who renewed once is counted */
    renew(rig, "api", "x");
    json_t *json = json_of(get(rig, "/v1/guard"));
    assert_string_equal(text_at(json, "mode"), "auto");
    assert_true(json_is_false(json_object_get(json, "on")));
    assert_true(json_is_false(json_object_get(json, "brownout")));
    assert_true(json_is_null(json_object_get(json, "since")));
    assert_true(json_is_null(json_object_get(json, "since_ms")));
    assert_true(json_is_null(json_object_get(json, "next")));
    assert_int_equal(number_at(json, "hosts"), 2);
    assert_int_equal(number_at(json, "counted"), 2);
    assert_int_equal(number_at(json, "late_hosts"), 0);
    assert_int_equal(number_at(json, "late"), 0);
    assert_int_equal(number_at(json, "stale"), 0);
    assert_true(json_is_array(json_object_get(json, "zones")));
    json_decref(json);
}

/* eu1 falls silent, us1 does not. */
static void close_guard(struct rig *rig)
{
    static const char *const ids[] = {"a", "b", "c", "d"};
    pass(rig, 9000);
    for (size_t n = 0; n < ARRAY_COUNT(ids); n++)
        renew(rig, "web", ids[n]);
    for (int n = 0; n < 5; n++) {
        renew(rig, "api", "x");
        pass(rig, 9000);
    }
}

static void test_closed(void **state)
{
    struct rig *rig = *state;
    close_guard(rig);
    json_t *json = json_of(get(rig, "/v1/guard"));
    assert_true(json_is_true(json_object_get(json, "on")));
    assert_string_equal(text_at(json, "mode"), "auto");
    assert_int_equal(number_at(json, "late_hosts"), 4);
    assert_int_equal(number_at(json, "late_hosts_max"), 2);
    assert_int_equal(number_at(json, "stale"), 4);
    assert_true(number_at(json, "since_ms") > (json_int_t)WALL);
    assert_memory_equal(text_at(json, "since"), "2023-11-14T22:13:", 17); /* WALL */
    json_t *zone = json_array_get(json_object_get(json, "zones"), 0);
    assert_string_equal(text_at(zone, "zone"), "eu1");
    assert_true(json_is_true(json_object_get(zone, "on")));
    assert_int_equal(number_at(zone, "hosts"), 4);
    assert_int_equal(number_at(zone, "late_hosts"), 4);
    assert_int_equal(number_at(zone, "late"), 4);
    json_decref(json);

    json = json_of(get(rig, "/v1/status"));
    assert_int_equal(number_at(json, "stale"), 4);
    assert_true(number_at(json, "guards_closed") > 0);
    json_t *guard = json_object_get(json, "guard");
    assert_true(json_is_true(json_object_get(guard, "on")));
    assert_int_equal(number_at(guard, "late_hosts"), 4);
    assert_int_equal(number_at(guard, "zones_on"), 1);
    json_decref(json);

    /* From the page behind it. */
    json = json_of(get(rig, "/v1/guard?after=EU1"));
    zone = json_array_get(json_object_get(json, "zones"), 0);
    assert_true(!zone || strcmp(text_at(zone, "zone"), "eu1") > 0);
    json_decref(json);
}

static void test_stale_in_lists(void **state)
{
    struct rig *rig = *state;
    let_all_go_stale(rig);
    renew(rig, "web", "a");
    json_t *json = json_of(get(rig, "/v1/services/web"));
    assert_int_equal(number_at(json, "stale"), 3);
    json_t *a = json_array_get(json_object_get(json, "instances"), 0),
           *b = json_array_get(json_object_get(json, "instances"), 1);
    assert_true(json_is_false(json_object_get(a, "stale")));
    assert_true(json_is_true(json_object_get(a, "live")));
    assert_true(json_is_true(json_object_get(b, "stale")));
    assert_true(json_is_false(json_object_get(b, "live")));
    assert_string_equal(text_at(b, "status"), "up");
    json_decref(json);
    json = json_of(get(rig, "/v1/services?after=default/api"));
    json_t *web = json_array_get(json_object_get(json, "services"), 0);
    assert_int_equal(number_at(web, "instances"), 4);
    assert_int_equal(number_at(web, "stale"), 3);
    assert_int_equal(number_at(web, "live"), 1);
    json_decref(json);
}

/* One zone more than a page holds. */
static void test_pages(void **state)
{
    struct rig *rig = *state;
    char zone[8], id[16], address[16];
    for (int n = 0; n < 1001 * 4; n++) {
        snprintf(zone, sizeof(zone), "z%04d", n / 4);
        snprintf(id, sizeof(id), "i%d", n);
        snprintf(address, sizeof(address), "10.9.%d.%d", n / 250, n % 250);
        rig_add(rig, instance("pages", id, zone, address));
        renew(rig, "pages", id);
    }
    json_t *json = json_of(get(rig, "/v1/guard")), *zones = json_object_get(json, "zones");
    assert_int_equal(json_array_size(zones), 1000);
    assert_string_equal(text_at(json_array_get(zones, 0), "zone"), "z0000");
    assert_string_equal(text_at(json_array_get(zones, 999), "zone"), "z0999");
    assert_string_equal(text_at(json, "next"), "z0999");
    json_decref(json);
    json = json_of(get(rig, "/v1/guard?after=Z0999"));
    zones = json_object_get(json, "zones");
    assert_int_equal(json_array_size(zones), 1);
    assert_string_equal(text_at(json_array_get(zones, 0), "zone"), "z1000");
    assert_true(json_is_null(json_object_get(json, "next")));
    json_decref(json);
}

/* ---- the switch ----------------------------------------------------------------- */

static void test_switch(void **state)
{
    static const char *const modes[] = {"on", "off", "auto"};
    struct rig *rig = *state;
    for (size_t n = 0; n < ARRAY_COUNT(modes); n++) {
        char body[64];
        snprintf(body, sizeof(body), "{\"mode\": \"%s\"}", modes[n]);
        json_t *json = json_of(post(rig, "/v1/guard", body));
        assert_string_equal(text_at(json, "mode"), modes[n]);
        assert_int_equal(json_is_true(json_object_get(json, "on")), n == 0);
        assert_true(json_is_array(json_object_get(json, "zones")));
        json_decref(json);
        assert_int_equal(rig->changes, n + 1);
        json = json_of(get(rig, "/v1/guard"));
        assert_string_equal(text_at(json, "mode"), modes[n]);
        json_decref(json);
    }
}

/* What was kept goes by itself. */
static void test_off_evicts(void **state)
{
    struct rig *rig = *state;
    let_all_go_stale(rig);
    assert_status(post(rig, "/v1/guard", "{\"mode\":\"off\"}"), 200, "\"mode\":\"off\"");
    pass(rig, LEASE_MS);
    assert_int_equal(registry_totals(rig->registry).instances, 0);
}

/* ---- evicting ------------------------------------------------------------------- */

static void test_evict_all(void **state)
{
    struct rig *rig = *state;
    let_all_go_stale(rig);
    renew(rig, "web", "a");
    assert_status(post(rig, "/v1/evict", "{}"), 409, "the guard is on since 2023-11-14T22:13:");
    assert_status(post(rig, "/v1/evict", "{\"force\":false}"), 409, "set by hand");
    assert_int_equal(rig->changes, 0);
    assert_status(post(rig, "/v1/evict", "{\"force\":true}"), 200, "\r\n\r\n{\"evicted\":4}");
    assert_int_equal(rig->changes, 1);
    assert_true(is_there(rig, "web", "a"));
    assert_int_equal(registry_totals(rig->registry).instances, 1);
    assert_status(post(rig, "/v1/evict", "{\"force\":true}"), 200, "{\"evicted\":0}");
    assert_int_equal(rig->changes, 1);
}

static void test_evict_service(void **state)
{
    struct rig *rig = *state;
    let_all_go_stale(rig);
    assert_status(post(rig, "/v1/evict", "{\"service\":\"WEB\"}"), 409, "\"force\\\": true");
    assert_status(post(rig, "/v1/evict", "{\"service\":\"WEB\",\"force\":true}"), 200,
                  "{\"evicted\":4}");
    assert_true(is_there(rig, "api", "x"));
}

static void test_evict_one(void **state)
{
    struct rig *rig = *state;
    static const char plain[] = "{\"service\":\"web\",\"instance\":\"B\",\"ns\":\"Default\"}",
                      forced[] = "{\"service\":\"web\",\"instance\":\"b\",\"force\":true}";
    assert_status(post(rig, "/v1/evict", plain), 409, "is alive");
    assert_true(is_there(rig, "web", "b"));
    assert_status(post(rig, "/v1/evict", forced), 200, "{\"evicted\":1}");
    assert_false(is_there(rig, "web", "b"));
    assert_int_equal(registry_totals(rig->registry).instances, 4);
    assert_int_equal(rig->changes, 1);
    assert_status(post(rig, "/v1/evict", forced), 404, "no such instance");
}

/* The guard of another zone does not keep it. */
static void test_evict_by_zone(void **state)
{
    struct rig *rig = *state;
    static const char *const others[] = {"10.3.0.1", "10.3.0.2", "10.3.0.3", "10.3.0.4", "10.3.0.5",
                                         "10.3.0.6", "10.3.0.7", "10.3.0.8", "10.3.0.9"};
    static const char id[] = "abcdefghi";
    for (size_t n = 0; n < strlen(id); n++)
        for (int heard = 0; heard < 2; heard++)
            rig_add(rig, instance("big", (char[]){id[n], 0}, "", others[n]));
    struct registry_config config = *registry_config_of(rig->registry);
    config.guard.threshold_percent = 50;
    assert_int_equal(registry_configure(rig->registry, &config), ERR_OK);
    for (int turn = 0; turn < 6; turn++) {
        for (size_t n = 0; n < strlen(id); n++)
            renew(rig, "big", (char[]){id[n], 0});
        for (size_t n = 0; n < 4 && turn < 2; n++)
            renew(rig, "web", (char[]){id[n], 0});
        pass(rig, 9000);
    }
    assert_false(registry_guard(rig->registry).on);
    assert_int_equal(registry_totals(rig->registry).stale, 4); /* of eu1, by its guard */
    assert_status(post(rig, "/v1/evict", "{\"service\":\"web\",\"instance\":\"a\"}"), 409,
                  "the guard (of zone eu1) is on since ");
    assert_status(post(rig, "/v1/evict", "{\"service\":\"web\"}"), 409, "(of zone eu1)");
    assert_status(post(rig, "/v1/evict", "{\"service\":\"big\",\"instance\":\"a\"}"), 409,
                  "is alive");
    assert_status(post(rig, "/v1/evict", "{\"service\":\"web\",\"force\":true}"), 200,
                  "{\"evicted\":4}");
}

/* More than a slice: between the slices others get their turn. */
static void test_evict_many(void **state)
{
    struct rig *rig = *state;
    rig_add_many(rig, "many", 1700, 0);
    let_all_go_stale(rig);
    rig->stopwatch_step_us = HTTP_SLICE_MS * 1000;
    assert_status(post(rig, "/v1/evict", "{\"service\":\"many\",\"force\":true}"), 200,
                  "{\"evicted\":1700}");
    assert_int_equal(rig->changes, 4); /* 3 x 500, 200 */
    assert_int_equal(registry_totals(rig->registry).instances, 5);
}

/* ---- what is refused ------------------------------------------------------------ */

static void test_bad_bodies(void **state)
{
    static const struct {
        const char *target, *body;
        int status;
        const char *part;
    } cases[] = {
        {"/v1/guard", "", 400, "the body is empty"},
        {"/v1/guard", "{\"mode\":\"on\"", 400, "line 1, column 12"},
        {"/v1/guard", "{\"mode\":\"on\",\"mode\":\"off\"}", 400, "duplicate"},
        {"/v1/guard", "[\"on\"]", 400, "send {...}"},
        {"/v1/guard", "\"on\"", 400, "JSON"},
        {"/v1/guard", "{\"mode\":\"on\"} x", 400, "not well-formed JSON"},
        {"/v1/guard", "{\"mode\":\"\xff\"}", 400, "\"status\":400"},
        {"/v1/guard", "{\"mode\":\"o\\u0000n\"}", 400, "JSON"},
        {"/v1/guard", "{}", 422, "give the mode"},
        {"/v1/guard", "{\"mode\":\"ON\"}", 422, "give the mode"},
        {"/v1/guard", "{\"mode\":true}", 422, "\\\"mode\\\" is a text"},
        {"/v1/guard", "{\"mode\":null}", 422, "\\\"mode\\\" is a text"},
        {"/v1/guard", "{\"mode\":\"on\",\"modus\":1,\"\":2}", 422,
         "unknown members: \\\"modus\\\", \\\"\\\"; known here: \\\"mode\\\""},
        {"/v1/evict", "{\"forse\":true}", 422,
         "\\\"forse\\\"; known here: \\\"ns\\\", \\\"service\\\", \\\"instance\\\", \\\"force\\\""},
        {"/v1/evict", "{\"0123456789012345678901234567890123456789x\":1}", 422,
         "\\\"0123456789012345678901234567890123456789...\\\""},
        {"/v1/evict", "{\"x23456789012345678901234567890123456789\xc3\xa9\xc3\xa9\":1}", 422,
         "\\\"x23456789012345678901234567890123456789...\\\""},
        {"/v1/evict", "{\"force\":1}", 422, "\\\"force\\\" is true or false"},
        {"/v1/evict", "{\"force\":\"true\"}", 422, "\\\"force\\\" is true or false"},
        {"/v1/evict", "{\"service\":7}", 422, "\\\"service\\\" is a text"},
        {"/v1/evict", "{\"service\":\"\",\"force\":true}", 422, "leave it out"},
        {"/v1/evict", "{\"service\":\"web\",\"instance\":\"\",\"force\":true}", 422,
         "leave it out"},
        {"/v1/evict", "{\"instance\":\"a\",\"force\":true}", 422, "go with a"},
        {"/v1/evict", "{\"ns\":\"default\",\"force\":true}", 422, "go with a"},
        {"/v1/evict", "{\"service\":\"nobody\",\"force\":true}", 404, "no such service"},
        {"/v1/evict", "{\"ns\":\"other\",\"service\":\"web\",\"force\":true}", 404,
         "no such service"},
        {"/v1/evict", "{\"service\":\"web\",\"instance\":\"z\"}", 404, "/v1/services/web"},
    };
    struct rig *rig = *state;
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        char *reply = post(rig, cases[n].target, cases[n].body);
        if (status_of(reply) != cases[n].status || !strstr(reply, cases[n].part))
            fail_msg("%s\n-> %s", cases[n].body, reply);
        assert_non_null(strstr(reply, "application/problem+json"));
        free(reply);
    }
    assert_int_equal(rig->changes, 0);
    assert_int_equal(registry_guard(rig->registry).mode, GUARD_AUTO);
    assert_int_equal(registry_totals(rig->registry).instances, 5);
}

static void test_long_names(void **state)
{
    char body[400], name[200];
    memset(name, 'n', sizeof(name));
    name[150] = '\0';
    snprintf(body, sizeof(body), "{\"service\":\"%s\",\"force\":true}", name);
    assert_status(post(*state, "/v1/evict", body), 422, "longer than any name");
    name[70] = '\0';
    snprintf(body, sizeof(body), "{\"service\":\"web\",\"instance\":\"%s\"}", name);
    assert_status(post(*state, "/v1/evict", body), 422, "longer than any name");
    snprintf(body, sizeof(body), "{\"service\":\"web\",\"ns\":\"%s\"}", name);
    assert_status(post(*state, "/v1/evict", body), 422, "longer than any name");
}

#define JSON_TYPE "Content-Type: application/json\r\n"

static void test_who_may(void **state)
{
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        {"", 415},
        {"Content-Type: text/plain\r\n", 415},
        {JSON_TYPE "Origin: http://evil.example\r\n", 403},
        {JSON_TYPE "X-Forwarded-For: 192.0.2.1\r\n", 401},
        {JSON_TYPE "Forwarded: for=192.0.2.1\r\nAuthorization: Bearer wrong-token-wrong\r\n", 401},
        {JSON_TYPE "Forwarded: for=192.0.2.1\r\nAuthorization: Bearer " TOKEN "\r\n", 200},
        {"Content-Type: application/json; charset=utf-8\r\n", 200},
    };
    static const char *const targets[] = {"/v1/guard", "/v1/evict"}, *const bodies[] = {
                                                                         "{\"mode\":\"auto\"}",
                                                                         "{\"force\":true}"};
    struct rig *rig = *state;
    for (size_t n = 0; n < ARRAY_COUNT(cases) * 2; n++) {
        unsigned before = rig->changes;
        char *reply = post_with(rig, targets[n % 2], cases[n / 2].headers, bodies[n % 2]);
        if (status_of(reply) != cases[n / 2].status)
            fail_msg("%s\n-> %s", cases[n / 2].headers, reply);
        assert_int_equal(rig->changes - before, cases[n / 2].status == 200 && n % 2 == 0);
        free(reply);
    }
}

/* The client that went away: the rest stays, nothing leaks. */
static void test_evict_abandoned(void **state)
{
    static const char request[] = "POST /v1/evict HTTP/1.1\r\nHost: localhost\r\n" JSON_TYPE
                                  "Content-Length: 14\r\n\r\n{\"force\":true}";
    struct rig *rig = *state;
    struct client client;
    rig_add_many(rig, "many", 1700, 0);
    let_all_go_stale(rig);
    rig->stopwatch_step_us = HTTP_SLICE_MS * 1000;
    client_open(&client, rig, request);
    while (!rig->changes)
        rig_loop(rig);
    evhttp_free(rig->evhttp);
    rig->evhttp = NULL;
    rig_settle(rig);
    assert_int_equal(rig->changes, 1);
    assert_int_equal(registry_totals(rig->registry).instances, 1205);
    client_free(&client);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open),       TEST(test_closed),         TEST(test_pages),
        TEST(test_switch),     TEST(test_stale_in_lists), TEST(test_off_evicts),
        TEST(test_evict_all),  TEST(test_evict_one),      TEST(test_evict_service),
        TEST(test_evict_many), TEST(test_evict_by_zone),  TEST(test_bad_bodies),
        TEST(test_long_names), TEST(test_who_may),        TEST(test_evict_abandoned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

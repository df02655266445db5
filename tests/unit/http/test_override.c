/* The operator's word over HTTP. */
#include "rig.h"

#define ONE "/v1/services/web/instances/one"
#define ITS ONE "/override"

static int set_up(void **state)
{
    struct rig *rig = *state = calloc(1, sizeof(struct rig));
    rig_start(rig);
    rig_add(rig, (struct record){.ns = TEXT("default"),
                                 .service = TEXT("web"),
                                 .id = TEXT("one"),
                                 .weight_set = true,
                                 .weight = 30});
    return 0;
}

static int tear_down(void **state)
{
    rig_stop(*state);
    free(*state);
    return 0;
}

static void expect(struct rig *rig, const char *method, const char *target, const char *body,
                   int status, const char *part)
{
    char *reply = send_json_to(rig, method, target, body);
    if (status_of(reply) != status || !strstr(reply, part))
        fail_msg("%s %s %s\n-> %s", method, target, body, reply);
    free(reply);
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

    expect(rig, "GET", ITS, "", 200, "\r\n\r\n{}");
    expect(rig, "PUT", ITS, "{\"drain\": true}", 200, "{\"drain\":true}");
    expect_instance(rig, "draining", 30);
    expect(rig, "PATCH", ITS, "{\"weight\": 10}", 200, "{\"drain\":true,\"weight\":10}");
    expect_instance(rig, "draining", 10);
    expect(rig, "PATCH", ITS, "{\"drain\": false, \"status\": \"down\"}", 200,
           "{\"weight\":10,\"status\":\"down\"}");
    expect_instance(rig, "down", 10);
    expect(rig, "PATCH", ITS, "{\"weight\": null}", 200, "{\"status\":\"down\"}");
    expect_instance(rig, "down", 30);
    expect(rig, "GET", ITS, "", 200, "{\"status\":\"down\"}");
    expect(rig, "PUT", ITS, "{\"weight\": 0}", 200, "{\"weight\":0}");
    expect_instance(rig, "up", 0);
    expect(rig, "DELETE", ITS, "", 204, "");
    expect_instance(rig, "up", 30);
    expect(rig, "GET", ITS, "", 200, "\r\n\r\n{}");
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

    expect(rig, "PUT", ITS, "{\"drain\": true, \"weight\": 1}", 200, "");
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

    expect(rig, "PUT", ITS, "{\"weight\": 5}", 200, "");
    expect(rig, "DELETE", ONE, "", 204, "");
    expect(rig, "GET", ITS, "", 200, "{\"weight\":5}");
    expect(rig, "PATCH", ITS, "{\"drain\": true}", 200, "{\"drain\":true,\"weight\":5}");
    rig->lease_ms += 400000; /* the deletion is no longer remembered */
    expect(rig, "PUT", ONE, "{\"weight\": 70}", 201, "\"weight\":5,");
    expect(rig, "PUT", "/v1/services/web/instances/two/override", "{\"drain\": true}", 200, "");
    expect(rig, "PUT", "/v1/services/web/instances/two", "{\"addresses\": [\"10.0.0.2\"]}", 201,
           "\"status\":\"draining\"");
}

static void test_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *part;
    } cases[] = {
        {"", 400, "not well-formed"},
        {"[]", 400, "not a JSON object"},
        {"{\"drain\": 1}", 422, "\\\"drain\\\": expected true or false"},
        {"{\"weight\": -1}", 422, "\\\"weight\\\": expected a whole number"},
        {"{\"weight\": 65536}", 422, "65535"},
        {"{\"weight\": \"1\"}", 422, "\\\"weight\\\""},
        {"{\"status\": \"gone\"}", 422, "\\\"status\\\": expected"},
        {"{\"status\": 1}", 422, "\\\"status\\\": expected"},
        {"{\"priority\": 1}", 422, "unknown member"},
    };
    static const char *const methods[] = {"PUT", "PATCH"};
    struct rig *rig = *state;

    for (size_t n = 0; n < ARRAY_COUNT(cases); n++)
        for (size_t m = 0; m < ARRAY_COUNT(methods); m++)
            expect(rig, methods[m], ITS, cases[n].body, cases[n].status, cases[n].part);
    expect(rig, "PUT", "/v1/services/none/instances/one/override", "{}", 404, "no such service");
    expect(rig, "GET", "/v1/services/none/instances/one/override", "", 404, "no such service");
    expect(rig, "DELETE", "/v1/services/none/instances/one/override", "", 404, "no such service");
    expect(rig, "PUT", "/v1/services/web/instances/a_b/override", "{}", 404, "no such instance");
    expect(rig, "POST", ITS, "{}", 405, "\r\nAllow: GET, HEAD, PUT, PATCH, DELETE\r\n");
    assert_int_equal(rig->changes, 0);
    assert_string_equal(rig->deeds, "");
}

#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_life),
        WITH_RIG(test_said),
        WITH_RIG(test_absent),
        WITH_RIG(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The Go registry's API as its clients use it: what registers. */
#include "goapi_rig.h"

static void registers_and_is_fetched(void **state)
{
    struct rig *rig = *state;
    json_t *reply;

    says(rig, "/api/register", web_1, OK_REGISTERED);
    assert_int_equal(rig->begun, 1);
    assert_int_equal(rig->changes, 1);
    json_t *i = fetch_first(rig, "{\"env\":\"default\",\"appid\":\"web\",\"status\":1}", &reply);
    assert_int_equal(json_object_size(i), 11);
    assert_string_equal(text_at(i, "env"), "default");
    assert_string_equal(text_at(i, "appid"), "web");
    assert_string_equal(text_at(i, "hostname"), "web-1");
    assert_string_equal(text_at(i, "version"), "v1");
    assert_int_equal(number_at(i, "status"), 1);
    json_int_t at = (json_int_t)(WALL + rig->lease_ms) * 1000000;
    assert_int_equal(number_at(i, "reg_timestamp"), at);
    assert_int_equal(number_at(i, "up_timestamp"), at);
    assert_int_equal(number_at(i, "renew_timestamp"), at);
    assert_int_equal(number_at(i, "dirty_timestamp"), at);
    assert_int_equal(number_at(i, "latest_timestamp"), at);
    assert_string_equal(json_string_value(json_array_get(json_object_get(i, "addrs"), 1)),
                        "grpc://10.0.0.7:9090");
    json_decref(reply);
}

/* What the model has of it, and that nothing odd is stored where nothing was lost. */
static void becomes_a_record(void **state)
{
    struct rig *rig = *state;
    struct record r;

    says(rig, "/api/register", web_1, OK_REGISTERED);
    const struct instance *i = registry_instance(
        rig->registry, (struct instance_key){TEXT("default"), TEXT("web"), TEXT("web-1")});
    assert_non_null(i);
    instance_read(i, &r);
    assert_int_equal(r.lease_s, 90);
    assert_int_equal(r.metadata_count, 0);
    assert_int_equal(r.address_count, 1);
    assert_int_equal(r.port_count, 2);
    assert_true(text_is(r.ports[1].name, TEXT("grpc")));
    assert_int_equal(r.status, STATUS_UP);
}

static void odd_texts_come_back_byte_for_byte(void **state)
{
    struct rig *rig = *state;
    json_t *reply;
    static const char body[] =
        "{\"env\":\"Default\",\"appid\":\"User.RPC\",\"hostname\":\"Web_1.example.com\",\"addrs\":"
        "[\"rpc:aaa\",\"http://web1:8080/\"],\"status\":1,"
        "\"version\":\"2021-01-21 caf\xc3\xa9, longer than 32 bytes\"}";

    says(rig, "/api/register", body, OK_REGISTERED);
    json_t *i =
        fetch_first(rig, "{\"env\":\"DEFAULT\",\"appid\":\"user.rpc\",\"status\":3}", &reply);
    json_t *given = json_loads(body, 0, NULL);
    const char *name;
    json_t *value;
    json_object_foreach(given, name, value)
        assert_true(json_equal(json_object_get(i, name), value));
    json_decref(given);
    json_decref(reply);
    /* the client goes by its own name */
    says(rig, "/api/renew",
         "{\"env\":\"Default\",\"appid\":\"User.RPC\",\"hostname\":\"Web_1.example.com\"}",
         "{\"code\":200}");
    says(rig, "/api/renew",
         "{\"env\":\"Default\",\"appid\":\"User.RPC\",\"hostname\":\"web_1.example.com\"}",
         NOT_FOUND);
}

/* What was noted of the addresses is void once they are others. */
static void other_addresses_are_shown(void **state)
{
    struct rig *rig = *state;
    struct record r;
    struct granted granted;
    json_t *reply;

    says(
        rig, "/api/register",
        "{\"env\":\"default\",\"appid\":\"web\",\"hostname\":\"web-1\",\"addrs\":[\"10.0.0.7:80\"],"
        "\"status\":1}",
        OK_REGISTERED);
    json_t *i = fetch_first(rig, "{\"env\":\"default\",\"appid\":\"web\"}", &reply);
    assert_string_equal(json_string_value(json_array_get(json_object_get(i, "addrs"), 0)),
                        "10.0.0.7:80");
    json_decref(reply);
    instance_read(
        registry_instance(rig->registry,
                          (struct instance_key){TEXT("default"), TEXT("web"), TEXT("web-1")}),
        &r);
    assert_true(r.metadata_count > 0);
    r.ports[0].number = 81;
    r.rev = 0;
    assert_int_equal(registry_update(rig->registry, &r, &rig_owner, rig_now(rig), &granted),
                     ERR_OK);
    i = fetch_first(rig, "{\"env\":\"default\",\"appid\":\"web\"}", &reply);
    assert_string_equal(json_string_value(json_array_get(json_object_get(i, "addrs"), 0)),
                        "tcp://10.0.0.7:81");
    json_decref(reply);
}

/* As Go reads JSON. */
static void reads_as_go_does(void **state)
{
    struct rig *rig = *state;
    static const char *const fine[] = {
        "{\"ENV\":\"default\",\"AppId\":\"web\",\"HostName\":\"a\",\"Status\":1}",
        "{\"env\":\"default\",\"appid\":\"web\",\"hostname\":\"a\",\"status\":1,\"more\":{\"x\":[]}"
        "}",
        "{\"env\":\"default\",\"appid\":\"web\",\"hostname\":\"a\",\"status\":1} and what follows",
        "{\"env\":null,\"appid\":\"web\",\"hostname\":\"a\",\"status\":1,\"addrs\":null}",
        "{\"appid\":\"web\",\"hostname\":\"a\",\"status\":2,\"status\":1,\"replication\":false}",
        "{\"appid\":\"web\",\"hostname\":\"a\",\"status\":1,\"dirty_timestamp\":\"\"}",
        "{\"appid\":\"web\",\"hostname\":\"a\",\"status\":1,\"latest_timestamp\":"
        "\"9000000000000000000\",\"replication\":true}",
    };
    static const char *const bad[] = {
        "",
        "[]",
        "\"x\"",
        "{\"appid\":\"web\"",
        "{\"appid\":7,\"hostname\":\"a\",\"status\":1}",
        "{\"appid\":\"web\",\"hostname\":\"a\",\"status\":1,\"addrs\":\"x\"}",
        "{\"appid\":\"web\",\"hostname\":\"a\",\"status\":1,\"addrs\":[7]}",
        "{\"appid\":\"web\",\"hostname\":\"a\",\"status\":-1}",
        "{\"appid\":\"web\",\"hostname\":\"a\",\"status\":1.5}",
        "{\"appid\":\"web\",\"hostname\":\"a\",\"status\":1,\"dirty_timestamp\":\"soon\"}",
        "{\"appid\":\"web\",\"hostname\":\"a\\u0000b\",\"status\":1}",
    };

    for (size_t n = 0; n < ARRAY_COUNT(fine); n++)
        says(rig, "/api/register", fine[n], OK_REGISTERED);
    for (size_t n = 0; n < ARRAY_COUNT(bad); n++)
        says(rig, "/api/register", bad[n],
             "{\"code\":400,\"message\":\"code: 400, error info: request param error\"}");
}

static void refuses_with_words(void **state)
{
    struct rig *rig = *state;

    says(rig, "/api/register", "{\"appid\":\"web\",\"hostname\":\"a\",\"status\":3}",
         "{\"code\":400,\"message\":\"code: 400, error info: request param error: status is 1 "
         "(receives requests) or 2 (does not)\"}");
    assert_int_equal(code_of(rig, "/api/register", "{\"appid\":\"web\",\"hostname\":\"a\"}"), 400);
    assert_int_equal(code_of(rig, "/api/register", "{\"appid\":\"web\",\"status\":1}"), 400);
    assert_int_equal(
        code_of(rig, "/api/register", "{\"appid\":\"a.b.c.d.e\",\"hostname\":\"a\",\"status\":1}"),
        400);
    assert_int_equal(code_of(rig, "/api/fetch", "{\"appid\":\"-web\"}"), 400);
    assert_int_equal(
        code_of(rig, "/api/register",
                "{\"env\":\"no label\",\"appid\":\"web\",\"hostname\":\"a\",\"status\":1}"),
        400);
    assert_int_equal(rig->begun, 0);
}

static void the_newer_version_wins(void **state)
{
    struct rig *rig = *state;
    json_t *reply;
#define VERSIONED(v, dirty)                                                                        \
    "{\"appid\":\"web\",\"hostname\":\"a\",\"addrs\":[\"http://10.0.0.1:80\"],\"status\":1,"       \
    "\"version\":\"" v "\",\"dirty_timestamp\":" dirty "}"

    says(rig, "/api/register", VERSIONED("two", "\"1700000000123456789\""), OK_REGISTERED);
    says(rig, "/api/register", VERSIONED("one", "1700000000123456788"), CONFLICT);
    json_t *i = fetch_first(rig, "{\"appid\":\"web\"}", &reply);
    assert_string_equal(text_at(i, "version"), "two");
    assert_int_equal(number_at(i, "dirty_timestamp"), 1700000000123456789);
    json_decref(reply);
    says(rig, "/api/register", VERSIONED("two", "1700000000123456789"), OK_REGISTERED);

    says(rig, "/api/renew",
         "{\"appid\":\"web\",\"hostname\":\"a\",\"dirty_timestamp\":1700000000123456789}",
         "{\"code\":200}");
    says(rig, "/api/renew",
         "{\"appid\":\"web\",\"hostname\":\"a\",\"dirty_timestamp\":\"1700000000123456788\"}",
         CONFLICT);
    says(rig, "/api/renew",
         "{\"appid\":\"web\",\"hostname\":\"a\",\"dirty_timestamp\":1700000000123456790}",
         NOT_FOUND);
    says(rig, "/api/cancel", "{\"appid\":\"web\",\"hostname\":\"a\",\"dirty_timestamp\":5}",
         CONFLICT);
    says(rig, "/api/register", VERSIONED("three", "1700000000123456790"), OK_REGISTERED);
    says(rig, "/api/cancel",
         "{\"appid\":\"web\",\"hostname\":\"a\",\"dirty_timestamp\":1700000000123456790}",
         "{\"code\":200,\"message\":\"\"}");
}

static void an_older_latest_timestamp_conflicts(void **state)
{
    struct rig *rig = *state;

    says(rig, "/api/register", web_1, OK_REGISTERED);
    says(rig, "/api/register",
         "{\"appid\":\"web\",\"hostname\":\"web-1\",\"status\":1,\"latest_timestamp\":"
         "1600000000000000000}",
         CONFLICT);
    says(rig, "/api/register",
         "{\"appid\":\"web\",\"hostname\":\"web-1\",\"status\":1,\"latest_timestamp\":"
         "1800000000000000000}",
         OK_REGISTERED);
}

static void goes_and_comes_again(void **state)
{
    struct rig *rig = *state;

    says(rig, "/api/renew", "{\"appid\":\"web\",\"hostname\":\"web-1\"}", NOT_FOUND);
    says(rig, "/api/cancel", "{\"appid\":\"web\",\"hostname\":\"web-1\"}", NOT_FOUND);
    says(rig, "/api/register", web_1, OK_REGISTERED);
    says(rig, "/api/cancel", "{\"appid\":\"web\",\"hostname\":\"web-1\",\"latest_timestamp\":1}",
         "{\"code\":200,\"message\":\"\"}");
    assert_int_equal(code_of(rig, "/api/fetch", "{\"appid\":\"web\",\"status\":3}"), 404);
    says(rig, "/api/renew", "{\"appid\":\"web\",\"hostname\":\"web-1\"}", NOT_FOUND);
    says(rig, "/api/register", web_1, OK_REGISTERED);
    assert_int_equal(code_of(rig, "/api/fetch", "{\"appid\":\"web\",\"status\":1}"), 200);
}

static void pass(struct rig *rig, uint64_t seconds)
{
    for (uint64_t n = 0; n < seconds; n++) {
        rig->lease_ms += 1000;
        while (registry_expire(rig->registry, rig_now(rig), 1000, NULL, NULL))
            ;
    }
}

/* Who renews every 30 s lives, who does not is gone after 90 s; the renewal says so. */
static void lives_by_renewals(void **state)
{
    struct rig *rig = *state;

    says(rig, "/api/register", web_1, OK_REGISTERED);
    for (int n = 0; n < 10; n++) {
        pass(rig, 30);
        says(rig, "/api/renew", "{\"appid\":\"web\",\"hostname\":\"web-1\"}", "{\"code\":200}");
    }
    pass(rig, 88);
    assert_int_equal(code_of(rig, "/api/fetch", "{\"appid\":\"web\",\"status\":1}"), 200);
    pass(rig, 4);
    assert_int_equal(code_of(rig, "/api/fetch", "{\"appid\":\"web\",\"status\":1}"), 404);
    says(rig, "/api/renew", "{\"appid\":\"web\",\"hostname\":\"web-1\"}", NOT_FOUND);
}

static void who_may_not(void **state)
{
    struct rig *rig = *state;

    rig->admission = HTTP_DENIED;
    rig->registrant.words = "not from there";
    says(rig, "/api/register", web_1,
         "{\"code\":403,\"message\":\"code: 403, error info: forbidden: not from there\"}");
    rig->admission = HTTP_PROTECTED;
    rig->registrant.words = NULL;
    assert_int_equal(code_of(rig, "/api/register", web_1), 403);
    json_t *json =
        json_of(post_with(rig, "/api/register", "Authorization: Bearer " TOKEN "\r\n", web_1));
    assert_int_equal(number_at(json, "code"), 200); /* the token admits from everywhere */
    json_decref(json);
    json = json_of(post_with(rig, "/api/cancel", "Authorization: Bearer " TOKEN "\r\n",
                             "{\"appid\":\"web\",\"hostname\":\"web-1\"}"));
    assert_int_equal(number_at(json, "code"), 200);
    json_decref(json);
    rig->admission = HTTP_TOO_FAST;
    assert_int_equal(code_of(rig, "/api/register", web_1), 429);
    assert_int_equal(code_of(rig, "/api/renew", web_1), 429);
    assert_int_equal(code_of(rig, "/api/cancel", web_1), 429);
    rig->admission = HTTP_ADMITTED;
    rig->registrant.advertises = false; /* 127.0.0.1, known as 192.0.2.9 */
    assert_int_equal(code_of(rig, "/api/register", web_1), 403);
    says(rig, "/api/register",
         "{\"appid\":\"web\",\"hostname\":\"a\",\"status\":1,\"addrs\":[\"http://192.0.2.9:80\"]}",
         OK_REGISTERED);
    says(rig, "/api/register",
         "{\"appid\":\"web\",\"hostname\":\"b\",\"status\":1,\"addrs\":[\"http://myself:80\"]}",
         OK_REGISTERED);
    rig->registrant.who.kind = PRINCIPAL_ADDRESS;
    rig->registrant.who.addr = rig->registrant.addr;
    assert_int_equal(code_of(rig, "/api/cancel", "{\"appid\":\"web\",\"hostname\":\"b\"}"), 403);
}

/* Behind a proxy on this machine everybody seems to be local. */
static void what_was_forwarded(void **state)
{
    struct rig *rig = *state;
    char *reply = post_with(rig, "/api/register", "X-Forwarded-For: 203.0.113.9\r\n", web_1);
    json_t *json = json_of(reply);

    assert_int_equal(number_at(json, "code"), 403);
    json_decref(json);
    assert_int_equal(rig->begun, 0);
    json = json_of(post_with(rig, "/api/register",
                             "X-Forwarded-For: 203.0.113.9\r\nAuthorization: Bearer " TOKEN "\r\n",
                             web_1));
    assert_int_equal(number_at(json, "code"), 200);
    json_decref(json);
    struct instance_state is;
    instance_state(
        registry_instance(rig->registry,
                          (struct instance_key){TEXT("default"), TEXT("web"), TEXT("web-1")}),
        &is);
    assert_int_equal(is.owner.kind, PRINCIPAL_NAME);
    assert_string_equal(is.owner.name, PRINCIPAL_TOKEN);
}

static void pages_of_other_sites(void **state)
{
    struct rig *rig = *state;
    char *reply = post_with(rig, "/api/register", "Origin: https://evil.example\r\n", web_1);

    assert_int_equal(status_of(reply), 403);
    free(reply);
    assert_int_equal(rig->begun, 0);
}

/* "web-1" and what becomes a label of the same text are two. */
static void another_hostname_is_another_instance(void **state)
{
    struct rig *rig = *state;

    says(rig, "/api/register", web_1, OK_REGISTERED);
    says(rig, "/api/register", "{\"appid\":\"web\",\"hostname\":\"Web-1\",\"status\":1}",
         OK_REGISTERED);
    assert_int_equal(service_count(registry_service(rig->registry, TEXT("default"), TEXT("web"))),
                     2);
    /* whoever chooses the label of another's hostname is refused */
    says(
        rig, "/api/register", "{\"appid\":\"web\",\"hostname\":\"web-1-34777c0e\",\"status\":1}",
        "{\"code\":409,\"message\":\"code: 409, error info: conflict: another hostname goes by the "
        "same name, web-1-34777c0e\"}");
    says(rig, "/api/cancel", "{\"appid\":\"web\",\"hostname\":\"web-1-34777c0e\"}", NOT_FOUND);
}

/* What is acknowledged is on disk. */
static void waits_for_the_disk(void **state)
{
    struct rig *rig = *state;
    struct client c;
    char request[512];

    rig->wait = 7;
    snprintf(request, sizeof(request),
             "POST /api/register HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             strlen(web_1), web_1);
    client_open(&c, rig, request);
    rig_settle(rig);
    assert_int_equal(rig->begun, 1);
    assert_int_equal(evbuffer_get_length(c.got), 0);
    http_committed(rig->http, 7, false);
    json_t *json = json_of(client_rest(&c));
    assert_int_equal(number_at(json, "code"), 200);
    json_decref(json);
    client_free(&c);

    rig->wait = HTTP_NEVER;
    assert_int_equal(code_of(rig, "/api/cancel", "{\"appid\":\"web\",\"hostname\":\"web-1\"}"),
                     500);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(registers_and_is_fetched),
        TEST(becomes_a_record),
        TEST(odd_texts_come_back_byte_for_byte),
        TEST(other_addresses_are_shown),
        TEST(reads_as_go_does),
        TEST(refuses_with_words),
        TEST(the_newer_version_wins),
        TEST(an_older_latest_timestamp_conflicts),
        TEST(goes_and_comes_again),
        TEST(lives_by_renewals),
        TEST(who_may_not),
        TEST(what_was_forwarded),
        TEST(pages_of_other_sites),
        TEST(another_hostname_is_another_instance),
        TEST(waits_for_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Registering, changing, renewing and deregistering over HTTP. */
#include "rig.h"

#define WEB "/v1/services/web/instances"
#define ONE WEB "/one"
#define FULL                                                                                       \
    "{\"addresses\": [\"10.0.0.7\", \"2001:db8::7\"], \"ports\": [8080, {\"name\": \"grpc\", "     \
    "\"number\": 9090, \"protocol\": \"udp\"}], \"weight\": 30, \"priority\": 2, \"status\": "     \
    "\"starting\", \"version\": \"1.4.2\", \"zone\": \"EU-1\", \"region\": \"eu\", \"cluster\": "  \
    "\"blue\", \"tags\": [\"a\", \"b\"], \"metadata\": {\"team\": \"<img>\"}, \"lease\": 60, "     \
    "\"ttl\": 7, \"group\": \"host-7\", \"rev\": 12}"

/* The status; the JSON of the reply in *out, NULL when it has none. */
static int tell(struct rig *rig, const char *method, const char *target, const char *body,
                json_t **out)
{
    char *reply = send_json_to(rig, method, target, body);
    int status = status_of(reply);
    *out = NULL;
    if (status == 204)
        free(reply);
    else
        *out = json_of(reply);
    return status;
}

static json_t *read_one(struct rig *rig, const char *target)
{
    char *reply = get(rig, target);
    assert_int_equal(status_of(reply), 200);
    return json_of(reply);
}

static void test_register(void **state)
{
    struct rig *rig = *state;
    json_t *told, *read, *expected;

    char *reply = send_json_to(rig, "PUT", ONE, FULL);
    char *location = header_of(reply, "Location"), *index = header_of(reply, "X-Disc-Index");
    assert_int_equal(status_of(reply), 201);
    assert_string_equal(location, ONE);
    assert_true(strtoull(index, NULL, 10) == registry_index(rig->registry));
    free(location);
    free(index);
    told = json_of(reply);
    assert_string_equal(text_at(told, "durability"), "disk");
    assert_int_equal(number_at(told, "renew_ms"), 18000);
    assert_int_equal(rig->begun, 1);
    assert_int_equal(rig->changes, 1);

    read = read_one(rig, ONE);
    assert_int_equal(json_object_del(told, "durability"), 0);
    assert_int_equal(json_object_del(told, "renew_ms"), 0);
    assert_true(json_equal(told, read));
    expected = json_loads(FULL, 0, NULL);
    json_object_set_new(expected, "zone", json_string("eu-1"));
    json_object_del(expected, "ports");
    const char *name;
    json_t *value;
    json_object_foreach(expected, name, value)
    {
        if (!json_equal(value, json_object_get(read, name)))
            fail_msg("%s is %s", name, json_dumps(json_object_get(read, name), JSON_ENCODE_ANY));
    }
    json_t *grpc = json_array_get(json_object_get(read, "ports"), 1);
    assert_string_equal(text_at(grpc, "name"), "grpc");
    assert_string_equal(text_at(grpc, "protocol"), "udp");
    assert_string_equal(text_at(read, "owner"), "local");
    json_decref(told);
    json_decref(read);
    json_decref(expected);
    expect_reply(rig, "PUT", ONE, FULL, 200, "\"one\"");
}

static void test_defaults(void **state)
{
    struct rig *rig = *state;
    json_t *json;

    char *reply = send_json_to(rig, "POST", WEB "?ns=DEFAULT", "{\"ports\": [8080]}");
    char *location = header_of(reply, "Location");
    assert_int_equal(status_of(reply), 201);
    assert_string_equal(location, WEB "/192-0-2-5-8080");
    free(location);
    json = json_of(reply);
    assert_string_equal(json_string_value(json_array_get(json_object_get(json, "addresses"), 0)),
                        "192.0.2.5");
    assert_int_equal(number_at(json, "weight"), 100);
    assert_true(json_is_null(json_object_get(json_object_get(json, "said"), "weight")));
    assert_int_equal(number_at(json, "lease"), 30);
    assert_true(json_is_null(json_object_get(json, "ttl")));
    json_decref(json);

    reply = send_json_to(rig, "POST", WEB "?ns=test",
                         "{\"ports\": [], \"id\": \"Mine\", \"addresses\": "
                         "[\"10.0.0.1\"]}");
    location = header_of(reply, "Location");
    assert_string_equal(location, WEB "/mine?ns=test");
    free(location);
    free(reply);
    json = read_one(rig, WEB "/MINE?ns=Test");
    assert_string_equal(text_at(json, "id"), "mine");
    json_decref(json);
}

/* What a proxy on this machine passes on has not come from this machine. */
static void test_forwarded(void **state)
{
    struct rig *rig = *state;
    static const char with_token[] =
        JSON_TYPE "Authorization: Bearer " TOKEN "\r\nX-Forwarded-For: 10.0.0.9\r\n";

    char *reply = send_with(rig, "POST", WEB, with_token, "{\"ports\": [1]}");
    assert_int_equal(status_of(reply), 422);
    assert_non_null(strstr(reply, "through a proxy"));
    free(reply);
    reply =
        send_with(rig, "POST", WEB, with_token, "{\"ports\": [], \"addresses\": [\"10.0.0.9\"]}");
    assert_int_equal(status_of(reply), 201);
    assert_non_null(strstr(reply, "\"owner\":\"token:admin\""));
    free(reply);
    expect_reply(rig, "DELETE", WEB "/10-0-0-9", "", 403, "\"why\":\"owner\"");
    expect_reply(rig, "DELETE", WEB "/10-0-0-9", "", 403, "POST /v1/evict");
    reply = send_with(rig, "POST", WEB, JSON_TYPE "X-Forwarded-For: 10.0.0.9\r\n", "{}");
    assert_int_equal(status_of(reply), 401);
    free(reply);
}

static void test_permanent(void **state)
{
    struct rig *rig = *state;
    static const char *const bodies[] = {
        "{\"ports\":[],\"addresses\":[\"10.0.0.1\"],\"lease\":\"static\"}",
        "{\"ports\":[],\"addresses\":[\"10.0.0.1\"],\"lease\":null}"};
    for (size_t n = 0; n < ARRAY_COUNT(bodies); n++) {
        json_t *json;
        assert_int_equal(tell(rig, "PUT", ONE, bodies[n], &json), n ? 200 : 201);
        assert_true(json_is_null(json_object_get(json, "lease")));
        assert_true(json_is_null(json_object_get(json, "renew_ms")));
        json_decref(json);
    }
}

/* Whatever is wrong is named, and nothing is registered. */
static void test_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *part;
    } cases[] = {
        {"", 400, "the body is empty"},
        {"{", 400, "not well-formed"},
        {"[]", 400, "not a JSON object"},
        {"{\"weight\": 1, \"weight\": 2}", 400, "duplicate object key"},
        {"{\"weigth\": 1}", 422, "unknown member \\\"weigth\\\"; known here: \\\"id\\\""},
        {"{\"owner\": \"me\"}", 422, "\\\"owner\\\": expected whose it is to be"},
        {"{\"owner\": 1}", 422, "\\\"owner\\\": expected whose it is to be"},
        {"{\"live\": true}", 422, "not the instance's to say"},
        {"{\"weight\": 1}", 422, "\\\"ports\\\": missing"},
        {"{}", 422, "[] for none"},
        {"{\"expires_in_ms\": 1}", 422, "not the instance's to say"},
        {"{\"id\": \"two\"}", 422, "another one than that of the path"},
        {"{\"id\": 7}", 422, "\\\"id\\\": expected a label"},
        {"{\"id\": \"\"}", 422, "\\\"id\\\": expected a label"},
        {"{\"addresses\": \"10.0.0.1\"}", 422, "\\\"addresses\\\": expected an array"},
        {"{\"addresses\": [\"nowhere\"]}", 422, "\\\"addresses\\\": expected an array"},
        {"{\"addresses\": [7]}", 422, "\\\"addresses\\\": expected an array"},
        {"{\"addresses\": [\"0.0.0.0\"]}", 422, "that others can reach"},
        {"{\"addresses\": [\"10.0.0.1\", \"10.0.0.1\"]}", 422, "different"},
        {"{\"addresses\": [\"10.0.0.1\",\"10.0.0.2\",\"10.0.0.3\",\"10.0.0.4\",\"10.0.0.5\","
         "\"10.0.0.6\",\"10.0.0.7\",\"10.0.0.8\",\"10.0.0.9\"]}",
         422, "1 to 8"},
        {"{\"ports\": 8080}", 422, "\\\"ports\\\": expected an array"},
        {"{\"ports\": [0]}", 422, "from 1 to 65535"},
        {"{\"ports\": [65536]}", 422, "from 1 to 65535"},
        {"{\"ports\": [\"http\"]}", 422, "from 1 to 65535"},
        {"{\"ports\": [{\"name\": \"http\"}]}", 422, "\\\"ports\\\""},
        {"{\"ports\": [{\"number\": 1, \"extra\": 1}]}", 422, "\\\"ports\\\""},
        {"{\"ports\": [{\"number\": 1, \"protocol\": \"dccp\"}]}", 422, "\\\"ports\\\""},
        {"{\"ports\": [{\"number\": 1, \"name\": \"a\"}, {\"number\": 2, \"name\": \"a\"}]}", 422,
         "each name once"},
        {"{\"ports\": [1,2,3,4,5,6,7,8,9]}", 422, "at most 8"},
        {"{\"weight\": 65536}", 422, "\\\"weight\\\": expected a whole number from 0 to 65535"},
        {"{\"weight\": -1}", 422, "\\\"weight\\\""},
        {"{\"weight\": 1.5}", 422, "\\\"weight\\\""},
        {"{\"weight\": \"1\"}", 422, "\\\"weight\\\""},
        {"{\"priority\": 32768}", 422, "\\\"priority\\\""},
        {"{\"status\": \"ok\"}", 422, "\\\"starting\\\""},
        {"{\"version\": \"\\u00e4\"}", 422, "\\\"version\\\""},
        {"{\"zone\": \"a.b\"}", 422, "\\\"zone\\\""},
        {"{\"region\": 1}", 422, "\\\"region\\\""},
        {"{\"cluster\": \"-\"}", 422, "\\\"cluster\\\""},
        {"{\"tags\": [\"a\", \"A\"]}", 422, "different labels"},
        {"{\"tags\": \"a\"}", 422, "\\\"tags\\\""},
        {"{\"metadata\": {\"a\": 1}}", 422, "\\\"metadata\\\": expected an object"},
        {"{\"metadata\": {\"a=b\": \"1\"}}", 422, "without '='"},
        {"{\"metadata\": {\"a\": \"1\\n2\"}}", 422, "without line ends"},
        {"{\"metadata\": []}", 422, "\\\"metadata\\\""},
        {"{\"lease\": 0}", 422, "\\\"lease\\\""},
        {"{\"lease\": 86401}", 422, "86400"},
        {"{\"lease\": \"long\"}", 422, "\\\"static\\\""},
        {"{\"ttl\": 301}", 422, "\\\"ttl\\\""},
        {"{\"group\": \"a b\"}", 422, "\\\"group\\\""},
        {"{\"rev\": -1}", 422, "\\\"rev\\\""},
        {"{\"rev\": \"1x\"}", 422, "\\\"rev\\\""},
    };
    struct rig *rig = *state;
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++)
        expect_reply(rig, "PUT", ONE, cases[n].body, cases[n].status, cases[n].part);
    expect_reply(rig, "PUT", "/v1/services/-web/instances/one", "{}", 422, "the service's name");
    expect_reply(rig, "PUT", WEB "/a_b", "{}", 422, "\\\"id\\\"");
    expect_reply(rig, "PUT", ONE "?ns=a_b", "{}", 422, "namespace");
    assert_int_equal(registry_totals(rig->registry).services, 0);
    assert_int_equal(rig->changes, 0);
}

/* More metadata than a datagram holds. */
static void test_metadata(void **state)
{
    struct rig *rig = *state;
    json_t *body = json_object(), *metadata = json_object(), *json;
    char key[16], value[METADATA_VALUE_MAX + 1];

    memset(value, 'v', METADATA_VALUE_MAX);
    value[METADATA_VALUE_MAX] = '\0';
    for (int n = 0; n < 20; n++) { /* 204 bytes each */
        snprintf(key, sizeof(key), "key%d", n % 10);
        key[3] = (char)('a' + n);
        key[4] = '\0';
        json_object_set_new(metadata, key, json_string(value));
    }
    json_object_set_new(body, "metadata", metadata);
    json_object_set_new(body, "ports", json_array());
    char *text = json_dumps(body, 0);
    assert_int_equal(tell(rig, "PUT", ONE, text, &json), 201);
    assert_true(json_equal(json_object_get(json, "metadata"), metadata));
    json_decref(json);
    free(text);
    json_object_set_new(metadata, "one-more", json_string("too much!"));
    text = json_dumps(body, 0);
    expect_reply(rig, "PUT", ONE, text, 422, "4096 bytes");
    free(text);
    json_decref(body);
}

static void test_conflicts(void **state)
{
    struct rig *rig = *state;
    json_t *json;

    expect_reply(rig, "PUT", ONE, "{\"ports\": [], \"rev\": 10}", 201, "\"rev\":10");
    assert_int_equal(tell(rig, "PUT", ONE, "{\"ports\": [], \"rev\": 9}", &json), 409);
    assert_int_equal(number_at(json, "rev"), 10);
    assert_string_equal(text_at(json, "why"), "stale");
    assert_string_equal(text_at(json, "title"), "Conflict");
    json_decref(json);
    expect_reply(rig, "PATCH", ONE, "{\"rev\": 9, \"weight\": 1}", 409, "\"rev\":10");
    expect_reply(rig, "DELETE", ONE "?rev=9", "", 409, "\"rev\":10");
    expect_reply(rig, "DELETE", ONE "?rev=x", "", 400, "whole number");
    expect_reply(rig, "PUT", ONE, "{\"ports\": [], \"rev\": \"18446744073709551615\"}", 200,
                 "\"rev\":\"18446744073709551615\"");
    /* Instance `user` of `rpc` and the service `user.rpc` would be one name. */
    expect_reply(rig, "PUT", "/v1/services/rpc/instances/user", "{\"ports\": []}", 201, "");
    expect_reply(rig, "PUT", "/v1/services/user.rpc/instances/a", "{\"ports\": []}", 409,
                 "\"why\":\"name\"");
}

static void test_patch(void **state)
{
    struct rig *rig = *state;
    json_t *json;

    expect_reply(rig, "PATCH", ONE, "{}", 404, "no such service");
    expect_reply(rig, "PUT", ONE, FULL, 201, "");
    expect_reply(rig, "PATCH", WEB "/two", "{}", 404, "no such instance");
    uint64_t index = registry_index(rig->registry);
    assert_int_equal(
        tell(rig, "PATCH", ONE,
             "{\"weight\": null, \"status\": \"up\", \"ttl\": null, \"tags\": [], \"ports\": [1], "
             "\"addresses\": [\"10.0.0.8\"], \"metadata\": {\"team\": null, \"a\": \"1\"}}",
             &json),
        200);
    assert_int_equal(number_at(json, "weight"), 100);
    assert_string_equal(text_at(json, "status"), "up");
    assert_true(json_is_null(json_object_get(json, "ttl")));
    assert_int_equal(json_array_size(json_object_get(json, "tags")), 0);
    assert_int_equal(json_array_size(json_object_get(json, "ports")), 1);
    assert_int_equal(json_array_size(json_object_get(json, "addresses")), 1);
    assert_int_equal(json_object_size(json_object_get(json, "metadata")), 1);
    assert_string_equal(text_at(json_object_get(json, "metadata"), "a"), "1");
    /* The rest stays. */
    assert_string_equal(text_at(json, "version"), "1.4.2");
    assert_string_equal(text_at(json, "group"), "host-7");
    assert_int_equal(number_at(json, "lease"), 60);
    assert_true(registry_index(rig->registry) > index);
    json_decref(json);
    expect_reply(rig, "PATCH", ONE, "{\"lease\": 10}", 422, "\\\"lease\\\" cannot be changed");
    expect_reply(rig, "PATCH", ONE, "{\"id\": \"two\"}", 422, "cannot be changed");
    expect_reply(rig, "PATCH", ONE, "{\"addresses\": []}", 422, "\\\"addresses\\\": expected");
    expect_reply(rig, "PATCH", ONE, "{\"weight\": \"x\"}", 422, "\\\"weight\\\"");
    expect_reply(rig, "PATCH", ONE, "nonsense", 400, "not well-formed");
}

static void test_renew(void **state)
{
    struct rig *rig = *state;
    json_t *json;

    expect_reply(rig, "POST", ONE "/renew", "", 404, "no such service");
    expect_reply(rig, "PUT", ONE, "{\"ports\": [], \"lease\": 10}", 201, "");
    expect_reply(rig, "POST", WEB "/two/renew", "", 404, "no such instance");
    uint64_t index = registry_index(rig->registry);
    rig->lease_ms += 6000;
    assert_int_equal(tell(rig, "POST", ONE "/renew", "", &json), 200);
    assert_int_equal(number_at(json, "lease"), 10);
    assert_int_equal(number_at(json, "renew_ms"), 3000);
    assert_int_equal(number_at(json, "expires_in_ms"), 10000);
    assert_string_equal(text_at(json, "id"), "one");
    json_decref(json);
    assert_int_equal(registry_index(rig->registry), index);
    expect_reply(rig, "POST", ONE "/renew", "{}", 200, "");
    expect_reply(rig, "POST", ONE "/renew", "{\"lease\": 5}", 422,
                 "unknown members: \\\"lease\\\"; known here: none, leave the body out");
    char *reply = send_with(rig, "POST", ONE "/renew", "", "");
    assert_int_equal(status_of(reply), 200); /* of no body, no type */
    free(reply);
    reply = send_with(rig, "POST", ONE "/renew", "", "{}");
    assert_int_equal(status_of(reply), 415);
    free(reply);
    reply = send_with(rig, "POST", ONE "/renew", "Origin: http://evil.example\r\n", "");
    assert_int_equal(status_of(reply), 403);
    free(reply);
}

static void test_delete(void **state)
{
    struct rig *rig = *state;

    expect_reply(rig, "DELETE", ONE, "", 404, "no such service");
    expect_reply(rig, "PUT", ONE, "{\"ports\": []}", 201, "");
    expect_reply(rig, "DELETE", WEB "/two", "", 404, "no such instance");
    char *reply = send_with(rig, "DELETE", ONE, "", "");
    assert_int_equal(status_of(reply), 204);
    assert_null(strstr(reply, "\r\nContent-Length"));
    assert_null(strstr(reply, "\r\nContent-Type"));
    free(reply);
    expect_reply(rig, "DELETE", ONE, "", 404, "no such instance");
    assert_int_equal(registry_totals(rig->registry).instances, 0);
}

static void test_owner(void **state)
{
    struct rig *rig = *state;
    static const char token[] = JSON_TYPE "Authorization: Bearer " TOKEN "\r\n";
    static const char *const methods[] = {"PUT", "PATCH", "DELETE"};

    expect_reply(rig, "PUT", ONE, "{\"ports\": []}", 201, "\"owner\":\"local\"");
    for (size_t n = 0; n < ARRAY_COUNT(methods); n++) {
        char *reply =
            send_with(rig, methods[n], ONE, token, n < 2 ? "{\"ports\": [], \"weight\": 1}" : "");
        assert_int_equal(status_of(reply), 403);
        assert_non_null(strstr(reply, "\"why\":\"owner\""));
        free(reply);
    }
    char *reply = send_with(rig, "POST", ONE "/renew", token, "");
    assert_int_equal(status_of(reply), 403);
    free(reply);
}

/* In somebody else's name: it is that one's, whose heartbeats are accepted. */
static void test_named_owner(void **state)
{
    static const char token[] = JSON_TYPE "Authorization: Bearer " TOKEN "\r\n";
    static const char *const owners[] = {"local",      "addr:10.0.0.9",       "addr:2001:db8::9",
                                         "key:deploy", "name:update.example", "token:admin"};
    struct rig *rig = *state;
    char body[128];

    for (size_t n = 0; n < ARRAY_COUNT(owners); n++) {
        char id[] = WEB "/n0";
        struct principal owner;
        struct granted granted;
        id[sizeof(id) - 2] = (char)('0' + n);
        snprintf(body, sizeof(body), "{\"ports\": [], \"owner\": \"%s\"}", owners[n]);
        char *reply = send_with(rig, "PUT", id, token, body);
        assert_int_equal(status_of(reply), 201);
        json_t *json = json_of(reply);
        assert_string_equal(text_at(json, "owner"), owners[n]);
        json_decref(json);
        struct instance_key key = {TEXT("default"), TEXT("web"), text_of(id + sizeof(WEB))};
        assert_int_equal(principal_parse(text_of(owners[n]), &owner), ERR_OK);
        assert_int_equal(registry_renew(rig->registry, key, &owner, rig_now(rig), &granted),
                         ERR_OK);
        reply = send_with(rig, "PUT", id, token, body);
        assert_int_equal(status_of(reply), 200);
        free(reply);
        expect_reply(rig, "PUT", id, body, n ? 403 : 200,
                     n ? "only the holder of the admin token" : "");
        expect_reply(rig, "PUT", id, "{\"ports\": []}", n ? 403 : 200,
                     n ? "\"why\":\"owner\"" : "");
    }
    rig->deeds[0] = '\0';
    expect_reply(rig, "POST", WEB, "{\"ports\": [1], \"owner\": \"key:deploy\"}", 403,
                 "\\\"owner\\\"");
    assert_non_null(strstr(rig->deeds, "for another, and without the admin token"));
    expect_reply(rig, "PATCH", WEB "/n0", "{\"owner\": \"local\"}", 422,
                 "\\\"owner\\\" cannot be changed");
}

static void test_full(void **state)
{
    struct rig *rig = *state;
    struct registry_config limits = registry_config_default();

    limits.instances_max = 1;
    assert_int_equal(registry_configure(rig->registry, &limits), ERR_OK);
    expect_reply(rig, "PUT", ONE, "{\"ports\": []}", 201, "");
    expect_reply(rig, "PUT", WEB "/two", "{\"ports\": [], \"addresses\":[\"10.0.0.2\"]}", 507,
                 "\"why\":\"full\"");
}

static enum err refuse_puts(void *context, enum journal_need need, size_t changes)
{
    (void)context;
    (void)changes;
    return need == JOURNAL_PUT ? ERR_READONLY : ERR_OK;
}

static void ignore_put(void *context, const struct instance *i)
{
    (void)context;
    (void)i;
}

static void ignore_grave(void *context, struct instance_key key, uint64_t floor, uint64_t until_ms)
{
    (void)context;
    (void)key;
    (void)floor;
    (void)until_ms;
}

static void ignore_override(void *context, struct instance_key key, const struct override *o)
{
    (void)context;
    (void)key;
    (void)o;
}

static void ignore_service(void *context, struct text ns, struct text service, uint64_t until_ms)
{
    (void)context;
    (void)ns;
    (void)service;
    (void)until_ms;
}

static void ignore_key(void *context, struct instance_key key)
{
    (void)context;
    (void)key;
}

/* While nothing can be stored only what takes away is taken. */
static void test_readonly(void **state)
{
    struct rig *rig = *state;
    struct registry_journal journal = {NULL,       refuse_puts,     ignore_put,     ignore_grave,
                                       ignore_key, ignore_override, ignore_service, ignore_key};

    expect_reply(rig, "PUT", ONE, "{\"ports\": []}", 201, "");
    registry_set_journal(rig->registry, &journal);
    expect_reply(rig, "PUT", WEB "/two", "{\"ports\": [], \"addresses\":[\"10.0.0.2\"]}", 503,
                 "\r\nRetry-After: 2\r\n");
    expect_reply(rig, "PATCH", ONE, "{\"weight\": 200}", 503, "\"why\":\"readonly\"");
    expect_reply(rig, "PUT", ONE "/override", "{\"weight\": 200}", 503, "\"why\":\"readonly\"");
    expect_reply(rig, "PUT", ONE "/override", "{\"drain\": true}", 200, "");
    expect_reply(rig, "DELETE", ONE, "", 204, "");
}

/* Nothing of this changes anything. */
static void test_access(void **state)
{
    static const char *const methods[] = {"PUT", "PATCH", "DELETE", "POST"};
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        {JSON_TYPE "Authorization: Bearer wrong\r\nForwarded: for=x\r\n", 401},
        {JSON_TYPE "Authorization: Bearer wrong\r\n", 401},
        {JSON_TYPE "X-Forwarded-Proto: http\r\n", 401},
        {JSON_TYPE "Origin: http://evil.example\r\n", 403},
        {JSON_TYPE "Origin: null\r\n", 403},
        {"Content-Type: text/plain\r\n", 415},
        {"Content-Type: application/x-www-form-urlencoded\r\n", 415},
        {"", 415},
    };
    struct rig *rig = *state;
    expect_reply(rig, "PUT", ONE, "{\"ports\": []}", 201, "");
    unsigned changes = rig->changes;
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        for (size_t m = 0; m < ARRAY_COUNT(methods); m++) {
            const char *target = m == 3 ? ONE "/renew" : ONE;
            char *reply = send_with(rig, methods[m], target, cases[n].headers, "{\"weight\": 1}");
            if (status_of(reply) != cases[n].status)
                fail_msg("%s with %s-> %s", methods[m], cases[n].headers, reply);
            free(reply);
        }
    }
    char *reply =
        ask(rig, "PUT " ONE " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n" JSON_TYPE
                 "Content-Length: 2\r\n\r\n{}");
    assert_int_equal(status_of(reply), 421);
    free(reply);
    assert_int_equal(rig->changes, changes);
}

/* Of a protected service, only who has the token may touch anything. */
static void test_protected(void **state)
{
    static const struct {
        const char *method, *path, *body;
    } all[] = {
        {"POST", "/v1/services/db/instances", "{}"},
        {"PUT", "/v1/services/DB/instances/one", "{}"},
        {"PATCH", "/v1/services/db/instances/one", "{}"},
        {"POST", "/v1/services/db/instances/one/renew", ""},
        {"DELETE", "/v1/services/db/instances/one", ""},
        {"PUT", "/v1/services/db/instances/one/override", "{}"},
        {"PATCH", "/v1/services/db/instances/one/override", "{}"},
        {"DELETE", "/v1/services/db/instances/one/override", ""},
        {"POST", "/v1/evict", "{\"service\": \"db\", \"force\": true}"},
    };
    struct rig *rig = *state;

    rig_add(rig, (struct record){.ns = TEXT("default"), .service = TEXT("db"), .id = TEXT("one")});
    rig->is_protected = true;
    for (size_t n = 0; n < ARRAY_COUNT(all); n++) {
        rig->deeds[0] = '\0';
        expect_reply(rig, all[n].method, all[n].path, all[n].body, 403, "protected");
        assert_non_null(strstr(rig->deeds, "3 local default/db/"));
    }
    assert_int_equal(rig->changes, 0);
    char *reply = send_with(rig, "PUT", "/v1/services/db/instances/two",
                            JSON_TYPE "Authorization: Bearer " TOKEN "\r\n",
                            "{\"ports\": [], \"addresses\": [\"10.0.0.2\"]}");
    assert_int_equal(status_of(reply), 201);
    free(reply);
    expect_reply(rig, "PUT", "/v1/services/db2/instances/one", "{\"ports\": []}", 201, "");
}

static void test_stopping(void **state)
{
    struct rig *rig = *state;
    http_stop(rig->http);
    expect_reply(rig, "PUT", ONE, "{}", 503, "stopping");
    assert_int_equal(rig->changes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_register),  WITH_RIG(test_defaults),    WITH_RIG(test_forwarded),
        WITH_RIG(test_permanent), WITH_RIG(test_refused),     WITH_RIG(test_metadata),
        WITH_RIG(test_conflicts), WITH_RIG(test_patch),       WITH_RIG(test_renew),
        WITH_RIG(test_delete),    WITH_RIG(test_owner),       WITH_RIG(test_full),
        WITH_RIG(test_readonly),  WITH_RIG(test_access),      WITH_RIG(test_stopping),
        WITH_RIG(test_protected), WITH_RIG(test_named_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which instances and services are shown: filters and pages, and what the service is meanwhile. */
#include "rig.h"

#define WEB "/v1/services/web"

static void add(struct rig *rig, const char *id, enum status status, const char *zone,
                const char *team)
{
    rig_add(rig, (struct record){
                     .ns = TEXT("default"),
                     .service = TEXT("web"),
                     .id = text_of(id),
                     .status = status,
                     .zone = text_of(zone),
                     .region = TEXT("eu"),
                     .cluster = TEXT("blue"),
                     .version = TEXT("1.4.2"),
                     .tags = {TEXT("canary"), text_of(id)},
                     .tag_count = 2,
                     .metadata = {{TEXT("team"), text_of(team)}},
                     .metadata_count = 1,
                 });
}

static void add_all(struct rig *rig)
{
    add(rig, "d", STATUS_UP, "eu-1", "Red");
    add(rig, "b", STATUS_UP, "eu-2", "Red");
    add(rig, "c", STATUS_DRAINING, "eu-1", "Blue");
    add(rig, "a", STATUS_DOWN, "eu-2", "a:b");
}

/* The ids, one after the other, then what "next" says; to be freed. */
static char *ids_of(struct rig *rig, const char *target)
{
    json_t *json = json_of(get(rig, target)), *one;
    const char *next = json_string_value(json_object_get(json, "next"));
    char *text = calloc(1, 1024);
    size_t n;

    json_array_foreach(json_object_get(json, "instances"), n, one)
    {
        strcat(text, text_at(one, "id"));
        strcat(text, " ");
    }
    if (next) {
        strcat(text, "> ");
        strcat(text, next);
    }
    json_decref(json);
    return text;
}

static void expect_ids(struct rig *rig, const char *target, const char *expected)
{
    char *ids = ids_of(rig, target);
    if (strcmp(ids, expected) != 0)
        fail_msg("%s: '%s' instead of '%s'", target, ids, expected);
    free(ids);
}

static void test_filters(void **state)
{
    static const char *const cases[][2] = {
        {WEB, "a b c d "},
        {WEB "?status=up", "b d "},
        {WEB "?status=DRAINING", "c "},
        {WEB "?status=starting", ""},
        {WEB "?live=true", "b d "},
        {WEB "?live=false", "a c "},
        {WEB "?where=zone:eu-1", "c d "},
        {WEB "?where=zone:EU-1", "c d "},
        {WEB "?where=region:eu", "a b c d "},
        {WEB "?where=cluster:green", ""},
        {WEB "?where=version:1.4.2", "a b c d "},
        {WEB "?where=tag:canary", "a b c d "},
        {WEB "?where=tag:b", "b "},
        {WEB "?where=team:Red", "b d "},
        {WEB "?where=team:red", ""},
        {WEB "?where=team:a:b", "a "},
        {WEB "?where=none:x", ""},
        {WEB "?where=zone:eu-1&where=team:Red", "d "},
        {WEB "?where=zone:eu-1&where=team:Red&status=down", ""},
        {WEB "?status=up&live=false", ""},
        {WEB "?after=b", "c d "},
        {WEB "?after=B", "c d "},
        {WEB "?after=bb", "c d "},
        {WEB "?after=d", ""},
        {WEB "?limit=1", "a > a"},
        {WEB "?limit=3&after=a", "b c d "},
        {WEB "?limit=2&after=a", "b c > c"},
        {WEB "?limit=1&status=up", "b > b"},
        {WEB "?limit=2&status=up", "b d "},
        {WEB "?limit=20000", "a b c d "},
    };
    struct rig *rig = *state;
    add_all(rig);
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++)
        expect_ids(rig, cases[n][0], cases[n][1]);
}

static void test_bad_questions(void **state)
{
    static const char *const cases[][2] = {
        {"?status=ok", "status is"},
        {"?status=draining-for-a-long-time", "status is"},
        {"?live=yes", "live is"},
        {"?limit=0", "1 to 20000"},
        {"?limit=20001", "1 to 20000"},
        {"?where=zone", "where is KEY:VALUE"},
        {"?where=:x", "where is KEY:VALUE"},
        {"?where=a:1&where=b:1&where=c:1&where=d:1&where=e:1", "4 times"},
        {"?status=up&status=up", "each name once"},
        {"?after=0123456789012345678901234567890123456789012345678901234567890123", "after is"},
    };
    struct rig *rig = *state;
    char target[256];

    add_all(rig);
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        snprintf(target, sizeof(target), WEB "%s", cases[n][0]);
        char *reply = get(rig, target);
        if (status_of(reply) != 400 || !strstr(reply, cases[n][1]))
            fail_msg("%s -> %s", target, reply);
        free(reply);
    }
}

/* Pages of a large service together are the service, whatever their size. */
static void test_pages(void **state)
{
    static const unsigned limits[] = {1, 7, 100, 299, 300, 301};
    struct rig *rig = *state;

    rig_add_many(rig, "web", 300, 10);
    for (size_t n = 0; n < ARRAY_COUNT(limits); n++) {
        char after[64] = "", id[16], target[128];
        unsigned seen = 0;
        for (bool more = true; more;) {
            snprintf(target, sizeof(target), WEB "?limit=%u&after=%s", limits[n], after);
            json_t *json = json_of(get(rig, target)), *one;
            size_t i;
            json_array_foreach(json_object_get(json, "instances"), i, one)
            {
                snprintf(id, sizeof(id), "n%06u", seen++);
                assert_string_equal(text_at(one, "id"), id);
            }
            const char *next = json_string_value(json_object_get(json, "next"));
            more = next != NULL;
            snprintf(after, sizeof(after), "%s", next ? next : "");
            json_decref(json);
        }
        assert_int_equal(seen, 300);
    }
}

/* What went away between two slices is left out. */
static void test_gone_meanwhile(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_many(rig, "web", 50, 0);
    rig->stopwatch_step_us = HTTP_SLICE_MS * 1000; /* each piece is a slice */
    client_open(&c, rig, "GET " WEB " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    while (!rig->last)
        rig_loop(rig);
    for (int n = 0; n < 10; n++)
        rig_loop(rig);
    rig_remove(rig, "web", "n000049");
    json_t *json = json_of(client_rest(&c));
    assert_int_equal(json_array_size(json_object_get(json, "instances")), 49);
    json_decref(json);
    client_free(&c);
}

static void test_one(void **state)
{
    struct rig *rig = *state;

    add_all(rig);
    char *reply = get(rig, WEB "/instances/B?ns=Default");
    char *tag = header_of(reply, "ETag"), *index = header_of(reply, "X-Disc-Index");
    assert_int_equal(status_of(reply), 200);
    char expected[64], header[128];
    snprintf(expected, sizeof(expected), "W/\"%s\"", index);
    assert_string_equal(tag, expected);
    json_t *json = json_of(reply);
    assert_string_equal(text_at(json, "id"), "b");
    json_decref(json);
    snprintf(header, sizeof(header), "If-None-Match: %s\r\n", tag);
    reply = get_with(rig, WEB "/instances/b", header);
    assert_int_equal(status_of(reply), 304);
    free(reply);
    rig_remove(rig, "web", "b");
    reply = get_with(rig, WEB "/instances/b", header);
    assert_int_equal(status_of(reply), 404);
    free(reply);
    free(tag);
    free(index);
}

static void test_services(void **state)
{
    static const char *const names[] = {"web", "web-api", "api", "user.rpc"};
    static const struct {
        const char *query, *expected;
    } cases[] = {
        {"?q=api", "api web-api "},
        {"?q=API", "api web-api "},
        {"?q=web&limit=1", "web > "},
        {"?q=", "api user.rpc web web-api "},
        {"?q=.", "user.rpc "},
        {"?q=none", ""},
        {"?q=api&after=default/api", "web-api "},
    };
    struct rig *rig = *state;

    for (size_t n = 0; n < ARRAY_COUNT(names); n++)
        rig_add(rig, (struct record){
                         .ns = TEXT("default"), .service = text_of(names[n]), .id = TEXT("i")});
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        char target[128], text[256] = "";
        json_t *one;
        size_t i;
        snprintf(target, sizeof(target), "/v1/services%s", cases[n].query);
        json_t *json = json_of(get(rig, target));
        json_array_foreach(json_object_get(json, "services"), i, one)
        {
            strcat(text, text_at(one, "name"));
            strcat(text, " ");
        }
        strcat(text, json_is_null(json_object_get(json, "next")) ? "" : "> ");
        assert_string_equal(text, cases[n].expected);
        json_decref(json);
    }
}

static void test_list_version(void **state)
{
    struct rig *rig = *state;
    char header[128];

    add_all(rig);
    char *reply = get(rig, "/v1/services");
    char *tag = header_of(reply, "ETag");
    assert_non_null(strstr(reply, "\r\nCache-Control: no-cache\r\n"));
    free(reply);
    snprintf(header, sizeof(header), "If-None-Match: %s\r\n", tag);
    free(tag);
    reply = get_with(rig, "/v1/services", header);
    assert_int_equal(status_of(reply), 304);
    assert_null(strstr(reply, "\r\nContent-Length"));
    free(reply);
    rig_remove(rig, "web", "a");
    reply = get_with(rig, "/v1/services", header);
    assert_int_equal(status_of(reply), 200);
    free(reply);
}

static void test_namespaces(void **state)
{
    json_t *json = json_of(get(*state, "/v1/namespaces"));
    json_t *first = json_array_get(json_object_get(json, "namespaces"), 0);
    assert_string_equal(text_at(first, "name"), "default");
    assert_int_equal(json_array_size(json_object_get(first, "zones")), 1);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_filters),      WITH_RIG(test_bad_questions),  WITH_RIG(test_pages),
        WITH_RIG(test_one),          WITH_RIG(test_gone_meanwhile), WITH_RIG(test_services),
        WITH_RIG(test_list_version), WITH_RIG(test_namespaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

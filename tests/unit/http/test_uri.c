/* Percent-decoding, parameters, and the table of routes. */
#include "rig.h"

#include "http/route.h"
#include "http/uri.h"

static void test_decode(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        bool plus;
        enum err err;
        const char *text;
    } cases[] = {
        {"", false, ERR_OK, ""},
        {"abc", false, ERR_OK, "abc"},
        {"%41%2f%C3%a9", false, ERR_OK, "A/\xc3\xa9"},
        {"a+b", false, ERR_OK, "a+b"},
        {"a+b%2B", true, ERR_OK, "a b+"},
        {"%2541", false, ERR_OK, "%41"},
        {"%00", false, ERR_SYNTAX, NULL},
        {"a%", false, ERR_SYNTAX, NULL},
        {"a%4", false, ERR_SYNTAX, NULL},
        {"a%4g", false, ERR_SYNTAX, NULL},
        {"a%g4", false, ERR_SYNTAX, NULL},
        {"1234567", false, ERR_OK, "1234567"},
        {"12345678", false, ERR_SPACE, NULL},
    };
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        char out[8];
        enum err err = uri_decode(text_of(cases[n].raw), cases[n].plus, out, sizeof(out));
        assert_int_equal(err, cases[n].err);
        if (!err)
            assert_string_equal(out, cases[n].text);
    }
    char none[1];
    assert_int_equal(uri_decode(TEXT("a%00"), false, none, 0), ERR_SPACE);
    assert_int_equal(uri_decode((struct text){"a\0b", 3}, false, none, 1), ERR_SPACE);
}

static enum err parse(const char *raw, struct uri_query *q)
{
    enum err err = uri_query_parse(raw, NULL, q);
    if (err)
        uri_query_deinit(q);
    return err;
}

static void test_parse(void **state)
{
    (void)state;
    struct uri_query q;
    assert_int_equal(parse(NULL, &q), ERR_OK);
    assert_null(uri_query_get(&q, "a").s);
    uri_query_deinit(&q);

    assert_int_equal(parse("a=1&&b=x%26y+z&c&d==&=e", &q), ERR_OK);
    assert_int_equal(q.count, 5);
    assert_string_equal(uri_query_get(&q, "a").s, "1");
    assert_string_equal(uri_query_get(&q, "b").s, "x&y z");
    assert_string_equal(uri_query_get(&q, "c").s, "");
    assert_string_equal(uri_query_get(&q, "d").s, "=");
    assert_string_equal(uri_query_get(&q, "").s, "e");
    assert_null(uri_query_get(&q, "e").s);
    uri_query_deinit(&q);

    assert_int_equal(parse("a=1&%61=2", &q), ERR_SYNTAX);
    assert_int_equal(parse("a=%00", &q), ERR_SYNTAX);
    assert_int_equal(parse("a%=1", &q), ERR_SYNTAX);
    char many[8 * QUERY_MAX + 8] = "first";
    for (int n = 1; n < QUERY_MAX; n++)
        snprintf(many + strlen(many), 8, "&%d", n);
    assert_int_equal(parse(many, &q), ERR_OK);
    uri_query_deinit(&q);
    strcat(many, "&last");
    assert_int_equal(parse(many, &q), ERR_SPACE);
}

/* One name may be given several times, or all may. */
static void test_repeated(void **state)
{
    static const char raw[] = "a=1&b=2&a=3&a=4";
    struct uri_query q;

    (void)state;
    assert_int_equal(uri_query_parse(raw, "a", &q), ERR_OK);
    assert_string_equal(uri_query_get(&q, "a").s, "1");
    assert_string_equal(uri_query_nth(&q, "a", 0).s, "1");
    assert_string_equal(uri_query_nth(&q, "a", 1).s, "3");
    assert_string_equal(uri_query_nth(&q, "a", 2).s, "4");
    assert_null(uri_query_nth(&q, "a", 3).s);
    assert_null(uri_query_nth(&q, "c", 0).s);
    uri_query_deinit(&q);
    assert_int_equal(uri_query_parse(raw, "b", &q), ERR_SYNTAX);
    uri_query_deinit(&q);
    assert_int_equal(uri_query_parse("a=1&b=2&a=3&b=4", "*", &q), ERR_OK);
    assert_string_equal(uri_query_nth(&q, "b", 1).s, "4");
    uri_query_deinit(&q);
}

static void test_route(void **state)
{
    (void)state;
    static const struct {
        enum evhttp_cmd_type method;
        const char *path;
        enum route_result result;
        const char *captured, *second;
    } cases[] = {
        {EVHTTP_REQ_GET, "/v1/status", ROUTE_FOUND, "", ""},
        {EVHTTP_REQ_HEAD, "/v1/status", ROUTE_FOUND, "", ""},
        {EVHTTP_REQ_GET, "/v1/%73tatus", ROUTE_FOUND, "", ""},
        {EVHTTP_REQ_GET, "/v1/services/a.b", ROUTE_FOUND, "a.b", ""},
        {EVHTTP_REQ_GET, "/v1/services/%2f..%2F", ROUTE_FOUND, "/../", ""},
        {EVHTTP_REQ_GET, "/v1/services/*", ROUTE_FOUND, "*", ""},
        {EVHTTP_REQ_PUT, "/v1/services/a/instances/b", ROUTE_FOUND, "a", "b"},
        {EVHTTP_REQ_POST, "/v1/services/a.b/instances/%63/renew", ROUTE_FOUND, "a.b", "c"},
        {EVHTTP_REQ_POST, "/v1/services/a/instances", ROUTE_FOUND, "a", ""},
        {EVHTTP_REQ_GET, "/v1/services/a/instances", ROUTE_NO_METHOD, NULL, NULL},
        {EVHTTP_REQ_PUT, "/v1/services/a/instances/", ROUTE_NO_PATH, NULL, NULL},
        {EVHTTP_REQ_PUT, "/v1/services//instances/b", ROUTE_NO_PATH, NULL, NULL},
        {EVHTTP_REQ_PUT, "/v1/services/a/instances/b/c", ROUTE_NO_PATH, NULL, NULL},
        {EVHTTP_REQ_PUT, "/v1/services/a", ROUTE_NO_METHOD, NULL, NULL},
        {EVHTTP_REQ_PUT, "/v1/none", ROUTE_NO_PATH, NULL, NULL},
        {EVHTTP_REQ_GET, "/v1/services/a/b", ROUTE_NO_PATH, NULL, NULL},
        {EVHTTP_REQ_GET, "/v1/services/", ROUTE_NO_PATH, NULL, NULL},
        {EVHTTP_REQ_GET, "v1/status", ROUTE_NO_PATH, NULL, NULL},
        {EVHTTP_REQ_GET, "/v1//status", ROUTE_NO_PATH, NULL, NULL},
        {EVHTTP_REQ_GET, "/V1/status", ROUTE_NO_PATH, NULL, NULL},
        {EVHTTP_REQ_GET, "", ROUTE_NO_PATH, NULL, NULL},
        {EVHTTP_REQ_GET, "/v1/services/%", ROUTE_BAD_PATH, NULL, NULL},
        {EVHTTP_REQ_GET, "/v1/services/a%00", ROUTE_BAD_PATH, NULL, NULL},
    };
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        const struct route *route = NULL;
        char captured[CAPTURES_MAX][SEGMENT_MAX + 1];
        enum route_result result = route_find(cases[n].method, cases[n].path, &route, captured);
        if (result != cases[n].result)
            fail_msg("%s: %d", cases[n].path, result);
        if (result == ROUTE_FOUND) {
            assert_non_null(route);
            assert_string_equal(captured[0], cases[n].captured);
            assert_string_equal(captured[1], cases[n].second);
        }
    }
}

/* A segment of any length is at most not found. */
static void test_long_segment(void **state)
{
    (void)state;
    const struct route *route = NULL;
    char path[SEGMENT_MAX + 32] = "/v1/services/", captured[CAPTURES_MAX][SEGMENT_MAX + 1];
    size_t front = strlen(path);
    memset(path + front, 'a', SEGMENT_MAX);
    assert_int_equal(route_find(EVHTTP_REQ_GET, path, &route, captured), ROUTE_FOUND);
    assert_int_equal(strlen(captured[0]), SEGMENT_MAX);
    path[front + SEGMENT_MAX] = 'a';
    assert_int_equal(route_find(EVHTTP_REQ_GET, path, &route, captured), ROUTE_NO_PATH);
}

static void test_allowed(void **state)
{
    (void)state;
    char allow[ROUTE_ALLOW_MAX];
    route_allowed("/v1/explain", allow);
    assert_string_equal(allow, "GET, HEAD");
    route_allowed("/none", allow);
    assert_string_equal(allow, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),       cmocka_unit_test(test_parse),
        cmocka_unit_test(test_repeated),     cmocka_unit_test(test_route),
        cmocka_unit_test(test_long_segment), cmocka_unit_test(test_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Requests of which it is not certain where they end: what stands behind one must not be taken
 * for the next. */
#include "rig.h"

#include "base/attr.h"

#define BODY "{\"ports\":[],\"addresses\":[\"10.0.0.9\"]}"
#define HIDDEN                                                                                     \
    "PUT /v1/services/smug/instances/x HTTP/1.1\r\nHost: localhost\r\n" JSON_TYPE                  \
    "Content-Length: 37\r\n\r\n" BODY

/* One reply, a refusal (some are evhttp's own), and then the end; nothing was registered. */
static void is_refused(struct rig *rig, const char *method, const char *fields)
{
    char request[2048];

    snprintf(request, sizeof(request),
             "%s /v1/status HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n%s\r\n%s",
             method, fields, HIDDEN);
    char *reply = ask(rig, request);
    if (status_of(reply) != 400 && status_of(reply) != 413)
        fail_msg("%s %s: %s", method, fields, reply);
    assert_null(strstr(reply + 1, "HTTP/1.1 "));
    assert_null(registry_service(rig->registry, TEXT("default"), TEXT("smug")));
    free(reply);
}

static void test_methods_without_body(void **state)
{
    static const char *const methods[] = {"HEAD", "TRACE", "OPTIONS", "BREW", "PROPFIND"};
    for (size_t n = 0; n < ARRAY_COUNT(methods); n++) {
        is_refused(*state, methods[n], "Content-Length: 152\r\n");
        is_refused(*state, methods[n], "Transfer-Encoding: chunked\r\n");
    }
}

static void test_fields(void **state)
{
    static const char *const fields[] = {
        "Content-Length: 0\r\nContent-Length: 152\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length : 152\r\n",
        "Transfer-Encoding\t: chunked\r\n",
        "Content-Length: \r\n",
    };
    for (size_t n = 0; n < ARRAY_COUNT(fields); n++) {
        is_refused(*state, "POST", fields[n]);
        is_refused(*state, "GET", fields[n]);
    }
}

/* evhttp keeps what was CONNECT open by itself. */
static void test_connect(void **state)
{
    static const char *const fields[] = {
        "",
        "Content-Length: 152\r\n",
        "Content-Length : 20\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Connection: keep-alive\r\n",
    };
    for (size_t n = 0; n < ARRAY_COUNT(fields); n++)
        is_refused(*state, "CONNECT", fields[n]);
    struct rig *rig = *state;
    http_stop(rig->http);
    char *reply = ask(rig, "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n" HIDDEN);
    assert_int_equal(status_of(reply), 503);
    assert_non_null(strstr(reply, "the server is stopping"));
    assert_null(strstr(reply + 1, "HTTP/1.1 "));
    free(reply);
}

/* Nothing against a body where there may be one, nor against a length of nothing. */
static void test_fine(void **state)
{
    static const struct {
        const char *method, *fields, *body;
        int status;
    } all[] = {
        {"GET", "Content-Length: 5\r\n", "hello", 200},
        {"GET", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello", 200},
        {"GET", "Transfer-Encoding: Chunked\r\n", "5\r\nhello\r\n0\r\n\r\n", 200},
        {"DELETE", "Content-Length: 5\r\n", "hello", 405},
        {"HEAD", "Content-Length: 0\r\n", "", 200},
    };
    for (size_t n = 0; n < ARRAY_COUNT(all); n++) {
        char request[1024];
        snprintf(request, sizeof(request),
                 "%s /v1/status HTTP/1.1\r\nHost: localhost\r\n%s\r\n%s"
                 "GET /v1/guard HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                 all[n].method, all[n].fields, all[n].body);
        char *reply = ask(*state, request);
        assert_int_equal(status_of(reply), all[n].status);
        const char *next = strstr(reply + 1, "HTTP/1.1 "); /* the next request is one */
        assert_non_null(next);
        assert_int_equal(status_of(next), 200);
        free(reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_methods_without_body),
        WITH_RIG(test_fields),
        WITH_RIG(test_connect),
        WITH_RIG(test_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

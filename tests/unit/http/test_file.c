/* Files out of the binary: the console. What they hold is the browser tests' affair. */
#include "rig.h"

#include "http/file.h"

static char *ask_as(struct rig *rig, const char *method, const char *target, const char *headers)
{
    char request[1024];
    snprintf(request, sizeof(request),
             "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n", method, target,
             headers);
    return ask(rig, request);
}

static void expect_header(const char *reply, const char *name, const char *value)
{
    char *got = header_of(reply, name);
    if (!got)
        print_error("%s is missing\n", name);
    assert_non_null(got);
    assert_string_equal(got, value);
    free(got);
}

static void expect_safe(const char *reply)
{
    expect_header(reply, "X-Content-Type-Options", "nosniff");
    expect_header(reply, "Referrer-Policy", "no-referrer");
    expect_header(reply, "Cache-Control", "no-cache");
    expect_header(reply, "Content-Security-Policy",
                  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                  "connect-src 'self'; form-action 'none'; base-uri 'none'; "
                  "frame-ancestors 'none'");
}

static const char *body_of(const char *reply)
{
    const char *end = strstr(reply, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

/* Each file of the table, byte by byte, as its own type. */
static void test_files(void **state)
{
    struct rig *rig = *state;
    unsigned count = 0;
    for (const struct file *f = file_table; f->path; f++, count++) {
        char *reply = get(rig, f->path), length[24];
        assert_int_equal(status_of(reply), 200);
        snprintf(length, sizeof(length), "%zu", f->size);
        expect_header(reply, "Content-Length", length);
        expect_header(reply, "Content-Type", f->type);
        expect_header(reply, "ETag", f->tag);
        expect_safe(reply);
        assert_true(f->size > 0);
        assert_memory_equal(body_of(reply), f->bytes, f->size);
        free(reply);
    }
    assert_true(count >= 4);
}

static void expect_type(const char *path, const char *type)
{
    const struct file *f = file_find(path);
    assert_non_null(f);
    assert_string_equal(f->type, type);
}

static void test_types(void **state)
{
    (void)state;
    expect_type("/", "text/html; charset=utf-8");
    expect_type("/style.css", "text/css; charset=utf-8");
    expect_type("/app.js", "text/javascript; charset=utf-8");
    expect_type("/icon.svg", "image/svg+xml");
    assert_memory_equal(file_find("/")->bytes, "<!doctype html>", 15);
}

static void test_head(void **state)
{
    struct rig *rig = *state;
    char *reply = ask_as(rig, "HEAD", "/style.css", ""), length[24];
    assert_int_equal(status_of(reply), 200);
    snprintf(length, sizeof(length), "%zu", file_find("/style.css")->size);
    expect_header(reply, "Content-Length", length);
    expect_header(reply, "Content-Type", "text/css; charset=utf-8");
    expect_safe(reply);
    assert_string_equal(body_of(reply), "");
    free(reply);
}

static int status_with_tag(struct rig *rig, const char *value)
{
    char header[256];
    snprintf(header, sizeof(header), "If-None-Match: %s\r\n", value);
    char *reply = get_with(rig, "/app.js", header);
    int status = status_of(reply);
    if (status == 304) {
        assert_string_equal(body_of(reply), "");
        assert_null(header_of(reply, "Content-Type"));
        expect_header(reply, "ETag", file_find("/app.js")->tag);
        expect_safe(reply);
    }
    free(reply);
    return status;
}

/* RFC 9110 section 13.1.2. */
static void test_none_match(void **state)
{
    struct rig *rig = *state;
    const char *tag = file_find("/app.js")->tag;
    char list[128], weak[64], cut[64];
    snprintf(list, sizeof(list), "\"x\" ,W/\"y\",\t%s , \"z\"", tag);
    snprintf(weak, sizeof(weak), "W/%s", tag);
    snprintf(cut, sizeof(cut), "%.*s\"", (int)strlen(tag) - 2, tag);
    assert_int_equal(status_with_tag(rig, tag), 304);
    assert_int_equal(status_with_tag(rig, weak), 304);
    assert_int_equal(status_with_tag(rig, list), 304);
    assert_int_equal(status_with_tag(rig, "*"), 304);
    assert_int_equal(status_with_tag(rig, cut), 200);
    assert_int_equal(status_with_tag(rig, file_find("/")->tag), 200);
    assert_int_equal(status_with_tag(rig, ""), 200);
}

/* Two files, two tags. */
static void test_tags(void **state)
{
    (void)state;
    for (const struct file *f = file_table; f->path; f++)
        for (const struct file *g = f + 1; g->path; g++) {
            assert_string_not_equal(f->tag, g->tag);
            assert_string_not_equal(f->path, g->path);
        }
}

static void test_methods(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    struct rig *rig = *state;
    for (size_t n = 0; n < ARRAY_COUNT(methods); n++) {
        char *reply = ask_as(rig, methods[n], "/app.js", "Content-Length: 0\r\n");
        assert_int_equal(status_of(reply), 405);
        expect_header(reply, "Allow", "GET, HEAD");
        expect_header(reply, "Content-Type", "application/problem+json");
        expect_header(reply, "Cache-Control", "no-store");
        free(reply);
    }
}

/* Paths are compared, never opened. */
static void test_nothing_else(void **state)
{
    static const char *const paths[] = {
        "/index.html",
        "/app.js/",
        "//app.js",
        "/./app.js",
        "/x/../app.js",
        "/../app.js",
        "/%2e%2e/app.js",
        "/..%2f..%2fpasswd",
        "/App.js",
        "/app.js%00",
        "/app%2ejs",
        "/app",
        "/console/app.js",
        "/embed.cmake",
        "/app.js;x",
        "/etc/passwd",
        "/.",
        "/..",
    };
    struct rig *rig = *state;
    for (size_t n = 0; n < ARRAY_COUNT(paths); n++) {
        char *reply = get(rig, paths[n]);
        int status = status_of(reply);
        if (status / 100 != 4)
            print_error("%s: %d\n", paths[n], status);
        assert_int_equal(status / 100, 4);
        expect_header(reply, "Content-Security-Policy", "default-src 'none'");
        free(reply);
    }
}

/* A query is nobody's business. */
static void test_query(void **state)
{
    struct rig *rig = *state;
    char *reply = get(rig, "/?a=%zz");
    assert_int_equal(status_of(reply), 200);
    free(reply);
}

/* Not for pages that let a foreign name point here. */
static void test_host(void **state)
{
    struct rig *rig = *state;
    char *reply = ask(rig, "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert_int_equal(status_of(reply), 421);
    free(reply);
}

/* Readers need the token for what is registered, not for the pages that ask for it. */
static void test_reads_token(void **state)
{
    struct rig *rig = *state;
    struct http_config config = {.token = strdup(TOKEN), .reads_token = true};
    http_configure(rig->http, &config);
    char *reply = get_with(rig, "/", "X-Forwarded-For: 192.0.2.1\r\n");
    assert_int_equal(status_of(reply), 200);
    free(reply);
    reply = get_with(rig, "/v1/status", "X-Forwarded-For: 192.0.2.1\r\n");
    assert_int_equal(status_of(reply), 401);
    free(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_files),        WITH_RIG(test_head),         WITH_RIG(test_none_match),
        WITH_RIG(test_methods),      WITH_RIG(test_nothing_else), WITH_RIG(test_query),
        WITH_RIG(test_host),         WITH_RIG(test_reads_token),  cmocka_unit_test(test_types),
        cmocka_unit_test(test_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

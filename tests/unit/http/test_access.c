/* Who may ask for what, over senders that a test cannot have. */
#include "rig.h"

#include <event2/keyvalq_struct.h>

#include "http/access.h"

struct question {
    const char *from;
    bool writes, has_body;
    const char *headers; /* "name: value" lines */
};

static void read_headers(const char *lines, struct evkeyvalq *out)
{
    struct text rest = text_of(lines);
    memset(out, 0, sizeof(*out));
    out->tqh_last = &out->tqh_first;
    while (rest.n) {
        char line[256];
        assert_int_equal(text_copy(text_cut(&rest, '\n'), line, sizeof(line)), ERR_OK);
        char *colon = strchr(line, ':');
        *colon = '\0';
        assert_int_equal(evhttp_add_header(out, line, colon + 2), 0);
    }
}

/* A server with the token (NULL = none) that is asked with these headers. */
struct asking {
    struct http_config config;
    struct access access;
    struct evkeyvalq headers;
    struct asker asker;
};

static void asking_begin(struct asking *a, const char *token, const char *headers)
{
    *a = (struct asking){.config = {.token = token ? strdup(token) : NULL}};
    a->access = access_of(&a->config);
    read_headers(headers, &a->headers);
    a->asker.headers = &a->headers;
}

static void asking_end(struct asking *a)
{
    evhttp_clear_headers(&a->headers);
    http_config_deinit(&a->config);
}

static int decide(const struct http_config *config, struct question q, bool client)
{
    struct access access = access_of(config);
    struct evkeyvalq headers;
    struct asker asker = {
        .headers = &headers,
        .wants = client     ? ACCESS_CLIENTS
                 : q.writes ? ACCESS_WRITES
                            : ACCESS_READS,
        .has_body = q.has_body,
    };
    if (q.from)
        assert_int_equal(addr_parse(text_of(q.from), &asker.from), ERR_OK);
    read_headers(q.headers, &headers);
    struct refusal refusal = access_check(&access, config, &asker);
    evhttp_clear_headers(&headers);
    assert_int_equal(refusal.status != 0, refusal.detail != NULL);
    return refusal.status;
}

#define FAR "192.0.2.9"
#define NEAR "127.0.0.1"
#define GOOD "Authorization: Bearer " TOKEN
#define JSON "Content-Type: application/json"

struct expectation {
    struct question q;
    int status;
};

/* `clients`: of other registries, where they write. */
static void expect_of(const struct http_config *config, const struct expectation *all, size_t count,
                      bool clients)
{
    for (size_t n = 0; n < count; n++) {
        int status = decide(config, all[n].q, clients);
        if (status != all[n].status)
            fail_msg("case %zu: %d instead of %d", n, status, all[n].status);
    }
}

static void expect(const struct http_config *config, const struct expectation *all, size_t count)
{
    expect_of(config, all, count, false);
}

static void test_reads(void **state)
{
    (void)state;
    struct http_config config = {.token = strdup(TOKEN)};
    static const struct expectation free_reads[] = {
        {{FAR, false, false, ""}, 0},
        {{NULL, false, false, ""}, 0},
        {{FAR, false, false, GOOD}, 0},
        {{FAR, false, false, "Authorization: Bearer wrong"}, 401},
        {{NEAR, false, false, "Authorization: Bearer wrong"}, 401},
        {{NEAR, false, false, "Authorization: Basic wrong"}, 0},
    };
    expect(&config, free_reads, ARRAY_COUNT(free_reads));
    config.reads_token = true;
    static const struct expectation guarded[] = {
        {{NEAR, false, false, ""}, 0},
        {{"127.9.9.9", false, false, ""}, 0},
        {{"::1", false, false, ""}, 0},
        {{"::ffff:127.0.0.1", false, false, ""}, 0},
        {{FAR, false, false, ""}, 401},
        {{NULL, false, false, ""}, 401},
        {{NEAR, false, false, "Forwarded: for=192.0.2.1"}, 401},
        {{NEAR, false, false, "x-forwarded-for: 192.0.2.1"}, 401},
        {{NEAR, false, false, "X-Forwarded-Proto: https"}, 401},
        {{NEAR, false, false, "X-Forward: 1"}, 0},
        {{FAR, false, false, GOOD}, 0},
        {{FAR, false, false, "Authorization: bearer   " TOKEN}, 0},
        {{FAR, false, false, "Authorization: Bearer " TOKEN "x"}, 401},
        {{FAR, false, false, "Authorization: Bearer correct"}, 401},
        {{FAR, false, false, "Authorization: Bearer "}, 401},
        {{FAR, false, false, "Authorization: " TOKEN}, 401},
        {{FAR, false, false, "Authorization: Basic " TOKEN}, 401},
        {{FAR, false, false, "Cookie: token=" TOKEN}, 401},
    };
    expect(&config, guarded, ARRAY_COUNT(guarded));
    http_config_deinit(&config);
}

static void test_writes(void **state)
{
    (void)state;
    struct http_config config = {.token = strdup(TOKEN), .writes_loopback = true};
    static const struct expectation loopback[] = {
        {{NEAR, true, true, JSON}, 0},
        {{NEAR, true, true, "Content-Type: Application/JSON ; charset=utf-8"}, 0},
        {{NEAR, true, true, "Content-Type: application/merge-patch+json"}, 0},
        {{NEAR, true, true, ""}, 415},
        {{NEAR, true, true, "Content-Type: text/plain"}, 415},
        {{NEAR, true, true, "Content-Type: application/jsonp"}, 415},
        {{NEAR, true, false, ""}, 0},
        {{NEAR, true, false, "Origin: http://evil.example"}, 403},
        {{NEAR, true, true, JSON "\n" GOOD}, 0},
        {{NEAR, true, true, JSON "\nAuthorization: Bearer wrong"}, 401},
        {{NEAR, true, true, JSON "\nHost: localhost:5380\nOrigin: http://localhost:5380"}, 0},
        {{NEAR, true, true, JSON "\nHost: 127.0.0.1\nOrigin: https://127.0.0.1"}, 0},
        {{NEAR, true, true, JSON "\nOrigin: http://evil.example"}, 403},
        {{NEAR, true, true, JSON "\nOrigin: null"}, 403},
        {{NEAR, true, true, JSON "\nOrigin: ftp://localhost"}, 403},
        {{NEAR, true, true, JSON "\nX-Forwarded-Host: x"}, 401},
        {{NEAR, true, true, JSON "\nX-Forwarded-Host: x\n" GOOD}, 0},
        {{FAR, true, true, JSON}, 401},
        {{FAR, true, true, JSON "\n" GOOD}, 0},
        {{FAR, true, true, GOOD}, 415},
    };
    expect(&config, loopback, ARRAY_COUNT(loopback));
    config.writes_loopback = false;
    static const struct expectation token[] = {
        {{NEAR, true, true, JSON}, 401},
        {{NEAR, true, true, JSON "\n" GOOD}, 0},
        {{NEAR, false, false, ""}, 0},
    };
    expect(&config, token, ARRAY_COUNT(token));
    http_config_deinit(&config);
}

/* Without a token none fits, the empty one neither. */
static void test_no_token(void **state)
{
    (void)state;
    struct http_config none = {.reads_token = true}, empty = {.reads_token = true};
    empty.token = strdup("");
    static const struct expectation cases[] = {
        {{FAR, false, false, ""}, 403},
        {{FAR, false, false, "Authorization: Bearer "}, 403},
        {{FAR, true, true, JSON}, 403},
    };
    expect(&none, cases, ARRAY_COUNT(cases));
    expect(&empty, cases, ARRAY_COUNT(cases));
    http_config_deinit(&empty);
}

/* Whoever may register decides about those; but no page of another site. */
static void test_clients(void **state)
{
    static const struct expectation all[] = {
        {{FAR, true, true, ""}, 0},
        {{FAR, true, true, "Content-Type: text/plain"}, 0},
        {{NEAR, true, true, "X-Forwarded-For: 1.2.3.4"}, 0},
        {{NULL, true, true, ""}, 0},
        {{FAR, true, true, GOOD}, 0},
        {{FAR, true, true, "Authorization: Bearer wrong"}, 401},
        {{FAR, true, true, "Authorization: Basic wrong"}, 0},
        {{FAR, true, true, "Origin: http://evil.example"}, 403},
        {{NEAR, true, true, "Origin: null"}, 403},
        {{NEAR, true, true, "Origin: http://localhost:5380"}, 403},
        {{NEAR, true, true, "Host: localhost:5380\nOrigin: http://localhost:5380"}, 0},
        {{NEAR, true, true, "Host: LOCALHOST:5380\nOrigin: http://localhost:5380"}, 0},
        {{NEAR, true, true, "Host: localhost:5380\nOrigin: http://localhost:3000"}, 403},
        {{NEAR, true, true, "Host: localhost:5380\nOrigin: http://127.0.0.1:5380"}, 403},
        {{NEAR, true, true, "Host: localhost:5380\nOrigin: http://localhost"}, 403},
        {{NEAR, true, true, "Host: localhost:5380\nOrigin: ftp://localhost:5380"}, 403},
        {{NEAR, true, true, "Host: localhost:80\nOrigin: http://localhost"}, 0},
        {{NEAR, true, true, "Host: localhost\nOrigin: https://localhost:443"}, 0},
        {{NEAR, true, true, "Host: localhost\nOrigin: http://localhost:443"}, 403},
    };
    struct http_config config = {.token = strdup(TOKEN), .reads_token = true};
    (void)state;
    expect_of(&config, all, ARRAY_COUNT(all), true);
    http_config_deinit(&config);
}

static void test_who(void **state)
{
    static const struct {
        struct question q;
        bool is_local, has_token;
    } all[] = {
        {{NEAR, true, true, ""}, true, false},
        {{"::1", true, true, ""}, true, false},
        {{NEAR, true, true, "X-Forwarded-Host: x"}, false, false},
        {{NEAR, true, true, "Forwarded: for=x"}, false, false},
        {{NEAR, true, true, "Via: 1.1 proxy"}, false, false},
        {{NEAR, true, true, "x-real-ip: 192.0.2.7"}, false, false},
        {{NEAR, true, true, "CF-Connecting-IP: 192.0.2.7"}, false, false},
        {{NEAR, true, true, "Via-Nothing: x"}, true, false},
        {{FAR, true, true, ""}, false, false},
        {{NULL, true, true, GOOD}, false, true},
        {{FAR, true, true, GOOD}, false, true},
        {{FAR, true, true, "Authorization: Bearer " TOKEN "x"}, false, false},
        {{FAR, true, true, "Authorization: Basic " TOKEN}, false, false},
        {{FAR, true, true, "Authorization: Bearer"}, false, false},
    };
    struct asking a;
    (void)state;
    for (size_t n = 0; n < ARRAY_COUNT(all); n++) {
        asking_begin(&a, TOKEN, all[n].q.headers);
        if (all[n].q.from)
            assert_int_equal(addr_parse(text_of(all[n].q.from), &a.asker.from), ERR_OK);
        assert_int_equal(access_is_local(&a.asker), all[n].is_local);
        assert_int_equal(access_has_token(&a.access, &a.asker), all[n].has_token);
        asking_end(&a);
    }
    asking_begin(&a, NULL, GOOD);
    assert_false(access_has_token(&a.access, &a.asker));
    asking_end(&a);
}

/* Only a bearer token counts, and only where the server has one. */
static void test_presents(void **state)
{
    static const struct {
        const char *token, *headers;
        bool presents;
    } all[] = {
        {TOKEN, GOOD, true},
        {TOKEN, "Authorization: bearer wrong", true},
        {TOKEN, "", false},
        {TOKEN, "Authorization: Bearer", false},
        {TOKEN, "Authorization: Bearer  ", false},
        {TOKEN, "Authorization: Basic dXNlcjpwdw==", false},
        {TOKEN, "Authorization: " TOKEN, false},
        {NULL, GOOD, false},
        {"", GOOD, false},
    };
    (void)state;
    for (size_t n = 0; n < ARRAY_COUNT(all); n++) {
        struct asking a;
        asking_begin(&a, all[n].token, all[n].headers);
        assert_int_equal(access_presents_token(&a.access, &a.asker), all[n].presents);
        asking_end(&a);
    }
}

/* The words say which of the cases it is. */
static void test_words(void **state)
{
    static const struct {
        const char *token, *headers, *detail, *why;
    } all[] = {
        {TOKEN, "Authorization: Bearer wrong", "is not the admin token", "wrong token"},
        {TOKEN, "", "send the admin token", "no token"},
        {NULL, "Authorization: Bearer x", "a token was sent, but the server has none",
         "a token, but the server has none"},
        {NULL, "", "needs the admin token and the server has none",
         "no token, and the server has none"},
    };
    (void)state;
    for (size_t n = 0; n < ARRAY_COUNT(all); n++) {
        struct asking a;
        asking_begin(&a, all[n].token, all[n].headers);
        a.asker.wants = ACCESS_WRITES;
        struct refusal refusal = access_check(&a.access, &a.config, &a.asker);
        assert_int_equal(refusal.status, all[n].token ? 401 : 403);
        assert_non_null(strstr(refusal.detail, all[n].detail));
        assert_string_equal(refusal.why, all[n].why);
        asking_end(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),    cmocka_unit_test(test_writes),
        cmocka_unit_test(test_clients),  cmocka_unit_test(test_who),
        cmocka_unit_test(test_no_token), cmocka_unit_test(test_words),
        cmocka_unit_test(test_presents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which Host is ours. */
#include "rig.h"

#include "http/host.h"

static struct endpoint endpoint_of(const char *text)
{
    struct endpoint e;
    assert_int_equal(endpoint_parse(text_of(text), &e), ERR_OK);
    return e;
}

static void test_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool allowed;
    } cases[] = {
        {"localhost", true},
        {"LocalHost:99", true},
        {"localhost:", true},
        {"127.0.0.1", true},
        {"127.0.0.1:1", true},
        {"[::1]", true},
        {"[::1]:65535", true},
        {"::1", false},
        {"", false},
        {":5380", false},
        {"localhost:65536", false},
        {"localhost:x", false},
        {"[::1]x", false},
        {"[::1", false},
        {"localhost.evil.example", false},
        {"evil.example", false},
        {"localhost@evil.example", false},
        {"10.0.0.1:5380", true}, /* listened to */
        {"10.0.0.1", true},
        {"10.0.0.1:5381", false},
        {"10.0.0.2:5380", false},
        {"[2001:db8::1]:7", true}, /* listened to on any port */
        {"[2001:DB8:0::1]", true},
        {"disc.example", true}, /* configured */
        {"Disc.Example:1234", true},
        {"admin.example:8443", true},
        {"admin.example:8444", false},
        {"admin.example", false},
    };
    char first[] = "disc.example", second[] = "admin.example:8443";
    char *names[] = {first, second, NULL};
    struct endpoint listen[] = {endpoint_of("10.0.0.1:5380"), endpoint_of("[2001:db8::1]:0")};
    struct http_config config = {.hosts = names, .listen = listen, .listen_count = 2};
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++)
        if (host_is_allowed(&config, text_of(cases[n].host)) != cases[n].allowed)
            fail_msg("%s", cases[n].host);
}

/* Whoever listens on all addresses answers to each, but still to no name. */
static void test_unspecified(void **state)
{
    (void)state;
    struct endpoint listen[] = {endpoint_of("0.0.0.0:5380")};
    struct http_config config = {.listen = listen, .listen_count = 1};
    assert_true(host_is_allowed(&config, TEXT("192.0.2.1:5380")));
    assert_false(host_is_allowed(&config, TEXT("192.0.2.1:80")));
    assert_false(host_is_allowed(&config, TEXT("evil.example:5380")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_unspecified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

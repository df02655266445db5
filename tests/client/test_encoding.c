/* The requests that libdisc writes, byte for byte, and what it refuses to write. */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_full_registration(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.ns = "prod";
    spec.service = "web";
    spec.instance = "web-1";
    spec.addrs = "10.0.0.7,[2001:db8::7]";
    spec.ports = "http:8080,dns:53/udp";
    spec.status = "starting";
    spec.weight = 0;
    spec.priority = 7;
    spec.version = "1.4.2 rc%1";
    spec.zone = "eu1-a";
    spec.region = "eu1";
    spec.cluster = "blue";
    spec.tags = "a,b";
    spec.ttl_s = 0;
    spec.lease_s = 60;
    spec.group = "node7";
    spec.rev = 18446744073709551614u;
    spec.metadata[0] = (struct disc_pair){"motto", "gr\xc3\xbc\xc3\x9f dich\n"};
    spec.metadata[1] = (struct disc_pair){"empty", ""};
    spec.metadata_count = 2;
    assert_true(disc_register(s.d, &spec) > 0);
    pass(&s, 0);
    assert_request(&s, 0,
                   "disc/1 reg id=* ns=prod svc=web inst=web-1 addr=10.0.0.7,[2001:db8::7] "
                   "port=http:8080,dns:53/udp st=starting w=0 prio=7 ver=1.4.2%20rc%251 zone=eu1-a "
                   "region=eu1 cluster=blue tags=a,b ttl=0 m.motto=gr%C3%BC%C3%9F%20dich%0A "
                   "m.empty= lease=60 grp=node7 rev=18446744073709551614");
    stage_close(&s);
}

static void a_small_registration(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = "user.rpc";
    spec.ports = "-";
    spec.lease_s = DISC_LEASE_STATIC;
    assert_true(disc_register(s.d, &spec) > 0);
    pass(&s, 0);
    assert_request(&s, 0, "disc/1 reg id=* svc=user.rpc port=- lease=static");
    stage_close(&s);
}

static void the_address_comes_from_subnet_or_pod(void **state)
{
    (void)state;
    struct stage s;
    struct disc_options options = DISC_OPTIONS_INIT;
    options.subnet = "127.0.0.0/8";
    stage_open(&s, 1, &options);
    setenv("POD_IP", "10.9.8.7", 1);
    stage_register(&s, "web", "80");
    pass(&s, 0);
    assert_request(&s, 0, "disc/1 reg id=* svc=web addr=127.0.0.1 port=80");
    stage_close(&s);

    stage_open(&s, 1, NULL);
    setenv("POD_IP", "2001:db8::1", 1);
    stage_register(&s, "web", "80");
    setenv("POD_IP", "not an address", 1);
    stage_register(&s, "api", "80");
    unsetenv("POD_IP");
    pass(&s, 0);
    assert_request(&s, 0, "disc/1 reg id=* svc=web addr=2001:db8::1 port=80");
    assert_request(&s, 0, "disc/1 reg id=* svc=api port=80");
    stage_close(&s);
}

static void a_subnet_without_an_address_is_an_error(void **state)
{
    (void)state;
    static const char *const bad[] = {"203.0.113.0/24", "127.0.0.0", "127.0.0.0/33", "x/8",
                                      "127.0.0.0/",     "/8",        "127.0.0.0/8x", "::1/129"};
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = "web", spec.ports = "80";
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct disc_options options = DISC_OPTIONS_INIT;
        options.subnet = bad[i];
        struct disc *d = disc_new(&options);
        assert_int_equal(disc_register(d, &spec), -DISC_INVALID);
        disc_free(d);
    }
}

static void senseless_registrations_are_refused(void **state)
{
    (void)state;
    struct disc *d = disc_new(NULL);
    struct disc_spec spec = DISC_SPEC_INIT;
    assert_int_equal(disc_register(d, &spec), -DISC_INVALID);
    spec.service = "web";
    assert_int_equal(disc_register(d, &spec), -DISC_INVALID);
    spec.ports = "";
    assert_int_equal(disc_register(d, &spec), -DISC_INVALID);
    spec.ports = "80";
    spec.metadata_count = 1;
    static const char *const keys[] = {
        NULL, "", "A", "a b", "a=b", "1a", "a23456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        spec.metadata[0].key = keys[i];
        assert_int_equal(disc_register(d, &spec), -DISC_INVALID);
    }
    spec.metadata[0].key = "a";
    spec.metadata_count = DISC_METADATA_MAX + 1;
    assert_int_equal(disc_register(d, &spec), -DISC_INVALID);
    assert_int_equal(disc_count(d), 0);
    disc_free(d);
}

static void a_datagram_has_its_limit(void **state)
{
    (void)state;
    struct disc *d = disc_new(NULL);
    char value[DISC_DATAGRAM_MAX + 200];
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = "web", spec.ports = "80", spec.metadata_count = 1;
    spec.metadata[0] = (struct disc_pair){"k", value};
    size_t largest = 0;
    for (size_t n = 800; n < sizeof(value); n++) {
        memset(value, 'x', n);
        value[n] = 0;
        int handle = disc_register(d, &spec);
        assert_true(handle > 0 || handle == -DISC_TOO_BIG);
        if (handle > 0) {
            assert_true(largest == 0 || largest == n - 1); /* no gaps */
            largest = n;
        }
    }
    assert_in_range(largest, 900, 1100);
    disc_free(d);
}

/* The largest that is accepted still fits when cookie and address are added. */
static void the_largest_registration_is_sent(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    char value[DISC_DATAGRAM_MAX];
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = "web", spec.ports = "80", spec.metadata_count = 1, spec.rev = 1;
    spec.metadata[0] = (struct disc_pair){"k", value};
    int handle = -1;
    for (size_t n = 1100; n > 0 && handle < 0; n--) {
        memset(value, 'x', n);
        value[n] = 0;
        handle = disc_register(s.d, &spec);
    }
    assert_true(handle > 0);
    pass(&s, 0);
    request(&s, 0);
    char challenge[128], cookie[65];
    memset(cookie, 'c', 64);
    cookie[64] = 0;
    snprintf(challenge, sizeof(challenge), "disc/1 chal id=* ck=%s\n", cookie);
    answer(&s, 0, challenge);
    assert_non_null(strstr(request(&s, 0), cookie));
    stage_close(&s);
}

static void servers_are_written_in_many_ways(void **state)
{
    (void)state;
    static const char *const good[] = {"127.0.0.1", "127.0.0.1:5310", "[::1]:5310", "[::1]", "::1"};
    static const char *const bad[] = {
        "",     ":5310",  "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x",
        "[::1", "[::1]x", "[]:1",       "127.0.0.1:+1"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct disc *d = disc_new(NULL);
        assert_int_equal(disc_add_server(d, good[i]), DISC_OK);
        disc_free(d);
    }
    struct disc *d = disc_new(NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(disc_add_server(d, bad[i]), DISC_INVALID);
    assert_int_equal(disc_add_server(d, NULL), DISC_INVALID);
    for (int i = 0; i < DISC_SERVERS_MAX; i++)
        assert_int_equal(disc_add_server(d, "127.0.0.1"), DISC_OK);
    assert_int_equal(disc_add_server(d, "127.0.0.1"), DISC_INVALID);
    disc_free(d);
}

static void reply_parameters_are_decoded(void **state)
{
    (void)state;
    struct disc_reply reply = {0};
    char out[16];
    snprintf(reply.text, sizeof(reply.text),
             "disc/1 ok id=a svc=web m.k=a%%20b%%C3%%BC bad=%%4 "
             "v=1 long=0123456789abcdef\nx=1");
    assert_true(disc_reply_param(&reply, "svc", out, sizeof(out)));
    assert_string_equal(out, "web");
    assert_true(disc_reply_param(&reply, "m.k", out, sizeof(out)));
    assert_string_equal(out, "a b\xc3\xbc");
    assert_true(disc_reply_param(&reply, "v", out, sizeof(out)));
    assert_string_equal(out, "1");
    assert_false(disc_reply_param(&reply, "bad", out, sizeof(out)));
    assert_false(disc_reply_param(&reply, "long", out, sizeof(out)));
    assert_false(disc_reply_param(&reply, "x", out, sizeof(out)));
    assert_false(disc_reply_param(&reply, "vc", out, sizeof(out)));
}

static void every_refusal_says_something_else(void **state)
{
    (void)state;
    assert_string_not_equal(disc_refusal_text(403, "owner"), disc_refusal_text(403, "addr"));
    assert_string_equal(disc_refusal_text(404, "gone"), disc_refusal_text(404, NULL));
    assert_string_equal(disc_refusal_text(599, "new"), "refused");
    for (int i = DISC_OK; i <= DISC_UNSUPPORTED; i++)
        assert_string_not_equal(disc_result_text((enum disc_result)i), "unknown result");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_registration),
        cmocka_unit_test(a_small_registration),
        cmocka_unit_test(the_address_comes_from_subnet_or_pod),
        cmocka_unit_test(a_subnet_without_an_address_is_an_error),
        cmocka_unit_test(senseless_registrations_are_refused),
        cmocka_unit_test(a_datagram_has_its_limit),
        cmocka_unit_test(the_largest_registration_is_sent),
        cmocka_unit_test(servers_are_written_in_many_ways),
        cmocka_unit_test(reply_parameters_are_decoded),
        cmocka_unit_test(every_refusal_says_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/addr.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct addr addr(const char *s)
{
    struct addr a;
    assert_int_equal(addr_parse(text_of(s), &a), ERR_OK);
    return a;
}

static struct network network(const char *s)
{
    struct network n;
    assert_int_equal(network_parse(text_of(s), &n), ERR_OK);
    return n;
}

/* `formatted` NULL: refused with `err`. */
struct row {
    const char *s;
    const char *formatted;
    enum err err;
};

static void addresses(void **state UNUSED)
{
    static const struct row rows[] = {
        {"10.0.0.7", "10.0.0.7", ERR_OK},
        {"0.0.0.0", "0.0.0.0", ERR_OK},
        {"255.255.255.255", "255.255.255.255", ERR_OK},
        {"2001:DB8:0:0:0:0:0:7", "2001:db8::7", ERR_OK},
        {"[2001:db8::7]", "2001:db8::7", ERR_OK},
        {"::", "::", ERR_OK},
        {"2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1", ERR_OK},
        {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7", ERR_OK},
        {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4", ERR_OK},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         ERR_OK},
        {"::ffff:10.0.0.7", "10.0.0.7", ERR_OK},
        {"[::ffff:a00:7]", "10.0.0.7", ERR_OK},
        {"", NULL, ERR_SYNTAX},
        {"[]", NULL, ERR_SYNTAX},
        {"[10.0.0.7]", NULL, ERR_SYNTAX},
        {"[::1", NULL, ERR_SYNTAX},
        {"::1]", NULL, ERR_SYNTAX},
        {"[[::1]]", NULL, ERR_SYNTAX},
        {"fe80::1%eth0", NULL, ERR_SYNTAX},
        {"10.0.0", NULL, ERR_SYNTAX},
        {"10.0.0.256", NULL, ERR_SYNTAX},
        {"10.0.0.07", NULL, ERR_SYNTAX},
        {"0x7f.0.0.1", NULL, ERR_SYNTAX},
        {"10.0.0.7 ", NULL, ERR_SYNTAX},
        {"1:2:3:4:5:6:7", NULL, ERR_SYNTAX},
        {"1::2::3", NULL, ERR_SYNTAX},
        {"localhost", NULL, ERR_SYNTAX},
        {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", NULL, ERR_SYNTAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct addr a;
        char out[ADDR_TEXT];
        assert_int_equal(addr_parse(text_of(rows[i].s), &a), rows[i].err);
        if (rows[i].formatted)
            assert_string_equal(addr_format(&a, out), rows[i].formatted);
    }
    struct addr a, none = {0};
    char out[ADDR_TEXT];
    assert_int_equal(addr_parse(TEXT("10.0.0.7\0x"), &a), ERR_SYNTAX);
    assert_int_equal(addr_parse((struct text){"10.0.0.77", 8}, &a), ERR_OK);
    assert_string_equal(addr_format(&a, out), "10.0.0.7");
    assert_string_equal(addr_format(&none, out), "-");
    assert_int_equal(addr_size(&none), 0);
}

static void endpoints(void **state UNUSED)
{
    static const struct row rows[] = {
        {"127.0.0.1:53", "127.0.0.1:53", ERR_OK},
        {"[::1]:0", "[::1]:0", ERR_OK},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", ERR_OK},
        {"[::ffff:127.0.0.1]:53", "127.0.0.1:53", ERR_OK},
        {"127.0.0.1:65536", NULL, ERR_VALUE},
        {"127.0.0.1", NULL, ERR_SYNTAX},
        {"127.0.0.1:", NULL, ERR_SYNTAX},
        {"127.0.0.1:+5", NULL, ERR_SYNTAX},
        {":53", NULL, ERR_SYNTAX},
        {"::1:53", NULL, ERR_SYNTAX},
        {"[::1]", NULL, ERR_SYNTAX},
        {"[::1]53", NULL, ERR_SYNTAX},
        {"[::1]x:53", NULL, ERR_SYNTAX},
        {"", NULL, ERR_SYNTAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct endpoint e;
        char out[ENDPOINT_TEXT];
        assert_int_equal(endpoint_parse(text_of(rows[i].s), &e), rows[i].err);
        if (rows[i].formatted)
            assert_string_equal(endpoint_format(&e, out), rows[i].formatted);
    }
}

static void networks(void **state UNUSED)
{
    static const struct row rows[] = {
        {"10.0.0.0/8", "10.0.0.0/8", ERR_OK},
        {"10.0.0.7", "10.0.0.7/32", ERR_OK},
        {"0.0.0.0/0", "0.0.0.0/0", ERR_OK},
        {"10.128.0.0/9", "10.128.0.0/9", ERR_OK},
        {"::1", "::1/128", ERR_OK},
        {"::/0", "::/0", ERR_OK},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", ERR_OK},
        {"fe80::/10", "fe80::/10", ERR_OK},
        {"::ffff:10.0.0.0/104", "10.0.0.0/8", ERR_OK},
        {"::ffff:0.0.0.0/96", "0.0.0.0/0", ERR_OK},
        {"::ffff:10.0.0.7", "10.0.0.7/32", ERR_OK},
        {"::ffff:0.0.0.0/95", NULL, ERR_VALUE},
        {"10.0.0.1/8", NULL, ERR_VALUE},
        {"10.64.0.0/9", NULL, ERR_VALUE},
        {"10.0.0.0/33", NULL, ERR_VALUE},
        {"::/129", NULL, ERR_VALUE},
        {"::1/127", NULL, ERR_VALUE},
        {"10.0.0.0/99999999999999999999", NULL, ERR_VALUE},
        {"10.0.0.0/", NULL, ERR_SYNTAX},
        {"10.0.0.0/-1", NULL, ERR_SYNTAX},
        {"10.0.0.0/8/8", NULL, ERR_SYNTAX},
        {"/8", NULL, ERR_SYNTAX},
        {"10/8", NULL, ERR_SYNTAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct network n;
        char out[NETWORK_TEXT];
        assert_int_equal(network_parse(text_of(rows[i].s), &n), rows[i].err);
        if (rows[i].formatted)
            assert_string_equal(network_format(&n, out), rows[i].formatted);
    }
}

static void membership(void **state UNUSED)
{
    static const struct {
        const char *network, *addr;
        bool has;
    } rows[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/9", "10.127.9.9", true},
        {"10.0.0.0/9", "10.128.0.0", false},
        {"10.0.0.7", "10.0.0.7", true},
        {"10.0.0.7", "10.0.0.6", false},
        {"10.0.0.6/31", "10.0.0.7", true},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "::", false},
        {"::/0", "10.0.0.7", false},
        {"::/0", "ffff::1", true},
        {"fe80::/10", "febf::1", true},
        {"fe80::/10", "fec0::1", false},
        {"::1", "::1", true},
        {"::1", "::", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct network n = network(rows[i].network);
        struct addr a = addr(rows[i].addr);
        assert_int_equal(network_has(&n, &a), rows[i].has);
    }
}

static void kinds(void **state UNUSED)
{
    static const struct {
        const char *s;
        bool loopback, unspecified, multicast, link_local;
    } rows[] = {
        {"127.0.0.1", true, false, false, false},
        {"127.255.1.2", true, false, false, false},
        {"128.0.0.1", false, false, false, false},
        {"::1", true, false, false, false},
        {"::ffff:127.0.0.1", true, false, false, false},
        {"::2", false, false, false, false},
        {"7f00::", false, false, false, false},
        {"0.0.0.0", false, true, false, false},
        {"::", false, true, false, false},
        {"0.0.0.1", false, false, false, false},
        {"223.255.255.255", false, false, false, false},
        {"224.0.0.0", false, false, true, false},
        {"239.255.255.255", false, false, true, false},
        {"240.0.0.0", false, false, false, false},
        {"255.255.255.254", false, false, false, false},
        {"255.255.255.255", false, false, true, false},
        {"ff02::1", false, false, true, false},
        {"fe80::1", false, false, false, true},
        {"febf::1", false, false, false, true},
        {"fec0::1", false, false, false, false},
        {"169.254.0.1", false, false, false, true},
        {"169.253.0.1", false, false, false, false},
        {"a9fe::1", false, false, false, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct addr a = addr(rows[i].s);
        assert_int_equal(addr_is_loopback(&a), rows[i].loopback);
        assert_int_equal(addr_is_unspecified(&a), rows[i].unspecified);
        assert_int_equal(addr_is_multicast(&a), rows[i].multicast);
        assert_int_equal(addr_is_link_local(&a), rows[i].link_local);
    }
    const struct addr none = {0};
    assert_false(addr_is_loopback(&none) || addr_is_unspecified(&none) ||
                 addr_is_multicast(&none) || addr_is_link_local(&none));
}

static void order(void **state UNUSED)
{
    static const char *const ascending[] = {"0.0.0.0", "9.255.255.255", "10.0.0.0", "200.0.0.0",
                                            "::",      "::1",           "1::",      "ff::"};
    for (size_t i = 0; i < ARRAY_COUNT(ascending); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(ascending); j++) {
            struct addr a = addr(ascending[i]), b = addr(ascending[j]);
            int order = addr_compare(&a, &b);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            assert_int_equal(addr_is(&a, &b), i == j);
        }
    }
}

static void prefixes(void **state UNUSED)
{
    static const struct {
        const char *s;
        unsigned bits;
        const char *prefix;
    } rows[] = {
        {"10.255.255.255", 0, "0.0.0.0"},         {"10.255.255.255", 8, "10.0.0.0"},
        {"10.255.255.255", 9, "10.128.0.0"},      {"10.255.255.255", 31, "10.255.255.254"},
        {"10.255.255.255", 32, "10.255.255.255"}, {"10.255.255.255", 99, "10.255.255.255"},
        {"ffff::ffff", 127, "ffff::fffe"},        {"ffff::ffff", 1, "8000::"},
        {"ffff::ffff", 128, "ffff::ffff"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct addr a = addr(rows[i].s), expected = addr(rows[i].prefix);
        struct addr prefix = addr_prefix(&a, rows[i].bits);
        assert_memory_equal(&prefix, &expected, sizeof(prefix));
    }
}

static void sockaddrs(void **state UNUSED)
{
    static const char *const rows[] = {"127.0.0.1:53", "[2001:db8::7]:65535"};
    struct endpoint e, back;
    struct sockaddr_storage ss;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char out[ENDPOINT_TEXT];
        assert_int_equal(endpoint_parse(text_of(rows[i]), &e), ERR_OK);
        socklen_t n = endpoint_to_sockaddr(&e, &ss);
        assert_int_equal(n, i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        assert_int_equal(ss.ss_family, i ? AF_INET6 : AF_INET);
        assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&ss, &back), ERR_OK);
        assert_string_equal(endpoint_format(&back, out), rows[i]);
    }

    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = htons(7)};
    memcpy(&mapped.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
    assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&mapped, &back), ERR_OK);
    struct addr expected = addr("127.0.0.1");
    assert_memory_equal(&back.addr, &expected, sizeof(expected));
    assert_int_equal(back.port, 7);

    struct sockaddr local = {.sa_family = AF_UNIX};
    assert_int_equal(endpoint_from_sockaddr(&local, &back), ERR_VALUE);
    e = (struct endpoint){.port = 9};
    assert_int_equal(endpoint_to_sockaddr(&e, &ss), 0);
    assert_int_equal(ss.ss_family, AF_UNSPEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),  cmocka_unit_test(endpoints), cmocka_unit_test(networks),
        cmocka_unit_test(membership), cmocka_unit_test(kinds),     cmocka_unit_test(order),
        cmocka_unit_test(prefixes),   cmocka_unit_test(sockaddrs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

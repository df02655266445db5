#include "server/tcp_quota.h"

#include "unit/server/common.h"

static const struct hash_key key = {"0123456789abcdef"};

static struct tcp_quota *quota_of(uint32_t total, uint32_t per_address)
{
    struct tcp_quota *q = tcp_quota_new(total, per_address, &key);
    assert_non_null(q);
    return q;
}

static enum tcp_admission enter(struct tcp_quota *q, const char *from)
{
    struct addr a = addr_of(from);
    return tcp_quota_enter(q, &a);
}

static void leave(struct tcp_quota *q, const char *from)
{
    struct addr a = addr_of(from);
    tcp_quota_leave(q, &a);
}

static void an_address_has_its_share(void **state UNUSED)
{
    struct tcp_quota *q = quota_of(100, 2);
    assert_int_equal(enter(q, "192.0.2.1"), TCP_ADMITTED);
    assert_int_equal(enter(q, "192.0.2.1"), TCP_ADMITTED);
    assert_int_equal(enter(q, "192.0.2.1"), TCP_ADDRESS_FULL);
    assert_int_equal(enter(q, "192.0.2.2"), TCP_ADMITTED);
    assert_int_equal(enter(q, "2001:db8::1"), TCP_ADMITTED);
    assert_int_equal(tcp_quota_count(q), 4);
    leave(q, "192.0.2.1");
    assert_int_equal(enter(q, "192.0.2.1"), TCP_ADMITTED);
    assert_int_equal(enter(q, "192.0.2.1"), TCP_ADDRESS_FULL);
    tcp_quota_free(q);
}

static void ipv6_counts_by_network(void **state UNUSED)
{
    struct tcp_quota *q = quota_of(100, 2);
    assert_int_equal(enter(q, "2001:db8:0:1::1"), TCP_ADMITTED);
    assert_int_equal(enter(q, "2001:db8:0:1::2"), TCP_ADMITTED);
    assert_int_equal(enter(q, "2001:db8:0:1:ffff::3"), TCP_ADDRESS_FULL);
    assert_int_equal(enter(q, "2001:db8:0:2::1"), TCP_ADMITTED);
    leave(q, "2001:db8:0:1::1");
    assert_int_equal(enter(q, "2001:db8:0:1:ffff::3"), TCP_ADMITTED);
    assert_int_equal(enter(q, "::1"), TCP_ADMITTED);
    assert_int_equal(enter(q, "::1"), TCP_ADMITTED);
    assert_int_equal(enter(q, "::1"), TCP_ADMITTED);
    tcp_quota_free(q);
}

static void loopback_is_bound_by_the_total_only(void **state UNUSED)
{
    struct tcp_quota *q = quota_of(5, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(enter(q, "127.0.0.1"), TCP_ADMITTED);
    assert_int_equal(enter(q, "::1"), TCP_ADMITTED);
    assert_int_equal(enter(q, "::1"), TCP_ADMITTED);
    assert_int_equal(enter(q, "127.0.0.1"), TCP_FULL);
    assert_int_equal(enter(q, "192.0.2.1"), TCP_FULL);
    leave(q, "::1");
    assert_int_equal(enter(q, "192.0.2.1"), TCP_ADMITTED);
    assert_int_equal(tcp_quota_count(q), 5);
    tcp_quota_free(q);
}

static void who_was_refused_is_not_counted(void **state UNUSED)
{
    struct tcp_quota *q = quota_of(100, 0);
    assert_int_equal(enter(q, "192.0.2.1"), TCP_ADDRESS_FULL);
    assert_int_equal(tcp_quota_count(q), 0);
    tcp_quota_configure(q, 100, 1);
    assert_int_equal(enter(q, "192.0.2.1"), TCP_ADMITTED);
    leave(q, "192.0.2.9"); /* never entered */
    assert_int_equal(tcp_quota_count(q), 1);
    tcp_quota_free(q);
}

static void lower_limits_bind_newcomers(void **state UNUSED)
{
    struct tcp_quota *q = quota_of(10, 10);
    for (int i = 0; i < 4; i++)
        assert_int_equal(enter(q, "192.0.2.1"), TCP_ADMITTED);
    tcp_quota_configure(q, 2, 10);
    assert_int_equal(enter(q, "192.0.2.1"), TCP_FULL);
    leave(q, "192.0.2.1");
    leave(q, "192.0.2.1");
    assert_int_equal(enter(q, "192.0.2.1"), TCP_FULL);
    leave(q, "192.0.2.1");
    assert_int_equal(enter(q, "192.0.2.1"), TCP_ADMITTED);
    tcp_quota_free(q);
}

static void many_come_and_go(void **state UNUSED)
{
    enum { MANY = 2000 };
    struct tcp_quota *q = quota_of(MANY, 1);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) {
            struct addr a = addr_of("10.0.0.0");
            a.bytes[2] = (uint8_t)(i >> 8);
            a.bytes[3] = (uint8_t)i;
            assert_int_equal(tcp_quota_enter(q, &a), TCP_ADMITTED);
        }
        assert_int_equal(tcp_quota_count(q), MANY);
        assert_int_equal(enter(q, "192.0.2.1"), TCP_FULL);
        for (int i = 0; i < MANY; i++) {
            struct addr a = addr_of("10.0.0.0");
            a.bytes[2] = (uint8_t)(i >> 8);
            a.bytes[3] = (uint8_t)i;
            tcp_quota_leave(q, &a);
        }
        assert_int_equal(tcp_quota_count(q), 0);
    }
    tcp_quota_free(q);
    tcp_quota_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_its_share),
        cmocka_unit_test(ipv6_counts_by_network),
        cmocka_unit_test(loopback_is_bound_by_the_total_only),
        cmocka_unit_test(who_was_refused_is_not_counted),
        cmocka_unit_test(lower_limits_bind_newcomers),
        cmocka_unit_test(many_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

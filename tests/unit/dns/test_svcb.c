/* SVCB and HTTPS records: what they hold, who has them, in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/svcb.h"
#include "unit/dns/answering.h"

enum { T_SVCB = 64, T_HTTPS = 65 };

static struct rig *t;

static int teardown(void **state)
{
    (void)state;
    rig_free(t);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    t = rig_with(0, DNS_UNSET);
    return 0;
}

/* The n-th record of the answer as bytes: checked by hand, since ldns takes anything. */
struct svcb {
    unsigned priority, keys[8], key_count;
    const uint8_t *values[8];
    unsigned sizes[8];
    const uint8_t *target;
};

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* Keys ascend strictly (RFC 9460 section 2.2), the target is in full. */
static struct svcb read_rdata(const uint8_t *at, const uint8_t *end)
{
    struct svcb s = {.priority = u16(at), .target = at + 2};
    for (at += 2; *at; at += 1 + *at)
        assert_true(*at < 64);
    for (at++; at < end; at += 4 + u16(at + 2)) {
        assert_true(end - at >= 4 && end - at - 4 >= (long)u16(at + 2));
        assert_true(!s.key_count || s.keys[s.key_count - 1] < u16(at));
        s.keys[s.key_count] = u16(at);
        s.sizes[s.key_count] = u16(at + 2);
        s.values[s.key_count++] = at + 4;
    }
    assert_ptr_equal(at, end);
    return s;
}

static unsigned read_all(struct svcb out[static 100])
{
    const uint8_t *at = t->out + 12;
    unsigned count = u16(t->out + 6);
    while (*at)
        at += 1 + *at;
    at += 5;
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(at[0] & 0xc0, 0xc0);
        out[i] = read_rdata(at + 12, at + 12 + u16(at + 10));
        at += 12 + u16(at + 10);
    }
    return count;
}

static bool has_value(const struct svcb *s, unsigned key, const void *bytes, unsigned size)
{
    for (unsigned i = 0; i < s->key_count; i++)
        if (s->keys[i] == key)
            return s->sizes[i] == size && memcmp(s->values[i], bytes, size) == 0;
    return false;
}

static bool has_key(const struct svcb *s, unsigned key)
{
    for (unsigned i = 0; i < s->key_count; i++)
        if (s->keys[i] == key)
            return true;
    return false;
}

static void test_parameters(void **state)
{
    (void)state;
    struct svcb s[100];
    reg(t->registry, "web/a",
        "addr=fd00::1 addr=10.0.0.1 addr=10.0.0.2 port=8443 m.alpn=h2,http/1.1", 1);
    publish(t);
    assert_int_equal(ask(t, "WEB.z", T_SVCB)->rcode, 0);
    assert_int_equal(read_all(s), 1);
    assert_int_equal(s[0].priority, 1);
    assert_memory_equal(s[0].target, "\1a\3web\1z\0", 9);
    assert_int_equal(s[0].key_count, 4);
    assert_true(has_value(&s[0], 1, "\2h2\10http/1.1", 12));
    assert_true(has_value(&s[0], 3, "\x20\xfb", 2));
    assert_true(has_value(&s[0], 4, "\12\0\0\1\12\0\0\2", 8));
    assert_true(has_value(&s[0], 6, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16));
    assert_true(dns_reply_is(&t->reply, SECTION_ADDITIONAL_AT,
                             "a.web.z. 5 A 10.0.0.1\na.web.z. 5 A 10.0.0.2\n"
                             "a.web.z. 5 AAAA fd00::1"));
    ask(t, "a.web.z", T_HTTPS);
    assert_int_equal(read_all(s), 1);
    assert_true(has_value(&s[0], 3, "\x20\xfb", 2));
    assert_int_equal(ask(t, "_web._tcp.z", T_SVCB)->counts[SECTION_ANSWER_AT], 0);
}

static void test_who(void **state)
{
    (void)state;
    struct svcb s[100];
    reg(t->registry, "plain/a", "addr=10.0.0.1 port=80", 1);
    reg(t->registry, "named/a", "addr=10.0.0.1 port=80 port=https:4443", 1);
    reg(t->registry, "named/b", "addr=10.0.0.2 port=80 port=https:4443/udp", 1);
    reg(t->registry, "named/c", "addr=10.0.0.3", 1);
    reg(t->registry, "named/d", "addr=10.0.0.4 m.alpn=h2", 1);
    reg(t->registry, "named/e", "addr=10.0.0.5 port=443 m.alpn=,,h3,", 1);
    reg(t->registry, "named/f", "addr=10.0.0.6 port=81 m.alpn=,", 1);
    reg(t->registry, "named/g", "addr=10.0.0.7 port=82 m.alpn=h2 status=draining", 1);
    publish(t);
    ask(t, "plain.z", T_SVCB);
    assert_int_equal(read_all(s), 1);
    assert_false(has_key(&s[0], 1));
    assert_int_equal(ask(t, "plain.z", T_HTTPS)->counts[SECTION_ANSWER_AT], 0);
    assert_int_equal(t->reply.rcode, 0);
    ask(t, "named.z", T_SVCB);
    assert_int_equal(read_all(s), 4); /* a b e f */
    ask(t, "named.z", T_HTTPS);
    assert_int_equal(read_all(s), 2);
    for (int i = 0; i < 2; i++) {
        if (s[i].target[1] == 'a') {
            assert_true(has_value(&s[i], 3, "\x11\x5b", 2));
        } else {
            assert_int_equal(s[i].target[1], 'e');
            assert_false(has_key(&s[i], 3)); /* 443 */
            assert_true(has_value(&s[i], 1, "\2h3", 3));
        }
    }
    ask(t, "e.named.z", T_SVCB);
    assert_int_equal(read_all(s), 1);
    assert_true(has_value(&s[0], 3, "\x01\xbb", 2)); /* only HTTPS has a default */
    ask(t, "g.named.z", T_HTTPS);
    assert_int_equal(read_all(s), 1);
    ask(t, "c.named.z", T_SVCB);
    assert_int_equal(read_all(s), 0);
    ask(t, "d.named.z", T_HTTPS);
    assert_int_equal(read_all(s), 0);
}

static void test_priorities(void **state)
{
    (void)state;
    struct svcb s[100];
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 priority=0", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=80 priority=7", 1);
    reg(t->registry, "web/c", "addr=10.0.0.3 port=80 priority=32767 zone=x", 1);
    reg(t->registry, "web/d", "addr=10.0.0.4 port=80 priority=0 w=0", 1);
    reg_stale(t->registry, "web/e", "addr=10.0.0.5 port=80 priority=0 zone=x", 1);
    reg_stale(t->registry, "web/f", "addr=10.0.0.6 port=80 priority=32767", 1);
    publish(t);
    ask(t, "web.z", T_SVCB);
    assert_int_equal(read_all(s), 6);
    static const unsigned priorities[] = {1, 8, 32768, 32768, 32769, 65535};
    for (int i = 0; i < 6; i++) {
        unsigned id = s[i].target[1] - 'a';
        assert_in_range(id, 0, 5);
        assert_int_equal(s[i].priority, priorities[id]);
    }
    assert_int_equal(t->reply.ede, 3);
    ask(t, "x.zone.web.z", T_SVCB);
    assert_int_equal(read_all(s), 2);
    assert_int_equal(s[0].target[1], 'c');
    assert_int_equal(s[1].target[1], 'e');
}

static void test_order_is_weighted(void **state)
{
    (void)state;
    struct svcb s[100];
    unsigned first = 0;
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 w=300 m.alpn=h2", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=80 w=100 m.alpn=h2", 1);
    reg(t->registry, "web/c", "addr=10.0.0.3 port=80 w=100", 1);
    publish(t);
    for (int i = 0; i < 4000; i++) {
        ask(t, "web.z", i % 2 ? T_SVCB : T_HTTPS);
        assert_int_equal(read_all(s), i % 2 ? 3 : 2);
        first += i % 2 == 0 && s[0].target[1] == 'a';
    }
    assert_in_range(first, 1500 - 120, 1500 + 120); /* 6 deviations */
}

static void test_cut(void **state)
{
    (void)state;
    struct svcb s[100];
    register_many(t, "big", 3000, " m.alpn=h2");
    ask(t, "big.z", T_HTTPS);
    assert_true(t->reply.flags & 0x0200);
    assert_in_range(read_all(s), 10, 40);
    ask_tcp(t, "big.z", T_HTTPS);
    assert_false(t->reply.flags & 0x0200);
    assert_int_equal(t->reply.ede, 0);
    assert_true(t->size > 60000);
    assert_true(strstr(t->reply.ede_text, "of 3000 records") != NULL);
}

static void test_max_answers(void **state)
{
    (void)state;
    struct svcb s[100], again[100];
    rig_free(t);
    t = rig_with_max(4);
    register_many(t, "web", 50, " m.alpn=h2");
    ask(t, "web.z", T_HTTPS);
    assert_false(t->reply.flags & 0x0200);
    assert_int_equal(read_all(s), 4);
    uint32_t sum = 0, sum_again = 0;
    for (int i = 0; i < 4; i++)
        for (int n = 1; n < 7; n++)
            sum += s[i].target[n] * (unsigned)(n * n);
    ask(t, "web.z", T_HTTPS);
    assert_int_equal(read_all(again), 4);
    for (int i = 0; i < 4; i++)
        for (int n = 1; n < 7; n++)
            sum_again += again[i].target[n] * (unsigned)(n * n);
    assert_int_equal(sum, sum_again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parameters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priorities, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_is_weighted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_max_answers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* max_answers: a weighted subset that is the same for a client at each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/draw.h"
#include "dns/state.h"
#include "unit/dns/answering.h"

enum { TC = 0x0200 };

/* ---- max_answers ----------------------------------------------------------------------- */

/* The set of answers as a bit mask by the instance's number, below 64. */
static uint64_t targets(struct rig *t, const char *name, uint16_t type)
{
    uint64_t set = 0;
    ask(t, name, type);
    for (unsigned i = 0; i < t->reply.counts[SECTION_ANSWER_AT]; i++) {
        unsigned n, d;
        const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, i);
        if (type == T_SRV)
            assert_int_equal(sscanf(data, "%u %u 80 i%5u", &d, &d, &n), 3);
        else
            assert_int_equal(sscanf(data, "10.1.0.%u", &n), 1);
        set |= 1ull << (type == T_SRV ? n : n - 1);
    }
    return set;
}

static void test_stable(void **state)
{
    (void)state;
    static const char *const names[] = {"few.z", "1.version.few.z"};
    static const uint16_t types[] = {T_SRV, T_A};
    struct rig *t = rig_with_max(4);
    register_many(t, "few", 60, "");
    for (int n = 0; n < 2; n++)
        for (int k = 0; k < 2; k++) {
            unsigned in[3] = {0}, different = 0, records = 0;
            uint64_t last = 0;
            for (unsigned client = 0; client < 1500; client++) {
                set_client(t, client);
                uint64_t set = targets(t, names[n], types[k]);
                assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 4);
                assert_int_equal(t->reply.flags & TC, 0);
                if (client < 20)
                    for (int again = 0; again < 5; again++)
                        assert_true(targets(t, names[n], types[k]) == set);
                different += set != last;
                last = set;
                for (unsigned i = 0; i < 60; i++)
                    in[i % 3] += set >> i & 1;
                records += 4;
            }
            assert_true(different > 1400);
            assert_true(in[0] > records * 0.08 && in[0] < records * 0.13);
            assert_true(in[2] > records * 0.55 && in[2] < records * 0.62);
        }
    rig_free(t);
}

static void test_stable_against_change(void **state)
{
    (void)state;
    struct rig *t = rig_with_max(4);
    uint64_t before[100];
    register_many(t, "few", 60, "");
    for (unsigned i = 0; i < 100; i++) {
        set_client(t, i);
        before[i] = targets(t, "few.z", T_SRV);
    }
    unreg(t->registry, "few/i00005", 5);
    publish(t);
    for (unsigned i = 0; i < 100; i++) {
        set_client(t, i);
        uint64_t now = targets(t, "few.z", T_SRV);
        if (before[i] >> 5 & 1) /* one is replaced */
            assert_int_equal(__builtin_popcountll(now & before[i]), 3);
        else
            assert_true(now == before[i]);
    }
    rig_free(t);
}

static void test_stable_edges(void **state)
{
    (void)state;
    struct rig *t = rig_with_max(2);
    reg(t->registry, "three/a", "addr=10.0.0.1 port=80 w=0", 1);
    reg(t->registry, "three/b", "addr=10.0.0.2 port=80 w=1", 1);
    reg(t->registry, "three/c", "addr=10.0.0.3 port=80 w=1", 1);
    reg(t->registry, "two/a", "addr=10.0.0.1 port=80", 1);
    reg(t->registry, "two/b", "addr=10.0.0.2 port=80", 1);
    publish(t);
    for (unsigned i = 0; i < 50; i++) { /* weight 0 only where nothing else is left */
        set_client(t, i);
        expect(t, "three.z", T_SRV, 0,
               "three.z. 5 SRV 0 1 80 b.three.z.\nthree.z. 5 SRV 0 1 80 c.three.z.");
        expect(t, "three.z", T_A, 0, "three.z. 5 A 10.0.0.2\nthree.z. 5 A 10.0.0.3");
    }
    expect(t, "two.z", T_A, 0, "two.z. 5 A 10.0.0.1\ntwo.z. 5 A 10.0.0.2");
    rig_free(t);
}

static void all_lines(struct dns_reply *r, char *out, size_t size)
{
    *out = '\0';
    for (size_t i = 0; i < r->counts[SECTION_ANSWER_AT]; i++) {
        const char *line = dns_reply_line(r, SECTION_ANSWER_AT, i);
        assert_true(strlen(out) + strlen(line) + 2 < size);
        strcat(out, i ? "\n" : "");
        strcat(out, line);
    }
}

/* More than a datagram holds: as many as fit, the same ones, still no TC. */
static void test_stable_cut(void **state)
{
    (void)state;
    struct rig *t = rig_with_max(100);
    register_many(t, "big", 200, "");
    static const char *const names[] = {"big.z", "1.version.big.z"};
    for (int n = 0; n < 2; n++) {
        char first[4096];
        for (int again = 0; again < 20; again++) {
            ask_with(t, &(struct question){names[n], T_SRV, 1, 0, false});
            assert_int_equal(t->reply.flags & TC, 0);
            assert_true(t->reply.counts[SECTION_ANSWER_AT] >= 10);
            if (!again)
                all_lines(&t->reply, first, sizeof(first));
            assert_true(dns_reply_is(&t->reply, SECTION_ANSWER_AT, first));
        }
        ask_with(t, &(struct question){names[n], T_A, 1, 0, false});
        assert_true(t->reply.counts[SECTION_ANSWER_AT] >= 28);
        assert_int_equal(t->reply.flags & TC, 0);
        assert_int_equal(ask_tcp(t, names[n], T_SRV)->counts[SECTION_ANSWER_AT], 100);
        assert_int_equal(ask_tcp(t, names[n], T_A)->counts[SECTION_ANSWER_AT], 100);
    }
    rig_free(t);
}

/* ---- TXT behind selectors -------------------------------------------------------------------- */

enum { TXT_MANY = DISTINCT_MAX + 500, TXT_MAX = 5 };

static double key_of(const struct addr *client, unsigned n)
{
    char rdata[32];
    int size = snprintf(rdata, sizeof(rdata), "\x0a%s\x07%s%05u", "cluster=in", "n=", n);
    return pick_key(draw_stable_bits(draw_client_bits(client), (uint8_t *)rdata, (size_t)size), 1);
}

static void expect_smallest(struct rig *t)
{
    static double keys[TXT_MANY];
    unsigned ranks = 0;
    for (unsigned n = 0; n < TXT_MANY; n++)
        keys[n] = key_of(&t->client, n);
    ask(t, "in.cluster.big.z", T_TXT);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], TXT_MAX);
    assert_int_equal(t->reply.flags & TC, 0);
    for (unsigned k = 0; k < TXT_MAX; k++) {
        unsigned n, smaller = 0;
        const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, k);
        assert_int_equal(sscanf(data, "\"cluster=in\" \"n=%u\"", &n), 1);
        for (unsigned i = 0; i < TXT_MANY; i++)
            smaller += keys[i] < keys[n];
        assert_in_range(smaller, 0, TXT_MAX - 1);
        ranks |= 1u << smaller;
    }
    assert_int_equal(ranks, (1u << TXT_MAX) - 1);
}

/* More different data than are kept at a time: a client has the first of them all. */
static void test_stable_txt(void **state)
{
    (void)state;
    struct rig *t = rig_with_max(TXT_MAX);
    for (unsigned i = 0; i < TXT_MANY + 500; i++) {
        char name[32], fields[80];
        snprintf(name, sizeof(name), "big/i%05u", i);
        snprintf(fields, sizeof(fields), "addr=10.0.0.1 cluster=%s m.n=%05u",
                 i < TXT_MANY ? "in" : "out", i);
        reg(t->registry, name, fields, 1);
    }
    publish(t);
    for (unsigned client = 0; client < 40; client++) {
        set_client(t, client);
        expect_smallest(t);
    }
    rig_free(t);
}

/* As many as may come, and one more. */
static void test_stable_txt_few(void **state)
{
    (void)state;
    struct rig *t = rig_with_max(TXT_MAX);
    for (unsigned i = 0; i < 400; i++) {
        char name[32], fields[80];
        snprintf(name, sizeof(name), "%s/i%05u", i < 200 ? "five" : "six", i);
        snprintf(fields, sizeof(fields), "addr=10.0.0.1 cluster=in m.n=%u", i % (i < 200 ? 5 : 6));
        reg(t->registry, name, fields, 1);
    }
    publish(t);
    for (unsigned client = 0; client < 40; client++) {
        set_client(t, client);
        expect(t, "in.cluster.five.z", T_TXT, 0,
               "in.cluster.five.z. 5 TXT \"cluster=in\" \"n=0\"\n"
               "in.cluster.five.z. 5 TXT \"cluster=in\" \"n=1\"\n"
               "in.cluster.five.z. 5 TXT \"cluster=in\" \"n=2\"\n"
               "in.cluster.five.z. 5 TXT \"cluster=in\" \"n=3\"\n"
               "in.cluster.five.z. 5 TXT \"cluster=in\" \"n=4\"");
        ask(t, "in.cluster.six.z", T_TXT);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], TXT_MAX);
    }
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stable),       cmocka_unit_test(test_stable_against_change),
        cmocka_unit_test(test_stable_edges), cmocka_unit_test(test_stable_cut),
        cmocka_unit_test(test_stable_txt),   cmocka_unit_test(test_stable_txt_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

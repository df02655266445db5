/* Weights reach the client: order, samples, stable subsets, limits of size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "unit/dns/answering.h"

#define ZONE "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"

enum { TC = 0x0200 };

static char all[] = "*";

static struct rig *with_max(uint32_t max)
{
    struct dns_rule rule = {all, DNS_UNSET, DNS_UNSET, max, DNS_UNSET};
    return rig_new(ZONE, &rule);
}

static int setup(void **state)
{
    *state = with_max(0);
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
}

/* `count` instances i000.. with weights out of three classes. */
static void register_many(struct rig *t, const char *service, unsigned count, const char *more)
{
    static const unsigned weights[] = {10, 30, 60};
    char name[64], fields[160];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%s/i%05u", service, i);
        snprintf(fields, sizeof(fields), "addr=10.%u.%u.%u port=80 w=%u version=1%s", 1 + i / 62500,
                 i / 250 % 250, 1 + i % 250, weights[i % 3], more);
        reg(t->registry, name, fields, 1);
    }
    publish(t);
}

static double chi_square(const unsigned *seen, const double *share, unsigned count, unsigned n)
{
    double sum = 0;
    for (unsigned i = 0; i < count; i++) {
        double expected = share[i] * n, off = seen[i] - expected;
        sum += off * off / expected;
    }
    return sum;
}

static const double shares[] = {0.1, 0.3, 0.6};

/* The answer as it came, for loops that are too long for two decoders: the first record's
 * RDATA behind question and head. */
static const uint8_t *first_rdata(struct rig *t, const struct question *q)
{
    t->query_size = question_write(q, t->query);
    send_bytes(t, t->query, t->query_size, q->tcp);
    size_t question = t->query_size - (q->bufsize ? 11 : 0);
    return t->out + question + 12;
}

static void test_first_address(void **state)
{
    struct rig *t = *state;
    unsigned seen[3] = {0}, n = 100000;
    reg(t->registry, "hello/a", "addr=10.0.0.1 port=80 w=10", 1);
    reg(t->registry, "hello/b", "addr=10.0.0.2 port=80 w=30", 1);
    reg(t->registry, "hello/c", "addr=10.0.0.3 port=80 w=60", 1);
    publish(t);
    for (unsigned i = 0; i < n; i++)
        seen[first_rdata(t, &(struct question){"hello.z", T_A, 1, 1232, false})[3] - 1]++;
    assert_true(chi_square(seen, shares, 3, n) < 13.8); /* 2 degrees, p = 0.001 */
    assert_int_equal(ask(t, "hello.z", T_A)->counts[SECTION_ANSWER_AT], 3);
    memset(seen, 0, sizeof(seen));
    for (unsigned i = 0; i < n; i++) /* SRV: the weight is exact, and so is the order */
        switch (get_u16(first_rdata(t, &(struct question){"hello.z", T_SRV, 1, 1232, false}) + 2)) {
        case 10:
            seen[0]++;
            break;
        case 30:
            seen[1]++;
            break;
        case 60:
            seen[2]++;
            break;
        default:
            fail();
        }
    assert_true(chi_square(seen, shares, 3, n) < 13.8);
}

/* By the last byte of the address, or the weight. */
static void count_classes(struct rig *t, unsigned seen[3])
{
    for (unsigned i = 0; i < t->reply.counts[SECTION_ANSWER_AT]; i++) {
        unsigned priority, weight = 0;
        assert_int_equal(
            sscanf(dns_reply_data(&t->reply, SECTION_ANSWER_AT, i), "%u %u", &priority, &weight),
            2);
        seen[weight == 10 ? 0 : weight == 30 ? 1 : 2]++;
    }
}

static void test_sample(void **state)
{
    struct rig *t = *state;
    unsigned first[3] = {0}, in[3] = {0}, records = 0, n = 20000;
    register_many(t, "many", 201, "");
    struct question q = {"many.z", T_SRV, 1, 1232, false};
    for (unsigned i = 0; i < n; i++) {
        unsigned weight = get_u16(first_rdata(t, &q) + 2);
        first[weight == 10 ? 0 : weight == 30 ? 1 : 2]++;
    }
    assert_true(chi_square(first, shares, 3, n) < 13.8);
    for (unsigned i = 0; i < 1000; i++) {
        ask_with(t, &q);
        assert_true(t->reply.flags & TC);
        assert_int_equal(t->reply.counts[SECTION_ADDITIONAL_AT], 0);
        records += t->reply.counts[SECTION_ANSWER_AT];
        count_classes(t, in);
    }
    /* (1232 - header - question - OPT) / (head, SRV, i00000.many.z) */
    assert_int_equal(records, 1000 * ((1232 - 12 - 12 - 11) / (12 + 6 + 15)));
    /* 36 of 201 drawn without replacement: a little flatter than the weights. */
    assert_true(in[0] > records * 0.105 && in[0] < records * 0.125);
    assert_true(in[1] > records * 0.30 && in[1] < records * 0.325);
    assert_true(in[2] > records * 0.55 && in[2] < records * 0.59);

    assert_int_equal(ask_tcp(t, "many.z", T_SRV)->counts[SECTION_ANSWER_AT], 201);
    assert_int_equal(t->reply.flags & TC, 0);
    assert_int_equal(t->reply.counts[SECTION_ADDITIONAL_AT], DNS_ADDITIONAL_TARGETS);
    assert_int_equal(t->reply.ede, -1);

    ask(t, "many.z", T_A);
    assert_true(t->reply.flags & TC);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], (1232 - 12 - 12 - 11) / 16);
    ask_with(t, &(struct question){"many.z", T_A, 1, 0, false});
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], (512 - 12 - 12) / 16);
    assert_int_equal(ask_tcp(t, "many.z", T_A)->counts[SECTION_ANSWER_AT], 201);
}

static void test_large_service(void **state)
{
    struct rig *t = *state;
    unsigned in[3] = {0};
    register_many(t, "large", 10000, "");
    ask_tcp(t, "large.z", T_SRV);
    assert_int_equal(t->reply.flags & TC, 0);
    assert_true(t->size > 65000 && t->size <= 65535);
    assert_int_equal(t->reply.ede, 0);
    unsigned fit = t->reply.counts[SECTION_ANSWER_AT];
    char text[120];
    snprintf(text, sizeof(text), "a sample: %u of 10000 records fit a message", fit);
    assert_string_equal(t->reply.ede_text, text);
    count_classes(t, in);
    assert_true(in[2] > in[1] && in[1] > in[0]);
    ask_tcp(t, "large.z", T_A);
    assert_true(t->reply.counts[SECTION_ANSWER_AT] > 4000);
    assert_int_equal(t->reply.ede, 0);
    assert_true(ask(t, "large.z", T_SRV)->flags & TC);
    /* The same through a selector. */
    assert_true(ask(t, "1.version.large.z", T_A)->flags & TC);
    assert_true(ask(t, "1.version.large.z", T_SRV)->flags & TC);
    assert_true(ask_tcp(t, "1.version.large.z", T_A)->counts[SECTION_ANSWER_AT] > 4000);
    assert_int_equal(t->reply.ede, 0);
    assert_int_equal(ask(t, "1.version.large.z", T_TXT)->counts[SECTION_ANSWER_AT], 1);
    assert_int_equal(t->reply.flags & TC, 0);
    ask_with(t, &(struct question){"large.z", T_SRV, 1, 0, true}); /* TCP without EDNS */
    assert_int_equal(t->reply.flags & TC, 0);
    assert_false(t->reply.has_opt);
}

static void test_selector_weights(void **state)
{
    struct rig *t = *state;
    unsigned seen[3] = {0}, n = 30000;
    reg(t->registry, "hello/a", "addr=10.0.0.1 addr=10.0.0.3 port=80 w=20 tag=x", 1); /* 10 each */
    reg(t->registry, "hello/b", "addr=10.0.0.2 port=80 w=30 tag=x", 1);
    reg(t->registry, "hello/c", "addr=10.0.0.3 port=81 w=50 tag=x", 1); /* shares a's second */
    reg(t->registry, "hello/d", "addr=10.0.0.9 port=80 w=60", 1);
    reg(t->registry, "hello/e", "addr=10.0.0.8 port=80 w=60 tag=x priority=2", 1);
    publish(t);
    for (unsigned i = 0; i < n; i++)
        seen[first_rdata(t, &(struct question){"x.tag.hello.z", T_A, 1, 1232, false})[3] - 1]++;
    assert_true(chi_square(seen, shares, 3, n) < 13.8);
    assert_int_equal(ask(t, "x.tag.hello.z", T_A)->counts[SECTION_ANSWER_AT], 3);
    assert_int_equal(ask(t, "x.tag.hello.z", T_SRV)->counts[SECTION_ANSWER_AT], 4);
    assert_memory_equal(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 3), "2 60 80", 7);
}

static void test_zero_weights(void **state)
{
    struct rig *t = *state;
    unsigned zero_first = 0;
    reg(t->registry, "hello/a", "addr=10.0.0.1 port=80 w=0 tag=x", 1);
    reg(t->registry, "hello/b", "addr=10.0.0.2 port=80 w=1000 tag=x", 1);
    publish(t);
    for (unsigned i = 0; i < 2000; i++) {
        static const char *const names[] = {"hello.z", "x.tag.hello.z"};
        ask(t, names[i % 2], T_SRV);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 2);
        zero_first += memcmp(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 0), "0 0 ", 4) == 0;
    }
    assert_true(zero_first < 15); /* one of 1001 */
}

static void test_many_holders(void **state)
{
    struct rig *t = *state;
    char name[64];
    for (unsigned i = 0; i < 6000; i++) { /* more holders than anything is sized for */
        snprintf(name, sizeof(name), "local/i%u", i);
        reg(t->registry, name,
            i % 2 ? "addr=127.0.0.1 port=1 tag=x" : "addr=127.0.0.2 port=1 tag=x", 1);
    }
    publish(t);
    expect(t, "x.tag.local.z", T_A, 0,
           "x.tag.local.z. 5 A 127.0.0.1\nx.tag.local.z. 5 A 127.0.0.2");
    assert_int_equal(t->reply.flags & TC, 0);
}

static void test_additional_that_fits(void **state)
{
    struct rig *t = *state;
    register_many(t, "fair", 12, " addr=fd00::1 addr=fd00::2");
    ask_with(t, &(struct question){"fair.z", T_SRV, 1, 0, false}); /* 512 bytes */
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 12);
    assert_int_equal(t->reply.flags & TC, 0); /* what is left out here asks for no TCP */
    assert_true(t->reply.counts[SECTION_ADDITIONAL_AT] < 12 * 3);
    ask_tcp(t, "fair.z", T_SRV);
    assert_int_equal(t->reply.counts[SECTION_ADDITIONAL_AT], 12 * 3);
}

static void test_txt(void **state)
{
    struct rig *t = *state;
    char name[64], fields[256];
    for (unsigned i = 0; i < 30; i++) {
        snprintf(name, sizeof(name), "text/i%u", i);
        snprintf(fields, sizeof(fields), "addr=10.0.0.1 port=1 tag=x m.k=%0*u", 90, i);
        reg(t->registry, name, fields, 1);
    }
    publish(t);
    ask(t, "text.z", T_TXT);
    assert_true(t->reply.flags & TC);
    assert_true(t->reply.counts[SECTION_ANSWER_AT] >= 8);
    assert_int_equal(ask_tcp(t, "text.z", T_TXT)->counts[SECTION_ANSWER_AT], 30);
    assert_true(ask(t, "x.tag.text.z", T_TXT)->flags & TC);
    assert_int_equal(ask_tcp(t, "x.tag.text.z", T_TXT)->counts[SECTION_ANSWER_AT], 30);
}

/* The size of the answer to a client of this address that takes `asked` bytes. */
static size_t size_for(struct rig *t, const char *client, uint16_t asked)
{
    struct question q = {"many.z", T_SRV, 1, asked, false};
    assert_int_equal(addr_parse(text_of(client), &t->client), ERR_OK);
    t->query_size = question_write(&q, t->query);
    send_bytes(t, t->query, t->query_size, false);
    dns_reply_free(&t->reply);
    if (!dns_check(t->query, t->query_size, t->out, t->size, 65535, &t->reply))
        fail_msg("%s", t->reply.fault);
    return t->size;
}

static void test_sizes(void **state)
{
    static const struct {
        const char *client;
        uint16_t asked;
        size_t limit;
    } cases[] = {
        {"192.0.2.1", 0, 512},      {"192.0.2.1", 1, 512},
        {"192.0.2.1", 513, 513},    {"192.0.2.1", 1000, 1000},
        {"192.0.2.1", 65535, 1232}, {"127.0.0.1", 0, 512},
        {"127.0.0.1", 4096, 4096},  {"127.0.0.1", 65535, 8192},
        {"128.0.0.1", 65535, 1232}, {"::ffff:127.0.0.1", 9000, 8192},
        {"::1", 65535, 1232},
    };
    enum { RECORD = 12 + 6 + 15 };
    struct rig *t = *state;
    register_many(t, "many", 300, "");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        size_t size = size_for(t, cases[i].client, cases[i].asked);
        if (size > cases[i].limit || size + RECORD <= cases[i].limit)
            fail_msg("%s, %u: %zu bytes", cases[i].client, cases[i].asked, size);
        assert_true(t->reply.flags & TC);
    }
}

/* ---- max_answers -------------------------------------------------------------------------------
 */

static void set_client(struct rig *t, unsigned n)
{
    t->client = (struct addr){FAMILY_V4, {192, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

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
    struct rig *t = with_max(4);
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
    struct rig *t = with_max(4);
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
    struct rig *t = with_max(2);
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
    t = with_max(100); /* more than a datagram holds: as many as fit, still no TC */
    register_many(t, "big", 200, "");
    static const char *const names[] = {"big.z", "1.version.big.z"};
    for (int n = 0; n < 2; n++) {
        ask_with(t, &(struct question){names[n], T_SRV, 1, 0, false});
        assert_true(t->reply.counts[SECTION_ANSWER_AT] >= 10);
        assert_int_equal(t->reply.flags & TC, 0);
        ask_with(t, &(struct question){names[n], T_A, 1, 0, false});
        assert_true(t->reply.counts[SECTION_ANSWER_AT] >= 28);
        assert_int_equal(t->reply.flags & TC, 0);
        assert_int_equal(ask_tcp(t, names[n], T_SRV)->counts[SECTION_ANSWER_AT], 100);
        assert_int_equal(ask_tcp(t, names[n], T_A)->counts[SECTION_ANSWER_AT], 100);
    }
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sample, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_service, setup, teardown),
        cmocka_unit_test_setup_teardown(test_selector_weights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zero_weights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_holders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_additional_that_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_txt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
        cmocka_unit_test(test_stable),
        cmocka_unit_test(test_stable_against_change),
        cmocka_unit_test(test_stable_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Weights reach the client: order, samples, limits of size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "unit/dns/answering.h"
#include "unit/dns/chi_square.h"

enum { TC = 0x0200 };

static int setup(void **state)
{
    *state = rig_with_max(0);
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
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
        case 10: seen[0]++; break;
        case 30: seen[1]++; break;
        case 60: seen[2]++; break;
        default: fail();
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

static void test_zero_weight_addresses(void **state)
{
    struct rig *t = *state;
    reg(t->registry, "some/a", "addr=10.0.0.1 port=80 w=0 tag=x", 1);
    reg(t->registry, "some/b", "addr=10.0.0.2 port=80 w=9 tag=x", 1);
    reg(t->registry, "none/a", "addr=10.0.0.1 port=80 w=0 tag=x", 1);
    reg(t->registry, "none/b", "addr=10.0.0.2 port=80 w=0 tag=x", 1);
    publish(t);
    /* No field of A says "last": weight 0 only when all are. */
    expect(t, "some.z", T_A, 0, "some.z. 5 A 10.0.0.2");
    expect(t, "x.tag.some.z", T_A, 0, "x.tag.some.z. 5 A 10.0.0.2");
    expect(t, "none.z", T_A, 0, "none.z. 5 A 10.0.0.1\nnone.z. 5 A 10.0.0.2");
    expect(t, "x.tag.none.z", T_A, 0, "x.tag.none.z. 5 A 10.0.0.1\nx.tag.none.z. 5 A 10.0.0.2");
    unsigned first[2] = {0};
    for (unsigned i = 0; i < 2000; i++)
        first[first_rdata(t, &(struct question){"x.tag.none.z", T_A, 1, 1232, false})[3] - 1]++;
    assert_true(first[0] > 850 && first[1] > 850);
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

/* All records fit into exactly this many bytes, and not into one less. */
static void test_exact_fit(void **state)
{
    struct rig *t = *state;
    uint16_t exact = 12 + 12 + 20 * (12 + 6 + 15) + 11;
    register_many(t, "many", 20, "");
    ask_with(t, &(struct question){"many.z", T_SRV, 1, exact, false});
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 20);
    assert_int_equal(t->reply.flags & TC, 0);
    ask_with(t, &(struct question){"many.z", T_SRV, 1, (uint16_t)(exact - 1), false});
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 19);
    assert_true(t->reply.flags & TC);
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
        {"128.0.0.1", 65535, 512},  {"::ffff:127.0.0.1", 9000, 8192},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sample, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_service, setup, teardown),
        cmocka_unit_test_setup_teardown(test_selector_weights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zero_weights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zero_weight_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_holders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_additional_that_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_txt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exact_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

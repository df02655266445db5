/* Services of several slices: all their instances are in the answers, as often as their weights
 * say; selectors, tiers and stable subsets go through all slices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/worker.h"
#include "unit/dns/answering.h"

enum { TC = 0x0200, SELECTED_ROUNDS = 500, COUNT_MAX = 2000, BUCKETS = 20 };

static const unsigned weights[] = {10, 30, 60}; /* of register_many */

static unsigned number_of(struct rig *t, unsigned n, uint16_t type)
{
    unsigned a, b, c, number;
    const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, n);
    if (type == T_SRV)
        assert_int_equal(sscanf(data, "%u %u %u i%u.", &a, &b, &c, &number), 4);
    else
        assert_int_equal(sscanf(data, "10.%u.%u.%u", &a, &b, &c), 3);
    return type == T_SRV ? number : (a - 1) * 62500 + b * 250 + c - 1;
}

/* Notes who is in the answer; nobody is twice. Returns the first. */
static unsigned note(struct rig *t, uint16_t type, unsigned count, uint8_t seen[COUNT_MAX])
{
    uint8_t now[COUNT_MAX] = {0};
    for (unsigned i = 0; i < t->reply.counts[SECTION_ANSWER_AT]; i++) {
        unsigned number = number_of(t, i, type);
        assert_true(number < count);
        assert_false(now[number]);
        now[number] = seen[number] = 1;
    }
    return number_of(t, 0, type);
}

static unsigned sum_of(const uint8_t *seen, unsigned count)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < count; i++)
        sum += seen[i];
    return sum;
}

/* Instances side by side are counted together, whichever slices they are in. */
static void check_first(const unsigned first[BUCKETS], unsigned count, unsigned rounds)
{
    double total = 0, share[BUCKETS] = {0}, square = 0;
    for (unsigned i = 0; i < count; i++) {
        share[i * BUCKETS / count] += weights[i % 3];
        total += weights[i % 3];
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        double expected = share[i] / total * rounds, off = first[i] - expected;
        square += off * off / expected;
    }
    assert_true(square < 43.8); /* 19 degrees, p = 0.001 */
}

static void check_sample(struct rig *t, unsigned count, uint16_t type, unsigned rounds)
{
    unsigned first[BUCKETS] = {0}, heavy[3] = {0};
    uint8_t seen[COUNT_MAX] = {0};
    for (unsigned i = 0; i < rounds; i++) {
        ask(t, "big.z", type);
        assert_true(t->reply.flags & TC);
        assert_in_range(t->reply.counts[SECTION_ANSWER_AT], 20, 80);
        unsigned number = note(t, type, count, seen);
        first[number * BUCKETS / count]++;
        heavy[number % 3]++;
    }
    assert_int_equal(sum_of(seen, count), count);
    check_first(first, count, rounds);
    for (int c = 0; c < 3; c++) {
        double expected = weights[c] / 100.0 * rounds, off = heavy[c] - expected;
        assert_true(off * off < 16 * expected); /* 4 deviations, or more */
    }
}

static void check_whole(struct rig *t, unsigned count, uint16_t type)
{
    uint8_t seen[COUNT_MAX] = {0};
    ask_tcp(t, "big.z", type);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], count);
    note(t, type, count, seen);
    assert_int_equal(sum_of(seen, count), count);
}

static void test_all_appear(void **state)
{
    (void)state;
    static const struct {
        unsigned count, rounds;
    } cases[] = {{100, 1000}, {200, 1000}, {COUNT_MAX, 3000}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct rig *t = rig_with_max(0);
        register_many(t, "big", cases[i].count, "");
        check_sample(t, cases[i].count, T_SRV, cases[i].rounds);
        check_sample(t, cases[i].count, T_A, cases[i].rounds);
        if (cases[i].count <= 200) {
            check_whole(t, cases[i].count, T_SRV);
            check_whole(t, cases[i].count, T_A);
        }
        rig_free(t);
    }
}

/* One more than a slice holds: all are there, whatever the number of slices. */
static void test_around_one_slice(void **state)
{
    (void)state;
    for (unsigned count = 63; count <= 66; count++) {
        struct rig *t = rig_with_max(0);
        register_many(t, "big", count, "");
        check_whole(t, count, T_SRV);
        check_whole(t, count, T_A);
        rig_free(t);
    }
}

/* Weights out of all proportion, and some of weight 0, in a set of several parts. */
static void test_uneven(void **state)
{
    (void)state;
    enum { COUNT = 150 };
    unsigned first = 0, zeros = 0;
    struct rig *t = rig_with_max(0);
    register_many(t, "big", COUNT, "");
    for (unsigned i = 0; i < COUNT; i += 5) {
        char name[32];
        snprintf(name, sizeof(name), "big/i%05u", i);
        reg(t->registry, name,
            i == 50 ? "addr=10.1.0.51 port=80 w=65535" : "addr=10.9.9.9 port=80 w=0", 1);
    }
    publish(t);
    for (unsigned i = 0; i < 400; i++) {
        ask(t, "big.z", T_SRV);
        first += number_of(t, 0, T_SRV) == 50;
        for (unsigned k = 0; k < t->reply.counts[SECTION_ANSWER_AT]; k++)
            zeros += number_of(t, k, T_SRV) != 50 && number_of(t, k, T_SRV) % 5 == 0;
    }
    assert_in_range(first, 360, 385); /* 65535 of 69,4xx: 94.3 % of 400 = 377 */
    assert_in_range(zeros, 0, 12);    /* one ticket of 4000 for each record */
    ask_tcp(t, "big.z", T_SRV);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], COUNT);
    rig_free(t);
}

/* Each priority is a group of several parts, and comes as a whole. */
static void test_priorities(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    uint8_t seen[COUNT_MAX] = {0};
    unsigned last = 0;
    struct rig *t = rig_with_max(0);
    register_many(t, "big", COUNT, "");
    for (unsigned i = 0; i < COUNT; i++) {
        char name[32], fields[96];
        snprintf(name, sizeof(name), "big/i%05u", i);
        snprintf(fields, sizeof(fields), "addr=10.1.%u.%u port=80 w=%u priority=%u", i / 250,
                 1 + i % 250, weights[i % 3], i % 4);
        reg(t->registry, name, fields, 1);
    }
    publish(t);
    ask_tcp(t, "big.z", T_SRV);
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned priority = (unsigned)atoi(dns_reply_data(&t->reply, SECTION_ANSWER_AT, i));
        assert_in_range(priority, last, 3);
        assert_int_equal(number_of(t, i, T_SRV) % 4, priority);
        last = priority;
    }
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], COUNT);
    note(t, T_SRV, COUNT, seen);
    assert_int_equal(sum_of(seen, COUNT), COUNT);
    for (unsigned i = 0; i < 300; i++) { /* of the best there are more than fit */
        ask(t, "big.z", i % 2 ? T_A : T_SRV);
        for (unsigned k = 0; k < t->reply.counts[SECTION_ANSWER_AT]; k++)
            assert_int_equal(number_of(t, k, i % 2 ? T_A : T_SRV) % 4, 0);
    }
    rig_free(t);
}

/* ---- selectors -------------------------------------------------------------------------- */

/* Versions 0 to 3, zones z0 to z4. */
static void register_selected(struct rig *t, unsigned count)
{
    char name[32], fields[128];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "big/i%05u", i);
        snprintf(fields, sizeof(fields), "addr=10.%u.%u.%u port=80 w=%u version=%u zone=z%u",
                 1 + i / 62500, i / 250 % 250, 1 + i % 250, weights[i % 3], i % 4, i % 5);
        reg(t->registry, name, fields, 1);
    }
    publish(t);
}

static void check_selected(struct rig *t, unsigned count, uint16_t type)
{
    uint8_t seen[COUNT_MAX] = {0};
    unsigned first[3] = {0};
    ask_tcp(t, "3.version.z2.zone.big.z", type);
    note(t, type, count, seen);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(seen[i], i % 20 == 7);
    for (unsigned i = 0; i < SELECTED_ROUNDS; i++) {
        ask(t, "3.version.z2.zone.big.z", type);
        unsigned number = note(t, type, count, seen);
        assert_int_equal(number % 20, 7);
        first[number % 3]++;
    }
    double total = 0;
    for (unsigned i = 7; i < count; i += 20)
        total += weights[i % 3];
    for (unsigned c = 0; c < 3; c++) {
        double share = 0;
        for (unsigned i = 7; i < count; i += 20)
            share += i % 3 == c ? weights[c] : 0;
        double expected = share / total * SELECTED_ROUNDS, off = first[c] - expected;
        assert_true(off * off <= 16 * expected);
    }
}

static void test_selectors(void **state)
{
    (void)state;
    static const unsigned counts[] = {80, 200,
                                      COUNT_MAX}; /* few, some, more than a datagram holds */
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct rig *t = rig_with_max(0);
        register_selected(t, counts[i]);
        check_selected(t, counts[i], T_SRV);
        check_selected(t, counts[i], T_A);
        expect(t, "3.version.z2.zone.big.z", T_TXT, 0,
               "3.version.z2.zone.big.z. 5 TXT \"version=3\" \"zone=z2\"");
        ask_tcp(t, "3.version.big.z", T_TXT);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 5); /* one for each zone */
        ask_tcp(t, "big.z", T_TXT);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 20);
        expect(t, "9.version.z2.zone.big.z", T_SRV, 3, "");
        expect(t, "version.z2.zone.big.z", T_SRV, 0, "");
        rig_free(t);
    }
}

/* ---- subsets ----------------------------------------------------------------------------- */

/* With one instance less a client keeps all others that it had. */
static void test_stable(void **state)
{
    (void)state;
    enum { COUNT = 2000, MAX = 6, CLIENTS = 40 };
    static uint8_t before[CLIENTS][COUNT_MAX], now[COUNT_MAX];
    static const uint16_t types[] = {T_SRV, T_A};
    for (size_t k = 0; k < ARRAY_COUNT(types); k++) {
        struct rig *t = rig_with_max(MAX);
        register_many(t, "big", COUNT, "");
        memset(before, 0, sizeof(before));
        for (unsigned c = 0; c < CLIENTS; c++)
            for (unsigned again = 0; again < 3; again++) {
                t->client.bytes[3] = (uint8_t)c;
                ask(t, "big.z", types[k]);
                note(t, types[k], COUNT, before[c]);
                assert_int_equal(sum_of(before[c], COUNT), MAX);
            }
        unsigned gone = 0;
        while (!before[0][gone])
            gone++;
        char name[32];
        snprintf(name, sizeof(name), "big/i%05u", gone);
        unreg(t->registry, name, 1);
        uint64_t due;
        assert_int_equal(dns_publish(t->dns, t->registry, 9000000, &due), ERR_OK);
        for (unsigned c = 0; c < CLIENTS; c++) {
            unsigned kept = 0;
            t->client.bytes[3] = (uint8_t)c;
            memset(now, 0, sizeof(now));
            ask(t, "big.z", types[k]);
            note(t, types[k], COUNT, now);
            for (unsigned i = 0; i < COUNT; i++)
                kept += now[i] && before[c][i];
            assert_int_equal(sum_of(now, COUNT), MAX);
            assert_false(now[gone]);
            assert_int_equal(kept, MAX - before[c][gone]);
        }
        rig_free(t);
    }
}

/* ---- very many ------------------------------------------------------------------------------ */

static void configure(struct dns_config *c)
{
    c->places = calloc(1, sizeof(*c->places));
    c->place_count = 1;
    assert_int_equal(network_parse(TEXT("10.1.0.0/16"), &c->places->from), ERR_OK);
    c->places->zone = strdup("z2");
}

/* More slices than a worker keeps in mind: each is asked when its turn comes. */
static void test_very_many(void **state)
{
    (void)state;
    static const uint16_t types[] = {T_SRV, T_A};
    struct rig *t =
        rig_with_config("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n", NULL, configure);
    t->worker->slices_max = 4;
    register_selected(t, COUNT_MAX);
    for (unsigned i = 0; i < 40; i++) {
        bool near = i % 2;
        uint16_t type = types[i / 2 % 2];
        unsigned far = 0;
        assert_int_equal(addr_parse(near ? TEXT("10.1.0.1") : TEXT("192.0.2.1"), &t->client),
                         ERR_OK);
        ask(t, "big.z", type);
        assert_in_range(t->reply.counts[SECTION_ANSWER_AT], 20, 80);
        for (unsigned k = 0; k < t->reply.counts[SECTION_ANSWER_AT]; k++)
            far += number_of(t, k, type) % 5 != 2;
        assert_int_equal(far > 0, !near);
        ask(t, "3.version.z2.zone.big.z", type);
        assert_in_range(t->reply.counts[SECTION_ANSWER_AT], 15, 80);
        for (unsigned k = 0; k < t->reply.counts[SECTION_ANSWER_AT]; k++)
            assert_int_equal(number_of(t, k, type) % 20, 7);
    }
    rig_free(t);
}

/* ---- zeros ----------------------------------------------------------------------------------- */

/* Those of weight 0 of one priority share one ticket, whatever other priorities have, and
 * however many there are. */
static void check_zeros(const char *name, unsigned others)
{
    enum { ZEROS = 3, ROUNDS = 800 };
    unsigned first = 0;
    struct rig *t = rig_with_max(0);
    for (unsigned i = 0; i < 1 + ZEROS + others; i++) {
        char id[32], fields[96];
        unsigned priority = i > ZEROS ? 1 + i % 2 : 0;
        snprintf(id, sizeof(id), "big/i%05u", i);
        snprintf(fields, sizeof(fields), "addr=10.1.0.%u port=80 version=1 w=%u priority=%u", 1 + i,
                 i == 0, priority);
        reg(t->registry, id, fields, 1);
    }
    publish(t);
    for (unsigned i = 0; i < ROUNDS; i++) {
        ask_tcp(t, name, T_SRV);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 1 + ZEROS + others);
        first += number_of(t, 0, T_SRV) == 0;
    }
    assert_in_range(first, ROUNDS / 2 - 71, ROUNDS / 2 + 71); /* 5 deviations */
    rig_free(t);
}

static void test_zeros(void **state)
{
    (void)state;
    static const unsigned others[] = {0, 10, 100};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        check_zeros("big.z", others[i]);
        check_zeros("1.version.big.z", others[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_appear), cmocka_unit_test(test_around_one_slice),
        cmocka_unit_test(test_uneven),     cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_selectors),  cmocka_unit_test(test_stable),
        cmocka_unit_test(test_very_many),  cmocka_unit_test(test_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Selectors that leave many or few of a large service: whom askers get, how often, and that this
 * does not take a look at everybody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/draw.h"
#include "dns/state.h"
#include "unit/dns/answering.h"
#include "unit/dns/chi_square.h"

enum { COUNT = 4000, TC = 0x0200, T_SVCB = 64 };

static struct rig *t;

struct one {
    unsigned weight, priority;
    bool has_port, stale;
};

static void add(unsigned i, struct one one, bool selected)
{
    char name[32], fields[160];
    snprintf(name, sizeof(name), "big/i%05u", i);
    snprintf(fields, sizeof(fields), "addr=10.%u.%u.%u w=%u priority=%u cluster=%s%s",
             1 + i / 62500, i / 250 % 250, 1 + i % 250, one.weight, one.priority,
             selected ? "in" : "out", one.has_port ? " port=80" : "");
    (one.stale ? reg_stale : reg)(t->registry, name, fields, 1);
}

/* Of the service `big` every other instance is in the cluster `in`. */
static void start(struct one (*of)(unsigned i), uint32_t max, uint32_t stale)
{
    t = rig_with(max, stale);
    for (unsigned i = 0; i < COUNT; i++)
        add(i, of(i), i % 2);
    publish(t);
}

static unsigned number_of(unsigned n, bool srv)
{
    unsigned a, b, c;
    const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, n);
    if (srv) {
        assert_int_equal(sscanf(data, "%u %u %u i%u", &a, &b, &c, &a), 4);
        return a;
    }
    assert_int_equal(sscanf(data, "10.%u.%u.%u", &a, &b, &c), 3);
    return b * 250 + c - 1;
}

/* Asks; returns how many answers, nobody twice and all selected. */
static unsigned answers(uint16_t type, unsigned numbers[])
{
    bool seen[COUNT] = {0};
    ask(t, "in.cluster.big.z", type);
    unsigned count = t->reply.counts[SECTION_ANSWER_AT];
    for (unsigned i = 0; i < count; i++) {
        numbers[i] = number_of(i, type == T_SRV);
        assert_int_equal(numbers[i] % 2, 1);
        assert_false(seen[numbers[i]]);
        seen[numbers[i]] = true;
    }
    return count;
}

/* ---- weights --------------------------------------------------------------------------------- */

static struct one by_class(unsigned i)
{
    static const unsigned weights[] = {10, 30, 60};
    return (struct one){weights[i % 3], 0, true, false};
}

/* By how much the classes' shares of all the answers are off, and of the first ones. */
static void test_by_weight(void **state)
{
    (void)state;
    enum { ROUNDS = 3000 };
    static const uint16_t types[] = {T_SRV, T_A};
    static const double share[] = {0.1, 0.3, 0.6};
    start(by_class, 0, DNS_UNSET);
    for (size_t k = 0; k < ARRAY_COUNT(types); k++) {
        unsigned first[3] = {0}, second[3] = {0}, numbers[100];
        for (unsigned n = 0; n < ROUNDS; n++) {
            assert_in_range(answers(types[k], numbers), 12, 80);
            assert_true(t->reply.flags & TC);
            first[numbers[0] % 3]++;
            second[numbers[11] % 3]++; /* of 2000: still nearly as the first */
        }
        assert_true(chi_square(first, share, 3, ROUNDS) < 13.8); /* 2 degrees, p = 0.001 */
        assert_true(chi_square(second, share, 3, ROUNDS) < 13.8);
    }
    rig_free(t);
}

/* Everybody of 20: as often as the others of its weight. */
static struct one in_twenty(unsigned i)
{
    return (struct one){i % 200 == 1 ? 50 : 1, 0, true, false};
}

static void test_single_ones(void **state)
{
    (void)state;
    enum { ROUNDS = 4000, HEAVY = COUNT / 200 };
    unsigned seen[HEAVY + 1] = {0}, numbers[100];
    double share[HEAVY + 1];
    start(in_twenty, 0, DNS_UNSET);
    for (unsigned n = 0; n < ROUNDS; n++) {
        assert_in_range(answers(T_SRV, numbers), 12, 80);
        seen[numbers[0] % 200 == 1 ? numbers[0] / 200 : HEAVY]++;
    }
    double total = HEAVY * 50 + COUNT / 2 - HEAVY;
    for (unsigned i = 0; i < HEAVY; i++)
        share[i] = 50 / total;
    share[HEAVY] = (COUNT / 2 - HEAVY) / total;
    assert_true(chi_square(seen, share, HEAVY + 1, ROUNDS) < 45.3); /* 20 degrees */
    rig_free(t);
}

/* How many random numbers one answer took. */
static unsigned numbers_for(uint16_t type)
{
    struct rand before = t->worker->rand;
    unsigned count = 0, numbers[100];
    (void)answers(type, numbers);
    for (; memcmp(&before, &t->worker->rand, sizeof(before)) != 0 && count < 100 * COUNT; count++)
        (void)rand_next(&before);
    return count;
}

static void test_effort(void **state)
{
    (void)state;
    start(by_class, 0, DNS_UNSET);
    for (int i = 0; i < 20; i++) {
        assert_in_range(numbers_for(T_SRV), 20, 200);
        assert_in_range(numbers_for(T_A), 70, 600);
    }
    rig_free(t);
}

/* Three heavy ones are in the cluster, and 97 light ones: of a dozen addresses chance meets all in
 * half of the draws, sooner where the heavy ones are late. */
enum { CROWD = 200, HEAVY = 3, HEAVY_WEIGHT = 100, LIGHT_WEIGHT = 26, DOZEN = 12 };

static struct one in_crowd(unsigned i)
{
    return (struct one){i < 2 * HEAVY ? HEAVY_WEIGHT : LIGHT_WEIGHT, 0, true, false};
}

/* How likely it is that so many heavy ones are drawn, one by one. */
static void count_heavy(double share[HEAVY + 1])
{
    memset(share, 0, (HEAVY + 1) * sizeof(*share));
    share[0] = 1;
    for (int drawn = 0; drawn < DOZEN; drawn++)
        for (int h = HEAVY; h >= 0; h--) {
            double heavy = (HEAVY - h) * HEAVY_WEIGHT;
            double light = (CROWD / 2 - HEAVY - drawn + h) * LIGHT_WEIGHT;
            double more = share[h] * heavy / (heavy + light);
            share[h] -= more;
            if (h < HEAVY)
                share[h + 1] += more;
        }
}

static unsigned draw_heavy(struct draw *d)
{
    struct draw_addrs a = {.family = FAMILY_V4};
    unsigned heavy = 0;
    draw_addrs(d, &a, DOZEN, false);
    assert_int_equal(a.count, DOZEN);
    assert_true(a.total > DOZEN);
    for (unsigned i = 0; i < a.count; i++)
        heavy += draw_addr_at(d, &a, i)[3] - 1u < 2 * HEAVY;
    return heavy;
}

/* Exactly so: who was met stays, and the others come behind. */
static void test_met_stay(void **state)
{
    (void)state;
    enum { ROUNDS = 50000 };
    unsigned seen[HEAVY + 1] = {0};
    double share[HEAVY + 1];
    struct found found;
    struct name name;
    t = rig_with(0, DNS_UNSET);
    for (unsigned i = 0; i < CROWD; i++)
        add(i, in_crowd(i), i % 2);
    publish(t);
    assert_int_equal(name_parse(TEXT("in.cluster.big.z"), &name), ERR_OK);
    lookup(t->dns, &name, &found);
    assert_int_equal(found.kind, FOUND_SUBSET);
    struct draw d = {.worker = t->worker, .key = &t->dns->key, .client = &t->client};
    d.view = found.view;
    d.type = T_A;
    draw_select(&d, found.pairs, found.pair_count);
    for (unsigned n = 0; n < ROUNDS; n++)
        seen[draw_heavy(&d)]++;
    count_heavy(share);
    assert_true(chi_square(seen, share, HEAVY + 1, ROUNDS) < 16.3); /* 3 degrees, p = 0.001 */
    rig_free(t);
}

/* One holds 99.9 % of the weight: it comes first, the others behind it, and chance does not
 * try for ever. */
static struct one skewed(unsigned i)
{
    return (struct one){i == 1001 ? 65535 : i % 64 == 1, 0, true, false};
}

static void test_skewed(void **state)
{
    (void)state;
    unsigned first = 0;
    start(skewed, 0, DNS_UNSET);
    for (int i = 0; i < 100; i++) {
        unsigned numbers[100];
        assert_in_range(answers(T_SRV, numbers), 12, 80);
        first += numbers[0] == 1001;
        assert_in_range(numbers_for(T_SRV), 12, 2 * COUNT);
        assert_in_range(numbers_for(T_A), 12, 4 * COUNT);
    }
    assert_in_range(first, 97, 100);
    rig_free(t);
}

/* Those of weight 0 share one ticket. */
static struct one with_zeros(unsigned i)
{
    return (struct one){i % 4 == 1 ? 0 : i == 3 ? 9 : 0, 0, true, false};
}

static void test_zeros(void **state)
{
    (void)state;
    enum { ROUNDS = 3000 };
    unsigned zeros = 0, numbers[100];
    start(with_zeros, 0, DNS_UNSET); /* one of weight 9 */
    for (unsigned n = 0; n < ROUNDS; n++) {
        assert_in_range(answers(T_SRV, numbers), 12, 80);
        zeros += numbers[0] != 3;
    }
    assert_in_range(zeros, ROUNDS / 10 - 55, ROUNDS / 10 + 55); /* 3.3 deviations */
    rig_free(t);
}

/* Half of all have weight 1, the others 0: 1000 tickets and one. */
static struct one half_zeros(unsigned i)
{
    return (struct one){i % 4 == 1, 0, true, false};
}

static void test_half_zeros(void **state)
{
    (void)state;
    unsigned zeros = 0, numbers[100];
    start(half_zeros, 0, DNS_UNSET);
    for (unsigned n = 0; n < 500; n++) {
        unsigned count = answers(T_SRV, numbers);
        for (unsigned i = 0; i < count; i++)
            zeros += numbers[i] % 4 != 1;
        assert_in_range(numbers_for(T_SRV), 12, 400);
        answers(T_A, numbers); /* only those of weight */
        assert_int_equal(numbers[0] % 4, 1);
    }
    assert_in_range(zeros, 1, 40); /* 10 or so expected */
    rig_free(t);
}

/* ---- priorities and ports -------------------------------------------------------------- */

/* Five are better than all others; one in three has no port. */
static struct one by_priority(unsigned i)
{
    return (struct one){by_class(i).weight, i % 800 == 1 ? 2 : 3, i % 3 != 2, false};
}

static void test_priorities(void **state)
{
    (void)state;
    enum { ROUNDS = 2000, BEST = COUNT / 800 };
    unsigned next[2] = {0}, numbers[100];
    static const double share[] = {0.25, 0.75};
    start(by_priority, 0, DNS_UNSET);
    for (unsigned n = 0; n < ROUNDS; n++) {
        unsigned count = answers(T_SRV, numbers), best = 0;
        assert_in_range(count, 12, 80);
        for (unsigned i = 0; i < count; i++) {
            assert_int_not_equal(numbers[i] % 3, 2);
            assert_true(numbers[i] % 800 != 1 || i == best);
            best += numbers[i] % 800 == 1;
        }
        assert_int_equal(best, 4); /* 1601 has no port */
        next[numbers[best] % 3]++;
    }
    assert_true(chi_square(next, share, 2, ROUNDS) < 10.8);
    answers(T_A, numbers);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], BEST);
    ask(t, "in.cluster.big.z", T_SVCB);
    assert_true(t->reply.flags & TC);
    rig_free(t);
}

/* The better half is not selected: chance does not look for it. */
static struct one by_turns(unsigned i)
{
    return (struct one){by_class(i).weight, i % 2, true, false};
}

static void test_only_worse(void **state)
{
    (void)state;
    enum { ROUNDS = 1000 };
    static const double share[] = {0.1, 0.3, 0.6};
    unsigned first[3] = {0}, numbers[100];
    start(by_turns, 0, DNS_UNSET);
    for (unsigned n = 0; n < ROUNDS; n++) {
        assert_in_range(answers(T_SRV, numbers), 12, 80);
        first[numbers[0] % 3]++;
        assert_in_range(numbers_for(T_SRV), 20, 400);
        assert_in_range(answers(T_A, numbers), 70, 80);
    }
    assert_true(chi_square(first, share, 3, ROUNDS) < 13.8);
    rig_free(t);
}

/* ---- few, and stale ones ------------------------------------------------------------- */

static void test_few(void **state)
{
    (void)state;
    unsigned numbers[100];
    t = rig_with(0, DNS_UNSET);
    for (unsigned i = 0; i < COUNT; i++)
        add(i, by_class(i), i == 77 || i == 3999);
    publish(t);
    for (int n = 0; n < 20; n++) {
        assert_int_equal(answers(T_SRV, numbers), 2);
        assert_int_equal(answers(T_A, numbers), 2);
        assert_int_equal(t->reply.flags & TC, 0);
    }
    rig_free(t);
}

static struct one half_stale(unsigned i)
{
    return (struct one){by_class(i).weight, 0, true, i % 4 == 3};
}

static struct one all_stale(unsigned i)
{
    return (struct one){by_class(i).weight, 0, true, i % 2 == 1};
}

/* By SRV and A in turns: how often each class comes first. All have `rest` when divided by 4, or
 * just are selected. */
static void expect_classes(unsigned rest, bool any)
{
    enum { ROUNDS = 400 };
    static const double share[] = {0.1, 0.3, 0.6};
    unsigned first[3] = {0}, numbers[100];
    for (unsigned n = 0; n < ROUNDS; n++) {
        unsigned count = answers(n % 2 ? T_A : T_SRV, numbers);
        assert_in_range(count, 12, 80);
        for (unsigned i = 0; i < count; i++)
            assert_true(any || numbers[i] % 4 == rest);
        first[numbers[0] % 3]++;
    }
    assert_true(chi_square(first, share, 3, ROUNDS) < 13.8);
    rig_free(t);
}

/* The stale come behind all others, so that they do not show here; where all are such, they are
 * what there is, by weight. */
static void test_stale(void **state)
{
    (void)state;
    static const uint32_t policies[] = {DNS_STALE_DEMOTE, DNS_STALE_WITHDRAW};
    for (size_t k = 0; k < ARRAY_COUNT(policies); k++) {
        start(half_stale, 0, policies[k]);
        expect_classes(1, false);
        start(all_stale, 0, policies[k]);
        expect_classes(0, true);
    }
}

/* ---- for a client --------------------------------------------------------------------- */

/* The same ones at each time, the heavier for more clients; when one goes, one is replaced. */
static void test_stable(void **state)
{
    (void)state;
    enum { MAX = 6, CLIENTS = 300 };
    static const uint16_t types[] = {T_SRV, T_A};
    unsigned before[CLIENTS][MAX];
    start(by_class, MAX, DNS_UNSET);
    for (size_t k = 0; k < ARRAY_COUNT(types); k++) {
        unsigned of[3] = {0}, again[MAX], gone = 0, moved = 0;
        for (unsigned c = 0; c < CLIENTS; c++) {
            t->client.bytes[3] = (uint8_t)c;
            t->client.bytes[2] = (uint8_t)(c >> 8);
            assert_int_equal(answers(types[k], before[c]), MAX);
            assert_int_equal(answers(types[k], again), MAX);
            unsigned sum = 0;
            for (unsigned i = 0; i < MAX; i++) {
                sum += before[c][i] - again[i];
                of[before[c][i] % 3]++;
            }
            assert_int_equal(sum, 0);
        }
        assert_in_range(of[0], CLIENTS * MAX * 0.07, CLIENTS * MAX * 0.13);
        assert_in_range(of[2], CLIENTS * MAX * 0.55, CLIENTS * MAX * 0.65);
        unsigned victim = before[0][0];
        char name[32];
        snprintf(name, sizeof(name), "big/i%05u", victim);
        unreg(t->registry, name, 5 + k);
        assert_int_equal(dns_publish(t->dns, t->registry, 100000000 * (k + 1), NULL), ERR_OK);
        for (unsigned c = 0; c < CLIENTS; c++) {
            bool now[COUNT] = {0};
            t->client.bytes[3] = (uint8_t)c;
            t->client.bytes[2] = (uint8_t)(c >> 8);
            assert_int_equal(answers(types[k], again), MAX);
            for (unsigned i = 0; i < MAX; i++)
                now[again[i]] = true;
            for (unsigned i = 0; i < MAX; i++) {
                gone += before[c][i] == victim;
                moved += !now[before[c][i]];
            }
        }
        assert_true(gone > 0);
        assert_int_equal(moved, gone);
    }
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_weight),  cmocka_unit_test(test_single_ones),
        cmocka_unit_test(test_effort),     cmocka_unit_test(test_skewed),
        cmocka_unit_test(test_zeros),      cmocka_unit_test(test_half_zeros),
        cmocka_unit_test(test_priorities), cmocka_unit_test(test_only_worse),
        cmocka_unit_test(test_few),        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_stable),     cmocka_unit_test(test_met_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

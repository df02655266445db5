/* Large services and askers whose place is known: whom they get, how often, and that this does
 * not take a look at everybody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/worker.h"
#include "unit/dns/answering.h"

enum { COUNT = 3000, ASKED = 400, T_SVCB = 64, T_HTTPS = 65, TC = 0x0200 };

static struct rig *t;

static void configure(struct dns_config *c)
{
    c->places = calloc(1, sizeof(*c->places));
    c->place_count = 1;
    assert_int_equal(network_parse(TEXT("10.1.0.0/16"), &c->places->from), ERR_OK);
    c->places->zone = strdup("z0");
    c->places->region = strdup("r0");
}

/* Large services are published at a pace. */
static void publish_later(void)
{
    static uint64_t now = 1000000;
    now += 1000000;
    assert_int_equal(dns_publish(t->dns, t->registry, now, NULL), ERR_OK);
}

/* A third of the instances is in the asker's zone, half of the others in its region; weights are
 * 1 and 3 by turns. */
static void start(uint32_t max, uint32_t locality)
{
    static char all[] = "*";
    char name[32], fields[160];
    struct dns_rule rule = {all,       DNS_UNSET, DNS_UNSET, max,
                            DNS_UNSET, DNS_UNSET, locality,  DNS_UNSET};
    t = rig_with_config("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n", &rule,
                        configure);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(name, sizeof(name), "big/i%05u", i);
        snprintf(fields, sizeof(fields), "addr=10.%u.%u.%u port=80 w=%u zone=z%u region=r%u", i % 3,
                 i / 250, 1 + i % 250, i % 2 ? 3 : 1, i % 3, i % 3 == 2);
        reg(t->registry, name, fields, 1);
    }
    publish(t);
    assert_int_equal(addr_parse(TEXT("10.1.0.1"), &t->client), ERR_OK);
}

/* How many random numbers one answer took. */
static unsigned numbers_for(const char *name, uint16_t type)
{
    struct rand before = t->worker->rand;
    unsigned count = 0;
    ask(t, name, type);
    for (; memcmp(&before, &t->worker->rand, sizeof(before)) != 0 && count < 100 * COUNT; count++)
        (void)rand_next(&before);
    return count;
}

/* Everybody who is looked at costs one of them at least. */
static void test_effort(void **state)
{
    (void)state;
    start(0, DNS_UNSET);
    for (int i = 0; i < 20; i++) {
        assert_in_range(numbers_for("big.z", T_SRV), 20, COUNT / 6);
        assert_true(t->reply.flags & TC);
        assert_in_range(numbers_for("big.z", T_A), 70, COUNT / 6);
        assert_true(t->reply.flags & TC);
        assert_in_range(numbers_for("big.z", T_SVCB), 10, COUNT / 6);
        assert_in_range(numbers_for("_big._tcp.z", T_SRV), 10, COUNT / 6);
    }
    rig_free(t);
}

static unsigned number_of(const char *data, bool srv)
{
    unsigned a, b, c, number;
    if (!srv) {
        assert_int_equal(sscanf(data, "10.%u.%u.%u", &a, &b, &c), 3);
        return b * 250 + c - 1;
    }
    assert_int_equal(sscanf(data, "%u %u %u i%u", &a, &b, &c, &number), 4);
    return number;
}

/* All from the zone, nobody twice; the first is one of the heavier half three times out of
 * four. */
static void expect_near(const char *name, uint16_t type)
{
    unsigned heavy = 0;
    for (unsigned n = 0; n < ASKED; n++) {
        bool seen[COUNT] = {0};
        ask(t, name, type);
        unsigned count = t->reply.counts[SECTION_ANSWER_AT];
        assert_in_range(count, 15, 80);
        for (unsigned i = 0; i < count; i++) {
            const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, i);
            unsigned number = number_of(data, type == T_SRV);
            assert_int_equal(number % 3, 0);
            assert_false(seen[number]);
            seen[number] = true;
            heavy += i == 0 && number % 2;
        }
    }
    assert_in_range(heavy, ASKED * 3 / 4 - 40, ASKED * 3 / 4 + 40); /* 4.6 deviations */
}

static void test_by_weight(void **state)
{
    (void)state;
    start(0, DNS_UNSET);
    expect_near("big.z", T_SRV);
    expect_near("big.z", T_A);
    expect_near("r0.region.big.z", T_SRV);
    expect_near("r0.region.big.z", T_A);
    rig_free(t);
    start(0, DNS_LOCALITY_ALONE);
    expect_near("big.z", T_A);
    rig_free(t);
}

/* By TCP all of the zone come, then all of the region, then as many of the others as fit. */
static void test_in_order_of_tiers(void **state)
{
    (void)state;
    start(0, DNS_UNSET);
    unsigned counts[3] = {0}, last = 0;
    ask_tcp(t, "big.z", T_SRV);
    for (unsigned i = 0; i < t->reply.counts[SECTION_ANSWER_AT]; i++) {
        unsigned tier = (unsigned)atoi(dns_reply_data(&t->reply, SECTION_ANSWER_AT, i));
        assert_in_range(tier, last, 2);
        counts[tier]++;
        last = tier;
    }
    assert_int_equal(counts[0], COUNT / 3);
    assert_true(counts[1] > 0);
    unreg(t->registry, "big/i00001", 1); /* some of the zone with another priority come later */
    for (unsigned i = 0; i < 990; i += 3) {
        char name[32];
        snprintf(name, sizeof(name), "big/i%05u", i);
        reg(t->registry, name, "addr=10.0.0.1 port=80 priority=1 zone=z0", 1);
    }
    publish_later();
    ask(t, "big.z", T_SRV);
    assert_int_equal(atoi(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 0)), 0);
    rig_free(t);
}

/* One instance of the zone has 33 times the weight of all others there: it comes first 97 times
 * out of 100, and others behind it. */
static void test_skewed(void **state)
{
    (void)state;
    static const char srv[] = "0 65535 80 i03000.big.z.", addr[] = "10.0.12.1";
    unsigned first = 0;
    start(0, DNS_UNSET);
    reg(t->registry, "big/i03000", "addr=10.0.12.1 port=80 w=65535 zone=z0 region=r0", 1);
    publish_later();
    for (unsigned n = 0; n < 40; n++) {
        ask(t, "big.z", n % 2 ? T_A : T_SRV);
        first += strcmp(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 0), n % 2 ? addr : srv) == 0;
        assert_in_range(t->reply.counts[SECTION_ANSWER_AT], 20, 80);
    }
    assert_in_range(first, 34, 40);
    rig_free(t);
}

/* With max_answers a client keeps those it has, all from its zone. */
static void expect_stable(const char *name, uint16_t type)
{
    enum { MAX = 5 };
    bool seen[COUNT] = {0};
    start(MAX, DNS_UNSET);
    for (unsigned n = 0; n < 10; n++) {
        ask(t, name, type);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], MAX);
        for (unsigned i = 0; i < MAX; i++) {
            const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, i);
            unsigned number = number_of(data, type == T_SRV);
            assert_int_equal(number % 3, 0);
            assert_true(n == 0 || seen[number]);
            seen[number] = true;
        }
    }
    rig_free(t);
}

static void test_stable(void **state)
{
    (void)state;
    expect_stable("big.z", T_SRV);
    expect_stable("big.z", T_A);
    expect_stable("r0.region.big.z", T_SRV); /* the asker's zone and another */
    expect_stable("r0.region.big.z", T_A);
}

/* Few of many have HTTPS records: these are found, whether they fit or not. */
static void test_few_with_https(void **state)
{
    (void)state;
    start(0, DNS_UNSET);
    for (unsigned i = 0; i < 300; i++) {
        char name[32], fields[96];
        snprintf(name, sizeof(name), "big/i%05u", i);
        snprintf(fields, sizeof(fields), "addr=10.0.3.%u port=https:443 zone=z%u", i % 250, i % 3);
        reg(t->registry, name, fields, 1);
        if (i != 7 && i != 299)
            continue;
        publish_later();
        ask(t, "big.z", T_HTTPS);
        assert_int_equal(!(t->reply.flags & TC), i == 7);
        unsigned count = t->reply.counts[SECTION_ANSWER_AT];
        assert_in_range(count, 8, i == 7 ? 8 : 100);
        for (unsigned n = 0; n < count; n++) {
            unsigned number, priority;
            assert_int_equal(sscanf(dns_reply_data(&t->reply, SECTION_ANSWER_AT, n), "%u i%u",
                                    &priority, &number),
                             2);
            assert_true(number <= i);
            assert_true(i == 7 || number % 3 == 0);
        }
    }
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_effort),
        cmocka_unit_test(test_by_weight),
        cmocka_unit_test(test_in_order_of_tiers),
        cmocka_unit_test(test_skewed),
        cmocka_unit_test(test_stable),
        cmocka_unit_test(test_few_with_https),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

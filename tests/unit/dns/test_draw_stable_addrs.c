/* max_answers and the addresses behind selectors: instances of several, addresses of several
 * instances; which of them a client gets, how often, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/draw.h"
#include "dns/state.h"
#include "unit/dns/answering.h"
#include "unit/dns/chi_square.h"

static struct rig *t;

static void register_at(unsigned i, unsigned weight, const char *addrs, const char *more)
{
    char name[32], fields[160];
    snprintf(name, sizeof(name), "big/i%u", i);
    snprintf(fields, sizeof(fields), "addr=%s w=%u %s", addrs, weight, more);
    reg(t->registry, name, fields, 1);
}

/* ---- several of each ------------------------------------------------------------------------ */

enum { COUNT = 900, EACH = 3, MAX = 6, CLIENTS = 40 };

/* Two of three are selected. */
static bool is_in(unsigned i)
{
    return i % 3 > 0;
}

static unsigned addresses_of(unsigned i)
{
    return 1 + i / 3 % EACH;
}

static void bytes_of(unsigned i, unsigned n, uint8_t bytes[4])
{
    bytes[0] = 10;
    bytes[1] = (uint8_t)(1 + n);
    bytes[2] = (uint8_t)(i / 250);
    bytes[3] = (uint8_t)(1 + i % 250);
}

static void start(unsigned (*weight)(unsigned i))
{
    t = rig_with_max(MAX);
    for (unsigned i = 0; i < COUNT; i++) {
        char addrs[80];
        int size = 0;
        for (unsigned n = 0; n < addresses_of(i); n++)
            size += snprintf(addrs + size, sizeof(addrs) - (size_t)size, "%s10.%u.%u.%u",
                             n ? " addr=" : "", 1 + n, i / 250, 1 + i % 250);
        register_at(i, weight(i), addrs, is_in(i) ? "cluster=in" : "cluster=out");
    }
    publish(t);
}

/* The address that comes first of those without a key. */
static unsigned first_of(unsigned i, uint64_t bits, const double keys[EACH])
{
    unsigned first = EACH;
    uint64_t least = UINT64_MAX;
    for (unsigned n = 0; n < addresses_of(i); n++) {
        uint8_t bytes[4];
        bytes_of(i, n, bytes);
        uint64_t at = draw_stable_bits(bits, bytes, 4);
        if (keys[n] > 0 || (first < EACH && at > least))
            continue;
        first = n;
        least = at;
    }
    return first;
}

/* Of one that is selected: as if each of its addresses drew with an equal share of its weight. */
static void set_keys(unsigned i, unsigned weight, double keys[EACH])
{
    char id[32];
    int size = snprintf(id, sizeof(id), "i%u", i);
    uint64_t client = draw_client_bits(&t->client);
    uint64_t bits = draw_stable_bits(client, (const uint8_t *)id, (size_t)size);
    unsigned count = addresses_of(i);
    double share = weight ? (double)weight / count : 1, key = weight ? 0 : STABLE_BEHIND;
    for (unsigned left = count; left; left--) {
        unsigned n = first_of(i, bits, keys);
        key += pick_key(left == count ? bits : stable_bits(bits, left), share * left);
        keys[n] = key;
    }
}

static unsigned smaller_than(double keys[COUNT][EACH], double key)
{
    unsigned count = 0;
    for (unsigned i = 0; i < COUNT; i++)
        for (unsigned n = 0; n < EACH; n++)
            count += keys[i][n] > 0 && keys[i][n] < key;
    return count;
}

static void expect_smallest(unsigned (*weight)(unsigned i))
{
    static double keys[COUNT][EACH];
    unsigned ranks = 0;
    memset(keys, 0, sizeof(keys));
    for (unsigned i = 0; i < COUNT; i++)
        if (is_in(i))
            set_keys(i, weight(i), keys[i]);
    ask(t, "in.cluster.big.z", T_A);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], MAX);
    for (unsigned k = 0; k < MAX; k++) {
        unsigned n, a, b;
        const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, k);
        assert_int_equal(sscanf(data, "10.%u.%u.%u", &n, &a, &b), 3);
        double key = keys[a * 250 + b - 1][n - 1];
        assert_true(key > 0 && smaller_than(keys, key) < MAX);
        ranks |= 1u << smaller_than(keys, key);
    }
    assert_int_equal(ranks, (1u << MAX) - 1);
}

static unsigned no_weight(unsigned i)
{
    (void)i;
    return 0;
}

static unsigned mixed_weights(unsigned i)
{
    return i % 5 ? 1 + i % 7 : 0;
}

static void test_several(void **state)
{
    (void)state;
    unsigned (*const weights[])(unsigned i) = {no_weight, mixed_weights};
    for (size_t w = 0; w < ARRAY_COUNT(weights); w++) {
        start(weights[w]);
        for (unsigned c = 0; c < CLIENTS; c++) {
            set_client(t, c);
            expect_smallest(weights[w]);
        }
        rig_free(t);
    }
}

/* Instances of one address, of two, and two at one: each address as often as its weight says. */
static void test_shares(void **state)
{
    (void)state;
    enum { GROUPS = 40, ASKERS = 4000 };
    static const double share[] = {20 / 120.0, 20 / 120.0, (30 + 20) / 120.0, 30 / 120.0};
    unsigned seen[4] = {0};
    t = rig_with_max(1);
    for (unsigned g = 0; g < GROUPS; g++) {
        char addrs[64];
        snprintf(addrs, sizeof(addrs), "10.0.%u.1 addr=10.0.%u.2", g, g);
        register_at(4 * g, 40, addrs, "cluster=in");
        snprintf(addrs, sizeof(addrs), "10.0.%u.3", g);
        register_at(4 * g + 1, 30, addrs, "cluster=in");
        register_at(4 * g + 2, 20, addrs, "cluster=in");
        snprintf(addrs, sizeof(addrs), "10.0.%u.4", g);
        register_at(4 * g + 3, 30, addrs, "cluster=in");
    }
    publish(t);
    for (unsigned c = 0; c < ASKERS; c++) {
        unsigned g, n;
        set_client(t, c);
        ask(t, "in.cluster.big.z", T_A);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 1);
        assert_int_equal(
            sscanf(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 0), "10.0.%u.%u", &g, &n), 2);
        seen[n - 1]++;
    }
    assert_true(chi_square(seen, share, 4, ASKERS) < 16.3); /* 3 degrees, p = 0.001 */
    rig_free(t);
}

/* ---- order ---------------------------------------------------------------------------------- */

/* Eight share an address: four, two and two, who have these further fields. */
struct order {
    const char *four, *two, *last;
    bool apart;      /* the last two are elsewhere */
    bool stale;      /* those that are selected are not heard from */
    bool known;      /* the asker is in the zone `near` */
    unsigned weight; /* of a shared address, by that of another */
};

static void configure(struct dns_config *c)
{
    c->places = calloc(1, sizeof(*c->places));
    c->place_count = 1;
    assert_int_equal(network_parse(TEXT("192.0.0.0/16"), &c->places->from), ERR_OK);
    c->places->zone = strdup("near");
}

static void register_as(const struct order *o, unsigned i, unsigned net, unsigned host,
                        const char *more)
{
    char name[32], fields[160];
    bool in = strstr(more, "cluster=in") != NULL;
    snprintf(name, sizeof(name), "big/i%u", i);
    snprintf(fields, sizeof(fields), "addr=10.%u.0.%u w=10 %s", net, host, more);
    (in && o->stale ? reg_stale : reg)(t->registry, name, fields, 1);
}

/* Shared ones are in 10.2.0.0/16, as many others as have them in 10.3.0.0/16. */
static void start_order(const struct order *o)
{
    enum { COUNT_EACH = 240 };
    static char all[] = "*";
    struct dns_rule rule = {all,       DNS_UNSET, DNS_UNSET, 2,
                            DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_UNSET};
    t = rig_with_config("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n", &rule,
                        o->known ? configure : NULL);
    for (unsigned i = 0; i < COUNT_EACH; i++) {
        const char *more = i % 8 < 4 ? o->four : i % 8 < 6 ? o->two : o->last;
        register_as(o, i, o->apart && i % 8 >= 6 ? 4 : 2, i / 8, more);
        register_as(o, COUNT_EACH + i, 3, i, o->four);
    }
    publish(t);
}

/* Of the two answers, how many are shared ones. */
static unsigned shared_of_two(bool *first)
{
    unsigned count = 0;
    ask(t, "in.cluster.big.z", T_A);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 2);
    for (unsigned n = 0; n < 2; n++) {
        const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, n);
        bool shared = strncmp(data, "10.2.", 5) == 0;
        assert_true(shared || strncmp(data, "10.3.", 5) == 0);
        count += shared;
        *first = n ? *first : shared;
    }
    return count;
}

/* Of one such to one other, how often each comes first. */
static void expect_order(const struct order *o)
{
    enum { ROUNDS = 2000 };
    const double share[] = {o->weight / (o->weight + 1.0), 1 / (o->weight + 1.0)};
    unsigned seen[2] = {0}, client = 0;
    bool first = false;
    start_order(o);
    do
        set_client(t, client++);
    while (shared_of_two(&first) != 1);
    for (unsigned n = 0; n < ROUNDS; n++) {
        assert_int_equal(shared_of_two(&first), 1);
        seen[!first]++;
    }
    assert_true(chi_square(seen, share, 2, ROUNDS) < 10.8); /* 1 degree, p = 0.001 */
    rig_free(t);
}

/* It goes by the weights of all holders that are selected, also of those whose keys were of no
 * use. */
static void test_order(void **state)
{
    (void)state;
    expect_order(&(struct order){"cluster=in", "cluster=in", "cluster=out", .weight = 6});
}

/* Of the near ones alone, where these are enough. */
static void test_order_near(void **state)
{
    (void)state;
    expect_order(&(struct order){"cluster=in zone=near", "cluster=in zone=far",
                                 "cluster=out zone=near", .known = true, .weight = 4});
}

/* The service's own addresses say nothing of these: they are those of others, who are heard from,
 * or have a better priority. */
static void test_order_of_others(void **state)
{
    (void)state;
    expect_order(&(struct order){"cluster=in", "cluster=in", "cluster=out", .apart = true,
                                 .stale = true, .weight = 6});
    expect_order(&(struct order){"cluster=in priority=2", "cluster=in priority=2",
                                 "cluster=out priority=1", .apart = true, .weight = 6});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_several),         cmocka_unit_test(test_shares),
        cmocka_unit_test(test_order),           cmocka_unit_test(test_order_near),
        cmocka_unit_test(test_order_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

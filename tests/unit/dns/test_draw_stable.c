/* max_answers behind selectors of a large service: nobody who belongs to a client's subset is
 * passed over, whatever the weights, priorities and addresses are like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/draw.h"
#include "dns/state.h"
#include "unit/dns/answering.h"
#include "unit/dns/chi_square.h"

enum { COUNT = 1500, MAX = 6, CLIENTS = 40 };

static struct rig *t;

struct one {
    unsigned weight, priority;
};

static void set_client(unsigned n)
{
    t->client = (struct addr){FAMILY_V4, {192, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

/* Two of three are in the cluster `in`. */
static bool is_in(unsigned i)
{
    return i % 3 > 0;
}

static void start(struct one (*of)(unsigned i))
{
    t = rig_with_max(MAX);
    for (unsigned i = 0; i < COUNT; i++) {
        char name[32], fields[160];
        struct one one = of(i);
        snprintf(name, sizeof(name), "big/instance-%05u", i);
        snprintf(fields, sizeof(fields), "addr=10.1.%u.%u port=80 w=%u priority=%u cluster=%s",
                 i / 250, 1 + i % 250, one.weight, one.priority, is_in(i) ? "in" : "out");
        reg(t->registry, name, fields, 1);
    }
    publish(t);
}

/* ---- who it has to be ------------------------------------------------------------------- */

struct ranked {
    unsigned number, priority, weight;
    double key;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

static double key_of(unsigned i, double weight)
{
    char id[32];
    int size = snprintf(id, sizeof(id), "instance-%05u", i);
    uint64_t client = draw_client_bits(&t->client);
    return draw_stable_key(draw_stable_bits(client, (const uint8_t *)id, (size_t)size), weight);
}

/* All that are selected, in the client's order. */
static unsigned rank(struct one (*of)(unsigned i), struct ranked list[COUNT])
{
    unsigned count = 0;
    for (unsigned i = 0; i < COUNT; i++)
        if (is_in(i))
            list[count++] =
                (struct ranked){i, of(i).priority, of(i).weight, key_of(i, of(i).weight)};
    qsort(list, count, sizeof(*list), by_rank);
    return count;
}

static unsigned number_at(unsigned n, uint16_t type)
{
    unsigned a = 0, b = 0, i = 0;
    const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, n);
    if (type == T_SRV)
        assert_int_equal(sscanf(data, "%u %u 80 instance-%u", &a, &b, &i), 3);
    else
        assert_int_equal(sscanf(data, "10.1.%u.%u", &a, &b), 2);
    return type == T_SRV ? i : a * 250 + b - 1;
}

static void expect_first(const struct ranked *list, unsigned count, uint16_t type)
{
    bool got[COUNT] = {false};
    ask(t, "in.cluster.big.z", type);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], count);
    assert_int_equal(t->reply.flags & 0x0200, 0);
    for (unsigned n = 0; n < count; n++)
        got[number_at(n, type)] = true;
    for (unsigned n = 0; n < count; n++)
        assert_true(got[list[n].number]);
}

/* A and AAAA: of the best priority, and of weight 0 only when all there are. */
static unsigned ranked_addresses(const struct ranked *list)
{
    unsigned count = 0;
    while (count < MAX && list[count].priority == list[0].priority &&
           (list[count].weight || !list[0].weight))
        count++;
    return count;
}

static void check(struct one (*of)(unsigned i))
{
    static struct ranked list[COUNT];
    start(of);
    for (unsigned c = 0; c < CLIENTS; c++) {
        set_client(c);
        rank(of, list);
        expect_first(list, MAX, T_SRV);
        expect_first(list, ranked_addresses(list), T_A);
    }
    rig_free(t);
}

/* ---- cases --------------------------------------------------------------------------------- */

static struct one classes(unsigned i)
{
    return (struct one){i % 7 ? 10 + i % 5 : 5000, 0};
}

/* Few are better than all others. */
static struct one few_better(unsigned i)
{
    return (struct one){10 + i % 3, i % 400 == 1 ? 2 : 5};
}

static struct one many_priorities(unsigned i)
{
    return (struct one){1 + i % 9, 10 + i * 7 % 4};
}

/* Those that are not selected have all the weight. */
static struct one selected_zeros(unsigned i)
{
    return (struct one){is_in(i) ? 0 : 100, 0};
}

static struct one all_zeros(unsigned i)
{
    (void)i;
    return (struct one){0, 0};
}

/* Of the others the answers need some, and A has none. */
static struct one four_weighted(unsigned i)
{
    return (struct one){i % 400 == 1, 0};
}

static void test_subsets(void **state)
{
    (void)state;
    struct one (*const of[])(unsigned i) = {classes,        few_better, many_priorities,
                                            selected_zeros, all_zeros,  four_weighted};
    for (size_t n = 0; n < ARRAY_COUNT(of); n++)
        check(of[n]);
}

/* ---- addresses ---------------------------------------------------------------------------- */

static void register_at(unsigned i, unsigned weight, const char *addrs, bool selected)
{
    char name[32], fields[160];
    snprintf(name, sizeof(name), "big/i%u", i);
    snprintf(fields, sizeof(fields), "addr=%s w=%u cluster=%s", addrs, weight,
             selected ? "in" : "out");
    reg(t->registry, name, fields, 1);
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
        register_at(4 * g, 40, addrs, true);
        snprintf(addrs, sizeof(addrs), "10.0.%u.3", g);
        register_at(4 * g + 1, 30, addrs, true);
        register_at(4 * g + 2, 20, addrs, true);
        snprintf(addrs, sizeof(addrs), "10.0.%u.4", g);
        register_at(4 * g + 3, 30, addrs, true);
    }
    publish(t);
    for (unsigned c = 0; c < ASKERS; c++) {
        unsigned g, n;
        set_client(c);
        ask(t, "in.cluster.big.z", T_A);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 1);
        assert_int_equal(
            sscanf(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 0), "10.0.%u.%u", &g, &n), 2);
        seen[n - 1]++;
    }
    assert_true(chi_square(seen, share, 4, ASKERS) < 16.3); /* 3 degrees, p = 0.001 */
    rig_free(t);
}

/* Shared ones first, 10.2.0.0/16, others 10.3.0.0/16: of the two answers, how many are such. */
static unsigned shared_of_two(bool *first)
{
    unsigned count = 0;
    ask(t, "in.cluster.big.z", T_A);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 2);
    for (unsigned n = 0; n < 2; n++) {
        bool shared = strncmp(dns_reply_data(&t->reply, SECTION_ANSWER_AT, n), "10.2", 4) == 0;
        count += shared;
        *first = n ? *first : shared;
    }
    return count;
}

/* The order goes by the weights of all holders, also of those whose keys were of no use: six that
 * are selected, of eight, to one. */
static void test_order(void **state)
{
    (void)state;
    enum { COUNT_EACH = 240, ROUNDS = 2000 };
    static const double share[] = {6 / 7.0, 1 / 7.0};
    unsigned seen[2] = {0}, client = 0;
    bool first = false;
    t = rig_with_max(2);
    for (unsigned i = 0; i < COUNT_EACH; i++) {
        char addrs[64];
        snprintf(addrs, sizeof(addrs), "10.2.0.%u", i / 8);
        register_at(i, 10, addrs, i % 8 < 6);
        snprintf(addrs, sizeof(addrs), "10.3.0.%u", i);
        register_at(COUNT_EACH + i, 10, addrs, true);
    }
    publish(t);
    do
        set_client(client++);
    while (shared_of_two(&first) != 1);
    for (unsigned n = 0; n < ROUNDS; n++) {
        assert_int_equal(shared_of_two(&first), 1);
        seen[!first]++;
    }
    assert_true(chi_square(seen, share, 2, ROUNDS) < 10.8); /* 1 degree, p = 0.001 */
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subsets),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

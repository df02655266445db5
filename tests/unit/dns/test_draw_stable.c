/* max_answers behind selectors of a large service: nobody who belongs to a client's subset is
 * passed over, whatever the weights and priorities are like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/draw.h"
#include "dns/state.h"
#include "unit/dns/answering.h"

enum { COUNT = 1500, MAX = 6, CLIENTS = 40 };

static struct rig *t;

struct one {
    unsigned weight, priority;
    bool portless; /* it has no SRV record */
};

/* Two of three are in the cluster `in`. */
static bool is_in(unsigned i)
{
    return i % 3 > 0;
}

static void start(struct one (*of)(unsigned i), uint32_t slices_max)
{
    t = rig_with_max(MAX);
    t->worker->slices_max = slices_max;
    for (unsigned i = 0; i < COUNT; i++) {
        char name[32], fields[160];
        struct one one = of(i);
        snprintf(name, sizeof(name), "big/instance-%05u", i);
        snprintf(fields, sizeof(fields), "addr=10.1.%u.%u w=%u priority=%u cluster=%s%s", i / 250,
                 1 + i % 250, one.weight, one.priority, is_in(i) ? "in" : "out",
                 one.portless ? "" : " port=80");
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

/* All that are selected and have such a record, in the client's order. */
static unsigned rank(struct one (*of)(unsigned i), uint16_t type, struct ranked list[COUNT])
{
    unsigned count = 0;
    for (unsigned i = 0; i < COUNT; i++)
        if (is_in(i) && (type != T_SRV || !of(i).portless))
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

static void check(struct one (*of)(unsigned i), uint32_t slices_max)
{
    static struct ranked list[COUNT];
    start(of, slices_max);
    for (unsigned c = 0; c < CLIENTS; c++) {
        set_client(t, c);
        rank(of, T_SRV, list);
        expect_first(list, MAX, T_SRV);
        rank(of, T_A, list);
        expect_first(list, ranked_addresses(list), T_A);
    }
    rig_free(t);
}

/* ---- cases --------------------------------------------------------------------------------- */

static struct one classes(unsigned i)
{
    return (struct one){i % 7 ? 10 + i % 5 : 5000, 0, false};
}

/* Few are better than all others. */
static struct one few_better(unsigned i)
{
    return (struct one){10 + i % 3, i % 400 == 1 ? 2 : 5, false};
}

static struct one many_priorities(unsigned i)
{
    return (struct one){1 + i % 9, 10 + i * 7 % 4, false};
}

/* Those that are not selected have all the weight. */
static struct one selected_zeros(unsigned i)
{
    return (struct one){is_in(i) ? 0 : 100, 0, false};
}

static struct one all_zeros(unsigned i)
{
    (void)i;
    return (struct one){0, 0, false};
}

/* Of the others the answers need some, and A has none. */
static struct one four_weighted(unsigned i)
{
    return (struct one){i % 400 == 1, 0, false};
}

/* And the heaviest are among these. */
static struct one some_portless(unsigned i)
{
    return (struct one){i % 4 ? 10 : 1000, 0, i % 4 == 0};
}

static void test_subsets(void **state)
{
    (void)state;
    struct one (*const of[])(unsigned i) = {classes,        few_better, many_priorities,
                                            selected_zeros, all_zeros,  four_weighted,
                                            some_portless};
    for (size_t n = 0; n < ARRAY_COUNT(of); n++)
        check(of[n], WORKER_SLICES);
}

/* In more slices than a worker keeps in mind. */
static void test_very_many(void **state)
{
    (void)state;
    check(many_priorities, 4);
    check(some_portless, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subsets),
        cmocka_unit_test(test_very_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

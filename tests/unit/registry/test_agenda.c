/* The agenda against a plain array: nothing comes early, nothing is left behind, whatever
 * the order of additions, moves, removals and leaps of time. */
#include "base/rand.h"
#include "registry/agenda.h"
#include "registry/bucket.h"
#include "unit/registry/fixture.h"

enum { NODES = 300, OPERATIONS = 60000 };

struct item {
    struct agenda_node node; /* first: it leads back here */
    unsigned number;
};

struct desk {
    struct pool pool;
    struct agenda agenda;
    struct item *items[NODES];
    uint64_t due[NODES]; /* AGENDA_NEVER = not there, or at the end of time */
    uint64_t now;
    struct rand rand;
    unsigned done;
};

static uint64_t some_time(struct desk *d)
{
    static const uint32_t spans[] = {1, 100, 5000, 300000, 2000000};
    return d->now + 1 + rand_below(&d->rand, spans[rand_below(&d->rand, ARRAY_COUNT(spans))]);
}

static unsigned number_of(const struct agenda_node *node)
{
    return ((const struct item *)node)->number;
}

static void open_desk(struct desk *d)
{
    d->agenda.pool = &d->pool;
    for (unsigned n = 0; n < NODES; n++) {
        assert_non_null(d->items[n] = pool_new(&d->pool, sizeof(struct item)));
        d->items[n]->number = n;
        agenda_add(&d->agenda, &d->items[n]->node, d->due[n] = AGENDA_NEVER);
    }
}

static void close_desk(struct desk *d)
{
    for (unsigned n = 0; n < NODES; n++) {
        agenda_remove(&d->agenda, &d->items[n]->node);
        pool_free(&d->pool, d->items[n]);
    }
    assert_true(agenda_next(&d->agenda) == AGENDA_NEVER);
    agenda_deinit(&d->agenda);
    pool_deinit(&d->pool);
}

/* The nearest one's key, or where the first slot begins that holds something. */
static void assert_next(const struct agenda *a)
{
    const struct heap_node *near = heap_first(&a->near);
    uint64_t next = near ? near->key : AGENDA_NEVER;
    for (uint32_t ahead = 0; a->far && ahead < AGENDA_SLOTS; ahead++) {
        uint64_t ms = a->until_ms + (uint64_t)ahead * AGENDA_SLOT_MS;
        if (!a->slots[ms / AGENDA_SLOT_MS % AGENDA_SLOTS])
            continue;
        next = ms < next ? ms : next;
        break;
    }
    assert_true(agenda_next(a) == next);
}

static void empty(struct desk *d)
{
    struct agenda_node *node;
    uint64_t key;
    while ((node = agenda_pull(&d->agenda, d->now, &key))) {
        assert_true(key <= d->due[number_of(node)]);
        agenda_add(&d->agenda, node, d->due[number_of(node)]);
    }
    while ((node = agenda_first(&d->agenda, d->now))) {
        unsigned n = number_of(node);
        assert_true(d->due[n] <= d->now);
        for (unsigned other = 0; other < NODES; other++)
            assert_true(d->due[other] >= d->due[n]);
        d->due[n] = rand_below(&d->rand, 8) ? some_time(d) : AGENDA_NEVER;
        agenda_move(&d->agenda, node, d->due[n]);
        d->done++;
    }
    uint64_t first = AGENDA_NEVER;
    for (unsigned n = 0; n < NODES; n++)
        first = d->due[n] < first ? d->due[n] : first;
    assert_true(first > d->now);
    assert_true(agenda_next(&d->agenda) > d->now);
    assert_true(agenda_next(&d->agenda) <= first);
    if (first == AGENDA_NEVER)
        assert_true(agenda_next(&d->agenda) == AGENDA_NEVER);
}

static void test_agenda(void **state)
{
    (void)state;
    static struct desk d;
    rand_seed(&d.rand, 3);
    open_desk(&d);
    empty(&d);
    for (unsigned operation = 0; operation < OPERATIONS; operation++) {
        unsigned n = rand_below(&d.rand, NODES), what = rand_below(&d.rand, 100);
        if (what < 40) {
            d.due[n] = some_time(&d);
            agenda_move(&d.agenda, &d.items[n]->node, d.due[n]);
        } else if (what < 50) {
            d.due[n] = AGENDA_NEVER;
            agenda_remove(&d.agenda, &d.items[n]->node);
        } else {
            d.now += rand_below(&d.rand, what == 99 ? 1500000 : 50);
            empty(&d);
        }
        assert_next(&d.agenda);
    }
    assert_true(d.done > 10000);
    close_desk(&d);
}

/* What happens between two pulls of one slot must not matter. */
static void test_change_while_pulling(void **state)
{
    (void)state;
    static struct agenda a;
    struct pool pool = {0};
    struct agenda_node *nodes[4], *pulled;
    uint64_t key;
    a.pool = &pool;
    for (unsigned n = 0; n < 4; n++)
        assert_non_null(nodes[n] = pool_new(&pool, sizeof(*nodes[n])));
    for (unsigned n = 0; n < 4; n++)
        agenda_add(&a, nodes[n], 1000 + n);
    assert_non_null(pulled = agenda_pull(&a, 1000, &key));
    agenda_add(&a, pulled, 1001);
    for (unsigned n = 0; n < 4; n++)
        if (nodes[n] != pulled)
            agenda_move(&a, nodes[n], 1002 + n);
    assert_null(agenda_pull(&a, 1000, &key));
    assert_null(agenda_first(&a, 1000));
    assert_ptr_equal(agenda_first(&a, 1001), pulled);
    assert_int_equal(agenda_next(&a), 1001);
    for (unsigned n = 0; n < 4; n++)
        agenda_remove(&a, nodes[n]);
    agenda_deinit(&a);
    for (unsigned n = 0; n < 4; n++)
        pool_free(&pool, nodes[n]);
    pool_deinit(&pool);
}

static void test_bucket(void **state)
{
    (void)state;
    struct bucket b = {0};
    bucket_fill(&b, 100, 30000, 1000000);
    for (unsigned n = 0; n < 100; n++) {
        assert_true(bucket_has_token(&b));
        bucket_take(&b);
    }
    assert_false(bucket_has_token(&b));
    assert_int_equal(bucket_next(&b, 5), 1000301); /* one each 300 ms; rounded up */
    unsigned taken = 0;
    for (uint64_t ms = 1000001; ms <= 1030000; ms++) {
        bucket_fill(&b, 100, 30000, ms);
        while (bucket_has_token(&b)) {
            bucket_take(&b);
            taken++;
        }
    }
    assert_in_range(taken, 99, 100);
    bucket_fill(&b, 100, 30000, 5000000); /* never more than full */
    for (taken = 0; bucket_has_token(&b); taken++)
        bucket_take(&b);
    assert_int_equal(taken, 100);
    bucket_fill(&b, 1000000, 30000, 5000030);
    assert_true(bucket_next(&b, 1000000) <= 5000030 + 301); /* a hundredth is worth it */
    for (taken = 0; bucket_has_token(&b); taken++)
        bucket_take(&b);
    assert_in_range(taken, 999, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agenda),
        cmocka_unit_test(test_change_while_pulling),
        cmocka_unit_test(test_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The table of names, against a naive model and under readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "dns/leaf.h"
#include "dns/table.h"
#include "dns/zone.h"

static const struct hash_key key = {{1, 2, 3}};

static struct name parsed(const char *text)
{
    struct name n;
    assert_int_equal(name_parse(text_of(text), &n), ERR_OK);
    return n;
}

static const struct node *look(const struct table *t, const char *text)
{
    struct name n = parsed(text);
    return table_find(t, n.wire, n.size);
}

static void put(struct table *t, const struct zone *zone, const char *text, enum node_kind kind)
{
    struct name n = parsed(text);
    assert_int_equal(table_put(t, &n, zone, kind, NULL, NULL, 0), ERR_OK);
}

static void cut(struct table *t, const char *text)
{
    struct name n = parsed(text);
    assert_int_equal(table_remove(t, &n), ERR_OK);
}

static void test_empty_non_terminals(void **state)
{
    (void)state;
    struct zone zone = {.apex = parsed("z.")};
    struct table *t = table_new(&key);
    put(t, &zone, "z.", NODE_STATIC);
    put(t, &zone, "_user.rpc._tcp.z.", NODE_SERVICE_TCP);
    assert_int_equal(table_count(t), 4);
    assert_int_equal(look(t, "rpc._tcp.z.")->kind, NODE_EMPTY);
    assert_int_equal(look(t, "_tcp.z.")->kind, NODE_EMPTY);
    assert_ptr_equal(look(t, "_tcp.z.")->zone, &zone);
    assert_null(look(t, "user.rpc._tcp.z."));

    put(t, &zone, "rpc._tcp.z.", NODE_STATIC); /* takes the place of the empty one */
    put(t, &zone, "a._tcp.z.", NODE_SERVICE_TCP);
    assert_int_equal(table_count(t), 5);
    cut(t, "rpc._tcp.z."); /* something is below: empty again */
    assert_int_equal(look(t, "rpc._tcp.z.")->kind, NODE_EMPTY);
    cut(t, "_user.rpc._tcp.z.");
    assert_null(look(t, "rpc._tcp.z."));
    assert_int_equal(look(t, "_tcp.z.")->kind, NODE_EMPTY);
    cut(t, "a._tcp.z.");
    assert_null(look(t, "_tcp.z."));
    cut(t, "a._tcp.z."); /* once more: nothing happens */
    assert_int_equal(table_count(t), 1);
    assert_int_equal(look(t, "z.")->kind, NODE_STATIC);
    table_free(t);
    rcu_drain();
}

static void test_closest(void **state)
{
    (void)state;
    struct zone zone = {.apex = parsed("disc.local.")};
    struct table *t = table_new(&key);
    unsigned left = 99;
    struct name n = parsed("a.b.c.user.rpc.disc.local.");
    assert_null(table_closest(t, &n, &left));
    put(t, &zone, "disc.local.", NODE_STATIC);
    put(t, &zone, "user.rpc.disc.local.", NODE_SERVICE);
    assert_int_equal(table_closest(t, &n, &left)->kind, NODE_SERVICE);
    assert_int_equal(left, 3);
    n = parsed("x.rpc.disc.local.");
    assert_int_equal(table_closest(t, &n, &left)->kind, NODE_EMPTY);
    assert_int_equal(left, 1);
    n = parsed("x.disc.local.");
    assert_int_equal(table_closest(t, &n, &left)->kind, NODE_STATIC);
    assert_int_equal(left, 1);
    n = parsed("user.rpc.disc.local.");
    assert_int_equal(table_closest(t, &n, &left)->kind, NODE_SERVICE);
    assert_int_equal(left, 0);
    n = parsed("local.");
    assert_null(table_closest(t, &n, &left));
    table_free(t);
    rcu_drain();
}

static unsigned skipped(const struct table *t, const char *text)
{
    struct name n = parsed(text);
    return table_skip(t, &n);
}

/* Names below "_tcp" do not make others deeper. */
static void test_skip(void **state)
{
    (void)state;
    struct zone zone = {.apex = parsed("disc.local.")};
    struct table *t = table_new(&key);
    assert_int_equal(skipped(t, "disc.local."), 2);
    put(t, &zone, "disc.local.", NODE_STATIC);
    put(t, &zone, "hello.disc.local.", NODE_SERVICE);
    put(t, &zone, "_hello._tcp.disc.local.", NODE_SERVICE_TCP);
    assert_int_equal(skipped(t, "."), 0);
    assert_int_equal(skipped(t, "missing.disc.local."), 0);
    assert_int_equal(skipped(t, "i.hello.disc.local."), 1);
    assert_int_equal(skipped(t, "1.version.hello.disc.local."), 2);
    assert_int_equal(skipped(t, "_other._tcp.disc.local."), 0);
    assert_int_equal(skipped(t, "i._tcp.disc.local."), 0); /* "b._dns-sd" is such a name */
    assert_int_equal(skipped(t, "i._hello._tcp.disc.local."), 1);
    assert_int_equal(skipped(t, "_http._tcp.hello.disc.local."), 1);

    put(t, &zone, "user.rpc.disc.local.", NODE_SERVICE);
    assert_int_equal(skipped(t, "i.hello.disc.local."), 0);
    cut(t, "user.rpc.disc.local.");
    assert_int_equal(skipped(t, "i.hello.disc.local."), 1);
    put(t, &zone, "a.b._hello._tcp.disc.local.", NODE_STATIC);
    assert_int_equal(skipped(t, "i._hello._tcp.disc.local."), 0);
    assert_int_equal(skipped(t, "i.hello.disc.local."), 1);
    table_free(t);
    rcu_drain();
}

static void test_root_zone(void **state)
{
    (void)state;
    struct zone zone = {.apex = parsed(".")};
    struct table *t = table_new(&key);
    unsigned left;
    put(t, &zone, ".", NODE_STATIC);
    put(t, &zone, "a.b.", NODE_STATIC);
    struct name n = parsed("x.y.b.");
    assert_int_equal(table_closest(t, &n, &left)->kind, NODE_EMPTY);
    assert_int_equal(left, 2);
    cut(t, "a.b.");
    assert_int_equal(table_count(t), 1);
    table_free(t);
    rcu_drain();
}

/* ---- against a model ------------------------------------------------------------------ */

/* Names of up to 4 labels out of {a, b, _} below the zone, as numbers in base 4 (0 =
 * no more labels). */
enum { MODEL_NAMES = 256 };

static bool model_valid(unsigned n)
{
    while (n && n % 4)
        n /= 4;
    return n == 0;
}

static void model_name(unsigned n, struct name *out)
{
    char text[32] = "";
    for (; n; n /= 4) /* the lowest digit is the label next to the zone */
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%c.", "ab_"[n % 4 - 1]);
    char turned[64] = "";
    for (size_t i = strlen(text); i > 0; i -= 2)
        snprintf(turned + strlen(turned), sizeof(turned) - strlen(turned), "%c.", text[i - 2]);
    strcat(turned, "z.");
    *out = parsed(turned);
}

static bool model_is_below(unsigned n, unsigned top)
{
    for (; top; n /= 4, top /= 4)
        if (n % 4 != top % 4)
            return false;
    return true;
}

static enum node_kind model_kind(const int *kinds, unsigned n, bool *exists)
{
    *exists = kinds[n] > 0;
    if (*exists)
        return (enum node_kind)kinds[n];
    for (unsigned i = 1; i < MODEL_NAMES && !*exists; i++)
        *exists = kinds[i] && model_is_below(i, n);
    return NODE_EMPTY;
}

static void compare_all(const struct table *t, const int *kinds)
{
    uint64_t count = 0;
    for (unsigned n = 1; n < MODEL_NAMES; n++) {
        if (!model_valid(n))
            continue;
        struct name name;
        bool exists;
        enum node_kind kind = model_kind(kinds, n, &exists);
        model_name(n, &name);
        const struct node *node = table_find(t, name.wire, name.size);
        assert_int_equal(node != NULL, exists);
        if (exists)
            assert_int_equal(node->kind, kind);
        count += exists;
        unsigned left, steps = 0;
        for (unsigned up = n; up && !exists; steps++) { /* to the closest that exists */
            unsigned digits = 1;
            while (up / (digits * 4))
                digits *= 4;
            up %= digits;
            model_kind(kinds, up, &exists);
            exists |= up == 0;
        }
        assert_non_null(table_closest(t, &name, &left));
        assert_int_equal(left, steps);
    }
    assert_int_equal(table_count(t), count + 1);
}

static void test_model(void **state)
{
    (void)state;
    struct zone zone = {.apex = parsed("z.")};
    struct table *t = table_new(&key);
    int kinds[MODEL_NAMES] = {0};
    struct rand r;
    rand_seed(&r, 7);
    put(t, &zone, "z.", NODE_STATIC);
    for (unsigned step = 0; step < 3000; step++) {
        unsigned n = rand_below(&r, MODEL_NAMES);
        if (n == 0 || !model_valid(n))
            continue;
        struct name name;
        model_name(n, &name);
        /* Long stretches of growth and of decay, so that pruning goes all the way. */
        if (rand_below(&r, 10) < (step / 300 % 2 ? 8u : 2u)) {
            if (kinds[n])
                assert_int_equal(table_remove(t, &name), ERR_OK);
            kinds[n] = 0;
        } else {
            kinds[n] = (int)(1 + rand_below(&r, 4));
            assert_int_equal(table_put(t, &name, &zone, (enum node_kind)kinds[n], NULL, NULL, 0),
                             ERR_OK);
        }
        if (step % 10 == 0)
            compare_all(t, kinds);
    }
    compare_all(t, kinds);
    table_free(t);
    rcu_drain();
}

static void test_many(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct zone zone = {.apex = parsed("z.")};
    struct table *t = table_new(&key);
    char text[64];
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            snprintf(text, sizeof(text), "s%u._tcp.z.", i);
            put(t, &zone, text, NODE_SERVICE_TCP);
        }
        assert_int_equal(table_count(t), MANY + 2);
        for (unsigned i = 0; i < MANY; i++) {
            snprintf(text, sizeof(text), "s%u._tcp.z.", i);
            assert_non_null(look(t, text));
            cut(t, text);
            assert_null(look(t, text));
        }
        assert_int_equal(table_count(t), 0);
    }
    table_free(t);
    rcu_drain();
}

/* ---- readers and a writer --------------------------------------------------------------- */

struct shared {
    struct table *table;
    struct name stays, missing;
    void (*once)(struct shared *s,
                 struct rand *r); /* by a reader that is online, again and again */
    pthread_t threads[2];
    unsigned thread_count;
    _Atomic bool stop;
    _Atomic uint64_t seeds, rounds, wrong;
};

static void expect_that(struct shared *s, bool right)
{
    if (!right)
        atomic_fetch_add(&s->wrong, 1);
}

static void *reader(void *context)
{
    struct shared *s = context;
    struct rand r;
    rand_seed(&r, atomic_fetch_add(&s->seeds, 1));
    rcu_reader_start();
    while (!atomic_load(&s->stop)) {
        rcu_reader_online();
        s->once(s, &r);
        rcu_reader_offline();
        atomic_fetch_add(&s->rounds, 1);
    }
    rcu_reader_stop();
    return NULL;
}

static void start_readers(struct shared *s, unsigned count,
                          void (*once)(struct shared *s, struct rand *r))
{
    s->once = once;
    for (s->thread_count = 0; s->thread_count < count; s->thread_count++)
        assert_int_equal(pthread_create(&s->threads[s->thread_count], NULL, reader, s), 0);
}

/* Nothing wrong was seen. */
static void stop_readers(struct shared *s)
{
    atomic_store(&s->stop, true);
    for (unsigned i = 0; i < s->thread_count; i++)
        pthread_join(s->threads[i], NULL);
    assert_int_equal(atomic_load(&s->wrong), 0);
    table_free(s->table);
    rcu_drain();
}

static void look_at_random(struct shared *s, struct rand *r)
{
    unsigned left;
    const struct node *n = table_find(s->table, s->stays.wire, s->stays.size);
    expect_that(s, n && n->size == s->stays.size && !memcmp(n->name, s->stays.wire, n->size));
    n = table_closest(s->table, &s->missing, &left);
    expect_that(s, n && left >= 1);
    for (unsigned i = 0; i < 8; i++) {
        char text[32];
        struct name name;
        snprintf(text, sizeof(text), "s%u.x%u.z.", rand_below(r, 50), rand_below(r, 20));
        if (name_parse(text_of(text), &name))
            continue;
        n = table_find(s->table, name.wire, name.size);
        expect_that(s, !n || (n->kind == NODE_SERVICE && !memcmp(n->name, name.wire, name.size)));
    }
}

static void write_some(struct table *t, const struct zone *zone, struct rand *r)
{
    char text[32];
    snprintf(text, sizeof(text), "s%u.x%u.z.", rand_below(r, 50), rand_below(r, 20));
    struct name name = parsed(text);
    if (rand_below(r, 2))
        assert_int_equal(table_put(t, &name, zone, NODE_SERVICE, NULL, NULL, 0), ERR_OK);
    else
        assert_int_equal(table_remove(t, &name), ERR_OK);
}

static void test_readers(void **state)
{
    (void)state;
    struct zone zone = {.apex = parsed("z.")};
    struct shared s = {.table = table_new(&key),
                       .stays = parsed("stays.x1.z."),
                       .missing = parsed("a.b.nowhere.z.")};
    struct rand r;
    rand_seed(&r, 11);
    put(s.table, &zone, "z.", NODE_STATIC);
    put(s.table, &zone, "stays.x1.z.", NODE_STATIC);
    start_readers(&s, 2, look_at_random);
    /* Work, not time, bounds the loop: both sides have to have done enough. */
    for (unsigned i = 0; i < 20000 || atomic_load(&s.rounds) < 2000; i++)
        write_some(s.table, &zone, &r);
    stop_readers(&s);
}

/* Names that are there are found at every moment of a growth from nothing to many, and of the
 * decay that follows. */
static void look_at_two(struct shared *s, struct rand *r UNUSED)
{
    unsigned left;
    for (unsigned i = 0; i < 100; i++) {
        const struct node *n = table_find(s->table, s->stays.wire, s->stays.size);
        expect_that(s, n && n->kind == NODE_STATIC);
        n = table_closest(s->table, &s->missing, &left);
        expect_that(s, n && n->kind == NODE_STATIC && left == 3);
    }
}

static void test_growth_under_readers(void **state)
{
    (void)state;
    enum { MANY = 30000 };
    struct zone zone = {.apex = parsed("z.")};
    struct shared s = {
        .table = table_new(&key), .stays = parsed("stays.z."), .missing = parsed("a.b.nowhere.z.")};
    char text[32];
    put(s.table, &zone, "z.", NODE_STATIC);
    put(s.table, &zone, "stays.z.", NODE_STATIC);
    start_readers(&s, 1, look_at_two);
    for (unsigned round = 0; round < 2 || atomic_load(&s.rounds) < 100; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            snprintf(text, sizeof(text), "n%u.z.", i);
            put(s.table, &zone, text, NODE_SERVICE);
        }
        assert_int_equal(table_count(s.table), MANY + 2);
        put(s.table, &zone, "stays.z.", NODE_STATIC); /* another node takes its place */
        for (unsigned i = 0; i < MANY; i++) {
            snprintf(text, sizeof(text), "n%u.z.", i);
            cut(s.table, text);
        }
        assert_int_equal(table_count(s.table), 2);
    }
    stop_readers(&s);
}

/* ---- leaves ------------------------------------------------------------------------------ */

enum { LEAF_RECORDS = 20, LEAF_BYTES = 200 };

/* All its data are the same byte. */
static struct leaf *leaf_with(const char *owner, uint8_t byte)
{
    uint8_t data[LEAF_RECORDS][LEAF_BYTES];
    struct leaf_record records[LEAF_RECORDS];
    struct name name = parsed(owner);
    struct leaf *leaf;
    memset(data, byte, sizeof(data));
    for (size_t i = 0; i < LEAF_RECORDS; i++)
        records[i] = (struct leaf_record){16, (uint16_t)(LEAF_BYTES - i), 5, data[i]};
    assert_int_equal(leaf_new(&name, records, LEAF_RECORDS, &leaf), ERR_OK);
    return leaf;
}

static void put_leaf(struct table *t, const struct zone *zone, struct leaf *leaf)
{
    assert_int_equal(table_put_leaf(t, &leaf->owner, zone, leaf), ERR_OK);
}

static uint32_t references(const struct leaf *leaf)
{
    return atomic_load(&leaf->refs);
}

static bool is_whole_leaf(const struct node *n)
{
    const struct rrset *set = &n->rrsets[0];
    bool whole = n->kind == NODE_LEAF && n->rrset_count == 1 && set->count == LEAF_RECORDS;
    for (unsigned i = 0; whole && i < set->count; i++)
        for (unsigned k = 0; whole && k < set->sizes[i]; k++)
            whole = set->rdata[i][k] == set->rdata[0][0];
    return whole;
}

static struct table *full_table(const struct zone *zone)
{
    enum { MANY = 20000 };
    struct table *t = table_new(&key);
    char text[32];
    assert_non_null(t);
    put(t, zone, "z.", NODE_STATIC);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "n%u.z.", i);
        put(t, zone, text, NODE_STATIC);
    }
    return t;
}

/* What left the table is let go of after the grace period, however seldom its shard's array is
 * made anew. */
static void test_leaves_go(void **state)
{
    (void)state;
    enum { CHANGES = 40 };
    struct zone zone = {.apex = parsed("z.")};
    struct table *t = full_table(&zone);
    struct leaf *leaves[CHANGES];
    for (unsigned i = 0; i < CHANGES; i++) {
        leaves[i] = leaf_with("hot.z.", (uint8_t)i);
        if (i % 4 == 1)
            cut(t, "hot.z.");
        if (i % 4 == 2)
            put(t, &zone, "hot.z.", NODE_SERVICE);
        put_leaf(t, &zone, leaves[i]);
        assert_true(references(leaves[i]) == 2);
    }
    rcu_drain();
    for (unsigned i = 0; i < CHANGES; i++) {
        assert_int_equal(references(leaves[i]), i + 1 < CHANGES ? 1 : 2);
        leaf_unref(leaves[i]);
    }
    table_free(t); /* with the last leaf */
    rcu_drain();
}

/* Not before it. */
static void test_leaf_stays_for_readers(void **state)
{
    (void)state;
    struct zone zone = {.apex = parsed("z.")};
    struct table *t = full_table(&zone);
    struct leaf *first = leaf_with("hot.z.", 1), *second = leaf_with("hot.z.", 2);
    put_leaf(t, &zone, first);
    rcu_reader_start();
    rcu_reader_online();
    const struct node *before = look(t, "hot.z.");
    put_leaf(t, &zone, second);
    const struct node *after = look(t, "hot.z.");
    cut(t, "hot.z.");
    assert_null(look(t, "hot.z."));
    assert_int_equal(references(first), 2);
    assert_int_equal(references(second), 2);
    assert_true(is_whole_leaf(before) && before->rrsets[0].rdata[0][0] == 1);
    assert_true(is_whole_leaf(after) && after->rrsets[0].rdata[0][0] == 2);
    rcu_reader_offline();
    rcu_reader_stop();
    rcu_drain();
    assert_int_equal(references(first), 1);
    assert_int_equal(references(second), 1);
    leaf_unref(first);
    leaf_unref(second);
    table_free(t);
    rcu_drain();
}

static void look_at_leaves(struct shared *s, struct rand *r UNUSED)
{
    for (unsigned i = 0; i < 20; i++) {
        const struct node *n = table_find(s->table, s->stays.wire, s->stays.size);
        expect_that(s, n && is_whole_leaf(n));
        n = table_find(s->table, s->missing.wire, s->missing.size);
        expect_that(s, !n || is_whole_leaf(n));
    }
}

/* One leaf is replaced, another one comes and goes. */
static void test_leaves_under_readers(void **state)
{
    (void)state;
    struct zone zone = {.apex = parsed("z.")};
    struct shared s = {
        .table = full_table(&zone), .stays = parsed("hot.z."), .missing = parsed("new.z.")};
    struct leaf *leaf = leaf_with("hot.z.", 0);
    put_leaf(s.table, &zone, leaf);
    leaf_unref(leaf);
    start_readers(&s, 2, look_at_leaves);
    for (unsigned i = 1; i < 3000 || atomic_load(&s.rounds) < 500; i++) {
        leaf = leaf_with(i % 3 ? "hot.z." : "new.z.", (uint8_t)i);
        put_leaf(s.table, &zone, leaf);
        leaf_unref(leaf);
        if (i % 3 == 1)
            cut(s.table, "new.z.");
    }
    stop_readers(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_non_terminals),
        cmocka_unit_test(test_closest),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_root_zone),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_growth_under_readers),
        cmocka_unit_test(test_leaves_go),
        cmocka_unit_test(test_leaf_stays_for_readers),
        cmocka_unit_test(test_leaves_under_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the table says of names at and below delegations, DNAMEs and wildcards, against a
 * naive model; names that are held; leaves that nodes hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "base/rcu.h"
#include "dns/leaf.h"
#include "dns/table.h"
#include "dns/wire.h"
#include "dns/zone.h"

static const struct hash_key key = {{1, 2, 3}};

/* All names of up to three of these labels below "z." */
static const char *const labels[] = {"a", "b", "*"};
enum { LABELS = 3, NAMES = LABELS + LABELS * LABELS + LABELS * LABELS * LABELS };

/* What may stand at a name. */
enum content { NOTHING, PLAIN, CUT, DNAME, CONTENTS };
static const struct rrset sets[CONTENTS] = {
    [PLAIN] = {.type = TYPE_TXT}, [CUT] = {.type = TYPE_NS}, [DNAME] = {.type = TYPE_DNAME}};

struct model {
    struct name names[NAMES];
    enum content content[NAMES];
};

static struct name parsed(const char *text)
{
    struct name n;
    assert_int_equal(name_parse(text_of(text), &n), ERR_OK);
    return n;
}

static void name_all(struct model *m)
{
    struct name apex = parsed("z.");
    for (unsigned i = 0; i < NAMES; i++) {
        struct name above = apex;
        unsigned parent = i < LABELS ? NAMES : (i - LABELS) / LABELS;
        if (parent < NAMES)
            above = m->names[parent];
        assert_int_equal(name_join(text_of(labels[i % LABELS]), &above, &m->names[i]), ERR_OK);
    }
}

static const struct node *look(const struct table *t, const struct name *n)
{
    return table_find(t, n->wire, n->size);
}

static bool is_at_or_below(const struct model *m, unsigned low, unsigned top)
{
    return name_is_below(&m->names[low], &m->names[top]);
}

static bool is_occluded(const struct model *m, unsigned i)
{
    for (unsigned top = 0; top < NAMES; top++)
        if (top != i && m->content[top] >= CUT && is_at_or_below(m, i, top))
            return true;
    return false;
}

static bool exists(const struct model *m, unsigned i)
{
    for (unsigned low = 0; low < NAMES; low++)
        if (m->content[low] != NOTHING && is_at_or_below(m, low, i))
            return true;
    return false;
}

/* The wildcard directly below, that is. */
static bool is_wild(const struct model *m, unsigned i)
{
    unsigned star = LABELS + i * LABELS + LABELS - 1;
    return star < NAMES && exists(m, star);
}

static uint8_t expected(const struct model *m, unsigned i)
{
    return (m->content[i] == CUT ? NODE_CUT : 0) | (m->content[i] == DNAME ? NODE_DNAME : 0) |
           (is_occluded(m, i) ? NODE_OCCLUDED : 0) | (is_wild(m, i) ? NODE_WILD : 0);
}

static void compare(const struct model *m, const struct table *t, const struct zone *zone)
{
    for (unsigned i = 0; i < NAMES; i++) {
        const struct node *n = look(t, &m->names[i]);
        assert_int_equal(n != NULL, exists(m, i));
        if (n)
            assert_int_equal(node_traits(n), expected(m, i));
        assert_int_equal(table_occluded(t, &m->names[i], zone),
                         is_occluded(m, i) || m->content[i] == CUT);
    }
}

static void test_model(void **state)
{
    (void)state;
    struct zone zone = {.apex = parsed("z.")};
    struct table *t = table_new(&key);
    struct model m = {0};
    struct rand r;
    rand_seed(&r, 20260901);
    name_all(&m);
    assert_int_equal(table_put(t, &zone.apex, &zone, NODE_STATIC, NULL, NULL, 0), ERR_OK);
    for (unsigned round = 0; round < 4000; round++) {
        unsigned i = rand_below(&r, NAMES);
        m.content[i] = rand_below(&r, 3) ? NOTHING : (enum content)rand_below(&r, CONTENTS);
        enum err err = m.content[i] == NOTHING ? table_remove(t, &m.names[i])
                                               : table_put(t, &m.names[i], &zone, NODE_LEAF, NULL,
                                                           &sets[m.content[i]], 1);
        assert_int_equal(err, ERR_OK);
        compare(&m, t, &zone);
    }
    table_free(t);
    rcu_drain();
}

/* NS at the apex delegates nothing, and what is in another zone is not below anything. */
static void test_zones(void **state)
{
    (void)state;
    struct zone zone = {.apex = parsed("z.")}, inner = {.apex = parsed("a.b.z.")};
    struct table *t = table_new(&key);
    struct name b = parsed("b.z."), x = parsed("x.a.b.z.");
    assert_int_equal(table_put(t, &zone.apex, &zone, NODE_STATIC, NULL, &sets[CUT], 1), ERR_OK);
    assert_int_equal(table_put(t, &inner.apex, &inner, NODE_STATIC, NULL, &sets[CUT], 1), ERR_OK);
    assert_int_equal(table_put(t, &x, &inner, NODE_STATIC, NULL, &sets[PLAIN], 1), ERR_OK);
    assert_null(look(t, &b));
    assert_int_equal(table_hold(t, &b, &zone), ERR_OK);
    assert_int_equal(look(t, &b)->kind, NODE_EMPTY);
    assert_int_equal(table_put(t, &b, &zone, NODE_LEAF, NULL, &sets[CUT], 1), ERR_OK);
    assert_int_equal(node_traits(look(t, &b)), NODE_CUT);
    assert_int_equal(node_traits(look(t, &zone.apex)), 0);
    assert_int_equal(node_traits(look(t, &inner.apex)), 0);
    assert_int_equal(node_traits(look(t, &x)), 0);
    assert_false(table_occluded(t, &x, &inner));
    assert_int_equal(table_remove(t, &b), ERR_OK);
    assert_int_equal(look(t, &b)->kind, NODE_EMPTY); /* it is still held */
    table_free(t);
    rcu_drain();
}

static void test_leaf(void **state)
{
    (void)state;
    struct zone zone = {.apex = parsed("z.")};
    struct table *t = table_new(&key);
    struct name n = parsed("*.a.z.");
    struct leaf *leaf;
    const struct leaf_record record = {
        .type = TYPE_TXT, .size = 2, .ttl = 1, .rdata = (const uint8_t *)"\1x"};
    assert_int_equal(leaf_new(&n, &record, 1, &leaf), ERR_OK);
    for (unsigned i = 0; i < 3; i++) { /* shown, hidden, shown: each node has its own reference */
        assert_int_equal(table_put_leaf(t, &n, &zone, leaf), ERR_OK);
        assert_int_equal(look(t, &n)->kind, NODE_LEAF);
        assert_ptr_equal(look(t, &n)->rrsets, leaf->rrsets);
        if (i < 2)
            assert_int_equal(table_remove(t, &n), ERR_OK);
        rcu_drain();
        assert_int_equal(leaf->rrsets[0].type, TYPE_TXT);
    }
    leaf_unref(leaf); /* the table's is left */
    assert_int_equal(look(t, &n)->rrsets[0].type, TYPE_TXT);
    table_free(t);
    rcu_drain();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_leaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/store/common.h"

static void changes_come_back_in_their_order(void **state UNUSED)
{
    struct store_batch *b = graves(0, 5000); /* several blocks */
    struct batch_place place = {0};
    struct batch_change change;
    add(b, STORE_OVERRIDES, TEXT("default/web/a"), NULL, 5000);
    assert_int_equal(store_batch_count(b), 5001);
    assert_int_equal(store_batch_last(b), 5000);
    for (unsigned n = 0; n < 5000; n++) {
        char key[64];
        struct entry entry;
        snprintf(key, sizeof key, "default/web/g%u", n);
        assert_true(batch_next(b, &place, &change));
        assert_int_equal(change.table, STORE_INSTANCES);
        assert_true(text_is(change.key, text_of(key)));
        assert_int_equal(value_decode(change.table, change.key, change.value, &entry), VALUE_FINE);
        assert_int_equal(entry.grave.floor, n);
    }
    assert_true(batch_next(b, &place, &change));
    assert_int_equal(change.table, STORE_OVERRIDES);
    assert_null(change.value.s);
    assert_false(batch_next(b, &place, &change));
    store_batch_free(b);
}

static void reserved_room_is_enough(void **state UNUSED)
{
    struct store_batch *b = batch_new();
    struct writer w;
    assert_int_equal(batch_reserve(b, 1000000), ERR_OK);
    for (unsigned n = 0; n < 1000000 / 100; n++) {
        assert_true(batch_has_room(b, 100));
        batch_begin(b, STORE_INSTANCES, TEXT("a/b/c"), &w);
        assert_non_null(write_space(&w, 100 - BATCH_CHANGE_OVERHEAD - 5));
        batch_end(b, &w, n + 1);
    }
    assert_false(batch_has_room(b, 1));
    /* What does not fit is left out. */
    batch_begin(b, STORE_INSTANCES, TEXT("a/b/c"), &w);
    assert_true(w.full);
    batch_end(b, &w, 10001);
    assert_int_equal(store_batch_count(b), 10000);
    assert_int_equal(store_batch_last(b), 10000);
    store_batch_free(b);
}

static void count_removed(void *context, enum store_table table UNUSED, struct text key UNUSED,
                          struct text value)
{
    unsigned *counts = context;
    counts[value.s == NULL]++;
}

static void visiting(void **state UNUSED)
{
    unsigned counts[2] = {0};
    struct store_batch *b = graves(0, 7);
    add(b, STORE_INSTANCES, TEXT("default/web/g1"), NULL, 7);
    store_batch_visit(b, count_removed, counts);
    assert_int_equal(counts[0], 7);
    assert_int_equal(counts[1], 1);
    store_batch_free(b);
    b = batch_new();
    store_batch_visit(b, count_removed, counts);
    assert_int_equal(counts[0] + counts[1], 8);
    store_batch_free(b);
    store_batch_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_come_back_in_their_order),
        cmocka_unit_test(reserved_room_is_enough),
        cmocka_unit_test(visiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

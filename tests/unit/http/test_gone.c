/* The ring of forgotten services: the last ones in order, and from where on it knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "http/gone.h"

static void note(struct gone *g, uint64_t index)
{
    char name[24];
    int n = snprintf(name, sizeof(name), "s%ju", (uintmax_t)index);
    gone_note(g, TEXT("default"), (struct text){name, (size_t)n}, index);
}

/* All of it from `since` on are the indexes from `first` to `last`, by `step`. */
static void assert_after(const struct gone *g, uint64_t since, uint64_t first, uint64_t last,
                         uint64_t step)
{
    struct text ns, service;
    uint64_t index = since, expected = first;
    char name[24];

    while (gone_after(g, index, &index, &ns, &service)) {
        assert_int_equal(index, expected);
        snprintf(name, sizeof(name), "s%ju", (uintmax_t)expected);
        assert_true(text_is(service, text_of(name)));
        assert_true(text_is(ns, TEXT("default")));
        expected += step;
    }
    assert_int_equal(expected, last + step);
}

static void test_empty(void **state)
{
    struct gone *g = calloc(1, sizeof(*g));
    struct text ns, service;
    uint64_t index;
    (void)state;

    assert_false(gone_after(g, 0, &index, &ns, &service));
    gone_deinit(g);
    free(g);
}

static void test_order(void **state)
{
    struct gone *g = calloc(1, sizeof(*g));
    (void)state;

    for (uint64_t index = 10; index <= 50; index += 10)
        note(g, index);
    assert_int_equal(g->floor, 0);
    assert_after(g, 0, 10, 50, 10);
    assert_after(g, 9, 10, 50, 10);
    assert_after(g, 10, 20, 50, 10);
    assert_after(g, 45, 50, 50, 10);
    assert_after(g, 50, 60, 50, 10);
    gone_deinit(g);
    assert_int_equal(g->count, 0);
    free(g);
}

static void test_overflow(void **state)
{
    struct gone *g = calloc(1, sizeof(*g));
    (void)state;

    for (uint64_t index = 1; index <= GONE_MAX * 5 / 2; index++) {
        note(g, index);
        assert_int_equal(g->floor, index > GONE_MAX ? index - GONE_MAX : 0);
        if (index % 100 == 0)
            assert_after(g, g->floor, g->floor + 1, index, 1);
    }
    assert_int_equal(g->count, GONE_MAX);
    gone_deinit(g);
    free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

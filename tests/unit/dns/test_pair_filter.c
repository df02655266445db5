/* What a large service has no selector for is told without a look at its slices; what it has is
 * always found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "dns/compile.h"
#include "unit/dns/registered.h"

enum { SIZE = 1000, OTHERS = 2000 };

struct fixture {
    struct registry *registry;
    struct zone *zone;
    struct view *view;
    uint64_t now;
};

static struct compile_context context_of(const struct fixture *f)
{
    return (struct compile_context){f->registry, f->zone, NULL, &test_key};
}

static const struct service *service_of(const struct fixture *f)
{
    return registry_service(f->registry, TEXT("default"), TEXT("web"));
}

static void put(struct fixture *f, unsigned i, unsigned tag, unsigned weight)
{
    char name[32], fields[96];
    snprintf(name, sizeof(name), "web/i%u", i);
    snprintf(fields, sizeof(fields), "addr=10.0.0.1 port=80 version=%u tag=t%u w=%u", i % 3, tag,
             weight);
    reg(f->registry, name, fields, ++f->now);
}

/* Each instance has a tag of its own: t0, t1 and so on. */
static struct fixture setup(unsigned size)
{
    char name[] = "z";
    struct dns_zone_config config = {.name = name, .ttl = 5, .srv_weight_scale = 1};
    struct dns_fault fault;
    struct fixture f = {.registry = registry_empty(), .now = 1};
    assert_int_equal(zone_load(&config, &f.zone, &fault), ERR_OK);
    for (unsigned i = 0; i < size; i++)
        put(&f, i, i, 1);
    struct compile_context c = context_of(&f);
    assert_int_equal(compile_view(&c, service_of(&f), &f.view), ERR_OK);
    return f;
}

static void teardown(struct fixture *f)
{
    view_free(f->view);
    zone_free(f->zone);
    registry_free(f->registry);
}

/* The view that follows; true: it shares the filter. */
static bool follow(struct fixture *f)
{
    struct compile_context c = context_of(f);
    struct view *next;
    assert_int_equal(compile_next(&c, service_of(f), f->view, &next), ERR_OK);
    bool shared = next->shared->pairs == f->view->shared->pairs;
    view_free(f->view);
    f->view = next;
    return shared;
}

static bool has_tag(const struct fixture *f, unsigned tag)
{
    char value[16];
    snprintf(value, sizeof(value), "t%u", tag);
    struct pair pair = {TEXT("tag"), text_of(value)};
    return view_has_pair(f->view, &test_key, &pair);
}

/* Of so many others, which the filter takes for what is there? */
static unsigned mistaken(const struct fixture *f)
{
    struct view bare = *f->view; /* whose slices nobody may look at */
    bare.slices = NULL;
    unsigned count = 0;
    for (unsigned n = 0; n < OTHERS; n++) {
        char label[16];
        snprintf(label, sizeof(label), "other-%u", n);
        struct pair pair = {TEXT("version"), text_of(label)};
        bool pair_may = pair_filter_has(bare.shared->pairs, pair_filter_hash(&test_key, &pair));
        bool key_may =
            pair_filter_has(bare.shared->pairs, pair_filter_key_hash(&test_key, text_of(label)));
        count += pair_may + key_may;
        assert_false(view_has_pair(pair_may ? f->view : &bare, &test_key, &pair));
        assert_false(view_has_selector_key(key_may ? f->view : &bare, &test_key, text_of(label)));
    }
    return count;
}

static void assert_all(const struct fixture *f, const unsigned *tags)
{
    for (unsigned i = 0; i < SIZE; i++)
        assert_true(has_tag(f, tags ? tags[i] : i));
    assert_true(view_has_selector_key(f->view, &test_key, TEXT("tag")));
    assert_true(view_has_selector_key(f->view, &test_key, TEXT("version")));
}

static void test_others(void **state)
{
    (void)state;
    struct fixture f = setup(SIZE);
    assert_true(f.view->slice_count > 10);
    assert_all(&f, NULL);
    assert_in_range(mistaken(&f), 0, 2 * OTHERS / 100);
    teardown(&f);
}

static void test_small(void **state)
{
    (void)state;
    struct fixture f = setup(SLICE_MAX);
    assert_int_equal(f.view->slice_count, 1);
    assert_null(f.view->shared);
    assert_true(has_tag(&f, 1));
    assert_false(has_tag(&f, SLICE_MAX));
    teardown(&f);
}

/* What says nothing new shares the filter; what does leaves the old one as it is. */
static void test_shared(void **state)
{
    (void)state;
    struct fixture f = setup(SIZE);
    put(&f, 7, 7, 2);
    assert_true(follow(&f));
    put(&f, 7, 8, 2);
    assert_true(follow(&f));
    assert_false(has_tag(&f, 7)); /* it may be, but is not */
    assert_true(has_tag(&f, 8));
    struct view *kept = view_ref(f.view);
    uint32_t set = kept->shared->pairs->set;
    put(&f, 7, 5000000, 2);
    assert_false(follow(&f));
    assert_true(has_tag(&f, 5000000));
    assert_int_equal(kept->shared->pairs->set, set);
    assert_true(f.view->shared->pairs->set > set);
    view_unref(kept);
    teardown(&f);
}

/* Tags come and go for ever: the filter stays as good as it was. */
static void test_churn(void **state)
{
    (void)state;
    struct fixture f = setup(SIZE);
    unsigned tags[SIZE], renewed = 0;
    size_t size = f.view->shared->pairs->block.size;
    for (unsigned i = 0; i < SIZE; i++)
        tags[i] = i;
    for (unsigned n = 0; n < 8 * SIZE; n++) {
        uint32_t before = f.view->shared->pairs->set;
        tags[n % SIZE] = SIZE + n;
        put(&f, n % SIZE, tags[n % SIZE], 1);
        follow(&f);
        renewed += f.view->shared->pairs->set < before;
        assert_true(f.view->shared->pairs->set <= f.view->shared->pairs->most);
        assert_true(has_tag(&f, SIZE + n));
        if (n >= SIZE)
            assert_false(has_tag(&f, n));
    }
    assert_in_range(renewed, 2, 40);
    assert_int_equal(f.view->shared->pairs->block.size, size);
    assert_all(&f, tags);
    assert_in_range(mistaken(&f), 0, 2 * OTHERS / 50);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_churn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

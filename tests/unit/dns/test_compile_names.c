/* The names in a view: those that do not fit, and what can be read behind them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "dns/compile.h"
#include "unit/dns/registered.h"

#define FIELDS "addr=10.0.0.1 port=80"

static const char letters[] = "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll";
_Static_assert(sizeof(letters) == 63 + 1, "a label of the most bytes");

struct fixture {
    struct registry *registry;
    struct zone *zone;
    struct view *view;
};

static struct fixture setup(const char *zone)
{
    char name[256];
    struct dns_zone_config config = {.name = name, .ttl = 5};
    struct dns_fault fault;
    struct fixture f = {.registry = registry_empty()};
    snprintf(name, sizeof(name), "%s", zone);
    assert_int_equal(zone_load(&config, &f.zone, &fault), ERR_OK);
    return f;
}

static void teardown(struct fixture *f)
{
    view_free(f->view);
    zone_free(f->zone);
    registry_free(f->registry);
}

static void reg_id(struct fixture *f, const char *service, const char *id)
{
    char name[256];
    snprintf(name, sizeof(name), "%s/%s", service, id);
    reg(f->registry, name, FIELDS, 1);
}

/* `count` of them: a number first, and then up to `size` bytes. */
static void reg_many(struct fixture *f, const char *service, unsigned count, int size)
{
    char id[96];
    for (unsigned i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "%03u%.*s", i, size - 3, letters);
        reg_id(f, service, id);
    }
}

/* Anew, and once more as that which follows. */
static const struct view *compiled(struct fixture *f, const char *service)
{
    const struct service *s = registry_service(f->registry, TEXT("default"), text_of(service));
    struct compile_context context = {f->registry, f->zone, NULL, &test_key};
    struct view *first;
    assert_non_null(s);
    assert_int_equal(compile_view(&context, s, &first), ERR_OK);
    view_free(f->view);
    reg_id(f, service, "more");
    assert_int_equal(compile_next(&context, s, first, &f->view), ERR_OK);
    assert_int_equal(f->view->suffix_size, first->suffix_size);
    view_free(first);
    return f->view;
}

/* An instance whose name would not fit is left out, the others stay. */
static void test_long_instance(void **state)
{
    (void)state;
    char zone[128], service[128], id[64];
    snprintf(zone, sizeof(zone), "%.63s.%.50s", letters, letters);
    struct fixture f = setup(zone);
    /* 1 + 64 + 51 of the zone, 64 + 51 of the service: 24 are left for the id. */
    snprintf(service, sizeof(service), "%.63s.%.50s", letters, letters);
    snprintf(id, sizeof(id), "%.23s", letters);
    reg_id(&f, service, id);
    snprintf(id, sizeof(id), "%.24s", letters);
    reg_id(&f, service, id);
    const struct view *v = compiled(&f, service);
    assert_int_equal(v->instance_count, 2);
    assert_int_equal(view_target_size(v, view_at(v, 0)), 255);
    assert_true(text_is(instance_label(view_at(v, 1)), TEXT("more")));
    teardown(&f);
}

/* A service whose own name does not fit: nothing of it has one, and its view has no part of it. */
static void long_service(unsigned count)
{
    char zone[256], service[128];
    snprintf(zone, sizeof(zone), "%s.%s.%s", letters, letters, letters);
    struct fixture f = setup(zone);
    snprintf(service, sizeof(service), "%s.%s", letters, letters);
    reg_many(&f, service, count, 10);
    const struct view *v = compiled(&f, service);
    uint32_t place = 0;
    assert_int_equal(v->instance_count, 0);
    assert_false(view_next(v, &place));
    assert_int_equal(v->by_default.count, 0);
    assert_int_equal(v->suffix_size, 0);
    assert_true(text_is(view_service(v), text_of(service)));
    teardown(&f);
}

static void test_long_service(void **state)
{
    (void)state;
    long_service(3);
    long_service(300);
}

/* ---- what can be read ---------------------------------------------------------------------- */

static void assert_room(const void *end_of_name, const void *block, size_t size)
{
    const uint8_t *end = (const uint8_t *)block + size;
    assert_true((const uint8_t *)end_of_name > (const uint8_t *)block);
    assert_true(end - (const uint8_t *)end_of_name >= SLICE_READABLE);
}

/* Ids of `size` bytes. */
static void readable(unsigned count, int size)
{
    struct fixture f = setup("z");
    reg_many(&f, "web", count, size);
    const struct view *v = compiled(&f, "web");
    assert_int_equal(v->instance_count, count + 1);
    assert_room(v->suffix + v->suffix_size, v, v->size);
    for (uint32_t place = 0; view_next(v, &place); place++) {
        struct text label = instance_label(view_at(v, place));
        const struct block *own = &view_slice(v, place)->block;
        if (v->shared)
            assert_room(label.s + label.n, own, own->size);
        else
            assert_room(label.s + label.n, v, v->size);
    }
    teardown(&f);
}

static void test_readable(void **state)
{
    static const unsigned counts[] = {1, 20, SLICE_MAX - 1, 3 * SLICE_MAX, 900};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        readable(counts[i], 3);
        readable(counts[i], 63);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_instance),
        cmocka_unit_test(test_long_service),
        cmocka_unit_test(test_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

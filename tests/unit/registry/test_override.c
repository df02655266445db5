/* What the operator says stays beside what the instance says. */
#include "unit/registry/fixture.h"

static const struct override nothing = {0};
static const struct override drain = {.drain = true};

static enum err set(struct registry *r, const char *id, struct override o)
{
    return registry_override(r, key_of("web", id), &o, at_ms(1000));
}

static void test_in_force(void **state)
{
    (void)state;
    static const struct {
        enum status own;
        struct override o;
        enum status wanted;
    } cases[] = {
        {STATUS_UP, {.drain = true}, STATUS_DRAINING},
        {STATUS_STARTING, {.drain = true}, STATUS_DRAINING},
        {STATUS_DOWN, {.drain = true}, STATUS_DOWN},
        {STATUS_UP, {.status_set = true, .status = STATUS_DOWN}, STATUS_DOWN},
        {STATUS_DOWN, {.status_set = true, .status = STATUS_UP}, STATUS_UP},
        {STATUS_DOWN, {.drain = true, .status_set = true, .status = STATUS_UP}, STATUS_DRAINING},
        {STATUS_STARTING, {.weight_set = true, .weight = 3}, STATUS_STARTING},
    };
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        struct registry *r = registry_plain();
        struct record record = record_of("web", "a"), read;
        record.status = cases[n].own;
        put(r, &record, 0);
        assert_int_equal(set(r, "a", cases[n].o), ERR_OK);
        struct instance_state s = state_of(r, "web", "a");
        assert_int_equal(s.status, cases[n].wanted);
        assert_int_equal(s.weight, cases[n].o.weight_set ? cases[n].o.weight : 100);
        assert_int_equal(s.override.drain, cases[n].o.drain);
        assert_int_equal(registry_totals(r).live_up, cases[n].wanted == STATUS_UP);
        instance_read(registry_instance(r, key_of("web", "a")), &read);
        assert_int_equal(read.status, cases[n].own);
        assert_int_equal(read.weight, 100);
        registry_free(r);
    }
}

static void test_survives(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    put_named(r, "web", "a", 0);
    assert_int_equal(set(r, "a", drain), ERR_OK);
    struct record record = record_of("web", "a");
    record.version = TEXT("2");
    put(r, &record, 2000);
    assert_int_equal(state_of(r, "web", "a").status, STATUS_DRAINING);
    drop(r, "web", "a", 2000);
    assert_int_equal(registry_totals(r).overrides, 1);
    put(r, &record, 3000);
    assert_int_equal(state_of(r, "web", "a").status, STATUS_DRAINING);
    assert_int_equal(registry_totals(r).live_up, 0);
    struct granted g; /* a new owner does not lift it either */
    assert_int_equal(registry_register(r, &record, &deploy, at_ms(33000), &g), ERR_OK);
    assert_int_equal(state_of(r, "web", "a").status, STATUS_DRAINING);
    assert_int_equal(set(r, "a", nothing), ERR_OK);
    assert_int_equal(state_of(r, "web", "a").status, STATUS_UP);
    assert_int_equal(state_of(r, "web", "a").up_ms, WALL + 1000);
    assert_int_equal(registry_totals(r).overrides, 0);
    assert_int_equal(registry_totals(r).live_up, 1);
    registry_free(r);
}

static void test_goes_with_its_service(void **state)
{
    (void)state;
    struct registry_config config = registry_config_default();
    config.service_retention_s = 60;
    struct registry *r = registry_of(config);
    assert_int_equal(set(r, "a", drain), ERR_NOT_FOUND);
    put_named(r, "web", "b", 0);
    assert_int_equal(set(r, "a", drain), ERR_OK); /* the instance may come later */
    put_named(r, "web", "a", 0);
    assert_int_equal(state_of(r, "web", "a").status, STATUS_DRAINING);
    expire_all(r, 30000);
    assert_int_equal(registry_totals(r).overrides, 1);
    expire_all(r, 90000);
    assert_int_equal(registry_totals(r).overrides, 0);
    assert_int_equal(set(r, "a", drain), ERR_NOT_FOUND);
    put_named(r, "web", "a", 90000);
    assert_int_equal(state_of(r, "web", "a").status, STATUS_UP);
    registry_free(r);
}

static void test_moves_the_index_only_when_seen(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    put_named(r, "web", "a", 0);
    const struct service *s = registry_service(r, TEXT("default"), TEXT("web"));
    uint64_t index = registry_index(r);
    assert_int_equal(set(r, "a", nothing), ERR_OK);
    assert_int_equal(set(r, "absent", drain), ERR_OK);
    assert_int_equal(registry_index(r), index);
    assert_int_equal(set(r, "a", drain), ERR_OK);
    assert_int_equal(registry_index(r), index + 1);
    assert_int_equal(service_withdrawal_index(s), index + 1);
    assert_int_equal(state_of(r, "web", "a").index, index + 1);
    assert_int_equal(set(r, "a", drain), ERR_OK); /* once more is no change */
    assert_int_equal(registry_index(r), index + 1);
    assert_int_equal(set(r, "a", nothing), ERR_OK); /* lifting takes nothing away */
    assert_int_equal(registry_index(r), index + 2);
    assert_int_equal(service_withdrawal_index(s), index + 1);
    assert_int_equal(set(r, "a", (struct override){.weight_set = true, .weight = 99}), ERR_OK);
    assert_int_equal(service_withdrawal_index(s), index + 3);
    registry_free(r);
}

static void test_in_order(void **state)
{
    (void)state;
    enum { MANY = 50 };
    struct registry *r = registry_plain();
    struct override_row rows[MANY];
    char id[8];
    put_named(r, "web", "a", 0);
    put_named(r, "other", "a", 0);
    const struct service *s = registry_service(r, TEXT("default"), TEXT("web"));
    assert_int_equal(service_overrides(s, TEXT(""), rows, MANY), 0);
    for (unsigned n = 0; n < MANY; n++) {
        snprintf(id, sizeof(id), "n%02u", n * 7 % MANY);
        assert_int_equal(set(r, id, (struct override){.weight_set = true, .weight = n * 7 % MANY}),
                         ERR_OK);
    }
    for (size_t max = 1; max <= MANY; max += 8) {
        unsigned seen = 0;
        struct text after = {0};
        for (size_t count; (count = service_overrides(s, after, rows, max)) > 0; seen += count) {
            for (size_t n = 0; n < count; n++) {
                snprintf(id, sizeof(id), "n%02zu", seen + n);
                assert_text(rows[n].id, id);
                assert_int_equal(rows[n].value.weight, seen + n);
            }
            after = rows[count - 1].id;
        }
        assert_int_equal(seen, MANY);
    }
    assert_int_equal(service_overrides(s, TEXT("n47x"), rows, MANY), 2);
    assert_int_equal(set(r, "n48", nothing), ERR_OK);
    assert_int_equal(service_overrides(s, TEXT("n47"), rows, MANY), 1);
    assert_text(rows[0].id, "n49");
    s = registry_service(r, TEXT("default"), TEXT("other"));
    assert_int_equal(service_overrides(s, TEXT(""), rows, MANY), 0);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_force),
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_survives),
        cmocka_unit_test(test_goes_with_its_service),
        cmocka_unit_test(test_moves_the_index_only_when_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

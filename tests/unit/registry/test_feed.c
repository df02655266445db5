/* The change feed: what moves it, its order, forgotten services, withdrawals. */
#include "base/rand.h"
#include "unit/registry/fixture.h"

enum { MANY = 200 };

/* Everything after `since`, read in pages of `page`. */
static size_t changes(const struct registry *r, uint64_t since, size_t page, struct change *out)
{
    size_t count = 0, got;
    while ((got = registry_changes(r, since, out + count, page))) {
        for (size_t n = 0; n < got; n++) {
            assert_true(out[count + n].index > since);
            since = out[count + n].index;
        }
        count += got;
        assert_true(count <= MANY);
    }
    return count;
}

static void test_each_service_once(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct change out[MANY];
    assert_int_equal(registry_changes(r, 0, out, MANY), 0);
    put_named(r, "a", "x", 0);
    put_named(r, "b", "x", 0);
    put_named(r, "a", "y", 0);
    assert_int_equal(changes(r, 0, 1, out), 2);
    assert_text(out[0].service, "b");
    assert_text(out[1].service, "a");
    assert_text(out[1].ns, "default");
    assert_ptr_equal(out[1].known, registry_service(r, TEXT("default"), TEXT("a")));
    assert_int_equal(out[1].index, registry_index(r));
    assert_int_equal(out[1].index, service_index(out[1].known));
    assert_int_equal(changes(r, out[0].index, 1, out), 1);
    assert_int_equal(registry_changes(r, registry_index(r), out, MANY), 0);
    registry_free(r);
}

static void test_renewals_are_not_changes(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct granted g;
    struct record record = record_of("web", "a");
    record.group = TEXT("node");
    put(r, &record, 0);
    uint64_t index = registry_index(r);
    put(r, &record, 1);
    record.rev = WALL + 500;
    put(r, &record, 2);
    record.lease_s = 77;
    put(r, &record, 3);
    struct group_state group;
    assert_int_equal(registry_renew(r, key_of("web", "a"), &local, at_ms(4), &g), ERR_OK);
    assert_int_equal(registry_group_renew(r, TEXT("node"), &local, false, 0, 0, at_ms(4), &group),
                     ERR_OK);
    assert_int_equal(registry_index(r), index);
    registry_free(r);
}

static void test_forgotten(void **state)
{
    (void)state;
    struct registry_config config = registry_config_default();
    config.service_retention_s = 60;
    struct registry *r = registry_of(config);
    struct change out[MANY];
    struct record forever = record_of("b", "x");
    forever.permanent = true;
    put_named(r, "a", "x", 0);
    put(r, &forever, 0);
    drop(r, "a", "x", 1000);
    assert_int_equal(service_count(registry_service(r, TEXT("default"), TEXT("a"))), 0);
    assert_int_equal(registry_totals(r).services, 2);
    uint64_t index = registry_index(r);
    assert_int_equal(registry_next_deadline(r), 61000);
    assert_false(registry_expire(r, at_ms(60999), 10, NULL, NULL));
    assert_int_equal(registry_totals(r).services, 2);
    assert_true(registry_expire(r, at_ms(61000), 0, NULL, NULL));
    assert_false(registry_expire(r, at_ms(61000), 1, NULL, NULL));
    assert_null(registry_service(r, TEXT("default"), TEXT("a")));
    assert_int_equal(registry_totals(r).services, 1);
    assert_int_equal(changes(r, index, MANY, out), 1);
    assert_text(out[0].service, "a");
    assert_null(out[0].known);
    registry_changes_trim(r, index); /* not yet past it */
    assert_int_equal(changes(r, 0, MANY, out), 2);
    registry_changes_trim(r, registry_index(r));
    assert_int_equal(changes(r, 0, MANY, out), 1);
    assert_text(out[0].service, "b");
    registry_free(r);
}

static void test_revived(void **state)
{
    (void)state;
    struct registry_config config = registry_config_default();
    config.service_retention_s = 0;
    struct registry *r = registry_of(config);
    struct change out[MANY];
    put_named(r, "a", "x", 0);
    drop(r, "a", "x", 0);
    assert_non_null(registry_service(r, TEXT("default"), TEXT("a")));
    expire_all(r, 0);
    uint64_t forgotten = registry_index(r);
    put_named(r, "a", "y", 0);
    assert_int_equal(changes(r, 0, MANY, out), 1);
    assert_non_null(out[0].known);
    assert_true(out[0].index > forgotten);
    registry_changes_trim(r, registry_index(r));
    assert_non_null(registry_service(r, TEXT("default"), TEXT("a")));
    assert_int_equal(service_count(out[0].known), 1);
    drop(r, "a", "y", 0);
    put_named(r, "a", "y", 0); /* back before it was forgotten */
    expire_all(r, 1000);
    assert_non_null(registry_service(r, TEXT("default"), TEXT("a")));
    registry_free(r);
}

static bool all_permanent(void *context, struct text ns, struct text service)
{
    (void)ns;
    (void)service;
    return *(bool *)context;
}

static void test_permanent_service(void **state)
{
    (void)state;
    bool permanent = true;
    struct registry_config config = registry_config_default();
    config.service_retention_s = 60;
    config.service_permanent = all_permanent;
    config.context = &permanent;
    struct registry *r = registry_of(config);
    put_named(r, "a", "x", 0);
    drop(r, "a", "x", 0);
    expire_all(r, 1000000);
    assert_non_null(registry_service(r, TEXT("default"), TEXT("a")));
    permanent = false; /* a new configuration */
    expire_all(r, 1060000);
    assert_null(registry_service(r, TEXT("default"), TEXT("a")));
    registry_free(r);
}

static void test_withdrawals(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record record = record_of("web", "a");
    record.priority = 5;
    record.addresses[record.address_count++] = addr_of("10.0.0.8");
    record.ports[record.port_count++] = (struct port){.name = TEXT("grpc"), .number = 9090};
    put(r, &record, 0);
    const struct service *s = registry_service(r, TEXT("default"), TEXT("web"));
    assert_int_equal(service_withdrawal_index(s), 0);

#define STEP(assignment, withdraws)                                                                \
    do {                                                                                           \
        assignment;                                                                                \
        assert_true(put(r, &record, 0).changed);                                                   \
        assert_int_equal(service_withdrawal_index(s) == service_index(s), withdraws);              \
    } while (0)
    STEP(record.version = TEXT("2"), false);
    STEP(record.weight_set = true; record.weight = 200, false);
    STEP(record.weight = 199, true);
    STEP(record.priority = 4, false);
    STEP(record.priority = 6, true);
    STEP(record.addresses[record.address_count++] = addr_of("::1"), false);
    STEP(record.addresses[0] = addr_of("10.0.0.9"), true);
    STEP(record.ports[record.port_count++] = (struct port){.number = 7}, false);
    STEP(record.ports[1].number = 9091, true);
    STEP(record.ports[0].number = 8081, true);
    STEP(record.status = STATUS_STARTING, true);
    STEP(record.status = STATUS_UP, false);
    STEP(record.status = STATUS_DRAINING, true);
    STEP(record.status = STATUS_DOWN, true);
    STEP(record.status = STATUS_STARTING, false);
#undef STEP
    put_named(r, "web", "b", 0);
    assert_true(service_withdrawal_index(s) < service_index(s));
    drop(r, "web", "b", 0);
    assert_int_equal(service_withdrawal_index(s), service_index(s));
    registry_free(r);
}

/* Against a plain array of last changes, in pages of any size. */
static void test_random(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct rand rand;
    rand_seed(&rand, 11);
    uint64_t last[MANY] = {0};
    struct change out[MANY];
    for (unsigned n = 0; n < 20000; n++) {
        unsigned which = rand_below(&rand, MANY);
        char name[8], version[8];
        snprintf(name, sizeof(name), "s%u", which);
        snprintf(version, sizeof(version), "%u", rand_below(&rand, 3));
        struct record record = record_of(name, "x");
        record.version = text_of(version);
        if (put(r, &record, n).changed)
            last[which] = registry_index(r);
        if (n % 500)
            continue;
        uint64_t since = rand_below64(&rand, registry_index(r) + 1);
        size_t count = changes(r, since, 1 + rand_below(&rand, MANY), out), wanted = 0;
        for (unsigned i = 0; i < MANY; i++)
            wanted += last[i] > since;
        assert_int_equal(count, wanted);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(out[i].index, last[atoi(out[i].service.s + 1)]);
    }
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_service_once),
        cmocka_unit_test(test_renewals_are_not_changes),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_revived),
        cmocka_unit_test(test_permanent_service),
        cmocka_unit_test(test_withdrawals),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

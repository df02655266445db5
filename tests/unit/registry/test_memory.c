/* Every allocation of every call fails once: the call says so and the registry is
 * as it was before. The test's own malloc stands in front of the real one. */
#include "unit/registry/fixture.h"

#include "registry/state.h"
#include "support/child.h"
#include "support/failing.h"

/* A record that is there only to be in the way. */
struct filler {
    struct filler *next;
};

/* Until any further record in the registry's pool needs memory. */
static struct filler *fill_pool(struct pool *pool)
{
    struct filler *all = NULL;
    for (unsigned size = 1; size <= POOL_SIZES; size++)
        while (pool->with_room[size] || pool->warm || pool->empty) {
            struct filler *filler = pool_new(pool, (size_t)size * POOL_STEP);
            assert_non_null(filler);
            filler->next = all;
            all = filler;
        }
    return all;
}

static void empty_pool(struct pool *pool, struct filler *all)
{
    for (struct filler *next; all; all = next) {
        next = all->next;
        pool_free(pool, all);
    }
}

/* All that can be seen of a registry, as one number. */
static uint64_t fingerprint(const struct registry *r)
{
    struct registry_totals t = registry_totals(r);
    struct guard_state guard = registry_guard(r);
    uint64_t sum = hash_bytes(&fixture_key, &t, sizeof(t)) ^ registry_index(r);
    sum += guard.hosts * 3 + guard.counted * 5 + guard.late * 7;
    for (const struct service *s = registry_service_next(r, TEXT(""), NULL); s;
         s = registry_service_next(r, TEXT(""), s)) {
        sum = sum * 31 + service_index(s);
        for (uint32_t n = 0; n < service_count(s); n++) {
            static struct record record;
            static struct instance_state state;
            memset(&record, 0, sizeof(record));
            memset(&state, 0, sizeof(state));
            instance_read(service_instance(s, n), &record);
            instance_state(service_instance(s, n), &state);
            sum = sum * 31 + hash_bytes(&fixture_key, record.id.s, record.id.n);
            sum = sum * 31 + record.version.n + record.group.n * 7;
            sum = sum * 31 + record.rev + state.deadline_ms + state.index + state.renewed_ms;
            sum = sum * 31 + state.weight + state.status + state.owner.quota;
        }
    }
    return sum;
}

/* 16 leases, 16 services and 24 instances: heaps and table are full as they are, so
 * that one more of either needs memory. */
static struct registry *registry_worn(void)
{
    struct registry *r = registry_plain();
    for (unsigned n = 0; n < 16; n++) {
        char name[8];
        snprintf(name, sizeof(name), "s%u", n);
        put_named(r, name, "x", 0);
    }
    drop(r, "s15", "x", 0);
    for (unsigned n = 0; n < 9; n++) {
        char id[] = {(char)('m' + n), 0};
        struct record member = record_of("s0", id);
        member.group = TEXT("node");
        put(r, &member, 0);
    }
    return r;
}

enum call {
    NEW_SERVICE,
    NEW_INSTANCE,
    NEW_IN_GROUP,
    TAKEOVER,
    NEW_CONTENT,
    INTO_GROUP,
    BETWEEN_GROUPS,
    OUT_OF_GROUP,
    INTO_ZONE,
    GROUP_INTO_ZONE,
    UPDATE_ZONE,
    UPDATE,
    RESTORE,
    RESTORE_STALE,
    RESTORE_GRAVE,
    RESTORE_SERVICE,
    OVERRIDE,
    CONFIGURE,
    LIST,
    CALLS
};

static bool seen(void *context, const struct instance *i)
{
    (void)context;
    (void)i;
    return true;
}

static enum err run_other(struct registry *r, enum call call)
{
    struct override o = {.drain = true};
    struct registry_config config = registry_config_default();
    config.weight_key = "w";
    if (call == OVERRIDE)
        return registry_override(r, key_of("s1", "x"), &o, at_ms(100));
    if (call == CONFIGURE)
        return registry_configure(r, &config);
    return registry_group_list(r, TEXT("node"), &local, TEXT(""), seen, NULL);
}

static enum err run_restore(struct registry *r, enum call call)
{
    struct stored_instance stored = {.record = record_of("s1", "restored"), .owner = deploy};
    stored.record.zone = TEXT("east");
    stored.record.rev = 1;
    if (call == RESTORE_GRAVE)
        return registry_restore_grave(r, key_of("s1", "gone"), 5, WALL + 1000, at_ms(100));
    if (call == RESTORE_SERVICE)
        return registry_restore_service(r, TEXT("default"), TEXT("old"), WALL + 1000, at_ms(100));
    return registry_restore(r, &stored, call == RESTORE_STALE, at_ms(100));
}

static enum err run(struct registry *r, enum call call)
{
    struct record record = record_of("s1", "x");
    struct granted g;
    const struct principal *who = &local;
    uint64_t ms = 100;
    if (call == OVERRIDE || call == CONFIGURE || call == LIST)
        return run_other(r, call);
    if (call >= RESTORE && call <= RESTORE_SERVICE)
        return run_restore(r, call);
    if (call == NEW_SERVICE)
        record.service = TEXT("new");
    if (call == NEW_INSTANCE || call == NEW_IN_GROUP)
        record.id = TEXT("new");
    if (call == NEW_IN_GROUP || call == INTO_GROUP || call == BETWEEN_GROUPS)
        record.group = TEXT("newgroup");
    if (call == INTO_ZONE || call == GROUP_INTO_ZONE || call == UPDATE_ZONE)
        record.zone = TEXT("east");
    if (call == GROUP_INTO_ZONE)
        record.group = TEXT("node");
    if (call == BETWEEN_GROUPS || call == OUT_OF_GROUP || call == GROUP_INTO_ZONE)
        record.service = TEXT("s0"), record.id = TEXT("m");
    if (call == NEW_CONTENT || call == UPDATE || call == OUT_OF_GROUP || call == TAKEOVER)
        record.version = TEXT("2");
    if (call == TAKEOVER || call == NEW_INSTANCE)
        who = &deploy;
    if (call == TAKEOVER)
        ms = 30000;
    if (call == UPDATE || call == UPDATE_ZONE)
        return registry_update(r, &record, who, at_ms(ms), &g);
    return registry_register(r, &record, who, at_ms(ms), &g);
}

static void test_each_failure(void **state)
{
    (void)state;
    SKIP_WITHOUT_FAILURES();
    for (enum call call = 0; call < CALLS; call++) {
        struct registry *r = registry_worn();
        struct filler *fillers = fill_pool(&r->pool);
        uint64_t before = fingerprint(r);
        unsigned failures = 0;
        for (enum err err = ERR_MEMORY; err != ERR_OK; failures++) {
            until_failure = failures;
            err = run(r, call);
            bool failed = until_failure < 0;
            until_failure = -1;
            assert_int_equal(err, failed ? ERR_MEMORY : ERR_OK);
            assert_int_equal(r->instances.reserved, 0); /* or it would never shrink again */
            if (failed)
                assert_int_equal(fingerprint(r), before);
            assert_true(failures < 100);
        }
        assert_true(failures > 1); /* at least one allocation was refused */
        expire_all(r, 1000000);    /* nothing is left hanging anywhere */
        expire_all(r, 1000000000);
        assert_int_equal(registry_totals(r).instances, 0);
        assert_int_equal(registry_totals(r).groups, 0);
        assert_int_equal(registry_totals(r).services, 0);
        registry_changes_trim(r, registry_index(r));
        empty_pool(&r->pool, fillers);
        registry_free(r);
    }
}

static void test_no_registry(void **state)
{
    (void)state;
    SKIP_WITHOUT_FAILURES();
    struct registry_config config = registry_config_default();
    for (long n = 0; n < 5; n++) {
        until_failure = n;
        struct registry *r = registry_new(&config, &fixture_key);
        bool failed = until_failure < 0;
        until_failure = -1;
        assert_true(failed);
        assert_null(r);
    }
    registry_free(NULL);
}

static bool starts(size_t bytes)
{
    struct registry_config config = registry_config_default();
    return limit_addresses(bytes) && registry_new(&config, &fixture_key);
}

/* Where there are no addresses for instances it does not even start, and says why. */
static void test_no_addresses(void **state)
{
    (void)state;
    char log[4096];
    assert_int_equal(in_child(starts, (size_t)100 << 20, log, sizeof(log)), 1);
    assert_non_null(strstr(log, "instances have 16 MiB of addresses, and should have"));
    assert_int_equal(in_child(starts, (size_t)8 << 20, log, sizeof(log)), 0);
    assert_non_null(strstr(log, "instances need at least 16 MiB of addresses"));
}

/* A goodbye and an eviction are never refused. */
static void test_goodbye_without_memory(void **state)
{
    (void)state;
    SKIP_WITHOUT_FAILURES();
    for (long n = 0; n < 2; n++) {
        struct registry *r = registry_worn();
        uint64_t rev;
        until_failure = n;
        enum err err = registry_deregister(r, key_of("s0", "x"), 0, &local, at_ms(0), &rev);
        until_failure = -1;
        assert_int_equal(err, ERR_OK);
        assert_null(registry_instance(r, key_of("s0", "x")));
        until_failure = n;
        registry_expire(r, at_ms(30000), 1, NULL, NULL);
        until_failure = -1;
        assert_in_range(registry_totals(r).instances, 22, 23);
        expire_all(r, 30200); /* at the latest */
        assert_int_equal(registry_totals(r).instances, 0);
        registry_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_failure),
        cmocka_unit_test(test_no_registry),
        cmocka_unit_test(test_no_addresses),
        cmocka_unit_test(test_goodbye_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

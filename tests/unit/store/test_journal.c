/* Numbers and waits, with the hooks called as the registry calls them. */
#include "unit/store/common.h"

static const struct hash_key hash = {"0123456789abcdef"};
static const struct moment now = {.lease_ms = 1000, .wall_ms = 1795245098534};

struct rig {
    struct store_journal *journal;
    struct registry_journal hooks;
    struct registry *registry;
};

static struct rig rig_new(void)
{
    struct registry_config config = registry_config_default();
    struct rig rig = {.journal = store_journal_new(), .registry = registry_new(&config, &hash)};
    assert_non_null(rig.journal);
    assert_non_null(rig.registry);
    rig.hooks = store_journal_hooks(rig.journal);
    return rig;
}

static void rig_free(struct rig *rig)
{
    store_journal_free(rig->journal);
    registry_free(rig->registry);
}

static struct instance_key key_of(const char *id)
{
    return (struct instance_key){TEXT("default"), TEXT("web"), text_of(id)};
}

static const struct instance *registered(struct rig *rig, const char *id)
{
    struct principal who = {.kind = PRINCIPAL_KEY, .name = "deploy"};
    struct granted granted;
    struct record record = {.ns = TEXT("default"),
                            .service = TEXT("web"),
                            .id = text_of(id),
                            .address_count = 1,
                            .ports = {{.number = 8080}},
                            .port_count = 1,
                            .metadata = {{TEXT("weight"), TEXT("7")}},
                            .metadata_count = 1,
                            .version = TEXT("1.4"),
                            .lease_s = 20,
                            .ttl = TTL_UNSET,
                            .rev = 5};
    record.addresses[0] = (struct addr){FAMILY_V4, {10, 0, 0, 7}};
    assert_int_equal(registry_register(rig->registry, &record, &who, now, &granted), ERR_OK);
    return granted.instance;
}

static void put(struct rig *rig, const char *id)
{
    const struct instance *i = registered(rig, id);
    assert_int_equal(rig->hooks.reserve(rig->journal, JOURNAL_PUT, 1), ERR_OK);
    rig->hooks.put(rig->journal, i);
}

static void bury(struct rig *rig, const char *id)
{
    assert_int_equal(rig->hooks.reserve(rig->journal, JOURNAL_WITHDRAW, 1), ERR_OK);
    rig->hooks.bury(rig->journal, key_of(id), 6, 77);
}

static uint64_t touched(struct rig *rig, const char *id)
{
    store_journal_begin(rig->journal);
    rig->hooks.touch(rig->journal, key_of(id));
    return store_journal_wait(rig->journal);
}

static void changes_are_numbered(void **state UNUSED)
{
    struct rig rig = rig_new();
    assert_int_equal(store_journal_last(rig.journal), 0);
    assert_null(store_journal_take(rig.journal));
    put(&rig, "a");
    put(&rig, "b");
    bury(&rig, "a");
    assert_int_equal(store_journal_last(rig.journal), 3);
    struct store_batch *b = store_journal_take(rig.journal);
    assert_int_equal(store_batch_count(b), 3);
    assert_int_equal(store_batch_last(b), 3);
    store_batch_free(b);
    assert_null(store_journal_take(rig.journal));
    put(&rig, "c");
    struct store_meta meta = {1, 2, 3, 3};
    assert_int_equal(store_journal_meta(rig.journal, &meta), ERR_OK);
    b = store_journal_take(rig.journal);
    assert_int_equal(store_batch_count(b), 2);
    assert_int_equal(store_batch_last(b), 5);
    assert_int_equal(store_journal_last(rig.journal), 5);
    store_batch_free(b);
    rig_free(&rig);
}

static void a_reply_waits_for_its_own_change(void **state UNUSED)
{
    struct rig rig = rig_new();
    store_journal_begin(rig.journal);
    assert_int_equal(store_journal_wait(rig.journal), 0);
    put(&rig, "a");
    assert_int_equal(store_journal_wait(rig.journal), 1);
    put(&rig, "b");
    assert_int_equal(store_journal_wait(rig.journal), 2);
    store_journal_begin(rig.journal);
    assert_int_equal(store_journal_wait(rig.journal), 0);
    rig.hooks.service(rig.journal, TEXT("default"), TEXT("web"), 99);
    assert_int_equal(store_journal_wait(rig.journal), 3);
    rig_free(&rig);
}

static void a_repeated_request_waits_for_the_first(void **state UNUSED)
{
    struct rig rig = rig_new();
    put(&rig, "a");
    put(&rig, "b");
    assert_int_equal(touched(&rig, "a"), 1);
    assert_int_equal(touched(&rig, "b"), 2);
    assert_int_equal(touched(&rig, "nobody"), 0);
    store_journal_begin(rig.journal); /* of a group that is gone: whatever was told */
    rig.hooks.touch(rig.journal, (struct instance_key){{0}, {0}, {0}});
    assert_int_equal(store_journal_wait(rig.journal), 2);
    store_journal_committed(rig.journal, 1);
    assert_int_equal(touched(&rig, "a"), 0);
    assert_int_equal(touched(&rig, "b"), 2);
    store_batch_free(store_journal_take(rig.journal)); /* under way: not there yet */
    assert_int_equal(touched(&rig, "b"), 2);
    store_journal_committed(rig.journal, 2);
    store_journal_committed(rig.journal, 1); /* never goes back */
    assert_int_equal(touched(&rig, "b"), 0);
    bury(&rig, "b");
    assert_int_equal(touched(&rig, "b"), 3);
    assert_int_equal(touched(&rig, "a"), 0);
    const struct override drain = {.drain = true};
    rig.hooks.override(rig.journal, key_of("a"), &drain);
    assert_int_equal(touched(&rig, "a"), 4);
    rig_free(&rig);
}

/* Of two in one slot the newer counts: nobody waits too short. */
static void no_wait_is_too_short(void **state UNUSED)
{
    enum { MANY = 20000 };
    struct rig rig = rig_new();
    char id[16];
    for (unsigned n = 1; n <= MANY; n++) {
        snprintf(id, sizeof id, "i%u", n);
        bury(&rig, id);
    }
    for (unsigned n = 1; n <= MANY; n++) {
        snprintf(id, sizeof id, "i%u", n);
        assert_in_range(touched(&rig, id), n, MANY);
    }
    rig_free(&rig);
}

static void puts_are_refused_while_nothing_can_be_stored(void **state UNUSED)
{
    struct rig rig = rig_new();
    store_journal_readonly(rig.journal, true);
    assert_int_equal(rig.hooks.reserve(rig.journal, JOURNAL_PUT, 1), ERR_READONLY);
    assert_int_equal(rig.hooks.reserve(rig.journal, JOURNAL_WITHDRAW, 1), ERR_OK);
    bury(&rig, "a");
    store_journal_readonly(rig.journal, false);
    put(&rig, "a");
    assert_int_equal(store_journal_last(rig.journal), 2);
    rig_free(&rig);
}

static void large_reservations_hold(void **state UNUSED)
{
    enum { MANY = 50000 };
    struct rig rig = rig_new();
    char id[16];
    assert_int_equal(rig.hooks.reserve(rig.journal, JOURNAL_WITHDRAW, MANY), ERR_OK);
    for (unsigned n = 0; n < MANY; n++) {
        snprintf(id, sizeof id, "i%u", n);
        rig.hooks.bury(rig.journal, key_of(id), n, 1);
    }
    struct store_batch *b = store_journal_take(rig.journal);
    assert_int_equal(store_batch_count(b), MANY);
    store_batch_free(b);
    rig_free(&rig);
}

/* What each hook wrote, as it is read. */
static struct batch_change next(const struct store_batch *b, struct batch_place *place,
                                struct entry *out)
{
    struct batch_change change;
    assert_true(batch_next(b, place, &change));
    if (change.value.s)
        assert_int_equal(value_decode(change.table, change.key, change.value, out), VALUE_FINE);
    return change;
}

static void an_instance_is_written_whole(void **state UNUSED)
{
    static struct entry e;
    struct rig rig = rig_new();
    struct batch_place place = {0};
    put(&rig, "a");
    struct store_batch *b = store_journal_take(rig.journal);
    struct batch_change change = next(b, &place, &e);
    assert_int_equal(change.table, STORE_INSTANCES);
    assert_true(text_is(change.key, TEXT("default/web/a")));
    assert_int_equal(e.kind, ENTRY_INSTANCE);
    const struct record *r = &e.instance.record;
    assert_true(text_is(r->id, TEXT("a")));
    assert_int_equal(r->address_count, 1);
    assert_int_equal(r->addresses[0].bytes[3], 7);
    assert_int_equal(r->ports[0].number, 8080);
    assert_false(r->weight_set); /* it came from the metadata and still does */
    assert_int_equal(r->metadata_count, 1);
    assert_int_equal(r->lease_s, 20);
    assert_int_equal(r->rev, 5);
    assert_int_equal(r->ttl, TTL_UNSET);
    assert_int_equal(e.instance.owner.kind, PRINCIPAL_KEY);
    assert_string_equal(e.instance.owner.name, "deploy");
    assert_int_equal(e.instance.registered_ms, now.wall_ms);
    assert_int_equal(e.instance.up_ms, now.wall_ms);
    store_batch_free(b);
    rig_free(&rig);
}

static void the_other_hooks(void **state UNUSED)
{
    struct entry e;
    struct rig rig = rig_new();
    struct batch_place place = {0};
    const struct override set = {.weight_set = true, .weight = 3}, none = {0};
    bury(&rig, "a");
    rig.hooks.forget(rig.journal, key_of("a"));
    rig.hooks.override(rig.journal, key_of("b"), &set);
    rig.hooks.override(rig.journal, key_of("b"), &none);
    rig.hooks.service(rig.journal, TEXT("default"), TEXT("web"), 99);
    rig.hooks.service(rig.journal, TEXT("default"), TEXT("web"), 0);
    struct store_batch *b = store_journal_take(rig.journal);
    assert_non_null(next(b, &place, &e).value.s);
    assert_int_equal(e.grave.floor, 6);
    assert_int_equal(e.grave.until_ms, 77);
    assert_null(next(b, &place, &e).value.s);
    assert_int_equal(next(b, &place, &e).table, STORE_OVERRIDES);
    assert_true(e.override.weight_set && !e.override.drain);
    assert_int_equal(e.override.weight, 3);
    assert_null(next(b, &place, &e).value.s);
    struct batch_change change = next(b, &place, &e);
    assert_int_equal(change.table, STORE_SERVICES);
    assert_true(text_is(change.key, TEXT("default/web")));
    assert_int_equal(e.until_ms, 99);
    assert_null(next(b, &place, &e).value.s);
    store_batch_free(b);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_numbered),
        cmocka_unit_test(a_reply_waits_for_its_own_change),
        cmocka_unit_test(a_repeated_request_waits_for_the_first),
        cmocka_unit_test(no_wait_is_too_short),
        cmocka_unit_test(puts_are_refused_while_nothing_can_be_stored),
        cmocka_unit_test(large_reservations_hold),
        cmocka_unit_test(an_instance_is_written_whole),
        cmocka_unit_test(the_other_hooks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* From a registry into the journal, through the file, and into another registry. */
#include "base/log.h"
#include "support/same_record.h"
#include "unit/store/common.h"

static const struct hash_key hash = {"0123456789abcdef"};
static const struct moment now = {.lease_ms = 1000, .wall_ms = 1795245098534};

static struct registry *registry_plain(void)
{
    struct registry_config config = registry_config_default();
    struct registry *r = registry_new(&config, &hash);
    assert_non_null(r);
    return r;
}

static struct registry *registry_noted(struct store_journal *j)
{
    struct registry *r = registry_plain();
    struct registry_journal hooks = store_journal_hooks(j);
    registry_set_journal(r, &hooks);
    return r;
}

static struct instance_key key_of(const char *service, const char *id)
{
    return (struct instance_key){TEXT("default"), text_of(service), text_of(id)};
}

static void put(struct registry *r, const char *service, unsigned n, struct text group)
{
    struct principal who = {.kind = PRINCIPAL_KEY, .name = "deploy", .addr = {FAMILY_V4, {9}}};
    struct granted granted;
    char id[16];
    snprintf(id, sizeof id, "i%u", n);
    struct record record = {.ns = TEXT("default"),
                            .service = text_of(service),
                            .id = text_of(id),
                            .addresses = {{FAMILY_V4, {10, 0, (uint8_t)(n >> 8), (uint8_t)n}},
                                          {FAMILY_V6, {0x20, 1, [15] = (uint8_t)n}}},
                            .address_count = 1 + n % 2,
                            .ports = {{.number = 8080}, {TEXT("m"), 9090, PROTOCOL_UDP}},
                            .port_count = n % 3,
                            .weight_set = n % 5 == 0,
                            .weight = n % 5 ? 0 : (uint16_t)n,
                            .priority = (uint16_t)n,
                            .status = (enum status)(n % STATUS_COUNT),
                            .version = TEXT("1.4.2"),
                            .zone = TEXT("rack-a"),
                            .tags = {TEXT("canary")},
                            .tag_count = n % 2,
                            .metadata = {{TEXT("team"), TEXT("x")}, {TEXT("weight"), TEXT("17")}},
                            .metadata_count = n % 3,
                            .ttl = n % 4 ? TTL_UNSET : (int)n % 300,
                            .lease_s = 10 + n % 20,
                            .permanent = n % 7 == 0,
                            .group = group,
                            .rev = n % 2 ? 0 : 1000 + n};
    assert_int_equal(registry_register(r, &record, &who, now, &granted), ERR_OK);
}

static void assert_same_instance(const struct registry *a, const struct registry *b,
                                 struct instance_key key)
{
    const struct instance *i = registry_instance(a, key), *k = registry_instance(b, key);
    struct record ra, rb;
    struct instance_state sa, sb;
    assert_non_null(i);
    assert_non_null(k);
    instance_read(i, &ra);
    instance_read(k, &rb);
    assert_same_record(&ra, &rb);
    instance_state(i, &sa);
    instance_state(k, &sb);
    assert_int_equal(sa.registered_ms, sb.registered_ms);
    assert_int_equal(sa.up_ms, sb.up_ms);
    assert_int_equal(sa.latest_ms, sb.latest_ms);
    assert_int_equal(sa.weight, sb.weight);
    assert_int_equal(sa.status, sb.status);
    assert_int_equal(sa.override.drain, sb.override.drain);
    assert_int_equal(sa.owner.kind, sb.owner.kind);
    assert_string_equal(sa.owner.name, sb.owner.name);
}

/* Changes of all kinds: of 300 instances in three services some go, some are overridden,
 * one service becomes empty. */
static void make_changes(struct registry *r)
{
    static const char *const services[] = {"web", "user.rpc", "gone"};
    const struct principal who = {.kind = PRINCIPAL_KEY, .name = "deploy"};
    const struct override drain = {.drain = true}, weight = {.weight_set = true, .weight = 9};
    const struct override none = {0};
    uint64_t rev;
    char id[16];
    for (unsigned n = 0; n < 300; n++)
        put(r, services[n % 3], n, n % 10 == 1 ? TEXT("pod") : (struct text){0});
    for (unsigned n = 0; n < 300; n++) {
        snprintf(id, sizeof id, "i%u", n);
        if (n % 3 == 2 || n % 9 == 0)
            assert_int_equal(
                registry_deregister(r, key_of(services[n % 3], id), 0, &who, now, &rev), ERR_OK);
    }
    assert_int_equal(registry_override(r, key_of("web", "i3"), &drain, now), ERR_OK);
    assert_int_equal(registry_override(r, key_of("web", "absent"), &weight, now), ERR_OK);
    assert_int_equal(registry_override(r, key_of("web", "i6"), &weight, now), ERR_OK);
    assert_int_equal(registry_override(r, key_of("web", "i6"), &none, now), ERR_OK);
}

static void assert_same_registries(const struct registry *a, const struct registry *b)
{
    struct registry_totals ta = registry_totals(a), tb = registry_totals(b);
    struct text all = {0};
    unsigned seen = 0;
    assert_int_equal(ta.instances, tb.instances);
    assert_int_equal(ta.services, tb.services);
    assert_int_equal(ta.tombstones, tb.tombstones);
    assert_int_equal(ta.overrides, tb.overrides);
    assert_int_equal(ta.groups, tb.groups);
    for (const struct service *s = registry_service_next(a, all, NULL); s;
         s = registry_service_next(a, all, s))
        for (uint32_t n = 0; n < service_count(s); n++, seen++)
            assert_same_instance(a, b, instance_key(service_instance(s, n)));
    assert_int_equal(seen, ta.instances);
}

static void a_registry_comes_back(void **state)
{
    struct store_report report;
    struct store_journal *j = store_journal_new();
    struct registry *before = registry_noted(j), *after = registry_plain();
    make_changes(before);
    struct store *s = open_store(*state, NULL);
    commit(s, store_journal_take(j));
    store_close(s);
    s = open_store(*state, NULL);
    assert_int_equal(store_read(s, after, false, now, &report), ERR_OK);
    assert_int_equal(report.damaged, 0);
    assert_int_equal(report.instances, registry_totals(before).instances);
    assert_int_equal(report.graves, registry_totals(before).tombstones);
    assert_int_equal(report.services, 1);
    assert_int_equal(report.overrides, 2);
    assert_same_registries(before, after);
    store_close(s);
    store_journal_free(j);
    registry_free(before);
    registry_free(after);
}

/* The hook contract in full: nothing buried comes back, and what is put back is journaled
 * again as it was. */
static void a_second_life_writes_the_same(void **state)
{
    struct store_report report;
    struct store_journal *j = store_journal_new();
    struct registry *first = registry_noted(j), *second = registry_plain();
    make_changes(first);
    struct store *s = open_store(*state, NULL);
    commit(s, store_journal_take(j));
    assert_int_equal(store_read(s, second, false, now, &report), ERR_OK);
    struct registry_journal hooks = store_journal_hooks(j);
    registry_set_journal(second, &hooks);
    struct granted granted;
    struct principal who = {.kind = PRINCIPAL_KEY, .name = "deploy"};
    struct record old = {.ns = TEXT("default"),
                         .service = TEXT("web"),
                         .id = TEXT("i0"),
                         .address_count = 1,
                         .addresses = {{FAMILY_V4, {10, 0, 0, 1}}},
                         .ttl = TTL_UNSET,
                         .rev = 1};
    assert_int_equal(registry_register(second, &old, &who, now, &granted), ERR_STALE);
    put(second, "web", 3, (struct text){0}); /* repeated */
    assert_null(store_journal_take(j));
    put(second, "gone", 600, (struct text){0});
    commit(s, store_journal_take(j));
    struct registry *third = registry_plain();
    assert_int_equal(store_read(s, third, false, now, &report), ERR_OK);
    assert_int_equal(report.damaged, 0);
    assert_int_equal(report.services, 0); /* no empty one is left */
    assert_same_registries(second, third);
    store_close(s);
    store_journal_free(j);
    registry_free(first);
    registry_free(second);
    registry_free(third);
}

static void after_a_long_time_all_are_stale(void **state)
{
    struct store_report report;
    struct store_journal *j = store_journal_new();
    struct registry *before = registry_noted(j), *after = registry_plain();
    put(before, "web", 1, (struct text){0});
    put(before, "web", 7, (struct text){0}); /* permanent */
    struct store *s = open_store(*state, NULL);
    commit(s, store_journal_take(j));
    assert_int_equal(store_read(s, after, true, now, &report), ERR_OK);
    assert_int_equal(report.instances, 2);
    assert_int_equal(registry_totals(after).stale, 1);
    store_close(s);
    store_journal_free(j);
    registry_free(before);
    registry_free(after);
}

static uint64_t entries(struct store *s)
{
    return store_size(s).entries - 1; /* the server's numbers */
}

static void what_is_over_is_removed(void **state)
{
    struct store_report report;
    struct entry grave = {.kind = ENTRY_GRAVE}, service = {.kind = ENTRY_SERVICE};
    struct entry override = {.kind = ENTRY_OVERRIDE};
    struct registry *r = registry_plain();
    struct store *s = open_store(*state, NULL);
    struct store_batch *b = batch_new();
    grave.grave = (struct grave){5, now.wall_ms};
    service.until_ms = now.wall_ms;
    override.override.drain = true;
    add(b, STORE_INSTANCES, TEXT("default/web/a"), &grave, 1);
    grave.grave.until_ms++;
    add(b, STORE_INSTANCES, TEXT("default/web/b"), &grave, 2);
    add(b, STORE_SERVICES, TEXT("default/old"), &service, 3);
    service.until_ms++;
    add(b, STORE_SERVICES, TEXT("default/new"), &service, 4);
    service.until_ms = UINT64_MAX;
    add(b, STORE_SERVICES, TEXT("default/ever"), &service, 5);
    add(b, STORE_OVERRIDES, TEXT("default/old/a"), &override, 6);
    add(b, STORE_OVERRIDES, TEXT("default/new/a"), &override, 7);
    commit(s, b);
    assert_int_equal(store_read(s, r, false, now, &report), ERR_OK);
    assert_int_equal(report.damaged, 0);
    assert_int_equal(report.graves, 1);
    assert_int_equal(report.services, 2);
    assert_int_equal(report.overrides, 1);
    assert_int_equal(registry_totals(r).services, 2);
    assert_int_equal(entries(s), 7);
    /* With the first commit; what that one writes itself stays. */
    b = batch_new();
    grave.grave.until_ms = UINT64_MAX;
    add(b, STORE_INSTANCES, TEXT("default/web/a"), &grave, 8);
    commit(s, b);
    assert_int_equal(entries(s), 5);
    commit(s, graves(0, 1));
    assert_int_equal(entries(s), 6);
    store_close(s);
    registry_free(r);
}

static void damaged_entries_are_left_out(void **state)
{
    struct store_report report;
    struct registry *r = registry_plain();
    struct store *s = open_store(*state, NULL);
    struct store_batch *b = graves(0, 3);
    struct writer w;
    for (unsigned n = 0; n < 30; n++) {
        char key[64];
        snprintf(key, sizeof key, "default/web/h%u", n);
        assert_int_equal(batch_reserve(b, 200), ERR_OK);
        batch_begin(b, (enum store_table)(n % 3), text_of(key), &w);
        write_bytes(&w, "nonsense", 8);
        batch_end(b, &w, n);
    }
    /* Whole, but no record that a registry takes. */
    static struct entry e;
    e.kind = ENTRY_INSTANCE;
    e.instance.record.ttl = 9999;
    add(b, STORE_INSTANCES, TEXT("default/web/x"), &e, 40);
    commit(s, b);
    assert_int_equal(store_read(s, r, false, now, &report), ERR_OK);
    assert_int_equal(report.damaged, 31);
    assert_int_equal(report.graves, 3);
    assert_int_equal(report.instances, 0);
    assert_int_equal(registry_totals(r).instances, 0);
    store_close(s);
    registry_free(r);
}

static void the_servers_numbers_are_one_entry(void **state UNUSED)
{
    struct store_meta meta = {7, 8, 9, 9}, back = {0};
    struct store_report report = {0};
    struct store_journal *j = store_journal_new();
    struct registry *r = registry_plain();
    assert_int_equal(store_journal_meta(j, &meta), ERR_OK);
    struct store_batch *b = store_journal_take(j);
    struct batch_place place = {0};
    struct batch_change c;
    assert_true(batch_next(b, &place, &c));
    assert_int_equal(store_restore(r, c.table, c.key, c.value, false, now, NULL, &report), ERR_OK);
    assert_int_equal(store_restore(r, c.table, c.key, c.value, false, now, &back, &report), ERR_OK);
    assert_memory_equal(&back, &meta, sizeof meta);
    assert_int_equal(report.damaged, 0);
    store_batch_free(b);
    store_journal_free(j);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_registry_comes_back),
        IN_FOLDER(a_second_life_writes_the_same),
        IN_FOLDER(after_a_long_time_all_are_stale),
        IN_FOLDER(what_is_over_is_removed),
        IN_FOLDER(damaged_entries_are_left_out),
        cmocka_unit_test(the_servers_numbers_are_one_entry),
    };
    log_init(LOG_LEVEL_ERROR, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

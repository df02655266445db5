/* What the journal hears, in which order, and that a refusal leaves all as it was. */
#include "unit/registry/fixture.h"

/* ---- a journal that writes lines ------------------------------------------------------- */

struct tape {
    char lines[4096];
    size_t used;
    size_t reserved; /* changes announced and not yet made */
    unsigned until_refusal;
    enum err refusal; /* ERR_OK = none */
    bool readonly, unannounced;
};

static void line(struct tape *t, const char *what, struct instance_key key, uint64_t a, uint64_t b)
{
    int n = snprintf(t->lines + t->used, sizeof(t->lines) - t->used, "%s %.*s/%.*s %llu %llu|",
                     what, TEXT_ARG(key.service), TEXT_ARG(key.id), (unsigned long long)a,
                     (unsigned long long)b);
    t->used += (size_t)n;
    assert_true(t->used < sizeof(t->lines));
}

static void make(struct tape *t)
{
    if (t->reserved == 0)
        t->unannounced = true;
    else
        t->reserved--;
}

static enum err reserve(void *context, enum journal_need need, size_t changes)
{
    struct tape *t = context;
    if (t->readonly && need == JOURNAL_PUT)
        return ERR_READONLY;
    if (t->refusal != ERR_OK && t->until_refusal-- == 0)
        return t->refusal;
    t->reserved = changes;
    return ERR_OK;
}

static void put_line(void *context, const struct instance *i)
{
    struct record record;
    instance_read(i, &record);
    make(context);
    line(context, "put", instance_key(i), record.rev - WALL, record.lease_s);
}

static void bury(void *context, struct instance_key key, uint64_t floor, uint64_t until_ms)
{
    make(context);
    line(context, "bury", key, floor - WALL, until_ms - WALL);
}

static void forget(void *context, struct instance_key key)
{
    line(context, "forget", key, 0, 0);
}

static void override_line(void *context, struct instance_key key, const struct override *o)
{
    make(context);
    line(context, "override", key, o->drain, o->weight);
}

static void service_line(void *context, struct text ns, struct text service, uint64_t until_ms)
{
    struct instance_key key = {ns, service, TEXT("")};
    if (until_ms)
        make(context);
    else
        ((struct tape *)context)->reserved -= ((struct tape *)context)->reserved > 0;
    line(context, "service", key,
         until_ms == 0 || until_ms == UINT64_MAX ? until_ms : until_ms - WALL, 0);
}

static void touch(void *context, struct instance_key key)
{
    line(context, "touch", key, 0, 0);
}

static struct registry *taped(struct tape *t, struct registry_config config)
{
    struct registry *r = registry_of(config);
    struct registry_journal journal = {t,      reserve,       put_line,     bury,
                                       forget, override_line, service_line, touch};
    *t = (struct tape){0};
    registry_set_journal(r, &journal);
    return r;
}

static void expect(struct tape *t, const char *lines)
{
    assert_string_equal(t->lines, lines);
    assert_false(t->unannounced);
    t->used = 0;
    t->lines[0] = 0;
}

/* ---- who hears what ------------------------------------------------------------------- */

static void test_registrations(void **state)
{
    (void)state;
    struct tape t;
    struct registry *r = taped(&t, registry_config_default());
    struct granted g;
    struct record a = record_of("web", "a");
    put(r, &a, 1);
    expect(&t, "put web/a 1 30|");
    put(r, &a, 2);
    expect(&t, "touch web/a 0 0|");
    assert_int_equal(registry_renew(r, key_of("web", "a"), &local, at_ms(3), &g), ERR_OK);
    expect(&t, "");
    a.rev = WALL + 5;
    put(r, &a, 4);
    expect(&t, "put web/a 5 30|"); /* only a later revision */
    a.lease_s = 60;
    put(r, &a, 5);
    expect(&t, "put web/a 5 60|");
    a.group = TEXT("node");
    put(r, &a, 6);
    expect(&t, "put web/a 5 60|");
    a.lease_s = 0;
    a.group = TEXT("");
    a.rev = 0;
    assert_int_equal(registry_update(r, &a, &local, at_ms(7), &g), ERR_OK);
    expect(&t, "touch web/a 0 0|"); /* an update leaves the lease as it is */
    a.version = TEXT("2");
    assert_int_equal(registry_update(r, &a, &local, at_ms(8), &g), ERR_OK);
    expect(&t, "put web/a 8 60|");
    a.rev = 1;
    assert_int_equal(registry_register(r, &a, &local, at_ms(9), &g), ERR_STALE);
    assert_int_equal(registry_register(r, &a, &deploy, at_ms(9), &g), ERR_OWNER);
    expect(&t, "");
    a.rev = 0;
    assert_int_equal(registry_register(r, &a, &deploy, at_ms(70000), &g), ERR_OK);
    expect(&t, "put web/a 70000 30|"); /* taken over: the same key */
    registry_set_journal(r, NULL);
    put_named(r, "web", "b", 70000);
    expect(&t, "");
    registry_free(r);
}

static void test_goodbyes(void **state)
{
    (void)state;
    struct tape t;
    struct registry_config config = registry_config_default();
    config.tombstones_max = 2;
    config.service_retention_s = 100;
    struct registry *r = taped(&t, config);
    uint64_t rev;
    put_named(r, "web", "a", 1);
    put_named(r, "web", "b", 1);
    expect(&t, "put web/a 1 30|put web/b 1 30|");
    drop(r, "web", "a", 10);
    expect(&t, "bury web/a 2 300010|");
    drop(r, "web", "b", 10);
    expect(&t, "bury web/b 2 300010|service web/ 100010 0|");
    assert_int_equal(registry_deregister(r, key_of("web", "b"), 0, &local, at_ms(11), &rev),
                     ERR_NOT_FOUND);
    expect(&t, "touch web/b 0 0|");
    put_named(r, "web", "b", 12); /* lifts the grave without a word: the key is the same */
    expect(&t, "service web/ 0 0|put web/b 12 30|");
    drop(r, "web", "b", 13);
    put_named(r, "web", "c", 14);
    drop(r, "web", "c", 15); /* the third grave: the oldest gives way */
    expect(&t, "bury web/b 13 300013|service web/ 100013 0|service web/ 0 0|put web/c 14 30|"
               "bury web/c 15 300015|service web/ 100015 0|forget web/a 0 0|");
    expire_all(r, 100015);
    expect(&t, "service web/ 0 0|");
    expire_all(r, 300014);
    expect(&t, "forget web/b 0 0|");
    put_named(r, "web", "d", 300014);
    expect(&t, "put web/d 300014 30|"); /* it was not known, so nothing is taken back */
    expire_all(r, 330014);
    expect(&t, "bury web/d 300014 630014|service web/ 430014 0|forget web/c 0 0|");
    registry_free(r);
}

static void test_no_graves(void **state)
{
    (void)state;
    struct tape t;
    struct registry_config config = registry_config_default();
    config.tombstones_max = 0;
    struct registry *r = taped(&t, config);
    put_named(r, "web", "a", 1);
    put_named(r, "web", "b", 1);
    drop(r, "web", "a", 2);
    expect(&t, "put web/a 1 30|put web/b 1 30|bury web/a 2 300002|forget web/a 0 0|");
    registry_free(r);
}

static bool is_permanent(void *context, struct text ns, struct text service)
{
    (void)context;
    (void)ns;
    return text_is(service, TEXT("web"));
}

static void test_permanent_service(void **state)
{
    (void)state;
    struct tape t;
    struct registry_config config = registry_config_default();
    config.service_permanent = is_permanent;
    struct registry *r = taped(&t, config);
    put_named(r, "web", "a", 1);
    drop(r, "web", "a", 2);
    expect(&t, "put web/a 1 30|bury web/a 2 300002|service web/ 18446744073709551615 0|");
    registry_free(r);
}

static void test_group_and_overrides(void **state)
{
    (void)state;
    struct tape t;
    struct registry *r = taped(&t, registry_config_default());
    struct override o = {.drain = true}, none = {0};
    for (unsigned n = 0; n < 3; n++) {
        char id[] = {(char)('a' + n), 0};
        struct record record = record_of(n < 2 ? "web" : "db", id);
        record.group = TEXT("node");
        put(r, &record, 1);
    }
    t.used = 0;
    uint32_t count;
    uint64_t goodbye;
    struct group_state group;
    assert_int_equal(registry_group_renew(r, TEXT("node"), &local, false, 0, 0, at_ms(2), &group),
                     ERR_OK);
    assert_int_equal(t.used, 0);
    assert_int_equal(registry_override(r, key_of("web", "a"), &o, at_ms(3)), ERR_OK);
    assert_int_equal(registry_override(r, key_of("web", "a"), &o, at_ms(3)), ERR_OK);
    expect(&t, "override web/a 1 0|touch web/a 0 0|");
    assert_int_equal(registry_override(r, key_of("web", "a"), &none, at_ms(3)), ERR_OK);
    assert_int_equal(registry_override(r, key_of("web", "x"), &o, at_ms(3)), ERR_OK);
    expect(&t, "override web/a 0 0|override web/x 1 0|");
    assert_int_equal(registry_group_deregister(r, TEXT("node"), &local, at_ms(4), &count, &goodbye),
                     ERR_OK);
    expect(&t, "bury web/a 2 300004|bury web/b 2 300004|service web/ 86400004 0|"
               "bury db/c 2 300004|service db/ 86400004 0|");
    expire_all(r, 86400004);
    assert_non_null(strstr(t.lines, "override web/x 0 0|service web/ 0 0|"));
    assert_false(t.unannounced);
    registry_free(r);
}

/* ---- refusals -------------------------------------------------------------------------- */

static uint64_t fingerprint(const struct registry *r)
{
    struct registry_totals t = registry_totals(r);
    struct guard_state guard = registry_guard(r);
    uint64_t sum = hash_bytes(&fixture_key, &t, sizeof(t)) + guard.hosts * 3 + guard.counted * 5;
    sum += registry_index(r) + registry_next_deadline(r);
    for (const struct service *s = registry_service_next(r, TEXT(""), NULL); s;
         s = registry_service_next(r, TEXT(""), s))
        for (uint32_t n = 0; n < service_count(s); n++) {
            struct record record;
            struct instance_state state;
            instance_read(service_instance(s, n), &record);
            instance_state(service_instance(s, n), &state);
            sum = sum * 31 + record.rev + state.deadline_ms + state.index + state.status;
            sum = sum * 31 + state.weight + record.group.n + record.version.n + state.stale;
        }
    return sum;
}

enum call { CREATE, TAKEOVER, CONTENT, REVISION, TERM, GROUP, UPDATE, OVERRIDE, RAISE, PUTS };
enum { GOODBYE = PUTS, GROUP_GOODBYE, DRAIN, DRAIN_ORDER, PROBED, EVICT, CALLS };

static enum err register_as(struct registry *r, unsigned call)
{
    struct record record = record_of("web", call == CREATE ? "new" : "a");
    struct granted g;
    if (call == CONTENT || call == UPDATE)
        record.version = TEXT("2");
    if (call == REVISION)
        record.rev = WALL + 1000;
    if (call == TERM)
        record.lease_s = 60;
    if (call == GROUP)
        record.group = TEXT("other");
    if (call == DRAIN)
        record.status = STATUS_DRAINING;
    if (call == UPDATE)
        return registry_update(r, &record, &local, at_ms(100), &g);
    return registry_register(r, &record, call == TAKEOVER ? &deploy : &local,
                             at_ms(call == TAKEOVER ? 30000 : 100), &g);
}

static enum err run(struct registry *r, unsigned call)
{
    struct override drain = {.drain = true}, raise = {.weight_set = true, .weight = 200};
    uint64_t rev, goodbye;
    uint32_t count;
    unsigned went;
    switch (call) {
    case OVERRIDE: {
        struct override up = {
            .status_set = true, .status = STATUS_UP, .weight_set = true, .weight = 101};
        return registry_override(r, key_of("web", "a"), &up, at_ms(100));
    }
    case RAISE: return registry_override(r, key_of("web", "a"), &raise, at_ms(100));
    case DRAIN_ORDER: return registry_override(r, key_of("web", "a"), &drain, at_ms(100));
    case GOODBYE: return registry_deregister(r, key_of("web", "a"), 0, &local, at_ms(100), &rev);
    case GROUP_GOODBYE:
        return registry_group_deregister(r, TEXT("node"), &local, at_ms(100), &count, &goodbye);
    case PROBED: return registry_probed(r, key_of("web", "a"), false, at_ms(100));
    case EVICT: return registry_evict(r, key_of("web", "a"), 1, at_ms(100), NULL, NULL, &went);
    default: return register_as(r, call);
    }
}

static struct registry *furnished(struct tape *t)
{
    struct registry *r = taped(t, registry_config_default());
    put_named(r, "web", "a", 0);
    for (unsigned n = 0; n < 3; n++) {
        char id[] = {(char)('x' + n), 0};
        struct record record = record_of("db", id);
        record.group = TEXT("node");
        put(r, &record, 0);
    }
    return r;
}

static void test_refusals_change_nothing(void **state)
{
    (void)state;
    for (unsigned call = 0; call < CALLS; call++) {
        struct tape t;
        struct registry *r = furnished(&t);
        uint64_t before = fingerprint(r);
        t.refusal = ERR_MEMORY;
        t.until_refusal = 0;
        assert_int_equal(run(r, call), ERR_MEMORY);
        assert_int_equal(fingerprint(r), before);
        t.refusal = ERR_OK;
        t.readonly = true;
        enum err err = run(r, call);
        assert_int_equal(err, call < PUTS ? ERR_READONLY : ERR_OK);
        assert_true((fingerprint(r) == before) == (call < PUTS));
        t.readonly = false;
        if (call < PUTS) {
            assert_int_equal(run(r, call), ERR_OK);
            assert_true(fingerprint(r) != before);
        }
        assert_false(t.unannounced);
        registry_free(r);
    }
}

/* An eviction without room waits a second; what has expired is demoted meanwhile. */
static void test_eviction_without_room(void **state)
{
    (void)state;
    struct tape t;
    struct registry *r = furnished(&t);
    t.refusal = ERR_MEMORY;
    t.until_refusal = 2;
    assert_false(registry_expire(r, at_ms(30000), 100, NULL, NULL));
    assert_int_equal(registry_totals(r).instances, 2);
    assert_int_equal(registry_totals(r).stale, 2);
    assert_int_equal(registry_next_deadline(r), 31000);
    t.refusal = ERR_OK;
    assert_false(registry_expire(r, at_ms(31000), 100, NULL, NULL));
    assert_int_equal(registry_totals(r).instances, 0);
    assert_false(t.unannounced);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registrations),
        cmocka_unit_test(test_goodbyes),
        cmocka_unit_test(test_no_graves),
        cmocka_unit_test(test_permanent_service),
        cmocka_unit_test(test_group_and_overrides),
        cmocka_unit_test(test_refusals_change_nothing),
        cmocka_unit_test(test_eviction_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

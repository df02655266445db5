/* The observer: who registered, took over, moved and deregistered what, once each; and
 * what it is not told of. */
#include "unit/registry/fixture.h"

static const struct principal admin = {.kind = PRINCIPAL_NAME, .name = "admin"};

/* What was told, as text: "registered web/a local; ..." */
struct told {
    char text[512];
    size_t size;
};

static void note(void *context, const struct registry_deed *deed)
{
    static const char *const kinds[] = {"registered", "taken over", "moved", "deregistered"};
    struct told *told = context;
    struct instance_key key = instance_key(deed->instance);
    char who[PRINCIPAL_TEXT], before[PRINCIPAL_TEXT];
    struct record record;
    instance_read(deed->instance, &record); /* it is whole */
    assert_text(record.id, "x");
    told->size += (size_t)snprintf(told->text + told->size, sizeof(told->text) - told->size,
                                   "%s %.*s %s%s%s;", kinds[deed->kind], TEXT_ARG(key.service),
                                   principal_format(deed->who, who), deed->before ? " from " : "",
                                   deed->before ? principal_format(deed->before, before) : "");
    assert_true(told->size < sizeof(told->text));
}

static struct registry *observed(struct told *told)
{
    struct registry *r = registry_plain();
    *told = (struct told){.size = 0};
    registry_set_observer(r, note, told);
    return r;
}

static void assert_told(struct told *told, const char *wanted)
{
    assert_string_equal(told->text, wanted);
    *told = (struct told){.size = 0};
}

static void test_registers_once(void **state)
{
    (void)state;
    struct told told;
    struct granted g;
    struct registry *r = observed(&told);
    put_named(r, "web", "x", 0);
    assert_told(&told, "registered web local;");
    put_named(r, "web", "x", 1000);
    assert_int_equal(registry_renew(r, key_of("web", "x"), &local, at_ms(2000), &g), ERR_OK);
    struct record record = record_of("web", "x");
    record.version = TEXT("2");
    put(r, &record, 3000);
    assert_told(&told, "");
    assert_int_equal(registry_register(r, &record, &deploy, at_ms(4000), &g), ERR_OWNER);
    record.service = TEXT("-");
    assert_int_equal(registry_register(r, &record, &deploy, at_ms(4000), &g), ERR_VALUE);
    assert_told(&told, "");
    registry_free(r);
}

static void test_takes_over(void **state)
{
    (void)state;
    struct told told;
    struct granted g;
    struct registry *r = observed(&told);
    put_named(r, "web", "x", 0);
    struct record record = record_of("web", "x");
    record.addresses[0] = addr_of("10.0.0.9");
    told = (struct told){.size = 0};
    assert_int_equal(registry_register(r, &record, &deploy, at_ms(60000), &g), ERR_OK);
    assert_told(&told, "taken over web key:deploy from local;");
    assert_int_equal(registry_totals(r).instances, 1);
    registry_free(r);
}

static void test_moves(void **state)
{
    (void)state;
    struct told told;
    struct granted g;
    struct registry *r = observed(&told);
    struct record record = record_of("web", "x");
    record.addresses[record.address_count++] = addr_of("2001:db8::1");
    put(r, &record, 0);
    told = (struct told){.size = 0};
    record.addresses[0] = addr_of("2001:db8::1");
    record.addresses[1] = addr_of("10.0.0.7");
    assert_true(put(r, &record, 1).changed); /* another order is no other place */
    assert_told(&told, "");
    record.address_count = 1;
    put(r, &record, 2);
    assert_told(&told, "moved web local;");
    record.address_count = 2;
    put(r, &record, 2);
    assert_told(&told, "moved web local;");
    record.addresses[0] = addr_of("10.0.0.8");
    assert_int_equal(registry_update(r, &record, &local, at_ms(3), &g), ERR_OK);
    assert_told(&told, "moved web local;");
    record.rev = 1;
    record.addresses[0] = addr_of("10.0.0.9");
    assert_int_equal(registry_update(r, &record, &local, at_ms(4), &g), ERR_STALE);
    assert_told(&told, "");
    registry_free(r);
}

static void test_says_goodbye(void **state)
{
    (void)state;
    struct told told;
    uint64_t rev;
    uint32_t count;
    uint64_t goodbye;
    struct registry *r = observed(&told);
    put_named(r, "web", "x", 0);
    for (const char *service = "abc"; *service; service++) {
        char name[] = {*service, 0};
        struct record record = record_of(name, "x");
        record.group = TEXT("node");
        put(r, &record, 0);
    }
    told = (struct told){.size = 0};
    assert_int_equal(registry_deregister(r, key_of("web", "x"), 0, &deploy, at_ms(1), &rev),
                     ERR_OWNER);
    assert_told(&told, "");
    drop(r, "web", "x", 1);
    assert_told(&told, "deregistered web local;");
    assert_int_equal(registry_group_deregister(r, TEXT("node"), &local, at_ms(1), &count, &goodbye),
                     ERR_OK);
    assert_told(&told, "deregistered a local;deregistered b local;deregistered c local;");
    registry_free(r);
}

static void test_transactions(void **state)
{
    (void)state;
    struct told told;
    struct registry *r = observed(&told);
    put_named(r, "gone", "x", 0);
    put_named(r, "late", "x", 0);
    struct granted g;
    struct record moves = record_of("moves", "x"), comes = record_of("comes", "x"),
                  late = record_of("late", "x");
    assert_int_equal(registry_register(r, &moves, &admin, at_ms(50000), &g), ERR_OK);
    struct record gone = record_of("gone", "x");
    assert_int_equal(registry_register(r, &gone, &admin, at_ms(50000), &g), ERR_OK);
    moves.addresses[0] = addr_of("10.0.0.8");
    struct registry_change changes[] = {
        {.key = key_of("gone", "x")}, {.record = &moves}, {.record = &comes}, {.record = &late}};
    struct registry_transaction *t;
    size_t failed;
    told = (struct told){.size = 0};
    assert_int_equal(registry_prepare(r, changes, 4, &admin, at_ms(50000), &t, &failed), ERR_OK);
    registry_abort(t);
    assert_told(&told, "");
    assert_int_equal(registry_prepare(r, changes, 4, &admin, at_ms(50000), &t, &failed), ERR_OK);
    assert_told(&told, "");
    registry_commit(t);
    assert_told(&told, "registered comes name:admin;taken over late name:admin from local;"
                       "moved moves name:admin;deregistered gone name:admin;");
    registry_free(r);
}

static void test_not_of_time_and_operators(void **state)
{
    (void)state;
    struct told told;
    unsigned count;
    struct registry *r = observed(&told);
    struct stored_instance stored = {.record = record_of("web", "x"), .owner = local};
    stored.record.rev = WALL;
    assert_int_equal(registry_restore(r, &stored, false, at_ms(0)), ERR_OK);
    struct override o = {.drain = true};
    assert_int_equal(registry_override(r, key_of("web", "x"), &o, at_ms(1)), ERR_OK);
    assert_int_equal(registry_evict(r, key_of("web", "x"), 1, at_ms(2), NULL, NULL, &count),
                     ERR_OK);
    assert_told(&told, "");
    put_named(r, "db", "x", 3);
    told = (struct told){.size = 0};
    expire_all(r, 100000);
    assert_int_equal(registry_totals(r).instances, 0);
    assert_told(&told, "");
    registry_set_observer(r, NULL, NULL);
    put_named(r, "db", "x", 100000);
    assert_told(&told, "");
    registry_free(r);
}

static void note_asker(void *context, const struct registry_deed *deed)
{
    char who[PRINCIPAL_TEXT], by[PRINCIPAL_TEXT];
    struct told *told = context;
    told->size += (size_t)snprintf(told->text + told->size, sizeof(told->text) - told->size,
                                   "%s by %s;", principal_format(deed->who, who),
                                   deed->by ? principal_format(deed->by, by) : "itself");
    assert_true(told->size < sizeof(told->text));
}

static void test_in_the_name_of(void **state)
{
    (void)state;
    struct told told = {.size = 0};
    struct granted g;
    struct registry *r = registry_plain();
    registry_set_observer(r, note_asker, &told);
    struct record record = record_of("web", "x");
    assert_int_equal(registry_register_for(r, &record, &deploy, &admin, at_ms(0), &g), ERR_OK);
    assert_told(&told, "key:deploy by name:admin;");
    assert_int_equal(registry_renew(r, key_of("web", "x"), &deploy, at_ms(1), &g), ERR_OK);
    assert_int_equal(registry_renew(r, key_of("web", "x"), &admin, at_ms(1), &g), ERR_OWNER);
    assert_int_equal(registry_register_for(r, &record, &local, &admin, at_ms(2), &g), ERR_OWNER);
    record.addresses[0] = addr_of("10.0.0.8");
    assert_int_equal(registry_register_for(r, &record, &deploy, &deploy, at_ms(3), &g), ERR_OK);
    assert_told(&told, "key:deploy by itself;");
    record.addresses[0] = addr_of("10.0.0.9");
    assert_int_equal(registry_register(r, &record, &deploy, at_ms(4), &g), ERR_OK);
    assert_told(&told, "key:deploy by itself;");
    registry_free(r);
}

static void test_principal_texts(void **state)
{
    (void)state;
    static const char *const good[] = {"local",
                                       "addr:10.0.0.7",
                                       "addr:2001:db8::7",
                                       "key:deploy",
                                       "key:12345678901234567890123456789012",
                                       "name:update.example",
                                       "name:a:b",
                                       "token:admin"};
    static const char *const bad[] = {
        "",          "me",     "Local",        "local:", "addr:",
        "addr:x",    "key:",   "key:a b",      "name:",  "name:@admin",
        "token:",    "key:\n", "token:other",  ":",      "addr:10.0.0.7/8",
        "user:root", "key",    "key:\xc3\xa4", "token",  "key:123456789012345678901234567890123"};
    struct principal p;
    char text[PRINCIPAL_TEXT];
    for (size_t n = 0; n < ARRAY_COUNT(good); n++) {
        assert_int_equal(principal_parse(text_of(good[n]), &p), ERR_OK);
        assert_string_equal(principal_format(&p, text), good[n]);
    }
    for (size_t n = 0; n < ARRAY_COUNT(bad); n++)
        if (principal_parse(text_of(bad[n]), &p) != ERR_SYNTAX)
            fail_msg("%s", bad[n]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers_once), cmocka_unit_test(test_takes_over),
        cmocka_unit_test(test_moves),          cmocka_unit_test(test_says_goodbye),
        cmocka_unit_test(test_transactions),   cmocka_unit_test(test_not_of_time_and_operators),
        cmocka_unit_test(test_in_the_name_of), cmocka_unit_test(test_principal_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

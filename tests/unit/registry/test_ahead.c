/* What is looked at ahead renews as it would have without, and no sight can do harm. */
#include "unit/registry/fixture.h"

enum { COUNT = 300 };

static void name(unsigned n, char out[static 8])
{
    snprintf(out, 8, "i%u", n);
}

static void see(const struct registry *r, const char *id, struct sight *out)
{
    registry_ahead(r, key_of("web", id), out);
    for (unsigned steps = 0; steps < 3; steps++)
        registry_ahead_closer(r, out);
}

static enum err renew(struct registry *r, const char *id, const struct sight *sight, uint64_t ms)
{
    struct granted granted;
    enum err err = registry_renew_seen(r, key_of("web", id), sight, &local, at_ms(ms), &granted);
    assert_true(!granted.instance == (err != ERR_OK));
    if (granted.instance)
        assert_true(text_is(instance_key(granted.instance).id, text_of(id)));
    return err;
}

static void test_renews(void **state)
{
    (void)state;
    static struct sight sights[COUNT + 1];
    struct registry *r = registry_plain();
    char id[8];
    for (unsigned n = 0; n < COUNT; n++) {
        name(n, id);
        put_named(r, "web", id, 0);
    }
    for (unsigned n = 0; n <= COUNT; n++) {
        name(n, id);
        see(r, id, &sights[n]);
    }
    for (unsigned n = 0; n <= COUNT; n++) {
        name(n, id);
        assert_int_equal(renew(r, id, &sights[n], 20000), n < COUNT ? ERR_OK : ERR_NOT_FOUND);
    }
    assert_int_equal(registry_totals(r).renewals, COUNT);
    assert_int_equal(state_of(r, "web", "i7").deadline_ms, 50000);
    registry_free(r);
}

/* The instance seen is gone, then another of that name is there, and many more. */
static void test_changes_after_a_sight(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct sight sight;
    char id[8];
    put_named(r, "web", "a", 0);
    see(r, "a", &sight);
    drop(r, "web", "a", 1);
    assert_int_equal(renew(r, "a", &sight, 2), ERR_NOT_FOUND);
    put_named(r, "web", "a", 3);
    for (unsigned n = 0; n < COUNT; n++) {
        name(n, id);
        put_named(r, "web", id, 4);
    }
    assert_int_equal(renew(r, "a", &sight, 5), ERR_OK);
    assert_int_equal(renew(r, "i1", &sight, 5), ERR_NOT_FOUND); /* of another name */
    registry_free(r);
}

static void test_owner_and_names(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct sight sight;
    struct granted granted;
    char longer[INSTANCE_ID_MAX + 2];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    see(r, longer, &sight);
    assert_int_equal(renew(r, longer, &sight, 0), ERR_NOT_FOUND);
    put_named(r, "web", "a", 0);
    see(r, "a", &sight);
    assert_int_equal(
        registry_renew_seen(r, key_of("web", "a"), &sight, &deploy, at_ms(1), &granted), ERR_OWNER);
    assert_null(granted.instance);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renews),
        cmocka_unit_test(test_changes_after_a_sight),
        cmocka_unit_test(test_owner_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Names that may not be taken twice, and services in the order of their names. */
#include "base/rand.h"
#include "unit/registry/fixture.h"

static enum err put_err(struct registry *r, const char *ns, const char *service, const char *id)
{
    struct record record = record_of(service, id);
    record.ns = text_of(ns);
    struct granted g;
    return registry_register(r, &record, &local, at_ms(0), &g);
}

static void test_conflicts(void **state)
{
    (void)state;
    static const struct {
        const char *ns, *service, *id;
        enum err err;
    } steps[] = {
        {"default", "rpc", "user", ERR_OK},
        {"default", "user.rpc", "a", ERR_EXISTS}, /* would be user of rpc */
        {"prod", "user.rpc", "a", ERR_OK},        /* elsewhere nobody minds */
        {"prod", "rpc", "user", ERR_EXISTS},
        {"prod", "rpc", "other", ERR_OK},
        {"prod", "user.rpc", "a", ERR_OK}, /* again, not new */
        {"prod", "user.rpc", "b", ERR_OK},
        {"default", "b.c", "a", ERR_OK},
        {"default", "a.b.c", "x", ERR_EXISTS},
        {"default", "c", "b", ERR_EXISTS},
        {"default", "x.a.b.c", "y", ERR_OK},
        {"default", "c", "a", ERR_OK},
        {"default", "a.c", "y", ERR_EXISTS},
    };
    struct registry *r = registry_plain();
    for (size_t n = 0; n < ARRAY_COUNT(steps); n++)
        if (put_err(r, steps[n].ns, steps[n].service, steps[n].id) != steps[n].err)
            fail_msg("step %zu", n);
    assert_null(registry_service(r, TEXT("default"), TEXT("user.rpc")));
    drop(r, "rpc", "user", 0);
    assert_int_equal(put_err(r, "default", "user.rpc", "a"), ERR_OK);
    assert_int_equal(put_err(r, "default", "rpc", "user"), ERR_EXISTS);
    registry_free(r);
}

/* "mail" is a static name, and "ns1.web" too. */
static bool is_static(void *context, struct text ns, struct text service, struct text id)
{
    ++*(unsigned *)context;
    return text_is(ns, TEXT("default")) &&
           (id.n ? text_is(service, TEXT("web")) && text_is(id, TEXT("ns1"))
                 : text_is(service, TEXT("mail")));
}

static void test_static_names(void **state)
{
    (void)state;
    unsigned asked = 0;
    struct registry_config config = registry_config_default();
    config.name_taken = is_static;
    config.context = &asked;
    struct registry *r = registry_of(config);
    assert_int_equal(put_err(r, "default", "mail", "a"), ERR_EXISTS);
    assert_int_equal(put_err(r, "prod", "mail", "a"), ERR_OK);
    assert_int_equal(put_err(r, "default", "web", "ns1"), ERR_EXISTS);
    assert_null(registry_service(r, TEXT("default"), TEXT("web")));
    assert_int_equal(put_err(r, "default", "web", "a"), ERR_OK);
    asked = 0;
    assert_int_equal(put_err(r, "default", "web", "a"), ERR_OK); /* nothing new, no question */
    assert_int_equal(asked, 0);
    registry_free(r);
}

/* A service is known when its name is taken, as by a new zone file: what is stored lives on,
 * nobody new comes. */
static void test_taken_later(void **state)
{
    (void)state;
    unsigned asked = 0;
    struct registry_config config = registry_config_default();
    struct registry *r = registry_of(config);
    assert_int_equal(put_err(r, "default", "mail", "a"), ERR_OK);
    config.name_taken = is_static;
    config.context = &asked;
    assert_int_equal(registry_configure(r, &config), ERR_OK);
    assert_int_equal(put_err(r, "default", "mail", "a"), ERR_OK);
    assert_int_equal(put_err(r, "default", "mail", "b"), ERR_EXISTS);
    drop(r, "mail", "a", 0); /* known, with nobody */
    assert_non_null(registry_service(r, TEXT("default"), TEXT("mail")));
    assert_int_equal(put_err(r, "default", "mail", "a"), ERR_EXISTS);
    assert_int_equal(put_err(r, "default", "web", "b"), ERR_OK);
    registry_free(r);
}

static void test_order_by_namespace(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"a", "x"},     {"a", "y"},     {"a-b", "x"},
                                           {"a-b", "x-y"}, {"a-b", "x.y"}, {"b", "a"}};
    struct registry *r = registry_plain();
    for (size_t n = ARRAY_COUNT(names); n-- > 0;)
        assert_int_equal(put_err(r, names[n][0], names[n][1], "i"), ERR_OK);
    const struct service *s = NULL;
    for (size_t n = 0; n < ARRAY_COUNT(names); n++) {
        s = registry_service_next(r, TEXT(""), s);
        assert_non_null(s);
        assert_text(service_namespace(s), names[n][0]);
        assert_text(service_name(s), names[n][1]);
    }
    assert_null(registry_service_next(r, TEXT(""), s));
    s = registry_service_next(r, TEXT("a"), NULL);
    assert_text(service_name(s), "x");
    s = registry_service_next(r, TEXT("a"), s);
    assert_text(service_name(s), "y");
    assert_null(registry_service_next(r, TEXT("a"), s));
    assert_null(registry_service_next(r, TEXT("aa"), NULL));
    registry_free(r);
}

enum { NAMES = 500 };

static void check_walk(const struct registry *r, const bool *known)
{
    const struct service *s = NULL;
    for (unsigned n = 0; n < NAMES; n++) {
        if (!known[n])
            continue;
        char name[8];
        snprintf(name, sizeof(name), "s%03u", n);
        s = registry_service_next(r, TEXT("default"), s);
        assert_non_null(s);
        assert_text(service_name(s), name);
    }
    assert_null(registry_service_next(r, TEXT("default"), s));
}

/* Services come and go at random; the walk is always complete and sorted. */
static void test_order_at_random(void **state)
{
    (void)state;
    struct registry_config config = registry_config_default();
    config.service_retention_s = 0;
    struct registry *r = registry_of(config);
    struct rand rand;
    rand_seed(&rand, 3);
    bool known[NAMES] = {false};
    for (unsigned n = 0; n < 10000; n++) {
        unsigned which = rand_below(&rand, NAMES);
        char name[8];
        snprintf(name, sizeof(name), "s%03u", which);
        if (known[which])
            drop(r, name, "x", 0);
        else
            put_named(r, name, "x", 0);
        known[which] = !known[which];
        expire_all(r, 0);
        if (n % 3 == 0)
            registry_changes_trim(r, registry_index(r));
        if (n % 200 == 0)
            check_walk(r, known);
    }
    check_walk(r, known);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conflicts),       cmocka_unit_test(test_static_names),
        cmocka_unit_test(test_taken_later),     cmocka_unit_test(test_order_by_namespace),
        cmocka_unit_test(test_order_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "store/key.h"

#include "unit/store/common.h"

static void joined_keys_split_again(void **state UNUSED)
{
    char buffer[KEY_MAX];
    struct instance_key back;
    struct text key =
        key_join((struct instance_key){TEXT("default"), TEXT("user.rpc"), TEXT("a")}, buffer);
    assert_true(text_is(key, TEXT("default/user.rpc/a")));
    assert_true(key_split(key, true, &back));
    assert_true(text_is(back.ns, TEXT("default")));
    assert_true(text_is(back.service, TEXT("user.rpc")));
    assert_true(text_is(back.id, TEXT("a")));
    assert_false(key_split(key, false, &back));
    key = key_join((struct instance_key){TEXT("default"), TEXT("web"), {NULL, 0}}, buffer);
    assert_true(text_is(key, TEXT("default/web")));
    assert_true(key_split(key, false, &back));
    assert_int_equal(back.id.n, 0);
    assert_false(key_split(key, true, &back));
}

/* Whatever may be registered comes back. */
static void every_name_that_is_valid_is_a_key(void **state UNUSED)
{
    static const char *const services[] = {"my_svc",      "a",  "user.rpc_2",
                                           "a-b_c.d.e.f", "x_", "0--1.z"};
    for (size_t n = 0; n < ARRAY_COUNT(services); n++) {
        char buffer[KEY_MAX];
        struct instance_key back, key = {TEXT("default"), text_of(services[n]), TEXT("a-1")};
        assert_true(service_name_is_valid(key.service));
        assert_true(key_split(key_join(key, buffer), true, &back));
        assert_true(text_is(back.service, key.service));
        key.id = (struct text){NULL, 0};
        assert_true(key_split(key_join(key, buffer), false, &back));
    }
}

static void names_that_are_too_long_have_no_key(void **state UNUSED)
{
    char buffer[KEY_MAX], name[200];
    memset(name, 'a', sizeof name);
    struct instance_key longest = {
        {name, NAMESPACE_MAX}, {name, SERVICE_MAX}, {name, INSTANCE_ID_MAX}};
    assert_int_equal(key_join(longest, buffer).n, KEY_MAX);
    for (unsigned n = 0; n < 3; n++) {
        struct instance_key k = longest;
        struct text *part = n == 0 ? &k.ns : n == 1 ? &k.service : &k.id;
        part->n++;
        assert_int_equal(key_join(k, buffer).n, 0);
    }
}

static void what_is_no_key(void **state UNUSED)
{
    static const char *const none[] = {
        "",        "a",         "a/",       "/a",
        "a/b/",    "/b/c",      "a//c",     "a/b/c/d",
        "a/b./c",  "a/.b/c",    "a/b..d/c", "a/b/c.d",
        "a.b/c/d", "a/b/c\x80", "a/b /c",   "a/1.2.3.4.5/c",
    };
    struct instance_key key;
    for (size_t n = 0; n < ARRAY_COUNT(none); n++)
        assert_false(key_split(text_of(none[n]), true, &key));
    assert_false(key_split(TEXT("a"), false, &key));
    assert_false(key_split(TEXT("a/b."), false, &key));
    assert_false(key_split((struct text){"a/b\0/c", 6}, true, &key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joined_keys_split_again),
        cmocka_unit_test(every_name_that_is_valid_is_a_key),
        cmocka_unit_test(names_that_are_too_long_have_no_key),
        cmocka_unit_test(what_is_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A record's text taken out of the registry's memory, and the id of what has none. */
#include "unit/registry/fixture.h"

static void test_hold(void **state)
{
    (void)state;
    static char value[METADATA_VALUE_MAX + 1] = "1";
    char zone[] = "eu-1", tag[] = "canary", room[RECORD_TEXT_MAX];
    struct record record = record_of("web", "a");
    record.zone = text_of(zone);
    record.tags[0] = text_of(tag);
    record.tag_count = 1;
    record.metadata[0] = (struct pair){TEXT("key"), text_of(value)};
    record.metadata_count = 1;
    struct record held = record;
    assert_int_equal(record_hold(&held, room), ERR_OK);
    memset(zone, 'x', sizeof(zone) - 1);
    memset(tag, 'x', sizeof(tag) - 1);
    value[0] = '2';
    assert_true(text_is(held.zone, TEXT("eu-1")));
    assert_true(text_is(held.tags[0], TEXT("canary")));
    assert_true(text_is(held.metadata[0].key, TEXT("key")));
    assert_true(text_is(held.metadata[0].value, TEXT("1")));
    assert_true(text_is(held.service, TEXT("web")));
    assert_true(text_is(held.id, TEXT("a")));
    assert_int_equal(held.version.n, 0);
}

/* More than any valid record has. */
static void test_too_much(void **state)
{
    (void)state;
    static char value[RECORD_TEXT_MAX + 1];
    char room[RECORD_TEXT_MAX];
    struct record record = {.ns = {value, RECORD_TEXT_MAX}};
    assert_int_equal(record_hold(&record, room), ERR_OK);
    record = (struct record){.ns = {value, RECORD_TEXT_MAX}, .zone = TEXT("z")};
    assert_int_equal(record_hold(&record, room), ERR_SPACE);
}

static void expect_id(const char *address, unsigned port, const char *expected)
{
    char room[INSTANCE_ID_MAX + 1];
    struct record record = {.address_count = 1, .port_count = port > 0};
    assert_int_equal(addr_parse(text_of(address), &record.addresses[0]), ERR_OK);
    record.ports[0].number = (uint16_t)port;
    struct text id = record_default_id(&record, room);
    assert_string_equal(room, expected);
    assert_int_equal(id.n, strlen(expected));
    assert_true(text_is_label(id, INSTANCE_ID_MAX));
}

static void test_default_id(void **state)
{
    (void)state;
    char room[INSTANCE_ID_MAX + 1], other[INSTANCE_ID_MAX + 1];
    expect_id("10.0.0.7", 8080, "10-0-0-7-8080");
    expect_id("255.255.255.255", 65535, "255-255-255-255-65535");
    expect_id("10.0.0.7", 0, "10-0-0-7");
    /* IPv6: a digest, of the port too. */
    struct record record = {.address_count = 1, .port_count = 1};
    assert_int_equal(addr_parse(TEXT("2001:db8::7"), &record.addresses[0]), ERR_OK);
    record.ports[0].number = 80;
    struct text first = record_default_id(&record, room);
    assert_true(text_is_label(first, INSTANCE_ID_MAX));
    assert_int_equal(first.n, 13);
    record.ports[0].number = 81;
    assert_false(text_is(first, record_default_id(&record, other)));
    record.ports[0].number = 80;
    assert_true(text_is(first, record_default_id(&record, other)));
}

static void test_override_of(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record record = record_of("web", "a");
    struct granted granted;
    struct override wanted = {.weight_set = true, .weight = 7};
    assert_int_equal(registry_register(r, &record, &local, at_ms(1000), &granted), ERR_OK);
    assert_int_equal(registry_override(r, key_of("web", "gone"), &wanted, at_ms(1000)), ERR_OK);
    struct override found = registry_override_of(r, key_of("web", "gone"));
    assert_true(found.weight_set && found.weight == 7 && !found.drain && !found.status_set);
    found = registry_override_of(r, key_of("web", "a"));
    assert_false(found.weight_set || found.drain || found.status_set);
    found = registry_override_of(r, key_of("none", "a"));
    assert_false(found.weight_set || found.drain || found.status_set);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_default_id),
        cmocka_unit_test(test_override_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "http/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *label(const char *hostname)
{
    static char out[INSTANCE_ID_MAX + 1];
    size_t n = origin_label(text_of(hostname), out);
    assert_int_equal(n, strlen(out));
    assert_true(text_is_label(text_of(out), INSTANCE_ID_MAX));
    return out;
}

static void labels_stay_as_they_are(void **state)
{
    (void)state;
    assert_string_equal(label("web-1"), "web-1");
    assert_string_equal(label("7"), "7");
    char longest[64];
    memset(longest, 'a', 63);
    longest[63] = '\0';
    assert_string_equal(label(longest), longest);
}

/* The digests: the first 4 bytes of SHA-256, as any tool says them. */
static void others_get_a_digest(void **state)
{
    (void)state;
    assert_string_equal(label("web1.example.com"), "web1-example-com-82c1a348");
    assert_string_equal(label("Web-1"), "web-1-34777c0e");
    assert_string_equal(label("_"), "d2e2adf7");
}

static void no_two_hostnames_are_one(void **state)
{
    static const char *const names[] = {"web-1",
                                        "Web-1",
                                        "WEB-1",
                                        "web_1",
                                        "web.1",
                                        "-web-1",
                                        "web-1-",
                                        "web--1",
                                        "web 1",
                                        "w\xc3\xa9"
                                        "b-1"};
    char labels[sizeof(names) / sizeof(names[0])][64];
    (void)state;

    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        strcpy(labels[n], label(names[n]));
        for (size_t before = 0; before < n; before++)
            assert_string_not_equal(labels[n], labels[before]);
    }
}

static void long_ones_keep_their_beginning(void **state)
{
    char name[201], other[201];
    (void)state;

    memset(name, 'x', 200);
    name[200] = '\0';
    memcpy(other, name, sizeof(name));
    other[199] = 'y';
    char first[64];
    strcpy(first, label(name));
    assert_int_equal(strlen(first), 63);
    assert_memory_equal(first, name, 54);
    assert_string_not_equal(label(other), first);
}

static void localities(void **state)
{
    char out[64];
    (void)state;

    assert_true(text_is(origin_locality(TEXT("SH_001"), out), TEXT("sh-001")));
    assert_true(text_is(origin_locality(TEXT(""), out), TEXT("")));
    assert_true(text_is(origin_locality(TEXT("__"), out), TEXT("")));
    struct text cut = origin_locality(TEXT("a234567890123456789012345678901_x"), out);
    assert_true(text_is(cut, TEXT("a234567890123456789012345678901")));
    char version[VERSION_MAX + 1];
    assert_true(text_is(origin_version(TEXT("1.4\t2"), version), TEXT("1.4-2")));
}

static void comes_back_from_a_record(void **state)
{
    struct record record = {
        .ttl = TTL_UNSET, .metadata = {{TEXT("team"), TEXT("blue")}}, .metadata_count = 1};
    struct origin_room room = {0};
    char value[701];
    (void)state;

    memset(value, 'v', 700);
    value[700] = '\0';
    json_t *origin = json_pack("{s:s, s:s}", "hostname", "caf\xc3\xa9", "appid", value);
    assert_int_equal(origin_write(origin, &room, &record), ERR_OK);
    assert_int_equal(record.metadata_count, 5); /* 4 pieces of 200 bytes at most */
    for (unsigned n = 1; n < record.metadata_count; n++)
        assert_true(metadata_is_hidden(record.metadata[n].key));
    json_t *back = origin_read(&record);
    assert_true(json_equal(back, origin));
    json_decref(back);
    json_decref(origin);
    origin_room_deinit(&room);
}

static void nothing_is_nothing(void **state)
{
    struct record record = {.ttl = TTL_UNSET};
    struct origin_room room = {0};
    json_t *origin = json_object();
    (void)state;

    assert_int_equal(origin_write(origin, &room, &record), ERR_OK);
    assert_int_equal(record.metadata_count, 0);
    assert_null(origin_read(&record));
    json_decref(origin);
}

static void garbage_is_nothing(void **state)
{
    static const char *const values[] = {"[1]", "{", "{\"a\":1,\"a\":2}", ""};
    (void)state;

    for (size_t n = 0; n < 4; n++) {
        struct record record = {.metadata = {{TEXT("~00"), text_of(values[n])}},
                                .metadata_count = 1};
        assert_null(origin_read(&record));
    }
}

static void too_much_is_refused(void **state)
{
    struct record record = {.ttl = TTL_UNSET};
    struct origin_room room = {0};
    char value[6001];
    (void)state;

    memset(value, 'v', 6000);
    value[6000] = '\0';
    json_t *origin = json_pack("{s:s}", "hostname", value);
    assert_int_equal(origin_write(origin, &room, &record), ERR_SPACE);
    json_decref(origin);
    origin_room_deinit(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_stay_as_they_are),
        cmocka_unit_test(others_get_a_digest),
        cmocka_unit_test(no_two_hostnames_are_one),
        cmocka_unit_test(long_ones_keep_their_beginning),
        cmocka_unit_test(localities),
        cmocka_unit_test(comes_back_from_a_record),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(garbage_is_nothing),
        cmocka_unit_test(too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

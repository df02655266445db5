#include "http/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* What the texts make of a record: "addr ... | name:number/protocol ...", and what the record
 * makes of them. */
struct read {
    const char *fault;
    char record[400], texts[400];
};

static struct read read_places(const char *const *texts)
{
    struct record record = {.ttl = TTL_UNSET};
    struct places_room room;
    struct addr own;
    struct read read = {0};

    assert_int_equal(addr_parse(TEXT("192.0.2.9"), &own), ERR_OK);
    for (; *texts && !read.fault; texts++)
        read.fault = places_add(text_of(*texts), &own, &room, &record);
    for (unsigned n = 0; n < record.address_count; n++) {
        char text[ADDR_TEXT];
        sprintf(read.record + strlen(read.record), "%s ", addr_format(&record.addresses[n], text));
    }
    sprintf(read.record + strlen(read.record), "|");
    for (unsigned n = 0; n < record.port_count; n++)
        sprintf(read.record + strlen(read.record), " %.*s:%u/%s", TEXT_ARG(record.ports[n].name),
                record.ports[n].number, protocol_text(record.ports[n].protocol));
    json_t *json = places_json(&record);
    char *dump = json_dumps(json, JSON_COMPACT);
    snprintf(read.texts, sizeof(read.texts), "%s", dump);
    free(dump);
    json_decref(json);
    return read;
}

#define READ(...) read_places((const char *const[]){__VA_ARGS__, NULL})

static void urls(void **state)
{
    (void)state;
    struct read r = READ("http://10.0.0.7:8080", "grpc://10.0.0.7:9090");
    assert_string_equal(r.record, "10.0.0.7 | http:8080/tcp grpc:9090/tcp");
    assert_string_equal(r.texts, "[\"http://10.0.0.7:8080\",\"grpc://10.0.0.7:9090\"]");
    r = READ("http://[2001:db8::7]:8080/a/b?c=1:2#d", "udp://10.0.0.8:53");
    assert_string_equal(r.record, "2001:db8::7 10.0.0.8 | http:8080/tcp udp:53/udp");
    r = READ("http://user:secret@10.0.0.7:81");
    assert_string_equal(r.record, "10.0.0.7 | http:81/tcp");
    r = READ("HTTP://10.0.0.7", "https://10.0.0.7");
    assert_string_equal(r.record, "10.0.0.7 | http:80/tcp https:443/tcp");
}

static void plain_ones(void **state)
{
    (void)state;
    struct read r = READ("10.0.0.7:8080");
    assert_string_equal(r.record, "10.0.0.7 | :8080/tcp");
    assert_string_equal(r.texts, "[\"tcp://10.0.0.7:8080\"]");
    assert_string_equal(READ("[2001:db8::7]:80").record, "2001:db8::7 | :80/tcp");
    assert_string_equal(READ("2001:db8::7").record, "2001:db8::7 |");
    assert_string_equal(READ("10.0.0.7").texts, "[\"10.0.0.7\"]");
}

/* The sender's own address stands in. */
static void no_address(void **state)
{
    (void)state;
    assert_string_equal(READ("http://web1.example.com:8080").record, "192.0.2.9 | http:8080/tcp");
    assert_string_equal(READ("http://0.0.0.0:8080").record, "192.0.2.9 | http:8080/tcp");
    assert_string_equal(READ("http://[::]:8080").record, "192.0.2.9 | http:8080/tcp");
    assert_string_equal(READ(":8080").record, "192.0.2.9 | :8080/tcp");
    assert_string_equal(READ("rpc:aaa", "rpc:bbb").record, "192.0.2.9 |");
    assert_string_equal(READ("").record, "192.0.2.9 |");
    assert_string_equal(READ("http://10.0.0.7:99999").record, "10.0.0.7 |");
    assert_string_equal(READ("http://10.0.0.7:0").record, "10.0.0.7 |");
    assert_string_equal(READ("://").record, "192.0.2.9 |");
}

static void port_names(void **state)
{
    (void)state;
    assert_string_equal(READ("grpc+tls://10.0.0.7:1").record, "10.0.0.7 | grpc-tls:1/tcp");
    assert_string_equal(READ("a-scheme-that-is-long://10.0.0.7:1").record,
                        "10.0.0.7 | a-scheme-that-i:1/tcp");
    assert_string_equal(READ("12://10.0.0.7:1").record, "10.0.0.7 | :1/tcp");
    /* one name, one port */
    assert_string_equal(
        READ("http://10.0.0.7:1", "http://10.0.0.7:2", "http://10.0.0.7:2", "http://10.0.0.7:3")
            .record,
        "10.0.0.7 | http:1/tcp :2/tcp :3/tcp");
}

static void limits(void **state)
{
    char texts[9][32];
    const char *list[10] = {0};
    (void)state;

    for (int n = 0; n < 9; n++) {
        sprintf(texts[n], "http://10.0.0.%d:80", n + 1);
        list[n] = texts[n];
    }
    assert_non_null(read_places(list).fault);
    list[8] = NULL;
    assert_null(read_places(list).fault);
    for (int n = 0; n < 9; n++) {
        sprintf(texts[n], "p%d://10.0.0.1:%d", n, n + 1);
        list[n] = texts[n];
    }
    assert_non_null(read_places(list).fault);
    assert_non_null(READ("http://224.0.0.1:80").fault);
    assert_non_null(READ("http://169.254.0.1:80").fault);
    assert_non_null(READ("http://[fe80::1]:80").fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),       cmocka_unit_test(plain_ones), cmocka_unit_test(no_address),
        cmocka_unit_test(port_names), cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

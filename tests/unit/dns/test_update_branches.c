/* UPDATE in cases that are rare: names of which the longer forms have no room, ports of one
 * number, what the message itself takes back, and the guards of single parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/update_parts.h"
#include "unit/dns/updating.h"

#define HELLO "add hello.z. 30 SRV 0 30 8080 a.hello.z.\nadd a.hello.z. 30 A 10.0.0.1\n"

static uint64_t instances(const struct update_rig *t)
{
    return registry_totals(t->rig->registry).instances;
}

static struct record read_instance(const struct update_rig *t, struct text service, struct text id)
{
    struct record r;
    const struct instance *i =
        registry_instance(t->rig->registry, (struct instance_key){TEXT("default"), service, id});
    assert_non_null(i);
    instance_read(i, &r);
    return r;
}

static const struct principal holder = {.kind = PRINCIPAL_NAME, .name = "all"};

/* Of the key "all". */
static void register_own(struct update_rig *t, const char *name, const char *fields)
{
    struct granted granted;
    struct record r = record_of(name, fields);
    assert_int_equal(registry_register(t->rig->registry, &r, &holder, update_now(t), &granted),
                     ERR_OK);
    update_publish(t);
}

/* ---- grants ------------------------------------------------------------------------------------
 */

static void grant_to_no_name(struct dns_config *config)
{
    grant(config);
    free(config->zones->grants[0].key);
    config->zones->grants[0].key = strdup("");
}

static void test_grant_to_no_name(void **state)
{
    struct update_rig *t = update_rig_with(UPDATE_ZONE, grant_to_no_name);
    update(t, R_REFUSED, "add x.z. 5 TXT x\n"); /* "all" has no other */
    t->key = "acme";
    update(t, R_REFUSED, "add x.z. 5 A 10.0.0.1\n");
    update(t, R_NOERROR, "add x.z. 5 TXT x\n");
    update_rig_free(t);
    (void)state;
}

/* ---- long names ---------------------------------------------------------------------------------
 */

#define L63 "x23456789012345678901234567890123456789012345678901234567890123"
#define L56 "x2345678901234567890123456789012345678901234567890123456"
#define LONG L63 "." L63 "." L63 "." L56 "."

/* 250 bytes: s.Z and ii.s.Z have room, _s._tcp.Z and iii.s.Z have none. */
static void name_long(struct dns_config *config)
{
    grant(config);
    free(config->zones->name);
    config->zones->name = strdup(LONG);
}

static void send_long(struct update_rig *t, const char *lines, unsigned code)
{
    update_begin_as(t, LONG, T_SOA, 1);
    update_lines(t, lines);
    update_sign(t);
    if (update_send_once(t) != code)
        fail_msg("%s: %u %s", lines, t->rcode, t->text);
    t->lease_ms++;
    update_publish(t);
}

static void test_long_zone(void **state)
{
    struct update_rig *t =
        update_rig_with("@ SOA n h 1 60 10 86400 2\n@ NS n\nn A 10.9.9.9\n", name_long);
    const char *add = "add s." LONG " 5 SRV 0 0 80 i.s." LONG "\nadd i.s." LONG " 5 A 10.0.0.1\n";
    send_long(t, add, R_NOERROR);
    send_long(t, add, R_NOERROR);
    assert_int_equal(instances(t), 1);
    struct record r = read_instance(t, TEXT("s"), TEXT("i"));
    assert_int_equal(r.port_count, 1);
    assert_int_equal(r.ports[0].number, 80);
    shows(t, "s." LONG, T_A, 0, "s." LONG " 5 A 10.0.0.1");
    /* although its SRV is nowhere to be seen, the name is an instance's */
    send_long(t, "add i.s." LONG " 5 MX 1 x.\n", R_REFUSED);
    assert_non_null(strstr(t->text, "an instance has addresses"));
    send_long(t, "add q." LONG " 5 PTR i." LONG "\n", R_NOERROR);
    assert_int_equal(dns_records_count(t->records), 1);
    /* one that has no name here cannot be deleted with the others */
    register_own(t, "s/iii", "addr=10.0.0.2 port=80");
    send_long(t, "del s." LONG "\n", R_REFUSED);
    assert_non_null(strstr(t->text, "too long"));
    assert_int_equal(instances(t), 2);
    send_long(t, "del i.s." LONG "\n", R_NOERROR);
    assert_int_equal(instances(t), 1);
    update_rig_free(t);
    (void)state;
}

/* ---- instances
 * ------------------------------------------------------------------------------------ */

/* One number by three protocols is three ports; which of them go says the name. */
static void test_ports_of_one_number(void **state)
{
    struct update_rig *t = update_rig();
    register_own(t, "dns/a", "addr=10.0.0.1 port=53 port=53/udp port=53/sctp");
    update(t, R_NOERROR, "del _dns._tcp.z. SRV 0 100 53 a.dns.z.\n");
    struct record r = read_instance(t, TEXT("dns"), TEXT("a"));
    assert_int_equal(r.port_count, 2);
    assert_int_equal(r.ports[0].protocol, PROTOCOL_UDP);
    assert_int_equal(r.ports[1].protocol, PROTOCOL_SCTP);
    update(t, R_NOERROR, "add _dns._tcp.z. 5 SRV 0 100 53 a.dns.z.\n");
    r = read_instance(t, TEXT("dns"), TEXT("a"));
    assert_int_equal(r.port_count, 3);
    assert_int_equal(r.ports[2].protocol, PROTOCOL_TCP);
    update(t, R_NOERROR,
           "prereq yxrrset _dns._udp.z. SRV\ndel _dns._udp.z. SRV 0 0 99 a.dns.z.\ndel "
           "_dns._udp.z. TXT x\n");
    assert_int_equal(read_instance(t, TEXT("dns"), TEXT("a")).port_count, 3);
    update_rig_free(t);
    (void)state;
}

static void test_named_port(void **state)
{
    struct update_rig *t = update_rig();
    register_own(t, "hello/a", "addr=10.0.0.1 port=web:80");
    update(t, R_NXRRSET, "prereq yxrrset _ftp._tcp.hello.z. SRV\nadd p.z. 5 TXT x\n");
    update(t, R_NXRRSET, "prereq yxrrset _web._tcp.hello.z. A\nadd p.z. 5 TXT x\n");
    update(t, R_NOERROR, "prereq yxrrset _web._tcp.hello.z. SRV\nadd p.z. 5 TXT x\n");
    assert_int_equal(dns_records_count(t->records), 1);
    update_rig_free(t);
    (void)state;
}

/* An instance keeps the strings of its TXT one by one, whatever records they came in; those
 * without a key say nothing (RFC 6763 section 6.4). */
static void test_strings(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, HELLO "add a.hello.z. 5 TXT \"a=1\" \"\" \"=x\" \"b=2\" \"c=3\"\n");
    assert_int_equal(read_instance(t, TEXT("hello"), TEXT("a")).metadata_count, 3);
    update(t, R_NOERROR, "del a.hello.z. TXT \"a=1\" \"c=3\"\n");
    struct record r = read_instance(t, TEXT("hello"), TEXT("a"));
    assert_int_equal(r.metadata_count, 1);
    assert_true(text_is(r.metadata[0].key, TEXT("b")));
    update_rig_free(t);
    (void)state;
}

/* Plain records at a service's names are not the instances'. */
static void test_plain_beside_derived(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, "add _bye._udp.z. 5 SRV 0 0 80 elsewhere.\n");
    update(t, R_NOERROR, "del bye.z. SRV\ndel bye.z. SRV 0 0 80 elsewhere.\n");
    assert_int_equal(dns_records_count(t->records), 1);
    update(t, R_NOERROR, HELLO);
    /* the message's own record goes again; the instances' do not */
    update(t, R_NOERROR, "add hello.z. 5 TXT x\ndel hello.z. TXT x\n");
    update(t, R_REFUSED, "del hello.z. TXT x\n");
    assert_int_equal(dns_records_count(t->records), 1);
    assert_int_equal(instances(t), 1);
    update_rig_free(t);
    (void)state;
}

/* Where the instance goes, its name is free in the same message. */
static void test_instance_becomes_plain(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, HELLO);
    update(t, R_NOERROR, "del a.hello.z.\nadd a.hello.z. 5 MX 1 x.\n");
    assert_int_equal(instances(t), 0);
    shows(t, "a.hello.z.", T_MX, 0, "a.hello.z. 5 MX 1 x.");
    update_rig_free(t);
    (void)state;
}

/* What is said of browsing is right or wrong by what there will be. */
static void test_browsing(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, HELLO "add _hello._udp.z. 5 SRV 0 30 8080 a.hello.z.\n");
    update(t, R_NOERROR,
           "add _hello._udp.z. 5 PTR a._hello._udp.z.\n"
           "add a._hello._udp.z. 5 TXT \"\"\ndel a.hello.z. A 10.9.9.9\n");
    update(t, R_REFUSED, "del a.hello.z.\nadd a._hello._udp.z. 5 TXT x\n");
    assert_int_equal(dns_records_count(t->records), 0);
    assert_int_equal(instances(t), 1);
    update_rig_free(t);
    (void)state;
}

/* Two of so many names have a hash in common; they are two all the same. */
static void test_names_that_collide(void **state)
{
    enum { NAMES = 200000 };
    struct update_rig *t = update_rig();
    uint64_t *seen = calloc(NAMES, sizeof(*seen));
    uint32_t *of_hash = calloc(1 << 20, sizeof(*of_hash));
    unsigned one = 0, two = 0;
    char name[24], lines[400];
    for (unsigned n = 1; n < NAMES && !two; n++) {
        size_t size = (size_t)snprintf(name, sizeof(name), "n%u", n);
        seen[n] = hash_bytes(&t->rig->dns->key, name, size);
        uint32_t *place = &of_hash[seen[n] & ((1 << 20) - 1)];
        if (*place && (uint32_t)seen[*place] == (uint32_t)seen[n]) {
            one = *place;
            two = n;
        }
        *place = n;
    }
    assert_int_not_equal(two, 0);
    for (unsigned of_services = 0; of_services < 2; of_services++) {
        snprintf(lines, sizeof(lines),
                 of_services ? "add n%u.z. 5 SRV 0 0 80 a.n%u.z.\nadd a.n%u.z. 5 A 10.0.0.1\n"
                               "add n%u.z. 5 SRV 0 0 80 a.n%u.z.\nadd a.n%u.z. 5 A 10.0.0.1\n"
                             : "add s.z. 5 SRV 0 0 80 n%u.s.z.\nadd n%u.s.z. 5 A 10.0.0.%u\n"
                               "add s.z. 5 SRV 0 0 80 n%u.s.z.\nadd n%u.s.z. 5 A 10.0.0.%u\n",
                 one, one, of_services ? one : 1, two, two, of_services ? two : 2);
        update(t, R_NOERROR, lines);
        assert_int_equal(instances(t), 2 + 2 * of_services);
    }
    free(seen);
    free(of_hash);
    update_rig_free(t);
    (void)state;
}

/* ---- static names
 * ---------------------------------------------------------------------------------- */

static void test_static_record_without_data(void **state)
{
    struct update_rig *t = update_rig_with(UPDATE_ZONE "none TYPE300 \\# 0\n", grant);
    update(t, R_NOERROR, "add none.z. 5 TYPE300 \\# 0\n"); /* is there */
    update(t, R_REFUSED, "add none.z. 5 TYPE300 \\# 1 00\n");
    update(t, R_NOERROR, "del none.z. TYPE300 \\# 1 00\n");
    assert_int_equal(dns_records_count(t->records), 0);
    update_rig_free(t);
    (void)state;
}

static void test_label_of_services_alone(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, "add _._tcp.z. 5 TXT x\n");
    shows(t, "_._tcp.z.", T_TXT, 0, "_._tcp.z. 5 TXT \"x\"");
    update_rig_free(t);
    (void)state;
}

/* ---- parts
 * ------------------------------------------------------------------------------------------ */

static bool rewrite(const char *bytes, size_t size, uint16_t type, size_t room)
{
    uint8_t out[64];
    struct writer w = writer_of(out, room);
    return update_rdata((const uint8_t *)bytes, size, 0, size, type, &w) &&
           writer_used(&w) == size && memcmp(out, bytes, size) == 0;
}

/* No room is no reason to write behind its end. */
static void test_room_for_rdata(void **state)
{
    static const struct {
        uint16_t type;
        size_t size;
        const char *bytes;
    } all[] = {{T_A, 4, "\1\2\3\4"},
               {T_NS, 3, "\1a"},
               {T_MX, 5, "\0\1\1a"},
               {T_TXT, 4, "\1a\1b"},
               {44, 6, "\1\1abcd"},
               {257, 5, "\0\1abc"},
               {64, 9, "\0\1\0\0\3\0\2\1\273"},
               {65280, 3, "abc"}};
    for (size_t n = 0; n < ARRAY_COUNT(all); n++)
        for (size_t room = 0; room <= all[n].size; room++)
            if (rewrite(all[n].bytes, all[n].size, all[n].type, room) != (room == all[n].size))
                fail_msg("type %u, %zu bytes", all[n].type, room);
    (void)state;
}

static bool read_cut(struct update_rig *t, const struct query *whole, size_t size)
{
    struct update u = {.dns = t->rig->dns};
    struct query q = *whole;
    uint8_t *copy = malloc(size);
    memcpy(copy, whole->bytes, size);
    q.bytes = copy;
    q.size = size;
    bool fine = update_read(&u, &q);
    assert_int_equal(u.rcode, fine ? R_NOERROR : R_FORMERR);
    update_deinit(&u);
    free(copy);
    return fine;
}

/* The parser has seen to it that records are whole; should it fail to, FORMERR. */
static void test_message_is_cut(void **state)
{
    struct update_rig *t = update_rig();
    struct query q;
    update_begin(t);
    update_lines(t, "prereq yxdomain x.z.\n" HELLO "add a.hello.z. 5 MX 1 x.z.\n");
    assert_int_equal(query_parse(t->message, t->size, &q), QUERY_UPDATE);
    for (size_t size = q.question_end; size < t->size; size++)
        if (read_cut(t, &q, size))
            fail_msg("%zu of %zu bytes", size, t->size);
    assert_true(read_cut(t, &q, t->size));
    update_rig_free(t);
    (void)state;
}

/* More than a record can hold once its name is written out: no message is so long. */
static void test_data_that_grows(void **state)
{
    struct update u = {0};
    uint8_t *bytes = calloc(1, 70000);
    for (size_t size = 65535; size <= 65536; size++) { /* SVCB; its name is 2 longer than sent */
        struct writer w = writer_of(bytes, 70000);
        struct query q = {.bytes = bytes, .question_end = 12, .counts = {1, 0, 2, 0}};
        memset(bytes, 0, 12);
        write_bytes(&w, bytes, 12);
        write_bytes(&w, "\2ab\0", 4); /* at 12, and its record */
        write_u16(&w, T_A);
        write_u16(&w, 255);
        write_u32(&w, 0);
        write_u16(&w, 0);
        write_u8(&w, 0);
        write_u16(&w, 64);
        write_u16(&w, 1);
        write_u32(&w, 5);
        write_u16(&w, (uint16_t)(size - 2));
        write_u16(&w, 1);
        write_u16(&w, 0xc00c);
        write_u16(&w, 7);
        write_u16(&w, (uint16_t)(size - 2 - 8));
        q.size = writer_used(&w) + size - 2 - 8;
        assert_true(update_read(&u, &q));
        assert_int_equal(u.changes[1].bad, size > UINT16_MAX);
        assert_int_equal(u.changes[1].size, size > UINT16_MAX ? 0 : size);
        update_deinit(&u);
    }
    free(bytes);
    (void)state;
}

static enum update_sight look(struct update_seen *seen, uint64_t signed_s, uint16_t fudge)
{
    struct tsig t = {.time_signed = signed_s, .fudge = fudge, .mac = {1}, .mac_size = 32};
    uint16_t *rcode;
    t.name.size = 1;
    return update_seen_look(seen, &test_key, &t, 1000, &rcode);
}

/* Of several that had to be forgotten the one signed last sets the floor. */
static void test_fudges_differ(void **state)
{
    struct update_seen seen = {.limit = 2};
    assert_int_equal(look(&seen, 1000, 100), UPDATE_NEW);
    assert_int_equal(look(&seen, 900, 300), UPDATE_NEW);
    assert_int_equal(look(&seen, 1001, 300), UPDATE_NEW); /* in place of the first */
    assert_int_equal(look(&seen, 1002, 300), UPDATE_NEW); /* of the second */
    assert_int_equal(look(&seen, 900, 300), UPDATE_TOO_OLD);
    assert_int_equal(look(&seen, 1000, 100), UPDATE_TOO_OLD);
    assert_int_equal(look(&seen, 1001, 300), UPDATE_REPEATED);
    update_seen_deinit(&seen);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grant_to_no_name),
        cmocka_unit_test(test_long_zone),
        cmocka_unit_test(test_ports_of_one_number),
        cmocka_unit_test(test_named_port),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_plain_beside_derived),
        cmocka_unit_test(test_instance_becomes_plain),
        cmocka_unit_test(test_browsing),
        cmocka_unit_test(test_names_that_collide),
        cmocka_unit_test(test_static_record_without_data),
        cmocka_unit_test(test_label_of_services_alone),
        cmocka_unit_test(test_room_for_rdata),
        cmocka_unit_test(test_message_is_cut),
        cmocka_unit_test(test_data_that_grows),
        cmocka_unit_test(test_fudges_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

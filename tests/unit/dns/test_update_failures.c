/* UPDATE that comes again, and that fails: nothing is changed twice, or by half. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/updating.h"

#define HELLO                                                                                      \
    "add hello.z. 30 SRV 0 30 8080 a.hello.z.\n"                                                   \
    "add a.hello.z. 30 A 10.0.0.1\n"

#define ADD "add new.z. 60 A 10.0.0.9\n"

static void assert_nothing_new(struct update_rig *t)
{
    assert_int_equal(dns_records_count(t->records), 0);
    assert_int_equal(registry_totals(t->rig->registry).instances, 0);
}

static void test_repeated_messages(void **state)
{
    struct update_rig *t = update_rig();
    uint8_t copy[512];
    update_begin(t);
    update_lines(t, HELLO "lease 60\n");
    update_sign(t);
    size_t size = t->size;
    memcpy(copy, t->message, size);
    assert_int_equal(update_send_once(t), R_NOERROR);
    t->lease_ms++;
    update(t, R_NOERROR, "del a.hello.z.\n");
    memcpy(t->message, copy, t->size = size);
    assert_int_equal(update_send_once(t), R_NOERROR); /* answered as before, not done again */
    assert_true(t->has_lease);
    assert_int_equal(t->lease_s, 60);
    assert_nothing_new(t);
    /* what was refused stays refused, whatever has changed since */
    update_begin(t);
    update_lines(t, "prereq yxdomain p.z.\n" ADD);
    update_sign(t);
    memcpy(copy, t->message, size = t->size);
    assert_int_equal(update_send_once(t), R_NXDOMAIN);
    t->lease_ms++;
    update(t, R_NOERROR, "add p.z. 5 TXT x\n");
    memcpy(t->message, copy, t->size = size);
    assert_int_equal(update_send_once(t), R_NXDOMAIN);
    assert_int_equal(dns_records_count(t->records), 1);
    /* but what failed for our own sake is tried again */
    update_begin(t);
    update_lines(t, ADD);
    update_sign(t);
    memcpy(copy, t->message, size = t->size);
    t->log.fail_records = ERR_READONLY;
    assert_int_equal(update_send_once(t), R_SERVFAIL);
    t->log.fail_records = ERR_OK;
    memcpy(t->message, copy, t->size = size);
    assert_int_equal(update_send_once(t), R_NOERROR);
    assert_int_equal(dns_records_count(t->records), 2);
    update_rig_free(t);
    (void)state;
}

/* Time Signed need not grow. */
static void test_clocks_differ(void **state)
{
    struct update_rig *t = update_rig();
    t->lease_ms = 0;
    t->signed_s = UPDATE_NOW_S + 200;
    update(t, R_NOERROR, "add a.z. 5 TXT x\n");
    t->signed_s = UPDATE_NOW_S - 200;
    update(t, R_NOERROR, "add b.z. 5 TXT x\n");
    assert_int_equal(dns_records_count(t->records), 2);
    update_rig_free(t);
    (void)state;
}

/* Too old for the memory of messages: refused as what it is, and signed with our time. */
static void test_forgotten_messages(void **state)
{
    struct update_rig *t = update_rig();
    struct moment later = update_now(t);
    later.wall_ms += 1000;
    dns_records_start(t->records, later);
    update(t, R_NOTAUTH, "add a.z. 5 TXT x\n");
    assert_int_equal(dns_records_count(t->records), 0);
    t->signed_s = UPDATE_NOW_S + t->lease_ms / 1000 + 1;
    update(t, R_NOERROR, "add a.z. 5 TXT x\n");
    update_rig_free(t);
    (void)state;
}

static enum update_sight look(struct update_seen *seen, uint64_t signed_s, uint8_t mac,
                              uint64_t now_s)
{
    struct tsig t = {.time_signed = signed_s, .fudge = 300, .mac = {mac}, .mac_size = 32};
    uint16_t *rcode;
    t.name.size = 1;
    return update_seen_look(seen, &test_key, &t, now_s, &rcode);
}

static void test_memory_of_messages(void **state)
{
    struct update_seen seen = {.limit = 3};
    assert_int_equal(look(&seen, 1000, 1, 1000), UPDATE_NEW);
    assert_int_equal(look(&seen, 1001, 2, 1001), UPDATE_NEW);
    assert_int_equal(look(&seen, 1002, 3, 1002), UPDATE_NEW);
    assert_int_equal(look(&seen, 1000, 1, 1002), UPDATE_REPEATED);
    assert_int_equal(look(&seen, 1003, 4, 1003), UPDATE_NEW); /* the first is forgotten */
    assert_int_equal(look(&seen, 1000, 1, 1003), UPDATE_TOO_OLD);
    assert_int_equal(look(&seen, 1000, 5, 1003), UPDATE_TOO_OLD);
    assert_int_equal(look(&seen, 1001, 2, 1003), UPDATE_REPEATED);
    assert_int_equal(look(&seen, 2000, 6, 2000), UPDATE_NEW); /* all others are over by now */
    assert_int_equal(seen.map.count, 1);
    update_seen_deinit(&seen);
    (void)state;
}

static void test_journal_fails(void **state)
{
    static const struct {
        enum err records, instances;
        unsigned code;
    } all[] = {
        {ERR_READONLY, ERR_OK, R_SERVFAIL},
        {ERR_OK, ERR_READONLY, R_SERVFAIL},
        {ERR_MEMORY, ERR_OK, R_SERVFAIL},
        {ERR_OK, ERR_MEMORY, R_SERVFAIL},
    };
    for (size_t n = 0; n < ARRAY_COUNT(all); n++) {
        struct update_rig *t = update_rig();
        update(t, R_NOERROR, HELLO "add p.z. 5 TXT x\n");
        uint64_t index = registry_index(t->rig->registry);
        uint32_t serial = dns_zone_serial(t->rig->dns, 0);
        t->log.fail_records = all[n].records;
        t->log.fail_instances = all[n].instances;
        update(t, all[n].code,
               "add hello.z. 5 SRV 0 0 80 b.hello.z.\nadd b.hello.z. 5 A 10.0.0.2\n"
               "add a.hello.z. 5 AAAA 2001:db8::1\ndel p.z.\nadd q.z. 5 TXT y\n");
        assert_int_equal(registry_index(t->rig->registry), index);
        assert_int_equal(dns_zone_serial(t->rig->dns, 0), serial);
        assert_int_equal(registry_totals(t->rig->registry).instances, 1);
        assert_int_equal(dns_records_count(t->records), 1);
        shows(t, "p.z.", T_TXT, 0, "p.z. 5 TXT \"x\"");
        t->log.fail_records = t->log.fail_instances = ERR_OK;
        update(t, R_NOERROR, "del p.z.\ndel a.hello.z.\n");
        assert_nothing_new(t);
        update_rig_free(t);
    }
    (void)state;
}

/* The last record of many that is refused takes the others with it. */
static void test_all_or_nothing(void **state)
{
    static const char *const last[] = {
        "add static.z. 5 A 10.0.0.1\n",  "add new.z. 5 NS x.\n", "add a.taken.z. 5 MX 1 x.\n",
        "add elsewhere. 5 A 10.0.0.1\n", "del u.taken.z.\n",
    };
    struct update_rig *t = update_rig();
    char lines[500];
    reg(t->rig->registry, "taken/u", "addr=10.0.0.9 port=80", t->lease_ms);
    reg(t->rig->registry, "taken/a", "addr=10.0.0.9 port=80", t->lease_ms);
    update_publish(t);
    uint64_t index = registry_index(t->rig->registry);
    for (size_t n = 0; n < ARRAY_COUNT(last); n++) {
        snprintf(lines, sizeof(lines), HELLO ADD "add p.z. 5 TXT x\n%s", last[n]);
        assert_int_not_equal(update_send(t, lines), R_NOERROR);
        assert_int_equal(registry_index(t->rig->registry), index);
        assert_int_equal(dns_records_count(t->records), 0);
    }
    update_rig_free(t);
    (void)state;
}

/* Of one name: instance `a` of `b.c` and a service "a.b.c", both new. */
static void test_new_names_collide(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_REFUSED,
           "add b.c.z. 5 SRV 0 0 80 a.b.c.z.\nadd a.b.c.z. 5 A 10.0.0.1\n"
           "add a.b.c.z. 5 SRV 0 0 80 i.a.b.c.z.\nadd i.a.b.c.z. 5 A 10.0.0.1\n");
    assert_nothing_new(t);
    update_rig_free(t);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeated_messages),  cmocka_unit_test(test_clocks_differ),
        cmocka_unit_test(test_forgotten_messages), cmocka_unit_test(test_memory_of_messages),
        cmocka_unit_test(test_journal_fails),      cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_new_names_collide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

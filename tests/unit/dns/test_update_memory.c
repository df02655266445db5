/* Every allocation of an update fails once: SERVFAIL, and all is as it was before. The test's
 * own malloc stands in front of the real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/failing.h"
#include "unit/dns/updating.h"

static long next_failure; /* < 0 = none */
static bool ended;        /* the update needed fewer allocations than that */

static void around(bool begins)
{
    if (begins) {
        until_failure = next_failure;
        return;
    }
    ended = until_failure >= 0;
    until_failure = -1;
}

static void each_failure(const char *before, const char *lines)
{
    long n = 0;
    for (ended = false; !ended; n++) {
        struct update_rig *t = update_rig();
        update(t, R_NOERROR, before);
        uint64_t was = update_fingerprint(t);
        next_failure = n;
        t->around = around;
        unsigned rcode = update_send(t, lines);
        t->around = NULL;
        if (rcode != R_NOERROR && (rcode != R_SERVFAIL || update_fingerprint(t) != was))
            fail_msg("allocation %ld of\n%s: %u %s", n, lines, rcode, t->text);
        if (rcode == R_NOERROR && update_fingerprint(t) == was)
            fail_msg("allocation %ld of\n%s: nothing done", n, lines);
        update_publish(t);
        if (rcode == R_SERVFAIL) /* and it goes on */
            update(t, R_NOERROR, lines);
        update_rig_free(t);
    }
    assert_in_range(n, 5, 500);
}

#define HELLO "add hello.z. 30 SRV 0 30 8080 a.hello.z.\nadd a.hello.z. 30 A 10.0.0.1\n"

static void test_registration(void **state)
{
    SKIP_WITHOUT_FAILURES();
    each_failure("add p.z. 5 TXT x\n", HELLO "add b.new.z. 5 A 10.0.0.2\nadd b.new.z. 5 TXT k=v\n"
                                             "add new.z. 5 SRV 0 0 80 b.new.z.\n"
                                             "add new.z. 5 SRV 0 0 80 c.new.z.\n"
                                             "add c.new.z. 5 A 10.0.0.3\nlease 60\n");
    (void)state;
}

static void test_change_and_goodbye(void **state)
{
    SKIP_WITHOUT_FAILURES();
    each_failure(HELLO "add hello.z. 5 SRV 0 0 80 b.hello.z.\nadd b.hello.z. 5 A 10.0.0.2\n",
                 "prereq yxdomain hello.z.\nprereq yxrrset a.hello.z. A 10.0.0.1\n"
                 "del b.hello.z.\nadd a.hello.z. 5 AAAA 2001:db8::1\n"
                 "add a.hello.z. 5 TXT zone=z1\n");
    (void)state;
}

static void test_plain_records(void **state)
{
    SKIP_WITHOUT_FAILURES();
    each_failure("add p.z. 5 TXT x\nadd q.z. 5 TXT y\nadd q.z. 5 A 10.0.0.1\nlease 60\n",
                 "prereq yxrrset static.z. A\nadd r.z. 5 TXT z\nadd r.z. 5 A 10.0.0.1\ndel p.z.\n"
                 "add q.z. 9 TXT y\nadd q.z. 9 TXT yy\nlease 90\n");
    (void)state;
}

/* An update takes its memory in chunks. A record of which there is nothing to see moves, by
 * its size, the place where one ends, so that each piece is once the first of its chunk. */
static void each_chunk(struct update_rig *t, const char *required, const char *lines, size_t pad)
{
    static const uint8_t zeros[1024];
    uint64_t was = update_fingerprint(t);
    unsigned rcode = R_SERVFAIL;
    for (next_failure = 0; rcode == R_SERVFAIL; next_failure++) {
        update_begin(t);
        update_lines(t, required);
        update_raw(t, 2, "nobody.z.", 300, 254, 0, zeros, pad);
        update_lines(t, lines);
        update_sign(t);
        t->around = around;
        rcode = update_send_once(t);
        t->around = NULL;
        t->lease_ms++;
        if (rcode == R_SERVFAIL && update_fingerprint(t) != was)
            fail_msg("pad %zu, allocation %ld", pad, next_failure);
    }
    if (rcode != R_NOERROR)
        fail_msg("pad %zu: %u %s", pad, rcode, t->text);
}

static void test_chunks(void **state)
{
    SKIP_WITHOUT_FAILURES();
    struct update_rig *t = update_rig();
    reg(t->rig->registry, "other/x", "addr=10.0.0.9 port=80", t->lease_ms);
    for (size_t pad = 0; pad < 1024; pad += 16) {
        each_chunk(t, "prereq nxdomain hello.z.\nprereq yxrrset static.z. A\n",
                   HELLO "add a.hello.z. 5 TXT version=1 zone=z1 tags=a,b k=v\n"
                         "add hello.z. 5 SRV 0 0 80 b.hello.z.\nadd b.hello.z. 5 A 10.0.0.2\n"
                         "add p.z. 5 TXT x\nadd _hello._tcp.z. 5 PTR a._hello._tcp.z.\n",
                   pad);
        update_publish(t);
        each_chunk(t,
                   "prereq yxrrset hello.z. SRV 0 30 8080 a.hello.z.\n"
                   "prereq yxrrset hello.z. SRV 0 0 80 b.hello.z.\nprereq yxdomain other.z.\n"
                   "prereq yxrrset static.z. A 10.8.8.8\nprereq yxrrset static.z. A 10.8.8.9\n",
                   "del hello.z. SRV\ndel p.z.\nadd q.z. 5 TXT y\ndel b.hello.z. A 10.0.0.2\n"
                   "add hello.z. 5 SRV 0 0 80 b.hello.z.\nadd b.hello.z. 5 A 10.0.0.3\n",
                   pad);
        update(t, R_NOERROR, "del b.hello.z.\ndel q.z.\n");
        assert_int_equal(registry_totals(t->rig->registry).instances, 1);
        assert_int_equal(dns_records_count(t->records), 0);
    }
    update_rig_free(t);
    (void)state;
}

static void test_hidden_records(void **state)
{
    SKIP_WITHOUT_FAILURES();
    struct update_rig *t = update_rig();
    struct dns_record old = {.zone = (const uint8_t *)"\1z",
                             .owner = (const uint8_t *)"\6static\1z",
                             .type = T_TXT,
                             .size = 2,
                             .rdata = (const uint8_t *)"\1x",
                             .key = TEXT("all")};
    assert_int_equal(dns_records_restore(t->records, &old, update_now(t)), ERR_OK);
    t->around = around;
    next_failure = 0;
    while (update_send(t, "del static.z. TXT\n") == R_SERVFAIL) {
        assert_int_equal(dns_records_count(t->records), 1);
        next_failure++;
    }
    assert_int_equal(t->rcode, R_NOERROR);
    assert_int_equal(dns_records_count(t->records), 0);
    update_rig_free(t);
    (void)state;
}

static void test_memory_of_messages(void **state)
{
    SKIP_WITHOUT_FAILURES();
    struct tsig tsig = {.time_signed = 5000, .fudge = 300, .name = {.size = 1}};
    enum update_sight sight = UPDATE_NO_MEMORY;
    for (long n = 0; sight == UPDATE_NO_MEMORY; n++) {
        struct update_seen seen = {0};
        uint16_t *rcode;
        until_failure = n;
        sight = update_seen_look(&seen, &test_key, &tsig, 5000, &rcode);
        until_failure = -1;
        assert_int_equal(seen.map.count, sight == UPDATE_NEW);
        update_seen_deinit(&seen);
    }
    assert_int_equal(sight, UPDATE_NEW);
    (void)state;
}

static void test_publishing(void **state)
{
    SKIP_WITHOUT_FAILURES();
    enum err err = ERR_MEMORY;
    for (long n = 0; err; n++) {
        struct update_rig *t = update_rig();
        assert_int_equal(update_send(t, "add p.z. 5 TXT x\nadd a.q.z. 5 A 10.0.0.1\n"), R_NOERROR);
        until_failure = n;
        err = dns_publish(t->rig->dns, t->rig->registry, t->lease_ms, NULL);
        until_failure = -1;
        update_publish(t);
        shows(t, "p.z.", T_TXT, 0, "p.z. 5 TXT \"x\"");
        shows(t, "a.q.z.", T_A, 0, "a.q.z. 5 A 10.0.0.1");
        update_rig_free(t);
    }
    (void)state;
}

static void test_records_alone(void **state)
{
    SKIP_WITHOUT_FAILURES();
    struct dns_record record = {.zone = (const uint8_t *)"\1z",
                                .owner = (const uint8_t *)"\1a\1z",
                                .type = T_TXT,
                                .size = 2,
                                .lease_s = 60,
                                .rdata = (const uint8_t *)"\1x",
                                .key = TEXT("all")};
    enum err err = ERR_MEMORY;
    until_failure = 0;
    assert_null(dns_records_new(&test_key));
    for (long n = 0; err; n++) {
        struct dns_records *records = dns_records_new(&test_key);
        until_failure = n;
        err = dns_records_restore(records, &record, (struct moment){1, 1});
        until_failure = -1;
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        assert_int_equal(dns_records_count(records), err == ERR_OK);
        dns_records_free(records);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registration),   cmocka_unit_test(test_change_and_goodbye),
        cmocka_unit_test(test_plain_records),  cmocka_unit_test(test_publishing),
        cmocka_unit_test(test_records_alone),  cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_hidden_records), cmocka_unit_test(test_memory_of_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

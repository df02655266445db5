/* Every allocation of a step of the journal and of a transfer fails once: secondaries then get
 * the whole zone or an error, never something wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/failing.h"
#include "unit/dns/transferring.h"

#define RECORDS "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"

enum { JOURNAL = 1 << 20 };

static struct rig *before(struct secondary *s)
{
    struct rig *t = transfer_rig(RECORDS, JOURNAL, NULL, 0);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=80 version=2", 1);
    reg(t->registry, "old/x", "addr=10.0.0.3 port=80", 1);
    publish(t);
    secondary_axfr(s, t);
    return t;
}

static void change(struct rig *t)
{
    reg(t->registry, "web/a", "addr=10.0.0.1 addr=10.0.0.7 port=81 port=dns:53/udp version=3", 2);
    reg(t->registry, "web/c", "addr=10.0.0.4 port=80", 2);
    unreg(t->registry, "old/x", 2);
    reg(t->registry, "new/y", "addr=10.0.0.3 port=80", 2);
}

static void test_journal(void **state)
{
    bool failed = true;
    (void)state;
    SKIP_WITHOUT_FAILURES();
    for (long n = 0; failed; n++) {
        struct secondary s = {0}, fresh = {0};
        struct rig *t = before(&s);
        uint64_t due;
        change(t);
        until_failure = n;
        enum err err = dns_publish(t->dns, t->registry, 1000000, &due);
        failed = until_failure < 0;
        until_failure = -1;
        assert_true(err == ERR_OK || failed);
        secondary_ixfr(&s, t); /* of what was published all the same */
        secondary_axfr(&fresh, t);
        secondary_compare(&s, &fresh);
        publish(t);
        secondary_ixfr(&s, t);
        secondary_axfr(&fresh, t);
        secondary_compare(&s, &fresh);
        assert_true(secondary_has(&s, "y.new.z. 5 A 10.0.0.3"));
        assert_false(secondary_has(&s, "x.old.z. 5 A 10.0.0.3"));
        secondary_deinit(&s);
        secondary_deinit(&fresh);
        rig_free(t);
    }
}

/* One transfer in which an allocation fails; false when all is done without so many. */
static bool fail_transfer(struct rig *t, const struct transfer_ask *ask, long n,
                          struct secondary *s)
{
    uint8_t query[512];
    struct transfer_reply r = {0};
    size_t size = transfer_query(ask, query);
    bool first = true, failed = false;
    until_failure = n;
    send_bytes(t, query, size, true);
    struct dns_task *task = dns_worker_take_task(t->worker);
    if (task)
        dns_task_run(t->dns, t->registry, (struct moment){1, 1}, task);
    do {
        if (task)
            t->size = dns_task_next(task, t->worker, NOW_S, t->out, sizeof(t->out));
        if (first)
            failed = until_failure < 0;
        until_failure = -1;
        if (t->size)
            transfer_take(&r, t->out, t->size);
        first = false;
    } while (task && t->size);
    if (failed) {
        assert_int_equal(r.rcode, 2);
        assert_int_equal(r.count, 0);
    } else {
        secondary_take(s, &r);
    }
    dns_task_free(task);
    transfer_reply_free(&r);
    return failed;
}

static void test_transfer(void **state)
{
    static const struct transfer_ask asks[] = {
        {.type = T_AXFR, .zone = "z", .bufsize = 1232},
        {.type = T_IXFR, .zone = "z", .serial = 8, .bufsize = 1232},
        {.type = T_IXFR, .zone = "z", .serial = 1},
    };
    (void)state;
    SKIP_WITHOUT_FAILURES();
    for (size_t i = 0; i < ARRAY_COUNT(asks); i++) {
        long n = 0;
        for (bool failed = true; failed; n++) {
            struct secondary s = {0}, fresh = {0};
            struct rig *t = before(&s);
            assert_int_equal(s.serial, 8);
            change(t);
            publish(t);
            failed = fail_transfer(t, &asks[i], n, &s);
            secondary_ixfr(&s, t); /* the next one finds all as it should be */
            secondary_axfr(&fresh, t);
            secondary_compare(&s, &fresh);
            secondary_deinit(&s);
            secondary_deinit(&fresh);
            rig_free(t);
        }
        assert_true(n > 3);
    }
}

static void test_keyring(void **state)
{
    struct dns_key key = {.name = (char[]){"k"}, .algorithm = TSIG_SHA512, .secret_size = 1};
    struct tsig_keyring *ring = NULL;
    const char *fault;
    (void)state;
    SKIP_WITHOUT_FAILURES();
    key.secret = (uint8_t *)key.name;
    assert_int_equal(tsig_keyring_new(&key, 1, &ring, &fault), ERR_OK); /* OpenSSL is set up */
    tsig_keyring_free(ring);
    unsigned failures = 0;
    for (long n = 0; n < 50; n++) { /* OpenSSL can do without some of its allocations */
        until_failure = n;
        enum err err = tsig_keyring_new(&key, 1, &ring, &fault);
        until_failure = -1;
        if (err) {
            assert_int_equal(err, ERR_MEMORY);
            assert_string_equal(fault, "out of memory");
            failures++;
        } else {
            tsig_keyring_free(ring);
        }
    }
    assert_true(failures > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal),
        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_keyring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

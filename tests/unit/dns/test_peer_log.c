/* The log about secondaries and senders of UPDATE: what is refused, and to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/state.h"
#include "support/logged.h"
#include "unit/dns/transferring.h"

#define RECORDS "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"

static struct rig *t;
static struct dns_shared *shared;

static int setup(void **state)
{
    static const uint8_t seed[32];
    static char key[] = "xfr.key";
    const struct dns_access access = {.anywhere = true, .key = key};
    t = transfer_rig(RECORDS, 1 << 20, &access, 1);
    shared = dns_shared_new(seed);
    dns_worker_share(t->worker, shared);
    publish(t);
    return capture_begin(state);
}

static int teardown(void **state)
{
    capture_end(state);
    rig_free(t);
    dns_shared_free(shared);
    return 0;
}

static struct transfer_ask ask_signed(struct tsig *tsig, const char *key)
{
    tsig_begin(tsig_keyring_find(t->dns->keyring, text_of(key)), tsig);
    return (struct transfer_ask){.type = T_AXFR, .zone = "z", .tsig = tsig};
}

static unsigned send_ask(const struct transfer_ask *q)
{
    struct transfer_reply r = transfer(t, q);
    unsigned rcode = r.rcode;
    transfer_reply_free(&r);
    return rcode;
}

static void test_refused_transfers(void **state)
{
    (void)state;
    const struct counter *refused = &dns_worker_counters(t->worker)->transfers_refused;
    assert_int_equal(send_ask(&(struct transfer_ask){.type = T_AXFR, .zone = "z"}), 5);
    assert_string_equal(logged(), "info: transfer of z refused to 192.0.2.1, no key: no transfers "
                                  "for this asker\n");
    assert_int_equal(send_ask(&(struct transfer_ask){.type = T_AXFR, .zone = "other.zone"}), 9);
    assert_string_equal(logged(), "info: transfer of other.zone refused to 192.0.2.1, no key: not "
                                  "the name of one of our zones\n");
    assert_int_equal(counter_get(refused), 2);
    for (unsigned i = 0; i < 100; i++)
        send_ask(&(struct transfer_ask){.type = T_AXFR, .zone = "z"});
    unsigned lines = 0;
    for (const char *at = logged(); (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 8); /* ten in ten seconds */
    assert_int_equal(counter_get(refused), 102);
}

/* Of the first messages, with all that belongs to a signature. */
static void test_signatures(void **state)
{
    struct tsig tsig;
    struct transfer_ask q = ask_signed(&tsig, "xfr.key");
    uint8_t query[512], out[1024];
    size_t size = transfer_query(&q, query);
    struct dns_request request = {query, size, {t->client, 1234}, DNS_TCP, NOW_S + 5000, 0};
    (void)state;
    assert_int_not_equal(dns_respond(t->dns, t->worker, &request, out, sizeof(out)), 0);
    assert_string_equal(logged(), "info: signature refused to 192.0.2.1, key xfr.key: BADTIME: "
                                  "the clocks differ, or it was sent before\n");
    request.wall_s = NOW_S;
    query[1] ^= 1; /* the ID: what is signed is the original one */
    query[13] ^= 1;
    assert_int_not_equal(dns_respond(t->dns, t->worker, &request, out, sizeof(out)), 0);
    assert_string_equal(logged(), "info: signature refused to 192.0.2.1, key xfr.key: BADSIG: "
                                  "another secret or algorithm, or changed on its way\n");
    tsig_end(&tsig);
}

static void assert_described(const struct transfer_ask *q, bool refuse, const char *expected)
{
    uint8_t query[512], out[1024];
    char line[1500] = "nothing";
    size_t size = transfer_query(q, query);
    struct dns_request request = {query, size, {t->client, 1234}, DNS_TCP, NOW_S, 0};
    assert_int_equal(dns_respond(t->dns, t->worker, &request, out, sizeof(out)), 0);
    struct dns_task *task = dns_worker_take_task(t->worker);
    dns_task_run(t->dns, t->registry, (struct moment){1, 1}, task);
    if (refuse)
        dns_task_refuse(task, "too many are under way");
    assert_int_equal(dns_task_describe(task, line, sizeof(line)), strcmp(expected, "nothing") != 0);
    assert_string_equal(line, expected);
    dns_task_free(task);
}

static void test_what_a_task_is(void **state)
{
    struct tsig tsig;
    struct transfer_ask q = ask_signed(&tsig, "xfr.key");
    uint32_t serial = dns_zone_serial(t->dns, 0);
    char expected[200];
    (void)state;
    snprintf(expected, sizeof(expected), "transfer of z to 192.0.2.1, key xfr.key: AXFR, serial %u",
             serial);
    assert_described(&q, false, expected);
    tsig_end(&tsig);
    q = ask_signed(&tsig, "xfr.key");
    assert_described(&q, true,
                     "transfer of z refused to 192.0.2.1, key xfr.key: too many are under way");
    tsig_end(&tsig);
    q = ask_signed(&tsig, "xfr.key");
    q.type = T_IXFR;
    q.serial = serial;
    assert_described(&q, false, "nothing");
    tsig_end(&tsig);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 1);
    publish(t);
    q = ask_signed(&tsig, "xfr.key");
    q.type = T_IXFR;
    q.serial = serial;
    snprintf(expected, sizeof(expected),
             "transfer of z to 192.0.2.1, key xfr.key: IXFR from serial %u to %u", serial,
             dns_zone_serial(t->dns, 0));
    assert_described(&q, false, expected);
    tsig_end(&tsig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refused_transfers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signatures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_task_is, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

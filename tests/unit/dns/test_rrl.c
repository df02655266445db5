/* Rates of answers, by a clock that stands still until it is moved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/attr.h"
#include "dns/rrl.h"

static struct rrl *rrl;

static int start(void **state)
{
    (void)state;
    struct hash_key key = {{7}};
    rrl = rrl_new(&key);
    return rrl ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    rrl_free(rrl);
    rrl_free(NULL);
    return 0;
}

static struct addr addr_of(const char *text)
{
    struct addr addr;
    assert_int_equal(addr_parse(text_of(text), &addr), ERR_OK);
    return addr;
}

struct tally {
    unsigned pass, drop, slip;
};

static struct tally ask(const char *from, enum rrl_kind kind, uint64_t name, unsigned times,
                        uint32_t rate, uint32_t slip, uint64_t now_ms)
{
    struct addr addr = addr_of(from);
    struct tally tally = {0, 0, 0};
    for (unsigned i = 0; i < times; i++)
        switch (rrl_take(rrl, &(struct rrl_asked){&addr, kind, name}, rate, slip, now_ms)) {
        case RRL_PASS: tally.pass++; break;
        case RRL_DROP: tally.drop++; break;
        case RRL_SLIP: tally.slip++; break;
        }
    return tally;
}

/* So many at once, then so many a second, for every rate; a rest brings no more than one
 * second's. */
static void test_rates(void **state)
{
    (void)state;
    static const uint32_t rates[] = {1, 2, 3, 10, 200, 1000, 50000};
    for (size_t i = 0; i < ARRAY_COUNT(rates); i++) {
        uint32_t rate = rates[i], most = rate + rate / 50 + 1;
        uint64_t now = 5000;
        struct tally t = ask("192.0.2.1", RRL_RESPONSE, rate, 3 * rate, rate, 0, now);
        assert_in_range(t.pass, rate, most);
        assert_int_equal(t.slip, 0);
        unsigned passed = 0;
        for (unsigned ms = 1; ms <= 4000; ms++)
            passed += ask("192.0.2.1", RRL_RESPONSE, rate, rate / 1000 + 1, rate, 0, now + ms).pass;
        assert_in_range(passed, 4 * rate - 4, 4 * most);
        t = ask("192.0.2.1", RRL_RESPONSE, rate, 3 * rate, rate, 0, now + 100000);
        assert_in_range(t.pass, rate, most);
    }
}

static void test_slip(void **state)
{
    (void)state;
    ask("192.0.2.1", RRL_RESPONSE, 1, 10, 10, 2, 0);
    struct tally t = ask("192.0.2.1", RRL_RESPONSE, 1, 100, 10, 2, 0);
    assert_int_equal(t.slip, 50);
    assert_int_equal(t.drop, 50);
    t = ask("192.0.2.1", RRL_RESPONSE, 1, 100, 10, 1, 0);
    assert_int_equal(t.slip, 100);
    t = ask("192.0.2.1", RRL_RESPONSE, 1, 100, 10, 5, 0);
    assert_int_equal(t.slip, 20);
    t = ask("192.0.2.1", RRL_RESPONSE, 1, 1000, 10, 0, 0);
    assert_int_equal(t.slip, 0);
    t = ask("192.0.2.1", RRL_RESPONSE, 1, 1, 10, 255, 0); /* there were enough before */
    assert_int_equal(t.slip, 1);
}

/* A network is one asker; another, another name and another kind of answer are not. */
static void test_accounts(void **state)
{
    (void)state;
    struct tally t = ask("192.0.2.1", RRL_RESPONSE, 1, 20, 10, 0, 0);
    assert_int_equal(t.pass, 10);
    assert_int_equal(ask("192.0.2.77", RRL_RESPONSE, 1, 20, 10, 0, 0).pass, 0);
    assert_int_equal(ask("192.0.3.1", RRL_RESPONSE, 1, 20, 10, 0, 0).pass, 10);
    assert_int_equal(ask("192.0.2.1", RRL_RESPONSE, 2, 20, 10, 0, 0).pass, 10);
    assert_int_equal(ask("192.0.2.1", RRL_NXDOMAIN, 1, 20, 10, 0, 0).pass, 10);
    assert_int_equal(ask("192.0.2.1", RRL_ERROR, 1, 20, 10, 0, 0).pass, 10);
    assert_int_equal(ask("2001:db8:0:1::1", RRL_ERROR, 1, 20, 10, 0, 0).pass, 10);
    assert_int_equal(ask("2001:db8:0:2::1", RRL_ERROR, 1, 20, 10, 0, 0).pass, 0);
    assert_int_equal(ask("2001:db8:0:100::1", RRL_ERROR, 1, 20, 10, 0, 0).pass, 10);
    /* 192.0.2/24 and c000:02...: not one network because the bytes are */
    assert_int_equal(ask("c000:200::1", RRL_RESPONSE, 1, 20, 10, 0, 0).pass, 10);
}

/* A clock that jumps (a virtual machine's), and one at the end of its bits, limits nobody for
 * longer than two seconds. */
static void test_clock(void **state)
{
    (void)state;
    static const uint64_t times[] = {0, 68719476, 68719477, UINT64_MAX / 1000 - 10, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        assert_int_equal(ask("192.0.2.1", RRL_RESPONSE, i, 20, 10, 0, times[i]).pass, 10);
        assert_int_equal(ask("192.0.2.1", RRL_RESPONSE, i, 20, 10, 0, times[i] + 5000).pass, 10);
    }
    assert_int_equal(ask("192.0.2.1", RRL_RESPONSE, 9, 20, 10, 0, 1000000).pass, 10);
    assert_int_equal(ask("192.0.2.1", RRL_RESPONSE, 9, 20, 10, 0, 990000).pass, 10);
}

/* More networks than there are accounts: each still gets its first answer, and none
 * two. */
static void test_crowd(void **state)
{
    (void)state;
    enum { NETWORKS = 300000 };
    unsigned held = 0, passed = 0;
    for (unsigned i = 0; i < NETWORKS; i++) {
        struct addr addr = {FAMILY_V4, {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1}};
        struct rrl_asked asked = {&addr, RRL_RESPONSE, 1};
        passed += rrl_take(rrl, &asked, 1, 0, 0) == RRL_PASS;
        held += rrl_take(rrl, &asked, 1, 0, 0) == RRL_DROP;
    }
    assert_in_range(passed, NETWORKS - NETWORKS / 10000, NETWORKS); /* tags may be alike */
    assert_int_equal(held, NETWORKS);
}

/* Several threads at one account, and at accounts that push each other out: no more than the
 * rate passes for each, but for what is lost where they meet. */
enum { THREADS = 4, EACH = 50000 };

static _Atomic unsigned passed_in_all;

static void *flood(void *arg)
{
    unsigned number = *(unsigned *)arg, passed = 0;
    for (unsigned i = 0; i < EACH; i++) {
        struct addr one = {FAMILY_V4, {192, 0, 2, 1}};
        struct addr many = {FAMILY_V4, {(uint8_t)number, (uint8_t)(i >> 8), (uint8_t)i, 1}};
        passed +=
            rrl_take(rrl, &(struct rrl_asked){&one, RRL_RESPONSE, 1}, 100, 2, i / 500) == RRL_PASS;
        (void)rrl_take(rrl, &(struct rrl_asked){&many, RRL_RESPONSE, 1}, 100, 2, i / 500);
    }
    atomic_fetch_add(&passed_in_all, passed);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    unsigned numbers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = 10 + i;
        assert_int_equal(pthread_create(&threads[i], NULL, flood, &numbers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(passed_in_all, 100, 200); /* in a tenth of a second */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rates, start, stop),
        cmocka_unit_test_setup_teardown(test_slip, start, stop),
        cmocka_unit_test_setup_teardown(test_accounts, start, stop),
        cmocka_unit_test_setup_teardown(test_clock, start, stop),
        cmocka_unit_test_setup_teardown(test_crowd, start, stop),
        cmocka_unit_test_setup_teardown(test_threads, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* DNS cookies as askers meet them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/bytewise.h"

static void configure_secrets(struct dns_config *c)
{
    configure(c);
    c->cookie_secret_count = 2;
    hex("445536bcd2513298075a5d379663c962", c->cookie_secrets[0], 16);
    hex("dd3bdf9344b678b185a6f5cb60fca715", c->cookie_secrets[1], 16);
}

static int start_secrets(void **state)
{
    (void)state;
    begin(configure_secrets);
    return 0;
}

/* The query again, with the cookie that the last answer gave. */
static const char *with_cookie(const struct dns_reply *r)
{
    static char text[200];
    int n = snprintf(text, sizeof(text), HEAD NS_A OPT "001c 000a 0018 ");
    for (int i = 0; i < 24; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%02x", r->options[COOKIE].bytes[i]);
    return text;
}

static uint64_t cookies(enum dns_cookie_state s)
{
    return counter_get(&dns_worker_counters(t->worker)->cookies[s]);
}

static void test_cookie(void **state)
{
    (void)state;
    struct dns_reply *r = send_udp(HEAD NS_A OPT "000c 000a 0008" CLIENT);
    assert_int_equal(r->rcode, NOERROR);
    assert_int_equal(r->options[COOKIE].size, 24);
    assert_memory_equal(r->options[COOKIE].bytes, "\x24\x64\xc4\xab\xcf\x10\xc9\x57\1\0\0\0", 12);
    assert_int_equal(get_u32(r->options[COOKIE].bytes + 12), (uint32_t)NOW);
    assert_int_equal(cookies(DNS_COOKIE_NEW), 1);

    uint8_t given[24];
    char query[200];
    memcpy(given, r->options[COOKIE].bytes, 24);
    strcpy(query, with_cookie(r));
    r = send_at(query, DNS_UDP, NOW + 1800); /* the same again */
    assert_memory_equal(r->options[COOKIE].bytes, given, 24);
    assert_int_equal(cookies(DNS_COOKIE_GOOD), 1);
    r = send_at(query, DNS_UDP, NOW + 1801); /* good, but a new one */
    assert_int_equal(get_u32(r->options[COOKIE].bytes + 12), (uint32_t)NOW + 1801);
    assert_int_equal(cookies(DNS_COOKIE_GOOD), 2);
    r = send_at(query, DNS_UDP, NOW + 3601);
    assert_int_equal(r->rcode, NOERROR);
    assert_int_equal(get_u32(r->options[COOKIE].bytes + 12), (uint32_t)NOW + 3601);
    assert_int_equal(cookies(DNS_COOKIE_BAD), 1);
    t->client.bytes[3]++; /* somebody else's */
    send_at(query, DNS_UDP, NOW);
    assert_int_equal(cookies(DNS_COOKIE_BAD), 2);
}

/* A cookie outlives the day's end, and the secret of that day with it. */
static void test_cookie_overnight(void **state)
{
    (void)state;
    uint64_t midnight = UINT64_C(20000) * 86400;
    struct dns_reply *r = send_at(HEAD NS_A OPT "000c 000a 0008" CLIENT, DNS_UDP, midnight - 10);
    uint8_t before[24];
    char query[200];
    memcpy(before, r->options[COOKIE].bytes, 24);
    strcpy(query, with_cookie(r));
    r = send_at(query, DNS_UDP, midnight + 10);
    assert_memory_equal(r->options[COOKIE].bytes, before, 24);
    assert_int_equal(cookies(DNS_COOKIE_GOOD), 1);
    r = send_at(query, DNS_UDP, midnight + 3000);
    assert_int_equal(cookies(DNS_COOKIE_GOOD), 2);
    send_at(with_cookie(r), DNS_UDP, midnight + 3001);
    assert_int_equal(cookies(DNS_COOKIE_GOOD), 3);
}

static void test_cookie_secrets(void **state)
{
    (void)state;
    assert_int_equal(addr_parse(TEXT("2001:db8:220:1:59de:d0f4:8769:82b8"), &t->client), ERR_OK);
    struct dns_reply *r =
        send_at(HEAD NS_A OPT "001c 000a 0018 22681ab97d52c298 010000005cf7c57926556bd0934c72f8",
                DNS_UDP, 1559741961);
    assert_int_equal(cookies(DNS_COOKIE_GOOD), 1); /* by the second secret, fresh: kept */
    expect_option(r, COOKIE, "22681ab97d52c298 010000005cf7c57926556bd0934c72f8");
    r = send_at(HEAD NS_A OPT "001c 000a 0018 22681ab97d52c298 010000005cf7c57926556bd0934c72f7",
                DNS_UDP, 1559741961);
    assert_int_equal(cookies(DNS_COOKIE_BAD), 1); /* the first makes the new one */
    expect_option(r, COOKIE, "22681ab97d52c298 010000005cf7c609a6bb79d16625507a");
}

static void test_two_cookies(void **state)
{
    (void)state;
    struct dns_reply *r =
        send_udp(HEAD NS_A OPT "0018 000a 0008" CLIENT "000a 0008 0102030405060708");
    assert_int_equal(r->rcode, NOERROR);
    assert_memory_equal(r->options[COOKIE].bytes, "\x24\x64\xc4\xab", 4);
    r = send_udp(HEAD NS_A OPT "0013 000a 0008" CLIENT "000a 0003 010203");
    assert_int_equal(r->rcode, NOERROR);
}

#define NO_QUESTION "1234 0000 0000 0000 0000 0001 " OPT

static void test_cookie_alone(void **state)
{
    (void)state;
    struct dns_reply *r = send_udp(NO_QUESTION "000c 000a 0008" CLIENT);
    assert_int_equal(r->rcode, NOERROR);
    assert_int_equal(r->size, 12 + 11 + 28);
    r = send_udp(NO_QUESTION "001c 000a 0018" CLIENT "010000005cf79f110000000000000000");
    assert_int_equal(r->rcode, BADCOOKIE);
    assert_int_equal(r->options[COOKIE].size, 24);
    r = send_tcp(NO_QUESTION "001c 000a 0018" CLIENT "010000005cf79f110000000000000000");
    assert_int_equal(r->rcode, NOERROR);
    assert_int_equal(send_udp(NO_QUESTION "0000")->rcode, FORMERR);
}

/* Whoever has no cookies says nothing of them. */
static void test_without(void **state)
{
    (void)state;
    struct dns_reply *r =
        send_tcp(HEAD NS_A OPT "0018 000a 0008" CLIENT "0003 0000 000b 0000 0009 0000");
    assert_int_equal(r->rcode, NOERROR);
    assert_true(r->has_opt);
    for (size_t i = 0; i < ARRAY_COUNT(r->options); i++)
        assert_null(r->options[i].bytes);
    assert_int_equal(send_udp(NO_QUESTION "000c 000a 0008" CLIENT)->rcode, FORMERR);
    assert_int_equal(cookies(DNS_COOKIE_NEW), 0);
    dns_worker_share(t->worker, NULL);
    assert_int_equal(send_udp(NO_QUESTION "000c 000a 0008" CLIENT)->rcode, FORMERR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cookie, start),
        TEST(test_cookie_overnight, start),
        TEST(test_cookie_secrets, start_secrets),
        TEST(test_two_cookies, start),
        TEST(test_cookie_alone, start),
        TEST(test_without, start_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Server cookies against RFC 9018 appendix A, their age, and the secrets of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/cookie.h"
#include "unit/dns/hex.h"

struct vector {
    const char *secret, *from,
        *asked; /* asked: the whole cookie of the query, or its client's part */
    uint32_t now_s;
    enum dns_cookie_age age; /* of the cookie asked with, at the time at which it was made + 60 */
    const char *answered;
};

static const struct vector vectors[] = {
    /* A.1: a client that has none */
    {"e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100", "2464c4abcf10c957", 1559731985,
     COOKIE_NOT_OURS, "2464c4abcf10c957 010000005cf79f111f8130c3eee29480"},
    /* A.2: 40 minutes later */
    {"e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100",
     "2464c4abcf10c957 010000005cf79f111f8130c3eee29480", 1559734385, COOKIE_FRESH,
     "2464c4abcf10c957 010000005cf7a871d4a564a1442aca77"},
    /* A.3: reserved bytes that are not ours count in the hash */
    {"e5e973e5a6b2a43f48e7dc849e37bfcf", "203.0.113.203",
     "fc93fc62807ddb86 01abcdef5cf78f71a314227b6679ebf5", 1559734700, COOKIE_FRESH,
     "fc93fc62807ddb86 010000005cf7a9acf73a7810aca2381e"},
    /* A.4: IPv6; made with the secret before, answered with the next */
    {"dd3bdf9344b678b185a6f5cb60fca715", "2001:db8:220:1:59de:d0f4:8769:82b8",
     "22681ab97d52c298 010000005cf7c57926556bd0934c72f8", 1559741961, COOKIE_FRESH, NULL},
    {"445536bcd2513298075a5d379663c962", "2001:db8:220:1:59de:d0f4:8769:82b8",
     "22681ab97d52c298 010000005cf7c57926556bd0934c72f8", 1559741961, COOKIE_NOT_OURS,
     "22681ab97d52c298 010000005cf7c609a6bb79d16625507a"},
};

static struct hash_key key_of(const char *text)
{
    struct hash_key key;
    assert_int_equal(hex(text, key.bytes, sizeof(key.bytes)), sizeof(key.bytes));
    return key;
}

static struct addr addr_of(const char *text)
{
    struct addr addr;
    assert_int_equal(addr_parse(text_of(text), &addr), ERR_OK);
    return addr;
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct hash_key secret = key_of(v->secret);
        struct addr from = addr_of(v->from);
        uint8_t asked[COOKIE_SIZE], wanted[COOKIE_SIZE], out[COOKIE_SIZE];
        if (hex(v->asked, asked, sizeof(asked)) == COOKIE_SIZE) {
            uint32_t made = (uint32_t)dns_cookie_made_s(asked, v->now_s);
            assert_int_equal(dns_cookie_check(&secret, asked, &from, made + 60), v->age);
        }
        if (!v->answered)
            continue;
        assert_int_equal(hex(v->answered, wanted, sizeof(wanted)), COOKIE_SIZE);
        dns_cookie_make(&secret, asked, &from, v->now_s, out);
        assert_memory_equal(out, wanted, COOKIE_SIZE);
        dns_cookie_make(&secret, asked, &from, v->now_s, asked); /* in place */
        assert_memory_equal(asked, wanted, COOKIE_SIZE);
    }
}

/* -1 h, +5 min, also where the 32 bits of the time run over (RFC 1982). */
static void test_age(void **state)
{
    (void)state;
    static const struct {
        int32_t later;
        enum dns_cookie_age age;
    } cases[] = {
        {-301, COOKIE_EXPIRED}, {-300, COOKIE_FRESH}, {0, COOKIE_FRESH},      {1800, COOKIE_FRESH},
        {1801, COOKIE_OLD},     {3600, COOKIE_OLD},   {3601, COOKIE_EXPIRED},
    };
    static const uint32_t times[] = {1559731985, 0, 100, UINT32_MAX, UINT32_MAX - 1000};
    struct hash_key secret = key_of("e5e973e5a6b2a43f48e7dc849e37bfcf");
    struct addr from = addr_of("192.0.2.1");
    for (size_t t = 0; t < ARRAY_COUNT(times); t++)
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
            uint8_t cookie[COOKIE_SIZE];
            dns_cookie_make(&secret, (const uint8_t *)"12345678", &from, times[t], cookie);
            assert_int_equal(
                dns_cookie_check(&secret, cookie, &from, times[t] + (uint32_t)cases[i].later),
                cases[i].age);
        }
}

/* Every byte counts, and so does who asks. */
static void test_forged(void **state)
{
    (void)state;
    struct hash_key secret = key_of("e5e973e5a6b2a43f48e7dc849e37bfcf");
    struct addr from = addr_of("192.0.2.1"), other = addr_of("192.0.2.2");
    uint8_t cookie[COOKIE_SIZE];
    dns_cookie_make(&secret, (const uint8_t *)"12345678", &from, 1000, cookie);
    assert_int_equal(dns_cookie_check(&secret, cookie, &from, 1000), COOKIE_FRESH);
    assert_int_equal(dns_cookie_check(&secret, cookie, &other, 1000), COOKIE_NOT_OURS);
    for (int i = 0; i < COOKIE_SIZE; i++) {
        cookie[i] ^= 1;
        assert_int_equal(dns_cookie_check(&secret, cookie, &from, 1000), COOKIE_NOT_OURS);
        cookie[i] ^= 1;
    }
}

static void test_made(void **state)
{
    (void)state;
    static const uint64_t times[] = {5, 1559731985, UINT64_C(0x100000005), UINT64_C(0x1fffffff0)};
    struct hash_key secret = key_of("e5e973e5a6b2a43f48e7dc849e37bfcf");
    struct addr from = addr_of("192.0.2.1");
    for (size_t t = 0; t < ARRAY_COUNT(times); t++) {
        uint8_t cookie[COOKIE_SIZE];
        dns_cookie_make(&secret, (const uint8_t *)"12345678", &from, (uint32_t)times[t], cookie);
        assert_int_equal(dns_cookie_made_s(cookie, times[t]), times[t]);
        assert_int_equal(dns_cookie_made_s(cookie, times[t] + 3600), times[t]);
    }
}

/* The secret changes each day, and one is not the other's beginning or end. */
static void test_secrets(void **state)
{
    (void)state;
    struct hash_key seeds[2] = {{{1}}, {{2}}};
    uint64_t day = UINT64_C(20000) * COOKIE_PERIOD_S;
    struct hash_key first = dns_cookie_secret(seeds, day);
    struct hash_key last = dns_cookie_secret(seeds, day + COOKIE_PERIOD_S - 1);
    struct hash_key next = dns_cookie_secret(seeds, day + COOKIE_PERIOD_S);
    assert_memory_equal(&first, &last, sizeof(first));
    assert_memory_not_equal(&first, &next, sizeof(first));
    assert_memory_not_equal(first.bytes, first.bytes + 8, 8);
    seeds[1].bytes[0] ^= 1;
    next = dns_cookie_secret(seeds, day);
    assert_memory_not_equal(&first, &next, sizeof(first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_age),
        cmocka_unit_test(test_forged),  cmocka_unit_test(test_made),
        cmocka_unit_test(test_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

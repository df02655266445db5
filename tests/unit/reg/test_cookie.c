#include "unit/reg/rig.h"

#include "reg/cookie.h"

static const struct cookie_secret secret = {{"0123456789abcde"}, 0x2b6296d4};

static bool holds(const struct cookie_secret *s, const char *addr, uint64_t now_s,
                  const char *cookie, uint32_t *age_s)
{
    struct addr a = rig_addr(addr);
    return cookie_check(s, &a, now_s, text_of(cookie), age_s);
}

static void make(const char *addr, uint64_t now_s, char out[static COOKIE_TEXT])
{
    struct addr a = rig_addr(addr);
    cookie_make(&secret, &a, now_s, out);
}

/* The layout, computed here by other means: version 1, 3 zero bytes, the time, SipHash
 * of those, the epoch and the mapped address; base64url. */
static void test_layout(void **state)
{
    (void)state;
    uint8_t input[28] = {1,    0,    0,    0,           0x00, 0x01, 0x51, 0x80, 0x2b,
                         0x62, 0x96, 0xd4, [22] = 0xff, 0xff, 10,   0,    0,    7};
    uint64_t hash = hash_bytes(&secret.key, input, sizeof(input));
    uint8_t raw[18] = {0};
    char expected[25], cookie[COOKIE_TEXT];
    memcpy(raw, input, 8);
    for (unsigned i = 0; i < 8; i++)
        raw[8 + i] = (uint8_t)(hash >> (8 * i));
    EVP_EncodeBlock((unsigned char *)expected, raw, sizeof(raw));
    expected[22] = '\0';
    for (char *c = expected; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    make("10.0.0.7", 86400, cookie);
    assert_string_equal(cookie, expected);
}

static void test_lifetime(void **state)
{
    (void)state;
    char cookie[COOKIE_TEXT];
    uint32_t age;
    make("10.0.0.7", 5000, cookie);
    assert_true(holds(&secret, "10.0.0.7", 5000, cookie, &age));
    assert_int_equal(age, 0);
    assert_true(holds(&secret, "10.0.0.7", 6800, cookie, &age));
    assert_int_equal(age, COOKIE_RENEW_S);
    assert_true(holds(&secret, "10.0.0.7", 8600, cookie, &age));
    assert_int_equal(age, COOKIE_VALID_S);
    assert_false(holds(&secret, "10.0.0.7", 8601, cookie, &age));
    assert_false(holds(&secret, "10.0.0.7", 4999, cookie, &age));
}

static void test_binding(void **state)
{
    (void)state;
    char cookie[COOKIE_TEXT];
    uint32_t age;
    struct cookie_secret other = secret, epoch = secret;
    other.key.bytes[3] ^= 1;
    epoch.epoch++;
    make("10.0.0.7", 5000, cookie);
    assert_false(holds(&secret, "10.0.0.8", 5000, cookie, &age));
    assert_false(holds(&secret, "::1", 5000, cookie, &age));
    assert_false(holds(&other, "10.0.0.7", 5000, cookie, &age));
    assert_false(holds(&epoch, "10.0.0.7", 5000, cookie, &age));
    make("2001:db8::7", 5000, cookie);
    assert_true(holds(&secret, "2001:db8::7", 5000, cookie, &age));
    assert_false(holds(&secret, "2001:db8::8", 5000, cookie, &age));
}

/* Every change of one character, every length: never accepted. */
static void test_forged(void **state)
{
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char cookie[COOKIE_TEXT], forged[COOKIE_TEXT + 2];
    uint32_t age;
    make("10.0.0.7", 5000, cookie);
    for (size_t at = 0; at < 22; at++) {
        for (const char *d = digits; *d; d++) {
            strcpy(forged, cookie);
            forged[at] = *d;
            assert_int_equal(holds(&secret, "10.0.0.7", 5000, forged, &age), *d == cookie[at]);
        }
        strcpy(forged, cookie);
        forged[at] = '+';
        assert_false(holds(&secret, "10.0.0.7", 5000, forged, &age));
        forged[at] = '\0';
        assert_false(holds(&secret, "10.0.0.7", 5000, forged, &age));
    }
    snprintf(forged, sizeof(forged), "%sA", cookie);
    assert_false(holds(&secret, "10.0.0.7", 5000, forged, &age));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_lifetime),
        cmocka_unit_test(test_binding),
        cmocka_unit_test(test_forged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

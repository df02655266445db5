#include "reg/cookie.h"

#include <openssl/crypto.h>

#include "base/bytes.h"

enum { COOKIE_SIZE = 16, COOKIE_DIGITS = COOKIE_TEXT - 1 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* RFC 4648 section 5, without padding: 16 bytes are 22 digits. */
static void encode(const uint8_t bytes[COOKIE_SIZE], char out[static COOKIE_TEXT])
{
    uint32_t pending = 0;
    unsigned bits = 0, at = 0;
    for (unsigned i = 0; i < COOKIE_SIZE; i++) {
        pending = pending << 8 | bytes[i];
        for (bits += 8; bits >= 6; bits -= 6)
            out[at++] = alphabet[(pending >> (bits - 6)) & 63];
    }
    out[at++] = alphabet[(pending << (6 - bits)) & 63];
    out[at] = '\0';
}

static bool digit_value(char c, uint32_t *out)
{
    const char *at = c ? strchr(alphabet, c) : NULL;
    *out = at ? (uint32_t)(at - alphabet) : 0;
    return at != NULL;
}

/* Bytes 4 to 7 are bits 32 to 63: digits 5 (from its third bit) to 10. */
static bool read_time(const char *cookie, uint32_t *out)
{
    uint64_t bits = 0;
    for (unsigned i = 5; i <= 10; i++) {
        uint32_t value;
        if (!digit_value(cookie[i], &value))
            return false;
        bits = bits << 6 | value;
    }
    *out = (uint32_t)(bits >> 2);
    return true;
}

static void address_bytes(const struct addr *addr, uint8_t out[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (addr->family == FAMILY_V4) {
        memcpy(out, mapped, 12);
        memcpy(out + 12, addr->bytes, 4);
    } else {
        memcpy(out, addr->bytes, 16);
    }
}

static void make_at(const struct cookie_secret *secret, const struct addr *addr, uint32_t time_s,
                    char out[static COOKIE_TEXT])
{
    uint8_t input[8 + 4 + 16] = {1};
    uint8_t bytes[COOKIE_SIZE];
    put_u32(input + 4, time_s);
    put_u32(input + 8, secret->epoch);
    address_bytes(addr, input + 12);
    uint64_t hash = hash_bytes(&secret->key, input, sizeof(input));
    memcpy(bytes, input, 8);
    for (unsigned i = 0; i < 8; i++)
        bytes[8 + i] = (uint8_t)(hash >> (8 * i));
    encode(bytes, out);
}

void cookie_make(const struct cookie_secret *secret, const struct addr *addr, uint64_t now_s,
                 char out[static COOKIE_TEXT])
{
    make_at(secret, addr, (uint32_t)now_s, out);
}

bool cookie_check(const struct cookie_secret *secret, const struct addr *addr, uint64_t now_s,
                  struct text cookie, uint32_t *age_s)
{
    uint32_t made_s;
    char expected[COOKIE_TEXT];
    if (cookie.n != COOKIE_DIGITS || !read_time(cookie.s, &made_s))
        return false;
    make_at(secret, addr, made_s, expected);
    /* The lease clock never goes back within a process: a cookie from the
     * future has an age near 2^32 and fails as too old. */
    uint32_t age = (uint32_t)now_s - made_s;
    if (CRYPTO_memcmp(expected, cookie.s, COOKIE_DIGITS) != 0 || age > COOKIE_VALID_S)
        return false;
    *age_s = age;
    return true;
}

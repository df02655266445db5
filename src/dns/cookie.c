#include "dns/cookie.h"

#include <string.h>

#include "base/bytes.h"

enum { VERSION = 1, VERSION_AT = 8, TIME_AT = 12, HASH_AT = 16 };

/* SipHash-2-4 of client's part, version, reserved, time and address: RFC 9018 section 4.4. */
static uint64_t hash_of(const struct hash_key *secret, const uint8_t *cookie,
                        const struct addr *from)
{
    uint8_t input[HASH_AT + 16];
    memcpy(input, cookie, HASH_AT);
    memcpy(input + HASH_AT, from->bytes, addr_size(from));
    return hash_bytes(secret, input, HASH_AT + addr_size(from));
}

void dns_cookie_make(const struct hash_key *secret, const uint8_t client[static COOKIE_CLIENT],
                     const struct addr *from, uint32_t now_s, uint8_t out[static COOKIE_SIZE])
{
    memmove(out, client, COOKIE_CLIENT);
    put_u32(out + VERSION_AT, (uint32_t)VERSION << 24);
    put_u32(out + TIME_AT, now_s);
    uint64_t hash = hash_of(secret, out, from);
    for (int i = 0; i < 8; i++)
        out[HASH_AT + i] = (uint8_t)(hash >> 8 * i); /* the function's bytes in their order */
}

static bool is_ours(const struct hash_key *secret, const uint8_t *cookie, const struct addr *from)
{
    uint64_t hash = 0;
    for (int i = 0; i < 8; i++)
        hash |= (uint64_t)cookie[HASH_AT + i] << 8 * i;
    /* One comparison of all bits: how long it takes says nothing. */
    return cookie[VERSION_AT] == VERSION && (hash ^ hash_of(secret, cookie, from)) == 0;
}

enum dns_cookie_age dns_cookie_check(const struct hash_key *secret,
                                     const uint8_t cookie[static COOKIE_SIZE],
                                     const struct addr *from, uint32_t now_s)
{
    int32_t age = (int32_t)(now_s - get_u32(cookie + TIME_AT));
    if (!is_ours(secret, cookie, from))
        return COOKIE_NOT_OURS;
    if (age > COOKIE_PAST_S || age < -COOKIE_FUTURE_S)
        return COOKIE_EXPIRED;
    return age > COOKIE_REFRESH_S ? COOKIE_OLD : COOKIE_FRESH;
}

uint64_t dns_cookie_made_s(const uint8_t cookie[static COOKIE_SIZE], uint64_t now_s)
{
    return now_s - (uint64_t)(int64_t)(int32_t)((uint32_t)now_s - get_u32(cookie + TIME_AT));
}

struct hash_key dns_cookie_secret(const struct hash_key seeds[static 2], uint64_t at_s)
{
    struct hash_key key;
    uint64_t period = at_s / COOKIE_PERIOD_S;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t bits = hash_bytes(&seeds[i], &period, sizeof(period));
        memcpy(key.bytes + 8 * i, &bits, sizeof(bits));
    }
    return key;
}

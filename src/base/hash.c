#include "base/hash.h"

#include <sodium/crypto_hash_sha256.h>
#include <sodium/crypto_shorthash.h>
#include <string.h>

#include "base/bytes.h"

_Static_assert(sizeof(struct hash_key) == crypto_shorthash_KEYBYTES, "SipHash key");

uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t n)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t value = 0;

    crypto_shorthash(out, bytes, n, key->bytes);
    for (size_t i = sizeof(out); i-- > 0;)
        value = value << 8 | out[i];
    return value;
}

/* ---- SipHash-1-3 (Aumasson, Bernstein 2012: one round for each word, three at the end) ------ */

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t turned(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = turned(s->v1, 13) ^ s->v0;
    s->v3 = turned(s->v3, 16) ^ s->v2;
    s->v0 = turned(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = turned(s->v1, 17) ^ s->v2;
    s->v3 = turned(s->v3, 21) ^ s->v0;
    s->v2 = turned(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t get_little(const uint8_t *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

/* The n % 8 bytes at `p`, and the length; where a word is in front of them, by a load that
 * overlaps it. */
static inline uint64_t last_word(const uint8_t *p, size_t n)
{
    uint64_t word = (uint64_t)n << 56;
    size_t left = n % 8;
    if (left && n >= 8)
        return word | get_little(p + left - 8) >> 8 * (8 - left);
    for (size_t i = 0; i < left; i++)
        word |= (uint64_t)p[i] << 8 * i;
    return word;
}

uint64_t hash_place(const struct hash_key *key, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint64_t k0 = get_little(key->bytes), k1 = get_little(key->bytes + 8);
    struct sip s = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                    k1 ^ 0x7465646279746573};
    for (size_t left = n / 8; left; left--, p += 8)
        sip_word(&s, get_little(p));
    sip_word(&s, last_word(p, n));
    s.v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* ---- others -------------------------------------------------------------------------------- */

uint64_t hash_digest(const void *bytes, size_t n)
{
    uint8_t out[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(out, bytes, n);
    return (uint64_t)get_u32(out) << 32 | get_u32(out + 4);
}

uint64_t hash_pointer(const void *p)
{
    return (uint64_t)((uintptr_t)p >> 4) * 0x9e3779b97f4a7c15u >> 32;
}

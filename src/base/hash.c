#include "base/hash.h"

#include <sodium/crypto_hash_sha256.h>
#include <sodium/crypto_shorthash.h>

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

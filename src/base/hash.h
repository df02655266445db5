/* Keyed hashing. Names and addresses come from the network, so every table that
 * they reach is keyed with a secret of the process (hash flooding). */
#ifndef DISC_BASE_HASH_H
#define DISC_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint8_t bytes[16];
};

/* SipHash-2-4-64 (libsodium's crypto_shorthash; the function of RFC 9018). The
 * result is read little-endian from the function's 8 output bytes. */
uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t n);

/* SipHash-1-3-64, in half the time: for the places of keys in tables of this process, which
 * nobody outside sees. */
uint64_t hash_place(const struct hash_key *key, const void *bytes, size_t n);

/* First 8 bytes of SHA-256, read big-endian: for digests that both sides of a
 * protocol compute, where no key can be shared. */
uint64_t hash_digest(const void *bytes, size_t n);

/* Of an object's address, which nobody outside chooses (Fibonacci hashing: Knuth, TAOCP 3,
 * section 6.4): for tables of the process' own objects. */
uint64_t hash_pointer(const void *p);

#endif

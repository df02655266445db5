/* Bits that are the same for a client and an item each time: what rendezvous hashing makes its keys
 * from (draw.h). Not keyed: several servers, and one after its restart, choose alike. An item's
 * hash does not depend on the client, so that of an instance's id stands ready in its slice.
 * Used by draw*.c, respond_txt.c and compile_slice.c.
 */
#ifndef DISC_DNS_STABLE_H
#define DISC_DNS_STABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t stable_mix(uint64_t x) /* the finalizer of splitmix64 */
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

/* A number of at most 8 bytes, the lowest first on every machine. */
static inline uint64_t stable_word(const uint8_t *bytes, size_t size)
{
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)bytes[i] << 8 * i;
    return word;
}

/* Not yet mixed enough. `readable`: 7 bytes behind them can be read, which takes fewer steps. */
static inline uint64_t stable_hash(const uint8_t *bytes, size_t size, bool readable)
{
    uint64_t hash = size, last = 0;
    for (; size > 8; bytes += 8, size -= 8) {
        hash = (hash ^ stable_word(bytes, 8)) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 32;
    }
    if (size)
        last = readable ? stable_word(bytes, 8) & UINT64_MAX >> (64 - 8 * size)
                        : stable_word(bytes, size);
    hash = (hash ^ last) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 32;
}

/* `client`: as draw_client_bits has them; `hash`: the item's. */
static inline uint64_t stable_bits(uint64_t client, uint64_t hash)
{
    return stable_mix(client ^ hash);
}

#endif

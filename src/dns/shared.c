#include "dns/shared.h"

#include <stdlib.h>
#include <string.h>

/* A key of its own for each use, all from the one seed. */
static struct hash_key derive(const uint8_t seed[static 32], uint8_t use)
{
    struct hash_key halves[2], key;
    memcpy(halves, seed, sizeof(halves));
    for (unsigned i = 0; i < 2; i++) {
        uint64_t bits = hash_bytes(&halves[i], &use, 1);
        memcpy(key.bytes + 8 * i, &bits, 8);
    }
    explicit_bzero(halves, sizeof(halves));
    return key;
}

struct dns_shared *dns_shared_new(const uint8_t seed[static 32])
{
    struct dns_shared *shared = calloc(1, sizeof(*shared));
    struct hash_key key = derive(seed, 0);
    if (!shared)
        return NULL;
    shared->cookie_seeds[0] = derive(seed, 1);
    shared->cookie_seeds[1] = derive(seed, 2);
    shared->rrl = rrl_new(&key);
    if (shared->rrl)
        return shared;
    dns_shared_free(shared);
    return NULL;
}

void dns_shared_free(struct dns_shared *shared)
{
    if (!shared)
        return;
    rrl_free(shared->rrl);
    explicit_bzero(shared, sizeof(*shared));
    free(shared);
}

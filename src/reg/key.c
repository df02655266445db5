#include "reg/key.h"

/* The functions below EVP, which OpenSSL 3 calls deprecated: only they can begin with a state
 * that is copied, which costs two allocations less for each MAC. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum { MAC_SIZE = 16, MAC_DIGITS = 2 * MAC_SIZE };

struct prepared {
    bool ready;
    SHA256_CTX inner, outer; /* begun with the secret */
};

struct key_contexts {
    struct prepared secret[2]; /* the secret, the next one */
};

static int compare_keys(const void *a, const void *b)
{
    const struct reg_key *x = a, *y = b;
    return strcmp(x->id, y->id);
}

void keyring_init(struct keyring *ring, struct reg_key *keys, size_t count)
{
    *ring = (struct keyring){.keys = keys, .count = count};
    if (count)
        qsort(keys, count, sizeof(*keys), compare_keys);
}

void keyring_deinit(struct keyring *ring)
{
    if (ring->contexts)
        OPENSSL_cleanse(ring->contexts, (ring->count + 1) * sizeof(*ring->contexts));
    free(ring->contexts);
    *ring = (struct keyring){0};
}

/* RFC 2104: the hash of the padded secret is what each MAC begins with. */
static void begin_with(SHA256_CTX *state, const uint8_t *secret, size_t size, uint8_t pad)
{
    uint8_t block[SHA256_CBLOCK];
    memset(block, pad, sizeof(block));
    for (size_t i = 0; i < size; i++)
        block[i] ^= secret[i];
    SHA256_Init(state);
    SHA256_Update(state, block, sizeof(block));
    OPENSSL_cleanse(block, sizeof(block));
}

static void prepare(struct prepared *p, const uint8_t *secret, size_t size)
{
    _Static_assert(REG_SECRET_MAX <= SHA256_CBLOCK, "a longer one would be hashed first");
    begin_with(&p->inner, secret, size, 0x36);
    begin_with(&p->outer, secret, size, 0x5c);
    p->ready = true;
}

/* The decoy stands behind the keys: whoever names an unknown key costs, and learns,
 * as much as with a wrong MAC. */
static const struct prepared *prepared_of(struct keyring *ring, size_t key, unsigned next)
{
    static const uint8_t decoy[REG_SECRET_MIN];
    if (!ring->contexts)
        ring->contexts = calloc(ring->count + 1, sizeof(*ring->contexts));
    if (!ring->contexts)
        return NULL;
    struct prepared *p = &ring->contexts[key].secret[next];
    const struct reg_key *k = &ring->keys[key];
    if (!p->ready && key == ring->count)
        prepare(p, decoy, sizeof(decoy));
    else if (!p->ready && next)
        prepare(p, k->next, k->next_size);
    else if (!p->ready)
        prepare(p, k->secret, k->secret_size);
    return p;
}

static enum err compute(struct keyring *ring, size_t key, unsigned next, struct text covered,
                        char out[static MAC_DIGITS])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t full[SHA256_DIGEST_LENGTH];
    const struct prepared *p = prepared_of(ring, key, next);
    if (!p)
        return ERR_MEMORY;
    SHA256_CTX state = p->inner;
    SHA256_Update(&state, covered.s, covered.n);
    SHA256_Final(full, &state);
    state = p->outer;
    SHA256_Update(&state, full, sizeof(full));
    SHA256_Final(full, &state);
    for (unsigned i = 0; i < MAC_SIZE; i++) {
        out[2 * i] = digits[full[i] >> 4];
        out[2 * i + 1] = digits[full[i] & 15];
    }
    return ERR_OK;
}

/* The key's index, or `count` (the decoy). */
static size_t find(const struct keyring *ring, struct text id)
{
    size_t low = 0, high = ring->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = text_compare(text_of(ring->keys[middle].id), id);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return ring->count;
}

static bool in_time(const struct reg_key *key, uint64_t wall_ms)
{
    return wall_ms >= key->not_before_ms && (!key->not_after_ms || wall_ms <= key->not_after_ms);
}

enum err keyring_check(struct keyring *ring, struct text id, struct text covered, struct text mac,
                       uint64_t wall_ms, struct signer *out)
{
    char right[MAC_DIGITS];
    size_t at = find(ring, id);
    bool known = at < ring->count;
    unsigned secrets = known && ring->keys[at].next_size ? 2 : 1;
    for (unsigned next = 0; next < secrets; next++) {
        enum err e = compute(ring, at, next, covered, right);
        if (e)
            return e;
        bool equal = mac.n == MAC_DIGITS && CRYPTO_memcmp(right, mac.s, MAC_DIGITS) == 0;
        if (equal && known && in_time(&ring->keys[at], wall_ms)) {
            *out = (struct signer){at, next};
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err keyring_sign(struct keyring *ring, struct signer signer, struct text covered,
                      char out[static 32])
{
    return compute(ring, signer.key, signer.next, covered, out);
}

#include "reg/key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

enum { MAC_SIZE = 16, MAC_DIGITS = 2 * MAC_SIZE };

struct key_contexts {
    EVP_MAC_CTX *secret[2]; /* the secret, the next one */
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
    for (size_t i = 0; ring->contexts && i <= ring->count; i++) {
        EVP_MAC_CTX_free(ring->contexts[i].secret[0]);
        EVP_MAC_CTX_free(ring->contexts[i].secret[1]);
    }
    free(ring->contexts);
    *ring = (struct keyring){0};
}

static EVP_MAC_CTX *context_new(const uint8_t *secret, size_t size)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac); /* the context holds a reference of its own */
    if (context && !EVP_MAC_init(context, secret, size, params)) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

/* The decoy stands behind the keys: whoever names an unknown key costs, and learns,
 * as much as with a wrong MAC. */
static EVP_MAC_CTX *context_of(struct keyring *ring, size_t key, unsigned next)
{
    static const uint8_t decoy[REG_SECRET_MIN];
    if (!ring->contexts)
        ring->contexts = calloc(ring->count + 1, sizeof(*ring->contexts));
    if (!ring->contexts)
        return NULL;
    EVP_MAC_CTX **context = &ring->contexts[key].secret[next];
    if (!*context && key == ring->count) {
        *context = context_new(decoy, sizeof(decoy));
    } else if (!*context) {
        const struct reg_key *k = &ring->keys[key];
        *context =
            next ? context_new(k->next, k->next_size) : context_new(k->secret, k->secret_size);
    }
    return *context;
}

static enum err compute(struct keyring *ring, size_t key, unsigned next, struct text covered,
                        char out[static MAC_DIGITS])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t full[EVP_MAX_MD_SIZE];
    size_t size = 0;
    EVP_MAC_CTX *context = context_of(ring, key, next);
    if (!context || !EVP_MAC_init(context, NULL, 0, NULL) ||
        !EVP_MAC_update(context, (const unsigned char *)covered.s, covered.n) ||
        !EVP_MAC_final(context, full, &size, sizeof(full)))
        return ERR_MEMORY;
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

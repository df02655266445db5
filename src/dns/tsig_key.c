#include "dns/tsig_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

/* RFC 8945 section 6; names in wire form, the literal's end being the root. */
static const struct {
    const char *wire, *digest;
    uint8_t wire_size, labels, hash_size;
} algorithms[TSIG_ALGORITHMS] = {
    [TSIG_SHA1] = {"\011hmac-sha1", "SHA1", 11, 1, 20},
    [TSIG_SHA224] = {"\013hmac-sha224", "SHA224", 13, 1, 28},
    [TSIG_SHA256] = {"\013hmac-sha256", "SHA256", 13, 1, 32},
    [TSIG_SHA384] = {"\013hmac-sha384", "SHA384", 13, 1, 48},
    [TSIG_SHA512] = {"\013hmac-sha512", "SHA512", 13, 1, 64},
};

struct tsig_keyring {
    size_t count;
    struct tsig_key *keys[]; /* sorted by name */
};

/* ---- keys -------------------------------------------------------------------------------- */

static EVP_MAC_CTX *prepare(EVP_MAC *hmac, const struct dns_key *from)
{
    char digest[8];
    strcpy(digest, algorithms[from->algorithm].digest);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
    if (context && !EVP_MAC_init(context, from->secret, from->secret_size, params)) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

static void set_names(struct tsig_key *key, const struct dns_key *from)
{
    size_t size = algorithms[from->algorithm].wire_size;
    key->algorithm.size = (uint8_t)size;
    key->algorithm.labels = algorithms[from->algorithm].labels;
    memcpy(key->algorithm.wire, algorithms[from->algorithm].wire, size);
    key->hash_size = algorithms[from->algorithm].hash_size;
    name_format(key->name.wire, key->text);
    key->text[strlen(key->text) - 1] = '\0';
}

static enum err key_new(EVP_MAC *hmac, const struct dns_key *from, struct tsig_key **out,
                        const char **fault)
{
    struct name name;
    if (name_parse(text_of(from->name), &name) || name.labels == 0) {
        *fault = "the name of a key is no domain name";
        return ERR_VALUE;
    }
    if (from->secret_size == 0) {
        *fault = "a key has an empty secret";
        return ERR_VALUE;
    }
    struct tsig_key *key = calloc(1, sizeof(*key));
    if (!key)
        return ERR_MEMORY;
    atomic_init(&key->refs, 1);
    key->name = name;
    set_names(key, from);
    key->prepared = prepare(hmac, from);
    if (!key->prepared) {
        free(key);
        return ERR_MEMORY;
    }
    *out = key;
    return ERR_OK;
}

const struct tsig_key *tsig_key_ref(const struct tsig_key *key)
{
    /* All but the count is immutable. */
    struct tsig_key *counted = (struct tsig_key *)(uintptr_t)key;
    atomic_fetch_add_explicit(&counted->refs, 1, memory_order_relaxed);
    return key;
}

void tsig_key_unref(const struct tsig_key *key)
{
    struct tsig_key *counted = (struct tsig_key *)(uintptr_t)key;
    if (!counted || atomic_fetch_sub_explicit(&counted->refs, 1, memory_order_acq_rel) != 1)
        return;
    EVP_MAC_CTX_free(counted->prepared); /* clears the secret */
    free(counted);
}

struct text tsig_key_name(const struct tsig_key *key)
{
    return text_of(key->text);
}

bool tsig_key_is_named(const struct tsig_key *key, struct text name)
{
    struct name wire;
    return name_parse(name, &wire) == ERR_OK && name_is(&wire, &key->name);
}

static bool digest(EVP_MAC_CTX *context, const struct tsig_piece *pieces, size_t count,
                   uint8_t out[static TSIG_MAC_MAX])
{
    size_t size = 0;
    int good = 1;
    for (size_t i = 0; i < count; i++)
        good &= EVP_MAC_update(context, pieces[i].bytes, pieces[i].size);
    return good & EVP_MAC_final(context, out, &size, TSIG_MAC_MAX);
}

bool tsig_key_mac(const struct tsig_key *key, const struct tsig_piece *pieces, size_t count,
                  uint8_t out[static TSIG_MAC_MAX])
{
    EVP_MAC_CTX *context = EVP_MAC_CTX_dup(key->prepared);
    bool done = context && digest(context, pieces, count, out);
    EVP_MAC_CTX_free(context);
    return done;
}

/* ---- the keyring -------------------------------------------------------------------------- */

static int compare_names(const struct name *a, const struct name *b)
{
    if (a->size != b->size)
        return (int)a->size - (int)b->size;
    return memcmp(a->wire, b->wire, a->size);
}

static int compare_keys(const void *left, const void *right)
{
    struct tsig_key *const *a = left, *const *b = right;
    return compare_names(&(*a)->name, &(*b)->name);
}

static enum err check_unique(const struct tsig_keyring *ring, const char **fault)
{
    for (size_t i = 1; i < ring->count; i++)
        if (name_is(&ring->keys[i - 1]->name, &ring->keys[i]->name)) {
            *fault = "a key's name stands there twice";
            return ERR_VALUE;
        }
    return ERR_OK;
}

static enum err fill(struct tsig_keyring *ring, EVP_MAC *hmac, const struct dns_key *keys,
                     size_t count, const char **fault)
{
    for (; ring->count < count; ring->count++) {
        enum err err = key_new(hmac, &keys[ring->count], &ring->keys[ring->count], fault);
        if (err)
            return err;
    }
    qsort(ring->keys, count, sizeof(ring->keys[0]), compare_keys);
    return check_unique(ring, fault);
}

enum err tsig_keyring_new(const struct dns_key *keys, size_t count, struct tsig_keyring **out,
                          const char **fault)
{
    *fault = "out of memory";
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    struct tsig_keyring *ring = calloc(1, sizeof(*ring) + count * sizeof(ring->keys[0]));
    enum err err = hmac && ring ? fill(ring, hmac, keys, count, fault) : ERR_MEMORY;
    EVP_MAC_free(hmac); /* the contexts hold references of their own */
    if (err)
        tsig_keyring_free(ring);
    else
        *out = ring;
    return err;
}

void tsig_keyring_free(struct tsig_keyring *ring)
{
    for (size_t i = 0; ring && i < ring->count; i++)
        tsig_key_unref(ring->keys[i]);
    free(ring);
}

static const struct tsig_key *find(const struct tsig_keyring *ring, const struct name *name)
{
    size_t low = 0, high = ring ? ring->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_names(&ring->keys[middle]->name, name);
        if (order == 0)
            return ring->keys[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct tsig_key *tsig_keyring_find(const struct tsig_keyring *ring, struct text name)
{
    struct name wire;
    return name_parse(name, &wire) ? NULL : find(ring, &wire);
}

const struct tsig_key *tsig_keyring_match(const struct tsig_keyring *ring, const struct name *name,
                                          const struct name *algorithm)
{
    const struct tsig_key *key = find(ring, name);
    return key && name_is(&key->algorithm, algorithm) ? key : NULL;
}

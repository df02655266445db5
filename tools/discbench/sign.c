#include "sign.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

struct signer {
    EVP_MAC *mac;
    EVP_MAC_CTX *context;
};

static bool begin(struct signer *s, const unsigned char *secret, size_t size)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    s->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    s->context = s->mac ? EVP_MAC_CTX_new(s->mac) : NULL;
    return s->context && EVP_MAC_init(s->context, secret, size, params) == 1;
}

struct signer *sign_new(const unsigned char *secret, size_t size)
{
    struct signer *s = calloc(1, sizeof(*s));
    if (s && begin(s, secret, size))
        return s;
    sign_free(s);
    return NULL;
}

void sign_free(struct signer *signer)
{
    if (!signer)
        return;
    EVP_MAC_CTX_free(signer->context);
    EVP_MAC_free(signer->mac);
    free(signer);
}

bool sign_make(struct signer *signer, const char *bytes, size_t size, char out[MAC_DIGITS])
{
    unsigned char full[EVP_MAX_MD_SIZE];
    size_t n = 0;
    /* Without a key it begins anew with the one it had. */
    if (EVP_MAC_init(signer->context, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(signer->context, (const unsigned char *)bytes, size) != 1 ||
        EVP_MAC_final(signer->context, full, &n, sizeof(full)) != 1)
        return false;
    for (size_t i = 0; i < MAC_DIGITS / 2; i++) {
        out[2 * i] = "0123456789abcdef"[full[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[full[i] & 15];
    }
    return true;
}

bool sign_is_right(struct signer *signer, const char *reply, size_t size)
{
    static const char before[] = "mac=";
    enum { TAIL = 1 + sizeof(before) - 1 + MAC_DIGITS };
    char digits[MAC_DIGITS];
    while (size && (reply[size - 1] == '\n' || reply[size - 1] == '\r'))
        size--;
    if (size < TAIL || strncmp(reply + size - TAIL + 1, before, sizeof(before) - 1) != 0)
        return false;
    return sign_make(signer, reply, size - TAIL, digits) &&
           memcmp(digits, reply + size - MAC_DIGITS, MAC_DIGITS) == 0;
}

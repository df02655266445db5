/* What a TLS server needs of OpenSSL: one context out of a certificate and its key. */
#ifndef DISC_SERVER_TLS_H
#define DISC_SERVER_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    TLS_TEXT_MAX = 200,
    TLS_WARN_DAYS = 14, /* before the certificate's end */
};

/* PEM: the certificate with those that lead to its root behind it. TLS 1.2 and above. *out is
 * the caller's to free (SSL_CTX_free; it counts references). ERR_VALUE: `wrong` says what is
 * wrong with the certificate; ERR_MEMORY. */
MUST_CHECK enum err tls_context_new(const char *certificate, size_t size, SSL_CTX **out,
                                    char wrong[static TLS_TEXT_MAX]);

/* The key of that certificate, without a pass phrase. ERR_VALUE: `wrong` says what is wrong. */
MUST_CHECK enum err tls_context_take_key(SSL_CTX *context, const char *key, size_t size,
                                         char wrong[static TLS_TEXT_MAX]);

/* When the certificate of a context ends, in seconds since 1970 (UTC); 0 when it cannot be told. */
int64_t tls_expires_s(const SSL_CTX *context);

/* Has it expired at `now_s`, is it not valid yet, or does it expire within TLS_WARN_DAYS? Then
 * `words` say so, with the date. */
bool tls_is_dated(const SSL_CTX *context, int64_t now_s, char words[static TLS_TEXT_MAX]);

#endif

#include "server/tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>

/* What OpenSSL says of its last failure, behind our words. */
static enum err fail(char wrong[static TLS_TEXT_MAX], const char *words)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    snprintf(wrong, TLS_TEXT_MAX, "%s%s%s%s", words, reason ? " (" : "", reason ? reason : "",
             reason ? ")" : "");
    ERR_clear_error();
    return ERR_VALUE;
}

/* The one protocol there is: so that clients which name what they speak get an answer. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *size,
                           const unsigned char *offered, unsigned offered_size, void *context)
{
    static const unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char *chosen;

    (void)ssl;
    (void)context;
    if (SSL_select_next_proto(&chosen, size, ours, sizeof(ours), offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_new(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (!context)
        return NULL;
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* Idle connections hold no buffers. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

static BIO *reader_of(const char *bytes, size_t size)
{
    return size <= INT_MAX ? BIO_new_mem_buf(bytes, (int)size) : NULL;
}

/* Asks nobody on a terminal. */
static int no_passphrase(char *out, int size, int writing, void *context)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

/* Those behind the first. */
static enum err take_chain(SSL_CTX *context, BIO *in, char wrong[static TLS_TEXT_MAX])
{
    X509 *next;

    while ((next = PEM_read_bio_X509(in, NULL, no_passphrase, NULL)))
        if (!SSL_CTX_add0_chain_cert(context, next)) {
            X509_free(next);
            return fail(wrong, "a certificate of its chain cannot be used");
        }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return fail(wrong, "a certificate of its chain is not well formed");
    ERR_clear_error();
    return ERR_OK;
}

static enum err take_certificates(SSL_CTX *context, BIO *in, char wrong[static TLS_TEXT_MAX])
{
    X509 *first = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);

    if (!first)
        return fail(wrong, "it holds no certificate in PEM form");
    int taken = SSL_CTX_use_certificate(context, first);
    X509_free(first);
    return taken ? take_chain(context, in, wrong) : fail(wrong, "the certificate cannot be used");
}

enum err tls_context_new(const char *certificate, size_t size, SSL_CTX **out,
                         char wrong[static TLS_TEXT_MAX])
{
    SSL_CTX *context = context_new();
    BIO *in = reader_of(certificate, size);
    enum err err = context && in ? ERR_OK : ERR_MEMORY;

    ERR_clear_error();
    if (!err)
        err = take_certificates(context, in, wrong);
    BIO_free(in);
    if (err) {
        SSL_CTX_free(context);
        return err;
    }
    *out = context;
    return ERR_OK;
}

enum err tls_context_take_key(SSL_CTX *context, const char *key, size_t size,
                              char wrong[static TLS_TEXT_MAX])
{
    BIO *in = reader_of(key, size);

    if (!in)
        return ERR_MEMORY;
    ERR_clear_error();
    EVP_PKEY *private_key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
    BIO_free(in);
    if (!private_key)
        return fail(wrong, "it holds no private key in PEM form without a pass phrase");
    int fits = SSL_CTX_use_PrivateKey(context, private_key) && SSL_CTX_check_private_key(context);
    EVP_PKEY_free(private_key);
    return fits ? ERR_OK : fail(wrong, "the key is not that of the certificate");
}

/* ---- its dates ------------------------------------------------------------------------------ */

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm tm;
    return time && ASN1_TIME_to_tm(time, &tm) ? (int64_t)timegm(&tm) : 0;
}

int64_t tls_expires_s(const SSL_CTX *context)
{
    const X509 *certificate = SSL_CTX_get0_certificate(context);
    return certificate ? seconds_of(X509_get0_notAfter(certificate)) : 0;
}

static void put_date(int64_t seconds, const char *format, char words[static TLS_TEXT_MAX])
{
    time_t time = (time_t)seconds;
    struct tm tm;
    char date[64] = "";
    if (gmtime_r(&time, &tm))
        strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm);
    snprintf(words, TLS_TEXT_MAX, format, date);
}

bool tls_is_dated(const SSL_CTX *context, int64_t now_s, char words[static TLS_TEXT_MAX])
{
    const X509 *certificate = SSL_CTX_get0_certificate(context);
    int64_t end = tls_expires_s(context);
    int64_t begin = certificate ? seconds_of(X509_get0_notBefore(certificate)) : 0;

    if (end && end < now_s)
        put_date(end, "the certificate expired on %s: clients refuse it", words);
    else if (begin > now_s)
        put_date(begin, "the certificate is not valid before %s: clients refuse it until then",
                 words);
    else if (end && end - now_s < TLS_WARN_DAYS * INT64_C(86400))
        put_date(end, "the certificate expires on %s: renew it, then SIGHUP", words);
    else
        return false;
    return true;
}

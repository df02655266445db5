/* The certificate and the key that http.tls names: what is refused, and with which words. The
 * files are made with OpenSSL when the test begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "server/config.h"
#include "server/tls.h"

struct rig {
    char folder[64];
    EVP_PKEY *key, *other;
    X509 *certificate;
};

static X509 *certify(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"disc.test", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    strcpy(rig->folder, "/tmp/disc-tls-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    rig->key = EVP_EC_gen("P-256");
    rig->other = EVP_EC_gen("P-256");
    rig->certificate = certify(rig->key);
    *state = rig;
    return 0;
}

static const char *const names[] = {"discd.yaml", "certificate.pem", "key.pem", "admin.token"};

static int tear_down(void **state)
{
    struct rig *rig = *state;
    char path[128];
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", rig->folder, names[i]);
        unlink(path);
    }
    rmdir(rig->folder);
    X509_free(rig->certificate);
    EVP_PKEY_free(rig->key);
    EVP_PKEY_free(rig->other);
    free(rig);
    return 0;
}

static FILE *create(const struct rig *rig, const char *name, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", rig->folder, name);
    unlink(path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fchmod(fileno(f), mode), 0);
    return f;
}

static void write_text(const struct rig *rig, const char *name, mode_t mode, const char *text)
{
    FILE *f = create(rig, name, mode);
    fputs(text, f);
    fclose(f);
}

static void write_certificates(const struct rig *rig, unsigned count)
{
    FILE *f = create(rig, "certificate.pem", 0644);
    while (count--)
        assert_true(PEM_write_X509(f, rig->certificate));
    fclose(f);
}

static void write_key(const struct rig *rig, mode_t mode, EVP_PKEY *key, const char *passphrase)
{
    FILE *f = create(rig, "key.pem", mode);
    assert_true(PEM_write_PrivateKey(f, key, passphrase ? EVP_aes_128_cbc() : NULL,
                                     (const unsigned char *)passphrase,
                                     passphrase ? (int)strlen(passphrase) : 0, NULL, NULL));
    fclose(f);
}

static void write_rest(const struct rig *rig)
{
    write_text(rig, "admin.token", 0600, "0123456789abcdef\n");
    write_text(rig, "discd.yaml", 0644,
               "http:\n"
               "  listen: [\"192.0.2.1:5380\"]\n"
               "  token_file: admin.token\n"
               "  tls:\n"
               "    certificate: certificate.pem\n"
               "    key: key.pem\n");
}

static enum err load(const struct rig *rig, struct config **out, struct config_fault *fault)
{
    char path[128];
    snprintf(path, sizeof path, "%s/discd.yaml", rig->folder);
    *fault = (struct config_fault){0};
    return config_load(path, out, fault);
}

static void expect_refusal(const struct rig *rig, unsigned line, unsigned column, const char *part)
{
    struct config *c;
    struct config_fault fault;
    assert_true(load(rig, &c, &fault) != ERR_OK);
    if (!strstr(fault.text, part))
        fail_msg("no '%s' in '%s'", part, fault.text);
    assert_int_equal(fault.line, line);
    assert_int_equal(fault.column, column);
}

static void test_good(void **state)
{
    struct rig *rig = *state;
    struct config *c;
    struct config_fault fault;
    STACK_OF(X509) *chain = NULL;
    write_rest(rig);
    write_certificates(rig, 3);
    write_key(rig, 0400, rig->key, NULL);
    assert_int_equal(load(rig, &c, &fault), ERR_OK);
    assert_non_null(c->http_tls);
    assert_int_equal(SSL_CTX_get_min_proto_version(c->http_tls), TLS1_2_VERSION);
    assert_int_equal(X509_cmp(SSL_CTX_get0_certificate(c->http_tls), rig->certificate), 0);
    SSL_CTX_get0_chain_certs(c->http_tls, &chain);
    assert_int_equal(sk_X509_num(chain), 2);
    config_free(c);
}

/* Valid from its first second to its last; the words have the date. */
static void test_dates(void **state)
{
    enum { DAY = 86400 };
    static const int64_t begin = 1700000000, end = begin + INT64_C(30) * DAY;
    static const struct {
        int64_t now_s;
        const char *words; /* NULL = none */
    } all[] = {
        {begin - 1,
         "the certificate is not valid before 2023-11-14 22:13 UTC: clients refuse it until then"},
        {begin, NULL},
        {end - INT64_C(14) * DAY, NULL},
        {end - INT64_C(14) * DAY + 1,
         "the certificate expires on 2023-12-14 22:13 UTC: renew it, then SIGHUP"},
        {end, "the certificate expires on 2023-12-14 22:13 UTC: renew it, then SIGHUP"},
        {end + 1, "the certificate expired on 2023-12-14 22:13 UTC: clients refuse it"},
    };
    struct rig *rig = *state;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    char words[TLS_TEXT_MAX];
    assert_int_equal(tls_expires_s(context), 0);
    assert_false(tls_is_dated(context, end, words));
    ASN1_TIME_set(X509_getm_notBefore(rig->certificate), begin);
    ASN1_TIME_set(X509_getm_notAfter(rig->certificate), end);
    assert_true(X509_sign(rig->certificate, rig->key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(context, rig->certificate), 1);
    assert_int_equal(tls_expires_s(context), end);
    for (size_t n = 0; n < ARRAY_COUNT(all); n++) {
        assert_int_equal(tls_is_dated(context, all[n].now_s, words), all[n].words != NULL);
        if (all[n].words)
            assert_string_equal(words, all[n].words);
    }
    SSL_CTX_free(context);
}

static void test_bad_certificates(void **state)
{
    struct rig *rig = *state;
    write_rest(rig);
    write_key(rig, 0600, rig->key, NULL);
    write_text(rig, "certificate.pem", 0644, "");
    expect_refusal(rig, 5, 18, "certificate.pem: it holds no certificate in PEM form");
    write_text(rig, "certificate.pem", 0644,
               "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    expect_refusal(rig, 5, 18, "certificate.pem: it holds no certificate in PEM form");
    write_certificates(rig, 1);
    FILE *f = create(rig, "certificate.pem", 0644);
    PEM_write_X509(f, rig->certificate);
    fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", f);
    fclose(f);
    expect_refusal(rig, 5, 18, "a certificate of its chain is not well formed");
    char path[128];
    snprintf(path, sizeof path, "%s/certificate.pem", rig->folder);
    unlink(path);
    expect_refusal(rig, 5, 18, "certificate.pem: No such file or directory");
}

static void test_bad_keys(void **state)
{
    struct rig *rig = *state;
    write_rest(rig);
    write_certificates(rig, 1);
    write_key(rig, 0600, rig->other, NULL);
    expect_refusal(rig, 6, 10, "key.pem: the key is not that of the certificate");
    write_key(rig, 0600, rig->key, "open sesame");
    expect_refusal(rig, 6, 10, "key.pem: it holds no private key in PEM form without a pass");
    write_text(rig, "key.pem", 0600, "0123456789abcdef\n");
    expect_refusal(rig, 6, 10, "key.pem: it holds no private key in PEM form without a pass");
    write_key(rig, 0640, rig->key, NULL);
    expect_refusal(rig, 6, 10, "is open to others (mode 0640), expected 0600");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_certificates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_keys, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

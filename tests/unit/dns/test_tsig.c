/* Signatures: each rule of RFC 8945, keyrings, and what happens when memory lacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "dns/tsig_key.h"
#include "unit/dns/signing.h"

/* ---- rules ----------------------------------------------------------------------------- */

struct request {
    uint8_t bytes[ROOM];
    size_t size;
    struct tsig_keyring *ring;
    struct tsig t;
};

static struct request signed_request(enum tsig_algorithm algorithm)
{
    struct request r = {.ring = ring_of("test.key", algorithm)};
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++)
        if (vectors[i].algorithm == algorithm)
            r.size = hex(vectors[i].query, r.bytes, sizeof(r.bytes));
    return r;
}

static bool check_at(struct request *r, uint64_t now_s)
{
    return tsig_check(r->ring, r->bytes, r->size, TSIG_AT, now_s, &r->t);
}

static void expect_error(struct request *r, uint64_t now_s, enum tsig_error error)
{
    assert_true(check_at(r, now_s));
    assert_int_equal(r->t.error, error);
    tsig_end(&r->t);
}

static void request_deinit(struct request *r)
{
    tsig_keyring_free(r->ring);
}

/* Fudge is 300 in the vectors; both ends of it are inside. */
static void test_time(void **state)
{
    struct request r = signed_request(TSIG_SHA256);
    (void)state;
    expect_error(&r, NOW_S + 300, TSIG_NOERROR);
    expect_error(&r, NOW_S - 300, TSIG_NOERROR);
    expect_error(&r, NOW_S + 301, TSIG_BADTIME);
    expect_error(&r, NOW_S - 301, TSIG_BADTIME);
    expect_error(&r, 0, TSIG_BADTIME);
    request_deinit(&r);
}

/* Any bit of what is signed; the message's ID is not, since the original one counts. */
static void test_each_bit(void **state)
{
    struct request r = signed_request(TSIG_SHA256);
    (void)state;
    for (size_t i = 0; i < r.size; i++) {
        r.bytes[i] ^= 1;
        bool id = i < 2;
        if (check_at(&r, NOW_S)) {
            assert_int_equal(r.t.error == TSIG_NOERROR, id);
            tsig_end(&r.t);
        } else {
            assert_true(i >= TSIG_AT); /* the record itself */
        }
        r.bytes[i] ^= 1;
    }
    expect_error(&r, NOW_S, TSIG_NOERROR);
    request_deinit(&r);
}

/* The case of names does not count. */
static void test_case(void **state)
{
    struct request r = signed_request(TSIG_SHA384);
    (void)state;
    assert_int_equal(r.bytes[TSIG_AT + 1], 'T');
    r.bytes[TSIG_AT + 1] = 't';
    r.bytes[TSIG_AT + 10 + 10 + 1] = 'H'; /* "Hmac-..." */
    expect_error(&r, NOW_S, TSIG_NOERROR);
    request_deinit(&r);
}

static void test_unknown(void **state)
{
    struct request r = signed_request(TSIG_SHA256);
    uint8_t out[ROOM];
    (void)state;
    tsig_keyring_free(r.ring);
    r.ring = ring_of("another.key", TSIG_SHA256);
    expect_error(&r, NOW_S, TSIG_BADKEY);
    tsig_keyring_free(r.ring);
    r.ring = NULL; /* no keys at all */
    expect_error(&r, NOW_S, TSIG_BADKEY);
    r.ring = ring_of("test.key", TSIG_SHA512); /* not with this algorithm */
    assert_true(check_at(&r, NOW_S));
    assert_int_equal(r.t.error, TSIG_BADKEY);
    assert_null(r.t.key);
    /* The answer says so, and is not signed: section 5.3.2. */
    size_t before = answer_of(r.bytes, out), size = tsig_sign(&r.t, NOW_S, out, before);
    assert_int_equal(size, before + 10 + 10 + 13 + 16);
    const uint8_t *mac_size = out + before + 10 + 10 + 13 + 8;
    assert_int_equal(get_u16(mac_size), 0);
    assert_int_equal(get_u16(mac_size + 2), 0x1234);
    assert_int_equal(get_u16(mac_size + 4), TSIG_BADKEY);
    assert_int_equal(get_u16(mac_size + 6), 0);
    tsig_end(&r.t);
    request_deinit(&r);
}

static void test_bad_signature(void **state)
{
    struct request r = signed_request(TSIG_SHA1);
    uint8_t out[ROOM];
    (void)state;
    r.bytes[r.size - 8] ^= 1; /* of the MAC */
    assert_true(check_at(&r, NOW_S));
    assert_int_equal(r.t.error, TSIG_BADSIG);
    assert_non_null(r.t.key);
    size_t before = answer_of(r.bytes, out), size = tsig_sign(&r.t, NOW_S, out, before);
    assert_int_equal(get_u16(out + size - 6 - 2), 0); /* MAC size */
    assert_int_equal(get_u16(out + size - 4), TSIG_BADSIG);
    tsig_end(&r.t);
    request_deinit(&r);
}

/* Signed, with the asker's time, and ours behind: section 5.2.3. */
static void test_bad_time(void **state)
{
    struct request r = signed_request(TSIG_SHA256);
    uint8_t out[ROOM], mac[TSIG_MAC_MAX], variables[64], before[34];
    (void)state;
    assert_true(check_at(&r, NOW_S + 5000));
    assert_int_equal(r.t.error, TSIG_BADTIME);
    before[0] = 0;
    before[1] = 32;
    memcpy(before + 2, r.t.mac, 32);
    size_t plain = answer_of(r.bytes, out), size = tsig_sign(&r.t, NOW_S + 5000, out, plain);
    const uint8_t *end = out + size;
    assert_int_equal(get_u16(end - 8), 6);
    assert_int_equal(get_u32(end - 4), NOW_S + 5000);
    assert_int_equal(get_u16(end - 10), TSIG_BADTIME);
    uint8_t unsigned_answer[ROOM];
    answer_of(r.bytes, unsigned_answer);
    size_t n = hex("04746573 74036b65 7900 00ff 00000000 0b686d61 632d7368 61323536 00"
                   "0000 6553f100 012c 0012 0006 0000 65540488",
                   variables, sizeof(variables));
    const struct tsig_piece pieces[] = {
        {before, sizeof(before)}, {unsigned_answer, plain}, {variables, n}};
    assert_true(tsig_key_mac(r.t.key, pieces, 3, mac));
    assert_memory_equal(end - 12 - 32, mac, 32);
    tsig_end(&r.t);
    request_deinit(&r);
}

/* The vectors with the MAC cut to `size` bytes, or made longer. */
static void cut_mac(struct request *r, size_t full, size_t size)
{
    uint8_t end[6];
    uint8_t *mac = r->bytes + r->size - 6 - full;
    memcpy(end, r->bytes + r->size - 6, 6);
    put_u16(mac - 2, (uint16_t)size);
    memcpy(mac + size, end, 6);
    r->size = (size_t)(mac + size + 6 - r->bytes);
    uint8_t *rdlength = r->bytes + TSIG_AT + 10 + 8;
    put_u16(rdlength, (uint16_t)(get_u16(rdlength) + size - full));
}

static void test_truncation(void **state)
{
    static const struct {
        enum tsig_algorithm algorithm;
        size_t full, least;
    } sizes[] = {
        {TSIG_SHA1, 20, 10},   {TSIG_SHA224, 28, 14}, {TSIG_SHA256, 32, 16},
        {TSIG_SHA384, 48, 24}, {TSIG_SHA512, 64, 32},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++)
        for (size_t n = 0; n <= sizes[i].full + 1; n++) {
            struct request r = signed_request(sizes[i].algorithm);
            uint8_t out[ROOM];
            cut_mac(&r, sizes[i].full, n);
            bool good = n >= sizes[i].least && n <= sizes[i].full;
            assert_int_equal(check_at(&r, NOW_S), good);
            if (good) { /* the answer's MAC is as long */
                assert_int_equal(r.t.error, TSIG_NOERROR);
                size_t plain = answer_of(r.bytes, out);
                size_t size = tsig_sign(&r.t, NOW_S, out, plain);
                assert_int_equal(get_u16(out + size - 6 - n - 2), n);
            }
            tsig_end(&r.t);
            request_deinit(&r);
        }
}

/* Each byte less, and the lengths inside of the record wrong. */
static void test_malformed(void **state)
{
    struct request r = signed_request(TSIG_SHA256);
    const size_t full = r.size, rdata = TSIG_AT + 10 + 10;
    (void)state;
    for (r.size = TSIG_AT; r.size < full; r.size++) {
        assert_false(check_at(&r, NOW_S));
        tsig_end(&r.t);
    }
    static const struct {
        size_t at;
        uint16_t value;
    } wrong[] = {
        {TSIG_AT + 10, 251},              /* type */
        {TSIG_AT + 10 + 2, 1},            /* class */
        {TSIG_AT + 10 + 4, 1},            /* TTL */
        {TSIG_AT + 10 + 6, 1},            /* likewise */
        {TSIG_AT + 10 + 8, 200},          /* RDLENGTH */
        {TSIG_AT + 10 + 10, 0xc00c},      /* compressed algorithm */
        {TSIG_AT + 10 + 10, 0x4068},      /* no name */
        {TSIG_AT, 0xc0ff},                /* key: a pointer to nowhere */
        {TSIG_AT + 10 + 10 + 13 + 8, 31}, /* MAC size */
        {TSIG_AT + 10 + 10 + 13 + 8, 33},
        {0, 0},
    };
    for (size_t i = 0; wrong[i].at; i++) {
        uint16_t right = get_u16(r.bytes + wrong[i].at);
        put_u16(r.bytes + wrong[i].at, wrong[i].value);
        r.size = full;
        assert_false(check_at(&r, NOW_S));
        tsig_end(&r.t);
        put_u16(r.bytes + wrong[i].at, right);
    }
    put_u16(r.bytes + full - 2, 1); /* other data that is not there */
    assert_false(check_at(&r, NOW_S));
    tsig_end(&r.t);
    put_u16(r.bytes + full - 2, 0);
    r.bytes[full] = 0; /* a byte behind the RDATA's end */
    put_u16(r.bytes + rdata - 2, (uint16_t)(get_u16(r.bytes + rdata - 2) + 1));
    r.size = full + 1;
    assert_false(check_at(&r, NOW_S));
    tsig_end(&r.t);
    request_deinit(&r);
}

/* ---- keyrings -------------------------------------------------------------------------- */

static void test_keyring(void **state)
{
    struct dns_key keys[] = {{.name = (char[]){"a.key"}, .secret = secret, .secret_size = 1},
                             {.name = (char[]){"A.Key."}, .secret = secret, .secret_size = 1},
                             {.name = (char[]){"b..key"}, .secret = secret, .secret_size = 1},
                             {.name = (char[]){"."}, .secret = secret, .secret_size = 1},
                             {.name = (char[]){"c"}}};
    struct tsig_keyring *ring;
    const char *fault;
    (void)state;
    assert_int_equal(tsig_keyring_new(NULL, 0, &ring, &fault), ERR_OK);
    assert_null(tsig_keyring_find(ring, TEXT("a.key")));
    tsig_keyring_free(ring);
    assert_int_equal(tsig_keyring_new(keys, 2, &ring, &fault), ERR_VALUE);
    assert_string_equal(fault, "a key's name stands there twice");
    for (unsigned i = 2; i < 4; i++) {
        assert_int_equal(tsig_keyring_new(&keys[i], 1, &ring, &fault), ERR_VALUE);
        assert_string_equal(fault, "the name of a key is no domain name");
    }
    assert_int_equal(tsig_keyring_new(&keys[4], 1, &ring, &fault), ERR_VALUE);
    assert_string_equal(fault, "a key has an empty secret");
    ring = ring_of("x.y", TSIG_SHA1);
    const struct tsig_key *key = tsig_keyring_find(ring, TEXT("A.LONGER.name."));
    assert_non_null(key);
    assert_true(tsig_key_is_named(key, TEXT("a.Longer.name")));
    assert_false(tsig_key_is_named(key, TEXT("other")));
    assert_false(tsig_key_is_named(key, TEXT("..")));
    assert_null(tsig_keyring_find(ring, TEXT("..")));
    assert_null(tsig_keyring_find(ring, TEXT("z")));
    assert_null(tsig_keyring_find(ring, TEXT("zz.zzz.zzzzz.zzzz")));
    /* A key that is counted outlives its ring. */
    tsig_key_ref(key);
    tsig_keyring_free(ring);
    assert_true(text_is(tsig_key_name(key), TEXT("a.longer.name")));
    tsig_key_unref(key);
    tsig_key_unref(NULL);
    tsig_keyring_free(NULL);
}

/* ---- memory ---------------------------------------------------------------------------- */

static size_t openssl_left = SIZE_MAX; /* allocations until one fails */

static void *openssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return openssl_left && openssl_left-- ? malloc(size) : NULL;
}

static void *openssl_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return openssl_left && openssl_left-- ? realloc(old, size) : NULL;
}

static void openssl_free(void *old, const char *file, int line)
{
    (void)file;
    (void)line;
    free(old);
}

/* Whichever allocation of OpenSSL fails: no key ring, no MAC, and nothing is lost. */
static void test_memory(void **state)
{
    struct dns_key key = {.name = (char[]){"test.key"},
                          .algorithm = TSIG_SHA256,
                          .secret = secret,
                          .secret_size = sizeof(secret)};
    struct tsig_keyring *ring = NULL;
    const char *fault;
    enum err err = ERR_MEMORY;
    (void)state;
    size_t n = 0;
    for (; err; n++) {
        openssl_left = n;
        err = tsig_keyring_new(&key, 1, &ring, &fault);
        openssl_left = SIZE_MAX;
        if (err)
            assert_int_equal(err, ERR_MEMORY);
    }
    assert_true(n > 3);
    struct request r = signed_request(TSIG_SHA256);
    struct tsig t;
    tsig_keyring_free(r.ring);
    r.ring = ring;
    bool checked = false, signs = false;
    for (n = 0; !checked; n++) { /* what cannot be verified is not accepted */
        openssl_left = n;
        assert_true(check_at(&r, NOW_S));
        openssl_left = SIZE_MAX;
        checked = r.t.error == TSIG_NOERROR;
        assert_true(checked || r.t.error == TSIG_BADSIG);
        if (!checked)
            tsig_end(&r.t);
    }
    assert_true(n > 1);
    t = r.t;
    for (n = 0; !signs; n++) {
        uint8_t out[ROOM];
        size_t plain = answer_of(r.bytes, out);
        openssl_left = n;
        signs = tsig_sign(&t, NOW_S, out, plain) > 0;
        openssl_left = SIZE_MAX;
        if (!signs)
            assert_int_equal(get_u16(out + 10), 0);
    }
    assert_true(n > 1);
    tsig_end(&r.t);
    request_deinit(&r);
}

int main(void)
{
    if (!CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time),          cmocka_unit_test(test_each_bit),
        cmocka_unit_test(test_case),          cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_bad_signature), cmocka_unit_test(test_bad_time),
        cmocka_unit_test(test_truncation),    cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_keyring),       cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

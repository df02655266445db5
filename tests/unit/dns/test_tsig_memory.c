/* Signatures where memory lacks or the library fails: no key ring, no good request, no
 * answer, and never one without its signature. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <openssl/evp.h>

#include "dns/state.h"
#include "dns/tsig_key.h"
#include "support/failing.h"
#include "unit/dns/updating.h"

/* ---- the library fails ----------------------------------------------------------------------- */

static long until_update_fails = -1; /* digested pieces until one fails; < 0 = none does */
static bool final_fails;

int EVP_MAC_update(EVP_MAC_CTX *context, const unsigned char *data, size_t size)
{
    static int (*real)(EVP_MAC_CTX *, const unsigned char *, size_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "EVP_MAC_update");
    if (until_update_fails >= 0 && until_update_fails-- == 0)
        return 0;
    return real(context, data, size);
}

int EVP_MAC_final(EVP_MAC_CTX *context, unsigned char *out, size_t *out_size, size_t room)
{
    static int (*real)(EVP_MAC_CTX *, unsigned char *, size_t *, size_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "EVP_MAC_final");
    return final_fails ? 0 : real(context, out, out_size, room);
}

static void test_library_fails(void **state)
{
    struct update_rig *t = update_rig();
    const struct tsig_key *key = tsig_keyring_find(t->rig->dns->keyring, TEXT("all"));
    const struct tsig_piece pieces[] = {{t->message, 10}, {t->message, 20}};
    uint8_t mac[TSIG_MAC_MAX], right[TSIG_MAC_MAX];
    assert_true(tsig_key_mac(key, pieces, 2, right));
    for (long n = 0; n < 2; n++) {
        until_update_fails = n;
        assert_false(tsig_key_mac(key, pieces, 2, mac));
    }
    final_fails = true;
    assert_false(tsig_key_mac(key, pieces, 2, mac));
    final_fails = false;
    assert_true(tsig_key_mac(key, pieces, 2, mac));
    assert_memory_equal(mac, right, 32);
    update_rig_free(t);
    (void)state;
}

/* ---- memory lacks ---------------------------------------------------------------------- */

static void test_key_ring(void **state)
{
    SKIP_WITHOUT_FAILURES();
    static uint8_t secret[] = "0123456789abcdef";
    const struct dns_key keys[] = {
        {.name = (char[]){"b"}, .algorithm = TSIG_SHA512, .secret = secret, .secret_size = 16},
        {.name = (char[]){"a"}, .algorithm = TSIG_SHA1, .secret = secret, .secret_size = 16}};
    struct tsig_keyring *ring = NULL;
    const char *fault;
    unsigned failed = 0;
    long n = 0;
    /* once for the library's own beginnings */
    assert_int_equal(tsig_keyring_new(keys, 2, &ring, &fault), ERR_OK);
    for (bool ended = false; !ended; n++) {
        tsig_keyring_free(ring);
        ring = NULL;
        until_failure = n;
        enum err err = tsig_keyring_new(keys, 2, &ring, &fault);
        ended = until_failure >= 0;
        until_failure = -1;
        assert_int_equal(ring != NULL, err == ERR_OK); /* the library may do without some */
        failed += err == ERR_MEMORY;
        if (err)
            assert_string_equal(fault, "out of memory");
    }
    assert_in_range(failed, 4, 500);
    assert_non_null(tsig_keyring_find(ring, TEXT("a")));
    assert_non_null(tsig_keyring_find(ring, TEXT("b")));
    tsig_keyring_free(ring);
    (void)state;
}

/* The message in t->message to a worker; the size of what it answers, t->rcode. */
static size_t worker_answers(struct update_rig *t)
{
    uint64_t wall_s = update_now(t).wall_ms / 1000;
    struct dns_request request = {t->message, t->size, {t->rig->client, 1234},
                                  DNS_TCP,    wall_s,  t->lease_ms};
    size_t size =
        dns_respond(t->rig->dns, t->rig->worker, &request, t->rig->out, sizeof(t->rig->out));
    t->rcode = size ? t->rig->out[3] & 15u : 0;
    return size;
}

/* With one allocation failing there is no answer, or one that says that the request could
 * not be verified; then, with none, there is the answer. */
static void test_signed_query(void **state)
{
    SKIP_WITHOUT_FAILURES();
    struct update_rig *t = update_rig();
    unsigned unanswered = 0, unverified = 0;
    long n = 0;
    for (bool ended = false; !ended; n++) {
        update_begin_as(t, "static.z.", T_A, 1);
        t->message[2] = 0; /* opcode QUERY */
        update_sign(t);
        until_failure = n;
        size_t size = worker_answers(t);
        ended = until_failure >= 0;
        until_failure = -1;
        if (ended) {
            assert_int_equal(t->rcode, R_NOERROR);
            assert_int_equal(get_u16(t->rig->out + 6), 2);  /* addresses */
            assert_int_equal(get_u16(t->rig->out + 10), 1); /* and the signature */
        } else if (size) {
            unverified++;
            assert_int_equal(t->rcode, R_NOTAUTH);
            assert_int_equal(get_u16(t->rig->out + 6), 0);
        } else {
            unanswered++;
        }
    }
    assert_true(unverified > 0 && unanswered > 0);
    assert_in_range(n, 3, 500);
    update_rig_free(t);
    (void)state;
}

static void test_admission(void **state)
{
    SKIP_WITHOUT_FAILURES();
    struct update_rig *t = update_rig();
    unsigned unverified = 0, failed = 0;
    long n = 0;
    for (bool ended = false; !ended; n++) {
        update_begin(t);
        update_lines(t, "add p.z. 5 TXT x\nlease 60\n");
        update_sign(t);
        until_failure = n;
        size_t size = worker_answers(t);
        ended = until_failure >= 0;
        until_failure = -1;
        struct dns_task *task = dns_worker_take_task(t->rig->worker);
        assert_int_equal(task != NULL, ended);
        unverified += size && t->rcode == R_NOTAUTH;
        failed += size && t->rcode == R_SERVFAIL;
        assert_true(!size || t->rcode == R_NOTAUTH || t->rcode == R_SERVFAIL);
        if (task)
            assert_int_equal(size, 0);
        dns_task_free(task);
    }
    assert_true(unverified > 0);
    assert_true(failed > 1); /* the task, and the message's copy */
    assert_int_equal(dns_records_count(t->records), 0);
    update_rig_free(t);
    (void)state;
}

/* The last step, the answer's signature: nothing is sent. */
static void test_task_answer(void **state)
{
    SKIP_WITHOUT_FAILURES();
    uint8_t out[1024];
    size_t size = 0;
    long n = 0;
    for (bool ended = false; !ended; n++) {
        struct update_rig *t = update_rig();
        update_begin(t);
        update_lines(t, "add p.z. 5 TXT x\n");
        update_sign(t);
        worker_answers(t);
        struct dns_task *task = dns_worker_take_task(t->rig->worker);
        assert_non_null(task);
        dns_task_run(t->rig->dns, t->rig->registry, update_now(t), task);
        until_failure = n;
        size = dns_task_next(task, t->rig->worker, update_now(t).wall_ms / 1000, out, sizeof(out));
        ended = until_failure >= 0;
        until_failure = -1;
        assert_int_equal(size > 0, ended);
        assert_int_equal(dns_records_count(t->records), 1);
        dns_task_free(task);
        update_rig_free(t);
    }
    assert_in_range(n, 2, 500);
    assert_int_equal(get_u16(out + 10), 1);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_library_fails), cmocka_unit_test(test_key_ring),
        cmocka_unit_test(test_signed_query),  cmocka_unit_test(test_admission),
        cmocka_unit_test(test_task_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

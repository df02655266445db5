/* Keyed mode: what libdisc signs and which replies it believes, checked with OpenSSL's
 * one-shot function. */
#include "fake.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";

static void mac_of(const char *text, size_t n, char out[33])
{
    unsigned char full[32];
    size_t size = 0;
    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret, sizeof(secret) - 1,
                              (const unsigned char *)text, n, full, sizeof(full), &size));
    for (int i = 0; i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", full[i]);
}

static void open_keyed(struct stage *s)
{
    struct disc_options options = DISC_OPTIONS_INIT;
    options.key_id = "deploy";
    options.secret = secret;
    options.secret_size = sizeof(secret) - 1;
    stage_open(s, 1, &options);
    stage_register(s, "web", "8080");
    pass(s, 0);
}

/* The latest request is rightly signed; its number must be `n`. */
static void check_request(struct stage *s, uint64_t n)
{
    char right[33], end[64];
    request(s, 0);
    const char *text = s->servers[0].last, *mac = strstr(text, " mac=");
    assert_non_null(mac);
    assert_non_null(strstr(text, " key=deploy cid="));
    assert_int_equal(s->servers[0].n, n);
    mac_of(text, (size_t)(mac - text), right);
    snprintf(end, sizeof(end), " mac=%s\n", right);
    assert_string_equal(mac, end);
}

/* `text` without id and line end; `n` is added when it is not 0. */
static void answer_signed(struct stage *s, const char *text, uint64_t n)
{
    char bytes[600], mac[33];
    int size = snprintf(bytes, sizeof(bytes), "%s id=%s", text, s->servers[0].id);
    if (n)
        size += snprintf(bytes + size, sizeof(bytes) - (size_t)size, " n=%" PRIu64, n);
    mac_of(bytes, (size_t)size, mac);
    snprintf(bytes + size, sizeof(bytes) - (size_t)size, " mac=%s\n", mac);
    answer(s, 0, bytes);
}

#define OK "disc/1 ok inst=web-1 ren=9000"

static void requests_are_signed_and_numbered(void **state)
{
    (void)state;
    struct stage s;
    open_keyed(&s);
    check_request(&s, 1);
    pass(&s, 500);
    check_request(&s, 2); /* a retry has a number of its own */
    answer(&s, 0, "disc/1 chal id=* ck=AQAAAAAACt1xEL0LyiAETQ\n"); /* never signed */
    check_request(&s, 3);
    assert_non_null(strstr(s.servers[0].last, " ck=AQAAAAAACt1xEL0LyiAETQ"));
    answer_signed(&s, OK, 3);
    event(&s, DISC_EVENT_REGISTERED);
    pass(&s, 9450);
    check_request(&s, 4);
    stage_close(&s);
}

static void a_reply_to_an_earlier_try_counts(void **state)
{
    (void)state;
    struct stage s;
    open_keyed(&s);
    check_request(&s, 1);
    pass(&s, 500);
    check_request(&s, 2);
    answer_signed(&s, OK, 1);
    event(&s, DISC_EVENT_REGISTERED);
    stage_close(&s);
}

static void forged_replies_are_ignored(void **state)
{
    (void)state;
    struct stage s;
    open_keyed(&s);
    check_request(&s, 1);
    answer(&s, 0, "disc/1 ok id=* n=1 inst=web-1 ren=9000\n");
    answer(&s, 0, "disc/1 ok id=* n=1 c=401 inst=web-1 ren=9000\n");
    answer(&s, 0, "disc/1 err id=* n=1 c=404 why=gone wait=1\n");
    answer(&s, 0, "disc/1 ok id=* n=1 inst=web-1 ren=9000 mac=00000000000000000000000000000000\n");
    answer(&s, 0, "disc/1 ok id=* mac=\n");
    answer_signed(&s, OK, 0);
    answer_signed(&s, OK, 2);
    assert_no_event(&s);
    answer_signed(&s, OK, 1);
    event(&s, DISC_EVENT_REGISTERED);
    stage_close(&s);
}

static void a_refused_key_is_believed_unsigned(void **state)
{
    (void)state;
    struct stage s;
    open_keyed(&s);
    check_request(&s, 1);
    answer(&s, 0, "disc/1 err id=* c=401 why=auth\n");
    assert_int_equal(event(&s, DISC_EVENT_FAILED)->retry_ms, 60000);
    stage_close(&s);
}

static void a_replay_is_sent_once_more(void **state)
{
    (void)state;
    struct stage s;
    open_keyed(&s);
    check_request(&s, 1);
    answer_signed(&s, "disc/1 err c=425 why=replay", 1);
    check_request(&s, 2);
    answer_signed(&s, "disc/1 err c=425 why=replay", 2);
    assert_quiet(&s, 0);
    assert_int_equal(event(&s, DISC_EVENT_FAILED)->code, 425);
    stage_close(&s);
}

static void half_a_key_is_refused(void **state)
{
    (void)state;
    struct disc_options options = DISC_OPTIONS_INIT;
    options.key_id = "deploy";
    assert_null(disc_new(&options));
    assert_int_equal(errno, EINVAL);
    options.secret = secret;
    options.secret_size = 15;
    assert_null(disc_new(&options));
    options.secret_size = 16;
    options.key_id = "";
    assert_null(disc_new(&options));
    options.key_id = "a-key-id-with-more-than-32-letters";
    assert_null(disc_new(&options));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_signed_and_numbered),
        cmocka_unit_test(a_reply_to_an_earlier_try_counts),
        cmocka_unit_test(forged_replies_are_ignored),
        cmocka_unit_test(a_refused_key_is_believed_unsigned),
        cmocka_unit_test(a_replay_is_sent_once_more),
        cmocka_unit_test(half_a_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

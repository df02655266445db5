/* Signed requests through dns_respond; ldns verifies the answers' signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dns/state.h"
#include "dns/tsig.h"
#include "support/wire_name.h"
#include "unit/dns/answering.h"
#include "unit/dns/hex.h"

enum { NOERROR, FORMERR, NOTIMP = 4, REFUSED = 5, NOTAUTH = 9, BADVERS = 16, TC = 0x0200 };
enum { BADSIG = 16, BADKEY = 17, BADTIME = 18 };

#define NOW UINT64_C(1559731985)
#define SECRET "0123456789abcdef0123456789abcdef"
#define SECRET_64 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define HEAD "1234 0100 0001 0000 0000 "
#define NS_A "026e73 017a 00 0001 0001 "
#define BIG_A "03626967 017a 00 0001 0001 "
#define OPT "00 0029 04d0 00000000 "
#define L63 "3f (61*63) "

static const char long_key[] = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk."
                               "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk."
                               "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk."
                               "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

static struct rig *t;
static struct dns_shared *shared;
static struct tsig_keyring *others; /* the asker's: one key more, and one that differs */

static struct dns_key key_of(const char *name, const char *secret)
{
    struct dns_key key = {strdup(name), TSIG_SHA256, (uint8_t *)strdup(secret), strlen(secret), 0};
    return key;
}

static void configure(struct dns_config *c)
{
    c->rrl = (struct dns_rrl_config){.responses = 3, .errors = 3};
    c->keys = calloc(3, sizeof(*c->keys));
    c->key_count = 3;
    c->version = malloc(DNS_TEXT_MAX + 1);
    memset(c->version, 'v', DNS_TEXT_MAX);
    c->version[DNS_TEXT_MAX] = '\0';
    c->keys[0] = key_of("deploy.example", SECRET);
    c->keys[1] = key_of("other", SECRET);
    c->keys[2] = key_of(long_key, SECRET);
}

static int start(void **state)
{
    (void)state;
    uint8_t seed[32] = {9};
    const char *fault;
    char zone[2048] = "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n";
    for (int i = 0; i < 28; i++)
        snprintf(zone + strlen(zone), 40, "big A 10.0.0.%d\n", i);
    t = rig_with_config(zone, NULL, configure);
    shared = dns_shared_new(seed);
    dns_worker_share(t->worker, shared);
    struct dns_key keys[] = {key_of("deploy.example", SECRET), key_of("other", "another secret"),
                             key_of("nobody.example", SECRET), key_of(long_key, SECRET)};
    assert_int_equal(tsig_keyring_new(keys, 4, &others, &fault), ERR_OK);
    for (int i = 0; i < 4; i++) {
        free(keys[i].name);
        free(keys[i].secret);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    tsig_keyring_free(others);
    rig_free(t);
    dns_shared_free(shared);
    return 0;
}

/* ---- asking --------------------------------------------------------------------------------- */

static struct dns_reply *send_now(enum dns_transport transport)
{
    struct dns_request request = {t->query, t->query_size, {t->client, 1234}, transport, NOW, 0};
    dns_reply_free(&t->reply);
    t->size = dns_respond(t->dns, t->worker, &request, t->out, sizeof(t->out));
    if (!dns_check(t->query, t->query_size, t->out, t->size, transport == DNS_UDP ? 512 : 65535,
                   &t->reply))
        fail_msg("%s", t->reply.fault);
    return &t->reply;
}

static void write_signed(const char *text, const char *key, uint64_t at_s)
{
    static uint8_t room[1024];
    struct tsig tsig;
    size_t size = hex(text, room, sizeof(room));
    tsig_begin(tsig_keyring_find(others, text_of(key)), &tsig);
    size = tsig_sign(&tsig, at_s, room, size);
    tsig_end(&tsig);
    assert_int_not_equal(size, 0);
    assert_true(size <= sizeof(t->query));
    memcpy(t->query, room, size);
    t->query_size = size;
}

static struct dns_reply *ask_signed(const char *text, const char *key, uint64_t at_s)
{
    write_signed(text, key, at_s);
    return send_now(DNS_UDP);
}

/* ---- the answer's signature ------------------------------------------------------------ */

struct signature {
    uint16_t mac_size, error, other_size, original_id;
    uint64_t time;
    const uint8_t *other;
};

static struct signature signature_of(const struct dns_reply *r)
{
    uint8_t name[NAME_WIRE_MAX];
    size_t at = r->tsig_at;
    struct signature s;
    assert_int_not_equal(at, 0);
    assert_int_not_equal(wire_name_read(t->out, t->size, &at, name), 0);
    at += 10;
    assert_int_not_equal(wire_name_read(t->out, t->size, &at, name), 0);
    const uint8_t *p = t->out + at;
    s.time = (uint64_t)get_u16(p) << 32 | get_u32(p + 2);
    s.mac_size = get_u16(p + 8);
    p += 10 + s.mac_size;
    s.original_id = get_u16(p);
    s.error = get_u16(p + 2);
    s.other_size = get_u16(p + 4);
    s.other = p + 6;
    assert_int_equal(s.other + s.other_size - t->out, t->size);
    return s;
}

static bool verifies(const struct dns_reply *r, const char *key)
{
    ldns_pkt *query = NULL;
    char dotted[300];
    snprintf(dotted, sizeof(dotted), "%s.", key);
    assert_int_equal(ldns_wire2pkt(&query, t->query, t->query_size), LDNS_STATUS_OK);
    bool good = ldns_pkt_tsig_verify(r->packet, t->out, t->size, dotted, SECRET_64,
                                     ldns_rr_rdf(ldns_pkt_tsig(query), 3));
    ldns_pkt_free(query);
    return good;
}

static uint64_t counted(const struct counter *c)
{
    return counter_get(c);
}

static const struct dns_counters *counters(void)
{
    return dns_worker_counters(t->worker);
}

/* ---- good ones ------------------------------------------------------------------------- */

static void test_good(void **state)
{
    (void)state;
    struct dns_reply *r = ask_signed(HEAD "0000" NS_A, "deploy.example", NOW);
    assert_int_equal(r->rcode, NOERROR);
    assert_int_equal(r->counts[SECTION_ANSWER_AT], 1);
    assert_int_equal(signature_of(r).error, 0);
    assert_true(verifies(r, "deploy.example"));
    r = ask_signed(HEAD "0001" NS_A OPT "0000", "deploy.example", NOW - 299);
    assert_true(r->has_opt);
    assert_true(verifies(r, "deploy.example"));
    assert_int_equal(counted(&counters()->tsig_good), 2);
    assert_int_equal(counted(&counters()->tsig_bad), 0);
}

/* Whatever is answered is signed; and rates do not apply. */
static void test_all_signed(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        unsigned rcode;
    } cases[] = {
        {HEAD "0000 0179 00 0001 0001", REFUSED},
        {HEAD "0000 017a 00 00fa 0001", FORMERR},
        {HEAD "0000 0179 00 0010 0003", REFUSED},
        {HEAD "0001" NS_A "00 0029 04d0 00 01 0000 0000", BADVERS},
        {"1234 2000 0001 0000 0000 0000 017a 00 0006 0001", REFUSED},
        {"1234 7800 0001 0000 0000 0000 017a 00 0006 0001", NOTIMP},
        {HEAD "0000" NS_A, NOERROR},
        {HEAD "0000 0378797a 017a 00 0001 0001", 3},
    };
    for (int again = 0; again < 3; again++)
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
            struct dns_reply *r = ask_signed(cases[i].query, "deploy.example", NOW);
            assert_int_equal(r->rcode, cases[i].rcode);
            assert_true(verifies(r, "deploy.example"));
        }
}

/* A forwarder's id on the way: the one that was signed counts; the answer has an id of its own
 * to be restored. */
static void test_original_id(void **state)
{
    (void)state;
    write_signed(HEAD "0000" NS_A, "deploy.example", NOW);
    t->query[0] ^= 0xff;
    struct dns_reply *r = send_now(DNS_UDP);
    assert_int_equal(r->rcode, NOERROR);
    assert_int_equal(signature_of(r).original_id, 0xed34);
}

/* ---- refused --------------------------------------------------------------------------- */

static void test_errors(void **state)
{
    (void)state;
    struct dns_reply *r = ask_signed(HEAD "0000" NS_A, "nobody.example", NOW);
    assert_int_equal(r->rcode, NOTAUTH);
    assert_int_equal(r->counts[SECTION_QUESTION_AT], 1);
    assert_int_equal(r->counts[SECTION_ANSWER_AT], 0);
    assert_int_equal(signature_of(r).error, BADKEY);
    assert_int_equal(signature_of(r).mac_size, 0);

    r = ask_signed(HEAD "0000" NS_A, "other", NOW);
    assert_int_equal(r->rcode, NOTAUTH);
    assert_int_equal(signature_of(r).error, BADSIG);
    assert_int_equal(signature_of(r).mac_size, 0);

    r = ask_signed(HEAD "0001" NS_A OPT "0000", "deploy.example", NOW - 301);
    struct signature s = signature_of(r);
    assert_int_equal(r->rcode, NOTAUTH);
    assert_true(r->has_opt);
    assert_int_equal(s.error, BADTIME);
    assert_int_equal(s.time, NOW - 301);
    assert_int_equal(s.other_size, 6);
    assert_int_equal((uint64_t)get_u16(s.other) << 32 | get_u32(s.other + 2), NOW);
    assert_int_equal(s.mac_size, 32);
    assert_int_equal(counted(&counters()->tsig_bad), 3);
    assert_int_equal(counted(&counters()->tsig_good), 0);
}

/* Who cannot sign is one of those who make errors. */
static void test_errors_are_limited(void **state)
{
    (void)state;
    write_signed(HEAD "0000" NS_A, "nobody.example", NOW);
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_now(DNS_UDP)->rcode, NOTAUTH);
    struct dns_request request = {t->query, t->query_size, {t->client, 1234}, DNS_UDP, NOW, 0};
    assert_int_equal(dns_respond(t->dns, t->worker, &request, t->out, sizeof(t->out)), 0);
    assert_int_equal(counted(&counters()->rrl_dropped), 1);
    t->dns->config.rrl.slip = 1; /* what slips says the same, not that TCP would help */
    struct dns_reply *r = send_now(DNS_UDP);
    assert_int_equal(r->rcode, NOTAUTH);
    assert_int_equal(r->flags & TC, 0);
    assert_int_equal(signature_of(r).error, BADKEY);
}

/* A MAC of a size that no hash has: FORMERR, unsigned. */
static void test_no_form(void **state)
{
    (void)state;
    static const char record[] = "0001" NS_A "066465706c6f79 076578616d706c65 00 00fa 00ff 00000000"
                                 "0025 0b686d61632d736861323536 00 00005cf79f11 012c 0008 (00*8)";
    t->query_size = hex(HEAD, t->query, sizeof(t->query));
    t->query_size += hex(record, t->query + t->query_size, sizeof(t->query) - t->query_size);
    t->query_size +=
        hex("1234 0000 0000", t->query + t->query_size, sizeof(t->query) - t->query_size);
    t->query[12 - 1] = 1;
    struct dns_reply *r = send_now(DNS_UDP);
    assert_int_equal(r->rcode, FORMERR);
    assert_int_equal(r->tsig_at, 0);
    assert_int_equal(counted(&counters()->tsig_bad), 1);
}

/* ---- room ------------------------------------------------------------------------------ */

/* 28 records fit 512 bytes, and the signature does not: RFC 8945 section 5.3. */
static void test_too_big(void **state)
{
    (void)state;
    struct dns_reply *r = ask_signed(HEAD "0000" BIG_A, "deploy.example", NOW);
    assert_int_equal(r->rcode, NOERROR);
    assert_int_equal(r->flags & TC, TC);
    assert_int_equal(r->counts[SECTION_QUESTION_AT], 1);
    assert_int_equal(r->counts[SECTION_ANSWER_AT], 0);
    assert_true(verifies(r, "deploy.example"));
    r = send_now(DNS_TCP);
    assert_int_equal(r->flags & TC, 0);
    assert_int_equal(r->counts[SECTION_ANSWER_AT], 28);
    assert_true(verifies(r, "deploy.example"));
}

/* Signed with the key of the longest name, whose record takes most of 512 bytes. */
static struct dns_reply *ask_with_long_key(const char *text)
{
    static uint8_t room[1024];
    struct tsig tsig;
    size_t size = hex(text, room, sizeof(room));
    tsig_begin(tsig_keyring_find(others, text_of(long_key)), &tsig);
    size = tsig_sign(&tsig, NOW, room, size);
    tsig_end(&tsig);
    struct dns_request request = {room, size, {t->client, 1234}, DNS_UDP, NOW, 0};
    dns_reply_free(&t->reply);
    t->size = dns_respond(t->dns, t->worker, &request, t->out, sizeof(t->out));
    if (!dns_check(room, size, t->out, t->size, 512, &t->reply))
        fail_msg("%s", t->reply.fault);
    assert_int_equal(t->reply.rcode, NOERROR);
    assert_int_equal(t->reply.flags & TC, TC);
    assert_int_not_equal(t->reply.tsig_at, 0);
    return &t->reply;
}

/* Names so long that not even the question fits beside the signature. */
static void test_no_room_for_the_question(void **state)
{
    (void)state;
    struct dns_reply *r = ask_with_long_key(HEAD "0000" L63 L63 L63 "3b (61*59) 017a 00 0001 0001");
    assert_int_equal(r->counts[SECTION_QUESTION_AT], 0);
}

static void test_no_room_for_the_version(void **state)
{
    (void)state;
    struct dns_reply *r = ask_with_long_key(HEAD "0000 0776657273696f6e 0462696e64 00 0010 0003");
    assert_int_equal(r->counts[SECTION_QUESTION_AT], 1);
    assert_int_equal(r->counts[SECTION_ANSWER_AT], 0);
}

/* An unknown key and algorithm whose names leave no room to echo them: the RCODE alone. */
static void test_no_room_at_all(void **state)
{
    (void)state;
    static uint8_t room[1024];
    size_t size =
        hex(HEAD "0001" NS_A L63 L63 L63 "3d (61*61) 00 00fa 00ff 00000000 011f" L63 L63 L63
                 "3d (61*61) 00 00005cf79f11 012c 0010 (00*16) 1234 0000 0000",
            room, sizeof(room));
    struct dns_request request = {room, size, {t->client, 1234}, DNS_UDP, NOW, 0};
    dns_reply_free(&t->reply);
    room[11] = 1;
    t->size = dns_respond(t->dns, t->worker, &request, t->out, sizeof(t->out));
    if (!dns_check(room, size, t->out, t->size, 512, &t->reply))
        fail_msg("%s", t->reply.fault);
    assert_int_equal(t->reply.rcode, NOTAUTH);
    assert_int_equal(t->size, 12);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_good),
        TEST(test_all_signed),
        TEST(test_original_id),
        TEST(test_errors),
        TEST(test_errors_are_limited),
        TEST(test_no_form),
        TEST(test_too_big),
        TEST(test_no_room_for_the_question),
        TEST(test_no_room_for_the_version),
        TEST(test_no_room_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The builder: sections, the reserved OPT, limits, the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/answer.h"
#include "support/dns_check.h"
#include "unit/dns/hex.h"

struct built {
    uint8_t bytes[512], out[65535];
    size_t size;
    struct query query;
    struct answer answer;
    struct dns_reply reply;
};

static struct built b;

#define PLAIN "1234 0110 0001 0000 0000 0000 03777777 015a 00 0001 0001"
#define EDNS "1234 0100 0001 0000 0000 0001 03777777 015a 00 0001 0001 00 0029 04d0 00008000 0000"

static void begin(const char *query, size_t total)
{
    b.size = hex(query, b.bytes, sizeof(b.bytes));
    (void)query_parse(b.bytes, b.size, &b.query);
    memset(b.out, 0xee, sizeof(b.out));
    answer_begin(&b.answer, &b.query, b.out, total);
}

static bool add(enum section section, uint8_t last)
{
    uint8_t rdata[4] = {10, 0, 0, last};
    return answer_record(&b.answer, section, HEADER_SIZE, TYPE_A, 60, rdata, 4);
}

static struct dns_reply *end(unsigned rcode)
{
    size_t before = b.answer.at, size = answer_end(&b.answer, rcode);
    assert_int_equal(b.out[size > before ? size : before], 0xee); /* nothing behind */
    dns_reply_free(&b.reply);
    if (!dns_check(b.bytes, b.size, b.out, size, b.answer.total, &b.reply))
        fail_msg("%s", b.reply.fault);
    return &b.reply;
}

static void test_bytes(void **state)
{
    (void)state;
    uint8_t wanted[128];
    begin(PLAIN, 512);
    b.answer.authoritative = true;
    assert_true(add(SECTION_ANSWER, 1));
    end(RCODE_NOERROR);
    size_t size = hex("1234 8510 0001 0001 0000 0000 03777777 015a 00 0001 0001"
                      "c00c 0001 0001 0000003c 0004 0a000001",
                      wanted, sizeof(wanted));
    assert_int_equal(b.reply.size, size);
    assert_memory_equal(b.out, wanted, size);
}

static void test_bytes_edns(void **state)
{
    (void)state;
    uint8_t wanted[128];
    begin(EDNS, 512);
    answer_explain(&b.answer, EDE_NOT_AUTHORITATIVE, "no");
    end(RCODE_REFUSED);
    size_t size = hex("1234 8105 0001 0000 0000 0001 03777777 015a 00 0001 0001"
                      "00 0029 04d0 00 00 8000 0008 000f 0004 0014 6e6f",
                      wanted, sizeof(wanted));
    assert_int_equal(b.reply.size, size);
    assert_memory_equal(b.out, wanted, size);
}

static void test_extended_rcode(void **state)
{
    (void)state;
    begin(EDNS, 512);
    assert_int_equal(end(RCODE_BADVERS)->rcode, RCODE_BADVERS);
    assert_int_equal(b.out[3] & 0xf, 0);
}

static void test_limit(void **state)
{
    (void)state;
    for (int edns = 0; edns < 2; edns++) {
        unsigned fit = 0;
        begin(edns ? EDNS : PLAIN, 512);
        b.answer.authoritative = true;
        while (add(SECTION_ANSWER, (uint8_t)fit))
            fit++;
        size_t before = b.answer.at;
        assert_false(add(SECTION_ADDITIONAL, 0));
        assert_int_equal(b.answer.at, before);
        assert_int_equal(fit, (512 - 12 - 11 - (edns ? 11 : 0)) / 16);
        b.answer.truncated = true;
        struct dns_reply *reply = end(RCODE_NOERROR);
        assert_int_equal(reply->counts[SECTION_ANSWER_AT], fit);
        assert_int_equal(reply->has_opt, edns);
        assert_true(reply->flags & FLAG_TC);
    }
}

static void test_reason_without_room(void **state)
{
    (void)state;
    char text[200];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    begin(EDNS, 512);
    b.answer.authoritative = true;
    answer_explain(&b.answer, EDE_OTHER, text);
    for (unsigned i = 0; add(SECTION_ANSWER, (uint8_t)i);)
        i++;
    struct dns_reply *reply = end(RCODE_NOERROR);
    assert_true(reply->has_opt);
    assert_int_equal(reply->ede, -1);

    begin(EDNS, 512); /* room kept before: the text arrives, cut to what is stored */
    b.answer.authoritative = true;
    answer_explain(&b.answer, EDE_OTHER, text);
    answer_keep_room(&b.answer);
    for (unsigned i = 0; add(SECTION_ANSWER, (uint8_t)i);)
        i++;
    reply = end(RCODE_NOERROR);
    assert_int_equal(reply->ede, EDE_OTHER);
    assert_int_equal(strlen(reply->ede_text), sizeof(b.answer.ede_text) - 1);
}

/* Words that are not copied: cut like others, the last ones count, and nobody who does not know
 * EDNS gets them. */
static void test_reason_in_place(void **state)
{
    (void)state;
    char words[200];
    memset(words, 'w', sizeof(words));
    begin(EDNS, 512);
    answer_explain(&b.answer, EDE_STALE_ANSWER, "others");
    answer_say(&b.answer, EDE_OTHER, (struct text){words, 7});
    struct dns_reply *reply = end(RCODE_REFUSED);
    assert_int_equal(reply->ede, EDE_OTHER);
    assert_string_equal(reply->ede_text, "wwwwwww");

    begin(EDNS, 512);
    answer_say(&b.answer, EDE_OTHER, (struct text){words, sizeof(words)});
    reply = end(RCODE_REFUSED);
    assert_int_equal(strlen(reply->ede_text), sizeof(b.answer.ede_text) - 1);

    begin(PLAIN, 512);
    answer_say(&b.answer, EDE_OTHER, (struct text){words, 7});
    reply = end(RCODE_REFUSED);
    assert_int_equal(reply->ede, -1);
}

/* Whatever room the records leave: the reason is there whole or not at all. */
static void test_reason_at_every_size(void **state)
{
    (void)state;
    unsigned with = 0;
    for (size_t total = 512; total < 544; total++) {
        begin(EDNS, total);
        b.answer.authoritative = true;
        answer_explain(&b.answer, EDE_OTHER, "why");
        for (unsigned i = 0; add(SECTION_ANSWER, (uint8_t)i);)
            i++;
        bool fits = total - b.answer.at >= 11 + 6 + 3;
        assert_int_equal(end(RCODE_NOERROR)->ede, fits ? EDE_OTHER : -1);
        with += fits;
    }
    assert_int_equal(with, 2 * 7); /* of 16 sizes 7 leave 9 bytes or more */
}

static void test_reason_without_edns(void **state)
{
    (void)state;
    begin(PLAIN, 512);
    answer_explain(&b.answer, EDE_OTHER, "text");
    struct dns_reply *reply = end(RCODE_REFUSED);
    assert_false(reply->has_opt);
    assert_int_equal(reply->ede, -1);
    assert_int_equal(reply->size, b.size);
}

static void test_other_opcode(void **state)
{
    (void)state;
    begin("1234 7fff 0001 0000 0000 0000 03777777 015a 00 0001 0001", 512);
    b.bytes[2] &= 0x7f; /* a query, all other flags set */
    (void)query_parse(b.bytes, b.size, &b.query);
    answer_begin(&b.answer, &b.query, b.out, 512);
    struct dns_reply *reply = end(RCODE_NOTIMP);
    assert_int_equal(reply->size, HEADER_SIZE);
    assert_int_equal(reply->flags, FLAG_QR | 0x7800 | RCODE_NOTIMP);
}

/* ---- options ------------------------------------------------------------------------------ */

#define SUBNET                                                                                     \
    "1234 0100 0001 0000 0000 0001 03777777 015a 00 0001 0001 00 0029 04d0 00000000"               \
    "002b 000a 0008 (07*8) 0008 0007 0001 18 00 c00002 0002 0004 00000000 0009 0000 000b 0000"     \
    "0003 0000"

static void expect_bytes(const struct dns_reply *reply, const char *text)
{
    uint8_t wanted[256];
    size_t size = hex(text, wanted, sizeof(wanted));
    assert_int_equal(reply->size, size);
    assert_memory_equal(b.out, wanted, size);
}

static void set_options(void)
{
    struct answer *a = &b.answer;
    a->authoritative = true;
    memset(a->cookie, 7, sizeof(a->cookie));
    a->has_cookie = a->has_expire = a->has_keepalive = a->has_lease = true;
    a->expire_s = 0x01020304;
    a->keepalive_ms = 12345;
    a->lease_s = 60;
    a->nsid = (const uint8_t *)"id";
    a->nsid_size = 2;
}

static void test_options(void **state)
{
    (void)state;
    begin(SUBNET, 512);
    set_options();
    b.answer.has_subnet = true;
    b.answer.subnet_scope = 16;
    add(SECTION_ANSWER, 1);
    answer_explain(&b.answer, EDE_OTHER, "x");
    expect_bytes(end(RCODE_NOERROR),
                 "1234 8500 0001 0001 0000 0001 03777777 015a 00 0001 0001"
                 "c00c 0001 0001 0000003c 0004 0a000001"
                 "00 0029 04d0 00000000 004a 000a 0018 (07*24) 0008 0007 0001 18 10 c00002"
                 "0002 0004 0000003c 0009 0004 01020304 000b 0002 007b 0003 0002 6964"
                 "000f 0003 0000 78");
    begin(SUBNET, 512); /* all of it, as long as 100 ms times 65535 */
    b.answer.has_keepalive = true;
    b.answer.keepalive_ms = UINT32_MAX;
    expect_bytes(end(RCODE_NOERROR), "1234 8100 0001 0000 0000 0001 03777777 015a 00 0001 0001"
                                     "00 0029 04d0 00000000 0006 000b 0002 ffff");
}

/* The answer is as long as the request: RFC 9664 section 4.2. */
static void test_lease(void **state)
{
    (void)state;
    begin("1234 2800 0001 0000 0000 0001 015a 00 0006 0001 00 0029 04d0 00000000"
          "000c 0002 0008 00000e10 00015180",
          512);
    b.answer.has_lease = true;
    b.answer.lease_s = 1;
    b.answer.key_lease_s = 2;
    expect_bytes(end(RCODE_NOERROR), "1234 a800 0001 0000 0000 0001 015a 00 0006 0001"
                                     "00 0029 04d0 00000000 000c 0002 0008 00000001 00000002");
}

static void test_subnet_families(void **state)
{
    (void)state;
    static const char *const options[] = {"0008 0008 0004 0000 00 00", "0008 0008 0004 0002 00 00",
                                          "000f 0008 000b 0002 38 00 20010db8000001"};
    for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
        char text[200], wanted[200];
        snprintf(text, sizeof(text),
                 "1234 0100 0001 0000 0000 0001 015a 00 0001 0001 00 0029 04d0 00000000 %s",
                 options[i]);
        snprintf(wanted, sizeof(wanted),
                 "1234 8100 0001 0000 0000 0001 015a 00 0001 0001 00 0029 04d0 00000000 %s",
                 options[i]);
        begin(text, 512);
        b.answer.has_subnet = true;
        b.answer.subnet_scope = 0;
        expect_bytes(end(RCODE_NOERROR), wanted);
    }
}

/* In whatever room is left the options are whole or not there, the reason goes first, and
 * what has its room set aside stays. */
static void test_options_at_every_size(void **state)
{
    (void)state;
    unsigned reasons = 0, names = 0;
    for (size_t total = 512; total < 700; total++) {
        begin(SUBNET, total);
        set_options();
        b.answer.has_subnet = true;
        answer_reserve(&b.answer, ANSWER_COOKIE);
        answer_explain(&b.answer, EDE_OTHER, "why");
        for (unsigned i = 0; i < 27; i++)
            add(SECTION_ANSWER, (uint8_t)i);
        struct dns_reply *reply = end(RCODE_NOERROR);
        assert_false(reply->flags & FLAG_TC);
        assert_int_equal(reply->options[OPTION_COOKIE].size, 24);
        reasons += reply->ede >= 0;
        names += reply->options[OPTION_NSID].bytes != NULL;
        assert_true(reply->ede < 0 || reply->options[OPTION_NSID].bytes);
        assert_true(!reply->options[OPTION_NSID].bytes || reply->options[OPTION_KEEPALIVE].bytes);
    }
    assert_true(reasons < names && names < 188);
}

static void test_keep_room(void **state)
{
    (void)state;
    begin(PLAIN, 512); /* nobody is told a reason */
    size_t left = answer_left(&b.answer);
    answer_keep_room(&b.answer);
    assert_int_equal(answer_left(&b.answer), left);
    begin(EDNS, 512); /* it would take all there is */
    answer_reserve(&b.answer, 400);
    left = answer_left(&b.answer);
    answer_keep_room(&b.answer);
    assert_int_equal(answer_left(&b.answer), left);
}

static void test_reserve(void **state)
{
    (void)state;
    begin(EDNS, 512);
    size_t left = answer_left(&b.answer);
    answer_reserve(&b.answer, 100);
    assert_int_equal(answer_left(&b.answer), left - 100);
    answer_reserve(&b.answer, 1000); /* more than there is */
    assert_int_equal(answer_left(&b.answer), 0);
}

/* ---- room for a signature ----------------------------------------------------------------- */

static void test_sign(void **state)
{
    (void)state;
    struct tsig *tsig = (struct tsig *)&b; /* nothing of it is read here */
    begin(EDNS, 512);
    assert_true(answer_sign(&b.answer, tsig, 100));
    b.answer.authoritative = true;
    unsigned n = 0;
    while (add(SECTION_ANSWER, (uint8_t)n))
        n++;
    assert_int_equal(n, (512 - 100 - 11 - 23) / 16);
    assert_int_equal(b.answer.total, 412);
    assert_int_equal(end(RCODE_NOERROR)->counts[SECTION_ANSWER_AT], n);

    begin(EDNS, 512); /* cut: nothing but the question, and no error */
    assert_true(answer_sign(&b.answer, tsig, 100));
    add(SECTION_ANSWER, 1); /* written over by what is shorter */
    b.answer.truncated = true;
    struct dns_reply *reply = end(RCODE_NXDOMAIN);
    assert_int_equal(reply->rcode, RCODE_NOERROR);
    assert_int_equal(reply->counts[SECTION_ANSWER_AT], 0);
    assert_int_equal(reply->counts[SECTION_QUESTION_AT], 1);

    begin(EDNS, 512); /* so large that the question has to go */
    assert_false(answer_sign(&b.answer, tsig, 480));
    assert_ptr_equal(b.answer.tsig, tsig);
    assert_int_equal(end(RCODE_NOTAUTH)->size, HEADER_SIZE + OPT_SIZE);

    begin(EDNS, 512); /* too large for anything */
    assert_false(answer_sign(&b.answer, tsig, 500));
    assert_null(b.answer.tsig);
    assert_int_equal(end(RCODE_NOTAUTH)->size, HEADER_SIZE + OPT_SIZE);
}

static void test_empty(void **state)
{
    (void)state;
    begin(EDNS, 512);
    add(SECTION_ANSWER, 1);
    add(SECTION_ADDITIONAL, 2);
    answer_empty(&b.answer);
    memset(b.out + b.answer.at, 0xee, 100);
    expect_bytes(end(RCODE_REFUSED), "1234 8105 0001 0000 0000 0001 03777777 015a 00 0001 0001"
                                     "00 0029 04d0 00008000 0000");
}

static int clean(void **state)
{
    (void)state;
    dns_reply_free(&b.reply);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bytes_edns),
        cmocka_unit_test(test_extended_rcode),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_reason_without_room),
        cmocka_unit_test(test_reason_in_place),
        cmocka_unit_test(test_reason_at_every_size),
        cmocka_unit_test(test_reason_without_edns),
        cmocka_unit_test(test_other_opcode),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_lease),
        cmocka_unit_test(test_subnet_families),
        cmocka_unit_test(test_options_at_every_size),
        cmocka_unit_test(test_keep_room),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_sign),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}

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
    size_t size = answer_end(&b.answer, rcode);
    assert_int_equal(b.out[size], 0xee); /* nothing behind */
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
        cmocka_unit_test(test_reason_at_every_size),
        cmocka_unit_test(test_reason_without_edns),
        cmocka_unit_test(test_other_opcode),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}

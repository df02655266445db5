/* EDNS options, and reasons: messages byte for byte, through dns_respond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/bytewise.h"

/* ---- options -------------------------------------------------------------------------------- */

static void test_nothing_asked(void **state)
{
    (void)state;
    struct dns_reply *r = send_udp(HEAD NS_A OPT "0000");
    assert_true(r->has_opt);
    for (size_t i = 0; i < ARRAY_COUNT(r->options); i++)
        assert_null(r->options[i].bytes);
    r = send_udp("1234 0100 0001 0000 0000 0000" NS_A);
    assert_false(r->has_opt);
    assert_int_equal(r->rcode, NOERROR);
    r = send_udp(HEAD NS_A OPT "000b 0064 0003 616263 fde9 0000"); /* unknown: not echoed */
    assert_int_equal(r->size, 12 + 10 + 16 + 11);
    r = send_udp(HEAD NS_A OPT "0008 000c 0004 00000000"); /* PADDING */
    assert_int_equal(r->size, 12 + 10 + 16 + 11);
}

static void test_nsid(void **state)
{
    (void)state;
    expect_option(send_udp(HEAD NS_A OPT "0004 0003 0000"), NSID, "6e6f64652d31");
    expect_option(send_udp(HEAD NS_A OPT "0006 0003 0002 ffff"), NSID, "6e6f64652d31");
    /* on errors too, where the version of EDNS is one of them */
    struct dns_reply *r = send_udp(HEAD NS_A "00 0029 04d0 00 01 0000 0004 0003 0000");
    assert_int_equal(r->rcode, BADVERS);
    assert_int_equal(r->counts[SECTION_QUESTION_AT], 1);
    assert_int_equal(r->counts[SECTION_ANSWER_AT], 0);
    expect_option(r, NSID, "6e6f64652d31");
}

static void test_keepalive(void **state)
{
    (void)state;
    expect_option(send_tcp(HEAD NS_A OPT "0004 000b 0000"), KEEPALIVE, "007b");
    expect_option(send_tcp(HEAD NS_A OPT "0006 000b 0002 1234"), KEEPALIVE, "007b");
    assert_null(send_udp(HEAD NS_A OPT "0004 000b 0000")->options[KEEPALIVE].bytes);
    assert_null(send_tcp(HEAD NS_A OPT "0000")->options[KEEPALIVE].bytes);
}

static void test_expire(void **state)
{
    (void)state;
    expect_option(send_udp(HEAD APEX_SOA OPT "0004 0009 0000"), EXPIRE, "00015180");
    assert_null(send_udp(HEAD APEX_SOA OPT "0000")->options[EXPIRE].bytes);
    assert_null(send_udp(HEAD NS_A OPT "0004 0009 0000")->options[EXPIRE].bytes);
    /* SOA, but not of a zone; and of no zone of ours */
    assert_null(
        send_udp(HEAD "026e73 017a 00 0006 0001" OPT "0004 0009 0000")->options[EXPIRE].bytes);
    assert_null(send_udp(HEAD "0179 00 0006 0001" OPT "0004 0009 0000")->options[EXPIRE].bytes);
}

/* What makes the whole message FORMERR; the OPT record is answered where it is one. */
static void test_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        bool has_opt;
    } cases[] = {
        {"0010 000a 000c 2464c4abcf10c95700000000", true}, /* cookies of 12, 7, 15, 41, 0 bytes */
        {"000b 000a 0007 2464c4abcf10c9", true},
        {"0013 000a 000f 2464c4abcf10c95700000000000000", true},
        {"002d 000a 0029 (00*41)", true},
        {"0004 000a 0000", true},
        {"000a 0008 0006 0007 18 00 c000", true},   /* subnets: family */
        {"000b 0008 0007 0001 18 08 c00002", true}, /* scope in a query */
        {"000b 0008 0007 0001 17 00 c00003", true}, /* a bit behind the prefix */
        {"000b 0008 0007 0001 10 00 c00000", true}, /* a byte too many, too few */
        {"000a 0008 0006 0001 18 00 c000", true},
        {"0007 0008 0003 000118", true},                /* no head */
        {"000d 0008 0009 0001 21 00 c000020100", true}, /* 33 bits of IPv4 */
        {"000b 0008 0007 0000 18 00 c00002", true},     /* nobody's family has no bits */
        {"0004 0003 0004", false},                      /* an option past the end */
        {"0003 000300", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[300];
        snprintf(text, sizeof(text), HEAD NS_A OPT "%s", cases[i].options);
        struct dns_reply *r = send_udp(text);
        if (r->rcode != FORMERR || r->has_opt != cases[i].has_opt)
            fail_msg("%s: rcode %u, OPT %d", cases[i].options, r->rcode, r->has_opt);
        assert_int_equal(r->counts[SECTION_QUESTION_AT], 0);
        assert_null(r->options[COOKIE].bytes);
    }
}

static void test_subnet(void **state)
{
    (void)state;
    static const char *const good[] = {
        "000b 0008 0007 0001 18 00 c00002", "000b 0008 0007 0001 17 00 c00002",
        "0008 0008 0004 0001 00 00",        "0008 0008 0004 0000 00 00",
        "0008 0008 0004 0002 00 00",        "000f 0008 000b 0002 38 00 20010db8000001"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        char text[300];
        snprintf(text, sizeof(text), HEAD NS_A OPT "%s", good[i]);
        struct dns_reply *r = send_udp(text);
        assert_int_equal(r->rcode, NOERROR);
        assert_null(r->options[SUBNET].bytes); /* believed of nobody here: not echoed */
    }
}

/* ---- reasons -------------------------------------------------------------------------------- */

static void test_reasons(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        unsigned rcode;
        int ede;
    } cases[] = {
        {HEAD "0378797a 017a 00 0001 0001" OPT "0000", NXDOMAIN, 0},
        {HEAD "0378797a 026e73 017a 00 0001 0001" OPT "0000", NXDOMAIN, 0},
        {HEAD "026e73 017a 00 001c 0001" OPT "0000", NOERROR, 0}, /* no AAAA */
        {HEAD "0179 00 0001 0001" OPT "0000", REFUSED, 20},       /* no zone of ours */
        {HEAD "017a 00 0001 0004" OPT "0000", REFUSED, 21},       /* class HS, NONE, ANY, 0 */
        {HEAD "017a 00 0001 00fe" OPT "0000", REFUSED, 21},
        {HEAD "017a 00 0001 00ff" OPT "0000", REFUSED, 21},
        {HEAD "017a 00 0001 0000" OPT "0000", REFUSED, 21},
        {HEAD "017a 00 0029 0001" OPT "0000", FORMERR, 30}, /* no types to ask for */
        {HEAD "017a 00 0080 0001" OPT "0000", FORMERR, 30},
        {HEAD "017a 00 00f9 0001" OPT "0000", FORMERR, 30},
        {HEAD "017a 00 00fa 0001" OPT "0000", FORMERR, 30},
        {HEAD "017a 00 00fd 0001" OPT "0000", NOTIMP, 21}, /* MAILB, MAILA */
        {HEAD "017a 00 00fe 0001" OPT "0000", NOTIMP, 21},
        {"1234 0100 0002 0000 0000 0001" NS_A NS_A OPT "0000", FORMERR, 0},
        {"1234 0100 0000 0000 0000 0001" OPT "0000", FORMERR, 0},
        {HEAD NS_A OPT "0000 00", FORMERR, 0},                              /* a byte behind */
        {"1234 2000 0001 0000 0000 0001" APEX_SOA OPT "0000", REFUSED, 18}, /* NOTIFY */
        {"1234 7800 0001 0000 0000 0001" APEX_SOA OPT "0000", NOTIMP, 21},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct dns_reply *r = send_udp(cases[i].query);
        if (r->rcode != cases[i].rcode || r->ede != cases[i].ede)
            fail_msg("%s: rcode %u, reason %d", cases[i].query, r->rcode, r->ede);
        assert_true(r->has_opt);
        assert_true(strlen(r->ede_text) > 0);
        assert_int_equal(r->counts[SECTION_ANSWER_AT], 0);
    }
}

/* Without EDNS, and of a bare header, nothing but the header. */
static void test_header_only(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "1234 0100 0001 0000 0000 0000",           "1234 0100 0000 0000 0000 0000",
        "1234 0100 0002 0000 0000 0000" NS_A NS_A, "1234 7ff0 0000 0000 0000 0000",
        "1234 3000 0000 0000 0000 0000",           "1234 2800 0000 0000 0000 0000",
        "1234 2000 0001 0000 0000 0000" APEX_SOA};
    for (size_t i = 0; i < ARRAY_COUNT(queries); i++) {
        assert_int_equal(send_udp(queries[i])->size, 12);
        assert_int_equal(send_tcp(queries[i])->size, 12);
    }
    struct dns_reply *r = send_tcp("1234 7ff0 0000 0000 0000 0000");
    assert_int_equal(r->flags, 0x8000 | 0x7800 | NOTIMP);
}

/* ---- room ----------------------------------------------------------------------------------- */

/* Options do not make an answer a truncated one; they are dropped instead, the reason first. */
static void test_room(void **state)
{
    (void)state;
    /* full.z TXT: 12 + 12 + 12 + 402 of 512 bytes, and 11 for OPT leave 63 */
    struct dns_reply *r = send_udp(HEAD "0466756c6c 017a 00 0010 0001 00 0029 0200 00000000"
                                        "0010 000a 0008" CLIENT "0003 0000");
    assert_int_equal(r->rcode, NOERROR);
    assert_int_equal(r->flags & 0x0200, 0);
    assert_non_null(r->options[COOKIE].bytes);
    assert_non_null(r->options[NSID].bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_asked, start), TEST(test_nsid, start),        TEST(test_keepalive, start),
        TEST(test_expire, start),        TEST(test_malformed, start),   TEST(test_subnet, start),
        TEST(test_reasons, start),       TEST(test_header_only, start), TEST(test_room, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

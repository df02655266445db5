/* What is a query, and what is wrong with what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/rand.h"
#include "dns/query.h"
#include "dns/wire.h"
#include "unit/dns/hex.h"

#define HEAD "1234 0100 0001 0000 0000 "
#define NAME "03777777 017a 00 "
#define OPT "00 0029 04d0 00000000 "

/* The bytes stand at the end of an allocation, so that a read behind them is seen. */
static enum query_verdict parse(const char *text, struct query *q, uint8_t **bytes)
{
    uint8_t room[2048];
    size_t size = hex(text, room, sizeof(room));
    *bytes = malloc(size + !size);
    memcpy(*bytes, room, size);
    return query_parse(*bytes, size, q);
}

static void test_good(void **state)
{
    (void)state;
    struct query q;
    uint8_t *bytes;
    assert_int_equal(parse("1234 0110 0001 0000 0000 0000 03775757 015a 00 0021 0003", &q, &bytes),
                     QUERY_GOOD);
    assert_int_equal(q.id, 0x1234);
    assert_int_equal(q.flags, 0x0110);
    assert_int_equal(q.type, TYPE_SRV);
    assert_int_equal(q.class, 3);
    assert_int_equal(q.opcode, OPCODE_QUERY);
    assert_int_equal(q.question_end, 12 + 7 + 4);
    assert_int_equal(q.name.size, 7);
    assert_int_equal(q.name.labels, 2);
    assert_memory_equal(q.name.wire, "\3www\1z", 7);  /* lower case */
    assert_memory_equal(q.bytes + 12, "\3wWW\1Z", 7); /* as it came */
    assert_false(q.has_opt);
    assert_false(q.tsig_at != 0);
    free(bytes);
}

static void test_opt(void **state)
{
    (void)state;
    struct query q;
    uint8_t *bytes;
    assert_int_equal(
        parse(HEAD "0001" NAME "0001 0001 00 0029 1000 05 02 ffff 0005 fde9 0001 00", &q, &bytes),
        QUERY_GOOD);
    assert_true(q.has_opt);
    assert_int_equal(q.edns_size, 4096);
    assert_int_equal(q.edns_version, 2);
    assert_true(q.dnssec_ok);
    free(bytes);
    assert_int_equal(parse(HEAD "0001" NAME "0001 0001 00 0029 0000 00 00 7fff 0000", &q, &bytes),
                     QUERY_GOOD);
    assert_int_equal(q.edns_size, 0);
    assert_false(q.dnssec_ok);
    free(bytes);
}

struct verdict_case {
    const char *what, *bytes;
    enum query_verdict verdict;
};

static const struct verdict_case verdicts[] = {
    {"nothing", "", QUERY_SHORT},
    {"11 bytes", "1234 0100 0001 0000 0000 00", QUERY_SHORT},
    {"a response", "1234 8100 0001 0000 0000 0000" NAME "0001 0001", QUERY_RESPONSE},
    {"a response of another opcode", "1234 f800 0000 0000 0000 0000", QUERY_RESPONSE},
    {"no question", "1234 0100 0000 0000 0000 0000", QUERY_MALFORMED},
    {"two questions", "1234 0100 0002 0000 0000 0000" NAME "0001 0001" NAME "0001 0001",
     QUERY_MALFORMED},
    {"a header that promises a question", HEAD "0000", QUERY_MALFORMED},
    {"a name without end", HEAD "0000 03777777", QUERY_MALFORMED},
    {"no type", HEAD "0000" NAME, QUERY_MALFORMED},
    {"half a class", HEAD "0000" NAME "0001 00", QUERY_MALFORMED},
    {"label type 01", HEAD "0000 40 00 0001 0001", QUERY_MALFORMED},
    {"label type 10", HEAD "0000 80 00 0001 0001", QUERY_MALFORMED},
    {"a pointer in the question", HEAD "0000 c00c 0001 0001", QUERY_MALFORMED},
    {"a label of 63", HEAD "0000 3f (61*63) 00 0001 0001", QUERY_GOOD},
    {"a name of 255", HEAD "0000 3f (61*63) 3f (62*63) 3f (63*63) 3d (64*61) 00 0001 0001",
     QUERY_GOOD},
    {"a name of 256", HEAD "0000 3f (61*63) 3f (62*63) 3f (63*63) 3e (64*62) 00 0001 0001",
     QUERY_MALFORMED},
    {"the root", HEAD "0000 00 0001 0001", QUERY_GOOD},
    {"any byte in a label", HEAD "0000 03 00ff2e 00 0001 0001", QUERY_GOOD},
    {"bytes behind", HEAD "0000" NAME "0001 0001 00", QUERY_MALFORMED},
    {"a record too few", HEAD "0001" NAME "0001 0001", QUERY_MALFORMED},
    {"an answer record",
     "1234 0100 0001 0001 0000 0000" NAME "0001 0001"
     "c00c 0001 0001 00000000 0004 01020304",
     QUERY_GOOD},
    {"an authority record",
     "1234 0100 0001 0000 0001 0000" NAME "0001 0001"
     "0161 c00c 0001 0001 00000000 0000",
     QUERY_GOOD},
    {"an additional record", HEAD "0001" NAME "0001 0001 0161 00 0001 0001 00000000 0000",
     QUERY_GOOD},
    {"RDATA past the end", HEAD "0001" NAME "0001 0001 00 0001 0001 00000000 0005 01020304",
     QUERY_MALFORMED},
    {"a pointer to itself", HEAD "0001" NAME "0001 0001 c017 0001 0001 00000000 0000",
     QUERY_MALFORMED},
    {"a pointer forwards", HEAD "0001" NAME "0001 0001 c018 0001 0001 00000000 0000",
     QUERY_MALFORMED},
    {"a pointer into the header", HEAD "0001" NAME "0001 0001 c004 0001 0001 00000000 0000",
     QUERY_MALFORMED},
    {"label type 01 in a record", HEAD "0001" NAME "0001 0001 41 00 0001 0001 00000000 0000",
     QUERY_MALFORMED},
    {"half a pointer", HEAD "0001" NAME "0001 0001 c0", QUERY_MALFORMED},
    {"a record's name of 256",
     HEAD "0001" NAME "0001 0001 3f (61*63) 3f (62*63) 3f (63*63) 3e (64*62) 00 0001 0001"
          "00000000 0000",
     QUERY_MALFORMED},
    {"OPT", HEAD "0001" NAME "0001 0001" OPT "0000", QUERY_GOOD},
    {"two OPT", HEAD "0002" NAME "0001 0001" OPT "0000" OPT "0000", QUERY_MALFORMED},
    {"OPT among the answers", "1234 0100 0001 0001 0000 0000" NAME "0001 0001" OPT "0000",
     QUERY_MALFORMED},
    {"OPT of another owner", HEAD "0001" NAME "0001 0001 c00c 0029 04d0 00000000 0000",
     QUERY_MALFORMED},
    {"an option past RDLENGTH", HEAD "0001" NAME "0001 0001" OPT "0005 0003 0002 00",
     QUERY_MALFORMED},
    {"three bytes of an option", HEAD "0001" NAME "0001 0001" OPT "0003 000300", QUERY_MALFORMED},
    {"an empty option", HEAD "0001" NAME "0001 0001" OPT "0004 0003 0000", QUERY_GOOD},
    {"TSIG", HEAD "0001" NAME "0001 0001 016b 00 00fa 00ff 00000000 0000", QUERY_GOOD},
    {"TSIG before OPT", HEAD "0002" NAME "0001 0001 016b 00 00fa 00ff 00000000 0000" OPT "0000",
     QUERY_MALFORMED},
    {"TSIG among the answers",
     "1234 0100 0001 0001 0000 0000" NAME "0001 0001 016b 00 00fa 00ff 00000000 0000",
     QUERY_MALFORMED},
    {"no question, a cookie", "1234 0100 0000 0000 0000 0001" OPT "000c 000a 0008 (01*8)",
     QUERY_COOKIE},
    {"no question, other options", "1234 0100 0000 0000 0000 0001" OPT "0004 0003 0000",
     QUERY_MALFORMED},
    {"no question, a cookie, a byte behind",
     "1234 0100 0000 0000 0000 0001" OPT "000c 000a 0008 (01*8) 00", QUERY_MALFORMED},
    {"two questions, a cookie",
     "1234 0100 0002 0000 0000 0001" NAME "0001 0001" NAME "0001 0001" OPT "000c 000a 0008 (01*8)",
     QUERY_MALFORMED},
    {"opcode 2 without question, a cookie",
     "1234 1000 0000 0000 0000 0001" OPT "000c 000a 0008 (01*8)", QUERY_OTHER_OPCODE},
    {"UPDATE", "1234 2800 0001 0000 0000 0000" NAME "0006 0001", QUERY_UPDATE},
    {"UPDATE of two zones", "1234 2800 0002 0000 0000 0000" NAME "0006 0001" NAME "0006 0001",
     QUERY_MALFORMED},
    {"UPDATE of none", "1234 2800 0000 0000 0000 0000", QUERY_MALFORMED},
    {"UPDATE with records",
     "1234 2800 0001 0001 0001 0000" NAME "0006 0001 c00c 00ff 00ff 00000000 0000"
     "0161 c00c 0010 0001 00000005 0002 0161",
     QUERY_UPDATE},
    {"UPDATE with an owner of 256 bytes",
     "1234 2800 0001 0000 0001 0000 3f (61*63) 3f (62*63) 3f (63*63) 00 0006 0001"
     "3f (64*63) c00c 0010 0001 00000005 0002 0161",
     QUERY_MALFORMED},
    {"NOTIFY", "1234 2000 0001 0000 0000 0000" NAME "0006 0001", QUERY_OTHER_OPCODE},
    {"opcode 15, header only", "1234 7800 0000 0000 0000 0000", QUERY_OTHER_OPCODE},
    {"opcode 15, nonsense behind", "1234 7800 ffff ffff ffff ffff ffffffff", QUERY_OTHER_OPCODE},
};

static void test_verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++) {
        struct query q;
        uint8_t *bytes;
        enum query_verdict verdict = parse(verdicts[i].bytes, &q, &bytes);
        if (verdict != verdicts[i].verdict)
            fail_msg("%s: verdict %d", verdicts[i].what, verdict);
        if (verdict == QUERY_MALFORMED || verdict == QUERY_OTHER_OPCODE)
            assert_int_equal(q.question_end, HEADER_SIZE);
        free(bytes);
    }
}

static void test_noted(void **state)
{
    (void)state;
    struct query q;
    uint8_t *bytes;
    /* What was read before the fault counts: the reply to EDNS carries EDNS. */
    parse(HEAD "0001" NAME "0001 0001" OPT "0000 00", &q, &bytes);
    assert_true(q.has_opt);
    free(bytes);
    parse(HEAD "0001" NAME "0001 0001 016b 00 00fa 00ff 00000000 0000", &q, &bytes);
    assert_true(q.tsig_at != 0);
    free(bytes);
    parse("1234 7800 0001 0000 0000 0001" NAME "0001 0001" OPT "0000", &q, &bytes);
    assert_true(q.has_opt);
    assert_int_equal(q.opcode, 15);
    free(bytes);
}

#define WITH(options) HEAD "0001" NAME "0001 0001" OPT options

/* ---- options ------------------------------------------------------------------------------ */

static void test_options(void **state)
{
    (void)state;
    struct query q;
    uint8_t *bytes;
    assert_int_equal(parse(WITH("0038 0003 0001 00 0009 0000 000b 0002 0001 000c 0002 0000"
                                "000a 0008 (07*8) 000a 0008 (08*8)"
                                "0008 0007 0001 18 00 c00002"),
                           &q, &bytes),
                     QUERY_GOOD);
    assert_true(q.edns.nsid && q.edns.expire && q.edns.keepalive);
    assert_int_equal(q.edns.cookie_size, 8);
    assert_int_equal(q.edns.cookie[7], 7); /* the first */
    assert_true(q.edns.subnet.there);
    assert_int_equal(q.edns.subnet.source, 24);
    assert_int_equal(q.edns.subnet.addr.family, FAMILY_V4);
    assert_memory_equal(q.edns.subnet.addr.bytes, "\xc0\0\2\0", 4);
    assert_int_equal(q.edns.lease_size, 0);
    free(bytes);
    assert_int_equal(parse(WITH("0000"), &q, &bytes), QUERY_GOOD);
    assert_false(q.edns.nsid || q.edns.expire || q.edns.keepalive || q.edns.subnet.there);
    assert_null(q.edns.cookie);
    free(bytes);
}

struct option_case {
    const char *option; /* with its length, without that of all options */
    bool good;
};

static const struct option_case option_cases[] = {
    {"000a 0008 (07*8)", true},
    {"000a 0010 (07*16)", true},
    {"000a 0028 (07*40)", true},
    {"000a 0000", false},
    {"000a 0007 (07*7)", false},
    {"000a 0009 (07*9)", false},
    {"000a 000f (07*15)", false},
    {"000a 0029 (07*41)", false},
    {"000a 0008 (07*8) 000a 0001 07", true}, /* only the first counts */
    {"0008 0004 0001 00 00", true},
    {"0008 0004 0000 00 00", true},
    {"0008 0008 0001 20 00 c0000201", true},
    {"0008 0005 0001 01 00 80", true},
    {"0008 0005 0001 01 00 40", false}, /* bits behind the prefix */
    {"0008 0014 0002 80 00 (20*16)", true},
    {"0008 0014 0002 81 00 (20*16)", false},
    {"0008 0008 0001 21 00 c0000201", false},
    {"0008 0009 0001 20 00 c000020100", false},
    {"0008 0007 0001 20 00 c00002", false},
    {"0008 0008 0001 20 01 c0000201", false}, /* a scope */
    {"0008 0005 0000 08 00 0a", false},
    {"0008 0004 0003 00 00", false},
    {"0008 0003 000100", false},
    {"0008 0000", false},
    {"0008 0004 0001 00 00 0008 0000", true},
    {"0002 0003 000000", true}, /* Update Lease: not in a query */
};

static bool parse_option(const char *head, const char *option, struct query *q)
{
    char text[400];
    uint8_t room[200], *bytes;
    snprintf(text, sizeof(text), "%s" NAME "0006 0001" OPT "%04zx %s", head,
             hex(option, room, sizeof(room)), option);
    enum query_verdict verdict = parse(text, q, &bytes);
    free(bytes);
    assert_true(q->has_opt);
    return verdict == QUERY_GOOD || verdict == QUERY_UPDATE;
}

static void test_option_forms(void **state)
{
    (void)state;
    struct query q;
    for (size_t i = 0; i < ARRAY_COUNT(option_cases); i++)
        if (parse_option(HEAD "0001", option_cases[i].option, &q) != option_cases[i].good)
            fail_msg("%s", option_cases[i].option);
}

static void test_update_lease(void **state)
{
    (void)state;
    static const char update[] = "1234 2800 0001 0000 0000 0001";
    struct query q;
    assert_true(parse_option(update, "0002 0004 00000e10", &q));
    assert_int_equal(q.edns.lease_size, 4);
    assert_int_equal(q.edns.lease_s, 3600);
    assert_int_equal(q.edns.key_lease_s, 3600);
    assert_true(parse_option(update, "0002 0008 00000e10 00015180 0002 0001 00", &q));
    assert_int_equal(q.edns.lease_size, 8);
    assert_int_equal(q.edns.lease_s, 3600);
    assert_int_equal(q.edns.key_lease_s, 86400);
    assert_false(parse_option(update, "0002 0000", &q));
    assert_false(parse_option(update, "0002 0005 0000000000", &q));
    assert_false(parse_option(update, "0002 0007 00000000000000", &q));
}

/* ---- records ------------------------------------------------------------------------------ */

static void test_places(void **state)
{
    (void)state;
    struct query q;
    uint8_t *bytes;
    assert_int_equal(parse("1234 0100 0001 0000 0001 0001" NAME "00fb 0001"
                           "c00c 0006 0001 00000000 0000" OPT "0000",
                           &q, &bytes),
                     QUERY_GOOD);
    assert_int_equal(q.authority_at, q.question_end);
    assert_int_equal(q.counts[2], 1);
    free(bytes);
    parse("1234 0100 0001 0001 0001 0000" NAME "00fb 0001 c00c 0001 0001 00000000 0000"
          "c00c 0006 0001 00000000 0000",
          &q, &bytes);
    assert_int_equal(q.authority_at, q.question_end + 12);
    free(bytes);
    parse(HEAD "0001" NAME "0001 0001 016b 00 00fa 00ff 00000000 0000", &q, &bytes);
    assert_int_equal(q.tsig_at, q.question_end);
    free(bytes);
    parse(HEAD "0001" NAME "0001 0001 016b 00 00fa 00ff 00000000 0000 00", &q, &bytes);
    assert_int_equal(q.tsig_at, 0); /* of what is malformed nothing is believed */
    free(bytes);
}

/* Names at an offset of a message of 12 bytes of header. */
struct name_case {
    const char *bytes;
    size_t at;
    const char *name; /* NULL = none */
    size_t behind;
};

static const struct name_case name_cases[] = {
    {"00", 12, ".", 13},
    {"0141 0162 00", 12, "a.b.", 17},
    {"0161 00 0142 c00c 07", 15, "b.a.", 19},
    {"0161 00 c00c 07", 15, "a.", 17},
    {"0161 00 c00c c00f 07", 17, "a.", 19}, /* a pointer to a pointer */
    {"0161 00 c00f", 15, NULL, 0},          /* to itself, forwards, into the header, past the end */
    {"0161 00 c011 00", 15, NULL, 0},
    {"0161 00 c003", 15, NULL, 0},
    {"0161 00 c0", 15, NULL, 0},
    {"0161", 12, NULL, 0},
    {"02 61", 12, NULL, 0},
    {"40 00", 12, NULL, 0},
    {"80 00", 12, NULL, 0},
    {"00", 13, NULL, 0},
    {"3f (61*63) 3f (62*63) 3f (63*63) 3d (64*61) 00", 12, "", 267},
    {"3f (61*63) 3f (62*63) 3f (63*63) 3e (64*62) 00", 12, NULL, 0},
    {"3f (61*63) 3f (62*63) 3f (63*63) 00 3e (64*62) c00c", 205, NULL, 0},
    {"3f (61*63) 3f (62*63) 3f (63*63) 00 3d (64*61) c00c", 205, "", 269},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(name_cases); i++) {
        const struct name_case *c = &name_cases[i];
        uint8_t room[400] = {0}, *bytes;
        char text[NAME_TEXT];
        struct name name;
        size_t at = c->at, size = 12 + hex(c->bytes, room + 12, sizeof(room) - 12);
        bytes = malloc(size); /* a read behind it is seen */
        memcpy(bytes, room, size);
        bool good = query_name(bytes, size, &at, &name);
        free(bytes);
        if (good != (c->name != NULL))
            fail_msg("%s", c->bytes);
        if (!good)
            continue;
        assert_int_equal(at, c->behind);
        if (*c->name)
            assert_string_equal(name_format(name.wire, text), c->name);
        else
            assert_int_equal(name.size, 255);
    }
}

/* Pointers lead to pointers: so many, and no more. */
static void test_hops(void **state)
{
    (void)state;
    uint8_t bytes[100] = {[12] = 1, 'a', 0};
    for (unsigned hops = 1; hops <= 20; hops++) {
        size_t at = 13 + 2 * hops, end;
        struct name name;
        bytes[at] = 0xc0;
        bytes[at + 1] = (uint8_t)(hops == 1 ? 12 : at - 2);
        end = at;
        assert_int_equal(query_name(bytes, sizeof(bytes), &end, &name), hops <= 16);
        if (hops <= 16)
            assert_int_equal(end, at + 2);
    }
}

/* Each byte at each place of a label: letters of ASCII alone have a lower case. */
static void test_lower_case(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 20; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            uint8_t message[HEADER_SIZE + 22 + 4] = {[5] = 1, [HEADER_SIZE] = 20};
            uint8_t wanted[22] = {20};
            struct query q;
            memset(message + HEADER_SIZE + 1, 'Z', 20);
            memset(wanted + 1, 'z', 20);
            message[HEADER_SIZE + 1 + at] = (uint8_t)byte;
            wanted[1 + at] = (uint8_t)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
            assert_int_equal(query_parse(message, sizeof(message), &q), QUERY_GOOD);
            assert_int_equal(q.name.size, 22);
            assert_memory_equal(q.name.wire, wanted, 22);
        }
}

/* Every beginning of a good query is malformed. */
static void test_prefixes(void **state)
{
    (void)state;
    static const char *whole = HEAD
        "0002" NAME "0001 0001 016b c00c 0001 0001 00000000 0002 0102" OPT "0006 0003 0002 0102";
    uint8_t room[256];
    size_t size = hex(whole, room, sizeof(room));
    for (size_t n = 0; n <= size; n++) {
        uint8_t *cut = malloc(n + !n);
        struct query q;
        memcpy(cut, room, n);
        enum query_verdict expected = n < HEADER_SIZE ? QUERY_SHORT
                                      : n < size      ? QUERY_MALFORMED
                                                      : QUERY_GOOD;
        assert_int_equal(query_parse(cut, n, &q), expected);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),         cmocka_unit_test(test_opt),
        cmocka_unit_test(test_verdicts),     cmocka_unit_test(test_noted),
        cmocka_unit_test(test_prefixes),     cmocka_unit_test(test_options),
        cmocka_unit_test(test_option_forms), cmocka_unit_test(test_update_lease),
        cmocka_unit_test(test_places),       cmocka_unit_test(test_names),
        cmocka_unit_test(test_hops),         cmocka_unit_test(test_lower_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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
        cmocka_unit_test(test_good),     cmocka_unit_test(test_opt),
        cmocka_unit_test(test_verdicts), cmocka_unit_test(test_noted),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/udp_shorten.h"

#include "unit/server/common.h"

#define HEADER(counts) "\1\2\204\0" counts
#define QUESTION "\3www\4test\0\0\1\0\1"
#define RECORD "\300\14\0\1\0\1\0\0\0\5\0\4\1\2\3\4"
#define OPT "\0\0\51\4\320\0\0\0\0\0\4\0\12\0\0"
#define TSIG "\1k\0\0\372\0\377\0\0\0\0\0\2xx"
#define LONG_NAME "\3www\300\20\0\1\0\1\0\0\0\5\0\0"

struct message {
    const char *bytes;
    size_t size;
};
#define MESSAGE(text) ((struct message){text, sizeof(text) - 1})

static struct message shortened(struct message m)
{
    static uint8_t bytes[512];
    memcpy(bytes, m.bytes, m.size);
    return (struct message){(char *)bytes, shorten_answer(bytes, m.size)};
}

static void assert_message(struct message is, struct message expected)
{
    assert_int_equal(is.size, expected.size);
    assert_memory_equal(is.bytes, expected.bytes, expected.size);
}

static void question_and_opt_stay(void **state UNUSED)
{
    assert_message(
        shortened(MESSAGE(HEADER("\0\1\0\2\0\0\0\2") QUESTION RECORD RECORD LONG_NAME OPT)),
        MESSAGE("\1\2\206\0\0\1\0\0\0\0\0\1" QUESTION OPT));
    assert_message(shortened(MESSAGE(HEADER("\0\1\0\1\0\0\0\2") QUESTION RECORD OPT RECORD)),
                   MESSAGE("\1\2\206\0\0\1\0\0\0\0\0\1" QUESTION OPT));
    assert_message(shortened(MESSAGE(HEADER("\0\1\0\1\0\0\0\0") QUESTION RECORD)),
                   MESSAGE("\1\2\206\0\0\1\0\0\0\0\0\0" QUESTION));
    assert_message(shortened(MESSAGE(HEADER("\0\0\0\0\0\0\0\1") OPT)),
                   MESSAGE("\1\2\206\0\0\0\0\0\0\0\0\1" OPT));
}

static void what_cannot_be_shortened(void **state UNUSED)
{
    static const struct message cases[] = {
        {"\1\2\204\0\0\1", 6},
        {HEADER("\0\1\0\2\0\0\0\2"), 12},
        {HEADER("\0\1\0\0\0\0\0\0") "\3www\4test\0\0\1", 24},
        {HEADER("\0\2\0\0\0\0\0\0") QUESTION QUESTION, 40},
        {HEADER("\0\1\0\2\0\0\0\0") QUESTION RECORD, 42},
        {HEADER("\0\1\0\1\0\0\0\0") QUESTION RECORD, 41},
        {HEADER("\0\1\0\1\0\0\0\1") QUESTION RECORD TSIG, 57},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(shortened(cases[i]).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(question_and_opt_stay),
        cmocka_unit_test(what_cannot_be_shortened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/reg/rig.h"

#include "reg/message.h"
#include "reg/params.h"

static bool read_text(const char *text, struct message *m)
{
    return message_read((const uint8_t *)text, strlen(text), m);
}

#define assert_text(t, expected)                                                                   \
    do {                                                                                           \
        struct text actual_text = (t);                                                             \
        assert_int_equal(actual_text.n, strlen(expected));                                         \
        assert_memory_equal(actual_text.n ? actual_text.s : "", (expected), strlen(expected));     \
    } while (0)

#define MAC32 "00112233445566778899aabbccddeeff"

static void test_pieces(void **state)
{
    (void)state;
    static const struct {
        const char *text, *version, *verb, *params, *items, *covered, *mac;
        bool has_items;
    } rows[] = {
        {"disc/1 hello\n", "1", "hello", "", "", "disc/1 hello", "", false},
        {"disc/1 hello", "1", "hello", "", "", "disc/1 hello", "", false},
        {"disc/1 hello\r\n", "1", "hello", "", "", "disc/1 hello", "", false},
        {"disc/1   reg  a=b c=d ", "1", "reg", "  a=b c=d ", "", "disc/1   reg  a=b c=d ", "",
         false},
        {"disc/1 ren\nx\r\ny\n", "1", "ren", "", "x\r\ny", "disc/1 ren\nx\r\ny", "", true},
        {"disc/1 ren\n\n", "1", "ren", "", "", "disc/1 ren\n", "", true},
        {"disc/999 what\n", "999", "what", "", "", "disc/999 what", "", false},
        {"disc/1", "1", "", "", "", "disc/1", "", false},
        {"disc/1 ren n=1 mac=" MAC32 "\n", "1", "ren", " n=1", "", "disc/1 ren n=1", MAC32, false},
        {"disc/1 ren n=1\nx\nmac=" MAC32 "\r\n", "1", "ren", " n=1", "x", "disc/1 ren n=1\nx",
         MAC32, true},
        {"disc/1 ren n=1\r\nmac=" MAC32, "1", "ren", " n=1", "", "disc/1 ren n=1\r", MAC32, false},
        /* Not at the end, upper case, the wrong separator: no MAC. */
        {"disc/1 ren mac=" MAC32 " n=1", "1", "ren", " mac=" MAC32 " n=1", "",
         "disc/1 ren mac=" MAC32 " n=1", "", false},
        {"disc/1 x mac=00112233445566778899AABBCCDDEEFF", "1", "x",
         " mac=00112233445566778899AABBCCDDEEFF", "",
         "disc/1 x mac=00112233445566778899AABBCCDDEEFF", "", false},
        {"disc/1 x\na mac=" MAC32, "1", "x", "", "a mac=" MAC32, "disc/1 x\na mac=" MAC32, "",
         true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct message m;
        assert_true(read_text(rows[i].text, &m));
        assert_text(m.version, rows[i].version);
        assert_text(m.verb, rows[i].verb);
        assert_text(m.params, rows[i].params);
        assert_text(m.items, rows[i].items);
        assert_text(m.covered, rows[i].covered);
        assert_text(m.mac, rows[i].mac);
        assert_int_equal(m.has_items, rows[i].has_items);
    }
}

static void test_no_message(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "\n",
        "disc",
        "disc/",
        "disc/ reg",
        "disc/1x reg",
        "disc/1234 reg",
        "disk/1 reg",
        "DISC/1 reg",
        " disc/1 reg",
        "disc/-1 reg",
        "disc/1 ok",
        "disc/1 err c=404",
        "disc/1 chal",
        "disc/1 push",
        "disc/2 err c=505 why=version",
        "disc/1 reg\tsvc=web",
        "disc/1 reg\r",
        "disc/1 reg\rsvc=x\n",
        "disc/1 reg svc=\xc3\xbc",
        "disc/1 reg \x7f",
        "disc/1 reg \x1b",
        "mac=" MAC32,
        " mac=" MAC32,
    };
    struct message m;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (read_text(rows[i], &m))
            fail_msg("read: %s", rows[i]);
    }
    assert_false(message_read((const uint8_t *)"disc/1 reg\0a", 12, &m));
}

/* Every byte at every place of lines of every length up to three times eight. */
static void test_bytes(void **state)
{
    (void)state;
    enum { START = 13, MORE = 24 };
    char line[START + MORE + 1] = "disc/1 hello ";
    struct message m;
    for (size_t size = START + 1; size <= START + MORE; size++) {
        for (size_t at = START; at < size; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                bool last = at + 1 == size;
                bool fine = (byte >= ' ' && byte <= '~') || byte == '\n';
                memset(line + START, 'x', MORE);
                line[at] = (char)byte;
                assert_int_equal(message_read((const uint8_t *)line, size, &m), fine);
                line[at + 1] = '\n';
                assert_int_equal(message_read((const uint8_t *)line, size, &m),
                                 fine || (byte == '\r' && !last));
            }
        }
    }
}

/* The longest datagram, all of parameters of one byte. */
static void test_many_words(void **state)
{
    (void)state;
    char line[REG_RECEIVE_SIZE];
    struct message m;
    struct param p;
    memset(line, ' ', sizeof(line));
    memcpy(line, "disc/1 a", 8);
    for (size_t i = 9; i < sizeof(line); i += 2)
        line[i] = 'b';
    assert_true(message_read((const uint8_t *)line, sizeof(line), &m));
    assert_int_equal(m.word_count, (sizeof(line) - 8) / 2);
    assert_int_equal(message_param_at(&m, m.word_count - 1, &p), ERR_SYNTAX);
    assert_text(p.key, "b");
    assert_text(message_peek(&m, TEXT("b")), "");
}

static void test_verbs(void **state)
{
    (void)state;
    static const char *const names[] = {"hello", "reg", "ren", "upd", "del",
                                        "get",   "sub", "ack", "uns"};
    enum reg_verb verb;
    for (unsigned i = 0; i < REG_VERB_COUNT; i++) {
        assert_int_equal(message_verb(text_of(names[i]), &verb), ERR_OK);
        assert_int_equal(verb, i);
        assert_string_equal(reg_verb_text(verb), names[i]);
    }
    assert_int_equal(message_verb(TEXT("push"), &verb), ERR_NOT_FOUND);
    assert_int_equal(message_verb(TEXT("REG"), &verb), ERR_NOT_FOUND);
    assert_int_equal(message_verb(TEXT(""), &verb), ERR_NOT_FOUND);
}

static void test_peek(void **state)
{
    (void)state;
    struct message m;
    assert_true(read_text("disc/1 reg idx=1 id=a1 ?ck=abc id=b2 key= =x n", &m));
    assert_text(message_peek(&m, TEXT("id")), "a1");
    assert_text(message_peek(&m, TEXT("ck")), "abc");
    assert_text(message_peek(&m, TEXT("key")), "");
    assert_text(message_peek(&m, TEXT("n")), "");
    assert_text(message_peek(&m, TEXT("cid")), "");
}

static void test_params(void **state)
{
    (void)state;
    struct text rest = TEXT("  a=1 ?b.c-d_9=x=y e=");
    struct param p;
    assert_int_equal(message_param(&rest, &p), ERR_OK);
    assert_text(p.key, "a");
    assert_text(p.value, "1");
    assert_false(p.optional);
    assert_int_equal(message_param(&rest, &p), ERR_OK);
    assert_text(p.key, "b.c-d_9");
    assert_text(p.value, "x=y");
    assert_true(p.optional);
    assert_int_equal(message_param(&rest, &p), ERR_OK);
    assert_text(p.value, "");
    assert_int_equal(message_param(&rest, &p), ERR_NOT_FOUND);
    static const char *const bad[] = {"=x",
                                      "?",
                                      "?=",
                                      "A=1",
                                      "1a=1",
                                      "a b=1",
                                      "a~=1",
                                      "abc",
                                      "abcdefghijklmnopqrstuvwxyzabcdefg=1",
                                      "m.abcdefghijklmnopqrstuvwxyzabcdefg=1"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        rest = text_of(bad[i]);
        assert_int_equal(message_param(&rest, &p), ERR_SYNTAX);
    }
    rest = TEXT("m.abcdefghijklmnopqrstuvwxyzabcdef=1");
    assert_int_equal(message_param(&rest, &p), ERR_OK);
}

static void test_decode(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
        enum err err;
    } rows[] = {
        {"plain", "plain", ERR_OK},      {"", "", ERR_OK},
        {"a%20b", "a b", ERR_OK},        {"%25", "%", ERR_OK},
        {"%C3%BC", "\xc3\xbc", ERR_OK},  {"%c3%bc", "\xc3\xbc", ERR_OK},
        {"%09", "\t", ERR_OK},           {"%F0%9F%98%80", "\xf0\x9f\x98\x80", ERR_OK},
        {"%00", "", ERR_SYNTAX},         {"%0a", "", ERR_SYNTAX},
        {"%0D", "", ERR_SYNTAX},         {"%", "", ERR_SYNTAX},
        {"%2", "", ERR_SYNTAX},          {"%zz", "", ERR_SYNTAX},
        {"a%2", "", ERR_SYNTAX},         {"%C3", "", ERR_VALUE},
        {"%C0%80", "", ERR_VALUE},       {"%ED%A0%80", "", ERR_VALUE},
        {"%F5%80%80%80", "", ERR_VALUE}, {"%E0%80%80", "", ERR_VALUE},
        {"%F0%80%80%80", "", ERR_VALUE}, {"%80", "", ERR_VALUE},
        {"%E2%82x", "", ERR_VALUE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t size = 0, n = strlen(rows[i].in);
        char *out = malloc(n ? n : 1);
        assert_int_equal(message_decode(text_of(rows[i].in), out, &size), rows[i].err);
        if (!rows[i].err) {
            assert_int_equal(size, strlen(rows[i].out));
            assert_memory_equal(out, rows[i].out, size);
        }
        free(out);
    }
}

static void test_encode(void **state)
{
    (void)state;
    char out[32];
    size_t n = message_encode(TEXT("a b%\xc3\xbc~"), out, sizeof(out));
    assert_int_equal(n, strlen("a%20b%25%C3%BC~"));
    assert_memory_equal(out, "a%20b%25%C3%BC~", n);
    assert_int_equal(message_encode(TEXT("abc"), out, 2), 3);
    assert_int_equal(message_encode(TEXT(""), out, 0), 0);
}

static void test_encode_decode(void **state)
{
    (void)state;
    char all[95], wire[300], back[300];
    for (unsigned i = 0; i < sizeof(all); i++)
        all[i] = (char)(0x20 + i);
    size_t n = message_encode((struct text){all, sizeof(all)}, wire, sizeof(wire)), size;
    for (size_t i = 0; i < n; i++)
        assert_in_range(wire[i], 0x21, 0x7e);
    assert_int_equal(message_decode((struct text){wire, n}, back, &size), ERR_OK);
    assert_int_equal(size, sizeof(all));
    assert_memory_equal(back, all, size);
}

static void test_items(void **state)
{
    (void)state;
    struct message m;
    struct text item;
    assert_true(read_text("disc/1 ren\na\r\n\nb\n", &m));
    struct text rest = m.items;
    assert_true(message_item(&rest, &item));
    assert_text(item, "a");
    assert_true(message_item(&rest, &item));
    assert_text(item, "");
    assert_true(message_item(&rest, &item));
    assert_text(item, "b");
    assert_false(message_item(&rest, &item));
    assert_true(read_text("disc/1 ren\n", &m));
    rest = m.items;
    assert_false(message_item(&rest, &item));
}

static void test_param_table(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum reg_verb verb;
        enum refusal refusal;
        const char *fault;
    } rows[] = {
        {"svc=a port=1", REG_REG, REFUSE_NOT, ""},    {"svc=a svc=a", REG_REG, REFUSE_DUP, "svc"},
        {"?svc=a svc=a", REG_REG, REFUSE_DUP, "svc"}, {"m.a=1 m.a=1", REG_REG, REFUSE_DUP, "m.a"},
        {"what=1", REG_REG, REFUSE_KEY, "what"},      {"?what=%zz", REG_REG, REFUSE_NOT, ""},
        {"m.=1", REG_REG, REFUSE_KEY, "m."},          {"w=5", REG_DEL, REFUSE_KEY, "w"},
        {"m.a=5", REG_REN, REFUSE_KEY, "m.a"},        {"svc=a", REG_HELLO, REFUSE_KEY, "svc"},
        {"svc=%", REG_REG, REFUSE_SYNTAX, "svc"},     {"svc=%FF", REG_REG, REFUSE_VALUE, "svc"},
        {"svc", REG_REG, REFUSE_SYNTAX, "svc"},       {"=", REG_REG, REFUSE_SYNTAX, ""},
        {"mac=0", REG_REG, REFUSE_KEY, "mac"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char line[64];
        struct message m;
        struct params p;
        snprintf(line, sizeof(line), "disc/1 any %s", rows[i].text);
        assert_true(read_text(line, &m));
        assert_int_equal(params_read(&m, rows[i].verb, &p), rows[i].refusal);
        assert_string_equal(p.fault, rows[i].fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces), cmocka_unit_test(test_no_message),
        cmocka_unit_test(test_bytes),  cmocka_unit_test(test_many_words),
        cmocka_unit_test(test_verbs),  cmocka_unit_test(test_peek),
        cmocka_unit_test(test_params), cmocka_unit_test(test_decode),
        cmocka_unit_test(test_encode), cmocka_unit_test(test_encode_decode),
        cmocka_unit_test(test_items),  cmocka_unit_test(test_param_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

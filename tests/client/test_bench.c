/* discbench: what it sends and counts, against a scripted server; and the parts that judge. */
#include "tool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discbench/pace.h"
#include "discbench/question.h"
#include "discbench/seen.h"

/* ---- against a server ------------------------------------------------------------- */

static void what_is_answered_is_counted(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    server_open(&s);
    start_at(&run, &s,
             "discbench --server 127.0.0.1:%u --mode reg --instances 20 --services 3 "
             "--window 1 --json");
    for (int i = 0; i < 20; i++) {
        char name[64];
        snprintf(name, sizeof(name), " svc=bench-%d inst=i%d addr=10.0.0.%d port=8080", i % 3, i,
                 i + 1);
        assert_has(expect(&s, "reg"), name);
        reply(&s, i == 7 ? "err" : "ok", i == 7 ? "c=507 why=full" : REG_OK);
    }
    for (int i = 0; i < 19; i++) {
        expect(&s, "del");
        reply(&s, "ok", "dur=mem");
    }
    assert_int_equal(finish(&run), 1);
    assert_has(run.out_text, "\"sent\": 20");
    assert_has(run.out_text, "\"ok\": 19");
    assert_has(run.out_text, "\"507\": 1");
    close(s.fd);
}

static void a_cookie_is_taken_before_the_rest_is_sent(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    server_open(&s);
    start_at(&run, &s,
             "discbench reg --server 127.0.0.1:%u --instances 3 --services 1 --prefix web "
             "--keep --no-setup --group-size 2 --json");
    assert_has(expect(&s, "reg"), " svc=web-0 inst=i0 ");
    reply(&s, "chal", "ck=AQAAAAAACt1xEL0LyiAETQ");
    for (int i = 1; i < 3; i++) {
        assert_has(expect(&s, "reg"), " ck=AQAAAAAACt1xEL0LyiAETQ ");
        assert_has(s.last, i == 1 ? " grp=g0\n" : " grp=g1\n");
        reply(&s, "ok", REG_OK);
    }
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "\"challenges\": 1");
    assert_has(run.out_text, "\"ok\": 2");
    close(s.fd);
}

#ifdef DISC_KEYED
static void replies_without_the_signature_are_not_believed(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    char path[] = "/tmp/disc-secret-XXXXXX", line[256];
    int fd = mkstemp(path);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(write(fd, "MDEyMzQ1Njc4OWFiY2RlZg==\n", 25), 25);
    server_open(&s);
    snprintf(line, sizeof(line),
             "discbench reg --server 127.0.0.1:%u --instances 2 --services 1 --window 1 --json "
             "--key k --secret-file %s",
             s.port, path);
    start(&run, line);
    assert_has(expect(&s, "reg"), " key=k ");
    assert_has(s.last, " mac=");
    reply(&s, "ok", REG_OK " mac=00112233445566778899aabbccddeeff");
    expect(&s, "reg");
    reply(&s, "err", "c=429 why=slow");
    assert_int_equal(finish(&run), 1); /* nothing to take away: nothing is believed */
    assert_has(run.out_text, "\"ok\": 0");
    assert_has(run.out_text, "\"forged\": 1");
    assert_has(run.out_text, "\"429\": 1");
    close(fd);
    unlink(path);
    close(s.fd);
}
#endif

/* ---- pacing ------------------------------------------------------------------------ */

static void requests_are_due_at_fixed_times(void **state)
{
    (void)state;
    struct pace pace = {.rate = 1000, .start_ns = 5000000};
    assert_int_equal(pace_due(&pace, 4999999), 0);
    assert_int_equal(pace_due(&pace, 5000000), 1); /* the first one at once */
    assert_int_equal(pace_due(&pace, 5999999), 1);
    assert_int_equal(pace_next_ns(&pace, 0), 5000000);
    pace.taken = 3; /* whatever was late does not move the next */
    assert_int_equal(pace_due(&pace, 7900000), 0);
    assert_int_equal(pace_next_ns(&pace, 0), 8000000);
    assert_int_equal(pace_due(&pace, 105000000), 98);
    pace.rate = 0;
    assert_true(pace_due(&pace, 0) == UINT64_MAX);
    assert_int_equal(pace_next_ns(&pace, 77), 77);
}

/* ---- judging ------------------------------------------------------------------------ */

enum { TURNS = 50 };

static void what_is_replaced_may_still_be_shown(void **state)
{
    (void)state;
    struct seen s = {0};
    assert_int_equal(seen_judge(&s, 0, TURNS, 10), VERDICT_FINE);
    assert_int_equal(seen_judge(&s, 1, TURNS, 10), VERDICT_UNTRUE);
    assert_int_equal(seen_add(&s), 1);
    seen_replied(&s, true, 20);
    assert_int_equal(s.state, SEEN_PRESENT);
    assert_int_equal(seen_judge(&s, 1, TURNS, 30), VERDICT_FINE);
    assert_int_equal(seen_judge(&s, 0, TURNS, 30), VERDICT_FINE); /* late, not wrong */
    assert_int_equal(seen_judge(&s, 2, TURNS, 30), VERDICT_UNTRUE);
    s.current = 99, s.previous = 98;
    assert_int_equal(seen_judge(&s, 49, TURNS, 30), VERDICT_FINE);
}

static void what_is_withdrawn_must_not_be_shown(void **state)
{
    (void)state;
    struct seen s = {0};
    seen_remove(&s);
    assert_int_equal(seen_judge(&s, 0, TURNS, 10), VERDICT_FINE); /* `del` is under way */
    seen_replied(&s, true, 20);
    assert_int_equal(seen_judge(&s, 0, TURNS, 19), VERDICT_FINE); /* asked before */
    assert_int_equal(seen_judge(&s, 0, TURNS, 20), VERDICT_WITHDRAWN);
    seen_add(&s); /* it comes back with another address: the old one stays withdrawn */
    assert_int_equal(seen_judge(&s, 0, TURNS, 30), VERDICT_WITHDRAWN);
    assert_int_equal(seen_judge(&s, 1, TURNS, 30), VERDICT_FINE);
    seen_replied(&s, true, 40);
    seen_add(&s); /* replaced */
    assert_int_equal(seen_judge(&s, 1, TURNS, 50), VERDICT_FINE);
    seen_replied(&s, false, 60); /* refused: nothing is known */
    assert_int_equal(seen_judge(&s, 7, TURNS, 70), VERDICT_FINE);
}

/* ---- DNS ----------------------------------------------------------------------------- */

static void questions_are_as_the_rfc_says(void **state)
{
    (void)state;
    static const char wanted[] = "\x12\x34\0\0\0\1\0\0\0\0\0\1\3web\1z\0\0\x21\0\1"
                                 "\0\0\x29\x04\xd0\0\0\0\0\0\0";
    char out[512];
    uint16_t type = 0;
    assert_true(question_type("srv", &type));
    assert_false(question_type("MX", &type));
    assert_int_equal(question_write(out, 0x1234, "web.z", type, 1232), sizeof(wanted) - 1);
    assert_memory_equal(out, wanted, sizeof(wanted) - 1);
    assert_int_equal(question_write(out, 1, "web.z", type, 0), 12 + 7 + 4);
    assert_true(question_is_name("disc.local"));
    assert_false(question_is_name(""));
    assert_false(question_is_name("a..b"));
    assert_false(question_is_name("a."));
    assert_false(question_is_name("a\\.b"));
}

static void broken_answers_are_seen(void **state)
{
    (void)state;
    static const char in[] = "\0\7\x86\0\0\1\0\2\0\0\0\0\1a\0\0\1\0\1"
                             "\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x0a\0\0\1"
                             "\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x0a\0\1\2";
    enum { SIZE = sizeof(in) - 1 };
    char copy[SIZE];
    struct answer answer;
    uint32_t found[2];
    assert_true(answer_read(in, SIZE, &answer));
    assert_int_equal(answer.id, 7);
    assert_int_equal(answer.count, 2);
    assert_true(answer.truncated);
    assert_int_equal(answer_addresses(in, SIZE, found, 2), 2);
    assert_int_equal(found[0], 0x0a000001);
    assert_int_equal(found[1], 0x0a000102);
    assert_int_equal(answer_addresses(in, SIZE, found, 1), 1); /* no more than there is room */
    for (size_t n = 12; n < SIZE; n++) {
        char *cut = malloc(n); /* an overrun is found by the sanitizer */
        memcpy(cut, in, n);
        assert_int_equal(answer_addresses(cut, n, found, 2), -1);
        free(cut);
    }
    assert_false(answer_read(in, 11, &answer));
    memcpy(copy, in, SIZE);
    copy[2] = 0; /* a question */
    assert_false(answer_read(copy, SIZE, &answer));
}

int main(void)
{
    unsetenv("DISC_SERVER");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_answered_is_counted),
        cmocka_unit_test(a_cookie_is_taken_before_the_rest_is_sent),
#ifdef DISC_KEYED
        cmocka_unit_test(replies_without_the_signature_are_not_believed),
#endif
        cmocka_unit_test(requests_are_due_at_fixed_times),
        cmocka_unit_test(what_is_replaced_may_still_be_shown),
        cmocka_unit_test(what_is_withdrawn_must_not_be_shown),
        cmocka_unit_test(questions_are_as_the_rfc_says),
        cmocka_unit_test(broken_answers_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

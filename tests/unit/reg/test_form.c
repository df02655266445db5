/* What bad input gets, and how deep it gets in the check order. */
#include "unit/reg/rig.h"

#define EP "ep=2b6296d4"

static void test_silence(void **state)
{
    struct rig *t = *state;
    static const char *const rows[] = {"",
                                       "hello",
                                       "disc/x hello",
                                       "disc/1 ok id=a",
                                       "disc/1 err",
                                       "disc/1 chal ck=a",
                                       "disc/1 push sub=1",
                                       "GET / HTTP/1.1",
                                       "disc/1 reg svc=\x01",
                                       "disc/1 reg svc=w\xc3\xa4"};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        rig_check(t, rows[i], "");
    assert_string_equal(rig_send_bytes(t, "", 0), "");
    assert_string_equal(rig_send_bytes(t, "disc/1 hello\0\n", 14), "");
    assert_int_equal(rig_outcome(t, REG_OUT_DROP_FORM), ARRAY_COUNT(rows) + 2);
    t->from.port = 0;
    rig_check(t, "disc/1 hello", "");
    assert_int_equal(rig_outcome(t, REG_OUT_DROP_SOURCE), 1);
}

static void test_table(void **state)
{
    struct rig *t = *state;
    static const struct {
        const char *request, *reply;
    } rows[] = {
        {"disc/7 hello id=a1", "disc/1 err c=505 why=version max=1"},
        {"disc/01 hello", "disc/1 err c=505 why=version max=1"},
        {"disc/1", "disc/1 err " EP " c=400 why=verb"},
        {"disc/1 watch id=d1 svc=web", "disc/1 err id=d1 " EP " c=400 why=verb"},
        {"disc/1 Reg svc=web", "disc/1 err " EP " c=400 why=verb"},
        {"disc/1 reg svc=web svc=web", "disc/1 err " EP " c=400 why=dup f=svc"},
        {"disc/1 reg svc=web port=1 colour=red", "disc/1 err " EP " c=400 why=key f=colour"},
        {"disc/1 reg svc=%zz port=1", "disc/1 err " EP " c=400 why=syntax f=svc"},
        {"disc/1 reg svc=web port=1 ver=a%00", "disc/1 err " EP " c=400 why=syntax f=ver"},
        {"disc/1 reg svc=web port=1 ver=a%0d", "disc/1 err " EP " c=400 why=syntax f=ver"},
        {"disc/1 reg svc=web port=http", "disc/1 err " EP " c=400 why=syntax f=port"},
        {"disc/1 reg svc=web port=1 w=ten", "disc/1 err " EP " c=400 why=syntax f=w"},
        {"disc/1 reg svc=web port=1 w=-1", "disc/1 err " EP " c=400 why=syntax f=w"},
        {"disc/1 reg svc=web port=1 rev=", "disc/1 err " EP " c=400 why=syntax f=rev"},
        {"disc/1 reg svc=web port=1 =x", "disc/1 err " EP " c=400 why=syntax"},
        {"disc/1 reg svc=web port=1 web", "disc/1 err " EP " c=400 why=syntax f=web"},
        {"disc/1 reg svc=web port=1\nitem", "disc/1 err " EP " c=400 why=syntax"},
        {"disc/1 hello\nitem", "disc/1 err " EP " c=400 why=syntax"},
        {"disc/1 get svc=a inst=b\nitem", "disc/1 err " EP " c=400 why=syntax"},
        {"disc/1 reg id=a1 svc=web svc=web", "disc/1 err id=a1 " EP " c=400 why=dup f=svc"},
        {"disc/1 reg id=a.1 svc=web port=1", "disc/1 err " EP " c=422 why=value f=id"},
        {"disc/1 reg id=12345678901234567 svc=web port=1",
         "disc/1 err " EP " c=422 why=value f=id"},
        {"disc/1 hello cid=a.1", "disc/1 err " EP " c=422 why=value f=cid"},
        {"disc/1 hello n=1x", "disc/1 err " EP " c=400 why=syntax f=n"},
        {"disc/1 hello lease=0", "disc/1 err " EP " c=422 why=value f=lease"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        rig_check(t, rows[i].request, rows[i].reply);
    assert_int_equal(registry_totals(t->registry).services, 0);
}

static void test_line_ends(void **state)
{
    struct rig *t = *state;
    static const char reg[] = "disc/1 reg svc=web inst=a addr=10.0.0.7 port=1";
    char line[80];
    static const char *const ends[] = {"", "\n", "\r\n"};
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        int n = snprintf(line, sizeof(line), "%s%s", reg, ends[i]);
        rig_send_bytes(t, line, (size_t)n);
        assert_true(rig_matches(t->text, "disc/1 ok " EP " inst=a addr=10.0.0.7 lease=30 ren=9000 "
                                         "rev=1795245098534 dur=disk"));
    }
    rig_send_bytes(t, "disc/1 hello\r", 13);
    assert_string_equal(t->text, "");
    rig_send_bytes(t, "disc/1 hello\n\n", 14);
    assert_string_equal(t->text, "disc/1 err " EP " c=400 why=syntax");
}

static void test_big(void **state)
{
    struct rig *t = *state;
    char big[REG_RECEIVE_SIZE];
    memset(big, ' ', sizeof(big));
    memcpy(big, "disc/1 hello id=a1", 18);
    rig_send_bytes(t, big, REG_DATAGRAM_MAX);
    assert_non_null(strstr(t->text, " v=1 "));
    rig_send_bytes(t, big, REG_DATAGRAM_MAX + 1);
    assert_string_equal(t->text, "disc/1 err id=a1 " EP " c=413 why=big max=1232");
    struct reg_datagram cut = {(const uint8_t *)big, sizeof(big), true, t->from, NULL};
    assert_int_not_equal(reg_handle(t->reg, &cut, t->now, t->out), 0);
    /* A reply is not answered at any length. */
    memcpy(big, "disc/1 ok   ", 12);
    assert_string_equal(rig_send_bytes(t, big, sizeof(big)), "");
}

static void test_hello(void **state)
{
    struct rig *t = *state;
    rig_check(t, "disc/1 hello",
              "disc/1 ok " EP " v=1 max=1232 lease=5-30-300 "
              "seen=127.0.0.1:53311 f=batch,grp,hmac,sub ck=@");
    rig_check(t, "disc/1 hello id=x lease=60 ?new=1",
              "disc/1 ok id=x " EP " v=1 max=1232 lease=5-30-300 seen=127.0.0.1:53311 "
              "f=batch,grp,hmac,sub ck=@");
    rig_from(t, "::1");
    rig_check(t, "disc/1 hello",
              "disc/1 ok " EP " v=1 max=1232 lease=5-30-300 "
              "seen=[::1]:53311 f=batch,grp,hmac,sub ck=@");
}

static void test_denied(void **state)
{
    struct rig *t = *state;
    static const char *const rows[] = {"disc/1 hello", "disc/7 hello", "disc/1 what",
                                       "disc/1 reg svc=web port=1"};
    static const char *const sources[] = {"10.9.1.1", "8.8.8.8", "2001:db9::1"};
    for (size_t s = 0; s < ARRAY_COUNT(sources); s++) {
        rig_from(t, sources[s]);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
            rig_check(t, rows[i], "");
    }
    assert_int_equal(rig_outcome(t, REG_OUT_DROP_SOURCE), 12);
    assert_int_equal(counter_get(&reg_counters(t->reg)->cookies_checked), 0);
    assert_int_equal(registry_totals(t->registry).instances, 0);
}

/* None, an old one, one of another address, rubbish: the same challenge. */
static void test_challenge(void **state)
{
    struct rig *t = *state;
    char foreign[128], old[128], line[200], first[200];
    rig_from(t, "10.0.0.8");
    rig_cookie(t, foreign);
    rig_from(t, "10.0.0.7");
    rig_cookie(t, old);
    rig_pass(t, 3601 * 1000);
    rig_check(t, "disc/1 reg id=a1 svc=web port=8080", "disc/1 chal id=a1 ck=@");
    strcpy(first, t->text);
    const char *const cookies[] = {foreign, old, "AQAAAAAACt1xEL0LyiAETQ", "x", ""};
    for (size_t i = 0; i < ARRAY_COUNT(cookies); i++) {
        snprintf(line, sizeof(line), "disc/1 reg id=a1 svc=web port=8080 ck=%s", cookies[i]);
        rig_check(t, line, first);
    }
    assert_int_equal(rig_outcome(t, REG_OUT_CHALLENGE), 8);
    assert_int_equal(counter_get(&reg_counters(t->reg)->fields_parsed), 0);
    assert_int_equal(registry_totals(t->registry).instances, 0);
}

/* The last token of the challenge is what must be appended. */
static void test_cookie_round(void **state)
{
    struct rig *t = *state;
    char ck[128], line[200];
    rig_from(t, "10.0.0.7");
    rig_cookie(t, ck);
    t->from.port = 999; /* the port does not matter */
    snprintf(line, sizeof(line), "disc/1 reg svc=web port=8080 ck=%s", ck);
    rig_check(t, line,
              "disc/1 ok " EP " inst=10-0-0-7-8080 addr=10.0.0.7 lease=30 ren=9000 "
              "rev=1795245098534 dur=disk");
    rig_pass(t, 1799 * 1000);
    rig_check(t, line,
              "disc/1 ok " EP " inst=10-0-0-7-8080 addr=10.0.0.7 lease=30 ren=9000 "
              "rev=1795245098534 dur=disk");
    rig_pass(t, 1000); /* now a fresher one is offered */
    rig_check(t, line,
              "disc/1 ok " EP " inst=10-0-0-7-8080 addr=10.0.0.7 lease=30 ren=9000 "
              "rev=1795245098534 dur=disk ck=@");
    char fresh[128];
    rig_value(t, "ck", fresh);
    assert_string_not_equal(fresh, ck);
    snprintf(line, sizeof(line), "disc/1 ren svc=web port=8080 ck=%s", fresh);
    rig_check(t, line, "disc/1 ok " EP " ren=9000");
}

/* S4: each step is reached only through the one before. */
static void test_depth(void **state)
{
    struct rig *t = *state;
    const struct reg_counters *n = reg_counters(t->reg);
    char ck[128], line[300];
    rig_from(t, "192.168.1.1");
    static const char forged[] = "disc/1 reg cid=a n=1 ck=AQAAAAAACt1xEL0LyiAETQ key=deploy "
                                 "svc=web port=%%%% mac=00112233445566778899aabbccddeeff";
    rig_check(t, forged, "disc/1 chal ck=@");
    assert_int_equal(counter_get(&n->cookies_checked), 1);
    assert_int_equal(counter_get(&n->macs_checked), 0);
    assert_int_equal(counter_get(&n->fields_parsed), 0);
    rig_cookie(t, ck);
    snprintf(line, sizeof(line),
             "disc/1 reg cid=a n=1 ck=%s key=deploy svc=web port=%%%%%%%% "
             "mac=00112233445566778899aabbccddeeff",
             ck);
    rig_check(t, line, "disc/1 err c=401 why=auth");
    assert_int_equal(counter_get(&n->cookies_checked), 2);
    assert_int_equal(counter_get(&n->macs_checked), 1);
    assert_int_equal(counter_get(&n->fields_parsed), 0);
    snprintf(line, sizeof(line), "disc/1 reg cid=a n=1 ck=%s key=deploy svc=web port=%%%%%%%%", ck);
    rig_check_signed(t, line, "disc/1 err n=1 " EP " c=400 why=syntax f=port");
    assert_int_equal(counter_get(&n->macs_checked), 2);
    assert_int_equal(counter_get(&n->fields_parsed), 1);
    assert_int_equal(counter_get(&n->verbs[REG_REG]), 3);
    assert_int_equal(counter_get(&n->verbs[REG_HELLO]), 1);
}

static void test_slow(void **state)
{
    struct rig *t = *state;
    char ck[128], line[200];
    rig_from(t, "10.0.0.7");
    rig_cookie(t, ck);
    snprintf(line, sizeof(line), "disc/1 ren id=a1 svc=web inst=a ck=%s", ck);
    for (unsigned i = 0; i < 400; i++)
        rig_check(t, line, "disc/1 err id=a1 " EP " c=404 why=gone wait=#");
    rig_check(t, line, "disc/1 err id=a1 c=429 why=slow wait=5");
    assert_int_equal(rig_outcome(t, REG_OUT_SLOW), 1);
    rig_pass(t, 5);
    rig_check(t, line, "disc/1 err id=a1 " EP " c=404 why=gone wait=#");
    /* What carries no cookie cannot use up somebody's allowance. */
    rig_from(t, "10.0.5.7");
    rig_cookie(t, ck);
    for (unsigned i = 0; i < 1000; i++)
        rig_send(t, "disc/1 hello");
    snprintf(line, sizeof(line), "disc/1 ren id=a1 svc=web inst=a ck=%s", ck);
    rig_check(t, line, "disc/1 err id=a1 " EP " c=404 why=gone wait=#");
    /* Open sources have no rate. */
    rig_from(t, "172.16.0.1");
    for (unsigned i = 0; i < 1000; i++)
        rig_check(t, "disc/1 ren svc=web inst=a", "disc/1 err " EP " c=404 why=gone wait=#");
}

static void test_unvalidated_limits(void **state)
{
    struct rig *t = *state;
    rig_from(t, "10.0.0.7");
    rig_send_bytes(t, "disc/1 hello", 12); /* 3 x 12 < 38 */
    assert_int_equal(t->size, 0);
    rig_send_bytes(t, "disc/1 hello\n", 13);
    assert_int_equal(t->size, 38);
    rig_send_bytes(t, "disc/7 x\n", 9);
    assert_int_equal(t->size, 0);
    assert_int_equal(rig_outcome(t, REG_OUT_DROP_UNVALIDATED), 2);
    for (unsigned i = 0; i < 9; i++)
        rig_check(t, "disc/1 hello", "disc/1 chal ck=@");
    rig_check(t, "disc/1 hello", "");
    rig_from(t, "10.0.0.99"); /* the same /24 */
    rig_check(t, "disc/1 hello", "");
    rig_from(t, "10.0.1.99");
    rig_check(t, "disc/1 hello", "disc/1 chal ck=@");
    rig_from(t, "10.0.0.7");
    rig_pass(t, 100);
    rig_check(t, "disc/1 hello", "disc/1 chal ck=@");
    rig_check(t, "disc/1 hello", "");
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < REG_OUT_COUNT; i++)
        assert_non_null(reg_outcome_text((enum reg_outcome)i));
    assert_string_equal(reg_outcome_text(REG_OUT_DROP_FORM), "drop_form");
    assert_string_equal(reg_outcome_text(REG_OUT_FULL), "full");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_silence, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_table, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_line_ends, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_big, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_hello, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_denied, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_challenge, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_cookie_round, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_depth, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_slow, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_unvalidated_limits, rig_setup, rig_teardown),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

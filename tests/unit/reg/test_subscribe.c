/* sub, ack, uns: who may, what is said, what ends a subscription. */
#include "unit/reg/watch_rig.h"

#define OK_FULL "disc/1 ok " EP " sub=# seq=# lease=60 ren=18000 full=1 frag=1"
#define SUB "svc=web cid=c tok=" TOK

static void a_cookie_is_needed_even_from_open_sources(void **state)
{
    struct rig *t = *state;
    rig_check(t, "disc/1 sub id=d1 " SUB, "disc/1 chal id=d1 ck=@");
    watch_nothing(t);
    watch_check_sub(t, SUB, OK_FULL);
    rig_from(t, "10.0.0.7");
    rig_check(t, "disc/1 sub id=d1 " SUB, "disc/1 chal id=d1 ck=@");
    watch_check_sub(t, SUB, OK_FULL);
    rig_from(t, "10.9.0.7"); /* denied */
    rig_check(t, "disc/1 sub " SUB, "");
    rig_check(t, "disc/1 ack sub=1 tok=" TOK " seq=1", "");
    assert_int_equal(reg_subscriptions(t->reg), 2);
}

static void what_is_wrong_is_said(void **state)
{
    struct rig *t = *state;
    static const struct {
        const char *request, *why;
    } rows[] = {
        {"svc=web tok=" TOK, "c=422 why=value f=cid"},
        {"svc=web cid=c", "c=422 why=value f=tok"},
        {"svc=web cid=c tok=7d1f0c9be3a4552", "c=422 why=value f=tok"},
        {"svc=web cid=c tok=7d1f0c9be3a455267d1f0c9", "c=422 why=value f=tok"},
        {"svc=web cid=c tok=7d1f0c9be3a4552.", "c=422 why=value f=tok"},
        {"cid=c tok=" TOK, "c=422 why=value f=svc"},
        {"svc=-web cid=c tok=" TOK, "c=422 why=value f=svc"},
        {"ns=nowhere svc=web cid=c tok=" TOK, "c=422 why=value f=ns"},
        {SUB " inst=a", "c=400 why=key f=inst"},
        {SUB " seq=1", "c=400 why=key f=seq"},
        {SUB " from=x", "c=400 why=syntax f=from"},
        {SUB " from=18446744073709551616", "c=422 why=value f=from"},
        {SUB " lease=static", "c=400 why=syntax f=lease"},
        {SUB " lease=0", "c=422 why=value f=lease"},
        {SUB "\nitem", "c=400 why=syntax"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char reply[128];
        snprintf(reply, sizeof(reply), "disc/1 err " EP " %s", rows[i].why);
        watch_check_sub(t, rows[i].request, reply);
    }
    assert_int_equal(reg_subscriptions(t->reg), 0);
    watch_nothing(t);
    t->no_route = true;
    watch_check_sub(t, SUB, "disc/1 err " EP " c=503 why=busy wait=#");
    assert_int_equal(reg_subscriptions(t->reg), 0);
}

static void the_lease_is_brought_into_its_range(void **state)
{
    struct rig *t = *state;
    watch_check_sub(t, SUB " lease=1",
                    "disc/1 ok " EP " sub=# seq=# lease=10 ren=3000 full=1 frag=1");
    watch_check_sub(t, SUB " lease=10",
                    "disc/1 ok " EP " sub=# seq=# lease=10 ren=3000 full=1 frag=1");
    watch_check_sub(t, SUB " lease=4000000000",
                    "disc/1 ok " EP " sub=# seq=# lease=300 ren=90000 full=1 frag=1");
    assert_int_equal(reg_subscriptions(t->reg), 1);
}

static void it_ends_with_its_lease(void **state)
{
    struct rig *t = *state;
    uint64_t sub = watch_begin(t, "web");
    assert_int_equal(reg_next_push(t->reg), t->now.lease_ms + 60000);
    rig_pass(t, 59999);
    watch_nothing(t);
    assert_int_equal(reg_subscriptions(t->reg), 1);
    rig_pass(t, 1);
    watch_nothing(t);
    assert_int_equal(reg_subscriptions(t->reg), 0);
    assert_int_equal(reg_next_push(t->reg), UINT64_MAX);
    char line[128];
    snprintf(line, sizeof(line), "disc/1 ack sub=%llu tok=" TOK " seq=1", (unsigned long long)sub);
    rig_check(t, line, "disc/1 err " EP " c=404 why=gone wait=#");
    watch_reg(t, "web", 1);
    watch_nothing(t);
}

static void a_refresh_keeps_it(void **state)
{
    struct rig *t = *state;
    char rest[128];
    watch_reg(t, "web", 1);
    uint64_t sub = watch_begin(t, "web");
    for (unsigned i = 0; i < 5; i++) {
        rig_pass(t, 50000);
        watch_nothing(t);
        snprintf(rest, sizeof(rest), SUB " from=%llu", 1ull);
        t->route[0]++;
        t->from.port++;
        watch_check_sub(t, rest, "disc/1 ok " EP " sub=# seq=1 lease=60 ren=18000 full=0");
        assert_int_equal(watch_number(t, "sub"), sub);
        watch_nothing(t);
    }
    assert_int_equal(reg_subscriptions(t->reg), 1);
    uint64_t route = t->route[0];
    t->route[0] = 0;
    watch_reg(t, "web", 2);
    watch_check(t, "disc/1 push sub=# tok=" TOK " " EP " seq=2 prev=1 n=1\n"
                   "+i2 a=10.1.0.2 p=80 w=100 q=0 s=up");
    assert_int_equal(t->route[0], route);
}

/* (address, cid, tok) names it; what it is of and whose cannot change. */
static void one_token_is_of_one_service(void **state)
{
    struct rig *t = *state;
    watch_check_sub(t, SUB, OK_FULL);
    watch_check_sub(t, "svc=api cid=c tok=" TOK, "disc/1 err " EP " c=422 why=value f=svc");
    watch_check_sub(t, "ns=prod " SUB, "disc/1 err " EP " c=422 why=value f=svc");
    assert_int_equal(reg_subscriptions(t->reg), 1);
    watch_check_sub(t, "svc=api cid=c tok=" TOK "x", OK_FULL);
    watch_check_sub(t, "svc=api cid=d tok=" TOK, OK_FULL);
    rig_from(t, "172.16.0.1");
    watch_check_sub(t, "svc=api cid=c tok=" TOK, OK_FULL);
    assert_int_equal(reg_subscriptions(t->reg), 4);
}

static void ack_and_uns_are_known_by_address_and_token(void **state)
{
    struct rig *t = *state;
    char line[256];
    rig_from(t, "10.0.0.7");
    watch_check_sub(t, SUB, OK_FULL);
    unsigned long long sub = watch_number(t, "sub");
    static const char *const verbs[] = {"ack", "uns"};
    for (size_t i = 0; i < 2; i++) {
        rig_from(t, "10.0.1.8");
        snprintf(line, sizeof(line), "disc/1 %s id=a sub=%llu tok=" TOK "%s", verbs[i], sub,
                 i ? "" : " seq=1");
        rig_check(t, line, "disc/1 err id=a c=404 why=gone wait=#"); /* no epoch */
        rig_from(t, "10.0.0.7");
        snprintf(line, sizeof(line), "disc/1 %s sub=%llu tok=8d1f0c9be3a45526%s", verbs[i], sub,
                 i ? "" : " seq=1");
        rig_check(t, line, "disc/1 err c=404 why=gone wait=#");
        snprintf(line, sizeof(line), "disc/1 %s sub=%llu tok=" TOK "%s", verbs[i], sub + 1,
                 i ? "" : " seq=1");
        rig_check(t, line, "disc/1 err c=404 why=gone wait=#");
        snprintf(line, sizeof(line), "disc/1 %s tok=" TOK "%s", verbs[i], i ? "" : " seq=1");
        rig_check(t, line, "disc/1 err c=404 why=gone wait=#");
    }
    snprintf(line, sizeof(line), "disc/1 ack sub=%llu tok=" TOK, sub);
    rig_check(t, line, "disc/1 err " EP " c=422 why=value f=seq");
    snprintf(line, sizeof(line), "disc/1 ack sub=%llu tok=" TOK " seq=1 frag=65", sub);
    rig_check(t, line, "disc/1 err " EP " c=422 why=value f=frag");
    snprintf(line, sizeof(line), "disc/1 ack sub=%llu tok=" TOK " seq=1 frag=64", sub);
    rig_check(t, line, "");
    snprintf(line, sizeof(line), "disc/1 uns id=u sub=%llu tok=" TOK "\nitem", sub);
    rig_check(t, line, "disc/1 err id=u " EP " c=400 why=syntax");
    t->from.port++; /* a client may send from another port than it listens on */
    snprintf(line, sizeof(line), "disc/1 uns id=u sub=%llu tok=" TOK, sub);
    rig_check(t, line, "disc/1 ok id=u " EP);
    rig_check(t, line, "disc/1 err id=u c=404 why=gone wait=#");
    assert_int_equal(reg_subscriptions(t->reg), 0);
    watch_nothing(t);
}

/* Who cannot show the token gets no more than any unvalidated sender. */
static void what_strangers_get_is_bounded(void **state)
{
    struct rig *t = *state;
    unsigned replies = 0;
    rig_from(t, "10.0.0.7");
    for (unsigned i = 0; i < 100; i++)
        replies += *rig_send(t, "disc/1 ack sub=1 tok=" TOK " seq=1") != '\0';
    assert_int_equal(replies, 10);
}

static void there_is_a_limit(void **state)
{
    struct rig *t = *state;
    char rest[128];
    rig_from(t, "10.0.0.7");
    for (unsigned i = 0; i < 3; i++) {
        snprintf(rest, sizeof(rest), SUB "%u", i);
        watch_check_sub(t, rest, OK_FULL);
    }
    watch_check_sub(t, SUB, "disc/1 err " EP " c=507 why=full");
    watch_check_sub(t, "svc=fresh cid=c tok=" TOK, "disc/1 err " EP " c=507 why=full");
    watch_check_sub(t, rest, OK_FULL); /* one that is there */
    rig_from(t, "127.0.0.1");
    for (unsigned i = 0; i < 17; i++) { /* loopback up to the limit of all */
        snprintf(rest, sizeof(rest), SUB "%u", i);
        watch_check_sub(t, rest, OK_FULL);
    }
    watch_check_sub(t, SUB, "disc/1 err " EP " c=507 why=full");
    assert_int_equal(reg_subscriptions(t->reg), 20);
    rig_pass(t, 60000);
    while (*watch_push(t))
        ;
    assert_int_equal(reg_subscriptions(t->reg), 0);
    rig_from(t, "10.0.0.7");
    watch_check_sub(t, SUB, OK_FULL);
}

/* What may be read over DNS may be subscribed to. */
static void protected_services_can_be_read(void **state)
{
    struct rig *t = *state;
    rig_check(t, "disc/1 reg svc=pay port=80", "disc/1 err " EP " c=403 why=acl");
    watch_check_sub(t, "svc=pay cid=c tok=" TOK, OK_FULL);
}

/* ---- keyed --------------------------------------------------------------------------- */

static const char *send_keyed(struct rig *t, const char *secret, const char *key, unsigned n,
                              const char *rest)
{
    char cookie[128], line[512];
    rig_cookie(t, cookie);
    snprintf(line, sizeof(line), "disc/1 sub cid=c n=%u key=%s ck=%s %s", n, key, cookie, rest);
    return rig_send_signed(t, secret, line);
}

#define OK_KEYED "disc/1 ok n=# " EP " sub=# seq=# lease=60 ren=18000 full=1 frag=1"

static void check_signed_push(struct rig *t, const char *secret, const char *pattern)
{
    char mac[33];
    watch_push(t);
    size_t n = strlen(t->text);
    assert_true(n > 37);
    rig_mac(secret, t->text, n - 37, mac);
    assert_string_equal(t->text + n - 32, mac);
    assert_int_equal(t->text[n - 37], memchr(t->text, '\n', n - 37) ? '\n' : ' ');
    t->text[n - 37] = '\0';
    if (!rig_matches(t->text, pattern))
        fail_msg("\n push   %s\n wanted %s", t->text, pattern);
}

static void keyed_subscriptions_are_signed(void **state)
{
    struct rig *t = *state;
    char line[256];
    rig_from(t, "192.168.0.7");
    watch_check_sub(t, SUB, "disc/1 err c=401 why=auth");
    send_keyed(t, RIG_SECRET, "node", 1, "svc=web tok=" TOK);
    assert_true(rig_matches(t->text, OK_KEYED));
    uint64_t sub = watch_number(t, "sub");
    check_signed_push(t, RIG_SECRET,
                      "disc/1 push sub=# tok=" TOK " " EP " seq=# full=1 n=0 why=unknown");
    watch_ack(t, sub, watch_number(t, "seq"), 1); /* without key and cookie */
    struct endpoint mine = t->from;
    rig_from(t, "127.0.0.1");
    watch_reg(t, "web", 1);
    t->from = mine;
    check_signed_push(t, RIG_SECRET,
                      "disc/1 push sub=# tok=" TOK " " EP " seq=# full=1 n=1\n"
                      "=i1 a=10.1.0.1 p=80 w=100 q=0 s=up");
    /* Another key's, or nobody's, it does not become. */
    send_keyed(t, RIG_SECRET, "deploy", 2, "svc=web tok=" TOK);
    assert_true(rig_matches(t->text, "disc/1 err n=2 " EP " c=403 why=owner"));
    send_keyed(t, RIG_NEXT, "node", 3, "svc=web tok=" TOK " from=1");
    assert_non_null(strstr(t->text, " full=0"));
    snprintf(line, sizeof(line), "disc/1 uns id=u sub=%llu tok=" TOK, (unsigned long long)sub);
    rig_send(t, line);
    assert_memory_equal(t->text, "disc/1 ok id=u " EP " mac=", 15 + 11 + 5);
}

static void keys_need_a_grant(void **state)
{
    struct rig *t = *state;
    send_keyed(t, RIG_SECRET, "reader", 1, "svc=web tok=" TOK);
    assert_true(rig_matches(t->text, "disc/1 err n=1 " EP " c=403 why=acl"));
    send_keyed(t, RIG_SECRET, "deploy", 1, "svc=api tok=" TOK);
    assert_true(rig_matches(t->text, "disc/1 err n=1 " EP " c=403 why=acl"));
    send_keyed(t, RIG_SECRET, "deploy", 2, "svc=web tok=" TOK);
    assert_true(rig_matches(t->text, OK_KEYED));
    watch_check_sub(t, SUB, "disc/1 err " EP " c=403 why=owner");
}

/* A reload takes subscriptions away with what they stood on. */
static void a_reload_ends_what_may_not_stay(void **state)
{
    struct rig *t = *state;
    send_keyed(t, RIG_SECRET, "node", 1, "svc=web tok=" TOK "0");
    send_keyed(t, RIG_NEXT, "node", 2, "svc=web tok=" TOK "1");
    send_keyed(t, RIG_SECRET, "deploy", 1, "svc=web tok=" TOK "2");
    watch_sub(t, "svc=web cid=c tok=" TOK "3");
    rig_from(t, "10.0.0.7");
    watch_sub(t, "svc=web cid=c tok=" TOK "4");
    while (*watch_push(t))
        ;
    assert_int_equal(reg_subscriptions(t->reg), 5);
    struct reg_config same = rig_config();
    reg_configure(t->reg, &same);
    assert_int_equal(reg_subscriptions(t->reg), 5);
    /* "node" has come to use its next secret, "deploy" went, 10/8 is denied. */
    struct reg_config config = rig_config();
    memcpy(config.keys[0].secret, RIG_NEXT, 32);
    config.keys[0].next_size = 0;
    strcpy(config.keys[1].id, "other");
    for (size_t i = 0; i < config.source_count; i++)
        if (config.sources[i].auth == REG_AUTH_COOKIE)
            config.sources[i].auth = REG_AUTH_DENY;
    reg_configure(t->reg, &config);
    assert_int_equal(reg_subscriptions(t->reg), 2);
    rig_pass(t, 500); /* what they were not yet told */
    check_signed_push(t, RIG_NEXT,
                      "disc/1 push sub=# tok=" TOK "1 " EP " seq=# full=1 n=0 why=unknown");
    watch_check(t, "disc/1 push sub=# tok=" TOK "3 " EP " seq=# full=1 n=0 why=unknown");
    watch_nothing(t);
    struct reg_config none = {0};
    reg_configure(t->reg, &none);
    assert_int_equal(reg_subscriptions(t->reg), 0);
    assert_int_equal(reg_next_push(t->reg), UINT64_MAX);
}

#define test(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_cookie_is_needed_even_from_open_sources),
        test(what_is_wrong_is_said),
        test(the_lease_is_brought_into_its_range),
        test(it_ends_with_its_lease),
        test(a_refresh_keeps_it),
        test(one_token_is_of_one_service),
        test(ack_and_uns_are_known_by_address_and_token),
        test(what_strangers_get_is_bounded),
        test(there_is_a_limit),
        test(protected_services_can_be_read),
        test(keyed_subscriptions_are_signed),
        test(keys_need_a_grant),
        test(a_reload_ends_what_may_not_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Keyed mode: who is let in, what a key may do, and what it is told. */
#include "unit/reg/rig.h"

#define EP "ep=2b6296d4"

/* "disc/1 VERB cid=c n=N ck=CK key=KEY REST" */
static const char *line(char out[static 400], const char *verb, unsigned n, const char *ck,
                        const char *key, const char *rest)
{
    snprintf(out, 400, "disc/1 %s cid=c n=%u%s%s key=%s %s", verb, n, ck[0] ? " ck=" : "", ck, key,
             rest);
    return out;
}

/* The shell recipe: hello gives the cookie, then a signed reg. */
static void test_recipe(void **state)
{
    struct rig *t = *state;
    char ck[128], request[300];
    rig_from(t, "192.168.1.7");
    rig_check(t, "disc/1 hello", "disc/1 chal ck=@");
    rig_value(t, "ck", ck);
    snprintf(request, sizeof(request),
             "disc/1 reg id=a1 cid=sh123 n=1795245098534000000 ck=%s key=deploy ns=prod svc=web "
             "inst=web-1 port=8080",
             ck);
    rig_check_signed(t, request,
                     "disc/1 ok id=a1 n=1795245098534000000 " EP " inst=web-1 addr=192.168.1.7 "
                     "lease=30 ren=9000 rev=1795245098534 dur=disk");
    struct instance_key key = {TEXT("prod"), TEXT("web"), TEXT("web-1")};
    const struct instance *i = registry_instance(t->registry, key);
    struct instance_state s;
    assert_non_null(i);
    instance_state(i, &s);
    assert_int_equal(s.owner.kind, PRINCIPAL_KEY);
    assert_string_equal(s.owner.name, "deploy");
    rig_check_signed(t, request, "disc/1 err id=a1 n=1795245098534000000 " EP " c=425 why=replay");
    assert_int_equal(rig_outcome(t, REG_OUT_REPLAY), 1);
}

/* One answer for all of them, without a signature. */
static void test_auth(void **state)
{
    struct rig *t = *state;
    char ck[128], buffer[400], wrong[500];
    static const char denied[] = "disc/1 err c=401 why=auth";
    rig_from(t, "192.168.1.7");
    rig_cookie(t, ck);
    rig_check_signed(t, line(buffer, "reg", 1, ck, "nobody", "svc=web port=1"), denied);
    rig_check_signed(t, line(buffer, "reg", 1, ck, "late", "svc=web port=1"), denied);
    rig_check_signed(t, line(buffer, "reg", 1, ck, "", "svc=web port=1"), denied);
    rig_check(t, line(buffer, "reg", 1, ck, "deploy", "svc=web port=1"), denied);
    snprintf(wrong, sizeof(wrong), "%s mac=00112233445566778899aabbccddeeff", buffer);
    rig_check(t, wrong, denied);
    rig_send_signed(t, RIG_NEXT, buffer);
    assert_string_equal(t->text, denied);
    snprintf(buffer, sizeof(buffer), "disc/1 reg svc=web port=1 ck=%s", ck);
    rig_check(t, buffer, denied); /* a `key` source without a key */
    snprintf(buffer, sizeof(buffer), "disc/1 hello ck=%s", ck);
    rig_check(t, buffer, denied);
    assert_int_equal(rig_outcome(t, REG_OUT_AUTH), 8);
    assert_int_equal(registry_totals(t->registry).instances, 0);
    /* Nothing of it used up a number. */
    rig_send_signed(t, RIG_SECRET, line(buffer, "hello", 1, ck, "deploy", ""));
    assert_non_null(strstr(t->text, "disc/1 ok n=1 " EP " v=1 "));
}

/* From open and cookie sources a key is not needed, but when shown it counts. */
static void test_optional_key(void **state)
{
    struct rig *t = *state;
    char ck[128], buffer[400];
    struct instance_state s;
    rig_check_signed(t, line(buffer, "reg", 1, "", "deploy", "svc=web inst=a port=1"),
                     "disc/1 ok n=1 " EP " inst=a addr=127.0.0.1 lease=30 ren=9000 rev=# dur=disk");
    struct instance_key key = {TEXT("default"), TEXT("web"), TEXT("a")};
    instance_state(registry_instance(t->registry, key), &s);
    assert_int_equal(s.owner.kind, PRINCIPAL_KEY);
    rig_check(t, "disc/1 ren svc=web inst=a", "disc/1 err " EP " c=403 why=owner");
    rig_check(t, "disc/1 ren svc=web inst=a key=deploy", "disc/1 err c=401 why=auth");
    rig_check(t, "disc/1 ren svc=web inst=a mac=00112233445566778899aabbccddeeff",
              "disc/1 err c=401 why=auth");
    /* The key moves with its holder. */
    rig_from(t, "10.0.0.7");
    rig_cookie(t, ck);
    rig_check_signed(t, line(buffer, "ren", 2, ck, "deploy", "svc=web inst=a"),
                     "disc/1 ok n=2 " EP " ren=9000");
    rig_check_signed(t, line(buffer, "ren", 3, "", "deploy", "svc=web inst=a"), "disc/1 chal ck=@");
    /* A fresher cookie comes before the MAC. */
    rig_pass(t, 1800 * 1000);
    rig_check_signed(t, line(buffer, "reg", 4, ck, "deploy", "svc=web inst=a port=1"),
                     "disc/1 ok n=4 " EP " inst=a addr=10.0.0.7 lease=30 ren=9000 rev=# dur=disk "
                     "ck=@");
}

static void test_numbers(void **state)
{
    struct rig *t = *state;
    rig_check_signed(t, "disc/1 ren cid=c key=deploy svc=web inst=a",
                     "disc/1 err " EP " c=422 why=value f=n");
    rig_check_signed(t, "disc/1 ren cid=c n=x key=deploy svc=web inst=a",
                     "disc/1 err " EP " c=400 why=syntax f=n");
    rig_check_signed(t, "disc/1 ren cid=c n=18446744073709551616 key=deploy svc=web inst=a",
                     "disc/1 err " EP " c=422 why=value f=n");
    rig_check_signed(t, "disc/1 ren n=1 key=deploy svc=web inst=a",
                     "disc/1 err n=1 " EP " c=422 why=value f=cid");
    rig_check_signed(t, "disc/1 ren n=1 cid=a.b key=deploy svc=web inst=a",
                     "disc/1 err n=1 " EP " c=422 why=value f=cid");
    rig_check_signed(t, "disc/1 ren n=18446744073709551615 cid=a key=deploy svc=web inst=a",
                     "disc/1 err n=18446744073709551615 " EP " c=404 why=gone wait=#");
    rig_check_signed(t, "disc/1 ren n=100 cid=a key=deploy svc=web inst=a",
                     "disc/1 err n=100 " EP " c=425 why=replay");
}

/* More senders than the table holds: busy, until an hour has passed. */
static void test_busy(void **state)
{
    struct rig *t = *state;
    char buffer[400];
    for (unsigned i = 0; i <= 100; i++) {
        snprintf(buffer, sizeof(buffer), "disc/1 ren cid=c%u n=1 key=deploy svc=web inst=a", i);
        rig_check_signed(t, buffer,
                         i < 100 ? "disc/1 err n=1 " EP " c=404 why=gone wait=#"
                                 : "disc/1 err n=1 " EP " c=503 why=busy wait=#");
    }
    rig_pass(t, 3601 * 1000);
    rig_check_signed(t, buffer, "disc/1 err n=1 " EP " c=404 why=gone wait=#");
}

static void test_grants(void **state)
{
    struct rig *t = *state;
    static const struct {
        const char *from, *verb, *key, *rest, *reply;
    } rows[] = {
        {"192.168.1.7", "reg", "deploy", "svc=web-a port=1", "ok"},
        {"192.168.1.7", "reg", "deploy", "svc=api port=1", "c=403 why=acl"},
        {"192.168.1.7", "reg", "deploy", "ns=prod svc=api port=1", "ok"},
        {"192.168.1.7", "ren", "deploy", "svc=api inst=a", "c=403 why=acl"},
        {"192.168.1.7", "reg", "reader", "svc=web port=1", "c=403 why=acl"},
        {"192.168.1.7", "reg", "reader", "no=such", "c=403 why=acl"},
        {"192.168.1.7", "ren", "reader", "grp=g", "c=403 why=acl"},
        {"192.168.1.7", "get", "reader", "svc=web inst=zz", "c=404 why=gone wait=#"},
        {"192.168.1.7", "hello", "reader", "", "ok"},
        {"192.168.1.7", "reg", "node", "svc=payments port=1", "ok"},
        {"192.168.1.7", "reg", "deploy", "svc=web inst=x port=1 addr=203.0.113.9", "ok"},
        {"192.168.1.7", "reg", "deploy", "svc=web inst=x port=1 addr=203.0.114.9",
         "c=403 why=addr"},
        {"192.168.1.7", "reg", "node", "svc=web inst=x port=1 addr=203.0.113.9", "c=403 why=addr"},
        {"192.168.1.7", "reg", "node", "svc=web inst=x port=1 addr=127.0.0.1",
         "c=422 why=loopback f=addr"},
        {"127.0.0.1", "reg", "node", "svc=web inst=y port=1 addr=198.51.100.1", "ok"},
        {"192.168.1.7", "reg", "node", "svc=web inst=s port=1 lease=static",
         "c=403 why=acl f=lease"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char ck[128] = "", buffer[400], reply[200];
        rig_from(t, rows[i].from);
        if (strcmp(rows[i].from, "127.0.0.1") != 0) {
            rig_pass(t, 100);
            rig_cookie(t, ck);
        }
        line(buffer, rows[i].verb, (unsigned)i + 1, ck, rows[i].key, rows[i].rest);
        rig_send_signed(t, RIG_SECRET, buffer);
        snprintf(reply, sizeof(reply), "disc/1 err n=%zu " EP " %s", i + 1, rows[i].reply);
        if (strcmp(rows[i].reply, "ok") == 0 ? strncmp(t->text, "disc/1 ok ", 10) != 0
                                             : !rig_matches(t->text, reply))
            fail_msg("\n request %s\n reply %s\n wanted %s", buffer, t->text, rows[i].reply);
    }
}

/* What one grant allows for its services, it does not allow for another's. */
static void test_two_grants(void **state)
{
    struct rig *t = *state;
    char buffer[400], ck[128];
    struct reg_config config = rig_config();
    struct reg_key *key = &config.keys[1];
    key->grants = realloc(key->grants, 2 * sizeof(*key->grants));
    key->grants[1] = (struct reg_grant){.verbs = 1u << REG_REG | 1u << REG_DEL};
    key->grants[1].services = rig_strings("default/api", NULL);
    key->grant_count = 2;
    reg_configure(t->reg, &config);
    rig_from(t, "192.168.1.7");
    rig_cookie(t, ck);
    rig_check_signed(t, line(buffer, "reg", 1, ck, "deploy", "svc=api inst=a port=1"),
                     "disc/1 ok n=1 " EP " inst=a addr=192.168.1.7 lease=30 ren=9000 rev=# "
                     "dur=disk");
    rig_check_signed(t, line(buffer, "reg", 2, ck, "deploy", "svc=api port=1 addr=203.0.113.9"),
                     "disc/1 err n=2 " EP " c=403 why=addr");
    rig_check_signed(t, line(buffer, "upd", 3, ck, "deploy", "svc=api inst=a w=1"),
                     "disc/1 err n=3 " EP " c=403 why=acl");
    rig_check_signed(t, line(buffer, "del", 4, ck, "deploy", "svc=api inst=a"),
                     "disc/1 ok n=4 " EP " dur=disk");
}

static void test_static(void **state)
{
    struct rig *t = *state;
    char buffer[400];
    rig_check_signed(t, line(buffer, "reg", 1, "", "deploy", "svc=web inst=a port=1 lease=static"),
                     "disc/1 ok n=1 " EP " inst=a addr=127.0.0.1 lease=static rev=# dur=disk");
    rig_pass(t, 100 * 86400 * 1000ull);
    (void)registry_expire(t->registry, t->now, 100, NULL, NULL);
    rig_check_signed(t, line(buffer, "ren", 2, "", "deploy", "svc=web inst=a"),
                     "disc/1 ok n=2 " EP);
    rig_send(t, "disc/1 get svc=web inst=a");
    assert_non_null(strstr(t->text, " lease=static "));
}

static void test_quota(void **state)
{
    struct rig *t = *state;
    char buffer[400], rest[60];
    for (unsigned i = 1; i <= 4; i++) {
        snprintf(rest, sizeof(rest), "svc=web inst=i%u port=1", i);
        rig_send_signed(t, RIG_SECRET, line(buffer, "reg", i, "", "node", rest));
        assert_int_equal(strstr(t->text, " ok ") != NULL, i <= 3);
    }
    assert_string_equal(t->text, "disc/1 err n=4 " EP " c=507 why=full");
}

/* The secret that is to come is accepted and answered with itself. */
static void test_rotation(void **state)
{
    struct rig *t = *state;
    char buffer[400];
    rig_send_signed(t, RIG_SECRET, line(buffer, "reg", 1, "", "node", "svc=web inst=a port=1"));
    assert_non_null(strstr(t->text, "disc/1 ok "));
    rig_send_signed(t, RIG_NEXT, line(buffer, "ren", 2, "", "node", "svc=web inst=a"));
    assert_string_equal(t->text, "disc/1 ok n=2 " EP " ren=9000");
    rig_send_signed(t, RIG_NEXT, line(buffer, "ren", 2, "", "node", "svc=web inst=a"));
    assert_string_equal(t->text, "disc/1 err n=2 " EP " c=425 why=replay");
}

/* Behind items the separator is LF, for requests and replies alike. */
static void test_items(void **state)
{
    struct rig *t = *state;
    char buffer[400];
    rig_send_signed(t, RIG_SECRET, line(buffer, "reg", 1, "", "deploy", "svc=web inst=a port=1"));
    rig_check_signed(t, "disc/1 ren cid=c n=2 key=deploy svc=web\na\nb",
                     "disc/1 ok n=2 " EP " cnt=1 gone=1 ren=9000 wait=#");
}

/* Reload: new keys and sources at once, cookies and windows stay. */
static void test_reload(void **state)
{
    struct rig *t = *state;
    char ck[128], buffer[400];
    rig_from(t, "192.168.1.7");
    rig_cookie(t, ck);
    rig_check_signed(t, line(buffer, "ren", 5, ck, "deploy", "svc=web inst=a"),
                     "disc/1 err n=5 " EP " c=404 why=gone wait=#");
    struct reg_config config = rig_config();
    config.keys[1].id[0] = 'D'; /* "deploy" is gone */
    reg_configure(t->reg, &config);
    assert_int_equal(config.key_count, 0);
    rig_check_signed(t, line(buffer, "ren", 6, ck, "deploy", "svc=web inst=a"),
                     "disc/1 err c=401 why=auth");
    config = rig_config();
    reg_configure(t->reg, &config);
    rig_check_signed(t, line(buffer, "ren", 5, ck, "deploy", "svc=web inst=a"),
                     "disc/1 err n=5 " EP " c=425 why=replay");
    rig_check_signed(t, line(buffer, "ren", 6, ck, "deploy", "svc=web inst=a"),
                     "disc/1 err n=6 " EP " c=404 why=gone wait=#");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_recipe, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_auth, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_optional_key, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_numbers, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_busy, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_grants, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_two_grants, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_static, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_quota, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_rotation, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_items, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_reload, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

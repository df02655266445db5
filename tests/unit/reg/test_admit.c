/* What reg_admit says of senders that have no key and speak another protocol. */
#include "unit/reg/rig.h"

static enum reg_admission admit(struct rig *t, const char *from, const char *service,
                                struct reg_sender *out)
{
    struct addr a = rig_addr(from);
    return reg_admit(t->reg, &a, TEXT("default"), text_of(service), t->now, out);
}

static void the_source_decides(void **state)
{
    struct rig *t = *state;
    struct reg_sender s;
    char name[PRINCIPAL_TEXT];
    assert_int_equal(admit(t, "127.0.0.1", "web", &s), REG_ADMITTED);
    assert_string_equal(principal_format(&s.who, name), "local");
    assert_true(s.advertises);
    assert_int_equal(s.who.quota, 0);
    assert_int_equal(admit(t, "172.16.0.9", "web", &s), REG_ADMITTED);
    assert_string_equal(principal_format(&s.who, name), "addr:172.16.0.9");
    assert_false(s.advertises);
    assert_int_equal(s.who.quota, 0);
    assert_int_equal(admit(t, "10.0.0.7", "web", &s), REG_ADMITTED);
    assert_string_equal(principal_format(&s.who, name), "addr:10.0.0.7");
    assert_int_equal(s.who.quota, 4);
    assert_int_equal(admit(t, "10.9.0.7", "web", &s), REG_DENIED);
    assert_string_equal(principal_format(&s.who, name), "addr:10.9.0.7");
    assert_int_equal(admit(t, "192.168.0.7", "web", &s), REG_NEEDS_KEY);
    assert_int_equal(admit(t, "8.8.8.8", "web", &s), REG_DENIED);
}

static void the_address_is_the_senders_or_the_hosts(void **state)
{
    struct rig *t = *state;
    struct reg_sender s;
    char text[ADDR_TEXT];
    admit(t, "10.0.0.7", "", &s);
    assert_string_equal(addr_format(&s.addr, text), "10.0.0.7");
    admit(t, "127.0.0.1", "", &s);
    assert_string_equal(addr_format(&s.addr, text), "127.0.0.1");
    struct reg_config config = rig_config();
    config.local_v4 = rig_addr("10.1.1.1");
    config.local_v6 = rig_addr("2001:db8::1");
    reg_configure(t->reg, &config);
    admit(t, "127.0.0.1", "", &s);
    assert_string_equal(addr_format(&s.addr, text), "10.1.1.1");
    admit(t, "::1", "", &s);
    assert_string_equal(addr_format(&s.addr, text), "2001:db8::1");
    admit(t, "2001:db8::9", "", &s);
    assert_string_equal(addr_format(&s.addr, text), "2001:db8::9");
}

/* Together with the sender's datagrams. */
static void the_rate_is_bounded(void **state)
{
    struct rig *t = *state;
    struct reg_sender s;
    char cookie[128], line[200];
    rig_from(t, "10.0.0.7");
    rig_cookie(t, cookie);
    for (unsigned i = 0; i < 400; i++)
        assert_int_equal(admit(t, "10.0.0.7", "web", &s), REG_ADMITTED);
    assert_int_equal(admit(t, "10.0.0.7", "web", &s), REG_TOO_FAST);
    assert_int_equal(s.wait_ms, 5);
    snprintf(line, sizeof(line), "disc/1 hello ck=%s", cookie);
    rig_send(t, line);
    assert_non_null(strstr(t->text, "why=slow"));
    assert_int_equal(admit(t, "10.0.0.8", "web", &s), REG_ADMITTED);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(admit(t, "127.0.0.1", "web", &s), REG_ADMITTED);
    rig_pass(t, 5);
    assert_int_equal(admit(t, "10.0.0.7", "web", &s), REG_ADMITTED);
}

struct denials {
    unsigned count;
    char last[200];
};

static void note(void *context, const struct principal *who, struct text ns, struct text service)
{
    struct denials *d = context;
    char name[PRINCIPAL_TEXT];
    d->count++;
    snprintf(d->last, sizeof(d->last), "%s %.*s/%.*s", principal_format(who, name), TEXT_ARG(ns),
             TEXT_ARG(service));
}

static void denials_of_protected_services_are_told(void **state)
{
    struct rig *t = *state;
    struct denials d = {0};
    struct reg_sender s;
    assert_int_equal(admit(t, "127.0.0.1", "pay", &s), REG_PROTECTED);
    reg_set_denied(t->reg, note, &d);
    assert_int_equal(admit(t, "127.0.0.1", "pay", &s), REG_PROTECTED);
    assert_string_equal(d.last, "local default/pay");
    assert_int_equal(admit(t, "127.0.0.1", "", &s), REG_ADMITTED);
    assert_int_equal(admit(t, "10.9.0.1", "pay", &s), REG_DENIED); /* not let in at all */
    assert_int_equal(d.count, 1);
    rig_from(t, "172.16.0.9");
    rig_send(t, "disc/1 reg svc=payments port=80");
    assert_non_null(strstr(t->text, "c=403 why=acl"));
    assert_string_equal(d.last, "addr:172.16.0.9 default/payments");
    rig_send(t, "disc/1 get svc=payments inst=a");
    assert_non_null(strstr(t->text, "c=404"));
    assert_int_equal(d.count, 2);
    rig_send(t, "disc/1 del svc=web\npay/a\npay/b");
    assert_string_equal(d.last, "addr:172.16.0.9 default/pay");
}

#define test(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(the_source_decides),
        test(the_address_is_the_senders_or_the_hosts),
        test(the_rate_is_bounded),
        test(denials_of_protected_services_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

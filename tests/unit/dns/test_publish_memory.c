/* Every allocation of a publication fails once: after the next call all names are as if none
 * had. The test's own malloc stands in front of the real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/failing.h"
#include "unit/dns/answering.h"

static void add_reverse(struct dns_config *c)
{
    c->zones = realloc(c->zones, 2 * sizeof(*c->zones));
    c->zones[c->zone_count++] = (struct dns_zone_config){.name = strdup("10.in-addr.arpa"),
                                                         .reverse = strdup("z"),
                                                         .ttl = 5,
                                                         .negative_ttl = 3,
                                                         .srv_weight_scale = 1};
}

static void before(struct rig *t)
{
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=80", 1);
    reg(t->registry, "old/x", "addr=10.0.0.3 port=80", 1);
}

static void after(struct rig *t)
{
    unreg(t->registry, "web/a", 2);
    unreg(t->registry, "old/x", 2);
    reg(t->registry, "web/b", "addr=10.0.0.2 addr=10.0.0.4 port=80 port=81/udp", 2);
    reg(t->registry, "web/c", "addr=10.0.0.4 port=80", 2);
    reg(t->registry, "new/y", "addr=10.0.0.3 port=80", 2);
}

static void check(struct rig *t)
{
    static const char none[] = "";
    expect(t, "1.0.0.10.in-addr.arpa", T_PTR, 3, none);
    expect(t, "2.0.0.10.in-addr.arpa", T_PTR, 0, "2.0.0.10.in-addr.arpa. 5 PTR b.web.z.");
    expect(t, "3.0.0.10.in-addr.arpa", T_PTR, 0, "3.0.0.10.in-addr.arpa. 5 PTR y.new.z.");
    expect(t, "4.0.0.10.in-addr.arpa", T_PTR, 0,
           "4.0.0.10.in-addr.arpa. 5 PTR b.web.z.\n4.0.0.10.in-addr.arpa. 5 PTR c.web.z.");
    expect(t, "_services._dns-sd._udp.z", T_PTR, 0,
           "_services._dns-sd._udp.z. 5 PTR _web._tcp.z.\n"
           "_services._dns-sd._udp.z. 5 PTR _web._udp.z.\n"
           "_services._dns-sd._udp.z. 5 PTR _new._tcp.z.");
    expect(t, "_web._tcp.z", T_PTR, 0,
           "_web._tcp.z. 5 PTR b._web._tcp.z.\n_web._tcp.z. 5 PTR c._web._tcp.z.");
    expect(t, "_old._tcp.z", T_PTR, 0, none);
}

/* The first publication, or one that changes what is there. */
static void fail_each(bool first)
{
    bool failed = true;
    long n = 0;
    for (; failed; n++) {
        struct rig *t = rig_with_config("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n",
                                        NULL, add_reverse);
        before(t);
        if (!first)
            publish(t);
        after(t);
        until_failure = n;
        enum err err = dns_publish(t->dns, t->registry, 1000000, NULL);
        failed = until_failure < 0;
        until_failure = -1;
        if (!err)
            check(t);
        else
            assert_true(failed);
        publish(t);
        check(t);
        rig_free(t);
    }
    assert_true(n > 20);
}

static void test_first(void **state)
{
    (void)state;
    SKIP_WITHOUT_FAILURES();
    fail_each(true);
}

static void test_change(void **state)
{
    (void)state;
    SKIP_WITHOUT_FAILURES();
    fail_each(false);
}

/* Of so many that it is left for later when it grows. */
static void put_many(struct rig *t)
{
    char name[32], fields[64];
    for (unsigned i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "web/i%u", i);
        snprintf(fields, sizeof(fields), "addr=10.0.%u.%u", i / 250, 1 + i % 250);
        reg(t->registry, name, fields, 1);
    }
}

/* One that waited for its time, and then finds no memory, is not forgotten. */
static void test_due(void **state)
{
    (void)state;
    SKIP_WITHOUT_FAILURES();
    bool failed = true;
    long n = 0;
    for (; failed; n++) {
        struct rig *t =
            rig_with_config("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n", NULL, NULL);
        uint64_t due;
        put_many(t);
        assert_int_equal(dns_publish(t->dns, t->registry, 1000000, &due), ERR_OK);
        reg(t->registry, "web/i7", "addr=10.0.0.8 port=80", 2);
        assert_int_equal(dns_publish(t->dns, t->registry, 1000000, &due), ERR_OK);
        assert_in_range(due, 1000001, 1000010);
        until_failure = n;
        enum err err = dns_publish(t->dns, t->registry, due, &due);
        failed = until_failure < 0;
        until_failure = -1;
        assert_int_equal(err, failed ? ERR_MEMORY : ERR_OK);
        if (failed)
            assert_int_equal(dns_publish(t->dns, t->registry, due, &due), ERR_OK);
        assert_int_equal(due, UINT64_MAX);
        expect(t, "_services._dns-sd._udp.z", T_PTR, 0,
               "_services._dns-sd._udp.z. 5 PTR _web._tcp.z.");
        assert_int_equal(ask(t, "web.z", T_SRV)->counts[SECTION_ANSWER_AT], 1);
        rig_free(t);
    }
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_first), cmocka_unit_test(test_change),
                                       cmocka_unit_test(test_due)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* UPDATE of records that are of no service: the rules of adding and deleting, leases, names of
 * the zone file, and names of services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/updating.h"

#define HELLO                                                                                      \
    "add hello.z. 30 SRV 0 30 8080 a.hello.z.\n"                                                   \
    "add a.hello.z. 30 A 10.0.0.1\n"

static uint64_t instances(struct update_rig *t)
{
    return registry_totals(t->rig->registry).instances;
}

static void test_plain_records(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, HELLO);
    uint32_t serial = dns_zone_serial(t->rig->dns, 0);
    update(t, R_NOERROR,
           "add _acme-challenge.hello.z. 60 TXT \"abc\"\nadd mail.z. 60 MX 10 a.hello.z.\n"
           "add www.z. 60 CNAME a.hello.z.\nadd deep.x.y.z. 60 A 10.0.0.5\nadd *.any.z. 7 TXT x\n"
           "add e.z. 60 CAA 0 issue \"ca\"\nadd h.z. 60 TYPE65280 \\# 3 010203\n");
    assert_int_equal(dns_zone_serial(t->rig->dns, 0), serial + 1);
    assert_int_equal(dns_records_count(t->records), 7);
    shows(t, "_acme-challenge.hello.z.", T_TXT, 0, "_acme-challenge.hello.z. 60 TXT \"abc\"");
    shows(t, "mail.z.", T_MX, 0, "mail.z. 60 MX 10 a.hello.z.");
    shows(t, "www.z.", T_A, 0, "www.z. 60 CNAME a.hello.z.\na.hello.z. 5 A 10.0.0.1");
    shows(t, "x.y.z.", T_A, 0, "");
    shows(t, "q.any.z.", T_TXT, 0, "q.any.z. 7 TXT \"x\"");
    shows(t, "a.hello.z.", T_A, 0, "a.hello.z. 5 A 10.0.0.1");
    update(t, R_NOERROR, "del _acme-challenge.hello.z. TXT \"abc\"\ndel deep.x.y.z.\n");
    shows(t, "_acme-challenge.hello.z.", T_TXT, R_NXDOMAIN, "");
    shows(t, "x.y.z.", T_A, R_NXDOMAIN, "");
    assert_int_equal(dns_records_count(t->records), 5);
    update_rig_free(t);
    (void)state;
}

static void test_lease_of_records(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, "add a.z. 60 TXT one\nadd b.z. 60 TXT two\nlease 60\n");
    update(t, R_NOERROR, "add c.z. 60 TXT three\n");
    update_rig_clock(t, 40000);
    update(t, R_NOERROR, "add a.z. 60 TXT one\nlease 60\n");
    assert_int_equal(t->log.puts, 3); /* a renewal is not stored */
    uint32_t serial = dns_zone_serial(t->rig->dns, 0);
    update_rig_clock(t, 30000);
    assert_false(dns_records_expire(t->records, update_now(t), 100));
    update_publish(t);
    assert_int_equal(dns_zone_serial(t->rig->dns, 0), serial + 1);
    shows(t, "a.z.", T_TXT, 0, "a.z. 60 TXT \"one\"");
    shows(t, "b.z.", T_TXT, R_NXDOMAIN, "");
    shows(t, "c.z.", T_TXT, 0, "c.z. 60 TXT \"three\"");
    update(t, R_NOERROR, "add a.z. 60 TXT one\n"); /* from now on without a lease */
    update_rig_clock(t, 1000000);
    assert_int_equal(dns_records_next_deadline(t->records), UINT64_MAX);
    assert_false(dns_records_expire(t->records, update_now(t), 100));
    assert_int_equal(dns_records_count(t->records), 2);
    update_rig_free(t);
    (void)state;
}

/* RFC 2136 section 3.4.2.2. */
static void test_rules_of_adding(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, "add w.z. 60 CNAME a.z.\n");
    update(t, R_NOERROR, "add w.z. 60 CNAME b.z.\n"); /* replaces */
    shows(t, "w.z.", T_CNAME, 0, "w.z. 60 CNAME b.z.");
    update(t, R_NOERROR, "add w.z. 60 A 10.0.0.1\n"); /* ignored */
    shows(t, "w.z.", T_CNAME, 0, "w.z. 60 CNAME b.z.");
    update(t, R_NOERROR, "add v.z. 60 A 10.0.0.1\nadd v.z. 60 CNAME b.z.\n");
    shows(t, "v.z.", T_A, 0, "v.z. 60 A 10.0.0.1");
    unsigned puts = t->log.puts;
    update(t, R_NOERROR, "add v.z. 60 A 10.0.0.1\n"); /* a duplicate */
    assert_int_equal(t->log.puts, puts);
    update(t, R_NOERROR, "add v.z. 90 A 10.0.0.2\n"); /* one TTL for all */
    shows(t, "v.z.", T_A, 0, "v.z. 90 A 10.0.0.1\nv.z. 90 A 10.0.0.2");
    update(t, R_NOERROR, "del v.z. A 10.0.0.1\nadd v.z. 90 A 10.0.0.1\n");
    shows(t, "v.z.", T_A, 0, "v.z. 90 A 10.0.0.1\nv.z. 90 A 10.0.0.2");
    update(t, R_NOERROR, "add v.z. 4294967295 A 10.0.0.2\n"); /* RFC 2181 section 8 */
    shows(t, "v.z.", T_A, 0, "v.z. 0 A 10.0.0.1\nv.z. 0 A 10.0.0.2");
    update(t, R_NOERROR, "add s.z. 90 SOA ns. h. 9 1 1 1 1\n"); /* no zone there */
    shows(t, "s.z.", T_SOA, R_NXDOMAIN, "");
    update(t, R_NOERROR, "del w.z. CNAME b.z.\nadd w.z. 60 A 10.0.0.1\n");
    shows(t, "w.z.", T_A, 0, "w.z. 60 A 10.0.0.1");
    update_rig_free(t);
    (void)state;
}

/* Names of the zone file are not to be changed; what the RFC ignores is ignored. */
static void test_static_names(void **state)
{
    static const char *const ignored[] = {
        "add z. 60 SOA ns.z. h.z. 1 1 1 1 1\n",
        "del z. SOA\n",
        "del z. SOA ns.z. h.z. 1 1 1 1 1\n",
        "del z. NS\n",
        "del z.\n",
        "del z. NS ns9.z.\n",
        "add z. 60 NS ns.z.\n",
        "add static.z. 60 A 10.8.8.8\n",
        "del static.z. A 10.8.8.7\n",
        "del static.z. TXT\n",
        "add static.z. 60 CNAME x.z.\n",
        "add alias.z. 60 A 10.1.1.1\n",
        "add alias.z. 60 CNAME static.z.\n",
        "del z. A\n",
        "del under.sub.z.\n",
    };
    static const char *const refused[] = {
        "add z. 60 SOA ns.z. h.z. 1000 1 1 1 1\n",
        "del z. NS ns2.z.\n",
        "add z. 60 NS ns9.z.\n",
        "add z. 60 A 10.1.1.1\n",
        "add static.z. 60 A 10.1.1.1\n",
        "del static.z. A 10.8.8.8\n",
        "del static.z. A\n",
        "del static.z.\n",
        "add alias.z. 60 CNAME x.z.\n",
        "add sub.z. 60 A 10.1.1.1\n",
        "add under.sub.z. 60 A 10.1.1.1\n",
        "add new.z. 60 NS ns.z.\n",
        "add new.z. 60 DNAME x.z.\n",
        "add new.z. 60 DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000\n",
    };
    struct update_rig *t = update_rig();
    uint32_t serial = dns_zone_serial(t->rig->dns, 0);
    for (size_t n = 0; n < ARRAY_COUNT(ignored); n++)
        update(t, R_NOERROR, ignored[n]);
    for (size_t n = 0; n < ARRAY_COUNT(refused); n++)
        if (update_send(t, refused[n]) != R_REFUSED || !t->text[0])
            fail_msg("%s: %u %s", refused[n], t->rcode, t->text);
    assert_int_equal(dns_zone_serial(t->rig->dns, 0), serial);
    assert_int_equal(dns_records_count(t->records), 0);
    update_rig_free(t);
    (void)state;
}

static void test_last_ns_stays(void **state)
{
    struct update_rig *t = update_rig_with("@ SOA ns host 1 60 10 86400 2\n@ NS ns\n@ TXT x\n"
                                           "ns A 10.9.9.9\n",
                                           grant);
    update(t, R_NOERROR, "del z. NS ns.z.\ndel z. NS\n");
    update(t, R_REFUSED, "del z.\n");
    update(t, R_REFUSED, "del z. TXT\n");
    shows(t, "z.", T_NS, 0, "z. 5 NS ns.z.");
    update_rig_free(t);
    (void)state;
}

/* Where a service is nothing else can be, and the other way. */
static void test_names_exclude_each_other(void **state)
{
    static const char *const refused[] = {
        "add hello.z. 60 MX 1 x.z.\n",
        "add hello.z. 60 A 10.0.0.1\n",
        "del hello.z. A\n",
        "del hello.z. TXT \"k=v\"\n",
        "add hello.z. 60 CNAME x.z.\n",
        "add hello.z. 60 SRV 0 0 80 elsewhere.example.\n",
        "add hello.z. 60 SRV 0 0 80 nobody.hello.z.\n",
        "add _hello._tcp.z. 60 TXT x\n",
        "add _hello._udp.z. 60 TXT x\n",
        "add a.hello.z. 60 MX 1 x.z.\n",
        "add a.hello.z. 60 CAA 0 issue \"ca\"\n",
        "add a._hello._tcp.z. 60 MX 1 x.z.\n",
        "add hello.z. 60 MX 1 x.z.\nadd ok.z. 60 A 10.0.0.1\n",
        "add new.z. 60 MX 1 x.z.\nadd new.z. 60 SRV 0 0 80 a.new.z.\nadd a.new.z. 60 A 10.0.0.1\n",
        "add a.new.z. 60 MX 1 x.z.\nadd new.z. 60 SRV 0 0 80 a.new.z.\nadd a.new.z. 9 A 10.0.0.1\n",
        "add mail.z. 60 SRV 0 0 80 a.mail.z.\nadd a.mail.z. 60 A 10.0.0.1\n",
        "add pl.z. 60 SRV 0 0 80 ain.pl.z.\nadd ain.pl.z. 60 A 10.0.0.1\n",
        "add static.z. 60 SRV 0 0 80 a.static.z.\nadd a.static.z. 60 A 10.0.0.1\n",
        "add a.wild.z. 60 NS x.z.\n",
    };
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, HELLO "add mail.z. 60 MX 1 x.z.\nadd ain.pl.z. 60 MX 1 x.z.\n");
    uint64_t index = registry_index(t->rig->registry);
    for (size_t n = 0; n < ARRAY_COUNT(refused); n++) {
        if (update_send(t, refused[n]) != R_REFUSED)
            fail_msg("%s: %u %s", refused[n], t->rcode, t->text);
        assert_int_equal(registry_index(t->rig->registry), index);
        assert_int_equal(dns_records_count(t->records), 2);
    }
    /* in one message the plain record goes and the service comes */
    update(t, R_NOERROR,
           "del mail.z.\nadd mail.z. 60 SRV 0 0 80 a.mail.z.\nadd a.mail.z. 60 A 10.0.0.1\n");
    assert_int_equal(instances(t), 2);
    /* and an instance goes and a plain record comes */
    update(t, R_NOERROR, "del a.hello.z.\nadd a.hello.z. 60 MX 1 x.z.\n");
    assert_int_equal(instances(t), 1);
    shows(t, "a.hello.z.", T_MX, 0, "a.hello.z. 60 MX 1 x.z.");
    update_rig_free(t);
    (void)state;
}

static void test_names_of_plain_records_are_taken(void **state)
{
    struct update_rig *t = update_rig();
    struct dns *dns = t->rig->dns;
    update(t, R_NOERROR, "add mail.z. 60 MX 1 x.z.\nadd ain.pl.z. 60 MX 1 x.z.\n");
    assert_true(dns_name_taken(dns, TEXT("default"), TEXT("mail"), (struct text){0}));
    assert_true(dns_name_taken(dns, TEXT("default"), TEXT("pl"), TEXT("ain")));
    assert_false(dns_name_taken(dns, TEXT("default"), TEXT("pl"), (struct text){0}));
    assert_false(dns_name_taken(dns, TEXT("other"), TEXT("mail"), (struct text){0}));
    update(t, R_NOERROR, "del mail.z.\n");
    assert_false(dns_name_taken(dns, TEXT("default"), TEXT("mail"), (struct text){0}));
    update_rig_free(t);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_records),
        cmocka_unit_test(test_lease_of_records),
        cmocka_unit_test(test_rules_of_adding),
        cmocka_unit_test(test_static_names),
        cmocka_unit_test(test_last_ns_stays),
        cmocka_unit_test(test_names_exclude_each_other),
        cmocka_unit_test(test_names_of_plain_records_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

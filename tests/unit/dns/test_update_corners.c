/* UPDATE at the edges of what names, instances and zones can be, and random bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rand.h"
#include "unit/dns/updating.h"

#define HELLO                                                                                      \
    "add hello.z. 30 SRV 0 30 8080 a.hello.z.\n"                                                   \
    "add a.hello.z. 30 A 10.0.0.1\n"
#define L63 "x23456789012345678901234567890123456789012345678901234567890123"
#define L60 "x23456789012345678901234567890123456789012345678901234567890"

static uint64_t instances(struct update_rig *t)
{
    return registry_totals(t->rig->registry).instances;
}

/* Names that no service or instance can have are those of plain records. */
static void test_names_of_no_service(void **state)
{
    static const char *const all[] = {
        "add a.b.c.d.e.f.z. 5 A 10.0.0.1\n",
        "add b.c.d.e.f.z. 5 SRV 0 0 80 a.b.c.d.e.f.z.\n",
        "add _b.c.d.e.f._tcp.z. 5 SRV 0 0 80 a.b.z.\n",
        "add _tcp.z. 5 SRV 0 0 80 a.hello.z.\n",
        "add _x.y._sctp.z. 5 SRV 0 0 80 a.y.z.\n",
        "add a\\.b.z. 5 SRV 0 0 80 x.a\\.b.z.\n",
        "add x.a\\.b.z. 5 A 10.0.0.1\n",
        "add -a.z. 5 SRV 0 0 80 x.-a.z.\n",
        "add x.-a.z. 5 A 10.0.0.1\n",
        "add under_score.s.z. 5 A 10.0.0.1\n",
        "add s.z. 5 SRV 0 0 80 under_score.s.z.\n",
        "add __tcp.z. 5 TXT x\n",
        "add w.z. 5 SRV 0 0 80 .\n",
        "add v.z. 5 SRV 0 0 80 x.w.z.\n",
        "add x.w.z. 5 A 10.0.0.1\n",
        "add u.z. 5 SRV 0 0 80 z.\n",
        "add i._x._tcp.z. 5 TXT x\n",
        "add i._x._sctp.z. 5 TXT x\n",
        "add _x._tcp.z. 5 PTR z.\n",
        "add _x._tcp.z. 5 PTR i._x._tcp.z.\n",
        "add other.z. 5 PTR i._x._tcp.z.\n",
        "add nsec.z. 5 TYPE300 \\# 0\n",
    };
    struct update_rig *t = update_rig();
    for (size_t n = 0; n < ARRAY_COUNT(all); n++)
        update(t, R_NOERROR, all[n]);
    assert_int_equal(dns_records_count(t->records), ARRAY_COUNT(all));
    assert_int_equal(instances(t), 0);
    for (size_t n = 0; n < ARRAY_COUNT(all); n++) { /* each again: nothing more */
        update(t, R_NOERROR, all[n]);
        assert_int_equal(dns_records_count(t->records), ARRAY_COUNT(all));
    }
    update_rig_free(t);
    (void)state;
}

/* "_" and "_tcp" before the service take room: that name of it cannot be there. */
static void test_long_names(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR,
           "add " L63 "." L63 ".z. 5 SRV 0 0 80 a." L63 "." L63 ".z.\n"
           "add a." L63 "." L63 ".z. 5 A 10.0.0.1\n");
    assert_int_equal(instances(t), 1);
    update(t, R_NOERROR, "del " L63 "." L63 ".z. SRV 0 0 80 a." L63 "." L63 ".z.\n");
    /* longer than a service may be: plain */
    update(t, R_NOERROR,
           "add " L63 "." L63 "." L60 ".z. 5 A 10.0.0.1\n"
           "add " L63 "." L60 ".z. 5 SRV 0 0 80 " L63 "." L63 "." L60 ".z.\n");
    update_rig_free(t);
    (void)state;
}

static void two_zones(struct dns_config *config)
{
    static const char *const names[] = {"z", "plain", "1.168.192.in-addr.arpa", "below.plain"};
    grant(config);
    struct dns_zone_config first = config->zones[0];
    config->zones = realloc(config->zones, 4 * sizeof(*config->zones));
    config->zone_count = 4;
    for (unsigned n = 1; n < 4; n++) {
        struct dns_zone_config *zone = &config->zones[n];
        *zone = (struct dns_zone_config){.name = strdup(names[n]),
                                         .ttl = 5,
                                         .negative_ttl = 2,
                                         .srv_weight_scale = 1,
                                         .update_lease_max_s = n == 1 ? 0 : 60};
        zone->reverse = n == 2 ? strdup("z") : NULL;
        zone->grants = calloc(1, sizeof(*zone->grants));
        zone->grants[0].key = strdup("all");
        zone->grant_count = 1;
    }
    config->zones[0] = first;
}

static unsigned send_to(struct update_rig *t, const char *zone, const char *lines)
{
    update_begin_as(t, zone, T_SOA, 1);
    update_lines(t, lines);
    update_sign(t);
    update_send_once(t);
    t->lease_ms++;
    update_publish(t);
    return t->rcode;
}

static void test_other_zones(void **state)
{
    struct update_rig *t = update_rig_with(UPDATE_ZONE, two_zones);
    /* a zone without namespace has no services */
    assert_int_equal(send_to(t, "plain.",
                             "add hello.plain. 5 SRV 0 0 80 a.hello.plain.\n"
                             "add a.hello.plain. 5 A 10.0.0.1\nadd _x._tcp.plain. 5 PTR a.plain.\n"
                             "add a._x._tcp.plain. 5 SRV 0 0 80 a.plain.\nlease 0\n"),
                     R_NOERROR);
    assert_int_equal(t->lease_s, 1);
    assert_int_equal(instances(t), 0);
    assert_int_equal(dns_records_count(t->records), 4);
    shows(t, "a.hello.plain.", T_A, 0, "a.hello.plain. 5 A 10.0.0.1");
    assert_int_equal(send_to(t, "plain.", "add x.below.plain. 5 A 10.0.0.1\n"), R_NOTZONE);
    assert_int_equal(send_to(t, "plain.", "prereq nxdomain x.below.plain.\n"), R_NOTZONE);
    assert_int_equal(send_to(t, "below.plain.", "add x.below.plain. 5 A 10.0.0.1\n"), R_NOERROR);
    assert_int_equal(
        send_to(t, "1.168.192.in-addr.arpa.", "add 1.1.168.192.in-addr.arpa. 5 PTR a.plain.\n"),
        R_REFUSED);
    shows(t, "x.below.plain.", T_A, 0, "x.below.plain. 5 A 10.0.0.1");
    update_rig_free(t);
    (void)state;
}

/* The key's own instance, but registered in another way, with what UPDATE cannot say. */
static void test_instances_of_other_ways(void **state)
{
    static const struct principal all = {.kind = PRINCIPAL_NAME, .name = "all"};
    struct update_rig *t = update_rig();
    struct record r =
        record_of("old/a", "addr=10.0.0.1 port=80 port=web:81 port=sip:5060/sctp "
                           "port=5061/sctp m.k=v version=1 zone=z1 region=r cluster=c");
    struct granted granted;
    r.tags[0] = TEXT("x");
    r.tags[1] = TEXT("y");
    r.tag_count = 2;
    assert_int_equal(registry_register(t->rig->registry, &r, &all, update_now(t), &granted),
                     ERR_OK);
    r = record_of("old/bare", "addr=10.0.0.2");
    assert_int_equal(registry_register(t->rig->registry, &r, &all, update_now(t), &granted),
                     ERR_OK);
    update_publish(t);
    update(t, R_NOERROR,
           "add a.old.z. 400 AAAA 2001:db8::1\nadd bare.old.z. 5 TXT tags=t,t\n"
           "add _old._tcp.z. 5 SRV 0 9 81 a.old.z.\nlease 60\n");
    instance_read(registry_instance(t->rig->registry,
                                    (struct instance_key){TEXT("default"), TEXT("old"), TEXT("a")}),
                  &r);
    assert_int_equal(r.port_count, 4);
    assert_true(text_is(r.ports[1].name, TEXT("web")));
    assert_true(text_is(r.ports[2].name, TEXT("sip")));
    assert_int_equal(r.address_count, 2);
    assert_int_equal(r.tag_count, 2);
    assert_int_equal(r.ttl, 5);
    assert_int_equal(r.weight, 9);
    assert_true(text_is(r.region, TEXT("r")));
    instance_read(
        registry_instance(t->rig->registry,
                          (struct instance_key){TEXT("default"), TEXT("old"), TEXT("bare")}),
        &r);
    assert_int_equal(r.port_count, 0);
    assert_int_equal(r.tag_count, 1);
    update(t, R_REFUSED, "add _web._tcp.old.z. 5 TXT x\n"); /* the name of a port */
    update(t, R_NOERROR, "del _old._udp.z. SRV\ndel old.z. SRV 0 0 5060 a.old.z.\n");
    update(t, R_NOERROR, "add bare.old.z. 5 SRV 0 0 80 bare.old.z.\n"); /* derived */
    update(t, R_NOERROR, "del old.z.\n");
    assert_int_equal(instances(t), 0);
    update_rig_free(t);
    (void)state;
}

static void test_more_prerequisites(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, HELLO "add _hello._udp.z. 5 SRV 0 30 8080 a.hello.z.\n");
    reg(t->rig->registry, "six/a", "addr=2001:db8::1", t->lease_ms);
    update_publish(t);
    update(t, R_NOERROR,
           "prereq yxdomain six.z.\nprereq yxdomain _services._dns-sd._udp.z.\n"
           "prereq yxrrset _hello._udp.z. PTR a._hello._udp.z.\n"
           "prereq nxdomain other.example.hello.z.\nprereq yxdomain *.wild.z.\n");
    update(t, R_NXRRSET, "prereq yxrrset static.z. A 10.8.8.8\nprereq yxrrset static.z. TXT x\n");
    update(t, R_NXRRSET, "prereq yxrrset static.z. NS ns.z.\n");
    update_rig_free(t);
    (void)state;
}

static void test_more_of_browsing(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR,
           HELLO "add _services._dns-sd._udp.z. 5 PTR _hello._tcp.z.\n"
                 "add _services._dns-sd._udp.z. 5 PTR _new._udp.z.\n"
                 "add new.z. 5 SRV 0 0 80 a.new.z.\nadd a.new.z. 5 A 10.0.0.1\n"
                 "add lone.host.z. 5 A 10.0.0.1\n");
    assert_int_equal(dns_records_count(t->records), 1);
    static const char *const refused[] = {
        "del a.hello.z.\nadd _hello._tcp.z. 5 PTR a._hello._tcp.z.\n",
        "add _services._dns-sd._udp.z. 5 PTR hello.z.\n",
        "add _hello._udp.z. 5 PTR a._hello._tcp.z.\n",
        "add _hello._tcp.z. 5 PTR a\\032b._hello._tcp.z.\n",
        "add _hello._tcp.z. 5 PTR hello.z.\n",
        "del hello.z. AAAA\n",
        "del hello.z. SVCB\n",
        "del hello.z. HTTPS\n",
    };
    for (size_t n = 0; n < ARRAY_COUNT(refused); n++)
        update(t, R_REFUSED, refused[n]);
    update(t, R_NOERROR, "add _tcp.z. 5 PTR a._hello._tcp.z.\ndel hello.z. MX\n");
    assert_int_equal(dns_records_count(t->records), 2);
    assert_int_equal(instances(t), 2);
    update_rig_free(t);
    (void)state;
}

static void test_zone_with_soa_alone(void **state)
{
    struct update_rig *t = update_rig_with("@ SOA ns host 1 60 10 86400 2\n", grant);
    update(t, R_NOERROR, "del z.\ndel z. NS ns.z.\ndel z. NS\n");
    update(t, R_REFUSED, "add z. 5 NS ns.z.\n");
    update_rig_free(t);
    (void)state;
}

/* EDNS without a lease is no lease. */
static void test_without_lease(void **state)
{
    struct update_rig *t = update_rig();
    update_begin(t);
    update_lines(t, HELLO);
    update_raw(t, 3, ".", 41, 1232, 0, "", 0);
    update_sign(t);
    assert_int_equal(update_send_once(t), R_NOERROR);
    assert_false(t->has_lease);
    update_rig_free(t);
    (void)state;
}

/* Between worker and control thread the configuration may change. */
static void test_zone_has_gone(void **state)
{
    struct update_rig *t = update_rig();
    t->rig->dns->zones[0]->apex.wire[1] = 'y';
    struct dns_task task = {.query = {.name = {.size = 3, .labels = 1, .wire = "\1z"}}};
    update_run(t->rig->dns, t->rig->registry, update_now(t), &task);
    assert_int_equal(task.rcode, R_REFUSED);
    t->rig->dns->zones[0]->apex.wire[1] = 'z';
    update_rig_free(t);
    (void)state;
}

/* Whatever the bytes: an answer or none, and a zone that is whole. */
static void test_random_bytes(void **state)
{
    struct update_rig *t = update_rig();
    struct rand r;
    struct query q;
    unsigned codes[16] = {0};
    rand_seed(&r, 77);
    for (unsigned n = 0; n < 4000; n++) {
        update_begin(t);
        update_lines(t, "prereq yxrrset static.z. A\n" HELLO
                        "add a.hello.z. 5 TXT \"a=b\" \"c\"\nadd m.z. 5 MX 1 x.z.\n"
                        "add h.z. 5 NAPTR 1 1 \"s\" \"x\" \"\" y.z.\ndel a.b.z.\n"
                        "add s.z. 5 SSHFP 1 1 00112233\ndel m.z. MX 1 y.z.\n"
                        "add c.z. 5 CAA 0 issue \"ca\"\ndel hello.z. SRV\n");
        for (unsigned changes = 1 + rand_below(&r, 3); changes; changes--) {
            size_t at = 17 + rand_below(&r, (uint32_t)(t->size - 17));
            t->message[at] = rand_below(&r, 2) ? (uint8_t)rand_next(&r)
                                               : (uint8_t)(t->message[at] + rand_below(&r, 3) - 1);
        }
        if (query_parse(t->message, t->size, &q) != QUERY_UPDATE || q.tsig_at)
            continue;
        update_sign(t);
        codes[update_send_once(t) & 15]++;
        t->lease_ms++;
        if (n % 50 == 0)
            update_publish(t);
    }
    assert_true(codes[R_NOERROR] > 100 && codes[R_FORMERR] > 100 && codes[R_REFUSED] > 10);
    update_rig_free(t);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_no_service), cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_other_zones),         cmocka_unit_test(test_instances_of_other_ways),
        cmocka_unit_test(test_more_prerequisites),  cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_more_of_browsing),    cmocka_unit_test(test_zone_with_soa_alone),
        cmocka_unit_test(test_without_lease),       cmocka_unit_test(test_zone_has_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

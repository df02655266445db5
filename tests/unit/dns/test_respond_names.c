/* All names of section 5 and what they answer; negative answers; aliases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/answering.h"

#define ZONE                                                                                       \
    "@ SOA ns host 100 60 10 86400 2\n"                                                            \
    "@ 60 NS ns\n"                                                                                 \
    "ns 60 A 10.9.9.9\n"                                                                           \
    "www 60 CNAME ns\n"                                                                            \
    "alias 60 CNAME Web\n"                                                                         \
    "two 60 CNAME alias\n"                                                                         \
    "away 60 CNAME elsewhere.example.\n"                                                           \
    "lost 60 CNAME nobody\n"                                                                       \
    "idle 60 CNAME empty\n"                                                                        \
    "loop1 60 CNAME loop2\n"                                                                       \
    "loop2 60 CNAME loop1\n"                                                                       \
    "deep.below 60 TXT \"x\"\n"                                                                    \
    "x.tag.web 60 TXT \"static\"\n"

static struct rig *t;

static int setup(void **state)
{
    (void)state;
    t = rig_new(ZONE, NULL);
    reg(t->registry, "web/a",
        "addr=10.0.0.1 port=80 port=grpc:90/tcp w=10 version=1.4.2 zone=eu "
        "tag=blue tag=fast m.shard=s1",
        1);
    reg(t->registry, "web/b",
        "addr=10.0.0.2 addr=fd00::2 port=81 port=grpc:91/tcp port=q:92/udp "
        "w=20 version=1.4.2 zone=us tag=blue m.shard=s2",
        1);
    reg(t->registry, "web/c", "addr=10.0.0.3 port=82/udp w=30 version=2 zone=eu", 1);
    reg(t->registry, "web/d", "addr=10.0.0.4 port=83 status=draining version=3", 1);
    reg(t->registry, "web/e", "addr=10.0.0.5 port=84 status=down", 1);
    reg(t->registry, "web/f", "addr=10.0.0.6 w=5 version=noport", 1);
    reg(t->registry, "empty/x", "addr=10.0.1.1 port=1", 1);
    unreg(t->registry, "empty/x", 2);
    reg(t->registry, "busy/x", "addr=10.0.1.1 port=1 status=draining", 1);
    reg(t->registry, "busy/y", "addr=10.0.1.2 port=1 status=starting", 1);
    reg(t->registry, "busy/z", "addr=10.0.1.3 port=1 status=draining", 1);
    reg(t->registry, "user.rpc/u", "addr=10.0.2.1 port=5", 1);
    reg(t->registry, "x.y.deep/u", "addr=10.0.3.1 port=5", 1);
    reg(t->registry, "deep/y", "addr=10.0.3.2 port=6 tag=z", 1);
    reg(t->registry, "p.z.tag.deep/u", "addr=10.0.3.3 port=7", 1);
    publish(t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_free(t);
    return 0;
}

#define NXDOMAIN 3
#define NODATA(t, name, type) expect(t, name, type, 0, "")
#define NO_NAME(t, name, type) expect(t, name, type, NXDOMAIN, "")

static void test_service(void **state)
{
    (void)state;
    expect(t, "web.z", T_SRV, 0,
           "web.z. 5 SRV 0 10 80 a.web.z.\nweb.z. 5 SRV 0 20 81 b.web.z.\n"
           "web.z. 5 SRV 0 30 82 c.web.z.");
    assert_true(dns_reply_is(&t->reply, SECTION_ADDITIONAL_AT,
                             "a.web.z. 5 A 10.0.0.1\nb.web.z. 5 A 10.0.0.2\n"
                             "b.web.z. 5 AAAA fd00::2\nc.web.z. 5 A 10.0.0.3"));
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 0);
    expect(t, "web.z", T_A, 0,
           "web.z. 5 A 10.0.0.1\nweb.z. 5 A 10.0.0.2\nweb.z. 5 A 10.0.0.3\n"
           "web.z. 5 A 10.0.0.6");
    expect(t, "web.z", T_AAAA, 0, "web.z. 5 AAAA fd00::2");
    expect(t, "web.z", T_TXT, 0,
           "web.z. 5 TXT \"version=1.4.2\" \"zone=eu\" \"tags=blue,fast\" \"shard=s1\"\n"
           "web.z. 5 TXT \"version=1.4.2\" \"zone=us\" \"tags=blue\" \"shard=s2\"\n"
           "web.z. 5 TXT \"version=2\" \"zone=eu\"\nweb.z. 5 TXT \"version=noport\"");
    NODATA(t, "web.z", T_MX);
    assert_string_equal(t->reply.ede_text, "the name has no records of this type");
    expect(t, "WEB.Z", T_AAAA, 0, "WEB.Z. 5 AAAA fd00::2"); /* the asker's case */
    expect(t, "web.z", T_ANY, 0,
           "web.z. 5 SRV 0 10 80 a.web.z.\nweb.z. 5 SRV 0 20 81 b.web.z.\n"
           "web.z. 5 SRV 0 30 82 c.web.z.");
    expect(t, "user.rpc.z", T_SRV, 0, "user.rpc.z. 5 SRV 0 100 5 u.user.rpc.z.");
    NODATA(t, "rpc.z", T_SRV);
    NO_NAME(t, "nobody.z", T_SRV);
    assert_string_equal(t->reply.ede_text, "no such name; what exists of it is z.");
    NO_NAME(t, "other.rpc.z", T_SRV);
    assert_string_equal(t->reply.ede_text, "no such name; what exists of it is rpc.z.");
}

static void test_protocols_and_ports(void **state)
{
    (void)state;
    expect(t, "_web._tcp.z", T_SRV, 0,
           "_web._tcp.z. 5 SRV 0 10 80 a.web.z.\n_web._tcp.z. 5 SRV 0 20 81 b.web.z.");
    expect(t, "_web._udp.z", T_SRV, 0,
           "_web._udp.z. 5 SRV 0 20 92 b.web.z.\n_web._udp.z. 5 SRV 0 30 82 c.web.z.");
    expect(t, "_web._tcp.z", T_ANY, 0,
           "_web._tcp.z. 5 SRV 0 10 80 a.web.z.\n_web._tcp.z. 5 SRV 0 20 81 b.web.z.");
    NODATA(t, "_web._tcp.z", T_A);
    NODATA(t, "_tcp.z", T_SRV);
    expect(t, "_user.rpc._tcp.z", T_SRV, 0, "_user.rpc._tcp.z. 5 SRV 0 100 5 u.user.rpc.z.");
    NODATA(t, "_user.rpc._udp.z", T_SRV); /* exists, without ports */
    NO_NAME(t, "c._web._tcp.z", T_SRV);
    NO_NAME(t, "_web._sctp.z", T_SRV);
    expect(t, "_grpc._tcp.web.z", T_SRV, 0,
           "_grpc._tcp.web.z. 5 SRV 0 10 90 a.web.z.\n_grpc._tcp.web.z. 5 SRV 0 20 91 b.web.z.");
    NODATA(t, "_grpc._tcp.web.z", T_A);
    expect(t, "_q._udp.web.z", T_SRV, 0, "_q._udp.web.z. 5 SRV 0 20 92 b.web.z.");
    NO_NAME(t, "_grpc._udp.web.z", T_SRV);
    NO_NAME(t, "_none._tcp.web.z", T_SRV);
    NODATA(t, "_tcp.web.z", T_SRV);
    NODATA(t, "_udp.web.z", T_SRV);
    NO_NAME(t, "_sctp.web.z", T_SRV);
    NO_NAME(t, "x._grpc._tcp.web.z", T_SRV);
}

static void test_instances(void **state)
{
    (void)state;
    expect(t, "b.web.z", T_A, 0, "b.web.z. 5 A 10.0.0.2");
    expect(t, "b.web.z", T_AAAA, 0, "b.web.z. 5 AAAA fd00::2");
    expect(t, "b.web.z", T_SRV, 0, "b.web.z. 5 SRV 0 20 81 b.web.z.");
    assert_true(dns_reply_is(&t->reply, SECTION_ADDITIONAL_AT,
                             "b.web.z. 5 A 10.0.0.2\nb.web.z. 5 AAAA fd00::2"));
    expect(t, "c.web.z", T_TXT, 0, "c.web.z. 5 TXT \"version=2\" \"zone=eu\"");
    expect(t, "u.user.rpc.z", T_TXT, 0, "u.user.rpc.z. 5 TXT \"\"");
    NODATA(t, "a.web.z", T_AAAA);
    NODATA(t, "a.web.z", T_MX);
    expect(t, "d.web.z", T_A, 0, "d.web.z. 5 A 10.0.0.4"); /* draining */
    NODATA(t, "e.web.z", T_A);                             /* down */
    assert_string_equal(t->reply.ede_text, "the instance is down");
    NODATA(t, "f.web.z", T_SRV); /* no port */
    NO_NAME(t, "g.web.z", T_A);
    NO_NAME(t, "x.a.web.z", T_A);
    NO_NAME(t, "x.y.a.web.z", T_A);
}

static void test_selectors(void **state)
{
    (void)state;
    expect(t, "1-4-2.version.web.z", T_SRV, 0,
           "1-4-2.version.web.z. 5 SRV 0 10 80 a.web.z.\n"
           "1-4-2.version.web.z. 5 SRV 0 20 81 b.web.z.");
    expect(t, "blue.tag.web.z", T_A, 0,
           "blue.tag.web.z. 5 A 10.0.0.1\nblue.tag.web.z. 5 A 10.0.0.2");
    expect(t, "Blue.Tag.web.z", T_AAAA, 0, "Blue.Tag.web.z. 5 AAAA fd00::2");
    expect(t, "s2.shard.web.z", T_TXT, 0,
           "s2.shard.web.z. 5 TXT \"version=1.4.2\" \"zone=us\" \"tags=blue\" \"shard=s2\"");
    expect(t, "eu.zone.blue.tag.web.z", T_A, 0, "eu.zone.blue.tag.web.z. 5 A 10.0.0.1");
    expect(t, "blue.tag.eu.zone.web.z", T_A, 0, "blue.tag.eu.zone.web.z. 5 A 10.0.0.1");
    expect(t, "s1.shard.eu.zone.fast.tag.1-4-2.version.web.z", T_A, 0,
           "s1.shard.eu.zone.fast.tag.1-4-2.version.web.z. 5 A 10.0.0.1");
    NO_NAME(t, "s1.shard.s1.shard.eu.zone.fast.tag.1-4-2.version.web.z", T_A); /* five pairs */
    expect(t, "eu.zone.web.z", T_ANY, 0,
           "eu.zone.web.z. 5 SRV 0 10 80 a.web.z.\neu.zone.web.z. 5 SRV 0 30 82 c.web.z.");
    NODATA(t, "blue.tag.2.version.web.z", T_A); /* each exists, both together do not */
    NODATA(t, "3.version.web.z", T_A);          /* draining */
    assert_string_equal(t->reply.ede_text, "no live instance with such data is selected");
    NODATA(t, "noport.version.web.z", T_SRV);
    expect(t, "noport.version.web.z", T_A, 0, "noport.version.web.z. 5 A 10.0.0.6");
    NODATA(t, "version.web.z", T_A); /* an empty non-terminal */
    NODATA(t, "tag.eu.zone.web.z", T_A);
    NO_NAME(t, "region.web.z", T_A);
    NO_NAME(t, "9.version.web.z", T_A);
    NO_NAME(t, "region.9.version.web.z", T_A);
    NO_NAME(t, "1-4-2.other.web.z", T_A);
    expect(t, "x.tag.web.z", T_TXT, 0, "x.tag.web.z. 60 TXT \"static\"");
    NODATA(t, "tag.web.z", T_A); /* at the empty non-terminal of a static name */
}

static void test_inside_longer_names(void **state)
{
    (void)state;
    /* "y.deep" is both an instance and the parent of the service "x.y.deep". */
    expect(t, "x.y.deep.z", T_A, 0, "x.y.deep.z. 5 A 10.0.3.1");
    expect(t, "y.deep.z", T_A, 0, "y.deep.z. 5 A 10.0.3.2");
    NO_NAME(t, "n.y.deep.z", T_A);
    /* "z.tag.deep" is a selector's name and stands above the service "p.z.tag.deep". */
    expect(t, "p.z.tag.deep.z", T_A, 0, "p.z.tag.deep.z. 5 A 10.0.3.3");
    expect(t, "z.tag.deep.z", T_A, 0, "z.tag.deep.z. 5 A 10.0.3.2");
    NODATA(t, "tag.deep.z", T_A);
    NO_NAME(t, "a.b.tag.deep.z", T_A);
}

static void test_nobody(void **state)
{
    (void)state;
    NODATA(t, "empty.z", T_SRV);
    assert_int_equal(t->reply.ede, 0);
    assert_string_equal(t->reply.ede_text, "service known, no instance registered");
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 1);
    NODATA(t, "_empty._tcp.z", T_SRV);
    assert_int_equal(t->reply.ede, 0);
    NO_NAME(t, "x.empty.z", T_A);
    NODATA(t, "busy.z", T_A);
    assert_string_equal(t->reply.ede_text, "3 instances, none up: 2 draining 1 starting");
    ask_with(t, &(struct question){"busy.z", T_A, 1, 0, false}); /* without EDNS: no words */
    assert_int_equal(t->reply.rcode, 0);
    assert_false(t->reply.has_opt);
    NO_NAME(t, "nobody.z", T_SRV);
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 1);
}

static void test_static(void **state)
{
    (void)state;
    char soa[100];
    ask(t, "z", T_SOA);
    unsigned serial = 0;
    assert_int_equal(sscanf(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 0),
                            "ns.z. host.z. %u 60 10 86400 2", &serial),
                     1);
    assert_true(serial >= 100);
    snprintf(soa, sizeof(soa), "z. 5 SOA ns.z. host.z. %u 60 10 86400 2", serial);
    expect(t, "z", T_SOA, 0, soa);
    expect(t, "z", T_NS, 0, "z. 60 NS ns.z.");
    expect(t, "z", T_ANY, 0, "z. 60 NS ns.z.");
    NODATA(t, "z", 43); /* DS at the apex */
    snprintf(soa, sizeof(soa), "z. 2 SOA ns.z. host.z. %u 60 10 86400 2", serial);
    assert_true(dns_reply_is(&t->reply, SECTION_AUTHORITY_AT, soa));
    expect(t, "ns.z", T_A, 0, "ns.z. 60 A 10.9.9.9");
    NODATA(t, "ns.z", T_SOA);
    NODATA(t, "below.z", T_TXT);
    NO_NAME(t, "other.below.z", T_TXT);
    NO_NAME(t, "x.ns.z", T_A);
}

static void test_aliases(void **state)
{
    (void)state;
    expect(t, "www.z", T_A, 0, "www.z. 60 CNAME ns.z.\nns.z. 60 A 10.9.9.9");
    expect(t, "www.z", T_CNAME, 0, "www.z. 60 CNAME ns.z.");
    expect(t, "www.z", T_ANY, 0, "www.z. 60 CNAME ns.z.");
    expect(t, "www.z", T_AAAA, 0, "www.z. 60 CNAME ns.z.");
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 1);
    /* To a service, over two steps; the RDATA's own case. */
    expect(t, "two.z", T_AAAA, 0,
           "two.z. 60 CNAME alias.z.\nalias.z. 60 CNAME Web.z.\nWeb.z. 5 AAAA fd00::2");
    expect(t, "alias.z", T_SRV, 0,
           "alias.z. 60 CNAME Web.z.\nWeb.z. 5 SRV 0 10 80 a.web.z.\n"
           "Web.z. 5 SRV 0 20 81 b.web.z.\nWeb.z. 5 SRV 0 30 82 c.web.z.");
    assert_int_equal(t->reply.counts[SECTION_ADDITIONAL_AT], 4);
    expect(t, "away.z", T_A, 0, "away.z. 60 CNAME elsewhere.example.");
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 0);
    assert_true(t->reply.flags & 0x0400);
    expect(t, "lost.z", T_A, NXDOMAIN, "lost.z. 60 CNAME nobody.z.");
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 1);
    expect(t, "idle.z", T_A, 0, "idle.z. 60 CNAME empty.z.");
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 1);
    expect(t, "loop1.z", T_A, 0, "loop1.z. 60 CNAME loop2.z.\nloop2.z. 60 CNAME loop1.z.");
}

static void test_long_chain(void **state)
{
    (void)state;
    char zone[2048] = "@ SOA ns host 1 60 10 86400 2\n@ NS ns\n";
    for (int i = 0; i < 20; i++)
        sprintf(zone + strlen(zone), "c%d CNAME c%d\n", i, i + 1);
    strcat(zone, "c20 A 10.0.0.1\n");
    struct rig *chain = rig_new(zone, NULL);
    assert_int_equal(ask(chain, "c4.z", T_A)->counts[SECTION_ANSWER_AT], 17);
    assert_string_equal(dns_reply_data(&chain->reply, SECTION_ANSWER_AT, 16), "10.0.0.1");
    assert_int_equal(ask(chain, "c3.z", T_A)->counts[SECTION_ANSWER_AT], 16); /* cut off */
    assert_int_equal(chain->reply.rcode, 0);
    rig_free(chain);
}

static void test_rules(void **state)
{
    (void)state;
    static char glob[] = "w*";
    struct dns_rule rule = {glob, 30, 9, 0, 256, DNS_UNSET, DNS_UNSET, DNS_UNSET};
    struct rig *r = rig_new(ZONE, &rule);
    reg(r->registry, "wide/a", "addr=10.0.0.1 port=1 w=10", 1);
    reg(r->registry, "wide/b", "addr=10.0.0.2 port=1 w=20 ttl=12", 1);
    publish(r);
    expect(r, "wide.z", T_SRV, 0,
           "wide.z. 12 SRV 0 2560 1 a.wide.z.\nwide.z. 12 SRV 0 5120 1 b.wide.z.");
    expect(r, "wide.z", T_AAAA, 0, "");
    assert_memory_equal(dns_reply_line(&r->reply, SECTION_AUTHORITY_AT, 0), "z. 9 SOA ", 9);
    assert_non_null(strstr(dns_reply_line(&r->reply, SECTION_AUTHORITY_AT, 0), " 86400 9"));
    expect(r, "none.z", T_AAAA, NXDOMAIN, "");
    assert_memory_equal(dns_reply_line(&r->reply, SECTION_AUTHORITY_AT, 0), "z. 2 SOA ", 9);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service),    cmocka_unit_test(test_protocols_and_ports),
        cmocka_unit_test(test_instances),  cmocka_unit_test(test_selectors),
        cmocka_unit_test(test_nobody),     cmocka_unit_test(test_static),
        cmocka_unit_test(test_aliases),    cmocka_unit_test(test_inside_longer_names),
        cmocka_unit_test(test_long_chain), cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

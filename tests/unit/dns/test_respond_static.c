/* Names of zone files as RFC 1034 section 4.3.2 wants them: DNAMEs, wildcards, delegations,
 * empty non-terminals, addresses of what is pointed to; beside live services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/answering.h"

enum { T_DNAME = 39, T_DS = 43, YXDOMAIN = 6, NXDOMAIN = 3 };

#define LONG_LABEL "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"

#define ZONE                                                                                       \
    "$TTL 60\n"                                                                                    \
    "@ SOA ns host 100 60 10 86400 2\n"                                                            \
    "@ NS ns\n"                                                                                    \
    "@ MX 10 mail\n"                                                                               \
    "@ MX 20 a.web\n"                                                                              \
    "@ MX 30 ns.sub\n"                                                                             \
    "ns A 10.9.9.9\n"                                                                              \
    "mail A 10.9.9.1\n"                                                                            \
    "mail AAAA fd00::1\n"                                                                          \
    "_x._tcp SRV 1 2 3 mail\n"                                                                     \
    "_x._tcp SRV 1 2 4 Mail\n"                                                                     \
    "_x._tcp SRV 1 2 5 any.wild\n"                                                                 \
    "odd TYPE65280 \\# 3 abcdef\n" /* DNAMEs */                                                    \
    "dn DNAME target\n"                                                                            \
    "dn TXT \"beside\"\n"                                                                          \
    "host.target A 10.9.9.2\n"                                                                     \
    "todn CNAME Host.dn\n"                                                                         \
    "svc DNAME web\n"                                                                              \
    "far DNAME other.example.\n"                                                                   \
    "long DNAME " LONG_LABEL "." LONG_LABEL "." LONG_LABEL "\n"                                    \
    "l1 DNAME l2\n"                                                                                \
    "l2 DNAME l1\n"                                                                                \
    "self DNAME x.self\n" /* wildcards */                                                          \
    "*.wild A 10.9.9.3\n"                                                                          \
    "*.wild MX 10 mail\n"                                                                          \
    "there.wild TXT \"x\"\n"                                                                       \
    "b.ent.wild TXT \"x\"\n"                                                                       \
    "x.*.wild TXT \"below\"\n"                                                                     \
    "*.alias CNAME mail\n"                                                                         \
    "*.around CNAME x.around\n"                                                                    \
    "*.web A 10.9.9.4\n"                                                                           \
    "*.tag.web TXT \"of the file\"\n"                                                              \
    "*._web._tcp TXT \"of the file\"\n"                                                            \
    "x.*.half TXT \"x\"\n" /* delegations */                                                       \
    "sub NS ns.sub\n"                                                                              \
    "sub NS ns\n"                                                                                  \
    "sub NS ns.elsewhere.example.\n"                                                               \
    "sub DS 1 13 2 00ff\n"                                                                         \
    "ns.sub A 10.9.9.5\n"                                                                          \
    "*.sub A 10.9.9.6\n"                                                                           \
    "deep.sub NS ns.deep.sub\n"                                                                    \
    "ns.deep.sub A 10.9.9.7\n"                                                                     \
    "plain NS ns.elsewhere.example.\n"                                                             \
    "tosub CNAME www.sub\n"                                                                        \
    "e.d.c TXT \"x\"\n"

static struct rig *t;

static int setup(void **state)
{
    (void)state;
    t = rig_new(ZONE, NULL);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 tag=blue", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=81 tag=red", 1);
    reg(t->registry, "in.sub/a", "addr=10.0.1.1 port=80", 1);
    reg(t->registry, "plain/a", "addr=10.0.1.2 port=80", 1);
    reg(t->registry, "in.dn/a", "addr=10.0.1.3 port=80", 1);
    reg(t->registry, "dn2/a", "addr=10.0.1.4 port=80", 1);
    publish(t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_free(t);
    return 0;
}

#define NODATA(t, name, type) expect(t, name, type, 0, "")
#define NO_NAME(t, name, type) expect(t, name, type, NXDOMAIN, "")

static bool is_authoritative(void)
{
    return t->reply.flags & 0x0400;
}

static unsigned soas(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < t->reply.counts[SECTION_AUTHORITY_AT]; i++)
        count += strstr(dns_reply_line(&t->reply, SECTION_AUTHORITY_AT, i), " SOA ") != NULL;
    return count;
}

static void expect_additional(const char *lines)
{
    if (!dns_reply_is(&t->reply, SECTION_ADDITIONAL_AT, lines))
        fail_msg("%s", t->reply.fault);
}

static void test_additional(void **state)
{
    (void)state;
    expect(t, "z", T_MX, 0, "z. 60 MX 10 mail.z.\nz. 60 MX 20 a.web.z.\nz. 60 MX 30 ns.sub.z.");
    expect_additional("mail.z. 60 A 10.9.9.1\nmail.z. 60 AAAA fd00::1\na.web.z. 5 A 10.0.0.1");
    expect(t, "z", T_NS, 0, "z. 60 NS ns.z.");
    expect_additional("ns.z. 60 A 10.9.9.9");
    ask(t, "_x._tcp.z", T_SRV); /* each host once, by a wildcard too */
    assert_int_equal(t->reply.counts[SECTION_ADDITIONAL_AT], 3);
    expect(t, "odd.z", 65280, 0, "odd.z. 60 TYPE65280 \\# 3 abcdef");
    NODATA(t, "odd.z", 666);
}

static void test_dname(void **state)
{
    (void)state;
    expect(t, "host.dn.z", T_A, 0,
           "dn.z. 60 DNAME target.z.\nhost.dn.z. 60 CNAME host.target.z.\n"
           "host.target.z. 60 A 10.9.9.2");
    assert_true(is_authoritative());
    expect(t, "HOST.Dn.z", T_A, 0, /* the asker's case */
           "Dn.z. 60 DNAME target.z.\nHOST.Dn.z. 60 CNAME HOST.target.z.\n"
           "HOST.target.z. 60 A 10.9.9.2");
    expect(t, "no.dn.z", T_CNAME, 0, /* that is the answer */
           "dn.z. 60 DNAME target.z.\nno.dn.z. 60 CNAME no.target.z.");
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 0);
    expect(t, "dn.z", T_TXT, 0, "dn.z. 60 TXT \"beside\"");
    expect(t, "dn.z", T_DNAME, 0, "dn.z. 60 DNAME target.z.");
    NODATA(t, "dn.z", T_A);
    expect(t, "no.dn.z", T_A, NXDOMAIN, "dn.z. 60 DNAME target.z.\nno.dn.z. 60 CNAME no.target.z.");
    assert_int_equal(soas(), 1);
    expect(t, "todn.z", T_A, 0,
           "todn.z. 60 CNAME Host.dn.z.\ndn.z. 60 DNAME target.z.\n"
           "Host.dn.z. 60 CNAME Host.target.z.\nHost.target.z. 60 A 10.9.9.2");
    expect(t, "a.svc.z", T_A, 0, /* to an instance */
           "svc.z. 60 DNAME web.z.\na.svc.z. 60 CNAME a.web.z.\na.web.z. 5 A 10.0.0.1");
    expect(t, "x.y.far.z", T_A, 0,
           "far.z. 60 DNAME other.example.\nx.y.far.z. 60 CNAME x.y.other.example.");
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 0);
    expect(t, LONG_LABEL "." LONG_LABEL ".long.z", T_A, YXDOMAIN,
           "long.z. 60 DNAME " LONG_LABEL "." LONG_LABEL "." LONG_LABEL ".z.");
    assert_true(is_authoritative());
}

static void test_dname_loops(void **state)
{
    (void)state;
    expect(t, "x.l1.z", T_A, 0,
           "l1.z. 60 DNAME l2.z.\nx.l1.z. 60 CNAME x.l2.z.\n"
           "l2.z. 60 DNAME l1.z.\nx.l2.z. 60 CNAME x.l1.z.");
    ask(t, "a.self.z", T_A); /* grows and is cut off */
    assert_int_equal(t->reply.rcode, 0);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 1 + 16);
}

static void test_wildcards(void **state)
{
    (void)state;
    expect(t, "any.wild.z", T_A, 0, "any.wild.z. 60 A 10.9.9.3");
    expect(t, "x.y.Any.wild.z", T_A, 0, "x.y.Any.wild.z. 60 A 10.9.9.3");
    expect(t, "*.wild.z", T_A, 0, "*.wild.z. 60 A 10.9.9.3");
    expect(t, "any.wild.z", T_MX, 0, "any.wild.z. 60 MX 10 mail.z.");
    expect_additional("mail.z. 60 A 10.9.9.1\nmail.z. 60 AAAA fd00::1");
    NODATA(t, "any.wild.z", T_TXT);
    assert_int_equal(soas(), 1);
    NODATA(t, "there.wild.z", T_A); /* what is there is not synthesized, nor what is below */
    NO_NAME(t, "x.there.wild.z", T_A);
    NODATA(t, "ent.wild.z", T_A);
    NO_NAME(t, "x.ent.wild.z", T_A);
    expect(t, "x.*.wild.z", T_TXT, 0, "x.*.wild.z. 60 TXT \"below\"");
    NO_NAME(t, "y.*.wild.z", T_A);
    NODATA(t, "any.half.z", T_TXT); /* the wildcard is an empty non-terminal */
    NODATA(t, "wild.z", T_A);
    expect(t, "q.alias.z", T_A, 0, "q.alias.z. 60 CNAME mail.z.\nmail.z. 60 A 10.9.9.1");
    expect(t, "*.alias.z", T_CNAME, 0, "*.alias.z. 60 CNAME mail.z.");
    expect(t, "q.around.z", T_A, 0,
           "q.around.z. 60 CNAME x.around.z.\nx.around.z. 60 CNAME x.around.z.");
}

static void test_wildcards_beside_services(void **state)
{
    (void)state;
    expect(t, "nobody.web.z", T_A, 0, "nobody.web.z. 60 A 10.9.9.4");
    expect(t, "x.nobody.web.z", T_A, 0, "x.nobody.web.z. 60 A 10.9.9.4");
    expect(t, "a.web.z", T_A, 0, "a.web.z. 5 A 10.0.0.1");
    NODATA(t, "a.web.z", T_AAAA);
    NO_NAME(t, "x.a.web.z", T_A); /* the instance is the closest encloser */
    expect(t, "blue.tag.web.z", T_A, 0, "blue.tag.web.z. 5 A 10.0.0.1");
    expect(t, "green.tag.web.z", T_TXT, 0, "green.tag.web.z. 60 TXT \"of the file\"");
    NO_NAME(t, "x.blue.tag.web.z", T_TXT);
    expect(t, "x.green.tag.web.z", T_TXT, 0, "x.green.tag.web.z. 60 TXT \"of the file\"");
    expect(t, "a._web._tcp.z", T_TXT, 0, "a._web._tcp.z. 5 TXT \"tags=blue\"");
    expect(t, "x.c._web._tcp.z", T_TXT, 0, "x.c._web._tcp.z. 60 TXT \"of the file\"");
    NO_NAME(t, "x.a._web._tcp.z", T_TXT);
    NO_NAME(t, "x.tcp.dn2.z", T_A);
}

static void test_empty_names(void **state)
{
    (void)state;
    NODATA(t, "c.z", T_A);
    NODATA(t, "d.c.z", T_A);
    NO_NAME(t, "x.d.c.z", T_A);
}

static void test_referrals(void **state)
{
    (void)state;
    static const char *const names[] = {"www.sub.z", "sub.z",      "ns.sub.z", "x.deep.sub.z",
                                        "in.sub.z",  "a.in.sub.z", "_in.sub.z"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        expect(t, names[i], T_A, 0, "");
        assert_false(is_authoritative());
        if (!dns_reply_is(&t->reply, SECTION_AUTHORITY_AT,
                          "sub.z. 60 NS ns.sub.z.\nsub.z. 60 NS ns.z.\n"
                          "sub.z. 60 NS ns.elsewhere.example."))
            fail_msg("%s: %s", names[i], t->reply.fault);
        expect_additional("ns.sub.z. 60 A 10.9.9.5\nns.z. 60 A 10.9.9.9");
    }
    expect(t, "sub.z", T_NS, 0, "");
    assert_false(is_authoritative());
    expect(t, "sub.z", T_ANY, 0, "");
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 3);
    expect(t, "plain.z", T_SRV, 0, ""); /* the service there is hidden */
    assert_false(is_authoritative());
    assert_int_equal(t->reply.counts[SECTION_ADDITIONAL_AT], 0);
    expect(t, "tosub.z", T_A, 0, "tosub.z. 60 CNAME www.sub.z.");
    assert_true(is_authoritative()); /* it speaks of the alias */
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 3);
    expect(t, "in.dn.z", T_SRV, NXDOMAIN,
           "dn.z. 60 DNAME target.z.\nin.dn.z. 60 CNAME in.target.z.");
    assert_int_equal(dns_totals(t->dns).hidden_services, 3);
    assert_true(dns_name_taken(t->dns, TEXT("default"), TEXT("x.sub"), TEXT("")));
    assert_true(dns_name_taken(t->dns, TEXT("default"), TEXT("plain"), TEXT("a")));
    assert_true(dns_name_taken(t->dns, TEXT("default"), TEXT("x.dn"), TEXT("")));
    assert_false(dns_name_taken(t->dns, TEXT("default"), TEXT("subx"), TEXT("")));
}

static void test_ds(void **state)
{
    (void)state;
    expect(t, "sub.z", T_DS, 0, "sub.z. 60 DS 1 13 2 00ff");
    assert_true(is_authoritative());
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 0);
    NODATA(t, "plain.z", T_DS);
    assert_true(is_authoritative());
    assert_int_equal(soas(), 1);
    expect(t, "www.sub.z", T_DS, 0, ""); /* below: the other side knows */
    assert_false(is_authoritative());
    expect(t, "deep.sub.z", T_DS, 0, "");
    assert_false(is_authoritative());
    NODATA(t, "z", T_DS);
    assert_true(is_authoritative());
}

/* What must be there and does not fit is said by TC; what need not be is left out. */
static void test_glue_that_does_not_fit(void **state)
{
    (void)state;
    char zone[8192] = "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.0.0.1\n";
    for (int i = 0; i < 15; i++)
        sprintf(zone + strlen(zone),
                "in NS s%d.in\ns%d.in A 10.0.1.%d\nout NS t%d\nt%d A 10.0.2.%d\n"
                "t%d AAAA ::%d\n",
                i, i, i, i, i, i, i, i);
    struct rig *g = rig_new(zone, NULL);
    ask_with(g, &(struct question){"x.in.z", T_A, 1, 0, false});
    assert_true(g->reply.flags & 0x0200);
    assert_int_equal(g->reply.counts[SECTION_AUTHORITY_AT], 15);
    ask_with(g, &(struct question){"x.in.z", T_A, 1, 0, true});
    assert_false(g->reply.flags & 0x0200);
    assert_int_equal(g->reply.counts[SECTION_ADDITIONAL_AT], 15);
    ask_with(g, &(struct question){"x.out.z", T_A, 1, 0, false});
    assert_false(g->reply.flags & 0x0200);
    assert_true(g->reply.counts[SECTION_ADDITIONAL_AT] < 30);
    ask_with(g, &(struct question){"x.out.z", T_A, 1, 0, true});
    assert_int_equal(g->reply.counts[SECTION_ADDITIONAL_AT], 30);
    rig_free(g);
}

/* By UDP from where large answers are allowed. */
static void ask_large(struct rig *g, const char *name, uint16_t most)
{
    struct question q = {name, T_A, 1, most, false};
    g->client.bytes[0] = 127;
    g->query_size = question_write(&q, g->query);
    dns_reply_free(&g->reply);
    send_bytes(g, g->query, g->query_size, false);
    if (!dns_check(g->query, g->query_size, g->out, g->size, most, &g->reply))
        fail_msg("%s: %s", name, g->reply.fault);
}

/* All servers below the cut have to be found, beyond those whose addresses are a courtesy. */
static void test_glue_of_many(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    char zone[8192] = "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.0.0.1\n";
    for (int i = 0; i < COUNT; i++)
        sprintf(zone + strlen(zone),
                "in NS n%02d.in\nn%02d.in A 10.0.1.%d\nout NS o%d\no%d A "
                "10.0.2.%d\n",
                i, i, i, i, i, i);
    struct rig *g = rig_new(zone, NULL);
    ask_large(g, "x.in.z", 4096);
    assert_int_equal(g->reply.counts[SECTION_ADDITIONAL_AT], COUNT);
    assert_false(g->reply.flags & 0x0200);
    ask_large(g, "x.in.z", (uint16_t)(g->size - 1));
    assert_int_equal(g->reply.counts[SECTION_ADDITIONAL_AT], COUNT - 1);
    assert_true(g->reply.flags & 0x0200);
    ask_large(g, "x.out.z", 4096);
    assert_int_equal(g->reply.counts[SECTION_ADDITIONAL_AT], DNS_ADDITIONAL_TARGETS);
    assert_false(g->reply.flags & 0x0200);
    rig_free(g);
}

/* However many hosts a set names, the addresses of 32 are looked for. */
static void test_bounded_additional(void **state)
{
    (void)state;
    char zone[4096] = "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.0.0.1\n";
    for (int i = 0; i < 40; i++)
        sprintf(zone + strlen(zone), "@ MX %d m%d\nm%d A 10.0.1.%d\n", i, i, i, i);
    struct rig *g = rig_new(zone, NULL);
    ask_tcp(g, "z", T_MX);
    assert_int_equal(g->reply.counts[SECTION_ANSWER_AT], 40);
    assert_int_equal(g->reply.counts[SECTION_ADDITIONAL_AT], DNS_ADDITIONAL_TARGETS);
    rig_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_additional),
        cmocka_unit_test(test_dname),
        cmocka_unit_test(test_dname_loops),
        cmocka_unit_test(test_wildcards),
        cmocka_unit_test(test_wildcards_beside_services),
        cmocka_unit_test(test_empty_names),
        cmocka_unit_test(test_referrals),
        cmocka_unit_test(test_ds),
        cmocka_unit_test(test_glue_that_does_not_fit),
        cmocka_unit_test(test_glue_of_many),
        cmocka_unit_test(test_bounded_additional),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

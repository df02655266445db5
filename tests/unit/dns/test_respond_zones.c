/* Several zones, one inside the other, and purely static ones: the longest match answers,
 * the parent's side knows of DS; aliases from zone to zone; ANY. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/answering.h"

enum { T_DS = 43, NXDOMAIN = 3 };

#define OUTER                                                                                      \
    "$TTL 60\n"                                                                                    \
    "@ SOA ns host 100 60 10 86400 2\n"                                                            \
    "@ NS ns\n"                                                                                    \
    "ns A 10.9.9.9\n"                                                                              \
    "@ TXT \"outer\"\n"                                                                            \
    "* TXT \"any\"\n"                                                                              \
    "in NS ns.in\n"                                                                                \
    "in DS 1 13 2 00ff\n"                                                                          \
    "ns.in A 10.9.9.1\n"                                                                           \
    "gone.in TXT \"of the outer zone, not served\"\n"                                              \
    "cut NS ns.other.\n"                                                                           \
    "toin CNAME www.in\n"                                                                          \
    "toother CNAME www.other.\n"                                                                   \
    "dn DNAME in\n"

#define INNER                                                                                      \
    "@ SOA ns host 7 60 10 86400 2\n"                                                              \
    "@ 60 NS ns\n"                                                                                 \
    "ns 60 A 10.9.9.1\n"                                                                           \
    "www 60 A 10.9.9.2\n"                                                                          \
    "back 60 CNAME web.z.\n"                                                                       \
    "lost 60 CNAME no.such.in.z.\n"

#define SMALL "@ SOA ns host 7 60 10 86400 2\n@ 60 NS ns.elsewhere.\nx 60 A 10.9.9.3\n"

static int fds[6];
static unsigned fd_count;

/* One more zone; a static one. */
static void add_zone(struct dns_config *config, const char *name, const char *records)
{
    char path[64];
    int fd = fds[fd_count++] = memfd_create("zone", MFD_CLOEXEC);
    assert_int_equal(write(fd, records, strlen(records)), (ssize_t)strlen(records));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    config->zones = realloc(config->zones, (config->zone_count + 1) * sizeof(*config->zones));
    config->zones[config->zone_count++] = (struct dns_zone_config){
        .name = strdup(name), .file = strdup(path), .ttl = 5, .negative_ttl = 3};
}

static void add_zones(struct dns_config *config)
{
    add_zone(config, "in.z", INNER);
    add_zone(config, "a.b.z", SMALL); /* that the outer zone knows nothing of */
    add_zone(config, "a.c.z", SMALL);
    add_zone(config, "x.cut.z", SMALL);
    add_zone(config, "other",
             "@ SOA ns host 7 60 10 86400 2\n@ NS ns.in.z.\n"
             "www CNAME toin.z.\nmx MX 1 ns.in.z.\nmx MX 2 i.web.z.\n");
    add_zone(config, "own", "@ 20 SOA ns host 7 60 10 86400 300\n@ 60 NS ns.in.z.\n");
    config->zones[config->zone_count - 1].ttl = DNS_UNSET;
    config->zones[config->zone_count - 1].negative_ttl = DNS_UNSET;
    config->any_full = true;
    config->zones[0].negative_ttl = 9; /* longer than the ttl of 5 */
}

static struct rig *t;

static int setup(void **state)
{
    (void)state;
    t = rig_with_config(OUTER, NULL, add_zones);
    for (unsigned i = 0; i < fd_count; i++)
        close(fds[i]);
    reg(t->registry, "web/i", "addr=10.0.0.1 port=80", 1);
    reg(t->registry, "b/i", "addr=10.0.0.2 port=80", 1);
    publish(t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_free(t);
    return 0;
}

/* Whose SOA is the only record of the authority section? */
#define expect_soa_of(zone)                                                                        \
    do {                                                                                           \
        assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 1);                                \
        const char *line_ = dns_reply_line(&t->reply, SECTION_AUTHORITY_AT, 0);                    \
        if (strncmp(line_, zone " ", sizeof(zone)) != 0 || !strstr(line_, " SOA "))                \
            fail_msg("line %d: %s", __LINE__, line_);                                              \
    } while (0)

static bool is_authoritative(void)
{
    return t->reply.flags & 0x0400;
}

static void test_longest_match(void **state)
{
    (void)state;
    expect(t, "www.in.z", T_A, 0, "www.in.z. 60 A 10.9.9.2");
    expect(t, "in.z", T_NS, 0, "in.z. 60 NS ns.in.z.");
    assert_true(is_authoritative());
    expect(t, "no.in.z", T_A, NXDOMAIN, ""); /* the outer wildcard is no concern of it */
    expect_soa_of("in.z.");
    expect(t, "gone.in.z", T_TXT, NXDOMAIN, "");
    expect(t, "x.a.b.z", T_A, 0, "x.a.b.z. 60 A 10.9.9.3");
    expect(t, "b.z", T_MX, 0, "");
    expect(t, "c.z", T_TXT, 0, ""); /* what lies above a zone exists */
    expect(t, "i.b.z", T_A, 0, "i.b.z. 5 A 10.0.0.2");
    expect(t, "q.cut.z", T_A, 0, "");
    assert_false(is_authoritative());
    expect(t, "x.cut.z", T_A, 0, "");
    expect_soa_of("x.cut.z.");
    expect(t, "q.z", T_TXT, 0, "q.z. 60 TXT \"any\"");
}

static void test_ds(void **state)
{
    (void)state;
    expect(t, "in.z", T_DS, 0, "in.z. 60 DS 1 13 2 00ff");
    assert_true(is_authoritative());
    expect(t, "a.b.z", T_DS, 0, "");
    expect_soa_of("z.");
    expect(t, "x.cut.z", T_DS, 0, ""); /* the outer zone delegates above */
    assert_false(is_authoritative());
    assert_string_equal(dns_reply_line(&t->reply, SECTION_AUTHORITY_AT, 0),
                        "cut.z. 60 NS ns.other.");
    expect(t, "other", T_DS, 0, "");
    expect_soa_of("other.");
    expect(t, "www.in.z", T_DS, 0, "");
    expect_soa_of("in.z.");
}

static void test_chains(void **state)
{
    (void)state;
    expect(t, "www.other", T_A, 0,
           "www.other. 5 CNAME toin.z.\ntoin.z. 60 CNAME www.in.z.\nwww.in.z. 60 A 10.9.9.2");
    expect(t, "back.in.z", T_A, 0, "back.in.z. 60 CNAME web.z.\nweb.z. 5 A 10.0.0.1");
    expect(t, "back.dn.z", T_A, 0,
           "dn.z. 60 DNAME in.z.\nback.dn.z. 60 CNAME back.in.z.\n"
           "back.in.z. 60 CNAME web.z.\nweb.z. 5 A 10.0.0.1");
    expect(t, "lost.in.z", T_A, NXDOMAIN, "lost.in.z. 60 CNAME no.such.in.z.");
    expect_soa_of("in.z.");
    expect(t, "toother.z", T_MX, 0,
           "toother.z. 60 CNAME www.other.\nwww.other. 5 CNAME toin.z.\n"
           "toin.z. 60 CNAME www.in.z.");
    expect_soa_of("in.z.");
    expect(t, "mx.other", T_MX, 0, "mx.other. 5 MX 1 ns.in.z.\nmx.other. 5 MX 2 i.web.z.");
    assert_true(dns_reply_is(&t->reply, SECTION_ADDITIONAL_AT,
                             "ns.in.z. 60 A 10.9.9.1\ni.web.z. 5 A 10.0.0.1"));
}

static void test_any(void **state)
{
    (void)state;
    assert_int_equal(ask(t, "z", T_ANY)->counts[SECTION_ANSWER_AT], 1);
    assert_int_equal(ask_tcp(t, "z", T_ANY)->counts[SECTION_ANSWER_AT], 3); /* SOA, NS, TXT */
    assert_int_equal(ask_tcp(t, "q.z", T_ANY)->counts[SECTION_ANSWER_AT], 1);
    assert_string_equal(dns_reply_line(&t->reply, SECTION_ANSWER_AT, 0), "q.z. 60 TXT \"any\"");
    assert_int_equal(ask_tcp(t, "toin.z", T_ANY)->counts[SECTION_ANSWER_AT], 1);
}

/* The SOA of a negative answer lives as long as it says, and never longer than the SOA
 * itself (RFC 2308 sections 3 and 5). */
static void test_negative_ttl(void **state)
{
    (void)state;
    static const struct {
        const char *apex, *missing;
        unsigned soa, negative, minimum;
    } cases[] = {
        {"z", "no.ns.z", 9, 9, 9}, {"in.z", "no.in.z", 5, 3, 3}, {"own", "no.own", 20, 20, 300}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        unsigned ttl, minimum;
        ask(t, cases[i].apex, T_SOA);
        const char *line = dns_reply_line(&t->reply, SECTION_ANSWER_AT, 0);
        assert_int_equal(sscanf(line, "%*s %u SOA %*s %*s %*u %*u %*u %*u %u", &ttl, &minimum), 2);
        assert_int_equal(ttl, cases[i].soa);
        assert_int_equal(minimum, cases[i].minimum);
        ask(t, cases[i].missing, T_A);
        line = dns_reply_line(&t->reply, SECTION_AUTHORITY_AT, 0);
        assert_int_equal(sscanf(line, "%*s %u SOA %*s %*s %*u %*u %*u %*u %u", &ttl, &minimum), 2);
        assert_int_equal(ttl, cases[i].negative);
        assert_int_equal(minimum, cases[i].minimum);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longest_match), cmocka_unit_test(test_ds),
        cmocka_unit_test(test_chains),        cmocka_unit_test(test_any),
        cmocka_unit_test(test_negative_ttl),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

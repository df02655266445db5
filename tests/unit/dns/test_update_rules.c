/* UPDATE: who may ask, prerequisites, grants, prescan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/updating.h"

#define HELLO                                                                                      \
    "add hello.z. 30 SRV 0 30 8080 a.hello.z.\n"                                                   \
    "add a.hello.z. 30 A 10.0.0.1\n"
#define ADD "add new.z. 60 A 10.0.0.9\n"

static void assert_nothing_new(struct update_rig *t)
{
    assert_int_equal(dns_records_count(t->records), 0);
    assert_int_equal(registry_totals(t->rig->registry).instances, 0);
}

/* ---- admission ----------------------------------------------------------------------------- */

static void admit(struct update_rig *t, const char *zone, uint16_t type, uint16_t class,
                  const char *key, unsigned code)
{
    t->key = key;
    update_begin_as(t, zone, type, class);
    update_lines(t, ADD "lease 60\n");
    if (key)
        update_sign(t);
    if (update_send_once(t) != code)
        fail_msg("%s %u %u %s: %u", zone, type, class, key ? key : "unsigned", t->rcode);
    assert_int_not_equal(t->text[0], 0);
    t->lease_ms++;
}

static void test_admission(void **state)
{
    struct update_rig *t = update_rig();
    admit(t, "z.", T_A, 1, "all", R_FORMERR);
    admit(t, "other.", T_SOA, 1, "all", R_NOTAUTH);
    admit(t, "sub.z.", T_SOA, 1, "all", R_NOTAUTH);
    admit(t, "z.", T_SOA, 3, "all", R_NOTAUTH);
    admit(t, "z.", T_SOA, 1, NULL, R_REFUSED);
    admit(t, "z.", T_SOA, 1, "idle", R_REFUSED);
    assert_nothing_new(t);
    update_rig_free(t);
    (void)state;
}

static void test_zone_section(void **state)
{
    struct update_rig *t = update_rig();
    struct respond *r = calloc(1, sizeof(*r));
    struct query q = {.counts = {2, 0, 0, 0}, .type = T_SOA, .class = 1};
    struct dns_task *task;
    struct dns_request request = {.transport = DNS_TCP};
    r->dns = t->rig->dns;
    r->worker = t->rig->worker;
    r->request = &request;
    r->answer.query = &q;
    assert_int_equal(update_admit(r, &q, &task), R_FORMERR);
    free(r);
    update_rig_free(t);
    (void)state;
}

static void keys_alone(struct dns_config *config)
{
    grant(config);
    size_t count = config->zones->grant_count;
    config->zones->grant_count = 0;
    for (size_t n = 0; n < count; n++) {
        struct dns_grant *g = &config->zones->grants[n];
        free(g->key);
        for (char **name = g->names; name && *name; name++)
            free(*name);
        free(g->names);
        free(g->types);
    }
    free(config->zones->grants);
    config->zones->grants = NULL;
}

static void test_disabled(void **state)
{
    struct update_rig *t = update_rig_with(UPDATE_ZONE, keys_alone);
    update(t, R_REFUSED, ADD "lease 60\n");
    assert_non_null(strstr(t->text, "takes no updates"));
    update_rig_free(t);
    t = update_rig();
    dns_use_records(t->rig->dns, NULL);
    update(t, R_REFUSED, ADD);
    update_rig_free(t);
    (void)state;
}

/* ---- prerequisites -----------------------------------------------------------------------------
 */

struct expected {
    unsigned code;
    const char *lines;
};

static void check_all(struct update_rig *t, const struct expected *all, size_t count)
{
    char lines[600];
    for (size_t n = 0; n < count; n++) {
        snprintf(lines, sizeof(lines), "%s" ADD, all[n].lines);
        if (update_send(t, lines) != all[n].code)
            fail_msg("%s: %u %s", all[n].lines, t->rcode, t->text);
        if (t->rcode && (dns_records_count(t->records) || !t->text[0]))
            fail_msg("%s: %s", all[n].lines, t->text);
        if (!t->rcode)
            assert_int_equal(update_send(t, "del new.z.\n"), R_NOERROR);
        update_publish(t);
    }
}

static void test_prerequisites_of_static_names(void **state)
{
    static const struct expected all[] = {
        {R_NOERROR, "prereq yxdomain static.z.\n"},
        {R_NOERROR, "prereq yxdomain z.\n"},
        {R_NXDOMAIN, "prereq yxdomain nobody.z.\n"},
        {R_NXDOMAIN, "prereq yxdomain made.wild.z.\n"}, /* wildcards make no names */
        {R_NXDOMAIN, "prereq yxdomain wild.z.\n"},      /* nothing but names below */
        {R_NXDOMAIN, "prereq yxdomain below.sub.z.\n"},
        {R_NOERROR, "prereq yxdomain sub.z.\n"},
        {R_NOERROR, "prereq yxdomain *.wild.z.\n"},
        {R_NOERROR, "prereq nxdomain nobody.z.\n"},
        {R_YXDOMAIN, "prereq nxdomain static.z.\n"},
        {R_YXDOMAIN, "prereq nxdomain z.\n"},
        {R_NOERROR, "prereq yxrrset static.z. A\n"},
        {R_NXRRSET, "prereq yxrrset static.z. TXT\n"},
        {R_NXRRSET, "prereq yxrrset nobody.z. A\n"},
        {R_NXRRSET, "prereq yxrrset alias.z. A\n"}, /* aliases are not followed */
        {R_NOERROR, "prereq yxrrset alias.z. CNAME\n"},
        {R_NOERROR, "prereq yxrrset z. SOA\n"},
        {R_NXRRSET, "prereq yxrrset static.z. SOA\n"},
        {R_NOERROR, "prereq yxrrset sub.z. NS\n"},
        {R_NOERROR, "prereq nxrrset static.z. TXT\n"},
        {R_YXRRSET, "prereq nxrrset static.z. A\n"},
        {R_NOERROR, "prereq yxrrset static.z. A 10.8.8.8\nprereq yxrrset static.z. A 10.8.8.9\n"},
        {R_NOERROR, "prereq yxrrset static.z. A 10.8.8.8\nprereq yxrrset z. NS ns.z.\n"
                    "prereq yxrrset static.z. A 10.8.8.9\nprereq yxrrset static.z. A 10.8.8.8\n"
                    "prereq yxrrset z. NS ns2.z.\n"},
        {R_NXRRSET, "prereq yxrrset static.z. A 10.8.8.8\n"},
        {R_NXRRSET, "prereq yxrrset static.z. A 10.8.8.8\nprereq yxrrset static.z. A 10.8.8.7\n"},
        {R_NXRRSET, "prereq yxrrset nobody.z. A 10.8.8.8\n"},
        {R_NOTZONE, "prereq yxdomain elsewhere.\n"},
        {R_NXDOMAIN, "prereq yxdomain nobody.z.\nprereq yxdomain elsewhere.\n"}, /* in order */
        {R_NOTZONE, "prereq yxdomain elsewhere.\nprereq yxdomain nobody.z.\n"},
    };
    struct update_rig *t = update_rig();
    check_all(t, all, ARRAY_COUNT(all));
    update_rig_free(t);
    (void)state;
}

static void test_prerequisites_of_services(void **state)
{
    static const struct expected all[] = {
        {R_NOERROR, "prereq yxdomain hello.z.\n"},
        {R_NOERROR, "prereq yxdomain a.hello.z.\n"},
        {R_NOERROR, "prereq yxdomain _hello._tcp.z.\n"},
        {R_NOERROR, "prereq yxdomain a._hello._tcp.z.\n"},
        {R_NXDOMAIN, "prereq yxdomain b.hello.z.\n"},
        {R_NXDOMAIN, "prereq yxdomain _tcp.hello.z.\n"},
        {R_NXDOMAIN, "prereq yxdomain gone.z.\n"}, /* known, but with nobody it owns nothing */
        {R_NOERROR, "prereq nxdomain gone.z.\n"},
        {R_YXDOMAIN, "prereq nxdomain a.hello.z.\n"},
        {R_NOERROR, "prereq yxrrset hello.z. SRV 0 30 8080 a.hello.z.\n"},
        {R_NOERROR, "prereq yxrrset hello.z. SRV 0 30 8080 A.Hello.Z.\n"},
        {R_NXRRSET, "prereq yxrrset hello.z. SRV 0 30 8081 a.hello.z.\n"},
        {R_NOERROR, "prereq yxrrset a.hello.z. TXT \"k=v\"\n"},
        {R_NOERROR, "prereq yxrrset a.hello.z. A\n"},
        {R_NXRRSET, "prereq yxrrset a.hello.z. AAAA\n"},
        {R_NOERROR, "prereq yxrrset a.hello.z. A 10.0.0.1\n"},
        {R_NOERROR, "prereq yxrrset plain.z. TXT \"x\"\n"},
        {R_YXDOMAIN, "prereq nxdomain plain.z.\n"},
    };
    struct update_rig *t = update_rig();
    reg(t->rig->registry, "gone/a", "addr=10.0.0.9 port=80", t->lease_ms);
    unreg(t->rig->registry, "gone/a", t->lease_ms);
    update(t, R_NOERROR, HELLO "add a.hello.z. 30 TXT \"k=v\"\n");
    char lines[600];
    for (size_t n = 0; n < ARRAY_COUNT(all); n++) {
        assert_int_equal(update_send(t, "add plain.z. 9 TXT x\n"), R_NOERROR); /* not published */
        snprintf(lines, sizeof(lines), "%sadd new.z. 5 A 10.0.0.1\n", all[n].lines);
        if (update_send(t, lines) != all[n].code)
            fail_msg("%s: %u %s", all[n].lines, t->rcode, t->text);
        assert_int_equal(dns_records_count(t->records), 1 + (t->rcode == R_NOERROR));
        assert_int_equal(update_send(t, "del new.z.\ndel plain.z.\n"), R_NOERROR);
    }
    update_rig_free(t);
    (void)state;
}

static void send_raw(struct update_rig *t, unsigned section, const char *name, uint16_t type,
                     uint16_t class, uint32_t ttl, const char *rdata, size_t size, unsigned code)
{
    update_begin(t);
    update_raw(t, section, name, type, class, ttl, rdata, size);
    update_rr(t, 2, "new.z.", "A", 1, 5, "10.0.0.1");
    update_sign(t);
    if (update_send_once(t) != code)
        fail_msg("%s %u %u %u: %u %s", name, type, class, ttl, t->rcode, t->text);
    assert_nothing_new(t);
    t->lease_ms++;
}

static void test_malformed_prerequisites(void **state)
{
    struct update_rig *t = update_rig();
    send_raw(t, 1, "static.z.", T_A, 255, 1, "", 0, R_FORMERR); /* TTL */
    send_raw(t, 1, "static.z.", T_A, 254, 1, "", 0, R_FORMERR);
    send_raw(t, 1, "static.z.", T_A, 1, 1, "\1\2\3\4", 4, R_FORMERR);
    send_raw(t, 1, "static.z.", T_A, 255, 0, "\1\2\3\4", 4, R_FORMERR); /* data */
    send_raw(t, 1, "static.z.", T_A, 254, 0, "\1\2\3\4", 4, R_FORMERR);
    send_raw(t, 1, "static.z.", T_A, 1, 0, "\1\2\3", 3, R_FORMERR);
    send_raw(t, 1, "static.z.", T_A, 1, 0, "", 0, R_FORMERR);
    send_raw(t, 1, "static.z.", T_ANY, 1, 0, "\1", 1, R_FORMERR);
    send_raw(t, 1, "static.z.", 252, 255, 0, "", 0, R_FORMERR);
    send_raw(t, 1, "static.z.", 0, 255, 0, "", 0, R_FORMERR);
    send_raw(t, 1, "static.z.", T_A, 3, 0, "", 0, R_FORMERR); /* class */
    update_rig_free(t);
    (void)state;
}

/* ---- prescan
 * ---------------------------------------------------------------------------------------- */

static void test_prescan(void **state)
{
    static const char long_tag[] = "\0\0";
    struct update_rig *t = update_rig();
    send_raw(t, 2, "elsewhere.", T_A, 1, 5, "\1\2\3\4", 4, R_NOTZONE);
    send_raw(t, 2, "x.z.", T_ANY, 1, 5, "\1", 1, R_FORMERR);
    send_raw(t, 2, "x.z.", 252, 1, 5, "\1", 1, R_FORMERR);
    send_raw(t, 2, "x.z.", 0, 1, 5, "\1", 1, R_FORMERR);
    send_raw(t, 2, "x.z.", T_A, 1, 5, "\1\2\3", 3, R_FORMERR);
    send_raw(t, 2, "x.z.", T_A, 1, 5, "\1\2\3\4\5", 5, R_FORMERR);
    send_raw(t, 2, "x.z.", T_A, 1, 5, "", 0, R_FORMERR);
    send_raw(t, 2, "x.z.", T_A, 255, 5, "", 0, R_FORMERR);
    send_raw(t, 2, "x.z.", T_A, 255, 0, "\1\2\3\4", 4, R_FORMERR);
    send_raw(t, 2, "x.z.", 252, 255, 0, "", 0, R_FORMERR);
    send_raw(t, 2, "x.z.", T_A, 254, 5, "\1\2\3\4", 4, R_FORMERR);
    send_raw(t, 2, "x.z.", T_A, 254, 0, "\1\2\3", 3, R_FORMERR);
    send_raw(t, 2, "x.z.", T_ANY, 254, 0, "", 0, R_FORMERR);
    send_raw(t, 2, "x.z.", T_A, 3, 5, "\1\2\3\4", 4, R_FORMERR);
    send_raw(t, 2, "x.z.", T_TXT, 1, 5, "\5abc", 4, R_FORMERR);
    send_raw(t, 2, "x.z.", T_MX, 1, 5, "\0\1\300\377", 4, R_FORMERR); /* a pointer to nowhere */
    send_raw(t, 2, "x.z.", T_SRV, 1, 5, "\0\1\0\1\0\1\1a", 8, R_FORMERR);
    send_raw(t, 2, "x.z.", 257, 1, 5, long_tag, 2, R_FORMERR); /* a CAA tag of no length */
    send_raw(t, 2, "x.z.", 257, 1, 5, "\0", 1, R_FORMERR);
    send_raw(t, 2, "x.z.", 44, 1, 5, "\1\1", 2, R_FORMERR); /* SSHFP without print */
    send_raw(t, 2, "x.z.", 64, 1, 5, "\0\1\0\0\3\0\2\0\120\0\1\0\0", 13, R_FORMERR); /* order */
    send_raw(t, 2, "x.z.", 64, 1, 5, "\0\1\0\0\3\0", 6, R_FORMERR);
    send_raw(t, 2, "x.z.", 64, 1, 5, "\0\1\0\0\3\0\2\0", 8, R_FORMERR);
    update_rig_free(t);
    (void)state;
}

/* Names in RDATA may be compressed, and are kept whole and in lower case. */
static void test_compressed_rdata(void **state)
{
    struct update_rig *t = update_rig();
    update_begin(t);
    update_raw(t, 2, "m.z.", T_MX, 1, 5, "\0\12\4MAIL\300\14", 9); /* 12: the zone's name */
    update_raw(t, 2, "r.z.", 17, 1, 5, "\3Adm\300\14\300\14", 8);
    update_raw(t, 2, "n.z.", 35, 1, 5, "\0\1\0\2\1s\3SIP\0\1r\300\14", 15);
    update_raw(t, 2, "h.z.", 65, 1, 5, "\0\1\1H\300\14\0\1\0\3\2h2\0\3\0\2\1\273", 19);
    update_sign(t);
    assert_int_equal(update_send_once(t), R_NOERROR);
    update_publish(t);
    shows(t, "m.z.", T_MX, 0, "m.z. 5 MX 10 mail.z.");
    shows(t, "r.z.", 17, 0, "r.z. 5 RP adm.z. z.");
    shows(t, "n.z.", 35, 0, "n.z. 5 NAPTR 1 2 \"s\" \"SIP\" \"\" r.z.");
    t->lease_ms++;
    assert_int_equal(dns_records_count(t->records), 4);
    update(t, R_NOERROR, "del m.z. MX 10 Mail.Z.\n");
    assert_int_equal(dns_records_count(t->records), 3);
    update_rig_free(t);
    (void)state;
}

/* ---- grants
 * ------------------------------------------------------------------------------------------- */

static void test_grants(void **state)
{
    struct update_rig *t = update_rig();
    t->key = "web";
    update(t, R_NOERROR,
           "add web.z. 5 SRV 0 0 80 a.web.z.\nadd a.web.z. 5 A 10.0.0.1\nadd x.WEB.z. 5 TXT x\n");
    update(t, R_REFUSED, "add new.z. 5 A 10.0.0.1\n");
    update(t, R_REFUSED, "add b.web.z. 5 A 10.0.0.1\nadd new.z. 5 A 10.0.0.1\n");
    assert_non_null(strstr(t->text, "new.z."));
    update(t, R_REFUSED, "del static.z.\n");
    update(t, R_NOERROR, "del a.web.z.\n");
    assert_int_equal(dns_records_count(t->records), 1);
    t->key = "acme";
    update(t, R_NOERROR, "add _acme-challenge.web.z. 5 TXT abc\n");
    update(t, R_REFUSED, "add b.web.z. 5 A 10.0.0.1\n");
    update(t, R_NOERROR, "del _acme-challenge.web.z.\n"); /* nothing there but TXT */
    update(t, R_NOERROR, "del nobody.z.\n");
    update(t, R_REFUSED, "del x.web.z.\nadd x.web.z. 5 A 10.0.0.1\n");
    t->key = "all";
    update(t, R_NOERROR, "add mixed.z. 5 TXT x\nadd mixed.z. 5 A 10.0.0.1\n" HELLO);
    t->key = "acme";
    update(t, R_REFUSED, "del mixed.z.\n");
    update(t, R_REFUSED, "del hello.z.\n");
    update(t, R_REFUSED, "del a.hello.z.\n");
    update(t, R_REFUSED, "del _hello._tcp.z.\n");
    update(t, R_NOERROR, "del mixed.z. TXT\n");
    /* prerequisites come first, prescan later */
    update(t, R_NXDOMAIN, "prereq yxdomain nobody.z.\nadd b.web.z. 5 A 10.0.0.1\n");
    update(t, R_REFUSED, "prereq yxdomain static.z.\nadd b.web.z. 5 A 10.0.0.1\ndel elsewhere.\n");
    update_rig_free(t);
    (void)state;
}

/* ---- replays
 * -------------------------------------------------------------------------------------------- */

/* ---- failures
 * --------------------------------------------------------------------------------------------- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admission),
        cmocka_unit_test(test_zone_section),
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_prerequisites_of_static_names),
        cmocka_unit_test(test_prerequisites_of_services),
        cmocka_unit_test(test_malformed_prerequisites),
        cmocka_unit_test(test_prescan),
        cmocka_unit_test(test_compressed_rdata),
        cmocka_unit_test(test_grants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

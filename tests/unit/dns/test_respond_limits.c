/* What does not fit: TC where something is missing, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/answering.h"

enum { TC = 0x0200 };

#define LABEL "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk" /* 63 */

/* By UDP without EDNS: 512 bytes. */
static struct dns_reply *ask_512(struct rig *t, const char *name, uint16_t type)
{
    return ask_with(t, &(struct question){name, type, 1, 0, false});
}

static void test_soa(void **state)
{
    (void)state;
    struct rig *t = rig_new("@ SOA " LABEL "." LABEL "." LABEL " " LABEL "." LABEL "." LABEL
                            " 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n",
                            NULL);
    static const char name[] = LABEL "." LABEL ".z";
    ask_512(t, name, T_A); /* NXDOMAIN, whose SOA has no room */
    assert_int_equal(t->reply.rcode, 3);
    assert_true(t->reply.flags & TC);
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 0);
    ask(t, name, T_A);
    assert_int_equal(t->reply.flags & TC, 0);
    assert_int_equal(t->reply.counts[SECTION_AUTHORITY_AT], 1);
    assert_int_equal(ask_512(t, "z", T_SOA)->flags & TC, 0);
    rig_free(t);
}

static void test_static_set(void **state)
{
    (void)state;
    char zone[8192] = "@ SOA ns host 1 60 10 86400 2\n@ NS ns\n";
    unsigned seen = 0;
    for (int i = 1; i <= 100; i++)
        sprintf(zone + strlen(zone), "ns A 10.9.9.%d\n", i);
    struct rig *t = rig_new(zone, NULL);
    ask_512(t, "ns.z", T_A);
    assert_true(t->reply.flags & TC);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], (512 - 12 - 10) / 16);
    ask_tcp(t, "ns.z", T_A);
    assert_int_equal(t->reply.flags & TC, 0);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 100);
    for (int i = 0; i < 50; i++) { /* it begins anywhere */
        unsigned last;
        ask(t, "ns.z", T_A);
        assert_int_equal(
            sscanf(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 0), "10.9.9.%u", &last), 1);
        seen |= 1u << last / 25;
    }
    assert_int_equal(seen & 0xf, 0xf);
    rig_free(t);
}

static void test_alias(void **state)
{
    (void)state;
    struct rig *t = rig_new("@ SOA ns host 1 60 10 86400 2\n@ NS ns\n"
                            "a CNAME " LABEL "." LABEL "." LABEL ".b\n" LABEL "." LABEL "." LABEL
                            ".b CNAME " LABEL "." LABEL "." LABEL ".c\n" LABEL "." LABEL "." LABEL
                            ".c CNAME " LABEL "." LABEL "." LABEL ".d\n" LABEL "." LABEL "." LABEL
                            ".d A 10.0.0.1\n",
                            NULL);
    ask_512(t, "a.z", T_A);
    assert_true(t->reply.flags & TC);
    assert_int_equal(ask(t, "a.z", T_A)->counts[SECTION_ANSWER_AT], 4);
    assert_int_equal(t->reply.flags & TC, 0);
    rig_free(t);
}

static void test_instance(void **state)
{
    (void)state;
    char fields[1600] = "port=1 addr=10.0.0.1 tag=x";
    struct rig *t = rig_new("@ SOA ns host 1 60 10 86400 2\n@ NS ns\n", NULL);
    for (int i = 1; i < 8; i++)
        sprintf(fields + strlen(fields), " addr=fd00::%d", i);
    sprintf(fields + strlen(fields), " m.shard=%0190d m.b=%0190d m.c=%0190d", 1, 2, 3);
    reg(t->registry, "web/a", fields, 1);
    publish(t);
    assert_true(ask_512(t, "a.web.z", T_TXT)->flags & TC);
    assert_true(ask_512(t, "web.z", T_TXT)->flags & TC);
    assert_true(ask_512(t, "x.tag.web.z", T_TXT)->flags & TC);
    assert_int_equal(ask(t, "a.web.z", T_TXT)->counts[SECTION_ANSWER_AT], 1);
    assert_int_equal(ask_512(t, "a.web.z", T_AAAA)->counts[SECTION_ANSWER_AT], 7);
    assert_int_equal(t->reply.flags & TC, 0);
    rig_free(t);
}

/* One address set too many for the rest of the message leaves the others in. */
static void test_additional(void **state)
{
    (void)state;
    char fields[512];
    struct rig *t = rig_new("@ SOA ns host 1 60 10 86400 2\n@ NS ns\n", NULL);
    for (int n = 0; n < 6; n++) {
        char name[16];
        sprintf(name, "web/i%d", n);
        sprintf(fields, "port=1 addr=10.0.0.%d", n);
        for (int i = 1; i < 8; i++)
            sprintf(fields + strlen(fields), " addr=fd00:%d::%d", n, i);
        reg(t->registry, name, fields, 1);
    }
    publish(t);
    ask_512(t, "web.z", T_SRV);
    assert_int_equal(t->reply.flags & TC, 0);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 6);
    assert_int_equal(t->reply.counts[SECTION_ADDITIONAL_AT] % 7, 6); /* A of each, AAAA whole */
    rig_free(t);
}

/* Records with long names and many addresses: the later targets stand beyond what a pointer
 * leads to (RFC 1035 section 4.1.4), so that their addresses cannot follow. */
static void test_beyond_pointers(void **state)
{
    (void)state;
    enum { COUNT = 40, SVCB = 64, REACHED = 0x4000 };
    struct rig *t = rig_new("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n", NULL);
    char name[256], fields[1024];
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof(name), "%.61s.%.61s/%.58s%02d", LABEL, LABEL, LABEL, i);
        int n =
            snprintf(fields, sizeof(fields), "port=80 m.alpn=%.63s%.63s%.63s", LABEL, LABEL, LABEL);
        for (int a = 1; a <= 8; a++)
            n += snprintf(fields + n, sizeof(fields) - (size_t)n, " addr=fd00:%x::%x", i + 1, a);
        reg(t->registry, name, fields, 1);
    }
    publish(t);
    snprintf(name, sizeof(name), "%.61s.%.61s.z", LABEL, LABEL);
    ask_tcp(t, name, SVCB);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], COUNT);
    assert_true(t->size > REACHED);
    assert_true(t->reply.counts[SECTION_ADDITIONAL_AT] > 0);
    assert_true(t->reply.counts[SECTION_ADDITIONAL_AT] < 8 * DNS_ADDITIONAL_TARGETS);
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_soa),        cmocka_unit_test(test_static_set),
        cmocka_unit_test(test_alias),      cmocka_unit_test(test_instance),
        cmocka_unit_test(test_additional), cmocka_unit_test(test_beyond_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

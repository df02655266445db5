/* Who serves here: class CH; and questions for everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/bytewise.h"

#define VERSION_BIND "0776657273696f6e 0462696e64 00 "
#define CH_TXT "0010 0003 "

static void test_chaos(void **state)
{
    (void)state;
    static const struct {
        const char *question, *data;
    } cases[] = {
        {VERSION_BIND CH_TXT, "\"disc\""},
        {"0756455253494f4e 0462496e64 00" CH_TXT, "\"disc\""}, /* any case */
        {"0776657273696f6e 06736572766572 00" CH_TXT, "\"disc\""},
        {"026964 06736572766572 00" CH_TXT, "\"here\""},
        {"08686f73746e616d65 0462696e64 00" CH_TXT, "\"here\""},
        {VERSION_BIND "00ff 0003", "\"disc\""},
        {VERSION_BIND "0001 0003", NULL}, /* another type, name, class */
        {"0776657273696f6e 0462696e65 00" CH_TXT, NULL},
        {"00" CH_TXT, NULL},
        {VERSION_BIND "0010 0004", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[300];
        snprintf(text, sizeof(text), HEAD "%s" OPT "0000", cases[i].question);
        struct dns_reply *r = send_udp(text);
        if (!cases[i].data) {
            assert_int_equal(r->rcode, REFUSED);
            assert_int_equal(r->counts[SECTION_ANSWER_AT], 0);
            continue;
        }
        assert_int_equal(r->rcode, NOERROR);
        assert_int_equal(r->counts[SECTION_ANSWER_AT], 1);
        const ldns_rr *rr = ldns_rr_list_rr(ldns_pkt_answer(r->packet), 0);
        char *data = ldns_rdf2str(ldns_rr_rdf(rr, 0));
        assert_string_equal(data, cases[i].data);
        free(data);
        assert_int_equal(ldns_rr_ttl(rr), 0);
        assert_int_equal(ldns_rr_get_class(rr), 3);
    }
}

static void test_chaos_unset(void **state)
{
    (void)state;
    static const struct {
        const char *question, *why;
    } cases[] = {
        {VERSION_BIND CH_TXT, "not told; dns.version sets it"},
        {"026964 06736572766572 00" CH_TXT, "not told; dns.server_id sets it"},
        {"08686f73746e616d65 0462696e64 00" CH_TXT, "not told; dns.server_id sets it"},
        {"00" CH_TXT, "class IN only"},
        {VERSION_BIND "0010 0004", "class IN only"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[300];
        snprintf(text, sizeof(text), HEAD "%s" OPT "0000", cases[i].question);
        struct dns_reply *r = send_udp(text);
        assert_int_equal(r->rcode, REFUSED);
        assert_string_equal(r->ede_text, cases[i].why);
    }
}

/* ---- ANY ------------------------------------------------------------------------------------ */

static void configure_any(struct dns_config *c)
{
    c->any_full = true;
}

static unsigned types_of(const struct dns_reply *r)
{
    unsigned types = 0;
    ldns_rr_type last = 0;
    const ldns_rr_list *answer = ldns_pkt_answer(r->packet);
    for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
        ldns_rr_type type = ldns_rr_get_type(ldns_rr_list_rr(answer, i));
        types += type != last;
        last = type;
    }
    return types;
}

/* One RRset, but by TCP all of them where that is wanted (RFC 8482). */
static void test_any(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned types; /* in full: SRV, A, TXT, SVCB */
    } cases[] = {{"z", 2}, {"ns.z", 1}, {"web.z", 4}, {"i00000.web.z", 4}};
    register_many(t, "web", 20, "");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct dns_reply *r = ask(t, cases[i].name, T_ANY);
        assert_int_equal(r->rcode, NOERROR);
        assert_int_equal(types_of(r), 1);
        r = ask_tcp(t, cases[i].name, T_ANY);
        assert_int_equal(types_of(r), cases[i].types);
        assert_int_equal(r->flags & 0x0200, 0);
    }
    t->dns->config.any_full = false;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(types_of(ask_tcp(t, cases[i].name, T_ANY)), 1);
}

static int start_any(void **state)
{
    (void)state;
    begin(configure_any);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_chaos, start),
        TEST(test_chaos_unset, start_plain),
        TEST(test_any, start_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

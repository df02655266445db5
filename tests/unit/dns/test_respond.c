/* Messages of all kinds: what comes back, byte for byte where it matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/answering.h"
#include "unit/dns/hex.h"

#define ZONE                                                                                       \
    "@ SOA ns host 100 60 10 86400 2\n"                                                            \
    "@ NS ns\n"                                                                                    \
    "ns A 10.9.9.9\n"

static struct rig *t;

static int setup(void **state)
{
    (void)state;
    t = rig_new(ZONE, NULL);
    reg(t->registry, "web/a", "addr=10.0.0.1 addr=fd00::1 port=80 w=7 priority=3", 1);
    publish(t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_free(t);
    return 0;
}

static void send_hex(const char *text)
{
    uint8_t room[1024];
    size_t size = hex(text, room, sizeof(room));
    uint8_t *exact = malloc(size + !size);
    memcpy(exact, room, size);
    memset(t->out, 0xee, sizeof(t->out));
    send_bytes(t, exact, size, false);
    dns_reply_free(&t->reply);
    if (t->size && !dns_check(exact, size, t->out, t->size, 1232, &t->reply))
        fail_msg("%s: %s", text, t->reply.fault);
    free(exact);
}

static void expect_hex(const char *text)
{
    uint8_t wanted[1024];
    size_t size = hex(text, wanted, sizeof(wanted));
    assert_int_equal(t->size, size);
    assert_memory_equal(t->out, wanted, size);
}

#define HEAD "abcd 0100 0001 0000 0000 "
#define WEB "03776562 017a 00 "      /* web.z */
#define OPT "00 0029 1000 00000000 " /* less RDLENGTH */
#define OUR_OPT "00 0029 04d0 00000000 0000"

/* ---- byte for byte ------------------------------------------------------------------------ */

static void test_golden_srv(void **state)
{
    (void)state;
    send_hex(HEAD "0000 035745 42 017a 00 0021 0001"); /* WEB.z */
    expect_hex("abcd 8500 0001 0001 0000 0002 03574542 017a 00 0021 0001"
               "c00c 0021 0001 00000005 000f 0003 0007 0050 0161 03776562 017a 00"
               "c029 0001 0001 00000005 0004 0a000001"
               "c029 001c 0001 00000005 0010 fd00(00*13)01");
}

static void test_golden_a_edns(void **state)
{
    (void)state;
    send_hex("abcd 0110 0001 0000 0000 0001" WEB "0001 0001 00 0029 1000 00 00 8000 0000");
    expect_hex("abcd 8510 0001 0001 0000 0001" WEB "0001 0001"
               "c00c 0001 0001 00000005 0004 0a000001"
               "00 0029 04d0 00 00 8000 0000");
}

static void test_golden_nxdomain(void **state)
{
    (void)state;
    send_hex(HEAD "0000 016e 017a 00 0001 0001"); /* n.z */
    /* The owner of the SOA points into the question, at "z". */
    expect_hex("abcd 8503 0001 0000 0001 0000 016e 017a 00 0001 0001"
               "c00e 0006 0001 00000002 0022 026e73 017a 00 04686f7374 017a 00"
               "00000065 0000003c 0000000a 00015180 00000002");
}

/* ---- what is no question, or no good one ----------------------------------------------------- */

struct message_case {
    const char *what, *bytes;
    int flags;  /* second 16 bits of the header; -1 = no answer */
    int counts; /* as 0xQAUD: question, answer, authority, additional with OPT */
    int rcode;  /* extended */
    int ede;
};

static const struct message_case messages[] = {
    {"nothing", "", -1, 0, 0, 0},
    {"11 bytes", "abcd 0100 0001 0000 0000 00", -1, 0, 0, 0},
    {"a response", "abcd 8100 0001 0000 0000 0000" WEB "0001 0001", -1, 0, 0, 0},
    {"a response of opcode 5", "abcd a800 0000 0000 0000 0000", -1, 0, 0, 0},
    {"header only", HEAD "0000", 0x8101, 0, 1, -1},
    {"no question", "abcd 0100 0000 0000 0000 0000", 0x8101, 0, 1, -1},
    {"no question, OPT", "abcd 0100 0000 0000 0000 0001" OPT "0000", 0x8101, 0x0001, 1, 0},
    {"no question, cookie", "abcd 0100 0000 0000 0000 0001" OPT "000c 000a 0008 0102030405060708",
     0x8101, 0x0001, 1, 0},
    {"two questions", "abcd 0100 0002 0000 0000 0000" WEB "0001 0001" WEB "0001 0001", 0x8101, 0, 1,
     -1},
    {"label type 01", HEAD "0000 41 00 0001 0001", 0x8101, 0, 1, -1},
    {"a pointer as name", HEAD "0000 c00c 0001 0001", 0x8101, 0, 1, -1},
    {"bytes behind", HEAD "0000" WEB "0001 0001 00", 0x8101, 0, 1, -1},
    {"bytes behind OPT", HEAD "0001" WEB "0001 0001" OPT "0000 00", 0x8101, 0x0001, 1, 0},
    {"a record too few", HEAD "0001" WEB "0001 0001", 0x8101, 0, 1, -1},
    {"extra answer record",
     "abcd 0100 0001 0001 0000 0000" WEB "0001 0001 c00c 0001 0001 00000000 0004 01020304", 0x8500,
     0x1100, 0, -1},
    {"extra additional record", HEAD "0001" WEB "0001 0001 c00c 0010 0001 00000000 0001 00", 0x8500,
     0x1100, 0, -1},
    {"SIG(0)", HEAD "0001" WEB "0001 0001 00 0018 00ff 00000000 0000", 0x8500, 0x1100, 0, -1},
    {"OPT", HEAD "0001" WEB "0001 0001" OPT "0000", 0x8500, 0x1101, 0, -1},
    {"OPT size 0", HEAD "0001" WEB "0001 0001 00 0029 0000 00000000 0000", 0x8500, 0x1101, 0, -1},
    {"unknown option", HEAD "0001" WEB "0001 0001" OPT "0006 fde9 0002 0102", 0x8500, 0x1101, 0,
     -1},
    {"odd cookie", HEAD "0001" WEB "0001 0001" OPT "0010 000a 000c (07*12)", 0x8101, 0x0001, 1, 0},
    {"two cookies", HEAD "0001" WEB "0001 0001" OPT "0018 000a 0008 (01*8) 000a 0008 (02*8)",
     0x8500, 0x1101, 0, -1},
    {"unknown EDNS flags, extended rcode", HEAD "0001" WEB "0001 0001 00 0029 1000 ff 00 7fff 0000",
     0x8500, 0x1101, 0, -1},
    {"version 1", HEAD "0001" WEB "0001 0001 00 0029 1000 00 01 0000 0000", 0x8100, 0x1001, 16, -1},
    {"version 255 elsewhere", HEAD "0001 0178 00 0001 0001 00 0029 1000 00 ff 0000 0000", 0x8100,
     0x1001, 16, -1},
    {"two OPT", HEAD "0002" WEB "0001 0001" OPT "0000" OPT "0000", 0x8101, 0x0001, 1, 0},
    {"OPT among the answers", "abcd 0100 0001 0001 0000 0000" WEB "0001 0001" OPT "0000", 0x8101, 0,
     1, -1},
    {"OPT of another owner", HEAD "0001" WEB "0001 0001 c00c 0029 1000 00000000 0000", 0x8101, 0, 1,
     -1},
    {"option past its end", HEAD "0001" WEB "0001 0001" OPT "0005 000a 0008 01", 0x8101, 0, 1, -1},
    {"TSIG of no form", HEAD "0001" WEB "0001 0001 016b 00 00fa 00ff 00000000 0000", 0x8101, 0x1000,
     1, -1},
    {"TSIG not last", HEAD "0002" WEB "0001 0001 016b 00 00fa 00ff 00000000 0000" OPT "0000",
     0x8101, 0, 1, -1},
    {"all flags set", "abcd 07ff 0001 0000 0000 0000" WEB "0001 0001", 0x8510, 0x1100, 0, -1},
    {"Z and AD", "abcd 0060 0001 0000 0000 0000" WEB "0001 0001", 0x8400, 0x1100, 0, -1},
    {"IQUERY", "abcd 0900 0000 0000 0000 0000", 0x8804, 0, 4, -1},
    {"STATUS", "abcd 1000 0001 0000 0000 0000" WEB "0001 0001", 0x9004, 0, 4, -1},
    {"NOTIFY", "abcd 2400 0001 0000 0000 0000 017a 00 0006 0001", 0xa005, 0, 5, -1},
    {"UPDATE", "abcd 2800 0001 0000 0000 0000 017a 00 0006 0001", 0xa805, 0x1000, 5, -1},
    {"opcode 6", "abcd 3000 0000 0000 0000 0000", 0xb004, 0, 4, -1},
    {"opcode 15, all flags", "abcd 7ff0 0000 0000 0000 0000", 0xf804, 0, 4, -1},
    {"opcode 15, OPT", "abcd 7800 0001 0000 0000 0001" WEB "0001 0001" OPT "0000", 0xf804, 0x0001,
     4, 21},
    {"another zone", HEAD "0000 0178 00 0001 0001", 0x8105, 0x1000, 5, -1},
    {"another zone, OPT", HEAD "0001 0178 00 0001 0001" OPT "0000", 0x8105, 0x1001, 5, 20},
    {"the root", HEAD "0001 00 0002 0001" OPT "0000", 0x8105, 0x1001, 5, 20},
    {"class CH", HEAD "0001" WEB "0010 0003" OPT "0000", 0x8105, 0x1001, 5, 21},
    {"class ANY", HEAD "0000" WEB "0001 00ff", 0x8105, 0x1000, 5, -1},
    {"class 0", HEAD "0000" WEB "0001 0000", 0x8105, 0x1000, 5, -1},
    {"type OPT", HEAD "0001" WEB "0029 0001" OPT "0000", 0x8101, 0x1001, 1, 30},
    {"type NXNAME", HEAD "0001" WEB "0080 0001" OPT "0000", 0x8101, 0x1001, 1, 30},
    {"type 200", HEAD "0000" WEB "00c8 0001", 0x8101, 0x1000, 1, -1},
    {"type TKEY", HEAD "0000" WEB "00f9 0001", 0x8101, 0x1000, 1, -1},
    {"type TSIG", HEAD "0000" WEB "00fa 0001", 0x8101, 0x1000, 1, -1},
    {"IXFR without SOA", HEAD "0000" WEB "00fb 0001", 0x8101, 0x1000, 1, -1},
    {"AXFR by UDP", HEAD "0001" WEB "00fc 0001" OPT "0000", 0x8104, 0x1001, 4, 21},
    {"MAILB", HEAD "0000" WEB "00fd 0001", 0x8104, 0x1000, 4, -1},
    {"MAILA", HEAD "0000" WEB "00fe 0001", 0x8104, 0x1000, 4, -1},
    {"type 0", HEAD "0000" WEB "0000 0001", 0x8500, 0x1010, 0, -1},
    {"type 256", HEAD "0000" WEB "0100 0001", 0x8500, 0x1010, 0, -1},
    {"type 65535", HEAD "0000" WEB "ffff 0001", 0x8500, 0x1010, 0, -1},
    {"bytes in a label", HEAD "0000 04 00ff2e80 017a 00 0001 0001", 0x8503, 0x1010, 3, -1},
    {"upper case beyond ASCII", HEAD "0000 02 c3c9 017a 00 0001 0001", 0x8503, 0x1010, 3, -1},
};

static void test_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(messages); i++) {
        const struct message_case *m = &messages[i];
        send_hex(m->bytes);
        if (m->flags < 0) {
            if (t->size)
                fail_msg("%s: answered", m->what);
            continue;
        }
        int counts = 0;
        for (int k = 0; k < 4; k++)
            counts = counts << 4 | t->out[5 + 2 * k];
        if (t->reply.flags != m->flags || counts != m->counts || (int)t->reply.rcode != m->rcode ||
            t->reply.ede != m->ede)
            fail_msg("%s: flags %04x counts %04x rcode %u ede %d", m->what, t->reply.flags, counts,
                     t->reply.rcode, t->reply.ede);
    }
}

static void test_name_of_255(void **state)
{
    (void)state;
    send_hex(HEAD "0001 3f (61*63) 3f (62*63) 3f (63*63) 3b (64*59) 017a 00 0001 0001" OPT "0000");
    assert_int_equal(t->reply.rcode, 3);
    assert_true(t->reply.flags & 0x0400);
    /* Without EDNS too: question and SOA fit 512 bytes. */
    send_hex(HEAD "0000 3f (61*63) 3f (62*63) 3f (63*63) 3b (64*59) 017a 00 0001 0001");
    assert_int_equal(t->reply.rcode, 3);
    assert_int_equal(t->reply.flags & 0x0200, 0);
}

/* ---- around it ------------------------------------------------------------------------- */

static void test_drops(void **state)
{
    (void)state;
    const struct dns_counters *c = dns_worker_counters(t->worker);
    uint8_t query[64];
    size_t size = hex(HEAD "0000" WEB "0001 0001", query, sizeof(query));
    struct dns_request request = {query, size, {t->client, 0}, DNS_UDP, 0, 0};
    assert_int_equal(dns_respond(t->dns, t->worker, &request, t->out, 1232), 0);
    assert_int_equal(counter_get(&c->drops[DNS_DROP_PORT]), 1);
    request.from.port = 1;
    assert_int_equal(dns_respond(t->dns, t->worker, &request, t->out, 100), 0); /* no room */
    request.size = 11;
    assert_int_equal(dns_respond(t->dns, t->worker, &request, t->out, 1232), 0);
    assert_int_equal(counter_get(&c->drops[DNS_DROP_SHORT]), 1);
    request.size = size;
    query[2] |= 0x80;
    assert_int_equal(dns_respond(t->dns, t->worker, &request, t->out, 1232), 0);
    assert_int_equal(counter_get(&c->drops[DNS_DROP_RESPONSE]), 1);
    assert_int_equal(counter_get(&c->queries[DNS_UDP]), 0);
}

static void test_counters(void **state)
{
    (void)state;
    const struct dns_counters *c = dns_worker_counters(t->worker);
    static const struct {
        uint16_t type;
        enum dns_type_count counted;
        const char *text;
    } types[] = {{T_A, DNS_COUNT_A, "A"},         {T_AAAA, DNS_COUNT_AAAA, "AAAA"},
                 {T_SRV, DNS_COUNT_SRV, "SRV"},   {T_TXT, DNS_COUNT_TXT, "TXT"},
                 {T_SOA, DNS_COUNT_SOA, "SOA"},   {T_NS, DNS_COUNT_NS, "NS"},
                 {T_PTR, DNS_COUNT_PTR, "PTR"},   {T_ANY, DNS_COUNT_ANY, "ANY"},
                 {T_MX, DNS_COUNT_OTHER, "other"}};
    uint64_t bytes = 0;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        bytes += ask(t, "web.z", types[i].type)->size;
        bytes += ask_tcp(t, "web.z", types[i].type)->size;
        assert_int_equal(counter_get(&c->types[types[i].counted]), 2);
        assert_string_equal(dns_type_count_text(types[i].counted), types[i].text);
    }
    ask(t, "none.z", T_A);
    assert_int_equal(counter_get(&c->queries[DNS_UDP]), ARRAY_COUNT(types) + 1);
    assert_int_equal(counter_get(&c->queries[DNS_TCP]), ARRAY_COUNT(types));
    assert_int_equal(counter_get(&c->rcodes[0]), 2 * ARRAY_COUNT(types));
    assert_int_equal(counter_get(&c->rcodes[3]), 1);
    assert_int_equal(counter_get(&c->answer_bytes), bytes + t->size);
    assert_int_equal(counter_get(&c->truncated), 0);
    send_hex(HEAD "0001" WEB "0001 0001 00 0029 1000 00 01 0000 0000");
    assert_int_equal(counter_get(&c->rcodes[16]), 1);
    assert_string_equal(dns_drop_text(DNS_DROP_SHORT), "short");
    assert_string_equal(dns_drop_text(DNS_DROP_RESPONSE), "response");
    assert_string_equal(dns_drop_text(DNS_DROP_PORT), "port");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden_srv, setup, teardown),
        cmocka_unit_test_setup_teardown(test_golden_a_edns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_golden_nxdomain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_name_of_255, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counters, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

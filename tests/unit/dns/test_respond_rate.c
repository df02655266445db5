/* Rates as askers meet them: by kind of answer, exempt or watched, with cookies, by TCP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "unit/dns/answering.h"
#include "unit/dns/hex.h"

enum { BADCOOKIE = 23, COOKIE = 10, TC = 0x0200, AA = 0x0400 };

#define HEAD "1234 0100 0001 0000 0000 0001 "
#define NS_A "026e73 017a 00 0001 0001 "
#define OPT "00 0029 04d0 00000000 "
#define PLAIN HEAD NS_A OPT "0000"

static struct rig *t;
static struct dns_shared *shared;
static struct dns_rrl_config rates;
static uint64_t now_ms;

static void configure(struct dns_config *c)
{
    c->cookies = true;
    c->version = strdup("disc");
    c->server_id = strdup("one");
    c->rrl = rates;
    c->rrl.exempt = calloc(1, sizeof(struct network));
    c->rrl.exempt_count = 1;
    assert_int_equal(network_parse(TEXT("198.51.100.0/24"), c->rrl.exempt), ERR_OK);
    c->rrl.watched = calloc(1, sizeof(struct network));
    c->rrl.watched_count = 1;
    assert_int_equal(network_parse(TEXT("10.0.0.0/8"), c->rrl.watched), ERR_OK);
}

static void begin(struct dns_rrl_config config)
{
    uint8_t seed[32] = {9};
    rates = config;
    now_ms = 1000;
    t = rig_with_config("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"
                        "a A 10.9.9.1\nb A 10.9.9.2\n"
                        "c CNAME x.example.\nd CNAME y.example.\n*.w CNAME x.example.\n",
                        NULL, configure);
    shared = dns_shared_new(seed);
    dns_worker_share(t->worker, shared);
}

static int start(void **state)
{
    (void)state;
    begin((struct dns_rrl_config){.responses = 10, .nxdomains = 5, .errors = 3, .slip = 2});
    return 0;
}

static int start_without_slip(void **state)
{
    (void)state;
    begin((struct dns_rrl_config){.responses = 10, .nxdomains = 5, .errors = 3});
    return 0;
}

static int start_log_only(void **state)
{
    (void)state;
    begin((struct dns_rrl_config){.responses = 10, .slip = 2, .log_only = true});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_free(t);
    dns_shared_free(shared);
    return 0;
}

static size_t send_from(const char *from, const char *text, enum dns_transport transport)
{
    struct addr addr;
    assert_int_equal(addr_parse(text_of(from), &addr), ERR_OK);
    t->query_size = hex(text, t->query, sizeof(t->query));
    struct dns_request request = {t->query,  t->query_size, {addr, 1234},
                                  transport, 1559731985,    now_ms};
    dns_reply_free(&t->reply);
    t->size = dns_respond(t->dns, t->worker, &request, t->out, sizeof(t->out));
    if (t->size && !dns_check(t->query, t->query_size, t->out, t->size, 65535, &t->reply))
        fail_msg("%s: %s", text, t->reply.fault);
    return t->size;
}

struct tally {
    unsigned whole, cut, bad_cookie, none;
};

static struct tally send_many(const char *from, const char *text, enum dns_transport transport,
                              unsigned times)
{
    struct tally tally = {0, 0, 0, 0};
    for (unsigned i = 0; i < times; i++) {
        if (!send_from(from, text, transport))
            tally.none++;
        else if (t->reply.rcode == BADCOOKIE)
            tally.bad_cookie++;
        else if (t->reply.flags & TC)
            tally.cut++;
        else
            tally.whole++;
    }
    return tally;
}

static void expect_tally(struct tally t1, unsigned whole, unsigned cut, unsigned none)
{
    assert_int_equal(t1.whole, whole);
    assert_int_equal(t1.cut, cut);
    assert_int_equal(t1.none, none);
}

static const struct dns_counters *counters(void)
{
    return dns_worker_counters(t->worker);
}

static void test_responses(void **state)
{
    (void)state;
    expect_tally(send_many("192.0.2.1", PLAIN, DNS_UDP, 30), 10, 10, 10);
    assert_int_equal(counter_get(&counters()->rrl_dropped), 10);
    assert_int_equal(counter_get(&counters()->rrl_slipped), 10);
    assert_int_equal(counter_get(&counters()->queries[DNS_UDP]), 30);
    assert_int_equal(counter_get(&counters()->rcodes[0]), 20);
    assert_int_equal(counter_get(&counters()->truncated), 10);
    /* another name, another network, a second later */
    expect_tally(send_many("192.0.2.1", HEAD "0161 017a 00 0001 0001" OPT "0000", DNS_UDP, 10), 10,
                 0, 0);
    expect_tally(send_many("192.0.3.1", PLAIN, DNS_UDP, 10), 10, 0, 0);
    now_ms += 1100;
    expect_tally(send_many("192.0.2.2", PLAIN, DNS_UDP, 10), 10, 0, 0);
}

/* What slips is the question with TC, and not larger than it was. */
static void test_slip(void **state)
{
    (void)state;
    send_many("192.0.2.1", PLAIN, DNS_UDP, 11);
    assert_int_not_equal(send_from("192.0.2.1", PLAIN, DNS_UDP), 0);
    assert_int_equal(t->reply.flags & (TC | AA), TC);
    assert_int_equal(t->size, t->query_size);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 0);
    assert_int_equal(t->reply.ede, -1);
}

/* Random names below a zone are one name; so are all errors. */
static void test_kinds(void **state)
{
    (void)state;
    char text[200];
    unsigned answered = 0;
    for (unsigned i = 0; i < 20; i++) {
        snprintf(text, sizeof(text), HEAD "0378%02x79 017a 00 0001 0001" OPT "0000", 0x61 + i);
        answered += send_from("192.0.2.1", text, DNS_UDP) != 0 && !(t->reply.flags & TC);
    }
    assert_int_equal(answered, 5);
    answered = 0;
    for (unsigned i = 0; i < 20; i++) {
        snprintf(text, sizeof(text), HEAD "0378%02x79 00 0001 0001" OPT "0000", 0x61 + i);
        answered += send_from("192.0.2.1", text, DNS_UDP) != 0 && !(t->reply.flags & TC);
    }
    assert_int_equal(answered, 3);
    expect_tally(send_many("192.0.2.1", "1234 0100 0001 0000 0000 0000", DNS_UDP, 10), 0, 5, 5);
    expect_tally(send_many("192.0.2.1", PLAIN, DNS_UDP, 10), 10, 0, 0);
}

static void test_exempt(void **state)
{
    (void)state;
    expect_tally(send_many("192.0.2.1", PLAIN, DNS_TCP, 30), 30, 0, 0);
    expect_tally(send_many("198.51.100.7", PLAIN, DNS_UDP, 30), 30, 0, 0);
    expect_tally(send_many("10.1.2.3", PLAIN, DNS_UDP, 30), 30, 0, 0);
    assert_int_equal(counter_get(&counters()->rrl_logged), 20);
    assert_int_equal(counter_get(&counters()->rrl_dropped), 0);
    dns_worker_share(t->worker, NULL);
    expect_tally(send_many("192.0.2.1", PLAIN, DNS_UDP, 30), 30, 0, 0);
}

/* Who knows cookies is told to come back with a good one, which then is exempt. */
static void test_cookies(void **state)
{
    (void)state;
    static const char client[] = HEAD NS_A OPT "000c 000a 0008 0102030405060708";
    char text[200];
    struct tally tally = send_many("192.0.2.1", client, DNS_UDP, 30);
    expect_tally(tally, 10, 0, 0);
    assert_int_equal(tally.bad_cookie, 20);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 0);
    int n = snprintf(text, sizeof(text), HEAD NS_A OPT "001c 000a 0018 ");
    for (int i = 0; i < 24; i++)
        n +=
            snprintf(text + n, sizeof(text) - (size_t)n, "%02x", t->reply.options[COOKIE].bytes[i]);
    expect_tally(send_many("192.0.2.1", text, DNS_UDP, 100), 100, 0, 0);
    expect_tally(send_many("192.0.2.1", client, DNS_TCP, 30), 30, 0, 0);
}

/* Each alias that leads away is a name of its own, those that a wildcard makes up together;
 * so are the names of the server itself, and messages that only ask for a cookie. */
static void test_names_of_no_zone(void **state)
{
    (void)state;
#define ASK(name, class) HEAD name " 0010 " class OPT "0000"
    expect_tally(send_many("192.0.2.1", ASK("0163 017a 00", "0001"), DNS_UDP, 12), 10, 1, 1);
    expect_tally(send_many("192.0.2.1", ASK("0164 017a 00", "0001"), DNS_UDP, 10), 10, 0, 0);
    char text[200];
    struct tally tally = {0, 0, 0, 0};
    for (unsigned i = 0; i < 20; i++) {
        snprintf(text, sizeof(text), ASK("01%02x 0177 017a 00", "0001"), 0x61 + i);
        tally.whole += send_from("192.0.2.1", text, DNS_UDP) && !(t->reply.flags & TC);
    }
    assert_int_equal(tally.whole, 10);
#define SERVER "06736572766572 00"
    expect_tally(send_many("192.0.2.1", ASK("026964" SERVER, "0003"), DNS_UDP, 10), 10, 0, 0);
    expect_tally(send_many("192.0.2.1", ASK("0776657273696f6e" SERVER, "0003"), DNS_UDP, 12), 10, 1,
                 1);
    expect_tally(send_many("192.0.2.1",
                           "1234 0100 0000 0000 0000 0001" OPT "000c 000a 0008 0102030405060708",
                           DNS_UDP, 10),
                 10, 0, 0);
}

static void test_without_slip(void **state)
{
    (void)state;
    expect_tally(send_many("192.0.2.1", PLAIN, DNS_UDP, 30), 10, 0, 20);
}

static void test_log_only(void **state)
{
    (void)state;
    expect_tally(send_many("192.0.2.1", PLAIN, DNS_UDP, 30), 30, 0, 0);
    assert_int_equal(counter_get(&counters()->rrl_logged), 20);
    /* rates of 0 are none */
    expect_tally(send_many("192.0.2.1", HEAD "0179 00 0001 0001" OPT "0000", DNS_UDP, 30), 30, 0,
                 0);
}

#define TEST(name, how) cmocka_unit_test_setup_teardown(name, how, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_responses, start),
        TEST(test_slip, start),
        TEST(test_kinds, start),
        TEST(test_exempt, start),
        TEST(test_cookies, start),
        TEST(test_names_of_no_zone, start),
        TEST(test_without_slip, start_without_slip),
        TEST(test_log_only, start_log_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Messages as bytes, sent to a rig whose worker has rates' and cookies' shared state. Include
 * after cmocka. */
#ifndef DISC_TESTS_DNS_BYTEWISE_H
#define DISC_TESTS_DNS_BYTEWISE_H

#include "base/bytes.h"
#include "dns/state.h"
#include "unit/dns/answering.h"
#include "unit/dns/hex.h"

enum { NSID = 3, SUBNET = 8, EXPIRE = 9, COOKIE = 10, KEEPALIVE = 11 };
enum {
    NOERROR,
    FORMERR,
    SERVFAIL,
    NXDOMAIN,
    NOTIMP,
    REFUSED,
    NOTAUTH = 9,
    BADVERS = 16,
    BADCOOKIE = 23
};

#define NOW UINT64_C(1559731985)
#define RECORDS                                                                                    \
    "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"                                      \
    "full TXT (" S200 S200 ")\n"
#define S200 "\"" S40 S40 S40 S40 S40 "\" "
#define S40 "0123456789012345678901234567890123456789"

#define HEAD "1234 0100 0001 0000 0000 0001 "
#define NS_A "026e73 017a 00 0001 0001 " /* ns.z A */
#define APEX_SOA "017a 00 0006 0001 "
#define OPT "00 0029 04d0 00000000 "
#define CLIENT "2464c4abcf10c957"

static struct rig *t;
static struct dns_shared *shared;

UNUSED static void configure(struct dns_config *c)
{
    c->cookies = true;
    c->nsid = (uint8_t *)strdup("node-1");
    c->nsid_size = 6;
    c->keepalive_ms = 12300;
    c->version = strdup("disc");
    c->server_id = strdup("here");
}

UNUSED static void begin(void (*config)(struct dns_config *))
{
    uint8_t seed[32] = {9};
    t = rig_with_config(RECORDS, NULL, config);
    shared = dns_shared_new(seed);
    assert_non_null(shared);
    dns_worker_share(t->worker, shared);
}

UNUSED static int start(void **state)
{
    (void)state;
    begin(configure);
    return 0;
}

UNUSED static int start_plain(void **state)
{
    (void)state;
    begin(NULL);
    return 0;
}

UNUSED static int stop(void **state)
{
    (void)state;
    rig_free(t);
    dns_shared_free(shared);
    dns_shared_free(NULL);
    return 0;
}

UNUSED static struct dns_reply *send_at(const char *text, enum dns_transport transport,
                                        uint64_t wall_s)
{
    t->query_size = hex(text, t->query, sizeof(t->query));
    struct dns_request request = {t->query, t->query_size, {t->client, 1234}, transport, wall_s, 0};
    dns_reply_free(&t->reply);
    t->size = dns_respond(t->dns, t->worker, &request, t->out, sizeof(t->out));
    if (!dns_check(t->query, t->query_size, t->out, t->size, 65535, &t->reply))
        fail_msg("%s: %s", text, t->reply.fault);
    return &t->reply;
}

UNUSED static struct dns_reply *send_udp(const char *text)
{
    return send_at(text, DNS_UDP, NOW);
}

UNUSED static struct dns_reply *send_tcp(const char *text)
{
    return send_at(text, DNS_TCP, NOW);
}

UNUSED static void expect_option(const struct dns_reply *r, unsigned code, const char *wanted)
{
    uint8_t bytes[64];
    size_t size = hex(wanted, bytes, sizeof(bytes));
    assert_non_null(r->options[code].bytes);
    assert_int_equal(r->options[code].size, size);
    assert_memory_equal(r->options[code].bytes, bytes, size);
}

#define TEST(name, how) cmocka_unit_test_setup_teardown(name, how, stop)

#endif

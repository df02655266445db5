/* Signed transfers, each message checked by ldns; and NOTIFY. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/transferring.h"

#define RECORDS "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"

static const char key_base64[] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

static struct tsig_keyring *ring_of(const char *name, const char *secret)
{
    struct tsig_keyring *ring;
    const char *fault;
    struct dns_key key = {.algorithm = TSIG_SHA256, .secret_size = strlen(secret)};
    key.name = strdup(name);
    key.secret = (uint8_t *)strdup(secret);
    assert_int_equal(tsig_keyring_new(&key, 1, &ring, &fault), ERR_OK);
    free(key.name);
    free(key.secret);
    return ring;
}

/* A signed request; returns its size. */
static size_t signed_query(const char *key, const char *secret, struct transfer_ask ask,
                           uint8_t query[static 512])
{
    struct tsig_keyring *ring = ring_of(key, secret);
    struct tsig t;
    tsig_begin(tsig_keyring_find(ring, text_of(key)), &t);
    ask.tsig = &t;
    size_t size = transfer_query(&ask, query);
    tsig_end(&t);
    tsig_keyring_free(ring);
    return size;
}

static const ldns_rdf *mac_of(ldns_pkt *packet)
{
    assert_non_null(ldns_pkt_tsig(packet));
    return ldns_rr_rdf(ldns_pkt_tsig(packet), 3);
}

static ldns_rdf *mac_of_bytes(const uint8_t *bytes, size_t size)
{
    ldns_pkt *packet;
    assert_int_equal(ldns_wire2pkt(&packet, bytes, size), LDNS_STATUS_OK);
    ldns_rdf *mac = ldns_rdf_clone(mac_of(packet));
    ldns_pkt_free(packet);
    return mac;
}

/* Every message is signed, with the MAC before it (RFC 8945 section 5.3.1). */
static void test_each_message(void **state)
{
    struct rig *t = transfer_rig(RECORDS, 1 << 20, NULL, 0);
    uint8_t query[512];
    unsigned messages = 0;
    (void)state;
    register_many(t, "many", 500, "");
    size_t size = signed_query("Xfr.Key", transfer_secret,
                               (struct transfer_ask){.type = T_AXFR, .zone = "z"}, query);
    ldns_rdf *mac = mac_of_bytes(query, size);
    struct dns_request request = {query, size, {t->client, 1234}, DNS_TCP, NOW_S, 0};
    assert_int_equal(dns_respond(t->dns, t->worker, &request, t->out, sizeof(t->out)), 0);
    struct dns_task *task = dns_worker_take_task(t->worker);
    dns_task_run(t->dns, t->registry, (struct moment){1, 1}, task);
    for (size_t n; (n = dns_task_next(task, t->worker, NOW_S + messages, t->out, sizeof(t->out)));
         messages++) {
        ldns_pkt *packet;
        assert_true(n <= 16384 + 200);
        assert_int_equal(ldns_wire2pkt(&packet, t->out, n), LDNS_STATUS_OK);
        assert_true(ldns_pkt_tsig_verify_next(packet, t->out, n, "xfr.key.", key_base64, mac,
                                              messages > 0));
        ldns_rdf_deep_free(mac);
        mac = ldns_rdf_clone(mac_of(packet));
        ldns_pkt_free(packet);
    }
    assert_true(messages > 5);
    ldns_rdf_deep_free(mac);
    dns_task_free(task);
    rig_free(t);
}

static unsigned rcode_of(const struct rig *t)
{
    return t->out[3] & 15;
}

/* Who signs wrongly gets nothing, even where anybody may ask unsigned. */
static void test_wrong_signatures(void **state)
{
    struct rig *t = transfer_rig(RECORDS, 1 << 20, NULL, 0);
    struct transfer_ask ask = {.type = T_AXFR, .zone = "z"};
    uint8_t query[512];
    (void)state;
    size_t size = signed_query("no.key", transfer_secret, ask, query);
    send_bytes(t, query, size, true);
    assert_int_equal(rcode_of(t), 9);
    assert_int_equal(get_u16(t->out + t->size - 4), TSIG_BADKEY);
    size = signed_query("xfr.key", "another secret of another sort", ask, query);
    send_bytes(t, query, size, true);
    assert_int_equal(rcode_of(t), 9);
    assert_int_equal(get_u16(t->out + t->size - 4), TSIG_BADSIG);
    size = signed_query("xfr.key", transfer_secret, ask, query);
    struct dns_request request = {query, size, {t->client, 1234}, DNS_TCP, NOW_S + 301, 0};
    t->size = dns_respond(t->dns, t->worker, &request, t->out, sizeof(t->out));
    assert_int_equal(rcode_of(t), 9);
    assert_int_equal(get_u16(t->out + t->size - 10), TSIG_BADTIME);
    assert_null(dns_worker_take_task(t->worker));
    rig_free(t);
}

/* What does not fit beside a signature is cut to the SOA; where even that does not, to TC. */
static void test_small_udp(void **state)
{
    struct rig *t = transfer_rig(RECORDS, 1 << 20, NULL, 0);
    struct transfer_ask ask = {.type = T_IXFR, .zone = "z", .serial = 7, .udp = true};
    uint8_t query[512];
    (void)state;
    publish(t);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 1);
    publish(t);
    size_t size = signed_query("xfr.key", transfer_secret, ask, query);
    for (size_t room = 512; room <= 1232; room += 720) {
        struct dns_request request = {query, size, {t->client, 1234}, DNS_UDP, NOW_S, 0};
        assert_int_equal(dns_respond(t->dns, t->worker, &request, t->out, room), 0);
        struct dns_task *task = dns_worker_take_task(t->worker);
        dns_task_run(t->dns, t->registry, (struct moment){1, 1}, task);
        size_t n = dns_task_next(task, t->worker, NOW_S, t->out, room);
        assert_true(n > 0 && n <= 512);
        assert_int_equal(get_u16(t->out + 6), 1); /* the SOA */
        assert_int_equal(get_u16(t->out + 10), 1);
        assert_int_equal(dns_task_next(task, t->worker, NOW_S, t->out, room), 0);
        dns_task_free(task);
    }
    rig_free(t);
}

/* ---- NOTIFY ---------------------------------------------------------------------------- */

static struct dns *notifying(void)
{
    struct dns_config config = {.zone_count = 1, .serial = 41, .key_count = 1};
    struct dns_fault fault;
    config.zones = calloc(1, sizeof(*config.zones));
    *config.zones = (struct dns_zone_config){.name = strdup("z"),
                                             .ns = strdup("default"),
                                             .ttl = 5,
                                             .negative_ttl = 2,
                                             .notify_count = 3};
    config.zones->notify = calloc(3, sizeof(*config.zones->notify));
    config.zones->notify[0].to.port = 53;
    config.zones->notify[1].key = strdup("XFR.key.");
    config.zones->notify[2].key = strdup("no.such.key");
    config.keys = calloc(1, sizeof(*config.keys));
    *config.keys = (struct dns_key){.name = strdup("xfr.key"), .algorithm = TSIG_SHA256};
    config.keys->secret = (uint8_t *)strdup(transfer_secret);
    config.keys->secret_size = strlen(transfer_secret);
    struct dns *dns = dns_new(&config, &test_key, &fault);
    assert_non_null(dns);
    return dns;
}

static void test_notify(void **state)
{
    struct dns *dns = notifying();
    uint8_t out[512];
    ldns_pkt *packet;
    (void)state;
    assert_int_equal(dns_zone_serial(dns, 0), 41);
    assert_int_equal(dns_zone_notify_count(dns, 0), 3);
    assert_int_equal(dns_zone_notify(dns, 0, 0)->to.port, 53);
    size_t size = dns_notify_message(dns, 0, 0, 0xabcd, NOW_S, out, sizeof(out));
    assert_int_equal(ldns_wire2pkt(&packet, out, size), LDNS_STATUS_OK);
    assert_int_equal(ldns_pkt_id(packet), 0xabcd);
    assert_int_equal(ldns_pkt_get_opcode(packet), LDNS_PACKET_NOTIFY);
    assert_int_equal(get_u16(out + 2), 0x2400); /* NOTIFY, AA */
    char *question = ldns_rr2str(ldns_rr_list_rr(ldns_pkt_question(packet), 0));
    assert_string_equal(question, "z.\tIN\tSOA\n");
    char *answer = ldns_rr2str(ldns_rr_list_rr(ldns_pkt_answer(packet), 0));
    assert_string_equal(answer, "z.\t5\tIN\tSOA\tns.z. hostmaster.z. 41 60 10 86400 2\n");
    free(question);
    free(answer);
    ldns_pkt_free(packet);
    /* Signed; without room; without its key. */
    size_t plain = size;
    size = dns_notify_message(dns, 0, 1, 7, NOW_S, out, sizeof(out));
    assert_true(size > plain);
    assert_int_equal(ldns_wire2pkt(&packet, out, size), LDNS_STATUS_OK);
    assert_true(ldns_pkt_tsig_verify(packet, out, size, "xfr.key.", key_base64, NULL));
    ldns_pkt_free(packet);
    assert_int_equal(dns_notify_message(dns, 0, 1, 7, NOW_S, out, size - 1), 0);
    assert_int_equal(dns_notify_message(dns, 0, 1, 7, NOW_S, out, plain - 1), 0);
    assert_int_equal(dns_notify_message(dns, 0, 2, 7, NOW_S, out, sizeof(out)), 0);
    dns_free(dns);
}

static void test_notify_answer(void **state)
{
    uint8_t answer[12] = {0xab, 0xcd, 0xa4, 0x05};
    (void)state;
    assert_true(dns_notify_answered(answer, 12, 0xabcd)); /* REFUSED is an answer too */
    assert_false(dns_notify_answered(answer, 12, 0xabce));
    assert_false(dns_notify_answered(answer, 11, 0xabcd));
    answer[2] = 0x24;
    assert_false(dns_notify_answered(answer, 12, 0xabcd)); /* no answer */
    answer[2] = 0x84;
    assert_false(dns_notify_answered(answer, 12, 0xabcd)); /* not to this */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_message),  cmocka_unit_test(test_wrong_signatures),
        cmocka_unit_test(test_small_udp),     cmocka_unit_test(test_notify),
        cmocka_unit_test(test_notify_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

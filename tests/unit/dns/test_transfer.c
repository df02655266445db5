/* AXFR and IXFR as a secondary sees them: form, content, who may, what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/state.h"
#include "unit/dns/transferring.h"

#define RECORDS "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\nwww CNAME ns\n"

enum { JOURNAL = 1 << 20 };

static struct rig *small(void)
{
    struct rig *t = transfer_rig(RECORDS, JOURNAL, NULL, 0);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 w=10", 1);
    publish(t);
    return t;
}

static void test_whole(void **state)
{
    struct rig *t = small();
    struct secondary s = {0};
    (void)state;
    secondary_axfr(&s, t);
    assert_int_equal(s.wholes, 1);
    static const char *const lines[] = {
        "z. 5 NS ns.z.",
        "ns.z. 5 A 10.9.9.9",
        "www.z. 5 CNAME ns.z.",
        "web.z. 5 A 10.0.0.1",
        "web.z. 5 SRV 0 10 80 a.web.z.",
        "web.z. 5 TXT \"\"",
        "_web._tcp.z. 5 SRV 0 10 80 a.web.z.",
        "_web._tcp.z. 5 PTR a._web._tcp.z.",
        "a._web._tcp.z. 5 SRV 0 10 80 a.web.z.",
        "a._web._tcp.z. 5 TXT \"\"",
        "_services._dns-sd._udp.z. 5 PTR _web._tcp.z.",
        "a.web.z. 5 A 10.0.0.1",
        "a.web.z. 5 SRV 0 10 80 a.web.z.",
        "a.web.z. 5 TXT \"\"",
    };
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
        if (!secondary_has(&s, lines[i]))
            fail_msg("not in the zone: %s", lines[i]);
    assert_string_equal(s.soa, "z. 5 SOA ns.z. host.z. 8 60 10 86400 2");
    assert_int_equal(counter_get(&dns_worker_counters(t->worker)->transfers[0]), 1);
    secondary_deinit(&s);
    rig_free(t);
}

/* Where nobody may have the zone nothing is kept for those who would. */
static void test_no_log(void **state)
{
    const struct dns_access nobody = {0};
    struct rig *t = transfer_rig(RECORDS, JOURNAL, &nobody, 0);
    (void)state;
    assert_null(t->dns->zones[0]->log);
    rig_free(t);
    t = transfer_rig(RECORDS, 0, NULL, 0);
    assert_null(t->dns->zones[0]->log);
    rig_free(t);
    t = small();
    assert_non_null(t->dns->zones[0]->log);
    rig_free(t);
}

static void test_differences(void **state)
{
    struct rig *t = small();
    struct secondary s = {0}, fresh = {0};
    (void)state;
    secondary_axfr(&s, t);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=80 w=20", 2);
    publish(t);
    unreg(t->registry, "web/a", 3);
    publish(t);
    secondary_ixfr(&s, t);
    assert_int_equal(s.wholes, 1);
    assert_int_equal(s.steps, 2);
    secondary_axfr(&fresh, t);
    secondary_compare(&s, &fresh);
    assert_int_equal(counter_get(&dns_worker_counters(t->worker)->transfers[1]), 1);
    secondary_deinit(&s);
    secondary_deinit(&fresh);
    rig_free(t);
}

/* Exactly what changed, no more. */
static void test_one_step(void **state)
{
    struct rig *t = small();
    (void)state;
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 w=11", 2);
    publish(t);
    struct transfer_reply r = ixfr(t, 8);
    static const char *const expected[] = {
        "z. 5 SOA ns.z. host.z. 9 60 10 86400 2", "z. 5 SOA ns.z. host.z. 8 60 10 86400 2",
        "a.web.z. 5 SRV 0 10 80 a.web.z.",        "a._web._tcp.z. 5 SRV 0 10 80 a.web.z.",
        "web.z. 5 SRV 0 10 80 a.web.z.",          "_web._tcp.z. 5 SRV 0 10 80 a.web.z.",
        "z. 5 SOA ns.z. host.z. 9 60 10 86400 2", "a.web.z. 5 SRV 0 11 80 a.web.z.",
        "a._web._tcp.z. 5 SRV 0 11 80 a.web.z.",  "web.z. 5 SRV 0 11 80 a.web.z.",
        "_web._tcp.z. 5 SRV 0 11 80 a.web.z.",    "z. 5 SOA ns.z. host.z. 9 60 10 86400 2",
    };
    assert_int_equal(r.count, ARRAY_COUNT(expected));
    for (size_t i = 0; i < r.count; i++)
        assert_string_equal(r.lines[i], expected[i]);
    assert_int_equal(r.flags, 0x8400);
    transfer_reply_free(&r);
    rig_free(t);
}

static void expect_soa_alone(struct transfer_reply r)
{
    assert_int_equal(r.rcode, 0);
    assert_int_equal(r.count, 1);
    assert_string_equal(r.lines[0], "z. 5 SOA ns.z. host.z. 8 60 10 86400 2");
    transfer_reply_free(&r);
}

static void test_nothing_new(void **state)
{
    struct rig *t = small();
    (void)state;
    expect_soa_alone(ixfr(t, 8));
    expect_soa_alone(ixfr(t, 9)); /* newer than ours */
    rig_free(t);
}

static void expect_whole(struct rig *t, uint32_t serial)
{
    struct secondary s = {.serial = serial};
    secondary_ixfr(&s, t);
    assert_int_equal(s.wholes, 1);
    secondary_deinit(&s);
}

static void test_not_in_the_journal(void **state)
{
    struct rig *t = small();
    (void)state;
    expect_whole(t, 7); /* before the first publication nobody has seen anything */
    expect_whole(t, 1);
    rig_free(t);
    t = transfer_rig(RECORDS, JOURNAL, NULL, 0);
    publish(t); /* of a registry that is empty still */
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 1);
    publish(t);
    uint32_t second;
    struct transfer_reply r = ixfr(t, 7);
    assert_true(is_soa(r.lines[1], &second));
    assert_int_equal(second, 7);
    transfer_reply_free(&r);
    rig_free(t);
    t = transfer_rig(RECORDS, 0, NULL, 0); /* none is kept */
    publish(t);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 1);
    publish(t);
    expect_whole(t, 7);
    rig_free(t);
}

/* The oldest go first; what is left leads on from where it does. */
static void test_journal_is_bounded(void **state)
{
    struct rig *t = transfer_rig(RECORDS, 4096, NULL, 0);
    char fields[80];
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(fields, sizeof(fields), "addr=10.0.0.%u port=80", i + 1);
        reg(t->registry, "web/a", fields, i + 1);
        publish(t);
    }
    uint32_t serial = dns_zone_serial(t->dns, 0);
    expect_whole(t, serial - 99);
    struct transfer_reply r = ixfr(t, serial - 1);
    uint32_t second;
    assert_true(is_soa(r.lines[1], &second));
    assert_int_equal(second, serial - 1);
    transfer_reply_free(&r);
    rig_free(t);
}

/* More differences than the zone has records: the zone is shorter. */
static void test_larger_than_the_zone(void **state)
{
    struct rig *t = small();
    char fields[200];
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(fields, sizeof(fields), "addr=10.0.0.%u port=80 m.alpn=h2 version=1.%u", i + 1, i);
        reg(t->registry, "web/a", fields, i + 1);
        publish(t);
    }
    uint32_t serial = dns_zone_serial(t->dns, 0);
    expect_whole(t, serial - 99);
    rig_free(t);
}

static void test_udp(void **state)
{
    struct rig *t = small();
    (void)state;
    struct transfer_ask q = {.type = T_IXFR, .zone = "z", .serial = 8, .udp = true};
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 w=11", 2);
    publish(t);
    struct transfer_reply r = transfer(t, &q); /* fits */
    assert_int_equal(r.count, 12);
    assert_false(r.flags & 0x200);
    transfer_reply_free(&r);
    q.serial = 7; /* not in the journal: try TCP */
    r = transfer(t, &q);
    assert_int_equal(r.count, 1);
    transfer_reply_free(&r);
    register_many(t, "many", 20, "");
    q.serial = 9; /* does not fit */
    r = transfer(t, &q);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.messages, 1);
    assert_string_equal(r.lines[0], "z. 5 SOA ns.z. host.z. 10 60 10 86400 2");
    assert_false(r.flags & 0x200);
    transfer_reply_free(&r);
    rig_free(t);
}

static void expect_refused(struct rig *t, const struct transfer_ask *q, unsigned rcode)
{
    struct transfer_reply r = transfer(t, q);
    assert_int_equal(r.rcode, rcode);
    assert_int_equal(r.count, 0);
    assert_int_equal(r.messages, 1);
    transfer_reply_free(&r);
}

static void test_refused(void **state)
{
    struct rig *t = small();
    (void)state;
    expect_refused(t, &(struct transfer_ask){.type = T_AXFR, .zone = "z", .udp = true}, 4);
    expect_refused(t, &(struct transfer_ask){.type = T_AXFR, .zone = "web.z"}, 9);
    expect_refused(t, &(struct transfer_ask){.type = T_AXFR, .zone = "other"}, 9);
    expect_refused(t, &(struct transfer_ask){.type = T_IXFR, .zone = "other"}, 9);
    expect_refused(t, &(struct transfer_ask){.type = T_IXFR, .zone = "z", .without_soa = true}, 1);
    rig_free(t);
}

static void test_access(void **state)
{
    struct dns_access access[] = {{.anywhere = true, .key = (char[]){"XFR.Key."}},
                                  {.from = {{FAMILY_V4, {198, 51, 100}}, 24}}};
    struct rig *t = transfer_rig(RECORDS, JOURNAL, access, 2);
    struct transfer_ask q = {.type = T_AXFR, .zone = "z", .bufsize = 1232};
    struct tsig sign;
    const uint8_t wire[] = "\3xfr\3key";
    (void)state;
    expect_refused(t, &q, 5);
    struct tsig_keyring *ring;
    const char *fault;
    struct dns_key key = {.name = (char[]){"xfr.key"},
                          .algorithm = TSIG_SHA256,
                          .secret = (uint8_t *)strdup(transfer_secret),
                          .secret_size = sizeof(transfer_secret) - 1};
    assert_int_equal(tsig_keyring_new(&key, 1, &ring, &fault), ERR_OK);
    tsig_begin(tsig_keyring_find(ring, TEXT("xfr.key")), &sign);
    assert_memory_equal(sign.name.wire, wire, sizeof(wire));
    q.tsig = &sign;
    struct transfer_reply r = transfer(t, &q);
    assert_int_equal(r.rcode, 0);
    assert_true(r.count > 2);
    transfer_reply_free(&r);
    tsig_end(&sign);
    q.tsig = NULL;
    assert_int_equal(addr_parse(TEXT("198.51.100.7"), &t->client), ERR_OK);
    r = transfer(t, &q);
    assert_int_equal(r.rcode, 0);
    assert_true(r.count > 2);
    transfer_reply_free(&r);
    free(key.secret);
    tsig_keyring_free(ring);
    rig_free(t);
}

static void test_nobody(void **state)
{
    struct dns_access none = {0};
    struct rig *t = transfer_rig(RECORDS, JOURNAL, &none, 0);
    (void)state;
    expect_refused(t, &(struct transfer_ask){.type = T_AXFR, .zone = "z"}, 5);
    struct transfer_ask q = {.type = T_AXFR, .zone = "z", .bufsize = 1232};
    uint8_t query[512];
    size_t size = transfer_query(&q, query);
    send_bytes(t, query, size, true);
    assert_true(dns_check(query, size, t->out, t->size, 65535, &t->reply));
    assert_int_equal(t->reply.ede, 18);
    rig_free(t);
}

static void test_expire(void **state)
{
    struct rig *t = small();
    (void)state;
    struct transfer_ask q = {.type = T_AXFR, .zone = "z", .bufsize = 1232, .with_expire = true};
    struct transfer_reply r = transfer(t, &q);
    assert_int_equal(r.expire, 86400);
    transfer_reply_free(&r);
    q.with_expire = false;
    r = transfer(t, &q);
    assert_int_equal(r.expire, -1);
    transfer_reply_free(&r);
    rig_free(t);
}

/* Many messages, none much over the target, all of one version. */
static void test_large(void **state)
{
    struct rig *t = small();
    struct secondary s = {0};
    (void)state;
    register_many(t, "many", 3000, " m.alpn=h2");
    struct transfer_reply r = axfr(t);
    assert_true(r.messages > 10);
    assert_true(r.largest <= 16384);
    secondary_take(&s, &r);
    assert_true(s.count > 3000 * 8);
    transfer_reply_free(&r);
    secondary_deinit(&s);
    rig_free(t);
}

/* A transfer shows the version it began with, whatever is published in between, and even
 * when its struct dns is gone. */
static void test_pinned(void **state)
{
    struct rig *t = small();
    uint8_t query[512], *out = malloc(TRANSFER_ROOM);
    (void)state;
    register_many(t, "many", 1000, "");
    struct secondary before = {0}, pinned = {0};
    secondary_axfr(&before, t);
    size_t size = transfer_query(&(struct transfer_ask){.type = T_AXFR, .zone = "z"}, query);
    send_bytes(t, query, size, true);
    struct dns_task *task = dns_worker_take_task(t->worker);
    assert_int_equal(dns_task_kind(task), DNS_TASK_TRANSFER);
    dns_task_run(t->dns, t->registry, (struct moment){1, 1}, task);
    struct transfer_reply r = {0};
    transfer_take(&r, out, dns_task_next(task, t->worker, NOW_S, out, TRANSFER_ROOM));
    unreg(t->registry, "many/i00001", 5);
    unreg(t->registry, "web/a", 5);
    publish(t);
    rcu_drain();
    transfer_take(&r, out, dns_task_next(task, t->worker, NOW_S, out, TRANSFER_ROOM));
    dns_free(t->dns);
    t->dns = NULL;
    rcu_drain();
    for (size_t n; (n = dns_task_next(task, t->worker, NOW_S, out, TRANSFER_ROOM));)
        transfer_take(&r, out, n);
    dns_task_free(task);
    secondary_take(&pinned, &r);
    secondary_compare(&before, &pinned);
    transfer_reply_free(&r);
    secondary_deinit(&before);
    secondary_deinit(&pinned);
    free(out);
    rig_free(t);
}

static void test_refuse_a_task(void **state)
{
    struct rig *t = small();
    uint8_t query[512];
    (void)state;
    for (int run = 0; run < 2; run++) {
        struct transfer_ask q = {.type = T_AXFR, .zone = "z", .bufsize = 1232};
        size_t size = transfer_query(&q, query);
        send_bytes(t, query, size, true);
        struct dns_task *task = dns_worker_take_task(t->worker);
        assert_non_null(task);
        assert_null(dns_worker_take_task(t->worker));
        if (run)
            dns_task_run(t->dns, t->registry, (struct moment){1, 1}, task);
        dns_task_refuse(task, "busy");
        size_t n = dns_task_next(task, t->worker, NOW_S, t->out, sizeof(t->out));
        assert_true(dns_check(query, size, t->out, n, 65535, &t->reply));
        assert_int_equal(t->reply.rcode, 2);
        assert_int_equal(t->reply.ede, 14);
        assert_string_equal(t->reply.ede_text, "busy");
        dns_reply_free(&t->reply);
        assert_int_equal(dns_task_next(task, t->worker, NOW_S, t->out, sizeof(t->out)), 0);
        dns_task_free(task);
    }
    rig_free(t);
}

/* Reload: the zone may be gone when the control thread gets to it. */
static void test_zone_is_gone(void **state)
{
    struct rig *t = small();
    uint8_t query[512];
    struct dns_config config = {0};
    struct dns_fault fault;
    (void)state;
    size_t size = transfer_query(&(struct transfer_ask){.type = T_AXFR, .zone = "z"}, query);
    send_bytes(t, query, size, true);
    struct dns_task *task = dns_worker_take_task(t->worker);
    struct dns *none = dns_new(&config, &test_key, &fault);
    assert_non_null(none);
    dns_task_run(none, t->registry, (struct moment){1, 1}, task);
    size_t n = dns_task_next(task, t->worker, NOW_S, t->out, sizeof(t->out));
    assert_int_equal(n, size);
    assert_int_equal(t->out[3] & 15, 9);
    dns_task_free(task);
    dns_free(none);
    rig_free(t);
}

/* Another zone of ours lies inside of a service: what is there is not this zone's. */
static void test_zone_inside(void **state)
{
    static const char *const names[] = {"z", "a.web.z", "_tcp.web.z", "_dns-sd._udp.z"};
    struct dns_config config = {.zone_count = ARRAY_COUNT(names)};
    struct dns_fault fault;
    struct rig *t = small();
    struct secondary s = {0};
    (void)state;
    config.zones = calloc(config.zone_count, sizeof(*config.zones));
    for (size_t i = 0; i < config.zone_count; i++)
        config.zones[i] = (struct dns_zone_config){
            .name = strdup(names[i]), .ns = i ? NULL : strdup("default"), .ttl = 5};
    config.zones->transfers = calloc(1, sizeof(struct dns_access));
    config.zones->transfers->anywhere = true;
    config.zones->transfer_count = 1;
    dns_free(t->dns);
    t->dns = dns_new(&config, &test_key, &fault);
    assert_non_null(t->dns);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=http:80 w=10", 1);
    publish(t);
    secondary_axfr(&s, t);
    assert_true(secondary_has(&s, "b.web.z. 5 A 10.0.0.2"));
    assert_true(secondary_has(&s, "web.z. 5 A 10.0.0.1"));
    for (size_t i = 0; i < s.count; i++) {
        assert_int_not_equal(strncmp(s.lines[i], "a.web.z. ", 9), 0);
        assert_null(strstr(s.lines[i], "_http._tcp.web.z. "));
        assert_int_not_equal(strncmp(s.lines[i], "_services.", 10), 0);
    }
    secondary_deinit(&s);
    rig_free(t);
}

/* What must not pass for an SOA in the authority section (RFC 1995 section 3). */
static void test_malformed_soa(void **state)
{
    struct rig *t = small();
    struct transfer_ask q = {.type = T_IXFR, .zone = "z", .serial = 8};
    uint8_t good[512], query[512];
    size_t size = transfer_query(&q, good), soa = 12 + 3 + 4;
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {
        {3, 2},            /* type */
        {5, 3},            /* class */
        {11, 21},          /* RDLENGTH */
        {11, 23},          /* likewise, past the end */
        {12, 1},           /* names */
        {13, 20}, {1, 13}, /* owner: the root */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        memcpy(query, good, size);
        query[soa + wrong[i].at] = wrong[i].value;
        send_bytes(t, query, size, true);
        assert_int_equal(t->out[3] & 15, 1);
        assert_null(dns_worker_take_task(t->worker));
    }
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_no_log),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_one_step),
        cmocka_unit_test(test_nothing_new),
        cmocka_unit_test(test_not_in_the_journal),
        cmocka_unit_test(test_journal_is_bounded),
        cmocka_unit_test(test_larger_than_the_zone),
        cmocka_unit_test(test_udp),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_access),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_expire),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_refuse_a_task),
        cmocka_unit_test(test_zone_is_gone),
        cmocka_unit_test(test_zone_inside),
        cmocka_unit_test(test_malformed_soa),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

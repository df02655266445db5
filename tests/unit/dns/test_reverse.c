/* Reverse zones: which addresses have PTR records, and that they follow every change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rand.h"
#include "dns/reverse.h"
#include "dns/state.h"
#include "dns/zone.h"
#include "unit/dns/answering.h"

#define ZONE "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"
#define V6 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa"

static struct rig *t;

static void add_zone(struct dns_config *c, const char *name, const char *reverse, const char *file)
{
    c->zones = realloc(c->zones, (c->zone_count + 1) * sizeof(*c->zones));
    c->zones[c->zone_count++] = (struct dns_zone_config){.name = strdup(name),
                                                         .file = file ? strdup(file) : NULL,
                                                         .reverse = strdup(reverse),
                                                         .ttl = 7,
                                                         .negative_ttl = 3,
                                                         .srv_weight_scale = 1};
}

static void configure(struct dns_config *c)
{
    static const char records[] = "@ SOA ns.z. host.z. 1 60 10 86400 2\n@ NS ns.z.\n"
                                  "9.0.0 PTR static.other.\n8 NS ns.other.\n";
    char path[64];
    int fd = memfd_create("reverse", 0); /* stays: the file is read in dns_new */
    assert_int_equal(write(fd, records, sizeof(records) - 1), (ssize_t)sizeof(records) - 1);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    add_zone(c, "10.in-addr.arpa", "z", path);
    add_zone(c, "1.10.in-addr.arpa.", "Z.", NULL);
    add_zone(c, "d.f.ip6.arpa", "z", NULL);
}

static int setup(void **state)
{
    (void)state;
    t = rig_with_config(ZONE, NULL, configure);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_free(t);
    return 0;
}

static void nothing(const char *name, unsigned rcode)
{
    struct dns_reply *r = ask(t, name, T_PTR);
    if (r->rcode != rcode || r->counts[SECTION_ANSWER_AT])
        fail_msg("%s: rcode %u, %u records", name, r->rcode, r->counts[SECTION_ANSWER_AT]);
}

static void test_names(void **state)
{
    (void)state;
    struct addr a;
    struct name name;
    char text[NAME_TEXT];
    assert_int_equal(addr_parse(TEXT("10.200.3.0"), &a), ERR_OK);
    reverse_name(&a, &name);
    assert_string_equal(name_format(name.wire, text), "0.3.200.10.in-addr.arpa.");
    assert_int_equal(name.labels, 6);
    assert_int_equal(name.size, strlen(text) + 1);
    assert_int_equal(addr_parse(TEXT("2001:db8:1234::ab"), &a), ERR_OK);
    reverse_name(&a, &name);
    assert_string_equal(name_format(name.wire, text), "b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
                                                      "4.3.2.1.8.b.d.0.1.0.0.2.ip6.arpa.");
    assert_int_equal(name.labels, 34);
}

static void test_pointers(void **state)
{
    (void)state;
    reg(t->registry, "web/a", "addr=10.0.0.1 addr=fd00::12 port=80", 1);
    reg(t->registry, "web/b", "addr=10.0.0.1 addr=10.0.0.9 addr=192.0.2.7 port=81", 1);
    reg(t->registry, "web/c", "addr=10.1.0.1 addr=10.8.0.1 port=80 status=draining", 1);
    reg(t->registry, "web/d", "addr=10.0.0.4 port=80 status=down", 1);
    reg(t->registry, "web/e", "addr=10.0.0.5 port=80 status=starting", 1);
    reg_stale(t->registry, "user.rpc/u", "addr=10.0.0.6", 1);
    publish(t);
    expect(t, "1.0.0.10.in-addr.arpa", T_PTR, 0,
           "1.0.0.10.in-addr.arpa. 7 PTR a.web.z.\n1.0.0.10.in-addr.arpa. 7 PTR b.web.z.");
    assert_true(t->reply.flags & 0x0400);
    expect(t, "2.1." V6, T_PTR, 0, "2.1." V6 ". 7 PTR a.web.z.");
    expect(t, "9.0.0.10.in-addr.arpa", T_PTR, 0, "9.0.0.10.in-addr.arpa. 7 PTR static.other.");
    expect(t, "1.0.1.10.in-addr.arpa", T_PTR, 0, "1.0.1.10.in-addr.arpa. 7 PTR c.web.z.");
    expect(t, "5.0.0.10.in-addr.arpa", T_PTR, 0, "5.0.0.10.in-addr.arpa. 7 PTR e.web.z.");
    expect(t, "6.0.0.10.in-addr.arpa", T_PTR, 0, "6.0.0.10.in-addr.arpa. 7 PTR u.user.rpc.z.");
    nothing("4.0.0.10.in-addr.arpa", 3);
    nothing("0.0.10.in-addr.arpa", 0); /* an empty non-terminal */
    nothing("7.2.0.192.in-addr.arpa", 5);
    assert_int_equal(ask(t, "1.0.8.10.in-addr.arpa", T_PTR)->counts[SECTION_ANSWER_AT], 0);
    ask(t, "1.0.0.10.in-addr.arpa", T_A);
    assert_int_equal(t->reply.rcode, 0);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 0);
}

static void test_changes(void **state)
{
    (void)state;
    uint32_t serial = dns_zone_serial(t->dns, 1), v6 = dns_zone_serial(t->dns, 3);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 1);
    reg(t->registry, "web/b", "addr=10.0.0.1 port=80", 1);
    publish(t);
    assert_int_not_equal(dns_zone_serial(t->dns, 1), serial);
    assert_int_equal(dns_zone_serial(t->dns, 3), v6);
    serial = dns_zone_serial(t->dns, 1);
    reg(t->registry, "web/b", "addr=10.0.0.1 port=80 w=7", 2); /* nothing to reverse zones */
    publish(t);
    assert_int_equal(dns_zone_serial(t->dns, 1), serial);
    reg(t->registry, "web/a", "addr=10.0.0.2 addr=fd00::12 port=80", 3);
    publish(t);
    expect(t, "1.0.0.10.in-addr.arpa", T_PTR, 0, "1.0.0.10.in-addr.arpa. 7 PTR b.web.z.");
    expect(t, "2.0.0.10.in-addr.arpa", T_PTR, 0, "2.0.0.10.in-addr.arpa. 7 PTR a.web.z.");
    reg(t->registry, "web/b", "addr=10.0.0.1 port=80 status=down", 4);
    publish(t);
    nothing("1.0.0.10.in-addr.arpa", 3);
    reg(t->registry, "web/b", "addr=10.0.0.1 port=80", 5);
    unreg(t->registry, "web/a", 5);
    publish(t);
    expect(t, "1.0.0.10.in-addr.arpa", T_PTR, 0, "1.0.0.10.in-addr.arpa. 7 PTR b.web.z.");
    nothing("2.0.0.10.in-addr.arpa", 3);
    nothing("2.1." V6, 3);
    unreg(t->registry, "web/b", 6);
    publish(t);
    nothing("10.in-addr.arpa", 0);
    nothing("1.0.0.10.in-addr.arpa", 3);
}

/* All on one address, of which some have records. */
static void test_shared(void **state)
{
    (void)state;
    char name[32];
    for (int i = 0; i < REVERSE_MAX + 50; i++) {
        snprintf(name, sizeof(name), "s%d/a", i);
        reg(t->registry, name, "addr=10.0.0.1 port=80", 1);
    }
    publish(t);
    ask_tcp(t, "1.0.0.10.in-addr.arpa", T_PTR);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], REVERSE_MAX);
    for (int i = 0; i < REVERSE_MAX; i++) {
        snprintf(name, sizeof(name), "s%d/a", i);
        unreg(t->registry, name, 2);
    }
    publish(t);
    ask_tcp(t, "1.0.0.10.in-addr.arpa", T_PTR);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 50);
}

/* Random changes; then each address has just those that are registered with it. */
static void test_model(void **state)
{
    (void)state;
    enum { INSTANCES = 40, ADDRESSES = 6 };
    unsigned of[INSTANCES] = {0}; /* address + 1, 0 = not there */
    struct rand rng;
    char name[32], fields[64];
    rand_seed(&rng, SEED);
    for (int round = 0; round < 300; round++) {
        for (unsigned n = 1 + rand_below(&rng, 5); n; n--) {
            unsigned i = rand_below(&rng, INSTANCES), to = rand_below(&rng, ADDRESSES + 1);
            snprintf(name, sizeof(name), "s%u/i%02u", i % 3, i);
            snprintf(fields, sizeof(fields), "addr=10.0.0.%u port=80", 10 + to);
            if (to)
                reg(t->registry, name, fields, 1 + (uint64_t)round);
            else if (of[i])
                unreg(t->registry, name, 1 + (uint64_t)round);
            of[i] = to;
        }
        publish(t);
        for (unsigned a = 1; a <= ADDRESSES; a++) {
            char lines[INSTANCES * 64] = "";
            for (unsigned i = 0; i < INSTANCES; i++) {
                size_t at = strlen(lines);
                if (of[i] == a)
                    snprintf(lines + at, sizeof(lines) - at,
                             "%s%u.0.0.10.in-addr.arpa. 7 PTR i%02u.s%u.z.", at ? "\n" : "", 10 + a,
                             i, i % 3);
            }
            snprintf(name, sizeof(name), "%u.0.0.10.in-addr.arpa", 10 + a);
            if (*lines)
                expect(t, name, T_PTR, 0, lines);
            else
                nothing(name, 3);
        }
    }
}

/* A new struct dns (a reload) has all of them from its first publishing on. */
static void test_reload(void **state)
{
    (void)state;
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 1);
    publish(t);
    struct rig *old = t;
    t = rig_with_config(ZONE, NULL, configure);
    registry_free(t->registry);
    t->registry = old->registry;
    old->registry = registry_empty();
    publish(t);
    expect(t, "1.0.0.10.in-addr.arpa", T_PTR, 0, "1.0.0.10.in-addr.arpa. 7 PTR a.web.z.");
    rig_free(old);
}

/* A service that cannot be seen has no pointers. */
static void test_hidden(void **state)
{
    (void)state;
    rig_free(t);
    t = rig_with_config(ZONE "web TXT static\n", NULL, configure);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 1);
    publish(t);
    nothing("1.0.0.10.in-addr.arpa", 3);
}

/* What is made up names the servers of the forward zone, wherever that stands in the list. */
static void test_servers(void **state)
{
    (void)state;
    expect(t, "1.10.in-addr.arpa", T_NS, 0, "1.10.in-addr.arpa. 7 NS ns.z.");
    const char *soa = dns_reply_line(ask(t, "1.10.in-addr.arpa", T_SOA), SECTION_ANSWER_AT, 0);
    assert_non_null(strstr(soa, " 7 SOA ns.z. host.z. "));
    expect(t, "d.f.ip6.arpa", T_NS, 0, "d.f.ip6.arpa. 7 NS ns.z.");

    struct dns_config config = {.serial = 1};
    struct dns_fault fault;
    add_zone(&config, "10.in-addr.arpa", "z", NULL);
    add_zone(&config, "z", "", NULL);
    free(config.zones[1].reverse);
    config.zones[1].reverse = NULL;
    config.zones[1].ns = strdup("default");
    struct dns *dns = dns_new(&config, &test_key, &fault);
    assert_non_null(dns);
    const struct static_name *apex = zone_find(dns->zones[0], &dns->zones[0]->apex);
    assert_int_equal(apex->rrsets[0].count, 1);
    assert_memory_equal(apex->rrsets[0].rdata[0], "\2ns\1z\0", 6);
    dns_free(dns);
}

static void test_bad_configuration(void **state)
{
    (void)state;
    static const char *const forward[] = {"nowhere", "a..b", "10.in-addr.arpa"};
    for (size_t i = 0; i < ARRAY_COUNT(forward); i++) {
        struct dns_config config = {.serial = 1};
        struct dns_fault fault;
        add_zone(&config, "10.in-addr.arpa", forward[i], NULL);
        assert_null(dns_new(&config, &test_key, &fault));
        assert_non_null(strstr(fault.text, "expected `reverse` to name a zone with a namespace"));
        assert_non_null(strstr(fault.text, "10.in-addr.arpa"));
    }
}

/* Whoever comes beyond the first REVERSE_MAX names of an address changes nothing to be seen. */
static void test_unseen_changes(void **state)
{
    (void)state;
    char name[16];
    for (int i = 0; i < REVERSE_MAX; i++) {
        snprintf(name, sizeof(name), "nat/i%03d", i);
        reg(t->registry, name, "addr=10.200.0.1 port=80", 1);
    }
    publish(t);
    uint32_t serial = dns_zone_serial(t->dns, 1);
    reg(t->registry, "nat/x", "addr=10.200.0.1 port=80", 1);
    publish(t);
    assert_int_equal(dns_zone_serial(t->dns, 1), serial);
    unreg(t->registry, "nat/x", 1);
    publish(t);
    assert_int_equal(dns_zone_serial(t->dns, 1), serial);
    unreg(t->registry, "nat/i000", 1);
    publish(t);
    assert_int_not_equal(dns_zone_serial(t->dns, 1), serial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_unseen_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pointers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_servers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reload, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hidden, setup, teardown),
        cmocka_unit_test(test_bad_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Answers by where the asker is: tiers, spill-over, and what EDNS Client Subnet says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rand.h"
#include "unit/dns/answering.h"

enum { T_SVCB = 64, SUBNET = 8 };

static struct rig *t;

static void add_place(struct dns_config *c, const char *from, const char *zone, const char *region)
{
    struct dns_place *p = &c->places[c->place_count++];
    assert_int_equal(network_parse(text_of(from), &p->from), ERR_OK);
    p->zone = zone ? strdup(zone) : NULL;
    p->region = region ? strdup(region) : NULL;
}

static void configure(struct dns_config *c)
{
    c->places = calloc(8, sizeof(*c->places));
    add_place(c, "10.1.128.0/17", "b", "eu");
    add_place(c, "10.1.0.0/16", "a", "eu");
    add_place(c, "10.2.0.0/16", NULL, "eu");
    add_place(c, "10.3.0.0/16", "C One", "us");
    add_place(c, "fd01::/32", "a", "eu");
    c->ecs_from = calloc(1, sizeof(*c->ecs_from));
    c->ecs_from_count = 1;
    assert_int_equal(network_parse(TEXT("192.0.2.0/24"), &c->ecs_from[0]), ERR_OK);
}

static void start(uint32_t max, uint32_t locality, uint32_t spill_over)
{
    static char all[] = "*";
    struct dns_rule rule = {all,       DNS_UNSET, DNS_UNSET, max,
                            DNS_UNSET, DNS_UNSET, locality,  spill_over};
    t = rig_with_config("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n", &rule,
                        configure);
}

static int setup(void **state)
{
    (void)state;
    start(0, DNS_UNSET, DNS_UNSET);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_free(t);
    return 0;
}

static void restart(uint32_t max, uint32_t locality, uint32_t spill_over)
{
    rig_free(t);
    start(max, locality, spill_over);
}

static void from(const char *client)
{
    assert_int_equal(addr_parse(text_of(client), &t->client), ERR_OK);
}

/* One of each: zone a and b of eu, c-one of us, one that says nothing. */
static void register_all(void)
{
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 w=1 zone=a region=eu", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=80 w=1 zone=b region=eu", 1);
    reg(t->registry, "web/c", "addr=10.0.0.3 port=80 w=1 zone=c-one region=us", 1);
    reg(t->registry, "web/d", "addr=10.0.0.4 port=80 w=1", 1);
    publish(t);
}

#define SRV(a, b, c, d)                                                                            \
    "web.z. 5 SRV " #a " 1 80 a.web.z.\nweb.z. 5 SRV " #b " 1 80 b.web.z.\n"                       \
    "web.z. 5 SRV " #c " 1 80 c.web.z.\nweb.z. 5 SRV " #d " 1 80 d.web.z."

static void test_priorities(void **state)
{
    (void)state;
    register_all();
    expect(t, "web.z", T_SRV, 0, SRV(0, 0, 0, 0)); /* no place */
    from("10.1.0.1");
    expect(t, "web.z", T_SRV, 0, SRV(0, 1, 2, 2));
    from("10.1.128.1");
    expect(t, "web.z", T_SRV, 0, SRV(1, 0, 2, 2));
    from("10.2.0.1");
    expect(t, "web.z", T_SRV, 0, SRV(1, 1, 2, 2));
    from("10.3.0.1");
    expect(t, "web.z", T_SRV, 0, SRV(2, 2, 0, 2));
    from("fd01::7");
    expect(t, "web.z", T_SRV, 0, SRV(0, 1, 2, 2));
    expect(t, "_web._tcp.z", T_SRV, 0,
           "_web._tcp.z. 5 SRV 0 1 80 a.web.z.\n_web._tcp.z. 5 SRV 1 1 80 b.web.z.\n"
           "_web._tcp.z. 5 SRV 2 1 80 c.web.z.\n_web._tcp.z. 5 SRV 2 1 80 d.web.z.");
    expect(t, "eu.region.web.z", T_SRV, 0,
           "eu.region.web.z. 5 SRV 0 1 80 a.web.z.\neu.region.web.z. 5 SRV 1 1 80 b.web.z.");
    expect(t, "a.web.z", T_SRV, 0, "a.web.z. 5 SRV 0 1 80 a.web.z.");
    ask(t, "web.z", T_SVCB);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(atoi(dns_reply_data(&t->reply, SECTION_ANSWER_AT, i)),
                         i < 2 ? 1 + (int)i : 3);
}

/* The registered priority is the major order; where three for each would reach those of the
 * stale, the registered ones stay. */
static void test_registered_priority_first(void **state)
{
    (void)state;
    from("10.1.0.1");
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 w=1 priority=10921 zone=a region=eu", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=80 w=1 priority=7", 1);
    reg(t->registry, "web/c", "addr=10.0.0.3 port=80 w=1 priority=7 region=eu", 1);
    reg_stale(t->registry, "web/d", "addr=10.0.0.4 port=80 w=1 priority=3", 1);
    publish(t);
    expect(t, "web.z", T_SRV, 0, SRV(32763, 23, 22, 32771));
    expect(t, "web.z", T_A, 0, "web.z. 5 A 10.0.0.2\nweb.z. 5 A 10.0.0.3");
    assert_string_equal(dns_reply_line(&t->reply, SECTION_ANSWER_AT, 0), "web.z. 5 A 10.0.0.3");
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 w=1 priority=10922 zone=a region=eu", 2);
    publish(t);
    expect(t, "web.z", T_SRV, 0, SRV(10922, 7, 7, 32771));
}

static void test_addresses(void **state)
{
    (void)state;
    register_all();
    from("10.1.0.1");
    for (int i = 0; i < 50; i++) {
        expect(t, "web.z", T_A, 0,
               "web.z. 5 A 10.0.0.1\nweb.z. 5 A 10.0.0.2\nweb.z. 5 A 10.0.0.3\n"
               "web.z. 5 A 10.0.0.4");
        assert_string_equal(dns_reply_line(&t->reply, SECTION_ANSWER_AT, 0), "web.z. 5 A 10.0.0.1");
        assert_string_equal(dns_reply_line(&t->reply, SECTION_ANSWER_AT, 1), "web.z. 5 A 10.0.0.2");
    }
    reg(t->registry, "web/e", "addr=10.0.0.1 port=81 w=5", 2); /* shares a near one's */
    publish(t);
    ask(t, "web.z", T_A);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 4);
    assert_string_equal(dns_reply_line(&t->reply, SECTION_ANSWER_AT, 0), "web.z. 5 A 10.0.0.1");
    restart(0, DNS_LOCALITY_ALONE, DNS_UNSET);
    register_all();
    from("10.1.0.1");
    expect(t, "web.z", T_A, 0, "web.z. 5 A 10.0.0.1");
    expect(t, "web.z", T_SRV, 0, SRV(0, 1, 2, 2));
    from("10.2.0.1");
    expect(t, "web.z", T_A, 0, "web.z. 5 A 10.0.0.1\nweb.z. 5 A 10.0.0.2");
    from("10.3.0.1");
    expect(t, "web.z", T_A, 0, "web.z. 5 A 10.0.0.3");
    expect(t, "a.zone.web.z", T_A, 0, "a.zone.web.z. 5 A 10.0.0.1");
    from("10.4.0.1");
    assert_int_equal(ask(t, "web.z", T_A)->counts[SECTION_ANSWER_AT], 4);
    restart(0, DNS_LOCALITY_OFF, DNS_UNSET);
    register_all();
    from("10.1.0.1");
    expect(t, "web.z", T_SRV, 0, SRV(0, 0, 0, 0));
}

/* A zone of four; so many are draining. */
static void register_spilling(unsigned draining)
{
    char name[16], fields[96];
    for (unsigned i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "web/a%u", i);
        snprintf(fields, sizeof(fields), "addr=10.0.0.%u port=80 zone=a region=eu%s", 1 + i,
                 i < draining ? " status=draining" : "");
        reg(t->registry, name, fields, 1 + draining);
    }
    reg(t->registry, "web/b", "addr=10.0.1.1 port=80 zone=b region=eu", 1 + draining);
    reg(t->registry, "web/c", "addr=10.0.2.1 port=80 zone=c region=eu", 1 + draining);
    reg(t->registry, "web/d", "addr=10.0.3.1 port=80 zone=d region=us", 1 + draining);
    publish(t);
}

/* The priorities of SRV by the first letter of who has them. */
static void check_spilling(unsigned draining, int a, int b, int d)
{
    const int of[] = {['a' - 'a'] = a, ['b' - 'a'] = b, ['c' - 'a'] = b, ['d' - 'a'] = d};
    register_spilling(draining);
    ask(t, "web.z", T_SRV);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 7 - draining);
    for (size_t i = 0; i < 7 - draining; i++) {
        const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, i);
        char id = strstr(data, " 80 ")[4];
        if (atoi(data) != of[id - 'a'])
            fail_msg("%u draining: %s", draining, data);
    }
}

static void test_spill_over(void **state)
{
    (void)state;
    from("10.1.0.1");
    check_spilling(0, 0, 1, 2);
    check_spilling(2, 0, 1, 2); /* just half */
    check_spilling(3, 1, 1, 2); /* the region: half of six */
    check_spilling(4, 0, 0, 0); /* two of six: no preference any more */
    restart(0, DNS_UNSET, 0);
    from("10.1.0.1");
    check_spilling(3, 0, 1, 2);
    restart(0, DNS_UNSET, 100);
    from("10.1.0.1");
    check_spilling(1, 0, 0, 0);
}

/* Those that are not heard from are not up. */
static void test_spill_over_stale(void **state)
{
    (void)state;
    from("10.1.0.1");
    reg_stale(t->registry, "web/a", "addr=10.0.0.1 port=80 w=1 zone=a", 1);
    reg_stale(t->registry, "web/b", "addr=10.0.0.2 port=80 w=1 zone=a", 1);
    reg(t->registry, "web/c", "addr=10.0.0.3 port=80 w=1 zone=a", 1);
    reg(t->registry, "web/d", "addr=10.0.0.4 port=80 w=1", 1);
    publish(t);
    expect(t, "web.z", T_SRV, 0, SRV(32768, 32768, 0, 0));
    reg(t->registry, "web/b", "addr=10.0.0.2 port=80 w=1 zone=a", 2);
    publish(t);
    expect(t, "web.z", T_SRV, 0, SRV(32768, 0, 0, 2));
}

static void test_weights(void **state)
{
    (void)state;
    unsigned first = 0;
    from("10.1.0.1");
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 w=300 zone=a", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=80 w=100 zone=a", 1);
    reg(t->registry, "web/c", "addr=10.0.0.3 port=80 w=5000", 1);
    reg(t->registry, "web/d", "addr=10.0.0.4 port=80 w=0 zone=a", 1);
    publish(t);
    for (int i = 0; i < 4000; i++) {
        bool srv = i % 2;
        ask(t, "web.z", srv ? T_SRV : T_A);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], srv ? 4 : 3);
        const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, 0);
        first += srv ? strstr(data, " a.web.z.") != NULL : strcmp(data, "10.0.0.1") == 0;
    }
    assert_in_range(first, 3000 - 170, 3000 + 170); /* 6 deviations */
}

static void test_max_answers(void **state)
{
    (void)state;
    char name[16], fields[96], before[256] = "";
    restart(4, DNS_UNSET, DNS_UNSET);
    from("10.1.0.1");
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "web/i%02d", i);
        snprintf(fields, sizeof(fields), "addr=10.0.0.%d port=80 zone=%s", i + 1,
                 i < 3    ? "a"
                 : i < 20 ? "b"
                          : "c");
        reg(t->registry, name, fields, 1);
    }
    publish(t);
    for (int round = 0; round < 20; round++) {
        char line[128], all[256] = "";
        unsigned near = 0;
        ask(t, "web.z", T_A);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 4);
        assert_false(t->reply.flags & 0x0200);
        for (size_t i = 0; i < 4; i++) {
            snprintf(line, sizeof(line), "%s%s", i ? "\n" : "",
                     dns_reply_line(&t->reply, SECTION_ANSWER_AT, i));
            near += atoi(strrchr(line, '.') + 1) <= 3;
            strcat(all, line);
        }
        assert_int_equal(near, 3);
        if (round)
            assert_true(dns_reply_is(&t->reply, SECTION_ANSWER_AT, before));
        strcpy(before, all);
        ask(t, "web.z", T_SRV);
        near = 0;
        for (size_t i = 0; i < 4; i++)
            near += atoi(dns_reply_data(&t->reply, SECTION_ANSWER_AT, i)) == 0;
        assert_int_equal(near, 3);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 4);
    }
}

/* What does not fit: the near ones are in. */
static void test_cut(void **state)
{
    (void)state;
    char name[16], fields[96];
    from("10.1.0.1");
    for (int i = 0; i < 600; i++) {
        snprintf(name, sizeof(name), "web/i%03d", i);
        snprintf(fields, sizeof(fields), "addr=10.0.%d.%d port=80 zone=%s", i % 100 == 0,
                 1 + i % 250 + (i >= 250) + (i >= 500), i % 100 == 0 ? "a" : "c");
        reg(t->registry, name, fields, 1);
    }
    publish(t);
    ask(t, "web.z", T_A);
    assert_true(t->reply.flags & 0x0200);
    for (size_t i = 0; i < 4; i++)
        assert_memory_equal(dns_reply_data(&t->reply, SECTION_ANSWER_AT, i), "10.0.1.", 7);
    ask(t, "web.z", T_SRV);
    assert_true(t->reply.flags & 0x0200);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(atoi(dns_reply_data(&t->reply, SECTION_ANSWER_AT, i)), 0);
    assert_int_equal(atoi(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 6)), 2);
}

/* ---- EDNS Client Subnet ---------------------------------------------------------------- */

/* Asks with the option; the scope that comes back, -1 = none. */
static int scope(const char *name, uint16_t type, const char *subnet)
{
    struct network n;
    struct question q = {name, type, 0x1234, 4096, false};
    assert_int_equal(network_parse(text_of(subnet), &n), ERR_OK);
    t->query_size = question_write(&q, t->query);
    uint8_t *at = t->query + t->query_size, bytes = (uint8_t)((n.bits + 7) / 8);
    const uint8_t option[] = {0,      SUBNET, 0, 4 + bytes, 0, n.addr.family == FAMILY_V4 ? 1 : 2,
                              n.bits, 0};
    at[-1] = sizeof(option) + bytes; /* RDLENGTH */
    memcpy(at, option, sizeof(option));
    memcpy(at + sizeof(option), n.addr.bytes, bytes);
    t->query_size += sizeof(option) + bytes;
    dns_reply_free(&t->reply);
    send_bytes(t, t->query, t->query_size, false);
    if (!dns_check(t->query, t->query_size, t->out, t->size, 1232, &t->reply))
        fail_msg("%s %s: %s", name, subnet, t->reply.fault);
    const uint8_t *back = t->reply.options[SUBNET].bytes;
    if (!back)
        return -1;
    assert_int_equal(t->reply.options[SUBNET].size, 4 + bytes);
    assert_memory_equal(back, option + 4, 3);
    assert_memory_equal(back + 4, n.addr.bytes, bytes);
    return back[3];
}

static void test_subnets(void **state)
{
    (void)state;
    register_all();
    assert_int_equal(scope("web.z", T_SRV, "10.1.0.0/24"), 17);
    assert_true(dns_reply_is(&t->reply, SECTION_ANSWER_AT, SRV(0, 1, 2, 2)));
    assert_int_equal(scope("web.z", T_SRV, "10.1.200.0/24"), 17);
    assert_true(dns_reply_is(&t->reply, SECTION_ANSWER_AT, SRV(1, 0, 2, 2)));
    assert_int_equal(scope("web.z", T_SRV, "10.2.0.0/16"), 16); /* 10.1 and 10.2: bit 15 */
    assert_true(dns_reply_is(&t->reply, SECTION_ANSWER_AT, SRV(1, 1, 2, 2)));
    assert_int_equal(scope("web.z", T_SRV, "10.128.0.0/24"), 9); /* 10.1: bit 9 */
    assert_int_equal(scope("web.z", T_SRV, "11.0.0.0/8"), 8);
    assert_int_equal(scope("web.z", T_SRV, "128.0.0.0/8"), 1);
    assert_true(dns_reply_is(&t->reply, SECTION_ANSWER_AT, SRV(0, 0, 0, 0)));
    assert_int_equal(scope("web.z", T_SRV, "10.0.0.0/8"), 16); /* longer than was asked */
    assert_int_equal(scope("web.z", T_SRV, "fd01::/48"), 32);
    assert_true(dns_reply_is(&t->reply, SECTION_ANSWER_AT, SRV(0, 1, 2, 2)));
    assert_int_equal(scope("web.z", T_SRV, "::/0"), 0);
    assert_true(dns_reply_is(&t->reply, SECTION_ANSWER_AT, SRV(0, 0, 0, 0)));
    assert_int_equal(scope("web.z", T_A, "10.1.0.0/24"), 17);
    assert_string_equal(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 0), "10.0.0.1");
}

static void test_scope_zero(void **state)
{
    (void)state;
    register_all();
    reg(t->registry, "bare/a", "addr=10.0.0.1 port=80 version=1", 1);
    publish(t);
    assert_int_equal(scope("bare.z", T_SRV, "10.1.0.0/24"), 0);
    assert_int_equal(scope("ns.z", T_A, "10.1.0.0/24"), 0);
    assert_int_equal(scope("a.web.z", T_A, "10.1.0.0/24"), 0);
    assert_int_equal(scope("web.z", T_TXT, "10.1.0.0/24"), 0);
    assert_int_equal(scope("web.z", T_MX, "10.1.0.0/24"), 0);
    assert_int_equal(scope("none.z", T_A, "10.1.0.0/24"), 0);
    assert_int_equal(t->reply.rcode, 3);
}

/* Of whom the option is not believed. */
static void test_untrusted(void **state)
{
    (void)state;
    register_all();
    from("198.51.100.1");
    assert_int_equal(scope("web.z", T_SRV, "10.1.0.0/24"), -1);
    assert_true(dns_reply_is(&t->reply, SECTION_ANSWER_AT, SRV(0, 0, 0, 0)));
    from("10.1.0.1"); /* its own place counts */
    assert_int_equal(scope("web.z", T_SRV, "10.3.0.0/24"), -1);
    assert_true(dns_reply_is(&t->reply, SECTION_ANSWER_AT, SRV(0, 1, 2, 2)));
}

/* Whatever the scope says of an address is true of all that share its bits. */
static void test_scope_is_true(void **state)
{
    (void)state;
    struct rand rng;
    rand_seed(&rng, SEED);
    register_all();
    for (int round = 0; round < 3000; round++) {
        char text[32], first[512], line[256];
        uint8_t a[4] = {10, (uint8_t)rand_below(&rng, 5), (uint8_t)rand_below(&rng, 256), 0};
        if (round % 4 == 0)
            a[0] = (uint8_t)rand_below(&rng, 256);
        snprintf(text, sizeof(text), "%u.%u.%u.0/24", a[0], a[1], a[2]);
        int bits = scope("web.z", T_SRV, text);
        assert_in_range(bits, 1, 24);
        first[0] = '\0';
        for (size_t i = 0; i < 4; i++) {
            snprintf(line, sizeof(line), "%s%s", i ? "\n" : "",
                     dns_reply_line(&t->reply, SECTION_ANSWER_AT, i));
            strcat(first, line);
        }
        uint32_t number = (uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 | (uint32_t)a[2] << 8;
        number ^= (uint32_t)rand_next(&rng) & (uint32_t)(0xffffffffu >> bits) & 0xffffff00u;
        snprintf(text, sizeof(text), "%u.%u.%u.0/24", number >> 24, number >> 16 & 255,
                 number >> 8 & 255);
        assert_int_equal(scope("web.z", T_SRV, text), bits);
        assert_true(dns_reply_is(&t->reply, SECTION_ANSWER_AT, first));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_priorities, setup, teardown),
        cmocka_unit_test_setup_teardown(test_registered_priority_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_spill_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_spill_over_stale, setup, teardown),
        cmocka_unit_test_setup_teardown(test_weights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_max_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_subnets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scope_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(test_untrusted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scope_is_true, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

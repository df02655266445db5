/* Instances that are not heard from and kept all the same: the last choice, and said so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "unit/dns/answering.h"

enum { TC = 0x0200, EDE_STALE = 3, EDE_OTHER_REASON = 0, FRESH = 3, ALL = 6 };

/* web: a is heard from; b and c are not, and c drains besides. Only b has the port "old",
 * an IPv6 address and the tag "y". */
static struct rig *web(uint32_t policy)
{
    struct rig *t = rig_with(0, policy);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 port=grpc:90 w=10 version=1 tag=x", 1);
    reg_stale(t->registry, "web/b",
              "addr=10.0.0.2 addr=fd00::2 port=81 port=grpc:91 port=old:71 w=20 priority=7 "
              "version=1 tag=x tag=y",
              1);
    reg_stale(t->registry, "web/c",
              "addr=10.0.0.3 port=82 port=grpc:92 version=1 tag=x status=draining", 1);
    publish(t);
    return t;
}

static void test_demoted(void **state)
{
    (void)state;
    struct rig *t = web(DNS_STALE_DEMOTE);
    expect(t, "web.z", T_SRV, 0,
           "web.z. 5 SRV 0 10 80 a.web.z.\nweb.z. 5 SRV 32775 20 81 b.web.z.");
    expect(t, "_web._tcp.z", T_SRV, 0,
           "_web._tcp.z. 5 SRV 0 10 80 a.web.z.\n_web._tcp.z. 5 SRV 32775 20 81 b.web.z.");
    expect(t, "_grpc._tcp.web.z", T_SRV, 0,
           "_grpc._tcp.web.z. 5 SRV 0 10 90 a.web.z.\n"
           "_grpc._tcp.web.z. 5 SRV 32775 20 91 b.web.z.");
    expect(t, "x.tag.1.version.web.z", T_SRV, 0,
           "x.tag.1.version.web.z. 5 SRV 0 10 80 a.web.z.\n"
           "x.tag.1.version.web.z. 5 SRV 32775 20 81 b.web.z.");
    for (int i = 0; i < 100; i++) { /* the order is that of the priorities */
        ask(t, i % 2 ? "web.z" : "x.tag.web.z", T_SRV);
        assert_memory_equal(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 0), "0 10", 4);
    }
    rig_free(t);
}

static void test_withdrawn(void **state)
{
    (void)state;
    struct rig *t = web(DNS_STALE_WITHDRAW);
    expect(t, "web.z", T_SRV, 0, "web.z. 5 SRV 0 10 80 a.web.z.");
    expect(t, "_web._tcp.z", T_SRV, 0, "_web._tcp.z. 5 SRV 0 10 80 a.web.z.");
    expect(t, "_grpc._tcp.web.z", T_SRV, 0, "_grpc._tcp.web.z. 5 SRV 0 10 90 a.web.z.");
    expect(t, "x.tag.web.z", T_SRV, 0, "x.tag.web.z. 5 SRV 0 10 80 a.web.z.");
    /* Where only stale ones could answer, they do. */
    expect(t, "_old._tcp.web.z", T_SRV, 0, "_old._tcp.web.z. 5 SRV 32775 20 71 b.web.z.");
    expect(t, "y.tag.web.z", T_SRV, 0, "y.tag.web.z. 5 SRV 32775 20 81 b.web.z.");
    expect(t, "y.tag.x.tag.web.z", T_SRV, 0, "y.tag.x.tag.web.z. 5 SRV 32775 20 81 b.web.z.");
    /* One that is heard from, but has no port, is no reason to leave others out. */
    reg(t->registry, "web/n", "addr=10.0.0.9 tag=y", 1);
    publish(t);
    expect(t, "y.tag.web.z", T_SRV, 0, "y.tag.web.z. 5 SRV 32775 20 81 b.web.z.");
    expect(t, "y.tag.web.z", T_A, 0, "y.tag.web.z. 5 A 10.0.0.9");
    /* Likewise one of the other family. */
    reg(t->registry, "web/n", "addr=fd00::9 tag=y", 1);
    publish(t);
    expect(t, "y.tag.web.z", T_A, 0, "y.tag.web.z. 5 A 10.0.0.2");
    expect(t, "y.tag.web.z", T_AAAA, 0, "y.tag.web.z. 5 AAAA fd00::9");
    rig_free(t);
}

/* The policy is about SRV only. */
static void test_addresses_and_txt(void **state)
{
    (void)state;
    for (uint32_t policy = DNS_STALE_DEMOTE; policy <= DNS_STALE_WITHDRAW; policy++) {
        struct rig *t = web(policy);
        expect(t, "web.z", T_A, 0, "web.z. 5 A 10.0.0.1");
        expect(t, "x.tag.web.z", T_A, 0, "x.tag.web.z. 5 A 10.0.0.1");
        expect(t, "y.tag.web.z", T_A, 0, "y.tag.web.z. 5 A 10.0.0.2");
        expect(t, "web.z", T_AAAA, 0, "web.z. 5 AAAA fd00::2"); /* nobody else has one */
        expect(t, "x.tag.web.z", T_AAAA, 0, "x.tag.web.z. 5 AAAA fd00::2");
        expect(t, "web.z", T_TXT, 0, "web.z. 5 TXT \"version=1\" \"tags=x\"");
        expect(t, "1.version.web.z", T_TXT, 0, "1.version.web.z. 5 TXT \"version=1\" \"tags=x\"");
        expect(t, "y.tag.web.z", T_TXT, 0, "y.tag.web.z. 5 TXT \"version=1\" \"tags=x,y\"");
        rig_free(t);
    }
}

static void test_instance(void **state)
{
    (void)state;
    struct rig *t = web(DNS_STALE_WITHDRAW);
    expect(t, "b.web.z", T_A, 0, "b.web.z. 5 A 10.0.0.2");
    expect(t, "b.web.z", T_AAAA, 0, "b.web.z. 5 AAAA fd00::2");
    expect(t, "b.web.z", T_TXT, 0, "b.web.z. 5 TXT \"version=1\" \"tags=x,y\"");
    expect(t, "b.web.z", T_SRV, 0, "b.web.z. 5 SRV 32775 20 81 b.web.z.");
    expect(t, "c.web.z", T_SRV, 0, "c.web.z. 5 SRV 32768 100 82 c.web.z.");
    rig_free(t);
}

/* Nobody is heard from: the priorities among them hold as ever. */
static void test_all_stale(void **state)
{
    (void)state;
    for (uint32_t policy = DNS_STALE_DEMOTE; policy <= DNS_STALE_WITHDRAW; policy++) {
        struct rig *t = rig_with(0, policy);
        reg_stale(t->registry, "web/a", "addr=10.0.0.1 port=80 w=10 version=1", 1);
        reg_stale(t->registry, "web/b", "addr=10.0.0.2 port=80 w=0 version=1 tag=x", 1);
        reg_stale(t->registry, "web/c", "addr=10.0.0.3 port=80 priority=1 version=2", 1);
        reg(t->registry, "web/d", "addr=10.0.0.4 port=80 version=1 status=starting", 1);
        publish(t);
        expect(t, "web.z", T_SRV, 0,
               "web.z. 5 SRV 32768 10 80 a.web.z.\nweb.z. 5 SRV 32768 0 80 b.web.z.\n"
               "web.z. 5 SRV 32769 100 80 c.web.z.");
        expect(t, "web.z", T_A, 0, "web.z. 5 A 10.0.0.1"); /* weight 0: only when all are */
        expect(t, "1.version.web.z", T_A, 0, "1.version.web.z. 5 A 10.0.0.1");
        expect(t, "x.tag.web.z", T_A, 0, "x.tag.web.z. 5 A 10.0.0.2");
        expect(t, "web.z", T_TXT, 0,
               "web.z. 5 TXT \"version=1\"\nweb.z. 5 TXT \"version=1\" \"tags=x\"\n"
               "web.z. 5 TXT \"version=2\"");
        reg(t->registry, "web/e", "addr=10.0.0.5 port=80 w=0 priority=9 version=1", 1);
        publish(t); /* anybody who is heard from is better */
        expect(t, "web.z", T_A, 0, "web.z. 5 A 10.0.0.5");
        expect(t, "1.version.web.z", T_A, 0, "1.version.web.z. 5 A 10.0.0.5");
        expect(t, "web.z", T_TXT, 0, "web.z. 5 TXT \"version=1\"");
        rig_free(t);
    }
}

/* Half of `count` instances i00000.. are stale: those with odd numbers. */
static void register_halves(struct rig *t, const char *service, unsigned count)
{
    char name[64], fields[128];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%s/i%05u", service, i);
        snprintf(fields, sizeof(fields), "addr=10.1.%u.%u port=80 w=%u version=1", i / 250,
                 1 + i % 250, 1 + i % 7);
        (i % 2 ? reg_stale : reg)(t->registry, name, fields, 1);
    }
    publish(t);
}

/* How many of the answer's SRV records or addresses are stale; they stand behind all
 * others. */
static unsigned stale_in(struct rig *t, uint16_t type)
{
    unsigned stale = 0;
    for (unsigned i = 0; i < t->reply.counts[SECTION_ANSWER_AT]; i++) {
        unsigned priority, a, b;
        const char *data = dns_reply_data(&t->reply, SECTION_ANSWER_AT, i);
        if (type == T_SRV) {
            assert_int_equal(sscanf(data, "%u", &priority), 1);
            assert_true(priority == 0 || priority == 32768);
        } else {
            assert_int_equal(sscanf(data, "10.1.%u.%u", &a, &b), 2);
            priority = (a * 250 + b - 1) % 2;
        }
        assert_false(stale && !priority);
        stale += priority != 0;
    }
    return stale;
}

static void test_distribution(void **state)
{
    (void)state;
    static const char *const names[] = {"many.z", "1.version.many.z"};
    struct rig *t = rig_with_max(0);
    register_halves(t, "many", 300);
    for (unsigned i = 0; i < 4000; i++) { /* whole, and drawn for 512 bytes */
        ask_with(t, &(struct question){names[i % 2], T_A, 1, i / 2 % 2 ? 0 : 4096, i / 4 % 2});
        assert_true(t->reply.counts[SECTION_ANSWER_AT] > 20);
        assert_int_equal(stale_in(t, T_A), 0);
    }
    assert_int_equal(ask_tcp(t, "many.z", T_A)->counts[SECTION_ANSWER_AT], 150);
    rig_free(t);
}

/* A sample has those first that are heard from, and the others only when all of them fit. */
static void test_cut(void **state)
{
    (void)state;
    static const char *const names[] = {"many.z", "1.version.many.z"};
    struct rig *t = rig_with_max(0);
    register_halves(t, "many", 100);
    for (int i = 0; i < 200; i++) {
        struct question q = {names[i % 2], T_SRV, 1, 1232, false};
        ask_with(t, &q);
        assert_true(t->reply.flags & TC);
        assert_true(t->reply.counts[SECTION_ANSWER_AT] > 30);
        assert_int_equal(stale_in(t, T_SRV), 0);
        assert_int_equal(t->reply.ede, -1); /* there is nothing stale in it */
    }
    ask_tcp(t, "many.z", T_SRV);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 100);
    assert_int_equal(stale_in(t, T_SRV), 50);
    register_halves(t, "fewer", 60);
    for (int i = 0; i < 200; i++) { /* header, question, 34 records, OPT */
        uint16_t size = 12 + (i % 2 ? 23 : 13) + 34 * (12 + 6 + 16) + 11;
        ask_with(
            t, &(struct question){i % 2 ? "1.version.fewer.z" : "fewer.z", T_SRV, 1, size, false});
        assert_true(t->reply.flags & TC);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 34);
        assert_int_equal(stale_in(t, T_SRV), 4);
    }
    rig_free(t);
}

/* max_answers: a stale one takes no place that another could have. */
static void test_stable(void **state)
{
    (void)state;
    static const char *const names[] = {"six.z", "1.version.six.z"};
    for (uint32_t max = 1; max <= ALL; max++) {
        struct rig *demoted = rig_with(max, DNS_STALE_DEMOTE);
        struct rig *withdrawn = rig_with(max, DNS_STALE_WITHDRAW);
        uint32_t fresh = max < FRESH ? max : FRESH;
        register_halves(demoted, "six", ALL);
        register_halves(withdrawn, "six", ALL);
        for (unsigned client = 0; client < 100; client++) {
            const char *name = names[client % 2];
            set_client(demoted, client);
            set_client(withdrawn, client);
            assert_int_equal(ask(demoted, name, T_SRV)->counts[SECTION_ANSWER_AT], max);
            assert_int_equal(demoted->reply.ede, max > fresh ? EDE_STALE : -1);
            assert_int_equal(stale_in(demoted, T_SRV), max - fresh);
            assert_int_equal(ask(demoted, name, T_A)->counts[SECTION_ANSWER_AT], fresh);
            assert_int_equal(stale_in(demoted, T_A), 0);
            assert_int_equal(ask(withdrawn, name, T_SRV)->counts[SECTION_ANSWER_AT], fresh);
            assert_int_equal(stale_in(withdrawn, T_SRV), 0);
            assert_int_equal(withdrawn->reply.flags & TC, 0);
        }
        rig_free(demoted);
        rig_free(withdrawn);
    }
}

/* ---- Extended DNS Error -------------------------------------------------------------------- */

#define expect_ede(t, name, type, code, text)                                                      \
    do {                                                                                           \
        ask(t, name, type);                                                                        \
        if ((t)->reply.ede != (code) || strcmp((t)->reply.ede_text, text) != 0)                    \
            fail_msg("line %d: %d %s", __LINE__, (t)->reply.ede, (t)->reply.ede_text);             \
    } while (0)

static void test_ede(void **state)
{
    (void)state;
    struct rig *t = web(DNS_STALE_DEMOTE);
    expect_ede(t, "web.z", T_SRV, EDE_STALE, "1 of 2 instances is not heard from");
    expect_ede(t, "x.tag.web.z", T_SRV, EDE_STALE, "1 of 2 instances is not heard from");
    expect_ede(t, "y.tag.web.z", T_SRV, EDE_STALE,
               "no instance with such data is heard from: last known ones");
    expect_ede(t, "_old._tcp.web.z", T_SRV, EDE_STALE,
               "no instance with such data is heard from: last known ones");
    expect_ede(t, "web.z", T_AAAA, EDE_STALE,
               "no instance with such data is heard from: last known ones");
    expect_ede(t, "y.tag.web.z", T_A, EDE_STALE,
               "no instance with such data is heard from: last known ones");
    expect_ede(t, "y.tag.web.z", T_TXT, EDE_STALE,
               "no instance with such data is heard from: last known ones");
    expect_ede(t, "b.web.z", T_A, EDE_STALE, "the instance is not heard from");
    expect_ede(t, "b.web.z", T_TXT, EDE_STALE, "the instance is not heard from");
    expect_ede(t, "c.web.z", T_SRV, EDE_STALE, "the instance is not heard from");
    expect_ede(t, "web.z", T_ANY, EDE_STALE, "1 of 2 instances is not heard from");
    /* Nothing stale in it, nothing said. */
    expect_ede(t, "web.z", T_A, -1, "");
    expect_ede(t, "web.z", T_TXT, -1, "");
    expect_ede(t, "x.tag.web.z", T_A, -1, "");
    expect_ede(t, "1.version.web.z", T_TXT, -1, "");
    expect_ede(t, "a.web.z", T_SRV, -1, "");
    expect_ede(t, "b.web.z", T_MX, 0, "the name has no records of this type");
    unreg(t->registry, "web/b", 2);
    publish(t);
    expect_ede(t, "web.z", T_SRV, -1, "");
    unreg(t->registry, "web/a", 2);
    publish(t); /* nobody up: that is another reason */
    expect_ede(t, "web.z", T_SRV, EDE_OTHER_REASON, "1 instances, none up: 1 draining");
    rig_free(t);
}

static void test_ede_counts(void **state)
{
    (void)state;
    struct rig *t = rig_with(0, DNS_STALE_DEMOTE);
    register_halves(t, "web", 5);
    reg(t->registry, "web/n", "addr=10.0.0.9", 1); /* is not among those with a port */
    publish(t);
    expect_ede(t, "web.z", T_SRV, EDE_STALE, "2 of 5 instances are not heard from");
    expect_ede(t, "_web._tcp.z", T_SRV, EDE_STALE, "2 of 5 instances are not heard from");
    expect_ede(t, "1.version.web.z", T_SRV, EDE_STALE, "2 of 5 instances are not heard from");
    rig_free(t);
    t = web(DNS_STALE_WITHDRAW);
    expect_ede(t, "web.z", T_SRV, -1, "");
    expect_ede(t, "x.tag.web.z", T_SRV, -1, "");
    unreg(t->registry, "web/a", 2);
    publish(t);
    static const uint16_t types[] = {T_SRV, T_A, T_AAAA, T_TXT};
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        expect_ede(t, "web.z", types[i], EDE_STALE, "no instance is heard from: last known ones");
        expect_ede(t, "x.tag.web.z", types[i], EDE_STALE,
                   "no instance is heard from: last known ones");
    }
    rig_free(t);
}

static void test_no_ede_without_edns(void **state)
{
    (void)state;
    struct rig *t = web(DNS_STALE_DEMOTE);
    static const char *const names[] = {"web.z", "b.web.z", "y.tag.web.z"};
    for (int i = 0; i < 3; i++) {
        ask_with(t, &(struct question){names[i], T_SRV, 1, 0, i == 1});
        assert_false(t->reply.has_opt);
        assert_int_equal(t->reply.ede, -1);
        assert_true(t->reply.counts[SECTION_ANSWER_AT] > 0);
    }
    rig_free(t);
}

/* That not all of them fit is the more important reason. */
static void test_ede_of_sample(void **state)
{
    (void)state;
    char name[32], fields[64];
    struct rig *t = rig_with_max(0);
    for (unsigned i = 0; i < 4500; i++) {
        snprintf(name, sizeof(name), "large/i%u", i);
        snprintf(fields, sizeof(fields), "addr=10.1.%u.%u", i / 250, i % 250);
        reg_stale(t->registry, name, fields, 1);
    }
    publish(t);
    ask_tcp(t, "large.z", T_A);
    assert_int_equal(t->reply.ede, EDE_OTHER_REASON);
    assert_memory_equal(t->reply.ede_text, "a sample: ", 10);
    rig_free(t);
}

/* It takes the room that is left, and no record's. */
static void test_ede_room(void **state)
{
    (void)state;
    static const char text[] = "no instance is heard from: last known ones";
    struct rig *t = rig_with_max(0);
    uint16_t exact = 12 + 12 + 40 * 16 + 11, enough = exact + 6 + sizeof(text) - 1;
    char name[32], fields[64];
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "many/i%d", i);
        snprintf(fields, sizeof(fields), "addr=10.0.0.%d port=1", i + 1);
        reg_stale(t->registry, name, fields, 1);
    }
    publish(t);
    for (uint16_t size = exact; size <= enough; size++) {
        ask_with(t, &(struct question){"many.z", T_A, 1, size, false});
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 40);
        assert_int_equal(t->reply.flags & TC, 0);
        assert_int_equal(t->reply.ede, size == enough ? EDE_STALE : -1);
    }
    assert_string_equal(t->reply.ede_text, text);
    ask_with(t, &(struct question){"many.z", T_A, 1, exact - 1, false});
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 39);
    assert_true(t->reply.flags & TC);
    rig_free(t);
}

/* The way there and back, as the registry goes it. */
static void test_expiry(void **state)
{
    (void)state;
    struct moment late = {40000, 1040000};
    struct rig *t = rig_with(0, DNS_STALE_WITHDRAW);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 w=10", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=81 w=20", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=81 w=20", 20000);
    publish(t);
    registry_guard_mode(t->registry, GUARD_ALWAYS_ON, late);
    while (registry_expire(t->registry, late, 100, NULL, NULL))
        ;
    publish(t);
    expect(t, "web.z", T_SRV, 0, "web.z. 5 SRV 0 20 81 b.web.z.");
    expect(t, "web.z", T_A, 0, "web.z. 5 A 10.0.0.2");
    expect(t, "a.web.z", T_SRV, 0, "a.web.z. 5 SRV 32768 10 80 a.web.z.");
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 w=10", 41000);
    publish(t);
    expect(t, "web.z", T_SRV, 0, "web.z. 5 SRV 0 10 80 a.web.z.\nweb.z. 5 SRV 0 20 81 b.web.z.");
    expect(t, "web.z", T_A, 0, "web.z. 5 A 10.0.0.1\nweb.z. 5 A 10.0.0.2");
    assert_int_equal(t->reply.ede, -1);
    rig_free(t);
}

static void in_full(struct dns_config *c)
{
    c->any_full = true;
}

/* Who is not heard from is counted once, though several types have records of it. */
static void test_ede_of_any(void **state)
{
    (void)state;
    struct rig *t =
        rig_with_config("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n", NULL, in_full);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 port=https:443", 1);
    reg_stale(t->registry, "web/b", "addr=10.0.0.2 port=80 port=https:443", 1);
    reg_stale(t->registry, "web/c", "addr=10.0.0.3 port=80", 1);
    publish(t);
    ask_tcp(t, "web.z", T_ANY);
    assert_int_equal(t->reply.ede, EDE_STALE);
    assert_string_equal(t->reply.ede_text, "2 of 3 instances are not heard from");
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_demoted),
        cmocka_unit_test(test_withdrawn),
        cmocka_unit_test(test_addresses_and_txt),
        cmocka_unit_test(test_instance),
        cmocka_unit_test(test_all_stale),
        cmocka_unit_test(test_distribution),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_stable),
        cmocka_unit_test(test_ede),
        cmocka_unit_test(test_ede_counts),
        cmocka_unit_test(test_ede_of_any),
        cmocka_unit_test(test_no_ede_without_edns),
        cmocka_unit_test(test_ede_of_sample),
        cmocka_unit_test(test_ede_room),
        cmocka_unit_test(test_expiry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* DNS-SD: what can be browsed, and the names around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "dns/browse.h"
#include "dns/state.h"
#include "unit/dns/answering.h"

#define TYPES "_services._dns-sd._udp.z"

static struct rig *t;

static int setup(void **state)
{
    (void)state;
    t = rig_with(0, DNS_UNSET);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_free(t);
    return 0;
}

static void nothing(const char *name, uint16_t type, unsigned rcode)
{
    struct dns_reply *r = ask(t, name, type);
    if (r->rcode != rcode || r->counts[SECTION_ANSWER_AT] || r->counts[SECTION_AUTHORITY_AT] != 1)
        fail_msg("%s %u: rcode %u, %u records", name, type, r->rcode, r->counts[1]);
}

static void test_instances(void **state)
{
    (void)state;
    reg(t->registry, "web/a", "addr=10.0.0.1 addr=fd00::1 port=80 port=q:90/udp w=10 version=1", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=81/udp w=20", 1);
    reg(t->registry, "web/c", "addr=10.0.0.3 port=82 status=draining", 1);
    reg(t->registry, "web/d", "addr=10.0.0.4 port=83 status=down", 1);
    reg(t->registry, "user.rpc/u", "addr=10.0.0.5 port=5", 1);
    publish(t);
    expect(t, "_web._tcp.z", T_PTR, 0, "_web._tcp.z. 5 PTR a._web._tcp.z.");
    assert_true(dns_reply_is(&t->reply, SECTION_ADDITIONAL_AT,
                             "a._web._tcp.z. 5 SRV 0 10 80 a.web.z.\n"
                             "a._web._tcp.z. 5 TXT \"version=1\"\n"
                             "a.web.z. 5 A 10.0.0.1\na.web.z. 5 AAAA fd00::1"));
    expect(t, "_WEB._udp.z", T_PTR, 0,
           "_WEB._udp.z. 5 PTR a._WEB._udp.z.\n_WEB._udp.z. 5 PTR b._WEB._udp.z.");
    expect(t, "_user.rpc._tcp.z", T_PTR, 0, "_user.rpc._tcp.z. 5 PTR u._user.rpc._tcp.z.");
    nothing("_user.rpc._udp.z", T_PTR, 0);
    nothing("web.z", T_PTR, 0);
    expect(t, "a._web._tcp.z", T_SRV, 0, "a._web._tcp.z. 5 SRV 0 10 80 a.web.z.");
    assert_true(dns_reply_is(&t->reply, SECTION_ADDITIONAL_AT,
                             "a.web.z. 5 A 10.0.0.1\na.web.z. 5 AAAA fd00::1"));
    expect(t, "a._web._udp.z", T_SRV, 0, "a._web._udp.z. 5 SRV 0 10 90 a.web.z.");
    expect(t, "a._web._tcp.z", T_TXT, 0, "a._web._tcp.z. 5 TXT \"version=1\"");
    expect(t, "b._web._udp.z", T_TXT, 0, "b._web._udp.z. 5 TXT \"\"");
    expect(t, "c._web._tcp.z", T_SRV, 0, "c._web._tcp.z. 5 SRV 0 100 82 c.web.z.");
    nothing("d._web._tcp.z", T_SRV, 0); /* down */
    assert_string_equal(t->reply.ede_text, "the instance is down");
    nothing("a._web._tcp.z", T_A, 0);
    nothing("a._web._tcp.z", T_PTR, 0);
    nothing("b._web._tcp.z", T_SRV, 3); /* no such port */
    nothing("x._web._tcp.z", T_SRV, 3);
    nothing("x.a._web._tcp.z", T_SRV, 3);
}

static void test_stale(void **state)
{
    (void)state;
    reg_stale(t->registry, "web/s", "addr=10.0.0.1 port=80 priority=1", 1);
    publish(t);
    expect(t, "_web._tcp.z", T_PTR, 0, "_web._tcp.z. 5 PTR s._web._tcp.z.");
    assert_int_equal(t->reply.ede, 3);
    reg(t->registry, "web/a", "addr=10.0.0.2 port=80 priority=9", 2);
    reg(t->registry, "web/b", "addr=10.0.0.3 port=80 priority=1", 2);
    publish(t);
    expect(t, "_web._tcp.z", T_PTR, 0,
           "_web._tcp.z. 5 PTR a._web._tcp.z.\n_web._tcp.z. 5 PTR b._web._tcp.z.");
    assert_int_equal(t->reply.ede, -1);
    expect(t, "s._web._tcp.z", T_SRV, 0, "s._web._tcp.z. 5 SRV 32769 100 80 s.web.z.");
}

static void test_domains(void **state)
{
    (void)state;
    static const char *const labels[] = {"b", "db", "r", "dr", "lb"};
    char name[64], line[128];
    for (size_t i = 0; i < ARRAY_COUNT(labels); i++) {
        snprintf(name, sizeof(name), "%s._dns-sd._udp.z", labels[i]);
        snprintf(line, sizeof(line), "%s. 5 PTR z.", name);
        expect(t, name, T_PTR, 0, line);
        nothing(name, T_A, 0);
    }
    nothing("_dns-sd._udp.z", T_PTR, 0);
    nothing("_udp.z", T_PTR, 0);
    nothing("x._dns-sd._udp.z", T_PTR, 3);
    nothing("x." TYPES, T_PTR, 3);
    nothing("_dns-sd._tcp.z", T_PTR, 3);
}

static void test_static_names_win(void **state)
{
    (void)state;
    rig_free(t);
    t = rig_new("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"
                "b._dns-sd._udp PTR elsewhere.\n" TYPES ". TXT mine\n",
                NULL);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 1);
    publish(t);
    expect(t, "b._dns-sd._udp.z", T_PTR, 0, "b._dns-sd._udp.z. 5 PTR elsewhere.");
    expect(t, "lb._dns-sd._udp.z", T_PTR, 0, "lb._dns-sd._udp.z. 5 PTR z.");
    nothing(TYPES, T_PTR, 0);
    rig_free(t);
    t = rig_new("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n_udp NS ns.other.\n", NULL);
    assert_int_equal(ask(t, "b._dns-sd._udp.z", T_PTR)->counts[SECTION_ANSWER_AT], 0);
    assert_true(dns_reply_is(&t->reply, SECTION_AUTHORITY_AT, "_udp.z. 5 NS ns.other."));
}

static void test_services(void **state)
{
    (void)state;
    nothing(TYPES, T_PTR, 0);
    nothing(TYPES, T_A, 0);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=80 port=81/udp status=starting", 1);
    reg(t->registry, "user.rpc/u", "addr=10.0.0.5 port=5/udp", 1);
    reg(t->registry, "bare/x", "addr=10.0.0.6", 1);
    publish(t);
    expect(t, TYPES, T_PTR, 0, TYPES ". 5 PTR _web._tcp.z.\n" TYPES ". 5 PTR _user.rpc._udp.z.");
    nothing(TYPES, T_A, 0);
    reg(t->registry, "web/b", "addr=10.0.0.2 port=80 port=81/udp", 2);
    publish(t);
    expect(t, TYPES, T_PTR, 0,
           TYPES ". 5 PTR _web._tcp.z.\n" TYPES ". 5 PTR _web._udp.z.\n" TYPES
                 ". 5 PTR _user.rpc._udp.z.");
    unreg(t->registry, "user.rpc/u", 3); /* still known */
    unreg(t->registry, "web/a", 3);
    publish(t);
    expect(t, TYPES, T_PTR, 0, TYPES ". 5 PTR _web._tcp.z.\n" TYPES ". 5 PTR _web._udp.z.");
    unreg(t->registry, "web/b", 4);
    publish(t);
    nothing(TYPES, T_PTR, 0);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80", 5);
    publish(t);
    expect(t, TYPES, T_PTR, 0, TYPES ". 5 PTR _web._tcp.z.");
}

static void test_many(void **state)
{
    (void)state;
    char name[64];
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "s%04d/a", i);
        reg(t->registry, name, "addr=10.0.0.1 port=80", 1);
    }
    publish(t);
    ask(t, TYPES, T_PTR);
    assert_true(t->reply.flags & 0x0200);
    ask_tcp(t, TYPES, T_PTR);
    assert_false(t->reply.flags & 0x0200);
    assert_int_equal(t->reply.ede, 0);
    assert_true(t->reply.counts[SECTION_ANSWER_AT] > 2000);
    for (int i = 0; i < 5000; i += 2) {
        snprintf(name, sizeof(name), "s%04d/a", i);
        unreg(t->registry, name, 2);
    }
    publish(t);
    unsigned count = 0;
    for (const struct browse_entry *e = t->dns->zones[0]->browsed.first; e; e = e->next)
        count++;
    assert_int_equal(count, 2500);
}

static unsigned listed(uint8_t *protocols)
{
    unsigned count = 0;
    *protocols = 0;
    for (const struct browse_entry *e = t->dns->zones[0]->browsed.first; e; e = e->next, count++)
        *protocols |= e->protocols;
    return count;
}

/* Who stands on an entry that left, and whose service is listed again, goes on to the end. */
static void test_comes_and_goes(void **state)
{
    enum { TCP = 1 << PROTOCOL_TCP, UDP = 1 << PROTOCOL_UDP };
    uint8_t protocols;
    (void)state;
    reg(t->registry, "last/a", "addr=10.0.0.1 port=80", 1);
    publish(t);
    const struct browse_entry *first = NULL, *last = t->dns->zones[0]->browsed.first;
    for (uint64_t round = 0; round < 3; round++) {
        reg(t->registry, "web/a", "addr=10.0.0.1 port=80/udp", 2 + 10 * round);
        publish(t);
        const struct browse_entry *there = t->dns->zones[0]->browsed.first;
        assert_int_equal(there->protocols, UDP);
        reg(t->registry, "web/b", "addr=10.0.0.2 port=81", 3 + 10 * round);
        publish(t);
        assert_int_equal(listed(&protocols), 2);
        assert_int_equal(protocols, TCP | UDP);
        assert_ptr_equal(t->dns->zones[0]->browsed.first, there);
        unreg(t->registry, "web/a", 4 + 10 * round);
        unreg(t->registry, "web/b", 4 + 10 * round);
        publish(t);
        assert_int_equal(listed(&protocols), 1);
        first = first ? first : there;
        assert_true(round == 0 || there != first);
        assert_ptr_equal(first->next, last);
    }
}

static void test_large_service(void **state)
{
    (void)state;
    register_many(t, "big", 3000, "");
    ask(t, "_big._tcp.z", T_PTR);
    assert_true(t->reply.flags & 0x0200);
    assert_true(t->reply.counts[SECTION_ANSWER_AT] > 30);
    assert_int_equal(t->reply.counts[SECTION_ADDITIONAL_AT], 0);
    ask_tcp(t, "_big._tcp.z", T_PTR);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 3000);
    assert_int_equal(t->reply.counts[SECTION_ADDITIONAL_AT] % 2, 0);
    assert_true(t->reply.counts[SECTION_ADDITIONAL_AT] <= 3 * DNS_ADDITIONAL_TARGETS);
}

static void test_max_answers(void **state)
{
    (void)state;
    char before[1024], line[1024];
    rig_free(t);
    t = rig_with_max(3);
    register_many(t, "web", 50, "");
    ask(t, "_web._tcp.z", T_PTR);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 3);
    assert_false(t->reply.flags & 0x0200);
    assert_int_equal(t->reply.counts[SECTION_ADDITIONAL_AT], 9);
    before[0] = '\0';
    for (size_t i = 0; i < 3; i++) {
        snprintf(line, sizeof(line), "%s%s", i ? "\n" : "", dns_reply_line(&t->reply, 1, i));
        strcat(before, line);
    }
    for (int i = 0; i < 20; i++)
        expect(t, "_web._tcp.z", T_PTR, 0, before);
}

/* Of each set as many as are heard from, or all. */
static void test_count(void **state)
{
    (void)state;
    static const struct part parts[] = {{.priority = 1, .count = 3},
                                        {.priority = 5, .count = 2},
                                        {.priority = 5, .count = 2},
                                        {.priority = 32768, .count = 1},
                                        {.priority = 40000, .count = 1}};
    static const struct pick_group groups[] = {{.first_part = 0, .part_count = 1, .count = 3},
                                               {.first_part = 1, .part_count = 2, .count = 4},
                                               {.first_part = 3, .part_count = 1, .count = 1},
                                               {.first_part = 4, .part_count = 1, .count = 1}};
    struct srv_set set = {
        .parts = parts, .groups = groups, .count = 9, .group_count = 4, .part_count = 5};
    assert_int_equal(browse_count(&set), 7);
    assert_int_equal(browse_parts(&set), 3);
    static const struct pick_group last[] = {{.first_part = 0, .part_count = 1, .count = 1},
                                             {.first_part = 1, .part_count = 1, .count = 1}};
    set = (struct srv_set){
        .parts = parts + 3, .groups = last, .count = 2, .group_count = 2, .part_count = 2};
    assert_int_equal(browse_count(&set), 2);
    assert_int_equal(browse_parts(&set), 2);
    set = (struct srv_set){
        .parts = parts, .groups = groups, .count = 7, .group_count = 2, .part_count = 3};
    assert_int_equal(browse_count(&set), 7);
    assert_int_equal(browse_parts(&set), 3);
    set = (struct srv_set){0};
    assert_int_equal(browse_count(&set), 0);
    assert_int_equal(browse_parts(&set), 0);
}

/* ---- while services come and go -------------------------------------------------------- */

struct shared {
    struct rig *rig;
    _Atomic bool stop;
    _Atomic unsigned rounds, wrong;
};

/* The answer is well-formed, has the service that stays, and none twice. */
static bool is_right(const uint8_t *query, size_t size, const uint8_t *out, size_t out_size,
                     struct dns_reply *reply)
{
    static const char stays[] = "_stays._tcp.z.";
    bool right = dns_check(query, size, out, out_size, 65535, reply), found = false;
    for (size_t i = 0; right && i < reply->counts[SECTION_ANSWER_AT]; i++)
        found |= strcmp(dns_reply_data(reply, SECTION_ANSWER_AT, i), stays) == 0;
    if (right)
        dns_reply_free(reply);
    return right && found;
}

static void *browser(void *context)
{
    struct shared *s = context;
    struct dns_worker *worker = dns_worker_new(SEED);
    struct dns_reply *reply = calloc(1, sizeof(*reply));
    uint8_t query[QUESTION_MAX], *out = malloc(65535);
    size_t size = question_write(&(struct question){TYPES, T_PTR, 1, 4096, true}, query);
    struct dns_request request = {query, size, {s->rig->client, 1234}, DNS_TCP, 0, 0};
    rcu_reader_start();
    while (!atomic_load(&s->stop)) {
        rcu_reader_online();
        size_t out_size = dns_respond(s->rig->dns, worker, &request, out, 65535);
        rcu_reader_offline();
        if (!is_right(query, size, out, out_size, reply))
            atomic_fetch_add(&s->wrong, 1);
        atomic_fetch_add(&s->rounds, 1);
    }
    rcu_reader_stop();
    free(out);
    free(reply);
    dns_worker_free(worker);
    return NULL;
}

static void test_walked_while_it_changes(void **state)
{
    (void)state;
    struct shared s = {.rig = t};
    pthread_t thread;
    char name[32];
    reg(t->registry, "stays/a", "addr=10.0.0.1 port=80", 1);
    publish(t);
    assert_int_equal(pthread_create(&thread, NULL, browser, &s), 0);
    for (uint64_t round = 2; round < 3000 || atomic_load(&s.rounds) < 200; round++) {
        snprintf(name, sizeof(name), "s%u/a", (unsigned)(round * 7 % 40));
        if (round * 7 / 40 % 2)
            reg(t->registry, name, "addr=10.0.0.1 port=80", round);
        else
            reg(t->registry, name, "addr=10.0.0.1 port=80 port=81/udp", round);
        publish(t);
        snprintf(name, sizeof(name), "s%u/a", (unsigned)((round + 20) * 7 % 40));
        if (round > 60)
            unreg(t->registry, name, round);
        publish(t);
        if (round > 60)
            reg(t->registry, name, "addr=10.0.0.1 port=81/udp", round);
    }
    atomic_store(&s.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&s.wrong), 0);
}

#define LONG "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" /* 62 */

static void in_long_zone(struct dns_config *c)
{
    free(c->zones->name);
    c->zones->name = strdup(LONG);
    free(c->zones->file);
    c->zones->file = NULL;
}

/* I.S.Z fits a name, I._S._tcp.Z does not: such an instance is not browsed, and not in the
 * way of others. */
static void test_long_names(void **state)
{
    (void)state;
    rig_free(t);
    t = rig_with_config("", NULL, in_long_zone);
    reg(t->registry, LONG "." LONG "/" LONG, "addr=10.0.0.2 port=80", 1);
    publish(t);
    ask(t, LONG "." LONG "." LONG "." LONG, T_A);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 1);
    ask(t, "_" LONG "." LONG "._tcp." LONG, T_SRV);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 1);
    nothing("_" LONG "." LONG "._tcp." LONG, T_PTR, 0);
    reg(t->registry, LONG "." LONG "/y", "addr=10.0.0.3 port=80", 1);
    publish(t);
    ask(t, "_" LONG "." LONG "._tcp." LONG, T_PTR);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 1);
    assert_memory_equal(dns_reply_data(&t->reply, SECTION_ANSWER_AT, 0), "y._x", 4);
    assert_false(t->reply.flags & 0x0200);
    ask(t, "_" LONG "." LONG "._tcp." LONG, T_SRV);
    assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_instances, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_instances, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stale, setup, teardown),
        cmocka_unit_test_setup_teardown(test_domains, setup, teardown),
        cmocka_unit_test_setup_teardown(test_static_names_win, setup, teardown),
        cmocka_unit_test_setup_teardown(test_services, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_comes_and_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_service, setup, teardown),
        cmocka_unit_test_setup_teardown(test_max_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_walked_while_it_changes, setup, teardown),
        cmocka_unit_test(test_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

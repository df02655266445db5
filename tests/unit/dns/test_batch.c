/* dns_batch with dns_respond_to: byte for byte what dns_respond says, to anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rand.h"
#include "unit/dns/answering.h"

enum { MOST = 1232, ROUNDS = 300 };

struct asked {
    uint8_t bytes[DNS_BATCH_MAX][QUESTION_MAX];
    struct dns_request requests[DNS_BATCH_MAX];
};

static struct rig *start(void)
{
    struct rig *t = rig_new("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"
                            "*.wild TXT w\nalias CNAME three\nsub NS ns.sub\nns.sub A 10.1.1.1\n"
                            "there DNAME elsewhere\na.b.c.d.e A 10.2.2.2\n",
                            NULL);
    register_many(t, "three", 3, "");
    register_many(t, "hundred", 100, "");
    register_many(t, "over.three", 2, "");
    return t;
}

static const char *const names[] = {
    "z.",
    "ns.z.",
    "three.z.",
    "hundred.z.",
    "_three._tcp.z.",
    "i00001.three.z.",
    "i00001._three._tcp.z.",
    "1.version.hundred.z.",
    "missing.three.z.",
    "missing.z.",
    "a.b.missing.three.z.",
    "x.wild.z.",
    "alias.z.",
    "host.sub.z.",
    "x.there.z.",
    "c.d.e.z.",
    "over.three.z.",
    "i00000.over.three.z.",
    "three.elsewhere.",
    ".",
    "a.b.c.d.e.f.g.h.i.j.k.z.",
    "_services._dns-sd._udp.z.",
    "version.hundred.z.",
};

static void fill(struct asked *a, struct rand *r, const struct rig *t, bool damaged)
{
    static const uint16_t types[] = {1, 28, 33, 16, 6, 2, 255, 5, 43, 12, 64};
    for (size_t i = 0; i < DNS_BATCH_MAX; i++) {
        struct question q = {names[rand_below(r, ARRAY_COUNT(names))],
                             types[rand_below(r, ARRAY_COUNT(types))], (uint16_t)rand_next(r),
                             rand_below(r, 3) ? MOST : 0, false};
        size_t size = question_write(&q, a->bytes[i]);
        assert_int_not_equal(size, 0);
        for (unsigned n = damaged ? rand_below(r, 4) : 0; n; n--)
            a->bytes[i][rand_below(r, (uint32_t)size)] = (uint8_t)rand_next(r);
        if (damaged && rand_below(r, 3) == 0)
            size = rand_below(r, (uint32_t)size + 1);
        a->requests[i] = (struct dns_request){.bytes = a->bytes[i],
                                              .size = size,
                                              .from = {t->client, rand_below(r, 50) ? 1234 : 0},
                                              .transport = DNS_UDP};
    }
}

/* Both workers draw the same numbers, so both choose the same instances. */
static void compare(bool damaged, unsigned least)
{
    static uint8_t one[DNS_UDP_LIMIT], two[DNS_UDP_LIMIT];
    struct rig *t = start();
    struct asked *a = calloc(1, sizeof(*a));
    struct dns_worker *first = dns_worker_new(5), *second = dns_worker_new(5);
    struct rand r;
    unsigned answered = 0;
    rand_seed(&r, 9);
    assert_true(a && first && second);
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t count = rand_below(&r, DNS_BATCH_MAX + 1);
        fill(a, &r, t, damaged);
        dns_batch(t->dns, second, a->requests, count);
        for (size_t i = 0; i < count; i++) {
            size_t size = dns_respond(t->dns, first, &a->requests[i], one, sizeof(one));
            assert_int_equal(dns_respond_to(t->dns, second, i, two, sizeof(two)), size);
            assert_memory_equal(one, two, size);
            answered += size > 0;
        }
    }
    assert_true(answered > least);
    for (size_t i = 0; i < DNS_DROPS; i++)
        assert_int_equal(counter_get(&dns_worker_counters(first)->drops[i]),
                         counter_get(&dns_worker_counters(second)->drops[i]));
    dns_worker_free(first);
    dns_worker_free(second);
    free(a);
    rig_free(t);
}

static void whole_questions(void **state UNUSED)
{
    compare(false, ROUNDS * 20);
}

static void damaged_questions(void **state UNUSED)
{
    compare(true, ROUNDS * 5);
}

/* What is found stays usable when its name is taken away, or comes, before it is answered. */
static void changes_in_between(void **state UNUSED)
{
    struct rig *t = start();
    struct asked *a = calloc(1, sizeof(*a));
    assert_non_null(a);
    static const char *const asked[] = {"i00001.three.z.", "three.z.", "new.z."};
    static const unsigned rcodes[] = {3, 0, 3}; /* what was not there is not looked for anew */
    for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
        struct question q = {asked[i], 1, 7, MOST, false};
        a->requests[i] = (struct dns_request){.bytes = a->bytes[i],
                                              .size = question_write(&q, a->bytes[i]),
                                              .from = {t->client, 1234},
                                              .transport = DNS_UDP};
    }
    rcu_reader_start();
    rcu_reader_online();
    dns_batch(t->dns, t->worker, a->requests, ARRAY_COUNT(asked));
    register_many(t, "new", 2, "");
    unreg(t->registry, "three/i00000", 2);
    unreg(t->registry, "three/i00001", 2);
    unreg(t->registry, "three/i00002", 2);
    publish(t);
    for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
        size_t size = dns_respond_to(t->dns, t->worker, i, t->out, sizeof(t->out));
        assert_true(dns_check(a->bytes[i], a->requests[i].size, t->out, size, MOST, &t->reply));
        assert_int_equal(t->reply.flags & 15, rcodes[i]);
        assert_int_equal(t->reply.counts[SECTION_ANSWER_AT], 0);
        dns_reply_free(&t->reply);
    }
    rcu_reader_offline();
    rcu_reader_stop();
    free(a);
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_questions),
        cmocka_unit_test(damaged_questions),
        cmocka_unit_test(changes_in_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Whatever is asked: an answer that is well-formed and no larger than allowed, or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/rand.h"
#include "dns/query.h"
#include "support/answer.h"
#include "unit/dns/answering.h"

enum { ROUNDS = 200000, MESSAGE_MAX = 600, DUMP_MAX = 80 };

static const char *const names[] = {
    "web.z",
    "_web._tcp.z",
    "_grpc._tcp.web.z",
    "i7.web.z",
    "1.version.web.z",
    "version.web.z",
    "blue.tag.1.version.web.z",
    "z",
    "ns.z",
    "www.z",
    "alias.z",
    "loop1.z",
    "empty.z",
    "none.z",
    "_tcp.z",
    "big.z",
    "few.z",
    "other",
    ".",
    "a.b.c.d.e.f.g.h.i.j.z",
};
static const uint16_t types[] = {T_A,  T_AAAA,  T_SRV, T_TXT, T_SOA, T_NS, T_ANY,
                                 T_MX, T_CNAME, 41,    250,   252,   0};
static const uint16_t sizes[] = {0, 1, 512, 700, 1232, 4096, 65535};

static struct rig *t;
static struct rand rng;

static int setup(void **state)
{
    (void)state;
    static char few[] = "few";
    struct dns_rule rule = {few,       DNS_UNSET, DNS_UNSET, 3,
                            DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_UNSET};
    char name[64], fields[128];
    t = rig_new("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\nwww CNAME ns\n"
                "alias CNAME web\nloop1 CNAME loop2\nloop2 CNAME loop1\n",
                &rule);
    for (int i = 0; i < 100; i++) {
        static const char *const services[] = {"web", "big", "few"};
        for (int s = 0; s < 3; s++) {
            snprintf(name, sizeof(name), "%s/i%d", services[s], i);
            snprintf(fields, sizeof(fields),
                     "addr=10.0.0.%d addr=fd00::%d port=80 port=grpc:81 "
                     "version=1 tag=blue w=3",
                     i, i + 1);
            if (s != 0 || i < 12)
                (i % 3 ? reg : reg_stale)(t->registry, name, fields, 1);
        }
    }
    reg(t->registry, "empty/x", "addr=10.0.1.1 port=1", 1);
    unreg(t->registry, "empty/x", 2);
    publish(t);
    rand_seed(&rng, SEED);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_free(t);
    return 0;
}

static uint32_t any(uint32_t count)
{
    return rand_below(&rng, count);
}

/* A good question, often with up to four injuries. */
static size_t make(uint8_t *bytes)
{
    uint8_t whole[QUESTION_MAX];
    struct question q = {names[any(ARRAY_COUNT(names))], types[any(ARRAY_COUNT(types))],
                         (uint16_t)any(65536), sizes[any(ARRAY_COUNT(sizes))], false};
    size_t size = question_write(&q, whole);
    memcpy(bytes, whole, size);
    for (unsigned injuries = any(2) * any(5); injuries && size; injuries--) {
        size_t at = any((uint32_t)size);
        switch (any(6)) {
        case 0: bytes[at] ^= (uint8_t)(1u << any(8)); break;
        case 1: bytes[at] = (uint8_t)any(256); break;
        case 2: /* cut */ size = at; break;
        case 3: /* something more */ bytes[size++] = (uint8_t)any(256); break;
        case 4: /* a piece twice */
            if (size + 20 < MESSAGE_MAX && at + 20 < size) {
                memmove(bytes + at + 20, bytes + at, size - at);
                size += 20;
            }
            break;
        default: /* a count */ bytes[size > 11 ? 5 + 2 * any(4) : at] = (uint8_t)any(3);
        }
    }
    return size;
}

static size_t allowed(const struct query *q, bool tcp)
{
    if (tcp)
        return 65535;
    size_t asked = q->has_opt && q->edns_size > 512 ? q->edns_size : 512;
    return asked < 1232 ? asked : 1232;
}

static void fail_at(int round, const char *why, const uint8_t *bytes, size_t size)
{
    char dump[2 * DUMP_MAX + 1] = "";
    for (size_t i = 0; i < size && i < DUMP_MAX; i++)
        snprintf(dump + 2 * i, 3, "%02x", bytes[i]);
    fail_msg("round %d: %s: %s", round, why, dump);
}

static void test_mutated(void **state)
{
    (void)state;
    unsigned answered = 0, good = 0, truncated = 0;
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t bytes[MESSAGE_MAX + 8];
        size_t size = make(bytes);
        uint8_t *exact = malloc(size + !size); /* what is read behind it is seen */
        struct query q;
        struct answer a;
        bool tcp = any(4) == 0;
        memcpy(exact, bytes, size);
        send_bytes(t, exact, size, tcp);
        enum query_verdict verdict = query_parse(exact, size, &q);
        if ((verdict == QUERY_SHORT || verdict == QUERY_RESPONSE) != (t->size == 0))
            fail_at(i, "answered or not", exact, size);
        if (t->size) {
            if (!answer_check(exact, size, t->out, t->size, allowed(&q, tcp), &a))
                fail_at(i, a.fault, exact, size);
            if (a.has_opt != q.has_opt)
                fail_at(i, "OPT for OPT", exact, size);
            if (tcp && a.flags & ANSWER_TC)
                fail_at(i, "TC over TCP", exact, size);
            answered++;
            good += a.flags & ANSWER_AA && a.counts[ANSWER_ANSWER];
            truncated += (a.flags & ANSWER_TC) != 0;
        }
        free(exact);
    }
    assert_true(answered > ROUNDS / 2); /* the questions are not all nonsense */
    assert_true(good > ROUNDS / 10);
    assert_true(truncated > ROUNDS / 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutated)};
    return cmocka_run_group_tests(tests, setup, teardown);
}

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

enum { T_SVCB = 64, T_HTTPS = 65 };
enum {
    ROUNDS = 200000,
    DECODED = 64 /* one of so many by ldns too */,
    MESSAGE_MAX = 600,
    DUMP_MAX = 80
};

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
    "_big._tcp.z",
    "_few._udp.z",
    "i7._web._tcp.z",
    "a.zone.web.z",
    "_services._dns-sd._udp.z",
    "lb._dns-sd._udp.z",
    "7.0.0.10.in-addr.arpa",
    "big.z",
    "few.z",
    "other",
    ".",
    "a.b.c.d.e.f.g.h.i.j.z",
};
static const uint16_t types[] = {T_A,     T_AAAA, T_SRV, T_TXT, T_SOA, T_NS,  T_ANY,  T_MX,
                                 T_CNAME, 41,     250,   252,   0,     T_PTR, T_SVCB, T_HTTPS};
static const uint16_t sizes[] = {0, 1, 512, 700, 1232, 4096, 65535};

static struct rig *t;
static struct rand rng;

static void configure(struct dns_config *c)
{
    c->places = calloc(2, sizeof(*c->places));
    c->place_count = 2;
    assert_int_equal(network_parse(TEXT("10.1.0.0/16"), &c->places[0].from), ERR_OK);
    assert_int_equal(network_parse(TEXT("10.0.0.0/8"), &c->places[1].from), ERR_OK);
    c->places[0].zone = strdup("a");
    c->places[1].region = strdup("eu");
    c->ecs_from = calloc(1, sizeof(*c->ecs_from));
    c->ecs_from_count = 1;
    assert_int_equal(network_parse(TEXT("192.0.2.0/24"), &c->ecs_from[0]), ERR_OK);
    c->zones = realloc(c->zones, 2 * sizeof(*c->zones));
    c->zones[c->zone_count++] = (struct dns_zone_config){.name = strdup("10.in-addr.arpa"),
                                                         .reverse = strdup("z"),
                                                         .ttl = 7,
                                                         .negative_ttl = 3,
                                                         .srv_weight_scale = 1};
}

static int setup(void **state)
{
    (void)state;
    static char few[] = "few";
    struct dns_rule rule = {few,       DNS_UNSET, DNS_UNSET, 3,
                            DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_UNSET};
    char name[64], fields[128];
    t = rig_with_config("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\nwww CNAME ns\n"
                        "alias CNAME web\nloop1 CNAME loop2\nloop2 CNAME loop1\n",
                        &rule, configure);
    for (int i = 0; i < 100; i++) {
        static const char *const services[] = {"web", "big", "few"};
        for (int s = 0; s < 3; s++) {
            snprintf(name, sizeof(name), "%s/i%d", services[s], i);
            snprintf(fields, sizeof(fields),
                     "addr=10.0.0.%d addr=fd00::%d port=80 port=grpc:81 "
                     "version=1 tag=blue w=3 zone=%s region=eu%s",
                     i, i + 1, i % 5 ? "b" : "a", i % 2 ? " m.alpn=h2,h3" : "");
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

/* Keys ascend strictly, nothing is behind the last (RFC 9460 section 2.2). */
static bool is_svcb(const uint8_t *at, const uint8_t *end)
{
    int last = -1;
    if (end - at < 3 || at[0] + at[1] == 0)
        return false;
    for (at += 2; at < end && *at; at += 1 + *at)
        if (*at >= 64)
            return false;
    for (at++; end - at >= 4; at += 4 + (at[2] << 8 | at[3])) {
        int key = at[0] << 8 | at[1];
        if (key <= last)
            return false;
        last = key;
    }
    return at == end;
}

/* All records of these types in the answer section, whose owners are pointers. */
static bool has_good_svcb(const struct query *q, const uint8_t *out, unsigned count)
{
    const uint8_t *at = out + q->question_end;
    for (; count && (at[0] & 0xc0) == 0xc0; count--) {
        unsigned type = (unsigned)at[2] << 8 | at[3], size = (unsigned)at[10] << 8 | at[11];
        if ((type == T_SVCB || type == T_HTTPS) && !is_svcb(at + 12, at + 12 + size))
            return false;
        at += 12 + size;
    }
    return true;
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
        static const char *const clients[] = {"192.0.2.1", "10.1.2.3", "10.2.3.4"};
        assert_int_equal(addr_parse(text_of(clients[any(3)]), &t->client), ERR_OK);
        send_bytes(t, exact, size, tcp);
        enum query_verdict verdict = query_parse(exact, size, &q);
        if ((verdict == QUERY_SHORT || verdict == QUERY_RESPONSE) != (t->size == 0))
            fail_at(i, "answered or not", exact, size);
        if (t->size) {
            if (!answer_check(exact, size, t->out, t->size, allowed(&q, tcp), &a))
                fail_at(i, a.fault, exact, size);
            if (i % DECODED == 0) {
                if (!answer_decode(exact, size, t->out, t->size, allowed(&q, tcp), &a))
                    fail_at(i, a.fault, exact, size);
                answer_free(&a);
            }
            if (!has_good_svcb(&q, t->out, a.counts[ANSWER_ANSWER]))
                fail_at(i, "SVCB", exact, size);
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

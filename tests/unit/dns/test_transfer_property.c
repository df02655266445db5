/* Random registries: what a secondary gets is what queries answer, RRset by RRset in both
 * directions; and the differences that it gets step by step lead to the zone that it would
 * get whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rand.h"
#include "dns/leaf.h"
#include "dns/state.h"
#include "unit/dns/transferring.h"

/* A name that hides a service, one of an instance, and ones that a service stands beside. */
#define RECORDS                                                                                    \
    "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\nsvc5 TXT hides\n"                      \
    "i2.svc1 A 10.8.8.8\n_http._tcp.svc2 TXT hides\n_svc3._tcp TXT hides\ni1._svc4._tcp TXT "      \
    "hides\n"

enum { SERVICES = 7, INSTANCES = 9, ROUNDS = 60, SEEDS = 6 };

static const char *const services[SERVICES] = {"svc0", "svc1", "svc2",  "svc3",
                                               "svc4", "svc5", "a.svc6"};

struct world {
    struct rig *rig;
    struct rand rand;
    bool there[SERVICES][INSTANCES];
    uint64_t now;
};

static uint32_t below(struct world *w, uint32_t n)
{
    return rand_below(&w->rand, n);
}

static void add_fields(struct world *w, char *out, size_t size)
{
    static const char *const statuses[] = {"up", "up", "up", "up", "draining", "down", "starting"};
    static const char *const ports[] = {" port=80", " port=http:8080/tcp", " port=dns:53/udp",
                                        " port=https:443", " port=x:5/sctp"};
    size_t n = 0;
    n += (size_t)snprintf(out + n, size - n, "w=%u status=%s", below(w, 4) * 50,
                          statuses[below(w, ARRAY_COUNT(statuses))]);
    for (uint32_t i = 0, count = 1 + below(w, 2); i < count; i++)
        n += (size_t)snprintf(out + n, size - n, " addr=10.0.%u.%u", i, 1 + below(w, 4));
    if (below(w, 3) == 0)
        n += (size_t)snprintf(out + n, size - n, " addr=2001:db8::%x", 1 + below(w, 4));
    for (size_t i = 0; i < ARRAY_COUNT(ports); i++)
        if (below(w, 2))
            n += (size_t)snprintf(out + n, size - n, "%s", ports[i]);
    if (below(w, 3) == 0)
        n += (size_t)snprintf(out + n, size - n, " version=%u", below(w, 3));
    if (below(w, 4) == 0)
        n += (size_t)snprintf(out + n, size - n, " m.alpn=h2");
    if (below(w, 4) == 0)
        n += (size_t)snprintf(out + n, size - n, " priority=%u", below(w, 3));
    if (below(w, 12) == 0)
        snprintf(out + n, size - n, " ttl=%u", 1 + below(w, 4));
}

/* Plain records, also at the name of a service (then the service shows, while it is there)
 * and at one of the zone file. */
static const char *const leaves[] = {"l0", "l1.l0", "svc0", "svc5", "_svc1._tcp", "a"};

static void change_leaf(struct world *w)
{
    struct leaf_record records[6];
    uint8_t data[ARRAY_COUNT(records)][4];
    struct leaf *leaf = NULL;
    struct name owner;
    struct zone *zone = w->rig->dns->zones[0];
    uint32_t count = below(w, ARRAY_COUNT(records) + 1);
    for (uint32_t i = 0; i < count; i++) {
        bool text = below(w, 2);
        data[i][0] = text ? 3 : 10;
        for (unsigned n = 1; n < 4; n++)
            data[i][n] = (uint8_t)('a' + below(w, 2));
        records[i] = (struct leaf_record){text ? T_TXT : T_A, 4, 60 + below(w, 5) / 4, data[i]};
    }
    assert_int_equal(name_join(text_of(leaves[below(w, ARRAY_COUNT(leaves))]), &zone->apex, &owner),
                     ERR_OK);
    if (count)
        assert_int_equal(leaf_new(&owner, records, count, &leaf), ERR_OK);
    assert_int_equal(leaf_publish(w->rig->dns, zone, &owner, leaf), ERR_OK);
}

static void change(struct world *w)
{
    char name[32], fields[512];
    uint32_t service = below(w, SERVICES), id = below(w, INSTANCES);
    if (below(w, 5) == 0) {
        change_leaf(w);
        return;
    }
    snprintf(name, sizeof(name), "%s/i%u", services[service], id);
    w->now++;
    if (w->there[service][id] && below(w, 3) == 0) {
        unreg(w->rig->registry, name, w->now);
        w->there[service][id] = false;
        return;
    }
    add_fields(w, fields, sizeof(fields));
    if (!w->there[service][id] && below(w, 4) == 0)
        reg_stale(w->rig->registry, name, fields, w->now);
    else
        reg(w->rig->registry, name, fields, w->now);
    w->there[service][id] = true;
}

/* ---- the zone and the answers ---------------------------------------------------------- */

/* Every name that could be there is asked for; what the zone has at others is seen when the
 * records of all are counted. */
static unsigned compare_names(struct world *w, const struct secondary *s, const char *service)
{
    static const char *const forms[] = {
        "%s.z.",           "_%s._tcp.z.",   "_%s._udp.z.", "_http._tcp.%s.z.", "_https._tcp.%s.z.",
        "_dns._udp.%s.z.", "_x._sctp.%s.z."};
    static const char *const instances[] = {"i%u.%s.z.", "i%u._%s._tcp.z.", "i%u._%s._udp.z."};
    char owner[64];
    unsigned count = 0;
    for (size_t type = 0; type < ARRAY_COUNT(answer_types); type++) {
        for (size_t f = 0; f < ARRAY_COUNT(forms); f++) {
            snprintf(owner, sizeof(owner), forms[f], service);
            count += secondary_compare_set(s, w->rig, owner, type);
        }
        for (size_t f = 0; f < ARRAY_COUNT(instances); f++)
            for (unsigned id = 0; id < INSTANCES; id++) {
                snprintf(owner, sizeof(owner), instances[f], id, service);
                count += secondary_compare_set(s, w->rig, owner, type);
            }
    }
    return count;
}

static void compare_with_answers(struct world *w)
{
    static const char *const others[] = {"z.",    "ns.z.",    "_services._dns-sd._udp.z.",
                                         "l0.z.", "l1.l0.z.", "a.z."};
    struct secondary s = {0};
    unsigned count = 0;
    secondary_axfr(&s, w->rig);
    for (size_t i = 0; i < SERVICES; i++)
        count += compare_names(w, &s, services[i]);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        for (size_t type = 0; type < ARRAY_COUNT(answer_types); type++)
            count += secondary_compare_set(&s, w->rig, others[i], type);
    for (size_t i = 0; i < s.count; i++) /* NS at the apex; browsing names */
        count += line_is_of(s.lines[i], "z.", "NS") ||
                 (strstr(s.lines[i], "._dns-sd._udp.z. ") && strstr(s.lines[i], " PTR z."));
    assert_int_equal(count, s.count);
    secondary_deinit(&s);
}

static void world_begin(struct world *w, uint64_t seed, size_t journal)
{
    *w = (struct world){.rig = transfer_rig(RECORDS, journal, NULL, 0), .now = 1};
    rand_seed(&w->rand, seed);
    publish(w->rig);
}

static void test_answers(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world w;
        world_begin(&w, seed, 0);
        for (unsigned round = 0; round < 8; round++) {
            for (unsigned i = 0; i < 12; i++)
                change(&w);
            publish(w.rig);
            compare_with_answers(&w);
        }
        rig_free(w.rig);
    }
}

static void test_steps(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS * 2; seed++) {
        struct world w;
        struct secondary s = {0}, fresh = {0};
        world_begin(&w, seed, 1 << 20);
        secondary_axfr(&s, w.rig);
        for (unsigned round = 0; round < ROUNDS; round++) {
            for (uint32_t i = below(&w, 5); i; i--)
                change(&w);
            publish(w.rig);
            if (below(&w, 3))
                continue;
            secondary_ixfr(&s, w.rig);
            secondary_axfr(&fresh, w.rig);
            secondary_compare(&s, &fresh);
        }
        assert_true(s.wholes <
                    s.differences); /* after many changes the zone is the shorter answer */
        assert_true(s.steps > ROUNDS / 4);
        secondary_deinit(&s);
        secondary_deinit(&fresh);
        rig_free(w.rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

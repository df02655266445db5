/* Services of several slices: what a secondary gets step by step, and what reverse zones have,
 * while the services grow, shrink and change in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rand.h"
#include "dns/reverse.h"
#include "dns/state.h"
#include "dns/view.h"
#include "unit/dns/transferring.h"

#define RECORDS                                                                                    \
    "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"                                      \
    "i7.plain A 10.8.8.8\n_https._tcp.withdrawn TXT hides\n"

enum { SERVICES = 3, IDS = 200, ADDRESSES = 120, PER_INSTANCE = 2, ROUNDS = 60, SEEDS = 2 };

static const char *const services[SERVICES] = {"plain", "withdrawn", "scaled"};

struct known {
    bool there, down;
    unsigned address_count, addresses[PER_INSTANCE];
};

struct world {
    struct rig *rig;
    struct rand rand;
    struct known known[SERVICES][IDS];
    unsigned counts[SERVICES];
    uint64_t now;
    struct view *before[SERVICES]; /* counted */
    unsigned more, fewer, passed;  /* slices than before; of those as many, the same ones */
};

static uint32_t below(struct world *w, uint32_t n)
{
    return rand_below(&w->rand, n);
}

static void configure(struct dns_config *c)
{
    static const struct dns_rule rules[] = {
        {NULL, DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_STALE_WITHDRAW, DNS_UNSET,
         DNS_UNSET},
        {NULL, DNS_UNSET, DNS_UNSET, DNS_UNSET, 256, DNS_UNSET, DNS_UNSET, DNS_UNSET}};
    c->zones = realloc(c->zones, 2 * sizeof(*c->zones));
    c->zone_count = 2;
    c->zones[0].rules = malloc(sizeof(rules));
    memcpy(c->zones[0].rules, rules, sizeof(rules));
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++)
        c->zones[0].rules[i].glob = strdup(services[1 + i]);
    c->zones[0].rule_count = ARRAY_COUNT(rules);
    c->zones[0].journal_max = 8 << 20;
    c->zones[0].transfers = calloc(1, sizeof(*c->zones[0].transfers));
    c->zones[0].transfers[0].anywhere = true;
    c->zones[0].transfer_count = 1;
    c->zones[1] = (struct dns_zone_config){.name = strdup("10.in-addr.arpa"),
                                           .reverse = strdup("z"),
                                           .ttl = 7,
                                           .negative_ttl = 3,
                                           .srv_weight_scale = 1};
}

/* ---- changes --------------------------------------------------------------------------- */

static void add_fields(struct world *w, struct known *k, char *out, size_t size)
{
    static const char *const ports[] = {" port=http:8080/tcp", " port=dns:53/udp",
                                        " port=https:443", " port=x:5/sctp"};
    unsigned status = below(w, 12);
    size_t n = 0;
    k->down = status == 0;
    k->address_count = 1 + below(w, PER_INSTANCE);
    n += (size_t)snprintf(out + n, size - n, "w=%u status=%s%s", below(w, 4) * 50,
                          status == 0   ? "down"
                          : status == 1 ? "draining"
                                        : "up",
                          below(w, 8) ? " port=80" : "");
    for (unsigned i = 0; i < k->address_count; i++) {
        k->addresses[i] = i * ADDRESSES / 2 + below(w, ADDRESSES / 2);
        n += (size_t)snprintf(out + n, size - n, " addr=10.0.0.%u", k->addresses[i]);
    }
    if (below(w, 4) == 0)
        n += (size_t)snprintf(out + n, size - n, " addr=2001:db8::%x", 1 + below(w, 99));
    for (size_t i = 0; i < ARRAY_COUNT(ports); i++)
        if (below(w, 6) == 0)
            n += (size_t)snprintf(out + n, size - n, "%s", ports[i]);
    if (below(w, 3) == 0)
        n += (size_t)snprintf(out + n, size - n, " version=%u", below(w, 200));
    if (below(w, 9) == 0)
        n += (size_t)snprintf(out + n, size - n, " m.alpn=h2");
    if (below(w, 9) == 0)
        n += (size_t)snprintf(out + n, size - n, " priority=%u", below(w, 3));
    if (below(w, 40) == 0) /* lowers the scale of weights, or the TTL */
        snprintf(out + n, size - n, "%s", below(w, 2) ? " w=900" : " ttl=4");
}

static void add(struct world *w, unsigned service, unsigned id)
{
    char name[32], fields[256];
    struct known *k = &w->known[service][id];
    snprintf(name, sizeof(name), "%s/i%u", services[service], id);
    add_fields(w, k, fields, sizeof(fields));
    bool stale = !k->there && below(w, 6) == 0;
    (stale ? reg_stale : reg)(w->rig->registry, name, fields, w->now);
    w->counts[service] += !k->there;
    k->there = true;
}

static void take(struct world *w, unsigned service, unsigned id)
{
    char name[32];
    snprintf(name, sizeof(name), "%s/i%u", services[service], id);
    unreg(w->rig->registry, name, w->now);
    w->counts[service]--;
    w->known[service][id].there = false;
}

/* Grows by many, stays with a few changes at a time, shrinks, and again. */
static void change(struct world *w, unsigned round)
{
    unsigned service = below(w, SERVICES), phase = round % 30 / 10;
    w->now++;
    for (unsigned n = phase == 1 ? 1 + below(w, 3) : 40; n; n--) {
        unsigned id = below(w, IDS);
        if (phase < 2 && (phase == 0 || below(w, 3)))
            add(w, service, id);
        else if (w->known[service][id].there)
            take(w, service, id);
    }
}

/* All but a few go at once. */
static void fall(struct world *w, unsigned service)
{
    w->now++;
    for (unsigned id = 5; id < IDS; id++)
        if (w->known[service][id].there)
            take(w, service, id);
}

/* ---- slices ---------------------------------------------------------------------------- */

static void look_at(struct world *w, unsigned service, struct view *v)
{
    const struct view *old = w->before[service];
    w->more += old && v->slice_count > old->slice_count;
    w->fewer += old && v->slice_count < old->slice_count;
    for (uint32_t n = 0; old && v->slice_count == old->slice_count && n < v->slice_count; n++)
        w->passed += v != old && v->slices[n] == old->slices[n];
    view_unref(w->before[service]);
    w->before[service] = view_ref(v);
    assert_int_equal(v->instance_count, w->counts[service]);
}

static void publish_and_look(struct world *w)
{
    struct published p;
    struct dns *dns = w->rig->dns; /* no publication is put off */
    assert_int_equal(dns_publish(dns, w->rig->registry, 1000000 + w->now * 1000, NULL), ERR_OK);
    registry_changes_trim(w->rig->registry, dns_published_index(dns));
    for (size_t cursor = 0; dns_published_next(dns, &cursor, &p);)
        for (unsigned s = 0; s < SERVICES; s++)
            if (text_is(view_service(p.view), text_of(services[s])))
                look_at(w, s, p.view);
}

/* ---- comparing ------------------------------------------------------------------------- */

static bool has_address(const struct known *k, unsigned address)
{
    for (unsigned i = 0; k->there && !k->down && i < k->address_count; i++)
        if (k->addresses[i] == address)
            return true;
    return false;
}

static void compare_reverse(struct world *w, unsigned address)
{
    char owner[48], line[128];
    unsigned count = 0;
    snprintf(owner, sizeof(owner), "%u.0.0.10.in-addr.arpa", address);
    struct dns_reply *reply = ask_tcp(w->rig, owner, T_PTR);
    for (unsigned s = 0; s < SERVICES; s++)
        for (unsigned id = 0; id < IDS; id++) {
            bool found = false;
            const char *there;
            if (!has_address(&w->known[s][id], address))
                continue;
            count++;
            snprintf(line, sizeof(line), "%s. 7 PTR i%u.%s.z.", owner, id, services[s]);
            for (size_t i = 0; !found && (there = dns_reply_line(reply, SECTION_ANSWER_AT, i)); i++)
                found = strcmp(there, line) == 0;
            if (!found)
                fail_msg("not there: %s", line);
        }
    assert_true(count < REVERSE_MAX);
    assert_int_equal(reply->counts[SECTION_ANSWER_AT], count);
}

static void compare_with_answers(struct world *w, const struct secondary *s)
{
    static const char *const forms[] = {
        "%s.z.",           "_%s._tcp.z.",   "_%s._udp.z.", "_http._tcp.%s.z.", "_https._tcp.%s.z.",
        "_dns._udp.%s.z.", "_x._sctp.%s.z."};
    static const char *const own[] = {"i%u.%s.z.", "i%u._%s._tcp.z.", "i%u._%s._udp.z."};
    char owner[64];
    for (size_t type = 0; type < ARRAY_COUNT(answer_types); type++)
        for (unsigned service = 0; service < SERVICES; service++) {
            for (size_t f = 0; f < ARRAY_COUNT(forms); f++) {
                snprintf(owner, sizeof(owner), forms[f], services[service]);
                secondary_compare_set(s, w->rig, owner, type);
            }
            for (unsigned id = below(w, 29); id < IDS; id += 29) {
                snprintf(owner, sizeof(owner), own[id % 3], id, services[service]);
                secondary_compare_set(s, w->rig, owner, type);
            }
        }
}

static void compare(struct world *w, struct secondary *s, unsigned round)
{
    struct secondary fresh = {0};
    secondary_ixfr(s, w->rig);
    secondary_axfr(&fresh, w->rig);
    secondary_compare(s, &fresh);
    if (round % 20 == 19)
        compare_with_answers(w, &fresh);
    secondary_deinit(&fresh);
    for (unsigned address = round % 8; address < ADDRESSES; address += 8)
        compare_reverse(w, address);
}

static void test_steps(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        static struct world w;
        struct secondary s = {0};
        w = (struct world){.rig = rig_with_config(RECORDS, NULL, configure), .now = 1};
        rand_seed(&w.rand, seed);
        publish(w.rig);
        secondary_axfr(&s, w.rig);
        for (unsigned round = 0; round < ROUNDS; round++) {
            if (round % 30 == 29)
                fall(&w, round / 30 % SERVICES);
            change(&w, round);
            publish_and_look(&w);
            if (below(&w, 2) || round % 20 == 19)
                compare(&w, &s, round);
        }
        assert_true(s.wholes < s.differences);
        assert_true(w.more > 3 && w.fewer > 0 && w.passed > ROUNDS / 3);
        for (unsigned i = 0; i < SERVICES; i++)
            view_unref(w.before[i]);
        secondary_deinit(&s);
        rig_free(w.rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

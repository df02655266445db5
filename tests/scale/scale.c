/* Large numbers: everything that is right for three instances stays right for 10 000.
 *
 *   scale [one|many|shares]      all three without an argument
 *
 * one     10 000 instances in one service: what fits over UDP and TCP, exact weights, a
 *         sample by weight where it does not fit
 * many    10 000 services of ten instances
 * shares  10/30/60 over 100 000 A and SRV queries
 *
 * Seeds are fixed; every answer is decoded by ldns. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "base/rcu.h"
#include "support/answer.h"
#include "support/question.h"
#include "support/server.h"

enum { LARGE = 10000, TEN = 10 };

static struct server_under_test server;
static struct dns_worker *worker;
static uint8_t out[DNS_TCP_LIMIT];
static size_t out_size;

static void begin(void)
{
    server_start(&server, 0);
    worker = dns_worker_new(2024);
    REQUIRE(worker);
}

static void end(void)
{
    dns_worker_free(worker);
    server_stop(&server);
}

static void registers(const char *service, unsigned n, unsigned weight)
{
    server_send(&server, "disc/1 reg svc=%s inst=i%u addr=10.%u.%u.%u port=%u w=%u lease=300",
                service, n, 1 + (n >> 16), n >> 8 & 255, n & 255, 1000 + n, weight);
    REQUIRE(strncmp(server.reply, "disc/1 ok", 9) == 0);
}

/* The decoded answer, to be freed. */
static struct answer ask(const char *name, uint16_t type, bool tcp, uint16_t bufsize)
{
    static uint16_t id;
    uint8_t query[QUESTION_MAX];
    struct question q = {.name = name, .type = type, .id = ++id, .bufsize = bufsize, .tcp = tcp};
    size_t n = question_write(&q, query);
    struct dns_request request = {
        query, n, {{FAMILY_V4, {127, 0, 0, 1}}, 40000}, tcp ? DNS_TCP : DNS_UDP, 0, 0};
    struct answer answer;
    out_size = dns_respond(atomic_load(&server.dns), worker, &request, out, sizeof(out));
    if (!answer_decode(query, n, out, out_size, question_limit(&q, DNS_UDP_DEFAULT), &answer)) {
        fprintf(stderr, "%s: %s\n", name, answer.fault);
        abort();
    }
    REQUIRE(answer.rcode == 0);
    return answer;
}

/* ---- what stands in an answer --------------------------------------------------------- */

static unsigned number_in(const ldns_rdf *rdf, unsigned size)
{
    const uint8_t *p = ldns_rdf_data(rdf);
    REQUIRE(ldns_rdf_size(rdf) == size);
    return (unsigned)p[0] << 8 | p[1];
}

/* "i<n>.<service>..." as a wire name -> n */
static unsigned target_number(const ldns_rdf *rdf)
{
    const uint8_t *p = ldns_rdf_data(rdf);
    uint64_t n;
    REQUIRE(p[1] == 'i');
    REQUIRE(text_number((struct text){(const char *)p + 2, p[0] - 1u}, LARGE, &n) == ERR_OK);
    return (unsigned)n;
}

struct seen {
    unsigned weight, port;
    unsigned instance;
};

static struct seen read_srv(const ldns_rr *rr)
{
    REQUIRE(ldns_rr_get_type(rr) == LDNS_RR_TYPE_SRV);
    return (struct seen){.weight = number_in(ldns_rr_rdf(rr, 1), 2),
                         .port = number_in(ldns_rr_rdf(rr, 2), 2),
                         .instance = target_number(ldns_rr_rdf(rr, 3))};
}

static unsigned read_a(const ldns_rr *rr)
{
    const uint8_t *p = ldns_rdf_data(ldns_rr_rdf(rr, 0));
    REQUIRE(ldns_rr_get_type(rr) == LDNS_RR_TYPE_A && p[0] == 10);
    return (unsigned)(p[1] - 1) << 16 | (unsigned)p[2] << 8 | p[3];
}

/* ---- chi-square ------------------------------------------------------------------------- */

/* Above this in 1 of 10 000 tries if the shares are right; by degrees of freedom. */
static const double chi_square_limit[] = {0, 15.14, 18.42, 21.11, 23.51};

static void check_shares(const char *what, const uint64_t *got, const double *expected, unsigned n)
{
    double chi = 0;
    for (unsigned i = 0; i < n; i++)
        chi += (got[i] - expected[i]) * (got[i] - expected[i]) / expected[i];
    printf("%s: chi-square %.2f, limit %.2f\n", what, chi, chi_square_limit[n - 1]);
    for (unsigned i = 0; i < n; i++)
        printf("    %llu of %.1f\n", (unsigned long long)got[i], expected[i]);
    REQUIRE(chi < chi_square_limit[n - 1]);
}

/* ---- one large service -------------------------------------------------------------------- */

static const unsigned weights[] = {1, 10, 30, 60};
#define WEIGHTS ARRAY_COUNT(weights)

static unsigned weight_of(unsigned instance)
{
    return weights[instance % WEIGHTS];
}

/* Drawing m without replacement by weight, one after the other, from many: the chance of an
 * item is 1 - exp(-w t) with t such that they add up to m (Rosen 1972, in the limit). */
static void expect_inclusion(double m, double out_expected[WEIGHTS])
{
    double low = 0, high = 100, each = (double)LARGE / WEIGHTS;
    for (unsigned i = 0; i < 200; i++) {
        double t = (low + high) / 2, sum = 0;
        for (unsigned k = 0; k < WEIGHTS; k++)
            sum += each * (1 - exp(-(double)weights[k] * t));
        *(sum < m ? &low : &high) = t;
    }
    for (unsigned k = 0; k < WEIGHTS; k++)
        out_expected[k] = each * (1 - exp(-(double)weights[k] * low));
}

/* All records belong to an instance, none twice, weights and ports as registered. */
static void count_srv(const struct answer *a, uint64_t counts[WEIGHTS])
{
    static bool there[LARGE];
    const ldns_rr_list *records = answer_records(a, ANSWER_ANSWER);
    memset(there, 0, sizeof(there));
    for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++) {
        struct seen s = read_srv(ldns_rr_list_rr(records, i));
        REQUIRE(s.instance < LARGE && !there[s.instance]);
        REQUIRE(s.weight == weight_of(s.instance));
        REQUIRE(s.port == 1000 + s.instance);
        there[s.instance] = true;
        counts[s.instance % WEIGHTS]++;
    }
}

static void count_a(const struct answer *a, uint64_t counts[WEIGHTS])
{
    static bool there[LARGE];
    const ldns_rr_list *records = answer_records(a, ANSWER_ANSWER);
    memset(there, 0, sizeof(there));
    for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++) {
        unsigned instance = read_a(ldns_rr_list_rr(records, i));
        REQUIRE(instance < LARGE && !there[instance]);
        there[instance] = true;
        counts[instance % WEIGHTS]++;
    }
}

/* Asks `rounds` times and compares how often each weight is in the sample. */
static void check_sample(const char *what, uint16_t type, bool tcp, unsigned rounds,
                         size_t size_min)
{
    uint64_t counts[WEIGHTS] = {0};
    double expected[WEIGHTS] = {0}, of_round[WEIGHTS];
    for (unsigned i = 0; i < rounds; i++) {
        struct answer a = ask("big.disc.local", type, tcp, 1232);
        REQUIRE(out_size > size_min);
        REQUIRE((a.flags & ANSWER_TC || tcp) && !(a.flags & ANSWER_TC && tcp));
        REQUIRE(!tcp || a.ede >= 0); /* TCP says by an Extended DNS Error that this is not all */
        expect_inclusion(a.counts[ANSWER_ANSWER], of_round);
        for (unsigned k = 0; k < WEIGHTS; k++)
            expected[k] += of_round[k];
        if (type == LDNS_RR_TYPE_SRV)
            count_srv(&a, counts);
        else
            count_a(&a, counts);
        answer_free(&a);
    }
    check_shares(what, counts, expected, WEIGHTS);
}

/* A goodbye is seen at once, whatever the size; a growth may wait, but not for long. */
static void check_changes(void)
{
    server_send(&server, "disc/1 del svc=big inst=i77");
    server_publish(&server);
    uint8_t query[QUESTION_MAX];
    struct question q = {.name = "i77.big.disc.local", .type = 1, .id = 1, .bufsize = 1232};
    size_t n = question_write(&q, query);
    struct dns_request request = {query, n, {{FAMILY_V4, {127, 0, 0, 1}}, 40000}, DNS_UDP, 0, 0};
    struct answer answer;
    n = dns_respond(atomic_load(&server.dns), worker, &request, out, sizeof(out));
    REQUIRE(answer_decode(query, request.size, out, n, 1232, &answer));
    REQUIRE(answer.rcode == 3);
    answer_free(&answer);
    registers("big", 77, weight_of(77));
    for (unsigned waited = 0; waited < 1000; waited += 10) {
        server.now.lease_ms += 10;
        server_publish(&server);
    }
    answer = ask("i77.big.disc.local", LDNS_RR_TYPE_A, false, 1232);
    REQUIRE(answer.counts[ANSWER_ANSWER] == 1);
    answer_free(&answer);
}

static void one_service(void)
{
    begin();
    for (unsigned i = 0; i < LARGE; i++)
        registers("big", i, weight_of(i));
    server_publish(&server);
    struct registry_totals t = registry_totals(server.registry);
    REQUIRE(t.instances == LARGE && t.services == 1);
    check_changes();
    check_sample("SRV over UDP", LDNS_RR_TYPE_SRV, false, 2000, 1100);
    check_sample("A over UDP", LDNS_RR_TYPE_A, false, 1000, 1180);
    check_sample("SRV over TCP", LDNS_RR_TYPE_SRV, true, 20, 60000);
    check_sample("A over TCP", LDNS_RR_TYPE_A, true, 10, 60000);
    for (unsigned i = 0; i < LARGE; i += 500) {
        char name[64];
        snprintf(name, sizeof(name), "i%u.big.disc.internal", i);
        struct answer a = ask(name, LDNS_RR_TYPE_A, false, 1232);
        REQUIRE(a.counts[ANSWER_ANSWER] == 1);
        REQUIRE(read_a(ldns_rr_list_rr(answer_records(&a, ANSWER_ANSWER), 0)) == i);
        answer_free(&a);
    }
    for (unsigned lease = 0; lease < 40; lease++) { /* they go at a bounded pace */
        server_pass(&server, 301000);
        server_publish(&server);
    }
    struct answer a = ask("big.disc.local", LDNS_RR_TYPE_SRV, false, 1232);
    REQUIRE(a.counts[ANSWER_ANSWER] == 0 && registry_totals(server.registry).instances == 0);
    answer_free(&a);
    end();
}

/* ---- many services --------------------------------------------------------------------------- */

/* All ten, each once, as registered. */
static void check_ten(unsigned service, bool tcp)
{
    char name[64];
    bool there[TEN] = {false};
    snprintf(name, sizeof(name), "s%u.disc.local", service);
    struct answer a = ask(name, LDNS_RR_TYPE_SRV, tcp, 1232);
    const ldns_rr_list *records = answer_records(&a, ANSWER_ANSWER);
    REQUIRE(!(a.flags & ANSWER_TC) && a.counts[ANSWER_ANSWER] == TEN);
    for (size_t i = 0; i < TEN; i++) {
        struct seen s = read_srv(ldns_rr_list_rr(records, i));
        REQUIRE(s.instance < TEN && !there[s.instance]);
        REQUIRE(s.weight == service % 100 + s.instance + 1 && s.port == 1000 + s.instance);
        there[s.instance] = true;
    }
    answer_free(&a);
    a = ask(name, LDNS_RR_TYPE_A, tcp, 1232);
    REQUIRE(a.counts[ANSWER_ANSWER] == TEN);
    answer_free(&a);
}

static void many_services(void)
{
    begin();
    for (unsigned s = 0; s < LARGE; s++) {
        char service[16];
        snprintf(service, sizeof(service), "s%u", s);
        for (unsigned i = 0; i < TEN; i++)
            registers(service, i, s % 100 + i + 1);
        if (s % 1000 == 999)
            server_publish(&server);
    }
    REQUIRE(registry_totals(server.registry).instances == LARGE * TEN);
    for (unsigned s = 0; s < LARGE; s++)
        check_ten(s, s % 2);
    REQUIRE(dns_totals(atomic_load(&server.dns)).views == 2 * LARGE);
    server_send(&server, "disc/1 del svc=s500 inst=i3");
    server_publish(&server);
    struct answer a = ask("s500.disc.local", LDNS_RR_TYPE_SRV, false, 1232);
    REQUIRE(a.counts[ANSWER_ANSWER] == TEN - 1);
    answer_free(&a);
    registers("s500", 3, 4);
    server_reload(&server);
    check_ten(500, false);
    check_ten(9999, true);
    end();
}

/* ---- 10/30/60 -------------------------------------------------------------------------- */

static void count_firsts(const char *what, uint16_t type)
{
    enum { QUERIES = 100000 };
    uint64_t counts[3] = {0};
    const double expected[3] = {0.1 * QUERIES, 0.3 * QUERIES, 0.6 * QUERIES};
    for (unsigned i = 0; i < QUERIES; i++) {
        struct answer a = ask("hello.disc.local", type, false, 1232);
        const ldns_rr *first = ldns_rr_list_rr(answer_records(&a, ANSWER_ANSWER), 0);
        REQUIRE(a.counts[ANSWER_ANSWER] == 3);
        unsigned n = type == LDNS_RR_TYPE_A ? read_a(first) : read_srv(first).instance;
        REQUIRE(n < 3);
        counts[n]++;
        answer_free(&a);
    }
    check_shares(what, counts, expected, 3);
}

static void shares(void)
{
    begin();
    registers("hello", 0, 10);
    registers("hello", 1, 30);
    registers("hello", 2, 60);
    server_publish(&server);
    count_firsts("first A of 10/30/60", LDNS_RR_TYPE_A);
    count_firsts("first SRV of 10/30/60", LDNS_RR_TYPE_SRV);
    end();
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {{"one", one_service}, {"many", many_services}, {"shares", shares}};
    bool known = argc < 2;
    for (unsigned i = 0; i < ARRAY_COUNT(parts); i++) {
        if (argc < 2 || strcmp(argv[1], parts[i].name) == 0) {
            parts[i].run();
            known = true;
        }
    }
    if (!known)
        fprintf(stderr, "usage: scale [one|many|shares]\n");
    return known ? 0 : 2;
}

/* The SRV records that DNS gives out, against the states of the instances (I5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rcu.h"
#include "dns/dns.h"
#include "sim/checker.h"
#include "support/answer.h"
#include "support/question.h"

enum { LINE = 160, SERVICE_COMPARED_MAX = 700, DEMOTED = 32768, TYPE_SRV = 33 };

struct answers {
    const struct sim_options *options;
    struct dns *dns;
    struct dns_worker *worker;
    uint64_t published_ms;
    char (*wanted)[LINE], (*seen)[LINE];
    uint8_t bytes[DNS_TCP_LIMIT];
};

static struct dns *dns_for(void)
{
    static const struct hash_key key = {{4, 6, 6, 9}};
    struct dns_config config = {.udp_max_size = DNS_UDP_DEFAULT, .serial = 1, .zone_count = 1};
    struct dns_fault fault;
    config.zones = sim_alloc(sizeof(*config.zones));
    config.zones[0] = (struct dns_zone_config){.name = strdup("disc.local"),
                                               .ns = strdup("default"),
                                               .ttl = 5,
                                               .negative_ttl = 2,
                                               .srv_weight_scale = 1};
    struct dns *dns = dns_new(&config, &key, &fault);
    if (!dns)
        abort();
    return dns;
}

struct answers *answers_new(const struct sim_options *options)
{
    struct answers *a = sim_alloc(sizeof(*a));
    a->options = options;
    a->worker = dns_worker_new(1);
    a->wanted = sim_alloc(SERVICE_COMPARED_MAX * sizeof(*a->wanted));
    a->seen = sim_alloc(SERVICE_COMPARED_MAX * sizeof(*a->seen));
    return a;
}

void answers_reset(struct answers *a)
{
    if (a->dns)
        dns_retire(a->dns);
    a->dns = NULL;
    a->published_ms = 0;
}

void answers_free(struct answers *a)
{
    if (!a)
        return;
    answers_reset(a);
    dns_worker_free(a->worker);
    free(a->wanted);
    free(a->seen);
    free(a);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Of stale ones the priority is demoted while others are live, and nobody's matter else. */
static void write_line(char out[LINE], unsigned priority, unsigned weight, unsigned port,
                       const char *id, bool some_live)
{
    snprintf(out, LINE, "%u %u %u %s", some_live ? priority : priority % DEMOTED, weight, port, id);
}

static bool is_served(const struct instance *i, struct instance_state *state)
{
    struct record record;
    instance_state(i, state);
    instance_read(i, &record);
    return state->status == STATUS_UP && record.port_count;
}

static size_t wanted_of(struct answers *a, const struct service *s, bool *some_live)
{
    size_t count = 0;
    struct instance_state state;
    *some_live = false;
    for (uint32_t n = 0; n < service_count(s); n++)
        *some_live |= is_served(service_instance(s, n), &state) && !state.stale;
    for (uint32_t n = 0; n < service_count(s); n++) {
        const struct instance *i = service_instance(s, n);
        struct record record;
        char id[INSTANCE_ID_MAX + 1];
        if (!is_served(i, &state))
            continue;
        instance_read(i, &record);
        snprintf(id, sizeof(id), "%.*s", TEXT_ARG(record.id));
        write_line(a->wanted[count++], record.priority + (state.stale ? DEMOTED : 0), state.weight,
                   record.ports[0].number, id, *some_live);
    }
    qsort(a->wanted, count, LINE, compare_lines);
    return count;
}

static unsigned number_of(const ldns_rr *rr, size_t field)
{
    return ldns_rdf2native_int16(ldns_rr_rdf(rr, field));
}

static size_t seen_of(struct answers *a, const struct answer *answer, bool some_live)
{
    const ldns_rr_list *records = answer_records(answer, ANSWER_ANSWER);
    size_t count = 0;
    for (size_t i = 0; i < ldns_rr_list_rr_count(records) && count < SERVICE_COMPARED_MAX; i++) {
        const ldns_rr *rr = ldns_rr_list_rr(records, i);
        char *target = ldns_rdf2str(ldns_rr_rdf(rr, 3));
        target[strcspn(target, ".")] = 0;
        write_line(a->seen[count++], number_of(rr, 0), number_of(rr, 1), number_of(rr, 2), target,
                   some_live);
        free(target);
    }
    qsort(a->seen, count, LINE, compare_lines);
    return count;
}

static void compare_service(struct check *c, const struct service *s)
{
    struct answers *a = c->answers;
    char name[SERVICE_MAX + 16];
    uint8_t query[QUESTION_MAX];
    struct answer answer;
    bool some_live;
    snprintf(name, sizeof(name), "%.*s.disc.local", TEXT_ARG(service_name(s)));
    struct question question = {.name = name, .type = TYPE_SRV, .id = 7, .tcp = true};
    size_t size = question_write(&question, query);
    struct dns_request request = {query, size, {{FAMILY_V4, {127, 0, 0, 1}}, 999}, DNS_TCP, 0, 0};
    size_t n = dns_respond(a->dns, a->worker, &request, a->bytes, sizeof(a->bytes));
    if (!answer_decode(query, size, a->bytes, n, DNS_TCP_LIMIT, &answer)) {
        check_fail(c, "I5", "%s SRV: %s", name, answer.fault);
        return;
    }
    size_t wanted = wanted_of(a, s, &some_live), seen = seen_of(a, &answer, some_live);
    bool same = wanted == seen;
    for (size_t i = 0; same && i < wanted; i++)
        same = strcmp(a->wanted[i], a->seen[i]) == 0;
    if (!same)
        check_fail(c, "I5", "%s SRV: %zu records, %zu expected; first \"%s\", expected \"%s\"",
                   name, seen, wanted, seen ? a->seen[0] : "", wanted ? a->wanted[0] : "");
    c->stats.answers_compared++;
    answer_free(&answer);
}

void answers_compare(struct check *c)
{
    struct answers *a = c->answers;
    const struct service *s = NULL;
    if (!a->dns)
        a->dns = dns_for();
    a->published_ms += 100000; /* what would wait for its turn has it now */
    bool left_out = c->options->mutant == SIM_STALE_DNS && a->published_ms % 200000 == 0;
    if (!left_out && dns_publish(a->dns, c->registry, a->published_ms, NULL))
        abort();
    registry_changes_trim(c->registry, dns_published_index(a->dns));
    while ((s = registry_service_next(c->registry, TEXT(""), s)) && !c->failed)
        if (service_count(s) <= SERVICE_COMPARED_MAX)
            compare_service(c, s);
}

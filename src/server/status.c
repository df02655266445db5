/* What /v1/status tells beyond the registry's own totals. */
#include "server/core.h"

#include "server/clock.h"

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *listening(const struct listeners *l)
{
    json_t *list = json_array();
    char text[ENDPOINT_TEXT];
    for (size_t i = 0; i < l->count; i++)
        json_array_append_new(list, json_string(endpoint_format(&l->sets[i].local, text)));
    return list;
}

static uint64_t sum(const struct server *s, size_t offset)
{
    uint64_t total = 0;
    for (size_t i = 0; i < s->worker_count; i++) {
        const char *counters = (const char *)worker_dns_counters(s->workers[i]);
        total += counter_get((const struct counter *)(const void *)(counters + offset));
    }
    return total;
}

#define SUM(s, field) sum(s, offsetof(struct dns_counters, field))
#define SUM_AT(s, field, i)                                                                        \
    sum(s, offsetof(struct dns_counters, field) + (size_t)(i) * sizeof(struct counter))

static json_t *dns_status(const struct server *s)
{
    struct dns_totals t = dns_totals(atomic_load_explicit(&s->dns, memory_order_relaxed));
    json_t *types = json_object(), *drops = json_object(), *rcodes = json_object();
    for (int i = 0; i < DNS_TYPE_COUNTS; i++)
        json_object_set_new(types, dns_type_count_text(i), number(SUM_AT(s, types, i)));
    for (int i = 0; i < DNS_DROPS; i++)
        json_object_set_new(drops, dns_drop_text(i), number(SUM_AT(s, drops, i)));
    for (int i = 0; i < 24; i++) {
        char name[8];
        uint64_t n = SUM_AT(s, rcodes, i);
        snprintf(name, sizeof name, "%d", i);
        if (n)
            json_object_set_new(rcodes, name, number(n));
    }
    return json_pack("{s:o,s:I,s:I,s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "listen",
                     listening(&s->dns_udp), "udp_queries", (json_int_t)SUM_AT(s, queries, DNS_UDP),
                     "tcp_queries", (json_int_t)SUM_AT(s, queries, DNS_TCP), "types", types,
                     "rcodes", rcodes, "drops", drops, "truncated", (json_int_t)SUM(s, truncated),
                     "zones", (json_int_t)t.zones, "names", (json_int_t)t.names, "views",
                     (json_int_t)t.views, "view_bytes", (json_int_t)t.view_bytes, "hidden_services",
                     (json_int_t)t.hidden_services, "serial",
                     (json_int_t)dns_serial(atomic_load_explicit(&s->dns, memory_order_relaxed)),
                     "tcp_connections", (json_int_t)tcp_quota_count(s->tcp_quota));
}

static json_t *registration_status(const struct server *s)
{
    const struct reg_counters *c = reg_counters(s->reg);
    json_t *outcomes = json_object(), *verbs = json_object();
    for (int i = 0; i < REG_OUT_COUNT; i++)
        json_object_set_new(outcomes, reg_outcome_text(i), number(counter_get(&c->outcomes[i])));
    for (int i = 0; i < REG_VERB_COUNT; i++)
        json_object_set_new(verbs, reg_verb_text(i), number(counter_get(&c->verbs[i])));
    return json_pack("{s:o,s:o,s:o,s:I}", "listen", listening(&s->registration), "verbs", verbs,
                     "outcomes", outcomes, "held_back_ms",
                     (json_int_t)control_held_back_ms(s->control));
}

void server_status(void *context, json_t *status)
{
    struct server *s = context;
    json_object_set_new(status, "version", json_string(DISC_VERSION));
    json_object_set_new(status, "uptime_s", number((clock_monotonic_ms() - s->started_ms) / 1000));
    json_object_set_new(status, "starts", number(s->stored.boots));
    json_object_set_new(status, "reloads", number(s->reloads));
    json_object_set_new(status, "workers", number(s->worker_count));
    json_object_set_new(status, "store", json_string("memory"));
    json_object_set_new(status, "dns", dns_status(s));
    json_object_set_new(status, "registration", registration_status(s));
    json_object_set_new(
        status, "http",
        json_pack(
            "{s:o,s:I}", "listen", listening(&s->http), "connections",
            (json_int_t)(s->http_listener ? http_listener_connections(s->http_listener) : 0)));
}

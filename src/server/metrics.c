#include "server/metrics.h"

enum err server_metrics(void *context, unsigned part, bool open_metrics, struct evbuffer *out)
{
    static metrics_part *const parts[] = {
        metrics_process,       metrics_threads,       metrics_registration, metrics_registry,
        metrics_heartbeats,    metrics_guard,         metrics_guard_zones,  metrics_dns_queries,
        metrics_dns_answers,   metrics_dns_published, metrics_dns_zones,    metrics_dns_protection,
        metrics_dns_tcp,       metrics_dns_tasks,     metrics_dns_notify,   metrics_dnstap,
        metrics_store,         metrics_http,          metrics_probes,       metrics_audit,
        metrics_subscriptions,
    };
    struct metrics m = {.out = out, .open_metrics = open_metrics};
    if (part >= ARRAY_COUNT(parts))
        return ERR_NOT_FOUND;
    parts[part](context, &m);
    return m.failed ? ERR_MEMORY : ERR_OK;
}

/* What /v1/status tells beyond the registry's own totals. */
#include "server/core.h"

#include "server/clock.h"
#include "server/status_dns.h"

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *subscription_status(const struct server *s)
{
    const struct reg_counters *c = reg_counters(s->reg);
    return json_pack("{s:I,s:I,s:I,s:I,s:I}", "subscribers", (json_int_t)reg_subscriptions(s->reg),
                     "pushes", (json_int_t)counter_get(&c->pushes), "retransmits",
                     (json_int_t)counter_get(&c->push_retries), "lagging",
                     (json_int_t)counter_get(&c->lagged), "held_up",
                     (json_int_t)counter_get(&push_counters(s->push)->held_up));
}

static json_t *registration_status(const struct server *s)
{
    const struct reg_counters *c = reg_counters(s->reg);
    json_t *outcomes = json_object(), *verbs = json_object();
    for (int i = 0; i < REG_OUT_COUNT; i++)
        json_object_set_new(outcomes, reg_outcome_text(i), number(counter_get(&c->outcomes[i])));
    for (int i = 0; i < REG_VERB_COUNT; i++)
        json_object_set_new(verbs, reg_verb_text(i), number(counter_get(&c->verbs[i])));
    return json_pack("{s:o,s:o,s:o,s:o,s:I}", "listen", status_listening(&s->registration), "verbs",
                     verbs, "outcomes", outcomes, "subscriptions", subscription_status(s),
                     "held_back_ms", (json_int_t)control_held_back_ms(s->control));
}

static json_t *probe_status(const struct server *s)
{
    const struct prober_counters *n = prober_counters(s->prober);
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "started", (json_int_t)n->started, "alive",
                     (json_int_t)n->alive, "refused", (json_int_t)n->refused, "unknown",
                     (json_int_t)n->unknown, "skipped", (json_int_t)n->skipped, "under_way",
                     (json_int_t)prober_under_way(s->prober));
}

static const char *store_state(const struct durable_state *state)
{
    if (state->fault.err)
        return state->fault.err == ERR_READONLY ? "readonly" : "failing";
    return state->readonly ? "readonly" : "ok";
}

static json_t *restored_status(const struct durable_report *r)
{
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:b}", "instances",
                     (json_int_t)r->restored.instances, "records", (json_int_t)r->restored.records,
                     "services", (json_int_t)r->restored.services, "overrides",
                     (json_int_t)r->restored.overrides, "graves", (json_int_t)r->restored.graves,
                     "ms", (json_int_t)r->restored_in_ms, "stale", r->restored_stale);
}

static json_t *commits_status(const struct committer_counters *n)
{
    json_t *buckets = json_array();
    uint64_t commits = counter_get(&n->commits);
    for (unsigned i = 0; i < COMMITTER_BUCKETS; i++) {
        uint64_t us = committer_bucket_us(i);
        json_array_append_new(
            buckets, json_pack("{s:o,s:I}", "us",
                               us == UINT64_MAX ? json_null() : json_integer((json_int_t)us),
                               "commits", (json_int_t)counter_get(&n->latency[i])));
    }
    return json_pack("{s:I,s:I,s:f,s:I,s:I,s:o}", "commits", (json_int_t)commits, "changes",
                     (json_int_t)counter_get(&n->changes), "commit_ms_max",
                     (double)counter_get(&n->latency_max_us) / 1000, "commit_us_mean",
                     (json_int_t)(commits ? counter_get(&n->latency_us) / commits : 0), "failures",
                     (json_int_t)counter_get(&n->failures), "latency", buckets);
}

static json_t *store_status(const struct server *s)
{
    const struct durable_state *state = durable_state(s->durable);
    struct durable_report r = durable_report(s->durable);
    if (!r.counters)
        return json_pack("{s:s,s:s}", "mode", "memory", "state", "ok");
    json_t *status = commits_status(r.counters);
    json_object_set_new(status, "mode", json_string("disk"));
    json_object_set_new(status, "state", json_string(store_state(state)));
    json_object_set_new(status, "error",
                        state->fault.err ? json_string(state->fault.text) : json_null());
    json_object_set_new(status, "path", json_string(r.dir));
    json_object_set_new(status, "committed", number(state->committed));
    json_object_set_new(status, "queued", number(state->waiting));
    json_object_set_new(status, "held_replies", number(control_held_replies(s->control)));
    json_object_set_new(status, "last_error_age_s",
                        r.last_error_ms == UINT64_MAX ? json_null()
                                                      : number(r.last_error_ms / 1000));
    json_object_set_new(status, "entries", number(r.entries));
    json_object_set_new(status, "file_bytes", number(r.file_bytes));
    json_object_set_new(status, "damaged", number(r.restored.damaged));
    json_object_set_new(status, "restored", restored_status(&r));
    return status;
}

void server_status(void *context, json_t *status)
{
    struct server *s = context;
    if (durable_state(s->durable)->readonly)
        json_object_set_new(status, "status", json_string("degraded"));
    json_object_set_new(status, "version", json_string(DISC_VERSION));
    json_object_set_new(status, "uptime_s", number((clock_monotonic_ms() - s->started_ms) / 1000));
    json_object_set_new(status, "starts", number(durable_boots(s->durable)));
    json_object_set_new(status, "reloads", number(s->reloads));
    json_object_set_new(status, "workers", number(s->worker_count));
    json_object_set_new(status, "store", store_status(s));
    json_object_set_new(status, "dns", status_dns(s));
    json_object_set_new(status, "registration", registration_status(s));
    json_object_set_new(status, "probe", probe_status(s));
    json_object_set_new(status, "audit", audit_status(s->audit));
    json_object_set_new(
        status, "http",
        json_pack("{s:o,s:I,s:I}", "listen", status_listening(&s->http), "connections",
                  (json_int_t)(s->http_listener ? http_listener_connections(s->http_listener) : 0),
                  "watchers", (json_int_t)http_watchers(s->http_api)));
}

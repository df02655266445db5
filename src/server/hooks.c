/* What the registry, the HTTP API and the control thread's turn ask of the rest. */
#include "server/core.h"

#include <sys/socket.h>

#include "base/log.h"
#include "server/clock.h"

struct dns *server_dns(const struct server *s)
{
    return atomic_load_explicit(&s->dns, memory_order_relaxed);
}

/* ---- the registry ------------------------------------------------------------------------ */

static bool name_taken(void *context, struct text ns, struct text service, struct text id)
{
    return dns_name_taken(server_dns(context), ns, service, id);
}

static bool namespace_known(void *context, struct text ns)
{
    return dns_serves_namespace(server_dns(context), ns);
}

static bool service_permanent(void *context, struct text ns, struct text service)
{
    const struct server *s = context;
    return config_is_permanent(s->config, ns, service);
}

static struct service_policy service_policy(void *context, struct text ns, struct text service)
{
    const struct server *s = context;
    return config_service_policy(s->config, ns, service);
}

void server_registry_hooks(struct server *s, struct registry_config *config)
{
    config->name_taken = name_taken;
    config->namespace_known = namespace_known;
    config->service_permanent = service_permanent;
    config->service_policy = service_policy;
    config->context = s;
}

/* ---- HTTP ---------------------------------------------------------------------------------- */

static json_t *explain(void *context, const char *name, const char *type, const struct addr *client)
{
    struct server *s = context;
    return dns_explain(server_dns(s), s->explainer, name, type, client);
}

static json_t *records(void *context, uint64_t after, size_t limit)
{
    struct server *s = context;
    return dns_records_list(s->records, after, limit, control_now(s->control));
}

static struct moment now(void *context)
{
    struct server *s = context;
    return control_now(s->control);
}

static void changed(void *context)
{
    struct server *s = context;
    control_changed(s->control);
}

static uint64_t stopwatch(void *context UNUSED)
{
    return clock_monotonic_us();
}

static void begin(void *context)
{
    struct server *s = context;
    durable_begin(s->durable);
}

/* STORE_NEVER and HTTP_NEVER are one. */
static uint64_t wait_for(void *context)
{
    struct server *s = context;
    uint64_t change = durable_wait(s->durable);
    return change && durable_state(s->durable)->fault.err ? HTTP_NEVER : change;
}

static ssize_t send_now(int fd, struct iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

struct http_backend server_http_backend(struct server *s)
{
    return (struct http_backend){
        .registry = s->registry,
        .base = s->base,
        .now = now,
        .stopwatch_us = stopwatch,
        .begin = begin,
        .wait = wait_for,
        .changed = changed,
        .durability = durable_on_disk(s->durable) ? "disk" : "mem",
        .admit = server_http_admit,
        .is_protected = server_http_is_protected,
        .local_addr = server_http_local_addr,
        .namespaces = server_http_namespaces,
        .audit = server_on_http_deed,
        .status = server_status,
        .metrics = server_metrics,
        .explain = explain,
        .records = records,
        .send = send_now,
        .key = s->key,
        .context = s,
    };
}

/* ---- what the control thread's turn tells ---------------------------------------------------- */

void server_on_published(void *context, struct moment now)
{
    struct server *s = context;
    reg_published(s->reg, now);
    if (s->push)
        push_wake(s->push, now);
    if (s->http_api)
        http_published(s->http_api, now);
}

void server_on_committed(void *context, uint64_t committed, bool failing)
{
    struct server *s = context;
    if (s->http_api)
        http_committed(s->http_api, committed, failing);
}

/* ---- probes --------------------------------------------------------------------------------- */

void server_on_event(void *context, const struct registry_event *event)
{
    struct server *s = context;
    audit_event(s->audit, event, control_now(s->control));
    if (event->kind == REGISTRY_LATE)
        prober_look_at(s->prober, event->instance);
}

void server_on_probed(void *context, struct instance_key key, bool alive)
{
    struct server *s = context;
    struct moment time = control_now(s->control);
    log_limited(&s->probe_limit, time.lease_ms, alive ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
                "probe: %.*s/%.*s/%.*s %s", TEXT_ARG(key.ns), TEXT_ARG(key.service),
                TEXT_ARG(key.id), alive ? "takes connections" : "refuses connections: evicted");
    if (registry_probed(s->registry, key, alive, time))
        return;
    if (!alive)
        audit_probed(s->audit, key, time);
    control_changed(s->control);
}

struct prober_config server_prober_config(const struct config *config)
{
    return (struct prober_config){
        .networks = config->probe_networks,
        .network_count = config->probe_network_count,
        .timeout_ms = config->probe_timeout_ms,
        .max = config->probe_max,
    };
}

/* SIGHUP: the whole new state is built aside, then everything is switched. */
#include "server/core.h"

#include <string.h>

#include "base/log.h"
#include "server/clock.h"
#include "server/sd_notify.h"
#include "server/server.h"

static bool same_list(const struct endpoint_list *a, const struct endpoint_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].port != b->items[i].port || !addr_is(&a->items[i].addr, &b->items[i].addr))
            return false;
    return true;
}

static bool same_dnstap(const struct config_dnstap *a, const struct config_dnstap *b)
{
    return strcmp(a->socket, b->socket) == 0 && strcmp(a->file, b->file) == 0 &&
           a->queries == b->queries && a->responses == b->responses;
}

/* What is bound or running stays as it is until the next start. */
static void warn_of_fixed(const struct config *old, const struct config *new)
{
    if (!same_list(&old->dns_listen, &new->dns_listen) ||
        !same_list(&old->registration_listen, &new->registration_listen) ||
        !same_list(&old->http_listen, &new->http_listen))
        log_warn("reload: listen addresses changed; restart discd to use them");
    if (old->dns_workers != new->dns_workers)
        log_warn("reload: dns.workers changed; restart discd to use it");
    if (!same_dnstap(&old->dnstap, &new->dnstap))
        log_warn("reload: dns.dnstap changed; restart discd to use it");
    if (strcmp(old->data_dir, new->data_dir) || strcmp(old->user, new->user))
        log_warn("reload: data_dir or user changed; restart discd to use them");
}

/* The new configuration is in `s` already. */
static void switch_to(struct server *s, struct config *old_config, struct dns *dns)
{
    struct config *config = s->config;
    struct dns *old = server_dns(s);
    atomic_store_explicit(&s->dns, dns, memory_order_release);
    dns_retire(old);
    reg_configure(s->reg, &config->registration);
    http_configure(s->http_api, &config->http);
    if (s->http_listener)
        http_listener_configure(s->http_listener, config->http_connections_max,
                                config->http_connections_per_ip);
    struct prober_config probes = server_prober_config(config);
    if (prober_configure(s->prober, &probes))
        log_error("reload: out of memory; probes go on as they were configured before");
    if (notify_out_configure(s->notify, dns, dns_totals(dns).zones))
        log_error("reload: out of memory; secondaries are not told of changes");
    tcp_quota_configure(s->tcp_quota, config->tcp_connections_max, config->tcp_connections_per_ip);
    log_set_level(config->log_level);
    warn_of_fixed(old_config, config);
    config_free(old_config);
    s->reloads++;
}

/* Everything that can fail, before anything changes. */
static enum err prepare(struct server *s, struct config **config, struct dns **dns)
{
    struct config_fault fault = {0};
    enum err err = config_load(s->config->path, config, &fault);
    if (err) {
        log_error("reload: the old configuration stays in force; the new one has a fault:");
        config_fault_print(&fault, stderr);
        return err;
    }
    server_find_local_addresses(*config);
    (*config)->dns.serial = dns_serial(server_dns(s));
    *dns = server_load_zones(*config, &s->key, &fault);
    if (!*dns) {
        log_error("reload: the old configuration stays in force; a zone file has a fault:");
        config_fault_print(&fault, stderr);
        return ERR_SYNTAX;
    }
    dns_use_records(*dns, s->records);
    dns_follow(*dns, server_dns(s), s->registry);
    return control_publish_into(s->control, *dns);
}

void server_reload(struct server *s)
{
    struct config *config = NULL, *old = s->config;
    struct dns *dns = NULL;
    sd_notify_reloading(clock_monotonic_us());
    enum err err = prepare(s, &config, &dns);
    if (!err) {
        server_registry_hooks(s, &config->registry);
        s->config = config; /* which the registry's hooks look into */
        err = registry_configure(s->registry, &config->registry);
    }
    if (!err) {
        switch_to(s, old, dns);
        control_changed(s->control);
        log_info("reloaded %s", s->config->path ? s->config->path : "the defaults");
    } else {
        s->config = old;
        if (err == ERR_MEMORY)
            log_error("reload: out of memory; the old configuration stays in force");
        dns_free(dns);
        config_free(config);
    }
    sd_notify("READY=1");
}

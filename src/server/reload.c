/* SIGHUP: the whole new state is built aside, then everything is switched. */
#include "server/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/clock.h"
#include "server/sd_notify.h"
#include "server/server.h"

/* ---- what a reload does not change --------------------------------------------------------- */

static void put_list(FILE *out, const char *what, const struct endpoint_list *list)
{
    char text[ENDPOINT_TEXT];
    fprintf(out, "%s:", what);
    for (size_t i = 0; i < list->count; i++)
        fprintf(out, " %s", endpoint_format(&list->items[i], text));
}

static void put_listen(FILE *out, const struct config *c)
{
    put_list(out, "dns", &c->dns_listen);
    put_list(out, " registration", &c->registration_listen);
    put_list(out, " http", &c->http_listen);
}

static void put_tls(FILE *out, const struct config *c)
{
    fprintf(out, "%d", c->http_tls != NULL);
}

static void put_workers(FILE *out, const struct config *c)
{
    fprintf(out, "%u", c->dns_workers);
}

static void put_dnstap(FILE *out, const struct config *c)
{
    fprintf(out, "%s %s %d %d", c->dnstap.socket, c->dnstap.file, c->dnstap.queries,
            c->dnstap.responses);
}

static void put_data(FILE *out, const struct config *c)
{
    fprintf(out, "%s %s", c->data_dir, c->user);
}

static const struct {
    void (*put)(FILE *out, const struct config *c);
    const char *what;
} fixed[SERVER_FIXED] = {
    {put_listen, "listen addresses changed; restart discd to use them"},
    {put_tls, "http.tls was not there before, or is no more; restart discd to use that"},
    {put_workers, "dns.workers changed; restart discd to use it"},
    {put_dnstap, "dns.dnstap changed; restart discd to use it"},
    {put_data, "data_dir or user changed; restart discd to use them"},
};

/* NULL when memory lacks. */
static char *text_of_fixed(size_t n, const struct config *c)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fixed[n].put(out, c);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

void server_note_fixed(struct server *s)
{
    for (size_t n = 0; n < SERVER_FIXED; n++)
        s->fixed[n] = text_of_fixed(n, s->config);
}

static void warn_of_fixed(const struct server *s)
{
    for (size_t n = 0; n < SERVER_FIXED; n++) {
        char *text = text_of_fixed(n, s->config);
        if (text && s->fixed[n] && strcmp(text, s->fixed[n]))
            log_warn("reload: %s", fixed[n].what);
        free(text);
    }
}

/* ---- what it does ---------------------------------------------------------------------------- */

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
    if (s->http_listener && config->http_tls)
        http_listener_set_tls(s->http_listener, config->http_tls);
    struct prober_config probes = server_prober_config(config);
    if (prober_configure(s->prober, &probes))
        log_error("reload: out of memory; probes go on as they were configured before");
    if (notify_out_configure(s->notify, dns, dns_totals(dns).zones))
        log_error("reload: out of memory; secondaries are not told of changes");
    tcp_quota_configure(s->tcp_quota, config->tcp_connections_max, config->tcp_connections_per_ip);
    log_set_level(config->log_level);
    audit_configure(s->audit, config->audit);
    warn_of_fixed(s);
    config_warn_of_tls(config, clock_wall_ms());
    config_free(old_config);
    s->reloads++;
}

/* Everything that can fail, before anything changes. */
static enum err prepare(struct server *s, struct config **config, struct dns **dns,
                        struct key_sets *keys)
{
    struct config_fault fault = {0};
    enum err err = config_load(s->config->path, config, &fault);
    if (err) {
        log_error("reload: the old configuration stays in force; the new one has a fault:");
        config_fault_print(&fault, stderr);
        return err;
    }
    if (key_sets_of(*config, &s->key, keys))
        return ERR_MEMORY;
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
    struct key_sets keys = {0};
    sd_notify_reloading(clock_monotonic_us());
    audit_reopen(s->audit);
    enum err err = prepare(s, &config, &dns, &keys);
    if (!err) {
        server_registry_hooks(s, &config->registry);
        s->config = config; /* which the registry's hooks look into */
        err = registry_configure(s->registry, &config->registry);
    }
    if (!err) {
        switch_to(s, old, dns);
        server_note_keys(s, &keys);
        dns_records_drop_lost(dns);
        control_changed(s->control);
        log_info("reloaded %s", s->config->path ? s->config->path : "the defaults");
    } else {
        s->config = old;
        if (err == ERR_MEMORY)
            log_error("reload: out of memory; the old configuration stays in force");
        dns_free(dns);
        config_free(config);
    }
    key_sets_deinit(&keys);
    sd_notify("READY=1");
}

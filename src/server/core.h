/* The running server as its own files see it (server.c starts and stops it, reload.c
 * renews its configuration, status.c reports on it). Private to server/. */
#ifndef DISC_SERVER_CORE_H
#define DISC_SERVER_CORE_H

#include <event2/event.h>
#include <jansson.h>
#include <stdatomic.h>

#include "base/hash.h"
#include "base/log.h"
#include "dns/dns.h"
#include "http/http.h"
#include "reg/reg.h"
#include "registry/registry.h"
#include "server/audit.h"
#include "server/audit_keys.h"
#include "server/config.h"
#include "server/control.h"
#include "server/dnstap.h"
#include "server/durable.h"
#include "server/http_listener.h"
#include "server/notify_out.h"
#include "server/probe.h"
#include "server/push.h"
#include "server/sockets.h"
#include "server/tasks.h"
#include "server/worker.h"

enum { SERVER_FIXED = 5 }; /* reload.c knows which */

struct server {
    struct config *config;
    struct hash_key key; /* of all tables; new at each start */
    struct audit *audit;
    struct key_sets key_sets; /* in force */
    struct listeners dns_udp, dns_tcp, registration, http;
    struct durable *durable;
    struct event_base *base;
    struct event *signals[3];
    struct event *watchdog;
    _Atomic(struct dns *) dns;
    struct registry *registry;
    struct dns_records *records; /* outlive reloads, like the registry */
    struct reg *reg;
    struct http *http_api;
    struct http_listener *http_listener;
    struct control *control;
    struct push *push; /* to subscribers */
    struct notify_out *notify;
    struct prober *prober;
    struct dns_worker *explainer; /* the control thread's own */
    struct tcp_quota *tcp_quota;
    struct dns_shared *dns_shared; /* of the workers; outlives reloads */
    struct tasks *tasks;
    struct dnstap *dnstap; /* NULL = none */
    struct worker **workers;
    size_t worker_count;
    uint64_t started_ms; /* monotonic */
    uint64_t started_wall_ms;
    uint64_t reloads;
    struct log_limit probe_limit;
    char *fixed[SERVER_FIXED]; /* of the configuration, as text: in force until the next start */
};

/* SIGHUP. A new configuration that cannot be used changes nothing. */
void server_reload(struct server *s);

/* At the start: what of the configuration a reload cannot change. */
void server_note_fixed(struct server *s);

/* The zones and views in force, for the control thread. */
struct dns *server_dns(const struct server *s);

/* Hooks into the rest; their `context` is the server (hooks.c, status.c). */
void server_registry_hooks(struct server *s, struct registry_config *config);
struct http_backend server_http_backend(struct server *s);
enum http_admission server_http_admit(void *context, const struct addr *from, struct text ns,
                                      struct text service, struct http_registrant *out);
bool server_http_is_protected(void *context, struct text ns, struct text service);
struct addr server_http_local_addr(void *context, enum family family);
json_t *server_http_namespaces(void *context);
void server_status(void *context, json_t *status);
enum err server_metrics(void *context, unsigned part, bool open_metrics, struct evbuffer *out);
void server_on_event(void *context, const struct registry_event *event);
void server_on_published(void *context, struct moment now);
void server_on_committed(void *context, uint64_t committed, bool failing);
void server_on_probed(void *context, struct instance_key key, bool alive);
/* For the audit log (audit_hooks.c); the context is the server. */
void server_on_deed(void *context, const struct registry_deed *deed);
void server_on_denied(void *context, const struct principal *who, struct text ns,
                      struct text service);
void server_on_http_deed(void *context, const struct http_deed *deed);
/* What a reload did to the keys, whose new ones are taken over. */
void server_note_keys(struct server *s, struct key_sets *fresh);
struct prober_config server_prober_config(const struct config *config); /* borrows */

#endif

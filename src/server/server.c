#include "server/server.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rcu.h"
#include "base/timeval.h"
#include "server/clock.h"
#include "server/core.h"
#include "server/descriptors.h"
#include "server/durable_records.h"
#include "server/loop.h"
#include "server/privileges.h"
#include "server/reserve.h"
#include "server/sd_notify.h"

#define FLUSH_MS 1000        /* for the last replies over HTTP */
#define OUTPUT_MAX (1 << 20) /* bytes of answers that one TCP connection may leave untaken */

struct dns *server_load_zones(struct config *config, const struct hash_key *key,
                              struct config_fault *fault)
{
    struct dns_fault zone_fault = {{0}, 0, 0, {0}};
    struct dns *dns = dns_new(&config->dns, key, &zone_fault);
    if (!dns) {
        memcpy(fault->file, zone_fault.file, sizeof fault->file);
        memcpy(fault->text, zone_fault.text, sizeof zone_fault.text);
        fault->line = zone_fault.line;
        fault->column = zone_fault.column;
    }
    return dns;
}

void server_find_local_addresses(struct config *config)
{
    if (!config->advertise_local_auto)
        return;
    config->registration.local_v4 = outward_address(FAMILY_V4);
    config->registration.local_v6 = outward_address(FAMILY_V6);
}

/* ---- starting --------------------------------------------------------------------------- */

static unsigned worker_count(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return config->dns_workers ? config->dns_workers : cores > 0 ? (unsigned)cores : 1;
}

static enum err bind_all(struct server *s)
{
    const struct config *c = s->config;
    s->worker_count = worker_count(c); /* sockets of each address */
    enum err err = listeners_open_both("dns", c->dns_listen.items, c->dns_listen.count,
                                       s->worker_count, &s->dns_udp, &s->dns_tcp);
    if (!err)
        err = listeners_open("registration", SOCKET_UDP_STAMPED, c->registration_listen.items,
                             c->registration_listen.count, 1, &s->registration);
    if (!err)
        err = listeners_open("http", SOCKET_TCP, c->http_listen.items, c->http_listen.count, 1,
                             &s->http);
    return err;
}

/* Whom to become: nobody else (uid -1) unless started as root with a user configured. */
static enum err choose_account(const struct server *s, struct account *account)
{
    const char *user = s->config->user;
    *account = (struct account){(uid_t)-1, (gid_t)-1, NULL};
    if (geteuid() != 0)
        return ERR_OK;
    if (!user[0]) {
        log_warn("running as root: set `user:` in the configuration to give that up");
        return ERR_OK;
    }
    if (account_find(user, account)) {
        log_error("user '%s' does not exist on this machine: create it, or set `user: \"\"`", user);
        return ERR_SYSTEM;
    }
    return ERR_OK;
}

/* Made before root is given up, for the user to be. */
static enum err make_audit(struct server *s, const struct account *account)
{
    struct audit_options options = {
        .target = s->config->audit,
        .uid = account->uid,
        .gid = account->gid,
        .stamps = log_has_clock(),
    };
    enum err err = audit_new(&options, &s->audit);
    return err ? err : key_sets_of(s->config, &s->key, &s->key_sets);
}

static enum err make_registry(struct server *s)
{
    struct reg_identity identity = {.durability = durable_on_disk(s->durable) ? "disk" : "mem"};
    randombytes_buf(identity.cookie_secret, sizeof identity.cookie_secret);
    randombytes_buf(&identity.seed, sizeof identity.seed);
    identity.epoch = durable_boots(s->durable) ^ randombytes_random();
    server_registry_hooks(s, &s->config->registry);
    s->config->registry.first_index = durable_first_index(s->durable);
    s->registry = registry_new(&s->config->registry, &s->key);
    s->records = dns_records_new(&s->key);
    if (!s->registry || !s->records)
        return ERR_MEMORY;
    registry_set_observer(s->registry, server_on_deed, s);
    dns_use_records(server_dns(s), s->records);
    s->reg = reg_new(&s->config->registration, &identity, s->registry);
    sodium_memzero(&identity, sizeof identity);
    if (!s->reg)
        return ERR_MEMORY;
    reg_set_denied(s->reg, server_on_denied, s);
    return ERR_OK;
}

/* What the workers have in common, and what they share with the control thread. */
static enum err make_shared(struct server *s)
{
    uint8_t seed[32];
    randombytes_buf(seed, sizeof seed);
    s->dns_shared = dns_shared_new(seed);
    sodium_memzero(seed, sizeof seed);
    s->tasks = tasks_new(&(struct tasks_options){
        .workers = (unsigned)s->worker_count,
        .under_way_max = TASKS_UNDER_WAY_MAX,
        .transfers_max = TASKS_TRANSFERS_MAX,
        .free_task = dns_task_free,
    });
    const struct config_dnstap *tap = &s->config->dnstap;
    if (!s->dns_shared || !s->tasks)
        return ERR_MEMORY;
    return tap->socket[0] || tap->file[0] ? dnstap_start(tap, (unsigned)s->worker_count, &s->dnstap)
                                          : ERR_OK;
}

static struct moment push_now(void *context)
{
    struct server *s = context;
    return control_now(s->control);
}

static enum err make_control(struct server *s)
{
    s->notify = notify_out_new(s->base, &notify_times_default);
    struct control_options options = {
        .base = s->base,
        .registry = s->registry,
        .records = s->records,
        .reg = s->reg,
        .dns = &s->dns,
        .durable = s->durable,
        .tasks = s->tasks,
        .notify = s->notify,
        .registration = &s->registration,
        .event = server_on_event,
        .published = server_on_published,
        .committed = server_on_committed,
        .context = s,
    };
    struct prober_config probes = server_prober_config(s->config);
    s->prober = prober_new(s->base, &probes, server_on_probed, s);
    s->explainer = dns_worker_new(randombytes_random());
    s->control = s->notify ? control_new(&options) : NULL;
    struct push_options pushes = {
        .base = s->base,
        .reg = s->reg,
        .sockets = &s->registration,
        .now = push_now,
        .context = s,
    };
    s->push = push_new(&pushes);
    return s->prober && s->explainer && s->control && s->push ? ERR_OK : ERR_MEMORY;
}

/* What was stored is in DNS before anything is answered. */
static enum err restore(struct server *s)
{
    enum err err = durable_restore(s->durable, s->registry, control_now(s->control));
    if (!err)
        err = durable_restore_records(s->durable, s->records, control_now(s->control));
    dns_records_start(s->records, control_now(s->control));
    if (!err)
        durable_say_restored(s->durable, registry_totals(s->registry).services);
    if (!err && registry_totals(s->registry).instances)
        reg_expect_return(s->reg, control_now(s->control).lease_ms +
                                      (uint64_t)s->config->registry.lease_max_s * 1000);
    if (!err)
        err = control_start(s->control);
    if (!err) {
        dns_records_drop_lost(server_dns(s));
        control_changed(s->control);
    }
    if (!err)
        err = notify_out_configure(s->notify, server_dns(s), dns_totals(server_dns(s)).zones);
    uint64_t hidden = dns_totals(server_dns(s)).hidden_services;
    if (!err && hidden)
        log_warn("%llu stored service%s hidden by names of the zone files",
                 (unsigned long long)hidden, hidden == 1 ? " is" : "s are");
    return err;
}

/* The n-th socket of every address. */
static size_t nth_fds(const struct listeners *l, size_t n, int *fds)
{
    for (size_t i = 0; i < l->count; i++)
        fds[i] = l->sets[i].fds[n];
    return l->count;
}

static enum err start_workers(struct server *s)
{
    const struct config *c = s->config;
    int *udp = calloc(s->dns_udp.count + 1, sizeof *udp);
    int *tcp = calloc(s->dns_tcp.count + 1, sizeof *tcp);
    size_t wanted = s->worker_count;
    s->worker_count = 0;
    s->workers = calloc(wanted, sizeof(struct worker *));
    s->tcp_quota = tcp_quota_new(c->tcp_connections_max, c->tcp_connections_per_ip, &s->key);
    bool good = udp && tcp && s->workers && s->tcp_quota;
    while (good && s->worker_count < wanted) {
        struct worker_options options = {
            .dns = &s->dns,
            .udp_fds = udp,
            .tcp_fds = tcp,
            .udp_count = nth_fds(&s->dns_udp, s->worker_count, udp),
            .tcp_count = nth_fds(&s->dns_tcp, s->worker_count, tcp),
            .tcp = {c->tcp_idle_ms, c->tcp_message_ms, c->tcp_pipeline_max, OUTPUT_MAX},
            .quota = s->tcp_quota,
            .shared = s->dns_shared,
            .tasks = s->tasks,
            .tap = dnstap_tap(s->dnstap, (unsigned)s->worker_count),
            .number = (unsigned)s->worker_count,
        };
        randombytes_buf(&options.seed, sizeof options.seed);
        s->workers[s->worker_count] = worker_start(&options);
        good = s->workers[s->worker_count] != NULL;
        s->worker_count += good;
    }
    free(udp);
    free(tcp);
    return good ? ERR_OK : ERR_MEMORY;
}

/* TLS is spoken beyond loopback, when there is a certificate. */
static size_t http_fds(const struct server *s, bool secure, int *fds)
{
    size_t count = 0;
    for (size_t i = 0; i < s->http.count; i++) {
        bool exposed = !addr_is_loopback(&s->http.sets[i].local.addr);
        if (secure == (exposed && s->config->http_tls != NULL))
            fds[count++] = s->http.sets[i].fds[0];
    }
    return count;
}

static enum err open_http(struct server *s, int *fds)
{
    const struct config *c = s->config;
    s->http_listener = http_listener_new(s->base, s->http_api, fds, http_fds(s, false, fds),
                                         c->http_connections_max, c->http_connections_per_ip);
    if (!s->http_listener)
        return ERR_MEMORY;
    config_warn_of_tls(c, clock_wall_ms());
    size_t secure = http_fds(s, true, fds);
    return secure ? http_listener_add_secure(s->http_listener, fds, secure, c->http_tls) : ERR_OK;
}

static enum err start_http(struct server *s)
{
    struct http_backend backend = server_http_backend(s);
    s->http_api = http_new(&s->config->http, &backend);
    if (!s->http_api || !s->http.count)
        return s->http_api ? ERR_OK : ERR_MEMORY;
    int *fds = calloc(s->http.count, sizeof *fds);
    enum err err = fds ? open_http(s, fds) : ERR_MEMORY;
    free(fds);
    return err;
}

/* ---- signals ----------------------------------------------------------------------------- */

static void on_stop(evutil_socket_t signal UNUSED, short what UNUSED, void *context)
{
    struct server *s = context;
    sd_notify("STOPPING=1");
    event_base_loopbreak(s->base);
}

static void on_hangup(evutil_socket_t signal UNUSED, short what UNUSED, void *context)
{
    server_reload(context);
}

static void on_watchdog(evutil_socket_t fd UNUSED, short what UNUSED, void *context UNUSED)
{
    sd_notify("WATCHDOG=1");
}

static enum err watch_signals(struct server *s)
{
    uint64_t watchdog_ms = sd_notify_watchdog_ms();
    s->signals[0] = evsignal_new(s->base, SIGTERM, on_stop, s);
    s->signals[1] = evsignal_new(s->base, SIGINT, on_stop, s);
    s->signals[2] = evsignal_new(s->base, SIGHUP, on_hangup, s);
    for (size_t i = 0; i < ARRAY_COUNT(s->signals); i++) {
        if (!s->signals[i])
            return ERR_MEMORY;
        loop_set_urgent(s->signals[i], true);
        if (event_add(s->signals[i], NULL))
            return ERR_MEMORY;
    }
    if (watchdog_ms) {
        struct timeval every = timeval_of(watchdog_ms);
        s->watchdog = event_new(s->base, -1, EV_PERSIST, on_watchdog, s);
        if (!s->watchdog || event_add(s->watchdog, &every))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void say_ready(const struct server *s)
{
    char dns[512], registration[512], http[512];
    printf("ready dns=%s registration=%s http=%s\n", listeners_format(&s->dns_udp, dns, sizeof dns),
           listeners_format(&s->registration, registration, sizeof registration),
           listeners_format(&s->http, http, sizeof http));
    fflush(stdout);
    sd_notify("READY=1");
}

static enum err start_serving(struct server *s)
{
    s->base = loop_new();
    enum err err = s->base ? watch_signals(s) : ERR_MEMORY;
    if (!err)
        err = make_registry(s);
    if (!err)
        err = make_shared(s);
    if (!err)
        err = make_control(s);
    if (!err)
        err = restore(s);
    if (!err)
        err = start_workers(s);
    if (!err)
        err = start_http(s);
    if (err && err != ERR_SYSTEM) /* of that more was said where it happened */
        log_error("cannot start: %s", err_text(err));
    return err;
}

/* No request is taken any more; what was taken is stored, and answered. */
static void stop_requests(struct server *s)
{
    if (s->signals[2])
        event_del(s->signals[2]); /* no reload */
    if (s->http_listener)
        http_listener_stop(s->http_listener);
    if (s->http_api)
        http_stop(s->http_api);
    prober_free(s->prober);
    control_stop(s->control);
    if (s->http_listener)
        http_listener_flush(s->http_listener, FLUSH_MS);
    http_listener_free(s->http_listener);
    http_free(s->http_api);
}

static void stop(struct server *s)
{
    stop_requests(s);
    push_free(s->push);
    control_free(s->control);
    notify_out_free(s->notify);
    for (size_t i = 0; i < s->worker_count && s->workers; i++)
        worker_stop(s->workers[i]);
    free(s->workers);
    dnstap_stop(s->dnstap);
    tasks_free(s->tasks);
    dns_shared_free(s->dns_shared);
    tcp_quota_free(s->tcp_quota);
    dns_worker_free(s->explainer);
    reg_free(s->reg);
    registry_free(s->registry);
    durable_close(s->durable);
    audit_free(s->audit);
    key_sets_deinit(&s->key_sets);
    dns_free(atomic_load_explicit(&s->dns, memory_order_relaxed));
    rcu_drain();
    dns_records_free(s->records);
    for (size_t i = 0; i < ARRAY_COUNT(s->signals); i++)
        if (s->signals[i])
            event_free(s->signals[i]);
    if (s->watchdog)
        event_free(s->watchdog);
    if (s->base)
        event_base_free(s->base);
    listeners_close(&s->dns_udp);
    listeners_close(&s->dns_tcp);
    listeners_close(&s->registration);
    listeners_close(&s->http);
    config_free(s->config);
    for (size_t i = 0; i < SERVER_FIXED; i++)
        free(s->fixed[i]);
    libevent_global_shutdown();
}

static int serve(struct server *s)
{
    struct config_fault fault = {0};
    struct account account;
    if (choose_account(s, &account) || make_audit(s, &account) ||
        durable_open(s->config->data_dir, account.uid, account.gid, &s->durable))
        return EXIT_OSERR_RESOURCE;
    server_note_fixed(s);
    s->config->dns.serial = durable_first_serial(s->durable);
    server_find_local_addresses(s->config);
    struct dns *dns = server_load_zones(s->config, &s->key, &fault);
    if (!dns) {
        config_fault_print(&fault, stderr);
        return EXIT_BAD_CONFIG;
    }
    atomic_store_explicit(&s->dns, dns, memory_order_release);
    if (bind_all(s) || (account.name && privileges_drop(&account)) || start_serving(s))
        return EXIT_OSERR_RESOURCE;
    if (!s->config->data_dir[0])
        log_info("data_dir is empty: memory only: nothing is stored");
    say_ready(s);
    event_base_dispatch(s->base);
    log_info("stopping");
    return 0;
}

int server_run(struct config *config)
{
    struct server s = {
        .config = config, .started_ms = clock_monotonic_ms(), .started_wall_ms = clock_wall_ms()};
    reserve_install();
    rcu_start();
    log_set_level(config->log_level);
    if (sodium_init() < 0) {
        log_error("cannot start: no source of random numbers");
        config_free(config);
        return EXIT_OSERR_RESOURCE;
    }
    descriptors_raise((uint64_t)config->http_connections_max + config->tcp_connections_max);
    /* Both are errors of the write. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    privileges_hide_memory();
    randombytes_buf(s.key.bytes, sizeof s.key.bytes);
    int status = serve(&s);
    stop(&s);
    return status;
}

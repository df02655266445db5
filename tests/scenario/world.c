#include "scenario/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rcu.h"

enum { TURN_MS = 500, EXPIRE_BUDGET = 2000 };

/* ---- hooks, as the server gives them --------------------------------------------------- */

static bool name_taken(void *context, struct text ns, struct text service, struct text id)
{
    struct world *w = context;
    return dns_name_taken(w->dns, ns, service, id);
}

static bool namespace_known(void *context, struct text ns)
{
    struct world *w = context;
    return dns_serves_namespace(w->dns, ns);
}

static bool service_permanent(void *context, struct text ns, struct text service)
{
    struct world *w = context;
    char name[NAMESPACE_MAX + SERVICE_MAX + 2];
    if (!w->permanent_service)
        return false;
    snprintf(name, sizeof(name), "%.*s/%.*s", TEXT_ARG(ns), TEXT_ARG(service));
    return strcmp(name, w->permanent_service) == 0;
}

static void set_hooks(struct world *w, struct built *b)
{
    b->registry.name_taken = name_taken;
    b->registry.namespace_known = namespace_known;
    b->registry.service_permanent = service_permanent;
    b->registry.context = w;
    free(w->permanent_service);
    w->permanent_service = b->permanent_service;
    w->udp_max_size = b->dns.udp_max_size;
}

/* ---- life -------------------------------------------------------------------------------- */

static const struct hash_key table_key = {{5, 12, 1, 3}};

static struct dns *load_zones(struct world *w, struct dns_config *config)
{
    struct dns_fault fault;
    struct dns *dns = dns_new(config, &table_key, &fault);
    if (!dns)
        script_fail(w->setup.script, "the zones do not load: %s:%u:%u: %s", fault.file, fault.line,
                    fault.column, fault.text);
    return dns;
}

static void require(struct world *w, bool condition, const char *what)
{
    if (!condition)
        script_fail(w->setup.script, "%s failed", what);
}

void world_start(struct world *w)
{
    struct built b;
    setup_build(&w->setup, &b);
    set_hooks(w, &b);
    w->boots++;
    struct reg_identity identity = {.epoch = 0x2b6296d3 + w->boots, .seed = 7, .durability = "mem"};
    memset(identity.cookie_secret, (int)w->boots, sizeof(identity.cookie_secret));
    w->dns = load_zones(w, &b.dns);
    w->registry = registry_new(&b.registry, &table_key);
    require(w, w->registry, "registry_new");
    w->reg = reg_new(&b.reg, &identity, w->registry);
    w->worker = dns_worker_new(11);
    require(w, w->reg && w->worker, "reg_new or dns_worker_new");
    lease_clock_init(&w->clock, w->monotonic_ms);
    world_publish(w);
}

void world_stop(struct world *w)
{
    dns_worker_free(w->worker);
    reg_free(w->reg);
    registry_free(w->registry);
    rcu_drain();
    dns_free(w->dns);
    free(w->permanent_service);
    w->permanent_service = NULL;
}

void world_reload(struct world *w)
{
    struct built b;
    uint64_t due_ms;
    setup_build(&w->setup, &b);
    set_hooks(w, &b);
    b.dns.serial = dns_serial(w->dns);
    struct dns *dns = load_zones(w, &b.dns), *old = w->dns;
    require(w, dns_publish(dns, w->registry, w->clock.lease_ms, &due_ms) == ERR_OK, "dns_publish");
    w->dns = dns;
    dns_retire(old);
    require(w, registry_configure(w->registry, &b.registry) == ERR_OK, "registry_configure");
    reg_configure(w->reg, &b.reg);
    world_publish(w);
}

/* ---- turns --------------------------------------------------------------------------------- */

struct moment world_now(const struct world *w)
{
    return (struct moment){w->clock.lease_ms, WORLD_WALL_START + w->monotonic_ms};
}

void world_publish(struct world *w)
{
    enum err err = dns_publish(w->dns, w->registry, w->clock.lease_ms, &w->publish_due_ms);
    require(w, err == ERR_OK, "dns_publish");
    reg_published(w->reg, world_now(w));
    registry_changes_trim(w->registry, dns_published_index(w->dns));
}

static void turn(struct world *w, uint64_t passed_ms)
{
    w->monotonic_ms += passed_ms;
    lease_clock_turn(&w->clock, w->monotonic_ms);
    if (registry_next_deadline(w->registry) <= w->clock.lease_ms)
        registry_expire(w->registry, world_now(w), EXPIRE_BUDGET, NULL, NULL);
    world_publish(w);
}

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void world_pass(struct world *w, uint64_t ms)
{
    while (ms) {
        uint64_t now = w->clock.lease_ms;
        uint64_t due = min(registry_next_deadline(w->registry), w->publish_due_ms);
        uint64_t step = min(ms, due <= now ? 1 : min(due - now, TURN_MS));
        turn(w, step);
        ms -= step;
    }
}

void world_stall(struct world *w, uint64_t ms)
{
    turn(w, ms);
}

union way {
    struct endpoint from;
    uint8_t bytes[REG_ROUTE_SIZE];
};

size_t world_send(struct world *w, const void *bytes, size_t size, const struct endpoint *from,
                  uint8_t out[static REG_DATAGRAM_MAX])
{
    uint8_t *exact = malloc(size + 1); /* no byte behind it, for the address sanitizer */
    uint8_t *at = exact + 1;
    memcpy(at, bytes, size);
    union way way = {.from = *from};
    struct reg_datagram in = {at, size, false, *from, &way};
    size_t n = reg_handle(w->reg, &in, world_now(w), out);
    free(exact);
    world_publish(w);
    return n;
}

size_t world_push(struct world *w, uint8_t out[static REG_DATAGRAM_MAX], struct endpoint *to)
{
    const void *route;
    size_t n = reg_push(w->reg, world_now(w), out, &route);
    if (n)
        *to = ((const union way *)route)->from;
    return n;
}

size_t world_ask(struct world *w, const struct dns_request *request, uint8_t *out, size_t size)
{
    return dns_respond(w->dns, w->worker, request, out, size);
}

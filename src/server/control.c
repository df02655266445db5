#include "server/control.h"

#include <stdlib.h>

#include "base/log.h"
#include "server/clock.h"

#define BATCH 256          /* datagrams per system call and per publication */
#define ROUNDS_MAX 16      /* batches per wake-up, so that HTTP has its turn */
#define TURN_MAX_MS 500    /* the lease clock wants to be asked this often */
#define EXPIRE_BUDGET 2000 /* evictions per turn: a few milliseconds */
#define STALL_MS 2000      /* being held up longer than this is worth a line */

struct source { /* one registration socket */
    struct control *control;
    struct event *event;
    int fd;
    bool drained;
    uint64_t behind_ms; /* age of the newest datagram handled, while not drained */
};

struct control {
    struct event_base *base;
    struct registry *registry;
    struct reg *reg;
    _Atomic(struct dns *) *dns;
    struct state_file *state;
    uint32_t serial_ceiling;
    struct lease_clock clock;
    struct event *tick;
    struct udp_batch *batch;
    struct source *sources;
    size_t source_count;
    uint64_t publish_due_ms; /* lease time; UINT64_MAX = nothing waits */
    struct log_limit state_limit, memory_limit;
};

struct moment control_now(struct control *c)
{
    uint64_t held_back = c->clock.held_back_ms;
    lease_clock_turn(&c->clock, clock_monotonic_ms());
    if (c->clock.held_back_ms - held_back > STALL_MS)
        log_warn("the server was held up: leases were given %llu ms more",
                 (unsigned long long)(c->clock.held_back_ms - held_back));
    return (struct moment){c->clock.lease_ms, clock_wall_ms()};
}

/* ---- publishing ------------------------------------------------------------------- */

/* No serial is used that is not below a stored ceiling. */
static void raise_ceiling(struct control *c, const struct dns *dns)
{
    uint32_t serial = dns_serial(dns);
    uint32_t room = c->serial_ceiling - serial; /* RFC 1982 arithmetic */
    if (c->serial_ceiling && room > dns_totals(dns).zones && room <= SERIAL_STEP)
        return;
    uint32_t ceiling = serial + SERIAL_STEP;
    if (state_file_raise(c->state, ceiling ? ceiling : 1) == ERR_OK)
        c->serial_ceiling = ceiling ? ceiling : 1;
    else
        log_limited(&c->state_limit, c->clock.monotonic_ms, LOG_LEVEL_ERROR,
                    "zone serials cannot be stored: secondaries may miss changes after a crash");
}

static void set_tick(struct control *c)
{
    uint64_t due = registry_next_deadline(c->registry);
    uint64_t now = c->clock.lease_ms, wait = TURN_MAX_MS;
    if (c->publish_due_ms < due)
        due = c->publish_due_ms;
    if (due < now + wait)
        wait = due > now ? due - now : 1;
    struct timeval after = {0, (suseconds_t)wait * 1000};
    evtimer_add(c->tick, &after);
}

static enum err publish_to(struct control *c, struct dns *dns, uint64_t *due_ms)
{
    raise_ceiling(c, dns);
    return dns_publish(dns, c->registry, c->clock.lease_ms, due_ms);
}

void control_publish(struct control *c)
{
    struct dns *dns = atomic_load_explicit(c->dns, memory_order_relaxed);
    if (publish_to(c, dns, &c->publish_due_ms))
        log_limited(&c->memory_limit, c->clock.monotonic_ms, LOG_LEVEL_ERROR,
                    "out of memory: changes are not yet visible in DNS; trying again");
    set_tick(c);
}

enum err control_publish_into(struct control *c, struct dns *dns)
{
    uint64_t due_ms;
    return publish_to(c, dns, &due_ms);
}

/* ---- registration ------------------------------------------------------------------ */

static void handle_batch(struct control *c, unsigned n)
{
    struct moment now = control_now(c);
    for (unsigned i = 0; i < n; i++) {
        struct udp_request in;
        if (!udp_request(c->batch, i, &in))
            continue;
        struct reg_datagram datagram = {in.bytes, in.size, in.cut, in.from};
        size_t size = reg_handle(c->reg, &datagram, now, in.out);
        if (size)
            udp_reply(c->batch, i, size);
    }
}

/* How long ago the kernel took the newest datagram of the batch in. */
static uint64_t batch_age_ms(const struct control *c)
{
    uint64_t arrival = udp_last_arrival_ms(c->batch), now = clock_wall_ms();
    return arrival && arrival < now ? now - arrival : 0;
}

static void receive(struct source *s)
{
    struct control *c = s->control;
    s->drained = false;
    for (unsigned round = 0; round < ROUNDS_MAX && !s->drained; round++) {
        unsigned n = udp_receive(c->batch, s->fd, &s->drained);
        if (!n)
            break;
        s->behind_ms = batch_age_ms(c);
        handle_batch(c, n);
        control_publish(c);
        udp_send(c->batch, s->fd);
    }
}

static void on_datagrams(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    receive(context);
}

/* ---- time --------------------------------------------------------------------------- */

static void log_eviction(void *context UNUSED, const struct instance *instance)
{
    struct instance_key key = instance_key(instance);
    log_debug("evicted ns=%.*s svc=%.*s inst=%.*s", TEXT_ARG(key.ns), TEXT_ARG(key.service),
              TEXT_ARG(key.id));
}

/* Heartbeats that wait in a socket count before any lease runs out. */
static uint64_t expiry_horizon(struct control *c, uint64_t now_ms)
{
    uint64_t behind = 0;
    for (size_t i = 0; i < c->source_count; i++) {
        receive(&c->sources[i]);
        if (!c->sources[i].drained && c->sources[i].behind_ms > behind)
            behind = c->sources[i].behind_ms;
    }
    return behind < now_ms ? now_ms - behind : 0;
}

static void on_tick(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct control *c = context;
    struct moment now = control_now(c);
    uint64_t horizon = expiry_horizon(c, now.lease_ms);
    if (registry_next_deadline(c->registry) <= horizon) {
        now.lease_ms = horizon;
        registry_expire(c->registry, now, EXPIRE_BUDGET, log_eviction, NULL);
    }
    control_publish(c);
}

/* ---- life --------------------------------------------------------------------------- */

static bool add_source(struct control *c, int fd)
{
    struct source *s = &c->sources[c->source_count];
    *s = (struct source){.control = c, .fd = fd, .drained = true};
    s->event = event_new(c->base, fd, EV_READ | EV_PERSIST, on_datagrams, s);
    if (!s->event)
        return false;
    c->source_count++;
    return event_add(s->event, NULL) == 0;
}

static bool add_sources(struct control *c, const struct listeners *l)
{
    c->sources = calloc(l->count + 1, sizeof *c->sources);
    for (size_t i = 0; c->sources && i < l->count; i++)
        if (!add_source(c, l->sets[i].fds[0]))
            return false;
    return c->sources != NULL;
}

struct control *control_new(const struct control_options *options)
{
    struct control *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->base = options->base;
    c->registry = options->registry;
    c->reg = options->reg;
    c->dns = options->dns;
    c->state = options->state;
    c->serial_ceiling = options->serial_ceiling;
    c->publish_due_ms = UINT64_MAX;
    lease_clock_init(&c->clock, clock_monotonic_ms());
    c->batch = udp_batch_new(BATCH, REG_RECEIVE_SIZE, REG_DATAGRAM_MAX);
    c->tick = evtimer_new(c->base, on_tick, c);
    if (!c->batch || !c->tick || !add_sources(c, options->registration)) {
        control_free(c);
        return NULL;
    }
    control_publish(c);
    return c;
}

void control_free(struct control *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->source_count; i++)
        event_free(c->sources[i].event);
    if (c->tick)
        event_free(c->tick);
    udp_batch_free(c->batch);
    free(c->sources);
    free(c);
}

uint64_t control_held_back_ms(const struct control *c)
{
    return c->clock.held_back_ms;
}

const struct udp_counters *control_udp_counters(const struct control *c)
{
    return udp_counters(c->batch);
}

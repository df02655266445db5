#include "server/control.h"

#include <stdlib.h>

#include "base/log.h"
#include "server/clock.h"
#include "server/control_state.h"
#include "server/loop.h"
#include "server/notify_out.h"
#include "server/reserve.h"

#define TURN_MAX_MS 500    /* the lease clock wants to be asked this often */
#define EXPIRE_BUDGET 2000 /* evictions per turn: a few milliseconds */
#define TASKS_MAX 64       /* tasks between two publications */
#define STALL_MS 2000      /* being held up longer than this is worth a line */

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

/* Sets the tick to when it is needed, unless it comes before that anyway: datagrams that come
 * all the time must not put it off. */
void control_set_tick(struct control *c)
{
    uint64_t due = registry_next_deadline(c->options.registry);
    uint64_t now = c->clock.lease_ms, wait = TURN_MAX_MS;
    if (dns_records_next_deadline(c->options.records) < due)
        due = dns_records_next_deadline(c->options.records);
    if (c->publish_due_ms < due)
        due = c->publish_due_ms;
    if (due < now + wait)
        wait = due > now ? due - now : 1;
    if (c->tick_ms <= c->clock.monotonic_ms + wait)
        return;
    c->tick_ms = c->clock.monotonic_ms + wait;
    struct timeval after = {0, (suseconds_t)wait * 1000};
    loop_set_urgent(c->tick, due > now);
    evtimer_add(c->tick, &after);
}

void control_tell_published(struct control *c, struct moment now)
{
    if (c->options.published)
        c->options.published(c->options.context, now);
}

static void publish(struct control *c)
{
    struct dns *dns = atomic_load_explicit(c->options.dns, memory_order_relaxed);
    uint64_t publications = dns_totals(dns).publications, began_us = clock_monotonic_us();
    c->index = registry_index(c->options.registry);
    c->published = !dns_publish(dns, c->options.registry, c->clock.lease_ms, &c->publish_due_ms);
    if (dns_totals(dns).publications != publications)
        latency_count(&c->publish_latency, clock_monotonic_us() - began_us);
    if (!c->published)
        log_limited(&c->memory_limit, c->clock.monotonic_ms, LOG_LEVEL_ERROR,
                    "out of memory: changes are not yet visible in DNS; trying again");
    struct moment now = {c->clock.lease_ms, clock_wall_ms()};
    control_tell_published(c, now);
    registry_changes_trim(c->options.registry, dns_published_index(dns));
    notify_out_look(c->options.notify);
    durable_turn(c->options.durable, now, dns_serial(dns), registry_index(c->options.registry));
}

/* What is on disk by now is acknowledged; when the rest may never be, that is said. */
void control_send_late(struct control *c, bool refuse_rest)
{
    if (!c->published)
        return;
    replies_release(c->replies, durable_state(c->options.durable)->committed);
    control_tasks_release(c->tasks, durable_state(c->options.durable)->committed);
    if (c->options.committed)
        c->options.committed(c->options.context, durable_state(c->options.durable)->committed,
                             refuse_rest);
    if (!refuse_rest)
        return;
    replies_refuse(c->replies, control_now(c));
    control_tasks_refuse(c->tasks);
}

/* Who has said goodbye for a group is answered once nobody sees any of it. */
static bool note_goodbyes(struct control *c)
{
    return c->published &&
           replies_goodbyes_over(c->replies, registry_goodbyes_over(c->options.registry),
                                 durable_last(c->options.durable));
}

/* True when replies waited for this publication that are not of the batch at hand. */
bool control_put_in_force(struct control *c)
{
    bool late = !c->published;
    publish(c);
    durable_flush(c->options.durable);
    control_set_tick(c);
    return note_goodbyes(c) || late;
}

/* Heartbeats leave everything as it was published; what a repeated registration noted is still
 * to be stored. */
bool control_is_in_force(const struct control *c)
{
    return c->published && c->index == registry_index(c->options.registry) &&
           c->publish_due_ms > c->clock.lease_ms;
}

void control_changed(struct control *c)
{
    if (control_put_in_force(c))
        control_send_late(c, false);
}

enum err control_publish_into(struct control *c, struct dns *dns)
{
    uint64_t due_ms;
    return dns_publish(dns, c->options.registry, c->clock.lease_ms, &due_ms);
}

static void on_store_news(void *context)
{
    struct control *c = context;
    control_send_late(c, durable_state(c->options.durable)->fault.err != ERR_OK);
}

/* ---- tasks -------------------------------------------------------------------------- */

/* True when none is left. */
static bool run_tasks(struct control *c)
{
    for (unsigned round = 0; round < CONTROL_ROUNDS; round++) {
        struct dns *dns = atomic_load_explicit(c->options.dns, memory_order_relaxed);
        unsigned n = control_tasks_run(c->tasks, dns, control_now(c), TASKS_MAX);
        if (!n)
            return true;
        (void)control_put_in_force(c);
        control_send_late(c, false);
    }
    return false;
}

/* The descriptor stays readable while more waits than is run in one turn. */
static void on_tasks(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct control *c = context;
    loop_set_urgent(c->task_event, run_tasks(c));
    loop_share_look(c->share, clock_monotonic_us());
}

/* ---- time --------------------------------------------------------------------------- */

static void on_event(void *context, const struct registry_event *event)
{
    struct control *c = context;
    events_note(&c->events, event);
    if (c->options.event)
        c->options.event(c->options.context, event);
}

/* Heartbeats that wait in a socket count before any lease runs out. Never goes back. */
static uint64_t expiry_horizon(struct control *c, uint64_t now_ms)
{
    uint64_t behind = control_sources_receive(c);
    uint64_t horizon = behind < now_ms ? now_ms - behind : 0;
    if (horizon > c->horizon_ms)
        c->horizon_ms = horizon;
    return c->horizon_ms;
}

/* Renewals that came in as tasks count before any lease runs out. */
static void expire_records(struct control *c, struct moment now)
{
    if (dns_records_next_deadline(c->options.records) <= now.lease_ms)
        (void)dns_records_expire(c->options.records, now, EXPIRE_BUDGET); /* the rest: next turn */
}

static void on_tick(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct control *c = context;
    struct moment now = control_now(c);
    reserve_refill();
    (void)run_tasks(c);
    expire_records(c, now);
    uint64_t horizon = expiry_horizon(c, now.lease_ms);
    if (registry_next_deadline(c->options.registry) <= horizon) {
        now.lease_ms = horizon;
        c->events.now_ms = c->clock.monotonic_ms;
        registry_expire(c->options.registry, now, EXPIRE_BUDGET, on_event, c);
        events_summary(&c->events);
    }
    c->tick_ms = UINT64_MAX;
    control_changed(c);
}

/* ---- life --------------------------------------------------------------------------- */

struct control *control_new(const struct control_options *options)
{
    struct control *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->options = *options;
    c->publish_due_ms = c->tick_ms = UINT64_MAX;
    lease_clock_init(&c->clock, clock_monotonic_ms());
    c->batch = udp_batch_new(CONTROL_BATCH, REG_RECEIVE_SIZE, REG_DATAGRAM_MAX);
    c->replies = replies_new(&(struct replies_options){
        .batch = c->batch,
        .width = CONTROL_BATCH,
        .reg = c->options.reg,
        .sockets = options->registration,
    });
    c->tasks = control_tasks_new(&(struct control_tasks_options){
        .tasks = options->tasks,
        .registry = options->registry,
        .durable = options->durable,
    });
    c->task_event = event_new(c->options.base, tasks_control_fd(options->tasks),
                              EV_READ | EV_PERSIST, on_tasks, c);
    c->tick = evtimer_new(c->options.base, on_tick, c);
    c->share = loop_share_new(c->options.base);
    if (!c->batch || !c->replies || !c->tasks || !c->task_event || !c->tick || !c->share ||
        !loop_share_add(c->share, c->task_event) || control_sources_add(c, options->registration)) {
        control_free(c);
        return NULL;
    }
    return c;
}

enum err control_start(struct control *c)
{
    publish(c);
    if (!c->published) /* a server that does not show what it stores must not say `ready` */
        return ERR_MEMORY;
    if (durable_start(c->options.durable, c->options.base, on_store_news, c))
        return ERR_MEMORY;
    if (control_sources_start(c))
        return ERR_MEMORY;
    if (event_add(c->task_event, NULL))
        return ERR_MEMORY;
    control_set_tick(c);
    return ERR_OK;
}

void control_stop(struct control *c)
{
    if (!c || c->stopped)
        return;
    c->stopped = true;
    loop_share_free(c->share);
    c->share = NULL;
    control_sources_stop(c);
    event_del(c->task_event);
    evtimer_del(c->tick);
    durable_flush(c->options.durable);
    durable_stop(c->options.durable);
    control_send_late(c, true);
}

void control_free(struct control *c)
{
    if (!c)
        return;
    loop_share_free(c->share);
    control_sources_free(c);
    if (c->tick)
        event_free(c->tick);
    if (c->task_event)
        event_free(c->task_event);
    control_tasks_free(c->tasks);
    udp_batch_free(c->batch);
    replies_free(c->replies);
    free(c);
}

uint64_t control_held_back_ms(const struct control *c)
{
    return c->clock.held_back_ms;
}

uint64_t control_held_tasks(const struct control *c)
{
    return control_tasks_waiting(c->tasks);
}

uint64_t control_held_replies(const struct control *c)
{
    return replies_waiting(c->replies);
}

const struct latency *control_publish_latency(const struct control *c)
{
    return &c->publish_latency;
}

const struct udp_counters *control_udp_counters(const struct control *c)
{
    return udp_counters(c->batch);
}

/* The turns of the control thread. */
#include <stdlib.h>
#include <string.h>

#include "sim/server.h"

enum {
    WAKE_US = 20,
    TICK_MS = 500,
    EXPIRE_BUDGET = 2000,
    DISK_WAIT_MS = 1000,
    WAITING_MAX = 65536,
};

#define WALL_START_MS 1795245098534ull /* some day */

/* A reply that waits for the disk. */
struct held {
    struct held *next;
    uint64_t change;
    struct promise promise;
    uint32_t host;
    uint16_t port;
    size_t request_size, size;
    uint8_t request[REG_DATAGRAM_MAX], reply[REG_DATAGRAM_MAX];
};

uint64_t server_monotonic_ms(const struct server *s)
{
    uint64_t now_us = s->engine->now_us;
    return ((now_us > s->asleep_until_us ? now_us : s->asleep_until_us) - s->asleep_us) / 1000;
}

struct moment server_now(struct server *s)
{
    uint64_t monotonic_ms = server_monotonic_ms(s);
    if (s->options->mutant == SIM_CLOCK_JUMPS) {
        s->clock.lease_ms += monotonic_ms - s->clock.monotonic_ms;
        s->clock.monotonic_ms = monotonic_ms;
    }
    lease_clock_turn(&s->clock, monotonic_ms);
    uint64_t wall = WALL_START_MS + s->engine->now_us / 1000 + (uint64_t)s->wall_offset_ms;
    return (struct moment){s->clock.lease_ms, wall};
}

/* Is the control thread held up? Then the event comes again. */
static bool is_blocked(struct server *s, struct event *event)
{
    if (s->blocked_until_us <= s->engine->now_us)
        return false;
    event_set(s->engine, event, s->blocked_until_us);
    return true;
}

void server_wake(struct server *s)
{
    uint64_t at_us = s->engine->now_us + WAKE_US;
    if (s->up && !event_is_set(&s->turn))
        event_set(s->engine, &s->turn, at_us > s->blocked_until_us ? at_us : s->blocked_until_us);
}

void server_receive(void *server, struct datagram *d)
{
    struct server *s = server;
    bool asleep = s->asleep_until_us > s->engine->now_us;
    if (!s->up || asleep || s->queued >= s->options->queue_max) {
        if (s->up && !asleep) {
            s->overflowed++;
            check_disturbed(s->check, (struct sim_hosts){0, s->options->hosts},
                            s->engine->now_us / 1000, true);
        }
        free(d);
        return;
    }
    uint64_t monotonic_ms = server_monotonic_ms(s);
    struct lease_clock then = s->clock;
    d->arrived_lease_ms = lease_clock_turn(&then, monotonic_ms);
    d->next = NULL;
    *s->end = d;
    s->end = &d->next;
    s->queued++;
    server_wake(s);
}

/* ---- replies -------------------------------------------------------------------------------- */

static void answer(struct server *s, const struct promise *promise, uint32_t host, uint16_t port,
                   const uint8_t *reply, size_t size)
{
    s->replies++;
    check_leaves(s->check, promise, host, reply, size, s->disk.committed);
    net_send(s->net, false, host, port, reply, size);
}

static void hold(struct server *s, const struct datagram *d, uint64_t change,
                 const struct promise *promise, const uint8_t *reply, size_t size)
{
    struct held *h = sim_alloc(sizeof(*h));
    *h = (struct held){.change = change,
                       .promise = *promise,
                       .host = d->host,
                       .port = d->port,
                       .request_size = d->size,
                       .size = size};
    memcpy(h->request, d->bytes, d->size);
    memcpy(h->reply, reply, size);
    *s->held_end = h;
    s->held_end = &h->next;
    s->held_count++;
}

static struct held *take_held(struct server *s, uint64_t committed)
{
    struct held *h = s->held;
    if (!h || h->change > committed)
        return NULL;
    s->held = h->next;
    if (!s->held)
        s->held_end = &s->held;
    return h;
}

void server_forget_held(struct server *s)
{
    for (struct held *h; (h = take_held(s, UINT64_MAX));)
        free(h);
}

static size_t refusal(struct server *s, uint32_t host, uint16_t port, const uint8_t *request,
                      size_t size, uint8_t out[static REG_DATAGRAM_MAX])
{
    struct reg_datagram in = {request, size, false, {host_addr(s->options, host), port}, NULL};
    s->refused++;
    return reg_refuse_unstored(s->reg, &in, DISK_WAIT_MS, server_now(s), out);
}

static void refuse_held(struct server *s)
{
    static const struct promise none;
    uint8_t out[REG_DATAGRAM_MAX];
    for (struct held *h; (h = take_held(s, UINT64_MAX)); free(h)) {
        size_t size = refusal(s, h->host, h->port, h->request, h->request_size, out);
        if (size)
            answer(s, &none, h->host, h->port, out, size);
    }
}

/* ---- the disk -------------------------------------------------------------------------- */

static void choose_mode(struct server *s)
{
    uint64_t waiting = store_journal_last(s->journal) - s->committed;
    store_journal_readonly(s->journal, s->failing || waiting > WAITING_MAX);
}

void server_flush(struct server *s)
{
    disk_push(&s->disk, store_journal_take(s->journal));
    choose_mode(s);
}

void server_on_news(void *server, struct event *event)
{
    struct server *s = server;
    if (!s->up || is_blocked(s, event))
        return;
    s->committed = s->disk.committed;
    s->failing = s->disk.failing;
    store_journal_committed(s->journal, s->committed);
    choose_mode(s);
    for (struct held *h; (h = take_held(s, s->committed)); free(h))
        answer(s, &h->promise, h->host, h->port, h->reply, h->size);
    if (s->failing)
        refuse_held(s);
}

/* ---- requests -------------------------------------------------------------------------- */

/* `number` in its flight. */
static void handle(struct server *s, const struct datagram *d, unsigned number, struct moment now)
{
    uint8_t out[REG_DATAGRAM_MAX];
    check_begin(s->check, CHECK_REQUEST, s->first, now);
    check_request(s->check, d, now);
    store_journal_begin(s->journal);
    size_t size = reg_handle_read(s->reg, number, out);
    uint64_t change = store_journal_wait(s->journal);
    struct promise promise = check_reply(s->check, out, size);
    check_end(s->check);
    s->handled++;
    if (!size)
        return;
    if (change && s->options->mutant != SIM_ACK_EARLY) {
        if (!s->failing) {
            hold(s, d, change, &promise, out, size);
            return;
        }
        promise.change = 0;
        size = refusal(s, d->host, d->port, d->bytes, d->size, out);
    }
    if (size)
        answer(s, &promise, d->host, d->port, out, size);
}

/* Reads what the socket holds, `most` at most; it stays there. Returns how many. */
static unsigned read_flight(struct server *s, uint32_t most, struct moment now,
                            struct reg_datagram in[static REG_AHEAD])
{
    unsigned n = 0;
    for (const struct datagram *d = s->first; d && n < REG_AHEAD && n < most; d = d->next)
        in[n++] = (struct reg_datagram){
            d->bytes, d->size, false, {host_addr(s->options, d->host), d->port}, NULL};
    reg_read(s->reg, in, n, now);
    return n;
}

static struct datagram *take_first(struct server *s)
{
    struct datagram *d = s->first;
    s->first = d->next;
    if (!s->first)
        s->end = &s->first;
    s->queued--;
    s->behind_ms = (s->engine->now_us - d->arrived_us) / 1000;
    return d;
}

/* Returns how many there were. */
static unsigned handle_flight(struct server *s, uint32_t most, struct moment now)
{
    struct datagram *flight[REG_AHEAD];
    struct reg_datagram in[REG_AHEAD] = {0};
    unsigned count = read_flight(s, most, now, in);
    for (unsigned n = 0; n < count; n++) {
        bool crossed = s->options->mutant == SIM_CROSS_FLIGHTS && (n ^ 1) < count;
        flight[n] = take_first(s);
        handle(s, flight[n], crossed ? n ^ 1 : n, now);
    }
    for (unsigned n = 0; n < count; n++)
        free(flight[n]);
    return count;
}

static void receive(struct server *s)
{
    struct moment now = server_now(s);
    uint32_t n = 0;
    uint64_t cost = s->options->cost_us;
    if (s->slow_until_us > s->engine->now_us)
        cost = s->slow_us;
    while (n < s->options->turn_max && s->first)
        n += handle_flight(s, s->options->turn_max - n, now);
    s->drained = !s->first;
    server_flush(s);
    if (n && s->blocked_until_us < s->engine->now_us + n * cost)
        s->blocked_until_us = s->engine->now_us + n * cost;
    if (!s->drained)
        server_wake(s);
}

void server_on_turn(void *server, struct event *event)
{
    struct server *s = server;
    if (!is_blocked(s, event))
        receive(s);
}

/* ---- time ------------------------------------------------------------------------------ */

static void on_event(void *context, const struct registry_event *event)
{
    struct server *s = context;
    if (event->kind == REGISTRY_LATE)
        probe_begin(&s->probes, instance_key(event->instance));
    check_visit(s->check, event);
}

static void expire(struct server *s, struct moment now, uint64_t horizon_ms)
{
    now.lease_ms = horizon_ms;
    check_begin(s->check, CHECK_TIME, s->first, now);
    if (registry_next_deadline(s->registry) <= horizon_ms &&
        s->options->mutant != SIM_DEAF_TO_DEATH)
        (void)registry_expire(s->registry, now, EXPIRE_BUDGET, on_event, s);
    check_end(s->check);
    server_flush(s);
}

static void note_alive(struct server *s, struct moment now)
{
    if (s->engine->now_us / 1000 < s->alive_due_ms || s->failing)
        return;
    s->meta.alive_ms = now.wall_ms;
    s->alive_due_ms = s->engine->now_us / 1000 + 60000;
    if (store_journal_meta(s->journal, &s->meta))
        abort();
    server_flush(s);
}

void server_on_tick(void *server, struct event *event)
{
    struct server *s = server;
    if (is_blocked(s, event))
        return;
    struct moment now = server_now(s);
    if (s->options->mutant == SIM_EXPIRE_FIRST)
        expire(s, now, now.lease_ms);
    receive(s);
    uint64_t behind = s->drained ? 0 : s->behind_ms;
    if (now.lease_ms > behind && now.lease_ms - behind > s->horizon_ms)
        s->horizon_ms = now.lease_ms - behind;
    if (s->options->mutant != SIM_EXPIRE_FIRST)
        expire(s, now, s->horizon_ms);
    note_alive(s, now);
    uint64_t due = registry_next_deadline(s->registry), wait = TICK_MS;
    if (due < s->clock.lease_ms + wait)
        wait = due > s->clock.lease_ms ? due - s->clock.lease_ms : 1;
    event_set(s->engine, event, s->engine->now_us + wait * 1000);
}

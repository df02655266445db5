/* Clients that keep themselves registered, on hosts that fall silent when the test says
 * so. Time goes in steps of 100 ms; after each the registry may do what it has to. */
#ifndef DISC_TESTS_REGISTRY_FLEET_H
#define DISC_TESTS_REGISTRY_FLEET_H

#include "base/rand.h"
#include "unit/registry/fixture.h"

enum { FLEET_MAX = 2000, STEP_MS = 100 };
#define NEVER UINT64_MAX

struct client {
    unsigned host;
    uint32_t lease_s;
    uint64_t interval_ms, next_ms; /* interval 0: registers once, never renews */
    uint64_t silent_from, silent_to;
    const char *zone, *group;
    unsigned loss_percent;
    /* what happened */
    uint64_t heard_ms, stale_ms, evicted_ms; /* NEVER = did not */
    unsigned registrations;
    bool present;
};

struct fleet {
    struct registry *registry;
    struct client clients[FLEET_MAX];
    unsigned count;
    uint64_t now_ms;
    struct rand rand;
    unsigned events[REGISTRY_BROWNOUT_OFF + 1];
    uint64_t brownout_ms;
};

UNUSED static struct fleet *fleet_new(struct registry_config config)
{
    static struct fleet f;
    f = (struct fleet){.registry = registry_of(config), .now_ms = STEP_MS};
    rand_seed(&f.rand, 7);
    return &f;
}

UNUSED static struct client *fleet_add(struct fleet *f, unsigned host, uint32_t lease_s,
                                       uint64_t interval_ms)
{
    struct client *c = &f->clients[f->count++];
    assert_true(f->count <= FLEET_MAX);
    *c = (struct client){.host = host,
                         .lease_s = lease_s,
                         .interval_ms = interval_ms,
                         .silent_from = NEVER,
                         .silent_to = NEVER,
                         .zone = "",
                         .group = "",
                         .stale_ms = NEVER,
                         .evicted_ms = NEVER};
    c->next_ms = f->now_ms + rand_below(&f->rand, interval_ms ? (uint32_t)interval_ms : 1000);
    return c;
}

UNUSED static void fleet_note(void *context, const struct registry_event *event)
{
    struct fleet *f = context;
    f->events[event->kind]++;
    if (event->kind != REGISTRY_EVICTED && event->kind != REGISTRY_STALE)
        return;
    struct instance_key key = instance_key(event->instance);
    uint64_t n;
    assert_int_equal(text_number((struct text){key.id.s + 1, key.id.n - 1}, f->count - 1, &n),
                     ERR_OK);
    struct client *c = &f->clients[n];
    if (event->kind == REGISTRY_EVICTED) {
        c->evicted_ms = f->now_ms;
        c->present = false;
    } else {
        c->stale_ms = f->now_ms;
    }
}

UNUSED static struct record fleet_record(const struct fleet *f, const struct client *c, char id[16])
{
    snprintf(id, 16, "i%u", (unsigned)(c - f->clients));
    struct record record = record_of("web", id);
    record.addresses[0] =
        (struct addr){FAMILY_V4, {10, 1, (uint8_t)(c->host >> 8), (uint8_t)c->host}};
    record.lease_s = c->lease_s;
    record.zone = text_of(c->zone);
    record.group = text_of(c->group);
    return record;
}

UNUSED static void fleet_beat(struct fleet *f, struct client *c)
{
    char id[16];
    struct record record = fleet_record(f, c, id);
    struct principal who = {.kind = PRINCIPAL_ADDRESS, .addr = record.addresses[0]};
    struct granted granted;
    struct moment now = at_ms(f->now_ms);
    if (!c->present || registry_renew(f->registry, key_of("web", id), &who, now, &granted)) {
        assert_int_equal(registry_register(f->registry, &record, &who, now, &granted), ERR_OK);
        c->registrations++;
        c->present = true;
    }
    c->heard_ms = f->now_ms;
}

UNUSED static void fleet_step(struct fleet *f)
{
    f->now_ms += STEP_MS;
    for (struct client *c = f->clients; c < f->clients + f->count; c++) {
        if (c->next_ms > f->now_ms)
            continue;
        c->next_ms = c->interval_ms ? c->next_ms + c->interval_ms : NEVER;
        bool silent = c->silent_from <= f->now_ms && f->now_ms < c->silent_to;
        if (!silent && rand_below(&f->rand, 100) >= c->loss_percent)
            fleet_beat(f, c);
    }
    if (registry_next_deadline(f->registry) > f->now_ms)
        return;
    unsigned calls = 0;
    while (registry_expire(f->registry, at_ms(f->now_ms), 1000, fleet_note, f))
        assert_true(++calls < 100);
    assert_true(registry_next_deadline(f->registry) > f->now_ms);
}

UNUSED static void fleet_run(struct fleet *f, uint64_t until_ms)
{
    while (f->now_ms < until_ms) {
        fleet_step(f);
        f->brownout_ms += registry_guard(f->registry).brownout ? STEP_MS : 0;
    }
}

UNUSED static unsigned fleet_evicted(const struct fleet *f)
{
    return f->events[REGISTRY_EVICTED];
}

UNUSED static void fleet_silence(struct fleet *f, unsigned hosts, uint64_t from_ms, uint64_t to_ms)
{
    for (struct client *c = f->clients; c < f->clients + f->count; c++) {
        if (c->host >= hosts)
            continue;
        c->silent_from = from_ms;
        c->silent_to = to_ms;
    }
}

#endif

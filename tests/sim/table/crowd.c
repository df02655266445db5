#include "sim/table/crowd.h"

#include <stdlib.h>

#include "base/heap.h"

struct heartbeat {
    struct heap_node due; /* first: the heap hands it out */
    bool known;           /* as far as the client knows, it is registered */
    bool handled;         /* this request has arrived before */
    unsigned sent;        /* tries of this round */
    uint64_t begun_ms;    /* this round */
};

struct crowd {
    const struct rules_kind *kind;
    struct rules *rules;
    struct heartbeat *hearts; /* [plan.capacity] */
    uint64_t *cut_until_ms;   /* [plan.hosts] */
    struct heap due;
    uint64_t tick_ms, up_ms;
    bool down; /* until up_ms */
    unsigned loss_percent;
};

static struct crowd *crowd_of(const struct fleet *f)
{
    return f->state;
}

/* ---- life --------------------------------------------------------------------------- */

void crowd_start(struct fleet *f)
{
    const struct rules_kind *kind = f->backend->rules;
    struct crowd *c = fleet_memory(1, sizeof *c);
    f->state = c;
    c->kind = kind;
    c->hearts = fleet_memory(f->plan.capacity, sizeof *c->hearts);
    c->cut_until_ms = fleet_memory(f->plan.hosts, sizeof *c->cut_until_ms);
    c->rules = kind->start(f);
    c->tick_ms = kind->tick(c->rules, 0);
}

void crowd_stop(struct fleet *f)
{
    struct crowd *c = crowd_of(f);
    c->kind->stop(c->rules);
    heap_deinit(&c->due);
    free(c->hearts);
    free(c->cut_until_ms);
    free(c);
}

void crowd_join(struct fleet *f, unsigned id, uint64_t at_ms)
{
    struct crowd *c = crowd_of(f);
    if (f->peers[id].client != CLIENT_PLAIN)
        abort();
    heap_node_init(&c->hearts[id].due);
    if (heap_add(&c->due, &c->hearts[id].due, at_ms))
        abort();
}

void crowd_crash(struct fleet *f, unsigned id)
{
    struct crowd *c = crowd_of(f);
    heap_remove(&c->due, &c->hearts[id].due);
}

void crowd_leave(struct fleet *f, unsigned id)
{
    struct crowd *c = crowd_of(f);
    crowd_crash(f, id);
    c->kind->cancel(c->rules, id);
    f->peers[id].withdrawn_ms = f->now_ms;
}

/* ---- the network -------------------------------------------------------------------- */

void crowd_cut(struct fleet *f, unsigned host, uint64_t until_ms)
{
    crowd_of(f)->cut_until_ms[host] = until_ms;
}

void crowd_loss(struct fleet *f, unsigned percent)
{
    crowd_of(f)->loss_percent = percent;
}

static bool passes(struct fleet *f, unsigned id)
{
    const struct crowd *c = crowd_of(f);
    return !c->down && c->cut_until_ms[f->peers[id].host] <= f->now_ms &&
           (!c->loss_percent || rand_below(&f->rand, 100) >= c->loss_percent);
}

/* ---- one client --------------------------------------------------------------------- */

/* The round is over, answered or not: the next one is a beat later. */
static void next_beat(struct fleet *f, struct heartbeat *heart)
{
    struct crowd *c = crowd_of(f);
    uint64_t from = c->kind->habit.metronome ? heart->begun_ms : f->now_ms;
    heart->sent = 0;
    heap_move(&c->due, &heart->due, from + c->kind->habit.interval_ms);
}

/* What the registry does with a request that arrived; false: it does not know the sender. */
static bool handle(struct fleet *f, struct heartbeat *heart, unsigned id)
{
    struct crowd *c = crowd_of(f);
    if (heart->handled)
        return true;
    heart->handled = true;
    if (heart->known)
        return c->kind->renew(c->rules, id, f->now_ms);
    c->kind->enter(c->rules, id, f->now_ms);
    return true;
}

static void begin_round(struct fleet *f, struct heartbeat *heart)
{
    heart->begun_ms = f->now_ms;
    heart->handled = false;
}

static void act(struct fleet *f, struct heartbeat *heart)
{
    struct crowd *c = crowd_of(f);
    unsigned id = (unsigned)(heart - c->hearts);
    if (heart->sent == c->kind->habit.tries) {
        next_beat(f, heart);
        return;
    }
    if (heart->sent == 0)
        begin_round(f, heart);
    bool arrived = passes(f, id);
    bool welcome = !arrived || handle(f, heart, id);
    if (!arrived || !passes(f, id)) {
        heap_move(&c->due, &heart->due, f->now_ms + c->kind->habit.patience_ms[heart->sent++]);
        return;
    }
    heart->known = welcome; /* else it registers in the same moment */
    if (welcome)
        next_beat(f, heart);
    else
        heart->sent = 0;
}

/* ---- time --------------------------------------------------------------------------- */

void crowd_restart(struct fleet *f, uint64_t down_ms)
{
    struct crowd *c = crowd_of(f);
    c->down = true;
    c->up_ms = f->now_ms + down_ms;
}

static void serve(struct fleet *f)
{
    struct crowd *c = crowd_of(f);
    if (c->down)
        c->kind->restart(c->rules, f->now_ms);
    c->down = false;
    c->tick_ms = c->kind->tick(c->rules, f->now_ms);
}

void crowd_run(struct fleet *f, uint64_t until_ms)
{
    struct crowd *c = crowd_of(f);
    for (;;) {
        struct heap_node *first = heap_first(&c->due);
        uint64_t client_ms = first ? first->key : FLEET_NEVER;
        uint64_t server_ms = c->down ? c->up_ms : c->tick_ms;
        uint64_t next_ms = client_ms < server_ms ? client_ms : server_ms;
        if (next_ms > until_ms)
            break;
        f->now_ms = next_ms > f->now_ms ? next_ms : f->now_ms;
        if (client_ms <= server_ms)
            act(f, (struct heartbeat *)first);
        else
            serve(f);
    }
}

enum served crowd_served(const struct fleet *f, unsigned id)
{
    const struct crowd *c = crowd_of(f);
    return !c->down && c->kind->is_served(c->rules, id, f->now_ms) ? SERVED_YES : SERVED_NOT;
}

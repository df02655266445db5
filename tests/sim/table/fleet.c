#include "sim/table/fleet.h"

#include <stdlib.h>

#include "sim/table/backend.h"

static const struct backend *const backends[COLUMN_COUNT] = {&backend_eureka, &backend_go,
                                                             &backend_disc};

const char *column_name(enum column column)
{
    return backends[column]->name;
}

void *fleet_memory(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory)
        abort();
    return memory;
}

void fleet_start(struct fleet *f, const struct fleet_plan *plan)
{
    *f = (struct fleet){.plan = *plan, .backend = backends[plan->column]};
    rand_seed(&f->rand, plan->seed);
    f->peers = fleet_memory(plan->capacity, sizeof *f->peers);
    f->backend->start(f);
}

void fleet_stop(struct fleet *f)
{
    f->backend->stop(f);
    free(f->peers);
}

unsigned fleet_join(struct fleet *f, unsigned host, enum client client, uint64_t at_ms)
{
    if (f->count == f->plan.capacity || host >= f->plan.hosts)
        abort();
    unsigned id = f->count++;
    f->peers[id] = (struct peer){.host = host,
                                 .client = client,
                                 .alive = true,
                                 .died_ms = FLEET_NEVER,
                                 .demoted_ms = FLEET_NEVER,
                                 .withdrawn_ms = FLEET_NEVER};
    f->backend->join(f, id, at_ms);
    return id;
}

void fleet_populate(struct fleet *f, unsigned first, unsigned hosts, unsigned per_host)
{
    for (unsigned host = first; host < first + hosts; host++)
        for (unsigned n = 0; n < per_host; n++)
            fleet_join(f, host, CLIENT_PLAIN, f->now_ms + rand_below(&f->rand, 30000));
}

void fleet_settle(struct fleet *f)
{
    fleet_run(f, f->now_ms + f->backend->settle_ms + rand_below(&f->rand, 60000));
    f->story = (struct guard_story){0};
    f->false_withdrawals = f->false_demotions = 0;
}

void fleet_run(struct fleet *f, uint64_t until_ms)
{
    f->backend->run(f, until_ms);
    f->now_ms = until_ms;
}

void fleet_lost(struct fleet *f, unsigned id, enum served now_served)
{
    struct peer *peer = &f->peers[id];
    if (peer->alive) {
        f->false_demotions += now_served == SERVED_LAST;
        f->false_withdrawals += now_served == SERVED_NOT;
    } else if (now_served == SERVED_LAST) {
        peer->demoted_ms = f->now_ms;
    } else {
        peer->withdrawn_ms = f->now_ms;
    }
}

static void end(struct fleet *f, unsigned id)
{
    struct peer *peer = &f->peers[id];
    peer->alive = false;
    peer->died_ms = f->now_ms;
}

void fleet_crash(struct fleet *f, unsigned id)
{
    end(f, id);
    f->backend->crash(f, id);
}

void fleet_leave(struct fleet *f, unsigned id)
{
    end(f, id);
    f->backend->leave(f, id);
}

void fleet_cut(struct fleet *f, unsigned host, uint64_t for_ms)
{
    f->backend->cut(f, host, f->now_ms + for_ms);
}

void fleet_loss(struct fleet *f, unsigned percent)
{
    f->backend->loss(f, percent);
}

void fleet_restart(struct fleet *f, uint64_t down_ms)
{
    f->backend->restart(f, down_ms);
}

enum served fleet_served(const struct fleet *f, unsigned id)
{
    return f->backend->served(f, id);
}

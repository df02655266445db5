#include "registry/state.h"

#include "registry/owner.h"

enum { NS = 1000000 /* in a millisecond */ };

struct instance *state_instance(const struct registry *r, struct instance_key key)
{
    struct path path;
    return path_of_instance(&r->key, key, &path) ? instance_find(&r->instances, &path) : NULL;
}

void state_observe(const struct registry *r, enum registry_deed_kind kind, const struct instance *i,
                   const struct principal *who, const struct principal *before)
{
    if (r->observer.observe)
        r->observer.observe(r->observer.context,
                            &(struct registry_deed){kind, i, who, r->asker, before});
}

void state_note(struct registry *r, struct service *s, bool withdrawal, struct moment now)
{
    uint64_t ns = now.wall_ms * NS;
    s->latest_ns = ns > s->latest_ns ? ns : s->latest_ns + 1;
    feed_note(&r->feed, s);
    if (withdrawal)
        s->withdrawal_index = s->index;
}

/* Stale ones are not asked for while a live one is left. Leaving `up` takes it out of the service's
 * answers; `down` takes its own name away. */
static bool is_withdrawal(struct standing before, struct standing after)
{
    return (after.stale && !before.stale) ||
           (before.status == STATUS_UP && after.status != STATUS_UP) ||
           (before.status != STATUS_DOWN && after.status == STATUS_DOWN) ||
           after.weight < before.weight;
}

static void count_standing(struct registry *r, struct service *s, struct standing standing, int by)
{
    r->by_status[standing.status] += (uint64_t)by;
    if (standing.stale) {
        r->stale += (uint64_t)by;
        s->stale += (uint32_t)by;
    } else if (standing.status == STATUS_UP) {
        r->live_up += (uint64_t)by;
    }
}

static void note_history(struct registry *r, const struct instance *i, enum departure why)
{
    struct service *s = i->service;
    history_note(&r->history, &s->history, s->index, (struct text){i->id, i->id_size}, why);
}

void state_changed(struct registry *r, struct instance *i, struct standing before, bool weaker,
                   struct moment now)
{
    struct standing after = instance_standing(i);
    count_standing(r, i->service, before, -1);
    count_standing(r, i->service, after, 1);
    if (after.status == STATUS_UP && before.status != STATUS_UP)
        i->up_ms = now.wall_ms;
    state_note(r, i->service, weaker || is_withdrawal(before, after), now);
    i->index = i->service->index;
    note_history(r, i, DEPARTURE_NONE);
    i->latest_ms = now.wall_ms;
}

void state_appeared(struct registry *r, struct instance *i, struct moment now)
{
    struct standing before = {STATUS_DOWN, 0, false};
    count_standing(r, i->service, before, 1);
    state_changed(r, i, before, false, now);
}

static void end_lease(struct registry *r, struct instance *i, struct moment now)
{
    if (!i->grouped) {
        lease_end(r, &i->lease, now);
        return;
    }
    struct group *g = i->member.group;
    group_leave(&i->member, i);
    group_release(r, g, now);
}

void state_detach(struct registry *r, struct instance *i, enum departure why, struct moment now)
{
    struct service *s = i->service;
    struct owner *owner = instance_owner(r, i);
    count_standing(r, s, instance_standing(i), -1);
    s->expired -= lease_is(instance_lease(i), LEASE_EXPIRED);
    service_remove(r, s, i, now);
    end_lease(r, i, now);
    owner->instances--;
    owner_release(&r->pool, &r->owners, owner);
    state_note(r, s, true, now);
    if (why != DEPARTURE_NONE)
        note_history(r, i, why);
    instance_free(&r->pool, i);
}

size_t state_bury_changes(const struct instance *i)
{
    return i->service->count == 1 ? 2 : 1;
}

void state_bury(struct registry *r, struct instance *i, uint64_t floor, enum departure why,
                struct moment now)
{
    uint64_t for_ms = (uint64_t)r->config.tombstone_s * 1000;
    struct path path;
    instance_path(i, &path);
    path.hash = instance_hash(i);
    map_remove(&r->instances, path.hash, i);
    journal_bury(&r->journal, instance_key(i), floor, now.wall_ms + for_ms);
    state_detach(r, i, why, now);
    if (!tombstone_bury(&r->tombstones, &path, floor, now.lease_ms + for_ms,
                        r->config.tombstones_max, &r->journal))
        journal_forget(&r->journal, path_key(path_text(&path)));
}

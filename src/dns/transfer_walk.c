#include "dns/transfer_walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dns/wire.h"
#include "dns/wire_list.h"

enum { SOA_NUMBERS = 20 };

/* One after the other; a shape passes over those that it does not have. */
enum phase { FIRST_SOA, STATIC, VIEWS, LEAVES, STEPS, LAST_SOA, END };

/* Within a step of the differences. */
enum { OLD_SOA, REMOVED, NEW_SOA };

enum err walk_init(struct walk *w, enum walk_shape shape, struct zone *zone, struct zone_pin *pin,
                   struct delta **deltas, size_t delta_count)
{
    *w = (struct walk){.shape = shape,
                       .zone = zone_ref(zone),
                       .pin = pin,
                       .deltas = deltas,
                       .delta_count = delta_count};
    w->serial = pin ? pin->serial : zone_serial(zone);
    w->soa = malloc(zone->soa_size);
    if (!w->soa) {
        walk_deinit(w);
        return ERR_MEMORY;
    }
    memcpy(w->soa, zone->soa, zone->soa_size);
    return ERR_OK;
}

void walk_deinit(struct walk *w)
{
    for (size_t i = 0; i < w->delta_count; i++)
        delta_unref(w->deltas[i]);
    free(w->deltas);
    zone_pin_unref(w->pin);
    zone_unref(w->zone);
    free(w->soa);
}

/* ---- SOA ------------------------------------------------------------------------------- */

static bool put_soa(struct walk *w, uint32_t serial, struct rr *out)
{
    const struct zone *zone = w->zone;
    put_u32(w->soa + zone->soa_size - SOA_NUMBERS, serial);
    *out = (struct rr){.owner = zone->apex.wire,
                       .owner_size = zone->apex.size,
                       .type = TYPE_SOA,
                       .ttl = zone->soa_ttl,
                       .rdata = w->soa,
                       .size = zone->soa_size};
    return true;
}

void walk_soa(struct walk *w, struct rr *out)
{
    put_soa(w, w->serial, out);
}

/* ---- the zone file, and leaves --------------------------------------------------------- */

/* The record at (sub, place) of a name's RRsets, and one step on; false at their end. */
static bool next_of_sets(struct walk *w, const struct name *owner, const struct rrset *sets,
                         uint32_t count, struct rr *out)
{
    for (; w->sub < count; w->sub++, w->place = 0) {
        const struct rrset *set = &sets[w->sub];
        if (w->place == set->count)
            continue;
        *out = (struct rr){.owner = owner->wire,
                           .owner_size = owner->size,
                           .type = set->type,
                           .ttl = set->ttl,
                           .rdata = set->rdata[w->place],
                           .size = set->sizes[w->place]};
        w->place++;
        return true;
    }
    w->sub = w->place = 0;
    return false;
}

static bool next_static(struct walk *w, struct rr *out)
{
    for (; w->item < w->zone->name_count; w->item++) {
        const struct static_name *n = &w->zone->names[w->item];
        if (next_of_sets(w, &n->name, n->rrsets, n->rrset_count, out))
            return true;
    }
    return false;
}

static bool next_of_leaves(struct walk *w, struct rr *out)
{
    for (; w->item < w->pin->leaf_count; w->item++) {
        const struct leaf *leaf = w->pin->leaves[w->item];
        if (next_of_sets(w, &leaf->owner, leaf->rrsets, leaf->rrset_count, out))
            return true;
    }
    return false;
}

/* ---- views ----------------------------------------------------------------------------- */

/* sub: kind; place: number within it. */
static bool next_of_view(struct walk *w, struct rr *out)
{
    if (w->sub == 0 && w->place == 0) {
        const struct pinned_view *p = &w->pin->views[w->item];
        view_source_init(&w->source, p->view, w->zone, p->places);
    }
    for (unsigned kind = (unsigned)w->sub; view_kind_next(&w->source, &kind); kind++) {
        uint32_t number = kind == w->sub ? (uint32_t)w->place : 0;
        for (; view_number_next(&w->source, kind, &number); number++)
            if (view_record(&w->source, kind, number, &w->scratch, out)) {
                w->sub = kind;
                w->place = number + 1;
                return true;
            }
    }
    w->sub = w->place = 0;
    return false;
}

static bool next_of_views(struct walk *w, struct rr *out)
{
    for (; w->item < w->pin->view_count; w->item++)
        if (next_of_view(w, out))
            return true;
    return false;
}

/* ---- differences ----------------------------------------------------------------------- */

/* place: bytes of the delta that are read. */
static bool next_of_delta(struct walk *w, size_t end, struct rr *out)
{
    if (w->place >= end)
        return false;
    w->place += wire_rr(w->deltas[w->item]->bytes + w->place, out);
    return true;
}

/* sub: where in the step. */
static bool next_of_step(struct walk *w, struct rr *out)
{
    const struct delta *d = w->deltas[w->item];
    switch (w->sub) {
    case OLD_SOA: w->sub++; return put_soa(w, d->from, out);
    case REMOVED:
        if (next_of_delta(w, d->removed_size, out))
            return true;
        w->sub++;
        /* fall through */
    case NEW_SOA: w->sub++; return put_soa(w, d->to, out);
    default: return next_of_delta(w, d->removed_size + d->added_size, out);
    }
}

static bool next_of_steps(struct walk *w, struct rr *out)
{
    for (; w->item < w->delta_count; w->item++, w->sub = 0, w->place = 0)
        if (next_of_step(w, out))
            return true;
    return false;
}

/* ---- all ------------------------------------------------------------------------------- */

static bool in_phase(struct walk *w, struct rr *out)
{
    bool whole = w->shape == WALK_WHOLE;
    switch ((enum phase)w->phase) {
    case FIRST_SOA: return w->item++ == 0 && put_soa(w, w->serial, out);
    case STATIC: return whole && next_static(w, out);
    case VIEWS: return whole && next_of_views(w, out);
    case LEAVES: return whole && next_of_leaves(w, out);
    case STEPS: return next_of_steps(w, out);
    case LAST_SOA: return w->shape != WALK_SOA && w->item++ == 0 && put_soa(w, w->serial, out);
    case END: break;
    }
    return false;
}

bool walk_next(struct walk *w, struct rr *out)
{
    for (; w->phase != END; w->phase++, w->item = 0, w->sub = 0, w->place = 0)
        if (in_phase(w, out))
            return true;
    return false;
}

/* Two views of a service: slices that both have are passed over; within others instances are
 * matched by id, and those that are equal are passed over without looking at a record. */
#include <string.h>

#include "dns/view_ports.h"
#include "dns/view_records.h"
#include "dns/wire_list.h"
#include "dns/zone_log_difference.h"

/* One of the two. */
struct side {
    struct view_source source;
    const struct hash_key *key; /* of the slices */
    struct wire_list records;   /* scratch */
};

struct difference {
    struct zone_log *log;
    struct side old, new;
    bool comparable;   /* records of equal instances are equal */
    bool stale_differ; /* but for those of the stale */
};

/* ---- sets ------------------------------------------------------------------------------- */

static bool leaves_out(const struct srv_set *set, const struct view_instance *i)
{
    return i->stale && set->withdrawn;
}

/* Are those that are not heard from browsed? */
static bool browses_stale(const struct srv_set *set)
{
    return set->count && set->parts[0].priority >= STALE_PRIORITY;
}

/* The number of the port of that name; 0: the instance is not live, or has none. */
static uint16_t named(const struct slice *s, uint32_t port, uint32_t instance)
{
    const struct slice_set *set = &slice_ports(s)[port].set;
    for (uint32_t p = 0; p < set->count; p++) {
        const struct part *part = &s->parts[set->first + p];
        if (part->priority != s->instances[instance].priority)
            continue;
        const struct part_item *items = part_items(part);
        for (uint32_t n = 0; n < part->count; n++)
            if (items[n].instance == instance)
                return items[n].port;
    }
    return 0;
}

static int compare_names(struct text a, uint8_t a_protocol, struct text b, uint8_t b_protocol)
{
    int order = text_compare(a, b);
    return order ? order : (int)a_protocol - (int)b_protocol;
}

/* ---- the records of an instance -------------------------------------------------------- */

static bool collect(struct side *side, unsigned kind, uint32_t number)
{
    struct view_scratch scratch;
    struct rr rr;
    return !view_record(&side->source, kind, number, &scratch, &rr) ||
           wire_list_add(&side->records, &rr);
}

static bool collect_own(struct side *side, uint32_t place, const struct view_instance *i)
{
    for (uint32_t n = 0; n < i->v4_count; n++)
        if (!collect(side, VIEW_OWN_A, place * ADDRESSES_MAX + n))
            return false;
    for (uint32_t n = 0; n < i->v6_count; n++)
        if (!collect(side, VIEW_OWN_AAAA, place * ADDRESSES_MAX + n))
            return false;
    for (unsigned kind = VIEW_OWN_TXT; kind < VIEW_PORTS; kind++)
        if (!collect(side, kind, place))
            return false;
    return true;
}

static bool collect_of_set(struct side *side, unsigned kind, const struct view_instance *i)
{
    struct view_scratch scratch;
    struct rr rr;
    return !view_set_record(&side->source, kind, i, &scratch, &rr) ||
           wire_list_add(&side->records, &rr);
}

static bool collect_by_default(struct side *side, const struct view_instance *i)
{
    if (!i->port || leaves_out(&side->source.view->by_default, i))
        return true;
    return collect_of_set(side, VIEW_SRV, i) && collect_of_set(side, VIEW_SVCB, i) &&
           collect_of_set(side, VIEW_HTTPS, i);
}

static bool collect_by_protocol(struct side *side, enum protocol protocol,
                                const struct view_instance *i)
{
    const struct srv_set *set = side->source.view->by_protocol[protocol];
    bool tcp = protocol == PROTOCOL_TCP;
    if (!i->ports[protocol] || leaves_out(set, i))
        return true;
    if (!collect_of_set(side, tcp ? VIEW_TCP_SRV : VIEW_UDP_SRV, i))
        return false;
    return (i->stale && !browses_stale(set)) ||
           collect_of_set(side, tcp ? VIEW_TCP_PTR : VIEW_UDP_PTR, i);
}

static bool collect_named(struct side *side, uint32_t place, const struct view_instance *i)
{
    const struct view *v = side->source.view;
    const struct slice *s = view_slice(v, place);
    for (uint32_t p = 0; p < s->port_count; p++) {
        const struct slice_port *port = &slice_ports(s)[p];
        uint16_t number = named(s, p, place % SLICE_MAX);
        struct view_scratch scratch;
        struct rr rr;
        if (!number ||
            (i->stale && leaves_out(&view_port(v, side->key, port->name, port->protocol)->set, i)))
            continue;
        if (view_port_record(&side->source, port->name, port->protocol, i, number, &scratch, &rr) &&
            !wire_list_add(&side->records, &rr))
            return false;
    }
    return true;
}

/* All that is there because of one instance, into side->records. False: memory lacks. */
static bool collect_instance(struct side *side, uint32_t place)
{
    const struct view_instance *i = view_at(side->source.view, place);
    wire_list_empty(&side->records);
    if (!collect_own(side, place, i))
        return false;
    return !i->live ||
           (collect_by_default(side, i) && collect_by_protocol(side, PROTOCOL_TCP, i) &&
            collect_by_protocol(side, PROTOCOL_UDP, i) && collect_named(side, place, i));
}

static void note_collected(struct difference *d, bool added, const struct side *side)
{
    const uint8_t *at = side->records.bytes;
    for (size_t i = 0; i < side->records.count; i++) {
        struct rr rr;
        at += wire_rr(at, &rr);
        zone_log_note(d->log, added, &rr);
    }
}

/* ---- pairs of instances ---------------------------------------------------------------- */

static bool same_content(const struct view_instance *a, const struct view_instance *b)
{
    return a->v4_count == b->v4_count && a->v6_count == b->v6_count &&
           memcmp(instance_v4(a), instance_v4(b),
                  (size_t)a->v4_count * 4 + (size_t)a->v6_count * 16) == 0 &&
           instance_same_txt(a, b);
}

static bool same_data(const struct difference *d, const struct view_instance *a,
                      const struct view_instance *b)
{
    return a->port == b->port && a->priority == b->priority && a->live == b->live &&
           a->stale == b->stale && a->ports[PROTOCOL_TCP] == b->ports[PROTOCOL_TCP] &&
           a->ports[PROTOCOL_UDP] == b->ports[PROTOCOL_UDP] && a->https_port == b->https_port &&
           a->alpn == b->alpn && (a->status == STATUS_DOWN) == (b->status == STATUS_DOWN) &&
           view_wire_weight(d->old.source.view, a->weight) ==
               view_wire_weight(d->new.source.view, b->weight) &&
           same_content(a, b);
}

static bool same_named(const struct slice *a, uint32_t i, const struct slice *b, uint32_t k)
{
    const struct slice_port *p = slice_ports(a), *q = slice_ports(b);
    for (uint32_t x = 0, y = 0; x < a->port_count || y < b->port_count;) {
        int order = x == a->port_count ? 1
                    : y == b->port_count
                        ? -1
                        : compare_names(p[x].name, p[x].protocol, q[y].name, q[y].protocol);
        uint16_t here = order <= 0 ? named(a, x, i) : 0, there = order >= 0 ? named(b, y, k) : 0;
        if (here != there)
            return false;
        x += order <= 0;
        y += order >= 0;
    }
    return true;
}

static bool is_same(const struct difference *d, uint32_t i, uint32_t k)
{
    const struct view *old = d->old.source.view, *new = d->new.source.view;
    const struct view_instance *a = view_at(old, i);
    return d->comparable && !(d->stale_differ && a->stale) && same_data(d, a, view_at(new, k)) &&
           same_named(view_slice(old, i), i % SLICE_MAX, view_slice(new, k), k % SLICE_MAX);
}

static bool compare_pair(struct difference *d, uint32_t i, uint32_t k)
{
    if (is_same(d, i, k))
        return true;
    if (!collect_instance(&d->old, i) || !collect_instance(&d->new, k) ||
        !wire_lists_cancel(&d->old.records, &d->new.records))
        return false;
    note_collected(d, false, &d->old);
    note_collected(d, true, &d->new);
    return true;
}

static bool note_instance(struct difference *d, bool added, uint32_t place)
{
    struct side *side = added ? &d->new : &d->old;
    if (!collect_instance(side, place))
        return false;
    note_collected(d, added, side);
    return true;
}

/* ---- slices ---------------------------------------------------------------------------- */

/* Of two slices of this number; both are sorted by id. */
static bool compare_slices(struct difference *d, uint32_t number)
{
    const struct slice *a = d->old.source.view->slices[number];
    const struct slice *b = d->new.source.view->slices[number];
    uint32_t base = number * SLICE_MAX;
    for (uint32_t i = 0, k = 0; i < a->count || k < b->count;) {
        int order = i == a->count   ? 1
                    : k == b->count ? -1
                                    : text_compare(instance_label(&a->instances[i]),
                                                   instance_label(&b->instances[k]));
        bool done = order < 0   ? note_instance(d, false, base + i)
                    : order > 0 ? note_instance(d, true, base + k)
                                : compare_pair(d, base + i, base + k);
        if (!done)
            return false;
        i += order <= 0;
        k += order >= 0;
    }
    return true;
}

static bool compare_by_number(struct difference *d)
{
    const struct view *old = d->old.source.view, *new = d->new.source.view;
    bool pass = d->comparable && old->weight_scale == new->weight_scale;
    for (uint32_t n = 0; n < old->slice_count; n++) {
        const struct slice *s = old->slices[n];
        if (pass && s == new->slices[n] && !(d->stale_differ && s->stale))
            continue;
        if (!compare_slices(d, n))
            return false;
    }
    return true;
}

static bool compare_by_id(struct difference *d)
{
    const struct view *old = d->old.source.view, *new = d->new.source.view;
    uint32_t other;
    for (uint32_t i = 0; view_next(old, &i); i++) {
        bool stays =
            view_instance(new, d->new.key, instance_label(view_at(old, i)), &other) != NULL;
        if (!(stays ? compare_pair(d, i, other) : note_instance(d, false, i)))
            return false;
    }
    for (uint32_t k = 0; view_next(new, &k); k++)
        if (!view_instance(old, d->new.key, instance_label(view_at(new, k)), &other) &&
            !note_instance(d, true, k))
            return false;
    return true;
}

/* ---- all ------------------------------------------------------------------------------- */

static bool named_sets_differ(const struct side *old, const struct side *new)
{
    const struct view *a = old->source.view, *b = new->source.view;
    for (uint32_t n = 0; view_port_next_unshared(a, b, &n); n++) {
        const struct named_port *p = view_port_at(a, n);
        const struct named_port *q = view_port(b, new->key, p->name, p->protocol);
        if (q && p->set.withdrawn != q->set.withdrawn)
            return true;
    }
    return false;
}

/* Have the stale other records than before, for what others are? */
static bool stale_differ(const struct side *old, const struct side *new)
{
    const struct view *a = old->source.view, *b = new->source.view;
    if (!a->stale_count && !b->stale_count)
        return false;
    for (enum protocol p = PROTOCOL_TCP; p <= PROTOCOL_UDP; p++)
        if (a->by_protocol[p]->withdrawn != b->by_protocol[p]->withdrawn ||
            browses_stale(a->by_protocol[p]) != browses_stale(b->by_protocol[p]))
            return true;
    return a->by_default.withdrawn != b->by_default.withdrawn || named_sets_differ(old, new);
}

/* `types`: with the records whose TTL is the zone's, not the view's. */
static void note_all(struct zone_log *log, bool added, const struct view_source *s, bool types)
{
    struct view_scratch scratch;
    struct rr rr;
    for (unsigned kind = 0; view_kind_next(s, &kind); kind++) {
        if (!types && (kind == VIEW_TYPE_TCP || kind == VIEW_TYPE_UDP))
            continue;
        for (uint32_t number = 0; view_number_next(s, kind, &number); number++)
            if (view_record(s, kind, number, &scratch, &rr))
                zone_log_note(log, added, &rr);
    }
}

static bool compare_whole(struct difference *d, unsigned first, unsigned last)
{
    for (unsigned kind = first; kind <= last; kind++)
        if (!zone_log_whole_difference(d->log, &d->old.source, &d->new.source, kind))
            return false;
    return true;
}

static bool compare(struct difference *d)
{
    const struct view *old = d->old.source.view, *new = d->new.source.view;
    return compare_whole(d, VIEW_A, VIEW_TYPE_UDP) &&
           (old->slice_count == new->slice_count ? compare_by_number(d) : compare_by_id(d));
}

/* All records of the service have another TTL, and so are others. */
static bool replace_all(struct difference *d)
{
    note_all(d->log, false, &d->old.source, false);
    note_all(d->log, true, &d->new.source, false);
    return compare_whole(d, VIEW_TYPE_TCP, VIEW_TYPE_UDP);
}

bool zone_log_view_difference(struct zone *zone, const struct hash_key *key, const struct view *old,
                              unsigned old_places, const struct view *new, unsigned new_places)
{
    struct difference d = {.log = zone->log, .old.key = key, .new.key = key};
    if (old)
        view_source_init(&d.old.source, old, zone, old_places);
    if (new)
        view_source_init(&d.new.source, new, zone, new_places);
    if (!old || !new) {
        note_all(d.log, new != NULL, new ? &d.new.source : &d.old.source, true);
        return true;
    }
    if (old->ttl != new->ttl)
        return replace_all(&d);
    d.comparable = old_places == new_places;
    d.stale_differ = stale_differ(&d.old, &d.new);
    bool done = compare(&d);
    wire_list_free(&d.old.records);
    wire_list_free(&d.new.records);
    return done;
}

/* Two views of a service: instances are matched by id; those that are equal, nearly all of
 * them, are passed over without looking at a single record. */
#include <stdlib.h>
#include <string.h>

#include "dns/view_records.h"
#include "dns/wire_list.h"
#include "dns/zone_log_difference.h"

enum set_slot { SLOT_DEFAULT, SLOT_TCP, SLOT_UDP, SLOT_PORTS };

/* One of the two. */
struct side {
    struct view_source source;
    unsigned slots;           /* sets */
    uint32_t *items;          /* by slot and instance: its item in the set + 1, 0 = none */
    struct wire_list records; /* scratch */
};

struct difference {
    struct zone_log *log;
    struct side old, new;
    bool comparable; /* records of equal instances are equal */
};

/* ---- one side -------------------------------------------------------------------------------- */

static unsigned kind_of(unsigned slot)
{
    static const unsigned kinds[] = {VIEW_SRV, VIEW_TCP_SRV, VIEW_UDP_SRV};
    return slot < SLOT_PORTS ? kinds[slot] : VIEW_PORTS + slot - SLOT_PORTS;
}

static bool side_init(struct side *side)
{
    const struct view *v = side->source.view;
    side->slots = SLOT_PORTS + v->port_count;
    side->items = calloc((size_t)side->slots * v->instance_count + 1, sizeof(*side->items));
    if (!side->items)
        return false;
    for (unsigned slot = 0; slot < side->slots; slot++) {
        const struct srv_set *set = view_kind_set(&side->source, kind_of(slot));
        uint32_t *items = side->items + (size_t)slot * v->instance_count;
        for (uint32_t n = 0; n < set->count; n++)
            items[set->items[n].instance] = n + 1;
    }
    return true;
}

static void side_deinit(struct side *side)
{
    free(side->items);
    wire_list_free(&side->records);
}

static uint32_t item_of(const struct side *side, unsigned slot, uint32_t instance)
{
    return side->items[(size_t)slot * side->source.view->instance_count + instance];
}

/* ---- the records of an instance -------------------------------------------------------- */

static bool collect(struct side *side, unsigned kind, uint32_t place)
{
    struct view_scratch scratch;
    struct rr rr;
    return !view_record(&side->source, kind, place, &scratch, &rr) ||
           wire_list_add(&side->records, &rr);
}

static bool collect_items(struct side *side, uint32_t instance)
{
    for (unsigned slot = 0; slot < side->slots; slot++) {
        uint32_t item = item_of(side, slot, instance);
        if (item == 0)
            continue;
        if (!collect(side, kind_of(slot), item - 1))
            return false;
        if (slot == SLOT_DEFAULT &&
            (!collect(side, VIEW_SVCB, item - 1) || !collect(side, VIEW_HTTPS, item - 1)))
            return false;
        if (slot == SLOT_TCP && item <= side->source.browsed[PROTOCOL_TCP] &&
            !collect(side, VIEW_TCP_PTR, item - 1))
            return false;
        if (slot == SLOT_UDP && item <= side->source.browsed[PROTOCOL_UDP] &&
            !collect(side, VIEW_UDP_PTR, item - 1))
            return false;
    }
    return true;
}

/* All that is there because of one instance, into side->records. False: memory lacks. */
static bool collect_instance(struct side *side, uint32_t instance)
{
    wire_list_empty(&side->records);
    for (uint32_t n = 0; n < ADDRESSES_MAX; n++)
        if (!collect(side, VIEW_OWN_A, instance * ADDRESSES_MAX + n) ||
            !collect(side, VIEW_OWN_AAAA, instance * ADDRESSES_MAX + n))
            return false;
    for (unsigned kind = VIEW_OWN_TXT; kind < VIEW_PORTS; kind++)
        if (!collect(side, kind, instance))
            return false;
    return collect_items(side, instance);
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

static bool same_bytes(const void *a, const void *b, size_t size)
{
    return size == 0 || memcmp(a, b, size) == 0;
}

static bool same_data(const struct view_instance *a, const struct view_instance *b)
{
    return a->port == b->port && a->priority == b->priority && a->weight == b->weight &&
           a->ports[PROTOCOL_TCP] == b->ports[PROTOCOL_TCP] &&
           a->ports[PROTOCOL_UDP] == b->ports[PROTOCOL_UDP] && a->https_port == b->https_port &&
           a->alpn == b->alpn && (a->status == STATUS_DOWN) == (b->status == STATUS_DOWN) &&
           a->v4_count == b->v4_count && a->v6_count == b->v6_count && a->txt_size == b->txt_size &&
           same_bytes(a->v4, b->v4, (size_t)a->v4_count * 4) &&
           same_bytes(a->v6, b->v6, (size_t)a->v6_count * 16) &&
           same_bytes(a->txt, b->txt, a->txt_size);
}

static bool is_browsed(const struct side *side, unsigned slot, uint32_t item)
{
    if (slot != SLOT_TCP && slot != SLOT_UDP)
        return false;
    return item <= side->source.browsed[slot == SLOT_TCP ? PROTOCOL_TCP : PROTOCOL_UDP];
}

static bool same_items(const struct difference *d, uint32_t i, uint32_t k)
{
    for (unsigned slot = 0; slot < d->old.slots; slot++) {
        uint32_t x = item_of(&d->old, slot, i), y = item_of(&d->new, slot, k);
        if (!x || !y) {
            if (x || y)
                return false;
            continue;
        }
        unsigned kind = kind_of(slot);
        const struct srv_item *a = &view_kind_set(&d->old.source, kind)->items[x - 1];
        const struct srv_item *b = &view_kind_set(&d->new.source, kind)->items[y - 1];
        if (a->priority != b->priority || a->weight != b->weight || a->port != b->port ||
            is_browsed(&d->old, slot, x) != is_browsed(&d->new, slot, y))
            return false;
    }
    return true;
}

static bool compare_pair(struct difference *d, uint32_t i, uint32_t k)
{
    const struct view *old = d->old.source.view, *new = d->new.source.view;
    if (d->comparable && same_data(&old->instances[i], &new->instances[k]) && same_items(d, i, k))
        return true;
    if (!collect_instance(&d->old, i) || !collect_instance(&d->new, k) ||
        !wire_lists_cancel(&d->old.records, &d->new.records))
        return false;
    note_collected(d, false, &d->old);
    note_collected(d, true, &d->new);
    return true;
}

static bool note_instance(struct difference *d, bool added, uint32_t instance)
{
    struct side *side = added ? &d->new : &d->old;
    if (!collect_instance(side, instance))
        return false;
    note_collected(d, added, side);
    return true;
}

static struct text id_of(const struct view_instance *i)
{
    return (struct text){(const char *)i->target + 1, *i->target};
}

static bool compare_instances(struct difference *d)
{
    const struct view *old = d->old.source.view, *new = d->new.source.view;
    for (uint32_t i = 0, k = 0; i < old->instance_count || k < new->instance_count;) {
        int order = i == old->instance_count ? 1
                    : k == new->instance_count
                        ? -1
                        : text_compare(id_of(&old->instances[i]), id_of(&new->instances[k]));
        bool done = order < 0   ? note_instance(d, false, i)
                    : order > 0 ? note_instance(d, true, k)
                                : compare_pair(d, i, k);
        if (!done)
            return false;
        i += order <= 0;
        k += order >= 0;
    }
    return true;
}

/* ---- the service as a whole ------------------------------------------------------------ */

/* These kinds hold a record at each place or none at all. */
static uint32_t whole_count(const struct view_source *s, unsigned kind)
{
    struct view_scratch scratch;
    struct rr rr;
    uint32_t count = view_place_count(s, kind);
    return count && view_record(s, kind, 0, &scratch, &rr) ? count : 0;
}

static struct rr whole(const struct view_source *s, unsigned kind, uint32_t place)
{
    struct rr rr = {0};
    struct view_scratch scratch; /* nothing of these kinds is there */
    (void)view_record(s, kind, place, &scratch, &rr);
    return rr;
}

static int compare_data(const struct rr *a, const struct rr *b)
{
    int order = memcmp(a->rdata, b->rdata, a->size < b->size ? a->size : b->size);
    return order ? order : (int)a->size - (int)b->size;
}

static int compare_sorted(const void *left, const void *right)
{
    return compare_data(left, right);
}

static struct rr *sorted(const struct view_source *s, unsigned kind, uint32_t from, uint32_t end)
{
    struct rr *list = malloc((end - from + 1) * sizeof(*list));
    for (uint32_t n = from; list && n < end; n++)
        list[n - from] = whole(s, kind, n);
    if (list)
        qsort(list, end - from, sizeof(*list), compare_sorted);
    return list;
}

static void merge(struct difference *d, const struct rr *old, uint32_t olds, const struct rr *new,
                  uint32_t news)
{
    for (uint32_t i = 0, k = 0; i < olds || k < news;) {
        int order = i == olds ? 1 : k == news ? -1 : compare_data(&old[i], &new[k]);
        if (order < 0)
            zone_log_note(d->log, false, &old[i]);
        if (order > 0)
            zone_log_note(d->log, true, &new[k]);
        i += order <= 0;
        k += order >= 0;
    }
}

/* Both sides are in the order of the instances, so that what is equal at the front and at the
 * end needs no sorting. */
static bool compare_whole(struct difference *d, unsigned kind)
{
    const struct view_source *old = &d->old.source, *new = &d->new.source;
    uint32_t front = 0, olds = whole_count(old, kind), news = whole_count(new, kind);
    for (; front < olds && front < news; front++) {
        struct rr a = whole(old, kind, front), b = whole(new, kind, front);
        if (compare_data(&a, &b))
            break;
    }
    for (; olds > front && news > front; olds--, news--) {
        struct rr a = whole(old, kind, olds - 1), b = whole(new, kind, news - 1);
        if (compare_data(&a, &b))
            break;
    }
    struct rr *before = sorted(old, kind, front, olds), *after = sorted(new, kind, front, news);
    bool done = before && after;
    if (done)
        merge(d, before, olds - front, after, news - front);
    free(before);
    free(after);
    return done;
}

/* ---- all ------------------------------------------------------------------------------- */

static bool same_ports(const struct view *a, const struct view *b)
{
    if (a->port_count != b->port_count)
        return false;
    for (uint32_t i = 0; i < a->port_count; i++)
        if (a->ports[i].protocol != b->ports[i].protocol ||
            !text_is(a->ports[i].name, b->ports[i].name))
            return false;
    return true;
}

/* `types`: with the records whose TTL is the zone's, not the view's. */
static void note_all(struct zone_log *log, bool added, const struct view_source *s, bool types)
{
    struct view_scratch scratch;
    struct rr rr;
    for (unsigned kind = 0; kind < view_kind_count(s); kind++) {
        if (!types && (kind == VIEW_TYPE_TCP || kind == VIEW_TYPE_UDP))
            continue;
        for (uint32_t place = 0; place < view_place_count(s, kind); place++)
            if (view_record(s, kind, place, &scratch, &rr))
                zone_log_note(log, added, &rr);
    }
}

static bool compare(struct difference *d)
{
    for (unsigned kind = VIEW_A; kind < VIEW_SRV; kind++)
        if (!compare_whole(d, kind))
            return false;
    return compare_instances(d);
}

/* All records of the service have another TTL, and so are others. */
static bool replace_all(struct difference *d)
{
    note_all(d->log, false, &d->old.source, false);
    note_all(d->log, true, &d->new.source, false);
    return compare_whole(d, VIEW_TYPE_TCP) && compare_whole(d, VIEW_TYPE_UDP);
}

bool zone_log_view_difference(struct zone *zone, const struct view *old, unsigned old_places,
                              const struct view *new, unsigned new_places)
{
    struct difference d = {.log = zone->log};
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
    d.comparable = old_places == new_places && same_ports(old, new);
    bool done = side_init(&d.old) && side_init(&d.new) && compare(&d);
    side_deinit(&d.old);
    side_deinit(&d.new);
    return done;
}

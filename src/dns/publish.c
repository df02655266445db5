/* The registry's change feed into views: which services to compile now, which later,
 * and what happens to names that come and go. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/log.h"
#include "dns/compile.h"
#include "dns/dns.h"
#include "dns/leaf_publish.h"
#include "dns/records_change.h"
#include "dns/reverse.h"
#include "dns/state.h"
#include "dns/view_records.h"
#include "dns/zone_log.h"
#include "dns/zone_pin.h"

enum {
    FEED_BATCH = 64,
    /* What a publication costs, about, in nanoseconds: for each instance, or name of
     * a port, compiled anew, for each slice, and for each step of listing what the slices have. */
    INSTANCE_NS = 500,
    SLICE_NS = 100,
    LISTED_NS = 5,
    /* One that cost x is followed by the next of that service 20 x later, if what has changed
     * since may wait: 5 % of the thread. What costs little waits for nothing: the request that
     * it follows costs as much. */
    PACE_FACTOR = 20,
    PACE_FREE_NS = 50000,
    RETRY_MS = 100, /* after memory lacked */
};

/* The names under which a service is found. */
enum place { PLACE_SERVICE, PLACE_TCP, PLACE_UDP, PLACES };

static uint8_t bit(enum place place)
{
    return (uint8_t)(1u << place);
}

struct publication;

/* One that is left for later. */
struct waiting {
    struct heap_node node; /* key: when to compile it */
    struct publication *of;
};

/* A service in a zone, as published; its name is in its view. Readers see the slot, and the
 * place in the list. Freed after the grace period. */
struct publication {
    struct slot slot;
    struct cells *cells; /* where it is */
    struct browse_place browsed;
    union {
        struct {
            struct zone *zone;
            struct waiting *waiting;   /* NULL = it does not wait */
            uint32_t published_ms;     /* lease time of the view, modulo 2^32 */
            uint8_t in_table, settled; /* bits by place; settled: it is there, or never to be:
                                          hidden, too long */
            bool hidden;               /* one of its names is */
            bool listed;               /* what the zone's list says of it is right */
        };
        struct rcu_late late; /* once it is forgotten */
    };
};

/* One call of dns_publish. */
struct turn {
    struct dns *dns;
    struct registry *registry;
    uint64_t now; /* lease ms */
    bool short_of_memory;
};

struct publication_key {
    const struct zone *zone;
    struct text service;
};

static struct view *view_of(const struct publication *p)
{
    return RCU_READ(p->slot.view);
}

static bool is_publication(const void *entry, const void *key)
{
    const struct publication *p = entry;
    const struct publication_key *k = key;
    return p->zone == k->zone && text_is(view_service(view_of(p)), k->service);
}

static uint64_t publication_hash(const struct dns *dns, const struct publication_key *key)
{
    /* Zones are few: those of one service's publications may stand side by side. */
    return hash_bytes(&dns->key, key->service.s, key->service.n) + key->zone->index;
}

static struct publication *publication_find(const struct dns *dns, struct zone *zone,
                                            struct text service)
{
    struct publication_key key = {zone, service};
    return map_find(&dns->published, publication_hash(dns, &key), is_publication, &key);
}

static uint64_t hash_of(const struct dns *dns, const struct publication *p)
{
    struct publication_key key = {p->zone, view_service(view_of(p))};
    return publication_hash(dns, &key);
}

/* Takes the first view over; NULL (and the view still the caller's) when memory lacks. */
static struct publication *publication_new(struct dns *dns, struct zone *zone, struct view *view)
{
    struct publication *p = cells_take(dns->cells, sizeof(*p));
    if (!p)
        return NULL;
    p->cells = dns->cells;
    p->zone = zone;
    RCU_PUBLISH(p->slot.view, view);
    if (map_insert(&dns->published, hash_of(dns, p), p)) {
        cells_give(dns->cells, p);
        return NULL;
    }
    return p;
}

/* ---- names --------------------------------------------------------------------------- */

/* S.Z, or _S._tcp.Z with the underscore before the first label; false when it does not
 * fit a name. */
static bool place_name(const struct publication *p, enum place place, struct name *out)
{
    static const char *const ends[PLACES] = {"", "._tcp", "._udp"};
    char text[1 + SERVICE_MAX + sizeof("._tcp")];
    size_t size = 0;
    if (place != PLACE_SERVICE)
        text[size++] = '_';
    struct text service = view_service(view_of(p));
    if (service.n > SERVICE_MAX)
        return false;
    memcpy(text + size, service.s, service.n);
    size += service.n;
    size_t end = strlen(ends[place]);
    memcpy(text + size, ends[place], end);
    return name_join((struct text){text, size + end}, &p->zone->apex, out) == ERR_OK;
}

static bool is_hidden(const struct dns *dns, const struct publication *p, const struct name *name)
{
    const struct node *there = table_find(dns->table, name->wire, name->size);
    return dns_zone_of(dns, name) != p->zone || (there && there->kind == NODE_STATIC) ||
           table_occluded(dns->table, name, p->zone);
}

static void hide(struct turn *t, struct publication *p, const struct name *name)
{
    char text[NAME_TEXT];
    if (view_of(p)->instance_count) /* else nobody misses it */
        log_limited(&t->dns->hidden_log, t->now, LOG_LEVEL_WARN,
                    "service %.*s is hidden at %s: a static name, delegation or other zone is "
                    "there",
                    TEXT_ARG(view_service(view_of(p))), name_format(name->wire, text));
    if (!p->hidden)
        t->dns->totals.hidden_services++;
    p->hidden = true;
}

static enum err put_name(struct turn *t, struct publication *p, enum place place)
{
    static const enum node_kind kinds[PLACES] = {NODE_SERVICE, NODE_SERVICE_TCP, NODE_SERVICE_UDP};
    struct dns *dns = t->dns;
    struct name name;
    if (place_name(p, place, &name)) {
        if (is_hidden(dns, p, &name)) {
            hide(t, p, &name);
        } else {
            if (table_put(dns->table, &name, p->zone, kinds[place], &p->slot, NULL, 0))
                return ERR_MEMORY;
            leaf_displaced(dns, &name);
            p->in_table |= bit(place);
        }
    }
    p->settled |= bit(place);
    return ERR_OK;
}

static bool is_settled(const struct publication *p)
{
    return p->settled == bit(PLACES) - 1 && p->listed;
}

/* In the zone's list for DNS-SD with the protocols that have a live instance. */
static enum err list_service(struct publication *p)
{
    unsigned named = (p->in_table & bit(PLACE_TCP) ? 1u << PROTOCOL_TCP : 0) |
                     (p->in_table & bit(PLACE_UDP) ? 1u << PROTOCOL_UDP : 0);
    return browse_list_set(&p->zone->browsed, &p->browsed, &p->slot,
                           (uint8_t)(named & browse_protocols(view_of(p))));
}

static enum err settle(struct turn *t, struct publication *p)
{
    for (enum place place = PLACE_SERVICE; place < PLACES; place++)
        if (!(p->settled & bit(place)) && put_name(t, p, place))
            return ERR_MEMORY;
    p->listed = list_service(p) == ERR_OK;
    return p->listed ? ERR_OK : ERR_MEMORY;
}

static enum err unsettle(struct dns *dns, struct publication *p)
{
    for (enum place place = PLACE_SERVICE; place < PLACES; place++) {
        struct name name;
        if (p->in_table & bit(place) && place_name(p, place, &name) &&
            table_remove(dns->table, &name))
            return ERR_MEMORY;
        p->in_table &= (uint8_t)~bit(place);
        p->settled &= (uint8_t)~bit(place);
    }
    return ERR_OK;
}

/* Where the service can be found, as bits of enum view_place. */
static unsigned places_of(const struct publication *p)
{
    return (p->in_table & bit(PLACE_SERVICE) ? VIEW_AT_SERVICE : 0u) |
           (p->in_table & bit(PLACE_TCP) ? VIEW_AT_TCP : 0u) |
           (p->in_table & bit(PLACE_UDP) ? VIEW_AT_UDP : 0u);
}

/* ---- views ---------------------------------------------------------------------------- */

static void reclaim(struct rcu_late *late)
{
    struct publication *p = (void *)((char *)late - offsetof(struct publication, late));
    cells_give(p->cells, p);
}

static void stop_waiting(struct dns *dns, struct publication *p)
{
    if (p->waiting)
        heap_remove(&dns->waiting, &p->waiting->node);
    free(p->waiting);
    p->waiting = NULL;
}

/* False: there is no memory for it. */
static bool wait_until(struct dns *dns, struct publication *p, uint64_t due)
{
    struct waiting *w = malloc(sizeof(*w));
    if (!w)
        return false;
    heap_node_init(&w->node);
    w->of = p;
    if (heap_add(&dns->waiting, &w->node, due)) {
        free(w);
        return false;
    }
    p->waiting = w;
    return true;
}

/* What the world saw of a service, and sees of it now. */
static void note_change(struct dns *dns, struct zone *zone, const struct view *old,
                        unsigned old_places, const struct view *new, unsigned new_places)
{
    zone_log_view(zone, &dns->key, old, old_places, new, new_places);
    reverse_note(dns, zone, old_places & VIEW_AT_SERVICE ? old : NULL,
                 new_places & VIEW_AT_SERVICE ? new : NULL);
}

/* Compiles and swaps; names follow the view, so that none leads to nothing. */
static enum err publish(struct turn *t, struct publication *p, const struct service *service,
                        struct zone *zone)
{
    struct dns *dns = t->dns;
    struct view *view, *old = p ? view_of(p) : NULL;
    unsigned old_places = p ? places_of(p) : 0;
    const struct compile_context context = {t->registry, zone, dns->config.selectors, &dns->key};
    if (old ? compile_next(&context, service, old, &view) : compile_view(&context, service, &view))
        return ERR_MEMORY;
    if (p) {
        RCU_PUBLISH(p->slot.view, view);
        dns->totals.view_bytes -= view_bytes(old);
    } else {
        p = publication_new(dns, zone, view);
        if (!p) {
            view_free(view);
            return ERR_MEMORY;
        }
    }
    dns->totals.view_bytes += view_bytes(view);
    dns->totals.publications++;
    p->published_ms = (uint32_t)t->now;
    zone->dirty = true;
    enum err err = settle(t, p);
    if (!err) /* else one that is due comes again */
        stop_waiting(dns, p);
    note_change(dns, zone, old, old_places, view, places_of(p));
    if (old)
        view_retire(old);
    return err;
}

/* The service is not known any more: names, slot and view go. */
static enum err forget(struct turn *t, struct publication *p)
{
    struct dns *dns = t->dns;
    struct view *view = view_of(p);
    unsigned old_places = places_of(p);
    p->zone->dirty = true;
    if (unsettle(dns, p)) {
        note_change(dns, p->zone, view, old_places, view, places_of(p));
        return ERR_MEMORY;
    }
    note_change(dns, p->zone, view, old_places, NULL, 0);
    dns->totals.view_bytes -= view_bytes(view);
    dns->totals.hidden_services -= p->hidden;
    stop_waiting(dns, p);
    browse_list_clear(&p->zone->browsed, &p->browsed);
    map_remove(&dns->published, hash_of(dns, p), p);
    view_retire(view);
    rcu_defer(&p->late, reclaim);
    return ERR_OK;
}

bool dns_published_next(const struct dns *dns, size_t *cursor, struct published *out)
{
    const struct publication *p = map_next(&dns->published, cursor);
    if (p)
        *out = (struct published){p->zone, view_of(p), places_of(p)};
    return p != NULL;
}

size_t dns_published_some(const struct dns *dns, size_t *cursor, struct published *out, size_t max)
{
    const struct publication *found[PUBLISHED_AT_ONCE];
    size_t count = 0;
    while (count < max && count < PUBLISHED_AT_ONCE &&
           (found[count] = map_next(&dns->published, cursor)))
        __builtin_prefetch(found[count++]);
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct published){found[i]->zone, view_of(found[i]), places_of(found[i])};
        __builtin_prefetch(out[i].view, 1);
    }
    return count;
}

void dns_unpublish(struct dns *dns)
{
    size_t cursor = 0;
    for (struct publication *p; (p = map_next(&dns->published, &cursor));) {
        stop_waiting(dns, p);
        view_free(view_of(p));
        browse_place_deinit(&p->browsed);
        cells_give(dns->cells, p);
    }
    heap_deinit(&dns->waiting);
    map_deinit(&dns->published);
}

/* ---- when ------------------------------------------------------------------------------ */

/* How long after a view the next one may have to wait. */
static uint64_t pace_ms(const struct view *v)
{
    uint64_t cost = (uint64_t)view_compiled(v) * INSTANCE_NS + (uint64_t)v->slice_count * SLICE_NS +
                    (uint64_t)view_listed(v) * LISTED_NS;
    return cost < PACE_FREE_NS ? 0 : cost * PACE_FACTOR / 1000000;
}

/* Did the service only grow, and was its last time, which took long, not long ago? Then it
 * waits, unless there is no memory even for that. */
static bool may_wait(struct turn *t, struct publication *p, const struct service *service)
{
    uint64_t passed = (uint32_t)t->now - p->published_ms, pace = pace_ms(view_of(p));
    if (passed >= pace || service_withdrawal_index(service) > view_of(p)->index || !is_settled(p))
        return false;
    return p->waiting || wait_until(t->dns, p, t->now + pace - passed);
}

static enum err take_change(struct turn *t, const struct change *change, struct zone *zone)
{
    struct publication *p = publication_find(t->dns, zone, change->service);
    if (!change->known)
        return p ? forget(t, p) : ERR_OK;
    if (p && view_of(p)->index == change->index && is_settled(p))
        return ERR_OK; /* seen before, in a call that ran out of memory */
    if (p && may_wait(t, p, change->known))
        return ERR_OK;
    return publish(t, p, change->known, zone);
}

static void take_change_everywhere(struct turn *t, const struct change *change)
{
    for (size_t i = 0; i < t->dns->zone_count; i++) {
        struct zone *zone = t->dns->zones[i];
        if (zone->ns && text_is(text_of(zone->ns), change->ns) && take_change(t, change, zone))
            t->short_of_memory = true;
    }
}

/* Walks the whole feed even when memory lacks on the way; but then the next call begins
 * again where this one first failed. */
static void read_feed(struct turn *t)
{
    struct change batch[FEED_BATCH];
    uint64_t cursor = t->dns->published_index;
    size_t count;
    do {
        count = registry_changes(t->registry, cursor, batch, FEED_BATCH);
        for (size_t i = 0; i < count; i++) {
            take_change_everywhere(t, &batch[i]);
            cursor = batch[i].index;
            if (!t->short_of_memory)
                t->dns->published_index = cursor;
        }
    } while (count == FEED_BATCH);
}

static void take_due(struct turn *t)
{
    struct dns *dns = t->dns;
    struct heap_node *first;
    while ((first = heap_first(&dns->waiting)) && first->key <= t->now) {
        struct publication *p =
            ((struct waiting *)((char *)first - offsetof(struct waiting, node)))->of;
        const struct service *service =
            registry_service(t->registry, text_of(p->zone->ns), view_service(view_of(p)));
        if (!service) {
            stop_waiting(dns, p); /* forgotten: the feed says so */
        } else if (publish(t, p, service, p->zone)) {
            t->short_of_memory = true;
            heap_move(&dns->waiting, &p->waiting->node, t->now + RETRY_MS);
        }
    }
}

enum err dns_publish(struct dns *dns, struct registry *registry, uint64_t lease_ms,
                     uint64_t *due_ms)
{
    struct turn t = {.dns = dns, .registry = registry, .now = lease_ms};
    read_feed(&t);
    take_due(&t);
    if (reverse_settle(dns) || records_publish(dns, lease_ms) || leaves_settle(dns))
        t.short_of_memory = true;
    dns_step_serials(dns);
    const struct heap_node *first = heap_first(&dns->waiting);
    uint64_t due = first ? first->key : UINT64_MAX;
    if (t.short_of_memory && due > lease_ms + RETRY_MS)
        due = lease_ms + RETRY_MS;
    if (due_ms)
        *due_ms = due;
    return t.short_of_memory ? ERR_MEMORY : ERR_OK;
}

uint64_t dns_published_index(const struct dns *dns)
{
    return dns->published_index;
}

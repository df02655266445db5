#include "dns/browse.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/state.h"
#include "dns/zone_file.h"

/* ---- the list -------------------------------------------------------------------------- */

uint8_t browse_protocols(const struct view *v)
{
    const struct srv_set *const *sets = v->by_protocol;
    return (uint8_t)((sets[PROTOCOL_TCP]->count > 0) << PROTOCOL_TCP |
                     (sets[PROTOCOL_UDP]->count > 0) << PROTOCOL_UDP);
}

/* One that is not part of its place. */
struct later_entry {
    struct browse_entry entry;
    struct rcu_late late;
};

static struct later_entry *later_of(struct browse_entry *e)
{
    return (struct later_entry *)((char *)e - offsetof(struct later_entry, entry));
}

static void reclaim(struct rcu_late *late)
{
    free((char *)late - offsetof(struct later_entry, late));
}

static void link_first(struct browse_list *list, struct browse_entry *e)
{
    struct browse_entry *first = RCU_READ(list->first);
    atomic_init(&e->next, first);
    e->previous = NULL;
    if (first)
        first->previous = e;
    RCU_PUBLISH(list->first, e);
}

/* Its own link stays as it is, for those who stand on it. */
static void unlink_entry(struct browse_list *list, struct browse_entry *e)
{
    struct browse_entry *next = RCU_READ(e->next);
    if (next)
        next->previous = e->previous;
    if (e->previous)
        RCU_PUBLISH(e->previous->next, next);
    else
        RCU_PUBLISH(list->first, next);
}

static enum err list_anew(struct browse_list *list, struct browse_place *place,
                          const struct slot *slot, uint8_t protocols)
{
    struct browse_entry *e = &place->first;
    if (e->slot) { /* it was listed before */
        struct later_entry *later = malloc(sizeof(*later));
        if (!later)
            return ERR_MEMORY;
        e = &later->entry;
    }
    e->slot = slot;
    atomic_init(&e->protocols, protocols);
    link_first(list, e);
    place->entry = e;
    return ERR_OK;
}

enum err browse_list_set(struct browse_list *list, struct browse_place *place,
                         const struct slot *slot, uint8_t protocols)
{
    if (place->entry && protocols)
        atomic_store_explicit(&place->entry->protocols, protocols, memory_order_relaxed);
    else if (protocols)
        return list_anew(list, place, slot, protocols);
    else
        browse_list_clear(list, place);
    return ERR_OK;
}

void browse_list_clear(struct browse_list *list, struct browse_place *place)
{
    if (!place->entry)
        return;
    unlink_entry(list, place->entry);
    if (place->entry != &place->first)
        rcu_defer(&later_of(place->entry)->late, reclaim);
    place->entry = NULL;
}

void browse_place_deinit(struct browse_place *place)
{
    if (place->entry && place->entry != &place->first)
        free(later_of(place->entry));
}

/* The groups of those that can be browsed. */
static uint32_t group_count(const struct srv_set *set)
{
    uint32_t count = set->group_count;
    if (count == 0 || set->parts[0].priority >= STALE_PRIORITY)
        return count;
    while (set->parts[set->groups[count - 1].first_part].priority >= STALE_PRIORITY)
        count--;
    return count;
}

uint32_t browse_count(const struct srv_set *set)
{
    uint32_t count = 0;
    for (uint32_t g = group_count(set); g > 0; g--)
        count += set->groups[g - 1].count;
    return count;
}

uint32_t browse_parts(const struct srv_set *set)
{
    uint32_t count = group_count(set);
    if (count == 0)
        return 0;
    const struct pick_group *last = &set->groups[count - 1];
    return last->first_part + last->part_count;
}

/* ---- names ------------------------------------------------------------------------------ */

bool browse_types_name(const struct zone *zone, struct name *out)
{
    return name_join(TEXT("_services._dns-sd._udp"), &zone->apex, out) == ERR_OK;
}

bool browse_service_name(struct text service, enum protocol protocol, const struct zone *zone,
                         struct name *out)
{
    static const char *const ends[] = {[PROTOCOL_TCP] = "._tcp", [PROTOCOL_UDP] = "._udp"};
    enum { END = sizeof("._tcp") - 1 };
    char text[1 + SERVICE_MAX + END];
    if (service.n > SERVICE_MAX)
        return false;
    text[0] = '_';
    memcpy(text + 1, service.s, service.n);
    memcpy(text + 1 + service.n, ends[protocol], END);
    return name_join((struct text){text, 1 + service.n + END}, &zone->apex, out) == ERR_OK;
}

/* Is the file's something there, or decides it what is there? */
static bool is_spoken_for(const struct zone *zone, const struct zone_records *records,
                          const struct name *name)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct zone_record *r = &records->items[i];
        bool covers =
            r->type == TYPE_DNAME || (r->type == TYPE_NS && !name_is(&r->owner, &zone->apex));
        if ((covers && name_is_below(name, &r->owner)) || name_is(&r->owner, name))
            return true;
    }
    return false;
}

enum err browse_domains(const struct zone *zone, struct zone_records *records)
{
    static const char *const labels[] = {"b", "db", "r", "dr", "lb"};
    uint8_t apex[NAME_MAX_WIRE];
    struct zone_record r = {.ttl = zone->ttl, .type = TYPE_PTR, .file = ""};
    r.rdata = apex;
    r.size = zone->apex.size;
    memcpy(apex, zone->apex.wire, zone->apex.size);
    for (size_t i = 0; zone->ns && i < ARRAY_COUNT(labels); i++) {
        char text[sizeof("db._dns-sd._udp")];
        snprintf(text, sizeof(text), "%s._dns-sd._udp", labels[i]);
        if (name_join(text_of(text), &zone->apex, &r.owner) ||
            is_spoken_for(zone, records, &r.owner))
            continue;
        if (zone_records_add(records, &r))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

enum err browse_put(struct dns *dns, struct zone *zone)
{
    struct name name;
    if (!zone->ns || !browse_types_name(zone, &name) || dns_zone_of(dns, &name) != zone)
        return ERR_OK;
    const struct node *there = table_find(dns->table, name.wire, name.size);
    if ((there && there->kind != NODE_EMPTY) || table_occluded(dns->table, &name, zone))
        return ERR_OK;
    return table_put(dns->table, &name, zone, NODE_TYPES, NULL, NULL, 0);
}

/* The lists of a slice that SRV answers are drawn from. */
#include "dns/draft.h"

#include <string.h>

#include "dns/wire.h"

/* The live ones by priority; most often they are in order. */
static void sort_live(struct draft *d)
{
    for (unsigned place = 0; place < d->count; place++) {
        if (!d->instances[place].live)
            continue;
        unsigned at = d->live_count++;
        uint16_t priority = d->instances[place].priority;
        for (; at && d->instances[d->by_priority[at - 1]].priority > priority; at--)
            d->by_priority[at] = d->by_priority[at - 1];
        d->by_priority[at] = (uint8_t)place;
    }
}

/* The part of this priority, the last of the set; a new one where there is none yet. */
static struct draft_part *part_for(struct draft *d, struct draft_set *set, uint16_t priority)
{
    struct draft_part *parts = d->parts.items;
    if (set->count && parts[d->parts.count - 1].priority == priority)
        return &parts[d->parts.count - 1];
    struct draft_part fresh = {.first = (uint32_t)d->items.count, .priority = priority};
    set->count++;
    return list_append(&d->parts, &fresh, 1, sizeof(fresh));
}

static enum err add_item(struct draft *d, struct draft_set *set, unsigned place, uint16_t port)
{
    const struct view_instance *in = &d->instances[place];
    struct draft_part *part = part_for(d, set, in->priority);
    struct part_item item = {port, (uint8_t)place};
    if (!part)
        return ERR_MEMORY;
    const uint32_t *sums = d->sums.items;
    uint32_t sum = in->weight + (part->count ? sums[d->sums.count - 1] : 0);
    if (!list_append(&d->items, &item, 1, sizeof(item)) ||
        !list_append(&d->sums, &sum, 1, sizeof(sum)))
        return ERR_MEMORY;
    part->count++;
    part->zeros = (uint8_t)(part->zeros + (in->weight == 0));
    part->bytes += RECORD_HEAD + SRV_HEAD + draft_target_size(d, in);
    return ERR_OK;
}

static size_t first_item(const struct draft *d, const struct draft_set *set)
{
    return set->count ? ((struct draft_part *)d->parts.items)[set->first].first : d->items.count;
}

/* A set of the same items as that of the default ports is that one. */
static void share_default(struct draft *d, struct draft_set *set)
{
    const struct draft_set *other = &d->sets[SET_DEFAULT];
    const struct part_item *items = d->items.items;
    size_t from = first_item(d, other), at = first_item(d, set), count = d->items.count - at;
    /* That set stands first, another one behind it may not have begun yet. */
    const struct draft_part *end =
        (struct draft_part *)d->parts.items + other->first + other->count;
    if (!other->count || from + count != (end - 1)->first + (end - 1)->count)
        return;
    for (size_t i = 0; i < count; i++)
        if (items[from + i].port != items[at + i].port ||
            items[from + i].instance != items[at + i].instance)
            return;
    d->parts.count -= set->count;
    d->items.count = d->sums.count = at;
    *set = *other;
}

static uint16_t own_port(const struct view_instance *in, enum set_kind kind)
{
    return kind == SET_DEFAULT ? in->port
                               : in->ports[kind == SET_TCP ? PROTOCOL_TCP : PROTOCOL_UDP];
}

static enum err set_of_kind(struct draft *d, enum set_kind kind)
{
    struct draft_set *set = &d->sets[kind];
    *set = (struct draft_set){.first = (uint32_t)d->parts.count};
    for (unsigned i = 0; i < d->live_count; i++) {
        unsigned place = d->by_priority[i];
        uint16_t port = own_port(&d->instances[place], kind);
        if (port && add_item(d, set, place, port))
            return ERR_MEMORY;
    }
    if (kind != SET_DEFAULT)
        share_default(d, set);
    return ERR_OK;
}

static enum err set_of_port(struct draft *d, struct draft_port *port)
{
    port->set = (struct draft_set){.first = (uint32_t)d->parts.count};
    for (unsigned i = 0; i < d->live_count; i++) {
        unsigned place = d->by_priority[i];
        if (port->ports[place] && add_item(d, &port->set, place, port->ports[place]))
            return ERR_MEMORY;
    }
    share_default(d, &port->set);
    return ERR_OK;
}

enum err draft_sets(struct draft *d)
{
    sort_live(d);
    for (enum set_kind kind = SET_DEFAULT; kind < SET_KINDS; kind++)
        if (set_of_kind(d, kind))
            return ERR_MEMORY;
    for (size_t i = 0; i < d->ports.count; i++)
        if (set_of_port(d, (struct draft_port *)d->ports.items + i))
            return ERR_MEMORY;
    return ERR_OK;
}

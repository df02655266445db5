/* The finished draft into the one block of a slice. */
#include "dns/draft.h"

#include "dns/svcb.h"
#include "dns/wire.h"

struct block_of_slice {
    uint8_t *start;
    const struct slice_plan *plan;
};

enum { LIST_ITEM = sizeof(uint32_t) + sizeof(struct part_item) };

/* What stands behind these, and is sorted so, needs no gaps. */
_Static_assert(LIST_ITEM % _Alignof(struct view_instance) == 0, "instances stand behind the lists");
_Static_assert(SLICE_MAX *(sizeof(struct view_instance) + INSTANCE_ID_MAX + 1 +
                           16 * ADDRESSES_MAX) <= UINT16_MAX,
               "label_at reaches all labels");

static size_t round_up(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

void slice_measure(const struct draft *d, bool block, struct slice_plan *plan)
{
    const size_t sizes[SLICE_SECTIONS] = {
        [SLICE_HEAD] = sizeof(struct slice),
        [SLICE_INSTANCES] = d->count * sizeof(struct view_instance),
        [SLICE_BYTES] = d->bytes.count,
        [SLICE_HASHES] = block ? d->count * sizeof(uint64_t) : 0,
        [SLICE_PORTS] = d->names.entries.count * sizeof(struct slice_port),
        [SLICE_SELECTORS] = d->pairs.entries.count * sizeof(struct selector),
        [SLICE_PARTS] = d->parts.count * sizeof(struct part),
        [SLICE_LISTS] = d->items.count * LIST_ITEM,
        [SLICE_TAGS] = d->count,
        [SLICE_STRINGS] = d->strings.count,
    };
    size_t size = block ? sizeof(struct slice) : 0;
    for (enum slice_section s = 0; s < SLICE_SECTIONS; s++) {
        if (s == SLICE_HEAD || s == SLICE_PORTS)
            size = round_up(size);
        plan->at[s] = s == SLICE_HEAD && block ? 0 : size;
        size += s == SLICE_HEAD && block ? 0 : sizes[s];
    }
    size_t bytes_end = plan->at[SLICE_BYTES] + d->bytes.count;
    plan->block = block;
    plan->size = round_up(size < bytes_end + SLICE_READABLE ? bytes_end + SLICE_READABLE : size);
}

static void *section(const struct block_of_slice *b, enum slice_section s)
{
    return b->start + b->plan->at[s];
}

static uint32_t offset(const struct block_of_slice *b, const struct slice *s,
                       enum slice_section section_of)
{
    return (uint32_t)((uint8_t *)section(b, section_of) - (const uint8_t *)s);
}

static void copy_list(const struct block_of_slice *b, enum slice_section s, const struct list *l,
                      size_t size)
{
    if (l->count)
        memcpy(section(b, s), l->items, l->count * size);
}

static const char *string_at(const struct block_of_slice *b, const struct distinct *e)
{
    return (const char *)section(b, SLICE_STRINGS) + e->offset;
}

static void note_live(struct slice *s, unsigned place, const struct view_instance *i)
{
    if (i->weight > s->weight_max)
        s->weight_max = i->weight;
    if (!i->stale && i->priority > s->priority_max)
        s->priority_max = i->priority;
    if (svcb_has(i, TYPE_HTTPS))
        s->https |= UINT64_C(1) << place;
}

static void place_instances(const struct draft *d, const struct block_of_slice *b, struct slice *s)
{
    struct view_instance *to = section(b, SLICE_INSTANCES);
    uint8_t *tags = section(b, SLICE_TAGS);
    s->instances = to;
    s->tags_at = offset(b, s, SLICE_TAGS);
    for (unsigned n = 0; n < d->count; n++, to++) {
        const struct distinct *txt = intern_entry(&d->txts, d->instances[n].txt_at);
        const uint8_t *label = (uint8_t *)section(b, SLICE_BYTES) + d->instances[n].label_at;
        *to = d->instances[n];
        to->label_at = (uint16_t)(label - (uint8_t *)to);
        to->txt_at = (uint32_t)(string_at(b, txt) + TXT_SIZE - (char *)to);
        tags[n] = slice_tag(instance_label(to));
        s->status_counts[to->status]++;
        if (!to->browsable)
            s->unbrowsable |= UINT64_C(1) << n;
        if (to->live)
            note_live(s, n, to);
    }
}

static void place_hashes(const struct draft *d, const struct block_of_slice *b, struct slice *s)
{
    uint64_t *to = section(b, SLICE_HASHES);
    s->hashes_at = offset(b, s, SLICE_HASHES);
    for (unsigned n = 0; n < d->count; n++)
        to[n] = slice_id_hash(&s->instances[n]);
}

static void place_parts(const struct draft *d, const struct block_of_slice *b, struct slice *s)
{
    struct part *to = section(b, SLICE_PARTS);
    const struct draft_part *from = d->parts.items;
    s->parts = to;
    const uint32_t *sums = d->sums.items;
    const struct part_item *items = d->items.items;
    uint8_t *lists = section(b, SLICE_LISTS);
    for (size_t i = 0; i < d->parts.count; i++, to++, from++) {
        size_t sums_size = from->count * sizeof(*sums), items_size = from->count * sizeof(*items);
        memcpy(lists, sums + from->first, sums_size);
        memcpy(lists + sums_size, items + from->first, items_size);
        *to = (struct part){.sums = (const uint32_t *)(const void *)lists,
                            .instances = s->instances,
                            .base = d->base,
                            .bytes = from->bytes,
                            .priority = from->priority,
                            .count = from->count,
                            .zeros = from->zeros};
        lists += sums_size + items_size;
    }
}

static struct slice_set place_set(const struct draft_set *from)
{
    return (struct slice_set){(uint16_t)from->first, (uint16_t)from->count};
}

static void place_ports(const struct draft *d, const struct block_of_slice *b, struct slice *s)
{
    struct slice_port *to = section(b, SLICE_PORTS);
    const uint32_t *order = d->name_order.items;
    s->ports_at = offset(b, s, SLICE_PORTS);
    s->port_count = (uint16_t)d->names.entries.count;
    for (unsigned i = 0; i < s->port_count; i++, to++) {
        const struct distinct *e = intern_entry(&d->names, order[i]);
        const char *name = string_at(b, e);
        to->name = (struct text){name, e->size - 1};
        to->protocol = (uint8_t)name[e->size - 1];
        to->hash = e->hash;
        to->set = place_set(&((struct draft_port *)d->ports.items)[order[i]].set);
        s->port_protocols = (uint8_t)(s->port_protocols | 1u << to->protocol);
    }
}

static void place_selectors(const struct draft *d, const struct block_of_slice *b, struct slice *s)
{
    struct selector *to = section(b, SLICE_SELECTORS);
    const uint32_t *order = d->pair_order.items;
    s->selectors_at = offset(b, s, SLICE_SELECTORS);
    s->selector_count = (uint16_t)d->pairs.entries.count;
    for (unsigned i = 0; i < s->selector_count; i++, to++) {
        const struct distinct *e = intern_entry(&d->pairs, order[i]);
        const char *pair = string_at(b, e);
        to->key = (struct text){pair, e->split};
        to->value = (struct text){pair + e->split + 1, e->size - e->split - 1};
        to->hash = e->hash;
        to->live = e->has & d->live;
        to->fresh = to->live & ~d->stale;
        to->registered = (uint8_t)__builtin_popcountll(e->has);
    }
}

struct slice *slice_write(const struct draft *d, const struct slice_plan *plan, void *start)
{
    const struct block_of_slice b = {start, plan};
    struct slice *s = section(&b, SLICE_HEAD);
    struct block block = plan->block ? s->block : (struct block){0}; /* it is set */
    memset(start, 0, plan->size);
    s->block = block;
    s->count = (uint8_t)d->count;
    s->ttl = d->ttl;
    s->live = d->live;
    s->stale = d->stale;
    memcpy(s->classes, d->classes, sizeof(s->classes));
    copy_list(&b, SLICE_BYTES, &d->bytes, 1);
    copy_list(&b, SLICE_STRINGS, &d->strings, 1);
    place_instances(d, &b, s);
    if (plan->block)
        place_hashes(d, &b, s);
    place_parts(d, &b, s);
    for (enum set_kind kind = SET_DEFAULT; kind < SET_KINDS; kind++)
        s->sets[kind] = place_set(&d->sets[kind]);
    place_ports(d, &b, s);
    place_selectors(d, &b, s);
    return s;
}

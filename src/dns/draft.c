#include "dns/draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

enum err draft_init(struct draft *d, const struct compile_context *c, const struct service *service)
{
    *d = (struct draft){.c = c};
    enum err err = name_join(service_name(service), &c->zone->apex, &d->owner);
    if (err)
        d->owner.size = 0; /* and not the labels that fit */
    return err;
}

void draft_deinit(struct draft *d)
{
    struct list *lists[] = {&d->bytes, &d->strings, &d->ports,      &d->parts,
                            &d->items, &d->sums,    &d->name_order, &d->pair_order};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        free(lists[i]->items);
    struct intern *interns[] = {&d->txts, &d->names, &d->pairs};
    for (size_t i = 0; i < ARRAY_COUNT(interns); i++) {
        free(interns[i]->entries.items);
        free(interns[i]->slots);
    }
}

static void intern_empty(struct intern *in)
{
    if (in->entries.count)
        memset(in->slots, 0, ((size_t)in->mask + 1) * sizeof(*in->slots));
    in->entries.count = 0;
}

static void draft_empty(struct draft *d)
{
    d->count = d->live_count = 0;
    d->live = d->stale = 0;
    d->ttl = UINT32_MAX;
    d->classes[0] = d->classes[1] = (struct slice_class){.best_priority = UINT16_MAX};
    d->bytes.count = d->strings.count = d->ports.count = 0;
    d->parts.count = d->items.count = d->sums.count = 0;
    d->name_order.count = d->pair_order.count = 0;
    intern_empty(&d->txts);
    intern_empty(&d->names);
    intern_empty(&d->pairs);
}

/* At most half of the slots are used. */
static enum err intern_reserve(struct intern *in)
{
    if (in->slots && (in->entries.count + 1) * 2 <= (size_t)in->mask + 1)
        return ERR_OK;
    uint32_t size = in->slots ? (in->mask + 1) * 2 : 32;
    uint32_t *slots = calloc(size, sizeof(*slots));
    if (!slots)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < in->entries.count; i++) {
        uint32_t at = intern_entry(in, i)->hash & (size - 1);
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = i + 1;
    }
    free(in->slots);
    in->slots = slots;
    in->mask = size - 1;
    return ERR_OK;
}

enum err draft_intern(struct draft *d, struct intern *in, size_t offset, unsigned place,
                      uint32_t *entry)
{
    if (intern_reserve(in))
        return ERR_MEMORY;
    const uint8_t *bytes = (const uint8_t *)d->strings.items + offset;
    uint32_t size = (uint32_t)(d->strings.count - offset);
    uint32_t hash = (uint32_t)hash_bytes(d->c->key, bytes, size);
    uint32_t at = hash & in->mask;
    for (; in->slots[at]; at = (at + 1) & in->mask) {
        struct distinct *e = intern_entry(in, in->slots[at] - 1);
        if (e->hash == hash && e->size == size && memcmp(draft_string(d, e), bytes, size) == 0) {
            *entry = in->slots[at] - 1;
            e->has |= UINT64_C(1) << place;
            d->strings.count = offset;
            return ERR_OK;
        }
    }
    struct distinct fresh = {(uint32_t)offset, size, hash, 0, UINT64_C(1) << place};
    if (!list_append(&in->entries, &fresh, 1, sizeof(fresh)))
        return ERR_MEMORY;
    *entry = (uint32_t)in->entries.count - 1;
    in->slots[at] = *entry + 1;
    return ERR_OK;
}

/* ---- instances ------------------------------------------------------------------------- */

/* Those of one family, behind what is there; returns how many, -1 = memory lacks. */
static int add_family(struct draft *d, const struct record *r, enum family family)
{
    int count = 0;
    for (unsigned n = 0; n < r->address_count; n++) {
        const struct addr *a = &r->addresses[n];
        if (a->family != family)
            continue;
        if (!list_append(&d->bytes, a->bytes, addr_size(a), 1))
            return -1;
        count++;
    }
    return count;
}

/* Behind its label. */
static enum err add_addresses(struct draft *d, struct view_instance *i, const struct record *r)
{
    int v4 = add_family(d, r, FAMILY_V4), v6 = v4 < 0 ? -1 : add_family(d, r, FAMILY_V6);
    if (v6 < 0)
        return ERR_MEMORY;
    i->v4_count = (uint8_t)v4 & 15;
    i->v6_count = (uint8_t)v6 & 15;
    return ERR_OK;
}

/* Does it name a protocol (RFC 7301) for SVCB records? */
static bool names_alpn(const struct record *r)
{
    for (unsigned i = 0; i < r->metadata_count; i++)
        if (text_is(r->metadata[i].key, TEXT("alpn")))
            for (size_t n = 0; n < r->metadata[i].value.n; n++)
                if (r->metadata[i].value.s[n] != ',')
                    return true;
    return false;
}

/* Has I._S._tcp.Z room: an underscore and a label more than I.S.Z? */
static bool is_browsable(uint32_t target_size)
{
    enum {
        MORE = sizeof("_"
                      "\4_tcp") -
               1
    };
    return target_size + MORE <= NAME_MAX_WIRE;
}

static enum err add_label(struct draft *d, struct view_instance *i, struct text id)
{
    i->label_at = (uint16_t)d->bytes.count;
    uint8_t *to = list_add(&d->bytes, 1 + id.n, 1);
    if (!to)
        return ERR_MEMORY;
    to[0] = (uint8_t)id.n;
    memcpy(to + 1, id.s, id.n);
    return ERR_OK;
}

static void note_class(struct slice_class *class, const struct view_instance *i)
{
    class->count++;
    class->v4_count = (uint8_t)(class->v4_count + (i->v4_count > 0));
    class->v6_count = (uint8_t)(class->v6_count + (i->v6_count > 0));
    if (class->count == 1 || i->priority < class->best_priority) {
        class->best_priority = i->priority;
        class->best_weight = i->weight;
    } else if (i->priority == class->best_priority && i->weight > class->best_weight) {
        class->best_weight = i->weight;
    }
}

static void note_live(struct draft *d, const struct view_instance *i, const struct record *r)
{
    uint64_t bit = UINT64_C(1) << d->count;
    d->live |= bit;
    if (i->stale)
        d->stale |= bit;
    note_class(&d->classes[i->stale], i);
    if (r->ttl != TTL_UNSET && (uint32_t)r->ttl < d->ttl)
        d->ttl = (uint32_t)r->ttl;
}

static enum err add_instance(struct draft *d, const struct ordered *from)
{
    if (1 + from->id.n + d->owner.size > NAME_MAX_WIRE)
        return ERR_OK;
    struct record r;
    struct instance_state state;
    instance_read(from->instance, &r);
    instance_state(from->instance, &state);
    struct view_instance *i = &d->instances[d->count];
    *i = (struct view_instance){.weight = state.weight,
                                .status = (uint8_t)state.status & 3,
                                .stale = state.stale,
                                .live = state.status == STATUS_UP,
                                .alpn = names_alpn(&r)};
    i->priority = (uint16_t)(r.priority + (state.stale ? STALE_PRIORITY : 0));
    if (add_label(d, i, from->id) || add_addresses(d, i, &r) || draft_txt(d, d->count, &r) ||
        draft_note_ports(d, d->count, &r) || draft_note_selectors(d, d->count, &r))
        return ERR_MEMORY;
    i->browsable = is_browsable(draft_target_size(d, i));
    if (i->live)
        note_live(d, i, &r);
    d->count++;
    return ERR_OK;
}

static int compare_ids(const void *left, const void *right)
{
    const struct ordered *a = left, *b = right;
    return text_compare(a->id, b->id);
}

enum err draft_slice(struct draft *d, struct ordered *list, unsigned count)
{
    if (count > 1)
        qsort(list, count, sizeof(*list), compare_ids);
    draft_empty(d);
    for (unsigned n = 0; n < count; n++)
        if (add_instance(d, &list[n]))
            return ERR_MEMORY;
    return draft_sets(d) || draft_order(d) ? ERR_MEMORY : ERR_OK;
}

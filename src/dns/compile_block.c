/* The finished draft into the one block of a view. */
#include "dns/draft.h"
#include "dns/svcb.h"
#include "dns/wire.h"

#include <stdlib.h>
#include <string.h>

/* One after the other behind the view's head; those that hold pointers or 64-bit
 * numbers first, so that nothing needs padding. */
enum section {
    INSTANCES,
    PORTS,
    SELECTORS,
    TXTS,
    SUMS,
    ADDR_SUMS,
    GROUPS,
    ITEMS,
    IDS,
    LIVE,
    TXT_SIZES,
    NAMES,
    BYTES,
    SECTIONS
};

struct block {
    uint8_t *start;
    size_t at[SECTIONS], size;
};

static void measure(const struct draft *d, struct block *b)
{
    const size_t sizes[SECTIONS] = {
        [INSTANCES] = d->instances.count * sizeof(struct view_instance),
        [PORTS] = d->ports.count * sizeof(struct named_port),
        [SELECTORS] = d->selectors.count * sizeof(struct selector),
        [TXTS] = d->txts.entries.count * sizeof(uint8_t *),
        [SUMS] = d->sums.count * sizeof(uint64_t),
        [ADDR_SUMS] = d->addr_sums.count * sizeof(uint64_t),
        [GROUPS] = d->groups.count * sizeof(struct pick_group),
        [ITEMS] = d->items.count * sizeof(struct srv_item),
        [IDS] = d->ids.count * sizeof(uint32_t),
        [LIVE] = d->live.count * sizeof(uint32_t),
        [TXT_SIZES] = d->txts.entries.count * sizeof(uint16_t),
        [NAMES] = service_namespace(d->service).n + service_name(d->service).n,
        [BYTES] = d->bytes.count,
    };
    b->size = sizeof(struct view);
    for (enum section s = INSTANCES; s < SECTIONS; s++) {
        b->size = (b->size + 7) & ~(size_t)7;
        b->at[s] = b->size;
        b->size += sizes[s];
    }
}

static void copy_list(const struct block *b, enum section s, const struct list *l, size_t size)
{
    if (l->count)
        memcpy(b->start + b->at[s], l->items, l->count * size);
}

static void *section(const struct block *b, enum section s)
{
    return b->start + b->at[s];
}

static const uint8_t *bytes_at(const struct block *b, size_t offset)
{
    return b->start + b->at[BYTES] + offset;
}

static void place_set(const struct block *b, const struct draft_set *from, struct srv_set *to)
{
    to->items = (struct srv_item *)section(b, ITEMS) + from->first;
    to->sums = (uint64_t *)section(b, SUMS) + from->first;
    to->groups = (struct pick_group *)section(b, GROUPS) + from->first_group;
    to->count = (uint32_t)from->count;
    to->group_count = (uint32_t)from->group_count;
    to->record_bytes = from->record_bytes;
}

/* Has I._S._tcp.Z room: an underscore and a label more than I.S.Z? */
static bool is_browsable(const struct draft_instance *i)
{
    enum {
        MORE = sizeof("_"
                      "\4_tcp") -
               1
    };
    return i->target_size + MORE <= NAME_MAX_WIRE;
}

static void count_https(struct view *v)
{
    for (uint32_t n = 0; n < v->by_default.count; n++)
        v->https_count += svcb_has(&v->instances[v->by_default.items[n].instance], TYPE_HTTPS);
}

static void place_instances(const struct draft *d, const struct block *b, struct view *v)
{
    struct view_instance *to = section(b, INSTANCES);
    for (uint32_t i = 0; i < d->instances.count; i++, to++) {
        const struct draft_instance *from = draft_instance(d, i);
        const struct distinct *txt = intern_entry(&d->txts, from->txt);
        *to = (struct view_instance){
            .target = bytes_at(b, from->target),
            .v4 = bytes_at(b, from->v4),
            .v6 = bytes_at(b, from->v6),
            .txt = bytes_at(b, txt->offset),
            .txt_size = (uint16_t)txt->size,
            .port = from->default_port,
            .priority = from->priority,
            .weight = from->wire_weight,
            .ports = {from->port[PROTOCOL_TCP], from->port[PROTOCOL_UDP]},
            .https_port = from->https_port,
            .target_size = from->target_size,
            .v4_count = from->v4_count,
            .v6_count = from->v6_count,
            .status = from->status,
            .alpn = from->alpn,
            .live = from->live,
            .stale = from->stale,
            .browsable = is_browsable(from),
        };
        v->live_count += from->live;
        v->stale_count += from->live && from->stale;
        v->unbrowsable_count += !is_browsable(from);
        if (from->live && !from->stale && from->priority > v->priority_max)
            v->priority_max = from->priority;
        v->status_counts[from->status]++;
    }
    v->instances = section(b, INSTANCES);
    v->instance_count = (uint32_t)d->instances.count;
    v->ids = section(b, IDS);
    v->ids_mask = (uint32_t)d->ids.count - 1;
}

static void place_ports(const struct draft *d, const struct block *b, struct view *v)
{
    struct named_port *to = section(b, PORTS);
    const struct draft_port *from = d->ports.items;
    v->ports = to;
    v->port_count = (uint32_t)d->ports.count;
    for (; to < v->ports + v->port_count; to++, from++) {
        const struct distinct *e = intern_entry(&d->port_names, from->entry);
        const uint8_t *name = bytes_at(b, e->offset);
        to->name = (struct text){(const char *)name, e->size - 1};
        to->protocol = name[e->size - 1];
        place_set(b, &from->set, &to->set);
    }
}

static void place_selectors(const struct draft *d, const struct block *b, struct view *v)
{
    struct selector *to = section(b, SELECTORS);
    const struct draft_selector *from = d->selectors.items;
    v->selectors = to;
    v->selector_count = (uint32_t)d->selectors.count;
    for (; to < v->selectors + v->selector_count; to++, from++) {
        const struct distinct *e = intern_entry(&d->pairs, from->entry);
        const char *pair = (const char *)bytes_at(b, e->offset);
        to->key = (struct text){pair, e->split};
        to->value = (struct text){pair + e->split + 1, e->size - e->split - 1};
        to->live = (uint32_t *)section(b, LIVE) + from->first;
        to->live_count = from->count;
        to->registered = e->count;
        to->fresh = from->fresh;
    }
}

static void place_txts(const struct draft *d, const struct block *b, struct view *v)
{
    const uint8_t **rdata = section(b, TXTS);
    uint16_t *sizes = section(b, TXT_SIZES);
    for (uint32_t i = 0; i < d->txts.entries.count; i++) {
        const struct distinct *e = intern_entry(&d->txts, i);
        if (!e->live)
            continue;
        rdata[v->txt.count] = bytes_at(b, e->offset);
        sizes[v->txt.count++] = (uint16_t)e->size;
        v->txt.record_bytes += 12 + e->size; /* owner as pointer, type, class, TTL, length */
    }
    v->txt.rdata = rdata;
    v->txt.sizes = sizes;
}

static void place_addrs(const struct draft *d, const struct block *b,
                        const struct draft_addrs *from, struct addr_set *to)
{
    to->priority = d->classes[from->stale].best_priority;
    for (uint32_t i = 0; i < d->instances.count; i++) {
        const struct draft_instance *di = draft_instance(d, i);
        if (di->live && di->stale == from->stale && di->priority == to->priority &&
            di->wire_weight > to->weight_max)
            to->weight_max = di->wire_weight;
    }
    to->addrs = bytes_at(b, from->offset);
    to->sums = (uint64_t *)section(b, ADDR_SUMS) + from->first_sum;
    to->group = from->group;
    to->stale = from->stale && from->group.count;
}

static void place_head(const struct draft *d, const struct block *b, struct view *v)
{
    struct text ns = service_namespace(d->service), service = service_name(d->service);
    char *names = section(b, NAMES);
    memcpy(names, ns.s, ns.n);
    memcpy(names + ns.n, service.s, service.n);
    v->size = b->size;
    v->index = service_index(d->service);
    v->ns = (struct text){names, ns.n};
    v->service = (struct text){names + ns.n, service.n};
    v->ttl = d->attributes.ttl;
    v->negative_ttl = d->attributes.negative_ttl;
    v->max_answers = d->attributes.max_answers;
    v->withdraws_stale = d->attributes.stale == DNS_STALE_WITHDRAW;
    v->locality = (uint8_t)d->attributes.locality;
    v->spill_over = d->attributes.spill_over;
}

enum err draft_lay_out(const struct draft *d, struct view **out)
{
    struct block b;
    measure(d, &b);
    struct view *v = calloc(1, b.size);
    if (!v)
        return ERR_MEMORY;
    b.start = (uint8_t *)v;
    copy_list(&b, SUMS, &d->sums, sizeof(uint64_t));
    copy_list(&b, ADDR_SUMS, &d->addr_sums, sizeof(uint64_t));
    copy_list(&b, GROUPS, &d->groups, sizeof(struct pick_group));
    copy_list(&b, ITEMS, &d->items, sizeof(struct srv_item));
    copy_list(&b, IDS, &d->ids, sizeof(uint32_t));
    copy_list(&b, LIVE, &d->live, sizeof(uint32_t));
    copy_list(&b, BYTES, &d->bytes, 1);
    place_head(d, &b, v);
    place_instances(d, &b, v);
    place_set(&b, &d->by_default, &v->by_default);
    count_https(v);
    place_set(&b, &d->by_protocol[PROTOCOL_TCP], &v->by_tcp);
    place_set(&b, &d->by_protocol[PROTOCOL_UDP], &v->by_udp);
    place_ports(d, &b, v);
    place_addrs(d, &b, &d->v4, &v->v4);
    place_addrs(d, &b, &d->v6, &v->v6);
    place_txts(d, &b, v);
    place_selectors(d, &b, v);
    *out = v;
    return ERR_OK;
}

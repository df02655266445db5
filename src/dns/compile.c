#include "dns/compile.h"

#include <stdlib.h>
#include <string.h>

#include "dns/draft.h"

struct ordered {
    struct text id;
    const struct instance *instance;
};

static int compare_ids(const void *left, const void *right)
{
    const struct ordered *a = left, *b = right;
    return text_compare(a->id, b->id);
}

/* The service's instances by id; the caller frees. NULL when memory lacks. */
static struct ordered *in_order(const struct service *service, uint32_t count)
{
    struct ordered *list = malloc(((size_t)count + 1) * sizeof(*list));
    for (uint32_t i = 0; list && i < count; i++) {
        const struct instance *instance = service_instance(service, i);
        list[i] = (struct ordered){instance_key(instance).id, instance};
    }
    if (list)
        qsort(list, count, sizeof(*list), compare_ids);
    return list;
}

static enum err add_addresses(struct draft *d, struct draft_instance *di, const struct record *r)
{
    size_t at;
    enum err err = draft_append(d, NULL, 0, &di->v4);
    for (unsigned i = 0; i < r->address_count && !err; i++) {
        if (r->addresses[i].family != FAMILY_V4)
            continue;
        err = draft_append(d, r->addresses[i].bytes, 4, &at);
        di->v4_count++;
    }
    if (!err)
        err = draft_append(d, NULL, 0, &di->v6);
    for (unsigned i = 0; i < r->address_count && !err; i++) {
        if (r->addresses[i].family != FAMILY_V6)
            continue;
        err = draft_append(d, r->addresses[i].bytes, 16, &at);
        di->v6_count++;
    }
    return err;
}

static void count_live(struct draft *d, const struct draft_instance *di)
{
    struct draft_class *class = &d->classes[di->stale];
    class->count++;
    class->v4_count += di->v4_count > 0;
    class->v6_count += di->v6_count > 0;
    if (di->priority < class->best_priority)
        class->best_priority = di->priority;
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

static enum err add_instance(struct draft *d, const struct ordered *from)
{
    struct name target;
    if (name_join(from->id, &d->owner, &target))
        return ERR_OK; /* does not fit a name: left out */
    struct record r;
    struct instance_state state;
    instance_read(from->instance, &r);
    instance_state(from->instance, &state);
    uint32_t n = (uint32_t)d->instances.count;
    struct draft_instance *di = list_add(&d->instances, 1, sizeof(*di));
    if (!di)
        return ERR_MEMORY;
    di->id = from->id;
    di->target_size = target.size;
    di->stale = state.stale;
    di->priority = r.priority + (state.stale ? STALE_PRIORITY : 0);
    di->weight = state.weight;
    di->status = (uint8_t)state.status;
    di->live = state.status == STATUS_UP;
    di->alpn = names_alpn(&r);
    if (di->live && r.ttl != TTL_UNSET && (uint32_t)r.ttl < d->attributes.ttl)
        d->attributes.ttl = (uint32_t)r.ttl;
    if (draft_append(d, target.wire, target.size, &di->target) || add_addresses(d, di, &r) ||
        draft_txt(d, &r, &di->txt) || draft_note_ports(d, n, &r) || draft_note_selectors(d, n, &r))
        return ERR_MEMORY;
    if (di->live)
        count_live(d, di);
    return ERR_OK;
}

/* The service's TXT data: of those that are heard from, where there are any. */
static void choose_txts(struct draft *d)
{
    bool stale = d->classes[0].count == 0;
    for (uint32_t i = 0; i < d->instances.count; i++) {
        const struct draft_instance *di = draft_instance(d, i);
        if (di->live && di->stale == stale)
            intern_entry(&d->txts, di->txt)->live = true;
    }
}

/* The scale is lowered for the whole service where it would not fit 16 bits, so that
 * the proportions stay. */
static void scale_weights(struct draft *d)
{
    uint32_t scale = d->attributes.srv_weight_scale, max = 0;
    for (uint32_t i = 0; i < d->instances.count; i++) {
        const struct draft_instance *di = draft_instance(d, i);
        if (di->live && di->weight > max)
            max = di->weight;
    }
    if (max && scale > UINT16_MAX / max)
        scale = UINT16_MAX / max;
    for (uint32_t i = 0; i < d->instances.count; i++) {
        struct draft_instance *di = draft_instance(d, i);
        uint64_t weight = (uint64_t)di->weight * scale;
        di->wire_weight = (uint16_t)(weight < UINT16_MAX ? weight : UINT16_MAX);
    }
}

/* The hash index over the labels: at most half full, so that a search ends. */
static enum err index_ids(struct draft *d)
{
    uint32_t size = 2;
    while (size < d->instances.count * 2)
        size *= 2;
    uint32_t *ids = list_add(&d->ids, size, sizeof(*ids));
    if (!ids)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < d->instances.count; i++) {
        struct text id = draft_instance(d, i)->id;
        uint32_t at = (uint32_t)hash_bytes(d->key, id.s, id.n) & (size - 1);
        while (ids[at])
            at = (at + 1) & (size - 1);
        ids[at] = i + 1;
    }
    return ERR_OK;
}

static enum err fill(struct draft *d)
{
    uint32_t count = service_count(d->service);
    if (name_join(service_name(d->service), &d->zone->apex, &d->owner))
        count = 0;
    struct ordered *list = in_order(d->service, count);
    enum err err = list ? ERR_OK : ERR_MEMORY;
    for (uint32_t i = 0; i < count && !err; i++)
        err = add_instance(d, &list[i]);
    free(list);
    if (err)
        return err;
    choose_txts(d);
    scale_weights(d);
    if (draft_sets(d) || draft_ports(d) || draft_selectors(d))
        return ERR_MEMORY;
    return index_ids(d);
}

enum err compile_view(const struct service *service, const struct zone *zone,
                      char *const *selectors, const struct hash_key *key, struct view **out)
{
    struct draft d = {
        .service = service,
        .zone = zone,
        .key = key,
        .selector_keys = selectors,
        .attributes = zone_attributes(zone, service_name(service)),
        .classes = {{.best_priority = UINT16_MAX}, {.best_priority = UINT16_MAX}},
    };
    enum err err = fill(&d);
    if (!err)
        err = draft_lay_out(&d, out);
    draft_deinit(&d);
    return err;
}

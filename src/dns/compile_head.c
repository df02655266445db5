#include "dns/compile_head.h"

#include <string.h>

void head_class_add(struct head_class *class, const struct slice_class *of_slice)
{
    class->count += of_slice->count;
    class->v4_count += of_slice->v4_count;
    class->v6_count += of_slice->v6_count;
    if (of_slice->best_priority < class->best_priority) {
        class->best_priority = of_slice->best_priority;
        class->best_weight = of_slice->best_weight;
    } else if (of_slice->best_priority == class->best_priority &&
               of_slice->best_weight > class->best_weight) {
        class->best_weight = of_slice->best_weight;
    }
}

/* Addresses: the best priority of those that are heard from; of the stale for a family that
 * nobody else has. TXT data: of those that are heard from, where there are any. */
struct choice head_choice(const struct head_class classes[2], enum bag_kind kind)
{
    const struct head_class *fresh = &classes[0];
    uint32_t others = kind == BAG_TXT  ? fresh->count
                      : kind == BAG_V4 ? fresh->v4_count
                                       : fresh->v6_count;
    const struct head_class *class = &classes[others == 0];
    return (struct choice){others == 0, class->best_priority, class->best_weight};
}

/* The groups of those that are heard from. */
static uint32_t fresh_groups(const struct srv_set *set)
{
    uint32_t count = set->group_count;
    while (count && set->parts[set->groups[count - 1].first_part].priority >= STALE_PRIORITY)
        count--;
    return count;
}

void head_close_set(bool withdraws_stale, struct srv_set *set)
{
    uint32_t fresh = withdraws_stale ? fresh_groups(set) : 0;
    if (fresh && fresh < set->group_count) {
        set->withdrawn = true;
        set->group_count = fresh;
        set->part_count = set->groups[fresh].first_part;
    }
    for (uint32_t i = 0; i < set->group_count; i++)
        set->count += set->groups[i].count;
    for (uint32_t i = 0; i < set->part_count; i++)
        set->record_bytes += set->parts[i].bytes;
}

size_t head_name_bytes(const struct name *suffix, const struct service *service)
{
    return suffix->size + service_name(service).n;
}

bool head_withdraws_stale(const struct compile_context *c, const struct service *service)
{
    return zone_attributes(c->zone, service_name(service)).stale == DNS_STALE_WITHDRAW;
}

void head_attributes(struct view *v, const struct compile_context *c, const struct service *service)
{
    struct zone_attributes a = zone_attributes(c->zone, service_name(service));
    v->index = service_index(service);
    v->ttl = a.ttl;
    v->negative_ttl = a.negative_ttl;
    v->max_answers = a.max_answers;
    v->withdraws_stale = a.stale == DNS_STALE_WITHDRAW;
    v->locality = (uint8_t)a.locality;
    v->spill_over = a.spill_over;
    v->weight_scale = a.srv_weight_scale < UINT16_MAX ? (uint16_t)a.srv_weight_scale : UINT16_MAX;
}

static uint32_t bits(uint64_t mask)
{
    return mask ? (uint32_t)__builtin_popcountll(mask) : 0; /* most often there are none */
}

static void add_slice(struct head_totals *t, const struct slice *s)
{
    head_class_add(&t->classes[0], &s->classes[0]);
    head_class_add(&t->classes[1], &s->classes[1]);
    t->count += s->count;
    t->https[0] += bits(s->https & ~s->stale);
    t->https[1] += bits(s->https & s->stale);
    t->unbrowsable += bits(s->unbrowsable);
    t->port_protocols |= s->port_protocols;
    for (unsigned i = 0; i < STATUS_COUNT; i++)
        t->status_counts[i] += s->status_counts[i];
    if (s->ttl < t->ttl)
        t->ttl = s->ttl;
    if (s->priority_max > t->priority_max)
        t->priority_max = s->priority_max;
    if (s->weight_max > t->weight_max)
        t->weight_max = s->weight_max;
}

struct head_totals head_total(const struct slice *const *slices, uint32_t count)
{
    struct head_totals t = {.ttl = UINT32_MAX};
    t.classes[0].best_priority = t.classes[1].best_priority = UINT16_MAX;
    for (uint32_t n = 0; n < count; n++)
        add_slice(&t, slices[n]);
    return t;
}

static void take_totals(struct view *v, const struct head_totals *t)
{
    v->instance_count = t->count;
    v->live_count = t->classes[0].count + t->classes[1].count;
    v->stale_count = t->classes[1].count;
    v->https_count = t->https[0] + (v->by_default.withdrawn ? 0 : t->https[1]);
    v->unbrowsable_count = t->unbrowsable;
    v->priority_max = t->priority_max;
    if (t->ttl < v->ttl)
        v->ttl = t->ttl;
    /* The scale is lowered for the whole service where it would not fit 16 bits, so that the
     * proportions stay. */
    if (t->weight_max && v->weight_scale > UINT16_MAX / t->weight_max)
        v->weight_scale = UINT16_MAX / t->weight_max;
}

void head_fill(struct view *v, const struct service *service, const struct name *suffix,
               const struct head_totals *totals, char *names)
{
    struct text name = service_name(service);
    char *text = names + suffix->size;
    memcpy(names, suffix->wire, suffix->size);
    memcpy(text, name.s, name.n);
    v->suffix = (const uint8_t *)names;
    v->suffix_size = suffix->size;
    v->service_size = (uint8_t)name.n;
    take_totals(v, totals);
}

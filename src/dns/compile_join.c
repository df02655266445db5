/* The head of a view of many slices: what is listed of each, side by side. */
#include <stdlib.h>
#include <string.h>

#include "dns/compile_bag.h"
#include "dns/compile_ports.h"
#include "dns/set_draft.h"
#include "dns/view_ports.h"

struct join {
    const struct large_parts *p;
    struct set_lists lists;
    struct set_draft sets[SET_KINDS];
    struct list ports;           /* struct named_port: those whose set is that by default */
    struct list bags[BAG_KINDS]; /* struct part, struct txt_part */
};

static void join_deinit(struct join *j)
{
    set_lists_deinit(&j->lists);
    free(j->ports.items);
    for (enum bag_kind kind = BAG_V4; kind < BAG_KINDS; kind++)
        free(j->bags[kind].items);
}

/* ---- sets ------------------------------------------------------------------------------------ */

/* Is the set of that kind in each slice the one of the default ports? */
static bool is_default(const struct large_parts *p, enum set_kind kind)
{
    for (uint32_t n = 0; n < p->slice_count; n++)
        if (!slice_set_is_default(p->slices[n], &p->slices[n]->sets[kind]))
            return false;
    return true;
}

static enum err make_set(struct join *j, enum set_kind kind)
{
    const struct large_parts *p = j->p;
    size_t first = j->lists.parts.count;
    for (uint32_t n = 0; n < p->slice_count; n++)
        if (set_add(&j->lists, p->slices[n], &p->slices[n]->sets[kind]))
            return ERR_MEMORY;
    return set_end(&j->lists, first, &j->sets[kind]);
}

static enum err make_sets(struct join *j)
{
    if (!list_reserve(&j->lists.parts, 2 * (size_t)j->p->slice_count, sizeof(struct part)))
        return ERR_MEMORY;
    for (enum set_kind kind = SET_DEFAULT; kind < SET_KINDS; kind++) {
        if (kind != SET_DEFAULT && is_default(j->p, kind))
            j->sets[kind] = j->sets[SET_DEFAULT];
        else if (make_set(j, kind))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* ---- the block --------------------------------------------------------------------------- */

enum section { SLICES, SETS, PORTS, PARTS, GROUPS, V4, V6, TXT, SHARED, NAMES, SECTIONS };

struct plan {
    size_t at[SECTIONS], size;
};

static void measure(const struct join *j, const struct service *service, struct plan *plan)
{
    const size_t sizes[SECTIONS] = {
        [SLICES] = j->p->slice_count * sizeof(struct slice *),
        [SETS] = (PROTOCOL_UDP + 1) * sizeof(struct srv_set),
        [PORTS] = j->ports.count * sizeof(struct named_port),
        [SHARED] = sizeof(struct view_shared),
        [PARTS] = j->lists.parts.count * sizeof(struct part),
        [GROUPS] = j->lists.groups.count * sizeof(struct pick_group),
        [V4] = j->bags[BAG_V4].count * sizeof(struct part),
        [V6] = j->bags[BAG_V6].count * sizeof(struct part),
        [TXT] = j->bags[BAG_TXT].count * sizeof(struct txt_part),
        [NAMES] = head_name_bytes(j->p->suffix, service) + SLICE_READABLE,
    };
    plan->size = sizeof(struct view);
    for (enum section s = SLICES; s < SECTIONS; s++) {
        plan->at[s] = plan->size;
        plan->size += sizes[s];
    }
}

static void *place_list(struct view *v, const struct plan *plan, enum section s,
                        const struct list *l, size_t size)
{
    void *to = (char *)v + plan->at[s];
    if (l->count)
        memcpy(to, l->items, l->count * size);
    return to;
}

static struct srv_set place_set(const struct view *v, const struct set_draft *from,
                                const struct part *parts, const struct pick_group *groups)
{
    struct srv_set set = from->set;
    set.parts = parts + from->first_part;
    set.groups = groups + from->first_group;
    head_close_set(v->withdraws_stale, &set);
    return set;
}

static void place_sets(const struct join *j, const struct plan *plan, struct view *v)
{
    const struct part *parts = place_list(v, plan, PARTS, &j->lists.parts, sizeof(*parts));
    const struct pick_group *groups =
        place_list(v, plan, GROUPS, &j->lists.groups, sizeof(*groups));
    struct srv_set *sets = (void *)((char *)v + plan->at[SETS]);
    v->by_default = place_set(v, &j->sets[SET_DEFAULT], parts, groups);
    sets[PROTOCOL_TCP] = place_set(v, &j->sets[SET_TCP], parts, groups);
    sets[PROTOCOL_UDP] = place_set(v, &j->sets[SET_UDP], parts, groups);
    v->by_protocol[PROTOCOL_TCP] = &sets[PROTOCOL_TCP];
    v->by_protocol[PROTOCOL_UDP] = &sets[PROTOCOL_UDP];
}

static void place_ports(const struct join *j, const struct plan *plan, struct view *v)
{
    struct named_port *port = place_list(v, plan, PORTS, &j->ports, sizeof(*port));
    v->ports = port;
    v->port_count = (uint32_t)j->ports.count;
    for (uint32_t i = 0; i < v->port_count; i++)
        port[i].set = v->by_default;
}

static enum err show_addrs(struct join *j, enum bag_kind kind, struct addr_set *set)
{
    const struct choice *choice = &j->p->choices[kind];
    *set = (struct addr_set){
        .priority = choice->priority, .weight_max = choice->weight_max, .stale = choice->stale};
    return bag_addr_set(j->p->bags[kind], &j->bags[kind], set);
}

static enum err gather_all(struct join *j, struct view *head)
{
    if (make_sets(j) || (j->p->ports && ports_by_default(j->p, &j->ports)))
        return ERR_MEMORY;
    if (show_addrs(j, BAG_V4, &head->v4) || show_addrs(j, BAG_V6, &head->v6))
        return ERR_MEMORY;
    return bag_txt_set(j->p->bags[BAG_TXT], &j->bags[BAG_TXT], &head->txt);
}

static uint32_t listed(const struct join *j)
{
    enum { PART_STEPS = 7 };
    size_t parts = j->lists.parts.count;
    for (enum bag_kind kind = BAG_V4; kind < BAG_KINDS; kind++)
        parts += j->bags[kind].count;
    size_t steps = j->p->port_steps + PART_STEPS * parts;
    return steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX;
}

static void place_shared(const struct join *j, struct view_shared *to)
{
    const struct large_parts *p = j->p;
    *to = (struct view_shared){.slices = p->blocks,
                               .v4 = p->bags[BAG_V4],
                               .v6 = p->bags[BAG_V6],
                               .txt = p->bags[BAG_TXT],
                               .ports = p->ports,
                               .pairs = p->pairs,
                               .port_names = p->port_names,
                               .port_protocols = p->totals.port_protocols,
                               .compiled = p->compiled,
                               .listed = listed(j)};
    memcpy(to->status_counts, p->totals.status_counts, sizeof(to->status_counts));
}

static void place_all(const struct join *j, const struct plan *plan, struct view *v)
{
    const struct large_parts *p = j->p;
    const struct slice **slices = (void *)((char *)v + plan->at[SLICES]);
    memcpy(slices, p->slices, p->slice_count * sizeof(*slices));
    v->slices = slices;
    v->slice_count = p->slice_count;
    v->v4.parts = place_list(v, plan, V4, &j->bags[BAG_V4], sizeof(struct part));
    v->v6.parts = place_list(v, plan, V6, &j->bags[BAG_V6], sizeof(struct part));
    v->txt.parts = place_list(v, plan, TXT, &j->bags[BAG_TXT], sizeof(struct txt_part));
    place_sets(j, plan, v);
    place_ports(j, plan, v);
    struct view_shared *shared = (void *)((char *)v + plan->at[SHARED]);
    place_shared(j, shared);
    v->shared = shared;
}

enum err compile_join(const struct compile_context *c, const struct service *service,
                      const struct large_parts *p, struct view **out)
{
    struct join j = {.p = p};
    struct plan plan;
    struct view head = {0}, *v = NULL;
    if (!gather_all(&j, &head)) {
        measure(&j, service, &plan);
        v = malloc(plan.size);
    }
    if (v) {
        memcpy(v, &head, sizeof(head));
        v->size = (uint32_t)plan.size;
        v->addr_size = v->srv_size = sizeof(*v);
        head_attributes(v, c, service);
        place_all(&j, &plan, v);
        head_fill(v, service, p->suffix, &p->totals, (char *)v + plan.at[NAMES]);
    }
    join_deinit(&j);
    *out = v;
    return v ? ERR_OK : ERR_MEMORY;
}

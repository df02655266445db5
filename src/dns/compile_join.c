/* The head of a view of many slices: what is listed of each, side by side. */
#include "dns/compile_head.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "dns/compile_bag.h"
#include "dns/list.h"

/* A slice's part of a named port's set. */
struct part_ref {
    const struct part *part;
    uint32_t base;
    uint32_t port;
};

struct set_draft {
    struct srv_set set; /* less its pointers */
    size_t first_part, first_group;
};

struct join {
    const struct large_parts *p;
    struct list parts, groups; /* struct part, pick_group: of all sets */
    struct list refs;          /* struct part_ref: of all named ports */
    struct list sorted;        /* struct part: scratch */
    struct set_draft sets[SET_KINDS];
    struct list names;           /* struct port_name: the named ports */
    struct list ports;           /* struct set_draft: theirs */
    struct list bags[BAG_KINDS]; /* struct part, struct txt_part */
};

static void join_deinit(struct join *j)
{
    struct list *lists[] = {&j->parts, &j->groups, &j->refs,         &j->sorted,       &j->names,
                            &j->ports, j->bags,    &j->bags[BAG_V6], &j->bags[BAG_TXT]};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        free(lists[i]->items);
}

/* ---- one set -------------------------------------------------------------------------------- */

static bool in_order(const struct part *parts, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (parts[i].priority < parts[i - 1].priority)
            return false;
    return true;
}

/* One pass of a radix sort: stable, by one byte of the priority. */
static void sort_by_byte(const struct part *from, size_t count, unsigned shift, struct part *to)
{
    size_t at[257] = {0};
    for (size_t i = 0; i < count; i++)
        at[(from[i].priority >> shift & 255) + 1]++;
    for (unsigned i = 0; i < 256; i++)
        at[i + 1] += at[i];
    for (size_t i = 0; i < count; i++)
        to[at[from[i].priority >> shift & 255]++] = from[i];
}

/* By priority, slices in their order within it. */
static enum err sort_parts(struct join *j, struct part *parts, size_t count)
{
    if (in_order(parts, count))
        return ERR_OK;
    j->sorted.count = 0;
    struct part *room = list_add(&j->sorted, count, sizeof(*room));
    if (!room)
        return ERR_MEMORY;
    sort_by_byte(parts, count, 0, room);
    sort_by_byte(room, count, 8, parts);
    return ERR_OK;
}

/* The set of the parts from out->first_part on, which are in order: its groups. */
static enum err make_groups(struct join *j, struct set_draft *out)
{
    struct part *part = (struct part *)j->parts.items + out->first_part;
    uint32_t count = (uint32_t)(j->parts.count - out->first_part);
    struct pick_group *group = NULL;
    out->first_group = j->groups.count;
    out->set.part_count = count;
    for (uint32_t i = 0; i < count; i++, part++) {
        if (!group || part->priority != part[-1].priority) {
            group = list_add(&j->groups, 1, sizeof(*group));
            if (!group)
                return ERR_MEMORY;
            *group = (struct pick_group){.first_part = i};
            out->set.group_count++;
        }
        part->before = group->total;
        group->total += part->sums[part->count - 1];
        group->part_count++;
        group->count += part->count;
        group->zeros += part->zeros;
    }
    return ERR_OK;
}

/* Is the set of that kind in each slice the one of the default ports? */
static bool is_default(const struct large_parts *p, enum set_kind kind)
{
    for (uint32_t n = 0; n < p->slice_count; n++) {
        const struct slice_set *a = &p->slices[n]->sets[kind];
        const struct slice_set *b = &p->slices[n]->sets[SET_DEFAULT];
        if (a->parts != b->parts || a->part_count != b->part_count)
            return false;
    }
    return true;
}

/* All parts of the slices' sets of a kind. */
static enum err gather_parts(struct join *j, enum set_kind kind)
{
    const struct large_parts *p = j->p;
    for (uint32_t n = 0; n < p->slice_count; n++) {
        const struct slice_set *set = &p->slices[n]->sets[kind];
        struct part *to = list_add(&j->parts, set->part_count, sizeof(*to));
        if (!to)
            return ERR_MEMORY;
        for (uint32_t i = 0; i < set->part_count; i++) {
            to[i] = set->parts[i];
            to[i].base = n * SLICE_MAX;
        }
    }
    return ERR_OK;
}

static enum err make_set(struct join *j, enum set_kind kind)
{
    struct set_draft *out = &j->sets[kind];
    *out = (struct set_draft){.first_part = j->parts.count};
    if (gather_parts(j, kind) || sort_parts(j, (struct part *)j->parts.items + out->first_part,
                                            j->parts.count - out->first_part))
        return ERR_MEMORY;
    return make_groups(j, out);
}

static enum err make_sets(struct join *j)
{
    if (!list_reserve(&j->parts, 2 * (size_t)j->p->slice_count, sizeof(struct part)))
        return ERR_MEMORY;
    for (enum set_kind kind = SET_DEFAULT; kind < SET_KINDS; kind++) {
        if (kind != SET_DEFAULT && is_default(j->p, kind))
            j->sets[kind] = j->sets[SET_DEFAULT];
        else if (make_set(j, kind))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* ---- named ports ---------------------------------------------------------------------------- */

static int compare_ports(const struct slice_port *a, const struct slice_port *b)
{
    int order = text_compare(a->name, b->name);
    return order ? order : (int)a->protocol - (int)b->protocol;
}

struct port_name {
    const struct slice_port *port; /* one of those of this name and protocol */
};

static bool same_ports(const struct slice *a, const struct slice *b)
{
    if (a->port_count != b->port_count)
        return false;
    for (unsigned i = 0; i < a->port_count; i++)
        if (compare_ports(&a->ports[i], &b->ports[i]) != 0)
            return false;
    return true;
}

/* Two sorted lists into one without repetitions; returns its length. */
static size_t merge(const struct port_name *a, size_t a_count, const struct port_name *b,
                    size_t b_count, struct port_name *to)
{
    size_t i = 0, k = 0, n = 0;
    while (i < a_count || k < b_count) {
        int order = i == a_count ? 1 : k == b_count ? -1 : compare_ports(a[i].port, b[k].port);
        to[n++] = order <= 0 ? a[i] : b[k];
        i += order <= 0;
        k += order >= 0;
    }
    return n;
}

/* Merges runs (`ends` of them) two by two until one is left: its length. `names` and `room` take
 * turns; what is left is in `names`. */
static size_t merge_all(struct port_name *names, size_t *ends, size_t runs, struct port_name *room)
{
    while (runs > 1) {
        size_t from = 0, to = 0, out = 0;
        for (size_t r = 0; r < runs; r += 2) {
            size_t middle = ends[r], end = r + 1 < runs ? ends[r + 1] : ends[r];
            to += merge(names + from, middle - from, names + middle, end - middle, room + to);
            ends[out++] = to;
            from = end;
        }
        memcpy(names, room, to * sizeof(*names));
        runs = out;
    }
    return runs ? ends[0] : 0;
}

/* All names, of each run of slices that have the same only once. */
static enum err gather_names(struct join *j, struct list *ends)
{
    const struct slice *before = NULL;
    for (uint32_t n = 0; n < j->p->slice_count; n++) {
        const struct slice *s = j->p->slices[n];
        if (s->port_count == 0 || (before && same_ports(before, s)))
            continue;
        struct port_name *to = list_add(&j->names, s->port_count, sizeof(*to));
        if (!to)
            return ERR_MEMORY;
        for (unsigned i = 0; i < s->port_count; i++)
            to[i].port = &s->ports[i];
        before = s;
        if (!list_append(ends, &j->names.count, 1, sizeof(size_t)))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

static enum err list_names(struct join *j)
{
    struct list ends = {0}, room = {0};
    enum err err = gather_names(j, &ends);
    if (!err && ends.count > 1 && !list_reserve(&room, j->names.count, sizeof(struct port_name)))
        err = ERR_MEMORY;
    if (!err)
        j->names.count = merge_all(j->names.items, ends.items, ends.count, room.items);
    free(ends.items);
    free(room.items);
    return err;
}

static uint32_t name_number(const struct join *j, const struct slice_port *port)
{
    const struct port_name *names = j->names.items;
    size_t low = 0, high = j->names.count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_ports(names[middle].port, port) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint32_t)low;
}

static enum err add_refs(struct join *j, const struct slice_set *set, uint32_t slice, uint32_t port)
{
    for (uint32_t i = 0; i < set->part_count; i++) {
        struct part_ref ref = {&set->parts[i], slice * SLICE_MAX, port};
        if (!list_append(&j->refs, &ref, 1, sizeof(ref)))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* The references of all named ports, and how many there are of each. */
static enum err gather_port_refs(struct join *j, size_t *counts)
{
    for (uint32_t n = 0; n < j->p->slice_count; n++) {
        const struct slice *s = j->p->slices[n];
        for (unsigned i = 0; i < s->port_count; i++) {
            uint32_t number = name_number(j, &s->ports[i]);
            counts[number] += s->ports[i].set.part_count;
            if (add_refs(j, &s->ports[i].set, n, number))
                return ERR_MEMORY;
        }
    }
    return ERR_OK;
}

/* Are the parts from `first` on those of the default ports? */
static bool are_default(const struct join *j, size_t first)
{
    const struct set_draft *set = &j->sets[SET_DEFAULT];
    const struct part *parts = j->parts.items;
    size_t count = j->parts.count - first;
    if (count == 0 || count != set->set.part_count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (parts[first + i].items != parts[set->first_part + i].items)
            return false;
    return true;
}

static enum err make_port_set(struct join *j, const struct part_ref *refs, size_t count)
{
    struct set_draft set = {.first_part = j->parts.count};
    struct part *to = list_add(&j->parts, count, sizeof(*to));
    if (!to)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        to[i] = *refs[i].part;
        to[i].base = refs[i].base;
    }
    if (sort_parts(j, to, count))
        return ERR_MEMORY;
    if (are_default(j, set.first_part)) {
        j->parts.count = set.first_part;
        set = j->sets[SET_DEFAULT];
    } else if (make_groups(j, &set)) {
        return ERR_MEMORY;
    }
    return list_append(&j->ports, &set, 1, sizeof(set)) ? ERR_OK : ERR_MEMORY;
}

static enum err make_port_sets(struct join *j, size_t *at)
{
    if (gather_port_refs(j, at))
        return ERR_MEMORY;
    struct part_ref *by_port = malloc((j->refs.count + 1) * sizeof(*by_port));
    if (!by_port)
        return ERR_MEMORY;
    const struct part_ref *refs = j->refs.items;
    size_t start = 0;
    for (size_t n = 0; n < j->names.count; n++) {
        size_t count = at[n];
        at[n] = start;
        start += count;
    }
    for (size_t i = 0; i < j->refs.count; i++)
        by_port[at[refs[i].port]++] = refs[i];
    enum err err = ERR_OK;
    start = 0;
    for (size_t n = 0; n < j->names.count && !err; start = at[n++])
        err = make_port_set(j, by_port + start, at[n] - start);
    free(by_port);
    return err;
}

static enum err make_ports(struct join *j)
{
    if (list_names(j))
        return ERR_MEMORY;
    if (j->names.count == 0)
        return ERR_OK;
    size_t *at = calloc(j->names.count, sizeof(*at));
    enum err err = at ? make_port_sets(j, at) : ERR_MEMORY;
    free(at);
    return err;
}

/* ---- the block --------------------------------------------------------------------------- */

enum section { SLICES, PORTS, PARTS, GROUPS, V4, V6, TXT, NAMES, SECTIONS };

struct plan {
    size_t at[SECTIONS], size;
};

static void measure(const struct join *j, const struct service *service, struct plan *plan)
{
    const size_t sizes[SECTIONS] = {
        [SLICES] = j->p->slice_count * sizeof(struct slice *),
        [PORTS] = j->names.count * sizeof(struct named_port),
        [PARTS] = j->parts.count * sizeof(struct part),
        [GROUPS] = j->groups.count * sizeof(struct pick_group),
        [V4] = j->bags[BAG_V4].count * sizeof(struct part),
        [V6] = j->bags[BAG_V6].count * sizeof(struct part),
        [TXT] = j->bags[BAG_TXT].count * sizeof(struct txt_part),
        [NAMES] = head_name_bytes(service),
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
    head_close_set(v, &set);
    return set;
}

static void place_sets(const struct join *j, const struct plan *plan, struct view *v)
{
    const struct part *parts = place_list(v, plan, PARTS, &j->parts, sizeof(*parts));
    const struct pick_group *groups = place_list(v, plan, GROUPS, &j->groups, sizeof(*groups));
    struct named_port *ports = (void *)((char *)v + plan->at[PORTS]);
    v->by_default = place_set(v, &j->sets[SET_DEFAULT], parts, groups);
    v->by_tcp = place_set(v, &j->sets[SET_TCP], parts, groups);
    v->by_udp = place_set(v, &j->sets[SET_UDP], parts, groups);
    v->ports = ports;
    v->port_count = (uint32_t)j->names.count;
    for (uint32_t i = 0; i < v->port_count; i++) {
        const struct slice_port *from = ((struct port_name *)j->names.items)[i].port;
        ports[i].name = from->name;
        ports[i].protocol = from->protocol;
        ports[i].set = place_set(v, (struct set_draft *)j->ports.items + i, parts, groups);
    }
}

static enum err show_addrs(struct join *j, enum bag_kind kind, struct addr_set *set)
{
    const struct choice *choice = &j->p->choices[kind];
    *set = (struct addr_set){.priority = choice->priority,
                             .weight_max = choice->weight_max,
                             .stale = choice->stale,
                             .blocks = j->p->bags[kind]};
    return bag_addr_set(j->p->bags[kind], &j->bags[kind], set);
}

static enum err gather_all(struct join *j, struct view *head)
{
    head->txt.blocks = j->p->bags[BAG_TXT];
    if (make_sets(j) || make_ports(j) || show_addrs(j, BAG_V4, &head->v4) ||
        show_addrs(j, BAG_V6, &head->v6))
        return ERR_MEMORY;
    return bag_txt_set(j->p->bags[BAG_TXT], &j->bags[BAG_TXT], &head->txt);
}

static void place_all(const struct join *j, const struct plan *plan, struct view *v)
{
    const struct large_parts *p = j->p;
    const struct slice **slices = (void *)((char *)v + plan->at[SLICES]);
    memcpy(slices, p->slices, p->slice_count * sizeof(*slices));
    v->slices = slices;
    v->slice_count = p->slice_count;
    v->blocks = p->blocks;
    v->v4.parts = place_list(v, plan, V4, &j->bags[BAG_V4], sizeof(struct part));
    v->v6.parts = place_list(v, plan, V6, &j->bags[BAG_V6], sizeof(struct part));
    v->txt.parts = place_list(v, plan, TXT, &j->bags[BAG_TXT], sizeof(struct txt_part));
    place_sets(j, plan, v);
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
        v->compiled = p->compiled;
        head_attributes(v, c, service);
        place_all(&j, &plan, v);
        head_fill(v, service, &p->totals, (char *)v + plan.at[NAMES]);
    }
    join_deinit(&j);
    *out = v;
    return v ? ERR_OK : ERR_MEMORY;
}

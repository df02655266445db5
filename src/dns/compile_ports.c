/* The named ports of a service of many slices: what each slice has of a name, side by side. */
#include "dns/compile_join.h"

#include <stdlib.h>
#include <string.h>

/* A name, with its protocol. */
struct port_name {
    uint64_t start; /* of the name, so that few need be compared as a whole */
    const struct slice_port *port;
    uint32_t number; /* in the order of appearance */
};

/* What the slices have of it. */
struct port_use {
    size_t parts;
    bool other; /* a slice's set is not that of its default ports */
};

/* A slice's part of its set. */
struct part_ref {
    const struct part *part;
    uint32_t base;
};

struct naming {
    struct join *j;
    struct list names, ends; /* struct port_name; size_t: of runs that are in order */
    struct list uses;        /* struct port_use, by number */
    uint32_t *numbers;       /* of each slice's ports, slice by slice */
    uint32_t *slots, mask;   /* number + 1 by hash, 0 = free */
};

static uint64_t start_of(struct text name)
{
    uint64_t start = 0;
    for (size_t i = 0; i < 8; i++)
        start = start << 8 | (i < name.n ? (uint8_t)name.s[i] : 0);
    return start;
}

static int compare(const struct port_name *a, const struct port_name *b)
{
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    int order = text_compare(a->port->name, b->port->name);
    return order ? order : (int)a->port->protocol - (int)b->port->protocol;
}

static bool same_name(const struct slice_port *a, const struct slice_port *b)
{
    return a->hash == b->hash && a->protocol == b->protocol && text_is(a->name, b->name);
}

/* ---- which there are ----------------------------------------------------------------------- */

/* Its number; new names are appended. */
static enum err find_name(struct naming *names, const struct slice_port *port, uint32_t *number)
{
    uint32_t at = port->hash & names->mask;
    for (; names->slots[at]; at = (at + 1) & names->mask) {
        *number = names->slots[at] - 1;
        if (same_name(((struct port_name *)names->names.items)[*number].port, port))
            return ERR_OK;
    }
    *number = (uint32_t)names->names.count;
    names->slots[at] = *number + 1;
    const struct port_name name = {start_of(port->name), port, *number};
    const struct port_use use = {0};
    return list_append(&names->names, &name, 1, sizeof(name)) &&
                   list_append(&names->uses, &use, 1, sizeof(use))
               ? ERR_OK
               : ERR_MEMORY;
}

static void note_use(struct naming *names, uint32_t number, const struct slice *s,
                     const struct slice_set *set)
{
    struct port_use *use = (struct port_use *)names->uses.items + number;
    const struct slice_set *own = &s->sets[SET_DEFAULT];
    use->parts += set->count;
    use->other |= !slice_set_is(set, own);
}

/* Most often a slice has the names of the one before. */
static enum err take_slice(struct naming *names, const struct slice *s, const struct slice *before,
                           const uint32_t *numbers_before, uint32_t *numbers)
{
    size_t known = names->names.count;
    const struct slice_port *ports = slice_ports(s);
    for (unsigned i = 0; i < s->port_count; i++) {
        if (before && i < before->port_count && same_name(&ports[i], &slice_ports(before)[i]))
            numbers[i] = numbers_before[i];
        else if (find_name(names, &ports[i], &numbers[i]))
            return ERR_MEMORY;
        note_use(names, numbers[i], s, &ports[i].set);
    }
    if (names->names.count == known)
        return ERR_OK;
    return list_append(&names->ends, &names->names.count, 1, sizeof(size_t)) ? ERR_OK : ERR_MEMORY;
}

static enum err take_slices(struct naming *names)
{
    const struct large_parts *p = names->j->p;
    const struct slice *before = NULL;
    uint32_t *numbers_before = NULL, *numbers = names->numbers;
    for (uint32_t n = 0; n < p->slice_count; n++) {
        const struct slice *s = p->slices[n];
        if (take_slice(names, s, before, numbers_before, numbers))
            return ERR_MEMORY;
        before = s;
        numbers_before = numbers;
        numbers += s->port_count;
    }
    return ERR_OK;
}

/* ---- their order --------------------------------------------------------------------------- */

static void merge(const struct port_name *a, const struct port_name *a_end,
                  const struct port_name *b, const struct port_name *b_end, struct port_name *to)
{
    while (a < a_end || b < b_end)
        *to++ = b == b_end || (a < a_end && compare(a, b) < 0) ? *a++ : *b++;
}

/* Runs two by two, until one is left: between names->names and a list like it. */
static enum err sort_names(struct naming *names)
{
    struct list room = {0}, *from = &names->names, *to = &room;
    size_t *ends = names->ends.items, runs = names->ends.count;
    if (runs > 1 && !list_add(&room, from->count, sizeof(struct port_name)))
        return ERR_MEMORY;
    while (runs > 1) {
        size_t start = 0, out = 0;
        const struct port_name *all = from->items;
        for (size_t r = 0; r < runs; r += 2) {
            size_t middle = ends[r], end = r + 1 < runs ? ends[r + 1] : middle;
            merge(all + start, all + middle, all + middle, all + end,
                  (struct port_name *)to->items + start);
            ends[out++] = start = end;
        }
        runs = out;
        names->j->steps += from->count;
        struct list *other = from;
        from = to;
        to = other;
    }
    if (from == &room) {
        struct list other = names->names;
        names->names = room;
        room = other;
    }
    free(room.items);
    return ERR_OK;
}

/* ---- their sets ---------------------------------------------------------------------------- */

static enum err make_set(struct join *j, const struct part_ref *refs, size_t count,
                         struct set_draft *out)
{
    size_t first = j->parts.count;
    struct part *to = list_add(&j->parts, count, sizeof(*to));
    if (!to)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        to[i] = *refs[i].part;
        to[i].base = refs[i].base;
    }
    return join_set(j, first, out);
}

/* Each slice's set is that of its default ports, and together they are as many. */
static bool is_default(const struct join *j, const struct port_use *use)
{
    return !use->other && use->parts == j->sets[SET_DEFAULT].set.part_count;
}

/* References to all parts of the slices' sets, name by name from the place of its number on;
 * then its place is where they end. */
static void list_refs(const struct naming *names, struct part_ref *refs, size_t *places)
{
    const struct large_parts *p = names->j->p;
    const uint32_t *number = names->numbers;
    for (uint32_t n = 0; n < p->slice_count; n++) {
        const struct slice *s = p->slices[n];
        for (unsigned i = 0; i < s->port_count; i++, number++) {
            const struct slice_set *set = &slice_ports(s)[i].set;
            for (uint32_t k = 0; k < set->count; k++)
                refs[places[*number]++] =
                    (struct part_ref){&s->parts[set->first + k], n * SLICE_MAX};
        }
    }
}

static enum err make_sets(struct naming *names, struct part_ref *refs, size_t *places)
{
    struct join *j = names->j;
    const struct port_name *name = names->names.items;
    const struct port_use *uses = names->uses.items;
    size_t count = names->names.count, place = 0;
    for (size_t i = 0; i < count; i++) {
        places[name[i].number] = place;
        place += uses[name[i].number].parts;
    }
    list_refs(names, refs, places);
    struct port_draft *port = list_add(&j->ports, count, sizeof(*port));
    if (!port || !list_reserve(&j->parts, place, sizeof(struct part)))
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++, port++, name++) {
        const struct port_use *use = &uses[name->number];
        port->port = name->port;
        if (is_default(j, use))
            port->set = j->sets[SET_DEFAULT];
        else if (make_set(j, refs + places[name->number] - use->parts, use->parts, &port->set))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

static enum err make_ports(struct naming *names)
{
    const struct port_use *uses = names->uses.items;
    size_t parts = 0;
    for (size_t i = 0; i < names->uses.count; i++)
        parts += uses[i].parts;
    names->j->steps += parts;
    struct part_ref *refs = malloc((parts + 1) * sizeof(*refs));
    size_t *places = malloc(names->names.count * sizeof(*places));
    enum err err = refs && places ? make_sets(names, refs, places) : ERR_MEMORY;
    free(refs);
    free(places);
    return err;
}

/* ---- all ------------------------------------------------------------------------------------ */

static size_t port_count(const struct large_parts *p)
{
    size_t count = 0;
    for (uint32_t n = 0; n < p->slice_count; n++)
        count += p->slices[n]->port_count;
    return count;
}

static enum err name_all(struct naming *names, size_t ports)
{
    uint32_t size = 16; /* at most half of the slots are used */
    while (size < 2 * ports)
        size *= 2;
    names->mask = size - 1;
    names->slots = calloc(size, sizeof(*names->slots));
    names->numbers = malloc(ports * sizeof(*names->numbers));
    if (!names->slots || !names->numbers || take_slices(names) || sort_names(names))
        return ERR_MEMORY;
    return make_ports(names);
}

enum err join_ports(struct join *j)
{
    struct naming names = {.j = j};
    size_t ports = port_count(j->p);
    if (ports == 0)
        return ERR_OK;
    j->steps += ports;
    enum err err = name_all(&names, ports);
    free(names.names.items);
    free(names.ends.items);
    free(names.uses.items);
    free(names.numbers);
    free(names.slots);
    return err;
}

/* A service of one slice: everything in the view's own block. */
#include "dns/compile_head.h"

#include <stdlib.h>
#include <string.h>

#include "dns/draft.h"
#include "dns/view_ports.h"
#include "dns/wire.h"

enum { ADDRS_MAX = SLICE_MAX * ADDRESSES_MAX }; /* of one family */

_Static_assert((uint64_t)SLICE_MAX *UINT16_MAX *ADDRESS_WEIGHT_PARTS <= UINT32_MAX,
               "all weights of a slice together have 32 bits");

/* The distinct addresses of one family. */
struct small_addrs {
    enum bag_kind kind;
    unsigned size; /* of an address */
    struct choice choice;
    uint32_t count, shown; /* shown: less those of weight 0, unless all are */
    uint32_t weights[ADDRS_MAX];
    uint8_t bytes[ADDRS_MAX * 16];
    uint16_t slots[2 * ADDRS_MAX]; /* number + 1 */
    uint32_t mask;
};

struct small {
    struct draft d;
    struct small_addrs addrs[2]; /* BAG_V4, BAG_V6 */
    uint64_t txt_holders;        /* whose TXT data are the service's */
    uint32_t txt_count;
};

static const uint8_t *draft_addrs(const struct draft *d, const struct view_instance *i,
                                  enum bag_kind kind)
{
    const uint8_t *label = draft_label(d, i);
    return label + 1 + *label + (kind == BAG_V6 ? 4 * i->v4_count : 0);
}

/* The number of an address, which is new or there. */
static uint32_t find_addr(struct small_addrs *a, const struct hash_key *key, const uint8_t *addr)
{
    uint32_t at = (uint32_t)hash_bytes(key, addr, a->size) & a->mask;
    for (; a->slots[at]; at = (at + 1) & a->mask)
        if (memcmp(a->bytes + (a->slots[at] - 1u) * a->size, addr, a->size) == 0)
            return a->slots[at] - 1u;
    memcpy(a->bytes + a->count * a->size, addr, a->size);
    a->weights[a->count] = 0;
    a->slots[at] = (uint16_t)++a->count;
    return a->count - 1;
}

/* At most half of the slots are used. */
static void begin_addrs(struct small_addrs *a, const struct draft *d)
{
    uint32_t all = 0, size = 2;
    for (unsigned n = 0; n < d->count; n++)
        all += addr_count(&d->instances[n], a->kind);
    while (size < 2 * all)
        size *= 2;
    memset(a->slots, 0, size * sizeof(*a->slots));
    a->mask = size - 1;
    a->count = a->shown = 0;
}

static void gather_addrs(struct small_addrs *a, const struct draft *d)
{
    begin_addrs(a, d);
    for (unsigned n = 0; n < d->count; n++) {
        const struct view_instance *i = &d->instances[n];
        const uint8_t *addr = draft_addrs(d, i, a->kind);
        unsigned count = addr_count(i, a->kind);
        if (!choice_has(&a->choice, a->kind, i))
            continue;
        for (unsigned k = 0; k < count; k++, addr += a->size)
            a->weights[find_addr(a, d->c->key, addr)] += i->weight * (ADDRESS_WEIGHT_PARTS / count);
    }
    for (uint32_t n = 0; n < a->count; n++)
        a->shown += a->weights[n] > 0;
    if (a->shown == 0)
        a->shown = a->count;
}

static bool is_service_txt(const struct small *s, uint32_t entry)
{
    return intern_entry(&s->d.txts, entry)->has & s->txt_holders;
}

static void gather(struct small *s)
{
    struct head_class classes[2] = {{.best_priority = UINT16_MAX}, {.best_priority = UINT16_MAX}};
    for (int i = 0; i < 2; i++)
        head_class_add(&classes[i], &s->d.classes[i]);
    for (enum bag_kind kind = BAG_V4; kind <= BAG_V6; kind++) {
        struct small_addrs *a = &s->addrs[kind];
        a->kind = kind;
        a->size = kind == BAG_V4 ? 4 : 16;
        a->choice = head_choice(classes, kind);
        gather_addrs(a, &s->d);
    }
    bool stale = head_choice(classes, BAG_TXT).stale;
    s->txt_holders = s->d.live & (stale ? s->d.stale : ~s->d.stale);
    s->txt_count = 0;
    for (uint32_t i = 0; i < s->d.txts.entries.count; i++)
        s->txt_count += is_service_txt(s, i);
}

/* ---- the block --------------------------------------------------------------------------- */

/* One after the other: first what A answers read, then SRV answers, up to the head of the slice. */
enum section {
    ADDR_PARTS, /* of both families; so are the next two */
    ADDR_SUMS,
    ADDR_BYTES,
    GROUPS,
    NAMES,
    SLICE,
    SLICE_POINTER,
    SETS, /* by protocol, where they are their own */
    PORTS,
    TXT_PART,
    TXT_ITEMS,
    SECTIONS
};

struct plan {
    struct slice_plan slice;
    size_t at[SECTIONS], size;
};

static uint32_t part_count(uint32_t items)
{
    return (items + PART_MAX - 1) / PART_MAX;
}

/* Is that of a protocol a set of its own, and not that by default, or none? */
static bool is_own(const struct draft_set *set, const struct draft_set *by_default)
{
    return set->count && (set->first != by_default->first || set->count != by_default->count);
}

static unsigned own_sets(const struct draft *d)
{
    return (unsigned)is_own(&d->sets[SET_TCP], &d->sets[SET_DEFAULT]) +
           is_own(&d->sets[SET_UDP], &d->sets[SET_DEFAULT]);
}

static void measure(const struct small *s, const struct service *service, struct plan *p)
{
    const struct small_addrs *v4 = &s->addrs[BAG_V4], *v6 = &s->addrs[BAG_V6];
    slice_measure(&s->d, false, &p->slice);
    const size_t sizes[SECTIONS] = {
        [SLICE_POINTER] = sizeof(struct slice *),
        [SLICE] = p->slice.size,
        [SETS] = own_sets(&s->d) * sizeof(struct srv_set),
        [PORTS] = s->d.names.entries.count * sizeof(struct named_port),
        [GROUPS] = s->d.parts.count * sizeof(struct pick_group),
        [ADDR_PARTS] = (part_count(v4->shown) + part_count(v6->shown)) * sizeof(struct part),
        [ADDR_SUMS] = (v4->shown + v6->shown) * sizeof(uint32_t),
        [TXT_PART] = part_count(s->txt_count) * sizeof(struct txt_part),
        [TXT_ITEMS] = s->txt_count * sizeof(struct txt_item),
        [ADDR_BYTES] = v4->shown * v4->size + v6->shown * v6->size,
        [NAMES] = head_name_bytes(&s->d.owner, service),
    };
    _Static_assert(sizeof(struct view) % 8 == 0, "sections stand behind it");
    p->size = sizeof(struct view);
    for (enum section n = 0; n < SECTIONS; n++) {
        if (n == GROUPS || n == SLICE)
            p->size = (p->size + 7) & ~(size_t)7;
        p->at[n] = p->size;
        p->size += sizes[n];
    }
}

struct placing {
    struct view *view;
    const struct slice *slice;
    struct pick_group *groups; /* the next that are free */
};

/* One part of the slice for each priority. */
static struct srv_set place_set(struct placing *p, const struct slice_set *from)
{
    struct srv_set set = {.parts = p->slice->parts + from->first,
                          .groups = p->groups,
                          .group_count = from->count & INT32_MAX,
                          .part_count = from->count};
    for (uint32_t i = 0; i < from->count; i++) {
        const struct part *part = &set.parts[i];
        *p->groups++ = (struct pick_group){part_total(part), i, 1, part->count, part->zeros};
    }
    head_close_set(p->view->withdraws_stale, &set);
    return set;
}

static void place_protocols(struct placing *p, struct srv_set *to)
{
    static const enum set_kind kinds[] = {[PROTOCOL_TCP] = SET_TCP, [PROTOCOL_UDP] = SET_UDP};
    struct view *v = p->view;
    for (enum protocol protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol++) {
        const struct slice_set *set = &p->slice->sets[kinds[protocol]];
        v->by_protocol[protocol] = &view_no_items;
        if (slice_set_is_default(p->slice, set)) {
            v->by_protocol[protocol] = &v->by_default;
        } else if (set->count) {
            *to = place_set(p, set);
            v->by_protocol[protocol] = to++;
        }
    }
}

static void place_ports(struct placing *p, struct named_port *ports)
{
    struct view *v = p->view;
    const struct slice_port *from = slice_ports(p->slice);
    v->ports = ports;
    v->port_count = p->slice->port_count;
    for (uint32_t i = 0; i < v->port_count; i++, from++, ports++) {
        ports->name = from->name;
        ports->hash = 0;
        ports->protocol = from->protocol;
        ports->set =
            slice_set_is_default(p->slice, &from->set) ? v->by_default : place_set(p, &from->set);
    }
}

static void place_addr_parts(const struct small_addrs *a, struct part *parts, const uint32_t *sums,
                             const uint8_t *bytes)
{
    uint64_t before = 0;
    for (uint32_t first = 0; first < a->shown; first += PART_MAX, parts++) {
        uint32_t count = a->shown - first < PART_MAX ? a->shown - first : PART_MAX;
        *parts = (struct part){.sums = sums + first,
                               .before = before,
                               .addrs = bytes + first * a->size,
                               .priority = a->choice.priority,
                               .count = (uint8_t)count};
        before += sums[first + count - 1];
        if (sums[first + count - 1] == 0)
            parts->zeros = parts->count;
    }
}

/* The distinct addresses side by side, with their running totals; those of weight 0 only
 * when there are no others, since A and AAAA have no field that tells clients so. */
static void place_addrs(const struct small_addrs *a, struct part *parts, uint32_t *sums,
                        uint8_t *bytes, struct addr_set *to)
{
    uint32_t n = 0;
    uint32_t sum = 0, total = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->shown < a->count && !a->weights[i])
            continue;
        memcpy(bytes + n * a->size, a->bytes + i * a->size, a->size);
        sum = n % PART_MAX ? sum + a->weights[i] : a->weights[i];
        total += a->weights[i];
        sums[n++] = sum;
    }
    place_addr_parts(a, parts, sums, bytes);
    *to = (struct addr_set){
        .parts = parts,
        .group = {.total = total, .part_count = part_count(n), .count = n, .zeros = total ? 0 : n},
        .priority = a->choice.priority,
        .weight_max = a->choice.weight_max,
        .stale = a->choice.stale && n};
}

static void place_txts(const struct small *s, const struct plan *p, const uint8_t *start,
                       struct txt_part *part, struct txt_item *items, struct txt_set *to)
{
    const uint8_t *strings = start + p->slice.at[SLICE_STRINGS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->d.txts.entries.count; i++) {
        const struct distinct *e = intern_entry(&s->d.txts, i);
        if (!is_service_txt(s, i))
            continue;
        items[n++] =
            (struct txt_item){strings + e->offset + TXT_SIZE, (uint16_t)(e->size - TXT_SIZE)};
        to->record_bytes += RECORD_HEAD + e->size - TXT_SIZE;
    }
    to->count = n;
    to->parts = part;
    to->part_count = part_count(n);
    if (n)
        *part = (struct txt_part){items, n};
}

static void place_all(const struct small *s, const struct plan *p, struct view *v)
{
    uint8_t *start = (uint8_t *)v;
    const struct small_addrs *v4 = &s->addrs[BAG_V4], *v6 = &s->addrs[BAG_V6];
    const struct slice **slices = (void *)(start + p->at[SLICE_POINTER]);
    struct part *parts = (void *)(start + p->at[ADDR_PARTS]);
    uint32_t *sums = (void *)(start + p->at[ADDR_SUMS]);
    uint8_t *bytes = start + p->at[ADDR_BYTES];
    slices[0] = slice_write(&s->d, &p->slice, start + p->at[SLICE]);
    v->slices = slices;
    v->slice_count = 1;
    struct placing placing = {v, slices[0], (void *)(start + p->at[GROUPS])};
    v->by_default = place_set(&placing, &slices[0]->sets[SET_DEFAULT]);
    place_protocols(&placing, (void *)(start + p->at[SETS]));
    place_ports(&placing, (void *)(start + p->at[PORTS]));
    place_addrs(v4, parts, sums, bytes, &v->v4);
    place_addrs(v6, parts + part_count(v4->shown), sums + v4->shown, bytes + v4->shown * v4->size,
                &v->v6);
    place_txts(s, p, start + p->at[SLICE], (void *)(start + p->at[TXT_PART]),
               (void *)(start + p->at[TXT_ITEMS]), &v->txt);
}

static enum err draft_all(struct small *s, const struct compile_context *c,
                          const struct service *service)
{
    struct ordered list[SLICE_MAX];
    uint32_t count = service_count(service);
    if (draft_init(&s->d, c, service))
        count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct instance *instance = service_instance(service, i);
        list[i] = (struct ordered){instance_key(instance).id, instance};
    }
    return draft_slice(&s->d, list, count);
}

enum err compile_small(const struct compile_context *c, const struct service *service,
                       struct view **out)
{
    struct small s;
    struct plan p;
    struct view *v = NULL;
    if (!draft_all(&s, c, service)) {
        gather(&s);
        measure(&s, service, &p);
        v = malloc(p.size);
    }
    if (v) {
        memset(v, 0, sizeof(*v));
        v->size = (uint32_t)p.size;
        v->addr_size = (uint32_t)p.at[GROUPS];
        v->srv_size = (uint32_t)(p.at[SLICE] + p.slice.at[SLICE_HEAD]);
        head_attributes(v, c, service);
        place_all(&s, &p, v);
        struct head_totals totals = head_total(v->slices, 1);
        head_fill(v, service, &s.d.owner, &totals, (char *)v + p.at[NAMES]);
    }
    draft_deinit(&s.d);
    *out = v;
    return v ? ERR_OK : ERR_MEMORY;
}

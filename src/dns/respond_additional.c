/* Addresses of names that answers point to (RFC 1034 section 4.3.2 step 6): as far as they
 * are ours and there is room. */
#include "dns/respond.h"

/* All records of the set or none; true when they are in, or there is none. */
static bool put_whole(struct respond *r, const struct name *owner, size_t at,
                      const struct rrset *set)
{
    struct answer *a = &r->answer;
    size_t extra = can_point(at) ? 0 : owner->size - (size_t)POINTER_SIZE, need = 0;
    for (uint32_t i = 0; i < set->count; i++)
        need += extra + RECORD_HEAD + set->sizes[i];
    if (need > answer_left(a))
        return false;
    for (uint32_t i = 0; i < set->count; i++) {
        uint8_t *p = answer_room(a, extra + RECORD_HEAD + set->sizes[i]);
        uint8_t *rdata =
            put_record_head(p + extra, at & POINTER_MAX, set->type, set->ttl, set->sizes[i]);
        if (extra)
            memcpy(p, owner->wire, owner->size);
        memcpy(rdata, set->rdata[i], set->sizes[i]);
        a->counts[SECTION_ADDITIONAL]++;
    }
    return true;
}

static bool put_node(struct respond *r, const struct name *owner, size_t at, const struct node *n)
{
    static const uint16_t types[] = {TYPE_A, TYPE_AAAA};
    bool all = true;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        const struct rrset *set = node_set(n, types[i]);
        if (set)
            all &= put_whole(r, owner, at, set);
    }
    return all;
}

static void put_family(struct respond *r, const struct name *owner, size_t at, const struct view *v,
                       uint16_t type, const uint8_t *bytes, unsigned count)
{
    const uint8_t *rdata[ADDRESSES_MAX];
    uint16_t sizes[ADDRESSES_MAX], size = type == TYPE_A ? 4 : 16;
    struct rrset set = {
        .type = type, .count = (uint16_t)count, .ttl = v->ttl, .rdata = rdata, .sizes = sizes};
    for (unsigned i = 0; i < count; i++) {
        rdata[i] = bytes + (size_t)i * size;
        sizes[i] = size;
    }
    (void)put_whole(r, owner, at, &set);
}

bool respond_addresses(struct respond *r, const struct name *target, size_t at, bool glue)
{
    struct found f;
    const struct node *exact = glue ? table_find(r->dns->table, target->wire, target->size) : NULL;
    if (exact && exact->rrset_count)
        return put_node(r, target, at, exact);
    lookup(r->dns, target, &f);
    if (f.kind == FOUND_STATIC)
        return put_node(r, target, at, f.node);
    if (f.kind == FOUND_INSTANCE && f.instance->status != STATUS_DOWN) {
        put_family(r, target, at, f.view, TYPE_A, instance_v4(f.instance), f.instance->v4_count);
        put_family(r, target, at, f.view, TYPE_AAAA, instance_v6(f.instance), f.instance->v6_count);
    }
    return true;
}

/* Where in the data of a type the name of a host stands; -1 = nowhere. */
static int target_offset(uint16_t type)
{
    switch (type) {
    case TYPE_NS: return 0;
    case TYPE_MX: return 2;
    case TYPE_SRV: return 6;
    case TYPE_SVCB:
    case TYPE_HTTPS: return 2;
    default: return -1;
    }
}

static bool is_known(const struct name *n, const struct name_place *places, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (name_is_wire(n, places[i].wire))
            return true;
    return false;
}

/* Adds the data's target, if it is one that is not there yet. */
static void note_target(const uint8_t *wire, uint32_t at, struct name_place *places,
                        uint32_t *count)
{
    struct name n;
    name_from_wire(wire, &n);
    if (n.size > 1 && !is_known(&n, places, *count))
        places[(*count)++] = (struct name_place){wire, at};
}

void respond_targets(struct respond *r, const struct rrset *set, uint32_t at, uint32_t start)
{
    struct name_place places[DNS_ADDITIONAL_TARGETS];
    uint32_t count = 0;
    int offset = target_offset(set->type);
    if (offset < 0)
        return;
    for (uint32_t i = 0; i < set->count && count < ARRAY_COUNT(places); i++) {
        uint32_t which = (start + i) % set->count;
        at += RECORD_HEAD;
        note_target(set->rdata[which] + offset, at + (uint32_t)offset, places, &count);
        at += set->sizes[which];
    }
    for (uint32_t i = 0; i < count; i++) {
        struct name target;
        name_from_wire(places[i].wire, &target);
        (void)respond_addresses(r, &target, places[i].at, false);
    }
}

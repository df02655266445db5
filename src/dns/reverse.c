#include "dns/reverse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/leaf.h"
#include "dns/state.h"
#include "dns/view_records.h"
#include "dns/wire.h"

struct entry;

/* "This name has that address." */
struct pointer {
    struct entry *entry;
    struct pointer *next, *previous; /* of the entry */
    uint64_t hash;
    uint32_t round; /* when it was last seen */
    uint8_t size;
    uint8_t target[]; /* wire */
};

/* An address in a reverse zone. */
struct entry {
    struct addr addr;
    struct zone *zone;
    uint64_t hash;
    struct pointer *first, *last; /* the longest known first */
    struct entry *next_dirty;
    bool dirty; /* the leaf is another one now */
};

struct reverse {
    const struct zone **forward; /* by the reverse zone's place; NULL = it is none */
    struct map entries, pointers;
    struct entry *dirty;
    uint32_t round;
    bool incomplete; /* memory lacked: what is published is to be looked through */
};

/* ---- names -------------------------------------------------------------------------------- */

static uint8_t *put_label(uint8_t *at, const char *text)
{
    size_t size = strlen(text);
    *at++ = (uint8_t)size;
    memcpy(at, text, size);
    return at + size;
}

void reverse_name(const struct addr *a, struct name *out)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t wire[NAME_MAX_WIRE], *at = wire;
    char text[4];
    for (unsigned i = addr_size(a); i-- > 0;) {
        if (a->family == FAMILY_V4) {
            snprintf(text, sizeof(text), "%u", a->bytes[i]);
            at = put_label(at, text);
        } else {
            const uint8_t nibbles[] = {1, (uint8_t)digits[a->bytes[i] & 15], 1,
                                       (uint8_t)digits[a->bytes[i] >> 4]};
            memcpy(at, nibbles, sizeof(nibbles));
            at += sizeof(nibbles);
        }
    }
    at = put_label(at, a->family == FAMILY_V4 ? "in-addr" : "ip6");
    at = put_label(at, "arpa");
    *at = 0;
    name_from_wire(wire, out);
}

/* ---- life --------------------------------------------------------------------------------- */

static const struct zone *zone_named(const struct dns *dns, const char *text)
{
    struct name name;
    if (name_parse(text_of(text), &name))
        return NULL;
    const struct zone *zone = dns_zone_at(dns, &name);
    return zone && zone->ns ? zone : NULL;
}

static enum err find_forward(const struct dns *dns, const struct zone **forward, const char **wrong)
{
    for (size_t i = 0; i < dns->zone_count; i++) {
        const char *named = dns->config.zones[i].reverse;
        if (!named)
            continue;
        forward[i] = zone_named(dns, named);
        if (!forward[i] || dns->zones[i]->ns) {
            *wrong = dns->zones[i]->name;
            return ERR_VALUE;
        }
    }
    return ERR_OK;
}

enum err reverse_new(const struct dns *dns, struct reverse **out, const char **wrong)
{
    bool any = false;
    *out = NULL;
    for (size_t i = 0; i < dns->zone_count; i++)
        any |= dns->config.zones[i].reverse != NULL;
    if (!any)
        return ERR_OK;
    struct reverse *r = calloc(1, sizeof(*r));
    if (!r)
        return ERR_MEMORY;
    r->forward = calloc(dns->zone_count, sizeof(*r->forward));
    enum err err = r->forward ? find_forward(dns, r->forward, wrong) : ERR_MEMORY;
    if (err)
        reverse_free(r);
    else
        *out = r;
    return err;
}

void reverse_free(struct reverse *r)
{
    size_t cursor = 0;
    if (!r)
        return;
    for (struct pointer *p; (p = map_next(&r->pointers, &cursor));)
        free(p);
    cursor = 0;
    for (struct entry *e; (e = map_next(&r->entries, &cursor));)
        free(e);
    map_deinit(&r->pointers);
    map_deinit(&r->entries);
    free(r->forward);
    free(r);
}

/* ---- who has which address ----------------------------------------------------------------- */

struct pointer_key {
    const struct entry *entry;
    const uint8_t *target;
    uint8_t size;
};

static bool is_pointer(const void *item, const void *key)
{
    const struct pointer *p = item;
    const struct pointer_key *k = key;
    return p->entry == k->entry && p->size == k->size && memcmp(p->target, k->target, k->size) == 0;
}

static uint64_t pointer_hash(const struct dns *dns, const struct pointer_key *k)
{
    return hash_bytes(&dns->key, k->target, k->size) * 3 ^ k->entry->hash;
}

static struct pointer *find_pointer(const struct dns *dns, const struct pointer_key *k)
{
    return map_find(&dns->reverse->pointers, pointer_hash(dns, k), is_pointer, k);
}

static bool is_entry(const void *item, const void *key)
{
    return addr_is(&((const struct entry *)item)->addr, key);
}

static struct entry *find_entry(const struct dns *dns, const struct addr *a)
{
    uint64_t hash = hash_bytes(&dns->key, a->bytes, addr_size(a));
    return map_find(&dns->reverse->entries, hash, is_entry, a);
}

/* The reverse zone of the forward zone in which the name may stand; NULL = there is none, or
 * the zone's file has something else there, which does not change. */
static struct zone *zone_for(const struct dns *dns, const struct zone *forward,
                             const struct name *name)
{
    struct zone *zone = dns_zone_of(dns, name);
    if (!zone || dns->reverse->forward[zone->index] != forward)
        return NULL;
    const struct node *there = table_find(dns->table, name->wire, name->size);
    bool taken = there && there->kind == NODE_STATIC;
    return taken || table_occluded(dns->table, name, zone) ? NULL : zone;
}

static enum err add_entry(struct dns *dns, const struct addr *a, struct zone *zone,
                          struct entry **out)
{
    struct entry *e = calloc(1, sizeof(*e));
    if (!e)
        return ERR_MEMORY;
    e->addr = *a;
    e->zone = zone;
    e->hash = hash_bytes(&dns->key, a->bytes, addr_size(a));
    if (map_insert(&dns->reverse->entries, e->hash, e)) {
        free(e);
        return ERR_MEMORY;
    }
    *out = e;
    return ERR_OK;
}

static void mark(struct reverse *r, struct entry *e)
{
    if (e->dirty)
        return;
    e->dirty = true;
    e->next_dirty = r->dirty;
    r->dirty = e;
}

static enum err append(struct dns *dns, const struct pointer_key *k, struct entry *e)
{
    struct reverse *r = dns->reverse;
    struct pointer *p = calloc(1, sizeof(*p) + k->size);
    if (!p)
        return ERR_MEMORY;
    p->entry = e;
    p->hash = pointer_hash(dns, k);
    p->round = r->round;
    p->size = k->size;
    memcpy(p->target, k->target, k->size);
    if (map_insert(&r->pointers, p->hash, p)) {
        free(p);
        return ERR_MEMORY;
    }
    p->previous = e->last;
    if (e->last)
        e->last->next = p;
    else
        e->first = p;
    e->last = p;
    return ERR_OK;
}

/* A service, and what is noted of it. */
struct noting {
    struct dns *dns;
    const struct zone *forward;
    const struct view *old, *new; /* NULL: it was or is not there */
};

/* Both views name an instance alike. */
static void name_of(const struct noting *c, const struct view_instance *i, struct name *out)
{
    out->size = (uint8_t)view_target(c->new ? c->new : c->old, i, out->wire);
}

static enum err add(const struct noting *c, const struct addr *a, const struct view_instance *i)
{
    struct dns *dns = c->dns;
    struct name target;
    struct entry *e = find_entry(dns, a);
    if (!e) {
        struct name name;
        reverse_name(a, &name);
        struct zone *zone = zone_for(dns, c->forward, &name);
        if (!zone)
            return ERR_OK;
        if (add_entry(dns, a, zone, &e))
            return ERR_MEMORY;
    } else if (dns->reverse->forward[e->zone->index] != c->forward) {
        return ERR_OK;
    }
    name_of(c, i, &target);
    struct pointer_key k = {e, target.wire, target.size};
    struct pointer *known = find_pointer(dns, &k);
    if (known) {
        known->round = dns->reverse->round;
        return ERR_OK;
    }
    mark(dns->reverse, e); /* one that stays empty is taken away when it is settled */
    return append(dns, &k, e);
}

static void remove_pointer(struct reverse *r, struct pointer *p)
{
    struct entry *e = p->entry;
    *(p->next ? &p->next->previous : &e->last) = p->previous;
    *(p->previous ? &p->previous->next : &e->first) = p->next;
    map_remove(&r->pointers, p->hash, p);
    mark(r, e);
    free(p);
}

static void drop(const struct noting *c, const struct addr *a, const struct view_instance *i)
{
    struct name target;
    name_of(c, i, &target);
    struct pointer_key k = {find_entry(c->dns, a), target.wire, target.size};
    struct pointer *p = k.entry ? find_pointer(c->dns, &k) : NULL;
    if (p)
        remove_pointer(c->dns->reverse, p);
}

/* ---- differences ----------------------------------------------------------------------- */

/* The n-th address of those at which I.S.Z answers; false: there are no more. */
static bool address_of(const struct view_instance *i, unsigned n, struct addr *out)
{
    *out = (struct addr){.family = n < i->v4_count ? FAMILY_V4 : FAMILY_V6};
    if (i->status == STATUS_DOWN || n >= (unsigned)i->v4_count + i->v6_count)
        return false;
    if (n < i->v4_count)
        memcpy(out->bytes, instance_v4(i) + (size_t)n * 4, 4);
    else
        memcpy(out->bytes, instance_v6(i) + (size_t)(n - i->v4_count) * 16, 16);
    return true;
}

static bool has_address(const struct view_instance *i, const struct addr *a)
{
    struct addr own;
    for (unsigned n = 0; i && address_of(i, n, &own); n++)
        if (addr_is(&own, a))
            return true;
    return false;
}

/* Nearly all instances are as they were. */
static bool is_same(const struct view_instance *a, const struct view_instance *b)
{
    return a && b && (a->status == STATUS_DOWN) == (b->status == STATUS_DOWN) &&
           a->v4_count == b->v4_count && a->v6_count == b->v6_count &&
           memcmp(instance_v4(a), instance_v4(b),
                  (size_t)a->v4_count * 4 + (size_t)a->v6_count * 16) == 0;
}

/* The same instance before and after; NULL = it was or is not there. */
static enum err note_instance(const struct noting *c, const struct view_instance *old,
                              const struct view_instance *new)
{
    struct addr a;
    enum err err = ERR_OK;
    if (is_same(old, new))
        return ERR_OK;
    for (unsigned n = 0; old && address_of(old, n, &a); n++)
        if (!has_address(new, &a))
            drop(c, &a, old);
    for (unsigned n = 0; new &&address_of(new, n, &a) && !err; n++)
        if (!has_address(old, &a))
            err = add(c, &a, new);
    return err;
}

/* Both are sorted by id. */
static enum err note_slices(const struct noting *c, const struct slice *old,
                            const struct slice *new)
{
    enum err err = ERR_OK;
    for (uint32_t a = 0, b = 0; a < old->count || b < new->count;) {
        const struct view_instance *x = a < old->count ? &old->instances[a] : NULL;
        const struct view_instance *y = b < new->count ? &new->instances[b] : NULL;
        int order = x && y ? text_compare(instance_label(x), instance_label(y)) : x ? -1 : 1;
        if (note_instance(c, order <= 0 ? x : NULL, order >= 0 ? y : NULL))
            err = ERR_MEMORY;
        a += order <= 0;
        b += order >= 0;
    }
    return err;
}

static const struct view_instance *instance_in(const struct dns *dns, const struct view *v,
                                               const struct view_instance *like)
{
    uint32_t place;
    return v ? view_instance(v, &dns->key, instance_label(like), &place) : NULL;
}

static enum err note_by_id(const struct noting *c)
{
    const struct view *old = c->old, *new = c->new;
    enum err err = ERR_OK;
    for (uint32_t n = 0; old && view_next(old, &n); n++) {
        const struct view_instance *i = view_at(old, n);
        if (note_instance(c, i, instance_in(c->dns, new, i)))
            err = ERR_MEMORY;
    }
    for (uint32_t n = 0; new &&view_next(new, &n); n++) {
        const struct view_instance *i = view_at(new, n);
        if (!instance_in(c->dns, old, i) && note_instance(c, NULL, i))
            err = ERR_MEMORY;
    }
    return err;
}

/* What both have is passed over. */
static enum err note_views(const struct noting *c)
{
    const struct view *old = c->old, *new = c->new;
    enum err err = ERR_OK;
    if (!old || !new || old->slice_count != new->slice_count)
        return note_by_id(c);
    for (uint32_t n = 0; n < old->slice_count; n++)
        if (old->slices[n] != new->slices[n] && note_slices(c, old->slices[n], new->slices[n]))
            err = ERR_MEMORY;
    return err;
}

static bool is_forward(const struct dns *dns, const struct zone *zone)
{
    for (size_t i = 0; i < dns->zone_count; i++)
        if (dns->reverse->forward[i] == zone)
            return true;
    return false;
}

void reverse_note(struct dns *dns, const struct zone *forward, const struct view *old,
                  const struct view *new)
{
    const struct noting c = {dns, forward, old, new};
    if (dns->reverse && is_forward(dns, forward) && note_views(&c))
        dns->reverse->incomplete = true;
}

/* ---- from the beginning ---------------------------------------------------------------- */

static enum err look_through(struct dns *dns)
{
    struct reverse *r = dns->reverse;
    struct published published;
    size_t cursor = 0;
    r->round++;
    while (dns_published_next(dns, &cursor, &published)) {
        const struct view *v = published.places & VIEW_AT_SERVICE ? published.view : NULL;
        const struct noting c = {dns, published.zone, NULL, v};
        if (is_forward(dns, published.zone) && note_views(&c))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* Takes away what was not seen; the map may not change on the way. */
static void sweep(struct reverse *r)
{
    size_t cursor = 0;
    struct pointer *gone = NULL;
    for (struct pointer *p; (p = map_next(&r->pointers, &cursor));) {
        if (p->round == r->round)
            continue;
        struct entry *e = p->entry;
        *(p->next ? &p->next->previous : &e->last) = p->previous;
        *(p->previous ? &p->previous->next : &e->first) = p->next;
        mark(r, e);
        p->next = gone;
        gone = p;
    }
    for (struct pointer *p; (p = gone);) {
        gone = p->next;
        map_remove(&r->pointers, p->hash, p);
        free(p);
    }
}

/* ---- leaves ---------------------------------------------------------------------------- */

static enum err settle_entry(struct dns *dns, struct entry *e)
{
    struct leaf_record records[REVERSE_MAX];
    struct leaf *leaf = NULL;
    struct name name;
    size_t count = 0;
    reverse_name(&e->addr, &name);
    for (const struct pointer *p = e->first; p && count < REVERSE_MAX; p = p->next)
        records[count++] = (struct leaf_record){
            .type = TYPE_PTR, .size = p->size, .ttl = e->zone->ttl, .rdata = p->target};
    if (count && leaf_new(&name, records, count, &leaf))
        return ERR_MEMORY;
    enum err err = leaf_publish(dns, e->zone, &name, leaf);
    if (err)
        leaf_unref(leaf);
    return err;
}

enum err reverse_settle(struct dns *dns)
{
    struct reverse *r = dns->reverse;
    if (r && r->incomplete) {
        if (look_through(dns))
            return ERR_MEMORY;
        sweep(r);
        r->incomplete = false;
    }
    while (r && r->dirty) {
        struct entry *e = r->dirty;
        if (settle_entry(dns, e))
            return ERR_MEMORY;
        r->dirty = e->next_dirty;
        e->dirty = false;
        if (e->first)
            continue;
        map_remove(&r->entries, e->hash, e);
        free(e);
    }
    return ERR_OK;
}

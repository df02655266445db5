/* A view: all that DNS can say of one service in one zone, compiled when the service changes,
 * immutable, read by workers without a lock.
 *
 *   node "hello.disc.local"  ─┐
 *   node "_hello._tcp..."    ─┼─> slot ──(RCU pointer)──> view ─┬ slices: instances, selectors
 *   node "_hello._udp..."    ─┘                                 ├ srv sets (by default port,
 *                                                               │   protocol, named port)
 *                                                               └ address sets, TXT set
 *
 * A small service has one slice (slice.h), inside the view's own block. A large one has many,
 * and so have its address and TXT sets, and its named ports (view_ports.h): blocks of their own,
 * which the next view shares as far as they did not change. Then all that is made anew with a
 * change is one slice and what is listed here of each slice: a few numbers.
 *
 * Places: an instance is known by its place, slice x SLICE_MAX + place in the slice. Places
 * have gaps, and mean nothing in another view. Built by compile.c, read by respond*.c and
 * explain*.c, published by publish.c.
 */
#ifndef DISC_DNS_VIEW_H
#define DISC_DNS_VIEW_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/rcu.h"
#include "base/text.h"
#include "dns/bundle.h"
#include "dns/pair_filter.h"
#include "dns/part.h"
#include "dns/slice.h"
#include "dns/wire.h"
#include "registry/registry.h"

/* One priority after the other, ascending; the stale last. */
struct srv_set {
    const struct part *parts;
    const struct pick_group *groups;
    uint32_t group_count : 31;
    uint32_t withdrawn : 1; /* stale ones are left out, as others are there */
    uint32_t part_count;    /* the last group ends there */
    uint32_t count;         /* items */
    uint32_t record_bytes;  /* all records on the wire, owner as 2-byte pointer */
};

struct srv_item {
    uint32_t place; /* of the instance */
    uint16_t priority;
    uint16_t weight; /* not scaled: view_wire_weight */
    uint16_t port;
};

struct named_port; /* view_ports.h */

/* Distinct addresses of one family of the live instances of the best priority; of stale
 * ones only when no other has the family, of weight 0 only when all are. A weight is the sum
 * over the holders of w x ADDRESS_WEIGHT_PARTS / (the instance's addresses of the family). */
struct addr_set {
    const struct part *parts;
    struct pick_group group; /* first_part is 0 */
    uint16_t priority;       /* of those instances */
    uint16_t weight_max;     /* the largest that one of them has, not scaled */
    bool stale;              /* of instances that are not heard from */
};

enum { ADDRESS_WEIGHT_PARTS = 840 }; /* divisible by 1 to 8 */
_Static_assert(ADDRESSES_MAX == 8, "ADDRESS_WEIGHT_PARTS is the least common multiple of 1 to 8");

struct txt_item {
    const uint8_t *rdata;
    uint16_t size;
};
struct txt_part {
    const struct txt_item *items;
    uint32_t count; /* 1 to PART_MAX */
};
struct txt_set { /* distinct RDATAs of the live instances; of stale ones only if all are */
    const struct txt_part *parts;
    uint32_t part_count;
    uint32_t count;
    uint32_t record_bytes;
};

/* Of a view of many slices: its blocks, which the next view shares, and what a view of one does
 * not need. */
struct view_shared {
    struct block_list *slices, *v4, *v6, *txt;
    struct block_list *ports;  /* struct port_part; NULL: no port has a name */
    struct pair_filter *pairs; /* of all slices */
    uint32_t port_names;
    uint8_t port_protocols; /* see struct slice */
    uint32_t status_counts[STATUS_COUNT];
    uint32_t compiled; /* instances, and port names of slices, compiled for it; not the shared */
    uint32_t listed;   /* steps taken to list what the slices have: parts, and port names of those
                          that changed */
};

struct view {
    struct rcu_late late;
    uint64_t index;        /* registry index that it shows */
    _Atomic uint32_t refs; /* beyond that of who published it, or compiled it */
    uint32_t live_count;
    uint32_t unbrowsable_count;
    uint32_t spill_over; /* percent */
    struct txt_set txt;

    /* From here on it is what most answers read; behind it stand the SRV sets and their slice. */
    uint32_t size;                /* bytes of its block, without shared ones */
    uint32_t addr_size, srv_size; /* of them in front: what A and SRV answers read; of a view of
                                     many slices only the head */
    struct addr_set v4, v6;
    const struct view_shared *shared; /* NULL: all is in the view's own block */
    const struct slice *const *slices;
    const struct named_port *ports; /* sorted by name, protocol; of a view of many slices those
                                       whose set is that by default */
    uint32_t slice_count;           /* at least 1 */
    uint32_t port_count;
    uint32_t stale_count;  /* of the live ones */
    uint32_t https_count;  /* items of by_default with HTTPS records */
    uint16_t priority_max; /* of the live ones, as registered */
    uint8_t locality;      /* enum dns_locality */
    uint8_t service_size;
    bool withdraws_stale; /* out of SRV too, while others are left (DNS_STALE_WITHDRAW) */
    uint8_t suffix_size;
    uint16_t weight_scale;      /* of SRV weights; lowered so that the largest fits 16 bits */
    uint32_t ttl, negative_ttl; /* ttl: the smallest wish of all, RFC 2181 section 5.2 */
    uint32_t max_answers;       /* 0 = all */
    uint32_t instance_count;
    const uint8_t *suffix; /* S.Z, lower case, uncompressed: what all targets end in; behind it
                              the service's name */
    const struct srv_set *by_protocol[PROTOCOL_UDP + 1]; /* may be that by default */
    struct srv_set by_default;
};

/* A set of nothing. */
extern const struct srv_set view_no_items;

static inline struct text view_service(const struct view *v)
{
    return (struct text){(const char *)v->suffix + v->suffix_size, v->service_size};
}

/* See struct view_shared. */
static inline uint32_t view_compiled(const struct view *v)
{
    return v->shared ? v->shared->compiled : v->instance_count + v->port_count;
}
static inline uint32_t view_listed(const struct view *v)
{
    return v->shared ? v->shared->listed : 0;
}

/* Instances of a status. */
static inline uint32_t view_status_count(const struct view *v, enum status status)
{
    return v->shared ? v->shared->status_counts[status] : v->slices[0]->status_counts[status];
}

/* ---- instances ------------------------------------------------------------------------- */

static inline const struct slice *view_slice(const struct view *v, uint32_t place)
{
    return v->slices[place / SLICE_MAX];
}

static inline const struct view_instance *view_at(const struct view *v, uint32_t place)
{
    return &view_slice(v, place)->instances[place % SLICE_MAX];
}

/* One beyond the last place there can be. */
static inline uint32_t view_places(const struct view *v)
{
    return v->slice_count * SLICE_MAX;
}

static inline bool view_has_place(const struct view *v, uint32_t place)
{
    return place < view_places(v) && place % SLICE_MAX < view_slice(v, place)->count;
}

/* Walks all instances: begin with *place = 0; `*place` is one when true is returned: then add 1
 * and go on. */
static inline bool view_next(const struct view *v, uint32_t *place)
{
    while (*place < view_places(v)) {
        if (*place % SLICE_MAX < view_slice(v, *place)->count)
            return true;
        *place = (*place / SLICE_MAX + 1) * SLICE_MAX;
    }
    return false;
}

/* The slice in which an id is, if it is there: by the upper half of its keyed hash. */
static inline uint32_t slice_of_hash(uint32_t slice_count, uint32_t hash)
{
    return (uint32_t)((uint64_t)hash * slice_count >> 32);
}
static inline uint32_t slice_number(uint32_t slice_count, const struct hash_key *key,
                                    struct text id)
{
    if (slice_count == 1)
        return 0;
    return slice_of_hash(slice_count, (uint32_t)(hash_bytes(key, id.s, id.n) >> 32));
}

/* The instance with this label (lower case), or NULL. *place is set when it is there. */
const struct view_instance *view_instance(const struct view *v, const struct hash_key *key,
                                          struct text label, uint32_t *place);

/* The name of an instance, I.S.Z, lower case, uncompressed (RFC 2782). */
static inline size_t view_target_size(const struct view *v, const struct view_instance *i)
{
    return 1u + *instance_wire_label(i) + v->suffix_size;
}

/* Into `to`, which has room for NAME_MAX_WIRE bytes; returns its size. `i` is of this view: with
 * the longer suffix of another zone its name may have more. */
static inline size_t view_target(const struct view *v, const struct view_instance *i, uint8_t *to)
{
    const uint8_t *label = instance_wire_label(i);
    memcpy(to, label, 1u + *label);
    memcpy(to + 1 + *label, v->suffix, v->suffix_size);
    return 1u + *label + v->suffix_size;
}

static inline uint16_t scaled_weight(uint32_t scale, uint16_t weight)
{
    uint32_t scaled = weight * scale;
    return (uint16_t)(scaled < UINT16_MAX ? scaled : UINT16_MAX);
}
static inline uint16_t view_wire_weight(const struct view *v, uint16_t weight)
{
    return scaled_weight(v->weight_scale, weight);
}

/* ---- sets -------------------------------------------------------------------------------- */

static inline struct srv_item set_item(const struct srv_set *set, uint32_t number)
{
    const struct part *p = part_of(set->parts, number);
    const struct part_item *item = &part_items(p)[number % PART_MAX];
    return (struct srv_item){p->base + item->instance, p->priority,
                             p->instances[item->instance].weight, item->port};
}

/* The instance of an item. */
static inline const struct view_instance *set_instance(const struct srv_set *set, uint32_t number)
{
    const struct part *p = part_of(set->parts, number);
    return &p->instances[part_items(p)[number % PART_MAX].instance];
}

static inline bool set_next(const struct srv_set *set, uint32_t *number) /* see part_next */
{
    return part_next(set->parts, set->part_count, number);
}

/* The item of the instance at this place; false: it is not in the set. Looks at the set's parts
 * one by one. */
bool set_find(const struct srv_set *set, uint32_t place, struct srv_item *out);

static inline const uint8_t *addr_at(const struct addr_set *set, uint32_t number, unsigned size)
{
    return part_of(set->parts, number)->addrs + (number % PART_MAX) * size;
}

static inline const struct txt_item *txt_at(const struct txt_set *set, uint32_t number)
{
    return &set->parts[number / PART_MAX].items[number % PART_MAX];
}

static inline bool txt_next(const struct txt_set *set, uint32_t *number) /* see part_next */
{
    while (*number / PART_MAX < set->part_count) {
        if (*number % PART_MAX < set->parts[*number / PART_MAX].count)
            return true;
        *number = (*number / PART_MAX + 1) * PART_MAX;
    }
    return false;
}

/* ---- selectors ----------------------------------------------------------------------------- */

/* A struct pair (registry/model.h) has key and value as labels here. */

struct pair_counts {
    uint32_t registered; /* 0: no registered instance has such a pair */
    uint32_t live;       /* and stale ones */
    uint32_t fresh;
};

/* With those of one slice, whose selector for the pair that is; NULL = nobody there has it. */
static inline void pair_counts_add(struct pair_counts *counts, const struct selector *s)
{
    if (!s)
        return;
    counts->registered += s->registered;
    counts->live += (uint32_t)__builtin_popcountll(s->live);
    counts->fresh += (uint32_t)__builtin_popcountll(s->fresh);
}

/* Asks each slice. */
struct pair_counts view_pair_counts(const struct view *v, const struct pair *pair);
/* These ask the filter first, if there is one; `key`: that of slice_number. */
bool view_has_pair(const struct view *v, const struct hash_key *key, const struct pair *pair);
bool view_has_selector_key(const struct view *v, const struct hash_key *key, struct text label);

/* Bytes of all that it stands in, the shared blocks too. */
size_t view_bytes(const struct view *v);

/* Begins to load the head of a view: what most answers read of it. */
static inline void view_prefetch(const struct view *v)
{
    const char *at = (const char *)&v->size, *end = (const char *)(v + 1);
    for (; at < end; at += 64)
        __builtin_prefetch(at);
}

/* Once that has come: what an answer of this type reads behind it in a small service's block,
 * side by side, where each piece would have to wait for the one that leads to it. Type 0: all. */
static inline void view_prefetch_rest(const struct view *v, uint16_t type)
{
    enum { LINE = 64, MOST = 2048 };
    const char *at = (const char *)v;
    uint32_t size = type == TYPE_A || type == TYPE_AAAA ? v->addr_size
                    : type == TYPE_SRV                  ? v->srv_size
                                                        : v->size;
    /* Where it begins is known without a look at the view: only its end may be guessed. */
    for (size_t line = sizeof(*v) / LINE * LINE; line < size && line < MOST; line += LINE)
        __builtin_prefetch(at + line);
}

/* ---- life ---------------------------------------------------------------------------------- */

/* One reference more, for who reads it without RCU: any thread that sees the view. */
struct view *view_ref(struct view *v);
void view_unref(struct view *v); /* accepts NULL */
void view_retire(
    struct view *v);            /* gives the publication's reference back after the grace period */
void view_free(struct view *v); /* likewise, at once; accepts NULL */

#endif

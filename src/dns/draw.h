/* Which records of a service an answer gets, and in which order: from a finished set, or
 * from the instances that selectors leave; all of them, a random sample, or one that is
 * stable for a client (max_answers): rendezvous hashing, where each item's key comes from
 * a hash of client and item, so that a change moves only what it has to move. One exception: the
 * item is the instance, but for A and AAAA from a finished set, where it is the address. So a
 * client whose near instances all go, or are too few from now on, has other addresses throughout.
 * Instances that are near the asker come first. The outcome stands in the worker's scratch until
 * the next draw. Called by respond_service.c, respond_svcb.c and respond_browse.c.
 */
#ifndef DISC_DNS_DRAW_H
#define DISC_DNS_DRAW_H

#include "dns/lookup.h"
#include "dns/stable.h"
#include "dns/worker.h"

enum draw_of { DRAW_ALL, DRAW_FRESH, DRAW_STALE };

/* How near an instance is to the asker. */
enum tier { TIER_ZONE, TIER_REGION, TIER_FAR, TIERS };

struct near {
    bool known;                      /* the asker's place is, and it matters */
    bool alone;                      /* A and AAAA have only the nearest */
    const struct pair *of[TIER_FAR]; /* who is there; NULL = none to be preferred */
    struct pair pairs[TIER_FAR];     /* what these point to */
    char labels[TIER_FAR][63];       /* their values */
    uint32_t live[TIER_FAR];         /* so many live instances have the pair, stale ones too */
    const struct near_masks *masks;  /* of all slices, in the worker's scratch; NULL: there are
                                        too many of these */
};

struct draw {
    struct dns_worker *worker;
    const struct hash_key *key; /* of the process */
    const struct addr *client;
    const struct view *view;
    const struct srv_set *set; /* NULL: the default ports of what the pairs leave */
    const struct near *near;   /* NULL: the asker's place is not known, or does not matter */
    const struct pair *pairs;  /* of all live instances; not used with a set */
    uint32_t pair_hashes[PAIRS_MAX];
    unsigned pair_count;
    uint64_t *masks; /* of the slices whom the pairs leave; NULL: each slice is asked */
    bool tiered;     /* of these only the ones in this tier; there is a `near` */
    enum tier tier;
    enum draw_of of; /* whom of what the pairs leave; not used with a set */
    uint16_t type;   /* SRV, SVCB, HTTPS or PTR: of whom has such a record, and its size */
};

/* ---- whom selectors leave (draw_select.c) --------------------------------------------------- */

/* Sets the pairs, at most PAIRS_MAX, and finds out at once whom they leave; of types that are
 * drawn like SRV: who has such a record. d->type and d->key are set before. */
void draw_select(struct draw *d, const struct pair *pairs, unsigned count);

/* Of a slice, as a mask. */
uint64_t draw_selected_in(const struct draw *d, uint32_t slice);
uint32_t draw_count_selected(const struct draw *d);

/* The instances that all pairs have in common, by place: begin with a zeroed cursor. */
struct selected_cursor {
    uint32_t slice;                        /* the next one to look at */
    uint64_t left;                         /* of the one before, those to come */
    const struct view_instance *instances; /* of that one */
};
/* On to the next slice that has some. False: there is none. */
bool draw_next_slice(const struct draw *d, struct selected_cursor *c);
/* NULL: that was the last one. */
static inline const struct view_instance *
draw_next_selected(const struct draw *d, struct selected_cursor *c, uint32_t *place)
{
    if (!c->left && !draw_next_slice(d, c))
        return NULL;
    uint32_t n = (uint32_t)__builtin_ctzll(c->left);
    c->left &= c->left - 1;
    *place = (c->slice - 1) * SLICE_MAX + n;
    return &c->instances[n];
}

/* One of them at random, all as likely, at a cost that does not go by how many they are. False:
 * there are too many slices. Good until the next draw_begin_chance. */
struct chance {
    const struct draw *draw;
    uint32_t count; /* who was selected when this began; not 0 for the following */
};
MUST_CHECK bool draw_begin_chance(const struct draw *d, struct chance *c);
/* How many tries are worth it for `max` out of `count`; 0: a walk over all is. */
static inline uint32_t draw_tries(uint32_t count, uint32_t max)
{
    enum { FEW = 4 }; /* or more for each one that is drawn */
    uint32_t enough = 8 * max + 64;
    if (count / FEW <= max)
        return 0;
    return enough < count / 2 ? enough : count / 2;
}
/* False: chance fell on one who was selected at the beginning, and is not any more. */
MUST_CHECK bool draw_by_chance(const struct chance *c, uint32_t *place);

/* Has the instance, which is in the set or is selected, a record of d->type? */
bool draw_has_record(const struct draw *d, const struct view_instance *i);

/* Sets d->of: the stale only where the pairs leave no other that has data of the type. */
void draw_choose(struct draw *d, uint16_t type);

/* ---- tiers (draw_near.c) ------------------------------------------------------------------ */

enum tier draw_tier(const struct view *v, const struct near *near, uint32_t place);

/* Of a slice those live that are in the tier, stale ones too, as a mask. */
uint64_t draw_tier_mask(const struct view *v, const struct near *near, uint32_t slice,
                        enum tier tier);

/* The same for many in ascending order: a slice's masks are found once. Begin with a zeroed one. */
struct near_cursor {
    uint32_t slice; /* + 1: whose masks these are; 0 = nobody's */
    struct near_masks masks;
};
enum tier draw_next_tier(const struct view *v, const struct near *near, struct near_cursor *c,
                         uint32_t place);

/* The priority on the wire: three for each registered one, so that the tier is the minor
 * order within it. Where that would reach STALE_PRIORITY for a service, and for the stale,
 * it is the registered one. */
uint16_t draw_priority(const struct view *v, const struct near *near, uint16_t registered,
                       enum tier tier);

/* ---- SRV records, and others drawn like them ---------------------------------------------- */

struct draw_size {
    uint32_t count; /* of records there are */
    uint32_t fit;   /* so many fit the room at most */
    uint32_t bytes; /* of all of them on the wire, owners as pointers; UINT32_MAX where they
                       cannot fit the room */
};

struct draw_size draw_size(const struct draw *d, size_t room);
/* Draws at most `max`; returns how many. `stable`: the same ones for a client each time,
 * no more than fit `room` bytes. */
unsigned draw_srv(const struct draw *d, const struct draw_size *size, unsigned max, bool stable,
                  size_t room);
/* How many of all there is are not heard from. */
uint32_t draw_srv_stale(const struct draw *d);
/* The n-th that was drawn, with its priority on the wire. */
struct srv_item draw_srv_placed(const struct draw *d, unsigned n);
static inline struct srv_item draw_srv_at(const struct draw *d, unsigned n)
{
    if (d->set && !d->near)
        return set_item(d->set, d->worker->picker.items[n]);
    return draw_srv_placed(d, n);
}

/* Items of weight 0 by their registered priority, all tiers together: so many share one ticket.
 * Begin with a zeroed one. Those of further priorities are counted as if they had one. */
struct draw_zeros {
    struct {
        uint16_t priority;
        uint32_t count;
    } of[31];
    uint32_t used, others;
};
void draw_note_zero(struct draw_zeros *z, uint16_t priority);
/* At least 1 where one was noted. */
uint32_t draw_zeros_of(const struct draw_zeros *z, uint16_t priority);

/* A few of the many that selectors leave: the first ones of the order, as places, at most `max`;
 * they are out of d->masks then. Returns how many, perhaps none: who is left comes behind them.
 * `zeros`: of all (draw_meet.c). */
unsigned draw_meet(const struct draw *d, const struct draw_zeros *zeros, unsigned max);

/* A part of a finished set where its order alone does not do: for the asker's place, or as not
 * all of its items have such a record (draw_tiers.c). draw_tiers: in weighted order, at most
 * `max`; returns how many. draw_tiers_stable: offers whom a client gets each time to the picker,
 * which was begun with `max`; `client`: draw_client_bits. */
unsigned draw_tiers(const struct draw *d, unsigned max);
void draw_tiers_stable(const struct draw *d, uint64_t client, unsigned max);

/* ---- addresses -------------------------------------------------------------------------- */

struct draw_addrs {
    const struct addr_set *set; /* the service's; NULL: of what the pairs leave */
    enum family family;
    uint32_t count;  /* drawn */
    uint32_t total;  /* there (at least) */
    bool stale;      /* of instances that are not heard from: there are no others */
    bool gathered;   /* not straight from the set */
    uint64_t client; /* draw_client_bits, where gathered */
};

/* Sets all but `set` and `family`. */
void draw_addrs(const struct draw *d, struct draw_addrs *a, unsigned max, bool stable);
static inline const uint8_t *draw_addr_at(const struct draw *d, const struct draw_addrs *a,
                                          unsigned n)
{
    uint32_t picked = d->worker->picker.items[n];
    return a->gathered ? d->worker->seen.slots[picked].bytes
                       : addr_at(a->set, picked, a->family == FAMILY_V4 ? 4 : 16);
}

/* ---- stable keys ----------------------------------------------------------------------- */

static inline uint64_t draw_client_bits(const struct addr *client)
{
    return stable_mix(stable_hash(client->bytes, addr_size(client), false));
}

static inline uint64_t draw_stable_bits(uint64_t client, const uint8_t *item, size_t size)
{
    return stable_bits(client, stable_hash(item, size, false));
}

static inline uint64_t draw_instance_bits(uint64_t client, const struct view_instance *i)
{
    return stable_bits(client, slice_id_hash(i));
}

/* Weight 0 comes after all others: keys of weights from 1/8 on stay below 300. */
enum { STABLE_BEHIND = 1000000 };
static inline double draw_stable_key(uint64_t bits, double weight)
{
    return weight > 0 ? pick_key(bits, weight) : STABLE_BEHIND + pick_key(bits, 1);
}
static inline void draw_offer_stable(struct picker *p, uint32_t item, uint16_t priority,
                                     uint64_t bits, double weight)
{
    if (weight > 0)
        pick_offer_bits(p, item, priority, bits, weight, 0);
    else
        pick_offer_bits(p, item, priority, bits, 1, STABLE_BEHIND);
}
static inline void draw_offer_instance(struct picker *p, uint32_t item, uint16_t priority,
                                       uint64_t client, const struct view_instance *i)
{
    draw_offer_stable(p, item, priority, draw_instance_bits(client, i), i->weight);
}

/* The instances of a slice for a client. Nearly all of many are passed over by their bits alone:
 * nobody there has a smaller key by his than `behind` + pick_key(bits, weight). */
struct stable_slice {
    const struct view_instance *instances;
    const uint64_t *hashes; /* NULL: see slice_hashes */
    uint64_t client;        /* draw_client_bits */
    double weight, behind;
};
static inline struct stable_slice draw_stable_slice(const struct slice *s, uint64_t client)
{
    bool weighted = s->weight_max > 0; /* else by addresses all that one has may be alike */
    return (struct stable_slice){s->instances, slice_hashes(s), client,
                                 weighted ? s->weight_max : ADDRESSES_MAX,
                                 weighted ? 0 : STABLE_BEHIND};
}
/* Begins to load what that looks at first of all. */
static inline void draw_prefetch_stable(const struct slice *s)
{
    enum { LINE = 64 };
    const char *at = (const char *)slice_hashes(s);
    for (size_t size = s->count * sizeof(uint64_t), n = 0; at && n < size; n += LINE)
        __builtin_prefetch(at + n);
}
static inline uint64_t draw_bits_in(const struct stable_slice *s, unsigned n)
{
    return s->hashes ? stable_bits(s->client, s->hashes[n])
                     : draw_instance_bits(s->client, &s->instances[n]);
}

#endif

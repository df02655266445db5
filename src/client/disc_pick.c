#include "disc_watch.h"

#include <string.h>

/* ---- who may be chosen ------------------------------------------------------------------ */

/* What is wrong with an instance, worst first; the chosen ones are those with the least. */
struct rank {
    bool stale;
    unsigned priority;
    bool weightless;
    unsigned distance; /* 0 = our zone, 1 = our region, 2 = elsewhere */
};

static const struct disc_port *port_of(const struct disc_instance *instance, const char *name)
{
    for (size_t i = 0; i < instance->port_count; i++) {
        if (!name || strcmp(instance->ports[i].name, name) == 0)
            return &instance->ports[i];
    }
    return NULL;
}

static bool is_usable(const struct disc_instance *instance, const char *port)
{
    return instance->status == DISC_UP && instance->addr_count > 0 &&
           (!port || port_of(instance, port));
}

static bool is_same(const char *ours, const char *theirs)
{
    return ours && *ours && strcmp(ours, theirs) == 0;
}

static unsigned distance_of(const struct watch *watch, const struct disc_instance *instance)
{
    if (is_same(watch->zone, instance->zone))
        return 0;
    return is_same(watch->region, instance->region) ? 1 : 2;
}

static struct rank rank_of(const struct watch *watch, const struct disc_instance *instance,
                           enum disc_policy policy)
{
    return (struct rank){
        .stale = instance->stale != 0,
        .priority = instance->priority,
        .weightless = instance->weight == 0,
        .distance = policy == DISC_NEAREST ? distance_of(watch, instance) : 0,
    };
}

/* < 0: a is better */
static int compare(struct rank a, struct rank b)
{
    if (a.stale != b.stale)
        return a.stale ? 1 : -1;
    if (a.priority != b.priority)
        return a.priority < b.priority ? -1 : 1;
    if (a.weightless != b.weightless)
        return a.weightless ? 1 : -1;
    return a.distance < b.distance ? -1 : a.distance > b.distance;
}

/* The best rank of all that can be used. False: there is none. */
static bool best_rank(const struct watch *watch, const struct disc_choice *choice,
                      struct rank *best)
{
    const struct list *list = &watch->list;
    bool found = false;
    for (size_t i = 0; i < list->count; i++) {
        const struct disc_instance *instance = &list->entries[i]->instance;
        if (!is_usable(instance, choice->port))
            continue;
        struct rank rank = rank_of(watch, instance, choice->policy);
        if (!found || compare(rank, *best) < 0)
            *best = rank;
        found = true;
    }
    return found;
}

/* Goes over the entries that may be chosen. */
struct candidates {
    const struct watch *watch;
    const struct disc_choice *choice;
    struct rank best;
    size_t at;
};

static struct entry *next_candidate(struct candidates *c)
{
    const struct list *list = &c->watch->list;
    while (c->at < list->count) {
        struct entry *entry = list->entries[c->at++];
        if (is_usable(&entry->instance, c->choice->port) &&
            compare(rank_of(c->watch, &entry->instance, c->choice->policy), c->best) == 0)
            return entry;
    }
    return NULL;
}

/* ---- the policies ------------------------------------------------------------------------ */

/* 1 each where all are 0. */
static int64_t weight_of(const struct entry *entry)
{
    return entry->instance.weight ? entry->instance.weight : 1;
}

/* Whoever's turn was longest ago. */
static struct entry *by_turn(struct candidates c)
{
    struct entry *chosen = NULL;
    for (struct entry *entry; (entry = next_candidate(&c));) {
        if (!chosen || entry->turn < chosen->turn ||
            (entry->turn == chosen->turn && entry->salt < chosen->salt))
            chosen = entry;
    }
    return chosen;
}

static struct entry *at_random(struct candidates c, struct disc *d)
{
    struct candidates count = c;
    uint64_t n = 0;
    while (next_candidate(&count))
        n++;
    uint64_t skip = disc_random_to(d, n - 1);
    struct entry *entry = next_candidate(&c);
    while (skip--)
        entry = next_candidate(&c);
    return entry;
}

static int64_t sum_of(struct candidates c)
{
    int64_t sum = 0;
    for (struct entry *entry; (entry = next_candidate(&c));)
        sum += weight_of(entry);
    return sum;
}

/* What it has after gaining its weight. A debt or a fortune from when there were others is
 * cut to what this round can hold. */
static int64_t gain(struct entry *entry, int64_t sum)
{
    if (entry->turn == 0 && entry->current == 0) /* new: somewhere in its round */
        entry->current = (int64_t)(entry->salt % (uint64_t)sum);
    if (entry->current < -sum)
        entry->current = -sum;
    if (entry->current > sum)
        entry->current = sum;
    return entry->current += weight_of(entry);
}

/* Each gains its weight, the richest is chosen and pays for all: over a sum of weights each
 * is chosen as often as its weight says, and never long in a row. */
static struct entry *by_weight(struct candidates c)
{
    struct entry *chosen = NULL;
    int64_t sum = sum_of(c);
    for (struct entry *entry; (entry = next_candidate(&c));) {
        int64_t current = gain(entry, sum);
        if (!chosen || current > chosen->current ||
            (current == chosen->current && entry->salt < chosen->salt))
            chosen = entry;
    }
    chosen->current -= sum;
    return chosen;
}

/* FNV-1a, then mixed so that every bit counts. */
static uint64_t hash_of(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ b[i]) * 0x100000001b3u;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 31);
}

/* -log2 of (value + 1) / 2^32, in 2^-24ths: libm would be a library more. */
static uint64_t minus_log2(uint32_t value)
{
    uint64_t x = (uint64_t)value + 1, log = 0;
    unsigned whole = 0;
    while (x >> (whole + 1))
        whole++;
    x <<= 32 - whole; /* 1.0 <= x < 2.0, 32 bits behind the point */
    for (int bit = 23; bit >= 0; bit--) {
        x = (x >> 1) * (x >> 1) >> 30;
        if (x >> 33) {
            x >>= 1;
            log |= (uint64_t)1 << bit;
        }
    }
    return ((uint64_t)32 << 24) - ((uint64_t)whole << 24) - log;
}

/* Rendezvous: each instance draws a number out of the key and itself, in such a way that
 * the smallest is its own as often as its weight says. */
static struct entry *by_key(struct candidates c)
{
    struct entry *chosen = NULL;
    uint64_t key = hash_of(0xcbf29ce484222325u, c.choice->key, c.choice->key_size), least = 0;
    for (struct entry *entry; (entry = next_candidate(&c));) {
        uint64_t hash = hash_of(key, entry->instance.id, strlen(entry->instance.id));
        uint64_t draw = (minus_log2((uint32_t)(hash >> 32)) << 16) / (uint64_t)weight_of(entry);
        if (!chosen || draw < least)
            chosen = entry, least = draw;
    }
    return chosen;
}

/* ---- the public function ------------------------------------------------------------------- */

static struct entry *choose(struct disc *d, struct candidates c)
{
    if (c.choice->key)
        return by_key(c);
    switch (c.choice->policy) {
    case DISC_RANDOM: return at_random(c, d);
    case DISC_WEIGHTED:
    case DISC_NEAREST: return by_weight(c);
    case DISC_ROUND_ROBIN: break;
    }
    return by_turn(c);
}

enum disc_result disc_pick(struct disc *d, int handle, const struct disc_choice *choice,
                           struct disc_picked *out)
{
    static const struct disc_choice in_turn = {DISC_ROUND_ROBIN, NULL, NULL, 0};
    struct watch *watch = disc_watch_find(d, handle);
    *out = (struct disc_picked){.addr = "", .protocol = ""};
    if (!watch)
        return DISC_INVALID;
    struct candidates c = {.watch = watch, .choice = choice ? choice : &in_turn};
    if (!best_rank(watch, c.choice, &c.best))
        return DISC_NO_INSTANCE;
    struct entry *entry = choose(d, c);
    entry->turn = ++watch->turns;
    const struct disc_port *port = port_of(&entry->instance, c.choice->port);
    out->instance = &entry->instance;
    out->addr = entry->instance.addrs[0];
    if (port)
        out->port = port->number, out->protocol = port->protocol;
    return DISC_OK;
}

#include "dns/zone_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dns/wire.h"
#include "dns/wire_list.h"
#include "dns/zone_log_difference.h"

enum {
    ALWAYS_WORTH = 16384, /* bytes of differences: one message, whatever the zone's size */
    STEP_BYTES = 128,     /* what the two SOA records of each step take, about */
};

/* Deltas that are kept, oldest first; `first` moves on as they are dropped. */
struct zone_log {
    size_t max, size; /* bytes of deltas */
    struct delta **deltas;
    size_t first, count, room;
    bool started, broken; /* broken: what is noted now is not all */
    uint32_t serial;      /* to which the last step led */
    uint64_t end;         /* struct delta's, of the last one */
    unsigned notes;       /* calls since then that noted something */
    struct wire_list removed, added;
    size_t zone_size; /* of what is published, roughly as a transfer of it */
};

/* ---- deltas ---------------------------------------------------------------------------------- */

static struct delta *delta_new(struct zone_log *log, uint32_t serial)
{
    size_t size = log->removed.size + log->added.size;
    struct delta *d = malloc(sizeof(*d) + size);
    if (!d)
        return NULL;
    atomic_init(&d->refs, 1);
    d->from = log->serial;
    d->to = serial;
    d->end = log->end += STEP_BYTES + size;
    d->removed_size = log->removed.size;
    d->added_size = log->added.size;
    if (log->removed.size)
        memcpy(d->bytes, log->removed.bytes, log->removed.size);
    if (log->added.size)
        memcpy(d->bytes + log->removed.size, log->added.bytes, log->added.size);
    return d;
}

static size_t delta_size(const struct delta *d)
{
    return sizeof(*d) + sizeof(struct delta *) + d->removed_size + d->added_size;
}

void delta_unref(struct delta *d)
{
    if (atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) == 1)
        free(d);
}

static void drop_oldest(struct zone_log *log)
{
    struct delta *d = log->deltas[log->first++];
    log->count--;
    log->size -= delta_size(d);
    delta_unref(d);
}

/* Room for one more behind the last, made by moving them to the front or growing. */
static bool reserve(struct zone_log *log)
{
    if (log->first + log->count < log->room)
        return true;
    if (log->first > log->count) {
        memcpy(log->deltas, log->deltas + log->first, log->count * sizeof(*log->deltas));
        log->first = 0;
        return true;
    }
    size_t room = log->room ? log->room * 2 : 16;
    struct delta **grown = realloc(log->deltas, room * sizeof(*grown));
    if (!grown)
        return false;
    log->deltas = grown;
    log->room = room;
    return true;
}

static bool push(struct zone_log *log, uint32_t serial)
{
    if (!reserve(log))
        return false;
    struct delta *d = delta_new(log, serial);
    if (!d)
        return false;
    log->deltas[log->first + log->count++] = d;
    log->size += delta_size(d);
    while (log->size > log->max)
        drop_oldest(log);
    return true;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct zone_log *zone_log_new(size_t max)
{
    struct zone_log *log = calloc(1, sizeof(*log));
    if (log)
        log->max = max;
    return log;
}

static void forget_all(struct zone_log *log)
{
    while (log->count)
        drop_oldest(log);
    log->first = 0;
}

void zone_log_free(struct zone_log *log)
{
    if (!log)
        return;
    forget_all(log);
    free(log->deltas);
    wire_list_free(&log->removed);
    wire_list_free(&log->added);
    free(log);
}

/* ---- noting ---------------------------------------------------------------------------------- */

/* Nothing is noted before the first step, nor what would not fit the log anyway. */
static bool is_noting(const struct zone_log *log)
{
    return log && log->started && !log->broken;
}

void zone_log_note(struct zone_log *log, bool added, const struct rr *rr)
{
    if (!is_noting(log))
        return;
    if (!wire_list_add(added ? &log->added : &log->removed, rr) ||
        log->removed.size + log->added.size > log->max)
        log->broken = true;
}

/* Each instance has some records at its own name, and some in each set; names are compressed. */
static size_t view_size(const struct view *v)
{
    enum { OWN_BYTES = 96 };
    if (!v)
        return 0;
    return (size_t)v->instance_count * OWN_BYTES + (size_t)v->by_default.record_bytes * 3 +
           (size_t)v->by_protocol[PROTOCOL_TCP]->record_bytes * 2 +
           (size_t)v->by_protocol[PROTOCOL_UDP]->record_bytes * 2 +
           v->txt.record_bytes * (size_t)2 + ((size_t)v->v4.group.count + v->v6.group.count) * 16;
}

void zone_log_view(struct zone *zone, const struct hash_key *key, const struct view *old,
                   unsigned old_places, const struct view *new, unsigned new_places)
{
    struct zone_log *log = zone->log;
    if (!log)
        return;
    log->zone_size += view_size(new);
    log->zone_size -= view_size(old);
    if (!is_noting(log))
        return;
    log->notes++;
    if (!zone_log_view_difference(zone, key, old, old_places, new, new_places))
        log->broken = true;
}

/* As a transfer of them takes, owners in full. */
static size_t sets_size(const struct name *owner, const struct rrset *sets, uint32_t count)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < sets[i].count; k++)
            size += (size_t)owner->size + RR_FIXED + sets[i].sizes[k];
    return size;
}

static size_t leaf_size(const struct leaf *leaf)
{
    return leaf ? sets_size(&leaf->owner, leaf->rrsets, leaf->rrset_count) : 0;
}

static size_t static_size(const struct zone *zone)
{
    size_t size = 0;
    for (size_t i = 0; i < zone->name_count; i++)
        size += sets_size(&zone->names[i].name, zone->names[i].rrsets, zone->names[i].rrset_count);
    return size;
}

void zone_log_leaf(struct zone *zone, const struct leaf *old, const struct leaf *new)
{
    struct zone_log *log = zone->log;
    if (!log)
        return;
    log->zone_size += leaf_size(new);
    log->zone_size -= leaf_size(old);
    if (!is_noting(log))
        return;
    log->notes++;
    zone_log_leaf_difference(log, old, new);
}

void zone_log_step(struct zone *zone, uint32_t serial)
{
    struct zone_log *log = zone->log;
    if (!log)
        return;
    bool whole =
        is_noting(log) && (log->notes <= 1 || wire_lists_cancel(&log->removed, &log->added));
    if (!whole || !push(log, serial))
        forget_all(log);
    log->started = true;
    log->broken = false;
    log->serial = serial;
    log->notes = 0;
    wire_list_empty(&log->removed);
    wire_list_empty(&log->added);
}

void zone_log_begin(struct zone *zone, uint32_t serial)
{
    if (!zone->log || zone->log->started)
        return;
    zone->log->zone_size += static_size(zone);
    zone_log_step(zone, serial);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The place of the delta that begins with this serial; log->count: none does. They stand in
 * the order of their serials, which may have wrapped around (RFC 1982). */
static size_t place_of(const struct zone_log *log, uint32_t from)
{
    if (log->count == 0)
        return 0;
    struct delta *const *deltas = log->deltas + log->first;
    size_t low = 0, high = log->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t there = deltas[middle]->from;
        if (there == from)
            return middle;
        if (there - deltas[0]->from < from - deltas[0]->from)
            low = middle + 1;
        else
            high = middle;
    }
    return log->count;
}

enum err zone_log_since(const struct zone_log *log, uint32_t from, struct delta ***out,
                        size_t *count)
{
    size_t place = log ? place_of(log, from) : 0;
    if (!log || place == log->count)
        return ERR_NOT_FOUND;
    struct delta *const *deltas = log->deltas + log->first + place;
    uint64_t bytes =
        log->end - deltas[0]->end + STEP_BYTES + deltas[0]->removed_size + deltas[0]->added_size;
    if (bytes > log->zone_size && bytes > ALWAYS_WORTH)
        return ERR_NOT_FOUND;
    size_t n = log->count - place;
    struct delta **list = malloc(n * sizeof(*list));
    if (!list)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        list[i] = deltas[i];
        atomic_fetch_add_explicit(&list[i]->refs, 1, memory_order_relaxed);
    }
    *out = list;
    *count = n;
    return ERR_OK;
}

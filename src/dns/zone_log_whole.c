/* What two views say of the service as a whole: its distinct addresses and TXT data, and that
 * it can be browsed. Parts that both have are passed over. */
#include <stdlib.h>
#include <string.h>

#include "dns/view_records.h"
#include "dns/zone_log_difference.h"

struct records {
    struct rr *items;
    size_t count, room;
};

/* Of one of the views. A record is at each number of these kinds, or at none at all. */
static uint32_t part_count(const struct view_source *s, unsigned kind)
{
    struct view_scratch scratch;
    struct rr rr;
    uint32_t first = 0;
    if (!view_number_next(s, kind, &first) || !view_record(s, kind, first, &scratch, &rr))
        return 0;
    switch (kind) {
    case VIEW_A: return s->view->v4.group.part_count;
    case VIEW_AAAA: return s->view->v6.group.part_count;
    case VIEW_TXT: return s->view->txt.part_count;
    default: return 1;
    }
}

static bool same_addresses(const struct addr_set *old, uint32_t i, const struct addr_set *new,
                           uint32_t k)
{
    return old->parts[i].addrs == new->parts[k].addrs && old->parts[i].count == new->parts[k].count;
}

/* Is it the same memory? */
static bool is_shared(unsigned kind, const struct view *old, uint32_t i, const struct view *new,
                      uint32_t k)
{
    switch (kind) {
    case VIEW_A: return same_addresses(&old->v4, i, &new->v4, k);
    case VIEW_AAAA: return same_addresses(&old->v6, i, &new->v6, k);
    case VIEW_TXT:
        return old->txt.parts[i].items == new->txt.parts[k].items &&
               old->txt.parts[i].count == new->txt.parts[k].count;
    default: return false;
    }
}

static bool gather(struct records *r, const struct view_source *s, unsigned kind, uint32_t part)
{
    struct view_scratch scratch; /* nothing of these kinds is there */
    if (r->room - r->count < PART_MAX) {
        size_t room = r->room * 2 + PART_MAX;
        struct rr *grown = realloc(r->items, room * sizeof(*grown));
        if (!grown)
            return false;
        r->items = grown;
        r->room = room;
    }
    uint32_t end = (part + 1) * PART_MAX;
    for (uint32_t n = part * PART_MAX; view_number_next(s, kind, &n) && n < end; n++)
        r->count += view_record(s, kind, n, &scratch, &r->items[r->count]);
    return true;
}

/* Those of unlike parts, of both. Where parts come or go that is all between the first and the
 * last difference. */
static bool gather_unlike(const struct view_source *old, const struct view_source *new,
                          unsigned kind, struct records *before, struct records *after)
{
    const struct view *a = old->view, *b = new->view;
    uint32_t front = 0, olds = part_count(old, kind), news = part_count(new, kind);
    while (front < olds && front < news && is_shared(kind, a, front, b, front))
        front++;
    while (olds > front && news > front && is_shared(kind, a, olds - 1, b, news - 1))
        olds--, news--;
    for (uint32_t n = front; n < olds || n < news; n++) {
        if (olds == news && is_shared(kind, a, n, b, n))
            continue;
        if ((n < olds && !gather(before, old, kind, n)) ||
            (n < news && !gather(after, new, kind, n)))
            return false;
    }
    return true;
}

static int compare_data(const struct rr *a, const struct rr *b)
{
    int order = memcmp(a->rdata, b->rdata, a->size < b->size ? a->size : b->size);
    return order ? order : (int)a->size - (int)b->size;
}

static int compare_sorted(const void *left, const void *right)
{
    return compare_data(left, right);
}

static void sort(struct records *r)
{
    if (r->count)
        qsort(r->items, r->count, sizeof(*r->items), compare_sorted);
}

static void merge(struct zone_log *log, const struct records *old, const struct records *new)
{
    for (size_t i = 0, k = 0; i < old->count || k < new->count;) {
        int order = i == old->count   ? 1
                    : k == new->count ? -1
                                      : compare_data(&old->items[i], &new->items[k]);
        if (order < 0)
            zone_log_note(log, false, &old->items[i]);
        if (order > 0)
            zone_log_note(log, true, &new->items[k]);
        i += order <= 0;
        k += order >= 0;
    }
}

bool zone_log_whole_difference(struct zone_log *log, const struct view_source *old,
                               const struct view_source *new, unsigned kind)
{
    struct records before = {0}, after = {0};
    bool done = gather_unlike(old, new, kind, &before, &after);
    if (done) {
        sort(&before);
        sort(&after);
        merge(log, &before, &after);
    }
    free(before.items);
    free(after.items);
    return done;
}

#include "disc_watch.h"

#include <stdlib.h>
#include <string.h>

/* ---- gathering ----------------------------------------------------------------------------- */

void disc_push_forget(struct watch *watch)
{
    for (unsigned i = 0; i < FRAGMENTS_MAX; i++)
        free(watch->gathering.items[i]);
    watch->gathering = (struct gathering){0};
}

/* "K/N", or nothing for the only one. */
static bool read_fragment(const char *text, unsigned *which, unsigned *count)
{
    char copy[8];
    uint64_t k = 1, n = 1;
    const char *slash = strchr(text, '/');
    if (*text) {
        if (!slash || (size_t)(slash - text) >= sizeof(copy))
            return false;
        memcpy(copy, text, (size_t)(slash - text));
        copy[slash - text] = 0;
        if (!disc_read_number(copy, &k) || !disc_read_number(slash + 1, &n))
            return false;
    }
    *which = (unsigned)k;
    *count = (unsigned)n;
    return k >= 1 && k <= n && n <= FRAGMENTS_MAX;
}

static size_t count_lines(const char *items)
{
    size_t n = 0;
    while (*items) {
        n++;
        items += strcspn(items, "\n");
        items += *items == '\n';
    }
    return n;
}

static bool is_same_push(const struct gathering *g, const struct reply *r, unsigned count)
{
    return g->count == count && g->seq == r->seq && g->full == (r->full == 1) &&
           (g->full || g->prev == r->prev) && strcmp(g->epoch, r->epoch) == 0;
}

/* Begins anew where this is another push. False: an older one than that under way. */
static bool gather_this(struct watch *watch, const struct reply *r, unsigned count)
{
    struct gathering *g = &watch->gathering;
    if (is_same_push(g, r, count))
        return true;
    if (g->count && strcmp(g->epoch, r->epoch) == 0 && r->seq < g->seq)
        return false;
    disc_push_forget(watch);
    *g = (struct gathering){.full = r->full == 1, .seq = r->seq, .prev = r->prev, .count = count};
    disc_copy_text(g->epoch, sizeof(g->epoch), r->epoch);
    return true;
}

/* False: no memory. */
static bool gather(struct gathering *g, unsigned which, const char *items)
{
    uint64_t bit = (uint64_t)1 << (which - 1);
    if (g->got & bit)
        return true;
    g->items[which - 1] = strdup(items);
    if (!g->items[which - 1])
        return false;
    g->got |= bit;
    return true;
}

static bool is_complete(const struct gathering *g)
{
    return g->got == UINT64_MAX >> (64 - g->count);
}

/* ---- applying ---------------------------------------------------------------------------- */

/* Lines that make no sense to us are left out: the rest is as good without them. */
static bool read_items(struct disc *d, const char *items, struct change *change)
{
    while (*items) {
        size_t n = strcspn(items, "\n");
        if (disc_change_read(change, items, n, disc_random_to(d, UINT64_MAX)) == LINE_MEMORY)
            return false;
        items += n;
        items += *items == '\n';
    }
    return true;
}

static bool read_all(struct disc *d, const struct gathering *g, struct change *change)
{
    for (unsigned i = 0; i < g->count; i++) {
        if (!read_items(d, g->items[i], change))
            return false;
    }
    return true;
}

static bool has_gone(const struct change *change, const char *id)
{
    for (size_t i = 0; i < change->count; i++) {
        if (strcmp(change->entries[i]->instance.id, id) == 0)
            return true;
    }
    return false;
}

/* Would nothing be left? */
static bool empties(const struct list *list, const struct change *change, bool whole)
{
    for (size_t i = 0; i < change->count; i++) {
        if (!change->entries[i]->gone)
            return false;
    }
    if (!whole && change->count < list->count)
        return false;
    for (size_t i = 0; !whole && i < list->count; i++) {
        if (!has_gone(change, list->entries[i]->instance.id))
            return false;
    }
    return true;
}

static bool is_believed(const struct watch *watch, bool guarded)
{
    switch (watch->empty) {
    case DISC_EMPTY_KEPT: return false;
    case DISC_EMPTY_BELIEVED: return true;
    case DISC_EMPTY_GUARDED: break;
    }
    return !guarded;
}

/* While an empty list is not believed, the server's is empty and ours is the one before: then
 * every change is a whole list. */
static bool apply(struct watch *watch, struct change *change, bool whole, bool guarded,
                  bool *different)
{
    whole = whole || watch->held;
    if (watch->list.count && empties(&watch->list, change, whole) && !is_believed(watch, guarded)) {
        watch->held = true;
        *different = false;
        disc_change_clear(change);
        return true;
    }
    if (!disc_list_apply(&watch->list, change, whole, different))
        return false;
    watch->held = false;
    return true;
}

/* All of it is there. False: no memory for it; we will ask again. */
static bool finish(struct look s, bool guarded, bool *different)
{
    struct watch *watch = s.watch;
    struct gathering *g = &watch->gathering;
    struct change change = {0};
    bool done = read_all(s.d, g, &change) && apply(watch, &change, g->full, guarded, different);
    if (done) {
        *different |= watch->freshness == DISC_NONE;
        watch->guarded = guarded;
        watch->based = true;
        watch->index = watch->have = g->seq;
        memcpy(watch->epoch, g->epoch, sizeof(watch->epoch));
    }
    disc_change_clear(&change);
    disc_push_forget(watch);
    return done;
}

/* ---- one push ------------------------------------------------------------------------------ */

static void acknowledge(struct look s, const struct reply *r, unsigned which, unsigned count)
{
    struct writer w = {0};
    disc_put(&w, "disc/1 ack");
    disc_put_param(&w, "id", s.watch->token); /* so that we know a refusal for ours */
    disc_put_number(&w, "sub", r->sub);
    disc_put_param(&w, "tok", s.watch->token);
    disc_put_number(&w, "seq", r->seq);
    if (count > 1)
        disc_put_number(&w, "frag", which);
    disc_put(&w, "\n");
    disc_send(&s.d->servers[s.watch->server], &w);
}

/* Of this subscription, as far as we know it: a push may overtake the `ok`. */
static bool is_ours(const struct watch *watch, const struct reply *r)
{
    return watch->state != RESTING &&
           (!watch->subscribed || watch->waiting || r->sub == watch->sub);
}

static bool is_well_formed(const struct reply *r, const char *items, unsigned *which,
                           unsigned *count)
{
    return r->has_sub && r->has_seq && r->has_n && *r->epoch && strlen(r->epoch) <= EPOCH_MAX &&
           (r->full == 1 || r->has_prev) && read_fragment(r->fragment, which, count) &&
           count_lines(items) == r->n;
}

/* Is what we have of this life of the server? */
static bool is_based(const struct watch *watch, const struct reply *r)
{
    return watch->based && strcmp(watch->epoch, r->epoch) == 0;
}

/* True: this push can be put to use. Else what has to be done is done. */
static bool fits(struct look s, const struct reply *r, unsigned which, unsigned count)
{
    struct watch *watch = s.watch;
    bool based = is_based(watch, r);
    bool other_life = watch->subscribed && strcmp(watch->life, r->epoch) != 0;
    if (based && r->seq <= watch->have) {
        acknowledge(s, r, which, count);
        return false;
    }
    if ((other_life && !watch->waiting) || (r->full != 1 && (!based || r->prev > watch->have))) {
        disc_subscribe_again(s);
        return false;
    }
    return true;
}

void disc_push_take(struct look s, const struct reply *r, const char *items)
{
    struct watch *watch = s.watch;
    unsigned which, count;
    bool different = false;
    if (!is_well_formed(r, items, &which, &count) || !is_ours(watch, r) ||
        !fits(s, r, which, count) || !gather_this(watch, r, count))
        return;
    if (!gather(&watch->gathering, which, items))
        return;
    acknowledge(s, r, which, count);
    watch->asked_again = false;
    watch->stall = s.now + STALL_MS; /* something comes */
    if (!is_complete(&watch->gathering))
        return;
    if (!finish(s, r->guard == 1, &different)) {
        watch->based = false;
        return;
    }
    if (watch->have >= watch->promised)
        watch->promised = 0, watch->stall = DISC_NEVER;
    watch->dirty = watch->cache_path && (watch->dirty || different);
    disc_watch_confirm(s);
    if (different && !watch->leaving)
        disc_watch_tell(s, DISC_WATCH_CHANGED, NULL, "the list changed");
}

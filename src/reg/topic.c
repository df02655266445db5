#include "reg/topic.h"

#include <stdlib.h>

enum {
    CHANGES_AT_ONCE = 64,
    NAME_SIZE = NAMESPACE_MAX + 1 + SERVICE_MAX,
    LOOKS_PER_LINE = 16, /* see work.h */
};

struct topic_name {
    struct text ns, service;
};

void topics_init(struct topics *all, const struct hash_key *key)
{
    *all = (struct topics){.key = *key, .work = {.left = WORK_MAX}};
}

/* ---- the table --------------------------------------------------------------------- */

static uint64_t hash_name(const struct topics *all, struct topic_name name)
{
    char bytes[NAME_SIZE];
    memcpy(bytes, name.ns.s, name.ns.n);
    bytes[name.ns.n] = '/';
    memcpy(bytes + name.ns.n + 1, name.service.s, name.service.n);
    return hash_bytes(&all->key, bytes, name.ns.n + 1 + name.service.n);
}

static bool topic_has_name(const void *entry, const void *key)
{
    const struct topic *t = entry;
    const struct topic_name *name = key;
    return text_is(topic_namespace(t), name->ns) && text_is(topic_service(t), name->service);
}

static struct topic *find_topic(const struct topics *all, struct text ns, struct text service)
{
    struct topic_name name = {ns, service};
    if (all->by_name.count == 0)
        return NULL;
    return map_find(&all->by_name, hash_name(all, name), topic_has_name, &name);
}

static struct topic *topic_new(struct topics *all, struct topic_name name)
{
    struct topic *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->hash = hash_name(all, name);
    t->ns_size = (uint8_t)name.ns.n;
    t->service_size = (uint8_t)name.service.n;
    memcpy(t->name, name.ns.s, name.ns.n);
    memcpy(t->name + name.ns.n, name.service.s, name.service.n);
    heap_node_init(&t->due);
    if (heap_add(&all->due, &t->due, UINT64_MAX)) {
        free(t);
        return NULL;
    }
    if (map_insert(&all->by_name, t->hash, t)) {
        heap_remove(&all->due, &t->due);
        free(t);
        return NULL;
    }
    return t;
}

struct topic *topic_for_name(struct topics *all, const struct registry *r, struct text ns,
                             struct text service)
{
    struct topic *t = find_topic(all, ns, service);
    if (t)
        return t;
    t = topic_new(all, (struct topic_name){ns, service});
    if (t) {
        t->absent = registry_index(r);
        t->seq = t->released = topic_index(t, r);
    }
    return t;
}

void topic_drop_unused(struct topics *all, struct topic *t)
{
    if (t->first || t->keep_ms)
        return;
    map_remove(&all->by_name, t->hash, t);
    heap_remove(&all->due, &t->due);
    free(t);
}

/* ---- what is kept ------------------------------------------------------------------ */

static void unlink_kept(struct topics *all, struct topic *t)
{
    *(t->kept_before ? &t->kept_before->kept_after : &all->first_kept) = t->kept_after;
    *(t->kept_after ? &t->kept_after->kept_before : &all->last_kept) = t->kept_before;
    all->kept_count--;
    t->keep_ms = 0;
}

/* Keeps nothing of it; gone if nobody subscribes. */
static void let_go(struct topics *all, struct topic *t)
{
    unlink_kept(all, t);
    if (t->kept)
        topic_return(all, t->kept);
    t->kept = NULL;
    t->too_large = 0;
    topic_drop_unused(all, t);
}

/* Keeps what is known of it from now on. */
static void keep(struct topics *all, struct topic *t)
{
    if (t->keep_ms)
        unlink_kept(all, t);
    t->keep_ms = all->work.at_ms + TOPIC_KEEP_MS;
    t->kept_before = all->last_kept;
    t->kept_after = NULL;
    *(all->last_kept ? &all->last_kept->kept_after : &all->first_kept) = t;
    all->last_kept = t;
    if (++all->kept_count > TOPIC_KEEP_MAX)
        let_go(all, all->first_kept);
}

static void keep_whole(struct topics *all, struct topic *t, struct bulletin *b)
{
    if (t->kept)
        topic_return(all, t->kept);
    t->kept = b;
    b->refs++;
    keep(all, t);
}

/* ---- changes ----------------------------------------------------------------------- */

static void notice(struct topics *all, const struct change *change, uint64_t now_ms)
{
    struct topic *t = find_topic(all, change->ns, change->service);
    if (!t || change->index <= t->seq)
        return;
    bool needed = t->first;
    if (t->keep_ms)
        let_go(all, t);
    if (!needed)
        return;
    t->seq = change->index;
    if (!change->known)
        t->absent = change->index;
    if (t->due.key == UINT64_MAX)
        heap_move(&all->due, &t->due, now_ms > t->quiet_ms ? now_ms : t->quiet_ms);
}

void topics_notice(struct topics *all, const struct registry *r, uint64_t now_ms)
{
    struct change changes[CHANGES_AT_ONCE];
    work_turn(&all->work, now_ms);
    while (all->first_kept && all->first_kept->keep_ms <= now_ms)
        let_go(all, all->first_kept);
    size_t n = all->by_name.count && all->noticed != registry_index(r) ? CHANGES_AT_ONCE : 0;
    while (n == CHANGES_AT_ONCE) {
        n = registry_changes(r, all->noticed, changes, CHANGES_AT_ONCE);
        for (size_t i = 0; i < n; i++)
            notice(all, &changes[i], now_ms);
        if (n)
            all->noticed = changes[n - 1].index;
    }
    all->noticed = registry_index(r);
}

struct topic *topics_release(struct topics *all, uint64_t now_ms)
{
    struct heap_node *node = heap_first(&all->due);
    if (!node || node->key > now_ms)
        return NULL;
    struct topic *t = (struct topic *)node; /* its first member */
    t->released = t->seq;
    t->quiet_ms = now_ms + TOPIC_QUIET_MS;
    heap_move(&all->due, node, UINT64_MAX);
    return t;
}

uint64_t topics_next(const struct topics *all)
{
    const struct heap_node *node = heap_first(&all->due);
    return node ? node->key : UINT64_MAX;
}

/* ---- bulletins --------------------------------------------------------------------- */

static const struct service *service_of(const struct topic *t, const struct registry *r)
{
    return registry_service(r, topic_namespace(t), topic_service(t));
}

uint64_t topic_index(const struct topic *t, const struct registry *r)
{
    const struct service *s = service_of(t, r);
    return s ? service_index(s) : t->absent;
}

static bool is_guarded(const struct topic *t, const struct registry *r)
{
    const struct service *s = service_of(t, r);
    return registry_guard(r).on || (s && service_stale(s));
}

/* Only what is said in it tells one bulletin from the others. */
static bool is_same(const void *entry, const void *key)
{
    const struct bulletin *b = entry, *wanted = key;
    return b->topic == wanted->topic && b->seq == wanted->seq && b->prev == wanted->prev &&
           b->whole == wanted->whole && b->guarded == wanted->guarded && !b->dropped;
}

static uint64_t hash_bulletin(const struct topics *all, const struct bulletin *b)
{
    uint64_t words[] = {b->topic->hash, b->seq, b->prev, (uint64_t)b->whole << 1 | b->guarded};
    return hash_bytes(&all->key, words, sizeof(words));
}

/* The same as `wanted`, with a reference; NULL: there is none. */
static struct bulletin *find_bulletin(const struct topics *all, const struct bulletin *wanted)
{
    struct bulletin *b = map_find(&all->bulletins, hash_bulletin(all, wanted), is_same, wanted);
    if (b)
        b->refs++;
    return b;
}

/* Is there room, after what is only kept has gone if need be? */
static bool make_room(struct topics *all, const struct bulletin *b)
{
    size_t max = TOPIC_BYTES_MAX - (b->count > 1 ? TOPIC_BYTES_RESERVE : 0);
    while (all->first_kept && all->bytes + b->bytes > max)
        let_go(all, all->first_kept);
    return all->bytes + b->bytes <= max;
}

/* On an error it is gone. */
static enum err publish(struct topics *all, const struct bulletin *wanted, struct bulletin **out)
{
    struct bulletin *b = *out;
    b->topic = wanted->topic;
    b->seq = wanted->seq;
    b->guarded = wanted->guarded;
    b->hash = hash_bulletin(all, b);
    enum err e = make_room(all, b) ? map_insert(&all->bulletins, b->hash, b) : ERR_FULL;
    if (e) {
        free(b);
        *out = NULL;
        return e;
    }
    all->bytes += b->bytes;
    return ERR_OK;
}

/* ERR_NOT_FOUND, ERR_SPACE: there can be none. */
static enum err get_delta(struct topics *all, struct topic *t, const struct registry *r,
                          const struct bulletin *wanted, bool make, struct bulletin **out)
{
    const struct service *s = service_of(t, r);
    if (wanted->prev == 0 || wanted->prev > wanted->seq || !s)
        return ERR_NOT_FOUND;
    *out = find_bulletin(all, wanted);
    if (*out)
        return ERR_OK;
    if (!make)
        return ERR_BUSY;
    enum err e = bulletin_delta(&all->press, r, s, wanted->prev, out);
    work_spend(&all->work, all->press.spent);
    return e ? e : publish(all, wanted, out);
}

static enum err get_whole(struct topics *all, struct topic *t, const struct registry *r,
                          const struct bulletin *wanted, bool make, struct bulletin **out)
{
    if (t->too_large && t->too_large == wanted->seq)
        return ERR_SPACE;
    *out = find_bulletin(all, wanted);
    if (*out)
        return ERR_OK;
    if (!make)
        return ERR_BUSY;
    enum err e = bulletin_whole(&all->press, service_of(t, r), out);
    work_spend(&all->work, all->press.spent);
    if (e == ERR_SPACE) {
        t->too_large = wanted->seq;
        keep(all, t);
    }
    if (!e)
        e = publish(all, wanted, out);
    if (!e && (*out)->count > 1)
        keep_whole(all, t, *out);
    return e;
}

enum err topic_bulletin(struct topics *all, struct topic *t, const struct registry *r,
                        uint64_t from, bool make, struct bulletin **out)
{
    struct bulletin wanted = {
        .topic = t, .seq = topic_index(t, r), .prev = from, .guarded = is_guarded(t, r)};
    enum err e = get_delta(all, t, r, &wanted, make, out);
    if (e != ERR_NOT_FOUND && e != ERR_SPACE)
        return e;
    wanted.whole = true;
    wanted.prev = 0;
    return get_whole(all, t, r, &wanted, make, out);
}

void topic_return(struct topics *all, struct bulletin *b)
{
    if (--b->refs)
        return;
    map_remove(&all->bulletins, b->hash, b);
    all->bytes -= b->bytes;
    free(b);
}

static size_t drop_outdated(struct topics *all, bool heard_too)
{
    struct bulletin *b;
    size_t cursor = 0, count = 0;
    while ((b = map_next(&all->bulletins, &cursor))) {
        if (!b->whole || b->seq >= b->topic->seq || (b->heard && !heard_too))
            continue;
        b->dropped = true;
        count++;
    }
    work_spend(&all->work, all->bulletins.count / LOOKS_PER_LINE);
    return count;
}

size_t topics_drop_outdated(struct topics *all)
{
    size_t count = drop_outdated(all, false);
    return count ? count : drop_outdated(all, true);
}

void topics_deinit(struct topics *all)
{
    while (all->first_kept)
        let_go(all, all->first_kept);
    map_deinit(&all->by_name);
    map_deinit(&all->bulletins);
    heap_deinit(&all->due);
}

#include "reg/topic.h"

#include <stdlib.h>

enum { CHANGES_AT_ONCE = 64, NAME_SIZE = NAMESPACE_MAX + 1 + SERVICE_MAX };

struct topic_name {
    struct text ns, service;
};

void topics_init(struct topics *all, const struct hash_key *key)
{
    *all = (struct topics){.key = *key};
}

void topics_deinit(struct topics *all)
{
    map_deinit(&all->by_name);
    heap_deinit(&all->due);
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

struct topic *topic_by_name(const struct topics *all, struct text ns, struct text service)
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
    struct topic *t = topic_by_name(all, ns, service);
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
    if (t->first)
        return;
    map_remove(&all->by_name, t->hash, t);
    heap_remove(&all->due, &t->due);
    free(t);
}

/* ---- changes ----------------------------------------------------------------------- */

static void notice(struct topics *all, const struct change *change, uint64_t now_ms)
{
    struct topic *t = topic_by_name(all, change->ns, change->service);
    if (!t || change->index <= t->seq)
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

static struct bulletin *find_bulletin(const struct topic *t, uint64_t seq, uint64_t prev,
                                      bool whole)
{
    struct bulletin *b = t->bulletins;
    while (b && (b->seq != seq || b->whole != whole || b->prev != prev))
        b = b->next;
    if (b)
        b->refs++;
    return b;
}

/* On an error it is gone. */
static enum err publish(struct topics *all, struct topic *t, uint64_t seq, struct bulletin **out)
{
    struct bulletin *b = *out;
    if (all->bytes + b->bytes > TOPIC_BYTES_MAX) {
        free(b);
        *out = NULL;
        return ERR_BUSY;
    }
    b->seq = seq;
    b->next = t->bulletins;
    t->bulletins = b;
    all->bytes += b->bytes;
    return ERR_OK;
}

/* ERR_NOT_FOUND, ERR_SPACE: there can be none. */
static enum err get_delta(struct topics *all, struct topic *t, const struct registry *r,
                          uint64_t from, uint64_t seq, struct bulletin **out)
{
    const struct service *s = service_of(t, r);
    if (from == 0 || from > seq || !s)
        return ERR_NOT_FOUND;
    *out = find_bulletin(t, seq, from, false);
    if (*out)
        return ERR_OK;
    enum err e = bulletin_delta(&all->press, r, s, from, out);
    return e ? e : publish(all, t, seq, out);
}

static enum err get_whole(struct topics *all, struct topic *t, const struct registry *r,
                          uint64_t seq, struct bulletin **out)
{
    *out = find_bulletin(t, seq, 0, true);
    if (*out)
        return ERR_OK;
    enum err e = bulletin_whole(&all->press, r, service_of(t, r), out);
    return e ? e : publish(all, t, seq, out);
}

enum err topic_bulletin(struct topics *all, struct topic *t, const struct registry *r,
                        uint64_t from, struct bulletin **out)
{
    uint64_t seq = topic_index(t, r);
    enum err e = get_delta(all, t, r, from, seq, out);
    if (e == ERR_NOT_FOUND || e == ERR_SPACE)
        e = get_whole(all, t, r, seq, out);
    return e;
}

void topic_return(struct topics *all, struct topic *t, struct bulletin *b)
{
    struct bulletin **at = &t->bulletins;
    if (--b->refs)
        return;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    all->bytes -= b->bytes;
    free(b);
}

#include "registry/service.h"

#include <stdlib.h>

#include "registry/override.h"
#include "registry/path.h"
#include "registry/state.h"

enum {
    PATH_USUAL = 24,   /* bytes of most paths: where they end another cache line may begin */
    SHRINK_ABOVE = 16, /* slots; smaller arrays are not worth a realloc */
    RETRY_MS = 1000,   /* until what could not be done now is tried again */
};

void services_init(struct services *all)
{
    *all = (struct services){0};
    TAILQ_INIT(&all->forgotten);
}

static bool entry_is(const void *entry, const void *key)
{
    return text_is(service_path(entry), path_text(key));
}

struct service *service_find(const struct registry *r, struct text ns, struct text name)
{
    struct path path;
    if (!path_of_service(&r->key, ns, name, &path))
        return NULL;
    struct service *s = map_find(&r->services.map, path.hash, entry_is, &path);
    return s && s->known ? s : NULL;
}

void service_prefetch(const struct service *s)
{
    __builtin_prefetch(&s->path_size);
    __builtin_prefetch(s->path + PATH_USUAL);
}

_Static_assert(offsetof(struct service, path) + PATH_BYTES_MAX <= POOL_RECORD_MAX,
               "the pool has records for all of them");

static struct service *service_new(struct registry *r, struct text ns, const struct path *path)
{
    struct service *s = pool_new(&r->pool, offsetof(struct service, path) + path->size);
    if (!s)
        return NULL;
    s->registry = r;
    s->hash = (uint32_t)path->hash;
    s->latest_ns = r->services.freed_ns;
    s->known_from = r->services.freed_index;
    s->ns_size = (uint8_t)ns.n;
    s->path_size = (uint8_t)path->size;
    memcpy(s->path, path->bytes, path->size);
    heap_node_init(&s->retention);
    if (map_insert(&r->services.map, s->hash, s) != ERR_OK)
        goto no_entry;
    if (heap_add(&r->services.retention, &s->retention, UINT64_MAX) != ERR_OK)
        goto no_retention;
    return s;
no_retention:
    map_remove(&r->services.map, s->hash, s);
no_entry:
    pool_free(&r->pool, s);
    return NULL;
}

struct service *service_get(struct registry *r, struct text ns, struct text name)
{
    struct path path;
    if (!path_of_service(&r->key, ns, name, &path))
        return NULL;
    struct service *s = map_find(&r->services.map, path.hash, entry_is, &path);
    if (s)
        return s;
    if (feed_reserve(&r->feed, r->services.map.count + 1) != ERR_OK)
        return NULL;
    return service_new(r, ns, &path);
}

void service_free(struct registry *r, struct service *s)
{
    if (s->index > r->services.freed_index)
        r->services.freed_index = s->index;
    if (s->latest_ns > r->services.freed_ns)
        r->services.freed_ns = s->latest_ns;
    feed_remove(&r->feed, s);
    heap_remove(&r->services.retention, &s->retention);
    map_remove(&r->services.map, s->hash, s);
    free(s->instances);
    pool_free(&r->pool, s);
}

void service_take_policy(struct registry *r, struct service *s)
{
    const struct registry_config *c = &r->config;
    s->policy = c->service_policy
                    ? c->service_policy(c->context, service_namespace(s), service_name(s))
                    : (struct service_policy){0};
    r->probes = r->probes || s->policy.probe;
}

void service_release(struct registry *r, struct service *s)
{
    if (!s->known && s->index == 0)
        service_free(r, s);
}

void service_make_known(struct registry *r, struct service *s)
{
    if (s->known)
        return;
    if (s->index)
        TAILQ_REMOVE(&r->services.forgotten, s, forgotten);
    s->known = true;
    service_take_policy(r, s);
    order_add(&r->services.root, s);
    r->services.known++;
}

static void drop_overrides(struct registry *r, struct service *s)
{
    while (!LIST_EMPTY(&s->overrides)) {
        struct override_entry *o = LIST_FIRST(&s->overrides);
        struct instance_key key = {service_namespace(s), service_name(s), {o->id, o->id_size}};
        journal_override(&r->journal, key, &(struct override){0});
        override_drop(&r->overrides, o);
    }
}

/* Out of the answers and the order, into the list of forgotten ones. */
static void forget(struct registry *r, struct service *s, struct moment now)
{
    drop_overrides(r, s);
    journal_service(&r->journal, service_namespace(s), service_name(s), 0);
    heap_move(&r->services.retention, &s->retention, UINT64_MAX);
    order_remove(&r->services.root, s);
    r->services.known--;
    s->known = false;
    state_note(r, s, true, now);
    TAILQ_INSERT_TAIL(&r->services.forgotten, s, forgotten);
}

struct instance *service_at(const struct service *s, uint32_t n)
{
    return pool_at(&s->registry->pool, s->instances[n]);
}

enum err service_reserve(struct service *s, uint32_t count)
{
    if (count <= s->capacity)
        return ERR_OK;
    uint32_t capacity = s->capacity + s->capacity / 4 + 1;
    if (capacity < count)
        capacity = count;
    pool_ref *instances = reallocarray(s->instances, capacity, sizeof(*instances));
    if (!instances)
        return ERR_MEMORY;
    s->instances = instances;
    s->capacity = capacity;
    return ERR_OK;
}

void service_add(struct registry *r, struct service *s, struct instance *i)
{
    if (s->count == 0 && s->retention.key != UINT64_MAX)
        journal_service(&r->journal, service_namespace(s), service_name(s), 0);
    i->service = s;
    i->slot = s->count;
    s->instances[s->count++] = pool_ref_of(&r->pool, i);
    service_settle(s);
    heap_move(&r->services.retention, &s->retention, UINT64_MAX);
}

static void shrink(struct service *s)
{
    if (s->capacity <= SHRINK_ABOVE || s->count >= s->capacity / 4)
        return;
    pool_ref *less = reallocarray(s->instances, s->capacity / 2, sizeof(*less));
    if (!less)
        return;
    s->instances = less;
    s->capacity /= 2;
}

static bool is_permanent(const struct registry *r, const struct service *s)
{
    const struct registry_config *c = &r->config;
    return c->service_permanent &&
           c->service_permanent(c->context, service_namespace(s), service_name(s));
}

static uint64_t retention_ms(const struct registry *r)
{
    return (uint64_t)r->config.service_retention_s * 1000;
}

static void retain(struct registry *r, struct service *s, struct moment now)
{
    heap_move(&r->services.retention, &s->retention, now.lease_ms + retention_ms(r));
    journal_service(&r->journal, service_namespace(s), service_name(s),
                    is_permanent(r, s) ? UINT64_MAX : now.wall_ms + retention_ms(r));
}

void service_remove(struct registry *r, struct service *s, struct instance *i, struct moment now)
{
    struct instance *last = service_at(s, --s->count);
    s->instances[i->slot] = s->instances[s->count];
    last->slot = i->slot;
    shrink(s);
    if (s->count == 0)
        retain(r, s, now);
}

/* A permanent one is asked about again later: a new configuration may say otherwise. */
static void keep(struct registry *r, struct service *s, uint64_t ms, struct moment now)
{
    heap_move(&r->services.retention, &s->retention, now.lease_ms + (ms ? ms : RETRY_MS));
}

/* The configuration may have come to say so only after its last instance went. */
static void keep_for_ever(struct registry *r, struct service *s, struct moment now)
{
    if (!journal_reserve(&r->journal, JOURNAL_WITHDRAW, 1))
        journal_service(&r->journal, service_namespace(s), service_name(s), UINT64_MAX);
    keep(r, s, retention_ms(r), now);
}

/* Its overrides go with it, and the journal must have room for that. */
static enum err reserve_forget(const struct registry *r, const struct service *s)
{
    const struct override_entry *o;
    size_t changes = 1;
    LIST_FOREACH(o, &s->overrides, link)
    changes++;
    return journal_reserve(&r->journal, JOURNAL_WITHDRAW, changes);
}

void service_retain(struct registry *r, struct service *s, uint64_t until_ms, struct moment now)
{
    if (until_ms == UINT64_MAX)
        keep(r, s, retention_ms(r), now);
    else
        heap_move(&r->services.retention, &s->retention, until_ms);
}

uint64_t services_next(const struct services *all)
{
    const struct heap_node *first = heap_first(&all->retention);
    return first ? first->key : UINT64_MAX;
}

bool services_expire(struct registry *r, struct moment now, unsigned budget)
{
    while (services_next(&r->services) <= now.lease_ms) {
        if (budget-- == 0)
            return true;
        struct heap_node *first = heap_first(&r->services.retention);
        struct service *s = (struct service *)first; /* its first member */
        if (is_permanent(r, s))
            keep_for_ever(r, s, now);
        else if (reserve_forget(r, s) != ERR_OK)
            keep(r, s, RETRY_MS, now);
        else
            forget(r, s, now);
    }
    return false;
}

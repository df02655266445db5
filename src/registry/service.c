#include "registry/service.h"

#include <stdlib.h>

#include "registry/override.h"
#include "registry/path.h"
#include "registry/state.h"

enum { SHRINK_ABOVE = 16 }; /* slots; smaller arrays are not worth a realloc */

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

static struct service *service_new(struct registry *r, struct text ns, const struct path *path)
{
    struct service *s = calloc(1, offsetof(struct service, path) + path->size);
    if (!s)
        return NULL;
    s->registry = r;
    s->hash = path->hash;
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
    free(s);
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
    feed_remove(&r->feed, s);
    heap_remove(&r->services.retention, &s->retention);
    map_remove(&r->services.map, s->hash, s);
    free(s->instances);
    free(s);
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
    order_add(&r->services.root, s);
    r->services.known++;
}

void service_forget(struct registry *r, struct service *s)
{
    while (!LIST_EMPTY(&s->overrides))
        override_drop(&r->overrides, LIST_FIRST(&s->overrides));
    heap_move(&r->services.retention, &s->retention, UINT64_MAX);
    order_remove(&r->services.root, s);
    r->services.known--;
    s->known = false;
    state_note(r, s, true);
    TAILQ_INSERT_TAIL(&r->services.forgotten, s, forgotten);
}

enum err service_reserve(struct service *s, uint32_t count)
{
    if (count <= s->capacity)
        return ERR_OK;
    uint32_t capacity = s->capacity + s->capacity / 2 + 1;
    if (capacity < count)
        capacity = count;
    struct instance **instances = realloc(s->instances, capacity * sizeof(*instances));
    if (!instances)
        return ERR_MEMORY;
    s->instances = instances;
    s->capacity = capacity;
    return ERR_OK;
}

void service_add(struct registry *r, struct service *s, struct instance *i)
{
    i->service = s;
    i->slot = s->count;
    s->instances[s->count++] = i;
    heap_move(&r->services.retention, &s->retention, UINT64_MAX);
}

static void shrink(struct service *s)
{
    if (s->capacity <= SHRINK_ABOVE || s->count >= s->capacity / 4)
        return;
    struct instance **less = realloc(s->instances, s->capacity / 2 * sizeof(*less));
    if (!less)
        return;
    s->instances = less;
    s->capacity /= 2;
}

void service_remove(struct registry *r, struct service *s, struct instance *i, struct moment now)
{
    struct instance *last = s->instances[--s->count];
    s->instances[i->slot] = last;
    last->slot = i->slot;
    shrink(s);
    if (s->count == 0)
        heap_move(&r->services.retention, &s->retention,
                  now.lease_ms + (uint64_t)r->config.service_retention_s * 1000);
}

static bool is_permanent(const struct registry *r, const struct service *s)
{
    const struct registry_config *c = &r->config;
    return c->service_permanent &&
           c->service_permanent(c->context, service_namespace(s), service_name(s));
}

/* A permanent one is asked about again later: a new configuration may say otherwise. */
static void keep(struct registry *r, struct service *s, struct moment now)
{
    uint64_t seconds = r->config.service_retention_s ? r->config.service_retention_s : 1;
    heap_move(&r->services.retention, &s->retention, now.lease_ms + seconds * 1000);
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
            keep(r, s, now);
        else
            service_forget(r, s);
    }
    return false;
}

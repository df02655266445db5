/* A watcher that folds the change feed, and the comparison with the registry (I6, I7). */
#include <stdlib.h>
#include <string.h>

#include "sim/checker.h"

enum { PIECE = 32, BLIND_ONE_IN = 16 };

static const struct hash_key feed_key = {{5, 7, 7, 2}};

struct known {
    uint64_t digest, index;
    uint32_t count;
    bool is_known;
    size_t size;
    char path[]; /* "ns/svc" */
};

struct watcher {
    struct map services;
    uint64_t seen, folded;
};

struct watcher *watcher_new(void)
{
    return sim_alloc(sizeof(struct watcher));
}

void watcher_reset(struct watcher *w)
{
    size_t at = 0;
    for (struct known *k; (k = map_next(&w->services, &at));)
        free(k);
    map_deinit(&w->services);
    w->services = (struct map){0};
    w->seen = 0;
}

void watcher_free(struct watcher *w)
{
    watcher_reset(w);
    free(w);
}

/* What consumers see of it, in no order. */
uint64_t service_digest(const struct service *s)
{
    uint64_t digest = 0;
    for (uint32_t n = 0; n < service_count(s); n++) {
        const struct instance *i = service_instance(s, n);
        struct instance_key key = instance_key(i);
        struct instance_state state;
        struct {
            uint64_t id;
            uint32_t status, weight, stale, zero;
        } seen;
        instance_state(i, &state);
        seen.id = hash_bytes(&feed_key, key.id.s, key.id.n);
        seen.status = state.status;
        seen.weight = state.weight;
        seen.stale = state.stale;
        seen.zero = 0;
        digest ^= hash_bytes(&feed_key, &seen, sizeof(seen));
    }
    return digest;
}

static bool known_is(const void *entry, const void *key)
{
    const struct known *k = entry;
    return text_is((struct text){k->path, k->size}, *(const struct text *)key);
}

static struct known *find(struct watcher *w, struct text ns, struct text service, bool make)
{
    char path[PATH_SIZE];
    memcpy(path, ns.s, ns.n);
    path[ns.n] = '/';
    memcpy(path + ns.n + 1, service.s, service.n);
    struct text name = {path, ns.n + 1 + service.n};
    uint64_t hash = hash_bytes(&feed_key, name.s, name.n);
    struct known *k = map_find(&w->services, hash, known_is, &name);
    if (k || !make)
        return k;
    k = sim_alloc(sizeof(*k) + name.n);
    k->size = name.n;
    memcpy(k->path, path, name.n);
    if (map_insert(&w->services, hash, k))
        abort();
    return k;
}

static void fold_one(struct check *c, const struct change *change)
{
    struct watcher *w = c->watcher;
    if (change->index <= w->seen || change->index > registry_index(c->registry))
        check_fail(c, "I7", "change %llu follows upon %llu of %llu",
                   (unsigned long long)change->index, (unsigned long long)w->seen,
                   (unsigned long long)registry_index(c->registry));
    w->seen = change->index;
    if (c->options->mutant == SIM_BLIND_FEED && ++w->folded % BLIND_ONE_IN == 0)
        return;
    struct known *k = find(w, change->ns, change->service, true);
    if (change->known && service_index(change->known) < k->index)
        check_fail(c, "I7", "the index of %.*s went back", TEXT_ARG(change->service));
    k->is_known = change->known != NULL;
    k->digest = k->is_known ? service_digest(change->known) : 0;
    k->count = k->is_known ? service_count(change->known) : 0;
    k->index = change->index;
}

void watcher_fold(struct check *c)
{
    struct change changes[PIECE];
    for (size_t n; (n = registry_changes(c->registry, c->watcher->seen, changes, PIECE));)
        for (size_t i = 0; i < n; i++)
            fold_one(c, &changes[i]);
}

void watcher_compare(struct check *c)
{
    size_t count = 0, known = 0, at = 0;
    const struct service *s = NULL;
    while ((s = registry_service_next(c->registry, TEXT(""), s))) {
        const struct known *k = find(c->watcher, service_namespace(s), service_name(s), false);
        count++;
        if (!k || !k->is_known || k->count != service_count(s) || k->digest != service_digest(s))
            check_fail(c, "I6", "a watcher sees another %.*s", TEXT_ARG(service_name(s)));
    }
    for (const struct known *k; (k = map_next(&c->watcher->services, &at));)
        known += k->is_known;
    if (known != count)
        check_fail(c, "I6", "a watcher knows %zu services of %zu", known, count);
}

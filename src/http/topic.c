#include "http/topic.h"

#include <stdlib.h>

#include "base/hash.h"

enum {
    CHANGES = 64,     /* read at a time */
    TOLD_IN_ROW = 16, /* of one topic before the next one has its turn */
    SHARED_MAX = 32,
    SHARED_MS = 250,
};

TAILQ_HEAD(subscriptions, subscription);

struct topic {
    TAILQ_ENTRY(topic) dirty;
    struct subscriptions subscriptions; /* those not told yet in front */
    uint64_t hash;
    uint64_t news; /* how often it was dirty */
    bool is_dirty;
    size_t ns_size;
    char text[]; /* namespace, NUL, service, NUL */
};
TAILQ_HEAD(topic_list, topic);

struct shared {
    struct shared_key key;
    struct rendering *rendering; /* NULL = free */
    uint64_t made_ms;
};

struct topics {
    struct http *http;
    struct map by_name;
    struct topic_list dirty;
    struct subscriptions ready;
    struct event *turn;
    uint64_t seen; /* the registry's index up to which topics were marked */
    unsigned in_row;
    struct gone gone;
    struct shared shared[SHARED_MAX];
    unsigned shared_at;
    bool shares;
};

/* ---- topics by name ---------------------------------------------------------------- */

struct name {
    struct text ns, service;
};

static uint64_t name_hash(const struct topics *t, const struct name *name)
{
    char bytes[NAMESPACE_MAX + SERVICE_MAX + 4] = {0};
    size_t ns = name->ns.n < NAMESPACE_MAX + 1 ? name->ns.n : NAMESPACE_MAX + 1;
    size_t service = name->service.n < SERVICE_MAX + 1 ? name->service.n : SERVICE_MAX + 1;

    if (ns)
        memcpy(bytes, name->ns.s, ns);
    if (service)
        memcpy(bytes + ns + 1, name->service.s, service);
    return hash_bytes(&t->http->backend.key, bytes, ns + 1 + service);
}

struct text topic_namespace(const struct topic *topic)
{
    return (struct text){topic->text, topic->ns_size};
}

struct text topic_service(const struct topic *topic)
{
    return text_of(topic->text + topic->ns_size + 1);
}

static bool topic_is(const void *entry, const void *key)
{
    const struct topic *topic = entry;
    const struct name *name = key;
    return text_is(topic_namespace(topic), name->ns) &&
           text_is(topic_service(topic), name->service);
}

static struct topic *find(const struct topics *t, struct text ns, struct text service)
{
    struct name name = {ns, service};
    return map_find(&t->by_name, name_hash(t, &name), topic_is, &name);
}

const struct topic *topics_find(const struct topics *t, struct text ns, struct text service)
{
    return find(t, ns, service);
}

static struct topic *make(struct topics *t, struct text ns, struct text service)
{
    struct name name = {ns, service};
    struct topic *topic = calloc(1, sizeof(*topic) + ns.n + service.n + 2);

    if (!topic)
        return NULL;
    topic->hash = name_hash(t, &name);
    topic->ns_size = ns.n;
    TAILQ_INIT(&topic->subscriptions);
    if (ns.n)
        memcpy(topic->text, ns.s, ns.n);
    if (service.n)
        memcpy(topic->text + ns.n + 1, service.s, service.n);
    if (map_insert(&t->by_name, topic->hash, topic) == ERR_OK)
        return topic;
    free(topic);
    return NULL;
}

static void clean(struct topics *t, struct topic *topic)
{
    if (topic->is_dirty)
        TAILQ_REMOVE(&t->dirty, topic, dirty);
    topic->is_dirty = false;
}

static void drop_shared(struct topics *t, const struct topic *topic);

static void topic_free(struct topics *t, struct topic *topic)
{
    clean(t, topic);
    drop_shared(t, topic);
    map_remove(&t->by_name, topic->hash, topic);
    free(topic);
}

const struct service *topic_find(const struct http *http, const struct topic *topic)
{
    return registry_service(http->backend.registry, topic_namespace(topic), topic_service(topic));
}

/* ---- subscribing ------------------------------------------------------------------- */

static void wake(struct topics *t)
{
    static const struct timeval at_once = {0, 0};
    event_add(t->turn, &at_once); /* through the timers: sockets are looked at before */
}

enum err topics_subscribe(struct topics *t, struct text ns, struct text service,
                          struct subscription *s)
{
    struct topic *topic = find(t, ns, service);

    if (!topic)
        topic = make(t, ns, service);
    if (!topic)
        return ERR_MEMORY;
    s->topic = topic;
    s->told = topic->news;
    TAILQ_INSERT_TAIL(&topic->subscriptions, s, link);
    return ERR_OK;
}

static void unready(struct topics *t, struct subscription *s)
{
    if (s->is_ready)
        TAILQ_REMOVE(&t->ready, s, ready);
    s->is_ready = false;
}

void topics_unsubscribe(struct topics *t, struct subscription *s)
{
    struct topic *topic = s->topic;

    if (!topic)
        return;
    unready(t, s);
    TAILQ_REMOVE(&topic->subscriptions, s, link);
    s->topic = NULL;
    if (TAILQ_EMPTY(&topic->subscriptions))
        topic_free(t, topic);
}

void topics_poke(struct topics *t, struct subscription *s)
{
    if (s->is_ready)
        return;
    s->is_ready = true;
    TAILQ_INSERT_TAIL(&t->ready, s, ready);
    wake(t);
}

/* ---- publications ------------------------------------------------------------------ */

static void mark(struct topics *t, struct text ns, struct text service)
{
    struct topic *topic = find(t, ns, service);

    if (!topic)
        return;
    topic->news++;
    if (topic->is_dirty)
        return;
    topic->is_dirty = true;
    TAILQ_INSERT_TAIL(&t->dirty, topic, dirty);
    wake(t);
}

static void note(struct topics *t, const struct change *change)
{
    static const struct text all = {"", 0};

    if (!change->known)
        gone_note(&t->gone, change->ns, change->service, change->index);
    if (!t->by_name.count)
        return;
    mark(t, change->ns, change->service);
    mark(t, change->ns, all);
}

void topics_published(struct topics *t)
{
    const struct registry *r = t->http->backend.registry;
    static const struct text all = {"", 0};
    struct change changes[CHANGES];
    size_t n;

    if (registry_index(r) == t->seen)
        return;
    while ((n = registry_changes(r, t->seen, changes, CHANGES)) > 0) {
        for (size_t i = 0; i < n; i++)
            note(t, &changes[i]);
        t->seen = changes[n - 1].index;
    }
    t->seen = registry_index(r);
    mark(t, all, all);
}

uint64_t topics_seen(const struct topics *t)
{
    return t->seen;
}

const struct gone *topics_gone(const struct topics *t)
{
    return &t->gone;
}

/* ---- the turn ---------------------------------------------------------------------- */

static bool run_ready(struct topics *t)
{
    struct subscription *s = TAILQ_FIRST(&t->ready);

    if (!s)
        return false;
    unready(t, s);
    s->run(s);
    return true;
}

/* The first subscriber that was not told yet; NULL: the topic is done with. */
static struct subscription *next_untold(struct topic *topic)
{
    struct subscription *s = TAILQ_FIRST(&topic->subscriptions);

    if (!s || s->told == topic->news)
        return NULL;
    TAILQ_REMOVE(&topic->subscriptions, s, link);
    TAILQ_INSERT_TAIL(&topic->subscriptions, s, link);
    s->told = topic->news;
    return s;
}

static bool run_dirty(struct topics *t)
{
    struct topic *topic = TAILQ_FIRST(&t->dirty);

    if (!topic)
        return false;
    struct subscription *s = next_untold(topic);
    if (!s) {
        clean(t, topic);
        t->in_row = 0;
        return true;
    }
    if (++t->in_row >= TOLD_IN_ROW) {
        TAILQ_REMOVE(&t->dirty, topic, dirty);
        TAILQ_INSERT_TAIL(&t->dirty, topic, dirty);
        t->in_row = 0;
    }
    s->run(s);
    return true;
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    struct topics *t = context;
    const struct http_backend *backend = &t->http->backend;
    uint64_t began_us = backend->stopwatch_us(backend->context);
    bool more;

    (void)fd;
    (void)what;
    do {
        more = run_ready(t);
        more = run_dirty(t) || more;
    } while (more &&
             backend->stopwatch_us(backend->context) - began_us < HTTP_SLICE_MS * UINT64_C(1000));
    if (more)
        wake(t);
    else
        drop_shared(t, NULL);
}

/* ---- shared renderings ------------------------------------------------------------- */

/* Those of one topic; NULL = all. */
static void drop_shared(struct topics *t, const struct topic *topic)
{
    if (!t->shares)
        return;
    for (size_t n = 0; n < SHARED_MAX; n++) {
        struct shared *s = &t->shared[n];
        if (topic && s->key.topic != topic)
            continue;
        rendering_drop(s->rendering);
        *s = (struct shared){.rendering = NULL};
    }
    t->shares = topic != NULL;
}

struct rendering *topics_shared(struct topics *t, struct shared_key *key)
{
    for (size_t n = 0; t->shares && n < SHARED_MAX; n++) {
        struct shared *s = &t->shared[n];
        if (s->rendering && s->key.topic == key->topic && s->key.kind == key->kind &&
            s->key.from == key->from && s->key.to == key->to &&
            http_now(t->http).lease_ms - s->made_ms <= SHARED_MS) {
            key->reached = s->key.reached;
            return rendering_use(s->rendering);
        }
    }
    return NULL;
}

void topics_share(struct topics *t, const struct shared_key *key, struct rendering *r)
{
    struct shared *s = &t->shared[t->shared_at++ % SHARED_MAX];

    rendering_drop(s->rendering);
    *s = (struct shared){*key, rendering_use(r), http_now(t->http).lease_ms};
    t->shares = true;
}

/* ---- life -------------------------------------------------------------------------- */

struct topics *topics_new(struct http *http)
{
    struct topics *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->http = http;
    t->seen = registry_index(http->backend.registry);
    t->gone.floor = t->seen;
    TAILQ_INIT(&t->dirty);
    TAILQ_INIT(&t->ready);
    t->turn = evtimer_new(http->backend.base, on_turn, t);
    if (t->turn)
        return t;
    free(t);
    return NULL;
}

void topics_free(struct topics *t)
{
    if (!t)
        return;
    drop_shared(t, NULL);
    gone_deinit(&t->gone);
    event_free(t->turn);
    map_deinit(&t->by_name);
    free(t);
}

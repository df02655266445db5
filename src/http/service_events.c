/* What an event stream of one service tells: its whole state (`state`, in parts when it is
 * large), then what changes (`change`).
 *
 * The ids of a large service are noted when its state begins to be told, and each instance
 * looked up when its turn comes. What changes on the way is told after it: the last part
 * leaves the client where the ids were noted, and the first change starts from there. */
#include <event2/buffer.h>
#include <stdlib.h>

#include "http/event_stream.h"
#include "http/instance.h"
#include "http/reply.h"

enum {
    PART_INSTANCES = 64,
    PART_BYTES = 65536,
    NOTED_MAX = 64 * 1024 * 1024, /* bytes of noted ids, of all streams */
};

/* The ids of a service as of an index; shared by all that began to be told then. */
struct noted {
    LIST_ENTRY(noted) link;
    size_t users, size;
    const struct topic *topic; /* it outlives its subscribers, and they this */
    uint64_t index;
    uint32_t count;
    char ids[]; /* each a length byte and the text */
};

struct state_walk {
    struct noted *noted;
    const char *at;
    uint32_t told;
    unsigned part;
};

/* ---- writing ---------------------------------------------------------------------------- */

/* Names are lower-case letters, digits, '-', '_' and '.': nothing to escape. */
static enum err open_event(struct evbuffer *out, const char *event, uint64_t id,
                           const struct topic *topic, uint64_t index)
{
    struct text ns = topic_namespace(topic), name = topic_service(topic);
    int failed = evbuffer_add_printf(out, "event: %s\n", event) < 0;

    if (id)
        failed |= evbuffer_add_printf(out, "id: %ju\n", (uintmax_t)id) < 0;
    failed |=
        evbuffer_add_printf(out, "data: {\"namespace\":\"%.*s\",\"name\":\"%.*s\",\"index\":%ju",
                            TEXT_ARG(ns), TEXT_ARG(name), (uintmax_t)index) < 0;
    return failed ? ERR_MEMORY : ERR_OK;
}

static enum err add_instance(struct http *http, struct evbuffer *out, const struct instance *i,
                             bool first)
{
    return reply_append_item(out, first, instance_json(i, http_now(http)));
}

static enum err add_text(struct evbuffer *out, const char *text)
{
    return evbuffer_add_printf(out, "%s", text) < 0 ? ERR_MEMORY : ERR_OK;
}

/* Ends the event and shares it. */
static enum err close_event(struct http *http, struct evbuffer *out, const struct shared_key *key,
                            struct rendering **rendering)
{
    if (add_text(out, "]}\n\n") != ERR_OK || !(*rendering = rendering_of(out)))
        return ERR_MEMORY;
    if (key)
        topics_share(http->topics, key, *rendering);
    return ERR_OK;
}

/* ---- noted ids -------------------------------------------------------------------------- */

static void noted_drop(struct http *http, struct noted *n)
{
    if (--n->users)
        return;
    LIST_REMOVE(n, link);
    http->noted_bytes -= n->size;
    free(n);
}

static struct noted *noted_find(const struct http *http, const struct topic *topic, uint64_t index)
{
    struct noted *n;

    LIST_FOREACH(n, &http->noted, link)
    if (n->topic == topic && n->index == index) {
        n->users++;
        return n;
    }
    return NULL;
}

static struct noted *noted_new(struct http *http, const struct topic *topic,
                               const struct service *s)
{
    size_t size = sizeof(struct noted);

    for (uint32_t n = 0; n < service_count(s); n++)
        size += 1 + instance_key(service_instance(s, n)).id.n;
    struct noted *noted = http->noted_bytes + size <= NOTED_MAX ? malloc(size) : NULL;
    if (!noted)
        return NULL;
    *noted = (struct noted){.users = 1,
                            .size = size,
                            .topic = topic,
                            .index = service_index(s),
                            .count = service_count(s)};
    char *at = noted->ids;
    for (uint32_t n = 0; n < service_count(s); n++) {
        struct text id = instance_key(service_instance(s, n)).id;
        *at++ = (char)id.n;
        memcpy(at, id.s, id.n);
        at += id.n;
    }
    http->noted_bytes += size;
    LIST_INSERT_HEAD(&http->noted, noted, link);
    return noted;
}

static void leave(struct http *http, struct position *p)
{
    if (!p->walk)
        return;
    noted_drop(http, p->walk->noted);
    free(p->walk);
    p->walk = NULL;
}

/* ---- the whole state -------------------------------------------------------------------- */

static const struct instance *take(const struct http *http, const struct topic *topic,
                                   struct state_walk *w)
{
    struct text id = {w->at + 1, (unsigned char)w->at[0]};
    struct instance_key key = {topic_namespace(topic), topic_service(topic), id};

    w->at += 1 + id.n;
    w->told++;
    return registry_instance(http->backend.registry, key);
}

static enum err add_instances(struct http *http, const struct topic *topic, struct state_walk *w,
                              struct evbuffer *out)
{
    uint32_t end = w->told + PART_INSTANCES;
    bool first = true;

    while (w->told < w->noted->count && w->told < end && evbuffer_get_length(out) < PART_BYTES) {
        const struct instance *i = take(http, topic, w);
        if (i && add_instance(http, out, i, first) != ERR_OK)
            return ERR_MEMORY;
        first = first && !i;
    }
    return ERR_OK;
}

/* Whether it is the last part shows when its instances are written. */
static enum err write_part(struct http *http, const struct topic *topic, struct state_walk *w,
                           struct evbuffer *out)
{
    const struct service *s = topic_find(http, topic);
    struct evbuffer *instances = evbuffer_new();

    if (!instances)
        return ERR_MEMORY;
    enum err err = add_instances(http, topic, w, instances);
    bool last = w->told == w->noted->count;
    if (err == ERR_OK)
        err = open_event(out, "state", last ? w->noted->index : 0, topic, w->noted->index);
    if (err == ERR_OK &&
        (evbuffer_add_printf(out,
                             ",\"known\":true,\"stale\":%u,\"part\":%u,\"last\":%s,\"instances\":[",
                             s ? service_stale(s) : 0, w->part, last ? "true" : "false") < 0 ||
         evbuffer_add_buffer(out, instances) < 0))
        err = ERR_MEMORY;
    evbuffer_free(instances);
    return err;
}

/* Parts are shared by those who are at the same place; `reached` is where the next one
 * begins, as bytes and instances from the first. */
static enum err make_part(struct http *http, const struct topic *topic, struct state_walk *w,
                          struct rendering **out)
{
    struct shared_key key = {topic, SHARED_STATE, (uint64_t)w->part << 32 | w->told,
                             w->noted->index, 0};
    struct evbuffer *bytes;

    if ((*out = topics_shared(http->topics, &key))) {
        w->at = w->noted->ids + (key.reached >> 32);
        w->told = (uint32_t)key.reached;
        return ERR_OK;
    }
    bytes = evbuffer_new();
    enum err err = bytes ? write_part(http, topic, w, bytes) : ERR_MEMORY;
    key.reached = (uint64_t)(w->at - w->noted->ids) << 32 | w->told;
    if (err == ERR_OK)
        err = close_event(http, bytes, &key, out);
    if (bytes)
        evbuffer_free(bytes);
    return err;
}

static enum news next_part(struct http *http, const struct topic *topic, struct position *p,
                           struct rendering **out)
{
    struct state_walk *w = p->walk;

    w->part++;
    if (make_part(http, topic, w, out) != ERR_OK)
        return NEWS_FAILED;
    if (w->told < w->noted->count)
        return NEWS_MORE;
    p->set = true;
    p->known = true;
    p->index = w->noted->index;
    leave(http, p);
    return NEWS_MORE; /* what changed on the way */
}

static enum news begin_walk(struct http *http, const struct topic *topic, struct position *p,
                            const struct service *s, struct rendering **out)
{
    struct state_walk *w = calloc(1, sizeof(*w));

    if (!w)
        return NEWS_FAILED;
    w->noted = noted_find(http, topic, service_index(s));
    if (!w->noted)
        w->noted = noted_new(http, topic, s);
    if (!w->noted) {
        free(w);
        return NEWS_FAILED;
    }
    w->at = w->noted->ids;
    p->walk = w;
    return next_part(http, topic, p, out);
}

/* As of the last index of all: the service may come with any later one. */
static enum news tell_unknown(struct http *http, const struct topic *topic, struct position *p,
                              struct rendering **out)
{
    uint64_t index = registry_index(http->backend.registry);
    struct evbuffer *bytes = evbuffer_new();

    if (!bytes)
        return NEWS_FAILED;
    enum err err = open_event(bytes, "state", index, topic, index);
    if (err == ERR_OK)
        err = add_text(bytes, ",\"known\":false,\"stale\":0,\"part\":1,\"last\":true,"
                              "\"instances\":[");
    if (err == ERR_OK)
        err = close_event(http, bytes, NULL, out);
    evbuffer_free(bytes);
    *p = (struct position){.set = true, .known = false, .index = index};
    return err == ERR_OK ? NEWS_LAST : NEWS_FAILED;
}

/* ---- changes ---------------------------------------------------------------------------- */

/* ERR_SPACE: it is more than a millisecond's worth. */
static enum err add_changed(struct http *http, const struct delta_item *items, size_t count,
                            struct evbuffer *out)
{
    bool first = true;

    for (size_t n = 0; n < count; n++) {
        if (!items[n].instance)
            continue;
        if (evbuffer_get_length(out) >= PART_BYTES)
            return ERR_SPACE;
        if (add_instance(http, out, items[n].instance, first) != ERR_OK)
            return ERR_MEMORY;
        first = false;
    }
    return add_text(out, "],\"gone\":[");
}

static enum err add_gone(const struct delta_item *items, size_t count, struct evbuffer *out)
{
    bool first = true;

    for (size_t n = 0; n < count; n++) {
        if (items[n].instance)
            continue;
        if (evbuffer_add_printf(out, "%s{\"id\":\"%.*s\",\"why\":\"%s\"}", first ? "" : ",",
                                TEXT_ARG(items[n].id), departure_text(items[n].why)) < 0)
            return ERR_MEMORY;
        first = false;
    }
    return ERR_OK;
}

struct delta {
    struct delta_item items[DELTA_MAX];
    size_t count;
};

static enum err write_change(struct http *http, const struct shared_key *key,
                             const struct service *s, const struct delta *d, struct evbuffer *out)
{
    enum err err = open_event(out, "change", key->to, key->topic, key->to);

    if (err == ERR_OK &&
        evbuffer_add_printf(out, ",\"previous\":%ju,\"known\":true,\"stale\":%u,\"instances\":[",
                            (uintmax_t)key->from, service_stale(s)) < 0)
        err = ERR_MEMORY;
    if (err == ERR_OK)
        err = add_changed(http, d->items, d->count, out);
    return err == ERR_OK ? add_gone(d->items, d->count, out) : err;
}

/* So that others who are at the same place need not find it out again. */
static void share_too_large(struct http *http, const struct shared_key *key, struct evbuffer *bytes)
{
    evbuffer_drain(bytes, evbuffer_get_length(bytes));
    struct rendering *none = rendering_of(bytes);
    if (none)
        topics_share(http->topics, key, none);
    rendering_drop(none);
}

/* ERR_NOT_FOUND: as registry_delta · ERR_SPACE: too much changed, or it is too long to be told in
 * one event. */
static enum err make_change(struct http *http, const struct shared_key *key,
                            const struct service *s, struct rendering **out)
{
    struct delta d;
    enum err err =
        registry_delta(http->backend.registry, s, key->from, d.items, DELTA_MAX, &d.count);

    if (err)
        return err;
    struct evbuffer *bytes = evbuffer_new();
    if (!bytes)
        return ERR_MEMORY;
    err = write_change(http, key, s, &d, bytes);
    if (err == ERR_OK)
        err = close_event(http, bytes, key, out);
    else if (err == ERR_SPACE)
        share_too_large(http, key, bytes);
    evbuffer_free(bytes);
    return err;
}

static enum news next_change(struct http *http, const struct topic *topic, struct position *p,
                             const struct service *s, struct rendering **out)
{
    struct shared_key key = {topic, SHARED_CHANGE, p->index, service_index(s), 0};
    enum err err = ERR_OK;

    *out = topics_shared(http->topics, &key);
    if (!*out) {
        err = make_change(http, &key, s, out);
    } else if (!rendering_size(*out)) {
        rendering_drop(*out);
        *out = NULL;
        err = ERR_SPACE;
    }
    if (err == ERR_NOT_FOUND || err == ERR_SPACE)
        return begin_walk(http, topic, p, s, out);
    if (err)
        return NEWS_FAILED;
    p->index = key.to;
    return NEWS_LAST;
}

/* ---- what is next ----------------------------------------------------------------------- */

static enum news next(struct http *http, const struct topic *topic, struct position *p,
                      struct rendering **out)
{
    const struct service *s = topic_find(http, topic);
    /* Another run of the server has counted further than this one. */
    bool is_here = p->set && p->index <= registry_index(http->backend.registry);

    if (p->walk)
        return next_part(http, topic, p, out);
    if (!s)
        return is_here && !p->known ? NEWS_NONE : tell_unknown(http, topic, p, out);
    if (!is_here || !p->known)
        return begin_walk(http, topic, p, s, out);
    if (service_index(s) <= p->index)
        return NEWS_NONE;
    return next_change(http, topic, p, s, out);
}

const struct event_source service_events = {next, leave};

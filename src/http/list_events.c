/* What an event stream of the list of services tells: the whole list (`state`, in parts), then
 * which services changed and which are gone (`change`). */
#include <event2/buffer.h>
#include <stdlib.h>

#include "http/event_stream.h"
#include "http/service_place.h"

enum {
    PART_SERVICES = 256,    /* written into one part */
    PART_STEPS = 4096,      /* passed over for it at most */
    PART_INSTANCES = 20000, /* looked at, to count those that are live */
    CHANGES = 64,           /* told in one event */
    SCANS = 8,              /* times so many looked at for one of the right namespace */
};

/* See services.c: `at` is how far the registry was walked, `after` what the client has. */
struct state_walk {
    struct service_place at, after;
    uint64_t index; /* when it began */
    unsigned part;
    bool done;
};

/* What goes into one event. */
struct draft {
    struct http *http;
    struct text ns; /* empty = all */
    struct evbuffer *out;
    uint32_t services, gone, instances; /* written; looked at */
};

static const struct registry *registry_of(const struct http *http)
{
    return http->backend.registry;
}

/* ---- one service ------------------------------------------------------------------------ */

/* Names are lower-case letters, digits, '-', '_' and '.': nothing to escape. */
static enum err add_service(struct draft *d, const struct service *s)
{
    const struct http_backend *backend = &d->http->backend;
    uint32_t live = service_live(s, backend->now(backend->context));
    int n = evbuffer_add_printf(
        d->out,
        "%s{\"namespace\":\"%.*s\",\"name\":\"%.*s\",\"instances\":%u,\"live\":%u,\"stale\":%u,"
        "\"index\":%ju}",
        d->services ? "," : "", TEXT_ARG(service_namespace(s)), TEXT_ARG(service_name(s)),
        service_count(s), live, service_stale(s), (uintmax_t)service_index(s));

    d->services++;
    d->instances += service_count(s);
    return n < 0 ? ERR_MEMORY : ERR_OK;
}

static bool is_asked_for(const struct draft *d, struct text ns)
{
    return !d->ns.n || text_is(d->ns, ns);
}

/* ---- the whole list --------------------------------------------------------------------- */

static enum err add_services(struct draft *d, struct state_walk *w)
{
    for (unsigned n = 0;
         n < PART_STEPS && d->services < PART_SERVICES && d->instances < PART_INSTANCES && !w->done;
         n++) {
        const struct service *s = service_step(registry_of(d->http), d->ns, &w->at);
        w->done = !s;
        if (!s || !service_is_behind(s, &w->after))
            continue;
        w->after = w->at;
        if (add_service(d, s) != ERR_OK)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

static enum err write_part(struct draft *d, struct state_walk *w, struct evbuffer *out)
{
    int failed = evbuffer_add_printf(out, "event: state\n") < 0;

    if (w->done)
        failed |= evbuffer_add_printf(out, "id: %ju\n", (uintmax_t)w->index) < 0;
    failed |=
        evbuffer_add_printf(out, "data: {\"index\":%ju,\"part\":%u,\"last\":%s,\"services\":[",
                            (uintmax_t)w->index, w->part, w->done ? "true" : "false") < 0;
    failed |= evbuffer_add_buffer(out, d->out) < 0;
    failed |= evbuffer_add_printf(out, "]}\n\n") < 0;
    return failed ? ERR_MEMORY : ERR_OK;
}

static void leave(struct http *http, struct position *p)
{
    (void)http;
    free(p->walk);
    p->walk = NULL;
}

static enum news next_part(struct draft *d, struct position *p, struct rendering **out)
{
    struct state_walk *w = p->walk;
    struct evbuffer *event = evbuffer_new();
    enum err err = event ? add_services(d, w) : ERR_MEMORY;
    bool some = d->services || w->done;

    w->part += some;
    if (err == ERR_OK && some) {
        err = write_part(d, w, event);
        *out = err == ERR_OK ? rendering_of(event) : NULL;
    }
    if (event)
        evbuffer_free(event);
    if (err || (some && !*out))
        return NEWS_FAILED;
    if (w->done) {
        *p = (struct position){.set = true, .known = true, .index = w->index, .walk = w};
        leave(d->http, p);
    }
    return some ? NEWS_MORE : NEWS_LATER;
}

static enum news begin_walk(struct draft *d, struct position *p, struct rendering **out)
{
    p->walk = calloc(1, sizeof(*p->walk));
    if (!p->walk)
        return NEWS_FAILED;
    p->walk->index = topics_seen(d->http->topics);
    return next_part(d, p, out);
}

/* ---- changes ---------------------------------------------------------------------------- */

/* The services that changed after `since`, up to the index that it returns: the end, or as
 * far as one event goes. */
static enum err add_changed(struct draft *d, uint64_t since, uint64_t *reached)
{
    uint64_t end = topics_seen(d->http->topics);
    struct change changes[CHANGES];

    *reached = end;
    for (unsigned scan = 0; scan < SCANS; scan++) {
        size_t n = registry_changes(registry_of(d->http), since, changes, CHANGES);
        if (n == 0)
            return ERR_OK;
        for (size_t i = 0; i < n && changes[i].index <= end; i++) {
            *reached = since = changes[i].index;
            if (!changes[i].known || !is_asked_for(d, changes[i].ns))
                continue;
            if (add_service(d, changes[i].known) != ERR_OK)
                return ERR_MEMORY;
            if (d->services >= CHANGES || d->instances >= PART_INSTANCES)
                return ERR_OK;
        }
        if (n < CHANGES || changes[n - 1].index > end) {
            *reached = end;
            return ERR_OK;
        }
    }
    return ERR_OK;
}

/* One that came again is no news here: it is among the changed. */
static enum err add_gone(struct draft *d, uint64_t since, uint64_t reached)
{
    const struct gone *gone = topics_gone(d->http->topics);
    struct text ns, name;

    while (gone_after(gone, since, &since, &ns, &name) && since <= reached) {
        if (!is_asked_for(d, ns) || registry_service(registry_of(d->http), ns, name))
            continue;
        if (evbuffer_add_printf(d->out, "%s{\"namespace\":\"%.*s\",\"name\":\"%.*s\"}",
                                d->gone++ ? "," : "", TEXT_ARG(ns), TEXT_ARG(name)) < 0)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

static enum err write_change(const struct draft *d, uint64_t previous, uint64_t index,
                             struct evbuffer *out)
{
    int failed =
        evbuffer_add_printf(out, "event: change\nid: %ju\ndata: {\"index\":%ju,\"previous\":%ju,",
                            (uintmax_t)index, (uintmax_t)index, (uintmax_t)previous) < 0;
    failed |= evbuffer_add_printf(out, "\"services\":[") < 0;
    failed |= evbuffer_add_buffer(out, d->out) < 0;
    failed |= evbuffer_add_printf(out, "]}\n\n") < 0;
    return failed ? ERR_MEMORY : ERR_OK;
}

static struct rendering *make_change(struct draft *d, uint64_t since, uint64_t *reached)
{
    struct evbuffer *event = evbuffer_new();
    struct rendering *made = NULL;

    if (event && add_changed(d, since, reached) == ERR_OK &&
        evbuffer_add_printf(d->out, "],\"gone\":[") >= 0 &&
        add_gone(d, since, *reached) == ERR_OK && write_change(d, since, *reached, event) == ERR_OK)
        made = rendering_of(event);
    if (event)
        evbuffer_free(event);
    return made;
}

static enum news next_change(struct draft *d, const struct topic *topic, struct position *p,
                             struct rendering **out)
{
    uint64_t end = topics_seen(d->http->topics);
    struct shared_key key = {topic, SHARED_CHANGE, p->index, end, 0};

    *out = topics_shared(d->http->topics, &key);
    if (!*out) {
        *out = make_change(d, p->index, &key.reached);
        if (!*out)
            return NEWS_FAILED;
        if (d->services || d->gone)
            topics_share(d->http->topics, &key, *out);
        else {
            rendering_drop(*out);
            *out = NULL;
        }
    }
    p->index = key.reached;
    if (!*out)
        return p->index < end ? NEWS_LATER : NEWS_NONE;
    return p->index < end ? NEWS_MORE : NEWS_LAST;
}

/* ---- what is next ----------------------------------------------------------------------- */

static enum news choose(struct draft *d, const struct topic *topic, struct position *p,
                        struct rendering **out)
{
    uint64_t end = topics_seen(d->http->topics);

    if (p->walk)
        return next_part(d, p, out);
    if (!p->set || p->index > end || p->index < topics_gone(d->http->topics)->floor)
        return begin_walk(d, p, out);
    return p->index == end ? NEWS_NONE : next_change(d, topic, p, out);
}

static enum news next(struct http *http, const struct topic *topic, struct position *p,
                      struct rendering **out)
{
    struct draft d = {.http = http, .ns = topic_namespace(topic), .out = evbuffer_new()};

    if (!d.out)
        return NEWS_FAILED;
    enum news news = choose(&d, topic, p, out);
    evbuffer_free(d.out);
    return news;
}

const struct event_source list_events = {next, leave};

#include "http/wait.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/timeval.h"
#include "http/event_stream.h"
#include "http/held.h"
#include "http/topic.h"

enum {
    SCAN_MAX = 1024, /* changes looked at for one that a list's asker has not seen */
    LATE_MS = 60000, /* the timer looks at least this often */
};

struct leg {
    struct subscription subscription;
    struct wait *wait;
    bool was_known;
};

struct wait {
    struct heap_node deadline; /* lease ms */
    struct http *http;
    struct held *held;
    struct wait_action action;
    void *context;
    uint64_t since;
    unsigned count;
    struct leg legs[];
};

struct waits {
    struct http *http;
    struct heap deadlines;
    struct event *timer;
};

static const struct registry *registry_of(const struct http *http)
{
    return http->backend.registry;
}

/* ---- has it come? ------------------------------------------------------------------- */

/* The feed drops what was forgotten once DNS has seen it, which may be before the askers have
 * their turn. */
static bool has_forgotten(const struct gone *gone, struct text ns, uint64_t since)
{
    struct text gone_ns, name;

    if (since < gone->floor)
        return true;
    while (gone_after(gone, since, &since, &gone_ns, &name))
        if (text_is(gone_ns, ns))
            return true;
    return false;
}

/* When there are too many changes to look at, one of them is taken to be in `ns`: the asker
 * sees a list that is no other than it had. */
static bool list_has_changed(const struct http *http, struct text ns, uint64_t since)
{
    const struct registry *r = registry_of(http);
    struct change changes[64];
    size_t n, seen = 0;

    if (!ns.n)
        return registry_index(r) > since;
    if (has_forgotten(topics_gone(http->topics), ns, since))
        return true;
    while ((n = registry_changes(r, since, changes, ARRAY_COUNT(changes))) > 0) {
        for (size_t i = 0; i < n; i++)
            if (text_is(changes[i].ns, ns))
                return true;
        since = changes[n - 1].index;
        if ((seen += n) >= SCAN_MAX)
            return true;
    }
    return false;
}

static bool leg_is_due(const struct leg *leg)
{
    const struct wait *w = leg->wait;
    const struct topic *topic = leg->subscription.topic;

    if (!topic_service(topic).n)
        return list_has_changed(w->http, topic_namespace(topic), w->since);
    const struct service *s = topic_find(w->http, topic);
    return s ? service_index(s) > w->since : leg->was_known;
}

static bool is_due(const struct wait *w)
{
    if (w->since > registry_index(registry_of(w->http)))
        return true;
    for (unsigned n = 0; n < w->count; n++)
        if (leg_is_due(&w->legs[n]))
            return true;
    return false;
}

/* ---- the end of a wait --------------------------------------------------------------- */

/* Leaves the request alone. */
static void wait_free(struct wait *w)
{
    for (unsigned n = 0; n < w->count; n++)
        topics_unsubscribe(w->http->topics, &w->legs[n].subscription);
    if (w->deadline.at != HEAP_ABSENT)
        heap_remove(&w->http->waits->deadlines, &w->deadline);
    free(w);
}

static void lost(void *context)
{
    struct wait *w = context;
    struct wait_action action = w->action;
    void *theirs = w->context;

    wait_free(w);
    action.lost(theirs);
}

/* The topics stay until it is replied to: what their subscribers share is for the last one,
 * too. */
static void finish(struct wait *w, bool changed)
{
    struct call call = {.http = w->http, .request = held_release(w->held)};

    heap_remove(&w->http->waits->deadlines, &w->deadline);
    w->action.wake(&call, changed, w->context);
    wait_free(w);
}

static void run(struct subscription *s)
{
    struct leg *leg = (struct leg *)s; /* its first member */

    if (is_due(leg->wait))
        finish(leg->wait, true);
}

/* ---- time ----------------------------------------------------------------------------- */

static struct wait *first(const struct waits *waits)
{
    return (struct wait *)heap_first(&waits->deadlines); /* its first member */
}

static void arm(struct waits *waits, uint64_t now)
{
    const struct wait *next = first(waits);
    uint64_t after = 0;

    if (!next)
        return;
    if (next->deadline.key > now)
        after = next->deadline.key - now;
    if (after > LATE_MS)
        after = LATE_MS;
    struct timeval then = timeval_of(after);
    event_add(waits->timer, &then);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct waits *waits = context;
    const struct http_backend *backend = &waits->http->backend;
    uint64_t now = http_now(waits->http).lease_ms,
             began_us = backend->stopwatch_us(backend->context);
    struct wait *w;

    (void)fd;
    (void)what;
    while ((w = first(waits)) && w->deadline.key <= now) {
        finish(w, is_due(w)); /* perhaps changed, and not told yet */
        if (backend->stopwatch_us(backend->context) - began_us >= HTTP_SLICE_MS * UINT64_C(1000))
            break;
    }
    arm(waits, now);
}

/* ---- waiting --------------------------------------------------------------------------- */

static bool subscribe(struct wait *w, const struct wait_for *services, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        struct leg *leg = &w->legs[n];
        leg->wait = w;
        leg->subscription.run = run;
        if (topics_subscribe(w->http->topics, services[n].ns, services[n].service,
                             &leg->subscription) != ERR_OK)
            return false;
        w->count++;
        leg->was_known = topic_find(w->http, leg->subscription.topic) != NULL;
    }
    return true;
}

bool wait_open(struct call *call, const struct wait_for *services, size_t count, uint64_t since,
               uint32_t wait_ms, const struct wait_action *action, void *context)
{
    struct http *http = call->http;
    uint64_t now = http_now(http).lease_ms;

    if (!count || count > WAIT_SERVICES_MAX || http_watchers(http) >= WATCHERS_MAX)
        return false;
    struct wait *w = calloc(1, sizeof(*w) + count * sizeof(w->legs[0]));
    if (!w)
        return false;
    w->http = http;
    w->action = *action;
    w->context = context;
    w->since = since;
    heap_node_init(&w->deadline);
    if (subscribe(w, services, count) &&
        heap_add(&http->waits->deadlines, &w->deadline, now + wait_ms) == ERR_OK)
        w->held = held_open(call, HELD_ENDS_ALL, lost, w);
    if (!w->held) {
        wait_free(w);
        return false;
    }
    if (is_due(w))
        topics_poke(http->topics, &w->legs[0].subscription);
    arm(http->waits, now);
    return true;
}

void http_published(struct http *http, struct moment now)
{
    struct waits *waits = http->waits;

    topics_published(http->topics);
    if (first(waits) && first(waits)->deadline.key <= now.lease_ms)
        arm(waits, now.lease_ms);
    event_streams_look(http->event_streams, now.lease_ms);
}

/* ---- life ------------------------------------------------------------------------------ */

struct waits *waits_new(struct http *http)
{
    struct waits *waits = calloc(1, sizeof(*waits));

    if (!waits)
        return NULL;
    waits->http = http;
    waits->timer = evtimer_new(http->backend.base, on_timer, waits);
    if (waits->timer)
        return waits;
    free(waits);
    return NULL;
}

void waits_free(struct waits *waits)
{
    if (!waits)
        return;
    event_free(waits->timer);
    heap_deinit(&waits->deadlines);
    free(waits);
}

uint32_t http_watchers(const struct http *http)
{
    return http->waits->deadlines.count + event_streams_count(http->event_streams);
}

#include "server/loop.h"

#include <stdlib.h>

#include "http/http.h"

#define STREAK_US 4000 /* that ordinary events may be kept waiting */

enum {
    URGENT,
    ORDINARY, /* what libevent gives to those that ask for none: the middle */
    PRIORITIES,
};

/* Ordinary events run for a slice; then the sockets are looked at again. */
struct event_base *loop_new(void)
{
    static const struct timeval slice = {.tv_usec = HTTP_SLICE_MS * 1000};
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config && event_config_set_max_dispatch_interval(config, &slice, -1, ORDINARY) == 0)
        base = event_base_new_with_config(config);
    if (config)
        event_config_free(config);
    if (!base || event_base_priority_init(base, PRIORITIES) == 0)
        return base;
    event_base_free(base);
    return NULL;
}

void loop_set_urgent(struct event *event, bool urgent)
{
    (void)event_priority_set(event, urgent ? URGENT : ORDINARY); /* active: keeps what it has */
}

/* ---- rests ------------------------------------------------------------------------- */

struct loop_share {
    struct event_base *base;
    struct event *resume;
    struct event **events;
    size_t count;
    uint64_t streak_us; /* when nobody was waiting, or the last rest began */
    bool rests;
};

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    struct loop_share *s = context;

    (void)fd;
    (void)what;
    s->rests = false;
    for (size_t n = 0; n < s->count; n++)
        event_add(s->events[n], NULL);
}

struct loop_share *loop_share_new(struct event_base *base)
{
    struct loop_share *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->base = base;
    s->resume = evtimer_new(base, on_resume, s);
    if (!s->resume) {
        free(s);
        return NULL;
    }
    loop_set_urgent(s->resume, true);
    return s;
}

void loop_share_free(struct loop_share *s)
{
    if (!s)
        return;
    event_free(s->resume);
    free(s->events);
    free(s);
}

bool loop_share_add(struct loop_share *s, struct event *event)
{
    struct event **events = realloc(s->events, (s->count + 1) * sizeof(struct event *));

    if (!events)
        return false;
    s->events = events;
    s->events[s->count++] = event;
    return true;
}

/* Other events that are active already are waiting for this one's end. */
void loop_share_look(struct loop_share *s, uint64_t now_us)
{
    static const struct timeval slice = {.tv_usec = HTTP_SLICE_MS * 1000};

    if (event_base_get_num_events(s->base, EVENT_BASE_COUNT_ACTIVE) == 0)
        s->streak_us = now_us;
    if (s->rests || now_us - s->streak_us < STREAK_US || event_add(s->resume, &slice))
        return;
    s->rests = true;
    s->streak_us = now_us;
    for (size_t n = 0; n < s->count; n++)
        event_del(s->events[n]);
}

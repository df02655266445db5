/* Event streams (text/event-stream, WHATWG HTML section 9.2): a client is told what is, and
 * then what changes, for as long as it stays. What it is told is a source's: a service's, or
 * the list's. The position of a client is an index, so one that does not read on costs no more
 * than what its connection already has to send: it is passed over until it has taken that,
 * and told then, at once, of all that it missed.
 * Used inside http/ only. */
#ifndef DISC_HTTP_EVENT_STREAM_H
#define DISC_HTTP_EVENT_STREAM_H

#include "http/rendering.h"
#include "http/state.h"
#include "http/topic.h"

enum { EVENTS_BEAT_MS = 15000, EVENTS_UNSENT_MAX = 65536 };

struct state_walk;

struct position {
    bool set;                /* else nothing is known to the client: all is to be told */
    bool known;              /* the service was known */
    uint64_t index;          /* seen up to here */
    struct state_walk *walk; /* the whole state is being told in parts; NULL = is not */
};

enum news {
    NEWS_NONE,   /* it knows all */
    NEWS_LAST,   /* *out is to be sent, then it knows all */
    NEWS_MORE,   /* *out is to be sent, and there is more */
    NEWS_LATER,  /* nothing yet: call again in a later turn */
    NEWS_FAILED, /* memory lacked */
};

struct event_source {
    /* The next event: one millisecond's worth. *out is the caller's to drop. */
    enum news (*next)(struct http *http, const struct topic *topic, struct position *p,
                      struct rendering **out);
    void (*leave)(struct http *http, struct position *p); /* frees the walk, if there is one */
};

extern const struct event_source service_events, list_events;

struct event_streams;

struct event_streams *event_streams_new(struct http *http); /* NULL when memory lacks */
void event_streams_free(struct event_streams *all);         /* closes their connections */

/* Replies to the call from now on (perhaps with 503). `service` empty: the list. `from`: what
 * the client has; its walk is NULL. */
void event_stream_open(struct call *call, const struct event_source *source, struct text ns,
                       struct text service, const struct position *from);

/* Sends the beats that are due at `now_ms` (lease time) in the next turn; the streams have a
 * timer of their own beside this. */
void event_streams_look(struct event_streams *all, uint64_t now_ms);

/* The connection is going down. */
void event_stream_closed(struct http *http, const struct evhttp_connection *connection);

uint32_t event_streams_count(const struct event_streams *all);

#endif

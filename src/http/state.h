/* The inside of struct http, and one request on its way through the handlers.
 * Used inside http/ only. */
#ifndef DISC_HTTP_STATE_H
#define DISC_HTTP_STATE_H

#include <sys/queue.h>

#include "base/log.h"
#include "base/map.h"
#include "http/access.h"
#include "http/http.h"
#include "http/rates.h"
#include "http/uri.h"

struct stream;
TAILQ_HEAD(stream_list, stream);
struct later;
TAILQ_HEAD(later_list, later);
struct held;
LIST_HEAD(held_list, held);
struct topics;
struct waits;
struct event_streams;
struct noted;
LIST_HEAD(noted_list, noted);

struct http {
    struct http_config config;
    struct http_backend backend;
    struct http_counters counters;
    struct access access;
    uint64_t started_ms;        /* wall ms; tells entity tags of two runs apart */
    struct stream_list streams; /* all unfinished long replies */
    struct stream_list ready;   /* those that can go on */
    struct event *turn;         /* pending while `ready` is not empty */
    struct log_limit steered;   /* of what operators do */
    size_t held;                /* bytes that unfinished replies keep in memory */
    struct rates rates;
    bool stopping;
    struct later_list laters; /* replies that wait for the disk, by their change */
    size_t later_count;
    uint64_t committed, given_up; /* changes up to which they may leave: stored, or not to be */
    struct event *later_turn;     /* pending while some that may leave are there */
    struct map holds;             /* requests whose reply comes later, by connection */
    struct held_list hold_list;   /* the same */
    struct topics *topics;        /* who waits for news of what */
    struct waits *waits;          /* of them long polls */
    struct event_streams *event_streams;
    struct noted_list noted; /* ids that event streams have still to tell of */
    size_t noted_bytes;
};

static inline struct moment http_now(const struct http *http)
{
    return http->backend.now(http->backend.context);
}

enum { CAPTURES_MAX = 2 };

struct call {
    struct http *http;
    struct evhttp_request *request;
    char captured[CAPTURES_MAX][SEGMENT_MAX + 1]; /* what stands for '*' in the route's pattern */
    struct uri_query query;
    struct addr from; /* FAMILY_NONE when unknown */
    bool has_token;   /* the admin's */
    bool is_local;    /* from loopback, and nothing was forwarded */
};

/* The handlers. Each replies, or opens a stream that will. */
void status_get(struct call *call);
void services_get(struct call *call);
void service_get_one(struct call *call);
void explain_get(struct call *call);
void namespaces_get(struct call *call);
void instance_get(struct call *call);
void instance_post(struct call *call);
void instance_put(struct call *call);
void instance_patch(struct call *call);
void instance_renew(struct call *call);
void instance_delete(struct call *call);
void overrides_get(struct call *call);
void overrides_put(struct call *call);
void overrides_patch(struct call *call);
void overrides_delete(struct call *call);
void overrides_get_all(struct call *call);
void records_get(struct call *call);
void metrics_get(struct call *call);
void guard_get(struct call *call);
void guard_post(struct call *call);
void evict_post(struct call *call);
/* The Go registry's API, and bilibili's dialect. */
void goapi_register(struct call *call);
void goapi_renew(struct call *call);
void goapi_cancel(struct call *call);
void goapi_fetch(struct call *call);
void goapi_fetchall(struct call *call);
void goapi_nodes(struct call *call);
void bili_register(struct call *call);
void bili_renew(struct call *call);
void bili_cancel(struct call *call);
void bili_set(struct call *call);
void bili_fetch(struct call *call);
void bili_fetchs(struct call *call);
void bili_fetch_all(struct call *call);
void bili_poll(struct call *call);
void bili_polls(struct call *call);
void bili_nodes(struct call *call);

#endif

/* The inside of struct http, and one request on its way through the handlers.
 * Used inside http/ only. */
#ifndef DISC_HTTP_STATE_H
#define DISC_HTTP_STATE_H

#include <sys/queue.h>

#include "base/log.h"
#include "http/access.h"
#include "http/http.h"
#include "http/uri.h"

struct stream;
TAILQ_HEAD(stream_list, stream);

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
};

struct call {
    struct http *http;
    struct evhttp_request *request;
    char captured[SEGMENT_MAX + 1]; /* what stands for '*' in the route's pattern */
    struct uri_query query;
};

/* The handlers. Each replies, or opens a stream that will. */
void status_get(struct call *call);
void services_get(struct call *call);
void service_get_one(struct call *call);
void explain_get(struct call *call);
void records_get(struct call *call);
void guard_get(struct call *call);
void guard_post(struct call *call);
void evict_post(struct call *call);

#endif

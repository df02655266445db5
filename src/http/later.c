#include "http/later.h"

#include <stdlib.h>

#include "http/held.h"
#include "http/reply.h"

enum { LATER_MAX = 8192 }; /* replies that wait, each with a few kB of text at most */

struct later {
    TAILQ_ENTRY(later) link; /* in http->laters, by `change` */
    struct http *http;
    struct held *held;
    uint64_t change;
    int status;
    json_t *body, *failure;
};

/* Leaves the request alone. */
static void later_free(struct later *l)
{
    TAILQ_REMOVE(&l->http->laters, l, link);
    l->http->later_count--;
    json_decref(l->body);
    json_decref(l->failure);
    free(l);
}

static void lost(void *context)
{
    later_free(context);
}

/* Takes `failure`. */
static void refuse(struct http *http, struct evhttp_request *request, json_t *failure)
{
    struct call call = {.http = http, .request = request};

    if (failure) {
        reply_json(&call, failure);
        return;
    }
    evhttp_remove_header(evhttp_request_get_output_headers(request), "Location");
    reply_header(request, "Retry-After", "1");
    reply_problem(http, request, 503,
                  "the change is made, but it is not on disk and would not survive a restart: "
                  "send it again until it is acknowledged");
}

/* Changes come in order, but for one that waits for what an earlier one changed. */
static void insert(struct http *http, struct later *l)
{
    struct later *before = TAILQ_LAST(&http->laters, later_list);

    while (before && before->change > l->change)
        before = TAILQ_PREV(before, later_list, link);
    if (before)
        TAILQ_INSERT_AFTER(&http->laters, before, l, link);
    else
        TAILQ_INSERT_HEAD(&http->laters, l, link);
    http->later_count++;
}

/* Takes `body` and `failure` when true. */
static bool hold(struct call *call, uint64_t change, int status, json_t *body, json_t *failure)
{
    struct later *l = call->http->later_count < LATER_MAX ? calloc(1, sizeof(*l)) : NULL;

    if (!l)
        return false;
    *l = (struct later){
        .http = call->http, .change = change, .status = status, .body = body, .failure = failure};
    l->held = held_open(call, HELD_ENDS_SENDING, lost, l);
    if (l->held) {
        insert(call->http, l);
        return true;
    }
    free(l);
    return false;
}

void later_reply_or(struct call *call, uint64_t change, int status, json_t *body, json_t *failure)
{
    if (change == 0 || (!body && status != 204)) {
        json_decref(failure);
        reply_status(call, status, body);
        return;
    }
    if (change != HTTP_NEVER && hold(call, change, status, body, failure))
        return;
    json_decref(body);
    refuse(call->http, call->request, failure);
}

void later_reply(struct call *call, uint64_t change, int status, json_t *body)
{
    later_reply_or(call, change, status, body, NULL);
}

static void acknowledge(struct later *l)
{
    struct call call = {.http = l->http, .request = held_release(l->held)};
    json_t *body = json_incref(l->body);
    int status = l->status;

    later_free(l);
    reply_status(&call, status, body);
}

static void give_up(struct later *l)
{
    struct http *http = l->http;
    struct evhttp_request *request = held_release(l->held);
    json_t *failure = json_incref(l->failure);

    later_free(l);
    refuse(http, request, failure);
}

/* What can be replied to now. */
static struct later *due(const struct http *http)
{
    struct later *l = TAILQ_FIRST(&http->laters);

    return l && (l->change <= http->committed || l->change <= http->given_up) ? l : NULL;
}

static void run_slice(struct http *http)
{
    static const struct timeval at_once = {0, 0};
    const struct http_backend *backend = &http->backend;
    uint64_t began_us = backend->stopwatch_us(backend->context);
    struct later *l;

    while ((l = due(http))) {
        if (l->change <= http->committed)
            acknowledge(l);
        else
            give_up(l);
        if (!http->stopping &&
            backend->stopwatch_us(backend->context) - began_us >= HTTP_SLICE_MS * UINT64_C(1000))
            break;
    }
    if (due(http)) /* through the timers, so that sockets are looked at before the next */
        event_add(http->later_turn, &at_once);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    run_slice(context);
}

struct event *later_turn_new(struct http *http)
{
    return evtimer_new(http->backend.base, on_turn, http);
}

void http_committed(struct http *http, uint64_t committed, bool failing)
{
    const struct later *last = TAILQ_LAST(&http->laters, later_list);

    if (committed > http->committed)
        http->committed = committed;
    if (failing && last)
        http->given_up = last->change;
    run_slice(http);
}

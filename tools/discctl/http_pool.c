/* Many requests, some at once: what waits for the server's disk waits together. */
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "http_client.h"
#include "http_place.h"

struct lane {
    struct http_pool *pool;
    struct evhttp_connection *connection; /* NULL = to be made */
    void *tag;
    bool busy, broken;
};

struct http_pool {
    struct http_place place;
    struct event_base *base;
    http_pool_reply *reply;
    void *context;
    struct lane lanes[HTTP_POOL_WIDTH];
    unsigned busy;
};

struct http_pool *http_pool_new(const struct arguments *a, http_pool_reply *reply, void *context,
                                int *code)
{
    struct http_pool *p = calloc(1, sizeof(*p));
    *code = EXIT_USAGE;
    if (!p || !http_place_open(&p->place, a)) {
        free(p);
        return NULL;
    }
    p->reply = reply;
    p->context = context;
    p->base = event_base_new();
    for (unsigned i = 0; i < HTTP_POOL_WIDTH; i++)
        p->lanes[i].pool = p;
    if (p->base)
        return p;
    http_pool_free(p);
    return NULL;
}

void http_pool_free(struct http_pool *p)
{
    if (!p)
        return;
    for (unsigned i = 0; i < HTTP_POOL_WIDTH; i++) {
        if (p->lanes[i].connection)
            evhttp_connection_free(p->lanes[i].connection);
    }
    if (p->base)
        event_base_free(p->base);
    http_place_close(&p->place);
    free(p);
}

static void on_reply(struct evhttp_request *request, void *context)
{
    struct lane *lane = context;
    struct http_pool *p = lane->pool;
    struct evbuffer *in = request ? evhttp_request_get_input_buffer(request) : NULL;
    int status = request ? evhttp_request_get_response_code(request) : 0;
    const char *later =
        request ? evhttp_find_header(evhttp_request_get_input_headers(request), "Retry-After")
                : NULL;
    size_t n = in ? evbuffer_get_length(in) : 0;
    json_t *body = n ? json_loadb((const char *)evbuffer_pullup(in, -1), n, 0, NULL) : NULL;
    lane->busy = false;
    lane->broken = !status;
    p->busy--;
    struct http_pool_answer answer = {status, later ? atoi(later) : 0, body};
    p->reply(p->context, lane->tag, &answer);
    json_decref(body);
}

/* Nothing is to come any more: what is under way was lost. */
static void give_up(struct http_pool *p)
{
    for (unsigned i = 0; i < HTTP_POOL_WIDTH; i++) {
        struct lane *lane = &p->lanes[i];
        if (!lane->busy)
            continue;
        lane->busy = false;
        lane->broken = true;
        p->busy--;
        p->reply(p->context, lane->tag, &(struct http_pool_answer){0, 0, NULL});
    }
}

/* Turns of the loop, until something was replied to. */
static void wait_for_one(struct http_pool *p)
{
    unsigned busy = p->busy;
    while (p->busy == busy && busy) {
        if (event_base_loop(p->base, EVLOOP_ONCE) != 0)
            give_up(p);
    }
}

static struct lane *free_lane(struct http_pool *p)
{
    if (p->busy == HTTP_POOL_WIDTH)
        wait_for_one(p);
    for (unsigned i = 0; i < HTTP_POOL_WIDTH; i++) {
        if (!p->lanes[i].busy)
            return &p->lanes[i];
    }
    return NULL;
}

static bool connect_lane(struct lane *lane)
{
    struct http_pool *p = lane->pool;
    int ms = arguments_timeout(p->place.arguments, 10);
    struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    if (lane->connection && lane->broken) {
        evhttp_connection_free(lane->connection);
        lane->connection = NULL;
    }
    lane->broken = false;
    if (lane->connection)
        return true;
    lane->connection = http_place_connect(&p->place, p->base, NULL);
    if (lane->connection)
        evhttp_connection_set_timeout_tv(lane->connection, &limit);
    return lane->connection != NULL;
}

static struct evhttp_request *new_request(struct lane *lane, const json_t *body)
{
    struct evhttp_request *request = evhttp_request_new(on_reply, lane);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    bool good = request && (!body || text) &&
                http_place_headers(&lane->pool->place, request, NULL) &&
                http_place_body(request, text);
    free(text);
    if (good)
        return request;
    if (request)
        evhttp_request_free(request);
    return NULL;
}

bool http_pool_send(struct http_pool *p, enum evhttp_cmd_type method, const char *path,
                    const json_t *body, void *tag)
{
    struct lane *lane = free_lane(p);
    struct evhttp_request *request = lane && connect_lane(lane) ? new_request(lane, body) : NULL;
    if (!request)
        return false;
    lane->tag = tag;
    lane->busy = true;
    p->busy++;
    /* owns the request from here on; a failure at once frees it without a word */
    if (evhttp_make_request(lane->connection, request, method, path) == 0)
        return true;
    if (lane->busy) {
        lane->busy = false;
        lane->broken = true;
        p->busy--;
    }
    return false;
}

void http_pool_finish(struct http_pool *p)
{
    while (p->busy)
        wait_for_one(p);
}

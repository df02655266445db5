#include "http/reply.h"

#include <event2/buffer.h>
#include <stdarg.h>
#include <stdio.h>

const char *reply_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {415, "Unsupported Media Type"},
        {421, "Misdirected Request"},
        {413, "Content Too Large"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {507, "Insufficient Storage"},
    };
    for (size_t n = 0; n < ARRAY_COUNT(known); n++)
        if (known[n].status == status)
            return known[n].reason;
    return "Unknown";
}

void reply_header(struct evhttp_request *request, const char *name, const char *value)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

    evhttp_remove_header(headers, name);
    evhttp_add_header(headers, name, value);
}

/* Unless the handler has set the field to something of its own. */
static void default_header(struct evhttp_request *request, const char *name, const char *value)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

    if (!evhttp_find_header(headers, name))
        evhttp_add_header(headers, name, value);
}

void reply_begin(struct http *http, struct evhttp_request *request, int status)
{
    unsigned digit = (unsigned)status / 100;

    counter_up(&http->counters.statuses[digit < ARRAY_COUNT(http->counters.statuses) ? digit : 0]);
    if (status != 304 && status != 204)
        default_header(request, "Content-Type",
                       status >= 400 ? "application/problem+json" : "application/json");
    default_header(request, "X-Content-Type-Options", "nosniff");
    default_header(request, "Referrer-Policy", "no-referrer");
    default_header(request, "Cache-Control", "no-store");
    default_header(request, "Content-Security-Policy", "default-src 'none'");
}

void reply_send(struct http *http, struct evhttp_request *request, int status,
                struct evbuffer *body)
{
    char length[24];

    reply_begin(http, request, status);
    if (status != 304 && status != 204) { /* RFC 9110 section 8.6 */
        snprintf(length, sizeof(length), "%zu", body ? evbuffer_get_length(body) : 0);
        reply_header(request, "Content-Length", length);
    }
    /* evhttp would send the body of a reply to HEAD. */
    if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD)
        body = NULL;
    evhttp_send_reply(request, status, reply_reason(status), body);
}

static int append(const char *bytes, size_t n, void *context)
{
    return evbuffer_add(context, bytes, n);
}

enum err reply_append(struct evbuffer *out, const json_t *json)
{
    /* 9.942 and not 9.9420000000000002, which is the same number. */
    return json_dump_callback(json, append, out, JSON_COMPACT | JSON_REAL_PRECISION(15)) == 0
               ? ERR_OK
               : ERR_MEMORY;
}

enum err reply_append_item(struct evbuffer *out, bool first, json_t *json)
{
    enum err err = ERR_MEMORY;

    if (json && evbuffer_add(out, ",", first ? 0 : 1) == 0)
        err = reply_append(out, json);
    json_decref(json);
    return err;
}

static void send_json(struct http *http, struct evhttp_request *request, int status,
                      const json_t *json)
{
    struct evbuffer *body = evbuffer_new();

    if (!body || !json || reply_append(body, json) != ERR_OK) {
        if (body)
            evbuffer_drain(body, evbuffer_get_length(body));
        status = status >= 400 ? status : 503;
    }
    reply_send(http, request, status, body);
    if (body)
        evbuffer_free(body);
}

void reply_status(struct call *call, int status, json_t *body)
{
    if (status == 204)
        reply_send(call->http, call->request, 204, NULL);
    else if (body)
        send_json(call->http, call->request, status, body);
    else
        reply_problem(call->http, call->request, 503, "out of memory; try again later");
    json_decref(body);
}

void reply_json(struct call *call, json_t *body)
{
    reply_status(call, 200, body);
}

/* Takes `more`. */
static void send_problem(struct http *http, struct evhttp_request *request, int status,
                         const char *detail, json_t *more)
{
    const char *title = reply_reason(status);
    json_t *text = json_string(detail); /* NULL when a client's bytes in it are no UTF-8 */
    json_t *json = json_pack("{s:s, s:s, s:i, s:o}", "type", "about:blank", "title", title,
                             "status", status, "detail", text ? text : json_string(title));

    if (more)
        json_object_update(json, more); /* when memory lacks: without */
    json_decref(more);
    reply_header(request, "Content-Type", "application/problem+json");
    send_json(http, request, status, json);
    json_decref(json);
}

void reply_lost(struct evhttp_request *request)
{
    if (!evhttp_request_get_connection(request))
        evhttp_request_free(request);
}

void reply_problem(struct http *http, struct evhttp_request *request, int status,
                   const char *format, ...)
{
    char detail[512];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    send_problem(http, request, status, detail, NULL);
}

void reply_problem_with(struct call *call, int status, json_t *more, const char *format, ...)
{
    char detail[512];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    send_problem(call->http, call->request, status, detail, more);
}

/* An event stream: one request whose reply does not end. */
#include <event2/buffer.h>
#include <event2/event.h>
#include <string.h>

#include "http_client.h"
#include "http_place.h"

enum { PROBLEM_MAX = 65536 };

struct stream {
    const struct http_listener *listener;
    struct event_base *base;
    struct event *silence;
    struct evbuffer *problem; /* the body, when it was refused */
    int status;               /* 0 = nothing came yet */
    bool done;
};

static void finish(struct stream *s, bool done)
{
    s->done = s->done || done;
    event_base_loopbreak(s->base);
}

static void on_silence(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    finish(context, false);
}

static void wait_for_more(struct stream *s)
{
    struct timeval limit = {HTTP_SILENCE_S, 0};
    evtimer_add(s->silence, &limit);
}

static int on_headers(struct evhttp_request *request, void *context)
{
    struct stream *s = context;
    s->status = evhttp_request_get_response_code(request);
    wait_for_more(s);
    if (s->status == 200 && !s->listener->open(s->listener->context))
        finish(s, true);
    return 0;
}

/* libevent drains what is left here. */
static void on_data(struct evhttp_request *request, void *context)
{
    struct stream *s = context;
    struct evbuffer *in = evhttp_request_get_input_buffer(request);
    size_t n = evbuffer_get_length(in);
    wait_for_more(s);
    if (s->done)
        return;
    if (s->status != 200) {
        if (evbuffer_get_length(s->problem) < PROBLEM_MAX)
            evbuffer_add_buffer(s->problem, in);
    } else if (n &&
               !s->listener->data(s->listener->context, (const char *)evbuffer_pullup(in, -1), n)) {
        finish(s, true);
    }
}

static void on_end(struct evhttp_request *request, void *context)
{
    (void)request;
    finish(context, false);
}

static struct evhttp_request *new_request(const struct http_place *p, const char *last_id,
                                          struct stream *s)
{
    struct evhttp_request *request = evhttp_request_new(on_end, s);
    if (request && http_place_headers(p, request, "text/event-stream") &&
        (!last_id || evhttp_add_header(evhttp_request_get_output_headers(request), "Last-Event-ID",
                                       last_id) == 0)) {
        evhttp_request_set_header_cb(request, on_headers);
        evhttp_request_set_chunked_cb(request, on_data);
        return request;
    }
    if (request)
        evhttp_request_free(request);
    return NULL;
}

static int run(const struct http_place *p, const char *path, const char *last_id, struct stream *s,
               SSL **ssl)
{
    int ms = arguments_timeout(p->arguments, 3);
    struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    struct evhttp_connection *connection = http_place_connect(p, s->base, ssl);
    struct evhttp_request *request = connection ? new_request(p, last_id, s) : NULL;
    if (request) {
        evhttp_connection_set_timeout(connection, 2 * HTTP_SILENCE_S);
        evtimer_add(s->silence, &limit);
        if (evhttp_make_request(connection, request, EVHTTP_REQ_GET, path) == 0)
            event_base_dispatch(s->base);
    }
    if (connection)
        evhttp_connection_free(connection);
    return request ? EXIT_DONE : EXIT_USAGE;
}

static int explain(const struct arguments *a, struct stream *s, const SSL *ssl, bool quiet)
{
    struct http_silence silence = http_place_silence(ssl);
    char before[512];
    if (s->status == 200 || s->status == 0) {
        if (!quiet && s->status)
            fprintf(stderr, "discctl: the connection to %s broke off\n", a->http);
        else if (!quiet)
            http_place_say_silence(a, silence);
        return EXIT_NO_ANSWER;
    }
    size_t n = evbuffer_get_length(s->problem);
    json_t *problem =
        n ? json_loadb((const char *)evbuffer_pullup(s->problem, -1), n, 0, NULL) : NULL;
    snprintf(before, sizeof(before), "%s refused", a->http);
    if (!quiet || s->status < 500)
        http_say_problem(before, s->status, problem, "");
    json_decref(problem);
    return s->status >= 500 && quiet ? EXIT_NO_ANSWER : EXIT_REFUSED;
}

int http_stream(const struct arguments *a, const char *path, const char *last_id,
                const struct http_listener *listener, bool quiet)
{
    struct http_place place;
    struct stream s = {.listener = listener};
    SSL *ssl = NULL;
    if (!http_place_open(&place, a))
        return EXIT_USAGE;
    int code = EXIT_NO_ANSWER;
    s.base = event_base_new();
    s.problem = evbuffer_new();
    s.silence = s.base ? evtimer_new(s.base, on_silence, &s) : NULL;
    if (s.silence && s.problem)
        code = run(&place, path, last_id, &s, &ssl);
    if (code == EXIT_DONE && !s.done)
        code = explain(a, &s, ssl, quiet);
    if (s.silence)
        event_free(s.silence);
    if (s.problem)
        evbuffer_free(s.problem);
    if (s.base)
        event_base_free(s.base);
    SSL_free(ssl);
    http_place_close(&place);
    return code;
}

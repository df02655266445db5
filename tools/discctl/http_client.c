#include "http_client.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "http_place.h"

enum { BODY_MAX = 1 << 30 };

struct exchange {
    enum evhttp_cmd_type method;
    const char *path, *send; /* send: the body; NULL = none */
    int patience_s;
    bool quiet;    /* what goes wrong is not said */
    bool optional; /* 404 is good */
    struct event_base *base;
    int status; /* 0 = no answer */
    json_t *body;
    struct http_silence silence; /* why there is no answer */
};

/* To be freed; NULL when memory lacks. */
static char *quote(const char *text)
{
    return evhttp_uriencode(text, -1, 0);
}

static bool fits(int n, size_t room)
{
    if (n > 0 && (size_t)n < room)
        return true;
    fprintf(stderr, "discctl: that is longer than any name\n");
    return false;
}

bool http_path_add(char path[static HTTP_PATH_MAX], const char *segment)
{
    char *quoted = quote(segment);
    size_t used = strlen(path);
    int n = snprintf(path + used, HTTP_PATH_MAX - used, "/%s", quoted ? quoted : "");
    free(quoted);
    return fits(n, HTTP_PATH_MAX - used);
}

bool http_query_add(char path[static HTTP_PATH_MAX], const char *key, const char *value)
{
    if (!value)
        return true;
    char *quoted = quote(value);
    size_t used = strlen(path);
    int n = snprintf(path + used, HTTP_PATH_MAX - used, "%c%s=%s", strchr(path, '?') ? '&' : '?',
                     key, quoted ? quoted : "");
    free(quoted);
    return fits(n, HTTP_PATH_MAX - used);
}

/* ---- the exchange ---------------------------------------------------------------- */

static json_t *read_body(struct evbuffer *buffer)
{
    size_t size = evbuffer_get_length(buffer);
    const char *bytes = (const char *)evbuffer_pullup(buffer, -1);
    return size ? json_loadb(bytes, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL) : NULL;
}

static void on_reply(struct evhttp_request *request, void *context)
{
    struct exchange *x = context;
    if (request && evhttp_request_get_response_code(request)) {
        x->status = evhttp_request_get_response_code(request);
        x->body = read_body(evhttp_request_get_input_buffer(request));
    }
    event_base_loopbreak(x->base);
}

static bool make_request(const struct http_place *p, struct evhttp_connection *connection,
                         struct exchange *x, int *code)
{
    struct evhttp_request *request = evhttp_request_new(on_reply, x);
    if (!request || !http_place_headers(p, request, NULL) || !http_place_body(request, x->send)) {
        *code = EXIT_USAGE;
        if (request)
            evhttp_request_free(request);
        return false;
    }
    evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
    /* owns the request from here on */
    return evhttp_make_request(connection, request, x->method, x->path) == 0;
}

static int run(const struct http_place *p, struct exchange *x)
{
    int ms = arguments_timeout(p->arguments, x->patience_s), code = EXIT_DONE;
    struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    SSL *ssl = NULL;
    struct evhttp_connection *connection = http_place_connect(p, x->base, &ssl);
    if (!connection)
        return EXIT_NO_ANSWER;
    evhttp_connection_set_max_body_size(connection, BODY_MAX);
    if (make_request(p, connection, x, &code)) {
        event_base_loopexit(x->base, &limit);
        event_base_dispatch(x->base);
    }
    evhttp_connection_free(connection);
    x->silence = http_place_silence(ssl);
    SSL_free(ssl);
    return code;
}

/* ---- what went wrong --------------------------------------------------------------- */

void http_say_problem(const char *before, int status, const json_t *problem, const char *hint)
{
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    fprintf(stderr, "discctl: %s: %d%s%s%s%s%s\n", before, status, title ? " " : "",
            title ? title : "", detail ? ": " : "", detail ? detail : "", hint);
}

/* What the server's words mean for a command line. */
static const char *hint(const struct arguments *a, const struct exchange *x)
{
    if (x->status == 401 && !a->token_file)
        return " (give --token-file)";
    return x->status == 409 && strcmp(x->path, "/v1/evict") == 0 ? " (give --force)" : "";
}

static int explain_failure(const struct arguments *a, const struct exchange *x)
{
    char before[512];
    if (x->quiet)
        return x->status ? EXIT_REFUSED : EXIT_NO_ANSWER;
    if (x->status == 0) {
        http_place_say_silence(a, x->silence);
        return EXIT_NO_ANSWER;
    }
    if (x->status == 200) {
        fprintf(stderr, "discctl: what %s answers is not JSON: is it discd's HTTP port?\n",
                a->http);
        return EXIT_REFUSED;
    }
    snprintf(before, sizeof(before), "%s refused", a->http);
    http_say_problem(before, x->status, x->body, hint(a, x));
    return EXIT_REFUSED;
}

static bool is_good(const struct exchange *x)
{
    if (x->status == 404 && x->optional)
        return true;
    return x->status == 200 ? x->body || x->method == EVHTTP_REQ_DELETE
                            : x->status == 201 || x->status == 204;
}

static int ask(const struct arguments *a, struct exchange *x, json_t **out)
{
    struct http_place place;
    if (!http_place_open(&place, a))
        return EXIT_USAGE;
    x->base = event_base_new();
    int code = x->base ? run(&place, x) : EXIT_NO_ANSWER;
    if (x->base)
        event_base_free(x->base);
    http_place_close(&place);
    if (code == EXIT_DONE && !is_good(x))
        code = explain_failure(a, x);
    bool there = code == EXIT_DONE && x->status != 404;
    *out = there ? x->body : NULL;
    if (!there)
        json_decref(x->body);
    return code;
}

int http_get(const struct arguments *a, const char *path, json_t **out)
{
    struct exchange x = {.method = EVHTTP_REQ_GET, .path = path, .patience_s = 3};
    return ask(a, &x, out);
}

int http_get_quietly(const struct arguments *a, const char *path, json_t **out)
{
    struct exchange x = {.method = EVHTTP_REQ_GET, .path = path, .patience_s = 3, .quiet = true};
    return ask(a, &x, out);
}

int http_get_if_there(const struct arguments *a, const char *path, json_t **out)
{
    struct exchange x = {.method = EVHTTP_REQ_GET, .path = path, .patience_s = 3, .optional = true};
    return ask(a, &x, out);
}

int http_send(const struct arguments *a, enum evhttp_cmd_type method, const char *path,
              json_t *body, int patience_s, json_t **out)
{
    bool wanted = method != EVHTTP_REQ_DELETE || body;
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct exchange x = {.method = method, .path = path, .send = text, .patience_s = patience_s};
    json_decref(body);
    if (wanted && !text) {
        fprintf(stderr, "discctl: what was given is no UTF-8 text\n");
        return EXIT_USAGE;
    }
    int code = ask(a, &x, out);
    free(text);
    return code;
}

#include "http_client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_MAX = 512, BODY_MAX = 1 << 30 };

struct exchange {
    const char *path, *send; /* send: the body; NULL = GET */
    int patience_s;
    bool quiet; /* what goes wrong is not said */
    struct event_base *base;
    int status; /* 0 = no answer */
    json_t *body;
};

char *http_quote(const char *text)
{
    return evhttp_uriencode(text, -1, 0);
}

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

/* False: said so. */
static bool read_token(const struct arguments *a, char *out, size_t room)
{
    FILE *file = fopen(a->token_file, "re");
    bool ok = file && fgets(out, (int)room, file) != NULL;
    if (ok)
        out[strcspn(out, " \t\r\n")] = 0;
    else
        fprintf(stderr, "discctl: %s: %s\n", a->token_file, file ? "empty" : strerror(errno));
    if (file)
        fclose(file);
    return ok;
}

static bool add_headers(const struct arguments *a, const char *host, int port,
                        struct evhttp_request *request)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    char line[TOKEN_MAX + 16], token[TOKEN_MAX];
    snprintf(line, sizeof(line), strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
    evhttp_add_header(headers, "Host", line);
    evhttp_add_header(headers, "Accept", "application/json");
    evhttp_add_header(headers, "Connection", "close");
    if (!a->token_file)
        return true;
    if (!read_token(a, token, sizeof(token)))
        return false;
    snprintf(line, sizeof(line), "Bearer %s", token);
    evhttp_add_header(headers, "Authorization", line);
    explicit_bzero(line, sizeof(line));
    explicit_bzero(token, sizeof(token));
    return true;
}

static bool add_body(struct evhttp_request *request, const char *body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    return !body ||
           (evhttp_add_header(headers, "Content-Type", "application/json") == 0 &&
            evbuffer_add(evhttp_request_get_output_buffer(request), body, strlen(body)) == 0);
}

static int run(const struct arguments *a, const char *host, int port, struct exchange *x)
{
    int ms = arguments_timeout(a, x->patience_s);
    struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    struct evhttp_connection *connection =
        evhttp_connection_base_new(x->base, NULL, host, (unsigned short)port);
    struct evhttp_request *request = evhttp_request_new(on_reply, x);
    if (!connection || !request)
        goto fail;
    evhttp_connection_set_max_body_size(connection, BODY_MAX);
    if (!add_headers(a, host, port, request) || !add_body(request, x->send))
        goto fail;
    /* owns the request from here on */
    enum evhttp_cmd_type method = x->send ? EVHTTP_REQ_POST : EVHTTP_REQ_GET;
    if (evhttp_make_request(connection, request, method, x->path) == 0) {
        event_base_loopexit(x->base, &limit);
        event_base_dispatch(x->base);
    }
    evhttp_connection_free(connection);
    return EXIT_DONE;
fail:
    if (request)
        evhttp_request_free(request);
    if (connection)
        evhttp_connection_free(connection);
    return EXIT_USAGE;
}

/* What the server's words mean for a command line. */
static const char *hint(const struct arguments *a, const struct exchange *x)
{
    if (x->status == 401 && !a->token_file)
        return " (give --token-file)";
    return x->status == 409 && x->send ? " (give --force)" : "";
}

/* Says why it is not the reply that we hoped for. */
static int explain_failure(const struct arguments *a, const struct exchange *x)
{
    if (x->quiet)
        return x->status ? EXIT_REFUSED : EXIT_NO_ANSWER;
    const char *title = json_string_value(json_object_get(x->body, "title"));
    const char *detail = json_string_value(json_object_get(x->body, "detail"));
    if (x->status == 0) {
        fprintf(stderr, "discctl: no answer from %s: does discd run there? --http names another\n",
                a->http);
        return EXIT_NO_ANSWER;
    }
    if (x->status == 200) {
        fprintf(stderr, "discctl: what %s answers is not JSON: is it discd's HTTP port?\n",
                a->http);
        return EXIT_REFUSED;
    }
    fprintf(stderr, "discctl: %s refused: %d%s%s%s%s%s\n", a->http, x->status, title ? " " : "",
            title ? title : "", detail ? ": " : "", detail ? detail : "", hint(a, x));
    return EXIT_REFUSED;
}

/* The host without brackets. */
static bool read_url(const char *url, char *host, size_t room, int *port)
{
    struct evhttp_uri *uri = evhttp_uri_parse(url);
    const char *scheme = uri ? evhttp_uri_get_scheme(uri) : NULL;
    const char *name = uri ? evhttp_uri_get_host(uri) : NULL;
    bool ok = scheme && strcmp(scheme, "http") == 0 && name && *name && strlen(name) < room;
    if (ok) {
        size_t skip = *name == '[';
        snprintf(host, room, "%.*s", (int)(strlen(name) - 2 * skip), name + skip);
        *port = evhttp_uri_get_port(uri) > 0 ? evhttp_uri_get_port(uri) : 80;
    }
    if (uri)
        evhttp_uri_free(uri);
    return ok;
}

static int ask(const struct arguments *a, struct exchange *x, json_t **out)
{
    char host[256];
    int port;
    if (!read_url(a->http, host, sizeof(host), &port)) {
        fprintf(stderr, "discctl: --http wants http://HOST:PORT, not '%s'\n", a->http);
        return EXIT_USAGE;
    }
    x->base = event_base_new();
    int code = x->base ? run(a, host, port, x) : EXIT_NO_ANSWER;
    if (x->base)
        event_base_free(x->base);
    if (code == EXIT_DONE && (x->status != 200 || !x->body))
        code = explain_failure(a, x);
    if (code == EXIT_DONE)
        *out = x->body;
    else
        json_decref(x->body);
    return code;
}

int http_get(const struct arguments *a, const char *path, json_t **out)
{
    struct exchange x = {.path = path, .patience_s = 3};
    return ask(a, &x, out);
}

int http_get_quietly(const struct arguments *a, const char *path, json_t **out)
{
    struct exchange x = {.path = path, .patience_s = 3, .quiet = true};
    return ask(a, &x, out);
}

int http_post(const struct arguments *a, const char *path, json_t *body, int patience_s,
              json_t **out)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct exchange x = {.path = path, .send = text, .patience_s = patience_s};
    json_decref(body);
    if (!text) {
        fprintf(stderr, "discctl: what was given is no UTF-8 text\n");
        return EXIT_USAGE;
    }
    int code = ask(a, &x, out);
    free(text);
    return code;
}

#include "http/file.h"

#include <event2/buffer.h>

#include "http/etag.h"
#include "http/reply.h"

/* What the console may do in a browser: nothing but with its own server. */
#define CONSOLE_POLICY                                                                             \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "                    \
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

const struct file *file_find(const char *path)
{
    for (const struct file *f = file_table; f->path; f++)
        if (strcmp(f->path, path) == 0)
            return f;
    return NULL;
}

/* Asked for again each time, and then mostly 304: an upgraded server is never met by the
 * pages of the one before. */
static void describe(struct evhttp_request *request, const struct file *file)
{
    reply_header(request, "ETag", file->tag);
    reply_header(request, "Cache-Control", "no-cache");
    reply_header(request, "Content-Security-Policy", CONSOLE_POLICY);
}

void file_reply(struct http *http, struct evhttp_request *request, const struct file *file)
{
    enum evhttp_cmd_type method = evhttp_request_get_command(request);

    if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
        reply_header(request, "Allow", "GET, HEAD");
        reply_problem(http, request, 405, "use one of: GET, HEAD");
        return;
    }
    struct evbuffer *body = evbuffer_new();
    if (!body || evbuffer_add_reference(body, file->bytes, file->size, NULL, NULL) < 0) {
        reply_problem(http, request, 503, "out of memory; try again later");
    } else if (etag_is_known(request, file->tag)) {
        describe(request, file);
        reply_send(http, request, 304, NULL);
    } else {
        describe(request, file);
        reply_header(request, "Content-Type", file->type);
        reply_send(http, request, 200, body);
    }
    if (body)
        evbuffer_free(body);
}

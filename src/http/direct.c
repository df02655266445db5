#include "http/direct.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http_struct.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* RFC 9112 section 7.1; as it is where evhttp closes the connection at the end instead. */
struct chunk {
    char head[24], tail[2];
    struct iovec parts[3];
    size_t size;
};

static void chunk_of(const struct rendering *r, bool chunked, struct chunk *c)
{
    int head = chunked ? snprintf(c->head, sizeof(c->head), "%zx\r\n", rendering_size(r)) : 0;

    memcpy(c->tail, "\r\n", sizeof(c->tail));
    c->parts[0] = (struct iovec){c->head, (size_t)head};
    c->parts[1] = rendering_bytes(r);
    c->parts[2] = (struct iovec){c->tail, chunked ? sizeof(c->tail) : 0};
    c->size = c->parts[0].iov_len + c->parts[1].iov_len + c->parts[2].iov_len;
}

/* What is behind the first `sent` bytes goes the way of all output. */
static enum direct queue_rest(struct evbuffer *output, const struct chunk *c, struct rendering *r,
                              size_t sent)
{
    struct evbuffer *all = evbuffer_new();
    enum direct result = DIRECT_FAILED;

    if (!all)
        return result;
    if (evbuffer_add(all, c->parts[0].iov_base, c->parts[0].iov_len) == 0 &&
        rendering_add(r, all) == ERR_OK &&
        evbuffer_add(all, c->parts[2].iov_base, c->parts[2].iov_len) == 0 &&
        evbuffer_drain(all, sent) == 0 && evbuffer_add_buffer(output, all) == 0)
        result = DIRECT_SENT;
    evbuffer_free(all);
    return result;
}

enum direct direct_send(struct http *http, struct evhttp_request *request, struct rendering *r)
{
    struct bufferevent *stream =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
    struct evbuffer *output = bufferevent_get_output(stream);
    struct chunk c;

    if (!http->backend.send || evbuffer_get_length(output) || bufferevent_openssl_get_ssl(stream) ||
        !(bufferevent_get_enabled(stream) & EV_WRITE))
        return DIRECT_NOT;
    chunk_of(r, request->chunked, &c);
    ssize_t sent = http->backend.send(bufferevent_getfd(stream), c.parts, ARRAY_COUNT(c.parts));
    if (sent < 0) /* no room, or an error that the usual way will meet, too */
        return DIRECT_NOT;
    if ((size_t)sent == c.size)
        return DIRECT_SENT;
    return queue_rest(output, &c, r, (size_t)sent);
}

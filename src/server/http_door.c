#include "server/http_door.h"

#include <event2/listener.h>
#include <stdlib.h>

#include "http/http.h"
#include "server/http_stream.h"

/* No descriptor, or no memory. The socket stays readable, so going on would spin. evhttp is
 * the argument here and leads to nothing of ours. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
    (void)context;
    evconnlistener_disable(listener);
}

static enum err take_socket(struct http_door *door, struct event_base *base, int fd)
{
    struct evconnlistener *listener;

    http_stream_tune(fd);
    listener = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!listener)
        return ERR_MEMORY;
    if (!evhttp_bind_listener(door->evhttp, listener)) {
        evconnlistener_free(listener);
        return ERR_MEMORY;
    }
    evconnlistener_set_error_cb(listener, on_accept_error);
    door->sockets[door->count++] = listener;
    return ERR_OK;
}

enum err http_door_open(struct http_door *door, struct event_base *base, const int *fds, size_t n)
{
    door->evhttp = evhttp_new(base);
    door->sockets = calloc(n ? n : 1, sizeof(*door->sockets));
    if (!door->evhttp || !door->sockets)
        return ERR_MEMORY;
    evhttp_set_max_headers_size(door->evhttp, HTTP_HEADER_MAX);
    evhttp_set_max_body_size(door->evhttp, HTTP_BODY_MAX);
    evhttp_set_allowed_methods(door->evhttp, UINT16_MAX); /* http/ says 405 itself */
    for (size_t i = 0; i < n; i++)
        if (take_socket(door, base, fds[i]) != ERR_OK)
            return ERR_MEMORY;
    return ERR_OK;
}

void http_door_set(const struct http_door *door, bool open)
{
    for (size_t n = 0; n < door->count; n++)
        if (open)
            evconnlistener_enable(door->sockets[n]);
        else
            evconnlistener_disable(door->sockets[n]);
}

void http_door_close(struct http_door *door)
{
    if (door->evhttp)
        evhttp_free(door->evhttp);
    free(door->sockets);
    *door = (struct http_door){0};
}

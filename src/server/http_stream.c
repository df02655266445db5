#include "server/http_stream.h"

#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum { SILENT_S = 30, PROBE_S = 10, PROBES = 3, UNACKNOWLEDGED_MS = 60000 };

struct bufferevent *http_stream_plain(struct event_base *base)
{
    return bufferevent_socket_new(base, -1, 0);
}

struct bufferevent *http_stream_tls(struct event_base *base, SSL_CTX *context)
{
    SSL *ssl = SSL_new(context);
    struct bufferevent *stream;

    if (!ssl)
        return NULL;
    stream = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                            BEV_OPT_CLOSE_ON_FREE); /* which frees it, too */
    if (!stream)
        SSL_free(ssl);
    else /* many clients go without the closing alert */
        bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
    return stream;
}

void http_stream_tune(int fd)
{
    static const struct {
        int level, option, value;
    } wishes[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},         {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, SILENT_S}, {IPPROTO_TCP, TCP_KEEPINTVL, PROBE_S},
        {IPPROTO_TCP, TCP_KEEPCNT, PROBES},    {IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS},
    };

    for (size_t n = 0; n < sizeof(wishes) / sizeof(wishes[0]); n++)
        (void)setsockopt(fd, wishes[n].level, wishes[n].option, &wishes[n].value,
                         sizeof(wishes[n].value)); /* a kernel without it does without */
}

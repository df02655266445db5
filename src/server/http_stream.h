/* What HTTP connections run over: plain or TLS streams of libevent's, and what the kernel is
 * to do for them. */
#ifndef DISC_SERVER_HTTP_STREAM_H
#define DISC_SERVER_HTTP_STREAM_H

#include <event2/bufferevent.h>
#include <openssl/ssl.h>

/* Without a descriptor yet; evhttp sets and closes it. NULL when memory lacks. */
struct bufferevent *http_stream_plain(struct event_base *base);
struct bufferevent *http_stream_tls(struct event_base *base, SSL_CTX *context);

/* On a listening socket, whose connections inherit it: what is small leaves at once, and a
 * peer that went without a word is found within a minute, whether it is being sent something
 * or not. */
void http_stream_tune(int fd);

#endif

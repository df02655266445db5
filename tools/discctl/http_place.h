/* Where the HTTP API is: its URL taken apart, and connections to it, with TLS where the URL
 * says https. Used by http_client.c, http_stream.c and http_pool.c.
 */
#ifndef DISCCTL_HTTP_PLACE_H
#define DISCCTL_HTTP_PLACE_H

#include <event2/http.h>
#include <openssl/ssl.h>

#include "discctl.h"

struct http_place {
    const struct arguments *arguments;
    char host[256]; /* without brackets */
    int port;
    SSL_CTX *tls; /* NULL = http:// */
};

/* Reads --http and --ca. False: said so; nothing is to be closed. */
bool http_place_open(struct http_place *p, const struct arguments *a);
void http_place_close(struct http_place *p);

/* Not connected yet; NULL when memory lacks. `ssl` (may be NULL): a reference to the TLS
 * session, NULL with http://, to be freed with SSL_free. */
struct evhttp_connection *http_place_connect(const struct http_place *p, struct event_base *base,
                                             SSL **ssl);

/* Host, Accept (NULL = JSON) and the token. False: said so. */
bool http_place_headers(const struct http_place *p, struct evhttp_request *request,
                        const char *accept);

/* A JSON body; NULL = none. False: memory lacked. */
bool http_place_body(struct evhttp_request *request, const char *body);

/* Why there was no answer, as far as TLS knows. */
struct http_silence {
    const char *untrusted; /* why the certificate is not good; NULL = it is, or none came */
    bool no_tls;           /* the handshake was begun, and came to nothing */
};
struct http_silence http_place_silence(const SSL *ssl); /* NULL = http:// */

/* Says that there was no answer, and what to look at. */
void http_place_say_silence(const struct arguments *a, struct http_silence silence);

#endif

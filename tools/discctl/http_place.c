#include "http_place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "host.h"

enum { TOKEN_MAX = 512 };

/* ---- TLS ------------------------------------------------------------------------- */

static bool is_address(const char *host)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* Trusts whom --ca names, else whom the system trusts. */
static SSL_CTX *new_context(const struct arguments *a)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls)
        return NULL;
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    bool good = SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) == 1 &&
                (a->ca_file ? SSL_CTX_load_verify_locations(tls, a->ca_file, NULL)
                            : SSL_CTX_set_default_verify_paths(tls)) == 1;
    if (good)
        return tls;
    SSL_CTX_free(tls);
    return NULL;
}

/* The certificate must be for this host. */
static bool expect_host(SSL *ssl, const char *host)
{
    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* How far the handshake came: what libevent does to a lost connection hides that. */
static const char begun = 0, done = 0;

static void note_handshake(const SSL *ssl, int where, int value)
{
    (void)value;
    if (where & SSL_CB_HANDSHAKE_START)
        SSL_set_app_data((SSL *)(uintptr_t)ssl, (uintptr_t)&begun);
    else if (where & SSL_CB_HANDSHAKE_DONE)
        SSL_set_app_data((SSL *)(uintptr_t)ssl, (uintptr_t)&done);
}

static struct bufferevent *new_tls(const struct http_place *p, struct event_base *base, SSL **out)
{
    SSL *ssl = SSL_new(p->tls);
    struct bufferevent *stream = NULL;
    if (ssl)
        SSL_set_info_callback(ssl, note_handshake);
    if (ssl && expect_host(ssl, p->host) && SSL_up_ref(ssl) == 1) {
        /* owns one reference from here on */
        stream = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
                                                BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
        if (!stream)
            SSL_free(ssl);
    }
    if (stream && out)
        *out = ssl;
    else
        SSL_free(ssl);
    return stream;
}

struct http_silence http_place_silence(const SSL *ssl)
{
    long fault = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    return (struct http_silence){
        .untrusted = fault == X509_V_OK ? NULL : X509_verify_cert_error_string(fault),
        .no_tls = ssl && SSL_get_ex_data(ssl, 0) == &begun,
    };
}

void http_place_say_silence(const struct arguments *a, struct http_silence silence)
{
    char host[256], address[64];
    host_of(a->http, host, sizeof(host));
    if (silence.untrusted)
        fprintf(stderr, "discctl: %s is not trusted: %s (--ca FILE names whom to trust)\n", a->http,
                silence.untrusted);
    else if (silence.no_tls)
        fprintf(stderr, "discctl: %s does not speak TLS as we do: is it http://?\n", a->http);
    else if (!host_address(host, AF_UNSPEC, address, sizeof(address)))
        fprintf(stderr, "discctl: %s: there is no host '%s'\n", a->http, host);
    else
        fprintf(stderr,
                "discctl: no answer from %s: does discd run there%s? --http names another\n",
                a->http, strncmp(a->http, "http:", 5) == 0 ? ", and without TLS" : "");
}

/* ---- the URL --------------------------------------------------------------------- */

static bool read_url(struct http_place *p, const char *url, bool *secure)
{
    struct evhttp_uri *uri = evhttp_uri_parse(url);
    const char *scheme = uri ? evhttp_uri_get_scheme(uri) : NULL;
    const char *name = uri ? evhttp_uri_get_host(uri) : NULL;
    *secure = scheme && strcmp(scheme, "https") == 0;
    bool ok = scheme && (*secure || strcmp(scheme, "http") == 0) && name && *name &&
              strlen(name) < sizeof(p->host);
    if (ok) {
        size_t skip = *name == '[';
        snprintf(p->host, sizeof(p->host), "%.*s", (int)(strlen(name) - 2 * skip), name + skip);
        p->port = evhttp_uri_get_port(uri) > 0 ? evhttp_uri_get_port(uri) : *secure ? 443 : 80;
    }
    if (uri)
        evhttp_uri_free(uri);
    return ok;
}

bool http_place_open(struct http_place *p, const struct arguments *a)
{
    bool secure;
    *p = (struct http_place){.arguments = a};
    if (!read_url(p, a->http, &secure)) {
        fprintf(stderr, "discctl: --http wants http://HOST:PORT or https://HOST:PORT, not '%s'\n",
                a->http);
        return false;
    }
    if (!secure)
        return true;
    p->tls = new_context(a);
    if (!p->tls)
        fprintf(stderr, "discctl: %s: no certificates that could be trusted (PEM)\n",
                a->ca_file ? a->ca_file : "the system");
    return p->tls != NULL;
}

void http_place_close(struct http_place *p)
{
    SSL_CTX_free(p->tls);
    p->tls = NULL;
}

struct evhttp_connection *http_place_connect(const struct http_place *p, struct event_base *base,
                                             SSL **ssl)
{
    struct bufferevent *stream = NULL;
    if (ssl)
        *ssl = NULL;
    if (p->tls) {
        stream = new_tls(p, base, ssl);
        if (!stream)
            return NULL;
    }
    struct evhttp_connection *connection = evhttp_connection_base_bufferevent_new(
        base, NULL, stream, p->host, (unsigned short)p->port);
    if (!connection && stream)
        bufferevent_free(stream);
    return connection;
}

/* ---- headers --------------------------------------------------------------------- */

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

bool http_place_headers(const struct http_place *p, struct evhttp_request *request,
                        const char *accept)
{
    const struct arguments *a = p->arguments;
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    char line[TOKEN_MAX + 16], token[TOKEN_MAX];
    snprintf(line, sizeof(line), strchr(p->host, ':') ? "[%s]:%d" : "%s:%d", p->host, p->port);
    evhttp_add_header(headers, "Host", line);
    evhttp_add_header(headers, "Accept", accept ? accept : "application/json");
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

/* evhttp gives the length of POST and PUT only. */
bool http_place_body(struct evhttp_request *request, const char *body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    char length[24];
    if (!body)
        return true;
    snprintf(length, sizeof(length), "%zu", strlen(body));
    return evhttp_add_header(headers, "Content-Type", "application/json") == 0 &&
           evhttp_add_header(headers, "Content-Length", length) == 0 &&
           evbuffer_add(evhttp_request_get_output_buffer(request), body, strlen(body)) == 0;
}

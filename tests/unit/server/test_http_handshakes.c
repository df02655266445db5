/* Handshakes by turns: one step in a turn of the loop, a share of the time, and the addresses
 * one after the other. */
#include "common.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http_handshakes.h"
#include "server/http_stream.h"

enum { PEERS = 12 };

struct peer {
    struct rig *rig;
    SSL *ssl; /* the client's */
    struct bufferevent *stream;
    struct handshake *handshake;
    int client, server;
    unsigned place; /* the how many-th was over, from 1 */
    bool good;
};

struct rig {
    struct event_base *base;
    struct handshakes *all;
    SSL_CTX *server, *client;
    struct peer peers[PEERS];
    unsigned over;
};

/* Each look at the clock is so much later: a step takes that long. */
static uint64_t time_us, look_us;

static uint64_t clock_us(void)
{
    return time_us += look_us;
}

static SSL_CTX *server_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();

    X509_set_version(x, 2);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(context, x), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
    X509_free(x);
    EVP_PKEY_free(key);
    return context;
}

static int set_up(void **state)
{
    static const struct hash_key key = {"0123456789abcdef"};
    struct rig *rig = calloc(1, sizeof(*rig));

    signal(SIGPIPE, SIG_IGN);
    time_us = 1000000;
    look_us = 0;
    rig->base = event_base_new();
    rig->all = handshakes_new(rig->base, &key, clock_us);
    rig->server = server_context();
    rig->client = SSL_CTX_new(TLS_client_method());
    assert_non_null(rig->all);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    for (unsigned n = 0; n < PEERS; n++) {
        struct peer *p = &rig->peers[n];
        if (!p->stream)
            continue;
        handshake_end(p->handshake);
        bufferevent_free(p->stream);
        SSL_free(p->ssl);
        close(p->client);
        close(p->server);
    }
    handshakes_free(rig->all);
    SSL_CTX_free(rig->server);
    SSL_CTX_free(rig->client);
    event_base_free(rig->base);
    free(rig);
    return 0;
}

static void is_over(void *context, bool good)
{
    struct peer *p = context;
    p->handshake = NULL;
    p->good = good;
    p->place = ++p->rig->over;
}

static void connect_peer(struct rig *rig, unsigned n, const char *from)
{
    struct peer *p = &rig->peers[n];
    struct addr addr;
    int fds[2];

    assert_int_equal(addr_parse(text_of(from), &addr), ERR_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    p->rig = rig;
    p->client = fds[0];
    p->server = fds[1];
    p->ssl = SSL_new(rig->client);
    SSL_set_connect_state(p->ssl);
    SSL_set_fd(p->ssl, p->client);
    p->stream = http_stream_tls(rig->base, rig->server);
    bufferevent_setfd(p->stream, dup(p->server)); /* as evhttp does; it closes it */
    bufferevent_enable(p->stream, EV_READ);
    p->handshake = handshake_begin(rig->all, p->stream, &addr, is_over, p);
    assert_non_null(p->handshake);
}

/* The client's next step; true when it is done. */
static bool shake(struct peer *p)
{
    return SSL_do_handshake(p->ssl) == 1;
}

static unsigned answered(struct rig *rig, unsigned count)
{
    unsigned n = 0;
    char byte;

    for (unsigned i = 0; i < count; i++)
        n += recv(rig->peers[i].client, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    return n;
}

static void test_serves(void **state)
{
    struct rig *rig = *state;
    struct peer *p = &rig->peers[0];
    char heard[6] = "";

    connect_peer(rig, 0, "192.0.2.1");
    while (!shake(p))
        event_base_loop(rig->base, EVLOOP_NONBLOCK);
    assert_int_equal(SSL_write(p->ssl, "hello", 5), 5);
    while (!evbuffer_get_length(bufferevent_get_input(p->stream)))
        event_base_loop(rig->base, EVLOOP_NONBLOCK);
    assert_true(p->good);
    assert_int_equal(bufferevent_read(p->stream, heard, 5), 5);
    assert_string_equal(heard, "hello");
    bufferevent_write(p->stream, "there", 5);
    while (SSL_read(p->ssl, heard, 5) != 5)
        event_base_loop(rig->base, EVLOOP_NONBLOCK);
    assert_string_equal(heard, "there");
}

/* However many have said hello, each turn of the loop answers one. */
static void test_one_in_a_turn(void **state)
{
    struct rig *rig = *state;

    for (unsigned n = 0; n < PEERS; n++) {
        connect_peer(rig, n, "192.0.2.1");
        assert_false(shake(&rig->peers[n]));
    }
    for (unsigned had = 0, turns = 0; had < PEERS; turns++) {
        assert_true(turns < 100000);
        event_base_loop(rig->base, EVLOOP_ONCE);
        unsigned now = answered(rig, PEERS);
        assert_in_range(now, had, had + 1);
        had = now;
    }
}

/* Steps that take long are paid for with three times as long for others. */
static void test_share(void **state)
{
    struct rig *rig = *state;

    look_us = 1000;
    for (unsigned n = 0; n < PEERS; n++) {
        connect_peer(rig, n, "192.0.2.1");
        assert_false(shake(&rig->peers[n]));
    }
    uint64_t began_us = time_us;
    for (unsigned had = 0; had < PEERS; had = answered(rig, PEERS)) {
        event_base_loop(rig->base, EVLOOP_ONCE);
        assert_true((had + 1) * look_us <= 2000 + look_us + (time_us - began_us) / 4);
    }
}

/* A process that was stopped in the middle of a step does not owe all that time. */
static void test_pause(void **state)
{
    struct rig *rig = *state;
    struct timeval hanging = {.tv_sec = 30};

    for (unsigned n = 0; n < 2; n++) {
        connect_peer(rig, n, "192.0.2.1");
        assert_false(shake(&rig->peers[n]));
    }
    look_us = 3600000000;
    while (answered(rig, 2) < 1)
        event_base_loop(rig->base, EVLOOP_ONCE);
    event_base_loopexit(rig->base, &hanging);
    while (answered(rig, 2) < 2 && !event_base_got_exit(rig->base))
        event_base_loop(rig->base, EVLOOP_ONCE);
    assert_int_equal(answered(rig, 2), 2);
}

/* Who asks for many waits for itself. */
static void test_addresses(void **state)
{
    static const char *const crowd[] = {"2001:db8::1", "2001:db8::ffff:2", "2001:db8::3:0:0:1"};
    struct rig *rig = *state;

    for (unsigned n = 0; n < PEERS - 1; n++) {
        connect_peer(rig, n, crowd[n % ARRAY_COUNT(crowd)]);
        assert_false(shake(&rig->peers[n]));
    }
    connect_peer(rig, PEERS - 1, "2001:db8:1::1");
    assert_false(shake(&rig->peers[PEERS - 1]));
    char byte;
    while (recv(rig->peers[PEERS - 1].client, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
        event_base_loop(rig->base, EVLOOP_ONCE);
    assert_in_range(answered(rig, PEERS - 1), 0, 4);
}

static void test_no_tls(void **state)
{
    struct rig *rig = *state;

    connect_peer(rig, 0, "192.0.2.1");
    connect_peer(rig, 1, "192.0.2.1");
    assert_int_equal(send(rig->peers[0].client, "GET / HTTP/1.1\r\n", 16, 0), 16);
    close(rig->peers[1].client);
    rig->peers[1].client = -1;
    while (rig->over < 2)
        event_base_loop(rig->base, EVLOOP_NONBLOCK);
    assert_false(rig->peers[0].good);
    assert_false(rig->peers[1].good);
}

/* One that goes while it waits for its turn. */
static void test_goes(void **state)
{
    struct rig *rig = *state;

    for (unsigned n = 0; n < 3; n++) {
        connect_peer(rig, n, "192.0.2.1");
        assert_false(shake(&rig->peers[n]));
    }
    event_base_loop(rig->base, EVLOOP_ONCE); /* all are ready */
    handshake_end(rig->peers[1].handshake);
    rig->peers[1].handshake = NULL;
    while (answered(rig, 3) < 2)
        event_base_loop(rig->base, EVLOOP_NONBLOCK);
    for (int n = 0; n < 10; n++)
        event_base_loop(rig->base, EVLOOP_NONBLOCK);
    assert_int_equal(answered(rig, 3), 2);
}

#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_serves), WITH_RIG(test_one_in_a_turn), WITH_RIG(test_share),
        WITH_RIG(test_pause),  WITH_RIG(test_addresses),     WITH_RIG(test_no_tls),
        WITH_RIG(test_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/http_handshakes.h"

#include <event2/bufferevent_ssl.h>
#include <event2/bufferevent_struct.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/queue.h>

enum {
    LINES = 256,       /* of those who wait for their turn, by address */
    SHARE = 4,         /* one part in so many of the time */
    SAVED_US = 2000,   /* of time not used, at most */
    OWED_US = 100000,  /* of time used ahead, at most: more was no arithmetic, but a pause */
    NETWORK_BYTES = 8, /* of an IPv6 address: what one sender has for itself */
};

struct handshake {
    TAILQ_ENTRY(handshake) link; /* in its line, when `ready` */
    struct handshakes *all;
    struct bufferevent *stream;
    SSL *ssl;
    struct event *readable, *writable; /* one is pending unless `ready` */
    unsigned line;
    bool ready;
    void (*over)(void *context, bool good);
    void *context;
};
TAILQ_HEAD(line, handshake);

struct handshakes {
    struct event_base *base;
    struct hash_key key;
    uint64_t (*clock_us)(void);
    struct event *turn;
    struct line lines[LINES];
    unsigned next;     /* line */
    unsigned count;    /* of those who are ready */
    int64_t credit_us; /* may be spent; below 0 after a step that took long */
    uint64_t at_us;    /* when `credit_us` was right */
};

/* ---- turns ----------------------------------------------------------------------- */

static void refill(struct handshakes *all)
{
    uint64_t now = all->clock_us(), earned = (now - all->at_us) / SHARE;

    if (earned == 0)
        return;
    all->at_us = now;
    all->credit_us += earned < UINT32_MAX ? (int64_t)earned : UINT32_MAX;
    if (all->credit_us > SAVED_US)
        all->credit_us = SAVED_US;
}

static void arm(struct handshakes *all)
{
    int64_t missing = all->credit_us < 0 ? -all->credit_us * SHARE : 0;
    struct timeval after = {missing / 1000000, missing % 1000000};

    if (all->count)
        event_add(all->turn, &after);
}

static void make_ready(struct handshake *h)
{
    if (h->ready)
        return;
    h->ready = true;
    TAILQ_INSERT_TAIL(&h->all->lines[h->line], h, link);
    if (h->all->count++ == 0) {
        refill(h->all);
        arm(h->all);
    }
}

static void make_unready(struct handshake *h)
{
    if (!h->ready)
        return;
    h->ready = false;
    TAILQ_REMOVE(&h->all->lines[h->line], h, link);
    h->all->count--;
}

static struct handshake *take_next(struct handshakes *all)
{
    for (unsigned n = 0; n < LINES; n++) {
        struct handshake *h = TAILQ_FIRST(&all->lines[all->next]);
        all->next = (all->next + 1) % LINES;
        if (h) {
            make_unready(h);
            return h;
        }
    }
    return NULL;
}

/* ---- a step ---------------------------------------------------------------------- */

static void finish(struct handshake *h, bool good)
{
    void (*over)(void *context, bool good_) = h->over;
    void *context = h->context;
    struct bufferevent *stream = h->stream;

    handshake_end(h);
    if (good) /* it asks OpenSSL how far it is, and is done */
        event_active(&stream->ev_read, EV_READ, 0);
    over(context, good);
}

static void step(struct handshake *h)
{
    ERR_clear_error();
    int result = SSL_do_handshake(h->ssl);
    int wanted = result == 1 ? SSL_ERROR_NONE : SSL_get_error(h->ssl, result);
    ERR_clear_error();

    if (wanted == SSL_ERROR_NONE)
        finish(h, true);
    else if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE)
        finish(h, false);
    else if (event_add(wanted == SSL_ERROR_WANT_READ ? h->readable : h->writable, NULL) != 0)
        finish(h, false);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    struct handshakes *all = context;

    (void)fd;
    (void)what;
    refill(all);
    if (all->credit_us >= 0) {
        uint64_t began = all->clock_us();
        struct handshake *h = take_next(all);
        if (h)
            step(h);
        all->credit_us -= (int64_t)(all->clock_us() - began);
        if (all->credit_us < -OWED_US)
            all->credit_us = -OWED_US;
    }
    arm(all);
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    make_ready(context);
}

/* ---- life ------------------------------------------------------------------------ */

struct handshakes *handshakes_new(struct event_base *base, const struct hash_key *key,
                                  uint64_t (*clock_us)(void))
{
    struct handshakes *all = calloc(1, sizeof(*all));

    if (!all)
        return NULL;
    all->base = base;
    all->key = *key;
    all->clock_us = clock_us;
    all->at_us = clock_us();
    all->credit_us = SAVED_US;
    for (unsigned n = 0; n < LINES; n++)
        TAILQ_INIT(&all->lines[n]);
    all->turn = evtimer_new(base, on_turn, all);
    if (all->turn)
        return all;
    free(all);
    return NULL;
}

void handshakes_free(struct handshakes *all)
{
    if (!all)
        return;
    event_free(all->turn);
    free(all);
}

struct handshake *handshake_begin(struct handshakes *all, struct bufferevent *stream,
                                  const struct addr *from, void (*over)(void *context, bool good),
                                  void *context)
{
    struct handshake *h = calloc(1, sizeof(*h));
    evutil_socket_t fd = bufferevent_getfd(stream);
    size_t size = from->family == FAMILY_V6 ? NETWORK_BYTES : addr_size(from);

    if (!h)
        return NULL;
    *h = (struct handshake){
        .all = all,
        .stream = stream,
        .ssl = bufferevent_openssl_get_ssl(stream),
        .readable = event_new(all->base, fd, EV_READ, on_socket, h),
        .writable = event_new(all->base, fd, EV_WRITE, on_socket, h),
        .line = (unsigned)(hash_bytes(&all->key, from->bytes, size) % LINES),
        .over = over,
        .context = context,
    };
    if (!h->readable || !h->writable || event_add(h->readable, NULL) != 0) {
        handshake_end(h);
        return NULL;
    }
    event_del(&stream->ev_read);
    event_del(&stream->ev_write);
    return h;
}

void handshake_end(struct handshake *h)
{
    if (!h)
        return;
    make_unready(h);
    if (h->readable)
        event_free(h->readable);
    if (h->writable)
        event_free(h->writable);
    free(h);
}

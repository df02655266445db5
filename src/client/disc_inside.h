/* What the files of libdisc share with one another; nothing here is for its users.
 *
 * disc.c has the sockets, the registrations and the loop, disc_wire.c the protocol's text.
 * The discovery half (disc_watch.c and what that needs) is reached through `struct
 * discovery` only, so that a program which just registers links disc.c and disc_wire.c.
 */
#ifndef DISC_INSIDE_H
#define DISC_INSIDE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "disc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __GNUC__
#pragma GCC visibility push(hidden)
#endif

enum {
    ADDRESSES_MAX = 4,        /* of one server's name */
    ID_SIZE = 16,             /* hex digits: 64 bits, so that replies cannot be guessed */
    COOKIE_MAX = 64,          /* opaque to us; today's have 22 */
    MAC_SIZE = 32,            /* hex digits */
    MAC_PARAM = 5 + MAC_SIZE, /* " mac=..." */
    KEY_ID_MAX = 32,
    SECRET_MAX = 64,
    SENDS = 4,       /* the first try and the retries */
    CHALLENGES = 2,  /* answered at once in one round; more wait for the retry */
    AGAIN_MS = 5000, /* between rounds while a server is silent, at most, */
    FIRST_MS = 2000, /* and until it has answered for the first time */
    FAILED_MS = 60000,
    RENEW_MIN_MS = 100, /* a server that says less is not believed */
    RENEW_MAX_MS = 3600000,
    WAIT_MAX_MS = 300000,
};

/* What follows each send: the next retry, or the end of the round. */
#define DISC_PATIENCE_MS                                                                           \
    {                                                                                              \
        500, 1000, 2000, 2000                                                                      \
    }
#define DISC_NEVER UINT64_MAX

struct server {
    char *text;
    int fd; /* -1 while there is no way to it */
    struct sockaddr_storage addresses[ADDRESSES_MAX];
    socklen_t sizes[ADDRESSES_MAX];
    unsigned count, at;
    unsigned opened; /* sockets so far: another number, another port of ours */
    char cookie[COOKIE_MAX + 1];
    uint64_t heard_ms;
    unsigned closed; /* addresses in a row at which nothing listens */
};

/* How disc.c calls the discovery half. */
struct discovery {
    /* A datagram without its line end, a NUL behind it. True: it was for a watch. */
    bool (*receive)(struct disc *d, unsigned server, const char *bytes, size_t size, uint64_t now);
    void (*closed)(struct disc *d, unsigned server, uint64_t now); /* nothing listens there */
    /* What a registration was answered shows which life the server is in. */
    void (*lives)(struct disc *d, unsigned server, const char *epoch, uint64_t now);
    void (*process)(struct disc *d, uint64_t now);
    uint64_t (*due)(const struct disc *d); /* DISC_NEVER: nothing to do */
    void (*leave)(struct disc *d);         /* says goodbye */
    void (*free)(struct disc *d);
};

struct watches;

struct disc {
    char *subnet;
    char key_id[KEY_ID_MAX + 1];
    unsigned char secret[SECRET_MAX];
    size_t secret_size;
    char cid[ID_SIZE + 1];
    uint64_t n;
    uint32_t drain_ms;
    bool seeded;
    uint64_t random;
    disc_event_function *event;
    void *context;
    struct server servers[DISC_SERVERS_MAX];
    unsigned server_count;
    struct instance **instances;
    size_t instance_count, instance_room;
    int last_handle;
    struct once *once;
    bool goodbye_failed;               /* some server did not say yes to a goodbye */
    const struct discovery *discovery; /* NULL until the first disc_watch */
    struct watches *watches;
};

/* ---- disc.c: sockets ------------------------------------------------------------------ */

/* A new socket (the own address may have changed) to the next of the server's
 * addresses, under the old number so that nobody polls a stale one. */
void disc_reconnect(struct server *server);

struct writer;

/* Sends, if there is a way; loss is what retries are for. */
void disc_send(const struct server *server, const struct writer *w);

/* One turn of the loop that waits at most so long. */
void disc_turn(struct disc *d, int max_ms);

/* ---- disc_wire.c: writing -------------------------------------------------------------- */

/* Like strlcpy: never more than fits, always terminated. NULL is "". */
void disc_copy_text(char *out, size_t size, const char *text);

/* A datagram in the making. `full` stays set once something did not fit. */
struct writer {
    size_t n;
    bool full;
    char s[DISC_DATAGRAM_MAX + 1];
};

void disc_put(struct writer *w, const char *text);

/* " key=value", the value percent-encoded; nothing for NULL. */
void disc_put_param(struct writer *w, const char *key, const char *value);
void disc_put_number(struct writer *w, const char *key, uint64_t value);

/* Appends the MAC. */
void disc_sign(const struct disc *d, struct writer *w);

/* ---- disc_wire.c: random numbers -------------------------------------------------------- */

uint64_t disc_random_to(struct disc *d, uint64_t max); /* 0 to max */

/* value, less or more by up to `percent` */
uint64_t disc_jittered(struct disc *d, uint64_t value, unsigned percent);

void disc_random_id(struct disc *d, char out[ID_SIZE + 1]);

/* ---- disc_wire.c: reading ---------------------------------------------------------------- */

/* `size` without the line end. */
bool disc_is_signed(const struct disc *d, const char *bytes, size_t size);

/* Decimal digits only. */
bool disc_read_number(const char *text, uint64_t *out);

/* Undoes percent-encoding. False: a broken escape, or it does not fit. */
bool disc_decode(const char *from, size_t n, char *out, size_t size);

/* The header line of a reply or a push. */
struct reply {
    const char *verb, *id, *cookie, *why, *field, *instance, *address; /* "" = not there */
    const char *epoch, *token, *fragment;
    uint64_t n, rev, renew, lease, wait, sub, seq, prev, full, guard;
    bool has_n, has_rev, has_renew, has_wait, has_sub, has_seq, has_prev;
    int code;
    const char *raw; /* the whole of it, without the line end */
    size_t size;
};

/* `line` is cut into pieces, to which the reply then points; `raw` and `size` are the
 * caller's. */
bool disc_read_reply(char *line, struct reply *r);

/* Is it the answer to the request `id`, which was sent under the numbers from n_first to n_last?
 * With a key only if it is signed, but for what comes before the server knows whose it is. */
bool disc_is_answer(const struct disc *d, const struct reply *r, const char *id, uint64_t n_first,
                    uint64_t n_last);

void disc_keep_cookie(struct server *server, const char *cookie);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif

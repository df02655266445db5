/* One TCP connection, as the files of the TCP server share it: tcp.c accepts it,
 * tcp_connection.c reads and answers, tcp_later.c brings what comes later. Private to them. */
#ifndef DISC_SERVER_TCP_CONNECTION_H
#define DISC_SERVER_TCP_CONNECTION_H

#include <event2/bufferevent.h>
#include <sys/queue.h>

#include "server/tcp.h"

#define TCP_MESSAGE_MAX 65535

struct connection {
    TAILQ_ENTRY(connection) by_age; /* the longest idle first */
    struct tcp_server *server;
    struct bufferevent *stream;
    struct event *deadline;
    struct event *stall;              /* armed while streams go out */
    LIST_HEAD(, tcp_later) awaited;   /* answers that somebody else works on */
    TAILQ_HEAD(, tcp_later) outgoing; /* streams, the next to give a message first */
    struct endpoint from;
    uint64_t taken;   /* bytes that the peer had acknowledged when the stall timer was set */
    uint32_t waiting; /* answers in the output buffer */
    uint32_t later;   /* awaited and outgoing */
    bool started;     /* a part of a message has arrived */
    bool paused;      /* not reading until the output is taken */
    bool finished;    /* the peer sends no more: close once the output is taken */
};

TAILQ_HEAD(connections, connection);
LIST_HEAD(tcp_laters, tcp_later);

struct tcp_server {
    struct event_base *base;
    struct evconnlistener **listeners;
    size_t listener_count;
    struct event *resume;
    struct tcp_limits limits;
    struct tcp_quota *quota;
    struct tcp_answering answering;
    struct connections open;
    struct tcp_laters orphans; /* awaited answers whose connection is gone */
    struct connection *asking; /* whose message is being answered */
    struct tcp_counters counters;
    uint8_t out[2 + TCP_MESSAGE_MAX];
};

/* Takes the descriptor over. */
void connection_open(struct tcp_server *s, evutil_socket_t fd, const struct endpoint *from);
void connection_close(struct connection *c);
/* The same for one that took too long; what it does not take is thrown away. */
void connection_time_out(struct connection *c);
/* Neither asking nor waiting for anything. */
bool connection_is_idle(const struct connection *c);

/* Does what can be done: answers what has arrived, takes more of the streams, pauses, closes
 * (then `c` is gone). */
void connection_proceed(struct connection *c);

/* All that was asked is answered: it is idle from now on. */
void connection_rest(struct connection *c);

/* Appends the n bytes behind the prefix in the server's `out`. False: memory lacks. */
bool connection_write(struct connection *c, size_t n);

/* ---- tcp_later.c ----------------------------------------------------------------------- */

/* Fills the output from the streams up to a mark. False: close. */
bool later_pull(struct connection *c);
/* The connection closes: streams end, awaited answers lose it. */
void later_abandon(struct connection *c);
void later_forget(struct tcp_server *s); /* awaited answers that nobody will bring */
/* Timer: the peer must have taken a good part since the last time. */
void later_on_stall(evutil_socket_t fd, short what, void *connection);

#endif

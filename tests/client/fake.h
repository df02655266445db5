/* A server made of a socket and the test's words, a clock that the test moves, and a
 * record of events: all that libdisc's tests need. Loopback delivers a datagram before
 * send() returns, so nothing here waits. Every function fails the test by itself. */
#ifndef DISC_TESTS_CLIENT_FAKE_H
#define DISC_TESTS_CLIENT_FAKE_H

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/disc.h"

struct fake {
    int fd;
    char text[32]; /* "127.0.0.1:PORT" */
    struct sockaddr_in peer;
    char last[DISC_DATAGRAM_MAX + 1]; /* the latest request, as it came */
    char id[17];                      /* of it */
    uint64_t n;                       /* of it; 0 = none */
};

/* A socket on loopback, of a port of its own. */
void fake_open(struct fake *f);

enum { FAKES = 2, EVENTS_MAX = 512 };

struct event_seen {
    enum disc_event_kind kind;
    int handle, code;
    int64_t retry_ms;
    char server[32], instance[64], words[300];
};

struct stage {
    struct fake servers[FAKES];
    unsigned server_count;
    struct disc *d;
    uint64_t now;
    struct event_seen events[EVENTS_MAX];
    size_t event_count, events_looked_at;
};

/* A client with so many servers; `options` may be NULL; its seed, event and context are
 * set here. The clock starts at 1000. */
void stage_open(struct stage *s, unsigned servers, const struct disc_options *options);
void stage_close(struct stage *s);

/* What "web" at port 8080 says to a server, and what that answers. */
#define REG "disc/1 reg id=* svc=web port=8080"
#define REG_OK                                                                                     \
    "disc/1 ok id=* ep=00000001 inst=web-1 addr=10.0.0.7 lease=30 ren=9000 rev=5 dur=mem\n"
#define REN "disc/1 ren id=* svc=web inst=web-1"
#define REN_OK "disc/1 ok id=* ep=00000001 ren=9000\n"
#define DEL "disc/1 del id=* svc=web inst=web-1"

/* One server, where "web" is registered; returns the handle. The next renewal is due in
 * 9000 ms, less or more by 5 %. */
int stage_open_registered(struct stage *s, const struct disc_options *options);
int stage_register(struct stage *s, const char *service, const char *ports);

void pass(struct stage *s, uint64_t ms); /* moves the clock and processes */

/* The next request at this server, its id replaced by "*", without its line end. */
const char *request(struct stage *s, unsigned server);
#define assert_request(s, server, text) assert_string_equal(request(s, server), text)
void assert_quiet(struct stage *s, unsigned server);

/* Answers the latest request and processes; "*" in the text stands for its id. */
void answer(struct stage *s, unsigned server, const char *text);
/* The same, but the client does not look yet. */
void answer_raw(struct fake *f, const char *text);

/* Looks at the next event. */
const struct event_seen *event(struct stage *s, enum disc_event_kind kind);
void assert_no_event(struct stage *s);

#endif

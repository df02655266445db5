/* A stage with one watch of "web": what the scripted servers are asked and what they push.
 * In all texts "*" stands for the id of the latest request, "$" for the subscription's
 * token and "@" for the sender's cid. Every function fails the test by itself. */
#ifndef DISC_TESTS_CLIENT_WATCHING_H
#define DISC_TESTS_CLIENT_WATCHING_H

#include "fake.h"

struct watch_seen {
    enum disc_watch_kind kind;
    int watch, code;
    char server[32], why[24], words[300];
};

enum { SEEN_MAX = 256 };

struct watching {
    struct stage s;
    int watch;
    char token[17];
    struct watch_seen seen[SEEN_MAX];
    size_t seen_count, seen_looked_at;
};

/* Begins with nothing sent. `spec` and `options` may be NULL; the spec's service, callback
 * and context are set here. */
void watching_open(struct watching *w, unsigned servers, const struct disc_watch_spec *spec,
                   const struct disc_options *options);
/* The same, subscribed and with the list of two, see TWO; nothing is left to look at. */
void watching_open_live(struct watching *w, unsigned servers, const struct disc_watch_spec *spec);
void watching_close(struct watching *w);

#define SUB "disc/1 sub id=* cid=@ tok=$ svc=web from="
#define SUB_OK "disc/1 ok id=* ep=00000001 sub=31 seq=102 lease=60 ren=18000 full=1 frag=1\n"
#define PUSH "disc/1 push sub=31 tok=$ ep=00000001 "
#define ONE "=web-1 a=10.0.0.1 p=8080 w=100 q=0 s=up"
#define TWO PUSH "seq=102 full=1 n=2\n" ONE "\n=web-2 a=10.0.0.2 p=8080 w=100 q=0 s=up\n"
#define ACK "disc/1 ack id=$ sub=31 tok=$ seq="

/* The next datagram at this server is this one (without its line end). A `sub` brings the
 * token that holds from now on. */
void hear(struct watching *w, unsigned server, const char *text);
/* Sends this to where the latest request came from, and processes. */
void say(struct watching *w, unsigned server, const char *text);

/* The list as "web-1 web-2", its freshness and what else there is. */
void assert_list(struct watching *w, enum disc_freshness freshness, const char *ids);
struct disc_list list_of(struct watching *w);

const struct watch_seen *seen(struct watching *w, enum disc_watch_kind kind);
void assert_nothing_seen(struct watching *w);

#endif

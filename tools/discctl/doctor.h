/* discctl doctor: what on this machine keeps the server's names from being found.
 *
 * doctor.c is the verb and prints what was found; the other files look: _server at what the
 * server says of itself, _files at resolv.conf and systemd-resolved, _switch at
 * nsswitch.conf, _names at the servers that answer (with _ask, a small DNS client), _ports
 * at who listens. _recipes has the lines to add to a resolver. They share one struct doctor
 * and put their findings into it. Files are read below a root that can be another folder
 * than "/"; what comes from there and from the network is taken as it is: bounded, and
 * never trusted.
 */
#ifndef DISCCTL_DOCTOR_H
#define DISCCTL_DOCTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "discctl.h"

enum {
    DOCTOR_ADDRESS_MAX = 64,
    DOCTOR_ENDPOINTS_MAX = 8,
    DOCTOR_NAMESERVERS_MAX = 3, /* glibc uses no more */
    DOCTOR_FILE_MAX = 65536,    /* bytes that are read of a file */
    DOCTOR_NAME_MAX = 254,
    DOCTOR_WORDS_MAX = 1024,
    DOCTOR_ZONES_MAX = 8,
};

enum doctor_state { DOCTOR_OK, DOCTOR_PROBLEM, DOCTOR_NOT_APPLICABLE };

/* Who can be told where a zone is. */
enum doctor_peer {
    DOCTOR_RESOLVED,
    DOCTOR_UNBOUND,
    DOCTOR_BIND,
    DOCTOR_DNSMASQ,
    DOCTOR_KNOT_RESOLVER,
    DOCTOR_COREDNS,
    DOCTOR_GLIBC, /* resolv.conf, with the server on port 53 */
    DOCTOR_PEERS,
};

struct doctor_endpoint {
    char address[DOCTOR_ADDRESS_MAX]; /* numeric, without brackets */
    int port;
};

struct doctor {
    const struct arguments *arguments;
    const char *root;           /* without a slash at its end; "" = this machine's own files */
    char zone[DOCTOR_NAME_MAX]; /* the one to look for; "" = those of the server */
    int timeout_ms;             /* of one question */
    json_t *checks;             /* the findings, in order */
    unsigned problems;
    bool route_missing; /* a resolver has to be told */
    /* the server, as it describes itself; else the defaults */
    json_t *status; /* NULL = it did not answer */
    bool remote;    /* it is asked on another machine */
    struct doctor_endpoint servers[DOCTOR_ENDPOINTS_MAX];
    size_t server_count;
    /* this machine */
    char nameservers[DOCTOR_NAMESERVERS_MAX][DOCTOR_ADDRESS_MAX];
    size_t nameserver_count;
    bool resolved;         /* systemd-resolved answers for this machine */
    bool routed;           /* a nameserver was seen to answer for the zone looked at */
    unsigned peers_inside; /* 1 << enum doctor_peer: runs here, or is configured here */
};

/* Adds a finding. `zone` and `todo` (what to do) may be NULL; the words are printf's. */
void doctor_say(struct doctor *d, const char *check, const char *zone, enum doctor_state state,
                const char *todo, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* ---- the server ----------------------------------------------------------------- */

/* Fills status, remote and servers. */
void doctor_ask_status(struct doctor *d);
/* The zones to look for, at least one; the names last as long as `d`. */
size_t doctor_choose_zones(const struct doctor *d, const char *zones[DOCTOR_ZONES_MAX]);
bool doctor_is_name(const char *zone);
bool doctor_is_loopback(const char *address);

/* ---- files ---------------------------------------------------------------------- */

/* The text of a file below the root, at most DOCTOR_FILE_MAX bytes; to be freed. NULL when
 * it cannot be read. Symbolic links are followed inside the root. */
char *doctor_read(const struct doctor *d, const char *path);
bool doctor_exists(const struct doctor *d, const char *path);
/* "ROOT/path" in `out`; false when it does not fit. */
bool doctor_path(const struct doctor *d, const char *path, char *out, size_t size);

/* resolv.conf, and whether systemd-resolved runs; done before all others. */
void doctor_look_at_machine(struct doctor *d);
/* nsswitch.conf with nss-mdns, and systemd-resolved's routing; after doctor_ask_around. */
void doctor_check_switch(struct doctor *d, const char *zone);
void doctor_check_resolved(struct doctor *d, const char *zone);

/* Is `name` `zone`, or below it? Both may end in a dot; ASCII case does not matter. */
bool doctor_is_below(const char *name, const char *zone);

/* ---- questions ------------------------------------------------------------------ */

enum { DOCTOR_TYPE_A = 1, DOCTOR_TYPE_SOA = 6 };

struct doctor_reply {
    int error; /* errno; ETIMEDOUT = silence; 0 = the rest is there */
    int rcode;
    bool authoritative, truncated;
    unsigned records; /* of the type asked for, in the answer */
};

/* One question over UDP, asked twice at most. */
struct doctor_reply doctor_ask(const struct doctor_endpoint *to, const char *name, uint16_t type,
                               int timeout_ms);
/* "NXDOMAIN", "no answer", "nobody listens there" ... */
const char *doctor_reply_text(const struct doctor_reply *reply);

/* The server's own addresses, then each nameserver of resolv.conf. */
void doctor_ask_server(struct doctor *d, const char *zone);
void doctor_ask_around(struct doctor *d, const char *zone);

/* ---- ports ---------------------------------------------------------------------- */

/* Who listens on 53 and on the server's ports; also fills peers_inside. */
void doctor_check_ports(struct doctor *d);

/* ---- recipes -------------------------------------------------------------------- */

/* By the word after --for; DOCTOR_PEERS when there is none of that name. */
enum doctor_peer doctor_peer_named(const char *word);
const char *doctor_peer_words(void); /* "resolved, unbound, ..." */

/* {"for", "file", "lines": [...], "then"}: what to write where, so that `peer` asks
 * `server` for `zone`. */
json_t *doctor_recipe(enum doctor_peer peer, const char *zone,
                      const struct doctor_endpoint *server);

#endif

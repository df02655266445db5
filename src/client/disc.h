/* libdisc: registers services with discd and keeps them registered; watches services and
 * chooses among their instances (protocol disc/1).
 *
 * Link -ldisc, or drop src/client/ into your tree and compile all of its .c files; a
 * program that only registers needs of it disc.h, disc_inside.h, disc.c and disc_wire.c.
 * libc only; keyed mode is compiled in with -DDISC_KEYED and then needs libcrypto
 * (OpenSSL 3). Knows nothing of DNS and HTTP: a program that looks a service up now and
 * then asks its resolver; one that balances by itself watches.
 *
 * A program that stays registered while it runs (bind and listen first, so that the
 * port is really yours):
 *
 *     struct disc_options options = DISC_OPTIONS_INIT;
 *     struct disc_spec spec = DISC_SPEC_INIT;
 *     spec.service = "hello-svc";
 *     spec.ports = "8080";
 *     struct disc *d = disc_new(&options);
 *     disc_add_server(d, "127.0.0.1:5310");
 *     disc_register(d, &spec);
 *     disc_run(d, &stop);             (a volatile sig_atomic_t set by SIGTERM)
 *     disc_close(d, 1500);            (says goodbye, waits 1.5 s for the answer)
 *
 * A program that calls a service, and is told of each change within milliseconds:
 *
 *     struct disc_watch_spec spec = DISC_WATCH_SPEC_INIT;
 *     spec.service = "hello-svc";
 *     spec.zone = "rack-7";
 *     spec.cache = "/var/cache/hello";   (a list to start with while no server answers)
 *     int watch = disc_watch(d, &spec);
 *     ...
 *     struct disc_choice choice = {DISC_NEAREST, "http", NULL, 0};
 *     struct disc_picked picked;
 *     if (disc_pick(d, watch, &choice, &picked) == DISC_OK)
 *         connect to picked.addr, picked.port
 *
 * A program with a loop of its own: wait with poll(2) on disc_pollfds() for at most
 * disc_timeout_ms(), then call disc_process().
 *
 * Units: times are milliseconds of any clock that does not jump; the functions without
 * a `now` argument read CLOCK_MONOTONIC. One struct disc must see one clock only.
 * Ownership: everything handed in is copied before the call returns. Strings handed
 * out (events, replies) belong to the library and live as long as is said there.
 * Threads: none inside, and no locks: use one struct disc from one thread at a time.
 * Different ones are independent. Nothing blocks except disc_add_server() with a name
 * (getaddrinfo; numeric addresses never block), disc_call(), disc_find(), disc_run() and
 * disc_close(); a cache file is read by disc_watch() and written by disc_process().
 * No signals, no globals, no output.
 *
 * With several servers each is independent: every instance is registered at all of
 * them, and each has a state of its own. A watch is at one of them, and goes to the next
 * when that one is silent.
 */
#ifndef DISC_H
#define DISC_H

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define DISC_ZERO_INIT                                                                             \
    {                                                                                              \
    }
#else
#define DISC_ZERO_INIT                                                                             \
    {                                                                                              \
        0                                                                                          \
    }
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum {
    DISC_SERVERS_MAX = 8,
    DISC_DATAGRAM_MAX = 1232, /* bytes, both ways */
    DISC_METADATA_MAX = 16,
    DISC_PORT = 5310, /* where no port is given */
    DISC_LEASE_STATIC = -1,
};

/* ---- results ------------------------------------------------------------------- */

enum disc_result {
    DISC_OK = 0,
    DISC_REFUSED,   /* the server said no; its words are in the reply or event */
    DISC_NO_ANSWER, /* silence until the timeout, or nothing listens there */
    DISC_INVALID,   /* an argument makes no sense */
    DISC_TOO_BIG,   /* the registration does not fit in one datagram */
    DISC_MEMORY,
    DISC_SYSTEM,      /* a system call failed, see errno */
    DISC_UNRESOLVED,  /* the server's name has no address */
    DISC_UNSUPPORTED, /* keyed mode is not compiled in */
    DISC_NO_INSTANCE, /* nothing to choose from */
};

/* One English sentence without a full stop; never NULL, static storage. */
const char *disc_result_text(enum disc_result result);

/* What a refusal means and what to do about it, by code and word ("403", "owner").
 * Never NULL, static storage. */
const char *disc_refusal_text(int code, const char *why);

/* ---- what is registered ---------------------------------------------------------- */

struct disc_pair {
    const char *key, *value;
};

/* Begin with DISC_SPEC_INIT. NULL (numbers: what DISC_SPEC_INIT holds) leaves a field
 * to the server's default. Values are plain text; the library encodes them. */
struct disc_spec {
    const char *ns;       /* namespace; "default" */
    const char *service;  /* required */
    const char *instance; /* NULL: the server names it after its address and port */
    const char *addrs;    /* "10.0.0.7,2001:db8::7"; NULL: see disc_options.subnet */
    const char *ports;    /* required: "8080", "http:8080,dns:53/udp", or "-" for none */
    const char *status;   /* up, starting, draining, down */
    const char *version, *zone, *region, *cluster;
    const char *tags;  /* "blue,canary" */
    const char *group; /* lease group: its members renew one another */
    struct disc_pair metadata[DISC_METADATA_MAX];
    size_t metadata_count;
    int weight;   /* 0-65535; -1 = default (100) */
    int priority; /* 0-32767; -1 = default (0) */
    int lease_s;  /* wish in seconds; 0 = default; DISC_LEASE_STATIC = for ever */
    int ttl_s;    /* wish for the DNS TTL, 0-300; -1 = none */
    uint64_t rev; /* last writer wins; 0 = the server counts. Where you count, the library
                     goes on from the server's when yours is behind */
};

#define DISC_SPEC_INIT                                                                             \
    {                                                                                              \
        .weight = -1, .priority = -1, .ttl_s = -1                                                  \
    }

/* ---- events ---------------------------------------------------------------------- */

enum disc_event_kind {
    DISC_EVENT_REGISTERED, /* this server has the instance (again) */
    DISC_EVENT_LOST,       /* this server is silent, or has forgotten it; we go on trying */
    DISC_EVENT_FAILED,     /* this server refuses; see `retry_ms` */
    DISC_EVENT_LEFT,       /* deregistered, or given up doing so (`code` or words say) */
};

/* Valid during the callback only. */
struct disc_event {
    enum disc_event_kind kind;
    int handle;
    const char *server; /* as it was given to disc_add_server() */
    const char *service;
    const char *instance; /* "" while the server has not named it */
    const char *address;  /* as registered; "" when unknown */
    int code;             /* of a refusal, else 0 */
    const char *why;      /* the refusal's word, else "" */
    const char *words;    /* one sentence for people; the refusal with its reason */
    int64_t retry_ms;     /* when we try again; -1 = not before disc_update() */
};

/* May call disc_register, disc_update, disc_deregister, disc_watch, disc_unwatch, disc_get
 * and disc_pick, nothing else of here. */
typedef void disc_event_function(void *context, const struct disc_event *event);

/* ---- a client -------------------------------------------------------------------- */

/* Begin with DISC_OPTIONS_INIT (all zero). */
struct disc_options {
    /* The address to register where spec.addrs is NULL, first that there is:
     * an interface's inside `subnet` ("10.1.0.0/16"; none there: disc_register fails) ·
     * $POD_IP · the socket's own towards the server, unless it is loopback · none:
     * the server takes the datagram's source. */
    const char *subnet;
    const char *key_id; /* keyed mode; NULL = none */
    const void *secret; /* 16-64 bytes */
    size_t secret_size;
    uint32_t drain_ms;          /* at deregistration: first say `draining`, wait so long */
    uint64_t seed;              /* 0 = random numbers from getrandom(2); else reproducible */
    disc_event_function *event; /* may be NULL */
    void *context;
};

#define DISC_OPTIONS_INIT DISC_ZERO_INIT

struct disc;

/* NULL with errno set: ENOMEM, EINVAL (key without secret, secret of a wrong size),
 * ENOTSUP (key, but keyed mode is not compiled in). */
struct disc *disc_new(const struct disc_options *options);

/* Forgets everything without a word to the servers: leases run out. NULL is fine. */
void disc_free(struct disc *d);

/* "HOST", "HOST:PORT", "[V6]", "[V6]:PORT". Of several addresses of a name the next one
 * is tried when one does not answer. Instances already registered are registered there
 * too. DISC_INVALID (also: too many) · DISC_UNRESOLVED · DISC_SYSTEM. */
enum disc_result disc_add_server(struct disc *d, const char *server);

/* A handle (> 0; never given out twice), or the negative of an enum disc_result:
 * INVALID, TOO_BIG, MEMORY. Sending begins with the next disc_process(). */
int disc_register(struct disc *d, const struct disc_spec *spec);

/* Replaces all that was said of the instance; namespace, service and instance must be
 * the same. INVALID · TOO_BIG · MEMORY. */
enum disc_result disc_update(struct disc *d, int handle, const struct disc_spec *spec);

/* Begins the goodbye (see drain_ms); the handle is gone after DISC_EVENT_LEFT of every
 * server. DISC_INVALID: no such handle. */
enum disc_result disc_deregister(struct disc *d, int handle);

/* How many instances there are, those that are leaving included. */
size_t disc_count(const struct disc *d);

/* How many of the servers have it as registered. */
unsigned disc_registered(const struct disc *d, int handle);

/* ---- the loop ------------------------------------------------------------------- */

/* Fills at most `max` entries; returns how many there are (one for each server, the
 * same until the next disc_add_server()). For poll(2); with epoll ask and add again after
 * a silence, since sockets are replaced then under the same number. */
size_t disc_pollfds(const struct disc *d, struct pollfd *out, size_t max);

/* Until when disc_process() has nothing to do by itself; -1 = for ever. */
int disc_timeout_ms(const struct disc *d, uint64_t now_ms);

/* Reads what arrived, sends what is due. Never blocks. */
void disc_process(struct disc *d, uint64_t now_ms);

uint64_t disc_now_ms(void); /* CLOCK_MONOTONIC */

/* Loops until *stop is not 0 (looked at after each signal, and twice a second). */
void disc_run(struct disc *d, const volatile sig_atomic_t *stop);

/* Unwatches and deregisters everything, waits at most so long (and drain_ms) for the answers,
 * frees. DISC_OK: every server said yes. DISC_NO_ANSWER: not all did; leases run out. */
enum disc_result disc_close(struct disc *d, int timeout_ms);

/* ---- watching a service --------------------------------------------------------------- */

/* What to do when a list that had instances goes empty. */
enum disc_empty {
    DISC_EMPTY_GUARDED = 0, /* keep the last one while the server doubts its own network */
    DISC_EMPTY_KEPT,        /* keep it until there are instances again */
    DISC_EMPTY_BELIEVED,    /* never keep it */
};

enum disc_watch_kind {
    DISC_WATCH_CHANGED, /* what disc_get and disc_pick give is another list now */
    DISC_WATCH_LIVE,    /* a server tells us of changes (again), `server` */
    DISC_WATCH_SILENT,  /* no server does; the list is kept, and we go on trying */
    DISC_WATCH_REFUSED, /* `server` refuses, see `code`, `why` and `words`; so do we */
};

/* Valid during the callback only. */
struct disc_watch_event {
    enum disc_watch_kind kind;
    int watch;
    const char *ns, *service;
    const char *server; /* as it was given to disc_add_server(); "" from the cache */
    int code;           /* of a refusal, else 0; 413: the list is too large for datagrams */
    const char *why;    /* the refusal's word, else "" */
    const char *words;  /* one sentence for people */
};

/* May call the same functions as a disc_event_function. */
typedef void disc_watch_function(void *context, const struct disc_watch_event *event);

/* Begin with DISC_WATCH_SPEC_INIT (all zero). */
struct disc_watch_spec {
    const char *ns;            /* namespace; NULL = "default" */
    const char *service;       /* required */
    const char *zone, *region; /* where this program is, for DISC_NEAREST; NULL = anywhere */
    const char *cache;         /* a folder that exists, for the last list; NULL = none */
    enum disc_empty empty;
    int lease_s;                  /* how long a server may miss us, 10-300; 0 = its default */
    disc_watch_function *changed; /* may be NULL */
    void *context;
};

#define DISC_WATCH_SPEC_INIT DISC_ZERO_INIT

/* A handle (> 0; never given out twice), or the negative of an enum disc_result: INVALID,
 * MEMORY. A list from the cache is there at once; subscribing begins with the next
 * disc_process(). The cache file is "SERVICE@NS.disc", mode 0600, written at most once a
 * second; one that is damaged, or not this user's, is not read. */
int disc_watch(struct disc *d, const struct disc_watch_spec *spec);

/* Says goodbye to the server, once and without waiting. DISC_INVALID: no such handle. */
enum disc_result disc_unwatch(struct disc *d, int watch);

enum disc_status { DISC_UP, DISC_STARTING, DISC_DRAINING, DISC_DOWN };

struct disc_port {
    const char *name; /* "" = none */
    uint16_t number;
    const char *protocol; /* "tcp", "udp", "sctp" */
};

/* Strings are decoded UTF-8, "" where nothing is said; never NULL. */
struct disc_instance {
    const char *id;
    const char *const *addrs; /* 1 to 8, IPv6 without brackets */
    size_t addr_count;
    const struct disc_port *ports; /* 0 to 8, the first is the default */
    size_t port_count;
    unsigned weight;   /* 0-65535; 0 = only when all are 0 */
    unsigned priority; /* 0-32767; the lowest first */
    enum disc_status status;
    int stale; /* it has not renewed, but the server keeps it for the time being */
    const char *zone, *region, *cluster, *version;
    const char *const *tags;
    size_t tag_count;
    const struct disc_pair *metadata;
    size_t metadata_count; /* 0 to 64 */
    int cut; /* metadata, tags or more was left out: too long for a datagram, or too much */
};

/* How good a list is, worst first. */
enum disc_freshness {
    DISC_NONE,   /* there is no list yet */
    DISC_CACHED, /* of an earlier run, from the cache file */
    DISC_KEPT,   /* no server answers now; or see `held` */
    DISC_LIVE,   /* a server tells us of each change */
};

struct disc_list {
    const struct disc_instance *instances; /* by id; those that are not up as well */
    size_t count;
    enum disc_freshness freshness;
    uint64_t age_ms; /* since a server last confirmed it; 0 for DISC_LIVE */
    uint64_t index;  /* the service's change index at the server; 0 = not known */
    int guarded;     /* the server keeps instances it no longer hears of */
    int held;        /* the server's list is empty, this is the one before: see disc_empty */
};

/* The list at `now_ms` (the clock of disc_process). It is valid until the next disc_process()
 * or disc_unwatch(). DISC_INVALID: no such handle · DISC_MEMORY (in both cases *out is
 * an empty list). */
enum disc_result disc_get(struct disc *d, int watch, uint64_t now_ms, struct disc_list *out);

/* ---- choosing an instance ------------------------------------------------------------- */

/* Among the instances that are up: not stale before stale, then of the lowest priority,
 * then of weight above 0; the others only where none is left. */
enum disc_policy {
    DISC_ROUND_ROBIN, /* each in turn; begins at a random one */
    DISC_RANDOM,      /* each as likely as the others */
    DISC_WEIGHTED,    /* in proportion to the weights, evenly interleaved */
    DISC_NEAREST,     /* of our zone, else of our region, else all; then as DISC_WEIGHTED */
};

struct disc_choice {
    enum disc_policy policy;
    const char *port; /* only instances with a port of this name, and that one; NULL = default */
    /* The same key chooses the same instance as long as that is there, in every program and
     * in proportion to the weights; an instance that leaves moves only its own keys. Of the
     * policy then only DISC_NEAREST counts. NULL = none. */
    const void *key;
    size_t key_size;
};

struct disc_picked {
    const struct disc_instance *instance; /* valid as long as a list of disc_get() */
    const char *addr;                     /* the first */
    uint16_t port;                        /* 0: the instance has none */
    const char *protocol;                 /* "" with port 0 */
};

/* O(instances), no allocation. `choice` NULL: round robin. INVALID: no such handle ·
 * NO_INSTANCE: none is up (or has the port), or there is no list yet; *out is then empty. */
enum disc_result disc_pick(struct disc *d, int watch, const struct disc_choice *choice,
                           struct disc_picked *out);

/* For a program without a loop: asks one server for the list, waits at most so long, and
 * unsubscribes. On DISC_OK *out is a client with the list under *watch, for disc_get and
 * disc_pick, to be freed with disc_free(). Without an answer the cached list is taken where
 * there is one (DISC_OK; the list says it). Else *out is NULL: NO_ANSWER · REFUSED · and
 * all that disc_add_server and disc_watch return. `options` may be NULL. */
enum disc_result disc_find(const struct disc_options *options, const char *server,
                           const struct disc_watch_spec *spec, int timeout_ms, struct disc **out,
                           int *watch);

/* ---- one request ---------------------------------------------------------------- */

struct disc_reply {
    int code; /* 0 = ok */
    char why[24];
    char instance[64];
    char address[400]; /* up to 8, with commas */
    uint32_t lease_s, renew_ms;
    uint64_t rev;
    char text[DISC_DATAGRAM_MAX + 1]; /* the whole reply */
};

/* The decoded value of a parameter of the reply's first line. False: not there, or
 * longer than `size` - 1. */
int disc_reply_param(const struct disc_reply *reply, const char *key, char *out, size_t size);

/* One request and its answer, a challenge and repetitions included. `verb`: hello, reg,
 * ren, upd, del, get. `spec` may be NULL for hello; for upd its NULL fields stay as they
 * are; for ren, upd, del and get `instance`, else `ports` (and `addrs`), name the instance.
 * ren and del without a service but with `group` mean the group. `options` may be NULL.
 * OK · REFUSED · NO_ANSWER · and all that disc_add_server and disc_register return. */
enum disc_result disc_call(const struct disc_options *options, const char *server, const char *verb,
                           const struct disc_spec *spec, int timeout_ms, struct disc_reply *out);

#ifdef __cplusplus
}
#endif
#endif

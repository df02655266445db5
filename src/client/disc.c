/* libdisc; disc.h says what it does. Sections: words, sockets, the address to
 * register, encoding, replies, events, the state machine, the loop, the public functions,
 * one request. */
#include "disc_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    NAME_MAX_SIZE = 64, /* a DNS label and NUL */
    SECRET_MIN = 16,
    STALE_MAX = 5,     /* revisions lost in a row before we call it a quarrel */
    RECEIVE_MAX = 256, /* datagrams of one server in one turn */
    GROUP_ROUNDS = 10, /* a group's member renews by itself at least so often */
};

/* What follows each send: the next retry, or the end of the round. With a short interval
 * all of it is shorter (so many sixths of the interval at most), so that several rounds
 * fit a lease, whatever it is. */
static const unsigned patience_ms[SENDS] = DISC_PATIENCE_MS;
static const unsigned patience_sixths[SENDS] = {1, 2, 4, 4};
enum { AGAIN_SIXTHS = 2 };

static const uint64_t never = DISC_NEVER;

enum state {
    REGISTERING,
    ACTIVE,
    FAILED,   /* refused; from `due` on again */
    DRAINING, /* `upd st=draining` on its way, */
    DRAINED,  /* and said */
    LEAVING,  /* `del` on its way */
    ONCE,     /* one request of disc_call */
    DONE,
};

/* One instance at one server. At most one request is on its way. */
struct task {
    enum state state;
    uint64_t due; /* retry, next renewal, or end of a pause */
    /* the request on its way */
    bool waiting; /* for a reply with this id */
    char id[ID_SIZE + 1];
    unsigned sends, challenges;
    bool replayed;            /* "425 replay" was already answered once */
    uint64_t n_first, n_last; /* the numbers used for it (keyed mode) */
    uint64_t begun_ms;
    /* what is known of the server */
    bool spoken;     /* it may have the instance */
    bool registered; /* it has */
    bool complained; /* silence or overload was reported */
    unsigned stale;
    uint64_t renew_ms;
    uint64_t renewed_ms; /* by this task's own request */
    char name[NAME_MAX_SIZE];
    char address[sizeof(((struct disc_reply *)0)->address)];
};

/* The instance's parameters, encoded, each with a space in front; "" = none. */
struct parts {
    char *where;   /* ns= svc= */
    char *name;    /* inst= */
    char *address; /* addr= */
    char *port;
    char *fields; /* what reg and upd take */
    char *terms;  /* what only reg takes */
};

struct instance {
    int handle;
    bool leaving;
    char *service, *id, *group; /* plain; id and group NULL when not given */
    struct parts parts;
    uint64_t rev;
    struct task *tasks; /* one for each server */
};

/* Of disc_call. */
struct once {
    const char *verb;
    enum disc_result result;
    struct disc_reply *reply;
};

/* ---- words ----------------------------------------------------------------------- */

const char *disc_result_text(enum disc_result result)
{
    switch (result) {
    case DISC_OK: return "done";
    case DISC_REFUSED: return "the server refused";
    case DISC_NO_ANSWER: return "no answer from the server";
    case DISC_INVALID: return "an argument makes no sense";
    case DISC_TOO_BIG: return "the registration does not fit in one datagram: shorten the metadata";
    case DISC_MEMORY: return "out of memory";
    case DISC_SYSTEM: return strerror(errno);
    case DISC_UNRESOLVED: return "the server's name has no address";
    case DISC_UNSUPPORTED: return "built without keyed mode";
    case DISC_NO_INSTANCE: return "no instance of the service can be used";
    }
    return "unknown result";
}

struct refusal {
    int code;
    const char *why; /* "" = any */
    const char *text;
};

static const struct refusal refusals[] = {
    {400, "", "the server does not understand the request"},
    {401, "", "the key is unknown, expired, or its secret is another one: check key and secret"},
    {403, "acl", "this sender may not do that: it needs a key with a grant for it"},
    {403, "owner",
     "another sender registered this instance: choose another instance id, use its "
     "key, or wait until its lease has run out"},
    {403, "addr",
     "this sender may not advertise that address: leave the address out, or use a key "
     "that may"},
    {404, "", "the server does not know it, or its lease ran out: register it"},
    {409, "stale", "the server has a newer revision: use a larger one"},
    {409, "resync", "the server's idea of the group is another one: register all its members"},
    {409, "name", "the name belongs to a static record or to another service: choose another"},
    {413, "usetcp", "the answer is too large for datagrams: ask over HTTP"},
    {413, "", "too large for the server: shorten it"},
    {422, "port0", "port 0 cannot be registered: use the port that the program listens on"},
    {422, "loopback", "a loopback address is of no use to others: register another one"},
    {422, "family", "the unspecified address is of another family than the sender's"},
    {422, "", "the server does not accept the value"},
    {425, "", "the message was seen before: check the clocks, or that the sender id is unique"},
    {429, "", "too many requests: wait"},
    {503, "disk", "in force, but not stored: repeat it, and look at the server's log"},
    {503, "readonly", "the server takes no registrations now: look at its log"},
    {503, "", "the server is overloaded or starting: try again"},
    {505, "", "the server speaks another version of the protocol"},
    {507, "", "a quota of the server is used up: remove instances or raise it"},
};

const char *disc_refusal_text(int code, const char *why)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *r = &refusals[i];
        if (r->code == code && (!*r->why || strcmp(r->why, why ? why : "") == 0))
            return r->text;
    }
    return "refused";
}

/* ---- sockets ---------------------------------------------------------------------- */

/* Cuts "HOST:PORT" in place. */
static bool split_server(char *text, char **host, char **port)
{
    char *colon = NULL;
    *host = text;
    *port = NULL;
    if (*text == '[') {
        char *end = strchr(text, ']');
        if (!end || (end[1] && end[1] != ':'))
            return false;
        *host = text + 1;
        colon = end[1] ? end + 1 : NULL;
        *end = 0;
    } else if (strchr(text, ':') == strrchr(text, ':')) {
        colon = strchr(text, ':');
    }
    if (colon) {
        *colon = 0;
        *port = colon + 1;
        if (!**port || strspn(*port, "0123456789") != strlen(*port) || strlen(*port) > 5 ||
            atoi(*port) < 1 || atoi(*port) > 65535)
            return false;
    }
    return **host != 0;
}

static enum disc_result resolve(struct server *server, const char *text)
{
    char copy[300], *host, *port;
    if (strlen(text) >= sizeof(copy))
        return DISC_INVALID;
    disc_copy_text(copy, sizeof(copy), text);
    if (!split_server(copy, &host, &port))
        return DISC_INVALID;
    char default_port[8];
    snprintf(default_port, sizeof(default_port), "%d", DISC_PORT);
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV}, *list;
    int e = getaddrinfo(host, port ? port : default_port, &hints, &list);
    if (e)
        return e == EAI_MEMORY ? DISC_MEMORY : DISC_UNRESOLVED;
    for (struct addrinfo *i = list; i && server->count < ADDRESSES_MAX; i = i->ai_next) {
        memcpy(&server->addresses[server->count], i->ai_addr, i->ai_addrlen);
        server->sizes[server->count++] = i->ai_addrlen;
    }
    freeaddrinfo(list);
    return server->count ? DISC_OK : DISC_UNRESOLVED;
}

static int open_socket(const struct sockaddr_storage *address, socklen_t size)
{
    int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* connected: the kernel drops what comes from anybody else */
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, size) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void disc_reconnect(struct server *server)
{
    for (unsigned tried = 0; tried < server->count; tried++) {
        server->at = (server->at + 1) % server->count;
        int fd = open_socket(&server->addresses[server->at], server->sizes[server->at]);
        if (fd < 0)
            continue;
        server->opened++;
        if (server->fd < 0) {
            server->fd = fd;
        } else {
            (void)dup3(fd, server->fd, O_CLOEXEC);
            close(fd);
        }
        return;
    }
}

/* Loss is what retries are for: errors are not looked at. But an earlier datagram's
 * "connection refused" keeps this one from being sent: hence twice. */
void disc_send(const struct server *server, const struct writer *w)
{
    if (server->fd < 0)
        return;
    if (send(server->fd, w->s, w->n, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED)
        (void)!send(server->fd, w->s, w->n, MSG_NOSIGNAL);
}

/* ---- the address to register --------------------------------------------------------- */

static const void *address_bytes(const struct sockaddr *address, size_t *size)
{
    if (address->sa_family == AF_INET) {
        *size = 4;
        return &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    }
    *size = 16;
    return &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
}

/* Of no use to others, whatever the route. */
static bool is_local(const struct sockaddr *address)
{
    struct in6_addr v6;
    size_t size;
    const unsigned char *b = address_bytes(address, &size);
    if (size == 4)
        return b[0] == 127 || b[0] == 0;
    memcpy(&v6, b, sizeof(v6));
    return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_LINKLOCAL(&v6) ||
           IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_V4MAPPED(&v6);
}

struct cidr {
    int family;
    unsigned char bytes[16];
    unsigned prefix;
};

static bool read_cidr(const char *text, struct cidr *out)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    if (!slash || (size_t)(slash - text) >= sizeof(address))
        return false;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = 0;
    out->family = strchr(address, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(out->family, address, out->bytes) != 1)
        return false;
    char *end;
    unsigned long prefix = strtoul(slash + 1, &end, 10);
    if (slash[1] < '0' || slash[1] > '9' || *end || prefix > (out->family == AF_INET ? 32 : 128))
        return false;
    out->prefix = (unsigned)prefix;
    return true;
}

static bool cidr_has(const struct cidr *cidr, const struct sockaddr *address)
{
    if (address->sa_family != cidr->family)
        return false;
    size_t size;
    const unsigned char *b = address_bytes(address, &size);
    unsigned whole = cidr->prefix / 8, rest = cidr->prefix % 8;
    if (memcmp(b, cidr->bytes, whole) != 0)
        return false;
    return rest == 0 || ((b[whole] ^ cidr->bytes[whole]) >> (8 - rest)) == 0;
}

/* The first interface address inside; false when there is none. */
static bool address_in_subnet(const char *subnet, char out[INET6_ADDRSTRLEN])
{
    struct cidr cidr;
    struct ifaddrs *list;
    if (!read_cidr(subnet, &cidr) || getifaddrs(&list) != 0)
        return false;
    bool found = false;
    for (struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
        size_t size;
        if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || !cidr_has(&cidr, i->ifa_addr))
            continue;
        const void *bytes = address_bytes(i->ifa_addr, &size);
        found = inet_ntop(cidr.family, bytes, out, INET6_ADDRSTRLEN) != NULL;
    }
    freeifaddrs(list);
    return found;
}

static bool address_of_pod(char out[INET6_ADDRSTRLEN])
{
    const char *ip = getenv("POD_IP");
    unsigned char bytes[16];
    if (!ip || (inet_pton(AF_INET, ip, bytes) != 1 && inet_pton(AF_INET6, ip, bytes) != 1))
        return false;
    disc_copy_text(out, INET6_ADDRSTRLEN, ip);
    return true;
}

/* Right for the route to this server, whatever interfaces there are. */
static bool address_of_socket(int fd, char out[INET6_ADDRSTRLEN])
{
    struct sockaddr_storage own;
    socklen_t size = sizeof(own);
    size_t n;
    const struct sockaddr *address = (const struct sockaddr *)&own;
    if (fd < 0 || getsockname(fd, (struct sockaddr *)&own, &size) != 0 || is_local(address))
        return false;
    return inet_ntop(own.ss_family, address_bytes(address, &n), out, INET6_ADDRSTRLEN) != NULL;
}

/* ---- encoding ------------------------------------------------------------------------ */

static void parts_free(struct parts *parts)
{
    free(parts->where);
    free(parts->name);
    free(parts->address);
    free(parts->port);
    free(parts->fields);
    free(parts->terms);
    *parts = (struct parts){0};
}

/* What was written, as a string of its own; the writer is empty again. */
static char *take(struct writer *w)
{
    char *text = strndup(w->s, w->n);
    w->n = 0;
    return text;
}

static bool is_metadata_key(const char *key)
{
    static const char more[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    return key && *key >= 'a' && *key <= 'z' && strlen(key) <= 32 &&
           strspn(key, more) == strlen(key);
}

static void put_metadata(struct writer *w, const struct disc_spec *spec)
{
    for (size_t i = 0; i < spec->metadata_count; i++) {
        char key[40];
        snprintf(key, sizeof(key), "m.%s", spec->metadata[i].key);
        disc_put_param(w, key, spec->metadata[i].value ? spec->metadata[i].value : "");
    }
}

static void put_fields(struct writer *w, const struct disc_spec *spec)
{
    disc_put_param(w, "st", spec->status);
    if (spec->weight >= 0)
        disc_put_number(w, "w", (uint64_t)spec->weight);
    if (spec->priority >= 0)
        disc_put_number(w, "prio", (uint64_t)spec->priority);
    disc_put_param(w, "ver", spec->version);
    disc_put_param(w, "zone", spec->zone);
    disc_put_param(w, "region", spec->region);
    disc_put_param(w, "cluster", spec->cluster);
    disc_put_param(w, "tags", spec->tags);
    if (spec->ttl_s >= 0)
        disc_put_number(w, "ttl", (uint64_t)spec->ttl_s);
    put_metadata(w, spec);
}

static void put_terms(struct writer *w, const struct disc_spec *spec)
{
    if (spec->lease_s == DISC_LEASE_STATIC)
        disc_put_param(w, "lease", "static");
    else if (spec->lease_s > 0)
        disc_put_number(w, "lease", (uint64_t)spec->lease_s);
    disc_put_param(w, "grp", spec->group);
}

static enum disc_result encode(const struct disc_spec *spec, const char *address, struct parts *out)
{
    struct writer w = {0};
    *out = (struct parts){0};
    disc_put_param(&w, "ns", spec->ns);
    disc_put_param(&w, "svc", spec->service);
    out->where = take(&w);
    disc_put_param(&w, "inst", spec->instance);
    out->name = take(&w);
    disc_put_param(&w, "addr", address);
    out->address = take(&w);
    disc_put_param(&w, "port", spec->ports);
    out->port = take(&w);
    put_fields(&w, spec);
    out->fields = take(&w);
    put_terms(&w, spec);
    out->terms = take(&w);
    enum disc_result e = w.full ? DISC_TOO_BIG : DISC_OK;
    if (!out->where || !out->name || !out->address || !out->port || !out->fields || !out->terms)
        e = DISC_MEMORY;
    if (e)
        parts_free(out);
    return e;
}

/* The instance, for a server that may have named it. */
static void put_name(struct writer *w, const struct instance *instance, const struct task *task)
{
    if (*instance->parts.name) {
        disc_put(w, instance->parts.name);
    } else if (*task->name) {
        disc_put_param(w, "inst", task->name);
    } else {
        disc_put(w, instance->parts.address);
        disc_put(w, instance->parts.port);
    }
}

static void put_registration(struct writer *w, const struct server *server,
                             const struct instance *instance, const struct task *task)
{
    const struct parts *parts = &instance->parts;
    char own[INET6_ADDRSTRLEN];
    disc_put(w, parts->where);
    disc_put(w, parts->name);
    if (!*parts->name && *task->name)
        disc_put_param(w, "inst", task->name);
    disc_put(w, parts->address);
    if (!*parts->address && address_of_socket(server->fd, own))
        disc_put_param(w, "addr", own);
    disc_put(w, parts->port);
    disc_put(w, parts->fields);
    disc_put(w, parts->terms);
    if (instance->rev)
        disc_put_number(w, "rev", instance->rev);
}

static const char *verb_of(const struct disc *d, const struct task *task)
{
    switch (task->state) {
    case REGISTERING: return "reg";
    case ACTIVE: return "ren";
    case DRAINING: return "upd";
    case ONCE: return d->once->verb;
    case FAILED:
    case DRAINED:
    case LEAVING:
    case DONE: break;
    }
    return "del";
}

/* A request of disc_call. */
static void put_once(struct writer *w, const char *verb, const struct server *server,
                     const struct instance *instance, const struct task *task)
{
    if (strcmp(verb, "hello") == 0)
        return;
    if (strcmp(verb, "reg") == 0) {
        put_registration(w, server, instance, task);
        return;
    }
    disc_put(w, instance->parts.where);
    if (!instance->service && instance->group)
        disc_put_param(w, "grp", instance->group);
    else
        put_name(w, instance, task);
    if (strcmp(verb, "upd") == 0)
        disc_put(w, instance->parts.fields);
    if (instance->rev && (strcmp(verb, "upd") == 0 || strcmp(verb, "del") == 0))
        disc_put_number(w, "rev", instance->rev);
}

static void put_body(struct writer *w, const struct disc *d, const struct server *server,
                     const struct instance *instance, const struct task *task)
{
    switch (task->state) {
    case ONCE: put_once(w, d->once->verb, server, instance, task); return;
    case REGISTERING: put_registration(w, server, instance, task); return;
    case ACTIVE:
    case DRAINING:
    case LEAVING:
        disc_put(w, instance->parts.where);
        put_name(w, instance, task);
        if (task->state == DRAINING)
            disc_put(w, " st=draining");
        return;
    case FAILED:
    case DRAINED:
    case DONE: return;
    }
}

static void build(struct disc *d, const struct server *server, const struct instance *instance,
                  struct task *task, struct writer *w)
{
    *w = (struct writer){0};
    disc_put(w, "disc/1 ");
    disc_put(w, verb_of(d, task));
    disc_put_param(w, "id", task->id);
    if (*server->cookie)
        disc_put_param(w, "ck", server->cookie);
    if (*d->key_id) {
        disc_put_param(w, "key", d->key_id);
        disc_put_param(w, "cid", d->cid);
        task->n_last = ++d->n;
        disc_put_number(w, "n", task->n_last);
    }
    put_body(w, d, server, instance, task);
    if (*d->key_id)
        disc_sign(d, w);
    disc_put(w, "\n");
}

/* Would the largest request that can come of this fit? */
static bool fits(const struct disc *d, const struct parts *parts)
{
    size_t n = sizeof("disc/1 reg id= ck= rev=18446744073709551615\n") + ID_SIZE + COOKIE_MAX;
    n += strlen(parts->where) + strlen(parts->port) + strlen(parts->fields) + strlen(parts->terms);
    n += *parts->name ? strlen(parts->name) : sizeof(" inst=") + NAME_MAX_SIZE;
    n += *parts->address ? strlen(parts->address) : sizeof(" addr=") + INET6_ADDRSTRLEN;
    if (*d->key_id)
        n += sizeof(" key= cid= n=18446744073709551615") + KEY_ID_MAX + ID_SIZE + MAC_PARAM;
    return n <= DISC_DATAGRAM_MAX;
}

/* ---- replies ------------------------------------------------------------------------- */

/* Is it the answer to what is on its way? */
static bool is_answer(const struct disc *d, const struct task *task, const struct reply *r)
{
    return task->waiting && disc_is_answer(d, r, task->id, task->n_first, task->n_last);
}

/* ---- events -------------------------------------------------------------------------- */

struct news {
    enum disc_event_kind kind;
    int code;
    const char *why, *words;
    int64_t retry_ms;
};

static void tell(struct disc *d, const struct server *server, const struct instance *instance,
                 const struct task *task, struct news news)
{
    if (!d->event || task->state == ONCE)
        return;
    struct disc_event event = {
        .kind = news.kind,
        .handle = instance->handle,
        .server = server->text,
        .service = instance->service,
        .instance = *task->name    ? task->name
                    : instance->id ? instance->id
                                   : "",
        .address = task->address,
        .code = news.code,
        .why = news.why ? news.why : "",
        .words = news.words,
        .retry_ms = news.retry_ms,
    };
    d->event(d->context, &event);
}

static void tell_refusal(struct disc *d, const struct server *server,
                         const struct instance *instance, const struct task *task,
                         const struct reply *r, struct news news)
{
    char words[300];
    bool named = *r->field != 0;
    snprintf(words, sizeof(words), "%d %.24s%s%.40s%s: %s", r->code, r->why, named ? " (" : "",
             r->field, named ? ")" : "", disc_refusal_text(r->code, r->why));
    news.code = r->code;
    news.why = r->why;
    news.words = words;
    tell(d, server, instance, task, news);
}

/* ---- the state machine --------------------------------------------------------------- */

/* What the steps below are about: one instance at one server, and the time. */
struct step {
    struct disc *d;
    struct server *server;
    struct instance *instance;
    struct task *task;
    uint64_t now;
};

static void begin(struct step s, enum state state, uint64_t due)
{
    s.task->state = state;
    s.task->due = due;
    s.task->waiting = false;
    s.task->sends = 0;
}

/* `most`, or less where the server wants to hear from us often. */
static uint64_t patience(const struct task *task, unsigned most, unsigned sixths)
{
    uint64_t part = task->renew_ms * sixths / 6;
    return task->renew_ms && part < most ? part : most;
}

static void transmit(struct step s)
{
    struct writer w;
    build(s.d, s.server, s.instance, s.task, &w);
    if (s.task->state == REGISTERING)
        s.task->spoken = true;
    if (!w.full)
        disc_send(s.server, &w);
}

/* The first try or a retry: the same id, a new n. */
static void transmit_try(struct step s)
{
    struct task *task = s.task;
    if (task->sends == 0) {
        disc_random_id(s.d, task->id);
        task->waiting = true;
        task->challenges = 0;
        task->replayed = false;
        task->n_first = s.d->n + 1;
        task->begun_ms = s.now;
    }
    task->due = s.now + patience(task, patience_ms[task->sends], patience_sixths[task->sends]);
    task->sends++;
    transmit(s);
}

static void leave(struct step s, const char *words)
{
    begin(s, DONE, never);
    s.task->registered = false;
    tell(s.d, s.server, s.instance, s.task, (struct news){DISC_EVENT_LEFT, 0, NULL, words, -1});
}

static void finish_once(struct step s, enum disc_result result)
{
    s.d->once->result = result;
    begin(s, DONE, never);
}

/* All tries of a round went unanswered. */
static void round_silent(struct step s)
{
    struct task *task = s.task;
    if (s.server->heard_ms <= task->begun_ms)
        disc_reconnect(s.server);
    if (task->state == ONCE) {
        begin(s, ONCE, s.now); /* until disc_call's own time is over */
        return;
    }
    if (task->state == LEAVING) {
        s.d->goodbye_failed = true;
        leave(s, "no answer to the goodbye; the lease will run out");
        return;
    }
    if (task->state == DRAINING) {
        begin(s, LEAVING, s.now);
        return;
    }
    uint64_t again = task->renew_ms ? patience(task, AGAIN_MS, AGAIN_SIXTHS) : FIRST_MS;
    begin(s, task->state, s.now + disc_jittered(s.d, again, 20));
    if (!task->complained) {
        task->complained = true;
        task->registered = false;
        tell(s.d, s.server, s.instance, task,
             (struct news){DISC_EVENT_LOST, 0, NULL, "no answer; still trying", (int64_t)again});
    }
}

/* Something is due. */
static void act(struct step s)
{
    switch (s.task->state) {
    case FAILED: begin(s, REGISTERING, s.now); break;
    case DRAINED: begin(s, LEAVING, s.now); break;
    case DONE: s.task->due = never; return;
    case REGISTERING:
    case ACTIVE:
    case DRAINING:
    case LEAVING:
    case ONCE: break;
    }
    if (s.task->sends == SENDS)
        round_silent(s);
    else
        transmit_try(s);
}

static void say_goodbye(struct step s)
{
    struct task *task = s.task;
    if (task->state == DONE || task->state >= DRAINING)
        return;
    if (!task->spoken)
        leave(s, "it was not registered");
    else if (s.d->drain_ms && task->registered)
        begin(s, DRAINING, s.now);
    else
        begin(s, LEAVING, s.now);
}

/* One renewal is as good as one of each member: the others' are put off, but not for
 * ever, so that a member which the server lost by itself is found. */
static void put_group_off(struct step s)
{
    size_t server = (size_t)(s.server - s.d->servers);
    for (size_t i = 0; s.instance->group && i < s.d->instance_count; i++) {
        struct instance *other = s.d->instances[i];
        struct task *task = &other->tasks[server];
        if (other == s.instance || !other->group || strcmp(other->group, s.instance->group) != 0 ||
            task->state != ACTIVE || task->waiting)
            continue;
        uint64_t due = s.now + disc_jittered(s.d, s.task->renew_ms * 3 / 2, 5);
        uint64_t last = task->renewed_ms + GROUP_ROUNDS * s.task->renew_ms;
        task->due = due < last ? due : last;
    }
}

/* The server forgot one member: the others look for themselves. */
static void wake_group(struct step s, uint64_t spread)
{
    size_t server = (size_t)(s.server - s.d->servers);
    for (size_t i = 0; s.instance->group && i < s.d->instance_count; i++) {
        struct instance *other = s.d->instances[i];
        struct task *task = &other->tasks[server];
        if (other != s.instance && other->group && strcmp(other->group, s.instance->group) == 0 &&
            task->state == ACTIVE && !task->waiting && task->due > s.now + spread)
            task->due = s.now + disc_random_to(s.d, spread);
    }
}

static uint64_t renew_of(const struct reply *r, uint64_t before)
{
    uint64_t renew = r->has_renew ? r->renew : before;
    if (!r->has_renew && r->lease)
        renew = r->lease * 300;
    if (renew == 0) /* a lease without end: look now and then whether it is still there */
        renew = FAILED_MS;
    return renew < RENEW_MIN_MS ? RENEW_MIN_MS : renew > RENEW_MAX_MS ? RENEW_MAX_MS : renew;
}

static void accepted(struct step s, const struct reply *r)
{
    struct task *task = s.task;
    bool renewal = task->state == ACTIVE;
    bool news = !task->registered;
    if (*r->instance)
        disc_copy_text(task->name, sizeof(task->name), r->instance);
    if (*r->address)
        disc_copy_text(task->address, sizeof(task->address), r->address);
    task->renew_ms = renew_of(r, renewal ? task->renew_ms : 0);
    task->renewed_ms = s.now;
    task->registered = true;
    task->complained = false;
    task->stale = 0;
    begin(s, ACTIVE, s.now + disc_jittered(s.d, task->renew_ms, 5));
    if (renewal)
        put_group_off(s);
    if (news)
        tell(s.d, s.server, s.instance, task,
             (struct news){DISC_EVENT_REGISTERED, 0, NULL, "registered", -1});
}

static void on_ok(struct step s, const struct reply *r)
{
    switch (s.task->state) {
    case REGISTERING:
    case ACTIVE: accepted(s, r); break;
    case DRAINING: begin(s, DRAINED, s.now + s.d->drain_ms); break;
    case LEAVING: leave(s, "deregistered"); break;
    case ONCE: finish_once(s, DISC_OK); break;
    case FAILED:
    case DRAINED:
    case DONE: break;
    }
}

/* Evicted, or a server that lost its memory: register anew, not all at once. */
static void on_gone(struct step s, const struct reply *r)
{
    uint64_t spread = r->wait < WAIT_MAX_MS ? r->wait : WAIT_MAX_MS;
    s.task->registered = false;
    s.task->spoken = false;
    begin(s, REGISTERING, s.now + disc_random_to(s.d, spread));
    tell_refusal(s.d, s.server, s.instance, s.task, r,
                 (struct news){.kind = DISC_EVENT_LOST, .retry_ms = (int64_t)spread});
    wake_group(s, spread);
}

static void on_busy(struct step s, const struct reply *r)
{
    uint64_t wait = r->has_wait ? r->wait : 1000;
    if (wait < RENEW_MIN_MS)
        wait = RENEW_MIN_MS;
    if (wait > WAIT_MAX_MS)
        wait = WAIT_MAX_MS;
    begin(s, s.task->state, s.now + wait + disc_random_to(s.d, wait / 4));
    if (!s.task->complained)
        tell_refusal(s.d, s.server, s.instance, s.task, r,
                     (struct news){.kind = DISC_EVENT_FAILED, .retry_ms = (int64_t)wait});
    s.task->complained = true;
}

static void on_failure(struct step s, const struct reply *r)
{
    bool for_ever = r->code == 400 || r->code == 505; /* the same again would fail again */
    if (s.task->state == REGISTERING && !s.task->registered)
        s.task->spoken = false;
    s.task->registered = false;
    begin(s, FAILED, for_ever ? never : s.now + FAILED_MS);
    tell_refusal(s.d, s.server, s.instance, s.task, r,
                 (struct news){.kind = DISC_EVENT_FAILED, .retry_ms = for_ever ? -1 : FAILED_MS});
}

static void on_refused_goodbye(struct step s, const struct reply *r)
{
    if (s.task->state == DRAINING) {
        begin(s, LEAVING, s.now);
        return;
    }
    if (r->code == 404) {
        leave(s, "it was gone already");
        return;
    }
    begin(s, DONE, never);
    s.task->registered = false;
    s.d->goodbye_failed = true;
    tell_refusal(s.d, s.server, s.instance, s.task, r,
                 (struct news){.kind = DISC_EVENT_LEFT, .retry_ms = -1});
}

static void on_err(struct step s, const struct reply *r)
{
    struct task *task = s.task;
    if (r->code == 425 && !task->replayed) {
        task->replayed = true;
        transmit(s);
    } else if (task->state == ONCE) {
        finish_once(s, DISC_REFUSED);
    } else if (task->state == DRAINING && r->code == 503 && strcmp(r->why, "disk") == 0) {
        begin(s, DRAINED, s.now + s.d->drain_ms); /* not stored, but in force */
    } else if (r->code == 429 || r->code == 503) {
        on_busy(s, r);
    } else if (task->state == DRAINING || task->state == LEAVING) {
        on_refused_goodbye(s, r);
    } else if (r->code == 404) {
        on_gone(s, r);
    } else if (r->code == 409 && r->has_rev && r->rev < UINT64_MAX && task->stale < STALE_MAX) {
        task->stale++;
        if (s.instance->rev <= r->rev)
            s.instance->rev = r->rev + 1;
        begin(s, REGISTERING, s.now);
    } else {
        on_failure(s, r);
    }
}

static void on_chal(struct step s, const struct reply *r)
{
    if (!*r->cookie)
        return;
    if (s.task->challenges++ < CHALLENGES)
        transmit(s);
}

static void keep_reply(const struct once *once, const struct reply *r)
{
    struct disc_reply *out = once->reply;
    if (!out)
        return;
    out->code = r->code;
    disc_copy_text(out->why, sizeof(out->why), r->why);
    disc_copy_text(out->instance, sizeof(out->instance), r->instance);
    disc_copy_text(out->address, sizeof(out->address), r->address);
    out->lease_s = r->lease > UINT32_MAX ? UINT32_MAX : (uint32_t)r->lease;
    out->renew_ms = r->renew > UINT32_MAX ? UINT32_MAX : (uint32_t)r->renew;
    out->rev = r->rev;
    memcpy(out->text, r->raw, r->size);
    out->text[r->size] = 0;
}

static void on_reply(struct step s, const struct reply *r)
{
    s.server->heard_ms = s.now;
    s.server->closed = 0;
    disc_keep_cookie(s.server, r->cookie);
    if (s.task->state == ONCE)
        keep_reply(s.d->once, r);
    if (strcmp(r->verb, "ok") == 0)
        on_ok(s, r);
    else if (strcmp(r->verb, "chal") == 0)
        on_chal(s, r);
    else if (strcmp(r->verb, "err") == 0 && r->code)
        on_err(s, r);
}

/* ---- the loop ------------------------------------------------------------------------ */

/* Finds out whose reply it is; everything else is ignored. */
static void receive(struct disc *d, unsigned server, const char *bytes, size_t size, uint64_t now)
{
    char line[DISC_DATAGRAM_MAX + 1];
    while (size && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r'))
        size--;
    size_t length = strcspn(bytes, "\r\n");
    memcpy(line, bytes, length);
    line[length] = 0;
    if (d->discovery && d->discovery->receive(d, server, bytes, size, now))
        return;
    struct reply reply = {.raw = bytes, .size = size};
    if (!disc_read_reply(line, &reply) || !*reply.id)
        return;
    for (size_t i = 0; i < d->instance_count; i++) {
        struct task *task = &d->instances[i]->tasks[server];
        if (!is_answer(d, task, &reply))
            continue;
        if (d->discovery && *reply.epoch)
            d->discovery->lives(d, server, reply.epoch, now);
        on_reply((struct step){d, &d->servers[server], d->instances[i], task, now}, &reply);
        return;
    }
}

/* Nothing listens there. The retries go on, but another address may be better. */
static void on_closed_port(struct disc *d, struct server *server)
{
    server->closed++;
    if (server->count > 1)
        disc_reconnect(server);
    struct task *task = d->once ? &d->instances[0]->tasks[0] : NULL;
    if (!task || task->state != ONCE)
        return;
    if (server->closed >= server->count)
        finish_once((struct step){d, server, d->instances[0], task, 0}, DISC_NO_ANSWER);
    else
        task->sends = 0, task->due = 0;
}

static void receive_all(struct disc *d, unsigned server, uint64_t now)
{
    char bytes[DISC_DATAGRAM_MAX + 1];
    for (unsigned i = 0; i < RECEIVE_MAX && d->servers[server].fd >= 0; i++) {
        ssize_t n = recv(d->servers[server].fd, bytes, DISC_DATAGRAM_MAX, 0);
        if (n < 0 && errno == ECONNREFUSED) {
            on_closed_port(d, &d->servers[server]);
            if (d->discovery)
                d->discovery->closed(d, server, now);
            return;
        }
        if (n < 0)
            return;
        bytes[n] = 0;
        if (n > 0 && !memchr(bytes, 0, (size_t)n))
            receive(d, server, bytes, (size_t)n, now);
    }
}

static void instance_free(struct instance *instance)
{
    if (!instance)
        return;
    free(instance->service);
    free(instance->id);
    free(instance->group);
    free(instance->tasks);
    parts_free(&instance->parts);
    free(instance);
}

static bool has_left(const struct disc *d, const struct instance *instance)
{
    for (unsigned i = 0; i < d->server_count; i++) {
        if (instance->tasks[i].state != DONE)
            return false;
    }
    return instance->leaving;
}

static void sweep(struct disc *d)
{
    size_t kept = 0;
    for (size_t i = 0; i < d->instance_count; i++) {
        if (has_left(d, d->instances[i]))
            instance_free(d->instances[i]);
        else
            d->instances[kept++] = d->instances[i];
    }
    d->instance_count = kept;
}

void disc_process(struct disc *d, uint64_t now_ms)
{
    for (unsigned i = 0; i < d->server_count; i++)
        receive_all(d, i, now_ms);
    /* callbacks may add instances, which moves the array: always by index */
    for (size_t i = 0; i < d->instance_count; i++) {
        struct instance *instance = d->instances[i];
        for (unsigned k = 0; k < d->server_count; k++) {
            struct step s = {d, &d->servers[k], instance, &instance->tasks[k], now_ms};
            if (instance->leaving)
                say_goodbye(s);
            if (s.task->due <= now_ms)
                act(s);
        }
    }
    sweep(d);
    if (d->discovery)
        d->discovery->process(d, now_ms);
}

size_t disc_pollfds(const struct disc *d, struct pollfd *out, size_t max)
{
    for (size_t i = 0; i < max && i < d->server_count; i++)
        out[i] = (struct pollfd){.fd = d->servers[i].fd, .events = POLLIN};
    return d->server_count;
}

int disc_timeout_ms(const struct disc *d, uint64_t now_ms)
{
    uint64_t due = d->discovery ? d->discovery->due(d) : never;
    for (size_t i = 0; i < d->instance_count; i++) {
        for (unsigned k = 0; k < d->server_count; k++) {
            if (d->instances[i]->tasks[k].due < due)
                due = d->instances[i]->tasks[k].due;
        }
    }
    if (due == never)
        return -1;
    if (due <= now_ms)
        return 0;
    return due - now_ms > INT_MAX ? INT_MAX : (int)(due - now_ms);
}

uint64_t disc_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void disc_turn(struct disc *d, int max_ms)
{
    struct pollfd fds[DISC_SERVERS_MAX];
    size_t count = disc_pollfds(d, fds, DISC_SERVERS_MAX);
    int wait = disc_timeout_ms(d, disc_now_ms());
    if (wait < 0 || wait > max_ms)
        wait = max_ms;
    (void)poll(fds, count, wait);
    disc_process(d, disc_now_ms());
}

void disc_run(struct disc *d, const volatile sig_atomic_t *stop)
{
    while (!*stop)
        disc_turn(d, 500);
}

/* ---- the public functions -------------------------------------------------------------- */

static int take_options(struct disc *d, const struct disc_options *options)
{
    if (options->key_id) {
#ifndef DISC_KEYED
        return ENOTSUP;
#endif
        if (!options->secret || options->secret_size < SECRET_MIN ||
            options->secret_size > SECRET_MAX || !*options->key_id ||
            strlen(options->key_id) > KEY_ID_MAX)
            return EINVAL;
        disc_copy_text(d->key_id, sizeof(d->key_id), options->key_id);
        memcpy(d->secret, options->secret, options->secret_size);
        d->secret_size = options->secret_size;
    }
    if (options->subnet && !(d->subnet = strdup(options->subnet)))
        return ENOMEM;
    d->drain_ms = options->drain_ms;
    d->seeded = options->seed != 0;
    d->random = d->seeded ? options->seed : disc_now_ms() ^ (uint64_t)getpid() << 32;
    d->event = options->event;
    d->context = options->context;
    return 0;
}

struct disc *disc_new(const struct disc_options *options)
{
    static const struct disc_options defaults = DISC_OPTIONS_INIT;
    struct disc *d = calloc(1, sizeof(*d));
    if (!d)
        return NULL;
    int e = take_options(d, options ? options : &defaults);
    if (e) {
        disc_free(d);
        errno = e;
        return NULL;
    }
    disc_random_id(d, d->cid);
    return d;
}

void disc_free(struct disc *d)
{
    if (!d)
        return;
    if (d->discovery)
        d->discovery->free(d);
    for (size_t i = 0; i < d->instance_count; i++)
        instance_free(d->instances[i]);
    for (unsigned i = 0; i < d->server_count; i++) {
        if (d->servers[i].fd >= 0)
            close(d->servers[i].fd);
        free(d->servers[i].text);
    }
    free(d->instances);
    free(d->subnet);
    explicit_bzero(d, sizeof(*d));
    free(d);
}

/* A task more for each instance. */
static bool grow_tasks(struct disc *d)
{
    unsigned count = d->server_count + 1;
    for (size_t i = 0; i < d->instance_count; i++) {
        struct instance *instance = d->instances[i];
        struct task *tasks = realloc(instance->tasks, count * sizeof(*tasks));
        if (!tasks)
            return false;
        instance->tasks = tasks;
        tasks[count - 1] = (struct task){.state = REGISTERING};
    }
    return true;
}

enum disc_result disc_add_server(struct disc *d, const char *text)
{
    if (!text || d->server_count == DISC_SERVERS_MAX)
        return DISC_INVALID;
    struct server *server = &d->servers[d->server_count];
    *server = (struct server){.fd = -1};
    enum disc_result e = resolve(server, text);
    if (e)
        return e;
    server->text = strdup(text);
    if (!server->text || !grow_tasks(d)) {
        free(server->text);
        return DISC_MEMORY;
    }
    server->at = server->count - 1;
    disc_reconnect(server); /* no way there yet? The rounds of retries look again */
    d->server_count++;
    return DISC_OK;
}

static enum disc_result check_spec(const struct disc_spec *spec)
{
    if (spec->metadata_count > DISC_METADATA_MAX || spec->lease_s < DISC_LEASE_STATIC)
        return DISC_INVALID;
    for (size_t i = 0; i < spec->metadata_count; i++) {
        if (!is_metadata_key(spec->metadata[i].key))
            return DISC_INVALID;
    }
    return DISC_OK;
}

/* Encodes with the address that is known beforehand, if there is one. */
static enum disc_result encode_spec(const struct disc *d, const struct disc_spec *spec,
                                    struct parts *out)
{
    char own[INET6_ADDRSTRLEN];
    const char *address = spec->addrs;
    enum disc_result e = check_spec(spec);
    if (e)
        return e;
    if (!address && d->subnet) {
        if (!address_in_subnet(d->subnet, own))
            return DISC_INVALID;
        address = own;
    } else if (!address && address_of_pod(own)) {
        address = own;
    }
    e = encode(spec, address, out);
    if (!e && !fits(d, out)) {
        parts_free(out);
        e = DISC_TOO_BIG;
    }
    return e;
}

static bool copy_string(char **out, const char *text)
{
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

static struct instance *instance_new(struct disc *d, const struct disc_spec *spec,
                                     enum disc_result *e)
{
    struct instance *instance = calloc(1, sizeof(*instance));
    *e = DISC_MEMORY;
    if (!instance)
        return NULL;
    instance->rev = spec->rev;
    instance->tasks = calloc(d->server_count + 1, sizeof(*instance->tasks));
    if (instance->tasks && copy_string(&instance->service, spec->service) &&
        copy_string(&instance->id, spec->instance) && copy_string(&instance->group, spec->group))
        *e = encode_spec(d, spec, &instance->parts);
    if (!*e)
        return instance;
    instance_free(instance);
    return NULL;
}

static bool append(struct disc *d, struct instance *instance)
{
    if (d->instance_count == d->instance_room) {
        size_t room = d->instance_room ? 2 * d->instance_room : 4;
        struct instance **bigger = realloc(d->instances, room * sizeof(struct instance *));
        if (!bigger)
            return false;
        d->instances = bigger;
        d->instance_room = room;
    }
    instance->handle = ++d->last_handle;
    d->instances[d->instance_count++] = instance;
    return true;
}

static bool can_be_registered(const struct disc_spec *spec)
{
    return spec && spec->service && *spec->service && spec->ports && *spec->ports;
}

int disc_register(struct disc *d, const struct disc_spec *spec)
{
    enum disc_result e;
    if (!can_be_registered(spec) || d->last_handle == INT_MAX)
        return -DISC_INVALID;
    struct instance *instance = instance_new(d, spec, &e);
    if (!instance)
        return -(int)e;
    if (!append(d, instance)) {
        instance_free(instance);
        return -DISC_MEMORY;
    }
    return instance->handle; /* the tasks are zero: REGISTERING, due at once */
}

static struct instance *find(const struct disc *d, int handle)
{
    for (size_t i = 0; i < d->instance_count; i++) {
        if (d->instances[i]->handle == handle && !d->instances[i]->leaving)
            return d->instances[i];
    }
    return NULL;
}

enum disc_result disc_update(struct disc *d, int handle, const struct disc_spec *spec)
{
    struct parts parts;
    struct instance *instance = find(d, handle);
    if (!instance || !can_be_registered(spec))
        return DISC_INVALID;
    enum disc_result e = encode_spec(d, spec, &parts);
    if (e)
        return e;
    char *group = NULL;
    if (strcmp(parts.where, instance->parts.where) != 0 ||
        strcmp(parts.name, instance->parts.name) != 0 || !copy_string(&group, spec->group)) {
        parts_free(&parts);
        return DISC_INVALID;
    }
    parts_free(&instance->parts);
    free(instance->group);
    instance->parts = parts;
    instance->group = group;
    if (instance->rev)
        instance->rev = spec->rev > instance->rev ? spec->rev : instance->rev + 1;
    else
        instance->rev = spec->rev;
    for (unsigned i = 0; i < d->server_count; i++)
        begin((struct step){.task = &instance->tasks[i]}, REGISTERING, 0);
    return DISC_OK;
}

enum disc_result disc_deregister(struct disc *d, int handle)
{
    struct instance *instance = find(d, handle);
    if (!instance)
        return DISC_INVALID;
    instance->leaving = true;
    for (unsigned i = 0; i < d->server_count; i++)
        instance->tasks[i].due = 0; /* so that the caller's timer does not sleep over it */
    return DISC_OK;
}

size_t disc_count(const struct disc *d)
{
    return d->instance_count;
}

unsigned disc_registered(const struct disc *d, int handle)
{
    unsigned count = 0;
    const struct instance *instance = find(d, handle);
    for (unsigned i = 0; instance && i < d->server_count; i++)
        count += instance->tasks[i].registered;
    return count;
}

enum disc_result disc_close(struct disc *d, int timeout_ms)
{
    uint64_t end = disc_now_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) + d->drain_ms;
    for (size_t i = 0; i < d->instance_count; i++)
        (void)disc_deregister(d, d->instances[i]->handle);
    if (d->discovery)
        d->discovery->leave(d);
    disc_process(d, disc_now_ms());
    for (uint64_t now; d->instance_count && (now = disc_now_ms()) < end;)
        disc_turn(d, end - now > INT_MAX ? INT_MAX : (int)(end - now));
    enum disc_result result = d->instance_count || d->goodbye_failed ? DISC_NO_ANSWER : DISC_OK;
    disc_free(d);
    return result;
}

/* ---- one request ----------------------------------------------------------------------- */

int disc_reply_param(const struct disc_reply *reply, const char *key, char *out, size_t size)
{
    size_t n = strlen(key);
    for (const char *p = reply->text; *p && *p != '\n';) {
        size_t word = strcspn(p, " \r\n");
        if (word > n && p[n] == '=' && memcmp(p, key, n) == 0)
            return disc_decode(p + n + 1, word - n - 1, out, size);
        p += word;
        p += strspn(p, " ");
        if (*p == '\r')
            break;
    }
    return 0;
}

static enum disc_result run_once(struct disc *d, const struct disc_spec *spec, int timeout_ms)
{
    enum disc_result e;
    struct instance *instance = instance_new(d, spec, &e);
    if (!instance)
        return e;
    if (!append(d, instance)) {
        instance_free(instance);
        return DISC_MEMORY;
    }
    struct task *task = &instance->tasks[0];
    task->state = ONCE;
    uint64_t now = disc_now_ms(), end = now + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
    disc_process(d, now);
    while (task->state != DONE && (now = disc_now_ms()) < end)
        disc_turn(d, end - now > INT_MAX ? INT_MAX : (int)(end - now));
    return task->state == DONE ? d->once->result : DISC_NO_ANSWER;
}

enum disc_result disc_call(const struct disc_options *options, const char *server, const char *verb,
                           const struct disc_spec *spec, int timeout_ms, struct disc_reply *out)
{
    static const struct disc_spec nothing = DISC_SPEC_INIT;
    struct once once = {.verb = verb, .reply = out};
    if (out)
        *out = (struct disc_reply){0};
    if (strcmp(verb, "reg") == 0 && !can_be_registered(spec))
        return DISC_INVALID;
    struct disc *d = disc_new(options);
    if (!d)
        return errno == ENOMEM ? DISC_MEMORY : errno == EINVAL ? DISC_INVALID : DISC_UNSUPPORTED;
    d->once = &once;
    enum disc_result e = disc_add_server(d, server);
    if (!e)
        e = run_once(d, spec ? spec : &nothing, timeout_ms);
    disc_free(d);
    return e;
}

#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    DATAGRAM = 1232,
    BURST = 64,           /* datagrams for one system call */
    RING = 1 << 17,       /* requests that may be remembered; a power of two */
    ITEMS_MAX = 256,      /* of one batch */
    LOST_NS = 1000000000, /* no answer for so long: lost */
    SILENT_SECONDS = 3,   /* no answer at all for so long: the phase ends */
    ROUNDS = 5,
};

enum verb { REG, REN, BATCH, GROUP, DEL, UPD };

struct request {
    uint64_t sent_ns;
    uint32_t first, count; /* instances */
    uint8_t verb;
    bool waiting;
};

struct load {
    struct load_config config;
    struct request *ring;
    uint64_t oldest, next; /* sequence numbers */
    uint32_t outstanding;
    uint8_t *registered; /* by instance */
    uint32_t cursor;     /* the next instance, or group */
    uint64_t steps;      /* of the mode, which alternates */
    char cookie[65];
    char out[BURST][DATAGRAM], in[BURST][DATAGRAM + 1];
    size_t sizes[BURST];
};

/* What one phase wants: the next request, or that there is none. */
typedef bool choose(struct load *load, struct request *request);

const char *mode_text(enum mode mode)
{
    static const char *const texts[MODES] = {"reg", "ren", "batch", "group", "churn", "mixed"};
    return (unsigned)mode < MODES ? texts[mode] : "?";
}

static uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

struct load *load_new(const struct load_config *config)
{
    struct load *load = calloc(1, sizeof(*load));
    if (!load)
        return NULL;
    load->config = *config;
    load->ring = calloc(RING, sizeof(*load->ring));
    load->registered = calloc(config->instances, 1);
    if (load->ring && load->registered)
        return load;
    load_free(load);
    return NULL;
}

void load_free(struct load *load)
{
    if (!load)
        return;
    free(load->ring);
    free(load->registered);
    free(load);
}

/* ---- encoding ------------------------------------------------------------------- */

/* Appends; the caller left room enough. */
static char *put_text(char *at, const char *text)
{
    size_t n = strlen(text);
    memcpy(at, text, n);
    return at + n;
}

static char *put_number(char *at, uint64_t value)
{
    char digits[20];
    int n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (n)
        *at++ = digits[--n];
    return at;
}

static char *put_service(const struct load *load, char *at, uint32_t instance)
{
    return put_number(put_text(at, "bench-"), instance % load->config.services);
}

static char *put_name(const struct load *load, char *at, uint32_t instance)
{
    at = put_service(load, put_text(at, " svc="), instance);
    return put_number(put_text(at, " inst=i"), instance);
}

static char *put_registration(const struct load *load, char *at, uint32_t instance)
{
    uint32_t address = instance + 1;
    at = put_name(load, at, instance);
    if (!load->config.own_address) {
        at = put_number(put_text(at, " addr=10."), address >> 16 & 255);
        at = put_number(put_text(at, "."), address >> 8 & 255);
        at = put_number(put_text(at, "."), address & 255);
    }
    at = put_text(at, " port=8080 lease=");
    at = put_number(at, load->config.lease_s);
    if (load->config.mode == MODE_GROUP)
        at = put_number(put_text(at, " grp=g"), instance / GROUP_SIZE);
    return at;
}

/* As many lines as fit; says in `request` how many. */
static char *put_items(const struct load *load, char *at, const char *start,
                       struct request *request)
{
    uint32_t n = 0;
    while (n < ITEMS_MAX && n < load->config.instances && at - start < DATAGRAM - 40) {
        uint32_t instance = (request->first + n++) % load->config.instances;
        at = put_service(load, put_text(at, "\n"), instance);
        at = put_number(put_text(at, "/i"), instance);
    }
    request->count = n;
    return at;
}

static size_t encode(const struct load *load, uint64_t sequence, struct request *request, char *out)
{
    static const char *const verbs[] = {"reg", "ren", "ren", "ren", "del", "upd"};
    char *at = put_text(put_text(out, "disc/1 "), verbs[request->verb]);
    at = put_number(put_text(at, " id="), sequence);
    if (*load->cookie)
        at = put_text(put_text(at, " ck="), load->cookie);
    switch ((enum verb)request->verb) {
    case REG: at = put_registration(load, at, request->first); break;
    case BATCH: at = put_items(load, at, out, request); break;
    case GROUP: at = put_number(put_text(at, " grp=g"), request->first / GROUP_SIZE); break;
    case UPD:
        at = put_name(load, at, request->first);
        at = put_number(put_text(at, " w="), load->steps % 1000);
        break;
    case REN:
    case DEL: at = put_name(load, at, request->first); break;
    }
    *at++ = '\n';
    return (size_t)(at - out);
}

/* ---- what to send ---------------------------------------------------------------- */

static uint32_t take_instance(struct load *load)
{
    uint32_t instance = load->cursor;
    load->cursor = (load->cursor + 1) % load->config.instances;
    return instance;
}

static bool choose_unregistered(struct load *load, struct request *request)
{
    while (load->cursor < load->config.instances && load->registered[load->cursor])
        load->cursor++;
    *request = (struct request){.first = load->cursor, .count = 1, .verb = REG};
    return load->cursor++ < load->config.instances;
}

static bool choose_registered(struct load *load, struct request *request)
{
    while (load->cursor < load->config.instances && !load->registered[load->cursor])
        load->cursor++;
    *request = (struct request){.first = load->cursor, .count = 1, .verb = DEL};
    return load->cursor++ < load->config.instances;
}

static uint32_t group_members(const struct load *load, uint32_t first)
{
    uint32_t left = load->config.instances - first;
    return left < GROUP_SIZE ? left : GROUP_SIZE;
}

/* Of mode mixed: nine renewals in ten, then changes. */
static enum verb mixed_verb(const struct load *load, uint32_t instance)
{
    if (!load->registered[instance])
        return REG;
    return load->steps % 20 == 0 ? DEL : load->steps % 20 == 10 ? UPD : REN;
}

static bool choose_by_mode(struct load *load, struct request *request)
{
    uint32_t instance = take_instance(load);
    *request = (struct request){.first = instance, .count = 1, .verb = REN};
    load->steps++;
    switch (load->config.mode) {
    case MODE_REG: request->verb = REG; break;
    case MODE_BATCH:
        request->verb = BATCH; /* the encoder counts its lines and moves the cursor */
        break;
    case MODE_GROUP:
        request->verb = GROUP;
        request->first = instance - instance % GROUP_SIZE;
        request->count = group_members(load, request->first);
        load->cursor = (request->first + request->count) % load->config.instances;
        break;
    case MODE_CHURN: request->verb = load->registered[instance] ? DEL : REG; break;
    case MODE_MIXED: request->verb = (uint8_t)mixed_verb(load, instance); break;
    case MODE_REN:
    case MODES: break;
    }
    return true;
}

/* ---- sending ---------------------------------------------------------------------- */

static void remember(struct load *load, struct request request, uint64_t now)
{
    request.sent_ns = now;
    request.waiting = true;
    load->ring[load->next++ % RING] = request;
    load->outstanding++;
}

/* Fills the burst; returns how many. */
static unsigned prepare(struct load *load, choose *next, uint64_t allowed, bool *ended)
{
    unsigned n = 0;
    uint64_t now = clock_ns();
    while (n < BURST && n < allowed && load->outstanding < load->config.window &&
           load->next - load->oldest < RING) {
        struct request request;
        if (!next(load, &request)) {
            *ended = true;
            break;
        }
        load->sizes[n] = encode(load, load->next, &request, load->out[n]);
        if (request.verb == BATCH)
            load->cursor = (request.first + request.count) % load->config.instances;
        remember(load, request, now);
        n++;
    }
    return n;
}

static void send_burst(struct load *load, unsigned count)
{
    struct mmsghdr messages[BURST];
    struct iovec parts[BURST];
    for (unsigned i = 0; i < count; i++) {
        parts[i] = (struct iovec){load->out[i], load->sizes[i]};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    for (unsigned sent = 0; sent < count;) {
        int n = sendmmsg(load->config.fd, messages + sent, count - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd fd = {.fd = load->config.fd, .events = POLLOUT};
            (void)poll(&fd, 1, 10);
            continue;
        }
        sent += n > 0 ? (unsigned)n : 1; /* an error costs one datagram: it will be lost */
    }
}

/* ---- receiving -------------------------------------------------------------------- */

/* The value of " key=" in the first line; NULL when it is not there. */
static const char *value_of(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    return at ? at + strlen(key) : NULL;
}

static void count_ok(struct load *load, const struct request *request, const char *line,
                     struct tally *tally)
{
    const char *done = value_of(line, " cnt=");
    tally->ok++;
    switch ((enum verb)request->verb) {
    case REG: load->registered[request->first] = 1; break;
    case DEL: load->registered[request->first] = 0; break;
    case BATCH: tally->renewed += done ? strtoull(done, NULL, 10) : request->count; break;
    case REN:
    case GROUP: tally->renewed += request->count; break;
    case UPD: break;
    }
}

static void count_error(struct load *load, const struct request *request, const char *line,
                        struct tally *tally)
{
    const char *code = value_of(line, " c=");
    unsigned long value = code ? strtoul(code, NULL, 10) : 0;
    tally->errors++;
    tally->codes[value < CODES ? value : 0]++;
    if (value == 404 && request->verb != BATCH && request->verb != GROUP)
        load->registered[request->first] = 0;
}

/* A server that wants a cookie: what was answered so is lost, the rest carries it. */
static void keep_cookie(struct load *load, const char *line, struct tally *tally)
{
    const char *cookie = value_of(line, " ck=");
    size_t n = cookie ? strcspn(cookie, " \r\n") : 0;
    tally->challenges++;
    if (n == 0 || n >= sizeof(load->cookie))
        return;
    memcpy(load->cookie, cookie, n);
    load->cookie[n] = 0;
}

static void take_reply(struct load *load, const char *line, uint64_t now, struct tally *tally)
{
    const char *id = value_of(line, " id=");
    uint64_t sequence = id ? strtoull(id, NULL, 10) : UINT64_MAX;
    if (sequence < load->oldest || sequence >= load->next)
        return;
    struct request *request = &load->ring[sequence % RING];
    if (!request->waiting)
        return;
    request->waiting = false;
    load->outstanding--;
    if (strncmp(line, "disc/1 chal ", 12) == 0) {
        keep_cookie(load, line, tally);
        return;
    }
    histogram_add(&tally->latency, now - request->sent_ns);
    if (strncmp(line, "disc/1 ok ", 10) == 0)
        count_ok(load, request, line, tally);
    else
        count_error(load, request, line, tally);
}

static unsigned receive_burst(struct load *load, struct tally *tally)
{
    struct mmsghdr messages[BURST];
    struct iovec parts[BURST];
    for (unsigned i = 0; i < BURST; i++) {
        parts[i] = (struct iovec){load->in[i], DATAGRAM};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    int n = recvmmsg(load->config.fd, messages, BURST, MSG_DONTWAIT, NULL);
    uint64_t now = clock_ns();
    for (int i = 0; i < n; i++) {
        load->in[i][messages[i].msg_len] = 0;
        take_reply(load, load->in[i], now, tally);
    }
    return n > 0 ? (unsigned)n : 0;
}

static void give_up_lost(struct load *load, uint64_t now, struct tally *tally)
{
    for (; load->oldest < load->next; load->oldest++) {
        struct request *request = &load->ring[load->oldest % RING];
        if (request->waiting && now - request->sent_ns < LOST_NS)
            return;
        if (!request->waiting)
            continue;
        request->waiting = false;
        load->outstanding--;
        tally->lost++;
    }
}

/* ---- phases ----------------------------------------------------------------------- */

/* How many may be sent now, by the rate. */
static uint64_t allowance(double rate, uint64_t start, const struct tally *tally)
{
    if (rate <= 0)
        return BURST;
    double due = (double)(clock_ns() - start) / 1e9 * rate - (double)tally->sent;
    return due > 0 ? (uint64_t)due : 0;
}

/* Until `next` has no more, or `limit_ns` (0 = none) are over, or `most` requests went
 * out; then waits for the answers. */
static void phase(struct load *load, choose *next, double rate, uint64_t limit_ns, uint64_t most,
                  struct tally *tally)
{
    uint64_t start = clock_ns(), now = start, heard = start;
    bool ended = false;
    while (!ended || load->outstanding) {
        uint64_t allowed = ended ? 0 : allowance(rate, start, tally);
        if (allowed > most - tally->sent)
            allowed = most - tally->sent;
        unsigned n = ended ? 0 : prepare(load, next, allowed, &ended);
        send_burst(load, n);
        tally->sent += n;
        unsigned received = receive_burst(load, tally);
        if (!received && n == 0) {
            struct pollfd fd = {.fd = load->config.fd, .events = POLLIN};
            (void)poll(&fd, 1, 1);
        }
        now = clock_ns();
        if (received || !load->outstanding)
            heard = now;
        give_up_lost(load, now, tally);
        if ((limit_ns && now - start >= limit_ns) || tally->sent >= most ||
            now - heard >= SILENT_SECONDS * 1000000000ull)
            ended = true;
    }
    tally->elapsed_ns = now - start;
}

static bool all_are(const struct load *load, uint8_t registered)
{
    for (uint32_t i = 0; i < load->config.instances; i++) {
        if (load->registered[i] != registered)
            return false;
    }
    return true;
}

static bool rounds(struct load *load, choose *next, uint8_t wanted, struct tally *tally)
{
    for (int i = 0; i < ROUNDS && !all_are(load, wanted); i++) {
        load->cursor = 0;
        uint64_t answered = tally->ok + tally->challenges;
        phase(load, next, 0, 0, UINT64_MAX, tally);
        if (tally->ok + tally->challenges == answered)
            break; /* nobody there, or nothing but refusals */
    }
    load->cursor = 0;
    return all_are(load, wanted);
}

bool load_setup(struct load *load, struct tally *tally)
{
    return rounds(load, choose_unregistered, 1, tally);
}

void load_run(struct load *load, double seconds, struct tally *tally)
{
    bool once = seconds <= 0;
    phase(load, choose_by_mode, load->config.rate, (uint64_t)(seconds * 1e9),
          once ? load->config.instances : UINT64_MAX, tally);
}

void load_clean(struct load *load, struct tally *tally)
{
    (void)rounds(load, choose_registered, 0, tally);
}

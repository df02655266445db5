/* How fast those who watch over HTTP hear of a registration, and what they cost the server:
 *
 *     bench_watch streams|spread|polls|hold|slow HTTP-PORT REGISTRATION-PORT PID [CLIENTS]
 *
 * streams  CLIENTS (1000) event streams of one service: register -> event at each of them
 * spread   the same on as many services, one of which changes at a time
 * polls    CLIENTS (1000) long polls of one service: register -> reply at each of them
 * hold     CLIENTS (10 000) long polls that nothing happens to: memory of the server
 * slow     a client that does not read while its service changes 10 000 times: memory
 *
 * Prints figures; judges nothing. See watch.sh, which runs it against a server of its own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TAIL = 4096, ROUNDS = 50, SPREAD_ROUNDS = 2000, SLOW_CHANGES = 10000, INSTANCES = 10 };

struct watcher {
    int fd;
    char tail[TAIL + 1]; /* of what came last */
    size_t used;
    bool told;
};

static struct sockaddr_in http, registration;
static struct watcher *watchers;
static size_t watcher_count;
static int epoll_fd, udp;
static long server;
static double *samples;
static size_t sample_count, sample_room;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- figures -------------------------------------------------------------------------- */

static long rss_kib(void)
{
    char path[64], line[128];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", server);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib;
}

static void sample(double ms)
{
    if (sample_count == sample_room) {
        sample_room = sample_room ? sample_room * 2 : 1024;
        samples = realloc(samples, sample_room * sizeof *samples);
        if (!samples)
            die("memory");
    }
    samples[sample_count++] = ms;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void say_samples(const char *what)
{
    qsort(samples, sample_count, sizeof *samples, compare);
    printf("%s: %zu watchers, %zu samples: p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, max %.2f ms\n",
           what, watcher_count, sample_count, samples[sample_count / 2],
           samples[sample_count * 9 / 10], samples[sample_count * 99 / 100],
           samples[sample_count - 1]);
}

/* ---- registering ------------------------------------------------------------------------ */

/* When it was sent; waits for the reply only with `wait`. */
static double say(const char *request, bool wait)
{
    char reply[2048];
    double sent = now();
    if (send(udp, request, strlen(request), 0) < 0)
        die("send");
    ssize_t n = wait ? recv(udp, reply, sizeof reply - 1, 0) : 0;
    if (n < 0)
        die("no reply to a registration");
    reply[n] = '\0';
    if (wait && strncmp(reply, "disc/1 ok", 9) != 0) {
        fprintf(stderr, "refused: %s", reply);
        exit(1);
    }
    return sent;
}

static double add(const char *service, const char *instance, bool wait)
{
    char request[256];
    snprintf(request, sizeof request, "disc/1 reg svc=%s inst=%s port=80 addr=10.0.0.7 lease=300\n",
             service, instance);
    return say(request, wait);
}

static void take_reply(void)
{
    char reply[2048];
    if (recv(udp, reply, sizeof reply, 0) < 0)
        die("no reply to a registration");
}

/* ---- watchers ---------------------------------------------------------------------------- */

static void ask(struct watcher *w, const char *method, const char *path, bool stream)
{
    char request[512];
    int n = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", method,
                     path, stream ? "Accept: text/event-stream\r\n" : "");
    w->used = 0;
    if (send(w->fd, request, (size_t)n, MSG_NOSIGNAL) != n)
        die("send");
}

static void dial(struct watcher *w)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = w};
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&http, sizeof http))
        die("connect");
    fcntl(w->fd, F_SETFL, O_NONBLOCK);
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->fd, &event))
        die("epoll");
}

static void read_some(struct watcher *w)
{
    static char bytes[1 << 18];
    ssize_t n = recv(w->fd, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        fprintf(stderr, "the server closed a watcher's connection\n");
        exit(1);
    }
    size_t size = (size_t)n, kept = size < TAIL ? w->used : 0;
    if (kept + size > TAIL)
        kept = size < TAIL ? TAIL - size : 0;
    memmove(w->tail, w->tail + w->used - kept, kept);
    size_t taken = size < TAIL ? size : TAIL;
    memcpy(w->tail + kept, bytes + size - taken, taken);
    w->used = kept + taken;
    w->tail[w->used] = '\0';
}

/* Until `wanted` of them have `text` in what came last; each when it does, since `began`
 * (0 = not of interest). False: nothing came for ten seconds. */
static bool await(const char *text, size_t wanted, double began)
{
    struct epoll_event events[256];
    for (size_t n = 0; n < watcher_count; n++)
        watchers[n].told = false;
    while (wanted) {
        int n = epoll_wait(epoll_fd, events, 256, 10000);
        if (n <= 0)
            return false;
        for (int i = 0; i < n; i++) {
            struct watcher *w = events[i].data.ptr;
            read_some(w);
            if (w->told || !strstr(w->tail, text))
                continue;
            if (began > 0)
                sample(now() - began);
            w->told = true;
            wanted--;
        }
    }
    return true;
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void open_watchers(const char *format, bool stream, uint64_t index)
{
    char path[256];
    for (size_t n = 0; n < watcher_count; n++) {
        snprintf(path, sizeof path, format, stream ? (uintmax_t)n : (uintmax_t)index);
        dial(&watchers[n]);
        ask(&watchers[n], "GET", path, stream);
        if (stream) /* its state, so that the server is not swamped */
            must(await("]}\n\n", 1, 0), "no state");
    }
}

static uint64_t index_in(const struct watcher *w)
{
    const char *at = strstr(w->tail, "X-Disc-Index: ");
    must(at != NULL, "no X-Disc-Index");
    return strtoull(at + 14, NULL, 10);
}

/* ---- what is measured ---------------------------------------------------------------------- */

static void fill(const char *service)
{
    char id[32];
    for (unsigned n = 0; n < INSTANCES; n++) {
        snprintf(id, sizeof id, "base-%u", n);
        add(service, id, true);
    }
}

static void streams(void)
{
    char id[32], text[64];
    fill("web");
    open_watchers("/v1/services/web", true, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        snprintf(id, sizeof id, "new-%u", round);
        snprintf(text, sizeof text, "\"id\":\"%s\"", id);
        double began = add("web", id, false);
        must(await(text, watcher_count, began), "an event did not come");
        take_reply();
    }
    say_samples("event streams of one service");
}

static void spread(void)
{
    char service[32], id[32], text[64];
    for (size_t n = 0; n < watcher_count; n++) {
        snprintf(service, sizeof service, "s%zu", n);
        add(service, "base", true);
    }
    open_watchers("/v1/services/s%ju", true, 0);
    for (unsigned round = 0; round < SPREAD_ROUNDS; round++) {
        snprintf(service, sizeof service, "s%zu", (round * 7919u) % watcher_count);
        snprintf(id, sizeof id, "new-%u", round);
        snprintf(text, sizeof text, "\"id\":\"%s\"", id);
        double began = add(service, id, false);
        must(await(text, 1, began), "an event did not come");
        take_reply();
    }
    say_samples("event streams of as many services");
}

static uint64_t index_of(const char *path)
{
    struct watcher w = {0};
    dial(&w);
    ask(&w, "HEAD", path, false);
    while (!strstr(w.tail, "X-Disc-Index: ")) {
        struct epoll_event event;
        must(epoll_wait(epoll_fd, &event, 1, 10000) == 1, "no reply");
        read_some(&w);
    }
    uint64_t index = index_in(&w);
    close(w.fd);
    return index;
}

static void polls(void)
{
    char request[256], text[64], path[128];
    fill("web");
    open_watchers("/v1/services/web?index=%ju&wait=60s", false, index_of("/v1/services/web"));
    for (unsigned round = 0; round < ROUNDS; round++) {
        index_of("/v1/services/web"); /* the polls sent before it are held */
        snprintf(request, sizeof request,
                 "disc/1 reg svc=web inst=zz port=80 addr=10.0.0.7 lease=300 ver=r%03u\n", round);
        snprintf(text, sizeof text, "\"version\":\"r%03u\"", round);
        double began = say(request, false);
        must(await(text, watcher_count, began), "a reply did not come");
        take_reply();
        snprintf(path, sizeof path, "/v1/services/web?index=%ju&wait=60s",
                 (uintmax_t)index_of("/v1/services/web"));
        for (size_t n = 0; n < watcher_count; n++)
            ask(&watchers[n], "GET", path, false);
    }
    say_samples("long polls of one service");
}

static void hold(void)
{
    fill("web");
    uint64_t index = index_of("/v1/services/web");
    long before = rss_kib();
    double began = now();
    open_watchers("/v1/services/web?index=%ju&wait=60s", false, index);
    index_of("/v1/services/web"); /* all before it were read */
    long after = rss_kib();
    printf("long polls held: %zu, opened in %.0f ms; RSS %ld KiB -> %ld KiB: %.1f MiB more, "
           "%.1f KiB each\n",
           watcher_count, now() - began, before, after, (double)(after - before) / 1024,
           (double)(after - before) / (double)watcher_count);
    began = add("web", "new", false);
    must(await("\"new\"", watcher_count, began), "a reply did not come");
    say_samples("and all woken");
    printf("RSS then: %ld KiB\n", rss_kib());
}

static void slow(void)
{
    char request[1000], pad[201];
    memset(pad, 'x', 200);
    pad[200] = '\0';
    fill("web");
    open_watchers("/v1/services/web", true, 0);
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watchers[0].fd, NULL);
    long before = rss_kib(), most = before;
    double began = now();
    for (unsigned n = 0; n < SLOW_CHANGES; n++) {
        snprintf(
            request, sizeof request,
            "disc/1 reg svc=web inst=base-0 port=80 addr=10.0.0.7 lease=300 w=%u m.a=%s m.b=%s "
            "m.c=%s\n",
            n % 1000 + 1, pad, pad, pad);
        say(request, true);
        long kib = n % 500 == 0 ? rss_kib() : 0;
        most = kib > most ? kib : most;
    }
    printf(
        "a reader that stopped, %d changes in %.0f ms: RSS %ld KiB -> %ld KiB, at most %ld KiB\n",
        SLOW_CHANGES, now() - began, before, rss_kib(), most);
}

static const struct {
    const char *name;
    void (*run)(void);
    size_t clients;
} modes[] = {
    {"streams", streams, 1000}, {"spread", spread, 1000}, {"polls", polls, 1000},
    {"hold", hold, 10000},      {"slow", slow, 1},
};

static void set_up(char **arguments)
{
    struct timeval patience = {.tv_sec = 10};
    struct rlimit files;
    http = registration =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    http.sin_port = htons((uint16_t)atoi(arguments[0]));
    registration.sin_port = htons((uint16_t)atoi(arguments[1]));
    server = atol(arguments[2]);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (udp < 0 || epoll_fd < 0 ||
        connect(udp, (struct sockaddr *)&registration, sizeof registration) ||
        setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience))
        die("sockets");
}

int main(int count, char **arguments)
{
    for (size_t n = 0; count >= 5 && n < sizeof modes / sizeof modes[0]; n++) {
        if (strcmp(arguments[1], modes[n].name) != 0)
            continue;
        set_up(arguments + 2);
        watcher_count = count > 5 ? (size_t)atol(arguments[5]) : modes[n].clients;
        watchers = calloc(watcher_count ? watcher_count : 1, sizeof *watchers);
        if (!watchers)
            die("memory");
        modes[n].run();
        return 0;
    }
    fprintf(stderr, "usage: bench_watch streams|spread|polls|hold|slow HTTP-PORT "
                    "REGISTRATION-PORT PID [CLIENTS]\n");
    return 2;
}

/* A network that misbehaves, between a client and a server on this machine:
 *
 *     fault_proxy --listen A:P --to A:P [--tcp] [--seed N] [--loss P] [--dup P]
 *                 [--delay A-B] [--reorder P] [--cut FROM-TO] [--rate N]
 *
 * P: percent, of the datagrams of each direction. --delay: milliseconds, even between A and
 * B. --reorder: so many are held back until the next one of that direction has passed.
 * --cut: between these milliseconds of the proxy's life nothing passes (TCP: connections end, new
 * ones are refused); SIGUSR1 cuts from then on. --rate: datagrams per second and direction, the
 * rest is lost (TCP: bytes per second). With --tcp there is no loss, duplication and order; a
 * connection is ended at random instead (--loss: chance of each piece of at most 4 KiB).
 *
 * One stream of decisions per seed and direction: the fate of a direction's n-th datagram
 * depends on the seed and n alone.
 * Prints "ready ADDRESS:PORT" (port 0: any free one) when it listens and its counters when
 * SIGTERM ends it. */
#include "fault/proxy.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t proxy_now_ms(const struct proxy *p)
{
    return monotonic_ms() - p->started_ms;
}

bool proxy_is_cut(const struct proxy *p)
{
    uint64_t now = proxy_now_ms(p);
    return now >= p->cut_from_ms && now < p->cut_to_ms;
}

/* xorshift64*, below 2^32. */
static uint32_t draw(uint64_t *random)
{
    *random ^= *random >> 12;
    *random ^= *random << 25;
    *random ^= *random >> 27;
    return (uint32_t)(*random * 0x2545f4914f6cdd1du >> 32);
}

static bool happens(uint64_t *random, double percent)
{
    return draw(random) < percent / 100 * 4294967296.0;
}

static void seed(struct proxy *p, uint64_t seed)
{
    p->random[TO_SERVER] = seed * 0x9e3779b97f4a7c15u | 1;
    p->random[TO_CLIENT] = (seed + 1) * 0xd1342543de82ef95u | 1;
}

/* All five are drawn each time, so that one option does not shift the others' stream. */
struct fate proxy_decide(struct proxy *p, enum proxy_way way)
{
    struct fate fate;
    uint64_t *random = &p->random[way];
    fate.lost = happens(random, p->loss);
    fate.doubled = happens(random, p->duplicate);
    fate.held_back = happens(random, p->reorder);
    uint32_t span = p->delay_max_ms - p->delay_min_ms + 1;
    fate.delay_ms = p->delay_min_ms + draw(random) % span;
    fate.second_delay_ms = p->delay_min_ms + draw(random) % span;
    return fate;
}

/* ---- the command line ------------------------------------------------------------------ */

/* libevent's reader takes no port 0. */
static bool read_endpoint(const char *text, struct sockaddr_storage *out, socklen_t *size)
{
    char other[80];
    int n = sizeof *out;
    size_t length = strlen(text);
    bool any = length > 2 && strcmp(text + length - 2, ":0") == 0;
    snprintf(other, sizeof other, "%.*s%s", (int)(any ? length - 1 : length), text, any ? "9" : "");
    if (evutil_parse_sockaddr_port(other, (struct sockaddr *)out, &n))
        return false;
    if (any && out->ss_family == AF_INET)
        ((struct sockaddr_in *)out)->sin_port = 0;
    else if (any)
        ((struct sockaddr_in6 *)out)->sin6_port = 0;
    *size = (socklen_t)n;
    return true;
}

static bool read_range(const char *text, uint64_t *from, uint64_t *to)
{
    unsigned long long a, b;
    if (sscanf(text, "%llu-%llu", &a, &b) != 2 || b < a)
        return false;
    *from = a;
    *to = b;
    return true;
}

static bool read_percent(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && !*end && *out >= 0 && *out <= 100;
}

static bool read_option(struct proxy *p, int option, const char *word)
{
    uint64_t from, to;
    switch (option) {
    case 'l': return read_endpoint(word, &p->listen, &p->listen_size);
    case 't': return read_endpoint(word, &p->to, &p->to_size);
    case 'u': return true;
    case 's': p->tcp = true; return true;
    case 'n': seed(p, strtoull(word, NULL, 10)); return true;
    case 'o': return read_percent(word, &p->loss);
    case 'd': return read_percent(word, &p->duplicate);
    case 'r': return read_percent(word, &p->reorder);
    case 'c': return read_range(word, &p->cut_from_ms, &p->cut_to_ms);
    case 'b': p->rate = strtoull(word, NULL, 10); return p->rate > 0;
    case 'y':
        if (!read_range(word, &from, &to) || to > 60000)
            return false;
        p->delay_min_ms = (uint32_t)from;
        p->delay_max_ms = (uint32_t)to;
        return true;
    default: return false;
    }
}

static bool read_options(struct proxy *p, int argc, char **argv)
{
    static const struct option options[] = {
        {"listen", 1, NULL, 'l'}, {"to", 1, NULL, 't'},      {"udp", 0, NULL, 'u'},
        {"tcp", 0, NULL, 's'},    {"seed", 1, NULL, 'n'},    {"loss", 1, NULL, 'o'},
        {"dup", 1, NULL, 'd'},    {"reorder", 1, NULL, 'r'}, {"delay", 1, NULL, 'y'},
        {"cut", 1, NULL, 'c'},    {"rate", 1, NULL, 'b'},    {NULL, 0, NULL, 0}};
    seed(p, 1);
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (!read_option(p, c, optarg))
            return false;
    return optind == argc && p->listen_size && p->to_size;
}

/* ---- life --------------------------------------------------------------------------------- */

static void on_cut(evutil_socket_t signal, short what, void *context)
{
    struct proxy *p = context;
    (void)signal;
    (void)what;
    p->cut_from_ms = proxy_now_ms(p);
    p->cut_to_ms = UINT64_MAX;
}

static void on_stop(evutil_socket_t signal, short what, void *context)
{
    (void)signal;
    (void)what;
    event_base_loopbreak(context);
}

static void say_ready(int fd)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    char host[INET6_ADDRSTRLEN] = "";
    getsockname(fd, (struct sockaddr *)&own, &size);
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&own;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&own;
    if (own.ss_family == AF_INET)
        printf("ready %s:%u\n", inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host),
               ntohs(v4->sin_port));
    else
        printf("ready [%s]:%u\n", inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host),
               ntohs(v6->sin6_port));
    fflush(stdout);
}

static void report(const struct proxy *p)
{
    static const char *const names[] = {"to the server", "to the client"};
    for (int way = 0; way < 2; way++) {
        const struct proxy_counters *n = &p->counters[way];
        printf("%s: %lu came, %lu passed, %lu lost, %lu doubled, %lu held back, %lu cut, "
               "%lu over the rate\n",
               names[way], n->came, n->passed, n->lost, n->doubled, n->held_back, n->cut, n->over);
    }
    if (p->tcp)
        printf("%lu connections, %lu refused, %lu ended\n", p->connections, p->refused, p->ended);
}

int main(int argc, char **argv)
{
    static struct proxy p;
    if (!read_options(&p, argc, argv)) {
        fputs("usage: fault_proxy --listen A:P --to A:P [--udp|--tcp] [--seed N] [--loss P]\n"
              "                   [--dup P] [--delay A-B] [--reorder P] [--cut FROM-TO] "
              "[--rate N]\n",
              stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    p.started_ms = monotonic_ms();
    p.base = event_base_new();
    struct event *signals[] = {evsignal_new(p.base, SIGTERM, on_stop, p.base),
                               evsignal_new(p.base, SIGINT, on_stop, p.base),
                               evsignal_new(p.base, SIGUSR1, on_cut, &p)};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        event_add(signals[i], NULL);
    int fd = p.tcp ? proxy_tcp_start(&p) : proxy_udp_start(&p);
    if (fd < 0) {
        perror("fault_proxy: listen");
        return 1;
    }
    say_ready(fd);
    event_base_dispatch(p.base);
    if (!p.tcp)
        proxy_udp_drain(&p);
    report(&p);
    if (p.tcp)
        proxy_tcp_stop(&p);
    else
        proxy_udp_stop(&p);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        event_free(signals[i]);
    event_base_free(p.base);
    return 0;
}

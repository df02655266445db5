/* Subscriptions over UDP against a running discd (on loopback, `open`): how long a change
 * takes until the last subscriber has been told, and what that costs the server.
 *
 *   bench_push PORT PID [subscribers [changes]]      1000 and 200
 *
 * First all subscribe to one service, then each to one of its own. Prints one line for each;
 * says nothing about good or bad. */
#include <arpa/inet.h>
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

enum { SIZE = 1300, PAUSE_US = 110000 }; /* longer than changes are held together */

struct subscriber {
    int fd;
    unsigned number;
    uint64_t seq; /* of the last push */
    double at;    /* when it came */
};

static unsigned count = 1000, changes = 200;
static int port, server, epoll, sender;
static char cookie[64];
static struct subscriber *subscribers;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void require(bool fine, const char *what)
{
    if (fine)
        return;
    perror(what);
    exit(1);
}

static int connected(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    require(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "socket");
    return fd;
}

static void say(int fd, const char *text)
{
    require(send(fd, text, strlen(text), 0) > 0, "send");
}

static void ask(int fd, const char *text, char reply[static SIZE])
{
    say(fd, text);
    ssize_t n = recv(fd, reply, SIZE - 1, 0);
    require(n > 0, "recv");
    reply[n] = '\0';
}

static uint64_t number(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* One datagram of this subscriber; acknowledges a push. */
static void hear(struct subscriber *s)
{
    char text[SIZE], ack[128];
    ssize_t n = recv(s->fd, text, SIZE - 1, MSG_DONTWAIT);
    if (n <= 0)
        return;
    text[n] = '\0';
    if (strncmp(text, "disc/1 push ", 12) != 0)
        return;
    uint64_t seq = number(text, " seq=");
    if (seq > s->seq)
        s->at = seconds();
    s->seq = seq;
    snprintf(ack, sizeof ack, "disc/1 ack sub=%llu tok=token-of-%09u seq=%llu frag=1\n",
             (unsigned long long)number(text, " sub="), s->number, (unsigned long long)seq);
    say(s->fd, ack);
}

/* Hears all for so long, or until `wanted` of them have a seq above `above`. */
static unsigned listen_to_all(double patience, uint64_t above, unsigned wanted)
{
    struct epoll_event events[256];
    double end = seconds() + patience;
    unsigned have = 0;
    while (have < wanted && seconds() < end) {
        int n = epoll_wait(epoll, events, 256, 10);
        for (int i = 0; i < n; i++) {
            struct subscriber *s = events[i].data.ptr;
            uint64_t before = s->seq;
            hear(s);
            have += before <= above && s->seq > above;
        }
    }
    return have;
}

static void subscribe_all(bool apart)
{
    char text[256], reply[SIZE];
    for (unsigned i = 0; i < count; i++) {
        struct subscriber *s = &subscribers[i];
        *s = (struct subscriber){.fd = connected(), .number = i + (apart ? count : 0)};
        snprintf(text, sizeof text,
                 "disc/1 sub cid=bench tok=token-of-%09u lease=300 svc=%s%u ck=%s\n", s->number,
                 apart ? "apart" : "together", apart ? s->number : 0, cookie);
        ask(s->fd, text, reply);
        require(strncmp(reply, "disc/1 ok ", 10) == 0, reply);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};
        require(epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &e) == 0, "epoll");
        hear(s);
    }
    listen_to_all(1, 0, UINT32_MAX);
}

static void end_all(void)
{
    for (unsigned i = 0; i < count; i++)
        close(subscribers[i].fd);
}

/* Of the control thread, which is the first one, in seconds. */
static double server_cpu(void)
{
    char path[64], text[512];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", server, server);
    FILE *f = fopen(path, "r");
    require(f && fgets(text, sizeof text, f), path);
    fclose(f);
    sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
           &system);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *what, double *times, unsigned n, double cpu, uint64_t pushes)
{
    qsort(times, n, sizeof *times, by_size);
    printf("%-44s p50 %6.2f ms  p99 %6.2f ms  max %6.2f ms  control thread %6.2f us a push\n", what,
           times[n / 2] * 1e3, times[n * 99 / 100] * 1e3, times[n - 1] * 1e3,
           cpu / (double)pushes * 1e6);
}

static void change(const char *service, unsigned index, unsigned weight)
{
    char text[256], reply[SIZE];
    snprintf(text, sizeof text, "disc/1 reg svc=%s%u inst=a port=80 lease=300 w=%u\n", service,
             index, weight);
    ask(sender, text, reply);
    require(strncmp(reply, "disc/1 ok ", 10) == 0, reply);
}

static uint64_t highest(void)
{
    uint64_t seq = 0;
    for (unsigned i = 0; i < count; i++)
        seq = subscribers[i].seq > seq ? subscribers[i].seq : seq;
    return seq;
}

/* One change that all are told: from its request to the last push. */
static void bench_together(void)
{
    double *last = calloc(changes, sizeof *last), *each = calloc(changes * count, sizeof *each);
    subscribe_all(false);
    change("together", 0, 1);
    listen_to_all(5, highest(), count);
    double cpu = server_cpu();
    for (unsigned i = 0; i < changes; i++) {
        usleep(PAUSE_US);
        uint64_t before = highest();
        double begun = seconds();
        change("together", 0, 2 + i % 2);
        require(listen_to_all(5, before, count) == count, "a push was lost");
        for (unsigned k = 0; k < count; k++) {
            double took = each[i * count + k] = subscribers[k].at - begun;
            last[i] = took > last[i] ? took : last[i];
        }
    }
    cpu = server_cpu() - cpu;
    report("all on one service, each of them", each, changes * count, cpu, changes * count);
    report("all on one service, until the last has it", last, changes, cpu,
           (uint64_t)changes * count);
    end_all();
    free(last);
    free(each);
}

/* Changes of one service after the other: each has one subscriber among all. */
static void bench_apart(void)
{
    unsigned rounds = changes * 10;
    double *times = calloc(rounds, sizeof *times);
    subscribe_all(true);
    double cpu = server_cpu();
    for (unsigned i = 0; i < rounds; i++) {
        struct subscriber *s = &subscribers[i % count];
        uint64_t before = s->seq;
        double begun = seconds();
        change("apart", s->number, 2 + i / count % 2);
        while (s->seq <= before)
            require(listen_to_all(5, before, 1) > 0, "a push was lost");
        times[i] = s->at - begun;
    }
    report("each on its own, one change after the other", times, rounds, server_cpu() - cpu,
           rounds);
    free(times);
    end_all();
}

int main(int argc, char **argv)
{
    struct rlimit files = {20000, 20000};
    char reply[SIZE];
    if (argc < 3) {
        fprintf(stderr, "usage: bench_push PORT PID [subscribers [changes]]\n");
        return 2;
    }
    port = atoi(argv[1]);
    server = atoi(argv[2]);
    if (argc > 3)
        count = (unsigned)atoi(argv[3]);
    if (argc > 4)
        changes = (unsigned)atoi(argv[4]);
    (void)setrlimit(RLIMIT_NOFILE, &files);
    subscribers = calloc(count, sizeof *subscribers);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    sender = connected();
    ask(sender, "disc/1 hello\n", reply);
    require(sscanf(strstr(reply, " ck="), " ck=%63s", cookie) == 1, "cookie");
    bench_together();
    bench_apart();
    free(subscribers);
    return 0;
}

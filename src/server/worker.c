#include "server/worker.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rcu.h"

#define BATCH 32          /* requests and answers of a batch stay in the L2 cache */
#define REQUEST_SIZE 4096 /* no sensible query is longer; longer ones are FORMERR */
#define ROUNDS_MAX 16     /* batches per wake-up, so that TCP has its turn */

struct worker {
    struct event_base *base;
    struct event **udp_events;
    size_t udp_count;
    struct event *stop_event;
    int stop_fd;
    struct udp_batch *batch;
    struct tcp_server *tcp;
    struct dns_worker *dns;
    _Atomic(struct dns *) *shared;
    pthread_t thread;
    bool running;
};

/* One batch: receive, answer, send. True when more may be waiting. */
static bool serve_batch(struct worker *w, const struct dns *dns, int fd)
{
    bool drained;
    unsigned n = udp_receive(w->batch, fd, &drained);
    for (unsigned i = 0; i < n; i++) {
        struct udp_request in;
        if (!udp_request(w->batch, i, &in))
            continue;
        struct dns_request request = {in.bytes, in.size, in.from, DNS_UDP, 0, 0};
        size_t size = dns_respond(dns, w->dns, &request, in.out, DNS_UDP_LIMIT);
        if (size)
            udp_reply(w->batch, i, size);
    }
    udp_send(w->batch, fd);
    return !drained;
}

static void on_udp(evutil_socket_t fd, short what UNUSED, void *context)
{
    struct worker *w = context;
    rcu_reader_online();
    const struct dns *dns = RCU_READ(*w->shared);
    for (unsigned round = 0; round < ROUNDS_MAX && serve_batch(w, dns, fd); round++)
        ;
    rcu_reader_offline();
}

static size_t answer_tcp(void *context, const uint8_t *message, size_t size,
                         const struct endpoint *from, uint8_t *out, size_t out_size)
{
    struct worker *w = context;
    struct dns_request request = {message, size, *from, DNS_TCP, 0, 0};
    rcu_reader_online();
    size_t n = dns_respond(RCU_READ(*w->shared), w->dns, &request, out, out_size);
    rcu_reader_offline();
    return n;
}

static void on_stop(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct worker *w = context;
    event_base_loopbreak(w->base);
}

static void *run(void *context)
{
    struct worker *w = context;
    rcu_reader_start();
    event_base_dispatch(w->base);
    rcu_reader_stop();
    return NULL;
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK); /* one thread, and only that */
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static bool watch(struct worker *w, const struct worker_options *options)
{
    w->stop_event = event_new(w->base, w->stop_fd, EV_READ, on_stop, w);
    if (!w->stop_event || event_add(w->stop_event, NULL))
        return false;
    for (size_t i = 0; i < options->udp_count; i++) {
        struct event *e = event_new(w->base, options->udp_fds[i], EV_READ | EV_PERSIST, on_udp, w);
        if (!e)
            return false;
        w->udp_events[w->udp_count++] = e;
        if (event_add(e, NULL))
            return false;
    }
    return true;
}

/* Signals are the control thread's: a worker inherits a mask that blocks them all. */
static bool start_thread(struct worker *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    w->running = pthread_create(&w->thread, NULL, run, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return w->running;
}

struct worker *worker_start(const struct worker_options *options)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->shared = options->dns;
    w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->base = new_base();
    w->udp_events = calloc(options->udp_count + 1, sizeof *w->udp_events);
    w->batch = udp_batch_new(BATCH, REQUEST_SIZE, DNS_UDP_LIMIT);
    w->dns = dns_worker_new(options->seed);
    if (w->base)
        w->tcp = tcp_server_new(w->base, options->tcp_fds, options->tcp_count, &options->tcp,
                                options->quota, answer_tcp, w);
    bool good = w->stop_fd >= 0 && w->base && w->udp_events && w->batch && w->dns && w->tcp &&
                watch(w, options) && start_thread(w);
    if (!good) {
        log_error("cannot start a DNS worker: out of memory, descriptors or threads");
        worker_stop(w);
        return NULL;
    }
    return w;
}

void worker_stop(struct worker *w)
{
    if (!w)
        return;
    if (w->running) {
        uint64_t one = 1;
        if (write(w->stop_fd, &one, sizeof one) == sizeof one)
            pthread_join(w->thread, NULL);
    }
    for (size_t i = 0; i < w->udp_count; i++)
        event_free(w->udp_events[i]);
    if (w->stop_event)
        event_free(w->stop_event);
    tcp_server_free(w->tcp);
    udp_batch_free(w->batch);
    dns_worker_free(w->dns);
    if (w->base)
        event_base_free(w->base);
    if (w->stop_fd >= 0)
        close(w->stop_fd);
    free(w->udp_events);
    free(w);
}

const struct dns_counters *worker_dns_counters(const struct worker *w)
{
    return dns_worker_counters(w->dns);
}

const struct udp_counters *worker_udp_counters(const struct worker *w)
{
    return udp_counters(w->batch);
}

const struct tcp_counters *worker_tcp_counters(const struct worker *w)
{
    return tcp_counters(w->tcp);
}

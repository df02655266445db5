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
#include "server/clock.h"
#include "server/task_desk.h"
#include "server/turn.h"
#include "server/udp_shorten.h"

#define BATCH 32          /* requests and answers of a batch stay in the L2 cache */
#define REQUEST_SIZE 4096 /* no sensible query is longer; longer ones are FORMERR */

struct udp_socket {
    struct worker *worker;
    struct event *event;
    struct endpoint local;
};

_Static_assert(BATCH <= DNS_BATCH_MAX, "one dns_batch for each");

/* When it was; the clocks that are read go on in steps of milliseconds. */
struct reading {
    uint64_t wall_s, mono_ms;
};

/* Of the batch that is being answered. */
struct queries {
    struct dns_request requests[BATCH];
    unsigned places[BATCH]; /* in the batch */
};

struct worker {
    struct event_base *base;
    struct udp_socket *udp;
    size_t udp_count;
    struct event *stop_event, *task_event;
    int stop_fd;
    struct udp_batch *batch;
    struct queries queries;
    struct tcp_server *tcp;
    struct dns_worker *dns;
    _Atomic(struct dns *) *published;
    struct task_desk *desk;
    struct dnstap_tap *tap;
    pthread_t thread;
    bool running;
};

/* ---- UDP ----------------------------------------------------------------------------- */

static struct reading read_clocks(void)
{
    return (struct reading){clock_coarse_wall_s(), clock_coarse_monotonic_ms()};
}

/* The requests of the batch that can be answered; returns how many. */
static unsigned take_requests(const struct udp_socket *s, unsigned received,
                              const struct reading *now)
{
    struct worker *w = s->worker;
    struct queries *q = &w->queries;
    unsigned count = 0;
    for (unsigned n = 0; n < received; n++) {
        struct dns_request *r = &q->requests[count];
        struct udp_bytes in = udp_bytes(w->batch, n);
        if (!udp_from(w->batch, n, &r->from) || udp_is_reflected(w->batch, n, &s->local, &r->from))
            continue;
        r->bytes = in.at;
        r->size = in.size;
        r->transport = DNS_UDP;
        r->wall_s = now->wall_s;
        r->mono_ms = now->mono_ms;
        q->places[count++] = n;
    }
    return count;
}

static void serve_one(struct worker *w, const struct dns *dns, int fd, unsigned i)
{
    const struct dns_request *request = &w->queries.requests[i];
    unsigned place = w->queries.places[i];
    uint8_t *out = udp_room(w->batch);
    dnstap_query(w->tap, DNS_UDP, &request->from, request->bytes, request->size);
    size_t size = dns_respond_to(dns, w->dns, i, out, DNS_UDP_LIMIT);
    if (!size)
        size = task_desk_udp(w->desk, fd, place, &request->from, out, DNS_UDP_LIMIT);
    if (!size)
        return;
    udp_reply(w->batch, place, size);
    dnstap_response(w->tap, DNS_UDP, &request->from, out, size);
}

/* One batch: receive, answer, send. True when more may be waiting: where several came at once,
 * others have come meanwhile, and to look costs less than to be woken; who asks alone waits for
 * the answer. */
static bool serve_batch(const struct udp_socket *s, const struct dns *dns, int fd,
                        const struct reading *now)
{
    struct worker *w = s->worker;
    unsigned received = udp_receive(w->batch, fd, NULL);
    if (!received)
        return false;
    unsigned count = take_requests(s, received, now);
    dns_batch(dns, w->dns, w->queries.requests, count);
    for (unsigned i = 0; i < count; i++)
        serve_one(w, dns, fd, i);
    udp_send(w->batch, fd);
    return received > 1;
}

static void on_udp(evutil_socket_t fd, short what UNUSED, void *context)
{
    const struct udp_socket *s = context;
    struct reading now = read_clocks();
    struct turn turn = turn_begin(now.mono_ms);
    rcu_reader_online();
    const struct dns *dns = RCU_READ(*s->worker->published);
    while (serve_batch(s, dns, fd, &now)) {
        now = read_clocks();
        if (!turn_goes_on(&turn, now.mono_ms))
            break;
    }
    rcu_reader_offline();
}

/* ---- TCP ----------------------------------------------------------------------------- */

static size_t answer_tcp(void *context, struct tcp_server *tcp, const uint8_t *message, size_t size,
                         const struct endpoint *from, uint8_t *out, size_t out_size)
{
    struct worker *w = context;
    struct dns_request request = {
        .bytes = message,
        .size = size,
        .from = *from,
        .transport = DNS_TCP,
        .wall_s = clock_coarse_wall_s(),
        .mono_ms = clock_coarse_monotonic_ms(),
    };
    dnstap_query(w->tap, DNS_TCP, from, message, size);
    rcu_reader_online();
    size_t n = dns_respond(RCU_READ(*w->published), w->dns, &request, out, out_size);
    rcu_reader_offline();
    if (!n)
        n = task_desk_tcp(w->desk, tcp, from, out, out_size);
    if (n && n != TCP_LATER)
        dnstap_response(w->tap, DNS_TCP, from, out, n);
    return n;
}

static size_t next_of_task(void *context, void *stream, uint8_t *out, size_t out_size)
{
    struct worker *w = context;
    return task_desk_next(w->desk, stream, out, out_size);
}

static void end_of_task(void *context, void *stream)
{
    struct worker *w = context;
    task_desk_end(w->desk, stream);
}

/* ---- life ---------------------------------------------------------------------------- */

static void on_tasks(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct worker *w = context;
    task_desk_collect(w->desk);
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

static bool watch_udp(struct worker *w, int fd)
{
    struct udp_socket *s = &w->udp[w->udp_count];
    struct sockaddr_storage sa;
    socklen_t size = sizeof sa;
    s->worker = w;
    if (getsockname(fd, (struct sockaddr *)&sa, &size) ||
        endpoint_from_sockaddr((struct sockaddr *)&sa, &s->local))
        return false;
    s->event = event_new(w->base, fd, EV_READ | EV_PERSIST, on_udp, s);
    if (!s->event)
        return false;
    w->udp_count++;
    return event_add(s->event, NULL) == 0;
}

static bool watch(struct worker *w, const struct worker_options *options)
{
    w->stop_event = event_new(w->base, w->stop_fd, EV_READ, on_stop, w);
    if (!w->stop_event || event_add(w->stop_event, NULL))
        return false;
    w->task_event = event_new(w->base, tasks_worker_fd(options->tasks, options->number),
                              EV_READ | EV_PERSIST, on_tasks, w);
    if (!w->task_event || event_add(w->task_event, NULL))
        return false;
    for (size_t i = 0; i < options->udp_count; i++)
        if (!watch_udp(w, options->udp_fds[i]))
            return false;
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
    if (w->running)
        (void)pthread_setname_np(w->thread, "dns"); /* for top -H and discbench --server-pid */
    return w->running;
}

/* What needs no thread yet. */
static bool prepare(struct worker *w, const struct worker_options *options)
{
    struct tcp_answering answering = {w, answer_tcp, next_of_task, end_of_task};
    w->published = options->dns;
    w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->base = new_base();
    w->udp = calloc(options->udp_count + 1, sizeof *w->udp);
    w->batch = udp_batch_new(BATCH, REQUEST_SIZE, DNS_UDP_LIMIT);
    w->dns = dns_worker_new(options->seed);
    if (!w->base || !w->batch || !w->dns)
        return false;
    udp_batch_shorten(w->batch, shorten_answer);
    dns_worker_share(w->dns, options->shared);
    w->tap = options->tap;
    w->desk = task_desk_new(&(struct task_desk_options){
        .tasks = options->tasks,
        .worker = options->number,
        .batch = w->batch,
        .dns = w->dns,
        .tap = options->tap,
    });
    w->tcp = tcp_server_new(w->base, options->tcp_fds, options->tcp_count, &options->tcp,
                            options->quota, &answering);
    return w->stop_fd >= 0 && w->udp && w->desk && w->tcp && watch(w, options);
}

struct worker *worker_start(const struct worker_options *options)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    if (!prepare(w, options) || !start_thread(w)) {
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
        event_free(w->udp[i].event);
    if (w->stop_event)
        event_free(w->stop_event);
    if (w->task_event)
        event_free(w->task_event);
    tcp_server_free(w->tcp);
    task_desk_free(w->desk);
    udp_batch_free(w->batch);
    dns_worker_free(w->dns);
    if (w->base)
        event_base_free(w->base);
    if (w->stop_fd >= 0)
        close(w->stop_fd);
    free(w->udp);
    free(w);
}

uint64_t worker_cpu_us(const struct worker *w)
{
    return clock_thread_cpu_us(w->thread);
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

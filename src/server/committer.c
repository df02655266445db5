#include "server/committer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "server/clock.h"
#include "server/loop.h"

enum { RETRY_MS = 1000 };

struct committer {
    struct committer_options options;
    struct event *news;
    int news_fd;
    pthread_t thread;
    bool running;
    struct log_limit limit; /* the thread's */
    struct committer_counters counters;

    pthread_mutex_t lock;                           /* of all below */
    pthread_cond_t wake;                            /* something was queued, or stopping */
    struct store_batch *queue[COMMITTER_QUEUE_MAX]; /* a ring */
    size_t first, count;                            /* batches in it */
    uint64_t first_us; /* when the first was queued that the commit under way left out; 0 = none */
    bool stopping;
    struct committer_state state;
};

/* What one transaction will hold. */
struct group {
    struct store_batch *batches[COMMITTER_GROUP];
    size_t count;
    uint64_t changes;
};

uint64_t committer_bucket_us(unsigned bucket)
{
    static const uint32_t bounds[COMMITTER_BUCKETS - 1] = {
        250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000};
    return bucket < COMMITTER_BUCKETS - 1 ? bounds[bucket] : UINT64_MAX;
}

/* ---- the store thread ------------------------------------------------------------------ */

static struct store_batch *queued(const struct committer *c, size_t n)
{
    return c->queue[(c->first + n) % COMMITTER_QUEUE_MAX];
}

/* From the front, as many whole batches as fit. */
static void gather(const struct committer *c, struct group *g)
{
    g->count = 0;
    g->changes = 0;
    while (g->count < c->count && g->count < COMMITTER_GROUP) {
        struct store_batch *next = queued(c, g->count);
        size_t changes = store_batch_count(next);
        if (g->count && g->changes + changes > COMMITTER_GROUP)
            break;
        g->batches[g->count++] = next;
        g->changes += changes;
    }
}

static void remove_group(struct committer *c, const struct group *g)
{
    c->first = (c->first + g->count) % COMMITTER_QUEUE_MAX;
    c->count -= g->count;
    c->state.queued -= g->changes;
    c->state.committed = store_batch_last(g->batches[g->count - 1]);
}

/* Waits for a signal, until the monotonic time at most. */
static void wait_until(struct committer *c, uint64_t us)
{
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    pthread_cond_timedwait(&c->wake, &c->lock, &t);
}

/* A commit that follows upon another takes along what comes within a moment. */
static void let_others_join(struct committer *c, uint64_t ended_us)
{
    if (clock_monotonic_us() - ended_us >= COMMITTER_GATHER_US)
        return;
    uint64_t until = c->first_us + COMMITTER_GATHER_US;
    while (!c->stopping && c->state.queued < COMMITTER_GROUP && clock_monotonic_us() < until)
        wait_until(c, until);
}

static void count_latency(struct committer_counters *n, uint64_t us, uint64_t changes)
{
    unsigned bucket = 0;
    while (us > committer_bucket_us(bucket))
        bucket++;
    counter_up(&n->latency[bucket]);
    counter_up(&n->commits);
    counter_add(&n->changes, changes);
    counter_add(&n->latency_us, us);
    if (us > counter_get(&n->latency_max_us))
        counter_add(&n->latency_max_us, us - counter_get(&n->latency_max_us));
}

static void tell_control(const struct committer *c)
{
    uint64_t one = 1;
    ssize_t n = write(c->news_fd, &one, sizeof one);
    (void)n; /* it can only be full, and then control is about to look */
}

static void note_success(struct committer *c, const struct group *g)
{
    if (c->state.fault.err)
        log_limited(&c->limit, clock_monotonic_ms(), LOG_LEVEL_INFO,
                    "store: changes are stored again, %llu more are on their way to the disk",
                    (unsigned long long)(c->state.queued - g->changes));
    c->state.fault = (struct committer_fault){0};
    remove_group(c, g);
}

static void note_failure(struct committer *c, const struct committer_fault *fault)
{
    if (fault->err != c->state.fault.err)
        log_limited(&c->limit, clock_monotonic_ms(), LOG_LEVEL_ERROR,
                    "store: changes cannot be stored: %s; registrations are refused until they "
                    "can, heartbeats and DNS go on; it is tried again every second",
                    fault->text[0] ? fault->text : err_text(fault->err));
    counter_up(&c->counters.failures);
    c->state.fault = *fault;
    c->state.failed_us = clock_monotonic_us();
}

/* One transaction, with the lock given up while the disk is at work. */
static bool commit_group(struct committer *c, struct group *g)
{
    struct committer_fault fault = {ERR_OK, {0}};
    uint64_t start = clock_monotonic_us();
    c->first_us = g->count < c->count ? start : 0;
    pthread_mutex_unlock(&c->lock);
    fault.err = c->options.commit(c->options.commit_context, g->batches, g->count, fault.text);
    uint64_t us = clock_monotonic_us() - start;
    pthread_mutex_lock(&c->lock);
    if (fault.err) {
        note_failure(c, &fault);
    } else {
        count_latency(&c->counters, us, g->changes);
        note_success(c, g);
    }
    tell_control(c);
    return !fault.err;
}

static void free_group(struct group *g)
{
    for (size_t i = 0; i < g->count; i++)
        store_batch_free(g->batches[i]);
}

static void wait_to_retry(struct committer *c)
{
    uint64_t until = clock_monotonic_us() + c->options.retry_ms * 1000ull;
    while (!c->stopping && clock_monotonic_us() < until)
        wait_until(c, until);
}

static void *run(void *context)
{
    struct committer *c = context;
    struct group group;
    uint64_t ended_us = 0;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        while (!c->count && !c->stopping)
            pthread_cond_wait(&c->wake, &c->lock);
        if (!c->count)
            break;
        let_others_join(c, ended_us);
        bool last_try = c->stopping;
        gather(c, &group);
        if (commit_group(c, &group)) {
            free_group(&group);
            ended_us = clock_monotonic_us();
        } else if (last_try) {
            break;
        } else {
            wait_to_retry(c);
        }
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* ---- the control thread ------------------------------------------------------------------ */

static void on_news(evutil_socket_t fd, short what UNUSED, void *context)
{
    struct committer *c = context;
    uint64_t times;
    if (read(fd, &times, sizeof times) == sizeof times)
        c->options.done(c->options.done_context);
}

static bool make_lock(struct committer *c)
{
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&c->lock, NULL))
        return false;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&c->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (failed)
        pthread_mutex_destroy(&c->lock);
    return !failed;
}

static bool start_thread(struct committer *c)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    c->running = pthread_create(&c->thread, NULL, run, c) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (c->running)
        (void)pthread_setname_np(c->thread, "store");
    return c->running;
}

static bool watch_news(struct committer *c)
{
    c->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->news_fd < 0)
        return false;
    c->news = event_new(c->options.base, c->news_fd, EV_READ | EV_PERSIST, on_news, c);
    if (!c->news)
        return false;
    loop_set_urgent(c->news, true);
    return event_add(c->news, NULL) == 0;
}

struct committer *committer_start(const struct committer_options *options)
{
    struct committer *c = calloc(1, sizeof *c);
    bool good = c && make_lock(c);
    if (good) {
        c->options = *options;
        c->options.retry_ms = options->retry_ms ? options->retry_ms : RETRY_MS;
        c->state.fault = options->fault;
        c->state.failed_us = options->fault.err ? clock_monotonic_us() : 0;
        if (watch_news(c) && start_thread(c))
            return c;
        committer_free(c);
    } else {
        free(c);
    }
    log_error("cannot start the store thread: out of memory, descriptors or threads");
    return NULL;
}

bool committer_push(struct committer *c, struct store_batch *batch)
{
    pthread_mutex_lock(&c->lock);
    bool taken = c->count < COMMITTER_QUEUE_MAX && !c->stopping;
    if (taken) {
        if (!c->first_us)
            c->first_us = clock_monotonic_us();
        c->queue[(c->first + c->count++) % COMMITTER_QUEUE_MAX] = batch;
        c->state.queued += store_batch_count(batch);
        pthread_cond_signal(&c->wake);
    }
    pthread_mutex_unlock(&c->lock);
    return taken;
}

bool committer_has_room(struct committer *c)
{
    pthread_mutex_lock(&c->lock);
    bool room = c->count < COMMITTER_QUEUE_MAX && !c->stopping;
    pthread_mutex_unlock(&c->lock);
    return room;
}

void committer_state(struct committer *c, struct committer_state *out)
{
    pthread_mutex_lock(&c->lock);
    *out = c->state;
    pthread_mutex_unlock(&c->lock);
}

uint64_t committer_cpu_us(const struct committer *c)
{
    return c->running ? clock_thread_cpu_us(c->thread) : 0;
}

const struct committer_counters *committer_counters(const struct committer *c)
{
    return &c->counters;
}

void committer_stop(struct committer *c)
{
    if (!c->running)
        return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    c->running = false;
    event_del(c->news);
}

void committer_free(struct committer *c)
{
    if (!c)
        return;
    committer_stop(c);
    for (; c->count; c->count--)
        store_batch_free(queued(c, c->count - 1));
    if (c->news)
        event_free(c->news);
    if (c->news_fd >= 0)
        close(c->news_fd);
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

#include "server/task_desk.h"

#include <stdlib.h>

#include "base/log.h"
#include "server/clock.h"

struct task_desk {
    struct task_desk_options options;
    struct log_limit limit; /* of refusals */
    uint8_t out[DNS_UDP_LIMIT];
};

struct task_desk *task_desk_new(const struct task_desk_options *options)
{
    struct task_desk *d = calloc(1, sizeof *d);
    if (d)
        d->options = *options;
    return d;
}

void task_desk_free(struct task_desk *d)
{
    free(d);
}

/* ---- to the control thread ----------------------------------------------------------- */

static struct task_job job_of(const struct task_desk *d, struct dns_task *task,
                              const struct endpoint *from)
{
    return (struct task_job){.task = task, .worker = d->options.worker, .from = *from};
}

static size_t refuse(struct task_desk *d, struct dns_task *task, enum tasks_verdict verdict,
                     uint8_t *out, size_t size)
{
    dns_task_refuse(task, verdict == TASKS_TOO_MANY_TRANSFERS
                              ? "too many zone transfers are under way; try again later"
                              : "the server is busy; try again later");
    char line[TASKS_LINE];
    if (dns_task_describe(task, line, sizeof line))
        log_limited(&d->limit, clock_monotonic_ms(), LOG_LEVEL_INFO, "%s", line);
    size_t n = dns_task_next(task, d->options.dns, clock_coarse_wall_s(), out, size);
    dns_task_free(task);
    return n;
}

size_t task_desk_udp(struct task_desk *d, int fd, unsigned n, const struct endpoint *from,
                     uint8_t *out, size_t size)
{
    struct dns_task *task = dns_worker_take_task(d->options.dns);
    if (!task)
        return 0;
    struct task_job job = job_of(d, task, from);
    job.fd = fd;
    udp_sender(d->options.batch, n, &job.udp);
    enum tasks_verdict verdict = tasks_submit(d->options.tasks, &job);
    return verdict == TASKS_TAKEN ? 0 : refuse(d, task, verdict, out, size);
}

size_t task_desk_tcp(struct task_desk *d, struct tcp_server *tcp, const struct endpoint *from,
                     uint8_t *out, size_t size)
{
    struct dns_task *task = dns_worker_take_task(d->options.dns);
    if (!task)
        return 0;
    struct task_job job = job_of(d, task, from);
    job.later = tcp_later(tcp);
    /* Only streams take places: over UDP all is one message, to whoever claims to ask. */
    job.transfer = dns_task_kind(task) == DNS_TASK_TRANSFER;
    if (!job.later)
        return refuse(d, task, TASKS_FULL, out, size);
    enum tasks_verdict verdict = tasks_submit(d->options.tasks, &job);
    if (verdict == TASKS_TAKEN)
        return TCP_LATER;
    tcp_later_cancel(job.later);
    return refuse(d, task, verdict, out, size);
}

/* ---- and back ------------------------------------------------------------------------ */

size_t task_desk_next(struct task_desk *d, void *stream, uint8_t *out, size_t size)
{
    const struct task_job *job = stream;
    size_t n = dns_task_next(job->task, d->options.dns, clock_coarse_wall_s(), out, size);
    if (n)
        dnstap_response(d->options.tap, job->later ? DNS_TCP : DNS_UDP, &job->from, out, n);
    return n;
}

void task_desk_end(struct task_desk *d, void *stream)
{
    tasks_done(d->options.tasks, stream);
}

static void answer_udp(struct task_desk *d, struct task_job *job)
{
    size_t n = task_desk_next(d, job, d->out, sizeof d->out);
    if (n && udp_reply_later(d->options.batch, &job->udp, d->out, n))
        udp_send(d->options.batch, job->fd);
    task_desk_end(d, job);
}

void task_desk_collect(struct task_desk *d)
{
    for (struct task_job *job; (job = tasks_collect(d->options.tasks, d->options.worker));) {
        if (job->later)
            tcp_later_answer(job->later, job);
        else
            answer_udp(d, job);
    }
}

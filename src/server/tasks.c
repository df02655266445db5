#include "server/tasks.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A list and the descriptor that is readable while it holds something. */
struct mailbox {
    struct task_list jobs;
    size_t count;
    int fd;
};

struct tasks {
    pthread_mutex_t mutex; /* of all that follows: nothing is held under it for long */
    struct tasks_options options;
    struct mailbox control, *workers;
    struct tasks_report report;
};

static bool mailbox_init(struct mailbox *m)
{
    STAILQ_INIT(&m->jobs);
    m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return m->fd >= 0;
}

static void put(struct mailbox *m, struct task_job *job)
{
    uint64_t one = 1;
    STAILQ_INSERT_TAIL(&m->jobs, job, next);
    if (!m->count++ && write(m->fd, &one, sizeof one) < 0)
        return; /* impossible: the counter is far from its end */
}

static struct task_job *take(struct mailbox *m)
{
    uint64_t count;
    struct task_job *job = STAILQ_FIRST(&m->jobs);
    if (!job)
        return NULL;
    STAILQ_REMOVE_HEAD(&m->jobs, next);
    if (!--m->count && read(m->fd, &count, sizeof count) < 0)
        return job; /* impossible: it was written when the first came */
    return job;
}

static void job_free(struct tasks *t, struct task_job *job)
{
    if (job->task)
        t->options.free_task(job->task);
    free(job);
}

static void mailbox_deinit(struct tasks *t, struct mailbox *m)
{
    for (struct task_job *job; m->fd >= 0 && (job = take(m));)
        job_free(t, job);
    if (m->fd >= 0)
        close(m->fd);
}

struct tasks *tasks_new(const struct tasks_options *options)
{
    struct tasks *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->options = *options;
    t->workers = calloc(options->workers + 1, sizeof *t->workers);
    pthread_mutex_init(&t->mutex, NULL);
    bool good = mailbox_init(&t->control) && t->workers;
    for (unsigned i = 0; i < options->workers && t->workers; i++)
        good = mailbox_init(&t->workers[i]) && good;
    if (!good) {
        tasks_free(t);
        return NULL;
    }
    return t;
}

void tasks_free(struct tasks *t)
{
    if (!t)
        return;
    mailbox_deinit(t, &t->control);
    for (unsigned i = 0; i < t->options.workers && t->workers; i++)
        mailbox_deinit(t, &t->workers[i]);
    pthread_mutex_destroy(&t->mutex);
    free(t->workers);
    free(t);
}

/* ---- workers ------------------------------------------------------------------------- */

static enum tasks_verdict judge(struct tasks *t, const struct task_job *job)
{
    if (t->report.under_way >= t->options.under_way_max) {
        t->report.refused_full++;
        return TASKS_FULL;
    }
    if (job->transfer && t->report.transfers_now >= t->options.transfers_max) {
        t->report.refused_transfers++;
        return TASKS_TOO_MANY_TRANSFERS;
    }
    return TASKS_TAKEN;
}

enum tasks_verdict tasks_submit(struct tasks *t, const struct task_job *job)
{
    struct task_job *copy = malloc(sizeof *copy);
    if (!copy)
        return TASKS_FULL;
    *copy = *job;
    pthread_mutex_lock(&t->mutex);
    enum tasks_verdict verdict = judge(t, job);
    if (verdict == TASKS_TAKEN) {
        t->report.submitted++;
        t->report.under_way++;
        t->report.transfers_now += job->transfer;
        put(&t->control, copy);
    }
    pthread_mutex_unlock(&t->mutex);
    if (verdict != TASKS_TAKEN)
        free(copy);
    return verdict;
}

int tasks_worker_fd(const struct tasks *t, unsigned worker)
{
    return t->workers[worker].fd;
}

struct task_job *tasks_collect(struct tasks *t, unsigned worker)
{
    pthread_mutex_lock(&t->mutex);
    struct task_job *job = take(&t->workers[worker]);
    t->report.under_way -= job != NULL;
    pthread_mutex_unlock(&t->mutex);
    return job;
}

void tasks_done(struct tasks *t, struct task_job *job)
{
    pthread_mutex_lock(&t->mutex);
    t->report.transfers_now -= job->transfer;
    pthread_mutex_unlock(&t->mutex);
    job_free(t, job);
}

/* ---- the control thread ---------------------------------------------------------------- */

int tasks_control_fd(const struct tasks *t)
{
    return t->control.fd;
}

struct task_job *tasks_next(struct tasks *t)
{
    pthread_mutex_lock(&t->mutex);
    struct task_job *job = take(&t->control);
    pthread_mutex_unlock(&t->mutex);
    return job;
}

void tasks_return(struct tasks *t, struct task_job *job)
{
    pthread_mutex_lock(&t->mutex);
    put(&t->workers[job->worker], job);
    pthread_mutex_unlock(&t->mutex);
}

struct tasks_report tasks_report(struct tasks *t)
{
    pthread_mutex_lock(&t->mutex);
    struct tasks_report report = t->report;
    pthread_mutex_unlock(&t->mutex);
    return report;
}

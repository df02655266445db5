#include "server/control_tasks.h"

#include <stdlib.h>

#include "base/log.h"
#include "server/clock.h"

#define UNSTORED "disk: the change is not stored; try again later"

struct control_tasks {
    struct control_tasks_options options;
    struct task_list waiting; /* run, in that order */
    size_t count;
    struct log_limit limits[2]; /* by enum dns_task_kind */
};

struct control_tasks *control_tasks_new(const struct control_tasks_options *options)
{
    struct control_tasks *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->options = *options;
    STAILQ_INIT(&t->waiting);
    return t;
}

void control_tasks_free(struct control_tasks *t)
{
    if (!t)
        return;
    control_tasks_refuse(t);
    free(t);
}

static void tell(struct control_tasks *t, const struct dns_task *task)
{
    char line[TASKS_LINE];
    if (dns_task_describe(task, line, sizeof line))
        log_limited(&t->limits[dns_task_kind(task)], clock_monotonic_ms(), LOG_LEVEL_INFO, "%s",
                    line);
}

static void run(struct control_tasks *t, struct dns *dns, struct moment now, struct task_job *job)
{
    struct durable *durable = t->options.durable;
    durable_begin(durable);
    dns_task_run(dns, t->options.registry, now, job->task);
    job->change = durable_wait(durable);
    if (job->change && (job->change == STORE_NEVER || durable_state(durable)->fault.err)) {
        dns_task_refuse(job->task, UNSTORED);
        job->change = 0;
    }
    tell(t, job->task);
    STAILQ_INSERT_TAIL(&t->waiting, job, next);
    t->count++;
}

unsigned control_tasks_run(struct control_tasks *t, struct dns *dns, struct moment now,
                           unsigned max)
{
    unsigned n = 0;
    for (struct task_job *job; n < max && (job = tasks_next(t->options.tasks)); n++)
        run(t, dns, now, job);
    return n;
}

static void give_back(struct control_tasks *t, struct task_job *job)
{
    STAILQ_REMOVE(&t->waiting, job, task_job, next);
    t->count--;
    tasks_return(t->options.tasks, job);
}

void control_tasks_release(struct control_tasks *t, uint64_t committed)
{
    for (struct task_job *job = STAILQ_FIRST(&t->waiting), *next; job; job = next) {
        next = STAILQ_NEXT(job, next);
        if (job->change <= committed)
            give_back(t, job);
    }
}

void control_tasks_refuse(struct control_tasks *t)
{
    for (struct task_job *job; (job = STAILQ_FIRST(&t->waiting)); give_back(t, job))
        if (job->change)
            dns_task_refuse(job->task, UNSTORED);
}

size_t control_tasks_waiting(const struct control_tasks *t)
{
    return t->count;
}

#include "server/tasks.h"

#include "unit/server/common.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>

/* What a task is does not matter here. */
struct dns_task {
    unsigned number;
    bool seen; /* by the control thread */
};

static _Atomic unsigned freed;

static void free_task(struct dns_task *task)
{
    freed++;
    free(task);
}

static struct tasks *new_tasks(unsigned workers, unsigned under_way_max, unsigned transfers_max)
{
    struct tasks *t =
        tasks_new(&(struct tasks_options){workers, under_way_max, transfers_max, free_task});
    assert_non_null(t);
    freed = 0;
    return t;
}

static enum tasks_verdict submit(struct tasks *t, unsigned worker, unsigned number, bool transfer)
{
    struct dns_task *task = calloc(1, sizeof *task);
    task->number = number;
    struct task_job job = {.task = task, .worker = worker, .transfer = transfer};
    enum tasks_verdict verdict = tasks_submit(t, &job);
    if (verdict != TASKS_TAKEN)
        free(task);
    return verdict;
}

static bool readable(int fd, int ms)
{
    struct pollfd p = {fd, POLLIN, 0};
    return poll(&p, 1, ms) == 1;
}

static void there_and_back(void **state UNUSED)
{
    struct tasks *t = new_tasks(2, 10, 10);
    assert_false(readable(tasks_control_fd(t), 0));
    assert_null(tasks_next(t));
    assert_int_equal(submit(t, 1, 7, false), TASKS_TAKEN);
    assert_int_equal(submit(t, 1, 8, false), TASKS_TAKEN);
    assert_true(readable(tasks_control_fd(t), 0));
    struct task_job *a = tasks_next(t);
    assert_int_equal(a->task->number, 7);
    assert_true(readable(tasks_control_fd(t), 0));
    struct task_job *b = tasks_next(t);
    assert_false(readable(tasks_control_fd(t), 0));
    tasks_return(t, b);
    tasks_return(t, a);
    assert_false(readable(tasks_worker_fd(t, 0), 0));
    assert_null(tasks_collect(t, 0));
    assert_true(readable(tasks_worker_fd(t, 1), 0));
    assert_ptr_equal(tasks_collect(t, 1), b);
    assert_ptr_equal(tasks_collect(t, 1), a);
    assert_false(readable(tasks_worker_fd(t, 1), 0));
    tasks_done(t, a);
    tasks_done(t, b);
    assert_int_equal(freed, 2);
    tasks_free(t);
}

static void it_is_bounded(void **state UNUSED)
{
    struct tasks *t = new_tasks(1, 2, 10);
    assert_int_equal(submit(t, 0, 1, false), TASKS_TAKEN);
    assert_int_equal(submit(t, 0, 2, false), TASKS_TAKEN);
    assert_int_equal(submit(t, 0, 3, false), TASKS_FULL);
    struct tasks_report report = tasks_report(t);
    assert_int_equal(report.submitted, 2);
    assert_int_equal(report.refused_full, 1);
    assert_int_equal(report.under_way, 2);
    tasks_return(t, tasks_next(t));
    assert_int_equal(submit(t, 0, 3, false), TASKS_FULL);
    tasks_done(t, tasks_collect(t, 0));
    assert_int_equal(submit(t, 0, 4, false), TASKS_TAKEN);
    tasks_free(t);
    assert_int_equal(freed, 3);
}

/* A transfer counts until it is done, wherever its job is by then. */
static void so_many_transfers(void **state UNUSED)
{
    struct tasks *t = new_tasks(1, 10, 2);
    assert_int_equal(submit(t, 0, 1, true), TASKS_TAKEN);
    assert_int_equal(submit(t, 0, 2, true), TASKS_TAKEN);
    assert_int_equal(submit(t, 0, 3, true), TASKS_TOO_MANY_TRANSFERS);
    assert_int_equal(submit(t, 0, 4, false), TASKS_TAKEN);
    struct task_job *job = tasks_next(t);
    assert_int_equal(submit(t, 0, 5, true), TASKS_TOO_MANY_TRANSFERS);
    tasks_done(t, job);
    assert_int_equal(submit(t, 0, 6, true), TASKS_TAKEN);
    job = tasks_next(t);
    tasks_return(t, job);
    assert_ptr_equal(tasks_collect(t, 0), job); /* its messages go out */
    assert_int_equal(submit(t, 0, 7, true), TASKS_TOO_MANY_TRANSFERS);
    tasks_done(t, job);
    assert_int_equal(submit(t, 0, 8, true), TASKS_TAKEN);
    assert_int_equal(tasks_report(t).transfers_now, 2);
    assert_int_equal(tasks_report(t).refused_transfers, 3);
    tasks_free(t);
}

static void the_end_frees_all(void **state UNUSED)
{
    struct tasks *t = new_tasks(2, 10, 10);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(submit(t, i % 2, i, false), TASKS_TAKEN);
    tasks_return(t, tasks_next(t));
    tasks_return(t, tasks_next(t));
    tasks_free(t);
    assert_int_equal(freed, 6);
    tasks_free(NULL);
}

/* ---- with threads -------------------------------------------------------------------------- */

enum { WORKERS = 3, TASKS = 3000 };

struct worker_thread {
    struct tasks *tasks;
    unsigned number, back;
    bool bad;
};

static void *work(void *context)
{
    struct worker_thread *w = context;
    unsigned sent = 0;
    while (w->back < TASKS && !w->bad) {
        while (sent < TASKS && submit(w->tasks, w->number, sent, false) == TASKS_TAKEN)
            sent++;
        if (sent == w->back) { /* the others have all the room */
            sched_yield();
            continue;
        }
        w->bad = !readable(tasks_worker_fd(w->tasks, w->number), PATIENCE_MS);
        for (struct task_job *job; (job = tasks_collect(w->tasks, w->number)); w->back++) {
            w->bad |= !job->task->seen || job->task->number != w->back;
            tasks_done(w->tasks, job);
        }
    }
    return NULL;
}

static void each_worker_gets_its_own_in_order(void **state UNUSED)
{
    struct tasks *t = new_tasks(WORKERS, 64, 1);
    struct worker_thread workers[WORKERS];
    pthread_t threads[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker_thread){t, i, 0, false};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned done = 0; done < WORKERS * TASKS;) {
        assert_true(readable(tasks_control_fd(t), PATIENCE_MS));
        for (struct task_job *job; (job = tasks_next(t)); done++) {
            job->task->seen = true;
            tasks_return(t, job);
        }
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].back, TASKS);
        assert_false(workers[i].bad);
    }
    tasks_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(it_is_bounded),
        cmocka_unit_test(so_many_transfers),
        cmocka_unit_test(the_end_frees_all),
        cmocka_unit_test(each_worker_gets_its_own_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/committer.h"

#include "unit/server/common.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

/* A disk that the test holds and breaks: each commit waits until it is let through. */
struct disk {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    unsigned permits; /* commits that may still end; ENDLESS = all */
    unsigned begun, ended;
    enum err err;     /* of the commits that end now */
    size_t sizes[64]; /* batches of each commit */
    uint64_t lasts[64];
    bool signals_blocked;
};

enum { ENDLESS = 1000000 };

static enum err write_to(void *context, struct store_batch *const *batches, size_t count,
                         char fault[static STORE_FAULT_TEXT])
{
    struct disk *d = context;
    sigset_t mask;
    pthread_mutex_lock(&d->lock);
    unsigned n = d->begun++;
    d->sizes[n % 64] = count;
    d->lasts[n % 64] = store_batch_last(batches[count - 1]);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    d->signals_blocked = sigismember(&mask, SIGTERM) == 1;
    pthread_cond_broadcast(&d->moved);
    while (!d->permits)
        pthread_cond_wait(&d->moved, &d->lock);
    if (d->permits != ENDLESS)
        d->permits--;
    enum err err = d->err;
    d->ended++;
    pthread_cond_broadcast(&d->moved);
    pthread_mutex_unlock(&d->lock);
    if (err)
        snprintf(fault, STORE_FAULT_TEXT, "the disk is %s", err == ERR_FULL ? "full" : "broken");
    return err;
}

struct rig {
    struct disk disk;
    struct event_base *base;
    struct store_journal *journal;
    struct committer *committer;
    struct committer_state seen; /* at the last news */
    unsigned news;
};

static void on_news(void *context)
{
    struct rig *r = context;
    committer_state(r->committer, &r->seen);
    r->news++;
}

static void rig_begin(struct rig *r, unsigned permits, unsigned retry_ms)
{
    *r = (struct rig){.disk = {.permits = permits}};
    assert_int_equal(pthread_mutex_init(&r->disk.lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&r->disk.moved, NULL), 0);
    r->base = event_base_new();
    r->journal = store_journal_new();
    struct committer_options options = {
        .base = r->base,
        .commit = write_to,
        .commit_context = &r->disk,
        .done = on_news,
        .done_context = r,
        .retry_ms = retry_ms,
    };
    r->committer = committer_start(&options);
    assert_non_null(r->committer);
}

static void rig_end(struct rig *r)
{
    committer_free(r->committer);
    store_journal_free(r->journal);
    event_base_free(r->base);
    pthread_cond_destroy(&r->disk.moved);
    pthread_mutex_destroy(&r->disk.lock);
}

/* A batch of so many changes, with the numbers that follow. */
static struct store_batch *batch_of(struct rig *r, unsigned changes)
{
    static uint64_t alive_ms;
    for (unsigned i = 0; i < changes; i++) {
        struct store_meta meta = {1, 2, ++alive_ms, 0};
        assert_int_equal(store_journal_meta(r->journal, &meta), ERR_OK);
    }
    struct store_batch *batch = store_journal_take(r->journal);
    assert_non_null(batch);
    assert_int_equal(store_batch_count(batch), changes);
    return batch;
}

static void push(struct rig *r, unsigned changes)
{
    assert_true(committer_push(r->committer, batch_of(r, changes)));
}

/* Lets so many commits end, each with this outcome. */
static void let(struct rig *r, unsigned permits, enum err err)
{
    pthread_mutex_lock(&r->disk.lock);
    r->disk.permits = permits;
    r->disk.err = err;
    pthread_cond_broadcast(&r->disk.moved);
    pthread_mutex_unlock(&r->disk.lock);
}

static void until_begun(struct rig *r, unsigned commits)
{
    pthread_mutex_lock(&r->disk.lock);
    while (r->disk.begun < commits)
        pthread_cond_wait(&r->disk.moved, &r->disk.lock);
    pthread_mutex_unlock(&r->disk.lock);
}

static void until_committed(struct rig *r, uint64_t change)
{
    while (r->seen.committed < change)
        assert_int_equal(event_base_loop(r->base, EVLOOP_ONCE), 0);
    assert_int_equal(r->seen.committed, change);
}

static void until_failed(struct rig *r, enum err err)
{
    while (r->seen.fault.err != err)
        assert_int_equal(event_base_loop(r->base, EVLOOP_ONCE), 0);
}

/* ---- the tests ---------------------------------------------------------------------- */

static void a_lone_change_is_committed_and_told(void **state UNUSED)
{
    struct rig r;
    rig_begin(&r, ENDLESS, 0);
    push(&r, 1);
    until_committed(&r, 1);
    assert_int_equal(r.seen.queued, 0);
    assert_int_equal(r.seen.fault.err, ERR_OK);
    assert_int_equal(r.seen.failed_us, 0);
    assert_true(r.disk.signals_blocked);
    push(&r, 3);
    until_committed(&r, 4);
    const struct committer_counters *n = committer_counters(r.committer);
    assert_int_equal(counter_get(&n->commits), 2);
    assert_int_equal(counter_get(&n->changes), 4);
    assert_int_equal(counter_get(&n->failures), 0);
    uint64_t sum = 0;
    for (int i = 0; i < COMMITTER_BUCKETS; i++)
        sum += counter_get(&n->latency[i]);
    assert_int_equal(sum, 2);
    assert_true(counter_get(&n->latency_max_us) <= counter_get(&n->latency_us));
    rig_end(&r);
}

/* While the disk is at work the control thread goes on, and what it queues goes together. */
static void what_comes_during_a_commit_goes_together(void **state UNUSED)
{
    struct rig r;
    rig_begin(&r, 0, 0);
    push(&r, 1);
    until_begun(&r, 1);
    for (int i = 0; i < 10; i++)
        push(&r, 2);
    struct committer_state now;
    committer_state(r.committer, &now);
    assert_int_equal(now.queued, 21);
    assert_int_equal(now.committed, 0);
    let(&r, ENDLESS, ERR_OK);
    until_committed(&r, 21);
    assert_int_equal(r.disk.begun, 2);
    assert_int_equal(r.disk.sizes[1], 10);
    rig_end(&r);
}

static void a_group_holds_256_changes_of_whole_batches(void **state UNUSED)
{
    struct rig r;
    rig_begin(&r, 0, 0);
    push(&r, 1);
    until_begun(&r, 1);
    push(&r, 200);
    push(&r, 56);
    push(&r, 1);
    push(&r, 300); /* alone more than a group may have */
    push(&r, 1);
    let(&r, ENDLESS, ERR_OK);
    until_committed(&r, 559);
    static const size_t sizes[] = {1, 2, 1, 1, 1};
    static const uint64_t lasts[] = {1, 257, 258, 558, 559};
    assert_int_equal(r.disk.begun, 5);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        assert_int_equal(r.disk.sizes[i], sizes[i]);
        assert_int_equal(r.disk.lasts[i], lasts[i]);
    }
    rig_end(&r);
}

static void the_queue_is_bounded(void **state UNUSED)
{
    struct rig r;
    rig_begin(&r, 0, 0);
    push(&r, 1);
    until_begun(&r, 1);
    for (int i = 1; i < COMMITTER_QUEUE_MAX; i++) {
        assert_true(committer_has_room(r.committer));
        push(&r, 1);
    }
    assert_false(committer_has_room(r.committer));
    struct store_batch *more = batch_of(&r, 1);
    assert_false(committer_push(r.committer, more));
    let(&r, ENDLESS, ERR_OK);
    until_committed(&r, COMMITTER_QUEUE_MAX);
    assert_true(committer_push(r.committer, more));
    until_committed(&r, COMMITTER_QUEUE_MAX + 1);
    rig_end(&r);
}

static void what_fails_is_tried_again_first(void **state UNUSED)
{
    struct rig r;
    rig_begin(&r, 0, 1);
    push(&r, 1);
    until_begun(&r, 1);
    push(&r, 2);
    let(&r, 1, ERR_FULL);
    until_failed(&r, ERR_FULL);
    assert_string_equal(r.seen.fault.text, "the disk is full");
    assert_int_equal(r.seen.committed, 0);
    assert_int_equal(r.seen.queued, 3);
    assert_true(r.seen.failed_us > 0);
    until_begun(&r, 2);
    let(&r, 1, ERR_SYSTEM);
    until_failed(&r, ERR_SYSTEM);
    assert_string_equal(r.seen.fault.text, "the disk is broken");
    let(&r, ENDLESS, ERR_OK);
    until_committed(&r, 3);
    assert_int_equal(r.seen.fault.err, ERR_OK);
    assert_true(r.seen.failed_us > 0); /* when it last was so */
    assert_int_equal(r.disk.lasts[0], 1);
    for (unsigned i = 1; i < r.disk.begun; i++)
        assert_int_equal(r.disk.lasts[i], 3); /* all that waited, together */
    assert_true(counter_get(&committer_counters(r.committer)->failures) >= 2);
    assert_int_equal(counter_get(&committer_counters(r.committer)->commits), 1);
    rig_end(&r);
}

/* A fault that was known before the first commit is over with the first good one. */
static void a_known_fault_ends(void **state UNUSED)
{
    struct rig r;
    rig_begin(&r, ENDLESS, 1);
    struct committer_options options = {
        .base = r.base,
        .commit = write_to,
        .commit_context = &r.disk,
        .done = on_news,
        .done_context = &r,
        .fault = {ERR_READONLY, "mounted read-only"},
    };
    committer_free(r.committer);
    r.committer = committer_start(&options);
    committer_state(r.committer, &r.seen);
    assert_int_equal(r.seen.fault.err, ERR_READONLY);
    assert_string_equal(r.seen.fault.text, "mounted read-only");
    push(&r, 1);
    until_committed(&r, 1);
    assert_int_equal(r.seen.fault.err, ERR_OK);
    rig_end(&r);
}

struct stopper {
    struct committer *committer;
    pthread_t thread;
};

static void *stop(void *context)
{
    struct stopper *s = context;
    committer_stop(s->committer);
    return NULL;
}

/* What was queued is on disk before the thread ends, in as many groups as it takes. */
static void stopping_commits_what_is_queued(void **state UNUSED)
{
    struct rig r;
    rig_begin(&r, 0, 0);
    push(&r, 1);
    until_begun(&r, 1);
    push(&r, 256);
    push(&r, 2);
    struct stopper s = {.committer = r.committer};
    assert_int_equal(pthread_create(&s.thread, NULL, stop, &s), 0);
    let(&r, ENDLESS, ERR_OK);
    pthread_join(s.thread, NULL);
    committer_state(r.committer, &r.seen);
    assert_int_equal(r.seen.committed, 259);
    assert_int_equal(r.seen.queued, 0);
    assert_int_equal(r.disk.begun, 3);
    struct store_batch *more = batch_of(&r, 1);
    assert_false(committer_push(r.committer, more)); /* nobody would write it */
    store_batch_free(more);
    unsigned news = r.news;
    event_base_loop(r.base, EVLOOP_NONBLOCK);
    assert_int_equal(r.news, news);
    rig_end(&r);
}

/* The retry that was a long time off comes at once, and once. */
static void stopping_while_failing_tries_once_more(void **state UNUSED)
{
    struct rig r;
    rig_begin(&r, ENDLESS, 3600000);
    let(&r, ENDLESS, ERR_FULL);
    push(&r, 1);
    until_failed(&r, ERR_FULL);
    assert_int_equal(r.disk.begun, 1);
    committer_stop(r.committer);
    assert_int_equal(r.disk.begun, 2);
    committer_state(r.committer, &r.seen);
    assert_int_equal(r.seen.committed, 0);
    assert_int_equal(r.seen.queued, 1);
    rig_end(&r);
}

static void stopping_while_failing_may_succeed(void **state UNUSED)
{
    struct rig r;
    rig_begin(&r, ENDLESS, 3600000);
    let(&r, ENDLESS, ERR_FULL);
    push(&r, 1);
    until_failed(&r, ERR_FULL);
    let(&r, ENDLESS, ERR_OK);
    committer_stop(r.committer);
    committer_state(r.committer, &r.seen);
    assert_int_equal(r.seen.committed, 1);
    assert_int_equal(r.seen.fault.err, ERR_OK);
    rig_end(&r);
}

static void buckets_grow(void **state UNUSED)
{
    for (unsigned i = 1; i < COMMITTER_BUCKETS; i++)
        assert_true(committer_bucket_us(i) > committer_bucket_us(i - 1));
    assert_true(committer_bucket_us(COMMITTER_BUCKETS - 1) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lone_change_is_committed_and_told),
        cmocka_unit_test(what_comes_during_a_commit_goes_together),
        cmocka_unit_test(a_group_holds_256_changes_of_whole_batches),
        cmocka_unit_test(the_queue_is_bounded),
        cmocka_unit_test(what_fails_is_tried_again_first),
        cmocka_unit_test(a_known_fault_ends),
        cmocka_unit_test(stopping_commits_what_is_queued),
        cmocka_unit_test(stopping_while_failing_tries_once_more),
        cmocka_unit_test(stopping_while_failing_may_succeed),
        cmocka_unit_test(buckets_grow),
    };
    committer_free(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/rcu.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define READERS 4
#define VERSIONS 20000
#define WORDS 16

/* All words are the same for as long as a reader may look. Plain fields, so that the
 * thread sanitizer sees every missing order. */
struct version {
    struct rcu_late late;
    uint64_t words[WORDS];
    unsigned *reclaimed; /* plain too: written by liburcu's thread, read behind rcu_drain */
};

static struct version *version_new(uint64_t value, unsigned *reclaimed)
{
    struct version *v = malloc(sizeof(*v));
    assert_non_null(v);
    for (int i = 0; i < WORDS; i++)
        v->words[i] = value;
    v->reclaimed = reclaimed;
    return v;
}

static void version_reclaim(struct rcu_late *late)
{
    struct version *v = (struct version *)(void *)((char *)late - offsetof(struct version, late));
    for (int i = 0; i < WORDS; i++)
        v->words[i] = UINT64_MAX - (uint64_t)i;
    ++*v->reclaimed;
    free(v);
}

struct shared {
    _Atomic(struct version *) current;
    atomic_bool stop;
    atomic_uint torn;
    atomic_uint went_back;
    sem_t has_read; /* posted by each reader once */
};

static uint64_t read_once(struct shared *s, uint64_t last)
{
    rcu_reader_online();
    const struct version *v = RCU_READ(s->current);
    uint64_t value = v->words[0];
    for (int i = 1; i < WORDS; i++)
        if (v->words[i] != value)
            atomic_fetch_add(&s->torn, 1);
    if (value < last)
        atomic_fetch_add(&s->went_back, 1);
    rcu_reader_offline();
    return value;
}

static void *reader(void *arg)
{
    struct shared *s = arg;
    rcu_reader_start();
    uint64_t last = read_once(s, 0);
    sem_post(&s->has_read);
    while (!atomic_load(&s->stop))
        last = read_once(s, last);
    rcu_reader_stop();
    return NULL;
}

static void readers_see_whole_versions(void **state UNUSED)
{
    struct shared s = {.current = NULL};
    pthread_t threads[READERS];
    unsigned reclaimed = 0;

    assert_int_equal(sem_init(&s.has_read, 0, 0), 0);
    RCU_PUBLISH(s.current, version_new(0, &reclaimed));
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &s), 0);
    for (int i = 0; i < READERS; i++)
        sem_wait(&s.has_read);
    for (uint64_t n = 1; n <= VERSIONS; n++) {
        struct version *old = RCU_READ(s.current);
        RCU_PUBLISH(s.current, version_new(n, &reclaimed));
        rcu_defer(&old->late, version_reclaim);
    }
    rcu_drain(); /* with the readers still at it */
    assert_int_equal(reclaimed, VERSIONS);

    atomic_store(&s.stop, true);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&s.torn), 0);
    assert_int_equal(atomic_load(&s.went_back), 0);
    free(RCU_READ(s.current));
    sem_destroy(&s.has_read);
}

struct holder {
    _Atomic(struct version *) current;
    sem_t holds, may_leave;
    uint64_t seen;
};

static void *hold(void *arg)
{
    struct holder *h = arg;
    rcu_reader_start();
    rcu_reader_online();
    const struct version *v = RCU_READ(h->current);
    sem_post(&h->holds);
    sem_wait(&h->may_leave);
    h->seen = v->words[WORDS - 1]; /* replaced and deferred long ago */
    rcu_reader_offline();
    rcu_reader_stop();
    return NULL;
}

static void other_reclaim(struct rcu_late *late UNUSED)
{
}

static void an_online_reader_holds_back(void **state UNUSED)
{
    struct holder h = {.current = NULL};
    struct rcu_late other;
    unsigned reclaimed = 0;
    pthread_t thread;

    assert_int_equal(sem_init(&h.holds, 0, 0), 0);
    assert_int_equal(sem_init(&h.may_leave, 0, 0), 0);
    struct version *v = version_new(77, &reclaimed);
    RCU_PUBLISH(h.current, v);
    assert_int_equal(pthread_create(&thread, NULL, hold, &h), 0);
    sem_wait(&h.holds);
    RCU_PUBLISH(h.current, NULL);
    rcu_defer(&v->late, version_reclaim);
    rcu_defer(&other, other_reclaim);
    for (int i = 0; i < 1000; i++)
        sched_yield(); /* gives a wrong early reclaiming its chance */
    sem_post(&h.may_leave);
    rcu_drain();
    assert_int_equal(reclaimed, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(h.seen, 77);
    sem_destroy(&h.holds);
    sem_destroy(&h.may_leave);
}

/* A registered thread that is offline holds nothing back, not even its own drain. */
static void drains_from_a_registered_thread(void **state UNUSED)
{
    unsigned reclaimed = 0;

    rcu_drain(); /* nothing to wait for */
    rcu_reader_start();
    rcu_defer(&version_new(1, &reclaimed)->late, version_reclaim);
    rcu_drain();
    assert_int_equal(reclaimed, 1);
    rcu_reader_online();
    rcu_reader_offline();
    rcu_defer(&version_new(2, &reclaimed)->late, version_reclaim);
    rcu_drain();
    assert_int_equal(reclaimed, 2);
    rcu_reader_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drains_from_a_registered_thread),
        cmocka_unit_test(readers_see_whole_versions),
        cmocka_unit_test(an_online_reader_holds_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

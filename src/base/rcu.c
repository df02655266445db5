#include "base/rcu.h"

#include <stddef.h>
#include <urcu-qsbr.h>

_Static_assert(sizeof(((struct rcu_late *)0)->opaque) >= sizeof(struct rcu_head) &&
                   offsetof(struct rcu_late, opaque) == 0 &&
                   _Alignof(struct rcu_late) >= _Alignof(struct rcu_head),
               "struct rcu_late begins with room for liburcu's head");

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif

/* liburcu is not instrumented, so the sanitizer is told of the two orders that it
 * makes: what a reader did before it went offline, and what the deferring thread did
 * before rcu_defer, comes before the reclaiming (grace_period); the reclaiming comes
 * before the return of rcu_drain (reclaimed). Only the variables' addresses count. */
#ifdef UNDER_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
static char grace_period;
static char reclaimed;
#define ORDER_ACQUIRE(point) __tsan_acquire(&(point))
#define ORDER_RELEASE(point) __tsan_release(&(point))
#define IGNORE_WRITES_BEGIN() AnnotateIgnoreWritesBegin(__FILE__, __LINE__)
#define IGNORE_WRITES_END() AnnotateIgnoreWritesEnd(__FILE__, __LINE__)
#else
#define ORDER_ACQUIRE(point) ((void)0)
#define ORDER_RELEASE(point) ((void)0)
#define IGNORE_WRITES_BEGIN() ((void)0)
#define IGNORE_WRITES_END() ((void)0)
#endif

void rcu_reader_start(void)
{
    rcu_register_thread();
    rcu_thread_offline();
}

void rcu_reader_stop(void)
{
    ORDER_RELEASE(grace_period);
    rcu_unregister_thread();
}

void rcu_reader_online(void)
{
    rcu_thread_online();
}

void rcu_reader_offline(void)
{
    ORDER_RELEASE(grace_period);
    rcu_thread_offline();
}

static void after_grace_period(struct rcu_head *head)
{
    struct rcu_late *late = (struct rcu_late *)(void *)head;

    ORDER_ACQUIRE(grace_period);
    late->reclaim(late);
    ORDER_RELEASE(reclaimed);
}

void rcu_start(void)
{
    (void)get_default_call_rcu_data();
}

void rcu_defer(struct rcu_late *late, void (*reclaim)(struct rcu_late *late))
{
    late->reclaim = reclaim;
    ORDER_RELEASE(grace_period);
    call_rcu((struct rcu_head *)(void *)late->opaque, after_grace_period);
}

/* liburcu's barrier asks only that the caller is not online: a thread that never
 * registered counts as offline, so none has to register for this. What the barrier
 * allocates here its worker frees, in an order that the sanitizer cannot see. */
void rcu_drain(void)
{
    IGNORE_WRITES_BEGIN();
    rcu_barrier();
    IGNORE_WRITES_END();
    ORDER_ACQUIRE(reclaimed);
}

/* All use of userspace RCU (liburcu, QSBR flavour) goes through here, so that one
 * file tells the thread sanitizer what orders what.
 *
 * A worker is registered once and offline while it waits. Each callback goes
 * online, reads what it likes through RCU_READ, and goes offline; between two
 * callbacks it holds no pointer. The control thread publishes with RCU_PUBLISH
 * and hands what it replaced to rcu_defer: it never waits.
 *
 * The pointer handover is C11 acquire/release, which the sanitizer understands by
 * itself; the grace period is invisible to it and is annotated. */
#ifndef DISC_BASE_RCU_H
#define DISC_BASE_RCU_H

#include <stdatomic.h>

#include "base/err.h"

/* Declare shared pointers as  _Atomic(struct x *) field;  */
#define RCU_READ(shared) atomic_load_explicit(&(shared), memory_order_acquire)
#define RCU_PUBLISH(shared, value) atomic_store_explicit(&(shared), (value), memory_order_release)

/* Embed in what will be freed late. Opaque room for liburcu's rcu_head. */
struct rcu_late {
    void *opaque[2];
    void (*reclaim)(struct rcu_late *late);
};

/* Per thread that reads; starts offline. Returns with the thread registered. */
void rcu_reader_start(void);
void rcu_reader_stop(void);
void rcu_reader_online(void);
void rcu_reader_offline(void);

/* Starts the thread that reclaims, so that no rcu_defer has to, at a time when there may be no
 * memory for it. The process ends where it cannot be started: call it first of all. */
void rcu_start(void);

/* Calls reclaim(late) on another thread once every reader that is online now has
 * been offline. Never blocks, never fails. */
void rcu_defer(struct rcu_late *late, void (*reclaim)(struct rcu_late *late));

/* Waits until everything deferred so far was reclaimed: for the end of the
 * process and for tests. The caller must not be online. */
void rcu_drain(void);

#endif

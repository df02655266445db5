/* The subscriptions to which something is to be sent, first come, first served. Called by
 * subscription.c and push.c.
 */
#ifndef DISC_REG_READY_H
#define DISC_REG_READY_H

#include "reg/subscription.h"

/* At the end, unless it is in there. */
static inline void ready_append(struct subscriptions *all, struct subscription *s)
{
    if (s->ready)
        return;
    s->ready = true;
    s->ready_before = all->last_ready;
    s->ready_after = NULL;
    *(all->last_ready ? &all->last_ready->ready_after : &all->first_ready) = s;
    all->last_ready = s;
}

static inline void ready_remove(struct subscriptions *all, struct subscription *s)
{
    if (!s->ready)
        return;
    s->ready = false;
    *(s->ready_before ? &s->ready_before->ready_after : &all->first_ready) = s->ready_after;
    *(s->ready_after ? &s->ready_after->ready_before : &all->last_ready) = s->ready_before;
}

#endif

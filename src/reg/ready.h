/* Queues of subscriptions to which something is to be sent, first come, first served. A
 * subscription is in one of them or in none. Called by subscription.c and push.c.
 */
#ifndef DISC_REG_READY_H
#define DISC_REG_READY_H

#include "reg/subscription.h"

/* At the end, unless it is in one. */
static inline void ready_append(struct ready *queue, struct subscription *s)
{
    if (s->queue)
        return;
    s->queue = queue;
    s->ready_before = queue->last;
    s->ready_after = NULL;
    *(queue->last ? &queue->last->ready_after : &queue->first) = s;
    queue->last = s;
    queue->count++;
}

static inline void ready_remove(struct subscription *s)
{
    struct ready *queue = s->queue;
    if (!queue)
        return;
    s->queue = NULL;
    *(s->ready_before ? &s->ready_before->ready_after : &queue->first) = s->ready_after;
    *(s->ready_after ? &s->ready_after->ready_before : &queue->last) = s->ready_before;
    queue->count--;
}

#endif

#include "server/push.h"

#include <stdlib.h>

#include "base/timeval.h"

enum {
    BURST = 64,
    BURSTS_MAX = 4, /* in one turn: about a millisecond */
    FULL_WAIT_MS = 1,
};

struct item {
    struct push_route route; /* the subscription may end before it is sent */
    size_t size;
    uint8_t bytes[REG_DATAGRAM_MAX];
};

struct push {
    struct push_options options;
    struct event *event;
    struct udp_batch *batch;
    struct item *items; /* what waits: from `first` on */
    unsigned first, count;
    uint64_t due_ms; /* lease ms for which the timer is set */
    struct push_counters counters;
};

/* Takes up to a burst of what is due; false when there is nothing. */
static bool collect(struct push *p, struct moment now)
{
    const void *route;
    p->first = p->count = 0;
    while (p->count < BURST) {
        struct item *item = &p->items[p->count];
        item->size = reg_push(p->options.reg, now, item->bytes, &route);
        if (!item->size)
            break;
        item->route = ((const union push_way *)route)->route;
        p->count++;
    }
    return p->count > 0;
}

/* Those at the front that leave through one socket. False: it takes no more. */
static bool send_run(struct push *p)
{
    unsigned socket = p->items[p->first].route.socket, n = p->first;
    for (; n < p->count && p->items[n].route.socket == socket; n++)
        (void)udp_reply_later(p->batch, &p->items[n].route.to, p->items[n].bytes, p->items[n].size);
    p->first += udp_send_some(p->batch, p->options.sockets->sets[socket].fds[0]);
    return p->first == n;
}

/* False: a buffer is full. */
static bool send_burst(struct push *p)
{
    while (p->first < p->count) {
        if (!send_run(p))
            return false;
    }
    return true;
}

static void wait_ms(struct push *p, uint64_t ms)
{
    struct timeval after = timeval_of(ms);
    evtimer_add(p->event, &after);
}

static void wait_for_next(struct push *p, struct moment now)
{
    p->due_ms = reg_next_push(p->options.reg);
    if (p->due_ms == UINT64_MAX)
        evtimer_del(p->event);
    else
        wait_ms(p, p->due_ms > now.lease_ms ? p->due_ms - now.lease_ms : 0);
}

static void on_turn(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct push *p = context;
    struct moment now = p->options.now(p->options.context);
    for (unsigned n = 0; n < BURSTS_MAX; n++) {
        if (p->first == p->count && !collect(p, now))
            break;
        if (!send_burst(p)) {
            counter_up(&p->counters.held_up);
            wait_ms(p, FULL_WAIT_MS);
            return;
        }
    }
    wait_for_next(p, now);
}

void push_wake(struct push *p, struct moment now)
{
    uint64_t due = reg_next_push(p->options.reg);
    if (due <= now.lease_ms)
        event_active(p->event, EV_TIMEOUT, 0);
    else if (due != p->due_ms && p->first == p->count)
        wait_for_next(p, now);
}

struct push *push_new(const struct push_options *options)
{
    struct push *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->options = *options;
    p->due_ms = UINT64_MAX;
    p->batch = udp_batch_new(BURST, 1, 1);
    p->items = calloc(BURST, sizeof *p->items);
    p->event = evtimer_new(options->base, on_turn, p);
    if (!p->batch || !p->items || !p->event) {
        push_free(p);
        return NULL;
    }
    return p;
}

void push_free(struct push *p)
{
    if (!p)
        return;
    if (p->event)
        event_free(p->event);
    udp_batch_free(p->batch);
    free(p->items);
    free(p);
}

const struct udp_counters *push_udp_counters(const struct push *p)
{
    return udp_counters(p->batch);
}

const struct push_counters *push_counters(const struct push *p)
{
    return &p->counters;
}

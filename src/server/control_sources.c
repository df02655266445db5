/* The registration sockets: requests in, replies out, or held until what they acknowledge is
 * on disk and in force. */
#include <stdlib.h>

#include "server/clock.h"
#include "server/control_state.h"
#include "server/loop.h"
#include "server/push.h"

struct source { /* one registration socket */
    struct control *control;
    struct event *event;
    unsigned number;
    int fd;
    bool drained;
    uint64_t behind_ms; /* age of the newest datagram handled, while not drained */
};

/* Requests of a batch that are read together. */
struct flight {
    unsigned count;
    unsigned numbers[REG_AHEAD]; /* in the batch */
    struct udp_request requests[REG_AHEAD];
    union push_way ways[REG_AHEAD];
    struct reg_datagram datagrams[REG_AHEAD];
};

/* Takes in the n-th of the batch, if its sender can be answered. */
static void take_request(struct source *s, struct flight *f, unsigned n)
{
    struct udp_batch *batch = s->control->batch;
    struct udp_request *in = &f->requests[f->count];
    union push_way *way = &f->ways[f->count];
    if (!udp_request(batch, n, in))
        return;
    way->route.socket = s->number;
    udp_sender(batch, n, &way->route.to);
    f->datagrams[f->count] = (struct reg_datagram){in->bytes, in->size, in->cut, in->from, way};
    f->numbers[f->count++] = n;
}

/* Applies one request; its reply is written, and waits where it has to. */
static void handle(struct source *s, struct flight *f, unsigned i, struct moment now)
{
    struct control *c = s->control;
    struct udp_request *in = &f->requests[i];
    in->out = udp_room(c->batch); /* behind the replies so far */
    durable_begin(c->options.durable);
    size_t size = reg_handle_read(c->options.reg, i, in->out);
    if (!size)
        return;
    struct reply_wait wait = {reg_goodbye(c->options.reg), durable_wait(c->options.durable)};
    if (wait.goodbye || wait.change) {
        if (wait.change != STORE_NEVER && !durable_state(c->options.durable)->fault.err &&
            replies_hold(c->replies, s->number, f->numbers[i], in, size, wait))
            return;
        size = replies_refusal(c->replies, &f->datagrams[i], now, in->out);
    }
    if (size)
        udp_reply(c->batch, f->numbers[i], size);
}

static void handle_batch(struct source *s, unsigned n)
{
    struct control *c = s->control;
    struct moment now = control_now(c);
    struct flight f;
    for (unsigned next = 0; next < n;) {
        for (f.count = 0; next < n && f.count < REG_AHEAD; next++)
            take_request(s, &f, next);
        reg_read(c->options.reg, f.datagrams, f.count, now);
        for (unsigned i = 0; i < f.count; i++)
            handle(s, &f, i, now);
    }
}

/* How long ago the kernel took the newest datagram of the batch in. */
static uint64_t batch_age_ms(const struct control *c)
{
    uint64_t arrival = udp_last_arrival_ms(c->batch), now = clock_wall_ms();
    return arrival && arrival < now ? now - arrival : 0;
}

/* What a batch changed comes into force before its replies leave. */
static void finish_batch(struct source *s)
{
    struct control *c = s->control;
    bool late = false;
    if (control_is_in_force(c)) {
        control_tell_published(c, control_now(c));
        durable_flush(c->options.durable);
        control_set_tick(c); /* a heartbeat may have given the guards something to judge */
    } else {
        late = control_put_in_force(c);
    }
    if (c->published)
        udp_send(c->batch, s->fd);
    else
        udp_drop(c->batch); /* they ask again */
    if (late)
        control_send_late(c, false);
}

static void receive(struct source *s)
{
    struct control *c = s->control;
    s->drained = false;
    for (unsigned round = 0; round < CONTROL_ROUNDS && !s->drained; round++) {
        unsigned n = udp_receive(c->batch, s->fd, &s->drained);
        if (!n)
            break;
        s->behind_ms = batch_age_ms(c);
        handle_batch(s, n);
        finish_batch(s);
    }
}

uint64_t control_sources_receive(struct control *c)
{
    uint64_t behind = 0;
    for (size_t i = 0; i < c->source_count; i++) {
        receive(&c->sources[i]);
        if (!c->sources[i].drained && c->sources[i].behind_ms > behind)
            behind = c->sources[i].behind_ms;
    }
    return behind;
}

static void on_datagrams(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct source *s = context;
    receive(s);
    loop_set_urgent(s->event, s->drained);
    loop_share_look(s->control->share, clock_monotonic_us());
}

/* ---- life -------------------------------------------------------------------------- */

static bool add_source(struct control *c, int fd)
{
    struct source *s = &c->sources[c->source_count];
    *s = (struct source){
        .control = c, .number = (unsigned)c->source_count, .fd = fd, .drained = true};
    s->event = event_new(c->options.base, fd, EV_READ | EV_PERSIST, on_datagrams, s);
    if (!s->event)
        return false;
    loop_set_urgent(s->event, true);
    c->source_count++;
    return loop_share_add(c->share, s->event);
}

enum err control_sources_add(struct control *c, const struct listeners *l)
{
    c->sources = calloc(l->count + 1, sizeof *c->sources);
    for (size_t i = 0; c->sources && i < l->count; i++)
        if (!add_source(c, l->sets[i].fds[0]))
            return ERR_MEMORY;
    return c->sources ? ERR_OK : ERR_MEMORY;
}

enum err control_sources_start(struct control *c)
{
    for (size_t i = 0; i < c->source_count; i++)
        if (event_add(c->sources[i].event, NULL))
            return ERR_MEMORY;
    return ERR_OK;
}

void control_sources_stop(struct control *c)
{
    for (size_t i = 0; i < c->source_count; i++)
        event_del(c->sources[i].event);
}

void control_sources_free(struct control *c)
{
    for (size_t i = 0; i < c->source_count; i++)
        event_free(c->sources[i].event);
    free(c->sources);
}

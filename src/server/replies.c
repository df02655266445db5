#include "server/replies.h"

#include <stdlib.h>

#include "server/held.h"

#define DISK_WAIT_MS 1000 /* the store thread tries as often */
#define BURST_MAX 256     /* sent with one system call */
#define GOODBYES_MAX 4096 /* replies that wait for groups to leave */
#define GOODBYES_BYTES_MAX (4 << 20)

struct replies {
    struct replies_options options;
    struct held *goodbyes; /* the number of a goodbye is their change */
    struct held *held;
};

/* Taken from the queue, to be sent together through one socket. */
struct burst {
    struct held_reply *replies[BURST_MAX];
    unsigned count, max;
};

struct replies *replies_new(const struct replies_options *options)
{
    struct replies *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->options = *options;
    r->goodbyes = held_new(GOODBYES_MAX, GOODBYES_BYTES_MAX);
    r->held = held_new(HELD_REPLIES_MAX, HELD_BYTES_MAX);
    if (r->goodbyes && r->held)
        return r;
    replies_free(r);
    return NULL;
}

void replies_free(struct replies *r)
{
    if (!r)
        return;
    held_free(r->goodbyes);
    held_free(r->held);
    free(r);
}

bool replies_hold(struct replies *r, unsigned source, unsigned n, const struct udp_request *in,
                  size_t size, struct reply_wait wait)
{
    struct held_reply reply = {
        .change = wait.goodbye ? wait.goodbye : wait.change,
        .source = source,
        .from = in->from,
        .request = in->bytes,
        .request_size = in->size,
        .reply = in->out,
        .reply_size = size,
    };
    udp_sender(r->options.batch, n, &reply.to);
    return held_add(wait.goodbye ? r->goodbyes : r->held, &reply);
}

bool replies_goodbyes_over(struct replies *r, uint64_t goodbye, uint64_t change)
{
    bool any = false;
    while (held_move(r->held, r->goodbyes, goodbye, change))
        any = true;
    return any;
}

static void send_from(struct replies *r, unsigned source)
{
    udp_send(r->options.batch, r->options.sockets->sets[source].fds[0]);
}

static void send_burst(struct replies *r, struct burst *g)
{
    if (g->count)
        send_from(r, g->replies[0]->source);
    while (g->count)
        free(g->replies[--g->count]);
}

void replies_release(struct replies *r, uint64_t committed)
{
    struct burst g = {.max = r->options.width < BURST_MAX ? r->options.width : BURST_MAX};
    for (struct held_reply *next; (next = held_take(r->held, committed));) {
        if (g.count == g.max || (g.count && g.replies[0]->source != next->source))
            send_burst(r, &g);
        (void)udp_reply_later(r->options.batch, &next->to, next->reply, next->reply_size);
        g.replies[g.count++] = next;
    }
    send_burst(r, &g);
}

size_t replies_refusal(struct replies *r, const struct reg_datagram *in, struct moment now,
                       uint8_t out[static REG_DATAGRAM_MAX])
{
    return reg_refuse_unstored(r->options.reg, in, DISK_WAIT_MS, now, out);
}

void replies_refuse(struct replies *r, struct moment now)
{
    uint8_t out[REG_DATAGRAM_MAX];
    (void)replies_goodbyes_over(r, UINT64_MAX, UINT64_MAX);
    for (struct held_reply *next; (next = held_take(r->held, UINT64_MAX)); free(next)) {
        struct reg_datagram in = {next->request, next->request_size, false, next->from, NULL};
        size_t size = replies_refusal(r, &in, now, out);
        if (size && udp_reply_later(r->options.batch, &next->to, out, size))
            send_from(r, next->source);
    }
}

size_t replies_waiting(const struct replies *r)
{
    return held_count(r->goodbyes) + held_count(r->held);
}

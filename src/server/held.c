#include "server/held.h"

#include <stdlib.h>
#include <string.h>

struct held {
    struct held_reply *first, **end;
    size_t count, bytes, replies_max, bytes_max;
};

struct held *held_new(size_t replies_max, size_t bytes_max)
{
    struct held *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->end = &h->first;
    h->replies_max = replies_max;
    h->bytes_max = bytes_max;
    return h;
}

void held_free(struct held *h)
{
    if (!h)
        return;
    for (struct held_reply *r; (r = held_take(h, UINT64_MAX));)
        free(r);
    free(h);
}

static size_t size_of(const struct held_reply *r)
{
    return sizeof *r + r->request_size + r->reply_size;
}

/* One piece of memory: the entry, the request, the reply. */
static struct held_reply *copy(const struct held_reply *reply)
{
    struct held_reply *r = malloc(size_of(reply));
    if (!r)
        return NULL;
    uint8_t *texts = (uint8_t *)(r + 1);
    *r = *reply;
    r->request = texts;
    r->reply = texts + r->request_size;
    memcpy(texts, reply->request, reply->request_size);
    memcpy(texts + r->request_size, reply->reply, reply->reply_size);
    return r;
}

static void append(struct held *h, struct held_reply *r)
{
    r->next = NULL;
    *h->end = r;
    h->end = &r->next;
    h->count++;
    h->bytes += size_of(r);
}

bool held_add(struct held *h, const struct held_reply *reply)
{
    if (h->count >= h->replies_max || h->bytes >= h->bytes_max ||
        h->bytes_max - h->bytes < size_of(reply))
        return false;
    struct held_reply *r = copy(reply);
    if (!r)
        return false;
    append(h, r);
    return true;
}

bool held_move(struct held *h, struct held *from, uint64_t over, uint64_t change)
{
    struct held_reply *r = held_take(from, over);
    if (!r)
        return false;
    r->change = change;
    append(h, r);
    return true;
}

struct held_reply *held_take(struct held *h, uint64_t committed)
{
    struct held_reply *r = h->first;
    if (!r || r->change > committed)
        return NULL;
    h->first = r->next;
    if (!h->first)
        h->end = &h->first;
    h->count--;
    h->bytes -= size_of(r);
    return r;
}

size_t held_count(const struct held *h)
{
    return h->count;
}

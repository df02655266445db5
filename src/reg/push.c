/* What subscribers are told: which datagram is next, and its text. */
#include "base/bytes.h"
#include "reg/call.h"
#include "reg/pieces.h"
#include "reg/ready.h"
#include "reg/subscription.h"

enum {
    STEPS = 64, /* things of the clock between two datagrams, subscribers looked at for one */
    MAC_ROOM = 1 + 4 + MESSAGE_MAC_SIZE + 1, /* "\nmac=...", LF */
    /* "disc/1 push sub= tok= ep= seq= prev= frag=64/64 n=999 guard=1 why=unknown" */
    HEADER_MAX = 11 + 15 + 5 + SUBSCRIPTION_TOKEN_MAX + 12 + 25 + 26 + 11 + 6 + 8 + 12,
};
_Static_assert(HEADER_MAX + BULLETIN_PAGE_MAX + MAC_ROOM <= REG_DATAGRAM_MAX,
               "every page fits its datagram");

/* ---- the text ---------------------------------------------------------------------- */

static void write_header(struct writer *w, const struct reg *reg, const struct subscription *s,
                         unsigned page)
{
    const struct bulletin *b = s->bulletin;
    unsigned lines = b->pages[page].lines;
    piece_format(w, "disc/1 push sub=%u tok=%.*s", s->number, s->tok_size, s->tok);
    piece_format(w, " ep=%08x seq=%llu", reg->cookies.epoch, (unsigned long long)b->seq);
    if (b->whole)
        piece_format(w, " full=1");
    else
        piece_format(w, " prev=%llu", (unsigned long long)b->prev);
    if (b->count > 1)
        piece_format(w, " frag=%u/%u", page + 1, b->count);
    piece_format(w, " n=%u%s", lines, b->guarded ? " guard=1" : "");
    if (b->whole && lines == 0)
        piece_format(w, " why=%s", b->known ? "known" : "unknown");
}

/* 0: it cannot be signed. */
static size_t write_push(struct reg *reg, const struct subscription *s, unsigned page,
                         uint8_t out[static REG_DATAGRAM_MAX])
{
    struct writer w = writer_of(out, REG_DATAGRAM_MAX);
    struct text body = bulletin_page(s->bulletin, page);
    char mac[MESSAGE_MAC_SIZE];
    write_header(&w, reg, s, page);
    write_bytes(&w, body.s, body.n);
    if (s->is_signed) {
        struct text covered = {(const char *)out, writer_used(&w)};
        if (keyring_sign(&reg->keys, s->signer, covered, mac))
            return 0;
        piece_format(&w, "%cmac=", body.n ? '\n' : ' ');
        write_bytes(&w, mac, sizeof(mac));
    }
    write_u8(&w, '\n');
    return w.full ? 0 : writer_used(&w);
}

/* ---- when -------------------------------------------------------------------------- */

/* One thing that time brings; false when there is none by now. */
static bool advance(struct reg *reg, uint64_t now_ms)
{
    struct subscriptions *all = &reg->subscriptions;
    struct topic *t = topics_release(&all->topics, now_ms);
    struct heap_node *timer = heap_first(&all->timers);
    for (struct subscription *s = t ? t->first : NULL; s; s = s->newer)
        subscription_wake(all, s);
    if (t)
        return true;
    if (!timer || timer->key > now_ms)
        return false;
    if (subscription_timeout(all, (struct subscription *)timer, now_ms))
        counter_up(&reg->counters.lagged);
    return true;
}

static size_t next_datagram(struct reg *reg, uint64_t now_ms, uint8_t out[static REG_DATAGRAM_MAX],
                            const void **route)
{
    struct subscriptions *all = &reg->subscriptions;
    unsigned page;
    bool again;
    struct subscription *s;
    for (unsigned n = 0; n < STEPS && (s = subscriptions_next(all)); n++) {
        if (!subscription_page(all, s, reg->registry, now_ms, &page, &again))
            continue;
        size_t size = write_push(reg, s, page, out);
        if (!size)
            continue;
        counter_up(&reg->counters.pushes);
        counter_add(&reg->counters.push_retries, again);
        *route = s->route;
        return size;
    }
    return 0;
}

void reg_published(struct reg *reg, struct moment now)
{
    topics_notice(&reg->subscriptions.topics, reg->registry, now.lease_ms);
}

size_t reg_push(struct reg *reg, struct moment now, uint8_t out[static REG_DATAGRAM_MAX],
                const void **route)
{
    unsigned steps = 0;
    topics_notice(&reg->subscriptions.topics, reg->registry, now.lease_ms);
    while (steps < STEPS && advance(reg, now.lease_ms))
        steps++;
    return next_datagram(reg, now.lease_ms, out, route);
}

uint64_t reg_next_push(const struct reg *reg)
{
    const struct subscriptions *all = &reg->subscriptions;
    const struct heap_node *timer = heap_first(&all->timers);
    uint64_t due = topics_next(&all->topics);
    if (all->ready.first)
        return 0;
    if (all->waiting.first && work_due_ms(&all->topics.work) < due)
        due = work_due_ms(&all->topics.work);
    return timer && timer->key < due ? timer->key : due;
}

uint32_t reg_subscriptions(const struct reg *reg)
{
    return (uint32_t)reg->subscriptions.by_name.count;
}

#include "reg/subscription.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "reg/ready.h"
#include "reg/source_count.h"

/* ---- the tables -------------------------------------------------------------------- */

void subscriptions_init(struct subscriptions *all, const struct hash_key *key, uint32_t number)
{
    *all = (struct subscriptions){.key = *key, .next_number = number};
    topics_init(&all->topics, key);
}

void subscriptions_deinit(struct subscriptions *all)
{
    for (struct heap_node *node; (node = heap_first(&all->timers));)
        subscription_free(all, (struct subscription *)node);
    topics_deinit(&all->topics);
    map_deinit(&all->by_name);
    map_deinit(&all->by_number);
    map_deinit(&all->sources);
    heap_deinit(&all->timers);
}

static uint64_t hash_name(const struct subscriptions *all, const struct subscription_name *name)
{
    uint8_t bytes[17 + 1 + MESSAGE_CID_MAX + SUBSCRIPTION_TOKEN_MAX] = {name->addr.family};
    memcpy(bytes + 1, name->addr.bytes, 16);
    bytes[17] = (uint8_t)name->cid.n;
    memcpy(bytes + 18, name->cid.s, name->cid.n);
    memcpy(bytes + 18 + name->cid.n, name->tok.s, name->tok.n);
    return hash_bytes(&all->key, bytes, 18 + name->cid.n + name->tok.n);
}

static uint64_t hash_number(const struct subscriptions *all, uint32_t number)
{
    return hash_bytes(&all->key, &number, sizeof(number));
}

static bool has_name(const void *entry, const void *key)
{
    const struct subscription *s = entry;
    const struct subscription_name *name = key;
    return addr_is(&s->to.addr, &name->addr) &&
           text_is((struct text){s->cid, s->cid_size}, name->cid) &&
           text_is((struct text){s->tok, s->tok_size}, name->tok);
}

static bool has_number(const void *entry, const void *key)
{
    return ((const struct subscription *)entry)->number == *(const uint32_t *)key;
}

struct subscription *subscription_find(const struct subscriptions *all,
                                       const struct subscription_name *name)
{
    return map_find(&all->by_name, hash_name(all, name), has_name, name);
}

static struct subscription *find_number(const struct subscriptions *all, uint32_t number)
{
    return map_find(&all->by_number, hash_number(all, number), has_number, &number);
}

struct subscription *subscription_check(const struct subscriptions *all, uint32_t number,
                                        const struct addr *addr, struct text tok)
{
    struct subscription *s = find_number(all, number);
    bool right = s && addr_is(&s->to.addr, addr) && s->tok_size == tok.n &&
                 CRYPTO_memcmp(s->tok, tok.s, tok.n) == 0;
    return right ? s : NULL;
}

/* ---- life -------------------------------------------------------------------------- */

static void enter_topic(struct subscription *s, struct topic *t)
{
    s->topic = t;
    s->older = t->last;
    *(t->last ? &t->last->newer : &t->first) = s;
    t->last = s;
}

static void leave_topic(struct subscription *s)
{
    struct topic *t = s->topic;
    *(s->older ? &s->older->newer : &t->first) = s->newer;
    *(s->newer ? &s->newer->older : &t->last) = s->older;
}

/* Into the tables; on an error it is in none of them. */
static enum err enter(struct subscriptions *all, struct subscription *s)
{
    enum err e = map_reserve(&all->by_name, 1);
    if (!e)
        e = map_insert(&all->by_number, hash_number(all, s->number), s);
    if (e) {
        map_release(&all->by_name);
        return e;
    }
    e = heap_add(&all->timers, &s->timer, 0);
    if (e) {
        map_release(&all->by_name);
        map_remove(&all->by_number, hash_number(all, s->number), s);
        return e;
    }
    return map_insert(&all->by_name, s->hash, s);
}

static uint32_t fresh_number(struct subscriptions *all)
{
    while (find_number(all, all->next_number))
        all->next_number++;
    return all->next_number++;
}

static struct subscription *make(struct subscriptions *all, const struct subscription_name *name)
{
    struct subscription *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    heap_node_init(&s->timer);
    s->hash = hash_name(all, name);
    s->number = fresh_number(all);
    s->to.addr = name->addr;
    s->retry_ms = UINT64_MAX;
    s->cid_size = (uint8_t)name->cid.n;
    s->tok_size = (uint8_t)name->tok.n;
    memcpy(s->cid, name->cid.s, name->cid.n);
    memcpy(s->tok, name->tok.s, name->tok.n);
    return s;
}

enum err subscription_new(struct subscriptions *all, struct topic *topic,
                          const struct subscription_name *name,
                          const struct subscription_limits *limits, struct subscription **out)
{
    if (all->by_name.count >= limits->all)
        return ERR_FULL;
    enum err e = source_count_up(&all->sources, &all->key, &name->addr, limits->source);
    if (e)
        return e;
    struct subscription *s = make(all, name);
    e = s ? enter(all, s) : ERR_MEMORY;
    if (e) {
        free(s);
        source_count_down(&all->sources, &all->key, &name->addr);
        return e;
    }
    enter_topic(s, topic);
    *out = s;
    return ERR_OK;
}

static void put_back(struct subscriptions *all, struct subscription *s)
{
    ready_remove(s);
    if (s->bulletin)
        topic_return(&all->topics, s->bulletin);
    s->bulletin = NULL;
    s->cut_short = false;
    s->acked = s->sent = 0;
    s->retry_ms = UINT64_MAX;
}

void subscription_free(struct subscriptions *all, struct subscription *s)
{
    put_back(all, s);
    leave_topic(s);
    topic_drop_unused(&all->topics, s->topic);
    heap_remove(&all->timers, &s->timer);
    map_remove(&all->by_name, s->hash, s);
    map_remove(&all->by_number, hash_number(all, s->number), s);
    source_count_down(&all->sources, &all->key, &s->to.addr);
    free(s);
}

/* ---- time -------------------------------------------------------------------------- */

static void set_timer(struct subscriptions *all, struct subscription *s)
{
    heap_move(&all->timers, &s->timer, s->retry_ms < s->end_ms ? s->retry_ms : s->end_ms);
}

void subscription_grant(struct subscriptions *all, struct subscription *s, uint64_t end_ms)
{
    s->end_ms = end_ms;
    set_timer(all, s);
}

static uint64_t patience_ms(const struct subscription *s)
{
    unsigned doubled = s->retries < SUBSCRIPTION_RETRIES ? s->retries : SUBSCRIPTION_RETRIES - 1;
    return (uint64_t)SUBSCRIPTION_RETRY_MS << doubled;
}

bool subscription_timeout(struct subscriptions *all, struct subscription *s, uint64_t now_ms)
{
    if (now_ms >= s->end_ms) {
        subscription_free(all, s);
        return false;
    }
    bool unheard = s->bulletin || s->cut_short;
    s->retry_ms = UINT64_MAX;
    s->lagging = unheard && s->retries == SUBSCRIPTION_RETRIES;
    if (s->lagging) {
        put_back(all, s);
    } else {
        s->retries += unheard;
        s->sent = s->acked;
        ready_append(&all->ready, s);
    }
    set_timer(all, s);
    return s->lagging;
}

/* ---- telling ----------------------------------------------------------------------- */

/* To be told the newest state when it is next asked for an ack, unless it has heard nothing at
 * all so far. */
static void cut_short(struct subscriptions *all, struct subscription *s)
{
    uint64_t retry_ms = s->retry_ms;
    put_back(all, s);
    s->retry_ms = retry_ms;
    s->cut_short = retry_ms != UINT64_MAX;
    if (!s->cut_short)
        ready_append(&all->ready, s);
}

/* Memory for others, at the cost of those who are told what is no longer so. */
static bool make_room(struct subscriptions *all)
{
    struct subscription *s;
    size_t cursor = 0;
    if (!topics_drop_outdated(&all->topics))
        return false;
    while ((s = map_next(&all->by_name, &cursor))) {
        if (s->bulletin && s->bulletin->dropped)
            cut_short(all, s);
    }
    return true;
}

/* `first`: nobody else waits before it. */
static enum err begin(struct subscriptions *all, struct subscription *s, const struct registry *r,
                      bool first)
{
    struct topics *topics = &all->topics;
    bool make = first && work_is_left(&topics->work);
    s->retries = 0;
    enum err e = topic_bulletin(topics, s->topic, r, s->seq, make, &s->bulletin);
    if (e == ERR_FULL && make_room(all))
        e = topic_bulletin(topics, s->topic, r, s->seq, make, &s->bulletin);
    return e;
}

static bool nobody_waits(const struct subscriptions *all)
{
    return all->waiting.count == 0;
}

/* There is no time to write it now. */
static enum err wait_for_time(struct subscriptions *all, struct subscription *s)
{
    if (all->waiting.count >= SUBSCRIPTION_WAITING_MAX)
        return ERR_BUSY;
    ready_append(&all->waiting, s);
    return ERR_OK;
}

enum err subscription_tell_from(struct subscriptions *all, struct subscription *s,
                                const struct registry *r, uint64_t from)
{
    enum err e = ERR_OK;
    s->lagging = false;
    s->retries = 0;
    if (s->bulletin && from == s->seq) {
        s->sent = s->acked;
    } else if (!subscription_waits(all, s) || from != s->seq) {
        put_back(all, s);
        s->seq = from;
        if (from == 0 || from != topic_index(s->topic, r))
            e = begin(all, s, r, nobody_waits(all));
    }
    if (e == ERR_BUSY)
        e = wait_for_time(all, s);
    if (s->bulletin)
        ready_append(&all->ready, s);
    set_timer(all, s);
    return e;
}

void subscription_wake(struct subscriptions *all, struct subscription *s)
{
    if (!s->lagging && !s->bulletin && !s->cut_short && s->seq < s->topic->released)
        ready_append(&all->ready, s);
}

static uint64_t all_pages(const struct bulletin *b)
{
    return UINT64_MAX >> (BULLETIN_PAGES_MAX - b->count);
}

bool subscription_ack(struct subscriptions *all, struct subscription *s, uint64_t seq,
                      uint64_t page, uint64_t now_ms)
{
    struct bulletin *b = s->bulletin;
    uint64_t bit = 1ull << (page - 1);
    if (!b || b->seq != seq || page > b->count || s->acked & bit)
        return false;
    b->heard = true;
    s->acked |= bit;
    s->sent |= bit;
    s->retries = 0;
    if (s->acked == all_pages(b)) {
        s->seq = seq;
        put_back(all, s);
        subscription_wake(all, s);
    } else {
        s->retry_ms = now_ms + SUBSCRIPTION_RETRY_MS;
        ready_append(&all->ready, s);
    }
    set_timer(all, s);
    return true;
}

/* Nothing of it arrived, and it is no longer the newest. */
static bool is_outdated(const struct subscription *s)
{
    const struct bulletin *b = s->bulletin;
    return !s->acked && !s->sent && b->seq < s->topic->released;
}

/* Has something to tell; on an error it lags, or tries again later. */
static bool renew_bulletin(struct subscriptions *all, struct subscription *s,
                           const struct registry *r, uint64_t now_ms, bool first)
{
    uint8_t retries = s->retries;
    if (s->bulletin && !is_outdated(s))
        return true;
    put_back(all, s);
    enum err e = begin(all, s, r, first);
    s->retries = retries;
    if (!e)
        return true;
    if (e == ERR_BUSY) {
        ready_append(&all->waiting, s);
        set_timer(all, s);
        return false;
    }
    s->lagging = e == ERR_SPACE; /* when it asks again it learns why */
    s->retry_ms = s->lagging ? UINT64_MAX : now_ms + SUBSCRIPTION_RETRY_MS;
    set_timer(all, s);
    return false;
}

/* The first page that neither arrived nor is under way, if one more may be. */
static bool next_page(const struct subscription *s, unsigned *page)
{
    uint64_t left = all_pages(s->bulletin) & ~s->acked & ~s->sent;
    uint64_t under_way = s->sent & ~s->acked;
    if (!left || __builtin_popcountll(under_way) >= SUBSCRIPTION_WINDOW)
        return false;
    *page = (unsigned)__builtin_ctzll(left);
    return true;
}

/* Those who waited are served while there is time for it. */
struct subscription *subscriptions_next(const struct subscriptions *all)
{
    bool time = all->waiting.first && work_is_left(&all->topics.work);
    return time ? all->waiting.first : all->ready.first;
}

bool subscription_page(struct subscriptions *all, struct subscription *s, const struct registry *r,
                       uint64_t now_ms, unsigned *page, bool *again)
{
    unsigned further;
    bool first = subscription_waits(all, s) || nobody_waits(all);
    ready_remove(s);
    if (!renew_bulletin(all, s, r, now_ms, first) || !next_page(s, page))
        return false;
    *again = s->retries > 0;
    s->sent |= 1ull << *page;
    s->retry_ms = now_ms + patience_ms(s);
    set_timer(all, s);
    if (next_page(s, &further))
        ready_append(&all->ready, s);
    return true;
}

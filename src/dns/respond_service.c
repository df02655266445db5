#include <stdio.h>

#include "dns/draw.h"
#include "dns/respond.h"

enum { SRV_HEAD = 6 }; /* priority, weight, port (RFC 2782) */

static void note_stale(struct respond *r, uint32_t stale, uint32_t candidates)
{
    r->stale = stale;
    r->candidates = candidates;
}

/* ---- SRV ------------------------------------------------------------------------------------ */

static bool put_srv(struct respond *r, const struct view *v, const struct srv_item *item)
{
    struct answer *a = &r->answer;
    const struct view_instance *i = &v->instances[item->instance];
    uint16_t size = SRV_HEAD + i->target_size;
    uint8_t *p = answer_room(a, RECORD_HEAD + size);
    if (!p)
        return false;
    p = put_record_head(p, r->owner, TYPE_SRV, v->ttl, size);
    put_u16(p, item->priority);
    put_u16(p + 2, item->weight);
    put_u16(p + 4, item->port);
    memcpy(p + SRV_HEAD, i->target, i->target_size); /* not compressed: RFC 2782 "Target" */
    a->counts[SECTION_ANSWER]++;
    if (r->target_count < DNS_ADDITIONAL_TARGETS)
        r->targets[r->target_count++] = (struct srv_target){i, (uint16_t)(p + SRV_HEAD - a->out)};
    return true;
}

/* An RRset goes in whole or not at all, as nothing will say that it is cut. */
static void add_addresses(struct respond *r, const struct srv_target *t, uint16_t type,
                          const uint8_t *bytes, unsigned count, uint32_t ttl)
{
    uint16_t size = type == TYPE_A ? 4 : 16;
    if (answer_left(&r->answer) < (size_t)count * (RECORD_HEAD + size))
        return;
    for (unsigned i = 0; i < count; i++, bytes += size)
        (void)answer_record(&r->answer, SECTION_ADDITIONAL, t->at, type, ttl, bytes, size);
}

/* The targets' addresses, as far as there is room (RFC 2782; RFC 2181 section 9). */
static void add_targets(struct respond *r, const struct view *v)
{
    for (unsigned i = 0; i < r->target_count; i++) {
        const struct srv_target *t = &r->targets[i];
        add_addresses(r, t, TYPE_A, t->instance->v4, t->instance->v4_count, v->ttl);
        add_addresses(r, t, TYPE_AAAA, t->instance->v6, t->instance->v6_count, v->ttl);
    }
}

/* How many records the room can hold at most: targets are a label of one byte or more
 * below the service's name. */
static uint32_t most(size_t room, const struct view *v)
{
    const struct view_instance *any = v->instances;
    uint32_t service = any->target_size - 1u - any->target[0];
    return (uint32_t)(room / (RECORD_HEAD + SRV_HEAD + 2 + service));
}

/* Small sets lie all over the cache's lines: they are fetched while the order is drawn. */
static void prefetch(const struct view *v, const struct srv_set *set)
{
    enum { SMALL = 32 };
    for (uint32_t i = 0; i < set->count && i < SMALL; i++)
        __builtin_prefetch(&v->instances[set->items[i].instance]);
}

static bool respond_srv(struct respond *r, const struct draw *d)
{
    const struct view *v = d->view;
    struct draw_size size = draw_srv_size(d);
    if (size.count == 0)
        return false;
    bool stable = v->max_answers && size.count > v->max_answers;
    uint32_t max = stable ? v->max_answers : size.count;
    if (!stable && size.bytes > answer_left(&r->answer)) {
        respond_expect_cut(r);
        uint32_t fit = most(answer_left(&r->answer), v);
        max = fit < max ? fit : max;
    }
    if (d->set)
        prefetch(v, d->set);
    uint32_t count = draw_srv(d, &size, max, stable, answer_left(&r->answer)), sent = 0;
    for (; sent < count; sent++) {
        struct srv_item item = draw_srv_at(d, sent);
        if (!put_srv(r, v, &item))
            break;
    }
    if (sent && draw_srv_at(d, sent - 1).priority >= STALE_PRIORITY) /* they come last */
        note_stale(r, draw_srv_stale(d), size.count);
    if (!stable && sent < size.count)
        respond_cut(r, sent, size.count);
    else
        add_targets(r, v);
    return true;
}

/* ---- A and AAAA ------------------------------------------------------------------------------ */

static bool respond_addrs(struct respond *r, const struct draw *d, uint16_t type)
{
    const struct view *v = d->view;
    uint16_t size = type == TYPE_A ? 4 : 16;
    struct draw_addrs a = {.family = type == TYPE_A ? FAMILY_V4 : FAMILY_V6};
    if (d->set)
        a.set = type == TYPE_A ? &v->v4 : &v->v6;
    uint32_t fit = (uint32_t)(answer_left(&r->answer) / (RECORD_HEAD + size));
    bool limited = v->max_answers > 0 && (!a.set || a.set->group.count > v->max_answers);
    draw_addrs(d, &a, limited && v->max_answers < fit ? v->max_answers : fit, limited);
    if (a.total == 0)
        return false;
    note_stale(r, a.stale, a.stale);
    bool cut = a.count < a.total && !(v->max_answers && a.total > v->max_answers);
    if (cut)
        respond_expect_cut(r);
    uint32_t sent = 0;
    while (sent < a.count && answer_record(&r->answer, SECTION_ANSWER, r->owner, type, v->ttl,
                                           draw_addr_at(d, &a, sent), size))
        sent++;
    if (cut)
        respond_cut(r, sent, d->worker->seen.dropped && !a.set ? 0 : a.total);
    return true;
}

/* ---- TXT --------------------------------------------------------------------------------------
 */

static bool put_txt(struct respond *r, const struct view *v, const uint8_t *rdata, uint16_t size)
{
    return answer_record(&r->answer, SECTION_ANSWER, r->owner, TYPE_TXT, v->ttl, rdata, size);
}

static bool txt_of_service(struct respond *r, const struct view *v)
{
    const struct txt_set *set = &v->txt;
    uint32_t sent = 0;
    if (set->record_bytes > answer_left(&r->answer))
        respond_expect_cut(r);
    for (uint32_t i = 0; i < set->count && answer_left(&r->answer) > RECORD_HEAD; i++)
        sent += put_txt(r, v, set->rdata[i], set->sizes[i]);
    if (sent < set->count)
        respond_cut(r, sent, set->count);
    if (v->stale_count && v->stale_count == v->live_count)
        note_stale(r, v->stale_count, v->live_count);
    return set->count > 0;
}

/* Equal TXT data is stored once in a view, so that its place tells it apart: collects the
 * first holder of each, and says how many bytes the records take. */
static size_t collect_txt(const struct draw *d)
{
    struct distinct_set *s = &d->worker->seen;
    const struct view *v = d->view;
    size_t bytes = 0;
    distinct_begin(s, sizeof(v->instances->txt));
    for (uint32_t at = 0, n; draw_next_selected(d, &at, &n);) {
        uint32_t before = s->count;
        distinct_add(s, &d->worker->picker, (const uint8_t *)&v->instances[n].txt, n, 1);
        if (s->count > before)
            bytes += (size_t)RECORD_HEAD + v->instances[n].txt_size;
    }
    return bytes;
}

static bool txt_of_selected(struct respond *r, const struct draw *d)
{
    struct dns_worker *w = d->worker;
    if (collect_txt(d) > answer_left(&r->answer))
        respond_expect_cut(r);
    pick_begin(&w->picker, PICK_MAX);
    distinct_offer(&w->seen, &w->picker);
    uint32_t count = pick_finish(&w->picker), sent = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct distinct_entry *e = &w->seen.slots[w->picker.items[i]];
        const struct view_instance *instance = &d->view->instances[(uint32_t)e->key];
        sent += put_txt(r, d->view, instance->txt, instance->txt_size);
    }
    note_stale(r, d->of == DRAW_STALE, d->of == DRAW_STALE);
    if (sent < w->seen.count || w->seen.dropped)
        respond_cut(r, sent, w->seen.dropped ? 0 : w->seen.count);
    return count > 0;
}

/* ---- one instance ------------------------------------------------------------------------------
 */

static bool put_all(struct respond *r, const struct view *v, uint16_t type, const uint8_t *bytes,
                    unsigned count)
{
    uint16_t size = type == TYPE_A ? 4 : 16;
    unsigned start = count > 1 ? rand_below(&r->worker->rand, count) : 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned at = (start + i) % count;
        if (!answer_record(&r->answer, SECTION_ANSWER, r->owner, type, v->ttl,
                           bytes + (size_t)at * size, size)) {
            respond_cut(r, i, count);
            break;
        }
    }
    return count > 0;
}

static bool srv_of_instance(struct respond *r, const struct view *v, const struct view_instance *i)
{
    struct srv_item item = {(uint32_t)(i - v->instances), i->priority, i->weight, i->port};
    if (!i->port)
        return false;
    if (put_srv(r, v, &item))
        add_targets(r, v);
    else
        respond_cut(r, 0, 1);
    return true;
}

static bool respond_instance(struct respond *r, const struct found *f, uint16_t type)
{
    const struct view_instance *i = f->instance;
    if (i->status == STATUS_DOWN)
        return false;
    note_stale(r, i->stale, 1);
    switch (type) {
    case TYPE_A: return put_all(r, f->view, type, i->v4, i->v4_count);
    case TYPE_AAAA: return put_all(r, f->view, type, i->v6, i->v6_count);
    case TYPE_SRV: return srv_of_instance(r, f->view, i);
    case TYPE_TXT:
        if (!put_txt(r, f->view, i->txt, i->txt_size))
            respond_cut(r, 0, 1);
        return true;
    default: return false;
    }
}

/* ---- all names of a service ---------------------------------------------------------------------
 */

static bool respond_type(struct respond *r, const struct found *f, uint16_t type)
{
    struct draw d = {.worker = r->worker, .client = &r->request->from.addr, .view = f->view};
    if (f->kind == FOUND_INSTANCE)
        return respond_instance(r, f, type);
    if (f->kind == FOUND_SUBSET) {
        d.pairs = f->pairs;
        d.pair_count = f->pair_count;
        if (type != TYPE_SRV || f->view->withdraws_stale)
            draw_choose(&d, type);
    } else {
        d.set = f->kind == FOUND_SERVICE ? &f->view->by_default : f->set;
    }
    if (type == TYPE_SRV)
        return respond_srv(r, &d);
    if (f->kind == FOUND_PROTOCOL || f->kind == FOUND_PORT)
        return false;
    if (type == TYPE_A || type == TYPE_AAAA)
        return respond_addrs(r, &d, type);
    if (type == TYPE_TXT)
        return d.set ? txt_of_service(r, f->view) : txt_of_selected(r, &d);
    return false;
}

/* RFC 8914 section 4.4. A reason that is there already, that not all was sent, stays. */
static void explain_stale(struct respond *r, const struct found *f)
{
    struct answer *a = &r->answer;
    char text[sizeof(a->ede_text)];
    if (!a->query->has_opt || a->ede != EDE_NONE)
        return;
    if (f->kind == FOUND_INSTANCE)
        snprintf(text, sizeof(text), "the instance is not heard from");
    else if (r->stale == r->candidates)
        snprintf(text, sizeof(text), "no instance%s is heard from: last known ones",
                 f->view->stale_count < f->view->live_count ? " with such data" : "");
    else
        snprintf(text, sizeof(text), "%u of %u instances %s not heard from", r->stale,
                 r->candidates, r->stale == 1 ? "is" : "are");
    answer_explain(a, EDE_STALE_ANSWER, text);
}

bool respond_service(struct respond *r, const struct found *f, uint16_t type)
{
    static const uint16_t types[] = {TYPE_SRV, TYPE_A, TYPE_AAAA, TYPE_TXT};
    bool data = false;
    if (type != TYPE_ANY)
        data = respond_type(r, f, type);
    for (size_t i = 0; i < ARRAY_COUNT(types) && type == TYPE_ANY && !data; i++)
        data = respond_type(r, f, types[i]); /* one RRset: RFC 8482 section 4.1 */
    if (data && r->stale)
        explain_stale(r, f);
    return data;
}

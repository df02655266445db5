#include <stdio.h>

#include "dns/draw.h"
#include "dns/respond.h"

enum { SRV_HEAD = 6 }; /* priority, weight, port (RFC 2782) */

/* ---- SRV ------------------------------------------------------------------------------------ */

/* What all records of an answer begin with; sizes and numbers are filled in. */
struct srv_head {
    uint8_t bytes[RECORD_HEAD];
};

static struct srv_head head_of(const struct view *v, uint16_t owner)
{
    struct srv_head head;
    put_record_head(head.bytes, owner, TYPE_SRV, v->ttl, 0);
    return head;
}

/* Where the target stands, 0 = no room. */
static size_t put_item(struct answer *a, enum section section, const struct srv_head *head,
                       const struct view_instance *i, const struct srv_item *item)
{
    uint16_t size = SRV_HEAD + i->target_size;
    uint8_t *p = answer_room(a, RECORD_HEAD + size);
    if (!p)
        return 0;
    memcpy(p, head->bytes, RECORD_HEAD);
    p += RECORD_HEAD;
    put_u16(p - 2, size);
    put_u16(p, item->priority);
    put_u16(p + 2, item->weight);
    put_u16(p + 4, item->port);
    memcpy(p + SRV_HEAD, i->target, i->target_size); /* not compressed: RFC 2782 "Target" */
    a->counts[section]++;
    return (size_t)(p + SRV_HEAD - a->out);
}

static bool put_srv(struct respond *r, const struct view *v, const struct srv_head *head,
                    const struct srv_item *item)
{
    const struct view_instance *i = &v->instances[item->instance];
    size_t target = put_item(&r->answer, SECTION_ANSWER, head, i, item);
    if (target)
        respond_note_target(r, i, target);
    return target > 0;
}

size_t respond_put_srv(struct respond *r, const struct view *v, const struct view_instance *i,
                       uint16_t port, enum section section, uint16_t owner)
{
    struct srv_item item = {(uint32_t)(i - v->instances), i->priority, i->weight, port};
    struct srv_head head = head_of(v, owner);
    return put_item(&r->answer, section, &head, i, &item);
}

/* An RRset goes in whole or not at all, as nothing will say that it is cut. */
static void add_addresses(struct respond *r, uint16_t owner, uint16_t type, const uint8_t *bytes,
                          unsigned count, uint32_t ttl)
{
    uint16_t size = type == TYPE_A ? 4 : 16;
    if (answer_left(&r->answer) < (size_t)count * (RECORD_HEAD + size))
        return;
    for (unsigned i = 0; i < count; i++, bytes += size)
        (void)answer_record(&r->answer, SECTION_ADDITIONAL, owner, type, ttl, bytes, size);
}

static inline void add_instance(struct respond *r, const struct view *v,
                                const struct view_instance *i, uint16_t owner)
{
    add_addresses(r, owner, TYPE_A, i->v4, i->v4_count, v->ttl);
    add_addresses(r, owner, TYPE_AAAA, i->v6, i->v6_count, v->ttl);
}

void respond_add_addresses(struct respond *r, const struct view *v, const struct view_instance *i,
                           uint16_t owner)
{
    add_instance(r, v, i, owner);
}

/* The targets' addresses, as far as there is room (RFC 2782; RFC 2181 section 9). */
void respond_add_targets(struct respond *r, const struct view *v)
{
    for (unsigned i = 0; i < r->target_count && !r->answers_only; i++)
        add_instance(r, v, r->targets[i].instance, r->targets[i].at);
}

/* Small sets lie all over the cache's lines: they are fetched while the order is drawn. */
static void prefetch(const struct view *v, const struct srv_set *set)
{
    enum { SMALL = 32 };
    for (uint32_t i = 0; i < set->count && i < SMALL; i++) {
        const struct view_instance *instance = &v->instances[set->items[i].instance];
        __builtin_prefetch(instance);
        __builtin_prefetch(&instance->status); /* often in the next line */
    }
}

static bool respond_srv(struct respond *r, const struct draw *d)
{
    const struct view *v = d->view;
    struct draw_size size = draw_size(d, answer_left(&r->answer));
    if (size.count == 0)
        return false;
    bool stable = v->max_answers && size.count > v->max_answers;
    uint32_t max = stable ? v->max_answers : size.count;
    if (!stable && size.bytes > answer_left(&r->answer)) {
        respond_expect_cut(r);
        max = size.fit < max ? size.fit : max;
    }
    if (d->set)
        prefetch(v, d->set);
    struct srv_head head = head_of(v, r->owner);
    uint32_t count = draw_srv(d, &size, max, stable, answer_left(&r->answer)), sent = 0;
    for (; sent < count; sent++) {
        struct srv_item item = draw_srv_at(d, sent);
        if (!put_srv(r, v, &head, &item))
            break;
    }
    if (sent && draw_srv_at(d, sent - 1).priority >= STALE_PRIORITY) /* they come last */
        respond_note_stale(r, draw_srv_stale(d), size.count);
    if (!stable && sent < size.count)
        respond_cut(r, sent, size.count);
    else
        respond_add_targets(r, v);
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
    respond_note_stale(r, a.stale, a.stale);
    bool cut = a.count < a.total && !(v->max_answers && a.total > v->max_answers);
    if (cut)
        respond_expect_cut(r);
    uint32_t sent = 0;
    while (sent < a.count && answer_record(&r->answer, SECTION_ANSWER, r->owner, type, v->ttl,
                                           draw_addr_at(d, &a, sent), size))
        sent++;
    if (cut)
        respond_cut(r, sent, d->worker->seen.dropped && a.gathered ? 0 : a.total);
    return true;
}

/* ---- one instance ---------------------------------------------------------------------- */

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

static bool srv_of_instance(struct respond *r, const struct view *v, const struct view_instance *i,
                            uint16_t port)
{
    struct srv_item item = {(uint32_t)(i - v->instances), i->priority, i->weight, port};
    struct srv_head head = head_of(v, r->owner);
    if (!port)
        return false;
    if (put_srv(r, v, &head, &item))
        respond_add_targets(r, v);
    else
        respond_cut(r, 0, 1);
    return true;
}

static bool txt_of_instance(struct respond *r, const struct view *v, const struct view_instance *i)
{
    if (!answer_record(&r->answer, SECTION_ANSWER, r->owner, TYPE_TXT, v->ttl, i->txt, i->txt_size))
        respond_cut(r, 0, 1);
    return true;
}

static bool respond_instance(struct respond *r, const struct found *f, uint16_t type)
{
    const struct view_instance *i = f->instance;
    if (i->status == STATUS_DOWN)
        return false;
    respond_note_stale(r, i->stale, 1);
    switch (type) {
    case TYPE_A: return put_all(r, f->view, type, i->v4, i->v4_count);
    case TYPE_AAAA: return put_all(r, f->view, type, i->v6, i->v6_count);
    case TYPE_SRV: return srv_of_instance(r, f->view, i, i->port);
    case TYPE_TXT: return txt_of_instance(r, f->view, i);
    case TYPE_SVCB:
    case TYPE_HTTPS: return respond_svcb_instance(r, f->view, i, type);
    default: return false;
    }
}

/* As DNS-SD has it (RFC 6763 section 5, 6): by protocol, and what it says of itself. */
static bool respond_browsed(struct respond *r, const struct found *f, uint16_t type)
{
    const struct view_instance *i = f->instance;
    if (i->status == STATUS_DOWN)
        return false;
    respond_note_stale(r, i->stale, 1);
    if (type == TYPE_SRV)
        return srv_of_instance(r, f->view, i, i->ports[f->protocol]);
    return type == TYPE_TXT && txt_of_instance(r, f->view, i);
}

/* ---- all names of a service ------------------------------------------------------------ */

/* At S.Z and its selectors. */
static bool respond_drawn(struct respond *r, const struct draw *d)
{
    switch (d->type) {
    case TYPE_SRV: return respond_srv(r, d);
    case TYPE_A:
    case TYPE_AAAA: return respond_addrs(r, d, d->type);
    case TYPE_TXT: return respond_txt(r, d);
    case TYPE_SVCB:
    case TYPE_HTTPS: return respond_svcb(r, d);
    default: return false;
    }
}

/* Can the answer be another one elsewhere? */
static bool is_by_place(const struct found *f, uint16_t type)
{
    bool whole = f->kind == FOUND_SERVICE || f->kind == FOUND_SUBSET;
    return type == TYPE_SRV || (whole && (type == TYPE_A || type == TYPE_AAAA ||
                                          type == TYPE_SVCB || type == TYPE_HTTPS));
}

static bool respond_type(struct respond *r, const struct found *f, uint16_t type)
{
    struct draw d = {.worker = r->worker, .client = &r->request->from.addr, .view = f->view};
    d.type = type;
    if (f->kind == FOUND_INSTANCE)
        return respond_instance(r, f, type);
    if (f->kind == FOUND_BROWSED)
        return respond_browsed(r, f, type);
    if (f->kind == FOUND_PROTOCOL && type == TYPE_PTR)
        return respond_instances(r, f);
    if (r->dns->config.place_count && is_by_place(f, type))
        respond_near(r, f->view, &d.near);
    if (f->kind == FOUND_SUBSET) {
        d.pairs = f->pairs;
        d.pair_count = f->pair_count;
        if ((type != TYPE_SRV && type != TYPE_SVCB && type != TYPE_HTTPS) ||
            f->view->withdraws_stale)
            draw_choose(&d, type);
    } else {
        d.set = f->kind == FOUND_SERVICE ? &f->view->by_default : f->set;
    }
    if (f->kind == FOUND_PROTOCOL || f->kind == FOUND_PORT)
        return type == TYPE_SRV && respond_srv(r, &d);
    return respond_drawn(r, &d);
}

/* RFC 8914 section 4.4. A reason that is there already, that not all was sent, stays. */
static void explain_stale(struct respond *r, const struct found *f)
{
    struct answer *a = &r->answer;
    char text[sizeof(a->ede_text)];
    if (!a->query->has_opt || a->ede != EDE_NONE)
        return;
    if (f->kind == FOUND_INSTANCE || f->kind == FOUND_BROWSED)
        snprintf(text, sizeof(text), "the instance is not heard from");
    else if (r->stale == r->candidates)
        snprintf(text, sizeof(text), "no instance%s is heard from: last known ones",
                 f->view->stale_count < f->view->live_count ? " with such data" : "");
    else
        snprintf(text, sizeof(text), "%u of %u instances %s not heard from", r->stale,
                 r->candidates, r->stale == 1 ? "is" : "are");
    answer_explain(a, EDE_STALE_ANSWER, text);
}

/* One RRset, or by TCP all of them, where that is wanted (RFC 8482 sections 4.1 and 4.4). */
static bool respond_any(struct respond *r, const struct found *f)
{
    static const uint16_t types[] = {TYPE_SRV,  TYPE_A,     TYPE_AAAA, TYPE_TXT,
                                     TYPE_SVCB, TYPE_HTTPS, TYPE_PTR};
    bool data = false;
    r->answers_only = r->dns->config.any_full && r->request->transport == DNS_TCP;
    for (size_t i = 0; i < ARRAY_COUNT(types) && (r->answers_only || !data); i++) {
        r->target_count = 0;
        data |= respond_type(r, f, types[i]);
    }
    return data;
}

bool respond_service(struct respond *r, const struct found *f, uint16_t type)
{
    bool data = type == TYPE_ANY ? respond_any(r, f) : respond_type(r, f, type);
    if (data && r->stale)
        explain_stale(r, f);
    return data;
}

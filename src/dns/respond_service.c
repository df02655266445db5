#include <stdio.h>

#include "dns/draw.h"
#include "dns/records_out.h"
#include "dns/respond.h"

/* ---- SRV ------------------------------------------------------------------------------------ */

/* Where SRV records of a service go, and what they have in common. */
struct srv_out {
    struct records_out out;
    struct record_kind kind;
    size_t owner;
    struct name_end end;
    uint32_t weight_scale; /* of the view */
    const uint8_t *start;  /* of the message */
};

static inline struct srv_out srv_begin(const struct respond *r, const struct view *v, size_t owner)
{
    return (struct srv_out){records_begin(&r->answer),
                            record_kind_of(TYPE_SRV, v->ttl),
                            owner,
                            {v->suffix, v->suffix_size},
                            v->weight_scale,
                            r->answer.out};
}

/* Returns where the target stands, 0 = no room. */
static inline size_t put_srv(struct srv_out *o, const struct view_instance *i, uint16_t priority,
                             uint16_t port)
{
    size_t at = (size_t)(o->out.at - o->start) + SRV_TARGET_AT;
    uint32_t numbers = (uint32_t)priority << 16 | scaled_weight(o->weight_scale, i->weight);
    return put_srv_record(&o->out, o->kind, o->owner, numbers, port, instance_wire_label(i), o->end)
               ? at
               : 0;
}

/* Of a set as it is. */
static inline uint32_t put_items(struct respond *r, const struct draw *d, struct srv_out *o,
                                 uint32_t count)
{
    const uint32_t *numbers = d->worker->picker.items;
    const struct part *parts = d->set->parts;
    for (uint32_t sent = 0; sent < count; sent++) {
        const struct part *p = part_of(parts, numbers[sent]);
        struct part_item item = part_items(p)[numbers[sent] % PART_MAX];
        const struct view_instance *i = &p->instances[item.instance];
        size_t target = put_srv(o, i, p->priority, item.port);
        if (!target)
            return sent;
        respond_note_target(r, i, target);
    }
    return count;
}

static uint32_t put_others(struct respond *r, const struct draw *d, struct srv_out *o,
                           uint32_t count)
{
    for (uint32_t sent = 0; sent < count; sent++) {
        struct srv_item item = draw_srv_placed(d, sent);
        const struct view_instance *i = view_at(d->view, item.place);
        size_t target = put_srv(o, i, item.priority, item.port);
        if (!target)
            return sent;
        respond_note_target(r, i, target);
    }
    return count;
}

/* Returns how many of those drawn found room. */
static uint32_t put_drawn(struct respond *r, const struct draw *d, uint32_t count)
{
    struct srv_out o = srv_begin(r, d->view, r->owner);
    uint32_t sent = d->set && !d->near ? put_items(r, d, &o, count) : put_others(r, d, &o, count);
    records_end(&o.out, &r->answer, SECTION_ANSWER, sent);
    return sent;
}

size_t respond_put_srv(struct respond *r, const struct view *v, const struct view_instance *i,
                       uint16_t port, enum section section, uint16_t owner)
{
    struct srv_out o = srv_begin(r, v, owner);
    size_t at = put_srv(&o, i, i->priority, port);
    records_end(&o.out, &r->answer, section, at > 0);
    return at;
}

/* Where addresses of a service go. */
struct addr_out {
    struct records_out out;
    struct record_kind v4, v6;
};

static inline struct addr_out addr_begin(const struct respond *r, const struct view *v)
{
    return (struct addr_out){records_begin(&r->answer), record_kind_of(TYPE_A, v->ttl),
                             record_kind_of(TYPE_AAAA, v->ttl)};
}

/* Returns how many went in. */
static inline unsigned add_instance(struct addr_out *o, const struct view_instance *i, size_t owner)
{
    unsigned count = 0;
    if (i->v4_count)
        count = put_addresses(&o->out, o->v4, owner, instance_v4(i), 4, i->v4_count);
    if (i->v6_count)
        count += put_addresses(&o->out, o->v6, owner, instance_v6(i), 16, i->v6_count);
    return count;
}

void respond_add_addresses(struct respond *r, const struct view *v, const struct view_instance *i,
                           uint16_t owner)
{
    struct addr_out o = addr_begin(r, v);
    unsigned count = add_instance(&o, i, owner);
    records_end(&o.out, &r->answer, SECTION_ADDITIONAL, count);
}

/* The targets' addresses, as far as there is room (RFC 2782; RFC 2181 section 9). */
void respond_add_targets(struct respond *r, const struct view *v)
{
    struct addr_out o = addr_begin(r, v);
    uint32_t count = 0, targets = r->answers_only ? 0 : r->target_count;
    for (unsigned i = 0; i < targets; i++)
        count += add_instance(&o, r->targets[i].instance, r->targets[i].at);
    records_end(&o.out, &r->answer, SECTION_ADDITIONAL, count);
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
    uint32_t count = draw_srv(d, &size, max, stable, answer_left(&r->answer));
    uint32_t sent = put_drawn(r, d, count);
    if (sent && draw_srv_at(d, sent - 1).priority >= STALE_PRIORITY) /* they come last */
        respond_note_stale(r, draw_srv_stale(d), size.count);
    if (!stable && sent < size.count)
        respond_cut(r, sent, size.count);
    else
        respond_add_targets(r, v);
    return true;
}

/* ---- A and AAAA ------------------------------------------------------------------------------ */

/* Returns how many of those drawn found room. */
static uint32_t put_drawn_addrs(struct respond *r, const struct draw *d, const struct draw_addrs *a,
                                uint16_t type)
{
    struct records_out o = records_begin(&r->answer);
    struct record_kind kind = record_kind_of(type, d->view->ttl);
    uint16_t size = type == TYPE_A ? 4 : 16;
    size_t owner = r->owner;
    uint32_t sent = 0;
    for (; sent < a->count && records_left(&o) >= (size_t)RECORD_HEAD + size; sent++)
        put_address(&o, kind, owner, draw_addr_at(d, a, sent), size);
    records_end(&o, &r->answer, SECTION_ANSWER, sent);
    return sent;
}

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
    uint32_t sent = put_drawn_addrs(r, d, &a, type);
    if (cut)
        respond_cut(r, sent, d->worker->seen.dropped && a.gathered ? 0 : a.total);
    return true;
}

/* ---- one instance ---------------------------------------------------------------------- */

static bool put_all(struct respond *r, const struct view *v, uint16_t type, const uint8_t *bytes,
                    unsigned count)
{
    uint16_t size = type == TYPE_A ? 4 : 16;
    struct records_out o = records_begin(&r->answer);
    struct record_kind kind = record_kind_of(type, v->ttl);
    unsigned fit = (unsigned)(records_left(&o) / (RECORD_HEAD + (size_t)size));
    unsigned at = count > 1 ? rand_below(&r->worker->rand, count) : 0, sent = 0;
    for (; sent < count && sent < fit; sent++) {
        put_address(&o, kind, r->owner, bytes + (size_t)at * size, size);
        at = at + 1 < count ? at + 1 : 0;
    }
    records_end(&o, &r->answer, SECTION_ANSWER, sent);
    if (sent < count)
        respond_cut(r, sent, count);
    return count > 0;
}

static bool srv_of_instance(struct respond *r, const struct view *v, const struct view_instance *i,
                            uint16_t port)
{
    if (!port)
        return false;
    size_t target = respond_put_srv(r, v, i, port, SECTION_ANSWER, r->owner);
    if (target) {
        respond_note_target(r, i, target);
        respond_add_targets(r, v);
    } else {
        respond_cut(r, 0, 1);
    }
    return true;
}

static bool txt_of_instance(struct respond *r, const struct view *v, const struct view_instance *i)
{
    if (!answer_record(&r->answer, SECTION_ANSWER, r->owner, TYPE_TXT, v->ttl, instance_txt(i),
                       instance_txt_size(i)))
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
    case TYPE_A: return put_all(r, f->view, type, instance_v4(i), i->v4_count);
    case TYPE_AAAA: return put_all(r, f->view, type, instance_v6(i), i->v6_count);
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
    struct draw d = {.worker = r->worker,
                     .key = &r->dns->key,
                     .client = &r->request->from.addr,
                     .view = f->view};
    struct near near;
    d.type = type;
    if (f->kind == FOUND_INSTANCE)
        return respond_instance(r, f, type);
    if (f->kind == FOUND_BROWSED)
        return respond_browsed(r, f, type);
    if (f->kind == FOUND_PROTOCOL && type == TYPE_PTR)
        return respond_instances(r, f);
    if (!r->ahead || r->ahead->view != f->view) { /* else it is there by now */
        view_prefetch(f->view);
        view_prefetch_rest(f->view, type);
    }
    if (r->dns->config.place_count && is_by_place(f, type)) {
        respond_near(r, f->view, &near);
        d.near = near.known ? &near : NULL;
    }
    if (f->kind == FOUND_SUBSET) {
        draw_select(&d, f->pairs, f->pair_count);
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

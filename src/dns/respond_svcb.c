/* SVCB and HTTPS records (RFC 9460) of a service's instances, in the order of SRV. */
#include "dns/respond.h"
#include "dns/svcb.h"

/* The record with this SRV priority; false: no room. Addresses of the target will follow. */
static bool put_svcb(struct respond *r, const struct view *v, const struct view_instance *i,
                     uint16_t type, uint16_t priority)
{
    enum { TARGET = RECORD_HEAD + 2 };
    struct answer *a = &r->answer;
    uint8_t rdata[SVCB_RDATA_MAX];
    size_t at = a->at, size = svcb_rdata(v, i, type, rdata);
    put_u16(rdata, svcb_priority(i, priority));
    if (!answer_record(a, SECTION_ANSWER, r->owner, type, v->ttl, rdata, size))
        return false;
    respond_note_target(r, i, at + TARGET);
    return true;
}

bool respond_svcb(struct respond *r, const struct draw *d)
{
    const struct view *v = d->view;
    if (d->type == TYPE_HTTPS && v->https_count == 0)
        return false; /* browsers ask for every name */
    size_t room = answer_left(&r->answer);
    struct draw_size size = draw_size(d, room);
    if (size.count == 0)
        return false;
    bool stable = v->max_answers && size.count > v->max_answers;
    uint32_t max = stable ? v->max_answers : size.count, sent = 0, stale = 0;
    if (!stable && size.bytes > room) {
        respond_expect_cut(r);
        max = size.fit < max ? size.fit : max;
    }
    uint32_t count = draw_srv(d, &size, max, stable, answer_left(&r->answer));
    for (; sent < count; sent++) {
        struct srv_item item = draw_srv_at(d, sent);
        if (!put_svcb(r, v, view_at(v, item.place), d->type, item.priority))
            break;
        stale += item.priority >= STALE_PRIORITY;
    }
    respond_note_stale(r, stale, size.count);
    if (!stable && sent < size.count)
        respond_cut(r, sent, size.count);
    else
        respond_add_targets(r, v);
    return true;
}

bool respond_svcb_instance(struct respond *r, const struct view *v, const struct view_instance *i,
                           uint16_t type)
{
    if (!svcb_has(i, type))
        return false;
    if (put_svcb(r, v, i, type, i->priority))
        respond_add_targets(r, v);
    else
        respond_cut(r, 0, 1);
    return true;
}

/* DNS-SD: the instances of a service and protocol (RFC 6763 section 4.1), and the services of
 * a zone (section 9). */
#include "dns/browse.h"
#include "dns/draw.h"
#include "dns/respond.h"

/* ---- instances --------------------------------------------------------------------------- */

/* "I" and a pointer to the name asked for, which is the service's. */
static bool put_instance(struct respond *r, const struct view *v, const struct view_instance *i)
{
    struct answer *a = &r->answer;
    const uint8_t *id = instance_wire_label(i);
    size_t label = 1u + *id;
    uint8_t *p = answer_room(a, RECORD_HEAD + label + POINTER_SIZE);
    if (!p)
        return false;
    p = put_record_head(p, r->owner, TYPE_PTR, v->ttl, label + POINTER_SIZE);
    memcpy(p, id, label);
    put_pointer(p + label, r->owner);
    a->counts[SECTION_ANSWER]++;
    respond_note_target(r, i, (size_t)(p - a->out));
    return true;
}

/* SRV, TXT and addresses of those that were written (section 12.1), as far as there is room. */
static void add_instances(struct respond *r, const struct view *v, uint8_t protocol)
{
    struct answer *a = &r->answer;
    unsigned count = r->answers_only ? 0 : r->target_count;
    r->target_count = 0;
    for (unsigned n = 0; n < count; n++) {
        const struct view_instance *i = r->targets[n].instance;
        uint16_t owner = r->targets[n].at;
        size_t target = respond_put_srv(r, v, i, i->ports[protocol], SECTION_ADDITIONAL, owner);
        if (!target || !answer_record(a, SECTION_ADDITIONAL, owner, TYPE_TXT, v->ttl,
                                      instance_txt(i), instance_txt_size(i)))
            continue;
        if (can_point(target))
            respond_add_addresses(r, v, i, (uint16_t)target);
    }
}

/* The part of the set that can be browsed. */
static struct srv_set listed(const struct srv_set *set)
{
    struct srv_set part = *set;
    part.count = browse_count(set);
    part.part_count = 0;
    uint32_t items = 0;
    for (part.group_count = 0; items < part.count; part.group_count++) {
        items += set->groups[part.group_count].count;
        part.part_count += set->groups[part.group_count].part_count;
    }
    return part;
}

bool respond_instances(struct respond *r, const struct found *f)
{
    const struct view *v = f->view;
    struct srv_set set = listed(f->set);
    struct draw d = {.worker = r->worker,
                     .key = &r->dns->key,
                     .client = &r->request->from.addr,
                     .view = v,
                     .set = &set,
                     .type = TYPE_PTR};
    struct draw_size size = draw_size(&d, answer_left(&r->answer));
    if (size.count == 0)
        return false;
    bool stable = v->max_answers && size.count > v->max_answers;
    uint32_t max = stable ? v->max_answers : size.count, sent = 0;
    if (!stable && size.bytes > answer_left(&r->answer)) {
        respond_expect_cut(r);
        max = size.fit < max ? size.fit : max;
    }
    uint32_t count = draw_srv(&d, &size, max, stable, answer_left(&r->answer));
    while (sent < count && put_instance(r, v, view_at(v, draw_srv_at(&d, sent).place)))
        sent++;
    if (!stable && sent < size.count)
        respond_cut(r, sent, size.count);
    else
        add_instances(r, v, f->protocol);
    if (set.parts->priority >= STALE_PRIORITY)
        respond_note_stale(r, size.count, size.count);
    return true;
}

/* ---- services ---------------------------------------------------------------------------- */

enum { SERVICE_WIRE = 1 + 1 + SERVICE_MAX + 1 + 4 + POINTER_SIZE }; /* "_a.b" "_tcp" pointer */

/* "_S._tcp" and a pointer to the apex. */
static size_t write_service(uint8_t *to, struct text service, uint8_t protocol, uint32_t apex)
{
    static const char ends[][5] = {[PROTOCOL_TCP] = "\4_tcp", [PROTOCOL_UDP] = "\4_udp"};
    uint8_t *at = to;
    bool first = true;
    while (service.n) {
        struct text label = text_cut(&service, '.');
        *at++ = (uint8_t)(label.n + first);
        if (first)
            *at++ = '_';
        memcpy(at, label.s, label.n);
        at += label.n;
        first = false;
    }
    memcpy(at, ends[protocol], 5);
    put_pointer(at + 5, apex);
    return (size_t)(at + 5 + POINTER_SIZE - to);
}

static bool put_services(struct respond *r, const struct zone *zone, const struct browse_entry *e,
                         uint32_t apex, uint32_t *sent)
{
    struct text service = view_service(RCU_READ(e->slot->view));
    uint8_t protocols = atomic_load_explicit(&e->protocols, memory_order_relaxed);
    for (uint8_t protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol++) {
        uint8_t rdata[SERVICE_WIRE];
        if (!(protocols & 1u << protocol))
            continue;
        size_t size = write_service(rdata, service, protocol, apex);
        if (!answer_record(&r->answer, SECTION_ANSWER, r->owner, TYPE_PTR, zone->ttl, rdata, size))
            return false;
        ++*sent;
    }
    return true;
}

bool respond_types(struct respond *r, const struct found *f, uint16_t type)
{
    const struct zone *zone = f->zone;
    uint32_t apex = (uint32_t)r->owner + r->name->size - zone->apex.size, sent = 0;
    if (type != TYPE_PTR && type != TYPE_ANY)
        return false;
    const struct browse_entry *e = RCU_READ(zone->browsed.first);
    if (!e)
        return false;
    respond_expect_cut(r);
    for (; e; e = RCU_READ(e->next))
        if (!put_services(r, zone, e, apex, &sent)) {
            respond_cut(r, sent, 0);
            break;
        }
    return true;
}

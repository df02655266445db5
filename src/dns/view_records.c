#include "dns/view_records.h"

#include <string.h>

#include "base/bytes.h"
#include "dns/browse.h"
#include "dns/view_ports.h"
#include "dns/wire.h"

_Static_assert(SVCB_RDATA_MAX >= SRV_HEAD + NAME_MAX_WIRE, "SRV data fit too");

/* Is that name the zone file's, or another zone's? Then what the service has there is not to
 * be seen. */
static bool is_covered(const struct zone *zone, const struct name *name)
{
    for (size_t i = 0; i < zone->inner_count; i++)
        if (name_is_below(name, &zone->inner[i]))
            return true;
    return zone_find(zone, name) != NULL;
}

/* ---- where -------------------------------------------------------------------------------- */

static void init_protocol(struct view_source *s, enum protocol protocol, const struct srv_set *set,
                          bool there)
{
    s->at_protocol[protocol] = there && browse_service_name(view_service(s->view), protocol,
                                                            s->zone, &s->protocols[protocol]);
    s->browsed[protocol] = browse_parts(set);
}

void view_source_init(struct view_source *s, const struct view *view, const struct zone *zone,
                      unsigned places)
{
    s->view = view;
    s->zone = zone;
    s->at_service =
        places & VIEW_AT_SERVICE && !name_join(view_service(view), &zone->apex, &s->service);
    init_protocol(s, PROTOCOL_TCP, view->by_protocol[PROTOCOL_TCP], places & VIEW_AT_TCP);
    init_protocol(s, PROTOCOL_UDP, view->by_protocol[PROTOCOL_UDP], places & VIEW_AT_UDP);
    s->at_types = browse_types_name(zone, &s->types) && !is_covered(zone, &s->types);
}

bool view_kind_next(const struct view_source *s, unsigned *kind)
{
    if (*kind < VIEW_PORTS)
        return true;
    uint32_t number = *kind - VIEW_PORTS;
    bool there = view_port_next(s->view, &number);
    *kind = VIEW_PORTS + number;
    return there;
}

static const struct srv_set *port_set(const struct view *v, uint32_t number)
{
    const struct named_port *port = view_port_at(v, number);
    return port ? &port->set : &view_no_items;
}

/* The set by whose items the kind goes; NULL = it does not go by items. */
static const struct srv_set *kind_set(const struct view_source *s, unsigned kind)
{
    const struct view *v = s->view;
    switch (kind) {
    case VIEW_SRV:
    case VIEW_SVCB:
    case VIEW_HTTPS: return &v->by_default;
    case VIEW_TCP_SRV:
    case VIEW_TCP_PTR: return v->by_protocol[PROTOCOL_TCP];
    case VIEW_UDP_SRV:
    case VIEW_UDP_PTR: return v->by_protocol[PROTOCOL_UDP];
    default: return kind < VIEW_PORTS ? NULL : port_set(v, kind - VIEW_PORTS);
    }
}

/* ---- numbers ------------------------------------------------------------------------------- */

static bool next_address(const struct view *v, unsigned kind, uint32_t *number)
{
    uint32_t place = *number / ADDRESSES_MAX;
    while (view_next(v, &place)) {
        const struct view_instance *i = view_at(v, place);
        uint32_t first = place * ADDRESSES_MAX;
        *number = *number > first ? *number : first;
        if (*number - first < (kind == VIEW_OWN_A ? i->v4_count : i->v6_count))
            return true;
        place++;
    }
    return false;
}

/* VIEW_A to VIEW_TYPE_UDP. */
static bool next_of_service(const struct view *v, unsigned kind, uint32_t *number)
{
    switch (kind) {
    case VIEW_A: return part_next(v->v4.parts, v->v4.group.part_count, number);
    case VIEW_AAAA: return part_next(v->v6.parts, v->v6.group.part_count, number);
    case VIEW_TXT: return txt_next(&v->txt, number);
    case VIEW_TYPE_TCP: return *number < (v->by_protocol[PROTOCOL_TCP]->count > 0);
    default: return *number < (v->by_protocol[PROTOCOL_UDP]->count > 0);
    }
}

bool view_number_next(const struct view_source *s, unsigned kind, uint32_t *number)
{
    const struct srv_set *set = kind_set(s, kind);
    if (kind == VIEW_TCP_PTR)
        return part_next(set->parts, s->browsed[PROTOCOL_TCP], number);
    if (kind == VIEW_UDP_PTR)
        return part_next(set->parts, s->browsed[PROTOCOL_UDP], number);
    if (set)
        return set_next(set, number);
    if (kind == VIEW_OWN_A || kind == VIEW_OWN_AAAA)
        return next_address(s->view, kind, number);
    return kind > VIEW_OWN_AAAA ? view_next(s->view, number)
                                : next_of_service(s->view, kind, number);
}

/* ---- pieces of records --------------------------------------------------------------------- */

static bool put(struct rr *out, uint16_t type, const uint8_t *rdata, size_t size)
{
    out->type = type;
    out->rdata = rdata;
    out->size = (uint16_t)size;
    return size > 0;
}

static bool put_srv(struct rr *out, const struct view *v, struct view_scratch *scratch,
                    const struct view_instance *i, uint16_t port)
{
    put_u16(scratch->rdata, i->priority);
    put_u16(scratch->rdata + 2, view_wire_weight(v, i->weight));
    put_u16(scratch->rdata + 4, port);
    size_t size = SRV_HEAD + view_target(v, i, scratch->rdata + SRV_HEAD);
    return put(out, TYPE_SRV, scratch->rdata, port ? size : 0);
}

static void own(struct rr *out, const struct name *owner)
{
    out->owner = owner->wire;
    out->owner_size = owner->size;
}

/* A label below a name; false when it does not fit. */
static bool join(const uint8_t *label, const struct name *parent, struct name *out)
{
    if (1u + *label + parent->size > NAME_MAX_WIRE)
        return false;
    memcpy(out->wire, label, 1u + *label);
    memcpy(out->wire + 1 + *label, parent->wire, parent->size);
    out->size = (uint8_t)(1 + *label + parent->size);
    out->labels = parent->labels + 1;
    return true;
}

/* ---- of the service as a whole --------------------------------------------------------------- */

static bool of_service(const struct view_source *s, unsigned kind, uint32_t number, struct rr *out)
{
    const struct view *v = s->view;
    own(out, &s->service);
    if (!s->at_service)
        return false;
    if (kind == VIEW_A)
        return put(out, TYPE_A, addr_at(&v->v4, number, 4), 4);
    if (kind == VIEW_AAAA)
        return put(out, TYPE_AAAA, addr_at(&v->v6, number, 16), 16);
    const struct txt_item *item = txt_at(&v->txt, number);
    return put(out, TYPE_TXT, item->rdata, item->size);
}

static bool of_types(const struct view_source *s, enum protocol protocol, struct rr *out)
{
    own(out, &s->types);
    out->ttl = s->zone->ttl;
    return s->at_types && s->at_protocol[protocol] &&
           put(out, TYPE_PTR, s->protocols[protocol].wire, s->protocols[protocol].size);
}

/* ---- by the items of sets -------------------------------------------------------------- */

/* _port._tcp.S.Z; false where the zone file has that, or _tcp.S.Z. */
static bool port_name(const struct view_source *s, struct text port, uint8_t protocol,
                      struct name *out)
{
    static const char *const protocols[] = {
        [PROTOCOL_TCP] = "\4_tcp", [PROTOCOL_UDP] = "\4_udp", [PROTOCOL_SCTP] = "\5_sctp"};
    struct name above;
    uint8_t label[64];
    if (port.n + 1 > 63 || !s->at_service ||
        !join((const uint8_t *)protocols[protocol], &s->service, &above))
        return false;
    label[0] = (uint8_t)(port.n + 1);
    label[1] = '_';
    memcpy(label + 2, port.s, port.n);
    return join(label, &above, out) && !is_covered(s->zone, &above) && !is_covered(s->zone, out);
}

static bool svcb(const struct view *v, const struct view_instance *i, uint16_t type,
                 struct view_scratch *scratch, struct rr *out)
{
    size_t size = svcb_rdata(v, i, type, scratch->rdata);
    return put(out, type, scratch->rdata, size);
}

static bool browsed(const struct view_source *s, enum protocol protocol,
                    const struct view_instance *i, struct view_scratch *scratch, struct rr *out)
{
    struct name *target = &scratch->owner;
    own(out, &s->protocols[protocol]);
    return s->at_protocol[protocol] &&
           join(instance_wire_label(i), &s->protocols[protocol], target) &&
           put(out, TYPE_PTR, target->wire, target->size);
}

static bool by_protocol(const struct view_source *s, enum protocol protocol,
                        const struct view_instance *i, struct view_scratch *scratch, struct rr *out)
{
    own(out, &s->protocols[protocol]);
    return s->at_protocol[protocol] && put_srv(out, s->view, scratch, i, i->ports[protocol]);
}

bool view_set_record(const struct view_source *s, unsigned kind, const struct view_instance *i,
                     struct view_scratch *scratch, struct rr *out)
{
    out->ttl = s->view->ttl;
    own(out, &s->service);
    switch (kind) {
    case VIEW_SRV: return s->at_service && put_srv(out, s->view, scratch, i, i->port);
    case VIEW_SVCB: return s->at_service && svcb(s->view, i, TYPE_SVCB, scratch, out);
    case VIEW_HTTPS: return s->at_service && svcb(s->view, i, TYPE_HTTPS, scratch, out);
    case VIEW_TCP_SRV: return by_protocol(s, PROTOCOL_TCP, i, scratch, out);
    case VIEW_UDP_SRV: return by_protocol(s, PROTOCOL_UDP, i, scratch, out);
    case VIEW_TCP_PTR: return browsed(s, PROTOCOL_TCP, i, scratch, out);
    default: return browsed(s, PROTOCOL_UDP, i, scratch, out);
    }
}

bool view_port_record(const struct view_source *s, struct text port, uint8_t protocol,
                      const struct view_instance *i, uint16_t number, struct view_scratch *scratch,
                      struct rr *out)
{
    out->ttl = s->view->ttl;
    if (!port_name(s, port, protocol, &scratch->owner))
        return false;
    own(out, &scratch->owner);
    return put_srv(out, s->view, scratch, i, number);
}

/* ---- by instance ----------------------------------------------------------------------- */

static bool of_own_name(const struct view_source *s, unsigned kind, const struct view_instance *i,
                        uint32_t address, struct view_scratch *scratch, struct rr *out)
{
    if (!s->at_service || !join(instance_wire_label(i), &s->service, &scratch->owner))
        return false;
    own(out, &scratch->owner);
    switch (kind) {
    case VIEW_OWN_A:
        return address < i->v4_count && put(out, TYPE_A, instance_v4(i) + (size_t)address * 4, 4);
    case VIEW_OWN_AAAA:
        return address < i->v6_count &&
               put(out, TYPE_AAAA, instance_v6(i) + (size_t)address * 16, 16);
    case VIEW_OWN_TXT: return put(out, TYPE_TXT, instance_txt(i), instance_txt_size(i));
    case VIEW_OWN_SRV: return put_srv(out, s->view, scratch, i, i->port);
    case VIEW_OWN_SVCB: return svcb(s->view, i, TYPE_SVCB, scratch, out);
    default: return svcb(s->view, i, TYPE_HTTPS, scratch, out);
    }
}

static bool of_browsed_name(const struct view_source *s, unsigned kind,
                            const struct view_instance *i, struct view_scratch *scratch,
                            struct rr *out)
{
    bool tcp = kind == VIEW_OWN_TCP_SRV || kind == VIEW_OWN_TCP_TXT;
    enum protocol protocol = tcp ? PROTOCOL_TCP : PROTOCOL_UDP;
    if (!s->at_protocol[protocol] || !i->ports[protocol] ||
        !join(instance_wire_label(i), &s->protocols[protocol], &scratch->owner))
        return false;
    own(out, &scratch->owner);
    if (kind == VIEW_OWN_TCP_TXT || kind == VIEW_OWN_UDP_TXT)
        return put(out, TYPE_TXT, instance_txt(i), instance_txt_size(i));
    return put_srv(out, s->view, scratch, i, i->ports[protocol]);
}

static bool of_instance(const struct view_source *s, unsigned kind, uint32_t number,
                        struct view_scratch *scratch, struct rr *out)
{
    bool by_address = kind == VIEW_OWN_A || kind == VIEW_OWN_AAAA;
    const struct view_instance *i = view_at(s->view, by_address ? number / ADDRESSES_MAX : number);
    if (i->status == STATUS_DOWN)
        return false;
    bool there = kind <= VIEW_OWN_HTTPS
                     ? of_own_name(s, kind, i, number % ADDRESSES_MAX, scratch, out)
                     : of_browsed_name(s, kind, i, scratch, out);
    return there && !is_covered(s->zone, &scratch->owner);
}

bool view_record(const struct view_source *s, unsigned kind, uint32_t number,
                 struct view_scratch *scratch, struct rr *out)
{
    const struct srv_set *set = kind_set(s, kind);
    out->ttl = s->view->ttl;
    if (kind >= VIEW_PORTS) {
        const struct named_port *port = view_port_at(s->view, kind - VIEW_PORTS);
        struct srv_item item = set_item(set, number);
        return view_port_record(s, port->name, port->protocol, view_at(s->view, item.place),
                                item.port, scratch, out);
    }
    if (set)
        return view_set_record(s, kind, set_instance(set, number), scratch, out);
    if (kind >= VIEW_OWN_A)
        return of_instance(s, kind, number, scratch, out);
    if (kind == VIEW_TYPE_TCP || kind == VIEW_TYPE_UDP)
        return of_types(s, kind == VIEW_TYPE_TCP ? PROTOCOL_TCP : PROTOCOL_UDP, out);
    return of_service(s, kind, number, out);
}

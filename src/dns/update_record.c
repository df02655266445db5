/* The record of an instance out of DNS records: SRV, addresses, TXT. */
#include "base/bytes.h"
#include "dns/update_parts.h"

enum { SRV_FIXED = 6 };

static bool refuse(struct update *u, const struct work_instance *i, const char *why)
{
    return update_fail(u, RCODE_REFUSED, EDE_OTHER, why, &i->at);
}

static bool is_tie(const struct work_instance *i, const struct work_record *r)
{
    return r->type == TYPE_SRV && r->size == SRV_FIXED + i->at.size &&
           memcmp(r->rdata + SRV_FIXED, i->at.wire, i->at.size) == 0;
}

static bool is_address(const struct work_record *r)
{
    return r->type == TYPE_A || r->type == TYPE_AAAA;
}

/* ---- ports -------------------------------------------------------------------------------- */

/* What the SRV records say of a port. One at S.Z says nothing of the protocol, unless it is of
 * a port that has no name of its own there. */
static bool says(const struct work_record *r, unsigned form, const struct work_instance *i,
                 const struct port *p)
{
    static const enum protocol protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP};
    if (!is_tie(i, r) || get_u16(r->rdata + 4) != p->number)
        return false;
    return protocols[form] == p->protocol || (form == 2 && !r->of);
}

static bool is_said(const struct work_instance *i, struct work_name *const services[3],
                    const struct port *p)
{
    for (unsigned form = 0; form < 3; form++)
        for (const struct work_record *r = services[form] ? services[form]->first : NULL; r;
             r = r->next)
            if (says(r, form, i, p))
                return true;
    return false;
}

/* Does the instance have this port already? `any`: by whatever protocol. */
static bool has_port(const struct record *record, uint16_t number, enum protocol protocol, bool any)
{
    for (unsigned n = 0; n < record->port_count; n++)
        if (record->ports[n].number == number && (any || record->ports[n].protocol == protocol))
            return true;
    return false;
}

static bool take_port(struct update *u, struct work_instance *i, const struct work_record *r,
                      unsigned form)
{
    struct record *after = &i->after;
    uint16_t number = get_u16(r->rdata + 4);
    enum protocol protocol = form == 1            ? PROTOCOL_UDP
                             : form == 2 && r->of ? PROTOCOL_SCTP
                                                  : PROTOCOL_TCP;
    if (r->added) {
        after->priority = get_u16(r->rdata);
        after->weight = get_u16(r->rdata + 2);
        after->weight_set = true;
    }
    if ((number == 0 && r->of) || has_port(after, number, protocol, form == 2))
        return true;
    if (after->port_count == PORTS_MAX)
        return refuse(u, i, "too many ports at ");
    after->ports[after->port_count++] = (struct port){.number = number, .protocol = protocol};
    return true;
}

/* Those that were there first, in their order and with their names. */
static bool take_ports(struct update *u, struct work_instance *i,
                       struct work_name *const services[3])
{
    unsigned kept = 0;
    for (unsigned n = 0; n < i->after.port_count; n++)
        if (is_said(i, services, &i->after.ports[n]))
            i->after.ports[kept++] = i->after.ports[n];
    i->after.port_count = kept;
    for (unsigned form = 0; form < 3; form++)
        for (const struct work_record *r = services[form] ? services[form]->first : NULL; r;
             r = r->next)
            if (is_tie(i, r) && !take_port(u, i, r, form))
                return false;
    return true;
}

/* ---- addresses and metadata ---------------------------------------------------------------- */

static bool take_address(struct update *u, struct work_instance *i, const struct work_record *r)
{
    struct record *after = &i->after;
    if (after->address_count == ADDRESSES_MAX)
        return refuse(u, i, "too many addresses at ");
    struct addr *a = &after->addresses[after->address_count++];
    *a = (struct addr){.family = r->type == TYPE_A ? FAMILY_V4 : FAMILY_V6};
    memcpy(a->bytes, r->rdata, r->size);
    return true;
}

static bool take_tags(struct record *after, struct text tags)
{
    while (tags.n) {
        struct text tag = text_cut(&tags, ',');
        unsigned n = 0;
        while (n < after->tag_count && !text_is(after->tags[n], tag))
            n++;
        if (n == TAGS_MAX)
            return false;
        after->tags[n] = tag;
        after->tag_count += n == after->tag_count;
    }
    return true;
}

static bool take_metadata(struct record *after, struct text key, struct text value)
{
    unsigned n = 0;
    while (n < after->metadata_count && !text_is(after->metadata[n].key, key))
        n++;
    if (n == METADATA_MAX)
        return false;
    after->metadata[n] = (struct pair){key, value};
    after->metadata_count += n == after->metadata_count;
    return true;
}

static bool take_pair(struct record *after, struct text key, struct text value)
{
    const struct {
        struct text key;
        struct text *place;
    } known[] = {{TEXT("version"), &after->version},
                 {TEXT("zone"), &after->zone},
                 {TEXT("region"), &after->region},
                 {TEXT("cluster"), &after->cluster}};
    for (size_t n = 0; n < ARRAY_COUNT(known); n++)
        if (text_is(key, known[n].key)) {
            *known[n].place = value;
            return true;
        }
    return text_is(key, TEXT("tags")) ? take_tags(after, value) : take_metadata(after, key, value);
}

/* A string without '=' is a key without value; one without key says nothing (RFC 6763
 * sections 6.1, 6.4). */
static bool take_strings(struct update *u, struct work_instance *i, const struct work_record *r)
{
    for (size_t at = 0; at < r->size; at += 1u + r->rdata[at]) {
        struct text value = {(const char *)r->rdata + at + 1, r->rdata[at]};
        struct text key = text_cut(&value, '=');
        if (key.n && !take_pair(&i->after, key, value))
            return refuse(u, i, "too many pairs or tags in the TXT at ");
    }
    return true;
}

/* ---- all ------------------------------------------------------------------------------------- */

/* What SRV, A, AAAA and TXT cannot say stays as it is. */
static void begin(const struct update *u, struct work_instance *i)
{
    struct instance_state state = {0};
    if (i->stored)
        instance_state(i->stored, &state);
    bool own = i->stored && state.owner.kind == u->who.kind &&
               text_is(text_of(state.owner.name), text_of(u->who.name));
    i->after = own ? i->before : (struct record){.ttl = TTL_UNSET};
    struct record *after = &i->after;
    after->ns = text_of(u->zone->ns);
    after->service = i->service;
    after->id = i->id;
    after->version = after->zone = after->region = after->cluster = (struct text){0};
    after->address_count = after->tag_count = after->metadata_count = 0;
    after->group = (struct text){0};
    after->permanent = own && after->lease_s == 0;
    after->lease_bounded = true;
    after->rev = 0;
}

static void take_terms(const struct update *u, struct work_instance *i, const struct work_record *r)
{
    struct record *after = &i->after;
    if (!r->added)
        return;
    int ttl = r->ttl < TTL_MAX ? (int)r->ttl : TTL_MAX;
    if (!i->registers || ttl < after->ttl)
        after->ttl = ttl;
    after->permanent = !u->leased;
    after->lease_s = u->lease_s;
    i->registers = i->touched = true;
}

/* What it is made of is no plain record; at the instance's name that is all there is. */
static void consume(struct work_instance *i, struct work_name *n, bool at_instance)
{
    for (struct work_record **at = &n->first; *at;) {
        struct work_record *r = *at;
        if (at_instance || is_tie(i, r))
            work_take(n, at);
        else
            at = &r->next;
    }
}

static bool take_rest(struct update *u, struct work_instance *i, const struct work_name *at)
{
    for (const struct work_record *r = at->first; r; r = r->next) {
        bool fine = true;
        if (is_address(r))
            fine = take_address(u, i, r);
        else if (r->type == TYPE_TXT)
            fine = take_strings(u, i, r);
        else if (!is_tie(i, r))
            fine = refuse(u, i, "an instance has addresses, SRV and TXT alone, at ");
        if (!fine)
            return false;
        take_terms(u, i, r);
    }
    return true;
}

static bool is_instance(const struct work_instance *i, struct work_name *const services[3],
                        const struct work_name *at)
{
    bool ties = false, addresses = false;
    for (unsigned form = 0; form < 3; form++)
        for (const struct work_record *r = services[form] ? services[form]->first : NULL; r;
             r = r->next)
            ties = ties || is_tie(i, r);
    for (const struct work_record *r = at->first; r; r = r->next)
        addresses = addresses || is_address(r);
    return ties && addresses;
}

bool update_record(struct update *u, struct work_instance *i)
{
    struct work_name *const *services = i->services;
    if (!is_instance(i, services, i->name))
        return true;
    begin(u, i);
    if (!take_ports(u, i, services) || !take_rest(u, i, i->name))
        return false;
    for (unsigned form = 0; form < 3; form++)
        for (const struct work_record *r = services[form] ? services[form]->first : NULL; r;
             r = r->next)
            if (is_tie(i, r))
                take_terms(u, i, r);
    i->registers = i->touched;
    for (unsigned form = 0; form < 3 && i->touched; form++)
        if (services[form])
            consume(i, services[form], false);
    if (i->touched)
        consume(i, i->name, true);
    return true;
}

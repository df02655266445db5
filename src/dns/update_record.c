/* The record of an instance out of DNS records: SRV, addresses, TXT. */
#include "base/bytes.h"
#include "dns/update_parts.h"

enum { SRV_FIXED = 6 };

static bool refuse(struct update *u, const struct work_instance *i, const char *why)
{
    return update_fail(u, RCODE_REFUSED, EDE_OTHER, why, &i->at);
}

/* One at the instance's own name that says what those at its service's say. */
static bool is_of_itself(const struct work_instance *i, const struct work_record *r)
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
static bool says(const struct work_record *r, const struct port *p)
{
    if (r->taken || get_u16(r->rdata + 4) != p->number)
        return false;
    enum protocol protocol = r->form == FORM_TCP   ? PROTOCOL_TCP
                             : r->form == FORM_UDP ? PROTOCOL_UDP
                                                   : PROTOCOL_SCTP;
    return protocol == p->protocol || (r->form == FORM_SERVICE && !r->of);
}

static bool is_said(const struct work_instance *i, const struct port *p)
{
    const struct work_record *r;
    STAILQ_FOREACH(r, &i->ties, tie)
    if (says(r, p))
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

static bool take_port(struct update *u, struct work_instance *i, const struct work_record *r)
{
    struct record *after = i->after;
    uint16_t number = get_u16(r->rdata + 4);
    enum protocol protocol = r->form == FORM_UDP                ? PROTOCOL_UDP
                             : r->form == FORM_SERVICE && r->of ? PROTOCOL_SCTP
                                                                : PROTOCOL_TCP;
    if (r->added) {
        after->priority = get_u16(r->rdata);
        after->weight = get_u16(r->rdata + 2);
        after->weight_set = true;
    }
    if ((number == 0 && r->of) || has_port(after, number, protocol, r->form == FORM_SERVICE))
        return true;
    if (after->port_count == PORTS_MAX)
        return refuse(u, i, "too many ports at ");
    after->ports[after->port_count++] = (struct port){.number = number, .protocol = protocol};
    return true;
}

/* Those that were there first, in their order and with their names. */
static bool take_ports(struct update *u, struct work_instance *i)
{
    static const enum update_form forms[] = {FORM_TCP, FORM_UDP, FORM_SERVICE};
    struct record *after = i->after;
    unsigned kept = 0;
    for (unsigned n = 0; n < after->port_count; n++)
        if (is_said(i, &after->ports[n]))
            after->ports[kept++] = after->ports[n];
    after->port_count = kept;
    for (size_t n = 0; n < ARRAY_COUNT(forms); n++) {
        const struct work_record *r;
        STAILQ_FOREACH(r, &i->ties, tie)
        if (!r->taken && r->form == forms[n] && !take_port(u, i, r))
            return false;
    }
    return true;
}

/* ---- addresses and metadata ---------------------------------------------------------------- */

static bool take_address(struct update *u, struct work_instance *i, const struct work_record *r)
{
    struct record *after = i->after;
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
        if (key.n && !take_pair(i->after, key, value))
            return refuse(u, i, "too many pairs or tags in the TXT at ");
    }
    return true;
}

/* ---- all ------------------------------------------------------------------------------------- */

static bool is_own(const struct update *u, const struct work_instance *i)
{
    struct instance_state state;
    if (!i->stored)
        return false;
    instance_state(i->stored, &state);
    return state.owner.kind == u->who.kind &&
           text_is(text_of(state.owner.name), text_of(u->who.name));
}

/* What protocols noted for themselves, as no TXT shows it. */
static unsigned keep_hidden(struct record *after)
{
    unsigned kept = 0;
    for (unsigned n = 0; n < after->metadata_count; n++)
        if (metadata_is_hidden(after->metadata[n].key))
            after->metadata[kept++] = after->metadata[n];
    return kept;
}

/* What SRV, A, AAAA and TXT cannot say stays as it is. */
static bool begin(struct update *u, struct work_instance *i)
{
    bool own = is_own(u, i);
    struct record *after = i->after = update_memory(u, sizeof(*after));
    if (!after)
        return false;
    if (own)
        instance_read(i->stored, after);
    else
        *after = (struct record){.ttl = TTL_UNSET};
    after->ns = text_of(u->zone->ns);
    after->service = i->service;
    after->id = i->id;
    after->version = after->zone = after->region = after->cluster = (struct text){0};
    after->address_count = after->tag_count = 0;
    after->metadata_count = keep_hidden(after);
    after->group = (struct text){0};
    after->permanent = own && after->lease_s == 0;
    after->lease_bounded = true;
    after->rev = 0;
    return true;
}

static void take_terms(const struct update *u, struct work_instance *i, const struct work_record *r)
{
    struct record *after = i->after;
    if (!r->added)
        return;
    int ttl = r->ttl < TTL_MAX ? (int)r->ttl : TTL_MAX;
    if (!i->registers || ttl < after->ttl)
        after->ttl = ttl;
    after->permanent = !u->leased;
    after->lease_s = u->lease_s;
    i->registers = i->touched = true;
}

static bool take_rest(struct update *u, struct work_instance *i)
{
    for (const struct work_record *r = i->name->first; r; r = r->next) {
        bool fine = true;
        if (is_address(r))
            fine = take_address(u, i, r);
        else if (r->type == TYPE_TXT)
            fine = take_strings(u, i, r);
        else if (!is_of_itself(i, r))
            fine = refuse(u, i, "an instance has addresses, SRV and TXT alone, at ");
        if (!fine)
            return false;
        take_terms(u, i, r);
    }
    return true;
}

/* What it is made of: SRV and addresses, of those added or of all. */
static bool is_made_of(const struct work_instance *i, bool added)
{
    bool ties = false, addresses = false;
    const struct work_record *r;
    STAILQ_FOREACH(r, &i->ties, tie)
    ties |= !r->taken && (r->added || !added);
    for (r = i->name->first; r; r = r->next)
        addresses |= is_address(r) && (r->added || !added);
    return ties && addresses;
}

/* At the instance's name that is all there is. */
static void consume(struct work_instance *i)
{
    struct work_record *r;
    STAILQ_FOREACH(r, &i->ties, tie)
    if (r->of && !r->taken && !r->added)
        work_take_shown(r);
    else
        r->taken = true;
    for (r = i->name->first; r; r = r->next)
        r->taken = true;
}

bool update_record(struct update *u, struct work_instance *i)
{
    struct work_record *r;
    if (!is_made_of(i, false))
        return true;
    if (!begin(u, i) || !take_ports(u, i) || !take_rest(u, i))
        return false;
    STAILQ_FOREACH(r, &i->ties, tie)
    if (!r->taken)
        take_terms(u, i, r);
    i->registers = i->touched;
    if (!i->registers)
        return true;
    /* One that another owner has left behind is taken over by a whole registration alone. */
    if (i->stored && !is_own(u, i) && !is_made_of(i, true))
        return refuse(u, i, "the instance belongs to somebody else: ");
    consume(i);
    return true;
}

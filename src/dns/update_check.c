/* Prescan (RFC 2136 section 3.4.1) and grants (section 3.3). */
#include "dns/update_parts.h"
#include "dns/zone_rdata.h"

static bool is_question_type(uint16_t type)
{
    return type == 0 || zone_type_is_meta(type);
}

static bool fail_form(struct update *u, const char *what, const struct update_rr *rr)
{
    return update_fail(u, RCODE_FORMERR, EDE_OTHER, what, &rr->owner);
}

/* Section 3.4.1.2. */
static bool is_well_formed(struct update *u, const struct update_rr *rr)
{
    switch (rr->class) {
    case CLASS_IN:
        if (is_question_type(rr->type))
            return fail_form(u, "a type of questions is to be added at ", rr);
        if (rr->bad)
            return fail_form(u, "RDATA that is none of its type at ", rr);
        return true;
    case CLASS_ANY:
        if (rr->ttl || rr->sent_size || (rr->type != TYPE_ANY && is_question_type(rr->type)))
            return fail_form(u, "a deletion with TTL, RDATA or a type of questions at ", rr);
        return true;
    case CLASS_NONE:
        if (rr->ttl || is_question_type(rr->type) || rr->bad)
            return fail_form(u, "a deletion with TTL, bad RDATA or a type of questions at ", rr);
        return true;
    default: return fail_form(u, "a class that is none of updates at ", rr);
    }
}

bool update_prescan(struct update *u)
{
    for (size_t i = 0; i < u->change_count; i++) {
        const struct update_rr *rr = &u->changes[i];
        if (dns_zone_of(u->dns, &rr->owner) != u->zone)
            return update_fail(u, RCODE_NOTZONE, EDE_OTHER, "not in this zone: ", &rr->owner);
        if (!is_well_formed(u, rr))
            return false;
    }
    return true;
}

/* ---- grants ------------------------------------------------------------------------------- */

static bool has_type(const struct dns_grant *g, uint16_t type)
{
    for (size_t i = 0; i < g->type_count; i++)
        if (g->types[i] == type)
            return true;
    return g->type_count == 0;
}

static bool has_name(const struct dns_grant *g, struct text name)
{
    if (!g->names || !*g->names)
        return true;
    for (char **glob = g->names; *glob; glob++)
        if (text_matches(name, *glob))
            return true;
    return false;
}

static bool is_holder(const struct update *u, const struct dns_grant *g)
{
    struct text key = text_of(g->key);
    if (key.n && key.s[key.n - 1] == '.')
        key.n--;
    return text_is_nocase(key, u->key);
}

static bool grants(const struct update *u, struct text name, uint16_t type)
{
    for (size_t i = 0; i < u->config->grant_count; i++) {
        const struct dns_grant *g = &u->config->grants[i];
        if (is_holder(u, g) && has_name(g, name) && has_type(g, type))
            return true;
    }
    return false;
}

/* All types of a name: each that may be there has to be granted. */
static bool grants_all(struct update *u, const struct name *owner, struct text name)
{
    static const uint16_t of_services[] = {TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_SRV};
    struct text service, id;
    struct dns_record record;
    for (size_t n = 0; records_at(u->dns->records, &u->zone->apex, owner, n, &record); n++)
        if (!grants(u, name, record.type))
            return false;
    bool served = update_form(u, owner, &service) != FORM_OTHER &&
                  registry_service(u->registry, text_of(u->zone->ns), service);
    served |=
        update_is_instance(u, owner, &service, &id) &&
        registry_instance(u->registry, (struct instance_key){text_of(u->zone->ns), service, id});
    for (size_t i = 0; served && i < ARRAY_COUNT(of_services); i++)
        if (!grants(u, name, of_services[i]))
            return false;
    return true;
}

/* Is there a grant with this name, whatever its types? */
static bool grants_some(const struct update *u, struct text name)
{
    for (size_t i = 0; i < u->config->grant_count; i++)
        if (is_holder(u, &u->config->grants[i]) && has_name(&u->config->grants[i], name))
            return true;
    return false;
}

/* Without final dot. A dot of the text is one between labels: those inside labels are \DDD,
 * like every backslash, so that no glob takes one for the other. */
static struct text format_owner(const struct name *owner, char room[static NAME_TEXT])
{
    char plain[NAME_TEXT];
    size_t n = 0;
    for (const char *at = name_format(owner->wire, plain); *at; at++)
        if (at[0] == '\\' && (at[1] == '.' || at[1] == '\\'))
            n += (size_t)sprintf(room + n, "\\%03u", (unsigned char)*++at);
        else
            room[n++] = *at;
    return (struct text){room, n - 1};
}

bool update_granted(struct update *u)
{
    for (size_t i = 0; i < u->change_count; i++) {
        const struct update_rr *rr = &u->changes[i];
        char room[NAME_TEXT];
        struct text name = format_owner(&rr->owner, room);
        bool granted = rr->class == CLASS_ANY && rr->type == TYPE_ANY
                           ? grants_some(u, name) && grants_all(u, &rr->owner, name)
                           : grants(u, name, rr->type);
        if (u->rcode != RCODE_NOERROR)
            return false;
        if (!granted)
            return update_fail(u, RCODE_REFUSED, EDE_PROHIBITED,
                               "this key has no grant for name or type at ", &rr->owner);
    }
    return true;
}

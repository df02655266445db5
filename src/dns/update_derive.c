/* What the names in question are now: instances of services, and plain records. */
#include <stdlib.h>

#include "dns/browse.h"
#include "dns/lookup.h"
#include "dns/plain.h"
#include "dns/update_parts.h"

static const enum update_form forms[] = {FORM_TCP, FORM_UDP, FORM_SERVICE};

enum { FORMS = ARRAY_COUNT(forms), TXT_RDATA_MAX = 1300, SRV_FIXED = 6 };

static bool refuse(struct update *u, const char *why, const struct name *name)
{
    return update_fail(u, RCODE_REFUSED, EDE_OTHER, why, name);
}

/* The names of its service; NULL where one would be too long. */
static bool set_names(struct update *u, struct work_instance *i)
{
    for (unsigned n = 0; n < FORMS; n++) {
        struct name name;
        if (update_name(u, i->service, forms[n], &name) &&
            !(i->services[n] = work_name_plain(u, &name)))
            return false;
    }
    i->name = work_name_plain(u, &i->at);
    return i->name != NULL;
}

/* The SRV records at a name of a service that no instance shows are ties of their targets. */
static void tie(struct update *u, const struct work_name *n)
{
    struct text named, service, id;
    enum update_form form = n->first ? update_form(u, &n->owner, &named) : FORM_OTHER;
    for (struct work_record *r = n->first; r && form != FORM_OTHER; r = r->next) {
        if (r->type != TYPE_SRV || r->of || !work_target(u, r->rdata, r->size, &service, &id) ||
            !text_is(service, named))
            continue;
        struct work_instance *i = work_instance_find(u, service, id);
        if (!i)
            continue;
        r->form = (uint8_t)form;
        STAILQ_INSERT_TAIL(&i->ties, r, tie);
    }
}

static bool tie_all(struct update *u)
{
    size_t cursor = 0;
    for (struct work_instance *i; (i = map_next(&u->instances, &cursor));)
        if (!set_names(u, i))
            return false;
    cursor = 0;
    for (const struct work_name *n; (n = map_next(&u->names, &cursor));)
        tie(u, n);
    return u->rcode == RCODE_NOERROR;
}

static void serve(const struct work_instance *i)
{
    for (unsigned n = 0; n < FORMS; n++)
        if (i->services[n])
            i->services[n]->serves = true;
}

/* What instances are made of is no plain record. */
static void sweep(struct update *u)
{
    size_t cursor = 0;
    for (struct work_name *n; (n = map_next(&u->names, &cursor));)
        for (struct work_record **at = &n->first; *at;)
            if ((*at)->taken)
                work_take(n, at);
            else
                at = &(*at)->next;
}

bool update_derive(struct update *u)
{
    size_t cursor = 0;
    if (!tie_all(u))
        return false;
    for (struct work_instance *i; (i = map_next(&u->instances, &cursor));) {
        if (!update_record(u, i))
            return false;
        if (i->registers)
            serve(i);
    }
    sweep(u);
    return true;
}

/* ---- records of DNS-SD, which follow from the instances ------------------------------------ */

/* Will this instance be there? */
static bool is_there(struct update *u, struct text service, struct text id)
{
    const struct work_instance *i = work_instance_find(u, service, id);
    if (i)
        return i->registers || (i->stored && !i->touched);
    return registry_instance(u->registry,
                             (struct instance_key){text_of(u->zone->ns), service, id}) != NULL;
}

/* `name` is a name of the service. */
static bool is_service_there(struct update *u, struct text service, const struct name *name)
{
    if (registry_service(u->registry, text_of(u->zone->ns), service))
        return true;
    const struct work_name *n = work_name_find(u, name);
    return n && n->serves;
}

/* I._S._tcp.Z or I._S._udp.Z of an instance that will be there? */
static bool is_browsed(struct update *u, const struct name *name)
{
    struct name above;
    struct text service;
    if (!u->zone->ns || name->labels < u->zone->apex.labels + 3)
        return false;
    name_from_wire(name->wire + 1 + name->wire[0], &above);
    enum update_form form = update_form(u, &above, &service);
    struct text id = {(const char *)name->wire + 1, name->wire[0]};
    return (form == FORM_TCP || form == FORM_UDP) && is_there(u, service, id);
}

static bool is_for_browsing(struct update *u, const struct work_name *n,
                            const struct work_record *r)
{
    struct name types, target;
    struct text service;
    if (r->type == TYPE_SRV || r->type == TYPE_TXT)
        return is_browsed(u, &n->owner);
    if (r->type != TYPE_PTR)
        return false;
    if (!work_wire_name(r->rdata, r->size, &target) || !name_is_below(&target, &u->zone->apex))
        return false;
    if (browse_types_name(u->zone, &types) && name_is(&n->owner, &types)) {
        enum update_form form = update_form(u, &target, &service);
        return (form == FORM_TCP || form == FORM_UDP) && is_service_there(u, service, &target);
    }
    return is_browsed(u, &target) && name_is_below(&target, &n->owner) &&
           target.labels == n->owner.labels + 1;
}

/* ---- plain records ----------------------------------------------------------------------------
 */

/* At the name of a service: an SRV record has made no instance when its target has no
 * address. */
static bool refuse_at_service(struct update *u, const struct name *owner, struct text service,
                              const struct work_record *r)
{
    struct text of, id;
    char target[NAME_TEXT], text[sizeof(u->text)];
    if (r->type != TYPE_SRV || !work_target(u, r->rdata, r->size, &of, &id) ||
        !text_is(of, service))
        return refuse(u, "the name of a service, not of plain records: ", owner);
    name_format(r->rdata + SRV_FIXED, target);
    snprintf(text, sizeof(text), "SRV target %.60s needs an address in the same message", target);
    return refuse(u, text, NULL);
}

/* Where services answer nothing else is. */
static bool is_free(struct update *u, const struct name *owner, const struct work_record *r)
{
    struct text service, id;
    struct found found;
    if (update_form(u, owner, &service) != FORM_OTHER &&
        registry_service(u->registry, text_of(u->zone->ns), service))
        return refuse_at_service(u, owner, service, r);
    if (update_is_instance(u, owner, &service, &id) && is_there(u, service, id))
        return refuse(u, "an instance has addresses, SRV and TXT alone, at ", owner);
    lookup(u->dns, owner, &found);
    if (found.kind == FOUND_PORT || found.kind == FOUND_BROWSED || found.kind == FOUND_TYPES)
        return refuse(u, "the services decide about ", owner);
    return u->rcode == RCODE_NOERROR;
}

static struct dns_record record_of(const struct update *u, const struct work_name *n,
                                   const struct work_record *r)
{
    return (struct dns_record){.zone = u->zone->apex.wire,
                               .owner = n->owner.wire,
                               .type = r->type,
                               .size = r->size,
                               .ttl = r->ttl,
                               .lease_s = r->added ? (u->leased ? u->lease_s : 0) : r->lease_s,
                               .rdata = r->rdata,
                               .key = r->added ? u->key : r->key};
}

/* Of an instance that goes only what this message adds stays; of one that is registered
 * nothing is left by now. */
static bool is_plain(const struct work_record *r)
{
    return !r->of || r->added;
}

static bool plan_name(struct update *u, const struct work_name *n, struct update_plan *plan)
{
    bool checked = false;
    for (const struct work_record *r = n->gone; r; r = r->next)
        plan->records[plan->record_count++] =
            (struct records_change){record_of(u, n, r), RECORD_REMOVE};
    for (const struct work_record *r = n->first; r; r = r->next) {
        if (!is_plain(r) || !(r->added || r->retimed) || is_for_browsing(u, n, r))
            continue;
        if (!checked && r->added && !is_free(u, &n->owner, r))
            return false;
        checked = checked || r->added;
        plan->records[plan->record_count++] =
            (struct records_change){record_of(u, n, r), r->added ? RECORD_PUT : RECORD_RETIME};
    }
    return true;
}

static size_t count_records(const struct update *u)
{
    size_t count = 0, cursor = 0;
    for (const struct work_name *n; (n = map_next(&u->names, &cursor));) {
        for (const struct work_record *r = n->first; r; r = r->next)
            count++;
        for (const struct work_record *r = n->gone; r; r = r->next)
            count++;
    }
    return count;
}

static bool plan_records(struct update *u, struct update_plan *plan)
{
    size_t cursor = 0;
    plan->records = update_memory(u, count_records(u) * sizeof(*plan->records));
    if (!plan->records)
        return false;
    for (const struct work_name *n; (n = map_next(&u->names, &cursor));)
        if (!plan_name(u, n, plan))
            return false;
    return true;
}

/* ---- instances
 * ------------------------------------------------------------------------------------ */

/* Nothing else may be left at the names of an instance and its service. */
static bool is_alone(struct update *u, const struct work_instance *i)
{
    struct work_name *const names[FORMS + 1] = {i->services[0], i->services[1], i->services[2],
                                                i->name};
    for (unsigned n = 0; n < FORMS + 1; n++) {
        if (!names[n] || names[n]->alone)
            continue;
        for (const struct work_record *r = names[n]->first; r; r = r->next)
            if (is_plain(r) && !is_for_browsing(u, names[n], r))
                return refuse(u, "a service has its names alone, but there is a record at ",
                              &names[n]->owner);
        names[n]->alone = true; /* for all instances of the service */
    }
    return true;
}

/* What the record of its TXT takes: it has to fit a datagram with all that is about it. */
static size_t txt_size(const struct record *r)
{
    static const size_t words[] = {sizeof("version"), sizeof("zone"), sizeof("region"),
                                   sizeof("cluster")};
    const struct text values[] = {r->version, r->zone, r->region, r->cluster};
    size_t size = 0;
    for (size_t n = 0; n < ARRAY_COUNT(words); n++)
        size += values[n].n ? 1 + words[n] + values[n].n : 0; /* the NUL for the '=' */
    for (unsigned n = 0; n < r->tag_count; n++)
        size += (n ? 1 : sizeof("tags=")) + r->tags[n].n;
    for (unsigned n = 0; n < r->metadata_count; n++)
        size += 2 + r->metadata[n].key.n + r->metadata[n].value.n;
    return size;
}

static bool check_record(struct update *u, const struct work_instance *i)
{
    char text[80];
    const char *fault = record_fault(i->after);
    if (!fault && txt_size(i->after) > TXT_RDATA_MAX)
        return refuse(u, "more than 1300 bytes of TXT at ", &i->at);
    if (!fault)
        return true;
    snprintf(text, sizeof(text), "found a bad %s in the instance ", fault);
    return refuse(u, text, &i->at);
}

static bool plan_registrations(struct update *u, struct update_plan *plan)
{
    size_t cursor = 0;
    plan->registrations = update_memory(u, (u->instances.count + 1) * sizeof(*plan->registrations));
    if (!plan->registrations)
        return false;
    for (const struct work_instance *i; (i = map_next(&u->instances, &cursor));) {
        if (i->registers && (!check_record(u, i) || !is_alone(u, i)))
            return false;
        if (!i->registers && !(i->stored && i->touched))
            continue;
        plan->registrations[plan->registration_count++] =
            (struct registry_change){.record = i->registers ? i->after : NULL,
                                     .key = {text_of(u->zone->ns), i->service, i->id}};
    }
    return true;
}

bool update_plan(struct update *u, struct update_plan *out)
{
    *out = (struct update_plan){0};
    return plan_registrations(u, out) && plan_records(u, out) && u->rcode == RCODE_NOERROR;
}

/* The changes, one after the other, to the records of the names in question (RFC 2136 section
 * 3.4.2). */
#include "base/bytes.h"
#include "dns/update_parts.h"
#include "dns/zone_rdata.h"

enum { SRV_PORT = 4, SOA_SERIAL = 20, TTL_LIMIT = INT32_MAX };

static bool refuse(struct update *u, const char *why, const struct name *name)
{
    return update_fail(u, RCODE_REFUSED, EDE_OTHER, why, name);
}

static bool is_same(const struct work_record *r, const struct update_rr *rr)
{
    return r->type == rr->type && r->size == rr->size &&
           (r->size == 0 || memcmp(r->rdata, rr->rdata, r->size) == 0);
}

/* ---- names of the zone file ---------------------------------------------------------------- */

static const struct rrset *static_set(const struct node *node, uint16_t type)
{
    for (uint32_t i = 0; i < node->rrset_count; i++)
        if (node->rrsets[i].type == type)
            return &node->rrsets[i];
    return NULL;
}

static bool static_has(const struct node *node, const struct update_rr *rr)
{
    const struct rrset *set = static_set(node, rr->type);
    for (uint16_t i = 0; set && i < set->count; i++)
        if (set->sizes[i] == rr->size &&
            (rr->size == 0 || memcmp(set->rdata[i], rr->rdata, rr->size) == 0))
            return true;
    return false;
}

static bool is_newer_soa(const struct update *u, const struct update_rr *rr)
{
    uint32_t serial = get_u32(rr->rdata + rr->size - SOA_SERIAL);
    return serial_is_after(serial, zone_serial(u->zone));
}

/* What RFC 2136 says is ignored where the name is the zone's own. */
static bool is_ignored_at_apex(const struct update *u, const struct node *node,
                               const struct update_rr *rr)
{
    const struct rrset *ns = static_set(node, TYPE_NS);
    if (rr->class == CLASS_IN)
        return rr->type == TYPE_SOA && !is_newer_soa(u, rr);
    if (rr->type == TYPE_SOA || (rr->class == CLASS_ANY && rr->type == TYPE_NS))
        return true;
    if (rr->class == CLASS_ANY && rr->type == TYPE_ANY)
        return node->rrset_count == (ns ? 1 : 0);
    return rr->type == TYPE_NS && ns && ns->count == 1;
}

static bool changes_nothing(const struct node *node, const struct update_rr *rr)
{
    const struct rrset *alias = static_set(node, TYPE_CNAME);
    if (rr->class == CLASS_IN && alias && rr->type != TYPE_CNAME)
        return true;
    if (rr->class == CLASS_IN && rr->type == TYPE_CNAME && !alias)
        return true;
    if (rr->class == CLASS_IN)
        return static_has(node, rr);
    if (rr->class == CLASS_NONE)
        return !static_has(node, rr);
    return rr->type == TYPE_ANY ? node->rrset_count == 0 : !static_set(node, rr->type);
}

static bool apply_static(struct update *u, const struct node *node, const struct update_rr *rr)
{
    bool apex = name_is(&rr->owner, &u->zone->apex);
    if ((apex && is_ignored_at_apex(u, node, rr)) || changes_nothing(node, rr))
        return true;
    return refuse(u, "the zone file decides about ", &rr->owner);
}

static bool is_meant_by(const struct work_record *r, const struct update_rr *rr)
{
    return rr->class == CLASS_ANY ? rr->type == TYPE_ANY || rr->type == r->type : is_same(r, rr);
}

/* Plain records that were at the name before the zone file had it can be deleted still, and
 * nothing else is meant as long as there are some. */
static bool remove_hidden(struct update *u, const struct update_rr *rr, bool *removed)
{
    *removed = false;
    if (rr->class == CLASS_IN || !records_has(u->dns->records, &u->zone->apex, &rr->owner))
        return true;
    struct work_name *n = work_name_plain(u, &rr->owner);
    if (!n)
        return false;
    for (struct work_record **at = &n->first; *at;)
        if ((*at)->loaded && is_meant_by(*at, rr)) {
            work_take(n, at);
            *removed = true;
        } else {
            at = &(*at)->next;
        }
    return true;
}

/* ---- additions ------------------------------------------------------------------------------- */

static bool is_addable(struct update *u, const struct update_rr *rr)
{
    if (rr->type == TYPE_NS || rr->type == TYPE_DNAME)
        return refuse(u, "delegations and DNAME are the zone file's, not at ", &rr->owner);
    if (rr->type == TYPE_DS || zone_type_is_dnssec(rr->type))
        return refuse(u, "types of DNSSEC cannot be added at ", &rr->owner);
    if (rr->size > RECORDS_RDATA_MAX)
        return refuse(u, "more than 4096 bytes of data at ", &rr->owner);
    if (table_occluded(u->dns->table, &rr->owner, u->zone))
        return refuse(u, "below a delegation or DNAME: ", &rr->owner);
    return true;
}

/* A CNAME is alone (section 3.4.2.2). */
static bool is_in_the_way(const struct work_name *n, uint16_t type)
{
    for (const struct work_record *r = n->first; r; r = r->next)
        if ((r->type == TYPE_CNAME) != (type == TYPE_CNAME))
            return true;
    return type == TYPE_CNAME && !LIST_EMPTY(&n->shown);
}

void work_take(struct work_name *n, struct work_record **at)
{
    struct work_record *r = *at;
    *at = r->next;
    r->taken = true;
    if (r->of)
        r->of->touched = true;
    if (r->loaded) {
        r->next = n->gone;
        n->gone = r;
    }
}

void work_take_shown(struct work_record *r)
{
    LIST_REMOVE(r, shown);
    r->taken = true;
    r->of->touched = true;
}

static struct work_record *append(struct work_name *n, struct work_record *r)
{
    struct work_record **end = &n->first;
    while (*end)
        end = &(*end)->next;
    r->next = NULL;
    return *end = r;
}

/* One that was there and comes back is not gone. */
static struct work_record *bring_back(struct work_name *n, const struct update_rr *rr)
{
    for (struct work_record **at = &n->gone; *at; at = &(*at)->next) {
        struct work_record *r = *at;
        if (!is_same(r, rr))
            continue;
        *at = r->next;
        r->taken = false;
        return append(n, r);
    }
    return NULL;
}

static struct work_record *make(struct update *u, struct work_name *n, const struct update_rr *rr)
{
    struct work_record *r = update_memory(u, sizeof(*r));
    if (!r)
        return NULL;
    *r = (struct work_record){.type = rr->type, .size = rr->size, .rdata = rr->rdata};
    return append(n, r);
}

static struct work_record *find(const struct work_name *n, const struct update_rr *rr)
{
    struct work_record *r = n->first;
    while (r && !is_same(r, rr))
        r = r->next;
    return r;
}

/* The instance among those in question that an SRV record speaks of. */
static struct work_instance *instance_of(struct update *u, const struct update_rr *rr)
{
    struct text service, id;
    if (rr->type != TYPE_SRV || !work_target(u, rr->rdata, rr->size, &service, &id))
        return NULL;
    return work_instance_find(u, service, id);
}

/* Is this one of an instance's ties among what the name shows? */
static bool is_shown(const struct work_name *n, const struct work_record *tie)
{
    return tie->at == n && !tie->taken && !tie->added;
}

/* One of those that the name shows moves to where what is added is. */
static struct work_record *find_shown(struct update *u, struct work_name *n,
                                      const struct update_rr *rr)
{
    struct work_instance *i = instance_of(u, rr);
    struct work_record *r = i ? STAILQ_FIRST(&i->ties) : NULL;
    while (r && !(is_shown(n, r) && is_same(r, rr)))
        r = STAILQ_NEXT(r, tie);
    if (!r)
        return NULL;
    LIST_REMOVE(r, shown);
    return append(n, r);
}

/* All of an RRset have one TTL (RFC 2181 section 5.2): the newest one's. */
static void set_ttl(struct work_name *n, uint16_t type, uint32_t ttl)
{
    for (struct work_record *r = n->first; r; r = r->next)
        if (r->type == type && r->ttl != ttl) {
            r->ttl = ttl;
            r->retimed = true;
        }
}

static bool add(struct update *u, struct work_name *n, const struct update_rr *rr)
{
    uint32_t ttl = rr->ttl > TTL_LIMIT ? 0 : rr->ttl; /* RFC 2181 section 8 */
    if (rr->type == TYPE_SOA || is_in_the_way(n, rr->type))
        return true;
    struct work_record *r = find(n, rr);
    if (!r && rr->type == TYPE_CNAME && n->first)
        work_take(n, &n->first); /* it is replaced */
    if (!r && !(r = find_shown(u, n, rr)) && !(r = bring_back(n, rr)) && !(r = make(u, n, rr)))
        return false;
    r->added = true;
    set_ttl(n, rr->type, ttl);
    if (r->of)
        r->of->touched = true;
    return true;
}

/* ---- deletions
 * ----------------------------------------------------------------------------------- */

static bool remove_type(struct work_name *n, uint16_t type, bool derived_only)
{
    bool removed = false;
    for (struct work_record **at = &n->first; *at;) {
        struct work_record *r = *at;
        if ((type == TYPE_ANY || r->type == type) && (r->of || !derived_only)) {
            work_take(n, at);
            removed = true;
        } else {
            at = &r->next;
        }
    }
    for (struct work_record *r, *next = LIST_FIRST(&n->shown);
         (r = next) && (type == TYPE_ANY || type == TYPE_SRV); removed = true) {
        next = LIST_NEXT(r, shown);
        work_take_shown(r);
    }
    return removed;
}

/* Of an instance's SRV only port and target are compared: operators change weights, and the
 * zone may scale them. */
static bool is_meant(const struct work_record *r, const struct update_rr *rr)
{
    if (r->of && r->type == TYPE_SRV && rr->type == TYPE_SRV && r->size == rr->size)
        return memcmp(r->rdata + SRV_PORT, rr->rdata + SRV_PORT, r->size - SRV_PORT) == 0;
    return is_same(r, rr);
}

static bool remove_shown(struct update *u, struct work_name *n, const struct update_rr *rr)
{
    bool removed = false;
    struct work_instance *i = instance_of(u, rr);
    for (struct work_record *r = i ? STAILQ_FIRST(&i->ties) : NULL; r; r = STAILQ_NEXT(r, tie))
        if (is_shown(n, r) && is_meant(r, rr)) {
            work_take_shown(r);
            removed = true;
        }
    return removed;
}

static bool remove_one(struct work_name *n, const struct update_rr *rr, bool derived_only)
{
    bool removed = false;
    for (struct work_record **at = &n->first; *at;) {
        struct work_record *r = *at;
        if ((r->of || !derived_only) && is_meant(r, rr)) {
            work_take(n, at);
            removed = true;
        } else {
            at = &r->next;
        }
    }
    return removed;
}

/* An instance's TXT is kept string by string; the record that was added may have had
 * several. */
static bool remove_strings(struct work_name *n, const struct update_rr *rr)
{
    bool removed = false;
    for (size_t at = 0; rr->type == TYPE_TXT && at < rr->size; at += 1u + rr->rdata[at]) {
        struct update_rr string = {
            .type = TYPE_TXT, .size = (uint16_t)(1u + rr->rdata[at]), .rdata = rr->rdata + at};
        removed |= remove_one(n, &string, true);
    }
    return removed;
}

static bool remove_records(struct update *u, struct work_name *n, const struct update_rr *rr,
                           bool derived_only)
{
    if (rr->class == CLASS_ANY)
        return remove_type(n, rr->type, derived_only);
    bool removed = remove_one(n, rr, derived_only);
    removed |= remove_shown(u, n, rr);
    return remove_strings(n, rr) || removed;
}

static bool is_of_services(uint16_t type)
{
    return type == TYPE_A || type == TYPE_AAAA || type == TYPE_TXT || type == TYPE_SVCB ||
           type == TYPE_HTTPS;
}

/* At S.Z are the SRV records of all its ports. */
static bool remove_everywhere(struct update *u, struct text service, const struct update_rr *rr,
                              bool *removed)
{
    static const enum update_form others[] = {FORM_TCP, FORM_UDP};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        struct name owner;
        if (!update_name(u, service, others[i], &owner))
            continue;
        struct work_name *n = work_name_get(u, &owner);
        if (!n)
            return false;
        *removed |= remove_records(u, n, rr, true);
    }
    return true;
}

static bool remove_at_service(struct update *u, struct work_name *n, enum update_form form,
                              struct text service, const struct update_rr *rr)
{
    const struct service *known = registry_service(u->registry, text_of(u->zone->ns), service);
    bool whole = rr->type == TYPE_ANY || (rr->type == TYPE_SRV && rr->class == CLASS_ANY);
    if (known && form == FORM_SERVICE && is_of_services(rr->type) && !find(n, rr))
        return refuse(u, "its instances decide about ", &rr->owner);
    if (known && whole && !n->whole && !work_load_service(u, known, service, form))
        return false;
    n->whole |= whole;
    bool removed = remove_records(u, n, rr, false);
    if (form == FORM_SERVICE && (whole || rr->type == TYPE_SRV) &&
        !remove_everywhere(u, service, rr, &removed))
        return false;
    u->idle_deletes |= !removed;
    return true;
}

static bool delete (struct update *u, struct work_name *n, const struct update_rr *rr)
{
    struct text service;
    enum update_form form = update_form(u, &rr->owner, &service);
    if (form != FORM_OTHER)
        return remove_at_service(u, n, form, service, rr);
    u->idle_deletes |= !remove_records(u, n, rr, false);
    return true;
}

/* ---- all
 * -------------------------------------------------------------------------------------------- */

/* The instance that an SRV record speaks of. */
static bool load_target(struct update *u, const struct update_rr *rr)
{
    struct text service, id, named;
    if (rr->type != TYPE_SRV || !rr->rdata || update_form(u, &rr->owner, &named) == FORM_OTHER)
        return true;
    if (!work_target(u, rr->rdata, rr->size, &service, &id) || !text_is(service, named))
        return true;
    return work_instance_get(u, service, id) != NULL;
}

static bool apply(struct update *u, const struct update_rr *rr)
{
    const struct node *node = table_find(u->dns->table, rr->owner.wire, rr->owner.size);
    if (node && node->kind == NODE_STATIC) {
        bool removed;
        return remove_hidden(u, rr, &removed) && (removed || apply_static(u, node, rr));
    }
    if (rr->class == CLASS_IN && !is_addable(u, rr))
        return false;
    struct work_name *n = work_name_get(u, &rr->owner);
    if (!n || !load_target(u, rr))
        return false;
    return rr->class == CLASS_IN ? add(u, n, rr) : delete (u, n, rr);
}

bool update_apply(struct update *u)
{
    for (size_t i = 0; i < u->change_count; i++)
        if (!apply(u, &u->changes[i]) || u->rcode != RCODE_NOERROR)
            return false;
    return true;
}

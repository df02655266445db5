/* Prerequisites (RFC 2136 section 3.2): what the zone answers at this moment is asked in the
 * way in which everybody asks. */
#include <stdlib.h>

#include "base/bytes.h"
#include "dns/lookup.h"
#include "dns/respond.h"
#include "dns/update_parts.h"
#include "dns/zone_rdata.h"

struct rrset_data { /* of a name and type, as answered */
    size_t count;
    const uint8_t **rdata;
    uint16_t *sizes;
};

struct asker {
    struct update *u;
    struct dns_worker *worker;
    uint8_t *room; /* for an answer */
};

static bool fail(struct update *u, unsigned rcode, const char *why, const struct update_rr *rr)
{
    return update_fail(u, rcode, EDE_OTHER, why, &rr->owner);
}

/* ---- asking -----------------------------------------------------------------------------------
 */

static size_t ask(struct asker *a, const struct name *name, uint16_t type)
{
    uint8_t query[HEADER_SIZE + NAME_MAX_WIRE + 4] = {[5] = 1};
    size_t size = HEADER_SIZE;
    memcpy(query + size, name->wire, name->size);
    size += name->size;
    put_u16(query + size, type);
    put_u16(query + size + 2, CLASS_IN);
    struct dns_request request = {.bytes = query,
                                  .size = size + 4,
                                  .transport = DNS_TCP,
                                  .from = {{.family = FAMILY_V4}, 53}};
    return dns_respond(a->u->dns, a->worker, &request, a->room, DNS_TCP_LIMIT);
}

static bool room_for(struct update *u, struct rrset_data *data, size_t count)
{
    data->count = 0;
    data->rdata = update_memory(u, (count + 1) * sizeof(*data->rdata));
    data->sizes = update_memory(u, (count + 1) * sizeof(*data->sizes));
    return data->rdata && data->sizes;
}

static bool keep(struct update *u, struct rrset_data *data, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = update_memory(u, size + 1);
    if (!copy)
        return false;
    memcpy(copy, bytes, size);
    data->rdata[data->count] = copy;
    data->sizes[data->count++] = (uint16_t)size;
    return true;
}

/* The records of this name and type in the answer section; the message is our own. */
static bool collect(struct asker *a, size_t size, const struct name *name, uint16_t type,
                    struct rrset_data *data)
{
    size_t at = HEADER_SIZE, count = get_u16(a->room + 6);
    struct name owner;
    if (!room_for(a->u, data, count) || !query_name(a->room, size, &at, &owner))
        return a->u->rcode == RCODE_NOERROR;
    at += 4;
    for (size_t i = 0; i < count && query_name(a->room, size, &at, &owner); i++) {
        uint8_t rdata[UINT16_MAX];
        struct writer w = writer_of(rdata, sizeof(rdata));
        uint16_t n = get_u16(a->room + at + 8);
        if (get_u16(a->room + at) == type && name_is(&owner, name) &&
            update_rdata(a->room, size, at + 10, n, type, &w) &&
            !keep(a->u, data, rdata, writer_used(&w)))
            return false;
        at += 10u + n;
    }
    return true;
}

static bool take_rrset(struct update *u, const struct rrset *set, struct rrset_data *data)
{
    if (!room_for(u, data, set->count))
        return false;
    for (uint16_t i = 0; i < set->count; i++)
        if (!keep(u, data, set->rdata[i], set->sizes[i]))
            return false;
    return true;
}

/* The name is in the zone. What wildcards would make of it is not there: labels are left. */
static bool is_record_node(const struct found *f)
{
    return f->left == 0 && (f->node->kind == NODE_STATIC || f->node->kind == NODE_LEAF);
}

static bool is_service_kind(const struct found *f)
{
    return f->kind == FOUND_SERVICE || f->kind == FOUND_PROTOCOL || f->kind == FOUND_PORT ||
           f->kind == FOUND_INSTANCE || f->kind == FOUND_BROWSED || f->kind == FOUND_TYPES;
}

static bool read_type(struct asker *a, const struct found *f, const struct name *name,
                      uint16_t type, struct rrset_data *data)
{
    *data = (struct rrset_data){0};
    bool soa = type == TYPE_SOA && name_is(name, &a->u->zone->apex);
    if (soa || is_service_kind(f)) {
        size_t size = ask(a, name, type);
        return size < HEADER_SIZE || collect(a, size, name, type, data);
    }
    if (!is_record_node(f))
        return true;
    for (uint32_t i = 0; i < f->node->rrset_count; i++)
        if (f->node->rrsets[i].type == type)
            return take_rrset(a->u, &f->node->rrsets[i], data);
    return true;
}

static bool read_name(struct asker *a, const struct name *name, bool *used)
{
    static const uint16_t types[] = {TYPE_SRV, TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_PTR};
    struct found f;
    lookup(a->u->dns, name, &f);
    *used = is_record_node(&f);
    for (size_t i = 0; i < ARRAY_COUNT(types) && !*used && is_service_kind(&f); i++) {
        struct rrset_data data;
        if (!read_type(a, &f, name, types[i], &data))
            return false;
        *used = data.count > 0;
    }
    return true;
}

/* ---- each prerequisite
 * ------------------------------------------------------------------------------ */

static bool is_question_type(uint16_t type)
{
    return type == 0 || (type != TYPE_ANY && zone_type_is_meta(type));
}

static bool require_name(struct asker *a, const struct update_rr *rr, bool wanted)
{
    bool used;
    if (!read_name(a, &rr->owner, &used))
        return false;
    if (used == wanted)
        return true;
    return wanted ? fail(a->u, RCODE_NXDOMAIN, "required, but not there: ", rr)
                  : fail(a->u, RCODE_YXDOMAIN, "required not to be there: ", rr);
}

static bool require_type(struct asker *a, const struct update_rr *rr, bool wanted)
{
    struct found f;
    struct rrset_data data;
    lookup(a->u->dns, &rr->owner, &f);
    if (!read_type(a, &f, &rr->owner, rr->type, &data))
        return false;
    if ((data.count > 0) == wanted)
        return true;
    return wanted ? fail(a->u, RCODE_NXRRSET, "a type is required that is not at ", rr)
                  : fail(a->u, RCODE_YXRRSET, "a type is required not to be at ", rr);
}

static bool require(struct asker *a, const struct update_rr *rr)
{
    if (rr->ttl)
        return fail(a->u, RCODE_FORMERR, "a prerequisite with a TTL: ", rr);
    if (dns_zone_of(a->u->dns, &rr->owner) != a->u->zone)
        return fail(a->u, RCODE_NOTZONE, "not in this zone: ", rr);
    bool empty = rr->class == CLASS_ANY || rr->class == CLASS_NONE;
    if ((!empty && rr->class != CLASS_IN) || (empty && rr->sent_size) ||
        is_question_type(rr->type) || (!empty && (rr->type == TYPE_ANY || rr->bad)))
        return fail(a->u, RCODE_FORMERR, "a prerequisite of impossible form: ", rr);
    if (!empty)
        return true; /* together with the others of its RRset, at the end */
    return rr->type == TYPE_ANY ? require_name(a, rr, rr->class == CLASS_ANY)
                                : require_type(a, rr, rr->class == CLASS_ANY);
}

/* ---- whole RRsets
 * --------------------------------------------------------------------------------------- */

static bool is_of_set(const struct update_rr *a, const struct update_rr *b)
{
    return b->class == CLASS_IN && a->type == b->type && name_is(&a->owner, &b->owner);
}

static bool has(const struct rrset_data *data, const struct update_rr *rr)
{
    for (size_t i = 0; i < data->count; i++)
        if (data->sizes[i] == rr->size && memcmp(data->rdata[i], rr->rdata, rr->size) == 0)
            return true;
    return false;
}

static bool is_repeated(const struct update *u, size_t n)
{
    const struct update_rr *rr = &u->required[n];
    for (size_t i = 0; i < n; i++)
        if (is_of_set(rr, &u->required[i]) && rr->size == u->required[i].size &&
            memcmp(rr->rdata, u->required[i].rdata, rr->size) == 0)
            return true;
    return false;
}

/* The set that begins with the n-th is exactly what is there (section 3.2.3). */
static bool require_set(struct asker *a, size_t n)
{
    struct update *u = a->u;
    const struct update_rr *first = &u->required[n];
    struct found f;
    struct rrset_data data;
    size_t count = 0;
    lookup(u->dns, &first->owner, &f);
    if (!read_type(a, &f, &first->owner, first->type, &data))
        return false;
    for (size_t i = n; i < u->required_count; i++) {
        const struct update_rr *rr = &u->required[i];
        if (!is_of_set(first, rr) || is_repeated(u, i))
            continue;
        count++;
        if (!has(&data, rr))
            return fail(u, RCODE_NXRRSET, "a record is required that is not at ", first);
    }
    if (count < data.count)
        return fail(u, RCODE_NXRRSET, "more records than required at ", first);
    return true;
}

static bool begins_set(const struct update *u, size_t n)
{
    if (u->required[n].class != CLASS_IN)
        return false;
    for (size_t i = 0; i < n; i++)
        if (is_of_set(&u->required[n], &u->required[i]))
            return false;
    return true;
}

static bool require_all(struct asker *a)
{
    struct update *u = a->u;
    for (size_t i = 0; i < u->required_count; i++)
        if (!require(a, &u->required[i]))
            return false;
    for (size_t i = 0; i < u->required_count; i++)
        if (begins_set(u, i) && !require_set(a, i))
            return false;
    return u->rcode == RCODE_NOERROR;
}

bool update_require(struct update *u)
{
    struct asker a = {.u = u, .worker = dns_worker_new(1), .room = malloc(DNS_TCP_LIMIT)};
    bool fine = a.worker && a.room
                    ? require_all(&a)
                    : update_fail(u, RCODE_SERVFAIL, EDE_OTHER, "out of memory", NULL);
    dns_worker_free(a.worker);
    free(a.room);
    return fine;
}

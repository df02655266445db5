/* Prerequisites (RFC 2136 section 3.2): what the zone answers at this moment is asked in the
 * way in which everybody asks. */
#include <stdlib.h>

#include "base/bytes.h"
#include "dns/lookup.h"
#include "dns/respond.h"
#include "dns/update_parts.h"
#include "dns/zone_rdata.h"

enum { ANSWERS_MAX = 4 << 20 }; /* bytes of answers that one message may ask for */

struct rdata {
    const uint8_t *bytes;
    size_t size;
};

struct rrset_data { /* of a name and type, as answered */
    size_t count;
    struct rdata *rdata; /* sorted */
};

struct asker {
    struct update *u;
    struct dns_worker *worker;
    uint8_t *room; /* for an answer */
    size_t answered;
    /* What was asked last, as RRsets are often asked for several times. */
    struct update_mark mark;
    struct name name;
    uint16_t type;
    bool asked;
    struct rrset_data data;
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

static int compare_rdata(const void *a, const void *b)
{
    const struct rdata *one = a, *other = b;
    size_t n = one->size < other->size ? one->size : other->size;
    int order = n ? memcmp(one->bytes, other->bytes, n) : 0;
    return order ? order : (one->size > other->size) - (one->size < other->size);
}

static bool room_for(struct update *u, struct rrset_data *data, size_t count)
{
    data->count = 0;
    data->rdata = update_memory(u, (count + 1) * sizeof(*data->rdata));
    return data->rdata != NULL;
}

static bool keep(struct update *u, struct rrset_data *data, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = update_memory(u, size + 1);
    if (!copy)
        return false;
    memcpy(copy, bytes, size);
    data->rdata[data->count++] = (struct rdata){copy, size};
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
    qsort(data->rdata, data->count, sizeof(*data->rdata), compare_rdata);
    return true;
}

/* Of a name of services; kept until another is asked for. */
static bool ask_once(struct asker *a, const struct name *name, uint16_t type,
                     struct rrset_data *data)
{
    if (a->asked && a->type == type && name_is(&a->name, name)) {
        *data = a->data;
        return true;
    }
    if (a->asked)
        update_release(a->u, a->mark);
    a->mark = update_mark(a->u);
    a->asked = true;
    a->name = *name;
    a->type = type;
    size_t size = ask(a, name, type);
    a->answered += size;
    if (a->answered > ANSWERS_MAX)
        return update_fail(a->u, RCODE_REFUSED, EDE_OTHER,
                           "prerequisites about too many records of services", NULL);
    if (size >= HEADER_SIZE && !collect(a, size, name, type, data))
        return false;
    a->data = *data;
    return true;
}

static bool take_rrset(struct update *u, const struct rrset *set, struct rrset_data *data)
{
    if (!room_for(u, data, set->count))
        return false;
    for (uint16_t i = 0; i < set->count; i++)
        data->rdata[data->count++] = (struct rdata){set->rdata[i], set->sizes[i]};
    qsort(data->rdata, data->count, sizeof(*data->rdata), compare_rdata);
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

/* Has the zone to be asked for what is there? Its SOA changes, services are compiled. */
static bool is_asked(const struct asker *a, const struct found *f, const struct name *name,
                     uint16_t type)
{
    return (type == TYPE_SOA && name_is(name, &a->u->zone->apex)) || is_service_kind(f);
}

static const struct rrset *rrset_of(const struct found *f, uint16_t type)
{
    if (!is_record_node(f))
        return NULL;
    for (uint32_t i = 0; i < f->node->rrset_count; i++)
        if (f->node->rrsets[i].type == type)
            return &f->node->rrsets[i];
    return NULL;
}

static bool has_type(struct asker *a, const struct found *f, const struct name *name, uint16_t type,
                     bool *has)
{
    struct rrset_data data = {0};
    if (is_asked(a, f, name, type) && !ask_once(a, name, type, &data))
        return false;
    *has = data.count || (!is_asked(a, f, name, type) && rrset_of(f, type));
    return true;
}

static bool read_name(struct asker *a, const struct name *name, bool *used)
{
    static const uint16_t types[] = {TYPE_SRV, TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_PTR};
    struct found f;
    lookup(a->u->dns, name, &f);
    *used = is_record_node(&f);
    for (size_t i = 0; i < ARRAY_COUNT(types) && !*used && is_service_kind(&f); i++)
        if (!has_type(a, &f, name, types[i], used))
            return false;
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
    bool has;
    lookup(a->u->dns, &rr->owner, &f);
    if (!has_type(a, &f, &rr->owner, rr->type, &has))
        return false;
    if (has == wanted)
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

static int compare_sets(const struct update_rr *a, const struct update_rr *b)
{
    if (a->owner.size != b->owner.size)
        return a->owner.size < b->owner.size ? -1 : 1;
    int order = memcmp(a->owner.wire, b->owner.wire, a->owner.size);
    return order ? order : (a->type > b->type) - (a->type < b->type);
}

static int compare_rrs(const void *a, const void *b)
{
    const struct update_rr *one = *(const struct update_rr *const *)a,
                           *other = *(const struct update_rr *const *)b;
    int order = compare_sets(one, other);
    return order ? order
                 : compare_rdata(&(struct rdata){one->rdata, one->size},
                                 &(struct rdata){other->rdata, other->size});
}

/* The RRs of one set, in the order of their data, are exactly what is there (section
 * 3.2.3). */
static bool compare(struct update *u, const struct update_rr *const *rrs, size_t count,
                    const struct rrset_data *data)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct rdata rdata = {rrs[i]->rdata, rrs[i]->size};
        if (i && compare_rrs(&rrs[i - 1], &rrs[i]) == 0)
            continue; /* said twice */
        while (n < data->count && compare_rdata(&data->rdata[n], &rdata) < 0)
            n++;
        if (n == data->count || compare_rdata(&data->rdata[n], &rdata))
            return fail(u, RCODE_NXRRSET, "a record is required that is not at ", rrs[0]);
    }
    return true;
}

static size_t distinct(const struct update_rr *const *rrs, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += !i || compare_rrs(&rrs[i - 1], &rrs[i]) != 0;
    return n;
}

static bool require_data(struct update *u, const struct update_rr *const *rrs, size_t count,
                         const struct rrset_data *data)
{
    if (!compare(u, rrs, count, data))
        return false;
    if (distinct(rrs, count) < data->count)
        return fail(u, RCODE_NXRRSET, "more records than required at ", rrs[0]);
    return true;
}

static bool require_set(struct asker *a, const struct update_rr *const *rrs, size_t count)
{
    struct update *u = a->u;
    struct found f;
    struct rrset_data data = {0};
    const struct name *owner = &rrs[0]->owner;
    lookup(u->dns, owner, &f);
    if (is_asked(a, &f, owner, rrs[0]->type))
        return ask_once(a, owner, rrs[0]->type, &data) && require_data(u, rrs, count, &data);
    const struct rrset *set = rrset_of(&f, rrs[0]->type);
    struct update_mark mark = update_mark(u);
    if (set && !take_rrset(u, set, &data))
        return false;
    bool fine = require_data(u, rrs, count, &data);
    update_release(u, mark);
    return fine;
}

static bool require_sets(struct asker *a)
{
    struct update *u = a->u;
    size_t count = 0, n = 0;
    const struct update_rr **rrs = update_memory(u, (u->required_count + 1) * sizeof(*rrs));
    if (!rrs)
        return false;
    for (size_t i = 0; i < u->required_count; i++)
        if (u->required[i].class == CLASS_IN)
            rrs[count++] = &u->required[i];
    qsort(rrs, count, sizeof(*rrs), compare_rrs);
    for (size_t first = 0; first < count; first = n) {
        for (n = first + 1; n < count && compare_sets(rrs[first], rrs[n]) == 0;)
            n++;
        if (!require_set(a, rrs + first, n - first))
            return false;
    }
    return true;
}

static bool require_all(struct asker *a)
{
    struct update *u = a->u;
    for (size_t i = 0; i < u->required_count; i++)
        if (!require(a, &u->required[i]))
            return false;
    /* Now that none of what was asked before is needed any more. */
    if (a->asked)
        update_release(u, a->mark);
    a->asked = false;
    return require_sets(a);
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

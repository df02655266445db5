/* From the name in question to the answer: what it stands for, and what its aliases lead
 * to (RFC 1034 section 4.3.2, RFC 6672 section 3.2). */
#include "dns/respond.h"

enum { ALIASES_MAX = 16 }; /* that are followed; longer chains are loops or mistakes */

/* The aliases followed so far. */
struct chain {
    uint16_t owners[ALIASES_MAX]; /* where their names stand in the message */
    unsigned count;
    const struct node *dnames[ALIASES_MAX]; /* that are in the answer */
    unsigned dname_count;
    const struct node *last; /* where the last alias stands */
};

/* What stands in an answer under the name in question, or behind it, can be pointed to. */
_Static_assert(HEADER_SIZE + NAME_MAX_WIRE + 4 + ALIASES_MAX * 2 * (RECORD_HEAD + NAME_MAX_WIRE) <
                   POINTER_MAX,
               "a DNAME and a CNAME for each alias");

static unsigned answer_found(struct respond *r, const struct found *f)
{
    bool data = false;
    switch (f->kind) {
    case FOUND_FOREIGN:
    case FOUND_NO_NAME: return respond_negative(r, f, RCODE_NXDOMAIN);
    case FOUND_CUT: return respond_referral(r, f);
    case FOUND_DNAME: /* an alias */
    case FOUND_EMPTY: break;
    case FOUND_STATIC: data = respond_static(r, f, r->type); break;
    case FOUND_SERVICE:
    case FOUND_PROTOCOL:
    case FOUND_PORT:
    case FOUND_INSTANCE:
    case FOUND_SUBSET:
    case FOUND_BROWSED: data = respond_service(r, f, r->type); break;
    case FOUND_TYPES: data = respond_types(r, f, r->type); break;
    }
    return data ? RCODE_NOERROR : respond_negative(r, f, RCODE_NOERROR);
}

/* ---- aliases ------------------------------------------------------------------------------- */

/* Has the chain come back to a name that it was at before? */
static bool returns(const struct respond *r, const struct chain *c)
{
    for (unsigned i = 0; i < c->count; i++)
        if (name_is_wire(r->name, r->answer.out + c->owners[i]))
            return true;
    return false;
}

/* The CNAME or DNAME that stands in the way, or NULL. */
static const struct rrset *alias_of(const struct respond *r, const struct found *f)
{
    if (f->kind == FOUND_DNAME)
        return node_set(f->node, TYPE_DNAME);
    if (f->kind != FOUND_STATIC || r->type == TYPE_CNAME || r->type == TYPE_ANY)
        return NULL;
    return node_set(f->node, TYPE_CNAME);
}

/* Writes the CNAME to `target` and moves the question there; false: no room. */
static bool follow(struct respond *r, uint32_t ttl, const struct name *target, const uint8_t *rdata)
{
    if (!answer_record(&r->answer, SECTION_ANSWER, r->owner, TYPE_CNAME, ttl, rdata,
                       target->size)) {
        respond_cut(r, 0, 0);
        return false;
    }
    r->alias = *target;
    r->name = &r->alias;
    r->owner = (uint16_t)(r->answer.at - target->size);
    return true;
}

static bool put_dname(struct respond *r, const struct found *f, const struct rrset *set,
                      struct chain *c)
{
    for (unsigned i = 0; i < c->dname_count; i++)
        if (c->dnames[i] == f->node)
            return true;
    c->dnames[c->dname_count++] = f->node;
    size_t owner = (size_t)r->owner + r->name->size - f->node->size;
    if (answer_record(&r->answer, SECTION_ANSWER, owner, TYPE_DNAME, set->ttl, set->rdata[0],
                      set->sizes[0]))
        return true;
    respond_cut(r, 0, 0);
    return false;
}

/* The DNAME, and the CNAME that it makes of the name: what is in front of the DNAME's owner
 * goes in front of its target, in the asker's case (RFC 6672 section 2.2). False: that is
 * all, with *rcode. */
static bool follow_dname(struct respond *r, const struct found *f, const struct rrset *set,
                         struct chain *c, unsigned *rcode)
{
    struct name target;
    uint8_t rdata[NAME_MAX_WIRE];
    unsigned prefix = r->name->size - f->node->size;
    if (!put_dname(r, f, set, c))
        return false;
    if (prefix + set->sizes[0] > NAME_MAX_WIRE) {
        *rcode = RCODE_YXDOMAIN;
        return false;
    }
    memcpy(rdata, r->answer.out + r->owner, prefix);
    memcpy(rdata + prefix, set->rdata[0], set->sizes[0]);
    name_from_wire(rdata, &target);
    /* The CNAME itself may be what is asked for. */
    return follow(r, set->ttl, &target, rdata) && r->type != TYPE_CNAME;
}

/* One step along the chain. False: that is all, with *rcode. */
static bool step(struct respond *r, const struct found *f, const struct rrset *alias,
                 struct chain *c, unsigned *rcode)
{
    struct name target;
    *rcode = RCODE_NOERROR;
    if (c->count == ALIASES_MAX || returns(r, c))
        return false;
    c->owners[c->count++] = r->owner;
    c->last = f->node;
    if (f->kind == FOUND_DNAME)
        return follow_dname(r, f, alias, c, rcode);
    name_from_wire(alias->rdata[0], &target);
    return follow(r, alias->ttl, &target, alias->rdata[0]);
}

unsigned respond_name(struct respond *r)
{
    struct chain chain;
    struct found *f = &r->found;
    unsigned rcode;
    chain.count = chain.dname_count = 0;
    r->looked_up = true;
    for (;;) {
        lookup_ahead(r->dns, r->name, chain.count ? NULL : r->ahead, f);
        if (f->kind == FOUND_FOREIGN) {
            if (chain.count) {
                f->node = chain.last; /* it is what was found of the answer */
                return RCODE_NOERROR;
            }
            answer_explain(&r->answer, EDE_NOT_AUTHORITATIVE, "not one of our zones");
            return RCODE_REFUSED;
        }
        if (r->type == TYPE_DS && respond_ds(r, f, &rcode))
            return rcode;
        /* AA speaks of the first owner in the answer (RFC 1035 section 4.1.1). */
        r->answer.authoritative = chain.count || f->kind != FOUND_CUT;
        const struct rrset *alias = alias_of(r, f);
        if (!alias)
            return answer_found(r, f);
        if (!step(r, f, alias, &chain, &rcode))
            return rcode;
    }
}

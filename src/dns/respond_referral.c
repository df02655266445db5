/* Delegations: referrals with glue (RFC 1034 section 4.3.2, RFC 9471), and the questions for
 * DS, which the parent's side answers (RFC 4035 section 3.1.4.1). A referral has no DS: our
 * zones are not signed, and nobody could trust it. */
#include "dns/respond.h"

/* All of a set into the authority section or nothing, and TC: a part of it would be taken
 * for the whole (RFC 2181 section 9). */
static bool put_servers(struct respond *r, size_t owner, const struct rrset *set)
{
    struct answer *a = &r->answer;
    size_t need = 0;
    for (uint32_t i = 0; i < set->count; i++)
        need += RECORD_HEAD + set->sizes[i];
    if (need > answer_left(a)) {
        respond_cut(r, 0, set->count);
        return false;
    }
    for (uint32_t i = 0; i < set->count; i++)
        (void)answer_record(a, SECTION_AUTHORITY, owner, TYPE_NS, set->ttl, set->rdata[i],
                            set->sizes[i]);
    return true;
}

static bool is_in_domain(const struct name *server, const struct node *cut)
{
    return server->size >= cut->size &&
           memcmp(server->wire + server->size - cut->size, cut->name, cut->size) == 0 &&
           name_has_boundary(server, server->size - cut->size);
}

/* Addresses of `most` servers of the one kind or the other, whose records begin at `at` in the
 * message; false: there is no room for some of them. */
static bool put_glue(struct respond *r, const struct node *cut, const struct rrset *set, size_t at,
                     bool in_domain, uint32_t most)
{
    bool all = true;
    for (uint32_t i = 0; i < set->count && most && all; i++) {
        struct name server;
        at += RECORD_HEAD;
        name_from_wire(set->rdata[i], &server);
        if (is_in_domain(&server, cut) == in_domain) {
            all = respond_addresses(r, &server, at, true) || !in_domain;
            most--;
        }
        at += set->sizes[i];
    }
    return all;
}

/* Servers below the cut cannot be found without the addresses given here: TC, when one is
 * missing. The others' are a courtesy. */
unsigned respond_referral(struct respond *r, const struct found *f)
{
    const struct node *cut = f->node;
    const struct rrset *set = node_set(cut, TYPE_NS);
    size_t owner = (size_t)r->owner + r->name->size - cut->size, at = r->answer.at;
    if (!set || !put_servers(r, owner, set))
        return RCODE_NOERROR;
    if (put_glue(r, cut, set, at, true, set->count))
        (void)put_glue(r, cut, set, at, false, DNS_ADDITIONAL_TARGETS);
    else
        respond_cut(r, 0, 0);
    return RCODE_NOERROR;
}

/* ---- DS -------------------------------------------------------------------------------- */

static unsigned answer_ds(struct respond *r, const struct found *f, const struct rrset *set)
{
    r->answer.authoritative = true;
    if (set)
        return respond_set(r, set), RCODE_NOERROR;
    return respond_negative(r, f, RCODE_NOERROR);
}

static const struct rrset *ds_in_file(const struct zone *zone, const struct name *name)
{
    const struct static_name *n = zone_find(zone, name);
    for (uint32_t i = 0; n && i < n->rrset_count; i++)
        if (n->rrsets[i].type == TYPE_DS)
            return &n->rrsets[i];
    return NULL;
}

/* At the apex of a zone of ours that lies in another of ours: as that one has it. */
static bool ds_above(struct respond *r, struct found *f, unsigned *rcode)
{
    struct found up;
    struct name parent;
    uint8_t size;
    name_from_wire(name_tail(r->name, 1, &size), &parent);
    lookup(r->dns, &parent, &up);
    if (up.kind == FOUND_FOREIGN)
        return false;
    if (up.kind == FOUND_CUT || up.kind == FOUND_DNAME) {
        up.left++;
        *f = up;
        return false;
    }
    f->zone = up.zone;
    f->view = NULL;
    f->kind = FOUND_EMPTY;
    *rcode = answer_ds(r, f, ds_in_file(up.zone, r->name));
    return true;
}

bool respond_ds(struct respond *r, struct found *f, unsigned *rcode)
{
    if (f->left || f->node->size <= 1)
        return false;
    if (f->kind == FOUND_STATIC && f->node->size == f->zone->apex.size)
        return ds_above(r, f, rcode);
    if (f->kind != FOUND_CUT)
        return false;
    *rcode = answer_ds(r, f, node_set(f->node, TYPE_DS));
    return true;
}

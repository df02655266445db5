/* Services, their forms by protocol and port, and single instances. */
#include "dns/respond.h"

#include <stdio.h>

enum { SRV_HEAD = RECORD_HEAD + 6 };

struct text label_at(const struct name *name, unsigned n)
{
    const uint8_t *p = name->wire;
    while (n--)
        p += *p + 1;
    return (struct text){(const char *)p + 1, *p};
}

/* ---- samples --------------------------------------------------------------------------------- */

void mark_sample(struct resolution *r)
{
    if (r->request->transport == DNS_UDP)
        r->answer.truncated = true;
    else /* there is no larger transport to turn to */
        answer_explain(&r->answer, EDE_OTHER, "a sample by weight: all do not fit a DNS message");
}

/* ---- the targets' addresses --------------------------------------------------------------------- */

/* One address RRset, whole or not at all. */
static bool add_addresses(struct answer *a, size_t owner, uint16_t type, uint32_t ttl,
                          const uint8_t *addrs, unsigned count)
{
    unsigned size = addr_type_size(type);
    uint8_t *p = answer_room(a, count * (size_t)(RECORD_HEAD + size));
    if (!p)
        return false;
    for (unsigned i = 0; i < count; i++, p += RECORD_HEAD + size)
        memcpy(put_record_head(p, owner, type, ttl, size), addrs + i * size, size);
    a->counts[SECTION_ADDITIONAL] += (uint16_t)count;
    return true;
}

/* In the order of the answer, as long as they fit; what does not is left out without TC
 * (RFC 2181 section 9). */
static void add_targets(struct answer *a, const struct target *targets, unsigned count,
                        uint32_t ttl)
{
    for (unsigned i = 0; i < count; i++) {
        const struct view_instance *t = targets[i].instance;
        if (!add_addresses(a, targets[i].at, TYPE_A, ttl, t->v4, t->v4_count) ||
            !add_addresses(a, targets[i].at, TYPE_AAAA, ttl, t->v6, t->v6_count))
            return;
    }
}

/* ---- SRV ------------------------------------------------------------------------------------------ */

static bool add_srv(struct resolution *r, const struct view_instance *i, uint32_t ttl,
                    uint16_t priority, uint16_t weight, uint16_t port)
{
    uint8_t *p = answer_room(&r->answer, SRV_HEAD + (size_t)i->target_size);
    if (!p)
        return false;
    p = put_record_head(p, r->owner, TYPE_SRV, ttl, 6u + i->target_size);
    put_u16(p, priority);
    put_u16(p + 2, weight);
    put_u16(p + 4, port);
    memcpy(p + 6, i->target, i->target_size); /* never compressed: RFC 2782 */
    r->answer.counts[SECTION_ANSWER]++;
    return true;
}

bool srv_write(struct resolution *r, struct srv_writer *w, const struct view *v,
               const struct srv_item *item)
{
    const struct view_instance *i = &v->instances[item->instance];
    size_t at = r->answer.at + SRV_HEAD;
    if (!add_srv(r, i, v->ttl, item->priority, item->weight, item->port))
        return false;
    if (w->count < DNS_ADDITIONAL_TARGETS)
        w->targets[w->count++] = (struct target){i, at};
    return true;
}

void srv_finish(struct resolution *r, const struct srv_writer *w, const struct view *v,
                bool complete)
{
    if (!complete)
        mark_sample(r);
    if (!r->answer.truncated)
        add_targets(&r->answer, w->targets, w->count, v->ttl);
}

/* How many to draw where not all fit: a few more than records of the usual size. */
static unsigned sample_size(const struct answer *a, size_t record_bytes, unsigned count)
{
    size_t average = record_bytes / count;
    return (unsigned)(answer_left(a) / average * 5 / 4 + 8);
}

/* ---- a stable subset for each client ------------------------------------------------------------------ */

#define SHUFFLE_MAX 256 /* larger subsets keep the order of their scores, weighted too */

static const struct hash_key subset_key; /* the same on every server and after each restart */

/* Rendezvous hashing: who comes or goes moves no other client. */
static double subset_score(const struct addr *client, const uint8_t *item, size_t size,
                           double weight)
{
    uint8_t bytes[16 + NAME_MAX_WIRE];
    memcpy(bytes, client->bytes, 16);
    memcpy(bytes + 16, item, size);
    return pick_key(hash_bytes(&subset_key, bytes, 16 + size), weight);
}

/* The chosen ones in a fresh weighted order. */
static unsigned shuffle_chosen(struct resolution *r, unsigned count, const uint64_t *weights,
                               const uint16_t *priorities)
{
    struct picker *p = &r->worker->picker;
    uint32_t chosen[SHUFFLE_MAX];
    if (count > ARRAY_COUNT(chosen))
        return count;
    memcpy(chosen, p->items, count * sizeof *chosen);
    pick_begin(p, count);
    for (unsigned i = 0; i < count; i++)
        pick_offer(p, chosen[i], priorities ? priorities[i] : 0,
                   pick_key(rand_next(&r->worker->rand), (double)weights[i]));
    return pick_finish(p);
}

static unsigned choose_srv_subset(struct resolution *r, const struct view *v,
                                  const struct srv_set *set)
{
    struct picker *p = &r->worker->picker;
    uint64_t weights[SHUFFLE_MAX];
    uint16_t priorities[ARRAY_COUNT(weights)];
    pick_begin(p, v->max_answers);
    for (uint32_t i = 0; i < set->count; i++) {
        const struct view_instance *t = &v->instances[set->items[i].instance];
        pick_offer(p, i, set->items[i].priority,
                   subset_score(&r->request->from.addr, t->target, t->target_size,
                                set->items[i].weight));
    }
    unsigned count = pick_finish(p);
    for (unsigned i = 0; i < count && i < ARRAY_COUNT(weights); i++) {
        weights[i] = set->items[p->items[i]].weight;
        priorities[i] = set->items[p->items[i]].priority;
    }
    return shuffle_chosen(r, count, weights, priorities);
}

static uint64_t addr_weight(const struct addr_set *set, uint32_t i)
{
    return set->sums[i] - (i ? set->sums[i - 1] : 0);
}

static unsigned choose_addr_subset(struct resolution *r, const struct addr_set *set, uint32_t max,
                                   unsigned size)
{
    struct picker *p = &r->worker->picker;
    uint64_t weights[SHUFFLE_MAX];
    pick_begin(p, max);
    for (uint32_t i = 0; i < set->group.count; i++)
        pick_offer(p, i, 0,
                   subset_score(&r->request->from.addr, set->addrs + (size_t)i * size, size,
                                (double)addr_weight(set, i)));
    unsigned count = pick_finish(p);
    for (unsigned i = 0; i < count && i < ARRAY_COUNT(weights); i++)
        weights[i] = addr_weight(set, p->items[i]);
    return shuffle_chosen(r, count, weights, NULL);
}

/* ---- sets ------------------------------------------------------------------------------------------------- */

static unsigned respond_srv(struct resolution *r, const struct view *v, const struct srv_set *set)
{
    struct dns_worker *w = r->worker;
    unsigned count;
    bool complete = true;
    if (!set->count)
        return respond_nobody(r, v);
    if (v->max_answers && set->count > v->max_answers) {
        count = choose_srv_subset(r, v, set);
    } else {
        complete = set->record_bytes <= answer_left(&r->answer);
        count = complete ? set->count : sample_size(&r->answer, set->record_bytes, set->count);
        count = pick_set(&w->picker, &w->rand, set->groups, set->group_count, set->sums, count);
    }
    struct srv_writer writer;
    unsigned done = 0;
    writer.count = 0;
    while (done < count && srv_write(r, &writer, v, &set->items[w->picker.items[done]]))
        done++;
    srv_finish(r, &writer, v, complete && done == count);
    return RCODE_NOERROR;
}

void write_addr(struct resolution *r, uint16_t type, uint32_t ttl, const uint8_t *addr)
{
    if (!answer_record(&r->answer, SECTION_ANSWER, r->owner, type, ttl, addr,
                       addr_type_size(type)))
        mark_sample(r);
}

static unsigned respond_addr(struct resolution *r, const struct view *v, uint16_t type)
{
    struct dns_worker *w = r->worker;
    const struct addr_set *set = type == TYPE_A ? &v->v4 : &v->v6;
    unsigned size = addr_type_size(type), count = set->group.count;
    size_t fit = answer_left(&r->answer) / (RECORD_HEAD + size);
    if (!count)
        return respond_nobody(r, v);
    if (v->max_answers && count > v->max_answers) {
        count = choose_addr_subset(r, set, v->max_answers, size);
    } else {
        if (count > fit)
            mark_sample(r);
        count = pick_set(&w->picker, &w->rand, &set->group, 1, set->sums,
                         (unsigned)(count < fit ? count : fit));
    }
    for (unsigned i = 0; i < count; i++)
        write_addr(r, type, v->ttl, set->addrs + (size_t)w->picker.items[i] * size);
    return RCODE_NOERROR;
}

static unsigned respond_txt(struct resolution *r, const struct view *v)
{
    const struct txt_set *set = &v->txt;
    if (!set->count)
        return respond_nobody(r, v);
    for (uint32_t i = 0; i < set->count; i++) {
        if (!answer_record(&r->answer, SECTION_ANSWER, r->owner, TYPE_TXT, v->ttl, set->rdata[i],
                           set->sizes[i])) {
            mark_sample(r);
            break;
        }
    }
    return RCODE_NOERROR;
}

unsigned respond_nobody(struct resolution *r, const struct view *v)
{
    char text[sizeof r->answer.ede_text];
    if (!r->answer.query->has_opt)
        return respond_nodata(r, v->negative_ttl);
    if (!v->instance_count)
        snprintf(text, sizeof text, "service known, no instance registered");
    else if (!v->live_count)
        snprintf(text, sizeof text, "%u instances, none up: %u starting, %u draining, %u down",
                 v->instance_count, v->status_counts[STATUS_STARTING],
                 v->status_counts[STATUS_DRAINING], v->status_counts[STATUS_DOWN]);
    else
        snprintf(text, sizeof text, "%u of %u instances up, none with data of this type",
                 v->live_count, v->instance_count);
    answer_explain(&r->answer, EDE_OTHER, text);
    return respond_nodata(r, v->negative_ttl);
}

unsigned respond_service(struct resolution *r, const struct view *v)
{
    r->rule = RULE_SERVICE;
    r->view = v;
    switch (r->type) {
    case TYPE_SRV:
        return respond_srv(r, v, &v->by_default);
    case TYPE_A:
    case TYPE_AAAA:
        return respond_addr(r, v, r->type);
    case TYPE_TXT:
        return respond_txt(r, v);
    case TYPE_ANY: /* RFC 8482 section 4.1 */
        return v->by_default.count ? respond_srv(r, v, &v->by_default)
               : v->v4.group.count ? respond_addr(r, v, TYPE_A)
                                   : respond_addr(r, v, TYPE_AAAA);
    default:
        return respond_nobody(r, v);
    }
}

static unsigned respond_srv_only(struct resolution *r, const struct view *v,
                                 const struct srv_set *set)
{
    if (r->type == TYPE_SRV || r->type == TYPE_ANY)
        return respond_srv(r, v, set);
    return respond_nodata(r, v->negative_ttl);
}

unsigned respond_protocol(struct resolution *r, const struct view *v, enum protocol protocol)
{
    r->rule = RULE_PROTOCOL;
    r->view = v;
    return respond_srv_only(r, v, protocol == PROTOCOL_TCP ? &v->by_tcp : &v->by_udp);
}

/* ---- below a service's name ----------------------------------------------------------------------------------- */

static unsigned add_own(struct resolution *r, const struct view_instance *i, uint16_t type,
                        uint32_t ttl)
{
    const uint8_t *addrs = type == TYPE_A ? i->v4 : i->v6;
    unsigned count = type == TYPE_A ? i->v4_count : i->v6_count;
    for (unsigned n = 0; n < count; n++)
        write_addr(r, type, ttl, addrs + (size_t)n * addr_type_size(type));
    return count;
}

static bool add_instance(struct resolution *r, const struct view_instance *i, uint32_t ttl)
{
    struct target self = {i, r->answer.at + SRV_HEAD};
    switch (r->type) {
    case TYPE_A:
    case TYPE_AAAA:
        return add_own(r, i, r->type, ttl) > 0;
    case TYPE_TXT:
        if (!answer_record(&r->answer, SECTION_ANSWER, r->owner, TYPE_TXT, ttl, i->txt,
                           i->txt_size))
            mark_sample(r);
        return true;
    case TYPE_SRV:
        if (!i->port || !add_srv(r, i, ttl, i->priority, i->weight, i->port))
            return false;
        add_targets(&r->answer, &self, 1, ttl);
        return true;
    case TYPE_ANY:
        return add_own(r, i, TYPE_A, ttl) > 0 || add_own(r, i, TYPE_AAAA, ttl) > 0;
    default:
        return false;
    }
}

static unsigned respond_instance(struct resolution *r, const struct view *v,
                                 const struct view_instance *i)
{
    r->rule = RULE_INSTANCE;
    r->instance = i;
    if (i->status == STATUS_DOWN) {
        answer_explain(&r->answer, EDE_OTHER, "the instance says that it is down");
        return respond_nodata(r, v->negative_ttl);
    }
    return add_instance(r, i, v->ttl) ? RCODE_NOERROR : respond_nodata(r, v->negative_ttl);
}

/* "_tcp" and its kin (RFC 2782, RFC 6335). */
static bool protocol_label(struct text label, enum protocol *out)
{
    return label.n > 1 && label.s[0] == '_' &&
           protocol_parse((struct text){label.s + 1, label.n - 1}, out);
}

static bool has_port_of(const struct view *v, enum protocol protocol)
{
    for (uint32_t i = 0; i < v->port_count; i++)
        if (v->ports[i].protocol == protocol)
            return true;
    return false;
}

unsigned respond_inside(struct resolution *r, const struct view *v, unsigned labels)
{
    enum protocol protocol;
    struct text first = label_at(r->name, 0);
    struct text nearest = label_at(r->name, labels - 1);
    r->view = v;
    if (labels == 1) {
        const struct view_instance *i = view_instance(v, &r->dns->key, first);
        if (i)
            return respond_instance(r, v, i);
    }
    if (labels <= 2 && protocol_label(nearest, &protocol)) {
        const struct named_port *port =
            labels == 2 && first.n && first.s[0] == '_'
                ? view_port(v, (struct text){first.s + 1, first.n - 1}, protocol)
                : NULL;
        if (port) {
            r->rule = RULE_PORT;
            return respond_srv_only(r, v, &port->set);
        }
        if (labels == 1 && has_port_of(v, protocol)) {
            r->rule = RULE_EMPTY;
            return respond_nodata(r, v->negative_ttl);
        }
    }
    return respond_selected(r, v, labels);
}

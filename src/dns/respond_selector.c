/* value.key.S.Z, chained up to four times: the instances that match all pairs. */
#include "dns/respond.h"

/* ---- the matches, in ascending order ------------------------------------------------------- */

/* The shortest list is walked, the others are asked. */
struct walk {
    const struct selector *const *selectors;
    unsigned count, shortest;
    uint32_t next;
};

static struct walk walk_begin(const struct resolution *r)
{
    struct walk w = {r->selectors, r->selector_count, 0, 0};
    for (unsigned i = 1; i < w.count; i++)
        if (w.selectors[i]->live_count < w.selectors[w.shortest]->live_count)
            w.shortest = i;
    return w;
}

static bool list_has(const struct selector *s, uint32_t instance)
{
    uint32_t low = 0, high = s->live_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->live[middle] < instance)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->live_count && s->live[low] == instance;
}

static bool matches_all(const struct walk *w, uint32_t instance)
{
    for (unsigned i = 0; i < w->count; i++)
        if (i != w->shortest && !list_has(w->selectors[i], instance))
            return false;
    return true;
}

/* UINT32_MAX at the end. */
static uint32_t walk_next(struct walk *w)
{
    const struct selector *shortest = w->selectors[w->shortest];
    while (w->next < shortest->live_count) {
        uint32_t instance = shortest->live[w->next++];
        if (matches_all(w, instance))
            return instance;
    }
    return UINT32_MAX;
}

/* ---- answers ------------------------------------------------------------------------------- */

static double random_key(struct resolution *r, double weight)
{
    return pick_key(rand_next(&r->worker->rand), weight);
}

static unsigned limit_of(const struct view *v)
{
    return v->max_answers ? v->max_answers : PICK_MAX;
}

static unsigned nobody_selected(struct resolution *r, const struct view *v)
{
    answer_explain(&r->answer, EDE_OTHER, "no live instance matches with data of this type");
    return respond_nodata(r, v->negative_ttl);
}

static unsigned selected_srv(struct resolution *r, const struct view *v)
{
    struct picker *p = &r->worker->picker;
    struct srv_writer writer = {.count = 0};
    struct walk w = walk_begin(r);
    unsigned matches = 0, done = 0;
    pick_begin(p, limit_of(v));
    for (uint32_t n; (n = walk_next(&w)) != UINT32_MAX;) {
        const struct view_instance *i = &v->instances[n];
        if (!i->port)
            continue;
        pick_offer(p, n, i->priority, random_key(r, i->weight));
        matches++;
    }
    unsigned count = pick_finish(p);
    for (; done < count; done++) {
        const struct view_instance *i = &v->instances[p->items[done]];
        struct srv_item item = {p->items[done], i->priority, i->weight, i->port};
        if (!srv_write(r, &writer, v, &item))
            break;
    }
    srv_finish(r, &writer, v, done == (v->max_answers ? count : matches));
    return matches ? RCODE_NOERROR : nobody_selected(r, v);
}

/* Only the best priority among the matches is in A and AAAA. */
static uint16_t best_priority(const struct resolution *r, const struct view *v, uint16_t type)
{
    uint16_t best = UINT16_MAX;
    struct walk w = walk_begin(r);
    for (uint32_t n; (n = walk_next(&w)) != UINT32_MAX;) {
        const struct view_instance *i = &v->instances[n];
        if ((type == TYPE_A ? i->v4_count : i->v6_count) && i->priority < best)
            best = i->priority;
    }
    return best;
}

/* An item is an instance and one of its addresses. An address of several holders keeps
 * the smallest of their keys, and the minimum of exponential keys is the key of the sum
 * of their weights: the right one. */
static unsigned draw_addresses(struct resolution *r, const struct view *v, uint16_t type)
{
    struct picker *p = &r->worker->picker;
    uint16_t best = best_priority(r, v, type);
    struct walk w = walk_begin(r);
    pick_begin(p, PICK_MAX);
    for (uint32_t n; (n = walk_next(&w)) != UINT32_MAX;) {
        const struct view_instance *i = &v->instances[n];
        unsigned count = type == TYPE_A ? i->v4_count : i->v6_count;
        if (i->priority != best)
            continue;
        for (unsigned k = 0; k < count; k++)
            pick_offer(p, n * ADDRESSES_MAX + k, 0, random_key(r, (double)i->weight / count));
    }
    return pick_finish(p);
}

static const uint8_t *address_of(const struct view *v, uint16_t type, uint32_t item)
{
    const struct view_instance *i = &v->instances[item / ADDRESSES_MAX];
    size_t at = item % ADDRESSES_MAX;
    return type == TYPE_A ? i->v4 + at * 4 : i->v6 + at * 16;
}

/* Notes an address that stands in the message at `at`; false when the same one was noted
 * before. The set of the picker is free at this time. */
static bool note_address(struct dns_worker *w, const struct answer *a, size_t at, unsigned size)
{
    struct picker *p = &w->picker;
    uint64_t hash = hash_bytes(&(struct hash_key){{0}}, a->out + at, size);
    uint32_t slot = hash & (PICK_SLOTS - 1);
    for (; p->stamps[slot] == p->stamp; slot = (slot + 1) & (PICK_SLOTS - 1))
        if (memcmp(a->out + p->taken[slot], a->out + at, size) == 0)
            return false;
    p->stamps[slot] = p->stamp;
    p->taken[slot] = (uint32_t)at;
    return true;
}

static unsigned selected_addr(struct resolution *r, const struct view *v, uint16_t type)
{
    struct answer *a = &r->answer;
    unsigned count = draw_addresses(r, v, type), written = 0, size = addr_type_size(type);
    pick_forget_taken(&r->worker->picker);
    for (unsigned i = 0; i < count && written < limit_of(v); i++) {
        size_t before = a->at;
        write_addr(r, type, v->ttl, address_of(v, type, r->worker->picker.items[i]));
        if (a->at == before)
            break;
        if (note_address(r->worker, a, before + RECORD_HEAD, size)) {
            written++;
        } else {
            a->at = before;
            a->counts[SECTION_ANSWER]--;
        }
    }
    return count ? RCODE_NOERROR : nobody_selected(r, v);
}

static bool same_txt(const struct view_instance *a, const struct view_instance *b)
{
    return a->txt_size == b->txt_size && memcmp(a->txt, b->txt, a->txt_size) == 0;
}

enum { TXT_MAX = 256 }; /* distinct ones that are told apart here */

static unsigned selected_txt(struct resolution *r, const struct view *v)
{
    uint32_t shown[TXT_MAX];
    unsigned count = 0;
    struct walk w = walk_begin(r);
    for (uint32_t n; (n = walk_next(&w)) != UINT32_MAX;) {
        const struct view_instance *i = &v->instances[n];
        unsigned k = 0;
        while (k < count && !same_txt(&v->instances[shown[k]], i))
            k++;
        if (k < count)
            continue;
        if (count == ARRAY_COUNT(shown) ||
            !answer_record(&r->answer, SECTION_ANSWER, r->owner, TYPE_TXT, v->ttl, i->txt,
                           i->txt_size)) {
            mark_sample(r);
            break;
        }
        shown[count++] = n;
    }
    return count ? RCODE_NOERROR : nobody_selected(r, v);
}

static unsigned answer_selected(struct resolution *r, const struct view *v)
{
    switch (r->type) {
    case TYPE_SRV:
    case TYPE_ANY:
        return selected_srv(r, v);
    case TYPE_A:
    case TYPE_AAAA:
        return selected_addr(r, v, r->type);
    case TYPE_TXT:
        return selected_txt(r, v);
    default:
        return respond_nodata(r, v->negative_ttl);
    }
}

/* ---- the chain ----------------------------------------------------------------------------- */

/* The pairs next to the service, as many as there are; false when one matches nothing. */
static bool read_pairs(struct resolution *r, const struct view *v, unsigned labels)
{
    for (; labels >= 2; labels -= 2) {
        struct text key = label_at(r->name, labels - 1), value = label_at(r->name, labels - 2);
        const struct selector *s = view_selector(v, key, value);
        if (!s || r->selector_count == SELECTOR_PAIRS_MAX)
            return false;
        r->selectors[r->selector_count++] = s;
    }
    return true;
}

unsigned respond_selected(struct resolution *r, const struct view *v, unsigned labels)
{
    bool odd = labels % 2; /* a key whose value is still to come: an empty non-terminal */
    if (labels <= 2 * SELECTOR_PAIRS_MAX && read_pairs(r, v, labels)) {
        r->rule = RULE_SELECTOR;
        if (!odd)
            return answer_selected(r, v);
        if (view_has_selector_key(v, label_at(r->name, 0))) {
            r->rule = RULE_EMPTY;
            return respond_nodata(r, v->negative_ttl);
        }
    }
    r->rule = RULE_MISSING;
    return respond_nxdomain(r, v->negative_ttl);
}

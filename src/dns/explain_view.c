#include "dns/explain_view.h"

#include <stdlib.h>
#include <string.h>

#include "dns/explain_place.h"
#include "dns/explain_sent.h"
#include "dns/svcb.h"

enum { CANDIDATES_MAX = 100 }; /* that are listed; all are counted */

#define OUT_FOR_LIVE "out: not heard from, a live one is up"

static const char *static_text(const struct found *f)
{
    bool leaf = f->node->kind == NODE_LEAF;
    if (f->wildcard)
        return leaf ? "wildcard of plain records" : "wildcard of the zone file";
    if (!leaf)
        return "static name of the zone file";
    return f->zone->ns ? "plain records" : "address of instances, in a reverse zone";
}

static const char *rule_text(const struct found *f)
{
    switch (f->kind) {
    case FOUND_FOREIGN: return "in none of the zones";
    case FOUND_NO_NAME: return "no such name";
    case FOUND_EMPTY: return "empty non-terminal: only names below it exist";
    case FOUND_STATIC: return static_text(f);
    case FOUND_CUT: return "delegated to other servers";
    case FOUND_DNAME: return "below a DNAME";
    case FOUND_SERVICE: return "service";
    case FOUND_PROTOCOL: return "service, by protocol";
    case FOUND_PORT: return "named port of the service";
    case FOUND_INSTANCE: return "instance of the service";
    case FOUND_SUBSET: return "selectors";
    case FOUND_BROWSED: return "instance of the service, by DNS-SD";
    case FOUND_TYPES: return "the zone's services, by DNS-SD";
    }
    return "";
}

static int set(json_t *out, const char *key, json_t *value)
{
    return json_object_set_new(out, key, value);
}

static json_t *text_json(struct text t)
{
    return json_stringn(t.n ? t.s : "", t.n);
}

/* ---- candidates ---------------------------------------------------------------------------- */

static int add_addresses(json_t *list, enum family family, const uint8_t *bytes, unsigned count)
{
    unsigned size = family == FAMILY_V4 ? 4 : 16;
    char text[ADDR_TEXT];
    int failed = 0;
    for (unsigned n = 0; n < count; n++, bytes += size) {
        struct addr a = {.family = (uint8_t)family};
        memcpy(a.bytes, bytes, size);
        failed |= json_array_append_new(list, json_string(addr_format(&a, text)));
    }
    return failed;
}

static json_t *addresses_of(const struct view_instance *i)
{
    json_t *list = json_array();
    if (list && !add_addresses(list, FAMILY_V4, instance_v4(i), i->v4_count) &&
        !add_addresses(list, FAMILY_V6, instance_v6(i), i->v6_count))
        return list;
    json_decref(list);
    return NULL;
}

/* Is the name's set a list of its own: that of a protocol or a named port? */
static bool by_set(const struct found *f)
{
    return f->kind == FOUND_PROTOCOL || f->kind == FOUND_PORT;
}

/* Types that tell priorities. */
static bool is_srv_like(uint16_t type)
{
    return type == TYPE_SRV || type == TYPE_ANY || type == TYPE_SVCB || type == TYPE_HTTPS;
}

/* Has the instance what a record of the type is made of? */
static const char *why_typed(const struct view_instance *i, uint16_t type)
{
    if (is_srv_like(type) && !i->port)
        return "out: no port";
    if (type == TYPE_HTTPS && !svcb_has(i, type))
        return "out: neither metadata alpn nor a port named https";
    if ((type == TYPE_A && !i->v4_count) || (type == TYPE_AAAA && !i->v6_count))
        return "out: no address of this family";
    return "in";
}

static bool is_selected(const struct found *f, uint32_t place)
{
    const struct slice *s = view_slice(f->view, place);
    uint64_t those = slice_selected(s, f->pairs, NULL, f->pair_count);
    return those >> place % SLICE_MAX & 1;
}

/* Of those that a service's name could give. */
static const char *why_listed(const struct found *f, uint16_t type, uint32_t place)
{
    const struct view_instance *i = view_at(f->view, place);
    struct srv_item item;
    if (!i->live)
        return "out: not up";
    if (f->pair_count && !is_selected(f, place))
        return "out: a selector does not match";
    if (by_set(f) && !set_find(f->set, place, &item))
        return i->stale && f->set->withdrawn ? OUT_FOR_LIVE : "out: no such port";
    return why_typed(i, type);
}

static bool is_listed(const struct found *f, uint16_t type, uint32_t place)
{
    return strcmp(why_listed(f, type, place), "in") == 0;
}

/* What decides among those that could be in. */
struct field {
    bool fresh;    /* one is heard from */
    uint16_t best; /* priority: addresses come from this one only */
    bool weighted; /* one of these has a weight, and an address of the family: 0 is none */
};

/* One of those that are heard from, or of the others, where nobody is. */
static void note(struct field *all, const struct found *f, uint16_t type, uint32_t place)
{
    const struct view_instance *i = view_at(f->view, place);
    if (i->priority < all->best) {
        all->best = i->priority;
        all->weighted = false;
    }
    if (i->priority == all->best && i->weight)
        all->weighted |= is_listed(f, type, place);
}

static struct field field_of(const struct found *f, uint16_t type)
{
    const struct view *v = f->view;
    struct field all = {.best = UINT16_MAX};
    if (by_set(f)) { /* in order */
        all.fresh = f->set->count && f->set->parts[0].priority < STALE_PRIORITY;
        return all;
    }
    for (uint32_t place = 0; !all.fresh && view_next(v, &place); place++)
        all.fresh = !view_at(v, place)->stale && is_listed(f, type, place);
    for (uint32_t place = 0; view_next(v, &place); place++)
        if (view_at(v, place)->stale != all.fresh && is_listed(f, TYPE_TXT, place))
            note(&all, f, type, place);
    return all;
}

static const char *why(const struct found *f, uint16_t type, uint32_t place,
                       const struct field *all)
{
    bool srv = is_srv_like(type);
    const struct view_instance *i = view_at(f->view, place);
    if (f->kind == FOUND_INSTANCE || f->kind == FOUND_BROWSED) {
        if (i != f->instance)
            return "out: another one is asked for";
        return i->status == STATUS_DOWN ? "out: down" : i->stale ? "in: not heard from" : "in";
    }
    if (f->kind == FOUND_NO_NAME || f->kind == FOUND_EMPTY)
        return "out: the name is not the service's";
    if (!is_listed(f, type, place))
        return why_listed(f, type, place);
    if (i->stale && all->fresh && (f->view->withdraws_stale || !srv))
        return OUT_FOR_LIVE;
    if (i->priority > all->best && (type == TYPE_A || type == TYPE_AAAA))
        return "out: a better priority is up";
    if (i->stale)
        return srv ? "in, demoted: not heard from" : "in: not heard from, no live one is up";
    return "in";
}

static bool is_of_service(const struct found *f)
{
    return f->kind == FOUND_SERVICE || f->kind == FOUND_SUBSET || by_set(f);
}

/* Of one that could be in: why it is not. */
static const char *why_not_sent(const struct respond *r, uint32_t place, const struct field *all,
                                const struct near *near)
{
    const struct view *v = r->found.view;
    bool address = r->type == TYPE_A || r->type == TYPE_AAAA;
    if (address && all->weighted && view_at(v, place)->weight == 0)
        return "out: of weight 0, beside others";
    if (address && near->alone && draw_tier(v, near, place) > TIER_ZONE)
        return "out: nearer ones are up";
    return v->max_answers ? "left out of this answer: max_answers"
                          : "left out of this answer: does not fit";
}

static const char *why_here(const struct respond *r, uint32_t place, const struct field *all,
                            const struct near *near)
{
    const char *because = why(&r->found, r->type, place, all);
    if (strncmp(because, "in", 2) != 0 || !is_of_service(&r->found) ||
        explain_is_sent(r, view_at(r->found.view, place)))
        return because;
    return r->answer.counts[SECTION_ANSWER] ? why_not_sent(r, place, all, near)
                                            : "out: no records of this type";
}

/* Those that no answer can have are nowhere. */
static bool is_placed(const struct respond *r, uint32_t place, const struct field *all)
{
    return strncmp(why(&r->found, r->type, place, all), "in", 2) == 0;
}

/* Where it is seen from the asker's place, and the priority that this makes. */
static int tell_tier(const struct respond *r, uint32_t place, const struct near *near, json_t *out)
{
    const struct view *v = r->found.view;
    if (!near->known)
        return 0;
    enum tier tier = draw_tier(v, near, place);
    return set(out, "tier", json_string(explain_tier_text(tier))) |
           set(out, "wire_priority",
               json_integer(draw_priority(v, near, view_at(v, place)->priority, tier)));
}

static json_t *candidate(const struct respond *r, uint32_t place, const struct field *all,
                         const struct near *near)
{
    const struct view *v = r->found.view;
    const struct view_instance *i = view_at(v, place);
    bool stale = i->live && i->stale; /* of the others the status says more */
    json_t *out =
        json_pack("{s:o,s:s,s:b,s:i,s:i,s:i,s:o,s:s}", "id", text_json(instance_label(i)), "status",
                  stale ? "stale" : status_text((enum status)i->status), "live", i->live && !stale,
                  "weight", view_wire_weight(v, i->weight), "priority", i->priority, "port",
                  i->port, "addresses", addresses_of(i), "why", why_here(r, place, all, near));
    if (out && is_placed(r, place, all) && tell_tier(r, place, near, out)) {
        json_decref(out);
        return NULL;
    }
    return out;
}

/* The places of those that come first by id; returns how many. */
static uint32_t first_by_id(const struct view *v, uint32_t places[static CANDIDATES_MAX])
{
    uint32_t count = 0;
    for (uint32_t place = 0; view_next(v, &place); place++) {
        struct text id = instance_label(view_at(v, place));
        uint32_t at = count;
        while (at > 0 && text_compare(id, instance_label(view_at(v, places[at - 1]))) < 0)
            at--;
        if (at == CANDIDATES_MAX)
            continue;
        count += count < CANDIDATES_MAX;
        memmove(&places[at + 1], &places[at], (count - at - 1) * sizeof(*places));
        places[at] = place;
    }
    return count;
}

static int tell_candidates(const struct respond *r, const struct near *near, json_t *out)
{
    const struct view *v = r->found.view;
    uint32_t places[CANDIDATES_MAX], count = v ? first_by_id(v, places) : 0;
    json_t *list = json_array();
    int failed = set(out, "candidates", list);
    struct field all = {0};
    if (v)
        all = field_of(&r->found, r->type);
    for (uint32_t n = 0; n < count && !failed; n++)
        failed = json_array_append_new(list, candidate(r, places[n], &all, near));
    return failed | set(out, "candidate_count", json_integer(v ? v->instance_count : 0));
}

/* ---- the name -------------------------------------------------------------------------- */

static int tell_filters(const struct found *f, json_t *out)
{
    json_t *list = json_array();
    int failed = set(out, "filters", list);
    for (unsigned i = 0; i < f->pair_count && !failed; i++) {
        const struct pair *p = &f->pairs[i];
        json_int_t live = view_pair_counts(f->view, p).fresh;
        failed = json_array_append_new(list, json_pack("{s:o,s:o,s:I}", "key", text_json(p->key),
                                                       "value", text_json(p->value), "live", live));
    }
    return failed;
}

static int tell_service(const struct view *v, json_t *out)
{
    int failed = set(out, "service", v ? text_json(view_service(v)) : json_null());
    if (v && v->max_answers)
        failed |= set(out, "max_answers", json_integer(v->max_answers));
    return failed;
}

static int tell_name(const struct respond *r, json_t *out)
{
    const struct found *f = &r->found;
    char text[NAME_TEXT];
    const char *ns = f->zone ? f->zone->ns : NULL;
    int failed = set(out, "zone", f->zone ? json_string(f->zone->name) : json_null());
    failed |= set(out, "namespace", ns ? json_string(ns) : json_null());
    failed |=
        set(out, "node", f->node ? json_string(name_format(f->node->name, text)) : json_null());
    failed |= set(out, "rule", json_string(rule_text(f)));
    return failed;
}

int explain_found(struct respond *r, json_t *out)
{
    struct near near = {0};
    if (!r->looked_up)
        return set(out, "rule", json_string("refused before any name was looked at"));
    if (r->found.view && is_of_service(&r->found))
        respond_near(r, r->found.view, &near);
    int failed = tell_name(r, out);
    failed |= tell_service(r->found.view, out);
    failed |= tell_filters(&r->found, out);
    failed |= explain_place(r, &near, out);
    return failed | tell_candidates(r, &near, out);
}

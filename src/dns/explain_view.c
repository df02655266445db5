#include "dns/explain_view.h"

#include <stdlib.h>
#include <string.h>

enum { CANDIDATES_MAX = 100 }; /* that are listed; all are counted */

static const char *rule_text(enum found_kind kind)
{
    switch (kind) {
    case FOUND_FOREIGN: return "in none of the zones";
    case FOUND_NO_NAME: return "no such name";
    case FOUND_EMPTY: return "empty non-terminal: only names below it exist";
    case FOUND_STATIC: return "static name of the zone file";
    case FOUND_SERVICE: return "service";
    case FOUND_PROTOCOL: return "service, by protocol";
    case FOUND_PORT: return "named port of the service";
    case FOUND_INSTANCE: return "instance of the service";
    case FOUND_SUBSET: return "selectors";
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
    if (list && !add_addresses(list, FAMILY_V4, i->v4, i->v4_count) &&
        !add_addresses(list, FAMILY_V6, i->v6, i->v6_count))
        return list;
    json_decref(list);
    return NULL;
}

static int compare_numbers(const void *left, const void *right)
{
    const uint32_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static bool selected(const struct selector *s, uint32_t instance)
{
    return s->live_count &&
           bsearch(&instance, s->live, s->live_count, sizeof(*s->live), compare_numbers) != NULL;
}

static bool has_port(const struct srv_set *set, uint32_t instance)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->items[i].instance == instance)
            return true;
    return false;
}

/* Of those that a service's name could give. */
static const char *why_listed(const struct found *f, uint16_t type, uint32_t n)
{
    const struct view_instance *i = &f->view->instances[n];
    bool srv = type == TYPE_SRV || type == TYPE_ANY;
    if (!i->live)
        return "out: not up";
    for (unsigned p = 0; p < f->pair_count; p++)
        if (!selected(f->pairs[p], n))
            return "out: a selector does not match";
    if ((f->kind == FOUND_PROTOCOL || f->kind == FOUND_PORT) && !has_port(f->set, n))
        return "out: no such port";
    if (srv && !i->port)
        return "out: no port";
    if ((type == TYPE_A && !i->v4_count) || (type == TYPE_AAAA && !i->v6_count))
        return "out: no address of this family";
    return "in";
}

/* Addresses come from the best priority only: the least of those that are in. */
static uint16_t best_priority(const struct found *f)
{
    uint16_t best = UINT16_MAX;
    for (uint32_t n = 0; n < f->view->instance_count; n++)
        if (f->view->instances[n].priority < best && strcmp(why_listed(f, TYPE_TXT, n), "in") == 0)
            best = f->view->instances[n].priority;
    return best;
}

static const char *why(const struct found *f, uint16_t type, uint32_t n, uint16_t best)
{
    const struct view_instance *i = &f->view->instances[n];
    if (f->kind == FOUND_INSTANCE) {
        if (i != f->instance)
            return "out: another one is asked for";
        return i->status == STATUS_DOWN ? "out: down" : "in";
    }
    if (f->kind == FOUND_NO_NAME || f->kind == FOUND_EMPTY)
        return "out: the name is not the service's";
    const char *text = why_listed(f, type, n);
    if (i->priority > best && strcmp(text, "in") == 0)
        return "out: a better priority is up";
    return text;
}

static json_t *candidate(const struct respond *r, uint32_t n, uint16_t best)
{
    const struct view_instance *i = &r->found.view->instances[n];
    return json_pack("{s:o,s:s,s:b,s:i,s:i,s:i,s:o,s:s}", "id",
                     json_stringn((const char *)i->target + 1, i->target[0]), "status",
                     status_text((enum status)i->status), "live", i->live, "weight", i->weight,
                     "priority", i->priority, "port", i->port, "addresses", addresses_of(i), "why",
                     why(&r->found, r->type, n, best));
}

static int tell_candidates(const struct respond *r, json_t *out)
{
    const struct view *v = r->found.view;
    json_t *list = json_array();
    int failed = set(out, "candidates", list);
    bool addresses = r->type == TYPE_A || r->type == TYPE_AAAA;
    uint16_t best = v && addresses ? best_priority(&r->found) : UINT16_MAX;
    for (uint32_t n = 0; v && n < v->instance_count && n < CANDIDATES_MAX && !failed; n++)
        failed = json_array_append_new(list, candidate(r, n, best));
    return failed | set(out, "candidate_count", json_integer(v ? v->instance_count : 0));
}

/* ---- the name ---------------------------------------------------------------------------------
 */

static int tell_filters(const struct found *f, json_t *out)
{
    json_t *list = json_array();
    int failed = set(out, "filters", list);
    for (unsigned i = 0; i < f->pair_count && !failed; i++) {
        const struct selector *s = f->pairs[i];
        failed = json_array_append_new(list, json_pack("{s:o,s:o,s:I}", "key", text_json(s->key),
                                                       "value", text_json(s->value), "live",
                                                       (json_int_t)s->live_count));
    }
    return failed;
}

static int tell_service(const struct view *v, json_t *out)
{
    int failed = set(out, "service", v ? text_json(v->service) : json_null());
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
    failed |= set(out, "rule", json_string(rule_text(f->kind)));
    return failed;
}

int explain_found(const struct respond *r, json_t *out)
{
    if (!r->looked_up)
        return set(out, "rule", json_string("refused before any name was looked at"));
    int failed = tell_name(r, out);
    failed |= tell_service(r->found.view, out);
    failed |= tell_filters(&r->found, out);
    return failed | tell_candidates(r, out);
}

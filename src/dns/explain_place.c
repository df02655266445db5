#include "dns/explain_place.h"

const char *explain_tier_text(enum tier tier)
{
    static const char *const texts[TIERS] = {"zone", "region", "far"};
    return texts[tier];
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *place_json(const struct dns_place *p)
{
    char text[NETWORK_TEXT];
    if (!p)
        return json_null();
    return json_pack("{s:s,s:o,s:o}", "network", network_format(&p->from, text), "zone",
                     text_or_null(p->zone), "region", text_or_null(p->region));
}

static const char *why_not(const struct view *v, const struct pair_counts *there)
{
    if (v->locality == DNS_LOCALITY_OFF)
        return "no: locality is off";
    if (!there->registered)
        return "no: nobody is registered there";
    return there->fresh ? "no: too few are up there, spill-over" : "no: nobody is up there";
}

static json_t *tier_json(const struct view *v, const struct near *near, enum tier tier,
                         const char *value)
{
    const char *key = explain_tier_text(tier);
    char label[63];
    size_t size = text_to_label(text_of(value), label);
    struct pair pair = {text_of(key), {label, size}};
    struct pair_counts there = {0};
    if (size)
        there = view_pair_counts(v, &pair);
    return json_pack("{s:s,s:s,s:i,s:i,s:s}", "key", key, "value", value, "up", there.fresh,
                     "registered", there.registered, "preferred",
                     near->of[tier] ? "yes" : why_not(v, &there));
}

int explain_place(const struct respond *r, const struct near *near, json_t *out)
{
    const struct dns_place *p = r->place;
    const struct view *v = r->found.view;
    json_t *list = json_array();
    int failed = json_object_set_new(out, "place", place_json(p));
    failed |= json_object_set_new(out, "near", list);
    if (!failed && p && v && p->zone)
        failed = json_array_append_new(list, tier_json(v, near, TIER_ZONE, p->zone));
    if (!failed && p && v && p->region)
        failed = json_array_append_new(list, tier_json(v, near, TIER_REGION, p->region));
    return failed;
}

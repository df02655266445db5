#include "http/filter.h"

#include "http/instance.h"
#include "http/name.h"

static const char *parse_pair(struct text t, struct filter_pair *out)
{
    struct text value = t, key = text_cut(&value, ':');

    if (!key.n || !value.s || text_copy(key, out->key, sizeof(out->key)) != ERR_OK ||
        text_copy(value, out->value, sizeof(out->value)) != ERR_OK)
        return "where is KEY:VALUE, such as zone:eu-1; KEY is zone, region, version, cluster, tag "
               "or a metadata key";
    return NULL;
}

static const char *parse_pairs(const struct uri_query *query, struct filter *out)
{
    struct text pair;

    for (unsigned n = 0; (pair = uri_query_nth(query, "where", n)).s; n++) {
        if (n == FILTER_PAIRS_MAX)
            return "where can be given 4 times at most";
        const char *fault = parse_pair(pair, &out->pairs[n]);
        if (fault)
            return fault;
        out->count++;
    }
    return NULL;
}

const char *filter_parse(const struct uri_query *query, struct filter *out)
{
    struct text status = uri_query_get(query, "status"), live = uri_query_get(query, "live");
    char word[16];

    *out = (struct filter){.status_set = status.s != NULL, .live_set = live.s != NULL};
    if (status.s && !status_parse(name_lower(status, word, sizeof(word)), &out->status))
        return "status is up, starting, draining or down";
    out->live = text_is_nocase(live, TEXT("true"));
    if (live.s && !out->live && !text_is_nocase(live, TEXT("false")))
        return "live is true or false";
    return parse_pairs(query, out);
}

static bool has_tag(const struct record *r, struct text value)
{
    for (unsigned n = 0; n < r->tag_count; n++)
        if (text_is_nocase(r->tags[n], value))
            return true;
    return false;
}

static bool has_pair(const struct record *r, const struct filter_pair *pair)
{
    struct text key = text_of(pair->key), value = text_of(pair->value);

    if (text_is(key, TEXT("zone")))
        return text_is_nocase(r->zone, value);
    if (text_is(key, TEXT("region")))
        return text_is_nocase(r->region, value);
    if (text_is(key, TEXT("cluster")))
        return text_is_nocase(r->cluster, value);
    if (text_is(key, TEXT("version")))
        return text_is_nocase(r->version, value);
    if (text_is(key, TEXT("tag")))
        return has_tag(r, value);
    for (unsigned n = 0; n < r->metadata_count; n++)
        if (text_is(r->metadata[n].key, key))
            return text_is(r->metadata[n].value, value);
    return false;
}

bool filter_matches(const struct filter *f, const struct instance *i, struct moment now)
{
    struct instance_state state;
    struct record record;

    instance_state(i, &state);
    if ((f->status_set && state.status != f->status) ||
        (f->live_set && instance_is_live(&state, now) != f->live))
        return false;
    if (!f->count)
        return true;
    instance_read(i, &record);
    for (unsigned n = 0; n < f->count; n++)
        if (!has_pair(&record, &f->pairs[n]))
            return false;
    return true;
}

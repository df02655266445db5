#include "http/foreign_view.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "http/name.h"
#include "http/origin.h"
#include "http/places.h"

void foreign_view_init(struct foreign_view *view, const struct instance *i)
{
    instance_read(i, &view->record);
    instance_state(i, &view->state);
    view->origin = origin_read(&view->record);
}

void foreign_view_deinit(struct foreign_view *view)
{
    json_decref(view->origin);
}

/* ---- texts ----------------------------------------------------------------------- */

static struct text noted(const struct foreign_view *view, const char *name)
{
    const json_t *value = json_object_get(view->origin, name);

    return (struct text){json_string_value(value), json_string_length(value)};
}

/* What was noted counts as long as the record still says what was made of it. */

static struct text view_env(const struct foreign_view *view)
{
    struct text env = noted(view, "env");
    bool stands_for_it = env.s && env.n == 0 && text_is(view->record.ns, TEXT("default"));

    return stands_for_it || (env.n && text_is_nocase(env, view->record.ns)) ? env : view->record.ns;
}

struct text foreign_view_appid(const struct foreign_view *view)
{
    struct text appid = noted(view, "appid");

    return text_is_nocase(appid, view->record.service) ? appid : view->record.service;
}

struct text foreign_view_hostname(const struct foreign_view *view)
{
    struct text hostname = noted(view, "hostname");
    char label[INSTANCE_ID_MAX + 1];

    if (hostname.n && text_is((struct text){label, origin_label(hostname, label)}, view->record.id))
        return hostname;
    return view->record.id;
}

static struct text locality(const struct foreign_view *view, const char *name, struct text kept)
{
    struct text given = noted(view, name);
    char label[64];

    return given.n && text_is(origin_locality(given, label), kept) ? given : kept;
}

struct text foreign_view_zone(const struct foreign_view *view)
{
    return locality(view, "zone", view->record.zone);
}

static struct text view_version(const struct foreign_view *view)
{
    struct text given = noted(view, "version");
    char kept[VERSION_MAX + 1];

    return given.n && text_is(origin_version(given, kept), view->record.version)
               ? given
               : view->record.version;
}

/* ---- numbers --------------------------------------------------------------------- */

static int64_t ns_of(uint64_t ms)
{
    return ms > INT64_MAX / 1000000 ? INT64_MAX : (int64_t)ms * 1000000;
}

int64_t foreign_view_dirty(const struct foreign_view *view)
{
    int64_t dirty = json_integer_value(json_object_get(view->origin, "dirty"));

    return dirty > 0 ? dirty : ns_of(view->state.dirty_ms);
}

int64_t foreign_view_latest(const struct foreign_view *view)
{
    return ns_of(view->state.latest_ms);
}

unsigned foreign_view_status(const struct foreign_view *view)
{
    return view->state.status == STATUS_UP ? 1 : 2;
}

/* ---- JSON ------------------------------------------------------------------------ */

bool foreign_places_digest(const json_t *places, char out[static FOREIGN_PLACES_DIGEST])
{
    char *text = json_dumps(places, JSON_COMPACT);

    if (!text)
        return false;
    snprintf(out, FOREIGN_PLACES_DIGEST, "%016jx", (uintmax_t)hash_digest(text, strlen(text)));
    free(text);
    return true;
}

static json_t *places(const struct foreign_view *view)
{
    json_t *given = json_object_get(view->origin, "addrs"), *own = places_json(&view->record);
    char digest[FOREIGN_PLACES_DIGEST];

    if (!json_is_array(given) || !own || !foreign_places_digest(own, digest) ||
        !text_is(noted(view, "for"), text_of(digest)))
        return own;
    json_decref(own);
    return json_incref(given);
}

static json_t *json_of(struct text t)
{
    return json_stringn(t.n ? t.s : "", t.n);
}

/* Takes the value; NULL fails. */
static int add(json_t *to, const char *key, json_t *value)
{
    return json_object_set_new_nocheck(to, key, value);
}

static int add_times(json_t *to, const struct foreign_view *view)
{
    const struct instance_state *s = &view->state;
    int failed = 0;

    failed |= add(to, "reg_timestamp", json_integer(ns_of(s->registered_ms)));
    failed |= add(to, "up_timestamp", json_integer(ns_of(s->up_ms ? s->up_ms : s->registered_ms)));
    failed |= add(to, "renew_timestamp", json_integer(ns_of(s->renewed_ms)));
    failed |= add(to, "dirty_timestamp", json_integer(foreign_view_dirty(view)));
    failed |= add(to, "latest_timestamp", json_integer(foreign_view_latest(view)));
    return failed;
}

static json_t *metadata(const struct foreign_view *view)
{
    json_t *all = json_object(), *others = json_object_get(view->origin, "metadata");
    char key[METADATA_KEY_MAX + 1];
    int failed = 0;

    for (unsigned n = 0; n < view->record.metadata_count; n++) {
        const struct pair *p = &view->record.metadata[n];
        if (!metadata_is_hidden(p->key))
            failed |= text_copy(p->key, key, sizeof(key)) != ERR_OK
                          ? -1
                          : json_object_set_new(all, key, json_of(p->value));
    }
    if (json_is_object(others))
        failed |= json_object_update_missing(all, others);
    if (!failed)
        return all;
    json_decref(all);
    return NULL;
}

/* Consumers of that registry take the weight from the metadata: whoever gave it otherwise (by
 * the registration protocol, or an operator) shall be heard there, too. */
static json_t *weighed_metadata(const struct foreign_view *view)
{
    const struct instance_state *s = &view->state;
    json_t *all = metadata(view);
    bool says = view->record.weight_set || s->override.weight_set;

    if (!all || !says || json_object_set_new(all, "weight", json_sprintf("%u", s->weight)) == 0)
        return all;
    json_decref(all);
    return NULL;
}

static int add_bili(json_t *to, const struct foreign_view *view)
{
    json_t *pairs = weighed_metadata(view);
    const json_t *color = json_object_get(pairs, "color");
    int failed = 0;

    failed |= add(to, "region", json_of(locality(view, "region", view->record.region)));
    failed |= add(to, "zone", json_of(foreign_view_zone(view)));
    failed |= add(to, "color", json_string(json_is_string(color) ? json_string_value(color) : ""));
    failed |= add(to, "metadata", pairs);
    return failed;
}

json_t *foreign_view_json(const struct foreign_view *view, bool bili)
{
    json_t *all = json_object();
    int failed = 0;

    failed |= add(all, "env", json_of(view_env(view)));
    failed |= add(all, "appid", json_of(foreign_view_appid(view)));
    failed |= add(all, "hostname", json_of(foreign_view_hostname(view)));
    failed |= add(all, "addrs", places(view));
    failed |= add(all, "version", json_of(view_version(view)));
    failed |= add(all, "status", json_integer(foreign_view_status(view)));
    failed |= add_times(all, view);
    if (bili)
        failed |= add_bili(all, view);
    if (!failed)
        return all;
    json_decref(all);
    return NULL;
}

/* A registration as clients of other registries send it: what they wrote becomes a record,
 * and what a record cannot hold letter by letter is noted beside it. */
#include <stdio.h>

#include "base/hash.h"
#include "http/foreign.h"
#include "http/foreign_view.h"

/* The record, and what it points to. */
struct draft {
    struct record record;
    struct foreign_key key;
    struct places_room places;
    struct origin_room room;
    json_t *origin;
    char version[VERSION_MAX + 1], zone[64], region[64];
};

static int note(json_t *origin, const char *name, json_t *value)
{
    return json_object_set_new(origin, name, value);
}

static int note_text(json_t *origin, const char *name, struct text given, struct text kept)
{
    return text_is(given, kept) ? 0
                                : note(origin, name, json_stringn(given.n ? given.s : "", given.n));
}

/* ---- where it listens ------------------------------------------------------------- */

static const char *put_places(const struct foreign *f, const struct addr *own, struct draft *d)
{
    const char *fault = NULL;

    for (unsigned n = 0; n < f->place_count && !fault; n++)
        fault = places_add(f->places[n], own, &d->places, &d->record);
    if (!fault && !d->record.address_count)
        fault = places_add((struct text){NULL, 0}, own, &d->places, &d->record);
    return fault;
}

/* Nobody may point a service at a third party. */
static bool may_advertise(struct call *call, const struct http_registrant *who,
                          const struct record *r)
{
    for (unsigned n = 0; n < r->address_count; n++) {
        const struct addr *a = &r->addresses[n];
        bool is_own = addr_is(a, &call->from) || addr_is(a, &who->addr);
        if (!is_own && (!who->advertises || addr_is_loopback(a)) &&
            !(addr_is_loopback(a) && addr_is_loopback(&call->from)))
            return false;
    }
    return true;
}

static json_t *places_given(const struct foreign *f)
{
    json_t *all = json_array();

    for (unsigned n = 0; n < f->place_count; n++)
        if (json_array_append_new(
                all, json_stringn(f->places[n].n ? f->places[n].s : "", f->places[n].n)) < 0) {
            json_decref(all);
            return NULL;
        }
    return all;
}

/* With a digest of what the record's own would be: other addresses or ports make them void. */
static int note_places(const struct foreign *f, struct draft *d)
{
    json_t *given = places_given(f), *own = places_json(&d->record);
    char digest[FOREIGN_PLACES_DIGEST];
    int failed = given && own ? 0 : -1;

    if (!failed && !json_equal(given, own)) {
        failed |= note(d->origin, "addrs", json_incref(given));
        failed |=
            foreign_places_digest(own, digest) ? note(d->origin, "for", json_string(digest)) : -1;
    }
    json_decref(given);
    json_decref(own);
    return failed;
}

/* ---- the rest ---------------------------------------------------------------------- */

static bool fits_pair(struct text key, struct text value)
{
    bool fine = key.n && key.n <= METADATA_KEY_MAX && value.n <= METADATA_VALUE_MAX &&
                !metadata_is_hidden(key);

    for (size_t n = 0; n < key.n && fine; n++)
        fine = key.s[n] > 0x20 && key.s[n] < 0x7f && key.s[n] != '=';
    for (size_t n = 0; n < value.n && fine; n++)
        fine = value.s[n] != '\0' && value.s[n] != '\n' && value.s[n] != '\r';
    return fine;
}

enum err foreign_put_metadata(json_t *metadata, json_t *origin, struct record *record)
{
    json_t *others = json_object(), *value;
    const char *name;
    int failed = others ? 0 : -1;

    json_object_foreach(metadata, name, value)
    {
        struct text text = {json_string_value(value), json_string_length(value)};
        if (fits_pair(text_of(name), text) && record->metadata_count < METADATA_MAX / 2)
            record->metadata[record->metadata_count++] = (struct pair){text_of(name), text};
        else
            failed |= json_object_set(others, name, value);
    }
    if (!failed && json_object_size(others))
        failed = json_object_set(origin, "metadata", others);
    json_decref(others);
    return failed ? ERR_MEMORY : ERR_OK;
}

static int put_names(const struct foreign *f, struct draft *d)
{
    struct record *r = &d->record;
    int failed = 0;

    r->ns = d->key.key.ns;
    r->service = d->key.key.service;
    r->id = d->key.key.id;
    r->version = origin_version(f->version, d->version);
    r->zone = origin_locality(f->zone, d->zone);
    r->region = origin_locality(f->region, d->region);
    failed |= note_text(d->origin, "env", f->env, r->ns);
    failed |= note_text(d->origin, "appid", f->appid, r->service);
    failed |= note_text(d->origin, "hostname", f->hostname, r->id);
    failed |= note_text(d->origin, "version", f->version, r->version);
    failed |= note_text(d->origin, "zone", f->zone, r->zone);
    failed |= note_text(d->origin, "region", f->region, r->region);
    if (f->dirty > 0)
        failed |= note(d->origin, "dirty", json_integer(f->dirty));
    return failed;
}

static enum err draft_fill(const struct foreign *f, struct draft *d)
{
    struct record *r = &d->record;

    d->origin = json_object();
    r->ttl = TTL_UNSET;
    r->lease_s = FOREIGN_LEASE_S;
    r->lease_bounded = true;
    r->status = f->status == FOREIGN_RECEIVES ? STATUS_UP : STATUS_DOWN;
    if (!d->origin || put_names(f, d) != 0 || note_places(f, d) != 0)
        return ERR_MEMORY;
    enum err err = foreign_put_metadata(f->metadata, d->origin, r);
    return err ? err : origin_write(d->origin, &d->room, r);
}

/* True when what is stored is newer, or another's. */
static bool conflicts(struct call *call, const struct foreign *f, const struct instance_key *key,
                      struct foreign_result *result)
{
    const struct instance *i = registry_instance(call->http->backend.registry, *key);
    struct foreign_view view;

    if (!i)
        return false;
    foreign_view_init(&view, i);
    bool older = f->dirty > 0    ? f->dirty < foreign_view_dirty(&view)
                 : f->latest > 0 ? f->latest < foreign_view_latest(&view)
                                 : false;
    if (!text_is(foreign_view_hostname(&view), f->hostname))
        foreign_say(result, FOREIGN_CONFLICT, "another hostname goes by the same name, %.*s",
                    TEXT_ARG(key->id));
    else if (older)
        foreign_say(result, FOREIGN_CONFLICT, "%s", "");
    foreign_view_deinit(&view);
    return result->code != FOREIGN_OK;
}

static bool is_fine(struct call *call, const struct foreign *f, struct draft *d,
                    struct foreign_result *result)
{
    if (!foreign_key_make(call->http, f, &d->key, result))
        return false;
    if (!f->hostname.n)
        foreign_say(result, FOREIGN_BAD, "hostname is missing");
    else if (f->status != FOREIGN_RECEIVES && f->status != FOREIGN_WAITS)
        foreign_say(result, FOREIGN_BAD, "status is 1 (receives requests) or 2 (does not)");
    return result->code == FOREIGN_OK;
}

static void apply(struct call *call, const struct draft *d, const struct principal *who,
                  struct foreign_result *result)
{
    const struct http_backend *backend = &call->http->backend;
    struct granted granted;

    backend->begin(backend->context);
    enum err err = registry_register(backend->registry, &d->record, who,
                                     backend->now(backend->context), &granted);
    foreign_fail(result, err, &d->record);
    result->wait = backend->wait(backend->context);
    backend->changed(backend->context);
}

void foreign_register(struct call *call, const struct foreign *f, struct foreign_result *result)
{
    struct draft d = {0};
    struct http_registrant who;

    *result = (struct foreign_result){0};
    if (!is_fine(call, f, &d, result) || !foreign_admit(call, &d.key.key, &who, result) ||
        conflicts(call, f, &d.key.key, result))
        return;
    const char *fault = put_places(f, &who.addr, &d);
    if (fault) {
        foreign_say(result, FOREIGN_BAD, "%s", fault);
        return;
    }
    if (!may_advertise(call, &who, &d.record)) {
        foreign_say(result, FOREIGN_DENIED, "addrs may hold no address but your own");
        return;
    }
    enum err err = draft_fill(f, &d);
    if (err == ERR_OK)
        apply(call, &d, &who.who, result);
    else
        foreign_fail(result, err, NULL);
    origin_room_deinit(&d.room);
    json_decref(d.origin);
}

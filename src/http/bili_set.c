/* POST /discovery/set: other status or metadata for several instances of one service, all of
 * them or none. */
#include <stdlib.h>

#include "http/bili.h"
#include "http/foreign_body.h"
#include "http/foreign_view.h"

/* One instance as it is to be. */
struct setting {
    struct record record;
    struct foreign_key key;
    struct origin_room room;
    json_t *origin, *metadata; /* what the record points to */
};

static void settings_free(struct setting *all, unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        origin_room_deinit(&all[n].room);
        json_decref(all[n].origin);
        json_decref(all[n].metadata);
    }
    free(all);
}

/* ---- one instance ---------------------------------------------------------------- */

static bool take_status(const struct uri_query *form, unsigned n, struct record *record)
{
    struct text status = uri_query_nth(form, "status", n);

    if (!status.s)
        return true;
    if (!text_is(status, TEXT("1")) && !text_is(status, TEXT("2")))
        return false;
    record->status = text_is(status, TEXT("1")) ? STATUS_UP : STATUS_DOWN;
    return true;
}

/* All that the instance has, what fits no pair of a record included. */
static json_t *stored_metadata(const struct record *r, const json_t *origin)
{
    json_t *all = json_object(), *others = json_object_get(origin, "metadata");
    char key[METADATA_KEY_MAX + 1];
    int failed = all ? 0 : -1;

    for (unsigned n = 0; n < r->metadata_count && !failed; n++) {
        const struct pair *p = &r->metadata[n];
        if (!metadata_is_hidden(p->key))
            failed = text_copy(p->key, key, sizeof(key)) != ERR_OK ||
                     json_object_set_new(all, key,
                                         json_stringn(p->value.n ? p->value.s : "", p->value.n));
    }
    if (!failed && json_is_object(others))
        failed = json_object_update(all, others);
    if (!failed)
        return all;
    json_decref(all);
    return NULL;
}

/* Given names replace stored ones, the others stay. */
static enum err take_metadata(const struct uri_query *form, unsigned n, struct setting *s)
{
    struct text given = uri_query_nth(form, "metadata", n);
    json_t *changes = given.n ? foreign_metadata(given) : NULL;

    if (given.n && !changes)
        return ERR_SYNTAX;
    s->metadata = stored_metadata(&s->record, s->origin);
    int failed = s->metadata ? 0 : -1;
    if (!failed && changes)
        failed = json_object_update(s->metadata, changes);
    json_decref(changes);
    return failed ? ERR_MEMORY : ERR_OK;
}

static enum err write_metadata(struct setting *s)
{
    s->record.metadata_count = 0;
    json_object_del(s->origin, "metadata");
    enum err err = foreign_put_metadata(s->metadata, s->origin, &s->record);
    return err ? err : origin_write(s->origin, &s->room, &s->record);
}

/* False: *result says why not. */
static bool prepare_one(struct call *call, const struct uri_query *form, unsigned n,
                        const struct foreign *f, struct setting *s, struct foreign_result *result)
{
    struct foreign one = *f;

    one.hostname = uri_query_nth(form, "hostname", n);
    if (!foreign_key_make(call->http, &one, &s->key, result))
        return false;
    const struct instance *i = foreign_find(call->http, &one, &s->key.key);
    if (!i) {
        foreign_say(result, FOREIGN_NONE, "no such instance, nothing is set: hostname %u", n + 1);
        return false;
    }
    instance_read(i, &s->record);
    s->record.lease_bounded = true;
    s->record.rev = 0;
    s->origin = origin_read(&s->record);
    if (!s->origin)
        s->origin = json_object();
    json_object_del(s->origin, "dirty");
    enum err err = s->origin ? take_metadata(form, n, s) : ERR_MEMORY;
    if (err == ERR_OK)
        err = write_metadata(s);
    if (err == ERR_OK && !s->record.group.n && take_status(form, n, &s->record))
        return true;
    if (err == ERR_SPACE || err == ERR_MEMORY)
        foreign_fail(result, err, NULL);
    else
        foreign_say(result, FOREIGN_BAD,
                    s->record.group.n ? "it is in a lease group: set it as it was registered"
                                      : "status is 1 or 2, metadata a JSON object of texts");
    return false;
}

/* ---- all of them ----------------------------------------------------------------- */

static bool is_twice(const struct setting *all, unsigned n)
{
    for (unsigned before = 0; before < n; before++)
        if (text_is(all[before].key.key.id, all[n].key.key.id))
            return true;
    return false;
}

static void commit(struct call *call, const struct setting *all, unsigned count,
                   const struct principal *who, struct foreign_result *result)
{
    const struct http_backend *backend = &call->http->backend;
    struct registry_change *changes = calloc(count, sizeof(*changes));
    struct registry_transaction *t = NULL;
    size_t failed = 0;

    for (unsigned n = 0; changes && n < count; n++)
        changes[n] = (struct registry_change){.record = &all[n].record, .key = all[n].key.key};
    backend->begin(backend->context);
    enum err err = changes ? registry_prepare(backend->registry, changes, count, who,
                                              backend->now(backend->context), &t, &failed)
                           : ERR_MEMORY;
    if (err == ERR_OK)
        registry_commit(t);
    foreign_fail(result, err, failed < count ? &all[failed].record : NULL);
    result->wait = backend->wait(backend->context);
    backend->changed(backend->context);
    free(changes);
}

static void set(struct call *call, const struct uri_query *form, const struct foreign *f,
                unsigned count, struct foreign_result *result)
{
    struct foreign_key key;
    struct http_registrant who;
    struct setting *all = NULL;
    bool fine = foreign_key_make(call->http, f, &key, result) &&
                foreign_admit(call, &key.key, &who, result);

    if (fine && !(all = calloc(count, sizeof(*all)))) {
        foreign_fail(result, ERR_MEMORY, NULL);
        return;
    }
    for (unsigned n = 0; n < count && fine; n++) {
        fine = prepare_one(call, form, n, f, &all[n], result);
        if (fine && is_twice(all, n)) {
            foreign_say(result, FOREIGN_BAD, "a hostname is given twice");
            fine = false;
        }
    }
    if (fine)
        commit(call, all, count, &who.who, result);
    settings_free(all, all ? count : 0);
}

/* What is given at all is given for each. */
static bool fits(const struct uri_query *form, const char *name, unsigned count)
{
    unsigned given = uri_query_count(form, name);

    return given == 0 || given == count;
}

void bili_set(struct call *call)
{
    struct foreign_result result = {0};
    struct foreign_body body;
    enum err err = foreign_body_form(call, true, &body);
    const struct uri_query *form = &body.form;
    unsigned count = err ? 0 : uri_query_count(form, "hostname");

    if (err)
        bili_refuse(call, "the form is not well formed");
    else if (!body.foreign.env.n || !body.foreign.appid.n || !count)
        bili_refuse(call, "env, appid and hostname are required");
    else if (!fits(form, "status", count) || !fits(form, "metadata", count))
        bili_refuse(call, "status and metadata are given for each hostname, or for none");
    else {
        set(call, form, &body.foreign, count, &result);
        bili_reply_change(call, &result, NULL);
    }
    foreign_body_deinit(&body);
}

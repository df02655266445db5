#include "http/foreign_body.h"

#include <event2/buffer.h>
#include <stdlib.h>

void foreign_body_deinit(struct foreign_body *body)
{
    json_decref(body->json);
    json_decref(body->metadata);
    uri_query_deinit(&body->form);
    *body = (struct foreign_body){0};
}

/* The bytes of the body; NULL with *n 0 when there are none or memory lacks. */
static const char *bytes_of(struct call *call, size_t *n)
{
    struct evbuffer *buffer = evhttp_request_get_input_buffer(call->request);
    const char *bytes = NULL;

    *n = evbuffer_get_length(buffer);
    if (*n)
        bytes = (const char *)evbuffer_pullup(buffer, -1);
    if (!bytes)
        *n = 0;
    return bytes;
}

/* ---- JSON ------------------------------------------------------------------------ */

/* Beginning with the name as documented; Go's own way to write a field's name, without '_',
 * is taken, too. */
static bool is_named(const char *given, const char *name)
{
    for (;; given++, name++) {
        if (*name == '_' && *given != '_')
            name++;
        if (ascii_lower(*given) != *name)
            return false;
        if (!*name)
            return true;
    }
}

static enum err take_text(const json_t *value, struct text *out)
{
    if (!json_is_string(value))
        return ERR_SYNTAX;
    *out = (struct text){json_string_value(value), json_string_length(value)};
    return ERR_OK;
}

static enum err take_number(const json_t *value, uint64_t max, uint64_t *out)
{
    if (json_is_string(value) && json_string_length(value) == 0)
        return ERR_OK;
    if (json_is_string(value))
        return text_number(text_of(json_string_value(value)), max, out) ? ERR_SYNTAX : ERR_OK;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        (uint64_t)json_integer_value(value) > max)
        return ERR_SYNTAX;
    *out = (uint64_t)json_integer_value(value);
    return ERR_OK;
}

static enum err take_time(const json_t *value, int64_t *out)
{
    uint64_t time = (uint64_t)*out;
    enum err err = take_number(value, INT64_MAX, &time);

    *out = (int64_t)time;
    return err;
}

static enum err take_places(const json_t *value, struct foreign *f)
{
    if (!json_is_array(value) || json_array_size(value) > PLACES_MAX)
        return ERR_SYNTAX;
    f->place_count = 0;
    for (size_t n = 0; n < json_array_size(value); n++)
        if (take_text(json_array_get(value, n), &f->places[f->place_count++]) != ERR_OK)
            return ERR_SYNTAX;
    return ERR_OK;
}

static enum err take_member(const char *name, const json_t *value, struct foreign *f)
{
    if (is_named(name, "env"))
        return take_text(value, &f->env);
    if (is_named(name, "appid"))
        return take_text(value, &f->appid);
    if (is_named(name, "hostname"))
        return take_text(value, &f->hostname);
    if (is_named(name, "version"))
        return take_text(value, &f->version);
    if (is_named(name, "addrs"))
        return take_places(value, f);
    if (is_named(name, "status")) {
        f->status_given = true;
        return take_number(value, UINT32_MAX, &f->status);
    }
    if (is_named(name, "latest_timestamp"))
        return take_time(value, &f->latest);
    if (is_named(name, "dirty_timestamp"))
        return take_time(value, &f->dirty);
    return ERR_OK;
}

enum err foreign_body_json(struct call *call, struct foreign_body *out)
{
    const char *name;
    json_t *value;
    size_t n;

    *out = (struct foreign_body){0};
    const char *bytes = bytes_of(call, &n);
    out->json = bytes ? json_loadb(bytes, n, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    if (!json_is_object(out->json))
        return ERR_SYNTAX;
    json_object_foreach(out->json, name, value)
    {
        if (!json_is_null(value) && take_member(name, value, &out->foreign) != ERR_OK)
            return ERR_SYNTAX;
    }
    return ERR_OK;
}

/* ---- forms ----------------------------------------------------------------------- */

static json_t *text_member(json_t *value)
{
    if (json_is_string(value))
        return json_incref(value);
    if (json_is_integer(value))
        return json_sprintf("%jd", (intmax_t)json_integer_value(value));
    if (json_is_boolean(value))
        return json_string(json_is_true(value) ? "true" : "false");
    if (json_is_real(value))
        return json_sprintf("%.15g", json_real_value(value));
    return NULL;
}

json_t *foreign_metadata(struct text json)
{
    json_t *given = json_loadb(json.n ? json.s : "", json.n, 0, NULL), *value;
    json_t *texts = json_is_object(given) ? json_object() : NULL;
    const char *name;

    json_object_foreach(texts ? given : NULL, name, value)
    {
        if (json_is_null(value))
            continue;
        json_t *text = text_member(value);
        if (!text || json_object_set_new(texts, name, text) != 0) {
            json_decref(texts);
            texts = NULL;
            break;
        }
    }
    json_decref(given);
    return texts;
}

static enum err form_places(const struct uri_query *q, struct foreign *f)
{
    struct text list;

    for (unsigned n = 0; (list = uri_query_nth(q, "addrs", n)).s; n++)
        while (list.n) {
            struct text place = text_cut(&list, ',');
            if (f->place_count == PLACES_MAX)
                return ERR_SYNTAX;
            if (place.n)
                f->places[f->place_count++] = place;
        }
    return ERR_OK;
}

static enum err form_number(const struct uri_query *q, const char *name, uint64_t max,
                            uint64_t *out)
{
    struct text value = uri_query_get(q, name);

    *out = 0;
    return value.n && text_number(value, max, out) ? ERR_SYNTAX : ERR_OK;
}

/* An empty "metadata" is what the Go client sends for none; "null" is what its encoder makes
 * of a map that was never made. */
static enum err form_metadata(const struct uri_query *q, struct foreign_body *out)
{
    struct text metadata = uri_query_get(q, "metadata"), color = uri_query_get(q, "color");

    if (metadata.n && !text_is(metadata, TEXT("null"))) {
        out->metadata = foreign_metadata(metadata);
        if (!out->metadata)
            return ERR_SYNTAX;
    }
    if (color.n) {
        if (!out->metadata)
            out->metadata = json_object();
        json_t *text = json_stringn(color.s, color.n);
        if (!text || json_object_set_new(out->metadata, "color", text) != 0)
            return ERR_SYNTAX;
    }
    out->foreign.metadata = out->metadata;
    return ERR_OK;
}

enum err foreign_body_query(const struct uri_query *q, struct foreign_body *out)
{
    struct foreign *f = &out->foreign;
    uint64_t dirty, latest;

    *f = (struct foreign){.env = uri_query_get(q, "env"),
                          .appid = uri_query_get(q, "appid"),
                          .hostname = uri_query_get(q, "hostname"),
                          .version = uri_query_get(q, "version"),
                          .zone = uri_query_get(q, "zone"),
                          .region = uri_query_get(q, "region")};
    if (form_places(q, f) || form_number(q, "status", UINT32_MAX, &f->status) ||
        form_number(q, "dirty_timestamp", INT64_MAX, &dirty) ||
        form_number(q, "latest_timestamp", INT64_MAX, &latest))
        return ERR_SYNTAX;
    f->status_given = uri_query_get(q, "status").n > 0;
    f->dirty = (int64_t)dirty;
    f->latest = (int64_t)latest;
    return ERR_OK;
}

enum err foreign_body_form(struct call *call, bool many, struct foreign_body *out)
{
    size_t n;
    const char *bytes = bytes_of(call, &n);

    *out = (struct foreign_body){0};
    if (!n || memchr(bytes, '\0', n))
        return ERR_SYNTAX;
    char *text = strndup(bytes, n);
    enum err err = text ? uri_query_parse(text, "*", &out->form) : ERR_MEMORY;
    free(text);
    if (err == ERR_OK)
        err = foreign_body_query(&out->form, out);
    if (err == ERR_OK && !many)
        err = form_metadata(&out->form, out);
    return err == ERR_SPACE ? ERR_SYNTAX : err;
}

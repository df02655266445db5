#include "http/body.h"

#include <event2/buffer.h>
#include <stdio.h>

#include "http/reply.h"

enum { NAME_SHOWN = 40 };

json_t *body_object(struct call *call)
{
    struct evbuffer *buffer = evhttp_request_get_input_buffer(call->request);
    size_t size = evbuffer_get_length(buffer);

    if (!size) {
        reply_problem(call->http, call->request, 400, "the body is empty: send a JSON object");
        return NULL;
    }
    const char *bytes = (const char *)evbuffer_pullup(buffer, -1);
    json_error_t error = {0};
    json_t *json = bytes ? json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error) : NULL;

    if (json_is_object(json))
        return json;
    /* jansson has no words where memory lacked. */
    if (!bytes || (!json && (json_error_code(&error) == json_error_out_of_memory || !*error.text)))
        reply_problem(call->http, call->request, 503, "out of memory; try again later");
    else if (!json)
        reply_problem(call->http, call->request, 400,
                      "the body is not well-formed JSON: line %d, column %d: %s", error.line,
                      error.column, error.text);
    else
        reply_problem(call->http, call->request, 400, "the body is not a JSON object: send {...}");
    json_decref(json);
    return NULL;
}

static const struct body_member *find(const struct body_member *members, size_t count,
                                      const char *name)
{
    for (size_t n = 0; n < count; n++)
        if (strcmp(members[n].name, name) == 0)
            return &members[n];
    return NULL;
}

/* Cuts between characters: what is not UTF-8 could not be put into the reply. */
void body_list_add(char list[static BODY_LIST_MAX], const char *name)
{
    size_t used = strlen(list), n = strlen(name);
    bool is_long = n > NAME_SHOWN;

    if (is_long)
        for (n = NAME_SHOWN; n && ((unsigned char)name[n] & 0xc0) == 0x80;)
            n--;
    if (used + n + 8 < BODY_LIST_MAX)
        snprintf(list + used, BODY_LIST_MAX - used, "%s\"%.*s%s\"", used ? ", " : "", (int)n, name,
                 is_long ? "..." : "");
    for (char *c = list + used; *c; c++) /* for terminals, too */
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}

bool body_is_known(struct call *call, json_t *json, const struct body_member *members, size_t count)
{
    char unknown[BODY_LIST_MAX] = "", known[BODY_LIST_MAX] = "";
    const char *name;
    json_t *value;

    json_object_foreach(json, name, value)
    {
        if (!find(members, count, name))
            body_list_add(unknown, name);
    }
    for (size_t n = 0; n < count; n++)
        body_list_add(known, members[n].name);
    if (!*unknown)
        return true;
    reply_problem(call->http, call->request, 422, "unknown members: %s; known here: %s", unknown,
                  *known ? known : "none, leave the body out or send {}");
    return false;
}

/* False: the reply was sent. */
static bool take(struct call *call, const json_t *json, const struct body_member *m)
{
    const json_t *value = json_object_get(json, m->name);
    bool fits = m->is_text ? json_is_string(value) : json_is_boolean(value);

    if (!value)
        return true;
    if (!fits) {
        reply_problem(call->http, call->request, 422, "\"%s\" is %s", m->name,
                      m->is_text ? "a text: \"...\"" : "true or false");
        return false;
    }
    if (m->is_text)
        *m->text = json_string_value(value);
    else
        *m->truth = json_is_true(value);
    return true;
}

json_t *body_read(struct call *call, const struct body_member *members, size_t count)
{
    json_t *json = body_object(call);
    bool fine = json && body_is_known(call, json, members, count);

    for (size_t n = 0; n < count && fine; n++)
        fine = take(call, json, &members[n]);
    if (fine)
        return json;
    json_decref(json);
    return NULL;
}

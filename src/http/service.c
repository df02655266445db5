/* GET /v1/services/S: one service with its instances. The ids are noted at once, the
 * instances looked up when their turn comes: what went away meanwhile is left out,
 * what is new is not in it, "index" says as of when. */
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/instance.h"
#include "http/name.h"
#include "http/reply.h"
#include "http/stream.h"

#define SORTED_MAX 1000 /* more than that stay in the registry's order */

struct roll {
    struct http *http;
    char ns[NAMESPACE_MAX + 1], name[SERVICE_MAX + 1];
    uint64_t index;
    uint32_t left, stale;
    bool opened, some;
    const char *at; /* the next id: a length byte, then the text */
    char ids[];
};

static int compare_ids(const void *a, const void *b)
{
    const struct instance *const *left = a, *const *right = b;
    return text_compare(instance_key(*left).id, instance_key(*right).id);
}

static char *put_id(char *at, struct text id)
{
    *at++ = (char)id.n;
    memcpy(at, id.s, id.n);
    return at + id.n;
}

static void note_ids(const struct service *s, char *at)
{
    const struct instance *sorted[SORTED_MAX];
    uint32_t count = service_count(s);

    if (count > SORTED_MAX) {
        for (uint32_t n = 0; n < count; n++)
            at = put_id(at, instance_key(service_instance(s, n)).id);
        return;
    }
    for (uint32_t n = 0; n < count; n++)
        sorted[n] = service_instance(s, n);
    qsort(sorted, count, sizeof(sorted[0]), compare_ids);
    for (uint32_t n = 0; n < count; n++)
        at = put_id(at, instance_key(sorted[n]).id);
}

static struct roll *roll_new(struct http *http, const struct service *s, size_t *size)
{
    *size = sizeof(struct roll);
    for (uint32_t n = 0; n < service_count(s); n++)
        *size += 1 + instance_key(service_instance(s, n)).id.n;
    struct roll *r = calloc(1, *size);
    if (!r)
        return NULL;
    r->http = http;
    r->index = service_index(s);
    r->left = service_count(s);
    r->stale = service_stale(s);
    r->at = r->ids;
    note_ids(s, r->ids);
    if (text_copy(service_namespace(s), r->ns, sizeof(r->ns)) == ERR_OK &&
        text_copy(service_name(s), r->name, sizeof(r->name)) == ERR_OK)
        return r;
    free(r);
    return NULL;
}

/* ---- producing ------------------------------------------------------------------ */

static const struct instance *take(struct roll *r)
{
    struct text id = {r->at + 1, (unsigned char)r->at[0]};
    struct instance_key key = {text_of(r->ns), text_of(r->name), id};

    r->at += 1 + id.n;
    r->left--;
    return registry_instance(r->http->backend.registry, key);
}

static enum err append_instance(struct roll *r, const struct instance *i, struct evbuffer *out)
{
    const struct http_backend *backend = &r->http->backend;
    json_t *json = instance_json(i, backend->now(backend->context));

    if (!json)
        return ERR_MEMORY;
    enum err err = evbuffer_add(out, ",", r->some ? 1 : 0) < 0 ? ERR_MEMORY : ERR_OK;
    if (err == ERR_OK)
        err = reply_append(out, json);
    json_decref(json);
    r->some = true;
    return err;
}

/* Names are lower-case letters, digits, '-', '_' and '.': nothing to escape. */
static int append_head(const struct roll *r, struct evbuffer *out)
{
    return evbuffer_add_printf(
        out, "{\"namespace\":\"%s\",\"name\":\"%s\",\"index\":%ju,\"stale\":%u,\"instances\":[",
        r->ns, r->name, (uintmax_t)r->index, r->stale);
}

static enum piece next_instance(void *state, struct evbuffer *out)
{
    struct roll *r = state;

    if (!r->opened && append_head(r, out) < 0)
        return PIECE_FAILED;
    r->opened = true;
    if (r->left == 0)
        return evbuffer_add(out, "]}", 2) < 0 ? PIECE_FAILED : PIECE_END;
    const struct instance *i = take(r);
    if (i && append_instance(r, i, out) != ERR_OK)
        return PIECE_FAILED;
    return PIECE_MORE;
}

/* ---- asking --------------------------------------------------------------------- */

/* RFC 9110 section 13.1.2, weak comparison: the tags without W/. */
static bool names_tag(struct text list, struct text tag)
{
    while (list.n) {
        struct text one = text_cut(&list, ',');
        while (one.n && (one.s[0] == ' ' || one.s[0] == '\t'))
            one = (struct text){one.s + 1, one.n - 1};
        while (one.n && (one.s[one.n - 1] == ' ' || one.s[one.n - 1] == '\t'))
            one.n--;
        if (one.n > 2 && memcmp(one.s, "W/", 2) == 0)
            one = (struct text){one.s + 2, one.n - 2};
        if (text_is(one, TEXT("*")) || text_is(one, tag))
            return true;
    }
    return false;
}

/* The indexes of two runs of the server have nothing to do with each other, so the
 * tag says which run it is from. True when the client has this very state. */
static bool is_known_to(struct call *call, const struct service *s)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(call->request);
    struct text asked = text_of(evhttp_find_header(headers, "If-None-Match"));
    char index[24], tag[48];

    snprintf(index, sizeof(index), "%ju", (uintmax_t)service_index(s));
    snprintf(tag, sizeof(tag), "W/\"%jx-%s\"", (uintmax_t)call->http->started_ms, index);
    reply_header(call->request, "X-Disc-Index", index);
    reply_header(call->request, "ETag", tag);
    return names_tag(asked, text_of(tag + 2));
}

static const struct service *find(struct call *call)
{
    struct text asked = uri_query_get(&call->query, "ns");
    char ns[NAMESPACE_MAX + 1], name[SERVICE_MAX + 1];

    return registry_service(call->http->backend.registry,
                            name_lower(asked.n ? asked : TEXT("default"), ns, sizeof(ns)),
                            name_lower(text_of(call->captured), name, sizeof(name)));
}

void service_get_one(struct call *call)
{
    static const struct stream_source source = {next_instance, free};
    const struct service *s = find(call);
    size_t size;

    if (!s) {
        reply_problem(call->http, call->request, 404,
                      "no such service is known in this namespace: see /v1/services");
        return;
    }
    if (is_known_to(call, s)) {
        reply_send(call->http, call->request, 304, NULL);
        return;
    }
    struct roll *r = roll_new(call->http, s, &size);
    if (r)
        stream_open(call, &source, r, size);
    else
        reply_problem(call->http, call->request, 503, "out of memory; try again later");
}

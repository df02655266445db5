/* GET /v1/services/S: one service with its instances, in the order of their ids. The ids are
 * noted at once, the instances looked up when their turn comes: what went away meanwhile is
 * left out, what is new is not in it, "index" says as of when. */
#include <event2/buffer.h>
#include <stdlib.h>

#include "http/filter.h"
#include "http/instance.h"
#include "http/name.h"
#include "http/reply.h"
#include "http/roster.h"
#include "http/service.h"
#include "http/stream.h"
#include "http/version.h"
#include "http/watch.h"

enum { LIMIT_MAX = 20000 };

struct roll {
    struct http *http;
    char ns[NAMESPACE_MAX + 1], name[SERVICE_MAX + 1];
    uint64_t index;
    uint32_t stale, left;
    struct filter filter;
    struct roster *roster;
    bool ordered, some;
    char last[INSTANCE_ID_MAX + 1]; /* that the client has */
};

static void roll_free(void *state)
{
    struct roll *r = state;

    if (r)
        roster_free(r->roster);
    free(r);
}

/* ---- producing ------------------------------------------------------------------ */

/* Names are lower-case letters, digits, '-', '_' and '.': nothing to escape. */
static enum piece open_roll(struct roll *r, struct evbuffer *out)
{
    roster_order(r->roster);
    r->ordered = true;
    int n = evbuffer_add_printf(
        out, "{\"namespace\":\"%s\",\"name\":\"%s\",\"index\":%ju,\"stale\":%u,\"instances\":[",
        r->ns, r->name, (uintmax_t)r->index, r->stale);
    return n < 0 ? PIECE_FAILED : PIECE_MORE;
}

static enum piece close_roll(const struct roll *r, bool more, struct evbuffer *out)
{
    int n = more ? evbuffer_add_printf(out, "],\"next\":\"%s\"}", r->last)
                 : evbuffer_add_printf(out, "],\"next\":null}");
    return n < 0 ? PIECE_FAILED : PIECE_END;
}

static enum err append_instance(struct roll *r, const struct instance *i, struct moment now,
                                struct evbuffer *out)
{
    enum err err = reply_append_item(out, !r->some, instance_json(i, now));

    if (err == ERR_OK)
        err = text_copy(instance_key(i).id, r->last, sizeof(r->last));
    r->some = true;
    r->left--;
    return err;
}

static enum piece next_instance(void *state, struct evbuffer *out)
{
    struct roll *r = state;
    const struct http_backend *backend = &r->http->backend;
    struct moment now = backend->now(backend->context);
    struct text id;

    if (!r->ordered)
        return open_roll(r, out);
    if (!roster_take(r->roster, &id))
        return close_roll(r, false, out);
    const struct instance *i = registry_instance(
        backend->registry, (struct instance_key){text_of(r->ns), text_of(r->name), id});
    if (!i || !filter_matches(&r->filter, i, now))
        return PIECE_MORE;
    if (!r->left)
        return close_roll(r, true, out);
    return append_instance(r, i, now, out) == ERR_OK ? PIECE_MORE : PIECE_FAILED;
}

/* ---- asking --------------------------------------------------------------------- */

/* What is wrong with the question, or NULL. */
static const char *read_page(const struct uri_query *query, struct roll *r, struct text *after,
                             char room[static INSTANCE_ID_MAX + 1])
{
    struct text wanted = uri_query_get(query, "after"), limit = uri_query_get(query, "limit");
    uint64_t number = UINT32_MAX;

    if (wanted.n > INSTANCE_ID_MAX)
        return "after is what \"next\" said in the page before, the id of an instance";
    if (limit.s && (text_number(limit, LIMIT_MAX, &number) != ERR_OK || number == 0))
        return "limit is a number from 1 to 20000";
    *after = name_lower(wanted, room, INSTANCE_ID_MAX + 1);
    r->left = (uint32_t)number;
    return filter_parse(query, &r->filter);
}

const char *service_fault(const struct call *call)
{
    struct roll r = {.http = call->http};
    char room[INSTANCE_ID_MAX + 1];
    struct text after;

    return read_page(&call->query, &r, &after, room);
}

static bool fill(struct roll *r, const struct service *s, struct text after)
{
    r->index = service_index(s);
    r->stale = service_stale(s);
    r->roster = roster_new(s, after);
    return r->roster && text_copy(service_namespace(s), r->ns, sizeof(r->ns)) == ERR_OK &&
           text_copy(service_name(s), r->name, sizeof(r->name)) == ERR_OK;
}

/* Takes `r`. */
static void reply_roll(struct call *call, const struct service *s, struct roll *r)
{
    static const struct stream_source source = {.next = next_instance, .free = roll_free};
    char room[INSTANCE_ID_MAX + 1];
    struct text after;
    const char *fault = read_page(&call->query, r, &after, room);

    if (fault) {
        reply_problem(call->http, call->request, 400, "%s", fault);
    } else if (!version_is_known(call, service_index(s))) {
        if (fill(r, s, after)) {
            stream_open(call, &source, r, sizeof(*r) + roster_size(r->roster));
            return;
        }
        reply_json(call, NULL);
    }
    roll_free(r);
}

const struct service *service_asked(const struct call *call)
{
    struct text asked = uri_query_get(&call->query, "ns");
    char ns[NAMESPACE_MAX + 1], name[SERVICE_MAX + 1];

    return registry_service(call->http->backend.registry,
                            name_lower(asked.n ? asked : TEXT("default"), ns, sizeof(ns)),
                            name_lower(text_of(call->captured[0]), name, sizeof(name)));
}

void service_read(struct call *call)
{
    const struct service *s = service_asked(call);
    struct roll *r = s ? calloc(1, sizeof(*r)) : NULL;

    if (r) {
        r->http = call->http;
        reply_roll(call, s, r);
    } else if (s) {
        reply_json(call, NULL);
    } else {
        reply_problem(call->http, call->request, 404,
                      "no such service is known in this namespace: see /v1/services");
    }
}

void service_get_one(struct call *call)
{
    reply_header(call->request, "Vary", "Accept"); /* an event stream, or JSON */
    if (!watch_service(call))
        service_read(call);
}

enum err service_body(struct http *http, const struct service *s, size_t max, struct evbuffer *out)
{
    struct roll r = {.http = http, .left = UINT32_MAX};
    enum piece piece = fill(&r, s, (struct text){NULL, 0}) ? PIECE_MORE : PIECE_FAILED;

    while (piece == PIECE_MORE && evbuffer_get_length(out) <= max)
        piece = next_instance(&r, out);
    roster_free(r.roster);
    if (piece == PIECE_FAILED)
        return ERR_MEMORY;
    return evbuffer_get_length(out) <= max ? ERR_OK : ERR_SPACE;
}

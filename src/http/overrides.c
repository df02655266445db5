/* GET /v1/overrides: a page of what operators decided, in the order of (namespace, service,
 * instance), also of instances that are not there. Goes by names, as the list of services does:
 * the registry may change between two slices. */
#include <event2/buffer.h>
#include <stdlib.h>

#include "http/instance.h"
#include "http/page.h"
#include "http/reply.h"
#include "http/stream.h"

enum { ROWS = 32 /* in one piece */ };

struct listing {
    struct http *http;
    struct page page;
    struct service_place at; /* how far the services were walked */
    bool inside;             /* of the service at `at` more may come */
    bool opened, some;
};

/* ---- producing ------------------------------------------------------------------ */

static json_t *row_json(const struct registry *r, struct instance_key key,
                        const struct override *value)
{
    return json_pack("{s:s%, s:s%, s:s%, s:b, s:o}", "namespace", key.ns.s, key.ns.n, "service",
                     key.service.s, key.service.n, "instance", key.id.s, key.id.n, "registered",
                     registry_instance(r, key) != NULL, "override", instance_override_json(value));
}

static enum err append_row(struct listing *l, const struct override_row *row, struct evbuffer *out)
{
    struct instance_key key = {text_of(l->at.ns), text_of(l->at.name), row->id};
    json_t *json = row_json(l->http->backend.registry, key, &row->value);
    enum err err = reply_append_item(out, !l->some, json);

    l->some = true;
    l->page.left--;
    l->page.after = l->at;
    return err == ERR_OK ? text_copy(row->id, l->page.id, sizeof(l->page.id)) : err;
}

static enum piece close_list(const struct listing *l, bool more, struct evbuffer *out)
{
    int n = more ? evbuffer_add_printf(out, "],\"next\":\"%s/%s/%s\"}", l->page.after.ns,
                                       l->page.after.name, l->page.id)
                 : evbuffer_add_printf(out, "],\"next\":null}");
    return n < 0 ? PIECE_FAILED : PIECE_END;
}

/* Some more of the service at `at`, which may have been forgotten meanwhile. */
static enum piece next_rows(struct listing *l, struct evbuffer *out)
{
    const struct service *s =
        registry_service(l->http->backend.registry, text_of(l->at.ns), text_of(l->at.name));
    bool begun =
        strcmp(l->at.ns, l->page.after.ns) == 0 && strcmp(l->at.name, l->page.after.name) == 0;
    struct text told = begun ? text_of(l->page.id) : (struct text){0};
    struct override_row rows[ROWS];
    size_t count = s ? service_overrides(s, told, rows, ROWS) : 0;

    l->inside = count == ROWS;
    for (size_t n = 0; n < count; n++) {
        if (l->page.left == 0)
            return close_list(l, true, out);
        if (append_row(l, &rows[n], out) != ERR_OK)
            return PIECE_FAILED;
    }
    return PIECE_MORE;
}

static enum piece next_piece(void *state, struct evbuffer *out)
{
    struct listing *l = state;

    if (!l->opened && evbuffer_add_printf(out, "{\"overrides\":[") < 0)
        return PIECE_FAILED;
    l->opened = true;
    if (l->inside)
        return next_rows(l, out);
    const struct service *s = service_step(l->http->backend.registry, text_of(l->page.ns), &l->at);
    if (!s)
        return close_list(l, false, out);
    l->inside = service_is_behind(s, &l->page.after);
    return PIECE_MORE;
}

/* ---- asking --------------------------------------------------------------------- */

void overrides_get_all(struct call *call)
{
    static const struct stream_source source = {.next = next_piece, .free = free};
    struct listing *l = calloc(1, sizeof(*l));

    if (!l) {
        reply_problem(call->http, call->request, 503, "out of memory; try again later");
        return;
    }
    l->http = call->http;
    const char *fault = page_read(&call->query, true, &l->page);
    if (!fault) {
        l->at = l->page.after;
        l->inside = l->at.set;
        stream_open(call, &source, l, sizeof(*l));
        return;
    }
    free(l);
    reply_problem(call->http, call->request, 400, "%s", fault);
}

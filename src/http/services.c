/* GET /v1/services: a page of the list of services, in the order of (namespace, name).
 * The registry may change between two slices, so the list goes by names: `at` is how
 * far the registry was walked, `page.after` what the client has. They are one place except
 * when the service at `at` was forgotten meanwhile: then the walk begins anew and
 * passes over what the client has. */
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/instance.h"
#include "http/name.h"
#include "http/page.h"
#include "http/reply.h"
#include "http/service.h"
#include "http/stream.h"
#include "http/version.h"
#include "http/watch.h"

struct listing {
    struct http *http;
    struct page page;
    char part[SERVICE_MAX + 1]; /* of the name; "" = any */
    struct service_place at;
    bool opened, some;
};

static bool has_part(const struct service *s, const char *part)
{
    struct text name = service_name(s);
    return !*part || memmem(name.s, name.n, part, strlen(part));
}

/* ---- producing ------------------------------------------------------------------ */

static enum err append_service(struct listing *l, const struct service *s, struct evbuffer *out)
{
    const struct http_backend *backend = &l->http->backend;
    struct text ns = service_namespace(s), name = service_name(s);
    struct moment now = backend->now(backend->context);
    json_t *json = json_pack("{s:s%, s:s%, s:I, s:I, s:I, s:I}", "namespace", ns.s, ns.n, "name",
                             name.s, name.n, "instances", (json_int_t)service_count(s), "live",
                             (json_int_t)service_live(s, now), "stale",
                             (json_int_t)service_stale(s), "index", (json_int_t)service_index(s));
    enum err err = reply_append_item(out, !l->some, json);

    l->some = true;
    return err;
}

static enum piece close_list(struct evbuffer *out, const struct service_place *next)
{
    int n = next ? evbuffer_add_printf(out, "],\"next\":\"%s/%s\"}", next->ns, next->name)
                 : evbuffer_add_printf(out, "],\"next\":null}");
    return n < 0 ? PIECE_FAILED : PIECE_END;
}

static enum piece next_service(void *state, struct evbuffer *out)
{
    struct listing *l = state;

    if (!l->opened && evbuffer_add_printf(out, "{\"services\":[") < 0)
        return PIECE_FAILED;
    l->opened = true;
    const struct service *s = service_step(l->http->backend.registry, text_of(l->page.ns), &l->at);
    if (!s)
        return close_list(out, NULL);
    if (!service_is_behind(s, &l->page.after) || !has_part(s, l->part))
        return PIECE_MORE;
    if (l->page.left == 0)
        return close_list(out, &l->page.after);
    l->page.left--;
    l->page.after = l->at;
    return append_service(l, s, out) == ERR_OK ? PIECE_MORE : PIECE_FAILED;
}

/* ---- asking --------------------------------------------------------------------- */

/* What is wrong with the question, or NULL. */
static const char *read_question(const struct uri_query *query, struct listing *l)
{
    struct text part = uri_query_get(query, "q");
    const char *fault = page_read(query, false, &l->page);

    if (fault)
        return fault;
    if (part.n >= sizeof(l->part))
        return "q is a part of a service's name, which has 127 characters at most";
    name_lower(part, l->part, sizeof(l->part));
    l->at = l->page.after;
    return NULL;
}

const char *services_fault(const struct call *call)
{
    struct listing l = {.http = call->http};

    return read_question(&call->query, &l);
}

void services_read(struct call *call)
{
    static const struct stream_source source = {.next = next_service, .free = free};
    struct listing *l = calloc(1, sizeof(*l));

    if (!l) {
        reply_problem(call->http, call->request, 503, "out of memory; try again later");
        return;
    }
    l->http = call->http;
    const char *fault = read_question(&call->query, l);
    if (fault) {
        free(l);
        reply_problem(call->http, call->request, 400, "%s", fault);
        return;
    }
    if (version_is_known(call, registry_index(call->http->backend.registry)))
        free(l);
    else
        stream_open(call, &source, l, sizeof(*l));
}

void services_get(struct call *call)
{
    reply_header(call->request, "Vary", "Accept"); /* an event stream, or JSON */
    if (!watch_services(call))
        services_read(call);
}

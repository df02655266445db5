/* GET /v1/services: a page of the list of services, in the order of (namespace, name).
 * The registry may change between two slices, so the list goes by names: `at` is how
 * far the registry was walked, `after` what the client has. They are one place except
 * when the service at `at` was forgotten meanwhile: then the walk begins anew and
 * passes over what the client has. */
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/instance.h"
#include "http/reply.h"
#include "http/service.h"
#include "http/service_place.h"
#include "http/stream.h"
#include "http/version.h"
#include "http/watch.h"

enum { LIMIT_DEFAULT = 1000, LIMIT_MAX = 10000 };

struct listing {
    struct http *http;
    char ns[NAMESPACE_MAX + 1]; /* "" = all */
    char part[SERVICE_MAX + 1]; /* of the name; "" = any */
    struct service_place at, after;
    uint32_t left;
    bool opened, some;
};

static void lower(char *s)
{
    for (; *s; s++)
        *s = ascii_lower(*s);
}

static enum err place_parse(struct text t, struct service_place *out)
{
    struct text name = t, ns = text_cut(&name, '/');

    if (!ns.n || !name.n || text_copy(ns, out->ns, sizeof(out->ns)) != ERR_OK ||
        text_copy(name, out->name, sizeof(out->name)) != ERR_OK)
        return ERR_SYNTAX;
    lower(out->ns);
    lower(out->name);
    out->set = true;
    return ERR_OK;
}

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

    if (!json)
        return ERR_MEMORY;
    enum err err = evbuffer_add(out, ",", l->some ? 1 : 0) < 0 ? ERR_MEMORY : ERR_OK;
    if (err == ERR_OK)
        err = reply_append(out, json);
    json_decref(json);
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
    const struct service *s = service_step(l->http->backend.registry, text_of(l->ns), &l->at);
    if (!s)
        return close_list(out, NULL);
    if (!service_is_behind(s, &l->after) || !has_part(s, l->part))
        return PIECE_MORE;
    if (l->left == 0)
        return close_list(out, &l->after);
    l->left--;
    l->after = l->at;
    return append_service(l, s, out) == ERR_OK ? PIECE_MORE : PIECE_FAILED;
}

/* ---- asking --------------------------------------------------------------------- */

/* What is wrong with the question, or NULL. */
static const char *read_page(const struct uri_query *query, struct listing *l)
{
    struct text ns = uri_query_get(query, "ns"), after = uri_query_get(query, "after"),
                limit = uri_query_get(query, "limit"), part = uri_query_get(query, "q");
    uint64_t number = LIMIT_DEFAULT;

    if (ns.n && !text_is_label(ns, NAMESPACE_MAX))
        return "ns is the name of a namespace, such as default";
    if (text_copy(ns, l->ns, sizeof(l->ns)) != ERR_OK)
        return "ns is too long";
    lower(l->ns);
    if (after.n && place_parse(after, &l->after) != ERR_OK)
        return "after is what \"next\" said in the page before, such as default/hello-svc";
    if (ns.n && l->after.set && strcmp(l->ns, l->after.ns) != 0)
        return "after is of another namespace than ns";
    if (limit.s && (text_number(limit, LIMIT_MAX, &number) != ERR_OK || number == 0))
        return "limit is a number from 1 to 10000";
    if (text_copy(part, l->part, sizeof(l->part)) != ERR_OK)
        return "q is a part of a service's name, which has 127 characters at most";
    lower(l->part);
    l->left = (uint32_t)number;
    l->at = l->after;
    return NULL;
}

const char *services_fault(const struct call *call)
{
    struct listing l = {.http = call->http};

    return read_page(&call->query, &l);
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
    const char *fault = read_page(&call->query, l);
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

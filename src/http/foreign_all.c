/* Every service of every namespace that is served, the namespaces' services of one name
 * together: the names of all namespaces are walked side by side. */
#include <event2/buffer.h>
#include <stdlib.h>

#include "http/foreign_list.h"
#include "http/foreign_view.h"
#include "http/muster.h"
#include "http/reply.h"
#include "http/stream.h"

/* How far one namespace is walked: `name` comes next; "" behind its last. */
struct walk {
    char ns[NAMESPACE_MAX + 1], name[SERVICE_MAX + 1];
};

struct all {
    struct http *http;
    struct foreign_envelope envelope;
    struct muster *muster;
    char name[SERVICE_MAX + 1]; /* of the services that are being written */
    bool opened, some, inside;  /* something is written; some service; its '[' */
    size_t size, count;
    struct walk walks[];
};

static void all_free(void *state)
{
    struct all *a = state;

    muster_free(a->muster);
    free(a);
}

static void advance(const struct all *a, struct walk *w)
{
    const struct service *s =
        registry_service_above(a->http->backend.registry, text_of(w->ns), text_of(w->name));

    if (!s || text_copy(service_name(s), w->name, sizeof(w->name)) != ERR_OK)
        w->name[0] = '\0';
}

static size_t all_size(const void *state)
{
    const struct all *a = state;

    return a->size + (a->muster ? muster_size(a->muster) : 0);
}

static struct walk *lowest(struct all *a)
{
    struct walk *found = NULL;

    for (size_t n = 0; n < a->count; n++) {
        struct walk *w = &a->walks[n];
        if (w->name[0] && (!found || text_compare(text_of(w->name), text_of(found->name)) < 0))
            found = w;
    }
    return found;
}

/* ---- producing ------------------------------------------------------------------- */

static int put(struct evbuffer *out, const char *text)
{
    return evbuffer_add(out, text, strlen(text));
}

static int end_name(struct all *a, struct evbuffer *out)
{
    bool inside = a->inside;

    a->inside = false;
    return inside ? put(out, "]") : 0;
}

/* The name as the client of the first instance wrote it; nothing in it is to be escaped. */
static int begin_instance(struct all *a, struct text given, struct evbuffer *out)
{
    if (a->inside)
        return put(out, ",");
    int failed = evbuffer_add_printf(out, "%s\"%.*s\":[", a->some ? "," : "", TEXT_ARG(given)) < 0;
    a->inside = a->some = true;
    return failed ? -1 : 0;
}

static enum err put_instance(struct all *a, const struct instance *i, struct evbuffer *out)
{
    struct foreign_view view;
    enum err err = ERR_MEMORY;

    foreign_view_init(&view, i);
    json_t *json = foreign_view_json(&view, a->envelope.bili);
    if (json && begin_instance(a, foreign_view_appid(&view), out) == 0)
        err = reply_append(out, json);
    json_decref(json);
    foreign_view_deinit(&view);
    return err;
}

static enum err next_instance(struct all *a, struct evbuffer *out)
{
    bool end;
    const struct instance *i = muster_next(a->muster, &end);

    if (!end)
        return i ? put_instance(a, i, out) : ERR_OK;
    muster_free(a->muster);
    a->muster = NULL;
    return ERR_OK;
}

static enum err next_service(struct all *a, struct walk *w, struct evbuffer *out)
{
    if (strcmp(a->name, w->name) != 0 && end_name(a, out) < 0)
        return ERR_MEMORY;
    memcpy(a->name, w->name, sizeof(a->name));
    a->muster = muster_new(a->http, text_of(w->ns), text_of(w->name));
    advance(a, w);
    return a->muster ? ERR_OK : ERR_MEMORY;
}

static enum piece next(void *state, struct evbuffer *out)
{
    struct all *a = state;

    if (!a->opened && (put(out, a->envelope.head) < 0 || put(out, "{") < 0))
        return PIECE_FAILED;
    a->opened = true;
    if (a->muster)
        return next_instance(a, out) == ERR_OK ? PIECE_MORE : PIECE_FAILED;
    struct walk *w = lowest(a);
    if (w)
        return next_service(a, w, out) == ERR_OK ? PIECE_MORE : PIECE_FAILED;
    return end_name(a, out) < 0 || put(out, "}}") < 0 ? PIECE_FAILED : PIECE_END;
}

/* ---- asking ---------------------------------------------------------------------- */

static struct all *all_new(struct http *http, const struct foreign_envelope *envelope,
                           const json_t *namespaces)
{
    size_t size = sizeof(struct all) + json_array_size(namespaces) * sizeof(struct walk);
    struct all *a = calloc(1, size);

    for (size_t n = 0; a && n < json_array_size(namespaces); n++) {
        struct walk *w = &a->walks[a->count];
        const json_t *name = json_object_get(json_array_get(namespaces, n), "name");
        a->http = http;
        if (text_copy(text_of(json_string_value(name)), w->ns, sizeof(w->ns)) != ERR_OK || !*w->ns)
            continue;
        advance(a, w);
        a->count++;
    }
    if (a) {
        a->envelope = *envelope;
        a->size = size;
    }
    return a;
}

void foreign_all_send(struct call *call, const struct foreign_envelope *envelope)
{
    static const struct stream_source source = {.next = next, .free = all_free, .size = all_size};
    const struct http_backend *backend = &call->http->backend;
    json_t *namespaces = backend->namespaces(backend->context);
    struct all *a = namespaces ? all_new(call->http, envelope, namespaces) : NULL;

    json_decref(namespaces);
    if (a)
        stream_open(call, &source, a, a->size);
    else
        reply_problem(call->http, call->request, 503, "out of memory; try again later");
}

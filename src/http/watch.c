#include "http/watch.h"

#include <event2/buffer.h>
#include <stdlib.h>

#include "http/event_stream.h"
#include "http/name.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/service.h"
#include "http/version.h"
#include "http/wait.h"

enum {
    WAIT_DEFAULT_MS = 30000,
    /* Of a service whose body is rendered once for all who waited. */
    BODY_INSTANCES_MAX = 256,
    BODY_BYTES_MAX = 131072, /* about a millisecond's worth */
};

/* What is watched; the names point into the rest. */
struct watched {
    struct text ns, service; /* `service` empty: the list */
    char ns_name[NAMESPACE_MAX + 2], service_name[SERVICE_MAX + 2];
};

/* ---- reading the question -------------------------------------------------------------- */

/* "500ms", "30s", "5m". */
static enum err take_duration(struct text t, uint32_t *ms)
{
    size_t digits = 0;
    uint64_t number, unit;

    while (digits < t.n && t.s[digits] >= '0' && t.s[digits] <= '9')
        digits++;
    struct text rest = {t.s + digits, t.n - digits};
    if (text_is(rest, TEXT("ms")))
        unit = 1;
    else if (text_is(rest, TEXT("s")))
        unit = 1000;
    else if (text_is(rest, TEXT("m")))
        unit = 60000;
    else
        return ERR_SYNTAX;
    enum err err = text_number((struct text){t.s, digits}, WAIT_MAX_MS / unit, &number);
    *ms = err ? 0 : (uint32_t)(number * unit);
    return err;
}

static struct text trim(struct text t)
{
    while (t.n && (t.s[0] == ' ' || t.s[0] == '\t'))
        t = (struct text){t.s + 1, t.n - 1};
    while (t.n && (t.s[t.n - 1] == ' ' || t.s[t.n - 1] == '\t'))
        t.n--;
    return t;
}

static bool wants_stream(const struct call *call)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(call->request);
    struct text accepted = text_of(evhttp_find_header(headers, "Accept"));

    if (text_is(uri_query_get(&call->query, "stream"), TEXT("1")))
        return true;
    while (accepted.n) {
        struct text one = text_cut(&accepted, ',');
        if (text_is_nocase(trim(text_cut(&one, ';')), TEXT("text/event-stream")))
            return true;
    }
    return false;
}

/* What no name has in it would not do in the JSON of an event, either. */
static bool could_be_known(struct text name, size_t max)
{
    for (size_t n = 0; n < name.n; n++) {
        char c = name.s[n];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return name.n <= max;
}

static bool take_names(const struct call *call, bool list, struct watched *w)
{
    struct text ns = uri_query_get(&call->query, "ns");

    if (!ns.n && !list)
        ns = TEXT("default");
    w->ns = name_lower(ns, w->ns_name, sizeof(w->ns_name));
    w->service = (struct text){"", 0};
    if (!list)
        w->service =
            name_lower(text_of(call->captured[0]), w->service_name, sizeof(w->service_name));
    return could_be_known(w->ns, NAMESPACE_MAX) && could_be_known(w->service, SERVICE_MAX);
}

/* ---- event streams --------------------------------------------------------------------- */

/* What a browser sends of its own goes before the address; what cannot be read is none of
 * ours, and whoever sent it gets all. */
static struct position resumed(const struct call *call, uint64_t asked, bool was_asked)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(call->request);
    struct text last = text_of(evhttp_find_header(headers, "Last-Event-ID"));
    struct position p = {.set = was_asked, .known = true, .index = asked};

    if (last.n)
        p.set = text_number(last, UINT64_MAX, &p.index) == ERR_OK;
    return p;
}

static void open_stream(struct call *call, const struct watched *w, uint64_t asked, bool was_asked)
{
    struct position from = resumed(call, asked, was_asked);

    event_stream_open(call, w->service.n ? &service_events : &list_events, w->ns, w->service,
                      &from);
}

/* ---- long polls ------------------------------------------------------------------------ */

/* What its path and query said when it came. False: memory lacks, that was replied. */
static bool read_again(struct call *call)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(call->request);
    const struct route *route;

    if (route_find(evhttp_request_get_command(call->request), evhttp_uri_get_path(uri), &route,
                   call->captured) == ROUTE_FOUND &&
        uri_query_parse(evhttp_uri_get_query(uri), route->repeats, &call->query) == ERR_OK)
        return true;
    reply_json(call, NULL);
    return false;
}

static void reply_unchanged(struct call *call, uint64_t index)
{
    if (!version_is_known(call, index))
        reply_send(call->http, call->request, 304, NULL);
}

/* Nothing else but what a long poll and a service need is asked for. */
static bool is_plain(const struct call *call)
{
    static const char *const known[] = {"ns", "index", "wait"};
    unsigned named = 0;

    for (size_t n = 0; n < ARRAY_COUNT(known); n++)
        named += uri_query_get(&call->query, known[n]).s != NULL;
    return named == call->query.count;
}

/* Empty: it is too large. */
static struct rendering *render_body(struct http *http, const struct service *s)
{
    struct evbuffer *bytes = evbuffer_new();
    struct rendering *body = NULL;
    enum err err = bytes ? service_body(http, s, BODY_BYTES_MAX, bytes) : ERR_MEMORY;

    if (err == ERR_SPACE)
        evbuffer_drain(bytes, evbuffer_get_length(bytes));
    if (err == ERR_OK || err == ERR_SPACE)
        body = rendering_of(bytes);
    if (bytes)
        evbuffer_free(bytes);
    return body;
}

/* All who waited for the same service get the same bytes. NULL when memory lacks; empty: it is
 * too large for that, which is found out once for all. */
static struct rendering *shared_body(struct http *http, const struct topic *topic,
                                     const struct service *s)
{
    struct shared_key key = {topic, SHARED_BODY, 0, service_index(s), 0};
    struct rendering *body = topics_shared(http->topics, &key);

    if (body)
        return body;
    body = render_body(http, s);
    if (body)
        topics_share(http->topics, &key, body);
    return body;
}

static void reply_shared(struct call *call, const struct service *s, struct rendering *body)
{
    struct evbuffer *out;

    if (version_is_known(call, service_index(s)))
        return;
    out = evbuffer_new();
    if (out && rendering_add(body, out) == ERR_OK)
        reply_send(call->http, call->request, 200, out);
    else
        reply_json(call, NULL);
    if (out)
        evbuffer_free(out);
}

static void answer(struct call *call)
{
    const struct service *s = service_asked(call);
    const struct topic *topic =
        s ? topics_find(call->http->topics, service_namespace(s), service_name(s)) : NULL;
    struct rendering *body = NULL;

    if (topic && service_count(s) <= BODY_INSTANCES_MAX && is_plain(call))
        body = shared_body(call->http, topic, s);
    if (body && rendering_size(body))
        reply_shared(call, s, body);
    else
        service_read(call);
    rendering_drop(body);
}

static void service_woken(struct call *call, bool changed, void *context)
{
    (void)context;
    if (!read_again(call))
        return;
    const struct service *s = service_asked(call);
    if (s && !changed)
        reply_unchanged(call, service_index(s));
    else
        answer(call);
    uri_query_deinit(&call->query);
}

static void list_woken(struct call *call, bool changed, void *context)
{
    (void)context;
    if (!changed) {
        reply_unchanged(call, registry_index(call->http->backend.registry));
        return;
    }
    if (read_again(call))
        services_read(call);
    uri_query_deinit(&call->query);
}

static void lost(void *context)
{
    (void)context; /* there is none */
}

static void hold(struct call *call, const struct watched *w, uint64_t since, uint32_t wait_ms)
{
    static const struct wait_action service_action = {service_woken, lost},
                                    list_action = {list_woken, lost};
    struct wait_for wanted = {w->ns, w->service};

    if (wait_open(call, &wanted, 1, since, wait_ms, w->service.n ? &service_action : &list_action,
                  NULL))
        return;
    reply_header(call->request, "Retry-After", "1");
    reply_problem(call->http, call->request, 503,
                  "too many clients are watching, or memory lacks; try again later");
}

/* The answer is there: the asker has seen less, or counts by another run of the server. */
static bool is_due(const struct call *call, uint64_t since)
{
    const struct service *s = service_asked(call);

    return since > registry_index(call->http->backend.registry) || (s && service_index(s) > since);
}

/* ---- the whole ------------------------------------------------------------------------- */

struct question {
    uint64_t index;
    uint32_t wait_ms;
    bool has_index, has_wait, streams;
};

/* What is wrong with it, or NULL. */
static const char *read_question(const struct call *call, struct question *q)
{
    struct text index = uri_query_get(&call->query, "index"),
                wait = uri_query_get(&call->query, "wait"),
                stream = uri_query_get(&call->query, "stream");

    *q = (struct question){.wait_ms = WAIT_DEFAULT_MS,
                           .has_index = index.s != NULL,
                           .has_wait = wait.s != NULL,
                           .streams = wants_stream(call)};
    if (index.s && text_number(index, UINT64_MAX, &q->index) != ERR_OK)
        return "index is a number, as X-Disc-Index said it";
    if (wait.s && take_duration(wait, &q->wait_ms) != ERR_OK)
        return "wait is a time such as 500ms, 30s or 5m, at most 10m";
    if (stream.s && !text_is(stream, TEXT("1")) && !text_is(stream, TEXT("0")))
        return "stream is 1 for an event stream, or left out";
    return NULL;
}

/* A stream goes on from an index, which says what of the whole was seen, not of a part. */
static const char *stream_fault(const struct call *call)
{
    static const char *const parts[] = {"where", "status", "live", "limit", "after", "q"};

    for (size_t n = 0; n < ARRAY_COUNT(parts); n++)
        if (uri_query_get(&call->query, parts[n]).s)
            return "an event stream tells of the whole service, or of all services (of ns): leave "
                   "where, status, live, limit, after and q out, and filter what comes; or ask "
                   "with index and wait instead of a stream";
    return NULL;
}

/* What holds later is checked now, or a question that has no answer would be held. */
static const char *fault_of(const struct call *call, const struct question *q, bool list)
{
    if (q->streams)
        return stream_fault(call);
    return list ? services_fault(call) : service_fault(call);
}

static bool reply_fault(const struct call *call, const char *fault)
{
    if (fault)
        reply_problem(call->http, call->request, 400, "%s", fault);
    return fault != NULL;
}

static bool watch(struct call *call, bool list)
{
    struct question q;
    struct watched w;

    if (evhttp_request_get_command(call->request) == EVHTTP_REQ_HEAD)
        return false;
    if (reply_fault(call, read_question(call, &q)))
        return true;
    if (!q.streams && !q.has_index && !q.has_wait)
        return false;
    if (reply_fault(call, fault_of(call, &q, list)))
        return true;
    /* Such a one is never known: the reply is what it is without waiting. */
    if (!take_names(call, list, &w))
        return false;
    if (q.streams)
        open_stream(call, &w, q.index, q.has_index);
    else if (!list && is_due(call, q.index))
        return false;
    else
        hold(call, &w, q.index, q.wait_ms);
    return true;
}

bool watch_service(struct call *call)
{
    return watch(call, false);
}

bool watch_services(struct call *call)
{
    return watch(call, true);
}

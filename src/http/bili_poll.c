/* GET /discovery/poll and /discovery/polls: what of several services changed since the times
 * that the client has, at once, or when it changes within 30 s; else -304. */
#include <stdlib.h>

#include "http/bili.h"
#include "http/foreign_body.h"
#include "http/foreign_view.h"
#include "http/wait.h"

enum {
    /* Instances looked at for one of a zone, for all services of a request together: each costs
     * some reading of JSON. Where there are more, one is taken for granted; the list shows. */
    VIEWS_MAX = 64,
};

struct app {
    char service[SERVICE_MAX + 1], given[SERVICE_MAX + 1];
    int64_t latest; /* that the client has */
    int64_t now;    /* of the service; 0 = nobody is registered (in the zone) */
};

struct poll {
    bool many; /* polls, not poll */
    char ns[NAMESPACE_MAX + 1];
    char zone[SHORT_LABEL_MAX * 2]; /* as the client wrote it; "" = all */
    uint64_t until_ms;              /* lease ms */
    unsigned views;                 /* that may still be made for this reply */
    unsigned count;
    struct app apps[];
};

/* ---- what changed ---------------------------------------------------------------- */

static bool has_zone(const struct http *http, struct poll *p, const struct app *app)
{
    const struct service *s =
        registry_service(http->backend.registry, text_of(p->ns), text_of(app->service));
    uint32_t count = s ? service_count(s) : 0;
    bool found = !*p->zone || foreign_is_self(text_of(app->service), true);

    for (uint32_t n = 0; n < count && !found; n++) {
        struct foreign_view view;
        if (!p->views)
            return true;
        p->views--;
        foreign_view_init(&view, service_instance(s, n));
        found = text_is(foreign_view_zone(&view), text_of(p->zone));
        foreign_view_deinit(&view);
    }
    return found;
}

/* Of all apps: once for each reply. */
static void look(const struct http *http, struct poll *p)
{
    p->views = VIEWS_MAX;
    for (unsigned n = 0; n < p->count; n++) {
        struct app *app = &p->apps[n];
        int64_t latest = foreign_latest(http, text_of(p->ns), text_of(app->service), true);
        app->now = latest && has_zone(http, p, app) ? latest : 0;
    }
}

/* "error":{"-404":[...]}: the services that nobody is registered for. */
static char *missing(const struct poll *p)
{
    json_t *names = json_array(), *tail = NULL;

    for (unsigned n = 0; n < p->count; n++)
        if (p->apps[n].now == 0)
            json_array_append_new(names, json_string(p->apps[n].given));
    tail = json_pack("{s:o}", "-404", names);
    char *text = tail ? json_dumps(tail, JSON_COMPACT) : NULL, *all = NULL;
    if (!text || asprintf(&all, ",\"error\":%s", text) < 0)
        all = NULL;
    free(text);
    json_decref(tail);
    return all;
}

/* NULL: nothing changed, or memory lacks (*failed). */
static struct foreign_list *changes(struct call *call, const struct poll *p, bool *failed)
{
    struct foreign_list *list = NULL;

    *failed = false;
    for (unsigned n = 0; n < p->count; n++) {
        const struct app *app = &p->apps[n];
        if (app->now <= app->latest)
            continue;
        if (!list)
            list = foreign_list_new(call, p->many ? FOREIGN_MANY : FOREIGN_ZONED, &bili_envelope,
                                    text_of(p->ns), text_of(p->zone), FOREIGN_RECEIVES, p->count);
        if (!list) {
            *failed = true;
            return NULL;
        }
        foreign_list_add(list, text_of(app->service), text_of(app->given));
    }
    if (list && p->many)
        foreign_list_tail(list, missing(p));
    return list;
}

/* ---- holding --------------------------------------------------------------------- */

static void wake(struct call *call, bool changed, void *context);

static bool hold(struct call *call, struct poll *p)
{
    static const struct wait_action action = {.wake = wake, .lost = free};
    const struct http_backend *backend = &call->http->backend;
    uint64_t now_ms = backend->now(backend->context).lease_ms;
    uint32_t left_ms = p->until_ms > now_ms ? (uint32_t)(p->until_ms - now_ms) : 0;
    struct wait_for waited[WAIT_SERVICES_MAX];

    for (unsigned n = 0; n < p->count; n++)
        waited[n] = (struct wait_for){text_of(p->ns), text_of(p->apps[n].service)};
    return left_ms && wait_open(call, waited, p->count, registry_index(backend->registry), left_ms,
                                &action, p);
}

static void reply_code(struct call *call, enum foreign_code code)
{
    bili_reply(call, &(struct foreign_result){.code = code});
}

/* Takes `p`. What changed may be nothing that the client is told of: the last instance went. */
static void answer(struct call *call, struct poll *p, bool may_hold)
{
    bool failed;

    look(call->http, p);
    struct foreign_list *list = changes(call, p, &failed);

    if (list)
        foreign_list_send(call, list);
    else if (!failed && may_hold && hold(call, p))
        return;
    else
        reply_code(call, failed ? FOREIGN_FAILED : FOREIGN_SAME);
    free(p);
}

static void wake(struct call *call, bool changed, void *context)
{
    answer(call, context, changed);
}

/* ---- asking ---------------------------------------------------------------------- */

static bool is_known(const struct poll *p, struct text service)
{
    for (unsigned n = 0; n < p->count; n++)
        if (text_is(text_of(p->apps[n].service), service))
            return true;
    return false;
}

/* False: the reply was sent. */
static bool take_app(struct call *call, const struct foreign *f, unsigned n, struct poll *p)
{
    struct foreign_result result = {0};
    struct foreign_key key;
    struct text latest = uri_query_nth(&call->query, "latest_timestamp", n);
    uint64_t time = 0;

    if (!foreign_key_make(call->http, f, &key, &result)) {
        bili_reply(call, &result);
        return false;
    }
    if (latest.n && text_number(latest, INT64_MAX, &time) != ERR_OK) {
        bili_refuse(call, "latest_timestamp is a number");
        return false;
    }
    if (is_known(p, key.key.service)) {
        bili_refuse(call, "an appid is given twice");
        return false;
    }
    struct app *app = &p->apps[p->count++];
    app->latest = (int64_t)time;
    memcpy(p->ns, key.ns, sizeof(p->ns));
    memcpy(app->service, key.service, sizeof(app->service));
    return text_copy(f->appid, app->given, sizeof(app->given)) == ERR_OK;
}

static struct poll *poll_new(struct call *call, bool many, unsigned count)
{
    const struct http_backend *backend = &call->http->backend;
    struct poll *p = calloc(1, sizeof(*p) + count * sizeof(struct app));

    if (!p)
        return NULL;
    p->many = many;
    p->until_ms = backend->now(backend->context).lease_ms + BILI_HOLD_MS;
    if (text_copy(uri_query_get(&call->query, "zone"), p->zone, sizeof(p->zone)) == ERR_OK)
        return p;
    free(p);
    return NULL;
}

static void poll_open(struct call *call, bool many, unsigned count)
{
    struct foreign f = {.env = uri_query_get(&call->query, "env")};
    struct poll *p = poll_new(call, many, count);

    if (!p) {
        reply_code(call, FOREIGN_FAILED);
        return;
    }
    for (unsigned n = 0; n < count; n++) {
        f.appid = uri_query_nth(&call->query, "appid", n);
        if (!take_app(call, &f, n, p)) {
            free(p);
            return;
        }
    }
    look(call->http, p);
    if (!many && p->apps[0].now == 0) {
        reply_code(call, FOREIGN_NONE);
        free(p);
        return;
    }
    answer(call, p, true);
}

static const char *fault_of(const struct call *call, unsigned count)
{
    if (!uri_query_get(&call->query, "env").n || !uri_query_get(&call->query, "hostname").n ||
        !count)
        return "env, hostname and appid are required";
    if (count > WAIT_SERVICES_MAX)
        return "too many services: 64 at most";
    if (uri_query_get(&call->query, "zone").n >= SHORT_LABEL_MAX * 2)
        return "zone is too long";
    return NULL;
}

void bili_poll(struct call *call)
{
    const char *fault = fault_of(call, uri_query_count(&call->query, "appid"));

    if (fault)
        bili_refuse(call, fault);
    else
        poll_open(call, false, 1);
}

void bili_polls(struct call *call)
{
    unsigned count = uri_query_count(&call->query, "appid");
    const char *fault = fault_of(call, count);

    if (fault)
        bili_refuse(call, fault);
    else if (uri_query_count(&call->query, "latest_timestamp") != count)
        bili_refuse(call, "appid and latest_timestamp are given pair by pair");
    else
        poll_open(call, true, count);
}

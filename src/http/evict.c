/* POST /v1/evict: what fell silent goes at once, whatever guard, floor and pace say. Done
 * in slices: a registry may hold millions. */
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/body.h"
#include "http/guard.h"
#include "http/later.h"
#include "http/reply.h"
#include "http/stream.h"
#include "http/write.h"

enum { EVICT_BUDGET = 500 }; /* instances at a time: well below a slice */

struct eviction {
    struct http *http;
    char ns[NAMESPACE_MAX + 1], service[SERVICE_MAX + 1], id[INSTANCE_ID_MAX + 1];
    bool force, told;
    uint64_t evicted;
    uint64_t change; /* what must be on disk before the reply */
    struct principal who;
    struct addr from;
};

static struct instance_key key_of(const struct eviction *e)
{
    return (struct instance_key){text_of(e->ns), text_of(e->service), text_of(e->id)};
}

/* ---- doing it ------------------------------------------------------------------- */

static void tell(struct eviction *e)
{
    const struct http_backend *backend = &e->http->backend;
    const char *slash = *e->id ? "/" : "", *force = e->force ? " (force)" : "";
    uint64_t now_ms = backend->now(backend->context).lease_ms;
    struct http_deed deed = {.kind = HTTP_DEED_EVICT, .who = e->who, .from = e->from};
    char words[48];

    e->told = true;
    snprintf(words, sizeof(words), "evicted %ju%s", (uintmax_t)e->evicted,
             e->force ? ", force" : "");
    deed.what = words;
    if (*e->service)
        deed.key = key_of(e);
    if (backend->audit)
        backend->audit(backend->context, &deed);
    if (*e->service)
        log_limited(&e->http->steered, now_ms, LOG_LEVEL_WARN,
                    "by hand: %ju evicted of %s/%s%s%s%s", (uintmax_t)e->evicted, e->ns, e->service,
                    slash, e->id, force);
    else
        log_limited(&e->http->steered, now_ms, LOG_LEVEL_WARN,
                    "by hand: %ju evicted of all services%s", (uintmax_t)e->evicted, force);
}

static enum piece next_slice(void *state, struct evbuffer *out)
{
    struct eviction *e = state;
    const struct http_backend *backend = &e->http->backend;
    unsigned count = 0;

    (void)out;
    backend->begin(backend->context);
    enum err err = registry_evict(backend->registry, key_of(e), EVICT_BUDGET,
                                  backend->now(backend->context), NULL, NULL, &count);
    uint64_t change = backend->wait(backend->context);

    if (change > e->change)
        e->change = change;
    e->evicted += count;
    if (count)
        backend->changed(backend->context);
    if (err == ERR_OK && count == EVICT_BUDGET)
        return PIECE_MORE;
    tell(e);
    /* Not found any more: it went with what was evicted last. */
    return err && err != ERR_NOT_FOUND ? PIECE_FAILED : PIECE_HANDED;
}

/* One that ended before its time (the client went, the server stops) has evicted all the same. */
static void eviction_free(void *state)
{
    struct eviction *e = state;

    if (e->evicted && !e->told)
        tell(e);
    free(e);
}

static void reply_evicted(void *state, struct call *call)
{
    const struct eviction *e = state;

    later_reply(call, e->change, 200, json_pack("{s:I}", "evicted", (json_int_t)e->evicted));
}

/* ---- may it be done? ------------------------------------------------------------ */

/* Each of these returns false when it has sent the reply. */

static bool check_known(struct call *call, const struct eviction *e)
{
    const struct registry *r = call->http->backend.registry;

    if (*e->service && !registry_service(r, text_of(e->ns), text_of(e->service)))
        reply_problem(call->http, call->request, 404,
                      "no such service is known in this namespace: see /v1/services");
    else if (*e->id && !registry_instance(r, key_of(e)))
        reply_problem(call->http, call->request, 404,
                      "the service has no such instance: see /v1/services/%s?ns=%s", e->service,
                      e->ns);
    else
        return true;
    return false;
}

static bool check_silent(struct call *call, const struct eviction *e)
{
    const struct http_backend *backend = &call->http->backend;
    struct moment now = backend->now(backend->context);
    struct instance_state state;

    if (e->force || !*e->id)
        return true;
    instance_state(registry_instance(backend->registry, key_of(e)), &state);
    if (state.stale || state.deadline_ms <= now.lease_ms)
        return true;
    reply_problem(call->http, call->request, 409,
                  "the instance is alive: its lease runs. To evict it all the same: "
                  "\"force\": true (it comes back when it registers again)");
    return false;
}

/* The guard that keeps what is to be evicted is that for all, or of the one's zone. */
static bool check_guard(struct call *call, const struct eviction *e)
{
    const struct registry *r = call->http->backend.registry;
    struct text zone = {NULL, 0};
    struct guard_state guard;
    struct record record;
    char words[GUARD_WORDS];

    if (e->force)
        return true;
    if (*e->id) {
        instance_read(registry_instance(r, key_of(e)), &record);
        zone = record.zone.n ? record.zone : TEXT("");
    }
    if (!guard_find_closed(call->http, zone, &guard))
        return true;
    reply_problem(call->http, call->request, 409,
                  "%s. They may be alive and only cut off from this server, so they are kept "
                  "until they are heard of, or guard.hold is over. To evict them all the same: "
                  "\"force\": true",
                  guard_words(&guard, words));
    return false;
}

/* ---- asking --------------------------------------------------------------------- */

static bool copy_name(const char *from, char *out, size_t size)
{
    bool fits = text_copy(text_of(from), out, size) == ERR_OK;

    for (; fits && *out; out++)
        *out = ascii_lower(*out);
    return fits;
}

/* What is wrong with the wish, or NULL. */
static const char *read_wish(const char *ns, const char *service, const char *id,
                             struct eviction *out)
{
    if (!copy_name(ns ? ns : "default", out->ns, sizeof(out->ns)) ||
        !copy_name(service, out->service, sizeof(out->service)) ||
        !copy_name(id, out->id, sizeof(out->id)))
        return "that is longer than any name";
    if (service && !*service)
        return "\"service\" is empty: leave it out to evict what is stale of all services";
    if (id && !*id)
        return "\"instance\" is empty: leave it out to evict all that is stale of the service";
    if (!service && (ns || id))
        return "\"ns\" and \"instance\" go with a \"service\"";
    return NULL;
}

/* Takes `e`. */
static void start(struct call *call, struct eviction *e)
{
    static const struct stream_source source = {
        .next = next_slice, .free = eviction_free, .reply = reply_evicted};

    if ((!*e->service || write_is_allowed(call, key_of(e))) && check_known(call, e) &&
        check_silent(call, e) && check_guard(call, e))
        stream_open(call, &source, e, sizeof(*e));
    else
        free(e);
}

static void read_and_start(struct call *call, struct eviction *e)
{
    const char *ns = NULL, *service = NULL, *id = NULL;
    const struct body_member members[] = {
        {"ns", .is_text = true, .text = &ns},
        {"service", .is_text = true, .text = &service},
        {"instance", .is_text = true, .text = &id},
        {"force", .truth = &e->force},
    };
    json_t *body = body_read(call, members, ARRAY_COUNT(members));
    const char *fault = body ? read_wish(ns, service, id, e) : NULL;

    if (body && !fault) {
        start(call, e);
    } else {
        if (fault)
            reply_problem(call->http, call->request, 422, "%s", fault);
        free(e);
    }
    json_decref(body);
}

void evict_post(struct call *call)
{
    struct eviction *e = calloc(1, sizeof(*e));

    if (!e) {
        reply_problem(call->http, call->request, 503, "out of memory; try again later");
        return;
    }
    e->http = call->http;
    e->who = write_principal(call);
    e->from = call->from;
    read_and_start(call, e);
}

/* GET and POST /v1/guard: whether what fell silent is evicted, and the switch for it. */
#include "http/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "http/body.h"
#include "http/name.h"
#include "http/reply.h"
#include "http/write.h"

#define DATE_TEXT 32

/* ---- one guard ------------------------------------------------------------------ */

/* RFC 3339 section 5.6, in UTC. */
static const char *date(uint64_t wall_ms, char out[static DATE_TEXT])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    size_t n = gmtime_r(&seconds, &tm) ? strftime(out, DATE_TEXT, "%Y-%m-%dT%H:%M:%S", &tm) : 0;

    snprintf(out + n, DATE_TEXT - n, ".%03uZ", (unsigned)(wall_ms % 1000));
    return out;
}

static json_t *since(const struct guard_state *g)
{
    char text[DATE_TEXT];

    return g->since_ms ? json_string(date(g->since_ms, text)) : json_null();
}

static json_t *since_ms(const struct guard_state *g)
{
    return g->since_ms ? json_integer((json_int_t)g->since_ms) : json_null();
}

static json_t *zone_json(const struct guard_state *g)
{
    return json_pack("{s:s%, s:b, s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "zone", g->zone.s, g->zone.n,
                     "on", g->on, "since", since(g), "since_ms", since_ms(g), "hosts",
                     (json_int_t)g->hosts, "late_hosts", (json_int_t)g->late_hosts,
                     "late_hosts_max", (json_int_t)g->late_hosts_max, "late", (json_int_t)g->late,
                     "counted", (json_int_t)g->counted);
}

const char *guard_words(const struct guard_state *g, char out[static GUARD_WORDS])
{
    char text[DATE_TEXT];

    snprintf(out, GUARD_WORDS, "the guard%s%.*s%s is on%s%s%s: %u of %u hosts are late",
             g->zone.n ? " (of zone " : "", TEXT_ARG(g->zone), g->zone.n ? ")" : "",
             g->since_ms ? " since " : "", g->since_ms ? date(g->since_ms, text) : "",
             g->mode == GUARD_ALWAYS_ON ? ", set by hand" : "", g->late_hosts, g->hosts);
    return out;
}

/* ---- all of them ---------------------------------------------------------------- */

/* What the operator sets comes into force in the next turn of the loop; it is shown at
 * once. */
static struct guard_state settled(struct guard_state g, struct moment now)
{
    bool on = g.mode == GUARD_AUTO ? g.on : g.mode == GUARD_ALWAYS_ON;

    if (on != g.on)
        g.since_ms = now.wall_ms;
    g.on = on;
    return g;
}

static struct guard_state guard_of_all(const struct http *http)
{
    const struct http_backend *backend = &http->backend;

    return settled(registry_guard(backend->registry), backend->now(backend->context));
}

/* At most GUARD_ZONES_MAX zones behind `after`; fewer when memory lacks. */
static void visit_zones(const struct http *http, struct text after,
                        bool (*visit)(void *context, const struct guard_state *g), void *context)
{
    const struct http_backend *backend = &http->backend;
    struct moment now = backend->now(backend->context);
    struct guard_state few[16], *many = calloc(GUARD_ZONES_MAX, sizeof(*many));
    struct guard_state *zones = many ? many : few;
    size_t count = registry_guard_zones(backend->registry, after, zones,
                                        many ? GUARD_ZONES_MAX : ARRAY_COUNT(few));

    for (size_t i = 0; i < count; i++) {
        struct guard_state g = settled(zones[i], now);
        if (!visit(context, &g))
            break;
    }
    free(many);
}

static bool count_closed(void *context, const struct guard_state *g)
{
    *(unsigned *)context += g->on;
    return true;
}

json_t *guard_summary(const struct http *http)
{
    struct guard_state g = guard_of_all(http);
    unsigned zones_on = 0;

    visit_zones(http, (struct text){NULL, 0}, count_closed, &zones_on);
    return json_pack("{s:s, s:b, s:b, s:o, s:I, s:I, s:I}", "mode", guard_mode_text(g.mode), "on",
                     g.on, "brownout", g.brownout, "since", since(&g), "hosts", (json_int_t)g.hosts,
                     "late_hosts", (json_int_t)g.late_hosts, "zones_on", (json_int_t)zones_on);
}

struct search {
    struct text zone; /* s == NULL: any */
    struct guard_state *found;
};

static bool is_open(void *context, const struct guard_state *g)
{
    struct search *s = context;
    bool wanted = g->on && (!s->zone.s || text_is(s->zone, g->zone));

    if (wanted)
        *s->found = *g;
    return !wanted;
}

bool guard_find_closed(const struct http *http, struct text zone, struct guard_state *out)
{
    struct search search = {zone, out};

    *out = guard_of_all(http);
    if (!out->on)
        visit_zones(http, (struct text){NULL, 0}, is_open, &search);
    return out->on;
}

/* ---- replies -------------------------------------------------------------------- */

struct zone_page {
    json_t *list;
    size_t count;
    bool failed;
};

static bool add_zone(void *context, const struct guard_state *g)
{
    struct zone_page *page = context;

    page->failed |= json_array_append_new(page->list, zone_json(g)) < 0;
    page->count++;
    return !page->failed;
}

/* The last zone of a full page: there may be more behind it. */
static json_t *next_page(const struct zone_page *page)
{
    const json_t *last = json_array_get(page->list, GUARD_ZONES_MAX - 1);

    return last ? json_incref(json_object_get(last, "zone")) : json_null();
}

static json_t *whole_state(const struct http *http, struct text after)
{
    struct guard_state g = guard_of_all(http);
    struct zone_page page = {.list = json_array()};
    json_int_t stale = (json_int_t)registry_totals(http->backend.registry).stale;

    if (page.list)
        visit_zones(http, after, add_zone, &page);
    if (!page.list || page.failed) {
        json_decref(page.list);
        return NULL;
    }
    return json_pack(
        "{s:s, s:b, s:b, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "mode",
        guard_mode_text(g.mode), "on", g.on, "brownout", g.brownout, "since", since(&g), "since_ms",
        since_ms(&g), "hosts", (json_int_t)g.hosts, "late_hosts", (json_int_t)g.late_hosts,
        "late_hosts_max", (json_int_t)g.late_hosts_max, "late", (json_int_t)g.late, "counted",
        (json_int_t)g.counted, "stale", stale, "next", next_page(&page), "zones", page.list);
}

void guard_get(struct call *call)
{
    char after[SHORT_LABEL_MAX + 1];
    struct text asked = uri_query_get(&call->query, "after");

    reply_json(call, whole_state(call->http, name_lower(asked, after, sizeof(after))));
}

static int mode_parse(const char *text)
{
    for (int n = 0; text && n < GUARD_MODE_COUNT; n++)
        if (strcmp(guard_mode_text((enum guard_mode)n), text) == 0)
            return n;
    return -1;
}

void guard_post(struct call *call)
{
    const struct http_backend *backend = &call->http->backend;
    const char *text = NULL;
    const struct body_member members[] = {{"mode", .is_text = true, .text = &text}};
    json_t *body = body_read(call, members, ARRAY_COUNT(members));
    char words[16];
    struct moment now = backend->now(backend->context);

    if (!body)
        return;
    int mode = mode_parse(text);
    if (mode < 0) {
        reply_problem(call->http, call->request, 422,
                      "give the mode: {\"mode\": \"auto\"}, or \"on\" or \"off\"");
    } else {
        registry_guard_mode(backend->registry, (enum guard_mode)mode, now);
        snprintf(words, sizeof(words), "mode=%s", guard_mode_text((enum guard_mode)mode));
        write_tell(call, HTTP_DEED_GUARD, (struct instance_key){.id = {NULL, 0}}, words);
        log_limited(&call->http->steered, now.lease_ms, LOG_LEVEL_WARN,
                    "by hand: the guard set to %s", guard_mode_text((enum guard_mode)mode));
        backend->changed(backend->context);
        reply_json(call, whole_state(call->http, (struct text){NULL, 0}));
    }
    json_decref(body);
}

#include "disc_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "disc_cache.h"

enum { LEASE_MIN_S = 10, LEASE_MAX_S = 300, SERVICE_SIZE = 127, NAMESPACE_SIZE = 32 };

static uint64_t wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

struct watch *disc_watch_find(const struct disc *d, int handle)
{
    const struct watches *all = d->watches;
    for (size_t i = 0; all && i < all->count; i++) {
        if (all->items[i]->handle == handle && !all->items[i]->leaving)
            return all->items[i];
    }
    return NULL;
}

void disc_watch_tell(struct look s, enum disc_watch_kind kind, const struct reply *r,
                     const char *words)
{
    const struct watch *watch = s.watch;
    if (!watch->changed || watch->leaving)
        return;
    struct disc_watch_event event = {
        .kind = kind,
        .watch = watch->handle,
        .ns = watch->ns ? watch->ns : "default",
        .service = watch->service,
        .server = kind == DISC_WATCH_SILENT ? "" : s.d->servers[watch->server].text,
        .code = r ? r->code : 0,
        .why = r ? r->why : "",
        .words = words,
    };
    watch->changed(watch->context, &event);
}

void disc_watch_confirm(struct look s)
{
    struct watch *watch = s.watch;
    bool news = watch->freshness != DISC_LIVE;
    watch->freshness = DISC_LIVE;
    watch->confirmed_ms = s.now;
    watch->complained = false;
    if (watch->cache_path && (news || s.now - watch->written_ms >= CACHE_AGE_MS))
        watch->dirty = true;
    if (news)
        disc_watch_tell(s, DISC_WATCH_LIVE, NULL, "a server tells of changes");
}

/* ---- the cache ------------------------------------------------------------------------------- */

static const char *ns_of(const struct watch *watch)
{
    return watch->ns ? watch->ns : "default";
}

static void read_cache(struct disc *d, struct watch *watch)
{
    struct change change = {0};
    struct cache_head head;
    bool different;
    if (!disc_cache_read(d, watch->cache_path, ns_of(watch), watch->service, &change, &head))
        return;
    if (disc_list_apply(&watch->list, &change, true, &different)) {
        watch->freshness = DISC_CACHED;
        watch->cached_s = head.time_s;
        watch->index = head.index;
    }
    disc_change_clear(&change);
}

/* A list that is only held is the file's already. */
static void write_cache(struct watch *watch, uint64_t now)
{
    struct cache_head head = {.index = watch->index};
    watch->dirty = false;
    if (watch->held)
        return;
    head.time_s = wall_s() - (now - watch->confirmed_ms) / 1000;
    bool done =
        disc_cache_write(watch->cache_path, ns_of(watch), watch->service, &watch->list, &head);
    watch->written_ms = now;
    watch->cache_due = now + (done ? CACHE_GAP_MS : CACHE_AGE_MS); /* a full disk stays full */
}

/* ---- one watch ---------------------------------------------------------------------------------
 */

static void watch_free(struct watch *watch, uint64_t now)
{
    if (!watch)
        return;
    if (watch->dirty)
        write_cache(watch, now);
    disc_list_clear(&watch->list);
    disc_push_forget(watch);
    free(watch->ns);
    free(watch->service);
    free(watch->zone);
    free(watch->region);
    free(watch->cache_path);
    free(watch);
}

static bool copy(char **out, const char *text)
{
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

static struct watch *watch_new(const struct disc_watch_spec *spec)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        return NULL;
    watch->empty = spec->empty;
    watch->lease_s = spec->lease_s;
    watch->changed = spec->changed;
    watch->context = spec->context;
    watch->stall = DISC_NEVER;
    if (copy(&watch->ns, spec->ns) && copy(&watch->service, spec->service) &&
        copy(&watch->zone, spec->zone) && copy(&watch->region, spec->region) &&
        (!spec->cache ||
         (watch->cache_path = disc_cache_path(spec->cache, ns_of(watch), spec->service))))
        return watch;
    watch_free(watch, 0);
    return NULL;
}

static bool is_sensible(const struct disc_watch_spec *spec)
{
    return spec && spec->service && *spec->service && strlen(spec->service) <= SERVICE_SIZE &&
           (!spec->ns || (*spec->ns && strlen(spec->ns) <= NAMESPACE_SIZE)) &&
           spec->empty <= DISC_EMPTY_BELIEVED &&
           (spec->lease_s == 0 || (spec->lease_s >= LEASE_MIN_S && spec->lease_s <= LEASE_MAX_S)) &&
           (!spec->cache || disc_cache_has_name(spec->ns ? spec->ns : "default", spec->service));
}

/* ---- the loop's hooks
 * ---------------------------------------------------------------------------- */

/* The one whose subscription this is. */
static struct watch *by_token(const struct disc *d, unsigned server, const char *token)
{
    for (size_t i = 0; *token && i < d->watches->count; i++) {
        struct watch *watch = d->watches->items[i];
        if (watch->server == server && !watch->leaving && strcmp(watch->token, token) == 0)
            return watch;
    }
    return NULL;
}

/* The lines behind the header, without the MAC's. `lines` is cut. */
static char *items_of(const struct disc *d, char *lines)
{
    char *items = lines + strcspn(lines, "\n");
    items += *items == '\n';
    if (*d->key_id) {
        char *mac = strstr(items, "mac=");
        while (mac && mac != items && mac[-1] != '\n')
            mac = strstr(mac + 1, "mac=");
        if (mac)
            *mac = 0;
    }
    return items;
}

static void take_push(struct look s, const struct reply *r)
{
    char lines[DISC_DATAGRAM_MAX + 1];
    if (*s.d->key_id && !disc_is_signed(s.d, r->raw, r->size))
        return;
    memcpy(lines, r->raw, r->size);
    lines[r->size] = 0;
    s.d->servers[s.watch->server].heard_ms = s.now;
    disc_push_take(s, r, items_of(s.d, lines));
}

/* To an acknowledgement, whose id is the token: it does not know the subscription. The answer
 * is not signed, so it is believed once until there is a push again. */
static void on_forgotten(struct look s, const struct reply *r)
{
    struct watch *watch = s.watch;
    if (strcmp(r->verb, "err") != 0 || r->code != 404 || watch->asked_again ||
        watch->state != SUBSCRIBED)
        return;
    watch->asked_again = true;
    disc_subscribe_again(s);
    watch->due += disc_random_to(s.d, r->wait < WAIT_MAX_MS ? r->wait : WAIT_MAX_MS);
}

/* A server that was restarted knows of no subscription. */
static void on_lives(struct disc *d, unsigned server, const char *epoch, uint64_t now)
{
    for (size_t i = 0; i < d->watches->count; i++) {
        struct watch *watch = d->watches->items[i];
        if (watch->server == server && watch->subscribed && !watch->leaving &&
            strcmp(watch->life, epoch) != 0)
            disc_subscribe_again((struct look){d, watch, now});
    }
}

static bool receive(struct disc *d, unsigned server, const char *bytes, size_t size, uint64_t now)
{
    char line[DISC_DATAGRAM_MAX + 1];
    struct reply r = {.raw = bytes, .size = size};
    size_t length = strcspn(bytes, "\r\n");
    memcpy(line, bytes, length);
    line[length] = 0;
    if (!disc_read_reply(line, &r))
        return false;
    bool is_push = strcmp(r.verb, "push") == 0;
    struct watch *watch = by_token(d, server, is_push ? r.token : r.id);
    if (is_push && watch)
        take_push((struct look){d, watch, now}, &r);
    if (!is_push && watch)
        on_forgotten((struct look){d, watch, now}, &r);
    for (size_t i = 0; !is_push && !watch && i < d->watches->count; i++) {
        struct watch *asking = d->watches->items[i];
        if (asking->server == server && disc_subscribe_is_answer(d, asking, &r)) {
            disc_subscribe_reply((struct look){d, asking, now}, &r);
            if (*r.epoch)
                on_lives(d, server, r.epoch, now);
            return true;
        }
    }
    return is_push || watch;
}

static void on_closed(struct disc *d, unsigned server, uint64_t now)
{
    for (size_t i = 0; i < d->watches->count; i++) {
        struct look s = {d, d->watches->items[i], now};
        if (s.watch->server != server || s.watch->leaving)
            continue;
        if (s.watch->state == SUBSCRIBED)
            disc_subscribe_again(s);
        else if (s.watch->waiting && d->server_count > 1)
            disc_subscribe_elsewhere(s);
    }
}

static void sweep(struct watches *all)
{
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i]->leaving)
            watch_free(all->items[i], all->now);
        else
            all->items[kept++] = all->items[i];
    }
    all->count = kept;
}

static void process(struct disc *d, uint64_t now)
{
    struct watches *all = d->watches;
    all->now = now;
    /* callbacks may add watches, which moves the array: always by index */
    for (size_t i = 0; i < all->count; i++) {
        struct watch *watch = all->items[i];
        if (!watch->leaving && disc_subscribe_due(d, watch) <= now)
            disc_subscribe_act((struct look){d, watch, now});
        if (!watch->leaving && watch->dirty && watch->cache_due <= now)
            write_cache(watch, now);
    }
    sweep(all);
}

static uint64_t due(const struct disc *d)
{
    uint64_t first = DISC_NEVER;
    for (size_t i = 0; i < d->watches->count; i++) {
        const struct watch *watch = d->watches->items[i];
        uint64_t own = watch->leaving ? 0 : disc_subscribe_due(d, watch);
        if (watch->dirty && watch->cache_due < own)
            own = watch->cache_due;
        if (own < first)
            first = own;
    }
    return first;
}

static void leave(struct disc *d)
{
    for (size_t i = 0; i < d->watches->count; i++) {
        if (!d->watches->items[i]->leaving)
            (void)disc_unwatch(d, d->watches->items[i]->handle);
    }
}

static void free_all(struct disc *d)
{
    for (size_t i = 0; i < d->watches->count; i++)
        watch_free(d->watches->items[i], d->watches->now);
    free(d->watches->items);
    free(d->watches);
}

/* ---- the public functions
 * ---------------------------------------------------------------------------- */

static bool begin_discovery(struct disc *d)
{
    static const struct discovery hooks = {
        .receive = receive,
        .closed = on_closed,
        .lives = on_lives,
        .process = process,
        .due = due,
        .leave = leave,
        .free = free_all,
    };
    if (!d->watches && !(d->watches = calloc(1, sizeof(*d->watches))))
        return false;
    d->discovery = &hooks;
    return true;
}

static bool append(struct watches *all, struct watch *watch)
{
    if (all->count == all->room) {
        size_t room = all->room ? 2 * all->room : 4;
        struct watch **bigger = realloc(all->items, room * sizeof(struct watch *));
        if (!bigger)
            return false;
        all->items = bigger;
        all->room = room;
    }
    watch->handle = ++all->last_handle;
    all->items[all->count++] = watch;
    return true;
}

int disc_watch(struct disc *d, const struct disc_watch_spec *spec)
{
    if (!is_sensible(spec) || (d->watches && d->watches->last_handle == INT_MAX))
        return -DISC_INVALID;
    struct watch *watch = begin_discovery(d) ? watch_new(spec) : NULL;
    if (!watch)
        return -DISC_MEMORY;
    if (!append(d->watches, watch)) {
        watch_free(watch, 0);
        return -DISC_MEMORY;
    }
    if (watch->cache_path)
        read_cache(d, watch);
    return watch->handle; /* the rest is zero: ASKING, due at once */
}

enum disc_result disc_unwatch(struct disc *d, int handle)
{
    struct watch *watch = disc_watch_find(d, handle);
    if (!watch)
        return DISC_INVALID;
    disc_subscribe_end(d, watch);
    watch->leaving = true;
    return DISC_OK;
}

static uint64_t age_of(const struct watch *watch, uint64_t now)
{
    uint64_t wall = wall_s();
    switch (watch->freshness) {
    case DISC_CACHED: return wall > watch->cached_s ? (wall - watch->cached_s) * 1000 : 0;
    case DISC_KEPT: return now > watch->confirmed_ms ? now - watch->confirmed_ms : 0;
    case DISC_NONE:
    case DISC_LIVE: break;
    }
    return 0;
}

enum disc_result disc_get(struct disc *d, int handle, uint64_t now_ms, struct disc_list *out)
{
    struct watch *watch = disc_watch_find(d, handle);
    *out = (struct disc_list){0};
    if (!watch)
        return DISC_INVALID;
    const struct disc_instance *instances = disc_list_show(&watch->list);
    if (watch->list.count && !instances)
        return DISC_MEMORY;
    out->instances = instances;
    out->count = watch->list.count;
    out->freshness = watch->freshness;
    if (watch->held && watch->freshness == DISC_LIVE)
        out->freshness = DISC_KEPT;
    out->age_ms = age_of(watch, now_ms);
    out->index = watch->index;
    out->guarded = watch->guarded;
    out->held = watch->held;
    return DISC_OK;
}

/* ---- one question
 * ------------------------------------------------------------------------------------ */

/* What became of it so far. */
static enum disc_result progress(const struct disc *d, const struct watch *watch, bool *over)
{
    const struct server *server = &d->servers[0];
    *over = true;
    if (watch->freshness == DISC_LIVE)
        return DISC_OK;
    if (watch->refusal)
        return DISC_REFUSED;
    *over = server->closed >= server->count;
    return DISC_NO_ANSWER;
}

static enum disc_result ask(struct disc *d, int handle, int timeout_ms)
{
    struct watch *watch = disc_watch_find(d, handle);
    bool over;
    uint64_t now = disc_now_ms(), end = now + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
    disc_process(d, now);
    enum disc_result result = progress(d, watch, &over);
    while (!over && (now = disc_now_ms()) < end) {
        disc_turn(d, end - now > INT_MAX ? INT_MAX : (int)(end - now));
        result = progress(d, watch, &over);
    }
    disc_subscribe_end(d, watch);
    watch->state = RESTING;
    if (watch->freshness == DISC_LIVE)
        watch->freshness = DISC_KEPT;
    return watch->freshness == DISC_NONE ? result : DISC_OK;
}

enum disc_result disc_find(const struct disc_options *options, const char *server,
                           const struct disc_watch_spec *spec, int timeout_ms, struct disc **out,
                           int *watch)
{
    *out = NULL;
    struct disc *d = disc_new(options);
    if (!d)
        return errno == ENOMEM ? DISC_MEMORY : errno == EINVAL ? DISC_INVALID : DISC_UNSUPPORTED;
    enum disc_result result = disc_add_server(d, server);
    *watch = result ? -(int)result : disc_watch(d, spec);
    result = *watch < 0 ? (enum disc_result) - *watch : ask(d, *watch, timeout_ms);
    if (result)
        disc_free(d);
    else
        *out = d;
    return result;
}

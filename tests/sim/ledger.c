/* What ought to be there: each name's state in the registry and on disk, from what the
 * journal is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/checker.h"

static const struct hash_key ledger_key = {{2, 7, 1, 8, 2, 8}};

/* ---- names ------------------------------------------------------------------------------ */

struct text path_join(struct instance_key key, char out[static PATH_SIZE])
{
    struct text parts[3] = {key.ns, key.service, key.id};
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        if (i)
            out[n++] = '/';
        if (parts[i].n)
            memcpy(out + n, parts[i].s, parts[i].n);
        n += parts[i].n;
    }
    return (struct text){out, n};
}

static struct instance_key path_cut(const struct entry *e)
{
    struct text rest = {e->path, e->size};
    struct instance_key key;
    key.ns = text_cut(&rest, '/');
    key.service = text_cut(&rest, '/');
    key.id = rest;
    return key;
}

static uint64_t hash_of(struct text t)
{
    return hash_bytes(&ledger_key, t.s, t.n);
}

static bool entry_is(const void *entry, const void *key)
{
    const struct entry *e = entry;
    return text_is((struct text){e->path, e->size}, *(const struct text *)key);
}

static bool group_is(const void *entry, const void *key)
{
    const struct group *g = entry;
    return text_is((struct text){g->name, g->size}, *(const struct text *)key);
}

struct entry *ledger_find(const struct check *c, struct text path)
{
    return map_find(&c->entries, hash_of(path), entry_is, &path);
}

static void insert(struct map *map, struct text name, void *entry)
{
    if (map_insert(map, hash_of(name), entry))
        abort();
}

static struct entry *get(struct check *c, struct instance_key key)
{
    char buffer[PATH_SIZE];
    struct text path = path_join(key, buffer);
    struct entry *e = ledger_find(c, path);
    if (e)
        return e;
    e = sim_alloc(sizeof(*e) + path.n);
    e->size = path.n;
    memcpy(e->path, path.s, path.n);
    e->client = client_of_name(key.id);
    if (e->client < c->clients->count)
        e->host = c->clients->list[e->client]->spec.host;
    insert(&c->entries, path, e);
    return e;
}

struct group *ledger_group(struct check *c, struct text name, bool make)
{
    struct group *g = map_find(&c->groups, hash_of(name), group_is, &name);
    if (g || !make)
        return g;
    g = sim_alloc(sizeof(*g) + name.n);
    g->size = name.n;
    memcpy(g->name, name.s, name.n);
    insert(&c->groups, name, g);
    return g;
}

struct heard *ledger_heard(struct entry *e)
{
    return e->group ? &e->group->heard : &e->own;
}

void ledger_free(struct check *c)
{
    size_t at = 0;
    for (void *e; (e = map_next(&c->entries, &at));)
        free(e);
    at = 0;
    for (void *g; (g = map_next(&c->groups, &at));)
        free(g);
    map_deinit(&c->entries);
    map_deinit(&c->groups);
    free(c->notes);
}

void ledger_tell(struct check *c, enum sim_news_kind kind, const struct entry *e)
{
    if (!c->observer.news)
        return;
    struct sim_news news = {.kind = kind, .at_ms = c->engine->now_us / 1000, .client = UINT32_MAX};
    if (e) {
        news.key = path_cut(e);
        news.client = e->client;
    }
    if (e && e->client < c->clients->count) {
        const struct client *client = c->clients->list[e->client];
        news.client_alive = client_keeps(client, news.key.id);
        news.dead_ms = client->ended_ms;
    }
    c->observer.news(c->observer.context, &news);
}

/* ---- what the journal is told ------------------------------------------------------------- */

static uint64_t digest_of(const struct instance *i)
{
    char text[8192];
    struct record record;
    struct instance_state state;
    instance_read(i, &record);
    instance_state(i, &state);
    size_t n = reg_format_instance(i, false, text, sizeof(text) - 256);
    char owner[PRINCIPAL_TEXT];
    int more = snprintf(text + n, sizeof(text) - n, "|%s|%u|%llu|%.*s",
                        principal_format(&state.owner, owner), record.lease_s,
                        (unsigned long long)state.registered_ms, TEXT_ARG(record.group));
    return hash_bytes(&ledger_key, text, n + (size_t)more) | 1;
}

static void note(struct check *c, struct entry *e, struct version version)
{
    c->present += (size_t)version.present - (size_t)e->now.present;
    if (e->group)
        e->group->members += (size_t)version.present - (size_t)e->now.present;
    if (c->present > c->most_present)
        c->most_present = c->present;
    e->now = version;
    e->last_change = store_journal_last(c->journal);
    if (c->note_first + c->note_count == c->note_room) {
        if (c->note_first)
            memmove(c->notes, c->notes + c->note_first, c->note_count * sizeof(*c->notes));
        c->note_first = 0;
        if (2 * c->note_count >= c->note_room) {
            c->note_room = c->note_room ? 2 * c->note_room : 64;
            c->notes = sim_grow(c->notes, c->note_room * sizeof(*c->notes));
        }
    }
    c->notes[c->note_first + c->note_count++] = (struct change_note){e->last_change, e, version};
}

static void check_rev(struct check *c, const struct entry *e, uint64_t rev)
{
    if (e->now.present && rev < e->now.rev)
        check_fail(c, "I8", "%.*s: revision %llu after %llu", (int)e->size, e->path,
                   (unsigned long long)rev, (unsigned long long)e->now.rev);
    if (!e->now.present && e->now.floor && e->grave_until_ms > c->now.lease_ms &&
        rev < e->now.floor)
        check_fail(c, "I8", "%.*s: risen with revision %llu from a grave of %llu", (int)e->size,
                   e->path, (unsigned long long)rev, (unsigned long long)e->now.floor);
}

static void take_lease(struct check *c, struct entry *e, const struct record *record)
{
    struct group *g = record->group.n ? ledger_group(c, record->group, true) : NULL;
    struct heard before = *ledger_heard(e);
    bool other = g != e->group;
    if (g && !g->members)
        g->heard = (struct heard){0}; /* a new one, if of an old name */
    if (other && e->now.present) {
        if (e->group)
            e->group->members--;
        if (g)
            g->members++;
    }
    e->group = g;
    e->lease_s = record->lease_s;
    if (!e->now.present) {
        e->stale_ms = 0;
        if (g && g->heard.at_ms > 0)
            g->heard.at_ms = c->now.lease_ms;
        else
            *ledger_heard(e) = (struct heard){.at_ms = c->now.lease_ms};
        if (g) /* to join is no heartbeat of the others */
            g->heard.unmeasured = true;
    } else if (other && (!g || !g->heard.at_ms)) {
        *ledger_heard(e) = before;
    }
}

static void on_put(void *context, const struct instance *i)
{
    struct check *c = context;
    c->inner.put(c->inner.context, i);
    struct entry *e = get(c, instance_key(i));
    struct record record;
    instance_read(i, &record);
    check_rev(c, e, record.rev);
    bool was = e->now.present;
    take_lease(c, e, &record);
    struct version v = {
        .present = true, .rev = record.rev, .digest = digest_of(i), .drain = e->now.drain};
    note(c, e, v);
    if (!was)
        ledger_tell(c, SIM_NEWS_UP, e);
}

static bool may_go(const struct check *c, const struct entry *e)
{
    switch (c->cause) {
    case CHECK_REQUEST:
        return strcmp(c->request.verb, "del") == 0 && (!c->request.entry || c->request.entry == e);
    case CHECK_TIME: return c->visited != NULL;
    case CHECK_PROBE:
    case CHECK_OPERATOR: return true;
    case CHECK_NOTHING: break;
    }
    return false;
}

static void on_bury(void *context, struct instance_key key, uint64_t floor, uint64_t until_ms)
{
    struct check *c = context;
    struct registry_journal *inner = &c->inner;
    if (c->options->mutant == SIM_LOSE_GRAVES)
        inner->forget(inner->context, key);
    else
        inner->bury(inner->context, key, floor, until_ms);
    struct entry *e = get(c, key);
    if (!e->now.present)
        check_fail(c, "I1", "%.*s: buried, but it was not there", (int)e->size, e->path);
    else if (!may_go(c, e))
        check_fail(c, "I1", "%.*s: gone without a goodbye or an eviction", (int)e->size, e->path);
    e->grave_until_ms = c->now.lease_ms + (uint64_t)c->options->tombstone_s * 1000;
    note(c, e, (struct version){.floor = floor, .until_wall_ms = until_ms, .drain = e->now.drain});
    e->stale_ms = 0;
    if (c->cause == CHECK_REQUEST)
        ledger_tell(c, SIM_NEWS_LEFT, e);
    c->visited = NULL;
}

static void on_forget(void *context, struct instance_key key)
{
    struct check *c = context;
    c->inner.forget(c->inner.context, key);
    struct entry *e = get(c, key);
    if (e->now.present)
        check_fail(c, "I1", "%.*s: forgotten while it is there", (int)e->size, e->path);
    note(c, e, (struct version){.drain = e->now.drain});
}

static void on_override(void *context, struct instance_key key, const struct override *override)
{
    struct check *c = context;
    c->inner.override(c->inner.context, key, override);
    struct entry *e = get(c, key);
    struct version v = e->now;
    v.drain = override->drain;
    note(c, e, v);
}

static void on_service(void *context, struct text ns, struct text service, uint64_t until_ms)
{
    struct check *c = context;
    c->inner.service(c->inner.context, ns, service, until_ms);
    note(c, get(c, (struct instance_key){ns, service, {NULL, 0}}),
         (struct version){.until_wall_ms = until_ms});
}

static void on_touch(void *context, struct instance_key key)
{
    struct check *c = context;
    c->inner.touch(c->inner.context, key);
}

static enum err on_reserve(void *context, enum journal_need need, size_t changes)
{
    struct check *c = context;
    return c->inner.reserve(c->inner.context, need, changes);
}

struct registry_journal ledger_hooks(struct check *c)
{
    c->inner = store_journal_hooks(c->journal);
    return (struct registry_journal){
        .context = c,
        .reserve = on_reserve,
        .put = on_put,
        .bury = on_bury,
        .forget = on_forget,
        .override = on_override,
        .service = on_service,
        .touch = on_touch,
    };
}

/* ---- disk and restart --------------------------------------------------------------------- */

void ledger_committed(struct check *c, uint64_t change)
{
    while (c->note_count && c->notes[c->note_first].number <= change) {
        struct change_note *n = &c->notes[c->note_first++];
        n->entry->disk = n->version;
        c->note_count--;
    }
}

void ledger_crash(struct check *c)
{
    size_t at = 0;
    c->note_count = c->note_first = 0;
    c->present = 0;
    for (struct group *g; (g = map_next(&c->groups, &at));)
        g->members = 0;
    at = 0;
    for (struct entry *e; (e = map_next(&c->entries, &at));) {
        e->now = e->disk;
        e->last_change = 0;
        e->stale_ms = e->kept_ms = 0;
        c->present += e->now.present;
        if (e->group)
            e->group->members += e->now.present;
    }
}

/* "ns/svc/": nobody is registered, and it is known until then. */
static bool is_service(const struct entry *e)
{
    return e->path[e->size - 1] == '/';
}

static void check_known(struct check *c, const struct entry *e)
{
    struct instance_key key = path_cut(e);
    if (e->now.until_wall_ms > c->now.wall_ms &&
        !registry_service(c->registry, key.ns, key.service))
        check_fail(c, "I1", "%.*s was known and is not any more", (int)e->size, e->path);
}

static bool is_stale(const struct check *c, const struct entry *e)
{
    const struct instance *i = registry_instance(c->registry, path_cut(e));
    struct instance_state state = {0};
    if (i)
        instance_state(i, &state);
    return state.stale;
}

/* Each lease begins anew; graves go on by the wall. */
void ledger_boot(struct check *c, const struct store_report *report)
{
    uint64_t graves = 0, instances = 0;
    size_t at = 0;
    for (struct group *g; (g = map_next(&c->groups, &at));)
        g->heard = (struct heard){0};
    at = 0;
    for (struct entry *e; (e = map_next(&c->entries, &at));) {
        if (is_service(e)) {
            check_known(c, e);
            continue;
        }
        bool buried = e->now.floor && e->now.until_wall_ms > c->now.wall_ms;
        e->grave_until_ms = buried ? c->now.lease_ms + e->now.until_wall_ms - c->now.wall_ms : 0;
        if (!buried)
            e->now.floor = 0;
        graves += buried;
        instances += e->now.present;
        if (e->now.present && is_stale(c, e))
            e->stale_ms = c->now.lease_ms; /* no server ran for long */
        if (e->now.present)
            *ledger_heard(e) =
                (struct heard){.at_ms = c->now.lease_ms, .renewed = true, .unmeasured = true};
    }
    if (report->damaged)
        check_fail(c, "I1", "%llu entries of the disk could not be read",
                   (unsigned long long)report->damaged);
    else if (report->instances != instances)
        check_fail(c, "I1", "%llu instances came back of %llu on disk",
                   (unsigned long long)report->instances, (unsigned long long)instances);
    else if (registry_totals(c->registry).tombstones != graves)
        check_fail(c, "I1", "%llu graves came back of %llu on disk",
                   (unsigned long long)registry_totals(c->registry).tombstones,
                   (unsigned long long)graves);
}

static void compare_one(struct check *c, const struct instance *i, bool contents)
{
    char buffer[PATH_SIZE];
    struct record record;
    struct instance_state state;
    struct text path = path_join(instance_key(i), buffer);
    struct entry *e = ledger_find(c, path);
    if (!e || !e->now.present) {
        check_fail(c, "I1", "%.*s is there, but ought not to be", TEXT_ARG(path));
        return;
    }
    e->mentioned = true;
    if (!contents)
        return;
    instance_read(i, &record);
    instance_state(i, &state);
    if (record.rev != e->now.rev)
        check_fail(c, "I8", "%.*s has revision %llu, not %llu", TEXT_ARG(path),
                   (unsigned long long)record.rev, (unsigned long long)e->now.rev);
    else if (digest_of(i) != e->now.digest)
        check_fail(c, "I1", "%.*s has other contents than were journaled", TEXT_ARG(path));
    else if (state.override.drain != e->now.drain)
        check_fail(c, "I1", "%.*s: the operator's word is lost", TEXT_ARG(path));
}

void ledger_compare(struct check *c, bool contents)
{
    size_t seen = 0, at = 0;
    const struct service *s = NULL;
    while ((s = registry_service_next(c->registry, TEXT(""), s)) && !c->failed) {
        for (uint32_t n = 0; n < service_count(s) && !c->failed; n++, seen++)
            compare_one(c, service_instance(s, n), contents);
    }
    if (c->failed || seen == c->present)
        return;
    for (struct entry *e; (e = map_next(&c->entries, &at));)
        if (e->now.present && !registry_instance(c->registry, path_cut(e)))
            check_fail(c, "I1", "%.*s ought to be there, but is not", (int)e->size, e->path);
}

#include "registry/group.h"

#include <stdio.h>

#include "registry/instance.h"
#include "registry/leave.h"
#include "registry/owner.h"
#include "registry/state.h"

struct wanted {
    const struct owner *owner;
    struct text name;
};

static uint64_t hash_of(const struct hash_key *key, const struct owner *owner, struct text name)
{
    uint8_t bytes[sizeof(owner->hash) + GROUP_MAX];
    memcpy(bytes, &owner->hash, sizeof(owner->hash));
    memcpy(bytes + sizeof(owner->hash), name.s, name.n);
    return hash_bytes(key, bytes, sizeof(owner->hash) + name.n);
}

static bool entry_is(const void *entry, const void *key)
{
    const struct group *g = entry;
    const struct wanted *wanted = key;
    return g->owner == wanted->owner && text_is(group_name(g), wanted->name);
}

struct group *group_find(const struct map *groups, const struct hash_key *key,
                         const struct owner *owner, struct text name)
{
    if (name.n == 0 || name.n > GROUP_MAX)
        return NULL;
    struct wanted wanted = {owner, name};
    return map_find(groups, hash_of(key, owner, name), entry_is, &wanted);
}

static struct group *group_new(struct registry *r, struct owner *owner, struct text name)
{
    struct group *g = pool_new(&r->pool, offsetof(struct group, name) + name.n);
    if (!g)
        return NULL;
    g->owner = owner;
    g->name_size = (uint8_t)name.n;
    memcpy(g->name, name.s, name.n);
    g->hash = hash_of(&r->key, owner, name);
    return g;
}

/* At another place from now on. */
static bool move(struct registry *r, struct group *g, struct text zone, struct addr source,
                 struct moment now)
{
    if (host_rezone(r, &g->lease, zone, now) != ERR_OK)
        return false;
    host_move_grouped(g->host, source);
    return true;
}

struct group *group_get(struct registry *r, struct owner *owner, const struct record *record,
                        struct addr source, uint32_t lease_s, struct moment now)
{
    struct group *g = group_find(&r->groups, &r->key, owner, record->group);
    if (g)
        return move(r, g, record->zone, source, now) ? g : NULL;
    if (!(g = group_new(r, owner, record->group)))
        return NULL;
    if (map_insert(&r->groups, g->hash, g) != ERR_OK)
        goto no_entry;
    if (!(g->host = host_new_grouped(r, owner, source, record->zone)))
        goto no_host;
    lease_start(&r->agenda, &g->lease, LEASE_OF_GROUP, lease_s, now);
    host_join(r, g->host, &g->lease, now);
    return g;
no_host:
    map_remove(&r->groups, g->hash, g);
no_entry:
    pool_free(&r->pool, g);
    return NULL;
}

void group_release(struct registry *r, struct group *g, struct moment now)
{
    if (g->count) {
        if (g->lease.seconds == 0 && g->lease_s) /* the last permanent one has gone */
            lease_revive(r, &g->lease, g->lease_s, now);
        return;
    }
    lease_end(r, &g->lease, now);
    host_free_grouped(r, g->host);
    if (g->leaving)
        leave_end(r, g);
    else
        map_remove(&r->groups, g->hash, g);
    pool_free(&r->pool, g);
}

void group_renew(struct registry *r, struct group *g, struct moment now)
{
    lease_renew(r, &g->lease, g->lease_s, now);
}

static uint64_t member_digest(const struct instance *i, uint64_t rev)
{
    char text[PATH_BYTES_MAX + sizeof("@18446744073709551615")];
    struct path path;
    instance_path(i, &path);
    int n = snprintf(text, sizeof(text), "%.*s@%llu", TEXT_ARG(path_text(&path)),
                     (unsigned long long)rev);
    return hash_digest(text, (size_t)n);
}

static void count_longest(struct group *g)
{
    uint32_t longest = 1; /* nothing granted is shorter */
    for (const struct instance *i = g->first; i; i = i->member.next)
        if (lease_is_longer(i->member.lease_s, longest))
            longest = i->member.lease_s;
    g->lease_s = longest;
    g->longest = 0;
    for (const struct instance *i = g->first; i; i = i->member.next)
        g->longest += i->member.lease_s == longest;
}

void group_join(struct group *g, struct instance *i, uint32_t lease_s)
{
    i->grouped = true;
    i->member = (struct membership){.group = g, .previous = g->last, .lease_s = lease_s};
    if (g->last)
        g->last->member.next = i;
    else
        g->first = i;
    g->last = i;
    g->digest ^= member_digest(i, i->rev);
    g->count++;
    if (g->count == 1 || lease_is_longer(lease_s, g->lease_s)) {
        g->lease_s = lease_s;
        g->longest = 1;
    } else {
        g->longest += lease_s == g->lease_s;
    }
}

void group_leave(const struct membership *member, const struct instance *i)
{
    struct group *g = member->group;
    if (member->previous)
        member->previous->member.next = member->next;
    else
        g->first = member->next;
    if (member->next)
        member->next->member.previous = member->previous;
    else
        g->last = member->previous;
    g->count--;
    if (g->unmarked == i)
        g->unmarked = member->next;
    if (g->leaving) /* nobody will ask for the rest */
        return;
    g->digest ^= member_digest(i, i->rev);
    g->longest -= member->lease_s == g->lease_s;
    if (g->longest == 0 && g->count)
        count_longest(g);
}

void group_revise(struct group *g, const struct instance *i, uint64_t rev)
{
    g->digest ^= member_digest(i, i->rev) ^ member_digest(i, rev);
}

struct text group_name(const struct group *g)
{
    return (struct text){g->name, g->name_size};
}

struct group_state group_state(const struct group *g)
{
    return (struct group_state){g->count, g->digest, g->lease_s};
}

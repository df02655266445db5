/* registry_register and registry_update: who may change what, which of two versions
 * wins, and what becomes of the lease. */
#include <stdlib.h>

#include "registry/create.h"
#include "registry/owner.h"
#include "registry/record.h"

static bool is_acceptable(const struct registry *r, const struct record *record)
{
    const struct registry_config *c = &r->config;
    return !record_fault(record) &&
           (!c->namespace_known || c->namespace_known(c->context, record->ns));
}

/* The record as it would be stored, beside what is stored. */
struct version {
    uint8_t packed[CONTENT_MAX];
    size_t size;
    bool same; /* as what is stored */
};

static void version_make(struct version *v, const struct instance *i, const struct record *record)
{
    v->size = content_pack(record, v->packed);
    v->same = content_is(i->content, v->packed, v->size);
}

static enum err choose_rev(const struct instance *i, const struct version *v, uint64_t given,
                           struct moment now, uint64_t *rev)
{
    *rev = i->rev;
    if (given == 0) {
        uint64_t next = rev_after(i->rev);
        if (!v->same)
            *rev = next > now.wall_ms ? next : now.wall_ms;
        return ERR_OK;
    }
    if (given < i->rev)
        return ERR_STALE;
    if (given == i->rev && !v->same && hash_digest(v->packed, v->size) < content_digest(i->content))
        return ERR_STALE;
    *rev = given;
    return ERR_OK;
}

static void set_rev(struct instance *i, uint64_t rev)
{
    if (rev == i->rev)
        return;
    if (i->grouped)
        group_revise(i->member.group, i, rev);
    i->rev = rev;
}

/* From a group to a lease of its own. The membership lies where the lease will,
 * so it is kept aside until the lease has its place in the heap. */
static enum err leave_for_own(struct registry *r, struct instance *i, uint32_t lease_s,
                              struct moment now)
{
    struct membership was = i->member;
    if (lease_start(&r->leases, &i->lease, LEASE_OF_INSTANCE, lease_s, now) != ERR_OK) {
        i->member = was;
        return ERR_MEMORY;
    }
    i->grouped = false;
    group_leave(&was, i);
    group_release(&r->groups, &r->leases, was.group);
    return ERR_OK;
}

static void join(struct registry *r, struct instance *i, struct group *g, uint32_t lease_s)
{
    if (!i->grouped) {
        lease_end(&r->leases, &i->lease);
        group_join(g, i, lease_s);
        return;
    }
    struct membership was = i->member;
    if (was.group == g && was.lease_s == lease_s)
        return;
    group_leave(&was, i);
    group_join(g, i, lease_s);
    group_release(&r->groups, &r->leases, was.group);
}

/* Gives it the lease or the group that the record asks for, from now on. */
static enum err take_lease(struct registry *r, struct instance *i, const struct record *record,
                           struct moment now)
{
    uint32_t lease_s = lease_granted(&r->config, record);
    if (record->group.n == 0) {
        if (i->grouped)
            return leave_for_own(r, i, lease_s, now);
        i->lease.seconds = lease_s;
    } else {
        struct group *g =
            group_get(&r->groups, &r->leases, &r->key, i->owner, record->group, lease_s, now);
        if (!g)
            return ERR_MEMORY;
        join(r, i, g, lease_s);
    }
    lease_renew(&r->leases, instance_lease(i), now);
    return ERR_OK;
}

static bool is_weaker(const struct content *now, const struct content *before)
{
    struct record a, b;
    content_read(now, &a);
    content_read(before, &b);
    return record_is_weaker(&a, &b);
}

/* True when consumers see a difference. Takes `fresh`; NULL = the content stays. */
static bool replace(struct registry *r, struct instance *i, struct content *fresh, uint16_t weight,
                    struct moment now)
{
    if (!fresh && weight == i->weight)
        return false;
    struct standing before = instance_standing(i);
    bool weaker = fresh && is_weaker(fresh, i->content);
    if (fresh) {
        free(i->content);
        i->content = fresh;
    }
    i->weight = weight;
    state_changed(r, i, before, weaker, now);
    return true;
}

static enum err amend(struct registry *r, struct instance *i, const struct record *record,
                      bool renews, struct moment now, struct granted *out)
{
    struct version version;
    version_make(&version, i, record);
    *out = (struct granted){.instance = i, .rev = i->rev, .lease_s = instance_lease_s(i)};
    uint64_t rev;
    enum err err = choose_rev(i, &version, record->rev, now, &rev);
    if (err != ERR_OK)
        return err;
    struct content *fresh = NULL;
    if (!version.same && !(fresh = content_new(version.packed, version.size)))
        return ERR_MEMORY;
    if (renews && (err = take_lease(r, i, record, now)) != ERR_OK) {
        free(fresh);
        return err;
    }
    set_rev(i, rev);
    out->changed = replace(r, i, fresh, record_weight(record, r->config.weight_key), now);
    out->rev = rev;
    out->lease_s = instance_lease_s(i);
    if (out->changed)
        r->registrations++;
    else if (renews)
        r->renewals++;
    return ERR_OK;
}

enum err registry_register(struct registry *r, const struct record *record,
                           const struct principal *who, struct moment now, struct granted *out)
{
    *out = (struct granted){0};
    struct path path;
    if (!is_acceptable(r, record) || !path_of_instance(&r->key, record_key(record), &path))
        return ERR_VALUE;
    struct instance *i = instance_find(&r->instances, &path);
    if (!i)
        return create(r, record, &path, who, NULL, now, out);
    if (owner_is(i->owner, who))
        return amend(r, i, record, true, now, out);
    if (instance_lease(i)->deadline_ms > now.lease_ms)
        return ERR_OWNER;
    return create(r, record, &path, who, i, now, out);
}

enum err registry_update(struct registry *r, const struct record *record,
                         const struct principal *who, struct moment now, struct granted *out)
{
    *out = (struct granted){0};
    struct path path;
    if (!is_acceptable(r, record) || !path_of_instance(&r->key, record_key(record), &path))
        return ERR_VALUE;
    struct instance *i = instance_find(&r->instances, &path);
    if (!i)
        return ERR_NOT_FOUND;
    if (!owner_is(i->owner, who))
        return ERR_OWNER;
    return amend(r, i, record, false, now, out);
}

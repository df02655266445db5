/* registry_register and registry_update: who may change what, which of two versions
 * wins, and what becomes of the lease. */
#include <stdlib.h>

#include "registry/amend.h"
#include "registry/create.h"
#include "registry/leave.h"
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
    v->same = content_is(instance_content(i), v->packed, v->size);
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
    if (given == i->rev && !v->same &&
        hash_digest(v->packed, v->size) < content_digest(instance_content(i)))
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
 * so it is kept aside. */
static void leave_for_own(struct registry *r, struct instance *i, struct host *host,
                          uint32_t lease_s, struct moment now)
{
    struct membership was = i->member;
    lease_start(&r->agenda, &i->lease, LEASE_OF_INSTANCE, lease_s, now);
    host_join(r, host, &i->lease, now);
    i->grouped = false;
    if (lease_is(&was.group->lease, LEASE_EXPIRED))
        instance_unexpire(r, i, now);
    group_leave(&was, i);
    group_release(r, was.group, now);
}

static void move(struct registry *r, struct lease *lease, struct host *host, struct moment now)
{
    if (host_of(r, lease) == host)
        return;
    host_leave(r, lease, now);
    host_join(r, host, lease, now);
}

static void join(struct registry *r, struct instance *i, struct group *g, uint32_t lease_s,
                 struct moment now)
{
    lease_unexpire(r, &g->lease, now);
    if (!i->grouped) {
        lease_unexpire(r, &i->lease, now);
        lease_end(r, &i->lease, now);
        group_join(g, i, lease_s);
        return;
    }
    struct membership was = i->member;
    if (was.group == g && was.lease_s == lease_s)
        return;
    if (lease_is(&was.group->lease, LEASE_EXPIRED))
        instance_unexpire(r, i, now);
    group_leave(&was, i);
    group_join(g, i, lease_s);
    group_release(r, was.group, now);
}

void amend_lease(struct registry *r, struct instance *i, struct host *host, uint32_t lease_s,
                 struct moment now)
{
    if (i->grouped)
        leave_for_own(r, i, host, lease_s, now);
    else
        move(r, &i->lease, host, now);
    lease_renew(r, &i->lease, lease_s, now);
}

/* Gives it the lease or the group that the record asks for, from now on. */
static enum err take_lease(struct registry *r, struct instance *i, const struct record *record,
                           struct addr source, struct moment now)
{
    uint32_t lease_s = lease_granted(&r->config, record);
    if (record->group.n) {
        struct group *g = group_get(r, instance_owner(r, i), record, source, lease_s, now);
        if (!g)
            return ERR_MEMORY;
        join(r, i, g, lease_s, now);
        group_renew(r, g, now);
        return ERR_OK;
    }
    struct host *host = host_get(r, instance_owner(r, i), source, record->zone);
    if (!host)
        return ERR_MEMORY;
    amend_lease(r, i, host, lease_s, now);
    return ERR_OK;
}

/* An update says where it is, but not that it lives. */
static enum err take_zone(struct registry *r, struct instance *i, const struct record *record,
                          struct moment now)
{
    const struct host *h = host_of(r, instance_lease(i));
    if (i->grouped)
        return host_rezone(r, instance_lease(i), record->zone, now);
    struct addr source = host_owner(r, h)->principal.kind == PRINCIPAL_LOCAL ? record->addresses[0]
                                                                             : host_address(h);
    struct host *host = host_get(r, instance_owner(r, i), source, record->zone);
    if (!host)
        return ERR_MEMORY;
    move(r, &i->lease, host, now);
    return ERR_OK;
}

/* What the new content means for others. */
struct effect {
    bool weaker, moved;
};

static struct effect effect_of(const struct content *now, const struct content *before)
{
    struct record a, b;
    content_read(now, &a);
    content_read(before, &b);
    return (struct effect){record_is_weaker(&a, &b), !record_is_at(&a, &b)};
}

/* True when consumers see a difference. Takes `fresh`; NULL = the content stays. */
static bool replace(struct registry *r, struct instance *i, struct content *fresh, uint16_t weight,
                    const struct principal *who, struct moment now)
{
    if (!fresh && weight == i->weight)
        return false;
    struct standing before = instance_standing(i);
    struct effect effect = fresh ? effect_of(fresh, instance_content(i)) : (struct effect){0};
    if (fresh)
        instance_set_content(i, fresh);
    i->weight = weight;
    state_changed(r, i, before, effect.weaker, now);
    if (effect.moved)
        state_observe(r, DEED_MOVED, i, who, NULL);
    return true;
}

static bool has_terms(const struct instance *i, const struct record *record, uint32_t lease_s)
{
    struct text group = i->grouped ? group_name(i->member.group) : (struct text){0};
    return instance_lease_s(i) == lease_s && text_is(group, record->group);
}

/* Sets `writes` and `need`. */
static void measure(const struct registry *r, const struct record *record, const struct version *v,
                    bool renews, struct amendment *a)
{
    const struct instance *i = a->instance;
    a->writes = !v->same || a->rev != i->rev ||
                (renews && !has_terms(i, record, lease_granted(&r->config, record)));
    enum status was = content_status(instance_content(i)), is = record->status;
    bool leaves = (was == STATUS_UP || was == STATUS_STARTING) &&
                  (is == STATUS_DRAINING || is == STATUS_DOWN);
    leaves |= is == was && a->weight < i->weight;
    a->need = leaves ? JOURNAL_WITHDRAW : JOURNAL_PUT;
}

enum err amend_make(const struct registry *r, struct instance *i, const struct record *record,
                    bool renews, struct moment now, struct amendment *out)
{
    struct version version;
    *out = (struct amendment){.instance = i, .weight = record_weight(record, r->config.weight_key)};
    version_make(&version, i, record);
    enum err err = choose_rev(i, &version, record->rev, now, &out->rev);
    if (err != ERR_OK)
        return err;
    measure(r, record, &version, renews, out);
    if (!version.same && !(out->fresh = content_new(version.packed, version.size)))
        return ERR_MEMORY;
    return ERR_OK;
}

void amend_drop(struct amendment *a)
{
    free(a->fresh);
    a->fresh = NULL;
}

bool amend_commit(struct registry *r, struct amendment *a, const struct principal *who,
                  struct moment now)
{
    struct instance *i = a->instance;
    set_rev(i, a->rev);
    bool changed = replace(r, i, a->fresh, a->weight, who, now);
    a->fresh = NULL;
    if (a->writes)
        journal_put(&r->journal, i);
    else
        journal_touch(&r->journal, instance_key(i));
    return changed;
}

static enum err amend(struct registry *r, struct instance *i, const struct record *record,
                      const struct principal *who, bool renews, struct moment now,
                      struct granted *out)
{
    struct amendment a;
    *out = (struct granted){.instance = i, .rev = i->rev, .lease_s = instance_lease_s(i)};
    enum err err = amend_make(r, i, record, renews, now, &a);
    if (err == ERR_OK && a.writes)
        err = journal_reserve(&r->journal, a.need, 1);
    if (err == ERR_OK)
        err = renews ? take_lease(r, i, record, host_source(who, record), now)
                     : take_zone(r, i, record, now);
    if (err != ERR_OK) {
        amend_drop(&a);
        return err;
    }
    out->changed = amend_commit(r, &a, who, now);
    out->rev = a.rev;
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
    if (i && leave_takes(i)) {
        enum err err = leave_first(r, i, now);
        if (err != ERR_OK)
            return err;
        i = NULL;
    }
    if (!i)
        return create(r, record, &path, who, NULL, now, out);
    if (owner_is(instance_owner(r, i), who))
        return amend(r, i, record, who, true, now, out);
    const struct lease *lease = instance_lease(i);
    if (lease_due_ms(lease) > now.lease_ms && !lease_is(lease, LEASE_EXPIRED))
        return ERR_OWNER;
    return create(r, record, &path, who, i, now, out);
}

enum err registry_register_for(struct registry *r, const struct record *record,
                               const struct principal *owner, const struct principal *asker,
                               struct moment now, struct granted *out)
{
    if (principal_is(owner, asker))
        return registry_register(r, record, asker, now, out);
    r->asker = asker;
    enum err err = registry_register(r, record, owner, now, out);
    r->asker = NULL;
    return err;
}

enum err registry_update(struct registry *r, const struct record *record,
                         const struct principal *who, struct moment now, struct granted *out)
{
    *out = (struct granted){0};
    struct path path;
    if (!is_acceptable(r, record) || !path_of_instance(&r->key, record_key(record), &path))
        return ERR_VALUE;
    struct instance *i = instance_find(&r->instances, &path);
    if (!i || leave_takes(i))
        return ERR_NOT_FOUND;
    if (!owner_is(instance_owner(r, i), who))
        return ERR_OWNER;
    return amend(r, i, record, who, false, now, out);
}

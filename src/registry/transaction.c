#include <stdlib.h>

#include "registry/amend.h"
#include "registry/create.h"
#include "registry/leave.h"
#include "registry/owner.h"
#include "registry/record.h"

enum step_kind { STEP_NONE, STEP_CREATE, STEP_AMEND, STEP_BURY };

struct step {
    enum step_kind kind;
    const struct record *record;
    struct path path;
    struct draft draft;         /* CREATE */
    struct instance *displaced; /* CREATE: another owner's, that has run out */
    uint64_t rev;               /* CREATE */
    struct amendment amendment; /* AMEND */
    struct host *host;          /* AMEND: held */
    uint32_t lease_s;           /* AMEND */
    struct instance *leaves;    /* BURY */
};

struct registry_transaction {
    struct registry *registry;
    struct moment now;
    struct principal who;
    struct owner *owner; /* held: it counts one instance too many */
    size_t count;
    struct step steps[];
};

/* ---- the parts --------------------------------------------------------------------------- */

static enum err prepare_bury(struct registry_transaction *t, struct step *s,
                             const struct principal *who, struct instance *i)
{
    if (!i)
        return ERR_NOT_FOUND;
    if (!owner_is(instance_owner(t->registry, i), who))
        return ERR_OWNER;
    s->leaves = i;
    s->kind = STEP_BURY;
    return ERR_OK;
}

static enum err prepare_amend(struct registry_transaction *t, struct step *s,
                              const struct principal *who, struct instance *i)
{
    struct registry *r = t->registry;
    enum err err = amend_make(r, i, s->record, true, t->now, &s->amendment);
    if (err != ERR_OK)
        return err;
    s->kind = STEP_AMEND;
    s->lease_s = lease_granted(&r->config, s->record);
    s->host = host_get(r, instance_owner(r, i), host_source(who, s->record), s->record->zone);
    if (!s->host)
        return ERR_MEMORY;
    s->host->leases++; /* so that no other step makes it go */
    return ERR_OK;
}

static enum err prepare_create(struct registry_transaction *t, struct step *s,
                               const struct principal *who)
{
    struct registry *r = t->registry;
    enum err err = draft_admit(r, s->record, &s->path, s->displaced, t->now, &s->rev);
    if (err != ERR_OK)
        return err;
    s->kind = STEP_CREATE;
    return draft_make(r, &s->draft, s->record, who, lease_granted(&r->config, s->record), t->now);
}

static bool is_acceptable(const struct registry *r, const struct record *record)
{
    const struct registry_config *c = &r->config;
    return !record_fault(record) && record->group.n == 0 &&
           (!c->namespace_known || c->namespace_known(c->context, record->ns));
}

static enum err prepare(struct registry_transaction *t, const struct registry_change *change,
                        const struct principal *who)
{
    struct registry *r = t->registry;
    struct step *s = &t->steps[t->count++];
    s->record = change->record;
    if (s->record && !is_acceptable(r, s->record))
        return ERR_VALUE;
    if (!path_of_instance(&r->key, s->record ? record_key(s->record) : change->key, &s->path))
        return ERR_VALUE;
    struct instance *i = instance_find(&r->instances, &s->path);
    if (!s->record)
        return prepare_bury(t, s, who, i);
    if (i && leave_takes(i)) {
        enum err err = leave_first(r, i, t->now);
        if (err != ERR_OK)
            return err;
        i = NULL;
    }
    if (i && owner_is(instance_owner(r, i), who))
        return prepare_amend(t, s, who, i);
    const struct lease *lease = i ? instance_lease(i) : NULL;
    if (lease && lease_due_ms(lease) > t->now.lease_ms && !lease_is(lease, LEASE_EXPIRED))
        return ERR_OWNER;
    s->displaced = i;
    return prepare_create(t, s, who);
}

/* ---- all together ------------------------------------------------------------------------ */

struct sums {
    size_t creates, displaces, buries, services;
};

/* Is this the first one of a service that is new? */
static bool begins_service(const struct registry_transaction *t, size_t n)
{
    const struct service *s = t->steps[n].draft.service;
    if (!s || s->known)
        return false;
    for (size_t before = 0; before < n; before++)
        if (t->steps[before].draft.service == s)
            return false;
    return true;
}

static struct sums sum(const struct registry_transaction *t)
{
    struct sums sums = {0};
    for (size_t n = 0; n < t->count; n++) {
        sums.services += begins_service(t, n);
        sums.creates += t->steps[n].kind == STEP_CREATE;
        sums.displaces += t->steps[n].displaced != NULL;
        sums.buries += t->steps[n].kind == STEP_BURY;
    }
    return sums;
}

/* Has this service more than it may hold, with what comes to it? */
static bool is_service_full(const struct registry_transaction *t, const struct service *s)
{
    size_t comes = 0;
    for (size_t n = 0; n < t->count; n++)
        comes += t->steps[n].draft.service == s && !t->steps[n].displaced;
    return comes && s->count + comes > t->registry->config.service_instances_max;
}

static bool is_full(const struct registry_transaction *t)
{
    const struct registry *r = t->registry;
    const struct registry_config *c = &r->config;
    struct sums all = sum(t);
    size_t gone = all.buries + all.displaces;
    for (size_t n = 0; n < t->count; n++)
        if (t->steps[n].draft.service && is_service_full(t, t->steps[n].draft.service))
            return true;
    return (t->who.quota && all.creates > all.buries &&
            t->owner->instances - 1 + all.creates - all.buries > t->who.quota) ||
           (all.creates > gone && r->instances.count + all.creates - gone > c->instances_max) ||
           (all.services && r->services.known + all.services > c->services_max);
}

/* Would two that are new be one name: instance `a` of `b` and the service "a.b"? */
static bool is_one_name(const struct record *instance, const struct record *service)
{
    struct text rest = service->service;
    struct text id = text_cut(&rest, '.');
    return text_is(id, instance->id) && text_is(rest, instance->service) &&
           text_is(instance->ns, service->ns);
}

static bool has_one_name(const struct registry_transaction *t)
{
    for (size_t n = 0; n < t->count; n++)
        for (size_t other = 0; t->steps[n].kind == STEP_CREATE && other < t->count; other++)
            if (t->steps[other].kind == STEP_CREATE &&
                is_one_name(t->steps[n].record, t->steps[other].record))
                return true;
    return false;
}

static enum err make_room(struct registry_transaction *t)
{
    struct registry *r = t->registry;
    size_t changes = 0;
    enum journal_need need = JOURNAL_WITHDRAW;
    for (size_t n = 0; n < t->count; n++) {
        const struct step *s = &t->steps[n];
        struct service *service = s->draft.service;
        if (service && service_reserve(service, service->count + (uint32_t)t->count) != ERR_OK)
            return ERR_MEMORY;
        if (s->kind == STEP_CREATE ||
            (s->kind == STEP_AMEND && s->amendment.writes && s->amendment.need == JOURNAL_PUT))
            need = JOURNAL_PUT;
        changes += s->kind == STEP_AMEND ? s->amendment.writes : 2;
    }
    if (map_reserve(&r->instances, t->count) != ERR_OK)
        return ERR_MEMORY;
    return changes ? journal_reserve(&r->journal, need, changes) : ERR_OK;
}

enum err registry_prepare(struct registry *r, const struct registry_change *changes, size_t count,
                          const struct principal *who, struct moment now,
                          struct registry_transaction **out, size_t *failed)
{
    struct registry_transaction *t = calloc(1, sizeof(*t) + count * sizeof(struct step));
    *out = NULL;
    *failed = count;
    if (!t)
        return ERR_MEMORY;
    t->registry = r;
    t->now = now;
    t->who = *who;
    t->owner = owner_get(&r->pool, &r->owners, &r->key, who);
    enum err err = t->owner ? ERR_OK : ERR_MEMORY;
    if (t->owner)
        t->owner->instances++;
    for (size_t n = 0; n < count && err == ERR_OK; n++)
        if ((err = prepare(t, &changes[n], who)) != ERR_OK)
            *failed = n;
    if (err == ERR_OK && has_one_name(t))
        err = ERR_EXISTS;
    if (err == ERR_OK && t->count && is_full(t))
        err = ERR_FULL;
    if (err == ERR_OK)
        err = make_room(t);
    if (err != ERR_OK) {
        registry_abort(t);
        return err;
    }
    *out = t;
    return ERR_OK;
}

/* ---- commit and abort ----------------------------------------------------------------------- */

static void let_go(struct registry_transaction *t, struct step *s)
{
    if (!s->host)
        return;
    s->host->leases--;
    host_release(t->registry, s->host);
}

static void finish(struct registry_transaction *t)
{
    map_release(&t->registry->instances);
    for (size_t n = 0; n < t->count; n++)
        let_go(t, &t->steps[n]);
    if (t->owner) {
        t->owner->instances--;
        owner_release(&t->registry->pool, &t->registry->owners, t->owner);
    }
    free(t);
}

static void commit_create(struct registry_transaction *t, struct step *s)
{
    struct registry *r = t->registry;
    struct instance *i = s->draft.instance;
    if (s->displaced) {
        map_replace(&r->instances, s->path.hash, s->displaced, i);
    } else {
        enum err err = map_insert(&r->instances, s->path.hash, i);
        (void)err; /* room was reserved */
    }
    i->rev = s->rev;
    t->owner->principal.quota = t->who.quota;
    draft_commit(r, &s->draft, &s->path, t->now);
    draft_settle(r, &s->draft, s->displaced, &t->who, t->now);
}

static void commit_amend(struct registry_transaction *t, struct step *s)
{
    struct registry *r = t->registry;
    amend_lease(r, s->amendment.instance, s->host, s->lease_s, t->now);
    if (amend_commit(r, &s->amendment, &t->who, t->now))
        r->registrations++;
    else
        r->renewals++;
}

static void commit_bury(struct registry_transaction *t, struct step *s)
{
    leave_now(t->registry, s->leaves, rev_after(s->leaves->rev), &t->who, t->now);
}

static void commit(struct registry_transaction *t, enum step_kind kind,
                   void (*step)(struct registry_transaction *t, struct step *s))
{
    for (size_t n = 0; n < t->count; n++)
        if (t->steps[n].kind == kind)
            step(t, &t->steps[n]);
}

/* What goes, goes last, so that no service is without anybody on the way. */
void registry_commit(struct registry_transaction *t)
{
    commit(t, STEP_CREATE, commit_create);
    commit(t, STEP_AMEND, commit_amend);
    commit(t, STEP_BURY, commit_bury);
    finish(t);
}

/* A service that was made for several drafts goes with the last of them. */
static void drop_draft(struct registry_transaction *t, size_t n)
{
    struct draft *d = &t->steps[n].draft;
    for (size_t later = n + 1; later < t->count && d->service; later++)
        if (t->steps[later].draft.service == d->service)
            d->service = NULL;
    draft_drop(t->registry, d, t->now);
}

void registry_abort(struct registry_transaction *t)
{
    if (!t)
        return;
    for (size_t n = 0; n < t->count; n++) {
        drop_draft(t, n);
        amend_drop(&t->steps[n].amendment);
    }
    finish(t);
}

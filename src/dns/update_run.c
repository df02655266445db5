/* An update on the control thread, from its records to registry and plain records. */
#include "dns/update.h"

#include "dns/update_parts.h"

/* ---- results ----------------------------------------------------------------------------- */

/* As far as it fits: a name can be longer than the text. */
static void append(struct update *u, const char *more)
{
    size_t used = strlen(u->text), left = sizeof(u->text) - 1 - used;
    size_t n = strnlen(more, left);
    memcpy(u->text + used, more, n);
    u->text[used + n] = '\0';
}

bool update_fail(struct update *u, unsigned rcode, int ede, const char *text,
                 const struct name *name)
{
    if (u->rcode != RCODE_NOERROR)
        return false; /* the first reason counts */
    u->rcode = rcode;
    u->ede = ede;
    u->text[0] = '\0';
    append(u, text);
    if (name) {
        char room[NAME_TEXT];
        append(u, name_format(name->wire, room));
    }
    return false;
}

static bool fail_by(struct update *u, enum err err, const struct registry_change *change)
{
    static const struct {
        enum err err;
        unsigned rcode;
        const char *text;
    } known[] = {
        {ERR_MEMORY, RCODE_SERVFAIL, "out of memory"},
        {ERR_READONLY, RCODE_SERVFAIL, "nothing can be stored now"},
        {ERR_EXISTS, RCODE_REFUSED, "the name is taken: "},
        {ERR_OWNER, RCODE_REFUSED, "the instance belongs to somebody else: "},
        {ERR_FULL, RCODE_REFUSED,
         "there are too many instances: of this key by its quota, of the service, or of all"},
    };
    char text[120] = "refused";
    unsigned rcode = RCODE_REFUSED;
    for (size_t i = 0; i < ARRAY_COUNT(known); i++)
        if (known[i].err == err) {
            rcode = known[i].rcode;
            (void)snprintf(text, sizeof(text), "%s", known[i].text);
        }
    struct instance_key key = {{0}, {0}, {0}};
    if (change)
        key = change->record ? (struct instance_key){change->record->ns, change->record->service,
                                                     change->record->id}
                             : change->key;
    if (key.id.n && text[strlen(text) - 1] == ' ')
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%.*s of %.*s",
                       (int)key.id.n, key.id.s, (int)key.service.n, key.service.s);
    return update_fail(u, rcode, EDE_OTHER, text, NULL);
}

/* ---- doing it ------------------------------------------------------------------------------ */

/* In this order: names that plain records leave are free for instances; and the journal
 * of the registry reserves before that of the records. */
static bool commit(struct update *u, struct registry *registry, const struct update_plan *plan)
{
    struct records_transaction *records;
    struct registry_transaction *instances = NULL;
    size_t failed = plan->registration_count;
    enum err err =
        records_prepare(u->dns->records, plan->records, plan->record_count, u->now, &records);
    if (err == ERR_OK)
        err = records_limit(records, u->key, u->who.quota);
    if (err == ERR_FULL) {
        records_abort(records);
        return update_fail(u, RCODE_REFUSED, EDE_OTHER, records_full(u->dns->records), NULL);
    }
    if (err == ERR_OK && plan->registration_count)
        err = registry_prepare(registry, plan->registrations, plan->registration_count, &u->who,
                               u->now, &instances, &failed);
    if (err == ERR_OK)
        err = records_reserve(records);
    if (err != ERR_OK) {
        registry_abort(instances);
        records_abort(records);
        return fail_by(u, err,
                       failed < plan->registration_count ? &plan->registrations[failed] : NULL);
    }
    if (instances)
        registry_commit(instances);
    records_commit(records);
    return true;
}

static bool apply(struct update *u, struct registry *registry, const struct query *q)
{
    struct update_plan plan;
    if (!update_read(u, q))
        return false;
    if (u->required_count && dns_publish(u->dns, registry, u->now.lease_ms, NULL))
        return update_fail(u, RCODE_SERVFAIL, EDE_OTHER, "out of memory", NULL);
    if (!update_require(u) || !update_granted(u) || !update_prescan(u) || !update_apply(u) ||
        !update_derive(u) || !update_plan(u, &plan) || !commit(u, registry, &plan))
        return false;
    if (u->idle_deletes || plan.registration_count + plan.record_count == 0)
        records_touch(u->dns->records);
    return true;
}

/* ---- who, where, for how long --------------------------------------------------------------- */

static uint32_t quota_of(const struct dns_config *config, const struct tsig_key *key)
{
    for (size_t i = 0; i < config->key_count; i++)
        if (tsig_key_is_named(key, text_of(config->keys[i].name)) && config->keys[i].quota)
            return config->keys[i].quota;
    return DNS_KEY_QUOTA;
}

/* Owners are told apart by PRINCIPAL_NAME_MAX characters: of a longer name a digest is part. */
static void set_holder(struct update *u, const struct dns_task *task)
{
    enum { DIGEST = 17 }; /* '~' and 16 digits */
    u->key = tsig_key_name(task->tsig.key);
    u->who = (struct principal){.kind = PRINCIPAL_NAME,
                                .addr = task->from.addr,
                                .quota = quota_of(&u->dns->config, task->tsig.key)};
    if (u->key.n <= PRINCIPAL_NAME_MAX)
        memcpy(u->who.name, u->key.s, u->key.n);
    else
        (void)snprintf(u->who.name, sizeof(u->who.name), "%.*s~%016llx",
                       PRINCIPAL_NAME_MAX - DIGEST, u->key.s,
                       (unsigned long long)hash_digest(u->key.s, u->key.n));
}

static uint32_t clamp(const struct dns_zone_config *config, uint32_t wished_s)
{
    uint32_t s = wished_s > config->update_lease_min_s ? wished_s : config->update_lease_min_s;
    s = s < config->update_lease_max_s ? s : config->update_lease_max_s;
    return s ? s : 1; /* 0 would be for ever */
}

static void set_lease(struct update *u, struct dns_task *task)
{
    const struct query *q = &task->query;
    if (!q->has_opt || !q->edns.lease_size)
        return;
    u->leased = true;
    u->lease_s = task->lease_s = clamp(u->config, q->edns.lease_s);
    task->key_lease_s = clamp(u->config, q->edns.key_lease_s);
}

static bool begin(struct update *u, struct dns_task *task)
{
    u->zone = dns_zone_at(u->dns, &task->query.name);
    if (!u->zone || !u->dns->records)
        return update_fail(u, RCODE_REFUSED, EDE_PROHIBITED, "this zone takes no updates", NULL);
    u->config = &u->dns->config.zones[u->zone->index];
    set_holder(u, task);
    set_lease(u, task);
    return true;
}

/* Once only; but one that failed for our own sake may come again. */
static bool look(struct update *u, struct dns_task *task, uint16_t **seen)
{
    struct dns_records *records = u->dns->records;
    switch (records_look(records, &task->tsig, u->now.wall_ms / 1000, seen)) {
    case UPDATE_NEW: return true;
    case UPDATE_REPEATED:
        if (**seen == RCODE_SERVFAIL)
            return true;
        records_touch(records);
        if (**seen != RCODE_NOERROR)
            update_fail(u, **seen, EDE_OTHER, "as the same message before", NULL);
        return false;
    case UPDATE_TOO_OLD:
        task->tsig.error = TSIG_BADTIME;
        return update_fail(u, RCODE_NOTAUTH, EDE_OTHER,
                           "signed before this server started, or so much was then that it is "
                           "forgotten: sign anew",
                           NULL);
    case UPDATE_BAD_TIME:
        task->tsig.error = TSIG_BADTIME;
        return update_fail(u, RCODE_NOTAUTH, EDE_OTHER,
                           "signed more than 300 s before or after our time", NULL);
    case UPDATE_NO_MEMORY:
    default: break;
    }
    return update_fail(u, RCODE_SERVFAIL, EDE_OTHER, "out of memory", NULL);
}

void update_run(struct dns *dns, struct registry *registry, struct moment now,
                struct dns_task *task)
{
    struct update u = {.dns = dns, .registry = registry, .now = now, .ede = EDE_NONE};
    uint16_t *seen;
    if (begin(&u, task) && look(&u, task, &seen)) {
        (void)apply(&u, registry, &task->query);
        *seen = (uint16_t)u.rcode;
    }
    task_result(task, u.rcode, u.ede, u.ede == EDE_NONE ? NULL : u.text);
    task->has_lease = u.leased && u.rcode == RCODE_NOERROR;
    update_deinit(&u);
}

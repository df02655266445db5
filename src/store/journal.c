#include <stdlib.h>

#include "base/log.h"
#include "store/batch.h"
#include "store/crc.h"
#include "store/value.h"

enum {
    SLOTS = 4096, /* two instances in one slot cost a needless wait for a running commit */
    BIG = BATCH_CHANGE_OVERHEAD + KEY_MAX + VALUE_MAX,
    SMALL = BATCH_CHANGE_OVERHEAD + KEY_MAX + VALUE_SMALL_MAX,
    /* So many of what one call announces may be whole instances; the long lists are
     * goodbyes of groups and evictions. */
    BIG_ONES = 16,
};

struct store_journal {
    struct store_batch *batch; /* NULL = nothing since the last take */
    uint64_t last, committed, wait;
    size_t promised; /* bytes that this request's reserves made room for, and not yet used */
    bool readonly;
    uint64_t slots[SLOTS]; /* by key: its last change */
};

struct store_journal *store_journal_new(void)
{
    return calloc(1, sizeof(struct store_journal));
}

void store_journal_free(struct store_journal *j)
{
    if (!j)
        return;
    store_batch_free(j->batch);
    free(j);
}

void store_journal_readonly(struct store_journal *j, bool readonly)
{
    j->readonly = readonly;
}

void store_journal_begin(struct store_journal *j)
{
    j->wait = 0;
    j->promised = 0; /* what was not used by then, as renewals note nothing */
}

uint64_t store_journal_wait(const struct store_journal *j)
{
    return j->wait;
}

void store_journal_committed(struct store_journal *j, uint64_t change)
{
    if (change > j->committed)
        j->committed = change;
}

uint64_t store_journal_last(const struct store_journal *j)
{
    return j->last;
}

struct store_batch *store_journal_take(struct store_journal *j)
{
    if (!j->batch || !store_batch_count(j->batch))
        return NULL; /* room that was reserved and not used stays for the next call */
    struct store_batch *batch = j->batch;
    j->batch = NULL;
    return batch;
}

static enum err make_room(struct store_journal *j, size_t bytes)
{
    if (!j->batch)
        j->batch = batch_new();
    return j->batch ? batch_reserve(j->batch, bytes) : ERR_MEMORY;
}

static enum err reserve(void *context, enum journal_need need, size_t changes)
{
    struct store_journal *j = context;
    if (need == JOURNAL_PUT && j->readonly)
        return ERR_READONLY;
    size_t big = need == JOURNAL_PUT || changes < BIG_ONES ? changes : BIG_ONES;
    j->promised = big * BIG + (changes - big) * SMALL;
    return make_room(j, j->promised);
}

/* `entry` NULL = the key is removed. */
static void note(struct store_journal *j, enum store_table table, struct text key,
                 const struct entry *entry)
{
    struct writer w;
    bool big = entry && (entry->kind == ENTRY_INSTANCE || entry->kind == ENTRY_RECORD);
    size_t most = big ? BIG : SMALL;
    if (!key.n || make_room(j, most)) { /* free of cost where room was reserved */
        log_error("store: out of memory, a change is not noted");
        j->wait = STORE_NEVER;
        return;
    }
    uint32_t crc = crc32c(0, key.s, key.n);
    batch_begin(j->batch, table, key, &w);
    if (entry)
        value_encode_crc(&w, table, crc, entry);
    j->promised -= j->promised < most ? j->promised : most;
    j->last++;
    batch_end(j->batch, &w, j->last);
    j->slots[crc % SLOTS] = j->last;
    j->wait = j->last;
}

static void put(void *context, const struct instance *i)
{
    struct entry entry;
    struct instance_state state;
    char buffer[KEY_MAX];
    entry.kind = ENTRY_INSTANCE;
    instance_read(i, &entry.instance.record);
    instance_state(i, &state);
    entry.instance.owner = state.owner;
    entry.instance.registered_ms = state.registered_ms;
    entry.instance.up_ms = state.up_ms;
    entry.instance.latest_ms = state.latest_ms;
    note(context, STORE_INSTANCES, key_join(instance_key(i), buffer), &entry);
}

static void bury(void *context, struct instance_key key, uint64_t floor, uint64_t until_ms)
{
    char buffer[KEY_MAX];
    struct entry entry;
    entry.kind = ENTRY_GRAVE;
    entry.grave = (struct grave){floor, until_ms};
    note(context, STORE_INSTANCES, key_join(key, buffer), &entry);
}

/* What comes unannounced may be dropped: a grave or service that is over, and overrides of
 * an unknown service, are thrown out at the next start. */
static void forget(void *context, struct instance_key key)
{
    char buffer[KEY_MAX];
    if (!make_room(context, SMALL))
        note(context, STORE_INSTANCES, key_join(key, buffer), NULL);
}

static void note_override(void *context, struct instance_key key, const struct override *override)
{
    char buffer[KEY_MAX];
    struct entry entry;
    entry.kind = ENTRY_OVERRIDE;
    entry.override = *override;
    bool lifted = !override->drain && !override->weight_set && !override->status_set;
    if (lifted && make_room(context, SMALL))
        return; /* its service is forgotten, which makes it void */
    note(context, STORE_OVERRIDES, key_join(key, buffer), lifted ? NULL : &entry);
}

static void note_service(void *context, struct text ns, struct text service, uint64_t until_ms)
{
    char buffer[KEY_MAX];
    struct entry entry;
    struct instance_key key = {ns, service, {NULL, 0}};
    entry.kind = ENTRY_SERVICE;
    entry.until_ms = until_ms;
    if (!until_ms && make_room(context, SMALL))
        return;
    note(context, STORE_SERVICES, key_join(key, buffer), until_ms ? &entry : NULL);
}

static void wait_for(struct store_journal *j, uint64_t number)
{
    if (number > j->committed && number > j->wait)
        j->wait = number;
}

static void touch(void *context, struct instance_key key)
{
    struct store_journal *j = context;
    char buffer[KEY_MAX];
    struct text text = key_join(key, buffer);
    wait_for(j, key.ns.n ? j->slots[crc32c(0, text.s, text.n) % SLOTS] : j->last);
}

/* ---- DNS records ------------------------------------------------------------------------ */

enum err store_records_reserve(struct store_journal *j, enum journal_need need, size_t changes)
{
    if (need == JOURNAL_PUT && j->readonly)
        return ERR_READONLY;
    j->promised += changes * (need == JOURNAL_PUT ? BIG : SMALL);
    return make_room(j, j->promised);
}

void store_records_put(struct store_journal *j, const struct store_record *record)
{
    char key[RECORD_KEY];
    struct entry entry;
    entry.kind = ENTRY_RECORD;
    entry.record = *record;
    bool fits = record_key_make(record, key);
    note(j, STORE_RECORDS, (struct text){key, fits ? sizeof(key) : 0}, &entry);
}

void store_records_remove(struct store_journal *j, const struct store_record *record)
{
    char key[RECORD_KEY];
    if (record_key_make(record, key))
        note(j, STORE_RECORDS, (struct text){key, sizeof(key)}, NULL);
}

void store_records_touch(struct store_journal *j, const struct store_record *record)
{
    char key[RECORD_KEY];
    if (!record || !record_key_make(record, key))
        wait_for(j, j->last);
    else
        wait_for(j, j->slots[crc32c(0, key, sizeof(key)) % SLOTS]);
}

struct registry_journal store_journal_hooks(struct store_journal *j)
{
    return (struct registry_journal){
        .context = j,
        .reserve = reserve,
        .put = put,
        .bury = bury,
        .forget = forget,
        .override = note_override,
        .service = note_service,
        .touch = touch,
    };
}

enum err store_journal_meta(struct store_journal *j, const struct store_meta *meta)
{
    struct entry entry;
    enum err err = make_room(j, SMALL);
    if (err)
        return err;
    entry.kind = ENTRY_META;
    entry.meta = *meta;
    note(j, STORE_META, META_SERVER, &entry);
    return ERR_OK;
}

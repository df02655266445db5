/* Changing several plain records as one. */
#include "dns/records_change.h"

#include <stdlib.h>

#include "dns/plain.h"

enum step_kind { STEP_ADD, STEP_REPLACE, STEP_RENEW, STEP_KEEP, STEP_REMOVE };

struct step {
    enum step_kind kind;
    struct plain_name *name;
    struct plain *draft; /* ADD, REPLACE; else NULL */
    struct plain *old;   /* REPLACE, REMOVE; else NULL */
    struct dns_record record;
};

struct records_transaction {
    struct dns_records *records;
    struct moment now;
    size_t count;
    bool puts; /* not only withdrawals and renewals */
    struct step steps[];
};

static enum err draft(struct records_transaction *t, struct step *s, bool retimes)
{
    s->draft = retimes ? plain_draft_until(t->records, &s->record, s->name, s->old->due.key)
                       : plain_draft(t->records, &s->record, s->name, t->now);
    t->puts = true;
    return s->draft ? ERR_OK : ERR_MEMORY;
}

static enum err full(const struct records_transaction *t, const char *what)
{
    t->records->full = what;
    return ERR_FULL;
}

static enum err prepare_put(struct records_transaction *t, struct step *s, bool retimes)
{
    struct plain_name *n = s->name;
    size_t at = plain_place(n, &s->record);
    if (at < n->count && plain_has_terms(n->records[at], &s->record)) {
        s->kind = retimes ? STEP_KEEP : STEP_RENEW;
        return ERR_OK;
    }
    if (at < n->count) {
        s->kind = STEP_REPLACE;
        s->old = n->records[at];
        return draft(t, s, retimes);
    }
    if (n->count + n->puts - n->removes >= RECORDS_OF_NAME_MAX)
        return full(t, "more than 1000 records at a name");
    enum err err = plain_name_grow(n);
    if (err)
        return err;
    s->kind = STEP_ADD;
    n->puts++;
    return draft(t, s, false);
}

/* The step is among the transaction's as soon as it holds something. */
static enum err prepare(struct records_transaction *t, const struct records_change *change)
{
    struct plain_key key = plain_name_key(&change->record);
    struct plain_name *n = plain_name_get(t->records, &key);
    if (!n)
        return ERR_MEMORY;
    struct step *s = &t->steps[t->count++];
    *s = (struct step){.kind = STEP_RENEW, .name = n, .record = change->record};
    if (change->kind != RECORD_REMOVE)
        return prepare_put(t, s, change->kind == RECORD_RETIME);
    s->kind = STEP_REMOVE;
    s->old = n->records[plain_place(n, &s->record)];
    n->removes++;
    return ERR_OK;
}

/* What comes and goes, in all and of a key. */
struct sums {
    uint64_t comes, goes, key_comes, key_goes;
    size_t bytes_come, bytes_go;
};

static struct sums sum(const struct records_transaction *t, const struct plain_holder *holder)
{
    struct sums sums = {0};
    for (size_t i = 0; i < t->count; i++) {
        const struct plain *new = t->steps[i].draft, *old = t->steps[i].old;
        if (new) {
            sums.comes++;
            sums.key_comes += new->holder == holder;
            sums.bytes_come += plain_bytes(new);
        }
        if (old) {
            sums.goes++;
            sums.key_goes += old->holder == holder;
            sums.bytes_go += plain_bytes(old);
        }
    }
    return sums;
}

/* What comes is counted already in the bytes and in what the key holds. What makes nothing
 * more is never too much. */
enum err records_limit(const struct records_transaction *t, struct text key, uint64_t quota)
{
    const struct dns_records *records = t->records;
    const struct plain_holder *holder = plain_holder_find(records, key);
    struct sums sums = sum(t, holder);
    size_t bytes_max = records->bytes_max ? records->bytes_max : RECORDS_BYTES_MAX;
    if (sums.key_comes > sums.key_goes && holder->held - sums.key_goes > quota)
        return full(t, "the key holds as many plain records as its quota allows");
    if (sums.comes > sums.goes && records->count + sums.comes - sums.goes > RECORDS_MAX)
        return full(t, "there are too many plain records");
    if (sums.bytes_come > sums.bytes_go && records->bytes - sums.bytes_go > bytes_max)
        return full(t, "the plain records take too much memory");
    return ERR_OK;
}

const char *records_full(const struct dns_records *records)
{
    return records->full;
}

enum err records_prepare(struct dns_records *records, const struct records_change *changes,
                         size_t count, struct moment now, struct records_transaction **out)
{
    struct records_transaction *t = calloc(1, sizeof(*t) + count * sizeof(struct step));
    *out = NULL;
    if (!t)
        return ERR_MEMORY;
    t->records = records;
    t->now = now;
    enum err err = ERR_OK;
    /* What goes makes room for what comes. */
    for (unsigned round = 0; round < 2; round++)
        for (size_t i = 0; i < count && err == ERR_OK; i++)
            if ((changes[i].kind == RECORD_REMOVE) == (round == 0))
                err = prepare(t, &changes[i]);
    if (err != ERR_OK) {
        records_abort(t);
        return err;
    }
    *out = t;
    return ERR_OK;
}

enum err records_reserve(const struct records_transaction *t)
{
    size_t noted = 0;
    for (size_t i = 0; i < t->count; i++)
        noted += t->steps[i].kind != STEP_RENEW && t->steps[i].kind != STEP_KEEP;
    if (noted == 0)
        return ERR_OK;
    return journal_reserve(&t->records->journal, t->puts ? JOURNAL_PUT : JOURNAL_WITHDRAW, noted);
}

static void finish(struct records_transaction *t)
{
    for (size_t i = 0; i < t->count; i++)
        t->steps[i].name->puts = t->steps[i].name->removes = 0;
    for (size_t i = 0; i < t->count; i++)
        t->steps[i].name->puts++;
    for (size_t i = 0; i < t->count; i++) /* with its last step, as it may be dropped */
        if (--t->steps[i].name->puts == 0)
            plain_name_release(t->records, t->steps[i].name);
    free(t);
}

static void renew(struct records_transaction *t, const struct step *s)
{
    struct plain *p = s->name->records[plain_place(s->name, &s->record)];
    if (p->due.at != HEAP_ABSENT)
        heap_move(&t->records->due, &p->due, t->now.lease_ms + (uint64_t)p->lease_s * 1000);
    journal_touch(&t->records->journal, &s->record);
}

static void commit(struct records_transaction *t, const struct step *s)
{
    struct dns_records *records = t->records;
    switch (s->kind) {
    case STEP_ADD:
        journal_put(&records->journal, &s->record);
        plain_add(records, s->draft);
        break;
    case STEP_REPLACE:
        journal_put(&records->journal, &s->record);
        plain_replace(records, plain_place(s->name, &s->record), s->draft);
        break;
    case STEP_RENEW: renew(t, s); break;
    case STEP_KEEP: break;
    case STEP_REMOVE:
        journal_remove(&records->journal, &s->record);
        plain_remove(records, s->name, plain_place(s->name, &s->record));
        break;
    }
}

void records_commit(struct records_transaction *t)
{
    for (size_t i = 0; i < t->count; i++)
        commit(t, &t->steps[i]);
    finish(t);
}

void records_abort(struct records_transaction *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++)
        plain_free(t->records, t->steps[i].draft);
    finish(t);
}

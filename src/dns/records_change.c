/* Changing several plain records as one. */
#include "dns/records_change.h"

#include <stdlib.h>

#include "dns/plain.h"

enum step_kind { STEP_ADD, STEP_REPLACE, STEP_RENEW, STEP_REMOVE };

struct step {
    enum step_kind kind;
    struct plain_name *name;
    struct plain *draft; /* ADD, REPLACE; else NULL */
    struct dns_record record;
};

struct records_transaction {
    struct dns_records *records;
    struct moment now;
    size_t count;
    bool puts; /* not only withdrawals and renewals */
    struct step steps[];
};

static enum err draft(struct records_transaction *t, struct step *s)
{
    s->draft = plain_draft(t->records, &s->record, s->name, t->now);
    t->puts = true;
    return s->draft ? ERR_OK : ERR_MEMORY;
}

static enum err prepare_put(struct records_transaction *t, struct step *s)
{
    struct plain_name *n = s->name;
    size_t at = plain_place(n, &s->record);
    if (at < n->count && plain_has_terms(n->records[at], &s->record)) {
        s->kind = STEP_RENEW;
        return ERR_OK;
    }
    if (at < n->count) {
        s->kind = STEP_REPLACE;
        return draft(t, s);
    }
    if (n->count + n->puts - n->removes >= RECORDS_OF_NAME_MAX)
        return ERR_FULL;
    enum err err = plain_name_grow(n);
    if (err)
        return err;
    s->kind = STEP_ADD;
    n->puts++;
    return draft(t, s);
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
    if (!change->removes)
        return prepare_put(t, s);
    s->kind = STEP_REMOVE;
    n->removes++;
    return ERR_OK;
}

static size_t added(const struct records_transaction *t)
{
    size_t sum = 0;
    for (size_t i = 0; i < t->count; i++)
        sum += t->steps[i].kind == STEP_ADD;
    return sum;
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
            if (changes[i].removes == (round == 0))
                err = prepare(t, &changes[i]);
    if (err == ERR_OK && records->count + added(t) > RECORDS_MAX)
        err = ERR_FULL;
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
        noted += t->steps[i].kind != STEP_RENEW;
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

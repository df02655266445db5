#include <errno.h>

#include "base/log.h"
#include "store/restore.h"
#include "store/state.h"
#include "store/value.h"

struct reading {
    struct store *store;
    struct registry *registry;
    bool stale;
    struct moment now;
    struct store_report *report;
    enum err err;
};

/* It is thrown out with the first commit; when memory lacks, at a later start. */
static void note_over(struct store *s, enum store_table table, struct text key)
{
    struct writer w;
    if (!s->over)
        s->over = batch_new();
    if (!s->over || batch_reserve(s->over, BATCH_CHANGE_OVERHEAD + key.n))
        return;
    batch_begin(s->over, table, key, &w);
    batch_end(s->over, &w, 0);
}

static int read_entry(void *context, enum store_table table, struct text key, struct text value)
{
    struct reading *reading = context;
    bool over;
    reading->err = restore_entry(reading->registry, table, key, value, reading->stale, reading->now,
                                 NULL, reading->report, &over);
    if (!reading->err && over)
        note_over(reading->store, table, key);
    return (int)reading->err;
}

static enum err read_all(struct store *s,
                         int (*visit)(void *context, enum store_table table, struct text key,
                                      struct text value),
                         void *context, const enum err *err)
{
    if (!s->engine.env && s->folder.readonly)
        return ERR_OK; /* there is no file */
    int rc = s->engine.env ? 0 : store_reopen(s);
    if (!rc)
        rc = engine_each(&s->engine, visit, context);
    if (!rc || *err)
        return *err;
    log_error("%s/" FILE_REGISTRY ": cannot be read: %s", s->folder.path, mdb_strerror(rc));
    return rc == ENOMEM ? ERR_MEMORY : ERR_SYSTEM;
}

enum err store_read(struct store *s, struct registry *r, bool stale, struct moment now,
                    struct store_report *report)
{
    struct reading reading = {s, r, stale, now, report, ERR_OK};
    *report = (struct store_report){0};
    return read_all(s, read_entry, &reading, &reading.err);
}

struct reading_records {
    enum err (*visit)(void *context, const struct store_record *record);
    void *context;
    struct store_report *report;
    enum err err;
};

/* One that is damaged was told of by store_read. */
static int read_record(void *context, enum store_table table, struct text key, struct text value)
{
    struct reading_records *reading = context;
    struct entry entry;
    if (table != STORE_RECORDS || value_decode(table, key, value, &entry) != VALUE_FINE)
        return 0;
    enum err err = reading->visit(reading->context, &entry.record);
    if (err == ERR_MEMORY)
        reading->err = err;
    else if (err)
        (void)restore_damaged(table, key, err_text(err), reading->report);
    else
        reading->report->records++;
    return (int)reading->err;
}

enum err store_read_records(struct store *s,
                            enum err (*visit)(void *context, const struct store_record *record),
                            void *context, struct store_report *report)
{
    struct reading_records reading = {visit, context, report, ERR_OK};
    return read_all(s, read_record, &reading, &reading.err);
}

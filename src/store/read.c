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

enum err store_read(struct store *s, struct registry *r, bool stale, struct moment now,
                    struct store_report *report)
{
    struct reading reading = {s, r, stale, now, report, ERR_OK};
    *report = (struct store_report){0};
    if (!s->engine.env && s->folder.readonly)
        return ERR_OK; /* there is no file */
    int rc = s->engine.env ? 0 : store_reopen(s);
    if (!rc)
        rc = engine_each(&s->engine, read_entry, &reading);
    if (!rc || reading.err)
        return reading.err;
    log_error("%s/" FILE_REGISTRY ": cannot be read: %s", s->folder.path, mdb_strerror(rc));
    return rc == ENOMEM ? ERR_MEMORY : ERR_SYSTEM;
}

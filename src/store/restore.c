#include "store/restore.h"

#include "base/log.h"
#include "store/value.h"

enum { LINES_MAX = 10 }; /* one for each damaged entry, then the sum must do */

enum err restore_damaged(enum store_table table, struct text key, const char *why,
                         struct store_report *report)
{
    static const char *const names[] = {"service", "instance", "override",
                                        "meta",    "record",   "unknown"};
    if (report->damaged < LINES_MAX)
        log_warn("store: %s entry '%.*s' is left out: %s", names[table], TEXT_ARG(key), why);
    else if (report->damaged == LINES_MAX)
        log_warn("store: more entries are left out; status has the sum");
    report->damaged++;
    return ERR_OK;
}

static enum err give_instance(struct registry *r, const struct entry *e, bool stale,
                              struct moment now)
{
    return registry_restore(r, &e->instance, stale, now);
}

static enum err give_grave(struct registry *r, const struct entry *e, struct moment now, bool *over)
{
    *over = e->grave.until_ms <= now.wall_ms;
    return *over ? ERR_OK
                 : registry_restore_grave(r, e->key, e->grave.floor, e->grave.until_ms, now);
}

static enum err give_service(struct registry *r, const struct entry *e, struct moment now,
                             bool *over)
{
    *over = e->until_ms <= now.wall_ms;
    return *over ? ERR_OK
                 : registry_restore_service(r, e->key.ns, e->key.service, e->until_ms, now);
}

/* An override lives as long as its service is known. */
static enum err give_override(struct registry *r, const struct entry *e, struct moment now,
                              bool *over)
{
    enum err err = registry_override(r, e->key, &e->override, now);
    *over = err == ERR_NOT_FOUND;
    return *over ? ERR_OK : err;
}

static enum err give(struct registry *r, const struct entry *e, bool stale, struct moment now,
                     struct store_meta *meta, bool *over)
{
    switch (e->kind) {
    case ENTRY_INSTANCE: return give_instance(r, e, stale, now);
    case ENTRY_GRAVE: return give_grave(r, e, now, over);
    case ENTRY_SERVICE: return give_service(r, e, now, over);
    case ENTRY_OVERRIDE: return give_override(r, e, now, over);
    case ENTRY_META:
        if (meta)
            *meta = e->meta;
        return ERR_OK;
    case ENTRY_RECORD: /* not the registry's: store_read_records */
    case ENTRY_FORMAT: break;
    }
    return ERR_OK;
}

static void count(struct store_report *report, enum entry_kind kind)
{
    report->instances += kind == ENTRY_INSTANCE;
    report->graves += kind == ENTRY_GRAVE;
    report->overrides += kind == ENTRY_OVERRIDE;
    report->services += kind == ENTRY_SERVICE;
}

enum err restore_entry(struct registry *r, enum store_table table, struct text key,
                       struct text value, bool stale, struct moment now, struct store_meta *meta,
                       struct store_report *report, bool *over)
{
    struct entry entry;
    *over = false;
    switch (value_decode(table, key, value, &entry)) {
    case VALUE_FINE: break;
    case VALUE_NEWER: return restore_damaged(table, key, "written by a newer version", report);
    case VALUE_DAMAGED: return restore_damaged(table, key, "damaged", report);
    }
    enum err err = give(r, &entry, stale, now, meta, over);
    if (err == ERR_MEMORY)
        return err;
    if (err) {
        const char *fault =
            entry.kind == ENTRY_INSTANCE ? record_fault(&entry.instance.record) : NULL;
        return restore_damaged(table, key, fault ? fault : err_text(err), report);
    }
    if (!*over)
        count(report, entry.kind);
    return ERR_OK;
}

enum err store_restore(struct registry *r, enum store_table table, struct text key,
                       struct text value, bool stale, struct moment now, struct store_meta *meta,
                       struct store_report *report)
{
    bool over;
    return restore_entry(r, table, key, value, stale, now, meta, report, &over);
}

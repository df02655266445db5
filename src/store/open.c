#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/check.h"
#include "store/fault.h"
#include "store/legacy.h"
#include "store/state.h"
#include "store/value.h"

static struct engine_options options_of(const struct store *s, const char *name)
{
    return (struct engine_options){s->folder.dir, s->folder.path, name, s->folder.readonly,
                                   s->map_size};
}

int store_reopen(struct store *s)
{
    struct engine_options options = options_of(s, FILE_REGISTRY);
    return engine_open(&s->engine, &options);
}

void store_close(struct store *s)
{
    if (!s)
        return;
    engine_close(&s->engine);
    store_batch_free(s->over);
    folder_close(&s->folder);
    free(s);
}

static enum err engine_fault(const struct store *s, int rc, char fault[static STORE_FAULT_TEXT])
{
    enum err err = engine_err(rc, s->folder.dir);
    return fault_say(fault, err, "%s/" FILE_REGISTRY ": %s%s", s->folder.path,
                     rc == ENOMEM ? "cannot be mapped into memory" : mdb_strerror(rc),
                     err == ERR_FULL ? "; make room there, or choose another data_dir" : "");
}

/* ---- a new file ---------------------------------------------------------------------- */

static int put_entry(const struct engine *e, MDB_txn *txn, struct text key,
                     const struct entry *entry)
{
    uint8_t bytes[VALUE_SMALL_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    value_encode(&w, STORE_META, key, entry);
    return engine_put(e, txn, STORE_META, key, (struct text){(char *)bytes, writer_used(&w)});
}

static int put_first(const struct engine *e, const struct store_meta *meta)
{
    MDB_txn *txn;
    struct entry format, numbers;
    format.kind = ENTRY_FORMAT;
    format.format = VALUE_VERSION;
    numbers.kind = ENTRY_META;
    numbers.meta = *meta;
    int rc = engine_begin(e, false, &txn);
    if (rc)
        return rc;
    rc = put_entry(e, txn, META_FORMAT, &format);
    if (!rc)
        rc = put_entry(e, txn, META_SERVER, &numbers);
    if (!rc)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

/* Made aside and renamed, so that under its name there is never half a file. */
static enum err make_file(struct store *s, const struct store_meta *meta,
                          char fault[static STORE_FAULT_TEXT])
{
    struct engine engine = {0};
    struct engine_options options = options_of(s, FILE_REGISTRY_NEW);
    int dir = s->folder.dir;
    if (unlinkat(dir, FILE_REGISTRY_NEW, 0) && errno != ENOENT)
        return engine_fault(s, errno, fault);
    int rc = engine_open(&engine, &options);
    if (!rc)
        rc = put_first(&engine, meta);
    engine_close(&engine);
    if (!rc)
        folder_hand_over(&s->folder, FILE_REGISTRY_NEW);
    if (!rc && (renameat(dir, FILE_REGISTRY_NEW, dir, FILE_REGISTRY) || fsync(dir)))
        rc = errno;
    if (!rc)
        return ERR_OK;
    enum err err = engine_fault(s, rc, fault);
    (void)unlinkat(dir, FILE_REGISTRY_NEW, 0);
    return err;
}

/* ---- opening ------------------------------------------------------------------------- */

static enum err read_meta(struct store *s, struct store_meta *meta,
                          char fault[static STORE_FAULT_TEXT])
{
    MDB_txn *txn;
    struct text value;
    struct entry entry;
    int rc = engine_begin(&s->engine, true, &txn);
    if (rc)
        return engine_fault(s, rc, fault);
    rc = engine_get(&s->engine, txn, STORE_META, META_SERVER, &value);
    if (!rc && value_decode(STORE_META, META_SERVER, value, &entry) == VALUE_FINE)
        *meta = entry.meta;
    else
        log_warn("%s/" FILE_REGISTRY ": the server's own numbers are damaged; zone serials start "
                 "from the current time",
                 s->folder.path);
    mdb_txn_abort(txn);
    return rc && rc != MDB_NOTFOUND ? engine_fault(s, rc, fault) : ERR_OK;
}

static enum err open_made(struct store *s, struct store_meta *meta,
                          char fault[static STORE_FAULT_TEXT])
{
    enum err err = folder_owns(&s->folder, FILE_REGISTRY, fault);
    if (!err)
        err = check_file(&s->folder, s->map_size, fault);
    if (err)
        return err;
    struct stat st;
    int rc = store_reopen(s);
    if (!rc && fstatat(s->folder.dir, FILE_REGISTRY, &st, 0))
        rc = errno;
    if (rc)
        return engine_fault(s, rc, fault);
    s->device = st.st_dev;
    s->inode = st.st_ino;
    s->size = st.st_size;
    return read_meta(s, meta, fault);
}

/* The numbers of an older version that ran here before, or in between. */
static enum err open_first(struct store *s, bool made, struct store_meta *meta,
                           char fault[static STORE_FAULT_TEXT])
{
    enum err err = legacy_read(&s->folder, &s->older, meta, fault);
    if (made && err == ERR_SYNTAX) {
        log_warn("%s/state is not of discd: ignored", s->folder.path);
        fault[0] = '\0';
        return ERR_OK;
    }
    if (err || made || s->folder.readonly)
        return err;
    return make_file(s, meta, fault);
}

static enum err open_all(struct store *s, const struct store_options *options,
                         struct store_meta *meta, char fault[static STORE_FAULT_TEXT])
{
    struct store_meta older = {0};
    struct stat st;
    s->map_size = options->map_size;
    enum err err = folder_open(&s->folder, options, fault);
    if (err)
        return err;
    bool made = fstatat(s->folder.dir, FILE_REGISTRY, &st, 0) == 0;
    if (!made && errno != ENOENT)
        return engine_fault(s, errno, fault);
    err = open_first(s, made, &older, fault);
    if (err)
        return err;
    if (made || !s->folder.readonly)
        err = open_made(s, meta, fault);
    if (meta->boots < older.boots)
        meta->boots = older.boots;
    if (meta->serial_ceiling < older.serial_ceiling)
        meta->serial_ceiling = older.serial_ceiling;
    return err;
}

enum err store_open(const struct store_options *options, struct store **out,
                    struct store_meta *meta, char fault[static STORE_FAULT_TEXT])
{
    struct store *s = calloc(1, sizeof *s);
    fault[0] = '\0';
    *meta = (struct store_meta){0};
    if (!s)
        return fault_say(fault, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
    s->folder.dir = s->folder.lock = -1;
    enum err err = open_all(s, options, meta, fault);
    if (err) {
        store_close(s);
        return err;
    }
    folder_hand_over(&s->folder, FILE_LOCK);
    folder_hand_over(&s->folder, FILE_REGISTRY);
    *out = s;
    return ERR_OK;
}

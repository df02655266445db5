#include <errno.h>
#include <sys/stat.h>

#include "store/fault.h"
#include "store/legacy.h"
#include "store/state.h"

static int put_batch(const struct engine *e, MDB_txn *txn, const struct store_batch *batch)
{
    struct batch_place place = {0};
    struct batch_change change;
    int rc = 0;
    while (!rc && batch_next(batch, &place, &change))
        rc = engine_put(e, txn, change.table, change.key, change.value);
    return rc;
}

static int put_all(const struct store *s, MDB_txn *txn, struct store_batch *const *batches,
                   size_t count)
{
    int rc = s->over ? put_batch(&s->engine, txn, s->over) : 0;
    for (size_t n = 0; !rc && n < count; n++)
        rc = put_batch(&s->engine, txn, batches[n]);
    return rc;
}

/* True while the file under its name is the one that was opened. One that was removed or
 * replaced would take writes that no start will ever find, and a new one would lack what was
 * acknowledged before; one that was cut short (it only ever grows) must not be touched: what
 * is mapped beyond its end is deadly to read. */
static bool look_after_file(struct store *s)
{
    struct stat named;
    if (fstatat(s->folder.dir, FILE_REGISTRY, &named, 0) || s->device != named.st_dev ||
        s->inode != named.st_ino || named.st_size < s->size)
        return false;
    s->size = named.st_size;
    return true;
}

static int commit_once(struct store *s, struct store_batch *const *batches, size_t count)
{
    MDB_txn *txn;
    int rc = !look_after_file(s) ? ENOENT : s->engine.env ? 0 : store_reopen(s);
    if (rc)
        return rc;
    rc = engine_begin(&s->engine, false, &txn);
    if (!rc) {
        rc = put_all(s, txn, batches, count);
        if (rc)
            mdb_txn_abort(txn);
        else
            rc = mdb_txn_commit(txn);
    }
    if (!rc && !look_after_file(s))
        rc = ENOENT;
    /* After a failed write LMDB may refuse to go on, and must not trust what it holds in
     * memory: the next attempt reads the file anew. */
    if (rc)
        engine_close(&s->engine);
    return rc;
}

enum err store_commit(struct store *s, struct store_batch *const *batches, size_t count,
                      char fault[static STORE_FAULT_TEXT])
{
    fault[0] = '\0';
    if (s->folder.readonly)
        return fault_say(fault, ERR_READONLY, "%s: read-only file system; mount it writable",
                         s->folder.path);
    int rc = commit_once(s, batches, count);
    if (!rc) {
        store_batch_free(s->over);
        s->over = NULL;
        if (s->older)
            legacy_remove(&s->folder);
        s->older = false;
        return ERR_OK;
    }
    if (rc == ENOENT)
        return fault_say(fault, ERR_SYSTEM,
                         "%s/" FILE_REGISTRY
                         " was taken away or cut short; start discd anew, or put it back",
                         s->folder.path);
    enum err err = engine_err(rc, s->folder.dir);
    if (err == ERR_FULL)
        return fault_say(
            fault, err, "cannot write %s/" FILE_REGISTRY ": %s; make room there", s->folder.path,
            rc == MDB_MAP_FULL ? "it is as large as it may become" : "no room on the disk");
    bool known = err == ERR_MEMORY || err == ERR_READONLY;
    return fault_say(fault, known ? err : ERR_SYSTEM, "cannot write %s/" FILE_REGISTRY ": %s",
                     s->folder.path, mdb_strerror(rc));
}

struct store_size store_size(struct store *s)
{
    struct store_size size = {0};
    MDB_envinfo info;
    MDB_stat stat;
    struct stat st;
    if (!s->engine.env || mdb_env_info(s->engine.env, &info) || mdb_env_stat(s->engine.env, &stat))
        return size;
    size.entries = stat.ms_entries ? stat.ms_entries - 1 : 0; /* without the format */
    size.map_bytes = info.me_mapsize;
    size.used_bytes = stat.ms_psize * (uint64_t)(stat.ms_branch_pages + stat.ms_leaf_pages +
                                                 stat.ms_overflow_pages);
    if (fstatat(s->folder.dir, FILE_REGISTRY, &st, 0) == 0)
        size.file_bytes = (uint64_t)st.st_size;
    return size;
}

#include "store/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "store/folder.h"

#define MAP_MOST ((uint64_t)64 << 30) /* addresses only: the file stays as large as it is */
#define MAP_LEAST ((uint64_t)64 << 20)
#define ROOM_LEAST ((uint64_t)1 << 20) /* of a disk that is not full */

static void asserted(MDB_env *env, const char *what)
{
    (void)env;
    log_error("store: LMDB found its file damaged (%s); discd stops, so that nothing wrong is "
              "written; move the file away or put a backup back",
              what);
    abort();
}

static int try_open(struct engine *e, const char *path, bool readonly, uint64_t map_size)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS | (readonly ? MDB_RDONLY : 0);
    MDB_txn *txn;
    int rc = mdb_env_create(&e->env);
    if (rc)
        return rc;
    (void)mdb_env_set_assert(e->env, asserted);
    rc = mdb_env_set_mapsize(e->env, map_size);
    if (!rc)
        rc = mdb_env_open(e->env, path, flags, 0600);
    if (!rc)
        rc = mdb_txn_begin(e->env, NULL, MDB_RDONLY, &txn);
    if (!rc) {
        rc = mdb_dbi_open(txn, NULL, 0, &e->dbi);
        mdb_txn_abort(txn);
    }
    if (rc)
        engine_close(e);
    return rc;
}

int engine_open(struct engine *e, const struct engine_options *options)
{
    char path[4096];
    snprintf(path, sizeof path, "/proc/self/fd/%d", options->dir);
    bool by_number = access(path, X_OK) == 0;
    int n = by_number
                ? snprintf(path, sizeof path, "/proc/self/fd/%d/%s", options->dir, options->name)
                : snprintf(path, sizeof path, "%s/%s", options->path, options->name);
    if (n >= (int)sizeof path)
        return ENAMETOOLONG;
    if (options->map_size)
        return try_open(e, path, options->readonly, options->map_size);
    int rc = ENOMEM;
    for (uint64_t size = MAP_MOST; rc == ENOMEM && size >= MAP_LEAST; size /= 2)
        rc = size <= SIZE_MAX ? try_open(e, path, options->readonly, size) : ENOMEM;
    return rc;
}

void engine_close(struct engine *e)
{
    if (e->env)
        mdb_env_close(e->env);
    e->env = NULL;
}

int engine_begin(const struct engine *e, bool readonly, MDB_txn **txn)
{
    return mdb_txn_begin(e->env, NULL, readonly ? MDB_RDONLY : 0, txn);
}

static MDB_val stored_key(enum store_table table, struct text key, char out[static ENGINE_KEY_MAX])
{
    out[0] = (char)('1' + table);
    memcpy(out + 1, key.s, key.n);
    return (MDB_val){key.n + 1, out};
}

enum store_table engine_key(struct text stored, struct text *key)
{
    unsigned table = stored.n ? (unsigned)(stored.s[0] - '1') : STORE_TABLES;
    bool known = table < STORE_TABLES;
    *key = known ? (struct text){stored.s + 1, stored.n - 1} : stored;
    return known ? (enum store_table)table : STORE_TABLES;
}

int engine_put(const struct engine *e, MDB_txn *txn, enum store_table table, struct text key,
               struct text value)
{
    char buffer[ENGINE_KEY_MAX];
    MDB_val k = stored_key(table, key, buffer);
    if (!value.s) {
        int rc = mdb_del(txn, e->dbi, &k, NULL);
        return rc == MDB_NOTFOUND ? 0 : rc;
    }
    MDB_val room = {value.n, NULL};
    int rc = mdb_put(txn, e->dbi, &k, &room, MDB_RESERVE);
    if (!rc)
        memcpy(room.mv_data, value.s, value.n);
    return rc;
}

int engine_get(const struct engine *e, MDB_txn *txn, enum store_table table, struct text key,
               struct text *value)
{
    char buffer[ENGINE_KEY_MAX];
    MDB_val k = stored_key(table, key, buffer), v;
    int rc = mdb_get(txn, e->dbi, &k, &v);
    if (!rc)
        *value = (struct text){v.mv_data, v.mv_size};
    return rc;
}

int engine_each(const struct engine *e,
                int (*visit)(void *context, enum store_table table, struct text key,
                             struct text value),
                void *context)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val k, v;
    int rc = engine_begin(e, true, &txn);
    if (rc)
        return rc;
    rc = mdb_cursor_open(txn, e->dbi, &cursor);
    if (!rc) {
        while (!(rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT))) {
            struct text key;
            enum store_table table = engine_key((struct text){k.mv_data, k.mv_size}, &key);
            if ((rc = visit(context, table, key, (struct text){v.mv_data, v.mv_size})))
                break;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* LMDB reports a write that was cut short, which is how most disks become full, as EIO. */
static bool is_full(int dir)
{
    struct statvfs fs;
    struct rlimit limit;
    struct stat st;
    if (dir < 0)
        return false;
    if (fstatvfs(dir, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < ROOM_LEAST)
        return true;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
           (fstatat(dir, FILE_REGISTRY, &st, 0) == 0 ||
            fstatat(dir, FILE_REGISTRY_NEW, &st, 0) == 0) &&
           (rlim_t)st.st_size >= limit.rlim_cur;
}

enum err engine_err(int rc, int dir)
{
    switch (rc) {
    case 0: return ERR_OK;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ERR_FULL;
    case ENOMEM: return ERR_MEMORY;
    case EROFS: return ERR_READONLY;
    case EACCES:
    case EPERM: return ERR_OWNER;
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH: return ERR_SYNTAX;
    case EIO: return is_full(dir) ? ERR_FULL : ERR_SYSTEM;
    default: return ERR_SYSTEM;
    }
}

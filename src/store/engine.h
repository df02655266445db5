/* LMDB as this folder uses it: one file, one unnamed database, keys with the table's digit
 * in front, a process that holds its own lock, and a map as large as the process can have.
 * Its functions return LMDB's codes (errno values among them); engine_err makes ours of
 * them. Used inside store/ only. */
#ifndef DISC_STORE_ENGINE_H
#define DISC_STORE_ENGINE_H

#include <lmdb.h>

#include "store/key.h"
#include "store/store.h"

enum { ENGINE_KEY_MAX = 1 + KEY_MAX };

struct engine {
    MDB_env *env; /* NULL = not open */
    MDB_dbi dbi;
};

/* How to open: `name` lies in the folder `dir`, which may be out of reach by its path
 * once privileges were dropped. `map_size` 0 = 64 GiB, or what can be had. */
struct engine_options {
    int dir;
    const char *path; /* of the folder, where /proc is missing */
    const char *name;
    bool readonly;
    uint64_t map_size;
};

MUST_CHECK int engine_open(struct engine *e, const struct engine_options *options);
void engine_close(struct engine *e);

MUST_CHECK int engine_begin(const struct engine *e, bool readonly, MDB_txn **txn);

/* `value.s` NULL = removed; that it was not there is no fault. */
MUST_CHECK int engine_put(const struct engine *e, MDB_txn *txn, enum store_table table,
                          struct text key, struct text value);
/* MDB_NOTFOUND. The value is valid as long as the transaction. */
MUST_CHECK int engine_get(const struct engine *e, MDB_txn *txn, enum store_table table,
                          struct text key, struct text *value);

/* All entries in the order of table and key, until `visit` returns not 0, which is then
 * returned. A key of no table is visited with STORE_TABLES and its whole text. */
MUST_CHECK int engine_each(const struct engine *e,
                           int (*visit)(void *context, enum store_table table, struct text key,
                                        struct text value),
                           void *context);

/* The parts of a key as it is in the file. */
enum store_table engine_key(struct text stored, struct text *key);

/* ERR_FULL, ERR_MEMORY, ERR_READONLY, ERR_OWNER, ERR_SYNTAX (not the form of LMDB), else
 * ERR_SYSTEM. `dir` shows whether a write that was cut short met a full disk; -1 = none. */
enum err engine_err(int rc, int dir);

#endif

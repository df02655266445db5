/* What the store's tests share: cmocka, a folder to write in, entries and batches made by
 * hand, and what is in a file. */
#ifndef DISC_TESTS_STORE_COMMON_H
#define DISC_TESTS_STORE_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rand.h"
#include "store/batch.h"
#include "store/state.h"
#include "store/value.h"
#include "support/folder.h"

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

UNUSED static const char *path_in(const char *folder, const char *name)
{
    static char path[256];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_in_range(n, 1, sizeof path - 1);
    return path;
}

UNUSED static struct store_options options_of(const char *dir)
{
    return (struct store_options){.dir = dir, .uid = (uid_t)-1, .gid = (gid_t)-1};
}

UNUSED static struct store *open_store(const char *dir, struct store_meta *meta)
{
    struct store_options options = options_of(dir);
    char fault[STORE_FAULT_TEXT];
    struct store_meta unused;
    struct store *s = NULL;
    enum err err = store_open(&options, &s, meta ? meta : &unused, fault);
    if (err)
        fail_msg("store_open: %s: %s", err_text(err), fault);
    assert_string_equal(fault, "");
    return s;
}

/* It must fail; what it said lies in `fault`. */
UNUSED static enum err open_fails(const char *dir, char fault[static STORE_FAULT_TEXT])
{
    struct store_options options = options_of(dir);
    struct store_meta meta;
    struct store *s = NULL;
    enum err err = store_open(&options, &s, &meta, fault);
    assert_int_not_equal(err, ERR_OK);
    assert_null(s);
    assert_non_null(strstr(fault, dir));
    return err;
}

/* ---- batches by hand ----------------------------------------------------------------- */

/* `entry` NULL = removed. */
UNUSED static void add(struct store_batch *b, enum store_table table, struct text key,
                       const struct entry *entry, uint64_t number)
{
    struct writer w;
    assert_int_equal(batch_reserve(b, BATCH_CHANGE_OVERHEAD + key.n + VALUE_MAX), ERR_OK);
    batch_begin(b, table, key, &w);
    if (entry)
        value_encode(&w, table, key, entry);
    assert_false(w.full);
    batch_end(b, &w, number);
}

UNUSED static void add_grave(struct store_batch *b, const char *key, uint64_t floor)
{
    struct entry entry = {.kind = ENTRY_GRAVE};
    entry.grave = (struct grave){floor, UINT64_MAX};
    add(b, STORE_INSTANCES, text_of(key), &entry, floor);
}

UNUSED static void commit(struct store *s, struct store_batch *b)
{
    char fault[STORE_FAULT_TEXT];
    enum err err = store_commit(s, &b, 1, fault);
    if (err)
        fail_msg("store_commit: %s", fault);
    store_batch_free(b);
}

/* Graves "default/web/gN" with floor N for from <= N < to. */
UNUSED static struct store_batch *graves(unsigned from, unsigned to)
{
    struct store_batch *b = batch_new();
    assert_non_null(b);
    for (unsigned n = from; n < to; n++) {
        char key[64];
        snprintf(key, sizeof key, "default/web/g%u", n);
        add_grave(b, key, n);
    }
    return b;
}

/* The floor of the grave "default/web/gN"; UINT64_MAX = there is none. */
UNUSED static uint64_t grave_floor(struct store *s, unsigned n)
{
    MDB_txn *txn;
    char key[64];
    struct text value;
    struct entry entry;
    uint64_t floor = UINT64_MAX;
    snprintf(key, sizeof key, "default/web/g%u", n);
    assert_int_equal(engine_begin(&s->engine, true, &txn), 0);
    int rc = engine_get(&s->engine, txn, STORE_INSTANCES, text_of(key), &value);
    if (rc != MDB_NOTFOUND) {
        assert_int_equal(rc, 0);
        assert_int_equal(value_decode(STORE_INSTANCES, text_of(key), value, &entry), VALUE_FINE);
        assert_int_equal(entry.kind, ENTRY_GRAVE);
        floor = entry.grave.floor;
    }
    mdb_txn_abort(txn);
    return floor;
}

/* ---- files ---------------------------------------------------------------------------- */

struct bytes {
    uint8_t *at;
    size_t n;
};

UNUSED static struct bytes file_read(const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    struct bytes b = {.n = (size_t)ftell(f)};
    rewind(f);
    b.at = malloc(b.n + 1);
    assert_non_null(b.at);
    assert_int_equal(fread(b.at, 1, b.n, f), b.n);
    fclose(f);
    return b;
}

UNUSED static void file_write(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

#endif

/* A file that is made, written, and opened again. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/store/common.h"

static const char *data_of(void **state)
{
    static char dir[256];
    int n = snprintf(dir, sizeof dir, "%s/data", (char *)*state);
    assert_in_range(n, 1, sizeof dir - 1);
    return dir;
}

static void what_was_committed_is_there(void **state)
{
    const char *dir = data_of(state);
    struct store *s = open_store(dir, NULL);
    commit(s, graves(0, 1000));
    struct store_batch *b = graves(1000, 1010);
    add(b, STORE_INSTANCES, TEXT("default/web/g7"), NULL, 1010);
    add(b, STORE_INSTANCES, TEXT("default/web/never"), NULL, 1011);
    add_grave(b, "default/web/g8", 4711);
    commit(s, b);
    for (unsigned turn = 0; turn < 2; turn++) {
        for (unsigned n = 0; n < 1010; n++)
            assert_int_equal(grave_floor(s, n), n == 7 ? UINT64_MAX : n == 8 ? 4711 : n);
        assert_int_equal(grave_floor(s, 1010), UINT64_MAX);
        assert_int_equal(store_size(s).entries, 1009 + 1); /* the server's numbers */
        store_close(s);
        s = open_store(dir, NULL);
    }
    store_close(s);
}

static void several_batches_are_one_commit(void **state)
{
    struct store *s = open_store(*state, NULL);
    char fault[STORE_FAULT_TEXT];
    struct store_batch *all[3] = {graves(0, 3), graves(3, 6), batch_new()};
    add(all[2], STORE_INSTANCES, TEXT("default/web/g4"), NULL, 9);
    assert_int_equal(store_commit(s, all, 3, fault), ERR_OK);
    for (unsigned n = 0; n < 6; n++)
        assert_int_equal(grave_floor(s, n), n == 4 ? UINT64_MAX : n);
    for (unsigned n = 0; n < 3; n++)
        store_batch_free(all[n]);
    assert_int_equal(store_commit(s, NULL, 0, fault), ERR_OK);
    store_close(s);
}

static void the_servers_numbers(void **state)
{
    struct store_meta meta = {9, 9, 9, 9};
    struct entry entry = {.kind = ENTRY_META};
    struct store *s = open_store(*state, &meta);
    assert_int_equal(meta.boots, 0);
    assert_int_equal(meta.serial_ceiling, 0);
    assert_int_equal(meta.alive_ms, 0);
    struct store_batch *b = batch_new();
    entry.meta = (struct store_meta){3, 4000000000u, 1795245098534, 1795245098534102};
    add(b, STORE_META, META_SERVER, &entry, 1);
    commit(s, b);
    store_close(s);
    s = open_store(*state, &meta);
    assert_int_equal(meta.boots, 3);
    assert_int_equal(meta.serial_ceiling, 4000000000u);
    assert_int_equal(meta.alive_ms, 1795245098534);
    assert_int_equal(meta.index_ceiling, 1795245098534102);
    store_close(s);
}

static void only_the_owner_may_look(void **state)
{
    const char *dir = data_of(state);
    struct stat st;
    struct store *s = open_store(dir, NULL);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(path_in(dir, "registry.mdb"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(path_in(dir, "lock"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_not_equal(stat(path_in(dir, "registry.mdb.new"), &st), 0);
    store_close(s);
}

static void what_a_crash_leaves_does_no_harm(void **state)
{
    file_write(path_in(*state, "registry.mdb.new"), "half", 4);
    struct store *s = open_store(*state, NULL);
    commit(s, graves(0, 1));
    store_close(s);
    s = open_store(*state, NULL);
    assert_int_equal(grave_floor(s, 0), 0);
    store_close(s);
}

/* More pages than LMDB keeps in memory for one transaction. */
static void a_batch_may_be_very_large(void **state)
{
    enum { MANY = 200000 };
    struct store *s = open_store(*state, NULL);
    struct store_batch *b = batch_new();
    struct rand r;
    rand_seed(&r, 7);
    uint32_t step = 77773; /* prime to MANY: every number once, far from the one before */
    for (uint32_t n = 0, at = 0; n < MANY; n++, at = (at + step) % MANY) {
        char key[64];
        snprintf(key, sizeof key, "default/web/g%u", at);
        add_grave(b, key, at);
    }
    commit(s, b);
    assert_int_equal(store_size(s).entries, MANY + 1);
    store_close(s);
    s = open_store(*state, NULL);
    for (unsigned n = 0; n < 1000; n++) {
        unsigned which = rand_below(&r, MANY);
        assert_int_equal(grave_floor(s, which), which);
    }
    assert_int_equal(grave_floor(s, MANY), UINT64_MAX);
    store_close(s);
}

static void large_values_too(void **state)
{
    static struct entry entry, back;
    static char letters[METADATA_VALUE_MAX];
    struct store *s = open_store(*state, NULL);
    memset(letters, 'a', sizeof letters);
    entry.kind = ENTRY_INSTANCE;
    entry.instance.record.metadata_count = METADATA_MAX;
    for (unsigned n = 0; n < METADATA_MAX; n++)
        entry.instance.record.metadata[n] = (struct pair){{letters, 5}, {letters, 55}};
    for (unsigned turn = 0; turn < 20; turn++) {
        struct store_batch *b = batch_new();
        for (unsigned n = 0; n < 50; n++) {
            char key[64];
            snprintf(key, sizeof key, "default/big/i%u", n);
            entry.instance.record.rev = turn;
            bool remove = (n + turn) % 3 == 0;
            add(b, STORE_INSTANCES, text_of(key), remove ? NULL : &entry, n);
        }
        commit(s, b);
    }
    store_close(s);
    s = open_store(*state, NULL);
    MDB_txn *txn;
    struct text value;
    assert_int_equal(engine_begin(&s->engine, true, &txn), 0);
    assert_int_equal(engine_get(&s->engine, txn, STORE_INSTANCES, TEXT("default/big/i0"), &value),
                     0);
    assert_int_equal(value_decode(STORE_INSTANCES, TEXT("default/big/i0"), value, &back),
                     VALUE_FINE);
    assert_int_equal(back.instance.record.rev, 19);
    mdb_txn_abort(txn);
    store_close(s);
}

/* Puts and removals of all sizes, in commits of all sizes: after each reopening, which
 * checks every page, all is as a plain list has it. */
enum { HISTORY_KEYS = 600, HISTORY_COMMITS = 160 };

static void random_change(struct rand *r, struct store_batch *b, uint32_t sizes[HISTORY_KEYS])
{
    static const uint32_t most[] = {20, 300, 2100, 5000};
    static char bytes[5000];
    struct writer w;
    char key[64];
    unsigned n = rand_below(r, HISTORY_KEYS);
    sizes[n] = rand_below(r, 3) ? 1 + rand_below(r, most[rand_below(r, 4)]) : 0;
    snprintf(key, sizeof key, "default/web/i%u", n);
    memset(bytes, (int)(n ^ sizes[n]), sizes[n]);
    assert_int_equal(batch_reserve(b, sizes[n] + 100), ERR_OK);
    batch_begin(b, STORE_INSTANCES, text_of(key), &w);
    write_bytes(&w, bytes, sizes[n]);
    batch_end(b, &w, 1);
}

static void assert_history(struct store *s, const uint32_t sizes[HISTORY_KEYS])
{
    MDB_txn *txn;
    struct text value;
    char key[64];
    assert_int_equal(engine_begin(&s->engine, true, &txn), 0);
    for (unsigned n = 0; n < HISTORY_KEYS; n++) {
        snprintf(key, sizeof key, "default/web/i%u", n);
        int rc = engine_get(&s->engine, txn, STORE_INSTANCES, text_of(key), &value);
        assert_int_equal(rc, sizes[n] ? 0 : MDB_NOTFOUND);
        if (rc)
            continue;
        assert_int_equal(value.n, sizes[n]);
        for (size_t i = 0; i < value.n; i++)
            assert_true(value.s[i] == (char)(n ^ sizes[n]));
    }
    mdb_txn_abort(txn);
}

static void random_histories(void **state)
{
    uint32_t sizes[HISTORY_KEYS] = {0};
    struct rand r;
    struct store *s = open_store(*state, NULL);
    rand_seed(&r, 31);
    for (unsigned n = 0; n < HISTORY_COMMITS; n++) {
        struct store_batch *b = batch_new();
        unsigned changes = rand_below(&r, 5) ? rand_below(&r, 10) : rand_below(&r, 500);
        for (unsigned i = 0; i < changes; i++)
            random_change(&r, b, sizes);
        commit(s, b);
        if (n % 8 == 7) {
            store_close(s);
            s = open_store(*state, NULL);
            assert_history(s, sizes);
        }
    }
    store_close(s);
}

/* ---- the file of an older version ---------------------------------------------------- */

#define OLDER "discd state 1\nboots 41\nserial_ceiling 300\n"

static void numbers_of_an_older_version_are_taken_over(void **state)
{
    struct store_meta meta;
    file_write(path_in(*state, "state"), OLDER, strlen(OLDER));
    for (unsigned turn = 0; turn < 2; turn++) { /* nothing was committed: again */
        struct store *s = open_store(*state, &meta);
        assert_int_equal(meta.boots, 41);
        assert_int_equal(meta.serial_ceiling, 300);
        assert_int_equal(access(path_in(*state, "state"), F_OK), 0);
        if (turn)
            commit(s, graves(0, 1));
        store_close(s);
    }
    assert_int_not_equal(access(path_in(*state, "state"), F_OK), 0);
    store_close(open_store(*state, &meta));
    assert_int_equal(meta.boots, 41);
    assert_int_equal(meta.serial_ceiling, 300);
}

/* Someone went back to the older version for a while. */
static void the_larger_numbers_count(void **state)
{
    struct store_meta meta;
    struct entry entry = {.kind = ENTRY_META};
    struct store *s = open_store(*state, NULL);
    struct store_batch *b = batch_new();
    entry.meta = (struct store_meta){50, 200, 7, 8};
    add(b, STORE_META, META_SERVER, &entry, 1);
    commit(s, b);
    store_close(s);
    file_write(path_in(*state, "state"), OLDER, strlen(OLDER));
    store_close(open_store(*state, &meta));
    assert_int_equal(meta.boots, 50);
    assert_int_equal(meta.serial_ceiling, 300);
    assert_int_equal(meta.alive_ms, 7);
    file_write(path_in(*state, "state"), "x", 1); /* beside our file it is nobody's */
    store_close(open_store(*state, &meta));
    assert_int_equal(meta.serial_ceiling, 200);
}

static void a_foreign_state_file_is_refused_and_kept(void **state)
{
    static const char *const foreign[] = {
        "",
        "\n",
        "discd state 2\nboots 1\n",
        "discd state 1\nboots x\n",
        "discd state 1\nboots 4294967296\n",
        "discd state 1\nboots -1\n",
        "discd state 1\ncolour 1\n",
        "discd state 1\nboots\n",
    };
    for (size_t n = 0; n < ARRAY_COUNT(foreign); n++) {
        char fault[STORE_FAULT_TEXT];
        file_write(path_in(*state, "state"), foreign[n], strlen(foreign[n]));
        assert_int_equal(open_fails(*state, fault), ERR_SYNTAX);
        assert_non_null(strstr(fault, "/state "));
        struct bytes kept = file_read(path_in(*state, "state"));
        assert_int_equal(kept.n, strlen(foreign[n]));
        assert_memory_equal(kept.at, foreign[n], kept.n);
        free(kept.at);
        assert_int_not_equal(access(path_in(*state, "registry.mdb"), F_OK), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_was_committed_is_there),
        IN_FOLDER(several_batches_are_one_commit),
        IN_FOLDER(the_servers_numbers),
        IN_FOLDER(only_the_owner_may_look),
        IN_FOLDER(what_a_crash_leaves_does_no_harm),
        IN_FOLDER(a_batch_may_be_very_large),
        IN_FOLDER(large_values_too),
        IN_FOLDER(random_histories),
        IN_FOLDER(numbers_of_an_older_version_are_taken_over),
        IN_FOLDER(the_larger_numbers_count),
        IN_FOLDER(a_foreign_state_file_is_refused_and_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Files that are not what they should be: each is found before LMDB follows it. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "unit/store/common.h"
#include "unit/store/values_v1.h"

enum { PAGE = 4096 };

/* A file with many pages of all kinds: branches, leaves, overflows, free ones. */
static struct bytes sound_file(const char *dir)
{
    static struct entry big;
    static char letters[METADATA_VALUE_MAX];
    struct store *s = open_store(dir, NULL);
    memset(letters, 'a', sizeof letters);
    big.kind = ENTRY_INSTANCE;
    big.instance.record.metadata_count = METADATA_MAX;
    for (unsigned n = 0; n < METADATA_MAX; n++)
        big.instance.record.metadata[n] = (struct pair){{letters, 5}, {letters, 55}};
    for (unsigned turn = 0; turn < 6; turn++) {
        struct store_batch *b = graves(300 * turn, 300 * turn + 500);
        for (unsigned n = 0; n < 5; n++) {
            char key[64];
            snprintf(key, sizeof key, "default/big/i%u", n + turn);
            add(b, STORE_INSTANCES, text_of(key), (n + turn) % 3 ? &big : NULL, n);
        }
        commit(s, b);
    }
    store_close(s);
    return file_read(path_in(dir, "registry.mdb"));
}

static void put_file(const char *dir, const void *bytes, size_t n)
{
    file_write(path_in(dir, "registry.mdb"), bytes, n);
}

/* What is opened must be usable: all is read, and many pages are written. Another
 * process does it, so that a crash is a failed test and no more. */
static enum err open_and_use(const char *dir)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct store_options options = options_of(dir);
        struct store_meta meta;
        struct store *s;
        char fault[STORE_FAULT_TEXT];
        enum err err = store_open(&options, &s, &meta, fault);
        if (err)
            _exit((int)err);
        struct store_batch *b = graves(0, 2500);
        if (store_commit(s, &b, 1, fault))
            _exit(99);
        store_batch_free(b);
        b = batch_new();
        for (unsigned n = 0; n < 2500; n++) {
            char key[64];
            snprintf(key, sizeof key, "default/web/g%u", n);
            add(b, STORE_INSTANCES, text_of(key), NULL, n);
        }
        if (store_commit(s, &b, 1, fault))
            _exit(98);
        store_batch_free(b);
        store_close(s);
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return (enum err)WEXITSTATUS(status);
}

static void truncated_files(void **state)
{
    struct bytes sound = sound_file(*state);
    char fault[STORE_FAULT_TEXT];
    assert_true(sound.n > 40 * PAGE);
    unsigned refused = 0, tried = 0;
    for (size_t n = 0; n < sound.n; n += n < 2 * PAGE ? 311 : PAGE + PAGE / 2, tried++) {
        put_file(*state, sound.at, n);
        struct store_options options = options_of(*state);
        struct store_meta meta;
        struct store *s = NULL;
        enum err err = store_open(&options, &s, &meta, fault);
        /* Nothing of what is in force may lie in the part that was cut off. */
        if (err == ERR_OK) {
            assert_true(n > sound.n / 2);
            store_close(s);
            assert_int_equal(open_and_use(*state), ERR_OK);
            continue;
        }
        assert_int_equal(err, ERR_SYNTAX);
        assert_non_null(strstr(fault, "is damaged"));
        assert_non_null(strstr(fault, "registry.mdb"));
        refused++;
    }
    assert_true(refused > tried - 10);
    put_file(*state, sound.at, sound.n);
    assert_int_equal(open_and_use(*state), ERR_OK);
    free(sound.at);
}

static void pages_of_garbage(void **state)
{
    struct bytes sound = sound_file(*state);
    struct rand r;
    uint8_t *copy = malloc(sound.n);
    unsigned refused = 0;
    assert_non_null(copy);
    rand_seed(&r, 11);
    for (size_t page = 0; page < sound.n / PAGE; page++) {
        memcpy(copy, sound.at, sound.n);
        for (size_t n = 0; n < PAGE; n++)
            copy[page * PAGE + n] = (uint8_t)rand_next(&r);
        put_file(*state, copy, sound.n);
        enum err err = open_and_use(*state);
        assert_true(err == ERR_OK || err == ERR_SYNTAX); /* OK: nobody uses the page */
        refused += err == ERR_SYNTAX;
    }
    assert_true(refused > sound.n / PAGE / 3);
    free(copy);
    free(sound.at);
}

/* The small lies: single bytes of heads, offsets and node sizes. */
static void bytes_of_garbage(void **state)
{
    struct bytes sound = sound_file(*state);
    struct rand r;
    uint8_t *copy = malloc(sound.n);
    unsigned refused = 0;
    assert_non_null(copy);
    rand_seed(&r, 12);
    for (unsigned turn = 0; turn < 150; turn++) {
        size_t page = rand_below(&r, (uint32_t)(sound.n / PAGE));
        memcpy(copy, sound.at, sound.n);
        for (unsigned n = 0; n < 1 + turn % 3; n++) {
            size_t at = turn % 2 ? rand_below(&r, 200) : rand_below(&r, PAGE);
            copy[page * PAGE + at] = (uint8_t)rand_next(&r);
        }
        put_file(*state, copy, sound.n);
        enum err err = open_and_use(*state);
        assert_true(err == ERR_OK || err == ERR_SYNTAX);
        refused += err == ERR_SYNTAX;
    }
    assert_true(refused > 20);
    free(copy);
    free(sound.at);
}

static void foreign_files(void **state)
{
    static uint8_t bytes[5 * PAGE];
    char fault[STORE_FAULT_TEXT];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    put_file(*state, bytes, sizeof bytes);
    assert_int_equal(open_fails(*state, fault), ERR_SYNTAX);
    assert_non_null(strstr(fault, "no file of discd"));
    memset(bytes, 'x', sizeof bytes);
    put_file(*state, bytes, sizeof bytes);
    assert_int_equal(open_fails(*state, fault), ERR_SYNTAX);
    /* Another program's LMDB. */
    unlink(path_in(*state, "registry.mdb"));
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(
        mdb_env_open(env, path_in(*state, "registry.mdb"), MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    MDB_val key = {5, (char[]){"hello"}};
    assert_int_equal(mdb_put(txn, dbi, &key, &key, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_int_equal(open_fails(*state, fault), ERR_SYNTAX);
    assert_non_null(strstr(fault, "no file of discd"));
}

static void a_folder_in_its_place(void **state)
{
    char fault[STORE_FAULT_TEXT], command[300];
    snprintf(command, sizeof command, "mkdir '%s'", path_in(*state, "registry.mdb"));
    assert_int_equal(system(command), 0);
    assert_int_equal(open_fails(*state, fault), ERR_SYNTAX);
    assert_non_null(strstr(fault, "no ordinary file"));
}

static void put_raw(const char *dir, enum store_table table, struct text key, struct text value)
{
    MDB_txn *txn;
    struct store *s = open_store(dir, NULL);
    assert_int_equal(engine_begin(&s->engine, false, &txn), 0);
    assert_int_equal(engine_put(&s->engine, txn, table, key, value), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    store_close(s);
}

static void newer_versions(void **state)
{
    struct entry format = {.kind = ENTRY_FORMAT, .format = 2};
    uint8_t bytes[VALUE_SMALL_MAX];
    char fault[STORE_FAULT_TEXT];
    struct writer w = writer_of(bytes, sizeof bytes);
    value_encode(&w, STORE_META, META_FORMAT, &format);
    put_raw(*state, STORE_META, META_FORMAT, (struct text){(char *)bytes, writer_used(&w)});
    assert_int_equal(open_fails(*state, fault), ERR_SYNTAX);
    assert_non_null(strstr(fault, "newer version"));
    unlink(path_in(*state, "registry.mdb"));
    put_raw(*state, STORE_INSTANCES, TEXT("default/web/b"),
            (struct text){(const char *)v1_newer, sizeof v1_newer});
    assert_int_equal(open_fails(*state, fault), ERR_SYNTAX);
    assert_non_null(strstr(fault, "newer version"));
}

static void one_damaged_value_is_no_reason_to_stop(void **state)
{
    put_raw(*state, STORE_INSTANCES, TEXT("default/web/a"), TEXT("nonsense"));
    put_raw(*state, STORE_META, META_SERVER, TEXT("nonsense"));
    struct store_meta meta = {1, 1, 1, 1};
    struct store *s = open_store(*state, &meta);
    assert_int_equal(meta.boots, 0);
    commit(s, graves(0, 1));
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(truncated_files),
        IN_FOLDER(pages_of_garbage),
        IN_FOLDER(bytes_of_garbage),
        IN_FOLDER(foreign_files),
        IN_FOLDER(a_folder_in_its_place),
        IN_FOLDER(newer_versions),
        IN_FOLDER(one_damaged_value_is_no_reason_to_stop),
    };
    log_init(LOG_LEVEL_ERROR, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

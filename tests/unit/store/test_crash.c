/* What was acknowledged is there after kill -9, whenever it comes. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "unit/store/common.h"

enum { LIVES = 25, PER_COMMIT = 7 };

/* Commits until it is killed; says after each commit how far it came. */
static _Noreturn void commit_for_ever(const char *dir, unsigned from, int out)
{
    struct store_options options = options_of(dir);
    struct store_meta meta;
    struct store *s;
    char fault[STORE_FAULT_TEXT];
    if (store_open(&options, &s, &meta, fault))
        _exit(1);
    for (unsigned n = from;; n += PER_COMMIT) {
        struct store_batch *b = graves(n, n + PER_COMMIT);
        char key[64];
        snprintf(key, sizeof key, "default/web/g%u", n);
        add(b, STORE_INSTANCES, text_of(key), NULL, n); /* gone again */
        if (store_commit(s, &b, 1, fault))
            _exit(2);
        store_batch_free(b);
        unsigned done = n + PER_COMMIT;
        if (write(out, &done, sizeof done) != sizeof done)
            _exit(3);
    }
}

/* How far it said that it came, when it is killed after `acks` of its answers. */
static unsigned one_life(const char *dir, unsigned from, unsigned acks)
{
    int ends[2], status;
    unsigned done = from, said;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        commit_for_ever(dir, from, ends[1]);
    }
    assert_true(pid > 0);
    close(ends[1]);
    for (unsigned n = 0; n < acks; n++) {
        assert_int_equal(read(ends[0], &said, sizeof said), sizeof said);
        done = said;
    }
    /* It is somewhere in its next commit by now. */
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (read(ends[0], &said, sizeof said) == sizeof said)
        done = said;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    return done;
}

static void kill_9(void **state)
{
    struct rand r;
    unsigned done = 0;
    rand_seed(&r, 21);
    for (unsigned life = 0; life < LIVES; life++) {
        done = one_life(*state, done, 1 + rand_below(&r, 20));
        struct store *s = open_store(*state, NULL);
        for (unsigned n = 0; n < done; n++)
            assert_int_equal(grave_floor(s, n), n % PER_COMMIT ? n : UINT64_MAX);
        /* The commit that was under way is there as a whole, or not at all. */
        bool more = grave_floor(s, done + 1) != UINT64_MAX;
        for (unsigned n = 1; n < PER_COMMIT; n++)
            assert_int_equal(grave_floor(s, done + n), more ? done + n : UINT64_MAX);
        assert_int_equal(grave_floor(s, done), UINT64_MAX);
        assert_int_equal(grave_floor(s, done + PER_COMMIT + 1), UINT64_MAX);
        store_close(s);
    }
    assert_true(done > LIVES * PER_COMMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(kill_9),
    };
    log_init(LOG_LEVEL_ERROR, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

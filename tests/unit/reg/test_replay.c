#include "unit/reg/rig.h"

#include "base/rand.h"
#include "reg/cookie.h"
#include "reg/replay.h"

static int setup(void **state)
{
    struct replay *r = calloc(1, sizeof(*r));
    struct hash_key key = {{5}};
    replay_init(r, &key);
    replay_limit(r, 3);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    replay_deinit(*state);
    free(*state);
    return 0;
}

static enum err use(struct replay *r, const char *cid, uint64_t n, uint64_t now_s)
{
    return replay_accept(r, TEXT("deploy"), text_of(cid), n, now_s);
}

static void test_window(void **state)
{
    struct replay *r = *state;
    assert_int_equal(use(r, "a", 100, 0), ERR_OK);
    assert_int_equal(use(r, "a", 100, 0), ERR_STALE);
    assert_int_equal(use(r, "a", 99, 0), ERR_OK);
    assert_int_equal(use(r, "a", 99, 0), ERR_STALE);
    assert_int_equal(use(r, "a", 37, 0), ERR_OK); /* 63 below */
    assert_int_equal(use(r, "a", 36, 0), ERR_STALE);
    assert_int_equal(use(r, "a", 163, 0), ERR_OK); /* 63 above: 100 stays marked */
    assert_int_equal(use(r, "a", 100, 0), ERR_STALE);
    assert_int_equal(use(r, "a", 101, 0), ERR_OK);
    assert_int_equal(use(r, "a", 227, 0), ERR_OK); /* 64 above: nothing stays */
    assert_int_equal(use(r, "a", 163, 0), ERR_STALE);
    assert_int_equal(use(r, "a", 164, 0), ERR_OK);
    assert_int_equal(use(r, "a", UINT64_MAX, 0), ERR_OK);
    assert_int_equal(use(r, "a", UINT64_MAX, 0), ERR_STALE);
    assert_int_equal(use(r, "a", UINT64_MAX - 63, 0), ERR_OK);
    assert_int_equal(use(r, "a", 0, 0), ERR_STALE);
}

/* Against a plain list of what was used. */
static void test_model(void **state)
{
    struct replay *r = *state;
    struct rand rand;
    static bool used[4000];
    uint64_t highest = 0;
    bool any = false;
    memset(used, 0, sizeof(used));
    rand_seed(&rand, 11);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t base = i / 6, n = base + rand_below(&rand, 150);
        bool fresh = !any || n > highest || (highest - n < 64 && !used[n]);
        assert_int_equal(use(r, "m", n, 0), fresh ? ERR_OK : ERR_STALE);
        if (fresh) {
            used[n] = true;
            highest = !any || n > highest ? n : highest;
            any = true;
        }
    }
}

static void test_senders(void **state)
{
    struct replay *r = *state;
    assert_int_equal(use(r, "a", 1, 0), ERR_OK);
    assert_int_equal(use(r, "b", 1, 0), ERR_OK);
    assert_int_equal(replay_accept(r, TEXT("node"), TEXT("a"), 1, 0), ERR_OK);
    assert_int_equal(use(r, "a", 1, 0), ERR_STALE);
}

/* Full: newcomers wait until an entry is older than any valid cookie. */
static void test_bound(void **state)
{
    struct replay *r = *state;
    assert_int_equal(use(r, "a", 1, 0), ERR_OK);
    assert_int_equal(use(r, "b", 1, 10), ERR_OK);
    assert_int_equal(use(r, "c", 1, 20), ERR_OK);
    assert_int_equal(use(r, "d", 1, 30), ERR_BUSY);
    assert_int_equal(use(r, "a", 2, 40), ERR_OK); /* now b is the oldest */
    assert_int_equal(use(r, "d", 1, 10 + COOKIE_VALID_S), ERR_BUSY);
    assert_int_equal(use(r, "d", 1, 11 + COOKIE_VALID_S), ERR_OK);
    assert_int_equal(use(r, "a", 2, 11 + COOKIE_VALID_S), ERR_STALE);
    assert_int_equal(use(r, "c", 1, 11 + COOKIE_VALID_S), ERR_STALE);
    assert_int_equal(use(r, "b", 1, 11 + COOKIE_VALID_S), ERR_BUSY);
}

/* What is refused must not keep an entry alive. */
static void test_refused_is_no_use(void **state)
{
    struct replay *r = *state;
    assert_int_equal(use(r, "a", 5, 0), ERR_OK);
    assert_int_equal(use(r, "b", 5, 0), ERR_OK);
    assert_int_equal(use(r, "c", 5, 0), ERR_OK);
    assert_int_equal(use(r, "a", 5, 100), ERR_STALE);
    assert_int_equal(use(r, "d", 5, COOKIE_VALID_S + 1), ERR_OK);
}

/* What is used stays, however old its first use is. */
static void test_use_keeps(void **state)
{
    struct replay *r = *state;
    static const char *const cids[] = {"a", "b", "c"};
    for (uint64_t n = 1; n <= 2; n++) {
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(use(r, cids[i], n, n * 2000), ERR_OK);
    }
    assert_int_equal(use(r, "d", 1, 2000 + COOKIE_VALID_S + 1), ERR_BUSY);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(use(r, cids[i], 1, 2000 + COOKIE_VALID_S + 1), ERR_STALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_senders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_is_no_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_use_keeps, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

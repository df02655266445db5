#include "unit/reg/rig.h"

#include "reg/key.h"

struct ring {
    struct reg_config config;
    struct keyring keys;
};

static int setup(void **state)
{
    struct ring *r = calloc(1, sizeof(*r));
    r->config = rig_config();
    keyring_init(&r->keys, r->config.keys, r->config.key_count);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct ring *r = *state;
    keyring_deinit(&r->keys);
    reg_config_deinit(&r->config);
    free(r);
    return 0;
}

static enum err check(struct ring *r, const char *id, const char *secret, const char *bytes,
                      uint64_t wall_ms, struct signer *signer)
{
    char mac[33];
    rig_mac(secret, bytes, strlen(bytes), mac);
    return keyring_check(&r->keys, text_of(id), text_of(bytes), text_of(mac), wall_ms, signer);
}

static void test_against_openssl(void **state)
{
    struct ring *r = *state;
    char bytes[1300], mac[33], ours[32];
    struct signer signer;
    memset(bytes, 'x', sizeof(bytes));
    for (size_t n = 0; n < sizeof(bytes); n += 61) {
        rig_mac(RIG_SECRET, bytes, n, mac);
        struct text covered = {bytes, n};
        assert_int_equal(
            keyring_check(&r->keys, TEXT("deploy"), covered, text_of(mac), RIG_WALL, &signer),
            ERR_OK);
        assert_int_equal(keyring_sign(&r->keys, signer, covered, ours), ERR_OK);
        assert_memory_equal(ours, mac, 32);
    }
}

/* RFC 4231 test case 2, cut to 16 bytes. */
static void test_known_answer(void **state)
{
    (void)state;
    struct reg_key key = {.id = "jefe", .secret = "Jefe", .secret_size = 4};
    struct keyring ring;
    char mac[32];
    keyring_init(&ring, &key, 1);
    assert_int_equal(
        keyring_sign(&ring, (struct signer){0, 0}, TEXT("what do ya want for nothing?"), mac),
        ERR_OK);
    assert_memory_equal(mac, "5bdcc146bf60754e6a042426089575c7", 32);
    keyring_deinit(&ring);
}

static void test_wrong(void **state)
{
    struct ring *r = *state;
    struct signer s;
    char mac[33];
    assert_int_equal(check(r, "deploy", RIG_SECRET, "a", RIG_WALL, &s), ERR_OK);
    assert_int_equal(check(r, "deploy", RIG_NEXT, "a", RIG_WALL, &s), ERR_NOT_FOUND);
    assert_int_equal(check(r, "nobody", RIG_SECRET, "a", RIG_WALL, &s), ERR_NOT_FOUND);
    assert_int_equal(check(r, "", RIG_SECRET, "a", RIG_WALL, &s), ERR_NOT_FOUND);
    rig_mac(RIG_SECRET, "a", 1, mac);
    assert_int_equal(keyring_check(&r->keys, TEXT("deploy"), TEXT("b"), text_of(mac), RIG_WALL, &s),
                     ERR_NOT_FOUND);
    for (unsigned i = 0; i < 32; i++) {
        char forged[33];
        memcpy(forged, mac, 33);
        forged[i] = forged[i] == '0' ? '1' : '0';
        assert_int_equal(
            keyring_check(&r->keys, TEXT("deploy"), TEXT("a"), text_of(forged), RIG_WALL, &s),
            ERR_NOT_FOUND);
    }
    /* Whoever names an unknown key must not get in with the decoy's MAC either. */
    char zero[32] = {0};
    rig_mac(zero, "a", 1, mac);
    assert_int_equal(keyring_check(&r->keys, TEXT("nobody"), TEXT("a"), text_of(mac), RIG_WALL, &s),
                     ERR_NOT_FOUND);
}

static void test_time(void **state)
{
    struct ring *r = *state;
    struct signer s;
    assert_int_equal(check(r, "late", RIG_SECRET, "a", RIG_WALL, &s), ERR_NOT_FOUND);
    assert_int_equal(check(r, "late", RIG_SECRET, "a", RIG_WALL - 1, &s), ERR_OK);
    for (size_t i = 0; i < r->keys.count; i++)
        r->keys.keys[i].not_before_ms = RIG_WALL;
    assert_int_equal(check(r, "deploy", RIG_SECRET, "a", RIG_WALL - 1, &s), ERR_NOT_FOUND);
    assert_int_equal(check(r, "deploy", RIG_SECRET, "a", RIG_WALL, &s), ERR_OK);
}

/* Both secrets are accepted, and each is answered with itself. */
static void test_rotation(void **state)
{
    struct ring *r = *state;
    struct signer s;
    char mac[33], ours[32];
    assert_int_equal(check(r, "node", RIG_SECRET, "a", RIG_WALL, &s), ERR_OK);
    assert_int_equal(s.next, 0);
    assert_int_equal(check(r, "node", RIG_NEXT, "a", RIG_WALL, &s), ERR_OK);
    assert_int_equal(s.next, 1);
    assert_int_equal(keyring_sign(&r->keys, s, TEXT("b"), ours), ERR_OK);
    rig_mac(RIG_NEXT, "b", 1, mac);
    assert_memory_equal(ours, mac, 32);
}

static void test_no_keys(void **state)
{
    (void)state;
    struct keyring ring;
    struct signer s;
    keyring_init(&ring, NULL, 0);
    assert_int_equal(
        keyring_check(&ring, TEXT("a"), TEXT("b"), TEXT("00112233445566778899aabbccddeeff"), 0, &s),
        ERR_NOT_FOUND);
    keyring_deinit(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_against_openssl, setup, teardown),
        cmocka_unit_test(test_known_answer),
        cmocka_unit_test_setup_teardown(test_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rotation, setup, teardown),
        cmocka_unit_test(test_no_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

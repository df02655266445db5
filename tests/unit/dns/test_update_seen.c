/* UPDATE: messages that come again, and the clocks of those who sign them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/updating.h"

struct look {
    uint8_t signer;
    uint16_t fudge;
    uint64_t signed_s, now_s;
    unsigned mac;
};

static enum update_sight look(struct update_seen *seen, struct look l)
{
    struct tsig t = {.time_signed = l.signed_s, .fudge = l.fudge, .mac_size = 32};
    uint16_t *rcode;
    memcpy(t.mac, &l.mac, sizeof(l.mac));
    t.name = (struct name){.size = 3, .labels = 1, .wire = {1, l.signer, 0}};
    return update_seen_look(seen, &test_key, &t, l.now_s, &rcode);
}

static void test_fudge_is_bounded(void **state)
{
    struct update_seen seen = {0};
    assert_int_equal(look(&seen, (struct look){'a', 65535, 5301, 5000, 1}), UPDATE_BAD_TIME);
    assert_int_equal(look(&seen, (struct look){'a', 65535, 4699, 5000, 2}), UPDATE_BAD_TIME);
    assert_int_equal(look(&seen, (struct look){'a', 10, 5011, 5000, 3}), UPDATE_BAD_TIME);
    assert_int_equal(look(&seen, (struct look){'a', 65535, 5300, 5000, 4}), UPDATE_NEW);
    assert_int_equal(look(&seen, (struct look){'a', 65535, 4700, 5000, 5}), UPDATE_NEW);
    assert_int_equal(look(&seen, (struct look){'a', 10, 5010, 5000, 6}), UPDATE_NEW);
    update_seen_deinit(&seen);
    (void)state;
}

/* Whoever signs very much loses his own places, and nobody else's. */
static void test_keys_are_apart(void **state)
{
    struct update_seen seen = {.limit = 100};
    assert_int_equal(look(&seen, (struct look){'b', 300, 4900, 5000, 0}), UPDATE_NEW);
    for (unsigned n = 1; n < 600; n++)
        assert_int_equal(look(&seen, (struct look){'a', 300, 4900 + n, 5100, n}),
                         n < 501 ? UPDATE_NEW : UPDATE_BAD_TIME);
    assert_int_equal(seen.map.count, 100);
    assert_int_equal(look(&seen, (struct look){'b', 300, 4900, 5100, 0}), UPDATE_REPEATED);
    assert_int_equal(look(&seen, (struct look){'b', 300, 4900, 5100, 1}), UPDATE_NEW);
    assert_int_equal(look(&seen, (struct look){'a', 300, 5000, 5100, 700}), UPDATE_TOO_OLD);
    /* What is over is everybody's room. */
    assert_int_equal(look(&seen, (struct look){'c', 300, 9000, 9000, 1}), UPDATE_NEW);
    assert_int_equal(seen.map.count, 1);
    update_seen_deinit(&seen);
    (void)state;
}

static void test_after_a_restart(void **state)
{
    struct update_rig *t = update_rig();
    struct moment now = update_now(t);
    update_begin(t);
    update_lines(t, "add a.z. 5 TXT old\n");
    update_sign(t);
    now.wall_ms += 1000;
    dns_records_start(t->records, now);
    assert_int_equal(update_send_once(t), R_NOTAUTH);
    assert_non_null(strstr(t->text, "before this server started"));
    t->lease_ms += 1000; /* in the second of the start itself */
    update(t, R_NOERROR, "add a.z. 5 TXT new\n");
    assert_int_equal(dns_records_count(t->records), 1);
    update_rig_free(t);
    (void)state;
}

static void test_time_of_messages(void **state)
{
    struct update_rig *t = update_rig();
    struct dns_records *records = t->records;
    struct tsig tsig = {.time_signed = 6000, .fudge = 65535};
    uint16_t *rcode;
    assert_int_equal(records_look(records, &tsig, 5000, &rcode), UPDATE_BAD_TIME);
    assert_int_equal(records_look(records, &tsig, 6000, &rcode), UPDATE_NEW);
    update_rig_free(t);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fudge_is_bounded),
        cmocka_unit_test(test_keys_are_apart),
        cmocka_unit_test(test_after_a_restart),
        cmocka_unit_test(test_time_of_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

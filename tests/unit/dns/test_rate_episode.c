/* The log about rates: a line when somebody is over them, one a minute, one at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/rate_episode.h"
#include "support/logged.h"

static struct addr addr_of(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(text_of(text), &a), ERR_OK);
    return a;
}

static void a_flood_is_a_few_lines(void **state UNUSED)
{
    struct rate_episode e = {0};
    struct addr a = addr_of("192.0.2.7"), b = addr_of("2001:db8::1");
    uint64_t now = 0;
    rate_episode_look(&e, 0);
    rate_episode_look(&e, 99999);
    assert_string_equal(logged(), "");
    for (; now < 59999; now++)
        rate_episode_note(&e, &a, false, now);
    assert_string_equal(
        logged(), "info: dns: 192.0.2.0/24 asks for more answers than dns.rrl allows: held back\n");
    rate_episode_note(&e, &b, false, 60001);
    assert_string_equal(logged(), "info: dns: more answers than dns.rrl allows: 60000 so far, the "
                                  "last to 2001:db8::/56\n");
    rate_episode_note(&e, &b, false, 60000); /* another thread's clock */
    rate_episode_look(&e, 59000);
    rate_episode_look(&e, 69999);
    assert_string_equal(logged(), "");
    rate_episode_look(&e, 70000);
    rate_episode_look(&e, 70000);
    assert_string_equal(logged(),
                        "info: dns: within dns.rrl again; answers that were over it: 60001\n");
    rate_episode_note(&e, &b, true, 80000);
    assert_string_equal(logged(), "info: dns: 2001:db8::/56 asks for more answers than dns.rrl "
                                  "allows: answered all the same\n");
    rate_episode_look(&e, 90000);
    assert_string_equal(logged(),
                        "info: dns: within dns.rrl again; answers that were over it: 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_flood_is_a_few_lines, capture_begin, capture_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

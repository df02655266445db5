#include "base/log.h"

#include <errno.h>
#include <stdio.h>

#include "support/logged.h"

static uint64_t autumn_morning(void)
{
    return 1795248000123; /* 2026-11-21 08:00:00.123 UTC */
}

static void writes_level_and_time(void **state UNUSED)
{
    log_init(LOG_LEVEL_DEBUG, NULL);
    log_error("a=%d", 1);
    log_warn("b=%s", "x");
    log_info("c");
    log_debug("d");
    assert_string_equal(logged(), "error: a=1\nwarn: b=x\ninfo: c\ndebug: d\n");

    log_init(LOG_LEVEL_INFO, autumn_morning);
    log_warn("text");
    assert_string_equal(logged(), "2026-11-21T08:00:00.123Z warn: text\n");
}

static void keeps_to_the_level(void **state UNUSED)
{
    static const char *const lines[] = {"error: e\n", "error: e\nwarn: w\n",
                                        "error: e\nwarn: w\ninfo: i\n",
                                        "error: e\nwarn: w\ninfo: i\ndebug: d\n"};
    static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO,
                                            LOG_LEVEL_DEBUG};

    log_init(LOG_LEVEL_INFO, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(levels); i++) {
        log_set_level(levels[i]);
        log_error("e");
        log_warn("w");
        log_info("i");
        log_debug("d");
        assert_string_equal(logged(), lines[i]);
    }
}

static void escapes_what_is_not_plain(void **state UNUSED)
{
    log_init(LOG_LEVEL_INFO, NULL);
    log_info("%s", "a\nerror: b\r\t\x1b[31m\x7f\x80\xff ~!");
    assert_string_equal(logged(), "info: a\\x0aerror: b\\x0d\\x09\\x1b[31m\\x7f\\x80\\xff ~!\n");
}

static void check_cut(const char *text, const char *tail)
{
    log_info("%s", text);
    const char *line = logged();
    size_t n = strlen(line);
    assert_in_range(n, 1020, 1024);
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
    assert_string_equal(line + n - strlen(tail), tail);
}

static void cuts_long_lines(void **state UNUSED)
{
    char text[5000];

    log_init(LOG_LEVEL_INFO, NULL);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    check_cut(text, "xxx...\n");
    memset(text, '\1', sizeof(text) - 1);
    check_cut(text, "\\x01...\n");

    /* "info: " + 1014 + "...\n" are 1024: the longest that is whole, and one more */
    memset(text, 'x', sizeof(text));
    text[1014] = '\0';
    check_cut(text, "xxx\n");
    text[1014] = 'x';
    text[1015] = '\0';
    check_cut(text, "xxx...\n");
}

static void keeps_errno(void **state UNUSED)
{
    log_init(LOG_LEVEL_INFO, NULL);
    assert_int_equal(close(STDERR_FILENO), 0); /* the write fails */
    errno = ENOENT;
    log_error("nobody reads this");
    int after = errno;
    assert_int_equal(dup2(logged_to.file, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(after, ENOENT);
}

static size_t log_times(struct log_limit *limit, uint64_t now, int times)
{
    size_t lines = 0;
    for (int i = 0; i < times; i++)
        log_limited(limit, now, LOG_LEVEL_WARN, "n=%d", i);
    for (const char *s = logged(); (s = strchr(s, '\n')) != NULL; s++)
        lines++;
    return lines;
}

static void limits_per_window(void **state UNUSED)
{
    static const struct {
        uint64_t start;
    } rows[] = {{0}, {5000}, {1000000}};

    log_init(LOG_LEVEL_INFO, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        /* a zeroed limit has had its window begin at 0 */
        uint64_t window = rows[i].start < 10000 ? 0 : rows[i].start;
        struct log_limit limit = {0};

        assert_int_equal(log_times(&limit, rows[i].start, 9), 9);
        assert_int_equal(log_times(&limit, window + 9999, 3), 1);
        assert_int_equal(log_times(&limit, window + 9999, 30), 0);
        log_limited(&limit, window + 10000, LOG_LEVEL_WARN, "again");
        assert_string_equal(logged(), "warn: again (32 similar lines left out)\n");
        assert_int_equal(log_times(&limit, window + 10000, 20), 9);
        log_limited(&limit, window + 900000, LOG_LEVEL_WARN, "again");
        assert_string_equal(logged(), "warn: again (11 similar lines left out)\n");
        log_limited(&limit, window + 920000, LOG_LEVEL_WARN, "again");
        assert_string_equal(logged(), "warn: again\n");
    }
}

static void limit_edges(void **state UNUSED)
{
    struct log_limit limit = {0}, other = {0};

    /* what the level hides does not count */
    log_init(LOG_LEVEL_ERROR, NULL);
    assert_int_equal(log_times(&limit, 50000, 30), 0);
    log_set_level(LOG_LEVEL_WARN);
    assert_int_equal(log_times(&limit, 50000, 10), 10);

    /* a caller whose time is a little behind neither opens a window nor fails */
    assert_int_equal(log_times(&limit, 49000, 5), 0);
    /* each place has its own */
    assert_int_equal(log_times(&other, 50000, 5), 5);

    /* the note survives a message that is cut */
    char text[2000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    log_limited(&limit, 60000, LOG_LEVEL_WARN, "%s", text);
    const char *line = logged(), *tail = "x... (5 similar lines left out)\n";
    assert_string_equal(line + strlen(line) - strlen(tail), tail);
    assert_int_equal(strlen(line), 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_level_and_time, capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(keeps_to_the_level, capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(escapes_what_is_not_plain, capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(cuts_long_lines, capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(keeps_errno, capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(limits_per_window, capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(limit_edges, capture_begin, capture_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Metrics as text: families, labels, histograms, in both formats. */
#include "server/metrics_text.h"

#include "unit/server/common.h"

#include <string.h>

/* What was written since the last call, as text. */
static const char *text(struct metrics *m)
{
    static char out[4096];
    size_t n = evbuffer_get_length(m->out);
    assert_true(n < sizeof out);
    assert_int_equal(evbuffer_remove(m->out, out, n), n);
    out[n] = 0;
    assert_false(m->failed);
    return out;
}

static int set_up(void **state)
{
    static struct metrics m;
    m = (struct metrics){.out = evbuffer_new()};
    assert_non_null(m.out);
    *state = &m;
    return 0;
}

static int tear_down(void **state)
{
    struct metrics *m = *state;
    evbuffer_free(m->out);
    return 0;
}

static void a_family_has_help_and_type(void **state)
{
    struct metrics *m = *state;
    metric(m, "discd_x_total", METRIC_COUNTER, "What x is.");
    metric_value(m, "kind", TEXT("a"), 0);
    metric_value(m, "kind", TEXT("b"), UINT64_MAX);
    assert_string_equal(text(m), "# HELP discd_x_total What x is.\n"
                                 "# TYPE discd_x_total counter\n"
                                 "discd_x_total{kind=\"a\"} 0\n"
                                 "discd_x_total{kind=\"b\"} 18446744073709551615\n");
    metric_one(m, "discd_y", METRIC_GAUGE, "What y is.", 7);
    assert_string_equal(text(m), "# HELP discd_y What y is.\n# TYPE discd_y gauge\ndiscd_y 7\n");
    metric_one_real(m, "discd_z_seconds", METRIC_GAUGE, "What z is.", 0.25);
    assert_string_equal(text(m), "# HELP discd_z_seconds What z is.\n"
                                 "# TYPE discd_z_seconds gauge\ndiscd_z_seconds 0.25\n");
}

/* In OpenMetrics the counter's family has no suffix, its values do. */
static void open_metrics_names_counters_otherwise(void **state)
{
    struct metrics *m = *state;
    m->open_metrics = true;
    metric_one(m, "discd_x_total", METRIC_COUNTER, "What x is.", 1);
    assert_string_equal(text(m),
                        "# HELP discd_x What x is.\n# TYPE discd_x counter\ndiscd_x_total 1\n");
    metric_one(m, "discd_total", METRIC_GAUGE, "No counter.", 1);
    assert_string_equal(
        text(m), "# HELP discd_total No counter.\n# TYPE discd_total gauge\ndiscd_total 1\n");
}

/* Whatever a zone is called, it cannot end its line or forge another. */
static void labels_are_escaped(void **state)
{
    struct metrics *m = *state;
    metric(m, "discd_x", METRIC_GAUGE, "X.");
    (void)text(m);
    metric_value(m, "zone", TEXT("a\"} 1\nb\\c"), 2);
    assert_string_equal(text(m), "discd_x{zone=\"a\\\"} 1\\nb\\\\c\"} 2\n");
    metric_real(m, "zone", TEXT(""), 1e6);
    assert_string_equal(text(m), "discd_x{zone=\"\"} 1000000\n");
}

static void histograms_are_cumulative(void **state)
{
    struct metrics *m = *state;
    static const uint64_t counts[] = {2, 0, 5};
    static const double bounds[] = {0.00001, 1.5, -1};
    metric_histogram(m, "discd_t_seconds", "Times.", counts, bounds, 3, 0.75);
    assert_string_equal(text(m), "# HELP discd_t_seconds Times.\n"
                                 "# TYPE discd_t_seconds histogram\n"
                                 "discd_t_seconds_bucket{le=\"1e-05\"} 2\n"
                                 "discd_t_seconds_bucket{le=\"1.5\"} 2\n"
                                 "discd_t_seconds_bucket{le=\"+Inf\"} 7\n"
                                 "discd_t_seconds_sum 0.75\n"
                                 "discd_t_seconds_count 7\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_family_has_help_and_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(open_metrics_names_counters_otherwise, set_up, tear_down),
        cmocka_unit_test_setup_teardown(labels_are_escaped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(histograms_are_cumulative, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

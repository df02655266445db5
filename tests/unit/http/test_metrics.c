/* GET /metrics: the parts in one reply, in the format that was asked for. */
#include "rig.h"

#define PLAIN "text/plain; version=0.0.4; charset=utf-8"
#define OPEN "application/openmetrics-text; version=1.0.0; charset=utf-8"

static const char *body_of(const char *reply)
{
    const char *end = strstr(reply, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void the_parts_are_one_text(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    char *reply = get(&rig, "/metrics");
    assert_int_equal(status_of(reply), 200);
    assert_non_null(strstr(reply, "\r\nContent-Type: " PLAIN "\r\n"));
    assert_string_equal(body_of(reply), "part_0{open=\"0\"} 1\npart_1{open=\"0\"} 1\n");
    free(reply);
    rig_stop(&rig);
}

/* As Prometheus asks. */
static void open_metrics_has_an_end(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    char *reply = get_with(&rig, "/metrics",
                           "Accept: application/openmetrics-text;version=1.0.0;q=0.5,"
                           "text/plain;version=0.0.4;q=0.4,*/*;q=0.1\r\n");
    assert_int_equal(status_of(reply), 200);
    assert_non_null(strstr(reply, "\r\nContent-Type: " OPEN "\r\n"));
    assert_string_equal(body_of(reply), "part_0{open=\"1\"} 1\npart_1{open=\"1\"} 1\n# EOF\n");
    free(reply);
    rig_stop(&rig);
}

static void head_has_the_type_and_no_body(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    char *reply = ask(&rig, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n"
                            "Connection: close\r\n\r\n");
    assert_int_equal(status_of(reply), 200);
    assert_non_null(strstr(reply, "\r\nContent-Type: " PLAIN "\r\n"));
    assert_string_equal(body_of(reply), "");
    free(reply);
    rig_stop(&rig);
}

/* A part whose text is cut off half-way is no part. */
static enum err fails_after_some(void *context, unsigned part, bool open_metrics,
                                 struct evbuffer *out)
{
    (void)context;
    (void)open_metrics;
    evbuffer_add_printf(out, "half");
    return part ? ERR_MEMORY : ERR_OK;
}

static void nothing_is_told_when_memory_lacks(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    rig.http->backend.metrics = fails_after_some;
    char *reply = get(&rig, "/metrics");
    assert_int_equal(status_of(reply), 503);
    assert_null(strstr(reply, "half"));
    free(reply);
    rig_stop(&rig);
}

static void it_is_only_to_be_read(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    char *reply = post(&rig, "/metrics", "{}");
    assert_int_equal(status_of(reply), 405);
    free(reply);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_are_one_text),
        cmocka_unit_test(open_metrics_has_an_end),
        cmocka_unit_test(head_has_the_type_and_no_body),
        cmocka_unit_test(nothing_is_told_when_memory_lacks),
        cmocka_unit_test(it_is_only_to_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Event streams as discctl reads them, cut at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../tools/discctl/sse.h"

struct heard {
    char text[1024]; /* "NAME:DATA|" of each event */
    unsigned left;   /* events until it says stop; 0 = never */
};

static bool on_event(void *context, const char *name, const char *data)
{
    struct heard *h = context;
    size_t used = strlen(h->text);
    snprintf(h->text + used, sizeof(h->text) - used, "%s:%s|", name, data);
    return !h->left || --h->left;
}

static void check(const char *stream, const char *expected, const char *last_id)
{
    size_t n = strlen(stream);
    for (size_t cut = 0; cut <= n; cut++) {
        struct sse s;
        struct heard heard = {0};
        sse_init(&s);
        assert_true(sse_feed(&s, stream, cut, on_event, &heard));
        for (size_t i = cut; i < n; i++) /* the rest byte by byte */
            assert_true(sse_feed(&s, stream + i, 1, on_event, &heard));
        assert_string_equal(heard.text, expected);
        assert_string_equal(s.last_id, last_id);
        sse_deinit(&s);
    }
}

static void events_are_read(void **state)
{
    (void)state;
    check("event: state\ndata: {\"a\":1}\n\n", "state:{\"a\":1}|", "");
    check("event:state\r\nid: 7\r\ndata:x\r\n\r\ndata: y\r\n\r\n", "state:x|message:y|", "7");
    check("data: a\rdata:  b\r\rdata: c\r\r", "message:a\n b|message:c|", "");
    check(": alive\n\n:\n\nid: 5\n\n", "", "5");
    check("data\n\n", "message:|", "");
    check("retry: 5\nunknown\ndata: x\n", "", "");
}

static void what_is_too_long_is_left_out(void **state)
{
    (void)state;
    char stream[256];
    snprintf(stream, sizeof(stream), "event: %.*s\nid: %.*s\ndata: x\n\n", SSE_NAME_MAX + 1,
             "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", SSE_ID_MAX + 1,
             "1111111111111111111111111111111111111111111111111111111111111111111111111");
    check(stream, "message:x|", "");
}

static void it_ends_when_told(void **state)
{
    (void)state;
    struct sse s;
    struct heard heard = {.left = 1};
    static const char stream[] = "data: 1\n\ndata: 2\n\n";
    sse_init(&s);
    assert_false(sse_feed(&s, stream, sizeof(stream) - 1, on_event, &heard));
    assert_string_equal(heard.text, "message:1|");
    sse_deinit(&s);
}

/* What a broken stream left behind does not get into the next one; its last id does. */
static void a_restart_forgets_what_was_begun(void **state)
{
    (void)state;
    struct sse s;
    struct heard heard = {0};
    static const char broken[] = "id: 9\ndata: whole\n\nevent: x\ndata: half\ndata: ha",
                      next[] = "data: new\n\n";
    sse_init(&s);
    assert_true(sse_feed(&s, broken, sizeof(broken) - 1, on_event, &heard));
    sse_restart(&s);
    assert_true(sse_feed(&s, next, sizeof(next) - 1, on_event, &heard));
    assert_string_equal(heard.text, "message:whole|message:new|");
    assert_string_equal(s.last_id, "9");
    sse_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_read),
        cmocka_unit_test(what_is_too_long_is_left_out),
        cmocka_unit_test(it_ends_when_told),
        cmocka_unit_test(a_restart_forgets_what_was_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

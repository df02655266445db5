#include "server/held.h"

#include "unit/server/common.h"

#include <string.h>

static struct held_reply reply_of(uint64_t change, const char *request, const char *reply)
{
    return (struct held_reply){
        .change = change,
        .source = 3,
        .from = endpoint_of("127.0.0.1:1234"),
        .request = (const uint8_t *)request,
        .request_size = strlen(request),
        .reply = (const uint8_t *)reply,
        .reply_size = strlen(reply),
    };
}

static bool add(struct held *h, uint64_t change, const char *reply)
{
    struct held_reply r = reply_of(change, "request", reply);
    return held_add(h, &r);
}

/* Takes one that must be there. */
static void take(struct held *h, uint64_t committed, const char *reply)
{
    struct held_reply *r = held_take(h, committed);
    assert_non_null(r);
    assert_int_equal(r->reply_size, strlen(reply));
    assert_memory_equal(r->reply, reply, r->reply_size);
    free(r);
}

static void what_is_committed_leaves_in_order(void **state UNUSED)
{
    struct held *h = held_new(10, 10000);
    assert_null(held_take(h, UINT64_MAX));
    assert_true(add(h, 1, "a"));
    assert_true(add(h, 3, "b"));
    assert_true(add(h, 4, "c"));
    assert_null(held_take(h, 0));
    take(h, 3, "a");
    take(h, 3, "b");
    assert_null(held_take(h, 3));
    assert_int_equal(held_count(h), 1);
    take(h, 4, "c");
    assert_null(held_take(h, UINT64_MAX));
    assert_true(add(h, 5, "d")); /* the end of the emptied queue is its beginning again */
    take(h, 5, "d");
    assert_int_equal(held_count(h), 0);
    held_free(h);
}

/* What it waits for is over, and from then on it waits for something else. */
static void from_one_to_another(void **state UNUSED)
{
    struct held *first = held_new(10, 10000), *then = held_new(1, 10000);
    assert_true(add(first, 1, "a"));
    assert_true(add(first, 2, "b"));
    assert_true(add(first, 3, "c"));
    assert_false(held_move(then, first, 0, 70));
    assert_true(held_move(then, first, 2, 70));
    assert_true(held_move(then, first, 2, 70)); /* whatever the limit */
    assert_false(held_move(then, first, 2, 70));
    assert_int_equal(held_count(first), 1);
    assert_int_equal(held_count(then), 2);
    assert_false(add(then, 71, "d"));
    assert_null(held_take(then, 69));
    take(then, 70, "a");
    take(then, 70, "b");
    assert_null(held_take(then, UINT64_MAX));
    held_free(first);
    held_free(then);
}

/* A repetition waits for an old change, but its answer does not overtake. */
static void nobody_overtakes(void **state UNUSED)
{
    struct held *h = held_new(10, 10000);
    assert_true(add(h, 7, "a"));
    assert_true(add(h, 2, "b"));
    assert_null(held_take(h, 2));
    take(h, 7, "a");
    take(h, 7, "b");
    held_free(h);
}

static void copies_are_kept(void **state UNUSED)
{
    struct held *h = held_new(10, 10000);
    char request[] = "disc/1 reg", answer[] = "disc/1 ok";
    struct held_reply in = reply_of(1, request, answer);
    in.to.to.v4.sin_port = 99;
    in.to.to_size = sizeof in.to.to.v4;
    assert_true(held_add(h, &in));
    memset(request, 'x', sizeof request);
    memset(answer, 'x', sizeof answer);
    struct held_reply *r = held_take(h, 1);
    assert_non_null(r);
    assert_memory_equal(r->request, "disc/1 reg", 10);
    assert_int_equal(r->request_size, 10);
    assert_memory_equal(r->reply, "disc/1 ok", 9);
    assert_int_equal(r->source, 3);
    assert_int_equal(r->from.port, 1234);
    assert_int_equal(r->to.to.v4.sin_port, 99);
    assert_int_equal(r->to.to_size, sizeof in.to.to.v4);
    free(r);
    held_free(h);
}

static void the_number_is_bounded(void **state UNUSED)
{
    struct held *h = held_new(2, 10000);
    assert_true(add(h, 1, "a"));
    assert_true(add(h, 1, "b"));
    assert_false(add(h, 1, "c"));
    take(h, 1, "a");
    assert_true(add(h, 1, "c"));
    take(h, 1, "b");
    take(h, 1, "c");
    held_free(h);
}

static void the_bytes_are_bounded(void **state UNUSED)
{
    size_t one = sizeof(struct held_reply) + strlen("request") + 1;
    struct held *h = held_new(100, 2 * one);
    assert_true(add(h, 1, "a"));
    assert_false(add(h, 1, "longer than that"));
    assert_true(add(h, 1, "b"));
    assert_false(add(h, 1, ""));
    assert_int_equal(held_count(h), 2);
    held_free(h); /* with what waits: the leak check sees to it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_committed_leaves_in_order),
        cmocka_unit_test(from_one_to_another),
        cmocka_unit_test(nobody_overtakes),
        cmocka_unit_test(copies_are_kept),
        cmocka_unit_test(the_number_is_bounded),
        cmocka_unit_test(the_bytes_are_bounded),
    };
    held_free(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

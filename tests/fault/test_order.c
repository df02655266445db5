/* The check of the order of events, on orders written by hand: it accepts the right one and
 * says what is wrong with each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fault/fault.h"

#define REG "disc/1 reg id=a svc=web port=1"
#define UPD "disc/1 upd id=b svc=web w=1"
#define OK_A "disc/1 ok id=a ep=1 dur=disk"
#define OK_B "disc/1 ok id=b ep=1 dur=disk"

struct step {
    enum fault_event_kind kind;
    uint32_t thread;
    bool durable;
    int64_t result;
    const char *text;
};

#define RECEIVED(t)                                                                                \
    {                                                                                              \
        FAULT_RECEIVED, 1, false, 0, t                                                             \
    }
#define SENT(t)                                                                                    \
    {                                                                                              \
        FAULT_SENT, 1, false, 0, t                                                                 \
    }
#define SYNC                                                                                       \
    {FAULT_SYNC_BEGIN, 2, false, 0, ""},                                                           \
    {                                                                                              \
        FAULT_SYNC_END, 2, false, 0, ""                                                            \
    }
#define WRITE                                                                                      \
    {FAULT_WRITE_BEGIN, 2, false, 0, ""},                                                          \
    {                                                                                              \
        FAULT_WRITE_END, 2, false, 4096, ""                                                        \
    }
#define DURABLE_WRITE                                                                              \
    {FAULT_WRITE_BEGIN, 2, true, 0, ""},                                                           \
    {                                                                                              \
        FAULT_WRITE_END, 2, true, 96, ""                                                           \
    }

static struct fault_order check(const struct step *steps)
{
    static struct fault_event events[32];
    struct fault_order order;
    size_t n = 0;
    for (; steps[n].kind; n++) {
        events[n].thread = steps[n].thread;
        events[n].durable = steps[n].durable;
        events[n].result = steps[n].result;
        strcpy(events[n].text, steps[n].text);
        atomic_store(&events[n].kind, steps[n].kind);
    }
    fault_order_check(events, n, &order);
    return order;
}

static void right_orders(void **state)
{
    (void)state;
    struct fault_order order;
    order = check((struct step[]){RECEIVED(REG), WRITE, SYNC, DURABLE_WRITE, SENT(OK_A), {0}});
    assert_int_equal(order.acknowledged, 1);
    assert_int_equal(order.commits, 1);
    assert_int_equal(order.not_synced, 0);
    order = check((struct step[]){RECEIVED(REG), WRITE, SYNC, WRITE, SYNC, SENT(OK_A), {0}});
    assert_int_equal(order.not_synced, 0);
    order = check((struct step[]){
        RECEIVED(REG), RECEIVED(UPD), WRITE, SYNC, DURABLE_WRITE, SENT(OK_B), SENT(OK_A), {0}});
    assert_int_equal(order.acknowledged, 2);
    assert_int_equal(order.not_synced, 0);
    assert_int_equal(order.commits, 1);
}

static void must_be_early(const struct step *steps)
{
    struct fault_order order = check(steps);
    assert_int_equal(order.acknowledged, 1);
    assert_int_equal(order.not_synced, 1);
    assert_string_not_equal(order.first, "");
}

static void wrong_orders(void **state)
{
    (void)state;
    must_be_early((struct step[]){RECEIVED(REG), SENT(OK_A), WRITE, SYNC, DURABLE_WRITE, {0}});
    must_be_early((struct step[]){RECEIVED(REG), WRITE, SENT(OK_A), {0}});
    must_be_early((struct step[]){RECEIVED(REG), WRITE, SYNC, SENT(OK_A), DURABLE_WRITE, {0}});
    must_be_early((struct step[]){RECEIVED(REG), WRITE, DURABLE_WRITE, SENT(OK_A), {0}});
    must_be_early((struct step[]){RECEIVED(REG), WRITE, SYNC, WRITE, SENT(OK_A), {0}});
    must_be_early((struct step[]){RECEIVED(REG), WRITE, SYNC, SYNC, SENT(OK_A), {0}});
    /* Somebody else's commit: its sync began before the request came. */
    must_be_early((struct step[]){{FAULT_SYNC_BEGIN, 2, false, 0, ""},
                                  RECEIVED(REG),
                                  {FAULT_SYNC_END, 2, false, 0, ""},
                                  DURABLE_WRITE,
                                  SENT(OK_A),
                                  {0}});
    /* A sync, and a write, that fail. */
    must_be_early((struct step[]){RECEIVED(REG),
                                  WRITE,
                                  {FAULT_SYNC_BEGIN, 2, false, 0, ""},
                                  {FAULT_SYNC_END, 2, false, -1, ""},
                                  DURABLE_WRITE,
                                  SENT(OK_A),
                                  {0}});
    must_be_early((struct step[]){RECEIVED(REG),
                                  WRITE,
                                  SYNC,
                                  {FAULT_WRITE_BEGIN, 2, true, 0, ""},
                                  {FAULT_WRITE_END, 2, true, -1, ""},
                                  SENT(OK_A),
                                  {0}});
}

static void others_are_not_judged(void **state)
{
    (void)state;
    struct fault_order order;
    order = check((struct step[]){RECEIVED("disc/1 ren id=a svc=web"),
                                  SENT("disc/1 ok id=a ep=1"),
                                  RECEIVED(REG),
                                  SENT("disc/1 err id=a c=503 why=disk"),
                                  {0}});
    assert_int_equal(order.acknowledged, 0);
    order = check((struct step[]){
        RECEIVED(REG), WRITE, SYNC, DURABLE_WRITE, SENT("disc/1 ok id=a ep=1 dur=mem"), {0}});
    assert_int_equal(order.not_disk, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_orders),
        cmocka_unit_test(wrong_orders),
        cmocka_unit_test(others_are_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

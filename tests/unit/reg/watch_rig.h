/* For the tests of subscriptions: pushes of the rig's server, one at a time. */
#ifndef DISC_TESTS_UNIT_REG_WATCH_RIG_H
#define DISC_TESTS_UNIT_REG_WATCH_RIG_H

#include "unit/reg/rig.h"

#define TOK "7d1f0c9be3a45526"
#define EP "ep=2b6296d4"

/* The next push that is due, without its LF, in t->text; "" = none. `*route` as given. */
static UNUSED const char *watch_push(struct rig *t)
{
    const void *route = NULL;
    reg_published(t->reg, t->now);
    t->size = reg_push(t->reg, t->now, t->out, &route);
    memcpy(t->text, t->out, t->size);
    t->text[t->size ? t->size - 1 : 0] = '\0';
    if (t->size) {
        assert_int_equal(t->out[t->size - 1], '\n');
        memcpy(t->route, route, sizeof(t->route));
    }
    return t->text;
}

#define watch_check(t, pattern)                                                                    \
    do {                                                                                           \
        if (!rig_matches(watch_push(t), (pattern)))                                                \
            fail_msg("\n push   %s\n wanted %s", (t)->text, (pattern));                            \
    } while (0)

#define watch_nothing(t) watch_check((t), "")

/* "disc/1 sub" with the cookie of the present source; `rest` begins with "svc=". */
static UNUSED const char *watch_sub(struct rig *t, const char *rest)
{
    char cookie[128], line[512];
    rig_cookie(t, cookie);
    snprintf(line, sizeof(line), "disc/1 sub ck=%s %s", cookie, rest);
    return rig_send(t, line);
}

#define watch_check_sub(t, rest, pattern)                                                          \
    do {                                                                                           \
        if (!rig_matches(watch_sub((t), (rest)), (pattern)))                                       \
            fail_msg("\n sub    %s\n reply  %s\n wanted %s", (rest), (t)->text, (pattern));        \
    } while (0)

/* Of the last reply or push. */
static UNUSED uint64_t watch_number(struct rig *t, const char *key)
{
    char value[128];
    return strtoull(rig_value(t, key, value), NULL, 10);
}

/* Acknowledges with the token TOK; nothing is said to it. */
static UNUSED void watch_ack(struct rig *t, uint64_t sub, uint64_t seq, unsigned frag)
{
    char line[256];
    snprintf(line, sizeof(line), "disc/1 ack sub=%llu tok=" TOK " seq=%llu frag=%u",
             (unsigned long long)sub, (unsigned long long)seq, frag);
    assert_string_equal(rig_send(t, line), "");
}

static UNUSED void watch_reg(struct rig *t, const char *service, unsigned n)
{
    char line[256];
    struct endpoint from = t->from;
    rig_from(t, "127.0.0.1"); /* which may name other addresses */
    snprintf(line, sizeof(line), "disc/1 reg svc=%s inst=i%u addr=10.1.%u.%u port=80", service, n,
             n >> 8, n & 255);
    rig_send(t, line);
    t->from = from;
    assert_memory_equal(t->text, "disc/1 ok ", 10);
}

/* Subscribes to `service` and acknowledges the whole state (of one datagram); returns the
 * subscription's number. */
static UNUSED uint64_t watch_begin(struct rig *t, const char *service)
{
    char rest[256];
    snprintf(rest, sizeof(rest), "svc=%s cid=c tok=" TOK, service);
    watch_sub(t, rest);
    assert_memory_equal(t->text, "disc/1 ok ", 10);
    uint64_t sub = watch_number(t, "sub");
    watch_push(t);
    assert_non_null(strstr(t->text, " full=1 "));
    watch_ack(t, sub, watch_number(t, "seq"), 1);
    return sub;
}

#endif

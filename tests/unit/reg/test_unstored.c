/* What is said when nothing can be stored: 503 disk in place of an ok, 503 readonly. */
#include "unit/reg/rig.h"

#include "reg/refusal.h"

enum { WAIT = 1000 };

/* As rig_send_bytes, of the reply that takes the ok's place. */
static const char *refuse(struct rig *t, const char *request)
{
    size_t n = strlen(request);
    uint8_t *copy = malloc(n + 1);
    memcpy(copy, request, n);
    copy[n] = '\n';
    struct reg_datagram in = {copy, n + 1, false, t->from, NULL};
    t->size = reg_refuse_unstored(t->reg, &in, WAIT, t->now, t->out);
    free(copy);
    assert_true(t->size <= REG_DATAGRAM_MAX);
    memcpy(t->text, t->out, t->size);
    if (t->size)
        assert_int_equal(t->out[t->size - 1], '\n');
    t->text[t->size ? t->size - 1 : 0] = '\0';
    return t->text;
}

#define check_refusal(t, request, pattern)                                                         \
    do {                                                                                           \
        if (!rig_matches(refuse((t), (request)), (pattern)))                                       \
            fail_msg("\n request %s\n reply   %s\n wanted  %s", (request), (t)->text, (pattern));  \
    } while (0)

#define EP "ep=2b6296d4"

static void the_id_and_the_epoch_are_there(void **state)
{
    struct rig *t = *state;
    check_refusal(t, "disc/1 reg svc=web port=80 id=a7",
                  "disc/1 err id=a7 " EP " c=503 why=disk wait=#");
    check_refusal(t, "disc/1 del svc=web inst=a", "disc/1 err " EP " c=503 why=disk wait=#");
    check_refusal(t, "disc/1 del svc=web id=b\na\nb",
                  "disc/1 err id=b " EP " c=503 why=disk wait=#");
    check_refusal(t, "disc/1 reg svc=web port=80 id=.", "disc/1 err " EP " c=503 why=disk wait=#");
    assert_int_equal(rig_outcome(t, REG_OUT_DISK), 4);
    assert_int_equal(rig_outcome(t, REG_OUT_OK), 0);
}

static void clients_are_spread(void **state)
{
    struct rig *t = *state;
    unsigned long least = ULONG_MAX, most = 0;
    char value[128];
    for (int i = 0; i < 200; i++) {
        refuse(t, "disc/1 reg svc=web port=80");
        unsigned long wait = strtoul(rig_value(t, "wait", value), NULL, 10);
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    assert_in_range(least, WAIT, WAIT + 50);
    assert_in_range(most, WAIT + WAIT / 2 - 50, WAIT + WAIT / 2);
}

static void nothing_is_touched(void **state)
{
    struct rig *t = *state;
    refuse(t, "disc/1 reg svc=web port=80 inst=a");
    assert_null(registry_service(t->registry, TEXT("default"), TEXT("web")));
    for (int i = 0; i < REG_VERB_COUNT; i++)
        assert_int_equal(counter_get(&reg_counters(t->reg)->verbs[i]), 0);
}

static void a_cookie_is_not_asked_for_again(void **state)
{
    struct rig *t = *state;
    rig_from(t, "10.0.0.7");
    check_refusal(t, "disc/1 reg svc=web port=80 ck=x", "disc/1 err " EP " c=503 why=disk wait=#");
    rig_from(t, "10.9.0.7"); /* denied since */
    check_refusal(t, "disc/1 reg svc=web port=80", "");
}

/* The number was used up by the request itself; the reply is signed all the same. */
static void keyed_replies_are_signed(void **state)
{
    struct rig *t = *state;
    char line[256], mac[33];
    const char *request = "disc/1 reg id=x svc=web inst=a port=80 key=deploy cid=c n=5";
    rig_check_signed(t, request,
                     "disc/1 ok id=x n=5 " EP
                     " inst=a addr=127.0.0.1 lease=30 ren=9000 rev=# dur=disk");
    uint64_t checked = counter_get(&reg_counters(t->reg)->macs_checked);
    rig_mac(RIG_SECRET, request, strlen(request), mac);
    snprintf(line, sizeof line, "%s mac=%s", request, mac);
    refuse(t, line);
    size_t n = strlen(t->text);
    assert_true(n > 37);
    rig_mac(RIG_SECRET, t->text, n - 37, mac);
    assert_string_equal(t->text + n - 32, mac);
    t->text[n - 37] = '\0';
    assert_true(rig_matches(t->text, "disc/1 err id=x n=5 " EP " c=503 why=disk wait=#"));
    assert_int_equal(counter_get(&reg_counters(t->reg)->macs_checked), checked);
    rig_check_signed(t, request, "disc/1 err id=x n=5 " EP " c=425 why=replay");
}

static void without_its_key_there_is_no_reply(void **state)
{
    struct rig *t = *state;
    char line[256], mac[33];
    const char *request = "disc/1 del svc=web inst=a key=nobody cid=c n=5";
    rig_mac(RIG_SECRET, request, strlen(request), mac);
    snprintf(line, sizeof line, "%s mac=%s", request, mac);
    check_refusal(t, line, "");
    check_refusal(t, "disc/1 del svc=web inst=a key=deploy cid=c n=5", "");
    check_refusal(t, "nonsense", "");
    assert_int_equal(rig_outcome(t, REG_OUT_DISK), 0);
}

/* ---- a registry that can store nothing ------------------------------------------------ */

static enum err refuse_puts(void *context, enum journal_need need, size_t changes)
{
    (void)context, (void)changes;
    return need == JOURNAL_PUT ? ERR_READONLY : ERR_OK;
}

static void ignore_instance(void *context, const struct instance *i)
{
    (void)context, (void)i;
}

static void ignore_bury(void *context, struct instance_key key, uint64_t floor, uint64_t until_ms)
{
    (void)context, (void)key, (void)floor, (void)until_ms;
}

static void ignore_key(void *context, struct instance_key key)
{
    (void)context, (void)key;
}

static void ignore_override(void *context, struct instance_key key, const struct override *override)
{
    (void)context, (void)key, (void) override;
}

static void ignore_service(void *context, struct text ns, struct text service, uint64_t until_ms)
{
    (void)context, (void)ns, (void)service, (void)until_ms;
}

static void readonly_takes_nothing_new(void **state)
{
    struct rig *t = *state;
    const struct registry_journal journal = {
        .reserve = refuse_puts,
        .put = ignore_instance,
        .bury = ignore_bury,
        .forget = ignore_key,
        .override = ignore_override,
        .service = ignore_service,
        .touch = ignore_key,
    };
    rig_check(t, "disc/1 reg svc=web port=80 inst=a",
              "disc/1 ok " EP " inst=a addr=127.0.0.1 "
              "lease=30 ren=9000 rev=# dur=disk");
    registry_set_journal(t->registry, &journal);
    rig_check(t, "disc/1 reg svc=web port=80 inst=b",
              "disc/1 err " EP " c=503 why=readonly wait=#");
    rig_check(t, "disc/1 upd svc=web inst=a ver=2", "disc/1 err " EP " c=503 why=readonly wait=#");
    assert_int_equal(rig_outcome(t, REG_OUT_READONLY), 2);
    rig_check(t, "disc/1 ren svc=web inst=a", "disc/1 ok " EP " ren=9000");
    rig_check(t, "disc/1 upd svc=web inst=a st=draining", "disc/1 ok " EP " rev=# dur=disk");
    rig_check(t, "disc/1 del svc=web inst=a", "disc/1 ok " EP " dur=disk");
    assert_string_equal(reg_outcome_text(REG_OUT_READONLY), "readonly");
    assert_string_equal(reg_outcome_text(REG_OUT_DISK), "disk");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_id_and_the_epoch_are_there, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(clients_are_spread, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_touched, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_cookie_is_not_asked_for_again, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(keyed_replies_are_signed, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(without_its_key_there_is_no_reply, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(readonly_takes_nothing_new, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

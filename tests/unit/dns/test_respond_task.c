/* What dns_respond hands over instead of answering. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/task_parts.h"
#include "unit/dns/bytewise.h"

static void configure_transfers(struct dns_config *c)
{
    configure(c);
    c->zones->transfers = calloc(1, sizeof(*c->zones->transfers));
    c->zones->transfer_count = 1;
    c->zones->transfers->anywhere = true;
}

static int start_transfers(void **state)
{
    (void)state;
    begin(configure_transfers);
    return 0;
}

static size_t send_axfr(const char *options)
{
    char text[200];
    snprintf(text, sizeof(text), HEAD "017a 00 00fc 0001" OPT "%s", options);
    t->query_size = hex(text, t->query, sizeof(t->query));
    struct dns_request request = {t->query, t->query_size, {t->client, 1234}, DNS_TCP, NOW, 0};
    return dns_respond(t->dns, t->worker, &request, t->out, sizeof(t->out));
}

/* A task is there once; one that nobody takes is freed. Its answer has the options. */
static void test_task(void **state)
{
    (void)state;
    publish(t);
    assert_null(dns_worker_take_task(t->worker));
    assert_int_equal(send_axfr("0010 0009 0000 000a 0008" CLIENT), 0);
    struct dns_task *task = dns_worker_take_task(t->worker);
    assert_non_null(task);
    assert_int_equal(dns_task_kind(task), DNS_TASK_TRANSFER);
    assert_null(dns_worker_take_task(t->worker));
    dns_task_run(t->dns, t->registry, (struct moment){1, 1}, task);
    t->size = dns_task_next(task, t->worker, NOW, t->out, sizeof(t->out));
    if (!dns_check(t->query, t->query_size, t->out, t->size, 65535, &t->reply) &&
        !strstr(t->reply.fault, "twice")) /* the SOA stands at both ends */
        fail_msg("%s", t->reply.fault);
    dns_task_free(task);
    assert_int_equal(counter_get(&dns_worker_counters(t->worker)->cookies[DNS_COOKIE_NEW]), 1);

    assert_int_equal(send_axfr("0000"), 0);
    assert_int_equal(send_udp(HEAD NS_A OPT "0000")->rcode, NOERROR);
    assert_null(dns_worker_take_task(t->worker));
    assert_int_equal(send_axfr("0000"), 0); /* for dns_worker_free */
}

/* EXPIRE is part of what a transfer begins with, and of no refusal. */
static void test_transfer_expire(void **state)
{
    (void)state;
    static const uint8_t wanted[] = {0, 9, 0, 4, 0, 1, 0x51, 0x80};
    publish(t);
    assert_int_equal(send_axfr("0004 0009 0000"), 0);
    struct dns_task *task = dns_worker_take_task(t->worker);
    dns_task_run(t->dns, t->registry, (struct moment){1, 1}, task);
    t->size = dns_task_next(task, t->worker, NOW, t->out, sizeof(t->out));
    assert_non_null(memmem(t->out, t->size, wanted, sizeof(wanted)));
    dns_task_free(task);
    t->dns->config.zones->transfers->anywhere = false;
    t->dns->config.zones->transfers->from = (struct network){{FAMILY_V4, {198, 51, 100, 1}}, 32};
    struct dns_reply *r = send_tcp(HEAD "017a 00 00fc 0001" OPT "0004 0009 0000");
    assert_int_equal(r->rcode, REFUSED);
    assert_null(r->options[EXPIRE].bytes);
}

/* A reason that was given before lies where it may go before the task does. */
static void test_no_words(void **state)
{
    (void)state;
    struct query query;
    struct answer a;
    char words[] = "why";
    t->query_size = hex(HEAD "017a 00 00fc 0001" OPT "0000", t->query, sizeof(t->query));
    assert_int_equal(query_parse(t->query, t->query_size, &query), QUERY_GOOD);
    answer_begin(&a, &query, t->out, sizeof(t->out));
    answer_say(&a, 15, TEXT(words));
    assert_int_equal(a.ede, 15);
    struct dns_request request = {t->query, t->query_size, {t->client, 1234}, DNS_TCP, NOW, 0};
    struct dns_task *task = task_new(DNS_TASK_TRANSFER, &a, &request, 0);
    assert_non_null(task);
    assert_int_equal(task->answer.ede, EDE_NONE);
    assert_null(task->answer.ede_words.s);
    dns_task_free(task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_task, start_transfers),
        TEST(test_transfer_expire, start_transfers),
        TEST(test_no_words, start_transfers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Requests that are held: the client's going away is noticed, what it sends ahead waits its
 * turn, and the reply leaves the connection as if it had never been held. */
#include "rig.h"

#include "http/held.h"
#include "http/reply.h"

#define REQUEST "GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* What the server under test does: holds every request. */
struct holder {
    struct rig rig;
    struct held *held; /* the last */
    struct evhttp_connection *connection;
    unsigned requests, lost;
    enum held_end end;
};

static void lost(void *context)
{
    struct holder *h = context;
    h->held = NULL;
    h->lost++;
}

static void hold(struct evhttp_request *request, void *context)
{
    struct holder *h = context;
    struct call call = {.http = h->rig.http, .request = request};

    h->connection = evhttp_request_get_connection(request);
    evhttp_connection_set_closecb(h->connection, rig_closed, &h->rig);
    h->requests++;
    h->held = held_open(&call, h->end, lost, h);
    assert_non_null(h->held);
}

static int set_up(void **state)
{
    struct holder *h = *state = calloc(1, sizeof(*h));
    rig_start(&h->rig);
    evhttp_set_gencb(h->rig.evhttp, hold, h);
    return 0;
}

static int tear_down(void **state)
{
    struct holder *h = *state;
    rig_stop(&h->rig);
    free(h);
    return 0;
}

static void await_request(struct holder *h, unsigned number)
{
    while (h->requests < number || !h->held)
        rig_loop(&h->rig);
}

static void reply(struct holder *h, const char *word)
{
    struct evhttp_request *request = held_release(h->held);
    struct evbuffer *body = evbuffer_new();

    h->held = NULL;
    evbuffer_add_printf(body, "%s", word);
    reply_send(h->rig.http, request, 200, body);
    evbuffer_free(body);
}

static void await_text(struct client *c, const char *text)
{
    while (evbuffer_search(c->got, text, strlen(text), NULL).pos < 0) {
        assert_false(c->closed);
        rig_loop(c->rig);
    }
}

static void test_reply(void **state)
{
    struct holder *h = *state;
    struct client c;

    client_open(&c, &h->rig, REQUEST);
    await_request(h, 1);
    assert_int_equal(h->rig.http->holds.count, 1);
    rig_settle(&h->rig);
    assert_int_equal(evbuffer_get_length(c.got), 0);
    reply(h, "first");
    await_text(&c, "first");
    assert_int_equal(h->rig.http->holds.count, 0);

    bufferevent_write(c.stream, REQUEST, strlen(REQUEST)); /* the connection lives */
    await_request(h, 2);
    reply(h, "second");
    await_text(&c, "second");
    assert_int_equal(h->lost, 0);
    client_free(&c);
}

static void test_client_goes(void **state)
{
    struct holder *h = *state;
    struct client c;

    client_open(&c, &h->rig, REQUEST);
    await_request(h, 1);
    client_free(&c);
    while (!h->lost)
        rig_loop(&h->rig);
    assert_int_equal(h->rig.http->holds.count, 0);
    rig_settle(&h->rig);
    assert_int_equal(h->lost, 1);
}

/* It waits for nothing but its reply. */
static void test_half_closed(void **state)
{
    struct holder *h = *state;
    struct client c;

    h->end = HELD_ENDS_SENDING;
    client_open(&c, &h->rig, REQUEST);
    await_request(h, 1);
    assert_int_equal(shutdown(bufferevent_getfd(c.stream), SHUT_WR), 0);
    rig_settle(&h->rig);
    assert_int_equal(h->lost, 0);
    reply(h, "all the same");
    char *got = client_rest(&c); /* and then the server closes, too */
    assert_non_null(strstr(got, "all the same"));
    free(got);
    assert_int_equal(h->lost, 0);
    client_free(&c);
}

static void test_half_closed_wait(void **state)
{
    struct holder *h = *state;
    struct client c;

    client_open(&c, &h->rig, REQUEST);
    await_request(h, 1);
    assert_int_equal(shutdown(bufferevent_getfd(c.stream), SHUT_WR), 0);
    free(client_rest(&c));
    assert_int_equal(h->lost, 1);
    client_free(&c);
}

static void test_client_resets(void **state)
{
    struct linger at_once = {.l_onoff = 1};
    struct holder *h = *state;
    struct client c;

    h->end = HELD_ENDS_SENDING; /* an error ends it all the same */
    client_open(&c, &h->rig,
                "POST /held HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nxy");
    await_request(h, 1);
    assert_int_equal(
        setsockopt(bufferevent_getfd(c.stream), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)),
        0);
    client_free(&c);
    while (!h->lost)
        rig_loop(&h->rig);
    assert_int_equal(h->rig.http->holds.count, 0);
}

/* It goes just when it is replied to. */
static void test_client_goes_at_the_reply(void **state)
{
    struct holder *h = *state;
    struct client c;

    client_open(&c, &h->rig, REQUEST);
    await_request(h, 1);
    client_free(&c);
    reply(h, "to nobody");
    rig_settle(&h->rig);
    assert_int_equal(h->lost, 0);
    assert_int_equal(h->rig.http->holds.count, 0);
}

static void test_pipelined(void **state)
{
    struct holder *h = *state;
    struct client c;

    client_open(&c, &h->rig, REQUEST REQUEST);
    await_request(h, 1);
    bufferevent_write(c.stream, REQUEST, strlen(REQUEST));
    rig_settle(&h->rig);
    assert_int_equal(h->requests, 1); /* one after the other */
    reply(h, "first");
    await_request(h, 2);
    reply(h, "second");
    await_request(h, 3);
    reply(h, "third");
    await_text(&c, "third");
    client_free(&c);
}

/* Far more than is read ahead: the rest waits in the kernel, and nothing of it is lost. */
static void test_sends_far_ahead(void **state)
{
    enum { REQUESTS = 600 };
    struct holder *h = *state;
    struct client c;

    h->end = HELD_ENDS_SENDING;
    client_open(&c, &h->rig, REQUEST);
    await_request(h, 1);
    for (unsigned n = 1; n < REQUESTS; n++)
        bufferevent_write(c.stream, REQUEST, strlen(REQUEST));
    rig_settle(&h->rig);
    struct bufferevent *stream = evhttp_connection_get_bufferevent(h->connection);
    assert_in_range(evbuffer_get_length(bufferevent_get_input(stream)), 1, 4096);
    for (unsigned n = 1; n <= REQUESTS; n++) {
        await_request(h, n);
        reply(h, n < REQUESTS ? "one" : "the last");
    }
    await_text(&c, "the last");
    assert_int_equal(h->requests, REQUESTS);
    client_free(&c);
}

/* One who waits for a change could go without being noticed: what it sent lies before that. */
static void test_waits_and_sends_far_ahead(void **state)
{
    char ahead[4000];
    struct holder *h = *state;
    struct client c;

    memset(ahead, 'x', sizeof(ahead));
    client_open(&c, &h->rig, REQUEST);
    await_request(h, 1);
    bufferevent_write(c.stream, ahead, sizeof(ahead));
    rig_settle(&h->rig);
    assert_int_equal(h->lost, 0);
    bufferevent_write(c.stream, ahead, sizeof(ahead));
    while (!h->lost)
        rig_loop(&h->rig);
    assert_int_equal(h->rig.http->holds.count, 0);
    free(client_rest(&c));
    client_free(&c);
}

/* The server stops. */
static void test_close_all(void **state)
{
    struct holder *h = *state;
    struct client a, b;

    client_open(&a, &h->rig, REQUEST);
    await_request(h, 1);
    client_open(&b, &h->rig, REQUEST);
    await_request(h, 2);
    held_close_all(h->rig.http);
    assert_int_equal(h->lost, 2);
    assert_int_equal(h->rig.http->holds.count, 0);
    while (!a.closed || !b.closed)
        rig_loop(&h->rig);
    client_free(&a);
    client_free(&b);
}

static void test_listener_closes(void **state)
{
    struct holder *h = *state;
    struct client c;

    client_open(&c, &h->rig, REQUEST);
    await_request(h, 1);
    evhttp_free(h->rig.evhttp);
    h->rig.evhttp = NULL;
    assert_int_equal(h->lost, 1);
    assert_int_equal(h->rig.http->holds.count, 0);
    client_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_client_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_closed_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_client_resets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_client_goes_at_the_reply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pipelined, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sends_far_ahead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waits_and_sends_far_ahead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_close_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_listener_closes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

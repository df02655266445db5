/* Long replies: slices, slow clients, and everybody who leaves too early. */
#include "rig.h"

#include "http/stream.h"

#define BIG 3000 /* instances; with 200 bytes of metadata each about 1.8 MB of JSON */

#define GET_BIG "GET /v1/services/big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static void set_up(struct rig *rig)
{
    rig_start(rig);
    rig_add_many(rig, "big", BIG, 200);
}

static void expect_ids(const json_t *json, size_t count)
{
    const json_t *all = json_object_get(json, "instances");
    assert_int_equal(json_array_size(all), count);
    bool *seen = calloc(BIG, sizeof(*seen));
    for (size_t n = 0; n < count; n++) {
        unsigned id;
        assert_int_equal(sscanf(text_at(json_array_get(all, n), "id"), "n%u", &id), 1);
        assert_true(id < BIG && !seen[id]);
        seen[id] = true;
    }
    free(seen);
}

static size_t output_of(const struct rig *rig)
{
    struct bufferevent *stream = evhttp_connection_get_bufferevent(rig->last);
    return evbuffer_get_length(bufferevent_get_output(stream));
}

static void test_whole(void **state)
{
    (void)state;
    struct rig rig;
    set_up(&rig);
    char *reply = ask(&rig, GET_BIG);
    assert_non_null(strstr(reply, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(reply, "\r\nETag: W/"));
    json_t *json = json_of(reply);
    expect_ids(json, BIG);
    json_decref(json);
    assert_int_equal(rig.http->held, 0);
    assert_int_equal(counter_get(&http_counters(rig.http)->statuses[2]), 1);
    rig_stop(&rig);
}

/* A small one is one reply with its length. */
static void test_small(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    rig_add_many(&rig, "small", 20, 0);
    char *reply = get(&rig, "/v1/services/small");
    assert_null(strstr(reply, "Transfer-Encoding"));
    char *length = header_of(reply, "Content-Length");
    assert_int_equal(atoi(length), strlen(strstr(reply, "\r\n\r\n") + 4));
    free(length);
    json_t *json = json_of(reply), *all = json_object_get(json, "instances");
    for (size_t n = 1; n < 20; n++)
        assert_true(strcmp(text_at(json_array_get(all, n - 1), "id"),
                           text_at(json_array_get(all, n), "id")) < 0);
    json_decref(json);
    rig_stop(&rig);
}

/* HTTP/1.0 has no chunks: the end of the connection is the end of the body, also when
 * the client would have kept it. */
static void test_http_1_0(void **state)
{
    (void)state;
    struct rig rig;
    set_up(&rig);
    char *reply = ask(&rig, "GET /v1/services/big HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_null(strstr(reply, "Transfer-Encoding"));
    assert_null(strstr(reply, "Content-Length"));
    json_t *json = json_of(reply);
    expect_ids(json, BIG);
    json_decref(json);
    rig_stop(&rig);
}

struct other {
    struct event *event;
    unsigned turns;
};

/* Somebody else on the loop, who has something to do in every turn of it. */
static void take_turn(evutil_socket_t fd, short what, void *context)
{
    static const struct timeval at_once = {0, 0};
    struct other *other = context;
    (void)fd;
    (void)what;
    other->turns++;
    event_add(other->event, &at_once);
}

/* Each look at the stopwatch costs 1 ms, so a slice has two or three instances, and the
 * loop gets round to others in between. */
static void test_slices(void **state)
{
    (void)state;
    struct rig rig;
    struct other other = {0};
    rig_start(&rig);
    rig_add_many(&rig, "middle", 300, 0);
    rig.stopwatch_step_us = 1000;
    other.event = evtimer_new(rig.base, take_turn, &other);
    take_turn(-1, 0, &other);
    char *reply = get(&rig, "/v1/services/middle");
    assert_in_range(other.turns, 300 / 3, 300 * 10);
    json_t *json = json_of(reply);
    expect_ids(json, 300);
    json_decref(json);
    event_free(other.event);
    rig_stop(&rig);
}

/* Two replies share the time of a turn and both come to their end. */
static void test_two(void **state)
{
    (void)state;
    struct rig rig;
    struct client a, b;
    set_up(&rig);
    rig.stopwatch_step_us = 100;
    client_open(&a, &rig, GET_BIG);
    client_open(&b, &rig, GET_BIG);
    char *first = client_rest(&a), *second = client_rest(&b);
    json_t *one = json_of(first), *other = json_of(second);
    expect_ids(one, BIG);
    assert_true(json_equal(one, other));
    json_decref(one);
    json_decref(other);
    client_free(&a);
    client_free(&b);
    rig_stop(&rig);
}

static void test_slow_reader(void **state)
{
    (void)state;
    struct rig rig;
    struct client c;
    set_up(&rig);
    client_open(&c, &rig, GET_BIG);
    bufferevent_disable(c.stream, EV_READ);
    rig_settle(&rig);
    assert_false(TAILQ_EMPTY(&rig.http->streams));
    assert_true(TAILQ_EMPTY(&rig.http->ready)); /* waits for the client */
    size_t waiting = output_of(&rig);
    assert_in_range(waiting, 1, 80 * 1024);
    rig_settle(&rig);
    assert_int_equal(output_of(&rig), waiting);

    bufferevent_enable(c.stream, EV_READ);
    json_t *json = json_of(client_rest(&c));
    expect_ids(json, BIG);
    json_decref(json);
    client_free(&c);
    rig_stop(&rig);
}

static void open_and_stall(struct rig *rig, struct client *c)
{
    set_up(rig);
    client_open(c, rig, GET_BIG);
    bufferevent_disable(c->stream, EV_READ);
    rig_settle(rig);
    assert_false(TAILQ_EMPTY(&rig->http->streams));
    assert_true(rig->http->held > 0);
}

static void test_client_leaves(void **state)
{
    (void)state;
    struct rig rig;
    struct client c;
    open_and_stall(&rig, &c);
    client_free(&c);
    while (rig.last)
        rig_loop(&rig);
    assert_true(TAILQ_EMPTY(&rig.http->streams));
    assert_int_equal(rig.http->held, 0);
    rig_stop(&rig);
}

/* The client leaves while its reply is in the queue for the next turn. */
static void test_client_leaves_in_queue(void **state)
{
    (void)state;
    struct rig rig;
    struct client c;
    open_and_stall(&rig, &c);
    rig.stopwatch_step_us = 10000;
    bufferevent_enable(c.stream, EV_READ);
    while (TAILQ_EMPTY(&rig.http->ready))
        rig_loop(&rig);
    client_free(&c);
    while (rig.last)
        rig_loop(&rig);
    assert_true(TAILQ_EMPTY(&rig.http->ready));
    assert_int_equal(rig.http->held, 0);
    rig_stop(&rig);
}

static void test_evhttp_goes_first(void **state)
{
    (void)state;
    struct rig rig;
    struct client c;
    open_and_stall(&rig, &c);
    evhttp_free(rig.evhttp);
    rig.evhttp = NULL;
    assert_true(TAILQ_EMPTY(&rig.http->streams));
    client_free(&c);
    rig_stop(&rig);
}

static void test_http_goes_first(void **state)
{
    (void)state;
    struct rig rig;
    struct client c;
    open_and_stall(&rig, &c);
    http_free(rig.http);
    rig.http = NULL;
    assert_null(rig.last); /* its connection is closed */
    bufferevent_enable(c.stream, EV_READ);
    char *cut = client_rest(&c);
    assert_int_equal(status_of(cut), 200);
    assert_null(strstr(cut, "\r\n0\r\n\r\n")); /* and the reply seen to be cut */
    free(cut);
    client_free(&c);
    rig_stop(&rig);
}

/* What goes away between two slices is left out. */
static void test_instances_go(void **state)
{
    (void)state;
    struct rig rig;
    struct client c;
    open_and_stall(&rig, &c);
    char id[16];
    for (unsigned n = 0; n < BIG; n++) {
        snprintf(id, sizeof(id), "n%06u", n);
        rig_remove(&rig, "big", id);
    }
    bufferevent_enable(c.stream, EV_READ);
    json_t *json = json_of(client_rest(&c));
    size_t left = json_array_size(json_object_get(json, "instances"));
    assert_in_range(left, 1, BIG - 1);
    expect_ids(json, left);
    json_decref(json);
    client_free(&c);
    rig_stop(&rig);
}

/* The list of services, while services are forgotten: none twice, and all that stay. */
static void test_services_go(void **state)
{
    (void)state;
    struct rig rig;
    struct client c;
    char name[16];
    rig_start(&rig);
    for (unsigned n = 0; n < 2000; n++) {
        snprintf(name, sizeof(name), "s%04u", n);
        rig_add(&rig,
                (struct record){.ns = TEXT("default"), .service = text_of(name), .id = TEXT("i")});
    }
    rig.stopwatch_step_us = 100;
    client_open(&c, &rig,
                "GET /v1/services?limit=10000 HTTP/1.1\r\nHost: localhost\r\n"
                "Connection: close\r\n\r\n");
    bufferevent_disable(c.stream, EV_READ);
    rig_settle(&rig);
    assert_false(TAILQ_EMPTY(&rig.http->streams));
    for (unsigned n = 10; n < 1900; n++) { /* the place where the list stands is among them */
        snprintf(name, sizeof(name), "s%04u", n);
        rig_remove(&rig, name, "i");
    }
    rig.lease_ms += 86400u * 1000;
    struct record keep = {.ns = TEXT("default"), .service = TEXT("s1900"), .id = TEXT("i")};
    rig_add(&rig, keep);
    while (registry_expire(rig.registry, (struct moment){rig.lease_ms, WALL}, 1000, NULL, NULL))
        ;
    assert_null(registry_service(rig.registry, TEXT("default"), TEXT("s1899")));
    bufferevent_enable(c.stream, EV_READ);
    json_t *json = json_of(client_rest(&c)), *all = json_object_get(json, "services");
    size_t count = json_array_size(all);
    assert_in_range(count, 101, 1999);
    for (size_t n = 1; n < count; n++)
        assert_true(strcmp(text_at(json_array_get(all, n - 1), "name"),
                           text_at(json_array_get(all, n), "name")) < 0);
    for (size_t n = count - 100; n < count; n++) {
        snprintf(name, sizeof(name), "s%04zu", 2000 + n - count);
        assert_string_equal(text_at(json_array_get(all, n), "name"), name);
    }
    json_decref(json);
    client_free(&c);
    rig_stop(&rig);
}

/* ---- a source that fails -------------------------------------------------------- */

struct failing {
    unsigned pieces; /* good ones */
    bool *freed;
};

static enum piece fail_later(void *state, struct evbuffer *out)
{
    struct failing *f = state;
    char filler[40000];
    if (!f->pieces)
        return PIECE_FAILED;
    f->pieces--;
    memset(filler, '.', sizeof(filler));
    evbuffer_add(out, filler, sizeof(filler));
    return PIECE_MORE;
}

static void fail_free(void *state)
{
    struct failing *f = state;
    *f->freed = true;
    free(f);
}

struct failure {
    struct rig rig;
    unsigned pieces;
    bool freed;
};

static void open_failing(struct evhttp_request *request, void *context)
{
    static const struct stream_source source = {.next = fail_later, .free = fail_free};
    struct failure *failure = context;
    struct failing *f = calloc(1, sizeof(*f));
    struct call call = {.http = failure->rig.http, .request = request};
    *f = (struct failing){failure->pieces, &failure->freed};
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), rig_closed,
                                  &failure->rig);
    stream_open(&call, &source, f, sizeof(*f));
}

static char *fail_after(unsigned pieces)
{
    struct failure failure = {.pieces = pieces};
    rig_start(&failure.rig);
    evhttp_set_gencb(failure.rig.evhttp, open_failing, &failure);
    char *reply = get(&failure.rig, "/");
    assert_true(failure.freed);
    assert_int_equal(failure.rig.http->held, 0);
    rig_stop(&failure.rig);
    return reply;
}

/* What a reply holds grows while it is produced, up to all that unfinished ones may hold. */
static size_t grown;

static enum piece grow(void *state, struct evbuffer *out)
{
    (void)state;
    (void)out;
    grown += 48 * 1024 * 1024;
    return PIECE_MORE;
}

static size_t grown_size(const void *state)
{
    (void)state;
    return grown;
}

static void open_growing(struct evhttp_request *request, void *context)
{
    static const struct stream_source source = {.next = grow, .free = free, .size = grown_size};
    struct rig *rig = context;
    struct call call = {.http = rig->http, .request = request};
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), rig_closed, rig);
    rig->stopwatch_step_us = HTTP_SLICE_MS * 1000; /* a piece in a turn */
    stream_open(&call, &source, malloc(1), 1);
}

static void test_growing(void **state)
{
    struct rig rig;
    (void)state;

    grown = 0;
    rig_start(&rig);
    evhttp_set_gencb(rig.evhttp, open_growing, &rig);
    char *reply = get(&rig, "/");
    assert_int_equal(status_of(reply), 503);
    assert_non_null(strstr(reply, "too many long replies"));
    assert_int_equal(grown, 3 * 48 * 1024 * 1024);
    assert_int_equal(rig.http->held, 0);
    free(reply);
    rig_stop(&rig);
}

static void test_failures(void **state)
{
    (void)state;
    char *reply = fail_after(1); /* nothing was sent: there is still another status */
    assert_int_equal(status_of(reply), 503);
    assert_non_null(strstr(reply, "\r\nRetry-After: 1\r\n"));
    assert_null(strstr(reply, "...."));
    free(reply);
    reply = fail_after(5);
    assert_int_equal(status_of(reply), 200);
    assert_null(strstr(reply, "\r\n0\r\n\r\n"));
    free(reply);
}

/* When unfinished replies hold all the memory that they may, the next is refused. */
static void test_memory_is_bounded(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig);
    rig_add_many(&rig, "small", 20, 0);
    rig.http->held = 128u * 1024 * 1024;
    char *reply = get(&rig, "/v1/services/small");
    assert_int_equal(status_of(reply), 503);
    free(reply);
    rig.http->held = 0;
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_http_1_0),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_two),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_client_leaves),
        cmocka_unit_test(test_client_leaves_in_queue),
        cmocka_unit_test(test_evhttp_goes_first),
        cmocka_unit_test(test_http_goes_first),
        cmocka_unit_test(test_instances_go),
        cmocka_unit_test(test_services_go),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

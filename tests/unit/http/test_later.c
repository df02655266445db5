/* Replies that wait for the disk: what leaves when, and what becomes of those that wait. */
#include "rig.h"

#define WEB "/v1/services/web/instances"

/* Sends a request whose change is to be on disk by `change`. */
static void begin(struct rig *rig, struct client *c, uint64_t change, const char *method,
                  const char *target, const char *body)
{
    char *request = request_of(method, target, JSON_TYPE, body);
    rig->wait = change;
    client_open(c, rig, request);
    free(request);
    rig_settle(rig);
}

static void expect_silence(struct client *c)
{
    rig_settle(c->rig);
    assert_int_equal(evbuffer_get_length(c->got), 0);
    assert_false(c->closed);
}

static void expect(struct client *c, int status, const char *part)
{
    char *reply = client_rest(c);
    if (status_of(reply) != status || !strstr(reply, part))
        fail_msg("instead of %d %s: %s", status, part, reply);
    free(reply);
    client_free(c);
}

static void test_order(void **state)
{
    struct rig *rig = *state;
    struct client first, second, third;

    begin(rig, &first, 5, "PUT", WEB "/a", "{\"ports\": []}");
    begin(rig, &second, 9, "PUT", WEB "/b", "{\"ports\": [], \"addresses\": [\"10.0.0.2\"]}");
    /* One that waits for what was changed before the others. */
    begin(rig, &third, 4, "POST", WEB "/a/renew", "");
    expect_silence(&first);
    http_committed(rig->http, 3, false);
    expect_silence(&third);
    http_committed(rig->http, 4, false);
    expect(&third, 200, "renew_ms");
    expect_silence(&first);
    http_committed(rig->http, 8, false);
    expect(&first, 201, "\r\nLocation: " WEB "/a\r\n");
    expect_silence(&second);
    http_committed(rig->http, 9, false);
    expect(&second, 201, "\"id\":\"b\"");
    /* On disk already. */
    begin(rig, &first, 0, "DELETE", WEB "/a", "");
    expect(&first, 204, "");
}

static void test_failing(void **state)
{
    struct rig *rig = *state;
    struct client stored, waiting, goodbye;

    begin(rig, &stored, 5, "PUT", WEB "/a", "{\"ports\": []}");
    begin(rig, &waiting, 6, "PUT", WEB "/b", "{\"ports\": [], \"addresses\": [\"10.0.0.2\"]}");
    begin(rig, &goodbye, 7, "DELETE", WEB "/b", "");
    http_committed(rig->http, 5, true);
    expect(&stored, 201, "\"id\":\"a\"");
    char *reply = client_rest(&waiting);
    assert_int_equal(status_of(reply), 503);
    assert_non_null(strstr(reply, "\r\nRetry-After: 1\r\n"));
    assert_null(strstr(reply, "Location"));
    assert_non_null(strstr(reply, "not on disk"));
    free(reply);
    client_free(&waiting);
    expect(&goodbye, 503, "not on disk");
    begin(rig, &waiting, HTTP_NEVER, "PUT", WEB "/c",
          "{\"ports\": [], \"addresses\": [\"10.0.0.3\"]}");
    expect(&waiting, 503, "not on disk");
}

/* A client that sends no more still has its reply. */
static void test_half_closed(void **state)
{
    struct rig *rig = *state;
    struct client c;

    begin(rig, &c, 5, "PUT", WEB "/a", "{\"ports\": []}");
    assert_int_equal(shutdown(bufferevent_getfd(c.stream), SHUT_WR), 0);
    expect_silence(&c);
    http_committed(rig->http, 5, false);
    expect(&c, 201, "\"id\":\"a\"");
}

static uint64_t acknowledged(const struct rig *rig)
{
    return counter_get(&http_counters(rig->http)->statuses[2]);
}

/* Those whom one commit makes free leave in slices, here of one. */
static void test_slices(void **state)
{
    enum { WRITERS = 8 };
    struct rig *rig = *state;
    struct client c[WRITERS];
    char target[64], body[80];

    for (int n = 0; n < WRITERS; n++) {
        snprintf(target, sizeof(target), WEB "/i%d", n);
        snprintf(body, sizeof(body), "{\"ports\": [], \"addresses\": [\"10.0.0.%d\"]}", n + 1);
        begin(rig, &c[n], 5, "PUT", target, body);
    }
    rig->stopwatch_step_us = HTTP_SLICE_MS * 1000;
    http_committed(rig->http, 5, false);
    assert_int_equal(acknowledged(rig), 1);
    rig_settle(rig);
    assert_int_equal(acknowledged(rig), WRITERS);
    for (int n = 0; n < WRITERS; n++)
        expect(&c[n], 201, "\"id\":\"i");
}

/* Once the server stops, nobody counts on a next turn. */
static void test_stops_at_once(void **state)
{
    struct rig *rig = *state;
    struct client first, second;

    begin(rig, &first, 5, "PUT", WEB "/a", "{\"ports\": []}");
    begin(rig, &second, 6, "PUT", WEB "/b", "{\"ports\": [], \"addresses\": [\"10.0.0.2\"]}");
    rig->stopwatch_step_us = HTTP_SLICE_MS * 1000;
    http_stop(rig->http);
    http_committed(rig->http, 6, false);
    assert_int_equal(acknowledged(rig), 2);
    expect(&first, 201, "\"id\":\"a\"");
    expect(&second, 201, "\"id\":\"b\"");
}

static void test_override_waits(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add(rig, (struct record){.ns = TEXT("default"), .service = TEXT("web"), .id = TEXT("one")});
    begin(rig, &c, 7, "PUT", WEB "/one/override", "{\"drain\": true}");
    expect_silence(&c);
    http_committed(rig->http, 7, false);
    expect(&c, 200, "{\"drain\":true}");
}

/* In many slices, each with a change of its own. */
static void test_evict_waits(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_many(rig, "web", 1200, 0);
    registry_guard_mode(rig->registry, GUARD_ALWAYS_ON, rig_now(rig));
    rig->lease_ms += 100000;
    while (registry_expire(rig->registry, rig_now(rig), 1000, NULL, NULL))
        ;
    assert_int_equal(registry_totals(rig->registry).stale, 1200);
    begin(rig, &c, 7, "POST", "/v1/evict", "{\"force\": true}");
    assert_int_equal(registry_totals(rig->registry).instances, 0);
    assert_int_equal(rig->begun, 3);
    expect_silence(&c);
    http_committed(rig->http, 6, false);
    expect_silence(&c);
    http_committed(rig->http, 7, false);
    expect(&c, 200, "{\"evicted\":1200}");
    assert_non_null(strstr(rig->deeds, "1 local //"));
    assert_non_null(strstr(rig->deeds, "evicted 1200, force"));
}

/* An eviction that is ended halfway is told of all the same. */
static void test_evict_ended(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_many(rig, "web", 1200, 0);
    registry_guard_mode(rig->registry, GUARD_ALWAYS_ON, rig_now(rig));
    rig->lease_ms += 100000;
    while (registry_expire(rig->registry, rig_now(rig), 1000, NULL, NULL))
        ;
    rig->stopwatch_step_us = HTTP_SLICE_MS * 1000; /* a piece in a turn */
    char *request = request_of("POST", "/v1/evict", JSON_TYPE, "{\"force\": true}");
    client_open(&c, rig, request);
    free(request);
    while (!rig->begun)
        rig_loop(rig);
    uint32_t left = registry_totals(rig->registry).instances;
    http_stop(rig->http);
    assert_in_range(left, 1, 1199);
    char words[64];
    snprintf(words, sizeof(words), "evicted %u, force", 1200 - left);
    assert_non_null(strstr(rig->deeds, words));
    rig_settle(rig);
    client_free(&c);
}

/* The client goes: the change stays, and nothing is left of the request. */
static void test_client_gone(void **state)
{
    struct rig *rig = *state;
    struct client gone, other;

    begin(rig, &gone, 5, "PUT", WEB "/a", "{\"ports\": []}");
    begin(rig, &other, 5, "PUT", WEB "/b", "{\"ports\": [], \"addresses\": [\"10.0.0.2\"]}");
    struct linger at_once = {.l_onoff = 1};
    assert_int_equal(setsockopt(bufferevent_getfd(gone.stream), SOL_SOCKET, SO_LINGER, &at_once,
                                sizeof(at_once)),
                     0);
    client_free(&gone);
    rig_settle(rig);
    assert_int_equal(rig->http->later_count, 1);
    http_committed(rig->http, 5, false);
    expect(&other, 201, "\"id\":\"b\"");
    assert_int_equal(registry_totals(rig->registry).instances, 2);
    /* One that may only have ended what it sends is replied to. */
    begin(rig, &gone, 6, "DELETE", WEB "/a", "");
    client_free(&gone);
    rig_settle(rig);
    assert_int_equal(rig->http->later_count, 1);
    http_committed(rig->http, 6, false);
    rig_settle(rig);
    assert_int_equal(rig->http->later_count, 0);
    assert_null(rig->last);
}

/* A server that stops answers what waits for the disk, and takes nothing else. */
static void test_stopping(void **state)
{
    struct rig *rig = *state;
    struct client waiting, late;

    begin(rig, &waiting, 5, "PUT", WEB "/a", "{\"ports\": []}");
    http_stop(rig->http);
    begin(rig, &late, 6, "PUT", WEB "/b", "{\"ports\": []}");
    expect(&late, 503, "stopping");
    expect_silence(&waiting);
    http_committed(rig->http, 5, true);
    expect(&waiting, 201, "\"id\":\"a\"");
    assert_int_equal(registry_totals(rig->registry).instances, 1);
}

static void test_freed(void **state)
{
    struct rig *rig = *state;
    struct client c;

    begin(rig, &c, 5, "PUT", WEB "/a", "{\"ports\": []}");
    http_free(rig->http);
    rig->http = NULL;
    rig_settle(rig);
    assert_true(c.closed);
    client_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_order),       WITH_RIG(test_failing),       WITH_RIG(test_half_closed),
        WITH_RIG(test_slices),      WITH_RIG(test_stops_at_once), WITH_RIG(test_override_waits),
        WITH_RIG(test_evict_waits), WITH_RIG(test_evict_ended),   WITH_RIG(test_client_gone),
        WITH_RIG(test_stopping),    WITH_RIG(test_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every allocation of a request fails once: 503, nothing is left behind, and the same request
 * succeeds when it is sent again. libevent's own allocations are left alone. */
#include "rig.h"

#include "support/failing.h"

#ifndef __SANITIZE_THREAD__

#define ONE "/v1/services/web/instances/one"
#define BODY                                                                                       \
    "{\"addresses\": [\"10.0.0.9\"], \"ports\": [{\"name\": \"http\", \"number\": 80}], "          \
    "\"tags\": [\"a\"], \"metadata\": {\"a\": \"1\"}, \"group\": \"g\"}"

static void *real_malloc(size_t size)
{
    return REAL(malloc)(size);
}

static void *real_realloc(void *old, size_t size)
{
    return REAL(realloc)(old, size);
}

/* One instance and an override are there. */
static void fill(struct rig *rig)
{
    struct override drain = {.drain = true};
    struct instance_key key = {TEXT("default"), TEXT("web"), TEXT("one")};

    rig_add(rig, (struct record){.ns = key.ns,
                                 .service = key.service,
                                 .id = key.id,
                                 .metadata = {{TEXT("team"), TEXT("red")}},
                                 .metadata_count = 1});
    assert_int_equal(registry_override(rig->registry, key, &drain, rig_now(rig)), ERR_OK);
}

/* The reply when the n-th allocation from now on fails; *ended: there was none such. */
static char *ask_failing(struct rig *rig, const char *request, long n, bool *ended)
{
    struct client c;

    client_open(&c, rig, request);
    until_failure = n;
    for (int turns = 0; !c.closed; turns++) {
        rig_loop(rig);
        if (rig->http->later_count)
            http_committed(rig->http, 5, false);
    }
    *ended = until_failure >= 0;
    until_failure = -1;
    char *reply = client_rest(&c);
    client_free(&c);
    return reply;
}

static void each_failure(const char *method, const char *target, const char *body, int expected)
{
    bool ended = false;
    long n = 0;

    for (; !ended; n++) {
        struct rig *rig = calloc(1, sizeof(*rig));
        rig_start(rig);
        fill(rig);
        rig->wait = 5;
        char *request = request_of(method, target, JSON_TYPE, body);
        char *reply = ask_failing(rig, request, n, &ended);
        int status = status_of(reply);
        /* jansson takes a name that it has no memory for as a fault of the text. */
        bool misread = status == 400 && strstr(reply, "not well-formed JSON");
        if (status != expected && status != 503 && !misread)
            fail_msg("%s %s, allocation %ld: %s", method, target, n, reply);
        free(reply);
        if (status != expected) {
            rig->wait = 0;
            reply = ask(rig, request);
            /* It may have been done, with no memory left to say so. */
            bool done = status_of(reply) == expected ||
                        (expected == 201 && status_of(reply) == 200) ||
                        (expected == 204 && status_of(reply) == 404);
            if (!done)
                fail_msg("%s %s again, allocation %ld: %s", method, target, n, reply);
            free(reply);
        }
        free(request);
        rig_stop(rig);
        free(rig);
    }
    assert_in_range(n, 3, 500);
}

static void test_writes(void **state)
{
    (void)state;
    each_failure("PUT", "/v1/services/api/instances/new", BODY, 201);
    each_failure("PUT", "/v1/services/api/instances/new", "{\"ports\": [], \"owner\": \"local\"}",
                 201);
    each_failure("PUT", "/v1/services/api/instances/new",
                 "{\"ports\": [], \"owner\": \"key:deploy\"}", 403);
    each_failure("PUT", ONE, BODY, 200);
    each_failure("PATCH", ONE, "{\"metadata\": {\"b\": \"2\"}, \"tags\": [\"x\", \"y\"]}", 200);
    each_failure("POST", ONE "/renew", "{}", 200);
    each_failure("PUT", ONE "/override", "{\"weight\": 3}", 200);
    each_failure("PATCH", "/v1/services/web/instances/two/override", "{\"drain\": true}", 200);
    each_failure("DELETE", ONE "/override", "", 204);
    each_failure("DELETE", ONE, "", 204);
    each_failure("POST", "/v1/evict", "{\"force\": true}", 200);
}

static void test_reads(void **state)
{
    (void)state;
    each_failure("GET", ONE, "", 200);
    each_failure("GET", ONE "/override", "", 200);
    each_failure("GET", "/v1/overrides", "", 200);
    each_failure("GET", "/v1/services/web?where=team:red&limit=1", "", 200);
    each_failure("GET", "/v1/services?q=w", "", 200);
    each_failure("GET", "/v1/namespaces", "", 200);
}

/* Not even a problem document can be made: the status still comes. */
static void test_refusals(void **state)
{
    (void)state;
    each_failure("PUT", ONE, "{\"weight\": -1}", 422);
    each_failure("PUT", ONE, "{\"ports\": [], \"rev\": 1}", 409);
    each_failure("GET", "/v1/services/none", "", 404);
}

#endif

int main(void)
{
#ifdef __SANITIZE_THREAD__
    return 0;
#else
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_refusals),
    };
    log_set_level(LOG_LEVEL_ERROR);
    event_set_mem_functions(real_malloc, real_realloc, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
#endif
}

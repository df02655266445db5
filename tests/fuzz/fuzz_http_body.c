/* Any bytes as the body of a request that writes: of the native API, of the Go registry's and
 * of bilibili's dialect. Whatever is stored from them is a valid record, is shown to the
 * clients of other registries, and is found again by the hostname that it is shown with.
 * The first byte says what the rest is. */
#include <assert.h>
#include <event2/buffer.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/log.h"
#include "http/foreign.h"
#include "http/foreign_body.h"
#include "http/foreign_view.h"
#include "http/record_body.h"
#include "http/state.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct event_base *loop;

static struct moment now(void *context)
{
    (void)context;
    return (struct moment){.lease_ms = 1000, .wall_ms = 1700000000000};
}

static uint64_t stopwatch(void *context)
{
    (void)context;
    return 0;
}

static void nothing(void *context)
{
    (void)context;
}

static void audit(void *context, const struct http_deed *deed)
{
    (void)context;
    assert(deed->what);
}

static uint64_t no_wait(void *context)
{
    (void)context;
    return 0;
}

static struct addr own_address(void)
{
    return (struct addr){.family = FAMILY_V4, .bytes = {192, 0, 2, 9}};
}

static enum http_admission admit(void *context, const struct addr *from, struct text ns,
                                 struct text service, struct http_registrant *out)
{
    (void)context;
    (void)from;
    assert(text_is_label(ns, NAMESPACE_MAX));
    assert(service_name_is_valid(service));
    *out = (struct http_registrant){
        .who.kind = PRINCIPAL_LOCAL, .advertises = true, .addr = own_address()};
    return HTTP_ADMITTED;
}

static struct http *server(struct registry *registry)
{
    struct http_config config = {0};
    struct http_backend backend = {
        .registry = registry,
        .base = loop,
        .now = now,
        .stopwatch_us = stopwatch,
        .begin = nothing,
        .wait = no_wait,
        .changed = nothing,
        .durability = "mem",
        .admit = admit,
        .audit = audit,
    };
    return http_new(&config, &backend);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    log_init(LOG_LEVEL_ERROR, NULL);
    loop = event_base_new();
    return loop ? 0 : 1;
}

static void check_instance(struct http *http, const struct instance *i)
{
    struct foreign_view view;
    struct foreign_key key;
    struct foreign_result result = {0};

    foreign_view_init(&view, i);
    assert(!record_fault(&view.record));
    json_t *json = foreign_view_json(&view, true);
    assert(json);
    const json_t *hostname = json_object_get(json, "hostname");
    struct foreign again = {
        .env = view.record.ns,
        .appid = foreign_view_appid(&view),
        .hostname = {json_string_value(hostname), json_string_length(hostname)},
    };
    assert(foreign_key_make(http, &again, &key, &result));
    assert(foreign_find(http, &again, &key.key) == i);
    json_decref(json);
    foreign_view_deinit(&view);
}

static void check_registry(struct http *http, const struct registry *r)
{
    const struct service *s = NULL;

    while ((s = registry_service_next(r, (struct text){NULL, 0}, s)))
        for (uint32_t n = 0; n < service_count(s); n++)
            check_instance(http, service_instance(s, n));
}

/* A record of the native API: what passes its check is one that the registry takes. */
static void native_record(const uint8_t *bytes, size_t size)
{
    json_t *json = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    struct record_body *body = calloc(1, sizeof(*body));

    assert(body);
    body->record = (struct record){
        .ns = TEXT("default"), .service = TEXT("web"), .id = TEXT("one"), .ttl = TTL_UNSET};
    if (json_is_object(json) && record_body_read(body, json) && record_body_check(body))
        assert(!record_fault(&body->record));
    free(body);
    json_decref(json);
}

static void request(struct http *http, void (*handle)(struct call *call), const uint8_t *bytes,
                    size_t size)
{
    struct call call = {.http = http, .from = own_address(), .is_local = true};

    call.request = evhttp_request_new(NULL, NULL);
    assert(call.request);
    evbuffer_add(evhttp_request_get_input_buffer(call.request), bytes, size);
    handle(&call); /* frees the request, as there is no connection */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static void (*const handlers[])(struct call * call) = {
        goapi_register, goapi_renew, goapi_cancel, bili_register,
        bili_set,       bili_renew,  bili_cancel,  guard_post,
    };
    static const char known[] =
        "{\"appid\":\"web\",\"hostname\":\"one\",\"status\":1,\"addrs\":[\"http://a:80\"]}";
    static const struct hash_key key = {"0123456789abcdef"};
    struct registry_config config = registry_config_default();

    if (size == 0 || size > HTTP_BODY_MAX)
        return 0;
    unsigned what = bytes[0] % (ARRAY_COUNT(handlers) + 1);
    if (what == ARRAY_COUNT(handlers)) {
        native_record(bytes + 1, size - 1);
        return 0;
    }
    struct registry *registry = registry_new(&config, &key);
    struct http *http = server(registry);
    assert(registry && http);
    request(http, goapi_register, (const uint8_t *)known, sizeof(known) - 1);
    request(http, handlers[what], bytes + 1, size - 1);
    check_registry(http, registry);
    http_free(http);
    registry_free(registry);
    return 0;
}

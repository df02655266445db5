/* A client of the Go registry's API. */
#ifndef DISC_TESTS_HTTP_GOAPI_RIG_H
#define DISC_TESTS_HTTP_GOAPI_RIG_H

#include "rig.h"

#define OK_REGISTERED "{\"code\":200,\"message\":\"\",\"data\":\"\"}"
#define NOT_FOUND "{\"code\":404,\"message\":\"code: 404, error info: not found\"}"
#define CONFLICT "{\"code\":409,\"message\":\"code: 409, error info: conflict\"}"

UNUSED static int set_up(void **state)
{
    rig_set_up(state);
    struct rig *rig = *state;
    rig->registrant.who.kind = PRINCIPAL_LOCAL;
    rig->registrant.advertises = true;
    assert_int_equal(addr_parse(TEXT("192.0.2.9"), &rig->registrant.addr), ERR_OK);
    return 0;
}

/* The body's text: HTTP status 200 in every case; to be freed. */
UNUSED static char *call(struct rig *rig, const char *path, const char *body)
{
    char *reply = post_with(rig, path, "", body);
    assert_int_equal(status_of(reply), 200);
    char *text = strdup(strstr(reply, "\r\n\r\n") + 4);
    free(reply);
    return text;
}

UNUSED static void says(struct rig *rig, const char *path, const char *body, const char *expected)
{
    char *text = call(rig, path, body);
    json_t *got = json_loads(text, JSON_REJECT_DUPLICATES, NULL),
           *wanted = json_loads(expected, 0, NULL);
    if (!json_equal(got, wanted))
        print_error("%s %s: %s\n", path, body, text);
    assert_true(json_equal(got, wanted));
    json_decref(got);
    json_decref(wanted);
    free(text);
}

UNUSED static json_t *json_call(struct rig *rig, const char *path, const char *body)
{
    char *reply = post_with(rig, path, "", body);
    assert_int_equal(status_of(reply), 200);
    return json_of(reply);
}

UNUSED static int code_of(struct rig *rig, const char *path, const char *body)
{
    json_t *json = json_call(rig, path, body);
    int code = (int)number_at(json, "code");
    json_decref(json);
    return code;
}

UNUSED static const char web_1[] =
    "{\"env\":\"default\",\"appid\":\"web\",\"hostname\":\"web-1\",\"addrs\":"
    "[\"http://10.0.0.7:8080\",\"grpc://10.0.0.7:9090\"],\"status\":1,\"version\":\"v1\"}";

/* The first instance of a fetch; *data is to be freed. */
UNUSED static json_t *fetch_first(struct rig *rig, const char *body, json_t **reply)
{
    *reply = json_call(rig, "/api/fetch", body);
    assert_int_equal(number_at(*reply, "code"), 200);
    assert_string_equal(text_at(*reply, "message"), "");
    return json_array_get(json_object_get(json_object_get(*reply, "data"), "instances"), 0);
}

#endif

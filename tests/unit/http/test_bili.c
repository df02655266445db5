/* bilibili's dialect as its clients use it. */
#include "goapi_rig.h"

#define OK "{\"code\":0,\"message\":\"0\",\"ttl\":1}"
#define WHO "region=sh&zone=sh001&env=default&hostname=web-1&appid=main.web"
#define REGISTER                                                                                   \
    WHO "&addrs=http%3A%2F%2F10.0.0.7%3A8080&addrs=grpc%3A%2F%2F10.0.0.7%3A9090&version=1&"        \
        "status=1&metadata=%7B%22weight%22%3A%2210%22%2C%22cluster%22%3A%22a%22%7D"

static int code(struct rig *rig, const char *path, const char *form)
{
    return code_of(rig, path, form);
}

static json_t *read_json(struct rig *rig, const char *target)
{
    char *reply = get(rig, target);
    assert_int_equal(status_of(reply), 200);
    return json_of(reply);
}

static int read_code(struct rig *rig, const char *target)
{
    json_t *json = read_json(rig, target);
    int code = (int)number_at(json, "code");
    json_decref(json);
    return code;
}

static json_t *at(json_t *json, const char *a, const char *b, const char *c)
{
    json = json_object_get(json, a);
    json = b ? json_object_get(json, b) : json;
    return c ? json_object_get(json, c) : json;
}

static void registers_and_is_fetched(void **state)
{
    struct rig *rig = *state;

    says(rig, "/discovery/register", REGISTER, OK);
    json_t *json =
        read_json(rig, "/discovery/fetch?env=default&appid=main.web&status=1&zone=sh001");
    assert_int_equal(number_at(json, "code"), 0);
    assert_string_equal(text_at(json, "message"), "0");
    assert_int_equal(number_at(json, "ttl"), 1);
    json_t *i = json_array_get(at(json, "data", "instances", "sh001"), 0);
    assert_string_equal(text_at(i, "region"), "sh");
    assert_string_equal(text_at(i, "zone"), "sh001");
    assert_string_equal(text_at(i, "env"), "default");
    assert_string_equal(text_at(i, "appid"), "main.web");
    assert_string_equal(text_at(i, "hostname"), "web-1");
    assert_string_equal(text_at(i, "version"), "1");
    assert_string_equal(text_at(i, "color"), "");
    assert_string_equal(text_at(json_object_get(i, "metadata"), "weight"), "10");
    assert_string_equal(text_at(json_object_get(i, "metadata"), "cluster"), "a");
    assert_int_equal(json_array_size(json_object_get(i, "addrs")), 2);
    assert_true(number_at(at(json, "data", NULL, NULL), "latest_timestamp") > 0);
    json_decref(json);
}

/* The weight of the metadata is the weight of the DNS. */
static void weights(void **state)
{
    struct rig *rig = *state;
    struct instance_key key = {TEXT("default"), TEXT("main.web"), TEXT("web-1")};
    struct instance_state is;

    says(rig, "/discovery/register", REGISTER, OK);
    instance_state(registry_instance(rig->registry, key), &is);
    assert_int_equal(is.weight, 10);
    assert_int_equal(registry_override(rig->registry, key,
                                       &(struct override){.weight_set = true, .weight = 3},
                                       rig_now(rig)),
                     ERR_OK);
    json_t *json = read_json(rig, "/discovery/fetch?env=default&appid=main.web&status=1");
    json_t *i = json_array_get(at(json, "data", "instances", "sh001"), 0);
    assert_string_equal(text_at(json_object_get(i, "metadata"), "weight"), "3");
    json_decref(json);
}

static void forms_of_older_clients(void **state)
{
    struct rig *rig = *state;

    says(rig, "/discovery/register",
         "zone=&env=default&hostname=h&appid=web&status=1&color=red&version=&metadata=&addrs="
         "http%3A%2F%2F10.0.0.7%3A80%2Cgrpc%3A%2F%2F10.0.0.7%3A90",
         OK);
    says(rig, "/discovery/register",
         "env=default&hostname=h2&appid=web&status=1&metadata=%7B%22weight%22%3A10%7D", OK);
    says(rig, "/discovery/register",
         "env=default&hostname=h3&appid=web&status=1&metadata=null&unknown=x", OK);
    json_t *json = read_json(rig, "/discovery/fetch?env=default&appid=web&status=1");
    json_t *i = json_array_get(at(json, "data", "instances", ""), 0);
    assert_string_equal(text_at(i, "color"), "red");
    assert_int_equal(json_array_size(json_object_get(i, "addrs")), 2);
    json_decref(json);
}

static void refusals(void **state)
{
    struct rig *rig = *state;
    static const char *const bad[] = {
        "",
        "env=default&hostname=h&appid=web",
        "env=default&hostname=h&appid=web&status=3",
        "env=default&hostname=h&appid=web&status=x",
        "env=default&hostname=h&status=1",
        "env=default&appid=web&status=1",
        "hostname=h&appid=web&status=1",
        "env=default&hostname=h&appid=web&status=1&metadata=%7B",
        "env=default&hostname=h&appid=web&status=1&metadata=%5B%5D",
        "env=default&hostname=h&appid=web&status=1&metadata=%7B%22a%22%3A%7B%7D%7D",
        "env=default&hostname=h&appid=web&status=1&dirty_timestamp=soon",
        "env=default&hostname=%zz&appid=web&status=1",
        "env=default&hostname=%00&appid=web&status=1",
    };

    for (size_t n = 0; n < ARRAY_COUNT(bad); n++)
        assert_int_equal(code(rig, "/discovery/register", bad[n]), -400);
    assert_int_equal(rig->begun, 0);
    assert_int_equal(code(rig, "/discovery/renew", WHO), -404);
    assert_int_equal(code(rig, "/discovery/cancel", WHO), -404);
    rig->admission = HTTP_DENIED;
    assert_int_equal(code(rig, "/discovery/register", REGISTER), -403);
    rig->admission = HTTP_TOO_FAST;
    assert_int_equal(code(rig, "/discovery/register", REGISTER), -429);
    assert_int_equal(read_code(rig, "/discovery/fetch?env=default&appid=web"), -400);
    assert_int_equal(read_code(rig, "/discovery/fetch?env=default&appid=web&status=1"), -404);
}

static void renews_and_cancels(void **state)
{
    struct rig *rig = *state;

    says(rig, "/discovery/register", REGISTER "&dirty_timestamp=1700000000123456789", OK);
    json_t *json = json_call(rig, "/discovery/renew", WHO);
    assert_int_equal(number_at(json, "code"), 0);
    assert_string_equal(text_at(at(json, "data", NULL, NULL), "hostname"), "web-1");
    json_decref(json);
    assert_int_equal(
        code(rig, "/discovery/renew", WHO "&replication=true&dirty_timestamp=1700000000123456790"),
        -404);
    assert_int_equal(
        code(rig, "/discovery/renew", WHO "&replication=true&dirty_timestamp=1700000000123456788"),
        -409);
    assert_int_equal(
        code(rig, "/discovery/renew", "zone=sh002&env=default&hostname=web-1&appid=main.web"),
        -404);
    says(rig, "/discovery/cancel", WHO, OK);
    assert_int_equal(read_code(rig, "/discovery/fetch?env=default&appid=main.web&status=1"), -404);
}

/* What no pair of a record can hold comes back all the same. */
static void odd_metadata(void **state)
{
    struct rig *rig = *state;
    char form[2048], value[301];

    memset(value, 'v', 300);
    value[300] = '\0';
    snprintf(form, sizeof(form),
             WHO "&status=1&metadata=%%7B%%22two%%5Cnlines%%22%%3A%%22x%%22%%2C%%22long%%22%%3A%%22"
                 "%s%%22%%2C%%22lines%%22%%3A%%22a%%5Cnb%%22%%7D",
             value);
    says(rig, "/discovery/register", form, OK);
    json_t *json = read_json(rig, "/discovery/fetch?env=default&appid=main.web&status=1");
    json_t *m =
        json_object_get(json_array_get(at(json, "data", "instances", "sh001"), 0), "metadata");
    assert_int_equal(json_object_size(m), 3);
    assert_string_equal(text_at(m, "two\nlines"), "x");
    assert_string_equal(text_at(m, "long"), value);
    assert_string_equal(text_at(m, "lines"), "a\nb");
    json_decref(json);
}

static void by_zones(void **state)
{
    struct rig *rig = *state;

    says(rig, "/discovery/register", "zone=SH_1&env=default&hostname=a&appid=web&status=1", OK);
    says(rig, "/discovery/register", "zone=sh2&env=default&hostname=b&appid=web&status=1", OK);
    says(rig, "/discovery/register", "zone=sh2&env=default&hostname=c&appid=web&status=1", OK);
    says(rig, "/discovery/register", "zone=sh3&env=default&hostname=d&appid=web&status=2", OK);
    json_t *json = read_json(rig, "/discovery/fetch?env=default&appid=web&status=1");
    json_t *zones = at(json, "data", "instances", NULL);
    assert_int_equal(json_object_size(zones), 3);
    assert_int_equal(json_array_size(json_object_get(zones, "SH_1")), 1);
    assert_int_equal(json_array_size(json_object_get(zones, "sh2")), 2);
    assert_int_equal(json_array_size(json_object_get(zones, "sh3")), 0);
    json_decref(json);
    json = read_json(rig, "/discovery/fetch?env=default&appid=web&status=3&zone=SH_1");
    assert_int_equal(json_object_size(at(json, "data", "instances", NULL)), 1);
    json_decref(json);
    assert_int_equal(read_code(rig, "/discovery/fetch?env=default&appid=web&status=3&zone=sh9"),
                     -404);
}

static void several_at_once(void **state)
{
    struct rig *rig = *state;

    says(rig, "/discovery/register", REGISTER, OK);
    says(rig, "/discovery/register", "zone=z&env=default&hostname=b&appid=Api&status=1", OK);
    json_t *json = read_json(
        rig, "/discovery/fetchs?env=default&appid=main.web&appid=nobody&appid=Api&status=1");
    json_t *data = at(json, "data", NULL, NULL);
    assert_int_equal(json_object_size(data), 2);
    assert_int_equal(
        json_array_size(json_object_get(at(data, "main.web", "instances", NULL), "sh001")), 1);
    assert_true(number_at(json_object_get(data, "Api"), "latest_timestamp") > 0);
    json_decref(json);
    json = read_json(rig, "/discovery/fetch/all");
    assert_int_equal(json_array_size(at(json, "data", "main.web", NULL)), 1);
    assert_int_equal(json_array_size(at(json, "data", "Api", NULL)), 1);
    json_decref(json);
}

/* In pieces, each zone's together in the end. */
static void long_lists_by_zone(void **state)
{
    struct rig *rig = *state;
    char id[16], zone[16];

    for (unsigned n = 0; n < 3000; n++) {
        snprintf(id, sizeof(id), "n%u", n);
        snprintf(zone, sizeof(zone), "z%u", n * 7 % 30);
        rig_add(rig, (struct record){.ns = TEXT("default"),
                                     .service = TEXT("web"),
                                     .id = text_of(id),
                                     .zone = text_of(zone)});
    }
    rig->stopwatch_step_us = 100; /* 20 pieces fill a slice */
    json_t *json = read_json(rig, "/discovery/fetch?env=default&appid=web&status=3");
    json_t *zones = at(json, "data", "instances", NULL), *list;
    const char *name;
    assert_int_equal(json_object_size(zones), 30);
    json_object_foreach(zones, name, list)
    {
        size_t n;
        json_t *i;
        assert_int_equal(json_array_size(list), 100);
        json_array_foreach(list, n, i) assert_string_equal(text_at(i, "zone"), name);
    }
    json_decref(json);
}

static void ourselves(void **state)
{
    struct rig *rig = *state;
    json_t *json = read_json(rig, "/discovery/nodes");
    json_t *node = json_array_get(at(json, "data", NULL, NULL), 0);

    assert_string_equal(text_at(node, "addr"), "localhost");
    assert_int_equal(number_at(node, "status"), 0);
    json_decref(json);
    json = read_json(rig, "/discovery/polls?env=default&hostname=h&appid=infra.discovery"
                          "&latest_timestamp=0");
    json_t *i =
        json_array_get(json_object_get(at(json, "data", "infra.discovery", "instances"), ""), 0);
    assert_string_equal(json_string_value(json_array_get(json_object_get(i, "addrs"), 0)),
                        "http://localhost");
    json_decref(json);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(registers_and_is_fetched),
        TEST(weights),
        TEST(forms_of_older_clients),
        TEST(refusals),
        TEST(renews_and_cancels),
        TEST(odd_metadata),
        TEST(by_zones),
        TEST(several_at_once),
        TEST(long_lists_by_zone),
        TEST(ourselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

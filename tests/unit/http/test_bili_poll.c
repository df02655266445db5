/* The long polls of bilibili's dialect, and `set`. */
#include "goapi_rig.h"

#define OK "{\"code\":0,\"message\":\"0\",\"ttl\":1}"
#define FORM(host, more) "zone=z1&env=default&appid=web&hostname=" host more

static void add(struct rig *rig, const char *form)
{
    says(rig, "/discovery/register", form, OK);
}

static void poll_open(struct client *c, struct rig *rig, const char *target)
{
    char request[2048];
    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", target);
    client_open(c, rig, request);
    rig_settle(rig);
}

/* What the poll was answered with. */
static json_t *poll_end(struct client *c)
{
    json_t *json = json_of(client_rest(c));
    client_free(c);
    return json;
}

static void is_held(const struct client *c)
{
    assert_int_equal(evbuffer_get_length(c->got), 0);
    assert_false(c->closed);
}

static json_int_t latest_of(struct rig *rig)
{
    return (json_int_t)service_latest_ns(
        registry_service(rig->registry, TEXT("default"), TEXT("web")));
}

static void answers_at_once_what_changed(void **state)
{
    struct rig *rig = *state;
    struct client c;
    char target[256];

    add(rig, FORM("a", "&status=1"));
    poll_open(&c, rig, "/discovery/poll?env=default&hostname=h&appid=web&latest_timestamp=0");
    json_t *json = poll_end(&c);
    json_t *data = json_object_get(json, "data");
    assert_int_equal(number_at(data, "latest_timestamp"), latest_of(rig));
    assert_int_equal(json_array_size(json_object_get(json_object_get(data, "instances"), "z1")), 1);
    json_decref(json);
    /* of two only the one that changed; who is not there is told apart */
    snprintf(target, sizeof(target),
             "/discovery/polls?env=default&hostname=h&appid=web&appid=nobody&appid=infra.discovery"
             "&latest_timestamp=%jd&latest_timestamp=0&latest_timestamp=0",
             (intmax_t)latest_of(rig));
    poll_open(&c, rig, target);
    json = poll_end(&c);
    data = json_object_get(json, "data");
    assert_int_equal(json_object_size(data), 1);
    assert_non_null(json_object_get(data, "infra.discovery"));
    json_t *missing = json_object_get(json_object_get(json, "error"), "-404");
    assert_string_equal(json_string_value(json_array_get(missing, 0)), "nobody");
    json_decref(json);
}

static void is_held_until_something_changes(void **state)
{
    struct rig *rig = *state;
    struct client c;
    char target[256];

    add(rig, FORM("a", "&status=1"));
    add(rig, "zone=z1&env=default&appid=api&hostname=x&status=1");
    snprintf(target, sizeof(target),
             "/discovery/polls?env=default&hostname=h&appid=web&appid=nobody"
             "&latest_timestamp=%jd&latest_timestamp=0",
             (intmax_t)latest_of(rig));
    poll_open(&c, rig, target);
    is_held(&c);
    /* another service's change is none */
    rig_remove(rig, "api", "x");
    rig_publish(rig);
    rig_settle(rig);
    is_held(&c);
    add(rig, FORM("b", "&status=1"));
    rig_publish(rig);
    json_t *json = poll_end(&c);
    json_t *web = json_object_get(json_object_get(json, "data"), "web");
    assert_int_equal(number_at(json, "code"), 0);
    assert_int_equal(json_array_size(json_object_get(json_object_get(web, "instances"), "z1")), 2);
    json_decref(json);
}

static void a_service_that_appears(void **state)
{
    struct rig *rig = *state;
    struct client c;

    poll_open(&c, rig, "/discovery/polls?env=default&hostname=h&appid=web&latest_timestamp=0");
    is_held(&c);
    add(rig, FORM("a", "&status=1"));
    rig_publish(rig);
    json_t *json = poll_end(&c);
    assert_int_equal(number_at(json, "code"), 0);
    json_decref(json);
}

/* The last instance went: there is nothing to tell, so it is held on. */
static void an_empty_service_is_no_news(void **state)
{
    struct rig *rig = *state;
    struct client c;
    char target[256];

    add(rig, FORM("a", "&status=1"));
    snprintf(target, sizeof(target),
             "/discovery/polls?env=default&hostname=h&appid=web&latest_timestamp=%jd",
             (intmax_t)latest_of(rig));
    poll_open(&c, rig, target);
    says(rig, "/discovery/cancel", FORM("a", ""), OK);
    rig_publish(rig);
    rig_settle(rig);
    is_held(&c);
    add(rig, FORM("a", "&status=1"));
    rig_publish(rig);
    json_t *json = poll_end(&c);
    assert_int_equal(number_at(json, "code"), 0);
    json_decref(json);
}

static int code_now(struct rig *rig, const char *target)
{
    struct client c;
    poll_open(&c, rig, target);
    json_t *json = poll_end(&c);
    int code = (int)number_at(json, "code");
    json_decref(json);
    return code;
}

/* The 30 s are over. */
static void the_time_is_up(void **state)
{
    struct rig *rig = *state;
    struct client c;

    add(rig, FORM("a", "&status=1"));
    rig->lease_ms += 5;
    poll_open(&c, rig, "/discovery/polls?env=default&hostname=h&appid=nobody&latest_timestamp=0");
    is_held(&c);
    rig->lease_ms += 29999;
    rig_publish(rig);
    rig_settle(rig);
    is_held(&c);
    rig->lease_ms += 1;
    add(rig, "zone=z1&env=default&appid=other&hostname=x&status=1");
    /* the timer that ends it is armed anew with another poll, which finds its own news */
    assert_int_equal(
        code_now(rig, "/discovery/poll?env=default&hostname=h&appid=web&latest_timestamp=0"), 0);
    struct client d;
    poll_open(&d, rig, "/discovery/polls?env=default&hostname=h&appid=none&latest_timestamp=0");
    json_t *json = poll_end(&c);
    assert_int_equal(number_at(json, "code"), -304);
    assert_int_equal(json_object_size(json), 3);
    json_decref(json);
    client_free(&d);
    rig_settle(rig);
}

/* However many services and instances there are, one request looks at few of them. */
static void zones_are_looked_at_cheaply(void **state)
{
    struct rig *rig = *state;
    struct client c;

    rig_add_many(rig, "few", 60, 0);
    rig_add_many(rig, "many", 70, 0);
    poll_open(&c, rig,
              "/discovery/polls?env=default&hostname=h&zone=z&appid=few&appid=many"
              "&latest_timestamp=0&latest_timestamp=0");
    json_t *json = poll_end(&c);
    json_t *data = json_object_get(json, "data");
    assert_null(json_object_get(data, "few")); /* all were looked at: it is not in that zone */
    assert_string_equal(json_string_value(json_array_get(
                            json_object_get(json_object_get(json, "error"), "-404"), 0)),
                        "few");
    assert_int_equal(json_array_size(json_object_get(json_object_get(json, "error"), "-404")), 1);
    json_decref(json);
    assert_int_equal(code_now(rig, "/discovery/polls?env=default&hostname=h&appid=few&appid=FEW"
                                   "&latest_timestamp=0&latest_timestamp=0"),
                     -400);
}

static void poll_refusals(void **state)
{
    struct rig *rig = *state;
    char many[4096] = "/discovery/polls?env=default&hostname=h";

    assert_int_equal(code_now(rig, "/discovery/poll?env=default&hostname=h&appid=web"), -404);
    assert_int_equal(code_now(rig, "/discovery/poll?env=default&appid=web"), -400);
    assert_int_equal(code_now(rig, "/discovery/poll?hostname=h&appid=web"), -400);
    assert_int_equal(code_now(rig, "/discovery/polls?env=default&hostname=h"), -400);
    assert_int_equal(code_now(rig, "/discovery/polls?env=default&hostname=h&appid=a&appid=b"
                                   "&latest_timestamp=0"),
                     -400);
    assert_int_equal(
        code_now(rig, "/discovery/polls?env=default&hostname=h&appid=a&latest_timestamp=-1"), -400);
    for (int n = 0; n < 65; n++)
        sprintf(many + strlen(many), "&appid=a%d&latest_timestamp=0", n);
    assert_int_equal(code_now(rig, many), -400);
}

static void a_client_that_leaves(void **state)
{
    struct rig *rig = *state;
    struct client c;

    poll_open(&c, rig, "/discovery/polls?env=default&hostname=h&appid=web&latest_timestamp=0");
    is_held(&c);
    client_free(&c);
    rig_settle(rig);
    add(rig, FORM("a", "&status=1"));
    rig_publish(rig); /* nobody is there any more */
    rig_settle(rig);
}

/* ---- set -------------------------------------------------------------------------- */

static json_t *instance_now(struct rig *rig, const char *hostname, json_t **reply)
{
    char *text = get(rig, "/discovery/fetch?env=default&appid=web&status=3");
    size_t n;
    json_t *i;
    *reply = json_of(text);
    json_t *all =
        json_object_get(json_object_get(json_object_get(*reply, "data"), "instances"), "z1");
    json_array_foreach(all, n, i) if (strcmp(text_at(i, "hostname"), hostname) == 0) return i;
    return NULL;
}

static void sets_several(void **state)
{
    struct rig *rig = *state;
    json_t *reply;

    add(rig, FORM("a", "&status=1&metadata=%7B%22weight%22%3A%2210%22%2C%22k%22%3A%22v%22%7D"));
    add(rig, FORM("Host_B", "&status=1&addrs=odd%3Aone"));
    says(rig, "/discovery/set",
         FORM("a",
              "&hostname=Host_B&status=2&status=1"
              "&metadata=%7B%22weight%22%3A%2220%22%7D&metadata=%7B%22color%22%3A%22red%22%7D"),
         OK);
    json_t *i = instance_now(rig, "a", &reply);
    assert_int_equal(number_at(i, "status"), 2);
    assert_string_equal(text_at(json_object_get(i, "metadata"), "weight"), "20");
    assert_string_equal(text_at(json_object_get(i, "metadata"), "k"), "v");
    json_decref(reply);
    i = instance_now(rig, "Host_B", &reply);
    assert_int_equal(number_at(i, "status"), 1);
    assert_string_equal(text_at(i, "color"), "red");
    assert_string_equal(json_string_value(json_array_get(json_object_get(i, "addrs"), 0)),
                        "odd:one");
    json_decref(reply);
    assert_int_equal(number_at(instance_now(rig, "a", &reply), "renew_timestamp"),
                     (json_int_t)(WALL + rig->lease_ms) * 1000000);
    json_decref(reply);
}

static void sets_all_or_none(void **state)
{
    struct rig *rig = *state;
    static const struct {
        const char *form;
        int code;
    } refused[] = {
        {FORM("a", "&hostname=nobody&status=2&status=2"), -404},
        {FORM("a", "&hostname=b&status=2"), -400},
        {FORM("a", "&hostname=b&status=2&status=7"), -400},
        {FORM("a", "&hostname=a&status=2&status=2"), -400},
        {FORM("a", "&hostname=b&metadata=%7B%22x%22%3A%22y%22%7D&metadata=%5B"), -400},
        {"env=default&appid=web&status=2", -400},
        {FORM("a", "&zone=z2&status=x"), -400},
    };
    json_t *reply;

    add(rig, FORM("a", "&status=1"));
    add(rig, FORM("b", "&status=1"));
    uint64_t index = registry_index(rig->registry);
    for (size_t n = 0; n < ARRAY_COUNT(refused); n++)
        assert_int_equal(code_of(rig, "/discovery/set", refused[n].form), refused[n].code);
    assert_int_equal(registry_index(rig->registry), index);
    /* one of them is another's */
    struct record other = {
        .ns = TEXT("default"), .service = TEXT("web"), .id = TEXT("c"), .zone = TEXT("z1")};
    rig_add(rig, other);
    rig->registrant.who = (struct principal){.kind = PRINCIPAL_NAME, .name = PRINCIPAL_TOKEN};
    add(rig, FORM("d", "&status=1"));
    index = registry_index(rig->registry);
    assert_int_equal(code_of(rig, "/discovery/set", FORM("d", "&hostname=c&status=2&status=2")),
                     -403);
    assert_int_equal(registry_index(rig->registry), index);
    assert_int_equal(number_at(instance_now(rig, "d", &reply), "status"), 1);
    json_decref(reply);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(answers_at_once_what_changed),
        TEST(is_held_until_something_changes),
        TEST(a_service_that_appears),
        TEST(an_empty_service_is_no_news),
        TEST(the_time_is_up),
        TEST(poll_refusals),
        TEST(zones_are_looked_at_cheaply),
        TEST(a_client_that_leaves),
        TEST(sets_several),
        TEST(sets_all_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

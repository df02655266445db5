/* dns_explain: the words fit the answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/answering.h"

static struct rig *t;

static int setup(void **state)
{
    (void)state;
    t = rig_new("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\nwww CNAME web\n", NULL);
    reg(t->registry, "web/a", "addr=10.0.0.1 port=80 port=grpc:90 w=10 version=1 tag=x", 1);
    reg(t->registry, "web/b", "addr=10.0.0.2 addr=fd00::2 port=81 w=20 version=2 tag=x", 1);
    reg(t->registry, "web/c", "addr=10.0.0.3 port=82 w=30 version=1 priority=5", 1);
    reg(t->registry, "web/d", "addr=10.0.0.4 port=83 status=draining version=1", 1);
    reg(t->registry, "web/e", "addr=10.0.0.5 version=1", 1);
    publish(t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_free(t);
    return 0;
}

static json_t *explain(const char *name, const char *type)
{
    json_t *json = dns_explain(t->dns, t->worker, name, type, &t->client);
    assert_non_null(json);
    return json;
}

static const char *text_at(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return json_is_string(value) ? json_string_value(value) : "(none)";
}

static const char *why(const json_t *json, const char *id)
{
    size_t i;
    json_t *candidate;
    json_array_foreach(json_object_get(json, "candidates"), i,
                       candidate) if (strcmp(text_at(candidate, "id"), id) ==
                                      0) return text_at(candidate, "why");
    return "(missing)";
}

static size_t count_at(const json_t *json, const char *key)
{
    assert_true(json_is_array(json_object_get(json, key)));
    return json_array_size(json_object_get(json, key));
}

static void test_service(void **state)
{
    (void)state;
    json_t *json = explain("Web.Z", "SRV");
    assert_string_equal(text_at(json, "name"), "web.z.");
    assert_string_equal(text_at(json, "type"), "SRV");
    assert_string_equal(text_at(json, "zone"), "z");
    assert_string_equal(text_at(json, "namespace"), "default");
    assert_string_equal(text_at(json, "service"), "web");
    assert_string_equal(text_at(json, "node"), "web.z.");
    assert_string_equal(text_at(json, "rule"), "service");
    assert_string_equal(text_at(json, "rcode"), "NOERROR");
    assert_true(json_is_null(json_object_get(json, "ede")));
    assert_true(json_is_false(json_object_get(json, "truncated")));
    assert_int_equal(count_at(json, "filters"), 0);
    assert_int_equal(count_at(json, "answer"), 3);
    assert_int_equal(count_at(json, "authority"), 0);
    assert_int_equal(count_at(json, "additional"), 4);
    assert_string_equal(json_string_value(json_array_get(json_object_get(json, "answer"), 2)),
                        "web.z. 5 IN SRV 5 30 82 c.web.z.");
    assert_int_equal(count_at(json, "candidates"), 5);
    assert_int_equal(json_integer_value(json_object_get(json, "candidate_count")), 5);
    assert_string_equal(why(json, "a"), "in");
    assert_string_equal(why(json, "c"), "in");
    assert_string_equal(why(json, "d"), "out: not up");
    assert_string_equal(why(json, "e"), "out: no port");
    json_t *b = json_array_get(json_object_get(json, "candidates"), 1);
    assert_string_equal(text_at(b, "status"), "up");
    assert_true(json_is_true(json_object_get(b, "live")));
    assert_int_equal(json_integer_value(json_object_get(b, "weight")), 20);
    assert_int_equal(json_integer_value(json_object_get(b, "port")), 81);
    assert_string_equal(json_string_value(json_array_get(json_object_get(b, "addresses"), 1)),
                        "fd00::2");
    assert_int_equal(json_integer_value(json_object_get(json, "udp_bytes")),
                     ask(t, "web.z", T_SRV)->size);
    assert_int_equal(json_integer_value(json_object_get(json, "tcp_bytes")), t->size);
    json_decref(json);
}

struct reason {
    const char *name, *type, *rule, *id, *why, *rcode;
};

static const struct reason reasons[] = {
    {"web.z", "A", "service", "c", "out: a better priority is up", "NOERROR"},
    {"web.z", "A", "service", "e", "in", "NOERROR"},
    {"web.z", "AAAA", "service", "a", "out: no address of this family", "NOERROR"},
    {"1.version.web.z", "SRV", "selectors", "a", "in", "NOERROR"},
    {"1.version.web.z", "SRV", "selectors", "b", "out: a selector does not match", "NOERROR"},
    {"_grpc._tcp.web.z", "SRV", "named port of the service", "a", "in", "NOERROR"},
    {"_grpc._tcp.web.z", "SRV", "named port of the service", "b", "out: no such port", "NOERROR"},
    {"_web._tcp.z", "SRV", "service, by protocol", "b", "in", "NOERROR"},
    {"a.web.z", "A", "instance of the service", "a", "in", "NOERROR"},
    {"a.web.z", "A", "instance of the service", "b", "out: another one is asked for", "NOERROR"},
    {"nope.web.z", "A", "no such name", "b", "out: the name is not the service's", "NXDOMAIN"},
    {"www.z", "A", "service", "a", "in", "NOERROR"},
    {"version.web.z", "A", "empty non-terminal: only names below it exist", "a",
     "out: the name is not the service's", "NOERROR"},
    {"ns.z", "A", "static name of the zone file", "a", "(missing)", "NOERROR"},
    {"none.z", "A", "no such name", "a", "(missing)", "NXDOMAIN"},
    {"example.", "A", "in none of the zones", "a", "(missing)", "REFUSED"},
    {"web.z", "AXFR", "refused before any name was looked at", "a", "(missing)", "NOTIMP"},
    {"web.z", "HTTPS", "service", "a", "out: neither metadata alpn nor a port named https",
     "NOERROR"},
    {"web.z", "SVCB", "service", "a", "in", "NOERROR"},
    {"web.z", "MX", "service", "a", "out: no records of this type", "NOERROR"},
    {"_web._tcp.z", "PTR", "service, by protocol", "a", "in", "NOERROR"},
    {"a._web._tcp.z", "SRV", "instance of the service, by DNS-SD", "a", "in", "NOERROR"},
    {"_services._dns-sd._udp.z", "PTR", "the zone's services, by DNS-SD", "a", "(missing)",
     "NOERROR"},
};

static void test_reasons(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(reasons); i++) {
        const struct reason *r = &reasons[i];
        json_t *json = explain(r->name, r->type);
        if (strcmp(text_at(json, "rule"), r->rule) != 0 || strcmp(why(json, r->id), r->why) != 0 ||
            strcmp(text_at(json, "rcode"), r->rcode) != 0)
            fail_msg("%s %s: %s, %s, %s", r->name, r->type, text_at(json, "rule"), why(json, r->id),
                     text_at(json, "rcode"));
        json_decref(json);
    }
}

static void test_filters_and_ede(void **state)
{
    (void)state;
    json_t *json = explain("2.version.x.tag.web.z", "A");
    assert_int_equal(count_at(json, "filters"), 2);
    json_t *first = json_array_get(json_object_get(json, "filters"), 0);
    assert_string_equal(text_at(first, "key"), "version");
    assert_string_equal(text_at(first, "value"), "2");
    assert_int_equal(json_integer_value(json_object_get(first, "live")), 1);
    json_decref(json);
    unreg(t->registry, "web/b", 5);
    publish(t);
    json = explain("web.z", "AAAA");
    assert_int_equal(count_at(json, "answer"), 0);
    assert_int_equal(count_at(json, "authority"), 1);
    json_decref(json);
    json = explain("elsewhere.", "A");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "ede"), "code")), 20);
    json_decref(json);
}

/* s: not heard from, alone with IPv6, port "old" and tag "y"; p: the same, in a worse
 * priority; n: heard from, without a port. */
static void use_stale(uint32_t policy)
{
    rig_free(t);
    t = rig_with(0, policy);
    reg(t->registry, "web/f", "addr=10.0.0.1 port=80 version=1", 1);
    reg(t->registry, "web/n", "addr=10.0.0.2 tag=y", 1);
    reg_stale(t->registry, "web/s", "addr=10.0.0.3 addr=fd00::3 port=80 port=old:7 version=1 tag=y",
              1);
    reg_stale(t->registry, "web/p", "addr=fd00::4 port=80 priority=4 version=1", 1);
    reg_stale(t->registry, "web/d", "addr=10.0.0.5 port=80 status=draining version=1", 1);
    publish(t);
}

#define OUT "out: not heard from, a live one is up"
#define DEMOTED "in, demoted: not heard from"
#define LAST "in: not heard from, no live one is up"

static const struct stale_reason {
    const char *name, *type, *id, *demote, *withdraw;
} stale_reasons[] = {
    {"web.z", "SRV", "f", "in", "in"},
    {"web.z", "SRV", "s", DEMOTED, OUT},
    {"web.z", "SRV", "p", DEMOTED, OUT},
    {"web.z", "ANY", "s", DEMOTED, OUT},
    {"web.z", "SRV", "d", "out: not up", "out: not up"},
    {"web.z", "SRV", "n", "out: no port", "out: no port"},
    {"_web._tcp.z", "SRV", "s", DEMOTED, OUT},
    {"_web._tcp.z", "SRV", "n", "out: no such port", "out: no such port"},
    {"_old._tcp.web.z", "SRV", "s", DEMOTED, DEMOTED},
    {"_old._tcp.web.z", "SRV", "p", "out: no such port", "out: no such port"},
    {"1.version.web.z", "SRV", "s", DEMOTED, OUT},
    {"y.tag.web.z", "SRV", "s", DEMOTED, DEMOTED},
    {"y.tag.web.z", "SRV", "p", "out: a selector does not match", "out: a selector does not match"},
    {"y.tag.web.z", "A", "n", "in", "in"},
    {"y.tag.web.z", "A", "s", OUT, OUT},
    {"web.z", "A", "f", "in", "in"},
    {"web.z", "A", "s", OUT, OUT},
    {"web.z", "A", "p", "out: no address of this family", "out: no address of this family"},
    {"web.z", "AAAA", "f", "out: no address of this family", "out: no address of this family"},
    {"web.z", "AAAA", "s", LAST, LAST},
    {"web.z", "AAAA", "p", "out: a better priority is up", "out: a better priority is up"},
    {"web.z", "TXT", "s", OUT, OUT},
    {"s.web.z", "A", "s", "in: not heard from", "in: not heard from"},
    {"d.web.z", "A", "d", "in: not heard from", "in: not heard from"},
};

static void test_stale_reasons(void **state)
{
    (void)state;
    for (uint32_t policy = DNS_STALE_DEMOTE; policy <= DNS_STALE_WITHDRAW; policy++) {
        use_stale(policy);
        for (size_t i = 0; i < ARRAY_COUNT(stale_reasons); i++) {
            const struct stale_reason *r = &stale_reasons[i];
            json_t *json = explain(r->name, r->type);
            if (strcmp(why(json, r->id), policy == DNS_STALE_DEMOTE ? r->demote : r->withdraw) != 0)
                fail_msg("%s %s %s: %s", r->name, r->type, r->id, why(json, r->id));
            json_decref(json);
        }
    }
}

static void test_stale_state(void **state)
{
    (void)state;
    use_stale(DNS_STALE_DEMOTE);
    json_t *json = explain("1.version.web.z", "SRV"), *candidate;
    size_t i;
    json_array_foreach(json_object_get(json, "candidates"), i, candidate)
    {
        static const char *const states[] = {"draining", "up", "up", "stale", "stale"};
        assert_string_equal(text_at(candidate, "status"), states[i]); /* d f n p s */
        assert_true(json_is_true(json_object_get(candidate, "live")) == (i == 1 || i == 2));
    }
    assert_int_equal(i, 5);
    json_t *filter = json_array_get(json_object_get(json, "filters"), 0);
    assert_int_equal(json_integer_value(json_object_get(filter, "live")), 1);
    json_t *ede = json_object_get(json, "ede");
    assert_int_equal(json_integer_value(json_object_get(ede, "code")), 3);
    assert_string_equal(text_at(ede, "text"), "2 of 3 instances are not heard from");
    json_decref(json);
}

static void test_many(void **state)
{
    (void)state;
    char name[32];
    for (int i = 0; i < 150; i++) {
        snprintf(name, sizeof(name), "many/i%d", i);
        reg(t->registry, name, "addr=10.0.0.1 port=1", 1);
    }
    publish(t);
    json_t *json = explain("many.z", "SRV");
    assert_int_equal(count_at(json, "candidates"), 100);
    assert_int_equal(json_integer_value(json_object_get(json, "candidate_count")), 150);
    assert_true(json_is_true(json_object_get(json, "truncated")));
    assert_true(json_integer_value(json_object_get(json, "udp_bytes")) <= DNS_UDP_DEFAULT);
    assert_true(json_integer_value(json_object_get(json, "tcp_bytes")) > DNS_UDP_DEFAULT);
    json_decref(json);
}

static void test_errors(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"", "A"},           {"a..b", "A"},
                                         {"web.z", "NOSUCH"}, {"web.z", "TYPE65536"},
                                         {"web.z", "TYPEX"},  {"web.z", ""}};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        json_t *json = explain(bad[i][0], bad[i][1]);
        assert_true(json_is_string(json_object_get(json, "error")));
        json_decref(json);
    }
    json_t *json = dns_explain(t->dns, t->worker, "web.z", "a", NULL);
    assert_string_equal(text_at(json, "rcode"), "NOERROR");
    json_decref(json);
}

/* ---- the asker's place, limits, reverse zones ------------------------------------------------ */

static void configure(struct dns_config *c)
{
    c->places = calloc(1, sizeof(*c->places));
    c->place_count = 1;
    assert_int_equal(network_parse(TEXT("10.1.0.0/16"), &c->places->from), ERR_OK);
    c->places->zone = strdup("a");
    c->places->region = strdup("eu");
    c->zones = realloc(c->zones, 2 * sizeof(*c->zones));
    c->zones[c->zone_count++] = (struct dns_zone_config){.name = strdup("10.in-addr.arpa"),
                                                         .reverse = strdup("z"),
                                                         .ttl = 7,
                                                         .negative_ttl = 3,
                                                         .srv_weight_scale = 1};
}

static json_t *explain_from(struct rig *rig, const char *name, const char *type, const char *client)
{
    struct addr from;
    assert_int_equal(addr_parse(text_of(client), &from), ERR_OK);
    json_t *json = dns_explain(rig->dns, rig->worker, name, type, &from);
    assert_non_null(json);
    return json;
}

static const json_t *item_at(const json_t *json, const char *key, size_t n)
{
    return json_array_get(json_object_get(json, key), n);
}

static void test_place(void **state)
{
    (void)state;
    static char all[] = "*";
    struct dns_rule rule = {all,       DNS_UNSET, DNS_UNSET,          DNS_UNSET,
                            DNS_UNSET, DNS_UNSET, DNS_LOCALITY_ALONE, DNS_UNSET};
    struct rig *rig = rig_with_config("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"
                                      "*.any TXT x\n",
                                      &rule, configure);
    reg(rig->registry, "web/a", "addr=10.0.0.1 port=80 zone=a region=eu priority=2", 1);
    reg(rig->registry, "web/b", "addr=10.0.0.2 port=80 zone=a region=eu priority=2 w=0", 1);
    reg(rig->registry, "web/c", "addr=10.0.0.3 port=80 region=us priority=2", 1);
    publish(rig);
    json_t *json = explain_from(rig, "web.z", "A", "10.1.2.3");
    assert_string_equal(text_at(json_object_get(json, "place"), "network"), "10.1.0.0/16");
    assert_string_equal(text_at(item_at(json, "near", 0), "key"), "zone");
    assert_string_equal(text_at(item_at(json, "near", 0), "preferred"), "yes");
    assert_string_equal(text_at(item_at(json, "near", 1), "value"), "eu");
    assert_string_equal(why(json, "a"), "in");
    assert_string_equal(why(json, "b"), "out: of weight 0, beside others");
    assert_string_equal(why(json, "c"), "out: nearer ones are up");
    assert_string_equal(text_at(item_at(json, "candidates", 0), "tier"), "zone");
    assert_string_equal(text_at(item_at(json, "candidates", 2), "tier"), "far");
    assert_int_equal(
        json_integer_value(json_object_get(item_at(json, "candidates", 2), "wire_priority")), 8);
    json_decref(json);
    reg(rig->registry, "web/d", "addr=10.0.0.4 port=80 zone=a status=draining", 2);
    reg(rig->registry, "web/b", "addr=10.0.0.2 port=80 zone=a status=draining", 2);
    publish(rig);
    json = explain_from(rig, "web.z", "SRV", "10.1.2.3");
    assert_string_equal(text_at(item_at(json, "near", 0), "preferred"),
                        "no: too few are up there, spill-over");
    assert_string_equal(text_at(item_at(json, "near", 1), "preferred"), "yes");
    json_decref(json);
    json = explain_from(rig, "web.z", "SRV", "10.2.2.3");
    assert_true(json_is_null(json_object_get(json, "place")));
    assert_int_equal(count_at(json, "near"), 0);
    json_decref(json);
    json = explain_from(rig, "1.0.0.10.in-addr.arpa", "PTR", "10.2.2.3");
    assert_string_equal(text_at(json, "rule"), "address of instances, in a reverse zone");
    assert_int_equal(count_at(json, "answer"), 1);
    json_decref(json);
    json = explain_from(rig, "x.any.z", "TXT", "10.2.2.3");
    assert_string_equal(text_at(json, "rule"), "wildcard of the zone file");
    json_decref(json);
    rig_free(rig);
}

/* How many candidates have this reason. */
static size_t count_why(const json_t *json, const char *because)
{
    size_t i, count = 0;
    json_t *candidate;
    json_array_foreach(json_object_get(json, "candidates"), i, candidate) count +=
        strcmp(text_at(candidate, "why"), because) == 0;
    return count;
}

static void test_left_out(void **state)
{
    (void)state;
    struct rig *rig = rig_with_max(7);
    register_many(rig, "web", 20, "");
    static const char *const types[] = {"SRV", "A", "SVCB"};
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        json_t *json = explain_from(rig, "web.z", types[i], "10.2.2.3");
        assert_int_equal(count_why(json, "in"), 7);
        assert_int_equal(count_why(json, "left out of this answer: max_answers"), 13);
        json_decref(json);
    }
    json_t *json = explain_from(rig, "_web._tcp.z", "PTR", "10.2.2.3");
    assert_int_equal(count_why(json, "in"), 7);
    json_decref(json);
    rig_free(rig);
    rig = rig_with_max(0);
    register_many(rig, "web", 100, "");
    json = explain_from(rig, "web.z", "SRV", "10.2.2.3");
    assert_true(json_is_true(json_object_get(json, "truncated")));
    size_t in = count_why(json, "in");
    assert_int_equal(in, count_at(json, "answer"));
    assert_int_equal(count_why(json, "left out of this answer: does not fit"), 100 - in);
    json_decref(json);
    rig_free(rig);
}

/* Weight 0 is a reason only beside others of the same priority that have a weight, and an address
 * of the family. */
static void test_weight_zero(void **state)
{
    (void)state;
    static const char *const max = "left out of this answer: max_answers";
    static const char *const beside = "out: of weight 0, beside others";
    struct rig *rig = rig_with_max(1);
    reg(rig->registry, "web/0", "addr=10.0.0.9 addr=fd00::9 port=80 w=5 priority=4", 1);
    reg(rig->registry, "web/a", "addr=10.0.0.1 port=80 w=0 priority=2", 1);
    reg(rig->registry, "web/b", "addr=10.0.0.2 port=80 w=0 priority=2", 1);
    reg(rig->registry, "web/c", "addr=fd00::3 port=80 w=5 priority=2", 1);
    reg(rig->registry, "web/d", "addr=10.0.0.4 port=80 w=5 priority=3", 1);
    reg(rig->registry, "web/e", "addr=fd00::5 port=80 w=0 priority=2", 1);
    publish(rig);
    json_t *json = explain_from(rig, "web.z", "A", "10.2.2.3");
    assert_int_equal(count_why(json, "in"), 1);
    assert_int_equal(count_why(json, max), 1);
    assert_int_equal(count_why(json, beside), 0);
    json_decref(json);
    json = explain_from(rig, "web.z", "AAAA", "10.2.2.3");
    assert_string_equal(why(json, "c"), "in");
    assert_string_equal(why(json, "e"), beside);
    json_decref(json);
    reg(rig->registry, "web/d", "addr=10.0.0.4 port=80 w=5 priority=2", 2);
    publish(rig);
    json = explain_from(rig, "web.z", "A", "10.2.2.3");
    assert_string_equal(why(json, "d"), "in");
    assert_int_equal(count_why(json, beside), 2);
    json_decref(json);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_service, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reasons, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filters_and_ede, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stale_reasons, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stale_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_weight_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

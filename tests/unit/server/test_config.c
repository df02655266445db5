/* What a configuration says, in the structs that the folders read; the defaults; the
 * shipped example; the help. */
#include "unit/server/common.h"

#include "server/config_draft.h"
#include "server/config_file.h"

#define EXAMPLE "../zones/discd.yaml" /* the tests run in tests/ */

static struct config *load(const char *path)
{
    struct config *c = NULL;
    struct config_fault fault = {0};
    if (config_load(path, &c, &fault))
        fail_msg("%s:%u:%u: %s", fault.file, fault.line, fault.column, fault.text);
    return c;
}

static struct config_draft parse(const char *text)
{
    struct config_draft draft;
    struct config_fault fault = {0};
    if (config_parse("etc/discd.yaml", text, strlen(text), &draft, &fault))
        fail_msg("%s:%u:%u: %s", fault.file, fault.line, fault.column, fault.text);
    return draft;
}

static void assert_endpoints(const struct endpoint_list *list, const char *expected)
{
    char all[1024] = "", one[ENDPOINT_TEXT];
    for (size_t i = 0; i < list->count; i++) {
        strcat(all, i ? " " : "");
        strcat(all, endpoint_format(&list->items[i], one));
    }
    assert_string_equal(all, expected);
}

static void assert_sources(const struct reg_config *reg, const char *expected)
{
    static const char *const auths[] = {"deny", "open", "cookie", "key"};
    char all[1024] = "", one[NETWORK_TEXT];
    for (size_t i = 0; i < reg->source_count; i++) {
        strcat(all, network_format(&reg->sources[i].from, one));
        strcat(all, " ");
        strcat(all, auths[reg->sources[i].auth]);
        strcat(all, ",");
    }
    assert_string_equal(all, expected);
}

static void assert_strings(char *const *list, const char *expected)
{
    char all[1024] = "";
    for (size_t i = 0; list && list[i]; i++) {
        strcat(all, list[i]);
        strcat(all, ",");
    }
    assert_string_equal(all, expected);
}

/* ---- defaults ---------------------------------------------------------------------------- */

static void assert_default_numbers(const struct config *c)
{
    const struct registry_config r = registry_config_default();
    assert_int_equal(c->dns_workers, 0);
    assert_int_equal(c->dns.udp_max_size, 1232);
    assert_int_equal(c->dns.udp_size_count, 0);
    assert_int_equal(c->tcp_connections_max, 1000);
    assert_int_equal(c->tcp_connections_per_ip, 32);
    assert_int_equal(c->tcp_idle_ms, 10000);
    assert_int_equal(c->tcp_message_ms, 2000);
    assert_int_equal(c->tcp_pipeline_max, 100);
    assert_int_equal(c->registration.source_quota, 4096);
    assert_int_equal(c->registration.subscriptions_max, 10000);
    assert_int_equal(c->registration.source_subscriptions, 64);
    assert_int_equal(c->registration.rate_per_s, 200);
    assert_int_equal(c->registration.rate_burst, 400);
    assert_int_equal(c->registration.replay_entries_max, 65536);
    assert_int_equal(c->registration.key_count, 0);
    assert_int_equal(c->http_connections_max, 16384);
    assert_int_equal(c->http_connections_per_ip, 64);
    assert_int_equal(c->registry.lease_default_s, r.lease_default_s);
    assert_int_equal(c->registry.lease_min_s, r.lease_min_s);
    assert_int_equal(c->registry.lease_max_s, r.lease_max_s);
    assert_int_equal(c->registry.service_retention_s, r.service_retention_s);
    assert_int_equal(c->registry.tombstone_s, r.tombstone_s);
    assert_int_equal(c->registry.instances_max, r.instances_max);
    assert_int_equal(c->registry.services_max, r.services_max);
    assert_int_equal(c->registry.service_instances_max, r.service_instances_max);
    assert_int_equal(c->registry.tombstones_max, r.tombstones_max);
    assert_string_equal(c->registry.weight_key, r.weight_key);
    assert_int_equal(c->registry.guard.hosts_min, r.guard.hosts_min);
    assert_int_equal(c->registry.guard.threshold_percent, r.guard.threshold_percent);
    assert_int_equal(c->registry.guard.hold_s, r.guard.hold_s);
    assert_int_equal(c->registry.guard.zones, r.guard.zones);
    assert_int_equal(c->probe_network_count, 0);
    assert_int_equal(c->probe_timeout_ms, 1000);
    assert_int_equal(c->probe_max, 64);
}

/* All but data_dir and the zone's file. */
static void assert_defaults(const struct config *c)
{
    assert_string_equal(c->user, "");
    assert_int_equal(c->log_level, LOG_LEVEL_INFO);
    assert_endpoints(&c->dns_listen, "127.0.0.1:5300 [::1]:5300");
    assert_endpoints(&c->registration_listen, "127.0.0.1:5310 [::1]:5310");
    assert_endpoints(&c->http_listen, "127.0.0.1:5380 [::1]:5380");
    assert_int_equal(c->http.listen_count, 2);
    assert_memory_equal(c->http.listen, c->http_listen.items, 2 * sizeof(struct endpoint));
    assert_default_numbers(c);
    assert_true(c->advertise_local_auto);
    assert_sources(&c->registration,
                   "127.0.0.0/8 open,::1/128 open,10.0.0.0/8 cookie,172.16.0.0/12 cookie,"
                   "192.168.0.0/16 cookie,fc00::/7 cookie,169.254.0.0/16 cookie,fe80::/10 cookie,");
    assert_strings(c->registration.protected_services, "");
    assert_strings(c->dns.selectors, "");
    assert_strings(c->http.hosts, "");
    assert_int_equal(c->service_count, 0);
    assert_null(c->http.token);
    assert_true(c->http.writes_loopback);
    assert_false(c->http.reads_token);
    assert_int_equal(c->dns.zone_count, 1);
    assert_string_equal(c->dns.zones[0].name, "disc.local");
    assert_string_equal(c->dns.zones[0].ns, "default");
    assert_int_equal(c->dns.zones[0].ttl, 5);
    assert_int_equal(c->dns.zones[0].negative_ttl, 2);
    assert_int_equal(c->dns.zones[0].srv_weight_scale, 1);
    assert_int_equal(c->dns.zones[0].rule_count, 0);
}

static void test_defaults(void **state UNUSED)
{
    struct config *c = load(NULL);
    assert_null(c->path);
    assert_string_equal(c->data_dir, "data");
    assert_null(c->dns.zones[0].file);
    assert_defaults(c);
    config_free(c);
}

/* The example states most defaults; it must not state others. */
static void test_shipped_example(void **state UNUSED)
{
    struct config *c = load(EXAMPLE);
    assert_string_equal(c->path, EXAMPLE);
    assert_string_equal(c->data_dir, "../zones/../data");
    assert_string_equal(c->dns.zones[0].file, "../zones/disc.local.zone");
    assert_defaults(c);
    config_free(c);
}

static void test_nothing_said(void **state UNUSED)
{
    static const char *const texts[] = {"", "# nothing\n", "dns:\nlease:\nhttp: ~\n", "{}"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct config_draft d = parse(texts[i]);
        assert_defaults(&d.config);
        assert_string_equal(d.config.data_dir, "etc/data");
        config_draft_deinit(&d);
    }
}

/* ---- what is said ------------------------------------------------------------------------ */

static void test_scalars(void **state UNUSED)
{
    struct config_draft d =
        parse("data_dir: /var/lib/disc\nuser: discd\nservice_retention: 0\nweight_key: \"\"\n"
              "dns: {workers: 3, udp_max_size: 512, tcp: {connections: 5, connections_per_ip: 6,\n"
              "  idle: 7, message_timeout: 8, pipeline: 9}}\n"
              "registration: {source_quota: 0, rate: 1, burst: 2, subscriptions: 3,\n"
              "  subscriptions_per_source: 4}\n"
              "lease: {default: 1, min: 1, max: 1}\n"
              "limits: {instances: 11, services: 12, service_instances: 13, tombstones: 14}\n"
              "guard: {hosts_min: 0, threshold: 100, hold: 86400, zones: false}\n"
              "probe: {timeout: 60, concurrency: 17}\n"
              "http: {connections: 15, connections_per_ip: 16, hosts: [Disc.Example, \"a:80\"]}\n"
              "log: {level: debug}\n");
    const struct config *c = &d.config;
    assert_string_equal(c->data_dir, "/var/lib/disc");
    assert_string_equal(c->user, "discd");
    assert_null(c->registry.weight_key);
    assert_int_equal(c->registry.service_retention_s, 0);
    assert_int_equal(c->dns_workers, 3);
    assert_int_equal(c->dns.udp_max_size, 512);
    assert_int_equal(c->tcp_connections_max, 5);
    assert_int_equal(c->tcp_connections_per_ip, 6);
    assert_int_equal(c->tcp_idle_ms, 7000);
    assert_int_equal(c->tcp_message_ms, 8000);
    assert_int_equal(c->tcp_pipeline_max, 9);
    assert_int_equal(c->registration.source_quota, 0);
    assert_int_equal(c->registration.rate_per_s, 1);
    assert_int_equal(c->registration.rate_burst, 2);
    assert_int_equal(c->registration.subscriptions_max, 3);
    assert_int_equal(c->registration.source_subscriptions, 4);
    assert_int_equal(c->registry.lease_default_s, 1);
    assert_int_equal(c->registry.lease_min_s, 1);
    assert_int_equal(c->registry.lease_max_s, 1);
    assert_int_equal(c->registry.instances_max, 11);
    assert_int_equal(c->registry.services_max, 12);
    assert_int_equal(c->registry.service_instances_max, 13);
    assert_int_equal(c->registry.tombstones_max, 14);
    assert_int_equal(c->registry.guard.hosts_min, 0);
    assert_int_equal(c->registry.guard.threshold_percent, 100);
    assert_int_equal(c->registry.guard.hold_s, 86400);
    assert_false(c->registry.guard.zones);
    assert_int_equal(c->probe_timeout_ms, 60000);
    assert_int_equal(c->probe_max, 17);
    assert_int_equal(c->http_connections_max, 15);
    assert_int_equal(c->http_connections_per_ip, 16);
    assert_strings(c->http.hosts, "disc.example,a:80,");
    assert_int_equal(c->log_level, LOG_LEVEL_DEBUG);
    config_draft_deinit(&d);
}

static void test_memory_only(void **state UNUSED)
{
    struct config_draft d = parse("data_dir: ''\n");
    assert_string_equal(d.config.data_dir, "");
    config_draft_deinit(&d);
}

static void test_listeners(void **state UNUSED)
{
    struct config_draft d = parse("dns: {listen: [\"0.0.0.0:0\", \"0.0.0.0:0\", \"[::1]:53\"]}\n"
                                  "registration: {listen: []}\n"
                                  "http: {listen: [\"[::]:80\"], token_file: t, writes: token,\n"
                                  "       reads: token, cleartext: true}\n");
    assert_endpoints(&d.config.dns_listen, "0.0.0.0:0 0.0.0.0:0 [::1]:53");
    assert_endpoints(&d.config.registration_listen, "");
    assert_endpoints(&d.config.http_listen, "[::]:80");
    assert_int_equal(d.config.http.listen_count, 1);
    assert_false(d.config.http.writes_loopback);
    assert_true(d.config.http.reads_token);
    assert_string_equal(d.token_file.path, "etc/t");
    assert_null(d.keys_file.path);
    config_draft_deinit(&d);
}

static void test_zones(void **state UNUSED)
{
    struct config_draft d = parse("zones:\n"
                                  "  - name: a.example.\n"
                                  "    file: a.zone\n"
                                  "    services:\n"
                                  "      \"Batch-*\": {ttl: 30, max_answers: 8, stale: withdraw}\n"
                                  "      \"x\": {negative_ttl: 9, srv_weight_scale: 256}\n"
                                  "      \"y\": {stale: demote}\n"
                                  "    namespace: Blue\n"
                                  "    srv_weight_scale: 7\n"
                                  "  - {name: b.example, namespace: \"\", ttl: 0}\n"
                                  "  - {name: c.example, namespace: null, file: /z/c}\n"
                                  "  - {name: d.example, namespace: \"null\"}\n"
                                  "selectors: [team, Owner]\n");
    const struct dns_config *dns = &d.config.dns;
    assert_int_equal(dns->zone_count, 4);
    const struct dns_zone_config *a = &dns->zones[0];
    assert_string_equal(a->name, "a.example.");
    assert_string_equal(a->file, "etc/a.zone");
    assert_string_equal(a->ns, "blue");
    assert_int_equal(a->srv_weight_scale, 7);
    assert_int_equal(a->rule_count, 3);
    assert_string_equal(a->rules[0].glob, "batch-*");
    assert_int_equal(a->rules[0].ttl, 30);
    assert_int_equal(a->rules[0].max_answers, 8);
    assert_int_equal(a->rules[0].negative_ttl, DNS_UNSET);
    assert_int_equal(a->rules[0].srv_weight_scale, DNS_UNSET);
    assert_int_equal(a->rules[0].stale, DNS_STALE_WITHDRAW);
    assert_int_equal(a->rules[1].stale, DNS_UNSET);
    assert_int_equal(a->rules[2].stale, DNS_STALE_DEMOTE);
    assert_int_equal(a->rules[1].ttl, DNS_UNSET);
    assert_int_equal(a->rules[1].max_answers, DNS_UNSET);
    assert_int_equal(a->rules[1].negative_ttl, 9);
    assert_int_equal(a->rules[1].srv_weight_scale, 256);
    assert_null(dns->zones[1].ns);
    assert_int_equal(dns->zones[0].ttl, 5); /* a file, but services too */
    assert_int_equal(dns->zones[0].negative_ttl, 2);
    assert_int_equal(dns->zones[1].ttl, 0);
    assert_int_equal(dns->zones[1].negative_ttl, 2); /* no file that would say it */
    assert_int_equal(dns->zones[2].ttl, DNS_UNSET);
    assert_int_equal(dns->zones[2].negative_ttl, DNS_UNSET);
    assert_null(dns->zones[2].ns);
    assert_string_equal(dns->zones[2].file, "/z/c");
    assert_string_equal(dns->zones[3].ns, "null");
    assert_strings(dns->selectors, "team,Owner,");
    config_draft_deinit(&d);
}

static bool permanent(const struct config *c, const char *ns, const char *service)
{
    return config_is_permanent(c, text_of(ns), text_of(service));
}

static void test_permanent(void **state UNUSED)
{
    struct config_draft d = parse("zones:\n"
                                  "  - name: a\n"
                                  "    services: {\"db*\": {permanent: true}, \"x\": {ttl: 1},\n"
                                  "               \"db-tmp*\": {permanent: false}}\n"
                                  "  - name: b\n"
                                  "    namespace: blue\n"
                                  "    services: {\"*\": {permanent: true}}\n");
    assert_int_equal(d.config.service_count, 3); /* not the one with nothing but a TTL */
    assert_string_equal(d.config.services[1].glob, "default/db-tmp*");
    assert_true(permanent(&d.config, "default", "db-users"));
    assert_false(permanent(&d.config, "default", "db-tmp-1"));
    assert_false(permanent(&d.config, "default", "web"));
    assert_true(permanent(&d.config, "blue", "db-tmp-1"));
    assert_false(permanent(&d.config, "green", "db-users"));
    config_draft_deinit(&d);
}

static void assert_policy(const struct config *c, const char *ns, const char *service,
                          const char *expected)
{
    struct service_policy policy = config_service_policy(c, text_of(ns), text_of(service));
    char text[64];
    snprintf(text, sizeof text, "%u%s%s", policy.floor, policy.floor_percent ? "%" : "",
             policy.probe ? " probe" : "");
    assert_string_equal(text, expected);
}

/* Two zones of one namespace speak of the same services; another namespace has its own. */
static void test_policy(void **state UNUSED)
{
    struct config_draft d = parse("zones:\n"
                                  "  - name: a\n"
                                  "    services:\n"
                                  "      \"DB*\": {floor: 2, probe: true}\n"
                                  "      \"db-half\": {floor: 50%}\n"
                                  "      \"db-off*\": {probe: false, floor: 0%}\n"
                                  "  - name: b\n"
                                  "    namespace: blue\n"
                                  "    services: {\"*\": {floor: \"100%\"}, \"x\": {floor: 0}}\n"
                                  "  - name: c\n"
                                  "    services: {\"db-late\": {floor: \"3\", permanent: true},\n"
                                  "               \"web\": {ttl: 3}}\n"
                                  "probe: {networks: [10.0.0.0/8, \"2001:db8::/32\"]}\n");
    char network[NETWORK_TEXT];
    assert_policy(&d.config, "default", "db-1", "2 probe");
    assert_policy(&d.config, "default", "db-half", "50% probe");
    assert_policy(&d.config, "default", "db-off-1", "0");
    assert_policy(&d.config, "default", "db-late", "3 probe");
    assert_true(permanent(&d.config, "default", "db-late"));
    assert_policy(&d.config, "default", "web", "0");
    assert_policy(&d.config, "blue", "db-1", "100%");
    assert_policy(&d.config, "blue", "x", "0");
    assert_policy(&d.config, "green", "db-1", "0");
    assert_int_equal(d.config.probe_network_count, 2);
    assert_string_equal(network_format(&d.config.probe_networks[0], network), "10.0.0.0/8");
    assert_string_equal(network_format(&d.config.probe_networks[1], network), "2001:db8::/32");
    config_draft_deinit(&d);
}

static void test_sources_and_sizes(void **state UNUSED)
{
    struct config_draft d = parse("dns:\n"
                                  "  udp_sizes:\n"
                                  "    - {from: 127.0.0.0/8, size: 8192}\n"
                                  "    - {size: 512, from: \"2001:db8::/32\"}\n"
                                  "registration:\n"
                                  "  sources:\n"
                                  "    - {from: 10.1.0.0/16, auth: deny}\n"
                                  "    - {auth: key, from: 0.0.0.0/0}\n"
                                  "  keys: k/keys.yaml\n"
                                  "  protected: [\"default/DB-*\", \"*/x\"]\n");
    char from[NETWORK_TEXT];
    const struct dns_config *dns = &d.config.dns;
    assert_int_equal(dns->udp_size_count, 2);
    assert_string_equal(network_format(&dns->udp_sizes[0].from, from), "127.0.0.0/8");
    assert_int_equal(dns->udp_sizes[0].size, 8192);
    assert_string_equal(network_format(&dns->udp_sizes[1].from, from), "2001:db8::/32");
    assert_int_equal(dns->udp_sizes[1].size, 512);
    assert_sources(&d.config.registration, "10.1.0.0/16 deny,0.0.0.0/0 key,");
    assert_strings(d.config.registration.protected_services, "default/db-*,*/x,");
    assert_string_equal(d.keys_file.path, "etc/k/keys.yaml");
    config_draft_deinit(&d);
}

static void test_advertise_local(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool automatic;
        const char *v4, *v6;
    } cases[] = {
        {"registration: {advertise_local: auto}", true, "-", "-"},
        {"registration: {advertise_local: loopback}", false, "-", "-"},
        {"registration: {advertise_local: 10.0.0.7}", false, "10.0.0.7", "-"},
        {"registration: {advertise_local: \"2001:db8::7\"}", false, "-", "2001:db8::7"},
        {"registration: {advertise_local: [\"2001:db8::7\", 10.0.0.7]}", false, "10.0.0.7",
         "2001:db8::7"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct config_draft d = parse(cases[i].text);
        char text[ADDR_TEXT];
        assert_int_equal(d.config.advertise_local_auto, cases[i].automatic);
        assert_string_equal(addr_format(&d.config.registration.local_v4, text), cases[i].v4);
        assert_string_equal(addr_format(&d.config.registration.local_v6, text), cases[i].v6);
        config_draft_deinit(&d);
    }
}

/* The folders take their parts over and leave them zeroed. */
static void test_free_after_parts_were_taken(void **state UNUSED)
{
    struct config *c = load(EXAMPLE);
    struct dns_config dns = c->dns;
    struct reg_config reg = c->registration;
    struct http_config http = c->http;
    c->dns = (struct dns_config){0};
    c->registration = (struct reg_config){0};
    c->http = (struct http_config){0};
    dns_config_deinit(&dns);
    reg_config_deinit(&reg);
    http_config_deinit(&http);
    assert_string_equal(c->registry.weight_key, "weight");
    config_free(c);
    config_free(NULL);
}

/* ---- help -------------------------------------------------------------------------------- */

static char *help_text(void)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    config_help(to);
    fclose(to);
    return text;
}

static void test_help_names_every_key(void **state UNUSED)
{
    char *help = help_text();
    for (size_t i = 0; i < config_key_count(); i++) {
        const struct config_key *key = config_key_at(i);
        const char *colon = strchr(key->path, ':');
        char line[128];
        snprintf(line, sizeof line, "\n%s\n", colon ? colon + 1 : key->path);
        if (!strstr(help, line))
            fail_msg("%s is not in the help", key->path);
        assert_non_null(key->help);
        assert_non_null(key->what);
    }
    assert_non_null(strstr(help, "\ndns.udp_max_size\n"
                                 "    Largest answer over UDP in bytes, whatever the asker would "
                                 "take.\n"
                                 "    a number from 512 to 8192\n"
                                 "    default: 1232\n"));
    assert_non_null(
        strstr(help, "    a number of instances, a share such as \"50%\", or 0 = none\n"));
    assert_non_null(strstr(help, "    demote or withdraw\n"));
    free(help);
}

static void test_no_key_twice(void **state UNUSED)
{
    for (size_t i = 0; i < config_key_count(); i++)
        assert_ptr_equal(config_key_find(config_key_at(i)->path), config_key_at(i));
    assert_null(config_key_find("dns.nothing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_shipped_example),
        cmocka_unit_test(test_nothing_said),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_memory_only),
        cmocka_unit_test(test_listeners),
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_permanent),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_sources_and_sizes),
        cmocka_unit_test(test_advertise_local),
        cmocka_unit_test(test_free_after_parts_were_taken),
        cmocka_unit_test(test_help_names_every_key),
        cmocka_unit_test(test_no_key_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

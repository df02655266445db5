/* Bad configurations: each with exactly the place and the words that a user gets. */
#include "unit/server/common.h"

#include "server/config_draft.h"
#include "server/config_file.h"

struct bad_file {
    const char *text, *fault; /* "line:column: words" */
};

static void print_fault(const struct config_fault *fault, char *out, size_t size)
{
    FILE *to = fmemopen(out, size, "w");
    assert_non_null(to);
    config_fault_print(fault, to);
    fclose(to);
    out[strcspn(out, "\n")] = '\0';
}

static void assert_fault(const struct config_fault *fault, const char *file, const char *expected)
{
    char printed[900], whole[900];
    print_fault(fault, printed, sizeof printed);
    snprintf(whole, sizeof whole, "%s:%s", file, expected);
    assert_string_equal(printed, whole);
}

#define TOP_KEYS                                                                                   \
    "data_dir, user, zones, selectors, dns, registration, lease, guard, probe, "                   \
    "service_retention, limits, weight_key, http, log"

static const struct bad_file bad_configs[] = {
    {"foo: 1\n", "1:1: unknown key 'foo'; known here: " TOP_KEYS},
    {"\"a\\nb\": 1\n", "1:1: unknown key 'a?b'; known here: " TOP_KEYS},
    {"lsten: []\n", "1:1: unknown key 'lsten'; known here: " TOP_KEYS},
    {"dns: {udp_max_size: 70000}\n",
     "1:21: \"70000\" is not a UDP size, expected a number from 512 to 8192"},
    {"dns:\n"
     "  udp_max_size: 511\n",
     "2:17: \"511\" is not a UDP size, expected a number from 512 to 8192"},
    {"dns: {udp_max_size: 0x200}\n",
     "1:21: \"0x200\" is not a UDP size, expected a number from 512 to 8192"},
    {"dns: {udp_max_size: 01232}\n",
     "1:21: \"01232\" is not a UDP size, expected a number from 512 to 8192"},
    {"dns: {udp_max_size: \"1232\"}\n",
     "1:21: \"1232\" is not a UDP size, expected a number from 512 to 8192, without quotes"},
    {"dns: {udp_max_size: -1}\n",
     "1:21: \"-1\" is not a UDP size, expected a number from 512 to 8192"},
    {"dns: {udp_max_size: [1232]}\n",
     "1:21: a list is not a UDP size, expected a number from 512 to 8192"},
    {"dns: {udp_max_size: }\n", "1:21: no value, expected a number from 512 to 8192"},
    {"dns: [1]\n", "1:6: a list is not a section, expected keys and values (name: value)"},
    {"dns: {listen: []}\n", "1:15: an empty list, expected at least one entry"},
    {"dns: {listen: 127.0.0.1:53}\n",
     "1:15: \"127.0.0.1:53\" is not a list, expected a list of addresses with port"},
    {"dns: {listen: [\"127.0.0.1\"]}\n",
     "1:16: \"127.0.0.1\" is not an address with port, expected e.g. \"127.0.0.1:5300\" or "
     "\"[::1]:5300\""},
    {"dns: {listen: [\"localhost:53\"]}\n",
     "1:16: \"localhost:53\" is not an address with port, expected e.g. \"127.0.0.1:5300\" "
     "or \"[::1]:5300\""},
    {"dns: {listen: [\"::1:53\"]}\n",
     "1:16: \"::1:53\" is not an address with port, expected e.g. \"127.0.0.1:5300\" or "
     "\"[::1]:5300\""},
    {"dns:\n"
     "  listen:\n"
     "    - 127.0.0.1:53\n"
     "    - \"[::1]:53\"\n"
     "    - 127.0.0.1:53\n",
     "5:7: \"127.0.0.1:53\" is there twice"},
    {"dns: {listen: [\"224.0.0.1:53\"]}\n",
     "1:16: \"224.0.0.1:53\" is not an address with port, expected e.g. \"127.0.0.1:5300\" "
     "or \"[::1]:5300\""},
    {"dns: {tcp: {idle: 10s}}\n",
     "1:19: \"10s\" is not a time, expected a number of seconds from 1 to 3600"},
    {"dns: {tcp: {idle: 0}}\n",
     "1:19: \"0\" is not a time, expected a number of seconds from 1 to 3600"},
    {"dns: {tcp: {conections: 1}}\n",
     "1:13: unknown key 'conections', did you mean 'connections'? known here: connections, "
     "connections_per_ip, idle, message_timeout, pipeline"},
    {"dns: {udp_sizes: [{from: 127.0.0.0/8}]}\n", "1:19: 'size' is missing, expected a UDP size"},
    {"dns: {udp_sizes: [{from: 127.0.0.0/8, size: 9000}]}\n",
     "1:45: \"9000\" is not a UDP size, expected a number from 512 to 8192"},
    {"dns: {udp_sizes: [{from: 127.0.0.1/8, size: 4096}]}\n",
     "1:26: \"127.0.0.1/8\" is not a network, expected a prefix of at most 32 or 128 bits "
     "and only zeros behind it"},
    {"dns: {udp_sizes: [{from: 10.0.0.0/33, size: 4096}]}\n",
     "1:26: \"10.0.0.0/33\" is not a network, expected a prefix of at most 32 or 128 bits "
     "and only zeros behind it"},
    {"dns: {udp_sizes: [{from: ten, size: 4096}]}\n",
     "1:26: \"ten\" is not a network, expected an address, or e.g. 10.0.0.0/8"},
    {"dns: {udp_sizes: [8192]}\n",
     "1:19: \"8192\" is not a section, expected keys and values (name: value)"},
    {"zones: []\n", "1:8: an empty list, expected at least one entry"},
    {"zones: disc.local\n", "1:8: \"disc.local\" is not a list, expected a list of zones"},
    {"zones: [{namespace: default}]\n", "1:9: 'name' is missing, expected a zone name"},
    {"zones: [{name: disc..local}]\n",
     "1:16: \"disc..local\" is not a zone name, expected a domain name"},
    {"zones: [{name: \"disc local\"}]\n",
     "1:16: \"disc local\" is not a zone name, expected a domain name"},
    {"zones: [~]\n", "1:9: 'name' is missing, expected a zone name"},
    {"zones:\n"
     "  - name: disc.local\n"
     "  - name: disc.internal\n"
     "  - name: DISC.local.\n",
     "4:11: zone \"DISC.local.\" is there twice, first at 2:11"},
    {"zones: [{name: a, namespace: not_a_label}]\n",
     "1:30: \"not_a_label\" is not a namespace, expected a label of at most 32 letters, "
     "digits and hyphens; \"\" = none"},
    {"zones: [{name: a, ttl: 86401}]\n",
     "1:24: \"86401\" is not a TTL, expected a number of seconds from 0 to 86400"},
    {"zones: [{name: a, file: ~}]\n", "1:25: no value, expected the name of a file"},
    {"zones: [{name: a, services: {\"a/b\": {ttl: 1}}}]\n",
     "1:30: \"a/b\" is not a pattern of service names, expected letters, digits, - _ . and "
     "* ? [...]"},
    {"zones: [{name: a, services: {\"web-*\": {ttl: 1, max_answer: 3}}}]\n",
     "1:48: unknown key 'max_answer', did you mean 'max_answers'? known here: ttl, "
     "negative_ttl, max_answers, srv_weight_scale, permanent, stale, floor, probe, locality, "
     "spill_over"},
    {"zones: [{name: a, services: {\"web-*\": {permanent: yes}}}]\n",
     "1:51: \"yes\" is not a truth value, expected false or true"},
    {"zones: [{name: a, services: {\"web-*\": {permanent: \"true\"}}}]\n",
     "1:51: \"true\" is not a truth value, expected false or true, without quotes"},
    {"zones: [{name: a, services: {x: {stale: keep}}}]\n",
     "1:41: \"keep\" is not a rule for stale instances, expected demote or withdraw"},
    {"zones:\n"
     "  - name: a\n"
     "    services:\n"
     "      x: {ttl: 1, floor: -1}\n",
     "4:26: \"-1\" is not a floor, expected a number of instances, a share such as \"50%\", or "
     "0 = none"},
    {"zones: [{name: a, services: {x: {floor: 101%}}}]\n",
     "1:41: \"101%\" is not a floor, expected a number of instances, a share such as \"50%\", or "
     "0 = none"},
    {"zones: [{name: a, services: {x: {floor: \"%\"}}}]\n",
     "1:41: \"%\" is not a floor, expected a number of instances, a share such as \"50%\", or "
     "0 = none"},
    {"zones: [{name: a, services: {x: {floor: 1000001}}}]\n",
     "1:41: \"1000001\" is not a floor, expected a number of instances, a share such as \"50%\", "
     "or 0 = none"},
    {"zones: [{name: a, services: {x: {floor: [1]}}}]\n",
     "1:41: a list is not a floor, expected a number of instances, a share such as \"50%\", or "
     "0 = none"},
    {"zones: [{name: a, services: {x: {floor: ~}}}]\n",
     "1:41: no value, expected a number of instances, a share such as \"50%\", or 0 = none"},
    {"zones: [{name: a, services: {x: {probe: 1}}}]\n",
     "1:41: \"1\" is not a truth value, expected false or true"},
    {"zones:\n"
     "  - name: a\n"
     "    services: {w: {probe: false}, x: {ttl: 1}}\n"
     "  - name: b\n"
     "    services:\n"
     "      w: {ttl: 1}\n"
     "      x: {probe: true}\n"
     "probe: {networks: []}\n",
     "7:18: a probe without networks to probe, expected them to be named then: probe: "
     "{networks: [10.0.0.0/8]}"},
    {"guard: {hosts_min: many}\n",
     "1:20: \"many\" is not a number of hosts, expected a number from 0 to 1000000"},
    {"guard: {threshold: 0}\n", "1:20: \"0\" is not a percentage, expected a number from 1 to 100"},
    {"guard: {threshold: 85%}\n",
     "1:20: \"85%\" is not a percentage, expected a number from 1 to 100"},
    {"guard: {hold: 86401}\n",
     "1:15: \"86401\" is not a time, expected a number of seconds from 1 to 86400"},
    {"guard:\n"
     "  zones: [eu]\n",
     "2:10: a list is not a truth value, expected false or true"},
    {"guard: {treshold: 85}\n",
     "1:9: unknown key 'treshold', did you mean 'threshold'? known here: hosts_min, threshold, "
     "hold, zones"},
    {"probe: {networks: 10.0.0.0/8}\n",
     "1:19: \"10.0.0.0/8\" is not a list, expected a list of networks"},
    {"probe: {networks: [10.0.0.0/8, 10.0.0.1/8]}\n",
     "1:32: \"10.0.0.1/8\" is not a network, expected an address, or e.g. 10.0.0.0/8"},
    {"probe: {timeout: 61}\n",
     "1:18: \"61\" is not a time, expected a number of seconds from 1 to 60"},
    {"probe: {concurrency: 0}\n",
     "1:22: \"0\" is not a number of connections, expected a number from 1 to 4096"},
    {"zones: [{name: a, namespace: \"\", services: {\"web-*\": {ttl: 1}}}]\n",
     "1:44: services of a zone without a namespace, expected `namespace:` in it"},
    {"zones: [{name: a, srv_weight_scale: 0}]\n",
     "1:37: \"0\" is not a scale, expected a number from 1 to 65535"},
    {"selectors: [team, \"a b\"]\n",
     "1:19: \"a b\" is not a metadata key, expected letters, digits, . _ -"},
    {"registration: {advertise_local: always}\n",
     "1:33: \"always\" is not an address to advertise, expected auto, loopback, an "
     "address, or a list of one IPv4 and one IPv6 address"},
    {"registration: {advertise_local: [10.0.0.1, 10.0.0.2]}\n",
     "1:44: a second IPv4 address, expected at most one"},
    {"registration: {advertise_local: 0.0.0.0}\n",
     "1:33: \"0.0.0.0\" is not an address to advertise, expected auto, loopback, an "
     "address, or a list of one IPv4 and one IPv6 address"},
    {"registration: {sources: [{from: 10.0.0.0/8, auth: opne}]}\n",
     "1:51: \"opne\" is not an authentication, expected deny, open, cookie or key"},
    {"registration:\n"
     "  sources:\n"
     "    - {from: 10.0.0.0/8, auth: key}\n",
     "3:32: \"key\" without any key, expected registration.keys to be set then"},
    {"registration: {protected: [web]}\n",
     "1:28: \"web\" is not a pattern NAMESPACE/SERVICE, expected e.g. default/web-*"},
    {"registration: {rate: 0}\n", "1:22: \"0\" is not a rate, expected a number from 1 to 1000000"},
    {"lease: {default: 4}\n",
     "1:18: lease.default 4 is below lease.min 5, expected min <= default <= max"},
    {"lease:\n"
     "  max: 20\n",
     "2:8: lease.default 30 is above lease.max 20, expected min <= default <= max"},
    {"lease: {min: 60, max: 50}\n",
     "1:14: lease.min 60 is above lease.max 50, expected min <= default <= max"},
    {"lease: {default: 301}\n",
     "1:18: lease.default 301 is above lease.max 300, expected min <= default <= max"},
    {"lease: {min: 0}\n",
     "1:14: \"0\" is not a lease, expected a number of seconds from 1 to 86400"},
    {"http:\n"
     "  listen: [\"127.0.0.1:5380\", \"10.0.0.7:5380\"]\n",
     "2:30: 10.0.0.7:5380 is not on loopback, expected http.token_file to be set then"},
    {"http: {listen: [\"[::]:5380\"]}\n",
     "1:17: [::]:5380 is not on loopback, expected http.token_file to be set then"},
    {"http: {listen: [\"127.0.0.1:1\", \"[::]:5380\"], token_file: t}\n",
     "1:32: [::]:5380 is not on loopback, expected http.tls to be set then, or http.cleartext: "
     "true where something in front does TLS"},
    {"http: {listen: [\"[::]:5380\"], cleartext: true}\n",
     "1:17: [::]:5380 is not on loopback, expected http.token_file to be set then"},
    {"http: {tls: {certificate: c}}\n",
     "1:27: a certificate alone, expected http.tls.key to be set then"},
    {"http: {tls: {key: k}}\n", "1:19: a key alone, expected http.tls.certificate to be set then"},
    {"http: {cleartext: 1}\n", "1:19: \"1\" is not a truth value, expected false or true"},
    {"http: {writes: token}\n",
     "1:16: writes need a token, expected http.token_file to be set then"},
    {"http: {writes: always}\n",
     "1:16: \"always\" is not a rule for writes, expected token or loopback"},
    {"http: {reads: token}\n", "1:15: reads need a token, expected http.token_file to be set then"},
    {"http: {hosts: [\"a/b\"]}\n",
     "1:16: \"a/b\" is not a host name, expected a name, with or without port"},
    {"http: {token_file: [a]}\n",
     "1:20: a list is not a file, expected the name of a file; \"\" = none"},
    {"log: {level: verbose}\n",
     "1:14: \"verbose\" is not a log level, expected error, warn, info or debug"},
    {"log: {level: info}\n"
     "log: {level: warn}\n",
     "2:1: key \"log\" is there twice, first at 1:1"},
    {"weight_key: \"\"\n"
     "x.y: 1\n",
     "2:1: unknown key 'x.y'; known here: " TOP_KEYS},
    {"dns.tcp: {idle: 5}\n", "1:1: unknown key 'dns.tcp'; known here: " TOP_KEYS},
    {"weight_key: a b\n",
     "1:13: \"a b\" is not a metadata key, expected letters, digits, . _ -; \"\" = none"},
    {"- dns\n", "1:1: a list is not a section, expected keys and values (name: value)"},
    {"just words\n",
     "1:1: \"just words\" is not a section, expected keys and values (name: value)"},
    {"limits: {instances: 18446744073709551616}\n",
     "1:21: \"18446744073709551616\" is not a number of instances, expected a number from "
     "1 to 100000000"},
    {"dns: {workers: \"a\\tb\\x01\"}\n",
     "1:16: \"a\\x09b\\x01\" is not a number of workers, expected a number from 0 to 256, "
     "without quotes"},
    {"dns: {workers: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg}\n",
     "1:16: \"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff...\" is not a "
     "number of workers, expected a number from 0 to 256"},
    {"log: {audit: stdout}\n",
     "1:14: \"stdout\" is not a place for the audit log, expected stderr, "
     "off, or the name of a file"},
    {"data_dir:\n", "1:10: no value, expected the name of a folder; \"\" = nothing is stored"},
    {"data_dir: {a: b}\n",
     "1:11: a map is not a folder, expected the name of a folder; \"\" = nothing is stored"},
};

static void test_bad_configs(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad_configs); i++) {
        const char *text = bad_configs[i].text;
        struct config_draft draft;
        struct config_fault fault = {0};
        if (!config_parse("etc/discd.yaml", text, strlen(text), &draft, &fault))
            fail_msg("this was taken:\n%s", text);
        assert_fault(&fault, "etc/discd.yaml", bad_configs[i].fault);
    }
}

/* Wherever a secret stands in these files it says "hush", in base64 aHVz. */
static const struct bad_file bad_keys[] = {
    {"{}\n", "1:1: 'keys' is missing, expected a list of keys"},
    {"keys:\n", "1:6: no value, expected a list of keys"},
    {"keys: hushhushhushhush\n", "1:7: this value is not a list, expected a list of keys"},
    {"keys: [hushhushhushhush]\n",
     "1:8: this value is not a section, expected keys and values (name: value)"},
    {"keys: [{id: a}]\n", "1:8: 'secret' is missing, expected a secret"},
    {"keys: [{secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=}]\n", "1:8: 'id' is missing, expected a key id"},
    {"keys: [{id: A, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=}]\n",
     "1:13: this value is not a key id, expected 1 to 32 of a-z 0-9 . _ -"},
    {"keys: [{id: a, secret: not-base64-hush}]\n",
     "1:24: this value is no whole base64 (cut off, or changed?), expected 16 to 64 bytes in "
     "base64"},
    {"keys: [{id: a, secret: aHVzaA==}]\n",
     "1:24: a secret of 4 bytes, expected at least 16, better 32"},
    {"keys: [{id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g}]\n",
     "1:24: this value is no whole base64 (cut off, or changed?), expected 16 to 64 bytes in "
     "base64"},
    {"keys: [{id: a, secret: "
     "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=}]\n",
     "1:24: this value is not a secret, expected 16 to 64 bytes in base64"},
    {"keys: [{id: a, secret: [aHVzaGh1c2hodXNoaHVzaGh1c2g=]}]\n",
     "1:24: a list is not a secret, expected 16 to 64 bytes in base64"},
    {"keys: [{id: a, aHVzaGh1c2hodXNoaHVzaGh1c2g=: 1}]\n",
     "1:16: unknown key; known here: id, secret, next, not_before, not_after, permanent, "
     "quota, grants"},
    {"keys: [{id: a, secrt: aHVzaGh1c2hodXNoaHVzaGh1c2g=}]\n",
     "1:16: unknown key 'secrt', did you mean 'secret'? known here: id, secret, next, "
     "not_before, not_after, permanent, quota, grants"},
    {"keys: [{id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=, next: x}]\n",
     "1:60: this value is no whole base64 (cut off, or changed?), expected 16 to 64 bytes in "
     "base64"},
    {"keys: [{id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=, not_before: 2030}]\n",
     "1:66: this value is not a time, expected e.g. 2030-01-31, 2030-01-31T12:00:00Z, or "
     "Unix seconds"},
    {"keys: [{id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=, not_before: 2030-02-29}]\n",
     "1:66: this value is not a time, expected e.g. 2030-01-31, 2030-01-31T12:00:00Z, or "
     "Unix seconds"},
    {"keys:\n"
     "  - id: a\n"
     "    secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=\n"
     "    not_before: 2030-01-02\n"
     "    not_after: 2030-01-01\n",
     "5:16: not_after is not behind not_before, expected a later time"},
    {"keys:\n"
     "  - {id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=}\n"
     "  - {id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=}\n",
     "3:10: key \"a\" is there twice"},
    {"keys: [{id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=, grants: [{}]}]\n",
     "1:63: 'services' is missing, expected a pattern NAMESPACE/SERVICE"},
    {"keys: [{id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=, grants: [{services: []}]}]\n",
     "1:74: an empty list, expected at least one entry"},
    {"keys: [{id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=, grants: [{services: [web]}]}]\n",
     "1:75: this value is not a pattern NAMESPACE/SERVICE, expected e.g. default/web-*"},
    {"keys: [{id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=, grants: [{services: [\"a/*\"], "
     "verbs: [hello]}]}]\n",
     "1:91: this value is not a verb, expected reg, ren, upd, del or get"},
    {"keys: [{id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=, grants: [{services: [\"a/*\"], "
     "advertise: [10.0.0.1/8]}]}]\n",
     "1:95: this value is not a network, expected an address, or e.g. 10.0.0.0/8"},
    {"keys: [{id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=, permanent: 1}]\n",
     "1:65: this value is not a truth value, expected false or true"},
    {"keys: [{id: a, secret: aHVzaGh1c2hodXNoaHVzaGh1c2g=, quota: many}]\n",
     "1:61: this value is not a number of instances, expected a number from 0 to 100000000"},
    {"hush: 1\n"
     "hush: 2\n",
     "2:1: key is there twice, first at 1:1"},
};

static void test_bad_keys(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad_keys); i++) {
        const char *text = bad_keys[i].text;
        struct reg_config reg = {0};
        struct config_fault fault = {0};
        if (!config_parse_keys("keys.yaml", text, strlen(text), &reg, &fault))
            fail_msg("this was taken:\n%s", text);
        reg_config_deinit(&reg);
        assert_fault(&fault, "keys.yaml", bad_keys[i].fault);
        assert_null(strstr(fault.text, "hush"));
        assert_null(strstr(fault.text, "aHVz"));
    }
}

/* ---- how a fault is printed ------------------------------------------------------------- */

static void test_print(void **state UNUSED)
{
    char out[900];
    struct config_fault fault = {.file = "f", .text = "words"};
    print_fault(&fault, out, sizeof out);
    assert_string_equal(out, "f: words");
    fault.line = 3;
    print_fault(&fault, out, sizeof out);
    assert_string_equal(out, "f:3: words");
    fault.file[0] = '\0';
    fault.line = 0;
    print_fault(&fault, out, sizeof out);
    assert_string_equal(out, "words");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_configs),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

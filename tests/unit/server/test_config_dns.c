/* What discd.yaml says of the DNS server's peers, places, limits and identities: how it is
 * read, and with which words bad values are refused. */
#include "unit/server/common.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config_draft.h"
#include "server/config_file.h"

#define SECRET_16 "aHVzaGh1c2hodXNoaHVzaA==" /* hushhushhushhush */

static struct config_draft parse(const char *text)
{
    struct config_draft d;
    struct config_fault fault = {0};
    if (config_parse("discd.yaml", text, strlen(text), &d, &fault))
        fail_msg("%u:%u: %s", fault.line, fault.column, fault.text);
    return d;
}

static void assert_network(const struct network *n, const char *expected)
{
    char text[NETWORK_TEXT];
    assert_string_equal(network_format(n, text), expected);
}

/* ---- what is read ------------------------------------------------------------------------ */

static void test_defaults(void **state UNUSED)
{
    static const char *const watched[] = {"10.0.0.0/8",   "172.16.0.0/12", "192.168.0.0/16",
                                          "fc00::/7",     "fe80::/10",     "169.254.0.0/16",
                                          "100.64.0.0/10"};
    struct config_draft d = parse("{}");
    const struct dns_config *dns = &d.config.dns;
    const struct dns_zone_config *z = &dns->zones[0];
    assert_int_equal(z->transfer_count + z->notify_count + z->grant_count, 0);
    assert_int_equal(z->journal_max, 16 << 20);
    assert_int_equal(z->update_lease_min_s, 30);
    assert_int_equal(z->update_lease_max_s, 86400);
    assert_null(z->reverse);
    assert_int_equal(dns->rrl.responses, 200);
    assert_int_equal(dns->rrl.nxdomains, 200);
    assert_int_equal(dns->rrl.errors, 200);
    assert_int_equal(dns->rrl.slip, 2);
    assert_false(dns->rrl.log_only);
    assert_int_equal(dns->rrl.exempt_count, 2);
    assert_network(&dns->rrl.exempt[0], "127.0.0.0/8");
    assert_network(&dns->rrl.exempt[1], "::1/128");
    assert_int_equal(dns->rrl.watched_count, ARRAY_COUNT(watched));
    for (size_t i = 0; i < ARRAY_COUNT(watched); i++)
        assert_network(&dns->rrl.watched[i], watched[i]);
    assert_true(dns->cookies);
    assert_int_equal(dns->cookie_secret_count + dns->key_count + dns->place_count, 0);
    assert_false(dns->any_full);
    assert_null(dns->nsid);
    assert_null(dns->version);
    assert_null(dns->server_id);
    assert_int_equal(dns->keepalive_ms, 10000);
    assert_string_equal(d.config.dnstap.socket, "");
    assert_string_equal(d.config.dnstap.file, "");
    assert_true(d.config.dnstap.queries && d.config.dnstap.responses);
    config_draft_deinit(&d);
}

static void test_peers(void **state UNUSED)
{
    char text[ENDPOINT_TEXT];
    struct config_draft d = parse(
        "zones:\n"
        "  - name: disc.local\n"
        "    transfer:\n"
        "      - {key: Sec.Example.}\n"
        "      - {from: 192.0.2.0/24}\n"
        "      - {from: \"2001:db8::/32\", key: other}\n"
        "    notify: [{to: 192.0.2.7, key: other}, {to: \"[2001:db8::7]:5353\"}]\n"
        "    ixfr_journal: 0\n"
        "    update:\n"
        "      - {key: other, names: [\"*.Web.disc.local.\", a], types: [SRV, aaaa, TYPE65280]}\n"
        "      - {key: sec.example}\n"
        "    update_lease: {min: 60, max: 600}\n");
    const struct dns_zone_config *z = &d.config.dns.zones[0];
    assert_int_equal(z->transfer_count, 3);
    assert_true(z->transfers[0].anywhere);
    assert_string_equal(z->transfers[0].key, "sec.example");
    assert_false(z->transfers[1].anywhere);
    assert_network(&z->transfers[1].from, "192.0.2.0/24");
    assert_null(z->transfers[1].key);
    assert_network(&z->transfers[2].from, "2001:db8::/32");
    assert_string_equal(z->transfers[2].key, "other");
    assert_int_equal(z->notify_count, 2);
    assert_string_equal(endpoint_format(&z->notify[0].to, text), "192.0.2.7:53");
    assert_string_equal(z->notify[0].key, "other");
    assert_string_equal(endpoint_format(&z->notify[1].to, text), "[2001:db8::7]:5353");
    assert_null(z->notify[1].key);
    assert_int_equal(z->journal_max, 0);
    assert_int_equal(z->grant_count, 2);
    assert_string_equal(z->grants[0].names[0], "*.web.disc.local");
    assert_string_equal(z->grants[0].names[1], "a");
    assert_null(z->grants[0].names[2]);
    assert_int_equal(z->grants[0].type_count, 3);
    assert_int_equal(z->grants[0].types[0], 33);
    assert_int_equal(z->grants[0].types[1], 28);
    assert_int_equal(z->grants[0].types[2], 65280);
    assert_int_equal(z->grants[1].type_count, 0);
    assert_int_equal(z->update_lease_min_s, 60);
    assert_int_equal(z->update_lease_max_s, 600);
    assert_int_equal(d.tsig_refs.count, 5);
    config_draft_deinit(&d);
}

static void test_reverse(void **state UNUSED)
{
    struct config_draft d = parse("zones:\n"
                                  "  - {name: 10.in-addr.arpa, reverse: DISC.local.}\n"
                                  "  - {name: disc.local, services: {w: {locality: alone, "
                                  "spill_over: \"25%\"}}}\n"
                                  "  - {name: 8.b.d.0.1.0.0.2.ip6.arpa., reverse: disc.local, "
                                  "namespace: \"\"}\n");
    const struct dns_config *dns = &d.config.dns;
    assert_null(dns->zones[0].ns);
    assert_string_equal(dns->zones[0].reverse, "DISC.local.");
    assert_string_equal(dns->zones[1].ns, "default");
    assert_int_equal(dns->zones[1].rules[0].locality, DNS_LOCALITY_ALONE);
    assert_int_equal(dns->zones[1].rules[0].spill_over, 25);
    assert_int_equal(dns->zones[1].rules[0].ttl, DNS_UNSET);
    assert_null(dns->zones[2].ns);
    config_draft_deinit(&d);
}

static void test_dns_section(void **state UNUSED)
{
    struct config_draft d =
        parse("dns:\n"
              "  places:\n"
              "    - {from: 10.1.0.0/16, zone: r1, region: north}\n"
              "    - {from: 10.0.0.0/8, region: north}\n"
              "  ecs_from: [10.0.0.53]\n"
              "  cookies: false\n"
              "  rrl: {responses: 0, nxdomains: 1, errors: 2, slip: 0, log_only: true,\n"
              "        exempt: [], watched: [192.0.2.0/24]}\n"
              "  any: full\n"
              "  nsid: 0x00fF\n"
              "  version: disc 1\n"
              "  server_id: ns1\n"
              "  tcp: {idle: 3}\n"
              "  dnstap: {socket: tap.sock, messages: [query]}\n");
    const struct dns_config *dns = &d.config.dns;
    assert_int_equal(dns->place_count, 2);
    assert_network(&dns->places[0].from, "10.1.0.0/16");
    assert_string_equal(dns->places[0].zone, "r1");
    assert_string_equal(dns->places[0].region, "north");
    assert_null(dns->places[1].zone);
    assert_int_equal(dns->ecs_from_count, 1);
    assert_false(dns->cookies);
    assert_int_equal(dns->rrl.responses, 0);
    assert_int_equal(dns->rrl.nxdomains, 1);
    assert_int_equal(dns->rrl.errors, 2);
    assert_int_equal(dns->rrl.slip, 0);
    assert_true(dns->rrl.log_only);
    assert_int_equal(dns->rrl.exempt_count, 0);
    assert_int_equal(dns->rrl.watched_count, 1);
    assert_true(dns->any_full);
    assert_int_equal(dns->nsid_size, 2);
    assert_memory_equal(dns->nsid, "\x00\xff", 2);
    assert_string_equal(dns->version, "disc 1");
    assert_string_equal(dns->server_id, "ns1");
    assert_int_equal(dns->keepalive_ms, 3000);
    assert_string_equal(d.config.dnstap.socket, "tap.sock");
    assert_true(d.config.dnstap.queries);
    assert_false(d.config.dnstap.responses);
    config_draft_deinit(&d);
    d = parse("dns: {nsid: \"0xff\"}\n"); /* in quotes it is text */
    assert_int_equal(d.config.dns.nsid_size, 4);
    config_draft_deinit(&d);
}

static void test_secret_files(void **state UNUSED)
{
    static const char tsig[] =
        "keys:\n"
        "  - {name: Deploy.Example., secret: " SECRET_16 "}\n"
        "  - {name: b, algorithm: hmac-sha512, secret: " SECRET_16 ", quota: 7}\n";
    static const char cookies[] = "secrets: [000102030405060708090a0b0c0d0e0f,\n"
                                  "          \"F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF\"]\n";
    struct dns_config dns = {0};
    struct config_fault fault = {0};
    assert_int_equal(config_parse_tsig("t", tsig, sizeof tsig - 1, &dns, &fault), ERR_OK);
    assert_int_equal(config_parse_cookies("c", cookies, sizeof cookies - 1, &dns, &fault), ERR_OK);
    assert_int_equal(dns.key_count, 2);
    assert_string_equal(dns.keys[0].name, "deploy.example");
    assert_int_equal(dns.keys[0].algorithm, TSIG_SHA256);
    assert_int_equal(dns.keys[0].secret_size, 16);
    assert_memory_equal(dns.keys[0].secret, "hushhushhushhush", 16);
    assert_int_equal(dns.keys[0].quota, 0);
    assert_int_equal(dns.keys[1].quota, 7);
    assert_int_equal(dns.keys[1].algorithm, TSIG_SHA512);
    assert_int_equal(dns.cookie_secret_count, 2);
    assert_int_equal(dns.cookie_secrets[0][15], 15);
    assert_int_equal(dns.cookie_secrets[1][0], 0xf0);
    dns_config_deinit(&dns);
}

/* ---- what is refused --------------------------------------------------------------------- */

struct bad_file {
    const char *text, *fault; /* "line:column: words" */
};

static void assert_fault(const struct config_fault *fault, const char *expected)
{
    char whole[900];
    snprintf(whole, sizeof whole, "%u:%u: %s", fault->line, fault->column, fault->text);
    assert_string_equal(whole, expected);
}

#define ZONE(rest) "zones: [{name: d.test, " rest "}]\n"

static const struct bad_file bad_configs[] = {
    {ZONE("transfer: [{}]"), "1:35: an access rule that names nobody, expected `from:` (a "
                             "network), `key:` or both"},
    {ZONE("transfer: [{from: x}]"),
     "1:42: \"x\" is not a network, expected an address, or e.g. 10.0.0.0/8"},
    {ZONE("transfer: [{key: a..b}]"),
     "1:41: \"a..b\" is not a key name, expected the name of a key of dns.keys"},
    {"zones: [{name: a.test, namespace: a}, {name: 10.in-addr.arpa, reverse: a.test, update: "
     "[{key: k, names: [\"*\"]}]}]\n",
     "1:88: updates of a reverse zone, expected none: it follows its instances"},
    {ZONE("notify: [{key: a}]"), "1:33: 'to' is missing, expected an address"},
    {ZONE("notify: [{to: 0.0.0.0}]"),
     "1:38: \"0.0.0.0\" is not an address, expected e.g. 192.0.2.7, \"192.0.2.7:5353\" or "
     "\"[2001:db8::7]:53\""},
    {ZONE("update: [{names: [a]}]"), "1:33: 'key' is missing, expected a key name"},
    {ZONE("update: [{key: a, types: [ANY]}]"),
     "1:50: \"ANY\" is not a record type, expected e.g. SRV, TXT or TYPE65280"},
    {ZONE("update: [{key: a, types: [BOGUS]}]"),
     "1:50: \"BOGUS\" is not a record type, expected e.g. SRV, TXT or TYPE65280"},
    {ZONE("update: [{key: a, names: [\"a b\"]}]"),
     "1:50: \"a b\" is not a pattern of names, expected e.g. \"*.hello-svc.disc.local\""},
    {ZONE("update_lease: {min: 90, max: 60}"),
     "1:38: update_lease.min 90 is above update_lease.max 60, expected min <= max"},
    {ZONE("services: {w: {locality: near}}"),
     "1:49: \"near\" is not a rule of locality, expected prefer, alone or off"},
    {ZONE("services: {w: {spill_over: 50}}"),
     "1:51: \"50\" is not a share, expected a share such as \"50%\""},
    {"zones: [{name: 10.in-addr.arpa, reverse: a.test}]\n",
     "1:42: \"a.test\" is no zone with a namespace in this file, expected one"},
    {"zones: [{name: a.test, namespace: \"\"}, {name: 10.in-addr.arpa, reverse: a.test}]\n",
     "1:73: \"a.test\" is no zone with a namespace in this file, expected one"},
    {"zones: [{name: a.test}, {name: b.test, reverse: a.test}]\n",
     "1:32: a reverse zone outside of in-addr.arpa and ip6.arpa, expected e.g. 10.in-addr.arpa"},
    {"zones: [{name: a.test}, {name: 10.in-addr.arpa, reverse: a.test, namespace: blue}]\n",
     "1:77: a reverse zone with a namespace, expected only one of the two"},
    {"zones: [{name: a.test}, {name: 10.in-addr.arpa, reverse: a.test},\n"
     "  {name: 1.10.in-addr.arpa, reverse: a.test}]\n",
     "2:10: reverse zone \"1.10.in-addr.arpa\" overlaps with \"10.in-addr.arpa\", expected each "
     "address in one of them"},
    {"dns: {places: [{from: 10.0.0.0/8}]}\n",
     "1:16: a place that is none, expected `zone:`, `region:` or both"},
    {"dns: {places: [{from: 10.0.0.0/8, zone: \"a b\"}]}\n",
     "1:41: \"a b\" is not a zone of instances, expected at most 63 characters, without blanks"},
    {"dns: {rrl: {slip: 101}}\n",
     "1:19: \"101\" is not a number of answers, expected a number from 0 to 100"},
    {"dns: {any: yes}\n", "1:12: \"yes\" is not a rule for ANY, expected minimal or full"},
    {"dns: {nsid: 0xabc}\n", "1:13: \"0xabc\" is not an identity, expected at most 255 bytes of "
                             "text or 0x and hexadecimal digits; \"\" = none"},
    {"dns: {dnstap: {socket: a, file: b}}\n",
     "1:33: a file beside a socket, expected only one of the two"},
    {"dns: {dnstap: {messages: [answer]}}\n",
     "1:27: \"answer\" is not a kind of message, expected query or response"},
};

static void test_bad_configs(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad_configs); i++) {
        const char *text = bad_configs[i].text;
        struct config_draft d;
        struct config_fault fault = {0};
        if (!config_parse("discd.yaml", text, strlen(text), &d, &fault))
            fail_msg("this was taken:\n%s", text);
        assert_fault(&fault, bad_configs[i].fault);
    }
}

static const struct bad_file bad_keys[] = {
    {"keys: [{name: a, secret: hush}]\n",
     "1:26: a secret of 3 bytes, expected 16 to 512 bytes in base64"},
    {"keys: [{name: a, secret: \"hush!\"}]\n", "1:26: this value is no whole base64 (cut off, or "
                                               "changed?), expected 16 to 512 bytes in base64"},
    {"keys: [{name: a, algorithm: hush, secret: " SECRET_16 "}]\n",
     "1:29: this value is not an algorithm, expected hmac-sha1, hmac-sha224, hmac-sha256, "
     "hmac-sha384 or hmac-sha512"},
    {"keys: [{name: hush..hush, secret: " SECRET_16 "}]\n",
     "1:15: this value is not a key name, expected a domain name, e.g. deploy.disc.local"},
    {"keys: [{name: a, quota: hush, secret: " SECRET_16 "}]\n",
     "1:25: this value is not a number of instances, expected a number from 0 to 100000000"},
    {"keys: [{secret: " SECRET_16 "}]\n", "1:8: 'name' is missing, expected a key name"},
    {"keys: [{name: a, secret: " SECRET_16 "}, {name: A., secret: " SECRET_16 "}]\n",
     "1:60: key \"a\" is there twice"},
    {"hush: 1\n", "1:1: unknown key; known here: keys"},
};

static void test_bad_keys(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad_keys); i++) {
        const char *text = bad_keys[i].text;
        struct dns_config dns = {0};
        struct config_fault fault = {0};
        if (!config_parse_tsig("tsig.yaml", text, strlen(text), &dns, &fault))
            fail_msg("this was taken:\n%s", text);
        dns_config_deinit(&dns);
        assert_fault(&fault, bad_keys[i].fault);
        assert_null(strstr(fault.text, "hush"));
    }
}

#define HEX "000102030405060708090a0b0c0d0e0f"

static const struct bad_file bad_cookies[] = {
    {"secrets: []\n", "1:10: an empty list, expected at least one entry"},
    {"secrets: [" HEX "00]\n", "1:11: this value is not a secret, expected 32 hexadecimal digits"},
    {"secrets: [\"hushhushhushhushhushhushhushhush\"]\n",
     "1:11: this value is not a secret, expected 32 hexadecimal digits"},
    {"secrets: [" HEX ", " HEX ", " HEX ", " HEX "]\n", "1:10: 4 secrets, expected at most 3"},
};

static void test_bad_cookies(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad_cookies); i++) {
        const char *text = bad_cookies[i].text;
        struct dns_config dns = {0};
        struct config_fault fault = {0};
        if (!config_parse_cookies("cookies.yaml", text, strlen(text), &dns, &fault))
            fail_msg("this was taken:\n%s", text);
        dns_config_deinit(&dns);
        assert_fault(&fault, bad_cookies[i].fault);
    }
}

/* ---- from files -------------------------------------------------------------------------- */

static void write_file(const char *dir, const char *name, mode_t mode, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

/* Loads what stands in the folder: "" = it is good, else the fault without its folder. */
static void load(const char *dir, char *out, size_t size)
{
    char path[200];
    struct config *c = NULL;
    struct config_fault fault = {0};
    snprintf(path, sizeof path, "%s/discd.yaml", dir);
    out[0] = '\0';
    if (config_load(path, &c, &fault))
        snprintf(out, size, "%s:%u:%u: %s", strrchr(fault.file, '/') + 1, fault.line, fault.column,
                 fault.text);
    config_free(c);
}

static void test_files(void **state)
{
    const char *dir = *state;
    char fault[900], expected[900];
    write_file(dir, "discd.yaml", 0644,
               "zones: [{name: d.test, transfer: [{key: who}]}]\n"
               "dns: {keys: tsig.yaml, cookie_secrets: cookies.yaml}\n");
    write_file(dir, "tsig.yaml", 0600, "keys: [{name: who, secret: " SECRET_16 "}]\n");
    write_file(dir, "cookies.yaml", 0600, "secrets: [" HEX "]\n");
    load(dir, fault, sizeof fault);
    assert_string_equal(fault, "");
    write_file(dir, "cookies.yaml", 0640, "secrets: [" HEX "]\n");
    load(dir, fault, sizeof fault);
    snprintf(expected, sizeof expected,
             "discd.yaml:2:40: %s/cookies.yaml is open to others (mode 0640), expected 0600: run "
             "chmod 600 %s/cookies.yaml",
             dir, dir);
    assert_string_equal(fault, expected);
    write_file(dir, "tsig.yaml", 0600, "keys: [{name: other, secret: " SECRET_16 "}]\n");
    load(dir, fault, sizeof fault);
    snprintf(expected, sizeof expected,
             "discd.yaml:1:41: unknown key \"who\", expected one that stands in %s/tsig.yaml", dir);
    assert_string_equal(fault, expected);
    write_file(dir, "discd.yaml", 0644, "zones: [{name: d.test, transfer: [{key: who}]}]\n");
    load(dir, fault, sizeof fault);
    assert_string_equal(fault, "discd.yaml:1:41: key \"who\" without any key, expected dns.keys "
                               "to be set then");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_reverse),
        cmocka_unit_test(test_dns_section),
        cmocka_unit_test(test_secret_files),
        cmocka_unit_test(test_bad_configs),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_bad_cookies),
        cmocka_unit_test_setup_teardown(test_files, folder_make, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

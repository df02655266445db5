/* The words and places of faults in zone files: which token is wrong, and what belongs
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "dns/grant_check.h"
#include "dns/svcb_check.h"
#include "dns/wire.h"
#include "dns/zone.h"

#define HEAD "@ SOA ns.z. host.z. 7 60 10 86400 99\n@ NS ns.other.\n"

static enum err load(const char *text, struct zone **zone, struct dns_fault *fault)
{
    char path[64], name[] = "z";
    int fd = memfd_create("zone", MFD_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct dns_zone_config config = {.name = name, .file = path, .ttl = 5, .negative_ttl = 2};
    *fault = (struct dns_fault){0};
    *zone = NULL;
    enum err err = zone_load(&config, zone, fault);
    close(fd);
    return err;
}

struct bad {
    const char *text;
    unsigned line, column;
    const char *says; /* all of it */
};

static void expect_bad(const struct bad *bad, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct zone *zone;
        struct dns_fault fault;
        enum err err = load(bad[i].text, &zone, &fault);
        if (err != ERR_SYNTAX || fault.line != bad[i].line || fault.column != bad[i].column ||
            strcmp(fault.text, bad[i].says) != 0)
            fail_msg("\"%s\": %s at %u:%u \"%s\"", bad[i].text, err_text(err), fault.line,
                     fault.column, fault.text);
    }
}

static void test_words(void **state)
{
    (void)state;
    static const struct bad bad[] = {
        {HEAD "b A 1.2.3 ; comment\n", 3, 5, "found A '1.2.3', expected an IPv4 address"},
        {HEAD "b 60 IN a 1.2.3\n", 3, 11, "found a '1.2.3', expected an IPv4 address"},
        {HEAD "b A ::1\n", 3, 5, "found A '::1', expected an IPv4 address"},
        {HEAD "b A\n", 3, 4, "found the end of the A record, expected an IPv4 address"},
        {HEAD "b A", 3, 4, "found the end of the A record, expected an IPv4 address"},
        {HEAD "b A 1.2.3.4 5.6.7.8\n", 3, 13,
         "found '5.6.7.8' behind the data of A, expected the record's end"},
        {HEAD "b AAAA 1.2.3.4\n", 3, 8, "found AAAA '1.2.3.4', expected an IPv6 address"},
        {HEAD "b AAAA [::1]\n", 3, 8, "found AAAA '[::1]', expected an IPv6 address"},
        {HEAD "b NS a..b\n", 3, 6, "found NS 'a..b', expected the name of a server"},
        {HEAD "b CNAME .x\n", 3, 9, "found CNAME '.x', expected the target's name"},
        {HEAD "b DNAME\n", 3, 8, "found the end of the DNAME record, expected the target's name"},
        {HEAD "b PTR a..\n", 3, 7, "found PTR 'a..', expected the target's name"},
        {HEAD "b MX mail\n", 3, 6, "found MX 'mail', expected a preference from 0 to 65535"},
        {HEAD "b MX 10\n", 3, 8,
         "found the end of the MX record, expected the name of a mail server"},
        {HEAD "b SRV x 2 3 a\n", 3, 7, "found SRV 'x', expected a priority from 0 to 65535"},
        {HEAD "b SRV 1 65536 3 a\n", 3, 9, "found SRV '65536', expected a weight from 0 to 65535"},
        {HEAD "b SRV 1 2 ( ; more\n   70000\n a )\n", 4, 4,
         "found SRV '70000', expected a port from 0 to 65535"},
        {HEAD "b SRV 1 2 3 a..b\n", 3, 13, "found SRV 'a..b', expected the target's name"},
        {"@ SOA a b x 1 1 1 1\n", 1, 11, "found SOA 'x', expected a serial from 0 to 4294967295"},
        {"@ SOA a..b b 1 1 1 1 1\n", 1, 7, "found SOA 'a..b', expected the name of the primary"},
        {"@ SOA a b 1 1z 1 1 1\n", 1, 13, "found SOA '1z', expected refresh in seconds"},
        {"@ SOA a b 1 1 1\n 1h\n", 1, 16,
         "found the end of the SOA record, expected expire in seconds"},
        {"@ SOA a b 1 1 1 1h (\n\n 2147483648 )\n", 3, 2,
         "found SOA '2147483648', expected the minimum in seconds"},
        {HEAD "b TXT\n", 3, 6, "found the end of the TXT record, expected a text"},
        {HEAD "b IN AX 1.2.3.4\n", 3, 6, "found 'AX', expected a record type"},
        {HEAD "b 3600x IN A 1.2.3.4\n", 3, 3, "found TTL '3600x', expected seconds"},
        {HEAD "b 60 CH A 1.2.3.4\n", 3, 6, "found class CH, expected IN"},
        {HEAD "  \n\nb 60  OPT x\n", 5, 7, "found type 'OPT', expected one that holds data"},
        {HEAD "$ORIGIN a..b\n", 3, 9, "found 'a..b', expected a domain name"},
        {HEAD "$TTL  1x\n", 3, 7, "found TTL '1x', expected seconds"},
        /* Made by $GENERATE it stands nowhere. */
        {HEAD "$GENERATE 1-2 a$ A 1.2.$\n", 3, 1, "found A '1.2.1', expected an IPv4 address"},
    };
    expect_bad(bad, ARRAY_COUNT(bad));
}

static void test_long_text(void **state)
{
    (void)state;
    char text[600] = HEAD "b TXT ok \"";
    struct zone *zone;
    struct dns_fault fault;
    memset(text + strlen(text), 'x', 253);
    strcat(text, "\\044\\\"\"\n"); /* with two escaped bytes 255 */
    assert_int_equal(load(text, &zone, &fault), ERR_OK);
    zone_free(zone);
    strcpy(strrchr(text, '"'), "y\"\n");
    expect_bad(&(struct bad){text, 3, 10, "found a text of 256 bytes, expected at most 255 in one"},
               1);
    strcpy(text, HEAD "b TXT ");
    for (int i = 0; i < 2; i++) /* two texts */
        sprintf(text + strlen(text), "\"%0150d\"", 1);
    strcat(text, "\n");
    assert_int_equal(load(text, &zone, &fault), ERR_OK);
    zone_free(zone);
}

/* ---- SVCB and HTTPS ------------------------------------------------------------------- */

static void test_svcb_files(void **state)
{
    (void)state;
    static const struct bad bad[] = {
        {HEAD "x HTTPS 1 . alpn=h2 alpn=h3\n", 3, 9,
         "found HTTPS with alpn twice, expected each key once"},
        {HEAD "x HTTPS 1 . mandatory=port alpn=h2\n", 3, 9,
         "found HTTPS with port in mandatory, expected it among the parameters"},
        {HEAD "x SVCB 0 foo alpn=h2\n", 3, 8,
         "found SVCB with parameters beside priority 0, expected none: it is an alias"},
        {HEAD "x SVCB 1 foo alpn\n", 3, 8, "found SVCB with an empty alpn, expected protocols"},
        {HEAD "x SVCB 1 foo no-default-alpn\n", 3, 8,
         "found SVCB with no-default-alpn without alpn, expected both"},
        {HEAD "x SVCB 1 foo alpn=h2 port=70000\n", 3, 22,
         "found 'port=70000', expected a port from 0 to 65535"},
        {HEAD "x SVCB 1 foo port=\"1x\"\n", 3, 14,
         "found 'port=\"1x\"', expected a port from 0 to 65535"},
        {HEAD "x SVCB h2 foo\n", 3, 8, "found SVCB 'h2', expected a priority from 0 to 65535"},
        {HEAD "x TYPE65 \\# 16 0001 00 0003 0002 01bb 0001 0003 026832\n", 3, 10,
         "found TYPE65 with alpn behind port, expected keys in ascending order"},
    };
    static const char *const good[] = {
        "x HTTPS 1 . port=443 alpn=h2", /* any order in text */
        "x HTTPS 1 . mandatory=alpn,port port=\"8443\" alpn=h2,h3 no-default-alpn",
        "x HTTPS 0 foo",
        "x SVCB 65535 foo key65000=x ipv4hint=1.2.3.4,5.6.7.8 ipv6hint=::1",
        "x SVCB 1 .",
    };
    expect_bad(bad, ARRAY_COUNT(bad));
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        char text[300];
        struct zone *zone;
        struct dns_fault fault;
        snprintf(text, sizeof(text), HEAD "%s\n", good[i]);
        if (load(text, &zone, &fault))
            fail_msg("%s: %s", good[i], fault.text);
        zone_free(zone);
    }
}

static void test_svcb_params(void **state)
{
    (void)state;
#define BYTES(literal) literal, sizeof(literal) - 1
    static const struct {
        const char *params; /* after priority 1 and the root */
        size_t size;
        const char *says; /* NULL: good */
    } cases[] = {
        {BYTES(""), NULL},
        {BYTES("\0\1\0\3\2h2"), NULL},
        {BYTES("\0\0\0\4\0\1\0\3\0\1\0\3\2h2\0\3\0\2\0\x50"), NULL},
        {BYTES("\0\7\0\0\1\0\0\1x"), NULL},
        {BYTES("\0\4\0\x8"
               "12345678"),
         NULL},
        {BYTES("\0\6\0\x10"
               "1234567812345678"),
         NULL},
        {BYTES("\0"), "parameters that are cut off, expected whole ones"},
        {BYTES("\0\7\0"), "parameters that are cut off, expected whole ones"},
        {BYTES("\0\7\0\2x"), "parameters that are cut off, expected whole ones"},
        {BYTES("\0\7\0\0\0\7\0\0"), "key7 twice, expected each key once"},
        {BYTES("\0\7\0\0\0\5\0\1x"), "ech behind key7, expected keys in ascending order"},
        {BYTES("\0\0\0\0"), "an empty mandatory, expected keys in it"},
        {BYTES("\0\0\0\3\0\1\0"), "an empty mandatory, expected keys in it"},
        {BYTES("\0\0\0\2\0\0"), "mandatory in itself, expected other keys"},
        {BYTES("\0\0\0\4\0\1\0\1\0\1\0\3\2h2"),
         "alpn in mandatory twice or out of order, expected ascending keys"},
        {BYTES("\0\0\0\4\0\3\0\1\0\1\0\3\2h2\0\3\0\2\0\x50"),
         "alpn in mandatory twice or out of order, expected ascending keys"},
        {BYTES("\0\0\0\2\0\1"), "alpn in mandatory, expected it among the parameters"},
        {BYTES("\0\1\0\0"), "an empty alpn, expected protocols"},
        {BYTES("\0\1\0\4\2h2\0"), "an empty protocol in alpn, expected a name such as h2"},
        {BYTES("\0\1\0\3\3h2"), "an empty protocol in alpn, expected a name such as h2"},
        {BYTES("\0\1\0\3\2h2\0\2\0\1x"), "a value of no-default-alpn, expected none"},
        {BYTES("\0\2\0\0"), "no-default-alpn without alpn, expected both"},
        {BYTES("\0\3\0\1x"), "a port of 1 bytes, expected 2"},
        {BYTES("\0\4\0\0"), "an ipv4hint of 0 bytes, expected IPv4 addresses"},
        {BYTES("\0\4\0\5"
               "12345"),
         "an ipv4hint of 5 bytes, expected IPv4 addresses"},
        {BYTES("\0\6\0\4"
               "1234"),
         "an ipv6hint of 4 bytes, expected IPv6 addresses"},
        {BYTES("\377\377\0\0"), "key65535, which is reserved, expected another"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint8_t rdata[64] = {0, 1, 0};
        char wrong[SVCB_WRONG_TEXT] = "";
        memcpy(rdata + 3, cases[i].params, cases[i].size);
        bool good = svcb_check(rdata, 3 + cases[i].size, wrong);
        if (good != !cases[i].says || strcmp(wrong, cases[i].says ? cases[i].says : "") != 0)
            fail_msg("%zu: \"%s\"", i, wrong);
    }
}

/* ---- grants ----------------------------------------------------------------------------- */

static void test_grants(void **state)
{
    (void)state;
    static const struct {
        const char *glob;
        bool can;
    } cases[] = {
        {"disc.local", true},
        {"a.disc.local", true},
        {"*", true},
        {"*.disc.local", true},
        {"web*", true},
        {"*.local", true},
        {"?isc.local", true},
        {"[a-d]isc.local", true},
        {"x[.]disc.local", true},
        {"*disc*", true},
        {"a?disc.local", true},
        {"**.d*l", true},
        {"\\d\\isc.local", true},
        {"*.*.disc.local", true},
        {"[!x]*l", true},
        {"web", false},
        {"*.example.org", false},
        {"disc.locals", false},
        {"xdisc.local", false},
        {"*.disc.local.", false},
        {"[e-z]isc.local", false},
        {"disc.loca", false},
        {"disc.local?", false},
        {"", false},
        {"web.disc.loca[!l]", false},
        {"*.disc-local", false},
        {"isc.local", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        if (grant_can_match(cases[i].glob, TEXT("disc.local")) != cases[i].can)
            fail_msg("%s", cases[i].glob);
}

static void test_grant_warnings(void **state)
{
    (void)state;
    char zone_name[] = "Disc.Local.", key[] = "k", one[] = "web", good[] = "*.disc.local";
    char *names[] = {one, good, one, one, one, one, one, NULL}; /* six times */
    struct dns_grant grants[] = {{.key = key, .names = names}, {.key = key}};
    struct dns_zone_config zone = {.name = zone_name, .grants = grants, .grant_count = 2};
    char text[2048] = "";
    int log = memfd_create("log", MFD_CLOEXEC), kept = dup(STDERR_FILENO);
    dup2(log, STDERR_FILENO);
    log_set_level(LOG_LEVEL_WARN);
    grant_warn(&zone);
    log_set_level(LOG_LEVEL_ERROR);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_true(pread(log, text, sizeof(text) - 1, 0) >= 0);
    close(log);
    unsigned lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 5);
    assert_non_null(strstr(text, "key k: \"web\" matches no name of disc.local: names are full"));
    assert_null(strstr(text, "*.disc.local"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),      cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_svcb_files), cmocka_unit_test(test_svcb_params),
        cmocka_unit_test(test_grants),     cmocka_unit_test(test_grant_warnings),
    };
    log_init(LOG_LEVEL_ERROR, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

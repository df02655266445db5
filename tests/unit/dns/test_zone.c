/* Zone files: what is read from a good one, where a bad one is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "dns/zone.h"

#define HEAD "@ SOA ns.z. host.z. 7 60 10 86400 99\n@ NS ns\n"

static enum err load_bytes(const char *bytes, size_t size, struct zone **zone,
                           struct dns_fault *fault)
{
    char path[64], name[] = "z.";
    int fd = memfd_create("zone", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct dns_zone_config config = {
        .name = name, .file = path, .ttl = 5, .negative_ttl = 2, .srv_weight_scale = 1};
    *fault = (struct dns_fault){0};
    enum err err = zone_load(&config, zone, fault);
    if (err)
        assert_string_equal(fault->file, path);
    close(fd);
    return err;
}

static struct zone *loaded(const char *text)
{
    struct zone *zone = NULL;
    struct dns_fault fault;
    enum err err = load_bytes(text, strlen(text), &zone, &fault);
    if (err)
        fail_msg("%u:%u: %s", fault.line, fault.column, fault.text);
    return zone;
}

static const struct rrset *set_of(const struct zone *zone, const char *name, uint16_t type)
{
    struct name n;
    assert_int_equal(name_parse(text_of(name), &n), ERR_OK);
    for (size_t i = 0; i < zone->name_count; i++)
        for (uint32_t s = 0; s < zone->names[i].rrset_count; s++)
            if (name_is(&zone->names[i].name, &n) && zone->names[i].rrsets[s].type == type)
                return &zone->names[i].rrsets[s];
    return NULL;
}

static void assert_rdata(const struct zone *zone, const char *name, uint16_t type,
                         const void *bytes, size_t size)
{
    const struct rrset *set = set_of(zone, name, type);
    assert_non_null(set);
    assert_int_equal(set->count, 1);
    assert_int_equal(set->sizes[0], size);
    assert_memory_equal(set->rdata[0], bytes, size);
}

static void test_good(void **state)
{
    (void)state;
    struct zone *zone = loaded("; a comment (with a parenthesis\n"
                               "$TTL 1h30m\n"
                               "@ IN SOA ns.z. host.z. ( 7 ; serial\n"
                               "   60 10\n"
                               "   86400 99 )\n"
                               "  NS ns\n"
                               "NS 60 IN A 127.0.0.1\r\n"
                               "   IN 30 A 127.0.0.2\n"
                               "   A 127.0.0.2 ; said twice\n"
                               "ns AAAA ::1\n"
                               "$ORIGIN sub.z.\n"
                               "www CNAME target\n"
                               "@ MX 10 mail.other.\n"
                               "txt 0 TXT \"a b;(c\" d \"\"\n"
                               "_s._tcp SRV 1 2 3 @\n"
                               "opaque TYPE65280 \\# 3 ab (cd\n  EF )\n"
                               "e\\.x.z. CLASS1 A 10.0.0.1\n"
                               "\n"
                               "\t  ; nothing\n"
                               "last A 10.0.0.2");
    assert_int_equal(zone->name_count, 9);
    assert_int_equal(atomic_load(&zone->serial), 7);
    assert_string_equal(zone->name, "z");

    const struct rrset *a = set_of(zone, "ns.z.", 1);
    assert_int_equal(a->count, 2);
    assert_int_equal(a->ttl, 30); /* the smallest of the set */
    assert_memory_equal(a->rdata[0], "\x7f\0\0\1", 4);
    assert_memory_equal(a->rdata[1], "\x7f\0\0\2", 4);
    assert_int_equal(set_of(zone, "ns.z.", 28)->ttl, 5400);
    assert_rdata(zone, "z.", 2, "\2ns\1z\0", 6);
    assert_rdata(zone, "www.sub.z.", 5, "\6target\3sub\1z\0", 14);
    assert_rdata(zone, "sub.z.", 15, "\0\12\4mail\5other\0", 14);
    assert_rdata(zone, "txt.sub.z.", 16, "\6a b;(c\1d\0", 10);
    assert_int_equal(set_of(zone, "txt.sub.z.", 16)->ttl, 0);
    assert_rdata(zone, "_s._tcp.sub.z.", 33, "\0\1\0\2\0\3\3sub\1z\0", 13);
    assert_rdata(zone, "opaque.sub.z.", 65280, "\xab\xcd\xef", 3);
    assert_rdata(zone, "e\\.x.z.", 1, "\12\0\0\1", 4);
    assert_rdata(zone, "last.sub.z.", 1, "\12\0\0\2", 4);
    assert_null(set_of(zone, "z.", 6)); /* the SOA stands apart */
    for (size_t i = 1; i < zone->name_count; i++)
        assert_true(memcmp(zone->names[i - 1].name.wire, zone->names[i].name.wire, 255) != 0);
    zone_free(zone);
}

static void test_soa(void **state)
{
    (void)state;
    struct zone *zone = loaded("@ SOA ns.z. host.z. 4000000000 1h 15m 1w 99\n@ NS ns\n");
    static const uint8_t names[] = "\2ns\1z\0\4host\1z";
    assert_int_equal(zone->soa_size, sizeof(names) + 20);
    assert_memory_equal(zone->soa, names, sizeof(names));
    const uint8_t *numbers = zone->soa + sizeof(names);
    assert_int_equal(get_u32(numbers), 4000000000);
    assert_int_equal(get_u32(numbers + 4), 3600);
    assert_int_equal(get_u32(numbers + 8), 900);
    assert_int_equal(get_u32(numbers + 12), 604800);
    assert_int_equal(get_u32(numbers + 16), 2);      /* the configuration's negative_ttl */
    assert_int_equal(set_of(zone, "z.", 2)->ttl, 5); /* no $TTL: the configuration's */
    zone_free(zone);
}

/* Where the configuration is silent the file's SOA says how long it and denials live. */
static void test_own_ttls(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t ttl, negative_ttl;
        uint32_t soa_ttl, minimum, denials, ns_ttl; /* expected */
    } cases[] = {
        {"@ 400 SOA ns host 7 60 10 86400 300\n@ NS ns\n", DNS_UNSET, DNS_UNSET, 400, 300, 300,
         400},
        {"@ 20 SOA ns host 7 60 10 86400 300\n@ NS ns\n", DNS_UNSET, DNS_UNSET, 20, 300, 20, 20},
        {"@ SOA ns host 7 60 10 86400 300\n@ NS ns\n", DNS_UNSET, DNS_UNSET, 300, 300, 300, 300},
        {"$TTL 1h\n@ SOA ns host 7 60 10 86400 300\n@ NS ns\n", DNS_UNSET, DNS_UNSET, 3600, 300,
         300, 3600},
        {"@ 400 SOA ns host 7 60 10 86400 300\n@ NS ns\n", DNS_UNSET, 9, 400, 9, 9, 400},
        {"@ 4 SOA ns host 7 60 10 86400 300\n@ NS ns\n", DNS_UNSET, 9, 9, 9, 9, 4},
        {"@ 400 SOA ns host 7 60 10 86400 300\n@ NS ns\n", 30, DNS_UNSET, 30, 300, 30, 30},
        {"@ SOA ns host 7 60 10 86400 300\n@ 60 NS ns\n", 30, 9, 30, 9, 9, 60},
        {"@ NS ns\n@ SOA ns host 7 60 10 86400 2147483647\n", DNS_UNSET, DNS_UNSET, 5, INT32_MAX, 5,
         5},
        {NULL, DNS_UNSET, DNS_UNSET, 5, 2, 2, 5},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char path[64], name[] = "z";
        int fd = memfd_create("zone", MFD_CLOEXEC);
        const char *text = cases[i].text ? cases[i].text : "";
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        struct dns_zone_config config = {.name = name,
                                         .file = cases[i].text ? path : NULL,
                                         .ttl = cases[i].ttl,
                                         .negative_ttl = cases[i].negative_ttl};
        struct zone *zone;
        struct dns_fault fault;
        assert_int_equal(zone_load(&config, &zone, &fault), ERR_OK);
        close(fd);
        uint32_t ns_ttl = set_of(zone, "z.", 2)->ttl;
        if (zone->soa_ttl != cases[i].soa_ttl || zone->minimum != cases[i].minimum ||
            zone->negative_ttl != cases[i].denials || ns_ttl != cases[i].ns_ttl)
            fail_msg("%zu: SOA %u, minimum %u, denials %u, NS %u", i, zone->soa_ttl, zone->minimum,
                     zone->negative_ttl, ns_ttl);
        assert_int_equal(get_u32(zone->soa + zone->soa_size - 4), zone->minimum);
        zone_free(zone);
    }
}

static void test_made_up(void **state)
{
    (void)state;
    char name[] = "Disc.Local.";
    struct dns_zone_config config = {.name = name, .ttl = 5, .negative_ttl = 3};
    struct zone *zone;
    struct dns_fault fault;
    assert_int_equal(zone_load(&config, &zone, &fault), ERR_OK);
    static const uint8_t soa[] = "\2ns\4disc\5local\0\12hostmaster\4disc\5local\0"
                                 "\0\0\0\1\0\0\0\x3c\0\0\0\12\0\1\x51\x80\0\0\0\3";
    assert_string_equal(zone->name, "Disc.Local");
    assert_null(zone->ns);
    assert_int_equal(zone->srv_weight_scale, 1);
    assert_int_equal(zone->soa_size, sizeof(soa) - 1);
    assert_memory_equal(zone->soa, soa, sizeof(soa) - 1);
    assert_rdata(zone, "disc.local", 2, "\2ns\4disc\5local\0", 15);
    zone_free(zone);
}

/* A record of so many bytes in the file's text. */
static char *long_record(size_t size)
{
    char *text = malloc(size + 64);
    int n = sprintf(text, HEAD "t TXT");
    for (size_t i = 5; i + 51 <= size; i += 51)
        n += sprintf(text + n, " %.*s", 50,
                     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    strcpy(text + n, "\n");
    return text;
}

static void test_long_records(void **state)
{
    (void)state;
    char *text = long_record(9900);
    struct zone *zone = loaded(text);
    assert_int_equal(set_of(zone, "t.z.", 16)->sizes[0], (9900 - 5) / 51 * 51);
    zone_free(zone);
    free(text);
    text = long_record(10300);
    struct dns_fault fault;
    assert_int_equal(load_bytes(text, strlen(text), &zone, &fault), ERR_SYNTAX);
    assert_int_equal(fault.line, 3);
    assert_non_null(strstr(fault.text, "more than 10000 bytes"));
    free(text);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line, column;
        const char *says;
    } bad[] = {
        {"", 1, 1, "expected an SOA"},
        {"a A 1.2.3.4\n", 2, 1, "expected an SOA"},
        {HEAD "@ SOA ns.z. host.z. 8 60 10 86400 99\n", 3, 1, "second SOA"},
        {HEAD "a SOA ns.z. host.z. 8 60 10 86400 99\n", 3, 1, "SOA at a.z."},
        {HEAD "$GENERATE\n", 3, 1, "without a range"},
        {HEAD "$GENERATE 1 a$ A 10.0.0.$\n", 3, 1, "a range such as 1-100"},
        {HEAD "$GENERATE 2-1 a$ A 10.0.0.$\n", 3, 1, "a range such as"},
        {HEAD "$GENERATE 1-2/0 a$ A 10.0.0.$\n", 3, 1, "a range such as"},
        {HEAD "$GENERATE 1-2/x a$ A 10.0.0.$\n", 3, 1, "a range such as"},
        {HEAD "$GENERATE 0-65536 a$ A 10.0.0.1\n", 3, 1, "at most 65536 lines"},
        {HEAD "$GENERATE 1-2\n", 3, 1, "without a record"},
        {HEAD "$GENERATE 1-2 a${ A 10.0.0.1\n", 3, 1, "${OFFSET,WIDTH,BASE}"},
        {HEAD "$GENERATE 1-2 a${1,2,q} A 10.0.0.1\n", 3, 1, "${OFFSET,WIDTH,BASE}"},
        {HEAD "$GENERATE 1-2 a${-2} A 10.0.0.1\n", 3, 1, "${OFFSET,WIDTH,BASE}"},
        {HEAD "$GENERATE 250-256 a$ A 10.0.0.$\n", 3, 1, "10.0.0.256"},
        {HEAD "$NONSENSE\n", 3, 1, "expected $ORIGIN, $TTL, $INCLUDE, $GENERATE or a record"},
        {HEAD "$ORIGIN\n", 3, 1, "without a name"},
        {HEAD "$TTL\n", 3, 1, "expected seconds"},
        {HEAD "$TTL 1x\n", 3, 6, "expected seconds"},
        {HEAD "$TTL 2147483648\n", 3, 6, "at most 2147483647"},
        {HEAD "a 4294967297 A 1.2.3.4\n", 3, 3, "at most 2147483647"},
        {HEAD "a 99999999999999999999999 A 1.2.3.4\n", 3, 3, "at most 2147483647"},
        {HEAD "a 9999w A 1.2.3.4\n", 3, 3, "at most 2147483647"},
        {HEAD "\n\n  ( b A 1.2.3.4\n", 5, 3, "never closed"},
        {HEAD "b A ((1.2.3.4))\n", 3, 6, "no nesting"},
        {HEAD "b A 1.2.3.4 )\n", 3, 13, "without '('"},
        {HEAD "b TXT \"open\nc A 1.2.3.4\n", 3, 12, "end of the line inside a quoted"},
        {HEAD "b TXT \"open", 3, 7, "end of the file inside a quoted"},
        {HEAD "b TXT a\\\n", 3, 8, "end of the line, expected a character"},
        {HEAD "b CH A 1.2.3.4\n", 3, 3, "class CH, expected IN"},
        {HEAD "b CLASS3 A 1.2.3.4\n", 3, 3, "expected IN"},
        {HEAD "b\n", 3, 2, "expected its type"},
        {HEAD "b 60 IN\n", 3, 8, "expected its type"},
        {HEAD "b FROB x\n", 3, 3, "'FROB', expected a record type"},
        {HEAD "b TYPE0 \\# 0\n", 3, 3, "holds data"},
        {HEAD "b OPT \\# 0\n", 3, 3, "holds data"},
        {HEAD "b TYPE65536 \\# 0\n", 3, 3, "expected a record type"},
        {HEAD "b ANY x\n", 3, 3, "expected IN"},
        {HEAD "b A\n", 3, 4, "expected an IPv4 address"},
        {HEAD "b A 1.2.3\n", 3, 5, "expected an IPv4 address"},
        {HEAD "b A 1.2.3.4 5.6.7.8\n", 3, 13, "expected the record's end"},
        {HEAD "b AAAA 1.2.3.4\n", 3, 8, "expected an IPv6 address"},
        {HEAD "b SRV 1 2 3\n", 3, 12, "expected the target's name"},
        {HEAD "b SRV 1 2 70000 a\n", 3, 11, "expected a port from 0 to 65535"},
        {HEAD "b MX -1 a\n", 3, 6, "expected a preference from 0 to 65535"},
        {HEAD "b MX 000000000000000000000000000000000010 a\n", 3, 6,
         "expected a preference from 0 to 65535"},
        {"@ SOA a b 4294967296 1 1 1 1\n", 1, 11, "expected a serial from 0 to 4294967295"},
        {"@ SOA a b 1 1 1 2147483648 1\n", 1, 17, "expected expire in seconds"},
        {HEAD "b TYPE65280 \\# x abcdef\n", 3, 13, "expected proper data"},
        {HEAD "b TYPE65280 abcdef\n", 3, 13, "expected proper data"},
        {HEAD "b MX 10\n", 3, 8, "expected the name of a mail server"},
        {HEAD "b TXT\n", 3, 6, "expected a text"},
        {HEAD "b TYPE1 \\# 3 abcdef\n", 3, 9, "expected proper data"},
        {HEAD "b A \\# 5 0102030405\n", 3, 5, "expected proper data"},
        {HEAD "b CNAME \\# 2 c000\n", 3, 9, "expected proper data"},
        {HEAD "b TYPE65280 \\# 4 abcdef\n", 3, 13, "expected proper data"},
        {HEAD "b TYPE65280 \\# 4 abcdefg0\n", 3, 13, "expected proper data"},
        {HEAD "b TYPE65280 \\#\n", 3, 13, "expected proper data"},
        {HEAD "b APL 1:10.0.0.0/8\n", 3, 7, "only as \\# LENGTH HEX"},
        {HEAD "b DS 1 13 2 00\n", 3, 1, "DS at b.z., expected it at a delegation"},
        {HEAD "b DS 1 13 256 00\n", 3, 6, "expected proper data"},
        {HEAD "b DS 1 256 2 00\n", 3, 6, "expected proper data"},
        {HEAD "b DS \\# 4 00010d02\n", 3, 6, "expected proper data"},
        {HEAD "b DNAME\n", 3, 8, "expected the target's name"},
        {HEAD "b DNSKEY 256 3 13 AAAA\n", 3, 3, "signed zone is not served"},
        {HEAD "* NS ns\n", 3, 1, "NS at the wildcard *.z."},
        {HEAD "b TYPE46 \\# 1 00\n", 3, 3, "signed zone is not served"},
        {HEAD "other.test. A 1.2.3.4\n", 3, 1, "expected a name in zone z."},
        {HEAD "a..b A 1.2.3.4\n", 3, 1, "expected a domain name"},
        {HEAD "a.\\400 A 1.2.3.4\n", 3, 1, "expected a domain name"},
        {" A 1.2.3.4\n", 1, 2, "without owner"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct zone *zone = NULL;
        struct dns_fault fault;
        enum err err = load_bytes(bad[i].text, strlen(bad[i].text), &zone, &fault);
        if (err != ERR_SYNTAX || fault.line != bad[i].line || fault.column != bad[i].column ||
            !strstr(fault.text, bad[i].says)) {
            fail_msg("\"%s\": %s at %u:%u \"%s\", expected %u:%u \"%s\"", bad[i].text,
                     err_text(err), fault.line, fault.column, fault.text, bad[i].line,
                     bad[i].column, bad[i].says);
        }
    }
    struct zone *zone;
    struct dns_fault fault;
    static const char nul[] = HEAD "a A 1.2.3.4\nb\0c A 1.2.3.4\n";
    assert_int_equal(load_bytes(nul, sizeof(nul) - 1, &zone, &fault), ERR_SYNTAX);
    assert_int_equal(fault.line, 4);
    assert_int_equal(fault.column, 2);
    assert_non_null(strstr(fault.text, "NUL"));
}

static void test_unreadable(void **state)
{
    (void)state;
    char name[] = "z", missing[] = "/nonexistent/z.zone", folder[] = "/", bad_name[] = "a..b";
    struct dns_zone_config config = {.name = name, .file = missing};
    struct zone *zone;
    struct dns_fault fault = {0};
    assert_int_equal(zone_load(&config, &zone, &fault), ERR_SYSTEM);
    assert_string_equal(fault.file, missing);
    assert_non_null(strstr(fault.text, "No such file"));
    config.file = folder;
    assert_int_equal(zone_load(&config, &zone, &fault), ERR_SYSTEM);
    assert_non_null(strstr(fault.text, "Is a directory"));
    config.name = bad_name;
    assert_int_equal(zone_load(&config, &zone, &fault), ERR_SYNTAX);
    assert_non_null(strstr(fault.text, "'a..b', expected a domain name"));
}

static void test_generate(void **state)
{
    (void)state;
    struct zone *zone = loaded(HEAD "$GENERATE 1-3 a$ A 10.0.0.$\n"
                                    "$GENERATE 8-16/8 h${0,3,x} 60 IN TXT \"${-8}-\\$\" ${1}\n"
                                    "$GENERATE 0-65535 @ TYPE65280 \\# 0\n"
                                    "b A 10.0.0.9\n");
    assert_int_equal(zone->name_count, 1 + 3 + 2 + 1);
    assert_rdata(zone, "a1.z.", 1, "\12\0\0\1", 4);
    assert_rdata(zone, "a3.z.", 1, "\12\0\0\3", 4);
    assert_rdata(zone, "h008.z.", 16, "\0030-$\0019", 6);
    assert_rdata(zone, "h010.z.", 16, "\0038-$\00217", 7);
    assert_int_equal(set_of(zone, "h010.z.", 16)->ttl, 60);
    assert_rdata(zone, "b.z.", 1, "\12\0\0\11", 4);
    zone_free(zone);
}

/* What is opaque to the text of a file comes through as it is. */
static void test_bytes(void **state)
{
    (void)state;
    struct zone *zone = loaded(HEAD "t TXT \"\351\\009\t\\\"\" \\;x\n");
    assert_rdata(zone, "t.z.", 16, "\4\351\t\t\"\2;x", 8);
    zone_free(zone);
}

static void test_attributes(void **state)
{
    (void)state;
    char name[] = "z", all[] = "*", batch[] = "batch-*", one[] = "batch-one", two[] = "*-two";
    struct dns_rule rules[] = {
        {all, DNS_UNSET, 7, DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_UNSET},
        {batch, 30, DNS_UNSET, 8, DNS_UNSET, DNS_STALE_WITHDRAW, DNS_UNSET, DNS_UNSET},
        {one, 40, DNS_UNSET, 0, 256, DNS_UNSET, DNS_UNSET, DNS_UNSET},
        {two, DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_UNSET, DNS_STALE_DEMOTE, DNS_UNSET, DNS_UNSET},
    };
    struct dns_zone_config config = {.name = name,
                                     .ttl = 5,
                                     .negative_ttl = 2,
                                     .srv_weight_scale = 3,
                                     .rules = rules,
                                     .rule_count = ARRAY_COUNT(rules)};
    struct zone *zone;
    struct dns_fault fault;
    assert_int_equal(zone_load(&config, &zone, &fault), ERR_OK);
    rules[1].ttl = 99; /* the zone has its own */
    struct zone_attributes a = zone_attributes(zone, TEXT("web"));
    assert_int_equal(a.ttl, 5);
    assert_int_equal(a.negative_ttl, 7);
    assert_int_equal(a.max_answers, 0);
    assert_int_equal(a.srv_weight_scale, 3);
    assert_int_equal(a.stale, DNS_STALE_DEMOTE);
    a = zone_attributes(zone, TEXT("batch-two"));
    assert_int_equal(a.ttl, 30);
    assert_int_equal(a.negative_ttl, 7);
    assert_int_equal(a.max_answers, 8);
    assert_int_equal(a.stale, DNS_STALE_DEMOTE);
    a = zone_attributes(zone, TEXT("batch-one"));
    assert_int_equal(a.ttl, 40);
    assert_int_equal(a.max_answers, 0);
    assert_int_equal(a.srv_weight_scale, 256);
    assert_int_equal(a.stale, DNS_STALE_WITHDRAW);
    zone_free(zone);
}

/* The file that is shipped. */
static void test_shipped(void **state)
{
    (void)state;
    char name[] = "disc.local", file[] = "../zones/disc.local.zone";
    struct dns_zone_config config = {.name = name, .file = file, .ttl = 5, .negative_ttl = 2};
    struct zone *zone;
    struct dns_fault fault;
    if (zone_load(&config, &zone, &fault))
        fail_msg("%u: %s", fault.line, fault.text);
    assert_int_equal(zone->name_count, 2);
    assert_rdata(zone, "disc.local", 2, "\2ns\4disc\5local\0", 15);
    assert_rdata(zone, "ns.disc.local", 1, "\x7f\0\0\1", 4);
    assert_int_equal(set_of(zone, "ns.disc.local", 28)->sizes[0], 16);
    zone_free(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),         cmocka_unit_test(test_soa),
        cmocka_unit_test(test_made_up),      cmocka_unit_test(test_own_ttls),
        cmocka_unit_test(test_long_records), cmocka_unit_test(test_bad),
        cmocka_unit_test(test_unreadable),   cmocka_unit_test(test_generate),
        cmocka_unit_test(test_bytes),        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_shipped),
    };
    log_init(LOG_LEVEL_ERROR, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

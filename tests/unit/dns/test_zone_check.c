/* What the records of a zone file are together: faults with their place, warnings, and what
 * is read from included files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "dns/wire.h"
#include "dns/zone.h"

#define HEAD "@ SOA ns.z. host.z. 7 60 10 86400 99\n@ NS ns.other.\n"

static char warnings[16384];

/* Lines of the log go to the standard error output: it is a file meanwhile. */
static int log_fd, stderr_fd;

static void begin_log(void)
{
    fflush(stderr);
    stderr_fd = dup(STDERR_FILENO);
    log_fd = memfd_create("log", MFD_CLOEXEC);
    dup2(log_fd, STDERR_FILENO);
}

static void end_log(void)
{
    fflush(stderr);
    dup2(stderr_fd, STDERR_FILENO);
    close(stderr_fd);
    ssize_t size = pread(log_fd, warnings, sizeof(warnings) - 1, 0);
    assert_true(size >= 0);
    warnings[size] = '\0';
    close(log_fd);
}

static int setup(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_WARN, NULL);
    return 0;
}

static enum err load_path(char *path, struct zone **zone, struct dns_fault *fault)
{
    char name[] = "z";
    struct dns_zone_config config = {.name = name, .file = path, .ttl = 5, .negative_ttl = 2};
    *fault = (struct dns_fault){0};
    *zone = NULL;
    begin_log();
    enum err err = zone_load(&config, zone, fault);
    end_log();
    return err;
}

static enum err load(const char *text, struct zone **zone, struct dns_fault *fault)
{
    char path[64];
    int fd = memfd_create("zone", MFD_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    enum err err = load_path(path, zone, fault);
    close(fd);
    return err;
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
        const char *says;
    } bad[] = {
        {HEAD "c A 1.2.3.4\nc CNAME d\n", 4, "CNAME beside other data at c.z."},
        {HEAD "c CNAME d\nc A 1.2.3.4\n", 4, "CNAME beside other data at c.z."},
        {HEAD "c CNAME d\nc CNAME e\n", 4, "CNAME beside other data"},
        {HEAD "* CNAME d\n* TXT x\n", 4, "CNAME beside other data at *.z."},
        {HEAD "@ CNAME e\n", 3, "CNAME beside other data at z."},
        {HEAD "d DNAME x.\nd CNAME x.\n", 4, "CNAME beside other data at d.z."},
        {HEAD "d DNAME x.\nd DNAME y.\n", 4, "second DNAME at d.z."},
        {HEAD "d DNAME x.\nd NS y.\n", 3, "DNAME beside NS at d.z."},
        {HEAD "d DNAME x.\na.d A 1.2.3.4\n", 4, "a.d.z. below the DNAME at d.z."},
        {HEAD "a.b.d A 1.2.3.4\nd DNAME x.\n", 3, "a.b.d.z. below the DNAME at d.z."},
        {HEAD "@ DNAME x.\na A 1.2.3.4\n", 4, "a.z. below the DNAME at z."},
        {HEAD "s DS 1 13 2 00\n", 3, "DS at s.z., expected it at a delegation"},
        {HEAD "@ DS 1 13 2 00\n", 3, "DS at z., expected it at a delegation"},
        {HEAD "s NS ns.s\n", 3, "no address of ns.s.z., to which s.z. is delegated"},
        {HEAD "s NS s\n", 3, "no address of s.z., to which s.z. is delegated"},
        {HEAD "s NS ns.s\n*.s A 1.2.3.4\n", 3, "no address of ns.s.z."},
        {HEAD "s NS ns.s\nns.s TXT x\n", 3, "no address of ns.s.z."},
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct zone *zone;
        struct dns_fault fault;
        enum err err = load(bad[i].text, &zone, &fault);
        if (err != ERR_SYNTAX || fault.line != bad[i].line || fault.column != 1 ||
            !strstr(fault.text, bad[i].says))
            fail_msg("\"%s\": %s at %u:%u \"%s\"", bad[i].text, err_text(err), fault.line,
                     fault.column, fault.text);
    }
}

static void test_warnings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says; /* NULL: nothing */
    } cases[] = {
        {HEAD, NULL},
        {HEAD "@ NS ns\nns A 1.2.3.4\n", NULL},
        {HEAD "@ NS ns\n", ":3:1: ns.z. is a server of z. and has no address"},
        {HEAD "@ NS ns\n* A 1.2.3.4\n", NULL},
        {HEAD "@ NS a.s\ns NS ns.other.\n", NULL}, /* whose address that zone has */
        {HEAD "@ NS ns\nns CNAME a\n", ":3:1: NS of z. names ns.z., which is an alias"},
        {HEAD "@ MX 1 m\nm CNAME a\n", ":3:1: MX of z. names m.z., which is an alias"},
        {HEAD "s SRV 1 1 1 m\nm CNAME a\n", ":3:1: SRV of s.z. names m.z., which is an alias"},
        {HEAD "s NS ns.s\nns.s A 1.2.3.4\n", NULL},
        {HEAD "s NS s\ns AAAA ::1\ns DS 1 13 2 00\n", NULL},
        {HEAD "s NS ns.other.\ns TXT x\n", ":4:1: TXT of s.z. is not served: it belongs to the "
                                           "zone delegated at s.z."},
        {HEAD "s NS ns.other.\na.b.s MX 1 m\n", ":4:1: MX of a.b.s.z. is not served"},
        {HEAD "s NS ns.other.\na.s NS b.a.s\n", ":4:1: NS of a.s.z. is not served"},
        {HEAD "s NS ns.other.\na.s TYPE65280 \\# 0\n", ":4:1: TYPE65280 of a.s.z. is not"},
        {HEAD "s NS ns.other.\nt A 1.2.3.4\ns-a TXT x\n", NULL},
        {HEAD "*.w A 1.2.3.4\n*.w.*.w TXT x\nd DNAME e.d2\n", NULL},
        {HEAD "@ DNAME other.\n", NULL},
        {HEAD "@ MX 10 1.2.3.4\n", ":3:1: MX of z. names an address, expected a name that has it"},
        {HEAD "a MX 10 10.0.0.255.\n", ":3:1: MX of a.z. names an address"},
        {HEAD "@ NS 1.2.3.4\n", ":3:1: NS of z. names an address"},
        {HEAD "c CNAME 1.2.3.4\n", ":3:1: CNAME of c.z. names an address"},
        {HEAD "s SRV 1 1 1 2001:db8::1\n", ":3:1: SRV of s.z. names an address"},
        {HEAD "c CNAME 1.2.3.4.5\nd CNAME 1.2.3.256\ne CNAME 1.2.3\nt TXT 1.2.3.4\n", NULL},
        {HEAD "a 60 A 1.2.3.4\na 30 A 1.2.3.3\n",
         ":4:1: A of a.z. has a TTL of 30 here and one of 60 above; the least of all holds"},
        {HEAD "a 30 A 1.2.3.4\na 60 A 1.2.3.5\n", ":4:1: A of a.z. has a TTL of 60 here"},
        {HEAD "a 30 A 1.2.3.4\na 60 TXT x\na 30 A 1.2.3.5\nb 60 TXT x\n", NULL},
        {HEAD "\303\251.b A 1.2.3.4\n\303\251.b TXT x\n",
         ":3:1: \\195\\169.b.z. has bytes that are not ASCII"},
        {HEAD "a TXT \"\303\251\"\n", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct zone *zone;
        struct dns_fault fault;
        if (load(cases[i].text, &zone, &fault))
            fail_msg("\"%s\": %u: \"%s\"", cases[i].text, fault.line, fault.text);
        bool fits = cases[i].says ? strstr(warnings, cases[i].says) != NULL : !warnings[0];
        if (!fits)
            fail_msg("\"%s\": warned of \"%s\"", cases[i].text, warnings);
        zone_free(zone);
    }
}

static void test_many_warnings(void **state)
{
    (void)state;
    char text[4096] = HEAD "s NS ns.other.\n";
    struct zone *zone;
    struct dns_fault fault;
    for (int i = 0; i < 50; i++)
        sprintf(text + strlen(text), "n%d.s TXT x\n", i);
    assert_int_equal(load(text, &zone, &fault), ERR_OK);
    unsigned lines = 0;
    for (const char *at = warnings; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 21);
    assert_non_null(strstr(warnings, "zone z.: 30 more warnings"));
    zone_free(zone);
}

/* In canonical order, so that what is below a name follows it. */
static void test_order(void **state)
{
    (void)state;
    static const char *const expected[] = {"z.",    "a.z.", "*.a.z.", "b.a.z.", "a-b.z.",
                                           "aa.z.", "b.z.", "a.b.z.", "c.b.z.", "x.c.b.z."};
    struct zone *zone;
    struct dns_fault fault;
    char name[NAME_TEXT];
    assert_int_equal(load(HEAD "x.c.b TXT x\na.b TXT x\nb TXT x\naa TXT x\nc.b TXT x\nB.a TXT x\n"
                               "a-b TXT x\n*.a TXT x\na TXT x\n",
                          &zone, &fault),
                     ERR_OK);
    assert_int_equal(zone->name_count, ARRAY_COUNT(expected));
    for (size_t i = 0; i < zone->name_count; i++) {
        assert_string_equal(name_format(zone->names[i].name.wire, name), expected[i]);
        assert_ptr_equal(zone_find(zone, &zone->names[i].name), &zone->names[i]);
    }
    struct name other;
    assert_int_equal(name_parse(TEXT("c.z"), &other), ERR_OK);
    assert_null(zone_find(zone, &other));
    zone_free(zone);
}

/* ---- $INCLUDE --------------------------------------------------------------------------- */

static char folder[64];

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void remove_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

static enum err load_file(const char *name, struct zone **zone, struct dns_fault *fault)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return load_path(path, zone, fault);
}

static bool has(const struct zone *zone, const char *name)
{
    struct name n;
    assert_int_equal(name_parse(text_of(name), &n), ERR_OK);
    return zone_find(zone, &n) != NULL;
}

static void test_include(void **state)
{
    (void)state;
    struct zone *zone;
    struct dns_fault fault;
    strcpy(folder, "/tmp/disc-zone-XXXXXX");
    assert_non_null(mkdtemp(folder));
    char sub[128];
    snprintf(sub, sizeof(sub), "%s/sub", folder);
    assert_int_equal(mkdir(sub, 0700), 0);

    write_file("z", HEAD "a A 1.2.3.4\n$INCLUDE \"sub/one\" in\n TXT \"of a\"\nb A 1.2.3.4\n");
    write_file("sub/one", "c A 1.2.3.4\n$ORIGIN deep.z.\n$INCLUDE two\nd A 1.2.3.4\n");
    write_file("sub/two", "e A 1.2.3.4\n");
    assert_int_equal(load_file("z", &zone, &fault), ERR_OK);
    assert_int_equal(zone->name_count, 6);
    assert_true(has(zone, "c.in.z") && has(zone, "e.deep.z") && has(zone, "d.deep.z"));
    struct name a;
    assert_int_equal(name_parse(TEXT("a.z"), &a), ERR_OK);
    assert_int_equal(zone_find(zone, &a)->rrset_count, 2); /* the owner is again what it was */
    assert_true(has(zone, "b.z"));
    zone_free(zone);

    write_file("sub/two", "\ne A 1.2.3\n");
    assert_int_equal(load_file("z", &zone, &fault), ERR_SYNTAX);
    assert_non_null(strstr(fault.file, "/sub/two"));
    assert_int_equal(fault.line, 2);
    write_file("sub/two", "a.z. CNAME x.\n"); /* found only with all files together */
    assert_int_equal(load_file("z", &zone, &fault), ERR_SYNTAX);
    assert_non_null(strstr(fault.text, "CNAME beside other data at a.z."));

    write_file("sub/two", "$INCLUDE two\n");
    assert_int_equal(load_file("z", &zone, &fault), ERR_SYNTAX);
    assert_non_null(strstr(fault.text, "8 files deep"));
    remove_file("sub/two");
    assert_int_equal(load_file("z", &zone, &fault), ERR_SYNTAX);
    assert_non_null(strstr(fault.file, "/sub/one"));
    assert_int_equal(fault.line, 3);
    assert_non_null(strstr(fault.text, "cannot be read: No such file"));
    write_file("z", HEAD "$INCLUDE /dev/zero\n");
    assert_int_equal(load_file("z", &zone, &fault), ERR_SYNTAX);
    assert_non_null(strstr(fault.text, "it is no file"));
    write_file("z", HEAD "$INCLUDE\n");
    assert_int_equal(load_file("z", &zone, &fault), ERR_SYNTAX);
    assert_non_null(strstr(fault.text, "without a file"));
    write_file("z", HEAD "$INCLUDE sub/one a..b\n");
    assert_int_equal(load_file("z", &zone, &fault), ERR_SYNTAX);
    assert_non_null(strstr(fault.text, "expected a domain name"));
    remove_file("sub/one");
    remove_file("sub");
    remove_file("z");
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_many_warnings), cmocka_unit_test(test_order),
        cmocka_unit_test(test_include),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

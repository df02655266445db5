/* Key and token files: what they say, who may read them, and that no fault tells. */
#include "unit/server/common.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config_draft.h"
#include "server/config_file.h"
#include "server/yaml_tree.h"

#define SECRET_16 "aHVzaGh1c2hodXNoaHVzaA==" /* hushhushhushhush */

/* ---- keys.yaml ----------------------------------------------------------------------------- */

static struct reg_config parse(const char *text)
{
    struct reg_config reg = {0};
    struct config_fault fault = {0};
    if (config_parse_keys("keys.yaml", text, strlen(text), &reg, &fault))
        fail_msg("%u:%u: %s", fault.line, fault.column, fault.text);
    return reg;
}

static void test_full_key(void **state UNUSED)
{
    struct reg_config reg = parse("keys:\n"
                                  "  - id: deploy\n"
                                  "    secret: " SECRET_16 "\n"
                                  "    next: dGh1c2h0aHVzaHRodXNodGh1c2g=\n"
                                  "    not_before: 2030-01-01T02:00:00+02:00\n"
                                  "    not_after: 1900000000\n"
                                  "    permanent: true\n"
                                  "    quota: 1000\n"
                                  "    grants:\n"
                                  "      - verbs: [reg, del]\n"
                                  "        services: [\"default/Web-*\", \"blue/x\"]\n"
                                  "        advertise: [10.0.0.0/8, \"::1\"]\n"
                                  "      - services: [\"*/*\"]\n"
                                  "  - {id: b, secret: " SECRET_16 "}\n");
    char network[NETWORK_TEXT];
    assert_int_equal(reg.key_count, 2);
    const struct reg_key *k = &reg.keys[0];
    assert_string_equal(k->id, "deploy");
    assert_int_equal(k->secret_size, 16);
    assert_memory_equal(k->secret, "hushhushhushhush", 16);
    assert_int_equal(k->next_size, 20);
    assert_memory_equal(k->next, "thushthushthushthush", 20);
    assert_int_equal(k->not_before_ms, 1893456000000);
    assert_int_equal(k->not_after_ms, 1900000000000);
    assert_true(k->permanent);
    assert_int_equal(k->quota, 1000);
    assert_int_equal(k->grant_count, 2);
    assert_int_equal(k->grants[0].verbs, 1u << REG_REG | 1u << REG_DEL);
    assert_string_equal(k->grants[0].services[0], "default/web-*");
    assert_string_equal(k->grants[0].services[1], "blue/x");
    assert_null(k->grants[0].services[2]);
    assert_int_equal(k->grants[0].advertise_count, 2);
    assert_string_equal(network_format(&k->grants[0].advertise[1], network), "::1/128");
    assert_int_equal(k->grants[1].verbs,
                     1u << REG_REG | 1u << REG_REN | 1u << REG_UPD | 1u << REG_DEL | 1u << REG_GET);
    assert_int_equal(k->grants[1].advertise_count, 0);
    k = &reg.keys[1];
    assert_int_equal(k->next_size, 0);
    assert_int_equal(k->not_before_ms, 0);
    assert_int_equal(k->not_after_ms, 0);
    assert_false(k->permanent);
    assert_int_equal(k->quota, 0);
    assert_int_equal(k->grant_count, 0);
    reg_config_deinit(&reg);
}

static void test_dates(void **state UNUSED)
{
    static const struct {
        const char *text;
        uint64_t seconds; /* 0 = refused */
    } cases[] = {
        {"2000-02-29", 951782400},
        {"2100-02-28", 4107456000},
        {"2026-01-31T12:30:15Z", 1769862615},
        {"2026-01-31t12:30:15.999z", 1769862615},
        {"2026-01-31 12:30:15-00:30", 1769864415},
        {"2026-01-31T12:30:15+01:00", 1769859015},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"1000000000", 1000000000},
        {"253402300799", 253402300799},
        {"", 0},
        {"0", 0},
        {"999999999", 0},
        {"253402300800", 0},
        {"20260131", 0},
        {"2100-02-29", 0},
        {"2026-13-01", 0},
        {"2026-00-01", 0},
        {"2026-01-00", 0},
        {"2026-04-31", 0},
        {"2026-1-1", 0},
        {"1969-12-31", 0},
        {"1970-01-01", 0},
        {"1970-01-01T00:00:00+01:00", 0},
        {"2026-01-31T12:30:15", 0},
        {"2026-01-31T24:00:00Z", 0},
        {"2026-01-31T12:60:00Z", 0},
        {"2026-01-31T12:30:60Z", 0},
        {"2026-01-31T12:30Z", 0},
        {"2026-01-31T12:30:15.Z", 0},
        {"2026-01-31T12:30:15+1:00", 0},
        {"2026-01-31T12:30:15+24:00", 0},
        {"2026-01-31T", 0},
        {"2026-01-31Z", 0},
        {"2026-01-31T12:30:15Z ", 0},
        {"-2026-01-31", 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint64_t ms = 0;
        bool good = config_date_parse(text_of(cases[i].text), &ms);
        if (good != (cases[i].seconds > 0) || (good && ms != cases[i].seconds * 1000))
            fail_msg("%s: %d, %llu", cases[i].text, good, (unsigned long long)ms);
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static void write_file(const char *dir, const char *name, mode_t mode, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static enum err load(const char *dir, struct config **out, struct config_fault *fault)
{
    char path[200];
    snprintf(path, sizeof path, "%s/discd.yaml", dir);
    *fault = (struct config_fault){0};
    return config_load(path, out, fault);
}

#define TOKEN "0123456789abcdef"

static void write_main(const char *dir)
{
    write_file(dir, "discd.yaml", 0644,
               "http:\n  token_file: admin.token\nregistration:\n  keys: keys.yaml\n");
}

static void test_good_files(void **state)
{
    struct config *c;
    struct config_fault fault;
    write_main(*state);
    write_file(*state, "keys.yaml", 0600, "keys: [{id: a, secret: " SECRET_16 "}]\n");
    write_file(*state, "admin.token", 0400, TOKEN "\r\nanything else\n");
    assert_int_equal(load(*state, &c, &fault), ERR_OK);
    assert_string_equal(c->http.token, TOKEN);
    assert_int_equal(c->registration.key_count, 1);
    config_free(c);
    write_file(*state, "admin.token", 0600, TOKEN);
    assert_int_equal(load(*state, &c, &fault), ERR_OK);
    assert_string_equal(c->http.token, TOKEN);
    config_free(c);
}

/* `expected` with %s for the folder. */
static void expect_refusal(const char *dir, enum err err, const char *file, unsigned line,
                           unsigned column, const char *expected)
{
    struct config *c;
    struct config_fault fault;
    char text[512], path[200];
    assert_int_equal(load(dir, &c, &fault), err);
    snprintf(text, sizeof text, expected, dir, dir);
    snprintf(path, sizeof path, "%s/%s", dir, file);
    assert_string_equal(fault.text, text);
    assert_string_equal(fault.file, path);
    assert_int_equal(fault.line, line);
    assert_int_equal(fault.column, column);
}

static void test_open_to_others(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0610, 0601};
    write_main(*state);
    write_file(*state, "keys.yaml", 0600, "keys: []\n");
    for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
        char expected[200];
        snprintf(expected, sizeof expected,
                 "%%s/admin.token is open to others (mode %04o), expected 0600: run "
                 "chmod 600 %%s/admin.token",
                 (unsigned)modes[i]);
        write_file(*state, "admin.token", modes[i], TOKEN);
        expect_refusal(*state, ERR_VALUE, "discd.yaml", 2, 15, expected);
    }
    write_file(*state, "admin.token", 0600, TOKEN);
    write_file(*state, "keys.yaml", 0644, "keys: []\n");
    expect_refusal(*state, ERR_VALUE, "discd.yaml", 4, 9,
                   "%s/keys.yaml is open to others (mode 0644), expected 0600: run "
                   "chmod 600 %s/keys.yaml");
}

static void test_foreign_owner(void **state)
{
    char path[200], expected[200];
    if (geteuid() != 0)
        skip(); /* only root can give a file away */
    write_main(*state);
    write_file(*state, "keys.yaml", 0600, "keys: []\n");
    write_file(*state, "admin.token", 0600, TOKEN);
    snprintf(path, sizeof path, "%s/admin.token", (char *)*state);
    assert_int_equal(chown(path, 65534, 65534), 0);
    snprintf(expected, sizeof expected,
             "%%s/admin.token belongs to user 65534, expected 0 or root: run chown 0 "
             "%%s/admin.token");
    expect_refusal(*state, ERR_VALUE, "discd.yaml", 2, 15, expected);
    write_file(*state, "discd.yaml", 0644,
               "user: nobody\nhttp: {token_file: admin.token}\n"); /* who is to read it later */
    struct config *c;
    struct config_fault fault;
    assert_int_equal(load(*state, &c, &fault), ERR_OK);
    config_free(c);
}

static void test_missing_files(void **state)
{
    write_main(*state);
    expect_refusal(*state, ERR_SYSTEM, "discd.yaml", 2, 15,
                   "cannot read %s/admin.token: No such file or directory");
    write_file(*state, "discd.yaml", 0644, "http:\n  token_file: .\n");
    expect_refusal(*state, ERR_SYSTEM, "discd.yaml", 2, 15, "cannot read %s/.: not a file");
    expect_refusal("/nowhere", ERR_SYSTEM, "discd.yaml", 0, 0,
                   "cannot be read: No such file or directory");
}

static void test_bad_tokens(void **state)
{
    static const struct {
        const char *token, *fault;
    } cases[] = {
        {"", "the token is too short, expected at least 16 characters in the first line"},
        {"0123456789abcde\nf",
         "the token is too short, expected at least 16 characters in the first line"},
        {"0123456789 abcdef",
         "a blank or unprintable character in the token, expected letters and digits"},
        {"0123456789abcdef\x01",
         "a blank or unprintable character in the token, expected letters and digits"},
    };
    write_main(*state);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        write_file(*state, "admin.token", 0600, cases[i].token);
        expect_refusal(*state, ERR_VALUE, "admin.token", 1, 0, cases[i].fault);
    }
    char large[1024];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    write_file(*state, "admin.token", 0600, large);
    expect_refusal(*state, ERR_VALUE, "admin.token", 1, 0,
                   "the token is too long, expected at most 512 characters");
}

static void test_bad_key_file(void **state)
{
    write_main(*state);
    write_file(*state, "admin.token", 0600, TOKEN);
    write_file(*state, "keys.yaml", 0600, "keys:\n  - id: a\n");
    expect_refusal(*state, ERR_VALUE, "keys.yaml", 2, 5, "'secret' is missing, expected a secret");
}

static void test_large_file(void **state)
{
    char *text = malloc(YAML_BYTES_MAX + 2);
    assert_non_null(text);
    memset(text, '#', YAML_BYTES_MAX + 1);
    text[YAML_BYTES_MAX + 1] = '\0';
    write_file(*state, "discd.yaml", 0644, text);
    free(text);
    expect_refusal(*state, ERR_VALUE, "discd.yaml", 0, 0, "cannot be read: too large");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_key), cmocka_unit_test(test_dates),
        IN_FOLDER(test_good_files),      IN_FOLDER(test_open_to_others),
        IN_FOLDER(test_foreign_owner),   IN_FOLDER(test_missing_files),
        IN_FOLDER(test_bad_tokens),      IN_FOLDER(test_bad_key_file),
        IN_FOLDER(test_large_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

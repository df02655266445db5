/* The audit log: what its lines say, that no value can look like two, how many there are,
 * and where they go. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/audit.h"
#include "server/audit_keys.h"
#include "server/audit_line.h"
#include "unit/server/common.h"

#define WALL_MS 1900000000123ull /* 2030-03-17T17:46:40.123Z */

static const struct hash_key hash_key = {"0123456789abcdef"};

struct rig {
    char path[64];
    struct audit *audit;
    struct registry *registry;
    struct moment now;
    char text[1 << 16]; /* what was in the file */
};

static void on_deed(void *context, const struct registry_deed *deed)
{
    struct rig *r = context;
    audit_deed(r->audit, deed, r->now);
}

static void on_event(void *context, const struct registry_event *event)
{
    struct rig *r = context;
    audit_event(r->audit, event, r->now);
}

static struct rig *rig_new(void **state)
{
    static struct rig r;
    struct registry_config config = registry_config_default();
    r = (struct rig){.now = {5000, WALL_MS}};
    snprintf(r.path, sizeof r.path, "%s/audit.log", (const char *)*state);
    struct audit_options options = {r.path, (uid_t)-1, (gid_t)-1, true};
    assert_int_equal(audit_new(&options, &r.audit), ERR_OK);
    r.registry = registry_new(&config, &hash_key);
    assert_non_null(r.registry);
    registry_set_observer(r.registry, on_deed, &r);
    return &r;
}

static void rig_free(struct rig *r)
{
    audit_free(r->audit);
    registry_free(r->registry);
    unlink(r->path);
}

static const char *text_in(struct rig *r, const char *path)
{
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    r->text[fread(r->text, 1, sizeof r->text - 1, in)] = '\0';
    fclose(in);
    return r->text;
}

/* What was written since it was last asked. */
static const char *taken(struct rig *r)
{
    text_in(r, r->path);
    assert_int_equal(truncate(r->path, 0), 0);
    return r->text;
}

#define STAMP "2030-03-17T17:46:40.123Z audit "

static struct principal sender(const char *addr)
{
    return (struct principal){.kind = PRINCIPAL_ADDRESS, .addr = addr_of(addr)};
}

static struct record record_at(const char *id, const char *addr)
{
    struct record record = {.ns = TEXT("default"),
                            .service = TEXT("web"),
                            .id = text_of(id),
                            .address_count = 1,
                            .ttl = TTL_UNSET};
    record.addresses[0] = addr_of(addr);
    return record;
}

static void put(struct rig *r, const struct record *record, const struct principal *who)
{
    struct granted granted;
    assert_int_equal(registry_register(r->registry, record, who, r->now, &granted), ERR_OK);
}

/* ---- deeds and events ------------------------------------------------------------------- */

static void test_deeds(void **state)
{
    struct rig *r = rig_new(state);
    struct principal who = sender("10.0.0.9");
    struct principal key = {
        .kind = PRINCIPAL_KEY, .name = "deploy", .addr = addr_of("2001:db8::9")};
    struct record record = record_at("web-1", "10.0.0.7");
    record.addresses[record.address_count++] = addr_of("2001:db8::7");
    record.group = TEXT("node");
    put(r, &record, &who);
    assert_string_equal(taken(r), STAMP "what=registered ns=default service=web instance=web-1 "
                                        "who=addr:10.0.0.9 from=10.0.0.9 "
                                        "addr=10.0.0.7,2001:db8::7 group=node lease=30\n");
    record.address_count = 1;
    put(r, &record, &who);
    assert_string_equal(taken(r), STAMP "what=moved ns=default service=web instance=web-1 "
                                        "who=addr:10.0.0.9 from=10.0.0.9 addr=10.0.0.7 "
                                        "group=node lease=30\n");
    record.group = (struct text){0};
    r->now.lease_ms += 60000;
    put(r, &record, &key);
    assert_string_equal(taken(r), STAMP "what=taken-over ns=default service=web instance=web-1 "
                                        "who=key:deploy before=addr:10.0.0.9 from=2001:db8::9 "
                                        "addr=10.0.0.7 lease=30\n");
    record.addresses[0] = addr_of("10.0.0.8");
    assert_int_equal(
        registry_register_for(r->registry, &record, &key, &who, r->now, &(struct granted){0}),
        ERR_OK);
    assert_string_equal(taken(r), STAMP "what=moved ns=default service=web instance=web-1 "
                                        "who=addr:10.0.0.9 owner=key:deploy from=10.0.0.9 "
                                        "addr=10.0.0.8 lease=30\n");
    uint64_t rev;
    struct instance_key named = {TEXT("default"), TEXT("web"), TEXT("web-1")};
    assert_int_equal(registry_deregister(r->registry, named, 0, &key, r->now, &rev), ERR_OK);
    assert_string_equal(taken(r), STAMP "what=deregistered ns=default service=web "
                                        "instance=web-1 who=key:deploy from=2001:db8::9 "
                                        "addr=10.0.0.8\n");
    rig_free(r);
}

static void test_events(void **state)
{
    struct rig *r = rig_new(state);
    struct principal who = sender("10.0.0.9");
    struct record record = record_at("web-1", "10.0.0.9");
    put(r, &record, &who);
    taken(r);
    registry_guard_mode(r->registry, GUARD_ALWAYS_ON, r->now);
    registry_expire(r->registry, r->now, 10, on_event, r);
    assert_string_equal(taken(r), STAMP "what=guard state=on mode=on hosts=0 late_hosts=0\n");
    registry_guard_mode(r->registry, GUARD_ALWAYS_OFF, r->now);
    registry_expire(r->registry, r->now, 10, on_event, r);
    assert_string_equal(taken(r), STAMP "what=guard state=off mode=off hosts=0 late_hosts=0\n");
    registry_guard_mode(r->registry, GUARD_AUTO, r->now);
    r->now.lease_ms += 60000;
    while (registry_expire(r->registry, r->now, 10, on_event, r))
        ;
    assert_string_equal(taken(r), STAMP "what=evicted ns=default service=web instance=web-1 "
                                        "owner=addr:10.0.0.9 why=expired\n");
    struct guard_state guard = {.zone = TEXT("rack-1"), .hosts = 10, .late_hosts = 4};
    audit_event(r->audit, &(struct registry_event){.kind = REGISTRY_GUARD_ON, .guard = &guard},
                r->now);
    assert_string_equal(taken(r),
                        STAMP "what=guard state=on zone=rack-1 mode=auto hosts=10 late_hosts=4\n");
    guard = (struct guard_state){.counted = 8, .late = 3};
    audit_event(r->audit, &(struct registry_event){.kind = REGISTRY_BROWNOUT_OFF, .guard = &guard},
                r->now);
    assert_string_equal(taken(r), STAMP "what=brownout state=off leases=8 late=3\n");
    audit_probed(r->audit, (struct instance_key){TEXT("default"), TEXT("web"), TEXT("x")}, r->now);
    assert_string_equal(taken(r),
                        STAMP "what=evicted ns=default service=web instance=x why=probe\n");
    rig_free(r);
}

static void test_over_http(void **state)
{
    struct rig *r = rig_new(state);
    struct http_deed deed = {
        .kind = HTTP_DEED_OVERRIDE,
        .who = {.kind = PRINCIPAL_NAME, .name = PRINCIPAL_TOKEN},
        .from = addr_of("192.0.2.1"),
        .key = {TEXT("default"), TEXT("web"), TEXT("web-1")},
        .what = "drain weight=10",
    };
    audit_http(r->audit, &deed, r->now);
    assert_string_equal(taken(r), STAMP "what=override ns=default service=web instance=web-1 "
                                        "who=token:admin from=192.0.2.1 set=\"drain weight=10\" "
                                        "over=http\n");
    deed.kind = HTTP_DEED_EVICT;
    deed.key = (struct instance_key){.ns = {NULL, 0}};
    deed.what = "evicted 12, force";
    audit_http(r->audit, &deed, r->now);
    assert_string_equal(taken(r), STAMP "what=evicted who=token:admin from=192.0.2.1 why=operator "
                                        "did=\"evicted 12, force\" over=http\n");
    deed.kind = HTTP_DEED_GUARD;
    deed.what = "mode=on";
    audit_http(r->audit, &deed, r->now);
    assert_string_equal(taken(r), STAMP "what=guard who=token:admin from=192.0.2.1 "
                                        "set=\"mode=on\" over=http\n");
    deed.kind = HTTP_DEED_DENIED;
    deed.who = (struct principal){.kind = PRINCIPAL_LOCAL};
    deed.from = (struct addr){.family = FAMILY_NONE};
    deed.what = NULL;
    audit_http(r->audit, &deed, r->now);
    assert_string_equal(taken(r), STAMP "what=denied who=local over=http\n");
    struct principal who = sender("10.0.0.9");
    audit_denied(r->audit, &who, TEXT("default"), TEXT("db"), r->now);
    assert_string_equal(taken(r), STAMP "what=denied ns=default service=db who=addr:10.0.0.9 "
                                        "from=10.0.0.9 why=protected\n");
    rig_free(r);
}

/* ---- the form of a line ------------------------------------------------------------------ */

static void assert_line(struct audit_line *line, const char *wanted)
{
    struct text text = audit_line_end(line);
    assert_int_equal(text.n, strlen(wanted));
    assert_memory_equal(text.s, wanted, text.n);
}

static void test_escapes(void **state)
{
    (void)state;
    struct audit_line line;
    audit_line_begin(&line, 0, "x");
    audit_line_put(&line, "a", TEXT("plain:1.2,3/[x]"));
    audit_line_put(&line, "b", TEXT("two words"));
    audit_line_put(&line, "c", TEXT("k=v"));
    audit_line_put(&line, "d", TEXT("\"\\"));
    audit_line_put(&line, "e", TEXT("line\nwhat=forged\x1b[2J\x7f\xc3"));
    audit_line_put(&line, "f", TEXT(""));
    audit_line_put_some(&line, "g", TEXT(""));
    audit_line_number(&line, "h", UINT64_MAX);
    assert_line(&line, "audit what=x a=plain:1.2,3/[x] b=\"two words\" c=\"k=v\" d=\"\\\"\\\\\" "
                       "e=\"line\\x0awhat=forged\\x1b[2J\\x7f\\xc3\" f=\"\" "
                       "h=18446744073709551615\n");
}

/* Of any length: never past the end, whole pairs only. */
static void test_what_does_not_fit(void **state)
{
    (void)state;
    static char value[4096];
    memset(value, 'v', sizeof value);
    for (size_t n = 1900; n < 2100; n++)
        for (unsigned quoted = 0; quoted < 2; quoted++) {
            struct audit_line line;
            value[0] = quoted ? '\n' : 'v';
            audit_line_begin(&line, WALL_MS, "x");
            audit_line_put(&line, "long", (struct text){value, n});
            audit_line_put(&line, "k", TEXT("v"));
            struct text text = audit_line_end(&line);
            assert_true(text.n <= sizeof line.bytes);
            assert_int_equal(text.s[text.n - 1], '\n');
            assert_null(memchr(text.s, '\n', text.n - 1));
            bool whole = !line.cut, has = memmem(text.s, text.n, " long=", 6) != NULL;
            assert_int_equal(memmem(text.s, text.n, " cut=1\n", 7) == NULL, whole);
            assert_true(has ? text.n > n : text.n < 100);
            if (n == 1900 || n == 2099)
                assert_int_equal(has, n == 1900);
        }
}

/* ---- how many ------------------------------------------------------------------------------ */

static uint64_t count_of(const struct audit *a, const char *member, const char *kind)
{
    json_t *status = audit_status(a);
    assert_non_null(status);
    json_t *n = json_object_get(json_object_get(status, member), kind);
    assert_true(json_is_integer(n));
    uint64_t count = (uint64_t)json_integer_value(n);
    json_decref(status);
    return count;
}

static void test_limit(void **state)
{
    struct rig *r = rig_new(state);
    struct principal who = sender("10.0.0.9");
    for (unsigned n = 0; n < AUDIT_BURST + 500; n++)
        audit_denied(r->audit, &who, TEXT("default"), TEXT("db"), r->now);
    assert_int_equal(count_of(r->audit, "lines", "denied"), AUDIT_BURST);
    assert_int_equal(count_of(r->audit, "left_out", "denied"), 500);
    assert_null(strstr(taken(r), "left_out"));
    struct record record = record_at("web-1", "10.0.0.9");
    put(r, &record, &who); /* another kind */
    assert_non_null(strstr(taken(r), "what=registered"));
    r->now.lease_ms += 1000 / AUDIT_RATE - 1;
    audit_denied(r->audit, &who, TEXT("default"), TEXT("db"), r->now);
    assert_string_equal(taken(r), "");
    r->now.lease_ms += 1;
    audit_denied(r->audit, &who, TEXT("default"), TEXT("db"), r->now);
    assert_non_null(strstr(taken(r), " why=protected left_out=501\n"));
    r->now.lease_ms += 20000;
    for (unsigned n = 0; n < AUDIT_BURST; n++)
        audit_denied(r->audit, &who, TEXT("default"), TEXT("db"), r->now);
    assert_int_equal(count_of(r->audit, "lines", "denied"), 2 * AUDIT_BURST + 1);
    assert_null(strstr(taken(r), "left_out"));
    rig_free(r);
}

/* A number that nobody was told is told with the next line. */
static void test_left_out_is_told_once_written(void **state)
{
    struct rig *r = rig_new(state);
    struct principal who = sender("10.0.0.9");
    for (unsigned n = 0; n < AUDIT_BURST + 5; n++)
        audit_denied(r->audit, &who, TEXT("default"), TEXT("db"), r->now);
    (void)taken(r);
    r->now.lease_ms += 20000;
    struct rlimit before, full = {0, 0};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    full.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    audit_denied(r->audit, &who, TEXT("default"), TEXT("db"), r->now);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_string_equal(taken(r), "");
    audit_denied(r->audit, &who, TEXT("default"), TEXT("db"), r->now);
    assert_non_null(strstr(taken(r), " why=protected left_out=5\n"));
    audit_denied(r->audit, &who, TEXT("default"), TEXT("db"), r->now);
    assert_null(strstr(taken(r), "left_out"));
    rig_free(r);
}

/* ---- where they go -------------------------------------------------------------------------- */

static void note(struct rig *r)
{
    audit_denied(r->audit, &(struct principal){.kind = PRINCIPAL_LOCAL}, TEXT("default"),
                 TEXT("db"), r->now);
}

static void test_rotation(void **state)
{
    struct rig *r = rig_new(state);
    struct stat st;
    char moved[80];
    assert_int_equal(stat(r->path, &st), 0);
    assert_int_equal(st.st_mode & 0137, 0);
    snprintf(moved, sizeof moved, "%s.1", r->path);
    assert_int_equal(rename(r->path, moved), 0);
    note(r);
    assert_non_null(strstr(text_in(r, moved), "what=denied"));
    assert_int_equal(access(r->path, F_OK), -1);
    audit_reopen(r->audit);
    note(r);
    assert_non_null(strstr(taken(r), "what=denied"));
    /* appended to, by another start too */
    note(r);
    audit_reopen(r->audit);
    note(r);
    const char *first = strstr(taken(r), "what=denied");
    assert_true(first && strstr(first + 1, "what=denied"));
    unlink(moved);
    rig_free(r);
}

/* A target that cannot be had leaves the old one in use. */
static void test_target_changes(void **state)
{
    struct rig *r = rig_new(state);
    char link[80], missing[80];
    snprintf(link, sizeof link, "%s.link", r->path);
    snprintf(missing, sizeof missing, "%s/none/audit.log", (const char *)*state);
    assert_int_equal(symlink("/dev/null", link), 0);
    const char *const bad[] = {link, missing, (const char *)*state};
    for (size_t n = 0; n < ARRAY_COUNT(bad); n++) {
        struct audit *none;
        struct audit_options options = {bad[n], (uid_t)-1, (gid_t)-1, true};
        assert_int_equal(audit_check(bad[n]), ERR_SYSTEM);
        assert_int_equal(audit_new(&options, &none), ERR_SYSTEM);
        audit_configure(r->audit, bad[n]);
        note(r);
        assert_non_null(strstr(taken(r), "what=denied"));
    }
    assert_int_equal(audit_check("off"), ERR_OK);
    assert_int_equal(audit_check("stderr"), ERR_OK);
    assert_int_equal(audit_check(r->path), ERR_OK);
    audit_configure(r->audit, "off");
    note(r);
    assert_string_equal(taken(r), "");
    audit_reopen(r->audit);
    note(r);
    assert_string_equal(taken(r), "");
    audit_configure(r->audit, r->path);
    note(r);
    assert_non_null(strstr(taken(r), "what=denied"));
    unlink(link);
    rig_free(r);
}

static void test_disk_full(void **state)
{
    struct rig *r = rig_new(state);
    audit_configure(r->audit, "/dev/full");
    note(r);
    note(r);
    json_t *status = audit_status(r->audit);
    assert_int_equal(json_integer_value(json_object_get(status, "failures")), 2);
    assert_string_equal(json_string_value(json_object_get(status, "to")), "/dev/full");
    json_decref(status);
    rig_free(r);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static struct reg_key key_named(const char *id, char secret)
{
    struct reg_key key = {.secret_size = 16};
    snprintf(key.id, sizeof key.id, "%s", id);
    memset(key.secret, secret, key.secret_size);
    return key;
}

static struct key_sets sets_of(const struct config *config)
{
    struct key_sets sets;
    assert_int_equal(key_sets_of(config, &hash_key, &sets), ERR_OK);
    return sets;
}

static void test_keys(void **state)
{
    struct rig *r = rig_new(state);
    char *services[] = {(char[]){"default/*"}, NULL}, token[] = "0123456789abcdef";
    uint8_t secret[16] = {1};
    struct reg_grant grant = {.verbs = 7, .services = services};
    struct reg_key before[] = {key_named("c", 1), key_named("a", 1), key_named("b", 1)};
    struct reg_key after[] = {key_named("d", 1), key_named("b", 2), key_named("c", 1)};
    char name[] = "deploy.disc.local";
    struct dns_key tsig = {.name = name, .secret = secret, .secret_size = sizeof secret};
    struct config config = {.key_files = {.disc = (char[]){"/etc/keys.yaml"}}};
    config.registration.keys = before;
    config.registration.key_count = 3;
    struct key_sets old = sets_of(&config);
    struct keys_change change;
    assert_false(key_sets_change(&old, &old, KEYS_TSIG, &change));
    assert_false(key_sets_change(&old, &old, KEYS_TOKEN, &change));
    assert_true(key_sets_change(&old, &old, KEYS_DISC, &change));
    audit_keys(r->audit, &change, r->now);
    assert_string_equal(taken(r), STAMP "what=keys kind=disc file=/etc/keys.yaml keys=3\n");

    config.registration.keys = after;
    after[2].grants = &grant;
    after[2].grant_count = 1;
    config.key_files.tsig = (char[]){"/etc/tsig keys.yaml"};
    config.key_files.token = (char[]){"/etc/token"};
    config.dns.keys = &tsig;
    config.dns.key_count = 1;
    config.http.token = token;
    struct key_sets new = sets_of(&config);
    for (unsigned kind = 0; kind < KEY_KINDS; kind++) {
        assert_true(key_sets_change(&old, &new, (enum key_kind)kind, &change));
        audit_keys(r->audit, &change, r->now);
    }
    assert_string_equal(
        taken(r),
        STAMP "what=keys kind=disc file=/etc/keys.yaml keys=3 added=d removed=a changed=b,c\n" STAMP
              "what=keys kind=tsig file=\"/etc/tsig keys.yaml\" keys=1 "
              "added=deploy.disc.local\n" STAMP
              "what=keys kind=token file=/etc/token keys=1 added=admin\n");
    token[3] = 'x';
    struct key_sets newer = sets_of(&config);
    assert_true(key_sets_change(&new, &newer, KEYS_TOKEN, &change));
    assert_string_equal(change.changed, "admin");
    assert_true(key_sets_change(&newer, &(struct key_sets){0}, KEYS_TOKEN, &change));
    assert_null(change.file);
    assert_string_equal(change.removed, "admin");
    key_sets_deinit(&old);
    key_sets_deinit(&new);
    key_sets_deinit(&newer);
    rig_free(r);
}

static void test_many_keys(void **state)
{
    (void)state;
    static struct reg_key keys[200];
    for (unsigned n = 0; n < ARRAY_COUNT(keys); n++) {
        char id[8];
        snprintf(id, sizeof id, "key-%03u", n);
        keys[n] = key_named(id, 1);
    }
    struct config config = {.key_files = {.disc = (char[]){"keys"}}};
    config.registration.keys = keys;
    config.registration.key_count = ARRAY_COUNT(keys);
    struct key_sets sets = sets_of(&config);
    struct keys_change change;
    assert_true(key_sets_change(&(struct key_sets){0}, &sets, KEYS_DISC, &change));
    unsigned listed = 0, more = 0;
    for (const char *at = change.added; (at = strstr(at, "key-")); at++)
        listed++;
    assert_non_null(strrchr(change.added, '+'));
    assert_int_equal(sscanf(strrchr(change.added, '+'), "+%u", &more), 1);
    assert_int_equal(listed + more, ARRAY_COUNT(keys));
    assert_true(listed > 50);
    key_sets_deinit(&sets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deeds),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_over_http),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_left_out_is_told_once_written),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_target_changes),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_many_keys),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}

/* Which records are refused, and for which field. */
#include "unit/registry/fixture.h"

#define L32 "abcdefghijklmnopqrstuvwxyz012345"
#define L63 L32 "abcdefghijklmnopqrstuvwxyz01234"
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A200 A50 A50 A50 A50

struct name_case {
    const char *field; /* where the text goes; also what a fault must name */
    const char *text;
    bool fine;
};

static const struct name_case name_cases[] = {
    {"ns", "default", true},
    {"ns", L32, true},
    {"ns", L32 "6", false},
    {"ns", "", false},
    {"ns", "Prod", false},
    {"ns", "a.b", false},
    {"svc", "user.rpc", true},
    {"svc", "a.b.c.d", true},
    {"svc", "a.b.c.d.e", false},
    {"svc", "a_b", true},
    {"svc", "_a", false},
    {"svc", "a._b", false},
    {"svc", "a-", false},
    {"svc", "-a", false},
    {"svc", "a..b", false},
    {"svc", ".a", false},
    {"svc", "a.", false},
    {"svc", "", false},
    {"svc", "A", false},
    {"svc", "a b", false},
    {"svc", "a/b", false},
    {"svc", L63 "." L63, true},
    {"svc", L63 "." L63 ".a", false},
    {"svc", L63 "5", false},
    {"inst", "web-1", true},
    {"inst", L63, true},
    {"inst", L63 "5", false},
    {"inst", "web.1", false},
    {"inst", "web_1", false},
    {"inst", "Web", false},
    {"inst", "", false},
    {"ver", "1.4.2 (beta)", true},
    {"ver", "", true},
    {"ver", L32, true},
    {"ver", L32 "6", false},
    {"ver", "1\t2", false},
    {"ver", "\x7f", false},
    {"zone", "eu1-a", true},
    {"zone", "", true},
    {"zone", "EU", false},
    {"zone", L32 "6", false},
    {"region", "a.b", false},
    {"cluster", "-a", false},
    {"tags", "blue", true},
    {"tags", "", false},
    {"tags", "Blue", false},
    {"grp", "node7", true},
    {"grp", L63, true},
    {"grp", L63 "5", false},
    {"grp", "no de", false},
};

static struct text *field_of(struct record *r, const char *field)
{
    struct text *const places[] = {&r->ns,     &r->service, &r->id,      &r->version, &r->zone,
                                   &r->region, &r->cluster, &r->tags[0], &r->group};
    const char *const names[] = {"ns",     "svc",     "inst", "ver", "zone",
                                 "region", "cluster", "tags", "grp"};
    for (size_t n = 0; n < ARRAY_COUNT(names); n++)
        if (strcmp(names[n], field) == 0)
            return places[n];
    fail_msg("no field %s", field);
    return NULL;
}

static void check_fault(const struct record *record, const char *wanted, const char *what)
{
    const char *fault = record_fault(record);
    if (fault != wanted && (!fault || !wanted || strcmp(fault, wanted) != 0))
        fail_msg("%s: fault %s, wanted %s", what, fault ? fault : "none", wanted ? wanted : "none");
}

static void test_names(void **state)
{
    (void)state;
    for (size_t n = 0; n < ARRAY_COUNT(name_cases); n++) {
        const struct name_case *c = &name_cases[n];
        struct record record = record_of("web", "web-1");
        *field_of(&record, c->field) = text_of(c->text);
        record.tag_count = strcmp(c->field, "tags") == 0;
        check_fault(&record, c->fine ? NULL : c->field, c->text);
    }
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const refused[] = {"0.0.0.0",     "::",      "224.0.0.1", "255.255.255.255",
                                          "169.254.1.1", "fe80::1", "ff02::1"};
    struct record record = record_of("web", "web-1");
    for (size_t n = 0; n < ARRAY_COUNT(refused); n++) {
        record.addresses[0] = addr_of(refused[n]);
        check_fault(&record, "addr", refused[n]);
    }
    record.addresses[0] = addr_of("127.0.0.1");
    check_fault(&record, NULL, "loopback");
    record.addresses[record.address_count++] = addr_of("2001:db8::7");
    check_fault(&record, NULL, "both families");
    record.addresses[record.address_count++] = addr_of("127.0.0.1");
    check_fault(&record, "addr", "twice the same");
    record.address_count = 0;
    check_fault(&record, "addr", "none");
    record.address_count = 1;
    record.addresses[0] = (struct addr){0};
    check_fault(&record, "addr", "no family");
}

static void test_address_count(void **state)
{
    (void)state;
    struct record record = record_of("web", "web-1");
    for (unsigned n = 0; n < ADDRESSES_MAX; n++) {
        char text[ADDR_TEXT];
        snprintf(text, sizeof(text), "10.0.0.%u", n + 1);
        record.addresses[n] = addr_of(text);
    }
    record.address_count = ADDRESSES_MAX;
    check_fault(&record, NULL, "8 addresses");
    record.address_count = ADDRESSES_MAX + 1;
    check_fault(&record, "addr", "9 addresses");
}

static void test_port_names(void **state)
{
    (void)state;
    static const struct name_case cases[] = {
        {NULL, "http", true},  {NULL, "h2-c", true},  {NULL, "abcdefghijklmno", true},
        {NULL, "8080", false}, {NULL, "a--b", false}, {NULL, "abcdefghijklmnop", false},
        {NULL, "-a", false},   {NULL, "a-", false},   {NULL, "HTTP", false},
        {NULL, "a_b", false},
    };
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        struct record record = record_of("web", "web-1");
        record.ports[0].name = text_of(cases[n].text);
        check_fault(&record, cases[n].fine ? NULL : "port", cases[n].text);
    }
}

static void test_ports(void **state)
{
    (void)state;
    struct record record = record_of("web", "web-1");
    record.port_count = 0;
    check_fault(&record, NULL, "address-only");
    record.port_count = 2;
    record.ports[1] = (struct port){.number = 8080, .protocol = PROTOCOL_UDP};
    check_fault(&record, NULL, "two protocols");
    record.ports[1] = (struct port){.name = TEXT("http"), .number = 8080};
    check_fault(&record, NULL, "a second name");
    record.ports[1] = (struct port){.number = 8080};
    check_fault(&record, "port", "twice the same");
    record.ports[0] = (struct port){.name = TEXT("http"), .number = 1};
    record.ports[1] = (struct port){.name = TEXT("http"), .number = 2};
    check_fault(&record, "port", "one name for two numbers");
    record.ports[1].protocol = PROTOCOL_UDP;
    check_fault(&record, NULL, "one name, two protocols");
    record.ports[1].number = 0;
    check_fault(&record, "port", "port 0");
    record.ports[1] = (struct port){.number = 5, .protocol = PROTOCOL_COUNT};
    check_fault(&record, "port", "unknown protocol");
    record.port_count = PORTS_MAX + 1;
    check_fault(&record, "port", "9 ports");
}

static void test_numbers(void **state)
{
    (void)state;
    struct record record = record_of("web", "web-1");
    record.priority = PRIORITY_MAX;
    record.ttl = TTL_MAX;
    record.weight_set = true;
    record.weight = UINT16_MAX;
    check_fault(&record, NULL, "all at their limits");
    record.ttl = TTL_MAX + 1;
    check_fault(&record, "ttl", "ttl 301");
    record.ttl = TTL_UNSET - 1;
    check_fault(&record, "ttl", "ttl -2");
    record.ttl = 0;
    record.priority = PRIORITY_MAX + 1;
    check_fault(&record, "prio", "prio 32768");
    record.priority = 0;
    record.status = STATUS_COUNT;
    check_fault(&record, "st", "unknown status");
}

static void test_tags(void **state)
{
    (void)state;
    static char names[TAGS_MAX + 1][4];
    struct record record = record_of("web", "web-1");
    for (unsigned n = 0; n < TAGS_MAX; n++) {
        snprintf(names[n], sizeof(names[n]), "t%u", n);
        record.tags[n] = text_of(names[n]);
    }
    record.tag_count = TAGS_MAX;
    check_fault(&record, NULL, "16 tags");
    record.tag_count = TAGS_MAX + 1;
    check_fault(&record, "tags", "17 tags");
    record.tag_count = 2;
    record.tags[1] = record.tags[0];
    check_fault(&record, "tags", "twice the same");
}

static void test_metadata_keys_and_values(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
        bool fine;
    } cases[] = {
        {"build", "42", true},
        {"gRPC.port_1", "", true},
        {L32, A200, true},
        {L32 "6", "x", false},
        {"x", A200 "c", false},
        {"", "x", false},
        {"a b", "x", false},
        {"a=b", "x", false},
        {"k\xc3\xbc", "x", false},
        {"k", "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80", true},
        {"k", "a=b; c\td", true},
        {"k", "a\nb", false},
        {"k", "a\rb", false},
        {"k", "\xff", false},
        {"k", "\xc3", false},
        {"k", "\xc0\x80", false},
        {"k", "\xe0\x80\x80", false},
        {"k", "\xed\xa0\x80", false},
        {"k", "\xf0\x80\x80\x80", false},
        {"k", "\xf4\x90\x80\x80", false},
    };
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        struct record record = record_of("web", "web-1");
        record.metadata[0] = (struct pair){text_of(cases[n].key), text_of(cases[n].value)};
        record.metadata_count = 1;
        check_fault(&record, cases[n].fine ? NULL : "m.x", cases[n].value);
    }
    struct record record = record_of("web", "web-1");
    record.metadata[0] = (struct pair){TEXT("k"), {"a\0b", 3}};
    record.metadata_count = 1;
    check_fault(&record, "m.x", "NUL");
}

static void test_metadata_totals(void **state)
{
    (void)state;
    static char keys[METADATA_MAX + 1][4];
    struct record record = record_of("web", "web-1");
    for (unsigned n = 0; n < METADATA_MAX; n++) {
        snprintf(keys[n], sizeof(keys[n]), "k%02u", n);
        record.metadata[n].key = text_of(keys[n]);
    }
    record.metadata_count = METADATA_MAX;
    check_fault(&record, NULL, "64 pairs");
    record.metadata_count = METADATA_MAX + 1;
    check_fault(&record, "m.x", "65 pairs");

    record.metadata_count = 21; /* 20 x (3 + 200) = 4060, and 36 more */
    for (unsigned n = 0; n < 20; n++)
        record.metadata[n].value = TEXT(A200);
    record.metadata[20].value = (struct text){A200, 33};
    check_fault(&record, NULL, "4096 bytes");
    record.metadata[20].value.n = 34;
    check_fault(&record, "m.x", "4097 bytes");
    record.metadata[20] = record.metadata[0];
    record.metadata_count = 2;
    record.metadata[1].key = record.metadata[0].key;
    check_fault(&record, "m.x", "twice the same key");
}

static void test_texts(void **state)
{
    (void)state;
    for (unsigned n = 0; n < STATUS_COUNT; n++) {
        enum status status;
        assert_true(status_parse(text_of(status_text((enum status)n)), &status));
        assert_int_equal(status, n);
    }
    for (unsigned n = 0; n < PROTOCOL_COUNT; n++) {
        enum protocol protocol;
        assert_true(protocol_parse(text_of(protocol_text((enum protocol)n)), &protocol));
        assert_int_equal(protocol, n);
    }
    enum status status;
    enum protocol protocol;
    assert_false(status_parse(TEXT("UP"), &status));
    assert_false(status_parse(TEXT(""), &status));
    assert_false(protocol_parse(TEXT("quic"), &protocol));
    assert_string_equal(status_text(STATUS_DRAINING), "draining");
    assert_string_equal(protocol_text(PROTOCOL_SCTP), "sctp");
}

static void test_principals(void **state)
{
    (void)state;
    char out[PRINCIPAL_TEXT];
    struct principal p = {.kind = PRINCIPAL_ADDRESS, .addr = addr_of("2001:db8::7")};
    assert_string_equal(principal_format(&p, out), "addr:2001:db8::7");
    assert_string_equal(principal_format(&local, out), "local");
    assert_string_equal(principal_format(&deploy, out), "key:deploy");
    p = (struct principal){.kind = PRINCIPAL_NAME, .name = L32};
    assert_string_equal(principal_format(&p, out), "name:" L32);
    p = (struct principal){.kind = PRINCIPAL_NAME, .name = PRINCIPAL_TOKEN};
    assert_string_equal(principal_format(&p, out), "token:admin");
}

static void test_metadata_pairs(void **state)
{
    (void)state;
    static char keys[METADATA_MAX][4];
    struct record r = {.ttl = TTL_UNSET};
    for (unsigned n = 0; n < METADATA_MAX; n++) {
        snprintf(keys[n], sizeof(keys[n]), "k%u", n);
        struct pair pair = {text_of(keys[n]), TEXT("old")};
        assert_int_equal(record_set_pair(&r, pair), ERR_OK);
    }
    assert_int_equal(record_set_pair(&r, (struct pair){TEXT("more"), TEXT("1")}), ERR_FULL);
    assert_int_equal(record_set_pair(&r, (struct pair){TEXT("k63"), TEXT("new")}), ERR_OK);
    assert_int_equal(r.metadata_count, METADATA_MAX);
    assert_true(text_is(r.metadata[63].value, TEXT("new")));
    assert_true(text_is(r.metadata[62].value, TEXT("old")));

    record_drop_pair(&r, TEXT("more"));
    assert_int_equal(r.metadata_count, METADATA_MAX);
    record_drop_pair(&r, TEXT("k0"));
    assert_int_equal(r.metadata_count, METADATA_MAX - 1);
    for (unsigned n = 0; n < r.metadata_count; n++)
        assert_false(text_is(r.metadata[n].key, TEXT("k0")));
    assert_int_equal(record_set_pair(&r, (struct pair){TEXT("more"), TEXT("1")}), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_address_count),
        cmocka_unit_test(test_port_names),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_metadata_keys_and_values),
        cmocka_unit_test(test_metadata_totals),
        cmocka_unit_test(test_metadata_pairs),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_principals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

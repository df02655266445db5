/* For tests of UPDATE: a zone with grants, messages written in the words of nsupdate, signed
 * or not, and their way from admission to the answer. Include after cmocka. */
#ifndef DISC_TESTS_DNS_UPDATING_H
#define DISC_TESTS_DNS_UPDATING_H

#include "base/bytes.h"
#include "dns/plain.h"
#include "dns/tsig.h"
#include "dns/update.h"
#include "unit/dns/answering.h"

enum {
    UPDATE_NOW_S = 1700000000,
    R_NOERROR = 0,
    R_FORMERR = 1,
    R_SERVFAIL = 2,
    R_NXDOMAIN = 3,
    R_REFUSED = 5,
    R_YXDOMAIN = 6,
    R_YXRRSET = 7,
    R_NXRRSET = 8,
    R_NOTAUTH = 9,
    R_NOTZONE = 10,
};

#define UPDATE_ZONE                                                                                \
    "@ SOA ns host 1 60 10 86400 2\n@ NS ns\n@ NS ns2\nns A 10.9.9.9\nns2 A 10.9.9.8\n"            \
    "static A 10.8.8.8\nstatic A 10.8.8.9\nalias CNAME static\nsub NS ns.sub\nsub NS ns\n"         \
    "ns.sub A 10.7.7.7\n*.wild A 10.6.6.6\n"

struct journal_log { /* what both journals were told, and how they fail */
    unsigned reserves, puts, removes, touches;
    unsigned instance_puts, buries;
    enum err fail_records, fail_instances;
};

struct update_rig {
    struct rig *rig;
    struct dns_records *records;
    struct journal_log log;
    uint64_t lease_ms, signed_s;
    const char *key; /* who signs; NULL = nobody */
    bool has_lease;
    uint32_t lease_s, key_lease_s; /* granted */
    unsigned rcode;
    int ede;
    char text[128];
    uint8_t message[65535];
    size_t size;
    uint16_t id;                 /* of the last message */
    void (*around)(bool begins); /* called before and after the control thread's part */
};

/* ---- journals --------------------------------------------------------------------------- */

static enum err log_reserve(void *context, enum journal_need need, size_t changes)
{
    struct journal_log *log = context;
    (void)need;
    assert_int_not_equal(changes, 0);
    log->reserves++;
    return log->fail_records;
}

static void log_put(void *context, const struct dns_record *record)
{
    (void)record;
    ((struct journal_log *)context)->puts++;
}

static void log_remove(void *context, const struct dns_record *record)
{
    (void)record;
    ((struct journal_log *)context)->removes++;
}

static void log_touch(void *context, const struct dns_record *record)
{
    (void)record;
    ((struct journal_log *)context)->touches++;
}

static enum err log_instance_reserve(void *context, enum journal_need need, size_t changes)
{
    (void)need;
    (void)changes;
    return ((struct journal_log *)context)->fail_instances;
}

static void log_instance_put(void *context, const struct instance *i)
{
    (void)i;
    ((struct journal_log *)context)->instance_puts++;
}

static void log_bury(void *context, struct instance_key key, uint64_t floor, uint64_t until_ms)
{
    (void)key;
    (void)floor;
    (void)until_ms;
    ((struct journal_log *)context)->buries++;
}

/* ---- life --------------------------------------------------------------------------------- */

static char **globs(const char *words)
{
    char **list = calloc(8, sizeof(char *));
    struct text rest = text_of(words);
    for (size_t n = 0; rest.n && n < 7; n++) {
        struct text word = text_cut(&rest, ' ');
        list[n] = strndup(word.s, word.n);
    }
    return list;
}

static void add_key(struct dns_config *config, const char *name)
{
    struct dns_key *key = &config->keys[config->key_count++];
    *key = (struct dns_key){.name = strdup(name), .algorithm = TSIG_SHA256};
    key->secret = (uint8_t *)strdup("0123456789abcdef0123456789abcdef");
    key->secret_size = 32;
}

/* Key "all" may change everything, "web" names below web.z and web.z, "acme" TXT alone,
 * "other" and "admin" everything, "idle" nothing. */
static void grant(struct dns_config *config)
{
    struct dns_zone_config *zone = config->zones;
    config->keys = calloc(8, sizeof(*config->keys));
    add_key(config, "all");
    add_key(config, "web");
    add_key(config, "acme");
    add_key(config, "other");
    add_key(config, "admin");
    add_key(config, "idle");
    add_key(config, "a-key-with-a-name-that-is-longer-than-owners.example");
    zone->grants = calloc(8, sizeof(*zone->grants));
    zone->grants[0].key = strdup("all");
    zone->grants[1].key = strdup("web.");
    zone->grants[1].names = globs("*.web.z web.z _web._tcp.z");
    zone->grants[2].key = strdup("acme");
    zone->grants[2].types = malloc(sizeof(uint16_t));
    zone->grants[2].types[0] = T_TXT;
    zone->grants[2].type_count = 1;
    zone->grants[3].key = strdup("other");
    zone->grants[3].names = calloc(1, sizeof(char *));
    zone->grants[4].key = strdup("a-key-with-a-name-that-is-longer-than-owners.example");
    zone->grants[5].key = strdup("admin");
    zone->grants[5].names = calloc(1, sizeof(char *));
    zone->grant_count = 6;
    zone->update_lease_min_s = 30;
    zone->update_lease_max_s = 86400;
}

static bool is_taken(void *context, struct text ns, struct text service, struct text id)
{
    return dns_name_taken(context, ns, service, id);
}

UNUSED static void update_rig_clock(struct update_rig *t, uint64_t ms)
{
    t->lease_ms += ms;
}

UNUSED static struct moment update_now(const struct update_rig *t)
{
    return (struct moment){t->lease_ms, (uint64_t)UPDATE_NOW_S * 1000 + t->lease_ms};
}

UNUSED static void update_publish(struct update_rig *t)
{
    assert_int_equal(dns_publish(t->rig->dns, t->rig->registry, t->lease_ms, NULL), ERR_OK);
    registry_changes_trim(t->rig->registry, dns_published_index(t->rig->dns));
}

UNUSED static struct update_rig *update_rig_with(const char *records,
                                                 void (*more)(struct dns_config *))
{
    struct update_rig *t = calloc(1, sizeof(*t));
    t->rig = rig_with_config(records, NULL, more);
    t->records = dns_records_new(&test_key);
    t->lease_ms = 1000000;
    t->key = "all";
    dns_use_records(t->rig->dns, t->records);
    struct dns_records_journal journal = {&t->log, log_reserve, log_put, log_remove, log_touch};
    dns_records_set_journal(t->records, &journal);
    struct registry_journal other = {.context = &t->log,
                                     .reserve = log_instance_reserve,
                                     .put = log_instance_put,
                                     .bury = log_bury};
    registry_set_journal(t->rig->registry, &other);
    struct registry_config config = registry_config_default();
    config.name_taken = is_taken;
    config.context = t->rig->dns;
    assert_int_equal(registry_configure(t->rig->registry, &config), ERR_OK);
    update_publish(t);
    return t;
}

UNUSED static struct update_rig *update_rig(void)
{
    return update_rig_with(UPDATE_ZONE, grant);
}

UNUSED static void update_rig_free(struct update_rig *t)
{
    rig_free(t->rig);
    dns_records_free(t->records);
    free(t);
}

/* ---- messages -------------------------------------------------------------------------------- */

UNUSED static void update_begin_as(struct update_rig *t, const char *zone, uint16_t type,
                                   uint16_t class)
{
    ldns_rdf *name = ldns_dname_new_frm_str(zone);
    struct writer w = writer_of(t->message, sizeof(t->message));
    /* An id of its own: two messages of the same bytes are one that is repeated. */
    const uint16_t header[] = {++t->id, 5 << 11, 1, 0, 0, 0};
    for (size_t i = 0; i < ARRAY_COUNT(header); i++)
        write_u16(&w, header[i]);
    write_bytes(&w, ldns_rdf_data(name), ldns_rdf_size(name));
    write_u16(&w, type);
    write_u16(&w, class);
    t->size = writer_used(&w);
    ldns_rdf_deep_free(name);
}

UNUSED static void update_begin(struct update_rig *t)
{
    update_begin_as(t, "z.", T_SOA, 1);
}

/* A record as it is: `section` 1 prerequisites, 2 updates, 3 additional. */
UNUSED static void update_raw(struct update_rig *t, unsigned section, const char *name,
                              uint16_t type, uint16_t class, uint32_t ttl, const void *rdata,
                              size_t size)
{
    ldns_rdf *owner = ldns_dname_new_frm_str(name);
    assert_non_null(owner);
    struct writer w = writer_of(t->message + t->size, sizeof(t->message) - t->size);
    write_bytes(&w, ldns_rdf_data(owner), ldns_rdf_size(owner));
    write_u16(&w, type);
    write_u16(&w, class);
    write_u32(&w, ttl);
    write_u16(&w, (uint16_t)size);
    write_bytes(&w, rdata, size);
    assert_false(w.full);
    t->size += writer_used(&w);
    uint8_t *count = t->message + 4 + 2 * section;
    put_u16(count, (uint16_t)(get_u16(count) + 1));
    ldns_rdf_deep_free(owner);
}

static uint16_t type_of(const char *text)
{
    return strcmp(text, "ANY") == 0 ? T_ANY : (uint16_t)ldns_get_rr_type_by_name(text);
}

/* With RDATA in presentation form; NULL = none. */
UNUSED static void update_rr(struct update_rig *t, unsigned section, const char *name,
                             const char *type, uint16_t class, uint32_t ttl, const char *data)
{
    char line[4096];
    ldns_rr *rr = NULL;
    uint8_t *wire = NULL;
    size_t size = 0;
    if (!data) {
        update_raw(t, section, name, type_of(type), class, ttl, NULL, 0);
        return;
    }
    snprintf(line, sizeof(line), "x. 1 IN %s %s", type, data);
    if (ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL))
        fail_msg("bad record in a test: %s", line);
    assert_int_equal(ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &size), LDNS_STATUS_OK);
    size_t head = 3 + 10; /* "x." and the fixed part */
    update_raw(t, section, name, ldns_rr_get_type(rr), class, ttl, wire + head, size - head);
    LDNS_FREE(wire);
    ldns_rr_free(rr);
}

static void require_line(struct update_rig *t, struct text rest)
{
    char kind[16], name[300], type[16], data[3000];
    assert_int_equal(text_copy(text_cut(&rest, ' '), kind, sizeof(kind)), ERR_OK);
    assert_int_equal(text_copy(text_cut(&rest, ' '), name, sizeof(name)), ERR_OK);
    assert_int_equal(text_copy(text_cut(&rest, ' '), type, sizeof(type)), ERR_OK);
    assert_int_equal(text_copy(rest, data, sizeof(data)), ERR_OK);
    bool wanted = kind[0] == 'y';
    if (strcmp(kind + 2, "domain") == 0)
        update_rr(t, 1, name, "ANY", wanted ? 255 : 254, 0, NULL);
    else if (rest.n)
        update_rr(t, 1, name, type, 1, 0, data);
    else
        update_rr(t, 1, name, type, wanted ? 255 : 254, 0, NULL);
}

static void delete_line(struct update_rig *t, struct text rest)
{
    char name[300], type[16], data[3000];
    assert_int_equal(text_copy(text_cut(&rest, ' '), name, sizeof(name)), ERR_OK);
    assert_int_equal(text_copy(text_cut(&rest, ' '), type, sizeof(type)), ERR_OK);
    assert_int_equal(text_copy(rest, data, sizeof(data)), ERR_OK);
    update_rr(t, 2, name, type[0] ? type : "ANY", rest.n ? 254 : 255, 0, rest.n ? data : NULL);
}

static void add_line(struct update_rig *t, struct text rest)
{
    char name[300], type[16], data[3000];
    uint64_t ttl;
    assert_int_equal(text_copy(text_cut(&rest, ' '), name, sizeof(name)), ERR_OK);
    assert_int_equal(text_number(text_cut(&rest, ' '), UINT32_MAX, &ttl), ERR_OK);
    assert_int_equal(text_copy(text_cut(&rest, ' '), type, sizeof(type)), ERR_OK);
    assert_int_equal(text_copy(rest, data, sizeof(data)), ERR_OK);
    update_rr(t, 2, name, type, 1, (uint32_t)ttl, data);
}

/* "prereq yxdomain NAME", "prereq yxrrset NAME TYPE [DATA]", "del NAME [TYPE [DATA]]",
 * "add NAME TTL TYPE DATA", "lease S", "leases S KEY-S"; one a line. */
UNUSED static void update_lines(struct update_rig *t, const char *lines)
{
    for (struct text rest = text_of(lines); rest.n;) {
        struct text line = text_cut(&rest, '\n');
        struct text word = text_cut(&line, ' ');
        uint64_t lease, key = 0;
        if (text_is(word, TEXT("prereq"))) {
            require_line(t, line);
        } else if (text_is(word, TEXT("del"))) {
            delete_line(t, line);
        } else if (text_is(word, TEXT("add"))) {
            add_line(t, line);
        } else {
            uint8_t option[12] = {0, 2, 0, 4};
            bool both = text_is(word, TEXT("leases"));
            assert_int_equal(text_number(text_cut(&line, ' '), UINT32_MAX, &lease), ERR_OK);
            if (both)
                assert_int_equal(text_number(line, UINT32_MAX, &key), ERR_OK);
            option[3] = both ? 8 : 4;
            put_u32(option + 4, (uint32_t)lease);
            put_u32(option + 8, (uint32_t)key);
            update_raw(t, 3, ".", 41, 1232, 0, option, both ? 12 : 8);
        }
    }
}

/* ---- sending --------------------------------------------------------------------------- */

UNUSED static void update_sign(struct update_rig *t)
{
    struct tsig begun;
    uint64_t now = t->signed_s ? t->signed_s : UPDATE_NOW_S + t->lease_ms / 1000;
    const struct tsig_key *key = tsig_keyring_find(t->rig->dns->keyring, text_of(t->key));
    assert_non_null(key);
    tsig_begin(key, &begun);
    t->size = tsig_sign(&begun, now, t->message, t->size);
    tsig_end(&begun);
}

static void take_reply(struct update_rig *t, const uint8_t *out, size_t size)
{
    assert_true(size >= 12);
    assert_int_equal(get_u16(out), get_u16(t->message));
    assert_int_equal(out[2] & 0xf8, 0x80 | 5 << 3);
    assert_int_equal(out[3] & 15, t->rcode);
}

static void run(struct update_rig *t, struct dns_task *task)
{
    uint8_t out[4096];
    if (t->around)
        t->around(true);
    dns_task_run(t->rig->dns, t->rig->registry, update_now(t), task);
    if (t->around)
        t->around(false);
    t->rcode = task->rcode;
    t->ede = task->ede;
    (void)snprintf(t->text, sizeof(t->text), "%s", task->ede_text);
    t->has_lease = task->has_lease;
    t->lease_s = task->lease_s;
    t->key_lease_s = task->key_lease_s;
    take_reply(t, out,
               dns_task_next(task, t->rig->worker, update_now(t).wall_ms / 1000, out, sizeof(out)));
    dns_task_free(task);
}

/* The message in t->message, signed already or not, from a worker to the control thread. */
UNUSED static unsigned update_send_once(struct update_rig *t)
{
    struct dns_request request = {.bytes = t->message,
                                  .size = t->size,
                                  .from = {t->rig->client, 1234},
                                  .transport = DNS_TCP,
                                  .wall_s = update_now(t).wall_ms / 1000};
    struct respond *r = calloc(1, sizeof(*r));
    struct query q = {0};
    struct dns_task *task = NULL;
    uint8_t *out = malloc(65535);
    assert_int_equal(query_parse(t->message, t->size, &q), QUERY_UPDATE);
    r->dns = t->rig->dns;
    r->worker = t->rig->worker;
    r->request = &request;
    answer_begin(&r->answer, &q, out, 65535);
    if (q.tsig_at) {
        assert_true(tsig_check(t->rig->dns->keyring, t->message, t->size, q.tsig_at, request.wall_s,
                               &r->tsig));
        assert_int_equal(r->tsig.error, TSIG_NOERROR);
        r->answer.tsig = &r->tsig;
    }
    t->rcode = update_admit(r, &q, &task);
    t->ede = r->answer.ede;
    struct text why = t->ede == EDE_NONE ? TEXT("") : r->answer.ede_words;
    (void)snprintf(t->text, sizeof(t->text), "%.*s", (int)why.n, why.s);
    t->has_lease = false;
    if (task)
        run(t, task);
    if (q.tsig_at)
        tsig_end(&r->tsig);
    free(out);
    free(r);
    return t->rcode;
}

UNUSED static unsigned update_send(struct update_rig *t, const char *lines)
{
    update_begin(t);
    update_lines(t, lines);
    if (t->key)
        update_sign(t);
    unsigned rcode = update_send_once(t);
    t->lease_ms++;
    return rcode;
}

/* Sends, checks the code, publishes. */
#define update(t, code, lines)                                                                     \
    do {                                                                                           \
        unsigned rcode_ = update_send(t, lines);                                                   \
        if (rcode_ != (code))                                                                      \
            fail_msg("line %d: rcode %u instead of %d: %s", __LINE__, rcode_, code, (t)->text);    \
        update_publish(t);                                                                         \
    } while (0)

/* What can be seen of it all, as one number. */
UNUSED static uint64_t update_fingerprint(const struct update_rig *t)
{
    struct registry_totals r = registry_totals(t->rig->registry);
    uint64_t seen[] = {registry_index(t->rig->registry),
                       records_index(t->records),
                       dns_records_count(t->records),
                       r.services,
                       r.instances,
                       r.registrations,
                       r.deregistrations,
                       r.tombstones,
                       t->log.puts,
                       t->log.instance_puts,
                       t->log.removes,
                       t->log.buries};
    return hash_bytes(&test_key, seen, sizeof(seen));
}

/* What the zone now answers. */
#define shows(t, name, type, code, lines) expect((t)->rig, name, type, code, lines)

#endif

/* For tests of zone transfers: a rig whose zone may be transferred, requests, and a secondary
 * that keeps a copy of the zone as strictly as the RFCs allow. Include after cmocka. */
#ifndef DISC_TESTS_DNS_TRANSFERRING_H
#define DISC_TESTS_DNS_TRANSFERRING_H

#include "base/bytes.h"
#include "dns/tsig.h"
#include "unit/dns/answering.h"

enum { T_SVCB = 64, T_HTTPS = 65, T_IXFR = 251, T_AXFR = 252, TRANSFER_ROOM = 65535 };

#define NOW_S 1700000000

static const char transfer_secret[] = "0123456789abcdef0123456789abcdef";

/* The zone "z" that serves the namespace "default": anybody may have it (no `access`), or
 * these. Key "xfr.key" of hmac-sha256. The access list is copied, its keys too. */
UNUSED static struct rig *transfer_rig(const char *records, size_t journal_max,
                                       const struct dns_access *access, size_t count)
{
    static const struct dns_access anybody = {.anywhere = true};
    int fd;
    struct dns_config config = config_of_z(records, &fd);
    config.zones->journal_max = journal_max;
    config.zones->transfer_count = access ? count : 1;
    config.zones->transfers = calloc(config.zones->transfer_count, sizeof(struct dns_access));
    for (size_t i = 0; i < config.zones->transfer_count; i++) {
        config.zones->transfers[i] = access ? access[i] : anybody;
        if (access && access[i].key)
            config.zones->transfers[i].key = strdup(access[i].key);
    }
    config.keys = calloc(1, sizeof(*config.keys));
    config.key_count = 1;
    *config.keys = (struct dns_key){.name = strdup("xfr.key"), .algorithm = TSIG_SHA256};
    config.keys->secret = (uint8_t *)strdup(transfer_secret);
    config.keys->secret_size = strlen(transfer_secret);
    return rig_of(&config, fd);
}

/* ---- requests -------------------------------------------------------------------------- */

struct transfer_ask {
    uint16_t type; /* AXFR, IXFR */
    const char *zone;
    uint32_t serial; /* of IXFR */
    bool udp, without_soa, with_expire;
    uint16_t bufsize;  /* 0 = without EDNS */
    struct tsig *tsig; /* begun; NULL = unsigned */
};

static size_t transfer_name(const char *name, uint8_t *out)
{
    size_t size = 0;
    for (struct text rest = text_of(name); rest.n;) {
        struct text label = text_cut(&rest, '.');
        out[size++] = (uint8_t)label.n;
        memcpy(out + size, label.s, label.n);
        size += label.n;
    }
    out[size++] = 0;
    return size;
}

static size_t transfer_query(const struct transfer_ask *q, uint8_t out[static 512])
{
    uint8_t name[256];
    size_t name_size = transfer_name(q->zone, name);
    struct writer w = writer_of(out, 512);
    bool soa = q->type == T_IXFR && !q->without_soa;
    const uint16_t header[] = {0x4242, 0, 1, 0, soa, q->bufsize > 0};
    for (size_t i = 0; i < ARRAY_COUNT(header); i++)
        write_u16(&w, header[i]);
    write_bytes(&w, name, name_size);
    write_u16(&w, q->type);
    write_u16(&w, 1);
    if (soa) {
        static const uint8_t head[] = {0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0};
        write_bytes(&w, head, sizeof(head));
        write_u32(&w, q->serial);
        for (unsigned i = 0; i < 4; i++)
            write_u32(&w, 1);
    }
    if (q->bufsize) {
        static const uint8_t expire[] = {0, 9, 0, 0};
        write_u8(&w, 0);
        write_u16(&w, 41);
        write_u16(&w, q->bufsize);
        write_u32(&w, 0);
        write_u16(&w, q->with_expire ? sizeof(expire) : 0);
        write_bytes(&w, expire, q->with_expire ? sizeof(expire) : 0);
    }
    size_t size = writer_used(&w);
    if (q->tsig)
        size = tsig_sign(q->tsig, NOW_S, out, size);
    assert_int_not_equal(size, 0);
    return size;
}

/* ---- answers --------------------------------------------------------------------------- */

struct transfer_reply {
    size_t messages, bytes;
    unsigned rcode; /* of the first message */
    uint16_t flags; /* likewise */
    int expire;     /* -1 = no such option */
    char **lines;   /* all records of the answer sections, "owner TTL type RDATA" */
    size_t count;
    size_t largest; /* message */
};

UNUSED static void transfer_reply_free(struct transfer_reply *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->lines[i]);
    free(r->lines);
    *r = (struct transfer_reply){0};
}

/* Room for one more behind `count` lines. */
static char **lines_grow(char **lines, size_t count)
{
    if (count & (count - 1))
        return lines;
    return realloc(lines, (count ? count * 2 : 1) * sizeof(char *));
}

static void transfer_take_line(struct transfer_reply *r, const ldns_rr *record)
{
    char *text = ldns_rr2str(record);
    text[strcspn(text, "\n")] = '\0';
    for (char *at = text; (at = strchr(at, '\t'));)
        *at = ' ';
    char *class = strstr(text, " IN ");
    assert_non_null(class);
    memmove(class, class + 3, strlen(class + 3) + 1);
    r->lines = lines_grow(r->lines, r->count);
    r->lines[r->count++] = text;
}

static void transfer_take(struct transfer_reply *r, const uint8_t *bytes, size_t size)
{
    ldns_pkt *packet;
    assert_int_equal(ldns_wire2pkt(&packet, bytes, size), LDNS_STATUS_OK);
    assert_int_equal(ldns_pkt_id(packet), 0x4242);
    assert_true(ldns_pkt_qr(packet));
    if (r->messages == 0) {
        r->rcode = ldns_pkt_get_rcode(packet);
        r->flags = get_u16(bytes + 2);
        r->expire = -1;
        const ldns_rdf *options = ldns_pkt_edns_data(packet);
        const uint8_t *o = options ? ldns_rdf_data(options) : NULL;
        if (o && ldns_rdf_size(options) >= 8 && get_u16(o) == 9)
            r->expire = (int)get_u32(o + 4);
        assert_int_equal(ldns_pkt_qdcount(packet), 1);
    } else {
        assert_int_equal(ldns_pkt_qdcount(packet), 0);
        assert_int_equal(get_u16(bytes + 2), r->flags);
    }
    for (size_t i = 0; i < ldns_pkt_ancount(packet); i++)
        transfer_take_line(r, ldns_rr_list_rr(ldns_pkt_answer(packet), i));
    r->messages++;
    r->bytes += size;
    if (size > r->largest)
        r->largest = size;
    ldns_pkt_free(packet);
}

/* Asks; what cannot be answered at once is run in between, as the control thread would. */
static struct transfer_reply transfer(struct rig *t, const struct transfer_ask *q)
{
    struct transfer_reply r = {0};
    static uint8_t out[TRANSFER_ROOM];
    uint8_t query[512];
    size_t size = transfer_query(q, query);
    struct dns_request request = {query, size, {t->client, 1234}, q->udp ? DNS_UDP : DNS_TCP,
                                  NOW_S, 0};
    size_t written = dns_respond(t->dns, t->worker, &request, out, sizeof(out));
    struct dns_task *task = dns_worker_take_task(t->worker);
    assert_true((written > 0) != (task != NULL));
    if (written)
        transfer_take(&r, out, written);
    if (task)
        dns_task_run(t->dns, t->registry, (struct moment){1, 1}, task);
    while (task && (written = dns_task_next(task, t->worker, NOW_S, out, sizeof(out))))
        transfer_take(&r, out, written);
    dns_task_free(task);
    return r;
}

UNUSED static struct transfer_reply axfr(struct rig *t)
{
    return transfer(t, &(struct transfer_ask){.type = T_AXFR, .zone = "z"});
}

UNUSED static struct transfer_reply ixfr(struct rig *t, uint32_t serial)
{
    return transfer(t, &(struct transfer_ask){.type = T_IXFR, .zone = "z", .serial = serial});
}

/* ---- a secondary ----------------------------------------------------------------------- */

struct secondary {
    char **lines; /* sorted, the SOA not among them */
    size_t count;
    char *soa;
    uint32_t serial;
    unsigned wholes, differences, steps;
};

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_soa(const char *line, uint32_t *serial)
{
    unsigned long number;
    if (sscanf(line, "%*s %*u SOA %*s %*s %lu", &number) != 1)
        return false;
    *serial = (uint32_t)number;
    return true;
}

static void secondary_empty(struct secondary *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->lines[i]);
    free(s->lines);
    free(s->soa);
    s->lines = NULL;
    s->soa = NULL;
    s->count = 0;
}

UNUSED static bool secondary_has(const struct secondary *s, const char *line)
{
    return s->count && bsearch(&line, s->lines, s->count, sizeof(char *), compare_lines);
}

static void secondary_add(struct secondary *s, const char *line)
{
    if (secondary_has(s, line))
        fail_msg("added twice: %s", line);
    s->lines = lines_grow(s->lines, s->count);
    s->lines[s->count++] = strdup(line);
    for (size_t at = s->count - 1; at && strcmp(s->lines[at - 1], s->lines[at]) > 0; at--) {
        char *other = s->lines[at - 1];
        s->lines[at - 1] = s->lines[at];
        s->lines[at] = other;
    }
}

static void secondary_remove(struct secondary *s, const char *line)
{
    char **there =
        s->count ? bsearch(&line, s->lines, s->count, sizeof(char *), compare_lines) : NULL;
    if (!there)
        fail_msg("removed, but not there: %s", line);
    free(*there);
    memmove(there, there + 1, (size_t)(s->lines + s->count - there - 1) * sizeof(char *));
    s->count--;
}

static void secondary_take_whole(struct secondary *s, const struct transfer_reply *r)
{
    uint32_t serial;
    secondary_empty(s);
    for (size_t i = 1; i + 1 < r->count; i++) {
        assert_false(is_soa(r->lines[i], &serial));
        s->lines = lines_grow(s->lines, s->count);
        s->lines[s->count++] = strdup(r->lines[i]);
    }
    if (s->count)
        qsort(s->lines, s->count, sizeof(char *), compare_lines);
    for (size_t i = 1; i < s->count; i++)
        if (strcmp(s->lines[i - 1], s->lines[i]) == 0)
            fail_msg("twice in the zone: %s", s->lines[i]);
    s->wholes++;
}

/* Nothing goes and comes in one step. */
static void assert_not_among(char *const *lines, size_t count, const char *line)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(lines[i], line) == 0)
            fail_msg("removed, and added again: %s", line);
}

static void secondary_take_steps(struct secondary *s, const struct transfer_reply *r)
{
    size_t i = 1;
    uint32_t serial;
    while (i + 1 < r->count) {
        assert_true(is_soa(r->lines[i], &serial));
        assert_int_equal(serial, s->serial); /* each step goes on where the last one ended */
        size_t first = ++i;
        for (; !is_soa(r->lines[i], &serial); i++)
            secondary_remove(s, r->lines[i]);
        size_t removed = i - first;
        s->serial = serial;
        for (i++; i + 1 < r->count && !is_soa(r->lines[i], &serial); i++) {
            assert_not_among(r->lines + first, removed, r->lines[i]);
            secondary_add(s, r->lines[i]);
        }
        s->steps++;
    }
    s->differences++;
}

/* What a secondary does with an answer. */
static void secondary_take(struct secondary *s, const struct transfer_reply *r)
{
    uint32_t first, last, second;
    assert_int_equal(r->rcode, 0);
    assert_true(r->count > 0);
    assert_true(is_soa(r->lines[0], &first));
    assert_true(is_soa(r->lines[r->count - 1], &last));
    assert_int_equal(first, last);
    if (r->count > 2 && is_soa(r->lines[1], &second) && second != first) {
        secondary_take_steps(s, r);
        assert_int_equal(s->serial, first);
    } else if (r->count > 1) {
        secondary_take_whole(s, r);
    }
    s->serial = first;
    free(s->soa);
    s->soa = strdup(r->lines[0]);
}

UNUSED static void secondary_axfr(struct secondary *s, struct rig *t)
{
    struct transfer_reply r = axfr(t);
    secondary_take(s, &r);
    transfer_reply_free(&r);
}

UNUSED static void secondary_ixfr(struct secondary *s, struct rig *t)
{
    struct transfer_reply r = ixfr(t, s->serial);
    secondary_take(s, &r);
    transfer_reply_free(&r);
}

/* Do two copies agree, records and serial? */
UNUSED static void secondary_compare(const struct secondary *a, const struct secondary *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (strcmp(a->lines[i], b->lines[i]) != 0)
            fail_msg("'%s' or '%s'?", a->lines[i], b->lines[i]);
    if (a->count != b->count)
        fail_msg("%zu records or %zu: %s", a->count, b->count,
                 a->count > b->count ? a->lines[b->count] : b->lines[a->count]);
    assert_int_equal(a->serial, b->serial);
}

/* ---- the zone and the answers ---------------------------------------------------------- */

/* Is this the RRset's owner and type at the front of the line? */
static bool line_is_of(const char *line, const char *owner, const char *type)
{
    char found_type[32];
    size_t size = strlen(owner);
    return strncmp(line, owner, size) == 0 && line[size] == ' ' &&
           sscanf(line + size, " %*u %31s", found_type) == 1 && strcmp(found_type, type) == 0;
}

static size_t secondary_count(const struct secondary *s, const char *owner, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++)
        count += line_is_of(s->lines[i], owner, type);
    return count;
}

static const struct {
    uint16_t type;
    const char *text;
} answer_types[] = {{T_A, "A"},     {T_AAAA, "AAAA"}, {T_SRV, "SRV"},    {T_TXT, "TXT"},
                    {T_PTR, "PTR"}, {T_SVCB, "SVCB"}, {T_HTTPS, "HTTPS"}};

/* Does the zone have what is answered there, and nothing else? Returns how many records. */
UNUSED static unsigned secondary_compare_set(const struct secondary *s, struct rig *t,
                                             const char *owner, size_t type)
{
    struct dns_reply *reply = ask_tcp(t, owner, answer_types[type].type);
    const char *line;
    unsigned count = 0;
    if (reply->rcode != 0 && reply->rcode != 3)
        fail_msg("%s %s: rcode %u", owner, answer_types[type].text, reply->rcode);
    for (; (line = dns_reply_line(reply, SECTION_ANSWER_AT, count)); count++)
        if (!secondary_has(s, line))
            fail_msg("answered, but not transferred: %s", line);
    if (count != secondary_count(s, owner, answer_types[type].text))
        fail_msg("%s %s: %u answered, %zu transferred", owner, answer_types[type].text, count,
                 secondary_count(s, owner, answer_types[type].text));
    return count;
}

UNUSED static void secondary_deinit(struct secondary *s)
{
    secondary_empty(s);
    *s = (struct secondary){0};
}

#endif

/* Answers into as few bytes as they may have: names are copied in steps that do not stop at a
 * name's end, and must stop at the answer's. Labels of 1 to 63 bytes, suffixes of all sizes;
 * seeded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rand.h"
#include "unit/dns/answering.h"

enum {
    SERVICES = 120,
    QUESTIONS = 60, /* of each */
    IDS_MAX = 160,
    SERVICE_BYTES = 120,
    GUARD = 256, /* bytes behind the answer's room */
    UNTOUCHED = 0xa5,
    T_SVCB = 64
};

struct asked {
    struct rig *rig;
    struct rand rand;
    char service[SERVICE_BYTES + 1];
    char ids[IDS_MAX][64];
    unsigned count;
    unsigned long targets; /* seen */
};

static unsigned below(struct asked *a, unsigned bound)
{
    return rand_below(&a->rand, bound);
}

static void put_letters(struct asked *a, char *to, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (char)('a' + below(a, 26));
    to[size] = '\0';
}

/* ---- services ------------------------------------------------------------------------------ */

/* All sizes from 1 on: service `n` has n + 1 bytes, but for a dot where a label must end. */
static void name_service(struct asked *a, size_t n)
{
    size_t size = 1 + n % SERVICE_BYTES;
    put_letters(a, a->service, size);
    for (size_t at = 20 + below(a, 44); at + 1 < size; at += 20 + below(a, 44))
        a->service[at] = '.';
}

/* The first one of one byte, the others of 2 to 63. */
static void name_instance(struct asked *a, unsigned n)
{
    char *id = a->ids[n];
    put_letters(a, id, n ? 2 + below(a, 62) : 1);
    id[0] = n ? (char)('a' + n / 25) : 'z';
    if (n)
        id[1] = (char)('a' + n % 25);
}

static void reg_instance(struct asked *a, unsigned n)
{
    char name[256], fields[512];
    unsigned v4 = below(a, 9), v6 = v4 == 0 || below(a, 2) ? below(a, 9 - v4) : 0;
    int at = snprintf(fields, sizeof(fields), "port=80 w=%u priority=%u",
                      below(a, 5) ? below(a, 65536) : 0, below(a, 2));
    if (v4 + v6 == 0)
        v4 = 1;
    for (unsigned i = 0; i < v4; i++)
        at += snprintf(fields + at, sizeof(fields) - (size_t)at, " addr=10.%u.%u.%u", below(a, 250),
                       below(a, 250), 1 + i);
    for (unsigned i = 0; i < v6; i++)
        at += snprintf(fields + at, sizeof(fields) - (size_t)at, " addr=fd00::%x:%x",
                       below(a, 65536), 1 + i);
    snprintf(name, sizeof(name), "%s/%s", a->service, a->ids[n]);
    reg(a->rig->registry, name, fields, 1);
}

/* Every tenth of more than one slice. */
static void begin_service(struct asked *a, unsigned n)
{
    a->count = n % 10 == 9 ? 65 + below(a, 80) : 1 + below(a, below(a, 3) ? 12 : 64);
    name_service(a, n);
    for (unsigned i = 0; i < a->count; i++) {
        name_instance(a, i);
        reg_instance(a, i);
    }
    publish(a->rig);
}

/* ---- questions ----------------------------------------------------------------------------- */

/* "ttl type priority weight port I.S.Z." behind the owner: is it one of the service's? */
static void check_target(struct asked *a, const char *line)
{
    char target[300], expected[300];
    if (sscanf(line, "%*s %*u SRV %*u %*u %*u %299s", target) != 1)
        return;
    for (unsigned i = 0; i < a->count; i++) {
        snprintf(expected, sizeof(expected), "%s.%s.z.", a->ids[i], a->service);
        if (strcmp(expected, target) == 0) {
            a->targets++;
            return;
        }
    }
    fail_msg("no such target: %s", line);
}

static void check(struct asked *a, const struct question *q, const uint8_t *query, size_t size,
                  const uint8_t *out, size_t got, size_t limit)
{
    static struct dns_reply reply;
    const char *line;
    for (size_t i = limit; i < limit + GUARD; i++)
        if (out[i] != UNTOUCHED)
            fail_msg("%s %u: byte %zu of %zu written", q->name, q->type, i, limit);
    if (!dns_check(query, size, out, got, limit, &reply))
        fail_msg("%s %u: %s", q->name, q->type, reply.fault);
    assert_int_equal(reply.rcode, 0);
    for (size_t n = 0; (line = dns_reply_line(&reply, SECTION_ANSWER_AT, n)); n++)
        check_target(a, line);
    dns_reply_free(&reply);
}

/* The query has not a byte more than it needs, the answer so many as it may have. */
static void ask_narrow(struct asked *a, const struct question *q)
{
    uint8_t query[QUESTION_MAX];
    size_t size = question_write(q, query);
    size_t limit = q->tcp ? 512 + below(a, 3000) : question_limit(q, DNS_UDP_DEFAULT);
    uint8_t *out = malloc(limit + GUARD), *bytes = malloc(size);
    assert_int_not_equal(size, 0);
    memcpy(bytes, query, size);
    memset(out, UNTOUCHED, limit + GUARD);
    struct dns_request request = {bytes, size, {a->rig->client, 1234}, q->tcp ? DNS_TCP : DNS_UDP,
                                  0,     0};
    size_t got = dns_respond(a->rig->dns, a->rig->worker, &request, out, limit);
    check(a, q, query, size, out, got, limit);
    free(out);
    free(bytes);
}

static void ask_one(struct asked *a)
{
    static const uint16_t types[] = {T_SRV, T_SRV, T_SRV, T_SRV, T_A, T_AAAA, T_TXT, T_SVCB};
    char name[300];
    bool udp = below(a, 4);
    struct question q = {name, types[below(a, ARRAY_COUNT(types))], 0x1234, 0, !udp};
    if (below(a, 4))
        q.bufsize = (uint16_t)(512 + below(a, DNS_UDP_DEFAULT - 512 + 1));
    if (below(a, 6))
        snprintf(name, sizeof(name), "%s.z", a->service);
    else
        snprintf(name, sizeof(name), "%s.%s.z", a->ids[below(a, a->count)], a->service);
    ask_narrow(a, &q);
}

/* `max`: of answers, 0 = all. */
static void ask_all(uint32_t max)
{
    struct asked *a = calloc(1, sizeof(*a));
    a->rig = rig_with_max(max);
    rand_seed(&a->rand, SEED);
    for (unsigned n = 0; n < SERVICES; n++) {
        begin_service(a, n);
        for (unsigned i = 0; i < QUESTIONS; i++)
            ask_one(a);
    }
    assert_true(a->targets > 10000);
    rig_free(a->rig);
    free(a);
}

static void test_all(void **state)
{
    (void)state;
    ask_all(0);
}

/* Chosen by what the ids' bytes say. */
static void test_some(void **state)
{
    (void)state;
    ask_all(8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

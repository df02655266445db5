/* Most queries are parsed by a short path: it says of every message just what the long one says.
 * Both are seen from inside. */
#include "dns/query.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/rand.h"

enum { MESSAGES = 300000, ROOM = 640 };

static struct rand rng;

static bool one_in(uint32_t n)
{
    return rand_below(&rng, n) == 0;
}

static uint8_t any_byte(void)
{
    return (uint8_t)rand_next(&rng);
}

/* ---- messages ---------------------------------------------------------------------------- */

struct message {
    uint8_t bytes[ROOM];
    size_t size;
};

static void put(struct message *m, unsigned byte)
{
    if (m->size < ROOM)
        m->bytes[m->size++] = (uint8_t)byte;
}

static void put_header(struct message *m)
{
    for (unsigned i = 0; i < HEADER_SIZE; i++)
        put(m, 0);
    put_u16(m->bytes, (uint16_t)rand_next(&rng));
    m->bytes[2] = one_in(4) ? any_byte() : any_byte() & 7;
    m->bytes[3] = any_byte();
    m->bytes[5] = one_in(30) ? (uint8_t)rand_below(&rng, 3) : 1;
    m->bytes[7] = one_in(16);
    m->bytes[9] = one_in(16);
    m->bytes[11] = one_in(3) ? (uint8_t)rand_below(&rng, 3) : 1;
    if (one_in(60))
        m->bytes[4 + rand_below(&rng, 8)] = 1;
}

static void put_label(struct message *m, bool is_long)
{
    unsigned length = is_long ? 50 + rand_below(&rng, 14) : 1 + rand_below(&rng, 20);
    if (one_in(200))
        length = any_byte();
    put(m, length);
    for (unsigned i = 0; i < length; i++)
        put(m, one_in(3) ? any_byte() : 'A' + rand_below(&rng, 58));
}

static void put_question(struct message *m)
{
    bool is_long = one_in(20); /* about as long as a name may be */
    for (unsigned n = is_long ? 4 : rand_below(&rng, 6); n; n--)
        put_label(m, is_long);
    if (one_in(40))
        put(m, 0xc0);
    put(m, one_in(40) ? rand_below(&rng, 16) : 0);
    put(m, 0);
    put(m, one_in(2) ? 33 : any_byte());
    put(m, 0);
    put(m, 1);
}

/* Options of an OPT record: one that is known, with a length that may be right. */
static void put_option(struct message *m, unsigned size)
{
    put(m, 0);
    put(m, rand_below(&rng, 16));
    put(m, 0);
    put(m, one_in(8) ? any_byte() : size - 4);
    for (unsigned i = 4; i < size; i++)
        put(m, any_byte());
}

static void put_record(struct message *m)
{
    if (one_in(15))
        put(m, 0xc0);
    put(m, one_in(20) ? 12 : 0);
    put(m, 0);
    put(m, one_in(12) ? 250 : one_in(12) ? any_byte() : TYPE_OPT);
    for (unsigned i = 0; i < 6; i++)
        put(m, one_in(3) ? any_byte() : 0);
    unsigned size = one_in(3) ? 4 + rand_below(&rng, 24) : 0;
    put(m, one_in(60));
    put(m, one_in(20) ? any_byte() : size);
    if (size)
        put_option(m, size);
}

static void make(struct message *m)
{
    m->size = 0;
    put_header(m);
    put_question(m);
    for (unsigned n = m->bytes[7] + m->bytes[9] + m->bytes[11]; n; n--)
        put_record(m);
    if (one_in(12))
        m->size = rand_below(&rng, (uint32_t)m->size + 1);
    for (unsigned n = one_in(20) ? rand_below(&rng, 4) : 0; n; n--)
        put(m, any_byte());
    if (one_in(8) && m->size)
        m->bytes[rand_below(&rng, (uint32_t)m->size)] ^= (uint8_t)(1 << rand_below(&rng, 8));
}

/* ---- both paths ------------------------------------------------------------------------------ */

static enum query_verdict parse_long(const uint8_t *bytes, size_t size, struct query *q)
{
    if (size < HEADER_SIZE)
        return QUERY_SHORT;
    begin(q, bytes, size);
    return q->flags & FLAG_QR ? QUERY_RESPONSE : parse(q);
}

static void expect_same_name(const struct query *a, const struct query *b)
{
    assert_int_equal(a->name.size, b->name.size);
    if (!a->name.size)
        return;
    assert_int_equal(a->name.labels, b->name.labels);
    assert_memory_equal(a->name.wire, b->name.wire, a->name.size);
}

static void expect_same_edns(const struct query *a, const struct query *b)
{
    assert_int_equal(a->has_opt, b->has_opt);
    assert_int_equal(a->has_options, b->has_options);
    assert_int_equal(a->dnssec_ok, b->dnssec_ok);
    assert_int_equal(a->edns_version, b->edns_version);
    assert_int_equal(a->edns_size, b->edns_size);
    if (!a->has_opt)
        return;
    assert_int_equal(a->edns.nsid, b->edns.nsid);
    assert_int_equal(a->edns.expire, b->edns.expire);
    assert_int_equal(a->edns.keepalive, b->edns.keepalive);
    assert_ptr_equal(a->edns.cookie, b->edns.cookie);
    assert_int_equal(a->edns.subnet.there, b->edns.subnet.there);
    assert_int_equal(a->edns.lease_size, b->edns.lease_size);
}

static void expect_same(const struct query *a, const struct query *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->opcode, b->opcode);
    assert_memory_equal(a->counts, b->counts, sizeof(a->counts));
    assert_int_equal(a->question_end, b->question_end);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->class, b->class);
    assert_int_equal(a->tsig_at, b->tsig_at);
    if (a->counts[2])
        assert_int_equal(a->authority_at, b->authority_at);
    expect_same_name(a, b);
    expect_same_edns(a, b);
}

static bool goes_short(const uint8_t *bytes, size_t size)
{
    struct query q;
    begin(&q, bytes, size);
    return parse_usual(&q);
}

static void test_same(void **state)
{
    (void)state;
    unsigned good = 0, short_ones = 0, malformed_ones = 0;
    rand_seed(&rng, 7);
    for (unsigned n = 0; n < MESSAGES; n++) {
        struct message m;
        struct query a, b;
        make(&m);
        uint8_t *bytes = malloc(m.size + !m.size); /* a read behind it is seen */
        memcpy(bytes, m.bytes, m.size);
        memset(&a, 0x55, sizeof(a));
        memset(&b, 0xaa, sizeof(b));
        enum query_verdict verdict = query_parse(bytes, m.size, &a);
        assert_int_equal(verdict, parse_long(bytes, m.size, &b));
        if (verdict != QUERY_SHORT)
            expect_same(&a, &b);
        good += verdict == QUERY_GOOD;
        malformed_ones += verdict == QUERY_MALFORMED;
        short_ones += verdict == QUERY_GOOD && goes_short(bytes, m.size);
        free(bytes);
    }
    assert_in_range(good, MESSAGES / 5, MESSAGES);
    assert_in_range(short_ones, MESSAGES / 8, good - MESSAGES / 100); /* both are tried */
    assert_in_range(malformed_ones, MESSAGES / 20, MESSAGES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "dns/tsig.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/bytes.h"
#include "dns/query.h"
#include "dns/tsig_key.h"
#include "dns/wire.h"

enum {
    RECORD_FIXED = 10,           /* type, class, TTL, RDLENGTH */
    RDATA_FIXED = 6 + 2 + 2 + 6, /* time, fudge, MAC size; original ID, error, other size */
    OTHER_TIME = 6,              /* our clock, in answers that say BADTIME */
    MAC_LEAST = 10,              /* RFC 8945 section 5.2.2.1 */
    VARIABLES_MAX = 2 * NAME_MAX_WIRE + 6 + 12,
    ARCOUNT_AT = 10,
};

/* A TSIG record as received. */
struct received {
    const uint8_t *mac, *other;
    uint16_t mac_size, other_size, error;
};

static void write_u48(struct writer *w, uint64_t v)
{
    write_u16(w, (uint16_t)(v >> 32));
    write_u32(w, (uint32_t)v);
}

/* ---- what is digested (RFC 8945 section 4.3) ---------------------------------------------- */

/* The message as it was before its TSIG was added: only the header differs. */
static void header_before(const uint8_t *bytes, uint16_t id, uint16_t additional,
                          uint8_t out[static HEADER_SIZE])
{
    memcpy(out, bytes, HEADER_SIZE);
    put_u16(out, id);
    put_u16(out + ARCOUNT_AT, additional);
}

/* The variables, all of them or (behind the first message of an answer) the timers. */
static size_t put_variables(const struct tsig *t, uint64_t time, uint16_t fudge, bool timers_only,
                            const struct received *r, uint8_t out[static VARIABLES_MAX])
{
    struct writer w = writer_of(out, VARIABLES_MAX);
    if (!timers_only) {
        write_bytes(&w, t->name.wire, t->name.size);
        write_u16(&w, CLASS_ANY);
        write_u32(&w, 0); /* TTL */
        write_bytes(&w, t->algorithm.wire, t->algorithm.size);
    }
    write_u48(&w, time);
    write_u16(&w, fudge);
    if (!timers_only) {
        write_u16(&w, r->error);
        write_u16(&w, r->other_size);
    }
    return writer_used(&w);
}

/* ---- checking a request -------------------------------------------------------------------- */

static bool read_rdata(const uint8_t *bytes, size_t at, size_t end, struct tsig *t,
                       struct received *r)
{
    size_t begin = at;
    /* The name ends within the RDATA and is not compressed there (RFC 3597 section 4). */
    if (!query_name(bytes, end, &at, &t->algorithm) || at - begin != t->algorithm.size)
        return false;
    struct reader in = reader_of(bytes + at, end - at);
    t->time_signed = (uint64_t)read_u16(&in) << 32;
    t->time_signed |= read_u32(&in);
    t->fudge = read_u16(&in);
    r->mac_size = read_u16(&in);
    r->mac = read_bytes(&in, r->mac_size);
    t->original_id = read_u16(&in);
    r->error = read_u16(&in);
    r->other_size = read_u16(&in);
    r->other = read_bytes(&in, r->other_size);
    return !in.bad && reader_left(&in) == 0;
}

static bool read_record(const uint8_t *bytes, size_t size, size_t at, struct tsig *t,
                        struct received *r)
{
    if (!query_name(bytes, size, &at, &t->name) || size - at < RECORD_FIXED)
        return false;
    const uint8_t *fixed = bytes + at;
    at += RECORD_FIXED;
    return get_u16(fixed) == TYPE_TSIG && get_u16(fixed + 2) == CLASS_ANY &&
           get_u32(fixed + 4) == 0 && get_u16(fixed + 8) == size - at &&
           read_rdata(bytes, at, size, t, r);
}

static bool is_mac_size(const struct tsig_key *key, uint16_t size)
{
    unsigned half = (key->hash_size + 1u) / 2;
    return size <= key->hash_size && size >= MAC_LEAST && size >= half;
}

/* `at`: where the record stands in the message. False also when memory lacks. */
static bool mac_is_right(const struct tsig *t, const struct tsig_key *key, const uint8_t *bytes,
                         size_t at, const struct received *r)
{
    uint8_t header[HEADER_SIZE], variables[VARIABLES_MAX], mac[TSIG_MAC_MAX];
    header_before(bytes, t->original_id, (uint16_t)(get_u16(bytes + ARCOUNT_AT) - 1), header);
    const struct tsig_piece pieces[] = {
        {header, sizeof(header)},
        {bytes + HEADER_SIZE, at - HEADER_SIZE},
        {variables, put_variables(t, t->time_signed, t->fudge, false, r, variables)},
        {r->other, r->other_size},
    };
    return tsig_key_mac(key, pieces, ARRAY_COUNT(pieces), mac) &&
           CRYPTO_memcmp(mac, r->mac, r->mac_size) == 0;
}

static bool time_is_right(const struct tsig *t, uint64_t now_s)
{
    uint64_t off = t->time_signed > now_s ? t->time_signed - now_s : now_s - t->time_signed;
    return off <= t->fudge;
}

bool tsig_check(const struct tsig_keyring *ring, const uint8_t *bytes, size_t size, size_t at,
                uint64_t now_s, struct tsig *t)
{
    struct received r;
    *t = (struct tsig){.error = TSIG_BADKEY};
    if (!read_record(bytes, size, at, t, &r))
        return false;
    const struct tsig_key *key = tsig_keyring_match(ring, &t->name, &t->algorithm);
    if (!key)
        return true;
    if (!is_mac_size(key, r.mac_size))
        return false;
    t->key = tsig_key_ref(key);
    t->error = TSIG_BADSIG;
    if (!mac_is_right(t, key, bytes, at, &r))
        return true;
    t->error = time_is_right(t, now_s) ? TSIG_NOERROR : TSIG_BADTIME;
    t->mac_size = t->answer_mac_size = (uint8_t)r.mac_size;
    memcpy(t->mac, r.mac, r.mac_size);
    return true;
}

void tsig_begin(const struct tsig_key *key, struct tsig *t)
{
    *t = (struct tsig){.key = tsig_key_ref(key), .fudge = TSIG_FUDGE};
    t->name = key->name;
    t->algorithm = key->algorithm;
    t->answer_mac_size = key->hash_size;
}

void tsig_end(struct tsig *t)
{
    tsig_key_unref(t->key);
    t->key = NULL;
}

/* ---- signing ------------------------------------------------------------------------------- */

/* Answers to what could not be verified are not signed (RFC 8945 section 5.3.2). */
static bool is_signed(const struct tsig *t)
{
    return t->answer_mac_size > 0;
}

static size_t other_size(const struct tsig *t)
{
    return t->error == TSIG_BADTIME ? OTHER_TIME : 0;
}

size_t tsig_size(const struct tsig *t)
{
    return t->name.size + RECORD_FIXED + (size_t)t->algorithm.size + RDATA_FIXED +
           t->answer_mac_size + other_size(t);
}

/* The MAC of the message, into t->mac: with the one before it (a request that begins an
 * exchange has none) and the variables, or behind the first message only the timers. */
static bool make_mac(struct tsig *t, uint64_t time, const struct received *r, const uint8_t *bytes,
                     size_t size)
{
    uint8_t before[2], variables[VARIABLES_MAX], mac[TSIG_MAC_MAX];
    put_u16(before, t->mac_size);
    const struct tsig_piece pieces[] = {
        {before, t->mac_size ? sizeof(before) : 0},
        {t->mac, t->mac_size},
        {bytes, size},
        {variables, put_variables(t, time, TSIG_FUDGE, t->messages > 0, r, variables)},
        {r->other, t->messages ? 0 : r->other_size},
    };
    if (!tsig_key_mac(t->key, pieces, ARRAY_COUNT(pieces), mac))
        return false;
    memcpy(t->mac, mac, t->answer_mac_size);
    t->mac_size = t->answer_mac_size;
    return true;
}

static size_t put_record(const struct tsig *t, uint64_t time, const struct received *r, uint16_t id,
                         uint8_t *out)
{
    size_t room = tsig_size(t);
    struct writer w = writer_of(out, room);
    write_bytes(&w, t->name.wire, t->name.size);
    write_u16(&w, TYPE_TSIG);
    write_u16(&w, CLASS_ANY);
    write_u32(&w, 0); /* TTL */
    write_u16(&w, (uint16_t)(room - t->name.size - RECORD_FIXED));
    write_bytes(&w, t->algorithm.wire, t->algorithm.size);
    write_u48(&w, time);
    write_u16(&w, TSIG_FUDGE);
    write_u16(&w, t->answer_mac_size);
    write_bytes(&w, t->mac, t->answer_mac_size);
    write_u16(&w, id);
    write_u16(&w, r->error);
    write_u16(&w, r->other_size);
    write_bytes(&w, r->other, r->other_size);
    return writer_used(&w);
}

size_t tsig_sign(struct tsig *t, uint64_t now_s, uint8_t *bytes, size_t size)
{
    uint8_t ours[OTHER_TIME];
    put_u16(ours, (uint16_t)(now_s >> 32));
    put_u32(ours + 2, (uint32_t)now_s);
    struct received r = {
        .other = ours, .other_size = (uint16_t)other_size(t), .error = (uint16_t)t->error};
    /* Whose clock is wrong has to be able to verify the answer that says so (section 5.2.3). */
    uint64_t time = t->error == TSIG_BADTIME ? t->time_signed : now_s;
    if (is_signed(t) && !make_mac(t, time, &r, bytes, size))
        return 0;
    put_u16(bytes + ARCOUNT_AT, (uint16_t)(get_u16(bytes + ARCOUNT_AT) + 1));
    t->messages++;
    return size + put_record(t, time, &r, get_u16(bytes), bytes + size);
}

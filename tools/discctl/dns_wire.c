#include "dns_wire.h"

#include <string.h>
#include <sys/random.h>

enum { POINTERS_MAX = 64 };

unsigned dns_get_u16(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* ---- the question ---------------------------------------------------------------- */

static void put_byte(struct dns_query *q, unsigned value)
{
    q->framed[2 + q->size++] = (unsigned char)value;
}

static void put_u16(struct dns_query *q, unsigned value)
{
    put_byte(q, value >> 8);
    put_byte(q, value & 0xff);
}

static bool put_name(struct dns_query *q, const char *name)
{
    size_t start = q->size;
    while (*name) {
        size_t n = strcspn(name, ".");
        if (n == 0 || n > 63 || q->size - start + n + 2 > 255)
            return false;
        put_byte(q, (unsigned)n);
        memcpy(q->framed + 2 + q->size, name, n);
        q->size += n;
        name += n + (name[n] == '.');
    }
    put_byte(q, 0);
    return true;
}

bool dns_query_make(struct dns_query *q, const char *name, uint16_t type, bool recurse)
{
    uint16_t id = 0;
    if (getrandom(&id, sizeof(id), 0) != sizeof(id))
        return false;
    q->size = 0;
    put_u16(q, id);
    put_u16(q, recurse ? 0x0100 : 0);
    put_u16(q, 1);
    for (int i = 0; i < 3; i++)
        put_u16(q, 0);
    if (!put_name(q, name))
        return false;
    put_u16(q, type);
    put_u16(q, 1);
    q->framed[0] = (unsigned char)(q->size >> 8);
    q->framed[1] = (unsigned char)q->size;
    return true;
}

struct dns_message dns_query_message(const struct dns_query *q)
{
    return (struct dns_message){q->framed + 2, q->size};
}

/* ---- the answer ------------------------------------------------------------------ */

static bool is_same_letter(unsigned a, unsigned b)
{
    return (a | 0x20) == (b | 0x20) && (a | 0x20) >= 'a' && (a | 0x20) <= 'z';
}

bool dns_is_answer(struct dns_message m, const struct dns_query *q)
{
    const unsigned char *a = m.bytes, *asked = dns_query_message(q).bytes;
    if (m.size < q->size || memcmp(a, asked, 2) != 0 || !(a[2] & 0x80) || dns_get_u16(a + 4) != 1)
        return false;
    for (size_t i = DNS_HEADER; i < q->size; i++) {
        if (a[i] != asked[i] && !is_same_letter(a[i], asked[i]))
            return false;
    }
    return true;
}

/* The place behind the name at `at`; 0 when it runs over the end. */
static size_t skip_name(struct dns_message m, size_t at)
{
    while (at < m.size) {
        unsigned n = m.bytes[at];
        if (n >= 0xc0)
            return at + 2 <= m.size ? at + 2 : 0;
        if (n == 0)
            return at + 1;
        at += n + 1;
    }
    return 0;
}

bool dns_read_record(struct dns_message m, size_t at, struct dns_record *out)
{
    at = skip_name(m, at);
    if (!at || at + 10 > m.size)
        return false;
    out->type = dns_get_u16(m.bytes + at);
    out->data = at + 10;
    out->end = out->data + dns_get_u16(m.bytes + at + 8);
    return out->end <= m.size;
}

bool dns_read_name(struct dns_message m, size_t at, char out[static DNS_NAME_MAX])
{
    size_t used = 0;
    for (unsigned jumps = 0; at < m.size && jumps < POINTERS_MAX;) {
        unsigned n = m.bytes[at];
        if (n >= 0xc0 && at + 2 <= m.size) {
            at = dns_get_u16(m.bytes + at) & 0x3fff;
            jumps++;
            continue;
        }
        if (n == 0) {
            out[used ? used - 1 : 0] = 0;
            return true;
        }
        if (n > 63 || at + 1 + n > m.size || used + n + 2 > DNS_NAME_MAX)
            return false;
        memcpy(out + used, m.bytes + at + 1, n);
        out[used + n] = '.';
        used += n + 1;
        at += n + 1;
    }
    return false;
}

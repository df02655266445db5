#include "question.h"

#include <string.h>
#include <strings.h>

enum { HEADER = 12, FIXED = 10 /* of a record behind its name */, TYPE_OPT = 41, CLASS_IN = 1 };

bool question_type(const char *name, uint16_t *out)
{
    static const struct {
        const char *name;
        uint16_t type;
    } types[] = {{"A", TYPE_A}, {"AAAA", TYPE_AAAA}, {"SRV", TYPE_SRV}, {"TXT", TYPE_TXT}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcasecmp(name, types[i].name) == 0) {
            *out = types[i].type;
            return true;
        }
    }
    return false;
}

bool question_is_name(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > ZONE_MAX)
        return false;
    for (const char *label = name;; label++) {
        size_t size = strcspn(label, ".");
        if (size < 1 || size > 63 || memchr(label, '\\', size))
            return false;
        label += size;
        if (!*label)
            return true;
    }
}

/* ---- out --------------------------------------------------------------------------------- */

static char *put16(char *at, unsigned value)
{
    *at++ = (char)(value >> 8);
    *at++ = (char)value;
    return at;
}

static char *put_name(char *at, const char *name)
{
    for (;;) {
        size_t size = strcspn(name, ".");
        *at++ = (char)size;
        memcpy(at, name, size);
        at += size;
        name += size;
        if (!*name++)
            break;
    }
    *at++ = 0;
    return at;
}

size_t question_write(char *out, uint16_t id, const char *name, uint16_t type, uint16_t edns)
{
    char *at = put16(out, id);
    at = put16(at, 0); /* a query; no recursion wanted */
    at = put16(at, 1);
    at = put16(put16(put16(at, 0), 0), edns ? 1 : 0);
    at = put_name(at, name);
    at = put16(put16(at, type), CLASS_IN);
    if (edns) { /* RFC 6891, 6.1.2 */
        *at++ = 0;
        at = put16(put16(at, TYPE_OPT), edns);
        at = put16(put16(put16(at, 0), 0), 0);
    }
    return (size_t)(at - out);
}

/* ---- in ---------------------------------------------------------------------------------- */

static unsigned get16(const char *at)
{
    return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

bool answer_read(const char *in, size_t size, struct answer *out)
{
    if (size < HEADER || !(in[2] & 0x80))
        return false;
    *out = (struct answer){
        .id = (uint16_t)get16(in),
        .rcode = in[3] & 15,
        .count = get16(in + 6),
        .truncated = in[2] & 2,
    };
    return true;
}

/* Behind the name at `at`; NULL: it leaves the message. */
static const char *skip_name(const char *at, const char *end)
{
    while (at < end) {
        unsigned size = (unsigned char)*at;
        if (size >= 0xc0) /* the rest is elsewhere: RFC 1035, 4.1.4 */
            return end - at >= 2 ? at + 2 : NULL;
        at += 1 + size;
        if (size == 0)
            return at <= end ? at : NULL;
    }
    return NULL;
}

static const char *skip_questions(const char *in, const char *end)
{
    const char *at = in + HEADER;
    for (unsigned n = get16(in + 4); n && at; n--) {
        at = skip_name(at, end);
        at = at && end - at >= 4 ? at + 4 : NULL;
    }
    return at;
}

int answer_addresses(const char *in, size_t size, uint32_t *out, int max)
{
    const char *end = in + size, *at = skip_questions(in, end);
    int found = 0;
    for (unsigned n = get16(in + 6); n; n--) {
        at = at ? skip_name(at, end) : NULL;
        if (!at || end - at < FIXED)
            return -1;
        unsigned type = get16(at), rdata = get16(at + 8);
        at += FIXED;
        if (end - at < (ptrdiff_t)rdata || (type == TYPE_A && rdata != 4))
            return -1;
        if (type == TYPE_A && found < max)
            out[found++] = (uint32_t)get16(at) << 16 | get16(at + 2);
        at += rdata;
    }
    return found;
}

const char *question_rcode(unsigned rcode)
{
    static const char *const names[] = {"empty (NODATA)", "FORMERR", "SERVFAIL",
                                        "NXDOMAIN",       "NOTIMP",  "REFUSED"};
    return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] : NULL;
}

#include "dns/svcb_check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/bytes.h"

enum { /* RFC 9460 section 14.3.2 */
       KEY_MANDATORY = 0,
       KEY_ALPN = 1,
       KEY_NO_DEFAULT_ALPN = 2,
       KEY_PORT = 3,
       KEY_IPV4HINT = 4,
       KEY_IPV6HINT = 6,
       KEY_INVALID = 65535,
};

struct params {
    const uint8_t *at;
    size_t size;
    char *wrong;
};

struct param {
    uint16_t key;
    const uint8_t *value;
    size_t size;
};

static bool fail(const struct params *p, const char *format, ...) PRINTF(2, 3);

static bool fail(const struct params *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->wrong, SVCB_WRONG_TEXT, format, args);
    va_end(args);
    return false;
}

enum { KEY_TEXT = 24 };

static const char *key_text(uint16_t key, char out[static KEY_TEXT])
{
    static const char *const names[] = {"mandatory", "alpn", "no-default-alpn", "port",
                                        "ipv4hint",  "ech",  "ipv6hint"};
    if (key < ARRAY_COUNT(names))
        snprintf(out, KEY_TEXT, "%s", names[key]);
    else
        snprintf(out, KEY_TEXT, "key%u", key);
    return out;
}

static bool next(struct reader *r, struct param *out)
{
    out->key = read_u16(r);
    out->size = read_u16(r);
    out->value = read_bytes(r, out->size);
    return !r->bad;
}

static bool has(const struct params *p, uint16_t key)
{
    struct reader r = reader_of(p->at, p->size);
    struct param param;
    while (reader_left(&r) && next(&r, &param))
        if (param.key == key)
            return true;
    return false;
}

/* Section 8: which keys a client must know; in order, without itself, all of them there. */
static bool check_mandatory(const struct params *p, const struct param *m)
{
    char name[KEY_TEXT];
    if (!m->size || m->size % 2)
        return fail(p, "an empty mandatory, expected keys in it");
    for (size_t i = 0; i < m->size; i += 2) {
        uint16_t key = get_u16(m->value + i);
        key_text(key, name);
        if (key == KEY_MANDATORY)
            return fail(p, "mandatory in itself, expected other keys");
        if (i && key <= get_u16(m->value + i - 2))
            return fail(p, "%s in mandatory twice or out of order, expected ascending keys", name);
        if (!has(p, key))
            return fail(p, "%s in mandatory, expected it among the parameters", name);
    }
    return true;
}

/* Section 7.1.1: one protocol at least, none of them empty. */
static bool check_alpn(const struct params *p, const struct param *alpn)
{
    struct reader r = reader_of(alpn->value, alpn->size);
    if (!alpn->size)
        return fail(p, "an empty alpn, expected protocols");
    while (reader_left(&r)) {
        uint8_t size = read_u8(&r);
        if (!size || !read_bytes(&r, size))
            return fail(p, "an empty protocol in alpn, expected a name such as h2");
    }
    return true;
}

static bool check_value(const struct params *p, const struct param *v)
{
    switch (v->key) {
    case KEY_MANDATORY: return check_mandatory(p, v);
    case KEY_ALPN: return check_alpn(p, v);
    case KEY_NO_DEFAULT_ALPN:
        if (v->size)
            return fail(p, "a value of no-default-alpn, expected none");
        return has(p, KEY_ALPN) || fail(p, "no-default-alpn without alpn, expected both");
    case KEY_PORT: return v->size == 2 || fail(p, "a port of %zu bytes, expected 2", v->size);
    case KEY_IPV4HINT:
        return (v->size && v->size % 4 == 0) ||
               fail(p, "an ipv4hint of %zu bytes, expected IPv4 addresses", v->size);
    case KEY_IPV6HINT:
        return (v->size && v->size % 16 == 0) ||
               fail(p, "an ipv6hint of %zu bytes, expected IPv6 addresses", v->size);
    case KEY_INVALID: return fail(p, "key65535, which is reserved, expected another");
    default: return true;
    }
}

static bool check_order(const struct params *p, uint16_t before, uint16_t key)
{
    char name[KEY_TEXT], earlier[KEY_TEXT];
    if (key == before)
        return fail(p, "%s twice, expected each key once", key_text(key, name));
    return key > before || fail(p, "%s behind %s, expected keys in ascending order",
                                key_text(key, name), key_text(before, earlier));
}

bool svcb_check(const uint8_t *rdata, size_t size, char wrong[static SVCB_WRONG_TEXT])
{
    struct reader r = reader_of(rdata, size);
    uint16_t priority = read_u16(&r);
    for (uint8_t label; (label = read_u8(&r));)
        read_bytes(&r, label);
    struct params p = {r.at, reader_left(&r), wrong};
    struct param param;
    if (priority == 0 && p.size) /* section 2.4.2 */
        return fail(&p, "parameters beside priority 0, expected none: it is an alias");
    for (int before = -1; reader_left(&r); before = param.key) {
        if (!next(&r, &param))
            return fail(&p, "parameters that are cut off, expected whole ones");
        if (before >= 0 && !check_order(&p, (uint16_t)before, param.key))
            return false;
        if (!check_value(&p, &param))
            return false;
    }
    return true;
}

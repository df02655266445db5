#include "dns/zone_fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/text.h"
#include "dns/name.h"
#include "dns/wire.h"
#include "dns/zone_rdata.h"

enum kind { END, ADDRESS_V4, ADDRESS_V6, NAME, NUMBER16, NUMBER32, PERIOD, STRINGS, PARAMETERS };

enum {
    STRING_MAX = 255, /* RFC 1035 section 3.3 */
    FIELDS_MAX = 8,
    NUMBER_TEXT = 32, /* longer than any number */
};

struct layout {
    uint16_t type;
    struct field {
        enum kind kind;
        const char *what;
    } fields[FIELDS_MAX];
};

#define PRIORITY                                                                                   \
    {                                                                                              \
        NUMBER16, "a priority from 0 to 65535"                                                     \
    }
#define TARGET                                                                                     \
    {                                                                                              \
        NAME, "the target's name"                                                                  \
    }

static const struct layout *layout_of(uint16_t type)
{
    static const struct layout layouts[] = {
        {TYPE_A, {{ADDRESS_V4, "an IPv4 address"}}},
        {TYPE_AAAA, {{ADDRESS_V6, "an IPv6 address"}}},
        {TYPE_NS, {{NAME, "the name of a server"}}},
        {TYPE_CNAME, {TARGET}},
        {TYPE_DNAME, {TARGET}},
        {TYPE_PTR, {TARGET}},
        {TYPE_MX,
         {{NUMBER16, "a preference from 0 to 65535"}, {NAME, "the name of a mail server"}}},
        {TYPE_SRV,
         {PRIORITY,
          {NUMBER16, "a weight from 0 to 65535"},
          {NUMBER16, "a port from 0 to 65535"},
          TARGET}},
        {TYPE_SOA,
         {{NAME, "the name of the primary"},
          {NAME, "the mailbox in the form of a name"},
          {NUMBER32, "a serial from 0 to 4294967295"},
          {PERIOD, "refresh in seconds"},
          {PERIOD, "retry in seconds"},
          {PERIOD, "expire in seconds"},
          {PERIOD, "the minimum in seconds"}}},
        {TYPE_TXT, {{STRINGS, "a text"}}},
        {TYPE_SVCB, {PRIORITY, TARGET, {PARAMETERS, ""}}},
        {TYPE_HTTPS, {PRIORITY, TARGET, {PARAMETERS, ""}}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(layouts); i++)
        if (layouts[i].type == type)
            return &layouts[i];
    return NULL;
}

static bool fail(struct zone_wrong *wrong, const char *at, const char *format, ...) PRINTF(3, 4);

static bool fail(struct zone_wrong *wrong, const char *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(wrong->text, sizeof(wrong->text), format, args);
    va_end(args);
    wrong->at = at;
    return false;
}

/* How many bytes of it a fault shows. */
static int shown(struct text t)
{
    enum { MAX = 80 };
    return t.n < MAX ? (int)t.n : MAX;
}

/* Up to a space that is neither quoted nor escaped; false at the end. */
static bool next_token(const char **at, struct text *out)
{
    const char *from = *at + strspn(*at, " "), *to = from;
    for (bool quoted = false; *to && (quoted || *to != ' '); to++) {
        if (*to == '\\' && to[1])
            to++;
        else if (*to == '"')
            quoted = !quoted;
    }
    if (to > from)
        *at = to;
    *out = (struct text){from, (size_t)(to - from)};
    return to > from;
}

/* The bytes of a text with escapes taken off; of several, as in "a""b", those of the longest. */
static size_t string_size(struct text t)
{
    size_t size = 0, longest = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (t.s[i] == '"') {
            size = 0;
            continue;
        }
        if (t.s[i] == '\\' && i + 1 < t.n)
            i += t.s[i + 1] >= '0' && t.s[i + 1] <= '9' ? 3 : 1;
        if (++size > longest)
            longest = size;
    }
    return longest;
}

static bool is_address(struct text t, enum family family)
{
    struct addr a; /* an IPv4 address within IPv6 is read as what it is within */
    if (!t.n || t.s[0] == '[' || addr_parse(t, &a))
        return false;
    return (memchr(t.s, ':', t.n) ? FAMILY_V6 : FAMILY_V4) == family;
}

static bool is_period(struct text t)
{
    char copy[NUMBER_TEXT];
    uint32_t seconds;
    return !text_copy(t, copy, sizeof(copy)) && !zone_ttl_parse(copy, &seconds);
}

static bool is_number(struct text t, uint64_t max)
{
    uint64_t number;
    return t.n < NUMBER_TEXT && !text_number(t, max, &number);
}

static bool fits(enum kind kind, struct text t)
{
    struct name name;
    switch (kind) {
    case ADDRESS_V4: return is_address(t, FAMILY_V4);
    case ADDRESS_V6: return is_address(t, FAMILY_V6);
    case NAME: return text_is(t, TEXT("@")) || !name_parse(t, &name);
    case NUMBER16: return is_number(t, UINT16_MAX);
    case NUMBER32: return is_number(t, UINT32_MAX);
    case PERIOD: return is_period(t);
    case STRINGS:
    case PARAMETERS:
    case END:
    default: return true;
    }
}

/* To the record's end; the first of them is there. */
static bool check_strings(const char *at, struct zone_wrong *wrong)
{
    struct text t;
    while (next_token(&at, &t))
        if (string_size(t) > STRING_MAX)
            return fail(wrong, t.s, "found a text of %zu bytes, expected at most %d in one",
                        string_size(t), STRING_MAX);
    return true;
}

/* What the library reads wrongly of SvcParams: it cuts off what does not fit. */
static bool check_parameters(const char *at, struct zone_wrong *wrong)
{
    static const char key[] = "port=";
    enum { SIZE = sizeof(key) - 1 };
    struct text t;
    while (next_token(&at, &t)) {
        if (t.n < SIZE || !text_is_nocase((struct text){t.s, SIZE}, text_of(key)))
            continue;
        struct text value = {t.s + SIZE, t.n - SIZE};
        if (value.n >= 2 && value.s[0] == '"' && value.s[value.n - 1] == '"')
            value = (struct text){value.s + 1, value.n - 2};
        if (!is_number(value, UINT16_MAX))
            return fail(wrong, t.s, "found '%.*s', expected a port from 0 to 65535", shown(t), t.s);
    }
    return true;
}

static bool check_end(const char *name, const char *at, struct zone_wrong *wrong)
{
    struct text t;
    if (!next_token(&at, &t))
        return true;
    return fail(wrong, t.s, "found '%.*s' behind the data of %.20s, expected the record's end",
                shown(t), t.s, name);
}

bool zone_fields_check(const char *name, uint16_t type, const char *text, struct zone_wrong *wrong)
{
    const struct layout *layout = layout_of(type);
    for (size_t i = 0; layout && i < FIELDS_MAX; i++) {
        const struct field *f = &layout->fields[i];
        const char *before = text;
        struct text t;
        if (f->kind == END)
            return check_end(name, text, wrong);
        if (f->kind == PARAMETERS)
            return check_parameters(text, wrong);
        if (!next_token(&text, &t))
            return fail(wrong, text, "found the end of the %.20s record, expected %s", name,
                        f->what);
        if (f->kind == STRINGS)
            return check_strings(before, wrong);
        if (!fits(f->kind, t))
            return fail(wrong, t.s, "found %.20s '%.*s', expected %s", name, shown(t), t.s,
                        f->what);
    }
    return true;
}

bool zone_fields_have_address(uint16_t type, const char *text)
{
    const struct layout *layout = layout_of(type);
    for (size_t i = 0; layout && i < FIELDS_MAX; i++) {
        struct text t;
        if (!next_token(&text, &t))
            return false;
        struct text bare = {t.s, t.n && t.s[t.n - 1] == '.' ? t.n - 1 : t.n};
        if (layout->fields[i].kind == NAME &&
            (is_address(bare, FAMILY_V4) || is_address(bare, FAMILY_V6)))
            return true;
    }
    return false;
}

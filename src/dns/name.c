#include "dns/name.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One character at t.s[*at], escapes undone; -1 when the escape makes no sense. */
static int take_char(struct text t, size_t *at)
{
    char c = t.s[(*at)++];
    if (c != '\\')
        return (uint8_t)c;
    if (*at >= t.n)
        return -1;
    if (!is_digit(t.s[*at]))
        return (uint8_t)t.s[(*at)++];
    if (t.n - *at < 3 || !is_digit(t.s[*at + 1]) || !is_digit(t.s[*at + 2]))
        return -1;
    const char *d = t.s + *at;
    int value = (d[0] - '0') * 100 + (d[1] - '0') * 10 + (d[2] - '0');
    *at += 3;
    return value <= 255 ? value : -1;
}

/* Takes one label and the dot behind it; the bytes go behind the length byte at
 * out->wire[out->size]. Room for the root is kept. */
static enum err take_label(struct text t, size_t *at, struct name *out)
{
    unsigned length = 0;
    while (*at < t.n && t.s[*at] != '.') {
        int c = take_char(t, at);
        if (c < 0 || length == 63)
            return ERR_SYNTAX;
        if (out->size + 1u + length + 1u >= NAME_MAX_WIRE)
            return ERR_SPACE;
        out->wire[out->size + 1 + length++] = (uint8_t)ascii_lower((char)c);
    }
    if (length == 0)
        return ERR_SYNTAX;
    if (*at < t.n)
        ++*at;
    out->wire[out->size] = (uint8_t)length;
    out->size = (uint8_t)(out->size + 1 + length);
    out->labels++;
    return ERR_OK;
}

enum err name_parse(struct text t, struct name *out)
{
    out->size = 0;
    out->labels = 0;
    if (t.n == 0)
        return ERR_SYNTAX;
    size_t at = text_is(t, TEXT(".")) ? 1 : 0;
    while (at < t.n) {
        enum err err = take_label(t, &at, out);
        if (err)
            return err;
    }
    out->wire[out->size++] = 0;
    return ERR_OK;
}

static enum err join_label(struct text label, struct name *out)
{
    if (label.n == 0 || label.n > 63)
        return ERR_SYNTAX;
    if (out->size + 1 + label.n >= NAME_MAX_WIRE)
        return ERR_SPACE;
    uint8_t *to = out->wire + out->size;
    *to++ = (uint8_t)label.n;
    for (size_t i = 0; i < label.n; i++)
        *to++ = (uint8_t)ascii_lower(label.s[i]);
    out->size = (uint8_t)(out->size + 1 + label.n);
    out->labels++;
    return ERR_OK;
}

enum err name_join(struct text child, const struct name *parent, struct name *out)
{
    out->size = 0;
    out->labels = 0;
    for (size_t start = 0, at = 0; child.n && at <= child.n; at++) {
        if (at < child.n && child.s[at] != '.')
            continue;
        enum err err = join_label((struct text){child.s + start, at - start}, out);
        if (err)
            return err;
        start = at + 1;
    }
    if (out->size + parent->size > NAME_MAX_WIRE)
        return ERR_SPACE;
    memcpy(out->wire + out->size, parent->wire, parent->size);
    out->size = (uint8_t)(out->size + parent->size);
    out->labels = (uint8_t)(out->labels + parent->labels);
    return ERR_OK;
}

static bool has_meaning(uint8_t c) /* in presentation form */
{
    switch (c) {
    case '.':
    case '\\':
    case '"':
    case '(':
    case ')':
    case ';':
    case '@':
    case '$': return true;
    default: return false;
    }
}

/* What nearly all names consist of. */
static bool is_plain(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static char *format_char(char *to, uint8_t c)
{
    if (c <= ' ' || c > '~') {
        *to++ = '\\';
        *to++ = (char)('0' + c / 100);
        *to++ = (char)('0' + c / 10 % 10);
        *to++ = (char)('0' + c % 10);
        return to;
    }
    if (has_meaning(c))
        *to++ = '\\';
    *to++ = (char)c;
    return to;
}

const char *name_format(const uint8_t *wire, char out[static NAME_TEXT])
{
    char *to = out;
    if (!*wire)
        *to++ = '.';
    while (*wire) {
        unsigned length = *wire++;
        for (unsigned i = 0; i < length; i++, wire++) {
            if (is_plain(*wire))
                *to++ = (char)*wire;
            else
                to = format_char(to, *wire);
        }
        *to++ = '.';
    }
    *to = '\0';
    return out;
}

bool name_is(const struct name *a, const struct name *b)
{
    return a->size == b->size && memcmp(a->wire, b->wire, a->size) == 0;
}

bool name_is_below(const struct name *n, const struct name *top)
{
    if (n->labels < top->labels)
        return false;
    uint8_t size;
    const uint8_t *tail = name_tail(n, n->labels - top->labels, &size);
    return size == top->size && memcmp(tail, top->wire, size) == 0;
}

bool name_is_wire(const struct name *n, const uint8_t *wire)
{
    for (unsigned i = 0; i < n->size; i++)
        if (n->wire[i] != (uint8_t)ascii_lower((char)wire[i]))
            return false;
    return true;
}

void name_from_wire(const uint8_t *wire, struct name *out)
{
    unsigned at = 0;
    out->labels = 0;
    for (; wire[at]; out->labels++) {
        unsigned end = at + 1 + wire[at];
        out->wire[at] = wire[at];
        while (++at < end)
            out->wire[at] = (uint8_t)ascii_lower((char)wire[at]);
    }
    out->wire[at] = 0;
    out->size = (uint8_t)(at + 1);
}

bool name_has_boundary(const struct name *n, unsigned at)
{
    unsigned i = 0;
    while (i < at && n->wire[i])
        i += 1u + n->wire[i];
    return i == at;
}

/* Where each label begins. */
static void find_labels(const struct name *n, uint8_t at[static NAME_MAX_LABELS])
{
    unsigned i = 0;
    for (unsigned label = 0; label < n->labels; label++, i += 1u + n->wire[i])
        at[label] = (uint8_t)i;
}

int name_order(const struct name *a, const struct name *b)
{
    uint8_t at_a[NAME_MAX_LABELS], at_b[NAME_MAX_LABELS];
    find_labels(a, at_a);
    find_labels(b, at_b);
    unsigned common = a->labels < b->labels ? a->labels : b->labels;
    for (unsigned i = 1; i <= common; i++) {
        const uint8_t *la = a->wire + at_a[a->labels - i], *lb = b->wire + at_b[b->labels - i];
        int order = memcmp(la + 1, lb + 1, *la < *lb ? *la : *lb);
        if (order == 0)
            order = (int)*la - (int)*lb;
        if (order)
            return order;
    }
    return (int)a->labels - (int)b->labels;
}

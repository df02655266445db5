#include "reg/message.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The length of the UTF-8 sequence at p (RFC 3629 section 4); 0 when it is none. */
static size_t utf8_length(const uint8_t *p, size_t left)
{
    uint8_t low = 0x80, high = 0xbf;
    size_t n = 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        n = 2;
    } else if ((p[0] & 0xf0) == 0xe0) {
        n = 3;
        low = p[0] == 0xe0 ? 0xa0 : low;
        high = p[0] == 0xed ? 0x9f : high;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        n = 4;
        low = p[0] == 0xf0 ? 0x90 : low;
        high = p[0] == 0xf4 ? 0x8f : high;
    }
    if (n == 0 || left < n || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

static bool is_utf8(const char *s, size_t n)
{
    const uint8_t *p = (const uint8_t *)s;
    for (size_t i = 0, step; i < n; i += step) {
        step = utf8_length(p + i, n - i);
        if (step == 0)
            return false;
    }
    return true;
}

enum err message_decode(struct text value, char *out, size_t *size)
{
    size_t used = 0;
    uint8_t bits = 0;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.s[i];
        if (c == '%') {
            int high = value.n - i > 2 ? hex_value(value.s[i + 1]) : -1;
            int low = value.n - i > 2 ? hex_value(value.s[i + 2]) : -1;
            if (high < 0 || low < 0)
                return ERR_SYNTAX;
            c = (char)(high << 4 | low);
            i += 2;
            if (c == '\0' || c == '\n' || c == '\r')
                return ERR_SYNTAX;
        }
        bits |= (uint8_t)c;
        out[used++] = c;
    }
    *size = used;
    return bits < 0x80 || is_utf8(out, used) ? ERR_OK : ERR_VALUE;
}

size_t message_encode(struct text value, char *out, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t used = 0;
    for (size_t i = 0; i < value.n; i++) {
        uint8_t c = (uint8_t)value.s[i];
        bool plain = c > 0x20 && c < 0x7f && c != '%';
        size_t need = plain ? 1 : 3;
        if (used + need <= size && plain) {
            out[used] = (char)c;
        } else if (used + need <= size) {
            out[used] = '%';
            out[used + 1] = digits[c >> 4];
            out[used + 2] = digits[c & 15];
        }
        used += need;
    }
    return used;
}

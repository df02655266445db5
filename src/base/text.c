#include "base/text.h"

#include <fnmatch.h>

#define LABEL_MAX 63 /* RFC 1035 section 2.3.4 */
#define GLOB_TEXT 256

bool text_is_nocase(struct text a, struct text b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.s[i]) != ascii_lower(b.s[i]))
            return false;
    return true;
}

int text_compare(struct text a, struct text b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.s, b.s, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

struct text text_cut(struct text *rest, char separator)
{
    struct text head = *rest;
    const char *at = head.n ? memchr(head.s, separator, head.n) : NULL;
    if (!at) {
        *rest = (struct text){NULL, 0};
        return head;
    }
    head.n = (size_t)(at - head.s);
    *rest = (struct text){at + 1, rest->n - head.n - 1};
    return head;
}

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

enum err text_number(struct text t, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    bool above = false;

    if (!t.n)
        return ERR_SYNTAX;
    for (size_t i = 0; i < t.n; i++) {
        if (!is_digit(t.s[i]))
            return ERR_SYNTAX;
        unsigned digit = (unsigned)(t.s[i] - '0');
        above = above || value > max / 10 || (value == max / 10 && digit > max % 10);
        if (!above)
            value = value * 10 + digit;
    }
    if (above)
        return ERR_VALUE;
    *out = value;
    return ERR_OK;
}

enum err text_copy(struct text t, char *out, size_t size)
{
    if (t.n >= size)
        return ERR_SPACE;
    if (t.n)
        memcpy(out, t.s, t.n);
    out[t.n] = '\0';
    return ERR_OK;
}

static bool is_letter_or_digit(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26 || is_digit(c);
}

bool text_is_label(struct text t, size_t max)
{
    if (t.n == 0 || t.n > max || t.n > LABEL_MAX)
        return false;
    for (size_t i = 0; i < t.n; i++)
        if (!is_letter_or_digit(t.s[i]) && t.s[i] != '-')
            return false;
    return t.s[0] != '-' && t.s[t.n - 1] != '-';
}

size_t text_to_label(struct text t, char out[static 63])
{
    size_t n = 0;

    for (size_t i = 0; i < t.n && n < LABEL_MAX; i++) {
        if (is_letter_or_digit(t.s[i]))
            out[n++] = ascii_lower(t.s[i]);
        else if (n)
            out[n++] = '-';
    }
    while (n && out[n - 1] == '-')
        n--;
    return n;
}

bool text_matches(struct text t, const char *glob)
{
    char copy[GLOB_TEXT];

    if (t.n && memchr(t.s, '\0', t.n)) /* fnmatch would see only what stands before it */
        return false;
    size_t plain = strcspn(glob, "*?[\\");
    if (t.n >= GLOB_TEXT || t.n < plain || (plain && memcmp(t.s, glob, plain) != 0))
        return false;
    if (strcmp(glob + plain, "*") == 0)
        return true;
    return text_copy(t, copy, sizeof(copy)) == ERR_OK && fnmatch(glob, copy, 0) == 0;
}

#include "dns/zone_generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Digits up to a character of `ends` or the end of the text; moves *at behind them. */
static bool take_number(const char **at, const char *ends, uint32_t *out)
{
    size_t n = strspn(*at, "0123456789");
    uint64_t number;
    if (text_number((struct text){*at, n}, INT32_MAX, &number))
        return false;
    *at += n;
    *out = (uint32_t)number;
    return !**at || strchr(ends, **at);
}

enum err generate_range_parse(const char *text, struct generate_range *out)
{
    out->step = 1;
    if (!take_number(&text, "-", &out->first) || *text++ != '-' ||
        !take_number(&text, "/", &out->last))
        return ERR_SYNTAX;
    if (*text && (text++, !take_number(&text, "", &out->step) || *text))
        return ERR_SYNTAX;
    if (out->first > out->last || out->step == 0)
        return ERR_SYNTAX;
    return (out->last - out->first) / out->step < GENERATE_MAX ? ERR_OK : ERR_VALUE;
}

/* "{OFFSET,WIDTH,BASE}", the last two of which may be missing. */
static bool take_form(const char **at, int *offset, int *width, char *base)
{
    char end = 0;
    int used = 0;
    *width = 0;
    *base = 'd';
    if (sscanf(*at, "{%6d%c%n", offset, &end, &used) != 2)
        return false;
    *at += used;
    if (end == ',') {
        if (sscanf(*at, "%2d%c%n", width, &end, &used) != 2 || *width < 0)
            return false;
        *at += used;
    }
    if (end == ',') {
        if (sscanf(*at, "%1[doxX]%c%n", (char[2]){0}, &end, &used) != 2)
            return false;
        *base = **at;
        *at += used;
    }
    return end == '}';
}

/* What stands for a '$' at *at - 1; its length, -1 when it makes no sense. */
static int put_number(const char **at, uint32_t number, char *out, size_t size)
{
    int offset = 0, width = 0;
    char base = 'd';
    if (**at == '{' && !take_form(at, &offset, &width, &base))
        return -1;
    int64_t value = (int64_t)number + offset;
    if (value < 0 || value > INT32_MAX)
        return -1;
    const char *form = base == 'd' ? "%0*u" : base == 'o' ? "%0*o" : base == 'x' ? "%0*x" : "%0*X";
    return snprintf(out, size, form, width, (unsigned)value);
}

enum err generate_line(const char *template, uint32_t number, char *out, size_t size)
{
    size_t used = 0;
    for (const char *at = template; *at;) {
        int n = 1;
        if (used + 2 >= size)
            return ERR_SPACE;
        if (*at == '$') {
            at++;
            n = put_number(&at, number, out + used, size - used);
        } else if (*at == '\\' && at[1]) {
            n = 2;
            memcpy(out + used, at, 2);
            at += 2;
        } else {
            out[used] = *at++;
        }
        if (n < 0)
            return ERR_SYNTAX;
        used += (size_t)n;
        if (used >= size)
            return ERR_SPACE;
    }
    out[used] = '\0';
    return ERR_OK;
}

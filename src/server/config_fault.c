#include "server/config_fault.h"

#include <stdarg.h>
#include <stdio.h>

#define SHOWN_MAX 60 /* bytes of a value: enough to find it again */

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

enum err fault_write(struct config_fault *fault, enum err err, const char *file, unsigned line,
                     unsigned column, const char *format, ...)
{
    va_list args;
    snprintf(fault->file, sizeof fault->file, "%s", file ? file : "");
    fault->line = line;
    fault->column = column;
    va_start(args, format);
    vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    for (char *c = fault->text; *c; c++) /* one line, whatever was quoted */
        if (is_control(*c))
            *c = '?';
    return err;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

const char *quote_text(struct text t, char out[static QUOTED_TEXT])
{
    size_t n = t.n, at = 0;
    if (n > SHOWN_MAX)
        for (n = SHOWN_MAX; n && is_continuation(t.s[n]);)
            n--;
    out[at++] = '"';
    for (size_t i = 0; i < n; i++) {
        if (is_control(t.s[i]))
            at += (size_t)snprintf(out + at, 5, "\\x%02x", (unsigned char)t.s[i]);
        else
            out[at++] = t.s[i];
    }
    memcpy(out + at, n < t.n ? "...\"" : "\"", n < t.n ? 5 : 2);
    return out;
}

void config_fault_print(const struct config_fault *fault, FILE *to)
{
    if (fault->file[0])
        fprintf(to, "%s:", fault->file);
    if (fault->line)
        fprintf(to, "%u:", fault->line);
    if (fault->line && fault->column)
        fprintf(to, "%u:", fault->column);
    fprintf(to, "%s%s\n", fault->file[0] ? " " : "", fault->text);
}

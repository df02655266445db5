#include "dns/zone_scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fault_set(struct dns_fault *fault, const char *file, unsigned line, unsigned column,
               const char *format, ...)
{
    snprintf(fault->file, sizeof(fault->file), "%s", file);
    fault->line = line;
    fault->column = column;
    va_list args;
    va_start(args, format);
    vsnprintf(fault->text, sizeof(fault->text), format, args);
    va_end(args);
}

void zone_scan_init(struct zone_scan *s, const char *file, const char *bytes, size_t size)
{
    *s = (struct zone_scan){.file = file, .at = bytes, .end = bytes + size, .line = 1, .column = 1};
}

/* The state within one logical line. */
struct inside {
    unsigned open_line, open_column;   /* of the '(' that is open; 0 = none */
    unsigned quote_line, quote_column; /* of the '"' that is open; 0 = none */
};

static char take(struct zone_scan *s)
{
    char c = *s->at++;
    s->column++;
    if (c == '\n') {
        s->line++;
        s->column = 1;
    }
    return c;
}

static enum err fault_here(const struct zone_scan *s, struct dns_fault *fault, const char *text)
{
    fault_set(fault, s->file, s->line, s->column, "%s", text);
    return ERR_SYNTAX;
}

/* Appends one byte as text; false when the line is full. */
static bool append(struct zone_line *out, char c)
{
    bool plain = c >= ' ' && c <= '~';
    size_t need = plain ? 1 : 4;
    if (out->size + need > ZONE_LINE_MAX)
        return false;
    for (size_t i = 0; i < need; i++)
        out->places[out->size + i] = out->here;
    if (plain)
        out->text[out->size] = c;
    else
        snprintf(out->text + out->size, 5, "\\%03u", (unsigned)(uint8_t)c);
    out->size += need;
    out->text[out->size] = '\0';
    return true;
}

static void skip_comment(struct zone_scan *s)
{
    while (s->at < s->end && *s->at != '\n')
        take(s);
}

/* A backslash and what it protects. */
static enum err take_escape(struct zone_scan *s, struct zone_line *out, struct dns_fault *fault)
{
    if (s->end - s->at < 2 || s->at[1] == '\n' || s->at[1] == '\r' || s->at[1] == '\0')
        return fault_here(s, fault, "found a '\\' at the end of the line, expected a character");
    take(s);
    char c = take(s);
    /* A byte that has to be written in decimal brings a backslash of its own. */
    bool fits = c >= ' ' && c <= '~' ? append(out, '\\') && append(out, c) : append(out, c);
    return fits ? ERR_OK : ERR_SPACE;
}

static enum err take_paren(struct zone_scan *s, struct inside *in, struct dns_fault *fault)
{
    if (*s->at == '(' && in->open_line)
        return fault_here(s, fault, "found a '(' inside parentheses, expected no nesting");
    if (*s->at == ')' && !in->open_line)
        return fault_here(s, fault, "found a ')' without '('");
    in->open_line = *s->at == '(' ? s->line : 0;
    in->open_column = s->column;
    return ERR_OK;
}

static void note_start(const struct zone_scan *s, struct zone_line *out)
{
    if (out->line)
        return;
    out->line = s->line;
    out->column = s->column;
}

static enum err take_quote(struct zone_scan *s, struct zone_line *out, struct inside *in)
{
    note_start(s, out);
    in->quote_line = in->quote_line ? 0 : s->line;
    in->quote_column = s->column;
    return append(out, take(s)) ? ERR_OK : ERR_SPACE;
}

/* What stands between quotes is kept as it is. */
static enum err take_quoted(struct zone_scan *s, struct zone_line *out, struct dns_fault *fault)
{
    if (*s->at == '\n') {
        return fault_here(s, fault,
                          "found the end of the line inside a quoted text, "
                          "expected '\"'");
    }
    return append(out, take(s)) ? ERR_OK : ERR_SPACE;
}

static enum err take_plain(struct zone_scan *s, struct zone_line *out, struct inside *in,
                           struct dns_fault *fault)
{
    enum err err = ERR_OK;
    switch (*s->at) {
    case ';': skip_comment(s); return ERR_OK;
    case '(':
    case ')':
        err = take_paren(s, in, fault);
        /* fall through */
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        if (err)
            return err;
        take(s);
        if (out->size == 0 || out->text[out->size - 1] == ' ')
            return ERR_OK;
        return append(out, ' ') ? ERR_OK : ERR_SPACE;
    default: note_start(s, out); return append(out, take(s)) ? ERR_OK : ERR_SPACE;
    }
}

static enum err take_one(struct zone_scan *s, struct zone_line *out, struct inside *in,
                         struct dns_fault *fault)
{
    out->here = (struct zone_place){s->line, s->column};
    if (*s->at == '\0')
        return fault_here(s, fault, "found a NUL byte, expected text");
    if (*s->at == '\\') {
        note_start(s, out);
        return take_escape(s, out, fault);
    }
    if (*s->at == '"')
        return take_quote(s, out, in);
    return in->quote_line ? take_quoted(s, out, fault) : take_plain(s, out, in, fault);
}

/* One logical line, which may be empty. */
static enum err scan_line(struct zone_scan *s, struct zone_line *out, struct dns_fault *fault)
{
    struct inside in = {0};
    unsigned start = s->line;
    out->line = 0;
    out->size = 0;
    out->text[0] = '\0';
    out->blank_start = *s->at == ' ' || *s->at == '\t';
    while (s->at < s->end) {
        bool last = *s->at == '\n' && !in.open_line && !in.quote_line;
        enum err err = take_one(s, out, &in, fault);
        if (err == ERR_SPACE) {
            fault_set(fault, s->file, start, 1,
                      "found a record of more than %d bytes, expected a shorter one",
                      ZONE_LINE_MAX);
            return ERR_SYNTAX;
        }
        if (err)
            return err;
        if (last)
            return ERR_OK;
    }
    if (in.quote_line)
        fault_set(fault, s->file, in.quote_line, in.quote_column,
                  "found the end of the file inside a quoted text, expected '\"'");
    else if (in.open_line)
        fault_set(fault, s->file, in.open_line, in.open_column,
                  "found a '(' that is never closed, expected ')'");
    return in.quote_line || in.open_line ? ERR_SYNTAX : ERR_OK;
}

enum err zone_scan_next(struct zone_scan *s, struct zone_line *out, struct dns_fault *fault)
{
    while (s->at < s->end) {
        enum err err = scan_line(s, out, fault);
        if (err || out->line)
            return err;
    }
    return ERR_NOT_FOUND;
}

struct zone_place zone_place_of(const struct zone_line *line, const char *at)
{
    if (at < line->text || at > line->text + line->size || !line->size)
        return (struct zone_place){line->line, line->column};
    size_t n = (size_t)(at - line->text);
    if (n < line->size)
        return line->places[n];
    char last = line->text[n - 1];
    struct zone_place end = line->places[n - 1];
    if (last != ' ' && last != '\0') /* no blank, nor one that zone_token has cut at */
        end.column++;
    return end;
}

char *zone_token(char **rest)
{
    char *at = *rest + strspn(*rest, " ");
    char *token = at;
    bool quoted = false;
    if (!*at)
        return NULL;
    for (; *at && (quoted || *at != ' '); at++) {
        if (*at == '\\' && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    *rest = at;
    if (*at) {
        *at = '\0';
        ++*rest;
    }
    return token;
}

#include "server/audit_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define END " cut=1\n" /* there is always room for it */

static size_t room(const struct audit_line *line)
{
    return sizeof line->bytes - sizeof END - line->used;
}

void audit_line_begin(struct audit_line *line, uint64_t wall_ms, const char *what)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    line->used = 0;
    line->cut = false;
    if (wall_ms && gmtime_r(&seconds, &tm)) {
        line->used = strftime(line->bytes, sizeof line->bytes, "%Y-%m-%dT%H:%M:%S", &tm);
        line->used += (size_t)snprintf(line->bytes + line->used, room(line), ".%03uZ ",
                                       (unsigned)(wall_ms % 1000));
    }
    line->used += (size_t)snprintf(line->bytes + line->used, room(line), "audit what=%s", what);
}

/* What a reader of the line could take for something else, or a terminal for a command. */
static bool is_plain(char c)
{
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

static bool needs_quotes(struct text t)
{
    for (size_t n = 0; n < t.n; n++)
        if (!is_plain(t.s[n]))
            return true;
    return t.n == 0;
}

/* The length; writes it too where `out` is not NULL. */
static size_t put_byte(char *out, char c)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;
    bool shown = byte >= 0x20 && byte < 0x7f, marked = c == '"' || c == '\\';
    if (!out)
        return !shown ? 4 : marked ? 2 : 1;
    if (!shown) {
        memcpy(out, "\\x", 2);
        out[2] = digits[byte >> 4];
        out[3] = digits[byte & 15];
        return 4;
    }
    if (marked)
        *out++ = '\\';
    *out = c;
    return marked ? 2 : 1;
}

static void put_quoted(struct audit_line *line, struct text t)
{
    line->bytes[line->used++] = '"';
    for (size_t n = 0; n < t.n; n++)
        line->used += put_byte(line->bytes + line->used, t.s[n]);
    line->bytes[line->used++] = '"';
}

static size_t size_of(struct text t, bool quoted)
{
    size_t size = quoted ? 2 : t.n;
    for (size_t n = 0; quoted && n < t.n; n++)
        size += put_byte(NULL, t.s[n]);
    return size;
}

void audit_line_put(struct audit_line *line, const char *key, struct text value)
{
    bool quoted = needs_quotes(value);
    if (1 + strlen(key) + 1 + size_of(value, quoted) > room(line)) {
        line->cut = true;
        return;
    }
    line->used += (size_t)sprintf(line->bytes + line->used, " %s=", key);
    if (quoted) {
        put_quoted(line, value);
        return;
    }
    memcpy(line->bytes + line->used, value.s, value.n);
    line->used += value.n;
}

void audit_line_put_some(struct audit_line *line, const char *key, struct text value)
{
    if (value.n)
        audit_line_put(line, key, value);
}

void audit_line_number(struct audit_line *line, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    audit_line_put(line, key, text_of(text));
}

struct text audit_line_end(struct audit_line *line)
{
    const char *end = line->cut ? END : "\n";
    memcpy(line->bytes + line->used, end, strlen(end));
    line->used += strlen(end);
    return (struct text){line->bytes, line->used};
}

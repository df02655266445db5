#include "http/uri.h"

#include <stdlib.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the escape at the front of `t` stands for; 0 when it is none, or NUL. */
static unsigned char escaped(struct text t)
{
    if (t.n < 3 || hex(t.s[1]) < 0 || hex(t.s[2]) < 0)
        return 0;
    return (unsigned char)(hex(t.s[1]) << 4 | hex(t.s[2]));
}

enum err uri_decode(struct text t, bool plus, char *out, size_t size)
{
    size_t used = 0;

    for (size_t at = 0; at < t.n; at++) {
        unsigned char c = (unsigned char)t.s[at];
        if (c == '%') {
            c = escaped((struct text){t.s + at, t.n - at});
            at += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            return ERR_SYNTAX;
        if (used + 1 >= size)
            return ERR_SPACE;
        out[used++] = (char)c;
    }
    if (used >= size)
        return ERR_SPACE;
    out[used] = '\0';
    return ERR_OK;
}

/* Decodes to *at, where there is room enough: decoded text is never longer. */
static enum err take(struct text raw, char **at, struct text *out)
{
    enum err err = uri_decode(raw, true, *at, raw.n + 1);
    if (err)
        return err;
    *out = text_of(*at);
    *at += out->n + 1;
    return ERR_OK;
}

static enum err add(struct uri_query *q, struct text part, const char *repeats, char **at)
{
    struct text value = part, name = text_cut(&value, '=');
    struct parameter p;

    if (q->count == QUERY_MAX)
        return ERR_SPACE;
    enum err err = take(name, at, &p.name);
    if (err == ERR_OK)
        err = take(value, at, &p.value);
    if (err)
        return err;
    bool may_repeat = repeats && (strcmp(repeats, "*") == 0 || text_is(p.name, text_of(repeats)));
    if (!may_repeat && uri_query_get(q, p.name.s).s)
        return ERR_SYNTAX;
    q->items[q->count++] = p;
    return ERR_OK;
}

enum err uri_query_parse(const char *raw, const char *repeats, struct uri_query *out)
{
    struct text rest = text_of(raw);

    *out = (struct uri_query){0};
    if (!rest.n)
        return ERR_OK;
    /* Each name and value gets a NUL: at most two for one byte, "a&b". */
    char *at = out->storage = malloc(rest.n * 2 + 2);
    if (!at)
        return ERR_MEMORY;
    while (rest.n) {
        struct text part = text_cut(&rest, '&');
        enum err err = part.n ? add(out, part, repeats, &at) : ERR_OK;
        if (err)
            return err;
    }
    return ERR_OK;
}

void uri_query_deinit(struct uri_query *q)
{
    free(q->storage);
    *q = (struct uri_query){0};
}

struct text uri_query_nth(const struct uri_query *q, const char *name, unsigned n)
{
    struct text wanted = text_of(name);

    for (unsigned i = 0; i < q->count; i++)
        if (text_is(q->items[i].name, wanted) && n-- == 0)
            return q->items[i].value;
    return (struct text){NULL, 0};
}

unsigned uri_query_count(const struct uri_query *q, const char *name)
{
    unsigned n = 0;

    while (uri_query_nth(q, name, n).s)
        n++;
    return n;
}

struct text uri_query_get(const struct uri_query *q, const char *name)
{
    return uri_query_nth(q, name, 0);
}

#include "reg/message.h"

#include <assert.h>
#include <stddef.h>

static const char *const verbs[REG_VERB_COUNT] = {"hello", "reg", "ren", "upd", "del",
                                                  "get",   "sub", "ack", "uns"};

const char *reg_verb_text(enum reg_verb verb)
{
    return (unsigned)verb < REG_VERB_COUNT ? verbs[verb] : "?";
}

enum class {
    IN_KEY = 1,   /* a-z 0-9 . _ - */
    IN_TOKEN = 2, /* A-Z a-z 0-9 _ - */
    IN_MAC = 4,   /* 0-9 a-f */
};

/* Where each byte may stand. */
static const uint8_t classes[256] = {
    ['.'] = IN_KEY,
    ['-'] = IN_KEY | IN_TOKEN,
    ['_'] = IN_KEY | IN_TOKEN,
    ['0' ... '9'] = IN_KEY | IN_TOKEN | IN_MAC,
    ['a' ... 'f'] = IN_KEY | IN_TOKEN | IN_MAC,
    ['g' ... 'z'] = IN_KEY | IN_TOKEN,
    ['A' ... 'Z'] = IN_TOKEN,
};

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Are these eight bytes from SP to "~"? A byte below SP borrows, one above "~" reaches its
 * highest bit or has it. */
static bool are_printable(const uint8_t bytes[8])
{
    const uint64_t each = 0x0101010101010101u;
    uint64_t eight;
    memcpy(&eight, bytes, 8);
    return ((eight | (eight - each * 0x20) | (eight + each)) & each * 0x80) == 0;
}

/* SP to "~" and LF; CR only where an LF follows. */
static bool bytes_are_text(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        while (size - i >= 8 && are_printable(bytes + i))
            i += 8;
        if (i == size)
            break;
        uint8_t c = bytes[i];
        if ((c >= 0x20 && c <= 0x7e) || c == '\n')
            continue;
        if (c != '\r' || i + 1 == size || bytes[i + 1] != '\n')
            return false;
    }
    return true;
}

static struct text without_cr(struct text line)
{
    if (line.n && line.s[line.n - 1] == '\r')
        line.n--;
    return line;
}

static void skip_spaces(struct text *t)
{
    while (t->n && t->s[0] == ' ') {
        t->s++;
        t->n--;
    }
}

/* Takes the bytes up to the next space. */
static struct text take_word(struct text *rest)
{
    const char *end = rest->n ? memchr(rest->s, ' ', rest->n) : NULL;
    struct text word = {rest->s, end ? (size_t)(end - rest->s) : rest->n};
    rest->s += word.n;
    rest->n -= word.n;
    return word;
}

/* Splits off "<separator>mac=<32 hex>" at the very end. */
static void split_mac(struct text *body, struct message *out)
{
    enum { SIZE = 4 + MESSAGE_MAC_SIZE };
    if (body->n < SIZE + 1)
        return;
    const char *at = body->s + body->n - SIZE;
    if (memcmp(at, "mac=", 4) != 0)
        return;
    for (const char *c = at + 4; c < at + SIZE; c++) {
        if (!(classes[(uint8_t)*c] & IN_MAC))
            return;
    }
    bool one_line = memchr(body->s, '\n', body->n) == NULL;
    if (at[-1] != (one_line ? ' ' : '\n'))
        return;
    out->mac = (struct text){at + 4, MESSAGE_MAC_SIZE};
    body->n -= SIZE + 1;
}

static bool read_start(struct text *line, struct message *out)
{
    if (line->n < 6 || memcmp(line->s, "disc/", 5) != 0)
        return false;
    line->s += 5;
    line->n -= 5;
    out->version = take_word(line);
    if (out->version.n < 1 || out->version.n > 3)
        return false;
    for (size_t i = 0; i < out->version.n; i++) {
        if (!is_digit(out->version.s[i]))
            return false;
    }
    skip_spaces(line);
    out->verb = take_word(line);
    out->params = *line;
    return true;
}

static void cut_words(struct message *m)
{
    struct text rest = m->params;
    m->word_count = 0;
    for (skip_spaces(&rest); rest.n; skip_spaces(&rest)) {
        struct text word = take_word(&rest);
        assert(m->word_count < MESSAGE_WORDS_MAX);
        m->words[m->word_count++] =
            (struct message_word){(uint16_t)(word.s - m->params.s), (uint16_t)word.n};
    }
}

static bool is_reply(struct text verb)
{
    return text_is(verb, TEXT("ok")) || text_is(verb, TEXT("err")) || text_is(verb, TEXT("chal")) ||
           text_is(verb, TEXT("push"));
}

bool message_read(const uint8_t *bytes, size_t size, struct message *out)
{
    memset(out, 0, offsetof(struct message, words));
    if (!bytes_are_text(bytes, size))
        return false;
    struct text body = {(const char *)bytes, size};
    if (body.n && body.s[body.n - 1] == '\n') {
        body.n--;
        body = without_cr(body);
    }
    split_mac(&body, out);
    out->covered = body;
    const char *line_end = body.n ? memchr(body.s, '\n', body.n) : NULL;
    struct text line = body;
    if (line_end) {
        line.n = (size_t)(line_end - body.s);
        out->has_items = true;
        out->items = (struct text){line_end + 1, body.n - line.n - 1};
    }
    line = without_cr(line);
    if (!read_start(&line, out) || is_reply(out->verb))
        return false;
    cut_words(out);
    return true;
}

enum err message_verb(struct text verb, enum reg_verb *out)
{
    for (unsigned i = 0; verb.n && i < REG_VERB_COUNT; i++) {
        if (verb.s[0] == verbs[i][0] && text_is(verb, text_of(verbs[i]))) {
            *out = (enum reg_verb)i;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

static struct text word_at(const struct message *m, unsigned n)
{
    return (struct text){m->params.s + m->words[n].at, m->words[n].size};
}

struct text message_peek(const struct message *m, struct text key)
{
    for (unsigned i = 0; i < m->word_count; i++) {
        struct text word = word_at(m, i);
        if (word.s[0] == '?') {
            word.s++;
            word.n--;
        }
        if (word.n > key.n && word.s[0] == key.s[0] && word.s[key.n] == '=' &&
            memcmp(word.s, key.s, key.n) == 0)
            return (struct text){word.s + key.n + 1, word.n - key.n - 1};
    }
    return (struct text){0};
}

static bool is_key(struct text key)
{
    size_t max = key.n > 2 && memcmp(key.s, "m.", 2) == 0 ? MESSAGE_KEY_MAX : 32;
    if (key.n == 0 || key.n > max || !is_lower(key.s[0]))
        return false;
    for (size_t i = 1; i < key.n; i++) {
        if (!(classes[(uint8_t)key.s[i]] & IN_KEY))
            return false;
    }
    return true;
}

static enum err read_param(struct text word, struct param *out)
{
    *out = (struct param){0};
    if (word.s[0] == '?') {
        out->optional = true;
        word.s++;
        word.n--;
    }
    const char *equals = word.n ? memchr(word.s, '=', word.n) : NULL;
    struct text key = {word.s, equals ? (size_t)(equals - word.s) : word.n};
    if (!is_key(key))
        return ERR_SYNTAX;
    out->key = key;
    if (!equals)
        return ERR_SYNTAX;
    out->value = (struct text){equals + 1, word.n - key.n - 1};
    return ERR_OK;
}

enum err message_param_at(const struct message *m, unsigned n, struct param *out)
{
    return read_param(word_at(m, n), out);
}

enum err message_param(struct text *rest, struct param *out)
{
    *out = (struct param){0};
    skip_spaces(rest);
    return rest->n ? read_param(take_word(rest), out) : ERR_NOT_FOUND;
}

bool message_item(struct text *rest, struct text *out)
{
    if (!rest->s)
        return false;
    *out = without_cr(text_cut(rest, '\n'));
    return true;
}

bool message_is_token(struct text t, size_t max)
{
    if (t.n == 0 || t.n > max)
        return false;
    for (size_t i = 0; i < t.n; i++) {
        if (!(classes[(uint8_t)t.s[i]] & IN_TOKEN))
            return false;
    }
    return true;
}

#include "reg/message.h"

static const char *const verbs[REG_VERB_COUNT] = {"hello", "reg", "ren", "upd", "del",
                                                  "get",   "sub", "ack", "uns"};
static const char *const reply_verbs[] = {"ok", "err", "chal", "push"};

const char *reg_verb_text(enum reg_verb verb)
{
    return (unsigned)verb < REG_VERB_COUNT ? verbs[verb] : "?";
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* SP to "~" and LF; CR only where an LF follows. */
static bool bytes_are_text(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
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
    struct text word = {rest->s, 0};
    while (word.n < rest->n && rest->s[word.n] != ' ')
        word.n++;
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
        if (!is_digit(*c) && !(*c >= 'a' && *c <= 'f'))
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

static bool is_reply(struct text verb)
{
    for (size_t i = 0; i < ARRAY_COUNT(reply_verbs); i++) {
        if (text_is(verb, text_of(reply_verbs[i])))
            return true;
    }
    return false;
}

bool message_read(const uint8_t *bytes, size_t size, struct message *out)
{
    *out = (struct message){0};
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
    return read_start(&line, out) && !is_reply(out->verb);
}

enum err message_verb(struct text verb, enum reg_verb *out)
{
    for (unsigned i = 0; i < REG_VERB_COUNT; i++) {
        if (text_is(verb, text_of(verbs[i]))) {
            *out = (enum reg_verb)i;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

struct text message_peek(const struct message *m, struct text key)
{
    struct text rest = m->params;
    for (skip_spaces(&rest); rest.n; skip_spaces(&rest)) {
        struct text word = take_word(&rest);
        if (word.s[0] == '?') {
            word.s++;
            word.n--;
        }
        if (word.n > key.n && word.s[key.n] == '=' && memcmp(word.s, key.s, key.n) == 0)
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
        char c = key.s[i];
        if (!is_lower(c) && !is_digit(c) && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

enum err message_param(struct text *rest, struct param *out)
{
    *out = (struct param){0};
    skip_spaces(rest);
    if (rest->n == 0)
        return ERR_NOT_FOUND;
    struct text word = take_word(rest);
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
        char c = t.s[i];
        if (!is_lower(ascii_lower(c)) && !is_digit(c) && c != '_' && c != '-')
            return false;
    }
    return true;
}

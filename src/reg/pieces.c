#include "reg/pieces.h"

#include <stdarg.h>
#include <stdio.h>

void piece_format(struct writer *w, const char *format, ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    write_bytes(w, text, (size_t)n);
}

void piece_encoded(struct writer *w, struct text value)
{
    size_t n = message_encode(value, (char *)w->at, writer_left(w));
    (void)write_space(w, n);
}

void piece_addresses(struct writer *w, const struct record *r)
{
    char one[ADDR_TEXT];
    for (unsigned i = 0; i < r->address_count; i++)
        piece_format(w, "%s%s", i ? "," : "", addr_format(&r->addresses[i], one));
}

void piece_ports(struct writer *w, const struct record *r)
{
    if (r->port_count == 0)
        write_u8(w, '-');
    for (unsigned i = 0; i < r->port_count; i++) {
        const struct port *p = &r->ports[i];
        piece_format(w, "%s%.*s%s%u", i ? "," : "", TEXT_ARG(p->name), p->name.n ? ":" : "",
                     p->number);
        if (p->protocol != PROTOCOL_TCP)
            piece_format(w, "/%s", protocol_text(p->protocol));
    }
}

void piece_tags(struct writer *w, const struct record *r)
{
    for (unsigned i = 0; i < r->tag_count; i++) {
        if (i)
            write_u8(w, ',');
        piece_encoded(w, r->tags[i]);
    }
}

bool piece_pair(struct writer *w, const struct pair *pair)
{
    char word[MESSAGE_KEY_MAX + 2];
    struct param param;
    int n = snprintf(word, sizeof(word), "m.%.*s=", TEXT_ARG(pair->key));
    struct text rest = {word, (size_t)n}, key = {word, (size_t)n - 1};
    if ((size_t)n >= sizeof(word) || message_param(&rest, &param) || rest.n ||
        !text_is(param.key, key))
        return false;
    write_bytes(w, word, (size_t)n);
    piece_encoded(w, pair->value);
    return true;
}

#include "support/question.h"

#include <ldns/ldns.h>
#include <string.h>

#include "base/bytes.h"

static void write_name(struct writer *w, const char *name)
{
    while (*name && strcmp(name, ".") != 0) {
        size_t n = strcspn(name, ".");
        if (n == 0 || n > 63) {
            w->full = true;
            return;
        }
        write_u8(w, (uint8_t)n);
        write_bytes(w, name, n);
        name += n;
        name += *name == '.';
    }
    write_u8(w, 0);
}

size_t question_write(const struct question *q, uint8_t out[static QUESTION_MAX])
{
    /* RD, one question, with EDNS one additional record */
    uint8_t head[12] = {[2] = 1, [5] = 1, [11] = q->bufsize ? 1 : 0};
    uint8_t tail[4] = {[3] = 1};
    uint8_t opt[11] = {[2] = 41}; /* RFC 6891 section 6.1.2 */
    struct writer w = writer_of(out, QUESTION_MAX);
    put_u16(head, q->id);
    put_u16(tail, q->type);
    put_u16(opt + 3, q->bufsize);
    write_bytes(&w, head, sizeof(head));
    write_name(&w, q->name);
    if (writer_used(&w) - sizeof(head) > 255)
        return 0;
    write_bytes(&w, tail, sizeof(tail));
    if (q->bufsize)
        write_bytes(&w, opt, sizeof(opt));
    return w.full ? 0 : writer_used(&w);
}

uint16_t question_type(const char *text)
{
    return (uint16_t)ldns_get_rr_type_by_name(text);
}

size_t question_limit(const struct question *q, size_t udp_max)
{
    if (q->tcp)
        return 65535;
    size_t asked = q->bufsize < 512 ? 512 : q->bufsize;
    return asked < udp_max ? asked : udp_max;
}

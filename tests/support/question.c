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
    struct writer w = writer_of(out, QUESTION_MAX);
    write_u16(&w, q->id);
    write_u16(&w, 0x0100); /* RD */
    write_u16(&w, 1);
    write_u32(&w, 0);
    write_u16(&w, q->bufsize ? 1 : 0);
    size_t at = writer_used(&w);
    write_name(&w, q->name);
    if (writer_used(&w) - at > 255)
        return 0;
    write_u16(&w, q->type);
    write_u16(&w, 1);
    if (q->bufsize) { /* RFC 6891 section 6.1.2 */
        write_u8(&w, 0);
        write_u16(&w, 41);
        write_u16(&w, q->bufsize);
        write_u32(&w, 0);
        write_u16(&w, 0);
    }
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

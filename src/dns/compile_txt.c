/* The TXT record of an instance: one string per key=value (RFC 1464, RFC 6763
 * section 6). */
#include "dns/draft.h"

#include <string.h>

#include "base/bytes.h"

enum {
    STRING_MAX = 255, /* RFC 1035 section 3.3: one character-string */
    /* All that a record may hold, each string with its length byte. */
    TXT_MAX = 4 * (1 + 8 + VERSION_MAX) + TAGS_MAX * (1 + 5 + SHORT_LABEL_MAX) +
              METADATA_MAX * (2 + METADATA_KEY_MAX + METADATA_VALUE_MAX),
};
_Static_assert(TXT_MAX <= UINT16_MAX, "a TXT record fits RDLENGTH");

static void write_text(struct writer *w, struct text t)
{
    write_bytes(w, t.s, t.n);
}

/* A pair without value is "key=" (RFC 6763 section 6.4). */
static void write_pair(struct writer *w, struct text key, struct text value)
{
    if (key.n + 1 + value.n > STRING_MAX)
        return;
    write_u8(w, (uint8_t)(key.n + 1 + value.n));
    write_text(w, key);
    write_u8(w, '=');
    write_text(w, value);
}

static void write_known(struct writer *w, struct text key, struct text value)
{
    if (value.n)
        write_pair(w, key, value);
}

/* "tags=a,b,c", in as many strings as are needed. */
static void write_tags(struct writer *w, const struct record *r)
{
    uint8_t *length = NULL;
    for (unsigned i = 0; i < r->tag_count; i++) {
        if (length && *length + 1 + r->tags[i].n <= STRING_MAX) {
            write_u8(w, ',');
            *length = (uint8_t)(*length + 1 + r->tags[i].n);
        } else {
            length = write_space(w, 1);
            if (!length)
                return;
            write_text(w, TEXT("tags="));
            *length = (uint8_t)(5 + r->tags[i].n);
        }
        write_text(w, r->tags[i]);
    }
}

enum err draft_txt(struct draft *d, unsigned place, const struct record *r)
{
    uint8_t *room = list_reserve(&d->strings, TXT_SIZE + TXT_MAX, 1);
    if (!room)
        return ERR_MEMORY;
    struct writer w = writer_of(room + TXT_SIZE, TXT_MAX);
    write_known(&w, TEXT("version"), r->version);
    write_known(&w, TEXT("zone"), r->zone);
    write_known(&w, TEXT("region"), r->region);
    write_known(&w, TEXT("cluster"), r->cluster);
    write_tags(&w, r);
    for (unsigned i = 0; i < r->metadata_count; i++)
        if (!metadata_is_hidden(r->metadata[i].key))
            write_pair(&w, r->metadata[i].key, r->metadata[i].value);
    if (writer_used(&w) == 0)
        write_u8(&w, 0); /* never an empty TXT RDATA (RFC 6763 section 6.1) */
    size_t offset = d->strings.count;
    put_u16(room, (uint16_t)writer_used(&w));
    d->strings.count += TXT_SIZE + writer_used(&w);
    return draft_intern(d, &d->txts, offset, place, &d->instances[place].txt_at);
}

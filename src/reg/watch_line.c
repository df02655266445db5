#include "reg/watch_line.h"

#include <assert.h>

#include "reg/pieces.h"

/* How much is said: what is large and of use to few goes first. */
enum extent { EXTENT_ALL, EXTENT_NO_METADATA, EXTENT_NO_TAGS, EXTENT_COUNT };

static void write_label(struct writer *w, const char *key, struct text value)
{
    if (value.n == 0)
        return;
    piece_format(w, " %s=", key);
    piece_encoded(w, value);
}

static void write_basics(struct writer *w, const struct record *r, const struct instance_state *s)
{
    write_bytes(w, r->id.s, r->id.n);
    write_bytes(w, " a=", 3);
    piece_addresses(w, r);
    write_bytes(w, " p=", 3);
    piece_ports(w, r);
    piece_format(w, " w=%u q=%u s=%s%s", s->weight, r->priority, status_text(s->status),
                 s->stale ? " x=1" : "");
    write_label(w, "z", r->zone);
    write_label(w, "r", r->region);
    write_label(w, "c", r->cluster);
    write_label(w, "v", r->version);
}

/* False: a key was left out. */
static bool write_metadata(struct writer *w, const struct record *r)
{
    bool whole = true;
    for (unsigned i = 0; i < r->metadata_count; i++) {
        if (metadata_is_hidden(r->metadata[i].key))
            continue;
        uint8_t *before = w->at;
        write_u8(w, ' ');
        if (!piece_pair(w, &r->metadata[i])) {
            w->at = before;
            whole = false;
        }
    }
    return whole;
}

static struct writer write_extent(char mark, const struct record *r, const struct instance_state *s,
                                  enum extent extent, char out[static WATCH_LINE_MAX])
{
    struct writer w = writer_of(out, WATCH_LINE_MAX);
    write_u8(&w, (uint8_t)mark);
    write_basics(&w, r, s);
    if (r->tag_count && extent < EXTENT_NO_TAGS) {
        write_bytes(&w, " t=", 3);
        piece_tags(&w, r);
    }
    bool whole = extent == EXTENT_ALL && write_metadata(&w, r);
    if (!whole)
        write_bytes(&w, " cut=1", 6);
    return w;
}

size_t watch_line_instance(char mark, const struct instance *instance,
                           char out[static WATCH_LINE_MAX])
{
    struct record r;
    struct instance_state s;
    struct writer w = {.full = true};
    instance_read(instance, &r);
    instance_state(instance, &s);
    for (int extent = EXTENT_ALL; extent < EXTENT_COUNT && w.full; extent++)
        w = write_extent(mark, &r, &s, (enum extent)extent, out);
    assert(!w.full);
    return writer_used(&w);
}

size_t watch_line_gone(struct text id, enum departure why, char out[static WATCH_LINE_MAX])
{
    struct writer w = writer_of(out, WATCH_LINE_MAX);
    piece_format(&w, "-");
    write_bytes(&w, id.s, id.n);
    piece_format(&w, " why=%s", departure_text(why));
    assert(!w.full);
    return writer_used(&w);
}

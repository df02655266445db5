/* Wire names (RFC 1035 section 3.1): length-prefixed labels, uncompressed, ending in
 * the root's zero byte; kept in lower case, since all our tables are. */
#ifndef DISC_DNS_NAME_H
#define DISC_DNS_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

enum { NAME_MAX_WIRE = 255, NAME_MAX_LABELS = 127, NAME_TEXT = 1024 };

struct name {
    uint8_t size;   /* bytes in wire, root included; 0 = no name */
    uint8_t labels; /* without the root */
    uint8_t wire[NAME_MAX_WIRE];
};

/* From presentation form (RFC 1035 section 5.1: "\." and "\DDD" too), final dot
 * optional, lower-cased. ERR_SYNTAX · ERR_SPACE when longer than 255 bytes. */
MUST_CHECK enum err name_parse(struct text t, struct name *out);

/* Appends labels of `child` before `parent`: child "a.b" + parent "c." = "a.b.c.".
 * `child` is plain text of labels without escapes. ERR_SPACE · ERR_SYNTAX. */
MUST_CHECK enum err name_join(struct text child, const struct name *parent, struct name *out);

/* Presentation form with final dot, escaped; returns `out`. */
const char *name_format(const uint8_t *wire, char out[static NAME_TEXT]);

bool name_is(const struct name *a, const struct name *b);
/* Is `n` at or below `top`? */
bool name_is_below(const struct name *n, const struct name *top);
/* Is `n` the name at `wire`, which may be in any case? */
bool name_is_wire(const struct name *n, const uint8_t *wire);
/* Takes a well-formed uncompressed name over, in lower case. */
void name_from_wire(const uint8_t *wire, struct name *out);
/* Does a label (or the root) begin at this byte of the name? */
bool name_has_boundary(const struct name *n, unsigned at);
/* The canonical order, in which a name stands before all that is below it (RFC 4034 section
 * 6.1): < 0, 0, > 0. */
int name_order(const struct name *a, const struct name *b);
/* The name without its first `labels` labels, as a pointer into `n`. */
static inline const uint8_t *name_tail(const struct name *n, unsigned labels, uint8_t *size)
{
    const uint8_t *at = n->wire;
    for (; labels && *at; labels--)
        at += 1 + *at;
    *size = (uint8_t)(n->wire + n->size - at);
    return at;
}

#endif

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
/* The name without its first `labels` labels, as a pointer into `n`. */
const uint8_t *name_tail(const struct name *n, unsigned labels, uint8_t *size);

#endif

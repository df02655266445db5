/* Slices of text: pointer and length, not terminated, not owned. Used for all
 * that is cut out of a datagram, a configuration or a stored record.
 * ASCII only: case folding leaves bytes >= 0x80 alone (RFC 4343 section 3). */
#ifndef DISC_BASE_TEXT_H
#define DISC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct text {
    const char *s; /* may be NULL when n is 0 */
    size_t n;
};

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})
#define TEXT_ARG(t) (int)(t).n, ((t).n ? (t).s : "") /* for "%.*s" */

static inline struct text text_of(const char *terminated)
{
    return (struct text){terminated, terminated ? strlen(terminated) : 0};
}

static inline bool text_is(struct text a, struct text b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Equal but for the case of ASCII letters. */
bool text_is_nocase(struct text a, struct text b);

/* <0, 0, >0 by bytes, shorter first where one is the other's beginning. */
int text_compare(struct text a, struct text b);

/* Cuts `*rest` at the first `separator`: returns what stands before it, leaves
 * in `*rest` what stands behind (empty, s == NULL, when there was none). */
struct text text_cut(struct text *rest, char separator);

/* Decimal number without sign, blanks or leading '+'; ERR_SYNTAX when a
 * character is no digit or there is none, ERR_VALUE when it is above `max`. */
MUST_CHECK enum err text_number(struct text t, uint64_t max, uint64_t *out);

/* Copies into `out` with a terminating NUL; ERR_SPACE when it does not fit. */
MUST_CHECK enum err text_copy(struct text t, char *out, size_t size);

/* One DNS label of letters, digits and inner hyphens, 1 to `max` (<= 63) bytes
 * (RFC 1123 section 2.1). Either case is accepted. */
bool text_is_label(struct text t, size_t max);

/* Makes a label of any text: lower case, everything that is no letter, digit or
 * hyphen becomes '-', hyphens at the ends are dropped, cut to 63 bytes.
 * Returns the length written to `out` (0 when nothing is left). */
size_t text_to_label(struct text t, char out[static 63]);

/* fnmatch(3)-style glob over the whole text: '*', '?', '[...]'. */
bool text_matches(struct text t, const char *glob);

#endif

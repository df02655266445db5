/* $GENERATE of zone files, as BIND has it: one line for each number of a range, with '$' in
 * its place. Text only; used by zone_file.c. */
#ifndef DISC_DNS_ZONE_GENERATE_H
#define DISC_DNS_ZONE_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { GENERATE_MAX = 65536 }; /* lines of one range */

struct generate_range {
    uint32_t first, last, step; /* first <= last, step >= 1 */
};

/* "1-100", "0-255/5". ERR_SYNTAX · ERR_VALUE: more than GENERATE_MAX lines. */
MUST_CHECK enum err generate_range_parse(const char *text, struct generate_range *out);

/* The line for one number: "$" is the number, "${OFFSET,WIDTH,BASE}" the sum with the offset
 * in at least that many digits of base d, o, x or X; "\$" stays as it is. ERR_SYNTAX: "${...}"
 * makes no sense · ERR_SPACE: longer than `size` with its NUL. */
MUST_CHECK enum err generate_line(const char *template, uint32_t number, char *out, size_t size);

#endif

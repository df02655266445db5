/* The outermost layer of a zone file (RFC 1035 section 5.1): bytes into logical lines
 * without comments, parentheses and line ends. Looks at everything that the zone
 * library must not be shown. Used by zone_file.c only. */
#ifndef DISC_DNS_ZONE_SCAN_H
#define DISC_DNS_ZONE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "dns/dns.h"

enum {
    ZONE_LINE_MAX = 10000, /* ldns reads 10230, less what is put before the RDATA */
};

struct zone_scan {
    const char *file; /* for faults */
    const char *at, *end;
    unsigned line, column; /* of *at, from 1 */
};

/* Where in the file a byte of a line's text stood. */
struct zone_place {
    unsigned line, column; /* from 1 */
};

struct zone_line {
    unsigned line, column; /* of the first character that is no blank */
    bool blank_start;      /* no owner: that of the record before */
    size_t size;
    char text[ZONE_LINE_MAX + 1];            /* NUL-terminated; blanks are spaces; bytes other than
                                                printable ASCII are \DDD */
    struct zone_place here;                  /* of the byte that is being read */
    struct zone_place places[ZONE_LINE_MAX]; /* of each byte of the text */
};

void zone_scan_init(struct zone_scan *s, const char *file, const char *bytes, size_t size);
/* The next line that is not empty. ERR_NOT_FOUND at the end; ERR_SYNTAX with *fault. */
MUST_CHECK enum err zone_scan_next(struct zone_scan *s, struct zone_line *out,
                                   struct dns_fault *fault);

/* Where the byte `at` of the line's text stood; for one behind the text, where it ended; for
 * any other, where the line began. */
struct zone_place zone_place_of(const struct zone_line *line, const char *at);

/* Cuts the next token off the line's rest: up to a space that is neither quoted nor
 * escaped. NULL at the end. The token stays inside the line, NUL-terminated. */
char *zone_token(char **rest);

void fault_set(struct dns_fault *fault, const char *file, unsigned line, unsigned column,
               const char *format, ...) PRINTF(5, 6);

#endif

/* One line of the audit log while it is made: `audit what=registered ns=default ...`, in
 * logfmt: words as they are, everything else in double quotes with \" \\ and \xNN, so that
 * no value looks like two. Used by audit*.c only; knows nothing of what is logged. */
#ifndef DISC_SERVER_AUDIT_LINE_H
#define DISC_SERVER_AUDIT_LINE_H

#include <stdbool.h>

#include "base/text.h"

struct audit_line {
    char bytes[2048]; /* without newline at the end */
    size_t used;
    bool cut; /* a pair did not fit */
};

/* `wall_ms` 0 = without a time stamp. */
void audit_line_begin(struct audit_line *line, uint64_t wall_ms, const char *what);
/* A pair that does not fit is left out, and the line ends with cut=1. */
void audit_line_put(struct audit_line *line, const char *key, struct text value);
/* Nothing for an empty value. */
void audit_line_put_some(struct audit_line *line, const char *key, struct text value);
void audit_line_number(struct audit_line *line, const char *key, uint64_t value);
/* The whole line with its newline; afterwards nothing is put any more. */
struct text audit_line_end(struct audit_line *line);

#endif

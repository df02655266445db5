/* One line of a push: "=web-1 a=10.0.0.7 p=http:8080 w=100 q=0 s=up ...". message.h says
 * what stands in it. Called by bulletin.c.
 */
#ifndef DISC_REG_WATCH_LINE_H
#define DISC_REG_WATCH_LINE_H

#include "registry/registry.h"

/* Any record's line fits into so much, with cut=1 if need be: id, 8 addresses, 8 ports,
 * labels and an encoded version are 850 bytes at most. */
enum { WATCH_LINE_MAX = 1039 };

/* `mark` '=' or '+'. Returns the length. */
size_t watch_line_instance(char mark, const struct instance *instance,
                           char out[static WATCH_LINE_MAX]);

/* "-web-3 why=expired" */
size_t watch_line_gone(struct text id, enum departure why, char out[static WATCH_LINE_MAX]);

#endif

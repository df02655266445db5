/* An instance as one line of an export: what it says itself, what overrules it and whose it is,
 * without what is true of this moment and this server only. Used by export and import.
 */
#ifndef DISCCTL_INSTANCE_LINE_H
#define DISCCTL_INSTANCE_LINE_H

#include <jansson.h>
#include <stdbool.h>

/* Takes `line`, which holds what the API shows of an instance, and makes it one. */
void instance_line_make(json_t *line);

/* Is what the API shows, `shown`, what these members of a line say? Neither may be whose it is,
 * nor what overrules it. */
bool instance_line_is(const json_t *line, const json_t *shown);

/* A line of an override that waits for its instance: "registered": false. */
json_t *instance_line_override(const json_t *row); /* a row of /v1/overrides; new reference */
bool instance_line_is_override(const json_t *line);

#endif

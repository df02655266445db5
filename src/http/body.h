/* The body of a request: a JSON object with known members.
 * Used inside http/ only. */
#ifndef DISC_HTTP_BODY_H
#define DISC_HTTP_BODY_H

#include "http/state.h"

/* What a member of the object may be; `out` keeps its value when it is not there. */
struct body_member {
    const char *name;
    bool is_text;      /* else a truth value */
    const char **text; /* valid as long as the object */
    bool *truth;
};

/* A new reference. NULL: the reply was sent: 400 for what is no JSON object (or has a
 * member twice), 422 for members that are not known or of the wrong type. */
json_t *body_read(struct call *call, const struct body_member *members, size_t count);

#endif

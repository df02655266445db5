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

/* The body, which must be a JSON object. A new reference. NULL: the reply was sent, 400 for
 * what is none (or has a member twice). */
json_t *body_object(struct call *call);

/* A new reference. NULL: the reply was sent: 400 for what is no JSON object (or has a
 * member twice), 422 for members that are not known or of the wrong type. */
json_t *body_read(struct call *call, const struct body_member *members, size_t count);

/* Are all members of the object known? False: the reply was sent (422), which names the others. */
MUST_CHECK bool body_is_known(struct call *call, json_t *json, const struct body_member *members,
                              size_t count);

/* Adds a quoted name to a list of them, as far as there is room: for the words of a reply. */
enum { BODY_LIST_MAX = 200 };
void body_list_add(char list[static BODY_LIST_MAX], const char *name);

#endif

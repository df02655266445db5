/* The bodies that clients of other registries send: JSON as Go reads it, and forms.
 * Used inside http/ only. */
#ifndef DISC_HTTP_FOREIGN_BODY_H
#define DISC_HTTP_FOREIGN_BODY_H

#include "http/foreign.h"

struct foreign_body {
    struct foreign foreign;
    json_t *json, *metadata; /* what `foreign` points to */
    struct uri_query form;
};

/* ERR_SYNTAX: it is not what it should be · ERR_MEMORY. To be followed by
 * foreign_body_deinit() in every case.  */
MUST_CHECK enum err foreign_body_json(struct call *call, struct foreign_body *out);

/* The form of a POST; addrs may repeat, and hold several with commas between. `many`: of
 * several instances: hostname, status and metadata are left to the caller, in `form`. */
MUST_CHECK enum err foreign_body_form(struct call *call, bool many, struct foreign_body *out);
/* The same of the parameters of a GET (or a form that was read already). */
MUST_CHECK enum err foreign_body_query(const struct uri_query *query, struct foreign_body *out);

void foreign_body_deinit(struct foreign_body *body);

/* An object of texts: numbers and truth values become texts. NULL: it is not one, or memory
 * lacks. */
json_t *foreign_metadata(struct text json);

#endif

/* Replies that wait until what they acknowledge is on disk.
 * Used inside http/ only. */
#ifndef DISC_HTTP_LATER_H
#define DISC_HTTP_LATER_H

#include "http/state.h"

/* To be called after backend.changed(), with what backend.wait() said: replies with `status`
 * and `body` (takes the reference; NULL with status 204, else memory lacked) once `change` is
 * on disk; 503 when that is not to be (HTTP_NEVER, a failing disk, too many that wait). The
 * header fields set on the request stay. */
void later_reply(struct call *call, uint64_t change, int status, json_t *body);

/* The same; when it is not to be, `failure` is sent with status 200 (takes the reference; NULL:
 * the 503 of above). */
void later_reply_or(struct call *call, uint64_t change, int status, json_t *body, json_t *failure);

/* The event behind the slices in which replies leave; NULL when memory lacks. */
struct event *later_turn_new(struct http *http);

#endif

/* Replies: the headers that every one carries, JSON, problem documents, counting.
 * Each function here ends the request. A reply to HEAD has the headers of the GET and
 * no body (RFC 9110 section 9.3.2).
 * Used inside http/ only. */
#ifndef DISC_HTTP_REPLY_H
#define DISC_HTTP_REPLY_H

#include "http/state.h"

/* The header fields of a reply with this status, but for those that reply_header() has set
 * already; counts it. A long reply calls it before its first piece, the functions below by
 * themselves. */
void reply_begin(struct http *http, struct evhttp_request *request, int status);
const char *reply_reason(int status);

/* `body` is emptied; NULL = none. It is JSON, or a problem document when status is
 * 400 and above, unless a Content-Type is set. */
void reply_send(struct http *http, struct evhttp_request *request, int status,
                struct evbuffer *body);

/* Takes the reference; NULL = memory lacked when it was made (503). */
void reply_json(struct call *call, json_t *body);
/* The same with another status than 200; with 204 `body` is NULL. */
void reply_status(struct call *call, int status, json_t *body);

/* RFC 9457; the detail says what to do. */
void reply_problem(struct http *http, struct evhttp_request *request, int status,
                   const char *format, ...) PRINTF(4, 5);
/* The same with more members (RFC 9457 section 3.2): those of the object `more`, whose reference
 * is taken; NULL = memory lacked: without them. */
void reply_problem_with(struct call *call, int status, json_t *more, const char *format, ...)
    PRINTF(4, 5);

/* Appends the compact text of `json`. ERR_MEMORY. */
MUST_CHECK enum err reply_append(struct evbuffer *out, const json_t *json);
/* The same as an item of a list, behind a comma when it is not the first. Takes the reference;
 * NULL = memory lacked when it was made. */
MUST_CHECK enum err reply_append_item(struct evbuffer *out, bool first, json_t *json);

/* To be called when the connection of a request with an unfinished reply is gone. When the client
 * was lost evhttp has let go of the request, and this frees it; when the connection was freed by
 * its owner evhttp frees it. */
void reply_lost(struct evhttp_request *request);

/* Adds a header field to the reply to be. */
void reply_header(struct evhttp_request *request, const char *name, const char *value);

#endif

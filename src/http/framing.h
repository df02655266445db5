/* Whether it is certain where a request ends. evhttp reads no body for some methods and is
 * lenient about the fields that say how long one is; what it leaves behind would be taken
 * for the next request, one that no proxy in front has seen.
 * Used inside http/ only. */
#ifndef DISC_HTTP_FRAMING_H
#define DISC_HTTP_FRAMING_H

#include <event2/http.h>

/* Why the request is refused (400), or NULL: framing_close then. RFC 9112 sections 5.1, 6.1
 * and 6.3; CONNECT (RFC 9110 section 9.3.6) is of proxies only. */
const char *framing_fault(struct evhttp_request *request);

/* The connection ends with the reply, which is to be sent next: nothing behind the request is
 * read. */
void framing_close(struct evhttp_request *request);

#endif

/* Watching a service or the list of services over HTTP: long polls (?index=N&wait=30s) and
 * event streams (Accept: text/event-stream, or ?stream=1).
 * Used inside http/ only. */
#ifndef DISC_HTTP_WATCH_H
#define DISC_HTTP_WATCH_H

#include "http/state.h"

/* To be asked first by the handlers of GET /v1/services/S and /v1/services. True: the call was
 * one for watching, and is taken care of (perhaps refused). False: it is to be replied to
 * now; also a long poll whose answer is there already. */
MUST_CHECK bool watch_service(struct call *call);
MUST_CHECK bool watch_services(struct call *call);

#endif

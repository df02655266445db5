/* The version of what is read: the change index, as a header field and as an entity tag.
 * Used inside http/ only. */
#ifndef DISC_HTTP_VERSION_H
#define DISC_HTTP_VERSION_H

#include "http/state.h"

/* Sets X-Disc-Index and ETag (W/"<index>") of the reply to be, which may be kept by whoever
 * asks again each time. True: the client has this very state (If-None-Match), 304 was sent. */
bool version_is_known(struct call *call, uint64_t index);

#endif

#include "http/version.h"

#include <stdio.h>

#include "http/etag.h"
#include "http/reply.h"

bool version_is_known(struct call *call, uint64_t index)
{
    char text[24], tag[32];

    snprintf(text, sizeof(text), "%ju", (uintmax_t)index);
    snprintf(tag, sizeof(tag), "W/\"%ju\"", (uintmax_t)index);
    reply_header(call->request, "X-Disc-Index", text);
    reply_header(call->request, "ETag", tag);
    reply_header(call->request, "Cache-Control", "no-cache");
    if (!etag_is_known(call->request, tag))
        return false;
    reply_send(call->http, call->request, 304, NULL);
    return true;
}

/* What the handlers of bilibili's dialect share: POST with a form, GET with a query; always
 * HTTP status 200; {"code":0,"message":"0","ttl":1,"data":...}, codes below 0 for failures.
 * Used inside http/ only. */
#ifndef DISC_HTTP_BILI_H
#define DISC_HTTP_BILI_H

#include "http/foreign_list.h"

enum { BILI_HOLD_MS = 30000 };

/* In front of the data, and around a whole reply. */
#define BILI_HEAD "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":"

extern const struct foreign_envelope bili_envelope;

/* Replies now. */
void bili_reply(struct call *call, const struct foreign_result *result);
/* Replies once a change is on disk. Takes `data`. */
void bili_reply_change(struct call *call, const struct foreign_result *result, json_t *data);
/* Replies -400. */
void bili_refuse(struct call *call, const char *words);

#endif

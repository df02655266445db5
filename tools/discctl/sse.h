/* Event streams (WHATWG HTML, section 9.2): bytes in, events out. Used by `watch`.
 */
#ifndef DISCCTL_SSE_H
#define DISCCTL_SSE_H

#include <stdbool.h>
#include <stddef.h>

enum { SSE_EVENT_MAX = 64 * 1024 * 1024, SSE_NAME_MAX = 32, SSE_ID_MAX = 64 };

struct sse {
    char *line, *data; /* the line begun, the data lines of the event so far */
    size_t line_size, line_room, data_size, data_room;
    bool after_cr, has_data;
    char event[SSE_NAME_MAX + 1];
    char last_id[SSE_ID_MAX + 1]; /* of the latest event that had one; "" = none */
};

void sse_init(struct sse *s);
void sse_deinit(struct sse *s);

/* A new stream begins: drops what is unfinished, keeps last_id. */
void sse_restart(struct sse *s);

/* Calls `event` with each whole event; its texts are valid during the call. False when it
 * said so, an event is too large, or memory lacks. */
bool sse_feed(struct sse *s, const char *bytes, size_t n,
              bool (*event)(void *context, const char *name, const char *data), void *context);

#endif

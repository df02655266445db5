/* Bytes that were rendered once and are sent to many clients: each that has them in its
 * output counts as a user; the last one frees them.
 * Used inside http/ only. */
#ifndef DISC_HTTP_RENDERING_H
#define DISC_HTTP_RENDERING_H

#include <event2/buffer.h>
#include <sys/uio.h>

#include "base/err.h"

struct rendering;

/* Takes the bytes out of `from`. One user: the caller. NULL when memory lacks. */
struct rendering *rendering_of(struct evbuffer *from);

struct rendering *rendering_use(struct rendering *r);
void rendering_drop(struct rendering *r); /* NULL is fine */

size_t rendering_size(const struct rendering *r);
struct iovec rendering_bytes(const struct rendering *r); /* only to be read */

/* Appends a reference, no copy; the buffer is a user until it was sent or freed. */
MUST_CHECK enum err rendering_add(struct rendering *r, struct evbuffer *out);

#endif

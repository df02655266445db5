/* Handshakes of TLS, one step at a time. Anybody may ask for one, and it costs the control
 * thread a millisecond of arithmetic (with a large RSA key several), so: a step is done when
 * what it needs has come, one in a turn of the loop, and all of them together take a quarter
 * of the time at most. Addresses (of IPv6: networks of 64 bits) have their turns one after the
 * other, so that who asks for many waits for itself. Who says nothing costs nothing.
 *
 * Used by the HTTP listener, whose the deadlines are. Control thread only.
 */
#ifndef DISC_SERVER_HTTP_HANDSHAKES_H
#define DISC_SERVER_HTTP_HANDSHAKES_H

#include <event2/bufferevent.h>

#include "base/addr.h"
#include "base/hash.h"

struct handshakes;
struct handshake;

/* `clock_us`: monotonic. `key` hides which addresses share a turn. NULL when memory lacks. */
struct handshakes *handshakes_new(struct event_base *base, const struct hash_key *key,
                                  uint64_t (*clock_us)(void));
void handshakes_free(struct handshakes *all); /* accepts NULL; none is under way any more */

/* Takes the handshake of a stream out of libevent's hands: a stream of http_stream_tls with its
 * descriptor set, from which nothing was read. Once it is done the stream goes on by itself.
 * `over`: that is so (`good`), or it failed and the stream is to be closed; the handshake is
 * freed already. NULL when memory lacks. */
struct handshake *handshake_begin(struct handshakes *all, struct bufferevent *stream,
                                  const struct addr *from, void (*over)(void *context, bool good),
                                  void *context);
/* The stream goes before it is over. Accepts NULL. */
void handshake_end(struct handshake *h);

#endif

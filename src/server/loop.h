/* The control thread's event loop. Registration goes before HTTP: what came in for it is
 * looked at between any two slices of HTTP's work, however many connections are ready. Who is
 * urgent and has more to do than fits one turn waits in line with HTTP until that is over, and
 * urgent ones that come again at every turn make room for a slice now and then, so that no
 * stream of datagrams silences HTTP.
 */
#ifndef DISC_SERVER_LOOP_H
#define DISC_SERVER_LOOP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

/* Events and streams made on it are ordinary: HTTP's. NULL when memory lacks. */
struct event_base *loop_new(void);

/* To be called when the event is not active: before it is added, or from its own callback. */
void loop_set_urgent(struct event *event, bool urgent);

/* Urgent, persistent events of sockets that rest together. */
struct loop_share;

struct loop_share *loop_share_new(struct event_base *base); /* NULL when memory lacks */
/* Also ends a rest: the events stay deleted. Accepts NULL. */
void loop_share_free(struct loop_share *s);

/* `event` stays the caller's. False when memory lacks. */
bool loop_share_add(struct loop_share *s, struct event *event);

/* At the end of each callback of one of them, with the monotonic time: where ordinary events
 * have been waiting for too long, all of them rest for one slice. */
void loop_share_look(struct loop_share *s, uint64_t now_us);

#endif

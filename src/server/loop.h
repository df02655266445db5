/* The control thread's event loop. Registration goes before HTTP: what came in for it is
 * looked at between any two slices of HTTP's work, however many connections are ready. Who is
 * urgent and has more to do than fits one turn waits in line with HTTP until that is over, so
 * that a flood of datagrams does not silence HTTP.
 */
#ifndef DISC_SERVER_LOOP_H
#define DISC_SERVER_LOOP_H

#include <event2/event.h>
#include <stdbool.h>

/* Events and streams made on it are ordinary: HTTP's. NULL when memory lacks. */
struct event_base *loop_new(void);

/* To be called when the event is not active: before it is added, or from its own callback. */
void loop_set_urgent(struct event *event, bool urgent);

#endif

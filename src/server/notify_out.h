/* Tells secondaries that a zone has changed (NOTIFY, RFC 1996), so that they fetch it at once
 * and not only after the SOA's refresh time. Control thread only.
 *
 * A secondary hears of the first change after a moment, of further ones at most once a
 * second, always with the newest serial; without an answer it is told again, a few times
 * with growing pauses. A newer serial begins anew. At the start and after a reload all are
 * told once. What is sent is dns/'s; here are the sockets and the times.
 */
#ifndef DISC_SERVER_NOTIFY_OUT_H
#define DISC_SERVER_NOTIFY_OUT_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct dns;
struct notify_out;

struct notify_times { /* ms */
    uint32_t first;   /* from a change to its message: more changes may come with it; 200 */
    uint32_t gap;     /* between messages of new serials; 1000 */
    uint32_t retry;   /* to the first repetition, doubled for each further one; 1000 */
    unsigned retries; /* 5 */
};
extern const struct notify_times notify_times_default;

struct notify_counters {
    uint64_t sent, retried, answered, given_up, send_failed;
};

/* NULL when memory lacks. Knows nobody yet. */
struct notify_out *notify_out_new(struct event_base *base, const struct notify_times *times);
void notify_out_free(struct notify_out *n); /* accepts NULL */

/* The secondaries of this configuration; all are told. `dns` must stay valid until the next
 * call. ERR_MEMORY (then nobody is told). */
MUST_CHECK enum err notify_out_configure(struct notify_out *n, const struct dns *dns, size_t zones);

/* After a publication: whose serials are new? */
void notify_out_look(struct notify_out *n);

const struct notify_counters *notify_out_counters(const struct notify_out *n);
/* Secondaries that will be told of a new serial, or were and did not answer yet. */
size_t notify_out_waiting(const struct notify_out *n);

#endif

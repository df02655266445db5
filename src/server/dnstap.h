/* Copies of queries and answers for other programs (dnstap, over Frame Streams), to a unix
 * socket or a file. Each worker has a queue of its own to libfstrm's thread; what that does
 * not take in time is dropped and counted, and a reader that is away is looked for again
 * every few seconds. Started by server.c, called by workers.
 */
#ifndef DISC_SERVER_DNSTAP_H
#define DISC_SERVER_DNSTAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/counter.h"
#include "base/err.h"
#include "dns/dns.h"
#include "server/config.h"

struct dnstap;
struct dnstap_tap; /* one worker's end */

struct dnstap_counters { /* of one worker */
    struct counter queries, responses, dropped;
};

/* Looks whether file or socket can be where they are configured, without making or opening
 * either. ERR_SYSTEM (logged). */
MUST_CHECK enum err dnstap_check(const struct config_dnstap *config);
/* Starts the thread; a socket without a reader is logged. ERR_SYSTEM (the file cannot be
 * written; logged) · ERR_MEMORY. */
MUST_CHECK enum err dnstap_start(const struct config_dnstap *config, unsigned workers,
                                 struct dnstap **out);
/* Writes what is queued, within two seconds, and ends: the process is about to. No worker
 * uses it any more. Accepts NULL. */
void dnstap_stop(struct dnstap *d);

/* The n-th worker's; valid until dnstap_stop. NULL where `d` is. */
struct dnstap_tap *dnstap_tap(struct dnstap *d, unsigned worker);
const struct dnstap_counters *dnstap_counters(const struct dnstap_tap *tap);

/* A tap there is. `from`: the asker, in both cases. */
void dnstap_copy_query(struct dnstap_tap *tap, enum dns_transport transport,
                       const struct endpoint *from, const uint8_t *message, size_t size);
void dnstap_copy_response(struct dnstap_tap *tap, enum dns_transport transport,
                          const struct endpoint *from, const uint8_t *message, size_t size);

/* The same; `tap` may be NULL: then nothing is done. */
static inline void dnstap_query(struct dnstap_tap *tap, enum dns_transport transport,
                                const struct endpoint *from, const uint8_t *message, size_t size)
{
    if (tap)
        dnstap_copy_query(tap, transport, from, message, size);
}
static inline void dnstap_response(struct dnstap_tap *tap, enum dns_transport transport,
                                   const struct endpoint *from, const uint8_t *message, size_t size)
{
    if (tap)
        dnstap_copy_response(tap, transport, from, message, size);
}

#endif

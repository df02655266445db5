/* While somebody asks for more than the rates allow, the log says so when it begins, then
 * how often once a minute, and when it is over. One for all workers. */
#ifndef DISC_DNS_RATE_EPISODE_H
#define DISC_DNS_RATE_EPISODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct rate_episode {
    _Atomic uint64_t last_ms; /* 0 = none is under way */
    _Atomic uint64_t told_ms; /* of the last line */
    _Atomic uint64_t answers; /* over the rate, in all */
};

/* An answer over the rate; `answered`: it is sent all the same (dns.rrl.log_only, watched).
 * `now_ms`: monotonic. */
void rate_episode_note(struct rate_episode *e, const struct addr *from, bool answered,
                       uint64_t now_ms);
/* Any answer under it: looks whether the episode is over. */
void rate_episode_look(struct rate_episode *e, uint64_t now_ms);

#endif

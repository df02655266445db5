/* One line per event on stderr: level, message, key=value pairs by the caller's
 * format. Anything that a peer can cause goes through a LOG_LIMITED site, so
 * that a flood costs a counter and not a disk. Control bytes are written as \xNN. */
#ifndef DISC_BASE_LOG_H
#define DISC_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Wall clock in milliseconds; given by server/ and by tests, never read here. */
typedef uint64_t log_clock(void);

/* Call once before other threads start. `clock` NULL = no time stamps (systemd
 * and tests add or need none). `log_set_level` may be called at any time. */
void log_init(enum log_level level, log_clock *clock);
void log_set_level(enum log_level level);

void log_error(const char *format, ...) PRINTF(1, 2);
void log_warn(const char *format, ...) PRINTF(1, 2);
void log_info(const char *format, ...) PRINTF(1, 2);
void log_debug(const char *format, ...) PRINTF(1, 2);

/* Do lines bear the time? */
bool log_has_clock(void);

/* A place that may be reached often. Ten lines in a window of ten seconds, then
 * silence; the first line of a later window says how many were left out. */
struct log_limit {
    _Atomic uint64_t window; /* start of the running window, ms */
    _Atomic uint32_t lines;  /* lines asked for in it */
};

/* Takes the time as the caller knows it (monotonic ms). */
void log_limited(struct log_limit *limit, uint64_t now_ms, enum log_level level, const char *format,
                 ...) PRINTF(4, 5);

#endif

/* sd_notify(3)'s protocol: one datagram to $NOTIFY_SOCKET. Does nothing where the
 * variable is not set. */
#ifndef DISC_SERVER_SD_NOTIFY_H
#define DISC_SERVER_SD_NOTIFY_H

#include <stdint.h>

/* `state` in systemd's words, e.g. "READY=1". Failures are ignored: the manager may be
 * gone, and the service goes on. */
void sd_notify(const char *state);

/* "RELOADING=1" needs the time at which the reload began (monotonic). */
void sd_notify_reloading(uint64_t monotonic_us);

/* How often the manager wants to hear "WATCHDOG=1", in ms; 0 = never. Half of what it
 * allows, as sd_watchdog_enabled(3) advises. */
uint64_t sd_notify_watchdog_ms(void);

#endif

/* The system's clocks. Only server/ reads them; everything below is told the time. */
#ifndef DISC_SERVER_CLOCK_H
#define DISC_SERVER_CLOCK_H

#include <stdint.h>

uint64_t clock_monotonic_us(void);
uint64_t clock_monotonic_ms(void);
uint64_t clock_wall_ms(void); /* Unix time */

/* The same to a few milliseconds (the kernel's last tick), for a tenth of the cost. */
uint64_t clock_coarse_monotonic_ms(void);
uint64_t clock_coarse_wall_s(void);

#endif

/* The system's clocks. Only server/ reads them; everything below is told the time. */
#ifndef DISC_SERVER_CLOCK_H
#define DISC_SERVER_CLOCK_H

#include <stdint.h>

uint64_t clock_monotonic_us(void);
uint64_t clock_monotonic_ms(void);
uint64_t clock_wall_ms(void); /* Unix time */

#endif

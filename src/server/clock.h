/* The system's clocks. Only server/ reads them; everything below is told the time. */
#ifndef DISC_SERVER_CLOCK_H
#define DISC_SERVER_CLOCK_H

#include <pthread.h>
#include <stdint.h>

uint64_t clock_monotonic_us(void);
uint64_t clock_monotonic_ms(void);
uint64_t clock_wall_ms(void); /* Unix time */

/* What a running thread has used of a processor, in microseconds; 0 = not known. */
uint64_t clock_thread_cpu_us(pthread_t thread);
uint64_t clock_process_cpu_us(void);

/* Time to a few milliseconds (the kernel's last tick), for a tenth of the cost. */
uint64_t clock_coarse_monotonic_ms(void);
uint64_t clock_coarse_wall_s(void);

#endif

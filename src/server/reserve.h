/* A reserve of memory for libevent, which does not survive every failed allocation: when
 * there is none left, the reserve is given up for it and gathered again later. Called by
 * server.c (once, before anything else of libevent) and control.c (each tick).
 */
#ifndef DISC_SERVER_RESERVE_H
#define DISC_SERVER_RESERVE_H

/* From now on libevent allocates through here, from any thread. */
void reserve_install(void);

/* Gathers the reserve again, when it was given up. */
void reserve_refill(void);

#endif

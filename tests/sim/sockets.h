/* The system calls that src/client/disc.c makes, on the simulated network. disc.c is
 * compiled into the simulator unchanged, with redirect.h before it.
 *
 * libc's calls have no room for a context, so whoever calls into libdisc says first on
 * whose behalf: sockets_enter(). */
#ifndef DISC_TESTS_SIM_SOCKETS_H
#define DISC_TESTS_SIM_SOCKETS_H

#include "sim/net.h"

struct sockets;

/* Who is told that something waits in a socket of theirs. */
typedef void sockets_ready(void *context, uint32_t owner);

struct sockets *sockets_new(struct net *net, uint32_t hosts, sockets_ready *ready, void *context);
void sockets_free(struct sockets *s);

/* Calls until the next sockets_enter come from a process of this number on this host, at
 * this address. */
void sockets_enter(struct sockets *s, uint32_t owner, uint32_t host, const struct addr *own);

/* For the network: takes the datagram over; drops it when nobody has the port. */
void sockets_receive(void *sockets, struct datagram *d);

/* For simpler clients: the same as connect, send, recv and close. */
int sockets_open(void);
void sockets_send(int fd, const void *bytes, size_t size);
size_t sockets_recv(int fd, void *out, size_t size); /* 0 = nothing there */
void sockets_close(int fd);

#endif

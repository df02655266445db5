/* Datagrams through one connected socket, many for one system call. Called by flow.c and by modes
 * that ask beside it. Knows nothing of what is in them. */
#ifndef DISCBENCH_BURST_H
#define DISCBENCH_BURST_H

#include <stddef.h>

enum {
    BURST = 64, /* datagrams for one system call */
    DATAGRAM = 1232,
    DATAGRAM_IN = 4096, /* DNS answers may be larger, where the server is so configured */
};

struct burst {
    int fd;
    unsigned count; /* of those to send */
    size_t sizes[BURST];
    char out[BURST][DATAGRAM];
    size_t in_sizes[BURST];
    char in[BURST][DATAGRAM_IN + 1]; /* each with a NUL behind it */
};

/* Sends the first `count` and sets it to 0. What the system refuses is lost. */
void burst_send(struct burst *burst);

/* How many arrived; 0 = none. Never waits. */
unsigned burst_receive(struct burst *burst);

#endif

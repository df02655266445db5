/* Subscribers, each with a socket and a token of its own, and the sender of changes. Speaks
 * disc/1 by itself, so that it costs less than what it measures; one libdisc client looks at
 * what a program sees. Called by watch.c. */
#ifndef DISCBENCH_CROWD_H
#define DISCBENCH_CROWD_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

enum {
    CROWD_SUBSCRIBERS_MAX = 20000,
    CROWD_SERVICES_MAX = 1000,
    CROWD_CHANGES_MAX = 20000,
};

struct crowd_config {
    const char *server;
    bool remote;
    uint32_t subscribers, services;
    double rate; /* changes per second, of all services together */
    double seconds;
};

struct crowd_result {
    uint32_t subscribed;       /* with their whole list */
    uint64_t subscribed_ns;    /* until the last one was */
    uint32_t changes, refused; /* registrations sent; not accepted */
    int stopped;               /* by this signal; 0 = not */
    uint64_t expected, seen;   /* pairs of a change and a subscriber */
    uint64_t pushes, repeated; /* datagrams; of them with nothing new */
    struct histogram push;     /* registration sent -> push received */
    struct histogram last;     /* -> received by the last subscriber; one per change */
    struct histogram reply;    /* -> reply */
    struct histogram visible;  /* -> shown by disc_get of the libdisc client */
};

/* False: said why. */
bool crowd_run(const struct crowd_config *config, struct crowd_result *out);

#endif

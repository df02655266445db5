/* The look at late instances: what a TCP connection to them would show. Called by server.c
 * when the registry says that one is late and its service is to be probed; the answer comes
 * a moment later: the process listens, the host refuses, or nobody answers. */
#ifndef DISC_TESTS_SIM_PROBE_H
#define DISC_TESTS_SIM_PROBE_H

#include "sim/client.h"
#include "sim/net.h"

enum probe_result { PROBE_CONNECTED, PROBE_REFUSED, PROBE_SILENCE };

typedef void probe_done(void *context, struct instance_key key, enum probe_result result);

struct probes {
    struct engine *engine;
    struct net *net;
    struct clients *clients;
    probe_done *done;
    void *context;
    struct probe *first;
};

void probe_begin(struct probes *all, struct instance_key key);
void probes_forget(struct probes *all); /* the server is gone */

#endif

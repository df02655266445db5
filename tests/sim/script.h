/* A run as a list: options, clients and actions, made from a seed, that can be run whole or
 * in part, so that a failing one can be cut down to what matters. */
#ifndef DISC_TESTS_SIM_SCRIPT_H
#define DISC_TESTS_SIM_SCRIPT_H

#include "sim/sim.h"

struct script_client {
    struct sim_client client;
    uint64_t start_ms;
};

struct script {
    uint64_t seed;
    struct sim_options options;
    struct script_client *clients;
    size_t client_count;
    struct sim_action *actions;
    size_t action_count;
    uint64_t until_ms;
    bool *left_out; /* clients, then actions */
};

struct outcome {
    bool failed;
    struct sim_failure failure;
    struct sim_stats stats;
    uint64_t fingerprint;
};

/* A world of 5 to 60 hosts and its troubles. */
void script_random(struct script *s, uint64_t seed);
/* One of many clients, for some minutes, with a few troubles. */
void script_large(struct script *s, uint64_t seed, uint32_t clients, uint32_t minutes);
void script_deinit(struct script *s);

struct outcome script_run(const struct script *s);
/* Leaves out whatever the same failure does without; at most `runs` tries. */
void script_shrink(struct script *s, struct outcome *outcome, unsigned runs);
void script_print(const struct script *s); /* on stderr */

#endif

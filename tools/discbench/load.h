/* The load: requests of one mode, a window of them outstanding, through one socket with
 * sendmmsg and recvmmsg. Encodes disc/1 by itself, so that it costs less than what it
 * measures. Called by main.c. */
#ifndef DISCBENCH_LOAD_H
#define DISCBENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

enum mode { MODE_REG, MODE_REN, MODE_BATCH, MODE_GROUP, MODE_CHURN, MODE_MIXED, MODES };

enum {
    WINDOW_MAX = 16384,
    INSTANCES_MAX = 4000000,
    GROUP_SIZE = 256, /* instances that share a lease in mode group */
    CODES = 600,
};

struct load_config {
    int fd; /* a connected UDP socket */
    enum mode mode;
    uint32_t instances, services, window;
    double rate;      /* requests per second; 0 = as fast as the window allows */
    bool own_address; /* let the server take the source's address */
    uint32_t lease_s;
};

struct tally {
    uint64_t sent, ok, errors, lost, challenges;
    uint64_t renewed;      /* instances: a batch or group counts with all its members */
    uint64_t codes[CODES]; /* errors by code */
    uint64_t elapsed_ns;
    struct histogram latency;
};

struct load;

/* NULL when memory lacks. */
struct load *load_new(const struct load_config *config);
void load_free(struct load *load);

/* Registers every instance (several rounds, for what was lost). False: not all. */
bool load_setup(struct load *load, struct tally *tally);
/* Requests of the mode for so long; with 0, mode reg ends when each was sent once. */
void load_run(struct load *load, double seconds, struct tally *tally);
/* Deregisters every instance. */
void load_clean(struct load *load, struct tally *tally);

const char *mode_text(enum mode mode);

#endif
